//! Messages of our own: a request for a logout, and the answer to one. SAML Core 3.7, Profiles 4.4.4.
//!
//! In go the two sides of a connection, what is said, and our key; out comes a URL or a page for the browser. Both bindings want a
//! signature (SAML Profiles 4.4.4.1), so that there is no message without one.
//!
//! # Not supported
//!
//! Encrypted names, several sessions in one request, `Extensions`, SOAP.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::check::{MAX_AGE, PARTIAL_LOGOUT};
use super::pending::PendingLogout;
use super::received::LogoutRequest;
use super::session::Session;
use crate::binding::redirect::RedirectParameter;
use crate::binding::send::{PostPage, redirect_url};
use crate::connection::identity_provider::{LogoutUrl, LogoutUrls};
use crate::crypto::{SigningKey, unguessable};
use crate::error::{ConfigError, RequestError, StatusError};
use crate::request::{is_nonce, request_id, token, whole_milliseconds};
use crate::time::format_rfc3339;
use crate::xml::{Namespace, SignatureForm, Writer, enveloped_signature, first_forbidden};
use crate::{IdentityProvider, NameId, PendingRequest, ServiceProvider};

/// A request to the identity provider to end a session. SAML Core 3.7.1.
///
/// It names the user and the session as the login did: Auth0 finds the session only by both. It is valid for five minutes.
#[derive(Clone)]
#[must_use]
pub struct OutgoingRequest<'a> {
    sp: &'a str,
    idp: &'a str,
    urls: Cow<'a, LogoutUrls>,
    session: &'a Session,
    key: &'a SigningKey,
    relay_state: Option<&'a str>,
    return_to: Option<&'a str>,
    nonce: Option<&'a str>,
    reason: Option<&'a str>,
    lifetime: Duration,
}

/// A logout that starts with a redirect. SAML Bindings 3.4.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct LogoutRedirect {
    /// Where the browser is sent: the value of `Location`.
    pub url: String,
    /// What to remember until the answer comes.
    pub pending: PendingLogout,
}

/// A logout that starts with a page which posts itself. SAML Bindings 3.5.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutPage {
    /// What the browser is given.
    pub page: PostPage,
    /// What to remember until the answer comes.
    pub pending: PendingLogout,
}

impl<'a> OutgoingRequest<'a> {
    /// How long an answer is waited for if nothing else is said: other services are asked one by one in between.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);

    /// A request of the service provider to the identity provider of the session, which must have a
    /// [`single_logout_url`](IdentityProvider::single_logout_url), signed with this key.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoSingleLogoutUrl`], [`RequestError::SessionOfOtherIdentityProvider`].
    pub fn new(
        sp: &'a ServiceProvider,
        idp: &'a IdentityProvider,
        session: &'a Session,
        key: &'a SigningKey,
    ) -> Result<Self, RequestError> {
        if session.issuer() != idp.entity_id() {
            let (expected, received) = (idp.entity_id().to_owned(), session.issuer().to_owned());
            return Err(RequestError::SessionOfOtherIdentityProvider { expected, received });
        }
        Ok(Self::to(sp, Cow::Borrowed(some_url(idp)?), session, key))
    }

    /// A request to an identity provider of which nothing but its URL is known, such as in a tool.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSloUrl`].
    pub fn to_url(sp: &'a ServiceProvider, url: &str, session: &'a Session, key: &'a SigningKey) -> Result<Self, ConfigError> {
        Ok(Self::to(sp, Cow::Owned(LogoutUrls::both(url)?), session, key))
    }

    fn to(sp: &'a ServiceProvider, urls: Cow<'a, LogoutUrls>, session: &'a Session, key: &'a SigningKey) -> Self {
        Self {
            sp: sp.entity_id(),
            idp: session.issuer(),
            urls,
            session,
            key,
            relay_state: None,
            return_to: None,
            nonce: None,
            reason: None,
            lifetime: Self::DEFAULT_LIFETIME,
        }
    }

    /// Sends this along, and remembers it: at most 80 bytes. [`RelayState::mint`](crate::RelayState::mint) makes one. An empty one is
    /// none.
    pub fn relay_state(self, value: &'a (impl AsRef<str> + ?Sized)) -> Self {
        Self { relay_state: Some(value.as_ref()).filter(|value| !value.is_empty()), ..self }
    }

