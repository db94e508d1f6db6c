//! One function for each fuzz target: the fuzzer calls it, and `tests/corpus.rs` calls it over the saved inputs. Each has an
//! oracle beyond "does not crash".

use std::io::Read;
use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::internals::{Seen, SeenNamespace};
use saml_verify::logout::{Delivered, LogoutRequest, LogoutVerifier, VerifiedRequest};
use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::test_idp::{ContentEncryption, EncryptedPart, TestIdp, TestResponse};
use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{
    Attribute, DecodeError, DecryptionKey, Departure, Error, Expect, IdentityProvider, Limits, Login, NameId, OaepDigest,
    ServiceProvider, SignedPart, TrustedKeys, Verified, Verifier, decode_post, internals,
};

#[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
#[path = "backends.rs"]
pub(crate) mod backends;
#[path = "differences.rs"]
pub(crate) mod differences;
#[path = "edit.rs"]
mod edit;
#[path = "../tests/common/second.rs"]
mod second;
#[path = "../tests/common/third.rs"]
mod third;

use differences::{they_may_refuse, they_may_see_otherwise, they_may_take};
use edit::{Choices, edited};
use second::{by_roxmltree, vocabulary};

/// What is taken has a canonical form, unless a namespace name is relative or the form too long; what has one is taken. A second
/// parser agrees, but for known differences; a third one reads what is taken as the same tree, without any.
pub(crate) fn xml(data: &[u8]) {
    let taken = internals::parse(data, &Limits::DEFAULT);
    let canonical = Canonicalizer::new(Algorithm::Inclusive10WithComments).to_vec(data);
    match (taken, canonical) {
        (Ok(()), Ok(octets)) => assert!(std::str::from_utf8(&octets).is_ok()),
        (Ok(()), Err(error)) => assert!(!matches!(error, saml_verify::canonical::Error::Xml(_)), "{error}"),
        (Err(error), canonical) => assert_eq!(canonical.err(), Some(error.into())),
    }
    if let Ok(text) = std::str::from_utf8(data) {
        agree(text);
        if internals::parse(data, &Limits::DEFAULT).is_ok() {
            assert_eq!(third::reads_the_same(text), Ok(()));
        }
    }
}

/// The second parser takes what we take, sees the same tree in it, and refuses what we refuse, but for the known differences.
fn agree(text: &str) {
    let theirs = roxmltree::Document::parse(text);
    match (internals::parse(text.as_bytes(), &Limits::DEFAULT), &theirs) {
        (Ok(()), Ok(theirs)) => assert!(they_may_see_otherwise(text) || sees_the_same(text, theirs), "{text:?}"),
        (Ok(()), Err(error)) => assert!(they_may_refuse(error), "taken, and the second parser says {error}: {text:?}"),
        (Err(error), Ok(_)) => assert!(they_may_take(&error, text), "{error}; the second parser takes it: {text:?}"),
        (Err(_), Err(_)) => {}
    }
}

pub(crate) fn sees_the_same(text: &str, theirs: &roxmltree::Document<'_>) -> bool {
    let vocabulary = vocabulary(theirs);
    let vocabulary: Vec<&str> = vocabulary.iter().map(String::as_str).collect();
    internals::see(text.as_bytes(), &vocabulary, &Limits::DEFAULT) == Ok(by_roxmltree(theirs.root_element()))
}

/// A canonical form is its own canonical form.
pub(crate) fn canonical(data: &[u8]) {
    // What is canonical may exceed the limits that its source met: declarations are repeated, references spelled out.
    let limits = Limits { document_bytes: 1 << 26, attributes: 1 << 20, attributes_per_element: 1 << 10, ..Limits::DEFAULT };
    for algorithm in Algorithm::ALL {
        let canonicalizer = Canonicalizer::new(algorithm).limits(limits);
        let Ok(once) = canonicalizer.to_vec(data) else { return };
        assert_eq!(canonicalizer.to_vec(&once).as_deref(), Ok(&*once), "{}", algorithm.name());
    }
}

