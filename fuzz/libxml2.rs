//! Documents as libxml2 reads and writes them, for comparing with ours: the tree, and the canonical forms. Needs the C library:
//! feature `libxml2`.

use libxml::parser::{Parser, ParserOptions};
use libxml::readonly::RoNode;
use libxml::tree::c14n::{CanonicalizationMode, CanonicalizationOptions};
use libxml::tree::{Document, NodeType};
use saml_verify::Limits;
use saml_verify::canonical::{Algorithm, Canonicalizer};
use saml_verify::internals::{Seen, SeenNamespace, see};

#[path = "../tests/common/second.rs"]
#[allow(dead_code)]
mod second;

/// How much of a document both of them have, and have alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alike {
    pub(crate) trees: usize,
    pub(crate) forms: usize,
}

/// Where both take a document they see the same tree, and where both have a canonical form of it that is the same, but for the known
/// differences.
pub(crate) fn agrees(data: &[u8]) -> Alike {
    let Ok(text) = std::str::from_utf8(data) else { return Alike::default() };
    let ours: Vec<_> = Algorithm::ALL.into_iter().map(|algorithm| Canonicalizer::new(algorithm).to_vec(data)).collect();
    // A C parser that may fetch what a document type declaration names gets none.
    if ours.iter().all(Result::is_err) {
        return Alike::default();
    }
    let Ok(second) = roxmltree::Document::parse(text) else { return Alike::default() };
    let options = ParserOptions { recover: false, no_net: true, no_error: true, no_warning: true, ..ParserOptions::default() };
    let Ok(document) = Parser::default().parse_string_with_options(text, options) else { return Alike::default() };
    Alike {
        trees: compared_tree(text, &second, &document),
        forms: if differs(&second) { 0 } else { compared_forms(text, &document, ours) },
    }
}

fn compared_tree(text: &str, second: &roxmltree::Document<'_>, document: &Document) -> usize {
    let vocabulary = second::vocabulary(second);
    let vocabulary: Vec<&str> = vocabulary.iter().map(String::as_str).collect();
    let Ok(ours) = see(text.as_bytes(), &vocabulary, &Limits::DEFAULT) else { return 0 };
    let root = document.get_root_readonly().expect("a document has a root");
    assert_eq!(ours, seen(root), "{text:?}");
    1
}

/// What readers should see of an element, by libxml2.
fn seen(node: RoNode) -> Seen {
    let namespace = node.get_namespace();
    let prefix = namespace.as_ref().map(|namespace| namespace.get_prefix()).unwrap_or_default();
    let name = node.get_name();
    // Readers cannot tell two unknown namespaces apart: they are given the one that sorts first.
    let mut written: Vec<_> = node
        .get_properties_ns()
        .into_iter()
        .map(|((name, namespace), value)| (namespace.map(|namespace| namespace.get_href()), name, value))
        .collect();
    written.sort();
    let mut attributes: Vec<(SeenNamespace, String, String)> = Vec::new();
    for (namespace, name, value) in written {
        let namespace = SeenNamespace::of(namespace.as_deref().unwrap_or_default());
        if !attributes.iter().any(|(known, other, _)| (*known, other) == (namespace, &name)) {
            attributes.push((namespace, name, value));
        }
    }
    attributes.sort();
    let children = node.get_child_nodes();
    let is_text = |child: &RoNode| matches!(child.get_type(), Some(NodeType::TextNode | NodeType::CDataSectionNode));
    let is_comment = |child: &RoNode| child.get_type() == Some(NodeType::CommentNode);
    let blank = |child: &RoNode| child.get_content().trim_matches([' ', '\t', '\r', '\n']).is_empty();
    let shown = children.iter().filter(|child| !(is_comment(child) || is_text(child) && blank(child)));
    let mut elements: Vec<_> = shown.map(|child| child.is_element_node().then(|| seen(*child))).collect();
    elements.dedup_by(|one, other| one.is_none() && other.is_none());
    let simple = children.iter().all(|child| is_text(child) || is_comment(child));
    let text = children.iter().filter(|child| is_text(child)).map(|child| child.get_content()).collect();
    Seen {
        qualified_name: if prefix.is_empty() { name } else { format!("{prefix}:{name}") },
        namespace: SeenNamespace::of(&namespace.map(|namespace| namespace.get_href()).unwrap_or_default()),
        attributes,
        has_elements: children.iter().any(|child| child.is_element_node()),
        text: simple.then_some(text),
        elements,
    }
}

fn compared_forms(text: &str, document: &Document, ours: Vec<Result<Vec<u8>, saml_verify::canonical::Error>>) -> usize {
    let mut compared = 0;
    for (algorithm, ours) in Algorithm::ALL.into_iter().zip(ours) {
        let (mode, with_comments) = match algorithm {
            Algorithm::Inclusive10 => (CanonicalizationMode::Canonical1_0, false),
            Algorithm::Inclusive10WithComments => (CanonicalizationMode::Canonical1_0, true),
            Algorithm::Inclusive11 => (CanonicalizationMode::Canonical1_1, false),
            Algorithm::Inclusive11WithComments => (CanonicalizationMode::Canonical1_1, true),
            Algorithm::Exclusive10 => (CanonicalizationMode::ExclusiveCanonical1_0, false),
            Algorithm::Exclusive10WithComments => (CanonicalizationMode::ExclusiveCanonical1_0, true),
        };
        let theirs = document.canonicalize(CanonicalizationOptions { mode, with_comments, ..Default::default() }, None);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            assert_eq!(String::from_utf8_lossy(&ours), theirs, "{}: {text:?}", algorithm.name());
            compared += 1;
        }
    }
    compared
}

/// libxml2 2.9 does not write references in namespace names (Canonical XML 1.0 section 2.3), has no form where one is no URI, and drops an
/// empty `xml:base` under Canonical XML 1.1, where no ancestor was omitted.
fn differs(document: &roxmltree::Document<'_>) -> bool {
    let odd = |name: &str| !name.is_ascii() || name.contains(['&', '<', '>', '"', '\t', '\n', '\r']);
    let elements = || document.descendants().filter(roxmltree::Node::is_element);
    elements().flat_map(|element| element.namespaces()).any(|namespace| odd(namespace.uri()))
        || elements().any(|element| element.attribute(("http://www.w3.org/XML/1998/namespace", "base")).is_some())
}
