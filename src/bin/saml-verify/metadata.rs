//! `metadata`: what an identity provider's metadata document configures. Also the reader of `verify --idp-metadata`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use saml_verify::metadata::{Endpoint, IdpMetadata, MetadataError, MetadataReader, MetadataWarning, OfferedAttribute, Vouched};
use saml_verify::time::format_rfc3339;
use saml_verify::{Certificate, Departure, Limits, TrustedKey, TrustedKeys};
use serde::Serialize;

use crate::certificate::read_files;
use crate::clock::{self, relative};
use crate::exit::{Failure, Outcome};
use crate::input::read;
use crate::login::Caution;
use crate::refusal::{Refusal, Values};
use crate::terminal::{Screen, Tone, print_json};

/// Show what an identity provider's metadata document configures, with warnings
///
/// Without `--pinned-key` you vouch for the file: nothing in it is verified. With it, the document must be signed with that key, and
/// nothing outside the signature is read.
#[derive(Args)]
#[command(after_help = crate::EXIT_CODES)]
pub(crate) struct Options {
    /// The document; `-` or nothing: standard input
    file: Option<PathBuf>,
    /// The entity to show, where the document describes several
    #[arg(long, value_name = "ID")]
    entity_id: Option<String>,
    /// Certificate whose key must have signed the document; repeatable
    #[arg(long, value_name = "FILE", visible_alias = "cert")]
    pinned_key: Vec<PathBuf>,
    /// Allow one departure from the rules for the signature of the document, such as sha1-signature; repeatable
    #[arg(long, value_name = "NAME", requires = "pinned_key")]
    allow: Vec<Departure>,
    /// Refuse a document without validUntil
    #[arg(long)]
    require_valid_until: bool,
    /// Judge at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let now = options.now.unwrap_or_else(SystemTime::now);
    let keys = options.pinned()?;
    let vouched = keys.as_ref().map_or(Vouched::ByAuthenticatedChannel, Vouched::ByPinnedKeys);
    let reader = options.allow.iter().fold(reader(vouched, options.entity_id.as_deref()), |reader, one| reader.allow(*one));
    let reader = if options.require_valid_until { reader.require_valid_until() } else { reader };
    let read = reader.read_idp(&document(options.file.as_deref())?, now);
    match (&read, options.json) {
        (Ok(metadata), true) => print_json(&Json::new(metadata))?,
        (Ok(metadata), false) => show(metadata, now)?,
        (Err(error), true) => print_json(&Refusal::from(error).json(&[], None::<()>))?,
        (Err(error), false) => {
            let mut screen = Screen::new();
            Refusal::from(error).show(&mut screen);
            screen.print()?;
        }
    }
    Ok(if read.is_ok() { Outcome::Done } else { Outcome::Refused })
}

impl Options {
    fn pinned(&self) -> Result<Option<TrustedKeys>, Failure> {
        if self.pinned_key.is_empty() { Ok(None) } else { read_files("--pinned-key", &self.pinned_key).map(Some) }
    }
}

/// The identity provider of a document that whoever runs the command vouches for.
///
/// # Errors
///
/// One line that says what is wrong with it, where, and what to do.
pub(crate) fn read_vouched(file: &Path, entity_id: Option<&str>, now: SystemTime) -> Result<IdpMetadata, Failure> {
    let read = reader(Vouched::ByAuthenticatedChannel, entity_id).read_idp(&document(Some(file))?, now);
    read.map_err(|error| Failure::new(error.code(), format!("{}: {error}", file.display()), error.remedy()))
}

fn reader<'a>(vouched: Vouched<'a>, entity_id: Option<&str>) -> MetadataReader<'a> {
    let reader = MetadataReader::new(vouched).limits(LIMITS);
    entity_id.into_iter().fold(reader, |reader, id| reader.entity_id(id))
}