/// Whatever a signed element holds: what its readers see is what a parser sees of the octets that were digested.
///
/// The first octet chooses the canonicalization, the others are the content.
pub(crate) fn signed_view(data: &[u8]) {
    const ALGORITHMS: [Algorithm; 3] = [Algorithm::Exclusive10, Algorithm::Inclusive10, Algorithm::Inclusive11];
    const PREFIX_LISTS: [&str; 4] = ["", "#default", "p q", "q #default xml"];
    const NAMES: [&str; 8] = ["ID", "id", "a", "b", "Name", "type", "lang", "base"];
    static IDP: OnceLock<TestIdp> = OnceLock::new();
    let Some((&choice, content)) = data.split_first() else { return };
    let Ok(content) = std::str::from_utf8(content) else { return };
    let with = |signature: &str| {
        format!(
            "<top xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q' xml:lang='en' q:a='1'>\
             <p:signed ID='_signed'>{signature}{content}</p:signed></top>"
        )
    };
    let (limits, idp) = (Limits::DEFAULT, IDP.get_or_init(|| TestIdp::new("urn:idp")));
    if internals::parse(with("").as_bytes(), &limits).is_err() {
        return;
    }
    let (algorithm, prefix_list) = (ALGORITHMS[usize::from(choice) % 3], PREFIX_LISTS[usize::from(choice / 3) % 4]);
    let xml = with(&internals::sign(idp, &with(""), "_signed", algorithm, prefix_list));
    let keys = idp.trusted_keys();
    let Ok(Some((signed, octets))) = internals::see_signed(xml.as_bytes(), &[1, 1], &keys, &NAMES, &limits) else { return };
    let ample = Limits { document_bytes: 1 << 26, attributes: 1 << 20, attributes_per_element: 1 << 10, ..limits };
    let again = internals::see(&octets, &NAMES, &ample).expect("canonical form is well-formed");
    // An inclusive form gives its apex the `xml:` attributes of the elements around it, to which a view does not climb.
    let comparable = |mut seen: Seen| {
        seen.attributes.retain(|(namespace, ..)| *namespace != SeenNamespace::of("http://www.w3.org/XML/1998/namespace"));
        seen
    };
    assert_eq!(comparable(again), comparable(signed), "{xml}");
}

/// Genuine messages of several users, edited and mixed: refused, or one of the genuine logins, whole, and no other.
///
/// The first octet chooses the message that is edited, the others are choices of edits.
pub(crate) fn response(data: &[u8]) {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    let scene = SCENE.get_or_init(Scene::new);
    let mut choices = Choices(data);
    let Some(xml) = choices.pick(&scene.messages) else { return };
    let xml = edited(xml, &scene.messages, &scene.attacker, &mut choices);
    let Ok(login) = scene.verify(&xml) else { return };
    assert!(scene.genuine.contains(&Identity::of(&login)), "{xml}");
}

/// One connection and what an attacker has of it: its messages, a key that it does not trust, and what that key signed.
struct Scene {
    verifier: Verifier,
    messages: Vec<String>,
    genuine: Vec<Identity>,
    attacker: TestIdp,
}

/// Everything of a login that only the identity provider says.
#[derive(Debug, PartialEq)]
struct Identity {
    name_id: NameId,
    attributes: Vec<(String, Vec<Option<String>>)>,
    assertion_id: String,
    session: Option<String>,
    issuer: String,
    times: [Option<SystemTime>; 4],
}

impl Identity {
    fn of(login: &Login) -> Self {
        let values = |attribute: Attribute<'_>| attribute.values().map(|value| value.as_str().map(str::to_owned)).collect();
        Self {
            name_id: login.name_id().clone(),
            attributes: login.attributes().iter().map(|one| (one.name().to_owned(), values(one))).collect(),
            assertion_id: login.assertion_id().to_owned(),
            session: login.session_index().map(str::to_owned),
            issuer: login.issuer().to_owned(),
            times: [login.not_before(), login.not_on_or_after(), Some(login.authn_instant()), Some(login.issue_instant())],
        }
    }
}

impl Scene {
    const IDP: &str = "urn:acme-dev.us.auth0.com";
    const SP: [&str; 2] = ["urn:example:sp:portal", "https://portal.example.com/saml/acs"];
    const REQUEST: &str = "_43848dd96f2ec8be2d4c";

