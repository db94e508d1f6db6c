//! What a service gets: [`Verified`], a login that passed every check but was not yet claimed, and [`Login`].
//!
//! Both are owned and can only come out of a verifier. Debug forms show nothing personal. Deliberately absent: conversion to a
//! user of the service, sessions, and any way to build a login by hand.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::crypto::{TrustedKey, TrustedKeys};
use crate::error::Error;
use crate::replay::{AsyncReplayStore, ReplayKey, ReplayStore};
use crate::saml::assertion::{Assertion, Content};
use crate::saml::attributes::Attributes;
use crate::saml::check::{Confirmed, Skewed, session_end};
use crate::saml::identity::Identity;
use crate::saml::name_id::NameId;
use crate::subject_key::SubjectKey;
use crate::time::{format_rfc3339, in_words, to_the_millisecond};
use crate::xml::Signed;

/// A login that passed every check but one: whether it was used before.
///
/// Claim it from a store that remembers what was used (SAML Profiles 4.1.4.5), or say that nothing does.
#[must_use = "a login that is not claimed can be replayed"]
#[derive(Clone, Debug)]
pub struct Verified {
    login: Login,
    expires_at: SystemTime,
    now: SystemTime,
}

impl Verified {
    /// The login that waits to be claimed. `confirmed` is what the checks hand out when all of them passed.
    pub(crate) fn new(
        assertion: Assertion<'_, Signed<'_>>,
        identity: Identity,
        response_id: Option<&str>,
        confirmed: &Confirmed<'_>,
        signatures: Vec<VerifiedSignature>,
        warnings: Vec<Warning>,
        now: SystemTime,
    ) -> Self {
        let login = Login::new(assertion.content, identity, response_id, confirmed, signatures, warnings);
        Self { login, expires_at: confirmed.expires_at, now }
    }

    /// What a replay store remembers: the issuer and the ID of the assertion.
    pub fn replay_key(&self) -> ReplayKey {
        ReplayKey::new(&self.login.issuer, &self.login.assertion_id)
    }

    /// From when on no verifier accepts the assertion, so that it need not be remembered any longer: the end of its validity and
    /// the largest clock skew that a verifier can allow, [`Verifier::MAX_CLOCK_SKEW`](crate::Verifier::MAX_CLOCK_SKEW).
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Claims the login, once and for all: at once, since a store forgets assertions that have expired.
    ///
    /// # Errors
    ///
    /// [`Error::Replay`] where the assertion was used before, or where the store cannot tell.
    pub fn claim(self, store: &(impl ReplayStore + ?Sized)) -> Result<Login, Error> {
        store.claim(&self.replay_key(), self.expires_at, self.now)?;
        Ok(self.login)
    }

    /// Claims the login from a store that answers later.
    ///
    /// # Errors
    ///
    /// [`Error::Replay`] where the assertion was used before, or where the store cannot tell.
    pub async fn claim_async(self, store: &(impl AsyncReplayStore + ?Sized)) -> Result<Login, Error> {
        store.claim(&self.replay_key(), self.expires_at, self.now).await?;
        Ok(self.login)
    }

    /// Takes the login although nobody remembers that it was used: whoever has the message can use it again until it expires.
    pub fn without_replay_protection(self) -> Login {
        self.login
    }
}

/// Who logged in, and what the identity provider says of them.
///
/// It cannot be built or changed by hand: whoever holds one holds what a trusted key signed.
///
/// ```
/// fn greeting(login: saml_verify::Login) -> String {
///     format!("{} of {}", login.name_id().value, login.issuer())
/// }
/// ```
///
/// ```compile_fail
/// fn forged(login: saml_verify::Login) -> saml_verify::Login {
///     saml_verify::Login { assertion_id: "_forged".to_owned(), ..login }
/// }
/// ```
#[derive(Clone)]
pub struct Login {
    issuer: String,
    identity: Identity,
    attributes: Attributes,
    session_index: Option<String>,
    session_not_on_or_after: Option<SystemTime>,
    authn_context: Option<String>,
    authn_instant: SystemTime,
    in_response_to: Option<String>,
    assertion_id: String,
    response_id: Option<String>,
    issue_instant: SystemTime,
    not_before: Option<SystemTime>,
    not_on_or_after: Option<SystemTime>,
    one_time_use: bool,
    confirmed_address: Option<String>,
    signatures: Vec<VerifiedSignature>,
    warnings: Vec<Warning>,
}

