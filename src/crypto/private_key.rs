//! Private keys in the shapes in which people have them: from a PEM file to the numbers of one key.
//!
//! In goes the content of a file or of an environment variable; out comes the DER of the one private key in it and its parts, or
//! a [`SigningKeyError`] that says what it was instead. Lengths and the RSA exponent are judged here, alike for both backends; whether
//! the numbers belong together, whoever signs with them finds out.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Tag, TagNumber, Tagged};

use super::elements::elements;
use super::pasted::Text;
use super::pem::{Block, Secret, blocks};
use super::public_key::{ED25519, ELLIPTIC_CURVE, P256, P384, RSA, bit_length, is_even, name_of};
use crate::error::{CertificateError, SigningKeyError};

/// The DER of a private key, and in what form it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PrivateKeyDer {
    form: Form,
    der: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// RFC 5958.
    Pkcs8,
    /// RFC 8017 appendix A.1.2.
    Pkcs1,
    /// RFC 5915.
    Sec1,
}

/// The parts of a private key, as the backends take them.
#[derive(Clone, Copy)]
pub(super) enum PrivateKey<'a> {
    /// An `RSAPrivateKey`, RFC 8017 appendix A.1.2.
    Rsa {
        bits: usize,
        pkcs1: &'a [u8],
    },
    EllipticCurve {
        curve: Curve,
        scalar: &'a [u8],
        point: &'a [u8],
    },
    /// The whole PKCS#8 document, RFC 8410 section 7.
    Ed25519(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
}

/// The one private key of a PEM file.
pub(super) fn find(input: &[u8]) -> Result<PrivateKeyDer, SigningKeyError> {
    if input.trim_ascii().is_empty() {
        return Err(SigningKeyError::Empty);
    }
    let text = Text::new(input);
    let blocks = blocks(&text).map_err(|error| damaged(&error))?;
    let mut keys = blocks.iter().filter(|block| block.label.ends_with(PRIVATE_KEY));
    match (keys.next(), keys.count()) {
        (None, _) => Err(instead(&blocks)),
        (Some(key), 0) => decode(key, &text),
        (Some(_), more) => Err(SigningKeyError::SeveralKeys { count: more.saturating_add(1) }),
    }
}

/// What a file is that has no private key in it.
fn instead(blocks: &[Block]) -> SigningKeyError {
    match blocks.first() {
        None => SigningKeyError::NotPem,
        Some(block) if block.is_certificate() => SigningKeyError::Certificate,
        Some(block) if block.label.ends_with(b"PUBLICKEY") => SigningKeyError::PublicKey,
        Some(block) => SigningKeyError::OtherBlock { label: block.shown() },
    }
}

fn decode(block: &Block, text: &Text) -> Result<PrivateKeyDer, SigningKeyError> {
    let form = match block.label.as_slice() {
        b"ENCRYPTEDPRIVATEKEY" => return Err(SigningKeyError::Encrypted),
        // RFC 1421 section 4.6.1.1: what OpenSSL writes into the older forms.
        _ if memchr::memmem::find(block.body(text), b"Proc-Type:").is_some() => return Err(SigningKeyError::Encrypted),
        PRIVATE_KEY => Form::Pkcs8,
        b"RSAPRIVATEKEY" => Form::Pkcs1,
        b"ECPRIVATEKEY" => Form::Sec1,
        label => {
            let kind = String::from_utf8_lossy(label.strip_suffix(PRIVATE_KEY).unwrap_or(label)).into_owned();
            return Err(SigningKeyError::UnsupportedKey { algorithm: kind.chars().take(32).collect() });
        }
    };
    let der = block.decode(text).map_err(|error| damaged(&error))?;
    Ok(PrivateKeyDer { form, der: Secret::from(der) })
}

impl PrivateKeyDer {
    /// Takes the key apart.
    pub(super) fn read(&self) -> Result<PrivateKey<'_>, SigningKeyError> {
        match self.form {
            Form::Pkcs1 => rsa(&self.der),
            Form::Sec1 => elliptic_curve(&self.der, None),
            Form::Pkcs8 => self.pkcs8(),
        }
    }

    fn pkcs8(&self) -> Result<PrivateKey<'_>, SigningKeyError> {
        const SHAPE: SigningKeyError = malformed("it is not built as PKCS #8 prescribes");
        let parts = sequence(&self.der).ok_or(SHAPE)?;
        let [_version, algorithm, key, ..] = parts.as_slice() else {
            return Err(SHAPE);
        };
        let key = key.decode_as::<&OctetStringRef>().map_err(|_| SHAPE)?.as_bytes();
        let algorithm = elements(algorithm.value());
        let oid = algorithm.first().and_then(|oid| oid.decode_as::<ObjectIdentifier>().ok()).ok_or(SHAPE)?;
        match oid {
            RSA => rsa(key),
            ELLIPTIC_CURVE => elliptic_curve(key, algorithm.get(1).copied()),
            ED25519 => Ok(PrivateKey::Ed25519(&self.der)),
            other => Err(SigningKeyError::UnsupportedKey { algorithm: name_of(&other) }),
        }
    }
}

