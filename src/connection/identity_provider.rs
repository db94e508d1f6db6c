//! An identity provider, and the keys that speak for it.

use std::time::SystemTime;

use super::{checked_entity_id, url};
use crate::binding::redirect::{RedirectMessage, SignedQuery};
use crate::crypto::SignatureAlgorithm;
use crate::departure::{Departure, Departures};
use crate::error::{ConfigError, Error, Shown, SignatureError, StructureError};
use crate::id::{is_nc_name, is_nm_token};
use crate::limits::Limits;
use crate::login::VerifiedSignature;
use crate::saml::assertion::Content;
use crate::saml::identity::Identity;
use crate::saml::logout::{Kind, Message};
use crate::saml::name_id::Issuer;
use crate::saml::response::Response;
use crate::saml::signature_in_place;
use crate::xml::{Document, Namespace, SignatureInfo, Signed, Trust, Unsigned, View};
use crate::{TrustedKey, TrustedKeys};

/// An identity provider and the keys that speak for it.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    entity_id: String,
    keys: TrustedKeys,
    /// Those of them that are on their way out.
    retiring: TrustedKeys,
    departures: Departures,
    /// The attribute that identifies users; the NameID does where there is none.
    identify_by: Option<String>,
    /// Where requests go, by redirect and by POST.
    sso_redirect_url: Option<String>,
    sso_post_url: Option<String>,
    slo_urls: LogoutUrls,
}

/// Where messages of logout go, by redirect and by POST.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogoutUrls {
    pub(crate) redirect: Option<LogoutUrl>,
    pub(crate) post: Option<LogoutUrl>,
}

/// Where requests go, and where answers do.
#[derive(Clone, Debug)]
pub(crate) struct LogoutUrl {
    pub(crate) request: String,
    pub(crate) response: String,
}

impl LogoutUrls {
    /// One URL for everything.
    pub(crate) fn both(url: &str) -> Result<Self, ConfigError> {
        if let Some(reason) = url::destination_fault(url) {
            return Err(ConfigError::InvalidSloUrl { value: url.to_owned(), reason });
        }
        let url = LogoutUrl { request: url.to_owned(), response: url.to_owned() };
        Ok(Self { redirect: Some(url.clone()), post: Some(url) })
    }
}

/// That a trusted key signed an element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof<'d> {
    pub(crate) element: Signed<'d>,
    /// The place of the key among the trusted ones.
    key: usize,
    info: SignatureInfo,
}

impl Proof<'_> {
    /// The signature method's name.
    pub(crate) const fn method(&self) -> &'static str {
        self.info.signature
    }
}

/// That a trusted key signed a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryProof {
    /// The place of the key among the trusted ones.
    key: usize,
    /// The signature method's name.
    pub(crate) method: &'static str,
}

impl IdentityProvider {
    /// The identity provider with this entity ID, which it writes as Issuer, and these keys.
    ///
    /// Both are needed: several tenants can share one key.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidEntityId`], [`ConfigError::NoTrustedKey`], or [`ConfigError::Certificate`] where there are more than
    /// [`TrustedKeys::MAXIMUM`] keys.
    pub fn new(entity_id: impl Into<String>, keys: TrustedKeys) -> Result<Self, ConfigError> {
        let entity_id = checked_entity_id(entity_id.into())?;
        if keys.is_empty() {
            return Err(ConfigError::NoTrustedKey { entity_id });
        }
        Ok(Self {
            entity_id,
            keys: keys.within_maximum()?,
            retiring: TrustedKeys::from_iter([]),
            departures: Departures::default(),
            identify_by: None,
            sso_redirect_url: None,
            sso_post_url: None,
            slo_urls: LogoutUrls::default(),
        })
    }

    /// Allows one named departure from what a strict verifier accepts, for this identity provider alone.
    pub fn allow(mut self, departure: Departure) -> Self {
        self.departures = self.departures.with(departure);
        self
    }

    /// Trusts these keys as well, as the old ones of a rotation: a login that was signed with one of them has
    /// [`Warning::RetiringKeyUsed`](crate::Warning::RetiringKeyUsed).
    ///
    /// Once no login has it any more, the identity provider signs with the new key alone, and the old ones can go.
    ///
    /// ```
    /// # let [old_pem, new_pem] = [&include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"))[..],
    /// #     include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-next-rsa2048.pem"))];
    /// use saml_verify::{IdentityProvider, TrustedKeys};
    ///
    /// let idp = IdentityProvider::new("https://idp.example/saml", TrustedKeys::from_pem(new_pem)?)?;
    /// let idp = idp.retiring(TrustedKeys::from_pem(old_pem)?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Certificate`] where there are more than [`TrustedKeys::MAXIMUM`] keys together.
    pub fn retiring(self, keys: TrustedKeys) -> Result<Self, ConfigError> {
        let retiring = self.retiring.and(keys.clone())?;
        Ok(Self { keys: self.keys.and(keys)?, retiring, ..self })
    }

