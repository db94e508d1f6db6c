//! What is said of a message that is refused: the true cause, and what helps. Each has a twin that differs in that alone and is a login.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_verify::canonical::Algorithm;
use saml_verify::internals::{Select, canonicalize, sign, sign_octets};
use saml_verify::test_idp::{TestIdp, TestResponse};
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    Departure, Error, ErrorKind, Expect, IdentityProvider, Limits, Login, LoginFailure, ServiceProvider, SignedPart, TrustedKeys,
    Verifier, peek_issuer,
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
    let response = idp.response(SP, ACS, now()).response_id("_response").assertion_id("_assertion");
    response.in_response_to(REQUEST).name_id("ada@example.com").attribute("note", ["~~~~~~??????"])
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
        let peeked = peek_issuer(&STANDARD.encode(page), &Limits::DEFAULT);
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
    for verdict in [post(&escaped), post_xml(&escaped)] {
        let words = ["XML with `&lt;` in place of `<`, from byte 0", "this is XML that was escaped", IN_THE_BROWSER];
        assert_says(verdict, "invalid_base64", &words);
    }
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

const OWN: &str = include_str!("../testdata/auth0/keys/idp-rsa2048.pem");
const OTHER: &str = include_str!("../testdata/auth0/keys/idp-next-rsa2048.pem");
/// Holds the key of [`OWN`] and was issued by [`AUTHORITY`].
const LEAF: &str = include_str!("../testdata/keys/authority/leaf.pem");
const AUTHORITY: &str = include_str!("../testdata/keys/authority/ca.pem");

fn keys(pem: &str) -> TrustedKeys {
    TrustedKeys::from_pem(pem).expect("a certificate")
}

/// The base64 of a PEM.
fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// With this in the KeyInfo of its Signature, over which no signature goes.
fn showing(xml: &str, certificates: &[&str]) -> String {
    let element = |text: &&str| format!("<ds:X509Certificate>{text}</ds:X509Certificate>");
    let shown = certificates.iter().map(element).collect::<String>();
    let key_info = format!("<ds:KeyInfo><ds:X509Data>{shown}</ds:X509Data></ds:KeyInfo></ds:Signature>");
    replaced(xml, "</ds:Signature>", &key_info)
}

fn verify(verifier: &Verifier, xml: &str) -> Result<Login, Error> {
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    assert_eq!(report.refusal(), verified.as_ref().err(), "an explanation says the same");
    verified.map(|verified| verified.without_replay_protection())
}

/// As a viewer shows it: each element on a line of its own.
fn indented(xml: &str) -> String {
    replaced(xml, "><", ">\n  <")
}

const COPY: &str = "a copy that a viewer, an editor or a log re-formatted can never verify: take the form field `SAMLResponse` as the \
                    browser posted it";

#[track_caller]
fn assert_is_a_copy(verdict: Result<Login, Error>, code: &str, sign: &str) {
    let error = verdict.expect_err("a refusal");
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().ends_with(sign), "{error}");
    let remedy = error.remedy();
    assert!(remedy.starts_with(COPY), "{remedy}");
    assert!(
        remedy.find("attack").is_none_or(|at| remedy[at..].len() == "attack".len()),
        "an attack is the last thing named: {remedy}"
    );
}

