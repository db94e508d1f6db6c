//! Refusals of the constraint stage: genuine statements that are not for us, not now, or not in answer to our request.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::{Refusal, Shown};
use crate::time::format_rfc3339;

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
        /// The ID of the pending request.
        expected: Shown,
        /// The InResponseTo.
        received: Shown,
    },
    /// A request is pending, and the confirmation does not say that it answers it. SAML Profiles 4.1.4.3.
    InResponseToMissing {
        /// The ID of the pending request.
        expected: Shown,
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
        /// The element that carries the time.
        element: &'static str,
        /// The NotBefore.
        not_before: String,
        /// The time of the verification.
        now: String,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// The window of validity has closed. SAML Core 2.5.1.2, Profiles 4.1.4.3.
    Expired {
        /// The element that carries the time.
        element: &'static str,
        /// The NotOnOrAfter.
        not_on_or_after: String,
        /// The time of the verification.
        now: String,
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

/// In what alone two identifiers differ that an administrator probably meant to be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    TrailingSlash,
    LetterCase,
    WhiteSpace,
    Scheme,
}

impl Difference {
    fn between(one: &str, other: &str) -> Option<Self> {
        let without_scheme = |value: &str| value.split_once("://").map(|(_, rest)| rest.to_owned());
        if one == other {
            None
        } else if one.trim_end_matches('/') == other.trim_end_matches('/') {
            Some(Self::TrailingSlash)
        } else if one.to_lowercase() == other.to_lowercase() {
            Some(Self::LetterCase)
        } else if one.split_whitespace().eq(other.split_whitespace()) {
            Some(Self::WhiteSpace)
        } else {
            without_scheme(one).filter(|rest| Some(rest) == without_scheme(other).as_ref()).map(|_| Self::Scheme)
        }
    }

    /// The hint that follows a message, if any pair of the compared values deserves one.
    fn hint(expected: &[String], received: &[Shown]) -> &'static str {
        let pairs = expected.iter().flat_map(|one| received.iter().map(move |other| (one, other.as_str())));
        match pairs.into_iter().find_map(|(one, other)| Self::between(one, other)) {
            None => "",
            Some(Self::TrailingSlash) => " (they differ only by a trailing slash)",
            Some(Self::LetterCase) => " (they differ only by letter case)",
            Some(Self::WhiteSpace) => " (they differ only by white space)",
            Some(Self::Scheme) => " (they differ only by the scheme)",
        }
    }
}

impl ConstraintError {
    pub(crate) fn not_yet_valid(element: &'static str, not_before: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        Self::NotYetValid { element, not_before: format_rfc3339(not_before), now: format_rfc3339(now), clock_skew }
    }

