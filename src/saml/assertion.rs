//! `saml:Assertion`. SAML Core 2.3.3, with what SAML Profiles 4.1.4.2 adds for Web Browser SSO.
//!
//! Out come the parts that the checks and the login need. Passed over unread: `Advice`, statements other than those on
//! authentication and attributes, the names that a `SubjectConfirmation` may carry, declarations of an authentication context.

use std::borrow::Cow;
use std::iter;
use std::marker::PhantomData;
use std::time::SystemTime;

use super::attributes::Attributes;
use super::name_id::{Issuer, NameId};
use super::{children, children_but_signature, identity, required, required_time, time, unexpected};
use crate::error::StructureError;
use crate::xml::{Namespace, View};

/// An Assertion that was read through `V`: only one read through [`Signed`](crate::xml::Signed) can become a login.
#[derive(Debug)]
pub(crate) struct Assertion<'d, V> {
    pub(crate) content: Content<'d>,
    seen_through: PhantomData<V>,
}

/// What an Assertion says.
#[derive(Clone, Debug)]
pub(crate) struct Content<'d> {
    pub(crate) id: &'d str,
    pub(crate) issue_instant: SystemTime,
    pub(crate) issuer: Issuer<'d>,
    /// Whether it identifies the user is for the connection to say: [`Identity`](super::identity::Identity).
    pub(crate) name_id: Option<NameId>,
    pub(crate) confirmations: Vec<Confirmation<'d>>,
    pub(crate) conditions: Conditions<'d>,
    /// In order; the login speaks of the first.
    pub(crate) authentications: Vec<Authentication<'d>>,
    pub(crate) attributes: Attributes,
    pub(crate) encrypted_attributes: usize,
}

/// `SubjectConfirmation`. SAML Core 2.4.1.1.
#[derive(Clone, Debug)]
pub(crate) struct Confirmation<'d> {
    pub(crate) method: &'d str,
    pub(crate) data: Option<ConfirmationData<'d>>,
}

/// `SubjectConfirmationData`. SAML Core 2.4.1.2.
#[derive(Clone, Debug)]
pub(crate) struct ConfirmationData<'d> {
    pub(crate) not_before: Option<SystemTime>,
    pub(crate) not_on_or_after: Option<SystemTime>,
    pub(crate) recipient: Option<&'d str>,
    pub(crate) in_response_to: Option<&'d str>,
    pub(crate) address: Option<&'d str>,
}

/// `Conditions`. SAML Core 2.5.1. An Assertion without them has none of their parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions<'d> {
    pub(crate) not_before: Option<SystemTime>,
    pub(crate) not_on_or_after: Option<SystemTime>,
    /// The audiences of each `AudienceRestriction`.
    pub(crate) audience_restrictions: Vec<Vec<Cow<'d, str>>>,
    pub(crate) one_time_use: bool,
    /// The first condition that is not known here.
    pub(crate) unknown: Option<&'d str>,
}

/// `AuthnStatement`. SAML Core 2.7.2.
#[derive(Clone, Debug)]
pub(crate) struct Authentication<'d> {
    pub(crate) instant: SystemTime,
    pub(crate) session_index: Option<&'d str>,
    pub(crate) session_not_on_or_after: Option<SystemTime>,
    pub(crate) context: Option<Cow<'d, str>>,
}

