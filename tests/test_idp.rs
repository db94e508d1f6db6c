//! The identity provider for tests of services: what it is told stands in the login, and what it breaks is refused by name.

#![cfg(feature = "test-idp")]

mod common;

use std::io::Read;
use std::time::{Duration, SystemTime};

use common::{read, testdata};
use saml_verify::canonical::Algorithm;
use saml_verify::test_idp::{DigestMethod, Fault, SignatureMethod, TestIdp, TestRequest, TestResponse};
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AuthnRequest, Departure, Error, Expect, IdentityProvider, InProcessReplayStore, Limits, Login, NameId, ReplayError,
    ServiceProvider, SignedPart, TrustedKeys, Verified, Verifier,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_request";
const PARTS: [SignedPart; 4] = [SignedPart::Either, SignedPart::Assertion, SignedPart::Response, SignedPart::Both];

fn at(time: &str) -> SystemTime {
    parse_rfc3339(&format!("2027-03-03T{time}Z")).expect("a time")
}

fn now() -> SystemTime {
    at("10:00:00")
}

fn response(idp: &TestIdp) -> TestResponse<'_> {
    idp.response(SP, ACS, now()).in_response_to(REQUEST)
}

fn verifier(idp: IdentityProvider) -> Verifier {
    Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), idp)
}

fn connection(idp: &TestIdp) -> IdentityProvider {
    IdentityProvider::new(IDP, idp.trusted_keys()).expect("an identity provider")
}

fn verify(verifier: &Verifier, response: &TestResponse<'_>) -> Result<Verified, Error> {
    verifier.verify_post(&response.to_form_field(), Expect::AnswerTo(REQUEST), now())
}

fn login(response: &TestResponse<'_>) -> Login {
    verify(&verifier(connection(&TestIdp::new(IDP))), response).expect("a login").without_replay_protection()
}

#[test]
fn every_response_is_a_login_of_its_own() {
    let idp = TestIdp::new(IDP);
    let (verifier, used) = (verifier(connection(&idp)), InProcessReplayStore::default());
    let claim = |response: &TestResponse<'_>| verify(&verifier, response).expect("a login").claim(&used);
    let (first, second) = (response(&idp), response(&idp));
    for (response, number) in [(&second, 2), (&first, 1)] {
        let login = claim(response).expect("a first use");
        assert_eq!(login.assertion_id(), format!("_assertion-{number}"));
        assert_eq!(login.session_index(), Some(&*format!("_session-{number}")));
        assert!(response.to_xml().contains(&format!(" ID=\"_response-{number}\"")));
        // The same response is the same login, however often it is written, and with whatever else in it.
        assert_eq!(claim(response).err(), Some(ReplayError::Replayed.into()));
        assert_eq!(claim(&response.clone().name_id("eve")).err(), Some(ReplayError::Replayed.into()));
    }
    assert_eq!(claim(&response(&idp).assertion_id("_assertion-1")).err(), Some(ReplayError::Replayed.into()));
    assert!(claim(&response(&idp).assertion_id("_other")).is_ok());
    // Nothing but the number makes the identifiers: another run writes the same.
    assert_eq!(response(&TestIdp::new(IDP)).to_xml(), first.to_xml());
}

#[test]
fn what_was_set_stands_in_the_login() {
    let idp = TestIdp::new(IDP);
    let name = NameId::new("<a&b>").with_format("urn:f").with_name_qualifier("n").with_sp_name_qualifier("s");
    let name = name.with_sp_provided_id("p");
    let told = response(&idp)
        .name_id(name.clone())
        .assertion_id("_mine")
        .response_id("_my-response")
        .session_index("_my-session")
        .session_not_on_or_after(at("18:00:00"))
        .authn_instant(at("09:00:00"))
        .authn_context("urn:class")
        .issue_instant(at("10:00:01"))
        .not_before(at("09:59:00"))
        .not_on_or_after(at("10:30:00"))
        .attribute("role", ["admin", "<&>"])
        .attribute("none", [""; 0])
        .signed(SignedPart::Both);
    let login = login(&told);
    assert!(login.name_id() == &name);
    assert_eq!((login.assertion_id(), login.response_id()), ("_mine", Some("_my-response")));
    assert_eq!((login.session_index(), login.session_not_on_or_after()), (Some("_my-session"), Some(at("18:00:00"))));
    assert_eq!((login.authn_instant(), login.authn_context()), (at("09:00:00"), Some("urn:class")));
    assert_eq!((login.issue_instant(), login.not_before()), (at("10:00:01"), Some(at("09:59:00"))));
    assert_eq!(login.not_on_or_after(), Some(at("10:30:00")));
    assert_eq!(login.attributes().all("role").collect::<Vec<_>>(), ["admin", "<&>"]);
    assert_eq!((login.attributes().len(), login.signatures().len()), (2, 2));
}

