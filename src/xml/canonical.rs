//! Canonical XML: from a parsed document or subtree to the octets that are digested.
//!
//! Implements Canonical XML 1.0, Canonical XML 1.1 and Exclusive XML Canonicalization 1.0, each with and without comments,
//! for a whole document or for an element with all below it, less one excluded subtree (the enveloped-signature transform).
//!
//! Where the input is already canonical, stretches of it are copied; the parser has noted which tags and texts are. What
//! differs is written anew. Both come out of the same loop over the arena, so that there is one order of events.
//!
//! # Not supported
//!
//! Node sets made by XPath, document type declarations. Relative namespace names have no canonical form (Canonical XML 1.0
//! section 1.3) and are an error.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use super::Namespace;
use super::chars::XML_SPACE;
use super::document::{Attribute, Content, Cursor, Declaration, Document, Element, NamespaceId, Node, NodeId, PrefixId};
use super::reference::with_line_ends;
use super::scan::{text_end, value_end};
use super::span::{Span, wide};

/// One of the six canonical forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Canonical XML 1.0: every namespace in scope, `xml:` attributes inherited by the apex.
    Inclusive10,
    /// Canonical XML 1.0 with comments.
    Inclusive10WithComments,
    /// Canonical XML 1.1: as 1.0, but `xml:id` is not inherited and `xml:base` is joined.
    Inclusive11,
    /// Canonical XML 1.1 with comments.
    Inclusive11WithComments,
    /// Exclusive Canonical XML 1.0: the namespaces that are visibly used, and nothing of the context.
    Exclusive10,
    /// Exclusive Canonical XML 1.0 with comments.
    Exclusive10WithComments,
}

impl Algorithm {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::Inclusive10,
        Self::Inclusive10WithComments,
        Self::Inclusive11,
        Self::Inclusive11WithComments,
        Self::Exclusive10,
        Self::Exclusive10WithComments,
    ];

    /// The identifier of XML Signature.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Inclusive10 => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            Self::Inclusive10WithComments => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
            Self::Inclusive11 => "http://www.w3.org/2006/12/xml-c14n11",
            Self::Inclusive11WithComments => "http://www.w3.org/2006/12/xml-c14n11#WithComments",
            Self::Exclusive10 => "http://www.w3.org/2001/10/xml-exc-c14n#",
            Self::Exclusive10WithComments => "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        }
    }

    /// A short name: `c14n`, `c14n11`, `exc-c14n`, each with `-with-comments`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inclusive10 => "c14n",
            Self::Inclusive10WithComments => "c14n-with-comments",
            Self::Inclusive11 => "c14n11",
            Self::Inclusive11WithComments => "c14n11-with-comments",
            Self::Exclusive10 => "exc-c14n",
            Self::Exclusive10WithComments => "exc-c14n-with-comments",
        }
    }

    /// The algorithm with that identifier, compared exactly.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.uri() == uri)
    }

    /// The algorithm with that short name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether it is one of the two exclusive ones.
    pub const fn is_exclusive(self) -> bool {
        matches!(self, Self::Exclusive10 | Self::Exclusive10WithComments)
    }

    /// The same without comments: what a same-document reference `#id` means (XMLDSig 4.4.3.3).
    pub(super) const fn without_comments(self) -> Self {
        match self {
            Self::Inclusive10 | Self::Inclusive10WithComments => Self::Inclusive10,
            Self::Inclusive11 | Self::Inclusive11WithComments => Self::Inclusive11,
            Self::Exclusive10 | Self::Exclusive10WithComments => Self::Exclusive10,
        }
    }

    const fn has_comments(self) -> bool {
        matches!(self, Self::Inclusive10WithComments | Self::Inclusive11WithComments | Self::Exclusive10WithComments)
    }
}

/// Where canonical octets go.
pub(crate) trait Sink {
    fn write(&mut self, octets: &[u8]);
}

impl Sink for Vec<u8> {
    fn write(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

/// What to canonicalize, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    pub(super) algorithm: Algorithm,
    /// The PrefixList of `InclusiveNamespaces`, exclusive forms only: prefixes and `#default`, between white space.
    pub(super) prefix_list: &'a str,
    /// [`NodeId::DOCUMENT`] or an element.
    pub(super) apex: NodeId,
    /// The root of a subtree that is left out.
    pub(super) excluded: Option<NodeId>,
}

/// Why there is no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotCanonical {
    /// Canonical XML 1.0 section 1.3.
    RelativeNamespaceName,
    /// Longer than [`longest`].
    TooLong,
}

