//! Our own metadata, read again by other programs' parser and by our own. `tests/interop/metadata_schema.py` holds it against the
//! schema.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::time::Duration;

use common::{base64, read, read_text, testdata};
use roxmltree::{Document, Node};
use saml_verify::metadata::{HTTP_POST, HTTP_REDIRECT, MetadataReader, RequestedAttribute, SpMetadata, Vouched};
use saml_verify::time::parse_rfc3339;
use saml_verify::{ConfigError, Limits, ServiceProvider, SigningKey, TrustedKey, TrustedKeys, internals};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNING: &str = "auth0/keys/sp-sign-rsa2048.pem";
const NEXT: &str = "auth0/keys/sp-encrypt-rsa4096.pem";
const ENCRYPTION: &str = "auth0/keys/sp-encrypt-rsa2048.pem";

fn sp() -> ServiceProvider {
    let sp = ServiceProvider::new("urn:portal?a=1&b=<\">", "https://portal.example/acs?a=1&b=2").expect("a service provider");
    sp.also_accepting_acs_url("https://portal.example/old").expect("another URL")
}

fn plain() -> SpMetadata {
    SpMetadata::new(&sp()).expect("metadata")
}

/// Everything there is.
fn whole() -> Result<SpMetadata, ConfigError> {
    let certificate = |file: &str| read(&testdata(file));
    plain()
        .id("_portal")?
        .valid_until(parse_rfc3339("2027-01-01T00:00:00Z").expect("a time"))
        .cache_duration(Duration::from_millis(3_600_999))
        .authn_requests_signed(true)
        .want_assertions_signed(false)
        .signing_certificate(certificate(SIGNING))?
        .signing_certificate([certificate(SIGNING), certificate(NEXT)].concat())?
        .encryption_certificate(certificate(ENCRYPTION))?
        .single_logout(HTTP_REDIRECT, "https://portal.example/slo?x&y")?
        .single_logout(HTTP_POST, "https://portal.example/slo")?
        .name_id_format("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")?
        .requested_attributes(
            "Portal & <more>",
            [
                RequestedAttribute::new("mail").required().friendly_name("E-Mail \"address\""),
                RequestedAttribute::new("urn:oid:1.2").name_format("urn:oasis:names:tc:SAML:2.0:attrname-format:uri"),
            ],
        )
}

/// The elements of that name below a node, in order.
fn all<'a>(node: Node<'a, 'a>, name: &'a str) -> Vec<Node<'a, 'a>> {
    node.descendants().filter(|node| node.has_tag_name((METADATA, name))).collect()
}

fn values<'a>(nodes: &[Node<'a, 'a>], attribute: &str) -> Vec<Option<&'a str>> {
    nodes.iter().map(|node| node.attribute(attribute)).collect()
}

#[test]
fn everything_that_was_said_can_be_read_again() {
    let xml = whole().expect("metadata").to_xml();
    let document = Document::parse(&xml).expect("well-formed");
    let root = document.root_element();
    for (attribute, value) in [
        ("entityID", "urn:portal?a=1&b=<\">"),
        ("ID", "_portal"),
        ("validUntil", "2027-01-01T00:00:00.000Z"),
        ("cacheDuration", "PT3600S"),
    ] {
        assert_eq!(root.attribute(attribute), Some(value));
    }
    let [role] = all(root, "SPSSODescriptor")[..] else { panic!("one role") };
    assert_eq!((role.attribute("AuthnRequestsSigned"), role.attribute("WantAssertionsSigned")), (Some("true"), Some("false")));
    let keys: Vec<(Option<&str>, Vec<u8>)> = all(role, "KeyDescriptor")
        .iter()
        .map(|key| {
            let certificate = key.descendants().find(|node| node.tag_name().name() == "X509Certificate").and_then(|it| it.text());
            (key.attribute("use"), base64(certificate.expect("a certificate")))
        })
        .collect();
    let der =
        |file: &str| base64(&read_text(&testdata(file)).lines().filter(|line| !line.starts_with("-----")).collect::<String>());
    let expected = [("signing", SIGNING), ("signing", NEXT), ("encryption", ENCRYPTION)];
    assert_eq!(keys, expected.map(|(purpose, file)| (Some(purpose), der(file))));
    let logout = all(role, "SingleLogoutService");
    assert_eq!(values(&logout, "Binding"), [Some(HTTP_REDIRECT), Some(HTTP_POST)]);
    assert_eq!(values(&logout, "Location"), [Some("https://portal.example/slo?x&y"), Some("https://portal.example/slo")]);
    let acs = all(role, "AssertionConsumerService");
    assert_eq!(values(&acs, "Location"), [Some("https://portal.example/acs?a=1&b=2"), Some("https://portal.example/old")]);
    assert_eq!(values(&acs, "Binding"), [Some(HTTP_POST); 2]);
    assert_eq!(values(&acs, "index"), [Some("0"), Some("1")]);
    assert_eq!(values(&acs, "isDefault"), [Some("true"), None]);
    let requested = all(role, "RequestedAttribute");
    assert_eq!(values(&requested, "Name"), [Some("mail"), Some("urn:oid:1.2")]);
    assert_eq!(values(&requested, "isRequired"), [Some("true"), None]);
    assert_eq!(values(&requested, "FriendlyName"), [Some("E-Mail \"address\""), None]);
    assert_eq!(values(&requested, "NameFormat"), [None, Some("urn:oasis:names:tc:SAML:2.0:attrname-format:uri")]);
    assert_eq!(all(role, "ServiceName")[0].text(), Some("Portal & <more>"));
}

