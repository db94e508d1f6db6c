//! What was put in comes out again: accessors, conversions and bounds that nothing else needs.

#![cfg(all(feature = "registry", feature = "test-idp"))]

mod common;

use std::io;
use std::time::{Duration, SystemTime};

use common::{read, testdata};
use saml_verify::canonical::{self, Algorithm, Canonicalizer};
use saml_verify::logout::{LogoutVerifier, OutgoingRequest, Session};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AuthnRequest, IdentityProvider, Limits, NameId, PendingRequest, PendingRequestError, PendingRequests, Registry, RelayState,
    RequestError, ServiceProvider, SigningKey, Verifier,
};

const IDP: &str = "urn:idp";
const SLO: &str = "https://sp.example/slo";

fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

fn sp() -> ServiceProvider {
    ServiceProvider::new("urn:sp", "https://sp.example/acs").expect("a service provider")
}

fn connection() -> IdentityProvider {
    let idp = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    idp.single_logout_url("https://idp.example/slo").expect("a URL")
}

/// A request that remembers a path of that length.
fn pending(length: usize) -> PendingRequest {
    let (sp, path) = (sp(), format!("/{}", "a".repeat(length)));
    let request = AuthnRequest::to_url(&sp, IDP, "https://idp.example/sso").expect("a URL");
    request.return_to(&path).redirect(now()).expect("a redirect").pending
}

#[test]
fn what_is_empty_says_so() {
    let (mut requests, registry) = (PendingRequests::default(), Registry::new(Limits::DEFAULT));
    assert!(requests.is_empty() && registry.is_empty());
    requests.add(pending(1));
    registry.insert("acme", Verifier::new(sp(), connection())).expect("a connection");
    assert!(!requests.is_empty() && !registry.is_empty());
    assert!((&requests).into_iter().map(PendingRequest::id).eq(requests.iter().map(PendingRequest::id)));
    assert_eq!((&requests).into_iter().count(), 1);
}

/// The text of a list fits into a cookie, to the last octet.
#[test]
fn a_list_may_be_as_long_as_its_bound_and_no_longer() {
    const MOST: usize = PendingRequests::MAX_COMPACT_BYTES;
    let list = |length: usize| {
        let mut requests = PendingRequests::default();
        [400, 400, 400, 400, length].into_iter().for_each(|length| requests.add(pending(length)));
        requests
    };
    let whole: Vec<usize> = (400..=511).filter(|&length| list(length).iter().count() == 5).collect();
    let longest = whole.iter().map(|&length| list(length).to_compact().len()).max();
    assert_eq!(longest, Some(MOST));
    for length in whole.into_iter().rev().take(8) {
        let list = list(length);
        let text = list.to_compact();
        assert_eq!(PendingRequests::from_compact(&text).expect("a list").to_compact(), text);
        // Whatever it is: it is not looked at.
        let longer = format!("{text}{}", "a".repeat(MOST + 1 - text.len()));
        assert_eq!(PendingRequests::from_compact(&longer).err(), Some(PendingRequestError::TooLong { limit: MOST }));
        assert_ne!(
            PendingRequests::from_compact(&longer[..MOST]).err(),
            Some(PendingRequestError::TooLong { limit: MOST }),
            "it fits"
        );
    }
}

#[test]
fn a_relay_state_is_its_text() {
    let state = RelayState::mint().expect("randomness");
    let text: &str = state.as_ref();
    assert_eq!(text, state.as_str());
    assert!(text.len() >= 20, "{text}");
}

#[test]
fn messages_of_logout_say_for_whom_they_are() {
    let key = SigningKey::from_pem(read(&testdata("signing/p256.pkcs8.pem"))).expect("a key");
    let (sp, session) = (sp(), Session::new(IDP, NameId::new("ada"), None));
    let request = || OutgoingRequest::to_url(&sp, "https://idp.example/slo", &session, &key).expect("a URL");
    let sent = request().redirect(now()).expect("a redirect");
    assert_eq!(sent.pending.identity_provider(), IDP);
    let verifier = LogoutVerifier::new(&sp, connection(), SLO).expect("a verifier");
    assert_eq!(verifier.slo_urls(), [SLO]);
    // The nonce is that of the page's script, or a fresh one, and long enough.
    const NONCE: &str = "0123456789abcdef";
    let page = request().nonce(NONCE).post(now()).expect("a page").page;
    assert!(page.html().contains(&format!("<script nonce=\"{NONCE}\">")));
    assert!(page.content_security_policy().contains(&format!("'nonce-{NONCE}'")));
    let nonce_of =
        |html: &str| html.split_once("<script nonce=\"").expect("a script").1.split_once('"').expect("a nonce").0.to_owned();
    let fresh = [(); 2].map(|()| nonce_of(request().post(now()).expect("a page").page.html()));
    assert!(fresh[0] != fresh[1] && fresh.iter().all(|nonce| nonce.len() >= 16), "{fresh:?}");
    let refused = request().nonce("short").post(now()).err();
    assert!(matches!(refused, Some(RequestError::InvalidValue { name: "nonce", .. })), "{refused:?}");
}

#[test]
fn the_clock_skew_of_a_logout_has_a_bound() {
    let verifier = || LogoutVerifier::new(&sp(), connection(), SLO).expect("a verifier");
    let most = Verifier::MAX_CLOCK_SKEW;
    assert!(verifier().clock_skew(most).is_ok());
    assert!(verifier().clock_skew(most + Duration::from_nanos(1)).is_err());
}

/// Takes so many octets, and fails then.
struct Narrow(Vec<u8>, usize);

impl io::Write for Narrow {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.0.len() + octets.len() > self.1 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn canonical_octets_are_written_or_the_failure_is_told() {
    let xml = b"<a b='1'><?p?><c/></a>";
    let canonicalizer = Canonicalizer::new(Algorithm::Inclusive10);
    let octets = canonicalizer.to_vec(xml).expect("a canonical form");
    assert_eq!(octets, b"<a b=\"1\"><?p?><c></c></a>");
    for room in 0..octets.len() {
        let mut narrow = Narrow(Vec::new(), room);
        assert_eq!(canonicalizer.write(xml, &mut narrow), Err(canonical::Error::Io(io::ErrorKind::StorageFull)), "{room}");
        assert!(octets.starts_with(&narrow.0));
    }
    let mut narrow = Narrow(Vec::new(), octets.len());
    assert_eq!(canonicalizer.write(xml, &mut narrow), Ok(()));
    assert_eq!(narrow.0, octets);
    assert!(matches!(canonicalizer.write(b"<a>", &mut narrow), Err(canonical::Error::Xml(_))));
}
