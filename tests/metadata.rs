//! Metadata of identity providers: documents of products, faults in them, and who vouches for them.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use std::time::SystemTime;

use common::{cases, conclude, read, read_text, testdata, text};
use saml_verify::canonical::Algorithm;
use saml_verify::metadata::{HTTP_POST, HTTP_REDIRECT, IdpMetadata, MetadataError, MetadataReader, MetadataWarning, Vouched};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{Certificate, Departure, IdentityProvider, Limits, Position, TrustedKey, TrustedKeys, internals};
use serde_json::{Value, json};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

fn now() -> SystemTime {
    time("2026-12-01T00:00:00Z")
}

fn time(text: &str) -> SystemTime {
    parse_rfc3339(text).expect("a time")
}

fn signer(key: &str) -> TestIdp {
    common::signer("urn:signer", key)
}

fn publisher() -> TestIdp {
    signer("auth0/keys/idp-rsa3072")
}

fn attacker() -> TestIdp {
    signer("auth0/keys/attacker-rsa2048")
}

fn keys_of(file: &str) -> TrustedKeys {
    TrustedKeys::from_pem(read(&testdata(file))).expect("a certificate")
}

/// The base64 of a certificate, on one line.
fn body(file: &str) -> String {
    read_text(&testdata(file)).lines().filter(|line| !line.starts_with("-----")).collect()
}

fn fingerprints(keys: &TrustedKeys) -> Vec<&str> {
    keys.iter().filter_map(TrustedKey::certificate).map(Certificate::sha256_fingerprint).collect()
}

/// The document with the signature of that element as its first child.
fn signed(xml: &str, id: &str, signer: &TestIdp) -> String {
    let signature = internals::sign(signer, xml, id, Algorithm::Exclusive10, "");
    let place = xml.find(&format!("ID=\"{id}\"")).expect("the element");
    let behind = place + xml[place..].find('>').expect("a start tag") + 1;
    format!("{}{signature}{}", &xml[..behind], &xml[behind..])
}

fn by_channel() -> MetadataReader<'static> {
    MetadataReader::new(Vouched::ByAuthenticatedChannel)
}

fn read_by_channel(xml: &str) -> Result<IdpMetadata, MetadataError> {
    by_channel().read_idp(xml.as_bytes(), now())
}

// Documents of products

#[test]
fn documents_of_products_configure_what_their_manifest_says() {
    let folder = testdata("metadata");
    let mut wrong = Vec::new();
    let all = cases(&folder);
    for case in &all {
        let id = text(case, "id");
        let document = read(&folder.join(text(case, "file")));
        let mut readers = vec![by_channel()];
        let pinned = case["signed"]["key"].as_str().map(|key| keys_of(&format!("{key}.pem")));
        readers.extend(pinned.as_ref().map(|keys| MetadataReader::new(Vouched::ByPinnedKeys(keys))));
        for (place, reader) in readers.into_iter().enumerate() {
            let reader = case["chosen"].as_str().into_iter().fold(reader, |reader, id| reader.entity_id(id));
            match reader.read_idp(&document, time(text(case, "now"))) {
                Err(error) => wrong.push(format!("{id}: {error}")),
                Ok(metadata) => wrong.extend(differences(case, &metadata, place == 1)),
            }
        }
    }
    conclude("metadata", all.len(), &wrong);
    assert!(all.len() >= 10);
}

fn differences(case: &Value, metadata: &IdpMetadata, pinned: bool) -> Vec<String> {
    let keys: Vec<String> =
        case["keys"].as_array().expect("keys").iter().map(|file| file.as_str().expect("a file").to_owned()).collect();
    let keys: Vec<String> =
        keys.iter().flat_map(|file| fingerprints(&keys_of(file)).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect();
    let idp = metadata.identity_provider().expect("an identity provider");
    let codes: Vec<&str> = metadata.warnings().iter().map(MetadataWarning::code).collect();
    let mut expected_codes: Vec<&str> = case["warnings"].as_array().expect("codes").iter().filter_map(Value::as_str).collect();
    expected_codes.retain(|code| !pinned || *code != "signature_not_verified");
    let signed_element = if pinned { case["signed"]["element"].clone() } else { Value::Null };
    let names: Vec<&str> = metadata.attributes().iter().map(|attribute| attribute.name()).collect();
    let rows = [
        ("entity_id", case["entity_id"].clone(), json!(metadata.entity_id())),
        ("the connection's entity ID", case["entity_id"].clone(), json!(idp.entity_id())),
        ("keys", json!(keys), json!(fingerprints(metadata.signing_keys()))),
        ("sso_redirect", case["sso_redirect"].clone(), json!(metadata.single_sign_on_url(HTTP_REDIRECT))),
        ("sso_post", case["sso_post"].clone(), json!(metadata.single_sign_on_url(HTTP_POST))),
        ("the connection's redirect URL", case["sso_redirect"].clone(), json!(idp.sso_redirect_url())),
        ("the connection's POST URL", case["sso_post"].clone(), json!(idp.sso_post_url())),
        ("sso_endpoints", case["sso_endpoints"].clone(), json!(metadata.single_sign_on().len())),
        ("slo_redirect", case["slo_redirect"].clone(), json!(metadata.single_logout_url(HTTP_REDIRECT))),
        ("slo_post", case["slo_post"].clone(), json!(metadata.single_logout_url(HTTP_POST))),
        ("name_id_formats", case["name_id_formats"].clone(), json!(metadata.name_id_formats())),
        ("attributes", case["attributes"].clone(), json!(names)),
        ("want_authn_requests_signed", case["want_authn_requests_signed"].clone(), json!(metadata.wants_authn_requests_signed())),
        ("valid_until", case["valid_until"].clone(), json!(metadata.valid_until().map(format_rfc3339))),
        ("cache_seconds", case["cache_seconds"].clone(), json!(metadata.cache_duration().map(|it| it.as_secs()))),
        ("warnings", json!(expected_codes), json!(codes)),
        ("signed element", signed_element, json!(metadata.signature().map(|signature| signature.element()))),
    ];
    let differs = |(what, expected, found): (&str, Value, Value)| {
        (expected != found).then(|| format!("{}: {what}: expected {expected}, got {found}", case["id"]))
    };
    rows.into_iter().filter_map(differs).collect()
}

/// The signatures in the fixtures are made here and stay as they are: RSA signs the same octets with the same value.
#[test]
fn signed_documents_are_what_their_keys_sign() {
    let folder = testdata("metadata");
    let mut looked_at = 0;
    for case in cases(&folder).iter().filter(|case| case["signed"].is_object()) {
        looked_at += 1;
        let document = read_text(&folder.join(text(case, "file")));
        let (before, rest) = document.split_once("<ds:Signature ").unwrap_or((&document, "</ds:Signature>"));
        let (_, behind) = rest.split_once("</ds:Signature>").expect("an end");
        let plain = if before == document { document.clone() } else { format!("{before}{behind}") };
        let (id, key) = (text(&case["signed"], "id"), text(&case["signed"], "key"));
        assert_eq!(signed(&plain, id, &signer(key)), document, "{}", case["id"]);
    }
    assert!(looked_at > 0);
}

// Faults, each beside a document without it

/// An identity provider's document, with places to edit.
fn document() -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"{METADATA}\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" ID=\"_e\" entityID=\"urn:idp\">\n\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"{SAML2}\">\n\
         <md:KeyDescriptor use=\"signing\">\n\
         {}\n\
         </md:KeyDescriptor>\n\
         <md:SingleLogoutService Binding=\"{HTTP_POST}\" Location=\"https://idp.example/slo\"/>\n\
         <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\n\
         <md:SingleSignOnService Binding=\"{HTTP_REDIRECT}\" Location=\"https://idp.example/sso\"/>\n\
         </md:IDPSSODescriptor>\n\
         </md:EntityDescriptor>",
        key_info(&[MAIN])
    )
}