#[test]
fn a_copy_that_was_written_anew_is_told_so_first() {
    let idp = TestIdp::new(IDP);
    let genuine = showing(&response(&idp).attribute("city", ["Zürich"]).to_xml(), &[&bare(OWN)]);
    let wrapped = |xml: &str| {
        let value = xml.split("<ds:DigestValue>").nth(1).and_then(|rest| rest.split('<').next()).expect("a DigestValue");
        replaced(xml, value, &format!("{}\n{}", &value[..20], &value[20..]))
    };
    let (before, after) = genuine.split_once("</ds:Signature>").expect("a Signature");
    let body_alone = format!("{before}</ds:Signature>{}", indented(after));
    let white_space = "(white space stands between its elements, as in a copy that a viewer indented)";
    let lost = "(it has characters of a mistaken encoding, as in a copy that an editor saved)";
    assert!(post_xml(&genuine).is_ok());
    for (copy, code, sign) in [
        (indented(&genuine), "signature_invalid", white_space),
        (replaced(&genuine, "><", "> <"), "signature_invalid", white_space),
        (body_alone, "digest_mismatch", white_space),
        (wrapped(&genuine), "signature_invalid", "(its DigestValue has white space in it, as in a copy that an editor wrapped)"),
        (replaced(&genuine, "Zürich", "ZÃ¼rich"), "digest_mismatch", lost),
        (replaced(&genuine, "Zürich", "Z\u{FFFD}rich"), "digest_mismatch", lost),
    ] {
        assert_is_a_copy(post_xml(&copy), code, sign);
    }
    // Without a certificate in it, a copy cannot be told from a message of another key.
    let bare = response(&idp).to_xml();
    assert!(post_xml(&bare).is_ok());
    let error = post_xml(&indented(&bare)).expect_err("a refusal");
    assert_eq!(error.code(), "untrusted_key");
    assert!(error.remedy().starts_with(COPY) && error.remedy().contains("rotated"), "{}", error.remedy());
}

/// What is not a copy is not called one first; that it may be one is said all the same.
#[test]
fn what_was_changed_otherwise_is_not_called_a_copy_first() {
    let idp = TestIdp::new(IDP);
    let genuine = showing(&response(&idp).to_xml(), &[&bare(OWN)]);
    for (from, to, code) in [
        ("ada@example.com", "eve@example.com", "digest_mismatch"),
        ("<ds:CanonicalizationMethod", " <ds:CanonicalizationMethod", "signature_invalid"),
    ] {
        let error = post_xml(&replaced(&genuine, from, to)).expect_err("a refusal");
        let remedy = error.remedy();
        assert_eq!(error.code(), code);
        assert!(!error.message().contains("copy") && !remedy.starts_with(COPY) && remedy.contains(COPY), "{remedy}");
        assert!(remedy.ends_with("treat the message as an attack"), "{remedy}");
    }
    // One that was indented before it was signed is genuine, and white space is no sign of its being changed.
    let (before, rest) = genuine.split_once("<ds:Signature ").expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    let pretty = format!("{}{}", indented(before), indented(after));
    let signature = sign(&idp, &pretty, "_assertion", Algorithm::Exclusive10, "");
    let signed = format!("{}{signature}{}", indented(before), indented(after));
    assert!(post_xml(&signed).is_ok());
    let all_pretty = with_indented_signed_info(&idp, &signed);
    assert!(post_xml(&all_pretty).is_ok());
    let error = post_xml(&replaced(&all_pretty, "ada@example.com", "eve@example.com")).expect_err("a refusal");
    assert_eq!((error.code(), error.message().contains("copy")), ("digest_mismatch", false), "{error}");
}

/// The message with the SignedInfo of its Assertion indented and signed so.
fn with_indented_signed_info(idp: &TestIdp, xml: &str) -> String {
    let (before, rest) = xml.split_once("<ds:SignedInfo").expect("SignedInfo");
    let (info, after) = rest.split_once("</ds:SignedInfo>").expect("its end");
    let (value, after) = after.split_once("</ds:SignatureValue>").expect("SignatureValue");
    let (between, _) = value.rsplit_once('>').expect("its start");
    let with = |value: &str| {
        format!("{before}<ds:SignedInfo{}</ds:SignedInfo>{between}>{value}</ds:SignatureValue>{after}", indented(info))
    };
    let place = [1, 3, 2, 1]; // Response, Assertion, Signature, SignedInfo
    let unsigned = with("");
    let octets = canonicalize(unsigned.as_bytes(), Select::Path(&place), None, Algorithm::Exclusive10, "", &Limits::DEFAULT);
    with(&STANDARD.encode(sign_octets(idp, &octets.expect("a canonical form"))))
}

