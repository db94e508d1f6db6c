//! Who takes part in a login: the service provider, which is us, and an identity provider, whose keys are trusted.
//!
//! Everything that must be checked is an argument of a constructor. URLs are never parsed into parts and put together again:
//! they are compared byte for byte with what the identity provider writes.

use crate::TrustedKeys;
use crate::binding::redirect::{RedirectMessage, SignedQuery};
use crate::crypto::SignatureAlgorithm;
use crate::departure::{Departure, Departures};
use crate::error::{ConfigError, Error, SignatureError};
use crate::limits::Limits;
use crate::login::VerifiedSignature;
use crate::saml::signature_in_place;
use crate::xml::{Document, SignatureInfo, Signed, Trust, Unsigned};

/// The service for which logins are verified.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    /// At least one.
    audiences: Vec<String>,
    /// At least one.
    acs_urls: Vec<String>,
}

impl ServiceProvider {
    /// A service provider with this entity ID, which assertions must name as audience, and this URL of its assertion consumer
    /// service, which they must name as recipient.
    ///
    /// The URL is configuration and never taken from a request: behind a proxy a service sees another one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidEntityId`] or [`ConfigError::InvalidAcsUrl`].
    pub fn new(entity_id: impl Into<String>, acs_url: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self { audiences: vec![checked_entity_id(entity_id.into())?], acs_urls: vec![checked_acs_url(acs_url.into())?] })
    }

    /// Accepts messages for this URL, too: while the service moves, or under several host names.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidAcsUrl`].
    pub fn also_accepting_acs_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.acs_urls.push(checked_acs_url(url.into())?);
        Ok(self)
    }

    /// Accepts assertions for this audience, too: while the entity ID changes.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidEntityId`].
    pub fn also_accepting_audience(mut self, audience: impl Into<String>) -> Result<Self, ConfigError> {
        self.audiences.push(checked_entity_id(audience.into())?);
        Ok(self)
    }

    pub(crate) fn audiences(&self) -> &[String] {
        &self.audiences
    }

    pub(crate) fn acs_urls(&self) -> &[String] {
        &self.acs_urls
    }
}

/// An identity provider and the keys that speak for it.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    entity_id: String,
    keys: TrustedKeys,
    departures: Departures,
}

/// That a trusted key signed an element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof<'d> {
    pub(crate) element: Signed<'d>,
    /// The place of the key among the trusted ones.
    key: usize,
    info: SignatureInfo,
}

impl IdentityProvider {
    /// The identity provider with this entity ID, which it writes as Issuer, and these keys.
    ///
    /// Both are needed: several tenants can share one key.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidEntityId`] or [`ConfigError::NoTrustedKey`].
    pub fn new(entity_id: impl Into<String>, keys: TrustedKeys) -> Result<Self, ConfigError> {
        let entity_id = checked_entity_id(entity_id.into())?;
        if keys.iter().next().is_none() {
            return Err(ConfigError::NoTrustedKey { entity_id });
        }
        Ok(Self { entity_id, keys, departures: Departures::default() })
    }

    /// Allows one named departure from what a strict verifier accepts, for this identity provider alone.
    pub fn allow(mut self, departure: Departure) -> Self {
        self.departures = self.departures.with(departure);
        self
    }

    /// The entity ID.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// Verifies the detached signature of a message of the HTTP Redirect binding. SAML Bindings 3.4.4.1.
    ///
    /// `query` is the raw query of the URL, what is between `?` and `#`, as it arrived: decoded and encoded again, it is no longer
    /// what was signed. A message without signature is refused. Its bytes are inflated once a trusted key has signed them, up to
    /// [`Limits::document_bytes`].
    ///
    /// This proves who wrote the message, and nothing else: its issuer, destination and times are for the caller to check. It is no
    /// way to a login, which never travels by redirect (SAML Profiles 4.1.2): [`Verifier`](crate::Verifier) does not take one from
    /// here.
    ///
    /// # Errors
    ///
    /// An [`Error`] of the decode or the signature stage.
    pub fn verify_redirect(&self, query: &str, limits: &Limits) -> Result<RedirectMessage, Error> {
        let query = SignedQuery::read(query, limits)?;
        let method = SignatureAlgorithm::accept(&query.method()?, self.departures)?;
        self.keys.verify(method, query.signed_octets().as_bytes(), &query.value()?, || None)?;
        Ok(query.decode(limits)?)
    }