const MAIN: &str = "auth0/keys/idp-rsa2048.pem";
const NEXT: &str = "auth0/keys/idp-next-rsa2048.pem";

fn key_info(certificates: &[&str]) -> String {
    let one = |file: &&str| format!("<ds:X509Certificate>{}</ds:X509Certificate>", body(file));
    let all: String = certificates.iter().map(one).collect();
    format!("<ds:KeyInfo><ds:X509Data>{all}</ds:X509Data></ds:KeyInfo>")
}

fn key_descriptor(certificate: &str) -> String {
    format!("<md:KeyDescriptor use=\"signing\">{}</md:KeyDescriptor>", key_info(&[certificate]))
}

/// The document with one place changed.
fn edited(from: &str, to: &str) -> String {
    let document = document();
    assert_eq!(document.matches(from).count(), 1, "{from}");
    document.replace(from, to)
}

#[test]
fn each_fault_is_named_with_its_place() {
    let enumeration = format!(" protocolSupportEnumeration=\"{SAML2}\"");
    let saml1 = " protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\"";
    let role = &document()[document().find("<md:IDPSSO").expect("a role")..document().find("</md:EntityD").expect("an end")];
    let sso = format!("<md:SingleSignOnService Binding=\"{HTTP_REDIRECT}\"");
    let certificate = body(MAIN);
    let valid = |value: &str| edited(" entityID=", &format!(" validUntil=\"{value}\" entityID="));
    let cached = |value: &str| edited("<md:IDPSSODescriptor", &format!("<md:IDPSSODescriptor cacheDuration=\"{value}\""));
    let rows = [
        (document(), "ok"),
        // The root, and the entity
        (
            edited(METADATA, "urn:oasis:names:tc:SAML:1.0:metadata"),
            "not_metadata: not a metadata document: the root element is \"md:EntityDescriptor\" at line 1, column 1",
        ),
        (
            edited(" entityID=\"urn:idp\"", ""),
            "missing_attribute: EntityDescriptor has no attribute entityID at line 1, column 1",
        ),
        (
            edited("\"urn:idp\"", "\" urn:idp\""),
            "invalid_value: entityID of EntityDescriptor is \" urn:idp\", not an entity ID: neither empty nor with white space around it \
             at line 1, column 1",
        ),
        (format!("\u{FEFF}{}", document()), "ok"),
        (
            format!("\u{FEFF}{}", edited(" entityID=\"urn:idp\"", "")),
            "missing_attribute: EntityDescriptor has no attribute entityID at line 1, column 1",
        ),
        // The role
        (
            edited(&enumeration, saml1),
            "other_protocol: the IDPSSODescriptor supports \"urn:oasis:names:tc:SAML:1.1:protocol\", not \
             \"urn:oasis:names:tc:SAML:2.0:protocol\" at line 2, column 1",
        ),
        (edited(&enumeration, ""), "other_protocol: the IDPSSODescriptor has no protocolSupportEnumeration at line 2, column 1"),
        (edited(&enumeration, &format!(" protocolSupportEnumeration=\"urn:x\n{SAML2}\tx\"")), "ok"),
        (edited(role, &format!("{}{role}", role.replace(&enumeration, saml1))), "ok"),
        (
            edited(role, &format!("{role}{role}")),
            "several_identity_providers: 2 IDPSSODescriptors for SAML 2.0 in one entity at line 10, column 1",
        ),
        (
            document().replace("IDPSSODescriptor", "SPSSODescriptor"),
            "sp_metadata: \"urn:idp\" is a service provider, not an identity provider at line 1, column 1",
        ),
        (edited(role, &format!("{}{role}", role.replace("IDPSSODescriptor", "SPSSODescriptor"))), "ok"),
        (
            document().replace("IDPSSODescriptor", "RoleDescriptor"),
            "ws_federation_metadata: \"urn:idp\" has only roles of WS-Federation (RoleDescriptor), no IDPSSODescriptor at line 1, \
             column 1",
        ),
        (
            document().replace("IDPSSODescriptor", "AttributeAuthorityDescriptor"),
            "no_identity_provider: \"urn:idp\" is no identity provider; its roles: \"AttributeAuthorityDescriptor\" at line 1, \
             column 1",
        ),
        (edited(role, ""), "no_identity_provider: \"urn:idp\" is no identity provider; its roles: none at line 1, column 1"),
        (
            edited("<md:KeyDescriptor", "x<md:KeyDescriptor"),
            "unexpected_text: \"md:IDPSSODescriptor\" contains text between its elements at line 2, column 1",
        ),
        // Times
        (valid("2026-12-01T00:00:01Z"), "ok"),
        (valid(" 2026-12-31T00:00:00Z "), "ok"),
        (
            valid("2026-12-01T00:00:00Z"),
            "metadata_expired: the document was valid until 2026-12-01T00:00:00.000Z, and it is 2026-12-01T00:00:00.000Z at line 1, \
             column 1",
        ),
        (
            valid("2026-12-31"),
            "invalid_value: validUntil of EntityDescriptor is \"2026-12-31\", not a time in UTC such as 2026-01-31T12:00:00Z \
             (xs:dateTime) at line 1, column 1",
        ),
        (cached("PT1H"), "ok"),
        (
            cached("1 hour"),
            "invalid_value: cacheDuration of IDPSSODescriptor is \"1 hour\", not a duration such as PT6H (xs:duration) at line 2, \
             column 1",
        ),
        (edited(&enumeration, &format!("{enumeration} WantAuthnRequestsSigned=\"1\"")), "ok"),
        (
            edited(&enumeration, &format!("{enumeration} WantAuthnRequestsSigned=\"yes\"")),
            "invalid_value: WantAuthnRequestsSigned of IDPSSODescriptor is \"yes\", not true or false at line 2, column 1",
        ),
        // Endpoints
        (edited("https://idp.example/sso", " http://idp.example/sso\n"), "ok"),
        (
            edited(&format!("{sso} "), "<md:SingleSignOnService "),
            "missing_attribute: SingleSignOnService has no attribute Binding at line 8, column 1",
        ),
        (
            edited(" Location=\"https://idp.example/sso\"", ""),
            "missing_attribute: SingleSignOnService has no attribute Location at line 8, column 1",
        ),
        (
            edited("https://idp.example/sso", "javascript:alert(1)"),
            "invalid_value: Location of SingleSignOnService is \"javascript:alert(1)\", not an absolute https URL at line 8, column 1",
        ),
        (
            edited("https://idp.example/sso", "/sso"),
            "invalid_value: Location of SingleSignOnService is \"/sso\", not an absolute https URL at line 8, column 1",
        ),
        (
            edited("https://idp.example/slo\"", "https://idp.example/slo\" ResponseLocation=\"https://\""),
            "invalid_value: ResponseLocation of SingleLogoutService is \"https://\", not an absolute https URL at line 6, column 1",
        ),
        (edited("https://idp.example/slo\"", "https://idp.example/slo\" ResponseLocation=\"https://idp.example/a\""), "ok"),
        (
            edited("nameid-format:persistent<", "nameid-format:persistent<x/><"),
            "not_text: \"md:NameIDFormat\" contains something else than text at line 7, column 1",
        ),
        // Keys
        (edited(" use=\"signing\"", ""), "ok"),
        (
            edited("\"signing\"", "\"encryption\""),
            "no_signing_key: the IDPSSODescriptor has no key for signatures at line 2, column 1",
        ),
        (
            edited("\"signing\"", "\"sign\""),
            "invalid_value: use of KeyDescriptor is \"sign\", not signing or encryption at line 3, column 1",
        ),
        (edited(&key_info(&[MAIN]), ""), "missing_element: the KeyDescriptor has no KeyInfo at line 3, column 1"),
        (
            edited(&key_info(&[MAIN]), "<ds:KeyInfo><ds:KeyName>k</ds:KeyName></ds:KeyInfo>"),
            "no_usable_key: none of 1 keys for signatures can be used; the first: its KeyInfo has neither a certificate nor a key at \
             line 3, column 1",
        ),
        (
            edited(&certificate, &certificate[..400]),
            "no_usable_key: none of 1 keys for signatures can be used; the first: the certificate ends before it is complete at \
             line 3, column 1",
        ),
        (
            edited(&certificate, &body("attacks/certs/idp-1024.pem")),
            "no_usable_key: none of 1 keys for signatures can be used; the first: the RSA key has 1024 bits, and at least 2048 are \
             needed at line 3, column 1",
        ),
        (
            edited(&certificate, "<!-- none -->"),
            "no_usable_key: none of 1 keys for signatures can be used; the first: no certificate: the input is empty at line 3, \
             column 1",
        ),
        (edited(&certificate, "<x/>"), "not_text: \"ds:X509Certificate\" contains something else than text at line 4, column 26"),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(xml, expected)| {
            let found = match read_by_channel(xml) {
                Ok(_) => "ok".to_owned(),
                Err(error) => {
                    let (Position { offset, line, column }, before) = (error.position, &xml[..error.position.offset]);
                    let start = before.trim_start_matches('\u{FEFF}').rsplit('\n').next().expect("a line").chars().count();
                    assert_eq!((before.matches('\n').count() + 1, start + 1), (line, column), "{xml}");
                    assert!(xml[offset..].starts_with('<'));
                    format!("{}: {error}", error.code()).replace(&format!(" (byte {offset})"), "")
                }
            };
            (found != *expected).then(|| format!("expected {expected}\n     got {found}"))
        })
        .collect();
    conclude("faults", rows.len(), &wrong);
}

