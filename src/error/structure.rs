//! Refusals of the status and structure stages: what the message says instead of a login, and messages that are not shaped as
//! SAML prescribes.

use std::fmt;

use super::{Refusal, Shown};
use crate::id::is_nm_token;

/// The identity provider reports a failure. SAML Core 3.2.2.
///
/// Unless [`StatusError::signed`] is true, anybody may have written this: never show its message as if the identity provider
/// had said it, and change no state because of it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusError {
    /// The top-level status code. Some identity providers put a second-level code here.
    pub code: Shown,
    /// The codes nested inside it, outermost first; at most three.
    pub nested: Vec<Shown>,
    /// `StatusMessage`: its text or, as Auth0 writes it, its `Value` attribute.
    pub message: Option<Shown>,
    /// Whether a trusted key signed the Response that reports this.
    pub signed: bool,
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.signed { "signed" } else { "not signed, so it may be forged" };
        write!(f, "the Response ({by}) reports the status {}", self.code)?;
        for nested in &self.nested {
            write!(f, ", {nested}")?;
        }
        self.message.as_ref().map_or(Ok(()), |message| write!(f, " with the message {message}"))
    }
}

impl Refusal for StatusError {
    fn code(&self) -> &'static str {
        "status_not_success"
    }

    fn section(&self) -> &'static str {
        "SAML Core 3.2.2.2"
    }

    fn expected(&self) -> Vec<String> {
        vec![Self::SUCCESS.to_owned()]
    }

    fn received(&self) -> Vec<String> {
        self.codes().map(str::to_owned).collect()
    }

    fn remedy(&self) -> String {
        self.known_codes().find_map(remedy_for).unwrap_or(LOOK_IN_THE_LOG).to_owned()
    }
}

/// What to do about a status code of SAML Core 3.2.2.2; the innermost code that is known says most.
fn remedy_for(name: &str) -> Option<&'static str> {
    Some(match name {
        "AuthnFailed" => {
            "the user could not authenticate, or a rule of the identity provider refused the login: look in its log at the time of the \
             message (Auth0: Monitoring, Logs) and at the user's rights"
        }
        "UnknownPrincipal" => {
            "the identity provider does not know the user: look in its log, and create the user or grant access there"
        }
        "Responder" => LOOK_IN_THE_LOG,
        "InvalidNameIDPolicy" => {
            "the service provider's request asks for a NameID that the identity provider does not issue: leave `NameIDPolicy` out of the \
             AuthnRequest, or ask for a Format that is configured there"
        }
        "NoPassive" => {
            "the service provider's request has `IsPassive`, and the user has no session at the identity provider: send a request \
             without it"
        }
        "NoAuthnContext" => {
            "the service provider's request asks for an authentication context that the identity provider does not offer: leave \
             `RequestedAuthnContext` out of the AuthnRequest, or ask for one that it offers"
        }
        "UnsupportedBinding" => {
            "the service provider's request asks for a binding that the identity provider does not answer by: ask for \
             `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST` as ProtocolBinding"
        }
        "RequestDenied" => {
            "the identity provider understood the service provider's request and does not answer it: look in its log, and check that this \
             Issuer and ACS URL are allowed there"
        }
        "RequestUnsupported" => {
            "the service provider's request asks for something that the identity provider does not support: leave the optional parts out \
             of the AuthnRequest"
        }
        "NoAvailableIDP" | "NoSupportedIDP" | "ProxyCountExceeded" => {
            "the service provider's request restricts by `Scoping` who may authenticate the user, and nobody of them could: leave it \
             out of the AuthnRequest"
        }
        "VersionMismatch" | "RequestVersionDeprecated" | "RequestVersionTooHigh" | "RequestVersionTooLow" => {
            "the service provider's request is not of a version that the identity provider takes: send an AuthnRequest of Version 2.0"
        }
        "Requester" => {
            "the service provider's request is at fault: compare its Issuer, ACS URL, signature and clock with what the identity provider \
             has configured; its log says more"
        }
        _ => return None,
    })
}

const LOOK_IN_THE_LOG: &str = "the identity provider refused the login or failed: look in its log at the time of the message (Auth0: \
                               Monitoring, Logs)";

impl StatusError {
    /// The only top-level code that comes with a login. SAML Core 3.2.2.2.
    pub(crate) const SUCCESS: &'static str = "urn:oasis:names:tc:SAML:2.0:status:Success";
    /// How every code of SAML Core 3.2.2.2 starts.
    const PREFIX: &'static str = "urn:oasis:names:tc:SAML:2.0:status:";

