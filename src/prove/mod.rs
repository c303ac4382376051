//! Proofs: questions about all documents at once, answered with a proof or with a document
//! from which nothing can be left out.
//!
//! A question ("does this row fire on a document that the other version allows?") becomes a decision diagram over atoms:
//! what is asked of single values. Values that no document can have are cut off by what is known of strings
//! (automata), integers (differences), lists and maps (as many entries as can matter), and by trying. What remains is
//! turned into a document, which is decoded and judged before it is shown. A question without such a document is
//! *proved* to have none, or it is undecided, and says why.
mod answer;
mod daemon;
mod diagram;
mod diff;
mod document;
mod entries;
mod exact;
mod flows;
mod ground;
mod hygiene;
mod language;
mod life;
mod life_diff;
mod machines;
mod meta;
mod number;
mod parts;
mod pool;
mod prover;
mod question;
mod reads;
mod shrink;
mod sides;
mod solve;
mod space;
mod theorem;
mod values;
mod versions;
mod world;

pub use answer::DEFAULT_STEPS;
pub use daemon::{DaemonChange, DaemonDiff, Kept};
pub use diff::{Difference, Direction, ProgramDiff, diff};
pub use document::Witness;
pub use hygiene::{Fault, FaultKind, faults, separate};
pub use life_diff::{LifeDifference, Lives, life_diff};
pub use prover::{Case, Proof, Prover, Verdict};
pub use question::Answer;
pub use theorem::{NAME as THEOREMS, Theorem};
