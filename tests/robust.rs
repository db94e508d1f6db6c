//! Whatever bytes arrive: no panic, no other identity than the genuine one, and no word about the user in what is logged.

#![cfg(feature = "test-idp")]

mod common;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use base64::Engine;
use common::generate::Entropy;
use common::personal::{Personal, debug_forms, error_forms, forms};
use common::posted::{Posted, pem_files, posted};
use common::{cases, read, read_text, testdata, text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    Departure, Error, Expect, IdentityProvider, InProcessReplayStore, Limits, Login, Report, ReportOutcome, ReportRow,
    ServiceProvider, SignedPart, TrustedKeys, Verified, Verifier, peek_issuer,
};

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

/// Every form in which an error can reach a log.
fn logged(error: &Error) -> Vec<String> {
    let mut shown = error_forms(error);
    shown.extend(match error {
        Error::Decode(error) => error_forms(error),
        Error::Xml(error) => error_forms(error),
        Error::Status(error) => error_forms(error),
        Error::Signature(error) => error_forms(error),
        Error::Structure(error) => error_forms(error),
        Error::Constraint(error) => error_forms(error),
        Error::Logout(error) => error_forms(error),
        Error::Replay(error) => error_forms(error),
        other => panic!("a stage that is not looked at: {other:?}"),
    });
    shown.extend([error.message(), error.remedy(), error.section().to_owned(), error.code().to_owned()]);
    shown.extend(error.expected().into_iter().chain(error.received()));
    shown
}

fn leaks(name: &str, personal: &Personal, shown: impl IntoIterator<Item = String>) -> Vec<String> {
    let leak = |form: String| personal.shown_in(&form).map(|value| format!("{name}: {value} in {form}"));
    shown.into_iter().filter_map(leak).collect()
}

/// The forms of a report and of each of its rows.
fn reported(report: &Report) -> Vec<String> {
    let mut shown: Vec<String> = report.refusal().map(logged).unwrap_or_default();
    // Of the other rows, everything is a constant.
    let compared = |row: &&ReportRow| !row.expected.is_empty() || !row.received.is_empty();
    for row in report.rows().iter().filter(|row| compared(row) || matches!(row.outcome, ReportOutcome::Fail(_))) {
        shown.extend(debug_forms(row));
        shown.extend(row.expected.iter().chain(&row.received).cloned());
        if let ReportOutcome::Fail(error) = &row.outcome {
            shown.extend(logged(error));
        }
    }
    shown
}

/// The error of each message; with it, those that it meets at connections which expect something else.
#[test]
fn errors_say_nothing_about_the_user() {
    let (mut wrong, mut looked_at, mut told) = (Vec::new(), 0, 0);
    for posted in &posted() {
        let personal = posted.personal();
        told += usize::from(personal.is_there());
        let sp = ServiceProvider::new("urn:elsewhere", "https://elsewhere.example/acs").expect("a service provider");
        let keys = TestIdp::new("urn:other").trusted_keys();
        let idp = IdentityProvider::new("urn:other", keys).expect("an identity provider");
        let elsewhere = Verifier::new(sp, idp);
        let strict = posted.verifier.clone().require_signed(SignedPart::Both);
        let strict = strict.require_authn_context(["urn:strong"]).expect("a class").max_authentication_age(Duration::ZERO);
        let narrow = posted.verifier.clone().limits(Limits { depth: 5, nodes: 60, ..Limits::DEFAULT });
        let later = posted.now + Duration::from_secs(1 << 30);
        let mut shown: BTreeSet<String> = posted.verify().err().iter().flat_map(logged).collect();
        shown.extend(debug_forms(&posted.verifier.explain_post(&posted.field, posted.expect(), posted.now)));
        let connections = [
            (&posted.verifier, posted.expect(), posted.now),
            (&posted.verifier, Expect::AnswerTo("_other"), later),
            (&elsewhere, Expect::Unsolicited, posted.now),
            (&strict, posted.expect(), posted.now),
            (&narrow, posted.expect(), posted.now),
        ];
        // The huge messages are there for their size.
        for (verifier, expect, now) in connections.into_iter().take(if posted.field.len() < 100_000 { 5 } else { 1 }) {
            shown.extend(reported(&verifier.explain_post(&posted.field, expect, now)));
            shown.extend(verifier.verify_post(&posted.field, expect, now).err().iter().flat_map(logged));
        }
        match peek_issuer(&posted.field, &Limits::DEFAULT) {
            Ok(issuer) => shown.extend(debug_forms(&issuer)),
            Err(error) => shown.extend(logged(&error)),
        }
        looked_at += shown.len();
        wrong.extend(leaks(&posted.name, &personal, shown));
    }
    assert!(told > 350, "only {told} messages say something about a user");
    common::conclude("leaks of errors", looked_at, &wrong);
}

