//! What a departure lets in, and what it does not: each refusal with its accepted twin, and the attacks that must stay outside while
//! every departure is allowed. Signed genuinely, so that nothing but the rule in question can refuse.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml_verify::canonical::Algorithm;
use saml_verify::internals::{Select, canonicalize, sign, sign_octets};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    Departure, Error, Expect, IdentityProvider, Limits, Login, ServiceProvider, SignatureError, StructureError, Verifier,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_request";
const USER: &str = "ada@example.com";
const OTHER: &str = "eve@example.com";
const SIGNATURE: &str = "<ds:Signature ";

fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

fn verify(xml: &str, departures: &[Departure]) -> Result<Login, Error> {
    let idp = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    let idp = departures.iter().fold(idp, |idp, departure| idp.allow(*departure));
    let verifier = Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), idp);
    let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    assert_eq!(report.refusal(), verified.as_ref().err(), "the explanation says the same");
    verified.map(|verified| verified.without_replay_protection())
}

fn user(xml: &str, departures: &[Departure]) -> Result<String, Error> {
    verify(xml, departures).map(|login| login.name_id().value.clone())
}

/// A message that nobody signed, with those IDs.
fn unsigned(response_id: &str, assertion_id: &str) -> String {
    let idp = TestIdp::new(IDP);
    let response = idp.response(SP, ACS, now()).response_id(response_id).assertion_id(assertion_id);
    let xml = response.in_response_to(REQUEST).name_id(USER).to_xml();
    let (before, rest) = xml.split_once(SIGNATURE).expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    format!("{before}{after}")
}

/// The Signature behind the first Issuer that follows the passage.
fn with_signature(xml: &str, behind: &str, signature: &str) -> String {
    let at = xml.find(behind).expect("the passage");
    let issuer = at + xml[at..].find("</saml:Issuer>").expect("an Issuer") + "</saml:Issuer>".len();
    [&xml[..issuer], signature, &xml[issuer..]].concat()
}

/// The message with the element of that ID signed.
fn signed(xml: &str, id: &str) -> String {
    let signature = sign(&TestIdp::new(IDP), xml, id, Algorithm::Exclusive10, "");
    with_signature(xml, &format!("ID=\"{id}\""), &signature)
}

/// A Signature over `octets` with that URI.
fn signature_over(octets: &[u8], uri: &str) -> String {
    let idp = TestIdp::new(IDP);
    let any = sign(&idp, "<a ID=\"_any\"></a>", "_any", Algorithm::Exclusive10, "");
    let digest = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, octets));
    let (before, value) = (text_of(&any, "ds:DigestValue"), text_of(&any, "ds:SignatureValue"));
    let signature = replaced(&replaced(&any, before, &digest), "URI=\"#_any\"", &format!("URI=\"{uri}\""));
    let limits = Limits::DEFAULT;
    let info = canonicalize(signature.as_bytes(), Select::Path(&[1, 1]), None, Algorithm::Exclusive10, "", &limits);
    replaced(&signature, value, &STANDARD.encode(sign_octets(&idp, &info.expect("canonical"))))
}

/// The canonical form of the document, or of the element with that ID.
fn canonical(xml: &str, id: Option<&str>) -> Vec<u8> {
    let select = id.map_or(Select::Path(&[]), |value| Select::Attribute { name: "ID", value });
    canonicalize(xml.as_bytes(), select, None, Algorithm::Exclusive10, "", &Limits::DEFAULT).expect("canonical")
}

/// Signed as a document: the Signature of the Response has the empty URI.
fn signed_as_document(xml: &str) -> String {
    with_signature(xml, "ID=\"_response\"", &signature_over(&canonical(xml, None), ""))
}

fn text_of<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect("the element");
    rest.split_once('<').expect("its end").0
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let start = xml.find(&format!("<{name} ")).expect("the element");
    let end = format!("</{name}>");
    &xml[start..xml.rfind(&end).expect("its end") + end.len()]
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn code(outcome: Result<String, Error>) -> &'static str {
    outcome.expect_err("a refusal").code()
}

const ALL: &[Departure] = &Departure::ALL;

// IDs that are no NCNames

const NON_NCNAME: &[Departure] = &[Departure::NonNcNameId];

