//! `sp-metadata`: our own metadata document.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use saml_verify::metadata::{HTTP_POST, HTTP_REDIRECT, RequestedAttribute, SpMetadata};
use saml_verify::{ConfigError, ServiceProvider, SigningKey};

use crate::clock;
use crate::exit::{Failure, Outcome};
use crate::input::read;
use crate::terminal::print_bytes;

/// Print the metadata document of a service provider
///
/// The same options give the same octets. With `--signing-key` the document is signed.
#[derive(Args)]
pub(crate) struct Options {
    /// Our entity ID
    #[arg(long, value_name = "ID")]
    sp_entity_id: String,
    /// URL of our assertion consumer service; repeatable, the first is the default
    #[arg(long, value_name = "URL", required = true)]
    acs_url: Vec<String>,
    /// URL that takes logout messages
    #[arg(long, value_name = "URL")]
    slo_url: Option<String>,
    /// How logout messages come; repeatable. Both, unless said
    #[arg(long, value_enum, value_name = "BINDING", requires = "slo_url")]
    slo_binding: Vec<Binding>,
    /// Certificate of the key that signs our messages; repeatable
    #[arg(long, value_name = "FILE")]
    signing_cert: Vec<PathBuf>,
    /// Certificate for whose key assertions are encrypted; repeatable
    #[arg(long, value_name = "FILE")]
    encryption_cert: Vec<PathBuf>,
    /// Format of name identifiers; repeatable, the first is liked best
    #[arg(long, value_name = "URI")]
    name_id_format: Vec<String>,
    /// Name of an attribute to ask for; repeatable
    #[arg(long, value_name = "NAME")]
    attribute: Vec<String>,
    /// Name of an attribute without which the service does not work; repeatable
    #[arg(long, value_name = "NAME")]
    required_attribute: Vec<String>,
    /// What people call the service; goes with attributes
    #[arg(long, value_name = "NAME", default_value = "Service")]
    service_name: String,
    /// Say that our AuthnRequests are signed
    #[arg(long)]
    authn_requests_signed: bool,
    /// Ask for signed assertions
    #[arg(long)]
    want_assertions_signed: bool,
    /// End of the document's life
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    valid_until: Option<SystemTime>,
    /// For how long the document should be kept
    #[arg(long, value_name = "SECONDS")]
    cache_duration: Option<u64>,
    /// ID of the document
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Private key that signs the document: PKCS#8 or PKCS#1 PEM
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

/// What `--slo-binding` takes.
#[derive(Clone, Copy, ValueEnum)]
enum Binding {
    Redirect,
    Post,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let metadata = options.metadata()?;
    let xml = match &options.signing_key {
        None => metadata.to_xml(),
        Some(file) => metadata.to_signed_xml(&signing_key(file)?).map_err(of("--signing-key"))?,
    };
    print_bytes(format!("{xml}\n").as_bytes())?;
    Ok(Outcome::Done)
}

impl Options {
    fn metadata(&self) -> Result<SpMetadata, Failure> {
        let mut metadata = SpMetadata::new(&self.service_provider()?).map_err(of("--sp-entity-id"))?;
        if let Some(url) = &self.slo_url {
            for binding in self.slo_bindings() {
                metadata = metadata.single_logout(binding, url).map_err(of("--slo-url"))?;
            }
        }
        for file in &self.signing_cert {
            metadata = metadata
                .signing_certificate(content(file)?)
                .map_err(|error| Failure::configuration(&file.display().to_string(), &error))?;
        }
        for file in &self.encryption_cert {
            metadata = metadata
                .encryption_certificate(content(file)?)
                .map_err(|error| Failure::configuration(&file.display().to_string(), &error))?;
        }
        for format in &self.name_id_format {
            metadata = metadata.name_id_format(format).map_err(of("--name-id-format"))?;
        }
        let optional = self.attribute.iter().map(RequestedAttribute::new);
        let required = self.required_attribute.iter().map(|name| RequestedAttribute::new(name).required());
        let attributes: Vec<_> = required.chain(optional).collect();
        if !attributes.is_empty() {
            metadata = metadata.requested_attributes(&self.service_name, attributes).map_err(of("--attribute"))?;
        }
        if self.authn_requests_signed {
            metadata = metadata.authn_requests_signed(true);
        }
        if self.want_assertions_signed {
            metadata = metadata.want_assertions_signed(true);
        }
        if let Some(end) = self.valid_until {
            metadata = metadata.valid_until(end);
        }
        if let Some(seconds) = self.cache_duration {
            metadata = metadata.cache_duration(Duration::from_secs(seconds));
        }
        self.id.iter().try_fold(metadata, |metadata, id| metadata.id(id)).map_err(of("--id"))
    }

    fn service_provider(&self) -> Result<ServiceProvider, Failure> {
        let (first, more) = self.acs_url.split_first().ok_or_else(|| Failure::usage("--acs-url: no URL"))?;
        let wrong = |error: ConfigError| {
            let option = if matches!(error, ConfigError::InvalidAcsUrl { .. }) { "--acs-url" } else { "--sp-entity-id" };
            Failure::configuration(option, &error)
        };
        let sp = ServiceProvider::new(&self.sp_entity_id, first).map_err(wrong)?;
        more.iter().try_fold(sp, |sp, url| sp.also_accepting_acs_url(url)).map_err(wrong)
    }

    fn slo_bindings(&self) -> Vec<&'static str> {
        let uri = |binding: &Binding| match binding {
            Binding::Redirect => HTTP_REDIRECT,
            Binding::Post => HTTP_POST,
        };
        let said: &[Binding] = if self.slo_binding.is_empty() { &[Binding::Redirect, Binding::Post] } else { &self.slo_binding };
        said.iter().map(uri).collect()
    }
}

fn signing_key(file: &Path) -> Result<SigningKey, Failure> {
    let key = SigningKey::from_pem(content(file)?);
    key.map_err(|error| Failure::new(error.code(), format!("{}: {error}", file.display()), error.remedy()))
}

fn of(option: &'static str) -> impl Fn(ConfigError) -> Failure {
    move |error| Failure::configuration(option, &error)
}

fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let message = format!("{}: longer than {FILE_BYTES} bytes, so no key and no file of certificates", file.display());
    read(Some(file), FILE_BYTES)?.ok_or_else(|| Failure::new("file_too_long", message, "give the key or the certificate alone"))
}

/// Keys and certificates take some kilobytes.
const FILE_BYTES: u64 = 1 << 20;
