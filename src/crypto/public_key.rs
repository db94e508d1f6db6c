//! Public keys: from a SubjectPublicKeyInfo (RFC 5280 section 4.1) to a key that verifies signature values.
//!
//! In goes DER, exactly: what a key is must not depend on who reads it, so that BER, unused bits, negative or padded numbers and
//! octets behind the key are refused. Out comes the key, prepared by the backend. Which keys are taken is decided here, once and
//! for both backends; the one kind of key that only one of them has is P-521.
//!
//! # Not supported
//!
//! RSA below 2048 and above 8192 bits, curves other than P-256, P-384 and P-521, explicit curve parameters, compressed points, DSA,
//! and RSA keys that are marked for RSA-PSS (RFC 4055; an unmarked RSA key verifies RSA-PSS as well).

use std::fmt;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};
use x509_cert::der::oid::db::{DB, rfc5912, rfc8410};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::algorithm::{KeyFamily, SignatureAlgorithm, sha256_fingerprint};
use super::backend::{self, VerifyingKey};
use super::elements;
use crate::error::{CertificateError, Shown};

/// A public key of a supported kind.
#[derive(Clone)]
pub(super) struct PublicKey {
    kind: KeyType,
    key: VerifyingKey,
    spki_sha256: String,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo, and nothing behind it.
    ///
    /// # Errors
    ///
    /// What is wrong with the key, or why it cannot be used.
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, CertificateError> {
        let (kind, key) = judged(spki)?;
        Ok(Self { kind, key: VerifyingKey::new(kind.family(), key), spki_sha256: sha256_fingerprint(spki) })
    }

    pub(super) const fn kind(&self) -> KeyType {
        self.kind
    }

    /// The SHA-256 digest of the SubjectPublicKeyInfo, as fingerprints are written.
    pub(super) fn spki_sha256(&self) -> &str {
        &self.spki_sha256
    }

    /// Verifies a signature value over `message`: one public-key operation, or none if the key does not fit.
    pub(super) fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailure> {
        if algorithm.key_family() != self.kind.family() {
            return Err(VerifyFailure::KeyType);
        }
        if self.key.verifies(algorithm, message, signature) { Ok(()) } else { Err(VerifyFailure::Invalid) }
    }
}

/// The kind of a trusted key.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// RSA.
    Rsa {
        /// The length of the modulus, 2048 to 8192.
        bits: usize,
    },
    /// ECDSA on P-256 (secp256r1).
    P256,
    /// ECDSA on P-384 (secp384r1).
    P384,
    /// ECDSA on P-521 (secp521r1), which the feature `aws-lc-rs` verifies.
    P521,
    /// Ed25519.
    Ed25519,
}

impl KeyType {
    pub(crate) const fn family(self) -> KeyFamily {
        match self {
            Self::Rsa { .. } => KeyFamily::Rsa,
            Self::P256 => KeyFamily::P256,
            Self::P384 => KeyFamily::P384,
            Self::P521 => KeyFamily::P521,
            Self::Ed25519 => KeyFamily::Ed25519,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::P256 | Self::P384 | Self::P521 | Self::Ed25519 => self.family().fmt(f),
        }
    }
}

/// Why a key did not verify a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerifyFailure {
    /// The signature method takes keys of another kind.
    KeyType,
    /// The value is not this key's signature over the message.
    Invalid,
}

/// The kind of the key in a SubjectPublicKeyInfo, and the key as backends take it: a PKCS #1 `RSAPublicKey`, an uncompressed point, or
/// 32 bytes. What passes here is what both backends take.
pub(super) fn judged(spki: &[u8]) -> Result<(KeyType, &[u8]), CertificateError> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| malformed("it is no SubjectPublicKeyInfo in DER"))?;
    let key = info.subject_public_key.as_bytes().ok_or(malformed("its last byte has unused bits"))?;
    Ok((kind(info.algorithm, key)?, key))
}

