//! The law `theorems` of tests/laws, on what the fuzzer finds.
#![no_main]

#[path = "../../tests/laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::law("theorems")(data));