/// Each fault is the only one: at the time that the response is for, it is a login.
#[test]
fn a_response_of_another_time_is_a_login_then() {
    let idp = TestIdp::new(IDP);
    let verifier = verifier(connection(&idp));
    let verify = |fault, at: SystemTime| {
        let field = response(&idp).broken(fault).to_form_field();
        verifier.verify_post(&field, Expect::AnswerTo(REQUEST), at).map(|verified| verified.without_replay_protection())
    };
    let hours = |number: u32| Duration::from_secs(1800) * number;
    for (fault, code, time) in
        [(Fault::Expired, "expired", now() - hours(3)), (Fault::NotYetValid, "not_yet_valid", now() + hours(3))]
    {
        assert_eq!(verify(fault, now()).expect_err("another time").code(), code);
        let login = verify(fault, time).expect("a login");
        assert!(login.authn_instant() <= time && login.issue_instant() <= time, "{fault:?}");
    }
}

#[test]
fn the_other_key_signs_as_its_kind_does() {
    let folder = testdata("signing");
    let key = String::from_utf8(read(&folder.join("p256.pkcs8.pem"))).expect("text");
    let idp = TestIdp::with_key(IDP, &key, &read(&folder.join("p256.cert.pem"))).expect("a key");
    assert!(verify(&verifier(connection(&idp)), &response(&idp)).is_ok());
    let forged = response(&idp).broken(Fault::OtherKey);
    assert!(forged.to_xml().contains("#rsa-sha256"));
    assert_eq!(verify(&verifier(connection(&idp)), &forged).expect_err("another key").code(), "key_type_mismatch");
}

/// Whoever signs is not bound by what a verifier takes.
#[test]
fn a_response_beyond_the_limits_is_signed_all_the_same() {
    let idp = TestIdp::new(IDP);
    let groups = (0..Limits::DEFAULT.nodes).map(|number| format!("group-{number:060}"));
    let large = response(&idp).attribute("groups", groups);
    let refused = verify(&verifier(connection(&idp)), &large).expect_err("too long");
    assert_eq!(refused.code(), "too_long");
    let raised = Limits { document_bytes: 1 << 24, nodes: 1 << 20, ..Limits::DEFAULT };
    let login = verify(&verifier(connection(&idp)).limits(raised), &large).expect("a login").without_replay_protection();
    assert_eq!(login.attributes().all("groups").count(), Limits::DEFAULT.nodes);
}

#[test]
fn what_was_not_set_is_as_most_identity_providers_write_it() {
    let login = login(&response(&TestIdp::new(IDP)));
    assert!(login.name_id() == &NameId::new("test-user"));
    assert_eq!((login.issuer(), login.issue_instant(), login.authn_instant()), (IDP, now(), now()));
    assert_eq!((login.not_before(), login.not_on_or_after()), (Some(now()), Some(at("11:00:00"))));
    assert_eq!((login.session_not_on_or_after(), login.attributes().len()), (None, 0));
    assert_eq!(login.signatures().iter().map(|signature| signature.element).collect::<Vec<_>>(), ["Assertion"]);
}

#[test]
fn what_was_left_out_is_not_there() {
    let idp = TestIdp::new(IDP);
    let login = login(&response(&idp).session_index(None).not_before(None).destination(None));
    assert_eq!((login.session_index(), login.not_before()), (None, None));
    let refusal = |response: TestResponse<'_>| verify(&verifier(connection(&idp)), &response).expect_err("no login").code();
    assert_eq!(refusal(response(&idp).recipient(None)), "recipient_missing");
    assert_eq!(refusal(response(&idp).destination(None).signed(SignedPart::Response)), "destination_missing");
}

#[test]
fn a_lifetime_counts_from_the_time_of_issuing() {
    let idp = TestIdp::new(IDP);
    let end = login(&response(&idp).lifetime(Duration::from_secs(60))).not_on_or_after();
    assert_eq!(end, Some(at("10:01:00")));
}

