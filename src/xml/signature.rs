//! Enveloped XML signatures: from a parsed element to a [`Signed`] one.
//!
//! Implements the subset of XMLDSig 1.1 that SAML Core section 5.4 allows: one Signature as a child of the element it signs
//! (5.4.1), one Reference to the `ID` of that element (5.4.2), canonicalization (5.4.3), two transforms at most (5.4.4).
//!
//! The order is: structure and algorithms, then the signature value over SignedInfo, then the digest over the element. Whoever
//! has no genuine SignedInfo never buys the canonicalization of a body.
//!
//! # Not supported
//!
//! XPath, XSLT, `ds:Manifest`, `ds:Object`, HMAC, external references, keys taken from `ds:KeyInfo`: each is an error, but for
//! KeyInfo, which is passed over and only shown in the error of a signature that no trusted key made.

use std::borrow::Cow;
use std::iter::once;

use super::canonical::{self, Algorithm, Job, Sink};
use super::copied::{is_indented, sign_of_copy};
use super::document::{Content, Cursor, Document, NodeId};
#[cfg(feature = "decrypt")]
use super::encryption::{Carrier, Opened, Surroundings};
use super::{Namespace, Unsigned, View};
use crate::base64;
use crate::crypto::{DigestAlgorithm, Digester, SignatureAlgorithm, TrustedKeys};
use crate::departure::{Departure, Departures};
use crate::error::{AlgorithmRefusal, AlgorithmRole, Position, SignatureError, StructureError};

/// An element whose canonical form was digested and whose digest a trusted key signed.
///
/// Made by [`Document::verify`], and, of what a signed cipher text decrypts to, by [`Signed::decrypted`] alone. It can be walked down, never up. It hides the Signature that the enveloped transform left out of
/// the digest (XMLDSig 6.6.4, 8.1.3), and comments, which no digest of a same-document reference covers (4.4.3.3).
#[derive(Clone, Copy)]
pub(crate) struct Signed<'d> {
    cursor: Cursor<'d>,
    removed: NodeId,
}

/// The algorithms of a verified signature, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignatureInfo {
    pub(crate) signature: &'static str,
    pub(crate) digest: &'static str,
}

/// Whom an identity provider's signatures are checked against, and what its connection allows.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'k> {
    pub(crate) keys: &'k TrustedKeys,
    pub(crate) departures: Departures,
}

impl Document<'_> {
    /// Verifies the Signature that is a child of `element`, which errors call `name`; `None` where it has none.
    ///
    /// Answers with the signed element and the place of the key that signed it among the trusted ones.
    ///
    /// # Errors
    ///
    /// Where there is a Signature and it is not a valid one of a trusted key over just this element.
    pub(crate) fn verify<'d>(
        &'d self,
        element: Unsigned<'d>,
        name: &'static str,
        trust: &Trust<'_>,
    ) -> Result<Option<(Signed<'d>, usize, SignatureInfo)>, SignatureError> {
        let cursor = element.cursor();
        let Some(signature) = find_signature(cursor, name)? else { return Ok(None) };
        let parts = Signature::read(signature, trust.departures)?;
        let referenced = parts.dereference(cursor, trust.departures)?;
        require_unique_identifiers(self)?;
        let key = parts.verify_value(trust.keys).map_err(|error| error.with_copy_sign(|| sign_of_copy(cursor, signature)))?;
        parts.verify_digest(referenced, signature.id, name).map_err(|error| {
            // SignedInfo is as it was signed: where that is indented, what was signed was so, too.
            let written_anew = || !is_indented(parts.signed_info, |_| true);
            error.with_copy_sign(|| if written_anew() { sign_of_copy(cursor, signature) } else { None })
        })?;
        let info = SignatureInfo { signature: parts.method.name(), digest: parts.reference.digest.name() };
        Ok(Some((Signed { cursor, removed: signature.id }, key, info)))
    }
}

/// The one Signature child. SAML Core 5.4.1.
fn find_signature<'d>(element: Cursor<'d>, name: &'static str) -> Result<Option<Cursor<'d>>, SignatureError> {
    let mut signatures = element.children().filter(|child| child.is(Namespace::Dsig, "Signature"));
    let found = signatures.next();
    match signatures.next() {
        None => Ok(found),
        Some(_) => Err(SignatureError::SeveralSignatures { element: name }),
    }
}

/// A Signature, read and found to be within the profile; nothing is verified yet.
struct Signature<'d> {
    signed_info: Cursor<'d>,
    canonicalization: Canonicalization<'d>,
    method: SignatureAlgorithm,
    reference: Reference<'d>,
    value: Vec<u8>,
    key_info: Option<Cursor<'d>>,
}

struct Reference<'d> {
    uri: Option<&'d str>,
    canonicalization: Canonicalization<'d>,
    digest: DigestAlgorithm,
    value: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Canonicalization<'d> {
    algorithm: Algorithm,
    prefix_list: &'d str,
}

