//! `inspect`: what a message says, without any configuration and without any trust.
//!
//! In goes a message of any binding; out comes what stands in it, marked as not verified in every part. What it says of a person is
//! hidden unless it is asked for. Deliberately absent: any verdict, and any key but those of `--idp-cert`, which are compared with the
//! certificates that the message shows and with nothing else.

mod command;
mod elements;
mod keys;
mod message;
mod signatures;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use saml_verify::inspect::UnverifiedDocument;
use saml_verify::{Error, Limits, TrustedKeys};
use serde::Serialize;

use crate::certificate::read_files;
use crate::clock::{self, relative};
use crate::exit::{Failure, Outcome};
use crate::input::{Received, Source, is_standard_input};
use crate::refusal::Refusal;
use crate::terminal::{Screen, Tone, print_json};

use elements::{Privacy, Text, shown};
use keys::Key;
use message::{Assertion, Encrypted, Header, Time};
use signatures::Signature;

/// Show what a message says, without configuration: NOTHING of it is verified
///
/// Takes any message of any binding: the posted field, a form body, a redirect URL, XML; a Response, a request, logout, metadata.
/// Names of users and values of attributes are hidden unless you ask for them.
#[derive(Args)]
#[command(after_help = crate::EXIT_CODES)]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    /// Tell which certificates of the message have the key of one of these; repeatable
    #[arg(long, value_name = "FILE")]
    idp_cert: Vec<PathBuf>,
    /// Show name identifiers, values of attributes, addresses and the RelayState
    #[arg(long)]
    show_personal_data: bool,
    /// Tell times relative to this one instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let now = options.now.unwrap_or_else(SystemTime::now);
    let keys = options.keys()?;
    let received = match options.source.receive(&Limits::DEFAULT)? {
        Ok(received) => received,
        Err(refusal) => return options.refused(&refusal),
    };
    let document = match UnverifiedDocument::parse(&received.xml, &Limits::DEFAULT) {
        Ok(document) => document,
        Err(error) => return options.refused(&Refusal::from(Error::from(error))),
    };
    let inspection = Inspection::new(&document, &received, options, keys.as_ref(), now);
    if options.json {
        print_json(&inspection)?;
    } else {
        inspection.show(now)?;
    }
    Ok(Outcome::Done)
}

impl Options {
    fn keys(&self) -> Result<Option<TrustedKeys>, Failure> {
        if self.source.is_standard_input() && self.idp_cert.iter().any(|file| is_standard_input(file)) {
            return Err(Failure::usage("--idp-cert: standard input is the certificate or the message, not both"));
        }
        if self.idp_cert.is_empty() { Ok(None) } else { read_files("--idp-cert", &self.idp_cert).map(Some) }
    }

    fn refused(&self, refusal: &Refusal) -> Result<Outcome, Failure> {
        if self.json {
            print_json(&refusal.json(&[], None::<()>))?;
        } else {
            let mut screen = Screen::new().wrapped();
            refusal.show(&mut screen);
            screen.print()?;
        }
        Ok(Outcome::Refused)
    }
}

/// What a message says. The object that `--json` prints.
#[derive(Serialize)]
struct Inspection {
    verdict: &'static str,
    input: &'static str,
    message: Header,
    relay_state: Option<Text>,
    redirect: Option<Redirect>,
    times: Vec<Time>,
    signatures: Vec<Signature>,
    signatures_found: usize,
    /// What no signature covers.
    not_signed: Vec<String>,
    assertions: Vec<Assertion>,
    assertions_found: usize,
    encrypted: Vec<Encrypted>,
    encrypted_found: usize,
    /// How to get a verdict, or why there is none to get.
    next: String,
    /// The words of the command that verifies the message, quoted for a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip)]
    command_parts: Vec<String>,
}

/// What a query has beside the message.
#[derive(Serialize)]
struct Redirect {
    parameter: &'static str,
    signature_algorithm: Option<String>,
    has_signature: bool,
}

