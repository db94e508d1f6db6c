//! The saved inputs of the fuzz targets, through the functions that the fuzzer calls.

#![cfg(all(feature = "internals", feature = "test-idp"))]

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::fs;
use std::path::Path;

#[test]
fn saved_inputs_hold() {
    type Target = fn(&[u8]);
    let targets: [(&str, Target); 8] = [
        ("xml", bodies::xml),
        ("canonical", bodies::canonical),
        ("signed_view", bodies::signed_view),
        ("response", bodies::response),
        ("certificate", bodies::certificate),
        ("base64", bodies::base64),
        ("time", bodies::time),
        ("redirect", bodies::redirect),
    ];
    for (name, target) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut inputs: Vec<_> = fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{name} has no saved inputs");
        for input in &inputs {
            println!("{}", input.display());
            target(&fs::read(input).expect("a saved input"));
        }
    }
}