#[test]
fn what_is_no_metadata_is_named() {
    let rows: [(&str, &str); 9] = [
        ("", "metadata_empty: not a metadata document: there is nothing"),
        ("\u{FEFF}\r\n", "metadata_empty: not a metadata document: there is nothing"),
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "html_page: not a metadata document: this is an HTML page"),
        ("\n<HTML><br></HTML>", "html_page: not a metadata document: this is an HTML page"),
        ("<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "html_page: not a metadata document: this is an HTML page"),
        ("{\"issuer\":\"https://idp.example\"}", "json: not a metadata document: this is JSON"),
        (
            "-----BEGIN CERTIFICATE-----\n",
            "certificate_instead: not a metadata document: this is a PEM file, such as a certificate",
        ),
        ("https://idp.example/metadata", "url_instead: not a metadata document: this is a URL"),
        (
            "<md:EntityDescriptor>",
            "not_namespace_well_formed: a prefix that no declaration in scope binds at line 1, column 1 (byte 0)",
        ),
    ];
    for (text, expected) in rows {
        let error = read_by_channel(text).expect_err(text);
        assert_eq!(format!("{}: {error}", error.code()), expected, "{text}");
        assert!(!error.remedy().is_empty() && !error.section().is_empty());
    }
    let cut = document();
    let error = read_by_channel(&cut[..cut.len() - 3]).expect_err("cut");
    assert_eq!(error.code(), "not_well_formed");
}

// Keys

