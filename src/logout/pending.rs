//! A request for a logout whose answer has not come yet.

use std::fmt;
use std::time::SystemTime;

use crate::PendingRequest;
use crate::compact::by_compact_text;
use crate::error::PendingRequestError;

/// A LogoutRequest that was sent and not yet answered: as [`PendingRequest`] is for logins, and never one of these.
///
/// Keep it in a cookie of its own that the service **signs**, for the local session is over when the answer comes.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLogout(PendingRequest);

impl PendingLogout {
    pub(super) fn new(request: PendingRequest) -> Self {
        Self(request)
    }

    /// The ID of the request, which its answer names in `InResponseTo`.
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The entity ID of the identity provider that it was sent to.
    pub fn identity_provider(&self) -> &str {
        self.0.identity_provider()
    }

    /// From when on no answer is taken any more.
    pub fn expires_at(&self) -> SystemTime {
        self.0.expires_at()
    }

    /// Where in the service the user goes after the logout: always a path of its own.
    pub fn return_to(&self) -> Option<&str> {
        self.0.return_to()
    }

    /// The RelayState that was sent along, for [`UntrustedRelayState::matches`](crate::UntrustedRelayState::matches).
    pub fn relay_state(&self) -> Option<&str> {
        self.0.relay_state()
    }

    /// The ID that the answer of this identity provider must name: the argument of
    /// [`LogoutVerifier::verify_response`](super::LogoutVerifier::verify_response).
    ///
    /// # Errors
    ///
    /// [`PendingRequestError::Expired`], [`PendingRequestError::OtherIdentityProvider`].
    pub fn expect(&self, identity_provider: &str, now: SystemTime) -> Result<&str, PendingRequestError> {
        self.0.expect(identity_provider, now).map(|_| self.0.id())
    }

    /// As a short text.
    pub fn to_compact(&self) -> String {
        format!("{KIND}{}", self.0.to_compact())
    }

    /// Reads what [`PendingLogout::to_compact`] wrote, and no other text: that of a login is none.
    ///
    /// # Errors
    ///
    /// As [`PendingRequest::from_compact`].
    pub fn from_compact(text: &str) -> Result<Self, PendingRequestError> {
        let rest = text.strip_prefix(KIND).ok_or(PendingRequestError::Malformed { part: "kind of request" })?;
        PendingRequest::from_compact(rest).map(Self)
    }
}

/// As that of a login.
impl fmt::Debug for PendingLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PendingLogout").field(&self.0).finish()
    }
}

by_compact_text!(PendingLogout, PendingRequestError);

const KIND: &str = "logout.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_of_a_login_is_none() {
        let login = "1._00112233445566778899aabbccddeeff.1740996000.1740996060.dXJuOmlkcA..";
        let text = format!("logout.{login}");
        let pending: PendingLogout = text.parse().unwrap();
        assert_eq!((pending.to_compact(), pending.id()), (text.clone(), "_00112233445566778899aabbccddeeff"));
        assert_eq!(PendingLogout::from_compact(login), Err(PendingRequestError::Malformed { part: "kind of request" }));
        assert!(PendingRequest::from_compact(&text).is_err());
        let until = pending.expires_at();
        let before = until - std::time::Duration::from_secs(1);
        assert_eq!(pending.expect("urn:idp", before), Ok(pending.id()));
        assert_eq!(pending.expect("urn:idp", until).unwrap_err().code(), "pending_request_expired");
        assert_eq!(pending.expect("urn:other", before).unwrap_err().code(), "pending_request_of_other_identity_provider");
    }
}
