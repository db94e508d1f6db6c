//! The steps of a verification, in order, and what it is configured with.
//!
//! A posted form field goes in with the request that it must answer and the time; [`Verified`] comes out, or the [`Error`] of the
//! first step that refused. Deliberately absent: a clock, the network, state between two messages, and any option that leaves a
//! check out.

#[cfg(feature = "decrypt")]
mod decrypt;
pub(crate) mod explain;

use std::time::{Duration, SystemTime};

use crate::TrustedKey;
use crate::binding::mistaken::in_place_of_message;
use crate::binding::post::decode_post;
use crate::connection::identity_provider::{IdentityProvider, Proof};
use crate::connection::service_provider::ServiceProvider;
use crate::error::{ConfigError, ConstraintError, Error, Shown, SignatureError, StructureError};
use crate::limits::Limits;
use crate::login::{Verified, VerifiedSignature, Warning};
use crate::saml::assertion::Assertion;
use crate::saml::check::{self, Circumstances, Expect, Facts};
use crate::saml::response::{Envelope, Response};
use crate::time::{format_rfc3339, to_the_millisecond};
use crate::xml::{Document, Signed, Unsigned};

/// Verifies logins for one service provider, from one or several identity providers.
///
/// Make one when the service starts, and share it. It never changes: to trust another certificate, make a new one and put it in
/// the place of the old one. Logins that are being verified end with the one with which they began.
///
/// ```
/// use std::sync::{Arc, PoisonError, RwLock};
/// use saml_verify::{IdentityProvider, ServiceProvider, TrustedKeys, Verifier};
///
/// struct Saml(RwLock<Arc<Verifier>>);
///
/// impl Saml {
///     /// For one login; the lock is free again when this returns.
///     fn verifier(&self) -> Arc<Verifier> {
///         Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
///     }
///
///     /// Rotation: a wrong certificate is an error here, and the old verifier stays.
///     fn trust(&self, pem: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
///         let verifier = Arc::new(verifier(pem)?);
///         *self.0.write().unwrap_or_else(PoisonError::into_inner) = verifier;
///         Ok(())
///     }
/// }
///
/// fn verifier(pem: &[u8]) -> Result<Verifier, Box<dyn std::error::Error>> {
///     let idp = IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(pem)?)?;
///     Ok(Verifier::new(ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?, idp))
/// }
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/");
/// # let [old_pem, new_pem] = ["idp-rsa2048.pem", "idp-rsa3072.pem"].map(|file| std::fs::read(format!("{folder}{file}")).unwrap());
///
/// let saml = Saml(RwLock::new(Arc::new(verifier(&old_pem)?)));
/// let in_use = saml.verifier();
/// // Later, in a handler of SIGHUP, or after a look at the identity provider's metadata.
/// saml.trust(&new_pem)?;
/// assert!(saml.trust(b"not a certificate").is_err());
///
/// let keys = |verifier: &Verifier| verifier.identity_providers()[0].trusted_keys().clone();
/// assert_eq!(keys(&in_use), TrustedKeys::from_pem(&old_pem)?);
/// assert_eq!(keys(&saml.verifier()), TrustedKeys::from_pem(&new_pem)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    service_provider: ServiceProvider,
    /// At least one.
    identity_providers: Vec<IdentityProvider>,
    clock_skew: Duration,
    expired_certificate: ExpiredCertificate,
    /// How long before the end of a certificate logins have a warning.
    expiry_notice: Duration,
    limits: Limits,
    required: SignedPart,
    authn_contexts: Vec<String>,
    max_authentication_age: Option<Duration>,
}

/// What becomes of a login, or a message of logout, whose trusted certificate is outside its validity. A public key that was configured without a
/// certificate has none.
///
/// The key is trusted because it was configured, not because of its certificate (SAML Metadata Interoperability Profile), so
/// nothing but this policy speaks against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiredCertificate {
    /// It is accepted.
    Ignore,
    /// It is accepted with [`Warning::CertificateNotValid`].
    #[default]
    Warn,
    /// It is refused.
    Refuse,
}

impl ExpiredCertificate {
    pub(crate) fn judge(self, key: &TrustedKey, now: SystemTime) -> Result<Option<Warning>, SignatureError> {
        let Some(certificate) = key.certificate() else { return Ok(None) };
        if self == Self::Ignore || key.is_valid_at(now) {
            return Ok(None);
        }
        let (from, until) = (certificate.not_before(), certificate.not_after());
        let validity = format!("from {} until {}", format_rfc3339(from), format_rfc3339(until));
        if self == Self::Refuse {
            return Err(SignatureError::CertificateNotValid { validity, now: to_the_millisecond(now) });
        }
        Ok(Some(Warning::CertificateNotValid { sha256: certificate.sha256_fingerprint().to_string(), validity }))
    }
}

/// What the identity provider must sign. Whatever else is signed must verify, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedPart {
    /// The Response or the Assertion, as SAML Profiles 4.1.4.5 demands. Auth0 signs the Assertion, or with `signResponse` the
    /// Response instead of it.
    #[default]
    Either,
    /// The Response, so that its status and destination are protected as well.
    Response,
    /// The Assertion itself.
    Assertion,
    /// Both.
    Both,
}