/// Every public type that an accepted message fills, and those of its connection.
#[test]
fn debug_forms_say_nothing_about_the_user() {
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for posted in posted() {
        let Ok(verified) = posted.verify() else { continue };
        let login = verified.clone().without_replay_protection();
        let mut shown = Vec::new();
        shown.extend(debug_forms(&verified));
        shown.extend(debug_forms(&login));
        shown.extend(debug_forms(login.name_id()));
        shown.extend(debug_forms(login.attributes()));
        for attribute in login.attributes().iter() {
            shown.extend(debug_forms(&attribute));
            shown.extend(attribute.values().flat_map(|value| debug_forms(&value)));
            shown.extend(login.attributes().single(attribute.name()).err().iter().flat_map(forms));
        }
        shown.extend(login.signatures().iter().flat_map(|signature| debug_forms(signature)));
        shown.extend(login.warnings().iter().flat_map(forms));
        shown.extend(forms(&verified.replay_key()));
        shown.extend(debug_forms(&posted.verifier));
        shown.extend(debug_forms(&posted.keys));
        shown.extend(posted.keys.iter().flat_map(|key| [debug_forms(key), debug_forms(&key.key_type())].concat()));
        let store = InProcessReplayStore::default();
        assert!(verified.clone().claim(&store).is_ok(), "{}", posted.name);
        shown.extend(verified.claim(&store).err().iter().flat_map(logged));
        shown.extend(debug_forms(&store));
        looked_at += 1;
        wrong.extend(leaks(&posted.name, &posted.personal(), shown));
    }
    common::conclude("leaks of debug forms", looked_at, &wrong);
}

/// The messages of the redirect binding: logins and logouts.
#[test]
fn redirected_messages_say_nothing_about_the_user() {
    let (mut wrong, mut looked_at, mut accepted) = (Vec::new(), 0, 0);
    for part in ["auth0", "attacks"] {
        let folder = testdata(part);
        for case in cases(&folder).into_iter().filter(|case| text(case, "binding") == "redirect") {
            let file = case["query"].as_str().unwrap_or_else(|| text(&case, "url"));
            let url = read_text(&folder.join(file));
            let query = url.trim().rsplit_once('?').map_or(url.trim(), |(_, query)| query);
            let certificate = case["idp_cert"].as_str().or(case["sp_signing_cert"].as_str()).map(|file| read(&folder.join(file)));
            let trusted = |pem| TrustedKeys::from_pem(pem).expect("a certificate");
            let keys = certificate.map_or_else(|| TestIdp::new("urn:idp").trusted_keys(), trusted);
            let idp =
                Departure::ALL.into_iter().fold(IdentityProvider::new("urn:idp", keys).expect("a name"), IdentityProvider::allow);
            let mut shown = Vec::new();
            match idp.verify_redirect(query, &Limits::DEFAULT) {
                Ok(message) => {
                    accepted += 1;
                    shown.extend(debug_forms(&message));
                }
                Err(error) => shown.extend(logged(&error)),
            }
            shown.extend(
                idp.verify_redirect(query, &Limits { document_bytes: 100, ..Limits::DEFAULT }).err().iter().flat_map(logged),
            );
            let xml = String::from_utf8_lossy(&read(&folder.join(text(&case, "file")))).into_owned();
            let personal = Personal::of(&case, xml, pem_files(&folder, &case));
            looked_at += 1;
            wrong.extend(leaks(text(&case, "id"), &personal, shown));
        }
    }
    assert!(accepted > 3, "{accepted}");
    common::conclude("leaks of redirected messages", looked_at, &wrong);
}