#[test]
fn an_id_of_name_characters_in_any_order_needs_its_departure() {
    for id in ["1f2e3d", "3c44e1d0-58a1-4a0e-9a63-6d1b6a1f8e77", "-a", ".a", "urn:uuid:1", "a:b", "\u{B7}a"] {
        for (response_id, assertion_id, element) in [(id, "_a", "Response"), ("_r", id, "Assertion")] {
            for signed_id in [response_id, assertion_id] {
                let xml = signed(&unsigned(response_id, assertion_id), signed_id);
                let refused = StructureError::InvalidId { element, received: id.into() };
                for strict in [&[][..], &[Departure::SignaturePosition, Departure::WholeDocumentReference]] {
                    assert_eq!(user(&xml, strict), Err(refused.clone().into()), "{xml}");
                }
                assert_eq!(user(&xml, NON_NCNAME).as_deref(), Ok(USER), "{id}");
                assert_eq!(user(&xml, ALL).as_deref(), Ok(USER), "{id}");
            }
        }
    }
    let error = user(&signed(&unsigned("_r", "1a"), "1a"), &[]).expect_err("a refusal");
    assert_eq!((error.stage(), error.code(), error.section()), ("structure", "invalid_id", "SAML Core 1.3.4"));
    assert_eq!(
        error.remedy(),
        "let the identity provider make IDs that start with a letter or an underscore and go on with letters, digits, `_`, `-` and `.`; \
         where it cannot, and its IDs have only these characters and colons in another order, allow `non-ncname-id` for this connection"
    );
}

/// What a URI reference, a query or an XPointer gives a meaning is in no ID, whatever is allowed.
#[test]
fn an_id_that_can_be_read_in_two_ways_is_refused_also_with_the_departure() {
    for id in
        ["1 a", " 1a", "1a ", "#1a", "1#a", "%31a", "1'a", "1/a", "{1a}", "(1a)", "1a=", "1+a", "1,a", "1;a", "1?a", "1\u{A0}a"]
    {
        for (response_id, assertion_id, element) in [(id, "_a", "Response"), ("_r", id, "Assertion")] {
            let other = if element == "Response" { "_a" } else { "_r" };
            let xml = signed(&unsigned(response_id, assertion_id), other);
            let refused = StructureError::InvalidId { element, received: id.into() };
            for departures in [&[][..], NON_NCNAME, ALL] {
                assert_eq!(user(&xml, departures), Err(refused.clone().into()), "{id}");
            }
        }
    }
}

#[test]
fn an_id_that_is_no_ncname_still_stands_once() {
    let twin = signed(&unsigned("2a", "1a"), "1a");
    assert_eq!(user(&twin, NON_NCNAME).as_deref(), Ok(USER));
    for (from, to) in [
        ("ID=\"2a\"", "ID=\"1a\""),
        ("<samlp:Status>", "<samlp:Status id=\"1a\">"),
        ("<samlp:Status>", "<samlp:Status xml:id=\"1a\">"),
    ] {
        let doubled = replaced(&twin, from, to);
        for departures in [NON_NCNAME, ALL] {
            let refused = user(&doubled, departures).expect_err("doubled");
            let doubled_id =
                matches!(&refused, Error::Signature(SignatureError::DuplicateId { id: Some(id), .. }) if id.as_str() == "1a");
            assert!(doubled_id, "{to}: {refused:?}");
        }
    }
}

/// Even the identity provider cannot refer to it in another way.
#[test]
fn an_id_that_is_no_ncname_is_still_named_exactly() {
    let xml = unsigned("_response", "1a");
    let octets = canonical(&xml, Some("1a"));
    let with = |uri: &str| with_signature(&xml, "ID=\"1a\"", &signature_over(&octets, uri));
    assert_eq!(user(&with("#1a"), NON_NCNAME).as_deref(), Ok(USER));
    for uri in ["#1A", "#01a", "#%31a", "#1a ", "# 1a", "1a", "##1a", "#1", "#a", "#xpointer(id('1a'))", "#1a#1a", "#_1a"] {
        let refused = SignatureError::ReferenceMismatch { expected: "#1a".into(), received: Some(uri.into()), departure: None };
        for departures in [NON_NCNAME, ALL] {
            assert_eq!(user(&with(uri), departures), Err(refused.clone().into()), "{uri}");
        }
    }
}

