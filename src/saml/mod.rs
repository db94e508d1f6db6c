//! OASIS: messages as types, and what a service provider must check of them.
//!
//! A [`View`] goes in, signed or not; typed messages that borrow from it come out, and the checks of [`check`] judge them.
//! Readers take the path from the Response to the login in schema order and refuse what the schema does not have there
//! (SAML Core 1.2). What the schema leaves open is passed over unread: `Extensions`, `Advice`, `StatusDetail`, the content of
//! `SubjectConfirmationData`, foreign attributes, `Consent`. Deliberately absent: any search by name below an element, and
//! schema validation of values nobody uses.

pub(crate) mod assertion;
pub(crate) mod attributes;
pub(crate) mod check;
pub(crate) mod identity;
pub(crate) mod logout;
pub(crate) mod name_id;
pub(crate) mod response;

use std::time::SystemTime;

use crate::departure::Departure;
use crate::error::{Shown, SignatureError, StructureError};
use crate::id::is_nm_token;
use crate::time::parse_rfc3339;
use crate::xml::{Namespace, View};

/// The ID and IssueInstant of a message or assertion of version 2.0. SAML Core 2.3.3 and 3.2.2.
///
/// Whether the ID is an NCName is for the connection to judge:
/// [`IdentityProvider::judge_id`](crate::IdentityProvider::judge_id).
///
/// # Errors
///
/// The [`StructureError`] of whichever of the three attributes is missing or not of its type.
pub(crate) fn identity<'d>(element: impl View<'d>, name: &'static str) -> Result<(&'d str, SystemTime), StructureError> {
    let [version, id, issue_instant] = element.attributes(["Version", "ID", "IssueInstant"]);
    let version = required(version, name, "Version")?;
    if version != "2.0" {
        return Err(StructureError::UnsupportedVersion { element: name, received: Shown::new(version) });
    }
    let id = required(id, name, "ID")?;
    if !is_nm_token(id) {
        return Err(StructureError::InvalidId { element: name, received: Shown::new(id) });
    }
    Ok((id, required_time(issue_instant, name, "IssueInstant")?))
}

/// The value of a required attribute.
fn required<T>(value: Option<T>, element: &'static str, attribute: &'static str) -> Result<T, StructureError> {
    value.ok_or(StructureError::MissingAttribute { element, attribute })
}

/// The value of a required attribute that is an instant.
fn required_time(value: Option<&str>, element: &'static str, attribute: &'static str) -> Result<SystemTime, StructureError> {
    required(time(value, element, attribute)?, element, attribute)
}

/// The value of an attribute that is an instant.
fn time(value: Option<&str>, element: &'static str, attribute: &'static str) -> Result<Option<SystemTime>, StructureError> {
    let invalid = |value| StructureError::InvalidTime { element, attribute, received: Shown::new(value) };
    value.map(|value| parse_rfc3339(value).ok_or_else(|| invalid(value))).transpose()
}

/// Whether the `ds:Signature` of the element, if it has one, stands directly after its Issuer, or first where it has none; or, if
/// that is allowed, last.
///
/// Schema of SAML Core 2.3.3 and 3.2.2. Readers pass over an enveloped signature wherever it stands, so this is what keeps it in
/// its place.
///
/// # Errors
///
/// [`SignatureError::Misplaced`].
pub(crate) fn signature_in_place<'d>(element: impl View<'d>, name: &'static str, or_last: bool) -> Result<(), SignatureError> {
    let mut place_of_signature = 0;
    let mut found = None;
    let mut last = 0;
    for (place, child) in element.elements().map_while(Result::ok).enumerate() {
        last = place;
        if child.is(Namespace::Assertion, "Issuer") {
            place_of_signature = place + 1;
        } else if child.is(Namespace::Dsig, "Signature") && found.is_none() {
            found = Some(place);
        }
    }
    match found {
        Some(place) if place != place_of_signature && !(or_last && place == last) => {
            // Of one that stands last, the departure is not allowed.
            let departure = (place == last).then_some(Departure::SignaturePosition);
            Err(SignatureError::Misplaced { element: name, departure })
        }
        _ => Ok(()),
    }
}

/// The child elements of an element, taken in schema order.
struct Children<V, I> {
    parent: &'static str,
    enveloped_signature: bool,
    next: Option<V>,
    rest: I,
}