#[test]
fn a_message_of_another_issuer_is_not_to_be_trusted() {
    let stranger =
        TestIdp::with_key("urn:other:idp", include_str!("../testdata/auth0/keys/idp-next-rsa2048.key"), OTHER.as_bytes());
    let stranger = stranger.expect("a key");
    let xml = response(&stranger).to_xml();
    let words = "it says it is from \"urn:other:idp\"";
    let elliptic = verifier(keys(include_str!("../testdata/keys/verify/p256.pem")));
    for (verifier, xml, code) in [
        (verifier(keys(OWN)), showing(&xml, &[&bare(OTHER)]), "untrusted_key"),
        (verifier(keys(OWN)), xml.clone(), "untrusted_key"),
        (verifier(keys(OWN)), response(&stranger).signed(SignedPart::Response).to_xml(), "untrusted_key"),
        (elliptic, xml.clone(), "key_type_mismatch"),
        (verifier(keys(OWN)), showing(&xml, &[&bare(OWN)]), "signature_invalid"),
        (verifier(keys(EC)), value_in_der("urn:other:idp"), "signature_encoding"),
    ] {
        let error = verify(&verifier, &xml).expect_err("a refusal");
        assert_eq!(error.code(), code);
        assert!(error.message().starts_with(&format!("{words}, the connection is for \"urn:test:idp\": ")), "{error}");
        let remedy = error.remedy();
        assert!(remedy.starts_with(&format!("{words}; the connection is for \"urn:test:idp\"")), "{remedy}");
        assert!(remedy.ends_with("add none of its certificates to this connection"), "{remedy}");
        assert!(!remedy.contains("trust it") && !remedy.contains("rotated"), "{remedy}");
    }
    // With the Issuer that is configured, the key is what is wrong; with its key, it is a login.
    let own = showing(&replaced(&xml, "urn:other:idp", IDP), &[&bare(OTHER)]);
    let error = verify(&verifier(keys(OWN)), &own).expect_err("a refusal");
    assert!(error.message().starts_with("not signed with a trusted key") && error.remedy().contains("rotated"), "{error}");
    let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
    let theirs = Verifier::new(sp, IdentityProvider::new("urn:other:idp", keys(OTHER)).expect("an identity provider"));
    assert!(verify(&theirs, &xml).is_ok());
}

#[test]
fn an_untrusted_key_is_shown_with_both_fingerprints() {
    let idp = TestIdp::new(IDP);
    let xml = showing(&response(&idp).to_xml(), &[&bare(OWN)]);
    assert!(verify(&verifier(keys(OWN)), &xml).is_ok());
    let error = verify(&verifier(keys(OTHER)), &xml).expect_err("another key");
    let [own, other] = [OWN, OTHER].map(fingerprint);
    let message = format!("not signed with a trusted key: the message shows the certificate {own}, trusted is {other}");
    assert_eq!(error.message(), message);
}

#[test]
fn a_trusted_authority_is_told_from_a_rotated_key() {
    let idp = TestIdp::new(IDP);
    let xml = response(&idp).to_xml();
    let (leaf, authority) = (bare(LEAF), bare(AUTHORITY));
    for shown in [&[leaf.as_str()][..], &[&leaf, &authority], &[&authority, &leaf]] {
        let xml = showing(&xml, shown);
        let error = verify(&verifier(keys(AUTHORITY)), &xml).expect_err("the key of another");
        assert_eq!(error.code(), "untrusted_key");
        assert!(
            error.message().ends_with("(it names the trusted certificate, of \"CN=Acme Root\", as its issuer; not verified)"),
            "{error}"
        );
        let remedy = error.remedy();
        assert!(remedy.contains("trust the identity provider's own certificate (the leaf)"), "{remedy}");
        assert!(!remedy.contains("rotated") && remedy.ends_with("treat the message as an attack"), "{remedy}");
        assert!(verify(&verifier(keys(LEAF)), &xml).is_ok());
        // With both trusted, the value is what is wrong.
        let changed = replaced(&xml, "<ds:CanonicalizationMethod", " <ds:CanonicalizationMethod");
        assert_eq!(
            verify(&verifier(keys(&format!("{LEAF}{AUTHORITY}"))), &changed).expect_err("changed").code(),
            "signature_invalid"
        );
    }
}

