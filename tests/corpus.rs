//! The saved inputs of the fuzz targets, through the functions that the fuzzer calls.

#![cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::fs;
use std::path::Path;

#[test]
fn saved_inputs_hold() {
    type Target = fn(&[u8]);
    let targets: &[(&str, Target)] = &[
        ("xml", bodies::xml),
        ("canonical", bodies::canonical),
        ("signed_view", bodies::signed_view),
        ("response", bodies::response),
        ("certificate", bodies::certificate),
        ("base64", bodies::base64),
        ("time", bodies::time),
        ("redirect", bodies::redirect),
        ("logout", bodies::logout),
        ("decrypt", bodies::decrypt),
        ("metadata", bodies::metadata),
        #[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
        ("backends", bodies::backends::backends),
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

#[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
#[test]
fn both_backends_verify_what_is_genuine() {
    bodies::backends::genuine_signatures_hold();
}

/// A row that is no difference any more would hide the next one.
#[test]
fn the_known_differences_of_the_second_parser_are_there() {
    use bodies::differences::{THEY_REFUSE, THEY_SEE_OTHERWISE, THEY_TAKE, is_of};
    for (known, where_it_says, example) in THEY_TAKE {
        let error = saml_verify::internals::parse(example.as_bytes(), &saml_verify::Limits::DEFAULT).expect_err(example);
        assert!(is_of(&error, known) && example.contains(where_it_says), "{error}: {example}");
        assert!(roxmltree::Document::parse(example).is_ok(), "{example}");
    }
    for (known, example) in THEY_REFUSE {
        let error = roxmltree::Document::parse(example).expect_err(example).to_string();
        assert!(error.contains(known), "{error}");
        assert_eq!(saml_verify::internals::parse(example.as_bytes(), &saml_verify::Limits::DEFAULT), Ok(()), "{example}");
    }
    for (known, example) in THEY_SEE_OTHERWISE {
        let document = roxmltree::Document::parse(example).expect(example);
        assert!(example.contains(known) && !bodies::sees_the_same(example, &document), "{example:?}");
    }
}