fn rsa(pkcs1: &[u8]) -> Result<PrivateKey<'_>, SigningKeyError> {
    const SHAPE: SigningKeyError = malformed("it is not built as PKCS #1 prescribes");
    let numbers = sequence(pkcs1).ok_or(SHAPE)?;
    let number = |place: usize| numbers.get(place).and_then(|number| number.decode_as::<UintRef<'_>>().ok()).ok_or(SHAPE);
    let (modulus, exponent) = (number(1)?.as_bytes(), number(2)?.as_bytes());
    let bits = bit_length(modulus);
    match bits {
        ..2048 => Err(SigningKeyError::RsaTooShort { bits }),
        4097.. => Err(SigningKeyError::RsaTooLong { bits }),
        // ring computes with halves of so many bits and no others.
        _ if !bits.is_multiple_of(1024) => Err(malformed("its RSA modulus is of another length than 2048, 3072 or 4096 bits")),
        // FIPS 186-5 appendix A.1.1, less its upper bound of 256 bits: no library takes more than 33.
        _ if !(17..=33).contains(&bit_length(exponent)) || is_even(exponent) => {
            Err(malformed("its RSA exponent is even, below 65537 or above 33 bits"))
        }
        _ => Ok(PrivateKey::Rsa { bits, pkcs1 }),
    }
}

/// RFC 5915 section 3. PKCS #8 names the curve outside of the key; alone, the key names it.
fn elliptic_curve<'a>(sec1: &'a [u8], named: Option<AnyRef<'a>>) -> Result<PrivateKey<'a>, SigningKeyError> {
    const SHAPE: SigningKeyError = malformed("it is not built as RFC 5915 prescribes");
    let parts = sequence(sec1).ok_or(SHAPE)?;
    let scalar = parts.get(1).and_then(|scalar| scalar.decode_as::<&OctetStringRef>().ok()).ok_or(SHAPE)?.as_bytes();
    let tagged = |number| {
        let wanted = Tag::ContextSpecific { constructed: true, number: TagNumber(number) };
        parts.iter().find(|part| part.tag() == wanted).map(|part| part.value())
    };
    let named = named.or_else(|| tagged(0).and_then(|parameters| AnyRef::from_der(parameters).ok()));
    let curve = match named.map(AnyRef::decode_as) {
        Some(Ok(P256)) => Curve::P256,
        Some(Ok(P384)) => Curve::P384,
        Some(Ok(other)) => return Err(SigningKeyError::UnsupportedCurve { curve: name_of(&other) }),
        Some(Err(_)) => return Err(SigningKeyError::UnsupportedCurve { curve: "explicit parameters".to_owned() }),
        None => return Err(malformed("it names no curve")),
    };
    let point = tagged(1).ok_or(malformed("its public key is missing in it"))?;
    let point = BitStringRef::from_der(point).ok().and_then(|bits| bits.as_bytes()).ok_or(SHAPE)?;
    let length = match curve {
        Curve::P256 => 32,
        Curve::P384 => 48,
    };
    // RFC 5915: the scalar has leading zeros. RFC 5480 section 2.2: 4, and both coordinates.
    if scalar.len() != length || point.len() != 2 * length + 1 || point.first() != Some(&4) {
        return Err(SHAPE);
    }
    Ok(PrivateKey::EllipticCurve { curve, scalar, point })
}

/// The elements of a SEQUENCE with nothing behind it.
pub(super) fn sequence(der: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let outer = AnyRef::from_der(der).ok().filter(|outer| outer.tag() == Tag::Sequence)?;
    Some(elements(outer.value()))
}

/// The same faults of armor and base64 as in certificates.
fn damaged(error: &CertificateError) -> SigningKeyError {
    match error {
        CertificateError::MissingEnd { offset } => SigningKeyError::MissingEnd { offset: *offset },
        CertificateError::MissingBegin { offset } => SigningKeyError::MissingBegin { offset: *offset },
        CertificateError::InvalidBase64 { offset } => SigningKeyError::InvalidBase64 { offset: *offset },
        _ => SigningKeyError::NotPem,
    }
}

const fn malformed(reason: &'static str) -> SigningKeyError {
    SigningKeyError::Malformed { reason }
}

/// How the labels of private keys end, without white space.
const PRIVATE_KEY: &[u8] = b"PRIVATEKEY";
