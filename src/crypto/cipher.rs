//! The ciphers of contents: AES-GCM, and AES-CBC where a connection allows it. XML Encryption 1.1 section 5.2.
//!
//! One library has all of them: ring has neither AES-192 nor CBC. On processors with instructions for AES and GHASH it uses them; elsewhere it
//! is constant-time all the same.
//!
//! A key and a cipher text go in, a plaintext comes out that is [genuine](Decrypted::genuine) or not. Why it is not, nobody learns.
//!
//! # Not supported
//!
//! Triple DES, and GCM tags or initialization vectors of other lengths than those that XML Encryption prescribes.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Nonce};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use zeroize::Zeroizing;

use super::ContentKey;
use super::random::fill;
use crate::departure::{Departure, Departures};
use crate::error::{AlgorithmRefusal, DecryptionError, EncryptionRole};

/// A cipher that is implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCipher {
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
}

/// What became of a cipher text.
pub(crate) struct Decrypted {
    /// Whatever it is, it is handled alike until the end.
    pub(crate) octets: Vec<u8>,
    /// Whether key, tag and padding were right.
    pub(crate) genuine: bool,
}

impl ContentCipher {
    pub(crate) const ALL: [Self; 6] =
        [Self::Aes128Gcm, Self::Aes192Gcm, Self::Aes256Gcm, Self::Aes128Cbc, Self::Aes192Cbc, Self::Aes256Cbc];

    /// The octets of the initialization vector of GCM, and of its tag. XML Encryption 1.1 section 5.2.4.
    const GCM_IV: usize = 12;
    const GCM_TAG: usize = 16;
    const BLOCK: usize = 16;

    /// The cipher of that exact identifier, where the connection allows it; `covered` says whether a verified signature covers the
    /// cipher text.
    ///
    /// # Errors
    ///
    /// [`DecryptionError::Algorithm`], or [`DecryptionError::CbcUncovered`] for CBC that nothing protects.
    pub(crate) fn accept(uri: &str, departures: Departures, covered: bool) -> Result<Self, DecryptionError> {
        let refused = |refusal| DecryptionError::Algorithm {
            role: EncryptionRole::Content,
            identifier: uri.into(),
            refusal,
            accepted: Self::accepted(departures),
        };
        let Some(cipher) = Self::ALL.into_iter().find(|cipher| cipher.uri() == uri) else {
            let weak = uri == "http://www.w3.org/2001/04/xmlenc#tripledes-cbc";
            return Err(refused(if weak { AlgorithmRefusal::Weak } else { AlgorithmRefusal::Unknown }));
        };
        if !cipher.is_authenticated() {
            if !departures.contains(Departure::AesCbc) {
                return Err(refused(AlgorithmRefusal::NotEnabled(Departure::AesCbc.name())));
            }
            if !covered && !departures.contains(Departure::AesCbcUnderAssertionSignature) {
                return Err(DecryptionError::CbcUncovered);
            }
        }
        Ok(cipher)
    }

    fn accepted(departures: Departures) -> Vec<&'static str> {
        let cbc = departures.contains(Departure::AesCbc);
        Self::ALL.into_iter().filter(|cipher| cbc || cipher.is_authenticated()).map(Self::uri).collect()
    }

    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes192Gcm => "http://www.w3.org/2009/xmlenc11#aes192-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes192Cbc => "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }

    /// Whether nobody without the key can make or change a cipher text.
    pub(crate) const fn is_authenticated(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm)
    }

    pub(crate) const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc => 16,
            Self::Aes192Gcm | Self::Aes192Cbc => 24,
            Self::Aes256Gcm | Self::Aes256Cbc => 32,
        }
    }

    /// Whether a cipher text can have that length, which everybody sees.
    pub(crate) const fn takes(self, octets: usize) -> bool {
        if self.is_authenticated() {
            octets >= Self::GCM_IV + Self::GCM_TAG
        } else {
            octets > Self::BLOCK && octets.is_multiple_of(Self::BLOCK)
        }
    }

    /// Decrypts with each of the keys: the result is that of the first which the tag confirms or, of CBC, which has none, of the first
    /// that has the length. It takes as long whichever that is, and for as many as did not come out.
    ///
    /// Whoever adds an EncryptedKey of his own would else learn from its use that those in front of it did not come out.
    pub(crate) fn decrypt_with_each(self, keys: &[Option<ContentKey>], octets: &[u8]) -> Decrypted {
        let mut found = Decrypted { octets: Vec::new(), genuine: false };
        let mut is_found = false;
        for key in keys.iter().map(Option::as_ref) {
            let decrypted = self.decrypt(key, octets);
            let has_length = key.is_some_and(|key| key.octets().len() == self.key_len());
            let counts = if self.is_authenticated() { decrypted.genuine } else { has_length };
            if !is_found {
                (found, is_found) = (decrypted, counts);
            }
        }
        found
    }

    /// Decrypts with that key or, where there is none of the right length, with one that nobody knows, so that it takes as long.
    pub(crate) fn decrypt(self, key: Option<&ContentKey>, octets: &[u8]) -> Decrypted {
        let key = key.filter(|key| key.octets().len() == self.key_len());
        let mut decoy = Zeroizing::new([0; 32]);
        let random = fill(&mut *decoy);
        let with = key.map_or(decoy.get(..self.key_len()).unwrap_or_default(), ContentKey::octets);
        let decrypted = match self {
            Self::Aes128Gcm => gcm::<AesGcm<Aes128, U12>>(with, octets),
            Self::Aes192Gcm => gcm::<AesGcm<Aes192, U12>>(with, octets),
            Self::Aes256Gcm => gcm::<AesGcm<Aes256, U12>>(with, octets),
            Self::Aes128Cbc => cbc_padded::<Decryptor<Aes128>>(with, octets),
            Self::Aes192Cbc => cbc_padded::<Decryptor<Aes192>>(with, octets),
            Self::Aes256Cbc => cbc_padded::<Decryptor<Aes256>>(with, octets),
        };
        let Decrypted { octets, genuine } = decrypted.unwrap_or(Decrypted { octets: Vec::new(), genuine: false });
        Decrypted { octets, genuine: genuine & key.is_some() & random.is_some() }
    }
}