impl<'d> Signature<'d> {
    /// XMLDSig 4.1 to 4.4: SignedInfo, SignatureValue, at most one KeyInfo, and no Object (SAML errata E91).
    fn read(signature: Cursor<'d>, departures: Departures) -> Result<Self, SignatureError> {
        let mut children = Elements::of(signature);
        let signed_info = children.require("SignedInfo", "no SignedInfo as the first child")?;
        let value = children.require("SignatureValue", "no SignatureValue behind SignedInfo")?;
        let key_info = children.optional("KeyInfo")?;
        children.end("a child of Signature that is not SignedInfo, SignatureValue or KeyInfo")?;

        let mut info = Elements::of(signed_info);
        let canonicalization =
            info.require("CanonicalizationMethod", "no CanonicalizationMethod as the first child of SignedInfo")?;
        let method = info.require("SignatureMethod", "no SignatureMethod behind CanonicalizationMethod")?;
        let reference = info.require("Reference", "no Reference behind SignatureMethod")?;
        info.end("more than one Reference, or something else behind it")?;

        Ok(Self {
            signed_info,
            canonicalization: Canonicalization::read(canonicalization, AlgorithmRole::Canonicalization, departures)?,
            method: signature_method(method, departures)?,
            reference: Reference::read(reference, departures)?,
            value: octets(value, &SIGNATURE_VALUE)?,
            key_info,
        })
    }

    /// What the Reference of the Signature in `element` stands for, which is that element.
    ///
    /// SAML Core 5.4.2: `#` and the `ID` of the element that holds the Signature; XMLDSig 4.4.3.3 compares it exactly. If that is
    /// allowed, the empty URI in the root element: it stands for the document, which has no other element and no other text.
    fn dereference(&self, element: Cursor<'d>, departures: Departures) -> Result<Cursor<'d>, SignatureError> {
        let document = element.document;
        let id = element.attribute(Namespace::None, "ID").unwrap_or_default();
        match self.reference.uri {
            Some(uri) if !id.is_empty() && uri.strip_prefix('#') == Some(id) => Ok(element),
            Some("") if departures.contains(Departure::WholeDocumentReference) && element.id == document.root => {
                Ok(Cursor { document, id: NodeId::DOCUMENT })
            }
            uri => Err(SignatureError::ReferenceMismatch {
                expected: format!("#{id}").as_str().into(),
                received: uri.map(Into::into),
                // Of the root element, the departure is not allowed.
                departure: (uri == Some("") && element.id == document.root).then_some(Departure::WholeDocumentReference),
            }),
        }
    }

    /// XMLDSig 3.2.2: the value over the canonical form of SignedInfo, against each trusted key that fits the method.
    fn verify_value(&self, keys: &TrustedKeys) -> Result<usize, SignatureError> {
        let mut message = SignedOctets(Vec::with_capacity(1024));
        self.canonicalization.write(self.signed_info, None, self.canonicalization.algorithm, &mut message)?;
        if message.is_too_long() {
            return Err(malformed("a SignedInfo of more than 64 KiB"));
        }
        keys.verify(self.method, &message.0, &self.value, || self.key_info.map(shown_certificates).unwrap_or_default())
    }

    /// XMLDSig 3.2.1: the digest of the canonical form of what is referenced, without this Signature.
    fn verify_digest(&self, referenced: Cursor<'d>, signature: NodeId, name: &'static str) -> Result<(), SignatureError> {
        let mut digest = Digesting::new(self.reference.digest);
        let canonicalization = self.reference.canonicalization;
        // A same-document reference is a node-set without comments, whatever the algorithm says: XMLDSig 4.4.3.3.
        canonicalization.write(referenced, Some(signature), canonicalization.algorithm.without_comments(), &mut digest)?;
        if digest.matches(&self.reference.value) {
            Ok(())
        } else {
            Err(SignatureError::DigestMismatch { element: name, clues: Box::default() })
        }
    }
}

impl<'d> Reference<'d> {
    fn read(reference: Cursor<'d>, departures: Departures) -> Result<Self, SignatureError> {
        // `Type` announces an Object or a Manifest (XMLDSig 4.4.3.1, 5.1), and neither has a place in SAML.
        if reference.attribute(Namespace::None, "Type").is_some() {
            return Err(malformed("a Reference with a Type"));
        }
        let mut children = Elements::of(reference);
        let transforms = children.require("Transforms", "no Transforms as the first child of Reference")?;
        let digest = children.require("DigestMethod", "no DigestMethod behind Transforms")?;
        let value = children.require("DigestValue", "no DigestValue behind DigestMethod")?;
        children.end("a child of Reference that is not Transforms, DigestMethod or DigestValue")?;
        Ok(Self {
            uri: reference.attribute(Namespace::None, "URI"),
            canonicalization: read_transforms(transforms, departures)?,
            digest: digest_method(digest, departures)?,
            value: octets(value, &DIGEST_VALUE)?,
        })
    }
}

/// SAML Core 5.4.4: enveloped-signature, then at most one canonicalization; without one it is Canonical XML 1.0
/// (XMLDSig 4.4.3.2).
fn read_transforms<'d>(transforms: Cursor<'d>, departures: Departures) -> Result<Canonicalization<'d>, SignatureError> {
    const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    let mut children = Elements::of(transforms);
    let enveloped = children.require("Transform", "no Transform in Transforms")?;
    match algorithm(enveloped) {
        ENVELOPED => {}
        uri if Algorithm::from_uri(uri).is_some() => return Err(malformed("the first transform is not enveloped-signature")),
        uri => return Err(refuse(AlgorithmRole::Transform, uri, transform_refusal(uri), vec![ENVELOPED])),
    }
    Elements::of(enveloped).end("content in the enveloped-signature transform")?;
    let canonicalization = match children.optional("Transform")? {
        Some(transform) if algorithm(transform) == ENVELOPED => {
            return Err(malformed("the enveloped-signature transform twice"));
        }
        Some(transform) => Canonicalization::read(transform, AlgorithmRole::Transform, departures)?,
        None if departures.contains(Departure::InclusiveCanonicalization) => {
            Canonicalization { algorithm: Algorithm::Inclusive10, prefix_list: "" }
        }
        None => return Err(malformed(SignatureError::NO_CANONICALIZATION)),
    };
    children.end("more than two transforms")?;
    Ok(canonicalization)
}

