//! Refusals around requests of our own. No stage of [`Error`](super::Error): no message came in.

use std::fmt;
use std::time::SystemTime;

use super::Shown;
use crate::time::format_rfc3339;

/// Why a request is not built.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// It is not known where the identity provider takes requests by that binding.
    NoSingleSignOnUrl {
        /// The identity provider.
        entity_id: String,
        /// `redirect` or `POST`.
        binding: &'static str,
    },
    /// It is not known where the identity provider takes messages of logout by that binding.
    NoSingleLogoutUrl {
        /// The identity provider.
        entity_id: String,
        /// `redirect` or `POST`.
        binding: &'static str,
    },
    /// The session is one at another identity provider.
    SessionOfOtherIdentityProvider {
        /// The one that is to be asked.
        expected: String,
        /// The one of the session.
        received: String,
    },
    /// The assertion consumer URL is none of the service provider's, so that the answer would be refused.
    UnknownAcsUrl {
        /// The URL.
        url: String,
        /// Those that it accepts.
        accepted: Vec<String>,
    },
    /// A value that cannot be sent.
    InvalidValue {
        /// What it is.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The system has no randomness to give.
    NoRandomness,
    /// The key made no signature.
    CannotSign,
}

impl RequestError {
    /// A stable name of the cause, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSingleSignOnUrl { .. } => "no_single_sign_on_url",
            Self::NoSingleLogoutUrl { .. } => "no_single_logout_url",
            Self::SessionOfOtherIdentityProvider { .. } => "session_of_other_identity_provider",
            Self::UnknownAcsUrl { .. } => "unknown_acs_url",
            Self::InvalidValue { .. } => "invalid_request_value",
            Self::NoRandomness => "no_randomness",
            Self::CannotSign => "cannot_sign",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoSingleSignOnUrl { .. } => {
                "give the identity provider its URL with `single_sign_on_url` (Auth0: the SAML Protocol URL), or send by the other \
                 binding"
            }
            Self::NoSingleLogoutUrl { .. } => {
                "give the identity provider its URL with `single_logout_url` (Auth0: the SAML Protocol URL and `/logout`), or send by \
                 the other binding"
            }
            Self::SessionOfOtherIdentityProvider { .. } => {
                "send the request to the identity provider that the user logged in with"
            }
            Self::UnknownAcsUrl { .. } => "give the service provider this URL, too, with `also_accepting_acs_url`",
            Self::InvalidValue { .. } => "correct the value in the service's configuration or code",
            Self::NoRandomness => "try again; a system without randomness cannot start a login",
            Self::CannotSign => "try again, and read the key anew if it happens each time",
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSingleSignOnUrl { entity_id, binding } => {
                write!(f, "the identity provider {entity_id:?} has no single sign-on URL for the {binding} binding")
            }
            Self::NoSingleLogoutUrl { entity_id, binding } => {
                write!(f, "the identity provider {entity_id:?} has no single logout URL for the {binding} binding")
            }
            Self::SessionOfOtherIdentityProvider { expected, received } => {
                write!(f, "the session is one at {received:?}, and the request would go to {expected:?}")
            }
            Self::UnknownAcsUrl { url, accepted } => {
                write!(f, "the assertion consumer URL {url:?} is none of the service provider's: {accepted:?}")
            }
            Self::InvalidValue { name, reason } => write!(f, "the request's {name} cannot be sent: {reason}"),
            Self::NoRandomness => f.write_str("the system has no randomness to give"),
            Self::CannotSign => f.write_str("the signing key made no signature"),
        }
    }
}

impl std::error::Error for RequestError {}

/// Why a pending request cannot be read, or no answer to it is taken.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingRequestError {
    /// A text longer than any that is written.
    TooLong {
        /// The longest, in bytes.
        limit: usize,
    },
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
    /// The answer comes too late.
    Expired {
        /// From when on none is taken.
        until: SystemTime,
        /// When it came.
        now: SystemTime,
    },
    /// The answer is one of an identity provider that was not asked.
    OtherIdentityProvider {
        /// The one that was asked.
        expected: Shown,
        /// The one that answers.
        received: Shown,
    },
    /// No request is pending that this identity provider could answer now.
    NonePending {
        /// How many requests there are that have expired or were sent to others.
        of: usize,
    },
}

