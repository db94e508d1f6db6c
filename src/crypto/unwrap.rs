//! Keys that are wrapped for us: what is to be unwrapped, and who can do it. XML Encryption 1.1 sections 5.5.2 and 3.5.1.
//!
//! In goes an EncryptedKey as a message has it; out comes the key of a cipher text, or nothing. [`DecryptionKey`](super::DecryptionKey)
//! does it here; a service whose private key must not leave its KMS or HSM implements one of the two traits.
//!
//! # Not supported
//!
//! RSA 1.5 (Bleichenbacher 1998), whose every use is an oracle; key agreement; keys that both sides share.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{AlgorithmRefusal, DecryptionError, EncryptionRole};

/// A content key, wrapped with RSA-OAEP for whoever holds the private key. RFC 8017 section 7.1.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    pub(crate) octets: Vec<u8>,
    pub(crate) padding: OaepPadding,
    pub(crate) label: Vec<u8>,
    pub(crate) recipient: Option<String>,
}

/// The digests of an RSA-OAEP padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OaepPadding {
    pub(crate) digest: OaepDigest,
    pub(crate) mask: OaepDigest,
}

/// A digest within an RSA-OAEP padding. None of the two has to resist collisions there, so that SHA-1 is no weakness (RFC 8017 section
/// 7.1).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OaepDigest {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl WrappedKey {
    /// What the private key decrypts: as many octets as its modulus has, if the key is for it.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The digest of the padding.
    pub fn digest(&self) -> OaepDigest {
        self.padding.digest
    }

    /// The digest of the padding's mask (MGF1), which may be another one.
    pub fn mask_digest(&self) -> OaepDigest {
        self.padding.mask
    }

    /// The label (`OAEPparams`), which is nearly always empty.
    pub fn label(&self) -> &[u8] {
        &self.label
    }

    /// For whom the message says that it is: a hint that nobody vouches for.
    pub fn recipient(&self) -> Option<&str> {
        self.recipient.as_deref()
    }
}

/// Shows nothing of the key, wrapped as it is.
impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey").field("octets", &self.octets.len()).field("padding", &self.padding).finish_non_exhaustive()
    }
}

/// The key of a cipher text, unwrapped. It is overwritten when it is dropped, and its debug form shows nothing.
pub struct ContentKey(Zeroizing<Vec<u8>>);

impl ContentKey {
    /// The key of these octets.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// Why nobody could say whether a key is for us: a KMS that does not answer.
pub type UnwrapUnavailable = Box<dyn StdError + Send + Sync>;

/// Unwraps content keys with a private key that it holds: [`DecryptionKey`](crate::DecryptionKey) does, and so may a client of a KMS or
/// an HSM.
///
/// ```
/// use saml_verify::{ContentKey, UnwrapKey, UnwrapUnavailable, WrappedKey};
///
/// # struct Session;
/// # enum Failure { Padding, Connection(std::io::Error) }
/// # impl Session { fn rsa_oaep(&self, _: &[u8], _: bool, _: bool) -> Result<Vec<u8>, Failure> { Err(Failure::Padding) } }
/// struct Hsm {
///     session: Session,
/// }
///
/// impl UnwrapKey for Hsm {
///     fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
///         # let (sha256, mask_sha256) = (true, true);
///         match self.session.rsa_oaep(wrapped.octets(), sha256, mask_sha256) {
///             Ok(key) => Ok(Some(ContentKey::new(key))),
///             // "Invalid cipher text", and every other answer that depends on what was sent.
///             Err(Failure::Padding) => Ok(None),
///             Err(Failure::Connection(error)) => Err(error.into()),
///         }
///     }
/// }
/// ```
pub trait UnwrapKey: Send + Sync {
    /// The content key, or `None` where this private key does not open it.
    ///
    /// Whatever depends on what was sent is `None`, whether padding, length or algorithm is wrong: the message is then refused later,
    /// with the error of every other failed decryption, and whoever probes learns nothing.
    ///
    /// # Errors
    ///
    /// Where the key could not be asked, for reasons that have nothing to do with the message. The login is refused with
    /// [`DecryptionError::KeyUnavailable`].
    fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable>;
}

/// The answer of an [`AsyncUnwrapKey`], which comes later: `Box::pin(async move { … })`.
pub type UnwrapFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<ContentKey>, UnwrapUnavailable>> + Send + 'a>>;

/// [`UnwrapKey`] for a KMS across a network, whose answer is waited for: for [`Verifier::verify_post_async`](crate::Verifier::verify_post_async).
pub trait AsyncUnwrapKey: Send + Sync {
    /// As [`UnwrapKey::unwrap_key`].
    fn unwrap_key<'a>(&'a self, wrapped: &'a WrappedKey) -> UnwrapFuture<'a>;
}

macro_rules! behind {
    ($($pointer:ty),+) => {
        $(impl<K: UnwrapKey + ?Sized> UnwrapKey for $pointer {
            fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Option<ContentKey>, UnwrapUnavailable> {
                (**self).unwrap_key(wrapped)
            }
        }

        impl<K: AsyncUnwrapKey + ?Sized> AsyncUnwrapKey for $pointer {
            fn unwrap_key<'a>(&'a self, wrapped: &'a WrappedKey) -> UnwrapFuture<'a> {
                (**self).unwrap_key(wrapped)
            }
        })+
    };
}

behind!(&K, Arc<K>, Box<K>);

/// How a content key is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyTransport {
    /// XML Encryption 1.0: the mask is over SHA-1, whatever the digest.
    RsaOaepMgf1p,
    /// XML Encryption 1.1: the message names both.
    RsaOaep,
}

