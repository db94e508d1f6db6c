//! What a reader of messages may see of an element.

use std::borrow::Cow;

use super::Namespace;
use crate::error::{Position, StructureError};

/// An element as the readers in `saml/` see it: [`Signed`](super::Signed) or [`Unsigned`](super::Unsigned).
///
/// Readers are written once, against this trait; which of the two they were given stays in the type of what they return.
pub(crate) trait View<'d>: Copy {
    /// Whether the element has this expanded name.
    fn is(self, namespace: Namespace, local_name: &str) -> bool;

    /// The name as written, `prefix:local`.
    fn qualified_name(self) -> &'d str;

    /// The normalised value of the attribute of that name that is in no namespace.
    fn attribute(self, local_name: &str) -> Option<&'d str>;

    /// The same of several names, in one pass.
    fn attributes<const N: usize>(self, names: [&'static str; N]) -> [Option<&'d str>; N];

    /// The normalised value of the attribute of that name in that namespace.
    fn attribute_ns(self, namespace: Namespace, local_name: &str) -> Option<&'d str>;

    /// The child elements, in order.
    ///
    /// Between them, white space and comments are passed over; an item is an error where there is other text or a
    /// processing instruction.
    fn elements(self) -> impl Iterator<Item = Result<Self, StructureError>>;

    /// The text of an element with simple content: every piece of text joined, comments passed over.
    ///
    /// # Errors
    ///
    /// [`StructureError::NotText`] where there is a child element or a processing instruction.
    fn text(self) -> Result<Cow<'d, str>, StructureError>;

    /// Appends the text of an element with simple content to `out`: as [`View::text`], with nothing in between to own it.
    ///
    /// # Errors
    ///
    /// As [`View::text`].
    fn text_into(self, out: &mut String) -> Result<(), StructureError>;

    /// Appends what stands in an element with any content: the exclusive canonical form, without comments, of its elements, text and
    /// instructions, each element as if it stood alone.
    ///
    /// # Errors
    ///
    /// [`StructureError::ValueNotCanonicalizable`]; so that they are bounded, also where `out` would outgrow the canonical form that a
    /// document may have.
    fn content_into(self, out: &mut String) -> Result<(), StructureError>;

    /// How many octets of the input it takes, but for its end tag: no text in it is longer, nor all texts together.
    fn extent(self) -> usize;

    /// Where its start tag is. Counts the lines in front of it: for errors, not for every element.
    fn position(self) -> Position;

    /// Whether there is a child element.
    fn has_elements(self) -> bool;
}