#[test]
fn what_was_not_said_is_not_there() {
    assert_eq!(
        plain().to_xml(),
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:portal?a=1&amp;b=&lt;&quot;>\">\
         <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://portal.example/acs?a=1&amp;b=2\" index=\"0\" isDefault=\"true\"></md:AssertionConsumerService>\
         <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://portal.example/old\" index=\"1\"></md:AssertionConsumerService>\
         </md:SPSSODescriptor></md:EntityDescriptor>"
    );
}

#[test]
fn a_signed_document_is_the_same_each_time_and_verifies() {
    let key = SigningKey::from_pem(read(&testdata("auth0/keys/sp-sign-rsa2048.key"))).expect("a key");
    let keys = TrustedKeys::from_pem(read(&testdata(SIGNING))).expect("a certificate");
    let others = TrustedKeys::from_pem(read(&testdata(ENCRYPTION))).expect("a certificate");
    let verify = |xml: &str, keys| internals::verify_signature(xml.as_bytes(), &[1], keys, &[], &Limits::DEFAULT).expect("XML");
    for metadata in [plain(), whole().expect("metadata")] {
        let xml = metadata.to_signed_xml(&key).expect("signed");
        assert_eq!(metadata.to_signed_xml(&key).as_ref(), Ok(&xml));
        assert_eq!(verify(&xml, &keys), Ok(true));
        assert!(verify(&xml, &others).is_err());
        assert!(verify(&xml.replace("https://portal.example/old", "https://attacker.example/"), &keys).is_err());
        assert_eq!(verify(&metadata.to_xml(), &keys), Ok(false));
    }
    // Without an ID of its own it gets one that differs as the content differs.
    let id = |xml: &str| Document::parse(xml).expect("XML").root_element().attribute("ID").map(str::to_owned).expect("an ID");
    let other = plain().authn_requests_signed(true).to_signed_xml(&key).expect("signed");
    assert_ne!(id(&plain().to_signed_xml(&key).expect("signed")), id(&other));
    assert_eq!(id(&whole().expect("metadata").to_signed_xml(&key).expect("signed")), "_portal");
}

/// Our own document is what administrators paste by mistake.
#[test]
fn our_reader_knows_it_for_what_it_is() {
    let now = parse_rfc3339("2026-12-01T00:00:00Z").expect("a time");
    let xml = whole().expect("metadata").to_xml();
    let error =
        MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(xml.as_bytes(), now).expect_err("a service provider");
    assert_eq!(error.code(), "sp_metadata");
    // Its keys, endpoints and times are read where the role is renamed.
    let xml = xml.replace("SPSSODescriptor", "IDPSSODescriptor");
    let metadata = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(xml.as_bytes(), now).expect("a document");
    let print = |file: &str| {
        let keys = TrustedKeys::from_pem(read(&testdata(file))).expect("a certificate");
        keys.iter().map(|key| key.spki_sha256_fingerprint().to_owned()).collect::<String>()
    };
    let prints: Vec<&str> = metadata.signing_keys().iter().map(TrustedKey::spki_sha256_fingerprint).collect();
    assert_eq!(prints, [print(SIGNING), print(NEXT)]);
    assert_eq!(metadata.single_logout_url(HTTP_REDIRECT), Some("https://portal.example/slo?x&y"));
    assert_eq!(metadata.cache_duration(), Some(Duration::from_secs(3600)));
    assert_eq!(metadata.entity_id(), sp().entity_id());
}

#[test]
fn what_cannot_be_written_is_refused() {
    let invalid = |field, value: &str, reason| Err(ConfigError::InvalidMetadataValue { field, value: value.to_owned(), reason });
    let forbidden = "it has a character that XML does not allow";
    let entity = |id: &str| SpMetadata::new(&ServiceProvider::new(id, "https://portal.example/acs").expect("a service provider"));
    let attribute = |name: &str| plain().requested_attributes("Portal", [RequestedAttribute::new(name)]);
    for (result, expected) in [
        (entity("a\u{1}b"), invalid("entity ID", "a\u{1}b", forbidden)),
        (entity("a\u{e9}b"), Ok(())),
        (plain().id("1"), invalid("ID", "1", "an ID starts with a letter or `_`, and has letters, digits, `-`, `.` and `_`")),
        (plain().id("_1"), Ok(())),
        (
            plain().single_logout(HTTP_POST, "http://portal.example/"),
            invalid("single logout URL", "http://portal.example/", "it is not https"),
        ),
        (plain().single_logout(HTTP_POST, "http://localhost/"), Ok(())),
        (plain().single_logout("", "https://portal.example/"), invalid("binding", "", "it is empty")),
        (plain().name_id_format(" "), invalid("NameID format", " ", "it is empty")),
        (attribute(""), invalid("attribute name", "", "it is empty")),
        (attribute("\u{FFFE}"), invalid("attribute name", "\u{FFFE}", forbidden)),
        (attribute("mail"), Ok(())),
        (plain().requested_attributes("", [RequestedAttribute::new("a")]), invalid("service name", "", "it is empty")),
        (plain().requested_attributes("Portal", []), invalid("requested attributes", "", "the schema wants at least one")),
    ] {
        assert_eq!(result.map(|_| ()), expected);
    }
    let error = plain().signing_certificate("x").expect_err("no certificate");
    assert!(matches!(error, ConfigError::Certificate(_)), "{error}");
}
