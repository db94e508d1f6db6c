//! Refusals of the decrypt stage. What they tell is what everybody sees in the message; of what happened once a key was used, they tell
//! nothing.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::{AlgorithmRefusal, Refusal, Shown};
use crate::departure::Departure;

/// Why what is encrypted was not decrypted.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum DecryptionError {
    /// The cipher text is not built as XML Encryption and SAML Core 2.2.4, 2.3.4 and 2.7.3.2 prescribe.
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// The cipher text is elsewhere, and nothing is fetched. XML Encryption 1.1 section 3.3.1.
    CipherReference,
    /// An algorithm that is not accepted. XML Encryption 1.1 section 5.1.
    Algorithm {
        /// Where it is named.
        role: EncryptionRole,
        /// The identifier in the message.
        identifier: Shown,
        /// Why it is not accepted.
        refusal: AlgorithmRefusal,
        /// The identifiers that are accepted in this place.
        accepted: Vec<&'static str>,
    },
    /// AES-CBC, and no verified signature covers the cipher text, so that anybody can change it and watch what happens.
    CbcUncovered,
    /// To try each private key on each EncryptedKey would take more uses of a private key than a message may cost.
    TooManyKeys {
        /// How many it would take.
        uses: usize,
        /// How many are allowed.
        most: usize,
    },
    /// It did not decrypt to one element of the expected kind. Whether the key, the padding, the tag or the plaintext was wrong is not
    /// told to anybody.
    ///
    /// Where AES-CBC stands under no verified signature
    /// ([`Departure::AesCbcUnderAssertionSignature`]), a signature that does not hold is
    /// not told apart, either.
    Failed,
    /// The holder of the private key, a KMS or HSM, could not be asked.
    KeyUnavailable {
        /// Its error, which is also the [`source`](std::error::Error::source) of this one.
        source: Arc<dyn StdError + Send + Sync>,
    },
}

/// Where an algorithm of encryption is named.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionRole {
    /// `xenc:EncryptionMethod` of the EncryptedData.
    Content,
    /// `xenc:EncryptionMethod` of the EncryptedKey.
    KeyTransport,
    /// `ds:DigestMethod` of the EncryptedKey.
    Digest,
    /// `xenc11:MGF` of the EncryptedKey.
    Mask,
}

impl DecryptionError {
    pub(crate) fn unavailable(error: Box<dyn StdError + Send + Sync>) -> Self {
        Self::KeyUnavailable { source: error.into() }
    }
}

/// Errors of key holders are equal where they say the same.
impl PartialEq for DecryptionError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Malformed { reason }, Self::Malformed { reason: other }) => reason == other,
            (
                Self::Algorithm { role, identifier, refusal, accepted },
                Self::Algorithm { role: other, identifier: named, refusal: why, accepted: instead },
            ) => (role, identifier, refusal, accepted) == (other, named, why, instead),
            (Self::TooManyKeys { uses, most }, Self::TooManyKeys { uses: other, most: bound }) => (uses, most) == (other, bound),
            (Self::KeyUnavailable { source }, Self::KeyUnavailable { source: other }) => source.to_string() == other.to_string(),
            (Self::CipherReference, Self::CipherReference)
            | (Self::CbcUncovered, Self::CbcUncovered)
            | (Self::Failed, Self::Failed) => true,
            _ => false,
        }
    }
}

impl Eq for DecryptionError {}

impl StdError for DecryptionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::KeyUnavailable { source } => Some(&**source),
            _ => None,
        }
    }
}

impl fmt::Display for EncryptionRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "content encryption",
            Self::KeyTransport => "key transport",
            Self::Digest => "digest of the key transport",
            Self::Mask => "mask of the key transport",
        })
    }
}

impl fmt::Display for DecryptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { reason } => write!(f, "malformed encryption: {reason}"),
            Self::CipherReference => f.write_str("the cipher text is a CipherReference, and nothing is fetched"),
            Self::Algorithm { role, identifier, refusal: AlgorithmRefusal::Weak, .. } => {
                write!(f, "the {role} {identifier} is too weak for any connection")
            }
            Self::Algorithm { role, identifier, refusal, .. } => write!(f, "the {role} {identifier} {refusal}"),
            Self::CbcUncovered => f.write_str(
                "AES-CBC, and the Response is not signed: anybody could change the cipher text and watch what happens",
            ),
            Self::TooManyKeys { uses, most } => {
                write!(
                    f,
                    "every private key on every EncryptedKey would be {uses} uses of a private key, and at most {most} are allowed"
                )
            }
            Self::Failed => f.write_str("what is encrypted could not be decrypted to what belongs there"),
            Self::KeyUnavailable { source } => write!(f, "the private key is not available: {source}"),
        }
    }
}

