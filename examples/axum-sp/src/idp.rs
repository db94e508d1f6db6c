//! FOR TESTS ONLY: an identity provider that believes whatever name is typed. Everybody knows its key.
//!
//! It stands in for Auth0 and its like, so that the example runs on its own: a service that goes into production has none of this
//! file, nor the feature `test-idp`. Its login page also sends what a service must refuse.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Form, Path, RawQuery, State};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, middleware::map_response, routing::get};
use saml_verify::test_idp::{Fault, TestIdp, TestRequest};
use saml_verify::{RelayState, ServiceProvider};
use serde::Deserialize;

use crate::page::{Refusal, escape, headers, page, style};

pub const TENANTS: [&str; 2] = ["acme", "globex"];

/// The entity ID of each tenant is also the URL of its login page.
pub fn routes(base_url: String, sp: ServiceProvider) -> Router {
    let routes = Router::new().route("/style.css", get(style)).route("/{tenant}", get(login_page).post(answer));
    routes.layer(map_response(headers)).with_state(Arc::new((base_url, sp)))
}

/// Its own URL, and the one service that it knows.
type Known = Arc<(String, ServiceProvider)>;

#[derive(Deserialize)]
struct Login {
    /// The query with which the browser came; empty for a login that starts here.
    query: String,
    user: String,
    fault: String,
}

async fn login_page(Path(tenant): Path<String>, RawQuery(query): RawQuery) -> Html<String> {
    let query = query.unwrap_or_default();
    let started = if query.is_empty() { "Nobody asked for this login: it starts here." } else { "The service asks who you are." };
    let faults: String = Fault::ALL.iter().map(|fault| format!("<option value=\"{0}\">{0}</option>", fault.code())).collect();
    let (tenant, query) = (escape(&tenant), escape(&query));
    page(
        &format!("Test identity provider: {tenant}"),
        &format!(
            "<p class=\"note\">For tests only. It believes whatever you type.</p><p>{started}</p>\
             <form method=\"post\"><input type=\"hidden\" name=\"query\" value=\"{query}\">\
             <label>User<input name=\"user\" value=\"ada@example.com\" required autofocus></label>\
             <label>Answer<select name=\"fault\"><option value=\"\">as it should be</option>{faults}</select></label>\
             <button>Log in</button></form>"
        ),
    )
}

/// Whoever asks gets an answer. A real one sends it only to URLs that it was told before.
async fn answer(idp: State<Known>, Path(tenant): Path<String>, Form(login): Form<Login>) -> Result<Response, Refusal> {
    let ((base_url, sp), now) = (&**idp, SystemTime::now());
    let (idp, random) = (TestIdp::new(&format!("{base_url}/{tenant}")), RelayState::mint()?);
    let query = Some(login.query.as_str()).filter(|query| !query.is_empty());
    let request = query.map(TestRequest::from_query).transpose()?;
    let unasked = || idp.response(sp.entity_id(), &sp.acs_urls()[0], now);
    // It is started again while its answers are still remembered, so they are not numbered.
    let id = format!("_{}", random.as_str());
    let response = request.as_ref().map_or_else(unasked, |request| idp.answer(request, now));
    let response = response.assertion_id(&id).name_id(login.user.as_str());
    let page = Fault::of_code(&login.fault).map_or(response.clone(), |fault| response.broken(fault)).to_page();
    Ok((page.headers(), page.html().to_owned()).into_response())
}
