//! What is encrypted: from an element that carries an EncryptedData to a document of its own. XML Encryption 1.1, and SAML Core 2.2.4,
//! 2.3.4 and 2.7.3.2.
//!
//! In goes a view of the element; out comes a plaintext that went through the same strict parser as every message, and that is worth what
//! the cipher text is worth: [`Opened`] keeps in its type through which view the cipher text was read, and
//! [`Signed::decrypted`](super::Signed::decrypted) takes only what was read through [`Signed`](super::Signed). Nothing here can make a `Signed`.
//!
//! The plaintext is parsed inside of one element that declares the namespaces of the place that it came from, so that what closes that
//! element, or stands beside the one element that belongs there, is no plaintext. Under a signature these are only the namespaces that the
//! canonical form shows at that place: no other declaration was digested.
//!
//! # Not supported
//!
//! `CipherReference` and every other reference out of the element, `Type` other than `#Element`, transforms, `DerivedKey`, key agreement,
//! EncryptedData in EncryptedData.

use std::collections::BTreeMap;

use super::document::{Cursor, Document, NodeId, PrefixId};
use super::{Namespace, Unsigned, View, Writer};
use crate::base64;
use crate::crypto::{ContentCipher, ContentKey, KeyTransport, WrappedKey};
use crate::departure::Departures;
use crate::error::DecryptionError;
use crate::limits::Limits;

/// A view of an element that may carry a cipher text.
pub(crate) trait Carrier<'d>: View<'d> {
    /// Whether a verified signature covers what is read through it.
    const COVERED: bool;

    /// What stands around the cipher text.
    fn surroundings(self) -> Surroundings<'d>;
}

/// What stands around a cipher text, and so around its plaintext.
pub(crate) struct Surroundings<'d> {
    /// The namespaces that are in scope, by prefix.
    namespaces: BTreeMap<&'d str, &'d str>,
    /// How many elements are open.
    depth: usize,
    /// The bytes of the message.
    message: usize,
}

impl<'d> Surroundings<'d> {
    /// Of an element whose ancestors nobody vouches for: what is in scope there.
    pub(super) fn in_scope(carrier: Cursor<'d>) -> Self {
        Self::new(carrier, |element, namespaces| declared(element, namespaces))
    }

    /// Of an element below an `apex` that was signed, what its canonical form shows there: of each element from the apex down, the
    /// prefixes of its name and its attributes (exc-c14n section 3). Without an apex, of an element in a plaintext: what that was parsed in
    /// was declared of a canonical form, too.
    pub(super) fn digested(carrier: Cursor<'d>, apex: Option<NodeId>) -> Self {
        let root = carrier.document.root;
        Self::new(carrier, |element, namespaces| {
            if apex.is_some_and(|apex| element.id < apex) {
                return;
            }
            if apex.is_none() && element.id == root {
                declared(element, namespaces);
            }
            used(element, namespaces);
        })
    }

    /// Goes down to the carrier, from the root.
    fn new(carrier: Cursor<'d>, add: impl Fn(Cursor<'d>, &mut BTreeMap<&'d str, &'d str>)) -> Self {
        let document = carrier.document;
        let mut path = vec![carrier.id];
        let mut id = carrier.id;
        while id != document.root && id != NodeId::DOCUMENT {
            id = document.node(id).parent;
            path.push(id);
        }
        let mut namespaces = BTreeMap::new();
        for &id in path.iter().rev() {
            add(Cursor { document, id }, &mut namespaces);
        }
        Self { namespaces, depth: path.len(), message: document.strings.message }
    }
}

/// Adds what an element declares.
fn declared<'d>(element: Cursor<'d>, namespaces: &mut BTreeMap<&'d str, &'d str>) {
    let document = element.document;
    for declaration in element.element().map(|element| document.declarations_of(element)).unwrap_or_default() {
        bind(namespaces, document.prefix(declaration.prefix), document.namespace_name(declaration.namespace));
    }
}

