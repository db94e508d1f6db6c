//! Refusals of messages of logout: what is not authenticated, not for us, not now, or no answer to our request.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::clues::which_is_meant;
use super::compared::{Alternatives, Early, Late, Skew, told};
use super::difference::Differences;
use super::{Refusal, Shown, StatusError};
use crate::time::in_words;

/// Why a message of logout is refused that is well-formed and whose signature, if it has one, holds. SAML Profiles 4.4.4.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutError {
    /// The document is not the message of logout that was expected. SAML Core 3.7.
    UnexpectedMessage {
        /// `LogoutRequest` or `LogoutResponse`.
        expected: &'static str,
        /// The name of the document element, as written.
        received: Shown,
    },
    /// Nobody signed the message. SAML Profiles 4.4.4.1 and 4.4.4.2.
    Unsigned {
        /// `LogoutRequest` or `LogoutResponse`.
        element: &'static str,
    },
    /// The message does not name its Issuer. SAML Profiles 4.4.4.1 and 4.4.4.2.
    IssuerMissing {
        /// `LogoutRequest` or `LogoutResponse`.
        element: &'static str,
        /// The configured entity ID.
        expected: String,
    },
    /// The Issuer is not the identity provider whose keys are trusted.
    IssuerMismatch {
        /// `LogoutRequest` or `LogoutResponse`.
        element: &'static str,
        /// The configured entity ID.
        expected: String,
        /// The Issuer.
        received: Shown,
    },
    /// The Issuer is not named by an entity ID. SAML Profiles 4.4.4.1.
    IssuerFormat {
        /// `LogoutRequest` or `LogoutResponse`.
        element: &'static str,
        /// The Format.
        received: Shown,
    },
    /// A signed message must name its Destination. SAML Bindings 3.4.5.2 and 3.5.5.2.
    DestinationMissing {
        /// `LogoutRequest` or `LogoutResponse`.
        element: &'static str,
        /// Our single logout URLs.
        expected: Vec<String>,
    },
    /// The message was sent to another endpoint. SAML Core 3.2.1 and 3.2.2.
    DestinationMismatch {
        /// Our single logout URLs.
        expected: Vec<String>,
        /// The Destination.
        received: Shown,
    },
    /// The response answers another request than the one that is pending, or says of none that it answers it. SAML Core 3.2.2.
    InResponseToMismatch {
        /// The ID of the pending request.
        expected: Shown,
        /// The InResponseTo.
        received: Option<Shown>,
    },
    /// Issued in the future.
    IssuedInFuture {
        /// `LogoutRequest` or `LogoutResponse`.
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
    /// The request has expired. SAML Core 3.7.1.
    Expired {
        /// The NotOnOrAfter.
        not_on_or_after: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        difference: Duration,
        /// The allowed clock skew.
        clock_skew: Duration,
    },
    /// The request does not say until when it is valid, and was issued too long ago.
    TooOld {
        /// The IssueInstant.
        issue_instant: String,
        /// The time of the verification.
        now: String,
        /// How far apart the two are.
        age: Duration,
        /// The accepted age, clock skew included.
        maximum_age: Duration,
    },
    /// The identity provider did not log the user out. Its own sessions, and those at other services, may go on.
    Failed(StatusError),
}

impl LogoutError {
    pub(crate) fn issued_in_future(element: &'static str, instant: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        let (issue_instant, now, difference) = told(instant, now);
        Self::IssuedInFuture { element, issue_instant, now, difference, clock_skew }
    }

    pub(crate) fn expired(end: SystemTime, now: SystemTime, clock_skew: Duration) -> Self {
        let (not_on_or_after, now, difference) = told(end, now);
        Self::Expired { not_on_or_after, now, difference, clock_skew }
    }

    pub(crate) fn too_old(instant: SystemTime, now: SystemTime, maximum_age: Duration) -> Self {
        let (issue_instant, now, age) = told(instant, now);
        Self::TooOld { issue_instant, now, age, maximum_age }
    }

    /// The step that refused.
    pub(super) const fn stage(&self) -> &'static str {
        match self {
            Self::UnexpectedMessage { .. } => "structure",
            Self::Unsigned { .. } => "signature",
            Self::Failed(_) => "status",
            _ => "constraint",
        }
    }

    fn differences(&self) -> Differences {
        let (expected, received) = match self {
            Self::IssuerMismatch { expected, received, .. } => (std::slice::from_ref(expected), received),
            Self::DestinationMismatch { expected, received } => (expected.as_slice(), received),
            _ => return Differences::default(),
        };
        Differences::of(expected.iter().map(String::as_str), std::iter::once(received.as_str()))
    }
}

