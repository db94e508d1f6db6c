//! Namespace-heavy documents made from bytes, and the many ways to write one document down.
//!
//! [`Document::generate`] turns bytes into a document of the XPath data model; [`Document::write`] turns it into XML, with other
//! bytes deciding what is left to the writer: quotes, order, white space in tags, references, CDATA sections, line ends. Bytes
//! that have run out are zeros, and zero is the plainest choice, so that any bytes make a document and fewer bytes a smaller
//! one. Nothing here depends on who supplies the bytes: a property test or a fuzzer.

/// Bytes that decide; zeros when they have run out.
#[derive(Clone, Debug)]
pub(crate) struct Entropy<'a>(&'a [u8]);

impl<'a> Entropy<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A number below `end`, which is at most 256.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub(crate) fn pick<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    /// Whether the rarer of two choices is taken: once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Comments and processing instructions.
    pub(crate) before: Vec<Node>,
    pub(crate) root: Element,
    pub(crate) after: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Element(Element),
    /// Not empty, and never next to another.
    Text(String),
    Comment(String),
    Instruction {
        target: &'static str,
        data: String,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: Name,
    /// Prefixes, each once, and the names that they are bound to.
    pub(crate) declarations: Vec<(&'static str, &'static str)>,
    /// No two with one expanded name.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
    /// Its start tag is written in one way, so that another one of the same names and values has the same characters: under other
    /// bindings a tag means something else.
    pub(crate) verbatim: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) prefix: &'static str,
    pub(crate) local: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Name,
    pub(crate) value: String,
}

/// What prefixes are bound to, the nearest declaration last.
pub(crate) type Scope = Vec<(&'static str, &'static str)>;

/// What `prefix` is bound to; empty where it is not.
pub(crate) fn bound(scope: &Scope, prefix: &str) -> &'static str {
    if prefix == "xml" {
        return XML;
    }
    scope.iter().rev().find(|(declared, _)| *declared == prefix).map_or("", |&(_, name)| name)
}

impl Document {
    pub(crate) fn generate(entropy: &mut Entropy<'_>) -> Self {
        let root = Element::generate(entropy, &Scope::new(), 1, &mut Past::default());
        Self { before: miscellany(entropy), root, after: miscellany(entropy) }
    }

    /// The values of its `ID` attributes, each of which is there once.
    pub(crate) fn identifiers(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.root.walk(&mut |element| {
            let own = element.attributes.iter().find(|attribute| attribute.name == Name { prefix: "", local: "ID" });
            found.extend(own.map(|attribute| attribute.value.clone()));
        });
        found
    }

    /// Every text, attribute value, and data of a processing instruction, and apart from them every comment.
    pub(crate) fn contents(&mut self) -> (Vec<&mut String>, Vec<&mut String>) {
        let (mut kept, mut comments) = (Vec::new(), Vec::new());
        for node in self.before.iter_mut().chain(&mut self.after) {
            node.contents(&mut kept, &mut comments);
        }
        self.root.contents(&mut kept, &mut comments);
        (kept, comments)
    }

    /// Writes it down as `style` decides.
    pub(crate) fn write(&self, style: &mut Entropy<'_>, unused: Unused) -> String {
        let line_end = style.pick(&["\n", "\r\n", "\r"]);
        let mut writer = Writer { out: String::new(), style, unused, line_end };
        if writer.style.once_in(4) {
            writer.out.push('\u{FEFF}');
        }
        if writer.style.once_in(2) {
            let declaration = ["<?xml version=\"1.0\"?>", "<?xml version='1.0' encoding='utf-8' standalone = 'no' ?>"];
            let declaration = writer.style.pick(&declaration);
            writer.out.push_str(declaration);
        }
        for node in &self.before {
            writer.node(node, &Scope::new());
            writer.space(0);
        }
        writer.element(&self.root, &Scope::new());
        for node in &self.after {
            writer.space(0);
            writer.node(node, &Scope::new());
        }
        writer.space(0);
        writer.out
    }
}

impl Node {
    fn contents<'d>(&'d mut self, kept: &mut Vec<&'d mut String>, comments: &mut Vec<&'d mut String>) {
        match self {
            Self::Element(element) => element.contents(kept, comments),
            Self::Text(text) => kept.push(text),
            Self::Comment(text) => comments.push(text),
            Self::Instruction { data, .. } => kept.push(data),
        }
    }
}

/// What came before in a document.
#[derive(Default)]
struct Past {
    elements: usize,
    /// The start tags that may stand again.
    tags: Vec<Element>,
}

