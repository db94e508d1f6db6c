//! Elements by their names, and text as it may be shown.

use std::fmt;

use saml_verify::inspect::UnverifiedElement;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";

/// Of what a message can have any number of, as much as anybody reads.
pub(super) const MOST: usize = 16;

pub(super) fn is(element: UnverifiedElement<'_>, namespace: &str, name: &str) -> bool {
    element.local_name() == name && element.namespace() == namespace
}

/// The children of that name.
pub(super) fn children<'d>(
    parent: UnverifiedElement<'d>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = UnverifiedElement<'d>> {
    parent.elements().filter(move |child| is(*child, namespace, name))
}

/// The first child of that name.
pub(super) fn child<'d>(
    parent: UnverifiedElement<'d>,
    namespace: &'static str,
    name: &'static str,
) -> Option<UnverifiedElement<'d>> {
    children(parent, namespace, name).next()
}

/// The element and all below it in document order, each with its parent.
pub(super) fn all(root: UnverifiedElement<'_>) -> impl Iterator<Item = (Option<UnverifiedElement<'_>>, UnverifiedElement<'_>)> {
    let mut waiting = vec![(None, root)];
    std::iter::from_fn(move || {
        let next = waiting.pop()?;
        let first = waiting.len();
        waiting.extend(next.1.elements().map(|child| (Some(next.1), child)));
        if let Some(children) = waiting.get_mut(first..) {
            children.reverse();
        }
        Some(next)
    })
}

/// The text of a child, or of an attribute, as it may be shown.
pub(super) fn shown(text: &str) -> String {
    /// Whoever wrote a message may have written a book.
    const LONGEST: usize = 256;
    let mut cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

pub(super) fn text_of(element: UnverifiedElement<'_>) -> Option<String> {
    element.text().map(|text| shown(text.trim()))
}

/// Whether what a message says of a person is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Privacy {
    Hidden,
    Shown,
}

/// Text that may be about a person. Only what is to be shown is kept.
pub(super) enum Text {
    Hidden { characters: usize },
    Shown(String),
}

impl Text {
    pub(super) fn personal(text: &str, privacy: Privacy) -> Self {
        match privacy {
            Privacy::Hidden => Self::Hidden { characters: text.chars().count() },
            Privacy::Shown => Self::Shown(shown(text)),
        }
    }

    /// What an element holds: its text, or of other elements the text of all of them.
    pub(super) fn of(element: UnverifiedElement<'_>, privacy: Privacy) -> Self {
        match element.text() {
            Some(text) => Self::personal(&text, privacy),
            None => {
                let parts: Vec<_> = all(element).filter_map(|(_, part)| part.text()).collect();
                Self::personal(&parts.join(" "), privacy)
            }
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden { characters } => write!(f, "[hidden: {characters} characters]"),
            Self::Shown(text) => f.write_str(text),
        }
    }
}

/// A string, or an object that says how long it is.
impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Shown(text) => serializer.serialize_str(text),
            Self::Hidden { characters } => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("hidden_characters", characters)?;
                map.end()
            }
        }
    }
}
