//! A genuine message as other identity providers would write it: prefixes, default namespaces and the places of declarations are
//! chosen anew, then it is signed, then comments and white space are put wherever a signature does not cover them.

use saml_verify::SignedPart;
use saml_verify::canonical::Algorithm;
use saml_verify::internals::sign;
use saml_verify::test_idp::TestIdp;

use super::generate::{Attribute, Document, Element, Entropy, Name, Node, Scope, Unused, bound};

/// The message with the habits that `habits` decides, signed anew.
pub(crate) fn rewritten(xml: &str, idp: &TestIdp, signed: SignedPart, habits: &mut Entropy<'_>) -> Document {
    let mut document = expanded(xml);
    without_signatures(&mut document.root);
    bind(&mut document.root, &Scope::new(), habits);
    if signed != SignedPart::Response {
        let id = id(assertion(&mut document.root));
        let signature = signature(&document, idp, &id);
        assertion(&mut document.root).children.insert(1, signature);
    }
    if signed != SignedPart::Assertion {
        let id = id(&document.root);
        let signature = signature(&document, idp, &id);
        document.root.children.insert(1, signature);
    } else {
        space_between_children(&mut document.root, habits);
    }
    comments(&mut document.root, habits);
    document
}

/// The document with the namespace of each name in place of its prefix, and without declarations.
fn expanded(xml: &str) -> Document {
    let document = roxmltree::Document::parse(xml).expect("XML");
    let root = element(document.root_element(), &|_, namespace| kept(namespace.unwrap_or_default()));
    Document { before: Vec::new(), root, after: Vec::new() }
}

/// An element as it is written.
fn tree(xml: &str) -> Element {
    let document = roxmltree::Document::parse(xml).expect("XML");
    let mut root = element(document.root_element(), &|node: roxmltree::Node<'_, '_>, namespace: Option<&str>| {
        kept(namespace.and_then(|name| node.lookup_prefix(name)).unwrap_or_default())
    });
    root.declarations =
        document.root_element().namespaces().map(|one| (kept(one.name().unwrap_or_default()), kept(one.uri()))).collect();
    root
}

/// Names outlive the test: a test ends soon.
fn kept(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

type Prefix<'p> = dyn Fn(roxmltree::Node<'_, '_>, Option<&str>) -> &'static str + 'p;

fn element(node: roxmltree::Node<'_, '_>, prefix: &Prefix<'_>) -> Element {
    let children = node.children().filter_map(|child| match child.node_type() {
        roxmltree::NodeType::Element => Some(Node::Element(element(child, prefix))),
        roxmltree::NodeType::Text => child.text().map(|text| Node::Text(text.to_owned())),
        _ => None,
    });
    let attributes = node.attributes().map(|attribute| Attribute {
        name: Name { prefix: prefix(node, attribute.namespace()), local: kept(attribute.name()) },
        value: attribute.value().to_owned(),
    });
    Element {
        name: Name { prefix: prefix(node, node.tag_name().namespace()), local: kept(node.tag_name().name()) },
        declarations: Vec::new(),
        attributes: attributes.collect(),
        children: children.collect(),
    }
}

fn elements(element: &mut Element) -> impl Iterator<Item = &mut Element> {
    element.children.iter_mut().filter_map(|child| match child {
        Node::Element(element) => Some(element),
        _ => None,
    })
}

fn without_signatures(element: &mut Element) {
    element.children.retain(|child| !matches!(child, Node::Element(child) if child.name.local == "Signature"));
    elements(element).for_each(without_signatures);
}

fn assertion(response: &mut Element) -> &mut Element {
    elements(response).find(|child| child.name.local == "Assertion").expect("an Assertion")
}

fn id(element: &Element) -> String {
    element.attributes.iter().find(|attribute| attribute.name.local == "ID").expect("an ID").value.clone()
}

/// Puts a prefix in the place of each namespace, and declares it there where it is not yet bound so.
fn bind(element: &mut Element, context: &Scope, habits: &mut Entropy<'_>) {
    let mut scope = context.clone();
    let mut bind_name = |name: &mut Name, prefixes: &[&'static str]| {
        let (namespace, prefix) = (name.prefix, habits.pick(prefixes));
        if bound(&scope, prefix) != namespace {
            scope.push((prefix, namespace));
            element.declarations.push((prefix, namespace));
        }
        name.prefix = prefix;
    };
    bind_name(&mut element.name, &["saml", "samlp", "", "s", "saml2", "ns0"]);
    for attribute in element.attributes.iter_mut().filter(|attribute| !attribute.name.prefix.is_empty()) {
        bind_name(&mut attribute.name, &["xsi", "x", "i"]);
    }
    elements(element).for_each(|child| bind(child, &scope, habits));
}

/// The Signature of the element with that ID, as it is now. Exclusive canonicalization does not care how it is written down.
fn signature(document: &Document, idp: &TestIdp, id: &str) -> Node {
    let xml = document.write(&mut Entropy::new(&[]), Unused::Left);
    Node::Element(tree(&sign(idp, &xml, id, Algorithm::Exclusive10, "")))
}

fn space_between_children(element: &mut Element, habits: &mut Entropy<'_>) {
    let children = std::mem::take(&mut element.children);
    for child in children {
        if habits.once_in(2) {
            element.children.push(Node::Text(habits.pick(&["\n", "\n  ", " \t "]).to_owned()));
        }
        element.children.push(child);
    }
}

/// Puts comments before, behind and into the children of elements, but for those whose text is base64.
fn comments(element: &mut Element, habits: &mut Entropy<'_>) {
    if ["DigestValue", "SignatureValue"].contains(&element.name.local) {
        return;
    }
    let comment = |habits: &mut Entropy<'_>| Node::Comment(habits.pick(&["", " 1 ", "</x>", "&amp;"]).to_owned());
    for child in std::mem::take(&mut element.children) {
        if habits.once_in(4) {
            element.children.push(comment(habits));
        }
        match child {
            Node::Text(text) if text.chars().count() > 1 && habits.once_in(3) => {
                let at = text.char_indices().nth(1).map_or(0, |(at, _)| at);
                let (before, behind) = text.split_at(at);
                element.children.extend([Node::Text(before.to_owned()), comment(habits), Node::Text(behind.to_owned())]);
            }
            child => element.children.push(child),
        }
    }
    if habits.once_in(4) {
        element.children.push(comment(habits));
    }
    elements(element).for_each(|child| comments(child, habits));
}