/// Adds the namespaces of an element's name and its attributes.
fn used<'d>(element: Cursor<'d>, namespaces: &mut BTreeMap<&'d str, &'d str>) {
    let document = element.document;
    let name = element.element().map(|element| (element.prefix, element.namespace));
    let prefixed = element.attributes().iter().filter(|attribute| attribute.prefix != PrefixId::DEFAULT);
    for (prefix, namespace) in name.into_iter().chain(prefixed.map(|attribute| (attribute.prefix, attribute.namespace))) {
        bind(namespaces, document.prefix(prefix), document.namespace_name(namespace));
    }
}

fn bind<'d>(namespaces: &mut BTreeMap<&'d str, &'d str>, prefix: &'d str, namespace: &'d str) {
    if namespace.is_empty() {
        namespaces.remove(prefix);
    } else if prefix != "xml" {
        namespaces.insert(prefix, namespace);
    }
}

/// A cipher text that was read, and found to be within the profile; nothing is decrypted yet.
pub(crate) struct Sealed<V> {
    carrier: V,
    /// The element of `saml:` that belongs there.
    content: &'static str,
    cipher: ContentCipher,
    octets: Vec<u8>,
    keys: Vec<WrappedKey>,
}

impl<'d, V: Carrier<'d>> Sealed<V> {
    /// EncryptedKeys of one cipher text: one for each of so many recipients.
    const MOST_KEYS: usize = 16;

    /// Reads an EncryptedAssertion, EncryptedID or EncryptedAttribute, in which an element named `content` is expected.
    ///
    /// Of several EncryptedKeys only those count that name one of `recipients`, if there is any such.
    ///
    /// # Errors
    ///
    /// [`DecryptionError`] for what everybody can see in the message.
    pub(crate) fn read(
        carrier: V,
        content: &'static str,
        departures: Departures,
        recipients: &[String],
    ) -> Result<Self, DecryptionError> {
        let data = required(carrier, Namespace::Encryption, "EncryptedData", "no EncryptedData")?;
        if data.attribute("Type").is_some_and(|kind| kind != "http://www.w3.org/2001/04/xmlenc#Element") {
            return Err(malformed("a Type that is not `http://www.w3.org/2001/04/xmlenc#Element`"));
        }
        let method = required(data, Namespace::Encryption, "EncryptionMethod", "no EncryptionMethod in EncryptedData")?;
        let cipher = ContentCipher::accept(method.attribute("Algorithm").unwrap_or_default(), departures, V::COVERED)?;
        let octets = cipher_value(data)?;
        if !cipher.takes(octets.len()) {
            return Err(malformed("a cipher text of a length that the cipher does not have"));
        }
        let keys = for_us(encrypted_keys(carrier, data)?, recipients);
        // Before their values are decoded, for many pointers can point at one long one.
        if keys.len() > Self::MOST_KEYS {
            return Err(DecryptionError::TooManyKeys { uses: keys.len(), most: Self::MOST_KEYS });
        }
        let keys = keys.into_iter().map(wrapped_key).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { carrier, content, cipher, octets, keys })
    }

    /// The keys of the content, of which it takes one.
    pub(crate) fn keys(&self) -> &[WrappedKey] {
        &self.keys
    }

    /// Decrypts with the one of these keys that opens it; `None` stands for each that did not come out.
    pub(crate) fn decrypt(self, keys: &[Option<ContentKey>]) -> Plaintext<V> {
        let decrypted = self.cipher.decrypt_with_each(keys, &self.octets);
        let text = String::from_utf8(decrypted.octets);
        let genuine = decrypted.genuine & text.is_ok();
        let Surroundings { namespaces, depth, message } = self.carrier.surroundings();
        let declarations: Vec<(String, &str)> =
            namespaces.into_iter().map(|(prefix, name)| (declaration(prefix), name)).collect();
        let declarations: Vec<(&str, Option<&str>)> = declarations.iter().map(|(name, value)| (&**name, Some(*value))).collect();
        let plaintext = text.as_deref().unwrap_or_default();
        let mut writer = Writer::default();
        writer.element(PLACE, &declarations, |writer| writer.raw(plaintext));
        let text = writer.finish();
        let start = text.len().saturating_sub(plaintext.len() + "</>".len() + PLACE.len());
        let malleable = !V::COVERED && !self.cipher.is_authenticated();
        Plaintext { carrier: self.carrier, content: self.content, text, start, genuine, depth, message, malleable }
    }
}

