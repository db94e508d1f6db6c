//! Algorithm identifiers and what stands behind them: signature methods, digests, fingerprints.
//!
//! Identifiers are compared exactly with a closed list (XMLDSig 1.1 section 6.1, RFC 9231). What is known and refused is listed
//! too, so that an error can tell a weak algorithm from a misspelt one.
//!
//! # Not supported
//!
//! HMAC (whoever can verify could also sign), DSA, MD5, RIPEMD, SHA-224, SHA-3, Whirlpool, and RSA-PSS with parameters in the
//! message (RFC 9231 section 2.3.9): the fixed-parameter identifiers of section 2.3.10 leave nothing to be negotiated.

use std::fmt;
use std::hint::black_box;

use super::backend;
use crate::departure::{Departure, Departures};
use crate::error::{AlgorithmRefusal, AlgorithmRole, SignatureError};

/// A signature method that is implemented. SHA-1 is among them; [`SignatureAlgorithm::permitted`] decides on its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
    RsaSha1,
}

impl SignatureAlgorithm {
    pub(super) const ALL: [Self; 11] = [
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::RsaPssSha256,
        Self::RsaPssSha384,
        Self::RsaPssSha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::Ed25519,
        Self::RsaSha1,
    ];

    /// The method of that exact identifier.
    ///
    /// # Errors
    ///
    /// Why the identifier stands for none; never [`AlgorithmRefusal::NotEnabled`].
    pub(crate) fn from_uri(uri: &str) -> Result<Self, AlgorithmRefusal> {
        let known = Self::ALL.into_iter().find(|algorithm| algorithm.uri() == uri);
        known.ok_or_else(|| refusal_of(uri, &REFUSED_SIGNATURES))?.of_this_backend()
    }

    const fn of_this_backend(self) -> Result<Self, AlgorithmRefusal> {
        match self {
            Self::EcdsaSha512 if !backend::VERIFIES_P521 => Err(AlgorithmRefusal::NeedsFeature(backend::P521_FEATURE)),
            _ => Ok(self),
        }
    }

    /// The method itself, where the connection allows it.
    ///
    /// # Errors
    ///
    /// [`AlgorithmRefusal::NotEnabled`] for SHA-1 without its departure.
    pub(crate) fn permitted(self, departures: Departures) -> Result<Self, AlgorithmRefusal> {
        match self {
            Self::RsaSha1 => require(departures, Departure::Sha1SignatureForLegacyUseOnly).map(|()| self),
            _ => Ok(self),
        }
    }

    /// The method of that exact identifier, where the connection allows it.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Algorithm`] with what it accepts instead.
    pub(crate) fn accept(uri: &str, departures: Departures) -> Result<Self, SignatureError> {
        let algorithm = Self::from_uri(uri).and_then(|algorithm| algorithm.permitted(departures));
        algorithm.map_err(|refusal| SignatureError::Algorithm {
            role: AlgorithmRole::Signature,
            identifier: uri.into(),
            refusal,
            accepted: Self::accepted(departures),
        })
    }

    /// The identifiers that a connection accepts, for errors.
    fn accepted(departures: Departures) -> Vec<&'static str> {
        let usable = |algorithm: Self| algorithm.of_this_backend().and_then(|algorithm| algorithm.permitted(departures)).ok();
        Self::ALL.into_iter().filter_map(usable).map(Self::uri).collect()
    }

    /// XMLDSig 1.1 section 6.4; RFC 9231 sections 2.3.10 (RSA-PSS) and 2.3.12 (Ed25519).
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::RsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            Self::RsaPssSha256 => "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
            Self::RsaPssSha384 => "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
            Self::RsaPssSha512 => "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::EcdsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
            Self::EcdsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
            Self::Ed25519 => "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
            Self::RsaSha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        }
    }

    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "RSA-SHA256",
            Self::RsaSha384 => "RSA-SHA384",
            Self::RsaSha512 => "RSA-SHA512",
            Self::RsaPssSha256 => "RSA-PSS-SHA256",
            Self::RsaPssSha384 => "RSA-PSS-SHA384",
            Self::RsaPssSha512 => "RSA-PSS-SHA512",
            Self::EcdsaSha256 => "ECDSA-SHA256",
            Self::EcdsaSha384 => "ECDSA-SHA384",
            Self::EcdsaSha512 => "ECDSA-SHA512",
            Self::Ed25519 => "Ed25519",
            Self::RsaSha1 => "RSA-SHA1",
        }
    }

    /// The kind of key that the method takes.
    ///
    /// Stricter than XMLDSig, where any curve goes with any digest: ring has the raw `r || s` form for the first two pairs only, and
    /// these three are the ones in use.
    pub(crate) const fn key_family(self) -> KeyFamily {
        match self {
            Self::RsaSha256
            | Self::RsaSha384
            | Self::RsaSha512
            | Self::RsaPssSha256
            | Self::RsaPssSha384
            | Self::RsaPssSha512
            | Self::RsaSha1 => KeyFamily::Rsa,
            Self::EcdsaSha256 => KeyFamily::P256,
            Self::EcdsaSha384 => KeyFamily::P384,
            Self::EcdsaSha512 => KeyFamily::P521,
            Self::Ed25519 => KeyFamily::Ed25519,
        }
    }
}

