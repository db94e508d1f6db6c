//! The service provider, which is us: the names under which messages must be addressed to it.
//!
//! URLs are never parsed into parts and put together again: they are compared byte for byte with what the identity provider writes.

#[cfg(feature = "decrypt")]
use std::{fmt, sync::Arc};

use super::{checked_entity_id, url};
#[cfg(feature = "decrypt")]
use crate::crypto::UnwrapKey;
use crate::error::ConfigError;

/// The service for which logins are verified.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    /// At least one.
    audiences: Vec<String>,
    /// At least one.
    acs_urls: Vec<String>,
    #[cfg(feature = "decrypt")]
    decryption_keys: DecryptionKeys,
}

/// What opens what is encrypted for us.
#[cfg(feature = "decrypt")]
#[derive(Clone, Default)]
struct DecryptionKeys(Vec<Arc<dyn UnwrapKey>>);

/// Their number, and nothing of them.
#[cfg(feature = "decrypt")]
impl fmt::Debug for DecryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
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
        Ok(Self {
            audiences: vec![checked_entity_id(entity_id.into())?],
            acs_urls: vec![checked_acs_url(acs_url.into(), Some(NOT_HTTPS))?],
            #[cfg(feature = "decrypt")]
            decryption_keys: DecryptionKeys::default(),
        })
    }

    /// As [`ServiceProvider::new`], for a service that is reached without TLS: in an intranet, or at the end of a tunnel. Named
    /// `http-acs-url` on the command line.
    ///
    /// A service on the machine of a developer needs no such concession: `localhost`, names below it (RFC 6761 section 6.3),
    /// `127.0.0.1` and `[::1]` may have plain `http` anyway.
    ///
    /// Weakens: whoever can listen or interfere between the browser and the service reads the assertion and can post it first, from
    /// a browser of his own (SAML2Int SDP-SP09). No check of this crate sees that.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidEntityId`], or [`ConfigError::InvalidAcsUrl`] for what is neither an `https` nor an `http` URL.
    pub fn with_http_acs_url(entity_id: impl Into<String>, acs_url: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            audiences: vec![checked_entity_id(entity_id.into())?],
            acs_urls: vec![checked_acs_url(acs_url.into(), None)?],
            #[cfg(feature = "decrypt")]
            decryption_keys: DecryptionKeys::default(),
        })
    }

    /// Accepts messages for this URL, too: while the service moves, or under several host names.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidAcsUrl`].
    pub fn also_accepting_acs_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.acs_urls.push(checked_acs_url(url.into(), Some(NOT_HTTPS))?);
        Ok(self)
    }

    /// Accepts messages for this URL, too, with or without TLS: see [`ServiceProvider::with_http_acs_url`] for what that weakens.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidAcsUrl`].
    pub fn also_accepting_http_acs_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.acs_urls.push(checked_acs_url(url.into(), None)?);
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

    /// Reads what is encrypted for this private key, too: a [`DecryptionKey`](crate::DecryptionKey), or whatever holds the key in a KMS or
    /// HSM.
    ///
    /// Several keys are for a rotation. All of them are tried on each message, and nobody is told which one fits.
    ///
    /// ```
    /// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/sp-encrypt-rsa2048.key"));
    /// use saml_verify::{DecryptionKey, ServiceProvider};
    ///
    /// let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?;
    /// let sp = sp.decrypting_with(DecryptionKey::from_pem(pem)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::TooManyDecryptionKeys`] above [`ServiceProvider::MOST_DECRYPTION_KEYS`].
    #[cfg(feature = "decrypt")]
    pub fn decrypting_with(mut self, key: impl UnwrapKey + 'static) -> Result<Self, ConfigError> {
        if self.decryption_keys.0.len() >= Self::MOST_DECRYPTION_KEYS {
            return Err(ConfigError::TooManyDecryptionKeys { most: Self::MOST_DECRYPTION_KEYS });
        }
        self.decryption_keys.0.push(Arc::new(key));
        Ok(self)
    }

    /// How many decryption keys there can be. Each message that is encrypted uses all of them, before anything in it is trusted.
    #[cfg(feature = "decrypt")]
    pub const MOST_DECRYPTION_KEYS: usize = 4;

    /// Whether there is a key to decrypt with.
    #[cfg(feature = "decrypt")]
    pub(crate) fn can_decrypt(&self) -> bool {
        !self.decryption_keys.0.is_empty()
    }

    #[cfg(feature = "decrypt")]
    pub(crate) fn decryption_keys(&self) -> &[Arc<dyn UnwrapKey>] {
        &self.decryption_keys.0
    }

    /// The entity ID.
    pub fn entity_id(&self) -> &str {
        self.audiences.first().map_or("", String::as_str)
    }

    /// The audiences that are accepted: the entity ID, and those that were added.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The URLs of the assertion consumer service, in the order in which they were given.
    pub fn acs_urls(&self) -> &[String] {
        &self.acs_urls
    }
}

