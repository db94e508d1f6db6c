//! Every way that leads to one thing leads to the same: messages that are posted, redirected or handed over bare, calls that wait and
//! calls that are awaited, requests and answers. A setting that one of them forgets is a mistake that the others hide.

#![cfg(all(feature = "decrypt", feature = "internals", feature = "test-idp"))]

mod common;

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use common::logout::{ACS, IDP, NOW, PENDING, REQUEST, RESPONSE, SLO, SP, detached, enveloped, escape, field, idp};
use common::signed::{self, signed, verify_by};
use common::{read, read_text, testdata};
use saml_verify::logout::{Delivered, LogoutVerifier, OutgoingRequest, OutgoingResponse, Session};
use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AsyncReplayStore, AsyncUnwrapKey, Error, Expect, IdentityProvider, Limits, NameId, ReplayError, ReplayFuture, ReplayKey,
    ReplayStore, ServiceProvider, SigningKey, UnwrapFuture, Verifier, WrappedKey, peek_issuer,
};

fn now() -> SystemTime {
    parse_rfc3339(NOW).expect("a time")
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn sp() -> ServiceProvider {
    ServiceProvider::new(SP, ACS).expect("a service provider")
}

fn connection() -> IdentityProvider {
    IdentityProvider::new(IDP, idp().trusted_keys()).expect("an identity provider")
}

fn our_key() -> SigningKey {
    SigningKey::from_pem(read(&testdata("signing/rsa2048.pkcs8.pem"))).expect("a key")
}

fn code<T>(outcome: Result<T, Error>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "accepted")
}

// Limits

/// A key that is elsewhere, and opens nothing.
struct Elsewhere;

impl AsyncUnwrapKey for Elsewhere {
    fn unwrap_key<'a>(&'a self, _: &'a WrappedKey) -> UnwrapFuture<'a> {
        Box::pin(async { Ok(None) })
    }
}

/// Limits, what they say of a text, and what of a document.
fn limits() -> [(Limits, &'static str, &'static str); 4] {
    [
        (Limits::DEFAULT, "accepted", "accepted"),
        (Limits { document_bytes: 100, ..Limits::DEFAULT }, "too_long", "document_too_large"),
        (Limits { depth: 1, ..Limits::DEFAULT }, "limit_exceeded", "limit_exceeded"),
        (Limits { nodes: 4, ..Limits::DEFAULT }, "limit_exceeded", "limit_exceeded"),
    ]
}

#[test]
fn the_limits_of_a_verifier_hold_on_every_way_of_a_login() {
    for (limits, posted, bare) in limits() {
        let verifier = Verifier::new(sp(), connection()).limits(limits);
        let idp = idp();
        let response = idp.response(SP, ACS, now());
        let (text, xml) = (response.to_form_field(), response.to_xml());
        let (expect, xml) = (Expect::Unsolicited, xml.as_bytes());
        assert_eq!(code(verifier.verify_post(&text, expect, now())), posted);
        assert_eq!(code(waited(verifier.verify_post_async(&text, expect, now(), &Elsewhere))), posted);
        assert_eq!(code(verifier.verify_xml(xml, expect, now())), bare);
        assert_eq!(code(waited(verifier.verify_xml_async(xml, expect, now(), &Elsewhere))), bare);
        assert_eq!(code(peek_issuer(&text, &limits)), posted);
    }
}

#[test]
fn the_limits_of_a_verifier_hold_on_every_way_of_a_logout() {
    for (limits, posted, bare) in limits() {
        let verifier = LogoutVerifier::new(&sp(), connection(), SLO).expect("a verifier").limits(limits);
        for (message, id, parameter) in [(REQUEST, "_request", "SAMLRequest"), (RESPONSE, "_response", "SAMLResponse")] {
            let xml = enveloped(&idp(), message, id);
            let (text, undeflated) = (field(&xml), format!("{parameter}={}", escape(&field(&xml))));
            let deflated = detached(&idp(), parameter, message, None);
            for (delivered, expected) in [
                (Delivered::Post(&text), posted),
                (Delivered::Redirect(&undeflated), posted),
                (Delivered::Redirect(&deflated), posted),
                (Delivered::Xml(xml.as_bytes()), bare),
            ] {
                let judged = match parameter {
                    "SAMLRequest" => code(verifier.verify_request(delivered, now())),
                    _ => code(verifier.verify_response(delivered, PENDING, now())),
                };
                assert_eq!(judged, expected, "{delivered:?} {limits:?}");
            }
        }
    }
}

