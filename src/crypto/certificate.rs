//! Trusted keys: from what someone configured to keys that verify signatures.
//!
//! In goes PEM, DER or base64, in any of the shapes that dashboards, files and environment variables give it; out come
//! [`TrustedKeys`], parsed once, whose keys fit a signature method or do not. A certificate is a container for a key and for
//! what people want to see of it (SAML Metadata Interoperability Profile 1.0): its signature, its issuer and its extensions
//! have no say, and its validity is only reported. A public key needs no certificate.
//!
//! # Not supported
//!
//! Certificate chains, and the keys that `public_key` refuses.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use der::ErrorKind;

use super::algorithm::{SignatureAlgorithm, sha1_fingerprint, sha256_fingerprint};
use super::elements::{self, SEQUENCE};
use super::public_key::{self, KeyType, PublicKey, VerifyFailure};
use super::x509::{Fields, OUTERMOST, malformed};
use super::{pem, refused_value};
use crate::error::{CertificateError, FoundInstead, Shown, SignatureError};

/// The keys that may sign for an identity provider: at least one, at most 16.
///
/// Several, while the identity provider changes from one key to the next: each message may be signed with any of them.
///
/// ```
/// use saml_verify::TrustedKeys;
///
/// # let pem = include_str!("../../testdata/auth0/keys/formats/lf.pem");
/// let keys = TrustedKeys::from_pem(pem)?;
/// for key in keys.iter() {
///     println!("{}, SHA-256 of the public key {}", key.key_type(), key.spki_sha256_fingerprint());
///     if let Some(certificate) = key.certificate() {
///         println!("{}, SHA-256 of the certificate {}", certificate.subject(), certificate.sha256_fingerprint());
///     }
/// }
/// # Ok::<(), saml_verify::CertificateError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedKeys(Vec<TrustedKey>);

impl TrustedKeys {
    /// How many keys may be trusted at once: a wrong signature costs one key operation for each.
    pub const MAXIMUM: usize = 16;

    /// Reads every certificate and every public key in `input`. What occurs twice counts once, and so does a public key beside
    /// a certificate that holds it.
    ///
    /// Takes PEM with any line ends, line lengths, indentation and text around it; PEM on one line, or with its line ends
    /// written as `\n`, `%0A` or `&#10;`; PEM quoted in a mail (`> `), or with no-break and zero-width spaces from a web page;
    /// base64 of PEM, as Kubernetes keeps it; base64 without armor, as in metadata; and DER. Several certificates may stand one
    /// behind the other in each of these. A public key is a `PUBLIC KEY` (RFC 5280 SubjectPublicKeyInfo) or an
    /// `RSA PUBLIC KEY` (PKCS #1); none may stand behind a certificate in the same block, where no viewer shows it. Other PEM blocks
    /// beside these are not read. Where some are quoted or in a comment (`<!-- -->`), and others are not, nothing is trusted.
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
        let mut keys = Self(Vec::new());
        for (position, der) in (1..).zip(&found) {
            keys.extend([TrustedKey::from_der(der).map_err(|reason| among(position, found.len(), der, reason))?]);
            keys = keys.within_maximum()?;
        }
        Ok(keys)
    }

    /// One key alone.
    pub(crate) fn of(key: TrustedKey) -> Self {
        Self(vec![key])
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// These keys and those: the current ones and the next ones, from two files.
    ///
    /// # Errors
    ///
    /// [`CertificateError::TooMany`] if there are more than [`TrustedKeys::MAXIMUM`].
    pub fn and(self, other: Self) -> Result<Self, CertificateError> {
        Self::new(self.0.into_iter().chain(other.0))
    }

    /// The keys, in the order in which they were given.
    pub fn iter(&self) -> std::slice::Iter<'_, TrustedKey> {
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
        for (place, key) in self.iter().enumerate() {
            match key.verify(method, message, value) {
                Ok(()) => return Ok(place),
                Err(VerifyFailure::KeyType) => {}
                Err(VerifyFailure::Invalid) => fits = true,
            }
        }
        Err(if fits { refused_value::reason(self, method, value, &shown()) } else { self.unfit(method) })
    }

    fn unfit(&self, method: SignatureAlgorithm) -> SignatureError {
        let trusted = self.iter().map(|key| key.key_type().to_string()).collect();
        SignatureError::KeyTypeMismatch { method: method.name(), trusted, clues: Box::default() }
    }

    fn new(keys: impl IntoIterator<Item = TrustedKey>) -> Result<Self, CertificateError> {
        keys.into_iter().collect::<Self>().within_maximum()
    }

    /// The same keys, if they are few enough to try each of them on a message.
    pub(crate) fn within_maximum(self) -> Result<Self, CertificateError> {
        if self.len() > Self::MAXIMUM {
            return Err(CertificateError::TooMany { maximum: Self::MAXIMUM });
        }
        Ok(self)
    }
}