/// A kind of key, as signature methods ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFamily {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl fmt::Display for KeyFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// A digest method that is implemented. SHA-1 is among them; [`DigestAlgorithm::permitted`] decides on its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DigestAlgorithm {
    Sha256,
    Sha384,
    Sha512,
    Sha1,
}

impl DigestAlgorithm {
    const ALL: [Self; 4] = [Self::Sha256, Self::Sha384, Self::Sha512, Self::Sha1];

    /// The method of that exact identifier.
    ///
    /// # Errors
    ///
    /// Why the identifier stands for none; never [`AlgorithmRefusal::NotEnabled`].
    pub(crate) fn from_uri(uri: &str) -> Result<Self, AlgorithmRefusal> {
        Self::ALL.into_iter().find(|algorithm| algorithm.uri() == uri).ok_or_else(|| refusal_of(uri, &REFUSED_DIGESTS))
    }

    /// The method itself, where the connection allows it.
    ///
    /// # Errors
    ///
    /// [`AlgorithmRefusal::NotEnabled`] for SHA-1 without its departure.
    pub(crate) fn permitted(self, departures: Departures) -> Result<Self, AlgorithmRefusal> {
        match self {
            Self::Sha1 => require(departures, Departure::Sha1DigestForLegacyUseOnly).map(|()| self),
            _ => Ok(self),
        }
    }

    /// The identifiers that a connection accepts, for errors.
    pub(crate) fn accepted(departures: Departures) -> Vec<&'static str> {
        Self::ALL.into_iter().filter_map(|algorithm| algorithm.permitted(departures).ok()).map(Self::uri).collect()
    }

    /// XMLDSig 1.1 section 6.2. Three namespaces for four digests is how it is.
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
        }
    }

    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha1 => "SHA-1",
        }
    }
}

/// A digest in the making.
#[derive(Clone)]
pub(crate) struct Digester(backend::Context);

impl Digester {
    pub(crate) fn new(algorithm: DigestAlgorithm) -> Self {
        Self(backend::context(algorithm))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finish())
    }
}

/// A finished digest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(backend::Digest);

impl Digest {
    pub(crate) fn of(algorithm: DigestAlgorithm, bytes: &[u8]) -> Self {
        Self(backend::digest(algorithm, bytes))
    }

