//! Where roxmltree, the second parser of the target `xml`, does not agree with this crate. Everything else is a finding; so is a row
//! whose example both have come to judge alike.

use saml_verify::{XmlError, XmlErrorKind};

/// The rule, or the section, that this crate enforces and roxmltree does not; a text that documents have in which it does not, empty where it never
/// does; and a document that breaks it.
pub(crate) const THEY_TAKE: &[(&str, &str, &str)] = &[
    ("encoding_mismatch", "encoding", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>"),
    // It does not read the XML declaration, nor minds where it stands.
    ("XML 1.0 section 2.8", "<?xml", "<?xml version='1.1'?><a/>"),
    ("XML 1.0 section 2.8", "<?xml", "<?xml version='1.0' standalone='YES'?><a/>"),
    ("XML 1.0 section 2.8", "<?xml", "<?a?><?xml?><a/>"),
    ("XML 1.0 section 2.8", "<?", "<a><?XML x?></a>"),
    ("a processing instruction without a legal target", "<?", "<a><?p:q x?></a>"),
    ("a reference to something that is no character and no predefined entity", "&#", "<a>&#xD83D;</a>"),
    ("an element name that is no qualified name", "<:", "<:a/>"),
    ("an end tag that does not match its start tag", "</:", "<a></:a>"),
    ("an attribute name that is no qualified name", " :", "<a :b='c'/>"),
    ("an attribute name that is no qualified name", "\t:", "<a\t:b='c'/>"),
    ("an attribute name that is no qualified name", "\n:", "<a\n:b='c'/>"),
    ("an attribute name that is no qualified name", "\r:", "<a\r:b='c'/>"),
    ("an attribute twice on one element", "xmlns=", "<a xmlns='urn:x' xmlns='urn:y'/>"),
    ("a prefix that no declaration in scope binds", ":xmlns", "<a p:xmlns='urn:x'/>"),
    ("a prefix is bound to no namespace", "xmlns:", "<a xmlns:p=''/>"),
    ("the prefix `xmlns` is declared", "xmlns:xmlns", "<a xmlns:xmlns='urn:x'/>"),
];

/// What roxmltree says, and a document that it says it of.
pub(crate) const THEY_REFUSE: &[(&str, &str)] = &[("an unknown namespace prefix 'xml'", "<xml:a/>")];

/// A text that documents have which roxmltree takes for another tree, and such a document.
pub(crate) const THEY_SEE_OTHERWISE: &[(&str, &str)] = &[
    // XML 1.0 section 2.11: a carriage return before a reference is a line end like any other.
    ("\r&", "<a>\r&#65;</a>"),
    // And behind one.
    (";\r<", "<a>&gt;\r</a>"),
    // Namespaces in XML 1.0 section 3: an attribute with a prefix declares nothing, whatever its local name.
    (":xmlns", "<a xmlns:p='urn:x' p:xmlns='urn:y'/>"),
];

/// Whether a row of [`THEY_TAKE`] is about that error.
pub(crate) fn is_of(error: &XmlError, known: &str) -> bool {
    match &error.kind {
        XmlErrorKind::NotWellFormed { rule, section } | XmlErrorKind::Namespace { rule, section } => {
            [rule, section].contains(&&known)
        }
        _ => saml_verify::Error::from(error.clone()).code() == known,
    }
}

/// The limits are this crate's own, and a parser without them is no second opinion on them.
pub(crate) fn they_may_take(error: &XmlError, text: &str) -> bool {
    matches!(error.kind, XmlErrorKind::LimitExceeded { .. } | XmlErrorKind::DocumentTooLarge { .. })
        || THEY_TAKE.iter().any(|(known, where_it_says, _)| is_of(error, known) && text.contains(where_it_says))
}

pub(crate) fn they_may_see_otherwise(text: &str) -> bool {
    THEY_SEE_OTHERWISE.iter().any(|(known, _)| text.contains(known))
}

pub(crate) fn they_may_refuse(error: &roxmltree::Error) -> bool {
    THEY_REFUSE.iter().any(|(known, _)| error.to_string().contains(known))
}
