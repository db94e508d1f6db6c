//! From the bytes of a document to an identity provider that somebody vouches for.

use std::time::SystemTime;

use super::MetadataWarning;
use super::entity::{Path, at, children, find};
use super::idp::{IdpMetadata, MetadataSignature};
use super::validity::Validity;
use crate::binding::mistaken::known_document;
use crate::departure::{Departure, Departures};
use crate::error::{DecodeError, MetadataError, MetadataErrorKind, NotXml, Position, XmlError};
use crate::limits::Limits;
use crate::xml::{Document, Namespace, SignatureInfo, Signed, Trust, Unsigned, View};
use crate::{TrustedKey, TrustedKeys};

/// Reads metadata documents.
///
/// ```
/// use saml_verify::metadata::{HTTP_REDIRECT, MetadataReader, Vouched};
///
/// # let document = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/metadata.xml"));
/// # let now = saml_verify::time::parse_rfc3339("2026-12-01T00:00:00Z").ok_or("not a time")?;
/// let metadata = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(document, now)?;
/// assert_eq!(metadata.single_sign_on_url(HTTP_REDIRECT), Some("https://acme-dev.us.auth0.com/samlp/CLIENT"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetadataReader<'a> {
    vouched: Vouched<'a>,
    entity_id: Option<String>,
    departures: Departures,
    limits: Limits,
    requires_valid_until: bool,
}

/// Who vouches for a document. Whoever can change it chooses whose logins are believed.
#[derive(Clone, Copy, Debug)]
pub enum Vouched<'a> {
    /// One of these keys signed the entity, or a group that it is in. SAML Metadata 3.
    ///
    /// What is not below a signature that holds is not read: neither keys nor anything else. The keys come from the publisher's own
    /// pages, never out of the document.
    ByPinnedKeys(&'a TrustedKeys),
    /// It came over a channel that authenticates whoever publishes it: `https`, from an address that an administrator configured, with
    /// the certificate checked; or out of that administrator's hands.
    ///
    /// A signature in the document is not looked at.
    ByAuthenticatedChannel,
}

impl<'a> MetadataReader<'a> {
    /// A reader of documents for which that vouches, with [`Limits::METADATA`].
    pub fn new(vouched: Vouched<'a>) -> Self {
        Self {
            vouched,
            entity_id: None,
            departures: Departures::default(),
            limits: Limits::METADATA,
            requires_valid_until: false,
        }
    }

    /// Chooses the entity of this ID, to the letter: for documents that describe several, and to be sure of the one where there is one.
    #[must_use]
    pub fn entity_id(mut self, entity_id: impl Into<String>) -> Self {
        self.entity_id = Some(entity_id.into());
        self
    }

    /// Raises or lowers the bounds of a document.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Allows one named departure for the signature of a document: SHA-1, or inclusive canonicalization. It has no influence on the
    /// connection.
    #[must_use]
    pub fn allow(mut self, departure: Departure) -> Self {
        self.departures = self.departures.with(departure);
        self
    }

    /// Refuses documents without `validUntil`. A signed one without it can be handed out for ever, with keys that were withdrawn
    /// long ago. SAML2Int SDP-MD03.
    #[must_use]
    pub fn require_valid_until(mut self) -> Self {
        self.requires_valid_until = true;
        self
    }

    /// Reads the identity provider in a document. A document whose `validUntil` is not later than `now` is refused.
    ///
    /// # Errors
    ///
    /// A [`MetadataError`] with the place in the document.
    pub fn read_idp(&self, document: &[u8], now: SystemTime) -> Result<IdpMetadata, MetadataError> {
        let parsed = Document::parse(document, &self.limits).map_err(|error| not_xml(document, error))?;
        self.read_document(&parsed, now).map_err(|error| behind_byte_order_mark(document, error))
    }

    fn read_document(&self, document: &Document<'_>, now: SystemTime) -> Result<IdpMetadata, MetadataError> {
        let root = document.root();
        require_metadata(root)?;
        let path = find(root, self.entity_id.as_deref())?;
        let metadata = match self.vouched {
            Vouched::ByPinnedKeys(keys) => self.read_signed(document, &path, keys, now)?,
            Vouched::ByAuthenticatedChannel => read_unsigned(&path, now)?,
        };
        if self.requires_valid_until && metadata.valid_until().is_none() {
            return Err(at(path.entity, MetadataErrorKind::NoValidUntil));
        }
        Ok(metadata)
    }

    /// Reads the entity from below the outermost signature around it that holds.
    fn read_signed(
        &self,
        document: &Document<'_>,
        path: &Path<Unsigned<'_>>,
        keys: &TrustedKeys,
        now: SystemTime,
    ) -> Result<IdpMetadata, MetadataError> {
        let trust = Trust { keys, departures: self.departures };
        let (signed, depth, signature) = outermost_signed(document, path, &trust)?;
        // From here on what was signed, found again in it: the unsigned path told only which signature to look for.
        let entity_id = path.entity.attribute("entityID");
        let signed_path = find(signed, entity_id)?;
        // What groups around the signature say is not signed; it can end the document's life and not prolong it.
        let mut validity = Validity::default();
        for group in path.groups.iter().take(depth) {
            validity.narrow(*group, "EntitiesDescriptor")?;
        }
        for group in &signed_path.groups {
            validity.narrow(*group, "EntitiesDescriptor")?;
        }
        let mut metadata = IdpMetadata::read(signed_path.entity, validity, now)?;
        if [signature.signature_algorithm, signature.digest_algorithm]
            .iter()
            .any(|name| name.ends_with("SHA1") || name.ends_with("SHA-1"))
        {
            metadata.warnings.push(MetadataWarning::Sha1Signature);
        }
        metadata.signature = Some(signature);
        Ok(metadata)
    }
}

