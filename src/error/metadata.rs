//! Refusals of metadata documents. No stage of [`Error`](super::Error): no message is involved.

use std::fmt;

use super::{CertificateError, Position, Refusal, Shown, SignatureError, StructureError, XmlError, XmlErrorKind};

/// Why a metadata document does not configure a connection, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataError {
    /// What is wrong.
    pub kind: MetadataErrorKind,
    /// The element that is at fault, or the place of a syntax error.
    pub position: Position,
}

/// What is wrong with a metadata document. Sections are those of SAML Metadata where nothing else is said.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataErrorKind {
    /// Something else than XML.
    NotXml {
        /// What it is.
        found: NotXml,
    },
    /// Not the XML that this crate takes.
    Xml(XmlErrorKind),
    /// An XML document of another kind. 2.3.
    UnexpectedRoot {
        /// The name of its root element, as written.
        received: Shown,
    },
    /// Text or a processing instruction where only elements stand, or elements where only text stands.
    Structure(StructureError),
    /// An attribute that has to be there. Schema.
    MissingAttribute {
        /// The element.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// A value that is not of its type. Schema.
    InvalidValue {
        /// The element.
        element: &'static str,
        /// The attribute.
        attribute: &'static str,
        /// The value.
        received: Shown,
        /// What it has to be.
        expected: &'static str,
    },
    /// The document describes several entities, and none was chosen. 2.3.1.
    EntityNotChosen {
        /// The entity IDs of the first identity providers in it.
        identity_providers: Vec<Shown>,
        /// How many entities there are.
        entities: usize,
    },
    /// The chosen entity is not in the document.
    UnknownEntity {
        /// The chosen entity ID.
        expected: String,
        /// Entity IDs of the document: of the one that differs from it least, or the first.
        received: Vec<Shown>,
    },
    /// Two entities of the document have the chosen entity ID. 2.3.2.
    DuplicateEntity {
        /// The entity ID.
        entity_id: Shown,
    },
    /// Metadata of a service provider, such as our own. 2.4.4.
    ServiceProvider {
        /// Its entity ID.
        entity_id: Shown,
    },
    /// Metadata of WS-Federation, without a role of SAML.
    WsFederation {
        /// Its entity ID.
        entity_id: Shown,
    },
    /// An entity that is no identity provider. 2.4.3.
    NoIdentityProvider {
        /// Its entity ID.
        entity_id: Shown,
        /// The roles that it has.
        roles: Vec<Shown>,
    },
    /// An identity provider, but not of SAML 2.0. 2.4.1.
    OtherProtocol {
        /// What `protocolSupportEnumeration` lists.
        received: Option<Shown>,
    },
    /// Several identity providers of SAML 2.0 in one entity, with nothing to choose one by. 2.4.1.
    SeveralIdentityProviders {
        /// How many.
        count: usize,
    },
    /// `validUntil` is past. 2.3.1, 2.3.2, 2.4.1.
    Expired {
        /// The earliest `validUntil` that applies, RFC 3339.
        valid_until: String,
        /// The time that was asked for, RFC 3339.
        now: String,
    },
    /// No `validUntil`, and the reader requires one. SAML2Int SDP-MD03.
    NoValidUntil,
    /// A pinned key vouches, and neither the entity nor a group around it is signed. 3.
    NotSigned,
    /// The Signature is not the first child of its element. Schema.
    SignatureMisplaced {
        /// `EntityDescriptor` or `EntitiesDescriptor`.
        element: &'static str,
    },
    /// A signature that does not hold. 3.
    Signature(SignatureError),
    /// No key for signatures in the document. 2.4.1.1.
    NoSigningKey,
    /// Keys for signatures, and none that can be used.
    NoUsableKey {
        /// Why the first cannot be used.
        reason: UnusableKey,
        /// How many there are.
        count: usize,
    },
    /// More of something than is read.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        maximum: usize,
    },
}

/// Why a KeyDescriptor gives no key.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusableKey {
    /// Its KeyInfo has neither a certificate nor a key, but perhaps a name or a reference.
    NoKey,
    /// The certificate or key in it cannot be used.
    Certificate(CertificateError),
    /// Its KeyInfo holds two keys: a KeyValue that is not the key of its certificate, or not that of another KeyValue. SAML Metadata
    /// Interoperability Profile 2.5.1.
    Contradictory,
}

/// What was given in place of a metadata document.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotXml {
    /// Nothing but white space.
    Nothing,
    /// An HTML page: that of a login, of an error, or of an administration console.
    HtmlPage,
    /// JSON, such as an OpenID Connect configuration.
    Json,
    /// A certificate or another PEM block.
    Pem,
    /// The URL of a document.
    Url,
}