fn keys_in(xml: &str) -> (Vec<String>, Vec<String>) {
    let metadata = read_by_channel(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let keys = fingerprints(metadata.signing_keys()).into_iter().map(str::to_owned).collect();
    (keys, metadata.warnings().iter().map(ToString::to_string).collect())
}

fn prints(files: &[&str]) -> Vec<String> {
    files.iter().flat_map(|file| fingerprints(&keys_of(file)).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_key_for_signatures_is_trusted_and_no_other() {
    let at = "<md:SingleLogoutService";
    let with = |descriptors: &str| edited(at, &format!("{descriptors}{at}"));
    let encryption = key_descriptor(NEXT).replace("signing", "encryption");
    let unnamed = key_descriptor(NEXT).replace(" use=\"signing\"", "");
    let weak = key_descriptor("attacks/certs/idp-1024.pem");
    let other_role =
        format!("<md:SPSSODescriptor protocolSupportEnumeration=\"{SAML2}\">{}</md:SPSSODescriptor>", key_descriptor(NEXT));
    let extension = format!("<md:Extensions>{}</md:Extensions>", key_descriptor(NEXT));
    let unusable = "KeyDescriptor 2 gives no key, and messages signed with it will be refused: the RSA key has 1024 bits, and at \
                    least 2048 are needed";
    for (xml, keys, warnings) in [
        (with(""), vec![MAIN], vec![]),
        (with(&key_descriptor(NEXT)), vec![MAIN, NEXT], vec![]),
        (with(&key_descriptor(MAIN)), vec![MAIN], vec![]),
        (with(&unnamed), vec![MAIN, NEXT], vec![]),
        (with(&encryption), vec![MAIN], vec![]),
        (with(&extension), vec![MAIN], vec![]),
        (edited("<md:IDPSSO", &format!("{other_role}<md:IDPSSO")), vec![MAIN], vec![]),
        (with(&format!("{weak}{}", key_descriptor(NEXT))), vec![MAIN, NEXT], vec![unusable]),
        // Ways to write one certificate
        (edited(&body(MAIN), &read_text(&testdata(MAIN))), vec![MAIN], vec![]),
        (edited(&body(MAIN), &format!("\r\n\t{}&#13;\n", body(MAIN).replace('A', "&#x41;"))), vec![MAIN], vec![]),
        (edited(&body(MAIN), &format!("<![CDATA[{}]]>", body(MAIN))), vec![MAIN], vec![]),
    ] {
        assert_eq!(keys_in(&xml), (prints(&keys), warnings.into_iter().map(str::to_owned).collect()), "{xml}");
    }
}

#[test]
fn a_key_descriptor_is_one_key_and_never_that_of_an_authority() {
    const LEAF: &str = "metadata/chain/leaf.pem";
    const INTERMEDIATE: &str = "metadata/chain/intermediate.pem";
    const ROOT: &str = "metadata/chain/root.pem";
    let several = |used: &str| {
        let [used] = <[String; 1]>::try_from(prints(&[used])).expect("one");
        format!("KeyDescriptor 1 holds certificates of different keys, and only {used} is trusted: a KeyDescriptor is one key")
    };
    for (certificates, used, warns) in [
        (vec![LEAF, INTERMEDIATE, ROOT], LEAF, false),
        (vec![ROOT, INTERMEDIATE, LEAF], LEAF, false),
        (vec![INTERMEDIATE, LEAF], LEAF, false),
        (vec![ROOT, LEAF], LEAF, false), // a gap in the chain
        (vec![LEAF, LEAF], LEAF, false),
        (vec![ROOT], ROOT, false), // an authority that signs by itself is the entity's only key
        (vec![MAIN, NEXT], MAIN, true),
        (vec![NEXT, MAIN], NEXT, true),
    ] {
        let xml = edited(&key_info(&[MAIN]), &key_info(&certificates));
        let warnings = warns.then(|| several(used)).into_iter().collect();
        assert_eq!(keys_in(&xml), (prints(&[used]), warnings), "{certificates:?}");
    }
}

#[test]
fn a_role_has_a_bounded_number_of_keys() {
    let many = |count: usize| {
        edited("<md:SingleLogoutService", &format!("{}<md:SingleLogoutService", key_descriptor(MAIN).repeat(count)))
    };
    assert_eq!(keys_in(&many(63)).0, prints(&[MAIN]));
    let error = read_by_channel(&many(64)).expect_err("too many");
    assert_eq!((error.code(), error.expected()), ("too_many", vec!["at most 64 KeyDescriptors".to_owned()]));
    let chain = |count: usize| edited(&key_info(&[MAIN]), &key_info(&vec![MAIN; count]));
    assert_eq!(keys_in(&chain(16)).0, prints(&[MAIN]));
    let error = read_by_channel(&chain(17)).expect_err("too many");
    assert_eq!((error.code(), error.expected()), ("too_many", vec!["at most 16 certificates in one KeyDescriptor".to_owned()]));
}

// Warnings

#[test]
fn what_somebody_should_look_at_is_a_warning() {
    let expiring = |value: &str| edited(" entityID=", &format!(" validUntil=\"{value}\" entityID="));
    for (xml, warnings) in [
        (document(), vec![]),
        (expiring("2026-12-04T00:00:00Z"), vec![]),
        (
            expiring("2026-12-03T23:59:59Z"),
            vec!["expires_soon: the document is valid until 2026-12-03T23:59:59.000Z: fetch it again before that"],
        ),
        (
            edited(&body(MAIN), &body("auth0/keys/idp-expired-rsa2048.pem")),
            vec![
                "certificate_expired: the certificate \"CN=acme-dev.us.auth0.com\" expired at 2023-09-09T00:00:00.000Z; its key is still trusted",
            ],
        ),
        (
            edited("HTTP-Redirect", "SOAP"),
            vec!["no_usable_sso_binding: no SingleSignOnService takes requests by redirect or by POST"],
        ),
        (edited("HTTP-Redirect", "HTTP-POST"), vec![]),
        (
            edited("https://idp.example/sso", "http://idp.example/sso"),
            vec![
                "no_usable_sso_binding: no SingleSignOnService takes requests by redirect or by POST",
                "unusable_endpoint: no message is sent to \"http://idp.example/sso\": it is not https",
            ],
        ),
        (edited("https://idp.example/sso", "http://localhost:8080/sso"), vec![]),
        (
            edited("https://idp.example/slo", "https://idp.example/slo#x"),
            vec!["unusable_endpoint: no message is sent to \"https://idp.example/slo#x\": it has a fragment or a backslash"],
        ),
    ] {
        let metadata = read_by_channel(&xml).unwrap_or_else(|error| panic!("{error}"));
        let found: Vec<String> = metadata.warnings().iter().map(|warning| format!("{}: {warning}", warning.code())).collect();
        assert_eq!(found, warnings, "{xml}");
    }
}

#[test]
fn a_certificate_of_later_is_a_warning_until_then() {
    let xml = edited(&body(MAIN), &body("attacks/certs/idp-future.pem"));
    let early =
        "the certificate \"CN=future.dev-k3v9.eu.auth0.com\" is valid from 2026-06-16T09:30:00.000Z; its key is trusted already";
    for (now, warning) in [("2026-06-16T09:29:59Z", Some(early)), ("2026-06-16T09:30:00Z", None)] {
        let metadata = by_channel().read_idp(xml.as_bytes(), time(now)).expect("a document");
        let found: Vec<String> = metadata.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(found, warning.map(str::to_owned).into_iter().collect::<Vec<_>>());
    }
}

/// A certificate is valid in its last second, too.
#[test]
fn a_certificate_of_before_is_a_warning_from_its_end_on() {
    let xml = edited(&body(MAIN), &body("auth0/keys/idp-expired-rsa2048.pem"));
    for (now, warnings) in [("2023-09-09T00:00:00Z", vec![]), ("2023-09-09T00:00:01Z", vec!["certificate_expired"])] {
        let metadata = by_channel().read_idp(xml.as_bytes(), time(now)).expect("a document");
        assert_eq!(metadata.warnings().iter().map(MetadataWarning::code).collect::<Vec<_>>(), warnings);
    }
}

/// Requests go to the first URL of their binding that they can go to.
#[test]
fn a_connection_gets_the_urls_that_can_be_used() {
    let sso = |binding: &str, url: &str| format!("<md:SingleSignOnService Binding=\"{binding}\" Location=\"{url}\"/>");
    let old = sso(HTTP_REDIRECT, "https://idp.example/sso");
    let new = [
        sso(HTTP_REDIRECT, "http://idp.example/1"),
        sso(HTTP_REDIRECT, "https://idp.example/2"),
        sso(HTTP_REDIRECT, "https://idp.example/3"),
        sso(HTTP_POST, "https://idp.example/4?SAMLRequest=x"),
    ];
    let metadata = read_by_channel(&edited(&old, &new.concat())).expect("a document");
    let idp = metadata.identity_provider().expect("an identity provider");
    assert_eq!((idp.sso_redirect_url(), idp.sso_post_url()), (Some("https://idp.example/2"), None));
    assert_eq!(metadata.single_sign_on_url(HTTP_REDIRECT), Some("http://idp.example/1"));
}

/// Messages of logout go to the first URL of their binding that they can go to, and answers to one of their own where there is one.
#[test]
fn a_connection_gets_the_urls_for_a_logout_that_can_be_used() {
    let slo = |binding: &str, url: &str| format!("<md:SingleLogoutService Binding=\"{binding}\" Location=\"{url}\"/>");
    let old = slo(HTTP_POST, "https://idp.example/slo");
    for (new, redirect, post) in [
        (vec![], None, None),
        (vec![(HTTP_REDIRECT, "https://idp.example/1")], Some("https://idp.example/1"), None),
        (
            vec![
                (HTTP_POST, "http://idp.example/1"),
                (HTTP_POST, "https://idp.example/2"),
                (HTTP_POST, "https://idp.example/3"),
                (HTTP_REDIRECT, "https://idp.example/4"),
            ],
            Some("https://idp.example/4"),
            Some("https://idp.example/2"),
        ),
    ] {
        let new: String = new.into_iter().map(|(binding, url)| slo(binding, url)).collect();
        let idp = read_by_channel(&edited(&old, &new)).expect("a document").identity_provider().expect("an identity provider");
        assert_eq!((idp.slo_redirect_url(), idp.slo_post_url()), (redirect, post), "{new}");
    }
    let idp = IdentityProvider::new("urn:idp", keys_of(MAIN)).expect("an identity provider");
    assert_eq!((idp.slo_redirect_url(), idp.slo_post_url()), (None, None));
    let idp = idp.single_logout_url("https://idp.example/slo").expect("a URL");
    assert_eq!((idp.slo_redirect_url(), idp.slo_post_url()), (Some("https://idp.example/slo"), Some("https://idp.example/slo")));
}

#[test]
fn attributes_that_are_offered_are_read_whole() {
    let attribute = |attributes: &str| format!("<a:Attribute xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" {attributes}/>");
    let offered = attribute("Name=\"urn:oid:1\" NameFormat=\"urn:uri\" FriendlyName=\"mail\"") + &attribute("Name=\"role\"");
    let metadata =
        read_by_channel(&edited("\n</md:IDPSSODescriptor>", &format!("{offered}</md:IDPSSODescriptor>"))).expect("a document");
    let read = metadata.attributes().iter().map(|one| (one.name(), one.name_format(), one.friendly_name()));
    assert_eq!(read.collect::<Vec<_>>(), [("urn:oid:1", Some("urn:uri"), Some("mail")), ("role", None, None)]);
}

/// As many as an administrator reads, each once.
#[test]
fn eight_urls_that_cannot_be_used_are_named() {
    let unusable = |number: usize| format!("http://idp.example/{number}");
    for count in [1, 7, 8, 9, 20] {
        let slo = |number: usize| format!("<md:SingleLogoutService Binding=\"{HTTP_POST}\" Location=\"{}\"/>", unusable(number));
        let all: String = (0..count).map(|number| slo(number) + &slo(number)).collect();
        let old = format!("<md:SingleLogoutService Binding=\"{HTTP_POST}\" Location=\"https://idp.example/slo\"/>");
        let metadata = read_by_channel(&edited(&old, &all)).expect("a document");
        let named: Vec<String> = metadata.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), count.min(8), "{count}: {named:?}");
        assert!(
            named.iter().enumerate().all(|(number, warning)| warning.contains(&format!("{:?}", unusable(number)))),
            "{named:?}"
        );
    }
}

// Several entities

/// Groups in groups, with the entities `urn:a`, `urn:b` and `urn:c`; each has a key of its own.
fn aggregate() -> String {
    let document = document();
    let entity = |id: &str, key: &str| {
        let entity = document.replace("\"urn:idp\"", &format!("\"urn:{id}\"")).replace("ID=\"_e\"", &format!("ID=\"_{id}\""));
        entity.replace(&body(MAIN), &body(key))
    };
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"{METADATA}\" ID=\"_all\" validUntil=\"2026-12-10T00:00:00Z\">\n{}\n\
         <md:EntitiesDescriptor ID=\"_group\" validUntil=\"2026-12-09T00:00:00Z\">\n{}\n{}\n</md:EntitiesDescriptor>\n\
         </md:EntitiesDescriptor>",
        entity("a", MAIN),
        entity("b", NEXT),
        entity("c", "auth0/keys/idp-rsa4096.pem").replace("IDPSSODescriptor", "SPSSODescriptor"),
    )
}

#[test]
fn an_entity_is_chosen_by_its_id() {
    let aggregate = aggregate();
    let read = |reader: &MetadataReader<'_>| reader.read_idp(aggregate.as_bytes(), now());
    for (id, key) in [("urn:a", MAIN), ("urn:b", NEXT)] {
        let metadata = read(&by_channel().entity_id(id)).expect(id);
        assert_eq!((metadata.entity_id(), fingerprints(metadata.signing_keys())), (id, fingerprints(&keys_of(key))));
    }
    for (reader, message, remedy) in [
        (
            by_channel(),
            "the document describes 3 entities, and none was chosen; identity providers: \"urn:a\", \"urn:b\" at line 1, column 1 (byte 0)",
            "choose one of the identity providers by its entity ID",
        ),
        (
            by_channel().entity_id("urn:x"),
            "the document does not describe \"urn:x\", but \"urn:a\", \"urn:b\", \"urn:c\" at line 1, column 1 (byte 0)",
            "compare the entity ID, to the letter, with those of the document",
        ),
        (
            by_channel().entity_id("urn:B/"),
            "the document does not describe \"urn:B/\", but \"urn:b\" at line 1, column 1 (byte 0)",
            "compare the entity ID, to the letter, with those of the document",
        ),
    ] {
        let error = read(&reader).expect_err(message);
        assert_eq!((error.to_string().as_str(), error.remedy().as_str()), (message, remedy));
    }
    assert_eq!(read(&by_channel().entity_id("urn:c")).expect_err("a service provider").code(), "sp_metadata");
    let doubled = aggregate.replace("urn:c", "urn:a");
    let error = by_channel().entity_id("urn:a").read_idp(doubled.as_bytes(), now()).expect_err("two");
    assert_eq!(error.to_string(), "the document describes \"urn:a\" more than once at line 1, column 1 (byte 0)");
    assert!(by_channel().entity_id("urn:b").read_idp(doubled.as_bytes(), now()).is_ok());
    // One entity needs no choice, and a choice that it is not.
    assert_eq!(by_channel().entity_id("urn:idp").read_idp(document().as_bytes(), now()).map(|_| ()), Ok(()));
    let error = by_channel().entity_id("urn:idp/").read_idp(document().as_bytes(), now()).expect_err("another");
    assert_eq!((error.code(), error.received()), ("unknown_entity", vec!["urn:idp".to_owned()]));
}

/// An aggregate may have thousands.
#[test]
fn eight_entities_are_named() {
    let document = document();
    for count in [2, 7, 8, 9, 20] {
        let entity =
            |number| document.replace("urn:idp", &format!("urn:{number}")).replace("ID=\"_e\"", &format!("ID=\"_{number}\""));
        let entities: String = (0..count).map(entity).collect();
        let xml = format!("<md:EntitiesDescriptor xmlns:md=\"{METADATA}\">{entities}</md:EntitiesDescriptor>");
        let named: Vec<String> = (0..count.min(8)).map(|number| format!("urn:{number}")).collect();
        let error = by_channel().entity_id("urn:x").read_idp(xml.as_bytes(), now()).expect_err("none of them");
        assert_eq!(error.received(), named, "{count}");
        let quoted: Vec<String> = named.iter().map(|id| format!("{id:?}")).collect();
        assert_eq!(
            read_by_channel(&xml).expect_err("none was chosen").to_string(),
            format!(
                "the document describes {count} entities, and none was chosen; identity providers: {} at line 1, column 1 (byte 0)",
                quoted.join(", ")
            )
        );
    }
}

#[test]
fn an_empty_group_has_no_entity() {
    let xml = format!("<EntitiesDescriptor xmlns=\"{METADATA}\"/>");
    assert_eq!(
        read_by_channel(&xml).expect_err("empty").to_string(),
        "the document describes 0 entities, and none was chosen; identity providers: none at line 1, column 1 (byte 0)"
    );
}

/// Groups hand their end on to what is in them.
#[test]
fn the_earliest_end_and_the_shortest_duration_count() {
    let until = |id: &str, xml: &str| {
        by_channel().entity_id(id).read_idp(xml.as_bytes(), now()).expect(id).valid_until().map(format_rfc3339).expect("an end")
    };
    assert_eq!(until("urn:a", &aggregate()), "2026-12-10T00:00:00.000Z");
    assert_eq!(until("urn:b", &aggregate()), "2026-12-09T00:00:00.000Z");
    let with_role = aggregate().replace("<md:IDPSSODescriptor", "<md:IDPSSODescriptor validUntil=\"2026-12-08T00:00:00Z\"");
    assert_eq!(until("urn:b", &with_role), "2026-12-08T00:00:00.000Z");
    let expired = aggregate().replace("2026-12-10", "2026-11-30");
    let error = by_channel().entity_id("urn:b").read_idp(expired.as_bytes(), now()).expect_err("expired");
    assert_eq!(
        (error.code(), error.to_string()),
        (
            "metadata_expired",
            "the document was valid until 2026-11-30T00:00:00.000Z, and it is 2026-12-01T00:00:00.000Z at line 1, column 1 (byte 0)".to_owned()
        )
    );
    // Of two with the same end, the outermost is named.
    let both = expired.replace("2026-12-09", "2026-11-30");
    assert_eq!(by_channel().entity_id("urn:b").read_idp(both.as_bytes(), now()).expect_err("expired"), error);
}

#[test]
fn an_end_can_be_required() {
    let required = by_channel().require_valid_until();
    let error = required.read_idp(document().as_bytes(), now()).expect_err("no end");
    assert_eq!((error.code(), error.section()), ("no_valid_until", "SAML2Int SDP-MD03"));
    let with_end = edited(" entityID=", " validUntil=\"2027-01-01T00:00:00Z\" entityID=");
    assert!(required.read_idp(with_end.as_bytes(), now()).is_ok());
}

// Signatures

fn pinned<'a>(keys: &'a TrustedKeys, id: &str) -> MetadataReader<'a> {
    MetadataReader::new(Vouched::ByPinnedKeys(keys)).entity_id(id)
}

