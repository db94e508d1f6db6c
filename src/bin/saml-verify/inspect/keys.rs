//! The certificates that a message shows in a KeyInfo: hints, for anybody can put one there.

use saml_verify::inspect::UnverifiedElement;
use saml_verify::time::format_rfc3339;
use saml_verify::{Certificate, TrustedKey, TrustedKeys};
use serde::Serialize;

use super::elements::{MOST, SIGNATURE, child, children, shown};
use crate::terminal::Screen;

/// A certificate, or what stands in its place.
#[derive(Serialize)]
pub(super) struct Key {
    subject: Option<String>,
    not_after: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
    spki_sha256: Option<String>,
    /// Whether one of `--idp-cert` has this key; `null` if none was given.
    is_given: Option<bool>,
    /// Why it is none, as far as that can be told.
    error: Option<&'static str>,
}

/// The certificates in the KeyInfo of a Signature, of an EncryptedKey or of EncryptedData. XMLDSig 4.5.4.
pub(super) fn keys_of(parent: UnverifiedElement<'_>, given: Option<&TrustedKeys>) -> Vec<Key> {
    let Some(key_info) = child(parent, SIGNATURE, "KeyInfo") else { return Vec::new() };
    let x509 = children(key_info, SIGNATURE, "X509Data").flat_map(|data| children(data, SIGNATURE, "X509Certificate"));
    x509.take(MOST).flat_map(|certificate| Key::read(certificate, given)).take(MOST).collect()
}

impl Key {
    fn read(certificate: UnverifiedElement<'_>, given: Option<&TrustedKeys>) -> Vec<Self> {
        /// Those of identity providers have two or three thousand characters.
        const LONGEST: usize = 32 * 1024;
        let text = certificate.text().filter(|text| text.len() <= LONGEST);
        match text.map(|text| TrustedKeys::from_pem(text.as_bytes())) {
            Some(Ok(keys)) => keys.iter().map(|key| Self::new(key, given)).collect(),
            Some(Err(error)) => vec![Self::unusable(error.code())],
            None => vec![Self::unusable("not_a_certificate")],
        }
    }

    fn new(key: &TrustedKey, given: Option<&TrustedKeys>) -> Self {
        let certificate = key.certificate();
        let of = |read: fn(&Certificate) -> &str| certificate.map(read).map(shown);
        let spki = key.spki_sha256_fingerprint();
        Self {
            subject: of(Certificate::subject),
            not_after: certificate.map(|certificate| format_rfc3339(certificate.not_after())),
            sha1: of(Certificate::sha1_fingerprint),
            sha256: of(Certificate::sha256_fingerprint),
            spki_sha256: Some(spki.to_owned()),
            is_given: given.map(|given| given.iter().any(|one| one.spki_sha256_fingerprint() == spki)),
            error: None,
        }
    }

    const fn unusable(code: &'static str) -> Self {
        let (subject, not_after, sha1, sha256, spki_sha256) = (None, None, None, None, None);
        Self { subject, not_after, sha1, sha256, spki_sha256, is_given: None, error: Some(code) }
    }

    pub(super) fn show(&self, screen: &mut Screen) {
        if let Some(code) = self.error {
            screen.field("shows", &format!("a certificate that cannot be used: {code}"));
            return;
        }
        let until = self.not_after.as_deref().map(|end| format!(", until {end}")).unwrap_or_default();
        screen.field("shows", &format!("{}{until}", self.subject.as_deref().unwrap_or("a public key without a certificate")));
        for (name, fingerprint) in [("SHA-1", &self.sha1), ("SHA-256", &self.sha256), ("key SHA-256", &self.spki_sha256)] {
            if let Some(fingerprint) = fingerprint {
                screen.field(name, fingerprint);
            }
        }
        match self.is_given {
            Some(true) => {
                screen.field("--idp-cert", "has the same key. That alone proves nothing: anybody can show a certificate")
            }
            Some(false) => screen.field("--idp-cert", "has ANOTHER key"),
            None => {}
        }
    }
}
