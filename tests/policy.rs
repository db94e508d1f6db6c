//! What a verifier was told decides: which parts are signed, by whom, for whom, when. With genuine signatures.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use common::posted::{Posted, posted};
use common::{read, testdata};
use saml_verify::canonical::Algorithm;
use saml_verify::internals::{ValueVerdict, sign, verify_value};
use saml_verify::test_idp::{TestIdp, TestResponse};
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{
    AlgorithmRefusal, AlgorithmRole, AsyncReplayStore, Certificate, CertificateError, Clues, ConfigError, ConstraintError,
    Departure, Error, Expect, ExpiredCertificate, Fingerprints, IdentityProvider, InProcessReplayStore, Limits, Login,
    OtherIssuer, ReplayError, ReplayFuture, ReplayKey, ReplayStore, ReportOutcome, ServiceProvider, SignatureError, SignedPart,
    TrustedKey, TrustedKeys, Verifier, Warning, XmlErrorKind, peek_issuer,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_request";
const USER: &str = "ada@example.com";

const AFTER_ISSUER: &str = "</saml:Issuer>";

fn at(time: &str) -> SystemTime {
    parse_rfc3339(&format!("2027-03-03T{time}Z")).expect("a time")
}

/// When the messages are issued; they are valid for an hour.
fn issued() -> SystemTime {
    at("10:00:00")
}

/// When they are verified.
fn now() -> SystemTime {
    at("10:30:00")
}

fn response(idp: &TestIdp) -> TestResponse<'_> {
    // Tests that edit the document know its identifiers.
    let response = idp.response(SP, ACS, issued()).in_response_to(REQUEST).name_id(USER);
    response.assertion_id("_assertion").response_id("_response").session_index("_session")
}

fn service_provider() -> ServiceProvider {
    ServiceProvider::new(SP, ACS).expect("a service provider")
}

fn connection(entity_id: &str, keys: TrustedKeys) -> IdentityProvider {
    IdentityProvider::new(entity_id, keys).expect("an identity provider")
}

/// Without clock skew.
fn verifier() -> Verifier {
    let verifier = Verifier::new(service_provider(), connection(IDP, TestIdp::new(IDP).trusted_keys()));
    verifier.clock_skew(Duration::ZERO).expect("a skew within bounds")
}

fn verify(verifier: &Verifier, xml: &str) -> Result<Login, Error> {
    verify_at(verifier, xml, now())
}

fn verify_at(verifier: &Verifier, xml: &str, now: SystemTime) -> Result<Login, Error> {
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now);
    verified.map(|verified| verified.without_replay_protection())
}

fn replaced(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "{from}");
    xml.replace(from, to)
}

/// A message of which a passage behind the Issuer of the Assertion is replaced before that is signed.
fn signed_with(from: &str, to: &str) -> String {
    let idp = TestIdp::new(IDP);
    let genuine = response(&idp).to_xml();
    let (before, rest) = genuine.split_once("<ds:Signature ").expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    let after = replaced(after, from, to);
    let signature = sign(&idp, &format!("{before}{after}"), "_assertion", Algorithm::Exclusive10, "");
    format!("{before}{signature}{after}")
}

/// A message that is changed anywhere in the Assertion or before it, and then signed.
fn signed_as(change: impl Fn(&str) -> String) -> String {
    let idp = TestIdp::new(IDP);
    let genuine = response(&idp).to_xml();
    let (before, rest) = genuine.split_once("<ds:Signature ").expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    let changed = change(&format!("{before}{after}"));
    let signature = sign(&idp, &changed, "_assertion", Algorithm::Exclusive10, "");
    let place = changed.rfind(AFTER_ISSUER).expect("the Issuer of the Assertion") + AFTER_ISSUER.len();
    format!("{}{signature}{}", &changed[..place], &changed[place..])
}

fn allowing(departure: Departure) -> Verifier {
    let idp = connection(IDP, TestIdp::new(IDP).trusted_keys()).allow(departure);
    Verifier::new(service_provider(), idp).clock_skew(Duration::ZERO).expect("a skew within bounds")
}

fn outcome(verifier: &Verifier, xml: &str) -> Result<String, &'static str> {
    verify(verifier, xml).map(|login| login.name_id().value.clone()).map_err(|error| error.code())
}

/// A confirmation may then have a start, which is checked; what else is checked of it, and what is signed, stays so.
#[test]
fn a_confirmation_that_begins_needs_its_departure_and_gets_no_more() {
    const DATA: &str = "<saml:SubjectConfirmationData ";
    let begins = |time: &str| format!("{DATA}NotBefore=\"2027-03-03T{time}Z\" ");
    let lenient = allowing(Departure::ConfirmationNotBefore);
    let signed = signed_with(DATA, &begins("10:30:00"));
    assert_eq!(outcome(&verifier(), &signed), Err("confirmation_not_before"));
    assert_eq!(outcome(&lenient, &signed), Ok(USER.to_owned()));
    let end = |xml: &str| replaced(xml, "NotOnOrAfter=\"2027-03-03T11:00:00.000Z\" Recipient", "Recipient");
    let ends = |time: &str| format!("NotOnOrAfter=\"2027-03-03T{time}Z\" Recipient");
    for (attack, code) in [
        (signed_with(DATA, &begins("10:30:01")), "not_yet_valid"),
        (signed_with(DATA, &begins("soon")), "invalid_time"),
        (replaced(&response(&TestIdp::new(IDP)).to_xml(), DATA, &begins("10:00:00")), "digest_mismatch"),
        (replaced(&signed_with(DATA, &begins("10:30:01")), "10:30:01", "10:00:00"), "digest_mismatch"),
        (signed_as(|xml| end(&replaced(xml, DATA, &begins("10:00:00")))), "confirmation_expiry_missing"),
        (signed_as(|xml| replaced(&end(&replaced(xml, DATA, &begins("10:00:00"))), "Recipient", &ends("10:30:00"))), "expired"),
    ] {
        assert_eq!(outcome(&lenient, &attack), Err(code), "{attack}");
    }
}

