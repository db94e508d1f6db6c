//! The keys of a role. SAML Metadata 2.4.1.1 and the Metadata Interoperability Profile 2.5.1: each KeyDescriptor is one key, and
//! a certificate in it is nothing but a container of that key.

use super::MetadataWarning;
use super::entity::{at, children, invalid, structure};
use super::key_value::written_key;
use crate::crypto::{TrustedKey, TrustedKeys};
use crate::error::{CertificateError, MetadataError, MetadataErrorKind, StructureError, UnusableKey};
use crate::xml::{Namespace, View};

/// The keys with which a role signs, at least one. What cannot be used is a warning, as long as something can.
///
/// # Errors
///
/// Where the role has no usable key for signatures, or too many of them.
pub(super) fn signing_keys<'d, V: View<'d>>(role: V, warnings: &mut Vec<MetadataWarning>) -> Result<TrustedKeys, MetadataError> {
    let mut keys: Option<TrustedKeys> = None;
    let mut first_unusable = None;
    let mut descriptors: usize = 0;
    let mut signing: usize = 0;
    for child in children(role) {
        let descriptor = child?;
        if !descriptor.is(Namespace::Metadata, "KeyDescriptor") {
            continue;
        }
        descriptors = descriptors.saturating_add(1);
        if descriptors > MOST_DESCRIPTORS {
            return Err(at(descriptor, MetadataErrorKind::TooMany { what: "KeyDescriptors", maximum: MOST_DESCRIPTORS }));
        }
        if !signs(descriptor)? {
            continue;
        }
        signing = signing.saturating_add(1);
        match key_of(descriptor, descriptors, warnings)? {
            Ok(key) => keys = Some(together(keys, key).map_err(|_| at(descriptor, TOO_MANY_KEYS))?),
            Err(reason) => {
                first_unusable.get_or_insert_with(|| (descriptor, reason.clone()));
                warnings.push(MetadataWarning::UnusableKey { key_descriptor: descriptors, reason });
            }
        }
    }
    match (keys, first_unusable) {
        (Some(keys), _) => Ok(keys),
        (None, Some((descriptor, reason))) => Err(at(descriptor, MetadataErrorKind::NoUsableKey { reason, count: signing })),
        (None, None) => Err(at(role, MetadataErrorKind::NoSigningKey)),
    }
}

/// Whether the key is for signatures: without `use` it is for both purposes (errata E62).
fn signs<'d>(descriptor: impl View<'d>) -> Result<bool, MetadataError> {
    match descriptor.attribute("use") {
        None | Some("signing") => Ok(true),
        Some("encryption") => Ok(false),
        Some(other) => Err(invalid(descriptor, "KeyDescriptor", "use", other, "signing or encryption")),
    }
}

/// The one key of a KeyDescriptor.
fn key_of<'d, V: View<'d>>(
    descriptor: V,
    place: usize,
    warnings: &mut Vec<MetadataWarning>,
) -> Result<Result<TrustedKeys, UnusableKey>, MetadataError> {
    let mut key_info = None;
    for child in children(descriptor) {
        let child = child?;
        if key_info.is_none() && child.is(Namespace::Dsig, "KeyInfo") {
            key_info = Some(child);
        }
    }
    let missing = StructureError::MissingElement { parent: "KeyDescriptor", element: "KeyInfo" };
    let key_info = key_info.ok_or_else(|| structure(descriptor, missing))?;
    let certificates = match certificates(key_info)? {
        Ok(certificates) => certificates,
        Err(reason) => return Ok(Err(UnusableKey::Certificate(reason))),
    };
    let written = match written_keys(key_info)? {
        Ok(written) => written,
        Err(reason) => return Ok(Err(UnusableKey::Certificate(reason))),
    };
    let leaf = leaf(&certificates);
    let Some(key) = leaf.as_ref().map(|leaf| leaf.key).or(written.first()) else { return Ok(Err(UnusableKey::NoKey)) };
    // Metadata Interoperability Profile 2.5.1: whatever one KeyInfo holds is the same key.
    if !written.iter().all(|other| other.has_key_of(key)) {
        return Ok(Err(UnusableKey::Contradictory));
    }
    if leaf.as_ref().is_some_and(|leaf| leaf.has_rivals) {
        warnings.push(MetadataWarning::SeveralKeysInOneDescriptor { key_descriptor: place, used: key.shown() });
    }
    Ok(Ok(TrustedKeys::of(key.clone())))
}