// Claims

/// What a store is told, whichever way.
#[derive(Default)]
struct Told(Mutex<Vec<(String, SystemTime, SystemTime)>>);

impl ReplayStore for Told {
    fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
        self.0.lock().expect("nobody panicked").push((key.to_string(), expires, now));
        Ok(())
    }
}

impl AsyncReplayStore for Told {
    fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
        Box::pin(async move { ReplayStore::claim(self, key, expires, now) })
    }
}

#[test]
fn a_claim_says_the_same_whether_it_is_waited_for_or_awaited() {
    const SKEW: Duration = Verifier::MAX_CLOCK_SKEW;
    let response = idp().response(SP, ACS, now()).assertion_id("_a").lifetime(Duration::from_secs(60)).to_form_field();
    let login = || Verifier::new(sp(), connection()).verify_post(&response, Expect::Unsolicited, now()).expect("a login");
    let query = detached(&idp(), "SAMLRequest", REQUEST, None);
    let verifier = LogoutVerifier::new(&sp(), connection(), SLO).expect("a verifier");
    let request = || verifier.verify_request(Delivered::Redirect(&query), now()).expect("a request");
    let (of_login, of_request) = (login().replay_key().to_string(), request().replay_key().to_string());

    let told = Told::default();
    login().claim(&told).expect("told");
    request().claim(&told).expect("told");
    waited(login().claim_async(&told)).expect("told");
    waited(request().claim_async(&told)).expect("told");
    let one_way = [
        (of_login, now() + Duration::from_secs(60) + SKEW, now()),
        (of_request, parse_rfc3339("2025-03-03T10:04:00Z").expect("a time") + SKEW, now()),
    ];
    assert_eq!(*told.0.lock().expect("nobody panicked"), [one_way.clone(), one_way].concat());
}

// Where messages go

/// An identity provider whose metadata has these services for single logout.
fn with_services(services: &str) -> IdentityProvider {
    let pem = read_text(&testdata("auth0/keys/idp-rsa2048.pem"));
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let xml = format!(
        "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:d='http://www.w3.org/2000/09/xmldsig#' \
         entityID='{IDP}'><IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'><KeyDescriptor>\
         <d:KeyInfo><d:X509Data><d:X509Certificate>{body}</d:X509Certificate></d:X509Data></d:KeyInfo></KeyDescriptor>{services}\
         </IDPSSODescriptor></EntityDescriptor>"
    );
    let read = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(xml.as_bytes(), now()).expect("metadata");
    read.identity_provider().expect("an identity provider")
}

fn service(binding: &str, location: &str, answers: Option<&str>) -> String {
    let answers = answers.map(|url| format!(" ResponseLocation='{url}'")).unwrap_or_default();
    format!(
        "<SingleLogoutService Binding='urn:oasis:names:tc:SAML:2.0:bindings:{binding}' Location='https://idp.example/{location}'\
         {answers}/>"
    )
}