/// The element that stands for the place of a plaintext. No plaintext can end it and go on, for nothing stands behind a root element.
const PLACE: &str = "place";

/// What a cipher text decrypted to, or what was put in its place.
pub(crate) struct Plaintext<V> {
    carrier: V,
    content: &'static str,
    /// Inside of the element that stands for its place.
    text: String,
    /// Where in that it begins.
    start: usize,
    genuine: bool,
    depth: usize,
    /// The bytes of the message that it came in.
    message: usize,
    malleable: bool,
}

impl<V: Copy> Plaintext<V> {
    /// Whether anybody could have changed it by changing the cipher text, so that no failure may be told apart until a signature in it
    /// holds.
    pub(crate) fn is_malleable(&self) -> bool {
        self.malleable
    }

    /// Parses it, and takes the nodes and attributes that it has from `limits`.
    ///
    /// # Errors
    ///
    /// [`DecryptionError::Failed`] whatever went wrong, now or before.
    pub(crate) fn parse(&self, limits: &mut Limits) -> Result<Opened<'_, V>, DecryptionError> {
        let within = Limits { depth: limits.depth.saturating_sub(self.depth).saturating_add(1), ..*limits };
        let parsed = Document::parse_message(self.text.as_bytes(), &within).ok();
        let opened = parsed.and_then(|mut document| {
            document.strings.preface = self.start;
            document.strings.message = self.text.len().max(self.message);
            *limits = document.left_of(limits);
            let element = only_element(&document, self.content)?;
            Some(Opened { document, element, carrier: self.carrier })
        });
        opened.filter(|_| self.genuine).ok_or(DecryptionError::Failed)
    }
}

/// The one element in the element that stands for its place, if it is that of `saml:` with this name.
fn only_element(document: &Document<'_>, name: &str) -> Option<NodeId> {
    let mut elements = document.root_cursor().elements(None);
    match (elements.next(), elements.next()) {
        (Some(Ok(only)), None) if only.is(Namespace::Assertion, name) => Some(only.id),
        _ => None,
    }
}

/// A plaintext that was parsed, and through which view its cipher text was read.
pub(crate) struct Opened<'p, V> {
    document: Document<'p>,
    element: NodeId,
    carrier: V,
}

impl<'p, V> Opened<'p, V> {
    pub(crate) fn document(&self) -> &Document<'p> {
        &self.document
    }

    /// The element, for which nobody vouches yet.
    pub(crate) fn element(&self) -> Unsigned<'_> {
        Unsigned::new(self.cursor())
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { document: &self.document, id: self.element }
    }

    /// The element that carried the cipher text.
    pub(super) fn carrier(&self) -> &V {
        &self.carrier
    }
}

/// The EncryptedKeys of a cipher text: in its KeyInfo, or beside it where a RetrievalMethod points at them or where KeyInfo has neither.
/// XML Encryption 1.1 section 3.5; SAML Core 6.2.
fn encrypted_keys<'d, V: View<'d>>(carrier: V, data: V) -> Result<Vec<V>, DecryptionError> {
    let is_key = |element: &V| element.is(Namespace::Encryption, "EncryptedKey");
    let beside: Vec<V> = elements(carrier)?.into_iter().filter(is_key).collect();
    let mut named = BTreeMap::new();
    for key in &beside {
        let id = key.attribute("Id").unwrap_or_default();
        named.entry(id).and_modify(|several| *several = None).or_insert(Some(*key));
    }
    let mut keys = Vec::new();
    let key_info = optional(data, Namespace::Dsig, "KeyInfo")?;
    for hint in key_info.map(elements).transpose()?.unwrap_or_default() {
        if is_key(&hint) {
            keys.push(hint);
        } else if hint.is(Namespace::Dsig, "RetrievalMethod") {
            keys.push(retrieved(hint, &named)?);
        }
    }
    if keys.is_empty() {
        keys = beside;
    }
    if keys.is_empty() { Err(malformed("no EncryptedKey in its KeyInfo, nor beside it")) } else { Ok(keys) }
}

