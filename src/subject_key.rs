//! One text for one user, for a database column: what a service looks users up by.
//!
//! In goes the issuer with a name identifier, or with an attribute that identifies the user; out comes a [`SubjectKey`].
//! Deliberately absent: any folding of case, any default for what the message leaves out, and a way back from the key.

use std::fmt;

use crate::crypto::{DigestAlgorithm, Digester, sha256_hex};
use crate::saml::name_id::NameId;

/// The key of a user at an identity provider: 64 lower-case hexadecimal characters.
///
/// Two logins have the same key where the issuer and everything that makes the identity are the same, byte for byte, and only
/// there. It is made to be a column with a unique index: of fixed length, whatever the message says.
///
/// # Definition
///
/// The SHA-256 digest of a sequence of fields, in lower-case hexadecimal. A field that is there is written as a netstring: the
/// number of its UTF-8 octets in decimal, a colon, the octets, a comma. A field that is absent is written as `-`, so that it
/// differs from an empty one. The fields are, in this order:
///
/// | the user is identified by | fields |
/// |---|---|
/// | the NameID | `name-id`, issuer, value, Format, NameQualifier, SPNameQualifier |
/// | an attribute | `attribute`, issuer, name of the attribute, value |
///
/// The first field keeps the two kinds apart. `SPProvidedID` is left out: it is a name that the service gave to a user who is
/// identified by the other fields, and it may be set, changed or removed later (SAML Core 3.6). Nothing is normalised: an
/// identity provider that starts to write a Format or a qualifier gives its users new keys.
///
/// The same in Python, for migrations and for other programs:
///
/// ```python
/// import hashlib
///
/// def subject_key(*fields):
///     octets = b""
///     for field in fields:
///         text = None if field is None else field.encode("utf-8")
///         octets += b"-" if text is None else b"%d:%s," % (len(text), text)
///     return hashlib.sha256(octets).hexdigest()
///
/// subject_key("name-id", "urn:acme.us.auth0.com", "auth0|64f0c2a1",
///             "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", None, None)
/// # octets: 7:name-id,21:urn:acme.us.auth0.com,14:auth0|64f0c2a1,53:urn:oasis:…:unspecified,--
/// # 34e97d2e8998c7b2fe15124b10f21c18f5343dcda141e60dbe1ac1bfe61bd80a
/// ```
///
/// ```
/// use saml_verify::{NameId, SubjectKey};
///
/// let name = NameId::new("auth0|64f0c2a1").with_format("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
/// let key = SubjectKey::of_name_id("urn:acme.us.auth0.com", &name);
/// assert_eq!(key.as_str(), "34e97d2e8998c7b2fe15124b10f21c18f5343dcda141e60dbe1ac1bfe61bd80a");
/// ```
///
/// # Personal data
///
/// The key stands for a person, and whoever can guess a name (an e-mail address) can compute its key. So its debug form hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SubjectKey(String);

impl SubjectKey {
    /// The key of a user whom the identity provider `issuer` identifies by a NameID.
    ///
    /// [`Login::subject_key`](crate::Login::subject_key) gives that of a login; this one is for users whom a service knows before
    /// their first login.
    pub fn of_name_id(issuer: &str, name: &NameId) -> Self {
        let NameId { value, format, name_qualifier, sp_name_qualifier, sp_provided_id: _ } = name;
        let optional = [format, name_qualifier, sp_name_qualifier].map(Option::as_deref);
        Self::new([Some("name-id"), Some(issuer), Some(value)].into_iter().chain(optional))
    }

    /// The key of a user whom the identity provider `issuer` identifies by the value of the attribute of that name.
    pub fn of_attribute(issuer: &str, name: &str, value: &str) -> Self {
        Self::new(["attribute", issuer, name, value].map(Some))
    }

    fn new<'a>(fields: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut digester = Digester::new(DigestAlgorithm::Sha256);
        for field in fields {
            match field {
                Some(text) => {
                    digester.update(format!("{}:", text.len()).as_bytes());
                    digester.update(text.as_bytes());
                    digester.update(b",");
                }
                None => digester.update(b"-"),
            }
        }
        Self(sha256_hex(&digester.finish()))
    }

    /// The 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(..)")
    }
}

impl From<SubjectKey> for String {
    fn from(key: SubjectKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Digests that `hashlib` of Python computed over the octets of the definition.
    #[test]
    fn keys_are_those_of_the_definition() {
        let plain = NameId::new("ada@example.com");
        // 7:name-id,7:urn:idp,15:ada@example.com,---
        assert_eq!(
            SubjectKey::of_name_id("urn:idp", &plain).as_str(),
            "856cddb0f4b0c31b1f28742636dad6ea6f256d64c8c6bbefc46a3cdd3c8a63b9"
        );
        let full = NameId::new("Ada é").with_format("urn:f").with_name_qualifier("").with_sp_name_qualifier("urn:sp");
        // 7:name-id,7:urn:idp,6:Ada é,5:urn:f,0:,6:urn:sp,
        assert_eq!(
            SubjectKey::of_name_id("urn:idp", &full).as_str(),
            "f7be669b9242c9377b5b98a2bce07ff063095667e4a315f8d0f4b147e155a687"
        );
        // 9:attribute,7:urn:idp,3:oid,4:a,b-,
        assert_eq!(
            SubjectKey::of_attribute("urn:idp", "oid", "a,b-").as_str(),
            "dff4b81d19ad92491695a11051ae64d592ca23acf7c494c7f21c00debe47ba9e"
        );
    }

    #[test]
    fn whatever_makes_the_identity_makes_the_key() {
        let name = || NameId::new("a");
        let names = [
            name(),
            NameId::new("A"),
            NameId::new("a "),
            name().with_format(""),
            name().with_format("b"),
            name().with_name_qualifier(""),
            name().with_name_qualifier("b"),
            name().with_sp_name_qualifier("b"),
        ];
        let keys = names.iter().map(|name| SubjectKey::of_name_id("urn:idp", name));
        let keys = keys.chain([
            SubjectKey::of_name_id("urn:idp2", &name()),
            SubjectKey::of_attribute("urn:idp", "a", "b"),
            SubjectKey::of_attribute("urn:idp", "a", "b---"),
            SubjectKey::of_attribute("urn:idp", "ab", ""),
            SubjectKey::of_attribute("urn:idp", "", "ab"),
        ]);
        assert_eq!(keys.collect::<HashSet<_>>().len(), 13);
    }

    /// A logout or a change of that name must not make another user.
    #[test]
    fn the_name_that_the_service_gave_makes_no_other_user() {
        let (without, with) = (NameId::new("a"), NameId::new("a").with_sp_provided_id("ours"));
        assert_eq!(SubjectKey::of_name_id("urn:idp", &without), SubjectKey::of_name_id("urn:idp", &with));
    }

    #[test]
    fn debug_hides_the_key() {
        let key = SubjectKey::of_attribute("urn:idp", "a", "b");
        assert_eq!(format!("{key:?}"), "SubjectKey(..)");
        assert_eq!((key.to_string(), key.as_str().len()), (String::from(key.clone()), 64));
    }
}
