//! `certificate`: what is in a file of certificates or public keys, and what a verifier will think of it.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use saml_verify::time::format_rfc3339;
use saml_verify::{Certificate, KeyType, TrustedKey, TrustedKeys};
use serde::Serialize;

use crate::clock::{self, days_until, relative};
use crate::exit::{Failure, Outcome};
use crate::input::read;
use crate::terminal::{Screen, Tone, print_json};

/// Show the certificates and public keys in a file, and what a verifier will think of them
///
/// Takes PEM, DER or bare base64. A file that a verifier does not take is an error (exit code 2) that says what it is instead.
#[derive(Args)]
pub(crate) struct Options {
    /// The certificates; `-` or nothing: standard input
    file: Option<PathBuf>,
    /// Judge validity at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    certificates: Vec<Entry<'a>>,
}

/// Of a public key without a certificate, everything is `null` that only a certificate says.
#[derive(Serialize)]
struct Entry<'a> {
    subject: Option<&'a str>,
    issuer: Option<&'a str>,
    serial: Option<&'a str>,
    key_type: &'static str,
    key_bits: Option<usize>,
    signature_algorithm: Option<&'a str>,
    not_before: Option<String>,
    not_after: Option<String>,
    days_left: Option<i64>,
    /// `valid`, `expired` or `not_yet_valid`.
    validity: Option<&'static str>,
    sha1: Option<&'a str>,
    sha256: Option<&'a str>,
    spki_sha256: &'a str,
    notes: Vec<String>,
}

/// Where a moment lies in the validity of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Validity {
    Valid,
    Expired,
    NotYetValid,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let keys = read_certificates(options.file.as_deref())?;
    let now = options.now.unwrap_or_else(SystemTime::now);
    if options.json {
        print_json(&Json { certificates: keys.iter().map(|key| Entry::new(key, &keys, now)).collect() })?;
    } else {
        show(&keys, now)?;
    }
    Ok(Outcome::Done)
}

/// Reads every certificate and public key of a file, or of standard input.
///
/// # Errors
///
/// One line that says what the file is instead, and what to do.
pub(crate) fn read_certificates(file: Option<&Path>) -> Result<TrustedKeys, Failure> {
    let name = file.map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
    let Some(bytes) = read(file, FILE_BYTES)? else {
        let message = format!("{name}: longer than {FILE_BYTES} bytes, so no file of certificates");
        return Err(Failure::new("certificate_file_too_long", message, "give the identity provider's signing certificate alone"));
    };
    TrustedKeys::from_pem(bytes).map_err(|error| Failure::certificate(name, &error))
}

/// The certificates of all the files that an option names.
///
/// # Errors
///
/// As [`read_certificates`], and where there are none or too many.
pub(crate) fn read_files(option: &str, files: &[PathBuf]) -> Result<TrustedKeys, Failure> {
    let mut all: Option<TrustedKeys> = None;
    for file in files {
        let keys = read_certificates(Some(file))?;
        all = Some(match all {
            None => keys,
            Some(all) => all.and(keys).map_err(|error| Failure::certificate(option, &error))?,
        });
    }
    all.ok_or_else(|| Failure::usage(format!("{option}: no certificate")))
}

fn show(keys: &TrustedKeys, now: SystemTime) -> Result<(), Failure> {
    let mut screen = Screen::new();
    let count = keys.iter().count();
    for (number, key) in (1..).zip(keys) {
        if number > 1 {
            screen.line(Tone::Plain, "");
        }
        let place = if count > 1 { format!("{number} of {count}: ") } else { String::new() };
        show_one(key, &place, keys, now, &mut screen);
    }
    screen.print()
}

fn show_one(key: &TrustedKey, place: &str, all: &TrustedKeys, now: SystemTime, screen: &mut Screen) {
    match key.certificate() {
        Some(certificate) => show_certificate(certificate, place, now, screen),
        None => screen.headline(Tone::Good, "USABLE", &format!("{place}a public key without a certificate")),
    }
    screen.field("key", &key.key_type().to_string());
    screen.field("key SHA-256", key.spki_sha256_fingerprint());
    for note in notes(key, all, now) {
        screen.field("verifier", &note);
    }
}

fn show_certificate(certificate: &Certificate, place: &str, now: SystemTime, screen: &mut Screen) {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let (tone, word) = Validity::of(certificate, now).headline();
    let subject = if certificate.subject().is_empty() { "a certificate without a subject" } else { certificate.subject() };
    screen.headline(tone, word, &format!("{place}{subject}"));
    screen.field("subject", certificate.subject());
    screen.field("issuer", certificate.issuer());
    screen.field("serial", certificate.serial_hex());
    screen.field("signed with", certificate.signature_algorithm_name());
    screen.field("valid from", &format!("{} ({})", format_rfc3339(from), relative(from, now)));
    screen.field("valid until", &format!("{} ({})", format_rfc3339(until), days_left(until, now)));
    screen.field("SHA-1", certificate.sha1_fingerprint());
    screen.field("SHA-256", certificate.sha256_fingerprint());
}