/// Keys that were picked one by one. One that occurs twice counts once, and so does a public key beside its certificate.
///
/// None, or more than [`TrustedKeys::MAXIMUM`], are found by [`IdentityProvider::new`](crate::IdentityProvider::new).
///
/// ```
/// # let pem = include_str!("../../testdata/auth0/keys/formats/lf.pem");
/// # let now = std::time::SystemTime::UNIX_EPOCH;
/// use saml_verify::{TrustedKey, TrustedKeys};
///
/// let expired = |key: &TrustedKey| key.certificate().is_some_and(|certificate| certificate.not_after() < now);
/// let not_expired: TrustedKeys = TrustedKeys::from_pem(pem)?.into_iter().filter(|key| !expired(key)).collect();
/// # assert_eq!(not_expired.len(), 1);
/// # Ok::<(), saml_verify::CertificateError>(())
/// ```
impl FromIterator<TrustedKey> for TrustedKeys {
    fn from_iter<I: IntoIterator<Item = TrustedKey>>(keys: I) -> Self {
        let mut all = Self(Vec::new());
        all.extend(keys);
        all
    }
}

/// More keys, as for [`FromIterator`].
impl Extend<TrustedKey> for TrustedKeys {
    fn extend<I: IntoIterator<Item = TrustedKey>>(&mut self, keys: I) {
        for key in keys {
            if self.0.iter().any(|known| known.tells_as_much_as(&key)) {
                continue;
            }
            match self.0.iter_mut().find(|known| key.tells_as_much_as(known)) {
                Some(known) => *known = key,
                None => self.0.push(key),
            }
        }
    }
}

impl IntoIterator for TrustedKeys {
    type Item = TrustedKey;
    type IntoIter = std::vec::IntoIter<TrustedKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a TrustedKeys {
    type Item = &'a TrustedKey;
    type IntoIter = std::slice::Iter<'a, TrustedKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// A key that may sign for an identity provider, and the certificate in which it was given, if it was in one.
///
/// Cheap to clone. Two are equal if they are the same certificate, byte for byte, or the same public key without one.
#[derive(Clone)]
pub struct TrustedKey(Arc<KeyAndCertificate>);

struct KeyAndCertificate {
    key: PublicKey,
    certificate: Option<Certificate>,
}

impl TrustedKey {
    /// Reads one certificate or one public key, and nothing behind it.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let whole = only_element(der)?;
        let (key, certificate) = match Fields::read(whole) {
            Ok(fields) => (PublicKey::from_spki(fields.public_key)?, Some(Certificate::new(whole, &fields))),
            Err(reason) => {
                let spki = public_key::spki(whole).ok_or_else(|| pem::other_than_certificate(whole).unwrap_or(reason))?;
                (PublicKey::from_spki(&spki)?, None)
            }
        };
        Ok(Self(Arc::new(KeyAndCertificate { key, certificate })))
    }

    /// The key alone that a SubjectPublicKeyInfo holds, and nothing behind it.
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self(Arc::new(KeyAndCertificate { key: PublicKey::from_spki(spki)?, certificate: None })))
    }

    /// The RSA key alone of these numbers, big-endian.
    pub(crate) fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, CertificateError> {
        Self::from_spki(&public_key::spki_of_rsa(modulus, exponent)?)
    }

    /// The key alone that is this uncompressed point of the curve `urn:oid:…`.
    pub(crate) fn from_point(curve: &str, point: &[u8]) -> Result<Self, CertificateError> {
        Self::from_spki(&public_key::spki_of_point(curve, point)?)
    }

    /// The kind and size of the key.
    pub fn key_type(&self) -> KeyType {
        self.0.key.kind()
    }

    /// The SHA-256 digest of the public key (RFC 5280 SubjectPublicKeyInfo), in upper-case hexadecimal with colons.
    ///
    /// It stays the same where a certificate is renewed and its key is not.
    pub fn spki_sha256_fingerprint(&self) -> &str {
        self.0.key.spki_sha256()
    }

    /// The certificate in which the key was given; none where it was a public key alone. Such a key has no name and no
    /// validity: it is trusted until somebody removes it.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.0.certificate.as_ref()
    }

    /// Whether its certificate is valid at that time. A key without a certificate has no validity.
    pub(crate) fn is_valid_at(&self, now: SystemTime) -> bool {
        self.certificate().is_none_or(|certificate| (certificate.not_before()..=certificate.not_after()).contains(&now))
    }

    /// Verifies a signature value over `message`: one public-key operation, or none if the key does not fit.
    pub(crate) fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailure> {
        self.0.key.verify(algorithm, message, signature)
    }

    /// Whether both hold the same key: a renewed certificate does.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        self.0.key.spki_sha256() == other.0.key.spki_sha256()
    }

    /// The certificate's fingerprint, or that of the key, for errors.
    pub(crate) fn shown(&self) -> String {
        match self.certificate() {
            Some(certificate) => certificate.sha256_fingerprint().to_owned(),
            None => format!("public key {}", self.spki_sha256_fingerprint()),
        }
    }

    /// Whether it is the same as the other, or the same key with a certificate while the other has none.
    fn tells_as_much_as(&self, other: &Self) -> bool {
        self == other || other.certificate().is_none() && self.has_key_of(other)
    }
}

