//! The identity provider of tests in a single logout: it knows who is logged in at a service, asks, and answers.
//!
//! Single logout is symmetric: with the roles swapped, [`crate::logout`] builds and verifies these messages, too.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::TestIdp;
use crate::crypto::SigningKey;
use crate::error::{ConfigError, Error, RequestError};
use crate::logout::{
    Delivered, LogoutResponse, LogoutVerifier, Outgoing, OutgoingRequest, OutgoingResponse, PendingLogout, Session,
    VerifiedRequest,
};
use crate::{IdentityProvider, NameId, ServiceProvider};

/// The identity provider's side of single logout with one service. SAML Profiles 4.4.
///
/// ```
/// use saml_verify::logout::{Delivered, LogoutVerifier, Outgoing};
/// use saml_verify::test_idp::TestIdp;
/// use saml_verify::{IdentityProvider, ServiceProvider};
///
/// # let now = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
/// let idp = TestIdp::new("urn:test:idp");
/// let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs")?;
/// let trusted = IdentityProvider::new("urn:test:idp", idp.trusted_keys())?;
/// let verifier = LogoutVerifier::new(&sp, trusted, "https://sp.example/slo")?;
///
/// // The service, as the identity provider knows it.
/// # let our_keys = idp.trusted_keys();
/// let service = IdentityProvider::new("urn:test:sp", our_keys)?.single_logout_url("https://sp.example/slo")?;
/// let logout = idp.single_logout("https://idp.example/slo", service)?;
/// logout.log_in("ada@example.com", "_session-1");
///
/// let Some(Outgoing::Redirect(url)) = logout.ask(now) else { panic!("one is logged in, at a service that takes redirects") };
/// let query = url.split_once('?').ok_or("no query")?.1;
/// let request = verifier.verify_request(Delivered::Redirect(query), now)?.without_replay_protection();
/// assert_eq!(request.name_id().value, "ada@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TestLogout {
    key: SigningKey,
    /// The identity provider, in the role of a service.
    idp: ServiceProvider,
    /// The service, in the role of an identity provider.
    sp: IdentityProvider,
    verifier: LogoutVerifier,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sessions: Vec<Session>,
    pending: Option<PendingLogout>,
}

impl TestIdp {
    /// Its side of single logout, where it takes messages at `url`. `sp` is the service, with the roles swapped: an [`IdentityProvider`] of
    /// the service's entity ID, keys and single logout URL.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an entity ID or a URL that is none, or where `sp` has no single logout URL.
    pub fn single_logout(&self, url: &str, sp: IdentityProvider) -> Result<TestLogout, ConfigError> {
        if sp.slo_redirect_url().or(sp.slo_post_url()).is_none() {
            return Err(ConfigError::InvalidSloUrl { value: String::new(), reason: "the service has none" });
        }
        let idp = ServiceProvider::new(&self.entity_id, url)?;
        let verifier = LogoutVerifier::new(&idp, sp.clone(), url)?;
        Ok(TestLogout { key: self.key.clone(), idp, sp, verifier, state: Mutex::default() })
    }
}

impl TestLogout {
    /// Remembers that this user is logged in at the service.
    pub fn log_in<'a>(&self, name_id: impl Into<NameId>, session_index: impl Into<Option<&'a str>>) {
        let session = Session::new(self.sp.entity_id(), name_id.into(), session_index.into().map(str::to_owned));
        self.state().sessions.push(session);
    }

    /// How many sessions have not ended.
    pub fn sessions(&self) -> usize {
        self.state().sessions.len()
    }

    /// Ends the session that began last, and asks the service to do the same. `None` where there is no session.
    pub fn ask(&self, now: SystemTime) -> Option<Outgoing> {
        let session = self.state().sessions.pop()?;
        let request = OutgoingRequest::new(&self.idp, &self.sp, &session, &self.key);
        let (sent, pending) = built(request.and_then(|request| request.by_preferred_binding(now)));
        self.state().pending = Some(pending);
        Some(sent)
    }

    /// Takes a message of the service and the RelayState beside it. Of a request, the sessions that it concerns end, and the answer comes
    /// out; `None` where it is the service's answer to [`TestLogout::ask`], and reports success.
    ///
    /// # Errors
    ///
    /// The [`Error`] of the first step that refuses the message.
    pub fn receive(&self, message: Delivered<'_>, relay_state: &str, now: SystemTime) -> Result<Option<Outgoing>, Error> {
        let request = match self.verifier.verify_request(message, now) {
            Ok(request) => VerifiedRequest::without_replay_protection(request),
            Err(refusal) => return self.receive_answer(message, refusal, now).map(|_| None),
        };
        self.state().sessions.retain(|session| !request.concerns(session));
        let answer = OutgoingResponse::new(&self.idp, &self.sp, &request, &self.key);
        Ok(Some(built(answer.and_then(|answer| answer.relay_state(relay_state).by_preferred_binding(now)))))
    }

    /// What is no request may be an answer.
    fn receive_answer(&self, message: Delivered<'_>, refusal: Error, now: SystemTime) -> Result<LogoutResponse, Error> {
        let mut state = self.state();
        let pending = state.pending.take_if(|_| ["unexpected_root", "missing_parameter"].contains(&refusal.code()));
        let pending = pending.ok_or(refusal)?;
        self.verifier.verify_response(message, pending.id(), now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its key and URLs are ones that messages are built with.
fn built<T>(outcome: Result<T, RequestError>) -> T {
    match outcome {
        Ok(message) => message,
        Err(error) => unreachable!("a message of a test: {error}"),
    }
}
