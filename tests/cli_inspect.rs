//! `inspect`: what a message says, marked as not verified, with nothing personal in it unless that is asked for.

#![cfg(feature = "cli")]

mod common;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use common::posted::{Posted, posted};
use serde_json::{Value, json};

fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_saml-verify"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A run that does not read its input may be over before it gets any.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    child.wait_with_output().expect("the program ends")
}

fn text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let stderr = text(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    text(&output.stdout) + &stderr
}

/// The object that `inspect --json` prints, and the exit code.
fn inspected(more: &[&str], stdin: &[u8]) -> (Option<i32>, Value) {
    let output = run(&[&["inspect", "--json", "--now", NOW], more].concat(), stdin);
    let shown = text(&output);
    (output.status.code(), serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown}")))
}

const NOW: &str = "2025-03-03T10:30:00Z";
const FILE: &str = "testdata/auth0/cases/a-default-sha256.b64";
const KEY: &str = "testdata/auth0/keys/idp-rsa2048.pem";

#[test]
fn nothing_personal_is_shown_of_any_message() {
    let mut shown = 0;
    for message in posted() {
        let personal = message.personal();
        for form in [&["inspect"][..], &["inspect", "--json"]] {
            let output = run(form, message.field.as_bytes());
            let text = text(&output);
            assert_eq!(personal.shown_in(&text), None, "{} {form:?}\n{text}", message.name);
            shown += usize::from(output.status.code() == Some(0) && personal.is_there());
        }
    }
    assert!(shown > 100, "{shown} messages with something personal were shown");
}

#[test]
fn what_is_personal_is_shown_to_whoever_asks() {
    let message = Posted::auth0("a-default-sha256");
    let hidden = inspected(&[], message.field.as_bytes()).1;
    let shown = inspected(&["--show-personal-data"], message.field.as_bytes()).1;
    let at = |object: &Value, path: &str| object.pointer(path).cloned().unwrap_or_default();
    let email = "/assertions/0/attributes/1/values/0";
    assert_eq!(at(&hidden, "/assertions/0/name_id"), json!({"hidden_characters": 30}));
    assert_eq!(at(&shown, "/assertions/0/name_id"), "auth0|64f0c2a17d9e4b0012ab34cd");
    assert_eq!((at(&hidden, email), at(&shown, email)), (json!({"hidden_characters": 15}), json!("ada@example.com")));
    let output = run(&["inspect", "--show-personal-data"], message.field.as_bytes());
    assert!(text(&output).contains("    ada@example.com\n"));
}

/// Names stand in more places than Assertions, and addresses are personal, too.
#[test]
fn names_addresses_and_relay_states_are_personal_wherever_they_stand() {
    let name = "<a:NameID xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion' SPProvidedID='Zoe' NameQualifier='Zoe'>Zoe</a:NameID>";
    let protocol = "xmlns='urn:oasis:names:tc:SAML:2.0:protocol' xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'";
    let confirmation = "<a:SubjectConfirmationData Address='Zoe'/>";
    for (xml, pointer) in [
        (format!("<LogoutRequest {protocol}>{name}</LogoutRequest>"), "/message/name_id"),
        (format!("<AuthnRequest {protocol}><a:Subject>{name}</a:Subject></AuthnRequest>"), "/message/name_id"),
        (format!("<a:Assertion {protocol}><a:Subject>{name}</a:Subject></a:Assertion>"), "/assertions/0/name_id"),
        (
            format!(
                "<a:Assertion {protocol}><a:Subject><a:SubjectConfirmation>{confirmation}</a:SubjectConfirmation></a:Subject></a:Assertion>"
            ),
            "/assertions/0/confirmations/0/address",
        ),
        (
            format!(
                "<a:Assertion {protocol}><a:AttributeStatement><a:Attribute Name='n' FriendlyName='Zoe'>\
                 <a:AttributeValue><a:x>{name}</a:x></a:AttributeValue></a:Attribute></a:AttributeStatement></a:Assertion>"
            ),
            "/assertions/0/attributes/0/values/0",
        ),
    ] {
        let (code, hidden) = inspected(&[], xml.as_bytes());
        assert_eq!((code, hidden.pointer(pointer)), (Some(0), Some(&json!({"hidden_characters": 3}))), "{xml}");
        assert!(!hidden.to_string().contains("Zoe"), "{hidden}");
        assert!(!text(&run(&["inspect"], xml.as_bytes())).contains("Zoe"), "{xml}");
        let shown = inspected(&["--show-personal-data"], xml.as_bytes()).1;
        assert_eq!(shown.pointer(pointer), Some(&json!("Zoe")), "{xml}");
    }
    let form = b"SAMLRequest=PGEvPg%3D%3D&RelayState=Zoe";
    assert_eq!(inspected(&[], form).1["relay_state"], json!({"hidden_characters": 3}));
    assert_eq!(inspected(&["--show-personal-data"], form).1["relay_state"], "Zoe");
}

