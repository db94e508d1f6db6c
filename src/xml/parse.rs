//! Strict XML 1.0 and Namespaces in XML 1.0: from bytes to a [`Document`], or to the rule that is broken and where.
//!
//! One pass finds where each construct starts and ends, and checks it as it is met: one root, matching tags, names, characters,
//! references, attributes, namespaces, the declaration, the encoding, and the limits. The first fault ends the parse.
//!
//! # Not supported
//!
//! Document type declarations, XML 1.1, encodings other than UTF-8: each is an error.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::Namespace;
use super::chars::{first_forbidden, is_space};
use super::document::{
    Attribute, Content, Declaration, Document, Element, NamespaceId, NamespaceName, Node, NodeId, PrefixId, Strings, count,
    namespace_name, slice,
};
use super::names::{Name, NameFault, Names, first_few, is_one_of_many};
use super::namespace::{XMLNS, is_relative};
use super::reference::{UNKNOWN_REFERENCE, is_canonical_in_text, normalize_value, resolve};
use super::scan::text_end;
use super::span::{Span, narrow, wide};
use super::tag::{Next, RawAttribute, TagFault, next};
use crate::error::{Position, Shown, XmlError, XmlErrorKind};
use crate::id::ncname_len;
use crate::limits::Limits;

/// The text of a document: UTF-8.
fn decode<'i>(bytes: &'i [u8], limits: &Limits) -> Result<&'i str, XmlError> {
    let limit = limits.document_bytes.min(Span::MAX_DOCUMENT);
    let at_start = |kind| XmlError { kind, position: Position { offset: 0, line: 1, column: 1 } };
    if bytes.len() > limit {
        return Err(at_start(XmlErrorKind::DocumentTooLarge { limit }));
    }
    if matches!(bytes, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, ..] | [_, 0, ..]) {
        return Err(at_start(XmlErrorKind::WideEncoding));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default();
            Err(XmlError {
                kind: XmlErrorKind::NotUtf8 { declared: declared_encoding(valid) },
                position: position(valid, valid.len()),
            })
        }
    }
}

/// What the declaration at the start of a document names as its encoding, for the error of one that is not UTF-8.
#[cold]
fn declared_encoding(text: &str) -> Option<Shown> {
    let declaration = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).strip_prefix("<?xml")?.split('>').next()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    value.split(quote).nth(1).map(Shown::new)
}

impl<'i> Document<'i> {
    /// Parses a document.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, or limit that is exceeded, with its position.
    pub(crate) fn parse(bytes: &'i [u8], limits: &Limits) -> Result<Self, XmlError> {
        Self::parse_noting(bytes, limits).map(|(document, _)| document)
    }

    /// Parses a message: a document that has nothing in it that other readers are known to read otherwise.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`], and [`XmlErrorKind::AmbiguousComment`].
    pub(crate) fn parse_message(bytes: &'i [u8], limits: &Limits) -> Result<Self, XmlError> {
        let (document, ambiguous) = Self::parse_noting(bytes, limits)?;
        ambiguous.map_or(Ok(document), |position| Err(XmlError { kind: XmlErrorKind::AmbiguousComment, position }))
    }

    /// The document, and where its first ambiguous comment is.
    fn parse_noting(bytes: &'i [u8], limits: &Limits) -> Result<(Self, Option<Position>), XmlError> {
        let text = decode(bytes, limits)?;
        let unmarked = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut parser = Parser::new(unmarked, limits);
        parser.document.strings.mark = text.len() - unmarked.len();
        match parser.run() {
            Ok(()) => {
                let ambiguous = parser.ambiguous_comment.map(|offset| parser.document.position(offset));
                Ok((parser.document, ambiguous))
            }
            Err(Fault(kind, offset)) => Err(XmlError { kind, position: parser.document.position(offset) }),
        }
    }

    /// Where a byte of the document is in the input.
    pub(super) fn position(&self, offset: usize) -> Position {
        let Strings { text, mark, preface, .. } = self.strings;
        let own = text.get(preface..).unwrap_or(text);
        let Position { offset, line, column } = position(own, offset.saturating_sub(preface));
        Position { offset: offset + mark, line, column }
    }
}

/// Line and column of a byte, counted only once something is wrong there.
///
/// Lines end as XML 1.0 section 2.11 has it; a byte order mark takes bytes, but is no character of its line.
pub(super) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let before = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    let line_ends = before.matches(['\n', '\r']).count() - before.matches("\r\n").count();
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    Position { offset, line: line_ends + 1, column: line.chars().count() + 1 }
}

/// What is wrong, and where.
#[derive(Debug)]
struct Fault(XmlErrorKind, usize);

impl Fault {
    #[cold]
    fn new(kind: XmlErrorKind, offset: usize) -> Self {
        Self(kind, offset)
    }

    #[cold]
    fn xml(rule: &'static str, section: &'static str, offset: usize) -> Self {
        Self::new(XmlErrorKind::NotWellFormed { rule, section }, offset)
    }

    #[cold]
    fn unclosed_tag(start: usize) -> Self {
        Self::xml("a tag without its end", "XML 1.0 section 3.1", start)
    }

    #[cold]
    fn namespace(rule: &'static str, section: &'static str, offset: usize) -> Self {
        Self::new(XmlErrorKind::Namespace { rule, section }, offset)
    }

    #[cold]
    fn limit(limit: &'static str, maximum: usize, offset: usize) -> Self {
        Self::new(XmlErrorKind::LimitExceeded { limit, maximum }, offset)
    }
}

