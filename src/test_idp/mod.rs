//! An identity provider in a few lines, for the tests of services that link this crate. Feature `test-idp`.
//!
//! Its keys are built in and known to everybody: trust them in tests and nowhere else. It reads no clock and draws no random
//! numbers: what it writes follows from what it was told and from how many responses it made before.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use saml_verify::test_idp::TestIdp;
//! use saml_verify::{Expect, IdentityProvider, InProcessReplayStore, ServiceProvider, Verifier};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
//! let idp = TestIdp::new("urn:test:idp");
//! let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs")?;
//! let verifier = Verifier::new(sp, IdentityProvider::new("urn:test:idp", idp.trusted_keys())?);
//! let used = InProcessReplayStore::default();
//!
//! for user in ["ada@example.com", "eve@example.com"] {
//!     let form_field = idp
//!         .response("urn:test:sp", "https://sp.example/acs", now)
//!         .in_response_to("_request")
//!         .name_id(user)
//!         .attribute("role", ["admin", "author"])
//!         .to_form_field();
//!
//!     let login = verifier.verify_post(&form_field, Expect::AnswerTo("_request"), now)?.claim(&used)?;
//!     assert_eq!(login.name_id().value, user);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a service must refuse is made by name: [`Fault`].

mod algorithm;
#[cfg(feature = "decrypt")]
mod encryption;
mod fault;
mod logout;
mod request;
mod response;

pub use algorithm::{DigestMethod, SignatureMethod};
#[cfg(feature = "decrypt")]
pub use encryption::{ContentEncryption, EncryptedPart, KeyWrapping};
pub use fault::Fault;
pub use logout::TestLogout;
pub use request::TestRequest;
pub use response::TestResponse;

pub use crate::replay::contract::{BrokenContract, check_async_replay_store, check_replay_store};

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::TrustedKeys;
use crate::crypto::SigningKey;
use crate::xml::{SignatureForm, enveloped_signature};

/// An identity provider whose key everybody knows.
pub struct TestIdp {
    entity_id: String,
    key: SigningKey,
    certificate: Vec<u8>,
    /// How many responses it made.
    responses: AtomicU64,
}

impl TestIdp {
    /// With the RSA-2048 key that is built in.
    pub fn new(entity_id: &str) -> Self {
        built_in(
            entity_id,
            include_str!("../../testdata/auth0/keys/idp-rsa2048.key"),
            include_bytes!("../../testdata/auth0/keys/idp-rsa2048.pem"),
        )
    }

    /// With a key of one's own, as [`SigningKey`] reads it, and its certificate; `None` where it is none.
    pub fn with_key(entity_id: &str, key_pem: &str, certificate_pem: &[u8]) -> Option<Self> {
        let key = SigningKey::from_pem(key_pem).ok()?;
        let (entity_id, certificate) = (entity_id.to_owned(), certificate_pem.to_owned());
        Some(Self { entity_id, key, certificate, responses: AtomicU64::new(0) })
    }

    /// The key, as a connection trusts it.
    pub fn trusted_keys(&self) -> TrustedKeys {
        match TrustedKeys::from_pem(&self.certificate) {
            Ok(keys) => keys,
            Err(error) => unreachable!("the certificate of a test: {error}"),
        }
    }

    /// Its certificate, as an administrator sends it.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// A response to be, issued at `now`, for the service provider of that entity ID and ACS URL.
    ///
    /// Each is a login of its own, as its identifiers are numbered: the first response of an identity provider has the assertion ID
    /// `_assertion-1`, the ID `_response-1` and the session index `_session-1`, the second one `_assertion-2`, and so on. Two
    /// identity providers of the same entity ID number alike: keep one for a test, or set the IDs.
    pub fn response<'a>(&'a self, audience: &'a str, acs_url: &'a str, now: SystemTime) -> TestResponse<'a> {
        let number = self.responses.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        TestResponse::new(self, number, audience, acs_url, now)
    }

    /// The answer to a request: a response as [`TestIdp::response`] makes it, for whoever asked, with the RelayState that came.
    ///
    /// ```
    /// use saml_verify::test_idp::{TestIdp, TestRequest};
    /// use saml_verify::{AuthnRequest, IdentityProvider, ServiceProvider, Verifier};
    ///
    /// # let now = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    /// let idp = TestIdp::new("urn:test:idp");
    /// let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs")?;
    /// let trusted = IdentityProvider::new("urn:test:idp", idp.trusted_keys())?.single_sign_on_url("https://idp.example/sso")?;
    /// let verifier = Verifier::new(sp, trusted);
    ///
    /// let login = AuthnRequest::of(&verifier)?.redirect(now)?;
    /// let request = TestRequest::from_query(login.url.split_once('?').ok_or("no query")?.1)?;
    /// let form_field = idp.answer(&request, now).name_id("ada@example.com").to_form_field();
    ///
    /// let verified = verifier.verify_post(&form_field, login.pending.expect("urn:test:idp", now)?, now)?;
    /// assert_eq!(verified.without_replay_protection().name_id().value, "ada@example.com");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answer<'a>(&'a self, request: &'a TestRequest, now: SystemTime) -> TestResponse<'a> {
        let response = self.response(request.issuer(), request.acs_url(), now);
        response.in_response_to(request.id()).relay_state(request.relay_state())
    }

    /// The signature value over some octets.
    #[cfg(feature = "internals")]
    pub(crate) fn sign(&self, octets: &[u8]) -> Vec<u8> {
        self.key.sign(octets).unwrap_or_default()
    }

    /// How it signs unless it is told otherwise.
    pub(crate) const fn signature_form(&self) -> SignatureForm<'static> {
        SignatureForm::of(&self.key)
    }

    /// The Signature of the element of that ID, whose child it is to become.
    pub(crate) fn signature(&self, form: &SignatureForm<'_>, document: &str, id: &str) -> String {
        enveloped_signature(&self.key, form, document, id).unwrap_or_default()
    }
}

impl fmt::Debug for TestIdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIdp").field("entity_id", &self.entity_id).finish_non_exhaustive()
    }
}

/// One whose key comes with the crate.
fn built_in(entity_id: &str, key_pem: &str, certificate_pem: &[u8]) -> TestIdp {
    match TestIdp::with_key(entity_id, key_pem, certificate_pem) {
        Some(idp) => idp,
        None => unreachable!("the built-in key is one"),
    }
}