/// XMLDSig 4.5.3; XML Encryption 1.1 section 3.5.2. Only what stands beside the cipher text is looked at, and transforms have no place.
fn retrieved<'d, V: View<'d>>(method: V, beside: &BTreeMap<&str, Option<V>>) -> Result<V, DecryptionError> {
    if method.has_elements() {
        return Err(malformed("transforms in a RetrievalMethod"));
    }
    let id = method.attribute("URI").and_then(|uri| uri.strip_prefix('#')).filter(|id| !id.is_empty());
    let id = id.ok_or(malformed("a RetrievalMethod that points out of the message"))?;
    let named = beside.get(id).copied().flatten();
    named.ok_or(malformed("a RetrievalMethod that does not point at one EncryptedKey beside the EncryptedData"))
}

/// XML Encryption 1.1 section 3.5.1.
fn wrapped_key<'d>(key: impl View<'d>) -> Result<WrappedKey, DecryptionError> {
    const NO_METHOD: &str = "no EncryptionMethod in EncryptedKey";
    let method = required(key, Namespace::Encryption, "EncryptionMethod", NO_METHOD)?;
    let transport = KeyTransport::accept(method.attribute("Algorithm").unwrap_or_default())?;
    let digest =
        optional(method, Namespace::Dsig, "DigestMethod")?.map(|digest| digest.attribute("Algorithm").unwrap_or_default());
    let mask = optional(method, Namespace::Encryption11, "MGF")?.map(|mask| mask.attribute("Algorithm").unwrap_or_default());
    let padding = transport.padding(digest, mask)?;
    let label = optional(method, Namespace::Encryption, "OAEPparams")?.map(octets).transpose()?.unwrap_or_default();
    let recipient = key.attribute("Recipient").map(str::to_owned);
    Ok(WrappedKey { octets: cipher_value(key)?, padding, label, recipient })
}

/// The keys that name one of the recipients, or all of them where none does: the hint saves work, and decides nothing.
fn for_us<'d, V: View<'d>>(mut keys: Vec<V>, recipients: &[String]) -> Vec<V> {
    let is_for_us = |key: &V| key.attribute("Recipient").is_some_and(|named| recipients.iter().any(|ours| ours == named));
    if keys.iter().any(is_for_us) {
        keys.retain(is_for_us);
    }
    keys
}

/// XML Encryption 1.1 section 3.3.
fn cipher_value<'d>(parent: impl View<'d>) -> Result<Vec<u8>, DecryptionError> {
    let data = required(parent, Namespace::Encryption, "CipherData", "no CipherData")?;
    if optional(data, Namespace::Encryption, "CipherReference")?.is_some() {
        return Err(DecryptionError::CipherReference);
    }
    octets(required(data, Namespace::Encryption, "CipherValue", "no CipherValue in CipherData")?)
}

fn octets<'d>(element: impl View<'d>) -> Result<Vec<u8>, DecryptionError> {
    let text = element.text().map_err(|_| malformed("a value that is not text"))?;
    base64::decode_whitespace(&text).map_err(|_| malformed("a value that is not base64"))
}

fn elements<'d, V: View<'d>>(parent: V) -> Result<Vec<V>, DecryptionError> {
    const BETWEEN: DecryptionError = malformed("text or a processing instruction between its elements");
    parent.elements().collect::<Result<Vec<_>, _>>().map_err(|_| BETWEEN)
}

/// The child of that name, if there is one.
fn optional<'d, V: View<'d>>(parent: V, namespace: Namespace, name: &str) -> Result<Option<V>, DecryptionError> {
    let mut found = elements(parent)?.into_iter().filter(|child| child.is(namespace, name));
    match (found.next(), found.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(malformed("an element twice that stands there once")),
    }
}

fn required<'d, V: View<'d>>(parent: V, namespace: Namespace, name: &str, otherwise: &'static str) -> Result<V, DecryptionError> {
    optional(parent, namespace, name)?.ok_or(malformed(otherwise))
}

/// The name of the attribute that declares a prefix.
fn declaration(prefix: &str) -> String {
    if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") }
}

const fn malformed(reason: &'static str) -> DecryptionError {
    DecryptionError::Malformed { reason }
}