/// XML Encryption 1.1 section 5.2.4: the initialization vector in front, the tag behind.
fn gcm<C: KeyInit + Aead<NonceSize = U12>>(key: &[u8], octets: &[u8]) -> Option<Decrypted> {
    let (nonce, sealed) = octets.split_at_checked(ContentCipher::GCM_IV)?;
    let nonce = Nonce::<U12>::try_from(nonce).ok()?;
    let octets = C::new_from_slice(key).ok()?.decrypt(&nonce, sealed).ok()?;
    Some(Decrypted { octets, genuine: true })
}

/// XML Encryption 1.1 section 5.2.2: the initialization vector in front; of the padding the last octet alone counts, which is its
/// length. A plaintext with a wrong padding is handed on whole, so that it costs what another costs.
fn cbc_padded<C: KeyIvInit + BlockModeDecrypt>(key: &[u8], octets: &[u8]) -> Option<Decrypted> {
    let (iv, sealed) = octets.split_at_checked(ContentCipher::BLOCK)?;
    let mut plain = sealed.to_vec();
    let length = C::new_from_slices(key, iv).ok()?.decrypt_padded::<NoPadding>(&mut plain).ok()?.len();
    let padding = usize::from(plain.last().copied().unwrap_or_default());
    let genuine = (1..=ContentCipher::BLOCK).contains(&padding);
    plain.truncate(length.saturating_sub(if genuine { padding } else { 0 }));
    Some(Decrypted { octets: plain, genuine })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST, "The Galois/Counter Mode of Operation", test cases 2, 8 and 14: a block of zeros under a key and a vector of zeros.
    const GCM: [(ContentCipher, &str); 3] = [
        (ContentCipher::Aes128Gcm, "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
        (ContentCipher::Aes192Gcm, "98e7247c07f0fe411c267e4384b0f6002ff58d80033927ab8ef4d4587514f0fb"),
        (ContentCipher::Aes256Gcm, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ];

    /// NIST SP 800-38A sections F.2.1, F.2.3 and F.2.5: the first block of each, with its vector.
    const CBC: [(ContentCipher, &str, &str); 3] = [
        (ContentCipher::Aes128Cbc, "2b7e151628aed2a6abf7158809cf4f3c", "7649abac8119b246cee98e9b12e9197d"),
        (ContentCipher::Aes192Cbc, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "4f021db243bc633d7178183a9fa071e8"),
        (
            ContentCipher::Aes256Cbc,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "f58c4c04d6e5f1ba779eabfb5f7bfbd6",
        ),
    ];

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn gcm_is_that_of_the_standard() {
        for (cipher, sealed) in GCM {
            let key = ContentKey::new(vec![0; cipher.key_len()]);
            let octets = [vec![0; 12], hex(sealed)].concat();
            let opened = cipher.decrypt(Some(&key), &octets);
            assert_eq!((opened.octets, opened.genuine), (vec![0; 16], true), "{cipher:?}");
            for place in 0..octets.len() {
                let mut changed = octets.clone();
                changed[place] ^= 1;
                let opened = cipher.decrypt(Some(&key), &changed);
                assert_eq!((opened.octets, opened.genuine), (Vec::new(), false), "{cipher:?} {place}");
            }
            for cut in 0..octets.len() {
                assert!(!cipher.decrypt(Some(&key), &octets[..cut]).genuine, "{cipher:?} {cut}");
            }
        }
    }

    /// The published block is no padded text: with its last octet turned into a length through the vector, it is one.
    #[test]
    fn cbc_is_that_of_the_standard_and_the_last_octet_is_the_padding() {
        const IV: &str = "000102030405060708090a0b0c0d0e0f";
        let plain = hex("6bc1bee22e409f96e93d7e117393172a");
        for (cipher, key, block) in CBC {
            let key = ContentKey::new(hex(key));
            let with_last = |last: u8| {
                let mut iv = hex(IV);
                iv[15] ^= plain[15] ^ last;
                cipher.decrypt(Some(&key), &[iv, hex(block)].concat())
            };
            for last in 0..=255 {
                let opened = with_last(last);
                let kept = if (1..=16).contains(&last) { 16 - usize::from(last) } else { 16 };
                assert_eq!((opened.octets.len(), opened.genuine), (kept, kept < 16), "{cipher:?} {last}");
                assert_eq!(opened.octets[..kept.min(15)], plain[..kept.min(15)], "{cipher:?} {last}");
            }
        }
    }

    #[test]
    fn without_a_key_of_the_right_length_nothing_is_genuine() {
        for (cipher, sealed) in GCM {
            let octets = [vec![0; 12], hex(sealed)].concat();
            for length in [0, 15, 16, 24, 32, 33] {
                let key = ContentKey::new(vec![0; length]);
                assert_eq!(cipher.decrypt(Some(&key), &octets).genuine, length == cipher.key_len(), "{cipher:?} {length}");
            }
            assert!(!cipher.decrypt(None, &octets).genuine);
        }
        // With CBC a decoy makes octets of some sort, one in sixteen times with a padding: so it takes as long as the right key.
        let keys = [None, Some(ContentKey::new(vec![0; 15])), Some(ContentKey::new(vec![0; 32]))];
        for key in keys.iter().cycle().take(192) {
            let decrypted = ContentCipher::Aes128Cbc.decrypt(key.as_ref(), &[7; 64]);
            assert!(!decrypted.genuine);
            assert!((32..=48).contains(&decrypted.octets.len()));
        }
    }

    /// With a tag it says which key counts, wherever it stands; without one the first does that could be it.
    #[test]
    fn of_several_keys_one_counts() {
        let (gcm, sealed) = GCM[0];
        let octets = [vec![0; 12], hex(sealed)].concat();
        let of = |octet, length| Some(ContentKey::new(vec![octet; length]));
        for (keys, genuine) in [
            (vec![], false),
            (vec![None], false),
            (vec![None, of(0, 16)], true),
            (vec![of(1, 16), of(0, 16)], true),
            (vec![of(0, 16), of(1, 16), None], true),
            (vec![of(0, 32), of(1, 16)], false),
        ] {
            let opened = gcm.decrypt_with_each(&keys, &octets);
            let octets = if genuine { vec![0; 16] } else { Vec::new() };
            assert_eq!((opened.octets, opened.genuine), (octets, genuine), "{keys:?}");
        }
        // Long enough that no wrong key leaves the first octets as the right one does.
        let octets = vec![7; 80];
        for first in 0..32 {
            let by = |key: &Option<ContentKey>| ContentCipher::Aes128Cbc.decrypt(key.as_ref(), &octets).octets[..48].to_vec();
            let keys = [None, of(9, 32), of(first, 16), of(99, 16)];
            let opened = ContentCipher::Aes128Cbc.decrypt_with_each(&keys, &octets);
            assert_eq!(opened.octets[..48], by(&keys[2]), "{first}");
        }
    }

    #[test]
    fn lengths_are_those_that_a_cipher_text_can_have() {
        let lengths = |cipher: ContentCipher| (0..66).filter(|&octets| cipher.takes(octets)).collect::<Vec<_>>();
        assert_eq!(lengths(ContentCipher::Aes192Gcm), (28..66).collect::<Vec<_>>());
        assert_eq!(lengths(ContentCipher::Aes192Cbc), [32, 48, 64]);
    }

    #[test]
    fn cbc_needs_its_departures() {
        let both = Departures::default().with(Departure::AesCbc).with(Departure::AesCbcUnderAssertionSignature);
        let [none, first, second] = [
            Departures::default(),
            Departures::default().with(Departure::AesCbc),
            Departures::default().with(Departure::AesCbcUnderAssertionSignature),
        ];
        for cipher in ContentCipher::ALL {
            for (departures, covered, accepted) in [
                (none, false, cipher.is_authenticated()),
                (none, true, cipher.is_authenticated()),
                (first, true, true),
                (first, false, cipher.is_authenticated()),
                (second, true, cipher.is_authenticated()),
                (second, false, cipher.is_authenticated()),
                (both, true, true),
                (both, false, true),
            ] {
                let found = ContentCipher::accept(cipher.uri(), departures, covered);
                assert_eq!(found.is_ok(), accepted, "{cipher:?} {departures:?} {covered}");
            }
        }
        let uri = ContentCipher::Aes256Cbc.uri();
        assert_eq!(ContentCipher::accept(uri, first, false), Err(DecryptionError::CbcUncovered));
        let refusal = |uri| match ContentCipher::accept(uri, both, true) {
            Err(DecryptionError::Algorithm { role: EncryptionRole::Content, refusal, accepted, .. }) => (refusal, accepted.len()),
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"), (AlgorithmRefusal::Weak, 6));
        assert_eq!(refusal("urn:rot13"), (AlgorithmRefusal::Unknown, 6));
    }
}
