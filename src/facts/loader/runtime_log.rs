//! The log that an OCI runtime writes: containerd `pkg/process/utils.go` `getLastRuntimeError`.

use crate::facts::decode::decode;
use crate::facts::item::Item;
use crate::facts::json::scan_first;
use crate::facts::limits::Limits;
use crate::facts::views::text::trim_space;
use crate::schema::Schema;

/// The message of the last line of level error, or that there is none.
///
/// The lines are read into one struct, as in the original: a line that leaves out its level or message has those of the
/// line before.
///
/// # Errors
/// Why the log cannot be read, as Go says it; one broken line is enough.
pub fn last_runtime_error(log: &[u8], schema: &Schema, limits: &Limits) -> Result<Option<String>, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(trim_space(bytes)).into_owned();
    let (mut level, mut message): (Vec<u8>, Vec<u8>) = Default::default();
    let mut last = None;
    let mut rest = log;
    while rest.iter().any(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        let end = scan_first(rest).map_err(|error| error.message)?;
        let (line, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        let decoded = decode(line, schema, limits).map_err(|error| error.to_string())?;
        if let Some(error) = decoded.errors.first() {
            return Err(error.message.clone());
        }
        for (name, kept) in [("Level", &mut level), ("Msg", &mut message)] {
            if let Some(item) = Item::root(&decoded.facts, name).filter(Item::is_present) {
                *kept = item.str().to_vec();
            }
        }
        if level == b"error" {
            last = Some(text(&message));
        }
        rest = behind;
    }
    Ok(last.filter(|message| !message.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_counts() {
        let schema = Schema::parse(include_str!("../../../spec/schema/runtime-log.toml")).unwrap();
        let last = |text: &str| last_runtime_error(text.as_bytes(), &schema, &Limits::default());
        let some = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(last(""), Ok(None));
        assert_eq!(last(r#"{"level":"warning","msg":"a"}"#), Ok(None));
        assert_eq!(
            last("{\"level\":\"error\",\"msg\":\"a\"}\n{\"LEVEL\":\"error\",\"msg\":\" b\\n\"}\n"),
            some("b")
        );
        assert_eq!(last(r#"{"level":"error","msg":"a"} {"level":"info","msg":"b"}"#), some("a"));
        assert_eq!(last(r#"{"level":"error","msg":"a"}{"msg":"b"}"#), some("b"));
        assert_eq!(last(r#"{"level":"error","msg":"  "}"#), Ok(None));
        assert_eq!(last(r#"{"level":"error","msg":"a"} {"#), Err("unexpected EOF".to_owned()));
        assert!(last("runc: nothing works").is_err());
        assert!(last(r#"{"level": 3}"#).is_err());
        assert!(last("[]").is_err());
    }
}
