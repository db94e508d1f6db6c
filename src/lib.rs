//! Verify SAML 2.0 logins: the form field that a browser posted goes in; a [`Login`], or the reason for refusing it, comes out.
//!
//! # What it promises
//!
//! - **A [`Login`] was signed by a key that you configured.** It is read from the parsed tree that the signature was checked on, below
//!   the element that the signature covers, or from what was encrypted there; what else the document says cannot reach it. It cannot be
//!   built by hand.
//! - **Every check that the Web Browser SSO profile demands is taken**: issuer, audience, recipient, destination, request, times,
//!   confirmation, conditions, authentication. What is compared against is a required argument, and no option leaves a check out.
//!   What widens one is a [`Departure`] with a name.
//! - **The rest is yours to give.** No clock, no network, no files, no global state: the time, the certificates and the store that
//!   remembers used assertions are arguments.
//! - **A refusal says why**: a stable code, both sides of the comparison, the section of the specification, and what to change on
//!   which side. The browser gets one sentence, which says nothing.
//! - No unsafe code. XML that is not well-formed, has a document type declaration or exceeds the [`Limits`] is refused before
//!   anything in it is believed.
//!
//! # A login
//!
//! An identity provider's certificate (`pem`) and four values go in: its entity ID, yours, your assertion consumer URL, and the ID
//! of the request that is pending in the browser's session (`request_id`). `form_field` is the value of `SAMLResponse` as your web
//! framework parsed it, `now` is [`SystemTime::now()`](std::time::SystemTime::now).
//!
//! ```
//! # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
//! # let form_field = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/cases/a-default-sha256.b64"));
//! # let request_id = "_43848dd96f2ec8be2d4c";
//! # let now = saml_verify::time::parse_rfc3339("2025-03-03T10:00:02.468Z").ok_or("not a time")?;
//! use saml_verify::{Expect, IdentityProvider, InProcessReplayStore, ServiceProvider, TrustedKeys, Verifier, claim};
//!
//! let idp = IdentityProvider::new("urn:acme-dev.us.auth0.com", TrustedKeys::from_pem(pem)?)?;
//! let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?;
//! let verifier = Verifier::new(sp, idp);
//! let used = InProcessReplayStore::default();
//!
//! let login = verifier.verify_post(form_field, Expect::AnswerTo(request_id), now)?.claim(&used)?;
//!
//! assert_eq!(login.name_id().value, "auth0|64f0c2a17d9e4b0012ab34cd");
//! assert_eq!(login.attribute(claim::EMAIL_ADDRESS), Some("ada@example.com"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Make the [`Verifier`] and the store once, when the service starts, and share them. A store in memory protects one process; for
//! several there are [`ReplayStore`] and [`AsyncReplayStore`].
//!
//! # A refusal
//!
//! The same message at a service provider whose entity ID was typed with a slash at its end:
//!
//! ```
//! # use saml_verify::{Expect, IdentityProvider, ServiceProvider, TrustedKeys, Verifier};
//! # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
//! # let form_field = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/cases/a-default-sha256.b64"));
//! # let expect = Expect::AnswerTo("_43848dd96f2ec8be2d4c");
//! # let now = saml_verify::time::parse_rfc3339("2025-03-03T10:00:02.468Z").ok_or("not a time")?;
//! # let idp = IdentityProvider::new("urn:acme-dev.us.auth0.com", TrustedKeys::from_pem(pem)?)?;
//! let sp = ServiceProvider::new("urn:example:sp:portal/", "https://portal.example.com/saml/acs")?;
//! let error = Verifier::new(sp, idp).verify_post(form_field, expect, now).unwrap_err();
//!
//! // For programs and for the log.
//! assert_eq!((error.stage(), error.code(), error.section()), ("constraint", "audience_mismatch", "SAML Core 2.5.1.4"));
//! assert_eq!(error.expected(), ["urn:example:sp:portal/"]);
//! assert_eq!(error.received(), ["urn:example:sp:portal"]);
//! assert_eq!(
//!     error.to_string(),
//!     "constraint: the audience is \"urn:example:sp:portal\", not \"urn:example:sp:portal/\" \
//!      (they differ only by a trailing slash)"
//! );
//! // For the administrator.
//! assert_eq!(
//!     error.remedy(),
//!     "make the service provider's entity ID and the identity provider's audience the same string; \
//!      in Auth0 it is the addon's `audience` if set, else the Issuer of the AuthnRequest"
//! );
//! // For the browser, whatever the cause.
//! assert_eq!(error.for_user(), "The login could not be verified. Please try again or contact your administrator.");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No error carries a name identifier, an attribute value or key material. What it carries of a message is cut to 256 characters
//! and escaped where it is displayed; [`Error::expected`] and [`Error::received`] are not escaped, so log them with `{:?}`.
//!
//! # What is not here
//!
//! The SOAP and artifact bindings; each is refused or absent. What is encrypted is refused without the feature `decrypt`. The README lists every check with the section that prescribes it, and the limitations.
//!
//! # Features
//!
//! `ring` alone is on by default, and each feature only adds.
//!
//! | feature | adds |
//! |---|---|
//! | `ring` | verification, digests and signing with ring |
//! | `aws-lc-rs` | the same with aws-lc-rs, in place of ring where both are on: keys are prepared once, and P-521 with SHA-512 verifies. Without `default-features` ring is not linked |
//! | `fips` | `aws-lc-rs` with its FIPS 140-3 module, whose build needs CMake and Go. What `decrypt` does is outside of that module |
//! | `decrypt` | `DecryptionKey`: encrypted assertions, names and attributes, with a key of yours or one in a KMS; see `docs/decryption.md` |
//! | `registry` | `Registry`: many connections behind one assertion consumer service, changed while the service runs |
//! | `redis` | `RedisReplayStore`, `RedisPendingRequests` and their siblings for async: what several machines remember together |
//! | `cli` | the command `saml-verify`; nothing for services that link the library |
//! | `serde` | `Serialize` and `Deserialize` for [`NameId`], `Serialize` for [`SubjectKey`] |
//! | `inspect` | `inspect`: what a message says, for tools that show it to a person; nothing of it is verified |
//! | `test-idp` | `test_idp`: an identity provider for the tests of your service, with keys that everybody knows |
//!
//! `internals` belongs to the crate's own tests and promises nothing.
//!
//! # Where to go next
//!
//! - [`Verifier`]: what can be required beyond the default, and [`Verifier::explain_post`], which takes every check to its end.
//! - [`Login`] and [`Attributes`]: what a service gets. [`claim`] has the attribute names that Auth0 writes.
//! - [`AuthnRequest`] starts a login, signed with a [`SigningKey`] if the identity provider wants that; [`PendingRequest`] is what
//!   to remember until the answer comes, [`PendingRequests`] where the user has several tabs.
//! - [`ReplayStore`]: one use for each assertion, also across machines.
//! - [`Error`]: the stages, each with its own enum.
//! - [`IdentityProvider`] and [`Departure`]: SHA-1 and other concessions, one by one. [`peek_issuer`]: routing among tenants.
//! - [`logout`]: single logout, started here or there.
//! - [`metadata`]: a connection from the document that the identity provider publishes.
//! - [`canonical`]: canonical XML on its own.
//! - `examples/service.rs`: a whole service in one file. `README.md`: Auth0 step by step. `ARCHITECTURE.md`: how it is built.