/// The children of an element that is never signed by itself.
fn children<'d, V: View<'d>>(
    element: V,
    name: &'static str,
) -> Result<Children<V, impl Iterator<Item = Result<V, StructureError>>>, StructureError> {
    Children::new(element.elements(), name, false)
}

/// The children of an element that may carry a signature, which is passed over: a digest never covers its own signature.
fn children_but_signature<'d, V: View<'d>>(
    element: V,
    name: &'static str,
) -> Result<Children<V, impl Iterator<Item = Result<V, StructureError>>>, StructureError> {
    Children::new(element.elements(), name, true)
}

impl<'d, V: View<'d>, I: Iterator<Item = Result<V, StructureError>>> Children<V, I> {
    fn new(elements: I, parent: &'static str, enveloped_signature: bool) -> Result<Self, StructureError> {
        let mut children = Self { parent, enveloped_signature, next: None, rest: elements };
        children.advance()?;
        Ok(children)
    }

    fn advance(&mut self) -> Result<Option<V>, StructureError> {
        let taken = self.next.take();
        self.next = self.rest.next().transpose()?;
        while self.enveloped_signature && self.next_is(Namespace::Dsig, "Signature") {
            self.next = self.rest.next().transpose()?;
        }
        Ok(taken)
    }

    fn next_is(&self, namespace: Namespace, name: &str) -> bool {
        self.next.is_some_and(|next| next.is(namespace, name))
    }

    /// The next child, if it has this name.
    fn take(&mut self, namespace: Namespace, name: &str) -> Result<Option<V>, StructureError> {
        if self.next_is(namespace, name) { self.advance() } else { Ok(None) }
    }

    /// The next child, if it has this name; one more of the same name is an error.
    fn optional(&mut self, namespace: Namespace, name: &'static str) -> Result<Option<V>, StructureError> {
        let taken = self.take(namespace, name)?;
        if taken.is_some() && self.next_is(namespace, name) {
            return Err(StructureError::RepeatedElement { parent: self.parent, element: name });
        }
        Ok(taken)
    }

    /// The next child, which must have this name and be the only one.
    fn required(&mut self, namespace: Namespace, name: &'static str) -> Result<V, StructureError> {
        match self.optional(namespace, name)? {
            Some(found) => Ok(found),
            None => Err(self.missing(namespace, name)),
        }
    }

    /// An element that comes later is not missing: what stands before it is in the wrong place.
    fn missing(&mut self, namespace: Namespace, name: &'static str) -> StructureError {
        let comes_later = self.rest.by_ref().map_while(Result::ok).any(|later| later.is(namespace, name));
        match self.next.filter(|_| comes_later) {
            Some(next) => unexpected(self.parent, next),
            None => StructureError::MissingElement { parent: self.parent, element: name },
        }
    }

    /// Nothing may be left.
    fn finish(self) -> Result<(), StructureError> {
        self.next.map_or(Ok(()), |left| Err(unexpected(self.parent, left)))
    }
}

fn unexpected<'d>(parent: &'static str, element: impl View<'d>) -> StructureError {
    StructureError::UnexpectedElement { parent, element: Shown::new(element.qualified_name()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::xml::Document;

    #[test]
    fn a_signature_stands_after_the_issuer_or_first() {
        for (children, in_place, or_last) in [
            ("<s:Issuer/><d:Signature/><s:Subject/>", true, true),
            ("<d:Signature/><s:Subject/>", true, true),
            ("<s:Issuer/><s:Subject/>", true, true),
            ("<s:Issuer/><d:Signature/><d:Signature/>", true, true), // one too many: for the signature stage to refuse
            ("<d:Signature/><s:Issuer/>", false, false),
            ("<s:Issuer/><s:Subject/><d:Signature/>", false, true),
            ("<s:Issuer/><s:Subject/><d:Signature/><s:Conditions/>", false, false),
            ("<s:Subject/><d:Signature/>", false, true),
        ] {
            let xml = format!(
                "<s:Assertion xmlns:s=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                 xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\">{children}</s:Assertion>"
            );
            let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
            for (allowed, accepted) in [(false, in_place), (true, or_last)] {
                let departure = (!allowed && or_last).then_some(Departure::SignaturePosition);
                let misplaced = SignatureError::Misplaced { element: "Assertion", departure };
                let expected = if accepted { Ok(()) } else { Err(misplaced) };
                assert_eq!(signature_in_place(document.root(), "Assertion", allowed), expected, "{children}");
            }
        }
    }
}