    /// The status codes, outermost first: the whole URIs.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        [&self.code].into_iter().chain(&self.nested).map(Shown::as_str)
    }

    /// Those that start as the codes of SAML Core 3.2.2.2 do, less that start, innermost first.
    pub(super) fn known_codes(&self) -> impl Iterator<Item = &str> {
        let inwards_out = self.nested.iter().rev().chain([&self.code]);
        inwards_out.filter_map(|code| code.as_str().strip_prefix(Self::PREFIX))
    }
}

/// How the message departs from the shape that SAML prescribes.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StructureError {
    /// The document element is not that of the expected message.
    UnexpectedRoot {
        /// The expected element.
        expected: &'static str,
        /// The name of the document element, as written.
        received: Shown,
    },
    /// `Version` is not `2.0`. SAML Core 4.1.
    UnsupportedVersion {
        /// The element that carries it.
        element: &'static str,
        /// The value.
        received: Shown,
    },
    /// A required element is missing.
    MissingElement {
        /// The element in which it should be.
        parent: &'static str,
        /// The element.
        element: &'static str,
    },
    /// An element that the schema does not have in this place, or not in this order.
    UnexpectedElement {
        /// The element in which it is.
        parent: &'static str,
        /// The name of the element, as written.
        element: Shown,
    },
    /// An element that may occur once occurs again.
    RepeatedElement {
        /// The element in which it is.
        parent: &'static str,
        /// The element.
        element: &'static str,
    },
    /// A required attribute is missing.
    MissingAttribute {
        /// The element that should carry it.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute whose value is not of its type.
    InvalidAttribute {
        /// The element that carries it.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// The value.
        received: Shown,
    },
    /// Not an `xs:dateTime` with a time zone, or not between the years 1 and 9999. SAML Core 1.3.3.
    InvalidTime {
        /// The element that carries it.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// The value.
        received: Shown,
    },
    /// Not an `xs:ID`. SAML Core 1.3.4.
    InvalidId {
        /// The element that carries it.
        element: &'static str,
        /// The value.
        received: Shown,
    },
    /// An element or a processing instruction where there may only be text.
    NotText {
        /// The name of the element, as written.
        element: Shown,
    },
    /// Text where there may only be elements.
    UnexpectedText {
        /// The name of the element, as written.
        element: Shown,
    },
    /// A processing instruction where there may only be elements.
    UnexpectedInstruction {
        /// The name of the element, as written.
        element: Shown,
    },
    /// A successful Response without Assertion. SAML Profiles 4.1.4.2.
    NoAssertion,
    /// More than one Assertion: whose login this is would be a matter of reading order.
    SeveralAssertions,
    /// The assertion is encrypted, and there is no key to decrypt it with: see the feature `decrypt`.
    EncryptedAssertion,
    /// The name identifier is encrypted, and there is no key to decrypt it with: see the feature `decrypt`.
    EncryptedId,
    /// The subject is named by an extension of `BaseID`, which is unknown here.
    BaseId,
    /// The name identifier has no character but white space. SAML Core 1.3.1.
    EmptyNameId,
    /// The attribute by which the connection identifies users does not identify one.
    Identifier {
        /// The name of the attribute.
        attribute: Shown,
        /// What is wrong with it.
        fault: IdentifierFault,
    },
    /// An attribute value says by `xsi:nil` that there is none, and has content: one reader would take the one, another the other.
    NilWithContent,
    /// An attribute value that is made of elements has no canonical form, or one that is out of proportion.
    ValueNotCanonicalizable {
        /// Why.
        reason: &'static str,
    },
}

/// Why an attribute does not identify a user.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierFault {
    /// The assertion has no value of it.
    Missing,
    /// It has more than one value, over all attributes of that name: whose login this is would be a matter of reading order.
    Several {
        /// How many.
        values: usize,
    },
    /// Its value has no character but white space and invisible ones.
    Blank,
    /// Its value is nil or is made of elements.
    NotText,
}

impl fmt::Display for IdentifierFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the assertion has no value of it"),
            Self::Several { values } => write!(f, "it has {values} values"),
            Self::Blank => f.write_str("its value is blank"),
            Self::NotText => f.write_str("its value is not text"),
        }
    }
}