    fn new() -> Self {
        let attackers_key = include_str!("../testdata/auth0/keys/idp-ec-p256.key");
        let attackers_certificate = include_bytes!("../testdata/auth0/keys/idp-ec-p256.pem");
        let attacker = TestIdp::with_key(Self::IDP, attackers_key, attackers_certificate).expect("a key");
        let idp = TestIdp::new(Self::IDP);
        let connection = IdentityProvider::new(Self::IDP, idp.trusted_keys()).expect("an identity provider");
        let sp = ServiceProvider::new(Self::SP[0], Self::SP[1]).expect("a service provider");
        let message = |idp: &TestIdp, name: &str, part| {
            let response = idp.response(Self::SP[0], Self::SP[1], Self::now()).in_response_to(Self::REQUEST);
            // The identifiers that edits name.
            let response = response.assertion_id("_assertion").response_id("_response");
            response.name_id(name).attribute("role", [name, "user"]).signed(part).to_xml()
        };
        let genuine = [
            include_str!("../testdata/auth0/cases/a-default-sha256.xml").to_owned(),
            message(&idp, "ada", SignedPart::Assertion),
            message(&idp, "bob", SignedPart::Response),
            message(&idp, "cid", SignedPart::Both),
        ];
        let forged = [message(&attacker, "eve", SignedPart::Both)];
        let mut scene = Self {
            verifier: Verifier::new(sp, Departure::ALL.into_iter().fold(connection, IdentityProvider::allow)),
            messages: Vec::new(),
            genuine: Vec::new(),
            attacker,
        };
        scene.genuine = genuine.iter().map(|xml| Identity::of(&scene.verify(xml).expect("genuine"))).collect();
        scene.messages = genuine.into_iter().chain(forged).collect();
        scene
    }

    fn now() -> SystemTime {
        parse_rfc3339("2025-03-03T10:00:02.468Z").expect("a time")
    }

    fn verify(&self, xml: &str) -> Result<Login, Error> {
        let verified = self.verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(Self::REQUEST), Self::now());
        verified.map(Verified::without_replay_protection)
    }
}

/// Genuine messages of several users with something encrypted in them, edited and mixed; and plaintexts, edited and encrypted by whoever has
/// the certificate: refused, or one of the genuine logins, whole. No plaintext is believed without a signature.
///
/// The first octet chooses a message or a plaintext, and the cipher; the second which one is edited, the others are choices of edits.
pub(crate) fn decrypt(data: &[u8]) {
    static SCENE: OnceLock<DecryptScene> = OnceLock::new();
    let scene = SCENE.get_or_init(DecryptScene::new);
    let Some((&way, data)) = data.split_first() else { return };
    let mut choices = Choices(data);
    let xml = if way % 2 == 0 {
        let Some(xml) = choices.pick(&scene.messages) else { return };
        edited(xml, &scene.messages, &scene.attacker, &mut choices)
    } else {
        let Some(plaintext) = choices.pick(&scene.plaintexts) else { return };
        let plaintext = edited(plaintext, &scene.plaintexts, &scene.attacker, &mut choices);
        scene.carrying(&plaintext, DecryptScene::CIPHERS[usize::from(way / 2) % 2])
    };
    let Ok(login) = scene.verify(&xml) else { return };
    assert!(scene.genuine.contains(&Identity::of(&login)), "{xml}");
}

/// One connection with its private key, and what an attacker has of it: its messages, what they say, and the certificate.
struct DecryptScene {
    verifier: Verifier,
    messages: Vec<String>,
    /// Assertions, some of them signed by the identity provider, with the namespaces that they need.
    plaintexts: Vec<String>,
    genuine: Vec<Identity>,
    attacker: TestIdp,
}

impl DecryptScene {
    const KEY: &str = include_str!("../testdata/auth0/keys/sp-encrypt-rsa2048.key");
    const CERTIFICATE: &str = include_str!("../testdata/auth0/keys/sp-encrypt-rsa2048.pem");
    const CIPHERS: [&str; 2] = ["http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"];