impl<'d, V: View<'d>> Assertion<'d, V> {
    /// Reads a `saml:Assertion`.
    ///
    /// # Errors
    ///
    /// A [`StructureError`] where it is not of version 2.0 in schema order, or names no subject that is understood here.
    pub(crate) fn read(element: V) -> Result<Self, StructureError> {
        Self::read_opened(element, &mut iter::empty())
    }

    /// Reads a `saml:Assertion`, with what its [`encrypted_parts`] decrypted to, in their order. What is left over is encrypted still.
    ///
    /// # Errors
    ///
    /// As [`Assertion::read`].
    pub(crate) fn read_opened(element: V, opened: &mut impl Iterator<Item = V>) -> Result<Self, StructureError> {
        let (id, issue_instant) = identity(element, "Assertion")?;
        let mut parts = children_but_signature(element, "Assertion")?;
        let issuer = Issuer::read(parts.required(Namespace::Assertion, "Issuer")?)?;
        let (name_id, confirmations) = subject(parts.required(Namespace::Assertion, "Subject")?, opened)?;
        let conditions = parts.optional(Namespace::Assertion, "Conditions")?.map(Conditions::read).transpose()?;
        parts.optional(Namespace::Assertion, "Advice")?;
        let mut content = Content {
            id,
            issue_instant,
            issuer,
            name_id,
            confirmations,
            conditions: conditions.unwrap_or_default(),
            authentications: Vec::new(),
            attributes: Attributes::default(),
            encrypted_attributes: 0,
        };
        while let Some(statement) = parts.advance()? {
            content.read_statement(statement, opened)?;
        }
        Ok(Self { content, seen_through: PhantomData })
    }
}

impl<'d> Content<'d> {
    /// Statements stand in any order (SAML Core 2.3.3). Those of which a login needs nothing are passed over.
    fn read_statement<V: View<'d>>(&mut self, statement: V, opened: &mut impl Iterator<Item = V>) -> Result<(), StructureError> {
        let is = |name| statement.is(Namespace::Assertion, name);
        if is("AuthnStatement") {
            self.authentications.push(Authentication::read(statement)?);
        } else if is("AttributeStatement") {
            self.encrypted_attributes += self.attributes.read_statement(statement, opened)?;
        } else if !is("AuthzDecisionStatement") && !is("Statement") {
            return Err(unexpected("Assertion", statement));
        }
        Ok(())
    }
}

/// SAML Core 2.4.1.
fn subject<'d, V: View<'d>>(
    subject: V,
    opened: &mut impl Iterator<Item = V>,
) -> Result<(Option<NameId>, Vec<Confirmation<'d>>), StructureError> {
    let mut parts = children(subject, "Subject")?;
    if parts.next_is(Namespace::Assertion, "BaseID") {
        return Err(StructureError::BaseId);
    }
    let encrypted = if parts.next_is(Namespace::Assertion, "EncryptedID") {
        let name_id = opened.next().ok_or(StructureError::EncryptedId)?;
        parts.advance()?;
        Some(name_id)
    } else {
        None
    };
    let name_id = match encrypted.map_or_else(|| parts.optional(Namespace::Assertion, "NameID"), |name_id| Ok(Some(name_id)))? {
        Some(name_id) => Some(NameId::read(name_id)?),
        None => other_name(subject).map_or(Ok(None), Err)?,
    };
    let mut confirmations = Vec::new();
    while let Some(confirmation) = parts.take(Namespace::Assertion, "SubjectConfirmation")? {
        confirmations.push(Confirmation::read(confirmation)?);
    }
    parts.finish()?;
    Ok((name_id, confirmations))
}

/// What is encrypted in an Assertion where it is read, each with the name of the element that belongs there: the name of the Subject, then
/// attributes. SAML Core 2.2.4 and 2.7.3.2.
#[cfg(feature = "decrypt")]
pub(crate) fn encrypted_parts<'d, V: View<'d>>(assertion: V) -> impl Iterator<Item = (V, &'static str)> {
    assertion.elements().map_while(Result::ok).flat_map(|part| {
        let (encrypted, content) = if part.is(Namespace::Assertion, "Subject") {
            ("EncryptedID", "NameID")
        } else if part.is(Namespace::Assertion, "AttributeStatement") {
            ("EncryptedAttribute", "Attribute")
        } else {
            ("", "")
        };
        let children = part.elements().take_while(move |_| !encrypted.is_empty()).map_while(Result::ok);
        children.filter(move |child| child.is(Namespace::Assertion, encrypted)).map(move |child| (child, content))
    })
}

