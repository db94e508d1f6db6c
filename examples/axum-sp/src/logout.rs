//! Single logout: it starts here or at the identity provider, and goes through the browser, by redirect or by POST.
//!
//! Each tenant has a URL of its own for these messages, so that it is known whose key must have signed one before it is read.

use std::time::SystemTime;

use axum::Router;
use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::{SameSite, SignedCookieJar};
use saml_verify::logout::{Delivered, LogoutVerifier, OutgoingRequest, OutgoingResponse, PendingLogout};

use crate::page::{Refusal, carried, page};
use crate::service::{Fields, SESSION, Service, cookie, field, slo_url};

pub fn routes() -> Router<Service> {
    Router::new().route("/logout", post(start)).route("/saml/slo/{tenant}", get(by_redirect).post(by_post))
}

/// The session here ends first, whatever becomes of the messages. Then the browser asks the identity provider, if that has single logout.
async fn start(service: State<Service>, jar: SignedCookieJar) -> Result<Response, Refusal> {
    let session = service.sessions.end(&jar).and_then(|session| session.at_idp);
    let jar = jar.remove(cookie(SESSION, String::new(), SameSite::Lax));
    let tenant = session.as_ref().and_then(|session| service.tenants.by_entity_id(session.issuer()));
    let idp = tenant.as_ref().map(|tenant| &tenant.verifier().identity_providers()[0]);
    let idp = idp.filter(|idp| idp.slo_redirect_url().or(idp.slo_post_url()).is_some());
    let (Some(idp), Some(session)) = (idp, &session) else { return Ok((jar, Redirect::to("/")).into_response()) };
    let sent = OutgoingRequest::new(&service.sp, idp, session, &service.signing_key);
    let sent = sent.and_then(|request| request.by_preferred_binding(SystemTime::now()));
    let (sent, pending) = sent.map_err(|error| Refusal::from(error).of_logout())?;
    Ok((jar.add(cookie(LOGOUT, pending.to_compact(), SameSite::None)), carried(&sent)).into_response())
}

type Received = (State<Service>, SignedCookieJar, Path<String>);

async fn by_redirect(to: Received, RawQuery(query): RawQuery, fields: Query<Fields>) -> Result<Response, Refusal> {
    receive(to, Delivered::Redirect(&query.unwrap_or_default()), &fields).await.map_err(Refusal::of_logout)
}

async fn by_post(to: Received, fields: Form<Fields>) -> Result<Response, Refusal> {
    receive(to, posted(&fields), &fields).await.map_err(Refusal::of_logout)
}

/// The message in a form: a request, or the answer to one.
pub fn posted(fields: &Fields) -> Delivered<'_> {
    Delivered::Post(field(fields, "SAMLResponse").or(field(fields, "SAMLRequest")).unwrap_or_default())
}

async fn receive((service, jar, tenant): Received, message: Delivered<'_>, fields: &Fields) -> Result<Response, Refusal> {
    let connection = service.tenants.get(&*tenant).ok_or_else(|| Refusal::unknown_tenant(&tenant))?;
    let (idp, now) = (&connection.verifier().identity_providers()[0], SystemTime::now());
    let verifier = LogoutVerifier::new(&service.sp, idp.clone(), slo_url(&service.sp, &tenant))?;
    if fields.contains_key("SAMLResponse") {
        let pending = jar.get(LOGOUT).and_then(|cookie| cookie.value().parse::<PendingLogout>().ok());
        let pending = pending.ok_or_else(|| Refusal::new(400, "no_logout_pending", "this browser did not start one"))?;
        let answer = verifier.verify_response(message, pending.expect(idp.entity_id(), now)?, now)?;
        let body = if answer.is_partial() { PARTIAL } else { COMPLETE };
        return Ok((jar.remove(cookie(LOGOUT, String::new(), SameSite::None)), page("Logged out", body)).into_response());
    }
    let request = verifier.verify_request(message, now)?.claim_async(&service.used).await?;
    service.sessions.end_all(&request);
    let answer = OutgoingResponse::new(&service.sp, idp, &request, &service.signing_key)?;
    Ok(carried(&answer.relay_state(field(fields, "RelayState").unwrap_or_default()).by_preferred_binding(now)?))
}

/// Like the other two. Their values do not look alike.
const LOGOUT: &str = "__Host-saml-logout";
const COMPLETE: &str = "<p>You are logged out, here and at your employer.</p><a href=\"/\">Log in again</a>";
const PARTIAL: &str =
    "<p>You are logged out here, but not everywhere. Close the browser to be sure.</p><a href=\"/\">Log in again</a>";
