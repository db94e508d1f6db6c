//! The posted messages of `testdata`, each at the connection that its manifest row describes.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use saml_verify::time::parse_rfc3339;
use saml_verify::{Departure, Error, Expect, IdentityProvider, ServiceProvider, TrustedKeys, Verified, Verifier};
use serde_json::Value;

use super::outside::more;
use super::personal::Personal;
use super::{cases, read, read_text, testdata, text};

/// A message and its connection, every departure allowed: what is refused all the same is refused for another reason.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) name: String,
    folder: PathBuf,
    /// The row of the manifest.
    pub(crate) case: Value,
    /// The form field.
    pub(crate) field: String,
    pub(crate) keys: TrustedKeys,
    pub(crate) verifier: Verifier,
    pub(crate) now: SystemTime,
}

impl Posted {
    /// A message of `testdata/auth0`.
    pub(crate) fn auth0(id: &str) -> Self {
        Self::find("auth0", id)
    }

    /// A message of `testdata/attacks`.
    pub(crate) fn attack(id: &str) -> Self {
        Self::find("attacks", id)
    }

    fn find(part: &str, id: &str) -> Self {
        let case = cases(&testdata(part)).into_iter().find(|case| text(case, "id") == id);
        Self::new(part, &testdata(part), case.unwrap_or_else(|| panic!("no case {id} in {part}")))
    }

    fn new(part: &str, folder: &Path, case: Value) -> Self {
        let keys = |file: &str| TrustedKeys::from_pem(read(&folder.join(file))).expect("a certificate");
        let more = case["idp_cert_additional"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let keys = more.fold(keys(text(&case, "idp_cert")), |all, file| all.and(keys(file)).expect("few keys"));
        let audience = case["sp_entity_id"].as_str().unwrap_or_else(|| text(&case, "audience"));
        let sp = ServiceProvider::new(audience, text(&case, "acs_url")).expect("a service provider");
        let idp = IdentityProvider::new(text(&case, "idp_entity_id"), keys.clone()).expect("an identity provider");
        let idp = Departure::ALL.into_iter().fold(idp, IdentityProvider::allow);
        // The skew of the attacks is said once for all of them.
        let skew = Duration::from_secs(case["clock_skew_seconds"].as_u64().unwrap_or(60));
        Self {
            name: format!("{part}/{}", text(&case, "id")),
            folder: folder.to_owned(),
            field: read_text(&folder.join(text(&case, "b64"))),
            keys,
            verifier: Verifier::new(sp, idp).clock_skew(skew).expect("a skew within bounds"),
            now: parse_rfc3339(text(&case, "now")).expect("a time"),
            case,
        }
    }

    /// The document, where the form field holds one that another parser takes as well.
    pub(crate) fn xml(&self) -> Option<String> {
        let xml = String::from_utf8(decoded(&self.field)?).ok()?;
        let xml = xml.trim_start_matches('\u{FEFF}').to_owned();
        roxmltree::Document::parse(&xml).is_ok().then_some(xml)
    }

    /// What it says of its user.
    pub(crate) fn personal(&self) -> Personal {
        personal(&self.folder, &self.case, &self.field)
    }

    /// The request that is pending.
    pub(crate) fn expect(&self) -> Expect<'_> {
        self.case["in_response_to"].as_str().map_or(Expect::Unsolicited, Expect::AnswerTo)
    }

    pub(crate) fn verify(&self) -> Result<Verified, Error> {
        self.verify_by(&self.verifier)
    }

    pub(crate) fn verify_by(&self, verifier: &Verifier) -> Result<Verified, Error> {
        verifier.verify_post(&self.field, self.expect(), self.now)
    }
}

/// Every message that is posted to an assertion consumer service, those from outside among them where there are any.
pub(crate) fn posted() -> Vec<Posted> {
    let responses = |part: &'static str, folder: PathBuf| {
        let all = cases(&folder).into_iter();
        let posted =
            all.filter(|case| text(case, "binding") == "post" && case["kind"].as_str().unwrap_or("response") == "response");
        posted.map(move |case| Posted::new(part, &folder, case))
    };
    let own = ["auth0", "attacks"].into_iter().flat_map(|part| responses(part, testdata(part)));
    own.chain(more("auth0/real").into_iter().flat_map(|folder| responses("auth0/real", folder))).collect()
}

/// What a message in a form field says of its user.
pub(crate) fn personal(folder: &Path, case: &Value, field: &str) -> Personal {
    let xml = decoded(field).map(|octets| String::from_utf8_lossy(&octets).into_owned());
    Personal::of(case, xml.unwrap_or_default(), pem_files(folder, case))
}

/// The files of the certificates that a case trusts.
pub(crate) fn pem_files(folder: &Path, case: &Value) -> Vec<String> {
    let more = case["idp_cert_additional"].as_array().into_iter().flatten().chain(case.get("idp_cert_additional"));
    let files = case.get("idp_cert").into_iter().chain(more).filter_map(Value::as_str);
    files.map(|file| String::from_utf8_lossy(&read(&folder.join(file))).into_owned()).collect()
}

fn decoded(field: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let field: String = field.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(field).ok()
}
