//! A service that takes SAML logins, whole but for the network: `cargo run --example service`.
//!
//! In goes the form field that a browser posts to the assertion consumer URL, with the cookie that it sends; out comes a session,
//! or a status and the one sentence that the browser may see. The log gets everything else, on standard error.
//!
//! Deliberately absent: HTTP, the request that starts a login (`AuthnRequest` builds it; the test message answers one of long ago), and the random numbers of
//! session cookies. The message is a test vector, and so the time is a constant.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use saml_verify::time::{format_rfc3339, parse_rfc3339};
use saml_verify::{
    Expect, IdentityProvider, InProcessReplayStore, Login, NameId, ReplayStore, ServiceProvider, TrustedKeys, Verifier, claim,
};

// Configuration. The first two come from the administrator of the identity provider, the others go to them.
const IDP_ENTITY_ID: &str = "urn:acme-dev.us.auth0.com";
const IDP_CERTIFICATE: &str = include_str!("../testdata/auth0/keys/idp-rsa2048.pem");
const SP_ENTITY_ID: &str = "urn:example:sp:portal";
const ACS_URL: &str = "https://portal.example.com/saml/acs";

/// How long a user may take at the identity provider.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a session lasts here.
const SESSION: Duration = Duration::from_secs(8 * 3600);

fn main() -> Result<(), Box<dyn Error>> {
    let now = parse_rfc3339("2025-03-03T10:00:02.468Z").ok_or("not a time")?;
    // Several workers of one process share this store; several processes need one that they share, see `ReplayStore`.
    let used = Arc::new(InProcessReplayStore::default());
    let service = Service::new(used)?;

    // Earlier, this browser was sent to the identity provider with a request of this ID.
    let began = parse_rfc3339("2025-03-03T09:59:50.000Z").ok_or("not a time")?;
    service.remember("cookie-of-ada", "_43848dd96f2ec8be2d4c", "/reports", began);
    // What a web framework makes of the field `SAMLResponse` of the posted form.
    let saml_response = include_str!("../testdata/auth0/cases/a-default-sha256.b64");

    for (what, cookie) in [
        ("the answer is posted", "cookie-of-ada"),
        ("it is posted again", "cookie-of-ada"),
        ("another browser posts it", "cookie-of-eve"),
    ] {
        println!("{what}:");
        match service.acs(saml_response, cookie, now) {
            Ok(session) => println!("  303 to {}\n{session}", session.return_to),
            Err((status, sentence)) => println!("  {status} {sentence}"),
        }
    }
    Ok(())
}

/// A request that was sent to an identity provider and not yet answered.
#[derive(Clone)]
struct Pending {
    request_id: String,
    return_to: String,
    until: SystemTime,
}

/// A user who is logged in.
struct Session {
    /// Names are unique for each issuer, and a name is all of its fields: not an e-mail address, and not the value alone.
    user: (String, NameId),
    email: Option<String>,
    /// A logout at the identity provider has to name it.
    session_index: Option<String>,
    until: SystemTime,
    return_to: String,
}

struct Service<S> {
    verifier: Verifier,
    used: S,
    /// By the browser's cookie, which must be `SameSite=None; Secure; HttpOnly`: the answer is posted from another site.
    pending: Mutex<HashMap<String, Pending>>,
}

impl<S: ReplayStore> Service<S> {
    /// A wrong certificate or URL is found here, when the service starts, and not when a user logs in.
    fn new(used: S) -> Result<Self, Box<dyn Error>> {
        let idp = IdentityProvider::new(IDP_ENTITY_ID, TrustedKeys::from_pem(IDP_CERTIFICATE)?)?;
        let sp = ServiceProvider::new(SP_ENTITY_ID, ACS_URL)?;
        Ok(Self { verifier: Verifier::new(sp, idp), used, pending: Mutex::default() })
    }

    /// Notes that a browser was sent away with a request.
    fn remember(&self, cookie: &str, request_id: &str, return_to: &str, now: SystemTime) {
        let pending = Pending { request_id: request_id.to_owned(), return_to: return_to.to_owned(), until: now + PATIENCE };
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(cookie.to_owned(), pending);
    }

    /// The pending request of a browser. It stays until its time is over: that its answer is used once is for the replay store
    /// to see to, which can tell two posts at the same moment apart.
    fn pending(&self, cookie: &str, now: SystemTime) -> Option<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, one| now < one.until);
        pending.get(cookie).cloned()
    }

    /// The handler of a POST to the assertion consumer URL. To a GET it would answer 405.
    ///
    /// The field `RelayState` is not read: anybody can write it, and where the user wanted to go lies with the pending request.
    fn acs(&self, saml_response: &str, cookie: &str, now: SystemTime) -> Result<Session, (u16, &'static str)> {
        let Some(pending) = self.pending(cookie, now) else {
            eprintln!("saml: refused: no request is pending for this browser");
            return Err((403, "Please start the login again."));
        };
        let login = self
            .verifier
            .verify_post(saml_response, Expect::AnswerTo(&pending.request_id), now)
            .and_then(|verified| verified.claim(&self.used))
            .map_err(|error| refuse(&error))?;
        for warning in login.warnings() {
            eprintln!("saml: warning {}: {warning}", warning.code());
        }
        Ok(Session::new(&login, pending.return_to, now))
    }
}

/// The cause for the log, a sentence for the browser.
fn refuse(error: &saml_verify::Error) -> (u16, &'static str) {
    eprintln!("saml: refused {}: {error} [{}]", error.code(), error.section());
    eprintln!("saml: expected {:?}, received {:?}; {}", error.expected(), error.received(), error.remedy());
    (error.kind().http_status(), error.for_user())
}

impl Session {
    /// It ends with the session at the identity provider, if that says when.
    fn new(login: &Login, return_to: String, now: SystemTime) -> Self {
        let until = now + SESSION;
        Self {
            user: (login.issuer().to_owned(), login.name_id().clone()),
            email: login.attribute(claim::EMAIL_ADDRESS).map(str::to_owned),
            session_index: login.session_index().map(str::to_owned),
            until: login.session_not_on_or_after().map_or(until, |end| end.min(until)),
            return_to,
        }
    }
}

impl std::fmt::Display for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (issuer, name) = &self.user;
        writeln!(f, "  user    {} of {issuer}", name.value)?;
        writeln!(f, "  e-mail  {}", self.email.as_deref().unwrap_or("not said"))?;
        writeln!(f, "  session {} at the identity provider", self.session_index.as_deref().unwrap_or("none"))?;
        write!(f, "  until   {}", format_rfc3339(self.until))
    }
}
