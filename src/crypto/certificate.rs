//! Trusted certificates: from what someone configured to keys that verify signatures.
//!
//! In goes PEM, DER or base64, in any of the shapes that dashboards, files and environment variables give it; out come
//! [`TrustedKeys`], parsed once, whose keys fit a signature method or do not. A certificate is a container for a key and for
//! what people want to see of it (SAML Metadata Interoperability Profile 1.0): its signature, its issuer and its extensions
//! have no say, and its validity is only reported.
//!
//! # Not supported
//!
//! Certificate chains, RSA below 2048 and above 8192 bits, curves other than P-256 and P-384, explicit curve parameters,
//! compressed points, DSA, and RSA keys that are marked for RSA-PSS (RFC 4055; an unmarked RSA key verifies RSA-PSS as well).

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::signature::UnparsedPublicKey;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::oid::db::DB;
use x509_cert::der::{Decode, ErrorKind, Reader, SliceReader, Tag, Tagged};
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time;

use super::algorithm::{KeyFamily, SignatureAlgorithm, colon_hex, sha1_fingerprint, sha256_fingerprint};
use super::{pem, refused_value};
use crate::error::{CertificateError, Shown, SignatureError};

/// The certificates whose keys may sign for an identity provider: at least one, at most 16.
///
/// Several, while the identity provider changes from one key to the next: each message may be signed with any of them.
///
/// ```
/// use saml_verify::TrustedKeys;
///
/// # let pem = include_str!("../../testdata/auth0/keys/formats/lf.pem");
/// let keys = TrustedKeys::from_pem(pem)?;
/// for certificate in keys.iter() {
///     println!("{} {} {}", certificate.subject(), certificate.key_type(), certificate.sha256_fingerprint());
/// }
/// # Ok::<(), saml_verify::CertificateError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKeys(Vec<Certificate>);

impl TrustedKeys {
    /// How many certificates may be trusted at once: a wrong signature costs one key operation for each.
    pub const MAXIMUM: usize = 16;

    /// Reads every certificate in `input`; a certificate that occurs twice counts once.
    ///
    /// Takes PEM with any line ends, line lengths, indentation and text around it; PEM on one line, or with its line ends
    /// written as `\n`; base64 without armor, as in metadata; and DER. Other PEM blocks beside a certificate are not read.
    ///
    /// **Each** certificate is trusted to sign messages by itself. A file with a chain in it would trust the authorities above
    /// the identity provider as well: leave only the identity provider's own.
    ///
    /// # Errors
    ///
    /// A [`CertificateError`] if one certificate is damaged or has a key that cannot be used, if there is none, or if there
    /// are more than [`TrustedKeys::MAXIMUM`].
    pub fn from_pem(input: impl AsRef<[u8]>) -> Result<Self, CertificateError> {
        let found = pem::certificates(input.as_ref())?;
        let mut certificates = Vec::with_capacity(found.len());
        for (position, der) in (1..).zip(&found) {
            certificates.push(Certificate::from_der(der).map_err(|reason| among(position, found.len(), der, reason))?);
        }
        Self::new(certificates)
    }

    /// One certificate alone.
    pub(crate) fn of(certificate: Certificate) -> Self {
        Self(vec![certificate])
    }

    /// The key of a DER SubjectPublicKeyInfo, without a certificate.
    #[cfg(feature = "internals")]
    pub(crate) fn from_public_key(spki: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self(vec![Certificate::from_public_key(spki)?]))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// These certificates and those: the current ones and the next ones, from two files.
    ///
    /// # Errors
    ///
    /// [`CertificateError::TooMany`] if there are more than [`TrustedKeys::MAXIMUM`].
    pub fn and(self, other: Self) -> Result<Self, CertificateError> {
        Self::new(self.0.into_iter().chain(other.0))
    }

