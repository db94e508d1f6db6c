//! Every response and every message of logout of `testdata/auth0`: the verdict, and every value of what comes out.

mod common;

use std::time::{Duration, SystemTime};

use common::values::compare;
use common::{cases, conclude, read, read_text, testdata, text};
use saml_verify::logout::{Delivered, LogoutVerifier, VerifiedRequest};
use saml_verify::time::parse_rfc3339;
use saml_verify::{Departure, Error, Expect, IdentityProvider, Login, ServiceProvider, TrustedKeys, Verifier};
use serde_json::Value;

/// The code that each reason of the manifest has here, by what was changed.
fn codes(reason: &str) -> &'static [&'static str] {
    match reason {
        "audience" => &["audience_mismatch"],
        "recipient" => &["recipient_mismatch"],
        "destination" => &["destination_mismatch"],
        "in_response_to" => &["in_response_to_mismatch", "in_response_to_missing"],
        "expired" => &["expired"],
        "not_yet_valid" => &["not_yet_valid"],
        "issuer" => &["issuer_mismatch"],
        "unsigned" => &["unsigned"],
        "signature" => &["digest_mismatch", "signature_invalid", "untrusted_key", "key_type_mismatch"],
        "signature_wrapping" => &["several_assertions", "duplicate_id", "signature_malformed"],
        "dtd" => &["doctype"],
        "not_well_formed" => &["forbidden_character"],
        "status" => &["status_not_success"],
        "decrypt" => &["encrypted_assertion"],
        reason => panic!("unknown reason {reason}"),
    }
}

/// What a permission of the manifest is here; `None` for what no connection can be allowed.
fn departures(permission: &str) -> Option<&'static [Departure]> {
    match permission {
        "sha1" => Some(&[Departure::Sha1SignatureForLegacyUseOnly, Departure::Sha1DigestForLegacyUseOnly]),
        "signature_not_after_issuer" => Some(&[Departure::SignaturePosition]),
        // A choice of `Expect`, and the default for certificates.
        "unsolicited" | "ignore_certificate_validity" => Some(&[]),
        "destination_mismatch" | "missing_recipient" => None,
        permission => panic!("unknown permission {permission}"),
    }
}

struct Connection<'c> {
    case: &'c Value,
    keys: TrustedKeys,
    departures: Vec<Departure>,
}

