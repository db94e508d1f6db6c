//! A service that takes SAML logins: `cargo run`, and open <http://localhost:3000>.
//!
//! Without options it brings a test identity provider along. With `--tenant` it takes logins of real ones.

mod idp;
mod logout;
mod page;
mod service;
mod session;

use std::{error::Error, net::SocketAddr, path::PathBuf, sync::Arc};

use axum::{Router, http::header::CONTENT_TYPE, middleware::map_response, routing::get};
use axum_extra::extract::cookie::Key;
use clap::Parser;
use saml_verify::metadata::SpMetadata;
use saml_verify::{AsyncRedisReplayStore, AsyncReplayStore, InProcessReplayStore, ServiceProvider, SigningKey};

use service::{Service, connect};

/// A service that takes SAML logins
#[derive(Parser)]
struct Options {
    /// Where the service listens
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// The URL under which browsers reach it
    #[arg(long, default_value = "http://localhost:3000")]
    base_url: String,
    /// Takes the logins of a tenant: NAME=METADATA, a file that you vouch for [repeatable]
    #[arg(long, requires = "signing_key")]
    tenant: Vec<String>,
    /// Signs messages of logout: PEM of a private key, whose certificate the identity providers have
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Where the test identity provider listens, which is there unless a tenant is given
    #[arg(long, default_value = "127.0.0.1:3001")]
    test_idp: SocketAddr,
    /// Remembers used assertions in Redis, which several machines can share; in memory if not given
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// At least 64 random characters that sign the cookies, the same on every machine; fresh ones if not given
    #[arg(long, env, hide_env_values = true)]
    cookie_secret: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    let sp = ServiceProvider::new(format!("{}/saml/metadata", options.base_url), format!("{}/saml/acs", options.base_url))?;
    let used: Arc<dyn AsyncReplayStore> = match &options.redis {
        Some(url) => Arc::new(AsyncRedisReplayStore::new(redis::Client::open(url.as_str())?.get_connection_manager().await?)),
        None => Arc::new(InProcessReplayStore::default()),
    };
    let key = options.cookie_secret.as_ref().map_or_else(|| Ok(Key::generate()), |secret| Key::try_from(secret.as_bytes()))?;
    let signing_key = SigningKey::from_pem(options.signing_key.map_or_else(|| Ok(idp::SP_KEY.to_vec()), std::fs::read)?)?;
    let service = Service { sp, tenants: Arc::default(), used, key, sessions: session::Sessions::default(), signing_key };

    for tenant in &options.tenant {
        let (name, file) = tenant.split_once('=').ok_or("--tenant: NAME=METADATA")?;
        connect(&service, name, &std::fs::read(file)?)?;
    }
    if service.tenants.is_empty() {
        idp::start(&service, options.test_idp).await?;
    }
    let metadata = ([(CONTENT_TYPE, "application/samlmetadata+xml")], SpMetadata::new(&service.sp)?.to_xml());
    let style = ([(CONTENT_TYPE, "text/css")], include_str!("style.css"));
    let files = Router::new().route("/saml/metadata", get(async || metadata)).route("/style.css", get(async || style));
    let routes = files.route("/", get(page::home)).merge(service::routes()).merge(logout::routes()).with_state(service);
    tracing::info!("open {}", options.base_url);
    Ok(axum::serve(tokio::net::TcpListener::bind(options.listen).await?, routes.layer(map_response(page::headers))).await?)
}
