//! What to do next: the command that gives a verdict, with the values that the message names.
//!
//! Those values are the message's own: whoever copies the command compares them with the configuration first, and takes the
//! certificate from the identity provider.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use saml_verify::time::format_rfc3339;

use super::message::{Assertion, Header};
use crate::input::Source;
use crate::terminal::escaped;

/// The parts of the command that verifies a Response or a message of logout, each quoted for a POSIX shell; none for other messages.
pub(super) fn verify(
    source: &Source,
    certificates: &[PathBuf],
    now: Option<SystemTime>,
    message: &Header,
    assertions: &[Assertion],
) -> Vec<String> {
    let (command, expected) = match message.kind {
        "Response" => ("verify", of_login(message, assertions)),
        "LogoutRequest" | "LogoutResponse" => ("verify-logout", of_logout(message)),
        _ => return Vec::new(),
    };
    let file = source.file().map(file_name).unwrap_or_else(|| "MESSAGE-FILE".to_owned());
    let mut parts = vec![format!("saml-verify {command} {file}")];
    parts.extend(source.stated().map(|form| format!("--input {form}")));
    parts.extend(certificates.iter().map(|file| format!("--idp-cert {}", file_name(file))));
    if certificates.is_empty() {
        parts.push("--idp-cert IDP-CERTIFICATE.pem".to_owned());
    }
    parts.extend(expected);
    parts.extend(now.or(message.issue_instant).map(|now| format!("--now {}", format_rfc3339(now))));
    parts
}

fn of_login(message: &Header, assertions: &[Assertion]) -> Vec<String> {
    let assertion = assertions.first();
    let of = |read: fn(&Assertion) -> Option<&String>| assertion.and_then(read);
    let issuer = of(|assertion| assertion.issuer_in_full.as_ref()).or(message.issuer_in_full.as_ref());
    let acs_url = of(|assertion| assertion.recipient_in_full.as_ref()).or(message.destination_in_full.as_ref());
    let request = of(|assertion| assertion.in_response_to_in_full.as_ref()).or(message.in_response_to_in_full.as_ref());
    let unsolicited = || "--unsolicited".to_owned();
    vec![
        option("--idp-entity-id", issuer, "IDP-ENTITY-ID"),
        option("--sp-entity-id", of(|assertion| assertion.audience_in_full.as_ref()), "OUR-ENTITY-ID"),
        option("--acs-url", acs_url, "OUR-ACS-URL"),
        request.map_or_else(unsolicited, |id| option("--in-response-to", Some(id), "REQUEST-ID")),
    ]
}

/// What a LogoutResponse answers is always asked for, also where it does not say.
fn of_logout(message: &Header) -> Vec<String> {
    let answer = (message.kind == "LogoutResponse")
        .then(|| option("--in-response-to", message.in_response_to_in_full.as_ref(), "REQUEST-ID"));
    let idp = option("--idp-entity-id", message.issuer_in_full.as_ref(), "IDP-ENTITY-ID");
    let slo_url = option("--slo-url", message.destination_in_full.as_ref(), "OUR-SLO-URL");
    [idp, slo_url].into_iter().chain(answer).collect()
}

/// One sentence for whoever wants to know whether the message is genuine.
pub(super) fn next(message: &Header, by_redirect: bool) -> String {
    match message.kind {
        "Response" if by_redirect => {
            "A Response never travels by redirect (SAML Profiles 4.1.2): `verify` refuses this one. Let the identity provider post it."
        }
        "Response" | "LogoutRequest" | "LogoutResponse" => {
            "These values are what the message claims. Compare each with your own configuration first, and take the certificate from \
             the identity provider, never from the message:"
        }
        "Assertion" => "An Assertion alone is no login: hand over the Response in which it was posted.",
        "AuthnRequest" => "This is a request: there is no login in it. What answers it is a Response.",
        "EntityDescriptor" | "EntitiesDescriptor" => {
            "This is metadata: `saml-verify metadata FILE` shows what it configures, and with `--pinned-key` verifies it."
        }
        _ => "This is no message of SAML 2.0 that this program knows.",
    }
    .to_owned()
}

fn option(name: &str, value: Option<&String>, placeholder: &str) -> String {
    let value = value.filter(|value| can_be_copied(value)).map_or_else(|| placeholder.to_owned(), |value| quoted(value));
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{separator}{value}")
}

fn file_name(file: &Path) -> String {
    let name = file.to_string_lossy();
    if !can_be_copied(&name) {
        return "FILE".to_owned();
    }
    quoted(&if name.starts_with('-') { format!("./{name}") } else { name.into_owned() })
}

/// Whether it arrives in a shell as it is: what a terminal would obey is not shown as it is.
fn can_be_copied(value: &str) -> bool {
    /// No identifier of SAML is longer: Core 8.3.6.
    const LONGEST: usize = 1024;
    !value.is_empty() && value.len() <= LONGEST && escaped(value) == value
}

/// As one word of a POSIX shell.
fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_@%+=:,./-".contains(character);
    if value.chars().all(is_plain) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_for_a_shell() {
        for (value, word) in [
            ("urn:acme.us.auth0.com", "urn:acme.us.auth0.com"),
            ("https://sp.example/acs?a=b", "'https://sp.example/acs?a=b'"),
            ("a b", "'a b'"),
            ("$(touch x)`touch x`;&|<>\"\\!*~#", "'$(touch x)`touch x`;&|<>\"\\!*~#'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(quoted(value), word);
            let echoed = std::process::Command::new("sh").args(["-c", &format!("printf %s {word}")]).output().unwrap();
            assert_eq!(String::from_utf8(echoed.stdout).unwrap(), value);
        }
    }

    #[test]
    fn what_cannot_be_copied_is_left_to_be_filled_in() {
        let option = |value: &str| option("--acs-url", Some(&value.to_owned()), "OUR-ACS-URL");
        assert_eq!(option("-x"), "--acs-url=-x");
        for value in ["", "a\nb", "a\u{202e}b", &"x".repeat(1025)] {
            assert_eq!(option(value), "--acs-url OUR-ACS-URL");
        }
        assert_eq!(file_name(Path::new("-x y")), "'./-x y'");
    }
}
