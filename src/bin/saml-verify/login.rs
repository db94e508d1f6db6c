//! An accepted login, as a script and as a person see it.

use std::time::SystemTime;

use saml_verify::time::format_rfc3339;
use saml_verify::{Attribute, AttributeValue, Login, VerifiedSignature, Warning};
use serde::Serialize;

use crate::clock::relative;
use crate::terminal::{Screen, Tone};

/// The object that `--json` prints.
#[derive(Serialize)]
pub(crate) struct Json<'a, C> {
    verdict: &'static str,
    issuer: &'a str,
    name_id: &'a str,
    name_id_format: Option<&'a str>,
    subject_key: String,
    session_index: Option<&'a str>,
    authn_context: Option<&'a str>,
    not_before: Option<String>,
    not_on_or_after: Option<String>,
    in_response_to: Option<&'a str>,
    signed: Option<&'static str>,
    signed_by: Option<Signer<'a>>,
    warnings: Vec<Caution>,
    attributes: Vec<NameAndValues<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<C>,
}

#[derive(Serialize)]
struct Signer<'a> {
    sha256: &'a str,
    subject: &'a str,
    not_after: String,
}

#[derive(Serialize)]
struct Caution {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct NameAndValues<'a> {
    name: &'a str,
    name_format: Option<&'a str>,
    /// `null` for what is no text: `xsi:nil`, and elements.
    values: Vec<Option<&'a str>>,
}

impl<'a, C> Json<'a, C> {
    pub(crate) fn new(login: &'a Login, checks: Option<C>) -> Self {
        Self {
            verdict: "accepted",
            issuer: login.issuer(),
            name_id: &login.name_id().value,
            name_id_format: login.name_id().format.as_deref(),
            subject_key: login.subject_key().into(),
            session_index: login.session_index(),
            authn_context: login.authn_context(),
            not_before: login.not_before().map(format_rfc3339),
            not_on_or_after: login.not_on_or_after().map(format_rfc3339),
            in_response_to: login.in_response_to(),
            signed: signed(login.signatures()),
            signed_by: login.signatures().last().map(Signer::from),
            warnings: login.warnings().iter().map(Caution::from).collect(),
            attributes: login.attributes().iter().map(NameAndValues::from).collect(),
            checks,
        }
    }
}

/// `assertion`, `response` or `both`.
fn signed(signatures: &[VerifiedSignature]) -> Option<&'static str> {
    let signs = |element| signatures.iter().any(|signature| signature.element == element);
    match (signs("Response"), signs("Assertion")) {
        (true, true) => Some("both"),
        (true, false) => Some("response"),
        (false, true) => Some("assertion"),
        (false, false) => None,
    }
}

impl<'a> From<&'a VerifiedSignature> for Signer<'a> {
    fn from(signature: &'a VerifiedSignature) -> Self {
        Self {
            sha256: &signature.certificate_sha256,
            subject: &signature.certificate_subject,
            not_after: format_rfc3339(signature.certificate_not_after),
        }
    }
}

impl From<&Warning> for Caution {
    fn from(warning: &Warning) -> Self {
        Self { code: warning.code(), message: warning.to_string() }
    }
}

impl<'a> From<Attribute<'a>> for NameAndValues<'a> {
    fn from(attribute: Attribute<'a>) -> Self {
        Self {
            name: attribute.name(),
            name_format: attribute.name_format(),
            values: attribute.values().map(AttributeValue::as_str).collect(),
        }
    }
}

/// Tells a person who logged in, and why that is believed.
pub(crate) fn show(login: &Login, now: SystemTime, screen: &mut Screen) {
    screen.headline(Tone::Good, "ACCEPTED", &format!("{} of {}", login.name_id().value, login.issuer()));
    screen.section("who");
    show_user(login, screen);
    screen.section("when");
    show_times(login, now, screen);
    screen.section("signed");
    for signature in login.signatures() {
        show_signature(signature, now, screen);
    }
    screen.section(&format!("attributes ({})", login.attributes().len()));
    for attribute in login.attributes().iter() {
        show_attribute(attribute, screen);
    }
    if !login.warnings().is_empty() {
        screen.section("warnings");
    }
    for warning in login.warnings() {
        screen.row(Tone::Warning, &format!("  {}", warning.code()), &format!("  {warning}"));
    }
    screen.section("not checked: whether this login was used before. A service claims each one from its replay store.");
}

fn show_user(login: &Login, screen: &mut Screen) {
    let name = login.name_id();
    screen.field("name ID", &name.value);
    let qualifiers = [
        ("format", &name.format),
        ("qualifier", &name.name_qualifier),
        ("SP qualifier", &name.sp_name_qualifier),
        ("name at the SP", &name.sp_provided_id),
    ];
    for (label, value) in qualifiers {
        show_optional(label, value.as_deref(), screen);
    }
    screen.field("issuer", login.issuer());
    screen.field("session index", login.session_index().unwrap_or("none: single logout cannot name this session"));
    show_optional("authn context", login.authn_context(), screen);
    screen.field("answers", login.in_response_to().unwrap_or("no request (unsolicited)"));
    screen.field("assertion ID", login.assertion_id());
    show_optional("address", login.confirmed_address(), screen);
}

fn show_optional(label: &str, value: Option<&str>, screen: &mut Screen) {
    if let Some(value) = value {
        screen.field(label, value);
    }
}

fn show_times(login: &Login, now: SystemTime, screen: &mut Screen) {
    for (label, instant) in [
        ("valid from", login.not_before()),
        ("valid until", login.not_on_or_after()),
        ("authenticated", Some(login.authn_instant())),
        ("session ends", login.session_not_on_or_after()),
    ] {
        if let Some(instant) = instant {
            screen.field(label, &format!("{} ({})", format_rfc3339(instant), relative(instant, now)));
        }
    }
    screen.field("judged at", &format_rfc3339(now));
}

fn show_signature(signature: &VerifiedSignature, now: SystemTime, screen: &mut Screen) {
    let until = signature.certificate_not_after;
    screen.field(signature.element, &format!("{}, digest {}", signature.signature_algorithm, signature.digest_algorithm));
    screen.field(
        "by",
        &format!("{}, valid until {} ({})", signature.certificate_subject, format_rfc3339(until), relative(until, now)),
    );
    screen.field("SHA-256", &signature.certificate_sha256);
}

fn show_attribute(attribute: Attribute<'_>, screen: &mut Screen) {
    screen.line(Tone::Faint, &format!("  {}", attribute.name()));
    for value in attribute.values() {
        let value = match value {
            AttributeValue::Text(text) => text,
            AttributeValue::Nil => "(nil)",
            _ => "(elements, not interpreted)",
        };
        screen.line(Tone::Plain, &format!("    {value}"));
    }
}