impl<'c> Connection<'c> {
    fn new(case: &'c Value) -> Self {
        let folder = testdata("auth0");
        let mut keys = TrustedKeys::from_pem(read(&folder.join(text(case, "idp_cert")))).expect("a certificate");
        for more in case["idp_cert_additional"].as_array().into_iter().flatten().chain(case.get("idp_cert_additional")) {
            if let Some(file) = more.as_str() {
                keys = keys.and(TrustedKeys::from_pem(read(&folder.join(file))).expect("a certificate")).expect("few keys");
            }
        }
        let permissions = case["requires"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let departures = permissions.flat_map(|name| departures(name).unwrap_or_default().iter().copied()).collect();
        Self { case, keys, departures }
    }

    fn verify(&self) -> Result<Login, Error> {
        let case = self.case;
        let sp = ServiceProvider::new(text(case, "sp_entity_id"), text(case, "acs_url")).expect("a service provider");
        let mut idp = IdentityProvider::new(text(case, "idp_entity_id"), self.keys.clone()).expect("an identity provider");
        for departure in &self.departures {
            idp = idp.allow(*departure);
        }
        let skew = Duration::from_secs(case["clock_skew_seconds"].as_u64().expect("a skew"));
        let verifier = Verifier::new(sp, idp).clock_skew(skew).expect("a skew within bounds");
        let expect = case["in_response_to"].as_str().map_or(Expect::Unsolicited, Expect::AnswerTo);
        let message = read_text(&testdata("auth0").join(text(case, "b64")));
        verifier.verify_post(&message, expect, now(case)).map(|verified| verified.without_replay_protection())
    }
}

fn now(case: &Value) -> SystemTime {
    parse_rfc3339(text(case, "now")).expect("a time")
}

fn responses() -> Vec<Value> {
    let all = cases(&testdata("auth0")).into_iter();
    all.filter(|case| text(case, "kind") == "response" && case["decryption_key"].is_null()).collect()
}

#[test]
fn verdicts_and_values_are_those_of_the_manifest() {
    let cases = responses();
    let mut wrong = Vec::new();
    for case in &cases {
        let outcome = Connection::new(case).verify();
        if let Err(complaint) = judge(case, outcome) {
            wrong.push(format!("{}: {complaint}", case["id"]));
        }
    }
    conclude("auth0 responses", cases.len(), &wrong);
}

fn judge(case: &Value, outcome: Result<Login, Error>) -> Result<(), String> {
    let possible = case["requires"].as_array().into_iter().flatten().all(|name| departures(name.as_str().unwrap()).is_some());
    match (text(case, "expect"), outcome) {
        ("accept", Ok(login)) if possible => compare(case, &login),
        ("accept", Err(error)) if !possible => match error.code() {
            "destination_mismatch" | "recipient_missing" => Ok(()),
            code => Err(format!("refused as {code}: {error}")),
        },
        ("reject", Err(error)) => {
            let expected = codes(text(case, "reason"));
            if expected.contains(&error.code()) {
                Ok(())
            } else {
                Err(format!("expected {expected:?}, got {}: {error}", error.code()))
            }
        }
        ("either", Ok(login)) if login.name_id().value != text(case, "must_not_name_id") => Ok(()),
        (expected, Ok(_)) => Err(format!("expected {expected}, was accepted")),
        (expected, Err(error)) => Err(format!("expected {expected}, got {}: {error}", error.code())),
    }
}

#[test]
fn without_its_departure_a_message_is_refused_by_the_name_of_what_is_missing() {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for case in &responses() {
        let mut connection = Connection::new(case);
        if connection.departures.is_empty() {
            continue;
        }
        looked_at += 1;
        connection.departures.clear();
        match connection.verify() {
            Err(error)
                if matches!(error.code(), "signature_algorithm_refused" | "digest_algorithm_refused" | "signature_misplaced") => {
            }
            Err(error) => wrong.push(format!("{}: {}", case["id"], error.code())),
            Ok(_) => wrong.push(format!("{}: accepted", case["id"])),
        }
    }
    conclude("auth0 departures", looked_at, &wrong);
}

/// A message of logout as the manifest tells of it.
fn judge_logout(case: &Value) -> Result<(), String> {
    let connection = Connection::new(case);
    let slo_url = text(case, "slo_url");
    let sp = ServiceProvider::new(text(case, "sp_entity_id"), slo_url).expect("a service provider");
    let idp = IdentityProvider::new(text(case, "idp_entity_id"), connection.keys.clone()).expect("an identity provider");
    let idp = connection.departures.iter().fold(idp, |idp, departure| idp.allow(*departure));
    let skew = Duration::from_secs(case["clock_skew_seconds"].as_u64().expect("a skew"));
    let verifier = LogoutVerifier::new(&sp, idp, slo_url).and_then(|verifier| verifier.clock_skew(skew)).expect("a verifier");
    let file = |name: &str| read_text(&testdata("auth0").join(text(case, name)));
    let arrived = if text(case, "binding") == "redirect" { file("url") } else { file("b64") };
    let delivered = match arrived.trim().split_once('?') {
        Some((_, query)) => Delivered::Redirect(query),
        None => Delivered::Post(&arrived),
    };
    let (told, report) = if text(case, "kind") == "logout_request" {
        let request = verifier.verify_request(delivered, now(case)).map(VerifiedRequest::without_replay_protection);
        let told = request.map(|request| {
            let name = request.name_id();
            let values = [
                (request.issuer().to_owned(), text(case, "issuer")),
                (name.value.clone(), text(case, "name_id")),
                (name.format.clone().unwrap_or_default(), case["name_id_format"].as_str().unwrap_or_default()),
                (request.session_indexes().join(" "), case["session_index"].as_str().unwrap_or_default()),
                (request.destination().to_owned(), slo_url),
            ];
            values.map(|(told, expected)| (told, expected.to_owned())).to_vec()
        });
        (told, verifier.explain_request(delivered, now(case)))
    } else {
        let pending = text(case, "in_response_to");
        let told = verifier.verify_response(delivered, pending, now(case)).map(|response| {
            let code = text(case, "status_code");
            let values = [
                (response.issuer().to_owned(), text(case, "issuer")),
                (response.in_response_to().to_owned(), pending),
                (response.status_codes().next().unwrap_or_default().to_owned(), code),
                (response.is_partial().to_string(), if code.ends_with("PartialLogout") { "true" } else { "false" }),
            ];
            values.map(|(told, expected)| (told, expected.to_owned())).to_vec()
        });
        (told, verifier.explain_response(delivered, pending, now(case)))
    };
    if report.refusal() != told.as_ref().err() {
        return Err(format!("an explanation says {:?}", report.refusal()));
    }
    match (text(case, "expect"), told) {
        ("accept", Ok(values)) => match values.iter().find(|(told, expected)| told != expected) {
            Some((told, expected)) => Err(format!("{told:?} instead of {expected:?}")),
            None => Ok(()),
        },
        ("reject", Err(error)) if codes(text(case, "reason")).contains(&error.code()) => Ok(()),
        (expected, Ok(_)) => Err(format!("expected {expected}, was accepted")),
        (expected, Err(error)) => Err(format!("expected {expected}, got {}: {error}", error.code())),
    }
}

#[test]
fn messages_of_logout_are_judged_and_read_as_the_manifest_says() {
    let all = cases(&testdata("auth0")).into_iter();
    let logout: Vec<Value> = all.filter(|case| text(case, "kind").starts_with("logout_")).collect();
    let wrong: Vec<String> = logout
        .iter()
        .filter_map(|case| judge_logout(case).err().map(|complaint| format!("{}: {complaint}", case["id"])))
        .collect();
    conclude("auth0 logout", logout.len(), &wrong);
}