#[test]
fn a_failure_is_reported_whatever_is_signed() {
    const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    const CANCELLED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
    let idp = TestIdp::new(IDP);
    for part in PARTS {
        let failed = response(&idp).failure(RESPONDER, CANCELLED).signed(part);
        let error = verify(&verifier(connection(&idp)), &failed).expect_err("no login");
        assert_eq!((error.stage(), error.code()), ("status", "status_not_success"));
        let [top, second] = &error.received()[..] else { panic!("two codes: {:?}", error.received()) };
        assert_eq!((top.as_str(), second.as_str()), (RESPONDER, CANCELLED));
        assert!(!failed.to_xml().contains("<saml:Assertion"));
    }
    let alone = response(&idp).failure(RESPONDER, None);
    assert_eq!(verify(&verifier(connection(&idp)), &alone).expect_err("no login").received(), [RESPONDER]);
}

#[test]
fn the_algorithms_are_those_that_were_asked_for() {
    let of_kind = |kind: &str| {
        let file = |part: &str| read(&testdata("signing").join(format!("{kind}.{part}.pem")));
        TestIdp::with_key(IDP, &String::from_utf8(file("pkcs8")).expect("text"), &file("cert")).expect("a key")
    };
    use SignatureMethod::{
        EcdsaSha256, EcdsaSha384, Ed25519, RsaPssSha256, RsaPssSha384, RsaPssSha512, RsaSha256, RsaSha384, RsaSha512,
    };
    const RSA: [SignatureMethod; 6] = [RsaSha256, RsaSha384, RsaSha512, RsaPssSha256, RsaPssSha384, RsaPssSha512];
    const ALL: [SignatureMethod; 9] =
        [RsaSha256, RsaSha384, RsaSha512, RsaPssSha256, RsaPssSha384, RsaPssSha512, EcdsaSha256, EcdsaSha384, Ed25519];
    for (idp, taken) in [
        (&TestIdp::new(IDP), &RSA[..]),
        (&of_kind("p256"), &[EcdsaSha256]),
        (&of_kind("p384"), &[EcdsaSha384]),
        (&of_kind("ed25519"), &[Ed25519]),
    ] {
        for method in taken {
            for digest in [DigestMethod::Sha256, DigestMethod::Sha384, DigestMethod::Sha512] {
                let response = response(idp).signature_method(*method).expect("a method of the key").digest_method(digest);
                let login = verify(&verifier(connection(idp)), &response).expect("a login").without_replay_protection();
                let [signature] = login.signatures() else { panic!("one signature") };
                let squeezed = |text: &str| text.replace(['-', '/', ' '], "").to_lowercase();
                let named = [signature.signature_algorithm, signature.digest_algorithm].map(squeezed);
                assert_eq!(named, [squeezed(&format!("{method:?}")), squeezed(&format!("{digest:?}"))]);
            }
        }
        for method in ALL.iter().filter(|method| !taken.contains(method)) {
            assert!(response(idp).signature_method(*method).is_none(), "{method:?}");
        }
    }
}

#[test]
fn what_needs_a_departure_is_accepted_with_it_alone() {
    let idp = TestIdp::new(IDP);
    let plain = || response(&idp);
    for (response, departure, code) in [
        (plain().digest_method(DigestMethod::Sha1), Departure::Sha1DigestForLegacyUseOnly, "digest_algorithm_refused"),
        (plain().canonicalization(Algorithm::Inclusive10), Departure::InclusiveCanonicalization, "transform_refused"),
        (plain().canonicalization(Algorithm::Inclusive11), Departure::InclusiveCanonicalization, "transform_refused"),
    ] {
        for part in PARTS {
            let response = response.clone().signed(part);
            assert!(verify(&verifier(connection(&idp).allow(departure)), &response).is_ok(), "{departure} {part:?}");
            assert_eq!(verify(&verifier(connection(&idp)), &response).expect_err("refused").code(), code);
        }
    }
}

/// Each fault is the one thing that stands in the way, whatever is signed.
#[test]
fn each_fault_is_refused_by_its_name_and_its_twin_is_accepted() {
    let idp = TestIdp::new(IDP);
    let verifier = verifier(connection(&idp));
    for part in PARTS {
        for fault in Fault::ALL {
            let genuine = response(&idp).name_id("ada@example.com").signed(part);
            assert!(verify(&verifier, &genuine).is_ok(), "{fault:?} {part:?}");
            let error = verify(&verifier, &genuine.broken(fault)).expect_err("a fault");
            assert_eq!(error.code(), fault.code(), "{fault:?} {part:?}: {error}");
        }
    }
    let codes: std::collections::BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes.len(), Fault::ALL.len(), "one fault for each refusal");
}