impl<'d> Canonicalization<'d> {
    /// SAML Core 5.4.3; `InclusiveNamespaces` as in exc-c14n section 4. Whoever writes a list needs no key for it.
    fn read(method: Cursor<'d>, role: AlgorithmRole, departures: Departures) -> Result<Self, SignatureError> {
        let uri = algorithm(method);
        let Some(algorithm) = Algorithm::from_uri(uri) else {
            return Err(refuse(role, uri, transform_refusal(uri), accepted_canonicalizations(departures)));
        };
        let mut prefix_list = "";
        let mut children = method.children().filter(|child| child.element().is_some());
        if let Some(child) = children.next() {
            if !(algorithm.is_exclusive() && child.is(Namespace::ExclusiveC14n, "InclusiveNamespaces"))
                || children.next().is_some()
            {
                return Err(malformed("content in a canonicalization that is not one InclusiveNamespaces"));
            }
            Elements::of(child).end("content in InclusiveNamespaces")?;
            prefix_list = child.attribute(Namespace::None, "PrefixList").unwrap_or_default();
            if prefix_list.len() > LONGEST_PREFIX_LIST {
                return Err(malformed("a PrefixList of more than 4 KiB"));
            }
        }
        permitted(algorithm, prefix_list, role, departures)
    }

    fn write(
        self,
        apex: Cursor<'_>,
        excluded: Option<NodeId>,
        algorithm: Algorithm,
        sink: &mut impl Sink,
    ) -> Result<(), SignatureError> {
        let job = Job { algorithm, prefix_list: self.prefix_list, apex: apex.id, excluded };
        canonical::canonicalize(apex.document, job, sink)
            .map_err(|not| SignatureError::NotCanonicalizable { reason: not.reason() })
    }
}

/// Identity providers list a handful of short prefixes. As many as a message may have, with 64 characters each.
const LONGEST_PREFIX_LIST: usize = 4 * 1024;

fn permitted<'d>(
    algorithm: Algorithm,
    prefix_list: &'d str,
    role: AlgorithmRole,
    departures: Departures,
) -> Result<Canonicalization<'d>, SignatureError> {
    if algorithm.is_exclusive() || departures.contains(Departure::InclusiveCanonicalization) {
        return Ok(Canonicalization { algorithm, prefix_list });
    }
    let refusal = AlgorithmRefusal::NotEnabled(Departure::InclusiveCanonicalization.name());
    Err(refuse(role, algorithm.uri(), refusal, accepted_canonicalizations(departures)))
}

fn accepted_canonicalizations(departures: Departures) -> Vec<&'static str> {
    let inclusive = departures.contains(Departure::InclusiveCanonicalization);
    Algorithm::ALL.into_iter().filter(|algorithm| inclusive || algorithm.is_exclusive()).map(Algorithm::uri).collect()
}

/// Why a transform or canonicalization is refused: the ones that run code or filter content are known by name.
fn transform_refusal(uri: &str) -> AlgorithmRefusal {
    const UNSUITABLE: [&str; 6] = [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2002/07/decrypt#XML",
        "http://www.w3.org/2002/07/decrypt#Binary",
    ];
    if UNSUITABLE.contains(&uri) { AlgorithmRefusal::Unsuitable } else { AlgorithmRefusal::Unknown }
}

fn signature_method(method: Cursor<'_>, departures: Departures) -> Result<SignatureAlgorithm, SignatureError> {
    let found = SignatureAlgorithm::accept(algorithm(method), departures)?;
    Elements::of(method).end("content in SignatureMethod")?;
    Ok(found)
}

fn digest_method(method: Cursor<'_>, departures: Departures) -> Result<DigestAlgorithm, SignatureError> {
    let uri = algorithm(method);
    let found = DigestAlgorithm::from_uri(uri)
        .and_then(|algorithm| algorithm.permitted(departures))
        .map_err(|refusal| refuse(AlgorithmRole::Digest, uri, refusal, DigestAlgorithm::accepted(departures)))?;
    Elements::of(method).end("content in DigestMethod")?;
    Ok(found)
}

fn algorithm(element: Cursor<'_>) -> &str {
    element.attribute(Namespace::None, "Algorithm").unwrap_or_default()
}

fn refuse(role: AlgorithmRole, uri: &str, refusal: AlgorithmRefusal, accepted: Vec<&'static str>) -> SignatureError {
    SignatureError::Algorithm { role, identifier: uri.into(), refusal, accepted }
}