impl KeyTransport {
    const ALL: [Self; 2] = [Self::RsaOaepMgf1p, Self::RsaOaep];

    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::RsaOaepMgf1p => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            Self::RsaOaep => "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        }
    }

    /// The transport of that exact identifier.
    ///
    /// # Errors
    ///
    /// [`DecryptionError::Algorithm`] with what is accepted instead.
    pub(crate) fn accept(uri: &str) -> Result<Self, DecryptionError> {
        const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
        Self::ALL.into_iter().find(|transport| transport.uri() == uri).ok_or_else(|| DecryptionError::Algorithm {
            role: EncryptionRole::KeyTransport,
            identifier: uri.into(),
            refusal: if uri == RSA_1_5 { AlgorithmRefusal::Weak } else { AlgorithmRefusal::Unknown },
            accepted: Self::ALL.map(Self::uri).to_vec(),
        })
    }

    /// The padding for the identifiers of DigestMethod and MGF, each SHA-1 where there is none.
    ///
    /// # Errors
    ///
    /// [`DecryptionError::Algorithm`] for any other digest or mask, [`DecryptionError::Malformed`] for an MGF where it is fixed.
    pub(crate) fn padding(self, digest: Option<&str>, mask: Option<&str>) -> Result<OaepPadding, DecryptionError> {
        let digest_uri = digest.unwrap_or(OaepDigest::Sha1.uri());
        let accepted = OaepDigest::ALL.map(OaepDigest::uri).to_vec();
        let digest = OaepDigest::from_uri(digest_uri).ok_or_else(|| refused(EncryptionRole::Digest, digest_uri, accepted))?;
        let mask = match (self, mask) {
            (Self::RsaOaepMgf1p, None) if digest_uri == OaepDigest::SHA256_OF_NODE => OaepDigest::Sha256,
            (Self::RsaOaepMgf1p | Self::RsaOaep, None) => OaepDigest::Sha1,
            (Self::RsaOaepMgf1p, Some(_)) => {
                return Err(DecryptionError::Malformed { reason: "an MGF in rsa-oaep-mgf1p, where it is fixed" });
            }
            (Self::RsaOaep, Some(uri)) => {
                let accepted = OaepDigest::ALL.map(OaepDigest::mask_uri).to_vec();
                let found = OaepDigest::ALL.into_iter().find(|digest| digest.mask_uri() == uri);
                found.ok_or_else(|| refused(EncryptionRole::Mask, uri, accepted))?
            }
        };
        Ok(OaepPadding { digest, mask })
    }
}

fn refused(role: EncryptionRole, uri: &str, accepted: Vec<&'static str>) -> DecryptionError {
    DecryptionError::Algorithm { role, identifier: uri.into(), refusal: AlgorithmRefusal::Unknown, accepted }
}

