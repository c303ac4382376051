use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use serde::Serialize;

use super::json::{Tool, VERSION};
use crate::engine::Decision;
use crate::runtime::{Generation, PlacedScript, WrapperScript};
use crate::source::{printable, to_json_pretty};

/// The wrapper scripts that a daemon.json asks for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The version of the original that was planned for.
    pub profile: String,
    /// How that version writes them.
    pub generation: Generation,
    /// The daemon.json, as the user named it.
    pub daemon: String,
    /// What the rules said of it: it is allowed, perhaps with warnings.
    pub decision: Decision,
    /// Where the scripts were written; `None` if that was not asked for.
    pub directory: Option<String>,
    /// The scripts, by runtime.
    pub scripts: Vec<PlannedScript>,
}

/// A wrapper script and how far it got.
#[derive(Clone, Debug)]
pub struct PlannedScript {
    /// The runtime's name.
    pub runtime: Vec<u8>,
    /// The script, and where the daemon looks for it.
    pub script: PlacedScript,
    /// How far it got.
    pub progress: Progress,
}

/// How far a wrapper script got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was written.
    Planned,
    /// It was written.
    Written,
    /// It was there already.
    Kept,
}

impl Progress {
    /// `planned`, `written` or `kept`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Written => "written",
            Self::Kept => "kept",
        }
    }
}

/// A plan for people: each script with its text.
#[must_use]
pub fn wrap_human(plan: &Plan) -> String {
    let mut out = String::new();
    for finding in plan.decision.warnings() {
        let _ = writeln!(out, "warning[{}]: {}", finding.rule, printable(&finding.message));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    for planned in &plan.scripts {
        let script = planned.script.script();
        let _ = writeln!(out, "runtime {}", shown(&planned.runtime));
        let _ = writeln!(out, "  path    {}", shown(planned.script.path()));
        let _ = writeln!(out, "  sha256  {}", HEXLOWER.encode(&script.digest()));
        if planned.progress != Progress::Planned {
            let _ = writeln!(out, "  {}", planned.progress.as_str());
        }
        for line in lines(script) {
            let _ = writeln!(out, "  | {line}");
        }
        out.push('\n');
    }
    let count = plan.scripts.len();
    let scripts = if count == 1 { "1 wrapper script".to_owned() } else { format!("{count} wrapper scripts") };
    let done = match &plan.directory {
        None => "planned, nothing written".to_owned(),
        Some(directory) => format!("in {}", printable(directory)),
    };
    let _ = writeln!(out, "{scripts}, {}: {done}", plan.profile);
    if plan.generation == Generation::First && plan.directory.is_none() && count > 0 {
        out.push_str(
            "This version swaps the whole directory for a new one; scripts of before are removed.\n",
        );
    }
    out
}

/// The lines of a script, safe to print.
pub(super) fn lines(script: &WrapperScript) -> Vec<String> {
    let text = String::from_utf8_lossy(script.contents()).into_owned();
    text.strip_suffix('\n').unwrap_or(&text).split('\n').map(|line| printable(line).into_owned()).collect()
}

/// Bytes of a document, safe to print.
pub(super) fn shown(bytes: &[u8]) -> String {
    printable(&String::from_utf8_lossy(bytes)).into_owned()
}

/// A plan as one JSON document. Bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn wrap_json(plan: &Plan) -> String {
    #[derive(Serialize)]
    struct Document<'r> {
        version: u32,
        tool: Tool,
        profile: &'r str,
        daemon: &'r str,
        /// Whether writing swaps the directory for a new one, instead of adding to it.
        swaps_directory: bool,
        directory: Option<&'r str>,
        warnings: Vec<&'r str>,
        scripts: Vec<Script>,
    }
    #[derive(Serialize)]
    struct Script {
        runtime: String,
        file_name: String,
        path: String,
        sha256: String,
        mode: String,
        contents: String,
        progress: &'static str,
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let script = |planned: &PlannedScript| Script {
        runtime: text(&planned.runtime),
        file_name: text(planned.script.script().file_name()),
        path: text(planned.script.path()),
        sha256: HEXLOWER.encode(&planned.script.script().digest()),
        mode: format!("{:04o}", WrapperScript::MODE),
        contents: text(planned.script.script().contents()),
        progress: planned.progress.as_str(),
    };
    let document = Document {
        version: VERSION,
        tool: Tool::THIS,
        profile: &plan.profile,
        daemon: &plan.daemon,
        swaps_directory: plan.generation == Generation::First,
        directory: plan.directory.as_deref(),
        warnings: plan.decision.warnings().map(|finding| finding.message.as_str()).collect(),
        scripts: plan.scripts.iter().map(script).collect(),
    };
    to_json_pretty(&document) + "\n"
}