fn checked_acs_url(value: String, plain_http: Option<&'static str>) -> Result<String, ConfigError> {
    match url::fault(&value, plain_http) {
        None => Ok(value),
        Some(reason) => Err(ConfigError::InvalidAcsUrl { value, reason }),
    }
}

/// SAML2Int SDP-SP09: TLS, except on the machine of a developer.
pub(crate) const NOT_HTTPS: &str =
    "it is not https: for a service in an intranet or behind a tunnel allow `http-acs-url` knowingly";

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
            ("http://portal.localhost/acs", true),
            ("http://a.portal.localhost:3000/acs", true),
            ("http://.localhost/acs", false),
            ("http://a..localhost/acs", false),
            ("http://portallocalhost/acs", false),
            ("http://portal.localhost./acs", false),
            ("http://portal.localhost.example.com/acs", false),
            ("http://portal.localhost@example.com/acs", false),
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

    /// What is allowed is the missing TLS, and nothing else that is wrong with a URL.
    #[test]
    fn an_acs_url_may_be_http_where_that_is_allowed() {
        for (url, accepted) in [
            ("http://portal.intra.example:7001/saml/acs", true),
            ("http://10.0.0.7/acs", true),
            ("http://[2001:db8::1]:8080/acs", true),
            ("http://portal/acs?tenant=a", true),
            ("http://localhost:3000/acs", true),
            ("https://portal.example.com/saml/acs", true),
            ("http://user@portal.example.com/acs", false),
            ("http:///acs", false),
            ("http://portal.example.com:port/acs", false),
            ("http://portal.example.com/acs#x", false),
            ("http://portal.example.com\\acs", false),
            ("http://portal.example.com/a cs", false),
            ("HTTP://portal.example.com/acs", false),
            ("ftp://portal.example.com/acs", false),
            ("javascript://portal.example.com/%0aalert(1)", false),
            ("//portal.example.com/acs", false),
            ("", false),
        ] {
            let provider = ServiceProvider::with_http_acs_url("urn:sp", url);
            assert_eq!(provider.is_ok(), accepted, "{url}: {provider:?}");
            let more = ServiceProvider::new("urn:sp", "https://sp.example/acs").unwrap().also_accepting_http_acs_url(url);
            assert_eq!(more.is_ok(), accepted, "{url}: {more:?}");
            if let (Ok(provider), Ok(more)) = (provider, more) {
                assert_eq!(
                    (provider.acs_urls(), more.acs_urls()),
                    (&[url.to_owned()][..], &["https://sp.example/acs".to_owned(), url.to_owned()][..])
                );
                let strict = provider.also_accepting_acs_url("http://portal.example.com/acs");
                assert!(strict.is_err(), "one URL without TLS allows no other: {strict:?}");
            }
        }
        let refused = ServiceProvider::new("urn:sp", "http://portal.intra.example/acs").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "not an assertion consumer service URL: \"http://portal.intra.example/acs\" (it is not https: for a service in an intranet \
             or behind a tunnel allow `http-acs-url` knowingly)"
        );
        assert_eq!(
            ServiceProvider::with_http_acs_url("", "http://portal/acs").err(),
            Some(ConfigError::InvalidEntityId { value: String::new() })
        );
    }

    #[test]
    fn a_service_provider_tells_what_it_accepts() {
        let sp = ServiceProvider::new("urn:sp", "https://sp.example/acs").unwrap();
        assert_eq!(
            (sp.entity_id(), sp.audiences(), sp.acs_urls()),
            ("urn:sp", &["urn:sp".to_owned()][..], &["https://sp.example/acs".to_owned()][..])
        );
        let sp = sp.also_accepting_audience("urn:old").unwrap().also_accepting_acs_url("https://old.example/acs").unwrap();
        assert_eq!((sp.entity_id(), sp.audiences()), ("urn:sp", &["urn:sp".to_owned(), "urn:old".to_owned()][..]));
        assert_eq!(sp.acs_urls(), ["https://sp.example/acs", "https://old.example/acs"]);
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
