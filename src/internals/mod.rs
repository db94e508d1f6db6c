//! For the crate's own benchmarks, fuzz targets and conformance tests. Promises nothing.

#[cfg(all(feature = "decrypt", feature = "test-idp"))]
mod sealed;
mod seen;
mod stages;

#[cfg(all(feature = "decrypt", feature = "test-idp"))]
pub use sealed::{decrypt_content, seal, wrap, wrapped_key};

#[cfg(feature = "test-idp")]
pub use seen::sign;
pub use seen::{Seen, SeenNamespace, see, see_signed};
pub use stages::*;

use crate::canonical::{Algorithm, Error};
use crate::crypto::{SignatureAlgorithm, VerifyFailure};
use crate::departure::{Departure, Departures};
use crate::limits::Limits;
use crate::xml::canonical::{Selection, write_selection};
use crate::xml::{Document, Trust};
use crate::{SignatureError, TrustedKey, TrustedKeys, XmlError};

/// Parses a document and forgets it.
///
/// # Errors
///
/// As the parser.
pub fn parse(xml: &[u8], limits: &Limits) -> Result<(), XmlError> {
    Document::parse(xml, limits).map(|_| ())
}

/// The signature value of an identity provider over some octets.
#[cfg(feature = "test-idp")]
pub fn sign_octets(idp: &crate::test_idp::TestIdp, octets: &[u8]) -> Vec<u8> {
    idp.sign(octets)
}

/// What of a document is canonicalized.
#[derive(Clone, Copy, Debug)]
pub enum Select<'a> {
    /// The element behind the 1-based positions among child elements; the document, if there are none.
    Path(&'a [usize]),
    /// The element with an attribute of that name as written and that value.
    Attribute {
        /// The name.
        name: &'a str,
        /// The value.
        value: &'a str,
    },
}

/// The canonical form of a selection, less the element at `excluded`.
///
/// # Errors
///
/// As [`Canonicalizer`](crate::canonical::Canonicalizer).
pub fn canonicalize(
    xml: &[u8],
    select: Select<'_>,
    excluded: Option<&[usize]>,
    algorithm: Algorithm,
    prefix_list: &str,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let document = Document::parse(xml, limits)?;
    let selection = match select {
        Select::Path([]) => Selection::Document,
        Select::Path(path) => Selection::Path(path),
        Select::Attribute { name, value } => Selection::Attribute { names: &[name], value },
    };
    let mut octets = Vec::new();
    write_selection(&document, selection, excluded.map(Selection::Path), algorithm, prefix_list, &mut octets)?;
    Ok(octets)
}

/// Verifies the Signature below the element at `path`, whatever element that is; `false` where it has none.
///
/// # Errors
///
/// The outer one as the parser, the inner one as a login's signature.
pub fn verify_signature(
    xml: &[u8],
    path: &[usize],
    keys: &TrustedKeys,
    departures: &[Departure],
    limits: &Limits,
) -> Result<Result<bool, SignatureError>, XmlError> {
    let document = Document::parse(xml, limits)?;
    let departures = departures.iter().fold(Departures::default(), |all, &departure| all.with(departure));
    let below_root = path.get(1..).unwrap_or_default();
    let Some(element) = document.root().at(below_root) else { return Ok(Ok(false)) };
    Ok(document.verify(element, "element", &Trust { keys, departures }).map(|verified| verified.is_some()))
}

/// What came of a signature value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueVerdict {
    /// It is the key's.
    Valid,
    /// It is not.
    Invalid,
    /// The method is not implemented.
    UnknownMethod,
    /// The key is of another kind than the method needs.
    KeyType,
}

/// Verifies a signature value with the method of that identifier.
pub fn verify_value(key: &TrustedKey, method: &str, message: &[u8], value: &[u8]) -> ValueVerdict {
    let Ok(method) = SignatureAlgorithm::from_uri(method) else { return ValueVerdict::UnknownMethod };
    match key.verify(method, message, value) {
        Ok(()) => ValueVerdict::Valid,
        Err(VerifyFailure::Invalid) => ValueVerdict::Invalid,
        Err(VerifyFailure::KeyType) => ValueVerdict::KeyType,
    }
}

/// Whether a signature value is that of the key in a SubjectPublicKeyInfo: what ring says, and what aws-lc-rs says. `None` where the
/// key, the method or the two together are refused before a backend is asked.
#[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
pub fn verify_by_both(spki: &[u8], method: &str, message: &[u8], value: &[u8]) -> Option<[bool; 2]> {
    crate::crypto::verify_by_both(spki, method, message, value)
}

/// A digest by ring, and by aws-lc-rs; `None` where there is no such method.
#[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
pub fn digest_by_both(method: &str, octets: &[u8]) -> Option<[Vec<u8>; 2]> {
    crate::crypto::digest_by_both(method, octets)
}

/// The key under which that assertion is claimed.
pub fn replay_key(issuer: &str, id: &str) -> crate::ReplayKey {
    crate::ReplayKey::new(issuer, id)
}