fn malformed(reason: &'static str) -> SignatureError {
    SignatureError::Malformed { reason }
}

/// The octets of a `DigestValue` or `SignatureValue`. A comment in there is a way to show two readers two values.
fn octets(element: Cursor<'_>, faults: &ValueFaults) -> Result<Vec<u8>, SignatureError> {
    let mut children = element.children();
    let text = match (children.next(), children.next()) {
        (None, _) => return Err(malformed(faults.empty)),
        (Some(child), None) => child.text_node().ok_or(malformed(faults.not_text))?,
        (Some(_), Some(_)) => return Err(malformed(faults.not_text)),
    };
    let octets = base64::decode_whitespace(&text).map_err(|_| malformed(faults.not_base64))?;
    if octets.is_empty() { Err(malformed(faults.empty)) } else { Ok(octets) }
}

/// What is said of a value that is none.
struct ValueFaults {
    empty: &'static str,
    not_text: &'static str,
    not_base64: &'static str,
}

const SIGNATURE_VALUE: ValueFaults = ValueFaults {
    empty: "an empty SignatureValue",
    not_text: "a SignatureValue that is not just text",
    not_base64: "a SignatureValue that is not base64",
};

const DIGEST_VALUE: ValueFaults = ValueFaults {
    empty: "an empty DigestValue",
    not_text: "a DigestValue that is not just text",
    not_base64: "a DigestValue that is not base64",
};

/// Those of identity providers have two or three thousand characters. Nobody signed KeyInfo, and whatever is shown of a certificate is
/// copied and parsed.
const LONGEST_CERTIFICATE: usize = 32 * 1024;

/// The certificates that KeyInfo shows, as they are written: hints for the administrator.
#[cold]
fn shown_certificates(key_info: Cursor<'_>) -> Vec<String> {
    let x509 = key_info.children().filter(|child| child.is(Namespace::Dsig, "X509Data")).flat_map(Cursor::children);
    let certificates = x509.filter(|child| child.is(Namespace::Dsig, "X509Certificate") && child.extent() <= LONGEST_CERTIFICATE);
    let certificates = certificates.take(TrustedKeys::MAXIMUM);
    certificates.filter_map(|certificate| certificate.text(None)).map(Cow::into_owned).collect()
}

/// An identifier that stands twice makes it a matter of taste which element a reference means. SAML Core 1.3.4.
///
/// Every attribute counts that somebody could take for an identifier. The error names the first place where one stands again, and
/// quotes only what is the `ID` of a message or its Assertion: any other value may be one of the user's.
fn require_unique_identifiers(document: &Document<'_>) -> Result<(), SignatureError> {
    let mut values: Vec<(&str, usize)> = document.identifiers().collect();
    values.sort_unstable();
    let again = values.windows(2).filter_map(|pair| match *pair {
        [(first, _), (second, at)] if first == second => Some((second, at)),
        _ => None,
    });
    let Some((value, at)) = again.min_by_key(|&(_, at)| at) else { return Ok(()) };
    let root = document.root_cursor();
    let assertions = root.children().filter(|child| child.is(Namespace::Assertion, "Assertion"));
    let mut ids = once(root).chain(assertions).filter_map(|element| element.attribute(Namespace::None, "ID"));
    let id = ids.any(|id| id == value).then(|| value.into());
    Err(SignatureError::DuplicateId { id, position: document.position(at) })
}

/// The child elements of a part of a Signature, in order; everything but elements, white space and comments is refused.
struct Elements<'d> {
    children: super::document::Children<'d>,
}

impl<'d> Elements<'d> {
    fn of(parent: Cursor<'d>) -> Self {
        Self { children: parent.children() }
    }

    fn next(&mut self) -> Result<Option<Cursor<'d>>, SignatureError> {
        for child in self.children.by_ref() {
            match child.content() {
                Content::Element(_) => return Ok(Some(child)),
                Content::Comment => {}
                Content::Text { .. } if child.is_blank() => {}
                _ => return Err(malformed("text or a processing instruction between its elements")),
            }
        }
        Ok(None)
    }

    fn require(&mut self, name: &'static str, otherwise: &'static str) -> Result<Cursor<'d>, SignatureError> {
        self.next()?.filter(|child| child.is(Namespace::Dsig, name)).ok_or(malformed(otherwise))
    }

    /// The next child, if it has that name; it stays next if not.
    fn optional(&mut self, name: &'static str) -> Result<Option<Cursor<'d>>, SignatureError> {
        let before = self.children.clone();
        let found = self.next()?.filter(|child| child.is(Namespace::Dsig, name));
        if found.is_none() {
            self.children = before;
        }
        Ok(found)
    }

    fn end(&mut self, otherwise: &'static str) -> Result<(), SignatureError> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(malformed(otherwise)),
        }
    }
}

/// The canonical form of a SignedInfo, as far as it matters: each key that is tried reads all of it, and anybody can write one.
struct SignedOctets(Vec<u8>);

impl SignedOctets {
    /// Those of identity providers have less than two thousand octets.
    const MAXIMUM: usize = 64 * 1024;

    fn is_too_long(&self) -> bool {
        self.0.len() > Self::MAXIMUM
    }
}

