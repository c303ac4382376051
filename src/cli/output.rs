use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use super::Fatal;

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Standard output, checked: a pipe that its reader closed is not an error, everything else is.
#[derive(Debug)]
pub(super) struct Output {
    stdout: io::BufWriter<io::Stdout>,
    color: Color,
    closed: bool,
}

impl Output {
    pub(super) fn new(color: Color) -> Self {
        Self { stdout: io::BufWriter::with_capacity(1 << 16, io::stdout()), color, closed: false }
    }

    /// Whether standard output takes colours.
    pub(super) fn styled(&self) -> bool {
        self.takes_styles(AutoStream::choice(&io::stdout()))
    }

    /// Whether standard error takes colours.
    pub(super) fn styled_errors(&self) -> bool {
        self.takes_styles(AutoStream::choice(&io::stderr()))
    }

    fn takes_styles(&self, auto: ColorChoice) -> bool {
        match self.color {
            Color::Auto => auto != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Fatal> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Fatal> {
        if self.closed {
            return Ok(());
        }
        let result = self.stdout.write_all(bytes);
        self.checked(result)
    }

    /// Hands on what is buffered, so that a reader sees it now.
    pub(super) fn flush(&mut self) -> Result<(), Fatal> {
        if self.closed {
            return Ok(());
        }
        let result = self.stdout.flush();
        self.checked(result)
    }

    /// The last flush.
    pub(super) fn finish(&mut self) -> Result<(), Fatal> {
        self.flush()
    }

    /// Writes to standard error. If that fails too there is nobody left to tell.
    pub(super) fn complain(&self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    fn checked(&mut self, result: io::Result<()>) -> Result<(), Fatal> {
        match result {
            Ok(()) => Ok(()),
            Err(error) => {
                // Whatever it was, the next write would fail as well.
                self.closed = true;
                if error.kind() == io::ErrorKind::BrokenPipe {
                    return Ok(());
                }
                Err(Fatal::new(format!("cannot write to standard output: {error}"), ""))
            }
        }
    }
}

/// Whether standard error is a terminal, so that progress can be shown there.
pub(super) fn shows_progress() -> bool {
    io::stderr().is_terminal()
}
