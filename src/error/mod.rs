//! Every way in which a message is refused: one enum per stage, a stable code per cause, both sides of every comparison.
//!
//! These errors are for the log and for the administrator. A browser gets [`Error::for_user`] and nothing else: detail helps
//! whoever probes a verifier (XMLDSig 1.1 section 8.4). No error carries a name identifier, an attribute value or key material.

mod certificate;
mod clues;
mod compared;
mod config;
mod constraint;
mod decode;
#[cfg(feature = "decrypt")]
mod decryption;
#[cfg(feature = "decrypt")]
mod decryption_key;
mod difference;
mod kind;
mod logout;
mod metadata;
mod replay;
mod request;
mod service;
mod shown;
mod signature;
mod signing_key;
mod structure;
mod xml;

pub use certificate::{CertificateError, FoundInstead};
pub use clues::{Clues, CopySign, Fingerprints, OtherIssuer};
pub use config::ConfigError;
pub use constraint::{ConstraintError, UnconfirmedSubject};
pub use decode::DecodeError;
#[cfg(feature = "decrypt")]
pub use decryption::{DecryptionError, EncryptionRole};
#[cfg(feature = "decrypt")]
pub use decryption_key::DecryptionKeyError;
pub use kind::{ErrorKind, LoginFailure};
pub use logout::{LogoutError, SessionError};
pub(crate) use metadata::SAML2;
pub use metadata::{MetadataError, MetadataErrorKind, NotXml, UnusableKey};
pub use replay::ReplayError;
pub use request::{PendingRequestError, RequestError};
pub use service::ServiceError;
pub use shown::Shown;
pub use signature::{AlgorithmRefusal, AlgorithmRole, SignatureError};
pub use signing_key::SigningKeyError;
pub use structure::{IdentifierFault, StatusError, StructureError};
pub use xml::{Position, XmlError, XmlErrorKind};

use std::fmt;

/// Why a message was refused.
///
/// The display form names both sides of a comparison; [`Error::remedy`] says what to change and on which side.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The text that travelled is not what its binding prescribes.
    Decode(DecodeError),
    /// The bytes are not the XML that this crate takes.
    Xml(XmlError),
    /// The identity provider reports a failure instead of a login.
    Status(StatusError),
    /// Nothing that a trusted key signed, or not what was signed.
    Signature(SignatureError),
    /// What is encrypted was not decrypted.
    #[cfg(feature = "decrypt")]
    Decryption(DecryptionError),
    /// The message is not shaped as SAML prescribes.
    Structure(StructureError),
    /// A genuine statement that is not for us, not now, or not in answer to our request.
    Constraint(ConstraintError),
    /// A message of logout that is not authenticated, not for us, not now, or no answer to our request.
    Logout(LogoutError),
    /// The assertion was used before, or the store cannot tell.
    Replay(ReplayError),
}

/// What every refusal can say of itself.
pub(crate) trait Refusal: fmt::Display {
    /// Stable, one per cause: `snake_case`.
    fn code(&self) -> &'static str;
    /// The section that prescribes the check.
    fn section(&self) -> &'static str;
    /// What would have been accepted, where there was a comparison.
    fn expected(&self) -> Vec<String>;
    /// What the message said, where there was a comparison.
    fn received(&self) -> Vec<String> {
        vec![]
    }
    /// What to change, and on which side.
    fn remedy(&self) -> String;
}

impl Error {
    /// The step that refused: `decode`, `xml`, `status`, `signature`, `decrypt`, `structure`, `constraint` or `replay`.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::Decode(_) => "decode",
            Self::Xml(_) => "xml",
            Self::Status(_) => "status",
            Self::Signature(_) => "signature",
            #[cfg(feature = "decrypt")]
            Self::Decryption(_) => "decrypt",
            Self::Structure(_) => "structure",
            Self::Constraint(_) => "constraint",
            Self::Logout(error) => error.stage(),
            Self::Replay(_) => "replay",
        }
    }

    /// A stable name of the cause, for programs: `audience_mismatch`, `expired`, …
    pub fn code(&self) -> &'static str {
        self.refusal().code()
    }

    /// What is wrong, with both sides of a comparison: the display form without the stage.
    pub fn message(&self) -> String {
        self.refusal().to_string()
    }

    /// The section of the specification that prescribes the check.
    pub fn section(&self) -> &'static str {
        self.refusal().section()
    }

    /// What would have been accepted; empty where nothing was compared.
    pub fn expected(&self) -> Vec<String> {
        self.refusal().expected()
    }

    /// What the message said; empty where nothing was compared.
    pub fn received(&self) -> Vec<String> {
        self.refusal().received()
    }

    /// What to change, and on which side. Names the Auth0 setting where there is one.
    pub fn remedy(&self) -> String {
        self.refusal().remedy()
    }

    /// The one sentence that [`Error::for_user`] says, for refusals of the service's own, which should look alike.
    pub const FOR_USER: &'static str = "The login could not be verified. Please try again or contact your administrator.";

    /// The one sentence that may be shown to whoever sits at the browser at a login: the same for every cause; that of a logout is
    /// [`logout::FOR_USER`](crate::logout::FOR_USER). [`Error::kind`] is for the program
    /// that answers.
    pub fn for_user(&self) -> &'static str {
        Self::FOR_USER
    }

    fn refusal(&self) -> &dyn Refusal {
        match self {
            Self::Decode(error) => error,
            Self::Xml(error) => error,
            Self::Status(error) => error,
            Self::Signature(error) => error,
            #[cfg(feature = "decrypt")]
            Self::Decryption(error) => error,
            Self::Structure(error) => error,
            Self::Constraint(error) => error,
            Self::Logout(error) => error,
            Self::Replay(error) => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage(), self.refusal())
    }
}

/// The source is what lies behind a refusal: the error of a replay store or of a key's holder, and otherwise nothing. The error of the stage is no
/// source: this error says the same, and would be told twice where a chain of errors is printed.
impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Decode(error) => error.source(),
            Self::Xml(error) => error.source(),
            Self::Status(error) => error.source(),
            Self::Signature(error) => error.source(),
            #[cfg(feature = "decrypt")]
            Self::Decryption(error) => error.source(),
            Self::Structure(error) => error.source(),
            Self::Constraint(error) => error.source(),
            Self::Logout(error) => error.source(),
            Self::Replay(error) => error.source(),
        }
    }
}

// Their cause is the message, and no other error.
impl std::error::Error for DecodeError {}
impl std::error::Error for XmlError {}
impl std::error::Error for StatusError {}
impl std::error::Error for SignatureError {}
impl std::error::Error for StructureError {}
impl std::error::Error for ConstraintError {}

macro_rules! stages {
    ($($variant:ident($error:ty)),+ $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

#[cfg(feature = "decrypt")]
stages! {
    Decryption(DecryptionError),
}

stages! {
    Decode(DecodeError),
    Xml(XmlError),
    Status(StatusError),
    Signature(SignatureError),
    Structure(StructureError),
    Constraint(ConstraintError),
    Logout(LogoutError),
    Replay(ReplayError),
}