    /// Remembers where in the service the user goes after the logout: a path of its own. It is not sent.
    pub fn return_to(self, path: &'a str) -> Self {
        Self { return_to: Some(path), ..self }
    }

    /// Waits for an answer so long; [`OutgoingRequest::DEFAULT_LIFETIME`] if not said. Whole seconds count.
    pub fn valid_for(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// `Reason`: a URI, such as `urn:oasis:names:tc:SAML:2.0:logout:user`. SAML Core 3.7.3.
    pub fn reason(self, uri: &'a str) -> Self {
        Self { reason: Some(uri), ..self }
    }

    /// The nonce of the script in [`PostPage`]: see [`AuthnRequest::nonce`](crate::AuthnRequest::nonce).
    pub fn nonce(self, nonce: &'a str) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// The logout as a redirect, whose query is signed in the octets that Auth0 makes when it encodes it again.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn redirect(&self, now: SystemTime) -> Result<LogoutRedirect, RequestError> {
        let url = url_of(&self.urls.redirect, self.idp, "redirect")?;
        let (id, pending) = self.prepare(now)?;
        let xml = self.xml(&id, &url.request, now, None);
        let url = redirect_url(&url.request, RedirectParameter::SamlRequest, &xml, self.relay_state, Some(self.key));
        Ok(LogoutRedirect { url: url.ok_or(RequestError::CannotSign)?, pending })
    }

    /// The logout as a page that posts itself; the element is signed.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn post(&self, now: SystemTime) -> Result<LogoutPage, RequestError> {
        let url = url_of(&self.urls.post, self.idp, "POST")?;
        let (id, pending) = self.prepare(now)?;
        let nonce = nonce(self.nonce)?;
        let xml = signed(self.key, &id, |signature| self.xml(&id, &url.request, now, signature))?;
        let page = PostPage::new(TITLE, &url.request, RedirectParameter::SamlRequest, &xml, self.relay_state, &nonce);
        Ok(LogoutPage { page, pending })
    }

    pub(super) fn has_redirect_url(&self) -> bool {
        self.urls.redirect.is_some()
    }

    fn prepare(&self, now: SystemTime) -> Result<(String, PendingLogout), RequestError> {
        let NameId { value, format, name_qualifier, sp_name_qualifier, sp_provided_id } = self.session.name_id();
        check_text("Issuer", Some(self.sp))?;
        check_text("NameID", Some(value))?;
        for part in [format, name_qualifier, sp_name_qualifier, sp_provided_id] {
            check_characters("NameID", part.as_deref())?;
        }
        check_characters("SessionIndex", self.session.session_index())?;
        check_text("Reason", self.reason)?;
        let id = request_id(unguessable().ok_or(RequestError::NoRandomness)?);
        let pending = PendingRequest::new(id.clone(), self.idp, (now, self.lifetime), self.return_to, self.relay_state);
        Ok((id, PendingLogout::new(pending.map_err(|(name, reason)| RequestError::InvalidValue { name, reason })?)))
    }

    /// The document, in exclusive canonical form: prefixes are declared where they are used.
    fn xml(&self, id: &str, destination: &str, now: SystemTime, signature: Option<&str>) -> String {
        let issued = whole_milliseconds(now);
        let until = issued.checked_add(MAX_AGE).unwrap_or(issued);
        let attributes = [
            ("xmlns:samlp", Some(Namespace::Protocol.name())),
            ("Destination", Some(destination)),
            ("ID", Some(id)),
            ("IssueInstant", Some(&format_rfc3339(issued))),
            ("NotOnOrAfter", Some(&format_rfc3339(until))),
            ("Reason", self.reason),
            ("Version", Some("2.0")),
        ];
        let name = self.session.name_id();
        let name_attributes = [
            SAML,
            ("Format", name.format.as_deref()),
            ("NameQualifier", name.name_qualifier.as_deref()),
            ("SPNameQualifier", name.sp_name_qualifier.as_deref()),
            ("SPProvidedID", name.sp_provided_id.as_deref()),
        ];
        let mut writer = Writer::default();
        writer.element("samlp:LogoutRequest", &attributes, |writer| {
            writer.element("saml:Issuer", &[SAML], |writer| writer.text(self.sp));
            writer.raw(signature.unwrap_or_default());
            writer.element("saml:NameID", &name_attributes, |writer| writer.text(&name.value));
            if let Some(index) = self.session.session_index() {
                writer.element("samlp:SessionIndex", &[], |writer| writer.text(index));
            }
        });
        writer.finish()
    }
}

