//! Refusals of private keys that someone configures. No stage of [`Error`](super::Error): no message is involved.

use std::fmt;

use super::Shown;

/// Why the given bytes are not a private key that messages can be signed with. Offsets count bytes from 0.
///
/// Never carries anything of what the bytes were.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigningKeyError {
    /// Nothing but white space.
    Empty,
    /// No PEM block in it.
    NotPem,
    /// A certificate, and no key beside it.
    Certificate,
    /// A public key.
    PublicKey,
    /// A private key that a passphrase protects.
    Encrypted,
    /// A PEM block of another kind.
    OtherBlock {
        /// Its label.
        label: Shown,
    },
    /// More than one private key.
    SeveralKeys {
        /// How many.
        count: usize,
    },
    /// `-----BEGIN …-----` without the `-----END …-----` that belongs to it.
    MissingEnd {
        /// Where the block begins.
        offset: usize,
    },
    /// `-----END …-----` without a `-----BEGIN …-----`.
    MissingBegin {
        /// Where the block ends.
        offset: usize,
    },
    /// The base64 text has a character that is not base64, or is cut.
    InvalidBase64 {
        /// Where the first wrong character is, or where the text ends too early.
        offset: usize,
    },
    /// An RSA key below 2048 bits. NIST SP 800-131A.
    RsaTooShort {
        /// The length of its modulus.
        bits: usize,
    },
    /// An RSA key above 4096 bits.
    RsaTooLong {
        /// The length of its modulus.
        bits: usize,
    },
    /// An elliptic curve other than P-256 and P-384.
    UnsupportedCurve {
        /// Its name, or its object identifier, or `explicit parameters`.
        curve: String,
    },
    /// A key of a kind that signs no SAML message here.
    UnsupportedKey {
        /// Its name or its object identifier.
        algorithm: String,
    },
    /// A key of a supported kind that is not built as it must be.
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
}

impl SigningKeyError {
    /// A stable name of the cause, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "signing_key_empty",
            Self::NotPem => "signing_key_not_pem",
            Self::Certificate => "signing_key_is_certificate",
            Self::PublicKey => "signing_key_is_public_key",
            Self::Encrypted => "signing_key_encrypted",
            Self::OtherBlock { .. } => "not_a_signing_key",
            Self::SeveralKeys { .. } => "several_signing_keys",
            Self::MissingEnd { .. } => "signing_key_end_missing",
            Self::MissingBegin { .. } => "signing_key_begin_missing",
            Self::InvalidBase64 { .. } => "signing_key_base64_invalid",
            Self::RsaTooShort { .. } => "signing_key_too_short",
            Self::RsaTooLong { .. } => "signing_key_too_long",
            Self::UnsupportedCurve { .. } => "signing_key_curve_unsupported",
            Self::UnsupportedKey { .. } => "signing_key_unsupported",
            Self::Malformed { .. } => "signing_key_malformed",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "give the service provider's private key, or none, so that requests are not signed",
            Self::NotPem => {
                "give the key as PEM, with its line `-----BEGIN PRIVATE KEY-----`; `openssl pkey -inform DER -in FILE` turns DER into it"
            }
            Self::Certificate => {
                "give the private key that belongs to this certificate; the certificate itself goes to the identity provider"
            }
            Self::PublicKey => "give the private key that belongs to this public key",
            Self::Encrypted => {
                "decrypt it where it is stored, `openssl pkey -in FILE`, and protect the result as a secret of the service"
            }
            Self::OtherBlock { .. } => "give the block `-----BEGIN PRIVATE KEY-----` of the service provider's key",
            Self::SeveralKeys { .. } => "leave only the key to sign with in the file",
            Self::MissingEnd { .. } | Self::MissingBegin { .. } | Self::InvalidBase64 { .. } => {
                "copy the key again, whole, with its lines `-----BEGIN PRIVATE KEY-----` and `-----END PRIVATE KEY-----`"
            }
            Self::RsaTooShort { .. } | Self::RsaTooLong { .. } => {
                "make an RSA key of 2048 to 4096 bits: `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`"
            }
            Self::UnsupportedCurve { .. } | Self::UnsupportedKey { .. } => {
                "sign with an RSA key, or one on P-256, P-384 or Ed25519; Auth0 takes RSA alone"
            }
            Self::Malformed { .. } => {
                "write the key anew with `openssl pkey -in FILE`, which also says whether other programs can read it"
            }
        }
    }
}

