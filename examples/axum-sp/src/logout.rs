//! Single logout: it starts here or at the identity provider, and goes through the browser, by redirect or by POST.
//!
//! Each tenant has a URL of its own for these messages, so that it is known whose key must have signed one before it is read.

use std::time::SystemTime;

use axum::Router;
use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::{SameSite, SignedCookieJar};
use saml_verify::logout::{Delivered, LogoutVerifier, OutgoingRequest, OutgoingResponse, PendingLogout, Session};
use serde::Deserialize;

use crate::page::{Refusal, carried, page};
use crate::service::{SESSION, Service, cookie};

pub fn routes(service: Service) -> Router {
    let slo = get(by_redirect).post(by_post);
    Router::new().route("/logout", post(start)).route("/saml/slo/{tenant}", slo).with_state(service)
}

/// The session here ends first, whatever becomes of the messages. Then the browser asks the identity provider, if that has single logout.
async fn start(service: State<Service>, jar: SignedCookieJar) -> Result<Response, Refusal> {
    let session = service.sessions.end(&jar);
    let jar = jar.remove(cookie(SESSION, String::new(), SameSite::Lax));
    let there = session.as_ref().and_then(|session| Some((&session.tenant, session.at_idp.as_ref()?)));
    match there.map(|(tenant, at_idp)| ask(&service, tenant, at_idp)) {
        Some(Ok((sent, pending))) => Ok((jar.add(cookie(LOGOUT, pending.to_compact(), SameSite::None)), sent).into_response()),
        Some(Err(refusal)) if refusal.code != "no_single_logout_url" => Err(refusal.of_logout()),
        _ => Ok((jar, Redirect::to("/")).into_response()),
    }
}

fn ask(service: &Service, tenant: &str, at_idp: &Session) -> Result<(Response, PendingLogout), Refusal> {
    let connection = service.tenants.get(tenant).ok_or_else(|| Refusal::unknown_tenant(tenant))?;
    let idp = &connection.verifier().identity_providers()[0];
    let request = OutgoingRequest::new(&service.sp, idp, at_idp, &service.signing_key)?;
    let (sent, pending) = request.by_preferred_binding(SystemTime::now())?;
    Ok((carried(&sent), pending))
}

/// What a query or a form brings to a single logout URL: a request, or the answer to one.
#[derive(Deserialize)]
pub struct Message {
    #[serde(rename = "SAMLRequest", default)]
    request: String,
    #[serde(rename = "SAMLResponse")]
    pub answer: Option<String>,
    #[serde(rename = "RelayState", default)]
    pub relay_state: String,
}

impl Message {
    pub fn posted(&self) -> Delivered<'_> {
        Delivered::Post(self.answer.as_ref().unwrap_or(&self.request))
    }
}

type Received = (State<Service>, SignedCookieJar, Path<String>);

async fn by_redirect(to: Received, query: RawQuery, message: Query<Message>) -> Result<Response, Refusal> {
    let query = query.0.unwrap_or_default();
    receive(to, Delivered::Redirect(&query), &message).await.map_err(Refusal::of_logout)
}

async fn by_post(to: Received, message: Form<Message>) -> Result<Response, Refusal> {
    receive(to, message.posted(), &message).await.map_err(Refusal::of_logout)
}

async fn receive((service, jar, tenant): Received, message: Delivered<'_>, fields: &Message) -> Result<Response, Refusal> {
    let connection = service.tenants.get(&*tenant).ok_or_else(|| Refusal::unknown_tenant(&tenant))?;
    let (idp, now) = (&connection.verifier().identity_providers()[0], SystemTime::now());
    let verifier = LogoutVerifier::new(&service.sp, idp.clone(), service.slo_url(&tenant))?;
    if fields.answer.is_some() {
        let pending = jar.get(LOGOUT).and_then(|cookie| cookie.value().parse::<PendingLogout>().ok());
        let pending = pending.ok_or_else(|| Refusal::new(400, "no_logout_pending", "this browser did not start one"))?;
        let answer = verifier.verify_response(message, pending.expect(idp.entity_id(), now)?, now)?;
        let body = if answer.is_partial() { PARTIAL } else { COMPLETE };
        return Ok((jar.remove(cookie(LOGOUT, String::new(), SameSite::None)), page("Logged out", body)).into_response());
    }
    let request = verifier.verify_request(message, now)?.claim_async(&service.used).await?;
    service.sessions.end_all(&request);
    let answer = OutgoingResponse::new(&service.sp, idp, &request, &service.signing_key)?.relay_state(&fields.relay_state);
    Ok(carried(&answer.by_preferred_binding(now)?))
}

/// Like the other two. Their values do not look alike.
const LOGOUT: &str = "__Host-saml-logout";
const COMPLETE: &str = "<p>You are logged out, here and at your employer.</p><a href=\"/\">Log in again</a>";
const PARTIAL: &str =
    "<p>You are logged out here, but not everywhere. Close the browser to be sure.</p><a href=\"/\">Log in again</a>";