    pub(crate) fn expired(element: &'static str, not_on_or_after: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        Self::Expired { element, not_on_or_after: format_rfc3339(not_on_or_after), now: format_rfc3339(now), clock_skew }
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
            Self::AudienceMismatch { expected, received } => Some((expected, received)),
            Self::IssuerMissing { expected } => Some((from_ref(expected), &[])),
            Self::DestinationMissing { expected } | Self::RecipientMissing { expected } | Self::AudienceMissing { expected } => {
                Some((expected, &[]))
            }
            Self::AuthnContextMismatch { expected, received } => Some((expected, received.as_slice())),
            _ => None,
        }
    }
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
            Self::IssuerMissing { expected } => write!(f, "the signed Response has no Issuer, it must be \"{expected}\""),
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
            Self::InResponseToMismatch { element, expected, received } if expected.as_str().is_empty() => {
                write!(f, "the {element} answers the request {received}, and the ID to compare it with is empty")
            }
            Self::InResponseToMismatch { element, expected, received } => {
                write!(f, "the {element} answers the request {received}, not {expected}")
            }
            Self::InResponseToMissing { expected } if expected.as_str().is_empty() => {
                f.write_str("the assertion answers no request, and the ID of the pending request is empty")
            }
            Self::InResponseToMissing { expected } => {
                write!(f, "the assertion answers no request, and the request {expected} is pending")
            }
            Self::UnexpectedInResponseTo { element, received } => {
                write!(f, "the {element} answers the request {received}, and an unsolicited login was expected")
            }
            Self::NotYetValid { element, not_before, now, clock_skew } => {
                write!(f, "the NotBefore of the {element} is {not_before}, and it is {now}{}", Skew(*clock_skew))
            }
            Self::Expired { element, not_on_or_after, now, clock_skew } => {
                write!(f, "the NotOnOrAfter of the {element} is {not_on_or_after}, and it is {now}{}", Skew(*clock_skew))
            }
            Self::InvertedWindow { not_before, not_on_or_after } => {
                write!(f, "the assertion is valid from {not_before} until {not_on_or_after}, which is never")
            }
            Self::IssuedInFuture { element, issue_instant, now, clock_skew } => {
                write!(f, "the {element} was issued at {issue_instant}, and it is {now}{}", Skew(*clock_skew))
            }
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
            Self::AudienceMismatch { expected, received } if received.is_empty() => {
                write!(f, "an audience restriction names nobody, not {}", Alternatives(expected))
            }
            Self::AudienceMismatch { expected, received } => {
                write!(f, "the audience is {}, not {}", Alternatives(received), Alternatives(expected))
            }
            Self::UnknownCondition { condition } => write!(f, "the condition {condition} is unknown"),
            Self::NoAuthnStatement => f.write_str("the assertion has no AuthnStatement"),
            Self::SessionExpired { session_not_on_or_after, now, clock_skew } => write!(
                f,
                "the session at the identity provider ends at {session_not_on_or_after}, and it is {now}{}",
                Skew(*clock_skew)
            ),
            Self::AuthnContextMismatch { expected, received: Some(received) } => {
                write!(f, "the user authenticated by {received}, not by {}", Alternatives(expected))
            }
            Self::AuthnContextMismatch { expected, received: None } => {
                write!(f, "how the user authenticated is not said, it must be by {}", Alternatives(expected))
            }
            Self::AuthenticationTooOld { authn_instant, now, maximum_age } => {
                write!(f, "the user authenticated at {authn_instant}, more than {} s before {now}", maximum_age.as_secs())
            }
        }?;
        f.write_str(self.identifiers().map_or("", |(expected, received)| Difference::hint(expected, received)))
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
            Self::RecipientMismatch { .. } | Self::InResponseToMissing { .. } => "SAML Profiles 4.1.4.3",
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
            Self::AuthenticationTooOld { .. } => "connection policy",
        }
    }

    fn expected(&self) -> Vec<String> {
        if let Some((expected, _)) = self.identifiers() {
            return expected.to_vec();
        }
        match self {
            Self::IssuerFormat { .. } => vec![Self::ENTITY_FORMAT.to_owned()],
            Self::InResponseToMismatch { expected, .. } | Self::InResponseToMissing { expected } => {
                vec![expected.as_str().to_owned()]
            }
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
        let owned = |values: &[Shown]| values.iter().map(|value| value.as_str().to_owned()).collect();
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
            Self::UnknownCondition { condition } => vec![condition.as_str().to_owned()],
            Self::Unconfirmed { confirmations } => confirmations.iter().map(|one| one.reason.to_string()).collect(),
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::IssuerMismatch { .. } => {
                "configure the identity provider's entity ID exactly as it writes it, or change it there: Auth0 sends `urn:` and the \
                 tenant's domain unless the addon's `issuer` says otherwise; if neither is meant, the message comes from another tenant"
            }
            Self::UnknownIdentityProvider { .. } => {
                "add the connection of that customer, under the entity ID exactly as the identity provider writes it; if none is \
                 expected, the message was sent to the wrong service, or by somebody who tries"
            }
            Self::IssuerMissing { .. } => "let the identity provider name itself in the signed Response",
            Self::IssuerFormat { element: "Response", .. } => {
                "let the identity provider send its entity ID as Issuer, without Format; if it cannot, allow the departure \
                 `issuer-format`: the name is compared all the same"
            }
            Self::IssuerFormat { .. } => "let the identity provider send its entity ID as Issuer, without Format",
            Self::DestinationMismatch { .. } => {
                "make the service provider's ACS URL and the identity provider's the same string; in Auth0 it is the addon's `destination` \
                 if set, else the URL of the request or the Application Callback URL"
            }
            Self::DestinationMissing { .. } => "let the identity provider write the ACS URL as Destination; in Auth0 set `destination`",
            Self::RecipientMismatch { .. } => {
                "make the service provider's ACS URL and the identity provider's the same string; in Auth0 it is the addon's `recipient` \
                 if set, else the URL of the request or the Application Callback URL"
            }
            Self::RecipientMissing { .. } => "let the identity provider write the ACS URL as Recipient; in Auth0 set `recipient`",
            Self::InResponseToMismatch { expected, .. } | Self::InResponseToMissing { expected } if expected.as_str().is_empty() => {
                "hand over the ID of the AuthnRequest that the browser session sent; a session without one expects an unsolicited login, \
                 if the service allows it"
            }
            Self::InResponseToMismatch { .. } => {
                "keep the ID of each AuthnRequest with the browser session that sent it; a second tab or a login that was started twice \
                 answers the other request: let the user start again"
            }
            Self::InResponseToMissing { .. } => {
                "this login was started at the identity provider, not here: let the user start again, or expect an unsolicited login if \
                 the service allows it"
            }
            Self::UnexpectedInResponseTo { .. } => {
                "the service sent a request and forgot it, or the message was meant for another session: verify it with the ID of the \
                 pending request"
            }
            Self::NotYetValid { .. } | Self::IssuedInFuture { .. } => {
                "set the clocks of both sides by NTP; if they cannot be better, allow more clock skew (Auth0 backdates nothing, so it \
                 needs some)"
            }
            Self::Expired { .. } => {
                "let the user log in again; if this happens at once, set the clocks by NTP or raise the lifetime at the identity \
                 provider (Auth0: `lifetimeInSeconds`)"
            }
            Self::SessionExpired { .. } => "let the user log in again at the identity provider",
            Self::AudienceMissing { .. } | Self::AudienceMismatch { .. } => {
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
    /// The confirmation method of the Web Browser SSO profile. SAML Profiles 3.3.
    pub(crate) const BEARER: &'static str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    /// The Format that an Issuer has when it has none. SAML Core 8.3.6.
    pub(crate) const ENTITY_FORMAT: &'static str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
}

/// `"a" or "b"`.
struct Alternatives<'a, T>(&'a [T]);

impl fmt::Display for Alternatives<'_, String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.0.iter().map(|value| format!("\"{value}\"")).collect();
        f.write_str(&quoted.join(" or "))
    }
}