    /// The certificates, in the order in which they were given.
    pub fn iter(&self) -> std::slice::Iter<'_, Certificate> {
        self.0.iter()
    }

    /// Verifies a signature value against each key that fits the method, and answers with the place of the one that made it.
    /// XMLDSig 3.2.2.
    ///
    /// `shown` are the certificates that the message shows, as texts, for the error alone.
    ///
    /// # Errors
    ///
    /// That none made it, in the words that tell most.
    pub(crate) fn verify(
        &self,
        method: SignatureAlgorithm,
        message: &[u8],
        value: &[u8],
        shown: impl FnOnce() -> Vec<String>,
    ) -> Result<usize, SignatureError> {
        let mut fits = false;
        for (place, certificate) in self.iter().enumerate() {
            match certificate.verify(method, message, value) {
                Ok(()) => return Ok(place),
                Err(VerifyFailure::KeyType) => {}
                Err(VerifyFailure::Invalid) => fits = true,
            }
        }
        Err(if fits { refused_value::reason(self, method, value, &shown()) } else { self.unfit(method) })
    }

    fn unfit(&self, method: SignatureAlgorithm) -> SignatureError {
        let trusted = self.iter().map(|certificate| certificate.key_type().to_string()).collect();
        SignatureError::KeyTypeMismatch { method: method.name(), trusted, clues: Box::default() }
    }

    fn new(certificates: impl IntoIterator<Item = Certificate>) -> Result<Self, CertificateError> {
        certificates.into_iter().collect::<Self>().within_maximum()
    }

    /// The same keys, if they are few enough to try each of them on a message.
    pub(crate) fn within_maximum(self) -> Result<Self, CertificateError> {
        if self.len() > Self::MAXIMUM {
            return Err(CertificateError::TooMany { maximum: Self::MAXIMUM });
        }
        Ok(self)
    }
}

/// Certificates that were picked one by one; one that occurs twice counts once.
///
/// None, or more than [`TrustedKeys::MAXIMUM`], are found by [`IdentityProvider::new`](crate::IdentityProvider::new).
///
/// ```
/// # let pem = include_str!("../../testdata/auth0/keys/formats/lf.pem");
/// # let now = std::time::SystemTime::UNIX_EPOCH;
/// use saml_verify::TrustedKeys;
///
/// let all = TrustedKeys::from_pem(pem)?;
/// let not_expired: TrustedKeys = all.into_iter().filter(|certificate| now <= certificate.not_after()).collect();
/// # assert_eq!(not_expired.len(), 1);
/// # Ok::<(), saml_verify::CertificateError>(())
/// ```
impl FromIterator<Certificate> for TrustedKeys {
    fn from_iter<I: IntoIterator<Item = Certificate>>(certificates: I) -> Self {
        let mut keys = Self(Vec::new());
        keys.extend(certificates);
        keys
    }
}

/// More certificates, as for [`FromIterator`].
impl Extend<Certificate> for TrustedKeys {
    fn extend<I: IntoIterator<Item = Certificate>>(&mut self, certificates: I) {
        for certificate in certificates {
            if !self.0.contains(&certificate) {
                self.0.push(certificate);
            }
        }
    }
}

impl IntoIterator for TrustedKeys {
    type Item = Certificate;
    type IntoIter = std::vec::IntoIter<Certificate>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a TrustedKeys {
    type Item = &'a Certificate;
    type IntoIter = std::slice::Iter<'a, Certificate>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// A trusted certificate. Cheap to clone; two are equal if they are the same certificate, byte for byte.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    subject: String,
    issuer: String,
    serial: String,
    signature_algorithm: String,
    not_before: SystemTime,
    not_after: SystemTime,
    sha256: String,
    sha1: String,
    key_type: KeyType,
    /// As ring takes it: PKCS #1 `RSAPublicKey`, an uncompressed point, or 32 bytes.
    key: Vec<u8>,
}

impl Certificate {
    /// Reads one certificate, and nothing behind it.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        one_element(der)?;
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| pem::other_than_certificate(der))?;
        let content = parsed.tbs_certificate();
        let (key_type, key) = read_key(content.subject_public_key_info())?;
        Ok(Self(Arc::new(Inner {
            subject: content.subject().to_string(),
            issuer: content.issuer().to_string(),
            serial: colon_hex(content.serial_number().as_bytes()).replace(':', ""),
            signature_algorithm: name_of(&parsed.signature_algorithm().oid),
            not_before: system_time(content.validity().not_before)?,
            not_after: system_time(content.validity().not_after)?,
            sha256: sha256_fingerprint(der),
            sha1: sha1_fingerprint(der),
            key_type,
            key,
        })))
    }

    /// A key without a certificate: vectors of other projects come so.
    #[cfg(feature = "internals")]
    pub(crate) fn from_public_key(spki: &[u8]) -> Result<Self, CertificateError> {
        let info = SubjectPublicKeyInfoOwned::from_der(spki).map_err(|_| malformed("it is no SubjectPublicKeyInfo"))?;
        let (key_type, key) = read_key(&info)?;
        let nothing = String::new;
        Ok(Self(Arc::new(Inner {
            subject: nothing(),
            issuer: nothing(),
            serial: nothing(),
            signature_algorithm: nothing(),
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            sha256: sha256_fingerprint(spki),
            sha1: sha1_fingerprint(spki),
            key_type,
            key,
        })))
    }

    /// Whom the certificate names, as in RFC 4514: `CN=acme.us.auth0.com`.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Who issued it, as in RFC 4514. Equal to the subject for most identity providers.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The serial number in upper-case hexadecimal.
    pub fn serial_hex(&self) -> &str {
        &self.0.serial
    }

    /// The kind and size of its key.
    pub fn key_type(&self) -> KeyType {
        self.0.key_type
    }

    /// The first moment at which it is valid.
    pub fn not_before(&self) -> SystemTime {
        self.0.not_before
    }

    /// The last moment at which it is valid.
    pub fn not_after(&self) -> SystemTime {
        self.0.not_after
    }

    /// The SHA-256 digest of the certificate, in upper-case hexadecimal with colons.
    pub fn sha256_fingerprint(&self) -> &str {
        &self.0.sha256
    }

    /// The SHA-1 digest of the certificate, in the same form: to find it where nothing better is shown. Not for comparing.
    pub fn sha1_fingerprint(&self) -> &str {
        &self.0.sha1
    }

    /// The algorithm of the signature on the certificate itself. It has no influence on messages.
    pub fn signature_algorithm_name(&self) -> &str {
        &self.0.signature_algorithm
    }

    /// Whether both hold the same key: a renewed certificate does.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        (self.0.key_type, &self.0.key) == (other.0.key_type, &other.0.key)
    }

    /// Verifies a signature value over `message`: one public-key operation, or none if the key does not fit.
    ///
    /// XMLDSig 1.1 section 6.4. ring wants RSA values as long as the modulus and ECDSA values as `r || s` of fixed length; it
    /// rebuilds the whole padded block for PKCS #1 v1.5 (RFC 8017 section 8.2.2).
    pub(crate) fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailure> {
        if algorithm.key_family() != self.0.key_type.family() {
            return Err(VerifyFailure::KeyType);
        }
        UnparsedPublicKey::new(algorithm.verification(), &self.0.key)
            .verify(message, signature)
            .map_err(|_| VerifyFailure::Invalid)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.sha256 == other.0.sha256
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, SHA-256 {})", self.0.key_type, self.0.sha256)
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
    /// Ed25519.
    Ed25519,
}

