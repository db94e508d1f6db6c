//! Our own metadata: what an identity provider needs to know of the service provider. SAML Metadata 2.4.4.
//!
//! In goes the same [`ServiceProvider`] against which logins are verified; out comes a document in the order of the schema, the same
//! octets each time. Deliberately absent: organisations and contacts, and bindings for logins other than POST.

use std::time::{Duration, SystemTime};

use super::HTTP_POST;
use crate::connection::service_provider::ServiceProvider;
use crate::connection::url;
use crate::crypto::{DigestAlgorithm, Digester, certificate_ders, sha256_hex};
use crate::error::{ConfigError, SAML2};
use crate::id::is_nc_name;
use crate::time::format_rfc3339;
use crate::xml::{Namespace, SignatureForm, Writer, enveloped_signature, first_forbidden};
use crate::{SigningKey, base64};

/// The metadata document of a service provider.
///
/// ```
/// use saml_verify::ServiceProvider;
/// use saml_verify::metadata::{HTTP_REDIRECT, RequestedAttribute, SpMetadata};
///
/// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
/// let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?;
/// let document = SpMetadata::new(&sp)?
///     .single_logout(HTTP_REDIRECT, "https://portal.example.com/saml/slo")?
///     .signing_certificate(pem)?
///     .requested_attributes("Portal", [RequestedAttribute::new("email")])?
///     .to_xml();
/// assert!(document.contains("entityID=\"urn:example:sp:portal\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpMetadata {
    entity_id: String,
    id: Option<String>,
    valid_until: Option<SystemTime>,
    cache_duration: Option<Duration>,
    authn_requests_signed: Option<bool>,
    want_assertions_signed: Option<bool>,
    /// The certificates, as DER, by their use.
    keys: Vec<(&'static str, Vec<u8>)>,
    /// Binding and URL.
    logout: Vec<(String, String)>,
    name_id_formats: Vec<String>,
    acs_urls: Vec<String>,
    service_name: String,
    requested: Vec<RequestedAttribute>,
}

/// An attribute that the service asks for. SAML Metadata 2.4.4.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedAttribute {
    name: String,
    name_format: Option<String>,
    friendly_name: Option<String>,
    required: bool,
}

impl SpMetadata {
    /// The document of this service provider: its entity ID, and every URL of its assertion consumer service, by POST. The first is the
    /// default.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidMetadataValue`] where the entity ID has a character that XML does not allow.
    pub fn new(sp: &ServiceProvider) -> Result<Self, ConfigError> {
        Ok(Self {
            entity_id: checked("entity ID", sp.entity_id().to_owned())?,
            id: None,
            valid_until: None,
            cache_duration: None,
            authn_requests_signed: None,
            want_assertions_signed: None,
            keys: Vec::new(),
            logout: Vec::new(),
            name_id_formats: Vec::new(),
            acs_urls: sp.acs_urls().to_vec(),
            service_name: String::new(),
            requested: Vec::new(),
        })
    }

