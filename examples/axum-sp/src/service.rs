//! The service: a login starts, its answer comes, and a session begins. `docs/axum.md` shows what stands between the two marks.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Form, FromRef, Path, Query, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};
use saml_verify::{AsyncReplayStore, AuthnRequest, IdentityProvider, Limits, Login, NameId, PendingRequest};
use saml_verify::{PendingRequests, Registry, ServiceProvider, TrustedKeys, Verifier, peek_issuer};
use serde::{Deserialize, Serialize};

use crate::page::Refusal;

// [the service]
#[derive(Clone, FromRef)]
pub struct Service {
    pub sp: ServiceProvider,
    pub tenants: Arc<Registry>,
    pub used: Arc<dyn AsyncReplayStore>,
    pub key: Key,
}

pub fn connect(service: &Service, tenant: &str, entity_id: &str, url: &str, pem: &[u8]) -> Result<(), Box<dyn Error>> {
    let idp = IdentityProvider::new(entity_id, TrustedKeys::from_pem(pem)?)?.single_sign_on_url(url)?;
    service.tenants.insert(tenant.to_owned(), Verifier::new(service.sp.clone(), idp))?;
    Ok(())
}

pub fn routes(service: Service) -> Router {
    let routes = Router::new().route("/login/{tenant}", get(login)).route("/saml/acs", post(acs_or_start));
    routes.with_state(service)
}

async fn login(service: State<Service>, jar: SignedCookieJar, tenant: Path<String>, wish: Query<Wish>) -> Outcome {
    let connection = service.tenants.get(&*tenant).ok_or_else(|| Refusal::unknown_tenant(&tenant))?;
    let request = AuthnRequest::of(connection.verifier())?.return_to(wish.return_to.as_deref().unwrap_or("/"));
    let (login, mut pending) = (request.redirect(SystemTime::now())?, pending(&jar));
    pending.add(login.pending);
    Ok((jar.add(cookie(PENDING, pending.to_compact(), SameSite::None)), Redirect::to(&login.url)))
}

async fn acs(service: &Service, jar: SignedCookieJar, form: &Answer) -> Outcome {
    let (now, mut pending) = (SystemTime::now(), pending(&jar));
    let (tenant, verified) = pending.verify_post(&service.tenants, &form.saml_response, now)?;
    let login = verified.claim_async(&service.used).await?;
    let request = pending.take_answered(&login);
    let jar = jar.add(cookie(PENDING, pending.to_compact(), SameSite::None));
    let jar = jar.add(cookie(SESSION, Session::begin(tenant.key(), &login, now), SameSite::Lax));
    Ok((jar, Redirect::to(request.as_ref().and_then(PendingRequest::return_to).unwrap_or("/"))))
}

fn pending(jar: &SignedCookieJar) -> PendingRequests {
    jar.get(PENDING).and_then(|cookie| cookie.value().parse().ok()).unwrap_or_default()
}

fn cookie(name: &'static str, value: String, same_site: SameSite) -> Cookie<'static> {
    Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(same_site).build()
}
// [end]

/// `__Host-`: no other host, also none below ours, can set them. What is signed is the value alone, so the two never look alike.
const PENDING: &str = "__Host-saml-pending";
const SESSION: &str = "__Host-session";

type Outcome = Result<(SignedCookieJar, Redirect), Refusal>;

/// Where the user wants to go.
#[derive(Deserialize)]
pub struct Wish {
    return_to: Option<String>,
}

/// The form that comes with an answer. RelayState is not read: where the user wanted to go lies with the pending request.
#[derive(Deserialize)]
pub struct Answer {
    #[serde(rename = "SAMLResponse", default)]
    saml_response: String,
}

/// Who is logged in. A service with a database keeps this there, and a random number in the cookie.
#[derive(Serialize, Deserialize)]
pub struct Session {
    pub tenant: String,
    pub user: NameId,
    pub until: SystemTime,
}

impl Session {
    /// The value of its cookie. It ends with the session at the identity provider, if that says when.
    fn begin(tenant: &str, login: &Login, now: SystemTime) -> String {
        for warning in login.warnings() {
            tracing::warn!(tenant, code = warning.code(), "{warning}");
        }
        let longest = now + Duration::from_secs(8 * 3600);
        let until = login.session_not_on_or_after().map_or(longest, |end| end.min(longest));
        let session = Self { tenant: tenant.to_owned(), user: login.name_id().clone(), until };
        serde_json::to_string(&session).unwrap_or_default()
    }

    pub fn of(jar: &SignedCookieJar) -> Option<Self> {
        let session: Self = serde_json::from_str(jar.get(SESSION)?.value()).ok()?;
        Some(session).filter(|session| SystemTime::now() < session.until)
    }
}

/// The ACS as browsers reach it. Anybody can make a browser post a login that answers nothing, and so log its user in as somebody
/// else: once it is known to be genuine, it is taken for the wish to log in, and a login of our own starts.
async fn acs_or_start(service: State<Service>, jar: SignedCookieJar, form: Form<Answer>) -> Outcome {
    match acs(&service, jar.clone(), &form).await {
        Err(refusal) if refusal.code == "in_response_to_missing" => {
            let issuer = peek_issuer(&form.saml_response, &Limits::DEFAULT)?;
            let tenant = service.tenants.by_entity_id(issuer.claimed_entity_id()).ok_or(refusal)?;
            Ok((jar, Redirect::to(&format!("/login/{}", tenant.key()))))
        }
        outcome => outcome,
    }
}

/// Ends the session here. The one at the identity provider goes on.
pub async fn logout(jar: SignedCookieJar) -> (SignedCookieJar, Redirect) {
    (jar.remove(cookie(SESSION, String::new(), SameSite::Lax)), Redirect::to("/"))
}
