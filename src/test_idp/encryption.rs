//! What is encrypted, for whom and how, as tests choose it; and the markup of it.

use crate::base64;
use crate::crypto::sealing::{Recipient, Seeded};
use crate::crypto::{ContentCipher, KeyTransport, OaepDigest, OaepPadding};
use crate::xml::{Namespace, Writer};

/// What of a login is encrypted.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptedPart {
    /// The Assertion, signed or not.
    Assertion,
    /// The NameID, before anything is signed.
    NameId,
    /// Each attribute by itself, before anything is signed.
    Attributes,
}

impl EncryptedPart {
    /// The element that carries it.
    pub(super) const fn element(self) -> &'static str {
        match self {
            Self::Assertion => "saml:EncryptedAssertion",
            Self::NameId => "saml:EncryptedID",
            Self::Attributes => "saml:EncryptedAttribute",
        }
    }
}

/// The cipher of a content.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncryption {
    /// AES-128 in GCM.
    Aes128Gcm,
    /// AES-192 in GCM.
    Aes192Gcm,
    /// AES-256 in GCM.
    Aes256Gcm,
    /// AES-128 in CBC, which a service reads only with [`Departure::AesCbc`](crate::Departure::AesCbc).
    Aes128Cbc,
    /// AES-192 in CBC.
    Aes192Cbc,
    /// AES-256 in CBC, Auth0's default.
    Aes256Cbc,
}

impl ContentEncryption {
    const fn cipher(self) -> ContentCipher {
        match self {
            Self::Aes128Gcm => ContentCipher::Aes128Gcm,
            Self::Aes192Gcm => ContentCipher::Aes192Gcm,
            Self::Aes256Gcm => ContentCipher::Aes256Gcm,
            Self::Aes128Cbc => ContentCipher::Aes128Cbc,
            Self::Aes192Cbc => ContentCipher::Aes192Cbc,
            Self::Aes256Cbc => ContentCipher::Aes256Cbc,
        }
    }
}

/// How the key of a content is wrapped.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWrapping {
    /// `rsa-oaep-mgf1p` of XML Encryption 1.0, with that digest and a mask over SHA-1.
    RsaOaepMgf1p(OaepDigest),
    /// `rsa-oaep` of XML Encryption 1.1.
    RsaOaep {
        /// The digest of the padding.
        digest: OaepDigest,
        /// That of the mask.
        mask: OaepDigest,
    },
}

impl KeyWrapping {
    const fn transport(self) -> KeyTransport {
        match self {
            Self::RsaOaepMgf1p(_) => KeyTransport::RsaOaepMgf1p,
            Self::RsaOaep { .. } => KeyTransport::RsaOaep,
        }
    }

    const fn padding(self) -> OaepPadding {
        match self {
            Self::RsaOaepMgf1p(digest) => OaepPadding { digest, mask: OaepDigest::Sha1 },
            Self::RsaOaep { digest, mask } => OaepPadding { digest, mask },
        }
    }
}

/// For whom and how something is encrypted.
#[derive(Clone)]
pub(super) struct Encryption {
    pub(super) part: EncryptedPart,
    pub(super) recipient: Recipient,
    pub(super) cipher: ContentEncryption,
    pub(super) wrapping: KeyWrapping,
}

impl Encryption {
    pub(super) const fn new(recipient: Recipient) -> Self {
        Self {
            part: EncryptedPart::Assertion,
            recipient,
            cipher: ContentEncryption::Aes256Gcm,
            wrapping: KeyWrapping::RsaOaepMgf1p(OaepDigest::Sha1),
        }
    }

    /// The element that carries the part, with `plaintext` encrypted in it. What is random follows from the seed.
    pub(super) fn encrypted(&self, plaintext: &str, seed: &str) -> String {
        let mut random = Seeded::new(seed.as_bytes());
        let cipher = self.cipher.cipher();
        let key = random.draw(cipher.key_len());
        let octets = cipher.encrypt(&key, plaintext.as_bytes(), &mut random).unwrap_or_default();
        let wrapped = self.recipient.wrap(self.wrapping.padding(), &[], &key, &mut random).unwrap_or_default();
        let mut writer = Writer::default();
        writer.element(self.part.element(), &[], |writer| {
            let declarations = [
                ("xmlns:ds", Some(Namespace::Dsig.name())),
                ("xmlns:xenc", Some(Namespace::Encryption.name())),
                ("xmlns:xenc11", Some(Namespace::Encryption11.name())),
                ("Type", Some("http://www.w3.org/2001/04/xmlenc#Element")),
            ];
            writer.element("xenc:EncryptedData", &declarations, |writer| {
                writer.element("xenc:EncryptionMethod", &[("Algorithm", Some(cipher.uri()))], |_| {});
                writer.element("ds:KeyInfo", &[], |writer| {
                    writer.element("xenc:EncryptedKey", &[], |writer| {
                        self.key_method(writer);
                        cipher_data(writer, &wrapped);
                    });
                });
                cipher_data(writer, &octets);
            });
        });
        writer.finish()
    }

    fn key_method(&self, writer: &mut Writer) {
        let OaepPadding { digest, mask } = self.wrapping.padding();
        let algorithm = |uri| [("Algorithm", Some(uri))];
        writer.element("xenc:EncryptionMethod", &algorithm(self.wrapping.transport().uri()), |writer| {
            writer.element("ds:DigestMethod", &algorithm(digest.uri()), |_| {});
            if matches!(self.wrapping, KeyWrapping::RsaOaep { .. }) {
                writer.element("xenc11:MGF", &algorithm(mask.mask_uri()), |_| {});
            }
        });
    }
}

fn cipher_data(writer: &mut Writer, octets: &[u8]) {
    writer.element("xenc:CipherData", &[], |writer| {
        writer.element("xenc:CipherValue", &[], |writer| writer.text(&base64::encode(octets)));
    });
}