fn document(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let name = file.map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
    let limit = u64::try_from(LIMITS.document_bytes).unwrap_or(u64::MAX);
    let too_long =
        || Failure::new("document_too_large", format!("{name}: longer than {limit} bytes"), "give one metadata document");
    read(file, limit)?.ok_or_else(too_long)
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    verdict: &'static str,
    entity_id: &'a str,
    single_sign_on: Vec<Place<'a>>,
    single_logout: Vec<Place<'a>>,
    signing_keys: Vec<Key<'a>>,
    name_id_formats: &'a [String],
    attributes: Vec<Offered<'a>>,
    want_authn_requests_signed: bool,
    valid_until: Option<String>,
    cache_duration_seconds: Option<u64>,
    /// Who vouches: `pinned_key` or `you`.
    vouched_by: &'static str,
    signed_by: Option<Signer<'a>>,
    warnings: Vec<Caution>,
}

#[derive(Serialize)]
struct Place<'a> {
    binding: &'a str,
    location: &'a str,
    response_location: Option<&'a str>,
}

#[derive(Serialize)]
struct Key<'a> {
    key_type: String,
    spki_sha256: &'a str,
    /// Of the certificate; `null`, as what follows, for a key without one.
    sha256: Option<&'a str>,
    subject: Option<&'a str>,
    not_after: Option<String>,
}

#[derive(Serialize)]
struct Offered<'a> {
    name: &'a str,
    name_format: Option<&'a str>,
    friendly_name: Option<&'a str>,
}

#[derive(Serialize)]
struct Signer<'a> {
    element: &'static str,
    sha256: &'a str,
    signature_algorithm: &'static str,
    digest_algorithm: &'static str,
}

impl<'a> Json<'a> {
    fn new(metadata: &'a IdpMetadata) -> Self {
        let signed_by = metadata.signature().map(|signature| Signer {
            element: signature.element(),
            sha256: signature.key_sha256(),
            signature_algorithm: signature.signature_algorithm(),
            digest_algorithm: signature.digest_algorithm(),
        });
        Self {
            verdict: "accepted",
            entity_id: metadata.entity_id(),
            single_sign_on: metadata.single_sign_on().iter().map(Place::from).collect(),
            single_logout: metadata.single_logout().iter().map(Place::from).collect(),
            signing_keys: metadata.signing_keys().iter().map(Key::from).collect(),
            name_id_formats: metadata.name_id_formats(),
            attributes: metadata.attributes().iter().map(Offered::from).collect(),
            want_authn_requests_signed: metadata.wants_authn_requests_signed(),
            valid_until: metadata.valid_until().map(format_rfc3339),
            cache_duration_seconds: metadata.cache_duration().map(|duration| duration.as_secs()),
            vouched_by: if signed_by.is_some() { "pinned_key" } else { "you" },
            signed_by,
            warnings: metadata.warnings().iter().map(Caution::from).collect(),
        }
    }
}

impl<'a> From<&'a Endpoint> for Place<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        let (binding, location) = (endpoint.binding(), endpoint.location());
        Self { binding, location, response_location: endpoint.response_location() }
    }
}

impl<'a> From<&'a TrustedKey> for Key<'a> {
    fn from(key: &'a TrustedKey) -> Self {
        let certificate = key.certificate();
        Self {
            key_type: key.key_type().to_string(),
            spki_sha256: key.spki_sha256_fingerprint(),
            sha256: certificate.map(Certificate::sha256_fingerprint),
            subject: certificate.map(Certificate::subject),
            not_after: certificate.map(|certificate| format_rfc3339(certificate.not_after())),
        }
    }
}

impl<'a> From<&'a OfferedAttribute> for Offered<'a> {
    fn from(attribute: &'a OfferedAttribute) -> Self {
        Self { name: attribute.name(), name_format: attribute.name_format(), friendly_name: attribute.friendly_name() }
    }
}

impl From<&MetadataWarning> for Caution {
    fn from(warning: &MetadataWarning) -> Self {
        Self { code: warning.code(), message: warning.to_string() }
    }
}