/// The SubjectPublicKeyInfo that `element` is; of a PKCS #1 `RSAPublicKey` the one that holds it. Going by the tags: what is in
/// there is judged where the key is read.
pub(super) fn spki(element: &[u8]) -> Option<Vec<u8>> {
    match elements::within(element).iter().map(Tagged::tag).collect::<Vec<_>>().as_slice() {
        [Tag::Sequence, Tag::BitString] => Some(element.to_vec()),
        [Tag::Integer, Tag::Integer] => spki_of_pkcs1(element).ok(),
        _ => None,
    }
}

/// The SubjectPublicKeyInfo of an RSA key with these numbers, big-endian; zeros in front of them do not count.
pub(super) fn spki_of_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let key = || {
        let numbers = [UintRef::new(modulus)?.to_der()?, UintRef::new(exponent)?.to_der()?].concat();
        spki_of_pkcs1(&AnyRef::new(Tag::Sequence, &numbers)?.to_der()?)
    };
    key().map_err(|_| malformed("not an RSA modulus and exponent"))
}

/// The SubjectPublicKeyInfo of a point on the curve that the identifier names. XMLDSig 4.5.2.3.1.
pub(super) fn spki_of_point(curve: &str, point: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let named = curve.strip_prefix("urn:oid:").and_then(|numbers| ObjectIdentifier::new(numbers).ok());
    let unknown = || CertificateError::UnsupportedCurve { curve: Shown::new(curve).to_string() };
    let named = named.ok_or_else(unknown)?;
    let key = || {
        let algorithm = AlgorithmIdentifierRef { oid: ELLIPTIC_CURVE, parameters: Some((&named).into()) };
        SubjectPublicKeyInfoRef { algorithm, subject_public_key: BitStringRef::from_bytes(point)? }.to_der()
    };
    key().map_err(|_: der::Error| malformed("not a point of its curve"))
}

/// RFC 8017 appendix A.1: `rsaEncryption`, with NULL for parameters.
fn spki_of_pkcs1(key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key: BitStringRef::from_bytes(key)? }.to_der()
}

