//! Whatever bytes arrive: no panic, no other identity than the genuine one, and no word about the user in what is logged.

#![cfg(feature = "test-idp")]

mod common;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use common::generate::Entropy;
use common::posted::{Posted, posted};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    Error, Expect, IdentityProvider, Limits, Login, ReportOutcome, ServiceProvider, SignedPart, TrustedKeys, Verified, Verifier,
    peek_issuer,
};
use serde_json::Value;

/// Takes `cases` inputs of a fixed seed.
fn holds<S: Strategy>(cases: u32, inputs: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]));
    match runner.run(inputs, property) {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\nof {input:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// A message, and a connection at which it is a login.
struct Genuine {
    xml: Vec<u8>,
    verifier: Verifier,
    request: String,
    now: SystemTime,
}

impl Genuine {
    fn verify(&self, xml: &[u8]) -> Result<Verified, Error> {
        self.verifier.verify_xml(xml, Expect::AnswerTo(&self.request), self.now)
    }
}

impl From<Posted> for Genuine {
    fn from(posted: Posted) -> Self {
        let request = posted.case["in_response_to"].as_str().expect("a request").to_owned();
        Self { xml: posted.xml().expect("XML").into_bytes(), verifier: posted.verifier, request, now: posted.now }
    }
}

/// Two users, each part signed, at one connection; then messages of Auth0's own packages, each at its own.
fn genuine() -> Vec<Genuine> {
    let idp = TestIdp::new("urn:idp");
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let sp = ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service provider");
    let verifier = Verifier::new(sp, IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider"));
    let message = |name, signed| {
        let response = idp.response("urn:sp", "https://sp.example/acs", now).in_response_to("_q").name_id(name);
        let xml = response.attribute("role", [name, "reader"]).signed(signed).to_xml().into_bytes();
        Genuine { xml, verifier: verifier.clone(), request: "_q".to_owned(), now }
    };
    let parts = [SignedPart::Assertion, SignedPart::Response, SignedPart::Both];
    let made = parts.into_iter().flat_map(|part| ["ada@example.com", "eve@example.com"].map(|name| message(name, part)));
    let vectors = ["a-default-sha256", "a-sign-response", "a-sign-both"].map(|id| Posted::auth0(id).into());
    made.chain(vectors).collect()
}

/// Everything that a service may act on.
fn identity(login: &Login) -> String {
    let attributes = login.attributes().iter().map(|attribute| {
        let values: Vec<_> = attribute.values().map(|value| value.as_str().map(str::to_owned)).collect();
        (attribute.name().to_owned(), values)
    });
    let session = (login.session_index(), login.session_not_on_or_after(), login.authn_context(), login.authn_instant());
    let times = (login.issue_instant(), login.not_before(), login.not_on_or_after());
    let name = login.name_id();
    let name = (&name.value, &name.format, &name.name_qualifier, &name.sp_name_qualifier, &name.sp_provided_id);
    let ids = (login.issuer(), login.assertion_id(), login.in_response_to());
    format!("{ids:?} {name:?} {session:?} {times:?} {:?}", attributes.collect::<Vec<_>>())
}

#[test]
fn arbitrary_bytes_are_refused() {
    let genuine = &genuine()[0];
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..300),
        // Of the characters that markup is made of, so that more than the first byte is looked at.
        vec(proptest::sample::select(b"<>/!?-[]&#;x:='\" \r\na0Response".to_vec()), 0..300),
    ];
    holds(3000, &bytes, |bytes| {
        prop_assert!(genuine.verify(&bytes).is_err());
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(genuine.verifier.verify_post(&text, Expect::Unsolicited, genuine.now).is_err());
        prop_assert!(peek_issuer(&text, &Limits::DEFAULT).is_err());
        let _ = genuine.verifier.explain_xml(&bytes, Expect::Unsolicited, genuine.now);
        let _ = TrustedKeys::from_pem(&bytes);
        Ok(())
    });
}

#[test]
fn mutated_messages_are_refused_or_say_what_was_signed() {
    let pool = genuine();
    let identities: BTreeSet<String> =
        pool.iter().map(|one| identity(&one.verify(&one.xml).expect("a login").without_replay_protection())).collect();
    let accepted = Cell::new(0);
    holds(4000, &vec(any::<u8>(), 8..40), |choices| {
        let choices = &mut Entropy::new(&choices);
        let chosen = &pool[choices.below(pool.len())];
        let other = &pool[choices.below(pool.len())];
        let mut xml = chosen.xml.clone();
        for _ in 0..=choices.below(3) {
            mutate(&mut xml, &other.xml, choices);
        }
        let _ = chosen.verifier.explain_xml(&xml, Expect::AnswerTo(&chosen.request), chosen.now);
        if let Ok(verified) = chosen.verify(&xml) {
            accepted.set(accepted.get() + 1);
            let identity = identity(&verified.without_replay_protection());
            prop_assert!(identities.contains(&identity), "{identity}\n{}", String::from_utf8_lossy(&xml));
        }
        Ok(())
    });
    // Changes outside of what is signed must stay possible, or nothing was tried.
    assert!(accepted.get() > 20, "{}", accepted.get());
}

/// One change: a byte, a cut, or a stretch doubled, removed, or exchanged for one of the other message.
fn mutate(xml: &mut Vec<u8>, other: &[u8], choices: &mut Entropy<'_>) {
    let (from, to) = stretch(xml, choices);
    let (other_from, other_to) = stretch(other, choices);
    match choices.below(8) {
        0 if from < xml.len() => xml[from] ^= 1 << choices.below(8),
        1 if from < xml.len() => xml[from] = choices.byte(),
        2 => xml.truncate(from),
        3 => drop(xml.drain(from..to)),
        4 => {
            let doubled = xml[from..to].to_vec();
            drop(xml.splice(to..to, doubled));
        }
        5 => drop(xml.splice(from..from, other[other_from..other_to].iter().copied())),
        6 => drop(xml.splice(from..to, other[other_from..other_to].iter().copied())),
        _ => {
            // The same element, if both messages have it.
            let name =
                choices.pick(&["saml:Assertion", "ds:Signature", "saml:Subject", "saml:NameID", "saml:Issuer", "samlp:Status"]);
            if let (Some((from, to)), Some((other_from, other_to))) = (element(xml, name), element(other, name)) {
                drop(xml.splice(from..to, other[other_from..other_to].iter().copied()));
            }
        }
    }
}

/// A stretch; most often from one tag to another.
fn stretch(xml: &[u8], choices: &mut Entropy<'_>) -> (usize, usize) {
    let tags: Vec<usize> = (0..xml.len()).filter(|&at| xml[at] == b'<').collect();
    let mut place = || {
        let choice = usize::from(choices.byte()) << 8 | usize::from(choices.byte());
        if tags.is_empty() || choice % 4 == 0 { choice % (xml.len() + 1) } else { tags[choice % tags.len()] }
    };
    let (one, two) = (place(), place());
    (one.min(two), one.max(two))
}

fn element(xml: &[u8], name: &str) -> Option<(usize, usize)> {
    let find = |pattern: String| xml.windows(pattern.len()).position(|window| window == pattern.as_bytes());
    let end = format!("</{name}>");
    let (from, to) = (find(format!("<{name}"))?, find(end.clone())? + end.len());
    (from < to).then_some((from, to))
}

/// The mutations reach through base64, too.
#[test]
fn mutated_form_fields_are_refused_or_say_what_was_signed() {
    let posted = Posted::auth0("a-default-sha256");
    let genuine = identity(&posted.verify().expect("a login").without_replay_protection());
    holds(1000, &vec(any::<u8>(), 8..40), |choices| {
        let choices = &mut Entropy::new(&choices);
        let mut field = posted.field.clone().into_bytes();
        let other = field.clone();
        mutate(&mut field, &other, choices);
        let field = String::from_utf8_lossy(&field);
        if let Ok(verified) = posted.verifier.verify_post(&field, posted.expect(), posted.now) {
            prop_assert_eq!(&identity(&verified.without_replay_protection()), &genuine);
        }
        Ok(())
    });
}

/// What a message or its manifest row says of the user, but for what the connection says as well.
fn personal(posted: &Posted) -> Vec<String> {
    let case = &posted.case;
    let mut found = vec![case["name_id"].clone(), case["must_not_name_id"].clone(), case["safe_name_id"].clone()];
    for attribute in case["attributes"].as_array().into_iter().flatten() {
        found.extend(attribute["values"].as_array().into_iter().flatten().cloned());
    }
    for values in case["attributes"].as_object().into_iter().flat_map(|attributes| attributes.values()) {
        found.extend(values.as_array().into_iter().flatten().cloned());
    }
    let mut found: Vec<String> = found.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    // Of huge documents the manifest row will do.
    if let Some(xml) = Some(posted).filter(|posted| posted.field.len() < 100_000).and_then(Posted::xml) {
        let document = roxmltree::Document::parse(&xml).expect("XML");
        let told = document.descendants().filter(|node| ["NameID", "AttributeValue"].contains(&node.tag_name().name()));
        found.extend(told.map(|node| node.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect()));
    }
    let configured = ["idp_entity_id", "sp_entity_id", "audience", "acs_url", "in_response_to"];
    let configured: Vec<&str> = configured.iter().filter_map(|field| case[*field].as_str()).collect();
    found.retain(|value| value.chars().count() >= 6 && !configured.iter().any(|known| known.contains(value.as_str())));
    found.sort();
    found.dedup();
    found
}

/// Every form in which an error can reach a log.
fn logged(error: &Error) -> Vec<String> {
    let mut forms =
        vec![error.to_string(), format!("{error:?}"), format!("{error:#?}"), error.remedy(), error.section().to_owned()];
    forms.extend(error.expected());
    forms.extend(error.received());
    forms
}

fn leaks(name: &str, personal: &[String], forms: &[String]) -> Vec<String> {
    let shows = |form: &&String| personal.iter().any(|value| form.contains(value.as_str()));
    forms.iter().filter(shows).map(|form| format!("{name}: {form}")).collect()
}

/// The error of each message; with it, those that it meets at connections which expect something else.
#[test]
fn errors_say_nothing_about_the_user() {
    let all = posted();
    let (mut wrong, mut looked_at, mut told) = (Vec::new(), 0, 0);
    for posted in &all {
        let personal = personal(posted);
        told += usize::from(!personal.is_empty());
        let sp = ServiceProvider::new("urn:elsewhere", "https://elsewhere.example/acs").expect("a service provider");
        let keys = TestIdp::new("urn:other").trusted_keys();
        let idp = IdentityProvider::new("urn:other", keys).expect("an identity provider");
        let elsewhere = Verifier::new(sp, idp);
        let later = posted.now + Duration::from_secs(1 << 30);
        let reports = [
            posted.verifier.explain_post(&posted.field, posted.expect(), posted.now),
            posted.verifier.explain_post(&posted.field, Expect::AnswerTo("_other"), later),
            elsewhere.explain_post(&posted.field, Expect::Unsolicited, posted.now),
        ];
        for report in &reports {
            let errors = report.rows().iter().filter_map(|row| match &row.outcome {
                ReportOutcome::Fail(error) => Some(error),
                _ => None,
            });
            let mut forms: Vec<String> = errors.flat_map(logged).collect();
            looked_at += forms.len();
            forms.push(format!("{report:?} {report:#?}"));
            wrong.extend(leaks(&posted.name, &personal, &forms));
        }
        if let Err(error) = posted.verify() {
            wrong.extend(leaks(&posted.name, &personal, &logged(&error)));
        }
    }
    assert!(told > 250, "only {told} messages say something about a user");
    common::conclude("leaks of errors", looked_at, &wrong);
}

#[test]
fn debug_forms_say_nothing_about_the_user() {
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for posted in posted() {
        let Ok(verified) = posted.verify() else { continue };
        let login = verified.clone().without_replay_protection();
        let forms = [
            format!("{verified:?} {verified:#?} {:?}", verified.replay_key()),
            format!("{login:?} {login:#?}"),
            format!("{:?} {:#?}", login.attributes(), login.attributes().iter().collect::<Vec<_>>()),
            format!("{:?}", login.attributes().iter().flat_map(saml_verify::Attribute::values).collect::<Vec<_>>()),
            format!("{:?} {:#?}", login.name_id(), login.name_id()),
            format!("{:?} {:?}", posted.verifier, posted.keys),
        ];
        looked_at += 1;
        wrong.extend(leaks(&posted.name, &personal(&posted), &forms));
    }
    common::conclude("leaks of debug forms", looked_at, &wrong);
}

/// What an attacker writes reaches a log in one line, without control characters, and cut: THREATS IMP-3 and TXT-6.
#[test]
fn errors_escape_what_they_quote() {
    let idp = TestIdp::new("urn:idp");
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let audience = format!("urn:sp\n\u{85}\u{9f}forged{}", "x".repeat(10_000));
    let xml = idp.response(&audience, "https://sp.example/acs", now).to_xml();
    let sp = ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service provider");
    let verifier = Verifier::new(sp, IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider"));
    let error = verifier.verify_xml(xml.as_bytes(), Expect::Unsolicited, now).expect_err("another audience");
    assert_eq!(error.code(), "audience_mismatch");
    for form in [error.to_string(), format!("{error:?}")] {
        assert!(!form.chars().any(char::is_control) && form.len() < 1000, "{form}");
    }
}

/// Nobody needs a key to report a failure, and a line of a log is no place for all that it can hold: THREATS IMP-3.
#[test]
fn a_failure_is_told_in_a_line_however_deep_it_nests() {
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let idp = TestIdp::new("urn:idp");
    let genuine = idp.response("urn:sp", "https://sp.example/acs", now).to_xml();
    let (before, rest) = genuine.split_once("<samlp:StatusCode ").expect("a status");
    let (_, behind) = rest.split_once("</samlp:StatusCode>").expect("its end");
    let sp = ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service provider");
    let verifier = Verifier::new(sp, IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider"));
    for (depth, told) in [(1, 1), (4, 4), (60, 4)] {
        // A character that is written with eight in a log.
        let code = format!("<samlp:StatusCode Value=\"{}\">", "\u{E000}".repeat(300));
        let xml = format!("{before}{}{}{behind}", code.repeat(depth), "</samlp:StatusCode>".repeat(depth));
        let error = verifier.verify_xml(xml.as_bytes(), Expect::Unsolicited, now).expect_err("a failure");
        assert_eq!((error.code(), error.received().len()), ("status_not_success", told), "{depth}");
        assert!(logged(&error).iter().all(|form| form.len() < 10_000), "{depth}");
    }
}

/// What there can be any number of is told as far as a person reads; of an explanation, too, where nobody signed it.
#[test]
fn of_any_number_of_values_the_first_are_told() {
    const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let idp = TestIdp::new("urn:idp");
    let genuine = idp.response("urn:sp", "https://sp.example/acs", now).to_xml();
    let sp = ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service provider");
    let verifier = Verifier::new(sp, IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider"));
    for (from, to, repeated, id) in [
        ("<saml:Audience>urn:sp</saml:Audience>", "", "<saml:Audience>urn:x</saml:Audience>", "E11"),
        (BEARER, "urn:x", "<saml:SubjectConfirmation Method=\"urn:x\"/>", "E3"),
        ("Recipient=", "Other=", "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/>", "E8"),
        // Of one that passes, as well.
        ("urn:sp</saml:Audience>", "urn:sp</saml:Audience>", "<saml:Audience>urn:x</saml:Audience>", "E11"),
    ] {
        for (count, told) in [(12, 12..=13), (3000, 16..=16)] {
            let place = if id == "E11" { "</saml:AudienceRestriction>" } else { "</saml:Subject>" };
            let xml = genuine.replacen(from, to, 1).replacen(place, &format!("{}{place}", repeated.repeat(count)), 1);
            let report = verifier.explain_xml(xml.as_bytes(), Expect::Unsolicited, now);
            let row = report.rows().iter().find(|row| row.id == id).expect("a row");
            assert!(told.contains(&row.received.len()), "{id} {count}: {}", row.received.len());
            if let ReportOutcome::Fail(error) = &row.outcome {
                assert!(logged(error).iter().all(|form| form.len() < 10_000), "{id} {count}");
            }
        }
    }
}
