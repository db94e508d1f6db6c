//! What is said of a message that is refused: the true cause, and what helps. Each has a twin that differs in that alone and is a login.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::{TestIdp, TestResponse};
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    Error, ErrorKind, Expect, IdentityProvider, Login, LoginFailure, ServiceProvider, SignedPart, TrustedKeys, Verifier,
    peek_issuer,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_request";

fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

/// With values that need each character of base64 at some place.
fn response(idp: &TestIdp) -> TestResponse<'_> {
    idp.response(SP, ACS, now()).in_response_to(REQUEST).name_id("ada@example.com").attribute("note", ["~~~~~~??????"])
}

fn verifier(keys: TrustedKeys) -> Verifier {
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    Verifier::new(sp, IdentityProvider::new(IDP, keys).expect("an identity provider"))
}

fn post(field: &str) -> Result<Login, Error> {
    let verifier = verifier(TestIdp::new(IDP).trusted_keys());
    let verified = verifier.verify_post(field, Expect::AnswerTo(REQUEST), now());
    let report = verifier.explain_post(field, Expect::AnswerTo(REQUEST), now());
    assert_eq!(report.refusal(), verified.as_ref().err(), "an explanation says the same");
    verified.map(|verified| verified.without_replay_protection())
}

fn post_xml(xml: &str) -> Result<Login, Error> {
    post(&STANDARD.encode(xml))
}

/// That it is refused with this code, and what is said contains these words.
#[track_caller]
fn assert_says(verdict: Result<Login, Error>, code: &str, words: &[&str]) {
    let error = verdict.expect_err("a refusal");
    let said = format!("{} / {}", error.message(), error.remedy());
    assert_eq!(error.code(), code, "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
    assert!(!said.contains("attack"), "{said}");
}

const IN_THE_BROWSER: &str = "the form field `SAMLResponse` as the browser posts it";

#[test]
fn a_page_is_named_and_nothing_is_taken_out_of_it() {
    let idp = TestIdp::new(IDP);
    let field = response(&idp).to_form_field();
    assert!(post(&field).is_ok());
    let form = format!(
        "<!DOCTYPE html><html><body onload=\"document.forms[0].submit()\"><form method=\"post\" action=\"{ACS}\">\
         <input type=\"hidden\" name=\"SAMLResponse\" value=\"{field}\"></form></body></html>"
    );
    let login = "<html>\n<head><meta charset=utf-8><title>Log in</title></head><body>Password</body></html>";
    let xhtml = "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>Error</body></html>";
    for (page, words) in [
        (form.as_str(), &["an HTML page", "it has a form field SAMLResponse", IN_THE_BROWSER][..]),
        (login, &["an HTML page", "login or error page", IN_THE_BROWSER]),
        (xhtml, &["an HTML page", "login or error page", IN_THE_BROWSER]),
    ] {
        let verifier = verifier(idp.trusted_keys());
        let decoded = verifier.verify_xml(page.as_bytes(), Expect::AnswerTo(REQUEST), now());
        for verdict in [post(page), post_xml(page), decoded.map(|verified| verified.without_replay_protection())] {
            assert_says(verdict, "html_page", words);
        }
        let peeked = peek_issuer(&STANDARD.encode(page), &saml_verify::Limits::DEFAULT);
        assert_eq!(peeked.map_err(|error| error.code()), Err("html_page"));
    }
}

#[test]
fn json_and_tokens_are_named() {
    let field = response(&TestIdp::new(IDP)).to_form_field();
    let wrapped = format!("{{\"SAMLResponse\":\"{field}\"}}");
    assert!(post(&field).is_ok());
    for (text, code, words) in [
        (wrapped.as_str(), "json", &["it has a member SAMLResponse", "the value of that member alone"][..]),
        ("{\"error\":\"access_denied\"}", "json", &["JSON instead of a SAML message", "read it for the reason", IN_THE_BROWSER]),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "json_web_token", &["a JSON Web Token", "OpenID Connect"]),
    ] {
        assert_says(post(text), code, words);
        assert_says(post(&STANDARD.encode(text)), code, words);
    }
}

#[test]
fn a_value_with_its_name_is_named() {
    let field = response(&TestIdp::new(IDP)).to_form_field();
    assert!(post(&field).is_ok());
    for label in
        ["SAMLResponse: ", "SAMLResponse\t", "SAMLResponse ", "\"SAMLResponse\": ", "saml_response = ", "SAML Response:\n"]
    {
        assert_says(post(&format!("{label}{field}")), "field_name", &["stands in front of its value", "the value alone"]);
    }
    assert_says(post(&format!("SAMLResponse={field}")), "form_body", &["its field `SAMLResponse` alone"]);
}

#[test]
fn html_entities_in_base64_are_named() {
    let field = response(&TestIdp::new(IDP)).to_form_field();
    assert!(post(&field).is_ok());
    for (character, entities) in
        [('+', ["&#x2b;", "&#43;", "&plus;"]), ('/', ["&#x2F;", "&#47;", "&sol;"]), ('=', ["&#x3D;", "&#61;", "&equals;"])]
    {
        for entity in entities {
            let offset = field.find(character).expect("that character");
            let place = format!("an HTML entity at byte {offset}");
            let copied = field.replace(character, entity);
            assert_says(post(&copied), "invalid_base64", &[&place, "the source of a page", IN_THE_BROWSER]);
        }
    }
    let escaped = response(&TestIdp::new(IDP)).to_xml().replace('<', "&lt;").replace('>', "&gt;");
    assert_says(post(&escaped), "invalid_base64", &["an HTML entity at byte 0"]);
    assert_says(post_xml(&escaped), "invalid_base64", &["an HTML entity at byte 0"]);
}

