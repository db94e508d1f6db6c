//! The messages of the benchmarks and of the cost tests: Auth0's shape, signed here, so that size, signed part, key and what is
//! unusual in them can be chosen.

pub(crate) mod federation;
pub(crate) mod hostile;

use std::fmt::Write;
use std::hint::black_box;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::time::parse_rfc3339;
use saml_verify::{Expect, IdentityProvider, Limits, ServiceProvider, TrustedKeys, Verifier};

pub(crate) const IDP: &str = "urn:acme-dev.us.auth0.com";
pub(crate) const SP: &str = "urn:example:sp:portal";
pub(crate) const ACS: &str = "https://portal.example.com/saml/acs";
pub(crate) const REQUEST: &str = "_43848dd96f2ec8be2d4c";

/// What is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Assertion,
    Response,
    Both,
}

pub(crate) enum Key {
    Rsa,
    P256,
}

/// What a message has that others have not.
#[derive(Default)]
pub(crate) struct Extra {
    /// Markup in place of the usual NameID.
    pub(crate) name_id: Option<String>,
    /// Markup at the end of the AttributeStatement.
    pub(crate) attributes: String,
}

/// One message, and what its cryptography alone costs.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) part: Part,
    pub(crate) xml: String,
    /// The form field.
    pub(crate) field: String,
    pub(crate) pem: Vec<u8>,
    /// Of each signature, the octets that are digested, those that are signed, and the value.
    pub(crate) signatures: Vec<Signature>,
    /// The identifier of the signature method.
    pub(crate) method: &'static str,
    algorithm: &'static dyn VerificationAlgorithm,
    public_key: Vec<u8>,
}

pub(crate) struct Signature {
    pub(crate) element: Vec<u8>,
    pub(crate) digest: Vec<u8>,
    pub(crate) signed_info: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// The six that are measured over and over.
pub(crate) fn all() -> Vec<Workload> {
    vec![w1(), w2(), w3(), w4(), w5(), w6()]
}

/// As most messages are.
pub(crate) fn w1() -> Workload {
    Workload::new("w1", &groups(0), Part::Assertion, Key::Rsa)
}

/// With `signResponse`.
pub(crate) fn w2() -> Workload {
    Workload::new("w2", &groups(0), Part::Response, Key::Rsa)
}

/// A member of 200 groups.
pub(crate) fn w3() -> Workload {
    Workload::new("w3", &groups(200), Part::Assertion, Key::Rsa)
}

/// A member of 5,000 groups: a megabyte.
pub(crate) fn w4() -> Workload {
    Workload::new("w4", &groups(5000), Part::Assertion, Key::Rsa)
}

/// With two signatures.
pub(crate) fn w5() -> Workload {
    Workload::new("w5", &groups(0), Part::Both, Key::Rsa)
}

/// With another kind of key.
pub(crate) fn w6() -> Workload {
    Workload::new("w6", &groups(0), Part::Assertion, Key::P256)
}

/// The claim of a member of so many groups.
pub(crate) fn groups(count: usize) -> Extra {
    let mut attributes = String::new();
    if count > 0 {
        let values: Vec<String> = (0..count).map(group).collect();
        attribute(&mut attributes, "http://schemas.xmlsoap.org/claims/Group", "xs:string", values.iter().map(String::as_str));
    }
    Extra { attributes, ..Extra::default() }
}

/// The usual claims so many times more, each time with a certificate of the user, so that the share of markup in the message
/// stays what it is with the certificate of its signature.
pub(crate) fn profiles(count: usize) -> Extra {
    let certificate = STANDARD.encode([0x5A; 1000]);
    let mut attributes = String::new();
    for _ in 0..count {
        profile(&mut attributes);
        attribute(&mut attributes, "userCertificate", "xs:string", [certificate.as_str()]);
    }
    Extra { attributes, ..Extra::default() }
}

pub(crate) fn now() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:02Z").expect("a time")
}

pub(crate) fn expect() -> Expect<'static> {
    Expect::AnswerTo(REQUEST)
}

impl Workload {
    pub(crate) fn new(name: &'static str, extra: &Extra, part: Part, key: Key) -> Self {
        let signer = Signer::new(key);
        let mut signatures = Vec::new();
        let mut assertion = assertion(extra, "");
        if part != Part::Response {
            let signature = signer.sign(&response(&assertion, ""), ASSERTION_ID, &mut signatures);
            assertion = self::assertion(extra, &signature);
        }
        let mut xml = response(&assertion, "");
        if part != Part::Assertion {
            let signature = signer.sign(&xml, RESPONSE_ID, &mut signatures);
            xml = response(&assertion, &signature);
        }
        let field = STANDARD.encode(&xml);
        let Signer { method, pem, algorithm, public_key, .. } = signer;
        Self { name, part, xml, field, pem, signatures, method, algorithm, public_key }
    }

    pub(crate) fn service_provider() -> ServiceProvider {
        ServiceProvider::new(SP, ACS).expect("a service provider")
    }