#[test]
fn an_assertion_whose_id_is_no_ncname_lends_a_forged_one_nothing() {
    let genuine = signed(&unsigned("_response", "1a"), "1a");
    assert_eq!(user(&genuine, NON_NCNAME).as_deref(), Ok(USER));
    let assertion = element(&genuine, "saml:Assertion");
    let forged = replaced(element(&unsigned("_response", "1a"), "saml:Assertion"), USER, OTHER);
    let forged_signed = replaced(assertion, USER, OTHER);
    let other_id = |assertion: &str| replaced(assertion, "ID=\"1a\"", "ID=\"1b\"");
    let in_extensions = |assertion: &str| format!("<samlp:Extensions>{assertion}</samlp:Extensions>");
    for (inside, aside, expected) in [
        (forged.clone(), String::new(), "unsigned"),
        (forged_signed.clone(), String::new(), "digest_mismatch"),
        (other_id(&forged), in_extensions(assertion), "unsigned"),
        (forged_signed.clone(), in_extensions(assertion), "duplicate_id"),
        (other_id(&forged_signed), in_extensions(assertion), "reference_mismatch"),
        (format!("{}{assertion}", other_id(&forged)), String::new(), "several_assertions"),
    ] {
        let xml = replaced(&genuine, assertion, &inside);
        let xml = replaced(&xml, "<samlp:Status>", &format!("{aside}<samlp:Status>"));
        for departures in [NON_NCNAME, ALL] {
            assert_eq!(code(user(&xml, departures)), expected, "{xml}");
        }
    }
}

// References to the whole document

const WHOLE: &[Departure] = &[Departure::WholeDocumentReference];

fn empty_reference(expected: &str, departure: Option<Departure>) -> Error {
    SignatureError::ReferenceMismatch { expected: expected.into(), received: Some("".into()), departure }.into()
}

#[test]
fn an_empty_reference_of_the_root_element_needs_its_departure() {
    let plain = unsigned("_response", "_assertion");
    let whole = signed_as_document(&plain);
    for strict in [&[][..], &[Departure::NonNcNameId, Departure::SignaturePosition, Departure::InclusiveCanonicalization]] {
        assert_eq!(user(&whole, strict), Err(empty_reference("#_response", Some(Departure::WholeDocumentReference))));
    }
    for departures in [WHOLE, ALL] {
        let login = verify(&whole, departures).expect("a login");
        let signatures: Vec<_> = login.signatures().iter().map(|signature| signature.element).collect();
        assert_eq!(
            (login.name_id().value.as_str(), login.response_id(), &*signatures),
            (USER, Some("_response"), &["Response"][..])
        );
        assert_eq!(user(&signed(&plain, "_response"), departures).as_deref(), Ok(USER), "by its ID as before");
        assert_eq!(user(&signed_as_document(&signed(&plain, "_assertion")), departures).as_deref(), Ok(USER), "both signed");
    }
    let error = user(&whole, &[]).expect_err("a refusal");
    assert_eq!(
        error.to_string(),
        "signature: the Reference is empty, which stands for the whole document: it must be \"#_response\""
    );
    assert_eq!((error.expected(), error.received()), (vec!["#_response".to_owned()], vec![String::new()]));
    assert_eq!(
        error.remedy(),
        "let the identity provider sign by the ID of the element (SAML Core 5.4.2); if it can only sign the whole document, allow \
         `whole-document-reference` for this connection"
    );
    // Where it would not help it is not advised.
    let remedy = empty_reference("#_assertion", None).remedy();
    assert_eq!(remedy, "let the identity provider sign by the ID of the element (SAML Core 5.4.2)");
}

/// XMLDSig 4.4.3.3: the document without its comments, which has instructions beside the root element.
#[test]
fn a_whole_document_is_signed_with_its_instructions_and_without_its_comments() {
    let plain = unsigned("_response", "_assertion");
    let instructed = format!("<?before it?>\n{plain}\n<?behind?>");
    for (xml, outcome) in [
        (signed_as_document(&instructed), Ok(USER.to_owned())),
        (format!("<!-- 1 -->{}<!-- 2 -->\n", signed_as_document(&plain)), Ok(USER.to_owned())),
        (
            format!("<?added?>{}", signed_as_document(&plain)),
            Err(SignatureError::DigestMismatch { element: "Response", clues: Box::default() }.into()),
        ),
        (
            replaced(&signed_as_document(&instructed), "<?behind?>", ""),
            Err(SignatureError::DigestMismatch { element: "Response", clues: Box::default() }.into()),
        ),
    ] {
        assert_eq!(user(&xml, WHOLE), outcome, "{xml}");
    }
}

