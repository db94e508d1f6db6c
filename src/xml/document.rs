//! The parsed document: an arena in document order, and a `Copy` cursor over it.
//!
//! The arena holds no text: names and values are [`Span`]s of the input, or, attribute values that normalisation (XML 1.0
//! section 3.3.3) or a reference made differ from it, of [`Strings::changed`]. Text is decoded where it is read.

use std::borrow::Cow;

use super::Namespace;
use super::chars::is_blank;
use super::parse::position;
use super::reference::decode_text;
use super::span::{Span, narrow, wide};
use crate::error::{Position, StructureError};
use crate::id::is_identifier_name;

/// A well-formed, namespace-well-formed document without a document type declaration.
pub(crate) struct Document<'i> {
    pub(super) strings: Strings<'i>,
    /// In document order; the first is the document itself.
    pub(super) nodes: Vec<Node>,
    /// Of each element in a row, sorted as Canonical XML 1.0 section 2.2 sorts them. Elements with the same start tag may share
    /// theirs, unless there is an identifier among them.
    pub(super) attributes: Vec<Attribute>,
    /// Of each element in a row, sorted by prefix.
    pub(super) declarations: Vec<Declaration>,
    /// How many attributes and declarations all elements have, those that are shared counted for each.
    pub(super) attribute_count: usize,
    /// By [`PrefixId`].
    pub(super) prefixes: Vec<&'i str>,
    /// By [`NamespaceId`].
    pub(super) namespaces: Vec<NamespaceName>,
    /// The root element.
    pub(super) root: NodeId,
}

/// What the spans of a document are ranges of.
pub(super) struct Strings<'i> {
    /// The input without its byte order mark.
    pub(super) text: &'i str,
    /// The attribute values that are not a stretch of the input.
    pub(super) changed: String,
    /// The bytes of the byte order mark.
    pub(super) mark: usize,
    /// The bytes in front of what positions are told of: of a plaintext, what it was put into.
    pub(super) preface: usize,
    /// The bytes of the message; of a plaintext, of that which it came in. What is collected from all its parts is bounded by them.
    pub(super) message: usize,
}

/// The position of a node in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(super) u32);

/// A prefix; the empty one is [`PrefixId::DEFAULT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrefixId(pub(super) u16);

/// A namespace name; the empty one is [`NamespaceId::NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NamespaceId(pub(super) u16);

/// A node of the XPath data model, without the attribute and namespace nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) parent: NodeId,
    /// The node after the last descendant.
    pub(super) end: NodeId,
    /// The markup or text in the input; of an element, its start tag.
    pub(super) source: Span,
    pub(super) content: Content,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Document,
    Element(Element),
    Text {
        /// The source is the text; else it has references, CDATA sections or line ends to be normalised.
        plain: bool,
        /// The source is the canonical form.
        verbatim: bool,
    },
    Comment,
    Instruction,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    /// Where the qualified name ends.
    pub(super) name_end: u32,
    /// Where the local part of the name starts.
    pub(super) local: u32,
    pub(super) prefix: PrefixId,
    pub(super) namespace: NamespaceId,
    pub(super) known: Namespace,
    pub(super) first_attribute: u32,
    pub(super) first_declaration: u32,
    /// How many attributes there are.
    pub(super) attributes: u16,
    /// How many namespace declarations there are.
    pub(super) declarations: u16,
    /// The attributes in the input with the white space before each.
    pub(super) attributes_source: Span,
    /// The declarations in the input, from the end of the name to `attributes_source`, are in canonical form.
    pub(super) declarations_verbatim: bool,
    /// `attributes_source` is in canonical form.
    pub(super) attributes_verbatim: bool,
    pub(super) has_prefixed_attributes: bool,
    /// Where the end tag starts, if it is written `</name>`.
    pub(super) end_tag: Option<std::num::NonZeroU32>,
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) name: Span,
    pub(super) local: u32,
    /// The normalised value.
    pub(super) value: Span,
    pub(super) prefix: PrefixId,
    pub(super) namespace: NamespaceId,
}

/// A namespace declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) prefix: PrefixId,
    pub(super) namespace: NamespaceId,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct NamespaceName {
    pub(super) name: Span,
    pub(super) known: Namespace,
    /// Canonical XML 1.0 section 1.3 gives documents with such names no canonical form.
    pub(super) relative: bool,
}

