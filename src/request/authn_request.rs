//! The AuthnRequest: from a connection and what is asked for to what starts a login. SAML Core 3.4.1, Profiles 4.1.4.1.
//!
//! # Not supported
//!
//! `AssertionConsumerServiceIndex` and `AttributeConsumingServiceIndex` (they point into metadata that the other side may not have),
//! Conditions, Scoping, Extensions, answers by another binding than POST, and comparisons of authentication contexts other than
//! `exact`.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::pending::PendingRequest;
use super::{is_nonce, request_id, token, whole_milliseconds};
use crate::binding::redirect::RedirectParameter;
use crate::binding::send::{PostPage, percent_encode, redirect_url, with_query};
use crate::crypto::{SigningKey, unguessable};
use crate::error::{ConfigError, RequestError};
use crate::time::format_rfc3339;
use crate::xml::{Namespace, SignatureForm, Writer, enveloped_signature, first_forbidden};
use crate::{IdentityProvider, NameId, ServiceProvider, Verifier};

/// A request for a login, to be sent by [`redirect`](Self::redirect) or by [`post`](Self::post). SAML Core 3.4.1.
///
/// Made of the two sides of a connection, it asks for nothing but a login: the assertion consumer URL of the service provider is
/// always in it, the answer is to be posted (`ProtocolBinding`), and everything else is left to the identity provider until a
/// method asks for it. Each request that is sent has an ID of its own, of 128 bits that nobody can guess.
///
/// ```
/// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
/// # let now = std::time::SystemTime::now();
/// use saml_verify::{AuthnRequest, IdentityProvider, ServiceProvider, TrustedKeys};
///
/// let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?;
/// let idp = IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(pem)?)?
///     .single_sign_on_url("https://acme.us.auth0.com/samlp/CLIENT_ID?connection=employees")?;
///
/// let login = AuthnRequest::new(&sp, &idp)?.redirect(now)?;
/// assert!(login.url.starts_with("https://acme.us.auth0.com/samlp/CLIENT_ID?connection=employees&SAMLRequest="));
/// assert!(login.pending.id().starts_with('_'));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The browser is redirected to `login.url` (302 or 303, with `Cache-Control: no-cache, no-store`), and `login.pending` is kept
/// until the answer comes: see [`PendingRequest`].
#[derive(Clone)]
#[must_use]
pub struct AuthnRequest<'a> {
    sp: &'a ServiceProvider,
    identity_provider: &'a str,
    redirect_url: Option<&'a str>,
    post_url: Option<&'a str>,
    acs_url: Option<&'a str>,
    key: Option<&'a SigningKey>,
    relay_state: Option<&'a str>,
    return_to: Option<&'a str>,
    login_hint: Option<&'a str>,
    nonce: Option<&'a str>,
    lifetime: Duration,
    force_authn: bool,
    is_passive: bool,
    provider_name: Option<&'a str>,
    subject: Option<&'a NameId>,
    name_id_format: Option<&'a str>,
    allow_create: Option<bool>,
    authn_contexts: Vec<&'a str>,
}

/// A login that starts with a redirect. SAML Bindings 3.4.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct LoginRedirect {
    /// Where the browser is sent: the value of `Location`.
    pub url: String,
    /// What to remember until the answer comes.
    pub pending: PendingRequest,
}

/// A login that starts with a page which posts itself. SAML Bindings 3.5.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPage {
    /// What the browser is given.
    pub page: PostPage,
    /// What to remember until the answer comes.
    pub pending: PendingRequest,
}

impl<'a> AuthnRequest<'a> {
    /// How long an answer is waited for if nothing else is said: half an hour, for users who look for a second factor.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(30 * 60);

    /// A request of the service provider to the identity provider, which must have a
    /// [`single_sign_on_url`](IdentityProvider::single_sign_on_url).
    ///
    /// # Errors
    ///
    /// [`RequestError::NoSingleSignOnUrl`].
    pub fn new(sp: &'a ServiceProvider, idp: &'a IdentityProvider) -> Result<Self, RequestError> {
        let (redirect_url, post_url) = (idp.sso_redirect_url(), idp.sso_post_url());
        if redirect_url.or(post_url).is_none() {
            return Err(no_url(idp.entity_id(), "redirect or POST"));
        }
        Ok(Self::to(sp, idp.entity_id(), redirect_url, post_url))
    }

