//! Mistakes in the configuration, found when it is made and not when a user logs in.

use std::fmt;
use std::time::Duration;

use super::CertificateError;

/// Why a configuration is refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// An entity ID or audience is empty or starts or ends with white space.
    InvalidEntityId {
        /// The value.
        value: String,
    },
    /// The URL of the assertion consumer service is not an absolute `https` URL.
    ///
    /// Plain `http` is accepted for `localhost` and names below it, `127.0.0.1` and `[::1]`, and where
    /// [`ServiceProvider::with_http_acs_url`](crate::ServiceProvider::with_http_acs_url) allows it. The URL is compared byte for byte with what the
    /// identity provider writes, so it must have no fragment and no white space.
    InvalidAcsUrl {
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The URL of the single sign-on service is not one that requests can be sent to.
    ///
    /// As for the assertion consumer service: absolute `https`, without fragment. A query is kept, and must have no parameter of
    /// the binding in it.
    InvalidSsoUrl {
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The URL of a single logout service is not one that messages can be sent to, or received at.
    ///
    /// As for the single sign-on service.
    InvalidSloUrl {
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A value of our own metadata cannot be written, or must not be.
    InvalidMetadataValue {
        /// What it is for.
        field: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing can be signed: the system has no randomness to give.
    CannotSign,
    /// No certificate is trusted, so that no message could ever be accepted.
    NoTrustedKey {
        /// The identity provider.
        entity_id: String,
    },
    /// Two identity providers have the same entity ID.
    DuplicateIdentityProvider {
        /// The entity ID.
        entity_id: String,
    },
    /// A certificate cannot be used.
    Certificate(CertificateError),
    /// The name of the attribute that identifies users is blank.
    BlankAttributeName,
    /// Authentication context classes are required, and none is named.
    NoAuthnContext,
    /// A clock skew that would make expiry meaningless.
    ClockSkewTooLarge {
        /// The requested skew.
        requested: Duration,
        /// The largest accepted.
        maximum: Duration,
    },
    /// More private keys to decrypt with than each message may cost uses of.
    #[cfg(feature = "decrypt")]
    TooManyDecryptionKeys {
        /// How many there can be.
        most: usize,
    },
}

impl ConfigError {
    /// A stable name of the cause, for programs; of a certificate, that of its own error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidEntityId { .. } => "invalid_entity_id",
            Self::InvalidAcsUrl { .. } => "invalid_acs_url",
            Self::InvalidSsoUrl { .. } => "invalid_sso_url",
            Self::InvalidSloUrl { .. } => "invalid_slo_url",
            Self::InvalidMetadataValue { .. } => "invalid_metadata_value",
            Self::CannotSign => "cannot_sign",
            Self::NoTrustedKey { .. } => "no_trusted_key",
            Self::DuplicateIdentityProvider { .. } => "duplicate_identity_provider",
            Self::Certificate(error) => error.code(),
            Self::BlankAttributeName => "blank_attribute_name",
            Self::NoAuthnContext => "no_authn_context",
            Self::ClockSkewTooLarge { .. } => "clock_skew_too_large",
            #[cfg(feature = "decrypt")]
            Self::TooManyDecryptionKeys { .. } => "too_many_decryption_keys",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Certificate(error) => return error.remedy(),
            Self::InvalidEntityId { .. } => {
                "give the entity ID exactly as the other side writes it, without white space around it"
            }
            Self::InvalidAcsUrl { .. } | Self::InvalidSsoUrl { .. } | Self::InvalidSloUrl { .. } => {
                "give the absolute https URL, exactly as the identity provider has it"
            }
            Self::InvalidMetadataValue { .. } => "give a value that identity providers can read",
            Self::CannotSign => "look at this machine: its operating system gives no random numbers",
            Self::NoTrustedKey { .. } => "give the identity provider's signing certificate",
            Self::DuplicateIdentityProvider { .. } => "give each identity provider once, with all of its certificates",
            Self::BlankAttributeName => "name the attribute exactly as the identity provider writes it",
            Self::NoAuthnContext => "name the classes that are required, or require none",
            Self::ClockSkewTooLarge { .. } => "allow less, and set the clocks of both sides right (NTP)",
            #[cfg(feature = "decrypt")]
            Self::TooManyDecryptionKeys { .. } => {
                "leave out the keys whose certificate no identity provider encrypts with any more"
            }
        }
        .to_owned()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidEntityId { value } => write!(f, "not an entity ID: {value:?} (empty, or with white space around it)"),
            Self::InvalidAcsUrl { value, reason } => write!(f, "not an assertion consumer service URL: {value:?} ({reason})"),
            Self::InvalidSsoUrl { value, reason } => write!(f, "not a single sign-on URL: {value:?} ({reason})"),
            Self::InvalidSloUrl { value, reason } => write!(f, "not a single logout URL: {value:?} ({reason})"),
            Self::InvalidMetadataValue { field, value, reason } => write!(f, "not a {field} for metadata: {value:?} ({reason})"),
            Self::CannotSign => f.write_str("nothing can be signed: the system has no randomness to give"),
            Self::NoTrustedKey { entity_id } => write!(f, "no trusted certificate for the identity provider {entity_id:?}"),
            Self::DuplicateIdentityProvider { entity_id } => write!(f, "two identity providers with the entity ID {entity_id:?}"),
            Self::Certificate(error) => error.fmt(f),
            Self::BlankAttributeName => f.write_str("the name of the attribute that identifies users is blank"),
            Self::NoAuthnContext => f.write_str("no authentication context class to require"),
            Self::ClockSkewTooLarge { requested, maximum } => {
                write!(f, "a clock skew of {} s is more than {} s", requested.as_secs(), maximum.as_secs())
            }
            #[cfg(feature = "decrypt")]
            Self::TooManyDecryptionKeys { most } => write!(f, "more than {most} private keys to decrypt with"),
        }
    }
}

/// A certificate's error is told whole, and so is its source.
impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Certificate(error) => error.source(),
            _ => None,
        }
    }
}

impl From<CertificateError> for ConfigError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_own_code_and_a_remedy() {
        let text = || "x".to_owned();
        let errors = [
            ConfigError::InvalidEntityId { value: text() },
            ConfigError::InvalidAcsUrl { value: text(), reason: "y" },
            ConfigError::InvalidSsoUrl { value: text(), reason: "y" },
            ConfigError::InvalidSloUrl { value: text(), reason: "y" },
            ConfigError::NoTrustedKey { entity_id: text() },
            ConfigError::DuplicateIdentityProvider { entity_id: text() },
            ConfigError::NoAuthnContext,
            ConfigError::ClockSkewTooLarge { requested: Duration::from_secs(301), maximum: Duration::from_secs(300) },
        ];
        let codes: std::collections::BTreeSet<_> = errors.iter().map(ConfigError::code).collect();
        assert_eq!(codes.len(), errors.len());
        for error in errors {
            assert!(!error.remedy().is_empty() && error.remedy() != error.to_string(), "{error}");
        }
        let certificate = ConfigError::from(CertificateError::Empty);
        assert_eq!((certificate.code(), certificate.remedy()), ("certificate_empty", CertificateError::Empty.remedy()));
    }
}