impl PendingRequestError {
    /// A stable name of the cause, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "pending_request_too_long",
            Self::UnknownVersion { .. } => "pending_request_version",
            Self::Malformed { .. } => "pending_request_malformed",
            Self::Expired { .. } => "pending_request_expired",
            Self::OtherIdentityProvider { .. } => "pending_request_of_other_identity_provider",
            Self::NonePending { .. } => "no_pending_request",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::UnknownVersion { .. } | Self::Malformed { .. } => {
                "start the login anew with no pending request; if it happens often, look at what changes the cookie or the session"
            }
            Self::Expired { .. } => "start the login anew; `AuthnRequest::valid_for` gives users more time",
            Self::OtherIdentityProvider { .. } => {
                "start a login with the identity provider that answered, or treat its answer as one that nobody asked for"
            }
            Self::NonePending { .. } => {
                "start the login anew; if it happens often, see that the cookie is `SameSite=None; Secure`, for the answer is posted \
                 from another site"
            }
        }
    }
}

impl fmt::Display for PendingRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => write!(f, "the text of a pending request is longer than {limit} bytes"),
            Self::UnknownVersion { found, expected } => {
                write!(f, "the text of a pending request has the version {found}, not \"{expected}\"")
            }
            Self::Malformed { part } => write!(f, "the text of a pending request is not as it was written: {part}"),
            Self::Expired { until, now } => {
                write!(f, "the request expired at {}, and it is {}", format_rfc3339(*until), format_rfc3339(*now))
            }
            Self::OtherIdentityProvider { expected, received } => {
                write!(f, "the request was sent to the identity provider {expected}, not to {received}")
            }
            Self::NonePending { of: 0 } => f.write_str("no request is pending"),
            Self::NonePending { of } => write!(f, "none of {of} requests is pending at this identity provider and time"),
        }
    }
}

impl std::error::Error for PendingRequestError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_rfc3339;

    #[test]
    fn every_refusal_has_its_own_code_and_message() {
        use PendingRequestError as P;
        use RequestError as R;
        let time = |text| parse_rfc3339(text).unwrap();
        let (until, now) = (time("2025-03-03T10:30:00Z"), time("2025-03-03T10:30:01Z"));
        let requests = [
            R::NoSingleSignOnUrl { entity_id: "urn:idp".to_owned(), binding: "redirect" },
            R::UnknownAcsUrl { url: "https://a/".to_owned(), accepted: vec!["https://b/".to_owned()] },
            R::InvalidValue { name: "RelayState", reason: "it is longer than 80 bytes" },
            R::NoRandomness,
            R::CannotSign,
        ];
        let pending = [
            P::TooLong { limit: 7 },
            P::UnknownVersion { found: Shown::new("2"), expected: "1" },
            P::Malformed { part: "ID" },
            P::Expired { until, now },
            P::OtherIdentityProvider { expected: Shown::new("urn:a"), received: Shown::new("urn:b") },
            P::NonePending { of: 0 },
        ];
        let told: Vec<_> = requests
            .iter()
            .map(|error| (error.code(), error.to_string(), error.remedy()))
            .chain(pending.iter().map(|error| (error.code(), error.to_string(), error.remedy())))
            .collect();
        for ((code, message, remedy), (expected_code, expected_message)) in told.iter().zip([
            ("no_single_sign_on_url", "the identity provider \"urn:idp\" has no single sign-on URL for the redirect binding"),
            ("unknown_acs_url", "the assertion consumer URL \"https://a/\" is none of the service provider's: [\"https://b/\"]"),
            ("invalid_request_value", "the request's RelayState cannot be sent: it is longer than 80 bytes"),
            ("no_randomness", "the system has no randomness to give"),
            ("cannot_sign", "the signing key made no signature"),
            ("pending_request_too_long", "the text of a pending request is longer than 7 bytes"),
            ("pending_request_version", "the text of a pending request has the version \"2\", not \"1\""),
            ("pending_request_malformed", "the text of a pending request is not as it was written: ID"),
            ("pending_request_expired", "the request expired at 2025-03-03T10:30:00.000Z, and it is 2025-03-03T10:30:01.000Z"),
            (
                "pending_request_of_other_identity_provider",
                "the request was sent to the identity provider \"urn:a\", not to \"urn:b\"",
            ),
            ("no_pending_request", "no request is pending"),
        ]) {
            assert_eq!((*code, message.as_str()), (expected_code, expected_message));
            assert!(remedy.len() > 20, "{code}");
        }
        assert_eq!(P::NonePending { of: 2 }.to_string(), "none of 2 requests is pending at this identity provider and time");
    }
}
