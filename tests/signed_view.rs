//! What a signed element shows to its readers is what a parser shows of the octets that were digested, and nothing else.

#![cfg(all(feature = "internals", feature = "test-idp"))]

mod common;

use common::generate::{Document, Element, Entropy, Node, Unused};
use common::posted::{Posted, posted};
use common::second::{by_roxmltree, vocabulary};
use common::third::by_quick_xml;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use saml_verify::canonical::Algorithm;
use saml_verify::internals::{Seen, SeenNamespace, see, see_signed, sign};
use saml_verify::test_idp::TestIdp;
use saml_verify::{Error, Limits, SignatureError, TrustedKeys};

/// The signed view of the element at `path`, once it was found to be what the digested octets say; `None` if nothing is signed.
fn compared(xml: &str, path: &[usize], keys: &TrustedKeys) -> Result<Option<Seen>, Error> {
    if see_signed(xml.as_bytes(), path, keys, &[], &Limits::DEFAULT)?.is_none() {
        return Ok(None);
    }
    let original = roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let vocabulary = vocabulary(&original);
    let vocabulary: Vec<&str> = vocabulary.iter().map(String::as_str).collect();
    let Some((signed, octets)) = see_signed(xml.as_bytes(), path, keys, &vocabulary, &Limits::DEFAULT)? else {
        return Ok(None);
    };
    let octets = String::from_utf8(octets).expect("canonical form is UTF-8");
    assert!(!octets.is_empty(), "what was digested has another digest: {xml}");
    let inclusive = xml.contains("REC-xml-c14n-") || xml.contains("xml-c14n11");
    let comparable = |seen: Seen| if inclusive { without_xml_attributes(seen) } else { seen };
    let signed = comparable(signed);
    let again = see(octets.as_bytes(), &vocabulary, &Limits::DEFAULT).expect("canonical form is well-formed");
    assert_eq!(comparable(again), signed, "parsed again: {octets}");
    let independent = roxmltree::Document::parse(&octets).unwrap_or_else(|error| panic!("{error}: {octets}"));
    assert_eq!(comparable(by_roxmltree(independent.root_element())), signed, "by another parser: {octets}");
    let third = by_quick_xml(&octets).unwrap_or_else(|error| panic!("{error}: {octets}"));
    assert_eq!(comparable(third), signed, "by a third parser: {octets}");
    Ok(Some(signed))
}

/// An inclusive form gives its apex the `xml:` attributes of the elements around it, to which a view does not climb.
fn without_xml_attributes(mut apex: Seen) -> Seen {
    apex.attributes.retain(|(namespace, ..)| *namespace != SeenNamespace::of("http://www.w3.org/XML/1998/namespace"));
    apex
}

#[test]
fn of_every_signature_that_verifies_in_the_vectors() {
    let mut seen = 0;
    let read = |posted: &Posted| !matches!(posted.verify(), Err(Error::Decode(_) | Error::Xml(_)));
    for posted in posted().into_iter().filter(read) {
        let Some(xml) = posted.xml() else { continue };
        let document = roxmltree::Document::parse(&xml).expect("XML");
        let root = document.root_element();
        let below = root.children().filter(|child| child.is_element()).take(8).count();
        let paths = std::iter::once(vec![1]).chain((1..=below).map(|child| vec![1, child]));
        seen += paths.filter(|path| matches!(compared(&xml, path, &posted.keys), Ok(Some(_)))).count();
    }
    assert!(seen > 100, "{seen}");
}

/// The name of a comment for whose place a Signature is meant; the generator never writes it.
const PLACE: &str = "z";

#[test]
fn of_generated_documents() {
    let idp = TestIdp::new("urn:idp");
    let keys = idp.trusted_keys();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[8; 32]));
    let bytes = (vec(any::<u8>(), 0..400), vec(any::<u8>(), 0..600), any::<[u8; 4]>());
    let seen = std::cell::Cell::new(0);
    let result = runner.run(&bytes, |(model, style, choices)| {
        let mut document = Document::generate(&mut Entropy::new(&model));
        let choices = &mut Entropy::new(&choices);
        let Some(path) = reserve_place(&mut document, choices) else { return Ok(()) };
        let xml = with_known_namespaces(document.write(&mut Entropy::new(&style), Unused::Added));
        let signed = fill_place(&idp, &xml, &path, choices);
        match compared(&signed, &path, &keys) {
            Ok(Some(_)) => seen.set(seen.get() + 1),
            Err(Error::Signature(SignatureError::DuplicateId { .. })) => {}
            outcome => return Err(TestCaseError::fail(format!("{outcome:?}\n{signed}"))),
        }
        Ok(())
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
    assert_eq!(result, Ok(()));
    assert!(seen.get() > 200, "{}", seen.get());
}

/// Leaves a place for a Signature in an element with an ID; the path of that element.
fn reserve_place(document: &mut Document, choices: &mut Entropy<'_>) -> Option<Vec<usize>> {
    let count = document.identifiers().len();
    let mut skip = choices.below(count.clamp(1, 256));
    let mut path = vec![1];
    let place = Node::Comment(PLACE.to_owned());
    let element = nth_with_id(&mut document.root, &mut skip, &mut path)?;
    let at = choices.below(element.children.len() + 1);
    element.children.insert(at, place);
    Some(path)
}

fn nth_with_id<'d>(element: &'d mut Element, skip: &mut usize, path: &mut Vec<usize>) -> Option<&'d mut Element> {
    if element.attributes.iter().any(|attribute| attribute.name.to_string() == "ID") {
        if *skip == 0 {
            return Some(element);
        }
        *skip -= 1;
    }
    let children = element.children.iter_mut().filter_map(|child| match child {
        Node::Element(child) => Some(child),
        _ => None,
    });
    for (position, child) in (1..).zip(children) {
        path.push(position);
        if let Some(found) = nth_with_id(child, skip, path) {
            return Some(found);
        }
        path.pop();
    }
    None
}