impl Login {
    fn new(
        assertion: Content<'_>,
        identity: Identity,
        response_id: Option<&str>,
        confirmed: &Confirmed<'_>,
        signatures: Vec<VerifiedSignature>,
        mut warnings: Vec<Warning>,
    ) -> Self {
        if assertion.encrypted_attributes > 0 {
            warnings.push(Warning::EncryptedAttributes { count: assertion.encrypted_attributes });
        }
        let session_not_on_or_after = session_end(&assertion.authentications);
        let authentication = assertion.authentications.into_iter().next();
        Self {
            issuer: assertion.issuer.name.into_owned(),
            identity,
            attributes: assertion.attributes,
            session_index: authentication.as_ref().and_then(|first| first.session_index).map(str::to_owned),
            session_not_on_or_after,
            authn_instant: authentication.as_ref().map_or(assertion.issue_instant, |first| first.instant),
            authn_context: authentication.and_then(|first| first.context).map(Cow::into_owned),
            in_response_to: confirmed.in_response_to.map(str::to_owned),
            assertion_id: assertion.id.to_owned(),
            response_id: response_id.map(str::to_owned),
            issue_instant: assertion.issue_instant,
            not_before: assertion.conditions.not_before,
            not_on_or_after: assertion.conditions.not_on_or_after,
            one_time_use: assertion.conditions.one_time_use,
            confirmed_address: confirmed.address.map(str::to_owned),
            signatures,
            warnings,
        }
    }

    /// The entity ID of the identity provider. With several, it belongs to the user's name: names are unique per issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What identifies the user at the identity provider: the value of the NameID or of the attribute that the connection
    /// identifies users by. Never blank.
    pub fn user_id(&self) -> &str {
        &self.identity.name().value
    }

    /// The name of the user at the identity provider: the NameID of the message.
    ///
    /// Where [`IdentityProvider::identify_by_attribute`](crate::IdentityProvider::identify_by_attribute) names an attribute, it is the
    /// value of that attribute, with the attribute's name as Format, and never the NameID of the message: a login has one identity.
    pub fn name_id(&self) -> &NameId {
        self.identity.name()
    }

    /// The name of the attribute that identifies the user; none where the NameID does.
    pub fn identifying_attribute(&self) -> Option<&str> {
        self.identity.attribute()
    }

    /// The NameID of the message, with which a logout names the user to the identity provider (SAML Core 3.7.1).
    ///
    /// Where an attribute identifies the user there may be none, and it may be another at each login: it decides nothing.
    pub fn subject_name_id(&self) -> Option<&NameId> {
        self.identity.name_id()
    }

    /// The user as one text, for a database column: over the issuer and everything that makes the identity.
    ///
    /// ```
    /// # fn find_user(_: &str) {}
    /// fn user_of(login: &saml_verify::Login) {
    ///     find_user(login.subject_key().as_str()) // SELECT … WHERE saml_subject_key = $1
    /// }
    /// ```
    pub fn subject_key(&self) -> SubjectKey {
        match self.identity.attribute() {
            None => SubjectKey::of_name_id(&self.issuer, self.name_id()),
            Some(attribute) => SubjectKey::of_attribute(&self.issuer, attribute, self.user_id()),
        }
    }