impl PartialEq for TrustedKey {
    fn eq(&self, other: &Self) -> bool {
        self.certificate() == other.certificate() && self.has_key_of(other)
    }
}

impl Eq for TrustedKey {}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.certificate() {
            Some(certificate) => write!(f, "TrustedKey({}, certificate SHA-256 {})", self.key_type(), certificate.0.sha256),
            None => write!(f, "TrustedKey({}, public key SHA-256 {})", self.key_type(), self.spki_sha256_fingerprint()),
        }
    }
}

/// What a certificate says of a trusted key. Cheap to clone; two are equal if they are the same certificate, byte for byte.
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
}

impl Certificate {
    fn new(whole: &[u8], fields: &Fields<'_>) -> Self {
        Self(Arc::new(Inner {
            subject: fields.subject(),
            issuer: fields.issuer(),
            serial: fields.serial_hex(),
            signature_algorithm: fields.signature_algorithm_name(),
            not_before: fields.not_before(),
            not_after: fields.not_after(),
            sha256: sha256_fingerprint(whole),
            sha1: sha1_fingerprint(whole),
        }))
    }

    /// Whom the certificate names, as in RFC 4514: `CN=acme.us.auth0.com`. May be empty, and in hexadecimal (`#30…`) where it is
    /// not built as usual.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Who issued it, as in RFC 4514. Equal to the subject for most identity providers.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The serial number in upper-case hexadecimal, with a minus sign where it is negative.
    pub fn serial_hex(&self) -> &str {
        &self.0.serial
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
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.sha256 == other.0.sha256
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate(SHA-256 {})", self.0.sha256)
    }
}

/// The DER of every certificate in `input`, each one that could be trusted: for telling others of our own.
///
/// # Errors
///
/// As [`TrustedKeys::from_pem`], and where there is a public key alone.
pub(crate) fn certificate_ders(input: &[u8]) -> Result<Vec<Vec<u8>>, CertificateError> {
    let found = pem::certificates(input)?;
    let certificate = |(position, der): (usize, &Vec<u8>)| {
        let key = TrustedKey::from_der(der).map_err(|reason| among(position, found.len(), der, reason))?;
        match key.certificate() {
            Some(_) => Ok(only_element(der)?.to_vec()),
            None => Err(CertificateError::NotACertificate { found: FoundInstead::PublicKey }),
        }
    };
    (1..).zip(&found).map(certificate).collect()
}

/// Requires a SEQUENCE with nothing behind it but white space and zeros, which editors and transports add.
fn only_element(der: &[u8]) -> Result<&[u8], CertificateError> {
    match elements::first(der) {
        Ok((whole @ [SEQUENCE, ..], behind)) => {
            let padding = behind.iter().all(|octet| *octet == 0 || octet.is_ascii_whitespace());
            if padding { Ok(whole) } else { Err(CertificateError::TrailingData { bytes: behind.len() }) }
        }
        Ok(_) => Err(CertificateError::Malformed { part: OUTERMOST }),
        Err(error) if matches!(error.kind(), ErrorKind::Incomplete { .. }) => Err(CertificateError::Truncated),
        Err(error) => Err(malformed(OUTERMOST, error)),
    }
}

