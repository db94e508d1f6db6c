//! What a login tells of the keys that are on their way out: of a rotation that is not over, and of a certificate that ends soon.

#![cfg(feature = "test-idp")]

mod common;

use std::time::{Duration, SystemTime};

use common::{read, testdata};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{Expect, IdentityProvider, ServiceProvider, SignedPart, TrustedKeys, Verifier, Warning};

const OLD: &str = "auth0/keys/idp-rsa2048";
const NEW: &str = "auth0/keys/idp-next-rsa2048";
/// Of the certificate of [`OLD`].
const OLD_SHA256: &str = "53:3E:20:CF:6C:1B:B1:9D:7B:F6:F3:2F:80:39:8E:F9:F0:11:86:3A:35:39:FC:91:E7:EC:4A:04:5D:AB:98:83";
const OLD_ENDS: &str = "2040-08-01T22:07:59.000Z";

fn keys(file: &str) -> TrustedKeys {
    TrustedKeys::from_pem(read(&testdata(&format!("{file}.pem")))).expect("a certificate")
}

fn signer(file: &str) -> TestIdp {
    common::signer("urn:idp", file)
}

fn idp(current: &str) -> IdentityProvider {
    IdentityProvider::new("urn:idp", keys(current)).expect("an identity provider")
}

fn verifier(idp: IdentityProvider) -> Verifier {
    Verifier::new(ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service provider"), idp)
}

/// The warnings of a login that was signed with that key.
fn warnings(verifier: &Verifier, signed_with: &str, part: SignedPart, now: SystemTime) -> Vec<Warning> {
    let field = signer(signed_with).response("urn:sp", "https://sp.example/acs", now).signed(part).to_form_field();
    let verified = verifier.verify_post(&field, Expect::Unsolicited, now).expect("a genuine login");
    verified.without_replay_protection().warnings().to_vec()
}

fn at(time: &str) -> SystemTime {
    parse_rfc3339(time).expect("a time")
}

#[test]
fn a_key_that_retires_is_trusted_and_told() {
    let now = at("2027-01-01T00:00:00Z");
    let rotating = idp(NEW).retiring(keys(OLD)).expect("few keys");
    assert_eq!((rotating.trusted_keys().len(), rotating.retiring_keys()), (2, &keys(OLD)));
    let verifier = verifier(rotating);
    let told = Warning::RetiringKeyUsed { sha256: OLD_SHA256.to_owned() };
    for part in [SignedPart::Assertion, SignedPart::Response, SignedPart::Both] {
        assert_eq!(warnings(&verifier, OLD, part, now), std::slice::from_ref(&told), "{part:?}");
        assert_eq!(warnings(&verifier, NEW, part, now), [], "{part:?}");
    }
    assert_eq!(told.code(), "retiring_key_used");
    assert_eq!(
        told.to_string(),
        format!("the identity provider still signs with the retiring key {OLD_SHA256}: keep trusting it until this ends")
    );
}

#[test]
fn what_merely_is_trusted_does_not_retire() {
    let now = at("2027-01-01T00:00:00Z");
    let both = IdentityProvider::new("urn:idp", keys(NEW).and(keys(OLD)).expect("few keys")).expect("an identity provider");
    assert_eq!(warnings(&verifier(both), OLD, SignedPart::Assertion, now), []);
}

#[test]
fn keys_that_retire_count_among_those_that_are_tried() {
    let many = read(&testdata("auth0/keys/idp-rsa2048.pem"));
    let one = TrustedKeys::from_pem(&many).expect("a certificate");
    assert!(idp(OLD).retiring(one).expect("the same key").trusted_keys().len() == 1);
    let refused = signer(NEW).response("urn:sp", "https://sp.example/acs", at("2027-01-01T00:00:00Z")).to_form_field();
    let strangers = verifier(idp(OLD).retiring(keys(OLD)).expect("few keys"));
    let error = strangers.verify_post(&refused, Expect::Unsolicited, at("2027-01-01T00:00:00Z")).expect_err("no trusted key");
    assert_eq!(error.code(), "untrusted_key");
}

#[test]
fn a_certificate_that_ends_soon_is_told_in_time() {
    const DAY: Duration = Duration::from_secs(86_400);
    let end = at(OLD_ENDS);
    let attentive = verifier(idp(OLD)).warn_before_expiry(30 * DAY);
    let told = |days| vec![Warning::CertificateEndsSoon { sha256: OLD_SHA256.to_owned(), not_after: OLD_ENDS.to_owned(), days }];
    for (now, expected) in [
        (end - 30 * DAY, vec![]),
        (end - 30 * DAY + Duration::from_secs(1), told(29)),
        (end - DAY, told(1)),
        (end - Duration::from_secs(1), told(0)),
        (end, told(0)),
    ] {
        assert_eq!(warnings(&attentive, OLD, SignedPart::Both, now), expected, "{now:?}");
        assert_eq!(warnings(&verifier(idp(OLD)), OLD, SignedPart::Both, now), [], "nobody asked");
    }
    let late = warnings(&attentive, OLD, SignedPart::Assertion, end + Duration::from_secs(1));
    assert_eq!(late.iter().map(Warning::code).collect::<Vec<_>>(), ["certificate_not_valid"]);
    assert_eq!(told(3)[0].code(), "certificate_ends_soon");
    assert_eq!(
        told(3)[0].to_string(),
        format!(
            "the trusted certificate {OLD_SHA256} ends in 3 days, at {OLD_ENDS}: ask the identity provider for the next one, and trust \
             it beside this one"
        )
    );
}

/// Both at once, for whoever reads the output of the command.
#[test]
#[cfg(feature = "cli")]
fn the_command_shows_both() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("rotation.b64");
    let now = at("2040-07-30T00:00:00Z");
    let field = signer(OLD).response("urn:sp", "https://sp.example/acs", now).to_form_field();
    std::fs::write(&file, field).expect("room for a message");
    let [old, new] = [OLD, NEW].map(|file| testdata(&format!("{file}.pem")));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_saml-verify"));
    command.arg("verify").arg(file).arg("--idp-cert").arg(new).arg("--retiring-cert").arg(old);
    command.args([
        "--idp-entity-id",
        "urn:idp",
        "--sp-entity-id",
        "urn:sp",
        "--acs-url",
        "https://sp.example/acs",
        "--unsolicited",
    ]);
    let output =
        command.args(["--now", "2040-07-30T00:00:00Z", "--warn-before-expiry", "30", "--json"]).output().expect("it runs");
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let codes: Vec<_> = verdict["warnings"].as_array().expect("warnings").iter().map(|warning| &warning["code"]).collect();
    assert_eq!(codes, ["retiring_key_used", "certificate_ends_soon"], "{verdict}");
}