impl NotCanonical {
    /// In the words of an error.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::RelativeNamespaceName => "a namespace name in the document is a relative reference",
            Self::TooLong => "it would be many times as long as the document",
        }
    }
}

/// The longest canonical form of a document of that length.
///
/// Exclusive canonicalization writes a declaration on every sibling that uses it, so that a long namespace name and many short
/// elements make a form without a useful bound. An `xsi:type` on every short attribute value, as genuine messages have it,
/// doubles them; carriage returns become five characters. The constant is for small documents.
const fn longest(document: usize) -> usize {
    document.saturating_mul(8).saturating_add(64 * 1024)
}

/// Writes the canonical form.
///
/// # Errors
///
/// [`NotCanonical::RelativeNamespaceName`], before anything is written, where the document declares one;
/// [`NotCanonical::TooLong`] where the form outgrows the document.
pub(super) fn canonicalize(document: &Document<'_>, job: Job<'_>, sink: &mut impl Sink) -> Result<(), NotCanonical> {
    names_are_absolute(document)?;
    let mut canonicalizer = Canonicalizer::new(document, job, sink);
    canonicalizer.write()?;
    canonicalizer.output.flush();
    Ok(())
}

fn names_are_absolute(document: &Document<'_>) -> Result<(), NotCanonical> {
    if document.namespaces.iter().any(|namespace| namespace.relative) {
        return Err(NotCanonical::RelativeNamespaceName);
    }
    Ok(())
}

/// Appends what stands in an element, less the subtree of `excluded`: the exclusive canonical form, without comments, of one child
/// behind the other, each as if it stood alone.
///
/// # Errors
///
/// [`NotCanonical`]; `out` has then what it had before. Too long is what makes `out` longer than the canonical form of the message may
/// be, so that all forms that one string collects, those of its plaintexts too, are bounded together.
pub(super) fn append_content(parent: Cursor<'_>, excluded: Option<NodeId>, out: &mut String) -> Result<(), NotCanonical> {
    let document = parent.document;
    names_are_absolute(document)?;
    let mut content = Bounded { left: longest(document.strings.message).checked_sub(out.len()), octets: Vec::new() };
    let job = Job { algorithm: Algorithm::Exclusive10, prefix_list: "", apex: parent.id, excluded };
    let mut canonicalizer = Canonicalizer::new(document, job, &mut content);
    parent.children().try_for_each(|child| {
        canonicalizer.job.apex = child.id;
        canonicalizer.write()
    })?;
    canonicalizer.output.flush();
    content.left.ok_or(NotCanonical::TooLong)?;
    // Once for all pieces: many are short. Of pieces of text, text is made, so that nothing is replaced.
    append(&String::from_utf8_lossy(&content.octets), out);
    Ok(())
}

/// By a quarter where it does not fit: most forms are hardly longer than what they are of.
fn append(text: &str, out: &mut String) {
    if out.capacity().saturating_sub(out.len()) < text.len() {
        out.reserve_exact(text.len().max(out.len() / 4));
    }
    out.push_str(text);
}

/// Octets up to a bound.
struct Bounded {
    /// `None` where there were too many.
    left: Option<usize>,
    octets: Vec<u8>,
}

impl Sink for Bounded {
    fn write(&mut self, octets: &[u8]) {
        self.left = self.left.and_then(|left| left.checked_sub(octets.len()));
        if self.left.is_some() {
            self.octets.extend_from_slice(octets);
        }
    }
}

/// The part of a document that is canonicalized on its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection<'a> {
    /// All of it.
    Document,
    /// The one element with that value in an attribute of one of these names, as written.
    Attribute { names: &'a [&'a str], value: &'a str },
    /// The element behind the 1-based positions among child elements, from the document down.
    #[cfg(feature = "internals")]
    Path(&'a [usize]),
}

/// Why a selection has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    RelativeNamespaceName,
    TooLong,
    NoSuchElement,
    SeveralElements,
}