fn read_pinned(xml: &str, id: &str) -> Result<IdpMetadata, MetadataError> {
    pinned(&publisher().trusted_keys(), id).read_idp(xml.as_bytes(), now())
}

#[test]
fn the_signature_of_the_entity_or_of_a_group_around_it_vouches() {
    for (signed_element, id, key, element) in [
        ("_all", "urn:a", MAIN, "EntitiesDescriptor"),
        ("_all", "urn:b", NEXT, "EntitiesDescriptor"),
        ("_group", "urn:b", NEXT, "EntitiesDescriptor"),
        ("_a", "urn:a", MAIN, "EntityDescriptor"),
        ("_b", "urn:b", NEXT, "EntityDescriptor"),
    ] {
        let xml = signed(&aggregate(), signed_element, &publisher());
        let metadata = read_pinned(&xml, id).unwrap_or_else(|error| panic!("{signed_element}, {id}: {error}"));
        assert_eq!((metadata.entity_id(), fingerprints(metadata.signing_keys())), (id, fingerprints(&keys_of(key))));
        let signature = metadata.signature().expect("a signature");
        let algorithms = (signature.signature_algorithm(), signature.digest_algorithm());
        assert_eq!((signature.element(), algorithms), (element, ("RSA-SHA256", "SHA-256")));
        assert_eq!(signature.key_sha256(), prints(&["auth0/keys/idp-rsa3072.pem"])[0]);
        assert!(!metadata.warnings().iter().any(|warning| warning.code() == "signature_not_verified"));
    }
}