impl Sink for SignedOctets {
    fn write(&mut self, octets: &[u8]) {
        if !self.is_too_long() {
            self.0.extend_from_slice(octets);
        }
    }
}

/// A digest that is fed in blocks: small updates cost more than the copy into a block.
struct Digesting {
    digester: Digester,
    block: Vec<u8>,
}

impl Digesting {
    const BLOCK: usize = 4096;

    fn new(algorithm: DigestAlgorithm) -> Self {
        Self { digester: Digester::new(algorithm), block: Vec::with_capacity(Self::BLOCK) }
    }

    fn flush(&mut self) {
        self.digester.update(&self.block);
        self.block.clear();
    }

    fn matches(mut self, expected: &[u8]) -> bool {
        self.flush();
        self.digester.finish().matches(expected)
    }
}

impl Sink for Digesting {
    fn write(&mut self, octets: &[u8]) {
        if self.block.len() + octets.len() > Self::BLOCK {
            self.flush();
        }
        if octets.len() >= Self::BLOCK / 4 {
            self.flush();
            self.digester.update(octets);
        } else {
            self.block.extend_from_slice(octets);
        }
    }
}

impl<'d> Signed<'d> {
    fn below(self, cursor: Cursor<'d>) -> Self {
        Self { cursor, ..self }
    }
}

#[cfg(feature = "decrypt")]
impl<'d> Signed<'d> {
    /// What a cipher text says that was itself read through a `Signed`: whoever signed it signed, for whoever holds the key, the one
    /// plaintext that it has. SAML Core 5.4 and 6.
    ///
    /// A Signature in the plaintext is not looked at: where there is one, [`Document::verify`] does.
    pub(crate) fn decrypted(opened: &'d Opened<'_, Signed<'_>>) -> Self {
        let _proof: &Signed<'_> = opened.carrier();
        Self { cursor: opened.cursor(), removed: Self::NOTHING_REMOVED }
    }

    /// The document itself, which is nobody's child.
    const NOTHING_REMOVED: NodeId = NodeId::DOCUMENT;

    /// The signed element that this one is in or is; none in a plaintext, where that is all there is.
    fn apex(self) -> Option<NodeId> {
        (self.removed != Self::NOTHING_REMOVED).then(|| self.cursor.document.node(self.removed).parent)
    }
}

#[cfg(feature = "decrypt")]
impl<'d> Carrier<'d> for Signed<'d> {
    const COVERED: bool = true;

    fn surroundings(self) -> Surroundings<'d> {
        Surroundings::digested(self.cursor, self.apex())
    }
}

impl std::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signed({:?})", self.cursor.qualified_name())
    }
}

