//! The envelope: `samlp:Response`. SAML Core 3.2.2 and 3.3.3.
//!
//! What is read here of an unsigned Response decides only which keys to try and where the Assertion stands; everything else that
//! it says is an additional check, never a permission.

use std::time::SystemTime;

use super::name_id::Issuer;
use super::{children, children_but_signature, identity, required};
use crate::error::{Shown, StatusError, StructureError};
use crate::xml::{Namespace, View};

/// A Response as seen through `V`.
#[derive(Clone, Debug)]
pub(crate) struct Response<'d, V> {
    /// The element that was read.
    pub(crate) element: V,
    pub(crate) envelope: Envelope<'d>,
    status: Status<'d, V>,
    enclosed: Enclosed<V>,
}

/// What a Response says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<'d> {
    pub(crate) id: &'d str,
    pub(crate) issue_instant: SystemTime,
    pub(crate) destination: Option<&'d str>,
    pub(crate) in_response_to: Option<&'d str>,
    pub(crate) issuer: Option<Issuer<'d>>,
}

/// What became of a request. SAML Core 3.2.2.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status<'d, V> {
    element: V,
    code: V,
    value: &'d str,
}

#[derive(Clone, Copy, Debug)]
enum Enclosed<V> {
    Nothing,
    Assertion(V),
    EncryptedAssertion(V),
}

impl<'d, V: View<'d>> Response<'d, V> {
    /// Reads the document element.
    ///
    /// # Errors
    ///
    /// A [`StructureError`] where it is not a Response of version 2.0 in schema order, or holds more than one assertion.
    pub(crate) fn read(element: V) -> Result<Self, StructureError> {
        if !element.is(Namespace::Protocol, "Response") {
            return Err(StructureError::UnexpectedRoot { expected: "Response", received: Shown::new(element.qualified_name()) });
        }
        let (id, issue_instant) = identity(element, "Response")?;
        let mut children = children_but_signature(element, "Response")?;
        let issuer = children.optional(Namespace::Assertion, "Issuer")?.map(Issuer::read).transpose()?;
        children.optional(Namespace::Protocol, "Extensions")?;
        let status = Status::read(children.required(Namespace::Protocol, "Status")?)?;
        let mut enclosed = Enclosed::Nothing;
        loop {
            let assertion = if let Some(plain) = children.take(Namespace::Assertion, "Assertion")? {
                Enclosed::Assertion(plain)
            } else if let Some(encrypted) = children.take(Namespace::Assertion, "EncryptedAssertion")? {
                Enclosed::EncryptedAssertion(encrypted)
            } else {
                break;
            };
            if !matches!(enclosed, Enclosed::Nothing) {
                return Err(StructureError::SeveralAssertions);
            }
            enclosed = assertion;
        }
        children.finish()?;
        let [destination, in_response_to] = element.attributes(["Destination", "InResponseTo"]);
        Ok(Self { element, envelope: Envelope { id, issue_instant, destination, in_response_to, issuer }, status, enclosed })
    }

    /// The status, unless it is Success; `signed` says whether this Response was verified.
    ///
    /// # Errors
    ///
    /// [`StatusError`]. A failure is refused even where the Response holds an Assertion.
    pub(crate) fn succeeded(&self, signed: bool) -> Result<(), StatusError> {
        if self.status.value == StatusError::SUCCESS { Ok(()) } else { Err(self.status.error(signed)) }
    }

    /// The Assertion element, of which there is exactly one.
    ///
    /// # Errors
    ///
    /// [`StructureError::NoAssertion`] or [`StructureError::EncryptedAssertion`].
    pub(crate) fn assertion(&self) -> Result<V, StructureError> {
        match self.enclosed {
            Enclosed::Nothing => Err(StructureError::NoAssertion),
            Enclosed::Assertion(assertion) => Ok(assertion),
            Enclosed::EncryptedAssertion(_) => Err(StructureError::EncryptedAssertion),
        }
    }

    /// The EncryptedAssertion element, if there is one in place of an Assertion.
    #[cfg(feature = "decrypt")]
    pub(crate) fn encrypted_assertion(&self) -> Option<V> {
        match self.enclosed {
            Enclosed::EncryptedAssertion(encrypted) => Some(encrypted),
            Enclosed::Nothing | Enclosed::Assertion(_) => None,
        }
    }

    /// Whether the assertion is encrypted, or something in it.
    #[cfg(feature = "decrypt")]
    pub(crate) fn holds_encrypted(&self) -> bool {
        match self.enclosed {
            Enclosed::Nothing => false,
            Enclosed::Assertion(assertion) => super::assertion::encrypted_parts(assertion).next().is_some(),
            Enclosed::EncryptedAssertion(_) => true,
        }
    }

    /// Who claims to have issued the Assertion or, where that does not say it, the Response.
    pub(crate) fn claimed_issuer(&self) -> Option<Issuer<'d>> {
        let of_assertion = self.assertion().ok().and_then(|assertion| {
            let first = children_but_signature(assertion, "Assertion").ok()?.take(Namespace::Assertion, "Issuer").ok()??;
            Issuer::read(first).ok()
        });
        of_assertion.or_else(|| self.envelope.issuer.clone())
    }
}

