//! `authn-request`: a request for a login, as a service would send it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use saml_verify::{AuthnRequest, ConfigError, PendingRequest, RequestError, ServiceProvider, SigningKey, SigningKeyError};
use serde::Serialize;

use crate::clock;
use crate::exit::{Failure, Outcome};
use crate::input::read;
use crate::terminal::{Screen, Tone, print_bytes, print_json};

/// Build an AuthnRequest: the ID to remember, and the URL or the page that starts a login
///
/// Each run draws a fresh ID; `verify --in-response-to ID` takes the answer. Nothing is sent.
#[derive(Args)]
pub(crate) struct Options {
    /// Where the identity provider takes requests; in Auth0 the SAML Protocol URL. Its query is kept
    #[arg(long, value_name = "URL")]
    idp_sso_url: String,
    /// Our entity ID: the Issuer
    #[arg(long, value_name = "ID")]
    sp_entity_id: String,
    /// URL of our assertion consumer service, where the answer is to be posted
    #[arg(long, value_name = "URL")]
    acs_url: String,
    /// What comes back with the answer, at most 80 bytes
    #[arg(long, value_name = "TEXT")]
    relay_state: Option<String>,
    /// Sign with this private key: PEM of RSA (the only kind that Auth0 verifies), P-256, P-384 or Ed25519
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// How the request travels
    #[arg(long, value_enum, value_name = "BINDING", default_value_t = Binding::Redirect)]
    binding: Binding,
    /// Ask for a fresh authentication
    #[arg(long)]
    force_authn: bool,
    /// What the login page's field starts with, as the parameter login_hint
    #[arg(long, value_name = "NAME")]
    login_hint: Option<String>,
    /// Issue the request at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `--binding` takes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Binding {
    /// A URL to redirect the browser to
    Redirect,
    /// A page that posts itself
    Post,
}

/// The object that `--json` prints. Of `url` and `html` one is there.
#[derive(Serialize)]
struct Json<'a> {
    id: &'a str,
    binding: &'static str,
    relay_state: Option<&'a str>,
    signed_with: Option<String>,
    url: Option<&'a str>,
    html: Option<&'a str>,
    content_security_policy: Option<&'a str>,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let sp = ServiceProvider::new(&options.sp_entity_id, &options.acs_url).map_err(|error| misconfigured(&error))?;
    let key = options.signing_key.as_deref().map(read_key).transpose()?;
    // Whose entity ID is not asked for: it stands in no request.
    let request = AuthnRequest::to_url(&sp, &options.idp_sso_url, &options.idp_sso_url).map_err(|error| misconfigured(&error))?;
    let request = options.ask(request, key.as_ref());
    let now = options.now.unwrap_or_else(SystemTime::now);
    match options.binding {
        Binding::Redirect => {
            let login = request.redirect(now).map_err(|error| unsendable(&error))?;
            show(options.json, key.as_ref(), Sent::of(&login.pending), Shown::Url(&login.url))?;
        }
        Binding::Post => {
            let login = request.post(now).map_err(|error| unsendable(&error))?;
            let page = Shown::Page { html: login.page.html(), policy: login.page.content_security_policy() };
            show(options.json, key.as_ref(), Sent::of(&login.pending), page)?;
        }
    }
    Ok(Outcome::Done)
}

/// What goes to the browser.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    Url(&'a str),
    Page { html: &'a str, policy: &'a str },
}

impl Options {
    fn ask<'a>(&'a self, mut request: AuthnRequest<'a>, key: Option<&'a SigningKey>) -> AuthnRequest<'a> {
        if let Some(key) = key {
            request = request.sign_with(key);
        }
        if let Some(state) = &self.relay_state {
            request = request.relay_state(state);
        }
        if let Some(hint) = &self.login_hint {
            request = request.login_hint(hint);
        }
        if self.force_authn { request.force_authn() } else { request }
    }
}

/// A request that was built: what is remembered of it.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) id: &'a str,
    pub(crate) relay_state: Option<&'a str>,
}

impl<'a> Sent<'a> {
    fn of(pending: &'a PendingRequest) -> Self {
        Self { id: pending.id(), relay_state: pending.relay_state() }
    }
}

/// Shows what is sent, and what is to be remembered.
pub(crate) fn show(json: bool, key: Option<&SigningKey>, sent: Sent<'_>, shown: Shown<'_>) -> Result<(), Failure> {
    let signed_with = key.map(|key| key.key_type().to_string());
    if json {
        let (url, html, policy) = match shown {
            Shown::Url(url) => (Some(url), None, None),
            Shown::Page { html, policy } => (None, Some(html), Some(policy)),
        };
        return print_json(&Json {
            id: sent.id,
            binding: if url.is_some() { "redirect" } else { "post" },
            relay_state: sent.relay_state,
            signed_with,
            url,
            html,
            content_security_policy: policy,
        });
    }
    let mut screen = Screen::new();
    screen.field("ID", sent.id);
    screen.field("signed with", signed_with.as_deref().unwrap_or("nothing: give --signing-key where signatures are wanted"));
    match shown {
        Shown::Url(url) => {
            screen.field("URL", url);
            screen.print()
        }
        Shown::Page { html, policy } => {
            screen.field("policy", policy);
            screen.line(Tone::Plain, "");
            screen.print()?;
            print_bytes(html.as_bytes())
        }
    }
}

pub(crate) fn read_key(file: &Path) -> Result<SigningKey, Failure> {
    let pem = key_file(file)?;
    let refused = |error: SigningKeyError| Failure::new(error.code(), format!("{}: {error}", file.display()), error.remedy());
    SigningKey::from_pem(pem).map_err(refused)
}

/// A file that may hold a private key.
pub(crate) fn key_file(file: &Path) -> Result<Vec<u8>, Failure> {
    let message = format!("{}: longer than {FILE_BYTES} bytes, so no private key", file.display());
    let too_long = || Failure::new("signing_key_file_too_long", message, "give the service provider's private key alone");
    read(Some(file), FILE_BYTES)?.ok_or_else(too_long)
}

fn misconfigured(error: &ConfigError) -> Failure {
    let option = match error {
        ConfigError::InvalidAcsUrl { .. } => "--acs-url",
        ConfigError::InvalidSsoUrl { .. } => "--idp-sso-url",
        _ => "--sp-entity-id",
    };
    Failure::configuration(option, error)
}

fn unsendable(error: &RequestError) -> Failure {
    let message = match error {
        RequestError::InvalidValue { name: "RelayState", reason } => format!("--relay-state: {reason}"),
        RequestError::InvalidValue { name: "login_hint", reason } => format!("--login-hint: {reason}"),
        error => error.to_string(),
    };
    Failure::new(error.code(), message, error.remedy())
}

/// A key of 4,096 bits with a certificate beside it takes less than 8 kB.
const FILE_BYTES: u64 = 1 << 16;
