//! A second parser's view of a document, in the form of the first one's: for comparing the two.

use std::collections::BTreeSet;

use saml_verify::internals::{Seen, SeenNamespace};

/// What readers may ask for and no attribute is called.
pub(crate) const NO_ATTRIBUTES: [&str; 5] = ["xmlns", "p", "saml", "xmlns:p", "xml:id"];

/// Every local name of an attribute, and [`NO_ATTRIBUTES`].
pub(crate) fn vocabulary(document: &roxmltree::Document<'_>) -> BTreeSet<String> {
    let attributes = document.descendants().flat_map(|node| node.attributes()).map(|attribute| attribute.name().to_owned());
    attributes.chain(NO_ATTRIBUTES.map(str::to_owned)).collect()
}

/// What readers should see, by another parser.
pub(crate) fn by_roxmltree(node: roxmltree::Node<'_, '_>) -> Seen {
    let markup = &node.document().input_text()[node.range()];
    let qualified_name = markup[1..].split([' ', '\t', '\r', '\n', '>', '/']).next().unwrap_or_default().to_owned();
    let mut attributes: Vec<(SeenNamespace, String, String)> = Vec::new();
    // Readers cannot tell two unknown namespaces apart: they are given the one that sorts first.
    let mut written: Vec<_> = node.attributes().collect();
    written.sort_by_key(|attribute| attribute.namespace());
    for attribute in written {
        let namespace = SeenNamespace::of(attribute.namespace().unwrap_or_default());
        if !attributes.iter().any(|(known, name, _)| (*known, name.as_str()) == (namespace, attribute.name())) {
            attributes.push((namespace, attribute.name().to_owned(), attribute.value().to_owned()));
        }
    }
    attributes.sort();
    let blank = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().trim_matches([' ', '\t', '\r', '\n']).is_empty();
    let shown = node.children().filter(|child| !(child.is_comment() || child.is_text() && blank(*child)));
    let mut elements: Vec<_> = shown.map(|child| child.is_element().then(|| by_roxmltree(child))).collect();
    elements.dedup_by(|one, other| one.is_none() && other.is_none());
    let simple = node.children().all(|child| child.is_text() || child.is_comment());
    let text = node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect();
    Seen {
        qualified_name,
        namespace: SeenNamespace::of(node.tag_name().namespace().unwrap_or_default()),
        attributes,
        has_elements: node.children().any(|child| child.is_element()),
        text: simple.then_some(text),
        elements,
    }
}