/// In whatever form KeyInfo has the certificate, and though it was renewed: the key is trusted, and the value is wrong.
#[test]
fn a_trusted_key_is_known_again_in_key_info() {
    let idp = TestIdp::new(IDP);
    let xml = response(&idp).to_xml();
    let once_more = STANDARD.encode(OWN);
    for shown in [&*bare(OWN), OWN, &once_more, &in_lines(&bare(OWN)), &in_lines(&once_more), &*bare(LEAF)] {
        let xml = showing(&xml, &[shown]);
        assert!(verify(&verifier(keys(OWN)), &xml).is_ok());
        let changed = replaced(&xml, "<ds:CanonicalizationMethod", " <ds:CanonicalizationMethod");
        assert_eq!(verify(&verifier(keys(OWN)), &changed).expect_err("changed").code(), "signature_invalid", "{shown}");
        assert_eq!(verify(&verifier(keys(OTHER)), &changed).expect_err("changed").code(), "untrusted_key", "{shown}");
    }
    for shown in ["", " ", "!", "AAAA", "-----BEGIN CERTIFICATE-----"] {
        let changed = replaced(&showing(&xml, &[shown]), "<ds:CanonicalizationMethod", " <ds:CanonicalizationMethod");
        assert_eq!(verify(&verifier(keys(OWN)), &changed).expect_err("changed").code(), "untrusted_key", "{shown}");
    }
}

/// A certificate with a key that nobody could trust is shown as well: by its fingerprint it is found. What is no certificate has none.
#[test]
fn what_a_message_shows_is_named_though_it_cannot_be_used() {
    let idp = TestIdp::new(IDP);
    let changed = replaced(&response(&idp).to_xml(), "<ds:CanonicalizationMethod", " <ds:CanonicalizationMethod");
    let damaged = STANDARD.encode("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let trusted = format!("trusted is the certificate {}", fingerprint(OWN));
    let of_three_zeros = "70:9E:80:C8:84:87:A2:41:1E:1E:E4:DF:B9:F2:2A:86:14:92:D2:0C:47:65:15:0C:0C:79:4A:BD:70:F8:14:7C";
    for (shown, names) in [
        ("", trusted.as_str()),
        (" ", &trusted),
        ("!", &trusted),
        ("-----BEGIN CERTIFICATE-----", &trusted),
        (&damaged, &trusted),
        ("AAAA", &format!("the message shows the certificate {of_three_zeros} (SHA-1 ")),
        (&bare(OTHER), &format!("the message shows the certificate {}, trusted is", fingerprint(OTHER))),
    ] {
        let error = verify(&verifier(keys(OWN)), &showing(&changed, &[shown])).expect_err("changed");
        assert!(error.message().starts_with(&format!("not signed with a trusted key: {names}")), "{shown}: {error}");
    }
    // An element holds one certificate (XMLDSig 4.5.4): a chain in it is none that anybody knows.
    let der = |pem| STANDARD.decode(bare(pem)).expect("base64");
    let chain = STANDARD.encode([der(OTHER), der(OWN)].concat());
    for (shown, code) in [(&[&*chain][..], "untrusted_key"), (&[&*bare(OTHER), &*bare(OWN)], "signature_invalid")] {
        let error = verify(&verifier(keys(OWN)), &showing(&changed, shown)).expect_err("changed");
        assert_eq!(error.code(), code, "{error}");
    }
}

/// Whatever is shown of certificates is parsed, and nobody signed it: what is longer than any is not looked at.
#[test]
fn a_certificate_is_looked_at_up_to_a_length() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    for (length, code) in [(32 * 1024, "signature_invalid"), (32 * 1024 + 1, "untrusted_key")] {
        let body = bare(OWN);
        let padding = " ".repeat(length - "<ds:X509Certificate>".len() - body.len());
        let changed = replaced(&xml, "<ds:CanonicalizationMethod", " <ds:CanonicalizationMethod");
        let error = verify(&verifier(keys(OWN)), &showing(&changed, &[&(body + &padding)])).expect_err("changed");
        assert_eq!(error.code(), code, "{length}");
    }
}

