//! A message in which whatever can be personal is, refused in every way that there is: no error and no explanation shows any of it.
//!
//! What is compared with the connection is not personal, and errors show both sides of it: names of providers and services, URLs,
//! requests, times, the ID of the message and of its Assertion. Names of elements are markup.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::personal::{debug_forms, error_forms};
use common::signed::{ACS, IDP, MESSAGE, REQUEST, SP, both_signed, now, verifier, verify};
use saml_verify::test_idp::TestIdp;
use saml_verify::{
    Error, Expect, IdentityProvider, InProcessReplayStore, Limits, Report, ReportOutcome, ServiceProvider, SignedPart, Verifier,
    peek_issuer,
};

/// In every value that is personal.
const SECRET: &str = "s3cr3t";

/// The message of all parts, with more parts, and every attribute and text of the user's in its own words.
fn message() -> String {
    let mut message = MESSAGE.to_owned();
    let mut replace = |from: &str, to: &str| {
        assert_eq!(message.matches(from).count(), 1, "{from}");
        message = message.replacen(from, to, 1);
    };
    replace("ada@example.com", "s3cr3t-name@example.com");
    replace("\"urn:qualifier\"", "\"s3cr3t-qualifier\" foreign:id=\"s3cr3t-id-of-name\"");
    replace("\"urn:sp-qualifier\"", "\"s3cr3t-sp-qualifier\"");
    replace("\"provided\"", "\"s3cr3t-provided\"");
    replace(
        "Address=\"192.0.2.1\"/>",
        "Address=\"s3cr3t-address\" foreign:a=\"s3cr3t-data\"><foreign:e>s3cr3t-key</foreign:e></saml:SubjectConfirmationData>",
    );
    replace("\"session\"", "\"s3cr3t-session\"");
    replace(
        "<saml:AuthnContext>",
        "<saml:SubjectLocality Address=\"s3cr3t-locality\" DNSName=\"s3cr3t-dns\"/><saml:AuthnContext>",
    );
    replace(
        "</saml:AuthnContext>",
        "<saml:AuthnContextDecl foreign:a=\"s3cr3t-declared\">s3cr3t-declaration</saml:AuthnContextDecl>\
         <saml:AuthenticatingAuthority>s3cr3t-authority</saml:AuthenticatingAuthority></saml:AuthnContext>",
    );
    replace(
        "</saml:Conditions>",
        "<saml:ProxyRestriction Count=\"0\" foreign:a=\"s3cr3t-proxy\"><saml:Audience>s3cr3t-proxied</saml:Audience>\
         </saml:ProxyRestriction></saml:Conditions><saml:Advice foreign:a=\"s3cr3t-advice\"><saml:Assertion ID=\"s3cr3t-advised\">\
         <saml:Issuer>s3cr3t-adviser</saml:Issuer></saml:Assertion></saml:Advice>",
    );
    replace(
        "Name=\"role\" NameFormat=\"urn:format\" FriendlyName=\"Role\"",
        "Name=\"s3cr3t-role\" NameFormat=\"s3cr3t-format\" FriendlyName=\"s3cr3t-friendly\"",
    );
    replace(
        "<saml:AttributeValue>admin</saml:AttributeValue>",
        "<saml:AttributeValue xsi:type=\"s3cr3t-type\" foreign:ID=\"s3cr3t-id-of-value\">s3cr3t-value</saml:AttributeValue>\
         <saml:AttributeValue><foreign:e id=\"s3cr3t-id-of-element\" a=\"s3cr3t-attribute\">s3cr3t-text</foreign:e></saml:AttributeValue>",
    );
    message
}

/// The elements whose text is compared with the connection.
const COMPARED: [&str; 3] = ["saml:Issuer", "saml:Audience", "saml:AuthnContextClassRef"];

