//! Any text as an expression: refused at a place inside it, or printed so that parsing gives it back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::expr::{parse, parse_each};

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(expr) => assert_eq!(parse(&expr.to_string()), Ok(expr)),
        Err(error) => assert!(error.span.range().end <= text.len()),
    }
    let _ = parse_each(text);
});
