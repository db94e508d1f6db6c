//! What is configured: the two sides of a connection. Everything that must be checked is an argument of a constructor.

pub(crate) mod identity_provider;
pub mod metadata;
pub(crate) mod service_provider;
pub(crate) mod url;

use crate::error::ConfigError;

/// Not judged any further: entity IDs should be URIs (SAML Core 8.3.6), and some are not.
fn checked_entity_id(value: String) -> Result<String, ConfigError> {
    if value.is_empty() || value.trim() != value { Err(ConfigError::InvalidEntityId { value }) } else { Ok(value) }
}