struct Parser<'i> {
    document: Document<'i>,
    limits: Limits,
    names: Names<'i>,
    /// The namespaces behind the [`first_few`], by name.
    more_namespaces: BTreeMap<Cow<'i, str>, NamespaceId>,
    /// Attributes of one element each, from where on and how many, that are in several namespaces: [`Parser::order_scattered`].
    scattered: Vec<(u32, u16)>,
    /// What each prefix is bound to here, by [`PrefixId`]; a prefix beyond its end is bound to nothing.
    scope: Vec<NamespaceId>,
    /// The bindings that declarations of the open elements replaced.
    replaced: Vec<Declaration>,
    /// The open elements that declare something. The last one tells which bindings are in scope.
    binders: Vec<NodeId>,
    /// Start tags that may stand again, by the place of their name.
    tags: [Known; TAGS],
    /// The element whose end tag comes next; the document, where none is open.
    open: NodeId,
    /// How many are open.
    depth: usize,
    /// The text node that goes on if more text follows.
    run: Option<NodeId>,
    /// The first comment that HTML readers take to end at once, so that they would see what it hides.
    ambiguous_comment: Option<usize>,
}

impl<'i> Parser<'i> {
    fn new(text: &'i str, limits: &Limits) -> Self {
        let limits = limits.met();
        let none = NamespaceName { name: Span::default(), known: Namespace::None, relative: false };
        let mut nodes = Vec::with_capacity(text.len() / 88 + 24);
        nodes.push(Node { parent: NodeId::DOCUMENT, end: NodeId::DOCUMENT, source: Span::default(), content: Content::Document });
        let mut document = Document {
            strings: Strings { text, changed: String::new(), mark: 0, preface: 0, message: text.len() },
            nodes,
            attributes: Vec::with_capacity(text.len() / 96 + 8),
            declarations: Vec::with_capacity(16),
            attribute_count: 0,
            prefixes: Vec::new(),
            namespaces: Vec::with_capacity(8),
            root: NodeId::DOCUMENT,
        };
        document.namespaces.extend([none, NamespaceName { known: Namespace::Xml, ..none }]);
        let mut scope = Vec::with_capacity(8);
        scope.extend([NamespaceId::NONE, NamespaceId::XML]);
        Self {
            document,
            limits,
            names: Names::new(limits.prefixes),
            more_namespaces: BTreeMap::new(),
            scattered: Vec::new(),
            scope,
            replaced: Vec::new(),
            binders: Vec::new(),
            tags: [Known::default(); TAGS],
            open: NodeId::DOCUMENT,
            depth: 0,
            run: None,
            ambiguous_comment: None,
        }
    }

    fn run(&mut self) -> Result<(), Fault> {
        let text = self.document.strings.text;
        if let Some(offset) = first_forbidden(text) {
            return Err(Fault::new(XmlErrorKind::ForbiddenCharacter, offset));
        }
        if text.starts_with(BYTE_ORDER_MARK) {
            return Err(Fault::xml("text outside the root element", "XML 1.0 section 2.1", 0));
        }
        let mut at = 0;
        loop {
            let before = at;
            at = match self.octets(at) {
                [] => return self.finish(at),
                [b'<', b'/', ..] => self.end_tag(at)?,
                [b'<', b'!' | b'?', ..] => self.other_markup(at)?,
                [b'<', ..] => self.start_tag(at)?,
                _ => self.text(at)?,
            };
            debug_assert!(at > before, "something was read");
        }
    }

    fn finish(&mut self, end: usize) -> Result<(), Fault> {
        if self.depth > 0 {
            return Err(Fault::xml("the document ends inside an element", "XML 1.0 section 2.1", end));
        }
        if self.document.root == NodeId::DOCUMENT {
            return Err(Fault::xml("no root element", "XML 1.0 section 2.1", end));
        }
        let end = NodeId(count(self.document.nodes.len()));
        if let Some(document) = self.document.nodes.first_mut() {
            document.end = end;
        }
        self.document.prefixes = self.names.take_prefixes();
        if !self.scattered.is_empty() {
            self.order_scattered();
        }
        Ok(())
    }

