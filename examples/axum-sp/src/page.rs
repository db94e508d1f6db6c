//! What the browser sees: pages, the one sentence of every refusal, and headers. The log gets the reasons.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum_extra::extract::SignedCookieJar;
use saml_verify::logout::{self, Outgoing};
use saml_verify::time::format_rfc3339;
use saml_verify::{Error, RelayState, ServiceError};

use crate::service::Service;

/// Why there is no login or no logout, for the log alone; the browser gets the sentence.
pub struct Refusal {
    status: u16,
    pub code: &'static str,
    detail: String,
    sentence: &'static str,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), sentence: Error::FOR_USER }
    }

    pub fn unknown_tenant(tenant: &str) -> Self {
        Self::new(404, "unknown_tenant", format!("there is no tenant {tenant:?}"))
    }

    pub fn of_logout(self) -> Self {
        Self { sentence: logout::FOR_USER, ..self }
    }
}

impl<E: Into<ServiceError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        let error = error.into();
        Self::new(error.http_status(), error.code(), error.for_log())
    }
}

impl IntoResponse for Refusal {
    /// The same page for every cause. The reference number leads from it to the line in the log.
    fn into_response(self) -> Response {
        let reference = RelayState::mint().map_or_else(|error| error.to_string(), |token| token.as_str()[..8].to_owned());
        tracing::warn!(reference, code = self.code, "refused: {}", self.detail);
        let sentence = self.sentence;
        let body = format!("<p>{sentence}</p><p>Reference: <code>{reference}</code></p><a href=\"/\">Start again</a>");
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, page("Refused", &body)).into_response()
    }
}

pub async fn home(service: State<Service>, jar: SignedCookieJar) -> Html<String> {
    let Some(session) = service.sessions.of(&jar) else {
        let tenants: BTreeSet<String> = service.tenants.connections().iter().map(|one| escape(one.key())).collect();
        let links: String = tenants.iter().map(|name| format!("<a class=\"button\" href=\"/login/{name}\">{name}</a>")).collect();
        return page("Log in", &format!("<p>Who is your employer?</p>{links}"));
    };
    let until = format_rfc3339(session.until)[..16].replace('T', " ");
    let (user, tenant) = (escape(&session.user.value), escape(&session.tenant));
    let who = format!("You are <b id=\"user\">{user}</b> of <b id=\"tenant\">{tenant}</b>. The session ends at {until} UTC.");
    page("Logged in", &format!("<p>{who}</p><form method=\"post\" action=\"/logout\"><button>Log out</button></form>"))
}

pub fn page(title: &str, body: &str) -> Html<String> {
    let style = "<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/style.css\">";
    let head = format!("<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>{style}");
    Html(format!("{head}<main><h1>{title}</h1>{body}</main></html>"))
}

/// A message of logout on its way.
pub fn carried(message: &Outgoing) -> Response {
    (message.headers(), message.html().into_owned()).into_response()
}

/// No cache keeps a page, no script runs in it, and no other site frames it. A page that brings a policy of its own keeps that.
pub async fn headers(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// For text and for attribute values in double quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