/// Writes the canonical form of a selection, less the subtree of `excluded`.
///
/// # Errors
///
/// Where the selection is not one element, or the document has no canonical form.
pub(crate) fn write_selection(
    document: &Document<'_>,
    selection: Selection<'_>,
    excluded: Option<Selection<'_>>,
    algorithm: Algorithm,
    prefix_list: &str,
    sink: &mut impl Sink,
) -> Result<(), Unavailable> {
    let apex = find(document, selection)?;
    let excluded = excluded.map(|selection| find(document, selection)).transpose()?;
    let job = Job { algorithm, prefix_list, apex, excluded };
    canonicalize(document, job, sink).map_err(|reason| match reason {
        NotCanonical::RelativeNamespaceName => Unavailable::RelativeNamespaceName,
        NotCanonical::TooLong => Unavailable::TooLong,
    })
}

fn find(document: &Document<'_>, selection: Selection<'_>) -> Result<NodeId, Unavailable> {
    match selection {
        Selection::Document => Ok(NodeId::DOCUMENT),
        Selection::Attribute { names, value } => {
            let mut found = document.elements().filter(|cursor| {
                let mut attributes = cursor.attributes().iter();
                attributes.any(|a| names.contains(&document.str(a.name)) && document.str(a.value) == value)
            });
            let apex = found.next().ok_or(Unavailable::NoSuchElement)?;
            if found.next().is_some() { Err(Unavailable::SeveralElements) } else { Ok(apex.id) }
        }
        #[cfg(feature = "internals")]
        Selection::Path(path) => {
            let mut at = Cursor { document, id: NodeId::DOCUMENT };
            for position in path {
                let mut elements = at.children().filter(|child| child.element().is_some());
                at = elements.nth(position.saturating_sub(1)).ok_or(Unavailable::NoSuchElement)?;
            }
            Ok(at.id)
        }
    }
}

struct Canonicalizer<'d, 's, S> {
    document: &'d Document<'d>,
    job: Job<'d>,
    inclusive: Inclusive,
    /// What the output has bound each prefix to, by [`PrefixId`].
    rendered: Vec<NamespaceId>,
    /// The bindings that open elements of the output replaced.
    replaced: Vec<Replaced>,
    /// The declarations of the element at hand.
    declarations: Vec<Declaration>,
    /// The declarations written last, and how: every value of a message has the same.
    last_declarations: Vec<Declaration>,
    last_written: Vec<u8>,
    output: Output<'d, 's, S>,
}

/// A binding of the output, to be restored where the element ends.
struct Replaced {
    element: NodeId,
    before: Declaration,
}

/// The prefixes that are treated as Canonical XML treats all: rendered where they are declared, used or not.
enum Inclusive {
    All,
    /// By [`PrefixId`]; empty where none is.
    Listed(Vec<bool>),
}

impl Inclusive {
    fn new(document: &Document<'_>, job: &Job<'_>) -> Self {
        if !job.algorithm.is_exclusive() {
            return Self::All;
        }
        let mut listed = Vec::new();
        if job.prefix_list.is_empty() {
            return Self::Listed(listed);
        }
        // In order, so that a long list of many prefixes costs no more than its length.
        let mut known: Vec<(&str, usize)> = document.prefixes.iter().copied().zip(0..).collect();
        known.sort_unstable();
        for prefix in job.prefix_list.split_ascii_whitespace() {
            let prefix = if prefix == "#default" { "" } else { prefix };
            let found = known.binary_search_by_key(&prefix, |&(known, _)| known).ok().and_then(|at| known.get(at));
            if let Some(&(_, index)) = found {
                listed.resize(document.prefixes.len(), false);
                if let Some(entry) = listed.get_mut(index) {
                    *entry = true;
                }
            }
        }
        Self::Listed(listed)
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Listed(listed) if listed.is_empty())
    }

    fn contains(&self, prefix: PrefixId) -> bool {
        match self {
            Self::All => true,
            Self::Listed(listed) => listed.get(prefix.index()).copied().unwrap_or(false),
        }
    }
}

impl<'d, 's, S: Sink> Canonicalizer<'d, 's, S> {
    fn new(document: &'d Document<'d>, job: Job<'d>, sink: &'s mut S) -> Self {
        let mut rendered = vec![NamespaceId::UNBOUND; document.prefixes.len()];
        // Nothing is declared outside the output, and `xml` never has to be: Canonical XML 1.0 section 2.3.
        for (slot, bound) in rendered.iter_mut().zip([NamespaceId::NONE, NamespaceId::XML]) {
            *slot = bound;
        }
        Self {
            document,
            job,
            inclusive: Inclusive::new(document, &job),
            rendered,
            replaced: Vec::with_capacity(8),
            declarations: Vec::with_capacity(4),
            last_declarations: Vec::with_capacity(4),
            last_written: Vec::with_capacity(128),
            output: Output::new(document.strings.text.as_bytes(), sink),
        }
    }

