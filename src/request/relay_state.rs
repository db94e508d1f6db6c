//! RelayState: what travels with a request and comes back with its answer. SAML Bindings 3.4.3 and 3.5.3.

use std::fmt;

use super::token;
use crate::crypto::unguessable;
use crate::error::RequestError;

/// A RelayState of our own: 32 hexadecimal digits that mean nothing to anybody else.
///
/// Give it to [`AuthnRequest::relay_state`](crate::AuthnRequest::relay_state); the pending request remembers it. Where a user wanted to go belongs into
/// [`AuthnRequest::return_to`](crate::AuthnRequest::return_to), which stays with the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayState(String);

impl RelayState {
    /// The longest RelayState that may be sent, in bytes of UTF-8. SAML Bindings 3.4.3.
    pub const MAX_BYTES: usize = 80;

    /// A fresh one, of 128 bits that nobody can guess.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoRandomness`].
    pub fn mint() -> Result<Self, RequestError> {
        unguessable().map(|random| Self(token(random))).ok_or(RequestError::NoRandomness)
    }

    /// The value, as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RelayState {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A RelayState as it came back: whatever a browser posted, or whoever made it do so.
///
/// No signature covers it where the answer comes by POST. Compare it with what was sent, and never redirect to it, show it or
/// store it as it is: it has no display form and dereferences to nothing, so that none of that happens by accident.
///
/// ```
/// use saml_verify::{RelayState, UntrustedRelayState};
///
/// let sent = RelayState::mint()?;
/// assert!(UntrustedRelayState::new(sent.as_str()).matches(&sent));
/// assert!(!UntrustedRelayState::new("https://attacker.example/").matches(&sent));
/// # Ok::<(), saml_verify::RequestError>(())
/// ```
///
/// ```compile_fail
/// println!("{}", saml_verify::UntrustedRelayState::new("/"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UntrustedRelayState(String);

impl UntrustedRelayState {
    /// The value of the form field `RelayState`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Whether it is exactly what was sent: a [`RelayState`], or [`PendingRequest::relay_state`](crate::PendingRequest::relay_state).
    ///
    /// An empty one matches nothing: Auth0 posts an empty field where none was sent.
    pub fn matches(&self, sent: impl AsRef<str>) -> bool {
        !self.0.is_empty() && self.0 == sent.as_ref()
    }

    /// The value, which anybody may have chosen.
    pub fn as_untrusted_str(&self) -> &str {
        &self.0
    }
}

/// Shows the length alone.
impl fmt::Debug for UntrustedRelayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntrustedRelayState").field("bytes", &self.0.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_state_is_opaque_and_fits() {
        let minted = RelayState::mint().unwrap();
        assert_eq!(minted.as_str().len(), 32);
        assert!(minted.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(minted, RelayState::mint().unwrap());
    }

    #[test]
    fn only_what_was_sent_matches() {
        for (came, sent, matches) in [("a", "a", true), ("a", "A", false), ("a ", "a", false), ("", "", false), ("", "a", false)]
        {
            assert_eq!(UntrustedRelayState::new(came).matches(sent), matches, "{came:?} {sent:?}");
        }
        let came = UntrustedRelayState::new("secret");
        assert_eq!(format!("{came:?}"), "UntrustedRelayState { bytes: 6, .. }");
        assert_eq!(came.as_untrusted_str(), "secret");
    }
}
