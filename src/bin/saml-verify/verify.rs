//! `verify`: the verdict on a login.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{ArgGroup, Args, ValueEnum};
use saml_verify::{
    ConfigError, DecryptionKey, DecryptionKeyError, Departure, Expect, ExpiredCertificate, Limits, Login, Report,
    ServiceProvider, Verifier,
};

use crate::authn_request::key_file;
use crate::certificate::read_files;
use crate::exit::{Failure, Outcome};
use crate::input::{Message, Source, is_standard_input};
use crate::login::Caution;
use crate::refusal::Refusal;
use crate::terminal::{Screen, diagnose, print_json};
use crate::trust::Trust;
use crate::verdict::{Accepted, Verdict};
use crate::{clock, explain, login};

/// Verify a login: the Response that an identity provider made a browser post
///
/// The message is XML, base64 as posted, a urlencoded form body, or the query of a redirect. A login never travels by redirect
/// (SAML Profiles 4.1.2): that form is recognised and refused with the code `redirect_binding`. Whether a login was used before
/// is not checked: that takes a service's memory.
#[derive(Args)]
#[command(after_help = crate::EXIT_CODES, group = ArgGroup::new("request").required(true))]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    trust: Trust,
    /// Our entity ID: the audience
    #[arg(long, value_name = "ID")]
    sp_entity_id: String,
    /// URL of our assertion consumer service: Recipient and Destination
    #[arg(long, value_name = "URL")]
    acs_url: String,
    /// ID of the pending request that the login must answer; repeatable. `any` looks at a saved message without knowing it
    #[arg(long, value_name = "ID", group = "request", value_parser = request_id)]
    in_response_to: Vec<String>,
    /// No request is pending: the login started at the identity provider
    #[arg(long, group = "request")]
    unsolicited: bool,
    /// Judge at this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = clock::parse)]
    now: Option<SystemTime>,
    /// Private key of ours, PKCS#8 or PKCS#1 PEM, for what is encrypted; repeatable, one key in each file
    #[arg(long, value_name = "FILE")]
    decryption_key: Vec<PathBuf>,
    /// Allowed difference between the clocks, at most 300
    #[arg(long, value_name = "SECONDS", default_value_t = Verifier::DEFAULT_CLOCK_SKEW.as_secs(), allow_negative_numbers = true)]
    clock_skew: u64,
    /// Allow one departure from the rules, for this identity provider; repeatable
    #[arg(long, value_name = "NAME", value_parser = allowed, long_help = allow_help())]
    allow: Vec<Allowed>,
    /// Name of the attribute that identifies the user instead of the NameID, compared exactly
    #[arg(long, value_name = "NAME")]
    identify_by: Option<String>,
    /// What becomes of a login whose trusted certificate is outside its validity
    #[arg(long, value_enum, value_name = "POLICY", default_value_t = CertificatePolicy::Warn)]
    expired_certificate: CertificatePolicy,
    /// Certificate that is trusted as an old one: a login that was signed with it has a warning; repeatable
    #[arg(long, value_name = "FILE")]
    retiring_cert: Vec<PathBuf>,
    /// Warn of a login whose trusted certificate ends within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    warn_before_expiry: u32,
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

/// What `--expired-certificate` takes.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CertificatePolicy {
    Ignore,
    Warn,
    Refuse,
}

impl From<CertificatePolicy> for ExpiredCertificate {
    fn from(policy: CertificatePolicy) -> Self {
        match policy {
            CertificatePolicy::Ignore => Self::Ignore,
            CertificatePolicy::Warn => Self::Warn,
            CertificatePolicy::Refuse => Self::Refuse,
        }
    }
}

/// What a name of `--allow` allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) name: String,
    pub(crate) departures: Vec<Departure>,
}

pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let now = options.now.unwrap_or_else(SystemTime::now);
    let verifier = options.verifier(now)?;
    options.refuse_any_among_others()?;
    options.note_ineffective();
    let verdict = match options.source.read(&Limits::DEFAULT)? {
        Ok(message) => options.judge(&verifier, &message, now),
        Err(refusal) => options.refused_input(&verifier, refusal, now),
    };
    verdict.print(options.json, now)
}