impl fmt::Display for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no private key: the input is empty"),
            Self::NotPem => f.write_str("not a private key: there is no PEM block"),
            Self::Certificate => f.write_str("not a private key: this is a certificate"),
            Self::PublicKey => f.write_str("not a private key: this is a public key"),
            Self::Encrypted => f.write_str("the private key is encrypted"),
            Self::OtherBlock { label } => write!(f, "not a private key: this is a PEM block {label}"),
            Self::SeveralKeys { count } => write!(f, "{count} private keys, and only one can sign"),
            Self::MissingEnd { offset } => write!(f, "the PEM block that begins at byte {offset} has no END line"),
            Self::MissingBegin { offset } => write!(f, "the PEM block that ends at byte {offset} has no BEGIN line"),
            Self::InvalidBase64 { offset } => write!(f, "the private key's base64 is wrong at byte {offset}"),
            Self::RsaTooShort { bits } => write!(f, "the RSA key has {bits} bits, and at least 2048 are needed"),
            Self::RsaTooLong { bits } => write!(f, "the RSA key has {bits} bits, and at most 4096 are supported for signing"),
            Self::UnsupportedCurve { curve } => write!(f, "the elliptic curve {curve} is not supported"),
            Self::UnsupportedKey { algorithm } => write!(f, "private keys of the kind {algorithm} are not supported"),
            Self::Malformed { reason } => write!(f, "the private key is malformed: {reason}"),
        }
    }
}

impl std::error::Error for SigningKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_message() {
        use SigningKeyError as E;
        let curve = "P-521".to_owned();
        let algorithm = "DSA".to_owned();
        let label = Shown::new("CMS");
        let all = [
            (E::Empty, "signing_key_empty", "no private key: the input is empty"),
            (E::NotPem, "signing_key_not_pem", "not a private key: there is no PEM block"),
            (E::Certificate, "signing_key_is_certificate", "not a private key: this is a certificate"),
            (E::PublicKey, "signing_key_is_public_key", "not a private key: this is a public key"),
            (E::Encrypted, "signing_key_encrypted", "the private key is encrypted"),
            (E::OtherBlock { label }, "not_a_signing_key", "not a private key: this is a PEM block \"CMS\""),
            (E::SeveralKeys { count: 2 }, "several_signing_keys", "2 private keys, and only one can sign"),
            (E::MissingEnd { offset: 7 }, "signing_key_end_missing", "the PEM block that begins at byte 7 has no END line"),
            (E::MissingBegin { offset: 7 }, "signing_key_begin_missing", "the PEM block that ends at byte 7 has no BEGIN line"),
            (E::InvalidBase64 { offset: 7 }, "signing_key_base64_invalid", "the private key's base64 is wrong at byte 7"),
            (E::RsaTooShort { bits: 7 }, "signing_key_too_short", "the RSA key has 7 bits, and at least 2048 are needed"),
            (
                E::RsaTooLong { bits: 7 },
                "signing_key_too_long",
                "the RSA key has 7 bits, and at most 4096 are supported for signing",
            ),
            (E::UnsupportedCurve { curve }, "signing_key_curve_unsupported", "the elliptic curve P-521 is not supported"),
            (E::UnsupportedKey { algorithm }, "signing_key_unsupported", "private keys of the kind DSA are not supported"),
            (E::Malformed { reason: "bad" }, "signing_key_malformed", "the private key is malformed: bad"),
        ];
        for (error, code, message) in &all {
            assert_eq!((error.code(), error.to_string().as_str()), (*code, *message));
            assert!(error.remedy().len() > 20, "{code}");
        }
        let codes: std::collections::HashSet<_> = all.iter().map(|(error, ..)| error.code()).collect();
        assert_eq!(codes.len(), all.len());
    }
}
