//! Vectors, and what tests share.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod generate;
#[cfg(all(feature = "internals", feature = "test-idp"))]
pub(crate) mod habits;
#[cfg(all(feature = "internals", feature = "test-idp"))]
pub(crate) mod logout;
pub(crate) mod nearly;
pub(crate) mod outside;
pub(crate) mod personal;
pub(crate) mod posted;
#[cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]
pub(crate) mod sealed;
#[cfg(feature = "internals")]
pub(crate) mod second;
#[cfg(all(feature = "internals", feature = "test-idp"))]
pub(crate) mod signed;
#[cfg(feature = "internals")]
pub(crate) mod third;
pub(crate) mod threats;
pub(crate) mod values;

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "test-idp")]
use saml_verify::test_idp::TestIdp;
use serde_json::Value;

/// An identity provider that signs with a key of `testdata`, which is named by its path without an ending.
#[cfg(feature = "test-idp")]
pub(crate) fn signer(entity_id: &str, key: &str) -> TestIdp {
    let (private, certificate) = (read_text(&testdata(&format!("{key}.key"))), read(&testdata(&format!("{key}.pem"))));
    TestIdp::with_key(entity_id, &private, &certificate).expect("a key")
}

/// The vectors in the repository.
pub(crate) fn testdata(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(part)
}

pub(crate) fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_text(path: &Path) -> String {
    String::from_utf8(read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cases of a manifest.
pub(crate) fn cases(folder: &Path) -> Vec<Value> {
    let manifest: Value = serde_json::from_slice(&read(&folder.join("manifest.json"))).expect("a manifest is JSON");
    manifest["cases"].as_array().expect("a manifest has cases").clone()
}

/// A field of a case that has to be a string.
pub(crate) fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_else(|| panic!("{}: no text in {field}", case["id"]))
}

/// Fails with every complaint, and says how many cases were looked at.
pub(crate) fn conclude(what: &str, looked_at: usize, wrong: &[String]) {
    println!("{what}: {looked_at} cases, {} wrong", wrong.len());
    assert!(looked_at > 0, "{what}: no cases");
    assert!(wrong.is_empty(), "{what}: {} of {looked_at} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// `/*[1]/*[2]` as positions.
pub(crate) fn path(path: &str) -> Vec<usize> {
    let steps = path.split('/').filter(|step| !step.is_empty());
    steps.map(|step| step.trim_start_matches("*[").trim_end_matches(']').parse().expect("a path has positions")).collect()
}

/// Base64 without white space.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// The same the other way.
pub(crate) fn to_base64(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}
