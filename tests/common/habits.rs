//! A genuine message as other identity providers would write it: prefixes, default namespaces and the places of declarations are
//! chosen anew, then it is signed, then comments and white space are put wherever a signature does not cover them.

use base64::Engine;
use saml_verify::canonical::Algorithm;
use saml_verify::internals::{Select, canonicalize, sign, sign_octets};
use saml_verify::test_idp::TestIdp;
use saml_verify::{Limits, SignedPart};

use super::generate::{Attribute, Document, Element, Entropy, Name, Node, Scope, Unused, bound};

/// The message with the habits that `habits` decides, signed anew.
pub(crate) fn rewritten(xml: &str, idp: &TestIdp, signed: SignedPart, habits: &mut Entropy<'_>) -> Document {
    let mut document = expanded(xml);
    without_signatures(&mut document.root);
    indent(&mut document.root, habits);
    bind(&mut document.root, &Scope::new(), habits);
    if signed != SignedPart::Response {
        let id = id(assertion(&mut document.root));
        let signature = signature(&document, idp, &id, habits);
        insert_behind_issuer(assertion(&mut document.root), signature);
    }
    if signed != SignedPart::Assertion {
        let id = id(&document.root);
        let signature = signature(&document, idp, &id, habits);
        insert_behind_issuer(&mut document.root, signature);
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
        verbatim: false,
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

/// Whatever they were invented for.
const PREFIXES: &[&str] = &["saml", "samlp", "", "s", "saml2", "ns0", "é"];

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
    bind_name(&mut element.name, PREFIXES);
    for attribute in element.attributes.iter_mut().filter(|attribute| !attribute.name.prefix.is_empty()) {
        bind_name(&mut attribute.name, &["xsi", "x", "i"]);
    }
    // A declaration further out than the first use.
    let below = elements(element).next().map(|child| child.name.prefix);
    if let Some(namespace) = below.filter(|_| habits.once_in(3)) {
        let prefix = habits.pick(PREFIXES);
        if prefix != element.name.prefix && !element.declarations.iter().any(|&(declared, _)| declared == prefix) {
            scope.push((prefix, namespace));
            element.declarations.push((prefix, namespace));
        }
    }
    elements(element).for_each(|child| bind(child, &scope, habits));
}

/// The Signature of the element with that ID, as it is now: in lines or not, with any prefixes, KeyInfo, and PrefixList.
fn signature(document: &Document, idp: &TestIdp, id: &str, habits: &mut Entropy<'_>) -> Node {
    let xml = document.write(&mut Entropy::new(&[]), Unused::Left);
    let prefix_list = habits.pick(&["", "", "xsi", "#default saml s", "none such"]);
    let mut signature = expanded(&sign(idp, &xml, id, Algorithm::Exclusive10, prefix_list)).root;
    let digest = descendant(&mut signature, "DigestValue");
    digest.children = vec![Node::Text(in_lines(&text(digest), habits))];
    // What a same-document reference names has no comments, whatever the algorithm.
    if habits.once_in(3) {
        let transform = elements(descendant(&mut signature, "Transforms")).last().expect("a canonicalization");
        transform.attributes[0].value.push_str("WithComments");
    }
    let key_name = Name { prefix: signature.name.prefix, local: "KeyName" };
    let key_info = Name { local: "KeyInfo", ..key_name };
    if habits.once_in(2) {
        signature
            .children
            .push(Node::Element(simple(key_info, vec![Node::Element(simple(key_name, vec![Node::Text("k".to_owned())]))])));
    }
    indent(&mut signature, habits);
    bind(&mut signature, &Scope::new(), habits);
    let document = Document { before: Vec::new(), root: signature.clone(), after: Vec::new() };
    let xml = document.write(&mut Entropy::new(&[]), Unused::Left);
    let (info, limits) = (Select::Path(&[1, 1]), Limits::DEFAULT);
    let octets = canonicalize(xml.as_bytes(), info, None, Algorithm::Exclusive10, "", &limits).expect("canonical");
    let value = base64::engine::general_purpose::STANDARD.encode(sign_octets(idp, &octets));
    descendant(&mut signature, "SignatureValue").children = vec![Node::Text(in_lines(&value, habits))];
    Node::Element(signature)
}

fn simple(name: Name, children: Vec<Node>) -> Element {
    Element { name, declarations: Vec::new(), attributes: Vec::new(), children, verbatim: false }
}

fn descendant<'e>(element: &'e mut Element, name: &str) -> &'e mut Element {
    find(element, name).unwrap_or_else(|| panic!("no {name}"))
}

fn find<'e>(element: &'e mut Element, name: &str) -> Option<&'e mut Element> {
    if element.name.local == name { Some(element) } else { elements(element).find_map(|child| find(child, name)) }
}

fn text(element: &Element) -> String {
    let texts = element.children.iter().filter_map(|child| if let Node::Text(text) = child { Some(text.as_str()) } else { None });
    texts.collect()
}

/// Base64 with a line end behind every so many characters, or none; a carriage return is written as a reference.
pub(crate) fn in_lines(base64: &str, habits: &mut Entropy<'_>) -> String {
    let columns = [usize::MAX, 64, 76, 8][habits.below(4)];
    let line_end = habits.pick(&["\n", "\r\n", "\n    ", "\t"]);
    base64.as_bytes().chunks(columns).map(String::from_utf8_lossy).collect::<Vec<_>>().join(line_end)
}

fn insert_behind_issuer(element: &mut Element, signature: Node) {
    let issuer = element.children.iter().position(|child| matches!(child, Node::Element(child) if child.name.local == "Issuer"));
    element.children.insert(issuer.expect("an Issuer") + 1, signature);
}

/// White space between elements where there is nothing but elements; signed, where it is inside of what will be signed.
fn indent(element: &mut Element, habits: &mut Entropy<'_>) {
    let only_elements = element.children.iter().all(|child| matches!(child, Node::Element(_)));
    if only_elements && !element.children.is_empty() && habits.once_in(2) {
        space_between_children(element, habits);
    }
    elements(element).for_each(|child| indent(child, habits));
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
