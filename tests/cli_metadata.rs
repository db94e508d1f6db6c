//! The command line on metadata: `metadata`, `sp-metadata`, and `verify --idp-metadata`.

#![cfg(feature = "cli")]

use std::process::{Command, Output};

use serde_json::{Value, json};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saml-verify"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(std::process::Stdio::null()).output().expect("it runs")
}

fn parts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn as_json(arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = parts(&run(arguments));
    assert_eq!((stdout.lines().count(), stderr.as_str()), (1, ""), "{arguments:?}");
    (code, serde_json::from_str(&stdout).expect("JSON"))
}

const NOW: [&str; 2] = ["--now", "2026-12-01T00:00:00Z"];
const PUBLISHER: &str = "testdata/auth0/keys/idp-rsa3072.pem";
const FEDERATION: &str = "testdata/metadata/federation.xml";
const NORTH: &str = "https://idp.north.example/idp";

#[test]
fn a_document_is_shown() {
    let (code, found) = as_json(&["metadata", "testdata/metadata/pingfederate.xml", "--json", NOW[0], NOW[1]]);
    let url = "https://sso.freight.example/idp";
    let place = |binding: &str, path: &str, answers: Option<&str>| {
        let binding = format!("urn:oasis:names:tc:SAML:2.0:bindings:{binding}");
        json!({"binding": binding, "location": format!("{url}/{path}"), "response_location": answers})
    };
    let basic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
    let attribute = |name: &str| json!({"name": name, "name_format": basic, "friendly_name": null});
    assert_eq!(code, Some(0));
    assert_eq!(
        found,
        json!({
            "verdict": "accepted",
            "entity_id": "FreightSSO",
            "single_sign_on": [place("HTTP-POST", "SSO.saml2", None), place("HTTP-Redirect", "SSO.saml2", None)],
            "single_logout": [
                place("HTTP-POST", "SLO.saml2", Some("https://sso.freight.example/idp/SLO.saml2?answer")),
                place("HTTP-Redirect", "SLO.saml2", None),
            ],
            "signing_keys": [{
                "spki_sha256": found["signing_keys"][0]["spki_sha256"],
                "sha256": found["signing_keys"][0]["sha256"],
                "subject": "CN=acme-dev.us.auth0.com",
                "key_type": "RSA-4096",
                "not_after": "2040-08-01T22:08:01.000Z",
            }],
            "name_id_formats": ["urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"],
            "attributes": [attribute("mail"), attribute("department")],
            "want_authn_requests_signed": false,
            "valid_until": null,
            "cache_duration_seconds": 86400,
            "vouched_by": "you",
            "signed_by": null,
            "warnings": [{
                "code": "signature_not_verified",
                "message": "the document is signed, and its signature was not verified: pin the publisher's key, or rely on the \
                            channel knowingly",
            }],
        })
    );
    let (code, text, _) = parts(&run(&["metadata", "testdata/metadata/pingfederate.xml", NOW[0], NOW[1]]));
    assert_eq!(code, Some(0));
    for line in [
        "METADATA  FreightSSO\n",
        "  vouched by      you: no signature was verified\n",
        "  HTTP-POST       https://sso.freight.example/idp/SLO.saml2\n",
        "  signature_not_verified  the document is signed",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_pinned_key_vouches_or_refuses() {
    let read =
        |more: &[&str]| as_json(&[&["metadata", FEDERATION, "--json", "--entity-id", NORTH, NOW[0], NOW[1]], more].concat());
    let (code, found) = read(&["--pinned-key", PUBLISHER]);
    assert_eq!(
        (code, &found["vouched_by"], &found["signed_by"]["element"]),
        (Some(0), &json!("pinned_key"), &json!("EntitiesDescriptor"))
    );
    assert_eq!(found["warnings"], json!([]));
    let (code, found) = read(&["--cert", "testdata/auth0/keys/attacker-rsa2048.pem"]);
    assert_eq!(
        (code, &found["verdict"], &found["stage"], &found["code"]),
        (Some(1), &json!("refused"), &json!("metadata"), &json!("untrusted_key"))
    );
    let remedy = found["remedy"].as_str().expect("a remedy");
    assert!(remedy.starts_with("pin the key with which the publisher signs metadata"), "{remedy}");
    let (code, found) = read(&[]);
    assert_eq!((code, &found["vouched_by"]), (Some(0), &json!("you")));
}

#[test]
fn a_refused_document_says_where_and_what_to_do() {
    let (code, text, stderr) = parts(&run(&["metadata", FEDERATION, NOW[0], NOW[1]]));
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(text.starts_with("REFUSED  the document describes 3 entities, and none was chosen; identity providers: "), "{text}");
    assert!(
        text.contains("at line 2, column 1 (byte 39)") && text.contains("  remedy          choose one of the identity providers"),
        "{text}"
    );
    let (code, found) = as_json(&["metadata", FEDERATION, "--entity-id", NORTH, "--json", "--now", "2026-12-11T00:00:00Z"]);
    assert_eq!(
        (code, &found["code"], &found["received"]),
        (Some(1), &json!("metadata_expired"), &json!("2026-12-11T00:00:00.000Z"))
    );
    let (code, _) = as_json(&["metadata", "testdata/metadata/okta.xml", "--json", "--require-valid-until", NOW[0], NOW[1]]);
    assert_eq!(code, Some(1));
    for (arguments, message) in [
        (vec!["metadata", "no-such-file"], "error: no-such-file: "),
        (vec!["metadata", "testdata/metadata/okta.xml", "--pinned-key", "no-such-file"], "error: no-such-file: "),
        (vec!["metadata", "testdata/metadata/okta.xml", "--allow", "sha1-signature"], "--pinned-key"),
    ] {
        let (code, stdout, stderr) = parts(&run(&arguments));
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

/// The certificate and the entity ID of a login come from the document.
#[test]
fn a_login_is_verified_with_metadata() {
    let login = |more: &[&str]| {
        let connection = [
            "verify",
            "testdata/auth0/cases/a-default-sha256.b64",
            "--sp-entity-id",
            "urn:example:sp:portal",
            "--acs-url",
            "https://portal.example.com/saml/acs",
            "--in-response-to",
            "_43848dd96f2ec8be2d4c",
            "--now",
            "2025-03-03T10:00:02.468Z",
        ];
        parts(&run(&[&connection, more].concat()))
    };
    let (code, text, stderr) = login(&["--idp-metadata", "testdata/auth0/metadata.xml", "--json"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &found["verdict"], &found["issuer"]), (Some(0), &json!("accepted"), &json!("urn:acme-dev.us.auth0.com")));
    // At that time the certificate was none yet: the metadata's reader says so.
    assert!(stderr.starts_with("note: testdata/auth0/metadata.xml: the certificate "), "{stderr}");
    let (code, text, _) = login(&["--idp-metadata", "testdata/metadata/okta.xml", "--json"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &found["code"]), (Some(1), &json!("issuer_mismatch")));
    for (arguments, message) in [
        (
            vec!["--idp-metadata", FEDERATION],
            "error: testdata/metadata/federation.xml: the document describes 3 entities, and none was chosen; identity providers: \
             \"https://idp.north.example/idp\", \"https://idp.south.example/idp\" at line 2, column 1 (byte 39); choose one of the \
             identity providers by its entity ID\n",
        ),
        (
            vec!["--idp-metadata", "testdata/auth0/metadata.xml", "--idp-entity-id", "urn:acme-dev.us.auth0.com/"],
            "error: testdata/auth0/metadata.xml: the document does not describe \"urn:acme-dev.us.auth0.com/\", but \
             \"urn:acme-dev.us.auth0.com\" at line 1, column 1 (byte 0); compare the entity ID, to the letter, with those of the \
             document\n",
        ),
        (vec!["--idp-metadata", "testdata/auth0/metadata.xml", "--idp-cert", PUBLISHER], "cannot be used with"),
        (vec!["--idp-cert", PUBLISHER], "--idp-entity-id"),
    ] {
        let (code, stdout, stderr) = login(&arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
    // Of several, the entity ID chooses; this one has the same key and another name.
    let (code, text, _) = login(&["--idp-metadata", FEDERATION, "--idp-entity-id", NORTH, "--json"]);
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &found["expected"]), (Some(1), &json!(NORTH)));
}

#[test]
fn our_own_document_is_printed_and_nothing_else() {
    let base = ["sp-metadata", "--sp-entity-id", "urn:portal", "--acs-url", "https://portal.example/acs"];
    let print = |more: &[&str]| parts(&run(&[&base, more].concat()));
    let (code, plain, stderr) = print(&[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(
        plain,
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:portal\"><md:SPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:AssertionConsumerService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://portal.example/acs\" index=\"0\" \
         isDefault=\"true\"></md:AssertionConsumerService></md:SPSSODescriptor></md:EntityDescriptor>\n"
    );
    let signing = ["--signing-key", "testdata/auth0/keys/sp-sign-rsa2048.key", "--slo-url", "https://portal.example/slo"];
    let (code, signed, _) = print(&signing);
    assert_eq!(
        (code, signed.matches("<ds:SignatureValue>").count(), signed.matches("<md:SingleLogoutService").count()),
        (Some(0), 1, 2)
    );
    assert_eq!(print(&signing).1, signed);
    for (arguments, message) in [
        (
            vec!["--slo-url", "http://portal.example/"],
            "error: --slo-url: not a single logout URL for metadata: \"http://portal.example/\" (it is not https); give",
        ),
        (vec!["--acs-url", "ftp://x"], "error: --acs-url: "),
        (vec!["--signing-cert", PUBLISHER, "--encryption-cert", "Cargo.toml"], "error: Cargo.toml: "),
        (vec!["--signing-key", PUBLISHER], "error: testdata/auth0/keys/idp-rsa3072.pem: "),
        (vec!["--id", "1"], "error: --id: "),
        (vec!["--slo-binding", "post"], "--slo-url"),
    ] {
        let (code, stdout, stderr) = print(&arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.starts_with(message) || stderr.contains(message), "{stderr}");
    }
}
