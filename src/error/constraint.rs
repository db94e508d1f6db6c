//! Refusals of the constraint stage: genuine statements that are not for us, not now, or not in answer to our request.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::clues::which_is_meant;
use super::compared::{Alternatives, Early, Late, Skew, told};
use super::difference::Differences;
use super::{Refusal, Shown};
use crate::time::in_words;

/// Why a statement that a trusted key signed is not a login here and now.
///
/// Identifiers are compared as exact strings, without any normalisation (SAML Core 1.3.1).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintError {
    /// The Issuer is not the identity provider whose keys are trusted. SAML Profiles 4.1.4.2.
    IssuerMismatch {
        /// `Response` or `Assertion`.
        element: &'static str,
        /// The configured entity IDs.
        expected: Vec<String>,
        /// The Issuer.
        received: Shown,
    },
    /// No connection is configured for the identity provider that the message names. SAML Profiles 4.1.4.2.
    UnknownIdentityProvider {
        /// The Issuer.
        received: Shown,
    },
    /// A signed Response must name its Issuer. SAML Profiles 4.1.4.2 with erratum E17.
    IssuerMissing {
        /// The configured entity ID.
        expected: String,
    },
    /// The Issuer is not named by an entity ID. SAML Core 2.2.5 and 8.3.6.
    IssuerFormat {
        /// `Response` or `Assertion`.
        element: &'static str,
        /// The Format.
        received: Shown,
    },
    /// The Response was sent to another endpoint. SAML Core 3.2.2.
    DestinationMismatch {
        /// Our assertion consumer service URLs.
        expected: Vec<String>,
        /// The Destination.
        received: Shown,
    },
    /// A signed Response must name its Destination. SAML Bindings 3.5.5.2.
    DestinationMissing {
        /// Our assertion consumer service URLs.
        expected: Vec<String>,
    },
    /// The assertion was issued for another endpoint. SAML Profiles 4.1.4.3.
    RecipientMismatch {
        /// Our assertion consumer service URLs.
        expected: Vec<String>,
        /// The Recipient.
        received: Shown,
    },
    /// A bearer confirmation without Recipient. SAML Profiles 4.1.4.2.
    RecipientMissing {
        /// Our assertion consumer service URLs.
        expected: Vec<String>,
    },
    /// The message answers another request than the one that is pending. SAML Core 3.2.2, Profiles 4.1.4.3.
    InResponseToMismatch {
        /// `Response` or `SubjectConfirmationData`.
        element: &'static str,
        /// The IDs of the pending requests.
        expected: Vec<Shown>,
        /// The InResponseTo.
        received: Shown,
    },
    /// A request is pending, and the confirmation does not say that it answers it. SAML Profiles 4.1.4.3.
    InResponseToMissing {
        /// The IDs of the pending requests.
        expected: Vec<Shown>,
        /// The InResponseTo of the Response, which does not count by itself: it may be unsigned.
        response: Option<Shown>,
    },
    /// Several requests are pending, and the Response answers another one than its confirmation. SAML Profiles 4.1.4.3.
    InResponseToContradiction {
        /// The InResponseTo of the Response.
        response: Shown,
        /// The InResponseTo of the SubjectConfirmationData.
        confirmation: Shown,
    },
    /// More requests are said to be pending in one browser's session than are compared.
    TooManyPendingRequests {
        /// How many.
        count: usize,
        /// How many are compared.
        maximum: usize,
    },
    /// An unsolicited login was expected, and the message answers a request. SAML Profiles 4.1.5.
    UnexpectedInResponseTo {
        /// `Response` or `SubjectConfirmationData`.
        element: &'static str,
        /// The InResponseTo.
        received: Shown,
    },
    /// The window of validity has not opened. SAML Core 2.5.1.2.
    NotYetValid {
        /// `Conditions` or `SubjectConfirmationData`.
        element: &'static str,
        /// The NotBefore.
        not_before: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        difference: Duration,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// The window of validity has closed. SAML Core 2.5.1.2, Profiles 4.1.4.3.
    Expired {
        /// `Conditions` or `SubjectConfirmationData`.
        element: &'static str,
        /// The NotOnOrAfter.
        not_on_or_after: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        difference: Duration,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// The window of validity closes before it opens. SAML Core 2.5.1.2.
    InvertedWindow {
        /// The NotBefore.
        not_before: String,
        /// The NotOnOrAfter.
        not_on_or_after: String,
    },
    /// Issued in the future.
    IssuedInFuture {
        /// `Response` or `Assertion`.
        element: &'static str,
        /// The IssueInstant.
        issue_instant: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        difference: Duration,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// No bearer confirmation, so that nothing says who may present the assertion. SAML Profiles 4.1.4.2.
    NoBearerConfirmation {
        /// The methods of the confirmations that there are.
        received: Vec<Shown>,
    },
    /// A bearer confirmation without data. SAML Profiles 4.1.4.2.
    ConfirmationDataMissing,
    /// A bearer confirmation without NotOnOrAfter. SAML Profiles 4.1.4.2.
    ConfirmationExpiryMissing,
    /// A bearer confirmation with NotBefore, which it must not have. SAML Profiles 4.1.4.2.
    ConfirmationNotBefore {
        /// The NotBefore.
        received: String,
    },
    /// Several bearer confirmations, and none holds by itself. SAML Profiles 4.1.4.2.
    Unconfirmed {
        /// What is wrong with each.
        confirmations: Vec<UnconfirmedSubject>,
    },
    /// The assertion says for no audience that it is meant for it. SAML Profiles 4.1.4.2.
    AudienceMissing {
        /// Our entity IDs.
        expected: Vec<String>,
    },
    /// An audience restriction does not name us. SAML Core 2.5.1.4.
    AudienceMismatch {
        /// Our entity IDs.
        expected: Vec<String>,
        /// The audiences of the first restriction that does not name us.
        received: Vec<Shown>,
        /// The place of that restriction, from 1.
        position: usize,
        /// How many restrictions there are.
        count: usize,
        /// The audiences of the others.
        others: Vec<Shown>,
    },
    /// A condition of an unknown kind: whether the assertion is valid cannot be told. SAML Core 2.5.1.1.
    UnknownCondition {
        /// The name of the element, as written.
        condition: Shown,
    },
    /// The assertion does not say that the user authenticated. SAML Profiles 4.1.4.2.
    NoAuthnStatement,
    /// The session at the identity provider is over. SAML Core 2.7.2, Profiles 4.1.4.3.
    SessionExpired {
        /// The SessionNotOnOrAfter.
        session_not_on_or_after: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        difference: Duration,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// The user authenticated in another way than this service requires. SAML Core 2.7.2.2.
    AuthnContextMismatch {
        /// The accepted classes.
        expected: Vec<String>,
        /// The class.
        received: Option<Shown>,
    },
    /// The user authenticated longer ago than this service accepts.
    AuthenticationTooOld {
        /// The AuthnInstant.
        authn_instant: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        age: Duration,
        /// The accepted age, clock skew not included.
        maximum_age: Duration,
    },
}

/// Why one of several bearer confirmations does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnconfirmedSubject {
    /// Its place among the bearer confirmations, from 1.
    pub position: usize,
    /// What is wrong with it.
    pub reason: ConstraintError,
}

impl ConstraintError {
    pub(crate) fn not_yet_valid(element: &'static str, not_before: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        let (not_before, now, difference) = told(not_before, now);
        Self::NotYetValid { element, not_before, now, difference, clock_skew }
    }

    pub(crate) fn expired(element: &'static str, not_on_or_after: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        let (not_on_or_after, now, difference) = told(not_on_or_after, now);
        Self::Expired { element, not_on_or_after, now, difference, clock_skew }
    }

    pub(crate) fn issued_in_future(element: &'static str, instant: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        let (issue_instant, now, difference) = told(instant, now);
        Self::IssuedInFuture { element, issue_instant, now, difference, clock_skew }
    }

    pub(crate) fn session_expired(end: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        let (session_not_on_or_after, now, difference) = told(end, now);
        Self::SessionExpired { session_not_on_or_after, now, difference, clock_skew }
    }

    pub(crate) fn authentication_too_old(instant: SystemTime, now: SystemTime, maximum_age: Duration) -> Self {
        let (authn_instant, now, age) = told(instant, now);
        Self::AuthenticationTooOld { authn_instant, now, age, maximum_age }
    }

    /// What an instant must be that must not lie in the future.
    pub(crate) fn at_most(now: &str, clock_skew: Duration) -> String {
        format!("at most {now}{}", Skew(clock_skew))
    }

    /// What an instant must be that must not lie in the past.
    pub(crate) fn later_than(now: &str, clock_skew: Duration) -> String {
        format!("later than {now}{}", Skew(clock_skew))
    }

    /// What a comparison of identifiers compared: ours, theirs.
    fn identifiers(&self) -> Option<(&[String], &[Shown])> {
        use std::slice::from_ref;
        match self {
            Self::IssuerMismatch { expected, received, .. }
            | Self::DestinationMismatch { expected, received }
            | Self::RecipientMismatch { expected, received } => Some((expected, from_ref(received))),
            Self::AudienceMismatch { expected, received, .. } => Some((expected, received)),
            Self::IssuerMissing { expected } => Some((from_ref(expected), &[])),
            Self::DestinationMissing { expected } | Self::RecipientMissing { expected } | Self::AudienceMissing { expected } => {
                Some((expected, &[]))
            }
            Self::AuthnContextMismatch { expected, received } => Some((expected, received.as_slice())),
            _ => None,
        }
    }

    /// In what alone both sides of a comparison of identifiers differ.
    fn differences(&self) -> Differences {
        self.identifiers().map_or_else(Differences::default, |(expected, received)| {
            Differences::of(expected.iter().map(String::as_str), received.iter().map(Shown::as_str))
        })
    }
}

/// An empty ID is that of no request.
fn none_is_pending(requests: &[Shown]) -> bool {
    requests.iter().all(|request| request.as_str().is_empty())
}

impl fmt::Display for ConstraintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IssuerMismatch { element, expected, received } => {
                write!(f, "the Issuer of the {element} is {received}, not {}", Alternatives(expected))
            }
            Self::UnknownIdentityProvider { received } => {
                write!(f, "the message says it is from {received}, and no connection is configured for that identity provider")
            }
            Self::IssuerMissing { expected } => write!(f, "the Response has no Issuer, it must be \"{expected}\""),
            Self::IssuerFormat { element, received } => {
                write!(f, "the Issuer of the {element} has the Format {received}, which is not that of an entity ID")
            }
            Self::DestinationMismatch { expected, received } => {
                write!(f, "the Destination is {received}, not {}", Alternatives(expected))
            }
            Self::DestinationMissing { expected } => {
                write!(f, "the signed Response has no Destination, it must be {}", Alternatives(expected))
            }
            Self::RecipientMismatch { expected, received } => {
                write!(f, "the Recipient is {received}, not {}", Alternatives(expected))
            }
            Self::RecipientMissing { expected } => {
                write!(f, "the bearer confirmation has no Recipient, it must be {}", Alternatives(expected))
            }
            Self::InResponseToMismatch { element, expected, received } if none_is_pending(expected) => {
                write!(f, "the {element} answers the request {received}, and {}", Pending(expected))
            }
            Self::InResponseToMismatch { element, expected, received } if received.as_str().trim().is_empty() => {
                write!(f, "the InResponseTo of the {element} is empty, and {}", Pending(expected))
            }
            Self::InResponseToMismatch { element, expected, received } => {
                write!(f, "the {element} answers the request {received}, not {}", Alternatives(expected))
            }
            Self::InResponseToMissing { expected, response: None } => {
                write!(f, "the assertion answers no request, and {}", Pending(expected))
            }
            Self::InResponseToMissing { expected, response: Some(response) } => write!(
                f,
                "the SubjectConfirmationData has no InResponseTo, and {}; the Response has InResponseTo {response}",
                Pending(expected)
            ),
            Self::InResponseToContradiction { response, confirmation } => {
                write!(
                    f,
                    "the Response answers the request {response}, and its SubjectConfirmationData the request {confirmation}"
                )
            }
            Self::TooManyPendingRequests { count, maximum } => {
                write!(f, "{count} requests are said to be pending, and at most {maximum} are compared")
            }
            Self::UnexpectedInResponseTo { element, received } if received.as_str().trim().is_empty() => {
                write!(f, "the InResponseTo of the {element} is empty, and an unsolicited login has none")
            }
            Self::UnexpectedInResponseTo { element, received } => {
                write!(f, "the {element} answers the request {received}, and an unsolicited login was expected")
            }
            Self::NotYetValid { element, not_before, now, difference, clock_skew } => write!(
                f,
                "the NotBefore of the {element} is {not_before}, and it is {now}: {}{}",
                Early(*difference),
                Skew(*clock_skew)
            ),
            Self::Expired { element, not_on_or_after, now, difference, clock_skew } => write!(
                f,
                "the NotOnOrAfter of the {element} is {not_on_or_after}, and it is {now}: {}{}",
                Late(*difference),
                Skew(*clock_skew)
            ),
            Self::InvertedWindow { not_before, not_on_or_after } => {
                write!(f, "the assertion is valid from {not_before} until {not_on_or_after}, which is never")
            }
            Self::IssuedInFuture { element, issue_instant, now, difference, clock_skew } => write!(
                f,
                "the {element} was issued at {issue_instant}, and it is {now}: {}{}",
                Early(*difference),
                Skew(*clock_skew)
            ),
            Self::NoBearerConfirmation { received } if received.is_empty() => f.write_str("the subject has no confirmation"),
            Self::NoBearerConfirmation { received } => {
                write!(f, "no confirmation of the subject has the method bearer, but {}", Alternatives(received))
            }
            Self::ConfirmationDataMissing => f.write_str("the bearer confirmation has no SubjectConfirmationData"),
            Self::ConfirmationExpiryMissing => f.write_str("the bearer confirmation has no NotOnOrAfter"),
            Self::ConfirmationNotBefore { received } => {
                write!(f, "the bearer confirmation has a NotBefore ({received}), which it must not have")
            }
            Self::Unconfirmed { confirmations } => {
                f.write_str("none of the bearer confirmations holds")?;
                confirmations.iter().try_for_each(|one| write!(f, "; {}: {}", one.position, one.reason))
            }
            Self::AudienceMissing { expected } => {
                write!(f, "the assertion is restricted to no audience, it must be {}", Alternatives(expected))
            }
            Self::AudienceMismatch { expected, received, count: 0 | 1, .. } if received.is_empty() => {
                write!(f, "an audience restriction names nobody, not {}", Alternatives(expected))
            }
            Self::AudienceMismatch { expected, received, count: 0 | 1, .. } => {
                write!(f, "the audience is {}, not {}", Alternatives(received), Alternatives(expected))
            }
            Self::AudienceMismatch { expected, received, position, count, others } => write!(
                f,
                "audience restriction {position} of {count} names {}, not {}; the other{} {}, and each must name the service provider",
                Audiences(received),
                Alternatives(expected),
                if *count == 2 { " names" } else { "s name" },
                Audiences(others)
            ),
            Self::UnknownCondition { condition } => write!(f, "the condition {condition} is unknown"),
            Self::NoAuthnStatement => f.write_str("the assertion has no AuthnStatement"),
            Self::SessionExpired { session_not_on_or_after, now, difference, clock_skew } => write!(
                f,
                "the session at the identity provider ends at {session_not_on_or_after}, and it is {now}: {}{}",
                Late(*difference),
                Skew(*clock_skew)
            ),
            Self::AuthnContextMismatch { expected, received: Some(received) } => {
                write!(f, "the user authenticated by {received}, not by {}", Alternatives(expected))
            }
            Self::AuthnContextMismatch { expected, received: None } => {
                write!(f, "how the user authenticated is not said, it must be by {}", Alternatives(expected))
            }
            Self::AuthenticationTooOld { authn_instant, now, age, maximum_age } => write!(
                f,
                "the user authenticated at {authn_instant}, more than {} s before {now}: {} ago",
                maximum_age.as_secs(),
                in_words(*age)
            ),
        }?;
        write!(f, "{}", self.differences())
    }
}