/// Any Format may then stand on the Issuer of the Response; who it is, and the Issuer of the Assertion, are judged as before.
#[test]
fn the_format_of_an_issuer_needs_its_departure_and_gets_no_more() {
    use SignedPart::Response;
    const ISSUER: &str = "<saml:Issuer>";
    const FORMATTED: &str = "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">";
    let genuine = response(&TestIdp::new(IDP)).to_xml();
    let of_response = |xml: &str| xml.replacen(ISSUER, FORMATTED, 1);
    let of_assertion = |xml: &str| {
        let place = xml.rfind(ISSUER).expect("an Issuer");
        format!("{}{FORMATTED}{}", &xml[..place], &xml[place + ISSUER.len()..])
    };
    let lenient = allowing(Departure::IssuerFormat);
    assert_eq!(outcome(&verifier(), &of_response(&genuine)), Err("issuer_format"));
    assert_eq!(outcome(&lenient, &of_response(&genuine)), Ok(USER.to_owned()));
    // What names no format needs none.
    let namespace = FORMATTED.replace("1.1:nameid-format:unspecified", "2.0:assertion");
    assert_eq!(outcome(&verifier(), &genuine.replacen(ISSUER, &namespace, 1)), Ok(USER.to_owned()));
    let foreign = format!("{FORMATTED}{IDP}");
    let whole = response(&TestIdp::new(IDP)).signed(Response).to_xml();
    for (attack, code) in [
        (of_response(&genuine).replacen(&foreign, &format!("{FORMATTED}urn:evil"), 1), "issuer_mismatch"),
        (of_response(&genuine).replacen(&foreign, &format!("{FORMATTED}{}", IDP.to_uppercase()), 1), "issuer_mismatch"),
        (signed_as(of_assertion), "issuer_format"),
        (signed_as(|xml| of_assertion(&of_response(xml))), "issuer_format"),
        (of_assertion(&genuine), "digest_mismatch"),
        (of_response(&whole), "digest_mismatch"),
    ] {
        assert_eq!(outcome(&lenient, &attack), Err(code), "{attack}");
    }
}

#[test]
fn a_login_that_only_the_skew_lets_in_is_told_with_the_difference() {
    let skewed = verifier().clock_skew(Duration::from_secs(60)).expect("a skew within bounds");
    let xml = response(&TestIdp::new(IDP)).to_xml();
    assert_eq!(verify_at(&skewed, &xml, issued()).expect("a login").warnings(), []);
    let login = verify_at(&skewed, &xml, at("09:59:59.500")).expect("a login");
    let told: Vec<_> = login.warnings().iter().map(ToString::to_string).collect();
    assert!(login.warnings().iter().all(|warning| warning.code() == "clock_skew_used"));
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(
        told[2],
        "the NotBefore of the Conditions is 2027-03-03T10:00:00.000Z, and it is 2027-03-03T09:59:59.500Z: 500 ms apart, accepted only \
         because of the allowed clock skew of 60 s; set the clocks of both sides by NTP"
    );
    let login = verify_at(&skewed, &xml, at("11:00:00")).expect("a login");
    let names = login.warnings().iter().map(|warning| match warning {
        Warning::ClockSkewUsed { name, difference, .. } => (*name, *difference),
        other => panic!("{other}"),
    });
    let ends = ["NotOnOrAfter of the SubjectConfirmationData", "NotOnOrAfter of the Conditions"];
    assert_eq!(names.collect::<Vec<_>>(), ends.map(|name| (name, Duration::ZERO)));
}

fn elements(login: &Login) -> Vec<&'static str> {
    login.signatures().iter().map(|signature| signature.element).collect()
}

fn other_idp(entity_id: &str) -> TestIdp {
    common::signer(entity_id, "auth0/keys/idp-next-rsa2048")
}

/// As errors name them.
fn named(keys: &TrustedKeys) -> Vec<Fingerprints> {
    keys.iter().map(Into::into).collect()
}

fn certificate(keys: &TrustedKeys) -> &Certificate {
    keys.iter().next().and_then(TrustedKey::certificate).expect("a certificate")
}

fn fingerprint(keys: &TrustedKeys) -> String {
    certificate(keys).sha256_fingerprint().to_owned()
}

#[test]
fn what_is_required_is_signed() {
    use SignedPart::{Assertion, Both, Either, Response};
    let idp = TestIdp::new(IDP);
    for (signed, names) in
        [(Assertion, &["Assertion"][..]), (Response, &["Response"]), (Both, &["Response", "Assertion"]), (Either, &["Assertion"])]
    {
        let xml = response(&idp).signed(signed).to_xml();
        for (required, needed) in
            [(Either, &[][..]), (Response, &["Response"]), (Assertion, &["Assertion"]), (Both, &["Response", "Assertion"])]
        {
            let verdict = verify(&verifier().require_signed(required), &xml).map(|login| elements(&login));
            let expected = match needed.iter().find(|element| !names.contains(element)) {
                None => Ok(names.to_vec()),
                Some(element) => Err(SignatureError::RequiredSignatureMissing { element }.into()),
            };
            assert_eq!(verdict, expected, "{signed:?}, {required:?} required");
        }
    }
}

/// What each signature protects, by what can be changed after it was made.
#[test]
fn what_is_signed_cannot_be_changed() {
    use SignedPart::{Assertion, Both, Response};
    let idp = TestIdp::new(IDP);
    let mismatch = |element| Err(Error::from(SignatureError::DigestMismatch { element, clues: Box::default() }));
    for (signed, from, to, outcome) in [
        (Assertion, ACS, ACS, Ok(USER)),
        (Response, ACS, ACS, Ok(USER)),
        (Both, ACS, ACS, Ok(USER)),
        (Assertion, "<samlp:Status>", "<samlp:Extensions/><samlp:Status>", Ok(USER)),
        (Response, "<samlp:Status>", "<samlp:Extensions/><samlp:Status>", mismatch("Response")),
        (Both, "<samlp:Status>", "<samlp:Extensions/><samlp:Status>", mismatch("Response")),
        (Assertion, USER, "eve@example.com", mismatch("Assertion")),
        (Response, USER, "eve@example.com", mismatch("Response")),
        (Both, USER, "eve@example.com", mismatch("Response")),
    ] {
        let xml = replaced(&response(&idp).signed(signed).to_xml(), from, to);
        let login = verify(&verifier(), &xml);
        assert_eq!(login.as_ref().map(|login| login.name_id().value.as_str()), outcome.as_ref().copied(), "{signed:?} {to}");
    }
}