    pub(crate) fn identity_provider(&self) -> IdentityProvider {
        IdentityProvider::new(IDP, TrustedKeys::from_pem(&self.pem).expect("a certificate")).expect("an identity provider")
    }

    /// A verifier that accepts the message. Making it is all that a service does before its first login.
    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(Self::service_provider(), self.identity_provider())
    }

    /// Where the signed elements are, as 1-based positions among child elements, and the place of the Signature in each.
    pub(crate) fn signed(&self) -> &'static [(&'static [usize], usize)] {
        match self.part {
            Part::Assertion => &[(&[1, 3], 2)],
            Part::Response => &[(&[1], 2)],
            Part::Both => &[(&[1], 2), (&[1, 4], 2)],
        }
    }

    /// The cryptography alone: base64, the digests, the key operations, with the fastest there is.
    pub(crate) fn floor(&self, buffer: &mut Vec<u8>) {
        let text = self.field.as_bytes();
        buffer.resize(base64_simd::STANDARD.decoded_length(text).expect("base64"), 0);
        let decoded = base64_simd::STANDARD.decode(text, base64_simd::Out::from_slice(buffer)).expect("base64");
        assert!(!decoded.is_empty());
        self.digests();
        self.key_operations();
    }

    /// The digests of the signed elements.
    pub(crate) fn digests(&self) {
        for signature in &self.signatures {
            black_box(digest(&SHA256, black_box(&signature.element)));
        }
    }

    /// The digests of SignedInfo and the public-key operations.
    pub(crate) fn key_operations(&self) {
        let key = UnparsedPublicKey::new(self.algorithm, &self.public_key);
        for signature in &self.signatures {
            key.verify(black_box(&signature.signed_info), &signature.value).expect("a valid signature");
        }
    }

    pub(crate) fn whole(&self, verifier: &Verifier) {
        let verified = verifier.verify_post(black_box(&self.field), expect(), now()).expect("a valid message");
        black_box(verified.without_replay_protection());
    }
}

/// What is signed here need not be what is accepted.
const UNLIMITED: Limits = Limits {
    document_bytes: usize::MAX,
    depth: usize::MAX,
    nodes: usize::MAX,
    attributes: usize::MAX,
    attributes_per_element: usize::MAX,
    prefixes: usize::MAX,
    namespaces: usize::MAX,
    namespace_bytes: usize::MAX,
};

const RSA_KEY: &[u8] = include_bytes!("../../testdata/auth0/keys/idp-rsa2048.key");
const RSA_CERTIFICATE: &[u8] = include_bytes!("../../testdata/auth0/keys/idp-rsa2048.pem");
const P256_KEY: &[u8] = include_bytes!("../../testdata/auth0/keys/idp-ec-p256.key");
const P256_CERTIFICATE: &[u8] = include_bytes!("../../testdata/auth0/keys/idp-ec-p256.pem");

const RESPONSE_ID: &str = "_5d2faa1077ef3b48662f";
const ASSERTION_ID: &str = "_ABCpsBWrUmaPeJ0wDCjTS7idhN9BOvTL";

/// From a message to its signature value.
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

struct Signer {
    sign: Sign,
    method: &'static str,
    pem: Vec<u8>,
    algorithm: &'static dyn VerificationAlgorithm,
    public_key: Vec<u8>,
}

impl Signer {
    fn new(key: Key) -> Self {
        use ring::signature::KeyPair;
        match key {
            Key::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(&unarmored(RSA_KEY)).expect("an RSA key");
                let public_key = pair.public_key().as_ref().to_vec();
                let sign = move |message: &[u8]| {
                    let mut value = vec![0; pair.public().modulus_len()];
                    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut value).expect("a signature");
                    value
                };
                Self {
                    sign: Box::new(sign),
                    method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                    pem: RSA_CERTIFICATE.to_vec(),
                    algorithm: &RSA_PKCS1_2048_8192_SHA256,
                    public_key,
                }
            }
            Key::P256 => {
                let der = unarmored(P256_KEY);
                let random = SystemRandom::new();
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).expect("a P-256 key");
                let public_key = pair.public_key().as_ref().to_vec();
                let sign = move |message: &[u8]| pair.sign(&random, message).expect("a signature").as_ref().to_vec();
                Self {
                    sign: Box::new(sign),
                    method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
                    pem: P256_CERTIFICATE.to_vec(),
                    algorithm: &ECDSA_P256_SHA256_FIXED,
                    public_key,
                }
            }
        }
    }

    /// The Signature of the element of that ID, as Auth0 writes it.
    fn sign(&self, xml: &str, id: &str, signatures: &mut Vec<Signature>) -> String {
        let exclusive = Canonicalizer::new(Algorithm::Exclusive10).limits(UNLIMITED);
        let element = exclusive.clone().element(id).to_vec(xml.as_bytes()).expect("canonical");
        let info = format!(
            "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod \
             Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/><SignatureMethod Algorithm=\"{method}\"/><Reference \
             URI=\"#{id}\"><Transforms><Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><Transform \
             Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></Transforms><DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue>{digest}</DigestValue></Reference></SignedInfo>",
            method = self.method,
            digest = STANDARD.encode(digest(&SHA256, &element)),
        );
        let signed_info = exclusive.to_vec(info.as_bytes()).expect("canonical");
        let value = (self.sign)(&signed_info);
        let certificate: String = String::from_utf8_lossy(&self.pem).lines().filter(|line| !line.starts_with("-----")).collect();
        let markup = format!(
            "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{info}<SignatureValue>{value}</SignatureValue><KeyInfo><X509Data>\
             <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>",
            // Declared on Signature already.
            info = info.replace(" xmlns=\"http://www.w3.org/2000/09/xmldsig#\"", ""),
            value = STANDARD.encode(&value),
        );
        signatures.push(Signature { digest: digest(&SHA256, &element).as_ref().to_vec(), element, signed_info, value });
        markup
    }
}