impl Refusal for ConstraintError {
    fn code(&self) -> &'static str {
        match self {
            Self::IssuerMismatch { .. } => "issuer_mismatch",
            Self::UnknownIdentityProvider { .. } => "unknown_identity_provider",
            Self::IssuerMissing { .. } => "issuer_missing",
            Self::IssuerFormat { .. } => "issuer_format",
            Self::DestinationMismatch { .. } => "destination_mismatch",
            Self::DestinationMissing { .. } => "destination_missing",
            Self::RecipientMismatch { .. } => "recipient_mismatch",
            Self::RecipientMissing { .. } => "recipient_missing",
            Self::InResponseToMismatch { .. } => "in_response_to_mismatch",
            Self::InResponseToMissing { .. } => "in_response_to_missing",
            Self::InResponseToContradiction { .. } => "in_response_to_contradiction",
            Self::TooManyPendingRequests { .. } => "too_many_pending_requests",
            Self::UnexpectedInResponseTo { .. } => "unexpected_in_response_to",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Expired { .. } => "expired",
            Self::InvertedWindow { .. } => "inverted_window",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::NoBearerConfirmation { .. } => "no_bearer_confirmation",
            Self::ConfirmationDataMissing => "confirmation_data_missing",
            Self::ConfirmationExpiryMissing => "confirmation_expiry_missing",
            Self::ConfirmationNotBefore { .. } => "confirmation_not_before",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::AudienceMissing { .. } => "audience_missing",
            Self::AudienceMismatch { .. } => "audience_mismatch",
            Self::UnknownCondition { .. } => "unknown_condition",
            Self::NoAuthnStatement => "no_authn_statement",
            Self::SessionExpired { .. } => "session_expired",
            Self::AuthnContextMismatch { .. } => "authn_context_mismatch",
            Self::AuthenticationTooOld { .. } => "authentication_too_old",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::IssuerMismatch { .. } | Self::UnknownIdentityProvider { .. } | Self::IssuerMissing { .. } => {
                "SAML Profiles 4.1.4.2"
            }
            Self::IssuerFormat { .. } => "SAML Core 8.3.6",
            Self::DestinationMismatch { .. } => "SAML Core 3.2.2",
            Self::DestinationMissing { .. } => "SAML Bindings 3.5.5.2",
            Self::RecipientMismatch { .. } | Self::InResponseToMissing { .. } | Self::InResponseToContradiction { .. } => {
                "SAML Profiles 4.1.4.3"
            }
            Self::InResponseToMismatch { element: "Response", .. } => "SAML Core 3.2.2",
            Self::InResponseToMismatch { .. } => "SAML Profiles 4.1.4.3",
            Self::UnexpectedInResponseTo { .. } => "SAML Profiles 4.1.5",
            Self::Expired { element: "SubjectConfirmationData", .. } => "SAML Profiles 4.1.4.3",
            Self::NotYetValid { element: "SubjectConfirmationData", .. } => "SAML Core 2.4.1.2",
            Self::NotYetValid { .. } | Self::Expired { .. } | Self::InvertedWindow { .. } => "SAML Core 2.5.1.2",
            Self::IssuedInFuture { .. } => "SAML Core 2.3.3",
            Self::RecipientMissing { .. }
            | Self::NoBearerConfirmation { .. }
            | Self::ConfirmationDataMissing
            | Self::ConfirmationExpiryMissing
            | Self::ConfirmationNotBefore { .. }
            | Self::Unconfirmed { .. }
            | Self::AudienceMissing { .. }
            | Self::NoAuthnStatement => "SAML Profiles 4.1.4.2",
            Self::AudienceMismatch { .. } => "SAML Core 2.5.1.4",
            Self::UnknownCondition { .. } => "SAML Core 2.5.1.1",
            Self::SessionExpired { .. } => "SAML Profiles 4.1.4.3",
            Self::AuthnContextMismatch { .. } => "SAML Core 2.7.2.2",
            Self::TooManyPendingRequests { .. } => "limits",
            Self::AuthenticationTooOld { .. } => "connection policy",
        }
    }

    fn expected(&self) -> Vec<String> {
        if let Some((expected, _)) = self.identifiers() {
            return expected.to_vec();
        }
        match self {
            Self::IssuerFormat { .. } => vec![Self::ENTITY_FORMAT.to_owned()],
            Self::InResponseToMismatch { expected, .. } | Self::InResponseToMissing { expected, .. } => owned(expected),
            Self::InResponseToContradiction { response, .. } => vec![response.as_str().to_owned()],
            Self::TooManyPendingRequests { maximum, .. } => vec![format!("at most {maximum}")],
            Self::NotYetValid { now, clock_skew, .. } | Self::IssuedInFuture { now, clock_skew, .. } => {
                vec![Self::at_most(now, *clock_skew)]
            }
            Self::Expired { now, clock_skew, .. } | Self::SessionExpired { now, clock_skew, .. } => {
                vec![Self::later_than(now, *clock_skew)]
            }
            Self::AuthenticationTooOld { now, maximum_age, .. } => {
                vec![format!("at most {} s before {now}", maximum_age.as_secs())]
            }
            Self::NoBearerConfirmation { .. } => vec![Self::BEARER.to_owned()],
            _ => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        if let Some((_, received)) = self.identifiers() {
            return owned(received);
        }
        match self {
            Self::IssuerFormat { received, .. }
            | Self::UnknownIdentityProvider { received }
            | Self::InResponseToMismatch { received, .. }
            | Self::UnexpectedInResponseTo { received, .. } => vec![received.as_str().to_owned()],
            Self::NotYetValid { not_before: time, .. }
            | Self::Expired { not_on_or_after: time, .. }
            | Self::IssuedInFuture { issue_instant: time, .. }
            | Self::ConfirmationNotBefore { received: time }
            | Self::SessionExpired { session_not_on_or_after: time, .. }
            | Self::AuthenticationTooOld { authn_instant: time, .. } => vec![time.clone()],
            Self::InvertedWindow { not_before, not_on_or_after } => vec![not_before.clone(), not_on_or_after.clone()],
            Self::NoBearerConfirmation { received } => owned(received),
            Self::InResponseToContradiction { confirmation, .. } => vec![confirmation.as_str().to_owned()],
            Self::TooManyPendingRequests { count, .. } => vec![count.to_string()],
            Self::UnknownCondition { condition } => vec![condition.as_str().to_owned()],
            Self::Unconfirmed { confirmations } => confirmations.iter().map(|one| one.reason.to_string()).collect(),
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::IssuerMismatch { expected, received, .. } => {
                let which = match expected.as_slice() {
                    [only] => which_is_meant(received, only),
                    several => {
                        let several = Alternatives(several);
                        format!("it says it is from {received}; the connections are for {several}: find out which is meant")
                    }
                };
                return format!(
                    "{which}. If another identity provider, tenant or test system posts here, stop it there. If it is the right one and only \
                     its entity ID is written in another way, make both the same string: Auth0 sends `urn:` and the tenant's domain unless \
                     the addon's `issuer` says otherwise"
                );
            }
            Self::UnknownIdentityProvider { received } => {
                return format!(
                    "it says it is from {received}: find out whether that is a customer's identity provider. If not, the message was sent to \
                     the wrong service, or by somebody who tries; if it is, add the connection with what the customer's administrator gives, \
                     under the entity ID exactly as the identity provider writes it"
                );
            }
            Self::IssuerMissing { .. } => "let the identity provider name itself in each Response that it signs or in which it encrypts",
            Self::IssuerFormat { element: "Response", .. } => {
                "let the identity provider send its entity ID as Issuer, without Format; if it cannot, allow the departure \
                 `issuer-format`: the name is compared all the same"
            }
            Self::IssuerFormat { .. } => "let the identity provider send its entity ID as Issuer, without Format",
            Self::DestinationMismatch { .. } | Self::RecipientMismatch { .. } => return self.url_remedy(),
            Self::DestinationMissing { .. } => "let the identity provider write the ACS URL as Destination; in Auth0 set `destination`",
            Self::RecipientMissing { .. } => "let the identity provider write the ACS URL as Recipient; in Auth0 set `recipient`",
            Self::InResponseToMismatch { expected, .. } | Self::InResponseToMissing { expected, .. }
                if none_is_pending(expected) =>
            {
                "hand over the ID of the AuthnRequest that the browser session sent; a session without one expects an unsolicited login, \
                 if the service allows it"
            }
            Self::InResponseToMismatch { received, .. } if received.as_str().trim().is_empty() => {
                "let the identity provider write the ID of the AuthnRequest as InResponseTo; an empty one names no request"
            }
            Self::InResponseToMismatch { expected, .. } if expected.len() > 1 => {
                "keep the ID of each AuthnRequest with the browser session that sent it, until it is answered: let the user start again"
            }
            Self::InResponseToContradiction { .. } => {
                "report it to the identity provider: Response and SubjectConfirmationData answer one and the same request"
            }
            Self::InResponseToMismatch { .. } => {
                "keep the ID of each AuthnRequest with the browser session that sent it; a second tab or a login that was started twice \
                 answers the other request: let the user start again, or hand over the IDs of all pending requests \
                 (`Expect::AnswerToAny`)"
            }
            Self::InResponseToMissing { response: Some(_), .. } => {
                "let the identity provider write InResponseTo into SubjectConfirmationData too: that of the Response does not count by \
                 itself, because nothing says that it is signed with the assertion"
            }
            Self::InResponseToMissing { .. } => {
                "this login was started at the identity provider, not here: let the user start again, or expect an unsolicited login if \
                 the service allows it"
            }
            Self::TooManyPendingRequests { .. } => {
                "hand over the requests of the browser session that posted the message, and drop those that are too old to be answered"
            }
            Self::UnexpectedInResponseTo { received, .. } if received.as_str().trim().is_empty() => {
                "let the identity provider leave InResponseTo out of a login that starts there: an empty one names no request"
            }
            Self::UnexpectedInResponseTo { .. } => {
                "if the login started at the identity provider, let it leave InResponseTo out: a value of its own names no request of \
                 this service; if the service did send this request, verify the message with its ID; else it was meant for another session"
            }
            Self::NotYetValid { .. } | Self::IssuedInFuture { .. } => {
                "set the clocks of both sides by NTP; if they cannot be better, allow more clock skew (Auth0 backdates nothing, so it \
                 needs some)"
            }
            Self::Expired { .. } => {
                "let the user log in again; if this happens to every login, set the clocks of both sides by NTP, or raise the lifetime at \
                 the identity provider (Auth0: `lifetimeInSeconds`)"
            }
            Self::SessionExpired { .. } => "let the user log in again at the identity provider",
            Self::AudienceMissing { .. } => {
                "let the identity provider name the service provider's entity ID as the audience; that setting is called `audience` in \
                 Auth0, \"Audience URI (SP Entity ID)\" in Okta, \"Identifier (Entity ID)\" in Entra ID, \"Entity ID\" in Google \
                 Workspace, \"Client ID\" in Keycloak, \"Relying party identifier\" in ADFS"
            }
            Self::AudienceMismatch { expected, others, .. } if others.iter().any(|one| names(expected, one)) => {
                "let the identity provider write all audiences into one AudienceRestriction, where one of them is enough, or leave the \
                 foreign restriction out: of several restrictions each must name the service provider"
            }
            Self::AudienceMismatch { .. } => {
                "make the service provider's entity ID and the identity provider's audience the same string; in Auth0 it is the addon's \
                 `audience` if set, else the Issuer of the AuthnRequest"
            }
            Self::UnknownCondition { .. } => "let the identity provider leave this condition out: what it demands is not known here",
            Self::NoBearerConfirmation { .. }
            | Self::ConfirmationDataMissing
            | Self::ConfirmationExpiryMissing
            | Self::NoAuthnStatement => {
                "let the identity provider issue the assertion for the Web Browser SSO profile, as Auth0 does"
            }
            Self::ConfirmationNotBefore { .. } => {
                "let the identity provider leave NotBefore out of SubjectConfirmationData: the Conditions are its place; if it cannot, \
                 allow the departure `confirmation-not-before`, which checks it as the start of a window"
            }
            Self::Unconfirmed { confirmations } => {
                return confirmations.first().map(|one| one.reason.remedy()).unwrap_or_default();
            }
            Self::InvertedWindow { .. } => "correct the lifetime at the identity provider (Auth0: `lifetimeInSeconds`)",
            Self::AuthnContextMismatch { .. } => {
                "let the identity provider demand this kind of authentication and say so (Auth0: `authnContextClassRef`), or require less"
            }
            Self::AuthenticationTooOld { .. } => "send the user to the identity provider with ForceAuthn",
        }
        .to_owned()
    }
}

