//! Encrypted elements by hand, for one connection: what identity providers write, and what nobody should.

use saml_verify::canonical::Algorithm;
use saml_verify::internals::{seal, sign, wrap};
use saml_verify::test_idp::TestIdp;
use saml_verify::{DecryptionKey, Departure, Error, Expect, IdentityProvider, Login, OaepDigest, ServiceProvider, Verifier};

use super::signed::{ACS, IDP, MESSAGE, REQUEST, SP, now, strict};
use super::to_base64;

pub(crate) const KEY: &str = include_str!("../../testdata/auth0/keys/sp-encrypt-rsa2048.key");
pub(crate) const CERTIFICATE: &str = include_str!("../../testdata/auth0/keys/sp-encrypt-rsa2048.pem");
pub(crate) const OTHER_KEY: &str = include_str!("../../testdata/auth0/keys/sp-sign-rsa2048.key");
pub(crate) const OTHER_CERTIFICATE: &str = include_str!("../../testdata/auth0/keys/sp-sign-rsa2048.pem");

pub(crate) const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
pub(crate) const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
pub(crate) const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

/// The key of every content here.
pub(crate) const CONTENT_KEY: [u8; 32] = [7; 32];

pub(crate) fn service() -> ServiceProvider {
    ServiceProvider::new(SP, ACS).expect("a service provider")
}

pub(crate) fn key() -> DecryptionKey {
    DecryptionKey::from_pem(KEY).expect("a key")
}

pub(crate) fn verifier_of(sp: ServiceProvider, departures: &[Departure]) -> Verifier {
    let idp = IdentityProvider::new(IDP, TestIdp::new(IDP).trusted_keys()).expect("an identity provider");
    strict(Verifier::new(sp, departures.iter().fold(idp, |idp, departure| idp.allow(*departure))))
}

/// With the key, and these departures.
pub(crate) fn decrypting(departures: &[Departure]) -> Verifier {
    verifier_of(service().decrypting_with(key()).expect("a key"), departures)
}

pub(crate) fn verify_with(verifier: &Verifier, xml: &str) -> Result<Login, Error> {
    let verified = verifier.verify_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    let report = verifier.explain_xml(xml.as_bytes(), Expect::AnswerTo(REQUEST), now());
    assert_eq!(verified.as_ref().err(), report.refusal(), "the explanation says something else of {xml}");
    verified.map(|verified| verified.without_replay_protection())
}

/// The Assertion of the message as it stands there, not signed.
pub(crate) fn plain_assertion() -> String {
    cut(&MESSAGE.replace("<?A?>", ""))
}

/// The same, signed in its place in the message. A part may be written otherwise first.
pub(crate) fn signed_assertion(from: &str, to: &str) -> String {
    assert!(from.is_empty() || MESSAGE.contains(from), "{from}");
    let message = MESSAGE.replacen(from, to, 1);
    let plain = message.replace("<?A?>", "").replace("<?R?>", "");
    let signature = sign(&TestIdp::new(IDP), &plain, "_assertion", Algorithm::Exclusive10, "");
    cut(&message.replace("<?A?>", &signature))
}

fn cut(message: &str) -> String {
    const END: &str = "</saml:Assertion>";
    let start = message.find("<saml:Assertion ").expect("an Assertion");
    let end = message.find(END).expect("its end") + END.len();
    message[start..end].to_owned()
}

/// The Response with something in place of its Assertion, not signed.
pub(crate) fn response_with(content: &str) -> String {
    let message = MESSAGE.replace("<?R?>", "").replace("<?A?>", "");
    message.replacen(&plain_assertion(), content, 1)
}

/// The same, signed.
pub(crate) fn signed_response_with(content: &str) -> String {
    let plain = response_with(content);
    let signature = sign(&TestIdp::new(IDP), &plain, "_response", Algorithm::Exclusive10, "");
    plain.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
}

/// A cipher text and everything that is said of it.
#[derive(Clone)]
pub(crate) struct Sealed {
    /// The element around it.
    pub(crate) carrier: &'static str,
    pub(crate) cipher: &'static str,
    pub(crate) octets: Vec<u8>,
    /// The EncryptedKeys, in KeyInfo.
    pub(crate) keys: String,
    /// The same beside the EncryptedData.
    pub(crate) beside: String,
}

impl Sealed {
    /// In an EncryptedAssertion, for the service's key.
    pub(crate) fn new(cipher: &'static str, plaintext: impl AsRef<[u8]>) -> Self {
        Self {
            carrier: "EncryptedAssertion",
            cipher,
            octets: seal(cipher, &CONTENT_KEY, plaintext.as_ref(), "seed").expect("a cipher text"),
            keys: encrypted_key("", &wrapped(CERTIFICATE, &CONTENT_KEY)),
            beside: String::new(),
        }
    }

    /// With AES-GCM.
    pub(crate) fn gcm(plaintext: impl AsRef<[u8]>) -> String {
        Self::new(GCM, plaintext).to_string()
    }
}

impl std::fmt::Display for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { carrier, cipher, octets, keys, beside } = self;
        write!(
            f,
            "<saml:{carrier}><e:EncryptedData xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\" \
             xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\" Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
             <e:EncryptionMethod Algorithm=\"{cipher}\"/><d:KeyInfo>{keys}</d:KeyInfo>\
             <e:CipherData><e:CipherValue>{}</e:CipherValue></e:CipherData></e:EncryptedData>{beside}</saml:{carrier}>",
            to_base64(octets)
        )
    }
}

/// RSA-OAEP with SHA-1 twice.
pub(crate) fn wrapped(certificate: &str, key: &[u8]) -> Vec<u8> {
    wrap(certificate, OaepDigest::Sha1, OaepDigest::Sha1, b"", key, "wrapped").expect("a wrapped key")
}

/// An EncryptedKey with these attributes.
pub(crate) fn encrypted_key(attributes: &str, octets: &[u8]) -> String {
    format!(
        "<e:EncryptedKey xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"{attributes}><e:EncryptionMethod Algorithm=\"{MGF1P}\"/>\
         <e:CipherData><e:CipherValue>{}</e:CipherValue></e:CipherData></e:EncryptedKey>",
        to_base64(octets)
    )
}