/// Why a service does not, or not wholly, do what a LogoutRequest asks for. SAML Core 3.2.2.2 and 3.7.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutFailure {
    /// Some of the sessions could not be ended.
    Partial,
    /// The request names nobody who is known here.
    UnknownPrincipal,
    /// The service could not.
    Responder,
}

/// The answer to a request that was verified. SAML Core 3.7.2.
///
/// Success, unless it is said to be something else. Where no session is found there is none left: that, too, is success.
#[derive(Clone)]
#[must_use]
pub struct OutgoingResponse<'a> {
    sp: &'a str,
    idp: &'a str,
    urls: &'a LogoutUrls,
    request: &'a LogoutRequest,
    key: &'a SigningKey,
    relay_state: Option<&'a str>,
    nonce: Option<&'a str>,
    failure: Option<LogoutFailure>,
}

impl<'a> OutgoingResponse<'a> {
    /// The answer of the service provider to that request, signed with this key. The RelayState that was signed with the request is
    /// sent back.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoSingleLogoutUrl`], [`RequestError::SessionOfOtherIdentityProvider`] where the request is one of another identity
    /// provider.
    pub fn new(
        sp: &'a ServiceProvider,
        idp: &'a IdentityProvider,
        request: &'a LogoutRequest,
        key: &'a SigningKey,
    ) -> Result<Self, RequestError> {
        if request.issuer() != idp.entity_id() {
            let (expected, received) = (idp.entity_id().to_owned(), request.issuer().to_owned());
            return Err(RequestError::SessionOfOtherIdentityProvider { expected, received });
        }
        Ok(Self {
            sp: sp.entity_id(),
            idp: idp.entity_id(),
            urls: some_url(idp)?,
            request,
            key,
            relay_state: request.signed_relay_state().filter(|value| !value.is_empty()),
            nonce: None,
            failure: None,
        })
    }

    /// Sends this back: the form field `RelayState` of a request by POST, exactly as it came (SAML Bindings 3.5.3). An empty one is none.
    pub fn relay_state(self, value: &'a str) -> Self {
        Self { relay_state: Some(value).filter(|value| !value.is_empty()), ..self }
    }

    /// Reports this instead of success.
    pub fn failure(self, failure: LogoutFailure) -> Self {
        Self { failure: Some(failure), ..self }
    }

    /// The nonce of the script in [`PostPage`]: see [`AuthnRequest::nonce`](crate::AuthnRequest::nonce).
    pub fn nonce(self, nonce: &'a str) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// The answer as a redirect: the URL to which the browser is sent.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn redirect(&self, now: SystemTime) -> Result<String, RequestError> {
        let url = &url_of(&self.urls.redirect, self.idp, "redirect")?.response;
        let xml = self.xml(&self.draw_id()?, url, now, None);
        redirect_url(url, RedirectParameter::SamlResponse, &xml, self.relay_state, Some(self.key)).ok_or(RequestError::CannotSign)
    }