impl ConstraintError {
    /// What to do where an endpoint was compared.
    fn url_remedy(&self) -> String {
        let setting = if matches!(self, Self::DestinationMismatch { .. }) { "destination" } else { "recipient" };
        let same = format!(
            "make the service provider's ACS URL and the identity provider's the same string; in Auth0 it is the addon's `{setting}` \
             if set, else the URL of the request or the Application Callback URL"
        );
        if self.differences().are_those_of_a_proxy() {
            return format!(
                "a proxy or load balancer in front of the service probably made this difference: configure the URL that the browser \
                 posts to, not the one behind the proxy; {same}"
            );
        }
        same
    }

    /// The confirmation method of the Web Browser SSO profile. SAML Profiles 3.3.
    pub(crate) const BEARER: &'static str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    /// The Format that an Issuer has when it has none. SAML Core 8.3.6.
    pub(crate) const ENTITY_FORMAT: &'static str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
}

fn owned(values: &[Shown]) -> Vec<String> {
    values.iter().map(|value| value.as_str().to_owned()).collect()
}

/// The audiences of a restriction.
struct Audiences<'a>(&'a [Shown]);

impl fmt::Display for Audiences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("nobody") } else { write!(f, "{}", Alternatives(self.0)) }
    }
}

fn names(ours: &[String], theirs: &Shown) -> bool {
    ours.iter().any(|one| one == theirs.as_str())
}

