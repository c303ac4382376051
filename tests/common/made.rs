//! What `plimsoll::arbitrary` makes, as strategies for proptest.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt::Debug;

use arbitrary::{Result, Unstructured};
use plimsoll::arbitrary::{self as made, Folding, Tree};
use plimsoll::schema::Schema;
use proptest::collection::vec;
use proptest::prelude::*;

/// Whatever `make` makes of random bytes.
pub(crate) fn from_bytes<T: Debug>(
    make: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> impl Strategy<Value = T> {
    // Few bytes make few members; a small document is as good as a large one, and shrinks further.
    vec(any::<u8>(), 0..600).prop_map(move |bytes| make(&mut Unstructured::new(&bytes)).unwrap())
}

/// Documents of a schema, with these fields more often than others.
pub(crate) fn documents(schema: Schema, often: &[&str]) -> impl Strategy<Value = Tree> {
    let often: Vec<String> = often.iter().map(|field| (*field).to_owned()).collect();
    from_bytes(move |u| made::document_with(&schema, &often, u))
}

/// Documents, and another text for each that means the same.
pub(crate) fn respelt(
    schema: Schema,
    often: &[&str],
    folding: Folding,
) -> impl Strategy<Value = (Tree, String)> {
    let often: Vec<String> = often.iter().map(|field| (*field).to_owned()).collect();
    from_bytes(move |u| {
        let tree = made::document_with(&schema, &often, u)?;
        let other = tree.respelt(&schema, folding, u)?;
        Ok((tree, other))
    })
}

/// Any JSON values.
pub(crate) fn trees(deepest: usize) -> impl Strategy<Value = Tree> {
    from_bytes(move |u| made::tree(u, deepest))
}

/// A key as Go compares it with the names of fields.
pub(crate) fn folded(key: &str) -> String {
    key.replace('\u{17f}', "s").replace('\u{212a}', "k").to_ascii_lowercase()
}