/// A query as [`AuthnRequest::redirect`] and other software make it.
fn query(xml: &str) -> String {
    let mut deflated = Vec::new();
    flate2::read::DeflateEncoder::new(xml.as_bytes(), flate2::Compression::default()).read_to_end(&mut deflated).expect("octets");
    let message = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, deflated);
    format!("SAMLRequest={}&RelayState=a%20b", message.replace('+', "%2B").replace('=', "%3D"))
}

#[test]
fn what_a_request_says_is_in_its_answer() {
    let idp = TestIdp::new(IDP);
    let connection = connection(&idp).single_sign_on_url("https://idp.example/sso?tenant=a").expect("a URL");
    let verifier = verifier(connection);
    let login = AuthnRequest::of(&verifier).expect("a request").relay_state("s'&").redirect(now()).expect("a URL");
    let request = TestRequest::from_query(login.url.split_once('?').expect("a query").1).expect("our own");
    assert_eq!((request.id(), request.issuer(), request.acs_url()), (login.pending.id(), SP, ACS));
    assert_eq!(request.relay_state(), Some("s'&"));

    let answer = idp.answer(&request, now()).name_id("ada@example.com");
    let expect = login.pending.expect(IDP, now()).expect("pending");
    let verified = verifier.verify_post(&answer.to_form_field(), expect, now()).expect("an answer");
    assert_eq!(verified.without_replay_protection().name_id().value, "ada@example.com");

    let page = answer.to_page();
    assert!(page.html().contains("action=\"https://sp.example/acs\""), "{}", page.html());
    assert!(page.html().contains("name=\"RelayState\" value=\"s&#39;&amp;\""), "{}", page.html());
    assert!(page.html().contains(&format!("name=\"SAMLResponse\" value=\"{}\"", answer.to_form_field())));
    assert!(!answer.relay_state(None).to_page().html().contains("RelayState"));
}

#[test]
fn only_a_request_is_answered() {
    const REQUEST: &str = "<p:AuthnRequest xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' ID='_1' \
                           AssertionConsumerServiceURL='https://sp.example/acs'>\
                           <Issuer xmlns='urn:oasis:names:tc:SAML:2.0:assertion'>urn:sp</Issuer></p:AuthnRequest>";
    let read = |xml: &str| TestRequest::from_query(&query(xml)).map_err(|error| (error.code(), error.message()));
    let request = read(REQUEST).expect("a request");
    assert_eq!((request.id(), request.issuer(), request.acs_url(), request.relay_state()), ("_1", "urn:sp", ACS, Some("a b")));
    let nobody = REQUEST.replace(">urn:sp<", "><");
    assert_eq!(read(&nobody).expect("a request").issuer(), "");

    for (from, to, code, message) in [
        ("AuthnRequest", "LogoutRequest", "unexpected_root", "the document is \"p:LogoutRequest\", not a SAML 2.0 AuthnRequest"),
        (" ID='_1'", "", "missing_attribute", "the AuthnRequest has no attribute ID"),
        (
            "AssertionConsumerServiceURL",
            "Destination",
            "missing_attribute",
            "the AuthnRequest has no attribute AssertionConsumerServiceURL",
        ),
    ] {
        assert_eq!(read(&REQUEST.replace(from, to)), Err((code, message.to_owned())));
    }
    let code = |query: &str| TestRequest::from_query(query).map_err(|error| error.code()).err();
    assert_eq!(code("RelayState=a"), Some("missing_parameter"));
    assert_eq!(code(&query(REQUEST).replace("SAMLRequest", "SAMLResponse")), Some("missing_parameter"));
    assert_eq!(code(&"x".repeat(3_000_000)), Some("too_long"));
}

#[test]
fn a_fault_is_found_by_its_code() {
    for fault in Fault::ALL {
        assert_eq!(Fault::of_code(fault.code()), Some(fault));
    }
    assert_eq!((Fault::of_code(""), Fault::of_code("EXPIRED")), (None, None));
    let idp = TestIdp::new(IDP);
    let keys = TrustedKeys::from_pem(idp.certificate()).expect("a certificate");
    assert_eq!(format!("{keys:?}"), format!("{:?}", idp.trusted_keys()));
}

