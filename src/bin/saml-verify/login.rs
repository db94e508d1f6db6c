//! An accepted login, as a script and as a person see it.

use std::time::SystemTime;

use saml_verify::time::format_rfc3339;
use saml_verify::{Attribute, AttributeValue, Certificate, Login, NameId, TrustedKey, VerifiedSignature, Warning};
use serde::Serialize;

use crate::clock::{self, relative};
use crate::terminal::{Screen, Tone};

/// The object that `--json` prints.
#[derive(Serialize)]
pub(crate) struct Json<'a, C> {
    verdict: &'static str,
    issuer: &'a str,
    user_id: &'a str,
    /// The name of the attribute that identifies the user.
    identified_by: Option<&'a str>,
    name_id: &'a str,
    name_id_format: Option<&'a str>,
    name_qualifier: Option<&'a str>,
    sp_name_qualifier: Option<&'a str>,
    sp_provided_id: Option<&'a str>,
    subject_name_id: Option<Name<'a>>,
    subject_key: String,
    session_index: Option<&'a str>,
    session_not_on_or_after: Option<String>,
    authn_context: Option<&'a str>,
    authn_instant: String,
    issue_instant: String,
    not_before: Option<String>,
    not_on_or_after: Option<String>,
    in_response_to: Option<&'a str>,
    assertion_id: &'a str,
    response_id: Option<&'a str>,
    one_time_use: bool,
    confirmed_address: Option<&'a str>,
    signed: Option<&'static str>,
    /// The innermost of the signatures.
    signed_by: Option<Signer<'a>>,
    signatures: Vec<Signature<'a>>,
    warnings: Vec<Caution>,
    attributes: Vec<NameAndValues<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<C>,
}

/// Of a public key without a certificate there is `spki_sha256` alone.
#[derive(Serialize)]
pub(crate) struct Signer<'a> {
    sha256: Option<&'a str>,
    subject: Option<&'a str>,
    not_after: Option<String>,
    spki_sha256: &'a str,
}

#[derive(Serialize)]
struct Signature<'a> {
    element: &'a str,
    signature_algorithm: &'a str,
    digest_algorithm: &'a str,
    #[serde(flatten)]
    by: Signer<'a>,
}

/// What an administrator should know of a verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Caution {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

#[derive(Serialize)]
struct NameAndValues<'a> {
    name: &'a str,
    name_format: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_name: Option<&'a str>,
    values: Vec<JsonValue<'a>>,
}

/// A string, `null` for `xsi:nil`, or an object of one key that says what else it is.
#[derive(Serialize)]
#[serde(untagged)]
enum JsonValue<'a> {
    Text(&'a str),
    Nil,
    NameId { name_id: Name<'a> },
    Xml { xml: &'a str },
}

/// All of a NameID.
#[derive(Serialize)]
struct Name<'a> {
    value: &'a str,
    format: Option<&'a str>,
    name_qualifier: Option<&'a str>,
    sp_name_qualifier: Option<&'a str>,
    sp_provided_id: Option<&'a str>,
}

impl<'a, C> Json<'a, C> {
    pub(crate) fn new(login: &'a Login, cautions: &[Caution], checks: Option<C>) -> Self {
        let name = Name::from(login.name_id());
        Self {
            verdict: "accepted",
            issuer: login.issuer(),
            user_id: login.user_id(),
            identified_by: login.identifying_attribute(),
            name_id: name.value,
            name_id_format: name.format,
            name_qualifier: name.name_qualifier,
            sp_name_qualifier: name.sp_name_qualifier,
            sp_provided_id: name.sp_provided_id,
            subject_name_id: login.subject_name_id().map(Name::from),
            subject_key: login.subject_key().into(),
            session_index: login.session_index(),
            session_not_on_or_after: login.session_not_on_or_after().map(format_rfc3339),
            authn_context: login.authn_context(),
            authn_instant: format_rfc3339(login.authn_instant()),
            issue_instant: format_rfc3339(login.issue_instant()),
            not_before: login.not_before().map(format_rfc3339),
            not_on_or_after: login.not_on_or_after().map(format_rfc3339),
            in_response_to: login.in_response_to(),
            assertion_id: login.assertion_id(),
            response_id: login.response_id(),
            one_time_use: login.one_time_use(),
            confirmed_address: login.confirmed_address(),
            signed: signed(login.signatures()),
            signed_by: login.signatures().last().map(|signature| Signer::from(&signature.key)),
            signatures: login.signatures().iter().map(Signature::from).collect(),
            warnings: cautions.iter().cloned().chain(login.warnings().iter().map(Caution::from)).collect(),
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

impl<'a> From<&'a TrustedKey> for Signer<'a> {
    fn from(key: &'a TrustedKey) -> Self {
        let certificate = key.certificate();
        Self {
            sha256: certificate.map(Certificate::sha256_fingerprint),
            subject: certificate.map(Certificate::subject),
            not_after: certificate.map(|certificate| format_rfc3339(certificate.not_after())),
            spki_sha256: key.spki_sha256_fingerprint(),
        }
    }
}

impl<'a> From<&'a VerifiedSignature> for Signature<'a> {
    fn from(signature: &'a VerifiedSignature) -> Self {
        Self {
            element: signature.element,
            signature_algorithm: signature.signature_algorithm,
            digest_algorithm: signature.digest_algorithm,
            by: (&signature.key).into(),
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
            friendly_name: attribute.friendly_name(),
            values: attribute.values().map(JsonValue::from).collect(),
        }
    }
}

impl<'a> From<AttributeValue<'a>> for JsonValue<'a> {
    fn from(value: AttributeValue<'a>) -> Self {
        match value {
            AttributeValue::Text(text) => Self::Text(text),
            AttributeValue::NameId(name) => Self::NameId { name_id: name.into() },
            AttributeValue::Xml(xml) => Self::Xml { xml },
            _ => Self::Nil,
        }
    }
}

impl<'a> From<&'a NameId> for Name<'a> {
    fn from(name: &'a NameId) -> Self {
        Self {
            value: &name.value,
            format: name.format.as_deref(),
            name_qualifier: name.name_qualifier.as_deref(),
            sp_name_qualifier: name.sp_name_qualifier.as_deref(),
            sp_provided_id: name.sp_provided_id.as_deref(),
        }
    }
}

