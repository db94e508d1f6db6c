//! Why a signature value is that of no trusted key: as exactly as the value and the certificates in the message tell.
//!
//! For errors alone, once the value is refused. What a message shows of certificates is a hint for whoever reads the error. Deliberately
//! absent: an operation with a key that is not trusted, and a look at who signed a certificate.

use super::algorithm::{KeyFamily, SignatureAlgorithm, sha1_fingerprint, sha256_fingerprint};
use super::certificate::{TrustedKey, TrustedKeys};
use crate::base64;
use crate::error::{Clues, Fingerprints, Shown, SignatureError};

/// The error for a value that none of the trusted keys made, given the texts of the certificates that the message shows.
#[cold]
pub(super) fn reason(trusted: &TrustedKeys, method: SignatureAlgorithm, value: &[u8], shown: &[String]) -> SignatureError {
    if matches!(method.key_family(), KeyFamily::P256 | KeyFamily::P384) && is_ecdsa_in_der(value) {
        return SignatureError::ValueInDer { method: method.name(), octets: value.len(), clues: Box::default() };
    }
    let shown: Vec<ShownCertificate> =
        shown.iter().take(TrustedKeys::MAXIMUM).flat_map(|text| ShownCertificate::read(text)).collect();
    let strangers = shown.iter().filter(|shown| !trusted.iter().any(|key| shown.holds(key)));
    let issued = strangers.clone().find_map(|shown| Some((shown, trusted.iter().find(|key| shown.is_issued_by(key))?)));
    let known = shown.iter().find(|shown| trusted.iter().any(|key| shown.holds(key)));
    match (issued, known) {
        (None, Some(known)) => {
            SignatureError::InvalidValue { certificate: known.fingerprints.sha256.clone(), clues: Box::default() }
        }
        (issued, _) => SignatureError::UntrustedKey {
            shown: issued.map(|(shown, _)| shown).or(shown.first()).map(|shown| shown.fingerprints.clone()),
            trusted: trusted.iter().map(Fingerprints::from).collect(),
            clues: Box::new(Clues {
                authority: issued.and_then(|(_, key)| key.certificate()).map(|authority| Shown::new(authority.subject())),
                ..Clues::default()
            }),
        },
    }
}

/// A certificate in a message, which nobody vouches for.
struct ShownCertificate {
    fingerprints: Fingerprints,
    /// None where its key could not be trusted either.
    key: Option<TrustedKey>,
}

impl ShownCertificate {
    /// Reads an X509Certificate: base64 of DER, as it should be, or PEM, or base64 of PEM. What else is decoded is not looked through
    /// for PEM: that costs many times as much, and anybody can send it.
    fn read(text: &str) -> Vec<Self> {
        let decoded = base64::decode_whitespace(text).unwrap_or_default();
        let pem = if decoded.is_empty() { text.as_bytes() } else { &decoded };
        let is_text = decoded.is_empty() || pem.trim_ascii_start().starts_with(b"-----BEGIN");
        let keys = if is_text { TrustedKeys::from_pem(pem) } else { TrustedKey::from_der(&decoded).map(TrustedKeys::of) };
        match keys {
            Ok(keys) => keys.iter().map(|key| Self { fingerprints: key.into(), key: Some(key.clone()) }).collect(),
            Err(_) if is_text => Vec::new(),
            Err(_) => {
                let fingerprints = Fingerprints { sha256: sha256_fingerprint(&decoded), sha1: Some(sha1_fingerprint(&decoded)) };
                vec![Self { fingerprints, key: None }]
            }
        }
    }

    /// Whether it is that certificate, or another one of the same key.
    fn holds(&self, key: &TrustedKey) -> bool {
        self.key.as_ref().is_some_and(|shown| shown.has_key_of(key))
    }

    /// Going by the names, which anybody can write. One that issued itself, as when a key is rotated, was issued by nobody else.
    fn is_issued_by(&self, key: &TrustedKey) -> bool {
        let shown = self.key.as_ref().and_then(TrustedKey::certificate);
        let (Some(shown), Some(trusted)) = (shown, key.certificate()) else { return false };
        shown.issuer() == trusted.subject() && shown.subject() != shown.issuer()
    }
}

/// Those of the certificate, or that of a public key which has none.
impl From<&TrustedKey> for Fingerprints {
    fn from(key: &TrustedKey) -> Self {
        let sha1 = key.certificate().map(|certificate| certificate.sha1_fingerprint().to_owned());
        Self { sha256: key.shown(), sha1 }
    }
}

/// Whether that is a SEQUENCE of two INTEGERs and nothing else (RFC 3279 section 2.2.3), of a length below 128.
fn is_ecdsa_in_der(value: &[u8]) -> bool {
    let [0x30, length, integers @ ..] = value else { return false };
    let rest = after_integer(integers).and_then(after_integer);
    usize::from(*length) == integers.len() && rest.is_some_and(<[u8]>::is_empty)
}

fn after_integer(der: &[u8]) -> Option<&[u8]> {
    let [0x02, length @ 1..=0x7F, rest @ ..] = der else { return None };
    rest.get(usize::from(*length)..)
}
