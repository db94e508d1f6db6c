//! Every string that decides something beside those of a login's message: in queries, in messages of logout, in metadata, in what the
//! service asks for. Each is compared exactly.

#![cfg(all(feature = "internals", feature = "registry", feature = "test-idp"))]

mod common;

use common::logout::{
    ACS, IDP, NOW, PENDING, REQUEST, RESPONSE, RSA_SHA256, SLO, SP, deflate, detached, enveloped, escape, field, idp, sign_query,
};
use common::nearly::nearly;
use common::signed::{MESSAGE, outcome, signed, verify};
use common::{conclude, read_text, testdata, to_base64};
use saml_verify::logout::{Delivered, LogoutVerifier};
use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{Departure, Error, IdentityProvider, Registry, ServiceProvider, Verifier};

fn now() -> std::time::SystemTime {
    parse_rfc3339(NOW).expect("a time")
}

fn connection() -> IdentityProvider {
    IdentityProvider::new(IDP, idp().trusted_keys()).expect("an identity provider")
}

fn verifier() -> LogoutVerifier {
    LogoutVerifier::new(&ServiceProvider::new(SP, ACS).expect("a service provider"), connection(), SLO).expect("a verifier")
}

fn code<T>(outcome: Result<T, Error>) -> &'static str {
    outcome.map_or_else(|error| error.code(), |_| "accepted")
}

fn judged(message: Delivered<'_>, is_request: bool) -> &'static str {
    if is_request {
        code(verifier().verify_request(message, now()))
    } else {
        code(verifier().verify_response(message, PENDING, now()))
    }
}

// Queries

#[test]
fn a_query_names_its_method_exactly() {
    let signed = |method: &str| {
        let octets = format!("SAMLRequest={}&SigAlg={}", escape(&to_base64(&deflate(REQUEST))), escape(method));
        judged(Delivered::Redirect(&sign_query(&idp(), &octets)), true)
    };
    assert_eq!(signed(RSA_SHA256), "accepted");
    let others = nearly(RSA_SHA256);
    for method in &others {
        // As it stands in markup, and as that is read.
        for method in [method.clone(), method.replace("&#32;", " ").replace("&#10;", "\n").replace("&#9;", "\t")] {
            assert_eq!(signed(&method), "signature_algorithm_refused", "{method:?}");
        }
    }
    assert!(others.len() > 30);
}

#[test]
fn a_query_names_its_encoding_exactly() {
    const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
    let query = detached(&idp(), "SAMLRequest", REQUEST, None);
    let named = |encoding: &str| judged(Delivered::Redirect(&format!("{query}&SAMLEncoding={}", escape(encoding))), true);
    assert_eq!(named(DEFLATE), "accepted");
    for encoding in nearly(DEFLATE).into_iter().chain([format!("{DEFLATE} "), format!("{DEFLATE}#x")]) {
        assert_eq!(named(&encoding), "unknown_encoding", "{encoding:?}");
    }
}

/// A message that is not compressed is one of a query that names no encoding, no method and no signature.
#[test]
fn a_query_that_is_not_compressed_says_nothing_of_how_it_is() {
    let xml = enveloped(&idp(), REQUEST, "_request");
    let query = format!("SAMLRequest={}", escape(&field(&xml)));
    assert_eq!(judged(Delivered::Redirect(&query), true), "accepted");
    for (more, expected) in [
        ("&SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE", "missing_parameter"),
        ("&SAMLEncoding=", "unknown_encoding"),
        ("&SigAlg=", "missing_parameter"),
        ("&Signature=", "missing_parameter"),
    ] {
        assert_eq!(judged(Delivered::Redirect(&format!("{query}{more}")), true), expected, "{more}");
    }
}

// Messages of logout

/// What is compared in a message of logout, and the code of a refusal; names of users decide nothing here.
#[test]
fn the_strings_of_a_logout_are_compared_exactly() {
    const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (message, id, place, value) in [
        (REQUEST, "_request", "Version=\"{}\"", "2.0"),
        (REQUEST, "_request", "Destination=\"{}\"", SLO),
        (REQUEST, "_request", "<a:Issuer>{}</a:Issuer>", IDP),
        (RESPONSE, "_response", "Version=\"{}\"", "2.0"),
        (RESPONSE, "_response", "Destination=\"{}\"", SLO),
        (RESPONSE, "_response", "<a:Issuer>{}</a:Issuer>", IDP),
        (RESPONSE, "_response", "InResponseTo=\"{}\"", PENDING),
        (RESPONSE, "_response", "<p:StatusCode Value=\"{}\"/>", SUCCESS),
    ] {
        let genuine = place.replace("{}", value);
        assert!(message.contains(&genuine), "{genuine}");
        for other in nearly(value) {
            // White space in an attribute is normalized, so that this is no other value.
            let xml = message.replacen(&genuine, &place.replace("{}", &other), 1);
            let is_request = id == "_request";
            let parameter = if is_request { "SAMLRequest" } else { "SAMLResponse" };
            let posted = judged(Delivered::Post(&field(&enveloped(&idp(), &xml, id))), is_request);
            let redirected = judged(Delivered::Redirect(&detached(&idp(), parameter, &xml, None)), is_request);
            looked_at += 2;
            if posted == "accepted" || redirected != posted {
                wrong.push(format!("{genuine} as {other:?}: {posted}, {redirected}"));
            }
        }
        assert_eq!(judged(Delivered::Post(&field(&enveloped(&idp(), message, id))), id == "_request"), "accepted");
    }
    conclude("strings of a logout", looked_at, &wrong);
}

// Metadata

fn document(entity_id: &str, protocol: &str, purpose: &str) -> String {
    let pem = read_text(&testdata("auth0/keys/idp-rsa2048.pem"));
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:d='http://www.w3.org/2000/09/xmldsig#' \
         entityID='{entity_id}'><IDPSSODescriptor protocolSupportEnumeration='{protocol}'><KeyDescriptor use='{purpose}'>\
         <d:KeyInfo><d:X509Data><d:X509Certificate>{body}</d:X509Certificate></d:X509Data></d:KeyInfo></KeyDescriptor>\
         </IDPSSODescriptor></EntityDescriptor>"
    )
}

