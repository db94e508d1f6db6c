//! What a service gets of a message of logout: the request of the identity provider, and its answer to ours.
//!
//! Both are owned and come out of a [`LogoutVerifier`](super::LogoutVerifier) alone. Debug forms show nothing personal.

use std::fmt;
use std::time::SystemTime;

use super::check::{MAX_AGE, is_partial};
use super::proof::{Delivery, LogoutSignature, Proven};
use super::session::Session;
use crate::error::{Error, Shown};
use crate::replay::{AsyncReplayStore, ReplayKey, ReplayStore};
use crate::saml::check::MAX_CLOCK_SKEW;
use crate::saml::logout::Body;
use crate::time::format_rfc3339;
use crate::{NameId, Warning};

/// A LogoutRequest that passed every check but one: whether it came before.
///
/// Claim it from the store that the logins are claimed from: the keys of both are never the same.
#[must_use = "a request that is not claimed can be replayed"]
#[derive(Debug)]
pub struct VerifiedRequest {
    request: LogoutRequest,
    expires_at: SystemTime,
    now: SystemTime,
}

impl VerifiedRequest {
    /// What a replay store remembers: the issuer and the ID of the request, apart from those of assertions.
    pub fn replay_key(&self) -> ReplayKey {
        ReplayKey::of_logout_request(&self.request.issuer, &self.request.id)
    }

    /// From when on no verifier accepts the request: its NotOnOrAfter or, where it has none, five minutes after it was issued; and the
    /// largest clock skew that can be allowed.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Claims the request, once and for all.
    ///
    /// # Errors
    ///
    /// [`Error::Replay`] where it came before, or where the store cannot tell.
    pub fn claim(self, store: &(impl ReplayStore + ?Sized)) -> Result<LogoutRequest, Error> {
        store.claim(&self.replay_key(), self.expires_at, self.now)?;
        Ok(self.request)
    }

    /// Claims the request from a store that answers later.
    ///
    /// # Errors
    ///
    /// [`Error::Replay`] where it came before, or where the store cannot tell.
    pub async fn claim_async(self, store: &(impl AsyncReplayStore + ?Sized)) -> Result<LogoutRequest, Error> {
        store.claim(&self.replay_key(), self.expires_at, self.now).await?;
        Ok(self.request)
    }

    /// Takes the request although nobody remembers that it came: until it expires, whoever has it can end the sessions that it names
    /// once more, and nothing else.
    pub fn without_replay_protection(self) -> LogoutRequest {
        self.request
    }
}

/// What the identity provider wants: that sessions of a user end. SAML Core 3.7.1.
///
/// ```compile_fail
/// fn forged(request: saml_verify::logout::LogoutRequest) -> saml_verify::logout::LogoutRequest {
///     saml_verify::logout::LogoutRequest { id: "_forged".to_owned(), ..request }
/// }
/// ```
#[derive(Clone)]
pub struct LogoutRequest {
    issuer: String,
    service_provider: String,
    id: String,
    destination: String,
    issue_instant: SystemTime,
    name_id: NameId,
    session_indexes: Vec<String>,
    reason: Option<String>,
    not_on_or_after: Option<SystemTime>,
    delivery: Delivery,
}

impl LogoutRequest {
    /// `None` where it is a response. The checks have passed.
    pub(super) fn of(proven: Proven<'_>, issuer: &str, service_provider: &str, now: SystemTime) -> Option<VerifiedRequest> {
        let (message, delivery) = proven.into_parts();
        let Body::Request { subject, session_indexes, reason, not_on_or_after } = message.body else { return None };
        let ends = not_on_or_after.or_else(|| message.issue_instant.checked_add(MAX_AGE)).unwrap_or(now);
        let request = Self {
            issuer: issuer.to_owned(),
            service_provider: service_provider.to_owned(),
            id: message.id.to_owned(),
            destination: message.destination.unwrap_or_default().to_owned(),
            issue_instant: message.issue_instant,
            name_id: subject,
            session_indexes,
            reason: reason.map(str::to_owned),
            not_on_or_after,
            delivery,
        };
        Some(VerifiedRequest { request, expires_at: ends.checked_add(MAX_CLOCK_SKEW).unwrap_or(ends), now })
    }

    /// Whether this session is one of those that are to end. SAML Core 3.7.3.1 and 3.7.3.2.
    ///
    /// It is where it is one at this identity provider, of the user whom the request names, and the request lists its index or lists
    /// none: that means all sessions of the user. A session that was stored without index is not among those that are listed.
    ///
    /// Names are the same where all five fields are, with the defaults that SAML gives to what is left out: no Format is `unspecified`
    /// (Core 2.2.2); of persistent and transient names, no NameQualifier is the identity provider and no SPNameQualifier is this
    /// service (Core 8.3.7 and 8.3.8).
    pub fn concerns(&self, session: &Session) -> bool {
        let index_is_listed = match session.session_index() {
            _ if self.session_indexes.is_empty() => true,
            Some(index) => self.session_indexes.iter().any(|listed| listed == index),
            None => false,
        };
        index_is_listed && session.issuer() == self.issuer && self.same_name(session.name_id())
    }

