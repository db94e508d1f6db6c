//! Every posted message of `testdata/attacks`: forged ones are refused, odd ones are taken.

mod common;

use std::time::Duration;

use common::{cases, conclude, read, read_text, testdata, text};
use saml_verify::time::parse_rfc3339;
use saml_verify::{Departure, Error, Expect, IdentityProvider, Login, ServiceProvider, TrustedKeys, Verifier};
use serde_json::Value;

fn verify(case: &Value, departures: &[Departure]) -> Result<Login, Error> {
    let folder = testdata("attacks");
    // A key that cannot be configured verifies nothing: the case is about that key.
    let keys = match TrustedKeys::from_pem(read(&folder.join(text(case, "idp_cert")))) {
        Ok(keys) => keys,
        Err(error) => panic!("{}: {error}", case["id"]),
    };
    let sp = ServiceProvider::new(text(case, "audience"), text(case, "acs_url")).expect("a service provider");
    let mut idp = IdentityProvider::new(text(case, "idp_entity_id"), keys).expect("an identity provider");
    for departure in departures {
        idp = idp.allow(*departure);
    }
    let verifier = Verifier::new(sp, idp).clock_skew(Duration::from_secs(60)).expect("a skew within bounds");
    let expect = case["in_response_to"].as_str().map_or(Expect::Unsolicited, Expect::AnswerTo);
    let now = parse_rfc3339(text(case, "now")).expect("a time");
    let message = read_text(&folder.join(text(case, "b64")));
    verifier.verify_post(&message, expect, now).map(|verified| verified.without_replay_protection())
}

fn posted() -> Vec<Value> {
    let all = cases(&testdata("attacks")).into_iter();
    all.filter(|case| text(case, "binding") == "post" && case["sp_key"].is_null()).collect()
}

#[test]
fn verdicts_are_those_of_the_manifest() {
    let cases = posted();
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(complaint) = judge(case, verify(case, &[])) {
            wrong.push(format!("{} ({}): {complaint} [{}]", case["id"], case["class"], case["why"]));
        }
    }
    conclude("attacks", cases.len(), &wrong);
}

/// With every departure allowed, nothing that must be refused gets in.
#[test]
fn departures_let_no_attack_in() {
    let cases = posted();
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| text(case, "level") == "must") {
        if let Err(complaint) = judge(case, verify(case, &Departure::ALL)) {
            wrong.push(format!("{} ({}): {complaint} [{}]", case["id"], case["class"], case["why"]));
        }
    }
    conclude("attacks with departures", cases.len(), &wrong);
}

fn judge(case: &Value, outcome: Result<Login, Error>) -> Result<(), String> {
    let policy = text(case, "level") == "policy";
    match (text(case, "expect"), outcome) {
        ("accept", Ok(login)) => compare(case, "name_id", &login),
        ("accept", Err(_)) if policy => Ok(()),
        ("accept", Err(error)) => Err(format!("refused: {error}")),
        ("reject", Err(_)) => Ok(()),
        ("reject", Ok(login)) if policy && case["safe_name_id"].is_string() => compare(case, "safe_name_id", &login),
        (expected, Ok(login)) => Err(format!("expected {expected}, accepted {:?}", login.name_id().value)),
        (expected, Err(error)) => Err(format!("expected {expected}, got {error}")),
    }
}

fn compare(case: &Value, field: &str, login: &Login) -> Result<(), String> {
    if login.name_id().value != text(case, field) {
        return Err(format!("logged in {:?} instead of {}", login.name_id().value, case[field]));
    }
    for (name, values) in case["attributes"].as_object().into_iter().flatten() {
        let got: Vec<&str> = login.attributes().all(name).collect();
        let expected: Vec<&str> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if got != expected {
            return Err(format!("{name}: expected {expected:?}, got {got:?}"));
        }
    }
    Ok(())
}
