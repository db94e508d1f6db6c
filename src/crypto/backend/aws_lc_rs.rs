//! aws-lc-rs: keys are prepared once, and P-521 is among them.

use ::aws_lc_rs::digest;
pub(in crate::crypto) use ::aws_lc_rs::digest::{Context, Digest};
use ::aws_lc_rs::rand::{SecureRandom, SystemRandom};
use ::aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    ParsedPublicKey, RsaEncoding, RsaKeyPair, VerificationAlgorithm,
};

use crate::crypto::algorithm::{DigestAlgorithm, KeyFamily, SignatureAlgorithm};

/// Keys on P-521, with SHA-512.
pub(in crate::crypto) const VERIFIES_P521: bool = true;

/// A digest in the making.
pub(in crate::crypto) fn context(algorithm: DigestAlgorithm) -> Context {
    Context::new(digest_algorithm(algorithm))
}

/// The digest of `bytes`.
pub(in crate::crypto) fn digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Digest {
    digest::digest(digest_algorithm(algorithm), bytes)
}

fn digest_algorithm(algorithm: DigestAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        DigestAlgorithm::Sha256 => &digest::SHA256,
        DigestAlgorithm::Sha384 => &digest::SHA384,
        DigestAlgorithm::Sha512 => &digest::SHA512,
        DigestAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
    }
}

/// Fills `bytes` from the system; `None` where it has nothing to give.
pub(in crate::crypto) fn fill_random(bytes: &mut [u8]) -> Option<()> {
    SystemRandom::new().fill(bytes).ok()
}

/// A public key, ready to verify with: parsed once for each method of its family, for a parsed key has one method.
#[derive(Clone)]
pub(in crate::crypto) struct VerifyingKey(Vec<(SignatureAlgorithm, ParsedPublicKey)>);

impl VerifyingKey {
    /// Takes a PKCS #1 `RSAPublicKey`, an uncompressed point, or the 32 bytes of an Ed25519 key. Numbers that make no key verify
    /// nothing.
    pub(in crate::crypto) fn new(family: KeyFamily, key: &[u8]) -> Self {
        let methods = SignatureAlgorithm::ALL.into_iter().filter(|method| method.key_family() == family);
        let parsed = |method| ParsedPublicKey::new(verification(method), key).ok().map(|key| (method, key));
        Self(methods.filter_map(parsed).collect())
    }

    /// Whether `signature` is this key's over `message`: one public-key operation. The method is one of the key's family.
    ///
    /// XMLDSig 1.1 section 6.4. aws-lc-rs wants RSA values as long as the modulus and ECDSA values as `r || s` of fixed length; it
    /// compares the whole padded block for PKCS #1 v1.5 (RFC 8017 section 8.2.2).
    pub(in crate::crypto) fn verifies(&self, method: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = self.0.iter().find(|(of, _)| *of == method);
        key.is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

/// ECDSA values are `r || s` of fixed length (XMLDSig 1.1 section 6.4.3), RSA-PSS salts as long as the digest (RFC 9231).
fn verification(method: SignatureAlgorithm) -> &'static dyn VerificationAlgorithm {
    match method {
        SignatureAlgorithm::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        SignatureAlgorithm::RsaSha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        SignatureAlgorithm::RsaSha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        SignatureAlgorithm::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        SignatureAlgorithm::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
        SignatureAlgorithm::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        SignatureAlgorithm::EcdsaSha256 => &signature::ECDSA_P256_SHA256_FIXED,
        SignatureAlgorithm::EcdsaSha384 => &signature::ECDSA_P384_SHA384_FIXED,
        SignatureAlgorithm::EcdsaSha512 => &signature::ECDSA_P521_SHA512_FIXED,
        SignatureAlgorithm::Ed25519 => &signature::ED25519,
        SignatureAlgorithm::RsaSha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    }
}

/// A private RSA key.
pub(in crate::crypto) struct RsaSigningKey(RsaKeyPair);

impl RsaSigningKey {
    /// Takes an `RSAPrivateKey` (RFC 8017 appendix A.1.2); `None` where its numbers do not belong together.
    pub(in crate::crypto) fn new(pkcs1: &[u8]) -> Option<Self> {
        RsaKeyPair::from_der(pkcs1).ok().map(Self)
    }

    /// `None` where the system has no randomness to give, or the method is no RSA over SHA-2.
    pub(in crate::crypto) fn sign(&self, method: SignatureAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
        let mut value = vec![0; self.0.public_modulus_len()];
        self.0.sign(rsa_encoding(method)?, &SystemRandom::new(), message, &mut value).ok().map(|()| value)
    }
}

fn rsa_encoding(method: SignatureAlgorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match method {
        SignatureAlgorithm::RsaSha256 => &signature::RSA_PKCS1_SHA256,
        SignatureAlgorithm::RsaSha384 => &signature::RSA_PKCS1_SHA384,
        SignatureAlgorithm::RsaSha512 => &signature::RSA_PKCS1_SHA512,
        SignatureAlgorithm::RsaPssSha256 => &signature::RSA_PSS_SHA256,
        SignatureAlgorithm::RsaPssSha384 => &signature::RSA_PSS_SHA384,
        SignatureAlgorithm::RsaPssSha512 => &signature::RSA_PSS_SHA512,
        SignatureAlgorithm::RsaSha1
        | SignatureAlgorithm::EcdsaSha256
        | SignatureAlgorithm::EcdsaSha384
        | SignatureAlgorithm::EcdsaSha512
        | SignatureAlgorithm::Ed25519 => return None,
    })
}

/// A private key on a curve, with the one method that goes with it.
pub(in crate::crypto) struct EllipticSigningKey(EcdsaKeyPair);

impl EllipticSigningKey {
    /// Takes a scalar of fixed length and an uncompressed point; `None` where they do not belong together, or the method is no ECDSA
    /// that is signed by.
    pub(in crate::crypto) fn new(method: SignatureAlgorithm, scalar: &[u8], point: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_private_key_and_public_key(ecdsa(method)?, scalar, point).ok().map(Self)
    }

    /// `r || s`; `None` where the system has no randomness to give.
    pub(in crate::crypto) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.0.sign(&SystemRandom::new(), message).ok().map(|value| value.as_ref().to_vec())
    }
}

const fn ecdsa(method: SignatureAlgorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    match method {
        SignatureAlgorithm::EcdsaSha256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
        SignatureAlgorithm::EcdsaSha384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => None,
    }
}

/// A private Ed25519 key.
pub(in crate::crypto) struct Ed25519SigningKey(Ed25519KeyPair);

impl Ed25519SigningKey {
    /// Takes a PKCS #8 document (RFC 8410 section 7), with or without the public key in it.
    pub(in crate::crypto) fn new(pkcs8: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).ok().map(Self)
    }

    pub(in crate::crypto) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    /// With the feature `fips` and not without it: a module that was only asked for is none.
    #[test]
    fn the_fips_module_is_what_computes_if_the_feature_is_on() {
        assert_eq!(::aws_lc_rs::try_fips_mode().is_ok(), cfg!(feature = "fips"));
    }
}