impl NodeId {
    pub(super) const DOCUMENT: Self = Self(0);

    pub(super) const fn index(self) -> usize {
        wide(self.0)
    }

    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl PrefixId {
    pub(super) const DEFAULT: Self = Self(0);

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl NamespaceId {
    pub(super) const NONE: Self = Self(0);
    pub(super) const XML: Self = Self(1);
    /// Of a prefix that no declaration in scope binds.
    pub(super) const UNBOUND: Self = Self(u16::MAX);

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl<'i> Document<'i> {
    /// The root element.
    pub(super) fn root_cursor(&self) -> Cursor<'_> {
        Cursor { document: self, id: self.root }
    }

    /// What is left of these limits for another document that belongs to it.
    #[cfg(feature = "decrypt")]
    pub(crate) fn left_of(&self, limits: &crate::limits::Limits) -> crate::limits::Limits {
        crate::limits::Limits {
            nodes: limits.nodes.saturating_sub(self.nodes.len()),
            attributes: limits.attributes.saturating_sub(self.attribute_count),
            ..*limits
        }
    }

    /// Every element, in document order.
    pub(super) fn elements(&self) -> impl Iterator<Item = Cursor<'_>> {
        let all = (0..count(self.nodes.len())).map(|id| Cursor { document: self, id: NodeId(id) });
        all.filter(|cursor| cursor.element().is_some())
    }

    pub(super) fn str(&self, span: Span) -> &str {
        self.strings.get(span)
    }

    /// Whether a name, which is always a span of the input, is that text.
    #[inline]
    fn spells(&self, span: Span, text: &str) -> bool {
        self.strings.text.as_bytes().get(span.range()) == Some(text.as_bytes())
    }

    /// The values of the attributes that somebody could take for an identifier, and where each attribute starts: see
    /// [`is_identifier_name`].
    pub(super) fn identifiers(&self) -> impl Iterator<Item = (&str, usize)> {
        let octets = self.strings.text.as_bytes();
        let is_named_id = |name: Span| octets.get(name.range()).is_some_and(is_identifier_name);
        let named = self.attributes.iter().filter(move |attribute| is_named_id(attribute.local_span()));
        named.map(|named| (self.str(named.value), wide(named.name.start)))
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&Node::NOWHERE)
    }

    /// The characters of a text node.
    pub(super) fn text_of(&self, source: Span, plain: bool) -> Cow<'_, str> {
        let run = self.str(source);
        if plain {
            return Cow::Borrowed(run);
        }
        let mut text = String::with_capacity(run.len());
        decode_text(run, &mut text);
        Cow::Owned(text)
    }

    pub(super) fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.node(id).content {
            Content::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(super) fn attributes_of(&self, element: &Element) -> &[Attribute] {
        slice(&self.attributes, element.first_attribute, element.attributes)
    }

    pub(super) fn declarations_of(&self, element: &Element) -> &[Declaration] {
        slice(&self.declarations, element.first_declaration, element.declarations)
    }

    pub(super) fn prefix(&self, id: PrefixId) -> &'i str {
        self.prefixes.get(id.index()).copied().unwrap_or_default()
    }

    pub(super) fn namespace_name(&self, id: NamespaceId) -> &str {
        namespace_name(&self.namespaces, &self.strings, id)
    }

    pub(super) fn known(&self, id: NamespaceId) -> Namespace {
        self.namespaces.get(id.index()).map_or(Namespace::None, |entry| entry.known)
    }
}

impl Strings<'_> {
    pub(super) fn get(&self, span: Span) -> &str {
        let range = span.range();
        match range.start.checked_sub(self.text.len()) {
            None => self.text.get(range),
            Some(start) => self.changed.get(start..start + span.len()),
        }
        .unwrap_or_default()
    }

    /// Where the next changed value starts.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.changed.len()
    }
}

