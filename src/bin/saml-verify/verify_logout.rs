//! `verify-logout`: the verdict on a message of logout.

use std::time::{Duration, SystemTime};

use clap::Args;
use saml_verify::logout::{Delivered, LogoutRequest, LogoutResponse, LogoutSignature, LogoutVerifier, VerifiedRequest};
use saml_verify::time::format_rfc3339;
use saml_verify::{ConfigError, Error, Limits, LogoutError, Report, ServiceProvider, Verifier, Warning};
use serde::Serialize;

use crate::exit::{Failure, Outcome};
use crate::input::{LogoutMessage, Source};
use crate::login::{Caution, Signer, show_key};
use crate::refusal::Refusal;
use crate::terminal::{Screen, Tone, print_json};
use crate::trust::Trust;
use crate::verdict::{Accepted, Verdict};
use crate::verify::{ANY, Allowed, CertificatePolicy, HTTP_ACS_URL, allow_help, allowed, request_id};
use crate::{clock, explain};

/// Verify a message of logout: a LogoutRequest of the identity provider, or its LogoutResponse
///
/// The message is XML, base64 as posted, a urlencoded form body, or the URL or raw query of a redirect. Which of the two it is, is told by
/// what it says. Whether a request came before is not checked: that takes a service's memory.
#[derive(Args)]
#[command(after_help = crate::EXIT_CODES)]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    trust: Trust,
    /// URL of our single logout service: the Destination
    #[arg(long, value_name = "URL")]
    slo_url: String,
    /// ID of the pending request that a LogoutResponse must answer. `any` looks at a saved message without knowing it
    #[arg(long, value_name = "ID", value_parser = request_id)]
    in_response_to: Option<String>,
    /// Judge at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Allowed difference between the clocks, at most 300
    #[arg(long, value_name = "SECONDS", default_value_t = Verifier::DEFAULT_CLOCK_SKEW.as_secs(), allow_negative_numbers = true)]
    clock_skew: u64,
    /// Allow one departure from the rules, for this identity provider; repeatable
    #[arg(long, value_name = "NAME", value_parser = allowed, long_help = allow_help())]
    allow: Vec<Allowed>,
    /// What becomes of a message whose trusted certificate is outside its validity
    #[arg(long, value_enum, value_name = "POLICY", default_value_t = CertificatePolicy::Warn)]
    expired_certificate: CertificatePolicy,
    /// Run every check, also after a failure, and show those that failed and the table of all
    #[arg(long)]
    explain: bool,
    /// Run every check, also after a failure, and show only those that failed
    #[arg(long)]
    failures: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let now = options.now.unwrap_or_else(SystemTime::now);
    let verifier = options.verifier(now)?;
    let verdict = match options.source.read_logout(&Limits::DEFAULT)? {
        Ok(message) => options.judge(&verifier, message.delivered(), now)?,
        Err(refusal) => Verdict { outcome: Err(refusal), checks: None, cautions: Vec::new() },
    };
    verdict.print(options.json, now)
}

impl LogoutMessage {
    fn delivered(&self) -> Delivered<'_> {
        match self {
            Self::Xml(xml) => Delivered::Xml(xml),
            Self::Post(text) => Delivered::Post(text),
            Self::Redirect(query) => Delivered::Redirect(query),
        }
    }
}

/// A message that was accepted.
enum Logout {
    Request(LogoutRequest),
    Response(LogoutResponse),
}

impl Options {
    fn verifier(&self, now: SystemTime) -> Result<LogoutVerifier, Failure> {
        let idp = self.trust.identity_provider(&self.source, now)?;
        let idp = self.allow.iter().flat_map(|allowed| &allowed.departures).fold(idp, |idp, departure| idp.allow(*departure));
        let slo_url = |error: ConfigError| Failure::configuration("--slo-url", &error);
        // No session is compared here, which is what our entity ID is for.
        let sp = ServiceProvider::new("urn:none", "https://localhost/").map_err(slo_url)?;
        let plain_http = self.allow.iter().any(|allowed| allowed.name == HTTP_ACS_URL);
        let make = if plain_http { LogoutVerifier::with_http_slo_url } else { LogoutVerifier::new };
        let verifier =
            make(&sp, idp, self.slo_url.as_str()).map_err(slo_url)?.expired_certificate(self.expired_certificate.into());
        let skew = Duration::from_secs(self.clock_skew);
        verifier.clock_skew(skew).map_err(|error| Failure::configuration("--clock-skew", &error))
    }