/// In an Assertion inside a Response the empty URI names neither of the two, whatever was digested.
#[test]
fn an_empty_reference_of_an_assertion_inside_is_refused_also_with_the_departure() {
    let plain = unsigned("_response", "_assertion");
    let whole_in_assertion = with_signature(&plain, "ID=\"_assertion\"", &signature_over(&canonical(&plain, None), ""));
    let own_document = with_signature(&plain, "ID=\"_assertion\"", &signature_over(&canonical(&plain, Some("_assertion")), ""));
    let twin =
        with_signature(&plain, "ID=\"_assertion\"", &signature_over(&canonical(&plain, Some("_assertion")), "#_assertion"));
    assert_eq!(user(&twin, WHOLE).as_deref(), Ok(USER));
    for xml in [&whole_in_assertion, &own_document, &signed(&own_document, "_response"), &signed_as_document(&own_document)] {
        for departures in [WHOLE, ALL] {
            assert_eq!(user(xml, departures), Err(empty_reference("#_assertion", None)), "{xml}");
        }
    }
}

#[test]
fn a_whole_document_lends_a_forged_one_nothing() {
    let plain = unsigned("_response", "_assertion");
    let genuine = signed_as_document(&plain);
    assert_eq!(user(&genuine, WHOLE).as_deref(), Ok(USER));
    let signature = element(&genuine, "ds:Signature").to_owned();
    let forged = replaced(&replaced(&plain, USER, OTHER), "ID=\"_response\"", "ID=\"_forged\"");
    let forged = replaced(&forged, "ID=\"_assertion\"", "ID=\"_other\"");
    let in_forged = |behind: &str, what: &str| replaced(&forged, behind, &format!("{what}{behind}"));
    let in_extensions = |what: &str| format!("<samlp:Extensions>{what}</samlp:Extensions>");
    for (how, xml, expected) in [
        ("changed after signing", replaced(&genuine, USER, OTHER), "digest_mismatch"),
        ("the Signature in a forged document", with_signature(&forged, "ID=\"_forged\"", &signature), "digest_mismatch"),
        ("in a forged Assertion", with_signature(&forged, "ID=\"_other\"", &signature), "reference_mismatch"),
        ("deeper: in the Status", in_forged("</samlp:Status>", &signature), "unexpected_element"),
        ("deeper: in the Extensions", in_forged("<samlp:Status>", &in_extensions(&signature)), "unsigned"),
        ("the genuine document in the Extensions", in_forged("<samlp:Status>", &in_extensions(&genuine)), "unsigned"),
        (
            "the genuine document in the Extensions, its Signature above",
            with_signature(&in_forged("<samlp:Status>", &in_extensions(&plain)), "ID=\"_forged\"", &signature),
            "digest_mismatch",
        ),
        (
            "the genuine document in the Signature",
            with_signature(
                &forged,
                "ID=\"_forged\"",
                &replaced(&signature, "</ds:Signature>", &format!("<ds:KeyInfo>{plain}</ds:KeyInfo></ds:Signature>")),
            ),
            "digest_mismatch",
        ),
        ("two Signatures", with_signature(&genuine, "ID=\"_response\"", &signature), "several_signatures"),
        (
            "a forged Assertion beside the genuine one",
            replaced(&genuine, "<saml:Assertion ", &format!("{}<saml:Assertion ", element(&forged, "saml:Assertion"))),
            "several_assertions",
        ),
    ] {
        for departures in [WHOLE, ALL] {
            assert_eq!(code(user(&xml, departures)), expected, "{how}: {xml}");
        }
    }
}

/// No other reference becomes one to the whole document, nor does a missing one.
#[test]
fn only_the_empty_reference_stands_for_the_document() {
    let plain = unsigned("_response", "_assertion");
    let with = |uri: &str| with_signature(&plain, "ID=\"_response\"", &signature_over(&canonical(&plain, None), uri));
    assert_eq!(user(&with(""), WHOLE).as_deref(), Ok(USER));
    for uri in ["#", " ", "#xpointer(/)", ".", "?", "document.xml", "#_assertion", "_response"] {
        let refused =
            SignatureError::ReferenceMismatch { expected: "#_response".into(), received: Some(uri.into()), departure: None };
        assert_eq!(user(&with(uri), ALL), Err(refused.into()), "{uri:?}");
    }
    let missing = replaced(&with(""), " URI=\"\"", "");
    let refused = SignatureError::ReferenceMismatch { expected: "#_response".into(), received: None, departure: None };
    assert_eq!(user(&missing, ALL), Err(refused.into()));
}
