//! The checks against a second model of them, which was written from the specifications and shares no code with the crate:
//! `tests/common/model`.
//!
//! Equal are the verdict, the code, what a login says, until when it is remembered, and every row of the explanation.
//! `SAML_VERIFY_MODEL=200000 cargo test --release --test model -- --ignored --nocapture` runs that many.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;
#[path = "common/model/mod.rs"]
mod model;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::SystemTime;

use model::generate::{case, validity};
use model::judge::{Accepted, Found, Judgement, judge};
use model::write::{Keys, document, time, verifier, with_expect};
use model::{Connection, Key, Message};
use saml_verify::{Login, ReplayError, ReplayKey, ReplayStore, Report, ReportOutcome, Verifier, Warning};

/// How many messages a plain `cargo test` judges.
const MESSAGES: u64 = 4_000;

/// A store that writes down until when it is to remember.
#[derive(Default)]
struct Store(Mutex<Vec<(SystemTime, SystemTime)>>);

impl ReplayStore for Store {
    fn claim(&self, _: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
        self.0.lock().expect("no other thread").push((expires, now));
        Ok(())
    }
}

/// What the crate says of a message: a login, or the code of the refusal.
fn verdict(verifier: &Verifier, xml: &str, connection: &Connection) -> Result<(Login, SystemTime), &'static str> {
    let store = Store::default();
    let now = time(connection.now);
    let verified = with_expect(&connection.expect, |expect| verifier.verify_xml(xml.as_bytes(), expect, now));
    let login = verified.and_then(|verified| verified.claim(&store)).map_err(|error| error.code())?;
    let claims = store.0.into_inner().expect("no other thread");
    assert_eq!(claims.iter().map(|claim| claim.1).collect::<Vec<_>>(), [now], "one claim, at the time of the verification");
    Ok((login, claims[0].0))
}

fn explained(verifier: &Verifier, xml: &str, connection: &Connection) -> Report {
    with_expect(&connection.expect, |expect| verifier.explain_xml(xml.as_bytes(), expect, time(connection.now)))
}

/// Where the two disagree.
fn differences(message: &Message, connection: &Connection, keys: &Keys) -> (Judgement, Vec<String>) {
    let judgement = judge(message, connection);
    let xml = document(message, keys);
    let verifier = verifier(connection, keys);
    let mut wrong = Vec::new();
    let mut compare = |what: &str, crate_says: String, model_says: String| {
        if crate_says != model_says {
            wrong.push(format!("{what}: the crate says {crate_says}, the model {model_says}"));
        }
    };
    match (verdict(&verifier, &xml, connection), &judgement.login) {
        (Ok((login, remembered_until)), Some(accepted)) => {
            compare("login", said(&login), expected(accepted));
            compare("remembered until", format!("{remembered_until:?}"), format!("{:?}", time(accepted.remembered_until)));
        }
        (verdict, _) => compare("code", format!("{:?}", verdict.err()), format!("{:?}", judgement.refusal())),
    }
    let report = explained(&verifier, &xml, connection);
    let failing = report.rows().iter().filter_map(|row| match &row.outcome {
        ReportOutcome::Fail(error) => Some(format!("{} {}", row.id, error.code())),
        _ => None,
    });
    let should_fail = judgement.rows.iter().filter_map(|row| match row.2 {
        Found::Fails(code) => Some(format!("{} {code}", row.0)),
        _ => None,
    });
    compare("failing rows", format!("{:?}", failing.collect::<Vec<_>>()), format!("{:?}", should_fail.collect::<Vec<_>>()));
    for (id, element, found) in &judgement.rows {
        let rows = report.rows().iter().filter(|row| row.id == *id && (element.is_none() || row.element == *element));
        let outcomes: Vec<_> = rows.map(|row| &row.outcome).collect();
        let agrees = outcomes.iter().any(|outcome| match (found, outcome) {
            (Found::Fails(code), ReportOutcome::Fail(error)) => error.code() == *code,
            (Found::Holds, ReportOutcome::Pass) | (Found::Idle, ReportOutcome::NotApplicable) => true,
            (Found::Unknown, ReportOutcome::NotReached) => true,
            _ => false,
        });
        if !agrees {
            compare(&format!("row {id} of {element:?}"), format!("{outcomes:?}"), format!("{found:?}"));
        }
    }
    if !wrong.is_empty() {
        wrong.push(format!("{connection:#?}\n{xml}"));
    }
    (judgement, wrong)
}