    /// The keys that [`IdentityProvider::retiring`] named.
    pub fn retiring_keys(&self) -> &TrustedKeys {
        &self.retiring
    }

    /// Identifies users by the attribute of this name instead of the NameID, which then decides nothing and may be missing.
    ///
    /// The name is compared exactly. The assertion must have one value of it, over all its attributes of that name, and that must be
    /// text that is not blank (of white space and invisible characters alone); every other login is refused. [`Login::user_id`](crate::Login::user_id) is that value, exactly as it was
    /// signed: whether the case of its letters counts is for the service to know (in `subject-id` it does not).
    ///
    /// For the SAML subject identifiers, Entra ID's object ID, and ADFS without a rule for the NameID; [`claim`](crate::claim) has
    /// their names. Choose an attribute that no user can edit and that is never given to another.
    ///
    /// ```
    /// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
    /// use saml_verify::{IdentityProvider, TrustedKeys, claim};
    ///
    /// let idp = IdentityProvider::new("https://idp.example/saml", TrustedKeys::from_pem(pem)?)?;
    /// let idp = idp.identify_by_attribute(claim::SUBJECT_ID)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::BlankAttributeName`].
    pub fn identify_by_attribute(mut self, name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        if name.trim().is_empty() {
            return Err(ConfigError::BlankAttributeName);
        }
        self.identify_by = Some(name);
        Ok(self)
    }

    /// Sends requests to this URL, by redirect and by POST. Auth0 calls it the SAML Protocol URL.
    ///
    /// It may have a query (`?connection=…&organization=…`), which is kept. Only an [`AuthnRequest`](crate::AuthnRequest) needs it:
    /// what is verified does not depend on it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSsoUrl`].
    pub fn single_sign_on_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        let url = url.into();
        check_sso_url(&url)?;
        self.sso_redirect_url = Some(url.clone());
        self.sso_post_url = Some(url);
        Ok(self)
    }

    /// Sends requests where metadata says; each URL has been [checked](super::url::destination_fault).
    pub(super) fn with_sso_urls(self, redirect: Option<&str>, post: Option<&str>) -> Self {
        let [sso_redirect_url, sso_post_url] = [redirect, post].map(|url| url.map(str::to_owned));
        Self { sso_redirect_url, sso_post_url, ..self }
    }

    /// Where requests go by redirect.
    pub fn sso_redirect_url(&self) -> Option<&str> {
        self.sso_redirect_url.as_deref()
    }

    /// Where requests go by POST.
    pub fn sso_post_url(&self) -> Option<&str> {
        self.sso_post_url.as_deref()
    }

    /// Sends messages of logout, requests and answers, to this URL, by redirect and by POST. In Auth0 it is the SAML Protocol URL and
    /// `/logout` behind it.
    ///
    /// Only what [`logout`](crate::logout) builds needs it: what is verified does not depend on it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSloUrl`].
    pub fn single_logout_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.slo_urls = LogoutUrls::both(&url.into())?;
        Ok(self)
    }

    /// Sends messages of logout to this URL by POST, and none by redirect: for an identity provider that takes no other binding.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSloUrl`].
    pub fn single_logout_post_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.slo_urls = LogoutUrls { redirect: None, ..LogoutUrls::both(&url.into())? };
        Ok(self)
    }

    /// Sends messages of logout where metadata says; each URL has been [checked](super::url::destination_fault).
    pub(super) fn with_slo_urls(self, slo_urls: LogoutUrls) -> Self {
        Self { slo_urls, ..self }
    }

    /// Where requests for a logout go by redirect.
    pub fn slo_redirect_url(&self) -> Option<&str> {
        self.slo_urls.redirect.as_ref().map(|url| url.request.as_str())
    }

    /// Where requests for a logout go by POST.
    pub fn slo_post_url(&self) -> Option<&str> {
        self.slo_urls.post.as_ref().map(|url| url.request.as_str())
    }

    pub(crate) fn slo_urls(&self) -> &LogoutUrls {
        &self.slo_urls
    }

    /// The entity ID.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The keys that speak for it.
    pub fn trusted_keys(&self) -> &TrustedKeys {
        &self.keys
    }

    /// What is allowed to it, in the order of [`Departure::ALL`].
    pub fn departures(&self) -> impl Iterator<Item = Departure> {
        self.departures.iter()
    }

    /// What is allowed to it, as a set.
    pub(crate) fn departure_set(&self) -> Departures {
        self.departures
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
        self.verify_query(query, limits).map(|(message, _)| message)
    }

    /// As [`IdentityProvider::verify_redirect`], and what made the signature.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn verify_query(&self, query: &str, limits: &Limits) -> Result<(RedirectMessage, QueryProof), Error> {
        let query = SignedQuery::read(query, limits)?;
        let method = SignatureAlgorithm::accept(&query.method()?, self.departures)?;
        let key = self.keys.verify(method, query.signed_octets().as_bytes(), &query.value()?, Vec::new);
        let key = key.map_err(SignatureError::in_query)?;
        Ok((query.decode(limits)?, QueryProof { key, method: method.name() }))
    }

    /// Judges the ID of a message or assertion. SAML Core 1.3.4: an NCName, unless the connection allows other tokens.
    ///
    /// # Errors
    ///
    /// [`StructureError::InvalidId`].
    pub(crate) fn judge_id(&self, element: &'static str, id: &str) -> Result<(), StructureError> {
        if is_nc_name(id) || self.departures.contains(Departure::NonNcNameId) && is_nm_token(id) {
            return Ok(());
        }
        Err(StructureError::InvalidId { element, received: Shown::new(id) })
    }

    /// Who logs in, by what this identity provider's users are told apart by.
    ///
    /// # Errors
    ///
    /// As [`Identity::take`].
    pub(crate) fn identify(&self, content: &mut Content<'_>) -> Result<Identity, StructureError> {
        Identity::take(content, self.identify_by.as_deref())
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
        let verified = document.verify(element, name, &Trust { keys: &self.keys, departures: self.departures });
        let verified = verified.map_err(|error| self.with_claimed_issuer(error, document))?;
        Ok(verified.map(|(element, key, info)| Proof { element, key, info }))
    }

    /// The error, with whom the message claims to come from where that may be its cause.
    #[cold]
    fn with_claimed_issuer(&self, error: SignatureError, document: &Document<'_>) -> SignatureError {
        match claimed_issuer(document.root()) {
            Some(claimed) => error.with_claimed_issuer(&claimed.name, &self.entity_id),
            None => error,
        }
    }

    /// The key that signed. Of several trusted certificates that hold it, one that is valid now, whichever was configured first.
    pub(crate) fn key(&self, proof: &Proof<'_>, now: SystemTime) -> Option<&TrustedKey> {
        self.key_at(proof.key, now)
    }

    /// The key that signed a query, chosen alike.
    pub(crate) fn key_of_query(&self, proof: QueryProof, now: SystemTime) -> Option<&TrustedKey> {
        self.key_at(proof.key, now)
    }

    fn key_at(&self, place: usize, now: SystemTime) -> Option<&TrustedKey> {
        let key = self.keys.iter().nth(place)?;
        if key.is_valid_at(now) {
            return Some(key);
        }
        Some(self.keys.iter().find(|other| other.has_key_of(key) && other.is_valid_at(now)).unwrap_or(key))
    }

    /// What a login tells of a signature.
    pub(crate) fn describe(&self, element: &'static str, proof: &Proof<'_>, now: SystemTime) -> Option<VerifiedSignature> {
        Some(VerifiedSignature {
            element,
            key: self.key(proof, now)?.clone(),
            signature_algorithm: proof.info.signature,
            digest_algorithm: proof.info.digest,
        })
    }
}