    fn same_name(&self, other: &NameId) -> bool {
        self.complete(&self.name_id) == self.complete(other)
    }

    /// The five fields, with the defaults of those that are left out.
    fn complete<'a>(&'a self, name: &'a NameId) -> [Option<&'a str>; 5] {
        let format = match name.format.as_deref() {
            None => UNSPECIFIED,
            Some(format) => format,
        };
        let derived = [PERSISTENT, TRANSIENT].contains(&format);
        let or = |qualifier: &'a Option<String>, default: &'a str| qualifier.as_deref().or(derived.then_some(default));
        [
            Some(&name.value),
            Some(format),
            or(&name.name_qualifier, &self.issuer),
            or(&name.sp_name_qualifier, &self.service_provider),
            name.sp_provided_id.as_deref(),
        ]
    }

    /// The entity ID of the identity provider.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The ID, which the answer names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it was sent: one of our single logout URLs.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// When it was issued.
    pub fn issue_instant(&self) -> SystemTime {
        self.issue_instant
    }

    /// The user. [`LogoutRequest::concerns`] finds the sessions; the value alone does not.
    pub fn name_id(&self) -> &NameId {
        &self.name_id
    }

    /// The sessions that are to end; none listed: all of the user's.
    pub fn session_indexes(&self) -> &[String] {
        &self.session_indexes
    }

    /// Why: a URI, such as `urn:oasis:names:tc:SAML:2.0:logout:user`. SAML Core 3.7.3.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Until when it is valid, clock skew not included.
    pub fn not_on_or_after(&self) -> Option<SystemTime> {
        self.not_on_or_after
    }

    /// The RelayState that was signed with it, which the answer must bring back: of a redirect alone. That of a form is a field beside
    /// the message, and nobody vouches for it.
    pub fn signed_relay_state(&self) -> Option<&str> {
        self.delivery.relay_state.as_deref()
    }

    /// The signature that vouches for it. Of a redirected message that carries an XML signature as well, that of the query.
    pub fn signature(&self) -> &LogoutSignature {
        &self.delivery.signature
    }

    /// What an administrator should know of it: [`Warning::CertificateNotValid`], [`Warning::RetiringKeyUsed`].
    pub fn warnings(&self) -> &[Warning] {
        &self.delivery.warnings
    }
}

impl fmt::Debug for LogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRequest")
            .field("issuer", &self.issuer)
            .field("id", &self.id)
            .field("issue_instant", &format_rfc3339(self.issue_instant))
            .finish_non_exhaustive()
    }
}

/// That the identity provider logged the user out, as far as it says. SAML Core 3.7.2.
#[derive(Clone)]
pub struct LogoutResponse {
    issuer: String,
    id: String,
    in_response_to: String,
    issue_instant: SystemTime,
    status_codes: Vec<Shown>,
    message: Option<Shown>,
    partial: bool,
    delivery: Delivery,
}

impl LogoutResponse {
    /// `None` where it is a request. The checks have passed.
    pub(super) fn of(proven: Proven<'_>, issuer: &str) -> Option<Self> {
        let (message, delivery) = proven.into_parts();
        let Body::Response { in_response_to, status } = message.body else { return None };
        Some(Self {
            issuer: issuer.to_owned(),
            id: message.id.to_owned(),
            in_response_to: in_response_to.unwrap_or_default().to_owned(),
            issue_instant: message.issue_instant,
            partial: is_partial(&status),
            message: status.message,
            status_codes: [status.code].into_iter().chain(status.nested).collect(),
            delivery,
        })
    }

    /// Whether the user may still be logged in at other services: the identity provider ended its own session, and could not reach all
    /// of them (`PartialLogout`, at either level).
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// The status codes, outermost first: `Success`, or `PartialLogout` with whatever is around it.
    pub fn status_codes(&self) -> impl Iterator<Item = &str> {
        self.status_codes.iter().map(Shown::as_str)
    }

    /// What the identity provider says beside the codes.
    pub fn status_message(&self) -> Option<&str> {
        self.message.as_ref().map(Shown::as_str)
    }

    /// The entity ID of the identity provider.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The ID of the response.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The request that it answers.
    pub fn in_response_to(&self) -> &str {
        &self.in_response_to
    }

    /// When it was issued.
    pub fn issue_instant(&self) -> SystemTime {
        self.issue_instant
    }

    /// The RelayState that was signed with it: of a redirect alone.
    pub fn signed_relay_state(&self) -> Option<&str> {
        self.delivery.relay_state.as_deref()
    }