    /// Writes the subtree of the apex. Before and after it nothing is declared, so that another apex may follow.
    fn write(&mut self) -> Result<(), NotCanonical> {
        let apex = self.document.node(self.job.apex);
        let outside = apex.parent;
        let mut parent = outside;
        let mut id = self.job.apex;
        while id < apex.end {
            let node = self.document.node(id);
            if Some(id) == self.job.excluded {
                debug_assert!(node.end > id, "a node ends behind its start");
                id = node.end;
                continue;
            }
            while parent != node.parent {
                debug_assert!(parent > node.parent, "parents stand before their children");
                parent = self.end_element(parent);
            }
            if self.output.left == 0 {
                return Err(NotCanonical::TooLong);
            }
            match &node.content {
                Content::Element(element) => {
                    self.start_element(id, node, element);
                    parent = id;
                }
                Content::Text { verbatim: true, .. } => self.output.copy(node.source),
                Content::Text { plain, .. } => self.output.text(&self.document.text_of(node.source, *plain)),
                Content::Comment => self.comment(id, node),
                Content::Instruction => self.instruction(id, node),
                Content::Document => {}
            }
            id = id.next();
        }
        while parent != outside {
            debug_assert!(parent > outside, "parents stand before their children");
            parent = self.end_element(parent);
        }
        Ok(())
    }

    fn start_element(&mut self, id: NodeId, node: &Node, element: &Element) {
        self.declarations.clear();
        self.collect_declarations(id, element);
        let source = node.source.range();
        let name_end = wide(element.name_end);
        self.output.copy_range(source.start..name_end);
        if element.declarations_verbatim && self.declarations_as_written(element) {
            self.output.copy_range(name_end..wide(element.attributes_source.start));
        } else {
            self.write_declarations();
        }
        match self.inherited_attributes(id) {
            Some(attributes) => self.write_attributes(&attributes),
            None if element.attributes_verbatim => self.output.copy(element.attributes_source),
            None => self.write_attributes_of(element),
        }
        let end = wide(element.attributes_source.end);
        if source.end == end + 1 {
            self.output.copy_range(end..source.end);
        } else {
            self.output.write(b">");
        }
    }

    /// Writes the end tag; answers the parent.
    fn end_element(&mut self, id: NodeId) -> NodeId {
        while self.replaced.last().is_some_and(|replaced| replaced.element == id) {
            if let Some(Replaced { before, .. }) = self.replaced.pop()
                && let Some(bound) = self.rendered.get_mut(before.prefix.index())
            {
                *bound = before.namespace;
            }
        }
        let node = self.document.node(id);
        if let Content::Element(element) = &node.content {
            let name = element.name(node.source);
            match element.end_tag {
                Some(start) => {
                    let start = wide(start.get());
                    self.output.copy_range(start..start + "</".len() + name.len() + ">".len());
                }
                None => {
                    self.output.write(b"</");
                    self.output.copy(name);
                    self.output.write(b">");
                }
            }
        }
        node.parent
    }

    // Namespaces

    /// The declarations that the element needs in the output, sorted.
    ///
    /// Exclusive forms (exc-c14n section 3): the prefixes of the element and of its attributes. Inclusive ones, and prefixes of
    /// the PrefixList: what is in scope at the apex, what is declared below it. Either way only what the output has not already
    /// bound so.
    fn collect_declarations(&mut self, id: NodeId, element: &Element) {
        let document = self.document;
        if self.job.algorithm.is_exclusive() {
            self.need(id, element.prefix, element.namespace);
            if element.has_prefixed_attributes {
                for attribute in document.attributes_of(element) {
                    if attribute.prefix != PrefixId::DEFAULT {
                        self.need(id, attribute.prefix, attribute.namespace);
                    }
                }
            }
        }
        if !self.inclusive.is_empty() {
            if id == self.job.apex {
                self.need_context(id);
            } else {
                for declaration in document.declarations_of(element) {
                    self.need_inclusively(id, declaration);
                }
            }
        }
        if self.declarations.len() > 1 {
            self.declarations.sort_unstable_by(|a, b| document.prefix(a.prefix).cmp(document.prefix(b.prefix)));
        }
    }