    /// Verifies the signature that the element carries, if it carries one.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] where there is one and it does not stand in its place or does not verify.
    pub(crate) fn verify<'d>(
        &self,
        document: &'d Document<'_>,
        element: Unsigned<'d>,
        name: &'static str,
    ) -> Result<Option<Proof<'d>>, SignatureError> {
        signature_in_place(element, name, self.departures.contains(Departure::SignaturePosition))?;
        let verified = document.verify(element, name, &Trust { keys: &self.keys, departures: self.departures })?;
        Ok(verified.map(|(element, key, info)| Proof { element, key, info }))
    }

    /// The certificate whose key signed.
    pub(crate) fn certificate(&self, proof: &Proof<'_>) -> Option<&crate::Certificate> {
        self.keys.iter().nth(proof.key)
    }

    /// What a login tells of a signature.
    pub(crate) fn describe(&self, element: &'static str, proof: &Proof<'_>) -> Option<VerifiedSignature> {
        let certificate = self.certificate(proof)?;
        Some(VerifiedSignature {
            element,
            certificate_sha256: certificate.sha256_fingerprint().to_string(),
            certificate_subject: certificate.subject().to_string(),
            certificate_not_after: certificate.not_after(),
            signature_algorithm: proof.info.signature,
            digest_algorithm: proof.info.digest,
        })
    }
}

/// Not judged any further: entity IDs should be URIs (SAML Core 8.3.6), and some are not.
fn checked_entity_id(value: String) -> Result<String, ConfigError> {
    if value.is_empty() || value.trim() != value { Err(ConfigError::InvalidEntityId { value }) } else { Ok(value) }
}

/// SAML2Int SDP-SP09: TLS, except on the machine of a developer.
fn checked_acs_url(value: String) -> Result<String, ConfigError> {
    match acs_url_fault(&value) {
        None => Ok(value),
        Some(reason) => Err(ConfigError::InvalidAcsUrl { value, reason }),
    }
}

fn acs_url_fault(url: &str) -> Option<&'static str> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("it has white space, control characters or characters outside ASCII");
    }
    if url.contains(['#', '\\']) {
        return Some("it has a fragment or a backslash");
    }
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let bad_port = port.is_some_and(|port| port.parse::<u16>().is_err());
    match scheme {
        "https" | "http" if host.is_empty() || authority.contains('@') || bad_port => Some("its host or port is not valid"),
        "https" => None,
        "http" if ["localhost", "127.0.0.1", "[::1]"].contains(&host) => None,
        "http" => Some("it is not https"),
        _ => Some("it is not an absolute https URL, with the scheme in lower case"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acs_url_is_https_or_local() {
        for (url, accepted) in [
            ("https://portal.example.com/saml/acs", true),
            ("https://portal.example.com:8443/saml/acs?tenant=a", true),
            ("https://[2001:db8::1]/acs", true),
            ("https://portal.example.com", true),
            ("http://localhost:3000/acs", true),
            ("http://127.0.0.1/acs", true),
            ("http://[::1]:3000/acs", true),
            ("http://[::1]/acs", true),
            ("http://portal.example.com/acs", false),
            ("http://localhost.example.com/acs", false),
            ("http://localhost@example.com/acs", false),
            ("http://localhost:x@example.com/acs", false),
            ("http://127.0.0.1.example.com/acs", false),
            ("https://user@portal.example.com/acs", false),
            ("https:///acs", false),
            ("https://?x", false),
            ("https://:443/acs", false),
            ("https://portal.example.com:port/acs", false),
            ("HTTPS://portal.example.com/acs", false),
            ("https://portal.example.com/acs#x", false),
            ("https://portal.example.com\\acs", false),
            ("https://portal.example.com/a cs", false),
            (" https://portal.example.com/acs", false),
            ("https://pörtal.example.com/acs", false),
            ("javascript://portal.example.com/%0aalert(1)", false),
            ("/saml/acs", false),
            ("", false),
        ] {
            let provider = ServiceProvider::new("urn:sp", url);
            assert_eq!(provider.is_ok(), accepted, "{url}: {provider:?}");
            let provider = ServiceProvider::new("urn:sp", "https://sp.example/acs").unwrap().also_accepting_acs_url(url);
            assert_eq!(provider.is_ok(), accepted, "{url}: {provider:?}");
        }
    }

    #[test]
    fn an_entity_id_is_not_blank() {
        let url = "https://sp.example/acs";
        for (entity_id, accepted) in [("urn:sp", true), ("portal", true), ("", false), (" urn:sp", false), ("urn:sp\n", false)] {
            let expected = if accepted { None } else { Some(ConfigError::InvalidEntityId { value: entity_id.to_owned() }) };
            assert_eq!(ServiceProvider::new(entity_id, url).err(), expected);
            assert_eq!(ServiceProvider::new("urn:sp", url).unwrap().also_accepting_audience(entity_id).err(), expected);
        }
    }
}
