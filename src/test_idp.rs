//! An identity provider in a few lines, for the tests of services that link this crate. Feature `test-idp`.
//!
//! Its key is built in and known to everybody: trust it in tests and nowhere else.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use saml_verify::test_idp::TestIdp;
//! use saml_verify::{Expect, IdentityProvider, ServiceProvider, Verifier};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
//! let idp = TestIdp::new("urn:test:idp");
//! let form_field = idp
//!     .response("urn:test:sp", "https://sp.example/acs", now)
//!     .in_response_to("_request")
//!     .name_id("ada@example.com")
//!     .attribute("role", ["admin", "author"])
//!     .to_form_field();
//!
//! let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs")?;
//! let verifier = Verifier::new(sp, IdentityProvider::new("urn:test:idp", idp.trusted_keys())?);
//! let login = verifier.verify_post(&form_field, Expect::AnswerTo("_request"), now)?.without_replay_protection();
//! assert_eq!(login.name_id().value, "ada@example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::crypto::SigningKey;
use crate::time::format_rfc3339;
use crate::xml::canonical::Algorithm;
use crate::xml::{Namespace, Writer, enveloped_signature};
use crate::{SignedPart, TrustedKeys, base64};

/// An identity provider whose key everybody knows.
pub struct TestIdp {
    entity_id: String,
    key: SigningKey,
    certificate: Vec<u8>,
}

impl TestIdp {
    /// With the RSA-2048 key that is built in.
    pub fn new(entity_id: &str) -> Self {
        let built_in = Self::with_key(
            entity_id,
            include_str!("../testdata/auth0/keys/idp-rsa2048.key"),
            include_bytes!("../testdata/auth0/keys/idp-rsa2048.pem"),
        );
        match built_in {
            Some(idp) => idp,
            None => unreachable!("the built-in key is one"),
        }
    }

    /// With a key of one's own, as [`SigningKey`] reads it, and its certificate; `None` where it is none.
    pub fn with_key(entity_id: &str, key_pem: &str, certificate_pem: &[u8]) -> Option<Self> {
        let key = SigningKey::from_pem(key_pem).ok()?;
        Some(Self { entity_id: entity_id.to_owned(), key, certificate: certificate_pem.to_owned() })
    }

    /// The key, as a connection trusts it.
    pub fn trusted_keys(&self) -> TrustedKeys {
        match TrustedKeys::from_pem(&self.certificate) {
            Ok(keys) => keys,
            Err(error) => unreachable!("the certificate of a test: {error}"),
        }
    }

    /// A response to be, issued at `now`, for the service provider of that entity ID and ACS URL.
    pub fn response<'a>(&'a self, audience: &'a str, acs_url: &'a str, now: SystemTime) -> TestResponse<'a> {
        TestResponse {
            idp: self,
            audience,
            acs_url,
            now,
            lifetime: Duration::from_secs(3600),
            in_response_to: None,
            name_id: "test-user",
            attributes: Vec::new(),
            signed: SignedPart::Assertion,
        }
    }

    /// The signature value over some octets.
    #[cfg(feature = "internals")]
    pub(crate) fn sign(&self, octets: &[u8]) -> Vec<u8> {
        self.key.sign(octets).unwrap_or_default()
    }

    /// The Signature of the element of that ID, whose child it is to become. `algorithm` is one without comments.
    pub(crate) fn signature(&self, document: &str, id: &str, algorithm: Algorithm, prefix_list: &str) -> String {
        enveloped_signature(&self.key, document, id, algorithm, prefix_list).unwrap_or_default()
    }
}

impl fmt::Debug for TestIdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIdp").field("entity_id", &self.entity_id).finish_non_exhaustive()
    }
}

/// A response that is being put together.
#[derive(Clone)]
#[must_use]
pub struct TestResponse<'a> {
    idp: &'a TestIdp,
    audience: &'a str,
    acs_url: &'a str,
    now: SystemTime,
    lifetime: Duration,
    in_response_to: Option<&'a str>,
    name_id: &'a str,
    attributes: Vec<(String, Vec<String>)>,
    signed: SignedPart,
}

impl<'a> TestResponse<'a> {
    /// The request that it answers; unsolicited without.
    pub fn in_response_to(mut self, request: &'a str) -> Self {
        self.in_response_to = Some(request);
        self
    }

    /// Who logs in.
    pub fn name_id(mut self, value: &'a str) -> Self {
        self.name_id = value;
        self
    }