    /// Everything that is in scope at the apex, the nearest declaration of each prefix.
    fn need_context(&mut self, apex: NodeId) {
        let document = self.document;
        let mut seen = vec![false; document.prefixes.len()];
        let mut id = apex;
        while let Some(element) = document.element(id) {
            for declaration in document.declarations_of(element) {
                if let Some(seen) = seen.get_mut(declaration.prefix.index())
                    && !std::mem::replace(seen, true)
                {
                    self.need_inclusively(apex, declaration);
                }
            }
            id = document.node(id).parent;
        }
    }

    fn need_inclusively(&mut self, id: NodeId, declaration: &Declaration) {
        if self.inclusive.contains(declaration.prefix) {
            self.need(id, declaration.prefix, declaration.namespace);
        }
    }

    fn need(&mut self, id: NodeId, prefix: PrefixId, namespace: NamespaceId) {
        let Some(bound) = self.rendered.get_mut(prefix.index()) else { return };
        if *bound != namespace {
            let before = Declaration { prefix, namespace: *bound };
            self.replaced.push(Replaced { element: id, before });
            *bound = namespace;
            self.declarations.push(Declaration { prefix, namespace });
        }
    }

    /// Whether the element declares just what it needs: of the same prefixes, and what it binds them to is what it needs.
    fn declarations_as_written(&self, element: &Element) -> bool {
        let written = self.document.declarations_of(element).iter();
        written.map(|declaration| declaration.prefix).eq(self.declarations.iter().map(|declaration| declaration.prefix))
    }

    fn write_declarations(&mut self) {
        if self.declarations.is_empty() {
            return;
        }
        if self.declarations != self.last_declarations {
            self.last_declarations.clone_from(&self.declarations);
            self.last_written.clear();
            for declaration in &self.declarations {
                write_declaration(self.document, *declaration, &mut self.last_written);
            }
        }
        self.output.write(&self.last_written);
    }

    // Attributes

    fn write_attributes_of(&mut self, element: &Element) {
        let document = self.document;
        for attribute in document.attributes_of(element) {
            self.output.write(b" ");
            self.output.copy(attribute.name);
            self.output.write(b"=\"");
            self.output.value(document.str(attribute.value));
            self.output.write(b"\"");
        }
    }

    fn write_attributes(&mut self, attributes: &[Inherited<'_>]) {
        for attribute in attributes {
            self.output.write(b" ");
            self.output.write(attribute.name.as_bytes());
            self.output.write(b"=\"");
            self.output.value(&attribute.value);
            self.output.write(b"\"");
        }
    }

    /// The attributes of an apex that inherits some; `None` where it has just its own.
    fn inherited_attributes(&self, id: NodeId) -> Option<Vec<Inherited<'d>>> {
        let document = self.document;
        let parent = document.node(id).parent;
        if id != self.job.apex || self.job.algorithm.is_exclusive() || parent == NodeId::DOCUMENT {
            return None;
        }
        let own = Cursor { document, id }.attributes();
        let context = xml_attributes(document, parent);
        let version_11 = matches!(self.job.algorithm, Algorithm::Inclusive11 | Algorithm::Inclusive11WithComments);
        let mut all: Vec<Inherited<'d>> = own.iter().map(|attribute| Inherited::of(document, attribute)).collect();
        let mut known: BTreeSet<&str> = all.iter().map(|attribute| attribute.name).collect();
        for attribute in context.iter().map(|attribute| Inherited::of(document, attribute)) {
            let inheritable = match attribute.name {
                "xml:lang" | "xml:space" => true,
                // Joined below, and of no meaning on another element: Canonical XML 1.1 section 2.4.
                _ => !version_11,
            };
            if inheritable && known.insert(attribute.name) {
                all.push(attribute);
            }
        }
        if version_11 {
            join_bases(&mut all, &context, document);
        }
        all.sort_by(|a, b| (a.namespace, a.local()).cmp(&(b.namespace, b.local())));
        Some(all)
    }

    // Comments and processing instructions