/// Readers tell known namespaces from others, so some of the generator's become known.
fn with_known_namespaces(xml: String) -> String {
    xml.replace("urn:a\"", "urn:oasis:names:tc:SAML:2.0:assertion\"")
        .replace("urn:a'", "urn:oasis:names:tc:SAML:2.0:assertion'")
        .replace("urn:b", "urn:oasis:names:tc:SAML:2.0:protocol")
}

/// Signs the element at `path`, in which a place is left.
fn fill_place(idp: &TestIdp, xml: &str, path: &[usize], choices: &mut Entropy<'_>) -> String {
    let algorithms = [Algorithm::Exclusive10, Algorithm::Exclusive10, Algorithm::Inclusive10, Algorithm::Inclusive11];
    let algorithm = algorithms[choices.below(algorithms.len())];
    let prefix_list = choices.pick(&["", "p", "#default", "pq #default é", "unused P"]);
    let prefix_list = if algorithm.is_exclusive() { prefix_list } else { "" };
    let document =
        roxmltree::Document::parse(xml.trim_start_matches('\u{FEFF}')).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let child = |node: roxmltree::Node<'_, '_>, position: &usize| {
        node.children().filter(|node| node.is_element()).nth(position - 1).map(|node| node.id())
    };
    let mut at = document.root();
    for position in path {
        at = document.get_node(child(at, position).expect("an element at the path")).expect("a node");
    }
    let id = at.attribute("ID").expect("an element with an ID");
    xml.replace(&format!("<!--{PLACE}-->"), &sign(idp, xml, id, algorithm, prefix_list))
}

/// An element with the ID `x` and what is inside it; the place of its Signature is `<!--z-->`.
const INSIDE: &[(&str, Shown)] = &[
    ("<!--z--><b>1<!-- 2 -->3<!-- 4 --></b>", Shown::Child(Some("13"))),
    ("<b>1<!-- 2 -->3</b><!--z--><!-- 4 -->", Shown::Child(Some("13"))),
    ("<!--z--><b>1<![CDATA[<2>]]>&#51;</b>", Shown::Child(Some("1<2>3"))),
    ("<!--z--><b>\r\n&#13;\r</b>", Shown::Child(Some("\n\r\n"))),
    ("<!--z--><b>1<?p 2?>3</b>", Shown::Child(None)),
    ("<!--z--><b>1<c/>3</b>", Shown::Child(None)),
    ("<!--z--><b><?p?></b>", Shown::Child(None)),
    ("<!--z-->", Shown::Text(Some(""))),
    ("1<!--z-->2<!-- 3 -->", Shown::Text(Some("12"))),
    ("1<!--z--><?p?>", Shown::Text(None)),
];

/// What is left to see.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// One child, and its text.
    Child(Option<&'static str>),
    /// The text of the element itself.
    Text(Option<&'static str>),
}

#[test]
fn signature_and_comments_are_invisible_and_instructions_no_text() {
    let idp = TestIdp::new("urn:idp");
    for (inside, shown) in INSIDE {
        let xml = format!("<r><!-- before --><a ID=\"x\">{inside}</a></r>");
        // Whatever somebody hides below the Signature afterwards: KeyInfo is covered by nothing.
        let hidden = "<ds:KeyInfo><a ID=\"y\">evil</a></ds:KeyInfo></ds:Signature>";
        let signature = sign(&idp, &xml, "x", Algorithm::Exclusive10, "").replace("</ds:Signature>", hidden);
        let signed = compared(&xml.replace("<!--z-->", &signature), &[1, 1], &idp.trusted_keys());
        let signed = signed.unwrap_or_else(|error| panic!("{error}: {inside}")).expect("a Signature");
        match shown {
            Shown::Child(text) => {
                let texts: Vec<_> = signed.elements.iter().flatten().map(|child| child.text.as_deref()).collect();
                assert_eq!((texts, signed.has_elements), (vec![*text], true), "{inside}");
            }
            Shown::Text(text) => assert_eq!((signed.text.as_deref(), signed.has_elements), (*text, false), "{inside}"),
        }
        assert!(!format!("{signed:?}").contains("evil"), "{inside}");
    }
}

/// The twin of each row above: what is visible cannot be changed, what is not can.
#[test]
fn what_is_visible_is_what_was_signed() {
    let idp = TestIdp::new("urn:idp");
    let xml = "<r><a ID=\"x\" b=\"1\"><!--z--><b>2<!-- 3 --></b></a><a>4</a></r>";
    let signed = xml.replace("<!--z-->", &sign(&idp, xml, "x", Algorithm::Exclusive10, ""));
    let mismatch = || Err(Error::from(SignatureError::DigestMismatch { element: "element", clues: Box::default() }));
    for (from, to, outcome) in [
        ("b=\"1\"", "b=\"0\"", mismatch()),
        ("<b>2", "<b>0", mismatch()),
        ("<b>2", "<b><?p?>2", mismatch()),
        ("<b>2", "<b >2", Ok(true)),
        ("<!-- 3 -->", "<!-- 0 -->", Ok(true)),
        ("<!-- 3 -->", "", Ok(true)),
        ("<a>4", "<a>0", Ok(true)),
    ] {
        assert!(signed.contains(from), "{from}");
        let verdict = compared(&signed.replace(from, to), &[1, 1], &idp.trusted_keys());
        assert_eq!(verdict.map(|signed| signed.is_some()), outcome, "{from} -> {to}");
    }
}
