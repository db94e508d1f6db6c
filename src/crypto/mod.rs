//! Digests, signature values and trusted certificates. The only folder that names ring.
//!
//! In go bytes and algorithm identifiers; out come digests, verdicts on signature values, and [`TrustedKeys`]. There is no
//! signing here but for messages of our own, no choice of key by the message, no certificate chain: a trusted key is trusted because it was configured.

pub(crate) mod algorithm;
pub(crate) mod certificate;
mod pem;
mod private_key;
mod random;
mod refused_value;
mod signing;

pub(crate) use algorithm::{DigestAlgorithm, Digester, SignatureAlgorithm, sha256_hex};
#[cfg(feature = "internals")]
pub(crate) use certificate::VerifyFailure;
pub use certificate::{Certificate, KeyType, TrustedKeys};
pub(crate) use random::unguessable;
pub use signing::SigningKey;
