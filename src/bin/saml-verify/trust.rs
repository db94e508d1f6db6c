//! Whom `verify` and `verify-logout` trust: certificates and an entity ID, or metadata.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use saml_verify::{IdentityProvider, TrustedKeys};

use crate::certificate::read_files;
use crate::exit::Failure;
use crate::input::{Source, is_standard_input};
use crate::metadata;
use crate::terminal::diagnose;

/// The options that name the identity provider.
#[derive(Args)]
pub(crate) struct Trust {
    /// Trusted certificate: PEM, DER or bare base64; repeatable, and a file may hold several
    #[arg(long, value_name = "FILE", required_unless_present = "idp_metadata")]
    idp_cert: Vec<PathBuf>,
    /// Entity ID of the identity provider: the Issuer, compared exactly. With --idp-metadata it chooses among several
    #[arg(long, value_name = "ID", required_unless_present = "idp_metadata")]
    idp_entity_id: Option<String>,
    /// Metadata document of the identity provider, in place of its certificate and its entity ID; you vouch for it
    #[arg(long, value_name = "FILE", conflicts_with = "idp_cert")]
    idp_metadata: Option<PathBuf>,
}

impl Trust {
    /// The identity provider; `source` is the message, which is not read from the same standard input.
    ///
    /// # Errors
    ///
    /// [`Failure`] for files and values that are none.
    pub(crate) fn identity_provider(&self, source: &Source, now: SystemTime) -> Result<IdentityProvider, Failure> {
        let Some(file) = &self.idp_metadata else {
            let entity_id = self.idp_entity_id.as_deref().unwrap_or_default();
            return IdentityProvider::new(entity_id, self.keys(source)?)
                .map_err(|error| Failure::configuration("--idp-entity-id", &error));
        };
        if source.is_standard_input() && is_standard_input(file) {
            return Err(Failure::usage("--idp-metadata: standard input is the metadata or the message, not both"));
        }
        let metadata = metadata::read_vouched(file, self.idp_entity_id.as_deref(), now)?;
        for warning in metadata.warnings() {
            diagnose(&format!("note: {}: {warning}", file.display()));
        }
        metadata.identity_provider().map_err(|error| Failure::configuration("--idp-metadata", &error))
    }

    fn keys(&self, source: &Source) -> Result<TrustedKeys, Failure> {
        if source.is_standard_input() && self.idp_cert.iter().any(|file| is_standard_input(file)) {
            return Err(Failure::usage("--idp-cert: standard input is the certificate or the message, not both"));
        }
        read_files("--idp-cert", &self.idp_cert)
    }
}
