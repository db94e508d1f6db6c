//! Single logout: messages of our own, and those of the identity provider. SAML Core 3.7, Profiles 4.4.
//!
//! A user who logs out at the service is logged out at the identity provider, and the other way round, through the browser: by
//! redirect or by POST. A service keeps one [`Session`] for each login and has one URL for messages of logout.
//!
//! # The user logs out here
//!
//! End the local session first: whatever happens to the messages, that one is over. Then send the browser on, and take the answer.
//!
//! ```
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
//! # let pem = std::fs::read(format!("{folder}/auth0/keys/idp-rsa2048.pem"))?;
//! # let our_key = std::fs::read(format!("{folder}/signing/rsa2048.pkcs8.pem"))?;
//! # let now = std::time::SystemTime::now();
//! use saml_verify::logout::{Delivered, LogoutVerifier, OutgoingRequest, PendingLogout, Session};
//! use saml_verify::{IdentityProvider, NameId, ServiceProvider, SigningKey, TrustedKeys};
//!
//! let idp = IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(pem)?)?
//!     .single_logout_url("https://acme.us.auth0.com/samlp/CLIENT_ID/logout")?;
//! let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?;
//! let key = SigningKey::from_pem(our_key)?;
//! // What was stored at the login: `Session::of(&login)`.
//! let session = Session::new("urn:acme.us.auth0.com", NameId::new("auth0|64f0c2a1"), Some("_s1".to_owned()));
//!
//! let logout = OutgoingRequest::new(&sp, &idp, &session, &key)?.redirect(now)?;
//! let cookie = logout.pending.to_compact();
//! // The browser goes to `logout.url`, and comes back to the single logout URL with an answer.
//! # let query = "";
//! let verifier = LogoutVerifier::new(&sp, idp, "https://portal.example.com/saml/slo")?;
//! let pending = PendingLogout::from_compact(&cookie)?;
//! let answer = verifier.verify_response(Delivered::Redirect(query), pending.expect("urn:acme.us.auth0.com", now)?, now);
//! # assert_eq!(answer.unwrap_err().code(), "missing_parameter");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The user logs out elsewhere
//!
//! [`LogoutVerifier::verify_request`] verifies the identity provider's request. End every session that it
//! [concerns](LogoutRequest::concerns), and answer with an [`OutgoingResponse`].
//!
//! # What is not here
//!
//! SOAP and the artifact binding, and encrypted names, which are refused by name (`encrypted_id`). No message is believed that is not
//! signed: the element, or the query that carries it. What a logout cannot promise is said in `docs/integrating.md`.

mod build;
mod check;
mod explain;
mod outgoing;
mod pending;
mod proof;
mod received;
mod session;
mod verify;

pub use build::{LogoutFailure, LogoutPage, LogoutRedirect, OutgoingRequest, OutgoingResponse};
pub use outgoing::Outgoing;
pub use pending::PendingLogout;
pub use proof::LogoutSignature;
pub use received::{LogoutRequest, LogoutResponse, VerifiedRequest};
pub use session::Session;
pub use verify::{Delivered, LogoutVerifier};

pub use crate::error::SessionError;

/// The one sentence that may be shown to whoever sits at the browser where a message of logout is refused, whatever the cause.
pub const FOR_USER: &str = "You may still be logged in elsewhere. Please close your browser, or contact your administrator.";
