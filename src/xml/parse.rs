//! Strict XML 1.0 and Namespaces in XML 1.0: from bytes to a [`Document`], or to the rule that is broken and where.
//!
//! The tokenizer finds where markup starts and ends and checks little of what is inside. Everything else is checked here: one
//! root, matching tags, names, characters, references, attributes, namespaces, the declaration, the encoding, and the limits.
//! Each construct is checked as it is met, in one pass; the first fault ends the parse.
//!
//! # Not supported
//!
//! Document type declarations, XML 1.1, encodings other than UTF-8: each is an error.

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::errors::{Error as TokenError, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use super::Namespace;
use super::chars::{ScannedName, first_forbidden, is_blank, is_space, ncname_len, scan_qname};
use super::document::{
    Attribute, Content, Declaration, Document, Element, NamespaceId, NamespaceName, Node, NodeId, PrefixId, Strings, count,
    namespace_name,
};
use super::namespace::{XMLNS, is_relative};
use super::reference::{UNKNOWN_REFERENCE, is_canonical_in_text, normalize_line_ends, normalize_value, resolve};
use super::scan::{key, same};
use super::span::{Span, narrow};
use super::tag::{RawAttribute, next_attribute};
use crate::error::{Position, XmlError, XmlErrorKind};
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
            Err(XmlError { kind: XmlErrorKind::NotUtf8, position: position(valid, valid.len()) })
        }
    }
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
        let place = |offset: usize| position(text, text.len() - unmarked.len() + offset);
        let mut parser = Parser::new(unmarked, limits);
        match parser.run() {
            Ok(()) => Ok((parser.document, parser.ambiguous_comment.map(place))),
            Err(Fault(fault)) => Err(XmlError { kind: fault.0, position: place(fault.1) }),
        }
    }
}

/// Line and column of a byte, counted only once something is wrong there.
///
/// Lines end as XML 1.0 section 2.11 has it; a byte order mark takes bytes, but is no character of its line.
fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let before = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    let line_ends = before.matches(['\n', '\r']).count() - before.matches("\r\n").count();
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    Position { offset, line: line_ends + 1, column: line.chars().count() + 1 }
}

/// What is wrong, and where: boxed, so that what nothing is wrong with is handed on in a register.
#[derive(Debug)]
struct Fault(Box<(XmlErrorKind, usize)>);

impl Fault {
    #[cold]
    fn new(kind: XmlErrorKind, offset: usize) -> Self {
        Self(Box::new((kind, offset)))
    }

