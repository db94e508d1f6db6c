//! XML signatures and signature values against the vectors of other implementations.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::outside::tests_from_outside;
use common::{cases, conclude, read, read_text, text};
use saml_verify::internals::{self, ValueVerdict};
use saml_verify::{Departure, Limits, TrustedKeys};
use serde_json::Value;

tests_from_outside! {
    "conformance/dsig" => signatures_within_the_profile_verify_and_others_are_refused_for_their_reason,
    "conformance/crypto" => signature_values_are_judged_as_wycheproof_judges_them,
}

fn signatures_within_the_profile_verify_and_others_are_refused_for_their_reason(folder: &Path) {
    let cases = cases(folder);
    let key = |case: &Value| case["key"].as_str().map(|file| TrustedKeys::from_pem(read_text(&folder.join(file))));
    // For a case whose own key is none for us, so that its document is judged all the same.
    let any = cases.iter().filter_map(key).find_map(Result::ok).expect("one usable key");
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for case in &cases {
        let keys = match (key(case), text(case, "expect")) {
            (Some(Err(error)), "valid") => Err(error.code()),
            (Some(Ok(keys)), _) => Ok(keys),
            _ => Ok(any.clone()),
        };
        let outcome = keys.and_then(|keys| verify(case, &read(&folder.join(text(case, "input"))), &keys));
        accepted += usize::from(outcome.is_ok());
        if let Err(complaint) = judge(case, outcome) {
            wrong.push(format!("{}: {complaint}", case["id"]));
        }
    }
    println!("dsig: {accepted} accepted");
    conclude("dsig", cases.len(), &wrong);
}

/// `Err` is the code of the refusal.
fn verify(case: &Value, xml: &[u8], keys: &TrustedKeys) -> Result<(), &'static str> {
    let mut path = common::path(text(case, "signature"));
    path.pop();
    if path.is_empty() {
        return Err("not_enveloped");
    }
    let limits = Limits { document_bytes: 1 << 24, ..Limits::DEFAULT };
    match internals::verify_signature(xml, &path, keys, &Departure::ALL, &limits) {
        Err(_) => Err("xml"),
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => panic!("{}: no signature", case["id"]),
        Ok(Err(error)) => Err(saml_verify::Error::from(error).code()),
    }
}

fn judge(case: &Value, outcome: Result<(), &'static str>) -> Result<(), String> {
    let strings = |field: &str| case[field].as_array().into_iter().flatten().filter_map(Value::as_str);
    match (text(case, "expect"), outcome) {
        ("valid", Ok(())) => Ok(()),
        ("valid", Err(code)) if strings("may_refuse").any(|reason| of_policy(reason).contains(&code)) => Ok(()),
        ("invalid", Err(_)) => Ok(()),
        ("unsupported", Err(code)) if strings("profile_reasons").any(|reason| of_profile(reason).contains(&code)) => Ok(()),
        ("unsupported", Err("signature_algorithm_refused")) if !is_ours(case) => Ok(()),
        (expect, outcome) => {
            Err(format!("expected {expect}, got {outcome:?}; {} {}", case["may_refuse"], case["profile_reasons"]))
        }
    }
}

fn is_ours(case: &Value) -> bool {
    let method = case["algorithms"]["signature"].as_str().unwrap_or_default();
    methods().any(|(_, _, uri)| uri == method) || method == "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
}

/// The codes of a refusal by policy. What is behind a departure is allowed here, so that neither SHA-1 nor inclusive
/// canonicalization is a reason.
fn of_policy(reason: &str) -> &'static [&'static str] {
    match reason {
        _ if reason.starts_with("URI=\"\"") => &["reference_mismatch"],
        _ if reason.starts_with("signed element is not a SAML element") => &["reference_mismatch"],
        // With SHA-512 alone, as the other curves go with one digest each.
        _ if reason.starts_with("curve P-521") && cfg!(feature = "aws-lc-rs") => {
            &["signature_algorithm_refused", "key_type_mismatch"]
        }
        _ if reason.starts_with("curve P-521") => &["curve_unsupported"],
        _ if reason.starts_with("RSA key of 1024") => &["rsa_key_too_short"],
        _ if reason.starts_with("comment inside DigestValue") => &["signature_malformed"],
        _ if reason.starts_with("ECDSA P-") => &["signature_algorithm_refused", "key_type_mismatch"],
        _ => &[],
    }
}

