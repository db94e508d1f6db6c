//! What a service does about an error: the few kinds among which it branches, each with the HTTP status that suits it.

use super::{Error, ReplayError, StatusError};

/// What an [`Error`] means for the answer to the browser.
///
/// ```
/// use saml_verify::{Error, ErrorKind, LoginFailure};
///
/// /// The status of the answer, or where the browser goes instead.
/// fn answer(error: &Error) -> Result<u16, &'static str> {
///     match error.kind() {
///         ErrorKind::LoginFailed(LoginFailure::NoPassive) => Err("/login?interactive"),
///         kind => Ok(kind.http_status()), // with the sentence of `Error::for_user`
///     }
/// }
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The message is no login here and now: damaged, forged, expired, or for somebody else. HTTP status 400.
    RefusedMessage,
    /// The identity provider reports that nobody logged in: a user who pressed Cancel or may not use the service. HTTP status 403.
    ///
    /// Where [`StatusError::signed`] is false, anybody may have written this: let nothing depend on it but the answer to this browser.
    LoginFailed(LoginFailure),
    /// The login was used before: a reload, the back button, or a stolen message. HTTP status 403.
    Replayed,
    /// The replay store cannot tell whether the login was used before: trouble on our side. HTTP status 503.
    StoreUnavailable,
    /// The KMS or HSM that holds the private key cannot be asked: trouble on our side. HTTP status 503.
    #[cfg(feature = "decrypt")]
    KeyUnavailable,
}

/// Why nobody logged in, as far as the status of the Response says it. SAML Core 3.2.2.2.
///
/// SAML has no code for a user who pressed Cancel: products write [`AuthnFailed`](Self::AuthnFailed) or
/// [`RequestDenied`](Self::RequestDenied).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginFailure {
    /// `AuthnFailed`: the user could not authenticate, gave up, or a rule of the identity provider refused the login.
    AuthnFailed,
    /// `UnknownPrincipal`: the identity provider does not know the user.
    UnknownPrincipal,
    /// `RequestDenied`: the identity provider understood the request and does not answer it, or the user declined.
    RequestDenied,
    /// `NoPassive`: the request had `IsPassive`, and the user has no session.
    NoPassive,
    /// `NoAuthnContext`: the user cannot authenticate in the way that the request asked for.
    NoAuthnContext,
    /// Another code that blames the request: the service provider, not the user, has to change something.
    Request,
    /// Anything else, `Responder` among it.
    Other,
}

impl ErrorKind {
    /// The HTTP status that suits an answer to the browser: 400, 403 or 503.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::RefusedMessage => 400,
            Self::LoginFailed(_) | Self::Replayed => 403,
            Self::StoreUnavailable => 503,
            #[cfg(feature = "decrypt")]
            Self::KeyUnavailable => 503,
        }
    }
}

impl Error {
    /// What the error means for the answer to the browser: for a program to branch on.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Status(status) => ErrorKind::LoginFailed(status.failure()),
            Self::Replay(ReplayError::Replayed) => ErrorKind::Replayed,
            Self::Replay(_) => ErrorKind::StoreUnavailable,
            #[cfg(feature = "decrypt")]
            Self::Decryption(super::DecryptionError::KeyUnavailable { .. }) => ErrorKind::KeyUnavailable,
            #[cfg(feature = "decrypt")]
            Self::Decryption(_) => ErrorKind::RefusedMessage,
            Self::Decode(_) | Self::Xml(_) | Self::Signature(_) | Self::Structure(_) | Self::Constraint(_) | Self::Logout(_) => {
                ErrorKind::RefusedMessage
            }
        }
    }
}

impl StatusError {
    /// What the innermost status code that is known says of the failure.
    pub fn failure(&self) -> LoginFailure {
        self.known_codes().find_map(LoginFailure::of).unwrap_or(LoginFailure::Other)
    }
}

impl LoginFailure {
    /// The failure that a code of SAML Core 3.2.2.2 stands for, less what all of them start with.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "AuthnFailed" => Self::AuthnFailed,
            "UnknownPrincipal" => Self::UnknownPrincipal,
            "RequestDenied" => Self::RequestDenied,
            "NoPassive" => Self::NoPassive,
            "NoAuthnContext" => Self::NoAuthnContext,
            "Requester"
            | "InvalidNameIDPolicy"
            | "InvalidAttrNameOrValue"
            | "NoAvailableIDP"
            | "NoSupportedIDP"
            | "ProxyCountExceeded"
            | "RequestUnsupported"
            | "RequestVersionDeprecated"
            | "RequestVersionTooHigh"
            | "RequestVersionTooLow"
            | "UnsupportedBinding"
            | "VersionMismatch" => Self::Request,
            "Responder" => Self::Other,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{DecodeError, Shown, SignatureError, StructureError};

    fn status(codes: &[&str]) -> StatusError {
        let mut codes = codes.iter().map(|code| Shown::new(&format!("urn:oasis:names:tc:SAML:2.0:status:{code}")));
        StatusError { code: codes.next().unwrap(), nested: codes.collect(), message: None, signed: false }
    }

    #[test]
    fn a_failed_login_is_told_by_its_innermost_known_code() {
        use LoginFailure::{AuthnFailed, NoAuthnContext, NoPassive, Other, Request, RequestDenied, UnknownPrincipal};
        for (codes, failure) in [
            (&["Responder", "AuthnFailed"][..], AuthnFailed),
            (&["AuthnFailed"], AuthnFailed),
            (&["Responder", "UnknownPrincipal"], UnknownPrincipal),
            (&["Responder", "RequestDenied"], RequestDenied),
            (&["Requester", "RequestDenied"], RequestDenied),
            (&["Responder", "NoPassive"], NoPassive),
            (&["Responder", "Unheard", "NoPassive"], NoPassive),
            (&["Requester", "NoAuthnContext"], NoAuthnContext),
            (&["Requester", "InvalidNameIDPolicy"], Request),
            (&["Requester"], Request),
            (&["VersionMismatch"], Request),
            (&["Responder"], Other),
            (&["Responder", "Unheard"], Other),
            (&["Unheard"], Other),
        ] {
            let error = Error::from(status(codes));
            assert_eq!(error.kind(), ErrorKind::LoginFailed(failure), "{codes:?}");
            assert_eq!((error.code(), error.kind().http_status()), ("status_not_success", 403));
        }
        let foreign = StatusError { code: Shown::new("urn:AuthnFailed"), ..status(&["x"]) };
        assert_eq!(foreign.failure(), Other);
    }

    #[test]
    fn every_stage_has_a_kind_and_a_status_and_the_user_is_told_the_same() {
        for (error, kind, http_status) in [
            (DecodeError::Empty.into(), ErrorKind::RefusedMessage, 400),
            (SignatureError::Unsigned.into(), ErrorKind::RefusedMessage, 400),
            (StructureError::NoAssertion.into(), ErrorKind::RefusedMessage, 400),
            (crate::ConstraintError::NoAuthnStatement.into(), ErrorKind::RefusedMessage, 400),
            (ReplayError::Replayed.into(), ErrorKind::Replayed, 403),
            (Error::from(ReplayError::StoreFull { capacity: 1 }), ErrorKind::StoreUnavailable, 503),
        ] {
            assert_eq!((error.kind(), error.kind().http_status()), (kind, http_status), "{error}");
            assert_eq!(error.for_user(), Error::from(status(&["Responder"])).for_user());
        }
    }
}
