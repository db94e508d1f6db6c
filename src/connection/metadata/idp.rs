//! What an identity provider's document configures. SAML Metadata 2.4.3.

use std::time::{Duration, SystemTime};

use super::entity::{at, children, invalid, required, structure};
use super::validity::Validity;
use super::{HTTP_POST, HTTP_REDIRECT, MetadataWarning, keys};
use crate::connection::identity_provider::{IdentityProvider, LogoutUrl, LogoutUrls};
use crate::connection::{checked_entity_id, url};
use crate::error::{ConfigError, MetadataError, MetadataErrorKind, SAML2, Shown};
use crate::xml::{Namespace, View};
use crate::{TrustedKey, TrustedKeys};

/// An identity provider as its metadata describes it. Made by [`MetadataReader`](super::MetadataReader) alone.
#[derive(Clone, Debug)]
pub struct IdpMetadata {
    entity_id: String,
    signing_keys: TrustedKeys,
    single_sign_on: Vec<Endpoint>,
    single_logout: Vec<Endpoint>,
    name_id_formats: Vec<String>,
    attributes: Vec<OfferedAttribute>,
    want_authn_requests_signed: bool,
    valid_until: Option<SystemTime>,
    cache_duration: Option<Duration>,
    pub(super) signature: Option<MetadataSignature>,
    pub(super) warnings: Vec<MetadataWarning>,
}

/// Where messages of a protocol are sent. SAML Metadata 2.2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    binding: String,
    location: String,
    response_location: Option<String>,
}

/// An attribute that the identity provider offers. SAML Metadata 2.4.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedAttribute {
    name: String,
    name_format: Option<String>,
    friendly_name: Option<String>,
}

/// The signature that vouches for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataSignature {
    pub(super) element: &'static str,
    pub(super) key_sha256: String,
    pub(super) signature_algorithm: &'static str,
    pub(super) digest_algorithm: &'static str,
}

impl IdpMetadata {
    /// The identity provider of a connection: its entity ID, the keys that speak for it, and where requests go by redirect and by POST.
    ///
    /// # Errors
    ///
    /// As [`IdentityProvider::new`].
    pub fn identity_provider(&self) -> Result<IdentityProvider, ConfigError> {
        let idp = IdentityProvider::new(self.entity_id.clone(), self.signing_keys.clone())?;
        let idp = idp.with_sso_urls(self.request_url(HTTP_REDIRECT), self.request_url(HTTP_POST));
        Ok(idp.with_slo_urls(LogoutUrls { redirect: self.logout_url(HTTP_REDIRECT), post: self.logout_url(HTTP_POST) }))
    }

    /// The first URL to which messages of logout can be sent by that binding; answers may have one of their own.
    fn logout_url(&self, binding: &str) -> Option<LogoutUrl> {
        let mut endpoints = self.single_logout.iter().filter(|endpoint| endpoint.binding == binding);
        let endpoint = endpoints.find(|endpoint| endpoint.fault().is_none())?;
        let response = endpoint.response_location().filter(|url| url::destination_fault(url).is_none());
        Some(LogoutUrl { request: endpoint.location.clone(), response: response.unwrap_or(&endpoint.location).to_owned() })
    }

    /// The first URL to which requests can be sent by that binding.
    fn request_url(&self, binding: &str) -> Option<&str> {
        let mut endpoints = self.single_sign_on.iter().filter(|endpoint| endpoint.binding == binding);
        endpoints.find(|endpoint| endpoint.fault().is_none()).map(Endpoint::location)
    }

    /// The entity ID, which the identity provider writes as Issuer.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The keys with which it signs: those of each KeyDescriptor for `signing` or without `use`.
    pub fn signing_keys(&self) -> &TrustedKeys {
        &self.signing_keys
    }

    /// Where AuthnRequests go, in the order of the document, whatever the binding.
    pub fn single_sign_on(&self) -> &[Endpoint] {
        &self.single_sign_on
    }

    /// Where AuthnRequests go by this binding, such as [`HTTP_REDIRECT`]: the first such URL.
    pub fn single_sign_on_url(&self, binding: &str) -> Option<&str> {
        location(&self.single_sign_on, binding)
    }

    /// Where logout messages go, in the order of the document, whatever the binding.
    pub fn single_logout(&self) -> &[Endpoint] {
        &self.single_logout
    }

    /// Where logout messages go by this binding: the first such URL.
    pub fn single_logout_url(&self, binding: &str) -> Option<&str> {
        location(&self.single_logout, binding)
    }

    /// The name identifier formats that it announces. Some send others.
    pub fn name_id_formats(&self) -> &[String] {
        &self.name_id_formats
    }

    /// The attributes that it offers.
    pub fn attributes(&self) -> &[OfferedAttribute] {
        &self.attributes
    }

    /// Whether it wants AuthnRequests to be signed.
    pub fn wants_authn_requests_signed(&self) -> bool {
        self.want_authn_requests_signed
    }