/// The codes of a refusal for being outside the profile.
fn of_profile(reason: &str) -> &'static [&'static str] {
    match reason {
        "DOCTYPE" => &["xml"],
        "no enveloped-signature transform" => &["signature_malformed", "not_enveloped"],
        "not enveloped by the referenced element" => &["not_enveloped", "reference_mismatch"],
        "signature is not a child of the referenced element" => &["reference_mismatch"],
        _ if reason.starts_with("transform ") => &["transform_refused"],
        _ if reason.ends_with(" references") => &["signature_malformed"],
        _ if reason.starts_with("external") || reason.starts_with("whole-document") => &["reference_mismatch"],
        _ if reason.starts_with("signature algorithm") => &["signature_algorithm_refused"],
        "0 elements with the referenced ID" => &["reference_mismatch"],
        _ if reason.ends_with("elements with the referenced ID") => &["duplicate_id"],
        _ => &[],
    }
}

/// Those of this build.
fn methods() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let p521 = ("ecdsa_secp521r1", "sha512", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512");
    METHODS.into_iter().chain(cfg!(feature = "aws-lc-rs").then_some(p521))
}

/// Our methods with either backend: as the names of the files call them, and their identifiers.
const METHODS: [(&str, &str, &str); 9] = [
    ("rsa_signature", "sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
    ("rsa_signature", "sha384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"),
    ("rsa_signature", "sha512", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
    ("rsa_pss", "sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
    ("rsa_pss", "sha384", "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"),
    ("rsa_pss", "sha512", "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"),
    ("ecdsa_secp256r1", "sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    ("ecdsa_secp384r1", "sha384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
    ("ed25519", "", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
];

fn method(id: &str) -> Option<&'static str> {
    methods().find(|(family, digest, _)| id.starts_with(family) && id.contains(digest)).map(|(_, _, uri)| uri)
}

fn signature_values_are_judged_as_wycheproof_judges_them(folder: &Path) {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    let mut not_taken = BTreeMap::new();
    for case in &cases(folder) {
        let id = text(case, "id");
        let file: Value = serde_json::from_slice(&read(&folder.join(text(case, "file")))).expect("JSON");
        for group in file["testGroups"].as_array().expect("groups") {
            let tests = group["tests"].as_array().expect("tests");
            match (method(id), TrustedKeys::from_pem(spki(group))) {
                (Some(method), Ok(keys)) => {
                    let key = keys.iter().next().expect("one key");
                    for test in tests {
                        looked_at += 1;
                        if let Err(complaint) =
                            judge_value(id, test, internals::verify_value(key, method, &hex(test, "msg"), &hex(test, "sig")))
                        {
                            wrong.push(complaint);
                        }
                    }
                }
                (None, _) => *not_taken.entry((id.to_owned(), "no such method")).or_insert(0) += tests.len(),
                (_, Err(error)) => *not_taken.entry((id.to_owned(), error.code())).or_insert(0) += tests.len(),
            }
        }
    }
    for ((id, why), tests) in &not_taken {
        println!("not taken: {id}: {tests} tests ({why})");
    }
    conclude("crypto", looked_at, &wrong);
}

fn judge_value(id: &str, test: &Value, verdict: ValueVerdict) -> Result<(), String> {
    // XML Signature takes `r || s` (XMLDSig 1.1 section 6.4.3): a DER value is not one, whatever it is a signature of.
    let der = id.starts_with("ecdsa") && !id.ends_with("_p1363");
    let expected: &[ValueVerdict] = match text(test, "result") {
        "valid" if !der => &[ValueVerdict::Valid],
        "acceptable" => &[ValueVerdict::Valid, ValueVerdict::Invalid],
        _ => &[ValueVerdict::Invalid],
    };
    if expected.contains(&verdict) {
        return Ok(());
    }
    Err(format!("{id} {}: expected {expected:?}, got {verdict:?} ({})", test["tcId"], test["comment"]))
}

fn spki(group: &Value) -> Vec<u8> {
    group["publicKeyDer"].as_str().map(hex_text).expect("a public key")
}

fn hex(value: &Value, field: &str) -> Vec<u8> {
    hex_text(text(value, field))
}

fn hex_text(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex")).collect()
}
