//! The command with messages in which something is encrypted.

#![cfg(feature = "cli")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const KEY: &str = "testdata/auth0/keys/sp-encrypt-rsa2048.key";
const OTHER: &str = "testdata/auth0/keys/sp-sign-rsa2048.key";
const GCM: (&str, &str) = ("a-enc-aes256-gcm", "_0930ed1fe506b9447be7");
const CBC: (&str, &str) = ("a-enc-aes256-cbc", "_f9459b746a71bbefa066");
const RESPONSE: (&str, &str) = ("a-enc-aes256-gcm-sign-response", "_b663fbcaf7950a1d769e");

/// The exit status, what stands on standard output and what on standard error.
fn verify((case, request): (&str, &str), more: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saml-verify"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).args(["verify", &format!("testdata/auth0/cases/{case}.b64")]);
    command.args(["--idp-cert", "testdata/auth0/keys/idp-rsa2048.pem", "--idp-entity-id", "urn:acme-dev.us.auth0.com"]);
    command.args(["--sp-entity-id", "urn:example:sp:portal", "--acs-url", "https://portal.example.com/saml/acs"]);
    command.args(["--in-response-to", request, "--now", "2025-03-03T10:00:02.468Z"]).args(more);
    let done = command.output().expect("it starts");
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).expect("UTF-8");
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

fn json(message: (&str, &str), more: &[&str]) -> Value {
    let (_, stdout, _) = verify(message, &[more, &["--json"]].concat());
    serde_json::from_str(&stdout).expect("JSON")
}

#[test]
fn what_is_encrypted_is_read_with_its_key() {
    for (message, signed) in [(GCM, "assertion"), (RESPONSE, "response")] {
        let accepted = json(message, &["--decryption-key", KEY]);
        assert_eq!(accepted["verdict"], "accepted", "{accepted}");
        assert_eq!((&accepted["name_id"], &accepted["signed"]), (&"auth0|64f0c2a17d9e4b0012ab34cd".into(), &signed.into()));
        // Of a rotation.
        assert_eq!(json(message, &["--decryption-key", OTHER, "--decryption-key", KEY])["verdict"], "accepted");
    }
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    for (message, more, stage, code, remedy) in [
        (GCM, &[][..], "structure", "encrypted_assertion", "--decryption-key"),
        (GCM, &["--decryption-key", OTHER], "decrypt", "decryption_failed", "saml-verify inspect"),
        (CBC, &["--decryption-key", KEY], "decrypt", "content_encryption_refused", "allow `aes-cbc`"),
        (CBC, &["--decryption-key", KEY, "--allow", "aes-cbc"], "decrypt", "cbc_uncovered", "signResponse"),
    ] {
        let refused = json(message, more);
        assert_eq!((&refused["stage"], &refused["code"]), (&stage.into(), &code.into()), "{refused}");
        assert!(refused["remedy"].as_str().is_some_and(|text| text.contains(remedy)), "{refused}");
    }
    let both = ["--decryption-key", KEY, "--allow", "aes-cbc", "--allow", "aes-cbc-under-assertion-signature"];
    assert_eq!(json(CBC, &both)["verdict"], "accepted");
}

#[test]
fn an_explanation_has_a_row_for_each_step() {
    let rows = |message, more: &[&str]| {
        let (code, stdout, _) = verify(message, &[more, &["--explain"]].concat());
        let rows: Vec<String> = stdout
            .lines()
            .filter(|line| ["F2", "F3", "F4", "F6"].iter().any(|id| line.contains(&format!(" {id} "))))
            .map(|line| line.split_whitespace().next().unwrap_or_default().to_owned())
            .collect();
        (code, rows.join(" "))
    };
    assert_eq!(rows(GCM, &["--decryption-key", KEY]), (Some(0), "pass pass pass pass".to_owned()));
    let (code, failed) = rows(GCM, &["--decryption-key", OTHER]);
    assert!(code == Some(1) && failed.contains("FAIL") && !failed.contains("n/a"), "{failed}");
}

#[test]
fn a_departure_without_a_key_changes_nothing() {
    let (code, _, stderr) = verify(GCM, &["--allow", "aes-cbc", "--allow", "aes-cbc-under-assertion-signature"]);
    assert_eq!(code, Some(1));
    for name in ["aes-cbc", "aes-cbc-under-assertion-signature"] {
        assert!(stderr.contains(&format!("note: --allow {name} changes nothing without --decryption-key")), "{stderr}");
    }
}