    /// What the identity provider says of the user.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The first text value under that name, see [`Attributes::first`].
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.first(name)
    }

    /// The session at the identity provider, which a logout must name. SAML Core 2.7.2.
    pub fn session_index(&self) -> Option<&str> {
        self.session_index.as_deref()
    }

    /// When the local session must end. SAML Profiles 4.1.4.3.
    pub fn session_not_on_or_after(&self) -> Option<SystemTime> {
        self.session_not_on_or_after
    }

    /// How the user authenticated. SAML Core 2.7.2.2. Auth0 says `unspecified` unless configured otherwise.
    pub fn authn_context(&self) -> Option<&str> {
        self.authn_context.as_deref()
    }

    /// When the user authenticated. Auth0 writes the time of issuing.
    pub fn authn_instant(&self) -> SystemTime {
        self.authn_instant
    }

    /// The request that this login answers; none if it is unsolicited.
    pub fn in_response_to(&self) -> Option<&str> {
        self.in_response_to.as_deref()
    }

    /// The ID of the assertion.
    pub fn assertion_id(&self) -> &str {
        &self.assertion_id
    }

    /// The ID of the Response, where it is signed. Else nobody vouches for it.
    pub fn response_id(&self) -> Option<&str> {
        self.response_id.as_deref()
    }

    /// When the assertion was issued.
    pub fn issue_instant(&self) -> SystemTime {
        self.issue_instant
    }

    /// From when the assertion is valid, clock skew not included. SAML Core 2.5.1.2.
    pub fn not_before(&self) -> Option<SystemTime> {
        self.not_before
    }

    /// Until when the assertion is valid, clock skew not included. SAML Core 2.5.1.2.
    pub fn not_on_or_after(&self) -> Option<SystemTime> {
        self.not_on_or_after
    }

    /// Whether the assertion must be used at once and not be kept. SAML Core 2.5.1.5.
    pub fn one_time_use(&self) -> bool {
        self.one_time_use
    }

    /// The network address from which the assertion may be presented, if the identity provider says one. It is not checked: the
    /// service alone knows the address of its client. SAML Profiles 4.1.4.3.
    pub fn confirmed_address(&self) -> Option<&str> {
        self.confirmed_address.as_deref()
    }

    /// What was signed, with which key and how: the Response, the Assertion, or both, in this order.
    pub fn signatures(&self) -> &[VerifiedSignature] {
        &self.signatures
    }

    /// What did not speak against this login and wants an administrator's attention.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("issuer", &self.issuer)
            .field("assertion_id", &self.assertion_id)
            .field("in_response_to", &self.in_response_to)
            .field("issue_instant", &format_rfc3339(self.issue_instant))
            .field("signatures", &self.signatures)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// A signature that was verified.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSignature {
    /// `Response` or `Assertion`.
    pub element: &'static str,
    /// The trusted key that made it, with its certificate if it was configured with one; of several certificates of that key, one that
    /// is valid now.
    pub key: TrustedKey,
    /// The signature method's identifier.
    pub signature_algorithm: &'static str,
    /// The digest method's identifier.
    pub digest_algorithm: &'static str,
}

/// Something that an administrator should know of an accepted login.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The trusted certificate is outside its validity. Its key is trusted all the same, because it was configured.
    CertificateNotValid {
        /// SHA-256 fingerprint of the certificate.
        sha256: String,
        /// Its validity: `from … until …`, RFC 3339.
        validity: String,
    },
    /// The trusted certificate ends within the time that [`Verifier::warn_before_expiry`](crate::Verifier::warn_before_expiry) names.
    CertificateEndsSoon {
        /// SHA-256 fingerprint of the certificate.
        sha256: String,
        /// When it ends, RFC 3339.
        not_after: String,
        /// Whole days until then.
        days: u64,
    },
    /// The identity provider still signs with a key that
    /// [`IdentityProvider::retiring`](crate::IdentityProvider::retiring) names.
    RetiringKeyUsed {
        /// SHA-256 fingerprint of its certificate; of a key without one, `public key` and that of the key.
        sha256: String,
    },
    /// An instant that only the allowed clock skew let through: without it, or a little later, the login is refused.
    ///
    /// The AuthnInstant is none of them: how long ago the user authenticated says nothing of the clocks.
    ClockSkewUsed {
        /// Which: `NotBefore of the Conditions`, …
        name: &'static str,
        /// The instant, RFC 3339.
        instant: String,
        /// The time of the verification, RFC 3339.
        now: String,
        /// How far apart the two are.
        difference: Duration,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// The assertion has encrypted attributes, and there is no key to decrypt them with: see the feature `decrypt`.
    EncryptedAttributes {
        /// How many.
        count: usize,
    },
}

