//! Who logs in: by the NameID, or by the attribute that a connection names. With genuine signatures, so that nothing but the identity
//! can refuse.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::time::SystemTime;

use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    ConfigError, Departure, Error, Expect, IdentifierFault, IdentityProvider, Login, NameId, ServiceProvider, StructureError,
    SubjectKey, Verifier, claim,
};

const IDP: &str = "urn:test:idp";
const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";
const REQUEST: &str = "_request";
const NAME_ID: &str = "<saml:NameID>eve@example.com</saml:NameID>";
const ADA: &str = "ada@example.com";

fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

fn idp() -> IdentityProvider {
    IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider")
}

fn by(attribute: &str) -> IdentityProvider {
    idp().identify_by_attribute(attribute).expect("a name")
}

fn verify(idp: IdentityProvider, xml: &str) -> Result<Login, Error> {
    let verifier = Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), idp);
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    assert_eq!(report.refusal(), verified.as_ref().err(), "the explanation says the same");
    verified.map(|verified| verified.without_replay_protection())
}

/// A login whose subject has that name, and with those statements; the Assertion is signed.
fn message(name: &str, statements: &str) -> String {
    let idp = TestIdp::new(IDP);
    let xml = idp.response(SP, ACS, now()).in_response_to(REQUEST).assertion_id("_assertion").name_id("eve@example.com").to_xml();
    let (before, rest) = xml.split_once("<ds:Signature ").expect("a Signature");
    let (_, after) = rest.split_once("</ds:Signature>").expect("its end");
    let after = replaced(&replaced(after, NAME_ID, name), "</saml:Assertion>", &format!("{statements}</saml:Assertion>"));
    let signature = sign(&idp, &format!("{before}{after}"), "_assertion", Algorithm::Exclusive10, "");
    format!("{before}{signature}{after}")
}

fn statement(attributes: &str) -> String {
    format!("<saml:AttributeStatement>{attributes}</saml:AttributeStatement>")
}

fn attribute(name: &str, values: &str) -> String {
    format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute>")
}

/// The subject identifier with those values, without a NameID.
fn subject_id(values: &str) -> String {
    message("", &statement(&attribute(claim::SUBJECT_ID, values)))
}

const VALUE: &str = "<saml:AttributeValue>ada@example.com</saml:AttributeValue>";

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn fault(fault: IdentifierFault) -> Error {
    StructureError::Identifier { attribute: claim::SUBJECT_ID.into(), fault }.into()
}

#[test]
fn an_attribute_identifies_where_the_connection_says_so() {
    for (name, beside) in [("", None), (NAME_ID, Some(NameId::new("eve@example.com")))] {
        let xml = message(name, &statement(&attribute(claim::SUBJECT_ID, VALUE)));
        let login = verify(by(claim::SUBJECT_ID), &xml).expect("a login");
        assert_eq!((login.user_id(), login.name_id().value.as_str()), (ADA, ADA));
        assert_eq!(login.name_id().format.as_deref(), Some(claim::SUBJECT_ID));
        assert_eq!(login.identifying_attribute(), Some(claim::SUBJECT_ID));
        assert!(login.subject_name_id() == beside.as_ref());
        assert_eq!(login.subject_key(), SubjectKey::of_attribute(IDP, claim::SUBJECT_ID, ADA));
        assert_eq!(login.attribute(claim::SUBJECT_ID), Some(ADA));
    }
}

/// The twin: the same messages where the NameID identifies.
#[test]
fn the_name_id_identifies_where_nothing_else_is_said() {
    let attribute = statement(&attribute(claim::SUBJECT_ID, VALUE));
    let login = verify(idp(), &message(NAME_ID, &attribute)).expect("a login");
    assert_eq!((login.user_id(), login.identifying_attribute()), ("eve@example.com", None));
    assert!(login.name_id() == &NameId::new("eve@example.com") && login.subject_name_id() == Some(login.name_id()));
    assert_eq!(login.subject_key(), SubjectKey::of_name_id(IDP, login.name_id()));
    let refused = verify(idp(), &message("", &attribute)).expect_err("a refusal");
    assert_eq!(refused, StructureError::MissingElement { parent: "Subject", element: "NameID" }.into());
    assert_eq!(
        refused.remedy(),
        "let the identity provider name the user by a NameID; where it names users by an attribute alone, identify them by that attribute \
         (`IdentityProvider::identify_by_attribute`, `--identify-by`)"
    );
}

