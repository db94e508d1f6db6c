//! The posted messages of `testdata`, each at the connection that its manifest row describes.

use std::time::{Duration, SystemTime};

use saml_verify::time::parse_rfc3339;
use saml_verify::{Departure, Error, Expect, IdentityProvider, ServiceProvider, TrustedKeys, Verified, Verifier};
use serde_json::Value;

use super::{cases, read, read_text, testdata, text};

/// A message and its connection, every departure allowed: what is refused all the same is refused for another reason.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) name: String,
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
        Self::new(part, case.unwrap_or_else(|| panic!("no case {id} in {part}")))
    }

    fn new(part: &str, case: Value) -> Self {
        let folder = testdata(part);
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
            field: read_text(&folder.join(text(&case, "b64"))),
            keys,
            verifier: Verifier::new(sp, idp).clock_skew(skew).expect("a skew within bounds"),
            now: parse_rfc3339(text(&case, "now")).expect("a time"),
            case,
        }
    }

    /// The document, where the form field holds one that another parser takes as well.
    pub(crate) fn xml(&self) -> Option<String> {
        use base64::Engine;
        let field: String = self.field.split_ascii_whitespace().collect();
        let xml = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(field).ok()?).ok()?;
        let xml = xml.trim_start_matches('\u{FEFF}').to_owned();
        roxmltree::Document::parse(&xml).is_ok().then_some(xml)
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

/// Every message that is posted to an assertion consumer service.
pub(crate) fn posted() -> Vec<Posted> {
    let responses = |part: &'static str| {
        let all = cases(&testdata(part)).into_iter();
        let posted =
            all.filter(|case| text(case, "binding") == "post" && case["kind"].as_str().unwrap_or("response") == "response");
        posted.map(move |case| Posted::new(part, case))
    };
    responses("auth0").chain(responses("attacks")).collect()
}