#[test]
fn what_no_pinned_key_signed_is_refused() {
    let plain = aggregate();
    let by_publisher = |id: &str| signed(&plain, id, &publisher());
    let shown = |what: &str, from: &str, to: &str| {
        let xml = by_publisher(what);
        assert!(xml.contains(from), "{from}");
        xml.replace(from, to)
    };
    for (what, xml, id, code) in [
        ("no signature", plain.clone(), "urn:a", "metadata_unsigned"),
        ("that of a neighbour", by_publisher("_a"), "urn:b", "metadata_unsigned"),
        ("that of another group", by_publisher("_group"), "urn:a", "metadata_unsigned"),
        ("that of another key", signed(&plain, "_all", &attacker()), "urn:a", "untrusted_key"),
        ("the entity itself trusts its key", signed(&plain, "_a", &signer("auth0/keys/idp-rsa2048")), "urn:a", "untrusted_key"),
        (
            "another endpoint",
            shown("_all", "https://idp.example/sso", "https://attacker.example/sso"),
            "urn:a",
            "digest_mismatch",
        ),
        ("another key", shown("_all", &body(MAIN), &body("auth0/keys/attacker-rsa2048.pem")), "urn:a", "digest_mismatch"),
        ("another name", shown("_all", "\"urn:a\"", "\"urn:x\""), "urn:x", "digest_mismatch"),
        ("another end", shown("_all", "2026-12-10", "2027-12-10"), "urn:a", "digest_mismatch"),
    ] {
        assert_eq!(read_pinned(&xml, id).map(|_| "ok").map_err(|error| error.code()), Err(code), "{what}");
    }
    assert_eq!(read_pinned(&by_publisher("_all"), "urn:a").map(|_| ()), Ok(()));
}

