//! Verify SAML 2.0 logins.

#![forbid(unsafe_code)]
#![deny(clippy::as_conversions, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod canonical;
pub mod claim;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
#[cfg(feature = "test-idp")]
pub mod test_idp;
pub mod time;

mod base64;
mod binding;
mod crypto;
mod departure;
mod error;
mod id;
mod limits;
mod login;
mod provider;
mod replay;
mod report;
mod saml;
mod verifier;
mod xml;

pub use crypto::{Certificate, KeyType, TrustedKeys};
pub use departure::Departure;
pub use error::{
    AlgorithmRefusal, AlgorithmRole, CertificateError, ConfigError, ConstraintError, DecodeError, Error, FoundInstead, Position,
    ReplayError, Shown, SignatureError, StatusError, StructureError, UnconfirmedSubject, XmlError, XmlErrorKind,
};
pub use limits::Limits;
pub use login::{Login, Verified, VerifiedSignature, Warning};
pub use provider::{IdentityProvider, ServiceProvider};
pub use replay::{AsyncReplayStore, InProcessReplayStore, ReplayKey, ReplayStore};
pub use report::{Report, ReportOutcome, ReportRow};
pub use saml::attributes::{Attribute, AttributeValue, Attributes, NotSingle};
pub use saml::check::Expect;
pub use saml::name_id::NameId;
pub use verifier::{ExpiredCertificate, SignedPart, UnverifiedIssuer, Verifier, peek_issuer};