/// The ID of an unsigned Response is whatever its sender likes.
#[test]
fn an_unsigned_envelope_lends_a_login_nothing() {
    let idp = TestIdp::new(IDP);
    let xml = replaced(&response(&idp).to_xml(), "\"_response\"", "\"_changed\"");
    let login = verify(&verifier(), &xml).expect("a login");
    assert_eq!((login.response_id(), login.assertion_id(), login.issuer()), (None, "_assertion", IDP));
    assert_eq!((login.in_response_to(), login.issue_instant()), (Some(REQUEST), issued()));
}

/// A genuine signature of the one part makes up for none of the other.
#[test]
fn every_signature_there_is_must_verify() {
    let idp = TestIdp::new(IDP);
    let forged = replaced(&response(&idp).to_xml(), USER, "eve@example.com");
    let genuine = response(&idp).to_xml();
    let mismatch = Err(SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() }.into());
    for (xml, outcome) in [(genuine, Ok(vec!["Response", "Assertion"])), (forged, mismatch)] {
        let signature = sign(&idp, &xml, "_response", Algorithm::Exclusive10, "");
        let both = xml.replacen(AFTER_ISSUER, &format!("{AFTER_ISSUER}{signature}"), 1);
        assert_eq!(verify(&verifier(), &both).map(|login| elements(&login)), outcome);
    }
}

/// Changes to a genuine message after signing, of which there is no vector: THREATS XSW-10, FRAGILE-VOID, REF-2, REF-7, TRF-2.
#[test]
fn a_signature_outside_the_profile_is_refused_and_what_it_hides_is_not_read() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    let malformed = |reason| Err(SignatureError::Malformed { reason }.into());
    let mismatch = |uri: &str| {
        Err(SignatureError::ReferenceMismatch { expected: "#_assertion".into(), received: Some(uri.into()), departure: None }
            .into())
    };
    let no_form =
        || Err(SignatureError::NotCanonicalizable { reason: "a namespace name in the document is a relative reference" }.into());
    let forged = "<saml:Assertion><saml:Subject><saml:NameID>eve@example.com</saml:NameID></saml:Subject></saml:Assertion>";
    let end = "</ds:Signature>";
    let assertion = "<saml:Assertion ";
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    let xpath = "http://www.w3.org/2002/06/xmldsig-filter2";
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    let behind_info = "</ds:SignedInfo>";
    for (from, to, outcome) in [
        (end, format!("<ds:KeyInfo>{forged}</ds:KeyInfo>{end}"), Ok(USER)),
        (
            end,
            format!("<ds:Object>{forged}</ds:Object>{end}"),
            malformed("a child of Signature that is not SignedInfo, SignatureValue or KeyInfo"),
        ),
        ("</ds:SignatureValue>", format!("{forged}</ds:SignatureValue>"), malformed("a SignatureValue that is not just text")),
        (assertion, format!("{assertion}xmlns:x=\"urn:x\" "), Ok(USER)),
        (assertion, format!("{assertion}xmlns:x=\"x\" x:x=\"\" "), no_form()),
        ("<ds:SignedInfo ", "<ds:SignedInfo xmlns:x=\"x\" x:x=\"\" ".to_owned(), no_form()),
        ("#_assertion", "#_assertion' or '1'='1".to_owned(), mismatch("#_assertion' or '1'='1")),
        ("#_assertion", "#_response".to_owned(), mismatch("#_response")),
        (
            "<ds:Reference ",
            "<ds:Reference Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\" ".to_owned(),
            malformed("a Reference with a Type"),
        ),
        (exclusive, format!("<ds:Transform Algorithm=\"{enveloped}\"/>"), malformed("the enveloped-signature transform twice")),
        (
            exclusive,
            String::new(),
            malformed("no canonicalization transform, which means Canonical XML 1.0, and that is not allowed"),
        ),
        (behind_info, format!("{behind_info} <!-- x -->\n"), Ok(USER)),
        (behind_info, format!("{behind_info}x"), malformed("text or a processing instruction between its elements")),
        (behind_info, format!("{behind_info}<?x?>"), malformed("text or a processing instruction between its elements")),
        (
            enveloped,
            xpath.to_owned(),
            Err(SignatureError::Algorithm {
                role: AlgorithmRole::Transform,
                identifier: xpath.into(),
                refusal: AlgorithmRefusal::Unsuitable,
                accepted: vec![enveloped],
            }
            .into()),
        ),
    ] {
        let login = verify(&verifier(), &replaced(&xml, from, &to));
        assert_eq!(login.as_ref().map(|login| login.name_id().value.as_str()), outcome.as_ref().copied(), "{to}");
    }
}

/// A genuine signature of a logout message under the same ID lends an assertion nothing: THREATS EXC-5.
#[test]
fn a_signature_borrowed_from_another_message_is_refused() {
    let idp = TestIdp::new(IDP);
    let xml = response(&idp).to_xml();
    let (before, rest) = xml.split_once("<ds:Signature ").expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    let logout =
        "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_assertion\"></samlp:LogoutResponse>";
    let own = format!("{before}{after}");
    for (signed, outcome) in [
        (own.as_str(), None),
        (logout, Some(SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() }.into())),
    ] {
        let signature = sign(&idp, signed, "_assertion", Algorithm::Exclusive10, "");
        assert_eq!(verify(&verifier(), &format!("{before}{signature}{after}")).err(), outcome);
    }
}

