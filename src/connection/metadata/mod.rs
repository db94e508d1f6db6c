//! Metadata: documents that describe an identity provider or a service provider. SAML Metadata.
//!
//! [`MetadataReader`] turns an identity provider's document into an [`IdpMetadata`], and that into the
//! [`IdentityProvider`](crate::IdentityProvider) of a connection. Whoever writes such a document chooses whose logins are believed, so who
//! vouches for it is an argument: see [`Vouched`].
//!
//! ```
//! use saml_verify::metadata::{MetadataReader, Vouched};
//!
//! # let document = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/metadata.xml"));
//! # let now = saml_verify::time::parse_rfc3339("2026-12-01T00:00:00Z").ok_or("not a time")?;
//! // `document` was fetched over https from the address that the administrator configured.
//! let metadata = MetadataReader::new(Vouched::ByAuthenticatedChannel).read_idp(document, now)?;
//! for warning in metadata.warnings() {
//!     eprintln!("metadata of {}: {warning}", metadata.entity_id());
//! }
//! let idp = metadata.identity_provider()?;
//! assert_eq!(idp.entity_id(), "urn:acme-dev.us.auth0.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`SpMetadata`] writes our own.
//!
//! Deliberately absent: fetching, caching and the clock. [`IdpMetadata::valid_until`] and [`IdpMetadata::cache_duration`] say when to
//! fetch again.

mod duration;
mod entity;
mod idp;
mod key_value;
mod keys;
mod read;
mod validity;
mod warning;
mod write;

pub use crate::error::{MetadataError, MetadataErrorKind, NotXml, UnusableKey};
pub use idp::{Endpoint, IdpMetadata, MetadataSignature, OfferedAttribute};
pub use read::{MetadataReader, Vouched};
pub use warning::MetadataWarning;
pub use write::{RequestedAttribute, SpMetadata};

/// The HTTP POST binding. SAML Bindings 3.5.
pub const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// The HTTP Redirect binding. SAML Bindings 3.4.
pub const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