impl Refusal for DecryptionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "encryption_malformed",
            Self::CipherReference => "cipher_reference",
            Self::Algorithm { role, .. } => match role {
                EncryptionRole::Content => "content_encryption_refused",
                EncryptionRole::KeyTransport | EncryptionRole::Digest | EncryptionRole::Mask => "key_transport_refused",
            },
            Self::CbcUncovered => "cbc_uncovered",
            Self::TooManyKeys { .. } => "too_many_encrypted_keys",
            Self::Failed => "decryption_failed",
            Self::KeyUnavailable { .. } => "decryption_key_unavailable",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "XML Encryption 3",
            Self::CipherReference => "XML Encryption 3.3.1",
            Self::Algorithm { .. } => "XML Encryption 5.1",
            Self::CbcUncovered => "XML Encryption 6.1.1",
            Self::TooManyKeys { .. } => "limits",
            Self::Failed | Self::KeyUnavailable { .. } => "XML Encryption 4.4",
        }
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::Algorithm { accepted, .. } => accepted.iter().map(|&accepted| accepted.to_owned()).collect(),
            Self::TooManyKeys { most, .. } => vec![format!("at most {most}")],
            _ => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        match self {
            Self::Algorithm { identifier, .. } => vec![identifier.as_str().to_owned()],
            Self::TooManyKeys { uses, .. } => vec![uses.to_string()],
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Malformed { .. } => {
                "the message is not built as XML Encryption prescribes: report it to the identity provider, or, where it is not known to \
                 send such messages, treat it as an attack"
            }
            Self::CipherReference => {
                "let the identity provider put the cipher text into the message (CipherValue); if it does, treat the message as an attack"
            }
            Self::Algorithm { refusal: AlgorithmRefusal::NotEnabled(name), .. } => {
                return format!(
                    "let the identity provider encrypt with AES-GCM (Auth0: an Action that sets `encryptionAlgorithm` to `aes256-gcm`); \
                     where it cannot, allow `{name}` for this connection"
                );
            }
            Self::Algorithm { role: EncryptionRole::Content, .. } => {
                "let the identity provider encrypt with AES-GCM (aes256-gcm)"
            }
            Self::Algorithm { .. } => {
                "let the identity provider wrap the key with RSA-OAEP (rsa-oaep-mgf1p), with SHA-1 or SHA-256"
            }
            Self::CbcUncovered => {
                return format!(
                    "let the identity provider encrypt with AES-GCM, or sign the Response (Auth0: `signResponse`); where it can do neither, \
                     read what `{}` gives to an attacker, and allow it for this connection",
                    Departure::AesCbcUnderAssertionSignature.name()
                );
            }
            Self::TooManyKeys { .. } => {
                "configure fewer private keys, or let the identity provider encrypt for this service alone, or name its Recipient in each \
                 EncryptedKey"
            }
            Self::Failed => {
                "see that the identity provider encrypts with the certificate that belongs to this service's private key: `saml-verify \
                 inspect` shows for which certificate a message is encrypted, and `saml-verify certificate` the fingerprint of yours. Where \
                 AES-CBC stands without a signed Response, the identity provider's signing certificate may be the wrong one as well"
            }
            Self::KeyUnavailable { .. } => {
                "repair the way to the KMS or HSM that holds the private key; until then nothing that is encrypted can be read"
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_stable() {
        let algorithm =
            |role, refusal| DecryptionError::Algorithm { role, identifier: "urn:x".into(), refusal, accepted: vec!["urn:y"] };
        for (error, code, message) in [
            (
                DecryptionError::Malformed { reason: "no CipherData" },
                "encryption_malformed",
                "malformed encryption: no CipherData",
            ),
            (
                DecryptionError::CipherReference,
                "cipher_reference",
                "the cipher text is a CipherReference, and nothing is fetched",
            ),
            (
                algorithm(EncryptionRole::Content, AlgorithmRefusal::NotEnabled("aes-cbc")),
                "content_encryption_refused",
                "the content encryption \"urn:x\" is not enabled (allow `aes-cbc`)",
            ),
            (
                algorithm(EncryptionRole::KeyTransport, AlgorithmRefusal::Weak),
                "key_transport_refused",
                "the key transport \"urn:x\" is too weak for any connection",
            ),
            (
                algorithm(EncryptionRole::Digest, AlgorithmRefusal::Unknown),
                "key_transport_refused",
                "the digest of the key transport \"urn:x\" is unknown",
            ),
            (
                algorithm(EncryptionRole::Mask, AlgorithmRefusal::Unknown),
                "key_transport_refused",
                "the mask of the key transport \"urn:x\" is unknown",
            ),
            (
                DecryptionError::CbcUncovered,
                "cbc_uncovered",
                "AES-CBC, and the Response is not signed: anybody could change the cipher text and watch what happens",
            ),
            (
                DecryptionError::TooManyKeys { uses: 20, most: 16 },
                "too_many_encrypted_keys",
                "every private key on every EncryptedKey would be 20 uses of a private key, and at most 16 are allowed",
            ),
            (DecryptionError::Failed, "decryption_failed", "what is encrypted could not be decrypted to what belongs there"),
            (
                DecryptionError::unavailable("no route".into()),
                "decryption_key_unavailable",
                "the private key is not available: no route",
            ),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
            assert!(error.remedy().len() > 20 && !error.section().is_empty(), "{code}");
            assert_eq!(error.clone(), error);
            assert_eq!(StdError::source(&error).is_some(), code == "decryption_key_unavailable");
        }
        let named = algorithm(EncryptionRole::Content, AlgorithmRefusal::NotEnabled("aes-cbc"));
        assert!(named.remedy().ends_with("allow `aes-cbc` for this connection"));
        assert_eq!((named.expected(), named.received()), (vec!["urn:y".to_owned()], vec!["urn:x".to_owned()]));
        assert!(DecryptionError::CbcUncovered.remedy().contains("`aes-cbc-under-assertion-signature`"));
    }

    #[test]
    fn errors_are_equal_where_they_say_the_same() {
        let errors = [
            DecryptionError::Malformed { reason: "a" },
            DecryptionError::Malformed { reason: "b" },
            DecryptionError::CipherReference,
            DecryptionError::CbcUncovered,
            DecryptionError::Failed,
            DecryptionError::TooManyKeys { uses: 1, most: 2 },
            DecryptionError::TooManyKeys { uses: 2, most: 2 },
            DecryptionError::unavailable("a".into()),
            DecryptionError::unavailable("b".into()),
        ];
        for (place, error) in errors.iter().enumerate() {
            for (other, with) in errors.iter().enumerate() {
                assert_eq!(error == with, place == other, "{error} {with}");
            }
        }
    }
}