/// A public key of small order makes one signature that holds for every eighth message, at least: it takes no private key to sign.
#[test]
fn a_key_that_takes_no_private_key_is_none() {
    const EDDSA: &str = "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519";
    let point = |first: u8, middle: u8, last: u8| {
        let mut octets = [middle; 32];
        (octets[0], octets[31]) = (first, last);
        octets
    };
    let of_order_8 = |hexadecimal: &str| {
        let octet = |at: usize| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).expect("an octet");
        std::array::from_fn(octet)
    };
    let forged = [&point(1, 0, 0)[..], &[0; 32]].concat();
    for (public, weak) in [
        (point(0x58, 0x66, 0x66), false), // the base point
        (point(1, 0, 0), true),
        (point(0xEC, 0xFF, 0x7F), true),
        (point(0, 0, 0), true),
        (point(0, 0, 0x80), true),
        (of_order_8("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), true),
        (of_order_8("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"), true),
        (of_order_8("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), true),
        (of_order_8("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"), true),
        // The same in encodings that are not the shortest.
        (point(1, 0, 0x80), true),
        (point(0xEC, 0xFF, 0xFF), true),
        (point(0xED, 0xFF, 0x7F), true),
        (point(0xED, 0xFF, 0xFF), true),
        (point(0xEE, 0xFF, 0x7F), true),
        (point(0xEE, 0xFF, 0xFF), true),
    ] {
        let info = [&[0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0], &public[..]].concat();
        match TrustedKeys::from_pem(&info) {
            Ok(keys) => {
                let key = keys.iter().next().expect("a key");
                let holds = |message: u8| verify_value(key, EDDSA, &[message], &forged) == ValueVerdict::Valid;
                assert_eq!((weak, (0..=255).any(holds)), (false, false), "{public:02x?}");
            }
            Err(error) => {
                let reason = "an Ed25519 point of small order, for which anybody can sign";
                assert_eq!((weak, error), (true, CertificateError::MalformedKey { reason }), "{public:02x?}");
            }
        }
    }
}

/// The cube root of a block with garbage behind the digest is no signature of a key with exponent 3: THREATS RSA-1.
#[test]
fn a_padded_block_is_compared_to_its_end() {
    let key = TrustedKeys::from_pem(read(&testdata("attacks/certs/idp-e3.pem"))).expect("a certificate");
    let key = key.iter().next().expect("a key");
    let root: Vec<u8> = CUBE_ROOT.as_bytes().chunks(2).map(hex_byte).collect();
    let value: Vec<u8> = std::iter::repeat_n(0, 256 - root.len()).chain(root).collect();
    let method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    assert_eq!(verify_value(key, method, b"saml-verify", &value), ValueVerdict::Invalid);
    // The same key signed this one.
    assert!(Posted::attack("ok-rsa-e3-genuine").verify().is_ok());
}

fn hex_byte(digits: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(digits).expect("digits"), 16).expect("digits")
}

/// Its cube begins with `00 01 FF … FF 00`, DigestInfo and the SHA-256 digest of `saml-verify`, 8 bytes of padding in all.
const CUBE_ROOT: &str = "\
    32cbfd4a7adc7905583d767520f51640759176d37826f2ef63ae3dc7aacb9241f59c686ec0dcf32eea435623d18b532c20d6\
    63233ae5bb0b9d65bcb6d488b16305f5b9f7dfa4155816231103e36a430f74577313b3";

#[test]
fn certificates_outside_their_validity_are_judged_by_the_policy() {
    use ExpiredCertificate::{Ignore, Refuse, Warn};
    for posted in [Posted::auth0("a-cert-expired"), Posted::attack("cert-expired"), Posted::attack("cert-future")] {
        let certificate = certificate(&posted.keys);
        let validity =
            format!("from {} until {}", format_rfc3339(certificate.not_before()), format_rfc3339(certificate.not_after()));
        let warning =
            || Warning::CertificateNotValid { sha256: certificate.sha256_fingerprint().to_owned(), validity: validity.clone() };
        let error = || SignatureError::CertificateNotValid { validity: validity.clone(), now: format_rfc3339(posted.now) };
        for (policy, outcome) in [(Ignore, Ok(vec![])), (Warn, Ok(vec![warning()])), (Refuse, Err(error().into()))] {
            let verdict = posted.verify_by(&posted.verifier.clone().expired_certificate(policy));
            let warnings = verdict.map(|verified| verified.without_replay_protection().warnings().to_vec());
            assert_eq!(warnings, outcome, "{} {policy:?}", posted.name);
        }
        let default = posted.verify().expect("a login").without_replay_protection();
        assert_eq!(default.warnings(), [warning()], "{}", posted.name);
    }
    let valid = verify(&verifier().expired_certificate(Refuse), &response(&TestIdp::new(IDP)).to_xml()).expect("a login");
    assert_eq!(valid.warnings(), []);
}

#[test]
fn a_failure_says_whether_the_identity_provider_signed_it() {
    for (id, signed) in [("a-err-signed", true), ("a-err-responder-message", false)] {
        let Err(Error::Status(status)) = Posted::auth0(id).verify() else { panic!("{id}: no status") };
        assert_eq!((status.signed, status.code.as_str()), (signed, "urn:oasis:names:tc:SAML:2.0:status:Responder"), "{id}");
    }
    let mut changed = Posted::auth0("a-err-signed");
    let xml = replaced(&changed.xml().expect("XML"), "unauthorized", "call +1 555 0100");
    changed.field = encoded(&xml);
    assert_eq!(
        changed.verify().err(),
        Some(SignatureError::DigestMismatch { element: "Response", clues: Box::default() }.into())
    );
}

fn encoded(xml: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(xml)
}

/// Each identity provider speaks under its own name and with its own keys: THREATS KEY-3.
#[test]
fn keys_are_bound_to_entity_ids() {
    let (one, two) = (TestIdp::new("urn:one"), other_idp("urn:two"));
    // Names and keys crossed.
    let (two_with_key_of_one, one_with_key_of_two) = (TestIdp::new("urn:two"), other_idp("urn:one"));
    let keys = |idp: &TestIdp| idp.trusted_keys();
    let only_one = Verifier::new(service_provider(), connection("urn:one", keys(&one)));
    let both = only_one.clone().with_identity_provider(connection("urn:two", keys(&two))).expect("two of them");
    let untrusted = |trusted, claimed: Option<&str>| {
        let mut clues = Box::<Clues>::default();
        clues.other_issuer = claimed.map(|claimed| OtherIssuer { claimed: claimed.into(), configured: "urn:one".to_owned() });
        Err(SignatureError::UntrustedKey { shown: None, trusted: named(&keys(trusted)), clues }.into())
    };
    let wrong_issuer = |element, expected: &[&str], received: &str| {
        let expected = expected.iter().map(|&one| one.to_owned()).collect();
        Err(ConstraintError::IssuerMismatch { element, expected, received: received.into() }.into())
    };
    for (name, verifier, idp, outcome) in [
        ("one at one", &only_one, &one, Ok("urn:one")),
        ("one at both", &both, &one, Ok("urn:one")),
        ("two at both", &both, &two, Ok("urn:two")),
        ("two at one", &only_one, &two, untrusted(&one, Some("urn:two"))),
        ("the right key under another name", &only_one, &two_with_key_of_one, wrong_issuer("Response", &["urn:one"], "urn:two")),
        ("one as two", &both, &two_with_key_of_one, untrusted(&two, None)),
        ("two as one", &both, &one_with_key_of_two, untrusted(&one, None)),
        ("a third", &both, &TestIdp::new("urn:three"), wrong_issuer("Assertion", &["urn:one", "urn:two"], "urn:three")),
    ] {
        let login = verify(verifier, &response(idp).to_xml());
        assert_eq!(login.as_ref().map(Login::issuer), outcome.as_ref().copied(), "{name}");
    }
}

/// Tenants behind one key are told apart by name alone, in both places of the name.
#[test]
fn a_shared_key_does_not_mix_tenants() {
    let (one, two) = (TestIdp::new("urn:one"), TestIdp::new("urn:two"));
    let verifier = Verifier::new(service_provider(), connection("urn:one", one.trusted_keys()));
    let verifier = verifier.with_identity_provider(connection("urn:two", two.trusted_keys())).expect("two of them");
    let xml = response(&one).to_xml();
    assert_eq!(verify(&verifier, &response(&two).to_xml()).expect("a login").issuer(), "urn:two");
    // The envelope is not signed, and claims to be from the other tenant.
    let crossed = xml.replacen("urn:one", "urn:two", 1);
    let mismatch =
        ConstraintError::IssuerMismatch { element: "Response", expected: vec!["urn:one".to_owned()], received: "urn:two".into() };
    assert_eq!(verify(&verifier, &crossed).err(), Some(mismatch.into()));
    assert_eq!(verify(&verifier, &xml).expect("a login").issuer(), "urn:one");
}

/// A claimed name chooses the verifier, and is then held against the signature.
#[test]
fn a_peeked_issuer_is_believed_for_routing_alone() {
    let (one, two) = (TestIdp::new("urn:one"), other_idp("urn:two"));
    let tenants = [("urn:one", &one), ("urn:two", &two)]
        .map(|(name, idp)| Verifier::new(service_provider(), connection(name, idp.trusted_keys())));
    let route = |field: &str| match peek_issuer(field, &Limits::DEFAULT).expect("an issuer").claimed_entity_id() {
        "urn:one" => 0,
        "urn:two" => 1,
        other => panic!("{other}"),
    };
    for (idp, place) in [(&one, 0), (&two, 1)] {
        let field = response(idp).to_form_field();
        assert_eq!(route(&field), place);
        assert!(tenants[place].verify_post(&field, Expect::AnswerTo(REQUEST), now()).is_ok());
    }
    let forged = encoded(&response(&one).to_xml().replace("urn:one", "urn:two"));
    assert_eq!(route(&forged), 1);
    let error = tenants[1].verify_post(&forged, Expect::AnswerTo(REQUEST), now()).expect_err("a forgery");
    assert_eq!(error.code(), "untrusted_key");
}

#[test]
fn a_service_may_have_several_urls_and_names() {
    let idp = TestIdp::new(IDP);
    let old_url = "https://old.example/acs";
    let old_name = "urn:test:sp:old";
    let moved = service_provider().also_accepting_acs_url(old_url).expect("a URL").also_accepting_audience(old_name);
    let moved = Verifier::new(moved.expect("an entity ID"), connection(IDP, idp.trusted_keys()));
    for (audience, acs_url, before, after) in [
        (SP, ACS, Ok(()), Ok(())),
        (old_name, ACS, Err("audience_mismatch"), Ok(())),
        (SP, old_url, Err("destination_mismatch"), Ok(())),
        (old_name, old_url, Err("destination_mismatch"), Ok(())),
        ("urn:test:sp:", ACS, Err("audience_mismatch"), Err("audience_mismatch")),
        (SP, "https://old.example/acs/", Err("destination_mismatch"), Err("destination_mismatch")),
    ] {
        let xml = idp.response(audience, acs_url, issued()).in_response_to(REQUEST).to_xml();
        for (verifier, outcome) in [(&verifier(), before), (&moved, after)] {
            let verdict = verify(verifier, &xml).map(|_| ()).map_err(|error| error.code());
            assert_eq!(verdict, outcome, "{audience} {acs_url}");
        }
    }
}

#[test]
fn a_login_says_which_of_the_trusted_keys_signed() {
    let (current, next) = (TestIdp::new(IDP), other_idp(IDP));
    let keys = current.trusted_keys().and(next.trusted_keys()).expect("two keys");
    let rotating = Verifier::new(service_provider(), connection(IDP, keys));
    for idp in [&current, &next] {
        let login = verify(&rotating, &response(idp).to_xml()).expect("a login");
        assert_eq!(
            login.signatures()[0].key.certificate().expect("a certificate").sha256_fingerprint(),
            fingerprint(&idp.trusted_keys())
        );
    }
    assert_eq!(verify(&verifier(), &response(&next).to_xml()).expect_err("a new key").code(), "untrusted_key");
    let posted = Posted::auth0("a-rotation-next-key-trusted");
    let next = TrustedKeys::from_pem(read(&testdata("auth0/keys/idp-next-rsa2048.pem"))).expect("a certificate");
    let login = posted.verify().expect("a login").without_replay_protection();
    assert_eq!(login.signatures()[0].key.certificate().expect("a certificate").sha256_fingerprint(), fingerprint(&next));
}

/// A public key without a certificate signs as one with it; no policy on validity speaks against it.
#[test]
fn a_public_key_alone_is_trusted() {
    let file = |name: &str| read(&testdata(name));
    let key = String::from_utf8(file("auth0/keys/idp-rsa2048.key")).expect("text");
    let idp = TestIdp::with_key(IDP, &key, &file("auth0/keys/idp-rsa2048.pem")).expect("a key");
    let bare = TrustedKeys::from_pem(file("keys/verify/idp-rsa2048-public-key.pem")).expect("a public key");
    let trusting = |keys: &TrustedKeys| Verifier::new(service_provider(), connection(IDP, keys.clone()));
    let (with, without) = (trusting(&idp.trusted_keys()), trusting(&bare));
    let xml = response(&idp).to_xml();
    let before_its_certificate = parse_rfc3339("2025-03-03T10:00:00Z").expect("a time");
    assert!(certificate(&idp.trusted_keys()).not_before() > before_its_certificate, "the fixture is younger");
    for policy in [ExpiredCertificate::Ignore, ExpiredCertificate::Warn, ExpiredCertificate::Refuse] {
        let login = verify(&without.clone().expired_certificate(policy), &xml).expect("a login");
        assert_eq!((login.signatures()[0].key.certificate(), login.warnings()), (None, &[][..]), "{policy:?}");
        assert_eq!(Some(&login.signatures()[0].key), bare.iter().next());
    }
    let login = verify(&with, &xml).expect("a login");
    let signer = &login.signatures()[0].key;
    assert!(signer.certificate().is_some());
    assert_eq!(Some(signer.spki_sha256_fingerprint()), bare.iter().next().map(TrustedKey::spki_sha256_fingerprint));

    let error = verify(&without, &response(&other_idp(IDP)).to_xml()).expect_err("another key");
    let shown = format!("public key {}", signer.spki_sha256_fingerprint());
    assert_eq!((error.code(), error.expected()), ("untrusted_key", vec![shown]));
}

#[test]
fn a_verifier_tells_what_it_was_told() {
    use ExpiredCertificate::{Refuse, Warn};
    let idp = TestIdp::new(IDP);
    let plain = Verifier::new(service_provider(), connection(IDP, idp.trusted_keys()));
    assert_eq!(plain.service_provider().entity_id(), SP);
    let [only] = plain.identity_providers() else { panic!("one identity provider") };
    assert_eq!((only.entity_id(), only.trusted_keys(), only.departures().count()), (IDP, &idp.trusted_keys(), 0));
    assert_eq!((plain.allowed_clock_skew(), plain.expired_certificate_policy()), (Duration::from_secs(180), Warn));
    assert_eq!((plain.message_limits(), plain.required_signature()), (&Limits::DEFAULT, SignedPart::Either));
    assert_eq!((plain.required_authn_contexts(), plain.allowed_authentication_age()), (&[][..], None));

    let limits = Limits { depth: 12, ..Limits::DEFAULT };
    let age = Duration::from_secs(3600);
    let departures = [Departure::Sha1DigestForLegacyUseOnly, Departure::SignaturePosition];
    let second = departures.into_iter().rev().fold(connection("urn:second", idp.trusted_keys()), IdentityProvider::allow);
    let told = plain.with_identity_provider(second).expect("another entity ID");
    let told = told.clock_skew(Duration::from_secs(7)).expect("a skew within bounds").limits(limits);
    let told = told.expired_certificate(Refuse).require_signed(SignedPart::Both).max_authentication_age(age);
    let told = told.require_authn_context(["urn:class"]).expect("a class");
    let [_, second] = told.identity_providers() else { panic!("two identity providers") };
    assert_eq!((second.entity_id(), second.departures().collect::<Vec<_>>()), ("urn:second", departures.to_vec()));
    assert_eq!((told.allowed_clock_skew(), told.expired_certificate_policy()), (Duration::from_secs(7), Refuse));
    assert_eq!((told.message_limits(), told.required_signature()), (&limits, SignedPart::Both));
    assert_eq!((told.required_authn_contexts(), told.allowed_authentication_age()), (&["urn:class".to_owned()][..], Some(age)));
}

#[test]
fn an_untrusted_key_is_named_beside_the_trusted_ones() {
    let posted = Posted::auth0("a-rej-other-key-same-cn");
    let attacker = TrustedKeys::from_pem(read(&testdata("auth0/keys/attacker-rsa2048.pem"))).expect("a certificate");
    let (shown, trusted) = (fingerprint(&attacker), fingerprint(&posted.keys));
    let error = posted.verify().expect_err("a forgery");
    let of_posted = named(&posted.keys);
    let untrusted = |shown, trusted| Error::from(SignatureError::UntrustedKey { shown, trusted, clues: Box::default() });
    assert_eq!(error, untrusted(named(&attacker).pop(), of_posted.clone()));
    assert!(error.to_string().contains(&shown) && error.to_string().contains(&trusted), "{error}");
    assert_eq!((error.received(), error.expected()), (vec![shown], vec![trusted]));

    // A message without KeyInfo shows none.
    let error = verify(&verifier(), &response(&other_idp(IDP)).to_xml()).expect_err("another key");
    assert_eq!(error, untrusted(None, of_posted));
}

#[test]
fn an_assertion_is_used_once() {
    let (one, two) = (TestIdp::new("urn:one"), TestIdp::new("urn:two"));
    let used = InProcessReplayStore::default();
    let verified = |name: &str, xml: &str| {
        let verifier = Verifier::new(service_provider(), connection(name, one.trusted_keys()));
        verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now()).expect("a login")
    };
    let xml = response(&one).to_xml();
    let first = verified("urn:one", &xml);
    assert_eq!(first.expires_at(), at("11:00:00") + Verifier::MAX_CLOCK_SKEW);
    let again = first.clone();
    assert_eq!(first.claim(&used).expect("a first use").name_id().value, USER);
    assert_eq!(again.claim(&used).err(), Some(ReplayError::Replayed.into()));
    // Another envelope makes no other assertion of it, and another issuer's ID is another one.
    let renamed = replaced(&xml, "\"_response\"", "\"_other\"");
    assert_eq!(verified("urn:one", &renamed).claim(&used).err(), Some(ReplayError::Replayed.into()));
    assert_eq!(verified("urn:two", &response(&two).to_xml()).claim(&used).expect("a first use").issuer(), "urn:two");
    assert_eq!(verified("urn:one", &xml).without_replay_protection().name_id().value, USER);
}

/// Says that a claim succeeds, or why not, after it was asked twice.
struct Distant(Result<(), ReplayError>);

impl AsyncReplayStore for Distant {
    fn claim<'a>(&'a self, _: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
        assert!(expires > now);
        let mut asked = false;
        Box::pin(std::future::poll_fn(move |context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut asked, true) { Poll::Ready(self.0.clone()) } else { Poll::Pending }
        }))
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