#[test]
fn what_cannot_be_read_is_refused_as_verify_refuses_it() {
    let large = "A".repeat(7_000_000);
    let nested = "<a>".repeat(65) + &"</a>".repeat(65);
    let many = format!("<a>{}</a>", "<b/>".repeat(1 << 16));
    let options =
        ["--idp-cert", KEY, "--idp-entity-id", "urn:x", "--sp-entity-id", "urn:y", "--acs-url", "https://sp.example/acs"];
    let codes: Vec<String> = [
        &b""[..],
        b"junk",
        b"<a",
        b"<a><b></a>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>\xFF</a>",
        b"\xFF",
        large.as_bytes(),
        nested.as_bytes(),
        many.as_bytes(),
        b"SAMLResponse=PGE%2B&SAMLResponse=PGE%2B",
        b"RelayState=x&SAMLResponse",
    ]
    .into_iter()
    .map(|input| {
        let (code, refusal) = inspected(&[], input);
        let verify = run(&[&["verify", "--json", "--unsolicited"][..], &options].concat(), input);
        let theirs: Value = serde_json::from_str(&text(&verify)).expect("JSON");
        assert_eq!((code, &refusal), (Some(1), &theirs), "{}", String::from_utf8_lossy(&input[..input.len().min(40)]));
        let shown = text(&run(&["inspect"], input));
        assert!(shown.starts_with("REFUSED"), "{shown}");
        refusal["code"].as_str().expect("a code").to_owned()
    })
    .collect();
    let mut kinds = codes.clone();
    kinds.sort();
    kinds.dedup();
    assert!(kinds.len() >= 8, "{codes:?}");
}

#[test]
fn a_request_in_a_redirect_is_decoded() {
    let request = |more: &[&str]| {
        let options = ["authn-request", "--idp-sso-url", "https://idp.example/sso", "--sp-entity-id", "urn:sp", "--json"];
        let rest = ["--acs-url", "https://sp.example/acs", "--relay-state", "Zoe"];
        let output = run(&[&options[..], &rest, more].concat(), b"");
        serde_json::from_str::<Value>(&text(&output)).expect("JSON")["url"].as_str().expect("a URL").to_owned()
    };
    let method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let key = ["--signing-key", "testdata/auth0/keys/idp-rsa2048.key"];
    for (url, signed, method) in [(request(&[]), false, Value::Null), (request(&key), true, method.into())] {
        let (code, found) = inspected(&[], url.as_bytes());
        assert_eq!((code, &found["verdict"], &found["input"]), (Some(0), &json!("not_verified"), &json!("query")));
        assert_eq!(
            found["redirect"],
            json!({"parameter": "SAMLRequest", "signature_algorithm": method, "has_signature": signed})
        );
        let message = &found["message"];
        assert_eq!((&message["kind"], &message["issuer"]), (&json!("AuthnRequest"), &json!("urn:sp")));
        assert_eq!((&message["acs_url"], &found["command"]), (&json!("https://sp.example/acs"), &Value::Null));
        assert_eq!(found["relay_state"], json!({"hidden_characters": 3}));
        // The query alone says the same.
        let query = url.split_once('?').expect("a query").1;
        assert_eq!(inspected(&["--input", "query"], query.as_bytes()).1, found);
    }
    // Some send base64 without DEFLATE.
    assert_eq!(inspected(&[], b"?SAMLRequest=PGEvPg%3D%3D").1["message"]["element"], "a");
    for (query, code) in [
        ("?SAMLRequest=QUJD", "deflate_cut"),
        ("?SAMLRequest=QUJD&SAMLResponse=QUJD", "request_and_response"),
        ("?SAMLRequest=a&SAMLRequest=b", "duplicate_parameter"),
        ("?SAMLRequest=%zz", "invalid_escape"),
        ("https://sp.example/acs", "missing_parameter"),
    ] {
        let (exit, refusal) = inspected(&[], query.as_bytes());
        assert_eq!((exit, refusal["code"].as_str()), (Some(1), Some(code)), "{query}");
    }
}