impl SignedPart {
    /// At least one of the two is signed.
    fn check(self, response: bool, assertion: bool) -> Result<(), SignatureError> {
        let missing = match self {
            Self::Response | Self::Both if !response => "Response",
            Self::Assertion | Self::Both if !assertion => "Assertion",
            _ => return Ok(()),
        };
        Err(SignatureError::RequiredSignatureMissing { element: missing })
    }
}

impl Verifier {
    /// The largest clock skew that can be allowed: more would make expiry meaningless. SAML2Int SDP-G01.
    pub const MAX_CLOCK_SKEW: Duration = check::MAX_CLOCK_SKEW;
    /// The clock skew of a new verifier. Auth0 backdates nothing, so that some is needed.
    pub const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(180);

    /// A verifier for logins from that identity provider at that service provider.
    pub fn new(service_provider: ServiceProvider, identity_provider: IdentityProvider) -> Self {
        Self {
            service_provider,
            identity_providers: vec![identity_provider],
            clock_skew: Self::DEFAULT_CLOCK_SKEW,
            expired_certificate: ExpiredCertificate::default(),
            expiry_notice: Duration::ZERO,
            limits: Limits::DEFAULT,
            required: SignedPart::default(),
            authn_contexts: Vec::new(),
            max_authentication_age: None,
        }
    }

    /// Accepts logins from one more identity provider. Each is believed only under its own entity ID and keys.
    ///
    /// # Errors
    ///
    /// [`ConfigError::DuplicateIdentityProvider`].
    pub fn with_identity_provider(mut self, identity_provider: IdentityProvider) -> Result<Self, ConfigError> {
        if self.identity_providers.iter().any(|one| one.entity_id() == identity_provider.entity_id()) {
            return Err(ConfigError::DuplicateIdentityProvider { entity_id: identity_provider.entity_id().to_owned() });
        }
        self.identity_providers.push(identity_provider);
        Ok(self)
    }

    /// Allows this difference between the clocks, in both directions and on every instant.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ClockSkewTooLarge`] above [`Verifier::MAX_CLOCK_SKEW`].
    pub fn clock_skew(mut self, clock_skew: Duration) -> Result<Self, ConfigError> {
        if clock_skew > Self::MAX_CLOCK_SKEW {
            return Err(ConfigError::ClockSkewTooLarge { requested: clock_skew, maximum: Self::MAX_CLOCK_SKEW });
        }
        self.clock_skew = clock_skew;
        Ok(self)
    }

    /// What becomes of logins whose trusted certificate has expired or is not yet valid.
    pub fn expired_certificate(mut self, policy: ExpiredCertificate) -> Self {
        self.expired_certificate = policy;
        self
    }

    /// Gives logins [`Warning::CertificateEndsSoon`] from that time before the end of the trusted certificate on, so that there is time to
    /// get the next one. Without it there is no such warning.
    ///
    /// ```
    /// # use saml_verify::Verifier;
    /// # fn example(verifier: Verifier) -> Verifier {
    /// const DAY: u64 = 86_400;
    /// verifier.warn_before_expiry(std::time::Duration::from_secs(30 * DAY))
    /// # }
    /// ```
    pub fn warn_before_expiry(mut self, notice: Duration) -> Self {
        self.expiry_notice = notice;
        self
    }

    /// Bounds on the messages.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What must be signed.
    pub fn require_signed(mut self, part: SignedPart) -> Self {
        self.required = part;
        self
    }

    /// Accepts only logins with one of these authentication context classes. SAML Core 2.7.2.2.
    ///
    /// Compared as exact strings. A new verifier accepts any.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoAuthnContext`] for an empty list, which would require nothing.
    pub fn require_authn_context<S: Into<String>>(mut self, classes: impl IntoIterator<Item = S>) -> Result<Self, ConfigError> {
        self.authn_contexts = classes.into_iter().map(Into::into).collect();
        if self.authn_contexts.is_empty() {
            return Err(ConfigError::NoAuthnContext);
        }
        Ok(self)
    }

    /// Accepts only users who authenticated at most this long ago, clock skew added.
    ///
    /// Auth0 writes the time of issuing as that of authentication, so that this says nothing there.
    pub fn max_authentication_age(mut self, age: Duration) -> Self {
        self.max_authentication_age = Some(age);
        self
    }

    /// The service provider for which it verifies.
    pub fn service_provider(&self) -> &ServiceProvider {
        &self.service_provider
    }

    /// The identity providers that it believes, in the order in which they were given: at least one.
    pub fn identity_providers(&self) -> &[IdentityProvider] {
        &self.identity_providers
    }

    /// The difference between the clocks that it allows.
    pub fn allowed_clock_skew(&self) -> Duration {
        self.clock_skew
    }

    /// What becomes of logins whose trusted certificate is outside its validity.
    pub fn expired_certificate_policy(&self) -> ExpiredCertificate {
        self.expired_certificate
    }

    /// The bounds on messages: for [`peek_issuer`], which must not be laxer.
    pub fn message_limits(&self) -> &Limits {
        &self.limits
    }

    /// What must be signed.
    pub fn required_signature(&self) -> SignedPart {
        self.required
    }