#[test]
fn a_distant_store_decides_as_a_near_one() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    let unavailable = ReplayError::unavailable("timed out");
    for answer in [Ok(()), Err(ReplayError::Replayed), Err(unavailable)] {
        let verified = verifier().verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now()).expect("a login");
        let login = block_on(verified.claim_async(&Distant(answer.clone())));
        assert_eq!(login.map(|login| login.name_id().value.clone()), answer.map(|()| USER.to_owned()).map_err(Error::from));
    }
}

/// What a service holds may be the store, a pointer to it, or any store that was chosen when it started.
#[test]
fn a_store_is_used_through_whatever_points_at_it() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    let verified = || verifier().verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now()).expect("a login");
    let near = Arc::new(InProcessReplayStore::default());
    let near_dyn: Box<dyn ReplayStore + Send + Sync> = Box::new(Arc::clone(&near));
    let distant: Arc<dyn AsyncReplayStore> = near.clone();
    let distant_box: Box<dyn AsyncReplayStore> = Box::new(Arc::clone(&distant));
    assert!(verified().claim(&near_dyn).is_ok());
    let replayed = Some(Error::from(ReplayError::Replayed));
    for outcome in [
        verified().claim(&near),
        verified().claim(&&*near),
        verified().claim(&*near_dyn),
        block_on(verified().claim_async(&near)),
        block_on(verified().claim_async(&&*near)),
        block_on(verified().claim_async(&distant)),
        block_on(verified().claim_async(&*distant)),
        block_on(verified().claim_async(&distant_box)),
        block_on(verified().claim_async(&*distant_box)),
    ] {
        assert_eq!(outcome.err(), replayed);
    }
    fn on_any_thread<T>(_: impl Future<Output = T> + Send) {}
    on_any_thread(verified().claim_async(&*distant_box));
}