impl Warning {
    pub(crate) fn skewed(skewed: &Skewed, now: SystemTime, clock_skew: Duration) -> Self {
        let Skewed { name, instant } = *skewed;
        let difference = instant.duration_since(now).unwrap_or_else(|behind| behind.duration());
        Self::ClockSkewUsed { name, instant: to_the_millisecond(instant), now: to_the_millisecond(now), difference, clock_skew }
    }

    /// Where it is one of those on their way out.
    pub(crate) fn of_retiring(retiring: &TrustedKeys, key: &TrustedKey) -> Option<Self> {
        retiring.iter().any(|old| old == key).then(|| Self::RetiringKeyUsed { sha256: key.shown() })
    }

    /// A stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateNotValid { .. } => "certificate_not_valid",
            Self::CertificateEndsSoon { .. } => "certificate_ends_soon",
            Self::RetiringKeyUsed { .. } => "retiring_key_used",
            Self::ClockSkewUsed { .. } => "clock_skew_used",
            Self::EncryptedAttributes { .. } => "encrypted_attributes",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateNotValid { sha256, validity } => {
                write!(f, "the trusted certificate {sha256} is only valid {validity}: configure the current one")
            }
            Self::CertificateEndsSoon { sha256, not_after, days } => write!(
                f,
                "the trusted certificate {sha256} ends in {days} days, at {not_after}: ask the identity provider for the next one, and \
                 trust it beside this one"
            ),
            Self::RetiringKeyUsed { sha256 } => {
                write!(f, "the identity provider still signs with the retiring key {sha256}: keep trusting it until this ends")
            }
            Self::ClockSkewUsed { name, instant, now, difference, clock_skew } => write!(
                f,
                "the {name} is {instant}, and it is {now}: {} apart, accepted only because of the allowed clock skew of {} s; set the \
                 clocks of both sides by NTP",
                in_words(*difference),
                clock_skew.as_secs()
            ),
            Self::EncryptedAttributes { count } => write!(f, "{count} encrypted attributes could not be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::Limits;
    use crate::error::ReplayError;
    use crate::time::parse_rfc3339;
    use crate::xml::Document;

    const ASSERTION: &str = r#"<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="_a" IssueInstant="2025-03-03T10:00:00Z"><Issuer>urn:idp</Issuer><Subject><NameID>personal-name</NameID></Subject><Conditions NotBefore="2025-03-03T10:00:01Z" NotOnOrAfter="2025-03-03T11:00:00Z"><OneTimeUse/></Conditions><AuthnStatement AuthnInstant="2025-03-03T09:00:00Z" SessionIndex="_s" SessionNotOnOrAfter="2025-03-03T19:00:00Z"><AuthnContext><AuthnContextClassRef>urn:class</AuthnContextClassRef></AuthnContext></AuthnStatement><AuthnStatement AuthnInstant="2025-03-03T08:00:00Z" SessionNotOnOrAfter="2025-03-03T18:00:00Z"><AuthnContext/></AuthnStatement><AttributeStatement><Attribute Name="mail"><AttributeValue>personal-mail</AttributeValue></Attribute><EncryptedAttribute/></AttributeStatement></Assertion>"#;

    fn at(time: &str) -> SystemTime {
        parse_rfc3339(&format!("2025-03-03T{time}Z")).unwrap()
    }

    fn login() -> Login {
        let document = Document::parse(ASSERTION.as_bytes(), &Limits::DEFAULT).unwrap();
        let mut content = Assertion::read(document.root()).unwrap().content;
        let identity = Identity::take(&mut content, None).unwrap();
        let confirmed = Confirmed {
            in_response_to: Some("_q"),
            address: Some("192.0.2.1"),
            window: (None, Some(at("11:00:00"))),
            expires_at: at("11:03:00"),
        };
        Login::new(content, identity, Some("_r"), &confirmed, Vec::new(), Vec::new())
    }

    fn verified() -> Verified {
        Verified { login: login(), expires_at: at("11:03:00"), now: at("10:30:00") }
    }

    #[test]
    fn a_login_tells_what_the_assertion_says() {
        let login = login();
        assert_eq!((login.issuer(), login.name_id().value.as_str()), ("urn:idp", "personal-name"));
        assert_eq!(login.subject_key(), SubjectKey::of_name_id("urn:idp", login.name_id()));
        assert_eq!((login.assertion_id(), login.response_id(), login.in_response_to()), ("_a", Some("_r"), Some("_q")));
        assert_eq!((login.session_index(), login.authn_context()), (Some("_s"), Some("urn:class")));
        assert_eq!((login.authn_instant(), login.session_not_on_or_after()), (at("09:00:00"), Some(at("18:00:00"))));
        assert_eq!((login.issue_instant(), login.not_before()), (at("10:00:00"), Some(at("10:00:01"))));
        assert_eq!((login.not_on_or_after(), login.one_time_use()), (Some(at("11:00:00")), true));
        assert_eq!((login.confirmed_address(), login.attribute("mail")), (Some("192.0.2.1"), Some("personal-mail")));
        assert_eq!(login.warnings(), [Warning::EncryptedAttributes { count: 1 }]);
        let [warning] = login.warnings() else { panic!("one warning") };
        assert_eq!(
            (warning.code(), warning.to_string().as_str()),
            ("encrypted_attributes", "1 encrypted attributes could not be read")
        );
    }

    #[test]
    fn a_warning_of_clock_skew_says_which_instant_and_how_far() {
        for (instant, difference) in [("10:00:00.031500", "31 ms"), ("09:57:00", "3 min")] {
            let skewed = Skewed { name: "NotBefore of the Conditions", instant: at(instant) };
            let warning = Warning::skewed(&skewed, at("10:00:00"), Duration::from_secs(180));
            assert_eq!(warning.code(), "clock_skew_used");
            let instant = to_the_millisecond(at(instant));
            assert_eq!(
                warning.to_string(),
                format!(
                    "the NotBefore of the Conditions is {instant}, and it is 2025-03-03T10:00:00.000Z: {difference} apart, accepted only \
                     because of the allowed clock skew of 180 s; set the clocks of both sides by NTP"
                )
            );
        }
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let shown = format!("{:?}", verified());
        assert!(shown.contains("_a") && !shown.contains("personal"), "{shown}");
    }

    /// A store that writes down what it is asked.
    struct Store {
        asked: Mutex<Vec<(ReplayKey, SystemTime, SystemTime)>>,
    }

    impl ReplayStore for Store {
        fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
            self.asked.lock().unwrap().push((key.clone(), expires, now));
            Ok(())
        }
    }

    #[test]
    fn a_login_is_claimed_by_issuer_and_id_until_it_expires() {
        let store = Store { asked: Mutex::default() };
        let login = verified().claim(&store).unwrap();
        assert_eq!(login.assertion_id(), "_a");
        assert_eq!(*store.asked.lock().unwrap(), [(ReplayKey::new("urn:idp", "_a"), at("11:03:00"), at("10:30:00"))]);
    }

    #[test]
    fn a_login_can_be_shared_and_kept() {
        fn shared<T: Clone + Send + Sync + 'static>() {}
        shared::<Login>();
        shared::<Verified>();
    }
}
