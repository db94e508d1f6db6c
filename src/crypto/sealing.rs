//! Encryption, for the identity provider of tests: the other side of the ciphers and of the key transport.
//!
//! Whatever should be random follows from a seed here, so that a test makes the same message twice. Nothing else may encrypt with it.

use std::convert::Infallible;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Nonce};
use cbc::Encryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use rsa::rand_core::utils::next_word_via_fill;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::Sha256;
use rsa::sha2::digest::FixedOutputReset;
use rsa::{BoxedUint, Oaep, PublicKey};
use sha1::Sha1;

use super::public_key::rsa_numbers_of;
use super::unwrap::{OaepDigest, OaepPadding};
use super::x509::Fields;
use super::{ContentCipher, Digest, DigestAlgorithm, certificate_ders};

/// Octets that look random and follow from a seed.
pub(crate) struct Seeded {
    seed: Vec<u8>,
    drawn: u64,
}

impl Seeded {
    pub(crate) fn new(seed: &[u8]) -> Self {
        Self { seed: seed.to_vec(), drawn: 0 }
    }

    pub(crate) fn draw(&mut self, length: usize) -> Vec<u8> {
        let block = |_| {
            self.drawn = self.drawn.wrapping_add(1);
            Digest::of(DigestAlgorithm::Sha256, &[&self.seed[..], &self.drawn.to_be_bytes()].concat()).as_ref().to_vec()
        };
        (0..length.div_ceil(32)).flat_map(block).take(length).collect()
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Infallible> {
        let drawn = self.draw(octets.len());
        octets.copy_from_slice(&drawn);
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

impl ContentCipher {
    /// The cipher text of `plaintext`; `None` where the key has another length than the cipher's.
    pub(crate) fn encrypt(self, key: &[u8], plaintext: &[u8], random: &mut Seeded) -> Option<Vec<u8>> {
        match self {
            Self::Aes128Gcm => gcm::<AesGcm<Aes128, U12>>(key, plaintext, random),
            Self::Aes192Gcm => gcm::<AesGcm<Aes192, U12>>(key, plaintext, random),
            Self::Aes256Gcm => gcm::<AesGcm<Aes256, U12>>(key, plaintext, random),
            Self::Aes128Cbc => cbc_padded::<Encryptor<Aes128>>(key, plaintext, random),
            Self::Aes192Cbc => cbc_padded::<Encryptor<Aes192>>(key, plaintext, random),
            Self::Aes256Cbc => cbc_padded::<Encryptor<Aes256>>(key, plaintext, random),
        }
    }
}

fn gcm<C: KeyInit + Aead<NonceSize = U12>>(key: &[u8], plaintext: &[u8], random: &mut Seeded) -> Option<Vec<u8>> {
    let iv = random.draw(12);
    let nonce = Nonce::<U12>::try_from(iv.as_slice()).ok()?;
    let sealed = C::new_from_slice(key).ok()?.encrypt(&nonce, plaintext).ok()?;
    Some([iv, sealed].concat())
}

/// All octets of the padding but the last one mean nothing.
fn cbc_padded<C: KeyIvInit + BlockModeEncrypt>(key: &[u8], plaintext: &[u8], random: &mut Seeded) -> Option<Vec<u8>> {
    const BLOCK: usize = 16;
    let iv = random.draw(BLOCK);
    let padding = BLOCK - plaintext.len() % BLOCK;
    let mut octets = [plaintext, &random.draw(padding)].concat();
    *octets.last_mut()? = u8::try_from(padding).ok()?;
    let length = octets.len();
    C::new_from_slices(key, &iv).ok()?.encrypt_padded::<NoPadding>(&mut octets, length).ok()?;
    Some([iv, octets].concat())
}

/// Whoever holds the private key of a certificate.
#[derive(Clone)]
pub(crate) struct Recipient(PublicKey);

impl Recipient {
    /// Of the first certificate in a PEM file; `None` where that has no RSA key.
    pub(crate) fn from_pem(certificate_pem: &[u8]) -> Option<Self> {
        let certificates = certificate_ders(certificate_pem).ok()?;
        let fields = Fields::read(certificates.first()?).ok()?;
        let (modulus, exponent) = rsa_numbers_of(fields.public_key)?;
        let number = |octets: &[u8]| BoxedUint::from_be_slice(octets, u32::try_from(octets.len()).ok()?.checked_mul(8)?).ok();
        PublicKey::new(number(modulus)?, number(exponent)?).ok().map(Self)
    }

    /// The content key, wrapped; `None` where it is too long.
    pub(crate) fn wrap(&self, padding: OaepPadding, label: &[u8], key: &[u8], random: &mut Seeded) -> Option<Vec<u8>> {
        use OaepDigest::{Sha1 as One, Sha256 as Two};
        match (padding.digest, padding.mask) {
            (One, One) => oaep::<Sha1, Sha1>(&self.0, label, key, random),
            (One, Two) => oaep::<Sha1, Sha256>(&self.0, label, key, random),
            (Two, One) => oaep::<Sha256, Sha1>(&self.0, label, key, random),
            (Two, Two) => oaep::<Sha256, Sha256>(&self.0, label, key, random),
        }
    }
}

fn oaep<D, M>(recipient: &PublicKey, label: &[u8], key: &[u8], random: &mut Seeded) -> Option<Vec<u8>>
where
    D: rsa::sha2::Digest + FixedOutputReset,
    M: rsa::sha2::Digest + FixedOutputReset,
{
    let label = (!label.is_empty()).then(|| label.to_vec().into_boxed_slice());
    recipient.encrypt(random, Oaep { digest: D::new(), mgf_digest: M::new(), label }, key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_octets_that_follow_from_the_seed() {
        let octets = Seeded::new(b"seed").draw(8);
        let of_octets = u64::from_le_bytes(octets.as_slice().try_into().unwrap());
        assert_eq!(Seeded::new(b"seed").try_next_u64(), Ok(of_octets));
        let low = u32::from_le_bytes(octets[..4].try_into().unwrap());
        assert_eq!(Seeded::new(b"seed").try_next_u32(), Ok(low));
        assert_ne!(Seeded::new(b"other").draw(8), octets);
    }
}