impl Element {
    /// The element that the same start tag makes so much further on. It shares its attributes and declarations.
    pub(super) const fn moved(self, by: u32) -> Self {
        let Span { start, end } = self.attributes_source;
        Self {
            name_end: self.name_end.saturating_add(by),
            local: self.local.saturating_add(by),
            attributes_source: Span { start: start.saturating_add(by), end: end.saturating_add(by) },
            end_tag: None,
            ..self
        }
    }

    /// The qualified name, given where its start tag is.
    pub(super) const fn name(&self, source: Span) -> Span {
        Span { start: source.start.saturating_add(1), end: self.name_end }
    }
}

impl Attribute {
    pub(super) const fn local_span(&self) -> Span {
        Span { start: self.local, end: self.name.end }
    }
}

pub(super) fn namespace_name<'d>(namespaces: &[NamespaceName], strings: &'d Strings<'_>, id: NamespaceId) -> &'d str {
    match id {
        NamespaceId::XML => Namespace::Xml.name(),
        _ => namespaces.get(id.index()).map_or("", |entry| strings.get(entry.name)),
    }
}

impl Node {
    /// What an identifier of another document would find here.
    const NOWHERE: Self =
        Self { parent: NodeId::DOCUMENT, end: NodeId::DOCUMENT, source: Span { start: 0, end: 0 }, content: Content::Document };
}

pub(super) fn slice<T>(all: &[T], first: u32, count: u16) -> &[T] {
    let first = wide(first);
    all.get(first..first.saturating_add(usize::from(count))).unwrap_or_default()
}

/// A node of a document.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) id: NodeId,
}

impl<'d> Cursor<'d> {
    pub(super) fn content(self) -> &'d Content {
        &self.document.node(self.id).content
    }

    pub(super) fn element(self) -> Option<&'d Element> {
        self.document.element(self.id)
    }

    pub(super) fn children(self) -> Children<'d> {
        Children { document: self.document, next: self.id.next(), end: self.document.node(self.id).end }
    }

    pub(super) fn is(self, namespace: Namespace, local_name: &str) -> bool {
        self.element().is_some_and(|element| {
            element.known == namespace && self.document.spells(Span { start: element.local, end: element.name_end }, local_name)
        })
    }

    pub(super) fn qualified_name(self) -> &'d str {
        let source = self.document.node(self.id).source;
        self.element().map_or("", |element| self.document.str(element.name(source)))
    }

    pub(super) fn attributes(self) -> &'d [Attribute] {
        self.element().map_or(&[], |element| self.document.attributes_of(element))
    }

    pub(super) fn attribute(self, namespace: Namespace, local_name: &str) -> Option<&'d str> {
        let document = self.document;
        self.attributes()
            .iter()
            .find(|attribute| {
                document.spells(attribute.local_span(), local_name) && document.known(attribute.namespace) == namespace
            })
            .map(|attribute| document.str(attribute.value))
    }

    /// The normalised values of the attributes of these names that are in no namespace, in one pass.
    #[inline(always)]
    pub(super) fn attributes_named<const N: usize>(self, names: [&str; N]) -> [Option<&'d str>; N] {
        let document = self.document;
        let mut values = [None; N];
        for attribute in self.attributes().iter().filter(|attribute| attribute.namespace == NamespaceId::NONE) {
            let local = document.strings.text.as_bytes().get(attribute.local_span().range()).unwrap_or_default();
            for (value, name) in values.iter_mut().zip(names) {
                if local == name.as_bytes() {
                    *value = Some(document.str(attribute.value));
                }
            }
        }
        values
    }

    /// How many octets of the input it takes, but for its end tag.
    pub(super) fn extent(self) -> usize {
        let node = self.document.node(self.id);
        let last = NodeId(node.end.0.saturating_sub(1));
        wide(self.document.node(last).source.end.saturating_sub(node.source.start))
    }

    /// Where its markup starts; a byte order mark in front of the document is not counted.
    pub(super) fn position(self) -> Position {
        position(self.document.strings.text, wide(self.document.node(self.id).source.start))
    }

    /// The characters, if this is a text node.
    pub(super) fn text_node(self) -> Option<Cow<'d, str>> {
        let node = self.document.node(self.id);
        match node.content {
            Content::Text { plain, .. } => Some(self.document.text_of(node.source, plain)),
            _ => None,
        }
    }

    /// Whether this is a text node of nothing but white space.
    pub(super) fn is_blank(self) -> bool {
        self.text_node().is_some_and(|text| is_blank(&text))
    }

    /// The text of the children, joined; `None` if there is an element or a processing instruction among them.
    pub(super) fn text(self, removed: Option<NodeId>) -> Option<Cow<'d, str>> {
        let mut joined = Cow::Borrowed("");
        for child in self.children().filter(|child| Some(child.id) != removed) {
            match (child.content(), child.text_node()) {
                (_, Some(text)) if joined.is_empty() => joined = text,
                (_, Some(text)) => joined.to_mut().push_str(&text),
                (Content::Comment, _) => {}
                _ => return None,
            }
        }
        Some(joined)
    }

    /// Appends the text of the children; `None` if there is an element or a processing instruction among them.
    pub(super) fn text_into(self, removed: Option<NodeId>, out: &mut String) -> Option<()> {
        for child in self.children().filter(|child| Some(child.id) != removed) {
            let node = self.document.node(child.id);
            match node.content {
                Content::Text { plain: true, .. } => out.push_str(self.document.str(node.source)),
                Content::Text { plain: false, .. } => decode_text(self.document.str(node.source), out),
                Content::Comment => {}
                _ => return None,
            }
        }
        Some(())
    }

    /// The child elements; an error in place of text that is not white space, and of a processing instruction.
    pub(super) fn elements(self, removed: Option<NodeId>) -> impl Iterator<Item = Result<Self, StructureError>> {
        self.children().filter(move |child| Some(child.id) != removed).filter_map(move |child| match child.content() {
            Content::Element(_) => Some(Ok(child)),
            Content::Comment | Content::Document => None,
            Content::Text { .. } if child.is_blank() => None,
            Content::Text { .. } => Some(Err(StructureError::UnexpectedText { element: self.qualified_name().into() })),
            Content::Instruction => Some(Err(StructureError::UnexpectedInstruction { element: self.qualified_name().into() })),
        })
    }

    pub(super) fn not_text(self) -> StructureError {
        StructureError::NotText { element: self.qualified_name().into() }
    }
}

