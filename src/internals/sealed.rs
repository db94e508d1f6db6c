//! Cipher texts by hand, for tests that write what no identity provider writes.

use crate::crypto::sealing::{Recipient, Seeded};
use crate::crypto::{ContentCipher, ContentKey, OaepPadding};
use crate::{OaepDigest, WrappedKey};

/// The cipher text of `plaintext` with the cipher of that identifier; `None` for another identifier or a key of another length.
pub fn seal(cipher: &str, key: &[u8], plaintext: &[u8], seed: &str) -> Option<Vec<u8>> {
    of(cipher)?.encrypt(key, plaintext, &mut Seeded::new(seed.as_bytes()))
}

/// What a cipher text decrypts to, and whether it is genuine: what a verification pays for it.
pub fn decrypt_content(cipher: &str, key: &[u8], octets: &[u8]) -> Option<(Vec<u8>, bool)> {
    let decrypted = of(cipher)?.decrypt(Some(&ContentKey::new(key.to_vec())), octets);
    Some((decrypted.octets, decrypted.genuine))
}

/// The content key wrapped for the holder of the key of an RSA certificate.
pub fn wrap(
    certificate_pem: &str,
    digest: OaepDigest,
    mask: OaepDigest,
    label: &[u8],
    key: &[u8],
    seed: &str,
) -> Option<Vec<u8>> {
    let recipient = Recipient::from_pem(certificate_pem.as_bytes())?;
    recipient.wrap(OaepPadding { digest, mask }, label, key, &mut Seeded::new(seed.as_bytes()))
}

/// A key that somebody wrapped with SHA-1 for both digests, as a private key gets it.
pub fn wrapped_key(octets: Vec<u8>) -> WrappedKey {
    let padding = OaepPadding { digest: OaepDigest::Sha1, mask: OaepDigest::Sha1 };
    WrappedKey { octets, padding, label: Vec::new(), recipient: None }
}

fn of(cipher: &str) -> Option<ContentCipher> {
    ContentCipher::ALL.into_iter().find(|known| known.uri() == cipher)
}