#[test]
fn metadata_is_chosen_and_read_by_exact_names() {
    const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    let read = |entity_id: &str, protocol: &str, purpose: &str| {
        let reader = MetadataReader::new(Vouched::ByAuthenticatedChannel).entity_id("urn:idp");
        let read = reader.read_idp(document(entity_id, protocol, purpose).as_bytes(), now());
        read.map_or_else(|error| error.code(), |metadata| if metadata.entity_id() == "urn:idp" { "read" } else { "another" })
    };
    assert_eq!(read("urn:idp", SAML2, "signing"), "read");
    assert_eq!(read("urn:idp", &format!("urn:x {SAML2} urn:y"), "signing"), "read");
    for other in nearly("urn:idp") {
        assert_eq!(read(&other, SAML2, "signing"), "unknown_entity", "{other:?}");
    }
    for other in nearly(SAML2) {
        // This is a list: white space around a name and names beside it are none of it.
        let is_in_list = other.replace("&#32;", " ").replace("&#10;", " ").replace("&#9;", " ").replace("&#xD;", " ");
        let is_in_list = is_in_list.split_ascii_whitespace().any(|one| one == SAML2);
        assert_eq!(read("urn:idp", &other, "signing"), if is_in_list { "read" } else { "other_protocol" }, "{other:?}");
    }
    for other in nearly("signing") {
        assert_eq!(read("urn:idp", SAML2, &other), "invalid_value", "{other:?}");
    }
}

// What the service asks for

#[test]
fn an_identity_provider_is_found_by_its_exact_name() {
    let registry = Registry::default();
    registry
        .insert("acme", Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), connection()))
        .expect("new");
    assert!(registry.by_entity_id(IDP).is_some());
    for other in nearly(IDP) {
        assert!(registry.by_entity_id(&other).is_none(), "{other:?}");
        let field = TestIdp::new(&other).response(SP, ACS, now()).to_form_field();
        let refused = registry.verify_post(&field, saml_verify::Expect::Unsolicited, now());
        assert_eq!(code(refused.map(|(_, verified)| verified)), "unknown_identity_provider", "{other:?}");
    }
}

/// FriendlyName says for people what a name is about. Two attributes may have the same, and none is found by it.
#[test]
fn an_attribute_is_found_by_its_name_alone() {
    assert!(MESSAGE.contains("Name=\"role\" NameFormat=\"urn:format\" FriendlyName=\"Role\""));
    let login = verify(&signed("", "")).expect("a login");
    assert_eq!((login.attribute("role"), login.attributes().single("role")), (Some("admin"), Ok("admin")));
    for other in nearly("role").into_iter().chain(["Role".to_owned(), "urn:format".to_owned()]) {
        assert_eq!(login.attribute(&other), None, "{other:?}");
        assert_eq!(login.attributes().single(&other).map_err(|not| not.values), Err(0), "{other:?}");
        assert_eq!(login.attributes().all(&other).count(), 0, "{other:?}");
    }
}

// Conditions and classes

/// A condition is known by its name in the namespace of assertions.
#[test]
fn a_condition_of_another_namespace_is_not_known() {
    const AFTER: &str = "<saml:OneTimeUse/>";
    let with = |condition: &str| outcome(&signed(AFTER, &format!("{AFTER}{condition}"))).map_err(|(code, _)| code);
    assert!(with("<saml:ProxyRestriction/>").is_ok());
    for name in ["ProxyRestriction", "OneTimeUse", "AudienceRestriction", "Condition"] {
        for prefix in ["foreign", "samlp", "xsi"] {
            assert_eq!(with(&format!("<{prefix}:{name}/>")), Err("unknown_condition"), "{prefix}:{name}");
        }
    }
}

