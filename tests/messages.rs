//! One genuine message, written otherwise in every place that is read, and signed then: names of another namespace, strings that are
//! nearly equal, values of every shape, and two of everything.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use common::nearly::nearly;
use common::signed::{
    ACS, CLASS, IDP, MESSAGE, REQUEST, SP, both_signed, now, outcome, signed, strict, tags, verifier, verify, verify_by,
};
use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::TestIdp;
use saml_verify::{
    AttributeValue, Attributes, Departure, Error, Expect, ExpiredCertificate, IdentityProvider, NotSingle, ServiceProvider,
    SignedPart, TrustedKeys, Verifier,
};

/// The message, written otherwise for a name or another message.
type Written<'w> = dyn Fn(&str) -> String + 'w;

#[test]
fn the_message_is_a_login() {
    let login = verify(&signed("", "")).expect("a login");
    assert_eq!(login.signatures().len(), 2);
    assert_eq!((login.confirmed_address(), login.session_index()), (Some("192.0.2.1"), Some("session")));
}

// The same name in another namespace

/// Where the tag of that number among the start tags begins.
fn start_of(number: usize) -> usize {
    let starts = MESSAGE.match_indices('<').map(|(at, _)| at).filter(|at| !MESSAGE[at + 1..].starts_with(['/', '?']));
    starts.into_iter().nth(number).expect("a tag")
}

/// The message with an attribute of that tag written otherwise.
fn with_attribute(tag: usize, (name, value): (&str, &str), written: &str) -> String {
    let start = start_of(tag);
    let attribute = format!(" {name}=\"{value}\"");
    let at = start + MESSAGE[start..].find(&attribute).expect("an attribute");
    both_signed(&format!("{}{written}{}", &MESSAGE[..at], &MESSAGE[at + attribute.len()..]))
}

/// An attribute of another namespace is none of ours: not beside the one that is read, and not instead of it.
#[test]
fn attributes_of_other_namespaces_are_not_read() {
    let genuine = outcome(&signed("", ""));
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (number, (tag, attributes)) in tags().into_iter().enumerate() {
        for (name, value) in attributes {
            let removed = outcome(&with_attribute(number, (name, value), ""));
            for prefix in ["saml", "samlp", "xsi", "foreign"] {
                let other = if value.ends_with('Z') { "2027-03-03T00:00:00Z" } else { "other" };
                for beside in [
                    format!(" {prefix}:{name}=\"{other}\" {name}=\"{value}\""),
                    format!(" {name}=\"{value}\" {prefix}:{name}=\"{other}\""),
                ] {
                    if outcome(&with_attribute(number, (name, value), &beside)) != genuine {
                        wrong.push(format!("{prefix}:{name} beside {name} of {tag}"));
                    }
                }
                let instead = outcome(&with_attribute(number, (name, value), &format!(" {prefix}:{name}=\"{value}\"")));
                if instead != removed {
                    wrong.push(format!("{prefix}:{name} instead of {name} of {tag}: {instead:?}, not {removed:?}"));
                }
                looked_at += 3;
            }
        }
    }
    common::conclude("attributes of other namespaces", looked_at, &wrong);
}