    /// A request, unless the message says that it is a response.
    fn judge(&self, verifier: &LogoutVerifier, delivered: Delivered<'_>, now: SystemTime) -> Result<Verdict<Logout>, Failure> {
        let request = verifier.verify_request(delivered, now);
        if !request.as_ref().is_err_and(|error| is_response(error, delivered)) {
            let outcome = request.map(|request| Logout::Request(VerifiedRequest::without_replay_protection(request)));
            let checks = self.table(|| verifier.explain_request(delivered, now));
            return Ok(Verdict { outcome: self.dated(outcome), checks, cautions: Vec::new() });
        }
        let Some(expected) = self.in_response_to.as_deref() else {
            return Err(Failure::usage(
                "--in-response-to: a LogoutResponse must answer the pending request, whose ID is needed; `any` looks at a saved message",
            ));
        };
        let claimed = (expected == ANY).then(|| {
            let report = verifier.explain_response(delivered, ANY, now);
            explain::claimed_requests(&report).into_iter().next().unwrap_or_default()
        });
        let pending = claimed.as_deref().unwrap_or(expected);
        let outcome = verifier.verify_response(delivered, pending, now).map(Logout::Response);
        let checks = self.table(|| verifier.explain_response(delivered, pending, now));
        let caution = Caution { code: "request_not_checked", message: UNCHECKED.to_owned() };
        Ok(Verdict { outcome: self.dated(outcome), checks, cautions: claimed.map(|_| caution).into_iter().collect() })
    }

    fn dated(&self, outcome: Result<Logout, Error>) -> Result<Logout, Box<Refusal>> {
        outcome.map_err(|error| {
            let refusal = Refusal::from(error);
            Box::new(if self.now.is_some() { refusal } else { refusal.of_now() })
        })
    }

    fn table(&self, report: impl FnOnce() -> Report) -> Option<explain::Table> {
        (self.explain || self.failures).then(|| explain::Table::new(explain::rows(&report(), self.now.is_some()), self.failures))
    }
}

/// Whether what is no request is a response: by its root element, or by the parameter of the query.
fn is_response(error: &Error, delivered: Delivered<'_>) -> bool {
    if let Delivered::Redirect(query) = delivered {
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        return has("SAMLResponse") && !has("SAMLRequest");
    }
    matches!(error, Error::Logout(LogoutError::UnexpectedMessage { received, .. })
        if received.as_str().rsplit(':').next() == Some("LogoutResponse"))
}

/// The object that `--json` prints of an accepted message.
#[derive(Default, Serialize)]
struct Json<'a> {
    verdict: &'static str,
    kind: &'static str,
    issuer: &'a str,
    id: &'a str,
    issue_instant: String,
    name_id: Option<&'a str>,
    name_id_format: Option<&'a str>,
    name_qualifier: Option<&'a str>,
    sp_name_qualifier: Option<&'a str>,
    sp_provided_id: Option<&'a str>,
    session_indexes: &'a [String],
    reason: Option<&'a str>,
    not_on_or_after: Option<String>,
    status: Option<&'a str>,
    status_codes: Vec<&'a str>,
    status_message: Option<&'a str>,
    partial: Option<bool>,
    in_response_to: Option<&'a str>,
    relay_state: Option<&'a str>,
    /// `query`, or the element.
    signed: &'a str,
    signature_algorithm: &'a str,
    signed_by: Option<Signer<'a>>,
    warnings: Vec<Caution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<&'a explain::Table>,
}

impl Logout {
    fn signature(&self) -> &LogoutSignature {
        match self {
            Self::Request(request) => request.signature(),
            Self::Response(response) => response.signature(),
        }
    }

    fn warnings(&self) -> &[Warning] {
        match self {
            Self::Request(request) => request.warnings(),
            Self::Response(response) => response.warnings(),
        }
    }