/// The kind of a key, whose parameters must be those of the kind.
fn kind(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<KeyType, CertificateError> {
    match algorithm.oid {
        RSA if algorithm.parameters.is_none_or(AnyRef::is_null) => rsa(key),
        RSA => Err(malformed("an RSA key has no parameters")),
        ELLIPTIC_CURVE => elliptic_curve(algorithm.parameters, key),
        ED25519 if algorithm.parameters.is_none() && key.len() == 32 => ed25519(key),
        ED25519 => Err(malformed("an Ed25519 key is 32 bytes without parameters")),
        other => Err(CertificateError::UnsupportedKey { algorithm: name_of(&other) }),
    }
}

/// RFC 8017 appendix A.1.1: a modulus and an exponent. NIST SP 800-131A: 2048 bits at least, counted exactly.
fn rsa(key: &[u8]) -> Result<KeyType, CertificateError> {
    let (modulus, exponent) = rsa_numbers(key).map_err(|_| malformed("not an RSA modulus and exponent"))?;
    let bits = bit_length(modulus);
    if bits < 2048 {
        return Err(CertificateError::RsaKeyTooShort { bits });
    }
    if bits > 8192 {
        return Err(CertificateError::RsaKeyTooLong { bits });
    }
    if is_even(modulus) {
        return Err(malformed("an even RSA modulus"));
    }
    if is_even(exponent) || !(2..=33).contains(&bit_length(exponent)) {
        return Err(malformed("an RSA exponent that is even, below 3 or above 33 bits"));
    }
    Ok(KeyType::Rsa { bits })
}

/// The modulus and the exponent of the RSA key in a SubjectPublicKeyInfo.
#[cfg(all(feature = "decrypt", feature = "test-idp"))]
pub(super) fn rsa_numbers_of(spki: &[u8]) -> Option<(&[u8], &[u8])> {
    let (kind, key) = judged(spki).ok()?;
    matches!(kind, KeyType::Rsa { .. }).then(|| rsa_numbers(key).ok())?
}

fn rsa_numbers(key: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(key)?;
    let numbers = reader.sequence(|content| {
        let modulus = UintRef::decode(content)?;
        let exponent = UintRef::decode(content)?;
        Ok::<_, der::Error>((modulus.as_bytes(), exponent.as_bytes()))
    })?;
    reader.finish()?;
    Ok(numbers)
}

/// RFC 5480: a named curve and an uncompressed point. Whether the point is on the curve, the backend finds out: with one that is
/// not, nothing verifies.
fn elliptic_curve(parameters: Option<AnyRef<'_>>, point: &[u8]) -> Result<KeyType, CertificateError> {
    let curve = match parameters.map(AnyRef::decode_as) {
        Some(Ok(curve)) => curve,
        Some(Err(_)) => return Err(CertificateError::UnsupportedCurve { curve: "explicit parameters".to_owned() }),
        None => return Err(malformed("an elliptic curve key names no curve")),
    };
    let (key_type, length) = match curve {
        P256 => (KeyType::P256, 65),
        P384 => (KeyType::P384, 97),
        P521 if backend::VERIFIES_P521 => (KeyType::P521, 133),
        P521 => return Err(CertificateError::CurveNeedsFeature { curve: "P-521", feature: backend::P521_FEATURE }),
        other => return Err(CertificateError::UnsupportedCurve { curve: name_of(&other) }),
    };
    match point {
        [2 | 3, ..] => Err(malformed("its point is compressed")),
        [4, ..] if point.len() == length => Ok(key_type),
        _ => Err(malformed("not a point of its curve")),
    }
}

/// RFC 8032 sections 5.1.3 and 5.1.5: a number below the prime, and not of an order that divides the cofactor, for which signatures
/// need no private key. Whether it is a point, the backend finds out: with one that is not, nothing verifies.
fn ed25519(point: &[u8]) -> Result<KeyType, CertificateError> {
    /// The y coordinates of the four points of order 8, twice two.
    const OF_ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF, 0xAC,
            0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20, 0x53,
            0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ];
    let mut y = point.to_vec();
    if let Some(last) = y.last_mut() {
        *last &= 0x7F; // less the sign of x
    }
    let is_weak = match y.as_slice() {
        [0 | 1, middle @ .., 0] => middle.iter().all(|octet| *octet == 0),
        // The prime less one, the prime, and one more: -1, and another form of 0 and 1.
        [0xEC..=0xEE, middle @ .., 0x7F] => middle.iter().all(|octet| *octet == 0xFF),
        y => OF_ORDER_8.iter().any(|weak| weak == y),
    };
    if is_weak {
        return Err(malformed("an Ed25519 point of small order, for which anybody can sign"));
    }
    match y.as_slice() {
        [0xED..=0xFF, middle @ .., 0x7F] if middle.iter().all(|octet| *octet == 0xFF) => {
            Err(malformed("an Ed25519 number above the prime"))
        }
        _ => Ok(KeyType::Ed25519),
    }
}

/// Big-endian numbers without leading zeros.
pub(super) fn bit_length(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or(0))
}

pub(super) fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|byte| byte % 2 == 0)
}

/// A familiar name, or the dotted numbers.
pub(super) fn name_of(oid: &ObjectIdentifier) -> String {
    let familiar = NAMES.iter().find(|(known, _)| known == oid).map(|(_, name)| *name);
    let registered = || DB.by_oid(oid).map(|name| name.strip_prefix("id-").unwrap_or(name));
    familiar.or_else(registered).map_or_else(|| oid.to_string(), str::to_owned)
}

const fn malformed(reason: &'static str) -> CertificateError {
    CertificateError::MalformedKey { reason }
}

