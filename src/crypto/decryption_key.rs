//! The private key that opens what is encrypted for us: from PEM to unwrapped content keys. The only file that names `rsa`.
//!
//! ring decrypts nothing with RSA, and aws-lc-rs has one digest for padding and mask, where XML Encryption has two. The arithmetic of
//! `rsa` is constant-time by construction, and blinded here with fresh randomness on each use. What that cannot promise is in
//! `SECURITY.md`.

use std::{fmt, io};

use der::asn1::{AnyRef, UintRef};
use rsa::rand_core::utils::next_word_via_fill;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::Sha256;
use rsa::{BoxedUint, Oaep, PrivateKey};
use sha1::Sha1;

use super::KeyType;
use super::private_key::{self, PrivateKey as Parts};
use super::random::fill;
use super::unwrap::{ContentKey, OaepDigest, OaepPadding, UnwrapKey, UnwrapUnavailable, WrappedKey};
use crate::error::DecryptionKeyError;

/// A private RSA key that opens what identity providers encrypt for its certificate. RSA-OAEP alone.
///
/// Its numbers are overwritten when it is dropped (not so what is computed from them on the way); its debug form shows the kind and nothing else.
pub struct DecryptionKey {
    key: PrivateKey,
    bits: usize,
}

impl DecryptionKey {
    /// The one private key in a PEM file: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), of 2048 to 4096 bits.
    ///
    /// Certificates beside the key are passed over; text around it, any line ends and line ends written as `\n` are taken as they are
    /// in certificates.
    ///
    /// # Errors
    ///
    /// [`DecryptionKeyError`] with what was given instead, or why the key cannot be used. It carries nothing of the key.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, DecryptionKeyError> {
        let der = private_key::find(pem.as_ref())?;
        match der.read()? {
            Parts::Rsa { bits, pkcs1 } => Self::from_numbers(bits, pkcs1),
            Parts::EllipticCurve { .. } => Err(DecryptionKeyError::NotRsa { algorithm: "elliptic curve".to_owned() }),
            Parts::Ed25519(_) => Err(DecryptionKeyError::NotRsa { algorithm: "Ed25519".to_owned() }),
        }
    }

    /// RFC 8017 appendix A.1.2: version, n, e, d, p, q, and what follows from them.
    fn from_numbers(bits: usize, pkcs1: &[u8]) -> Result<Self, DecryptionKeyError> {
        const SHAPE: DecryptionKeyError = malformed("it is not built as PKCS #1 prescribes");
        let numbers = private_key::sequence(pkcs1).ok_or(SHAPE)?;
        let [_version, n, e, d, p, q, ..] = numbers.as_slice() else { return Err(SHAPE) };
        let number = |number: &AnyRef<'_>| {
            let octets = number.decode_as::<UintRef<'_>>().ok()?.as_bytes();
            BoxedUint::from_be_slice(octets, u32::try_from(octets.len()).ok()?.checked_mul(8)?).ok()
        };
        let [Some(n), Some(e), Some(d), Some(p), Some(q)] = [n, e, d, p, q].map(number) else { return Err(SHAPE) };
        let key =
            PrivateKey::from_components(n, e, d, vec![p, q]).map_err(|_| malformed("its RSA numbers do not belong together"))?;
        Ok(Self { key, bits })
    }

    /// The kind of the key.
    pub fn key_type(&self) -> KeyType {
        KeyType::Rsa { bits: self.bits }
    }

    fn oaep(&self, wrapped: &WrappedKey) -> Option<Vec<u8>> {
        use OaepDigest::{Sha1 as One, Sha256 as Two};
        let OaepPadding { digest, mask } = wrapped.padding;
        match (digest, mask) {
            (One, One) => self.decrypt::<Sha1, Sha1>(wrapped),
            (One, Two) => self.decrypt::<Sha1, Sha256>(wrapped),
            (Two, One) => self.decrypt::<Sha256, Sha1>(wrapped),
            (Two, Two) => self.decrypt::<Sha256, Sha256>(wrapped),
        }
    }

    fn decrypt<D, M>(&self, wrapped: &WrappedKey) -> Option<Vec<u8>>
    where
        D: rsa::sha2::Digest + rsa::sha2::digest::FixedOutputReset,
        M: rsa::sha2::Digest + rsa::sha2::digest::FixedOutputReset,
    {
        let label = (!wrapped.label.is_empty()).then(|| wrapped.label.clone().into_boxed_slice());
        let padding = Oaep { digest: D::new(), mgf_digest: M::new(), label };
        self.key.decrypt_blinded(&mut System, padding, &wrapped.octets).ok()
    }
}

