//! What may be believed of a message of logout, as types: an element that a trusted key signed, or a document that came out of a query
//! that one signed.
//!
//! In goes what verification made; out comes [`Proven`], which has no other maker, and which signature it rests on. The XML signature is verified and
//! [`Signed`] minted where it always is; that a query was signed is told by [`RedirectMessage`], which
//! [`IdentityProvider::verify_redirect`](crate::IdentityProvider::verify_redirect) alone makes.

use std::borrow::Cow;

use crate::error::{Position, StructureError, XmlError};
use crate::limits::Limits;
use crate::saml::logout::{Kind, Message};
use crate::xml::{Document, Namespace, Signed, Unsigned, View};
use crate::{RedirectMessage, TrustedKey, Warning};

/// What a trusted key vouches for.
pub(super) trait Authentic<'d>: View<'d> {}

impl<'d> Authentic<'d> for Signed<'d> {}
impl<'d> Authentic<'d> for Detached<'d> {}

/// The signature that vouches for a message of logout.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutSignature {
    /// What it covers: `LogoutRequest` or `LogoutResponse`, the element; or `query`, the whole of what came by redirect.
    pub covers: &'static str,
    /// The trusted key that made it, with its certificate if it was configured with one; of several certificates of that key, one that
    /// is valid now.
    pub key: TrustedKey,
    /// The signature method: `RSA-SHA256`, …
    pub signature_algorithm: &'static str,
}

/// What is known of a message beside what it says.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) signature: LogoutSignature,
    pub(super) warnings: Vec<Warning>,
    /// The one that was signed with it.
    pub(super) relay_state: Option<String>,
}

/// A message that was read from what a trusted key vouches for.
#[derive(Debug)]
pub(super) struct Proven<'d> {
    message: Message<'d>,
    delivery: Delivery,
}

impl<'d> Proven<'d> {
    /// Reads an element.
    ///
    /// # Errors
    ///
    /// As [`Message::read`].
    pub(super) fn read(element: impl Authentic<'d>, kind: Kind, delivery: Delivery) -> Result<Self, StructureError> {
        Ok(Self { message: Message::read(element, kind)?, delivery })
    }

    pub(super) fn message(&self) -> &Message<'d> {
        &self.message
    }

    pub(super) fn into_parts(self) -> (Message<'d>, Delivery) {
        (self.message, self.delivery)
    }
}

/// The document of a query whose detached signature holds.
pub(super) struct SignedDocument<'m>(Document<'m>);

impl<'m> SignedDocument<'m> {
    /// Parses the octets that the signature covers, in the one way in which messages are parsed.
    pub(super) fn parse(message: &'m RedirectMessage, limits: &Limits) -> Result<Self, XmlError> {
        Document::parse_message(message.xml(), limits).map(Self)
    }

    /// For looking at the name of the root, and for a signature that it may carry as well.
    pub(super) fn document(&self) -> &Document<'m> {
        &self.0
    }

    pub(super) fn root(&self) -> Detached<'_> {
        Detached(self.0.root())
    }
}

/// An element of a document that was signed as a whole, octet by octet.
#[derive(Clone, Copy)]
pub(super) struct Detached<'d>(Unsigned<'d>);

impl<'d> View<'d> for Detached<'d> {
    fn is(self, namespace: Namespace, local_name: &str) -> bool {
        self.0.is(namespace, local_name)
    }

    fn qualified_name(self) -> &'d str {
        self.0.qualified_name()
    }

    fn attribute(self, local_name: &str) -> Option<&'d str> {
        self.0.attribute(local_name)
    }

    fn attributes<const N: usize>(self, names: [&'static str; N]) -> [Option<&'d str>; N] {
        self.0.attributes(names)
    }

    fn attribute_ns(self, namespace: Namespace, local_name: &str) -> Option<&'d str> {
        self.0.attribute_ns(namespace, local_name)
    }

    fn elements(self) -> impl Iterator<Item = Result<Self, StructureError>> {
        self.0.elements().map(|child| child.map(Self))
    }

    fn text(self) -> Result<Cow<'d, str>, StructureError> {
        self.0.text()
    }

    fn text_into(self, out: &mut String) -> Result<(), StructureError> {
        self.0.text_into(out)
    }

    fn content_into(self, out: &mut String) -> Result<(), StructureError> {
        self.0.content_into(out)
    }

    fn extent(self) -> usize {
        self.0.extent()
    }

    fn position(self) -> Position {
        self.0.position()
    }

    fn has_elements(self) -> bool {
        self.0.has_elements()
    }
}
