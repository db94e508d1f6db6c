//! Signing, for messages that we write ourselves: from a private key in PEM to signature values.
//!
//! # Not supported
//!
//! Encrypted keys, RSA of other lengths than 2048, 3072 and 4096 bits (ring signs with no others), RSA-PSS keys, curves other than
//! P-256 and P-384, and every SHA-1.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "test-idp")]
use super::algorithm::KeyFamily;
use super::backend::{Ed25519SigningKey, EllipticSigningKey, RsaSigningKey};
use super::private_key::{self, Curve, PrivateKey};
use super::{KeyType, SignatureAlgorithm};
use crate::error::SigningKeyError;

/// A private key that signs our own messages: RSA-SHA256, ECDSA-SHA256 (P-256), ECDSA-SHA384 (P-384) or Ed25519, by its kind.
///
/// Auth0 verifies RSA alone. Cheap to clone; its debug form shows the kind and nothing else.
#[derive(Clone)]
pub struct SigningKey(Kind);

#[derive(Clone)]
enum Kind {
    Rsa { bits: usize, key: Arc<RsaSigningKey> },
    P256(Arc<EllipticSigningKey>),
    P384(Arc<EllipticSigningKey>),
    Ed25519(Arc<Ed25519SigningKey>),
}

impl SigningKey {
    /// The one private key in a PEM file: PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`).
    ///
    /// RSA of 2048 to 4096 bits, P-256, P-384, Ed25519. Certificates and parameters beside the key are passed over; text around
    /// it, any line ends and line ends written as `\n` are taken as they are in certificates.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`] with what was given instead, or why the key cannot be used. It carries nothing of the key.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, SigningKeyError> {
        let der = private_key::find(pem.as_ref())?;
        Ok(Self(match der.read()? {
            PrivateKey::Rsa { bits, pkcs1 } => {
                let key = RsaSigningKey::new(pkcs1).ok_or(malformed("its RSA numbers do not belong together"))?;
                Kind::Rsa { bits, key: Arc::new(key) }
            }
            PrivateKey::EllipticCurve { curve: Curve::P256, scalar, point } => {
                Kind::P256(elliptic(SignatureAlgorithm::EcdsaSha256, scalar, point)?)
            }
            PrivateKey::EllipticCurve { curve: Curve::P384, scalar, point } => {
                Kind::P384(elliptic(SignatureAlgorithm::EcdsaSha384, scalar, point)?)
            }
            PrivateKey::Ed25519(pkcs8) => {
                let key = Ed25519SigningKey::new(pkcs8).ok_or(malformed("it is not built as RFC 8410 prescribes"))?;
                Kind::Ed25519(Arc::new(key))
            }
        }))
    }

    /// The kind of the key.
    pub fn key_type(&self) -> KeyType {
        match &self.0 {
            Kind::Rsa { bits, .. } => KeyType::Rsa { bits: *bits },
            Kind::P256(_) => KeyType::P256,
            Kind::P384(_) => KeyType::P384,
            Kind::Ed25519(_) => KeyType::Ed25519,
        }
    }

    /// The method that is used unless another is asked for.
    pub(crate) const fn algorithm(&self) -> SignatureAlgorithm {
        match &self.0 {
            Kind::Rsa { .. } => SignatureAlgorithm::RsaSha256,
            Kind::P256(_) => SignatureAlgorithm::EcdsaSha256,
            Kind::P384(_) => SignatureAlgorithm::EcdsaSha384,
            Kind::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    /// The signature value; `None` where the system has no randomness to give.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.sign_by(self.algorithm(), message)
    }

    /// The signature value by that method; `None`, too, where the key does not fit it.
    pub(crate) fn sign_by(&self, method: SignatureAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            Kind::Rsa { key, .. } => key.sign(method, message),
            _ if method != self.algorithm() => None,
            Kind::P256(key) | Kind::P384(key) => key.sign(message),
            Kind::Ed25519(key) => Some(key.sign(message)),
        }
    }

    /// Whether it can sign by that method.
    #[cfg(feature = "test-idp")]
    pub(crate) fn takes(&self, method: SignatureAlgorithm) -> bool {
        match &self.0 {
            Kind::Rsa { .. } => method.key_family() == KeyFamily::Rsa && method != SignatureAlgorithm::RsaSha1,
            _ => method == self.algorithm(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("key_type", &self.key_type()).finish_non_exhaustive()
    }
}

fn elliptic(method: SignatureAlgorithm, scalar: &[u8], point: &[u8]) -> Result<Arc<EllipticSigningKey>, SigningKeyError> {
    let key = EllipticSigningKey::new(method, scalar, point);
    key.map(Arc::new).ok_or(malformed("its private and its public number do not belong together"))
}

const fn malformed(reason: &'static str) -> SigningKeyError {
    SigningKeyError::Malformed { reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrustedKeys;
    use crate::error::Shown;

    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("../../testdata/signing/", $name, ".pem"))
        };
    }

    fn refused(pem: impl AsRef<[u8]>) -> SigningKeyError {
        SigningKey::from_pem(pem).err().unwrap()
    }

    #[test]
    fn every_form_of_a_key_signs_what_its_certificate_verifies() {
        for (pem, certificate, kind) in [
            (file!("rsa2048.pkcs8"), file!("rsa2048.cert"), KeyType::Rsa { bits: 2048 }),
            (file!("rsa2048.pkcs1"), file!("rsa2048.cert"), KeyType::Rsa { bits: 2048 }),
            (file!("p256.pkcs8"), file!("p256.cert"), KeyType::P256),
            (file!("p256.sec1"), file!("p256.cert"), KeyType::P256),
            (file!("p384.pkcs8"), file!("p384.cert"), KeyType::P384),
            (file!("p384.sec1"), file!("p384.cert"), KeyType::P384),
            (file!("ed25519.pkcs8"), file!("ed25519.cert"), KeyType::Ed25519),
        ] {
            let key = SigningKey::from_pem(pem).unwrap();
            assert_eq!(key.key_type(), kind);
            let value = key.sign(b"octets").unwrap();
            let keys = TrustedKeys::from_pem(certificate).unwrap();
            assert_eq!(keys.verify(key.algorithm(), b"octets", &value, Vec::new).map(|_| ()), Ok(()), "{kind}");
            for method in SignatureAlgorithm::ALL {
                let is_rsa = method.key_family() == KeyFamily::Rsa && method != SignatureAlgorithm::RsaSha1;
                let fits = if matches!(kind, KeyType::Rsa { .. }) { is_rsa } else { method == key.algorithm() };
                assert_eq!(key.sign_by(method, b"octets").is_some(), fits, "{kind} {}", method.name());
            }
            assert!(keys.verify(key.algorithm(), b"octet", &value, Vec::new).is_err(), "{kind}");
        }
    }

    #[test]
    fn a_key_is_found_among_what_files_have_beside_it() {
        let key = file!("p256.sec1");
        let escaped = key.replace('\n', "\\n");
        let crlf = key.replace('\n', "\r\n");
        let with_certificate = format!("{}Bag Attributes\n{key}", file!("p256.cert"));
        let with_parameters = format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{key}");
        for pem in [&escaped, &crlf, &with_certificate, &with_parameters] {
            assert_eq!(SigningKey::from_pem(pem).map(|key| key.key_type()), Ok(KeyType::P256), "{pem}");
        }
    }

    #[test]
    fn what_is_no_key_to_sign_with_is_named() {
        use SigningKeyError as E;
        let two = format!("{}{}", file!("p256.sec1"), file!("p384.sec1"));
        let mixed = file!("p256.pkcs8").replace("MIGH", "MI!H");
        let cut = file!("p256.pkcs8").replace("-----END", "");
        let begun = file!("p256.pkcs8").replace("-----BEGIN", "");
        let other_point =
            [file!("p256.sec1").lines().next().unwrap_or_default(), "MAA=", "-----END EC PRIVATE KEY-----"].join("\n");
        for (pem, error) in [
            (" \n", E::Empty),
            ("MIGHAgEAMBMGByqGSM49", E::NotPem),
            (file!("rsa2048.cert"), E::Certificate),
            (file!("refused-public-key"), E::PublicKey),
            (file!("refused-encrypted-pkcs8"), E::Encrypted),
            (file!("refused-encrypted-pkcs1"), E::Encrypted),
            (file!("refused-certificate-request"), E::OtherBlock { label: Shown::new("CERTIFICATE REQUEST") }),
            (&two, E::SeveralKeys { count: 2 }),
            (&mixed, E::InvalidBase64 { offset: 30 }),
            (&cut, E::MissingEnd { offset: 0 }),
            (&begun, E::MissingBegin { offset: begun.find("-----END").unwrap_or_default() }),
            (file!("refused-rsa1024"), E::RsaTooShort { bits: 1024 }),
            (file!("refused-rsa5120"), E::RsaTooLong { bits: 5120 }),
            (file!("refused-rsa2056"), malformed("its RSA modulus is of another length than 2048, 3072 or 4096 bits")),
            (file!("refused-rsa-exponent3"), malformed("its RSA exponent is even, below 65537 or above 33 bits")),
            (file!("refused-p521"), E::UnsupportedCurve { curve: "P-521".to_owned() }),
            (file!("refused-ed448"), E::UnsupportedKey { algorithm: "Ed448".to_owned() }),
            (file!("refused-without-public-key"), E::Malformed { reason: "its public key is missing in it" }),
            (&other_point, E::Malformed { reason: "it is not built as RFC 5915 prescribes" }),
            (
                "-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----",
                E::UnsupportedKey { algorithm: "DSA".to_owned() },
            ),
            ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", malformed("it is not built as PKCS #8 prescribes")),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----",
                malformed("it is not built as PKCS #1 prescribes"),
            ),
        ] {
            assert_eq!(refused(pem), error, "{pem}");
        }
        assert_eq!(refused([0x30, 0x82, 1, 2]), E::NotPem);
    }

    #[test]
    fn numbers_that_do_not_belong_together_sign_nothing() {
        let swap = |pem: &str| {
            let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
            let mut der = crate::base64::decode_whitespace(&body).unwrap();
            let last = der.len() - 1;
            der[last] ^= 1;
            let label = pem.lines().next().unwrap();
            format!("{label}\n{}\n{}\n", crate::base64::encode(&der), label.replace("BEGIN", "END"))
        };
        assert_eq!(refused(swap(file!("rsa2048.pkcs1"))), malformed("its RSA numbers do not belong together"));
        let reason = "its private and its public number do not belong together";
        assert_eq!(refused(swap(file!("p256.sec1"))), malformed(reason));
        assert_eq!(refused(swap(file!("p384.pkcs8"))), malformed(reason));
    }

    /// One library takes these numbers, the other does not.
    #[test]
    fn numbers_of_other_lengths_sign_nothing() {
        let body: String = file!("p256.sec1").lines().filter(|line| !line.starts_with("---")).collect();
        let der = crate::base64::decode_whitespace(&body).unwrap();
        assert_eq!(der[..7], [0x30, 0x77, 2, 1, 1, 4, 0x20]);
        let short_scalar = [&[0x30, 0x76, 2, 1, 1, 4, 0x1F], &der[8..]].concat();
        let long_scalar = [&[0x30, 0x78, 2, 1, 1, 4, 0x21, 0], &der[7..]].concat();
        let point = der.len() - 65;
        let mut hybrid_point = der.clone();
        hybrid_point[point] = 6 | der.last().unwrap() & 1;
        for der in [short_scalar, long_scalar, hybrid_point] {
            let body = crate::base64::encode(&der);
            let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----");
            assert_eq!(refused(pem), malformed("it is not built as RFC 5915 prescribes"), "{der:02X?}");
        }
    }

    #[test]
    fn debug_shows_the_kind_and_nothing_else() {
        let key = SigningKey::from_pem(file!("rsa2048.pkcs8")).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey { key_type: Rsa { bits: 2048 }, .. }");
    }
}