/// Every key that a KeyInfo writes out without a certificate, in order.
fn written_keys<'d, V: View<'d>>(key_info: V) -> Result<Result<Vec<TrustedKey>, CertificateError>, MetadataError> {
    let mut found = Vec::new();
    for child in children(key_info) {
        let child = child?;
        let Some(key) = written_key(child)? else { continue };
        if found.len() >= LONGEST_CHAIN {
            let kind = MetadataErrorKind::TooMany { what: "keys in one KeyDescriptor", maximum: LONGEST_CHAIN };
            return Err(at(child, kind));
        }
        match key {
            Ok(key) => found.push(key),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    Ok(Ok(found))
}

/// Every certificate of a KeyInfo, in order. XMLDSig 4.4.4.
fn certificates<'d>(key_info: impl View<'d>) -> Result<Result<Vec<TrustedKey>, CertificateError>, MetadataError> {
    let mut found = Vec::new();
    for child in children(key_info) {
        let child = child?;
        if !child.is(Namespace::Dsig, "X509Data") {
            continue;
        }
        for part in children(child) {
            let part = part?;
            if !part.is(Namespace::Dsig, "X509Certificate") {
                continue;
            }
            if found.len() >= LONGEST_CHAIN {
                let kind = MetadataErrorKind::TooMany { what: "certificates in one KeyDescriptor", maximum: LONGEST_CHAIN };
                return Err(at(part, kind));
            }
            let text = part.text().map_err(|error| structure(part, error))?;
            // Also with an armor, which some products write into it.
            match TrustedKeys::from_pem(text.as_bytes()) {
                Ok(certificates) => found.extend(certificates.iter().cloned()),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
    Ok(Ok(found))
}

struct Leaf<'c> {
    key: &'c TrustedKey,
    /// There is a certificate of another key that is none of its issuers, as far as that can be told.
    has_rivals: bool,
}

/// Of a chain, the certificate that is the identity provider's own: it issued no other one.
///
/// XMLDSig 4.4.4 prescribes no order. Where a chain has a gap, so that several are left, an authority is told by being self-signed;
/// and what is left then is no chain, of which the first counts: the keys of authorities must never come in beside it.
fn leaf(certificates: &[TrustedKey]) -> Option<Leaf<'_>> {
    let issued_another = |one: &&TrustedKey| certificates.iter().any(|other| other != *one && is_issued_by(other, one));
    let own: Vec<&TrustedKey> = certificates.iter().filter(|one| !issued_another(one)).collect();
    let by_others = own.iter().copied().find(|one| !is_self_signed(one));
    // Of two that issued one another none is left.
    let key = by_others.or_else(|| own.first().copied()).or_else(|| certificates.first())?;
    let rival = |other: &&TrustedKey| !other.has_key_of(key) && is_self_signed(other) == is_self_signed(key);
    Some(Leaf { key, has_rivals: own.iter().copied().any(|other| rival(&other)) })
}

fn is_issued_by(one: &TrustedKey, other: &TrustedKey) -> bool {
    let (Some(one), Some(other)) = (one.certificate(), other.certificate()) else { return false };
    one.issuer() == other.subject() && one.issuer() != one.subject()
}

/// Nobody stands above it. So it is with a public key alone, which some write in place of its certificate.
fn is_self_signed(key: &TrustedKey) -> bool {
    key.certificate().is_none_or(|certificate| certificate.subject() == certificate.issuer())
}

fn together(keys: Option<TrustedKeys>, key: TrustedKeys) -> Result<TrustedKeys, CertificateError> {
    match keys {
        None => Ok(key),
        Some(keys) => keys.and(key),
    }
}

/// Identity providers publish one to five.
const MOST_DESCRIPTORS: usize = 64;
/// From the identity provider's own certificate to a root there are two or three.
const LONGEST_CHAIN: usize = 16;
const TOO_MANY_KEYS: MetadataErrorKind =
    MetadataErrorKind::TooMany { what: "keys for signatures", maximum: TrustedKeys::MAXIMUM };