impl fmt::Display for StructureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedRoot { expected, received } => {
                write!(f, "the document is {received}, not a SAML 2.0 {expected}{}", hint_at_lower_case(received))
            }
            Self::UnsupportedVersion { element, received } => write!(f, "the {element} has the version {received}, not \"2.0\""),
            Self::MissingElement { parent, element } => write!(f, "the {parent} has no {element}"),
            Self::UnexpectedElement { parent, element } => {
                write!(f, "the {parent} has {element} in a place where it cannot be{}", hint_at_lower_case(element))
            }
            Self::RepeatedElement { parent, element } => write!(f, "the {parent} has more than one {element}"),
            Self::MissingAttribute { element, attribute } => write!(f, "the {element} has no attribute {attribute}"),
            Self::InvalidAttribute { element, attribute, received } => {
                write!(f, "the attribute {attribute} of the {element} has the invalid value {received}")
            }
            Self::InvalidTime { element, attribute, received } => {
                write!(
                    f,
                    "the attribute {attribute} of the {element} is not a time with a zone, of the years 1 to 9999: {received}"
                )
            }
            Self::InvalidId { element, received } if received.as_str().is_empty() => {
                write!(f, "the ID of the {element} is empty")
            }
            Self::InvalidId { element, received } => {
                write!(f, "the ID of the {element} {}, as no XML name does: {received}", fault_of_id(received))
            }
            Self::NotText { element } => write!(f, "{element} contains something else than text"),
            Self::UnexpectedText { element } => write!(f, "{element} contains text between its elements"),
            Self::UnexpectedInstruction { element } => write!(f, "{element} contains a processing instruction"),
            Self::NoAssertion => f.write_str("the Response reports success and has no Assertion"),
            Self::SeveralAssertions => f.write_str("the Response has more than one Assertion, encrypted ones included"),
            Self::EncryptedAssertion => f.write_str("the assertion is encrypted"),
            Self::EncryptedId => f.write_str("the name identifier is encrypted"),
            Self::BaseId => f.write_str("the subject is named by a BaseID"),
            Self::EmptyNameId => f.write_str("the NameID is empty"),
            Self::Identifier { attribute, fault } => write!(f, "the attribute {attribute} does not identify the user: {fault}"),
            Self::NilWithContent => f.write_str("an AttributeValue is declared to be nil and has content"),
            Self::ValueNotCanonicalizable { reason } => {
                write!(f, "the elements of an AttributeValue have no canonical form: {reason}")
            }
        }
    }
}