impl Element {
    fn generate(entropy: &mut Entropy<'_>, context: &Scope, depth: usize, past: &mut Past) -> Self {
        past.elements += 1;
        let mut declarations = Vec::new();
        for _ in 0..entropy.below(4) {
            let prefix = entropy.pick(PREFIXES);
            let name = if prefix.is_empty() { entropy.pick(DEFAULT_NAMESPACES) } else { entropy.pick(NAMESPACES) };
            if !declarations.iter().any(|&(declared, _)| declared == prefix) {
                declarations.push((prefix, name));
            }
        }
        let scope: Scope = context.iter().chain(&declarations).copied().collect();
        let usable: Vec<&str> =
            PREFIXES.iter().copied().filter(|prefix| prefix.is_empty() || !bound(&scope, prefix).is_empty()).collect();
        let name = Name { prefix: entropy.pick(&usable), local: entropy.pick(LOCAL_NAMES) };
        let attributes = attributes(entropy, &scope, &usable, past.elements);
        let verbatim = entropy.once_in(2);
        let tag = Self { name, declarations, attributes, children: Vec::new(), verbatim };
        if verbatim && tag.attributes.iter().all(|attribute| !attribute.name.local.eq_ignore_ascii_case("id")) {
            past.tags.push(tag.clone());
        }
        Self { children: Self::children(entropy, &scope, depth, past), ..tag }
    }

    fn children(entropy: &mut Entropy<'_>, scope: &Scope, depth: usize, past: &mut Past) -> Vec<Node> {
        let mut children: Vec<Node> = Vec::new();
        for _ in 0..entropy.below(5) {
            match entropy.below(11) {
                0..=2 if depth < DEPTH => children.push(Node::Element(Self::generate(entropy, scope, depth + 1, past))),
                3..=5 if !matches!(children.last(), Some(Node::Text(_))) => children.push(Node::Text(text(entropy, 1))),
                6 => children.push(comment(entropy)),
                7 => children.push(instruction(entropy)),
                8.. if depth < DEPTH => {
                    let again = Self::again(entropy, scope, depth, past);
                    children.extend(again.map(Node::Element));
                }
                _ => {}
            }
        }
        children
    }

    /// An element whose start tag stood before, with other content, if it is one under these bindings.
    fn again(entropy: &mut Entropy<'_>, context: &Scope, depth: usize, past: &mut Past) -> Option<Self> {
        let tag = past.tags.get(entropy.below(past.tags.len().clamp(1, 256)))?.clone();
        let scope: Scope = context.iter().chain(&tag.declarations).copied().collect();
        let expanded = |name: Name| (if name.prefix.is_empty() { "" } else { bound(&scope, name.prefix) }, name.local);
        let names: Vec<_> = tag.attributes.iter().map(|attribute| expanded(attribute.name)).collect();
        let is_bound = |name: Name| name.prefix.is_empty() || !bound(&scope, name.prefix).is_empty();
        let all_bound = is_bound(tag.name) && tag.attributes.iter().all(|attribute| is_bound(attribute.name));
        let apart = (1..names.len()).all(|place| !names[..place].contains(&names[place]));
        (all_bound && apart).then(|| Self { children: Self::children(entropy, &scope, depth + 1, past), ..tag })
    }

    fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        for child in &self.children {
            if let Node::Element(element) = child {
                element.walk(visit);
            }
        }
    }

    fn contents<'d>(&'d mut self, kept: &mut Vec<&'d mut String>, comments: &mut Vec<&'d mut String>) {
        kept.extend(self.attributes.iter_mut().map(|attribute| &mut attribute.value));
        for child in &mut self.children {
            child.contents(kept, comments);
        }
    }
}

fn attributes(entropy: &mut Entropy<'_>, scope: &Scope, usable: &[&'static str], element: usize) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = Vec::new();
    if entropy.once_in(2) {
        attributes.push(Attribute { name: Name { prefix: "", local: "ID" }, value: format!("e{element}") });
    }
    for _ in 0..entropy.below(5) {
        let name = match entropy.once_in(5) {
            true => Name { prefix: "xml", local: entropy.pick(&["lang", "space", "id", "base", "other"]) },
            false => Name { prefix: entropy.pick(usable), local: entropy.pick(LOCAL_NAMES) },
        };
        let expanded = |name: Name| (if name.prefix.is_empty() { "" } else { bound(scope, name.prefix) }, name.local);
        if !attributes.iter().any(|known| expanded(known.name) == expanded(name)) {
            attributes.push(Attribute { name, value: text(entropy, 0) });
        }
    }
    attributes
}

fn text(entropy: &mut Entropy<'_>, at_least: usize) -> String {
    (0..at_least + entropy.below(8)).map(|_| CHARACTERS[entropy.below(CHARACTERS.len())]).collect()
}