/// The name of another kind that a Subject without NameID has somewhere: that says more than what is missing.
#[cold]
fn other_name<'d>(subject: impl View<'d>) -> Option<StructureError> {
    let kind = |child: &_| {
        let is = |name| View::is(*child, Namespace::Assertion, name);
        if is("EncryptedID") {
            Some(StructureError::EncryptedId)
        } else if is("BaseID") {
            Some(StructureError::BaseId)
        } else {
            None
        }
    };
    subject.elements().map_while(Result::ok).find_map(|child| kind(&child))
}

impl<'d> Confirmation<'d> {
    fn read(element: impl View<'d>) -> Result<Self, StructureError> {
        let mut parts = children(element, "SubjectConfirmation")?;
        for name_of_presenter in ["BaseID", "NameID", "EncryptedID"] {
            parts.optional(Namespace::Assertion, name_of_presenter)?;
        }
        let data = parts.optional(Namespace::Assertion, "SubjectConfirmationData")?.map(ConfirmationData::read).transpose()?;
        parts.finish()?;
        Ok(Self { method: required(element.attribute("Method"), "SubjectConfirmation", "Method")?, data })
    }
}

impl<'d> ConfirmationData<'d> {
    fn read(element: impl View<'d>) -> Result<Self, StructureError> {
        const NAME: &str = "SubjectConfirmationData";
        let [not_before, not_on_or_after, recipient, in_response_to, address] =
            element.attributes(["NotBefore", "NotOnOrAfter", "Recipient", "InResponseTo", "Address"]);
        Ok(Self {
            not_before: time(not_before, NAME, "NotBefore")?,
            not_on_or_after: time(not_on_or_after, NAME, "NotOnOrAfter")?,
            recipient,
            in_response_to,
            address,
        })
    }
}

impl<'d> Conditions<'d> {
    fn read(element: impl View<'d>) -> Result<Self, StructureError> {
        let [not_before, not_on_or_after] = element.attributes(["NotBefore", "NotOnOrAfter"]);
        let mut conditions = Self {
            not_before: time(not_before, "Conditions", "NotBefore")?,
            not_on_or_after: time(not_on_or_after, "Conditions", "NotOnOrAfter")?,
            ..Self::default()
        };
        let mut proxy_restriction = false;
        for condition in element.elements() {
            let condition = condition?;
            if condition.is(Namespace::Assertion, "AudienceRestriction") {
                conditions.audience_restrictions.push(audiences(condition)?);
            } else if condition.is(Namespace::Assertion, "OneTimeUse") {
                once(&mut conditions.one_time_use, "OneTimeUse")?;
            } else if condition.is(Namespace::Assertion, "ProxyRestriction") {
                once(&mut proxy_restriction, "ProxyRestriction")?;
            } else {
                let kind = condition.attribute_ns(Namespace::SchemaInstance, "type").unwrap_or(condition.qualified_name());
                conditions.unknown.get_or_insert(kind);
            }
        }
        Ok(conditions)
    }
}

/// SAML Core 2.5.1.5 and 2.5.1.6: at most one of these conditions.
fn once(seen: &mut bool, element: &'static str) -> Result<(), StructureError> {
    if std::mem::replace(seen, true) { Err(StructureError::RepeatedElement { parent: "Conditions", element }) } else { Ok(()) }
}

/// A restriction without any Audience, which the schema does not have, is read: it admits nobody.
fn audiences<'d>(restriction: impl View<'d>) -> Result<Vec<Cow<'d, str>>, StructureError> {
    let mut parts = children(restriction, "AudienceRestriction")?;
    let mut audiences = Vec::new();
    while let Some(audience) = parts.take(Namespace::Assertion, "Audience")? {
        audiences.push(audience.text()?);
    }
    parts.finish()?;
    Ok(audiences)
}