impl MetadataError {
    pub(crate) const fn new(kind: MetadataErrorKind, position: Position) -> Self {
        Self { kind, position }
    }

    /// A stable name of the cause, for programs: `snake_case`.
    pub fn code(&self) -> &'static str {
        use MetadataErrorKind as K;
        match &self.kind {
            K::NotXml { found } => found.code(),
            K::Xml(_) => self.xml().map_or("not_well_formed", |error| error.code()),
            K::UnexpectedRoot { .. } => "not_metadata",
            K::Structure(error) => error.code(),
            K::MissingAttribute { .. } => "missing_attribute",
            K::InvalidValue { .. } => "invalid_value",
            K::EntityNotChosen { .. } => "entity_not_chosen",
            K::UnknownEntity { .. } => "unknown_entity",
            K::DuplicateEntity { .. } => "duplicate_entity",
            K::ServiceProvider { .. } => "sp_metadata",
            K::WsFederation { .. } => "ws_federation_metadata",
            K::NoIdentityProvider { .. } => "no_identity_provider",
            K::OtherProtocol { .. } => "other_protocol",
            K::SeveralIdentityProviders { .. } => "several_identity_providers",
            K::Expired { .. } => "metadata_expired",
            K::NoValidUntil => "no_valid_until",
            K::NotSigned => "metadata_unsigned",
            K::SignatureMisplaced { .. } => "signature_misplaced",
            K::Signature(error) => error.code(),
            K::NoSigningKey => "no_signing_key",
            K::NoUsableKey { .. } => "no_usable_key",
            K::TooMany { .. } => "too_many",
        }
    }

    /// The section of the specification that prescribes the check.
    pub fn section(&self) -> &'static str {
        use MetadataErrorKind as K;
        match &self.kind {
            K::NotXml { .. } | K::UnexpectedRoot { .. } => "SAML Metadata 2.3",
            K::Xml(_) => self.xml().map_or("XML 1.0", |error| error.section()),
            K::Structure(error) => error.section(),
            K::MissingAttribute { .. } | K::InvalidValue { .. } | K::SignatureMisplaced { .. } => "SAML Metadata schema",
            K::EntityNotChosen { .. } | K::UnknownEntity { .. } => "SAML Metadata 2.3.1",
            K::DuplicateEntity { .. } => "SAML Metadata 2.3.2",
            K::ServiceProvider { .. } | K::WsFederation { .. } | K::NoIdentityProvider { .. } => "SAML Metadata 2.4.3",
            K::OtherProtocol { .. } | K::SeveralIdentityProviders { .. } => "SAML Metadata 2.4.1",
            K::Expired { .. } => "SAML Metadata 2.3.2",
            K::NoValidUntil => "SAML2Int SDP-MD03",
            K::NotSigned => "SAML Metadata 3",
            K::Signature(error) => error.section(),
            K::NoSigningKey | K::NoUsableKey { .. } => "SAML Metadata 2.4.1.1",
            K::TooMany { .. } => "limits",
        }
    }

    /// What would have been accepted; empty where nothing was compared.
    pub fn expected(&self) -> Vec<String> {
        use MetadataErrorKind as K;
        match &self.kind {
            K::Xml(_) => self.xml().map(|error| error.expected()).unwrap_or_default(),
            K::UnexpectedRoot { .. } => vec!["md:EntityDescriptor".to_owned(), "md:EntitiesDescriptor".to_owned()],
            K::InvalidValue { expected, .. } => vec![(*expected).to_owned()],
            K::UnknownEntity { expected, .. } => vec![expected.clone()],
            K::OtherProtocol { .. } => vec![SAML2.to_owned()],
            K::Expired { now, .. } => vec![format!("later than {now}")],
            K::Signature(error) => error.expected(),
            K::TooMany { what, maximum } => vec![format!("at most {maximum} {what}")],
            _ => Vec::new(),
        }
    }

    /// What the document says; empty where nothing was compared.
    pub fn received(&self) -> Vec<String> {
        use MetadataErrorKind as K;
        let texts = |values: &[Shown]| values.iter().map(|value| value.as_str().to_owned()).collect();
        match &self.kind {
            K::UnexpectedRoot { received } | K::InvalidValue { received, .. } => vec![received.as_str().to_owned()],
            K::UnknownEntity { received, .. } => texts(received),
            K::NoIdentityProvider { roles, .. } => texts(roles),
            K::OtherProtocol { received } => received.iter().map(|value| value.as_str().to_owned()).collect(),
            K::Expired { valid_until, .. } => vec![valid_until.clone()],
            K::Signature(error) => error.received(),
            _ => Vec::new(),
        }
    }

    /// What to do about it, and on which side.
    pub fn remedy(&self) -> String {
        use MetadataErrorKind as K;
        match &self.kind {
            K::NotXml { found } => return found.remedy().to_owned(),
            K::Xml(XmlErrorKind::DocumentTooLarge { .. } | XmlErrorKind::LimitExceeded { .. }) | K::TooMany { .. } => {
                "ask the identity provider for the document that describes it alone; for the aggregate of a federation, raise the \
                 limits of the reader"
            }
            K::Xml(XmlErrorKind::NotUtf8 { .. } | XmlErrorKind::WideEncoding | XmlErrorKind::EncodingMismatch { .. }) => {
                "save the document as UTF-8; better, download it anew and do not edit it"
            }
            K::Xml(_) | K::Structure(_) | K::MissingAttribute { .. } | K::InvalidValue { .. } => {
                "download the document anew and whole; if it comes so from the identity provider, this place has to be put right there"
            }
            K::UnexpectedRoot { .. } => {
                "give the identity provider's metadata document (Auth0: Application, Addons, SAML2 Web App, Usage, \
                 Identity Provider Metadata)"
            }
            K::EntityNotChosen { .. } => "choose one of the identity providers by its entity ID",
            K::UnknownEntity { .. } => "compare the entity ID, to the letter, with those of the document",
            K::DuplicateEntity { .. } => {
                "which of them is meant cannot be known: report it to whoever publishes the document, and use the document of the \
                 entity alone"
            }
            K::ServiceProvider { .. } => {
                "this document is what a service provider gives to an identity provider; get the identity provider's own (Auth0: \
                 the addon's Usage tab, `/samlp/metadata/CLIENT_ID`; with `?connection=` Auth0 describes itself as a service provider)"
            }
            K::WsFederation { .. } => {
                "ask for SAML 2.0 metadata: this identity provider publishes only WS-Federation, or publishes SAML elsewhere"
            }
            K::NoIdentityProvider { .. } => "get the document of the identity provider, with an IDPSSODescriptor",
            K::OtherProtocol { .. } => "let the identity provider enable SAML 2.0, or get the document in which it does",
            K::SeveralIdentityProviders { .. } => {
                "configure the connection by hand, with the entity ID, the certificate and the URL of the right one"
            }
            K::Expired { .. } => {
                "download the current document; if that one is expired, too, whoever publishes it has to renew it. If it should be \
                 valid, look at this machine's clock"
            }
            K::NoValidUntil => "have the identity provider publish a `validUntil`, or do not require one",
            K::NotSigned => {
                "have the document signed, or fetch it over a channel that authenticates its publisher and say so \
                 (`Vouched::ByAuthenticatedChannel`)"
            }
            K::SignatureMisplaced { .. } | K::Signature(_) => return self.signature_remedy(),
            K::NoSigningKey => {
                "get the certificate from the identity provider's administrator and configure the connection by hand, or have it put \
                 into the document"
            }
            K::NoUsableKey { reason, .. } => return reason.remedy(),
        }
        .to_owned()
    }

    fn signature_remedy(&self) -> String {
        match &self.kind {
            MetadataErrorKind::Signature(SignatureError::UntrustedKey { .. } | SignatureError::KeyTypeMismatch { .. }) => {
                "pin the key with which the publisher signs metadata: it is often another one than that of logins, and comes from \
                 the federation's or the identity provider's pages, never out of the document itself"
            }
            MetadataErrorKind::Signature(SignatureError::DigestMismatch { .. } | SignatureError::InvalidValue { .. }) => {
                "download the document anew and keep its bytes: editors, mail programs and pretty printers break a signature"
            }
            MetadataErrorKind::Signature(error @ SignatureError::Algorithm { .. }) => return error.remedy(),
            _ => {
                "the document is not signed as SAML prescribes: report it to whoever publishes it, or, where it is not known to \
                 publish such documents, treat it as an attack"
            }
        }
        .to_owned()
    }

    fn xml(&self) -> Option<XmlError> {
        match &self.kind {
            MetadataErrorKind::Xml(kind) => Some(XmlError { kind: kind.clone(), position: self.position }),
            _ => None,
        }
    }
}