impl UnwrapKey for DecryptionKey {
    /// Takes some two milliseconds (RSA-2048), whatever comes out.
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
        Ok(self.oaep(wrapped).map(ContentKey::new))
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey").field("key_type", &self.key_type()).finish_non_exhaustive()
    }
}

const fn malformed(reason: &'static str) -> DecryptionKeyError {
    DecryptionKeyError::Malformed { reason }
}

/// The source of randomness, as `rsa` wants it.
struct System;

impl TryRng for System {
    type Error = io::Error;

    fn try_next_u32(&mut self) -> io::Result<u32> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> io::Result<u64> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> io::Result<()> {
        fill(octets).ok_or_else(|| io::Error::other("the system has no randomness to give"))
    }
}

impl TryCryptoRng for System {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64::decode_whitespace;
    use crate::error::Shown;

    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("../../testdata/", $name))
        };
    }

    const KEY: &str = file!("auth0/keys/sp-encrypt-rsa2048.key");

    /// 32 octets from 0 on, wrapped for that key by OpenSSL: `openssl pkeyutl -encrypt` with each digest of padding and mask.
    const WRAPPED: [(OaepDigest, OaepDigest, &str); 4] = [
        (OaepDigest::Sha1, OaepDigest::Sha1, include_str!("../../testdata/decryption/sha1-sha1.b64")),
        (OaepDigest::Sha1, OaepDigest::Sha256, include_str!("../../testdata/decryption/sha1-sha256.b64")),
        (OaepDigest::Sha256, OaepDigest::Sha1, include_str!("../../testdata/decryption/sha256-sha1.b64")),
        (OaepDigest::Sha256, OaepDigest::Sha256, include_str!("../../testdata/decryption/sha256-sha256.b64")),
    ];

    fn wrapped(digest: OaepDigest, mask: OaepDigest, octets: Vec<u8>) -> WrappedKey {
        WrappedKey { octets, padding: OaepPadding { digest, mask }, label: Vec::new(), recipient: None }
    }

    fn unwrapped(key: &DecryptionKey, wrapped: &WrappedKey) -> Option<Vec<u8>> {
        key.unwrap_key(wrapped).unwrap().map(|key| key.octets().to_vec())
    }

    #[test]
    fn what_openssl_wrapped_is_unwrapped_with_its_digests_and_no_others() {
        let key = DecryptionKey::from_pem(KEY).unwrap();
        let content: Vec<u8> = (0..32).collect();
        for (digest, mask, text) in WRAPPED {
            let octets = decode_whitespace(text.trim()).unwrap();
            for (other_digest, other_mask, _) in WRAPPED {
                let expected = ((digest, mask) == (other_digest, other_mask)).then(|| content.clone());
                let found = unwrapped(&key, &wrapped(other_digest, other_mask, octets.clone()));
                assert_eq!(found, expected, "{digest:?} {mask:?} as {other_digest:?} {other_mask:?}");
            }
            let labelled = WrappedKey { label: b"label".to_vec(), ..wrapped(digest, mask, octets.clone()) };
            assert_eq!(unwrapped(&key, &labelled), None);
            for cut in [0, 1, 255] {
                assert_eq!(unwrapped(&key, &wrapped(digest, mask, octets[..cut].to_vec())), None);
            }
        }
    }

    #[test]
    fn numbers_are_drawn_from_the_system() {
        let [one, other] = [(); 2].map(|()| System.try_next_u64().unwrap());
        assert_ne!(one, other);
        let [one, other] = [(); 2].map(|()| System.try_next_u32().unwrap());
        assert_ne!(one, other);
    }

    /// What is no number below the modulus is no cipher text. RFC 8017 section 5.1.2.
    #[test]
    fn numbers_beyond_the_modulus_are_refused() {
        let key = DecryptionKey::from_pem(KEY).unwrap();
        for octets in [vec![0xFF; 256], vec![0; 256], [&[0; 255][..], &[1]].concat(), vec![0xFF; 257]] {
            assert_eq!(unwrapped(&key, &wrapped(OaepDigest::Sha1, OaepDigest::Sha1, octets)), None);
        }
    }

    #[test]
    fn a_key_is_read_in_the_shapes_in_which_people_have_it() {
        let crlf = KEY.replace('\n', "\r\n");
        let escaped = KEY.replace('\n', "\\n");
        let with_certificate = format!("{}\nBag Attributes\n{KEY}", file!("auth0/keys/sp-encrypt-rsa2048.pem"));
        for pem in
            [KEY, &crlf, &escaped, &with_certificate, file!("signing/rsa2048.pkcs1.pem"), file!("signing/rsa2048.pkcs8.pem")]
        {
            assert_eq!(DecryptionKey::from_pem(pem).map(|key| key.key_type()), Ok(KeyType::Rsa { bits: 2048 }), "{pem}");
        }
        let long = DecryptionKey::from_pem(file!("auth0/keys/sp-encrypt-rsa4096.key"));
        assert_eq!(long.map(|key| key.key_type()), Ok(KeyType::Rsa { bits: 4096 }));
    }

    #[test]
    fn what_is_no_key_to_decrypt_with_is_named() {
        use DecryptionKeyError as E;
        let two = format!("{KEY}\n{}", file!("auth0/keys/sp-encrypt-rsa4096.key"));
        let cut = KEY.replace("-----END", "");
        let not_rsa = |algorithm: &str| E::NotRsa { algorithm: algorithm.to_owned() };
        let swapped = {
            let body: String = KEY.lines().filter(|line| !line.starts_with("---")).collect();
            let mut der = decode_whitespace(&body).unwrap();
            let middle = der.len() / 2;
            der[middle] ^= 1;
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", crate::base64::encode(&der))
        };
        for (pem, error) in [
            (" \n", E::Empty),
            ("MIIEpAIBAAKCAQEA", E::NotPem),
            (file!("auth0/keys/sp-encrypt-rsa2048.pem"), E::Certificate),
            (file!("signing/refused-public-key.pem"), E::PublicKey),
            (file!("signing/refused-encrypted-pkcs8.pem"), E::Encrypted),
            (file!("signing/refused-encrypted-pkcs1.pem"), E::Encrypted),
            (file!("signing/refused-certificate-request.pem"), E::OtherBlock { label: Shown::new("CERTIFICATE REQUEST") }),
            (&two, E::SeveralKeys { count: 2 }),
            (&cut, E::Damaged { offset: 0 }),
            (file!("signing/refused-rsa1024.pem"), E::RsaTooShort { bits: 1024 }),
            (file!("signing/refused-rsa5120.pem"), E::RsaTooLong { bits: 5120 }),
            (file!("signing/p256.pkcs8.pem"), not_rsa("elliptic curve")),
            (file!("signing/p384.sec1.pem"), not_rsa("elliptic curve")),
            (file!("signing/ed25519.pkcs8.pem"), not_rsa("Ed25519")),
            (file!("signing/refused-p521.pem"), not_rsa("P-521")),
            (file!("signing/refused-ed448.pem"), not_rsa("Ed448")),
            (&swapped, malformed("its RSA numbers do not belong together")),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----",
                malformed("it is not built as PKCS #1 prescribes"),
            ),
        ] {
            assert_eq!(DecryptionKey::from_pem(pem).err(), Some(error), "{pem}");
        }
    }

    #[test]
    fn debug_shows_the_kind_and_nothing_else() {
        let key = DecryptionKey::from_pem(KEY).unwrap();
        assert_eq!(format!("{key:?}"), "DecryptionKey { key_type: Rsa { bits: 2048 }, .. }");
    }
}
