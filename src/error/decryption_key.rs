//! Refusals of private keys that someone configures for decryption. No stage of [`Error`](super::Error): no message is involved.

use std::fmt;

use super::{Shown, SigningKeyError};

/// Why the given bytes are not a private key that can decrypt. Offsets count bytes from 0.
///
/// Never carries anything of what the bytes were.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecryptionKeyError {
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
    /// The PEM block is cut, or its base64 text is wrong.
    Damaged {
        /// Where the block begins or ends, or the first wrong character is.
        offset: usize,
    },
    /// An RSA key below 2048 bits. NIST SP 800-131A.
    RsaTooShort {
        /// The length of its modulus.
        bits: usize,
    },
    /// An RSA key above 4096 bits, whose every use would take a tenth of a second of whoever posts a message.
    RsaTooLong {
        /// The length of its modulus.
        bits: usize,
    },
    /// A key of another kind: RSA-OAEP takes an RSA key.
    NotRsa {
        /// Its kind.
        algorithm: String,
    },
    /// An RSA key that is not built as it must be.
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
}

impl DecryptionKeyError {
    /// A stable name of the cause, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "decryption_key_empty",
            Self::NotPem => "decryption_key_not_pem",
            Self::Certificate => "decryption_key_is_certificate",
            Self::PublicKey => "decryption_key_is_public_key",
            Self::Encrypted => "decryption_key_encrypted",
            Self::OtherBlock { .. } => "not_a_decryption_key",
            Self::SeveralKeys { .. } => "several_decryption_keys",
            Self::Damaged { .. } => "decryption_key_damaged",
            Self::RsaTooShort { .. } => "decryption_key_too_short",
            Self::RsaTooLong { .. } => "decryption_key_too_long",
            Self::NotRsa { .. } => "decryption_key_not_rsa",
            Self::Malformed { .. } => "decryption_key_malformed",
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "give the service provider's private key, or none, so that nothing that is encrypted is read",
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
            Self::SeveralKeys { .. } => "give each key in a file of its own",
            Self::Damaged { .. } => {
                "copy the key again, whole, with its lines `-----BEGIN PRIVATE KEY-----` and `-----END PRIVATE KEY-----`"
            }
            Self::RsaTooShort { .. } | Self::RsaTooLong { .. } | Self::NotRsa { .. } => {
                "make an RSA key of 2048 to 4096 bits, `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`, and give its \
                 certificate to the identity provider for encryption"
            }
            Self::Malformed { .. } => {
                "write the key anew with `openssl pkey -in FILE`, which also says whether other programs can read it"
            }
        }
    }
}

/// The same file with another use: what the reader of keys says of it.
impl From<SigningKeyError> for DecryptionKeyError {
    fn from(error: SigningKeyError) -> Self {
        use SigningKeyError as E;
        match error {
            E::Empty => Self::Empty,
            E::NotPem => Self::NotPem,
            E::Certificate => Self::Certificate,
            E::PublicKey => Self::PublicKey,
            E::Encrypted => Self::Encrypted,
            E::OtherBlock { label } => Self::OtherBlock { label },
            E::SeveralKeys { count } => Self::SeveralKeys { count },
            E::MissingEnd { offset } | E::MissingBegin { offset } | E::InvalidBase64 { offset } => Self::Damaged { offset },
            E::RsaTooShort { bits } => Self::RsaTooShort { bits },
            E::RsaTooLong { bits } => Self::RsaTooLong { bits },
            E::UnsupportedCurve { curve: algorithm } | E::UnsupportedKey { algorithm } => Self::NotRsa { algorithm },
            E::Malformed { reason } => Self::Malformed { reason },
        }
    }
}

impl fmt::Display for DecryptionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no private key: the input is empty"),
            Self::NotPem => f.write_str("not a private key: there is no PEM block"),
            Self::Certificate => f.write_str("not a private key: this is a certificate"),
            Self::PublicKey => f.write_str("not a private key: this is a public key"),
            Self::Encrypted => f.write_str("the private key is encrypted"),
            Self::OtherBlock { label } => write!(f, "not a private key: this is a PEM block {label}"),
            Self::SeveralKeys { count } => write!(f, "{count} private keys in one file"),
            Self::Damaged { offset } => write!(f, "the private key's PEM is damaged at byte {offset}"),
            Self::RsaTooShort { bits } => write!(f, "the RSA key has {bits} bits, and at least 2048 are needed"),
            Self::RsaTooLong { bits } => write!(f, "the RSA key has {bits} bits, and at most 4096 are supported"),
            Self::NotRsa { algorithm } => {
                write!(f, "a private key of the kind {algorithm} decrypts nothing: RSA-OAEP needs an RSA key")
            }
            Self::Malformed { reason } => write!(f, "the private key is malformed: {reason}"),
        }
    }
}

impl std::error::Error for DecryptionKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_message() {
        use DecryptionKeyError as E;
        let all = [
            (E::Empty, "decryption_key_empty", "no private key: the input is empty"),
            (E::NotPem, "decryption_key_not_pem", "not a private key: there is no PEM block"),
            (E::Certificate, "decryption_key_is_certificate", "not a private key: this is a certificate"),
            (E::PublicKey, "decryption_key_is_public_key", "not a private key: this is a public key"),
            (E::Encrypted, "decryption_key_encrypted", "the private key is encrypted"),
            (
                E::OtherBlock { label: Shown::new("CMS") },
                "not_a_decryption_key",
                "not a private key: this is a PEM block \"CMS\"",
            ),
            (E::SeveralKeys { count: 2 }, "several_decryption_keys", "2 private keys in one file"),
            (E::Damaged { offset: 7 }, "decryption_key_damaged", "the private key's PEM is damaged at byte 7"),
            (E::RsaTooShort { bits: 7 }, "decryption_key_too_short", "the RSA key has 7 bits, and at least 2048 are needed"),
            (E::RsaTooLong { bits: 7 }, "decryption_key_too_long", "the RSA key has 7 bits, and at most 4096 are supported"),
            (
                E::NotRsa { algorithm: "DSA".to_owned() },
                "decryption_key_not_rsa",
                "a private key of the kind DSA decrypts nothing: RSA-OAEP needs an RSA key",
            ),
            (E::Malformed { reason: "bad" }, "decryption_key_malformed", "the private key is malformed: bad"),
        ];
        for (error, code, message) in &all {
            assert_eq!((error.code(), error.to_string().as_str()), (*code, *message));
            assert!(error.remedy().len() > 20, "{code}");
        }
        let codes: std::collections::HashSet<_> = all.iter().map(|(error, ..)| error.code()).collect();
        assert_eq!(codes.len(), all.len());
    }
}