impl Refusal for StructureError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnexpectedRoot { .. } => "unexpected_root",
            Self::UnsupportedVersion { .. } => "unsupported_version",
            Self::MissingElement { .. } => "missing_element",
            Self::UnexpectedElement { .. } => "unexpected_element",
            Self::RepeatedElement { .. } => "repeated_element",
            Self::MissingAttribute { .. } => "missing_attribute",
            Self::InvalidAttribute { .. } => "invalid_attribute",
            Self::InvalidTime { .. } => "invalid_time",
            Self::InvalidId { .. } => "invalid_id",
            Self::NotText { .. } => "not_text",
            Self::UnexpectedText { .. } => "unexpected_text",
            Self::UnexpectedInstruction { .. } => "unexpected_instruction",
            Self::NoAssertion => "no_assertion",
            Self::SeveralAssertions => "several_assertions",
            Self::EncryptedAssertion => "encrypted_assertion",
            Self::EncryptedId => "encrypted_id",
            Self::BaseId => "base_id",
            Self::EmptyNameId => "empty_name_id",
            Self::Identifier { fault, .. } => match fault {
                IdentifierFault::Missing => "identifier_missing",
                IdentifierFault::Several { .. } => "identifier_ambiguous",
                IdentifierFault::Blank => "identifier_blank",
                IdentifierFault::NotText => "identifier_not_text",
            },
            Self::NilWithContent => "nil_with_content",
            Self::ValueNotCanonicalizable { .. } => "value_not_canonicalizable",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::UnexpectedRoot { .. } => "SAML Core 3.3.3",
            Self::UnsupportedVersion { .. } => "SAML Core 4.1",
            Self::InvalidTime { .. } => "SAML Core 1.3.3",
            Self::InvalidId { .. } => "SAML Core 1.3.4",
            Self::NoAssertion => "SAML Profiles 4.1.4.2",
            Self::SeveralAssertions => "SAML Profiles 4.1.4.3",
            Self::EncryptedAssertion => "SAML Core 2.3.4",
            Self::EncryptedId => "SAML Core 2.2.4",
            Self::BaseId => "SAML Core 2.2.1",
            Self::EmptyNameId => "SAML Core 1.3.1",
            Self::Identifier { .. } => "connection policy",
            Self::NilWithContent => "SAML Core 2.7.3.1.1",
            Self::ValueNotCanonicalizable { .. } => "Canonical XML 1.0 section 1.3",
            Self::MissingElement { .. }
            | Self::UnexpectedElement { .. }
            | Self::RepeatedElement { .. }
            | Self::MissingAttribute { .. }
            | Self::InvalidAttribute { .. }
            | Self::NotText { .. }
            | Self::UnexpectedText { .. }
            | Self::UnexpectedInstruction { .. } => "SAML Core 1.2 (schema)",
        }
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::UnexpectedRoot { expected, .. } => vec![(*expected).to_owned()],
            Self::UnsupportedVersion { .. } => vec!["2.0".to_owned()],
            _ => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        match self {
            Self::UnexpectedRoot { received, .. }
            | Self::UnsupportedVersion { received, .. }
            | Self::InvalidAttribute { received, .. }
            | Self::InvalidTime { received, .. }
            | Self::InvalidId { received, .. } => vec![received.as_str().to_owned()],
            Self::UnexpectedElement { element, .. } => vec![element.as_str().to_owned()],
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::UnexpectedRoot { received: name, .. } | Self::UnexpectedElement { element: name, .. } if is_lower_cased(name) => {
                "a browser's inspector writes names in lower case, and what it shows can never verify: take the form field `SAMLResponse` as \
                 the browser posted it"
            }
            Self::UnexpectedRoot { received, .. } => remedy_for_document(local_name(received)),
            Self::EncryptedAssertion => {
                return format!(
                    "{GIVE_KEY}, or switch assertion encryption off at the identity provider; in Auth0 take `encryptionCert` and \
                     `encryptionPublicKey` out of the addon settings or Action"
                );
            }
            Self::EncryptedId => {
                return format!(
                    "{GIVE_KEY}, or let the identity provider send the name identifier unencrypted; in a message of logout it must be so"
                );
            }
            Self::BaseId => "let the identity provider send a NameID",
            Self::InvalidId { received, .. } if is_nm_token(received.kept()) => {
                "let the identity provider make IDs that start with a letter or an underscore and go on with letters, digits, `_`, `-` \
                 and `.`; where it cannot, and its IDs have only these characters and colons in another order, allow `non-ncname-id` for \
                 this connection"
            }
            Self::InvalidId { .. } => {
                "let the identity provider make IDs that start with a letter or an underscore and go on with letters, digits, `_`, `-` \
                 and `.`"
            }
            Self::MissingElement { element: "NameID", .. } => {
                "let the identity provider name the user by a NameID; where it names users by an attribute alone, identify them by that \
                 attribute (`IdentityProvider::identify_by_attribute`, `--identify-by`)"
            }
            Self::EmptyNameId => {
                "give the user a name identifier: in Auth0 the addon's `nameIdentifierProbes` must name a profile field that every user has"
            }
            Self::Identifier { fault: IdentifierFault::Missing, .. } => {
                "let the identity provider send this attribute, with one value, for every user, or identify users by another; its name is \
                 compared exactly, with upper and lower case"
            }
            Self::Identifier { .. } => {
                "let the identity provider send one text as the only value of this attribute, or identify users by another"
            }
            Self::NoAssertion => "look for the reason in the identity provider's log: it reports success without saying who logged in",
            Self::SeveralAssertions => "let the identity provider send one Assertion; if it does, treat the message as an attack",
            _ => {
                "the message is not built as SAML prescribes: report it to the identity provider, or, where it is not known to send such \
                 messages, treat it as an attack"
            }
        }
        .to_owned()
    }
}

/// The part of a qualified name behind its prefix.
fn local_name(name: &Shown) -> &str {
    name.as_str().rsplit(':').next().unwrap_or_default()
}

/// Whether that is the name of an element of SAML or XML Signature but for its case.
fn is_lower_cased(name: &Shown) -> bool {
    const NAMES: [&str; 14] = [
        "response",
        "assertion",
        "encryptedassertion",
        "issuer",
        "status",
        "statuscode",
        "extensions",
        "signature",
        "subject",
        "nameid",
        "subjectconfirmation",
        "conditions",
        "authnstatement",
        "attributestatement",
    ];
    NAMES.contains(&local_name(name))
}

