//! Messages of logout: `samlp:LogoutRequest` and `samlp:LogoutResponse`. SAML Core 3.7.
//!
//! Read through a [`View`] like every message. What is read here is worth as much as that view; only
//! [`logout`](crate::logout) makes something of it that a service gets.

use std::time::SystemTime;

use super::name_id::{Issuer, NameId};
use super::response::Status;
use super::{children_but_signature, identity, time};
use crate::error::{StatusError, StructureError};
use crate::xml::{Namespace, View};

/// Which of the two a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
}

impl Kind {
    /// The name of the element.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Request => "LogoutRequest",
            Self::Response => "LogoutResponse",
        }
    }
}

/// What a message of logout says.
#[derive(Clone, Debug)]
pub(crate) struct Message<'d> {
    pub(crate) kind: Kind,
    pub(crate) id: &'d str,
    pub(crate) issue_instant: SystemTime,
    pub(crate) destination: Option<&'d str>,
    pub(crate) issuer: Option<Issuer<'d>>,
    pub(crate) body: Body<'d>,
}

#[derive(Clone, Debug)]
pub(crate) enum Body<'d> {
    /// SAML Core 3.7.1.
    Request { subject: NameId, session_indexes: Vec<String>, reason: Option<&'d str>, not_on_or_after: Option<SystemTime> },
    /// SAML Core 3.7.2. The status is told as an error would tell it, also where it is none.
    Response { in_response_to: Option<&'d str>, status: StatusError },
}

impl<'d> Message<'d> {
    /// Reads an element, whose name the caller has looked at.
    ///
    /// # Errors
    ///
    /// A [`StructureError`] where it is not of version 2.0 in schema order, or names the subject by anything but a NameID.
    pub(crate) fn read<V: View<'d>>(element: V, kind: Kind) -> Result<Self, StructureError> {
        let (id, issue_instant) = identity(element, kind.name())?;
        let mut children = children_but_signature(element, kind.name())?;
        let issuer = children.optional(Namespace::Assertion, "Issuer")?.map(Issuer::read).transpose()?;
        children.optional(Namespace::Protocol, "Extensions")?;
        let [destination, in_response_to, reason, not_on_or_after] =
            element.attributes(["Destination", "InResponseTo", "Reason", "NotOnOrAfter"]);
        let body = match kind {
            Kind::Request => {
                if children.take(Namespace::Assertion, "EncryptedID")?.is_some() {
                    return Err(StructureError::EncryptedId);
                }
                if children.take(Namespace::Assertion, "BaseID")?.is_some() {
                    return Err(StructureError::BaseId);
                }
                let subject = NameId::read(children.required(Namespace::Assertion, "NameID")?)?;
                let mut session_indexes = Vec::new();
                while let Some(index) = children.take(Namespace::Protocol, "SessionIndex")? {
                    session_indexes.push(index.text()?.into_owned());
                }
                let not_on_or_after = time(not_on_or_after, kind.name(), "NotOnOrAfter")?;
                Body::Request { subject, session_indexes, reason, not_on_or_after }
            }
            Kind::Response => {
                let status = Status::read(children.required(Namespace::Protocol, "Status")?)?;
                Body::Response { in_response_to, status: status.error(true) }
            }
        };
        children.finish()?;
        Ok(Self { kind, id, issue_instant, destination, issuer, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::error::Shown;
    use crate::xml::Document;

    const REQUEST: &str = r#"<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2025-03-03T10:00:00Z" NotOnOrAfter="2025-03-03T10:05:00Z" Destination="https://sp.example/slo" Reason="urn:r" Consent="urn:c"><a:Issuer>urn:idp</a:Issuer><p:Extensions><a:NameID>eve</a:NameID></p:Extensions><a:NameID Format="urn:f">ada</a:NameID><p:SessionIndex>_1</p:SessionIndex><p:SessionIndex>_2</p:SessionIndex></p:LogoutRequest>"#;

    fn read(from: &str, to: &str) -> Result<(NameId, Vec<String>), StructureError> {
        assert!(REQUEST.contains(from), "{from}");
        let xml = REQUEST.replacen(from, to, 1);
        let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        let message = Message::read(document.root(), Kind::Request)?;
        match message.body {
            Body::Request { subject, session_indexes, .. } => Ok((subject, session_indexes)),
            Body::Response { .. } => unreachable!(),
        }
    }

    #[test]
    fn a_request_is_read() {
        let document = Document::parse(REQUEST.as_bytes(), &Limits::DEFAULT).unwrap();
        let message = Message::read(document.root(), Kind::Request).unwrap();
        assert_eq!((message.id, message.destination), ("_r", Some("https://sp.example/slo")));
        assert_eq!(message.issuer.as_ref().map(|issuer| &*issuer.name), Some("urn:idp"));
        let Body::Request { subject, session_indexes, reason, not_on_or_after } = message.body else { unreachable!() };
        assert_eq!(subject, NameId::new("ada").with_format("urn:f"));
        assert_eq!((session_indexes, reason), (vec!["_1".to_owned(), "_2".to_owned()], Some("urn:r")));
        assert_eq!(not_on_or_after, crate::time::parse_rfc3339("2025-03-03T10:05:00Z"));
        let none = "<p:SessionIndex>_1</p:SessionIndex><p:SessionIndex>_2</p:SessionIndex>";
        assert_eq!(read(none, "").unwrap().1, Vec::<String>::new());
    }

    /// One subject, before the indexes and after the Issuer, in the clear.
    #[test]
    fn every_other_shape_is_refused() {
        const NAME: &str = r#"<a:NameID Format="urn:f">ada</a:NameID>"#;
        let unexpected = |element| StructureError::UnexpectedElement { parent: "LogoutRequest", element: Shown::new(element) };
        for (from, to, error) in [
            (NAME, "<a:EncryptedID/>", StructureError::EncryptedId),
            (NAME, "<a:BaseID/>", StructureError::BaseId),
            (NAME, "<a:NameID> </a:NameID>", StructureError::EmptyNameId),
            (NAME, "<a:NameID>ada<a:b/></a:NameID>", StructureError::NotText { element: Shown::new("a:NameID") }),
            (NAME, &NAME.repeat(2), StructureError::RepeatedElement { parent: "LogoutRequest", element: "NameID" }),
            (NAME, &format!("{NAME}<a:EncryptedID/>"), unexpected("a:EncryptedID")),
            (NAME, &format!("<p:NameID>eve</p:NameID>{NAME}"), unexpected("p:NameID")),
            (NAME, "<p:NameID>eve</p:NameID>", StructureError::MissingElement { parent: "LogoutRequest", element: "NameID" }),
            (NAME, &format!("<p:SessionIndex>_0</p:SessionIndex>{NAME}"), unexpected("p:SessionIndex")),
            ("</p:LogoutRequest>", "<a:SessionIndex/></p:LogoutRequest>", unexpected("a:SessionIndex")),
            (">_1<", "><b/><", StructureError::NotText { element: Shown::new("p:SessionIndex") }),
            (
                "2025-03-03T10:05:00Z",
                "later",
                StructureError::InvalidTime {
                    element: "LogoutRequest",
                    attribute: "NotOnOrAfter",
                    received: Shown::new("later"),
                },
            ),
        ] {
            assert_eq!(read(from, to), Err(error), "{from} -> {to}");
        }
    }
}
