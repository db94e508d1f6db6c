//! Messages that are made to cost: each one construct, repeated, in a message whose signature is genuine wherever the construct
//! leaves that possible. So whoever is hit by them has met an identity provider that signs what its users wrote.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Extra, Key, Part, Workload};

/// A construct, and what becomes of messages full of it.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// How often it stands in the largest message.
    pub(crate) largest: usize,
    /// The form field with so many of it.
    pub(crate) field: fn(usize) -> String,
    /// The code of the refusal of the largest message; `None` where it is accepted.
    pub(crate) refusal: Option<&'static str>,
}

/// As many of each as make about a megabyte, or as the limits on nodes and attributes allow; of those that a limit refuses, as many as a megabyte or
/// the usual test of XML libraries has.
#[rustfmt::skip] // a table
pub(crate) const SHAPES: &[Shape] = &[
    shape("levels of elements in a value", 10_000, |n| value(&nested(n)), Some("limit_exceeded")),
    shape("attributes on one element", 3_000, |n| value(&format!("<x{}/>", attributes(n))), Some("limit_exceeded")),
    shape("unused namespace declarations", 3_000, |n| value(&format!("<x{}/>", declarations(n))), Some("limit_exceeded")),
    shape("used namespaces", 3_000, |n| value(&format!("<x{}>{}</x>", declarations(n), users(n))), Some("limit_exceeded")),
    shape("elements redeclaring 50 namespaces", 1_000, |n| value(&redeclaring(n)), Some("limit_exceeded")),
    shape("the same, as many as fit", 325, |n| value(&redeclaring(n)), None),
    shape("elements with an ID", 16_000, |n| value(&identified(n)), None),
    shape("values of one attribute", 8_000, |n| attribute(&"<saml:AttributeValue>v</saml:AttributeValue>".repeat(n)), None),
    shape("attributes of the user", 5_000, |n| message(&attributes_of_user(n)), None),
    shape("characters of NameID", 1_000_000, |n| name_id(&"a".repeat(n)), None),
    shape("characters of white space between elements", 1_000_000, |n| message(&" ".repeat(n)), None),
    shape("references `&amp;` in a value", 200_000, |n| value(&"&amp;".repeat(n)), None),
    shape("references `&#x41;` in a value", 160_000, |n| value(&"&#x41;".repeat(n)), None),
    shape("carriage returns in a value", 1_000_000, |n| value(&"\r".repeat(n)), None),
    shape("characters of one comment", 1_000_000, |n| value(&format!("<!--{}-->", "c".repeat(n))), None),
    shape("References in SignedInfo", 500, references, Some("signature_malformed")),
    shape("Signatures in Extensions", 480, |n| edited("<samlp:Status>", &format!("{}<samlp:Status>", extensions(n))), None),
    shape("Signatures in the Assertion", 480, |n| edited("<saml:Subject>", &format!("{}<saml:Subject>", signatures(n))), Some("several_signatures")),
    shape("tokens in a PrefixList", 480_000, |n| listing(&"z ".repeat(n)), Some("signature_malformed")),
    shape("the same, as many as fit", 2_040, |n| listing(&"z ".repeat(n)), Some("signature_invalid")),
    shape("Transforms", 5_000, transforms, Some("signature_malformed")),
    shape("certificates in KeyInfo", 8_000, |n| edited("<X509Data>", &format!("<X509Data>{}", CERTIFICATE.repeat(n))), None),
    shape("octets of a certificate beside a wrong signature", 700_000, |n| certificates(&[STANDARD.encode(vec![0x30; n])]), Some("untrusted_key")),
    shape("words of armor in 16 certificates", 6_400, |n| certificates(&vec!["BEGIN".repeat(n); 16]), Some("untrusted_key")),
    shape("words of armor behind the dashes of one", 6_400, |n| certificates(&[format!("-----{}", "END".repeat(n))]), Some("untrusted_key")),
    shape("elements with attributes of 48 long namespaces", 2_000, |n| value(&scattered(n)), Some("limit_exceeded")),
    shape("the same, as many as fit", 330, |n| value(&scattered(n)), None),
    shape("attributes of 56 prefixes, each of another name", 60_000, |n| value(&prefixed(n)), Some("limit_exceeded")),
    shape("the same, as many as fit", 16_080, |n| value(&prefixed(n)), None),
    shape("declarations of 50 long namespaces", 900, |n| value(&declared(n, &"n".repeat(480))), None),
    shape("bytes of garbage in base64", 1_000_000, |n| STANDARD.encode(garbage(n)), Some("not_utf8")),
    shape("characters of base64 before one that is not", 1_000_000, |n| "A".repeat(n) + "!", Some("invalid_base64")),
];