    /// Whether `value` is this digest: of its exact length, and equal in every byte.
    ///
    /// The time taken depends on the length alone. Both sides are public in an XML Signature; this costs nothing and leaves
    /// nothing to be argued.
    pub(crate) fn matches(&self, value: &[u8]) -> bool {
        let own = self.as_ref();
        let difference = own.iter().zip(value).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
        own.len() == value.len() && difference == 0
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// The SHA-256 fingerprint of a DER certificate: upper-case hexadecimal with colons, as dashboards show it.
pub(crate) fn sha256_fingerprint(der: &[u8]) -> String {
    hex(Digest::of(DigestAlgorithm::Sha256, der).as_ref(), ":", Case::Upper)
}

/// The SHA-1 fingerprint, in the same form. For looking a certificate up, where a dashboard shows nothing better.
pub(crate) fn sha1_fingerprint(der: &[u8]) -> String {
    hex(Digest::of(DigestAlgorithm::Sha1, der).as_ref(), ":", Case::Upper)
}

/// A SHA-256 digest in 64 lower-case hexadecimal characters.
pub(crate) fn sha256_hex(digest: &Digest) -> String {
    hex(digest.as_ref(), "", Case::Lower)
}

/// Bytes in upper-case hexadecimal.
pub(super) fn upper_hex(bytes: &[u8]) -> String {
    hex(bytes, "", Case::Upper)
}

/// Bytes in lower-case hexadecimal.
pub(super) fn lower_hex(bytes: &[u8]) -> String {
    hex(bytes, "", Case::Lower)
}

#[derive(Clone, Copy)]
enum Case {
    Upper,
    Lower,
}

fn hex(bytes: &[u8], separator: &str, case: Case) -> String {
    let pairs: Vec<String> = bytes
        .iter()
        .map(|byte| match case {
            Case::Upper => format!("{byte:02X}"),
            Case::Lower => format!("{byte:02x}"),
        })
        .collect();
    pairs.join(separator)
}

fn require(departures: Departures, departure: Departure) -> Result<(), AlgorithmRefusal> {
    if departures.contains(departure) { Ok(()) } else { Err(AlgorithmRefusal::NotEnabled(departure.name())) }
}

fn refusal_of(uri: &str, refused: &[(&str, AlgorithmRefusal)]) -> AlgorithmRefusal {
    refused.iter().find(|(known, _)| *known == uri).map_or(AlgorithmRefusal::Unknown, |(_, refusal)| *refusal)
}

/// Signature methods of XMLDSig 1.1 and RFC 9231 that are refused whatever the connection allows.
const REFUSED_SIGNATURES: [(&str, AlgorithmRefusal); 44] = {
    use AlgorithmRefusal::{Unsuitable, Unsupported, Weak};
    [
        ("http://www.w3.org/2000/09/xmldsig#dsa-sha1", Weak),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", Weak),
        ("http://www.w3.org/2001/04/xmldsig-more#esign-sha1", Weak),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", Weak),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160", Weak),
        ("http://www.w3.org/2007/05/xmldsig-more#ecdsa-ripemd160", Weak),
        ("http://www.w3.org/2007/05/xmldsig-more#md2-rsa-MGF1", Weak),
        ("http://www.w3.org/2007/05/xmldsig-more#md5-rsa-MGF1", Weak),
        ("http://www.w3.org/2007/05/xmldsig-more#ripemd128-rsa-MGF1", Weak),
        ("http://www.w3.org/2007/05/xmldsig-more#ripemd160-rsa-MGF1", Weak),
        ("http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1", Weak),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-md5", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-ripemd160", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha224", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha384", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha512", Unsuitable),
        ("http://www.w3.org/2021/04/xmldsig-more#poly1305", Unsuitable),
        ("http://www.w3.org/2021/04/xmldsig-more#siphash-2-4", Unsuitable),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224", Unsupported),
        ("http://www.w3.org/2001/04/xmldsig-more#esign-sha224", Unsupported),
        ("http://www.w3.org/2001/04/xmldsig-more#esign-sha256", Unsupported),
        ("http://www.w3.org/2001/04/xmldsig-more#esign-sha384", Unsupported),
        ("http://www.w3.org/2001/04/xmldsig-more#esign-sha512", Unsupported),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha224", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#ecdsa-whirlpool", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#rsa-pss", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#rsa-whirlpool", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha224-rsa-MGF1", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-224-rsa-MGF1", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-256-rsa-MGF1", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-384-rsa-MGF1", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-512-rsa-MGF1", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#whirlpool-rsa-MGF1", Unsupported),
        ("http://www.w3.org/2009/xmldsig11#dsa-sha256", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-224", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-256", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-384", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#ecdsa-sha3-512", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519ctx", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519ph", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448", Unsupported),
        ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448ph", Unsupported),
    ]
};

/// Digest methods of XMLDSig 1.1, XML Encryption 1.1 and RFC 9231 that are refused whatever the connection allows.
const REFUSED_DIGESTS: [(&str, AlgorithmRefusal); 8] = {
    use AlgorithmRefusal::{Unsupported, Weak};
    [
        ("http://www.w3.org/2001/04/xmldsig-more#md5", Weak),
        ("http://www.w3.org/2001/04/xmlenc#ripemd160", Weak),
        ("http://www.w3.org/2001/04/xmldsig-more#sha224", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-224", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-256", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-384", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#sha3-512", Unsupported),
        ("http://www.w3.org/2007/05/xmldsig-more#whirlpool", Unsupported),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn identifiers_lead_to_algorithms_and_back() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::from_uri(algorithm.uri()), algorithm.of_this_backend());
        }
        for algorithm in DigestAlgorithm::ALL {
            assert_eq!(DigestAlgorithm::from_uri(algorithm.uri()), Ok(algorithm));
        }
    }