    /// The signature that vouches for it. Of a redirected message that carries an XML signature as well, that of the query.
    pub fn signature(&self) -> &LogoutSignature {
        &self.delivery.signature
    }

    /// What an administrator should know of it: [`Warning::CertificateNotValid`], [`Warning::RetiringKeyUsed`].
    pub fn warnings(&self) -> &[Warning] {
        &self.delivery.warnings
    }
}

impl fmt::Debug for LogoutResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutResponse")
            .field("issuer", &self.issuer)
            .field("id", &self.id)
            .field("in_response_to", &self.in_response_to)
            .field("status_codes", &self.status_codes)
            .finish_non_exhaustive()
    }
}

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name_id: NameId, indexes: &[&str]) -> LogoutRequest {
        LogoutRequest {
            issuer: "urn:idp".to_owned(),
            service_provider: "urn:sp".to_owned(),
            id: "_r".to_owned(),
            destination: "https://sp.example/slo".to_owned(),
            issue_instant: SystemTime::UNIX_EPOCH,
            name_id,
            session_indexes: indexes.iter().map(|&index| index.to_owned()).collect(),
            reason: None,
            not_on_or_after: None,
            delivery: delivery(),
        }
    }

    fn delivery() -> Delivery {
        let pem = include_bytes!("../../testdata/auth0/keys/idp-rsa2048.pem");
        let key = crate::TrustedKeys::from_pem(pem).unwrap().iter().next().unwrap().clone();
        Delivery {
            signature: LogoutSignature { covers: "query", key, signature_algorithm: "" },
            warnings: Vec::new(),
            relay_state: None,
        }
    }

    fn session(name_id: NameId, index: Option<&str>) -> Session {
        Session::new("urn:idp", name_id, index.map(str::to_owned))
    }

    #[test]
    fn sessions_are_those_listed_or_all_of_the_user() {
        let name = || NameId::new("ada");
        for (indexes, index, concerned) in [
            (&[][..], Some("_1"), true),
            (&[], None, true),
            (&["_1"], Some("_1"), true),
            (&["_0", "_1"], Some("_1"), true),
            (&["_1"], Some("_2"), false),
            (&["_1"], Some("_1 "), false),
            (&["_1"], None, false),
            (&[""], None, false),
        ] {
            let request = request(name(), indexes);
            assert_eq!(request.concerns(&session(name(), index)), concerned, "{indexes:?} {index:?}");
            assert!(!request.concerns(&session(NameId::new("bob"), index)));
            assert!(!request.concerns(&Session::new("urn:other", name(), index.map(str::to_owned))));
        }
    }

    #[test]
    fn names_are_compared_by_all_their_fields_with_their_defaults() {
        const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        let plain = || NameId::new("ada");
        let persistent = || plain().with_format(PERSISTENT);
        let transient = || plain().with_format(TRANSIENT);
        for (one, other, same) in [
            (plain(), plain(), true),
            (plain(), NameId::new("Ada"), false),
            (plain(), NameId::new("ada "), false),
            (plain(), plain().with_format(UNSPECIFIED), true),
            (plain(), plain().with_format(""), false),
            (plain(), plain().with_format(EMAIL), false),
            (plain(), persistent(), false),
            (plain(), plain().with_name_qualifier("urn:idp"), false),
            (plain().with_format(EMAIL), plain().with_format(EMAIL).with_sp_name_qualifier("urn:sp"), false),
            (persistent(), persistent().with_name_qualifier("urn:idp"), true),
            (persistent(), persistent().with_name_qualifier("urn:idp").with_sp_name_qualifier("urn:sp"), true),
            (transient(), transient().with_sp_name_qualifier("urn:sp"), true),
            (persistent(), persistent().with_name_qualifier("urn:other"), false),
            (persistent(), persistent().with_sp_name_qualifier("urn:group"), false),
            (persistent(), persistent().with_name_qualifier(""), false),
            (persistent().with_name_qualifier("urn:other"), persistent().with_name_qualifier("urn:other"), true),
            (persistent(), transient(), false),
            (plain(), plain().with_sp_provided_id("ours"), false),
            (plain().with_sp_provided_id("ours"), plain().with_sp_provided_id("ours"), true),
        ] {
            for (one, other) in [(&one, &other), (&other, &one)] {
                let concerned = request(one.clone(), &[]).concerns(&session(other.clone(), None));
                assert_eq!(concerned, same, "{:?} {:?}", SessionOf(one), SessionOf(other));
            }
        }
    }

    /// The text of a name, for a failed test.
    struct SessionOf<'a>(&'a NameId);

    impl fmt::Debug for SessionOf<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&session(self.0.clone(), None).to_compact())
        }
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let shown = format!("{:?}", request(NameId::new("ada"), &["_1"]));
        assert_eq!(shown, "LogoutRequest { issuer: \"urn:idp\", id: \"_r\", issue_instant: \"1970-01-01T00:00:00.000Z\", .. }");
    }
}