impl fmt::Display for Alternatives<'_, Shown> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.0.iter().map(Shown::to_string).collect();
        f.write_str(&quoted.join(" or "))
    }
}

/// ` (clock skew of 180 s allowed)`.
struct Skew(Duration);

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " (clock skew of {} s allowed)", self.0.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(expected: &str, received: &str) -> String {
        ConstraintError::RecipientMismatch { expected: vec![expected.to_owned()], received: Shown::new(received) }.to_string()
    }

    #[test]
    fn near_misses_are_named() {
        for (received, hint) in [
            ("https://a.example/acs/", " (they differ only by a trailing slash)"),
            ("https://A.example/ACS", " (they differ only by letter case)"),
            (" https://a.example/acs", " (they differ only by white space)"),
            ("http://a.example/acs", " (they differ only by the scheme)"),
            ("https://b.example/acs", ""),
        ] {
            let expected = format!("the Recipient is \"{received}\", not \"https://a.example/acs\"{hint}");
            assert_eq!(recipient("https://a.example/acs", received), expected);
        }
    }

    #[test]
    fn a_comparison_of_times_shows_both_sides() {
        let time = |text| crate::time::parse_rfc3339(text).unwrap();
        let (end, now) = (time("2025-03-03T11:00:00.123Z"), time("2025-03-03T11:03:00.123Z"));
        let error = ConstraintError::expired("Conditions", end, now, Duration::from_secs(180));
        assert_eq!(
            error.to_string(),
            "the NotOnOrAfter of the Conditions is 2025-03-03T11:00:00.123Z, and it is 2025-03-03T11:03:00.123Z (clock skew of 180 s \
             allowed)"
        );
        assert_eq!(error.received(), ["2025-03-03T11:00:00.123Z"]);
        assert_eq!(error.expected(), ["later than 2025-03-03T11:03:00.123Z (clock skew of 180 s allowed)"]);
    }

    #[test]
    fn an_empty_request_is_the_mistake_of_the_caller() {
        let (empty, received) = (Shown::new(""), Shown::new("_q"));
        let mismatch = ConstraintError::InResponseToMismatch { element: "Response", expected: empty.clone(), received };
        let missing = ConstraintError::InResponseToMissing { expected: empty };
        assert_eq!(mismatch.to_string(), "the Response answers the request \"_q\", and the ID to compare it with is empty");
        assert_eq!(missing.to_string(), "the assertion answers no request, and the ID of the pending request is empty");
        for error in [mismatch, missing] {
            assert!(error.remedy().starts_with("hand over the ID of the AuthnRequest"));
        }
    }

    #[test]
    fn several_audiences_are_all_named() {
        let error = ConstraintError::AudienceMismatch {
            expected: vec!["urn:acme".to_owned(), "urn:acme:old".to_owned()],
            received: vec![Shown::new("urn:foo")],
        };
        assert_eq!(error.to_string(), "the audience is \"urn:foo\", not \"urn:acme\" or \"urn:acme:old\"");
        assert!(error.remedy().contains("`audience`"));
    }
}