impl<'a> Entry<'a> {
    fn new(key: &'a TrustedKey, all: &TrustedKeys, now: SystemTime) -> Self {
        let (key_type, key_bits) = kind(key.key_type());
        let certificate = key.certificate();
        Self {
            subject: certificate.map(Certificate::subject),
            issuer: certificate.map(Certificate::issuer),
            serial: certificate.map(Certificate::serial_hex),
            key_type,
            key_bits,
            signature_algorithm: certificate.map(Certificate::signature_algorithm_name),
            not_before: certificate.map(|certificate| format_rfc3339(certificate.not_before())),
            not_after: certificate.map(|certificate| format_rfc3339(certificate.not_after())),
            days_left: certificate.map(|certificate| days_until(certificate.not_after(), now)),
            validity: certificate.map(|certificate| Validity::of(certificate, now).name()),
            sha1: certificate.map(Certificate::sha1_fingerprint),
            sha256: certificate.map(Certificate::sha256_fingerprint),
            spki_sha256: key.spki_sha256_fingerprint(),
            notes: notes(key, all, now),
        }
    }
}

impl Validity {
    fn of(certificate: &Certificate, now: SystemTime) -> Self {
        match now {
            now if now < certificate.not_before() => Self::NotYetValid,
            now if now > certificate.not_after() => Self::Expired,
            _ => Self::Valid,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
        }
    }

    const fn headline(self) -> (Tone, &'static str) {
        match self {
            Self::Valid => (Tone::Good, "USABLE"),
            Self::Expired => (Tone::Warning, "EXPIRED"),
            Self::NotYetValid => (Tone::Warning, "NOT YET VALID"),
        }
    }
}

fn days_left(until: SystemTime, now: SystemTime) -> String {
    match days_until(until, now) {
        days if days < 0 => relative(until, now),
        days => format!("{days} days left"),
    }
}

/// What a verifier will think of the key.
fn notes(key: &TrustedKey, all: &TrustedKeys, now: SystemTime) -> Vec<String> {
    let mut notes = vec![format!("takes signatures by this key: {}", methods(key.key_type()))];
    match key.certificate() {
        Some(certificate) => {
            notes.extend(validity_note(certificate, now));
            notes.extend(issuer_note(certificate, all));
        }
        None => notes.push("a key without a certificate has no validity: it is trusted until it is removed".to_owned()),
    }
    notes
}

fn issuer_note(certificate: &Certificate, all: &TrustedKeys) -> Option<String> {
    let note = if is_authority_of_another(certificate, all) {
        "it issued another certificate of this file: a verifier would take messages signed with its key, too; leave it out \
         unless the identity provider signs with it"
    } else if certificate.subject() != certificate.issuer() {
        "issued by somebody else: no chain is built, the key is trusted because it is configured"
    } else {
        return None;
    };
    Some(note.to_owned())
}

fn validity_note(certificate: &Certificate, now: SystemTime) -> Option<String> {
    const POLICY: &str = "logins are accepted with a warning, or refused under `--expired-certificate refuse`";
    let days = days_until(certificate.not_after(), now);
    match Validity::of(certificate, now) {
        Validity::Expired => Some(format!("expired: {POLICY}; ask for the current certificate")),
        Validity::NotYetValid => Some(format!("not yet valid: {POLICY}; it may be the next certificate of a rotation")),
        Validity::Valid if days < SOON => Some(format!("expires in {days} days: trust the next certificate beside it in time")),
        Validity::Valid => None,
    }
}

fn is_authority_of_another(certificate: &Certificate, all: &TrustedKeys) -> bool {
    let mut others = all.iter().filter_map(TrustedKey::certificate);
    others.any(|other| other != certificate && other.issuer() == certificate.subject() && other.subject() != other.issuer())
}

const fn kind(key: KeyType) -> (&'static str, Option<usize>) {
    match key {
        KeyType::Rsa { bits } => ("RSA", Some(bits)),
        KeyType::P256 => ("P-256", Some(256)),
        KeyType::P384 => ("P-384", Some(384)),
        KeyType::P521 => ("P-521", Some(521)),
        KeyType::Ed25519 => ("Ed25519", Some(256)),
        _ => ("other", None),
    }
}

const fn methods(key: KeyType) -> &'static str {
    match key {
        KeyType::Rsa { .. } => "rsa-sha256, rsa-sha384, rsa-sha512, RSA-PSS; rsa-sha1 under `--allow sha1-signature`",
        KeyType::P256 => "ecdsa-sha256",
        KeyType::P384 => "ecdsa-sha384",
        KeyType::P521 => "ecdsa-sha512",
        KeyType::Ed25519 => "EdDSA",
        _ => "those that fit it",
    }
}

/// Sixteen certificates, as many as are tried, take some 40 kB with all the text that tools put around them.
const FILE_BYTES: u64 = 1 << 20;
/// Days within which somebody should act.
const SOON: i64 = 30;