pub(super) const RSA: ObjectIdentifier = rfc5912::RSA_ENCRYPTION;
pub(super) const ELLIPTIC_CURVE: ObjectIdentifier = rfc5912::ID_EC_PUBLIC_KEY;
pub(super) const ED25519: ObjectIdentifier = rfc8410::ID_ED_25519;
pub(super) const P256: ObjectIdentifier = rfc5912::SECP_256_R_1;
pub(super) const P384: ObjectIdentifier = rfc5912::SECP_384_R_1;
const P521: ObjectIdentifier = rfc5912::SECP_521_R_1;

/// Names where the library's table has none, or one that nobody uses.
const NAMES: [(ObjectIdentifier, &str); 7] = [
    (rfc5912::ID_RSASSA_PSS, "RSA-PSS"),
    (rfc5912::ID_DSA, "DSA"),
    (P521, "P-521"),
    (rfc5912::SECP_224_R_1, "P-224"),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), "P-192"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), "ecdsa-with-SHA1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// DER of an RSA public key with these numbers, the modulus given by its length and its first and last byte.
    fn rsa_key((length, first, last): (usize, u8, u8), exponent: &[u8]) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let padded = if number.first().is_some_and(|byte| *byte >= 0x80) { [&[0], number].concat() } else { number.to_vec() };
            der(2, &padded)
        };
        let modulus: Vec<u8> = (1..=length)
            .map(|index| {
                if index == 1 {
                    first
                } else if index == length {
                    last
                } else {
                    0xA5
                }
            })
            .collect();
        der(0x30, &[integer(&modulus), integer(exponent)].concat())
    }

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        AnyRef::new(Tag::from_der(&[tag]).unwrap(), content).unwrap().to_der().unwrap()
    }

    #[test]
    fn rsa_keys_are_judged_bit_by_bit() {
        let modulus = Err(malformed("an even RSA modulus"));
        let exponent = Err(malformed("an RSA exponent that is even, below 3 or above 33 bits"));
        for (number, e, outcome) in [
            ((256, 0x80, 1), &[1, 0, 1][..], Ok(KeyType::Rsa { bits: 2048 })),
            ((256, 0x7F, 1), &[1, 0, 1], Err(CertificateError::RsaKeyTooShort { bits: 2047 })),
            ((257, 0x01, 1), &[1, 0, 1], Ok(KeyType::Rsa { bits: 2049 })),
            ((1024, 0xFF, 1), &[1, 0, 1], Ok(KeyType::Rsa { bits: 8192 })),
            ((1025, 0x01, 1), &[1, 0, 1], Err(CertificateError::RsaKeyTooLong { bits: 8193 })),
            ((256, 0x80, 2), &[1, 0, 1], modulus),
            ((256, 0x80, 1), &[3], Ok(KeyType::Rsa { bits: 2048 })),
            ((256, 0x80, 1), &[1, 0xFF, 0xFF, 0xFF, 0xFF], Ok(KeyType::Rsa { bits: 2048 })),
            ((256, 0x80, 1), &[1], exponent.clone()),
            ((256, 0x80, 1), &[0], exponent.clone()),
            ((256, 0x80, 1), &[4], exponent.clone()),
            ((256, 0x80, 1), &[3, 0xFF, 0xFF, 0xFF, 0xFF], exponent),
        ] {
            assert_eq!(rsa(&rsa_key(number, e)), outcome, "{number:?} {e:?}");
        }
        let numbers = Err(malformed("not an RSA modulus and exponent"));
        let good = rsa_key((256, 0x80, 1), &[3]);
        assert_eq!(rsa(&[&good[..], &[0]].concat()), numbers);
        assert_eq!(rsa(&good[..good.len() - 1]), numbers);
        assert_eq!(rsa(&der(0x30, &[2, 1, 3])), numbers);
        assert_eq!(rsa(&der(0x30, &[2, 1, 0x80, 2, 1, 3])), numbers, "a negative modulus");
        assert_eq!(rsa(&[]), numbers);
    }

    #[test]
    fn key_parameters_must_be_those_of_the_kind() {
        let info = |der: Vec<u8>| PublicKey::from_spki(&der).map(|key| key.kind());
        let build = |algorithm: &[u8], key: &[u8]| der(0x30, &[der(0x30, algorithm), der(3, &[&[0], key].concat())].concat());
        let rsa_oid = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1][..];
        let ed25519_oid = &[6, 3, 0x2B, 0x65, 0x70][..];
        let ec_oid = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1][..];
        let p256_oid = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7][..];
        let p384_oid = &[6, 5, 0x2B, 0x81, 4, 0, 0x22][..];
        let null = &[5, 0][..];
        let rsa_key = rsa_key((256, 0x80, 1), &[3]);
        let point = [&[4][..], &[7; 96]].concat();
        let ed25519 = Err(malformed("an Ed25519 key is 32 bytes without parameters"));
        /// 2²⁵⁵ - 1 less some, so that it is the prime and some more, with either sign.
        fn above_the_prime(least_and_sign: u8) -> Vec<u8> {
            let mut number = vec![0xFF; 32];
            number[0] = 0xED + (least_and_sign & 0x7F);
            number[31] = 0x7F | (least_and_sign & 0x80);
            number
        }
        /// Begins and ends as a number of small order or above the prime does, and is neither.
        fn between(least: u8, greatest: u8) -> Vec<u8> {
            [&[least][..], &[7; 30], &[greatest]].concat()
        }
        for (algorithm, key, outcome) in [
            ([rsa_oid, null], &rsa_key[..], Ok(KeyType::Rsa { bits: 2048 })),
            ([rsa_oid, &[]], &rsa_key, Ok(KeyType::Rsa { bits: 2048 })),
            ([rsa_oid, &[2, 1, 1]], &rsa_key, Err(malformed("an RSA key has no parameters"))),
            ([ed25519_oid, &[]], &[7; 32], Ok(KeyType::Ed25519)),
            ([ed25519_oid, null], &[7; 32], ed25519.clone()),
            ([ed25519_oid, &[]], &[7; 31], ed25519),
            ([ed25519_oid, &[]], &above_the_prime(0x12), Err(malformed("an Ed25519 number above the prime"))),
            ([ed25519_oid, &[]], &above_the_prime(0x92), Err(malformed("an Ed25519 number above the prime"))),
            ([ed25519_oid, &[]], &between(0xFF, 0x7F), Ok(KeyType::Ed25519)),
            ([ed25519_oid, &[]], &between(0xEC, 0xFF), Ok(KeyType::Ed25519)),
            ([ed25519_oid, &[]], &between(1, 0x80), Ok(KeyType::Ed25519)),
            ([ec_oid, p256_oid], &point[..65], Ok(KeyType::P256)),
            ([ec_oid, p384_oid], &point, Ok(KeyType::P384)),
            ([ec_oid, p384_oid], &point[..65], Err(malformed("not a point of its curve"))),
            ([ec_oid, p256_oid], &point, Err(malformed("not a point of its curve"))),
            ([ec_oid, p256_oid], &[0], Err(malformed("not a point of its curve"))),
            ([ec_oid, &[]], &point[..65], Err(malformed("an elliptic curve key names no curve"))),
            ([ec_oid, null], &point[..65], Err(CertificateError::UnsupportedCurve { curve: "explicit parameters".to_owned() })),
            ([&[6, 3, 0x2A, 3, 4], &[]], &[0], Err(CertificateError::UnsupportedKey { algorithm: "1.2.3.4".to_owned() })),
        ] {
            assert_eq!(info(build(&algorithm.concat(), key)), outcome, "{algorithm:02X?}");
        }
        let unused_bits = der(0x30, &[der(0x30, ed25519_oid), der(3, &[&[1][..], &[2; 32]].concat())].concat());
        assert_eq!(info(unused_bits), Err(malformed("its last byte has unused bits")));
    }
}