impl<'d, V: View<'d>> Status<'d, V> {
    /// SAML Core 3.2.2.1. `StatusMessage` and `StatusDetail` are read only of a failure.
    pub(super) fn read(element: V) -> Result<Self, StructureError> {
        let mut parts = children(element, "Status")?;
        let code = parts.required(Namespace::Protocol, "StatusCode")?;
        parts.optional(Namespace::Protocol, "StatusMessage")?;
        parts.optional(Namespace::Protocol, "StatusDetail")?;
        parts.finish()?;
        Ok(Self { element, code, value: required(code.attribute("Value"), "StatusCode", "Value")? })
    }

    /// As an error tells it; of a logout, whether or not it is a failure.
    pub(super) fn error(&self, signed: bool) -> StatusError {
        /// SAML Core 3.2.2.2 has two levels of codes; an error is for a line of a log.
        const MOST_NESTED: usize = 3;
        let child = |parent: V, name| parent.elements().map_while(Result::ok).find(|child| child.is(Namespace::Protocol, name));
        let mut nested = Vec::new();
        let mut inner = child(self.code, "StatusCode");
        while let Some(code) = inner.filter(|_| nested.len() < MOST_NESTED) {
            nested.extend(code.attribute("Value").map(Shown::new));
            inner = child(code, "StatusCode");
        }
        let message = child(self.element, "StatusMessage").and_then(|message| {
            let text = message.text().ok().filter(|text| !text.trim().is_empty());
            text.map(|text| Shown::new(&text)).or_else(|| message.attribute("Value").map(Shown::new))
        });
        StatusError { code: Shown::new(self.value), nested, message, signed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::xml::Document;

    const RESPONSE: &str = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2025-03-03T10:00:00Z" Destination="https://sp.example/acs" InResponseTo="_q" Consent="urn:c"><a:Issuer>urn:idp</a:Issuer><p:Extensions><a:Assertion/></p:Extensions><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status><a:Assertion><a:Issuer>urn:inner</a:Issuer></a:Assertion></p:Response>"#;
    const STATUS: &str = r#"<p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#;
    const ASSERTION: &str = "<a:Assertion><a:Issuer>urn:inner</a:Issuer></a:Assertion>";

    /// What becomes of the sample with one passage replaced.
    fn read<T>(
        from: &str,
        to: &str,
        then: impl FnOnce(Result<Response<'_, crate::xml::Unsigned<'_>>, StructureError>) -> T,
    ) -> T {
        assert!(RESPONSE.contains(from), "{from}");
        let xml = RESPONSE.replacen(from, to, 1);
        let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        then(Response::read(document.root()))
    }

    #[test]
    fn the_envelope_is_read() {
        read("", "", |response| {
            let response = response.unwrap();
            let envelope = &response.envelope;
            assert_eq!(
                (envelope.id, envelope.destination, envelope.in_response_to),
                ("_r", Some("https://sp.example/acs"), Some("_q"))
            );
            assert_eq!(envelope.issuer.as_ref().map(|issuer| &*issuer.name), Some("urn:idp"));
            assert_eq!(response.succeeded(false), Ok(()));
            assert!(response.assertion().is_ok());
            assert_eq!(response.claimed_issuer().map(|issuer| issuer.name.into_owned()).as_deref(), Some("urn:inner"));
        });
    }

    #[test]
    fn what_the_schema_leaves_open_is_accepted() {
        for (from, to) in [
            ("<a:Issuer>urn:idp</a:Issuer>", ""),
            ("<p:Extensions><a:Assertion/></p:Extensions>", ""),
            (" Destination=\"https://sp.example/acs\" InResponseTo=\"_q\"", " x=\"1\""),
            (STATUS, &STATUS.replace("/>", "><p:StatusCode Value=\"urn:second\"/></p:StatusCode>")),
            ("</p:Status>", "<p:StatusMessage><x/></p:StatusMessage><p:StatusDetail><x/></p:StatusDetail></p:Status>"),
        ] {
            read(from, to, |response| assert_eq!(response.unwrap().succeeded(true), Ok(()), "{to}"));
        }
    }

    #[test]
    fn every_other_shape_is_refused() {
        let missing = |parent, element| StructureError::MissingElement { parent, element };
        let unexpected = |parent, element| StructureError::UnexpectedElement { parent, element: Shown::new(element) };
        let attribute = |attribute| StructureError::MissingAttribute { element: "Response", attribute };
        for (from, to, error) in [
            (
                "SAML:2.0:protocol",
                "SAML:1.0:protocol",
                StructureError::UnexpectedRoot { expected: "Response", received: Shown::new("p:Response") },
            ),
            (
                "Version=\"2.0\"",
                "Version=\"1.1\"",
                StructureError::UnsupportedVersion { element: "Response", received: Shown::new("1.1") },
            ),
            (" Version=\"2.0\"", "", attribute("Version")),
            (" ID=\"_r\"", "", attribute("ID")),
            ("\"_r\"", "\" _r\"", StructureError::InvalidId { element: "Response", received: Shown::new(" _r") }),
            ("\"_r\"", "\"\"", StructureError::InvalidId { element: "Response", received: Shown::new("") }),
            (" IssueInstant=\"2025-03-03T10:00:00Z\"", "", attribute("IssueInstant")),
            (
                "10:00:00Z",
                "10:00:00",
                StructureError::InvalidTime {
                    element: "Response",
                    attribute: "IssueInstant",
                    received: Shown::new("2025-03-03T10:00:00"),
                },
            ),
            (
                "<p:Extensions>",
                "<a:Issuer/><p:Extensions>",
                StructureError::RepeatedElement { parent: "Response", element: "Issuer" },
            ),
            ("<a:Issuer>urn:idp", "<a:Issuer><x/>urn:idp", StructureError::NotText { element: Shown::new("a:Issuer") }),
            (
                "<p:Extensions>",
                "<?x y?><p:Extensions>",
                StructureError::UnexpectedInstruction { element: Shown::new("p:Response") },
            ),
            ("<p:Extensions>", "text<p:Extensions>", StructureError::UnexpectedText { element: Shown::new("p:Response") }),
            (&format!("<p:Status>{STATUS}</p:Status>"), "", missing("Response", "Status")),
            ("<p:Status>", "<x/><p:Status>", unexpected("Response", "x")),
            ("<p:Status>", "<a:Issuer/><p:Status>", unexpected("Response", "a:Issuer")),
            ("<p:Status>", "<a:Assertion/><p:Status>", unexpected("Response", "a:Assertion")),
            (STATUS, "", missing("Status", "StatusCode")),
            (STATUS, "<p:StatusCode/>", StructureError::MissingAttribute { element: "StatusCode", attribute: "Value" }),
            (STATUS, &STATUS.repeat(2), StructureError::RepeatedElement { parent: "Status", element: "StatusCode" }),
            ("</p:Status>", "<a:Assertion/></p:Status>", unexpected("Status", "a:Assertion")),
            ("</p:Status>", "</p:Status><p:Status/>", StructureError::RepeatedElement { parent: "Response", element: "Status" }),
            (ASSERTION, &format!("<a:assertion/>{ASSERTION}"), unexpected("Response", "a:assertion")),
            (ASSERTION, &format!("{ASSERTION}<p:Response/>"), unexpected("Response", "p:Response")),
            (ASSERTION, &ASSERTION.repeat(2), StructureError::SeveralAssertions),
            (ASSERTION, &format!("<a:EncryptedAssertion/>{ASSERTION}"), StructureError::SeveralAssertions),
            (ASSERTION, "<a:EncryptedAssertion/><a:EncryptedAssertion/>", StructureError::SeveralAssertions),
        ] {
            read(from, to, |response| assert_eq!(response.err(), Some(error), "{from} -> {to}"));
        }
    }

    #[test]
    fn one_assertion_is_needed_in_the_clear() {
        for (to, error) in [("", StructureError::NoAssertion), ("<a:EncryptedAssertion/>", StructureError::EncryptedAssertion)] {
            read(ASSERTION, to, |response| {
                let response = response.unwrap();
                assert_eq!(response.assertion().err(), Some(error));
                assert_eq!(response.claimed_issuer().map(|issuer| issuer.name.into_owned()).as_deref(), Some("urn:idp"));
            });
        }
    }

    #[test]
    fn a_failure_says_what_the_message_says() {
        let shown = Shown::new;
        let failure = |code, nested: &[&str], message: Option<&str>| StatusError {
            code: shown(code),
            nested: nested.iter().map(|&code| shown(code)).collect(),
            message: message.map(shown),
            signed: false,
        };
        for (status, error) in [
            ("<p:StatusCode Value=\"urn:top\"/>", failure("urn:top", &[], None)),
            (
                "<p:StatusCode Value=\"urn:top\"><p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"><p:StatusCode Value=\"urn:third\"/></p:StatusCode></p:StatusCode>",
                failure("urn:top", &[StatusError::SUCCESS, "urn:third"], None),
            ),
            (
                "<p:StatusCode Value=\"x:status:Success\"/><p:StatusMessage>why</p:StatusMessage>",
                failure("x:status:Success", &[], Some("why")),
            ),
            ("<p:StatusCode Value=\"urn:top\"/><p:StatusMessage Value=\"denied\"/>", failure("urn:top", &[], Some("denied"))),
        ] {
            read(STATUS, status, |response| assert_eq!(response.unwrap().succeeded(false), Err(error), "{status}"));
        }
    }
}