impl<'d> Authentication<'d> {
    fn read(statement: impl View<'d>) -> Result<Self, StructureError> {
        let mut parts = children(statement, "AuthnStatement")?;
        parts.optional(Namespace::Assertion, "SubjectLocality")?;
        let context = authn_context_class(parts.required(Namespace::Assertion, "AuthnContext")?)?;
        parts.finish()?;
        let [instant, session_index, until] = statement.attributes(["AuthnInstant", "SessionIndex", "SessionNotOnOrAfter"]);
        Ok(Self {
            instant: required_time(instant, "AuthnStatement", "AuthnInstant")?,
            session_index,
            session_not_on_or_after: time(until, "AuthnStatement", "SessionNotOnOrAfter")?,
            context,
        })
    }
}

/// SAML Core 2.7.2.2.
fn authn_context_class<'d>(context: impl View<'d>) -> Result<Option<Cow<'d, str>>, StructureError> {
    let mut parts = children(context, "AuthnContext")?;
    let class = parts.optional(Namespace::Assertion, "AuthnContextClassRef")?.map(View::text).transpose()?;
    parts.optional(Namespace::Assertion, "AuthnContextDecl")?;
    parts.optional(Namespace::Assertion, "AuthnContextDeclRef")?;
    while parts.take(Namespace::Assertion, "AuthenticatingAuthority")?.is_some() {}
    parts.finish()?;
    Ok(class)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Limits;
    use crate::error::Shown;
    use crate::xml::Document;

    const ASSERTION: &str = r#"<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" Version="2.0" ID="_a" IssueInstant="2025-03-03T10:00:00.123Z"><Issuer>urn:idp</Issuer><Subject><NameID Format="urn:format" NameQualifier="q" SPNameQualifier="s" SPProvidedID="p">auth0|1</NameID><SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="2025-03-03T11:00:00.123Z" Recipient="https://sp.example/acs" InResponseTo="_q" Address="192.0.2.1"/></SubjectConfirmation></Subject><Conditions NotBefore="2025-03-03T10:00:00.123Z" NotOnOrAfter="2025-03-03T11:00:00.123Z"><AudienceRestriction><Audience>urn:sp</Audience></AudienceRestriction></Conditions><AuthnStatement AuthnInstant="2025-03-03T10:00:00.123Z" SessionIndex="_s"><AuthnContext><AuthnContextClassRef>urn:class</AuthnContextClassRef></AuthnContext></AuthnStatement><AttributeStatement/></Assertion>"#;

    /// The sample with passages replaced, and what is read of it.
    fn read<T>(changes: &[(&str, &str)], then: impl FnOnce(Result<Content<'_>, StructureError>) -> T) -> T {
        let mut xml = ASSERTION.to_owned();
        for (from, to) in changes {
            assert!(xml.contains(from), "{from}");
            xml = xml.replacen(from, to, 1);
        }
        let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        then(Assertion::read(document.root()).map(|assertion| assertion.content))
    }

    #[test]
    fn every_part_is_read() {
        read(&[], |content| {
            let content = content.unwrap();
            let time = |text| crate::time::parse_rfc3339(text).unwrap();
            let (start, end) = (time("2025-03-03T10:00:00.123Z"), time("2025-03-03T11:00:00.123Z"));
            assert_eq!((content.id, content.issue_instant, &*content.issuer.name), ("_a", start, "urn:idp"));
            let name = content.name_id.as_ref().unwrap();
            assert_eq!((name.value.as_str(), name.format.as_deref()), ("auth0|1", Some("urn:format")));
            assert_eq!((name.name_qualifier.as_deref(), name.sp_name_qualifier.as_deref()), (Some("q"), Some("s")));
            assert_eq!(name.sp_provided_id.as_deref(), Some("p"));
            let data = content.confirmations[0].data.as_ref().unwrap();
            assert_eq!((data.not_before, data.not_on_or_after), (None, Some(end)));
            assert_eq!((data.recipient, data.in_response_to), (Some("https://sp.example/acs"), Some("_q")));
            assert_eq!(data.address, Some("192.0.2.1"));
            assert_eq!((content.conditions.not_before, content.conditions.not_on_or_after), (Some(start), Some(end)));
            assert_eq!(content.conditions.audience_restrictions, [["urn:sp"]]);
            let authentication = &content.authentications[0];
            assert_eq!((authentication.instant, authentication.session_index), (start, Some("_s")));
            assert_eq!(authentication.context.as_deref(), Some("urn:class"));
            assert!(content.attributes.is_empty());
        });
    }

    #[test]
    fn a_name_is_whole_and_debug_hides_it() {
        read(&[("auth0|1", "a<!-- -->b<![CDATA[c]]> ")], |content| {
            let name_id = content.unwrap().name_id.unwrap();
            assert_eq!(name_id.value, "abc ");
            assert!(!format!("{name_id:?}").contains("abc"));
        });
    }

    #[test]
    fn what_the_schema_leaves_open_is_accepted() {
        for (from, to) in [
            ("<NameID Format=\"urn:format\" NameQualifier=\"q\" SPNameQualifier=\"s\" SPProvidedID=\"p\">auth0|1</NameID>", ""),
            ("<Conditions ", "<Conditions x=\"1\" "),
            ("</Conditions>", "<OneTimeUse/><ProxyRestriction Count=\"0\"/><AudienceRestriction/></Conditions>"),
            ("</Conditions>", "</Conditions><Advice><Assertion/><x/></Advice>"),
            ("<AttributeStatement/>", "<Statement/><AuthzDecisionStatement><x/></AuthzDecisionStatement><AttributeStatement/>"),
            ("<AttributeStatement/>", ""),
            ("<SubjectConfirmationData ", "<NameID>proxy</NameID><SubjectConfirmationData x=\"1\" "),
            ("Address=\"192.0.2.1\"/>", "><Assertion/>text</SubjectConfirmationData>"),
            ("<AuthnContext>", "<SubjectLocality Address=\"192.0.2.1\"/><AuthnContext>"),
            (
                "</AuthnContextClassRef>",
                "</AuthnContextClassRef><AuthnContextDeclRef/><AuthenticatingAuthority/><AuthenticatingAuthority/>",
            ),
            ("<AuthnContextClassRef>urn:class</AuthnContextClassRef>", "<AuthnContextDecl><x/></AuthnContextDecl>"),
            ("<Subject>", "<d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"/><Subject>"),
        ] {
            read(&[(from, to)], |content| assert_eq!(content.err(), None, "{to}"));
        }
    }

    #[test]
    fn every_other_shape_is_refused() {
        let missing = |parent, element| StructureError::MissingElement { parent, element };
        let repeated = |parent, element| StructureError::RepeatedElement { parent, element };
        let unexpected = |parent, element| StructureError::UnexpectedElement { parent, element: Shown::new(element) };
        let attribute = |element, attribute| StructureError::MissingAttribute { element, attribute };
        let time = |element, attribute| StructureError::InvalidTime { element, attribute, received: Shown::new("soon") };
        let name_id = r#"<NameID Format="urn:format" NameQualifier="q" SPNameQualifier="s" SPProvidedID="p">auth0|1</NameID>"#;
        let authn_context = "<AuthnContext><AuthnContextClassRef>urn:class</AuthnContextClassRef></AuthnContext>";
        for (from, to, error) in [
            (" Version=\"2.0\"", "", attribute("Assertion", "Version")),
            ("\"2.0\"", "\"2.1\"", StructureError::UnsupportedVersion { element: "Assertion", received: Shown::new("2.1") }),
            (" ID=\"_a\"", "", attribute("Assertion", "ID")),
            ("\"_a\"", "\"a b\"", StructureError::InvalidId { element: "Assertion", received: Shown::new("a b") }),
            (" IssueInstant=\"2025-03-03T10:00:00.123Z\"", "", attribute("Assertion", "IssueInstant")),
            ("<Issuer>urn:idp</Issuer>", "", missing("Assertion", "Issuer")),
            ("<Subject>", "<Issuer>urn:idp</Issuer><Subject>", repeated("Assertion", "Issuer")),
            ("</Subject>", "</Subject><Subject/>", repeated("Assertion", "Subject")),
            ("</Conditions>", "</Conditions><Conditions/>", repeated("Assertion", "Conditions")),
            ("</Conditions>", "</Conditions><Advice/><Conditions/>", unexpected("Assertion", "Conditions")),
            ("<AttributeStatement/>", "<Assertion/>", unexpected("Assertion", "Assertion")),
            (
                "<AttributeStatement/>",
                "<x:AttributeStatement xmlns:x=\"urn:x\"/>",
                unexpected("Assertion", "x:AttributeStatement"),
            ),
            ("<AttributeStatement/>", "text", StructureError::UnexpectedText { element: Shown::new("Assertion") }),
            (name_id, "<BaseID/>", StructureError::BaseId),
            (name_id, "<EncryptedID/>", StructureError::EncryptedId),
            (name_id, "<NameID>a</NameID><NameID>b</NameID>", repeated("Subject", "NameID")),
            (name_id, "<NameID/>", StructureError::EmptyNameId),
            (name_id, "<NameID> <!--x-->\n</NameID>", StructureError::EmptyNameId),
            (name_id, "<NameID>a<x/></NameID>", StructureError::NotText { element: Shown::new("NameID") }),
            (name_id, "<NameID>a<?x y?></NameID>", StructureError::NotText { element: Shown::new("NameID") }),
            ("</Subject>", "<x/></Subject>", unexpected("Subject", "x")),
            (" Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"", "", attribute("SubjectConfirmation", "Method")),
            (
                "</SubjectConfirmation>",
                "<SubjectConfirmationData/></SubjectConfirmation>",
                repeated("SubjectConfirmation", "SubjectConfirmationData"),
            ),
            ("</SubjectConfirmation>", "<x/></SubjectConfirmation>", unexpected("SubjectConfirmation", "x")),
            (
                "NotOnOrAfter=\"2025-03-03T11:00:00.123Z\"",
                "NotOnOrAfter=\"soon\"",
                time("SubjectConfirmationData", "NotOnOrAfter"),
            ),
            ("Address=", "NotBefore=\"soon\" Address=", time("SubjectConfirmationData", "NotBefore")),
            ("NotBefore=\"2025-03-03T10:00:00.123Z\"", "NotBefore=\"soon\"", time("Conditions", "NotBefore")),
            ("</Conditions>", "<OneTimeUse/><OneTimeUse/></Conditions>", repeated("Conditions", "OneTimeUse")),
            ("</Conditions>", "<ProxyRestriction/><ProxyRestriction/></Conditions>", repeated("Conditions", "ProxyRestriction")),
            ("</Audience>", "</Audience><x/>", unexpected("AudienceRestriction", "x")),
            ("<Audience>", "<Audience><x/>", StructureError::NotText { element: Shown::new("Audience") }),
            (" AuthnInstant=\"2025-03-03T10:00:00.123Z\"", "", attribute("AuthnStatement", "AuthnInstant")),
            ("SessionIndex=", "SessionNotOnOrAfter=\"soon\" SessionIndex=", time("AuthnStatement", "SessionNotOnOrAfter")),
            (authn_context, "", missing("AuthnStatement", "AuthnContext")),
            ("</AuthnContext>", "<x/></AuthnContext>", unexpected("AuthnContext", "x")),
            ("</AuthnStatement>", "<x/></AuthnStatement>", unexpected("AuthnStatement", "x")),
        ] {
            read(&[(from, to)], |content| assert_eq!(content.err(), Some(error), "{from} -> {to}"));
        }
    }

    #[test]
    fn conditions_that_are_not_known_are_named() {
        for (condition, name) in [
            ("<Condition xsi:type=\"e:OnlyOnTuesdays\"/>", "e:OnlyOnTuesdays"),
            ("<e:Foo xmlns:e=\"urn:e\"/>", "e:Foo"),
            ("<e:OneTimeUse xmlns:e=\"urn:e\"/>", "e:OneTimeUse"),
        ] {
            read(&[("</Conditions>", &format!("{condition}</Conditions>"))], |content| {
                assert_eq!(content.unwrap().conditions.unknown, Some(name));
            });
        }
    }
}