/// Those that make a node of the tree of every few bytes, up to the limit on nodes.
#[rustfmt::skip] // a table
pub(crate) const DENSE: &[Shape] = &[
    shape("elements in one value", 70_000, |n| value(&"<x/>".repeat(n)), Some("limit_exceeded")),
    shape("the same, as many as the limit allows", 16_000, |n| value(&"<x/>".repeat(n)), None),
    shape("declarations of 50 short namespaces", 16_000, |n| value(&declared(n, "")), None),
    shape("comments in a value", 120_000, |n| value(&"a<!---->".repeat(n)), Some("limit_exceeded")),
    shape("the same, as many as the limit allows", 8_000, |n| value(&"a<!---->".repeat(n)), None),
];

const fn shape(name: &'static str, largest: usize, field: fn(usize) -> String, refusal: Option<&'static str>) -> Shape {
    Shape { name, largest, field, refusal }
}

fn signed(extra: &Extra) -> String {
    Workload::new("hostile", extra, Part::Assertion, Key::Rsa).field
}

fn name_id(markup: &str) -> String {
    signed(&Extra { name_id: Some(markup.to_owned()), ..Extra::default() })
}

/// With that in its AttributeStatement.
fn message(markup: &str) -> String {
    signed(&Extra { attributes: markup.to_owned(), ..Extra::default() })
}

fn attribute(values: &str) -> String {
    message(&format!("<saml:Attribute Name=\"hostile\">{values}</saml:Attribute>"))
}

fn value(content: &str) -> String {
    attribute(&format!("<saml:AttributeValue>{content}</saml:AttributeValue>"))
}

/// Changed after it was signed.
fn edited(from: &str, to: &str) -> String {
    let xml = super::w1().xml;
    assert_eq!(xml.matches(from).count(), 1, "{from}");
    STANDARD.encode(xml.replace(from, to))
}

fn nested(levels: usize) -> String {
    "<x>".repeat(levels) + &"</x>".repeat(levels)
}

fn numbered(count: usize, mut one: impl FnMut(&mut String, usize) -> std::fmt::Result) -> String {
    let mut all = String::new();
    (0..count).try_for_each(|number| one(&mut all, number)).expect("room");
    all
}

/// In the order of their names, backwards.
fn attributes(count: usize) -> String {
    numbered(count, |all, number| write!(all, " a{:05}=\"\"", count - number))
}

fn declarations(count: usize) -> String {
    numbered(count, |all, number| write!(all, " xmlns:n{:05}=\"urn:n{number}\"", count - number))
}

fn users(count: usize) -> String {
    numbered(count, |all, number| write!(all, "<n{:05}:u/>", count - number))
}

/// Each binds the prefixes to other namespaces than the one around it, and uses them.
fn redeclaring(count: usize) -> String {
    let element = |turn: usize| {
        let declared = numbered(50, |all, number| write!(all, " xmlns:p{number}=\"u:{}\"", (number + turn) % 50));
        format!("<x{declared}><p1:y/></x>")
    };
    let pair = [element(0), element(1)];
    numbered(count, |all, number| all.write_str(&pair[number % 2]))
}