impl fmt::Display for LogoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedMessage { expected, received } => write!(f, "the document is {received}, not a SAML 2.0 {expected}"),
            Self::Unsigned { element } => write!(f, "the {element} is not signed"),
            Self::IssuerMissing { element, expected } => write!(f, "the {element} has no Issuer, it must be {expected:?}"),
            Self::IssuerMismatch { element, expected, received } => {
                write!(f, "the Issuer of the {element} is {received}, not {expected:?}")
            }
            Self::IssuerFormat { element, received } => {
                write!(f, "the Issuer of the {element} has the Format {received}, which is not that of an entity ID")
            }
            Self::DestinationMissing { element, expected } => {
                write!(f, "the {element} has no Destination, it must be {}", Alternatives(expected))
            }
            Self::DestinationMismatch { expected, received } => {
                write!(f, "the Destination is {received}, not {}", Alternatives(expected))
            }
            Self::InResponseToMismatch { expected, received: Some(received) } => {
                write!(f, "the LogoutResponse answers the request {received}, not {expected}")
            }
            Self::InResponseToMismatch { expected, received: None } => {
                write!(f, "the LogoutResponse says of no request that it answers it, it must be {expected}")
            }
            Self::IssuedInFuture { element, issue_instant, now, difference, clock_skew } => write!(
                f,
                "the {element} was issued at {issue_instant}, and it is {now}: {}{}",
                Early(*difference),
                Skew(*clock_skew)
            ),
            Self::Expired { not_on_or_after, now, difference, clock_skew } => write!(
                f,
                "the NotOnOrAfter of the LogoutRequest is {not_on_or_after}, and it is {now}: {}{}",
                Late(*difference),
                Skew(*clock_skew)
            ),
            Self::TooOld { issue_instant, now, age, maximum_age } => write!(
                f,
                "the LogoutRequest has no NotOnOrAfter and was issued at {issue_instant}, {} before {now}: without one, at most {} s are \
                 accepted",
                in_words(*age),
                maximum_age.as_secs()
            ),
            Self::Failed(status) => {
                write!(f, "the LogoutResponse reports the status {}", status.code)?;
                status.nested.iter().try_for_each(|nested| write!(f, ", {nested}"))?;
                status.message.as_ref().map_or(Ok(()), |message| write!(f, " with the message {message}"))
            }
        }?;
        write!(f, "{}", self.differences())
    }
}

