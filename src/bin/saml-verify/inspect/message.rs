//! What a message and its assertions say, whatever their shape: what is broken is shown as it stands.

use std::time::SystemTime;

use saml_verify::TrustedKeys;
use saml_verify::inspect::UnverifiedElement;
use saml_verify::time::parse_rfc3339;
use serde::Serialize;

use super::elements::{
    ASSERTION, ENCRYPTION, METADATA, MOST, PROTOCOL, Privacy, SIGNATURE, Text, all, child, children, is, shown, text_of,
};
use super::keys::{Key, keys_of};
use super::show_keys;
use crate::terminal::{Screen, Tone};

/// What a message says of itself.
#[derive(Serialize)]
pub(super) struct Header {
    /// `Response`, `AuthnRequest`, `LogoutRequest`, `LogoutResponse`, `Assertion`, `EntityDescriptor`, `EntitiesDescriptor`, or `other`.
    pub(super) kind: &'static str,
    element: String,
    namespace: String,
    id: Option<String>,
    version: Option<String>,
    /// In full: it is compared.
    #[serde(skip)]
    pub(super) issuer_in_full: Option<String>,
    pub(super) issuer: Option<String>,
    #[serde(skip)]
    pub(super) destination_in_full: Option<String>,
    destination: Option<String>,
    #[serde(skip)]
    pub(super) in_response_to_in_full: Option<String>,
    in_response_to: Option<String>,
    #[serde(skip)]
    pub(super) issue_instant: Option<SystemTime>,
    /// Where the answer to a request goes.
    acs_url: Option<String>,
    /// Of a description, whom it describes.
    entity_ids: Vec<String>,
    status: Vec<String>,
    status_message: Option<String>,
    /// Whom a request is about.
    name_id: Option<Text>,
    session_indexes: Vec<String>,
}

impl Header {
    pub(super) fn new(root: UnverifiedElement<'_>, privacy: Privacy) -> Self {
        let full = |name| root.attribute(name).map(str::to_owned);
        let cut = |name| root.attribute(name).map(shown);
        let issuer = child(root, ASSERTION, "Issuer").and_then(|issuer| issuer.text()).map(|text| text.trim().to_owned());
        let entities = all(root).map(|(_, element)| element).filter(|element| is(*element, METADATA, "EntityDescriptor"));
        let status = child(root, PROTOCOL, "Status");
        // Of a LogoutRequest a child, of an AuthnRequest a child of its Subject.
        let name = std::iter::once(root).chain(child(root, ASSERTION, "Subject")).find_map(|one| child(one, ASSERTION, "NameID"));
        Self {
            kind: kind(root),
            element: shown(root.qualified_name()),
            namespace: shown(root.namespace()),
            id: cut("ID"),
            version: cut("Version"),
            issuer: issuer.as_deref().map(shown),
            issuer_in_full: issuer,
            destination_in_full: full("Destination"),
            destination: cut("Destination"),
            in_response_to_in_full: full("InResponseTo"),
            in_response_to: cut("InResponseTo"),
            issue_instant: root.attribute("IssueInstant").and_then(parse_rfc3339),
            acs_url: cut("AssertionConsumerServiceURL"),
            entity_ids: entities.take(MOST).filter_map(|entity| entity.attribute("entityID")).map(shown).collect(),
            status: status.into_iter().flat_map(status_codes).collect(),
            status_message: status.and_then(|status| child(status, PROTOCOL, "StatusMessage")).and_then(text_of),
            name_id: name.map(|name| Text::of(name, privacy)),
            session_indexes: children(root, PROTOCOL, "SessionIndex").take(MOST).filter_map(text_of).collect(),
        }
    }

    pub(super) fn show(&self, screen: &mut Screen) {
        let namespace = if self.namespace.is_empty() { "no namespace" } else { &self.namespace };
        screen.field("element", &format!("{} in {namespace}", self.element));
        let fields = [
            ("ID", &self.id),
            ("version", &self.version),
            ("issuer", &self.issuer),
            ("destination", &self.destination),
            ("answers", &self.in_response_to),
            ("answer goes to", &self.acs_url),
        ];
        for (name, value) in fields {
            show_optional(name, value.as_deref(), screen);
        }
        for entity in &self.entity_ids {
            screen.field("describes", entity);
        }
        for code in &self.status {
            screen.field("status", code);
        }
        show_optional("status message", self.status_message.as_deref(), screen);
        show_optional("name ID", self.name_id.as_ref().map(Text::to_string).as_deref(), screen);
        for index in &self.session_indexes {
            screen.field("session index", index);
        }
    }
}

