//! Verification of a Response in which something is encrypted: an assertion, the name of its subject, attributes.
//!
//! The order is that of every verification, with decryption between its steps. The signature of the Response is verified before a key is
//! used. Without one, the assertion is decrypted first and believed only for a signature of its own. What else is encrypted in an assertion
//! is decrypted once the assertion is believed.
//!
//! Every private key is used on every EncryptedKey, and every content key on the cipher text, also once one has fitted, so that time does not
//! tell whether one did; and a content key that did not come out is replaced by one that nobody knows, so that the rest takes its course.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use super::explain::{ASSERTION, CONTENT, Course, DECRYPTION, PROVEN, STATUS};
use super::{Genuine, Proven, SignedPart, Verifier};
use crate::binding::mistaken::in_place_of_message;
use crate::binding::post::decode_post;
use crate::connection::identity_provider::IdentityProvider;
use crate::crypto::{AsyncUnwrapKey, ContentKey, UnwrapKey, WrappedKey};
use crate::error::{DecryptionError, Error, SignatureError, StructureError};
use crate::limits::Limits;
use crate::login::Verified;
use crate::report::{Report, ReportOutcome};
use crate::saml::assertion::{Assertion, encrypted_parts};
use crate::saml::check::Expect;
use crate::saml::response::{Envelope, Response};
use crate::xml::{Carrier, Document, Opened, Plaintext, Sealed, Signed, Unsigned};

/// Uses of a private key that one cipher text may cost: it comes before anything is trusted, and takes some 2 ms each.
const MOST_USES: usize = 16;

/// The same of all the cipher texts in one message, which are decrypted once it is believed.
const MOST_USES_PER_MESSAGE: usize = 64;

impl Verifier {
    /// [`Verifier::verify_post`] with a private key in a KMS, whose answer is waited for, beside those of the
    /// [`ServiceProvider`](crate::ServiceProvider).
    ///
    /// The KMS is asked only for a message in which something is encrypted; its answers are waited for one after the other.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify_post`].
    pub async fn verify_post_async(
        &self,
        saml_response: &str,
        expect: Expect<'_>,
        now: SystemTime,
        key: &(impl AsyncUnwrapKey + ?Sized),
    ) -> Result<Verified, Error> {
        let xml = decode_post(saml_response, &self.limits)?;
        self.verify_xml_async(&xml, expect, now, key).await
    }

    /// [`Verifier::verify_xml`] with a private key in a KMS, as [`Verifier::verify_post_async`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify_xml`].
    pub async fn verify_xml_async(
        &self,
        xml: &[u8],
        expect: Expect<'_>,
        now: SystemTime,
        key: &(impl AsyncUnwrapKey + ?Sized),
    ) -> Result<Verified, Error> {
        let document = Document::parse_message(xml, &self.limits).map_err(|error| in_place_of_message(xml, error))?;
        let unverified = Response::read(document.root()).map_err(|error| in_place_of_message(xml, error))?;
        if unverified.holds_encrypted() {
            return self.verify_decrypting(&document, unverified, expect, now, Some(&key)).await;
        }
        self.verify_response(&document, unverified, expect, now)
    }