    /// The authentication context classes of which one is required; empty where any is accepted.
    pub fn required_authn_contexts(&self) -> &[String] {
        &self.authn_contexts
    }

    /// How long ago users may have authenticated, if that is bounded.
    pub fn allowed_authentication_age(&self) -> Option<Duration> {
        self.max_authentication_age
    }

    /// Verifies the form field `SAMLResponse` of a POST to the assertion consumer service. SAML Bindings 3.5.
    ///
    /// # Errors
    ///
    /// The [`Error`] of the first step that refuses: decode, xml, signature, status, structure, constraint.
    pub fn verify_post(&self, saml_response: &str, expect: Expect<'_>, now: SystemTime) -> Result<Verified, Error> {
        self.verify_xml(&decode_post(saml_response, &self.limits)?, expect, now)
    }

    /// Verifies a Response that was decoded already.
    ///
    /// # Errors
    ///
    /// The [`Error`] of the first step that refuses: xml, signature, status, structure, constraint.
    pub fn verify_xml(&self, xml: &[u8], expect: Expect<'_>, now: SystemTime) -> Result<Verified, Error> {
        let document = Document::parse_message(xml, &self.limits).map_err(|error| in_place_of_message(xml, error))?;
        let unverified = Response::read(document.root()).map_err(|error| in_place_of_message(xml, error))?;
        self.verify_response(&document, unverified, expect, now)
    }

    /// Verifies a Response whose envelope was read already, which says nothing about its truth.
    ///
    /// # Errors
    ///
    /// The [`Error`] of the first step that refuses: signature, status, structure, constraint.
    pub(crate) fn verify_response<'d>(
        &self,
        document: &'d Document<'_>,
        unverified: Response<'d, Unsigned<'d>>,
        expect: Expect<'_>,
        now: SystemTime,
    ) -> Result<Verified, Error> {
        #[cfg(feature = "decrypt")]
        if self.service_provider.can_decrypt() && unverified.holds_encrypted() {
            return self.verify_decrypting_at_once(document, unverified, expect, now);
        }
        let (idp, response) = self.begin(document, &unverified)?;
        let assertion = idp.verify(document, unverified.assertion()?, "Assertion")?;
        let proven = Proven::new(response, assertion, self.required)?;
        let warnings = self.judge_certificates(idp, &proven, now)?;
        let (envelope, assertion) = proven.elements(unverified.envelope)?;
        let genuine = Genuine { idp, proven: &proven, envelope, assertion: Assertion::read(assertion)?, encrypted: false };
        self.judge(genuine, warnings, expect, now)
    }

    /// Before the Assertion: from whom the message claims to be, whether the Response is signed, and what it says of the request.
    #[inline(always)]
    fn begin<'d>(
        &self,
        document: &'d Document<'_>,
        unverified: &Response<'d, Unsigned<'d>>,
    ) -> Result<(&IdentityProvider, Option<Proof<'d>>), Error> {
        let idp = self.identity_provider(unverified)?;
        idp.judge_id("Response", unverified.envelope.id)?;
        let response = idp.verify(document, unverified.element, "Response")?;
        unverified.succeeded(response.is_some())?;
        Ok((idp, response))
    }

    /// What is left to do once the signatures hold: everything that the message must say.
    #[inline(always)]
    fn judge(
        &self,
        genuine: Genuine<'_, '_>,
        mut warnings: Vec<Warning>,
        expect: Expect<'_>,
        now: SystemTime,
    ) -> Result<Verified, Error> {
        let Genuine { idp, proven, envelope, mut assertion, encrypted } = genuine;
        idp.judge_id("Assertion", assertion.content.id)?;
        let identity = idp.identify(&mut assertion.content)?;
        let response_id = proven.response().map(|_| envelope.id);
        let response_signed = proven.response().is_some();
        let circumstances = Circumstances { encrypted, ..self.circumstances(idp, &envelope, response_signed, expect, now) };
        let facts = Facts { circumstances, assertion: &assertion.content };
        let confirmed = check::run(&facts)?;
        warnings.extend(check::skewed(&facts, &confirmed).iter().map(|one| Warning::skewed(one, now, self.clock_skew)));
        Ok(Verified::new(assertion, identity, response_id, &confirmed, proven.describe(idp, now), warnings, now))
    }

    /// The entity IDs of the identity providers.
    #[cfg(feature = "registry")]
    pub(crate) fn entity_ids(&self) -> impl Iterator<Item = &str> {
        self.identity_providers.iter().map(IdentityProvider::entity_id)
    }

    /// With several identity providers, what the message claims decides whose keys are tried, and those decide whether it is true.
    fn identity_provider(&self, unverified: &Response<'_, Unsigned<'_>>) -> Result<&IdentityProvider, ConstraintError> {
        if let [only] = self.identity_providers.as_slice() {
            return Ok(only);
        }
        let issuer = unverified.claimed_issuer();
        let name = issuer.as_ref().map_or("", |issuer| &issuer.name);
        self.identity_providers.iter().find(|one| one.entity_id() == name).ok_or_else(|| ConstraintError::IssuerMismatch {
            element: "Assertion",
            expected: self.identity_providers.iter().map(|one| one.entity_id().to_owned()).collect(),
            received: Shown::new(name),
        })
    }

    /// The policy on trusted certificates outside their validity.
    fn judge_certificates(
        &self,
        idp: &IdentityProvider,
        proven: &Proven<'_>,
        now: SystemTime,
    ) -> Result<Vec<Warning>, SignatureError> {
        let mut warnings = Vec::new();
        for key in proven.proofs().filter_map(|proof| idp.key(proof, now)) {
            warnings.extend(self.expired_certificate.judge(key, now)?);
            if !idp.retiring_keys().is_empty() || !self.expiry_notice.is_zero() {
                warnings.extend(self.foresee(idp, key, now));
            }
        }
        // Both parts may be signed with one key, each with the same warnings.
        let mut told = Vec::new();
        for warning in warnings {
            if !told.contains(&warning) {
                told.push(warning);
            }
        }
        Ok(told)
    }

    /// What an administrator should do before it is too late.
    #[cold]
    fn foresee(&self, idp: &IdentityProvider, key: &TrustedKey, now: SystemTime) -> impl Iterator<Item = Warning> {
        const DAY: u64 = 86_400;
        let retiring = Warning::of_retiring(idp.retiring_keys(), key);
        let ending = key.certificate().and_then(|certificate| {
            let left = certificate.not_after().duration_since(now).ok().filter(|left| *left < self.expiry_notice)?;
            Some(Warning::CertificateEndsSoon {
                sha256: certificate.sha256_fingerprint().to_owned(),
                not_after: to_the_millisecond(certificate.not_after()),
                days: left.as_secs() / DAY,
            })
        });
        retiring.into_iter().chain(ending)
    }

    fn circumstances<'a, 'd>(
        &'a self,
        idp: &'a IdentityProvider,
        response: &'a Envelope<'d>,
        response_signed: bool,
        expect: Expect<'a>,
        now: SystemTime,
    ) -> Circumstances<'a, 'd> {
        Circumstances {
            response,
            response_signed,
            encrypted: false,
            issuer: idp.entity_id(),
            departures: idp.departure_set(),
            audiences: self.service_provider.audiences(),
            acs_urls: self.service_provider.acs_urls(),
            expect,
            now,
            clock_skew: self.clock_skew,
            authn_contexts: &self.authn_contexts,
            max_authentication_age: self.max_authentication_age,
        }
    }
}