    fn new() -> Self {
        let attackers_key = include_str!("../testdata/auth0/keys/idp-ec-p256.key");
        let attackers_certificate = include_bytes!("../testdata/auth0/keys/idp-ec-p256.pem");
        let attacker = TestIdp::with_key(Scene::IDP, attackers_key, attackers_certificate).expect("a key");
        let idp = TestIdp::new(Scene::IDP);
        let connection = IdentityProvider::new(Scene::IDP, idp.trusted_keys()).expect("an identity provider");
        let sp = ServiceProvider::new(Scene::SP[0], Scene::SP[1]).expect("a service provider");
        let sp = sp.decrypting_with(DecryptionKey::from_pem(Self::KEY).expect("a key")).expect("one key");
        let encrypted = |idp: &TestIdp, name, signed, part, cipher| {
            let response = Self::response(idp, name, signed).encrypted_for(Self::CERTIFICATE).expect("a certificate");
            response.encrypted_part(part).content_encryption(cipher).to_xml()
        };
        let (idp, attacking) = (&idp, &attacker);
        use ContentEncryption::{Aes128Gcm, Aes256Cbc};
        let genuine = [
            encrypted(idp, "ada", SignedPart::Assertion, EncryptedPart::Assertion, Aes128Gcm),
            encrypted(idp, "bob", SignedPart::Response, EncryptedPart::Assertion, Aes256Cbc),
            encrypted(idp, "cid", SignedPart::Both, EncryptedPart::NameId, Aes128Gcm),
            encrypted(idp, "dan", SignedPart::Response, EncryptedPart::Attributes, Aes128Gcm),
            Self::response(idp, "fay", SignedPart::Assertion).to_xml(),
        ];
        let forged = [
            encrypted(attacking, "eve", SignedPart::Both, EncryptedPart::Assertion, Aes128Gcm),
            Self::response(attacking, "eve", SignedPart::Response).to_xml(),
        ];
        let assertion = |xml: String| {
            const END: &str = "</saml:Assertion>";
            let (start, end) = (xml.find("<saml:Assertion").expect("an Assertion"), xml.find(END).expect("its end") + END.len());
            let declared = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
            xml[start..end].replacen("<saml:Assertion", declared, 1)
        };
        let plaintexts =
            [(idp, "fay", SignedPart::Assertion), (idp, "eve", SignedPart::Response), (attacking, "eve", SignedPart::Both)];
        let plaintexts: Vec<String> =
            plaintexts.into_iter().map(|(idp, name, signed)| assertion(Self::response(idp, name, signed).to_xml())).collect();
        let mut scene = Self {
            verifier: Verifier::new(sp, Departure::ALL.into_iter().fold(connection, IdentityProvider::allow)),
            messages: Vec::new(),
            genuine: Vec::new(),
            attacker,
            plaintexts,
        };
        scene.genuine = genuine.iter().map(|xml| Identity::of(&scene.verify(xml).expect("genuine"))).collect();
        // What fay's assertion says encrypted is what it says in the clear.
        let carried = Self::CIPHERS.map(|cipher| scene.carrying(&scene.plaintexts[0], cipher));
        assert!(carried.iter().all(|xml| scene.verify(xml).is_ok_and(|login| scene.genuine.contains(&Identity::of(&login)))));
        scene.messages = genuine.into_iter().chain(forged).chain(carried).collect();
        scene
    }

    fn response<'a>(idp: &'a TestIdp, name: &'a str, signed: SignedPart) -> TestResponse<'a> {
        let response = idp.response(Scene::SP[0], Scene::SP[1], Scene::now()).in_response_to(Scene::REQUEST);
        let response = response.assertion_id("_assertion").response_id("_response").signed(signed);
        response.name_id(name).session_index(name).attribute("role", [name, "user"])
    }

    /// A Response that nobody signed, with that plaintext encrypted in it.
    fn carrying(&self, plaintext: &str, cipher: &str) -> String {
        const CONTENT_KEY: [u8; 32] = [7; 32];
        let (one, other) = (OaepDigest::Sha1, OaepDigest::Sha1);
        let octets = internals::seal(cipher, &CONTENT_KEY, plaintext.as_bytes(), "seed").expect("a cipher text");
        let key = internals::wrap(Self::CERTIFICATE, one, other, b"", &CONTENT_KEY, "wrapped").expect("a key");
        format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_response\" Version=\"2.0\" \
             IssueInstant=\"2025-03-03T10:00:00Z\" InResponseTo=\"{}\"><saml:Issuer>{}</saml:Issuer><samlp:Status><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status><saml:EncryptedAssertion><xenc:EncryptedData \
             xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"><xenc:EncryptionMethod Algorithm=\"{cipher}\"/><ds:KeyInfo \
             xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey><xenc:EncryptionMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue>\
             </xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue>\
             </xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion></samlp:Response>",
            Scene::REQUEST,
            Scene::IDP,
            STANDARD.encode(key),
            STANDARD.encode(octets)
        )
    }

    fn verify(&self, xml: &str) -> Result<Login, Error> {
        let verified = self.verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(Scene::REQUEST), Scene::now());
        verified.map(Verified::without_replay_protection)
    }
}