/// Valid from 10:00:00 until 11:00:00, the end excluded; the skew widens both ends.
#[test]
fn the_window_is_widened_by_the_skew_and_no_further() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    for (now, skew, outcome) in [
        ("09:59:59.999", 0, Err("not_yet_valid")),
        ("10:00:00", 0, Ok(())),
        ("10:59:59.999", 0, Ok(())),
        ("11:00:00", 0, Err("expired")),
        ("09:56:59.999", 180, Err("not_yet_valid")),
        ("09:57:00", 180, Ok(())),
        ("11:02:59.999", 180, Ok(())),
        ("11:03:00", 180, Err("expired")),
        ("09:55:00", 300, Ok(())),
        ("11:05:00", 300, Err("expired")),
    ] {
        let verifier = verifier().clock_skew(Duration::from_secs(skew)).expect("a skew within bounds");
        let verdict = verify_at(&verifier, &xml, at(now)).map(|_| ()).map_err(|error| error.code());
        assert_eq!(verdict, outcome, "{now} {skew}");
    }
    let default = Verifier::new(service_provider(), connection(IDP, TestIdp::new(IDP).trusted_keys()));
    assert!(verify_at(&default, &xml, at("11:02:59.999")).is_ok());
    assert_eq!(verify_at(&default, &xml, at("11:03:00")).expect_err("too late").code(), "expired");
}