/// What was read through the signatures, and whose they are.
struct Genuine<'a, 'd> {
    idp: &'a IdentityProvider,
    proven: &'a Proven<'d>,
    envelope: Envelope<'d>,
    assertion: Assertion<'d, Signed<'d>>,
    /// Whether the assertion came encrypted.
    encrypted: bool,
}

/// What trusted keys signed of a message: at least one of the two.
#[derive(Clone, Copy, Debug)]
enum Proven<'d> {
    Response(Proof<'d>),
    Assertion(Proof<'d>),
    Both { response: Proof<'d>, assertion: Proof<'d> },
}

impl<'d> Proven<'d> {
    /// SAML Profiles 4.1.4.5: one signature is required; `required` may ask for more.
    fn new(response: Option<Proof<'d>>, assertion: Option<Proof<'d>>, required: SignedPart) -> Result<Self, SignatureError> {
        let proven = match (response, assertion) {
            (None, None) => return Err(SignatureError::Unsigned),
            (Some(response), None) => Self::Response(response),
            (None, Some(assertion)) => Self::Assertion(assertion),
            (Some(response), Some(assertion)) => Self::Both { response, assertion },
        };
        required.check(proven.response().is_some(), proven.assertion().is_some())?;
        Ok(proven)
    }

    fn response(&self) -> Option<&Proof<'d>> {
        match self {
            Self::Response(response) | Self::Both { response, .. } => Some(response),
            Self::Assertion(_) => None,
        }
    }

    fn assertion(&self) -> Option<&Proof<'d>> {
        match self {
            Self::Assertion(assertion) | Self::Both { assertion, .. } => Some(assertion),
            Self::Response(_) => None,
        }
    }

    fn proofs(&self) -> impl Iterator<Item = &Proof<'d>> {
        self.response().into_iter().chain(self.assertion())
    }

    /// Reads the envelope again, and finds the Assertion, through the signatures: the Assertion through its own or else, walking down,
    /// through the Response's.
    ///
    /// Of a Response without signature there is only what was read before.
    fn elements(&self, unverified: Envelope<'d>) -> Result<(Envelope<'d>, Signed<'d>), StructureError> {
        Ok(match self {
            Self::Assertion(assertion) => (unverified, assertion.element),
            Self::Response(response) => {
                let response = Response::read(response.element)?;
                let assertion = response.assertion()?;
                (response.envelope, assertion)
            }
            Self::Both { response, assertion } => (Response::read(response.element)?.envelope, assertion.element),
        })
    }

    fn describe(&self, idp: &IdentityProvider, now: SystemTime) -> Vec<VerifiedSignature> {
        let named = [("Response", self.response()), ("Assertion", self.assertion())];
        named.into_iter().filter_map(|(element, proof)| idp.describe(element, proof?, now)).collect()
    }
}

/// Who claims to have issued a message that nobody verified.
///
/// Good for choosing which [`Verifier`] to ask, and for nothing else: anybody can write any name here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedIssuer(String);