const SIGNED: &str = "xmlns='urn:oasis:names:tc:SAML:2.0:protocol' xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion' \
                      xmlns:d='http://www.w3.org/2000/09/xmldsig#' xmlns:e='http://www.w3.org/2001/04/xmlenc#'";

fn signature(references: &[&str]) -> String {
    let references: String = references.iter().map(|reference| format!("<d:Reference {reference}/>")).collect();
    format!("<d:Signature><d:SignedInfo>{references}</d:SignedInfo></d:Signature>")
}

#[test]
fn the_signature_map_says_what_covers_what() {
    let response = |of_response: &str, of_assertion: &str| {
        format!(
            "<Response {SIGNED} ID='_r'><a:Issuer/>{of_response}<Status/><a:Assertion ID='_a'>{of_assertion}</a:Assertion>\
             <a:Assertion ID='_b'/><a:Assertion ID='_c'/><x ID='_c'/></Response>"
        )
    };
    let rest = ["Response: its attributes", "a:Issuer and all in it", "Status and all in it"];
    let others = ["a:Assertion and all in it", "a:Assertion and all in it", "x and all in it"];
    let nothing_signed = [&rest[..], &["a:Assertion and all in it"], &others].concat();
    let assertion_signed = [&rest[..], &others].concat();
    for (of_response, of_assertion, covers, own, not_signed) in [
        (&["URI='#_r'"][..], &[][..], "the Response in which it stands", true, Vec::new()),
        (&[], &["URI='#_a'"], "the a:Assertion in which it stands", true, assertion_signed),
        (&[], &["URI='#_b'"], "another element, a:Assertion: a verification refuses it", false, nothing_signed.clone()),
        (&[], &["URI='#_c'"], "one of 2 elements with the same ID: a verification refuses them", false, nothing_signed.clone()),
        (&[], &["URI='#_d'"], "nothing in this document", false, nothing_signed.clone()),
        (&[], &["URI='https://idp.example'"], "nothing in this document", false, nothing_signed.clone()),
        (&[], &[""], "nothing: its Reference has no URI", false, nothing_signed.clone()),
        (
            &["URI=''"],
            &[],
            "the whole document, Response: verified only under `--allow whole-document-reference`",
            false,
            nothing_signed.clone(),
        ),
        (
            &["URI='#_r'", "URI='#_a'"],
            &[],
            "several things: a verification takes one Reference alone",
            false,
            nothing_signed.clone(),
        ),
    ] {
        let of = |references: &[&str]| if references.is_empty() { String::new() } else { signature(references) };
        let xml = response(&of(of_response), &of(of_assertion));
        let (_, found) = inspected(&[], xml.as_bytes());
        assert_eq!(found["signatures_found"], 1, "{found}");
        assert_eq!(
            (&found["signatures"][0]["covers"], &found["signatures"][0]["covers_its_element"]),
            (&json!(covers), &json!(own))
        );
        assert_eq!(found["not_signed"], json!(not_signed), "{xml}");
    }
}

