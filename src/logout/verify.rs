//! The steps of a verification, in order: from a form field or a query to a request or an answer.

use std::time::{Duration, SystemTime};

use super::check::{self, Facts};
use super::proof::{Delivery, LogoutSignature, Proven, SignedDocument};
use super::received::{LogoutRequest, LogoutResponse, VerifiedRequest};
use crate::binding::mistaken::in_place_of_message;
use crate::binding::post::decode_post;
use crate::binding::redirect::undeflated;
use crate::connection::identity_provider::QueryProof;
use crate::connection::service_provider::NOT_HTTPS;
use crate::connection::url;
use crate::error::{ConfigError, DecodeError, Error, LogoutError, Shown};
use crate::limits::Limits;
use crate::saml::logout::{Kind, Message};
use crate::xml::{Document, Namespace, Unsigned, View};
use crate::{
    ExpiredCertificate, IdentityProvider, RedirectMessage, RedirectParameter, ServiceProvider, TrustedKey, Verifier, Warning,
};

/// How a message of logout came to our single logout URL.
#[derive(Clone, Copy)]
pub enum Delivered<'a> {
    /// The value of the form field: `SAMLRequest` of a request, `SAMLResponse` of an answer. SAML Bindings 3.5.
    Post(&'a str),
    /// The raw query of the URL, what is between `?` and `#`, as it arrived: decoded and encoded again, it is no longer what was
    /// signed. SAML Bindings 3.4.
    Redirect(&'a str),
    /// A document that came by POST and was decoded already.
    Xml(&'a [u8]),
}

/// The message may name a user.
impl std::fmt::Debug for Delivered<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Post(_) => "Post(..)",
            Self::Redirect(_) => "Redirect(..)",
            Self::Xml(_) => "Xml(..)",
        })
    }
}

/// Verifies messages of logout from one identity provider at one service.
///
/// Make one when the service starts, and share it. Every message must be signed by a trusted key (SAML Profiles 4.4.4.1): the query
/// of a redirect as it arrived, the element in a form. A redirect whose message carries an XML signature as well, which SAML Bindings
/// 3.4.4.1 has removed, is taken if both hold. Auth0's packages can be told not to compress what they redirect, and then sign the element
/// instead of the query: that is taken as a form is, and its RelayState is one that nobody signed.
#[derive(Clone, Debug)]
pub struct LogoutVerifier {
    pub(super) idp: IdentityProvider,
    service_provider: String,
    /// At least one.
    slo_urls: Vec<String>,
    clock_skew: Duration,
    pub(super) expired_certificate: ExpiredCertificate,
    pub(super) limits: Limits,
}