/// Every tag, content and attribute of it changed in every way that makes a message no login, and some that make no difference.
fn changed(message: &str) -> Vec<String> {
    let mut all = Vec::new();
    let tags: Vec<usize> =
        message.match_indices('<').map(|(at, _)| at).filter(|at| !message[at + 1..].starts_with(['/', '?'])).collect();
    for start in tags {
        let tag_end = start + message[start..].find('>').expect("a tag") + 1;
        let tag = &message[start..tag_end];
        let name = tag[1..].split([' ', '>', '/']).next().expect("a name");
        let end = if tag.ends_with("/>") {
            tag_end
        } else {
            let close = format!("</{name}>");
            // There is one more Assertion in the Advice of the first.
            let found = if tag.contains("\"_assertion\"") {
                message.rfind(&close)
            } else {
                message[tag_end..].find(&close).map(|at| tag_end + at)
            };
            found.expect("its end") + close.len()
        };
        let with = |from: usize, to: usize, written: &str| format!("{}{written}{}", &message[..from], &message[to..]);
        let element = &message[start..end];
        all.push(with(start, end, ""));
        all.push(with(start, end, &element.repeat(2)));
        for inserted in [
            "s3cr3t-inserted",
            "<?p s3cr3t-instruction?>",
            "<foreign:e a=\"s3cr3t-inserted\">s3cr3t-inserted</foreign:e>",
            "<saml:NameID>s3cr3t-inserted</saml:NameID>",
            "<saml:BaseID a=\"s3cr3t-base\"/>",
            "<saml:EncryptedID>s3cr3t-encrypted</saml:EncryptedID>",
            "<saml:EncryptedAssertion>s3cr3t-encrypted</saml:EncryptedAssertion>",
            "<foreign:e ID=\"s3cr3t-doubled\"/><foreign:e Id=\"s3cr3t-doubled\"/>",
            "<foreign:e xml:id=\"s3cr3t-id-of-name\"/>",
            "<foreign:e id=\"_assertion\"/>",
        ] {
            // What is beside a compared text is compared with it.
            let inserted = if COMPARED.contains(&name) { inserted.replace(SECRET, "other") } else { inserted.to_owned() };
            all.push(with(start, start, &inserted));
            if !tag.ends_with("/>") {
                all.push(with(tag_end, tag_end, &inserted));
            }
        }
        let attributes = tag.trim_end_matches(['/', '>']).split("\" ").filter_map(|pair| pair.split_once("=\""));
        for (attribute, value) in
            attributes.map(|(name, value)| (name.rsplit(' ').next().unwrap_or(name), value.trim_end_matches('"')))
        {
            let written = format!(" {attribute}=\"{value}\"");
            let Some(at) = tag.find(&written).filter(|_| !attribute.starts_with("xmlns")) else { continue };
            let (from, to) = (start + at, start + at + written.len());
            all.push(with(from, to, ""));
            all.push(with(from, to, &written.repeat(2)));
            if value.contains(SECRET) {
                all.push(with(from, to, &format!(" {attribute}=\"\"")));
                all.push(with(from, to, &format!(" {attribute}=\"{value}<\"")));
                all.push(with(from, to, &format!(" {attribute}=\"&{value};\"")));
            }
        }
        for broken in [
            "&s3cr3t-entity;",
            "<!DOCTYPE s3cr3t [<!ENTITY s3cr3t \"s3cr3t\">]>",
            "\u{1}s3cr3t",
            "]]>s3cr3t",
            "<!--s3cr3t--s3cr3t-->",
            "<!-->s3cr3t-->",
            "<s3cr3t",
            "</foreign:e>",
        ] {
            all.push(with(start, start, broken));
        }
        all.push(message[..tag_end].to_owned());
    }
    all
}

fn shown(error: &Error) -> Vec<String> {
    let mut all = error_forms(error);
    all.extend([error.message(), error.remedy(), error.for_user().to_owned()]);
    all.extend(error.expected().into_iter().chain(error.received()));
    all
}

fn reported(report: &Report) -> Vec<String> {
    let mut all: Vec<String> = report.refusal().map(shown).unwrap_or_default();
    for row in report.rows() {
        all.extend(row.expected.iter().chain(&row.received).cloned());
        if let ReportOutcome::Fail(error) = &row.outcome {
            all.extend(shown(error));
        }
    }
    all
}

/// At its connection, and at others that refuse it for what they expect.
fn connections() -> Vec<(Verifier, Expect<'static>)> {
    let provider = |name: &str| IdentityProvider::new(name, TestIdp::new(name).trusted_keys()).expect("an identity provider");
    let service = |name: &str, url: &str| ServiceProvider::new(name, url).expect("a service provider");
    let answer = Expect::AnswerTo(REQUEST);
    vec![
        (verifier(), answer),
        (verifier(), Expect::AnswerTo("_other")),
        (verifier(), Expect::Unsolicited),
        (Verifier::new(service("urn:elsewhere", ACS), provider(IDP)), answer),
        (Verifier::new(service(SP, "https://elsewhere.example/acs"), provider(IDP)), answer),
        (Verifier::new(service(SP, ACS), provider("urn:elsewhere")), answer),
        (verifier().max_authentication_age(Duration::ZERO).require_signed(SignedPart::Both), answer),
        (verifier().require_authn_context(["urn:strong"]).expect("a class"), answer),
        (verifier().limits(Limits { depth: 6, attributes_per_element: 5, ..Limits::DEFAULT }), answer),
    ]
}