fn hint_at_lower_case(name: &Shown) -> &'static str {
    if is_lower_cased(name) { " (names are in lower case, as a browser's inspector shows them)" } else { "" }
}

/// What to do about a document of that name.
fn remedy_for_document(local_name: &str) -> &'static str {
    match local_name {
        "Assertion" | "EncryptedAssertion" => {
            "an Assertion alone is no login: hand over the whole Response around it, which is the form field `SAMLResponse` as the browser \
             posted it"
        }
        "AuthnRequest" => {
            "this is the service provider's own request: hand over what the identity provider answers, the form field `SAMLResponse`"
        }
        "LogoutRequest" | "LogoutResponse" => {
            "this is a message of logout: give the identity provider a URL of its own for these, not that of the assertion consumer service"
        }
        "EntityDescriptor" | "EntitiesDescriptor" => {
            "this is metadata, which configures a connection: hand over a login, the form field `SAMLResponse`"
        }
        "Envelope" | "RequestSecurityTokenResponse" | "RequestSecurityTokenResponseCollection" => {
            "this is SOAP or WS-Federation: let the identity provider answer by SAML 2.0's HTTP POST binding (Auth0: the addon SAML2 Web \
             App, not the WS-Fed addon)"
        }
        _ => {
            "post the identity provider's SAML 2.0 Response to this endpoint: logout messages, metadata and SAML 1.1 (Auth0: the WS-Fed addon) \
             have no place here"
        }
    }
}

/// How a service comes to read what is encrypted.
const GIVE_KEY: &str = if cfg!(feature = "decrypt") {
    "give the service's private key (`ServiceProvider::decrypting_with`, `--decryption-key`)"
} else {
    "enable the crate's feature `decrypt` and give the service's private key"
};