impl Inspection {
    fn new(
        document: &UnverifiedDocument<'_>,
        received: &Received,
        options: &Options,
        given: Option<&TrustedKeys>,
        now: SystemTime,
    ) -> Self {
        let root = document.root();
        let privacy = if options.show_personal_data { Privacy::Shown } else { Privacy::Hidden };
        let message = Header::new(root, privacy);
        let (assertions, assertions_found) = message::assertions(root, privacy);
        let (encrypted, encrypted_found) = message::encrypted(root, given);
        let (signatures, signatures_found) = signatures::signatures(root, given);
        let command_parts = command::verify(&options.source, &options.idp_cert, options.now, &message, &assertions);
        Self {
            verdict: "not_verified",
            input: received.form,
            relay_state: received.relay_state.as_deref().map(|text| Text::personal(text, privacy)),
            redirect: received.redirect.as_ref().map(|redirect| Redirect {
                parameter: match redirect.parameter() {
                    saml_verify::RedirectParameter::SamlRequest => "SAMLRequest",
                    saml_verify::RedirectParameter::SamlResponse => "SAMLResponse",
                },
                signature_algorithm: redirect.signature_method().map(shown),
                has_signature: redirect.has_signature(),
            }),
            times: message::times(root, now),
            not_signed: signatures::not_signed(root),
            signatures,
            signatures_found,
            assertions,
            assertions_found,
            encrypted,
            encrypted_found,
            next: command::next(&message, received.redirect.is_some()),
            command: (!command_parts.is_empty()).then(|| command_parts.join(" ")),
            command_parts,
            message,
        }
    }

    fn show(&self, now: SystemTime) -> Result<(), Failure> {
        let mut screen = Screen::new().wrapped();
        let issuer =
            self.message.issuer.as_deref().map(|issuer| format!(" that names {issuer} as its issuer")).unwrap_or_default();
        screen.headline(Tone::Warning, UNVERIFIED, &format!("{}{issuer}", self.message.kind));
        screen.line(Tone::Plain, "No signature was checked: anybody can have written all that follows.");
        self.show_message(&mut screen);
        self.show_times(now, &mut screen);
        self.show_signatures(&mut screen);
        for (number, assertion) in (1..).zip(&self.assertions) {
            title(&numbered("assertion", number, self.assertions_found), &mut screen);
            assertion.show(&mut screen);
        }
        for (number, encrypted) in (1..).zip(&self.encrypted) {
            title(&numbered("encrypted", number, self.encrypted_found), &mut screen);
            encrypted.show(&mut screen);
        }
        self.show_next(&mut screen);
        screen.print()?;
        self.print_command()
    }

    fn show_message(&self, screen: &mut Screen) {
        title("message", screen);
        screen.field("handed over as", self.input);
        self.message.show(screen);
        if let Some(state) = &self.relay_state {
            screen.field("RelayState", &state.to_string());
        }
        if let Some(redirect) = &self.redirect {
            let method = redirect.signature_algorithm.as_deref().unwrap_or("none");
            let signature = if redirect.has_signature { "there is one, not checked" } else { "there is none" };
            screen.field("redirect", &format!("{}; signature of the query: {signature}; SigAlg: {method}", redirect.parameter));
        }
    }

    fn show_times(&self, now: SystemTime, screen: &mut Screen) {
        title(&format!("times, seen from {}", clock::shown(now)), screen);
        if self.times.is_empty() {
            screen.line(Tone::Plain, "  none");
        }
        for time in &self.times {
            let when = time.instant.map_or_else(|| "no instant with a time zone".to_owned(), |instant| relative(instant, now));
            screen.field(&time.element, &format!("{} {} ({when})", time.attribute, time.value));
        }
    }

    fn show_signatures(&self, screen: &mut Screen) {
        title(&format!("signatures ({})", self.signatures_found), screen);
        for signature in &self.signatures {
            signature.show(screen);
        }
        title("covered by no signature", screen);
        if self.not_signed.is_empty() {
            screen.line(Tone::Plain, "  nothing but the Signatures themselves, if they hold");
        }
        for part in &self.not_signed {
            screen.line(Tone::Warning, &format!("  {part}"));
        }
    }

    fn show_next(&self, screen: &mut Screen) {
        screen.section("to get a verdict");
        screen.line(Tone::Plain, &format!("  {}", self.next));
    }

    /// Not wrapped: what is cut into lines cannot be copied.
    fn print_command(&self) -> Result<(), Failure> {
        if self.command_parts.is_empty() {
            return Ok(());
        }
        let mut screen = Screen::new();
        screen.line(Tone::Plain, "");
        let last = self.command_parts.len();
        for (number, part) in (1..).zip(&self.command_parts) {
            let indent = if number == 1 { "  " } else { "    " };
            let end = if number == last { "" } else { " \\" };
            screen.line(Tone::Plain, &format!("{indent}{part}{end}"));
        }
        screen.print()
    }
}

fn title(text: &str, screen: &mut Screen) {
    screen.section(&format!("{text}: {UNVERIFIED}"));
}

fn numbered(name: &str, number: usize, of: usize) -> String {
    if of > 1 { format!("{name} {number} of {of}") } else { name.to_owned() }
}

fn show_keys(keys: &[Key], screen: &mut Screen) {
    for key in keys {
        key.show(screen);
    }
}

const UNVERIFIED: &str = "NOT VERIFIED";