/// Whom a message says it is from: a login, or a message of logout.
fn claimed_issuer(root: Unsigned<'_>) -> Option<Issuer<'_>> {
    let is_root = |kind: &Kind| root.is(Namespace::Protocol, kind.name());
    match [Kind::Request, Kind::Response].into_iter().find(is_root) {
        Some(kind) => Message::read(root, kind).ok()?.issuer,
        None => Response::read(root).ok()?.claimed_issuer(),
    }
}

/// The URL of a single sign-on service, as requests are sent to it.
pub(crate) fn check_sso_url(value: &str) -> Result<(), ConfigError> {
    match url::destination_fault(value) {
        None => Ok(()),
        Some(reason) => Err(ConfigError::InvalidSsoUrl { value: value.to_owned(), reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_sign_on_url_keeps_its_query() {
        let keys = TrustedKeys::from_pem(include_bytes!("../../testdata/auth0/keys/idp-rsa2048.pem")).unwrap();
        let idp = IdentityProvider::new("urn:idp", keys).unwrap();
        assert_eq!((idp.sso_redirect_url(), idp.sso_post_url()), (None, None));
        let url = "https://acme.us.auth0.com/samlp/X?connection=google&organization=org_1";
        let idp = idp.single_sign_on_url(url).unwrap();
        assert_eq!((idp.sso_redirect_url(), idp.sso_post_url()), (Some(url), Some(url)));
        let error = idp.single_sign_on_url("http://acme.us.auth0.com/samlp/X").unwrap_err();
        assert_eq!(error.to_string(), "not a single sign-on URL: \"http://acme.us.auth0.com/samlp/X\" (it is not https)");
    }
}