impl LogoutVerifier {
    /// A verifier for messages from that identity provider to this URL of ours, which they must name as Destination.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSloUrl`].
    pub fn new(sp: &ServiceProvider, idp: IdentityProvider, slo_url: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self::at(sp, idp, checked_slo_url(slo_url.into(), Some(NOT_HTTPS))?))
    }

    /// As [`LogoutVerifier::new`], for a service that is reached without TLS, in an intranet or at the end of a tunnel: see
    /// [`ServiceProvider::with_http_acs_url`] for what that weakens.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSloUrl`] for what is neither an `https` nor an `http` URL.
    pub fn with_http_slo_url(
        sp: &ServiceProvider,
        idp: IdentityProvider,
        slo_url: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self::at(sp, idp, checked_slo_url(slo_url.into(), None)?))
    }

    fn at(sp: &ServiceProvider, idp: IdentityProvider, slo_url: String) -> Self {
        Self {
            idp,
            service_provider: sp.entity_id().to_owned(),
            slo_urls: vec![slo_url],
            clock_skew: Verifier::DEFAULT_CLOCK_SKEW,
            expired_certificate: ExpiredCertificate::default(),
            limits: Limits::DEFAULT,
        }
    }

    /// Accepts messages to this URL, too: while the service moves, or where answers come to one of their own.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidSloUrl`].
    pub fn also_accepting_slo_url(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.slo_urls.push(checked_slo_url(url.into(), Some(NOT_HTTPS))?);
        Ok(self)
    }

    /// Allows this difference between the clocks, in both directions.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ClockSkewTooLarge`] above [`Verifier::MAX_CLOCK_SKEW`].
    pub fn clock_skew(mut self, clock_skew: Duration) -> Result<Self, ConfigError> {
        if clock_skew > Verifier::MAX_CLOCK_SKEW {
            return Err(ConfigError::ClockSkewTooLarge { requested: clock_skew, maximum: Verifier::MAX_CLOCK_SKEW });
        }
        self.clock_skew = clock_skew;
        Ok(self)
    }

    /// What becomes of a message whose trusted certificate is outside its validity; [`ExpiredCertificate::Warn`] if not said. It does not
    /// follow that of the logins ([`Verifier::expired_certificate`]): give both the same.
    #[must_use]
    pub fn expired_certificate(mut self, policy: ExpiredCertificate) -> Self {
        self.expired_certificate = policy;
        self
    }

    /// Bounds on the messages.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The identity provider.
    pub fn identity_provider(&self) -> &IdentityProvider {
        &self.idp
    }

    /// Our single logout URLs, in the order in which they were given.
    pub fn slo_urls(&self) -> &[String] {
        &self.slo_urls
    }

    /// Verifies a LogoutRequest of the identity provider.
    ///
    /// # Errors
    ///
    /// The [`Error`] of the first step that refuses.
    pub fn verify_request(&self, delivered: Delivered<'_>, now: SystemTime) -> Result<VerifiedRequest, Error> {
        self.verify(delivered, Kind::Request, now, |proven| {
            check::run(&self.facts(proven.message(), "", now))?;
            Ok(LogoutRequest::of(proven, self.idp.entity_id(), &self.service_provider, now))
        })
    }

    /// Verifies the LogoutResponse to the request of this ID, which is pending in the browser's session:
    /// [`PendingLogout::expect`](super::PendingLogout::expect) tells it.
    ///
    /// A response that reports a failure is an error ([`LogoutError::Failed`]); one that reports a partial logout is none.
    ///
    /// # Errors
    ///
    /// The [`Error`] of the first step that refuses.
    pub fn verify_response(&self, delivered: Delivered<'_>, request_id: &str, now: SystemTime) -> Result<LogoutResponse, Error> {
        self.verify(delivered, Kind::Response, now, |proven| {
            check::run(&self.facts(proven.message(), request_id, now))?;
            Ok(LogoutResponse::of(proven, self.idp.entity_id()))
        })
    }

    pub(super) fn facts<'a, 'd>(&'a self, message: &'a Message<'d>, request: &'a str, now: SystemTime) -> Facts<'a, 'd> {
        Facts {
            message,
            issuer: self.idp.entity_id(),
            departures: self.idp.departure_set(),
            slo_urls: &self.slo_urls,
            request,
            now,
            clock_skew: self.clock_skew,
        }
    }

    /// Hands a message of that kind to `accept`, once a trusted key vouches for it.
    fn verify<T>(
        &self,
        delivered: Delivered<'_>,
        kind: Kind,
        now: SystemTime,
        accept: impl FnOnce(Proven<'_>) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let accepted = match self.open(delivered, kind)? {
            Opened::Enveloped(xml) => {
                let document = Document::parse_message(&xml, &self.limits).map_err(|error| in_place_of_message(&xml, error))?;
                let root = require(document.root(), kind)?;
                let proof = self.idp.verify(&document, root, kind.name())?;
                let proof = proof.ok_or(LogoutError::Unsigned { element: kind.name() })?;
                let key = self.idp.key(&proof, now);
                let delivery = self.delivery(kind, kind.name(), key, proof.method(), now)?;
                accept(self.judged(Proven::read(proof.element, kind, delivery)?)?)?
            }
            Opened::Detached(message, proof) => {
                let document = SignedDocument::parse(&message, &self.limits)?;
                let root = require(document.document().root(), kind)?;
                // Whatever else is signed must verify, too.
                self.idp.verify(document.document(), root, kind.name())?;
                let key = self.idp.key_of_query(proof, now);
                let delivery = self.delivery(kind, "query", key, proof.method, now)?;
                let delivery = Delivery { relay_state: relay_state(&message), ..delivery };
                accept(self.judged(Proven::read(document.root(), kind, delivery)?)?)?
            }
        };
        // The kind that was read is the kind that was asked for.
        accepted.ok_or_else(|| LogoutError::UnexpectedMessage { expected: kind.name(), received: Shown::new("") }.into())
    }

    /// Who vouches for a message, and what is to be said of that.
    fn delivery(
        &self,
        kind: Kind,
        covers: &'static str,
        key: Option<&TrustedKey>,
        signature_algorithm: &'static str,
        now: SystemTime,
    ) -> Result<Delivery, Error> {
        let key = key.ok_or(LogoutError::Unsigned { element: kind.name() })?;
        let expired = self.expired_certificate.judge(key, now)?;
        let warnings = expired.into_iter().chain(Warning::of_retiring(self.idp.retiring_keys(), key)).collect();
        let signature = LogoutSignature { covers, key: key.clone(), signature_algorithm };
        Ok(Delivery { signature, warnings, relay_state: None })
    }

    fn judged<'d>(&self, proven: Proven<'d>) -> Result<Proven<'d>, Error> {
        self.idp.judge_id(proven.message().kind.name(), proven.message().id)?;
        Ok(proven)
    }

    /// From the text that arrived to bytes, and to what their signature has to cover.
    fn open(&self, delivered: Delivered<'_>, kind: Kind) -> Result<Opened, Error> {
        let query = match delivered {
            Delivered::Post(text) => return Ok(Opened::Enveloped(decode_post(text, &self.limits)?)),
            Delivered::Xml(xml) => return Ok(Opened::Enveloped(xml.to_vec())),
            Delivered::Redirect(query) => query,
        };
        if let Some(text) = undeflated(query, kind.parameter(), &self.limits)? {
            return Ok(Opened::Enveloped(decode_post(&text, &self.limits)?));
        }
        let (message, proof) = self.idp.verify_query(query, &self.limits)?;
        if message.parameter() != kind.parameter() {
            return Err(DecodeError::MissingParameter { names: kind.parameters() }.into());
        }
        Ok(Opened::Detached(message, proof))
    }
}

