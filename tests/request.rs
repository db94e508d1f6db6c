//! Requests that we build, as our own parser, another parser and a browser read them; and the way from a request to its login.

#![cfg(feature = "test-idp")]

mod common;

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{read, testdata};
use flate2::read::DeflateDecoder;
use proptest::prelude::*;
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::test_idp::TestIdp;
use saml_verify::{
    AuthnRequest, Expect, IdentityProvider, Limits, NameId, PendingRequest, PendingRequests, ServiceProvider, SigningKey,
    TrustedKeys, Verifier,
};

const IDP: &str = "urn:test:idp";
const ACS_URL: &str = "https://sp.example/acs?tenant=a&b";

fn sp() -> ServiceProvider {
    ServiceProvider::new("urn:test:sp", ACS_URL).expect("a service provider")
}

fn idp(entity_id: &str, url: &str) -> IdentityProvider {
    let keys = TestIdp::new(entity_id).trusted_keys();
    let idp = IdentityProvider::new(entity_id, keys).expect("an identity provider");
    idp.single_sign_on_url(url).expect("a URL")
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_740_996_000)
}

fn signing(file: &str) -> Vec<u8> {
    read(&testdata("signing").join(file))
}

/// A percent-encoded value as `decodeURIComponent` decodes it.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("ASCII");
                assert_eq!(digits, digits.to_uppercase());
                bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?').expect("a query");
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(found, _)| *found == name).map(|(_, value)| decode(value));
    let value = values.next();
    assert_eq!(values.next(), None, "{name} twice in {url}");
    value
}

fn inflate(message: &str) -> String {
    let compressed = STANDARD.decode(message).expect("base64");
    std::io::read_to_string(DeflateDecoder::new(&*compressed)).expect("DEFLATE")
}

/// Text as a browser reads the hidden field of that name.
fn field(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("<input type=\"hidden\" name=\"{name}\" value=\""))?;
    let value = rest.split('"').next().unwrap_or_default();
    let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    Some(value.replace("&amp;", "&"))
}

/// Text that a request can carry: no control characters, and not blank.
fn sendable() -> impl Strategy<Value = String> {
    "[^\\p{Cc}\u{FFFE}\u{FFFF}]{1,20}".prop_filter("blank", |text| !text.trim().is_empty())
}

