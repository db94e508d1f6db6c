//! The steps that the benchmarks repeat one by one are those of a verification.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::internals::{Parsed, decode, digests_to};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{Expect, IdentityProvider, Limits, ServiceProvider, SignedPart};

fn between<'x>(xml: &'x str, begin: &str, end: &str) -> &'x str {
    xml.split_once(begin).expect("a beginning").1.split_once(end).expect("an end").0
}

#[test]
fn the_steps_of_a_verification_follow_one_another() {
    let idp = TestIdp::new("urn:idp");
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let connection = IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider");
    let sp = |entity_id| ServiceProvider::new(entity_id, "https://sp.example/acs").expect("a service provider");
    for part in [SignedPart::Assertion, SignedPart::Response] {
        let response = idp.response("urn:sp", "https://sp.example/acs", now).in_response_to("_request").signed(part);
        let octets = decode(&response.to_form_field(), &Limits::DEFAULT).expect("base64");
        assert_eq!(octets, response.to_xml().as_bytes());
        let parsed = Parsed::parse(&octets, &Limits::DEFAULT).expect("XML");
        let read = parsed.verify(&connection).expect("a signature").read().expect("a message");
        let check = |entity_id, request| read.check(&sp(entity_id), &connection, Expect::AnswerTo(request), now);
        assert_eq!(check("urn:sp", "_request"), Ok(()));
        assert!(check("urn:other", "_request").is_err() && check("urn:sp", "_other").is_err());
    }
}

#[test]
fn what_is_digested_is_the_element_without_its_signature_and_then_the_signed_info() {
    let idp = TestIdp::new("urn:idp");
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let xml = idp.response("urn:sp", "https://sp.example/acs", now).signed(SignedPart::Response).to_xml();
    let signature = format!("<ds:Signature{}</ds:Signature>", between(&xml, "<ds:Signature", "</ds:Signature>"));
    let canonical = |id: Option<&str>, xml: &str| {
        let canonicalizer = Canonicalizer::new(Algorithm::Exclusive10);
        let canonicalizer = match id {
            Some(id) => canonicalizer.element(id),
            None => canonicalizer,
        };
        canonicalizer.to_vec(xml.as_bytes()).expect("a canonical form")
    };
    let element = canonical(None, &xml.replace(&signature, ""));
    let mut octets = b"before ".to_vec();
    let parsed = Parsed::parse(xml.as_bytes(), &Limits::DEFAULT).expect("XML");
    // The Issuer is the first child of the Response, and its Signature the second.
    parsed.canonicalize(&[1], 2, &mut octets).expect("canonical forms");
    let signed_info = octets.strip_prefix(&*[b"before ", &*element].concat()).expect("the element");
    assert!(signed_info.starts_with(b"<ds:SignedInfo xmlns:ds=") && signed_info.ends_with(b"</ds:SignedInfo>"));
    let value = STANDARD.decode(between(&xml, "<ds:DigestValue>", "</ds:DigestValue>")).expect("base64");
    assert!(digests_to(&element, &value));
    assert!(!digests_to(signed_info, &value) && !digests_to(&element, b""));
}