/// Genuine requests for the logout of several users, an answer and a login, edited and mixed, as documents and as queries: refused, or one of
/// the genuine requests, whole. Never another subject.
///
/// The first octet chooses a document or a query; the second which one is edited, the others are choices of edits.
pub(crate) fn logout(data: &[u8]) {
    static SCENE: OnceLock<LogoutScene> = OnceLock::new();
    let scene = SCENE.get_or_init(LogoutScene::new);
    let Some((&way, data)) = data.split_first() else { return };
    let request = if way % 4 == 0 {
        let [which, a, b, c, d, replacement @ ..] = data else { return };
        let genuine = &scene.queries[usize::from(*which) % scene.queries.len()];
        let start = usize::from(u16::from_le_bytes([*a, *b])) % genuine.len();
        let end = (start + usize::from(u16::from_le_bytes([*c, *d]))).min(genuine.len());
        let Ok(replacement) = std::str::from_utf8(replacement) else { return };
        scene.verify(Delivered::Redirect(&[&genuine[..start], replacement, &genuine[end..]].concat()))
    } else {
        let mut choices = Choices(data);
        let Some(xml) = choices.pick(&scene.messages) else { return };
        let xml = edited(xml, &scene.messages, &scene.attacker, &mut choices);
        scene.verify(Delivered::Xml(xml.as_bytes()))
    };
    let Ok(request) = request else { return };
    assert!(scene.genuine.contains(&Subject::of(&request)), "{request:?}");
}

/// One connection, messages of its identity provider, and a key that it does not trust with what that key signed.
struct LogoutScene {
    verifier: LogoutVerifier,
    messages: Vec<String>,
    queries: Vec<String>,
    genuine: Vec<Subject>,
    attacker: TestIdp,
}

/// Everything of a request that only the identity provider says.
#[derive(Debug, PartialEq)]
struct Subject {
    name_id: NameId,
    session_indexes: Vec<String>,
    id: String,
    not_on_or_after: Option<SystemTime>,
}

impl Subject {
    fn of(request: &LogoutRequest) -> Self {
        Self {
            name_id: request.name_id().clone(),
            session_indexes: request.session_indexes().to_vec(),
            id: request.id().to_owned(),
            not_on_or_after: request.not_on_or_after(),
        }
    }
}

impl LogoutScene {
    const SLO: &str = "https://portal.example.com/saml/slo";

    fn new() -> Self {
        let key = include_str!("../testdata/auth0/keys/idp-ec-p256.key");
        let attacker =
            TestIdp::with_key(Scene::IDP, key, include_bytes!("../testdata/auth0/keys/idp-ec-p256.pem")).expect("a key");
        let idp = TestIdp::new(Scene::IDP);
        let connection = IdentityProvider::new(Scene::IDP, idp.trusted_keys()).expect("an identity provider");
        let connection = Departure::ALL.into_iter().fold(connection, IdentityProvider::allow);
        let sp = ServiceProvider::new(Scene::SP[0], Scene::SP[1]).expect("a service provider");
        let signed = |idp: &TestIdp, id: &str, name: &str| {
            let xml = Self::request(id, name);
            let signature = internals::sign(idp, &xml, id, Algorithm::Exclusive10, "");
            xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
        };
        let query = |name: &str| {
            let message = STANDARD.encode(deflate(Self::request("_assertion", name).as_bytes()));
            let escaped = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
            let method = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
            let octets = format!("SAMLRequest={}&RelayState=r&SigAlg={method}", escaped(&message));
            let signature = STANDARD.encode(internals::sign_octets(&idp, octets.as_bytes()));
            format!("{octets}&Signature={}", escaped(&signature))
        };
        let login = idp.response(Scene::SP[0], Scene::SP[1], Scene::now()).assertion_id("_assertion").response_id("_response");
        let login = login.name_id("cid").signed(SignedPart::Both).to_xml();
        let genuine = [signed(&idp, "_assertion", "ada"), signed(&idp, "_response", "bob")];
        let queries = vec![query("ada"), query("bob")];
        let mut scene = Self {
            verifier: LogoutVerifier::new(&sp, connection, Self::SLO).expect("a verifier"),
            messages: genuine
                .iter()
                .cloned()
                .chain([login, signed(&attacker, "_x", "eve"), Self::request("_x", "eve")])
                .collect(),
            genuine: Vec::new(),
            queries,
            attacker,
        };
        let documents = genuine.iter().map(|xml| Delivered::Xml(xml.as_bytes()));
        let all = documents.chain(scene.queries.iter().map(|query| Delivered::Redirect(query)));
        scene.genuine = all.map(|delivered| Subject::of(&scene.verify(delivered).expect("genuine"))).collect();
        scene
    }

