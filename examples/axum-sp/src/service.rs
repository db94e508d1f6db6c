//! The service: a login starts, its answer comes, and a session begins. `docs/axum.md` shows what stands between the two marks.

use std::{collections::HashMap, error::Error, sync::Arc, time::SystemTime};

use axum::Router;
use axum::extract::{Form, FromRef, Path, Query, State};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum_extra::extract::cookie::{Cookie, Key, SameSite, SignedCookieJar};
use saml_verify::metadata::{MetadataReader, Vouched};
use saml_verify::{AsyncReplayStore, AuthnRequest, Limits, PendingRequest, PendingRequests};
use saml_verify::{Registry, ServiceProvider, SigningKey, Verifier, peek_issuer};

use crate::page::Refusal;
use crate::session::Sessions;

// [the service]
#[derive(Clone, FromRef)]
pub struct Service {
    pub sp: ServiceProvider,
    pub tenants: Arc<Registry>,
    pub used: Arc<dyn AsyncReplayStore>,
    pub key: Key,
    pub sessions: Sessions,
    pub signing_key: SigningKey,
}

pub fn connect(service: &Service, tenant: &str, metadata: &[u8]) -> Result<(), Box<dyn Error>> {
    let metadata = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(metadata, SystemTime::now())?;
    service.tenants.insert(tenant.to_owned(), Verifier::new(service.sp.clone(), metadata.identity_provider()?))?;
    Ok(())
}

pub fn routes() -> Router<Service> {
    Router::new().route("/login/{tenant}", get(login)).route("/saml/acs", post(acs_or_start))
}

async fn login(service: State<Service>, jar: SignedCookieJar, tenant: Path<String>, wish: Query<Fields>) -> Outcome {
    let connection = service.tenants.get(&*tenant).ok_or_else(|| Refusal::unknown_tenant(&tenant))?;
    let request = AuthnRequest::of(connection.verifier())?.return_to(field(&wish, "return_to").unwrap_or("/"));
    let (login, mut pending) = (request.redirect(SystemTime::now())?, pending(&jar));
    pending.add(login.pending);
    Ok((jar.add(cookie(PENDING, pending.to_compact(), SameSite::None)), Redirect::to(&login.url)))
}

async fn acs(service: &Service, jar: SignedCookieJar, form: &Fields) -> Outcome {
    let (now, mut pending) = (SystemTime::now(), pending(&jar));
    let (tenant, verified) = pending.verify_post(&service.tenants, field(form, "SAMLResponse").unwrap_or_default(), now)?;
    let login = verified.claim_async(&service.used).await?;
    let request = pending.take_answered(&login);
    let jar = jar.add(cookie(PENDING, pending.to_compact(), SameSite::None));
    let jar = jar.add(cookie(SESSION, service.sessions.begin(tenant.key(), &login, now)?, SameSite::Lax));
    Ok((jar, Redirect::to(request.as_ref().and_then(PendingRequest::return_to).unwrap_or("/"))))
}

fn pending(jar: &SignedCookieJar) -> PendingRequests {
    jar.get(PENDING).and_then(|cookie| cookie.value().parse().ok()).unwrap_or_default()
}

pub fn cookie(name: &'static str, value: String, same_site: SameSite) -> Cookie<'static> {
    Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(same_site).build()
}
// [end]

/// `__Host-`: no other host, also none below ours, can set them. What is signed is the value alone, so the two never look alike.
const PENDING: &str = "__Host-saml-pending";
pub const SESSION: &str = "__Host-session";

type Outcome = Result<(SignedCookieJar, Redirect), Refusal>;

/// What a query or a form says. RelayState of a login is not read: where the user wanted to go lies with the pending request.
pub type Fields = HashMap<String, String>;

pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str)
}

/// Where messages of logout of that tenant come.
pub fn slo_url(sp: &ServiceProvider, tenant: &str) -> String {
    sp.acs_urls()[0].replace("/saml/acs", &format!("/saml/slo/{tenant}"))
}

/// The ACS as browsers reach it. Anybody can make a browser post a login that answers nothing, and so log its user in as somebody
/// else: once it is known to be genuine, it is taken for the wish to log in, and a login of our own starts.
async fn acs_or_start(service: State<Service>, jar: SignedCookieJar, form: Form<Fields>) -> Outcome {
    let refusal = match acs(&service, jar.clone(), &form).await {
        Err(refusal) if refusal.code == "in_response_to_missing" => refusal,
        outcome => return outcome,
    };
    let issuer = peek_issuer(field(&form, "SAMLResponse").unwrap_or_default(), &Limits::DEFAULT)?;
    let tenant = service.tenants.by_entity_id(issuer.claimed_entity_id()).ok_or(refusal)?;
    Ok((jar, Redirect::to(&format!("/login/{}", tenant.key()))))
}