    #[cold]
    fn xml(rule: &'static str, section: &'static str, offset: usize) -> Self {
        Self::new(XmlErrorKind::NotWellFormed { rule, section }, offset)
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

struct Parser<'i, 'l> {
    document: Document<'i>,
    limits: &'l Limits,
    /// What each prefix is bound to here, by [`PrefixId`].
    scope: Vec<NamespaceId>,
    /// The bindings that declarations of the open elements replaced.
    replaced: Vec<Declaration>,
    open: Vec<Open>,
    run: Option<Run>,
    root_seen: bool,
    /// The first comment that HTML readers take to end at once, so that they would see what it hides.
    ambiguous_comment: Option<usize>,
    /// No carriage return means that no line end needs normalising.
    has_carriage_return: bool,
}

/// An element whose end tag has not come yet.
#[derive(Clone, Copy)]
struct Open {
    id: NodeId,
    /// How long [`Parser::replaced`] was before it.
    replaced: usize,
}

/// A run of character data, references and CDATA sections: one text node of the XPath data model.
struct Run {
    source: Range<usize>,
    /// Of the input, while the run is one untouched piece; then of [`Strings::changed`].
    value: Span,
    verbatim: bool,
}

impl<'i, 'l> Parser<'i, 'l> {
    fn new(text: &'i str, limits: &'l Limits) -> Self {
        let none = NamespaceName { name: Span::default(), known: Namespace::None, relative: false, plain: true };
        let mut nodes = Vec::with_capacity(text.len() / 88 + 24);
        nodes.push(Node { parent: NodeId::DOCUMENT, end: NodeId::DOCUMENT, source: Span::default(), content: Content::Document });
        let mut document = Document {
            strings: Strings { text, changed: String::new() },
            nodes,
            attributes: Vec::with_capacity(text.len() / 96 + 8),
            declarations: Vec::with_capacity(16),
            prefixes: Vec::with_capacity(8),
            namespaces: Vec::with_capacity(8),
            identifiers: Vec::new(),
            root: NodeId::DOCUMENT,
        };
        document.prefixes.extend(["", "xml"]);
        document.namespaces.extend([none, NamespaceName { known: Namespace::Xml, ..none }]);
        let mut scope = Vec::with_capacity(8);
        scope.extend([NamespaceId::NONE, NamespaceId::XML]);
        Self {
            document,
            limits,
            scope,
            replaced: Vec::new(),
            open: Vec::with_capacity(16),
            run: None,
            root_seen: false,
            ambiguous_comment: None,
            has_carriage_return: memchr::memchr(b'\r', text.as_bytes()).is_some(),
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
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        // Compared here against the input, which needs no copy of the open names.
        reader.config_mut().check_end_names = false;
        let mut start = 0;
        loop {
            let event = reader.read_event().map_err(|error| token_fault(&error, start))?;
            let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let source = start..end;
            match event {
                Event::Text(_) => self.text(source)?,
                Event::Start(_) => self.start_tag(source, ">")?,
                Event::End(_) => self.end_tag(source)?,
                Event::Empty(_) => self.start_tag(source, "/>")?,
                Event::GeneralRef(_) => self.reference(source)?,
                Event::CData(_) => self.cdata(source)?,
                Event::Comment(_) => self.comment(source)?,
                Event::PI(_) => self.instruction(source)?,
                Event::Decl(_) => self.declaration(source)?,
                Event::DocType(_) => return Err(Fault::new(XmlErrorKind::Doctype, start)),
                Event::Eof => return self.finish(end),
            }
            start = end;
        }
    }

    fn finish(&mut self, end: usize) -> Result<(), Fault> {
        self.flush_text()?;
        if !self.open.is_empty() {
            return Err(Fault::xml("the document ends inside an element", "XML 1.0 section 2.1", end));
        }
        if !self.root_seen {
            return Err(Fault::xml("no root element", "XML 1.0 section 2.1", end));
        }
        self.close_node(NodeId::DOCUMENT);
        Ok(())
    }

    // Character data

    fn text(&mut self, source: Range<usize>) -> Result<(), Fault> {
        let piece = self.source(source.clone());
        if self.open.is_empty() {
            return match piece.bytes().position(|byte| !is_space(byte)) {
                None => Ok(()),
                Some(at) => Err(Fault::xml("text outside the root element", "XML 1.0 section 2.1", source.start + at)),
            };
        }
        let greater = memchr::memchr(b'>', piece.as_bytes());
        if greater.is_some()
            && let Some(at) = piece.find("]]>")
        {
            return Err(Fault::xml("`]]>` in text", "XML 1.0 section 2.4", source.start + at));
        }
        self.push_text(source, greater.is_none());
        Ok(())
    }

    fn cdata(&mut self, source: Range<usize>) -> Result<(), Fault> {
        if self.open.is_empty() {
            return Err(Fault::xml("a CDATA section outside the root element", "XML 1.0 section 2.1", source.start));
        }
        let inner = source.start + "<![CDATA[".len()..source.end - "]]>".len();
        self.push_piece(source, inner, false);
        Ok(())
    }

    fn reference(&mut self, source: Range<usize>) -> Result<(), Fault> {
        if self.open.is_empty() {
            return Err(Fault::xml("a reference outside the root element", "XML 1.0 section 2.1", source.start));
        }
        let name = self.source(source.start + 1..source.end - 1);
        let c = resolve(name).ok_or_else(|| Fault::xml(UNKNOWN_REFERENCE, "XML 1.0 section 4.1", source.start))?;
        let mut run = self.changed_run(source);
        self.document.strings.changed.push(c);
        run.verbatim &= is_canonical_in_text(name);
        self.run = Some(self.end_of_changed(run));
        Ok(())
    }

    fn push_text(&mut self, source: Range<usize>, verbatim: bool) {
        self.push_piece(source.clone(), source, verbatim);
    }

    /// Appends the characters of `inner`, written as `source`, to the run.
    fn push_piece(&mut self, source: Range<usize>, inner: Range<usize>, verbatim: bool) {
        let text = self.source(inner.clone());
        let has_carriage_return = self.has_carriage_return && text.contains('\r');
        if self.run.is_none() && !has_carriage_return {
            self.run = Some(Run { source, value: Span::new(inner), verbatim });
            return;
        }
        let mut run = self.changed_run(source);
        normalize_line_ends(text, &mut self.document.strings.changed);
        run.verbatim &= verbatim && !has_carriage_return;
        self.run = Some(self.end_of_changed(run));
    }

    /// The run so far, extended to the end of `source`, its value moved to where it can grow.
    fn changed_run(&mut self, source: Range<usize>) -> Run {
        let strings = &mut self.document.strings;
        let start = strings.start_changed();
        match self.run.take() {
            None => Run { value: Span::new(start..start), source, verbatim: true },
            Some(run) => {
                let value = if strings.is_changed(run.value) {
                    run.value
                } else {
                    strings.changed.push_str(strings.text.get(run.value.range()).unwrap_or_default());
                    Span::new(start..strings.len())
                };
                Run { source: run.source.start..source.end, value, verbatim: run.verbatim }
            }
        }
    }

    fn end_of_changed(&self, run: Run) -> Run {
        Run { value: Span { start: run.value.start, end: narrow(self.document.strings.len()) }, ..run }
    }

    /// Makes a node of the run. An empty one (an empty CDATA section) is none in the XPath data model.
    fn flush_text(&mut self) -> Result<(), Fault> {
        let Some(run) = self.run.take() else { return Ok(()) };
        if !run.value.is_empty() {
            let id = self.push_node(run.source, Content::Text { value: run.value, verbatim: run.verbatim })?;
            self.close_node(id);
        }
        Ok(())
    }

    // Comments, processing instructions, the declaration

    fn comment(&mut self, source: Range<usize>) -> Result<(), Fault> {
        self.flush_text()?;
        let inner = source.start + "<!--".len()..source.end - "-->".len();
        if self.source(inner.clone()).trim_start_matches('-').starts_with('>') {
            self.ambiguous_comment.get_or_insert(source.start);
        }
        let value = self.with_line_ends(inner);
        let id = self.push_node(source, Content::Comment { value })?;
        self.close_node(id);
        Ok(())
    }

    fn instruction(&mut self, source: Range<usize>) -> Result<(), Fault> {
        self.flush_text()?;
        let start = source.start + "<?".len();
        let inner = self.source(start..source.end - "?>".len());
        let len = ncname_len(inner)
            .filter(|&len| inner.as_bytes().get(len).is_none_or(|&byte| is_space(byte)))
            .ok_or_else(|| Fault::xml("a processing instruction without a legal target", "XML 1.0 section 2.6", source.start))?;
        let (target, rest) = inner.split_at_checked(len).unwrap_or_default();
        if target.eq_ignore_ascii_case("xml") {
            return Err(Fault::xml(
                "an XML declaration that is not at the start, or a processing instruction of its name",
                "XML 1.0 section 2.8",
                source.start,
            ));
        }
        let spaces = rest.bytes().take_while(|&byte| is_space(byte)).count();
        let data = self.with_line_ends(start + len + spaces..start + inner.len());
        let content = Content::Instruction { target: Span::new(start..start + len), data };
        let id = self.push_node(source, content)?;
        self.close_node(id);
        Ok(())
    }

    fn with_line_ends(&mut self, inner: Range<usize>) -> Span {
        let text = self.source(inner.clone());
        if !(self.has_carriage_return && text.contains('\r')) {
            return Span::new(inner);
        }
        let start = self.document.strings.start_changed();
        normalize_line_ends(text, &mut self.document.strings.changed);
        Span::new(start..self.document.strings.len())
    }

    /// XML 1.0 section 2.8: at the very start, `version` 1.0, then `encoding`, then `standalone`, and nothing else.
    fn declaration(&mut self, source: Range<usize>) -> Result<(), Fault> {
        let broken = |rule| Fault::xml(rule, "XML 1.0 section 2.8", source.start);
        if source.start != 0 {
            return Err(broken("an XML declaration that is not at the start"));
        }
        let inner = self.source("<?".len()..source.end - "?>".len());
        let mut found = [None; 3];
        let mut from = "xml".len();
        for slot in &mut found {
            let Some(raw) = next_attribute(inner, from).map_err(|fault| broken(fault.rule))? else { break };
            let name = inner.get(raw.name_start..raw.name_start + raw.name.len).unwrap_or_default();
            *slot = Some((name, inner.get(raw.value_start..raw.value_end).unwrap_or_default()));
            from = raw.value_end + 1;
        }
        if next_attribute(inner, from).map_err(|fault| broken(fault.rule))?.is_some() {
            return Err(broken("more than three parts in the XML declaration"));
        }
        let (encoding, standalone) = match found {
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
            Some(name) if !name.eq_ignore_ascii_case("UTF-8") => Err(Fault::new(XmlErrorKind::EncodingMismatch, source.start)),
            _ => Ok(()),
        }
    }

    // Tags

    fn start_tag(&mut self, source: Range<usize>, close: &str) -> Result<(), Fault> {
        self.flush_text()?;
        if self.open.is_empty() && self.root_seen {
            return Err(Fault::xml("more than one root element", "XML 1.0 section 2.1", source.start));
        }
        if self.open.len() >= self.limits.depth {
            return Err(Fault::limit("levels of elements", self.limits.depth, source.start));
        }
        let content = self.source(source.start + 1..source.end - close.len());
        let name =
            scan_qname(content).filter(|name| content.as_bytes().get(name.len).is_none_or(|&byte| is_space(byte))).ok_or_else(
                || Fault::xml("an element name that is no qualified name", "Namespaces in XML 1.0 section 4", source.start),
            )?;

        let replaced = self.replaced.len();
        let mut tag = Tag::new(&self.document, source.start + 1, name.len);
        self.attributes(content, &mut tag)?;
        self.declare(&mut tag)?;
        let (prefix, local) = split_name(content, name);
        let (prefix, namespace) = self.resolve_element(prefix, source.start)?;
        self.resolve_attributes(&mut tag)?;

        let element = Element {
            name: Span::new(source.start + 1..source.start + 1 + name.len),
            local: narrow(source.start + 1 + name.len - local.len()),
            prefix,
            namespace,
            attributes: (count(tag.first_attribute), tag.attributes),
            declarations: (count(tag.first_declaration), tag.declarations),
            attributes_source: Span::new(tag.attributes_start..tag.attributes_end),
            declarations_verbatim: tag.declarations_verbatim,
            attributes_verbatim: tag.attributes_verbatim,
            end_tag: None,
        };
        let id = self.push_node(source, Content::Element(element))?;
        if self.open.is_empty() {
            self.root_seen = true;
            self.document.root = id;
        }
        self.open.push(Open { id, replaced });
        if close == "/>" {
            self.close_element(None);
        }
        Ok(())
    }

    fn end_tag(&mut self, source: Range<usize>) -> Result<(), Fault> {
        self.flush_text()?;
        let mismatch = || Fault::xml("an end tag that does not match its start tag", "XML 1.0 section 3", source.start);
        let open = *self.open.last().ok_or_else(mismatch)?;
        let name = self.document.element(open.id).map_or("", |element| self.document.str(element.name));
        let inner = self.source(source.start + 2..source.end - 1);
        let (start, rest) = inner.split_at_checked(name.len()).ok_or_else(mismatch)?;
        if !same(start.as_bytes(), name.as_bytes()) || !is_blank(rest) {
            return Err(mismatch());
        }
        let verbatim = rest.is_empty();
        self.close_element(if verbatim { NonZeroU32::new(narrow(source.start)) } else { None });
        Ok(())
    }

    fn close_element(&mut self, end_tag: Option<NonZeroU32>) {
        let Some(open) = self.open.pop() else { return };
        while self.replaced.len() > open.replaced {
            if let Some(before) = self.replaced.pop()
                && let Some(bound) = self.scope.get_mut(before.prefix.index())
            {
                *bound = before.namespace;
            }
        }
        if let Some(Node { content: Content::Element(element), .. }) = self.document.nodes.get_mut(open.id.index()) {
            element.end_tag = end_tag;
        }
        self.close_node(open.id);
    }

    /// Reads the attributes of a tag into the arena: declarations and the others apart, prefixes not resolved yet.
    fn attributes(&mut self, content: &'i str, tag: &mut Tag) -> Result<(), Fault> {
        let mut from = tag.name_len;
        let mut seen = 0_usize;
        // The counts of the arena hold no more, whatever the limit.
        let limit = self.limits.attributes_per_element.min(usize::from(u16::MAX));
        loop {
            let raw = next_attribute(content, from)
                .map_err(|fault| Fault::xml(fault.rule, "XML 1.0 section 3.1", tag.base + fault.offset))?;
            let Some(raw) = raw else { return Ok(()) };
            seen += 1;
            if seen > limit {
                return Err(Fault::limit("attributes on one element", limit, tag.base + raw.start));
            }
            let (prefix, local) = split_name(content.get(raw.name_start..).unwrap_or_default(), raw.name);
            let value = tag.base + raw.value_start..tag.base + raw.value_end;
            let (value, canonical) = if raw.plain { (Span::new(value), true) } else { self.value(value)? };
            let canonical = canonical && raw.canonical_layout;
            match (prefix, local) {
                ("", "xmlns") => self.push_declaration("", value, canonical, &raw, tag)?,
                ("xmlns", prefix) => self.push_declaration(prefix, value, canonical, &raw, tag)?,
                _ => self.push_attribute(prefix, value, canonical, &raw, tag)?,
            }
            from = raw.value_end + 1;
        }
    }

    #[inline]
    fn push_attribute(
        &mut self,
        prefix: &'i str,
        value: Span,
        canonical: bool,
        raw: &RawAttribute,
        tag: &mut Tag,
    ) -> Result<(), Fault> {
        if tag.attributes == 0 {
            tag.attributes_start = tag.base + raw.start;
        }
        tag.attributes = tag.attributes.saturating_add(1);
        tag.attributes_end = tag.base + raw.value_end + 1;
        tag.attributes_verbatim &= canonical;
        let start = tag.base + raw.name_start;
        let local = start + raw.name.colon.map_or(0, |colon| colon + 1);
        let prefix = self.intern_prefix(prefix, start)?;
        self.document.attributes.push(Attribute {
            name: Span::new(start..start + raw.name.len),
            local: narrow(local),
            value,
            prefix,
            namespace: NamespaceId::NONE,
        });
        Ok(())
    }

    /// Checks a declaration and notes it. Namespaces in XML 1.0 sections 2.2, 3 and 5.
    fn push_declaration(
        &mut self,
        prefix: &'i str,
        value: Span,
        canonical: bool,
        raw: &RawAttribute,
        tag: &mut Tag,
    ) -> Result<(), Fault> {
        let at = tag.base + raw.name_start;
        let broken = |rule| Err(Fault::namespace(rule, "Namespaces in XML 1.0 section 3", at));
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
        tag.declarations_verbatim &= canonical && tag.attributes == 0 && prefix != "xml";
        // A declaration among the attributes breaks their stretch of the input.
        tag.attributes_verbatim &= tag.attributes == 0;
        if tag.attributes == 0 {
            tag.attributes_start = tag.base + raw.value_end + 1;
            tag.attributes_end = tag.attributes_start;
        }
        let prefix = self.intern_prefix(prefix, at)?;
        let namespace = self.intern_namespace(value, at)?;
        tag.declarations = tag.declarations.saturating_add(1);
        self.document.declarations.push(Declaration { prefix, namespace });
        Ok(())
    }

    /// Sorts the declarations of a tag, refuses doubled ones, and brings them into scope.
    fn declare(&mut self, tag: &mut Tag) -> Result<(), Fault> {
        if tag.declarations == 0 {
            return Ok(());
        }
        let Document { declarations, prefixes, .. } = &mut self.document;
        let declared = declarations.get_mut(tag.first_declaration..).unwrap_or_default();
        let name = |declaration: &Declaration| prefixes.get(declaration.prefix.index()).copied().unwrap_or_default();
        if !declared.is_sorted_by(|a, b| name(a) < name(b)) {
            tag.declarations_verbatim = false;
            declared.sort_unstable_by(|a, b| name(a).cmp(name(b)));
            if declared.windows(2).any(|pair| matches!(pair, [a, b] if a.prefix == b.prefix)) {
                return Err(Fault::xml(DOUBLED, "XML 1.0 section 3.1", tag.base));
            }
        }
        for declaration in declared {
            if let Some(bound) = self.scope.get_mut(declaration.prefix.index()) {
                self.replaced.push(Declaration { prefix: declaration.prefix, namespace: *bound });
                *bound = declaration.namespace;
            }
        }
        Ok(())
    }

    /// Resolves the prefixes of a tag's attributes, sorts them by namespace and local name, and refuses doubled ones.
    fn resolve_attributes(&mut self, tag: &mut Tag) -> Result<(), Fault> {
        let Document { attributes, strings, namespaces, identifiers, .. } = &mut self.document;
        let own = attributes.get_mut(tag.first_attribute..).unwrap_or_default();
        for attribute in own.iter_mut() {
            // An attribute without a prefix is in no namespace: Namespaces in XML 1.0 section 6.2.
            if attribute.prefix != PrefixId::DEFAULT {
                attribute.namespace = self.scope.get(attribute.prefix.index()).copied().unwrap_or(NamespaceId::UNBOUND);
            }
            if attribute.namespace == NamespaceId::UNBOUND {
                return Err(undeclared(attribute.name.range().start));
            }
        }
        let order = |a: &Attribute, b: &Attribute| {
            let by_namespace = match a.namespace == b.namespace {
                true => Ordering::Equal,
                false => namespace_name(namespaces, strings, a.namespace).cmp(namespace_name(namespaces, strings, b.namespace)),
            };
            by_namespace.then_with(|| {
                let (a, b) = (strings.get(a.local_span()), strings.get(b.local_span()));
                key(a.as_bytes()).cmp(&key(b.as_bytes())).then_with(|| a.cmp(b))
            })
        };
        if !own.is_sorted_by(|a, b| order(a, b) == Ordering::Less) {
            tag.attributes_verbatim = false;
            own.sort_unstable_by(order);
            let doubled = own.windows(2).find_map(|pair| match pair {
                [a, b] if order(a, b) == Ordering::Equal => Some((a, b)),
                _ => None,
            });
            if let Some((a, b)) = doubled {
                return Err(match strings.get(a.name) == strings.get(b.name) {
                    true => Fault::xml(DOUBLED, "XML 1.0 section 3.1", tag.base),
                    false => Fault::namespace(
                        "an attribute twice on one element, under two prefixes of one namespace",
                        "Namespaces in XML 1.0 section 6.3",
                        tag.base,
                    ),
                });
            }
        }
        for (attribute, index) in own.iter().zip(tag.first_attribute..) {
            if strings.get(attribute.local_span()).eq_ignore_ascii_case("id") {
                identifiers.push(count(index));
            }
        }
        Ok(())
    }

    /// The prefix of an element, and the namespace that it is bound to.
    #[inline]
    fn resolve_element(&mut self, prefix: &'i str, at: usize) -> Result<(PrefixId, NamespaceId), Fault> {
        if prefix == "xmlns" {
            return Err(Fault::namespace("an element with the prefix `xmlns`", "Namespaces in XML 1.0 section 3", at));
        }
        let id = self.intern_prefix(prefix, at)?;
        match self.scope.get(id.index()) {
            Some(&namespace) if namespace != NamespaceId::UNBOUND => Ok((id, namespace)),
            _ => Err(undeclared(at)),
        }
    }

    #[inline]
    fn intern_prefix(&mut self, prefix: &'i str, at: usize) -> Result<PrefixId, Fault> {
        if prefix.is_empty() {
            return Ok(PrefixId::DEFAULT);
        }
        let prefixes = &mut self.document.prefixes;
        let index = match prefixes.iter().position(|known| same(known.as_bytes(), prefix.as_bytes())) {
            Some(index) => index,
            None if prefixes.len() >= self.limits.prefixes => {
                return Err(Fault::limit("prefixes", self.limits.prefixes, at));
            }
            None => {
                prefixes.push(prefix);
                self.scope.push(NamespaceId::UNBOUND);
                prefixes.len() - 1
            }
        };
        u16::try_from(index).map(PrefixId).map_err(|_| Fault::limit("prefixes", self.limits.prefixes, at))
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
        let index = match namespaces.iter().position(|known| strings.get(known.name) == text && known.known != Namespace::Xml) {
            Some(index) => index,
            None if namespaces.len() >= self.limits.namespaces => {
                return Err(Fault::limit("namespaces", self.limits.namespaces, at));
            }
            None => {
                let plain = !text.contains(['&', '<', '"', '\t', '\n', '\r']);
                namespaces.push(NamespaceName { name, known: Namespace::of(text), relative: is_relative(text), plain });
                namespaces.len() - 1
            }
        };
        u16::try_from(index)
            .ok()
            .map(NamespaceId)
            .filter(|&id| id != NamespaceId::UNBOUND)
            .ok_or_else(|| Fault::limit("namespaces", self.limits.namespaces, at))
    }

    // The arena

    /// The normalised value of an attribute, and whether it is written as Canonical XML writes it.
    fn value(&mut self, source: Range<usize>) -> Result<(Span, bool), Fault> {
        let raw = self.source(source.clone());
        let start = self.document.strings.start_changed();
        let canonical = normalize_value(raw, &mut self.document.strings.changed)
            .map_err(|fault| Fault::xml(fault.rule, fault.section, source.start + fault.offset))?;
        Ok((Span::new(start..self.document.strings.len()), canonical))
    }

    #[inline]
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
        let parent = self.open.last().map_or(NodeId::DOCUMENT, |open| open.id);
        self.document.nodes.push(Node { parent, end: id.next(), source: Span::new(source), content });
        Ok(id)
    }

    /// Ends the subtree of a node behind the last node so far.
    fn close_node(&mut self, id: NodeId) {
        let end = NodeId(count(self.document.nodes.len()));
        if let Some(node) = self.document.nodes.get_mut(id.index()) {
            node.end = end;
        }
    }

    fn source(&self, range: Range<usize>) -> &'i str {
        self.document.strings.text.get(range).unwrap_or_default()
    }
}

/// What is gathered of a start tag while its attributes are read. Positions are of the document.
struct Tag {
    /// Where the tag's content starts.
    base: usize,
    name_len: usize,
    first_attribute: usize,
    attributes: u16,
    first_declaration: usize,
    declarations: u16,
    attributes_start: usize,
    attributes_end: usize,
    declarations_verbatim: bool,
    attributes_verbatim: bool,
}

impl Tag {
    fn new(document: &Document<'_>, base: usize, name_len: usize) -> Self {
        Self {
            base,
            name_len,
            first_attribute: document.attributes.len(),
            attributes: 0,
            first_declaration: document.declarations.len(),
            declarations: 0,
            attributes_start: base + name_len,
            attributes_end: base + name_len,
            declarations_verbatim: true,
            attributes_verbatim: true,
        }
    }
}

const BYTE_ORDER_MARK: char = '\u{FEFF}';

const DOUBLED: &str = "an attribute twice on one element";

fn undeclared(at: usize) -> Fault {
    Fault::namespace("a prefix that no declaration in scope binds", "Namespaces in XML 1.0 section 5", at)
}

/// Prefix and local part of the qualified name that `text` starts with.
#[inline]
fn split_name(text: &str, name: ScannedName) -> (&str, &str) {
    let qualified = text.get(..name.len).unwrap_or_default();
    match name.colon {
        None => ("", qualified),
        Some(colon) => (qualified.get(..colon).unwrap_or_default(), qualified.get(colon + 1..).unwrap_or_default()),
    }
}

/// What the tokenizer complains of, as a rule of XML.
fn token_fault(error: &TokenError, at: usize) -> Fault {
    let (rule, section) = match error {
        TokenError::Syntax(SyntaxError::UnclosedDoctype) => return Fault::new(XmlErrorKind::Doctype, at),
        TokenError::Syntax(SyntaxError::UnclosedComment) => ("a comment without its end", "XML 1.0 section 2.5"),
        TokenError::Syntax(SyntaxError::UnclosedCData) => ("a CDATA section without its end", "XML 1.0 section 2.7"),
        TokenError::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
            ("a processing instruction without its end", "XML 1.0 section 2.6")
        }
        TokenError::Syntax(
            SyntaxError::UnclosedTag
            | SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue,
        ) => ("a tag without its end", "XML 1.0 section 3.1"),
        TokenError::Syntax(SyntaxError::InvalidBangMarkup) => {
            ("markup that is neither comment nor CDATA section", "XML 1.0 section 2.1")
        }
        TokenError::IllFormed(IllFormedError::DoubleHyphenInComment) => ("`--` inside a comment", "XML 1.0 section 2.5"),
        TokenError::IllFormed(IllFormedError::UnclosedReference) => ("a `&` that starts no reference", "XML 1.0 section 2.4"),
        TokenError::IllFormed(IllFormedError::MissingDoctypeName) => return Fault::new(XmlErrorKind::Doctype, at),
        TokenError::IllFormed(_) => ("an end tag that does not match its start tag", "XML 1.0 section 3"),
        _ => ("markup that is not well-formed", "XML 1.0 section 2.1"),
    };
    Fault::xml(rule, section, at)
}
