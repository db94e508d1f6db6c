//! What every refusal says, to the letter: `tests/refusals.txt` has its code, its section, its words, both sides and its remedy.
//!
//! Whoever changes a text changes it there as well, and sees it beside all others. `REFUSALS=write cargo test --test refusals` writes
//! the file anew.

#![cfg(all(feature = "decrypt", feature = "test-idp"))]

mod common;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use saml_verify::logout::SessionError;
use saml_verify::metadata::{MetadataError, MetadataErrorKind, MetadataReader, UnusableKey, Vouched};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    AlgorithmRefusal, AlgorithmRole, Clues, ConstraintError, CopySign, DecodeError, DecryptionError, Departure, EncryptionRole,
    Error, ErrorKind, Expect, Fingerprints, IdentifierFault, IdentityProvider, LogoutError, OtherIssuer, Position, ReplayError,
    ServiceProvider, Shown, SignatureError, StatusError, StructureError, UnconfirmedSubject, Verifier, XmlError, XmlErrorKind,
};

fn shown(value: &str) -> Shown {
    value.into()
}

fn all(values: &[&str]) -> Vec<Shown> {
    values.iter().copied().map(shown).collect()
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

const DIFFERENCE: Duration = Duration::from_secs(250);
const SKEW: Duration = Duration::from_secs(180);

fn begin() -> String {
    "2027-03-03T10:00:00.000Z".to_owned()
}

fn end() -> String {
    "2027-03-03T10:04:10.000Z".to_owned()
}

fn constraints() -> Vec<ConstraintError> {
    use ConstraintError as E;
    let element = "Assertion";
    let mismatch = |received: &[&str], position, count, others: &[&str]| E::AudienceMismatch {
        expected: texts(&["urn:sp"]),
        received: all(received),
        position,
        count,
        others: all(others),
    };
    vec![
        E::IssuerMismatch { element, expected: texts(&["urn:a"]), received: shown("urn:b") },
        E::IssuerMismatch { element, expected: texts(&["urn:a", "urn:c"]), received: shown("urn:b") },
        E::UnknownIdentityProvider { received: shown("urn:b") },
        E::IssuerMissing { expected: "urn:a".to_owned() },
        E::IssuerFormat { element: "Response", received: shown("urn:f") },
        E::IssuerFormat { element, received: shown("urn:f") },
        E::DestinationMismatch { expected: texts(&["https://a.example/acs"]), received: shown("https://a.example/acs/") },
        E::DestinationMissing { expected: texts(&["https://a.example/acs"]) },
        E::RecipientMismatch { expected: texts(&["https://a.example/acs", "https://b.example/"]), received: shown("x") },
        E::RecipientMissing { expected: texts(&["https://a.example/acs"]) },
        E::InResponseToMismatch { element: "Response", expected: all(&["_a"]), received: shown("_b") },
        E::InResponseToMismatch { element: "Response", expected: all(&["_a", "_c"]), received: shown("_b") },
        E::InResponseToMismatch { element: "Response", expected: all(&["_a"]), received: shown(" ") },
        E::InResponseToMismatch { element: "Response", expected: all(&[]), received: shown("_b") },
        E::InResponseToMissing { expected: all(&["_a"]), response: None },
        E::InResponseToMissing { expected: all(&["_a"]), response: Some(shown("_a")) },
        E::InResponseToContradiction { response: shown("_a"), confirmation: shown("_b") },
        E::TooManyPendingRequests { count: 65, maximum: 64 },
        E::UnexpectedInResponseTo { element: "Response", received: shown("") },
        E::UnexpectedInResponseTo { element: "Response", received: shown("_b") },
        E::NotYetValid { element, not_before: end(), now: begin(), difference: DIFFERENCE, clock_skew: SKEW },
        E::Expired { element, not_on_or_after: begin(), now: end(), difference: DIFFERENCE, clock_skew: SKEW },
        E::InvertedWindow { not_before: end(), not_on_or_after: begin() },
        E::IssuedInFuture { element, issue_instant: end(), now: begin(), difference: DIFFERENCE, clock_skew: SKEW },
        E::NoBearerConfirmation { received: all(&[]) },
        E::NoBearerConfirmation { received: all(&["urn:holder", "urn:sender"]) },
        E::ConfirmationDataMissing,
        E::ConfirmationExpiryMissing,
        E::ConfirmationNotBefore { received: begin() },
        E::Unconfirmed {
            confirmations: vec![
                UnconfirmedSubject { position: 1, reason: E::ConfirmationDataMissing },
                UnconfirmedSubject { position: 3, reason: E::RecipientMissing { expected: texts(&["https://a.example/acs"]) } },
            ],
        },
        E::AudienceMissing { expected: texts(&["urn:sp"]) },
        mismatch(&[], 1, 1, &[]),
        mismatch(&["urn:other"], 1, 1, &[]),
        mismatch(&["urn:other", "urn:third"], 2, 2, &["urn:sp"]),
        mismatch(&[], 1, 3, &["urn:x", "urn:y"]),
        E::UnknownCondition { condition: shown("x:Condition") },
        E::NoAuthnStatement,
        E::SessionExpired { session_not_on_or_after: begin(), now: end(), difference: DIFFERENCE, clock_skew: SKEW },
        E::AuthnContextMismatch { expected: texts(&["urn:strong"]), received: Some(shown("urn:weak")) },
        E::AuthnContextMismatch { expected: texts(&["urn:strong", "urn:stronger"]), received: None },
        E::AuthenticationTooOld { authn_instant: begin(), now: end(), age: DIFFERENCE, maximum_age: Duration::from_secs(60) },
    ]
}

fn fingerprints(name: &str) -> Fingerprints {
    Fingerprints { sha256: format!("{name}:256"), sha1: Some(format!("{name}:1")) }
}

fn signatures() -> Vec<SignatureError> {
    use SignatureError as E;
    let none = || Box::new(Clues::default());
    let algorithm = |role, refusal| E::Algorithm { role, identifier: shown("urn:x"), refusal, accepted: vec!["urn:y", "urn:z"] };
    let other = Some(OtherIssuer { claimed: shown("urn:b"), configured: "urn:a".to_owned() });
    let clues = |tell: &dyn Fn(&mut Clues)| {
        let mut clues = none();
        tell(&mut clues);
        clues
    };
    let issuer = || clues(&|clues| clues.other_issuer = other.clone());
    let authority = || clues(&|clues| clues.authority = Some(shown("CN=CA")));
    let copy = |sign| clues(&|clues| clues.copy = Some(sign));
    let position = Position { offset: 70, line: 3, column: 7 };
    let reference = |received: Option<&str>, departure| E::ReferenceMismatch {
        expected: shown("#_a"),
        received: received.map(shown),
        departure,
    };
    let mut errors = vec![
        E::Unsigned,
        E::RequiredSignatureMissing { element: "Response" },
        E::SeveralSignatures { element: "Response" },
        E::Misplaced { element: "Response", departure: None },
        E::Misplaced { element: "Response", departure: Some(Departure::SignaturePosition) },
        E::Malformed { reason: "an empty SignatureValue" },
        E::Malformed { reason: "no Reference" },
        reference(None, None),
        reference(Some(""), None),
        reference(Some("#_b"), None),
        reference(Some(""), Some(Departure::WholeDocumentReference)),
        E::DuplicateId { id: None, position },
        E::DuplicateId { id: Some(shown("_a")), position },
        E::KeyTypeMismatch { method: "RSA-SHA256", trusted: texts(&["P-256", "P-384"]), clues: issuer() },
        E::KeyTypeMismatch { method: "RSA-SHA256", trusted: texts(&["P-256"]), clues: none() },
        E::ValueInDer { method: "ECDSA-SHA256", octets: 71, clues: none() },
        E::UntrustedKey { shown: None, trusted: vec![fingerprints("A")], clues: none() },
        E::UntrustedKey {
            shown: Some(fingerprints("B")),
            trusted: vec![fingerprints("A"), fingerprints("C")],
            clues: authority(),
        },
        E::UntrustedKey { shown: Some(fingerprints("B")), trusted: vec![fingerprints("A")], clues: issuer() },
        E::UntrustedKey { shown: Some(fingerprints("B")), trusted: vec![fingerprints("A")], clues: copy(CopySign::Indented) },
        E::UntrustedKey { shown: None, trusted: vec![fingerprints("A")], clues: copy(CopySign::Indented) },
        E::InvalidValue { certificate: "B:256".to_owned(), clues: none() },
        E::InvalidValue { certificate: "B:256".to_owned(), clues: copy(CopySign::Indented) },
        E::DigestMismatch { element: "Assertion", clues: none() },
        E::DigestMismatch { element: "Assertion", clues: copy(CopySign::WrappedValue) },
        E::DigestMismatch { element: "Assertion", clues: copy(CopySign::LostCharacters) },
        E::CertificateNotValid { validity: format!("until {}", begin()), now: end() },
        E::NotCanonicalizable { reason: "it is too long" },
    ];
    let roles = [AlgorithmRole::Signature, AlgorithmRole::Digest, AlgorithmRole::Canonicalization, AlgorithmRole::Transform];
    for role in roles {
        errors.push(algorithm(role, AlgorithmRefusal::NotEnabled("sha1")));
        errors.push(algorithm(role, AlgorithmRefusal::Unknown));
    }
    for refusal in [
        AlgorithmRefusal::Weak,
        AlgorithmRefusal::Unsuitable,
        AlgorithmRefusal::NeedsFeature("aws-lc-rs"),
        AlgorithmRefusal::Unsupported,
    ] {
        errors.push(algorithm(AlgorithmRole::Signature, refusal));
    }
    errors
}

/// What a verification says of a response that reports these codes.
fn status(code: &str, nested: Option<&str>) -> StatusError {
    const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";
    let (code, nested) = (format!("{STATUS}{code}"), nested.map(|nested| format!("{STATUS}{nested}")));
    let idp = TestIdp::new("urn:a");
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let response = idp.response("urn:sp", "https://a.example/acs", now).failure(&code, nested.as_deref()).to_form_field();
    let sp = ServiceProvider::new("urn:sp", "https://a.example/acs").expect("a service provider");
    let connection = IdentityProvider::new("urn:a", idp.trusted_keys()).expect("an identity provider");
    match Verifier::new(sp, connection).verify_post(&response, Expect::Unsolicited, now) {
        Err(Error::Status(status)) => status,
        other => panic!("{other:?}"),
    }
}

fn logouts() -> Vec<LogoutError> {
    use LogoutError as E;
    let unexpected = |received: &str| E::UnexpectedMessage { expected: "LogoutRequest", received: shown(received) };
    let mut errors: Vec<LogoutError> =
        ["samlp:LogoutResponse", "LogoutRequest", "samlp:Response", "soap:Envelope", "x:y"].into_iter().map(unexpected).collect();
    for element in ["LogoutRequest", "LogoutResponse"] {
        errors.extend([
            E::Unsigned { element },
            E::IssuerMissing { element, expected: "urn:a".to_owned() },
            E::IssuerMismatch { element, expected: "urn:a".to_owned(), received: shown("urn:a/") },
            E::IssuerMismatch { element, expected: "urn:a".to_owned(), received: shown("urn:b") },
            E::IssuerFormat { element, received: shown("urn:f") },
            E::DestinationMissing { element, expected: texts(&["https://a.example/slo"]) },
            E::IssuedInFuture { element, issue_instant: end(), now: begin(), difference: DIFFERENCE, clock_skew: SKEW },
        ]);
    }
    let expected = || texts(&["https://a.example/slo", "https://b.example/slo"]);
    errors.extend([
        E::DestinationMismatch { expected: expected(), received: shown("https://a.example/slo/") },
        E::InResponseToMismatch { expected: shown("_a"), received: Some(shown("_b")) },
        E::InResponseToMismatch { expected: shown("_a"), received: None },
        E::Expired { not_on_or_after: begin(), now: end(), difference: DIFFERENCE, clock_skew: SKEW },
        E::TooOld { issue_instant: begin(), now: end(), age: DIFFERENCE, maximum_age: Duration::from_secs(60) },
        E::Failed(status("Responder", Some("PartialLogout"))),
    ]);
    errors
}

fn failures() -> Vec<StatusError> {
    let mut all = ["Responder", "Requester", "Unheard"].map(|code| status(code, None)).to_vec();
    for nested in [
        "AuthnFailed",
        "UnknownPrincipal",
        "RequestDenied",
        "NoPassive",
        "NoAuthnContext",
        "InvalidNameIDPolicy",
        "InvalidAttrNameOrValue",
        "NoAvailableIDP",
        "NoSupportedIDP",
        "ProxyCountExceeded",
        "RequestUnsupported",
        "RequestVersionDeprecated",
        "RequestVersionTooHigh",
        "RequestVersionTooLow",
        "UnsupportedBinding",
        "VersionMismatch",
    ] {
        all.push(status("Responder", Some(nested)));
    }
    // The innermost code that is known counts, and `Responder` is one.
    all.push(status("RequestDenied", Some("Responder")));
    all.push(status("RequestDenied", Some("Unheard")));
    all
}

fn structures() -> Vec<StructureError> {
    use StructureError as E;
    let (parent, element, attribute) = ("Subject", "NameID", "Version");
    let root = |received: &str| E::UnexpectedRoot { expected: "Response", received: shown(received) };
    let id = |received: &str| E::InvalidId { element: "Assertion", received: shown(received) };
    let invalid = |attribute, received: &str| E::InvalidAttribute { element, attribute, received: shown(received) };
    let identifier = |fault| E::Identifier { attribute: shown("mail"), fault };
    vec![
        root("saml:Assertion"),
        root("samlp:response"),
        root("samlp:AuthnRequest"),
        root("md:EntityDescriptor"),
        E::UnsupportedVersion { element: "Response", received: shown("1.1") },
        E::MissingElement { parent, element },
        E::UnexpectedElement { parent, element: shown("saml:nameid") },
        E::UnexpectedElement { parent, element: shown("x:y") },
        E::RepeatedElement { parent, element },
        E::MissingAttribute { element, attribute },
        invalid("Format", "x y"),
        invalid("xsi:nil", "TRUE"),
        E::InvalidTime { element: "Conditions", attribute: "NotBefore", received: shown("2027-03-03T10:00:00") },
        id(""),
        id("1a"),
        id("a:b"),
        id("a b"),
        E::NotText { element: shown("saml:NameID") },
        E::UnexpectedText { element: shown("saml:Subject") },
        E::UnexpectedInstruction { element: shown("saml:Subject") },
        E::NoAssertion,
        E::SeveralAssertions,
        E::EncryptedAssertion,
        E::EncryptedId,
        E::BaseId,
        E::EmptyNameId,
        identifier(IdentifierFault::Missing),
        identifier(IdentifierFault::Several { values: 2 }),
        identifier(IdentifierFault::Blank),
        identifier(IdentifierFault::NotText),
        E::NilWithContent,
        E::ValueNotCanonicalizable { reason: "it is too long" },
    ]
}

fn decryptions() -> Vec<DecryptionError> {
    use DecryptionError as E;
    let algorithm = |role, refusal| E::Algorithm { role, identifier: shown("urn:x"), refusal, accepted: vec!["urn:y", "urn:z"] };
    let mut errors = vec![
        E::Malformed { reason: "no CipherValue" },
        E::CipherReference,
        E::CbcUncovered,
        E::TooManyKeys { uses: 32, most: 16 },
        E::Failed,
        E::KeyUnavailable { source: Arc::from(Box::from("the KMS does not answer")) },
        algorithm(EncryptionRole::Content, AlgorithmRefusal::NotEnabled("aes-cbc")),
    ];
    for role in [EncryptionRole::Content, EncryptionRole::KeyTransport, EncryptionRole::Digest, EncryptionRole::Mask] {
        errors.push(algorithm(role, AlgorithmRefusal::Weak));
        errors.push(algorithm(role, AlgorithmRefusal::Unknown));
    }
    errors
}

fn documents() -> Vec<XmlError> {
    use XmlErrorKind as K;
    let (rule, section) = ("a tag that ends another", "XML 1.0 section 3");
    [
        K::DocumentTooLarge { limit: 7 },
        K::LimitExceeded { limit: "nodes", maximum: 7 },
        K::NotUtf8 { declared: None },
        K::NotUtf8 { declared: Some(shown("utf-8")) },
        K::NotUtf8 { declared: Some(shown("ISO-8859-1")) },
        K::WideEncoding,
        K::EncodingMismatch { declared: shown("ISO-8859-1") },
        K::Doctype,
        K::AmbiguousComment,
        K::ForbiddenCharacter,
        K::NotWellFormed { rule, section },
        K::Namespace { rule, section },
    ]
    .map(|kind| XmlError { kind, position: Position { offset: 70, line: 3, column: 7 } })
    .to_vec()
}

const HEAD: &str = "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:a\"";

fn metadata() -> Vec<MetadataError> {
    let entity =
        |attributes: &str, content: &str| format!("<md:EntityDescriptor {HEAD} {attributes}>{content}</md:EntityDescriptor>");
    let role = |attributes: &str, content: &str| {
        entity("", &format!("<md:IDPSSODescriptor {attributes}>{content}</md:IDPSSODescriptor>"))
    };
    let saml = "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"";
    let key = |content: &str| {
        let key_info = format!("<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{content}</ds:KeyInfo>");
        role(saml, &format!("<md:KeyDescriptor>{key_info}</md:KeyDescriptor>"))
    };
    let by_channel = || MetadataReader::new(Vouched::ByAuthenticatedChannel);
    let documents = [
        String::new(),
        "<!DOCTYPE html><html></html>".to_owned(),
        "{\"issuer\": 1}".to_owned(),
        "\n".repeat(2000) + "-----BEGIN CERTIFICATE-----",
        "https://idp.example/metadata".to_owned(),
        "<a><b></a>".to_owned(),
        "<a/>".to_owned(),
        entity("validUntil=\"tomorrow\"", ""),
        entity("validUntil=\"2027-03-03T10:00:00Z\"", ""),
        entity("", ""),
        entity("", &format!("<md:SPSSODescriptor {saml}/>")),
        entity("", &format!("<md:PDPDescriptor {saml}/>")),
        role("protocolSupportEnumeration=\"urn:other\"", ""),
        role("", ""),
        role(saml, ""),
        role(saml, "<md:KeyDescriptor use=\"both\"/>"),
        role(saml, "<md:KeyDescriptor/>"),
        role(saml, "<md:KeyDescriptor><md:EncryptionMethod Algorithm=\"urn:x\"/></md:KeyDescriptor>"),
        key(""),
        key("<ds:KeyName>k</ds:KeyName>"),
        key("<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"),
        format!("<md:EntitiesDescriptor {}/>", HEAD.replace(" entityID=\"urn:a\"", "")),
    ];
    let now = parse_rfc3339("2027-03-03T10:00:00Z").expect("a time");
    let mut errors: Vec<MetadataError> =
        documents.iter().map(|document| by_channel().read_idp(document.as_bytes(), now).expect_err(document)).collect();
    let one = role(saml, "");
    errors.push(by_channel().entity_id("urn:b").read_idp(one.as_bytes(), now).expect_err("another"));
    errors.push(by_channel().require_valid_until().read_idp(one.as_bytes(), now).expect_err("for ever"));
    let position = Position { offset: 70, line: 3, column: 7 };
    errors.extend(further_metadata().into_iter().map(|kind| MetadataError { kind, position }));
    errors
}

/// What takes a whole document, a signature or a clock to provoke.
fn further_metadata() -> Vec<MetadataErrorKind> {
    use MetadataErrorKind as K;
    use SignatureError as S;
    let entity_id = || shown("urn:a");
    let clues = Box::<Clues>::default;
    let trusted = || vec![fingerprints("A")];
    let mut kinds = vec![
        K::EntityNotChosen { identity_providers: all(&["urn:a", "urn:b", "urn:c"]), entities: 4 },
        K::UnknownEntity { expected: "urn:x".to_owned(), received: all(&["urn:a", "urn:b"]) },
        K::DuplicateEntity { entity_id: entity_id() },
        K::WsFederation { entity_id: entity_id() },
        K::NoIdentityProvider { entity_id: entity_id(), roles: all(&["PDPDescriptor", "RoleDescriptor"]) },
        K::SeveralIdentityProviders { count: 2 },
        K::Expired { valid_until: begin(), now: end() },
        K::NoValidUntil,
        K::NotSigned,
        K::SignatureMisplaced { element: "EntityDescriptor" },
        K::NoUsableKey { reason: UnusableKey::Contradictory, count: 2 },
        K::TooMany { what: "KeyDescriptors", maximum: 64 },
        K::Xml(XmlErrorKind::DocumentTooLarge { limit: 7 }),
        K::Xml(XmlErrorKind::LimitExceeded { limit: "nodes", maximum: 7 }),
        K::Xml(XmlErrorKind::WideEncoding),
        K::Xml(XmlErrorKind::EncodingMismatch { declared: shown("latin1") }),
    ];
    let signatures = [
        S::UntrustedKey { shown: Some(fingerprints("B")), trusted: trusted(), clues: clues() },
        S::KeyTypeMismatch { method: "RSA-SHA256", trusted: texts(&["P-256"]), clues: clues() },
        S::InvalidValue { certificate: "A:256".to_owned(), clues: clues() },
        S::DigestMismatch { element: "EntityDescriptor", clues: clues() },
        S::Algorithm {
            role: AlgorithmRole::Digest,
            identifier: shown("urn:x"),
            refusal: AlgorithmRefusal::NotEnabled("sha1-digest"),
            accepted: vec!["urn:y", "urn:z"],
        },
        S::Malformed { reason: "no Reference" },
        S::ReferenceMismatch { expected: shown("#_a"), received: Some(shown("#_b")), departure: None },
    ];
    kinds.extend(signatures.map(K::Signature));
    kinds
}

fn sessions() -> Vec<SessionError> {
    vec![SessionError::UnknownVersion { found: shown("7"), expected: "1" }, SessionError::Malformed { part: "the name" }]
}

fn told() -> String {
    let mut out = String::new();
    let mut errors: Vec<Error> = constraints().into_iter().map(Error::from).collect();
    errors.extend(signatures().into_iter().map(Error::from));
    errors.extend(decryptions().into_iter().map(Error::from));
    errors.extend(structures().into_iter().map(Error::from));
    errors.extend(documents().into_iter().map(Error::from));
    errors.extend(logouts().into_iter().map(Error::from));
    errors.extend(failures().into_iter().map(Error::from));
    errors.extend([ReplayError::Replayed, ReplayError::StoreFull { capacity: 7 }].map(Error::from));
    errors.extend(
        [DecodeError::Empty, DecodeError::TooLong { limit: 7 }, DecodeError::InflatedTooLong { limit: 7 }].map(Error::from),
    );
    for error in errors {
        let (stage, code, section) = (error.stage(), error.code(), error.section());
        let said = format!("{stage} {code}, {section}, {:?}\n{error}", error.kind());
        block(&mut out, &said, &error.expected(), &error.received(), &error.remedy());
        assert_eq!(error.to_string(), format!("{stage}: {}", error.message()));
        let user = "The login could not be verified. Please try again or contact your administrator.";
        if error.kind() == ErrorKind::RefusedMessage {
            assert_eq!(error.for_user(), user, "{error}");
        } else {
            writeln!(out, "user: {}", error.for_user()).expect("a string");
        }
        out.push('\n');
    }
    for error in metadata() {
        let said = format!("metadata {}, {}\n{error}", error.code(), error.section());
        block(&mut out, &said, &error.expected(), &error.received(), &error.remedy());
        out.push('\n');
    }
    for error in sessions() {
        write!(out, "session {}\n{error}\nremedy: {}\n\n", error.code(), error.remedy()).expect("a string");
    }
    out
}

fn block(out: &mut String, said: &str, expected: &[String], received: &[String], remedy: &str) {
    writeln!(out, "{said}\nexpected: {expected:?}\nreceived: {received:?}\nremedy: {remedy}").expect("a string");
}

#[test]
fn every_refusal_says_what_is_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refusals.txt");
    let told = told();
    if std::env::var_os("REFUSALS").is_some() {
        std::fs::write(&path, &told).expect("a file that can be written");
    }
    let written = common::read_text(&path);
    for (told, written) in told.split("\n\n").zip(written.split("\n\n")) {
        assert_eq!(told, written);
    }
    assert_eq!(told, written);
}