#![forbid(unsafe_code)]
#![deny(clippy::as_conversions, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod canonical;
pub mod claim;
#[cfg(feature = "inspect")]
pub mod inspect;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
pub mod logout;
#[cfg(feature = "test-idp")]
pub mod test_idp;
pub mod time;

mod base64;
mod binding;
mod compact;
mod connection;
mod crypto;
mod departure;
mod error;
mod id;
mod limits;
mod login;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "registry")]
mod registry;
mod replay;
mod report;
mod request;
mod saml;
mod subject_key;
mod verifier;
mod xml;

#[cfg(feature = "redis")]
pub use self::redis::{
    RedisStoreError,
    pending::{AsyncRedisPendingRequests, RedisPendingRequests},
    replay::{AsyncRedisReplayStore, RedisReplayStore},
};
pub use binding::post::decode_post;
pub use binding::redirect::{RedirectMessage, RedirectParameter};
pub use binding::send::PostPage;
pub use connection::identity_provider::IdentityProvider;
pub use connection::metadata;
pub use connection::service_provider::ServiceProvider;
#[cfg(feature = "decrypt")]
pub use crypto::{AsyncUnwrapKey, ContentKey, DecryptionKey, OaepDigest, UnwrapFuture, UnwrapKey, UnwrapUnavailable, WrappedKey};
pub use crypto::{Certificate, KeyType, SigningKey, TrustedKey, TrustedKeys};
pub use departure::{Departure, UnknownDeparture};
pub use error::{
    AlgorithmRefusal, AlgorithmRole, CertificateError, Clues, ConfigError, ConstraintError, CopySign, DecodeError, Error,
    ErrorKind, Fingerprints, FoundInstead, IdentifierFault, LoginFailure, LogoutError, OtherIssuer, PendingRequestError,
    Position, ReplayError, RequestError, ServiceError, Shown, SignatureError, SigningKeyError, StatusError, StructureError,
    UnconfirmedSubject, XmlError, XmlErrorKind,
};
#[cfg(feature = "decrypt")]
pub use error::{DecryptionError, DecryptionKeyError, EncryptionRole};
pub use limits::Limits;
pub use login::{Login, Verified, VerifiedSignature, Warning};
#[cfg(feature = "registry")]
pub use registry::{Connection, Registry};
pub use replay::in_process::InProcessReplayStore;
pub use replay::{AsyncReplayStore, ReplayFuture, ReplayKey, ReplayStore};
pub use report::{Report, ReportOutcome, ReportRow};
pub use request::authn_request::{AuthnRequest, LoginPage, LoginRedirect};
pub use request::pending::PendingRequest;
pub use request::pending_list::PendingRequests;
pub use request::relay_state::{RelayState, UntrustedRelayState};
pub use saml::attributes::{Attribute, AttributeIter, AttributeValue, Attributes, NotSingle};
pub use saml::check::Expect;
pub use saml::name_id::NameId;
pub use subject_key::SubjectKey;
pub use verifier::{ExpiredCertificate, SignedPart, UnverifiedIssuer, Verifier, peek_issuer};

/// The Rust examples of the README and of the pages in `docs/` are doc tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/integrating.md")]
    struct Integrating;
    #[cfg(feature = "decrypt")]
    #[doc = include_str!("../docs/decryption.md")]
    struct Decryption;
}
