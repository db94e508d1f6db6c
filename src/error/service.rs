//! One error for the handlers of a service: whatever of this crate fails between what a browser sends and what it gets.

use std::fmt;

use super::{ConfigError, Error, PendingRequestError, RequestError};

/// What may fail while a service answers a browser, as one type: `?` makes it of every error that a handler meets.
///
/// It is for the log and for the status of the answer. The browser gets [`Error::FOR_USER`] or
/// [`logout::FOR_USER`](crate::logout::FOR_USER), and nothing else.
///
/// ```
/// # use std::time::SystemTime;
/// use saml_verify::{AuthnRequest, Limits, PendingRequests, ServiceError, Verifier, peek_issuer};
///
/// /// Where a login starts.
/// fn start(verifier: &Verifier, return_to: &str, now: SystemTime) -> Result<String, ServiceError> {
///     Ok(AuthnRequest::of(verifier)?.return_to(return_to).redirect(now)?.url)
/// }
///
/// fn whose(posted: &str) -> Result<String, ServiceError> {
///     Ok(peek_issuer(posted, &Limits::DEFAULT)?.claimed_entity_id().to_owned())
/// }
///
/// let error = whose("%").unwrap_err();
/// assert_eq!((error.http_status(), error.code()), (400, "invalid_base64"));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceError {
    /// A message was refused.
    Refused(Error),
    /// A request or an answer of our own is not built.
    Request(RequestError),
    /// What the browser brought as its pending request is none, or no longer.
    Pending(PendingRequestError),
    /// The service is not configured for it.
    Config(ConfigError),
}

impl ServiceError {
    /// A stable name of the cause, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Request(error) => error.code(),
            Self::Pending(error) => error.code(),
            Self::Config(error) => error.code(),
        }
    }

    /// The status of the answer: 4xx where the browser's message or wish is refused, 5xx where the service or what it needs fails.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Refused(error) => error.kind().http_status(),
            Self::Request(RequestError::InvalidValue { .. }) | Self::Pending(_) => 400,
            Self::Request(_) | Self::Config(_) => 500,
        }
    }

    /// What to change, and on which side.
    pub fn remedy(&self) -> String {
        match self {
            Self::Refused(error) => error.remedy(),
            Self::Request(error) => error.remedy().to_owned(),
            Self::Pending(error) => error.remedy().to_owned(),
            Self::Config(error) => error.remedy(),
        }
    }

    /// What an administrator wants to read, in one line: what is wrong, by which section, both sides of a comparison, and the remedy.
    pub fn for_log(&self) -> String {
        let compared = match self {
            Self::Refused(error) => {
                format!(" [{}]; expected {:?}, received {:?}", error.section(), error.expected(), error.received())
            }
            _ => String::new(),
        };
        format!("{self}{compared}; {}", self.remedy())
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Pending(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
        }
    }
}

/// The source is that of the error within, which this one says already.
impl std::error::Error for ServiceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => error.source(),
            Self::Request(error) => error.source(),
            Self::Pending(error) => error.source(),
            Self::Config(error) => error.source(),
        }
    }
}

macro_rules! causes {
    ($($variant:ident($error:ty)),+ $(,)?) => {
        $(impl From<$error> for ServiceError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

causes! {
    Refused(Error),
    Request(RequestError),
    Pending(PendingRequestError),
    Config(ConfigError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{DecodeError, LogoutError, ReplayError};

    /// The browser's fault is told from the service's.
    #[test]
    fn every_cause_has_a_status_and_a_line_for_the_log() {
        let invalid = RequestError::InvalidValue { name: "return_to", reason: "it is no path" };
        let no_url = RequestError::NoSingleLogoutUrl { entity_id: "urn:idp".to_owned(), binding: "POST" };
        let pending = PendingRequestError::Malformed { part: "version" };
        let refused =
            Error::from(LogoutError::DestinationMissing { element: "LogoutRequest", expected: vec!["https://a/slo".to_owned()] });
        for (error, status, code, log) in [
            (ServiceError::from(invalid), 400, "invalid_request_value", "it is no path"),
            (no_url.into(), 500, "no_single_logout_url", "urn:idp"),
            (pending.into(), 400, "pending_request_malformed", "version"),
            (ConfigError::BlankAttributeName.into(), 500, "blank_attribute_name", "attribute"),
            (Error::from(DecodeError::EncodedTwice).into(), 400, "encoded_twice", "do not encode the form field again"),
            (Error::from(ReplayError::Replayed).into(), 403, "replayed", "used before"),
            (
                refused.into(),
                400,
                "destination_missing",
                "[SAML Bindings 3.5.5.2]; expected [\"https://a/slo\"], received []; let ",
            ),
        ] {
            assert_eq!((error.http_status(), error.code()), (status, code));
            let line = error.for_log();
            assert!(line.starts_with(&error.to_string()) && line.ends_with(&error.remedy()) && line.contains(log), "{line}");
            assert!(!line.contains('\n') && std::error::Error::source(&error).is_none(), "{line}");
        }
    }

    /// A log shows the chain of sources: that of a store is in it.
    #[test]
    fn what_lies_behind_a_refusal_is_its_source() {
        let unavailable = ReplayError::unavailable(std::io::Error::other("connection refused"));
        let error = ServiceError::from(Error::from(unavailable));
        assert_eq!(error.http_status(), 503);
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("connection refused"));
    }
}
