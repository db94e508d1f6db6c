//! Both backends in one process, to be compared. Feature `internals` alone.

use super::{aws_lc_rs, ring};
use crate::crypto::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use crate::crypto::public_key::judged;

/// Whether `signature` is the key's over `message`: what ring says, and what aws-lc-rs says. `None` where the key or the method is
/// refused before a backend is asked.
pub(crate) fn verify(spki: &[u8], method: &str, message: &[u8], signature: &[u8]) -> Option<[bool; 2]> {
    let (kind, key) = judged(spki).ok()?;
    let method = SignatureAlgorithm::from_uri(method).ok().filter(|method| method.key_family() == kind.family())?;
    Some([
        ring::VerifyingKey::new(kind.family(), key).verifies(method, message, signature),
        aws_lc_rs::VerifyingKey::new(kind.family(), key).verifies(method, message, signature),
    ])
}

/// The digest of `bytes` by ring, and by aws-lc-rs; `None` where there is no such method.
pub(crate) fn digest(method: &str, bytes: &[u8]) -> Option<[Vec<u8>; 2]> {
    let method = DigestAlgorithm::from_uri(method).ok()?;
    Some([ring::digest(method, bytes).as_ref().to_vec(), aws_lc_rs::digest(method, bytes).as_ref().to_vec()])
}
