//! Responses that a service must refuse, by the name of what is wrong with them.
//!
//! In goes a genuine response that is being put together; out comes the document of one that differs from it in one thing.

use std::time::Duration;

use super::response::TestResponse;
use super::{TestIdp, built_in};
use crate::SignedPart;

/// What is wrong with a response: one thing, for [`TestResponse::broken`].
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use saml_verify::test_idp::{Fault, TestIdp};
/// use saml_verify::{Expect, IdentityProvider, ServiceProvider, Verifier};
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let idp = TestIdp::new("urn:test:idp");
/// let sp = ServiceProvider::new("urn:test:sp", "https://sp.example/acs")?;
/// let verifier = Verifier::new(sp, IdentityProvider::new("urn:test:idp", idp.trusted_keys())?);
///
/// for fault in Fault::ALL {
///     let response = idp.response("urn:test:sp", "https://sp.example/acs", now).in_response_to("_request");
///     let verify = |form_field: String| verifier.verify_post(&form_field, Expect::AnswerTo("_request"), now);
///     assert!(verify(response.to_form_field()).is_ok());
///     assert_eq!(verify(response.broken(fault).to_form_field()).unwrap_err().code(), fault.code());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It was issued two hours ago and was valid for one. Refused as `expired`.
    Expired,
    /// It will be valid in an hour. Refused as `not_yet_valid`.
    NotYetValid,
    /// It is for another service. Refused as `audience_mismatch`.
    WrongAudience,
    /// Its SubjectConfirmation is for another URL. Refused as `recipient_mismatch`.
    WrongRecipient,
    /// The Response is for another URL. Refused as `destination_mismatch`.
    WrongDestination,
    /// It claims to come from another identity provider. Refused as `issuer_mismatch`.
    WrongIssuer,
    /// It answers a request that nobody sent. Refused as `in_response_to_mismatch`.
    WrongRequest,
    /// Nothing in it is signed. Refused as `unsigned`.
    Unsigned,
    /// The name of the user was changed after it was signed. Refused as `digest_mismatch`.
    Tampered,
    /// It is signed with a key that the service does not trust. Refused as `untrusted_key`.
    OtherKey,
    /// Signature wrapping: a forged Assertion, which shows the Signature of the genuine one, which lies in Extensions. Refused as
    /// `reference_mismatch`.
    Wrapped,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Expired,
        Self::NotYetValid,
        Self::WrongAudience,
        Self::WrongRecipient,
        Self::WrongDestination,
        Self::WrongIssuer,
        Self::WrongRequest,
        Self::Unsigned,
        Self::Tampered,
        Self::OtherKey,
        Self::Wrapped,
    ];

    /// The code of the [`Error`](crate::Error) with which a verifier refuses it that accepts the response without the fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongAudience => "audience_mismatch",
            Self::WrongRecipient => "recipient_mismatch",
            Self::WrongDestination => "destination_mismatch",
            Self::WrongIssuer => "issuer_mismatch",
            Self::WrongRequest => "in_response_to_mismatch",
            Self::Unsigned => "unsigned",
            Self::Tampered => "digest_mismatch",
            Self::OtherKey => "untrusted_key",
            Self::Wrapped => "reference_mismatch",
        }
    }

    /// The one with that code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// The document of the response with this fault.
    pub(super) fn document(self, genuine: TestResponse<'_>) -> String {
        const HOUR: Duration = Duration::from_secs(3600);
        let issued = genuine.issued();
        match self {
            Self::Expired => {
                let earlier = genuine.issue_instant(issued - 2 * HOUR).authn_instant(issued - 2 * HOUR);
                earlier.not_before(issued - 2 * HOUR).not_on_or_after(issued - HOUR).genuine()
            }
            Self::NotYetValid => genuine.not_before(issued + HOUR).not_on_or_after(issued + 2 * HOUR).genuine(),
            Self::WrongAudience => genuine.audience(OTHER_ENTITY_ID).genuine(),
            Self::WrongRecipient => genuine.recipient(OTHER_URL).genuine(),
            Self::WrongDestination => genuine.destination(OTHER_URL).genuine(),
            Self::WrongIssuer => genuine.issuer(OTHER_ENTITY_ID).genuine(),
            Self::WrongRequest => genuine.in_response_to("_other-request").genuine(),
            Self::Unsigned => genuine.unsigned(),
            Self::Tampered => genuine.genuine().replacen("</saml:NameID>", "-changed</saml:NameID>", 1),
            Self::OtherKey => genuine.signed_by(&other_idp()).genuine(),
            Self::Wrapped => genuine.signed(SignedPart::Assertion).wrapped(),
        }
    }
}

/// Its key is as well known as the other one.
fn other_idp() -> TestIdp {
    built_in(
        OTHER_ENTITY_ID,
        include_str!("../../testdata/auth0/keys/attacker-rsa2048.key"),
        include_bytes!("../../testdata/auth0/keys/attacker-rsa2048.pem"),
    )
}

const OTHER_ENTITY_ID: &str = "urn:test:other";
const OTHER_URL: &str = "https://other.example/acs";