    /// The moment from which the document must not be used any more: the earliest `validUntil` of the role, the entity and the groups
    /// around it.
    pub fn valid_until(&self) -> Option<SystemTime> {
        self.valid_until
    }

    /// For how long the document should be kept before it is fetched again: the shortest `cacheDuration`.
    pub fn cache_duration(&self) -> Option<Duration> {
        self.cache_duration
    }

    /// The signature that was verified, where a pinned key vouches.
    pub fn signature(&self) -> Option<&MetadataSignature> {
        self.signature.as_ref()
    }

    /// What somebody should look at.
    pub fn warnings(&self) -> &[MetadataWarning] {
        &self.warnings
    }

    /// Reads the identity provider's role in an entity. `validity` is what the groups around it say.
    pub(super) fn read<'d, V: View<'d>>(entity: V, mut validity: Validity, now: SystemTime) -> Result<Self, MetadataError> {
        validity.narrow(entity, "EntityDescriptor")?;
        let entity_id = entity_id(entity)?;
        let role = role(entity, &entity_id)?;
        validity.narrow(role, "IDPSSODescriptor")?;
        validity.require(now)?;
        let mut warnings = Vec::new();
        let mut metadata = Self {
            signing_keys: keys::signing_keys(role, &mut warnings)?,
            entity_id,
            single_sign_on: Vec::new(),
            single_logout: Vec::new(),
            name_id_formats: Vec::new(),
            attributes: Vec::new(),
            want_authn_requests_signed: boolean(role, "WantAuthnRequestsSigned")?,
            valid_until: validity.until.map(|(until, _)| until),
            cache_duration: validity.cache_duration,
            signature: None,
            warnings,
        };
        for child in children(role) {
            metadata.take(child?)?;
        }
        metadata.look_around(now);
        Ok(metadata)
    }

    /// Takes one child of the role. Their order has no meaning, and what is not named here is passed over.
    fn take<'d>(&mut self, child: impl View<'d>) -> Result<(), MetadataError> {
        if child.is(Namespace::Metadata, "SingleSignOnService") {
            self.single_sign_on.push(Endpoint::read(child, "SingleSignOnService")?);
        } else if child.is(Namespace::Metadata, "SingleLogoutService") {
            self.single_logout.push(Endpoint::read(child, "SingleLogoutService")?);
        } else if child.is(Namespace::Metadata, "NameIDFormat") {
            let text = child.text().map_err(|error| structure(child, error))?;
            self.name_id_formats.push(text.trim().to_owned());
        } else if child.is(Namespace::Assertion, "Attribute") {
            self.attributes.push(OfferedAttribute::read(child)?);
        }
        Ok(())
    }

    /// Notes what a usable document says that somebody should look at.
    fn look_around(&mut self, now: SystemTime) {
        let soon = now.checked_add(Duration::from_secs(MetadataWarning::SOON_DAYS * 86_400));
        if let Some(valid_until) = self.valid_until.filter(|until| soon.is_some_and(|soon| *until < soon)) {
            self.warnings.push(MetadataWarning::ExpiresSoon { valid_until });
        }
        for certificate in self.signing_keys.iter().filter_map(TrustedKey::certificate) {
            let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
            let subject = Shown::new(certificate.subject());
            if now > not_after {
                self.warnings.push(MetadataWarning::CertificateExpired { subject, not_after });
            } else if now < not_before {
                self.warnings.push(MetadataWarning::CertificateNotYetValid { subject, not_before });
            }
        }
        if self.request_url(HTTP_REDIRECT).or(self.request_url(HTTP_POST)).is_none() {
            self.warnings.push(MetadataWarning::NoUsableSsoBinding);
        }
        let mut unusable = Vec::new();
        for endpoint in self.single_sign_on.iter().chain(&self.single_logout) {
            let Some(reason) = endpoint.fault() else { continue };
            let warning = MetadataWarning::UnusableEndpoint { location: Shown::new(&endpoint.location), reason };
            if unusable.len() < MOST_NAMED && !unusable.contains(&warning) {
                unusable.push(warning);
            }
        }
        self.warnings.append(&mut unusable);
    }
}

impl Endpoint {
    /// The identifier of the binding, such as [`HTTP_POST`].
    pub fn binding(&self) -> &str {
        &self.binding
    }

    /// The URL: absolute, `https` or `http`, without white space.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Where answers go, if not to the same URL.
    pub fn response_location(&self) -> Option<&str> {
        self.response_location.as_deref()
    }

    fn read<'d>(element: impl View<'d>, name: &'static str) -> Result<Self, MetadataError> {
        let url = |attribute, value: &str| {
            let value = value.trim();
            if is_web_url(value) { Ok(value.to_owned()) } else { Err(invalid(element, name, attribute, value, WEB_URL)) }
        };
        let response_location = element.attribute("ResponseLocation");
        Ok(Self {
            binding: required(element, name, "Binding")?.trim().to_owned(),
            location: url("Location", required(element, name, "Location")?)?,
            response_location: response_location.map(|value| url("ResponseLocation", value)).transpose()?,
        })
    }

    /// Why no message is sent there, whatever the binding.
    fn fault(&self) -> Option<&'static str> {
        url::destination_fault(&self.location)
    }
}