/// As errors name the only certificate of a PEM.
fn fingerprint(pem: &str) -> String {
    let keys = keys(pem);
    let certificate = keys.iter().next().and_then(|key| key.certificate()).expect("a certificate");
    format!("{} (SHA-1 {})", certificate.sha256_fingerprint(), certificate.sha1_fingerprint())
}

fn in_lines(text: &str) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    lines.join("\n")
}

/// RFC 3279 section 2.2.3, of a value that is `r || s`.
fn der(value: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let leading = number.iter().take_while(|octet| **octet == 0).count();
        let mut content = number[leading..].to_vec();
        if content.first().is_none_or(|first| *first > 0x7F) {
            content.insert(0, 0);
        }
        [&[2, u8::try_from(content.len()).expect("short")], &content[..]].concat()
    };
    let (r, s) = value.split_at(value.len() / 2);
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).expect("short")], &content[..]].concat()
}

const EC: &str = include_str!("../testdata/auth0/keys/idp-ec-p256.pem");

fn with_ec_key(issuer: &str) -> String {
    let key = include_str!("../testdata/auth0/keys/idp-ec-p256.key");
    response(&TestIdp::with_key(issuer, key, EC.as_bytes()).expect("a key")).to_xml()
}

/// A message of that issuer whose SignatureValue is DER.
fn value_in_der(issuer: &str) -> String {
    let xml = with_ec_key(issuer);
    let text = xml.split("<ds:SignatureValue>").nth(1).and_then(|rest| rest.split('<').next()).expect("a SignatureValue");
    replaced(&xml, text, &STANDARD.encode(der(&STANDARD.decode(text).expect("base64"))))
}

#[test]
fn an_elliptic_curve_value_in_der_is_said_to_be_that() {
    let pem = EC;
    let xml = with_ec_key(IDP);
    assert!(verify(&verifier(keys(pem)), &xml).is_ok());
    let text = xml.split("<ds:SignatureValue>").nth(1).and_then(|rest| rest.split('<').next()).expect("a SignatureValue");
    let value = der(&STANDARD.decode(text).expect("base64"));
    let in_der = replaced(&xml, text, &STANDARD.encode(&value));
    let message = format!(
        "the {} octets of the ECDSA-SHA256 signature value are DER (ASN.1); XMLDSig prescribes the integers r and s, one behind the other",
        value.len()
    );
    for xml in [in_der.clone(), showing(&in_der, &[&bare(pem)])] {
        assert_says(
            verify(&verifier(keys(pem)), &xml),
            "signature_encoding",
            &[&message, "XMLDSig 6.4.3", "no other certificate helps"],
        );
    }
    // What only starts like it is a wrong value.
    for wrong in [&value[..value.len() - 1], &[&value[..], &[0]].concat(), &[0x30, 0], &[0x30, 3, 2, 1, 1], &[0x30, 2, 2, 0]] {
        let xml = replaced(&xml, text, &STANDARD.encode(wrong));
        assert_eq!(verify(&verifier(keys(pem)), &xml).expect_err("a wrong value").code(), "untrusted_key", "{wrong:?}");
    }
}

#[test]
fn a_value_that_was_blanked_out_is_empty() {
    let xml = response(&TestIdp::new(IDP)).to_xml();
    for name in ["DigestValue", "SignatureValue"] {
        let text = xml.split(&format!("<ds:{name}>")).nth(1).and_then(|rest| rest.split('<').next()).expect("a value");
        assert!(post_xml(&xml).is_ok());
        for blank in ["", " \n"] {
            let words = [&*format!("malformed Signature: an empty {name}"), "blanks out values"];
            assert_says(post_xml(&replaced(&xml, text, blank)), "signature_malformed", &words);
        }
    }
}

