//! What values show of themselves, to the letter: an explanation both sides of whatever held, `Debug` what helps and nothing else.
//!
//! That nothing personal is in it is for `tests/personal.rs` and `tests/robust.rs` to say; a text that is empty would please them.

#![cfg(all(feature = "inspect", feature = "internals", feature = "redis", feature = "registry", feature = "test-idp"))]

mod common;

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use common::{read, testdata};
use saml_verify::canonical::Algorithm;
use saml_verify::inspect::{UnverifiedDocument, UnverifiedRedirect};
use saml_verify::internals::{Parsed, sign};
use saml_verify::logout::{Delivered, LogoutVerifier, OutgoingRequest, Session};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AsyncRedisPendingRequests, AsyncRedisReplayStore, AuthnRequest, Expect, IdentityProvider, InProcessReplayStore, Limits,
    NameId, RedisPendingRequests, RedisReplayStore, Registry, Report, ReportOutcome, ServiceProvider, SignedPart, SigningKey,
    SubjectKey, Verifier,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";

fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

fn verifier(idp: &TestIdp) -> Verifier {
    let connection = IdentityProvider::new(IDP, idp.trusted_keys()).expect("an identity provider");
    Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), connection)
}

/// Of each row that holds and compared something.
fn both_sides(report: &Report) -> Vec<String> {
    const NOW: &str = "2027-03-03T10:00:00.000Z (clock skew of 180 s allowed)";
    let rows = report.rows().iter().filter(|row| row.outcome == ReportOutcome::Pass);
    let rows = rows.filter(|row| !row.expected.is_empty() || !row.received.is_empty());
    let shown = rows.map(|row| {
        format!("{} {}: {} / {}", row.id, row.element.unwrap_or("-"), row.expected.join(", "), row.received.join(", "))
    });
    shown.map(|row| row.replace(NOW, "NOW")).collect()
}