/// Says which certificate is at fault, where there are several.
fn among(position: usize, count: usize, der: &[u8], reason: CertificateError) -> CertificateError {
    if count == 1 {
        return reason;
    }
    let fields = elements::first(der).ok().and_then(|(whole, _)| Fields::read(whole).ok());
    let subject = fields.map(|fields| Shown::new(&fields.subject()));
    CertificateError::OneOfSeveral { position, count, subject, reason: Box::new(reason) }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

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

    fn only(pem: impl AsRef<[u8]>) -> TrustedKey {
        let keys = TrustedKeys::from_pem(pem).unwrap();
        assert_eq!(keys.iter().count(), 1);
        keys.iter().next().unwrap().clone()
    }

    fn certificate_of(pem: impl AsRef<[u8]>) -> Certificate {
        only(pem).certificate().unwrap().clone()
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
        let certificate = certificate_of(include_str!("../../testdata/keys/verify/rsa.pem"));
        assert_eq!(certificate.subject(), "CN=sign \\+1,O=Acme\\, Inc.,C=DE");
        assert_eq!(certificate.issuer(), certificate.subject());
        assert_eq!(certificate.serial_hex(), "0A1B2C");
        assert_eq!(certificate.signature_algorithm_name(), "sha256WithRSAEncryption");

        let current = certificate_of(CURRENT);
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
            let key = only(pem);
            assert_eq!((key.key_type(), key.key_type().to_string().as_str()), (key_type, shown));
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

    #[test]
    fn a_key_on_p521_is_a_matter_of_the_backend() {
        let pem = include_str!("../../testdata/keys/verify/p521.pem");
        let keys = TrustedKeys::from_pem(pem);
        if cfg!(feature = "aws-lc-rs") {
            let key = only(pem);
            assert_eq!((key.key_type(), key.key_type().to_string().as_str()), (KeyType::P521, "P-521"));
        } else {
            let error = CertificateError::CurveNeedsFeature { curve: "P-521", feature: "aws-lc-rs" };
            assert_eq!(
                error.remedy(),
                "build the service with the feature `aws-lc-rs` of saml-verify, which verifies with such keys, or let the identity \
                 provider sign with an RSA key (rsaEncryption), or one on P-256, P-384 or Ed25519"
            );
            assert_eq!(keys, Err(error));
        }
    }

    fn armored(label: &str, der: &[u8]) -> Vec<u8> {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", STANDARD.encode(der)).into_bytes()
    }

    #[test]
    fn der_is_a_certificate_and_nothing_else() {
        let behind = [DER, b"\x05\0"].concat();
        let mut broken = DER.to_vec();
        broken[4] = 0x31; // the content is a SET
        let trusted = include_str!("../../testdata/keys/verify/trusted-certificate.pem");
        assert!(TrustedKeys::from_pem(trusted).is_ok());
        let part = |part| CertificateError::Malformed { part };
        for (input, error) in [
            (behind.clone(), CertificateError::TrailingData { bytes: 2 }),
            (armored("CERTIFICATE", &behind), CertificateError::TrailingData { bytes: 2 }),
            (trusted.replace("TRUSTED ", "").into_bytes(), CertificateError::TrailingData { bytes: 23 }),
            (DER[..DER.len() - 1].to_vec(), CertificateError::Truncated),
            (DER[..4].to_vec(), CertificateError::Truncated),
            (broken, part("its content")),
            (vec![0x30, 0x80, 0, 0], part("its content")),
            (armored("CERTIFICATE", &[0x31, 3, 2, 1, 3]), part("its outermost element")),
            (armored("CERTIFICATE", &[5, 0, 0]), part("its outermost element")),
            (armored("CERTIFICATE", &[]), CertificateError::Truncated),
            (STANDARD.encode(&DER[..300]).into_bytes(), CertificateError::Truncated),
            (
                include_bytes!("../../testdata/keys/refused/pkcs7.der").to_vec(),
                CertificateError::NotACertificate { found: FoundInstead::Pkcs7 },
            ),
            (
                STANDARD.encode(include_bytes!("../../testdata/keys/refused/pkcs7.der")).into_bytes(),
                CertificateError::NotACertificate { found: FoundInstead::Pkcs7 },
            ),
            (
                include_bytes!("../../testdata/keys/refused/certificates.p12").to_vec(),
                CertificateError::NotACertificate { found: FoundInstead::Pkcs12 },
            ),
        ] {
            assert_eq!(TrustedKeys::from_pem(&input), Err(error), "{}", String::from_utf8_lossy(&input));
        }
    }

    /// What OpenSSL reads, too. The fingerprint is that of the certificate, whatever stands behind it.
    #[test]
    fn the_same_certificate_may_have_white_space_behind_it() {
        let expected = TrustedKeys::from_pem(DER).unwrap();
        for behind in [&b""[..], b"\n", b"\r\n", b"\0\0"] {
            let input = [DER, behind].concat();
            for input in [armored("CERTIFICATE", &input), input] {
                assert_eq!(TrustedKeys::from_pem(&input), Ok(expected.clone()), "{behind:?}");
            }
        }
    }

    /// As OpenSSL, and other than in a key: the outer lengths say nothing of it. Other than OpenSSL, no length has octets to spare.
    #[test]
    fn lengths_of_the_container_may_be_indefinite() {
        let same = certificate_of(DER);
        let content = &DER[4..];
        let long = [&[0x30, 0x83, 0], &DER[2..]].concat();
        let indefinite = [&[0x30, 0x80], content, &[0, 0]].concat();
        let other = only(&indefinite);
        let certificate = other.certificate().unwrap();
        assert_eq!((certificate.subject(), certificate.serial_hex()), (same.subject(), same.serial_hex()));
        assert_eq!(other.spki_sha256_fingerprint(), only(DER).spki_sha256_fingerprint());
        assert_ne!(certificate, &same, "a fingerprint is one of octets");
        let error = CertificateError::Malformed { part: "a length in more octets than it needs" };
        assert_eq!(TrustedKeys::from_pem(long), Err(error));
    }

    /// Made with the command `openssl`, which reads them all.
    #[test]
    fn odd_certificates_are_read() {
        macro_rules! odd {
            ($name:literal) => {
                include_str!(concat!("../../testdata/keys/odd/", $name, ".pem"))
            };
        }
        // The library knows no UniversalString.
        let universal = "#30233121301f06035504031c180000005a000000fc00000072000000690000006300000068";
        for (pem, subject, serial) in [
            (odd!("ad-cs"), "CN=adfs signing,DC=corp", "0A1B2C"),
            (odd!("long-serial"), "CN=long serial", "7F0102030405060708090A0B0C0D0E0F101112131415161718"),
            (odd!("negative-serial"), "CN=negative serial", "-05"),
            (odd!("zero-serial"), "CN=zero serial", "00"),
            (odd!("empty-name"), "", "3C1C243543602DE0E82529D52C81FA3F260A9BE1"),
            (odd!("teletex-name"), "CN=Zürich", "01"),
            (odd!("bmp-name"), "CN=Zürich", "01"),
            (odd!("universal-name"), universal, "01"),
            (odd!("version-1"), "CN=version 1", "01"),
        ] {
            let certificate = certificate_of(pem);
            assert_eq!((certificate.subject(), certificate.serial_hex()), (subject, serial));
            assert_eq!(only(pem).key_type(), KeyType::P256);
        }
    }

    #[test]
    fn a_public_key_is_a_trusted_key() {
        let certificate = verify_key!("rsa");
        let pem = include_str!("../../testdata/keys/verify/rsa-public-key.pem");
        let pkcs1 = include_str!("../../testdata/keys/verify/rsa-pkcs1-public-key.pem");
        let der = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let key = only(pem);
        for (name, input) in [
            ("PKCS #1", pkcs1.as_bytes().to_vec()),
            ("DER", der.clone()),
            ("base64", STANDARD.encode(&der).into_bytes()),
            ("base64 of PEM", STANDARD.encode(pem).into_bytes()),
            ("twice", format!("{pem}{pkcs1}").into_bytes()),
        ] {
            assert_eq!(only(&input), key, "{name}");
        }
        assert!(key.certificate().is_none() && key != certificate);
        assert_eq!(key.key_type(), KeyType::Rsa { bits: 2048 });
        let fingerprint = "45:00:06:60:6C:7F:24:11:2B:7D:19:5A:ED:CF:01:B5:6E:E5:17:93:18:65:FC:79:0C:46:6C:D4:9B:75:AA:70";
        assert_eq!((key.spki_sha256_fingerprint(), certificate.spki_sha256_fingerprint()), (fingerprint, fingerprint));
        assert_eq!(key.shown(), format!("public key {fingerprint}"));
        assert_eq!(format!("{key:?}"), format!("TrustedKey(RSA-2048, public key SHA-256 {fingerprint})"));
        let value = verify_value!("rsa-sha256");
        assert_eq!(key.verify(SignatureAlgorithm::RsaSha256, MESSAGE, &value), Ok(()));
        assert_eq!(key.verify(SignatureAlgorithm::RsaSha256, b"saml-verifz", &value), Err(VerifyFailure::Invalid));
        let cut = CertificateError::MalformedKey { reason: "not an RSA modulus and exponent" };
        assert_eq!(TrustedKeys::from_pem([0x30, 6, 2, 1, 0x80, 2, 1, 3]), Err(cut), "a negative modulus");
    }

    /// A viewer shows the certificate and passes over the key behind it, which would be trusted all the same.
    #[test]
    fn no_key_hides_behind_a_certificate() {
        let pem = include_str!("../../testdata/keys/verify/rsa-public-key.pem");
        let spki = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let pkcs1 = include_str!("../../testdata/keys/verify/rsa-pkcs1-public-key.pem");
        let pkcs1 = STANDARD.decode(pkcs1.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let second = pem::certificates(include_bytes!("../../testdata/auth0/keys/idp-next-rsa2048.pem")).unwrap().remove(0);
        for key in [&spki, &pkcs1] {
            let error = CertificateError::TrailingData { bytes: key.len() };
            let behind = [DER, key].concat();
            for input in [armored("CERTIFICATE", &behind), STANDARD.encode(&behind).into_bytes(), behind.clone()] {
                assert_eq!(TrustedKeys::from_pem(&input), Err(error.clone()));
            }
            let reason = Box::new(error);
            let third = [DER, &second, key].concat();
            let one_of_several = TrustedKeys::from_pem(armored("CERTIFICATE", &third)).unwrap_err();
            assert!(
                matches!(one_of_several, CertificateError::OneOfSeveral { position: 2, reason: found, .. } if found == reason)
            );
            for (label, input) in [("PUBLIC KEY", [key, DER]), ("PUBLIC KEY", [key, &spki])] {
                let error = CertificateError::TrailingData { bytes: input[1].len() };
                assert_eq!(TrustedKeys::from_pem(armored(label, &input.concat())), Err(error));
            }
            // By itself, under a label that says what it is not.
            let error = CertificateError::NotACertificate { found: FoundInstead::PublicKey };
            for label in ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"] {
                assert_eq!(TrustedKeys::from_pem(armored(label, key)), Err(error.clone()), "{label}");
            }
            assert_eq!(only(armored("PUBLIC KEY", key)).certificate(), None);
        }
        let two = TrustedKeys::from_pem(armored("CERTIFICATE", &[DER, &second].concat())).unwrap();
        assert!(two.len() == 2 && two.iter().all(|key| key.certificate().is_some()));
        let beside = [armored("CERTIFICATE", DER), armored("PUBLIC KEY", &spki)].concat();
        assert_eq!(TrustedKeys::from_pem(beside).map(|keys| keys.len()), Ok(2), "in a block of its own anybody sees it");
    }

    #[test]
    fn short_public_keys_are_read_in_every_shape() {
        for (pem, kind) in [
            (include_str!("../../testdata/keys/verify/ed25519.pem"), KeyType::Ed25519),
            (include_str!("../../testdata/keys/verify/p256.pem"), KeyType::P256),
            (include_str!("../../testdata/keys/verify/p384.pem"), KeyType::P384),
        ] {
            let der = pem::certificates(pem.as_bytes()).unwrap().remove(0);
            let spki = Fields::read(&der).unwrap().public_key.to_vec();
            for input in [armored("PUBLIC KEY", &spki), STANDARD.encode(&spki).into_bytes(), spki.clone()] {
                let key = only(&input);
                assert_eq!((key.key_type(), key.spki_sha256_fingerprint()), (kind, only(pem).spki_sha256_fingerprint()));
                assert_eq!(key.certificate(), None);
            }
        }
    }

    #[test]
    fn a_key_beside_its_certificate_counts_once() {
        let certificate = include_str!("../../testdata/keys/verify/rsa.pem");
        let key = include_str!("../../testdata/keys/verify/rsa-public-key.pem");
        let expected = TrustedKeys::from_pem(certificate).unwrap();
        for input in [format!("{certificate}{key}"), format!("{key}{certificate}"), format!("{key}{certificate}{key}")] {
            assert_eq!(TrustedKeys::from_pem(input), Ok(expected.clone()));
        }
        let other = TrustedKeys::from_pem(format!("{key}{CURRENT}")).unwrap();
        assert_eq!(other.iter().map(|key| key.certificate().is_some()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn one_bad_certificate_spoils_the_file() {
        let weak = include_str!("../../testdata/keys/refused/rsa-1024.pem");
        let outcome = TrustedKeys::from_pem(format!("{CURRENT}{weak}"));
        let reason = Box::new(CertificateError::RsaKeyTooShort { bits: 1024 });
        let error = CertificateError::OneOfSeveral { position: 2, count: 2, subject: Some("CN=small".into()), reason };
        let cut = [DER, &DER[..100]].concat();
        let reason = Box::new(CertificateError::Truncated);
        let second = CertificateError::OneOfSeveral { position: 2, count: 2, subject: None, reason };
        assert_eq!(TrustedKeys::from_pem(&cut), Err(second));
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
        let p521 = TrustedKeys::from_pem(include_str!("../../testdata/keys/verify/p521.pem")).ok();
        let mut genuine = vec![
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
        if let Some(p521) = p521.as_ref().and_then(|keys| keys.iter().next()) {
            genuine.push((p521, SignatureAlgorithm::EcdsaSha512, verify_value!("ec-p521-sha512")));
        }
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

    /// The edges of what is taken: the smallest and the longest exponent, the longest modulus, and moduli whose first octet holds one
    /// bit and two, for which RSA-PSS has one octet less and a mask of its own.
    #[test]
    fn unusual_rsa_keys_verify() {
        for (key, bits, [sha256, sha512, pss_sha256, pss_sha512]) in [
            (
                verify_key!("rsa-2049-e3"),
                2049,
                [
                    verify_value!("rsa-2049-e3-sha256"),
                    verify_value!("rsa-2049-e3-sha512"),
                    verify_value!("rsa-2049-e3-pss-sha256"),
                    verify_value!("rsa-2049-e3-pss-sha512"),
                ],
            ),
            (
                verify_key!("rsa-2050-e33bit"),
                2050,
                [
                    verify_value!("rsa-2050-e33bit-sha256"),
                    verify_value!("rsa-2050-e33bit-sha512"),
                    verify_value!("rsa-2050-e33bit-pss-sha256"),
                    verify_value!("rsa-2050-e33bit-pss-sha512"),
                ],
            ),
            (
                verify_key!("rsa-8192"),
                8192,
                [
                    verify_value!("rsa-8192-sha256"),
                    verify_value!("rsa-8192-sha512"),
                    verify_value!("rsa-8192-pss-sha256"),
                    verify_value!("rsa-8192-pss-sha512"),
                ],
            ),
        ] {
            assert_eq!(key.key_type(), KeyType::Rsa { bits });
            for (algorithm, value) in [
                (SignatureAlgorithm::RsaSha256, sha256),
                (SignatureAlgorithm::RsaSha512, sha512),
                (SignatureAlgorithm::RsaPssSha256, pss_sha256),
                (SignatureAlgorithm::RsaPssSha512, pss_sha512),
            ] {
                assert_eq!(key.verify(algorithm, MESSAGE, &value), Ok(()), "{bits}, {}", algorithm.name());
                assert_eq!(key.verify(algorithm, b"saml-verifz", &value), Err(VerifyFailure::Invalid), "{bits}");
            }
        }
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
        let expected = format!("[TrustedKey(RSA-2048, certificate SHA-256 {})]", only(CURRENT).shown());
        assert_eq!(format!("{:?}", TrustedKeys::from_pem(CURRENT).unwrap()), expected);
    }

    #[test]
    fn keys_travel_between_threads() {
        fn shareable<T: Send + Sync + Clone>() {}
        shareable::<TrustedKeys>();
        shareable::<TrustedKey>();
        shareable::<Certificate>();
    }
}