#[test]
fn certificates_of_the_message_are_compared_with_those_given() {
    let key = |more: &[&str]| inspected(&[&[FILE][..], more].concat(), b"").1["signatures"][0]["certificates"][0].clone();
    let own = key(&["--idp-cert", KEY]);
    assert_eq!(own["sha1"], "A2:A1:59:4C:10:F9:98:CC:1C:AC:B9:EB:1E:9F:02:A5:95:D1:A4:67");
    assert_eq!(own["sha256"], "53:3E:20:CF:6C:1B:B1:9D:7B:F6:F3:2F:80:39:8E:F9:F0:11:86:3A:35:39:FC:91:E7:EC:4A:04:5D:AB:98:83");
    assert_eq!(own["is_given"], true);
    assert_eq!(key(&["--idp-cert", "testdata/auth0/keys/idp-rsa3072.pem"])["is_given"], false);
    assert_eq!(key(&[])["is_given"], Value::Null);
}

#[test]
fn what_is_encrypted_is_shown_with_whom_it_is_for() {
    let pem = common::read_text(&common::testdata("auth0/keys/idp-rsa2048.pem"));
    let certificate: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = format!(
        "<e:EncryptedKey Recipient='urn:sp'><e:EncryptionMethod Algorithm='urn:oaep'/><d:KeyInfo><d:X509Data>\
         <d:X509Certificate>{certificate}</d:X509Certificate></d:X509Data></d:KeyInfo></e:EncryptedKey>"
    );
    let data = |key_info: &str| format!("<e:EncryptedData><e:EncryptionMethod Algorithm='urn:aes'/>{key_info}</e:EncryptedData>");
    let inside = data(&format!("<d:KeyInfo>{key}</d:KeyInfo>"));
    for (content, keys) in [(inside, 1), (data("") + &key, 1), (data(""), 0)] {
        let xml = format!("<Response {SIGNED}><a:EncryptedAssertion>{content}</a:EncryptedAssertion></Response>");
        let found = inspected(&["--idp-cert", KEY], xml.as_bytes()).1;
        let encrypted = &found["encrypted"][0];
        assert_eq!((&encrypted["element"], &encrypted["algorithm"]), (&json!("a:EncryptedAssertion"), &json!("urn:aes")));
        assert_eq!(encrypted["keys"].as_array().map(Vec::len), Some(keys));
        if keys == 1 {
            assert_eq!(
                (&encrypted["keys"][0]["algorithm"], &encrypted["keys"][0]["recipient"]),
                (&json!("urn:oaep"), &json!("urn:sp"))
            );
            assert_eq!(encrypted["keys"][0]["certificates"][0]["is_given"], true);
        }
    }
}

#[test]
fn kinds_of_messages_are_told_apart() {
    let kind = |xml: &str| {
        let found = inspected(&[], xml.as_bytes()).1;
        (found["message"]["kind"].as_str().expect("a kind").to_owned(), found["next"].as_str().expect("advice").to_owned())
    };
    for (name, namespace, advice) in [
        ("Response", "protocol", "Compare each"),
        ("AuthnRequest", "protocol", "a request"),
        ("LogoutRequest", "protocol", "Compare each"),
        ("LogoutResponse", "protocol", "Compare each"),
        ("Assertion", "assertion", "alone is no login"),
        ("EntityDescriptor", "metadata", "saml-verify metadata"),
        ("EntitiesDescriptor", "metadata", "saml-verify metadata"),
        ("ArtifactResponse", "protocol", "no message of SAML 2.0"),
    ] {
        let (found, next) = kind(&format!("<x:{name} xmlns:x='urn:oasis:names:tc:SAML:2.0:{namespace}'/>"));
        assert_eq!(found, if name == "ArtifactResponse" { "other" } else { name });
        assert!(next.contains(advice), "{name}: {next}");
        assert_eq!(kind(&format!("<{name} xmlns='urn:oasis:names:tc:SAML:1.0:{namespace}'/>")).0, "other");
    }
}

