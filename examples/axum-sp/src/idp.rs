//! FOR TESTS ONLY: an identity provider that believes whatever name is typed. Everybody knows its key.
//!
//! It stands in for Auth0 and its like, so that the example runs on its own: a service that goes into production has none of this
//! file, nor the feature `test-idp`. Its login page also sends what a service must refuse.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, http::header::CONTENT_TYPE, middleware::map_response, routing::get};
use saml_verify::logout::Delivered;
use saml_verify::test_idp::{Fault, TestIdp, TestLogout, TestRequest};
use saml_verify::{ConfigError, IdentityProvider, RelayState, ServiceProvider, TrustedKeys, Verifier};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::logout::posted;
use crate::page::{Refusal, carried, escape, headers, page};
use crate::service::{Fields, Service, field, slo_url};

/// The first wants messages of logout by redirect, the second by POST.
const TENANTS: [&str; 2] = ["acme", "globex"];
/// What the service signs with while it is tried out, and what is trusted here.
pub const SP_KEY: &[u8] = include_bytes!("../../../testdata/signing/rsa2048.pkcs8.pem");
const SP_CERTIFICATE: &[u8] = include_bytes!("../../../testdata/signing/rsa2048.cert.pem");

/// Listens, and is the identity provider of the service's only tenants.
pub async fn start(service: &Service, listen: SocketAddr) -> Result<(), Box<dyn Error>> {
    let base_url = format!("http://{listen}");
    for tenant in TENANTS {
        let idp = connection(&format!("{base_url}/{tenant}"), tenant)?;
        service.tenants.insert(tenant.to_owned(), Verifier::new(service.sp.clone(), idp))?;
    }
    tracing::warn!("a test identity provider, which believes every name, listens on {base_url}");
    tokio::spawn(axum::serve(TcpListener::bind(listen).await?, routes(base_url, service)?).into_future());
    Ok(())
}

/// The entity ID of each tenant is also the URL of its login page.
fn routes(base_url: String, service: &Service) -> Result<Router, Box<dyn Error>> {
    let style = ([(CONTENT_TYPE, "text/css")], concat!(include_str!("style.css"), include_str!("idp.css")));
    let routes = Router::new().route("/style.css", get(async || style)).route("/{tenant}", get(login_page).post(answer));
    let routes = routes.route("/{tenant}/logout", get(log_out).post(log_out_by_post)).layer(map_response(headers));
    let mut logouts = HashMap::new();
    for tenant in TENANTS {
        let url = format!("{base_url}/{tenant}");
        let sp = IdentityProvider::new(service.sp.entity_id(), TrustedKeys::from_pem(SP_CERTIFICATE)?)?;
        let sp = by_its_binding(tenant, sp, slo_url(&service.sp, tenant))?;
        logouts.insert(tenant, TestIdp::new(&url).single_logout(&format!("{url}/logout"), sp)?);
    }
    Ok(routes.with_state(Arc::new(Idp { base_url, sp: service.sp.clone(), logouts })))
}

/// A tenant as its administrator describes it to the service.
fn connection(url: &str, tenant: &str) -> Result<IdentityProvider, ConfigError> {
    let idp = IdentityProvider::new(url, TestIdp::new(url).trusted_keys())?.single_sign_on_url(url)?;
    by_its_binding(tenant, idp, format!("{url}/logout"))
}

fn by_its_binding(tenant: &str, to: IdentityProvider, slo_url: String) -> Result<IdentityProvider, ConfigError> {
    if tenant == TENANTS[0] { to.single_logout_url(slo_url) } else { to.single_logout_post_url(slo_url) }
}

/// Its own URL, the one service that it knows, and who is logged in there.
struct Idp {
    base_url: String,
    sp: ServiceProvider,
    logouts: HashMap<&'static str, TestLogout>,
}

type Known = State<Arc<Idp>>;

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
             <button>Log in</button></form><p><a href=\"/{tenant}/logout\">Log out everywhere</a></p>"
        ),
    )
}

/// Whoever asks gets an answer. A real one sends it only to URLs that it was told before.
async fn answer(idp: Known, Path(tenant): Path<String>, Form(login): Form<Login>) -> Result<Response, Refusal> {
    let (Idp { base_url, sp, logouts }, now) = (&**idp, SystemTime::now());
    let (idp, random) = (TestIdp::new(&format!("{base_url}/{tenant}")), RelayState::mint()?);
    let query = Some(login.query.as_str()).filter(|query| !query.is_empty());
    let request = query.map(TestRequest::from_query).transpose()?;
    let unasked = || idp.response(sp.entity_id(), &sp.acs_urls()[0], now);
    // It is started again while its answers are still remembered, so they are not numbered.
    let id = format!("_{}", random.as_str());
    let response = request.as_ref().map_or_else(unasked, |request| idp.answer(request, now));
    let response = response.assertion_id(&id).session_index(id.as_str()).name_id(login.user.as_str());
    if let Some(logout) = logouts.get(&*tenant) {
        logout.log_in(login.user.as_str(), id.as_str());
    }
    let page = Fault::of_code(&login.fault).map_or(response.clone(), |fault| response.broken(fault)).to_page();
    Ok((page.headers(), page.html().to_owned()).into_response())
}

/// Takes a message of the service. Without one, a logout starts here, with who logged in last.
async fn log_out(
    (idp, Path(tenant), RawQuery(query)): (Known, Path<String>, RawQuery),
    Query(fields): Query<Fields>,
) -> Result<Response, Refusal> {
    idp.log_out(&tenant, query.as_deref().map(Delivered::Redirect), &fields)
}

async fn log_out_by_post(idp: Known, Path(tenant): Path<String>, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    idp.log_out(&tenant, Some(posted(&fields)), &fields)
}

impl Idp {
    fn log_out(&self, tenant: &str, message: Option<Delivered<'_>>, fields: &Fields) -> Result<Response, Refusal> {
        let logout = self.logouts.get(tenant).ok_or_else(|| Refusal::unknown_tenant(tenant))?;
        let ask = || Ok(logout.ask(SystemTime::now()));
        let sent = message.map_or_else(ask, |message| {
            logout.receive(message, field(fields, "RelayState").unwrap_or_default(), SystemTime::now())
        })?;
        let done = || page("Logged out", "<p>Nobody is logged in here, nor at the service.</p>").into_response();
        Ok(sent.as_ref().map_or_else(done, carried))
    }
}
