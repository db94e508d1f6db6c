//! For the crate's own benchmarks, fuzz targets and conformance tests. Promises nothing.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::canonical::{Algorithm, Error};
use crate::crypto::{DigestAlgorithm, Digester, SignatureAlgorithm, VerifyFailure};
use crate::departure::{Departure, Departures};
use crate::limits::Limits;
use crate::provider::{IdentityProvider, ServiceProvider};
use crate::saml::assertion::Assertion;
use crate::saml::check::{self, Expect, Facts};
use crate::saml::response::{Envelope, Response};
use crate::xml::canonical::{Selection, write_selection};
use crate::xml::{Document, Signed, Trust};
use crate::{Certificate, CertificateError, ConstraintError, DecodeError, SignatureError, StructureError, TrustedKeys, XmlError};

/// Parses a document and forgets it.
///
/// # Errors
///
/// As the parser.
pub fn parse(xml: &[u8], limits: &Limits) -> Result<(), XmlError> {
    Document::parse(xml, limits).map(|_| ())
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

/// A public key without a certificate, from a DER SubjectPublicKeyInfo.
///
/// # Errors
///
/// As for a certificate with that key.
pub fn public_key(spki: &[u8]) -> Result<TrustedKeys, CertificateError> {
    TrustedKeys::from_public_key(spki)
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
pub fn verify_value(key: &Certificate, method: &str, message: &[u8], value: &[u8]) -> ValueVerdict {
    let Ok(method) = SignatureAlgorithm::from_uri(method) else { return ValueVerdict::UnknownMethod };
    match key.verify(method, message, value) {
        Ok(()) => ValueVerdict::Valid,
        Err(VerifyFailure::Invalid) => ValueVerdict::Invalid,
        Err(VerifyFailure::KeyType) => ValueVerdict::KeyType,
    }
}

/// The first step of a verification: from the form field to the document.
///
/// # Errors
///
/// As a verification.
pub fn decode(saml_response: &str, limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    crate::binding::post::decode_post(saml_response, limits)
}

/// Whether that is the SHA-256 digest of the octets.
pub fn digests_to(octets: &[u8], value: &[u8]) -> bool {
    let mut digester = Digester::new(DigestAlgorithm::Sha256);
    digester.update(octets);
    digester.finish().matches(value)
}

/// A message after the second step, so that each further one can be repeated on its own.
pub struct Parsed<'x>(Document<'x>);

impl<'x> Parsed<'x> {
    /// The second step.
    ///
    /// # Errors
    ///
    /// As a verification.
    pub fn parse(xml: &'x [u8], limits: &Limits) -> Result<Self, XmlError> {
        Document::parse_message(xml, limits).map(Self)
    }

    /// Appends what is digested for one signature: the element at `path` without its child at `place`, the Signature; then its
    /// SignedInfo, the first child there.
    ///
    /// # Errors
    ///
    /// As [`Canonicalizer`](crate::canonical::Canonicalizer).
    pub fn canonicalize(&self, path: &[usize], place: usize, octets: &mut Vec<u8>) -> Result<(), Error> {
        let signature = [path, &[place]].concat();
        let signed_info = [path, &[place, 1]].concat();
        let mut write = |selection, excluded| write_selection(&self.0, selection, excluded, Algorithm::Exclusive10, "", octets);
        write(Selection::Path(path), Some(Selection::Path(&signature)))?;
        write(Selection::Path(&signed_info), None)?;
        Ok(())
    }

    /// What the identity provider signed: the Response or else the Assertion.
    ///
    /// # Errors
    ///
    /// As a verification.
    pub fn verify(&self, idp: &IdentityProvider) -> Result<Genuine<'_>, crate::Error> {
        let unverified = Response::read(self.0.root())?;
        let response = idp.verify(&self.0, unverified.element, "Response")?;
        if let Some(proof) = response {
            return Ok(Genuine { document: &self.0, element: proof.element, is_response: true });
        }
        let assertion = idp.verify(&self.0, unverified.assertion()?, "Assertion")?.ok_or(SignatureError::Unsigned)?;
        Ok(Genuine { document: &self.0, element: assertion.element, is_response: false })
    }
}

impl fmt::Debug for Parsed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed")
    }
}

/// A message whose signature was verified.
pub struct Genuine<'d> {
    document: &'d Document<'d>,
    element: Signed<'d>,
    is_response: bool,
}

impl<'d> Genuine<'d> {
    /// Everything that a verification reads of a message, before and behind the signature.
    ///
    /// # Errors
    ///
    /// As a verification.
    pub fn read(&self) -> Result<Read<'d>, StructureError> {
        let unverified = Response::read(self.document.root())?;
        let (envelope, assertion) = if self.is_response {
            let response = Response::read(self.element)?;
            let assertion = response.assertion()?;
            (response.envelope, assertion)
        } else {
            (unverified.envelope, self.element)
        };
        Ok(Read { envelope, response_signed: self.is_response, assertion: Assertion::read(assertion)? })
    }
}

impl fmt::Debug for Genuine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Genuine")
    }
}

/// What was read of a message.
#[derive(Debug)]
pub struct Read<'d> {
    envelope: Envelope<'d>,
    response_signed: bool,
    assertion: Assertion<'d, Signed<'d>>,
}

impl Read<'_> {
    /// Every check.
    ///
    /// # Errors
    ///
    /// As a verification.
    pub fn check(
        &self,
        sp: &ServiceProvider,
        idp: &IdentityProvider,
        expect: Expect<'_>,
        now: SystemTime,
    ) -> Result<(), ConstraintError> {
        let facts = Facts {
            response: &self.envelope,
            response_signed: self.response_signed,
            assertion: &self.assertion.content,
            issuer: idp.entity_id(),
            audiences: sp.audiences(),
            acs_urls: sp.acs_urls(),
            expect,
            now,
            clock_skew: Duration::from_secs(180),
            authn_contexts: &[],
            max_authentication_age: None,
        };
        check::run(&facts).map(|_| ())
    }
}