/// Requests go to the Location of their binding, answers to its ResponseLocation, and to the Location where that is missing or takes
/// no message.
#[test]
fn an_answer_goes_where_answers_go_by_either_binding() {
    let query = detached(&idp(), "SAMLRequest", REQUEST, None);
    let verifier = LogoutVerifier::new(&sp(), connection(), SLO).expect("a verifier");
    let request = verifier.verify_request(Delivered::Redirect(&query), now()).expect("a request").without_replay_protection();
    let (service_provider, key) = (sp(), our_key());
    let session = Session::new(IDP, NameId::new("ada"), None);
    for (answers, to) in [
        (None, "https://idp.example/{}"),
        (Some("https://answers.example/{}"), "https://answers.example/{}"),
        (Some("http://localhost/{}"), "http://localhost/{}"),
        // Not TLS, or the parameter stands there already.
        (Some("http://answers.example/{}"), "https://idp.example/{}"),
        (Some("https://answers.example/{}?SAMLResponse=a"), "https://idp.example/{}"),
        (Some("https://answers.example/{}?a=b&amp;RelayState=c"), "https://idp.example/{}"),
    ] {
        let of = |binding: &str, place: &str| {
            let answers = answers.map(|url| url.replace("{}", place));
            service(binding, place, answers.as_deref())
        };
        let to = |place: &str| to.replace("{}", place);
        let theirs = with_services(&(of("HTTP-Redirect", "r") + &of("HTTP-POST", "p")));
        let asked = OutgoingRequest::new(&service_provider, &theirs, &session, &key).expect("a request");
        let answer = OutgoingResponse::new(&service_provider, &theirs, &request, &key).expect("an answer");

        let form = |html: &str| html.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
        let path = |url: String| url.split_once('?').map(|(path, _)| path.to_owned());
        let went = [path(asked.redirect(now()).expect("a URL").url), path(answer.redirect(now()).expect("a URL"))];
        assert_eq!(went, [Some("https://idp.example/r".to_owned()), Some(to("r"))], "{answers:?}");
        let went = [form(asked.post(now()).expect("a page").page.html()), form(answer.post(now()).expect("a page").html())];
        assert_eq!(went, [Some("https://idp.example/p".to_owned()), Some(to("p"))], "{answers:?}");
    }
}

// Sessions

/// The identity provider ends sessions by the name that it gave, however the service tells its users apart.
#[test]
fn a_session_has_the_name_of_the_subject_whatever_identifies_users() {
    const NAME: &str = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\" NameQualifier=\"urn:qualifier\" \
                        SPNameQualifier=\"urn:sp-qualifier\" SPProvidedID=\"provided\">ada@example.com</saml:NameID>";
    let theirs = || IdentityProvider::new(signed::IDP, TestIdp::new(signed::IDP).trusted_keys()).expect("an identity provider");
    let verifier_of = |idp| Verifier::new(ServiceProvider::new(signed::SP, signed::ACS).expect("a service provider"), idp);
    let by_name = verifier_of(theirs());
    let by_attribute = verifier_of(theirs().identify_by_attribute("role").expect("a name"));
    let session = |verifier: &Verifier, xml: &str| Session::of(&verify_by(verifier, xml).expect("a login"));
    let genuine = signed("", "");
    let expected = NameId::new("ada@example.com").with_format("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
    let expected = expected.with_name_qualifier("urn:qualifier").with_sp_name_qualifier("urn:sp-qualifier");
    let expected = Session::new(signed::IDP, expected.with_sp_provided_id("provided"), Some("session".to_owned()));
    assert_eq!(session(&by_name, &genuine).as_ref(), Some(&expected));
    assert_eq!(session(&by_attribute, &genuine).as_ref(), Some(&expected));
    assert_eq!(verify_by(&by_attribute, &genuine).expect("a login").user_id(), "admin");
    // Without a NameID there is no session that a message of logout could name.
    assert_eq!(session(&by_attribute, &signed(NAME, "")), None);
}

/// A RelayState comes back as it came, and an empty one not at all.
#[test]
fn an_answer_brings_a_relay_state_back_where_there_is_one() {
    let verifier = LogoutVerifier::new(&sp(), connection(), SLO).expect("a verifier");
    let (service_provider, key) = (sp(), our_key());
    let theirs = with_services(&(service("HTTP-Redirect", "r", None) + &service("HTTP-POST", "p", None)));
    for (relay_state, comes_back) in [(None, None), (Some(""), None), (Some("a"), Some("a"))] {
        let query = detached(&idp(), "SAMLRequest", REQUEST, relay_state);
        let request = verifier.verify_request(Delivered::Redirect(&query), now()).expect("a request");
        let request = request.without_replay_protection();
        let answer = OutgoingResponse::new(&service_provider, &theirs, &request, &key).expect("an answer");
        let url = answer.redirect(now()).expect("a URL");
        let of_query = url.split('&').find_map(|pair| pair.strip_prefix("RelayState="));
        let page = answer.post(now()).expect("a page");
        let of_page = page.html().split("name=\"RelayState\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!((of_query, of_page), (comes_back, comes_back), "{relay_state:?}");
    }
}