/// Which requests are pending.
struct Pending<'a>(&'a [Shown]);

impl fmt::Display for Pending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("the list of pending requests is empty"),
            requests if none_is_pending(requests) => f.write_str("the ID of the pending request is empty"),
            [one] => write!(f, "the request {one} is pending"),
            several => write!(f, "one of the requests {} is pending", Alternatives(several)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> SystemTime {
        crate::time::parse_rfc3339(&format!("2025-03-03T{text}Z")).unwrap()
    }

    fn shown(values: &[&str]) -> Vec<Shown> {
        values.iter().copied().map(Shown::new).collect()
    }

    /// The first advice is never to accept another identity provider.
    #[test]
    fn of_two_issuers_it_is_found_out_first_which_is_meant() {
        let mismatch = |expected: &[&str]| {
            let expected = expected.iter().map(|&one| one.to_owned()).collect();
            ConstraintError::IssuerMismatch { element: "Assertion", expected, received: Shown::new("urn:b") }.remedy()
        };
        let then = "If another identity provider, tenant or test system posts here, stop it there. If it is the right one and only its \
                    entity ID is written in another way, make both the same string: Auth0 sends `urn:` and the tenant's domain unless the \
                    addon's `issuer` says otherwise";
        let one = "it says it is from \"urn:b\"; the connection is for \"urn:a\": find out which of the two is meant";
        assert_eq!(mismatch(&["urn:a"]), format!("{one}. {then}"));
        let several = "it says it is from \"urn:b\"; the connections are for \"urn:a\" or \"urn:c\": find out which is meant";
        assert_eq!(mismatch(&["urn:a", "urn:c"]), format!("{several}. {then}"));
    }

    #[test]
    fn a_near_miss_of_an_endpoint_says_what_made_it() {
        const PROXY: &str = "a proxy or load balancer in front of the service probably made this difference: configure the URL that the \
                             browser posts to, not the one behind the proxy; ";
        const SAME: &str = "make the service provider's ACS URL and the identity provider's the same string; in Auth0 it is the addon's \
                            `recipient` if set, else the URL of the request or the Application Callback URL";
        for (received, hint, cause) in [
            ("https://a.example/acs/", " (they differ only by a trailing slash)", ""),
            (
                "https://a.example:443/acs",
                " (they differ only by the default port, which one writes and the other does not)",
                PROXY,
            ),
            ("http://a.example/acs", " (they differ only by the scheme)", PROXY),
            ("https://b.example/acs", "", ""),
        ] {
            let error = ConstraintError::RecipientMismatch {
                expected: vec!["https://a.example/acs".to_owned()],
                received: Shown::new(received),
            };
            assert_eq!(error.to_string(), format!("the Recipient is \"{received}\", not \"https://a.example/acs\"{hint}"));
            assert_eq!(error.remedy(), format!("{cause}{SAME}"));
        }
    }

    #[test]
    fn a_comparison_of_times_shows_both_sides_and_the_difference() {
        let (end, now) = (time("11:00:00.1234567"), time("11:03:00.123999999"));
        let error = ConstraintError::expired("Conditions", end, now, Duration::from_secs(180));
        assert_eq!(
            error.to_string(),
            "the NotOnOrAfter of the Conditions is 2025-03-03T11:00:00.123Z, and it is 2025-03-03T11:03:00.123Z: 3 min too late (clock \
             skew of 180 s allowed)"
        );
        assert_eq!(error.received(), ["2025-03-03T11:00:00.123Z"]);
        assert_eq!(error.expected(), ["later than 2025-03-03T11:03:00.123Z (clock skew of 180 s allowed)"]);
        let error = ConstraintError::session_expired(end, now, Duration::ZERO);
        assert_eq!(
            error.to_string(),
            "the session at the identity provider ends at 2025-03-03T11:00:00.123Z, and it is 2025-03-03T11:03:00.123Z: 3 min too late \
             (clock skew of 0 s allowed)"
        );
        let error = ConstraintError::authentication_too_old(end, now, Duration::from_secs(60));
        assert_eq!(
            error.to_string(),
            "the user authenticated at 2025-03-03T11:00:00.123Z, more than 60 s before 2025-03-03T11:03:00.123Z: 3 min ago"
        );
    }

    #[test]
    fn a_whole_number_of_hours_suggests_a_wrong_time_zone() {
        const ZONE: &str = ", about a whole number of hours, which suggests a wrong time zone";
        for (begin, early, zone) in [
            ("10:58:03", "58 min 3 s too early", ZONE),
            ("11:05:00", "1 h 5 min too early", ZONE),
            ("11:05:01", "1 h 5 min too early", ""),
            ("10:54:59", "54 min 59 s too early", ""),
            ("12:00:00", "2 h too early", ZONE),
            ("10:04:00", "4 min too early", ""),
        ] {
            let message = |error: ConstraintError| error.to_string();
            let (begin, now, skew) = (time(begin), time("10:00:00"), Duration::from_secs(180));
            let told = format!("and it is 2025-03-03T10:00:00.000Z: {early}{zone} (clock skew of 180 s allowed)");
            for message in [
                message(ConstraintError::not_yet_valid("Conditions", begin, now, skew)),
                message(ConstraintError::issued_in_future("Response", begin, now, skew)),
            ] {
                assert!(message.ends_with(&told), "{message}");
            }
        }
        let far = crate::time::parse_rfc3339("2025-03-04T01:00:00Z").unwrap();
        let error = ConstraintError::not_yet_valid("Conditions", far, time("10:00:00"), Duration::ZERO);
        assert!(error.to_string().ends_with(": 15 h too early (clock skew of 0 s allowed)"), "{error}");
    }

    #[test]
    fn an_empty_request_is_the_mistake_of_the_caller() {
        for (pending, said) in [
            (&[""][..], "the ID of the pending request is empty"),
            (&[], "the list of pending requests is empty"),
            (&["", ""], "the ID of the pending request is empty"),
        ] {
            let (element, received) = ("Response", Shown::new("_q"));
            let mismatch = ConstraintError::InResponseToMismatch { element, expected: shown(pending), received };
            let missing = ConstraintError::InResponseToMissing { expected: shown(pending), response: None };
            assert_eq!(mismatch.to_string(), format!("the Response answers the request \"_q\", and {said}"));
            assert_eq!(missing.to_string(), format!("the assertion answers no request, and {said}"));
            for error in [mismatch, missing] {
                assert!(error.remedy().starts_with("hand over the ID of the AuthnRequest"));
            }
        }
    }

    #[test]
    fn a_missing_in_response_to_is_named_and_that_the_response_has_it() {
        let missing = |response: Option<&str>| ConstraintError::InResponseToMissing {
            expected: shown(&["_q", "_p"]),
            response: response.map(Shown::new),
        };
        assert_eq!(
            missing(Some("_q")).to_string(),
            "the SubjectConfirmationData has no InResponseTo, and one of the requests \"_q\" or \"_p\" is pending; the Response has \
             InResponseTo \"_q\""
        );
        assert!(
            missing(Some("_q")).remedy().starts_with("let the identity provider write InResponseTo into SubjectConfirmationData")
        );
        assert!(missing(None).remedy().starts_with("this login was started at the identity provider"));
        assert_eq!(missing(None).expected(), ["_q", "_p"]);
    }

    #[test]
    fn what_answers_no_request_of_ours_is_told_apart() {
        let unexpected =
            |received| ConstraintError::UnexpectedInResponseTo { element: "Response", received: Shown::new(received) };
        const LEAVE: &str = "let the identity provider leave InResponseTo out of a login that starts there";
        for (received, message, remedy) in [
            ("", "the InResponseTo of the Response is empty, and an unsolicited login has none", LEAVE),
            (" ", "the InResponseTo of the Response is empty, and an unsolicited login has none", LEAVE),
            (
                "_own",
                "the Response answers the request \"_own\", and an unsolicited login was expected",
                "if the login started at the identity provider, let it leave InResponseTo out: a value of its own names no request",
            ),
        ] {
            assert_eq!(unexpected(received).to_string(), message);
            assert!(unexpected(received).remedy().starts_with(remedy), "{received}");
        }
        let (element, received) = ("Response", Shown::new(""));
        let empty = ConstraintError::InResponseToMismatch { element, expected: shown(&["_q"]), received };
        assert_eq!(empty.to_string(), "the InResponseTo of the Response is empty, and the request \"_q\" is pending");
        assert!(empty.remedy().starts_with("let the identity provider write the ID of the AuthnRequest as InResponseTo"));
    }

    #[test]
    fn without_a_restriction_the_setting_is_named() {
        let error = ConstraintError::AudienceMissing { expected: vec!["urn:acme".to_owned()] };
        assert_eq!(error.to_string(), "the assertion is restricted to no audience, it must be \"urn:acme\"");
        for name in ["`audience` in Auth0", "\"Audience URI (SP Entity ID)\" in Okta", "\"Identifier (Entity ID)\" in Entra ID"] {
            assert!(error.remedy().contains(name), "{name}");
        }
    }

    #[test]
    fn of_several_restrictions_the_one_that_fails_is_told_beside_the_others() {
        let mismatch = |received: &[&str], position, count, others: &[&str]| ConstraintError::AudienceMismatch {
            expected: vec!["urn:acme".to_owned()],
            received: shown(received),
            position,
            count,
            others: shown(others),
        };
        for (error, message, remedy) in [
            (
                mismatch(&["urn:foo"], 2, 2, &["urn:acme"]),
                "audience restriction 2 of 2 names \"urn:foo\", not \"urn:acme\"; the other names \"urn:acme\", and each must name \
                 the service provider",
                "let the identity provider write all audiences into one AudienceRestriction",
            ),
            (
                mismatch(&[], 1, 3, &["urn:foo", "urn:bar"]),
                "audience restriction 1 of 3 names nobody, not \"urn:acme\"; the others name \"urn:foo\" or \"urn:bar\", and each must \
                 name the service provider",
                "make the service provider's entity ID",
            ),
        ] {
            assert_eq!(error.to_string(), message);
            assert!(error.remedy().starts_with(remedy), "{message}");
        }
    }

    #[test]
    fn a_departure_is_advised_where_there_is_one() {
        let format = |element| ConstraintError::IssuerFormat { element, received: Shown::new("urn:x") };
        assert!(format("Response").remedy().contains("departure `issuer-format`"));
        assert!(!format("Assertion").remedy().contains("departure"));
        let not_before = ConstraintError::ConfirmationNotBefore { received: String::new() };
        assert!(not_before.remedy().contains("departure `confirmation-not-before`"));
    }

    #[test]
    fn several_audiences_are_all_named() {
        let error = ConstraintError::AudienceMismatch {
            expected: vec!["urn:acme".to_owned(), "urn:acme:old".to_owned()],
            received: vec![Shown::new("urn:foo")],
            position: 1,
            count: 1,
            others: Vec::new(),
        };
        assert_eq!(error.to_string(), "the audience is \"urn:foo\", not \"urn:acme\" or \"urn:acme:old\"");
        assert!(error.remedy().contains("`audience`"));
    }
}