fn said(login: &Login) -> String {
    let mut skewed = Vec::new();
    let mut certificates = 0;
    for warning in login.warnings() {
        match warning {
            Warning::ClockSkewUsed { name, .. } => skewed.push(*name),
            Warning::CertificateNotValid { .. } => certificates += 1,
            other => panic!("a warning that the model has no word for: {other}"),
        }
    }
    skewed.sort_unstable();
    let signed: Vec<_> = login.signatures().iter().map(|signature| signature.element).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {signed:?} {skewed:?} {certificates}",
        login.issuer(),
        login.user_id(),
        login.in_response_to(),
        login.confirmed_address(),
        login.session_not_on_or_after(),
        login.one_time_use()
    )
}

fn expected(accepted: &Accepted) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
        accepted.issuer,
        accepted.user,
        accepted.in_response_to,
        accepted.address,
        accepted.session_end.map(time),
        accepted.one_time_use,
        accepted.signed,
        accepted.skewed,
        accepted.certificates
    )
}

/// Compares the messages of these numbers, and says how many there were of each verdict.
fn compare(numbers: impl Iterator<Item = u64>) -> BTreeMap<&'static str, u64> {
    let keys = Keys::read();
    let (mut verdicts, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut looked_at = 0;
    for number in numbers {
        let (message, connection) = case(number);
        let (judgement, differences) = differences(&message, &connection, &keys);
        *verdicts.entry(judgement.refusal().unwrap_or("login")).or_insert(0) += 1;
        looked_at += 1;
        if !differences.is_empty() && wrong.len() < 10 {
            wrong.push(format!("message {number}\n{}", differences.join("\n")));
        }
    }
    println!("{verdicts:#?}");
    common::conclude("messages judged by the crate and by the model", looked_at, &wrong);
    verdicts
}

#[test]
fn the_crate_and_a_second_model_judge_alike() {
    let verdicts = compare(0..MESSAGES);
    let never: Vec<_> = CODES.iter().filter(|code| !verdicts.contains_key(*code)).collect();
    assert!(never.is_empty(), "verdicts that no message met: {never:?}");
    assert!(verdicts["login"] * 5 > MESSAGES, "a fifth of the messages are logins: {}", verdicts["login"]);
}

#[test]
#[ignore = "at length: SAML_VERIFY_MODEL says how many"]
fn the_crate_and_a_second_model_judge_alike_at_length() {
    let count = std::env::var("SAML_VERIFY_MODEL").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    compare(MESSAGES..MESSAGES + count);
}

#[test]
fn the_model_knows_when_certificates_are_valid() {
    let keys = Keys::read();
    for key in [Key::One, Key::Another, Key::Edwards, Key::Expired] {
        let trusted = keys.trusted(key);
        let certificate = trusted.iter().next().and_then(|key| key.certificate()).expect("a certificate");
        let (from, until) = validity(key);
        assert_eq!((certificate.not_before(), certificate.not_after()), (time(from), time(until)), "{key:?}");
    }
}

/// Every verdict that the model knows.
#[rustfmt::skip]
const CODES: [&str; 45] = [
    "login", "audience_mismatch", "audience_missing", "authentication_too_old", "authn_context_mismatch", "certificate_not_valid",
    "confirmation_data_missing", "confirmation_expiry_missing", "confirmation_not_before", "destination_mismatch",
    "destination_missing", "digest_mismatch", "empty_name_id", "expired", "identifier_ambiguous", "identifier_blank",
    "identifier_missing", "identifier_not_text", "in_response_to_contradiction", "in_response_to_mismatch",
    "in_response_to_missing", "inverted_window", "issued_in_future", "issuer_format", "issuer_mismatch", "issuer_missing",
    "key_type_mismatch", "missing_element", "no_assertion", "no_authn_statement", "no_bearer_confirmation", "not_yet_valid",
    "recipient_mismatch", "recipient_missing", "repeated_element", "required_signature_missing", "session_expired",
    "several_assertions", "status_not_success", "too_many_pending_requests", "unconfirmed", "unexpected_in_response_to",
    "unknown_condition", "unsigned", "untrusted_key",
];