fn unarmored(pem: &[u8]) -> Vec<u8> {
    let body: String = String::from_utf8_lossy(pem).lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).expect("base64")
}

fn response(assertion: &str, signature: &str) -> String {
    format!(
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{RESPONSE_ID}\"  InResponseTo=\"{REQUEST}\"  \
         Version=\"2.0\" IssueInstant=\"2027-03-03T10:00:00.123Z\"  Destination=\"{ACS}\"><saml:Issuer \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{IDP}</saml:Issuer>{signature}<samlp:Status><samlp:StatusCode \
         Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>{assertion}</samlp:Response>"
    )
}

fn assertion(extra: &Extra, signature: &str) -> String {
    let name_id = extra.name_id.as_deref().unwrap_or("auth0|64f0c2a17d9e4b0012ab34cd");
    let mut xml = format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Version=\"2.0\" ID=\"{ASSERTION_ID}\" \
         IssueInstant=\"2027-03-03T10:00:00.123Z\"><saml:Issuer>{IDP}</saml:Issuer>{signature}<saml:Subject><saml:NameID \
         Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">{name_id}</saml:NameID>\
         <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
         NotOnOrAfter=\"2027-03-03T11:00:00.123Z\" Recipient=\"{ACS}\" InResponseTo=\"{REQUEST}\"/></saml:SubjectConfirmation>\
         </saml:Subject><saml:Conditions NotBefore=\"2027-03-03T10:00:00.123Z\" NotOnOrAfter=\"2027-03-03T11:00:00.123Z\">\
         <saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
         <saml:AuthnStatement AuthnInstant=\"2027-03-03T10:00:00.123Z\" SessionIndex=\"_lbxZi9pThdOWSPQH0bNIvlID3oaTShxo\">\
         <saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified\
         </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement \
         xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
    );
    profile(&mut xml);
    xml.push_str(&extra.attributes);
    xml.push_str("</saml:AttributeStatement></saml:Assertion>");
    xml
}

fn profile(xml: &mut String) {
    for (name, kind, value) in PROFILE {
        attribute(xml, name, kind, [value]);
    }
}

/// A group as directories name it, so long that 200 make 47 kB and 5,000 a megabyte.
fn group(number: usize) -> String {
    format!(
        "CN=team-{number:05}-engineering-platform,OU=Groups,OU=Europe,DC=corp,DC=acme,DC=example,DC=com &amp; partners - {number:05} - unit of the organisation"
    )
}

fn attribute<'a>(xml: &mut String, name: &str, kind: &str, values: impl IntoIterator<Item = &'a str>) {
    let format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
    let _ = write!(xml, "<saml:Attribute Name=\"{name}\" NameFormat=\"{format}\">");
    for value in values {
        let _ = write!(xml, "<saml:AttributeValue xsi:type=\"{kind}\">{value}</saml:AttributeValue>");
    }
    xml.push_str("</saml:Attribute>");
}

const PROFILE: [(&str, &str, &str); 13] = [
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", "xs:string", "auth0|64f0c2a17d9e4b0012ab34cd"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "xs:string", "ada@example.com"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "xs:string", "ada@example.com"),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "xs:string", "ada@example.com"),
    ("http://schemas.auth0.com/identities/default/provider", "xs:string", "auth0"),
    ("http://schemas.auth0.com/identities/default/connection", "xs:string", "Username-Password-Authentication"),
    ("http://schemas.auth0.com/identities/default/isSocial", "xs:boolean", "false"),
    ("http://schemas.auth0.com/email_verified", "xs:boolean", "true"),
    ("http://schemas.auth0.com/clientID", "xs:string", "Xk3vQ9tRz5LmN8pW2sYb7cDfGhJ4aE6u"),
    (
        "http://schemas.auth0.com/picture",
        "xs:string",
        "https://s.gravatar.com/avatar/9e18d6fc?s=480&amp;r=pg&amp;d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fad.png",
    ),
    ("http://schemas.auth0.com/nickname", "xs:string", "ada"),
    ("http://schemas.auth0.com/updated_at", "xs:anyType", "Mon Mar 03 2025 10:00:00 GMT+0000 (Coordinated Universal Time)"),
    ("http://schemas.auth0.com/created_at", "xs:anyType", "Thu Aug 31 2023 08:15:13 GMT+0000 (Coordinated Universal Time)"),
];
