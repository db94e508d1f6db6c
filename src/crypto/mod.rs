//! Digests, signature values, trusted keys and private keys. The only folder that names ring and aws-lc-rs, both in `backend`; rsa and
//! aes-gcm belong to the feature `decrypt`.
//!
//! In go bytes and algorithm identifiers; out come digests, verdicts on signature values, and [`TrustedKeys`]. There is no
//! signing here but for messages of our own, no choice of key by the message, no certificate chain: a trusted key is trusted because it was configured.

pub(crate) mod algorithm;
mod backend;
pub(crate) mod certificate;
#[cfg(feature = "decrypt")]
mod cipher;
#[cfg(feature = "decrypt")]
mod decryption_key;
mod elements;
mod pasted;
mod pem;
mod private_key;
mod public_key;
mod random;
mod refused_value;
#[cfg(all(feature = "decrypt", feature = "test-idp"))]
pub(crate) mod sealing;
mod signing;
#[cfg(feature = "decrypt")]
mod unwrap;
mod x509;

#[cfg(all(feature = "decrypt", feature = "test-idp"))]
pub(crate) use algorithm::Digest;
pub(crate) use algorithm::{DigestAlgorithm, Digester, SignatureAlgorithm, sha256_hex};
#[cfg(all(feature = "ring", feature = "aws-lc-rs", feature = "internals"))]
pub(crate) use backend::{digest_by_both, verify_by_both};
pub(crate) use certificate::certificate_ders;
pub use certificate::{Certificate, TrustedKey, TrustedKeys};
#[cfg(feature = "decrypt")]
pub(crate) use cipher::ContentCipher;
#[cfg(feature = "decrypt")]
pub use decryption_key::DecryptionKey;
pub use public_key::KeyType;
#[cfg(feature = "internals")]
pub(crate) use public_key::VerifyFailure;
pub(crate) use random::unguessable;
pub use signing::SigningKey;
#[cfg(feature = "decrypt")]
pub(crate) use unwrap::KeyTransport;
#[cfg(all(feature = "decrypt", feature = "test-idp"))]
pub(crate) use unwrap::OaepPadding;
#[cfg(feature = "decrypt")]
pub use unwrap::{AsyncUnwrapKey, ContentKey, OaepDigest, UnwrapFuture, UnwrapKey, UnwrapUnavailable, WrappedKey};
