//! Structural edits of messages, as an attacker makes them who holds genuine ones: a program of them, read from the fuzzer's bytes.
//!
//! Elements are found with roxmltree; where an edit left no well-formed document, only the raw one goes on.

use std::ops::Range;

use saml_verify::canonical::Algorithm;
use saml_verify::internals;
use saml_verify::test_idp::TestIdp;

/// The fuzzer's bytes, as choices.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl<'a> Choices<'a> {
    /// `None` once there are no more.
    fn byte(&mut self) -> Option<usize> {
        self.octet().map(usize::from)
    }

    pub(crate) fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.byte()? % from.len().max(1))
    }

    pub(crate) fn octet(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// A short text of the fuzzer's own.
    fn text(&mut self) -> Option<&'a str> {
        let len = (self.byte()? % 16).min(self.0.len());
        let (text, rest) = self.0.split_at(len);
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

const NAMES: [&str; 14] = [
    "samlp:Response",
    "saml:Assertion",
    "saml:Subject",
    "saml:NameID",
    "saml:Attribute",
    "saml:AttributeValue",
    "saml:Advice",
    "saml:Issuer",
    "samlp:Extensions",
    "samlp:StatusDetail",
    "ds:Signature",
    "ds:Object",
    "ds:SignedInfo",
    "x",
];
const PREFIXES: [&str; 5] = ["", ":saml", ":samlp", ":ds", ":x"];
const NAMESPACES: [&str; 6] = [
    "",
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:oasis:names:tc:SAML:2.0:protocol",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "urn:x",
];
const ATTRIBUTES: [&str; 9] = ["ID", "Id", "id", "xml:id", "URI", "Algorithm", "PrefixList", "InResponseTo", "Recipient"];
const VALUES: [&str; 9] = [
    "",
    "_assertion",
    "#_assertion",
    "_response",
    "#_response",
    "_x",
    "#_x",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
];
const FRAGMENTS: [&str; 10] =
    ["<!---->", "<!-->-->", "<?x?>", "<![CDATA[]]>", "<![CDATA[x]]>", "&#65;", "&amp;", "\n", "</x>", "<!DOCTYPE x>"];

/// Applies edits to `xml` until the choices end. `others` is what can be copied from, `attacker` a key that nobody trusts.
pub(crate) fn edited(xml: &str, others: &[String], attacker: &TestIdp, choices: &mut Choices<'_>) -> String {
    let mut xml = xml.to_owned();
    // Whatever the fuzzer wants beyond that, it can have with fewer.
    for _ in 0..16 {
        match edit(&xml, others, attacker, choices) {
            Some(changed) => xml = changed,
            None if choices.0.is_empty() => break,
            None => {}
        }
    }
    xml
}

fn edit(xml: &str, others: &[String], attacker: &TestIdp, choices: &mut Choices<'_>) -> Option<String> {
    let kind = choices.byte()? % 12;
    if kind == 0 {
        let at = |choices: &mut Choices<'_>| Some((choices.byte()? << 8 | choices.byte()?) % (xml.len() + 1));
        let start = at(choices)?;
        let end = (start + choices.byte()?).min(xml.len());
        return splice(xml, start..end, choices.text()?);
    }
    let document = roxmltree::Document::parse(xml).ok()?;
    let elements: Vec<_> = document.descendants().filter(roxmltree::Node::is_element).collect();
    let element = *choices.pick(&elements)?;
    let range = element.range();
    let written = &xml[range.clone()];
    match kind {
        1 => splice(xml, place(element, choices)?, copied(others, choices)?.as_str()),
        2 => splice(xml, range, ""),
        3 => {
            let name = choices.pick(&NAMES)?;
            splice(xml, range, &format!("<{name}{}>{written}</{name}>", declared(choices)?))
        }
        4 => {
            let name = choices.pick(&NAMES)?;
            splice(xml, range, &renamed(written, name))
        }
        5 => {
            let (name, value) = (choices.pick(&ATTRIBUTES)?, choices.pick(&VALUES)?);
            match element.attributes().find(|attribute| attribute.name() == *name) {
                Some(attribute) => splice(xml, attribute.range(), &format!("{name}=\"{value}\"")),
                None => splice(xml, behind_name(xml, element), &format!(" {name}=\"{value}\"")),
            }
        }
        6 => splice(xml, behind_name(xml, element), &declared(choices)?),
        7 => {
            let text = element.children().find(roxmltree::Node::is_text)?.range();
            let at = text.start + choices.byte()? % (text.len() + 1);
            splice(xml, at..at, choices.pick(&FRAGMENTS)?)
        }
        8 => splice(xml, element.children().find(roxmltree::Node::is_text)?.range(), choices.text()?),
        // The same document's element somewhere else; the first one stays or goes.
        9 => {
            let target = *choices.pick(&elements)?;
            let place = place(target, choices)?;
            let moved = splice(xml, place.clone(), written)?;
            let goes = choices.byte()? % 2 == 0 && place.start >= range.end;
            if goes { splice(&moved, range, "") } else { Some(moved) }
        }
        10 => splice(xml, place(element, choices)?, choices.pick(&FRAGMENTS)?),
        _ => {
            let id = element.attribute("ID")?;
            let unique = elements.iter().filter(|other| other.attribute("ID") == Some(id)).count() == 1;
            internals::parse(xml.as_bytes(), &saml_verify::Limits::DEFAULT).ok().filter(|()| unique)?;
            let signature = internals::sign(attacker, xml, id, Algorithm::Exclusive10, "");
            let issuer = element.children().find(|child| child.has_tag_name("Issuer")).map(|issuer| issuer.range().end);
            let at = issuer.unwrap_or(inner(element)?.start);
            splice(xml, at..at, &signature)
        }
    }
}

/// An element of another message.
fn copied(others: &[String], choices: &mut Choices<'_>) -> Option<String> {
    let other = choices.pick(others)?;
    let document = roxmltree::Document::parse(other).ok()?;
    let elements: Vec<_> = document.descendants().filter(roxmltree::Node::is_element).collect();
    Some(other[choices.pick(&elements)?.range()].to_owned())
}

/// Before, behind or instead of an element, or at the start or end of its content.
fn place(element: roxmltree::Node<'_, '_>, choices: &mut Choices<'_>) -> Option<Range<usize>> {
    let range = element.range();
    Some(match choices.byte()? % 5 {
        0 => range.start..range.start,
        1 => range.end..range.end,
        2 => range,
        3 => inner(element)?.start..inner(element)?.start,
        _ => inner(element)?.end..inner(element)?.end,
    })
}

/// What stands between the tags, if there are two.
fn inner(element: roxmltree::Node<'_, '_>) -> Option<Range<usize>> {
    Some(element.first_child()?.range().start..element.last_child()?.range().end)
}

fn behind_name(xml: &str, element: roxmltree::Node<'_, '_>) -> Range<usize> {
    let start = element.range().start;
    let len = xml[start..].find([' ', '\t', '\r', '\n', '/', '>']).unwrap_or_default();
    start + len..start + len
}

fn declared(choices: &mut Choices<'_>) -> Option<String> {
    Some(format!(" xmlns{}=\"{}\"", choices.pick(&PREFIXES)?, choices.pick(&NAMESPACES)?))
}

/// The element with another name in both of its tags.
fn renamed(written: &str, name: &str) -> String {
    let old = written[1..].split([' ', '\t', '\r', '\n', '/', '>']).next().unwrap_or_default();
    let start = format!("<{name}{}", &written[1 + old.len()..]);
    match start.strip_suffix(&format!("</{old}>")) {
        Some(open) => format!("{open}</{name}>"),
        None => start,
    }
}

fn splice(xml: &str, range: Range<usize>, text: &str) -> Option<String> {
    Some([xml.get(..range.start)?, text, xml.get(range.end..)?].concat())
}