    /// One more attribute.
    pub fn attribute<S: Into<String>>(mut self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.attributes.push((name.to_owned(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// How long it is valid; an hour if not said.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What is signed; the Assertion if not said. [`SignedPart::Either`] stands for the Assertion.
    pub fn signed(mut self, part: SignedPart) -> Self {
        self.signed = part;
        self
    }

    /// The form field `SAMLResponse`.
    pub fn to_form_field(&self) -> String {
        base64::encode(self.to_xml().as_bytes())
    }

    /// The document.
    pub fn to_xml(&self) -> String {
        let plain = self.response(None, &self.assertion(None));
        let assertion = match self.signed {
            SignedPart::Response => self.assertion(None),
            _ => self.assertion(Some(&self.signature(&plain, ASSERTION_ID))),
        };
        match self.signed {
            SignedPart::Response | SignedPart::Both => {
                let signature = self.signature(&self.response(None, &assertion), RESPONSE_ID);
                self.response(Some(&signature), &assertion)
            }
            _ => self.response(None, &assertion),
        }
    }

    fn response(&self, signature: Option<&str>, assertion: &str) -> String {
        let mut writer = Writer::default();
        let attributes = [
            ("xmlns:samlp", Some(Namespace::Protocol.name())),
            ("xmlns:saml", Some(Namespace::Assertion.name())),
            ("Destination", Some(self.acs_url)),
            ("ID", Some(RESPONSE_ID)),
            ("InResponseTo", self.in_response_to),
            ("IssueInstant", Some(&format_rfc3339(self.now))),
            ("Version", Some("2.0")),
        ];
        writer.element("samlp:Response", &attributes, |writer| {
            writer.element("saml:Issuer", &[], |writer| writer.text(&self.idp.entity_id));
            writer.raw(signature.unwrap_or_default());
            writer.element("samlp:Status", &[], |writer| {
                let success = [("Value", Some("urn:oasis:names:tc:SAML:2.0:status:Success"))];
                writer.element("samlp:StatusCode", &success, |_| {});
            });
            writer.raw(assertion);
        });
        writer.finish()
    }

    fn assertion(&self, signature: Option<&str>) -> String {
        let issued = format_rfc3339(self.now);
        let end = format_rfc3339(self.now + self.lifetime);
        let mut writer = Writer::default();
        let attributes = [("ID", Some(ASSERTION_ID)), ("IssueInstant", Some(&*issued)), ("Version", Some("2.0"))];
        writer.element("saml:Assertion", &attributes, |writer| {
            writer.element("saml:Issuer", &[], |writer| writer.text(&self.idp.entity_id));
            writer.raw(signature.unwrap_or_default());
            self.subject(writer, &end);
            writer.element("saml:Conditions", &[("NotBefore", Some(&issued)), ("NotOnOrAfter", Some(&end))], |writer| {
                writer.element("saml:AudienceRestriction", &[], |writer| {
                    writer.element("saml:Audience", &[], |writer| writer.text(self.audience));
                });
            });
            writer.element(
                "saml:AuthnStatement",
                &[("AuthnInstant", Some(&issued)), ("SessionIndex", Some("_session"))],
                |writer| {
                    writer.element("saml:AuthnContext", &[], |writer| {
                        writer.element("saml:AuthnContextClassRef", &[], |writer| {
                            writer.text("urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified");
                        });
                    });
                },
            );
            self.attribute_statement(writer);
        });
        writer.finish()
    }

    fn subject(&self, writer: &mut Writer, end: &str) {
        writer.element("saml:Subject", &[], |writer| {
            writer.element("saml:NameID", &[], |writer| writer.text(self.name_id));
            let bearer = [("Method", Some("urn:oasis:names:tc:SAML:2.0:cm:bearer"))];
            writer.element("saml:SubjectConfirmation", &bearer, |writer| {
                let data =
                    [("InResponseTo", self.in_response_to), ("NotOnOrAfter", Some(end)), ("Recipient", Some(self.acs_url))];
                writer.element("saml:SubjectConfirmationData", &data, |_| {});
            });
        });
    }

    fn attribute_statement(&self, writer: &mut Writer) {
        if self.attributes.is_empty() {
            return;
        }
        writer.element("saml:AttributeStatement", &[], |writer| {
            for (name, values) in &self.attributes {
                writer.element("saml:Attribute", &[("Name", Some(name))], |writer| {
                    for value in values {
                        writer.element("saml:AttributeValue", &[], |writer| writer.text(value));
                    }
                });
            }
        });
    }

    /// Exclusive canonicalization, as most identity providers choose it.
    fn signature(&self, document: &str, id: &str) -> String {
        self.idp.signature(document, id, Algorithm::Exclusive10, "")
    }
}

impl fmt::Debug for TestResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestResponse").field("idp", &self.idp).field("signed", &self.signed).finish_non_exhaustive()
    }
}

const RESPONSE_ID: &str = "_response";
const ASSERTION_ID: &str = "_assertion";
