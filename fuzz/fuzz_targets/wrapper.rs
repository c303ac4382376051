//! Two wrapper scripts: equal bytes have equal suffixes and nothing else does, whatever they are called.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::runtime::WrapperScript;

type Parts = (Vec<u8>, Vec<u8>, Vec<Vec<u8>>);

fuzz_target!(|pair: (Parts, Parts)| {
    let script = |(name, path, args): &Parts| WrapperScript::new(name, path, args);
    let (one, two) = (script(&pair.0), script(&pair.1));
    assert_eq!(one.contents() == two.contents(), one.suffix() == two.suffix());
    assert_eq!(one, script(&pair.0));
    let renamed = WrapperScript::new(&pair.1.0, &pair.0.1, &pair.0.2);
    assert_eq!(renamed.suffix(), one.suffix());
    assert!(one.contents().starts_with(b"#!/bin/sh\n") && one.contents().ends_with(b" $@\n"));
    assert!(one.file_name().ends_with(one.suffix().as_bytes()));
});