impl NotXml {
    const fn code(self) -> &'static str {
        match self {
            Self::Nothing => "metadata_empty",
            Self::HtmlPage => "html_page",
            Self::Json => "json",
            Self::Pem => "certificate_instead",
            Self::Url => "url_instead",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Nothing => "give the identity provider's metadata document",
            Self::HtmlPage => {
                "download the metadata itself: this is a page of a web site, such as that of a login or an error. Fetch it where \
                 nobody has to be logged in, or save the link's target"
            }
            Self::Json => "ask for SAML 2.0 metadata, which is XML: this may be the configuration of OpenID Connect",
            Self::Pem => {
                "a certificate is not a metadata document: configure it as the trusted certificate, or give the XML document"
            }
            Self::Url => "fetch the document and give its content: nothing is fetched here",
        }
    }
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, self.xml()) {
            (_, Some(error)) => error.fmt(f),
            (MetadataErrorKind::NotXml { .. }, None) => self.kind.fmt(f),
            _ => write!(f, "{} at {}", self.kind, self.position),
        }
    }
}

impl fmt::Display for MetadataErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotXml { found } => write!(f, "not a metadata document: {found}"),
            // Shown by whoever knows the position.
            Self::Xml(_) => f.write_str("not well-formed"),
            Self::UnexpectedRoot { received } => write!(f, "not a metadata document: the root element is {received}"),
            Self::Structure(error) => error.fmt(f),
            Self::MissingAttribute { element, attribute } => write!(f, "{element} has no attribute {attribute}"),
            Self::InvalidValue { element, attribute, received, expected } => {
                write!(f, "{attribute} of {element} is {received}, not {expected}")
            }
            Self::EntityNotChosen { identity_providers, entities } => {
                write!(f, "the document describes {entities} entities, and none was chosen; identity providers: ")?;
                list(identity_providers, f)
            }
            Self::UnknownEntity { expected, received } => {
                write!(f, "the document does not describe {expected:?}, but ")?;
                list(received, f)
            }
            Self::DuplicateEntity { entity_id } => write!(f, "the document describes {entity_id} more than once"),
            Self::ServiceProvider { entity_id } => write!(f, "{entity_id} is a service provider, not an identity provider"),
            Self::WsFederation { entity_id } => {
                write!(f, "{entity_id} has only roles of WS-Federation (RoleDescriptor), no IDPSSODescriptor")
            }
            Self::NoIdentityProvider { entity_id, roles } => {
                write!(f, "{entity_id} is no identity provider; its roles: ")?;
                list(roles, f)
            }
            Self::OtherProtocol { received: Some(received) } => {
                write!(f, "the IDPSSODescriptor supports {received}, not {SAML2:?}")
            }
            Self::OtherProtocol { received: None } => f.write_str("the IDPSSODescriptor has no protocolSupportEnumeration"),
            Self::SeveralIdentityProviders { count } => write!(f, "{count} IDPSSODescriptors for SAML 2.0 in one entity"),
            Self::Expired { valid_until, now } => write!(f, "the document was valid until {valid_until}, and it is {now}"),
            Self::NoValidUntil => f.write_str("the document has no validUntil, and one is required"),
            Self::NotSigned => f.write_str("neither the EntityDescriptor nor an EntitiesDescriptor around it is signed"),
            Self::SignatureMisplaced { element } => write!(f, "the Signature is not the first child of its {element}"),
            Self::Signature(error) => error.fmt(f),
            Self::NoSigningKey => f.write_str("the IDPSSODescriptor has no key for signatures"),
            Self::NoUsableKey { reason, count } => {
                write!(f, "none of {count} keys for signatures can be used; the first: {reason}")
            }
            Self::TooMany { what, maximum } => write!(f, "more than {maximum} {what}"),
        }
    }
}

impl UnusableKey {
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::NoKey => "have the identity provider put its certificate, as X509Certificate, into the document".to_owned(),
            Self::Certificate(error) => error.remedy(),
            Self::Contradictory => "have the identity provider give each key a KeyDescriptor of its own".to_owned(),
        }
    }
}

impl fmt::Display for UnusableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("its KeyInfo has neither a certificate nor a key"),
            Self::Certificate(error) => error.fmt(f),
            Self::Contradictory => {
                f.write_str("its KeyInfo has a KeyValue that is not the key of its certificate or of another KeyValue")
            }
        }
    }
}

impl fmt::Display for NotXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "there is nothing",
            Self::HtmlPage => "this is an HTML page",
            Self::Json => "this is JSON",
            Self::Pem => "this is a PEM file, such as a certificate",
            Self::Url => "this is a URL",
        })
    }
}

impl std::error::Error for MetadataError {}

fn list(values: &[Shown], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if values.is_empty() {
        return f.write_str("none");
    }
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{value}")?;
    }
    Ok(())
}

/// What `protocolSupportEnumeration` lists for SAML 2.0. SAML Metadata 2.4.1.
pub(crate) const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