#[test]
fn an_explanation_shows_both_sides_of_what_held() {
    let idp = TestIdp::new(IDP);
    let verifier = verifier(&idp).require_authn_context(["urn:weak", "urn:strong"]).expect("classes");
    let verifier = verifier.max_authentication_age(Duration::from_secs(600));
    let response = idp.response(SP, ACS, now()).in_response_to("_request").authn_context("urn:strong");
    let response = response.session_not_on_or_after(now() + Duration::from_secs(3600)).signed(SignedPart::Both);
    let report = verifier.explain_post(&response.to_form_field(), Expect::AnswerTo("_request"), now());
    assert_eq!(report.refusal(), None);
    let shown = both_sides(&report);
    let expected = [
        "C5 Response: urn:test:idp / urn:test:idp",
        "E2 Assertion: urn:test:idp / urn:test:idp",
        "A7 Response: https://sp.example/acs / https://sp.example/acs",
        "C2 Response: https://sp.example/acs / https://sp.example/acs",
        "E3 Assertion: urn:oasis:names:tc:SAML:2.0:cm:bearer / urn:oasis:names:tc:SAML:2.0:cm:bearer",
        "E4 Assertion: https://sp.example/acs / https://sp.example/acs",
        "C3 Response: _request / _request",
        "E6 Assertion: _request / _request",
        "E5 Assertion: later than NOW / 2027-03-03T11:00:00.000Z",
        "E9 Assertion: at most NOW, later than NOW / 2027-03-03T10:00:00.000Z, 2027-03-03T11:00:00.000Z",
        "C9 Response: at most NOW / 2027-03-03T10:00:00.000Z",
        "C9 Assertion: at most NOW / 2027-03-03T10:00:00.000Z",
        "E11 Assertion: urn:test:sp / urn:test:sp",
        "E16 Assertion:  / 2027-03-03T10:00:00.000Z",
        "E17 Assertion: later than NOW / 2027-03-03T11:00:00.000Z",
        "E18 Assertion: urn:weak, urn:strong / urn:strong",
        "E19 Assertion: at most 600 s before 2027-03-03T10:00:00.000Z / 2027-03-03T10:00:00.000Z",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn debugging_shows_what_helps() {
    let idp = TestIdp::new(IDP);
    let keys = idp.trusted_keys();
    let key = keys.iter().next().expect("a key");
    let sha256 = key.certificate().expect("a certificate").sha256_fingerprint();
    let response = idp.response(SP, ACS, now());
    let connection = || IdentityProvider::new(IDP, idp.trusted_keys()).expect("an identity provider");
    let xml = response.to_xml();
    let document = UnverifiedDocument::parse(xml.as_bytes(), &Limits::DEFAULT).expect("XML");
    let parsed = Parsed::parse(xml.as_bytes(), &Limits::DEFAULT).expect("XML");
    let genuine = parsed.verify(&connection()).expect("a signature");
    let registry = Registry::new(Limits::DEFAULT);
    registry.insert("acme", verifier(&idp)).expect("a connection");
    let client = || redis::Client::open("redis://:password@127.0.0.1/").expect("an address");
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    let signing = SigningKey::from_pem(read(&testdata("signing/p256.pkcs8.pem"))).expect("a key");
    let session = Session::new(IDP, NameId::new("ada"), None);
    let logout = OutgoingRequest::to_url(&sp, "https://idp.example/slo", &session, &signing).expect("a URL").nonce("_n");
    let request = AuthnRequest::to_url(&sp, IDP, "https://idp.example/sso").expect("a URL").nonce("_n").login_hint("ada");
    let (logout_redirect, redirect) = (logout.redirect(now()).expect("a redirect"), request.redirect(now()).expect("a redirect"));
    let pending = |id: &str, seconds: u64| {
        let issued = now().duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_secs();
        let until = issued + seconds;
        format!("PendingRequest {{ id: {id:?}, identity_provider: \"{IDP}\", issued: {issued}, until: {until}, .. }}")
    };
    let page = response.to_page();
    let query = redirect.url.split_once('?').expect("a query").1;
    let unsigned = UnverifiedRedirect::decode(query, &Limits::DEFAULT).expect("a message");
    let verified = verifier(&idp).verify_post(&response.to_form_field(), Expect::Unsolicited, now()).expect("a login");
    let login = verified.without_replay_protection();
    let store = InProcessReplayStore::new(NonZeroUsize::new(7).expect("a number"));
    for (shown, expected) in [
        (format!("{keys:?}"), format!("[TrustedKey(RSA-2048, certificate SHA-256 {sha256})]")),
        (format!("{:?}", key.certificate().expect("a certificate")), format!("Certificate(SHA-256 {sha256})")),
        (format!("{signing:?}"), "SigningKey { key_type: P256, .. }".to_owned()),
        (format!("{idp:?}"), format!("TestIdp {{ entity_id: \"{IDP}\", .. }}")),
        (
            format!("{response:?}"),
            "TestResponse { idp: TestIdp { entity_id: \"urn:test:idp\", .. }, number: 1, signed: Assertion, fault: None, .. }"
                .to_owned(),
        ),
        (format!("{document:?}"), "UnverifiedDocument(UnverifiedElement(\"samlp:Response\"))".to_owned()),
        (format!("{parsed:?} {genuine:?}"), "Parsed Genuine".to_owned()),
        (format!("{registry:?}"), "Registry { connections: 1, .. }".to_owned()),
        (format!("{store:?}"), "InProcessReplayStore { capacity: 7, .. }".to_owned()),
        (format!("{:?}", RedisReplayStore::new(client()).prefix("p:")), "RedisReplayStore { prefix: \"p:\", .. }".to_owned()),
        (format!("{:?}", AsyncRedisReplayStore::new(()).prefix("p:")), "AsyncRedisReplayStore { prefix: \"p:\", .. }".to_owned()),
        (
            format!("{:?}", RedisPendingRequests::new(client()).prefix("p:")),
            "RedisPendingRequests { prefix: \"p:\", .. }".to_owned(),
        ),
        (
            format!("{:?}", AsyncRedisPendingRequests::new(()).prefix("p:")),
            "AsyncRedisPendingRequests { prefix: \"p:\", .. }".to_owned(),
        ),
        (format!("{:?}", SubjectKey::of_name_id(IDP, &NameId::new("ada"))), "SubjectKey(..)".to_owned()),
        (format!("{session:?}"), format!("Session {{ issuer: \"{IDP}\", .. }}")),
        (
            format!("{logout:?}"),
            "OutgoingRequest { identity_provider: \"urn:test:idp\", key: SigningKey { key_type: P256, .. }, .. }".to_owned(),
        ),
        (format!("{logout_redirect:?}"), format!("LogoutRedirect {{ pending: {:?}, .. }}", logout_redirect.pending)),
        (format!("{:?}", logout_redirect.pending), format!("PendingLogout({})", pending(logout_redirect.pending.id(), 600))),
        (format!("{request:?}"), format!("AuthnRequest {{ identity_provider: \"{IDP}\", key: None, .. }}")),
        (format!("{redirect:?}"), format!("LoginRedirect {{ pending: {}, .. }}", pending(redirect.pending.id(), 1800))),
        (format!("{page:?}"), format!("PostPage {{ content_security_policy: {:?}, .. }}", page.content_security_policy())),
        (format!("{unsigned:?}"), "UnverifiedRedirect { parameter: SamlRequest, .. }".to_owned()),
        (
            format!("{login:?}"),
            format!(
                "Login {{ issuer: \"{IDP}\", assertion_id: \"_assertion-1\", in_response_to: None, \
                 issue_instant: \"2027-03-03T10:00:00.000Z\", signatures: {:?}, warnings: [], .. }}",
                login.signatures()
            ),
        ),
        (
            format!("{:?}", login.signatures()),
            format!(
                "[VerifiedSignature {{ element: \"Assertion\", key: {key:?}, signature_algorithm: \"RSA-SHA256\", \
                 digest_algorithm: \"SHA-256\" }}]"
            ),
        ),
        (format!("{:?}", Delivered::Post("x")), "Post(..)".to_owned()),
        (format!("{:?}", Delivered::Redirect("x")), "Redirect(..)".to_owned()),
        (format!("{:?}", Delivered::Xml(b"x")), "Xml(..)".to_owned()),
    ] {
        assert_eq!(shown, expected);
    }
}

const LOGOUT: &str = "xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_m\" \
                      Version=\"2.0\" IssueInstant=\"2027-03-03T10:00:00Z\" Destination=\"https://sp.example/slo\"";

/// A message of logout, signed behind its Issuer.
fn logout_message(idp: &TestIdp, name: &str, attributes: &str, content: &str) -> String {
    let message =
        |signature: &str| format!("<p:{name} {LOGOUT} {attributes}><a:Issuer>{IDP}</a:Issuer>{signature}{content}</p:{name}>");
    message(&sign(idp, &message(""), "_m", Algorithm::Exclusive10, ""))
}

#[test]
fn an_explanation_of_a_logout_shows_both_sides_of_what_held() {
    let idp = TestIdp::new(IDP);
    let connection = IdentityProvider::new(IDP, idp.trusted_keys()).expect("an identity provider");
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    let verifier = LogoutVerifier::new(&sp, connection, "https://sp.example/slo").expect("a verifier");
    let name = "<a:NameID>ada</a:NameID>";
    let status = |code: &str| format!("<p:Status><p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{code}\"/></p:Status>");
    let limited = logout_message(&idp, "LogoutRequest", "NotOnOrAfter=\"2027-03-03T10:05:00Z\"", name);
    let unlimited = logout_message(&idp, "LogoutRequest", "", name);
    let answer = logout_message(&idp, "LogoutResponse", "InResponseTo=\"_request\"", &status("Success"));
    let shown: Vec<String> = [
        verifier.explain_request(Delivered::Xml(limited.as_bytes()), now()),
        verifier.explain_request(Delivered::Xml(unlimited.as_bytes()), now()),
        verifier.explain_response(Delivered::Xml(answer.as_bytes()), "_request", now()),
    ]
    .iter()
    .flat_map(|report| {
        assert_eq!(report.refusal(), None);
        both_sides(report)
    })
    .collect();
    const SINCE: &str = "2027-03-03T10:00:00.000Z";
    let to_us = || {
        let url = "https://sp.example/slo / https://sp.example/slo";
        [
            format!("H4 -: {IDP} / {IDP}"),
            format!("H5 -: {url}"),
            format!("H6 -: {url}"),
            format!("H7 -: at most {SINCE} / {SINCE}"),
        ]
    };
    let status = "urn:oasis:names:tc:SAML:2.0:status:";
    let expected = [
        to_us().to_vec(),
        vec![format!("H8 -: later than {SINCE} / 2027-03-03T10:05:00.000Z")],
        to_us().to_vec(),
        vec![format!("H8 -: less than 480 s before {SINCE} / {SINCE}")],
        to_us().to_vec(),
        vec!["H9 -: _request / _request".to_owned(), format!("H10 -: {status}Success, {status}PartialLogout / {status}Success")],
    ];
    assert_eq!(shown, expected.concat());
}