#[test]
fn times_are_told_from_now() {
    let found = inspected(&[FILE], b"").1;
    let time = |element: &str, attribute: &str| {
        let all = found["times"].as_array().expect("times").iter();
        let mut at = all.filter(|time| time["element"] == element && time["attribute"] == attribute);
        at.next().unwrap_or_else(|| panic!("no {attribute}"))["seconds_from_now"].clone()
    };
    assert_eq!(time("Conditions", "NotBefore"), -1799);
    assert_eq!(time("Conditions", "NotOnOrAfter"), 1800);
    let bad = "<Response xmlns='urn:oasis:names:tc:SAML:2.0:protocol' IssueInstant='yesterday'/>";
    assert_eq!(inspected(&[], bad.as_bytes()).1["times"][0]["seconds_from_now"], Value::Null);
}

/// The line that is printed is run as it is.
#[test]
fn the_line_to_copy_verifies_the_message() {
    let shown = text(&run(&["inspect", FILE, "--idp-cert", KEY, "--now", NOW], b""));
    let at = shown.find("\n  saml-verify verify ").expect("a command");
    let line = &shown[at..];
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_saml-verify")).parent().expect("a folder").to_owned();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let shell = |line: &str| {
        let output = Command::new("sh").args(["-c", line]).current_dir(env!("CARGO_MANIFEST_DIR")).env("PATH", &path).output();
        output.expect("a shell")
    };
    let output = shell(line);
    assert_eq!(output.status.code(), Some(0), "{line}\n{}", text(&output));
    let json = inspected(&[FILE, "--idp-cert", KEY], b"").1;
    assert_eq!(shell(json["command"].as_str().expect("a command")).status.code(), Some(0));
}

/// Whoever writes a message chooses the values in the line that somebody copies.
#[test]
fn no_message_writes_a_command() {
    let evil = "$(touch /tmp/x)';`id`;\"&#10;\u{202e}";
    let xml = format!("<Response {SIGNED} Destination='https://a b' InResponseTo='--x'><a:Issuer>{evil}</a:Issuer></Response>");
    let shown = text(&run(&["inspect"], xml.replace('\'', "\"").replacen(evil, &evil.replace('"', "&quot;"), 1).as_bytes()));
    assert!(shown.contains("--idp-entity-id IDP-ENTITY-ID \\\n"), "{shown}");
    assert!(shown.contains("--acs-url 'https://a b' \\\n") && shown.contains("--in-response-to=--x"), "{shown}");
}

#[test]
fn every_part_says_that_it_is_not_verified_and_fits_80_columns() {
    for file in [FILE, "testdata/auth0/cases/a-default-sha256.b64", "testdata/metadata/pingfederate.xml"] {
        let shown = text(&run(&["inspect", file, "--idp-cert", KEY, "--show-personal-data"], b""));
        assert!(shown.starts_with("NOT VERIFIED  "), "{shown}");
        let advice = shown.find("\nto get a verdict\n").expect("advice");
        let (parts, rest) = shown.split_at(advice);
        let titles = parts.split("\n\n").skip(1).map(|part| part.lines().next().expect("a title"));
        let titles: Vec<&str> = titles.collect();
        assert!(titles.len() >= 4 && titles.iter().all(|title| title.ends_with(": NOT VERIFIED")), "{titles:?}");
        // A value in a command is not cut, for it is to be copied.
        let lines = parts.lines().chain(rest.lines().take_while(|line| !line.starts_with("  saml-verify verify")));
        let long: Vec<&str> = lines.filter(|line| line.chars().count() > 80).collect();
        assert_eq!(long, [""; 0]);
    }
}

#[test]
fn what_there_is_any_number_of_is_cut() {
    let many = format!(
        "<Response {SIGNED}>{}{}</Response>",
        format!("<a:Assertion>{}</a:Assertion>", signature(&[])).repeat(2000),
        "<e:EncryptedData/>".repeat(2000)
    );
    let found = inspected(&[], many.as_bytes()).1;
    for part in ["signatures", "assertions", "encrypted"] {
        assert_eq!(found[format!("{part}_found")], 2000, "{part}");
        assert_eq!(found[part].as_array().map(Vec::len), Some(16), "{part}");
    }
    let long = format!("<Response {SIGNED} ID='{}'/>", "x".repeat(100_000));
    assert!(inspected(&[], long.as_bytes()).1.to_string().len() < 3000);
}
