//! Who is logged in, in memory: the cookie has a random number. A service of several machines keeps this in its database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum_extra::extract::SignedCookieJar;
use saml_verify::logout::{self, LogoutRequest};
use saml_verify::{Login, NameId, RelayState, RequestError};

use crate::service::SESSION;

#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<HashMap<String, Session>>>);

#[derive(Clone)]
pub struct Session {
    pub tenant: String,
    pub user: NameId,
    pub until: SystemTime,
    /// What messages of logout call it. None where the login had no NameID, for an attribute identifies the user.
    pub at_idp: Option<logout::Session>,
}

impl Sessions {
    /// The value of its cookie. It ends with the session at the identity provider, if that says when.
    pub fn begin(&self, tenant: &str, login: &Login, now: SystemTime) -> Result<String, RequestError> {
        for warning in login.warnings() {
            tracing::warn!(tenant, code = warning.code(), "{warning}");
        }
        let longest = now + Duration::from_secs(8 * 3600);
        let until = login.session_not_on_or_after().map_or(longest, |end| end.min(longest));
        let (tenant, user, at_idp) = (tenant.to_owned(), login.name_id().clone(), logout::Session::of(login));
        // As hard to guess as a RelayState.
        let number = RelayState::mint()?.as_str().to_owned();
        let mut all = self.all();
        all.retain(|_, session| now < session.until);
        all.insert(number.clone(), Session { tenant, user, until, at_idp });
        Ok(number)
    }

    pub fn of(&self, jar: &SignedCookieJar) -> Option<Session> {
        self.all().get(jar.get(SESSION)?.value()).filter(|session| SystemTime::now() < session.until).cloned()
    }

    pub fn end(&self, jar: &SignedCookieJar) -> Option<Session> {
        self.all().remove(jar.get(SESSION)?.value())
    }

    /// In whichever browsers they are: a request for a logout names the user, and may come without our cookie.
    pub fn end_all(&self, request: &LogoutRequest) {
        self.all().retain(|_, session| !session.at_idp.as_ref().is_some_and(|at_idp| request.concerns(at_idp)));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