    fn comment(&mut self, id: NodeId, node: &Node) {
        if !self.job.algorithm.has_comments() {
            return;
        }
        let written = with_line_ends(self.document.str(node.source));
        self.beside_root(id, node, |output| output.write(written.as_bytes()));
    }

    fn instruction(&mut self, id: NodeId, node: &Node) {
        let written = self.document.str(node.source);
        let content = written.strip_prefix("<?").and_then(|rest| rest.strip_suffix("?>")).unwrap_or_default();
        let (target, data) = content.split_once(XML_SPACE).unwrap_or((content, ""));
        let data = with_line_ends(data.trim_start_matches(XML_SPACE));
        self.beside_root(id, node, |output| {
            output.write(b"<?");
            output.write(target.as_bytes());
            if !data.is_empty() {
                output.write(b" ");
                output.carriage_returns(&data);
            }
            output.write(b"?>");
        });
    }

    /// Outside the root element each stands on a line of its own: Canonical XML 1.0 section 2.3.
    fn beside_root(&mut self, id: NodeId, node: &Node, write: impl FnOnce(&mut Output<'d, 's, S>)) {
        let side = if node.parent == NodeId::DOCUMENT { id.cmp(&self.document.root) } else { Ordering::Equal };
        if side == Ordering::Greater {
            self.output.write(b"\n");
        }
        write(&mut self.output);
        if side == Ordering::Less {
            self.output.write(b"\n");
        }
    }
}

fn write_declaration(document: &Document<'_>, declaration: Declaration, out: &mut Vec<u8>) {
    out.extend_from_slice(b" xmlns");
    if declaration.prefix != PrefixId::DEFAULT {
        out.push(b':');
        out.extend_from_slice(document.prefix(declaration.prefix).as_bytes());
    }
    out.extend_from_slice(b"=\"");
    escape(document.namespace_name(declaration.namespace), IN_VALUE, |piece| out.extend_from_slice(piece));
    out.push(b'"');
}

/// An attribute as an apex shows it.
struct Inherited<'d> {
    /// Sorts before the local name.
    namespace: &'d str,
    name: &'d str,
    value: std::borrow::Cow<'d, str>,
}

impl<'d> Inherited<'d> {
    fn of(document: &'d Document<'d>, attribute: &Attribute) -> Self {
        Self {
            namespace: document.namespace_name(attribute.namespace),
            name: document.str(attribute.name),
            value: std::borrow::Cow::Borrowed(document.str(attribute.value)),
        }
    }

    fn local(&self) -> &'d str {
        self.name.split_once(':').map_or(self.name, |(_, local)| local)
    }
}

/// The `xml:` attributes from `id` upwards, nearest first.
fn xml_attributes<'d>(document: &'d Document<'d>, id: NodeId) -> Vec<&'d Attribute> {
    let mut found = Vec::new();
    let mut id = id;
    while let Some(element) = document.element(id) {
        found.extend(document.attributes_of(element).iter().filter(|a| document.known(a.namespace) == Namespace::Xml));
        id = document.node(id).parent;
    }
    found
}

/// Gives the apex the `xml:base` that its position in the document gave it. Canonical XML 1.1 section 2.4.
fn join_bases<'d>(all: &mut Vec<Inherited<'d>>, context: &[&'d Attribute], document: &'d Document<'d>) {
    let bases = context.iter().filter(|attribute| document.str(attribute.name) == "xml:base");
    let Some(inherited) =
        bases.map(|base| document.str(base.value).to_owned()).reduce(|below, above| super::base::join(&above, &below))
    else {
        return;
    };
    let own = all.iter_mut().find(|attribute| attribute.name == "xml:base");
    match own {
        Some(own) => own.value = super::base::join(&inherited, &own.value).into(),
        None => all.push(Inherited { namespace: Namespace::Xml.name(), name: "xml:base", value: inherited.into() }),
    }
    all.retain(|attribute| attribute.name != "xml:base" || !attribute.value.is_empty());
}

/// The sink, and the stretch of the input that is to be written next.
struct Output<'d, 's, S> {
    input: &'d [u8],
    pending: Range<usize>,
    /// Octets until the form is too long.
    left: usize,
    sink: &'s mut S,
}

impl<'d, 's, S: Sink> Output<'d, 's, S> {
    fn new(input: &'d [u8], sink: &'s mut S) -> Self {
        Self { input, pending: 0..0, left: longest(input.len()), sink }
    }

