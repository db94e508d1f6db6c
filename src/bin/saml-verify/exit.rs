//! How a run ends: the exit code, and the one line or the object that goes with a failure.

use std::fmt;
use std::process::ExitCode;

use clap::error::ErrorKind;
use saml_verify::{CertificateError, ConfigError};
use serde::Serialize;

use crate::terminal;

/// The end of a run that did what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 1: the message was refused.
    Refused,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Refused => Self::from(1),
        }
    }
}

/// Exit code 2: not a message is at fault but the invocation, the configuration, a file or the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    remedy: String,
}

/// The object that `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    verdict: &'static str,
    code: &'static str,
    message: &'a str,
    remedy: &'a str,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedy: remedy.into() }
    }

    /// Options that do not go together, or one that cannot be what it is.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message, HELP)
    }

    /// A file, or standard input, that cannot be read.
    pub(crate) fn unreadable(name: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::new("unreadable", format!("{name}: {error}"), "check the name of the file and who may read it")
    }

    /// Standard output that cannot be written to.
    pub(crate) fn unwritable(error: impl fmt::Display) -> Self {
        let message = format!("cannot write to standard output: {error}");
        Self::new("unwritable", message, "check where standard output goes, and whether there is room")
    }

    /// A configuration that the library refuses, and the option that is to blame for it.
    pub(crate) fn configuration(option: &str, error: &ConfigError) -> Self {
        Self::new(error.code(), format!("{option}: {error}"), error.remedy())
    }

    /// Certificates that the library refuses, and the option or the file that has them.
    pub(crate) fn certificate(culprit: impl fmt::Display, error: &CertificateError) -> Self {
        Self::new(error.code(), format!("{culprit}: {error}"), error.remedy())
    }

    /// One line on standard error, and with `--json` the object on standard output.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let Self { code, message, remedy } = self;
        match remedy.as_str() {
            HELP => terminal::diagnose(&format!("error: {message}")),
            remedy => terminal::diagnose(&format!("error: {message}; {remedy}")),
        }
        if json {
            // Where it cannot be written there is nobody to tell.
            let _ = terminal::print_json(&Json { verdict: "error", code, message, remedy });
        }
        ExitCode::from(2)
    }
}

/// Whether the options that were given ask for JSON, where they cannot be parsed.
fn asks_for_json() -> bool {
    let options = std::env::args_os().skip(1).take_while(|argument| argument != "--");
    options.into_iter().any(|argument| argument == "--json")
}

/// Help goes out as it is; a mistake becomes one line, with what clap suggests and without the usage that it repeats.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print(); // a closed pipe is nobody's mistake
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let line = one_line(&error.to_string());
    Failure::usage(line.strip_prefix("error: ").unwrap_or(&line)).report(asks_for_json())
}

fn one_line(text: &str) -> String {
    let paragraphs = text.split("\n\n").take_while(|paragraph| !REPEATED.iter().any(|start| paragraph.starts_with(start)));
    let line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    paragraphs.map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

const HELP: &str = "`saml-verify --help` lists the commands, `saml-verify COMMAND --help` the options of one";
const REPEATED: [&str; 2] = ["Usage:", "For more information"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_the_usage_takes_one_line() {
        let text = "error: unexpected argument '--idp-crt' found\n\n  tip: a similar argument exists: '--idp-cert'\n\n\
                    Usage: saml-verify verify [FILE]\n\nFor more information, try '--help'.\n";
        assert_eq!(one_line(text), "error: unexpected argument '--idp-crt' found; tip: a similar argument exists: '--idp-cert'");
        let text =
            "error: the following required arguments were not provided:\n  --idp-cert <FILE>\n  --acs-url <URL>\n\nUsage: x";
        assert_eq!(
            one_line(text),
            "error: the following required arguments were not provided: --idp-cert <FILE> --acs-url <URL>"
        );
    }
}