impl Options {
    fn verifier(&self, now: SystemTime) -> Result<Verifier, Failure> {
        let sp = if self.allows(HTTP_ACS_URL) {
            ServiceProvider::with_http_acs_url(&self.sp_entity_id, &self.acs_url)
        } else {
            ServiceProvider::new(&self.sp_entity_id, &self.acs_url)
        };
        let sp = sp.map_err(|error| misconfigured("--sp-entity-id", &error))?;
        let sp = self.decryption_key.iter().try_fold(sp, |sp, file| {
            let sp = sp.decrypting_with(self.read_decryption_key(file)?);
            sp.map_err(|error| misconfigured("--decryption-key", &error))
        })?;
        let idp = self.trust.identity_provider(&self.source, now)?;
        let idp = if self.retiring_cert.is_empty() {
            idp
        } else {
            let keys = read_files("--retiring-cert", &self.retiring_cert)?;
            idp.retiring(keys).map_err(|error| misconfigured("--retiring-cert", &error))?
        };
        let departures = self.allow.iter().flat_map(|allowed| &allowed.departures);
        let idp = departures.fold(idp, |idp, departure| idp.allow(*departure));
        let idp = match &self.identify_by {
            Some(name) => idp.identify_by_attribute(name).map_err(|error| misconfigured("--identify-by", &error))?,
            None => idp,
        };
        let verifier = Verifier::new(sp, idp).expired_certificate(self.expired_certificate.into());
        let verifier = verifier.warn_before_expiry(Duration::from_secs(u64::from(self.warn_before_expiry) * 86_400));
        let skew = Duration::from_secs(self.clock_skew);
        verifier.clock_skew(skew).map_err(|error| misconfigured("--clock-skew", &error))
    }

    fn allows(&self, name: &str) -> bool {
        self.allow.iter().any(|allowed| allowed.name == name)
    }

    fn read_decryption_key(&self, file: &Path) -> Result<DecryptionKey, Failure> {
        if self.source.is_standard_input() && is_standard_input(file) {
            return Err(Failure::usage("--decryption-key: standard input is the private key or the message, not both"));
        }
        let pem = key_file(file)?;
        let refused =
            |error: DecryptionKeyError| Failure::new(error.code(), format!("{}: {error}", file.display()), error.remedy());
        DecryptionKey::from_pem(pem).map_err(refused)
    }

    /// Whether any request will do: the message is only looked at.
    fn takes_any_request(&self) -> bool {
        self.in_response_to.iter().any(|id| id == ANY)
    }

    fn refuse_any_among_others(&self) -> Result<(), Failure> {
        if self.takes_any_request() && self.in_response_to.len() > 1 {
            return Err(Failure::usage("--in-response-to: `any` stands alone, for with it no request is compared"));
        }
        Ok(())
    }

    fn note_ineffective(&self) {
        for departure in [Departure::AesCbc, Departure::AesCbcUnderAssertionSignature].map(Departure::name) {
            if self.decryption_key.is_empty() && self.allows(departure) {
                diagnose(&format!("note: --allow {departure} changes nothing without --decryption-key"));
            }
        }
    }

    fn judge(&self, verifier: &Verifier, message: &Message, now: SystemTime) -> Verdict<Login> {
        // An explanation can never become a login, so that what a message claims is read from there and from nowhere else.
        let claimed = self.takes_any_request().then(|| {
            let report = explained(verifier, message, Expect::AnswerTo(ANY), now);
            explain::claimed_requests(&report)
        });
        let requests: Vec<&str> = claimed.as_ref().unwrap_or(&self.in_response_to).iter().map(String::as_str).collect();
        let expect = expect(&requests);
        let verified = match message {
            Message::Xml(xml) => verifier.verify_xml(xml, expect, now),
            Message::Post(text) => verifier.verify_post(text, expect, now),
        };
        let rows = || explain::rows(&explained(verifier, message, expect, now), self.now.is_some());
        let checks = self.table(rows);
        // One message is looked at once, so that there is nothing to remember.
        let login = verified.map(|verified| verified.without_replay_protection());
        let outcome = login.map_err(|error| self.dated(error.into()).into());
        Verdict { outcome, checks, cautions: self.cautions() }
    }

    /// What became of input in which there is no message for the library to look at.
    fn refused_input(&self, verifier: &Verifier, refusal: Box<Refusal>, now: SystemTime) -> Verdict<Login> {
        let rows = || explain::rows_of_refused_input(&refusal, &verifier.explain_post("", Expect::Unsolicited, now));
        let checks = self.table(rows);
        Verdict { outcome: Err(refusal), checks, cautions: self.cautions() }
    }

    fn table(&self, rows: impl FnOnce() -> Vec<explain::Row>) -> Option<explain::Table> {
        (self.explain || self.failures).then(|| explain::Table::new(rows(), self.failures))
    }

    fn dated(&self, refusal: Refusal) -> Refusal {
        if self.now.is_some() { refusal } else { refusal.of_now() }
    }

    fn cautions(&self) -> Vec<Caution> {
        const UNCHECKED: &str = "with `--in-response-to any` nobody checks that this service sent the request that the message answers, \
                                 or any; a service compares it with what is pending in the browser's session";
        let caution = Caution { code: "request_not_checked", message: UNCHECKED.to_owned() };
        self.takes_any_request().then_some(caution).into_iter().collect()
    }
}