    /// With the keys of the service provider alone, for which nobody waits.
    #[cold]
    pub(super) fn verify_decrypting_at_once<'d>(
        &self,
        document: &'d Document<'_>,
        unverified: Response<'d, Unsigned<'d>>,
        expect: Expect<'_>,
        now: SystemTime,
    ) -> Result<Verified, Error> {
        at_once(self.verify_decrypting(document, unverified, expect, now, None)).unwrap_or(Err(DecryptionError::Failed.into()))
    }

    async fn verify_decrypting<'d>(
        &self,
        document: &'d Document<'_>,
        unverified: Response<'d, Unsigned<'d>>,
        expect: Expect<'_>,
        now: SystemTime,
        remote: Option<&dyn AsyncUnwrapKey>,
    ) -> Result<Verified, Error> {
        let (idp, response) = self.begin(document, &unverified)?;
        let mut opener = self.opener(idp, document, remote);
        let Some(encrypted) = unverified.encrypted_assertion() else {
            let own = idp.verify(document, unverified.assertion()?, "Assertion")?;
            let proven = Proven::new(response, own, self.required)?;
            let (envelope, assertion) = proven.elements(unverified.envelope)?;
            return self.conclude(idp, &proven, (envelope, assertion), opener, (expect, now)).await;
        };
        self.required.check_encrypted(response.is_some())?;
        match response {
            Some(response) => {
                let signed = Response::read(response.element)?;
                let encrypted = signed.encrypted_assertion().ok_or(StructureError::NoAssertion)?;
                let plaintext = opener.open(encrypted, "Assertion").await?;
                let opened = plaintext.parse(&mut opener.limits)?;
                let own = idp.verify(opened.document(), opened.element(), "Assertion")?;
                let assertion = own.map_or_else(|| Signed::decrypted(&opened), |own| own.element);
                let proven = Proven::new(Some(response), own, self.required)?;
                self.conclude(idp, &proven, (signed.envelope, assertion), opener, (expect, now)).await
            }
            None => {
                let plaintext = opener.open(encrypted, "Assertion").await?;
                let opened = plaintext.parse(&mut opener.limits)?;
                let own = idp.verify(opened.document(), opened.element(), "Assertion");
                let own = own.and_then(|own| own.ok_or(SignatureError::Unsigned));
                let own = own.map_err(|error| told_of(&plaintext, error))?;
                let proven = Proven::new(None, Some(own), self.required)?;
                self.conclude(idp, &proven, (unverified.envelope, own.element), opener, (expect, now)).await
            }
        }
    }

    /// Decrypts what is encrypted in an assertion that is believed, and judges it.
    async fn conclude<'d>(
        &self,
        idp: &IdentityProvider,
        proven: &Proven<'d>,
        (envelope, assertion): (Envelope<'d>, Signed<'d>),
        mut opener: Opener<'_>,
        (expect, now): (Expect<'_>, SystemTime),
    ) -> Result<Verified, Error> {
        let warnings = self.judge_certificates(idp, proven, now)?;
        let encrypted = opener.has_opened();
        let parts = opener.open_parts(assertion).await?;
        let opened = parse_all(&parts, &mut opener.limits)?;
        let assertion = Assertion::read_opened(assertion, &mut opened.iter().map(Signed::decrypted))?;
        self.judge(Genuine { idp, proven, envelope, assertion, encrypted }, warnings, expect, now)
    }

    pub(super) fn opener<'a>(
        &'a self,
        idp: &IdentityProvider,
        document: &Document<'_>,
        remote: Option<&'a dyn AsyncUnwrapKey>,
    ) -> Opener<'a> {
        Opener {
            own: self.service_provider.decryption_keys(),
            remote,
            departures: idp.departure_set(),
            recipients: self.service_provider.audiences(),
            limits: document.left_of(&self.limits),
            uses: 0,
        }
    }
}

