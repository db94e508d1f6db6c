//! How a run ends: the exit code, and the one line that goes with a failure.

use std::fmt;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

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
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failure that an option or a file is to blame for.
    pub(crate) fn of(culprit: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self(format!("{culprit}: {reason}"))
    }

    pub(crate) fn report(&self) -> ExitCode {
        terminal::diagnose(&format!("error: {}", self.0));
        ExitCode::from(2)
    }
}

/// Help goes out as it is; a mistake becomes one line, with what clap suggests and without the usage that it repeats.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print(); // a closed pipe is nobody's mistake
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let line = unavailable(error).map(|name| format!("error: {name} is not available in this version"));
    terminal::diagnose(&line.unwrap_or_else(|| one_line(&error.to_string())));
    ExitCode::from(2)
}

/// The planned option or command that the error is about.
fn unavailable(error: &clap::Error) -> Option<&str> {
    let (kind, planned) = match error.kind() {
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, PLANNED_OPTIONS.as_slice()),
        ErrorKind::InvalidSubcommand => (ContextKind::InvalidSubcommand, PLANNED_COMMANDS.as_slice()),
        _ => return None,
    };
    match error.get(kind) {
        Some(ContextValue::String(name)) if planned.contains(&name.as_str()) => Some(name),
        _ => None,
    }
}

/// Described, and not yet there: whoever tries them should learn that, and not be told of a misspelling.
const PLANNED_OPTIONS: [&str; 2] = ["--decryption-key", "--idp-metadata"];
const PLANNED_COMMANDS: [&str; 6] = ["verify-logout", "inspect", "authn-request", "auth0-settings", "metadata", "sp-metadata"];

fn one_line(text: &str) -> String {
    let paragraphs = text.split("\n\n").take_while(|paragraph| !REPEATED.iter().any(|start| paragraph.starts_with(start)));
    let line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    paragraphs.map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

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