    fn put(&mut self, octets: &[u8]) {
        self.left = self.left.saturating_sub(octets.len());
        self.sink.write(octets);
    }

    /// Copies a stretch of the input; neighbours are written as one.
    fn copy(&mut self, span: Span) {
        self.copy_range(span.range());
    }

    fn copy_range(&mut self, range: Range<usize>) {
        if range.start == self.pending.end {
            self.pending.end = range.end;
        } else {
            self.flush();
            self.pending = range;
        }
    }

    fn flush(&mut self) {
        if let Some(stretch) = self.input.get(self.pending.clone())
            && !stretch.is_empty()
        {
            self.put(stretch);
        }
        self.pending = 0..0;
    }

    fn write(&mut self, octets: &[u8]) {
        self.flush();
        self.put(octets);
    }

    /// Text of an element.
    fn text(&mut self, text: &str) {
        self.escape(text, IN_TEXT);
    }

    /// An attribute value.
    fn value(&mut self, value: &str) {
        self.escape(value, IN_VALUE);
    }

    /// Data of a processing instruction, in which only carriage returns are replaced.
    fn carriage_returns(&mut self, data: &str) {
        self.escape(data, IN_INSTRUCTION);
    }

    fn escape(&mut self, text: &str, place: Escapes) {
        self.flush();
        escape(text, place, |piece| self.put(piece));
    }
}

/// What is not written as it is in some place: Canonical XML 1.0 section 2.3.
#[derive(Clone, Copy)]
struct Escapes {
    /// Where the next octet is that may be one of them.
    next: fn(&[u8]) -> usize,
    replacements: &'static [(u8, &'static str)],
}

const IN_TEXT: Escapes = Escapes {
    next: |text| text_end(text, 0),
    replacements: &[(b'&', "&amp;"), (b'<', "&lt;"), (b'>', "&gt;"), (b'\r', "&#xD;")],
};

/// An attribute value or namespace name.
const IN_VALUE: Escapes = Escapes {
    next: |value| value_end(value, 0, b'"'),
    replacements: &[(b'&', "&amp;"), (b'<', "&lt;"), (b'"', "&quot;"), (b'\t', "&#x9;"), (b'\n', "&#xA;"), (b'\r', "&#xD;")],
};

const IN_INSTRUCTION: Escapes = Escapes { next: |data| text_end(data, 0), replacements: &[(b'\r', "&#xD;")] };

fn escape(text: &str, place: Escapes, mut put: impl FnMut(&[u8])) {
    let replacement = |octet: &u8| place.replacements.iter().find(|(replaced, _)| replaced == octet);
    let mut rest = text.as_bytes();
    loop {
        // Where one is replaced, another often follows at once.
        while let Some((octet, behind)) = rest.split_first()
            && let Some((_, written)) = replacement(octet)
        {
            put(written.as_bytes());
            rest = behind;
        }
        // The first octet is none of them, whatever stands there.
        let at = 1 + (place.next)(rest.get(1..).unwrap_or_default());
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        put(before);
        if behind.is_empty() {
            return;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_have_some_times_the_length_of_its_document() {
        for (document, form) in [(0, 65_536), (1, 65_544), (8192, 131_072), (usize::MAX, usize::MAX)] {
            assert_eq!(longest(document), form, "{document}");
        }
    }

    #[test]
    fn content_that_is_collected_ends_at_its_bound() {
        let mut content = Bounded { left: Some(4), octets: Vec::new() };
        content.write(b"abc");
        content.write(b"d");
        assert_eq!(content.left, Some(0));
        for late in ["e", "", "f"] {
            content.write(late.as_bytes());
            assert_eq!((content.left, content.octets.as_slice()), (None, &b"abcd"[..]));
        }
    }

    /// Doubling would take twice what the text needs.
    #[test]
    fn text_grows_by_a_quarter_where_it_does_not_fit() {
        for (length, room, written, capacity) in
            [(1000, 1000, 2, 1250), (1000, 1001, 2, 1250), (998, 1000, 2, 1000), (8, 8, 100, 108)]
        {
            let mut out = String::with_capacity(room);
            out.push_str(&"a".repeat(length));
            append(&"b".repeat(written), &mut out);
            assert_eq!((out.len(), out.capacity()), (length + written, capacity), "{length} {room}");
        }
    }
}
