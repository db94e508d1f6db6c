//! What a message says of its user, and the forms in which a log could show it.

use std::fmt::{Debug, Display};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What of a message no log may show: the values of its user, the message, and the keys beside it.
#[derive(Debug)]
pub(crate) struct Personal {
    /// NameIDs and attribute values, each in every way in which it could be written.
    values: Vec<Written>,
    xml: String,
    /// The XML in the debug form of bytes.
    listed: String,
    /// Long base64: the message, the certificates of the connection and of the message, its signature values.
    base64: Vec<String>,
}

/// A value as it could be written.
#[derive(Debug)]
struct Written {
    /// As it is, as debug forms escape it, and what base64 makes of it wherever it stands in what is encoded.
    forms: Vec<String>,
    /// As debug forms list its bytes.
    listed: String,
}

impl Personal {
    /// Of a message, its row in a manifest, and the PEM files beside it.
    pub(crate) fn of(case: &Value, xml: String, keys: impl IntoIterator<Item = String>) -> Self {
        Self::new(&values(case, &xml), xml, keys)
    }

    pub(crate) fn new(values: &[String], xml: String, keys: impl IntoIterator<Item = String>) -> Self {
        let keys = keys.into_iter().map(|pem| pem.lines().filter(|line| !line.starts_with("-----")).collect());
        let in_message = ["X509Certificate", "Modulus", "SignatureValue"].into_iter().flat_map(|name| contents(&xml, name));
        let base64 = keys.chain(in_message).map(|text: String| text.split_ascii_whitespace().collect());
        Self {
            values: values.iter().map(|value| written(value)).collect(),
            base64: base64.chain([STANDARD.encode(&xml)]).collect(),
            listed: listed(&xml.as_bytes()[..xml.len().min(16)]),
            xml,
        }
    }

    /// Whether the message says something of a user.
    pub(crate) fn is_there(&self) -> bool {
        !self.values.is_empty()
    }

    /// What of it the text shows.
    pub(crate) fn shown_in(&self, text: &str) -> Option<String> {
        let written = |value: &&Written| value.forms.iter().any(|form| text.contains(form)) || lists(text, &value.listed);
        let value = self.values.iter().find(written).map(|value| value.forms[0].clone());
        value.or_else(|| Some(self.listed.clone()).filter(|listed| lists(text, listed))).or_else(|| self.quoted_in(text))
    }

    fn quoted_in(&self, text: &str) -> Option<String> {
        let quoted = |at: usize| text.get(at..at + MARKUP).filter(|piece| self.xml.contains(piece));
        let markup = text.match_indices('<').find_map(|(at, _)| quoted(at));
        let runs = text.as_bytes().split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')));
        let mut pieces = runs.flat_map(|run| run.chunks_exact(RUN)).filter_map(|piece| std::str::from_utf8(piece).ok());
        let encoded = || pieces.find(|piece| self.base64.iter().any(|text| text.contains(piece)));
        markup.or_else(encoded).map(str::to_owned)
    }
}

/// Whether the text has these bytes as debug forms list them, on one line or on many.
fn lists(text: &str, listed: &str) -> bool {
    let first = listed.split_inclusive(',').next().unwrap_or_default();
    !first.is_empty() && text.contains(first) && text.split_ascii_whitespace().collect::<String>().contains(listed)
}

/// So many bytes of markup are a quotation.
const MARKUP: usize = 24;
/// So many characters of base64 are no coincidence.
const RUN: usize = 24;
/// Shorter values are words like any other; of longer ones an error could show the beginning.
const LENGTHS: std::ops::RangeInclusive<usize> = 6..=40;

/// What a message or its manifest row says of the user, but for what the connection says as well.
fn values(case: &Value, xml: &str) -> Vec<String> {
    let mut found = vec![case["name_id"].clone(), case["must_not_name_id"].clone(), case["safe_name_id"].clone()];
    for attribute in case["attributes"].as_array().into_iter().flatten() {
        found.extend(attribute["values"].as_array().into_iter().flatten().cloned());
    }
    for values in case["attributes"].as_object().into_iter().flat_map(|attributes| attributes.values()) {
        found.extend(values.as_array().into_iter().flatten().cloned());
    }
    let mut found: Vec<String> = found.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    // Also of what another parser refuses, the first piece of each text.
    found.extend(["NameID", "AttributeValue"].into_iter().flat_map(|name| contents(xml, name)));
    // Of huge documents the pieces will do.
    if let Some(document) = Some(xml).filter(|xml| xml.len() < 100_000).and_then(|xml| roxmltree::Document::parse(xml).ok()) {
        for node in document.descendants().filter(|node| ["NameID", "AttributeValue"].contains(&node.tag_name().name())) {
            let pieces = node.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text());
            found.extend(pieces.clone().map(str::to_owned));
            found.push(pieces.collect());
        }
    }
    let cut = |value: &String| value.trim().chars().take(*LENGTHS.end()).collect::<String>();
    found = found.iter().map(cut).filter(|value| value.chars().count() >= *LENGTHS.start()).collect();
    let configured = ["idp_entity_id", "sp_entity_id", "audience", "acs_url", "slo_url", "in_response_to"];
    let configured: Vec<&str> = configured.iter().filter_map(|field| case[*field].as_str()).collect();
    found.retain(|value| !configured.iter().any(|known| known.contains(value.as_str())));
    found.sort();
    found.dedup();
    found
}

/// What stands in each element of that local name, up to the next tag.
fn contents(xml: &str, name: &str) -> Vec<String> {
    let starts = xml.split('<').filter_map(|piece| piece.split_once('>'));
    let named = starts.filter(|(tag, _)| {
        let qualified = tag.split_ascii_whitespace().next().unwrap_or_default();
        qualified.rsplit(':').next() == Some(name) && !tag.starts_with('/')
    });
    named.map(|(_, text)| text.to_owned()).collect()
}

fn written(value: &str) -> Written {
    let encoded = |before: usize| {
        let text = STANDARD.encode([&[0; 2][..before], value.as_bytes()].concat());
        text[(before * 4).div_ceil(3)..(before + value.len()) * 4 / 3].to_owned()
    };
    let mut forms = vec![value.to_owned(), value.escape_debug().to_string(), encoded(0), encoded(1), encoded(2)];
    forms.dedup();
    Written { forms, listed: listed(value.as_bytes()) }
}

fn listed(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

/// Every form in which something reaches a log by a formatter.
pub(crate) fn debug_forms(value: &dyn Debug) -> [String; 2] {
    [format!("{value:?}"), format!("{value:#?}")]
}

/// As [`debug_forms`], and for people.
pub(crate) fn forms(value: &(impl Debug + Display)) -> [String; 4] {
    [format!("{value}"), format!("{value:#}"), format!("{value:?}"), format!("{value:#?}")]
}

/// The forms of an error and of everything that it names as its source.
pub(crate) fn error_forms(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.flat_map(|error| [format!("{error}"), format!("{error:#}"), format!("{error:?}"), format!("{error:#?}")]).collect()
}