    fn json(&self) -> Json<'_> {
        let LogoutSignature { covers, key, signature_algorithm, .. } = self.signature();
        let signed = if *covers == "query" { "query" } else { "message" };
        Json { signed, signature_algorithm, signed_by: Some(key.into()), ..self.said() }
    }

    /// What the message says.
    fn said(&self) -> Json<'_> {
        match self {
            Self::Request(request) => Json {
                kind: "logout_request",
                issuer: request.issuer(),
                id: request.id(),
                issue_instant: format_rfc3339(request.issue_instant()),
                name_id: Some(&request.name_id().value),
                name_id_format: request.name_id().format.as_deref(),
                name_qualifier: request.name_id().name_qualifier.as_deref(),
                sp_name_qualifier: request.name_id().sp_name_qualifier.as_deref(),
                sp_provided_id: request.name_id().sp_provided_id.as_deref(),
                session_indexes: request.session_indexes(),
                reason: request.reason(),
                not_on_or_after: request.not_on_or_after().map(format_rfc3339),
                relay_state: request.signed_relay_state(),
                ..Json::default()
            },
            Self::Response(response) => Json {
                kind: "logout_response",
                issuer: response.issuer(),
                id: response.id(),
                issue_instant: format_rfc3339(response.issue_instant()),
                status: response.status_codes().next(),
                status_codes: response.status_codes().collect(),
                status_message: response.status_message(),
                partial: Some(response.is_partial()),
                in_response_to: Some(response.in_response_to()),
                relay_state: response.signed_relay_state(),
                ..Json::default()
            },
        }
    }
}

impl Accepted for Logout {
    fn print_json(&self, cautions: &[Caution], checks: Option<&explain::Table>) -> Result<(), Failure> {
        let warnings = cautions.iter().cloned().chain(self.warnings().iter().map(Caution::from)).collect();
        print_json(&Json { verdict: "accepted", warnings, checks, ..self.json() })
    }

    fn show(&self, now: SystemTime, screen: &mut Screen) {
        let json = self.json();
        let what = match self {
            Self::Request(_) => "the identity provider asks for a logout",
            Self::Response(response) if response.is_partial() => "the identity provider logged the user out, but not everywhere",
            Self::Response(_) => "the identity provider logged the user out",
        };
        screen.headline(Tone::Good, "ACCEPTED", what);
        screen.line(Tone::Plain, "");
        let indexes = json.session_indexes.join(" ");
        let all_sessions = matches!(self, Self::Request(request) if request.session_indexes().is_empty());
        let codes = json.status_codes.join(" ");
        let fields = [
            ("issuer", Some(json.issuer)),
            ("name id", json.name_id),
            ("format", json.name_id_format),
            ("qualifier", json.name_qualifier),
            ("SP qualifier", json.sp_name_qualifier),
            ("SP's name", json.sp_provided_id),
            (
                "sessions",
                if all_sessions {
                    Some("all of the user's")
                } else {
                    Some(indexes.as_str()).filter(|_| !json.session_indexes.is_empty())
                },
            ),
            ("reason", json.reason),
            ("status", Some(codes.as_str()).filter(|codes| !codes.is_empty())),
            ("message", json.status_message),
            ("answers", json.in_response_to),
            ("RelayState", json.relay_state),
            ("issued", Some(json.issue_instant.as_str())),
            ("valid until", json.not_on_or_after.as_deref()),
        ];
        for (name, value) in fields {
            value.iter().for_each(|value| screen.field(name, value));
        }
        let LogoutSignature { covers, key, signature_algorithm, .. } = self.signature();
        screen.section("signed");
        screen.field(covers, signature_algorithm);
        show_key(key, now, screen);
        if !self.warnings().is_empty() {
            screen.section("warnings");
        }
        for warning in self.warnings() {
            screen.row(Tone::Warning, &format!("  {}", warning.code()), &format!("  {warning}"), 4);
        }
        if matches!(self, Self::Request(_)) {
            screen.section("not checked: whether this request came before. A service claims each one from its replay store.");
        }
    }
}

const UNCHECKED: &str = "with `--in-response-to any` nobody checks that this service sent the request that the message answers; a service \
                         compares it with what is pending in the browser's session";