/// Explanations.
impl Verifier {
    /// Decrypts where a verification would, and goes on with what came out.
    pub(super) fn explain_decrypting<'d>(
        &self,
        report: &mut Report,
        idp: &IdentityProvider,
        (unverified, encrypted): (&Response<'d, Unsigned<'d>>, Unsigned<'d>),
        mut course: Course<'_, 'd>,
        mut opener: Opener<'_>,
    ) -> Option<()> {
        let response_signed = course.response_signed();
        let successful = report.stage(STATUS, unverified.succeeded(response_signed));
        report.record_all(ASSERTION, &ReportOutcome::Pass);
        let allowed = successful.and_then(|()| match self.required.check_encrypted(response_signed) {
            Ok(()) => course.response,
            Err(error) => report.stage(PROVEN, Err(error)),
        });
        let (mut covered, mut bare) = (None, None);
        match allowed {
            Some(Some(response)) => covered = report.stage(DECRYPTION, opener.open_assertion(response.element)),
            Some(None) => bare = report.stage(DECRYPTION, opener.open_at_once(encrypted)),
            None => {}
        }
        let covered = covered.as_ref().and_then(|plaintext| report.stage(DECRYPTION, plaintext.parse(&mut opener.limits)));
        let parsed = bare.as_ref().and_then(|plaintext| {
            let opened = report.stage(DECRYPTION, plaintext.parse(&mut opener.limits))?;
            let own =
                idp.verify(opened.document(), opened.element(), "Assertion").and_then(|own| own.ok_or(SignatureError::Unsigned));
            let hidden = own.err().filter(|_| plaintext.is_malleable());
            match hidden {
                Some(error) => report.stage(DECRYPTION, Err(told_of(plaintext, error))),
                None => Some(opened),
            }
        });
        let inside = covered.as_ref().map(|opened| (opened.document(), opened.element()));
        let inside = inside.or(parsed.as_ref().map(|opened| (opened.document(), opened.element())));
        course.encrypted = true;
        let proven = self.explain_proof(report, &course, inside);
        let own = proven.as_ref().and_then(|proven| proven.assertion().map(|own| own.element));
        let signed = own.or(covered.as_ref().map(Signed::decrypted)).filter(|_| proven.is_some());
        let parts = signed.and_then(|signed| explain_parts(report, &mut opener, signed));
        let opened = parts.as_ref().and_then(|parts| explain_parsing(report, parts, &mut opener));
        let assertion = inside.and_then(|(_, element)| {
            let read = Assertion::read_opened(element, &mut opened.iter().flatten().map(Opened::element));
            self.explain_content(report, read, opened.is_some())
        });
        self.explain_judgement(report, &course, assertion)
    }

    /// What the assertion says. That a name is encrypted is nothing new where an earlier failure is why it was not opened.
    pub(super) fn explain_content<'d>(
        &self,
        report: &mut Report,
        read: Result<Assertion<'d, Unsigned<'d>>, StructureError>,
        opened: bool,
    ) -> Option<Assertion<'d, Unsigned<'d>>> {
        if read.as_ref().is_err_and(|error| *error == StructureError::EncryptedId)
            && self.service_provider.can_decrypt()
            && !opened
        {
            return None;
        }
        report.stage(&CONTENT, read)
    }
}

/// Decrypts what is encrypted in an assertion that is believed; none where there is nothing.
pub(super) fn explain_parts<'d>(
    report: &mut Report,
    opener: &mut Opener<'_>,
    assertion: Signed<'d>,
) -> Option<Vec<Plaintext<Signed<'d>>>> {
    let opened = at_once(opener.open_parts(assertion)).unwrap_or(Err(DecryptionError::Failed));
    if opened.as_ref().is_ok_and(Vec::is_empty) {
        return None;
    }
    report.stage(DECRYPTION, opened)
}

/// Parses it.
pub(super) fn explain_parsing<'p, 'd>(
    report: &mut Report,
    parts: &'p [Plaintext<Signed<'d>>],
    opener: &mut Opener<'_>,
) -> Option<Vec<Opened<'p, Signed<'d>>>> {
    report.stage(DECRYPTION, parse_all(parts, &mut opener.limits))
}

impl SignedPart {
    /// Of an assertion that is encrypted, before a key is used: whether the Response is signed is known then.
    fn check_encrypted(self, response: bool) -> Result<(), SignatureError> {
        self.check(response, true)
    }
}

/// What is told of the signature of a decrypted assertion that nothing else vouches for.
fn told_of<V: Copy>(plaintext: &Plaintext<V>, error: SignatureError) -> Error {
    if plaintext.is_malleable() { DecryptionError::Failed.into() } else { error.into() }
}

