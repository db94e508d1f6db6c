//! `saml-verify`: verdicts on SAML messages for whoever sets up or debugs a connection.
//!
//! Each command is a file: its options, what it does with the library's public interface, and how it shows the result. Whatever
//! reads the clock, files or the terminal is here and not in the library. Deliberately absent: the network, and anything that a
//! service needs to log users in; a service links the library.

#![forbid(unsafe_code)]
#![deny(clippy::as_conversions, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod auth0_settings;
mod authn_request;
mod canonicalize;
mod certificate;
mod clock;
mod exit;
mod explain;
mod form;
mod input;
mod inspect;
mod login;
mod logout_request;
mod metadata;
mod refusal;
mod sp_metadata;
mod terminal;
mod trust;
mod verdict;
mod verify;
mod verify_logout;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::{Failure, Outcome};

/// Verify SAML 2.0 logins and look at what they are made of.
#[derive(Parser)]
#[command(name = "saml-verify", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(Box<verify::Options>),
    Inspect(inspect::Options),
    Canonicalize(canonicalize::Options),
    Certificate(certificate::Options),
    VerifyLogout(Box<verify_logout::Options>),
    AuthnRequest(authn_request::Options),
    LogoutRequest(Box<logout_request::Options>),
    Auth0Settings(auth0_settings::Options),
    Metadata(metadata::Options),
    SpMetadata(Box<sp_metadata::Options>),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    match run(&cli.command) {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(cli.command.asks_for_json()),
    }
}

impl Command {
    const fn asks_for_json(&self) -> bool {
        match self {
            Self::Verify(options) => options.json,
            Self::Inspect(options) => options.json,
            Self::Certificate(options) => options.json,
            Self::VerifyLogout(options) => options.json,
            Self::AuthnRequest(options) => options.json,
            Self::LogoutRequest(options) => options.json,
            Self::Auth0Settings(options) => options.json,
            Self::Metadata(options) => options.json,
            Self::Canonicalize(_) | Self::SpMetadata(_) => false,
        }
    }
}

fn run(command: &Command) -> Result<Outcome, Failure> {
    match command {
        Command::Verify(options) => verify::run(options),
        Command::Inspect(options) => inspect::run(options),
        Command::Canonicalize(options) => canonicalize::run(options),
        Command::Certificate(options) => certificate::run(options),
        Command::VerifyLogout(options) => verify_logout::run(options),
        Command::AuthnRequest(options) => authn_request::run(options),
        Command::LogoutRequest(options) => logout_request::run(options),
        Command::Auth0Settings(options) => auth0_settings::run(options),
        Command::Metadata(options) => metadata::run(options),
        Command::SpMetadata(options) => sp_metadata::run(options),
    }
}

/// Under the help of every command that judges a message.
const EXIT_CODES: &str = "Exit codes:
  0  accepted, or done
  1  the message was refused
  2  usage, configuration or input/output error: one line on standard error, and the object that --json prints";