/// Its side of single logout: it asks and answers by the binding that the service takes, and takes genuine messages alone.
#[test]
fn it_takes_part_in_single_logout() {
    use saml_verify::logout::{Delivered, LogoutVerifier, Outgoing, OutgoingRequest, OutgoingResponse, Session};
    use saml_verify::{NameId, SigningKey};

    let (idp, sp) = (TestIdp::new("urn:idp"), ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service"));
    let folder = common::testdata("signing");
    let key = SigningKey::from_pem(common::read(&folder.join("rsa2048.pkcs8.pem"))).expect("a key");
    let stranger = SigningKey::from_pem(common::read(&folder.join("p256.pkcs8.pem"))).expect("a key");
    let keys = || TrustedKeys::from_pem(common::read(&folder.join("rsa2048.cert.pem"))).expect("a certificate");
    let known = |sp_url: Option<&str>, post: bool| {
        let known = IdentityProvider::new("urn:sp", keys()).expect("a service");
        match sp_url {
            Some(url) if post => known.single_logout_post_url(url).expect("a URL"),
            Some(url) => known.single_logout_url(url).expect("a URL"),
            None => known,
        }
    };
    let trusted = IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider");
    let trusted = trusted.single_logout_url("https://idp.example/slo").expect("a URL");
    let verifier = LogoutVerifier::new(&sp, trusted.clone(), "https://sp.example/slo").expect("a verifier");
    assert!(idp.single_logout("https://idp.example/slo", known(None, false)).is_err());

    for post in [false, true] {
        let logout = idp.single_logout("https://idp.example/slo", known(Some("https://sp.example/slo"), post)).expect("a side");
        assert_eq!(logout.ask(now()), None);
        logout.log_in("ada", "_s1");
        logout.log_in("ada", "_s2");
        logout.log_in("bob", None);
        assert_eq!(logout.sessions(), 3);

        // We ask: the session of that index ends.
        let session = Session::new("urn:idp", NameId::new("ada"), Some("_s1".to_owned()));
        let query = |key| {
            let url = OutgoingRequest::new(&sp, &trusted, &session, key).expect("a request").redirect(now()).expect("a URL").url;
            url.split_once('?').expect("a query").1.to_owned()
        };
        let refused = logout.receive(Delivered::Redirect(&query(&stranger)), "", now()).expect_err("of a stranger");
        assert_eq!((refused.code(), logout.sessions()), ("key_type_mismatch", 3));
        let answer = logout.receive(Delivered::Redirect(&query(&key)), "r", now()).expect("accepted").expect("an answer");
        assert_eq!((matches!(answer, Outgoing::Post(_)), logout.sessions()), (post, 2));

        // It asks: the last session ends, and our answer is the end of it.
        let sent = logout.ask(now()).expect("bob is logged in");
        let taken = with_delivered(&sent, |delivered| verifier.verify_request(delivered, now())).expect("signed");
        let request = taken.without_replay_protection();
        assert_eq!((request.name_id().value.as_str(), request.session_indexes().len(), logout.sessions()), ("bob", 0, 1));
        let answer = OutgoingResponse::new(&sp, &trusted, &request, &key).expect("an answer").redirect(now()).expect("a URL");
        let answer = answer.split_once('?').expect("a query").1;
        // What is no answer ends nothing: a text that is no message, and a request of a stranger.
        for (other, code) in
            [(Delivered::Post("?"), "invalid_base64"), (Delivered::Redirect(&query(&stranger)), "key_type_mismatch")]
        {
            assert_eq!(logout.receive(other, "", now()).expect_err("no answer").code(), code);
        }
        assert_eq!(logout.receive(Delivered::Redirect(answer), "", now()), Ok(None));
        assert_eq!(logout.receive(Delivered::Redirect(answer), "", now()).expect_err("once").code(), "missing_parameter");
    }
}

/// A message as a browser brings it.
fn with_delivered<T>(sent: &saml_verify::logout::Outgoing, take: impl FnOnce(saml_verify::logout::Delivered<'_>) -> T) -> T {
    use saml_verify::logout::{Delivered, Outgoing};
    match sent {
        Outgoing::Redirect(url) => take(Delivered::Redirect(url.split_once('?').expect("a query").1)),
        Outgoing::Post(page) => {
            let (_, rest) = page.html().split_once("name=\"SAMLRequest\" value=\"").expect("a field");
            take(Delivered::Post(rest.split('"').next().expect("a value")))
        }
    }
}