fn read_unsigned(path: &Path<Unsigned<'_>>, now: SystemTime) -> Result<IdpMetadata, MetadataError> {
    let mut validity = Validity::default();
    for group in &path.groups {
        validity.narrow(*group, "EntitiesDescriptor")?;
    }
    let mut metadata = IdpMetadata::read(path.entity, validity, now)?;
    let around = path.groups.iter().copied().chain([path.entity]);
    let signatures: Vec<_> = around.filter_map(signature_of).collect();
    if !signatures.is_empty() {
        metadata.warnings.push(MetadataWarning::SignatureNotVerified);
    }
    if signatures.into_iter().any(claims_sha1) {
        metadata.warnings.push(MetadataWarning::Sha1Signature);
    }
    Ok(metadata)
}

/// The outermost element around the entity, or the entity itself, whose signature holds; and how many groups are around it.
///
/// A group of groups is signed by whoever put it together, and an entity perhaps by itself: which of the signatures is the pinned
/// key's cannot be known before they are tried. What stands outside the one that holds is not believed.
fn outermost_signed<'d>(
    document: &'d Document<'_>,
    path: &Path<Unsigned<'d>>,
    trust: &Trust<'_>,
) -> Result<(Signed<'d>, usize, MetadataSignature), MetadataError> {
    let groups = path.groups.iter().map(|group| (*group, "EntitiesDescriptor"));
    let mut first_fault = None;
    for (depth, (element, name)) in groups.chain([(path.entity, "EntityDescriptor")]).enumerate() {
        match verify(document, element, name, trust) {
            Ok(None) => {}
            Ok(Some((signed, key, info))) => return Ok((signed, depth, describe(name, trust.keys, key, info))),
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    Err(first_fault.unwrap_or_else(|| at(path.entity, MetadataErrorKind::NotSigned)))
}

/// A signature verified, with the place of its key.
type Verified<'d> = (Signed<'d>, usize, SignatureInfo);

fn verify<'d>(
    document: &'d Document<'_>,
    element: Unsigned<'d>,
    name: &'static str,
    trust: &Trust<'_>,
) -> Result<Option<Verified<'d>>, MetadataError> {
    let verified = document.verify(element, name, trust).map_err(|error| at(element, MetadataErrorKind::Signature(error)))?;
    let is_first = element.elements().next().is_some_and(|first| first.is_ok_and(is_signature));
    if verified.is_some() && !is_first {
        return Err(at(element, MetadataErrorKind::SignatureMisplaced { element: name }));
    }
    Ok(verified)
}

fn describe(element: &'static str, keys: &TrustedKeys, key: usize, info: SignatureInfo) -> MetadataSignature {
    let key_sha256 = keys.iter().nth(key).map(TrustedKey::shown).unwrap_or_default();
    MetadataSignature { element, key_sha256, signature_algorithm: info.signature, digest_algorithm: info.digest }
}

fn is_signature<'d>(element: impl View<'d>) -> bool {
    element.is(Namespace::Dsig, "Signature")
}

fn signature_of<'d, V: View<'d>>(element: V) -> Option<V> {
    children(element).map_while(Result::ok).find(|child| is_signature(*child))
}

/// Whether a signature that nobody verifies says that it rests on SHA-1.
fn claims_sha1<'d, V: View<'d>>(signature: V) -> bool {
    let child = |of: V, name: &str| children(of).map_while(Result::ok).find(|child| child.is(Namespace::Dsig, name));
    let is_sha1 = |method: Option<V>| method.and_then(|it| it.attribute("Algorithm")).is_some_and(|uri| uri.ends_with("sha1"));
    let Some(signed_info) = child(signature, "SignedInfo") else { return false };
    let digest = child(signed_info, "Reference").and_then(|reference| child(reference, "DigestMethod"));
    is_sha1(child(signed_info, "SignatureMethod")) || is_sha1(digest)
}

fn require_metadata(root: Unsigned<'_>) -> Result<(), MetadataError> {
    if ["EntityDescriptor", "EntitiesDescriptor"].into_iter().any(|name| root.is(Namespace::Metadata, name)) {
        return Ok(());
    }
    let name = root.qualified_name();
    let kind = if name.eq_ignore_ascii_case("html") {
        MetadataErrorKind::NotXml { found: NotXml::HtmlPage }
    } else {
        MetadataErrorKind::UnexpectedRoot { received: name.into() }
    };
    Err(at(root, kind))
}

/// What was given, where it is nothing that an XML parser should be asked about.
fn not_xml(document: &[u8], error: XmlError) -> MetadataError {
    /// How a document starts tells what it is.
    const START: usize = 64 * 1024;
    let text = String::from_utf8_lossy(document.get(..START).unwrap_or(document));
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    let found = match known_document(&text) {
        Some(DecodeError::HtmlPage { .. }) => NotXml::HtmlPage,
        Some(DecodeError::Json { .. }) => NotXml::Json,
        _ if start.is_empty() => NotXml::Nothing,
        _ if start.starts_with("-----BEGIN") => NotXml::Pem,
        _ if start.starts_with("https://") || start.starts_with("http://") => NotXml::Url,
        _ => return MetadataError::new(MetadataErrorKind::Xml(error.kind), error.position),
    };
    MetadataError::new(MetadataErrorKind::NotXml { found }, Position { offset: 0, line: 1, column: 1 })
}

/// The parser drops the mark before it counts; in the file it takes three bytes.
fn behind_byte_order_mark(document: &[u8], mut error: MetadataError) -> MetadataError {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    if document.starts_with(BYTE_ORDER_MARK) {
        error.position.offset = error.position.offset.saturating_add(BYTE_ORDER_MARK.len());
    }
    error
}
