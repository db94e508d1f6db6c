//! The algorithms of a signature, as tests choose them.

use crate::crypto::{DigestAlgorithm, SignatureAlgorithm};

/// How a response is signed. RSA with SHA-1 is not among them: the crate can verify it, and not make it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureMethod {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// RSASSA-PSS with SHA-256.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512.
    RsaPssSha512,
    /// ECDSA on P-256 with SHA-256.
    EcdsaSha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaSha384,
    /// Ed25519.
    Ed25519,
}

impl SignatureMethod {
    pub(super) const fn algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::RsaSha256 => SignatureAlgorithm::RsaSha256,
            Self::RsaSha384 => SignatureAlgorithm::RsaSha384,
            Self::RsaSha512 => SignatureAlgorithm::RsaSha512,
            Self::RsaPssSha256 => SignatureAlgorithm::RsaPssSha256,
            Self::RsaPssSha384 => SignatureAlgorithm::RsaPssSha384,
            Self::RsaPssSha512 => SignatureAlgorithm::RsaPssSha512,
            Self::EcdsaSha256 => SignatureAlgorithm::EcdsaSha256,
            Self::EcdsaSha384 => SignatureAlgorithm::EcdsaSha384,
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }
}

/// The digest of what is signed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestMethod {
    /// SHA-1, which a service accepts only with [`Departure::Sha1DigestForLegacyUseOnly`](crate::Departure).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestMethod {
    pub(super) const fn algorithm(self) -> DigestAlgorithm {
        match self {
            Self::Sha1 => DigestAlgorithm::Sha1,
            Self::Sha256 => DigestAlgorithm::Sha256,
            Self::Sha384 => DigestAlgorithm::Sha384,
            Self::Sha512 => DigestAlgorithm::Sha512,
        }
    }
}