impl OaepDigest {
    const ALL: [Self; 2] = [Self::Sha1, Self::Sha256];

    /// No specification has this identifier. Node's `xml-encryption` writes it, and then, as Node's default is, masks with SHA-256, too.
    const SHA256_OF_NODE: &str = "http://www.w3.org/2000/09/xmldsig#sha256";

    fn from_uri(uri: &str) -> Option<Self> {
        if uri == Self::SHA256_OF_NODE {
            return Some(Self::Sha256);
        }
        Self::ALL.into_iter().find(|digest| digest.uri() == uri)
    }

    /// XML Encryption 1.1 section 5.8.
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        }
    }

    /// XML Encryption 1.1 section 5.5.2.
    pub(crate) const fn mask_uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2009/xmlenc11#mgf1sha1",
            Self::Sha256 => "http://www.w3.org/2009/xmlenc11#mgf1sha256",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transport_and_its_digests_say_the_padding() {
        use OaepDigest::{Sha1, Sha256};
        const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
        const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
        let [sha1, sha256] = [Sha1.uri(), Sha256.uri()].map(Some);
        let [mask1, mask256] = [Sha1.mask_uri(), Sha256.mask_uri()].map(Some);
        for (transport, digest, mask, expected) in [
            (MGF1P, None, None, (Sha1, Sha1)),
            (MGF1P, sha1, None, (Sha1, Sha1)),
            (MGF1P, sha256, None, (Sha256, Sha1)),
            (MGF1P, Some("http://www.w3.org/2000/09/xmldsig#sha256"), None, (Sha256, Sha256)),
            (OAEP, None, None, (Sha1, Sha1)),
            (OAEP, sha256, None, (Sha256, Sha1)),
            (OAEP, sha256, mask256, (Sha256, Sha256)),
            (OAEP, sha1, mask256, (Sha1, Sha256)),
            (OAEP, sha256, mask1, (Sha256, Sha1)),
        ] {
            let padding = KeyTransport::accept(transport).unwrap().padding(digest, mask).unwrap();
            assert_eq!((padding.digest, padding.mask), expected, "{transport} {digest:?} {mask:?}");
        }
    }

    #[test]
    fn what_is_not_accepted_is_named() {
        let refusal = |uri: &str| match KeyTransport::accept(uri) {
            Err(DecryptionError::Algorithm { role: EncryptionRole::KeyTransport, refusal, .. }) => refusal,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal("http://www.w3.org/2001/04/xmlenc#rsa-1_5"), AlgorithmRefusal::Weak);
        assert_eq!(refusal("http://www.w3.org/2001/04/xmlenc#kw-aes256"), AlgorithmRefusal::Unknown);
        let role = |transport: KeyTransport, digest, mask| match transport.padding(digest, mask) {
            Err(DecryptionError::Algorithm { role, .. }) => Some(role),
            Err(DecryptionError::Malformed { .. }) => None,
            other => panic!("{other:?}"),
        };
        let sha512 = Some("http://www.w3.org/2001/04/xmlenc#sha512");
        assert_eq!(role(KeyTransport::RsaOaepMgf1p, sha512, None), Some(EncryptionRole::Digest));
        let mask512 = Some("http://www.w3.org/2009/xmlenc11#mgf1sha512");
        assert_eq!(role(KeyTransport::RsaOaep, None, mask512), Some(EncryptionRole::Mask));
        assert_eq!(role(KeyTransport::RsaOaepMgf1p, None, Some(OaepDigest::Sha1.mask_uri())), None);
    }

    #[test]
    fn debug_shows_no_key() {
        let padding = OaepPadding { digest: OaepDigest::Sha1, mask: OaepDigest::Sha256 };
        let wrapped = WrappedKey { octets: vec![7; 3], padding, label: vec![9], recipient: Some("urn:sp".to_owned()) };
        assert_eq!(format!("{wrapped:?}"), "WrappedKey { octets: 3, padding: OaepPadding { digest: Sha1, mask: Sha256 }, .. }");
        assert_eq!(format!("{:?}", ContentKey::new(vec![7; 16])), "ContentKey(..)");
    }
}