impl Refusal for LogoutError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnexpectedMessage { .. } => "unexpected_root",
            Self::Unsigned { .. } => "unsigned",
            Self::IssuerMissing { .. } => "issuer_missing",
            Self::IssuerMismatch { .. } => "issuer_mismatch",
            Self::IssuerFormat { .. } => "issuer_format",
            Self::DestinationMissing { .. } => "destination_missing",
            Self::DestinationMismatch { .. } => "destination_mismatch",
            Self::InResponseToMismatch { received: Some(_), .. } => "in_response_to_mismatch",
            Self::InResponseToMismatch { received: None, .. } => "in_response_to_missing",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::Expired { .. } => "expired",
            Self::TooOld { .. } => "logout_request_too_old",
            Self::Failed(_) => "status_not_success",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::UnexpectedMessage { .. } => "SAML Core 3.7",
            Self::Unsigned { element: "LogoutRequest" } | Self::IssuerMissing { element: "LogoutRequest", .. } => {
                "SAML Profiles 4.4.4.1"
            }
            Self::Unsigned { .. } | Self::IssuerMissing { .. } => "SAML Profiles 4.4.4.2",
            Self::IssuerMismatch { .. } | Self::IssuerFormat { .. } => "SAML Profiles 4.4.4.1",
            Self::DestinationMissing { .. } => "SAML Bindings 3.5.5.2",
            Self::DestinationMismatch { .. } => "SAML Core 3.2.1",
            Self::InResponseToMismatch { .. } => "SAML Core 3.2.2",
            Self::IssuedInFuture { .. } => "SAML Core 3.2.1",
            Self::Expired { .. } => "SAML Core 3.7.1",
            Self::TooOld { .. } => "connection policy",
            Self::Failed(_) => "SAML Core 3.7.3",
        }
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::UnexpectedMessage { expected, .. } => vec![(*expected).to_owned()],
            Self::IssuerMissing { expected, .. } | Self::IssuerMismatch { expected, .. } => vec![expected.clone()],
            Self::DestinationMissing { expected, .. } | Self::DestinationMismatch { expected, .. } => expected.clone(),
            Self::InResponseToMismatch { expected, .. } => vec![expected.as_str().to_owned()],
            Self::IssuedInFuture { now, clock_skew, .. } => vec![format!("at most {now} and {} s", clock_skew.as_secs())],
            Self::Expired { now, clock_skew, .. } => vec![format!("later than {now} less {} s", clock_skew.as_secs())],
            Self::TooOld { now, maximum_age, .. } => vec![format!("at most {} s before {now}", maximum_age.as_secs())],
            Self::Failed(_) => vec![StatusError::SUCCESS.to_owned()],
            Self::Unsigned { .. } | Self::IssuerFormat { .. } => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        match self {
            Self::UnexpectedMessage { received, .. }
            | Self::IssuerMismatch { received, .. }
            | Self::IssuerFormat { received, .. }
            | Self::DestinationMismatch { received, .. } => vec![received.as_str().to_owned()],
            Self::InResponseToMismatch { received, .. } => received.iter().map(|id| id.as_str().to_owned()).collect(),
            Self::IssuedInFuture { issue_instant: time, .. }
            | Self::TooOld { issue_instant: time, .. }
            | Self::Expired { not_on_or_after: time, .. } => vec![time.clone()],
            Self::Failed(status) => status.codes().map(str::to_owned).collect(),
            Self::Unsigned { .. } | Self::IssuerMissing { .. } | Self::DestinationMissing { .. } => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::UnexpectedMessage { received, .. } => match received.as_str().rsplit(':').next().unwrap_or_default() {
                "LogoutRequest" | "LogoutResponse" => {
                    "hand requests (`SAMLRequest`) to the verification of requests and answers (`SAMLResponse`) to that of answers: one URL may \
                     receive both"
                }
                "Response" => {
                    "this is a login: let the identity provider send it to the assertion consumer URL, not to that of the single logout \
                     service"
                }
                "Envelope" => {
                    "this is SOAP, which is not supported: let the identity provider log out by the HTTP POST or the HTTP Redirect binding"
                }
                _ => "let the identity provider send its LogoutRequest or LogoutResponse to the single logout URL, and nothing else",
            },
            Self::Unsigned { .. } => {
                "let the identity provider sign its messages of logout: the query of a redirect, the element in a form (Auth0 always does)"
            }
            Self::IssuerMissing { .. } => "let the identity provider name itself in the message",
            Self::IssuerMismatch { expected, received, .. } => {
                return format!(
                    "{}. If another identity provider or tenant sends messages here, stop it there. If it is the right one and only its \
                     entity ID is written in another way, make both the same string",
                    which_is_meant(received, expected)
                );
            }
            Self::IssuerFormat { .. } => {
                "let the identity provider send its entity ID as Issuer, without Format; if it cannot, allow the departure \
                 `issuer-format`: the name is compared all the same"
            }
            Self::DestinationMissing { .. } => "let the identity provider write our single logout URL as Destination",
            Self::DestinationMismatch { .. } => {
                "make the single logout URL the same string on both sides; in Auth0 it is the addon's `logout.callback`"
            }
            Self::InResponseToMismatch { .. } => {
                "keep the ID of each LogoutRequest with the browser session that sent it, until it is answered; the local session is over \
                 in any case"
            }
            Self::IssuedInFuture { .. } => "set the clocks of both sides by NTP; if they cannot be better, allow more clock skew",
            Self::Expired { .. } | Self::TooOld { .. } => {
                "let the user log out again; if this happens each time, set the clocks of both sides by NTP"
            }
            Self::Failed(_) => {
                "end the local session all the same; look in the identity provider's log for why it did not log out (Auth0 says \
                 \"No active session(s) found\" where NameID and SessionIndex are not both those of the login)"
            }
        }
        .to_owned()
    }
}

impl std::error::Error for LogoutError {}

/// Why the text of a stored session cannot be read.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionError {
    /// A text of another version of this crate, or none of its texts.
    UnknownVersion {
        /// What stands where the version does.
        found: Shown,
        /// The version that is read.
        expected: &'static str,
    },
    /// A text that is not as it was written.
    Malformed {
        /// The part that is wrong.
        part: &'static str,
    },
}

impl SessionError {
    /// A stable name of the cause, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownVersion { .. } => "stored_session_version",
            Self::Malformed { .. } => "stored_session_malformed",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        "end the local session; if it happens often, look at what changes the texts where they are stored"
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion { found, expected } => {
                write!(f, "the text of a stored session has the version {found}, not \"{expected}\"")
            }
            Self::Malformed { part } => write!(f, "the text of a stored session is not as it was written: {part}"),
        }
    }
}

impl std::error::Error for SessionError {}