    #[test]
    fn identifiers_are_the_published_ones() {
        for (uri, name, family) in [
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "RSA-SHA256", "RSA"),
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "RSA-SHA384", "RSA"),
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "RSA-SHA512", "RSA"),
            ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "RSA-PSS-SHA256", "RSA"),
            ("http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", "RSA-PSS-SHA384", "RSA"),
            ("http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", "RSA-PSS-SHA512", "RSA"),
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "ECDSA-SHA256", "P-256"),
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "ECDSA-SHA384", "P-384"),
            ("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", "Ed25519", "Ed25519"),
            ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "RSA-SHA1", "RSA"),
        ] {
            let algorithm = SignatureAlgorithm::from_uri(uri).unwrap();
            assert_eq!((algorithm.name(), algorithm.key_family().to_string().as_str()), (name, family), "{uri}");
        }
        for (uri, name) in [
            ("http://www.w3.org/2001/04/xmlenc#sha256", "SHA-256"),
            ("http://www.w3.org/2001/04/xmldsig-more#sha384", "SHA-384"),
            ("http://www.w3.org/2001/04/xmlenc#sha512", "SHA-512"),
            ("http://www.w3.org/2000/09/xmldsig#sha1", "SHA-1"),
        ] {
            assert_eq!(DigestAlgorithm::from_uri(uri).map(DigestAlgorithm::name), Ok(name), "{uri}");
        }
    }

    #[test]
    fn other_identifiers_are_refused_for_their_own_reason() {
        use AlgorithmRefusal::{Unknown, Unsuitable, Unsupported, Weak};
        for (uri, refusal) in [
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", Weak),
            ("http://www.w3.org/2000/09/xmldsig#dsa-sha1", Weak),
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", Weak),
            ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", Unsuitable),
            ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", Unsuitable),
            ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha224", Unsupported),
            ("http://www.w3.org/2009/xmldsig11#dsa-sha256", Unsupported),
            ("http://www.w3.org/2007/05/xmldsig-more#rsa-pss", Unsupported),
            ("", Unknown),
            ("none", Unknown),
            ("rsa-sha256", Unknown),
            ("http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256", Unknown),
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ", Unknown),
            ("https://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Unknown),
            ("http://example.com/?http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Unknown),
            ("http://www.w3.org/2001/04/xmlenc#sha256", Unknown),
        ] {
            assert_eq!(SignatureAlgorithm::from_uri(uri), Err(refusal), "{uri}");
        }
        for (uri, refusal) in [
            ("http://www.w3.org/2001/04/xmldsig-more#md5", Weak),
            ("http://www.w3.org/2001/04/xmlenc#ripemd160", Weak),
            ("http://www.w3.org/2001/04/xmldsig-more#sha224", Unsupported),
            ("http://www.w3.org/2007/05/xmldsig-more#sha3-256", Unsupported),
            ("http://www.w3.org/2007/05/xmldsig-more#whirlpool", Unsupported),
            ("http://www.w3.org/2000/09/xmldsig#sha256", Unknown),
            ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Unknown),
            ("", Unknown),
        ] {
            assert_eq!(DigestAlgorithm::from_uri(uri), Err(refusal), "{uri}");
        }
    }

    #[test]
    fn no_identifier_is_both_accepted_and_refused() {
        for (uri, refusal) in REFUSED_SIGNATURES {
            assert_eq!(SignatureAlgorithm::from_uri(uri), Err(refusal), "{uri}");
        }
        for (uri, _) in REFUSED_DIGESTS {
            assert!(DigestAlgorithm::from_uri(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn p521_is_a_matter_of_the_backend() {
        let uri = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512";
        let here = cfg!(feature = "aws-lc-rs");
        let refused = Err(AlgorithmRefusal::NeedsFeature("aws-lc-rs"));
        assert_eq!(SignatureAlgorithm::from_uri(uri), if here { Ok(SignatureAlgorithm::EcdsaSha512) } else { refused });
        assert_eq!(SignatureAlgorithm::accepted(Departures::default()).contains(&uri), here);
        let error = SignatureAlgorithm::accept(uri, Departures::default()).map_err(Error::from);
        let Err(error) = error else { return assert!(here) };
        assert_eq!(
            (error.code(), error.to_string().as_str(), error.remedy().as_str()),
            (
                "signature_algorithm_refused",
                "signature: the signature method \"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512\" needs the feature \
                 `aws-lc-rs`, which this build does not have",
                "build the service with the feature `aws-lc-rs` of saml-verify, which verifies such signatures, or let the identity \
                 provider sign with RSA-SHA256"
            )
        );
    }

    #[test]
    fn sha1_needs_its_own_departure() {
        let signature = Departures::default().with(Departure::Sha1SignatureForLegacyUseOnly);
        let digest = Departures::default().with(Departure::Sha1DigestForLegacyUseOnly);
        let refused = |name| Err(AlgorithmRefusal::NotEnabled(name));

        assert_eq!(SignatureAlgorithm::RsaSha1.permitted(Departures::default()), refused("sha1-signature"));
        assert_eq!(SignatureAlgorithm::RsaSha1.permitted(digest), refused("sha1-signature"));
        assert_eq!(SignatureAlgorithm::RsaSha1.permitted(signature), Ok(SignatureAlgorithm::RsaSha1));
        assert_eq!(DigestAlgorithm::Sha1.permitted(Departures::default()), Err(AlgorithmRefusal::NotEnabled("sha1-digest")));
        assert_eq!(DigestAlgorithm::Sha1.permitted(signature), Err(AlgorithmRefusal::NotEnabled("sha1-digest")));
        assert_eq!(DigestAlgorithm::Sha1.permitted(digest), Ok(DigestAlgorithm::Sha1));

        assert_eq!(SignatureAlgorithm::accepted(Departures::default()).len(), 9 + usize::from(cfg!(feature = "aws-lc-rs")));
        assert_eq!(SignatureAlgorithm::accepted(signature).last(), Some(&SignatureAlgorithm::RsaSha1.uri()));
        assert_eq!(DigestAlgorithm::accepted(Departures::default()).len(), 3);
        assert_eq!(DigestAlgorithm::accepted(digest).last(), Some(&DigestAlgorithm::Sha1.uri()));
    }

    #[test]
    fn digests_are_those_of_the_standard() {
        for (algorithm, start, length) in [
            (DigestAlgorithm::Sha1, [0xA9, 0x99, 0x3E, 0x36], 20),
            (DigestAlgorithm::Sha256, [0xBA, 0x78, 0x16, 0xBF], 32),
            (DigestAlgorithm::Sha384, [0xCB, 0x00, 0x75, 0x3F], 48),
            (DigestAlgorithm::Sha512, [0xDD, 0xAF, 0x35, 0xA1], 64),
        ] {
            let mut digester = Digester::new(algorithm);
            digester.update(b"a");
            digester.update(b"bc");
            let digest = digester.finish();
            assert_eq!((&digest.as_ref()[..4], digest.as_ref().len()), (&start[..], length), "{}", algorithm.name());
            assert!(digest.matches(Digest::of(algorithm, b"abc").as_ref()));
        }
    }

    #[test]
    fn a_digest_matches_itself_only() {
        let digest = Digest::of(DigestAlgorithm::Sha256, b"");
        let value = digest.as_ref().to_vec();
        assert!(digest.matches(&value));
        assert!(!digest.matches(&[]));
        assert!(!digest.matches(&value[..31]));
        assert!(!digest.matches(&[&value[..], &[0]].concat()));
        for index in 0..value.len() {
            let mut changed = value.clone();
            changed[index] ^= 0x80;
            assert!(!digest.matches(&changed), "byte {index}");
            changed[(index + 1) % value.len()] ^= 0x80;
            assert!(!digest.matches(&changed), "byte {index} and the next, in the same bit");
        }
    }

    #[test]
    fn hexadecimal_forms() {
        assert_eq!(sha1_fingerprint(b"abc"), "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D");
        assert!(sha256_fingerprint(b"abc").starts_with("BA:78:16:BF:"));
        assert_eq!(
            sha256_hex(&Digest::of(DigestAlgorithm::Sha256, b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!((upper_hex(&[0, 0xAB]), lower_hex(&[0, 0xAB])), ("00AB".to_owned(), "00ab".to_owned()));
    }
}