/// An attribute that does not identify is made up for by nothing: not by a NameID, nor by another attribute.
#[test]
fn an_attribute_has_one_text_that_is_not_blank() {
    let value = |text: &str| format!("<saml:AttributeValue>{text}</saml:AttributeValue>");
    let nil =
        "<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"></saml:AttributeValue>";
    for (values, outcome) in [
        (VALUE.to_owned(), Ok(ADA)),
        (value(" a&amp;<!-- -->b "), Ok(" a&b ")),
        (String::new(), Err(IdentifierFault::Missing)),
        (value(""), Err(IdentifierFault::Blank)),
        (value(" \n\t\u{A0}\u{3000}"), Err(IdentifierFault::Blank)),
        (value("\u{200B}"), Err(IdentifierFault::Blank)),
        (value("\u{200B}a"), Ok("\u{200B}a")),
        (nil.to_owned(), Err(IdentifierFault::NotText)),
        (value("<saml:NameID>ada@example.com</saml:NameID>"), Err(IdentifierFault::NotText)),
        (value("ada@example.com<saml:a></saml:a>"), Err(IdentifierFault::NotText)),
        (format!("{VALUE}{VALUE}"), Err(IdentifierFault::Several { values: 2 })),
        (format!("{}{VALUE}", value("")), Err(IdentifierFault::Several { values: 2 })),
        (format!("{nil}{VALUE}"), Err(IdentifierFault::Several { values: 2 })),
    ] {
        for name in ["", NAME_ID] {
            let xml = message(name, &statement(&attribute(claim::SUBJECT_ID, &values)));
            let login = verify(by(claim::SUBJECT_ID), &xml);
            assert_eq!(login.as_ref().map(Login::user_id).map_err(Clone::clone), outcome.map_err(fault), "{values}");
        }
    }
}

/// Over all Attribute elements and statements, whatever else they say of themselves.
#[test]
fn a_doubled_attribute_identifies_nobody() {
    let one = attribute(claim::SUBJECT_ID, VALUE);
    let other = attribute(claim::SUBJECT_ID, "<saml:AttributeValue>eve@example.com</saml:AttributeValue>");
    let formatted = replaced(&other, " Name=", " NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\" Name=");
    let empty = attribute(claim::SUBJECT_ID, "");
    for (statements, outcome) in [
        (statement(&format!("{one}{empty}")), Ok(ADA)),
        (statement(&format!("{one}{other}")), Err(2)),
        (statement(&format!("{other}{one}")), Err(2)),
        (statement(&format!("{one}{one}")), Err(2)),
        (statement(&format!("{one}{formatted}")), Err(2)),
        (format!("{}{}", statement(&one), statement(&other)), Err(2)),
        (format!("{}{}", statement(&one), statement(&format!("{one}{other}"))), Err(3)),
    ] {
        let login = verify(by(claim::SUBJECT_ID), &message(NAME_ID, &statements));
        let outcome = outcome.map_err(|values| fault(IdentifierFault::Several { values }));
        assert_eq!(login.as_ref().map(Login::user_id).map_err(Clone::clone), outcome, "{statements}");
    }
}

/// The name is the one that was configured, to the letter; a FriendlyName is none.
#[test]
fn only_the_attribute_of_that_name_identifies() {
    for other in
        ["urn:oasis:names:tc:SAML:attribute:pairwise-id", "urn:oasis:names:tc:SAML:attribute:Subject-Id", "subject-id", ""]
    {
        let named = attribute(other, VALUE);
        let friendly = replaced(&named, " Name=", &format!(" FriendlyName=\"{}\" Name=", claim::SUBJECT_ID));
        for attribute in [named, friendly] {
            let refused = verify(by(claim::SUBJECT_ID), &message(NAME_ID, &statement(&attribute)));
            assert_eq!(refused.err(), Some(fault(IdentifierFault::Missing)), "{attribute}");
        }
    }
    assert!(verify(by("other"), &message("", &statement(&attribute("other", VALUE)))).is_ok(), "the twin");
}