/// A clock at either end of what can be counted, and every duration as long as it gets: refused, and nothing overflows.
#[test]
fn a_clock_at_its_ends_lets_nobody_in() {
    let (far, long) = (Duration::from_secs(i64::MAX.unsigned_abs()), Verifier::MAX_CLOCK_SKEW);
    let verifier = verifier().clock_skew(long).expect("a skew within bounds").max_authentication_age(Duration::MAX);
    let xml = response(&TestIdp::new(IDP)).to_xml();
    let after = SystemTime::UNIX_EPOCH.checked_add(far);
    let before = SystemTime::UNIX_EPOCH.checked_sub(far);
    for (now, code) in [
        (Some(now()), None),
        (after, Some("expired")),
        (before, Some("not_yet_valid")),
        (Some(SystemTime::UNIX_EPOCH), Some("not_yet_valid")),
    ] {
        // Not every platform counts as far.
        let Some(now) = now else { continue };
        assert_eq!(verify_at(&verifier, &xml, now).err().map(|error| error.code()), code, "{now:?}");
        let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now);
        assert_eq!(report.refusal().map(Error::code), code, "{now:?}");
    }
}

#[test]
fn a_session_that_has_ended_is_no_login() {
    for (end, outcome) in [("10:30:00.001", Ok(())), ("10:30:00", Err("session_expired")), ("09:00:00", Err("session_expired"))] {
        let to = format!("SessionIndex=\"_session\" SessionNotOnOrAfter=\"2027-03-03T{end}Z\"");
        let login = verify(&verifier(), &signed_with("SessionIndex=\"_session\"", &to));
        if let Ok(login) = &login {
            assert_eq!((login.session_index(), login.session_not_on_or_after()), (Some("_session"), Some(at(end))));
        }
        assert_eq!(login.map(|_| ()).map_err(|error| error.code()), outcome, "{end}");
    }
}

#[test]
fn one_time_use_is_told() {
    let conditions = "</saml:Conditions>";
    for (to, one_time_use) in [(conditions, false), ("<saml:OneTimeUse/></saml:Conditions>", true)] {
        let login = verify(&verifier(), &signed_with(conditions, to)).expect("a login");
        assert_eq!(login.one_time_use(), one_time_use);
    }
}

