//! The vectors of `testdata/logout`: messages of logout that are genuine, and what is made of them.
//!
//! They are written by the code beside (`common/logout.rs`): `cargo test --test logout_vectors -- --ignored` writes them again.

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::logout::{ACS, IDP, Message, NOW, PENDING, SLO, SP, Vector, field, vectors};
use common::{cases, conclude, read, read_text, testdata, text};
use saml_verify::logout::{Delivered, LogoutVerifier, VerifiedRequest};
use saml_verify::time::parse_rfc3339;
use saml_verify::{Error, Expect, IdentityProvider, ServiceProvider, TrustedKeys, Verifier};
use serde_json::{Value, json};

/// What the manifest says of all: who is trusted, and what is expected.
const CERTIFICATE: &str = "../auth0/keys/idp-rsa2048.pem";

fn manifest() -> String {
    let cases: Vec<Value> = vectors()
        .iter()
        .map(|Vector { id, class, kind, message, expect, twin, why }| {
            let (binding, file) = match message {
                Message::Post(_) => ("post", format!("cases/{id}.b64")),
                Message::Redirect(_) => ("redirect", format!("cases/{id}.query")),
            };
            let code = (*expect != "accepted").then_some(*expect);
            let expect = if code.is_some() { "reject" } else { "accept" };
            json!({
                "id": id, "class": class, "kind": kind, "binding": binding, "file": file, "expect": expect, "code": code,
                "twin": twin, "why": why,
            })
        })
        .collect();
    let manifest = json!({
        "about": "Messages of logout, genuine and forged: see README.md beside this file",
        "now": NOW, "clock_skew_seconds": 180, "idp_cert": CERTIFICATE, "idp_entity_id": IDP, "sp_entity_id": SP,
        "slo_url": SLO, "acs_url": ACS, "in_response_to": PENDING, "name_id": "ada", "session_indexes": ["_s1"],
        "cases": cases,
    });
    serde_json::to_string_pretty(&manifest).expect("JSON") + "\n"
}

/// Each file with its content.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([("manifest.json".to_owned(), manifest())]);
    for Vector { id, message, .. } in vectors() {
        match message {
            Message::Post(xml) => {
                files.insert(format!("cases/{id}.b64"), field(&xml) + "\n");
                files.insert(format!("cases/{id}.xml"), xml);
            }
            Message::Redirect(query) => drop(files.insert(format!("cases/{id}.query"), query + "\n")),
        }
    }
    files
}

#[test]
#[ignore = "writes testdata/logout"]
fn write_them() {
    let folder = testdata("logout");
    fs::create_dir_all(folder.join("cases")).expect("a folder");
    files().iter().for_each(|(name, content)| fs::write(folder.join(name), content).expect("a file"));
}

#[test]
fn they_are_as_they_are_written() {
    let folder = testdata("logout");
    let files = files();
    for (name, content) in &files {
        assert_eq!(&read_text(&folder.join(name)), content, "{name}");
    }
    let there = fs::read_dir(folder.join("cases")).expect("a folder").count();
    assert_eq!(there, files.len() - 1, "a file that nobody writes");
}

fn verify(case: &Value) -> Result<Option<Vec<String>>, Error> {
    let keys = TrustedKeys::from_pem(read(&testdata("logout").join(CERTIFICATE))).expect("a certificate");
    let idp = IdentityProvider::new(IDP, keys).expect("an identity provider");
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    let now = parse_rfc3339(NOW).expect("a time");
    let content = read_text(&testdata("logout").join(text(case, "file")));
    let content = content.trim();
    let delivered = match text(case, "binding") {
        "post" => Delivered::Post(content),
        _ => Delivered::Redirect(content),
    };
    if text(case, "kind") == "login" {
        let login = Verifier::new(sp, idp).verify_post(content, Expect::AnswerTo(PENDING), now)?;
        return Ok(login.without_replay_protection().session_index().map(|_| Vec::new()));
    }
    let verifier = LogoutVerifier::new(&sp, idp, SLO).expect("a verifier");
    let (outcome, report) = if text(case, "kind") == "logout_request" {
        let request = verifier.verify_request(delivered, now).map(VerifiedRequest::without_replay_protection);
        let told = request.map(|request| {
            let name = [request.name_id().value.clone()];
            Some(name.into_iter().chain(request.session_indexes().iter().cloned()).collect())
        });
        (told, verifier.explain_request(delivered, now))
    } else {
        let response = verifier.verify_response(delivered, PENDING, now);
        (response.map(|response| response.is_partial().then(Vec::new)), verifier.explain_response(delivered, PENDING, now))
    };
    assert_eq!(report.refusal(), outcome.as_ref().err(), "{}: an explanation says the same", case["id"]);
    outcome
}

/// A forged one is refused by the code of its cause; a genuine one says whom the identity provider named, and nobody else.
#[test]
fn each_is_judged_as_the_manifest_says() {
    let all = cases(&testdata("logout"));
    let mut wrong = Vec::new();
    for case in &all {
        let told = match verify(case) {
            Ok(Some(values)) if text(case, "kind") == "logout_request" && values != ["ada", "_s1"] => {
                format!("accepted {values:?}")
            }
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.code().to_owned(),
        };
        let expected = case["code"].as_str().unwrap_or("accepted");
        if told != expected {
            wrong.push(format!("{}: expected {expected}, got {told} [{}]", case["id"], case["why"]));
        }
    }
    conclude("logout vectors", all.len(), &wrong);
}

#[test]
fn each_that_is_refused_has_a_twin_that_is_accepted() {
    let all = cases(&testdata("logout"));
    let find = |id: &str| all.iter().find(|case| text(case, "id") == id).unwrap_or_else(|| panic!("no {id}"));
    for case in &all {
        let twin = find(text(case, "twin"));
        assert_eq!((text(twin, "expect"), text(twin, "kind")), ("accept", text(case, "kind")), "{}", case["id"]);
        assert!(text(case, "why").len() > 10, "{}", case["id"]);
    }
    let refused = all.iter().filter(|case| text(case, "expect") == "reject").count();
    assert!(refused >= 60, "only {refused} that are refused");
}