/// Tells a person who logged in, and why that is believed.
pub(crate) fn show(login: &Login, now: SystemTime, screen: &mut Screen) {
    screen.headline(Tone::Good, "ACCEPTED", &format!("{} of {}", login.user_id(), login.issuer()));
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
        screen.row(Tone::Warning, &format!("  {}", warning.code()), &format!("  {warning}"), 4);
    }
    screen.section("not checked: whether this login was used before. A service claims each one from its replay store.");
}

fn show_user(login: &Login, screen: &mut Screen) {
    show_optional("user", login.identifying_attribute().map(|_| login.user_id()), screen);
    show_optional("identified by", login.identifying_attribute(), screen);
    if let Some(name) = login.subject_name_id() {
        show_name(name, screen);
    }
    screen.field("issuer", login.issuer());
    screen.field("session index", login.session_index().unwrap_or("none: single logout cannot name this session"));
    show_optional("authn context", login.authn_context(), screen);
    screen.field("answers", login.in_response_to().unwrap_or("no request (unsolicited)"));
    screen.field("assertion ID", login.assertion_id());
    show_optional("address", login.confirmed_address(), screen);
}

fn show_name(name: &NameId, screen: &mut Screen) {
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
            screen.field(label, &format!("{} ({})", clock::shown(instant), relative(instant, now)));
        }
    }
    screen.field("judged at", &clock::shown(now));
}

fn show_signature(signature: &VerifiedSignature, now: SystemTime, screen: &mut Screen) {
    screen.field(signature.element, &format!("{}, digest {}", signature.signature_algorithm, signature.digest_algorithm));
    show_key(&signature.key, now, screen);
}

/// A trusted key that signed.
pub(crate) fn show_key(key: &TrustedKey, now: SystemTime, screen: &mut Screen) {
    match key.certificate() {
        Some(certificate) => {
            let until = certificate.not_after();
            let valid = format!("valid until {} ({})", format_rfc3339(until), relative(until, now));
            screen.field("by", &format!("{}, {valid}", certificate.subject()));
            screen.field("SHA-256", certificate.sha256_fingerprint());
        }
        None => {
            screen.field("by", &format!("a public key without a certificate, {}", key.key_type()));
            screen.field("key SHA-256", key.spki_sha256_fingerprint());
        }
    }
}

fn show_attribute(attribute: Attribute<'_>, screen: &mut Screen) {
    screen.line(Tone::Faint, &format!("  {}", attribute.name()));
    for value in attribute.values() {
        let (value, kind) = match value {
            AttributeValue::Text(text) => (text, ""),
            AttributeValue::NameId(name) => (&*name.value, " (a NameID)"),
            AttributeValue::Xml(xml) => (xml, " (XML)"),
            _ => ("(nil)", ""),
        };
        screen.line(Tone::Plain, &format!("    {value}{kind}"));
    }
}