fn miscellany(entropy: &mut Entropy<'_>) -> Vec<Node> {
    (0..entropy.below(3)).map(|_| if entropy.once_in(2) { comment(entropy) } else { instruction(entropy) }).collect()
}

fn comment(entropy: &mut Entropy<'_>) -> Node {
    Node::Comment(text(entropy, 0).replace(['-', '\r'], ""))
}

fn instruction(entropy: &mut Entropy<'_>) -> Node {
    let data = text(entropy, 0).replace(['?', '\r'], "");
    let data = data.trim_start_matches([' ', '\t', '\n']).to_owned();
    Node::Instruction { target: entropy.pick(&["p", "xml-style", "é.1"]), data }
}

/// Whether a document is written with declarations of prefixes that nothing uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unused {
    Left,
    Added,
}

struct Writer<'w, 'e> {
    out: String,
    style: &'w mut Entropy<'e>,
    unused: Unused,
    /// One for the document: a carriage return of one kind and a line feed of another would read as one line end.
    line_end: &'static str,
}

impl Writer<'_, '_> {
    fn node(&mut self, node: &Node, scope: &Scope) {
        match node {
            Node::Element(element) => self.element(element, scope),
            Node::Text(text) => self.text(text),
            Node::Comment(text) => {
                self.out.push_str("<!--");
                self.verbatim(text);
                self.out.push_str("-->");
            }
            Node::Instruction { target, data } => {
                self.out.push_str("<?");
                self.out.push_str(target);
                if !data.is_empty() || self.style.once_in(2) {
                    self.space(1);
                }
                self.verbatim(data);
                self.out.push_str("?>");
            }
        }
    }