proptest! {
    /// What another parser reads by redirect and by POST is what was asked for, and the document is canonical.
    #[test]
    fn whatever_is_asked_for_is_read_again(
        provider in sendable(),
        name in sendable(),
        format in sendable(),
        class in sendable(),
        state in sendable(),
        hint in sendable(),
    ) {
        let (sp, idp) = (sp(), idp(IDP, "https://idp.example/sso?connection=a"));
        let subject = NameId::new(&name).with_format(&format);
        let request = AuthnRequest::new(&sp, &idp).expect("a request").provider_name(&provider).subject(&subject);
        let request = request.name_id_format(&format).authn_context(&class).relay_state(&state).login_hint(&hint);
        let redirect = request.redirect(now());
        prop_assert_eq!(redirect.is_err(), state.len() > 80);
        prop_assume!(state.len() <= 80);
        let (redirect, page) = (redirect.expect("a URL"), request.post(now()).expect("a page"));
        let stray = redirect.url.find(|character: char| !character.is_ascii_graphic() || "\"<>\\^`{|}".contains(character));
        prop_assert_eq!(stray, None);
        prop_assert_eq!(parameter(&redirect.url, "connection"), Some("a".to_owned()));
        prop_assert_eq!(parameter(&redirect.url, "RelayState"), Some(state.clone()));
        prop_assert_eq!(parameter(&redirect.url, "login_hint"), Some(hint));
        let html = page.page.html();
        prop_assert_eq!(field(html, "RelayState"), Some(state));

        let by_redirect = inflate(&parameter(&redirect.url, "SAMLRequest").expect("a message"));
        let by_post = STANDARD.decode(field(html, "SAMLRequest").expect("a message")).expect("base64");
        let by_post = String::from_utf8(by_post).expect("UTF-8");
        for (xml, pending) in [(by_redirect, &redirect.pending), (by_post, &page.pending)] {
            let canonical = Canonicalizer::new(Algorithm::Exclusive10).to_vec(xml.as_bytes()).expect("well-formed");
            prop_assert_eq!(String::from_utf8(canonical).expect("UTF-8"), xml.as_str());
            let document = roxmltree::Document::parse(&xml).expect("well-formed");
            let root = document.root_element();
            let text = |local: &str| {
                let found = root.descendants().find(|node| node.has_tag_name(("urn:oasis:names:tc:SAML:2.0:assertion", local)));
                found.and_then(|node| node.text())
            };
            prop_assert_eq!(root.attribute("ID"), Some(pending.id()));
            prop_assert_eq!(root.attribute("AssertionConsumerServiceURL"), Some(ACS_URL));
            prop_assert_eq!(root.attribute("Destination"), Some("https://idp.example/sso?connection=a"));
            prop_assert_eq!(root.attribute("ProviderName"), Some(provider.as_str()));
            prop_assert_eq!(text("Issuer"), Some("urn:test:sp"));
            prop_assert_eq!(text("NameID"), Some(name.as_str()));
            prop_assert_eq!(text("AuthnContextClassRef"), Some(class.as_str()));
        }
    }

    /// A signed query is verified by what verifies signed queries, and not with another octet in it.
    #[test]
    fn a_signed_redirect_is_verified_as_it_was_built(state in "[^\\p{Cc}]{1,20}", place in any::<prop::sample::Index>()) {
        let us = IdentityProvider::new("urn:test:sp", TrustedKeys::from_pem(signing("p256.cert.pem")).expect("a certificate"));
        let us = us.expect("ourselves");
        let key = SigningKey::from_pem(signing("p256.pkcs8.pem")).expect("a key");
        let (sp, idp) = (sp(), idp(IDP, "https://idp.example/sso?connection=a"));
        let redirect = AuthnRequest::new(&sp, &idp).expect("a request").relay_state(&state).sign_with(&key).redirect(now());
        let url = redirect.expect("a URL").url;
        let (_, query) = url.split_once("connection=a&").expect("our query");
        let message = us.verify_redirect(query, &Limits::DEFAULT).expect("signed");
        prop_assert_eq!(message.relay_state(), Some(state.as_bytes()));

        let mut octets = query.as_bytes().to_vec();
        let index = place.index(octets.len());
        octets[index] = if octets[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(octets).expect("ASCII");
        prop_assert!(us.verify_redirect(&changed, &Limits::DEFAULT).is_err(), "{}", changed);
    }

    /// A text is read exactly if it is one that is written.
    #[test]
    fn the_text_of_a_pending_request_has_one_form(place in any::<prop::sample::Index>(), character in "[ -~]") {
        let (sp, idp) = (sp(), idp(IDP, "https://idp.example/sso"));
        let request = AuthnRequest::new(&sp, &idp).expect("a request").return_to("/reports?a=b").relay_state("state");
        let pending = request.redirect(now()).expect("a URL").pending;
        let text = pending.to_compact();
        let read = PendingRequest::from_compact(&text);
        prop_assert_eq!(read.as_ref(), Ok(&pending));
        let index = place.index(text.len());
        for changed in [format!("{}{character}{}", &text[..index], &text[index + 1..]), text[..index].to_owned()] {
            if let Ok(other) = PendingRequest::from_compact(&changed) {
                prop_assert_eq!(other.to_compact(), changed);
            }
        }
    }
}

#[test]
fn a_login_answers_the_request_of_its_tab() {
    let (sp, idp) = (sp(), idp(IDP, "https://idp.example/sso"));
    let start = || AuthnRequest::new(&sp, &idp).expect("a request").redirect(now()).expect("a URL").pending;
    let (first, second) = (start(), start());
    let mut tabs = PendingRequests::default();
    tabs.add(first.clone());
    tabs.add(second.clone());
    let mut tabs = PendingRequests::from_compact(&tabs.to_compact()).expect("what was written");

    let answer = |request: &PendingRequest| {
        TestIdp::new(IDP).response("urn:test:sp", ACS_URL, now()).in_response_to(request.id()).to_form_field()
    };
    let verifier = Verifier::new(sp.clone(), idp.clone());
    for request in [&second, &first] {
        let mut rest = tabs.clone();
        let login = {
            let open = tabs.open_ids(IDP, now()).expect("pending");
            verifier.verify_post(&answer(request), Expect::AnswerToAny(&open), now()).expect("an answer")
        };
        let login = login.without_replay_protection();
        assert_eq!(tabs.take_answered(&login).as_ref(), Some(request));
        assert_eq!(tabs.take_answered(&login), None);
        assert_eq!(rest.take_answered(&login).as_ref(), Some(request));
    }
    assert!(tabs.is_empty());
    let third = start();
    tabs.add(third.clone());
    let open = tabs.open_ids(IDP, now()).expect("pending");
    let error = verifier.verify_post(&answer(&first), Expect::AnswerToAny(&open), now()).expect_err("answered before");
    assert_eq!(error.code(), "in_response_to_mismatch");
}

/// Two identity providers behind one service: what was asked of one is not answered by the other.
#[test]
fn a_login_by_another_identity_provider_answers_nothing() {
    let (sp, other) = (sp(), idp("urn:test:other", "https://other.example/sso"));
    let asked = idp(IDP, "https://idp.example/sso");
    let pending = AuthnRequest::new(&sp, &asked).expect("a request").redirect(now()).expect("a URL").pending;
    let mut tabs = PendingRequests::default();
    tabs.add(pending.clone());

    let field =
        |issuer: &str| TestIdp::new(issuer).response("urn:test:sp", ACS_URL, now()).in_response_to(pending.id()).to_form_field();
    let expect = Expect::AnswerTo(pending.id());
    let login = |idp: &IdentityProvider| {
        let verified = Verifier::new(sp.clone(), idp.clone()).verify_post(&field(idp.entity_id()), expect, now());
        verified.expect("a login").without_replay_protection()
    };
    assert_eq!(
        pending.expect("urn:test:other", now()).map_err(|error| error.code()).err(),
        Some("pending_request_of_other_identity_provider")
    );
    assert_eq!(tabs.take_answered(&login(&other)), None);
    assert_eq!(pending.expect(IDP, now()), Ok(expect));
    assert_eq!(tabs.take_answered(&login(&asked)), Some(pending.clone()));
}

#[test]
fn a_request_goes_to_the_first_identity_provider_of_a_verifier() {
    let (first, second) = (idp(IDP, "https://idp.example/sso"), idp("urn:test:other", "https://other.example/sso"));
    let verifier = Verifier::new(sp(), first).with_identity_provider(second).expect("another");
    let login = AuthnRequest::of(&verifier).expect("a request").redirect(now()).expect("a URL");
    assert!(login.url.starts_with("https://idp.example/sso?SAMLRequest="), "{}", login.url);
    assert_eq!(login.pending.identity_provider(), IDP);

    let silent = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    let error = AuthnRequest::of(&Verifier::new(sp(), silent)).expect_err("no URL");
    assert_eq!(
        error.to_string(),
        "the identity provider \"urn:test:idp\" has no single sign-on URL for the redirect or POST binding"
    );
}

/// Each flag is one attribute of its own.
#[test]
fn a_request_says_whether_to_ask_anew_and_whether_to_ask_at_all() {
    let (sp, idp) = (sp(), idp(IDP, "https://idp.example/sso"));
    let plain = || AuthnRequest::new(&sp, &idp).expect("a request");
    for (request, force_authn, is_passive) in [
        (plain(), None, None),
        (plain().force_authn(), Some("true"), None),
        (plain().is_passive(), None, Some("true")),
        (plain().force_authn().is_passive(), Some("true"), Some("true")),
    ] {
        let url = request.redirect(now()).expect("a URL").url;
        let xml = inflate(&parameter(&url, "SAMLRequest").expect("a message"));
        let document = roxmltree::Document::parse(&xml).expect("well-formed");
        let said = |name| document.root_element().attribute(name);
        assert_eq!((said("ForceAuthn"), said("IsPassive")), (force_authn, is_passive));
    }
}
