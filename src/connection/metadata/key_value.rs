//! Keys that a KeyInfo writes out, without a certificate. XMLDSig 1.1, 4.5.2 and 4.5.9.
//!
//! In goes a `KeyValue` or a `DEREncodedKeyValue`; out comes the key, judged as one in a certificate is. Deliberately absent: DSA, curves
//! by their parameters, and references to keys elsewhere.

use super::entity::{children, structure};
use crate::base64;
use crate::crypto::TrustedKey;
use crate::error::{CertificateError, MetadataError};
use crate::xml::{Namespace, View};

/// The key that a child of KeyInfo writes out; `None` where it is something else.
pub(super) fn written_key<'d, V: View<'d>>(part: V) -> Result<Option<Result<TrustedKey, CertificateError>>, MetadataError> {
    if part.is(Namespace::Dsig11, "DEREncodedKeyValue") {
        return Ok(Some(octets(part)?.and_then(|spki| TrustedKey::from_spki(&spki))));
    }
    if !part.is(Namespace::Dsig, "KeyValue") {
        return Ok(None);
    }
    let mut found = None;
    for child in children(part) {
        let child = child?;
        if found.is_some() {
            return Ok(Some(Err(malformed("a KeyValue holds one key"))));
        }
        found = Some(child);
    }
    let Some(value) = found else { return Ok(Some(Err(malformed("an empty KeyValue")))) };
    if value.is(Namespace::Dsig, "RSAKeyValue") {
        return rsa(value).map(Some);
    }
    if value.is(Namespace::Dsig11, "ECKeyValue") {
        return point(value).map(Some);
    }
    let algorithm = value.qualified_name();
    let algorithm = if value.is(Namespace::Dsig, "DSAKeyValue") { "DSA" } else { algorithm };
    Ok(Some(Err(CertificateError::UnsupportedKey { algorithm: crate::error::Shown::new(algorithm).to_string() })))
}

/// XMLDSig 4.5.2.2.
fn rsa<'d, V: View<'d>>(value: V) -> Result<Result<TrustedKey, CertificateError>, MetadataError> {
    let [modulus, exponent] = [child(value, Namespace::Dsig, "Modulus")?, child(value, Namespace::Dsig, "Exponent")?];
    let (Some(modulus), Some(exponent)) = (modulus, exponent) else {
        return Ok(Err(malformed("an RSAKeyValue without one Modulus and one Exponent")));
    };
    let (modulus, exponent) = (octets(modulus)?, octets(exponent)?);
    Ok(modulus.and_then(|modulus| TrustedKey::from_rsa_numbers(&modulus, &exponent?)))
}

/// XMLDSig 4.5.2.3.
fn point<'d, V: View<'d>>(value: V) -> Result<Result<TrustedKey, CertificateError>, MetadataError> {
    if child(value, Namespace::Dsig11, "ECParameters")?.is_some() {
        return Ok(Err(CertificateError::UnsupportedCurve { curve: "explicit parameters".to_owned() }));
    }
    let curve = child(value, Namespace::Dsig11, "NamedCurve")?.and_then(|curve| curve.attribute("URI"));
    let (Some(curve), Some(point)) = (curve, child(value, Namespace::Dsig11, "PublicKey")?) else {
        return Ok(Err(malformed("an ECKeyValue without one NamedCurve and one PublicKey")));
    };
    Ok(octets(point)?.and_then(|point| TrustedKey::from_point(curve, &point)))
}

/// The only child of that name.
fn child<'d, V: View<'d>>(parent: V, namespace: Namespace, name: &str) -> Result<Option<V>, MetadataError> {
    let mut found = None;
    let mut several = false;
    for child in children(parent) {
        let child = child?;
        if child.is(namespace, name) {
            several |= found.replace(child).is_some();
        }
    }
    Ok(found.filter(|_| !several))
}

fn octets<'d>(element: impl View<'d>) -> Result<Result<Vec<u8>, CertificateError>, MetadataError> {
    let text = element.text().map_err(|error| structure(element, error))?;
    Ok(base64::decode_whitespace(&text).map_err(|_| malformed("it is not in base64")))
}

const fn malformed(reason: &'static str) -> CertificateError {
    CertificateError::MalformedKey { reason }
}