    fn element(&mut self, element: &Element, context: &Scope) {
        let scope: Scope = context.iter().chain(&element.declarations).copied().collect();
        self.out.push('<');
        self.qualified(element.name);
        if element.verbatim {
            self.verbatim_attributes(element);
        }
        for (name, value) in if element.verbatim { Vec::new() } else { self.attributes_of(element, context) } {
            self.space(1);
            self.out.push_str(&name);
            self.space(0);
            self.out.push('=');
            self.space(0);
            self.value(&value);
        }
        if !element.verbatim {
            self.space(0);
        }
        if element.children.is_empty() && self.style.once_in(2) {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        for child in &element.children {
            self.empty_section();
            self.node(child, &scope);
        }
        self.empty_section();
        self.out.push_str("</");
        self.qualified(element.name);
        self.space(0);
        self.out.push('>');
    }

    /// Declarations and attributes as they come, nothing left to the style. What has to be a reference is one, which is or is not
    /// that of canonical form.
    fn verbatim_attributes(&mut self, element: &Element) {
        let declared = element.declarations.iter().map(|&(prefix, name)| match prefix {
            "" => ("xmlns".to_owned(), name.to_owned()),
            prefix => (format!("xmlns:{prefix}"), name.to_owned()),
        });
        let attributes = element.attributes.iter().map(|attribute| (attribute.name.to_string(), attribute.value.clone()));
        for (name, value) in declared.chain(attributes) {
            self.out.push_str(&format!(" {name}=\""));
            for (place, c) in value.chars().enumerate() {
                match c {
                    '<' | '&' | '"' | '\r' | '\n' | '\t' => self.out.push_str(&reference(c, (value.len() + place) % REFERENCES)),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
        }
    }

    /// Attributes and declarations, with some that say nothing new, in any order.
    fn attributes_of(&mut self, element: &Element, context: &Scope) -> Vec<(String, String)> {
        let mut declarations = element.declarations.clone();
        let declared = |prefix: &str| element.declarations.iter().any(|&(declared, _)| declared == prefix);
        for prefix in PREFIXES.iter().copied().filter(|prefix| !declared(prefix)) {
            let name = bound(context, prefix);
            if (prefix.is_empty() || !name.is_empty()) && self.style.once_in(6) {
                declarations.push((prefix, name));
            }
        }
        if self.style.once_in(8) {
            declarations.push(("xml", XML));
        }
        if self.unused == Unused::Added && !self.style.once_in(3) {
            declarations.push((self.style.pick(&["unused", "A"]), self.style.pick(NAMESPACES)));
        }
        let declarations = declarations.into_iter().map(|(prefix, name)| match prefix {
            "" => ("xmlns".to_owned(), name.to_owned()),
            prefix => (format!("xmlns:{prefix}"), name.to_owned()),
        });
        let attributes = element.attributes.iter().map(|attribute| (attribute.name.to_string(), attribute.value.clone()));
        let mut all: Vec<_> = declarations.chain(attributes).collect();
        for place in 0..all.len() {
            let other = place + self.style.below(all.len() - place);
            all.swap(place, other);
        }
        all
    }

    fn qualified(&mut self, name: Name) {
        self.out.push_str(&name.to_string());
    }

    /// White space, at least so many characters.
    fn space(&mut self, at_least: usize) {
        for _ in 0..at_least + self.style.below(4) / 2 {
            let space = self.style.pick(&[" ", "\t", self.line_end]);
            self.out.push_str(space);
        }
    }

    fn verbatim(&mut self, text: &str) {
        self.out.push_str(&text.replace('\n', self.line_end));
    }

    fn empty_section(&mut self) {
        if self.style.once_in(12) {
            self.out.push_str("<![CDATA[]]>");
        }
    }

    fn text(&mut self, text: &str) {
        let mut section = false;
        for c in text.chars() {
            // A carriage return has no place in a section, nor has the end of one.
            let ends = c == '\r' || c == '>' && self.out.ends_with("]]");
            let wanted = self.style.once_in(4) != section && !ends;
            if wanted != section {
                self.out.push_str(if wanted { "<![CDATA[" } else { "]]>" });
                section = wanted;
            }
            if section {
                self.verbatim(c.encode_utf8(&mut [0; 4]));
            } else if self.out.ends_with("]]") {
                self.character(c, &['<', '&', '\r', '>']);
            } else {
                self.character(c, &['<', '&', '\r']);
            }
        }
        if section {
            self.out.push_str("]]>");
        }
    }

    fn value(&mut self, value: &str) {
        let (quote, other) = if self.style.once_in(2) { ('\'', '"') } else { ('"', '\'') };
        self.out.push(quote);
        for c in value.chars() {
            match c {
                ' ' if self.style.once_in(3) => self.out.push_str(self.line_end),
                ' ' if self.style.once_in(3) => self.out.push('\t'),
                c if c == other || c == '>' => self.character(c, &[]),
                c => self.character(c, &['<', '&', '\r', '\n', '\t', quote]),
            }
        }
        self.out.push(quote);
    }

    /// A character as itself, unless it is one of `never`, or as one of the references to it.
    fn character(&mut self, c: char, never: &[char]) {
        match self.style.below(4 + REFERENCES) {
            choice if choice < 4 && !never.contains(&c) => self.verbatim(c.encode_utf8(&mut [0; 4])),
            choice => self.out.push_str(&reference(c, choice.saturating_sub(4))),
        }
    }
}

/// In how many ways a character is referred to.
const REFERENCES: usize = 9;

/// A reference to a character: by name where it has one, else or else by number, with either case and any leading zeros.
fn reference(c: char, way: usize) -> String {
    let number = u32::from(c);
    let name = match c {
        '<' => "lt",
        '>' => "gt",
        '&' => "amp",
        '"' => "quot",
        '\'' => "apos",
        _ => "",
    };
    match way {
        0 if !name.is_empty() => format!("&{name};"),
        0 | 1 => format!("&#x{number:X};"),
        2 => format!("&#x{number:x};"),
        3 => format!("&#{number};"),
        4 => format!("&#0{number};"),
        5 => format!("&#x0{number:X};"),
        6 => format!("&#x0{number:x};"),
        7 => format!("&#x{number:08X};"),
        _ => format!("&#{number:010};"),
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.prefix {
            "" => f.write_str(self.local),
            prefix => write!(f, "{prefix}:{}", self.local),
        }
    }
}

const XML: &str = "http://www.w3.org/XML/1998/namespace";

const DEPTH: usize = 7;

/// Where code point order, UTF-16 order and alphabetical order differ.
const PREFIXES: &[&str] = &["", "p", "P", "pq", "é"];

const LOCAL_NAMES: &[&str] = &["a", "B", "b", "a-b", "a.b", "é", "\u{FDF0}", "\u{10000}x", "lang", "xmlns1"];

const NAMESPACES: &[&str] =
    &["urn:a", "urn:b", "urn:B", "urn:é", "http://ns.test/?x=1&y=\"<2>\"", "urn:tab\tfeed\nreturn\r and space", "urn:a/../b"];

const DEFAULT_NAMESPACES: &[&str] = &["", "urn:a", "urn:b", "http://ns.test/?x=1&y=\"<2>\""];

/// Without `z`, which is left for what a test changes.
const CHARACTERS: &[char] = &[
    'a',
    'b',
    ' ',
    '<',
    '&',
    '>',
    '"',
    '\'',
    '\t',
    '\n',
    '\r',
    ']',
    ']',
    '-',
    '?',
    '\u{85}',
    'é',
    '\u{2028}',
    '\u{FFFD}',
    '\u{10FFFF}',
];