    /// Brings the attributes of elements that have them in several namespaces into the order of Canonical XML 1.0 section 2.2, which
    /// is that of the names. Names can be long and alike, so that each is compared with others here alone, once in a document.
    #[cold]
    fn order_scattered(&mut self) {
        let Document { attributes, namespaces, strings, .. } = &mut self.document;
        let mut by_name: Vec<NamespaceId> = (0..=u16::MAX).take(namespaces.len()).map(NamespaceId).collect();
        by_name.sort_unstable_by_key(|&id| namespace_name(namespaces, strings, id));
        let mut ranks = vec![0; namespaces.len()];
        for (rank, id) in by_name.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(id.index()) {
                *slot = rank;
            }
        }
        for &(first, len) in &self.scattered {
            let first = wide(first);
            let own = attributes.get_mut(first..first + usize::from(len)).unwrap_or_default();
            // Stable: within a namespace they are in order.
            own.sort_by_key(|attribute| ranks.get(attribute.namespace.index()));
        }
    }

    // Character data. Each of these answers where it ends.

    /// A run of characters and references.
    #[inline(never)]
    fn text(&mut self, start: usize) -> Result<usize, Fault> {
        if self.depth == 0 {
            return self.outside(start);
        }
        let octets = self.document.strings.text.as_bytes();
        let (mut plain, mut verbatim) = (true, true);
        let mut end = text_end(octets, start);
        loop {
            let stretch = match octets.get(end) {
                Some(b'&') => {
                    plain = false;
                    let behind = self.octets(end + 1);
                    let (_, len) = resolve(behind).ok_or_else(|| self.wrong_reference(end))?;
                    verbatim &= behind.get(..len).is_some_and(is_canonical_in_text);
                    len + "&;".len()
                }
                Some(b'\r') => {
                    (plain, verbatim) = (false, false);
                    self.octets(end).iter().take_while(|&&octet| octet == b'\r').count()
                }
                Some(b'>') => {
                    if octets.get(start..end).is_some_and(|before| before.ends_with(b"]]")) {
                        return Err(Fault::xml("`]]>` in text", "XML 1.0 section 2.4", end - 2));
                    }
                    verbatim = false;
                    1
                }
                _ => return self.push_text(start..end, plain, verbatim),
            };
            end = text_end(octets, end + stretch);
        }
    }

    /// Only white space stands outside the root element; answers where it ends.
    #[cold]
    fn outside(&self, start: usize) -> Result<usize, Fault> {
        let end = start + self.octets(start).iter().take_while(|&&octet| is_space(octet)).count();
        match self.octets(end) {
            [] | [b'<', ..] => Ok(end),
            [b'&', ..] => Err(self.wrong_reference(end)),
            _ => Err(Fault::xml("text outside the root element", "XML 1.0 section 2.1", end)),
        }
    }

    #[cold]
    fn wrong_reference(&self, start: usize) -> Fault {
        let behind = self.octets(start + 1);
        let end = memchr::memchr3(b';', b'&', b'<', behind).and_then(|len| behind.get(len));
        if end != Some(&b';') {
            Fault::xml("a `&` that starts no reference", "XML 1.0 section 2.4", start)
        } else if self.depth == 0 {
            Fault::xml("a reference outside the root element", "XML 1.0 section 2.1", start)
        } else {
            Fault::xml(UNKNOWN_REFERENCE, "XML 1.0 section 4.1", start)
        }
    }

    /// Notes a piece of character data or a CDATA section; answers where it ends. What stands together is one text
    /// node of the XPath data model.
    #[inline]
    fn push_text(&mut self, source: Range<usize>, plain: bool, verbatim: bool) -> Result<usize, Fault> {
        let end = source.end;
        let run = self.run.and_then(|run| self.document.nodes.get_mut(run.index()));
        if let Some(Node { source, content: Content::Text { plain: all_plain, verbatim: all_verbatim }, .. }) = run {
            source.end = narrow(end);
            *all_plain &= plain;
            *all_verbatim &= verbatim;
        } else {
            self.run = Some(self.push_node(source, Content::Text { plain, verbatim })?);
        }
        Ok(end)
    }

    // Comments, CDATA sections, processing instructions, the declaration

    /// What starts with `<!` or `<?`: quick-xml says what it is and where it ends. It never sees a document type declaration.
    #[inline(never)]
    fn other_markup(&mut self, start: usize) -> Result<usize, Fault> {
        if self.octets(start + "<!".len()).get(..DOCTYPE.len()).is_some_and(is_doctype) {
            return Err(Fault::new(XmlErrorKind::Doctype, start));
        }
        let mut reader = Reader::from_str(self.source(start..self.document.strings.text.len()));
        reader.config_mut().check_comments = true;
        match reader.read_event() {
            Ok(Event::Comment(content)) => self.comment(start, &content),
            Ok(Event::CData(content)) => self.cdata(start, &content),
            Ok(Event::PI(content)) => self.instruction(start, &content),
            Ok(Event::Decl(content)) => self.declaration(start, start + "<?".len() + content.len()),
            Err(quick_xml::Error::IllFormed(_)) => Err(Fault::xml("`--` inside a comment", "XML 1.0 section 2.5", start)),
            _ => Err(self.without_end(start)),
        }
    }

    #[cold]
    fn without_end(&self, start: usize) -> Fault {
        let markup = self.octets(start);
        let (rule, section) = if markup.starts_with(b"<!--") {
            ("a comment without its end", "XML 1.0 section 2.5")
        } else if markup.starts_with(b"<![CDATA[") {
            ("a CDATA section without its end", "XML 1.0 section 2.7")
        } else if markup.starts_with(b"<?") {
            ("a processing instruction without its end", "XML 1.0 section 2.6")
        } else {
            ("markup that is neither comment nor CDATA section", "XML 1.0 section 2.1")
        };
        Fault::xml(rule, section, start)
    }

    fn comment(&mut self, start: usize, content: &str) -> Result<usize, Fault> {
        self.run = None;
        if content.trim_start_matches('-').starts_with('>') {
            self.ambiguous_comment.get_or_insert(start);
        }
        let end = start + "<!---->".len() + content.len();
        self.push_node(start..end, Content::Comment)?;
        Ok(end)
    }

    fn cdata(&mut self, start: usize, content: &str) -> Result<usize, Fault> {
        if self.depth == 0 {
            return Err(Fault::xml("a CDATA section outside the root element", "XML 1.0 section 2.1", start));
        }
        let end = start + "<![CDATA[]]>".len() + content.len();
        // An empty one alone is no text in the XPath data model.
        if content.is_empty() && self.run.is_none() { Ok(end) } else { self.push_text(start..end, false, false) }
    }

    fn instruction(&mut self, start: usize, content: &str) -> Result<usize, Fault> {
        self.run = None;
        let target = ncname_len(content)
            .filter(|&len| content.as_bytes().get(len).is_none_or(|&byte| is_space(byte)))
            .and_then(|len| content.get(..len))
            .ok_or_else(|| Fault::xml("a processing instruction without a legal target", "XML 1.0 section 2.6", start))?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(Fault::xml(
                "an XML declaration that is not at the start, or a processing instruction of its name",
                "XML 1.0 section 2.8",
                start,
            ));
        }
        let end = start + "<??>".len() + content.len();
        self.push_node(start..end, Content::Instruction)?;
        Ok(end)
    }

    /// XML 1.0 section 2.8: at the very start, `version` 1.0, then `encoding`, then `standalone`, and nothing else. Answers where it
    /// ends; its content ends at `content_end`.
    fn declaration(&mut self, start: usize, content_end: usize) -> Result<usize, Fault> {
        let broken = |rule| Fault::xml(rule, "XML 1.0 section 2.8", start);
        if start != 0 {
            return Err(broken("an XML declaration that is not at the start"));
        }
        let (encoding, standalone) = match self.declared(content_end).map_err(broken)? {
            [Some(("version", "1.0")), None, None] => (None, None),
            [Some(("version", "1.0")), Some(("encoding", encoding)), None] => (Some(encoding), None),
            [Some(("version", "1.0")), Some(("standalone", standalone)), None] => (None, Some(standalone)),
            [Some(("version", "1.0")), Some(("encoding", encoding)), Some(("standalone", standalone))] => {
                (Some(encoding), Some(standalone))
            }
            [Some(("version", _)), ..] => {
                return Err(broken("a version other than 1.0, or parts out of order in the XML declaration"));
            }
            _ => return Err(broken("an XML declaration that does not start with its version")),
        };
        if standalone.is_some_and(|value| !matches!(value, "yes" | "no")) {
            return Err(broken("a `standalone` that is neither yes nor no"));
        }
        match encoding {
            Some(name) if !name.eq_ignore_ascii_case("UTF-8") => {
                Err(Fault::new(XmlErrorKind::EncodingMismatch { declared: Shown::new(name) }, start))
            }
            _ => Ok(content_end + "?>".len()),
        }
    }

    /// The names and values of the XML declaration whose content ends there; or what is wrong.
    fn declared(&mut self, content_end: usize) -> Result<[Option<(&'i str, &'i str)>; 3], &'static str> {
        let content = self.source(0..content_end);
        let mut found = [None; 3];
        let mut slots = found.iter_mut();
        let mut from = "<?xml".len();
        loop {
            let raw = match next(content, from, &mut self.names) {
                Ok(Next::Attribute(raw)) => raw,
                Ok(Next::End(at)) if at == content_end => return Ok(found),
                Ok(Next::End(_)) => return Err("an attribute name that is no qualified name"),
                Err(TagFault::Rule(rule, _)) => return Err(rule),
                Err(TagFault::TooManyPrefixes(_)) => return Err("a prefix in the XML declaration"),
            };
            let slot = slots.next().ok_or("more than three parts in the XML declaration")?;
            let name = content.get(raw.name_start..raw.name_start + raw.name.len()).unwrap_or_default();
            *slot = Some((name, content.get(raw.value_start..raw.value_end).unwrap_or_default()));
            from = raw.value_end + 1;
        }
    }

    // Tags

    fn start_tag(&mut self, start: usize) -> Result<usize, Fault> {
        self.run = None;
        if self.depth == 0 && self.document.root != NodeId::DOCUMENT {
            return Err(Fault::xml("more than one root element", "XML 1.0 section 2.1", start));
        }
        if self.depth >= self.limits.depth {
            return Err(Fault::limit("levels of elements", self.limits.depth, start));
        }
        let name = self.element_name(start)?;
        match self.known_tag(name, start) {
            Some((end, element)) => self.open_element(start..end, element),
            None => self.new_tag(name, start),
        }
    }

    /// Makes a node of a start tag; answers where it ends.
    #[inline(always)]
    fn open_element(&mut self, source: Range<usize>, element: Element) -> Result<usize, Fault> {
        let end = source.end;
        self.document.attribute_count += usize::from(element.attributes) + usize::from(element.declarations);
        if self.document.attribute_count > self.limits.attributes {
            return Err(Fault::limit("attributes in the document", self.limits.attributes, source.start));
        }
        let id = self.push_node(source, Content::Element(element))?;
        if self.depth == 0 {
            self.document.root = id;
        }
        (self.open, self.depth) = (id, self.depth + 1);
        if element.declarations > 0 {
            self.binders.push(id);
        }
        // Nothing but a `/` of the tag's own stands there: values have quotes.
        if self.octets(end - "/>".len()).first() == Some(&b'/') {
            self.close_element(None);
        }
        Ok(end)
    }

    /// What the tag at `start` makes of an element, if the last one of its name had the same octets and the same bindings in scope.
    #[inline(always)]
    fn known_tag(&mut self, name: Name, start: usize) -> Option<(usize, Element)> {
        let known = self.tags.get(usize::from(name.place) % TAGS)?;
        let node = self.document.nodes.get(known.node.index())?;
        let Content::Element(element) = node.content else { return None };
        let end = start + node.source.len();
        let octets = self.document.strings.text.as_bytes();
        if known.scope != self.scope_here() || octets.get(node.source.range())? != octets.get(start..end)? {
            return None;
        }
        let moved = narrow(start - node.source.range().start);
        if element.declarations > 0 {
            self.bind(element.first_declaration, element.declarations);
        }
        Some((end, element.moved(moved)))
    }

    fn scope_here(&self) -> NodeId {
        self.binders.last().copied().unwrap_or(NodeId::DOCUMENT)
    }

    #[inline(never)]
    fn new_tag(&mut self, name: Name, start: usize) -> Result<usize, Fault> {
        let scope = self.scope_here();
        let name_end = start + 1 + name.len();
        let mut tag = Tag::new(&self.document, start, name_end);
        let attributes_end = self.attributes(&mut tag)?;
        let attributes = self.document.attributes.len() - tag.first_attribute;
        let declarations = self.document.declarations.len() - tag.first_declaration;
        if declarations > 0 {
            self.declare(&mut tag)?;
        }
        let namespace = self.resolve_element(name, start)?;
        if tag.has_prefixes || attributes > 1 {
            self.resolve_attributes(&mut tag)?;
        }
        let is_empty = self.octets(attributes_end).first() == Some(&b'/');
        let end = attributes_end + if is_empty { "/>".len() } else { ">".len() };
        if let Some(known) = self.tags.get_mut(usize::from(name.place) % TAGS)
            && !tag.identifies
        {
            *known = Known { node: NodeId(count(self.document.nodes.len())), scope };
        }
        let element = Element {
            name_end: narrow(name_end),
            local: narrow(start + 1).saturating_add(name.local),
            prefix: name.prefix,
            namespace,
            known: self.document.known(namespace),
            first_attribute: count(tag.first_attribute),
            first_declaration: count(tag.first_declaration),
            attributes: few(attributes),
            declarations: few(declarations),
            attributes_source: Span::new(tag.attributes_start..tag.end),
            declarations_verbatim: tag.declarations_verbatim,
            attributes_verbatim: tag.attributes_verbatim,
            has_prefixed_attributes: tag.has_prefixes,
            end_tag: None,
        };
        self.open_element(start..end, element)
    }

    #[inline]
    fn element_name(&mut self, start: usize) -> Result<Name, Fault> {
        const RULE: (&str, &str) = ("an element name that is no qualified name", "Namespaces in XML 1.0 section 4");
        let name = match self.names.read(self.document.strings.text, start + 1) {
            Ok(name) => *name,
            Err(NameFault::NoQualifiedName) => return Err(self.in_tag(RULE, start, start)),
            Err(NameFault::TooManyPrefixes) => return Err(self.too_many_prefixes(start)),
        };
        match self.octets(start + 1 + name.len()) {
            [b'>' | b' ' | b'\t' | b'\n' | b'\r', ..] | [b'/', b'>', ..] => Ok(name),
            _ => Err(self.in_tag(RULE, start, start)),
        }
    }

    #[inline(never)]
    fn end_tag(&mut self, start: usize) -> Result<usize, Fault> {
        self.run = None;
        let text = self.document.strings.text.as_bytes();
        let name_start = start + "</".len();
        let node = self.document.node(self.open);
        let name = match &node.content {
            Content::Element(element) => text.get(element.name(node.source).range()).unwrap_or_default(),
            _ => &[],
        };
        let end = name_start + name.len();
        if name.is_empty() || text.get(name_start..end) != Some(name) {
            return Err(self.wrong_end_tag(start));
        }
        if text.get(end) == Some(&b'>') {
            self.close_element(NonZeroU32::new(narrow(start)));
            return Ok(end + ">".len());
        }
        let end = end + self.octets(end).iter().take_while(|&&octet| is_space(octet)).count();
        if text.get(end) != Some(&b'>') {
            return Err(self.wrong_end_tag(start));
        }
        self.close_element(None);
        Ok(end + ">".len())
    }

    #[cold]
    fn wrong_end_tag(&self, start: usize) -> Fault {
        self.in_tag(("an end tag that does not match its start tag", "XML 1.0 section 3"), start, start)
    }

    /// Closes the open element, whose end tag starts there if it is written as canonical XML writes it.
    fn close_element(&mut self, end_tag: Option<NonZeroU32>) {
        let end = NodeId(count(self.document.nodes.len()));
        let Some(node) = self.document.nodes.get_mut(self.open.index()) else { return };
        node.end = end;
        (self.open, self.depth) = (node.parent, self.depth.saturating_sub(1));
        let Content::Element(element) = &mut node.content else { return };
        element.end_tag = end_tag;
        if element.declarations > 0 {
            self.binders.pop();
        }
        for _ in 0..element.declarations {
            if let Some(before) = self.replaced.pop()
                && let Some(bound) = self.scope.get_mut(before.prefix.index())
            {
                *bound = before.namespace;
            }
        }
    }

    /// Reads the attributes of a tag into the arena: declarations and the others apart, prefixes not resolved yet. Answers where
    /// the tag's end starts.
    #[inline(always)]
    fn attributes(&mut self, tag: &mut Tag) -> Result<usize, Fault> {
        let text = self.document.strings.text;
        let mut seen = 0;
        loop {
            let raw = match next(text, tag.end, &mut self.names) {
                Ok(Next::Attribute(raw)) => raw,
                Ok(Next::End(at)) if at < text.len() => return Ok(at),
                Ok(Next::End(_)) => return Err(Fault::unclosed_tag(tag.start)),
                Err(TagFault::Rule(rule, at)) => return Err(self.in_tag((rule, "XML 1.0 section 3.1"), tag.start, at)),
                Err(TagFault::TooManyPrefixes(at)) => return Err(self.too_many_prefixes(at)),
            };
            seen += 1;
            if seen > self.limits.attributes_per_element {
                return Err(Fault::limit("attributes on one element", self.limits.attributes_per_element, raw.start));
            }
            let value = raw.value_start..raw.value_end;
            let (value, canonical) = if raw.plain { (Span::new(value), true) } else { self.value(value)? };
            let canonical = canonical && raw.canonical_layout;
            tag.end = raw.value_end + 1;
            if raw.name.declares {
                self.push_declaration(value, canonical, &raw, tag)?;
            } else {
                self.push_attribute(value, canonical, &raw, tag);
            }
        }
    }

    #[inline(always)]
    fn push_attribute(&mut self, value: Span, canonical: bool, raw: &RawAttribute, tag: &mut Tag) {
        tag.attributes_verbatim &= canonical;
        tag.has_prefixes |= raw.name.prefix != PrefixId::DEFAULT;
        tag.identifies |= raw.name.identifies;
        let name = Span::new(raw.name_start..raw.name_start + raw.name.len());
        let local = name.start.saturating_add(raw.name.local);
        self.document.attributes.push(Attribute { name, local, value, prefix: raw.name.prefix, namespace: NamespaceId::NONE });
    }

    /// Checks a declaration and notes it. Namespaces in XML 1.0 sections 2.2, 3 and 5.
    #[inline(never)]
    fn push_declaration(&mut self, value: Span, canonical: bool, raw: &RawAttribute, tag: &mut Tag) -> Result<(), Fault> {
        let at = raw.name_start;
        let broken = |rule| Err(Fault::namespace(rule, "Namespaces in XML 1.0 section 3", at));
        let prefix = self.names.prefixes().get(raw.name.prefix.index()).copied().unwrap_or_default();
        let name = self.document.str(value);
        match (prefix, name) {
            ("xmlns", _) => return broken("the prefix `xmlns` is declared"),
            ("xml", name) if name != Namespace::Xml.name() => return broken("the prefix `xml` is bound to another namespace"),
            ("xml", _) => {}
            (_, name) if name == Namespace::Xml.name() => return broken("another prefix is bound to the namespace of `xml`"),
            (_, XMLNS) => return broken("a prefix is bound to the namespace of `xmlns`"),
            ("", _) => {}
            (_, "") => return broken("a prefix is bound to no namespace"),
            _ => {}
        }
        // A declaration behind an attribute breaks both stretches of the input.
        let is_before = self.document.attributes.len() == tag.first_attribute;
        tag.declarations_verbatim &= canonical && is_before;
        tag.attributes_verbatim &= is_before;
        if is_before {
            tag.attributes_start = tag.end;
        }
        let namespace = self.intern_namespace(value, at)?;
        self.document.declarations.push(Declaration { prefix: raw.name.prefix, namespace });
        Ok(())
    }

    /// Sorts the declarations of a tag, refuses doubled ones, and brings them into scope.
    #[inline(never)]
    fn declare(&mut self, tag: &mut Tag) -> Result<(), Fault> {
        let prefixes = self.names.prefixes();
        self.scope.resize(prefixes.len(), NamespaceId::UNBOUND);
        let declared = self.document.declarations.get_mut(tag.first_declaration..).unwrap_or_default();
        let name = |declaration: &Declaration| prefixes.get(declaration.prefix.index()).copied().unwrap_or_default();
        if !declared.is_sorted_by(|a, b| name(a) < name(b)) {
            tag.declarations_verbatim = false;
            declared.sort_unstable_by(|a, b| name(a).cmp(name(b)));
            if declared.windows(2).any(|pair| matches!(pair, [a, b] if a.prefix == b.prefix)) {
                return Err(Fault::xml(DOUBLED, "XML 1.0 section 3.1", tag.start + 1));
            }
        }
        let len = declared.len();
        self.bind(count(tag.first_declaration), few(len));
        Ok(())
    }

    /// Brings declarations into scope.
    fn bind(&mut self, first: u32, declarations: u16) {
        for declaration in slice(&self.document.declarations, first, declarations) {
            if let Some(bound) = self.scope.get_mut(declaration.prefix.index()) {
                self.replaced.push(Declaration { prefix: declaration.prefix, namespace: *bound });
                *bound = declaration.namespace;
            }
        }
    }

    /// Resolves the prefixes of a tag's attributes that have any, sorts them by namespace and local name, and refuses doubled ones.
    fn resolve_attributes(&mut self, tag: &mut Tag) -> Result<(), Fault> {
        let Document { attributes, strings, .. } = &mut self.document;
        let own = attributes.get_mut(tag.first_attribute..).unwrap_or_default();
        if tag.has_prefixes {
            // An attribute without a prefix is in no namespace: Namespaces in XML 1.0 section 6.2.
            for attribute in own.iter_mut().filter(|attribute| attribute.prefix != PrefixId::DEFAULT) {
                attribute.namespace = self.scope.get(attribute.prefix.index()).copied().unwrap_or(NamespaceId::UNBOUND);
                if attribute.namespace == NamespaceId::UNBOUND {
                    return Err(undeclared(attribute.name.range().start));
                }
            }
        }
        if own.len() > 1 {
            let order = |a: &Attribute, b: &Attribute| attribute_order(strings.text, a, b);
            if !own.is_sorted_by(|a, b| order(a, b) == Ordering::Less) {
                tag.attributes_verbatim = false;
                own.sort_unstable_by(order);
                if let Some([one, other]) = own.windows(2).find(|pair| matches!(pair, [a, b] if order(a, b) == Ordering::Equal)) {
                    let (one, other) = (strings.get(one.name), strings.get(other.name));
                    return Err(doubled_attribute(one == other, tag.start + 1));
                }
            }
            let in_namespace = own.iter().find(|attribute| attribute.namespace != NamespaceId::NONE);
            if tag.has_prefixes && in_namespace.map(|first| first.namespace) != own.last().map(|last| last.namespace) {
                tag.attributes_verbatim = false;
                self.scattered.push((count(tag.first_attribute), few(own.len())));
            }
        }
        Ok(())
    }

    /// The namespace that the prefix of an element is bound to.
    #[inline]
    fn resolve_element(&mut self, name: Name, at: usize) -> Result<NamespaceId, Fault> {
        if name.has_prefix_xmlns() {
            return Err(Fault::namespace("an element with the prefix `xmlns`", "Namespaces in XML 1.0 section 3", at));
        }
        match self.scope.get(name.prefix.index()) {
            Some(&namespace) if namespace != NamespaceId::UNBOUND => Ok(namespace),
            _ => Err(undeclared(at)),
        }
    }

    fn intern_namespace(&mut self, name: Span, at: usize) -> Result<NamespaceId, Fault> {
        let Document { namespaces, strings, .. } = &mut self.document;
        let text = strings.get(name);
        if text == Namespace::Xml.name() {
            return Ok(NamespaceId::XML);
        }
        if text.len() > self.limits.namespace_bytes {
            return Err(Fault::limit("bytes in a namespace name", self.limits.namespace_bytes, at));
        }
        let too_many = || Fault::limit("namespaces", self.limits.namespaces, at);
        let number = |index: usize| {
            let id = u16::try_from(index).ok().map(NamespaceId).filter(|&id| id != NamespaceId::UNBOUND);
            id.ok_or_else(too_many)
        };
        let is_it = |known: &NamespaceName| known.known != Namespace::Xml && strings.get(known.name) == text;
        if let Some(index) = first_few(namespaces).iter().position(is_it) {
            return number(index);
        }
        if let Some(&known) = self.more_namespaces.get(text) {
            return Ok(known);
        }
        if namespaces.len() >= self.limits.namespaces {
            return Err(too_many());
        }
        let new = number(namespaces.len())?;
        if is_one_of_many(namespaces.len()) {
            let of_input = strings.text.get(name.range()).map(Cow::Borrowed);
            self.more_namespaces.insert(of_input.unwrap_or_else(|| Cow::Owned(text.to_owned())), new);
        }
        let known = Namespace::of(text);
        let relative = known == Namespace::Other && is_relative(text);
        namespaces.push(NamespaceName { name, known, relative });
        Ok(new)
    }

    // The arena

    /// The normalised value of an attribute, and whether it is written as Canonical XML writes it.
    fn value(&mut self, source: Range<usize>) -> Result<(Span, bool), Fault> {
        let raw = self.source(source.clone());
        let start = self.document.strings.len();
        let canonical = normalize_value(raw, &mut self.document.strings.changed)
            .map_err(|fault| Fault::xml(fault.rule, fault.section, source.start + fault.offset))?;
        Ok((Span::new(start..self.document.strings.len()), canonical))
    }

    #[inline(always)]
    fn push_node(&mut self, source: Range<usize>, content: Content) -> Result<NodeId, Fault> {
        let len = self.document.nodes.len();
        if len > self.limits.nodes {
            return Err(Fault::limit("nodes", self.limits.nodes, source.start));
        }
        if len == self.document.nodes.capacity() {
            // Doubles, but never beyond what the limit lets in.
            let room = self.limits.nodes.saturating_add(1).saturating_sub(len);
            self.document.nodes.reserve_exact(room.min(len));
        }
        let id = NodeId(count(len));
        // An element that goes on ends elsewhere; everything else ends here.
        self.document.nodes.push(Node { parent: self.open, end: id.next(), source: Span::new(source), content });
        Ok(id)
    }

    fn source(&self, range: Range<usize>) -> &'i str {
        self.document.strings.text.get(range).unwrap_or_default()
    }

    #[inline]
    fn octets(&self, from: usize) -> &'i [u8] {
        self.document.strings.text.as_bytes().get(from..).unwrap_or_default()
    }

    /// What is wrong at `at` in the tag that starts at `start`: first of all, that it does not end.
    #[cold]
    fn in_tag(&self, (rule, section): (&'static str, &'static str), start: usize, at: usize) -> Fault {
        match memchr::memchr(b'>', self.octets(start)) {
            None => Fault::unclosed_tag(start),
            Some(_) => Fault::xml(rule, section, at),
        }
    }

    #[cold]
    fn too_many_prefixes(&self, at: usize) -> Fault {
        Fault::limit("prefixes", self.limits.prefixes, at)
    }
}