impl KeyType {
    pub(crate) const fn family(self) -> KeyFamily {
        match self {
            Self::Rsa { .. } => KeyFamily::Rsa,
            Self::P256 => KeyFamily::P256,
            Self::P384 => KeyFamily::P384,
            Self::Ed25519 => KeyFamily::Ed25519,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::P256 | Self::P384 | Self::Ed25519 => self.family().fmt(f),
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

/// Requires a SEQUENCE that ends where `der` ends.
fn one_element(der: &[u8]) -> Result<(), CertificateError> {
    match AnyRef::from_der_partial(der) {
        Ok((element, [])) if element.tag() == Tag::Sequence => Ok(()),
        Ok((element, behind)) if element.tag() == Tag::Sequence => Err(CertificateError::TrailingData { bytes: behind.len() }),
        Err(error) if matches!(error.kind(), ErrorKind::Incomplete { .. }) => Err(CertificateError::Truncated),
        _ => Err(CertificateError::Malformed),
    }
}

/// The key of a certificate in the form that ring takes. What ring would refuse at each verification is refused here, once.
fn read_key(info: &SubjectPublicKeyInfoOwned) -> Result<(KeyType, Vec<u8>), CertificateError> {
    let key = info.subject_public_key.as_bytes().ok_or(malformed("its last byte has unused bits"))?;
    let parameters = info.algorithm.parameters.as_ref();
    let key_type = match info.algorithm.oid {
        RSA if parameters.is_none_or(|parameters| parameters.tag() == Tag::Null) => rsa(key)?,
        RSA => return Err(malformed("an RSA key has no parameters")),
        ELLIPTIC_CURVE => elliptic_curve(parameters.map(AnyRef::from), key)?,
        ED25519 if parameters.is_none() && key.len() == 32 => ed25519(key)?,
        ED25519 => return Err(malformed("an Ed25519 key is 32 bytes without parameters")),
        other => return Err(CertificateError::UnsupportedKey { algorithm: name_of(&other) }),
    };
    Ok((key_type, key.to_vec()))
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

fn rsa_numbers(key: &[u8]) -> x509_cert::der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(key)?;
    let numbers = reader.sequence(|content| {
        let modulus = UintRef::decode(content)?;
        let exponent = UintRef::decode(content)?;
        Ok::<_, x509_cert::der::Error>((modulus.as_bytes(), exponent.as_bytes()))
    })?;
    reader.finish()?;
    Ok(numbers)
}

/// RFC 5480: a named curve and an uncompressed point. Whether the point is on the curve, ring checks at each verification.
fn elliptic_curve(parameters: Option<AnyRef<'_>>, point: &[u8]) -> Result<KeyType, CertificateError> {
    let curve = match parameters.map(|parameters| parameters.decode_as::<ObjectIdentifier>()) {
        Some(Ok(curve)) => curve,
        Some(Err(_)) => return Err(CertificateError::UnsupportedCurve { curve: "explicit parameters".to_owned() }),
        None => return Err(malformed("an elliptic curve key names no curve")),
    };
    let (key_type, length) = match curve {
        P256 => (KeyType::P256, 65),
        P384 => (KeyType::P384, 97),
        other => return Err(CertificateError::UnsupportedCurve { curve: name_of(&other) }),
    };
    match point {
        [2 | 3, ..] => Err(malformed("its point is compressed")),
        [4, ..] if point.len() == length => Ok(key_type),
        _ => Err(malformed("not a point of its curve")),
    }
}

/// RFC 8032 section 5.1.5. Whether it is a point, ring checks at each verification; that its order is not one of the cofactor's
/// divisors, for which signatures need no private key, it does not.
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
    if is_weak { Err(malformed("an Ed25519 point of small order, for which anybody can sign")) } else { Ok(KeyType::Ed25519) }
}

/// Big-endian numbers without leading zeros.
pub(super) fn bit_length(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or(0))
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|byte| byte % 2 == 0)
}