    fn request(id: &str, name: &str) -> String {
        format!(
            "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"2.0\" IssueInstant=\"2025-03-03T10:00:00Z\" \
             NotOnOrAfter=\"2025-03-03T10:05:00Z\" Destination=\"{}\"><saml:Issuer>{}</saml:Issuer><saml:NameID \
             Format=\"urn:f\">{name}</saml:NameID><samlp:SessionIndex>_{name}</samlp:SessionIndex></samlp:LogoutRequest>",
            Self::SLO,
            Scene::IDP
        )
    }

    fn verify(&self, delivered: Delivered<'_>) -> Result<LogoutRequest, Error> {
        self.verifier.verify_request(delivered, Scene::now()).map(VerifiedRequest::without_replay_protection)
    }
}

/// What is read is at least one key and at most the limit, each once; PEM within base64 holds the same keys; and nothing that is
/// shown of a certificate moves a cursor.
pub(crate) fn certificate(data: &[u8]) {
    let keys = TrustedKeys::from_pem(data);
    if data.windows(11).any(|octets| octets == b"-----BEGIN ") && std::str::from_utf8(data).is_ok() {
        assert_eq!(TrustedKeys::from_pem(STANDARD.encode(data)).ok(), keys.clone().ok());
    }
    let Ok(keys) = keys else { return };
    assert!((1..=TrustedKeys::MAXIMUM).contains(&keys.iter().count()));
    assert_eq!(keys.clone().and(keys.clone()).as_ref(), Ok(&keys));
    for key in keys.iter() {
        assert_eq!(key.spki_sha256_fingerprint().len(), 95);
        assert!(!key.key_type().to_string().is_empty());
        let Some(certificate) = key.certificate() else { continue };
        assert_eq!((certificate.sha256_fingerprint().len(), certificate.sha1_fingerprint().len()), (95, 59));
        let shown = [certificate.subject(), certificate.issuer(), certificate.serial_hex()].concat();
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!([certificate.not_before(), certificate.not_after()].into_iter().all(|time| format_rfc3339(time).len() >= 24));
    }
}

/// A text has one meaning: without its white space it means the same, and the same octets have one text.
pub(crate) fn base64(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(octets) = decode_post(text, &Limits::DEFAULT) else { return };
    let compact: String = text.split([' ', '\t', '\r', '\n']).collect();
    assert_eq!(compact.len(), octets.len().div_ceil(3) * 4);
    let again = decode_post(&compact, &Limits::DEFAULT);
    // What is no XML may be read as the name of the field once its white space is gone: both times nothing is accepted.
    if octets.starts_with(b"<") || again != Err(DecodeError::FieldName) {
        assert_eq!(again.as_deref(), Ok(&*octets));
    }
}

/// What is read is written so that it is read again as the same instant.
pub(crate) fn time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(instant) = parse_rfc3339(text) else { return };
    let written = format_rfc3339(instant);
    assert_eq!(parse_rfc3339(&written), Some(instant), "{text} {written}");
}

/// A redirect with one stretch replaced is refused, or says what was signed; of a stream that was signed, it is the whole.
///
/// The first octet chooses: a stretch of the genuine query, of which four octets say where it is; or a compressed message.
pub(crate) fn redirect(data: &[u8]) {
    const XML: &str = "<samlp:LogoutRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' ID='_1' Version='2.0'/>";
    static IDP: OnceLock<(TestIdp, IdentityProvider, String)> = OnceLock::new();
    let (idp, connection, genuine) = IDP.get_or_init(|| {
        let (key, certificate) =
            (include_str!("../testdata/auth0/keys/idp-ec-p256.key"), include_bytes!("../testdata/auth0/keys/idp-ec-p256.pem"));
        let idp = TestIdp::with_key("urn:idp", key, certificate).expect("a key");
        let connection = IdentityProvider::new("urn:idp", idp.trusted_keys()).expect("an identity provider");
        let genuine = signed_query(&idp, &deflate(XML.as_bytes()));
        (idp, connection, genuine)
    });
    let verify = |query: &str| connection.verify_redirect(query, &Limits::DEFAULT);
    match data {
        [choice, a, b, c, d, replacement @ ..] if choice % 2 == 0 => {
            let start = usize::from(u16::from_le_bytes([*a, *b])) % genuine.len();
            let end = (start + usize::from(u16::from_le_bytes([*c, *d]))).min(genuine.len());
            let Ok(replacement) = std::str::from_utf8(replacement) else { return };
            let Ok(message) = verify(&[&genuine[..start], replacement, &genuine[end..]].concat()) else { return };
            assert_eq!((message.xml(), message.relay_state()), (XML.as_bytes(), Some(&b"r"[..])));
        }
        [_, compressed @ ..] => {
            let mut inflated = Vec::new();
            let end = DeflateDecoder::new(compressed).take(1 << 21).read_to_end(&mut inflated);
            let Ok(message) = verify(&signed_query(idp, compressed)) else { return };
            assert_eq!(end.ok(), Some(inflated.len()));
            assert_eq!(message.xml(), inflated);
            assert!(inflated.len() <= Limits::DEFAULT.document_bytes);
        }
        [] => {}
    }
}