fn kind(root: UnverifiedElement<'_>) -> &'static str {
    const KINDS: [(&str, &str); 7] = [
        (PROTOCOL, "Response"),
        (PROTOCOL, "AuthnRequest"),
        (PROTOCOL, "LogoutRequest"),
        (PROTOCOL, "LogoutResponse"),
        (ASSERTION, "Assertion"),
        (METADATA, "EntityDescriptor"),
        (METADATA, "EntitiesDescriptor"),
    ];
    KINDS.into_iter().find(|(namespace, name)| is(root, namespace, name)).map_or("other", |(_, name)| name)
}

/// The code and those in it. SAML Core 3.2.2.2 has two levels.
fn status_codes(status: UnverifiedElement<'_>) -> impl Iterator<Item = String> {
    const MOST_NESTED: usize = 4;
    let first = child(status, PROTOCOL, "StatusCode");
    let codes = std::iter::successors(first, |code| child(*code, PROTOCOL, "StatusCode"));
    codes.take(MOST_NESTED).filter_map(|code| code.attribute("Value")).map(shown)
}

/// An instant that the message names.
#[derive(Serialize)]
pub(super) struct Time {
    pub(super) element: String,
    pub(super) attribute: &'static str,
    pub(super) value: String,
    #[serde(skip)]
    pub(super) instant: Option<SystemTime>,
    /// Negative where it is past.
    seconds_from_now: Option<i64>,
}

/// The first instants of a document, in its order.
pub(super) fn times(root: UnverifiedElement<'_>, now: SystemTime) -> Vec<Time> {
    const NAMES: [&str; 6] = ["IssueInstant", "NotBefore", "NotOnOrAfter", "AuthnInstant", "SessionNotOnOrAfter", "validUntil"];
    let in_all = all(root).flat_map(|(_, element)| {
        NAMES.into_iter().filter_map(move |name| element.attribute(name).map(|value| (element, name, value)))
    });
    in_all.take(2 * MOST).map(|(element, attribute, value)| Time::new(element, attribute, value, now)).collect()
}

impl Time {
    fn new(element: UnverifiedElement<'_>, attribute: &'static str, value: &str, now: SystemTime) -> Self {
        let instant = parse_rfc3339(value);
        let seconds = |instant: SystemTime| match instant.duration_since(now) {
            Ok(ahead) => i64::try_from(ahead.as_secs()).ok(),
            Err(behind) => i64::try_from(behind.duration().as_secs()).ok().map(|seconds| -seconds),
        };
        let (element, value) = (shown(element.local_name()), shown(value));
        Self { element, attribute, value, instant, seconds_from_now: instant.and_then(seconds) }
    }
}

/// What an Assertion says.
#[derive(Serialize)]
pub(super) struct Assertion {
    id: Option<String>,
    issuer: Option<String>,
    #[serde(skip)]
    pub(super) issuer_in_full: Option<String>,
    name_id: Option<Text>,
    name_id_format: Option<String>,
    #[serde(skip)]
    pub(super) recipient_in_full: Option<String>,
    #[serde(skip)]
    pub(super) audience_in_full: Option<String>,
    #[serde(skip)]
    pub(super) in_response_to_in_full: Option<String>,
    confirmations: Vec<Confirmation>,
    audiences: Vec<String>,
    session_index: Option<String>,
    authn_context: Option<String>,
    attributes: Vec<Attribute>,
    attributes_found: usize,
}

#[derive(Serialize)]
struct Confirmation {
    method: Option<String>,
    recipient: Option<String>,
    in_response_to: Option<String>,
    address: Option<Text>,
}

#[derive(Serialize)]
struct Attribute {
    name: Option<String>,
    name_format: Option<String>,
    values: Vec<Text>,
}

/// The first Assertions, wherever they stand, and how many there are.
pub(super) fn assertions(root: UnverifiedElement<'_>, privacy: Privacy) -> (Vec<Assertion>, usize) {
    let found: Vec<_> = all(root).map(|(_, element)| element).filter(|element| is(*element, ASSERTION, "Assertion")).collect();
    (found.iter().take(MOST).map(|element| Assertion::new(*element, privacy)).collect(), found.len())
}

impl Assertion {
    fn new(element: UnverifiedElement<'_>, privacy: Privacy) -> Self {
        let subject = child(element, ASSERTION, "Subject");
        let name = subject.and_then(|subject| child(subject, ASSERTION, "NameID"));
        let issuer = child(element, ASSERTION, "Issuer").and_then(|issuer| issuer.text()).map(|text| text.trim().to_owned());
        let confirmations = || subject.into_iter().flat_map(|subject| children(subject, ASSERTION, "SubjectConfirmation"));
        let data = confirmations().find_map(|one| child(one, ASSERTION, "SubjectConfirmationData"));
        let audiences: Vec<String> = audiences(element).collect();
        let authn = child(element, ASSERTION, "AuthnStatement");
        let context = authn.and_then(|authn| child(authn, ASSERTION, "AuthnContext"));
        let attributes = || {
            let statements = children(element, ASSERTION, "AttributeStatement");
            statements.flat_map(|statement| children(statement, ASSERTION, "Attribute"))
        };
        let full = |name| data.and_then(|data| data.attribute(name)).map(str::to_owned);
        Self {
            id: element.attribute("ID").map(shown),
            issuer: issuer.as_deref().map(shown),
            issuer_in_full: issuer,
            name_id: name.map(|name| Text::of(name, privacy)),
            name_id_format: name.and_then(|name| name.attribute("Format")).map(shown),
            recipient_in_full: full("Recipient"),
            audience_in_full: audiences.first().cloned(),
            in_response_to_in_full: full("InResponseTo"),
            confirmations: confirmations().take(MOST).map(|one| Confirmation::new(one, privacy)).collect(),
            audiences: audiences.iter().map(|audience| shown(audience)).collect(),
            session_index: authn.and_then(|authn| authn.attribute("SessionIndex")).map(shown),
            authn_context: context.and_then(|context| child(context, ASSERTION, "AuthnContextClassRef")).and_then(text_of),
            attributes: attributes().take(MOST_ATTRIBUTES).map(|one| Attribute::new(one, privacy)).collect(),
            attributes_found: attributes().count(),
        }
    }

    pub(super) fn show(&self, screen: &mut Screen) {
        show_optional("ID", self.id.as_deref(), screen);
        show_optional("issuer", self.issuer.as_deref(), screen);
        screen.field("name ID", &self.name_id.as_ref().map_or_else(|| "none in the clear".to_owned(), Text::to_string));
        show_optional("format", self.name_id_format.as_deref(), screen);
        for confirmation in &self.confirmations {
            confirmation.show(screen);
        }
        for audience in &self.audiences {
            screen.field("audience", audience);
        }
        show_optional("session index", self.session_index.as_deref(), screen);
        show_optional("authn context", self.authn_context.as_deref(), screen);
        screen.field("attributes", &self.attributes_found.to_string());
        for attribute in &self.attributes {
            attribute.show(screen);
        }
    }
}

fn audiences(assertion: UnverifiedElement<'_>) -> impl Iterator<Item = String> {
    let conditions = children(assertion, ASSERTION, "Conditions");
    let restrictions = conditions.flat_map(|conditions| children(conditions, ASSERTION, "AudienceRestriction"));
    let audiences = restrictions.flat_map(|restriction| children(restriction, ASSERTION, "Audience"));
    audiences.take(MOST).filter_map(|audience| audience.text()).map(|text| text.into_owned())
}

impl Confirmation {
    fn new(element: UnverifiedElement<'_>, privacy: Privacy) -> Self {
        let data = child(element, ASSERTION, "SubjectConfirmationData");
        let of = |name| data.and_then(|data| data.attribute(name));
        Self {
            method: element.attribute("Method").map(shown),
            recipient: of("Recipient").map(shown),
            in_response_to: of("InResponseTo").map(shown),
            address: of("Address").map(|address| Text::personal(address, privacy)),
        }
    }

    fn show(&self, screen: &mut Screen) {
        screen.field("confirmation", self.method.as_deref().unwrap_or("without a Method"));
        show_optional("recipient", self.recipient.as_deref(), screen);
        show_optional("answers", self.in_response_to.as_deref(), screen);
        show_optional("address", self.address.as_ref().map(Text::to_string).as_deref(), screen);
    }
}

impl Attribute {
    fn new(element: UnverifiedElement<'_>, privacy: Privacy) -> Self {
        let values = children(element, ASSERTION, "AttributeValue").take(MOST_VALUES);
        Self {
            name: element.attribute("Name").map(shown),
            name_format: element.attribute("NameFormat").map(shown),
            values: values.map(|value| Text::of(value, privacy)).collect(),
        }
    }

    fn show(&self, screen: &mut Screen) {
        screen.line(Tone::Faint, &format!("  {}", self.name.as_deref().unwrap_or("without a Name")));
        for value in &self.values {
            screen.line(Tone::Plain, &format!("    {value}"));
        }
    }
}

/// What is encrypted, and to whom.
#[derive(Serialize)]
pub(super) struct Encrypted {
    element: String,
    algorithm: Option<String>,
    keys: Vec<EncryptedKey>,
}

/// The key of the content, which a certificate's key encrypts.
#[derive(Serialize)]
struct EncryptedKey {
    algorithm: Option<String>,
    recipient: Option<String>,
    certificates: Vec<Key>,
}

/// The first encrypted parts, and how many there are. XML Encryption 3.
pub(super) fn encrypted(root: UnverifiedElement<'_>, given: Option<&TrustedKeys>) -> (Vec<Encrypted>, usize) {
    let data = |element| is(element, ENCRYPTION, "EncryptedData");
    let found: Vec<_> = all(root).filter(|(_, element)| data(*element)).collect();
    let first = found.iter().take(MOST);
    (first.map(|(parent, element)| Encrypted::new(*parent, *element, given)).collect(), found.len())
}

impl Encrypted {
    /// Keys stand in the KeyInfo of the data or beside the data, in the same parent (SAML Core 2.2.4, errata E43).
    fn new(parent: Option<UnverifiedElement<'_>>, data: UnverifiedElement<'_>, given: Option<&TrustedKeys>) -> Self {
        let key_info = children(data, SIGNATURE, "KeyInfo");
        let places = key_info.chain(parent);
        let keys = places.flat_map(|place| children(place, ENCRYPTION, "EncryptedKey"));
        Self {
            element: shown(parent.unwrap_or(data).qualified_name()),
            algorithm: method(data),
            keys: keys.take(MOST).map(|key| EncryptedKey::new(key, given)).collect(),
        }
    }

    pub(super) fn show(&self, screen: &mut Screen) {
        screen.field("element", &self.element);
        screen.field("algorithm", self.algorithm.as_deref().unwrap_or("none named"));
        for key in &self.keys {
            screen.field("key", key.algorithm.as_deref().unwrap_or("no algorithm named"));
            show_optional("recipient", key.recipient.as_deref(), screen);
            show_keys(&key.certificates, screen);
        }
        if self.keys.is_empty() {
            screen.field("key", "none in the message");
        }
    }
}

impl EncryptedKey {
    fn new(element: UnverifiedElement<'_>, given: Option<&TrustedKeys>) -> Self {
        Self {
            algorithm: method(element),
            recipient: element.attribute("Recipient").map(shown),
            certificates: keys_of(element, given),
        }
    }
}

fn method(element: UnverifiedElement<'_>) -> Option<String> {
    child(element, ENCRYPTION, "EncryptionMethod").and_then(|method| method.attribute("Algorithm")).map(shown)
}

fn show_optional(name: &str, value: Option<&str>, screen: &mut Screen) {
    if let Some(value) = value {
        screen.field(name, value);
    }
}

/// Of users in thousands of groups, as much as anybody reads.
const MOST_ATTRIBUTES: usize = 256;
const MOST_VALUES: usize = 64;