#[test]
fn what_copying_adds_or_leaves_out_is_named() {
    let field = response(&TestIdp::new(IDP)).to_form_field();
    for (copied, words) in [
        (field.replace('/', "\\/"), "copied from JSON or source code"),
        (field.replace('=', "\\u003d"), "copied from JSON or source code"),
        (format!("\"{field}\""), "without the quotation marks"),
        (format!("{}…", &field[..200]), "shortened where it was copied"),
        (format!("{}...", &field[..200]), "shortened where it was copied"),
    ] {
        assert_says(post(&copied), "invalid_base64", &[words]);
    }
}

#[test]
fn the_declared_encoding_is_shown() {
    let idp = TestIdp::new(IDP);
    let xml = response(&idp).attribute("city", ["Zürich"]).to_xml();
    let declared = |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>{xml}");
    let latin1 = |text: &str| text.chars().map(|character| u8::try_from(character).expect("Latin-1")).collect::<Vec<u8>>();
    assert!(post_xml(&declared("UTF-8")).is_ok());
    for (octets, code, words) in [
        (declared("ISO-8859-1").into_bytes(), "encoding_mismatch", &["names the encoding \"ISO-8859-1\", not UTF-8"][..]),
        (latin1(&declared("windows-1252")), "not_utf8", &["not UTF-8 (the declaration names \"windows-1252\")", "send UTF-8"]),
        (latin1(&declared("UTF-8")), "not_utf8", &["the declaration names \"UTF-8\"", "has octets that are not"]),
        (latin1(&xml), "not_utf8", &["not UTF-8 at line 1"]),
        (declared("UTF-16").into_bytes(), "encoding_mismatch", &["\"UTF-16\""]),
    ] {
        assert_says(post(&STANDARD.encode(octets)), code, words);
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

#[test]
fn names_in_lower_case_come_from_an_inspector() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    let inspected = xml.split('<').map(|markup| {
        let (tag, text) = markup.split_once('>').unwrap_or((markup, ""));
        let name = tag.find(' ').unwrap_or(tag.len());
        format!("<{}{}>{text}", tag[..name].to_lowercase(), &tag[name..])
    });
    let inspected = inspected.skip(1).collect::<String>();
    let words = ["in lower case, as a browser's inspector shows them", "as the browser posted it"];
    assert!(post_xml(&xml).is_ok());
    assert_says(post_xml(&inspected), "unexpected_root", &["\"samlp:response\"", words[0], words[1]]);
    let within = replaced(&xml, "saml:Assertion", "saml:assertion");
    assert_says(post_xml(&within), "unexpected_element", &["\"saml:assertion\"", words[0], words[1]]);
}

#[test]
fn the_rule_of_identifiers_is_said_in_words() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    assert!(post_xml(&xml).is_ok());
    let words = ["the ID of the Response begins with a digit, as no XML name does: \"1a\"", "an underscore"];
    assert_says(post_xml(&replaced(&xml, "ID=\"_response\"", "ID=\"1a\"")), "invalid_id", &words);
    assert_says(post_xml(&replaced(&xml, "ID=\"_response\"", "ID=\"\"")), "invalid_id", &["the ID of the Response is empty"]);
}

/// Where the only name is encrypted, that is said, wherever it stands.
#[test]
fn an_encrypted_name_is_said_to_be_encrypted() {
    let idp = TestIdp::new(IDP);
    let genuine = response(&idp).signed(SignedPart::Response).to_xml();
    assert!(post_xml(&genuine).is_ok());
    let name = "<saml:NameID>ada@example.com</saml:NameID>";
    let end = "</saml:SubjectConfirmation>";
    let unsigned = |xml: &str| {
        let (before, rest) = xml.split_once("<ds:Signature ").expect("a Signature");
        format!("{before}{}", rest.split_once("</ds:Signature>").expect("its end").1)
    };
    for (other, code) in [("EncryptedID", "encrypted_id"), ("BaseID", "base_id")] {
        let behind = replaced(&replaced(&unsigned(&genuine), name, ""), end, &format!("{end}<saml:{other}/>"));
        let signature = sign(&idp, &behind, "_response", Algorithm::Exclusive10, "");
        let signed = behind.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
        assert_says(post_xml(&signed), code, &["let the identity provider send"]);
        let nothing = replaced(&unsigned(&genuine), name, "");
        let signature = sign(&idp, &nothing, "_response", Algorithm::Exclusive10, "");
        let nothing = nothing.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
        assert_says(post_xml(&nothing), "missing_element", &["the Subject has no NameID"]);
    }
}

#[test]
fn a_pressed_cancel_is_told_from_a_refused_message() {
    let idp = TestIdp::new(IDP);
    let xml = response(&idp).to_xml();
    let success = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>";
    let status = "urn:oasis:names:tc:SAML:2.0:status";
    assert!(post_xml(&xml).is_ok());
    for (second, failure) in [
        ("AuthnFailed", LoginFailure::AuthnFailed),
        ("RequestDenied", LoginFailure::RequestDenied),
        ("NoPassive", LoginFailure::NoPassive),
    ] {
        let code = format!(
            "<samlp:StatusCode Value=\"{status}:Responder\"><samlp:StatusCode Value=\"{status}:{second}\"/></samlp:StatusCode>"
        );
        let error = post_xml(&replaced(&xml, success, &code)).expect_err("no login");
        assert_eq!((error.kind(), error.kind().http_status()), (ErrorKind::LoginFailed(failure), 403));
        let Error::Status(said) = &error else { panic!("{error}") };
        assert_eq!(said.codes().collect::<Vec<_>>(), [format!("{status}:Responder"), format!("{status}:{second}")]);
        assert_eq!(error.for_user(), post("").expect_err("no login").for_user());
    }
    assert_eq!(post("").expect_err("no login").kind().http_status(), 400);
}