    /// Takes logout messages at this URL by this binding, such as [`HTTP_REDIRECT`](super::HTTP_REDIRECT).
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidMetadataValue`] where the URL is not an absolute `https` URL, or `http` on the machine of a developer.
    pub fn single_logout(mut self, binding: &str, url: impl Into<String>) -> Result<Self, ConfigError> {
        let url = url.into();
        if let Some(reason) = url::destination_fault(&url) {
            return Err(ConfigError::InvalidMetadataValue { field: "single logout URL", value: url, reason });
        }
        self.logout.push((checked("binding", binding.to_owned())?, url));
        Ok(self)
    }

    /// Announces certificates whose keys sign our messages: PEM, DER or base64, several at once or by several calls. During a rotation
    /// both the current and the next one are there.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Certificate`].
    pub fn signing_certificate(self, certificate: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        self.with_keys("signing", certificate.as_ref())
    }

    /// Announces certificates for whose keys assertions are encrypted: see [`SpMetadata::signing_certificate`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Certificate`].
    pub fn encryption_certificate(self, certificate: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        self.with_keys("encryption", certificate.as_ref())
    }

    fn with_keys(mut self, purpose: &'static str, certificates: &[u8]) -> Result<Self, ConfigError> {
        for der in certificate_ders(certificates)? {
            if !self.keys.contains(&(purpose, der.clone())) {
                self.keys.push((purpose, der));
            }
        }
        Ok(self)
    }

    /// Announces a format of name identifiers; the first is the one that is liked best.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidMetadataValue`].
    pub fn name_id_format(mut self, format: impl Into<String>) -> Result<Self, ConfigError> {
        self.name_id_formats.push(checked("NameID format", format.into())?);
        Ok(self)
    }

    /// Asks for these attributes, under a name of the service for people.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidMetadataValue`] where there is no attribute, or a value is empty or cannot be written in XML.
    pub fn requested_attributes(
        mut self,
        service_name: impl Into<String>,
        attributes: impl IntoIterator<Item = RequestedAttribute>,
    ) -> Result<Self, ConfigError> {
        self.service_name = checked("service name", service_name.into())?;
        self.requested = attributes.into_iter().map(RequestedAttribute::checked).collect::<Result<_, _>>()?;
        if self.requested.is_empty() {
            let reason = "the schema wants at least one";
            return Err(ConfigError::InvalidMetadataValue { field: "requested attributes", value: String::new(), reason });
        }
        Ok(self)
    }

    /// Says whether our AuthnRequests are signed.
    #[must_use]
    pub fn authn_requests_signed(mut self, signed: bool) -> Self {
        self.authn_requests_signed = Some(signed);
        self
    }

    /// Says whether we want the assertion itself to be signed. What is accepted does not depend on it: see
    /// [`Verifier`](crate::Verifier).
    #[must_use]
    pub fn want_assertions_signed(mut self, wanted: bool) -> Self {
        self.want_assertions_signed = Some(wanted);
        self
    }

    /// Ends the document's life at this moment.
    #[must_use]
    pub fn valid_until(mut self, end: SystemTime) -> Self {
        self.valid_until = Some(end);
        self
    }

    /// Says for how long the document should be kept before it is fetched again; whole seconds count.
    #[must_use]
    pub fn cache_duration(mut self, duration: Duration) -> Self {
        self.cache_duration = Some(duration);
        self
    }

    /// Gives the document this ID. A signed one without has an ID that is made of its content.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidMetadataValue`] where it is not an `xs:ID`. SAML Core 1.3.4.
    pub fn id(mut self, id: impl Into<String>) -> Result<Self, ConfigError> {
        let value = id.into();
        if !is_nc_name(&value) {
            let reason = "an ID starts with a letter or `_`, and has letters, digits, `-`, `.` and `_`";
            return Err(ConfigError::InvalidMetadataValue { field: "ID", value, reason });
        }
        self.id = Some(value);
        Ok(self)
    }

    /// The document, unsigned: the same octets for the same values.
    pub fn to_xml(&self) -> String {
        self.write(self.id.as_deref(), "")
    }

    /// The document with an enveloped signature. SAML Metadata 3.
    ///
    /// # Errors
    ///
    /// [`ConfigError::CannotSign`] where the system has no randomness to give.
    pub fn to_signed_xml(&self, key: &SigningKey) -> Result<String, ConfigError> {
        let id = self.id.clone().unwrap_or_else(|| format!("_{}", digest_of(&self.to_xml())));
        let signature = enveloped_signature(key, &SignatureForm::of(key), &self.write(Some(&id), ""), &id);
        Ok(self.write(Some(&id), &signature.ok_or(ConfigError::CannotSign)?))
    }

    fn write(&self, id: Option<&str>, signature: &str) -> String {
        let valid_until = self.valid_until.map(format_rfc3339);
        let cache_duration = self.cache_duration.map(|duration| format!("PT{}S", duration.as_secs()));
        let attributes = [
            ("xmlns:md", Some(Namespace::Metadata.name())),
            ("ID", id),
            ("cacheDuration", cache_duration.as_deref()),
            ("entityID", Some(&*self.entity_id)),
            ("validUntil", valid_until.as_deref()),
        ];
        let mut writer = Writer::default();
        writer.element("md:EntityDescriptor", &attributes, |writer| {
            writer.raw(signature);
            self.write_role(writer);
        });
        writer.finish()
    }

    /// In the order of the schema, which is a sequence.
    fn write_role(&self, writer: &mut Writer) {
        let attributes = [
            ("AuthnRequestsSigned", self.authn_requests_signed.map(boolean)),
            ("WantAssertionsSigned", self.want_assertions_signed.map(boolean)),
            ("protocolSupportEnumeration", Some(SAML2)),
        ];
        writer.element("md:SPSSODescriptor", &attributes, |writer| {
            for (purpose, der) in &self.keys {
                write_key(purpose, der, writer);
            }
            for (binding, url) in &self.logout {
                let attributes = [("Binding", Some(&**binding)), ("Location", Some(url))];
                writer.element("md:SingleLogoutService", &attributes, |_| {});
            }
            for format in &self.name_id_formats {
                writer.element("md:NameIDFormat", &[], |writer| writer.text(format));
            }
            for (index, url) in self.acs_urls.iter().enumerate() {
                let attributes = [
                    ("Binding", Some(HTTP_POST)),
                    ("Location", Some(url)),
                    ("index", Some(&*index.to_string())),
                    ("isDefault", (index == 0).then_some("true")),
                ];
                writer.element("md:AssertionConsumerService", &attributes, |_| {});
            }
            self.write_requested(writer);
        });
    }

    fn write_requested(&self, writer: &mut Writer) {
        if self.requested.is_empty() {
            return;
        }
        writer.element("md:AttributeConsumingService", &[("index", Some("0")), ("isDefault", Some("true"))], |writer| {
            writer.element("md:ServiceName", &[("xml:lang", Some("en"))], |writer| writer.text(&self.service_name));
            for attribute in &self.requested {
                let attributes = [
                    ("FriendlyName", attribute.friendly_name.as_deref()),
                    ("Name", Some(&*attribute.name)),
                    ("NameFormat", attribute.name_format.as_deref()),
                    ("isRequired", attribute.required.then_some("true")),
                ];
                writer.element("md:RequestedAttribute", &attributes, |_| {});
            }
        });
    }
}