#[test]
fn whatever_is_wrong_with_a_message_no_error_says_anything_of_its_user() {
    let message = message();
    assert!(verify(&both_signed(&message)).is_ok(), "{:?}", verify(&both_signed(&message)).err());
    let connections = connections();
    let (mut codes, mut wrong, mut looked_at) = (BTreeSet::new(), BTreeSet::new(), 0);
    let mut look = |xml: &str, verifier: &Verifier, expect: Expect<'_>, now| {
        let mut said = reported(&verifier.explain_xml(xml.as_bytes(), expect, now));
        if let Err(error) = verifier.verify_xml(xml.as_bytes(), expect, now) {
            codes.insert(error.code());
            said.extend(shown(&error));
        }
        looked_at += said.len();
        wrong.extend(said.into_iter().filter(|form| form.contains(SECRET)));
    };
    let genuine = both_signed(&message);
    for (verifier, expect) in &connections {
        look(&genuine, verifier, *expect, now());
        for hours in [1, 24] {
            look(&genuine, verifier, *expect, now() + Duration::from_secs(3600 * hours));
            look(&genuine, verifier, *expect, now() - Duration::from_secs(3600 * hours));
        }
    }
    let (verifier, expect) = &connections[0];
    for (number, xml) in changed(&message).iter().enumerate() {
        // Signed so where that is possible, so that what is behind the signature is reached; and unsigned.
        let unsigned = xml.replace("<?A?>", "").replace("<?R?>", "");
        if roxmltree::Document::parse(&unsigned).is_ok() && unsigned.contains("</samlp:Response>") {
            let signed = std::panic::catch_unwind(|| both_signed(xml));
            signed.into_iter().for_each(|xml| look(&xml, verifier, *expect, now()));
        }
        look(&unsigned, verifier, *expect, now());
        if number % 16 == 0 {
            use base64::Engine;
            let field = base64::engine::general_purpose::STANDARD.encode(&unsigned);
            let peeked = peek_issuer(&field, &Limits::DEFAULT).err();
            assert!(peeked.iter().flat_map(shown).all(|form| !form.contains(SECRET)), "{peeked:?}");
        }
    }
    // Changed behind the signature, and cut anywhere.
    for (from, to) in [("s3cr3t-name", "s3cr3t-other"), ("s3cr3t-value", "s3cr3t-other")] {
        look(&genuine.replacen(from, to, 1), verifier, *expect, now());
    }
    for cut in (0..genuine.len()).step_by(97) {
        look(&genuine[..cut], verifier, *expect, now());
    }
    let told: Vec<_> = wrong.into_iter().map(|form| form.chars().take(300).collect::<String>()).collect();
    println!("{} codes: {codes:?}", codes.len());
    common::conclude("what errors show", looked_at, &told);
    for needed in [
        "duplicate_id",
        "missing_element",
        "repeated_element",
        "unexpected_element",
        "unexpected_text",
        "unexpected_instruction",
        "missing_attribute",
        "not_text",
        "base_id",
        "encrypted_id",
        "several_assertions",
        "no_assertion",
        "not_well_formed",
        "doctype",
        "forbidden_character",
        "ambiguous_comment",
        "digest_mismatch",
        "unsigned",
        "issuer_mismatch",
        "audience_mismatch",
        "destination_mismatch",
        "in_response_to_mismatch",
        "unexpected_in_response_to",
        "expired",
        "not_yet_valid",
        "authn_context_mismatch",
        "limit_exceeded",
        "no_authn_statement",
        "no_bearer_confirmation",
    ] {
        assert!(codes.contains(needed), "nothing was refused as {needed}: {codes:?}");
    }
}

/// Of a message that is a login, and of what a service holds in its hands then.
#[test]
fn no_debug_form_of_a_login_says_anything_of_its_user() {
    let xml = both_signed(&message());
    let verified = verifier().verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now()).expect("a login");
    let store = InProcessReplayStore::default();
    let mut shown: Vec<String> = debug_forms(&verified).into();
    let login = verified.clone().claim(&store).expect("a login");
    shown.extend(debug_forms(&login));
    shown.extend(debug_forms(login.name_id()));
    shown.extend(debug_forms(&store));
    shown.extend(
        login
            .attributes()
            .iter()
            .flat_map(|attribute| attribute.values().flat_map(|value| debug_forms(&value)).collect::<Vec<_>>()),
    );
    shown.extend(login.warnings().iter().flat_map(|warning| debug_forms(warning)));
    shown.extend(verified.claim(&store).err().iter().flat_map(self::shown));
    let wrong: Vec<_> = shown.iter().filter(|form| form.contains(SECRET)).cloned().collect();
    common::conclude("debug forms", shown.len(), &wrong);
}