/// Says which certificate is at fault, where there are several.
fn among(position: usize, count: usize, der: &[u8], reason: CertificateError) -> CertificateError {
    if count == 1 {
        return reason;
    }
    let parsed = x509_cert::Certificate::from_der(der).ok();
    let subject = parsed.map(|parsed| Shown::new(&parsed.tbs_certificate().subject().to_string()));
    CertificateError::OneOfSeveral { position, count, subject, reason: Box::new(reason) }
}

fn system_time(time: Time) -> Result<SystemTime, CertificateError> {
    UNIX_EPOCH.checked_add(time.to_unix_duration()).ok_or(CertificateError::Malformed)
}

/// A familiar name, or the dotted numbers.
pub(super) fn name_of(oid: &ObjectIdentifier) -> String {
    let familiar = NAMES.iter().find(|(known, _)| known == oid).map(|(_, name)| *name);
    familiar.or_else(|| DB.by_oid(oid)).map_or_else(|| oid.to_string(), str::to_owned)
}

const fn malformed(reason: &'static str) -> CertificateError {
    CertificateError::MalformedKey { reason }
}

pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// Names for what is refused, where the general table has none or one that nobody uses.
const NAMES: [(ObjectIdentifier, &str); 7] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"), "RSA-PSS"),
    (ObjectIdentifier::new_unwrap("1.2.840.10040.4.1"), "DSA"),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "Ed448"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "P-521"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), "P-224"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "brainpoolP256r1"),
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ::base64::Engine;
    use ::base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::error::FoundInstead;

    const CURRENT: &str = include_str!("../../testdata/auth0/keys/formats/lf.pem");
    const DER: &[u8] = include_bytes!("../../testdata/auth0/keys/formats/certificate.cer");
    const MESSAGE: &[u8] = b"saml-verify";

    macro_rules! verify_key {
        ($name:literal) => {
            only(include_str!(concat!("../../testdata/keys/verify/", $name, ".pem")))
        };
    }

    macro_rules! verify_value {
        ($name:literal) => {
            STANDARD.decode(include_str!(concat!("../../testdata/keys/verify/", $name, ".b64")).trim()).unwrap()
        };
    }

    macro_rules! refused {
        ($name:literal) => {
            TrustedKeys::from_pem(include_str!(concat!("../../testdata/keys/refused/", $name, ".pem")))
        };
    }

    fn only(pem: &str) -> Certificate {
        let keys = TrustedKeys::from_pem(pem).unwrap();
        assert_eq!(keys.iter().count(), 1);
        keys.iter().next().unwrap().clone()
    }

    /// The same certificate with another signature on it, which nobody looks at.
    fn variant(index: u8) -> Vec<u8> {
        let mut der = DER.to_vec();
        *der.last_mut().unwrap() ^= index;
        der
    }

    fn variants(count: u8) -> TrustedKeys {
        let mut variants = (0..count).map(|index| TrustedKeys::from_pem(variant(index)).unwrap());
        let first = variants.next().unwrap();
        variants.fold(first, |all, next| all.and(next).unwrap())
    }

    #[test]
    fn what_a_certificate_tells() {
        let certificate = only(include_str!("../../testdata/keys/verify/rsa.pem"));
        assert_eq!(certificate.subject(), "CN=sign \\+1,O=Acme\\, Inc.,C=DE");
        assert_eq!(certificate.issuer(), certificate.subject());
        assert_eq!(certificate.serial_hex(), "0A1B2C");
        assert_eq!(certificate.key_type(), KeyType::Rsa { bits: 2048 });
        assert_eq!(certificate.signature_algorithm_name(), "sha256WithRSAEncryption");

        let current = only(CURRENT);
        assert_eq!(current.subject(), "CN=acme-dev.us.auth0.com");
        assert_eq!(current.sha256_fingerprint(), include_str!("../../testdata/auth0/keys/formats/fingerprint-sha256.txt").trim());
        assert_eq!(current.sha1_fingerprint(), include_str!("../../testdata/auth0/keys/formats/fingerprint-sha1.txt").trim());
        assert_eq!(current.not_before(), UNIX_EPOCH + Duration::from_secs(1_795_471_679)); // 2026-11-23T22:07:59Z
        assert_eq!(current.not_after(), UNIX_EPOCH + Duration::from_secs(2_227_471_679)); // 2040-08-01T22:07:59Z
    }

    #[test]
    fn key_types_are_told_apart() {
        for (pem, key_type, shown) in [
            (include_str!("../../testdata/auth0/keys/idp-rsa2048.pem"), KeyType::Rsa { bits: 2048 }, "RSA-2048"),
            (include_str!("../../testdata/auth0/keys/idp-rsa3072.pem"), KeyType::Rsa { bits: 3072 }, "RSA-3072"),
            (include_str!("../../testdata/auth0/keys/idp-rsa4096.pem"), KeyType::Rsa { bits: 4096 }, "RSA-4096"),
            (include_str!("../../testdata/auth0/keys/idp-expired-rsa2048.pem"), KeyType::Rsa { bits: 2048 }, "RSA-2048"),
            (include_str!("../../testdata/attacks/certs/idp-e3.pem"), KeyType::Rsa { bits: 2048 }, "RSA-2048"),
            (include_str!("../../testdata/attacks/certs/idp-future.pem"), KeyType::Rsa { bits: 2048 }, "RSA-2048"),
            (include_str!("../../testdata/attacks/certs/idp-ec.pem"), KeyType::P256, "P-256"),
            (include_str!("../../testdata/auth0/keys/idp-ec-p256.pem"), KeyType::P256, "P-256"),
            (include_str!("../../testdata/keys/verify/p384.pem"), KeyType::P384, "P-384"),
            (include_str!("../../testdata/attacks/certs/idp-ed25519.pem"), KeyType::Ed25519, "Ed25519"),
        ] {
            let certificate = only(pem);
            assert_eq!((certificate.key_type(), certificate.key_type().to_string().as_str()), (key_type, shown));
        }
    }

    #[test]
    fn keys_that_cannot_be_used_say_why() {
        let curve = |curve: &str| CertificateError::UnsupportedCurve { curve: curve.to_owned() };
        let key = |algorithm: &str| CertificateError::UnsupportedKey { algorithm: algorithm.to_owned() };
        let attack = TrustedKeys::from_pem(include_str!("../../testdata/attacks/certs/idp-1024.pem"));
        for (outcome, error) in [
            (attack, CertificateError::RsaKeyTooShort { bits: 1024 }),
            (refused!("rsa-1024"), CertificateError::RsaKeyTooShort { bits: 1024 }),
            (refused!("rsa-2047"), CertificateError::RsaKeyTooShort { bits: 2047 }),
            (refused!("rsa-8200"), CertificateError::RsaKeyTooLong { bits: 8200 }),
            (refused!("secp521r1"), curve("P-521")),
            (refused!("secp224r1"), curve("P-224")),
            (refused!("secp256k1"), curve("secp256k1")),
            (refused!("brainpoolP256r1"), curve("brainpoolP256r1")),
            (refused!("explicit-parameters"), curve("explicit parameters")),
            (refused!("compressed-point"), CertificateError::MalformedKey { reason: "its point is compressed" }),
            (refused!("rsa-pss-key"), key("RSA-PSS")),
            (refused!("dsa"), key("DSA")),
            (refused!("ed448"), key("Ed448")),
        ] {
            assert_eq!(outcome, Err(error));
        }
    }

    /// DER of an RSA public key with these numbers, the modulus given by its length and its first and last byte.
    fn rsa_key((length, first, last): (usize, u8, u8), exponent: &[u8]) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let padded = if number.first().is_some_and(|byte| *byte >= 0x80) { [&[0], number].concat() } else { number.to_vec() };
            element(2, &padded)
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
        element(0x30, &[integer(&modulus), integer(exponent)].concat())
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let header = match content.len() {
            0..0x80 => vec![tag, length[1]],
            0x80..0x100 => vec![tag, 0x81, length[1]],
            _ => vec![tag, 0x82, length[0], length[1]],
        };
        [&header, content].concat()
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
        assert_eq!(rsa(&element(0x30, &[2, 1, 3])), numbers);
        assert_eq!(rsa(&element(0x30, &[2, 1, 0x80, 2, 1, 3])), numbers, "a negative modulus");
        assert_eq!(rsa(&[]), numbers);
    }

    #[test]
    fn key_parameters_must_be_those_of_the_kind() {
        let info = |der: Vec<u8>| read_key(&SubjectPublicKeyInfoOwned::from_der(&der).unwrap()).map(|(key_type, _)| key_type);
        let build =
            |algorithm: &[u8], key: &[u8]| element(0x30, &[element(0x30, algorithm), element(3, &[&[0], key].concat())].concat());
        let rsa_oid = &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1][..];
        let ed25519_oid = &[6, 3, 0x2B, 0x65, 0x70][..];
        let ec_oid = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1][..];
        let p256_oid = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7][..];
        let p384_oid = &[6, 5, 0x2B, 0x81, 4, 0, 0x22][..];
        let null = &[5, 0][..];
        let rsa_key = rsa_key((256, 0x80, 1), &[3]);
        let point = [&[4][..], &[7; 96]].concat();
        let ed25519 = Err(malformed("an Ed25519 key is 32 bytes without parameters"));
        for (algorithm, key, outcome) in [
            ([rsa_oid, null], &rsa_key[..], Ok(KeyType::Rsa { bits: 2048 })),
            ([rsa_oid, &[]], &rsa_key, Ok(KeyType::Rsa { bits: 2048 })),
            ([rsa_oid, &[2, 1, 1]], &rsa_key, Err(malformed("an RSA key has no parameters"))),
            ([ed25519_oid, &[]], &[7; 32], Ok(KeyType::Ed25519)),
            ([ed25519_oid, null], &[7; 32], ed25519.clone()),
            ([ed25519_oid, &[]], &[7; 31], ed25519),
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
        let unused_bits = element(0x30, &[element(0x30, ed25519_oid), element(3, &[&[1][..], &[2; 32]].concat())].concat());
        assert_eq!(info(unused_bits), Err(malformed("its last byte has unused bits")));
    }

    #[test]
    fn der_is_one_certificate_and_nothing_else() {
        assert!(TrustedKeys::from_pem(DER).is_ok());
        let behind = [DER, b"\0\0"].concat();
        let armored =
            |der: &[u8]| format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", STANDARD.encode(der)).into_bytes();
        let mut broken = DER.to_vec();
        broken[4] = 0x31; // the content is a SET
        // The length in more bytes than it needs.
        let long = [&[0x30, 0x83, 0], &DER[2..]].concat();
        let trusted = include_str!("../../testdata/keys/verify/trusted-certificate.pem");
        assert!(TrustedKeys::from_pem(trusted).is_ok());
        for (input, error) in [
            (behind.clone(), CertificateError::TrailingData { bytes: 2 }),
            (armored(&behind), CertificateError::TrailingData { bytes: 2 }),
            (trusted.replace("TRUSTED ", "").into_bytes(), CertificateError::TrailingData { bytes: 23 }),
            ([DER, DER].concat(), CertificateError::TrailingData { bytes: DER.len() }),
            (DER[..DER.len() - 1].to_vec(), CertificateError::Truncated),
            (DER[..4].to_vec(), CertificateError::Truncated),
            (broken, CertificateError::Malformed),
            (vec![0x30, 0x80, 0, 0], CertificateError::Malformed), // of indefinite length, as in BER
            (armored(&[0x31, 3, 2, 1, 3]), CertificateError::Malformed), // a SET, of what a PKCS #12 file starts with
            (armored(&[5, 0, 0]), CertificateError::Malformed),
            (long, CertificateError::Malformed),
            (STANDARD.encode(&DER[..300]).into_bytes(), CertificateError::Truncated),
            (
                include_bytes!("../../testdata/keys/refused/pkcs7.der").to_vec(),
                CertificateError::NotACertificate { found: FoundInstead::Pkcs7 },
            ),
            (
                include_str!("../../testdata/keys/refused/public-key.pem").replace("PUBLIC KEY", "CERTIFICATE").into_bytes(),
                CertificateError::NotACertificate { found: FoundInstead::PublicKey },
            ),
        ] {
            assert_eq!(TrustedKeys::from_pem(&input), Err(error), "{}", String::from_utf8_lossy(&input));
        }
    }

    #[test]
    fn one_bad_certificate_spoils_the_file() {
        let weak = include_str!("../../testdata/keys/refused/rsa-1024.pem");
        let outcome = TrustedKeys::from_pem(format!("{CURRENT}{weak}"));
        let reason = Box::new(CertificateError::RsaKeyTooShort { bits: 1024 });
        let error = CertificateError::OneOfSeveral { position: 2, count: 2, subject: Some("CN=small".into()), reason };
        assert_eq!((outcome, TrustedKeys::from_pem(weak)), (Err(error), Err(CertificateError::RsaKeyTooShort { bits: 1024 })));
    }

    #[test]
    fn two_files_join_and_duplicates_count_once() {
        let current = TrustedKeys::from_pem(CURRENT).unwrap();
        let next = TrustedKeys::from_pem(include_str!("../../testdata/auth0/keys/idp-next-rsa2048.pem")).unwrap();
        let both = TrustedKeys::from_pem(include_str!("../../testdata/auth0/keys/formats/bundle-current-and-next.pem")).unwrap();
        assert_eq!(current.clone().and(next.clone()), Ok(both.clone()));
        assert_eq!((&both).into_iter().collect::<Vec<_>>(), [&current.0[0], &next.0[0]]);
        assert_eq!(current.clone().and(both.clone()), Ok(both));
        assert_eq!(TrustedKeys::from_pem(format!("{CURRENT}{CURRENT}")), Ok(current.clone()));
        assert_ne!(current, next);
        assert_eq!(
            TrustedKeys::from_pem(include_str!("../../testdata/attacks/certs/idp-rotation.pem")).unwrap().iter().count(),
            2
        );
    }

    #[test]
    fn certificates_are_collected_and_counted_where_they_are_used() {
        let sixteen = variants(16);
        let collected: TrustedKeys = sixteen.iter().chain(&sixteen).cloned().collect();
        assert!(collected == sixteen, "in order, and duplicates count once");
        let mut seventeen = collected;
        seventeen.extend(TrustedKeys::from_pem(variant(200)).unwrap());
        assert_eq!((seventeen.len(), seventeen.is_empty()), (17, false));
        let error = crate::IdentityProvider::new("urn:idp", seventeen).unwrap_err();
        assert_eq!(error, CertificateError::TooMany { maximum: 16 }.into());
        assert!(crate::IdentityProvider::new("urn:idp", sixteen).is_ok());
        let none: TrustedKeys = std::iter::empty().collect();
        assert_eq!((none.len(), none.is_empty()), (0, true));
        let error = crate::IdentityProvider::new("urn:idp", none).unwrap_err();
        assert_eq!(error, crate::ConfigError::NoTrustedKey { entity_id: "urn:idp".to_owned() });
    }

    #[test]
    fn sixteen_are_enough() {
        let sixteen = variants(16);
        assert_eq!(sixteen.iter().count(), 16);
        assert_eq!(sixteen.clone().and(variants(3)).map(|keys| keys.iter().count()), Ok(16), "duplicates take no room");
        let other = TrustedKeys::from_pem(variant(200)).unwrap();
        assert_eq!(sixteen.and(other), Err(CertificateError::TooMany { maximum: 16 }));
    }

    #[test]
    fn signatures_verify_with_their_key_and_method_only() {
        let (rsa, p256, p384, ed25519) = (verify_key!("rsa"), verify_key!("p256"), verify_key!("p384"), verify_key!("ed25519"));
        let genuine = [
            (&rsa, SignatureAlgorithm::RsaSha1, verify_value!("rsa-sha1")),
            (&rsa, SignatureAlgorithm::RsaSha256, verify_value!("rsa-sha256")),
            (&rsa, SignatureAlgorithm::RsaSha384, verify_value!("rsa-sha384")),
            (&rsa, SignatureAlgorithm::RsaSha512, verify_value!("rsa-sha512")),
            (&rsa, SignatureAlgorithm::RsaPssSha256, verify_value!("pss-sha256")),
            (&rsa, SignatureAlgorithm::RsaPssSha384, verify_value!("pss-sha384")),
            (&rsa, SignatureAlgorithm::RsaPssSha512, verify_value!("pss-sha512")),
            (&p256, SignatureAlgorithm::EcdsaSha256, verify_value!("ec-p256-sha256")),
            (&p384, SignatureAlgorithm::EcdsaSha384, verify_value!("ec-p384-sha384")),
            (&ed25519, SignatureAlgorithm::Ed25519, verify_value!("ed25519")),
        ];
        for (key, algorithm, value) in &genuine {
            let name = algorithm.name();
            assert_eq!(key.verify(*algorithm, MESSAGE, value), Ok(()), "{name}");
            assert_eq!(key.verify(*algorithm, b"saml-verifz", value), Err(VerifyFailure::Invalid), "{name}");
            let changed: Vec<u8> = value.iter().enumerate().map(|(index, byte)| byte ^ u8::from(index == 9)).collect();
            for wrong in [&changed[..], &value[1..], &[&[0], &value[..]].concat(), &[&value[..], &[0]].concat(), &[]] {
                assert_eq!(key.verify(*algorithm, MESSAGE, wrong), Err(VerifyFailure::Invalid), "{name}");
            }
            for (other, other_algorithm, _) in &genuine {
                let expected = match (other.key_type() == key.key_type(), other_algorithm == algorithm) {
                    (true, true) => Ok(()),
                    (true, false) => Err(VerifyFailure::Invalid),
                    (false, _) => Err(VerifyFailure::KeyType),
                };
                assert_eq!(key.verify(*other_algorithm, MESSAGE, value), expected, "{name}, {}", other_algorithm.name());
            }
        }
    }

    #[cfg(feature = "internals")]
    #[test]
    fn a_key_without_a_certificate_verifies_as_with_one() {
        use x509_cert::der::Encode;
        let pem = include_str!("../../testdata/keys/verify/p256.pem");
        let certificate = x509_cert::Certificate::from_der(&pem::certificates(pem.as_bytes()).unwrap()[0]).unwrap();
        let spki = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
        let keys = TrustedKeys::from_public_key(&spki).unwrap();
        let key = keys.iter().next().unwrap();
        assert_eq!((key.key_type(), key.subject()), (verify_key!("p256").key_type(), ""));
        let value = verify_value!("ec-p256-sha256");
        assert_eq!(key.verify(SignatureAlgorithm::EcdsaSha256, MESSAGE, &value), Ok(()));
        assert_eq!(key.verify(SignatureAlgorithm::EcdsaSha256, b"saml-verifz", &value), Err(VerifyFailure::Invalid));
        assert_eq!(TrustedKeys::from_public_key(&spki[1..]), Err(malformed("it is no SubjectPublicKeyInfo")));
    }

    #[test]
    fn other_encodings_and_parameters_do_not_verify() {
        let (rsa, p256, p384) = (verify_key!("rsa"), verify_key!("p256"), verify_key!("p384"));
        for (key, algorithm, value, failure) in [
            (&p256, SignatureAlgorithm::EcdsaSha256, verify_value!("ec-p256-sha256-der"), VerifyFailure::Invalid),
            (&p384, SignatureAlgorithm::EcdsaSha384, verify_value!("ec-p384-sha384-der"), VerifyFailure::Invalid),
            (&p256, SignatureAlgorithm::EcdsaSha384, verify_value!("ec-p256-sha384"), VerifyFailure::KeyType),
            (&p256, SignatureAlgorithm::EcdsaSha256, vec![0; 64], VerifyFailure::Invalid),
            (&rsa, SignatureAlgorithm::RsaPssSha256, verify_value!("pss-sha256-salt20"), VerifyFailure::Invalid),
            (&rsa, SignatureAlgorithm::RsaSha256, vec![0; 256], VerifyFailure::Invalid),
            (&rsa, SignatureAlgorithm::RsaSha256, vec![0xFF; 256], VerifyFailure::Invalid),
        ] {
            assert_eq!(key.verify(algorithm, MESSAGE, &value), Err(failure), "{}", algorithm.name());
        }
        let attacker = only(include_str!("../../testdata/auth0/keys/attacker-rsa2048.pem"));
        let value = verify_value!("rsa-sha256");
        assert_eq!(attacker.verify(SignatureAlgorithm::RsaSha256, MESSAGE, &value), Err(VerifyFailure::Invalid));
    }

    #[test]
    fn debug_shows_the_fingerprint_and_nothing_else() {
        let expected = format!("[Certificate(RSA-2048, SHA-256 {})]", only(CURRENT).sha256_fingerprint());
        assert_eq!(format!("{:?}", TrustedKeys::from_pem(CURRENT).unwrap()), expected);
    }

    #[test]
    fn keys_travel_between_threads() {
        fn shareable<T: Send + Sync + Clone>() {}
        shareable::<TrustedKeys>();
        shareable::<Certificate>();
    }
}
