//! One genuine message with every part that is read, and what becomes of it when a part is written otherwise before it is signed.

use std::time::{Duration, SystemTime};

use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::TestIdp;
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{AttributeValue, Error, Expect, IdentityProvider, Login, ServiceProvider, Verifier};

pub(crate) const IDP: &str = "urn:test:idp";
pub(crate) const SP: &str = "urn:test:sp";
pub(crate) const ACS: &str = "https://sp.example/acs";
pub(crate) const REQUEST: &str = "_request";
pub(crate) const CLASS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";

/// The message, both parts to be signed: `R` stands where the Signature of the Response goes, `A` where that of the Assertion goes.
pub(crate) const MESSAGE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:foreign="urn:foreign" ID="_response" Version="2.0" IssueInstant="2027-03-03T10:00:00Z" Destination="https://sp.example/acs" InResponseTo="_request"><saml:Issuer>urn:test:idp</saml:Issuer><?R?><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_assertion" Version="2.0" IssueInstant="2027-03-03T10:00:00Z"><saml:Issuer>urn:test:idp</saml:Issuer><?A?><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" NameQualifier="urn:qualifier" SPNameQualifier="urn:sp-qualifier" SPProvidedID="provided">ada@example.com</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2027-03-03T11:00:00Z" Recipient="https://sp.example/acs" InResponseTo="_request" Address="192.0.2.1"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2027-03-03T10:00:00Z" NotOnOrAfter="2027-03-03T11:00:00Z"><saml:AudienceRestriction><saml:Audience>urn:test:sp</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/></saml:Conditions><saml:AuthnStatement AuthnInstant="2027-03-03T10:00:00Z" SessionIndex="session" SessionNotOnOrAfter="2027-03-03T20:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="role" NameFormat="urn:format" FriendlyName="Role"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#;

pub(crate) fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:30:00Z").expect("a time")
}

/// Without skew, and with everything demanded that can be.
pub(crate) fn verifier() -> Verifier {
    let idp = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    strict(Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), idp))
}

pub(crate) fn strict(verifier: Verifier) -> Verifier {
    verifier.clock_skew(Duration::ZERO).and_then(|verifier| verifier.require_authn_context([CLASS])).expect("a connection")
}

/// The message with the first passage replaced, then signed: the Assertion, then the Response.
pub(crate) fn signed(from: &str, to: &str) -> String {
    assert!(MESSAGE.contains(from), "{from}");
    both_signed(&MESSAGE.replacen(from, to, 1))
}

/// Signs both parts of a message that has the places for it. Where an ID was changed, the Signature is that of another element.
pub(crate) fn both_signed(message: &str) -> String {
    let idp = TestIdp::new(IDP);
    let mut xml = message.to_owned();
    for (place, id) in [("<?A?>", "_assertion"), ("<?R?>", "_response")] {
        if !xml.contains(&format!("\"{id}\"")) {
            xml = xml.replacen(place, "", 1);
            continue;
        }
        let plain = xml.replace("<?A?>", "").replace("<?R?>", "");
        let signature = sign(&idp, &plain, id, Algorithm::Exclusive10, "");
        xml = xml.replacen(place, &signature, 1);
    }
    xml
}

pub(crate) fn verify(xml: &str) -> Result<Login, Error> {
    verify_by(&verifier(), xml)
}

pub(crate) fn verify_by(verifier: &Verifier, xml: &str) -> Result<Login, Error> {
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    verified.map(|verified| verified.without_replay_protection())
}

/// Everything that a login says, but for its signatures.
pub(crate) fn said(login: &Login) -> String {
    let time = |time: Option<SystemTime>| time.map(format_rfc3339);
    let name = login.name_id();
    let attributes: Vec<String> = login
        .attributes()
        .iter()
        .map(|attribute| {
            let values: Vec<String> = attribute
                .values()
                .map(|value| match value {
                    AttributeValue::Text(text) => format!("{text:?}"),
                    AttributeValue::Nil => "nil".to_owned(),
                    AttributeValue::NameId(name) => format!("name {:?}", name.value),
                    AttributeValue::Xml(xml) => format!("xml {xml:?}"),
                    other => panic!("a kind of value that is not looked at: {other:?}"),
                })
                .collect();
            format!("{:?} {:?} {:?} {values:?}", attribute.name(), attribute.name_format(), attribute.friendly_name())
        })
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {attributes:?} {:?}",
        login.issuer(),
        name.value,
        name.format,
        name.name_qualifier,
        name.sp_name_qualifier,
        name.sp_provided_id,
        login.session_index(),
        time(login.session_not_on_or_after()),
        login.authn_context(),
        format_rfc3339(login.authn_instant()),
        login.in_response_to(),
        login.assertion_id(),
        login.response_id(),
        format_rfc3339(login.issue_instant()),
        time(login.not_before()),
        time(login.not_on_or_after()),
        login.one_time_use(),
        login.confirmed_address(),
        login.warnings(),
    )
}

/// What a login says, or the code and the message of the refusal.
pub(crate) fn outcome(xml: &str) -> Result<String, (&'static str, String)> {
    verify(xml).map(|login| said(&login)).map_err(|error| (error.code(), error.message()))
}

/// The start tags of the message, each as its name and its attributes but for declarations.
pub(crate) fn tags() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let starts = MESSAGE.split('<').skip(1).filter(|piece| !piece.starts_with(['/', '?']));
    let mut found = Vec::new();
    for piece in starts {
        let tag = piece.split('>').next().expect("a tag").trim_end_matches('/');
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let attributes = rest.split("\" ").filter_map(|pair| pair.trim_end_matches('"').split_once("=\""));
        found.push((name, attributes.filter(|(name, _)| !name.starts_with("xmlns")).collect()));
    }
    found
}