impl From<&MetadataError> for Refusal {
    fn from(error: &MetadataError) -> Self {
        Self {
            stage: "metadata",
            code: error.code(),
            message: error.to_string(),
            section: error.section(),
            expected: Values::new(error.expected(), false),
            received: Values::new(error.received(), false),
            remedy: error.remedy(),
        }
    }
}

fn show(metadata: &IdpMetadata, now: SystemTime) -> Result<(), Failure> {
    let mut screen = Screen::new();
    screen.headline(Tone::Good, "METADATA", metadata.entity_id());
    match metadata.signature() {
        Some(signature) => {
            screen.field("vouched by", &format!("the pinned key {}", signature.key_sha256()));
            let algorithms = format!("{}, digest {}", signature.signature_algorithm(), signature.digest_algorithm());
            screen.field("signed", &format!("{}, {algorithms}", signature.element()));
        }
        None => screen.field("vouched by", "you: no signature was verified"),
    }
    if let Some(end) = metadata.valid_until() {
        screen.field("valid until", &format!("{} ({})", format_rfc3339(end), relative(end, now)));
    }
    if let Some(duration) = metadata.cache_duration() {
        screen.field("fetch again", &format!("after {} s", duration.as_secs()));
    }
    screen.field(
        "requests",
        if metadata.wants_authn_requests_signed() { "wants them signed" } else { "does not ask for signed ones" },
    );
    screen.section("keys for signatures");
    for key in metadata.signing_keys() {
        show_key(key, now, &mut screen);
    }
    show_endpoints("single sign-on", metadata.single_sign_on(), &mut screen);
    show_endpoints("single logout", metadata.single_logout(), &mut screen);
    show_names(metadata, &mut screen);
    if !metadata.warnings().is_empty() {
        screen.section("warnings");
    }
    for warning in metadata.warnings() {
        screen.row(Tone::Warning, &format!("  {}", warning.code()), &format!("  {warning}"), 4);
    }
    screen.print()
}

fn show_key(key: &TrustedKey, now: SystemTime, screen: &mut Screen) {
    let kind = key.key_type().to_string();
    let Some(certificate) = key.certificate() else {
        screen.field(&kind, "a key without certificate");
        screen.detail("SPKI", key.spki_sha256_fingerprint());
        return;
    };
    let end = certificate.not_after();
    screen.field(&kind, &format!("{}, until {} ({})", certificate.subject(), format_rfc3339(end), relative(end, now)));
    screen.detail("SHA-256", certificate.sha256_fingerprint());
}

fn show_endpoints(title: &str, endpoints: &[Endpoint], screen: &mut Screen) {
    if endpoints.is_empty() {
        return;
    }
    screen.section(title);
    for endpoint in endpoints {
        let binding = endpoint.binding().strip_prefix("urn:oasis:names:tc:SAML:2.0:bindings:").unwrap_or(endpoint.binding());
        screen.field(binding, endpoint.location());
        if let Some(answers) = endpoint.response_location() {
            screen.detail("answers", answers);
        }
    }
}

fn show_names(metadata: &IdpMetadata, screen: &mut Screen) {
    if !metadata.name_id_formats().is_empty() {
        screen.section("name ID formats");
    }
    for format in metadata.name_id_formats() {
        screen.line(Tone::Plain, &format!("  {format}"));
    }
    if !metadata.attributes().is_empty() {
        screen.section(&format!("attributes offered ({})", metadata.attributes().len()));
    }
    for attribute in metadata.attributes() {
        screen.line(Tone::Plain, &format!("  {}", attribute.name()));
    }
}

/// Aggregates of federations are looked at on the machine of an administrator, who chose the file.
const LIMITS: Limits = Limits { document_bytes: 256 << 20, nodes: 1 << 24, attributes: 1 << 24, ..Limits::METADATA };