    /// The answer as a page that posts itself.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn post(&self, now: SystemTime) -> Result<PostPage, RequestError> {
        let url = &url_of(&self.urls.post, self.idp, "POST")?.response;
        let (id, nonce) = (self.draw_id()?, nonce(self.nonce)?);
        let xml = signed(self.key, &id, |signature| self.xml(&id, url, now, signature))?;
        Ok(PostPage::new(TITLE, url, RedirectParameter::SamlResponse, &xml, self.relay_state, &nonce))
    }

    pub(super) fn has_redirect_url(&self) -> bool {
        self.urls.redirect.is_some()
    }

    fn draw_id(&self) -> Result<String, RequestError> {
        check_text("Issuer", Some(self.sp))?;
        unguessable().map(request_id).ok_or(RequestError::NoRandomness)
    }

    fn xml(&self, id: &str, destination: &str, now: SystemTime, signature: Option<&str>) -> String {
        let attributes = [
            ("xmlns:samlp", Some(Namespace::Protocol.name())),
            ("Destination", Some(destination)),
            ("ID", Some(id)),
            ("InResponseTo", Some(self.request.id())),
            ("IssueInstant", Some(&format_rfc3339(whole_milliseconds(now)))),
            ("Version", Some("2.0")),
        ];
        let (code, second) = match self.failure {
            None => (StatusError::SUCCESS, None),
            Some(LogoutFailure::Partial) => (StatusError::SUCCESS, Some(PARTIAL_LOGOUT)),
            Some(LogoutFailure::UnknownPrincipal) => (REQUESTER, Some(UNKNOWN_PRINCIPAL)),
            Some(LogoutFailure::Responder) => (RESPONDER, None),
        };
        let mut writer = Writer::default();
        writer.element("samlp:LogoutResponse", &attributes, |writer| {
            writer.element("saml:Issuer", &[SAML], |writer| writer.text(self.sp));
            writer.raw(signature.unwrap_or_default());
            writer.element("samlp:Status", &[], |writer| {
                writer.element("samlp:StatusCode", &[("Value", Some(code))], |writer| {
                    if second.is_some() {
                        writer.element("samlp:StatusCode", &[("Value", second)], |_| {});
                    }
                });
            });
        });
        writer.finish()
    }
}

/// The document with its Signature behind the Issuer. SAML Core 3.2.1, 5.4.
fn signed(key: &SigningKey, id: &str, xml: impl Fn(Option<&str>) -> String) -> Result<String, RequestError> {
    let signature = enveloped_signature(key, &SignatureForm::of(key), &xml(None), id).ok_or(RequestError::CannotSign)?;
    Ok(xml(Some(&signature)))
}

fn some_url(idp: &IdentityProvider) -> Result<&LogoutUrls, RequestError> {
    let urls = idp.slo_urls();
    match urls.redirect.as_ref().or(urls.post.as_ref()) {
        Some(_) => Ok(urls),
        None => Err(no_url(idp.entity_id(), "redirect or POST")),
    }
}

fn url_of<'a>(url: &'a Option<LogoutUrl>, idp: &str, binding: &'static str) -> Result<&'a LogoutUrl, RequestError> {
    url.as_ref().ok_or_else(|| no_url(idp, binding))
}

fn no_url(idp: &str, binding: &'static str) -> RequestError {
    RequestError::NoSingleLogoutUrl { entity_id: idp.to_owned(), binding }
}

fn nonce(given: Option<&str>) -> Result<String, RequestError> {
    match given {
        Some(nonce) if is_nonce(nonce) => Ok(nonce.to_owned()),
        Some(_) => Err(RequestError::InvalidValue { name: "nonce", reason: "it is no base64 of at least 16 characters" }),
        None => unguessable().map(token).ok_or(RequestError::NoRandomness),
    }
}

/// That a text is there which says something, where there is one.
fn check_text(name: &'static str, text: Option<&str>) -> Result<(), RequestError> {
    if text.is_some_and(|text| text.trim().is_empty()) {
        return Err(RequestError::InvalidValue { name, reason: "it is empty" });
    }
    check_characters(name, text)
}

/// That XML can hold the text. What a login said may be empty, and is said again as it was.
fn check_characters(name: &'static str, text: Option<&str>) -> Result<(), RequestError> {
    match text.and_then(first_forbidden) {
        Some(_) => Err(RequestError::InvalidValue { name, reason: "it has control characters, which XML has no way to write" }),
        None => Ok(()),
    }
}

/// Names are personal.
impl fmt::Debug for OutgoingRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingRequest").field("identity_provider", &self.idp).field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for OutgoingResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingResponse").field("request", &self.request).field("failure", &self.failure).finish_non_exhaustive()
    }
}

/// The URL names the user.
impl fmt::Debug for LogoutRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRedirect").field("pending", &self.pending).finish_non_exhaustive()
    }
}

const SAML: (&str, Option<&str>) = ("xmlns:saml", Some(Namespace::Assertion.name()));
pub(super) const TITLE: &str = "Logging out";
const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
const UNKNOWN_PRINCIPAL: &str = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal";