    /// A request to the identity provider of that verifier; where it has several, to the first.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoSingleSignOnUrl`].
    pub fn of(verifier: &'a Verifier) -> Result<Self, RequestError> {
        match verifier.identity_providers() {
            [idp, ..] => Self::new(verifier.service_provider(), idp),
            [] => Err(no_url("", "redirect or POST")),
        }
    }

    /// A request to an identity provider of which nothing but its entity ID and the URL is known, such as in a tool.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSsoUrl`].
    pub fn to_url(sp: &'a ServiceProvider, entity_id: &'a str, url: &'a str) -> Result<Self, ConfigError> {
        crate::connection::identity_provider::check_sso_url(url)?;
        Ok(Self::to(sp, entity_id, Some(url), Some(url)))
    }

    fn to(sp: &'a ServiceProvider, identity_provider: &'a str, redirect_url: Option<&'a str>, post_url: Option<&'a str>) -> Self {
        Self {
            sp,
            identity_provider,
            redirect_url,
            post_url,
            acs_url: None,
            key: None,
            relay_state: None,
            return_to: None,
            login_hint: None,
            nonce: None,
            lifetime: Self::DEFAULT_LIFETIME,
            force_authn: false,
            is_passive: false,
            provider_name: None,
            subject: None,
            name_id_format: None,
            allow_create: None,
            authn_contexts: Vec::new(),
        }
    }