impl RequestedAttribute {
    /// An attribute of this name, as logins have it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), name_format: None, friendly_name: None, required: false }
    }

    /// Says how the name is to be read: `urn:oasis:names:tc:SAML:2.0:attrname-format:uri` or `basic`.
    #[must_use]
    pub fn name_format(mut self, name_format: impl Into<String>) -> Self {
        self.name_format = Some(name_format.into());
        self
    }

    /// A name for people.
    #[must_use]
    pub fn friendly_name(mut self, friendly_name: impl Into<String>) -> Self {
        self.friendly_name = Some(friendly_name.into());
        self
    }

    /// Says that the service does not work without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn checked(self) -> Result<Self, ConfigError> {
        Ok(Self {
            name: checked("attribute name", self.name)?,
            name_format: self.name_format.map(|value| checked("attribute name format", value)).transpose()?,
            friendly_name: self.friendly_name.map(|value| checked("attribute friendly name", value)).transpose()?,
            required: self.required,
        })
    }
}

fn write_key(purpose: &str, der: &[u8], writer: &mut Writer) {
    writer.element("md:KeyDescriptor", &[("use", Some(purpose))], |writer| {
        writer.element("ds:KeyInfo", &[("xmlns:ds", Some(Namespace::Dsig.name()))], |writer| {
            writer.element("ds:X509Data", &[], |writer| {
                writer.element("ds:X509Certificate", &[], |writer| writer.text(&base64::encode(der)));
            });
        });
    });
}

fn digest_of(text: &str) -> String {
    let mut digest = Digester::new(DigestAlgorithm::Sha256);
    digest.update(text.as_bytes());
    sha256_hex(&digest.finish())
}

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A text that says something and that XML can hold.
fn checked(field: &'static str, value: String) -> Result<String, ConfigError> {
    let reason = if value.trim().is_empty() {
        "it is empty"
    } else if first_forbidden(&value).is_some() {
        "it has a character that XML does not allow"
    } else {
        return Ok(value);
    };
    Err(ConfigError::InvalidMetadataValue { field, value, reason })
}