/// A start tag that was read.
#[derive(Clone, Copy)]
struct Known {
    /// Its element; the document, where there was none.
    node: NodeId,
    /// Which bindings were in scope before it: see [`Parser::binders`].
    scope: NodeId,
}

impl Default for Known {
    fn default() -> Self {
        Self { node: NodeId::DOCUMENT, scope: NodeId::DOCUMENT }
    }
}

/// How many are kept: more than messages have names.
const TAGS: usize = 64;

/// What is gathered of a start tag while its attributes are read. Positions are of the document.
struct Tag {
    /// Where the tag starts.
    start: usize,
    first_attribute: usize,
    first_declaration: usize,
    /// Where the attributes start that stand behind all declarations.
    attributes_start: usize,
    /// Where what was read ends.
    end: usize,
    declarations_verbatim: bool,
    attributes_verbatim: bool,
    has_prefixes: bool,
    /// There is an attribute that could be taken for an identifier.
    identifies: bool,
}

impl Tag {
    fn new(document: &Document<'_>, start: usize, name_end: usize) -> Self {
        Self {
            start,
            first_attribute: document.attributes.len(),
            first_declaration: document.declarations.len(),
            attributes_start: name_end,
            end: name_end,
            declarations_verbatim: true,
            attributes_verbatim: true,
            has_prefixes: false,
            identifies: false,
        }
    }
}

