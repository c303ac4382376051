//! Cases: one question to a policy as a line of NDJSON, its answer as another, and what was expected.
//!
//! A line is an object:
//!
//! | key | |
//! | --- | --- |
//! | `id` | any value; the answer repeats it |
//! | `kind` | `name`, `daemon`, `create`, `spec`, `wrap` or `lifecycle` |
//! | `profile` | the version of the original; absent: the caller's default |
//! | `raw_base64` or `input` | the exact bytes of the document, or the document as a JSON value |
//! | `context` | `daemon` or `daemon_base64`, `host`, `image`, `request`, `features` or `features_raw`: what else the decision may depend on |
//! | `expect` | for tests: `verdict`, `messages`, `warnings`, `rules` (those that fire), `resolved` |
//!
//! A `host` that is absent means the machine the cases were recorded on, [`RECORDER_HOST`], and one that tells some
//! facts leaves the others as they were there; `{}` tells that nothing is known. `features` is the document that a
//! runtime printed; `features_raw` has the text as `stdout` (or `stdout_base64`), and beside it `exit` and whatever else
//! spec/schema/features-answer.toml lists. With neither, nothing is known of the runtime. Warnings are compared in any order.
//! Keys that are not in this table are ignored, unless they look like one of these misspelt.

mod answer;
mod compare;
mod exceptions;
mod excused;
mod line;

pub use crate::source::nearest;
pub use answer::{answer_line, error_line};
pub use compare::{Expect, Mismatch, compare};
pub use exceptions::{Exception, Exceptions, Standing};
pub use excused::Excused;
pub use line::{Case, CaseError, CaseFeatures, RECORDER_HOST};
