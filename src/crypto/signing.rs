//! Signing, for messages that we write ourselves.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use super::SignatureAlgorithm;

/// A private key that signs with RSA-SHA256 or ECDSA-SHA256.
pub(crate) enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// The key of a PKCS#8 document (RFC 5958); `None` where it is of no such kind.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(rsa) = RsaKeyPair::from_pkcs8(der) {
            return Some(Self::Rsa(Box::new(rsa)));
        }
        let ecdsa = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
        ecdsa.ok().map(|key| Self::P256(Box::new(key)))
    }

    pub(crate) const fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Self::P256(_) => SignatureAlgorithm::EcdsaSha256,
        }
    }

    /// The signature value; `None` where the system has no randomness to give.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut value = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut value).ok().map(|()| value)
            }
            Self::P256(key) => key.sign(&random, message).ok().map(|value| value.as_ref().to_vec()),
        }
    }
}