/// No key comes out of metadata that the document does not hold; and where a key was pinned, nothing comes out but what that key signed.
///
/// The first octet chooses: a document that the caller vouches for; or genuine signed documents, edited and mixed, of which the next
/// octets are the choices.
pub(crate) fn metadata(data: &[u8]) {
    static FEDERATION: OnceLock<Federation> = OnceLock::new();
    let Some((&choice, data)) = data.split_first() else { return };
    if choice % 2 == 0 {
        let reader = MetadataReader::new(Vouched::ByAuthenticatedChannel);
        let (Ok(read), Ok(text)) = (reader.read_idp(data, Scene::now()), std::str::from_utf8(data)) else { return };
        let Ok(document) = roxmltree::Document::parse(text.trim_start_matches('\u{FEFF}')) else { return };
        let held = keys_in(&document);
        let unheld = read.signing_keys().iter().find(|key| !held.iter().any(|held| held == key.spki_sha256_fingerprint()));
        assert!(unheld.is_none() && !read.signing_keys().is_empty(), "{unheld:?} {text}");
        return;
    }
    let federation = FEDERATION.get_or_init(Federation::new);
    let mut choices = Choices(data);
    let Some(xml) = choices.pick(&federation.documents) else { return };
    let xml = edited(xml, &federation.documents, &federation.attacker, &mut choices);
    let Some(read) = federation.read(&xml) else { return };
    assert!(federation.genuine.contains(&read), "{read:?} {xml}");
}

/// The digests of all keys that stand somewhere in a document, found without the reader of metadata.
fn keys_in(document: &roxmltree::Document<'_>) -> Vec<String> {
    const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
    const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
    let text = |node: roxmltree::Node<'_, '_>| -> String {
        node.children().filter(roxmltree::Node::is_text).filter_map(|text| text.text()).collect()
    };
    let octets = |parent: roxmltree::Node<'_, '_>, namespace, name| {
        let child = parent.children().find(|child| child.has_tag_name((namespace, name)))?;
        STANDARD.decode(text(child).split_ascii_whitespace().collect::<String>()).ok()
    };
    let written = |node: roxmltree::Node<'_, '_>| {
        if node.has_tag_name((DSIG, "X509Certificate")) || node.has_tag_name((DSIG11, "DEREncodedKeyValue")) {
            Some(text(node).into_bytes())
        } else if node.has_tag_name((DSIG, "RSAKeyValue")) {
            let numbers = [octets(node, DSIG, "Modulus")?, octets(node, DSIG, "Exponent")?];
            Some(der(0x30, &numbers.map(|number| integer(&number)).concat()))
        } else if node.has_tag_name((DSIG11, "ECKeyValue")) {
            let point = octets(node, DSIG11, "PublicKey")?;
            let p256 =
                b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00";
            let p384 = b"\x30\x76\x30\x10\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x05\x2B\x81\x04\x00\x22\x03\x62\x00";
            Some(if point.len() == 65 { [&p256[..], &point].concat() } else { [&p384[..], &point].concat() })
        } else {
            None
        }
    };
    let keys = document.descendants().filter_map(written).filter_map(|der| TrustedKeys::from_pem(der).ok());
    keys.flatten().map(|key| key.spki_sha256_fingerprint().to_owned()).collect()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|octet| *octet != 0).unwrap_or(number.len());
    let number = [&[0], &number[start..]].concat();
    der(2, if number.get(1).is_some_and(|octet| *octet < 0x80) { &number[1..] } else { &number })
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(0).to_be_bytes();
    let header = match (high, low) {
        (0, ..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&header, content].concat()
}