/// A message as bytes, and where its signature is.
enum Opened {
    /// In the element, if anywhere. Nothing is verified yet.
    Enveloped(Vec<u8>),
    /// Over the query, and it holds.
    Detached(RedirectMessage, QueryProof),
}

impl Kind {
    /// The parameter of a query, or the field of a form, that it travels in.
    pub(super) const fn parameter(self) -> RedirectParameter {
        match self {
            Self::Request => RedirectParameter::SamlRequest,
            Self::Response => RedirectParameter::SamlResponse,
        }
    }

    pub(super) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Request => &["SAMLRequest"],
            Self::Response => &["SAMLResponse"],
        }
    }
}

/// The root element, which must be that of the message.
///
/// # Errors
///
/// [`LogoutError::UnexpectedMessage`].
pub(super) fn require(root: Unsigned<'_>, kind: Kind) -> Result<Unsigned<'_>, LogoutError> {
    if root.is(Namespace::Protocol, kind.name()) {
        return Ok(root);
    }
    Err(LogoutError::UnexpectedMessage { expected: kind.name(), received: Shown::new(root.qualified_name()) })
}

/// That of a signed query; one that is no text cannot be brought back, and is none.
fn relay_state(message: &RedirectMessage) -> Option<String> {
    message.relay_state().and_then(|octets| std::str::from_utf8(octets).ok()).map(str::to_owned)
}

fn checked_slo_url(value: String, plain_http: Option<&'static str>) -> Result<String, ConfigError> {
    match url::fault(&value, plain_http) {
        None => Ok(value),
        Some(reason) => Err(ConfigError::InvalidSloUrl { value, reason }),
    }
}