impl<'d> View<'d> for Signed<'d> {
    fn is(self, namespace: Namespace, local_name: &str) -> bool {
        self.cursor.is(namespace, local_name)
    }

    fn qualified_name(self) -> &'d str {
        self.cursor.qualified_name()
    }

    fn attribute(self, local_name: &str) -> Option<&'d str> {
        self.cursor.attribute(Namespace::None, local_name)
    }

    #[inline(always)]
    fn attributes<const N: usize>(self, names: [&'static str; N]) -> [Option<&'d str>; N] {
        self.cursor.attributes_named(names)
    }

    fn attribute_ns(self, namespace: Namespace, local_name: &str) -> Option<&'d str> {
        self.cursor.attribute(namespace, local_name)
    }

    fn elements(self) -> impl Iterator<Item = Result<Self, StructureError>> {
        self.cursor.elements(Some(self.removed)).map(move |child| child.map(|cursor| self.below(cursor)))
    }

    fn text(self) -> Result<Cow<'d, str>, StructureError> {
        self.cursor.text(Some(self.removed)).ok_or_else(|| self.cursor.not_text())
    }

    fn text_into(self, out: &mut String) -> Result<(), StructureError> {
        self.cursor.text_into(Some(self.removed), out).ok_or_else(|| self.cursor.not_text())
    }

    fn content_into(self, out: &mut String) -> Result<(), StructureError> {
        canonical::append_content(self.cursor, Some(self.removed), out)
            .map_err(|not| StructureError::ValueNotCanonicalizable { reason: not.reason() })
    }

    fn extent(self) -> usize {
        self.cursor.extent()
    }

    fn position(self) -> Position {
        self.cursor.position()
    }

    fn has_elements(self) -> bool {
        self.cursor.children().any(|child| child.id != self.removed && child.element().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Position;
    use crate::limits::Limits;

    const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
    const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
    const ENVELOPED: &str = r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>"#;
    const EXCLUSIVE: &str = r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#;
    const PREFIXES: &str =
        r#"<InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="a b"></InclusiveNamespaces>"#;
    const METHOD: &str = r#"<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>"#;
    const DIGEST: &str = r#"<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>"#;

    fn signature(transforms: &str) -> String {
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{C14N}\"/>{METHOD}\
             <ds:Reference URI=\"#_a\"><ds:Transforms>{transforms}</ds:Transforms>{DIGEST}<ds:DigestValue>AQID</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo><ds:SignatureValue>BAUG</ds:SignatureValue></ds:Signature>"
        )
    }

    fn genuine() -> String {
        signature(&format!("{ENVELOPED}{EXCLUSIVE}"))
    }

    fn with_content(element: &str, content: &str) -> String {
        element.replace("/>", &format!(">{content}</{}>", &element[1..element.find(' ').unwrap()]))
    }

    fn replaced(text: &str, from: &str, to: &str) -> String {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    }

    /// The canonicalizations of SignedInfo and of the reference, each with its PrefixList.
    fn read(signature: &str, departures: Departures) -> Result<[String; 2], SignatureError> {
        let document = Document::parse(signature.as_bytes(), &Limits::DEFAULT).unwrap();
        let parts = Signature::read(document.root().cursor(), departures)?;
        assert_eq!((parts.reference.value.as_slice(), parts.value.as_slice()), (&[1, 2, 3][..], &[4, 5, 6][..]));
        let shown = |found: Canonicalization<'_>| format!("{}({})", found.algorithm.name(), found.prefix_list);
        Ok([parts.canonicalization, parts.reference.canonicalization].map(shown))
    }

    fn inclusive() -> Departures {
        Departures::default().with(Departure::InclusiveCanonicalization)
    }

    #[test]
    fn a_canonicalization_follows_the_enveloped_transform() {
        const ENVELOPED_URI: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
        const XSLT: &str = "http://www.w3.org/TR/1999/REC-xslt-19991116";
        let (strict, content) = (Departures::default(), "content in a canonicalization that is not one InclusiveNamespaces");
        let text = "text or a processing instruction between its elements";
        let other = |uri, refusal| refuse(AlgorithmRole::Transform, uri, refusal, vec![ENVELOPED_URI]);
        let with = |content: &str| format!("{ENVELOPED}{}", with_content(EXCLUSIVE, content));
        let (longest, too_long) = ("a ".repeat(2048), "a ".repeat(2048) + "b");
        let longest_read = format!("exc-c14n({longest})");
        for (transforms, departures, outcome) in [
            (format!("{ENVELOPED}{EXCLUSIVE}"), strict, Ok("exc-c14n()")),
            (format!("\n{ENVELOPED}<!-- -->{EXCLUSIVE} "), strict, Ok("exc-c14n()")),
            (format!("{ENVELOPED}x{EXCLUSIVE}"), strict, Err(malformed(text))),
            (format!("{ENVELOPED}<?p?>{EXCLUSIVE}"), strict, Err(malformed(text))),
            (EXCLUSIVE.to_owned(), strict, Err(malformed("the first transform is not enveloped-signature"))),
            (ENVELOPED.replace(ENVELOPED_URI, XSLT), strict, Err(other(XSLT, AlgorithmRefusal::Unsuitable))),
            (ENVELOPED.replace(ENVELOPED_URI, ""), strict, Err(other("", AlgorithmRefusal::Unknown))),
            (with_content(ENVELOPED, PREFIXES), strict, Err(malformed("content in the enveloped-signature transform"))),
            (format!("{ENVELOPED}{ENVELOPED}"), strict, Err(malformed("the enveloped-signature transform twice"))),
            (format!("{ENVELOPED}{EXCLUSIVE}{EXCLUSIVE}"), strict, Err(malformed("more than two transforms"))),
            (ENVELOPED.to_owned(), inclusive(), Ok("c14n()")),
            (
                ENVELOPED.to_owned(),
                strict,
                Err(malformed("no canonicalization transform, which means Canonical XML 1.0, and that is not allowed")),
            ),
            (with(PREFIXES), strict, Ok("exc-c14n(a b)")),
            (with("<!-- --> "), strict, Ok("exc-c14n()")),
            (with(&replaced(PREFIXES, " PrefixList=\"a b\"", "")), strict, Ok("exc-c14n()")),
            (with("<ds:XPath/>"), strict, Err(malformed(content))),
            (with(&replaced(PREFIXES, C14N, DSIG)), strict, Err(malformed(content))),
            (with(&format!("{PREFIXES}{PREFIXES}")), strict, Err(malformed(content))),
            (with(&replaced(PREFIXES, "><", ">x<")), strict, Err(malformed(text))),
            (with(&replaced(PREFIXES, "a b", &longest)), strict, Ok(longest_read.as_str())),
            (with(&replaced(PREFIXES, "a b", &too_long)), strict, Err(malformed("a PrefixList of more than 4 KiB"))),
            (with(&replaced(PREFIXES, "><", "><a/><")), strict, Err(malformed("content in InclusiveNamespaces"))),
        ] {
            let found = read(&signature(&transforms), departures);
            assert_eq!(found, outcome.map(|found| ["exc-c14n()", found].map(str::to_owned)), "{transforms}");
        }
    }

    #[test]
    fn an_inclusive_canonicalization_has_to_be_allowed() {
        let all = Algorithm::ALL.map(Algorithm::uri).to_vec();
        let exclusive = vec![C14N, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"];
        for (name, role) in [("CanonicalizationMethod", AlgorithmRole::Canonicalization), ("Transform", AlgorithmRole::Transform)]
        {
            let element = |uri: &str| format!("<ds:{name} Algorithm=\"{uri}\"/>");
            let with = |element: &str| replaced(&genuine(), &format!("<ds:{name} Algorithm=\"{C14N}\"/>"), element);
            for (departures, accepted) in [(Departures::default(), &exclusive), (inclusive(), &all)] {
                let unknown = refuse(role, "urn:x", AlgorithmRefusal::Unknown, accepted.clone());
                assert_eq!(read(&with(&element("urn:x")), departures), Err(unknown));
            }
            for algorithm in Algorithm::ALL {
                let plain = with(&element(algorithm.uri()));
                let (strict, allowed) = (read(&plain, Departures::default()), read(&plain, inclusive()));
                let listed = read(&with(&with_content(&element(algorithm.uri()), PREFIXES)), inclusive());
                let found = allowed.clone().unwrap();
                assert!(found.contains(&format!("{}()", algorithm.name())), "{found:?}");
                if algorithm.is_exclusive() {
                    assert_eq!(strict, allowed);
                    assert!(listed.unwrap().contains(&format!("{}(a b)", algorithm.name())));
                } else {
                    let refusal = AlgorithmRefusal::NotEnabled("inclusive-c14n");
                    assert_eq!(strict, Err(refuse(role, algorithm.uri(), refusal, exclusive.clone())));
                    assert_eq!(listed, Err(malformed("content in a canonicalization that is not one InclusiveNamespaces")));
                }
            }
        }
    }

    #[test]
    fn a_signature_has_its_parts_in_order_and_no_others() {
        const NO_SUCH_CHILD: &str = "a child of Signature that is not SignedInfo, SignatureValue or KeyInfo";
        for (from, to, reason) in [
            ("ds:SignedInfo>", "ds:signedInfo>", "no SignedInfo as the first child"),
            ("ds:SignatureValue>", "ds:Value>", "no SignatureValue behind SignedInfo"),
            ("</ds:Signature>", "<ds:KeyInfo/>x</ds:Signature>", "text or a processing instruction between its elements"),
            ("</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>", NO_SUCH_CHILD),
            ("</ds:Signature>", "<ds:Object/></ds:Signature>", NO_SUCH_CHILD),
            ("<ds:SignedInfo>", "<ds:SignedInfo><a/>", "no CanonicalizationMethod as the first child of SignedInfo"),
            (METHOD, "", "no SignatureMethod behind CanonicalizationMethod"),
            ("ds:Reference", "ds:Manifest", "no Reference behind SignatureMethod"),
            ("</ds:SignedInfo>", "<ds:Reference/></ds:SignedInfo>", "more than one Reference, or something else behind it"),
            ("URI=", "Type=", "a Reference with a Type"),
            ("ds:Transforms>", "ds:Transform>", "no Transforms as the first child of Reference"),
            ("<ds:Transforms>", "<ds:Transforms><a/>", "no Transform in Transforms"),
            (DIGEST, "", "no DigestMethod behind Transforms"),
            ("ds:DigestValue>", "ds:Digest>", "no DigestValue behind DigestMethod"),
            (
                "</ds:Reference>",
                "<a/></ds:Reference>",
                "a child of Reference that is not Transforms, DigestMethod or DigestValue",
            ),
            (METHOD, &with_content(METHOD, "<a/>"), "content in SignatureMethod"),
            (DIGEST, &with_content(DIGEST, "<a/>"), "content in DigestMethod"),
            ("AQID", "", "an empty DigestValue"),
            ("AQID", " \n", "an empty DigestValue"),
            ("BAUG", "", "an empty SignatureValue"),
            ("AQID", "<!-- -->", "a DigestValue that is not just text"),
            ("AQID", "AQ<!-- -->ID", "a DigestValue that is not just text"),
            ("BAUG", "BAUG<a/>", "a SignatureValue that is not just text"),
            ("BAUG", "BA#G", "a SignatureValue that is not base64"),
            ("AQID", "AQI", "a DigestValue that is not base64"),
        ] {
            assert_eq!(read(&replaced(&genuine(), from, to), Departures::default()), Err(malformed(reason)), "{to}");
        }
        for (from, to) in [("</ds:Signature>", "\n<ds:KeyInfo>x</ds:KeyInfo> </ds:Signature>"), ("AQID", "\n AQ\tI&#68;\r\n")] {
            assert!(read(&replaced(&genuine(), from, to), Departures::default()).is_ok(), "{to}");
        }
    }

    /// Whichever attribute carries them, and however they end. Tags that stand again share their attributes, so that what is counted
    /// once could hide a second one.
    #[test]
    fn an_identifier_stands_once_in_a_document() {
        let unique = |xml: &str| require_unique_identifiers(&Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap());
        for xml in [
            "<r/>",
            "<r ID='a'><a ID='b'/></r>",
            "<r ID='a' id='A'/>",
            "<r ID=''><a ID='a'/></r>",
            "<r ID='1_________'><a ID='2_________'/><a name='1_________' IDs='1_________' D='1_________'/></r>",
            "<r ID='1'><a ID='2'/><a Id='3'/><a xml:id='4'/></r>",
            "<r><a IDs='1'/><a IDs='1'/></r>",
            "<r><a no='1'/><b no='1'/></r>",
            "<r><a xml:ids='1'/><a xml:ids='1'/></r>",
            "<r xmlns:ID='urn:1'><a ID:p='1'/><a ID:p='1'/></r>",
        ] {
            assert_eq!(unique(xml), Ok(()), "{xml}");
        }
        for (xml, id, offset) in [
            ("<r ID='a'><a ID='a'/></r>", Some("a"), 13),
            ("<r ID='a' id='a'/>", Some("a"), 10),
            ("<r ID='a'><a ID='b'/><a ID='a'/></r>", Some("a"), 24),
            ("<r ID='a'><a ID='b'><a xml:id='&#x62;'/></a></r>", None, 23),
            // The first that stands again, whatever its value.
            ("<r><a ID='b'/><a ID='b'/><a ID='aa'/><a ID='aa'/></r>", None, 17),
            ("<r ID='1_________'><a ID='2_________'/><a Id='1_________'/></r>", Some("1_________"), 42),
            ("<r ID='1'><a ID='1'/></r>", Some("1"), 13),
            ("<r ID='1'><a xml:iD='1'/></r>", Some("1"), 13),
            ("<r><a ID='1'/><a ID='1'/></r>", None, 17),
            ("<r><a xml:id='1'/><a xml:id='1'/></r>", None, 21),
            // What is quoted is the `ID` of the message or of an Assertion in it, and nothing that only looks like one.
            ("<r id='1'><a ID='1'/></r>", None, 13),
            ("<r xml:id='1'><a ID='1'/></r>", None, 17),
            ("<r><Assertion ID='1'/><a ID='1'/></r>", None, 25),
            ("<r xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'><a:Assertion ID='1'/><a ID='1'/></r>", Some("1"), 75),
            ("<r xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'><b><a:Assertion ID='1'/></b><a ID='1'/></r>", None, 82),
            ("<r xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'><a:Assertion Id='1'/><a ID='1'/></r>", None, 75),
        ] {
            let position = Position { offset, line: 1, column: offset + 1 };
            assert_eq!(unique(xml), Err(SignatureError::DuplicateId { id: id.map(Into::into), position }), "{xml}");
            // A byte order mark takes three bytes, and is no character of its line.
            let position = Position { offset: offset + 3, ..position };
            assert_eq!(
                unique(&format!("\u{FEFF}{xml}")),
                Err(SignatureError::DuplicateId { id: id.map(Into::into), position }),
                "{xml}"
            );
        }
    }

    /// Small pieces wait for each other, large ones pass by, and what waits never outgrows its block.
    #[test]
    fn a_digest_is_fed_in_blocks() {
        const BLOCK: usize = Digesting::BLOCK;
        const LARGE: usize = BLOCK / 4;
        const SMALL: usize = LARGE - 1;
        for (pieces, waiting) in [
            (&[][..], 0),
            (&[0], 0),
            (&[SMALL], SMALL),
            (&[LARGE], 0),
            (&[SMALL, LARGE], 0),
            (&[5 * BLOCK, 1], 1),
            (&[SMALL, SMALL, SMALL, SMALL], BLOCK - 4),
            (&[SMALL, SMALL, SMALL, SMALL, 4], BLOCK),
            (&[SMALL, SMALL, SMALL, SMALL, 5], 5),
            (&[SMALL, SMALL, SMALL, SMALL, 4, 1], 1),
            (&[SMALL, SMALL, SMALL, SMALL, 4, LARGE], 0),
        ] {
            let octets: Vec<u8> = (0..pieces.iter().sum()).map(|index: usize| index.to_le_bytes()[0]).collect();
            let mut digest = Digesting::new(DigestAlgorithm::Sha256);
            let mut rest = octets.as_slice();
            for &piece in pieces {
                let (first, behind) = rest.split_at(piece);
                digest.write(first);
                rest = behind;
            }
            assert_eq!((digest.block.len(), digest.block.capacity()), (waiting, Digesting::BLOCK), "{pieces:?}");
            let mut whole = Digester::new(DigestAlgorithm::Sha256);
            whole.update(&octets);
            assert!(digest.matches(whole.finish().as_ref()), "{pieces:?}");
        }
        assert!(!Digesting::new(DigestAlgorithm::Sha256).matches(&[0; 32]));
    }

    #[test]
    fn a_signed_info_has_64_kib_at_most() {
        for (octets, too_long) in [(0, false), (64 * 1024, false), (64 * 1024 + 1, true)] {
            let mut message = SignedOctets(Vec::new());
            message.write(&vec![0; octets]);
            assert_eq!(message.is_too_long(), too_long, "{octets}");
        }
    }

    #[test]
    fn a_signed_element_has_the_extent_of_an_unsigned_one() {
        for (xml, extent) in
            [("<a/>", 4), ("<a></a>", 3), ("<a>b</a >", 4), ("<a><b c='d'/></a>", 13), ("<a>b<c>d</c> <!-- e --></a>", 23)]
        {
            let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
            let signed = Signed { cursor: document.root().cursor(), removed: NodeId::DOCUMENT };
            assert_eq!((signed.extent(), document.root().extent()), (extent, extent), "{xml}");
        }
    }

    #[test]
    fn debug_shows_a_name_and_nothing_personal() {
        let document = Document::parse(b"<a:b xmlns:a=\"urn:a\" c=\"personal\">personal</a:b>", &Limits::DEFAULT).unwrap();
        let signed = Signed { cursor: document.root().cursor(), removed: NodeId::DOCUMENT };
        assert_eq!(format!("{signed:?}"), "Signed(\"a:b\")");
    }
}