/// What nobody signed says nothing of the user, wherever it stands.
#[test]
fn an_attribute_outside_of_what_is_signed_identifies_nobody() {
    let with = |place: &str, what: &str| {
        let xml = message(NAME_ID, "");
        replaced(&xml, place, &format!("{what}{place}"))
    };
    let named = statement(&attribute(claim::SUBJECT_ID, VALUE));
    let extensions = format!("<samlp:Extensions>{named}</samlp:Extensions>");
    for (xml, code) in [
        (with("<samlp:Status>", &extensions), "identifier_missing"),
        (with("</saml:Assertion>", &named), "digest_mismatch"),
        (with("</samlp:Response>", &named), "unexpected_element"),
        (with("</ds:Signature>", &format!("<ds:KeyInfo>{named}</ds:KeyInfo>")), "identifier_missing"),
        (replaced(&subject_id(VALUE), ADA, "eve@example.com"), "digest_mismatch"),
    ] {
        for departures in [&[][..], &Departure::ALL] {
            let idp = departures.iter().fold(by(claim::SUBJECT_ID), |idp, departure| idp.allow(*departure));
            assert_eq!(verify(idp, &xml).expect_err("a refusal").code(), code, "{xml}");
        }
    }
    assert!(verify(by(claim::SUBJECT_ID), &subject_id(VALUE)).is_ok(), "the twin");
}

/// A NameID that is there has to be one, also where it decides nothing.
#[test]
fn a_name_id_beside_the_attribute_is_still_read() {
    for (name, code) in [
        ("<saml:NameID> </saml:NameID>", "empty_name_id"),
        ("<saml:NameID>\u{200B}&#xFEFF;</saml:NameID>", "empty_name_id"),
        ("<saml:NameID>a<saml:a></saml:a></saml:NameID>", "not_text"),
        ("<saml:EncryptedID></saml:EncryptedID>", "encrypted_id"),
        ("<saml:BaseID></saml:BaseID>", "base_id"),
        ("<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>", "repeated_element"),
    ] {
        let xml = message(name, &statement(&attribute(claim::SUBJECT_ID, VALUE)));
        assert_eq!(verify(by(claim::SUBJECT_ID), &xml).expect_err("a refusal").code(), code, "{name}");
    }
}

#[test]
fn each_fault_has_a_code_and_a_remedy_and_tells_no_value() {
    let remedy = "let the identity provider send one text as the only value of this attribute, or identify users by another";
    let missing = "let the identity provider send this attribute, with one value, for every user, or identify users by another; its name \
                   is compared exactly, with upper and lower case";
    for (kind, code, what, remedy) in [
        (IdentifierFault::Missing, "identifier_missing", "the assertion has no value of it", missing),
        (IdentifierFault::Several { values: 2 }, "identifier_ambiguous", "it has 2 values", remedy),
        (IdentifierFault::Blank, "identifier_blank", "its value is blank", remedy),
        (IdentifierFault::NotText, "identifier_not_text", "its value is not text", remedy),
    ] {
        let error = fault(kind);
        assert_eq!((error.stage(), error.code(), error.section()), ("structure", code, "connection policy"));
        let shown = format!("structure: the attribute \"{}\" does not identify the user: {what}", claim::SUBJECT_ID);
        assert_eq!((error.to_string(), error.remedy().as_str()), (shown, remedy));
    }
}

#[test]
fn the_attribute_has_a_name() {
    for name in ["", " ", "\n\t"] {
        assert_eq!(idp().identify_by_attribute(name).err(), Some(ConfigError::BlankAttributeName));
    }
    assert_eq!(ConfigError::BlankAttributeName.to_string(), "the name of the attribute that identifies users is blank");
}
