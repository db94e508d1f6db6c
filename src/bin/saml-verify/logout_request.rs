//! `logout-request`: a request for a logout, as a service would send it.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use saml_verify::logout::{OutgoingRequest, Session};
use saml_verify::{ConfigError, NameId, RequestError, ServiceProvider};

use crate::authn_request::{Binding, Sent, Shown, read_key, show};
use crate::clock;
use crate::exit::{Failure, Outcome};

/// Build a LogoutRequest: the ID to remember, and the URL or the page that logs the user out
///
/// It names the user and the session as the login did, which `verify --json` prints. Each run draws a fresh ID;
/// `verify-logout --in-response-to ID` takes the answer. Nothing is sent.
#[derive(Args)]
pub(crate) struct Options {
    /// Where the identity provider takes messages of logout; in Auth0 the SAML Protocol URL and /logout. Its query is kept
    #[arg(long, value_name = "URL")]
    idp_slo_url: String,
    /// Our entity ID: the Issuer
    #[arg(long, value_name = "ID")]
    sp_entity_id: String,
    /// The name of the user: `name_id` of the login
    #[arg(long, value_name = "TEXT")]
    name_id: String,
    /// Format of the name: `name_id_format` of the login
    #[arg(long, value_name = "URI")]
    name_id_format: Option<String>,
    /// NameQualifier of the name
    #[arg(long, value_name = "TEXT")]
    name_qualifier: Option<String>,
    /// SPNameQualifier of the name
    #[arg(long, value_name = "TEXT")]
    sp_name_qualifier: Option<String>,
    /// SPProvidedID of the name
    #[arg(long, value_name = "TEXT")]
    sp_provided_id: Option<String>,
    /// The session: `session_index` of the login. Auth0 finds none without it
    #[arg(long, value_name = "ID")]
    session_index: Option<String>,
    /// What comes back with the answer, at most 80 bytes
    #[arg(long, value_name = "TEXT")]
    relay_state: Option<String>,
    /// Sign with this private key: PEM of RSA (the only kind that Auth0 verifies), P-256, P-384 or Ed25519
    #[arg(long, value_name = "FILE")]
    signing_key: PathBuf,
    /// How the request travels
    #[arg(long, value_enum, value_name = "BINDING", default_value_t = Binding::Redirect)]
    binding: Binding,
    /// Issue the request at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    // No message of logout names an assertion consumer service.
    let sp = ServiceProvider::new(&options.sp_entity_id, "https://localhost/");
    let sp = sp.map_err(|error| Failure::configuration("--sp-entity-id", &error))?;
    let key = read_key(&options.signing_key)?;
    // Whose entity ID is not asked for: it stands in no request.
    let session = Session::new(&options.idp_slo_url, options.name(), options.session_index.clone());
    let refused = |error: ConfigError| Failure::configuration("--idp-slo-url", &error);
    let mut request = OutgoingRequest::to_url(&sp, &options.idp_slo_url, &session, &key).map_err(refused)?;
    if let Some(state) = &options.relay_state {
        request = request.relay_state(state);
    }
    let now = options.now.unwrap_or_else(SystemTime::now);
    match options.binding {
        Binding::Redirect => {
            let logout = request.redirect(now).map_err(|error| unsendable(&error))?;
            let sent = Sent { id: logout.pending.id(), relay_state: logout.pending.relay_state() };
            show(options.json, Some(&key), sent, Shown::Url(&logout.url))?;
        }
        Binding::Post => {
            let logout = request.post(now).map_err(|error| unsendable(&error))?;
            let sent = Sent { id: logout.pending.id(), relay_state: logout.pending.relay_state() };
            let page = Shown::Page { html: logout.page.html(), policy: logout.page.content_security_policy() };
            show(options.json, Some(&key), sent, page)?;
        }
    }
    Ok(Outcome::Done)
}

impl Options {
    fn name(&self) -> NameId {
        let name = NameId::new(&self.name_id);
        let name = self.name_id_format.iter().fold(name, |name, value| name.with_format(value));
        let name = self.name_qualifier.iter().fold(name, |name, value| name.with_name_qualifier(value));
        let name = self.sp_name_qualifier.iter().fold(name, |name, value| name.with_sp_name_qualifier(value));
        self.sp_provided_id.iter().fold(name, |name, value| name.with_sp_provided_id(value))
    }
}

fn unsendable(error: &RequestError) -> Failure {
    let message = match error {
        RequestError::InvalidValue { name: "RelayState", reason } => format!("--relay-state: {reason}"),
        RequestError::InvalidValue { name: "NameID", reason } => format!("--name-id: {reason}"),
        RequestError::InvalidValue { name: "SessionIndex", reason } => format!("--session-index: {reason}"),
        error => error.to_string(),
    };
    Failure::new(error.code(), message, error.remedy())
}
