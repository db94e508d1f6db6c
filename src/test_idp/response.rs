//! A response that is being put together, and its markup.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::TestIdp;
use super::algorithm::{DigestMethod, SignatureMethod};
#[cfg(feature = "decrypt")]
use super::encryption::{ContentEncryption, EncryptedPart, Encryption, KeyWrapping};
use super::fault::Fault;
use crate::base64;
use crate::binding::redirect::RedirectParameter;
use crate::binding::send::PostPage;
use crate::canonical::Algorithm;
#[cfg(feature = "decrypt")]
use crate::crypto::sealing::Recipient;
use crate::time::format_rfc3339;
use crate::xml::{Namespace, SignatureForm, Writer};
use crate::{NameId, SignedPart};

/// A response that is being put together. As it starts, the service for which it is made accepts it.
#[derive(Clone)]
#[must_use]
pub struct TestResponse<'a> {
    idp: &'a TestIdp,
    signer: &'a TestIdp,
    /// Which of the responses of its identity provider it is, from 1.
    number: u64,
    audience: &'a str,
    acs_url: &'a str,
    relay_state: Option<&'a str>,
    destination: Option<&'a str>,
    recipient: Option<&'a str>,
    issuer: &'a str,
    response_id: Option<&'a str>,
    assertion_id: Option<&'a str>,
    in_response_to: Option<&'a str>,
    issued: SystemTime,
    not_before: Option<SystemTime>,
    not_on_or_after: SystemTime,
    name_id: NameId,
    authn_instant: SystemTime,
    authn_context: &'a str,
    /// `Err` stands for one that is made of the number.
    session_index: Result<Option<&'a str>, ()>,
    session_not_on_or_after: Option<SystemTime>,
    attributes: Vec<(String, Vec<String>)>,
    failure: Option<Failure<'a>>,
    signed: SignedPart,
    form: SignatureForm<'static>,
    fault: Option<Fault>,
    #[cfg(feature = "decrypt")]
    encryption: Option<Encryption>,
}

/// A status other than success. SAML Core 3.2.2.
#[derive(Clone, Copy)]
struct Failure<'a> {
    code: &'a str,
    second: Option<&'a str>,
}

impl<'a> TestResponse<'a> {
    pub(super) fn new(idp: &'a TestIdp, number: u64, audience: &'a str, acs_url: &'a str, now: SystemTime) -> Self {
        Self {
            idp,
            signer: idp,
            number,
            audience,
            acs_url,
            relay_state: None,
            destination: Some(acs_url),
            recipient: Some(acs_url),
            issuer: &idp.entity_id,
            response_id: None,
            assertion_id: None,
            in_response_to: None,
            issued: now,
            not_before: Some(now),
            not_on_or_after: now + Duration::from_secs(3600),
            name_id: NameId::new("test-user"),
            authn_instant: now,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
            session_index: Err(()),
            session_not_on_or_after: None,
            attributes: Vec::new(),
            failure: None,
            signed: SignedPart::Assertion,
            form: idp.signature_form(),
            fault: None,
            #[cfg(feature = "decrypt")]
            encryption: None,
        }
    }

    /// The request that it answers; unsolicited without.
    pub fn in_response_to(mut self, request: &'a str) -> Self {
        self.in_response_to = Some(request);
        self
    }

    /// What goes to the service with it; nothing if not said.
    pub fn relay_state(mut self, value: impl Into<Option<&'a str>>) -> Self {
        self.relay_state = value.into();
        self
    }

    /// Who logs in: a text, or a [`NameId`] with a format and qualifiers.
    pub fn name_id(mut self, name: impl Into<NameId>) -> Self {
        self.name_id = name.into();
        self
    }

