//! A third parser's view of a document, in the form of the first one's: for comparing them.
//!
//! quick-xml is a tokenizer. It says what is a tag, text, a reference or an attribute, and what the values are. What belongs to what, and
//! which namespace a prefix stands for, is put together here, from normalised values.

use std::collections::BTreeSet;
use std::error::Error;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use saml_verify::Limits;
use saml_verify::internals::{Seen, SeenNamespace, see};

use super::second::NO_ATTRIBUTES;

/// Whether quick-xml reads a document that this crate takes as the same tree; else what it says, or sees.
///
/// # Errors
///
/// Where it does not. There are no known differences.
pub(crate) fn reads_the_same(text: &str) -> Result<(), String> {
    let theirs = by_quick_xml(text).map_err(|error| format!("taken, and quick-xml says {error}: {text:?}"))?;
    let mut names = BTreeSet::from(NO_ATTRIBUTES);
    names_of(&theirs, &mut names);
    let names: Vec<&str> = names.into_iter().collect();
    let ours = see(text.as_bytes(), &names, &Limits::DEFAULT);
    if ours.as_ref() == Ok(&theirs) { Ok(()) } else { Err(format!("{text:?}: {ours:?}, and quick-xml sees {theirs:?}")) }
}

/// What readers should see of the document element, by quick-xml.
///
/// # Errors
///
/// Where quick-xml takes something for broken, or the document is none that this crate should have taken.
pub(crate) fn by_quick_xml(text: &str) -> Result<Seen, Box<dyn Error>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let mut bindings = vec![("xml".to_owned(), "http://www.w3.org/XML/1998/namespace".to_owned())];
    // The document, and below it the open elements.
    let mut open = vec![Open::default()];
    loop {
        let inner = open.last_mut().ok_or("more end tags than start tags")?;
        match reader.read_event()? {
            Event::Start(tag) => open.push(Open::element(&tag, &mut bindings)?),
            Event::Empty(tag) => {
                let element = Open::element(&tag, &mut bindings)?;
                inner.add(element.close(&mut bindings));
            }
            Event::End(_) => {
                let element = open.pop().ok_or("an end tag without its start tag")?.close(&mut bindings);
                open.last_mut().ok_or("an end tag outside the root element")?.add(element);
            }
            Event::Text(text) => inner.run.push_str(&text.xml10_content()),
            Event::CData(text) => inner.run.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref()? {
                Some(c) => inner.run.push(c),
                None => inner.run.push_str(resolve_xml_entity(&reference).ok_or("an unknown entity")?),
            },
            Event::PI(_) => inner.add_instruction(),
            Event::Comment(_) | Event::Decl(_) => {}
            Event::DocType(_) => return Err("a document type declaration".into()),
            Event::Eof => break,
        }
    }
    let [Open { mut elements, .. }] = <[Open; 1]>::try_from(open).map_err(|_| "an open element")?;
    elements.retain(Option::is_some);
    let [root] = <[Option<Seen>; 1]>::try_from(elements).map_err(|_| "not one root element")?;
    root.ok_or_else(|| "no root element".into())
}

/// Every local name of an attribute.
fn names_of<'s>(seen: &'s Seen, names: &mut BTreeSet<&'s str>) {
    names.extend(seen.attributes.iter().map(|(_, name, _)| name.as_str()));
    seen.elements.iter().flatten().for_each(|child| names_of(child, names));
}

/// An element whose end tag has not come yet.
#[derive(Default)]
struct Open {
    qualified_name: String,
    namespace: Option<String>,
    attributes: Vec<(SeenNamespace, String, String)>,
    /// How many bindings there were around it.
    around: usize,
    elements: Vec<Option<Seen>>,
    has_instructions: bool,
    /// All of its text, and what of it no element or instruction follows yet.
    text: String,
    run: String,
}

impl Open {
    fn element(tag: &BytesStart<'_>, bindings: &mut Vec<(String, String)>) -> Result<Self, Box<dyn Error>> {
        let around = bindings.len();
        let mut written = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute?;
            let value = attribute.normalized_value_with(XmlVersion::Explicit1_0, 1, resolve_xml_entity)?.into_owned();
            match attribute.key.as_ref() {
                "xmlns" => bindings.push((String::new(), value)),
                name => match name.split_once(':') {
                    Some(("xmlns", prefix)) => bindings.push((prefix.to_owned(), value)),
                    _ => written.push((name.to_owned(), value)),
                },
            }
        }
        let bound = |prefix: &str| bindings.iter().rfind(|(bound, _)| bound == prefix).map(|(_, name)| name.clone());
        let qualified_name = tag.name().as_ref().to_owned();
        let namespace = match qualified_name.split_once(':') {
            Some((prefix, _)) => Some(bound(prefix).ok_or("an undeclared prefix")?),
            None => bound(""),
        };
        let resolved = written.into_iter().map(|(name, value)| match name.split_once(':') {
            Some((prefix, local)) => Ok((bound(prefix).ok_or("an undeclared prefix")?, local.to_owned(), value)),
            None => Ok((String::new(), name, value)),
        });
        let attributes = as_readers_tell_them_apart(resolved.collect::<Result<_, &str>>()?);
        Ok(Self { qualified_name, namespace, attributes, around, ..Self::default() })
    }

    /// White space is passed over; comments divide no text.
    fn end_run(&mut self) {
        if !self.run.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            self.elements.push(None);
        }
        self.text.push_str(&std::mem::take(&mut self.run));
    }

    fn add(&mut self, child: Seen) {
        self.end_run();
        self.elements.push(Some(child));
    }

    fn add_instruction(&mut self) {
        self.end_run();
        self.elements.push(None);
        self.has_instructions = true;
    }

    fn close(mut self, bindings: &mut Vec<(String, String)>) -> Seen {
        self.end_run();
        bindings.truncate(self.around);
        self.elements.dedup_by(|one, other| one.is_none() && other.is_none());
        let has_elements = self.elements.iter().any(Option::is_some);
        Seen {
            qualified_name: self.qualified_name,
            namespace: SeenNamespace::of(&self.namespace.unwrap_or_default()),
            attributes: self.attributes,
            has_elements,
            text: (!has_elements && !self.has_instructions).then_some(self.text),
            elements: self.elements,
        }
    }
}

/// Readers cannot tell two unknown namespaces apart: of two attributes of one name they are given the one whose namespace sorts first.
fn as_readers_tell_them_apart(mut written: Vec<(String, String, String)>) -> Vec<(SeenNamespace, String, String)> {
    written.sort();
    let mut attributes: Vec<(SeenNamespace, String, String)> = Vec::new();
    for (namespace, name, value) in written {
        let namespace = SeenNamespace::of(&namespace);
        if !attributes.iter().any(|(known, other, _)| (*known, other) == (namespace, &name)) {
            attributes.push((namespace, name, value));
        }
    }
    attributes.sort();
    attributes
}