/// A publisher of metadata whose key is pinned, the documents that it signed, and what somebody else signed.
struct Federation {
    publisher: TrustedKeys,
    documents: Vec<String>,
    genuine: Vec<Described>,
    attacker: TestIdp,
}

/// What of a document configures a connection.
#[derive(Debug, PartialEq)]
struct Described {
    entity_id: String,
    keys: TrustedKeys,
    places: Vec<String>,
    valid_until: Option<SystemTime>,
}

impl Federation {
    fn new() -> Self {
        let attackers_key = include_str!("../testdata/auth0/keys/idp-ec-p256.key");
        let attackers_certificate = include_bytes!("../testdata/auth0/keys/idp-ec-p256.pem");
        let attacker = TestIdp::with_key("urn:a", attackers_key, attackers_certificate).expect("a key");
        let publisher = TestIdp::new("urn:publisher");
        let [main, next, attackers] = [
            include_str!("../testdata/auth0/keys/idp-rsa2048.pem"),
            include_str!("../testdata/auth0/keys/idp-next-rsa2048.pem"),
            include_str!("../testdata/auth0/keys/attacker-rsa2048.pem"),
        ];
        // The identifiers that edits name.
        let one = described("urn:a", "ID='_assertion'", main, "https://a.example/sso");
        let both = [described("urn:b", "", next, "https://b.example/sso"), described("urn:a", "", next, "https://a.example/new")];
        let group = format!("<EntitiesDescriptor {NAMESPACES} ID='_response'>{}</EntitiesDescriptor>", both.concat());
        let forged = described("urn:a", "ID='_assertion'", attackers, "https://evil.example/sso");
        let genuine = [enveloped(&one, "_assertion", &publisher), enveloped(&group, "_response", &publisher)];
        let forged = [enveloped(&forged, "_assertion", &attacker), forged];
        let mut federation = Self { publisher: publisher.trusted_keys(), documents: Vec::new(), genuine: Vec::new(), attacker };
        federation.genuine = genuine.iter().map(|xml| federation.read(xml).expect("genuine")).collect();
        assert!(forged.iter().all(|xml| federation.read(xml).is_none()));
        federation.documents = genuine.into_iter().chain(forged).collect();
        federation
    }

    fn read(&self, xml: &str) -> Option<Described> {
        let reader = MetadataReader::new(Vouched::ByPinnedKeys(&self.publisher)).entity_id("urn:a");
        let reader = Departure::ALL.into_iter().fold(reader, MetadataReader::allow);
        let read = reader.read_idp(xml.as_bytes(), Scene::now()).ok()?;
        let endpoints = read.single_sign_on().iter().chain(read.single_logout());
        Some(Described {
            entity_id: read.entity_id().to_owned(),
            keys: read.signing_keys().clone(),
            places: endpoints.map(|endpoint| endpoint.location().to_owned()).collect(),
            valid_until: read.valid_until(),
        })
    }
}

const NAMESPACES: &str = "xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:ds='http://www.w3.org/2000/09/xmldsig#'";

fn described(entity_id: &str, more: &str, pem: &str, url: &str) -> String {
    let certificate: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        "<EntityDescriptor {NAMESPACES} {more} entityID='{entity_id}' validUntil='2030-01-01T00:00:00Z'>\
         <IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'><KeyDescriptor use='signing'>\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>\
         <SingleSignOnService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST' Location='{url}'/>\
         </IDPSSODescriptor></EntityDescriptor>"
    )
}

fn enveloped(xml: &str, id: &str, signer: &TestIdp) -> String {
    let behind = xml.find('>').expect("a start tag") + 1;
    let signature = internals::sign(signer, xml, id, Algorithm::Exclusive10, "");
    format!("{}{signature}{}", &xml[..behind], &xml[behind..])
}

fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    DeflateEncoder::new(octets, Compression::default()).read_to_end(&mut stream).expect("in memory");
    stream
}

fn signed_query(idp: &TestIdp, compressed: &[u8]) -> String {
    let escaped = |octets: &[u8]| STANDARD.encode(octets).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let method = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23ecdsa-sha256";
    let octets = format!("SAMLRequest={}&RelayState=r&SigAlg={method}", escaped(compressed));
    let signature = escaped(&internals::sign_octets(idp, octets.as_bytes()));
    format!("{octets}&Signature={signature}")
}