impl UnverifiedIssuer {
    /// The name that the message claims.
    pub fn claimed_entity_id(&self) -> &str {
        &self.0
    }
}

/// Reads who claims to have issued the form field `SAMLResponse`, without verifying anything: for routing among tenants.
///
/// # Errors
///
/// An [`Error`] of the decode, xml or structure stage.
pub fn peek_issuer(saml_response: &str, limits: &Limits) -> Result<UnverifiedIssuer, Error> {
    let xml = decode_post(saml_response, limits)?;
    let document = Document::parse_message(&xml, limits).map_err(|error| in_place_of_message(&xml, error))?;
    let response = Response::read(document.root()).map_err(|error| in_place_of_message(&xml, error))?;
    let issuer = response.claimed_issuer();
    let missing = StructureError::MissingElement { parent: "Response", element: "Issuer" };
    Ok(UnverifiedIssuer(issuer.ok_or(missing)?.name.into_owned()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;
    use crate::TrustedKeys;
    use crate::error::StatusError;
    use crate::report::{Report, ReportOutcome, ReportRow};
    use crate::time::parse_rfc3339;

    /// A tenant's certificate, valid from 2026-11-23T22:07:59Z until 2040-08-01T22:07:59Z.
    const CERTIFICATE_PEM: &str = "-----BEGIN CERTIFICATE-----
MIIDBTCCAe2gAwIBAgIJBZ6uM/xYQuFIMA0GCSqGSIb3DQEBCwUAMCAxHjAcBgNV
BAMMFWFjbWUtZGV2LnVzLmF1dGgwLmNvbTAeFw0yNjExMjMyMjA3NTlaFw00MDA4
MDEyMjA3NTlaMCAxHjAcBgNVBAMMFWFjbWUtZGV2LnVzLmF1dGgwLmNvbTCCASIw
DQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAMHcCNSTbxqKJm84Gq429hj5oZiZ
4iix7vhCzPcbDxwxabEA44drjR5gy8IU7Eo0jC8SM6fKbVHAK3No7c9ZovNbAuEo
4w4TwWHNF0icWrYl5HwXgTdFF3rgBQJT2g7F6HRC/XOI0aoNK79wAOR310swEgRg
asbopWHiK2aBYumhMlwRyox6YGP4XUQp8uWYfO4VxNa93ucZIo8X8vW8K8hUbuLH
tS79Gs0rF6lby02TQFf5ZIt3HiIXMLO2CeVi4P2uuZYehNRw2Bv2qZwR6EyxTQAM
FyyIcNBmDRO2fFxLcTNNcSV8pg6oo0s7600RaCQa+D878HSUeO/XO50dtsECAwEA
AaNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUGueQTbwiXEvR8bnoDdfh
h1Mvu8IwDgYDVR0PAQH/BAQDAgKEMA0GCSqGSIb3DQEBCwUAA4IBAQARNrOuL9O+
ktS4iAWqqUyQQegrSXAsQVA9fBPMgEU7I3BngIsnptYwoqkVdwwmmADBojifZF9w
u4PmLmNbEfjF07NYVHnly9M22jEtihD5nxgtuIrM8Lrp30Bc01NZyaF+EF1CwvCL
UOtlNKVaQwaAppsQPelKOXsnBGiFEl7XcbSPbLoz7i8JI7FVOvF358yaSWSrrfXi
EJgUMuccENLvt9pU0dsp+WhbKnHjvJ5QYt0sqonnoht6tYi+zZt5yLfYxETPPk6H
HC3QSRBSYtvrf7ErUczQgurtv5Icjw41AoL17Mj8cWYosOO/Gpt4qoTKTKdpmGRp
9UEj45mCdEpB
-----END CERTIFICATE-----";

    /// A login that nobody signed.
    const UNSIGNED: &str = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2025-03-03T10:00:00Z" Destination="https://sp.example/acs" InResponseTo="_q"><Issuer>urn:idp</Issuer><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status><Assertion Version="2.0" ID="_a" IssueInstant="2025-03-03T10:00:00Z"><Issuer>urn:idp</Issuer><Subject><NameID>auth0|1</NameID><SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="2025-03-03T11:00:00Z" Recipient="https://sp.example/acs" InResponseTo="_q"/></SubjectConfirmation></Subject><Conditions NotBefore="2025-03-03T10:00:00Z" NotOnOrAfter="2025-03-03T11:00:00Z"><AudienceRestriction><Audience>urn:sp</Audience></AudienceRestriction></Conditions><AuthnStatement AuthnInstant="2025-03-03T10:00:00Z"><AuthnContext/></AuthnStatement></Assertion></p:Response>"#;

    const EXPECT: Expect<'static> = Expect::AnswerTo("_q");

    fn idp(entity_id: &str) -> IdentityProvider {
        IdentityProvider::new(entity_id, TrustedKeys::from_pem(CERTIFICATE_PEM.as_bytes()).unwrap()).unwrap()
    }

    fn verifier() -> Verifier {
        Verifier::new(ServiceProvider::new("urn:sp", "https://sp.example/acs").unwrap(), idp("urn:idp"))
    }

    fn at(time: &str) -> SystemTime {
        parse_rfc3339(time).unwrap()
    }

    fn now() -> SystemTime {
        at("2025-03-03T10:30:00Z")
    }

    fn changed(from: &str, to: &str) -> String {
        assert!(UNSIGNED.contains(from), "{from}");
        UNSIGNED.replacen(from, to, 1)
    }

    fn refusal(verifier: &Verifier, xml: &str) -> Error {
        verifier.verify_xml(xml.as_bytes(), EXPECT, now()).err().unwrap()
    }

    #[test]
    fn what_nobody_signed_is_refused() {
        assert_eq!(refusal(&verifier(), UNSIGNED), SignatureError::Unsigned.into());
    }

    #[test]
    fn a_failure_is_reported_as_unsigned_if_it_is() {
        let xml = changed("status:Success", "status:Responder");
        let code = Shown::new("urn:oasis:names:tc:SAML:2.0:status:Responder");
        assert_eq!(refusal(&verifier(), &xml), StatusError { code, nested: Vec::new(), message: None, signed: false }.into());
    }

    #[test]
    fn a_misplaced_signature_is_refused_unless_allowed() {
        let signature = r#"<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>"#;
        let misplaced = |element, departure| Error::from(SignatureError::Misplaced { element, departure });
        let last = Some(crate::Departure::SignaturePosition);
        // In its place it would be looked at.
        let looked_at = Error::from(SignatureError::Malformed { reason: "no SignedInfo as the first child" });
        for (from, to, element, departure, allowed) in [
            ("</p:Response>", format!("{signature}</p:Response>"), "Response", last, &looked_at),
            ("<p:Status>", format!("<p:Extensions/>{signature}<p:Status>"), "Response", None, &misplaced("Response", None)),
            ("</Assertion>", format!("{signature}</Assertion>"), "Assertion", last, &looked_at),
        ] {
            let xml = changed(from, &to);
            assert_eq!(refusal(&verifier(), &xml), misplaced(element, departure));
            let lenient = idp("urn:idp").allow(crate::Departure::SignaturePosition);
            let lenient = Verifier { identity_providers: vec![lenient], ..verifier() };
            assert_eq!(refusal(&lenient, &xml), *allowed);
        }
    }

    #[test]
    fn the_claimed_issuer_chooses_among_identity_providers() {
        let both = verifier().with_identity_provider(idp("urn:idp:2")).unwrap();
        assert_eq!(refusal(&both, UNSIGNED), SignatureError::Unsigned.into());
        let second = UNSIGNED.replace("urn:idp", "urn:idp:2");
        assert_eq!(refusal(&both, &second), SignatureError::Unsigned.into());
        let expected = vec!["urn:idp".to_owned(), "urn:idp:2".to_owned()];
        let unknown = |received| ConstraintError::IssuerMismatch { element: "Assertion", expected: expected.clone(), received };
        assert_eq!(refusal(&both, &UNSIGNED.replace("urn:idp", "urn:idp:3")), unknown(Shown::new("urn:idp:3")).into());
        assert_eq!(refusal(&both, &UNSIGNED.replace("<Issuer>urn:idp</Issuer>", "")), unknown(Shown::new("")).into());
        let duplicate = verifier().with_identity_provider(idp("urn:idp")).err();
        assert_eq!(duplicate, Some(ConfigError::DuplicateIdentityProvider { entity_id: "urn:idp".to_owned() }));
    }

    #[test]
    fn clock_skew_is_bounded() {
        let second = Duration::from_secs(1);
        assert!(verifier().clock_skew(Verifier::MAX_CLOCK_SKEW).is_ok());
        assert_eq!(
            verifier().clock_skew(Verifier::MAX_CLOCK_SKEW + second).err(),
            Some(ConfigError::ClockSkewTooLarge { requested: Duration::from_secs(301), maximum: Duration::from_secs(300) })
        );
    }

    #[test]
    fn what_is_required_must_be_signed() {
        use SignedPart::{Assertion, Both, Either, Response};
        for (required, response, assertion, missing) in [
            (Either, true, false, None),
            (Either, false, true, None),
            (Response, true, false, None),
            (Response, false, true, Some("Response")),
            (Assertion, false, true, None),
            (Assertion, true, false, Some("Assertion")),
            (Both, true, true, None),
            (Both, true, false, Some("Assertion")),
            (Both, false, true, Some("Response")),
        ] {
            let expected = missing.map_or(Ok(()), |element| Err(SignatureError::RequiredSignatureMissing { element }));
            assert_eq!(required.check(response, assertion), expected, "{required:?} {response} {assertion}");
        }
    }

    #[test]
    fn certificates_outside_their_validity() {
        let keys = TrustedKeys::from_pem(CERTIFICATE_PEM.as_bytes()).unwrap();
        let key = keys.iter().next().unwrap();
        let validity = "from 2026-11-23T22:07:59.000Z until 2040-08-01T22:07:59.000Z".to_owned();
        for (now, valid) in [
            ("2026-11-23T22:07:58.000Z", false),
            ("2026-11-23T22:07:59.000Z", true),
            ("2040-08-01T22:07:59.000Z", true),
            ("2040-08-01T22:08:00.000Z", false),
        ] {
            let sha256 = key.certificate().unwrap().sha256_fingerprint().to_string();
            let warning = Warning::CertificateNotValid { sha256, validity: validity.clone() };
            let error = SignatureError::CertificateNotValid { validity: validity.clone(), now: now.to_owned() };
            for (policy, outcome) in [
                (ExpiredCertificate::Ignore, Ok(None)),
                (ExpiredCertificate::Warn, Ok(Some(warning))),
                (ExpiredCertificate::Refuse, Err(error)),
            ] {
                let expected = if valid { Ok(None) } else { outcome };
                assert_eq!(policy.judge(key, at(now)), expected, "{policy:?} {now}");
            }
        }
    }

    /// The rows with that outcome, each with its element.
    fn rows(report: &Report, wanted: &ReportOutcome) -> Vec<String> {
        let name = |row: &ReportRow| row.element.map_or(row.id.to_owned(), |element| format!("{} {element}", row.id));
        report.rows().iter().filter(|row| row.outcome == *wanted).map(name).collect()
    }

    fn failed(report: &Report) -> Vec<String> {
        let errors = report.rows().iter().map(|row| &row.outcome).filter(|outcome| matches!(outcome, ReportOutcome::Fail(_)));
        errors.flat_map(|outcome| rows(report, outcome)).collect()
    }

    fn explained(xml: &str) -> Report {
        verifier().explain_xml(xml.as_bytes(), EXPECT, now())
    }

    #[test]
    fn an_explanation_continues_and_refuses_as_verification_does() {
        let report = explained(UNSIGNED);
        assert_eq!(report.refusal(), Some(&SignatureError::Unsigned.into()));
        assert_eq!(failed(&report), ["D1"]);
        assert_eq!(rows(&report, &ReportOutcome::NotReached), ["D18"]);
        let signature = ["D4", "D5", "D8", "D11", "D12", "D7", "D11", "D12", "D6", "B12", "D14", "D15", "D15"];
        let of = |element: &'static str| signature.map(|id| format!("{id} {element}")).to_vec();
        let connection = ["A7 Response", "C4 Response", "E8 Assertion", "E17 Assertion", "E18 Assertion", "E19 Assertion"];
        let encryption: &[&str] = if cfg!(feature = "decrypt") { &["F6", "F2", "F3", "F4"] } else { &[] };
        let encryption = encryption.iter().map(|&id| id.to_owned()).collect();
        let connection = connection.map(str::to_owned).to_vec();
        let expected = [vec!["D16".to_owned()], of("Response"), encryption, of("Assertion"), connection].concat();
        assert_eq!(rows(&report, &ReportOutcome::NotApplicable), expected);
    }

    #[test]
    fn checks_that_pass_show_what_they_compared() {
        let report = explained(UNSIGNED);
        let skew = "2025-03-03T10:30:00.000Z (clock skew of 180 s allowed)";
        let (at_most, later_than) = (format!("at most {skew}"), format!("later than {skew}"));
        let (start, end) = ("2025-03-03T10:00:00.000Z", "2025-03-03T11:00:00.000Z");
        let bearer = ConstraintError::BEARER;
        for (id, element, expected, received) in [
            ("C5", "Response", vec!["urn:idp"], vec!["urn:idp"]),
            ("E2", "Assertion", vec!["urn:idp"], vec!["urn:idp"]),
            ("A7", "Response", vec![], vec![]),
            ("C2", "Response", vec!["https://sp.example/acs"], vec!["https://sp.example/acs"]),
            ("E3", "Assertion", vec![bearer], vec![bearer]),
            ("E4", "Assertion", vec!["https://sp.example/acs"], vec!["https://sp.example/acs"]),
            ("C3", "Response", vec!["_q"], vec!["_q"]),
            ("E6", "Assertion", vec!["_q"], vec!["_q"]),
            ("E5", "Assertion", vec![&*later_than], vec![end]),
            ("E9", "Assertion", vec![&*at_most, &*later_than], vec![start, end]),
            ("C9", "Response", vec![&*at_most], vec![start]),
            ("C9", "Assertion", vec![&*at_most], vec![start]),
            ("E11", "Assertion", vec!["urn:sp"], vec!["urn:sp"]),
            ("E16", "Assertion", vec![], vec![start]),
        ] {
            let row = report.rows().iter().find(|row| (row.id, row.element) == (id, Some(element))).unwrap();
            let sides = |values: &[String]| values.join("|");
            assert_eq!((sides(&row.expected), sides(&row.received)), (expected.join("|"), received.join("|")), "{id} {element}");
        }
    }

    /// The Response is judged by itself where its assertion cannot be.
    #[test]
    fn without_an_assertion_the_response_is_still_judged() {
        let start = UNSIGNED.find("<Assertion").unwrap();
        let end = UNSIGNED.find("</p:Response>").unwrap();
        let without = |instead: &str| format!("{}{instead}{}", &UNSIGNED[..start], &UNSIGNED[end..]);
        let failure = |xml: String| xml.replace("status:Success", "status:Responder");
        for (xml, refused) in [
            (without("<EncryptedAssertion/>"), &["C7", "C2 Response"][..]),
            (without(""), &["C7", "C2 Response"]),
            (failure(without("")), &["C6", "C2 Response"]),
            (failure(without("<EncryptedAssertion/>")), &["C6", "C2 Response"]),
            (changed("<Subject>", "<Advice/><Subject>"), &["D1", "B11 Assertion", "C2 Response"]),
        ] {
            let xml = xml.replace("Destination=\"https://sp.example/acs\"", "Destination=\"https://sp.example/\"");
            let report = explained(&xml);
            let outcome = |id: &str| &report.rows().iter().find(|row| row.id == id).unwrap().outcome;
            assert_eq!(failed(&report), refused, "{xml}");
            assert_eq!(*outcome("C7") == ReportOutcome::NotApplicable, refused.contains(&"C6"), "{xml}");
            for (id, wanted) in [
                ("C5", ReportOutcome::Pass),
                ("C3", ReportOutcome::Pass),
                ("C4", ReportOutcome::NotApplicable),
                ("A7", ReportOutcome::NotApplicable),
                ("C9", ReportOutcome::Pass),
                ("E11", ReportOutcome::NotReached),
            ] {
                assert_eq!(outcome(id), &wanted, "{id} {xml}");
            }
            assert_eq!(report.refusal(), Some(&refusal(&verifier(), &xml)), "{xml}");
        }
    }

    #[test]
    fn a_choice_among_identity_providers_is_told_only_where_there_is_one() {
        let both = verifier().with_identity_provider(idp("urn:idp:2")).unwrap();
        let outcome = |verifier: &Verifier, xml: &str, id: &str| {
            let report = verifier.explain_xml(xml.as_bytes(), EXPECT, now());
            report.rows().iter().find(|row| row.id == id).unwrap().outcome.clone()
        };
        let stranger = UNSIGNED.replace("urn:idp", "urn:idp:3");
        assert_eq!(outcome(&verifier(), &stranger, "D16"), ReportOutcome::NotApplicable);
        assert_eq!(outcome(&both, UNSIGNED, "D16"), ReportOutcome::Pass);
        assert_eq!(outcome(&both, &stranger, "D16"), ReportOutcome::Fail(refusal(&both, &stranger)));
        for (id, wanted) in [("D4", ReportOutcome::NotReached), ("C5", ReportOutcome::NotReached), ("E11", ReportOutcome::Pass)] {
            assert_eq!(outcome(&both, &stranger, id), wanted, "{id}");
        }
    }

    #[test]
    fn a_form_field_that_does_not_decode_fails_in_one_row() {
        for (text, outcomes) in
            [("", ["A5", "A2"]), ("sylOzM0psApKLS7IzytOVajIzckrtgIL2iqVFuVZ5ScWZxZb5SXmphZblSRbBTv6", ["A5", "A4"])]
        {
            let report = verifier().explain_post(text, EXPECT, now());
            assert_eq!(
                (rows(&report, &ReportOutcome::Pass), failed(&report)),
                (vec![outcomes[0].to_owned()], vec![outcomes[1].to_owned()])
            );
        }
    }

    #[test]
    fn every_refusal_of_verification_is_the_first_of_the_explanation() {
        let two_issuers = verifier().with_identity_provider(idp("urn:idp:2")).unwrap();
        for (from, to) in [
            ("", ""),
            ("<p:Response", "<p:Response x"),
            ("<p:Response", "<Response"),
            ("status:Success", "status:Responder"),
            ("<Assertion Version=\"2.0\"", "<Assertion Version=\"1.1\""),
            ("<Assertion", "<EncryptedAssertion/><Assertion"),
            ("<Issuer>urn:idp</Issuer><Subject>", "<Issuer>urn:other</Issuer><Subject>"),
            ("Recipient=\"https://sp.example/acs\"", ""),
        ] {
            let xml = changed(from, to);
            for verifier in [&verifier(), &two_issuers] {
                let verdict = verifier.verify_xml(xml.as_bytes(), EXPECT, now()).err();
                let report = verifier.explain_xml(xml.as_bytes(), EXPECT, now());
                assert_eq!(report.refusal(), verdict.as_ref(), "{from} -> {to}");
                let first = report.rows().iter().find_map(|row| match &row.outcome {
                    ReportOutcome::Fail(error) => Some(error),
                    _ => None,
                });
                assert_eq!(first, verdict.as_ref(), "{from} -> {to}");
            }
        }
    }

    #[test]
    fn the_issuer_can_be_peeked_at() {
        let peek = |xml: &str| {
            let posted = base64::engine::general_purpose::STANDARD.encode(xml);
            peek_issuer(&posted, &Limits::DEFAULT).map(|issuer| issuer.claimed_entity_id().to_owned())
        };
        assert_eq!(
            peek(&changed("<Issuer>urn:idp</Issuer><Subject>", "<Issuer>urn:inner</Issuer><Subject>")).as_deref(),
            Ok("urn:inner")
        );
        assert_eq!(peek(&changed("<Issuer>urn:idp</Issuer><Subject>", "<Subject>")).as_deref(), Ok("urn:idp"));
        let missing = StructureError::MissingElement { parent: "Response", element: "Issuer" };
        assert_eq!(peek(&UNSIGNED.replace("<Issuer>urn:idp</Issuer>", "")), Err(missing.into()));
    }
}