/// A departure is advised where it helps and is not allowed yet.
#[test]
fn what_is_allowed_is_not_advised() {
    let idp = TestIdp::new(IDP);
    let xml = response(&idp).to_xml();
    let (before, rest) = xml.split_once("<ds:Signature ").expect("a Signature");
    let (inside, after) = rest.split_once("</ds:Signature>").expect("its end");
    let signature = format!("<ds:Signature {inside}</ds:Signature>");
    let issuer = before.rfind("<saml:Issuer>").expect("the Issuer");
    let first = format!("{}{signature}{}{after}", &before[..issuer], &before[issuer..]);
    let last = format!("{before}{}", after.replace("</saml:Assertion>", &format!("{signature}</saml:Assertion>")));
    let allowing = |departure: Departure| {
        let sp = ServiceProvider::new(SP, ACS).expect("a service provider");
        Verifier::new(sp, IdentityProvider::new(IDP, keys(OWN)).expect("an identity provider").allow(departure))
    };
    let (strict, lenient) = (verifier(keys(OWN)), allowing(Departure::SignaturePosition));
    assert!(verify(&lenient, &last).is_ok());
    assert_says(verify(&strict, &last), "signature_misplaced", &["allow `signature-position`"]);
    for verifier in [&strict, &lenient] {
        let error = verify(verifier, &first).expect_err("a refusal");
        assert_eq!(error.code(), "signature_misplaced");
        assert!(error.remedy().starts_with("the order that SAML prescribes is Issuer, Signature, and then the rest"), "{error}");
        assert!(!error.remedy().contains("signature-position"), "{error}");
    }
    let transform = format!("<ds:Transform Algorithm=\"{}\"></ds:Transform>", Algorithm::Exclusive10.uri());
    let without = xml.replacen(&transform, "", 1);
    assert_ne!(without, xml);
    assert_says(verify(&strict, &without), "signature_malformed", &["allow `inclusive-c14n`"]);
    let error = verify(&allowing(Departure::InclusiveCanonicalization), &without).expect_err("a refusal");
    assert!(!error.remedy().contains("inclusive-c14n"), "{}", error.remedy());
}

/// KeyInfo is not signed: whatever else is in it takes no certificate's place.
#[test]
fn the_certificate_is_found_among_everything_else_that_a_key_info_shows() {
    let stranger = TestIdp::with_key(IDP, include_str!("../testdata/auth0/keys/idp-next-rsa2048.key"), OTHER.as_bytes());
    let xml = showing(&response(&stranger.expect("a key")).to_xml(), &[&bare(OTHER)]);
    let plain = verify(&verifier(keys(OWN)), &xml).expect_err("another key");
    assert_eq!((plain.code(), plain.received().len()), ("untrusted_key", 1));
    let names = "<ds:X509SubjectName>CN=x</ds:X509SubjectName>".repeat(100);
    let crowded = replaced(&xml, "<ds:X509Data>", &format!("<ds:X509Data>{names}"));
    assert_eq!(verify(&verifier(keys(OWN)), &crowded).expect_err("another key"), plain);
}

/// What stands in front of a page is mostly not much, and it is a page all the same.
#[test]
fn a_page_is_named_behind_many_empty_lines() {
    for lines in [0, 1000, 2000, 8000] {
        let page = "\n".repeat(lines) + "<!DOCTYPE html><html><body>Password</body></html>";
        assert_eq!(post_xml(&page).expect_err("a page").code(), "html_page", "{lines}");
        // Also one that is no UTF-8.
        let latin1 = [page.as_bytes(), b"Acc\xE8s"].concat();
        assert_eq!(post(&STANDARD.encode(latin1)).expect_err("a page").code(), "html_page", "{lines}");
    }
}
