//! The steps of a verification one by one, for benchmarks.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::canonical::{Algorithm, Error};
use crate::connection::identity_provider::IdentityProvider;
use crate::connection::service_provider::ServiceProvider;
use crate::crypto::{DigestAlgorithm, Digester};
use crate::limits::Limits;
use crate::saml::assertion::Assertion;
use crate::saml::check::{self, Circumstances, Expect, Facts};
use crate::saml::response::{Envelope, Response};
use crate::xml::canonical::{Selection, write_selection};
use crate::xml::{Document, Signed};
use crate::{ConstraintError, DecodeError, SignatureError, StructureError, XmlError};

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
        let circumstances = Circumstances {
            response: &self.envelope,
            response_signed: self.response_signed,
            encrypted: false,
            issuer: idp.entity_id(),
            departures: idp.departure_set(),
            audiences: sp.audiences(),
            acs_urls: sp.acs_urls(),
            expect,
            now,
            clock_skew: Duration::from_secs(180),
            authn_contexts: &[],
            max_authentication_age: None,
        };
        check::run(&Facts { circumstances, assertion: &self.assertion.content }).map(|_| ())
    }
}