    /// One more attribute.
    pub fn attribute<S: Into<String>>(mut self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.attributes.push((name.to_owned(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// The ID of the Assertion. Two logins with one ID are one login, replayed.
    pub fn assertion_id(mut self, id: &'a str) -> Self {
        self.assertion_id = Some(id);
        self
    }

    /// The ID of the Response.
    pub fn response_id(mut self, id: &'a str) -> Self {
        self.response_id = Some(id);
        self
    }

    /// The session at the identity provider, or `None` for an AuthnStatement that names none.
    pub fn session_index(mut self, index: impl Into<Option<&'a str>>) -> Self {
        self.session_index = Ok(index.into());
        self
    }

    /// When the session must end; not said if not set.
    pub fn session_not_on_or_after(mut self, end: SystemTime) -> Self {
        self.session_not_on_or_after = Some(end);
        self
    }

    /// When the user authenticated; the time of issuing if not set.
    pub fn authn_instant(mut self, instant: SystemTime) -> Self {
        self.authn_instant = instant;
        self
    }

    /// How the user authenticated: an AuthnContextClassRef; `unspecified` if not set.
    pub fn authn_context(mut self, class: &'a str) -> Self {
        self.authn_context = class;
        self
    }

    /// Who claims to have issued it; the entity ID of the identity provider if not set.
    pub fn issuer(mut self, entity_id: &'a str) -> Self {
        self.issuer = entity_id;
        self
    }

    /// For which service it is.
    pub fn audience(mut self, entity_id: &'a str) -> Self {
        self.audience = entity_id;
        self
    }

    /// The Destination of the Response, or `None` for no such attribute; the ACS URL if not set.
    pub fn destination(mut self, url: impl Into<Option<&'a str>>) -> Self {
        self.destination = url.into();
        self
    }

    /// The Recipient of the SubjectConfirmationData, or `None` for no such attribute; the ACS URL if not set.
    pub fn recipient(mut self, url: impl Into<Option<&'a str>>) -> Self {
        self.recipient = url.into();
        self
    }

    /// When the Response and the Assertion say that they were issued.
    pub fn issue_instant(mut self, instant: SystemTime) -> Self {
        self.issued = instant;
        self
    }

    /// From when the Conditions hold, or `None` for no such attribute; the time of issuing if not set.
    pub fn not_before(mut self, instant: impl Into<Option<SystemTime>>) -> Self {
        self.not_before = instant.into();
        self
    }

    /// Until when the Conditions and the SubjectConfirmation hold.
    pub fn not_on_or_after(mut self, instant: SystemTime) -> Self {
        self.not_on_or_after = instant;
        self
    }

    /// How long it is valid from the time of issuing; an hour if not said.
    pub fn lifetime(self, lifetime: Duration) -> Self {
        let end = self.issued + lifetime;
        self.not_on_or_after(end)
    }

    /// A failure instead of a login: a status code and one below it, without an Assertion. SAML Core 3.2.2.2.
    ///
    /// A user who pressed Cancel is `urn:oasis:names:tc:SAML:2.0:status:Responder` with
    /// `urn:oasis:names:tc:SAML:2.0:status:AuthnFailed`.
    pub fn failure(mut self, code: &'a str, second: impl Into<Option<&'a str>>) -> Self {
        self.failure = Some(Failure { code, second: second.into() });
        self
    }

    /// What is signed; the Assertion if not said. [`SignedPart::Either`] stands for the Assertion.
    ///
    /// A failure has no Assertion: it is signed where the Response is to be.
    pub fn signed(mut self, part: SignedPart) -> Self {
        self.signed = part;
        self
    }

    /// How it is signed, or `None` where the key of the identity provider is of another kind; that of the key with SHA-256 (P-384:
    /// SHA-384) if not said.
    pub fn signature_method(mut self, method: SignatureMethod) -> Option<Self> {
        self.form.method = Some(method.algorithm()).filter(|algorithm| self.idp.key.takes(*algorithm))?;
        Some(self)
    }

    /// The digest of what is signed; SHA-256 if not said.
    pub fn digest_method(mut self, method: DigestMethod) -> Self {
        self.form.digest = method.algorithm();
        self
    }

    /// The canonical form that is digested; [`Algorithm::Exclusive10`] if not said.
    pub fn canonicalization(mut self, algorithm: Algorithm) -> Self {
        self.form.canonicalization = algorithm;
        self
    }

    /// With one thing that is wrong.
    pub fn broken(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The form field `SAMLResponse`.
    pub fn to_form_field(&self) -> String {
        base64::encode(self.to_xml().as_bytes())
    }

    /// The page with which an identity provider makes the browser post it to the ACS URL.
    ///
    /// The nonce of its script is the number of the response: a Content-Security-Policy of tests.
    pub fn to_page(&self) -> PostPage {
        let nonce = format!("{:032x}", self.number);
        PostPage::new("Logging in", self.acs_url, RedirectParameter::SamlResponse, &self.to_xml(), self.relay_state, &nonce)
    }

    /// The document.
    pub fn to_xml(&self) -> String {
        match self.fault {
            Some(fault) => fault.document(self.clone()),
            None => self.genuine(),
        }
    }
}

/// Encryption.
#[cfg(feature = "decrypt")]
impl TestResponse<'_> {
    /// Encrypts the Assertion for that certificate, with AES-256-GCM and RSA-OAEP if not said otherwise; `None` where it has no RSA key.
    ///
    /// ```
    /// use saml_verify::test_idp::TestIdp;
    /// use saml_verify::{DecryptionKey, Expect, IdentityProvider, ServiceProvider, Verifier};
    ///
    /// # let now = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/");
    /// # let [key, certificate] = ["sp-encrypt-rsa2048.key", "sp-encrypt-rsa2048.pem"].map(|file| std::fs::read(format!("{folder}{file}")).unwrap());
    /// let idp = TestIdp::new("urn:test:idp");
    /// let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs")?.decrypting_with(DecryptionKey::from_pem(&key)?)?;
    /// let verifier = Verifier::new(sp, IdentityProvider::new("urn:test:idp", idp.trusted_keys())?);
    ///
    /// let response = idp.response("urn:test:sp", "https://sp.example/acs", now).name_id("ada@example.com");
    /// let form_field = response.encrypted_for(&certificate).ok_or("no RSA certificate")?.to_form_field();
    ///
    /// let verified = verifier.verify_post(&form_field, Expect::Unsolicited, now)?;
    /// assert_eq!(verified.without_replay_protection().name_id().value, "ada@example.com");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn encrypted_for(mut self, certificate_pem: impl AsRef<[u8]>) -> Option<Self> {
        self.encryption = Some(Encryption::new(Recipient::from_pem(certificate_pem.as_ref())?));
        Some(self)
    }

    /// What is encrypted, if anything is: the Assertion if not said.
    pub fn encrypted_part(mut self, part: EncryptedPart) -> Self {
        self.encryption = self.encryption.map(|encryption| Encryption { part, ..encryption });
        self
    }

    /// With which cipher.
    pub fn content_encryption(mut self, cipher: ContentEncryption) -> Self {
        self.encryption = self.encryption.map(|encryption| Encryption { cipher, ..encryption });
        self
    }

    /// How the key is wrapped.
    pub fn key_wrapping(mut self, wrapping: KeyWrapping) -> Self {
        self.encryption = self.encryption.map(|encryption| Encryption { wrapping, ..encryption });
        self
    }
}

/// What stands in the markup in the place of something that may be encrypted.
impl TestResponse<'_> {
    /// `element` is the one that carries it where it is; `place` tells it from others of its kind.
    #[cfg_attr(not(feature = "decrypt"), expect(unused_variables, clippy::unused_self))]
    fn in_place(&self, element: &str, plaintext: String, place: usize) -> String {
        #[cfg(feature = "decrypt")]
        if let Some(encryption) = self.encryption.as_ref().filter(|encryption| encryption.part.element() == element) {
            return encryption.encrypted(&plaintext, &format!("{} {element} {place}", self.number));
        }
        plaintext
    }
}

/// For faults.
impl<'a> TestResponse<'a> {
    pub(super) fn issued(&self) -> SystemTime {
        self.issued
    }

    pub(super) fn signed_by(self, signer: &'a TestIdp) -> Self {
        Self { signer, form: signer.signature_form(), ..self }
    }

    /// As it is, whatever the fault.
    pub(super) fn genuine(&self) -> String {
        if self.failure.is_some() {
            let signature = matches!(self.signed, SignedPart::Response | SignedPart::Both)
                .then(|| self.signature(&self.response(None, "", ""), &self.id_of_response()));
            return self.response(signature.as_deref(), "", "");
        }
        let assertion = match self.signed {
            SignedPart::Response => self.assertion(None),
            _ => self.signed_assertion(),
        };
        let assertion = self.in_place("saml:EncryptedAssertion", assertion, 0);
        match self.signed {
            SignedPart::Response | SignedPart::Both => {
                let signature = self.signature(&self.response(None, "", &assertion), &self.id_of_response());
                self.response(Some(&signature), "", &assertion)
            }
            _ => self.response(None, "", &assertion),
        }
    }

    pub(super) fn unsigned(&self) -> String {
        self.response(None, "", &self.assertion(None))
    }

    /// A forged Assertion in the place of the genuine one, with the Signature of that.
    pub(super) fn wrapped(&self) -> String {
        let mut extensions = Writer::default();
        extensions.element("samlp:Extensions", &[], |writer| writer.raw(&self.signed_assertion()));
        let forged = self.clone().name_id("forged-user").assertion_id("_forged");
        self.response(None, &extensions.finish(), &forged.assertion(Some(&self.assertion_signature())))
    }
}

/// Markup.
impl TestResponse<'_> {
    fn id_of_response(&self) -> String {
        self.response_id.map_or_else(|| format!("_response-{}", self.number), str::to_owned)
    }

    fn id_of_assertion(&self) -> String {
        self.assertion_id.map_or_else(|| format!("_assertion-{}", self.number), str::to_owned)
    }

    fn response(&self, signature: Option<&str>, extensions: &str, assertion: &str) -> String {
        let mut writer = Writer::default();
        let attributes = [
            ("xmlns:samlp", Some(Namespace::Protocol.name())),
            ("xmlns:saml", Some(Namespace::Assertion.name())),
            ("Destination", self.destination),
            ("ID", Some(&*self.id_of_response())),
            ("InResponseTo", self.in_response_to),
            ("IssueInstant", Some(&format_rfc3339(self.issued))),
            ("Version", Some("2.0")),
        ];
        writer.element("samlp:Response", &attributes, |writer| {
            writer.element("saml:Issuer", &[], |writer| writer.text(self.issuer));
            writer.raw(signature.unwrap_or_default());
            writer.raw(extensions);
            writer.element("samlp:Status", &[], |writer| self.status(writer));
            writer.raw(assertion);
        });
        writer.finish()
    }

    fn status(&self, writer: &mut Writer) {
        const SUCCESS: Failure<'_> = Failure { code: "urn:oasis:names:tc:SAML:2.0:status:Success", second: None };
        let status = self.failure.unwrap_or(SUCCESS);
        writer.element("samlp:StatusCode", &[("Value", Some(status.code))], |writer| {
            if status.second.is_some() {
                writer.element("samlp:StatusCode", &[("Value", status.second)], |_| {});
            }
        });
    }

    fn assertion(&self, signature: Option<&str>) -> String {
        let mut writer = Writer::default();
        let (id, issued) = (self.id_of_assertion(), format_rfc3339(self.issued));
        let attributes = [("ID", Some(&*id)), ("IssueInstant", Some(&*issued)), ("Version", Some("2.0"))];
        writer.element("saml:Assertion", &attributes, |writer| {
            writer.element("saml:Issuer", &[], |writer| writer.text(self.issuer));
            writer.raw(signature.unwrap_or_default());
            self.subject(writer);
            self.conditions(writer);
            self.authn_statement(writer);
            self.attribute_statement(writer);
        });
        writer.finish()
    }

    fn subject(&self, writer: &mut Writer) {
        let end = format_rfc3339(self.not_on_or_after);
        let name = &self.name_id;
        let qualifiers = [
            ("Format", name.format.as_deref()),
            ("NameQualifier", name.name_qualifier.as_deref()),
            ("SPNameQualifier", name.sp_name_qualifier.as_deref()),
            ("SPProvidedID", name.sp_provided_id.as_deref()),
        ];
        writer.element("saml:Subject", &[], |writer| {
            let mut plain = Writer::default();
            plain.element("saml:NameID", &qualifiers, |writer| writer.text(&name.value));
            writer.raw(&self.in_place("saml:EncryptedID", plain.finish(), 0));
            let bearer = [("Method", Some("urn:oasis:names:tc:SAML:2.0:cm:bearer"))];
            writer.element("saml:SubjectConfirmation", &bearer, |writer| {
                let data = [("InResponseTo", self.in_response_to), ("NotOnOrAfter", Some(&*end)), ("Recipient", self.recipient)];
                writer.element("saml:SubjectConfirmationData", &data, |_| {});
            });
        });
    }

    fn conditions(&self, writer: &mut Writer) {
        let (start, end) = (self.not_before.map(format_rfc3339), format_rfc3339(self.not_on_or_after));
        let window = [("NotBefore", start.as_deref()), ("NotOnOrAfter", Some(&*end))];
        writer.element("saml:Conditions", &window, |writer| {
            writer.element("saml:AudienceRestriction", &[], |writer| {
                writer.element("saml:Audience", &[], |writer| writer.text(self.audience));
            });
        });
    }

    fn authn_statement(&self, writer: &mut Writer) {
        let (instant, end) = (format_rfc3339(self.authn_instant), self.session_not_on_or_after.map(format_rfc3339));
        let of_number = format!("_session-{}", self.number);
        let attributes = [
            ("AuthnInstant", Some(&*instant)),
            ("SessionIndex", self.session_index.unwrap_or(Some(&of_number))),
            ("SessionNotOnOrAfter", end.as_deref()),
        ];
        writer.element("saml:AuthnStatement", &attributes, |writer| {
            writer.element("saml:AuthnContext", &[], |writer| {
                writer.element("saml:AuthnContextClassRef", &[], |writer| writer.text(self.authn_context));
            });
        });
    }

    fn attribute_statement(&self, writer: &mut Writer) {
        if self.attributes.is_empty() {
            return;
        }
        writer.element("saml:AttributeStatement", &[], |writer| {
            for (place, (name, values)) in self.attributes.iter().enumerate() {
                let mut plain = Writer::default();
                plain.element("saml:Attribute", &[("Name", Some(name))], |writer| {
                    for value in values {
                        writer.element("saml:AttributeValue", &[], |writer| writer.text(value));
                    }
                });
                writer.raw(&self.in_place("saml:EncryptedAttribute", plain.finish(), place));
            }
        });
    }

    fn signed_assertion(&self) -> String {
        self.assertion(Some(&self.assertion_signature()))
    }

    fn assertion_signature(&self) -> String {
        self.signature(&self.unsigned(), &self.id_of_assertion())
    }

    fn signature(&self, document: &str, id: &str) -> String {
        self.signer.signature(&self.form, document, id)
    }
}

impl fmt::Debug for TestResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TestResponse");
        shown.field("idp", &self.idp).field("number", &self.number).field("signed", &self.signed).field("fault", &self.fault);
        shown.finish_non_exhaustive()
    }
}