/// By namespace, those in none first, then by local name: the order of Canonical XML 1.0 section 2.2 where there is one namespace at
/// most.
#[inline]
fn attribute_order(text: &str, a: &Attribute, b: &Attribute) -> Ordering {
    let local = |of: &Attribute| text.as_bytes().get(of.local_span().range());
    a.namespace.index().cmp(&b.namespace.index()).then_with(|| local(a).cmp(&local(b)))
}

/// A number of attributes or declarations; see [`Limits::MOST_NAMES`].
fn few(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

const BYTE_ORDER_MARK: char = '\u{FEFF}';

const DOUBLED: &str = "an attribute twice on one element";

#[cold]
fn doubled_attribute(as_written: bool, at: usize) -> Fault {
    if as_written {
        return Fault::xml(DOUBLED, "XML 1.0 section 3.1", at);
    }
    let rule = "an attribute twice on one element, under two prefixes of one namespace";
    Fault::namespace(rule, "Namespaces in XML 1.0 section 6.3", at)
}

fn undeclared(at: usize) -> Fault {
    Fault::namespace("a prefix that no declaration in scope binds", "Namespaces in XML 1.0 section 5", at)
}

const DOCTYPE: &str = "DOCTYPE";

fn is_doctype(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(DOCTYPE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements below the root: local name, namespace, and the values of the attributes.
    fn elements(xml: &str) -> Vec<(String, String, Vec<String>)> {
        let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        let elements = document.nodes.iter().filter_map(|node| match &node.content {
            Content::Element(element) => Some((node, element)),
            _ => None,
        });
        let told = elements.map(|(node, element)| {
            let local = Span { start: element.local, end: element.name(node.source).end };
            let values = document.attributes_of(element).iter().map(|attribute| document.str(attribute.value).to_owned());
            (document.str(local).to_owned(), document.namespace_name(element.namespace).to_owned(), values.collect())
        });
        told.skip(1).collect()
    }

    /// What is wrong, and where.
    fn fault(xml: &str) -> (XmlErrorKind, usize) {
        let error = Document::parse(xml.as_bytes(), &Limits::DEFAULT).err().unwrap();
        (error.kind, error.position.offset)
    }

    fn element(local: &str, namespace: &str, values: &[&str]) -> (String, String, Vec<String>) {
        (local.to_owned(), namespace.to_owned(), values.iter().map(|&value| value.to_owned()).collect())
    }

    #[test]
    fn a_tag_that_stands_again_is_the_same_under_the_same_bindings_alone() {
        assert_eq!(
            elements(
                "<r xmlns:p='urn:1'><p:a x='1'/><p:a x='1'/><s xmlns:p='urn:2'><p:a x='1'/></s><p:a x='1'/><p:a x='2'/><p:a x='1'>\
                 <p:a x='1'/></p:a></r>"
            ),
            [
                element("a", "urn:1", &["1"]),
                element("a", "urn:1", &["1"]),
                element("s", "", &[]),
                element("a", "urn:2", &["1"]),
                element("a", "urn:1", &["1"]),
                element("a", "urn:1", &["2"]),
                element("a", "urn:1", &["1"]),
                element("a", "urn:1", &["1"]),
            ]
        );
        assert_eq!(fault("<r><s xmlns:p='urn:1'><p:a/></s><p:a/></r>"), (undeclared(0).0, 32));
        // The bindings of a sibling are no one else's, however alike the two are.
        assert_eq!(
            elements("<r><s xmlns:p='urn:1'><p:a p:x='1'/></s><s xmlns:p='urn:2'><p:a p:x='1'/></s></r>"),
            [element("s", "", &[]), element("a", "urn:1", &["1"]), element("s", "", &[]), element("a", "urn:2", &["1"])]
        );
        assert_eq!(fault("<r><s xmlns:p='urn:1'><p:a/></s><s xmlns:q='urn:1'><p:a/></s></r>"), (undeclared(0).0, 51));
    }

    #[test]
    fn a_tag_that_stands_again_declares_again() {
        let declaring = "<p:a xmlns:p='urn:1' p:x='&lt;'><p:b/></p:a>";
        let twice = [element("a", "urn:1", &["<"]), element("b", "urn:1", &[])];
        assert_eq!(elements(&format!("<r>{declaring}{declaring}</r>")), [&twice[..], &twice].concat());
        assert_eq!(fault(&format!("<r>{declaring}{declaring}<p:b/></r>")), (undeclared(0).0, 91));
        // What an outer element bound is bound again behind it.
        let outer = elements(&format!("<r xmlns:p='urn:0'>{declaring}<p:c/>{declaring}<p:c/></r>"));
        assert_eq!(outer.iter().filter(|(local, namespace, _)| local == "c" && namespace == "urn:0").count(), 2);
    }

    #[test]
    fn an_identifier_that_stands_again_counts_again() {
        let document = Document::parse(b"<r><a ID='1'/><a ID='1'/><a ID='1'></a><b xml:id='2'/></r>", &Limits::DEFAULT).unwrap();
        let values: Vec<_> = document.identifiers().collect();
        assert_eq!(values, [("1", 6), ("1", 17), ("1", 28), ("2", 42)]);
    }

    #[test]
    fn attributes_whose_names_start_alike_are_several() {
        let several = "<a NameFormat='2' NameForm='1' NameForms='3'/>";
        assert_eq!(elements(&format!("<r>{several}</r>")), [element("a", "", &["1", "2", "3"])]);
        assert_eq!(fault("<r NameFormat='' NameForms='' NameFormat=''/>"), (Fault::xml(DOUBLED, "XML 1.0 section 3.1", 0).0, 1));
    }

    #[test]
    fn more_names_than_are_kept_are_read_all_the_same() {
        let names: Vec<String> = (0..600).map(|number| format!("n{number}")).collect();
        let xml: String = names.iter().chain(&names).map(|name| format!("<{name} a{name}='1'/>")).collect();
        let expected: Vec<_> = names.iter().chain(&names).map(|name| element(name, "", &["1"])).collect();
        assert_eq!(elements(&format!("<r>{xml}</r>")), expected);
    }
}