fn explained(verifier: &Verifier, message: &Message, expect: Expect<'_>, now: SystemTime) -> Report {
    match message {
        Message::Xml(xml) => verifier.explain_xml(xml, expect, now),
        Message::Post(text) => verifier.explain_post(text, expect, now),
    }
}

fn expect<'a>(requests: &'a [&'a str]) -> Expect<'a> {
    match requests {
        [] => Expect::Unsolicited,
        [only] => Expect::AnswerTo(only),
        several => Expect::AnswerToAny(several),
    }
}

impl Accepted for Login {
    fn print_json(&self, cautions: &[Caution], checks: Option<&explain::Table>) -> Result<(), Failure> {
        print_json(&login::Json::new(self, cautions, checks))
    }

    fn show(&self, now: SystemTime, screen: &mut Screen) {
        login::show(self, now, screen);
    }
}

/// The options that are wrong belong to one constructor; only the ACS URL can be told from the error.
fn misconfigured(option: &str, error: &ConfigError) -> Failure {
    let option = if matches!(error, ConfigError::InvalidAcsUrl { .. }) { "--acs-url" } else { option };
    Failure::configuration(option, error)
}

/// A request always has an ID: who lost it must not be answered by a message that has none.
pub(crate) fn request_id(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the ID of a request is never empty; for a login that answers none give --unsolicited".to_owned());
    }
    Ok(text.to_owned())
}

/// The value of `--in-response-to` that stands for whatever the message says.
pub(crate) const ANY: &str = "any";

/// The departures of that name; the library's own names come first.
pub(crate) fn allowed(name: &str) -> Result<Allowed, String> {
    let departures = match (name.parse(), name) {
        (Ok(departure), _) => vec![departure],
        (Err(_), "sha1") => vec![Departure::Sha1SignatureForLegacyUseOnly, Departure::Sha1DigestForLegacyUseOnly],
        (Err(_), HTTP_ACS_URL) => Vec::new(),
        (Err(_), _) => return Err(format!("the names are {}", ALLOW.map(|(name, _)| name).join(", "))),
    };
    Ok(Allowed { name: name.to_owned(), departures })
}

pub(crate) fn allow_help() -> String {
    let names = ALLOW.map(|(name, meaning)| format!("\n- {name}: {meaning}"));
    format!("Allow one departure from the rules, for this identity provider; repeatable\n\nNames:{}", names.concat())
}

/// A departure of the service provider's, not of the identity provider's.
pub(crate) const HTTP_ACS_URL: &str = "http-acs-url";

/// What `--allow` takes.
const ALLOW: [(&str, &str); 12] = [
    ("sha1-signature", "the signature method rsa-sha1"),
    ("sha1-digest", "SHA-1 as the digest of what is signed"),
    ("sha1", "both of these"),
    ("inclusive-c14n", "Canonical XML 1.0 and 1.1 beside the exclusive form"),
    ("signature-position", "the Signature as last child, as Auth0 wrote it before July 2017"),
    ("confirmation-not-before", "NotBefore of a bearer confirmation, checked as the start of its window"),
    ("issuer-format", "any Format on the Issuer of the Response, or of a message of logout"),
    ("non-ncname-id", "IDs that start with a digit or hold other name characters in a place where XML has none"),
    ("whole-document-reference", "URI=\"\" in the signature of the document's root element"),
    (HTTP_ACS_URL, "an --acs-url or --slo-url without TLS, in an intranet or behind a tunnel"),
    ("aes-cbc", "AES-CBC for what is encrypted, where a verified signature covers the cipher text"),
    (
        "aes-cbc-under-assertion-signature",
        "with aes-cbc: an assertion encrypted so in a Response that is not signed, which lets whoever recorded it find out what it says",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_departure_has_a_name_and_nothing_else_has() {
        for departure in Departure::ALL {
            assert!(ALLOW.iter().any(|(name, _)| *name == departure.name()), "{departure}");
            assert_eq!(allowed(departure.name()).unwrap().departures, [departure]);
        }
        for (name, count) in [("sha1", 2), ("http-acs-url", 0), ("aes-cbc", 1)] {
            assert_eq!(allowed(name).unwrap().departures.len(), count, "{name}");
        }
        for name in ["", "SHA1", "sha-1", "all", "sha1 "] {
            let message = "the names are sha1-signature, sha1-digest, sha1, inclusive-c14n, signature-position, \
                           confirmation-not-before, issuer-format, non-ncname-id, whole-document-reference, http-acs-url, aes-cbc, \
                           aes-cbc-under-assertion-signature";
            assert_eq!(allowed(name), Err(message.to_owned()));
        }
    }
}