/// The children of a node, in order.
#[derive(Clone)]
pub(super) struct Children<'d> {
    document: &'d Document<'d>,
    next: NodeId,
    end: NodeId,
}

impl<'d> Iterator for Children<'d> {
    type Item = Cursor<'d>;

    #[inline]
    fn next(&mut self) -> Option<Cursor<'d>> {
        if self.next >= self.end {
            return None;
        }
        let id = self.next;
        self.next = self.document.node(id).end;
        debug_assert!(self.next > id, "a node ends behind its start");
        Some(Cursor { document: self.document, id })
    }
}

/// Counts of a document as its indices hold them.
pub(super) fn count(len: usize) -> u32 {
    narrow(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    /// Text in pieces is joined; that of one piece is not copied.
    #[test]
    fn the_text_of_an_element_is_that_of_its_children() {
        for (xml, text, copied) in [
            ("<a/>", Some(""), false),
            ("<a>b</a>", Some("b"), false),
            ("<a><!-- c -->b<!-- c --></a>", Some("b"), false),
            ("<a>b&amp;</a>", Some("b&"), true),
            ("<a>b<!-- c -->d</a>", Some("bd"), true),
            ("<a>b<?c?></a>", None, false),
            ("<a>b<c/></a>", None, false),
        ] {
            let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
            let found = document.root_cursor().text(None);
            assert_eq!((found.as_deref(), matches!(found, Some(Cow::Owned(_)))), (text, copied), "{xml}");
        }
    }

    #[test]
    fn a_moved_element_is_the_one_that_its_tag_makes_there() {
        const TAG: &str = "<p:b xmlns:p='p:' c='d'";
        let [here, there] = [format!("{TAG}></p:b>"), format!("<!----> {TAG}/>")];
        let [here, there] = [&here, &there].map(|xml| Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap());
        let [here, there] = [&here, &there].map(|document| *document.element(document.root).unwrap());
        let told = |element: Element| (element.name_end, element.local, element.attributes_source, element.end_tag);
        assert!(here.end_tag.is_some());
        assert_eq!(told(here.moved(8)), told(there));
    }
}
