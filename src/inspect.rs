//! What a message says, for tools that show it to a person: **nothing of it is verified**.
//!
//! In goes a document, or the query of a redirect; out come its elements as they are written. The limits and the strict parser are
//! those of a verification, so that what cannot be shown here is refused there for the same reason.
//!
//! Deliberately absent: everything that a service could mistake for a login. There is no way from an [`UnverifiedElement`] to a
//! [`Verified`](crate::Verified) or a [`Login`](crate::Login), no signature is looked at, and no reader of assertions is offered: whoever
//! reads a name or an attribute here reads what any stranger may have written. To learn who logged in, there is
//! [`Verifier::verify_post`](crate::Verifier::verify_post) alone; to learn why nobody did,
//! [`Verifier::explain_post`](crate::Verifier::explain_post).

use std::borrow::Cow;

pub use crate::binding::redirect::UnverifiedRedirect;
use crate::error::{Position, XmlError};
use crate::limits::Limits;
use crate::xml::{Document, Unsigned, View};

/// A well-formed document that nobody vouches for.
pub struct UnverifiedDocument<'i>(Document<'i>);

/// An element that nobody vouches for.
#[derive(Clone, Copy)]
pub struct UnverifiedElement<'d>(Unsigned<'d>);

impl<'i> UnverifiedDocument<'i> {
    /// Parses a document as a verification does.
    ///
    /// # Errors
    ///
    /// [`XmlError`] where it is not well-formed, has a document type declaration, or exceeds the limits.
    pub fn parse(xml: &'i [u8], limits: &Limits) -> Result<Self, XmlError> {
        Document::parse(xml, limits).map(Self)
    }

    /// The document element.
    pub fn root(&self) -> UnverifiedElement<'_> {
        UnverifiedElement(self.0.root())
    }
}

impl<'d> UnverifiedElement<'d> {
    /// The namespace name; empty where it is in no namespace.
    pub fn namespace(self) -> &'d str {
        self.0.namespace_name()
    }

    /// The name without prefix.
    pub fn local_name(self) -> &'d str {
        self.0.local_name()
    }

    /// The name as it is written, with its prefix.
    pub fn qualified_name(self) -> &'d str {
        self.0.qualified_name()
    }

    /// The normalised value of the attribute of that name that is in no namespace.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.0.attribute(name)
    }

    /// The child elements, in order, whatever stands between them.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        self.0.child_elements().map(Self)
    }

    /// The text, joined around comments; `None` where a child is an element or a processing instruction.
    pub fn text(self) -> Option<Cow<'d, str>> {
        self.0.text().ok()
    }

    /// Where its start tag is. Counts the lines in front of it.
    pub fn position(self) -> Position {
        self.0.position()
    }
}

impl std::fmt::Debug for UnverifiedDocument<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UnverifiedDocument").field(&self.root()).finish()
    }
}

/// Shows the name alone: what it holds may be personal.
impl std::fmt::Debug for UnverifiedElement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UnverifiedElement").field(&self.qualified_name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_shown_as_they_are_written() {
        let xml = br#"<a:x xmlns:a="urn:a" y="1&amp;2" a:z="3">text<y>1<!-- -->2</y><?p i?><a:y/></a:x>"#;
        let document = UnverifiedDocument::parse(xml, &Limits::DEFAULT).unwrap();
        let root = document.root();
        assert_eq!((root.namespace(), root.local_name(), root.qualified_name()), ("urn:a", "x", "a:x"));
        assert_eq!((root.attribute("y"), root.attribute("z"), root.text()), (Some("1&2"), None, None));
        let seen: Vec<_> = root.elements().map(|child| (child.namespace(), child.local_name(), child.text())).collect();
        assert_eq!(seen, [("", "y", Some("12".into())), ("urn:a", "y", Some("".into()))]);
        assert_eq!(root.elements().map(|child| child.position().column).collect::<Vec<_>>(), [46, 70]);
    }

    #[test]
    fn what_a_verification_refuses_to_parse_is_not_shown() {
        for xml in ["<a>", "<!DOCTYPE a><a/>", ""] {
            assert_eq!(
                UnverifiedDocument::parse(xml.as_bytes(), &Limits::DEFAULT).err(),
                Document::parse(xml.as_bytes(), &Limits::DEFAULT).err()
            );
            assert!(UnverifiedDocument::parse(xml.as_bytes(), &Limits::DEFAULT).is_err());
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let document = UnverifiedDocument::parse(b"<NameID Format='ada'>ada</NameID>", &Limits::DEFAULT).unwrap();
        assert_eq!(format!("{document:?}"), "UnverifiedDocument(UnverifiedElement(\"NameID\"))");
    }
}