/// So many elements with an attribute in each of 48 namespaces, whose names differ in their last characters alone. No two are alike,
/// so that each is read.
fn scattered(count: usize) -> String {
    let long = "n".repeat(1000);
    let declared = numbered(48, |all, number| write!(all, " xmlns:q{number:02}=\"urn:{long}{number:02}\""));
    let used = numbered(48, |all, number| write!(all, " q{:02}:a=\"\"", 47 - number));
    let elements = numbered(count, |all, number| write!(all, "<y n{number}=\"\"{used}/>"));
    format!("<w{declared}><x{used}>{elements}</x></w>")
}

/// So many attributes, sixty on an element, of 56 prefixes and more names than are known again.
fn prefixed(count: usize) -> String {
    let declared = numbered(56, |all, number| write!(all, " xmlns:q{number:02}=\"urn:{number}\""));
    let used = numbered(56, |all, number| write!(all, " q{number:02}:a=\"\""));
    let elements = numbered(count.div_ceil(60), |all, element| {
        let own = numbered(60, |all, number| write!(all, " q{:02}:b{}=\"\"", number % 56, 60 * element + number));
        write!(all, "<y{own}/>")
    });
    format!("<w{declared}><x{used}>{elements}</x></w>")
}

/// So many elements that declare one of fifty namespaces, whose names have so much before and behind what they differ in.
fn declared(count: usize, around: &str) -> String {
    numbered(count, |all, number| write!(all, "<y xmlns:q=\"urn:{around}{:02}{around}\"/>", number % 50))
}

fn identified(count: usize) -> String {
    numbered(count, |all, number| write!(all, "<x ID=\"i{:05}\"/>", count - number))
}

fn attributes_of_user(count: usize) -> String {
    numbered(count, |all, number| {
        let value = "<saml:AttributeValue>v</saml:AttributeValue>";
        write!(all, "<saml:Attribute Name=\"n{number}\">{value}</saml:Attribute>")
    })
}

fn references(count: usize) -> String {
    let xml = super::w1().xml;
    let end = "</Reference>";
    let start = xml.find("<Reference ").expect("a Reference");
    let behind = xml.find(end).expect("a Reference") + end.len();
    let reference = &xml[start..behind];
    STANDARD.encode(xml.replacen(reference, &reference.repeat(count), 1))
}

/// With that PrefixList for the SignedInfo, and 48 prefixes to find in it.
fn listing(list: &str) -> String {
    let method = "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"";
    let declared = numbered(48, |all, number| write!(all, " xmlns:q{number:02}=\"urn:q{number}\""));
    let listed =
        format!("<InclusiveNamespaces xmlns=\"http://www.w3.org/2001/10/xml-exc-c14n#\"{declared} PrefixList=\"{list}\"/>");
    edited(&format!("{method}/>"), &format!("{method}>{listed}</CanonicalizationMethod>"))
}

fn transforms(count: usize) -> String {
    let exclusive = "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    edited(exclusive, &exclusive.repeat(count))
}

const CERTIFICATE: &str = "<X509Certificate>AAAA</X509Certificate>";

/// One that nobody trusts, of so many octets: what the error shows of it is a digest.
/// A message whose SignedInfo is not the signed one, with those certificates in KeyInfo.
fn certificates(shown: &[String]) -> String {
    let xml = super::w1().xml;
    let shown: String = shown.iter().map(|text| format!("<X509Certificate>{text}</X509Certificate>")).collect();
    let (before, behind) = xml.split_once("<X509Certificate>").expect("a certificate");
    let (_, behind) = behind.split_once("</X509Data>").expect("a certificate");
    STANDARD.encode(format!("{before}{shown}</X509Data>{behind}").replace("<SignedInfo>", "<SignedInfo a=\"\">"))
}

fn signatures(count: usize) -> String {
    let xml = super::w1().xml;
    let end = "</Signature>";
    let start = xml.find("<Signature ").expect("a Signature");
    let behind = xml.find(end).expect("a Signature") + end.len();
    xml[start..behind].repeat(count)
}

fn extensions(count: usize) -> String {
    format!("<samlp:Extensions>{}</samlp:Extensions>", signatures(count))
}

/// Bytes without a pattern, the same every time: xorshift64.
fn garbage(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..count).map(next).collect()
}
