//! `auth0-settings`: what the administrator of an Auth0 tenant enters for a service.

use clap::Args;
use saml_verify::{ConfigError, ServiceProvider};
use serde::Serialize;

use crate::exit::{Failure, Outcome};
use crate::terminal::{print_bytes, print_json};

/// Print the settings of Auth0's SAML2 Web App addon for a service, and the callback URL to allow
///
/// The JSON goes into Applications, the application, Addons, SAML2 Web App, Settings.
#[derive(Args)]
pub(crate) struct Options {
    /// Our entity ID: the audience
    #[arg(long, value_name = "ID")]
    sp_entity_id: String,
    /// URL of our assertion consumer service: Recipient and Destination
    #[arg(long, value_name = "URL")]
    acs_url: String,
    /// URL of our single logout service; the same rules as for the assertion consumer service
    #[arg(long, value_name = "URL")]
    slo_url: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    settings: Settings<'a>,
    application_callback_url: &'a str,
    allowed_callback_urls: [&'a str; 1],
}

/// What is pasted into the addon, under the names that it knows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    audience: &'a str,
    recipient: &'a str,
    destination: &'a str,
    signature_algorithm: &'static str,
    digest_algorithm: &'static str,
    /// Otherwise the login of a social user carries an access token.
    map_identities: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    logout: Option<Logout<'a>>,
}

#[derive(Serialize)]
struct Logout<'a> {
    callback: &'a str,
    slo_enabled: bool,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    options.check()?;
    let settings = options.settings();
    if options.json {
        let (url, urls) = (options.acs_url.as_str(), [options.acs_url.as_str()]);
        print_json(&Json { settings, application_callback_url: url, allowed_callback_urls: urls })?;
    } else {
        let settings = serde_json::to_string_pretty(&settings).map_err(Failure::unwritable)?;
        let text = format!(
            "Applications, the application, Addons, SAML2 Web App, Settings:\n\n{settings}\n\n\
             In the same place, Application Callback URL:\n\n  {url}\n\n\
             Applications, the application, Settings, Allowed Callback URLs must list:\n\n  {url}\n",
            url = options.acs_url
        );
        print_bytes(text.as_bytes())?;
    }
    Ok(Outcome::Done)
}

impl Options {
    /// That the service would take these values itself.
    fn check(&self) -> Result<(), Failure> {
        let check = |url: &str, option| {
            let provider = ServiceProvider::new(&self.sp_entity_id, url);
            provider.map(|_| ()).map_err(|error| match &error {
                ConfigError::InvalidAcsUrl { .. } => Failure::configuration(option, &error),
                _ => Failure::configuration("--sp-entity-id", &error),
            })
        };
        check(&self.acs_url, "--acs-url")?;
        self.slo_url.as_deref().map_or(Ok(()), |url| check(url, "--slo-url"))
    }

    fn settings(&self) -> Settings<'_> {
        Settings {
            audience: &self.sp_entity_id,
            recipient: &self.acs_url,
            destination: &self.acs_url,
            signature_algorithm: "rsa-sha256",
            digest_algorithm: "sha256",
            map_identities: false,
            logout: self.slo_url.as_deref().map(|callback| Logout { callback, slo_enabled: true }),
        }
    }
}