impl OfferedAttribute {
    /// Its name, as logins have it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the name is to be read.
    pub fn name_format(&self) -> Option<&str> {
        self.name_format.as_deref()
    }

    /// A name for people.
    pub fn friendly_name(&self) -> Option<&str> {
        self.friendly_name.as_deref()
    }

    fn read<'d>(element: impl View<'d>) -> Result<Self, MetadataError> {
        let [name_format, friendly_name] = element.attributes(["NameFormat", "FriendlyName"]);
        Ok(Self {
            name: required(element, "Attribute", "Name")?.to_owned(),
            name_format: name_format.map(str::to_owned),
            friendly_name: friendly_name.map(str::to_owned),
        })
    }
}

impl MetadataSignature {
    /// `EntityDescriptor` or `EntitiesDescriptor`: what is signed.
    pub fn element(&self) -> &'static str {
        self.element
    }

    /// SHA-256 fingerprint of the pinned certificate whose key signed; `public key …` with that of the key, where it has none.
    pub fn key_sha256(&self) -> &str {
        &self.key_sha256
    }

    /// The signature method, such as `RSA-SHA256`.
    pub fn signature_algorithm(&self) -> &'static str {
        self.signature_algorithm
    }

    /// The digest method, such as `SHA-256`.
    pub fn digest_algorithm(&self) -> &'static str {
        self.digest_algorithm
    }
}

fn entity_id<'d>(entity: impl View<'d>) -> Result<String, MetadataError> {
    let value = required(entity, "EntityDescriptor", "entityID")?;
    let expected = "an entity ID: neither empty nor with white space around it";
    checked_entity_id(value.to_owned()).map_err(|_| invalid(entity, "EntityDescriptor", "entityID", value, expected))
}

/// The one IDPSSODescriptor of SAML 2.0. SAML Metadata 2.4.1 and 2.4.3.
fn role<'d, V: View<'d>>(entity: V, entity_id: &str) -> Result<V, MetadataError> {
    let mut saml2 = Vec::new();
    let mut other = None;
    let mut roles = Vec::new();
    for child in children(entity) {
        let child = child?;
        if child.is(Namespace::Metadata, "IDPSSODescriptor") {
            let protocols = child.attribute("protocolSupportEnumeration");
            match protocols.is_some_and(|protocols| protocols.split_ascii_whitespace().any(|one| one == SAML2)) {
                true => saml2.push(child),
                false => other = other.or(Some((child, protocols))),
            }
        } else if let Some(name) = ROLES.into_iter().find(|name| child.is(Namespace::Metadata, name))
            && !roles.contains(&name)
        {
            roles.push(name);
        }
    }
    match (saml2.as_slice(), other) {
        ([role], _) => Ok(*role),
        ([_, second, ..], _) => Err(at(*second, MetadataErrorKind::SeveralIdentityProviders { count: saml2.len() })),
        ([], Some((role, received))) => Err(at(role, MetadataErrorKind::OtherProtocol { received: received.map(Shown::new) })),
        ([], None) => Err(at(entity, no_identity_provider(entity_id.into(), &roles))),
    }
}

fn no_identity_provider(entity_id: Shown, roles: &[&str]) -> MetadataErrorKind {
    if roles.contains(&"SPSSODescriptor") {
        MetadataErrorKind::ServiceProvider { entity_id }
    } else if roles == ["RoleDescriptor"] {
        MetadataErrorKind::WsFederation { entity_id }
    } else {
        MetadataErrorKind::NoIdentityProvider { entity_id, roles: roles.iter().map(|role| Shown::new(role)).collect() }
    }
}

fn boolean<'d>(role: impl View<'d>, attribute: &'static str) -> Result<bool, MetadataError> {
    match role.attribute(attribute).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(invalid(role, "IDPSSODescriptor", attribute, other, "true or false")),
    }
}

fn location<'a>(endpoints: &'a [Endpoint], binding: &str) -> Option<&'a str> {
    endpoints.iter().find(|endpoint| endpoint.binding == binding).map(Endpoint::location)
}

/// Whatever comes of it is put into an HTTP header or a form: another scheme would run a script.
fn is_web_url(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']))
        && value.bytes().all(|byte| byte.is_ascii_graphic())
}

const WEB_URL: &str = "an absolute https URL";
/// More tell no more.
const MOST_NAMED: usize = 8;
/// The roles that an entity can have beside that of an identity provider. SAML Metadata 2.4 and 2.5.
const ROLES: [&str; 6] = [
    "SPSSODescriptor",
    "RoleDescriptor",
    "AuthnAuthorityDescriptor",
    "AttributeAuthorityDescriptor",
    "PDPDescriptor",
    "AffiliationDescriptor",
];