#[test]
fn one_of_the_listed_contexts_is_needed() {
    const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    const MFA: &str = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";
    let none: [&str; 0] = [];
    assert_eq!(verifier().require_authn_context(none).err(), Some(ConfigError::NoAuthnContext));
    for (context, accepted, outcome) in [
        (UNSPECIFIED, &[MFA, UNSPECIFIED][..], Ok(UNSPECIFIED)),
        (MFA, &[MFA], Ok(MFA)),
        (UNSPECIFIED, &[MFA], Err("authn_context_mismatch")),
        (UNSPECIFIED, &["urn:oasis:names:tc:SAML:2.0:ac:classes:Unspecified"], Err("authn_context_mismatch")),
    ] {
        let verifier = verifier().require_authn_context(accepted.iter().copied()).expect("a class");
        let login = verify(&verifier, &signed_with(UNSPECIFIED, context));
        let verdict = login.as_ref().map(|login| login.authn_context().unwrap_or_default()).map_err(Error::code);
        assert_eq!(verdict, outcome, "{context} of {accepted:?}");
    }
}

#[test]
fn the_user_authenticated_recently_enough() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    for (minutes, skew, outcome) in [(30, 0, Ok(())), (29, 0, Err("authentication_too_old")), (27, 180, Ok(()))] {
        let verifier = verifier().max_authentication_age(Duration::from_secs(minutes * 60));
        let verifier = verifier.clock_skew(Duration::from_secs(skew)).expect("a skew within bounds");
        assert_eq!(verify(&verifier, &xml).map(|_| ()).map_err(|error| error.code()), outcome, "{minutes} {skew}");
    }
}

/// Names are compared by whoever gets them: nothing is folded, normalised or cut on the way. THREATS TXT-5 and TXT-6.
#[test]
fn names_come_out_as_they_were_signed() {
    let idp = TestIdp::new(IDP);
    for name in ["caf\u{e9}", "cafe\u{301}", "p\u{430}ypal", "\u{202e}moc", " padded ", "two\nlines\r\n: x"] {
        let login = verify(&verifier(), &response(&idp).name_id(name).attribute("n", [name]).to_xml()).expect("a login");
        assert_eq!((login.name_id().value.as_str(), login.attribute("n")), (name, Some(name)));
    }
}

/// One of the limits.
type Field = fn(&mut Limits) -> &mut usize;

/// A limit that the message just meets, and the same one less.
#[test]
fn limits_are_those_of_the_verifier() {
    const NO_LIMITS: Limits = Limits {
        document_bytes: 1 << 24,
        depth: 1 << 10,
        nodes: 1 << 20,
        attributes: 1 << 20,
        attributes_per_element: 1 << 10,
        prefixes: 1 << 10,
        namespaces: 1 << 10,
        namespace_bytes: 1 << 10,
    };
    let xml = response(&TestIdp::new(IDP)).to_xml();
    let rows: [(Field, usize); 8] = [
        (|limits| &mut limits.document_bytes, xml.len()),
        (|limits| &mut limits.depth, 7),
        (|limits| &mut limits.nodes, 34),
        (|limits| &mut limits.attributes, 27),
        (|limits| &mut limits.attributes_per_element, 7),
        (|limits| &mut limits.prefixes, 5),
        (|limits| &mut limits.namespaces, 5),
        (|limits| &mut limits.namespace_bytes, 37),
    ];
    for (field, enough) in rows {
        for (value, accepted) in [(enough, true), (enough - 1, false)] {
            let mut limits = NO_LIMITS;
            *field(&mut limits) = value;
            let verdict = verify(&verifier().limits(limits), &xml);
            match verdict {
                Ok(_) => assert!(accepted, "{value} {limits:?}"),
                Err(Error::Xml(error)) => match error.kind {
                    XmlErrorKind::DocumentTooLarge { limit: maximum } | XmlErrorKind::LimitExceeded { maximum, .. } => {
                        assert_eq!((maximum, accepted), (value, false), "{error}");
                    }
                    _ => panic!("{error}"),
                },
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Nothing is decrypted, so nothing encrypted is believed, whoever signed it.
#[test]
fn no_encrypted_message_is_a_login() {
    let encrypted =
        posted().into_iter().filter(|posted| !posted.case["decryption_key"].is_null() || posted.case["class"] == "XENC-1");
    let mut codes: Vec<_> = encrypted.map(|posted| posted.verify().expect_err(&posted.name).code()).collect();
    assert!(codes.len() > 15, "{codes:?}");
    codes.sort_unstable();
    codes.dedup();
    // The one was exchanged under a signed Response.
    assert_eq!(codes, ["digest_mismatch", "encrypted_assertion"]);
}

/// For every message there is: the explanation's first failure is the error, and no login has a failed row.
#[test]
fn explanations_agree_with_verdicts() {
    let all = posted();
    for posted in &all {
        let verdict = posted.verify().map(|_| ());
        let report = posted.verifier.explain_post(&posted.field, posted.expect(), posted.now);
        let first = report.rows().iter().find_map(|row| match &row.outcome {
            ReportOutcome::Fail(error) => Some(error),
            _ => None,
        });
        assert_eq!(first, verdict.as_ref().err(), "{}", posted.name);
        assert_eq!(report.refusal(), verdict.as_ref().err(), "{}", posted.name);
        let unreached = report.rows().iter().any(|row| row.outcome == ReportOutcome::NotReached);
        assert!(!(verdict.is_ok() && unreached), "{}", posted.name);
    }
    assert!(all.len() > 300, "{}", all.len());
}

#[test]
fn an_explanation_goes_on_behind_a_broken_signature() {
    let idp = TestIdp::new(IDP);
    let xml = replaced(&response(&idp).to_xml(), USER, "eve@example.com");
    let sp = ServiceProvider::new("urn:test:sp/", ACS).expect("a service provider");
    let verifier = Verifier::new(sp, connection(IDP, idp.trusted_keys()));
    let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo("_other"), at("12:00:00"));
    let failed = report.rows().iter().filter_map(|row| match &row.outcome {
        ReportOutcome::Fail(error) => Some((row.id, error.code())),
        _ => None,
    });
    let expected = [
        ("D15", "digest_mismatch"),
        ("C3", "in_response_to_mismatch"),
        ("E6", "in_response_to_mismatch"),
        ("E5", "expired"),
        ("E9", "expired"),
        ("E11", "audience_mismatch"),
    ];
    assert_eq!(failed.collect::<Vec<_>>(), expected);
    let unreached = report.rows().iter().filter(|row| row.outcome == ReportOutcome::NotReached).map(|row| row.id);
    assert_eq!(unreached.collect::<Vec<_>>(), ["D1", "D18"]);
}