/// Parses what was decrypted.
fn parse_all<'p, V: Copy>(parts: &'p [Plaintext<V>], limits: &mut Limits) -> Result<Vec<Opened<'p, V>>, DecryptionError> {
    parts.iter().map(|part| part.parse(limits)).collect()
}

/// Whoever holds the private keys, and what a message may still cost.
pub(super) struct Opener<'a> {
    own: &'a [Arc<dyn UnwrapKey>],
    remote: Option<&'a dyn AsyncUnwrapKey>,
    departures: crate::departure::Departures,
    recipients: &'a [String],
    /// With the nodes that are left.
    pub(super) limits: Limits,
    /// How often a private key was used.
    uses: usize,
}

impl Opener<'_> {
    fn has_opened(&self) -> bool {
        self.uses > 0
    }

    /// Decrypts what an EncryptedAssertion, EncryptedID or EncryptedAttribute carries, in which that element is expected.
    async fn open<'d, V: Carrier<'d>>(&mut self, carrier: V, content: &'static str) -> Result<Plaintext<V>, DecryptionError> {
        let sealed = Sealed::read(carrier, content, self.departures, self.recipients)?;
        self.spend(sealed.keys().len())?;
        let keys = self.unwrap(sealed.keys()).await?;
        Ok(sealed.decrypt(&keys))
    }

    /// The same where nobody is waited for.
    fn open_at_once<'d, V: Carrier<'d>>(&mut self, encrypted_assertion: V) -> Result<Plaintext<V>, Error> {
        Ok(at_once(self.open(encrypted_assertion, "Assertion")).unwrap_or(Err(DecryptionError::Failed))?)
    }

    /// The same of the EncryptedAssertion in a signed Response.
    fn open_assertion<'d>(&mut self, response: Signed<'d>) -> Result<Plaintext<Signed<'d>>, Error> {
        let encrypted = Response::read(response)?.encrypted_assertion().ok_or(StructureError::NoAssertion)?;
        self.open_at_once(encrypted)
    }

    /// The same of everything that is encrypted in an assertion, in the order in which it is read.
    async fn open_parts<'d>(&mut self, assertion: Signed<'d>) -> Result<Vec<Plaintext<Signed<'d>>>, DecryptionError> {
        let encrypted: Vec<_> = encrypted_parts(assertion).collect();
        let mut opened = Vec::new();
        if self.own.is_empty() && self.remote.is_none() {
            return Ok(opened);
        }
        for (carrier, content) in encrypted {
            opened.push(self.open(carrier, content).await?);
        }
        Ok(opened)
    }

    fn spend(&mut self, encrypted_keys: usize) -> Result<(), DecryptionError> {
        let holders = self.own.len().saturating_add(usize::from(self.remote.is_some()));
        let uses = holders.saturating_mul(encrypted_keys);
        let most = MOST_USES.min(MOST_USES_PER_MESSAGE.saturating_sub(self.uses));
        if uses > most {
            return Err(DecryptionError::TooManyKeys { uses, most });
        }
        self.uses = self.uses.saturating_add(uses);
        Ok(())
    }

    /// What comes out of each wrapped key with each private key. All of them are used, whatever comes out.
    async fn unwrap(&self, wrapped: &[WrappedKey]) -> Result<Vec<Option<ContentKey>>, DecryptionError> {
        let mut unwrapped = Vec::new();
        for wrapped in wrapped {
            for own in self.own {
                unwrapped.push(own.unwrap_key(wrapped).map_err(DecryptionError::unavailable)?);
            }
            if let Some(remote) = self.remote {
                unwrapped.push(remote.unwrap_key(wrapped).await.map_err(DecryptionError::unavailable)?);
            }
        }
        Ok(unwrapped)
    }
}

/// What a future makes that waits for nobody; `None` if it does.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(made) => Some(made),
        Poll::Pending => None,
    }
}