    /// Signs the request: the query of a redirect (SAML Bindings 3.4.4.1), the element in a form (SAML Core 5.4).
    ///
    /// Auth0 wants that where the addon has a `signingCert`, and verifies RSA alone.
    pub fn sign_with(self, key: &'a SigningKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Sends this along, and remembers it: at most 80 bytes. [`RelayState::mint`](crate::RelayState::mint) makes one.
    ///
    /// An empty one is none. It travels through the browser's hands and the identity provider's logs: nothing that means something
    /// belongs into it.
    pub fn relay_state(self, value: &'a (impl AsRef<str> + ?Sized)) -> Self {
        Self { relay_state: Some(value.as_ref()).filter(|value| !value.is_empty()), ..self }
    }

    /// Remembers where in the service the user goes after the login: a path of its own, with its query, of at most 512 bytes.
    /// It is not sent.
    ///
    /// A URL or `//host` is refused when the request is sent: the parameter that it often comes from is anybody's to choose.
    pub fn return_to(self, path: &'a str) -> Self {
        Self { return_to: Some(path), ..self }
    }

    /// Waits for an answer so long; [`AuthnRequest::DEFAULT_LIFETIME`] if not said. Whole seconds count.
    pub fn valid_for(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Wants the answer at this of the service provider's assertion consumer URLs; its first if not said.
    pub fn acs_url(self, url: &'a str) -> Self {
        Self { acs_url: Some(url), ..self }
    }

    /// `ForceAuthn`: the user must authenticate now, and not by an earlier session. Whether they did, only
    /// [`Verifier::max_authentication_age`](crate::Verifier::max_authentication_age) can tell; Auth0 writes the time of issue there.
    pub fn force_authn(self) -> Self {
        Self { force_authn: true, ..self }
    }

    /// `IsPassive`: the identity provider must not take over the user's screen. Auth0 does not read it.
    pub fn is_passive(self) -> Self {
        Self { is_passive: true, ..self }
    }

    /// `ProviderName`: what the service is called, for people to read.
    pub fn provider_name(self, name: &'a str) -> Self {
        Self { provider_name: Some(name), ..self }
    }

    /// `Format` of the `NameIDPolicy`: what kind of name is wanted. SAML Core 3.4.1.1 and 8.3. Auth0 does not read it.
    pub fn name_id_format(self, format: &'a str) -> Self {
        Self { name_id_format: Some(format), ..self }
    }

    /// `AllowCreate` of the `NameIDPolicy`: whether the identity provider may make a name for a user who has none yet.
    pub fn allow_create(self, allowed: bool) -> Self {
        Self { allow_create: Some(allowed), ..self }
    }

    /// `RequestedAuthnContext`: the login must be by exactly this class, or one of several. SAML Core 3.3.2.2.1.
    ///
    /// None is asked for by default: naming `PasswordProtectedTransport`, as many examples do, breaks logins without password. What
    /// the answer says is checked by [`Verifier::require_authn_context`](crate::Verifier::require_authn_context) alone.
    pub fn authn_context(mut self, class: &'a str) -> Self {
        self.authn_contexts.push(class);
        self
    }

    /// `Subject`: who is to log in. SAML Core 3.4.1: the identity provider must name this user in its answer, or fail.
    ///
    /// The request carries the name through the browser, in the clear.
    pub fn subject(self, name: &'a NameId) -> Self {
        Self { subject: Some(name), ..self }
    }

    /// The parameter `login_hint` of Auth0 and others: what the login page's field starts with. Never signed.
    pub fn login_hint(self, hint: &'a str) -> Self {
        Self { login_hint: Some(hint), ..self }
    }

    /// The nonce of the script in [`PostPage`], where the service has its own for each answer; a fresh one if not said.
    ///
    /// At least 16 characters of base64 or base64url, with or without padding.
    pub fn nonce(self, nonce: &'a str) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// The login as a redirect. SAML Bindings 3.4.4.1: DEFLATE, base64, percent-encoding.
    ///
    /// The query of the single sign-on URL stays in front. A signature covers the request and the RelayState in the octets of the
    /// URL, which are those that Auth0 makes when it decodes the query and encodes it again. An apostrophe in a RelayState is the
    /// one character that browsers rewrite on the way (`%27`): Auth0 does not mind, and who verifies the raw query would.
    ///
    /// # Errors
    ///
    /// [`RequestError`], where a value cannot be sent or remembered, or there is no URL, no randomness or no signature.
    pub fn redirect(&self, now: SystemTime) -> Result<LoginRedirect, RequestError> {
        self.redirect_from(unguessable, now)
    }

    /// The login as a page that posts itself. SAML Bindings 3.5.4.
    ///
    /// # Errors
    ///
    /// [`RequestError`], as for [`AuthnRequest::redirect`].
    pub fn post(&self, now: SystemTime) -> Result<LoginPage, RequestError> {
        self.post_from(unguessable, now)
    }

    fn redirect_from(&self, random: impl Fn() -> Option<[u8; 16]>, now: SystemTime) -> Result<LoginRedirect, RequestError> {
        let url = self.redirect_url.ok_or_else(|| no_url(self.identity_provider, "redirect"))?;
        let (id, pending) = self.prepare(random, now)?;
        let xml = self.xml(&id, url, now, None);
        let location = self.location(url)?;
        let url = redirect_url(&location, RedirectParameter::SamlRequest, &xml, self.relay_state, self.key);
        Ok(LoginRedirect { url: url.ok_or(RequestError::CannotSign)?, pending })
    }

    fn post_from(&self, random: impl Fn() -> Option<[u8; 16]>, now: SystemTime) -> Result<LoginPage, RequestError> {
        let url = self.post_url.ok_or_else(|| no_url(self.identity_provider, "POST"))?;
        let (id, pending) = self.prepare(&random, now)?;
        let nonce = match self.nonce {
            Some(nonce) if is_nonce(nonce) => nonce.to_owned(),
            Some(_) => return Err(invalid("nonce", "it is no base64 of at least 16 characters")),
            None => token(random().ok_or(RequestError::NoRandomness)?),
        };
        let xml = self.signed_xml(&id, url, now)?;
        let page =
            PostPage::new(LOGGING_IN, &self.location(url)?, RedirectParameter::SamlRequest, &xml, self.relay_state, &nonce);
        Ok(LoginPage { page, pending })
    }

    /// Checks everything that goes into a request, and draws its ID.
    fn prepare(&self, random: impl Fn() -> Option<[u8; 16]>, now: SystemTime) -> Result<(String, PendingRequest), RequestError> {
        self.check_acs_url()?;
        self.check_texts()?;
        let id = request_id(random().ok_or(RequestError::NoRandomness)?);
        let times = (now, self.lifetime);
        let pending = PendingRequest::new(id.clone(), self.identity_provider, times, self.return_to, self.relay_state);
        let pending = pending.map_err(|(name, reason)| invalid(name, reason))?;
        Ok((id, pending))
    }

    fn check_acs_url(&self) -> Result<(), RequestError> {
        match self.acs_url {
            Some(url) if !self.sp.acs_urls().iter().any(|accepted| accepted == url) => {
                Err(RequestError::UnknownAcsUrl { url: url.to_owned(), accepted: self.sp.acs_urls().to_vec() })
            }
            _ => Ok(()),
        }
    }

    /// That XML can hold every text, and none that is there says nothing.
    fn check_texts(&self) -> Result<(), RequestError> {
        let subject = |part: fn(&'a NameId) -> Option<&'a str>| self.subject.and_then(part);
        let one = [
            ("entity ID", Some(self.sp.entity_id())),
            ("ProviderName", self.provider_name),
            ("NameIDPolicy", self.name_id_format),
            ("Subject", subject(|name| Some(&name.value))),
            ("Subject", subject(|name| name.format.as_deref())),
            ("Subject", subject(|name| name.name_qualifier.as_deref())),
            ("Subject", subject(|name| name.sp_name_qualifier.as_deref())),
            ("Subject", subject(|name| name.sp_provided_id.as_deref())),
            ("login_hint", self.login_hint),
        ];
        let classes = self.authn_contexts.iter().map(|class| ("RequestedAuthnContext", Some(*class)));
        for (name, text) in one.into_iter().chain(classes) {
            match text {
                Some(text) if text.trim().is_empty() => return Err(invalid(name, "it is empty")),
                Some(text) if first_forbidden(text).is_some() => {
                    return Err(invalid(name, "it has control characters, which XML has no way to write"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The single sign-on URL with the login hint.
    fn location(&self, url: &str) -> Result<String, RequestError> {
        let Some(hint) = self.login_hint else {
            return Ok(url.to_owned());
        };
        let query = url.split_once('?').map_or("", |(_, query)| query);
        if query.split('&').any(|pair| pair.split('=').next() == Some(LOGIN_HINT)) {
            return Err(invalid(LOGIN_HINT, "the single sign-on URL has one already"));
        }
        Ok(with_query(url, &format!("{LOGIN_HINT}={}", percent_encode(hint))))
    }

    /// The document with its Signature behind the Issuer, if there is a key. SAML Core 3.2.1, 5.4.
    fn signed_xml(&self, id: &str, destination: &str, now: SystemTime) -> Result<String, RequestError> {
        let xml = self.xml(id, destination, now, None);
        let Some(key) = self.key else {
            return Ok(xml);
        };
        let signature = enveloped_signature(key, &SignatureForm::of(key), &xml, id).ok_or(RequestError::CannotSign)?;
        Ok(self.xml(id, destination, now, Some(&signature)))
    }

    /// The document, in exclusive canonical form: prefixes are declared where they are used.
    fn xml(&self, id: &str, destination: &str, now: SystemTime, signature: Option<&str>) -> String {
        let acs_url = self.acs_url.or_else(|| self.sp.acs_urls().first().map(String::as_str));
        let attributes = [
            ("xmlns:samlp", Some(Namespace::Protocol.name())),
            ("AssertionConsumerServiceURL", acs_url),
            ("Destination", Some(destination)),
            ("ForceAuthn", self.force_authn.then_some("true")),
            ("ID", Some(id)),
            ("IsPassive", self.is_passive.then_some("true")),
            ("IssueInstant", Some(&format_rfc3339(whole_milliseconds(now)))),
            ("ProtocolBinding", Some(POST_BINDING)),
            ("ProviderName", self.provider_name),
            ("Version", Some("2.0")),
        ];
        let mut writer = Writer::default();
        writer.element("samlp:AuthnRequest", &attributes, |writer| {
            writer.element("saml:Issuer", &[SAML], |writer| writer.text(self.sp.entity_id()));
            writer.raw(signature.unwrap_or_default());
            self.write_subject(writer);
            self.write_name_id_policy(writer);
            self.write_authn_contexts(writer);
        });
        writer.finish()
    }

    /// SAML Core 2.4.1: without confirmation, which is for the answer to give.
    fn write_subject(&self, writer: &mut Writer) {
        if let Some(name) = self.subject {
            let attributes = [
                ("Format", name.format.as_deref()),
                ("NameQualifier", name.name_qualifier.as_deref()),
                ("SPNameQualifier", name.sp_name_qualifier.as_deref()),
                ("SPProvidedID", name.sp_provided_id.as_deref()),
            ];
            writer.element("saml:Subject", &[SAML], |writer| {
                writer.element("saml:NameID", &attributes, |writer| writer.text(&name.value));
            });
        }
    }

    /// SAML Core 3.4.1.1.
    fn write_name_id_policy(&self, writer: &mut Writer) {
        let allow_create = self.allow_create.map(|allowed| if allowed { "true" } else { "false" });
        if self.name_id_format.or(allow_create).is_some() {
            let attributes = [("AllowCreate", allow_create), ("Format", self.name_id_format)];
            writer.element("samlp:NameIDPolicy", &attributes, |_| {});
        }
    }

    /// SAML Core 3.3.2.2.1.
    fn write_authn_contexts(&self, writer: &mut Writer) {
        if !self.authn_contexts.is_empty() {
            writer.element("samlp:RequestedAuthnContext", &[("Comparison", Some("exact"))], |writer| {
                for class in &self.authn_contexts {
                    writer.element("saml:AuthnContextClassRef", &[SAML], |writer| writer.text(class));
                }
            });
        }
    }
}

/// Names may be personal.
impl fmt::Debug for AuthnRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthnRequest")
            .field("identity_provider", &self.identity_provider)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The URL may have a login hint in it.
impl fmt::Debug for LoginRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRedirect").field("pending", &self.pending).finish_non_exhaustive()
    }
}

fn no_url(entity_id: &str, binding: &'static str) -> RequestError {
    RequestError::NoSingleSignOnUrl { entity_id: entity_id.to_owned(), binding }
}

const fn invalid(name: &'static str, reason: &'static str) -> RequestError {
    RequestError::InvalidValue { name, reason }
}

const SAML: (&str, Option<&str>) = ("xmlns:saml", Some(Namespace::Assertion.name()));
const POST_BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const LOGIN_HINT: &str = "login_hint";
/// The title of the page.
const LOGGING_IN: &str = "Logging in";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{Algorithm, Canonicalizer};
    use crate::time::parse_rfc3339;
    use crate::xml::Document;
    use crate::{Limits, TrustedKeys};

    const RANDOM: [u8; 16] = *b"\x00123456789abcde\xFF";
    const ID: &str = "_003132333435363738396162636465ff";

    fn sp() -> ServiceProvider {
        let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs?a=1&b=2").unwrap();
        sp.also_accepting_acs_url("https://portal.example.com/second").unwrap()
    }

    fn idp(certificate: &[u8]) -> IdentityProvider {
        IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(certificate).unwrap()).unwrap()
    }

    fn auth0() -> IdentityProvider {
        let idp = idp(include_bytes!("../../testdata/auth0/keys/idp-rsa2048.pem"));
        idp.single_sign_on_url("https://acme.us.auth0.com/samlp/X?connection=a").unwrap()
    }

    fn now() -> SystemTime {
        parse_rfc3339("2025-03-03T10:00:00.123Z").unwrap()
    }

    fn random() -> Option<[u8; 16]> {
        Some(RANDOM)
    }

    /// The document that a request writes; unsigned by redirect.
    fn xml(request: &AuthnRequest<'_>) -> String {
        request.signed_xml(ID, "https://idp.example/sso", now()).unwrap()
    }

    const START: &str = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
        AssertionConsumerServiceURL=\"https://portal.example.com/saml/acs?a=1&amp;b=2\" Destination=\"https://idp.example/sso\" ";
    const REST: &str = "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"";
    const ISSUER: &str = "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:example:sp:portal</saml:Issuer>";

    #[test]
    fn a_request_asks_for_nothing_but_a_login() {
        let (sp, idp) = (sp(), auth0());
        let expected = format!(
            "{START}ID=\"{ID}\" IssueInstant=\"2025-03-03T10:00:00.123Z\" {REST} Version=\"2.0\">{ISSUER}</samlp:AuthnRequest>"
        );
        let request = AuthnRequest::new(&sp, &idp).unwrap();
        assert_eq!(xml(&request), expected);
        let later = now() + Duration::from_nanos(999_999);
        assert_eq!(request.xml(ID, "https://idp.example/sso", later, None), expected);
    }

    #[test]
    fn whatever_is_asked_for_stands_in_the_order_of_the_schema() {
        let (sp, idp) = (sp(), auth0());
        let name = NameId::new("ada & co").with_format("urn:f").with_name_qualifier("q").with_sp_name_qualifier("s");
        let name = name.with_sp_provided_id("p");
        let request = AuthnRequest::new(&sp, &idp).unwrap();
        let request = request.force_authn().is_passive().provider_name("Portal \"<&>\"").subject(&name).name_id_format("urn:n");
        let request = request.allow_create(true).authn_context("urn:c1").authn_context("urn:c2").login_hint("not in it");
        let saml = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
        let expected = format!(
            "{START}ForceAuthn=\"true\" ID=\"{ID}\" IsPassive=\"true\" IssueInstant=\"2025-03-03T10:00:00.123Z\" {REST} \
             ProviderName=\"Portal &quot;&lt;&amp;>&quot;\" Version=\"2.0\">{ISSUER}\
             <saml:Subject {saml}><saml:NameID Format=\"urn:f\" NameQualifier=\"q\" SPNameQualifier=\"s\" \
             SPProvidedID=\"p\">ada &amp; co</saml:NameID></saml:Subject>\
             <samlp:NameIDPolicy AllowCreate=\"true\" Format=\"urn:n\"></samlp:NameIDPolicy>\
             <samlp:RequestedAuthnContext Comparison=\"exact\"><saml:AuthnContextClassRef {saml}>urn:c1</saml:AuthnContextClassRef>\
             <saml:AuthnContextClassRef {saml}>urn:c2</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>"
        );
        assert_eq!(xml(&request), expected);
        let canonical = Canonicalizer::new(Algorithm::Exclusive10).to_vec(expected.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), expected);
        let other = AuthnRequest::new(&sp, &idp).unwrap().allow_create(false).acs_url("https://portal.example.com/second");
        assert!(xml(&other).contains("<samlp:NameIDPolicy AllowCreate=\"false\"></samlp:NameIDPolicy>"));
        assert!(xml(&other).contains("AssertionConsumerServiceURL=\"https://portal.example.com/second\""));
    }

    #[test]
    fn the_redirect_keeps_the_query_of_the_url_and_encodes_like_the_identity_provider() {
        let (sp, idp) = (sp(), auth0());
        let request = AuthnRequest::new(&sp, &idp).unwrap().relay_state("a b!'()*~+%&=\"<>é");
        let key = SigningKey::from_pem(include_bytes!("../../testdata/signing/rsa2048.pkcs8.pem")).unwrap();
        let plain = request.redirect_from(random, now()).unwrap();
        let signed = request.clone().sign_with(&key).login_hint("ada+x@example.com").redirect_from(random, now()).unwrap();
        assert_eq!(plain.pending.id(), ID);
        let relay_state = "&RelayState=a%20b!'()*~%2B%25%26%3D%22%3C%3E%C3%A9";
        let (start, message) = plain.url.split_once("&SAMLRequest=").unwrap();
        assert_eq!(start, "https://acme.us.auth0.com/samlp/X?connection=a");
        let message = message.strip_suffix(relay_state).unwrap();
        assert!(message.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'), "{message}");
        let start = "https://acme.us.auth0.com/samlp/X?connection=a&login_hint=ada%2Bx%40example.com&SAMLRequest=";
        let method = "&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=";
        assert!(signed.url.starts_with(&format!("{start}{message}{relay_state}{method}")), "{}", signed.url);
        assert_eq!(format!("{signed:?}"), format!("LoginRedirect {{ pending: {:?}, .. }}", signed.pending));
    }

    #[test]
    fn every_kind_of_key_signs_both_bindings() {
        macro_rules! pair {
            ($name:literal) => {
                (
                    include_bytes!(concat!("../../testdata/signing/", $name, ".pkcs8.pem")).as_slice(),
                    include_bytes!(concat!("../../testdata/signing/", $name, ".cert.pem")).as_slice(),
                )
            };
        }
        let (sp, auth0) = (sp(), auth0());
        for (pem, certificate) in [pair!("rsa2048"), pair!("p256"), pair!("p384"), pair!("ed25519")] {
            let key = SigningKey::from_pem(pem).unwrap();
            let us = idp(certificate);
            let request = AuthnRequest::new(&sp, &auth0).unwrap().relay_state("s").force_authn().sign_with(&key);

            let redirect = request.redirect_from(random, now()).unwrap();
            let query = redirect.url.split_once('?').unwrap().1;
            let message = us.verify_redirect(query, &Limits::DEFAULT).unwrap();
            assert_eq!(message.xml(), request.xml(ID, auth0.sso_redirect_url().unwrap(), now(), None).as_bytes());
            assert_eq!(message.relay_state(), Some(&b"s"[..]));
            assert!(us.verify_redirect(&query.replace("RelayState=s", "RelayState=t"), &Limits::DEFAULT).is_err());

            let posted = xml(&request);
            let check = |xml: &str| {
                let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
                us.verify(&document, document.root(), "AuthnRequest").map(|proof| proof.is_some())
            };
            assert_eq!(check(&posted), Ok(true));
            assert!(check(&posted.replace("ForceAuthn=\"true\"", "ForceAuthn=\"1\"")).is_err());
            assert!(posted.contains("</saml:Issuer><ds:Signature "));
        }
    }

    #[test]
    fn the_page_is_escaped_and_allows_its_own_script_alone() {
        let (sp, idp) = (sp(), auth0());
        let idp = idp.single_sign_on_url("http://localhost:3000/sso?a=\"><script>&'").unwrap();
        let request = AuthnRequest::new(&sp, &idp).unwrap().relay_state("\"><script>&'é");
        let login = request.post_from(random, now()).unwrap();
        let message = crate::base64::encode(request.xml(ID, idp.sso_post_url().unwrap(), now(), None).as_bytes());
        let nonce = "003132333435363738396162636465ff";
        assert_eq!(
            login.page.html(),
            format!(
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Logging in</title>\n</head>\n<body>\n\
                 <form method=\"post\" action=\"http://localhost:3000/sso?a=&quot;&gt;&lt;script&gt;&amp;&#39;\">\n\
                 <input type=\"hidden\" name=\"SAMLRequest\" value=\"{message}\">\n\
                 <input type=\"hidden\" name=\"RelayState\" value=\"&quot;&gt;&lt;script&gt;&amp;&#39;é\">\n\
                 <noscript><p>JavaScript is off. Press the button to go on.</p></noscript>\n\
                 <button type=\"submit\">Continue</button>\n</form>\n\
                 <script nonce=\"{nonce}\">document.forms[0].submit();</script>\n</body>\n</html>\n"
            )
        );
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; form-action http://localhost:3000 http: https:; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        assert_eq!(login.page.content_security_policy(), policy);
        assert_eq!(login.page.headers()[1], ("content-security-policy", policy.as_str()));
        let own = request.clone().nonce("c2VydmljZSdzIG93bg==").post_from(random, now()).unwrap();
        assert!(own.page.html().contains("<script nonce=\"c2VydmljZSdzIG93bg==\">"));
        assert!(own.page.content_security_policy().contains("'nonce-c2VydmljZSdzIG93bg=='"));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_what_differs_in_one_thing_is_sent() {
        let (sp, idp) = (sp(), auth0());
        let new = || AuthnRequest::new(&sp, &idp).unwrap();
        let (control, blank) = (NameId::new("a\0"), NameId::new(" "));
        let format = NameId::new("a").with_format("");
        let name = NameId::new("a");
        let (long, longest) = ("é".repeat(41), "é".repeat(40));
        let too_far = format!("/{}", "a".repeat(512));
        let two_slashes = "it starts with two slashes, which browsers take for another host";
        let no_path = "it is not a path of the service, which starts with a slash";
        let characters =
            "it has white space, control characters or characters outside ASCII, which are percent-encoded in a path";
        let xml = "it has control characters, which XML has no way to write";
        let lifetime = "it is less than a second, or does not end";
        for (request, twin, name, reason) in [
            (new().relay_state(&long), new().relay_state(&longest), "RelayState", "it is longer than 80 bytes"),
            (new().relay_state("a\nb"), new().relay_state("ab"), "RelayState", "it has control characters"),
            (new().return_to("//evil.example"), new().return_to("/evil.example"), "return_to", two_slashes),
            (new().return_to("/\\evil.example"), new().return_to("/e\\vil.example"), "return_to", two_slashes),
            (new().return_to("/\t/evil.example"), new().return_to("/%09/evil.example"), "return_to", characters),
            (new().return_to("https://evil.example"), new().return_to("/https://evil.example"), "return_to", no_path),
            (new().return_to(""), new().return_to("/"), "return_to", no_path),
            (new().return_to(&too_far), new().return_to(&too_far[..512]), "return_to", "it is longer than 512 bytes"),
            (new().provider_name("a\u{1}"), new().provider_name("a\u{A0}"), "ProviderName", xml),
            (new().provider_name(" "), new().provider_name("."), "ProviderName", "it is empty"),
            (new().name_id_format(""), new().name_id_format("urn:f"), "NameIDPolicy", "it is empty"),
            (new().authn_context("a").authn_context(""), new().authn_context("a"), "RequestedAuthnContext", "it is empty"),
            (new().subject(&control), new().subject(&name), "Subject", xml),
            (new().subject(&blank), new().subject(&name), "Subject", "it is empty"),
            (new().subject(&format), new().subject(&name), "Subject", "it is empty"),
            (new().login_hint(""), new().login_hint("a"), "login_hint", "it is empty"),
            (new().valid_for(Duration::from_millis(999)), new().valid_for(Duration::from_secs(1)), "lifetime", lifetime),
            (new().valid_for(Duration::MAX), new().valid_for(Duration::from_secs(86_400)), "lifetime", lifetime),
        ] {
            for outcome in [request.redirect(now()).err(), request.post(now()).err()] {
                assert_eq!(outcome, Some(RequestError::InvalidValue { name, reason }));
            }
            assert_eq!((twin.redirect(now()).err(), twin.post(now()).err()), (None, None), "{name}: {reason}");
        }
        let hinted = AuthnRequest::to_url(&sp, "urn:idp", "https://idp.example/sso?login_hint=a").unwrap();
        let other = AuthnRequest::to_url(&sp, "urn:idp", "https://idp.example/sso?login_hints=a").unwrap();
        let reason = "the single sign-on URL has one already";
        let error = Some(RequestError::InvalidValue { name: "login_hint", reason });
        assert_eq!(hinted.clone().login_hint("b").redirect(now()).err(), error);
        assert_eq!(hinted.redirect(now()).err(), None);
        assert_eq!(other.login_hint("b").redirect(now()).err(), None);
    }

    #[test]
    fn a_nonce_is_base64_of_some_length() {
        let (sp, idp) = (sp(), auth0());
        let error = Some(RequestError::InvalidValue { name: "nonce", reason: "it is no base64 of at least 16 characters" });
        for (nonce, accepted) in [
            ("0123456789abcdef", true),
            ("0123456789ab+/==", false),
            ("0123456789abcd+/==", true),
            ("0123456789abcd-_=", true),
            ("0123456789abcde", false),
            ("0123456789abcdef===", false),
            ("0123456789=abcdefg", false),
            ("0123456789abcdef'", false),
            ("0123456789abcdef ", false),
            ("0123456789abcdef\"", false),
            ("", false),
        ] {
            let outcome = AuthnRequest::new(&sp, &idp).unwrap().nonce(nonce).post(now()).err();
            assert_eq!(outcome, if accepted { None } else { error.clone() }, "{nonce}");
        }
    }

    #[test]
    fn the_rest_of_what_can_go_wrong_has_errors_of_its_own() {
        let sp = sp();
        let without = idp(include_bytes!("../../testdata/auth0/keys/idp-rsa2048.pem"));
        let entity_id = "urn:acme.us.auth0.com".to_owned();
        let error = AuthnRequest::new(&sp, &without).err();
        assert_eq!(error, Some(RequestError::NoSingleSignOnUrl { entity_id, binding: "redirect or POST" }));
        let url = "https://portal.example.com/third";
        let idp = auth0();
        let request = AuthnRequest::new(&sp, &idp).unwrap();
        let accepted = ["https://portal.example.com/saml/acs?a=1&b=2", "https://portal.example.com/second"];
        let accepted = accepted.map(str::to_owned).to_vec();
        let error = RequestError::UnknownAcsUrl { url: url.to_owned(), accepted };
        assert_eq!(request.clone().acs_url(url).redirect(now()).err(), Some(error));
        assert_eq!(request.clone().acs_url("https://portal.example.com/second").redirect(now()).err(), None);
        assert_eq!(request.redirect_from(|| None, now()).err(), Some(RequestError::NoRandomness));
        assert_eq!(request.post_from(|| None, now()).err(), Some(RequestError::NoRandomness));
        let early = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let reason = "it is before 1970";
        assert_eq!(request.redirect(early).err(), Some(RequestError::InvalidValue { name: "now", reason }));
        let error = AuthnRequest::to_url(&sp, "urn:idp", "idp.example/sso").err();
        assert!(matches!(error, Some(ConfigError::InvalidSsoUrl { .. })), "{error:?}");
    }

    /// If nothing else is said.
    #[test]
    fn an_answer_is_waited_for_half_an_hour() {
        let (sp, idp) = (sp(), auth0());
        let pending = AuthnRequest::new(&sp, &idp).unwrap().redirect(now()).unwrap().pending;
        assert_eq!(pending.expires_at(), pending.issued_at() + Duration::from_secs(1800));
    }

    #[test]
    fn no_two_requests_have_the_same_id() {
        let (sp, idp) = (sp(), auth0());
        let request = AuthnRequest::new(&sp, &idp).unwrap();
        let ids: std::collections::HashSet<String> =
            (0..100).map(|_| request.redirect(now()).unwrap().pending.id().to_owned()).collect();
        assert_eq!(ids.len(), 100);
    }
}