/// What an element of another namespace does depends on its namespace alone, whatever the element's local name: it never stands for
/// ours, and never adds to a login.
#[test]
fn elements_of_other_namespaces_are_not_read() {
    let genuine = outcome(&signed("", ""));
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (number, (tag, _)) in tags().into_iter().enumerate().skip(1) {
        let (prefix, local) = tag.split_once(':').expect("a prefix");
        let (start, name_end) = (start_of(number), start_of(number) + 1 + tag.len());
        let tag_end = name_end + MESSAGE[name_end..].find('>').expect("a tag") + 1;
        let end = if MESSAGE[..tag_end].ends_with("/>") {
            tag_end
        } else {
            tag_end + MESSAGE[tag_end..].find(&format!("</{tag}>")).expect("an end tag") + format!("</{tag}>").len()
        };
        let element = &MESSAGE[start..end];
        for other in ["saml", "samlp", "foreign"].into_iter().filter(|other| *other != prefix) {
            let instead = |local: &str| {
                let renamed = element.replacen(&format!("<{tag}"), &format!("<{other}:{local}"), 1);
                let renamed = match renamed.strip_suffix(&format!("</{tag}>")) {
                    Some(content) => format!("{content}</{other}:{local}>"),
                    None => renamed,
                };
                format!("{}{renamed}{}", &MESSAGE[..start], &MESSAGE[end..])
            };
            let before =
                |local: &str| format!("{}<{other}:{local}>other</{other}:{local}>{}", &MESSAGE[..start], &MESSAGE[start..]);
            let behind = |local: &str| format!("{}<{other}:{local}>other</{other}:{local}>{}", &MESSAGE[..end], &MESSAGE[end..]);
            let places: [(&str, &Written<'_>); 3] = [("instead of", &instead), ("before", &before), ("behind", &behind)];
            for (place, written) in places {
                looked_at += 1;
                let found = outcome(&both_signed(&written(local)));
                let unknown = outcome(&both_signed(&written("Unheard")))
                    .map_err(|(code, message)| (code, message.replace("Unheard", local)));
                let harmless = found.is_err() || place != "instead of" && found == genuine;
                if found != unknown || !harmless {
                    wrong.push(format!("{other}:{local} {place} {tag}: {found:?}, not {unknown:?}"));
                }
            }
        }
    }
    common::conclude("elements of other namespaces", looked_at, &wrong);
}

// Strings that are nearly equal

#[test]
fn every_string_that_is_compared_is_compared_exactly() {
    const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (before, value, behind, code) in [
        ("<saml:Issuer>", IDP, "</saml:Issuer><?R?>", "issuer_mismatch"),
        ("<saml:Issuer>", IDP, "</saml:Issuer><?A?>", "issuer_mismatch"),
        ("Destination=\"", ACS, "\"", "destination_mismatch"),
        ("InResponseTo=\"", REQUEST, "\"><saml:Issuer>", "in_response_to_mismatch"),
        ("InResponseTo=\"", REQUEST, "\" Address", "in_response_to_mismatch"),
        ("Recipient=\"", ACS, "\"", "recipient_mismatch"),
        ("Method=\"", "urn:oasis:names:tc:SAML:2.0:cm:bearer", "\"", "no_bearer_confirmation"),
        ("<saml:Audience>", SP, "</saml:Audience>", "audience_mismatch"),
        ("<saml:AuthnContextClassRef>", CLASS, "</saml:AuthnContextClassRef>", "authn_context_mismatch"),
        ("StatusCode Value=\"", "urn:oasis:names:tc:SAML:2.0:status:Success", "\"", "status_not_success"),
        ("ID=\"_response\" Version=\"", "2.0", "\"", "unsupported_version"),
        ("ID=\"_assertion\" Version=\"", "2.0", "\"", "unsupported_version"),
        ("Version=\"2.0\" IssueInstant=\"", "2027-03-03T10:00:00Z", "\" Destination", "invalid_time"),
        ("AuthnInstant=\"", "2027-03-03T10:00:00Z", "\"", "invalid_time"),
        ("SessionNotOnOrAfter=\"", "2027-03-03T20:00:00Z", "\"", "invalid_time"),
        ("Conditions NotBefore=\"", "2027-03-03T10:00:00Z", "\"", "invalid_time"),
        ("ConfirmationData NotOnOrAfter=\"", "2027-03-03T11:00:00Z", "\"", "invalid_time"),
    ] {
        let passage = format!("{before}{value}{behind}");
        assert_eq!(MESSAGE.matches(&passage).count(), 1, "{passage}");
        for other in nearly(value) {
            looked_at += 1;
            let found = outcome(&signed(&passage, &format!("{before}{other}{behind}"))).map_err(|(code, _)| code);
            if found != Err(code) {
                wrong.push(format!("{passage} as {other:?}: {found:?}"));
            }
        }
    }
    // Formats are not there in the message.
    for (issuer, behind) in [("Response", "<?R?>"), ("Assertion", "<?A?>")] {
        let plain = format!("<saml:Issuer>{IDP}</saml:Issuer>{behind}");
        let with =
            |format: &str| outcome(&signed(&plain, &plain.replacen("Issuer>", &format!("Issuer Format=\"{format}\">"), 1)));
        assert_eq!(with(ENTITY), outcome(&signed("", "")));
        for other in nearly(ENTITY) {
            looked_at += 1;
            let found = with(&other).map_err(|(code, _)| code);
            if found != Err("issuer_format") {
                wrong.push(format!("Format of the Issuer of the {issuer} as {other:?}: {found:?}"));
            }
        }
    }
    common::conclude("strings that are compared", looked_at, &wrong);
}

/// Of a Signature nothing can be changed and signed again; but what is read of it is judged before its value.
#[test]
fn every_string_of_a_signature_is_compared_exactly() {
    let genuine = signed("", "");
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (before, value, behind, code) in [
        ("CanonicalizationMethod Algorithm=\"", Algorithm::Exclusive10.uri(), "\"", "canonicalization_refused"),
        (
            "SignatureMethod Algorithm=\"",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "\"",
            "signature_algorithm_refused",
        ),
        ("Reference URI=\"", "#_response", "\"", "reference_mismatch"),
        ("Reference URI=\"", "#_assertion", "\"", "reference_mismatch"),
        ("Transform Algorithm=\"", "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "\"", "transform_refused"),
        (
            "enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"",
            Algorithm::Exclusive10.uri(),
            "\"",
            "transform_refused",
        ),
        ("DigestMethod Algorithm=\"", "http://www.w3.org/2001/04/xmlenc#sha256", "\"", "digest_algorithm_refused"),
    ] {
        let passage = format!("{before}{value}{behind}");
        assert!(genuine.contains(&passage), "{passage}");
        for other in nearly(value) {
            looked_at += 1;
            let found = outcome(&genuine.replacen(&passage, &format!("{before}{other}{behind}"), 1)).map_err(|(code, _)| code);
            // Where the Response's Signature is unharmed, its digest covers the Assertion's.
            if found != Err(code) && !(value == "#_assertion" && found == Err("digest_mismatch")) {
                wrong.push(format!("{passage} as {other:?}: {found:?}"));
            }
        }
    }
    common::conclude("strings of a signature", looked_at, &wrong);
}

#[test]
fn what_a_login_says_is_said_exactly() {
    for value in ["a", " a", "a ", "\u{A0}a", "A", "\u{430}", "e\u{301}", "a\u{200B}", "aa", "&amp;", "a&#xD;&#10;b", "a&#9;b"] {
        let plain = value.replace("&amp;", "&").replace("&#xD;", "\r").replace("&#10;", "\n").replace("&#9;", "\t");
        for (from, to) in [
            ("ada@example.com", value),
            ("admin", value),
            ("\"role\"", &format!("\"{value}\"")),
            ("\"session\"", &format!("\"{value}\"")),
        ] {
            let login = verify(&signed(from, to)).expect("a login");
            let named = login.attributes().iter().next().expect("an attribute");
            let said = match from {
                "ada@example.com" => &login.name_id().value,
                "admin" => named.values().next().and_then(AttributeValue::as_str).expect("text"),
                "\"role\"" => named.name(),
                _ => login.session_index().expect("a session"),
            };
            assert_eq!(said, plain, "{value} for {from}");
        }
        let login = verify(&signed("\"role\"", &format!("\"{value}\""))).expect("a login");
        for other in ["role", "a", " a", "a ", "A", "\u{430}", "\u{A0}a", "e\u{301}", "\u{E9}", "aa", ""] {
            let found = login.attributes().single(other);
            assert_eq!(found, if other == plain { Ok("admin") } else { Err(NotSingle { values: 0 }) }, "{other:?} of {plain:?}");
            assert_eq!(login.attribute(other).is_some(), other == plain, "{other:?} of {plain:?}");
        }
    }
}

// Values of every shape

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Text(&'static str),
    Nil,
    Name(&'static str),
    Xml(&'static str),
}

const E: &str = "<foreign:e xmlns:foreign=\"urn:foreign\"></foreign:e>";

/// An AttributeValue's attributes and content, and what it is. `xsi:nil` alone makes it nil; nothing else that looks like it does;
/// text is all of the text, unless there is an element.
const SHAPES: &[(&str, &str, Shape)] = &[
    ("", "one", Shape::Text("one")),
    ("", "", Shape::Text("")),
    ("", " \n", Shape::Text(" \n")),
    ("", "a<!-- c -->b<![CDATA[<]]>&#x63;", Shape::Text("ab<c")),
    ("", "<!-- c -->", Shape::Text("")),
    (" xsi:nil=\"true\"", "", Shape::Nil),
    (" xsi:nil=\"1\"", "", Shape::Nil),
    (" xsi:nil=\" true\"", "", Shape::Nil),
    (" xsi:nil=\"true\" xsi:type=\"xs:string\"", "", Shape::Nil),
    (" xsi:nil=\"true\"", "<!-- c -->", Shape::Nil),
    (" xsi:nil=\"false\"", "text", Shape::Text("text")),
    (" xsi:nil=\"0\"", "", Shape::Text("")),
    (" nil=\"true\"", "text", Shape::Text("text")),
    (" foreign:nil=\"true\"", "text", Shape::Text("text")),
    (" saml:nil=\"1\"", "", Shape::Text("")),
    (" xsi:nil=\"false\" nil=\"true\" foreign:nil=\"true\"", "text", Shape::Text("text")),
    (" xsi:type=\"xs:string\"", "text", Shape::Text("text")),
    ("", "<foreign:e/>", Shape::Xml(E)),
    (" xsi:nil=\"false\"", "<foreign:e/>", Shape::Xml(E)),
    (
        "",
        "<foreign:NameID>ada</foreign:NameID>",
        Shape::Xml("<foreign:NameID xmlns:foreign=\"urn:foreign\">ada</foreign:NameID>"),
    ),
    ("", "text<foreign:e/>", Shape::Xml("text<foreign:e xmlns:foreign=\"urn:foreign\"></foreign:e>")),
    ("", "<saml:NameID>ada</saml:NameID>", Shape::Name("ada")),
];

/// Two marks that exclude each other, or one that is none. XML Schema Part 1 section 3.3.4.
#[test]
fn a_value_that_is_nil_has_no_content_and_says_so_plainly() {
    for nil in ["true", "1", " 1 "] {
        for content in
            ["text", " ", "&#10;", "<![CDATA[x]]>", "<foreign:e/>", "<saml:NameID>ada</saml:NameID>", "<?p?>", "a<!-- c -->"]
        {
            for more in ["", " xsi:type=\"xs:string\"", " nil=\"false\"", " foreign:nil=\"false\""] {
                let written = format!("<saml:AttributeValue xsi:nil=\"{nil}\"{more}>{content}</saml:AttributeValue>");
                let found = verify(&signed("<saml:AttributeValue>admin</saml:AttributeValue>", &written));
                assert_eq!(code(&found), "nil_with_content", "{written}");
            }
        }
    }
    for nil in ["", "TRUE", "yes", "2", "01", "true false", "\u{A0}true", "+1"] {
        for content in ["", "text", "<foreign:e/>"] {
            let written = format!("<saml:AttributeValue xsi:nil=\"{nil}\">{content}</saml:AttributeValue>");
            let found = verify(&signed("<saml:AttributeValue>admin</saml:AttributeValue>", &written));
            assert_eq!(code(&found), "invalid_attribute", "{written}");
        }
    }
}

fn value(shape: usize) -> String {
    let (attributes, content, _) = SHAPES[shape];
    format!("<saml:AttributeValue{attributes}>{content}</saml:AttributeValue>")
}

/// Every accessor against every value, every two values, and every three of those that differ, in one attribute, and in two of one name.
#[test]
fn every_accessor_says_what_there_is_of_every_shape() {
    let alike = |shape: &usize| SHAPES[*shape].2;
    let mut few: Vec<usize> = Vec::new();
    for shape in 0..SHAPES.len() {
        if !few.iter().any(|known| alike(known) == alike(&shape)) {
            few.push(shape);
        }
    }
    let mut lists: Vec<Vec<usize>> = vec![Vec::new()];
    lists.extend((0..SHAPES.len()).map(|one| vec![one]));
    lists.extend((0..SHAPES.len()).flat_map(|one| few.iter().flat_map(move |&two| [vec![one, two], vec![two, one]])));
    let pairs = few.iter().flat_map(|&one| few.iter().map(move |&two| (one, two)));
    lists.extend(pairs.flat_map(|(one, two)| few.iter().map(move |&three| vec![one, two, three])));
    for cut in [0, 1, 2] {
        let mut statement = String::new();
        for (number, list) in lists.iter().enumerate() {
            let (first, second) = list.split_at(cut.min(list.len()));
            let attribute = |values: &[usize]| {
                let values: String = values.iter().map(|&shape| value(shape)).collect();
                format!("<saml:Attribute Name=\"n{number}\">{values}</saml:Attribute>")
            };
            statement.push_str(&attribute(first));
            statement.push_str(&attribute(second));
        }
        let login = verify(&signed("</saml:Attribute>", &format!("</saml:Attribute>{statement}"))).expect("a login");
        for (number, list) in lists.iter().enumerate() {
            judge(login.attributes(), &format!("n{number}"), &list.iter().map(alike).collect::<Vec<_>>(), cut);
            assert_eq!(login.attribute(&format!("n{number}")), login.attributes().first(&format!("n{number}")));
        }
        assert_eq!(login.attributes().len(), 1 + 2 * lists.len());
        assert!(!login.attributes().is_empty());
    }
}

fn judge(attributes: &Attributes, name: &str, expected: &[Shape], cut: usize) {
    let shape = |value: AttributeValue<'_>| match value {
        AttributeValue::Text(text) => format!("{:?}", Shape::Text(text.to_owned().leak())),
        AttributeValue::Nil => format!("{:?}", Shape::Nil),
        AttributeValue::NameId(name) => format!("{:?}", Shape::Name(name.value.clone().leak())),
        AttributeValue::Xml(xml) => format!("{:?}", Shape::Xml(xml.to_owned().leak())),
        other => panic!("{other:?}"),
    };
    let texts: Vec<&str> =
        expected.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(*text) } else { None }).collect();
    let named: Vec<_> = attributes.iter().filter(|attribute| attribute.name() == name).collect();
    let values: Vec<Vec<String>> = named.iter().map(|attribute| attribute.values().map(shape).collect()).collect();
    let (first, second) = expected.split_at(cut.min(expected.len()));
    let written = |shapes: &[Shape]| shapes.iter().map(|shape| format!("{shape:?}")).collect::<Vec<_>>();
    assert_eq!(values, [written(first), written(second)], "{expected:?}");
    assert_eq!(attributes.all(name).collect::<Vec<_>>(), texts, "all of {expected:?}");
    assert_eq!(attributes.first(name), texts.first().copied(), "first of {expected:?}");
    let single = match expected {
        [Shape::Text(text)] => Ok(*text),
        _ => Err(NotSingle { values: expected.len() }),
    };
    assert_eq!(attributes.single(name), single, "single of {expected:?}");
    for attribute in named {
        for value in attribute.values() {
            assert_eq!(value.as_str().is_some(), matches!(value, AttributeValue::Text(_)));
        }
    }
}

// Two of everything

/// A provider of that name with the key of the tests.
fn provider(entity_id: &str) -> IdentityProvider {
    IdentityProvider::new(entity_id, TestIdp::new(entity_id).trusted_keys()).expect("an identity provider")
}

fn service_provider() -> ServiceProvider {
    ServiceProvider::new(SP, ACS).expect("a service provider")
}

fn code(outcome: &Result<saml_verify::Login, Error>) -> &'static str {
    outcome.as_ref().map_or_else(Error::code, |_| "a login")
}