/// What was configured by mistake may be the most secret of all: a private key in the place of a certificate.
#[test]
fn refused_keys_are_not_shown() {
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for folder in ["auth0/keys", "keys/refused", "keys/verify"] {
        let files = std::fs::read_dir(testdata(folder)).expect("a folder").map(|entry| entry.expect("an entry").path());
        for file in files.filter(|path| path.is_file()) {
            let pem = read(&file);
            let body: String = String::from_utf8_lossy(&pem).lines().filter(|line| !line.starts_with("-----")).collect();
            let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap_or_default();
            let text = String::from_utf8_lossy(&pem).into_owned();
            for given in [pem.clone(), der, pem[..pem.len() / 2].to_vec(), text.replace("-----", "--").into_bytes()] {
                let Err(error) = TrustedKeys::from_pem(&given) else { continue };
                refused += 1;
                let personal = Personal::new(&[], String::new(), [text.clone()]);
                wrong.extend(leaks(&file.display().to_string(), &personal, error_forms(&error)));
            }
        }
    }
    common::conclude("leaks of refused keys", refused, &wrong);
}

/// What stands in for the identity provider in the tests of a service says no more than a real one.
#[test]
fn a_test_idp_shows_neither_its_key_nor_the_user() {
    let idp = TestIdp::new("urn:idp");
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let response =
        idp.response("urn:sp", "https://sp.example/acs", now).name_id("ada@example.com").attribute("role", ["reader-of-all"]);
    let values = ["ada@example.com".to_owned(), "reader-of-all".to_owned()];
    let keys = ["idp-rsa2048.key", "idp-rsa2048.pem"].map(|file| read_text(&testdata("auth0/keys").join(file)));
    let personal = Personal::new(&values, response.clone().to_xml(), keys);
    let shown = [debug_forms(&idp), debug_forms(&response)].concat();
    common::conclude("leaks of a test", 1, &leaks("test-idp", &personal, shown));
}

/// That the search above finds what it looks for.
#[test]
fn whatever_is_shown_of_a_message_is_found() {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let name = "ada \"the first\" of example.com";
    let xml = "<Response><Issuer>urn:idp</Issuer></Response>";
    let personal = Personal::new(
        &[name.to_owned()],
        xml.to_owned(),
        ["-----BEGIN-----\nMIIabcdefghijklmnopq\nrstuvwxyz0123456789\n".to_owned()],
    );
    for (text, found) in [
        (format!("the user {name}"), true),
        (format!("the user {}", &name[1..]), false),
        (format!("{:?}", Some(name)), true),
        (format!("{:?}", name.as_bytes()), true),
        (format!("{:#?}", Some(name.as_bytes())), true),
        (encode(name), true),
        (encode(&format!("x: {name}!")), true),
        (encode(&format!("xy: {name}")), true),
        (encode(&format!("xyz: {name}.")), true),
        (encode(&format!("xyz: {}.", &name[1..])), false),
        (format!("of {xml}"), true),
        (format!("{:?}", xml.as_bytes()), true),
        (format!("{:#?}", xml.as_bytes()), true),
        (format!("({})", encode(xml)), true),
        ("the Issuer is urn:idp, not <Issuer>".to_owned(), false),
        ("the key MIIabcdefghijklmnopqrstuvwxyz0123456789".to_owned(), true),
        ("the key MIIabcdefghijklmn".to_owned(), false),
    ] {
        assert_eq!(personal.shown_in(&text).is_some(), found, "{text}");
    }
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