/// The inner signature is its registrar's, whose key nobody pinned; the outer one vouches for the whole.
#[test]
fn a_signature_inside_what_is_signed_does_not_matter() {
    let inner = signed(&aggregate(), "_a", &attacker());
    assert_eq!(read_pinned(&signed(&inner, "_all", &publisher()), "urn:a").map(|_| ()), Ok(()));
    assert_eq!(read_pinned(&inner, "urn:a").expect_err("the attacker's").code(), "untrusted_key");
    // The other way round: the entity is signed by itself, whoever signed what is around it.
    let outer = signed(&signed(&aggregate(), "_a", &publisher()), "_all", &attacker());
    let metadata = read_pinned(&outer, "urn:a").expect("the publisher's");
    assert_eq!(metadata.signature().map(|signature| signature.element()), Some("EntityDescriptor"));
    assert_eq!(read_pinned(&outer, "urn:b").expect_err("the attacker's").code(), "untrusted_key");
}

/// Of an unsigned group around what is signed, only an earlier end counts.
#[test]
fn unsigned_groups_can_end_a_document_and_nothing_else() {
    let xml = signed(&aggregate(), "_a", &publisher());
    assert_eq!(
        read_pinned(&xml, "urn:a").expect("signed").valid_until().map(format_rfc3339).as_deref(),
        Some("2026-12-10T00:00:00.000Z")
    );
    let ended = xml.replace("2026-12-10", "2026-11-10");
    assert_eq!(read_pinned(&ended, "urn:a").expect_err("ended").code(), "metadata_expired");
}

/// Signature wrapping: what was signed is somewhere in the document, and something else stands where it is looked for.
#[test]
fn a_signed_entity_lends_a_forged_one_nothing() {
    let genuine = signed(&document(), "_e", &publisher());
    let forged = document().replace(&body(MAIN), &body("auth0/keys/attacker-rsa2048.pem"));
    let renamed = forged.replace("ID=\"_e\"", "ID=\"_f\"");
    let unsigned = document();
    let signature = &genuine[genuine.find("<ds:Signature").expect("one")..genuine.find("</ds:Signature>").expect("its end") + 15];
    let group = |content: &str| format!("<md:EntitiesDescriptor xmlns:md=\"{METADATA}\">{content}</md:EntitiesDescriptor>");
    let inside = |place: &str, content: &str| renamed.replacen(place, &format!("{content}{place}"), 1);
    let borrowed = |forged: &str| forged.replacen(">\n", &format!(">{signature}\n"), 1);
    let role_start = "<md:IDPSSODescriptor";
    for (what, xml, code) in [
        ("beside it, before", group(&format!("{renamed}{genuine}")), "duplicate_entity"),
        ("beside it, behind", group(&format!("{genuine}{renamed}")), "duplicate_entity"),
        ("beside it, under another name", group(&format!("{}{genuine}", renamed.replace("urn:idp", "urn:x"))), "ok"),
        (
            "around it, in Extensions",
            inside(role_start, &format!("<md:Extensions>{genuine}</md:Extensions>")),
            "metadata_unsigned",
        ),
        ("around it, in a role", inside("</md:IDPSSODescriptor>", &genuine), "metadata_unsigned"),
        ("with its signature, under its ID", borrowed(&forged), "digest_mismatch"),
        ("with its signature, under another ID", borrowed(&renamed), "reference_mismatch"),
        (
            "with its signature, around it",
            borrowed(&renamed).replacen(role_start, &format!("<md:Extensions>{unsigned}</md:Extensions>{role_start}"), 1),
            "reference_mismatch",
        ),
        (
            "with its signature and its ID, around it",
            borrowed(&forged).replacen(role_start, &format!("<md:Extensions>{unsigned}</md:Extensions>{role_start}"), 1),
            "duplicate_id",
        ),
        (
            "inside the signature",
            genuine.replace("</ds:Signature>", &format!("<ds:Object>{renamed}</ds:Object></ds:Signature>")),
            "signature_malformed",
        ),
        (
            "a role beside that of the signed",
            genuine.replacen(role_start, &format!("{}{role_start}", role_of(&forged)), 1),
            "digest_mismatch",
        ),
        ("a second signature", genuine.replacen(role_start, &format!("{signature}{role_start}"), 1), "several_signatures"),
        ("the genuine one alone", genuine.clone(), "ok"),
        ("the genuine one in a group", group(&genuine), "ok"),
    ] {
        let read = read_pinned(&xml, "urn:idp");
        if let Ok(metadata) = &read {
            assert_eq!(fingerprints(metadata.signing_keys()), fingerprints(&keys_of(MAIN)), "{what}");
        }
        assert_eq!(read.map_or_else(|error| error.code(), |_| "ok"), code, "{what}");
    }
}