/// Each departure is of the provider that was given it, whichever of the two was configured first, and of no other.
#[test]
fn of_two_providers_each_keeps_its_departures() {
    let mail = "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">";
    let inclusive = |message: &str| {
        let plain = message.replace("<?A?>", "").replace("<?R?>", "");
        message.replacen("<?R?>", "", 1).replacen(
            "<?A?>",
            &sign(&TestIdp::new(IDP), &plain, "_assertion", Algorithm::Inclusive10, ""),
            1,
        )
    };
    let last = |message: &str| {
        let moved = message.replacen("<?A?>", "", 1).replacen("</saml:Assertion>", "<?A?></saml:Assertion>", 1);
        both_signed(&moved)
    };
    let cases: [(Departure, &str, Box<Written<'_>>); 4] = [
        (Departure::IssuerFormat, "issuer_format", Box::new(|message| both_signed(&message.replacen("<saml:Issuer>", mail, 1)))),
        (
            Departure::ConfirmationNotBefore,
            "confirmation_not_before",
            Box::new(|message| {
                both_signed(&message.replacen("Data NotOnOrAfter", "Data NotBefore=\"2027-03-03T10:00:00Z\" NotOnOrAfter", 1))
            }),
        ),
        (Departure::InclusiveCanonicalization, "transform_refused", Box::new(inclusive)),
        (Departure::SignaturePosition, "signature_misplaced", Box::new(last)),
    ];
    for (departure, refusal, written) in &cases {
        for strict_first in [true, false] {
            let (one, other) = (provider("urn:strict"), provider("urn:lax").allow(*departure));
            let (first, second) = if strict_first { (one, other) } else { (other, one) };
            let verifier =
                strict(Verifier::new(service_provider(), first).with_identity_provider(second).expect("two providers"));
            for (issuer, expected) in [("urn:strict", *refusal), ("urn:lax", "a login")] {
                let found = verify_by(&verifier, &written(&MESSAGE.replace(IDP, issuer)));
                assert_eq!(code(&found), expected, "{departure} of {issuer}, the strict one first: {strict_first}");
                assert!(found.is_err() || found.is_ok_and(|login| login.issuer() == issuer));
                let plain = verify_by(&verifier, &both_signed(&MESSAGE.replace(IDP, issuer)));
                assert_eq!(code(&plain), "a login", "{departure} of {issuer}");
            }
            // Another departure than the one that is needed does not help.
            let others = cases.iter().map(|(other, ..)| *other).filter(|other| other != departure);
            let almost = others.fold(provider("urn:lax"), IdentityProvider::allow);
            let verifier = strict(Verifier::new(service_provider(), almost));
            assert_eq!(code(&verify_by(&verifier, &written(&MESSAGE.replace(IDP, "urn:lax")))), *refusal, "{departure}");
        }
    }
}

fn next_idp(entity_id: &str) -> TestIdp {
    common::signer(entity_id, "auth0/keys/idp-next-rsa2048")
}

/// The key that signed is the one that is named, in whichever place; and a message may be signed with both.
#[test]
fn of_two_keys_the_one_that_signed_is_named() {
    let (old, new) = (TestIdp::new(IDP), next_idp(IDP));
    let fingerprint = |keys: &TrustedKeys| keys.iter().next().expect("a key").spki_sha256_fingerprint().to_owned();
    let signed_by = |assertion: &TestIdp, response: &TestIdp| {
        let mut xml = MESSAGE.to_owned();
        for (idp, place, id) in [(assertion, "<?A?>", "_assertion"), (response, "<?R?>", "_response")] {
            let plain = xml.replace("<?A?>", "").replace("<?R?>", "");
            xml = xml.replacen(place, &sign(idp, &plain, id, Algorithm::Exclusive10, ""), 1);
        }
        xml
    };
    for old_first in [true, false] {
        let (one, other) = (old.trusted_keys(), new.trusted_keys());
        let keys = if old_first { one.and(other) } else { other.and(one) }.expect("two keys");
        let idp = IdentityProvider::new(IDP, keys).expect("an identity provider");
        let verifier = strict(Verifier::new(service_provider(), idp)).expired_certificate(ExpiredCertificate::Ignore);
        for (assertion, response) in [(&old, &old), (&old, &new), (&new, &old), (&new, &new)] {
            let login = verify_by(&verifier, &signed_by(assertion, response)).expect("a login");
            let named: Vec<_> =
                login.signatures().iter().map(|one| (one.element, one.key.spki_sha256_fingerprint().to_owned())).collect();
            let expected =
                [("Response", response), ("Assertion", assertion)].map(|(part, idp)| (part, fingerprint(&idp.trusted_keys())));
            assert_eq!(named, expected, "the old one first: {old_first}");
        }
    }
    // One of two is not enough for what the other signed.
    for (assertion, response) in [(&old, &new), (&new, &old)] {
        assert_eq!(code(&verify_by(&verifier(), &signed_by(assertion, response))), "untrusted_key");
    }
}

#[test]
fn of_two_urls_and_two_names_each_is_ours() {
    let second = ("https://sp.example/acs/second", "urn:test:sp:second");
    let sp =
        service_provider().also_accepting_acs_url(second.0).and_then(|sp| sp.also_accepting_audience(second.1)).expect("two");
    let verifier = strict(Verifier::new(sp, provider(IDP)));
    for destination in [ACS, second.0, "https://sp.example/acs/third"] {
        for recipient in [ACS, second.0, "https://sp.example/acs/third"] {
            for audience in [SP, second.1, "urn:test:sp:third"] {
                let message = MESSAGE
                    .replacen(&format!("Destination=\"{ACS}"), &format!("Destination=\"{destination}"), 1)
                    .replacen(&format!("Recipient=\"{ACS}"), &format!("Recipient=\"{recipient}"), 1)
                    .replacen(&format!("<saml:Audience>{SP}"), &format!("<saml:Audience>{audience}"), 1);
                let expected = match (destination, recipient, audience) {
                    (other, ..) if other.ends_with("third") => "destination_mismatch",
                    (_, other, _) if other.ends_with("third") => "recipient_mismatch",
                    (.., other) if other.ends_with("third") => "audience_mismatch",
                    _ => "a login",
                };
                assert_eq!(code(&verify_by(&verifier, &both_signed(&message))), expected, "{destination} {recipient} {audience}");
            }
        }
    }
}

/// AND of the restrictions, OR inside each. SAML Core 2.5.1.4.
#[test]
fn of_two_restrictions_both_must_name_us() {
    let restriction = |audiences: &[&str]| {
        let audiences: String = audiences.iter().map(|audience| format!("<saml:Audience>{audience}</saml:Audience>")).collect();
        format!("<saml:AudienceRestriction>{audiences}</saml:AudienceRestriction>")
    };
    let lists: [&[&str]; 6] = [&[SP], &["urn:other"], &[SP, "urn:other"], &["urn:other", SP], &["urn:other", "urn:another"], &[]];
    for one in lists {
        for two in lists {
            let found = verify(&signed(&restriction(&[SP]), &format!("{}{}", restriction(one), restriction(two))));
            let expected = if one.contains(&SP) && two.contains(&SP) { "a login" } else { "audience_mismatch" };
            assert_eq!(code(&found), expected, "{one:?} {two:?}");
        }
    }
}

/// One that holds by itself is enough, in either place; two that are half right do not add up. SAML Profiles 4.1.4.2.
#[test]
fn of_two_confirmations_one_must_hold_by_itself() {
    let confirmation =
        |method: &str, data: &str| format!("<saml:SubjectConfirmation Method=\"{method}\">{data}</saml:SubjectConfirmation>");
    let bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    let good = format!(
        "<saml:SubjectConfirmationData NotOnOrAfter=\"2027-03-03T11:00:00Z\" Recipient=\"{ACS}\" InResponseTo=\"{REQUEST}\" Address=\"192.0.2.1\"/>"
    );
    let kinds = [
        (confirmation(bearer, &good), true),
        (confirmation(bearer, &good.replace(ACS, "https://other.example/acs")), false),
        (confirmation(bearer, &good.replace(REQUEST, "_other")), false),
        (confirmation(bearer, &good.replace("T11:00:00", "T10:30:00")), false),
        (confirmation(bearer, ""), false),
        (confirmation("urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", &good), false),
        (confirmation(&bearer.to_uppercase(), &good), false),
    ];
    let genuine = outcome(&signed("", ""));
    for (one, one_holds) in &kinds {
        for (two, two_holds) in &kinds {
            let found = outcome(&signed(&kinds[0].0, &format!("{one}{two}")));
            assert_eq!(found.is_ok(), *one_holds || *two_holds, "{one} {two}: {found:?}");
            assert!(found.is_err() || found == genuine, "{one} {two}");
        }
    }
}

/// The login speaks of the first, and ends where the first of the two ends. SAML Profiles 4.1.4.3.
#[test]
fn of_two_statements_the_login_shows_the_first_and_ends_with_the_earliest() {
    let start = MESSAGE.find("<saml:AuthnStatement").expect("a statement");
    let end = MESSAGE.find("</saml:AuthnStatement>").expect("a statement") + "</saml:AuthnStatement>".len();
    let statement = &MESSAGE[start..end];
    let until = |time: &str| statement.replace("T20:00:00", &format!("T{time}")).replace("\"session\"", &format!("\"{time}\""));
    let unending = statement.replace(" SessionNotOnOrAfter=\"2027-03-03T20:00:00Z\"", "").replace("\"session\"", "\"unending\"");
    let written = |one: &str, two: &str| verify(&signed(statement, &format!("{one}{two}")));
    let cases = [
        (until("12:00:00"), until("13:00:00"), Ok(("12:00:00", "12:00:00.000"))),
        (until("13:00:00"), until("12:00:00"), Ok(("13:00:00", "12:00:00.000"))),
        (unending.clone(), until("12:00:00"), Ok(("unending", "12:00:00.000"))),
        (until("12:00:00"), unending.clone(), Ok(("12:00:00", "12:00:00.000"))),
        (until("12:00:00"), until("10:30:00"), Err("session_expired")),
        (until("10:30:00"), until("12:00:00"), Err("session_expired")),
        (unending, until("10:30:00"), Err("session_expired")),
    ];
    for (one, two, expected) in cases {
        let found = written(&one, &two).map_err(|error| error.code());
        let found = found.map(|login| {
            let end = login.session_not_on_or_after().map(saml_verify::time::format_rfc3339);
            (login.session_index().unwrap_or_default().to_owned(), end.unwrap_or_default())
        });
        assert_eq!(found, expected.map(|(index, end)| (index.to_owned(), format!("2027-03-03T{end}Z"))), "{one} {two}");
    }
    let other_class = statement.replace(CLASS, "urn:other");
    assert_eq!(code(&written(statement, &other_class)), "a login");
    assert_eq!(code(&written(&other_class, statement)), "authn_context_mismatch");
    let attributes = |name: &str| {
        format!(
            "<saml:AttributeStatement><saml:Attribute Name=\"{name}\"><saml:AttributeValue>{name}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"
        )
    };
    let both = verify(&signed(
        "<saml:AttributeStatement>",
        &format!("{}{}<saml:AttributeStatement>", attributes("one"), attributes("two")),
    ))
    .expect("a login");
    let names: Vec<_> = both.attributes().iter().map(|attribute| attribute.name().to_owned()).collect();
    assert_eq!(names, ["one", "two", "role"]);
}

/// Whichever of the two signatures there is must hold, and those that are asked for must be there.
#[test]
fn of_two_signatures_those_that_are_there_hold_and_those_that_are_asked_for_are_there() {
    let both = signed("", "");
    let less = |element: &str| {
        let reference = format!("URI=\"#_{element}\"");
        let at = both.find(&reference).expect("a Reference");
        let start = both[..at].rfind("<ds:Signature ").expect("a Signature");
        let end = at + both[at..].find("</ds:Signature>").expect("its end") + "</ds:Signature>".len();
        format!("{}{}", &both[..start], &both[end..])
    };
    // The Response's digest covers the Signature of the Assertion.
    let assertion_only = less("response");
    let response_only = {
        let plain = MESSAGE.replace("<?A?>", "").replace("<?R?>", "");
        MESSAGE.replacen("<?A?>", "", 1).replacen(
            "<?R?>",
            &sign(&TestIdp::new(IDP), &plain, "_response", Algorithm::Exclusive10, ""),
            1,
        )
    };
    let none = MESSAGE.replace("<?A?>", "").replace("<?R?>", "");
    let missing = "required_signature_missing";
    for (xml, expected) in [
        (
            &both,
            [
                (SignedPart::Either, "a login"),
                (SignedPart::Response, "a login"),
                (SignedPart::Assertion, "a login"),
                (SignedPart::Both, "a login"),
            ],
        ),
        (
            &response_only,
            [
                (SignedPart::Either, "a login"),
                (SignedPart::Response, "a login"),
                (SignedPart::Assertion, missing),
                (SignedPart::Both, missing),
            ],
        ),
        (
            &assertion_only,
            [
                (SignedPart::Either, "a login"),
                (SignedPart::Response, missing),
                (SignedPart::Assertion, "a login"),
                (SignedPart::Both, missing),
            ],
        ),
        (
            &none,
            [
                (SignedPart::Either, "unsigned"),
                (SignedPart::Response, "unsigned"),
                (SignedPart::Assertion, "unsigned"),
                (SignedPart::Both, "unsigned"),
            ],
        ),
        (
            &less("assertion"),
            [SignedPart::Either, SignedPart::Response, SignedPart::Assertion, SignedPart::Both]
                .map(|part| (part, "digest_mismatch")),
        ),
    ] {
        for (part, expected) in expected {
            assert_eq!(code(&verify_by(&verifier().require_signed(part), xml)), expected, "{part:?}");
        }
    }
    let harmed = |from: &str| {
        assert!(both.contains(from));
        verify(&both.replacen(
            from,
            &from.replace("ada", "eve").replace("_response\" Version", "_response\" Consent=\"urn:c\" Version"),
            1,
        ))
    };
    assert_eq!(code(&harmed("ada@example.com")), "digest_mismatch");
    assert_eq!(code(&harmed("_response\" Version")), "digest_mismatch");
    // What an unsigned envelope says of itself is not the login's.
    let login = verify(&assertion_only).expect("a login");
    assert_eq!((login.response_id(), login.signatures().len()), (None, 1));
}

/// A renewed certificate keeps the key: the order in which the two are configured decides nothing.
#[test]
fn of_two_certificates_of_the_key_that_signed_one_has_to_be_valid() {
    let current = TestIdp::new(IDP).trusted_keys();
    let xml = MESSAGE.replacen("<?R?>", "", 1);
    let signature = sign(&TestIdp::new(IDP), &xml.replace("<?A?>", ""), "_assertion", Algorithm::Exclusive10, "");
    let xml = xml.replacen("<?A?>", &signature, 1);
    let [expired, older] = ["210101000000Z", "200101000000Z"].map(expiring);
    for (one, other, valid) in [(&expired, &current, true), (&current, &expired, true), (&expired, &older, false)] {
        let both = one.clone().and(other.clone()).expect("two certificates");
        assert_eq!(both.len(), 2);
        for (policy, outcome) in [
            (ExpiredCertificate::Refuse, if valid { "a login" } else { "certificate_not_valid" }),
            (ExpiredCertificate::Warn, "a login"),
        ] {
            let idp = IdentityProvider::new(IDP, both.clone()).expect("an identity provider");
            let verifier = strict(Verifier::new(service_provider(), idp)).expired_certificate(policy);
            let found = verify_by(&verifier, &xml);
            assert_eq!(code(&found), outcome, "{policy:?}");
            let Ok(login) = found else { continue };
            assert_eq!(login.warnings().is_empty(), valid);
            let shown = if valid { &current } else { one };
            assert_eq!(Some(&login.signatures()[0].key), shown.iter().next());
        }
    }
}

/// The identity provider's own certificate, but that it expired then.
fn expiring(not_after: &str) -> TrustedKeys {
    let current = include_bytes!("../testdata/auth0/keys/formats/certificate.cer");
    let mut der = current.to_vec();
    let times: Vec<usize> = (0..der.len()).filter(|&at| der[at..].starts_with(&[0x17, 13])).collect();
    let [from, until] = times[..] else { panic!("two times: {times:?}") };
    der[from + 2..from + 15].copy_from_slice(b"190101000000Z");
    der[until + 2..until + 15].copy_from_slice(not_after.as_bytes());
    TrustedKeys::from_pem(der).expect("a certificate")
}

/// A warning is about the certificate whose key signed, not about one beside it.
#[test]
fn of_two_certificates_the_one_that_signed_is_judged() {
    let (old, new) = (TestIdp::new(IDP), next_idp(IDP));
    let window = |idp: &TestIdp| {
        idp.trusted_keys()
            .iter()
            .find_map(|key| key.certificate().map(|one| (one.not_before(), one.not_after())))
            .expect("a certificate")
    };
    let keys = old.trusted_keys().and(new.trusted_keys()).expect("two keys");
    let idp = IdentityProvider::new(IDP, keys).expect("an identity provider");
    let verifier = strict(Verifier::new(service_provider(), idp)).expired_certificate(ExpiredCertificate::Refuse);
    for idp in [&old, &new] {
        let (from, until) = window(idp);
        let plain = MESSAGE.replace("<?A?>", "").replace("<?R?>", "");
        let xml =
            MESSAGE.replacen("<?R?>", "", 1).replacen("<?A?>", &sign(idp, &plain, "_assertion", Algorithm::Exclusive10, ""), 1);
        let found = verifier
            .verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now())
            .map(|verified| verified.without_replay_protection());
        assert_eq!(code(&found), if (from..=until).contains(&now()) { "a login" } else { "certificate_not_valid" });
    }
}
