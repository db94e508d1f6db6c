//! What a small message can be made to cost before it is known to be genuine: the canonical form stays within a bound.

#![cfg(feature = "test-idp")]

use std::time::{Duration, SystemTime};

use saml_verify::canonical::{Algorithm, Canonicalizer, Error as CanonicalError};
use saml_verify::test_idp::TestIdp;
use saml_verify::{
    Error, Expect, IdentityProvider, InProcessReplayStore, ReplayError, ServiceProvider, SignatureError, Verifier,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn verifier(idp: &TestIdp, entity_id: &str) -> Verifier {
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    Verifier::new(sp, IdentityProvider::new(entity_id, idp.trusted_keys()).expect("an identity provider"))
}

fn refusal(xml: &str) -> Error {
    verifier(&TestIdp::new(IDP), IDP).verify_xml(xml.as_bytes(), Expect::Unsolicited, now()).expect_err("a changed message")
}

/// A genuine message in which each `x:e` costs a thousand characters of canonical form.
fn with_long_name() -> String {
    let genuine = TestIdp::new(IDP).response(SP, ACS, now()).to_xml();
    genuine.replacen("<samlp:Response ", &format!("<samlp:Response xmlns:x=\"urn:{}\" ", "n".repeat(1000)), 1)
}

/// Nobody needs a key to write a SignedInfo, and it is canonicalized first: nothing in it may multiply.
#[test]
fn inclusive_namespaces_has_no_content() {
    let method = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    for (content, refused) in [
        ("<x:e/>", SignatureError::Malformed { reason: "content in InclusiveNamespaces" }),
        // Not what was signed, but nothing that could not be.
        ("", refused_value()),
    ] {
        let list = format!(
            "<i:InclusiveNamespaces xmlns:i=\"http://www.w3.org/2001/10/xml-exc-c14n#\">{content}</i:InclusiveNamespaces>"
        );
        let changed = with_long_name().replacen(method, &format!("{method}{list}"), 1);
        assert_eq!(refusal(&changed), Error::Signature(refused), "{content}");
    }
}

fn refused_value() -> SignatureError {
    let trusted = TestIdp::new(IDP).trusted_keys().iter().map(Into::into).collect();
    SignatureError::UntrustedKey { shown: None, trusted, clues: Box::default() }
}

/// Each trusted key reads all of it anew: sixteen keys, and a quote that canonical form writes with six characters, would make
/// a hundred megabytes of a message of one.
#[test]
fn a_signed_info_is_short_before_a_key_is_tried() {
    let genuine = TestIdp::new(IDP).response(SP, ACS, now()).to_xml();
    for (quotes, refused) in
        [(10_000, refused_value()), (12_000, SignatureError::Malformed { reason: "a SignedInfo of more than 64 KiB" })]
    {
        let attribute = format!("<ds:SignedInfo x='{}' ", "\"".repeat(quotes));
        let changed = genuine.replacen("<ds:SignedInfo ", &attribute, 1);
        assert_eq!(refusal(&changed), Error::Signature(refused), "{quotes}");
    }
}

/// With a genuine message at hand, its body can be replaced by one of any canonical length.
#[test]
fn a_body_does_not_outgrow_its_message() {
    for (elements, refused) in [
        (2000, SignatureError::NotCanonicalizable { reason: "it would be many times as long as the document" }),
        (20, SignatureError::DigestMismatch { element: "Assertion", clues: Box::default() }),
    ] {
        let more = "<x:e/>".repeat(elements);
        let changed = with_long_name().replacen("</saml:Assertion>", &format!("{more}</saml:Assertion>"), 1);
        assert_eq!(refusal(&changed), Error::Signature(refused), "{elements}");
    }
}

#[test]
fn a_canonical_form_is_at_most_some_times_as_long_as_its_document() {
    let document = |elements: usize| {
        let name = "n".repeat(1000);
        format!("<r xmlns:x=\"urn:{name}\">{}</r>", "<x:e/>".repeat(elements))
    };
    let canonicalizer = Canonicalizer::new(Algorithm::Exclusive10);
    assert_eq!(canonicalizer.to_vec(document(60).as_bytes()).map(|octets| octets.len()), Ok(60 * 1026 + 7));
    assert_eq!(canonicalizer.to_vec(document(600).as_bytes()), Err(CanonicalError::TooLong));
    // The inclusive form declares it once.
    let inclusive = Canonicalizer::new(Algorithm::Inclusive10).to_vec(document(600).as_bytes());
    assert_eq!(inclusive.map(|octets| octets.len()), Ok(600 * 11 + 1022));
}

/// A store that forgets too early for one of its verifiers is none.
#[test]
fn one_use_where_verifiers_of_different_skews_share_a_store() {
    let (idp, other) = (TestIdp::new(IDP), TestIdp::new("urn:test:other"));
    let field = idp.response(SP, ACS, now()).to_form_field();
    let skew = |seconds| verifier(&idp, IDP).clock_skew(Duration::from_secs(seconds)).expect("a skew within bounds");
    let store = InProcessReplayStore::default();
    assert!(skew(0).verify_post(&field, Expect::Unsolicited, now()).and_then(|verified| verified.claim(&store)).is_ok());

    // Somebody's login makes the store forget what has expired; the first assertion has, for a verifier without skew.
    let later = now() + Duration::from_secs(3600 + 100);
    let somebody = other.response(SP, ACS, later).to_form_field();
    let verified = verifier(&other, "urn:test:other").verify_post(&somebody, Expect::Unsolicited, later);
    assert!(verified.and_then(|verified| verified.claim(&store)).is_ok());

    let again = skew(300).verify_post(&field, Expect::Unsolicited, later).and_then(|verified| verified.claim(&store));
    assert_eq!(again.err(), Some(Error::Replay(ReplayError::Replayed)));
}
