//! The view for what has to be read before or without trust.

use std::borrow::Cow;

use super::canonical::append_content;
use super::document::{Cursor, Document};
use super::{Namespace, View};
use crate::error::{Position, StructureError};

/// An element that nobody vouches for.
///
/// For the envelope of a message, for finding the signature, for routing, for metadata that the caller obtained safely, and
/// for showing what a message says. No login is ever made of it: that takes a [`Signed`](super::Signed).
#[derive(Clone, Copy)]
pub(crate) struct Unsigned<'d>(Cursor<'d>);

impl Document<'_> {
    /// The root element.
    pub(crate) fn root(&self) -> Unsigned<'_> {
        Unsigned(self.root_cursor())
    }
}

impl<'d> Unsigned<'d> {
    /// The element behind the 1-based positions among child elements, from this element down.
    #[cfg(feature = "internals")]
    pub(crate) fn at(self, path: &[usize]) -> Option<Self> {
        let step = |at: Cursor<'d>, position: &usize| {
            at.children().filter(|child| child.element().is_some()).nth(position.saturating_sub(1))
        };
        path.iter().try_fold(self.0, step).map(Self)
    }

    pub(super) fn cursor(self) -> Cursor<'d> {
        self.0
    }

    #[cfg(feature = "decrypt")]
    pub(super) fn new(cursor: Cursor<'d>) -> Self {
        Self(cursor)
    }
}

#[cfg(feature = "decrypt")]
impl<'d> super::Carrier<'d> for Unsigned<'d> {
    const COVERED: bool = false;

    fn surroundings(self) -> super::encryption::Surroundings<'d> {
        super::encryption::Surroundings::in_scope(self.0)
    }
}

/// For showing what a message says: no verification asks for a name that it does not know.
#[cfg(feature = "inspect")]
impl<'d> Unsigned<'d> {
    pub(crate) fn namespace_name(self) -> &'d str {
        self.0.element().map_or("", |element| self.0.document.namespace_name(element.namespace))
    }

    pub(crate) fn local_name(self) -> &'d str {
        let name = self.0.qualified_name();
        name.split_once(':').map_or(name, |(_, local)| local)
    }

    /// The child elements, whatever stands between them.
    pub(crate) fn child_elements(self) -> impl Iterator<Item = Self> {
        self.0.children().filter(|child| child.element().is_some()).map(Self)
    }
}

impl std::fmt::Debug for Unsigned<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unsigned({:?})", self.0.qualified_name())
    }
}

impl<'d> View<'d> for Unsigned<'d> {
    fn is(self, namespace: Namespace, local_name: &str) -> bool {
        self.0.is(namespace, local_name)
    }

    fn qualified_name(self) -> &'d str {
        self.0.qualified_name()
    }

    fn attribute(self, local_name: &str) -> Option<&'d str> {
        self.0.attribute(Namespace::None, local_name)
    }

    #[inline(always)]
    fn attributes<const N: usize>(self, names: [&'static str; N]) -> [Option<&'d str>; N] {
        self.0.attributes_named(names)
    }

    fn attribute_ns(self, namespace: Namespace, local_name: &str) -> Option<&'d str> {
        self.0.attribute(namespace, local_name)
    }

    fn elements(self) -> impl Iterator<Item = Result<Self, StructureError>> {
        self.0.elements(None).map(|child| child.map(Self))
    }

    fn text(self) -> Result<Cow<'d, str>, StructureError> {
        self.0.text(None).ok_or_else(|| self.0.not_text())
    }

    fn text_into(self, out: &mut String) -> Result<(), StructureError> {
        self.0.text_into(None, out).ok_or_else(|| self.0.not_text())
    }

    fn content_into(self, out: &mut String) -> Result<(), StructureError> {
        append_content(self.0, None, out).map_err(|not| StructureError::ValueNotCanonicalizable { reason: not.reason() })
    }

    fn extent(self) -> usize {
        self.0.extent()
    }

    fn position(self) -> Position {
        self.0.position()
    }

    fn has_elements(self) -> bool {
        self.0.children().any(|child| child.element().is_some())
    }
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::xml::Document;

    #[test]
    fn debugging_shows_the_name_alone() {
        let xml = b"<a:b xmlns:a='urn:x' c='secret'>secret</a:b>";
        let document = Document::parse(xml, &Limits::DEFAULT).unwrap();
        assert_eq!(format!("{:?}", document.root()), "Unsigned(\"a:b\")");
    }
}