/// Which rule of XML names an identifier breaks that is not empty. What no departure allows comes first.
fn fault_of_id(value: &Shown) -> &'static str {
    const OTHER: &str = "holds another character than letters, digits, `_`, `-` and `.`";
    let value = value.kept();
    match value.chars().next() {
        _ if value.contains(char::is_whitespace) => "holds white space",
        _ if !is_nm_token(value) => OTHER,
        Some('0'..='9') => "begins with a digit",
        Some('-' | '.') => "begins with `-` or `.`",
        _ if value.contains(':') => "holds a colon",
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn messages_are_stable() {
        let shown = Shown::new;
        for (error, code, message) in [
            (
                StructureError::UnexpectedRoot { expected: "Response", received: shown("samlp:LogoutResponse") },
                "unexpected_root",
                "structure: the document is \"samlp:LogoutResponse\", not a SAML 2.0 Response",
            ),
            (
                StructureError::UnsupportedVersion { element: "Assertion", received: shown("1.1") },
                "unsupported_version",
                "structure: the Assertion has the version \"1.1\", not \"2.0\"",
            ),
            (
                StructureError::MissingElement { parent: "Assertion", element: "Subject" },
                "missing_element",
                "structure: the Assertion has no Subject",
            ),
            (
                StructureError::InvalidTime { element: "Conditions", attribute: "NotBefore", received: shown("to\nday") },
                "invalid_time",
                "structure: the attribute NotBefore of the Conditions is not a time with a zone, of the years 1 to 9999: \"to\\nday\"",
            ),
            (
                StructureError::UnexpectedRoot { expected: "Response", received: shown("samlp:response") },
                "unexpected_root",
                "structure: the document is \"samlp:response\", not a SAML 2.0 Response (names are in lower case, as a browser's \
                 inspector shows them)",
            ),
            (
                StructureError::UnexpectedElement { parent: "Response", element: shown("saml:assertion") },
                "unexpected_element",
                "structure: the Response has \"saml:assertion\" in a place where it cannot be (names are in lower case, as a browser's \
                 inspector shows them)",
            ),
            (
                StructureError::InvalidId { element: "Response", received: shown("") },
                "invalid_id",
                "structure: the ID of the Response is empty",
            ),
            (StructureError::EncryptedAssertion, "encrypted_assertion", "structure: the assertion is encrypted"),
            (
                StructureError::SeveralAssertions,
                "several_assertions",
                "structure: the Response has more than one Assertion, encrypted ones included",
            ),
        ] {
            let error = Error::from(error);
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
        }
    }

    #[test]
    fn a_rule_of_identifiers_is_said_in_words() {
        for (id, fault) in [
            ("9a", "begins with a digit"),
            ("-a", "begins with `-` or `.`"),
            (".a", "begins with `-` or `.`"),
            (" a", "holds white space"),
            ("a b", "holds white space"),
            ("a:b", "holds a colon"),
            ("·a", "holds another character than letters, digits, `_`, `-` and `.`"),
            // What no departure allows, whatever else there is.
            ("9 a", "holds white space"),
            ("-a: ", "holds white space"),
            ("9{a}", "holds another character than letters, digits, `_`, `-` and `.`"),
            ("9a:b", "begins with a digit"),
            ("{a}", "holds another character than letters, digits, `_`, `-` and `.`"),
        ] {
            let error = StructureError::InvalidId { element: "Response", received: Shown::new(id) };
            assert_eq!(error.to_string(), format!("the ID of the Response {fault}, as no XML name does: \"{id}\""));
            assert!(!error.remedy().contains("attack"), "{}", error.remedy());
        }
        // One that is cut for being shown is judged by what is left of it.
        let cut = StructureError::InvalidId { element: "Response", received: Shown::new(&"9".repeat(300)) };
        assert!(cut.to_string().starts_with("the ID of the Response begins with a digit"), "{cut}");
    }

    #[test]
    fn another_document_is_named_for_what_it_is() {
        let remedy = |name| StructureError::UnexpectedRoot { expected: "Response", received: Shown::new(name) }.remedy();
        for (names, start) in [
            (&["saml:Assertion", "EncryptedAssertion"][..], "an Assertion alone is no login: hand over the whole Response"),
            (&["samlp:AuthnRequest"], "this is the service provider's own request"),
            (&["samlp:LogoutRequest", "samlp:LogoutResponse"], "this is a message of logout"),
            (&["EntityDescriptor", "md:EntitiesDescriptor"], "this is metadata"),
            (&["s:Envelope", "wst:RequestSecurityTokenResponse"], "this is SOAP or WS-Federation"),
            (&["samlp:response", "response", "assertion"], "a browser's inspector writes names in lower case"),
            (&["Response", "a", "a:b"], "post the identity provider's SAML 2.0 Response"),
        ] {
            for name in names {
                assert!(remedy(name).starts_with(start), "{name}: {}", remedy(name));
            }
        }
        let misplaced = |name| StructureError::UnexpectedElement { parent: "Response", element: Shown::new(name) };
        assert!(misplaced("saml:assertion").remedy().starts_with("a browser's inspector"));
        assert!(misplaced("saml:Assertion").remedy().starts_with("the message is not built"));
    }

    #[test]
    fn the_remedy_of_a_status_names_the_side_that_can_act() {
        let status = |codes: &[&str]| {
            let mut codes = codes.iter().map(|code| Shown::new(&format!("urn:oasis:names:tc:SAML:2.0:status:{code}")));
            StatusError { code: codes.next().unwrap(), nested: codes.collect(), message: None, signed: false }.remedy()
        };
        for (codes, start) in [
            (&["Responder"][..], "the identity provider refused the login or failed"),
            (&["Responder", "AuthnFailed"], "the user could not authenticate"),
            (&["AuthnFailed"], "the user could not authenticate"),
            (&["Requester"], "the service provider's request is at fault"),
            (&["Requester", "InvalidNameIDPolicy"], "the service provider's request asks for a NameID"),
            (&["Responder", "NoPassive"], "the service provider's request has `IsPassive`"),
            (&["Requester", "UnsupportedBinding"], "the service provider's request asks for a binding"),
            (&["Requester", "RequestDenied"], "the identity provider understood the service provider's request"),
            (&["Requester", "Unheard"], "the service provider's request is at fault"),
            (&["VersionMismatch"], "the service provider's request is not of a version"),
            (&["Unheard"], "the identity provider refused the login or failed"),
        ] {
            assert!(status(codes).starts_with(start), "{codes:?} {}", status(codes));
        }
    }

    #[test]
    fn a_status_says_whether_it_can_be_believed() {
        let mut status = StatusError {
            code: Shown::new("urn:top"),
            nested: vec![Shown::new("urn:second")],
            message: Some(Shown::new("no\u{1b}[2J")),
            signed: false,
        };
        assert_eq!(
            status.to_string(),
            "the Response (not signed, so it may be forged) reports the status \"urn:top\", \"urn:second\" with the message \"no\\u{1b}[2J\""
        );
        status.signed = true;
        assert!(status.to_string().starts_with("the Response (signed) reports"));
        assert_eq!(status.received(), ["urn:top", "urn:second"]);
    }
}
