//! A service that takes SAML logins: `cargo run`, and open <http://localhost:3000>.
//!
//! Without options it brings a test identity provider along. With `--tenant` it takes logins of real ones.

mod idp;
mod logout;
mod page;
mod service;
mod session;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::map_response;
use axum::routing::get;
use axum_extra::extract::cookie::Key;
use clap::Parser;
use redis::Client;
use saml_verify::metadata::{MetadataReader, SpMetadata, Vouched};
use saml_verify::{AsyncRedisReplayStore, AsyncReplayStore, InProcessReplayStore, ServiceProvider, SigningKey, Verifier};
use tokio::net::TcpListener;

use service::{Service, connect};
use session::Sessions;

/// A service that takes SAML logins
#[derive(Parser)]
struct Options {
    /// Where the service listens
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// The URL under which browsers reach it
    #[arg(long, default_value = "http://localhost:3000")]
    base_url: String,
    /// Takes the logins of a tenant: NAME=METADATA, a file that you vouch for, or NAME=CERTIFICATE,ENTITY-ID,SSO-URL [repeatable]
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
        Some(url) => Arc::new(AsyncRedisReplayStore::new(Client::open(url.as_str())?.get_connection_manager().await?)),
        None => Arc::new(InProcessReplayStore::default()),
    };
    let key = options.cookie_secret.as_ref().map_or_else(|| Ok(Key::generate()), |secret| Key::try_from(secret.as_bytes()))?;
    let signing_key = SigningKey::from_pem(options.signing_key.map_or_else(|| Ok(idp::SP_KEY.to_vec()), std::fs::read)?)?;
    let service = Service { sp, tenants: Arc::default(), used, key, sessions: Sessions::default(), signing_key };

    for tenant in &options.tenant {
        let (name, rest) = tenant.split_once('=').ok_or("--tenant: NAME=…")?;
        let (file, idp) = rest.split_once(',').unwrap_or((rest, ""));
        let file = std::fs::read(file)?;
        if let Some((entity_id, sso_url)) = idp.rsplit_once(',') {
            connect(&service, name, entity_id, sso_url, &file)?;
        } else {
            let metadata = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(&file, SystemTime::now())?;
            service.tenants.insert(name.to_owned(), Verifier::new(service.sp.clone(), metadata.identity_provider()?))?;
        }
    }
    if service.tenants.is_empty() {
        let base_url = format!("http://{}", options.test_idp);
        for tenant in idp::TENANTS {
            let url = format!("{base_url}/{tenant}");
            service.tenants.insert(tenant.to_owned(), Verifier::new(service.sp.clone(), idp::connection(&url, tenant)?))?;
        }
        tracing::warn!("a test identity provider, which believes every name, listens on {base_url}");
        let routes = idp::routes(base_url, &service)?;
        tokio::spawn(axum::serve(TcpListener::bind(options.test_idp).await?, routes).into_future());
    }
    let metadata = ([(CONTENT_TYPE, "application/samlmetadata+xml")], SpMetadata::new(&service.sp)?.to_xml());
    let pages = Router::new()
        .route("/", get(page::home))
        .route("/style.css", get(page::style))
        .route("/saml/metadata", get(async || metadata));
    let pages = pages.with_state(service.clone()).merge(logout::routes(service.clone()));
    let routes = pages.merge(service::routes(service)).layer(map_response(page::headers));
    tracing::info!("open {}", options.base_url);
    Ok(axum::serve(TcpListener::bind(options.listen).await?, routes).await?)
}