fn role_of(document: &str) -> &str {
    let end = "</md:IDPSSODescriptor>";
    &document[document.find("<md:IDPSSODescriptor").expect("a role")..document.find(end).expect("its end") + end.len()]
}

/// A document that was laid out anew has another SignedInfo as well: what its KeyInfo shows is trusted, and the value does not hold.
#[test]
fn a_document_that_was_laid_out_anew_is_to_be_downloaded_again() {
    let signed = signed(&document(), "_e", &publisher());
    let shown =
        signed.replacen("</ds:SignatureValue>", &format!("</ds:SignatureValue>{}", key_info(&["auth0/keys/idp-rsa3072.pem"])), 1);
    assert_eq!(read_pinned(&shown, "urn:idp").map(|_| ()), Ok(()));
    let remedy = "download the document anew and keep its bytes: editors, mail programs and pretty printers break a signature";
    for (from, code) in [("<ds:SignedInfo", "signature_invalid"), ("<md:NameIDFormat", "digest_mismatch")] {
        let end = from.replace('<', "</") + ">";
        let laid_out = shown.replacen(&end, &format!("\n{end}"), 1);
        let error = read_pinned(&laid_out, "urn:idp").expect_err("changed");
        assert_eq!((error.code(), error.remedy().as_str()), (code, remedy));
    }
}

/// In the schema it is the first child; readers of other products look there alone.
#[test]
fn a_signature_stands_first() {
    let genuine = signed(&document(), "_e", &publisher());
    assert_eq!(read_pinned(&genuine, "urn:idp").map(|_| ()), Ok(()));
    let signature = &genuine[genuine.find("<ds:Signature").expect("one")..genuine.find("</ds:Signature>").expect("its end") + 15];
    let moved = genuine.replace(signature, "").replace("</md:EntityDescriptor>", &format!("{signature}</md:EntityDescriptor>"));
    let error = read_pinned(&moved, "urn:idp").expect_err("misplaced");
    assert_eq!(error.to_string(), "the Signature is not the first child of its EntityDescriptor at line 1, column 1 (byte 0)");
}

#[test]
fn a_signature_on_sha1_is_allowed_by_name_and_told() {
    let document = document();
    let sha1 = sha1_signed(&document);
    let keys = publisher().trusted_keys();
    let reader = pinned(&keys, "urn:idp");
    let error = reader.read_idp(sha1.as_bytes(), now()).expect_err("SHA-1");
    assert_eq!(error.code(), "digest_algorithm_refused");
    assert!(error.remedy().contains("allow `sha1-digest`"), "{}", error.remedy());
    let metadata = reader.allow(Departure::Sha1DigestForLegacyUseOnly).read_idp(sha1.as_bytes(), now()).expect("allowed");
    let told: Vec<&str> = metadata.warnings().iter().map(MetadataWarning::code).collect();
    assert_eq!(told, ["sha1_signature"]);
    // Where the channel vouches, it is told as well.
    let told: Vec<&str> = read_by_channel(&sha1).expect("by channel").warnings().iter().map(MetadataWarning::code).collect();
    assert_eq!(told, ["signature_not_verified", "sha1_signature"]);
}

/// Signed by the publisher with RSA-SHA256 over a SHA-1 digest, which no signer of this crate makes.
fn sha1_signed(document: &str) -> String {
    let sha256 = signed(document, "_e", &publisher());
    let canonical =
        |xml: &str| saml_verify::canonical::Canonicalizer::new(Algorithm::Exclusive10).to_vec(xml.as_bytes()).expect("canonical");
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &canonical(document));
    let value = |of: &str, name: &str| {
        let start = of.find(&format!("<ds:{name}>")).expect("a start") + name.len() + 5;
        of[start..start + of[start..].find('<').expect("an end")].to_owned()
    };
    let changed = sha256
        .replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1")
        .replace(&value(&sha256, "DigestValue"), &base64_of(digest.as_ref()));
    let info_start = changed.find("<ds:SignedInfo").expect("one");
    let info_end = changed.find("</ds:SignedInfo>").expect("its end") + "</ds:SignedInfo>".len();
    let octets = canonical(&changed[info_start..info_end]);
    changed.replace(&value(&changed, "SignatureValue"), &base64_of(&internals::sign_octets(&publisher(), &octets)))
}

fn base64_of(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

#[test]
fn limits_are_those_of_the_reader() {
    let document = document();
    let tight = Limits { document_bytes: document.len(), ..Limits::METADATA };
    assert_eq!(by_channel().limits(tight).read_idp(document.as_bytes(), now()).map(|_| ()), Ok(()));
    let tighter = Limits { document_bytes: document.len() - 1, ..Limits::METADATA };
    let error = by_channel().limits(tighter).read_idp(document.as_bytes(), now()).expect_err("too long");
    assert_eq!(
        (error.code(), error.remedy().as_str()),
        (
            "document_too_large",
            "ask the identity provider for the document that describes it alone; for the aggregate of a federation, raise the limits \
             of the reader"
        )
    );
}

/// SHA-1 is told wherever it signs, in a document whose signature nobody verifies.
#[test]
fn sha1_is_told_of_the_signature_and_of_the_digest() {
    const SHA1: [&str; 2] = ["http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"];
    const SHA256: [&str; 2] = ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"];
    for (method, digest, told) in [
        (SHA256[0], SHA256[1], vec!["signature_not_verified"]),
        (SHA1[0], SHA256[1], vec!["signature_not_verified", "sha1_signature"]),
        (SHA256[0], SHA1[1], vec!["signature_not_verified", "sha1_signature"]),
        (SHA1[0], SHA1[1], vec!["signature_not_verified", "sha1_signature"]),
    ] {
        let signature = format!(
            "<ds:Signature><ds:SignedInfo><ds:SignatureMethod Algorithm=\"{method}\"/><ds:Reference><ds:DigestMethod \
             Algorithm=\"{digest}\"/></ds:Reference></ds:SignedInfo></ds:Signature>"
        );
        let place = "entityID=\"urn:idp\">";
        let read = read_by_channel(&edited(place, &format!("{place}{signature}"))).expect("a document");
        let codes: Vec<_> = read.warnings().iter().map(MetadataWarning::code).collect();
        assert_eq!(codes, told, "{method} {digest}");
    }
}