/// What is no text is no class, and not none either.
#[test]
fn a_class_is_text() {
    const START: &str = "<saml:AuthnContextClassRef>";
    let class = |content: &str| outcome(&signed(START, &format!("{START}{content}"))).map_err(|(code, _)| code);
    assert!(class("<!-- c -->").is_ok());
    for content in ["<foreign:e/>", "<saml:e/>", "<?p i?>"] {
        assert_eq!(class(content), Err("not_text"), "{content}");
    }
}

// Times, and what is let in by name

/// The schema would pass over white space around a time; nothing that is signed needs it.
#[test]
fn a_time_has_nothing_around_it() {
    for (attribute, time) in [
        ("IssueInstant", "2027-03-03T10:00:00Z"),
        ("NotBefore", "2027-03-03T10:00:00Z"),
        ("NotOnOrAfter", "2027-03-03T11:00:00Z"),
        ("AuthnInstant", "2027-03-03T10:00:00Z"),
        ("SessionNotOnOrAfter", "2027-03-03T20:00:00Z"),
    ] {
        let with = |time: &str| {
            let genuine = format!(" {attribute}=\"2027-03-03T");
            let start = MESSAGE.find(&genuine).expect(attribute) + genuine.len() - "2027-03-03T".len();
            outcome(&signed(&MESSAGE[start - 8..start + 20], &format!("{}{time}", &MESSAGE[start - 8..start])))
        };
        assert!(with(time).is_ok(), "{attribute}");
        for (before, behind) in [(" ", ""), ("", " "), ("&#9;", ""), ("", "&#10;"), ("\u{A0}", ""), ("", "\u{200B}")] {
            let refused = with(&format!("{before}{time}{behind}")).map_err(|(code, _)| code);
            assert_eq!(refused, Err("invalid_time"), "{attribute} {before:?} {behind:?}");
        }
    }
}

/// Who lets in the Format of an Issuer lets in no other Issuer.
#[test]
fn a_departure_on_the_format_of_a_name_is_none_on_the_name() {
    let lax = LogoutVerifier::new(
        &ServiceProvider::new(SP, ACS).expect("a service provider"),
        connection().allow(Departure::IssuerFormat),
        SLO,
    )
    .expect("a verifier");
    for (message, id, parameter) in [(REQUEST, "_request", "SAMLRequest"), (RESPONSE, "_response", "SAMLResponse")] {
        for (name, expected) in [(IDP, "accepted"), ("urn:other", "issuer_mismatch"), ("urn:idp ", "issuer_mismatch")] {
            let issuer = format!("<a:Issuer Format=\"urn:x\">{name}</a:Issuer>");
            let xml = message.replacen(&format!("<a:Issuer>{IDP}</a:Issuer>"), &issuer, 1);
            let posted = field(&enveloped(&idp(), &xml, id));
            let redirected = detached(&idp(), parameter, &xml, None);
            for delivered in [Delivered::Post(&posted), Delivered::Redirect(&redirected)] {
                let judged = match parameter {
                    "SAMLRequest" => code(lax.verify_request(delivered, now())),
                    _ => code(lax.verify_response(delivered, PENDING, now())),
                };
                assert_eq!(judged, expected, "{delivered:?} {name:?}");
            }
        }
    }
}

/// Where HTML ends a comment and XML goes on, a message is refused: whoever looks at it as a page sees other text than is signed.
#[test]
fn a_comment_that_two_readers_end_in_two_places_is_refused() {
    const PLACE: &str = "<samlp:Status>";
    let with = |comment: &str| outcome(&signed(PLACE, &format!("{comment}{PLACE}"))).map_err(|(code, _)| code);
    for comment in ["<!-- c -->", "<!---->", "<!-- > -->", "<!-- -> -->"] {
        assert!(with(comment).is_ok(), "{comment}");
    }
    for comment in ["<!-->-->", "<!--> c -->", "<!--->-->", "<!---> c -->"] {
        assert_eq!(with(comment), Err("ambiguous_comment"), "{comment}");
    }
}

/// A status says at most three codes below its first, however many there are.
#[test]
fn a_status_tells_a_bounded_number_of_codes() {
    const SUCCESS: &str = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    for nested in [0, 1, 3, 4, 9] {
        let open: String = (0..=nested).map(|place| format!("<samlp:StatusCode Value=\"urn:{place}\">")).collect();
        let status = format!("{open}{}", "</samlp:StatusCode>".repeat(nested + 1));
        let Err(Error::Status(told)) = verify(&signed(SUCCESS, &status)) else { panic!("{nested}") };
        let codes: Vec<String> = told.codes().map(str::to_owned).collect();
        let expected: Vec<String> = (0..=nested.min(3)).map(|place| format!("urn:{place}")).collect();
        assert_eq!(codes, expected);
    }
}
