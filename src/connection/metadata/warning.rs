//! What a usable document says that somebody should look at.

use std::fmt;
use std::time::SystemTime;

use crate::error::{Shown, UnusableKey};
use crate::time::format_rfc3339;

/// Something about a metadata document, or what it describes, that deserves attention. Nothing here stands for a failed check.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataWarning {
    /// `validUntil` is less than [`MetadataWarning::SOON_DAYS`] away: fetch the document again before that.
    ExpiresSoon {
        /// When it ends.
        valid_until: SystemTime,
    },
    /// The document is signed, and nobody asked whether the signature holds: the channel vouches for it.
    SignatureNotVerified,
    /// The signature of the document rests on SHA-1.
    Sha1Signature,
    /// A KeyDescriptor gives no key, so that messages signed with it will be refused.
    UnusableKey {
        /// Its place among the role's KeyDescriptors, from 1.
        key_descriptor: usize,
        /// Why.
        reason: UnusableKey,
    },
    /// A KeyDescriptor holds certificates of different keys that are no chain; one counts. SAML Metadata Interoperability Profile 2.5.1.
    SeveralKeysInOneDescriptor {
        /// Its place among the role's KeyDescriptors, from 1.
        key_descriptor: usize,
        /// SHA-256 fingerprint of the certificate that counts.
        used: String,
    },
    /// A certificate for signatures has expired. Its key is still trusted.
    CertificateExpired {
        /// Whom it names.
        subject: Shown,
        /// The last moment at which it was valid.
        not_after: SystemTime,
    },
    /// A certificate for signatures is not yet valid: the next one of a rotation, perhaps. Its key is trusted already.
    CertificateNotYetValid {
        /// Whom it names.
        subject: Shown,
        /// The first moment at which it is valid.
        not_before: SystemTime,
    },
    /// No SingleSignOnService takes requests by redirect or by POST, at a URL that can be used.
    NoUsableSsoBinding,
    /// The URL of an endpoint is not one that messages are sent to: it is not https, or has a fragment.
    UnusableEndpoint {
        /// The URL.
        location: Shown,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl MetadataWarning {
    /// How many days before its end a document [expires soon](Self::ExpiresSoon).
    pub const SOON_DAYS: u64 = 3;

    /// A stable name of the cause, for programs: `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ExpiresSoon { .. } => "expires_soon",
            Self::SignatureNotVerified => "signature_not_verified",
            Self::Sha1Signature => "sha1_signature",
            Self::UnusableKey { .. } => "unusable_key",
            Self::SeveralKeysInOneDescriptor { .. } => "several_keys_in_one_descriptor",
            Self::CertificateExpired { .. } => "certificate_expired",
            Self::CertificateNotYetValid { .. } => "certificate_not_yet_valid",
            Self::NoUsableSsoBinding => "no_usable_sso_binding",
            Self::UnusableEndpoint { .. } => "unusable_endpoint",
        }
    }
}

impl fmt::Display for MetadataWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExpiresSoon { valid_until } => {
                write!(f, "the document is valid until {}: fetch it again before that", format_rfc3339(*valid_until))
            }
            Self::SignatureNotVerified => f.write_str(
                "the document is signed, and its signature was not verified: pin the publisher's key, or rely on the channel knowingly",
            ),
            Self::Sha1Signature => f.write_str("the signature of the document rests on SHA-1: ask its publisher for SHA-256"),
            Self::UnusableKey { key_descriptor, reason } => {
                write!(f, "KeyDescriptor {key_descriptor} gives no key, and messages signed with it will be refused: {reason}")
            }
            Self::SeveralKeysInOneDescriptor { key_descriptor, used } => write!(
                f,
                "KeyDescriptor {key_descriptor} holds certificates of different keys, and only {used} is trusted: a KeyDescriptor is one \
                 key"
            ),
            Self::CertificateExpired { subject, not_after } => {
                write!(f, "the certificate {subject} expired at {}; its key is still trusted", format_rfc3339(*not_after))
            }
            Self::CertificateNotYetValid { subject, not_before } => {
                write!(f, "the certificate {subject} is valid from {}; its key is trusted already", format_rfc3339(*not_before))
            }
            Self::NoUsableSsoBinding => f.write_str("no SingleSignOnService takes requests by redirect or by POST"),
            Self::UnusableEndpoint { location, reason } => write!(f, "no message is sent to {location}: {reason}"),
        }
    }
}
