//! The named departures from the rules: what a connection may allow, one by one, where its identity provider cannot do better.
//!
//! In goes a name; out comes a [`Departure`], or a set of them. What is deliberately absent is a way to allow everything, and
//! a way to skip a check: each departure widens one rule to one more known form, which is then checked like the others. One departure
//! is not of an identity provider but of the service, and has a constructor of its own:
//! [`ServiceProvider::with_http_acs_url`](crate::ServiceProvider::with_http_acs_url).

use std::fmt;
use std::str::FromStr;

/// One rule that a connection widens knowingly. None is allowed unless it is named.
///
/// Its display form is its name, from which it is parsed:
///
/// ```
/// use saml_verify::Departure;
///
/// let departure: Departure = "sha1-digest".parse()?;
/// assert_eq!(departure, Departure::Sha1DigestForLegacyUseOnly);
/// assert_eq!(departure.to_string(), "sha1-digest");
/// # Ok::<(), saml_verify::UnknownDeparture>(())
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Departure {
    /// Accepts `rsa-sha1` as the method of a signature. Named `sha1-signature`.
    ///
    /// Weakens: whoever can have two messages of his choice collide under SHA-1, which costs some ten thousand dollars of
    /// computing, can carry a signature from one to the other. NIST SP 800-131A allows verification of such signatures for
    /// legacy use only. Needed for Auth0 as long as the addon's `signatureAlgorithm` is left at its default.
    Sha1SignatureForLegacyUseOnly,
    /// Accepts SHA-1 as the digest of the signed element. Named `sha1-digest`.
    ///
    /// Weakens: as above, for the content of the assertion. Needed for Auth0 as long as the addon's `digestAlgorithm` is left
    /// at its default.
    Sha1DigestForLegacyUseOnly,
    /// Accepts Canonical XML 1.0 and 1.1 beside exclusive canonicalization. Named `inclusive-c14n`.
    ///
    /// Weakens: the digest then depends on namespaces and `xml:` attributes around the signed element, so that the signature
    /// says less about the element by itself, and breaks when the element is moved (SAML Core 5.4.3). Needed for some products
    /// from before 2008.
    InclusiveCanonicalization,
    /// Accepts the Signature as the last child of the element that it signs. Named `signature-position`.
    ///
    /// Weakens: the schema's order, Issuer and then Signature, is one more obstacle for whoever wraps signed elements into
    /// forged ones (SAML Core 5.4.1). Needed for Auth0 tenants from before July 2017.
    SignaturePosition,
    /// Takes `NotBefore` on a bearer confirmation as the start of its window instead of refusing it. Named
    /// `confirmation-not-before`.
    ///
    /// Weakens: SAML Profiles 4.1.4.2 has no start there, so that a confirmation always holds at once and nobody can keep one for
    /// later. What is checked otherwise is checked all the same, and before its start such a confirmation is refused as well.
    /// Needed for some older products, which repeat the Conditions there.
    ConfirmationNotBefore,
    /// Accepts any `Format` on the Issuer of the Response. Named `issuer-format`.
    ///
    /// Weakens: the Format says what kind of name it is, and another kind could have a name that reads like the entity ID (SAML
    /// Core 8.3.6). The name itself is compared as ever, and so are name and Format of the Assertion's Issuer. Needed for some test
    /// identity providers.
    IssuerFormat,
    /// Accepts an `ID` that is no NCName but still an Nmtoken: name characters in any order, the first one included, and colons.
    /// Named `non-ncname-id`.
    ///
    /// IDs stay single in the document, and the Reference still names the ID exactly. White space, `#`, `%`, quotes, brackets and
    /// slashes are refused as before: a URI reference or XPointer gives them a meaning of their own.
    ///
    /// Weakens: an XML library does not take such a value for an ID (SAML Core 1.3.4), so that another reader of the same message may
    /// find no element for the Reference, or another one. Needed for products whose IDs are bare hexadecimal numbers or UUIDs, which
    /// often start with a digit.
    NonNcNameId,
    /// Accepts a Reference whose URI is empty, which stands for the whole document, from a Signature that is a child of the document's
    /// root element. Named `whole-document-reference`.
    ///
    /// There it means just that element and the instructions beside it. In the Signature of an Assertion inside a Response it stays
    /// refused, whatever that Assertion's signature once covered.
    ///
    /// Weakens: the signature names no element (SAML Core 5.4.2), so that what it covers is said by the place of the Signature alone.
    /// Needed for products that sign the Response as a document.
    WholeDocumentReference,
    /// Reads what is encrypted with AES-CBC, where a verified signature covers the cipher text: that of the Response or, of an
    /// EncryptedID or EncryptedAttribute, that of the Assertion. Named `aes-cbc`. Without the feature `decrypt` it changes nothing.
    ///
    /// Weakens: the cipher does not notice changes (XML Encryption 1.1 section 6.1.1), so that secrecy rests on the signature around it
    /// alone: whoever can have the identity provider sign a cipher text of his making can learn others by it. Needed for Auth0, whose
    /// default is aes256-cbc, and for products from before 2013.
    AesCbc,
    /// Reads an assertion that is encrypted with AES-CBC although the Response is not signed, if [`Departure::AesCbc`] is allowed, too.
    /// Named `aes-cbc-under-assertion-signature`. Without the feature `decrypt` it changes nothing.
    ///
    /// Weakens: **secrecy.** Nothing covers the cipher text, so that whoever recorded a message can post it again and again with changes,
    /// and learn from each answer, or from how long it takes, a little of what it says. After some thousand requests he knows it whole
    /// (Jager and Somorovsky 2011), that of messages encrypted with AES-GCM for the same key included, whichever identity provider sent
    /// them. This crate gives one answer to all of them, a wrong signature included, but cannot make all of them take the same time.
    /// Nobody can log in by it: the signature of the assertion holds, or there is no login. Needed for Auth0's default, which signs the
    /// assertion and encrypts it with aes256-cbc; let an Action choose `aes256-gcm`, or `signResponse`, before you allow this.
    AesCbcUnderAssertionSignature,
}

impl Departure {
    /// Every departure there is.
    pub const ALL: [Self; 10] = [
        Self::Sha1SignatureForLegacyUseOnly,
        Self::Sha1DigestForLegacyUseOnly,
        Self::InclusiveCanonicalization,
        Self::SignaturePosition,
        Self::ConfirmationNotBefore,
        Self::IssuerFormat,
        Self::NonNcNameId,
        Self::WholeDocumentReference,
        Self::AesCbc,
        Self::AesCbcUnderAssertionSignature,
    ];

    /// The name in configuration files, on the command line and in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1SignatureForLegacyUseOnly => "sha1-signature",
            Self::Sha1DigestForLegacyUseOnly => "sha1-digest",
            Self::InclusiveCanonicalization => "inclusive-c14n",
            Self::SignaturePosition => "signature-position",
            Self::ConfirmationNotBefore => "confirmation-not-before",
            Self::IssuerFormat => "issuer-format",
            Self::NonNcNameId => "non-ncname-id",
            Self::WholeDocumentReference => "whole-document-reference",
            Self::AesCbc => "aes-cbc",
            Self::AesCbcUnderAssertionSignature => "aes-cbc-under-assertion-signature",
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Sha1SignatureForLegacyUseOnly => 1,
            Self::Sha1DigestForLegacyUseOnly => 1 << 1,
            Self::InclusiveCanonicalization => 1 << 2,
            Self::SignaturePosition => 1 << 3,
            Self::ConfirmationNotBefore => 1 << 4,
            Self::IssuerFormat => 1 << 5,
            Self::NonNcNameId => 1 << 6,
            Self::WholeDocumentReference => 1 << 7,
            Self::AesCbc => 1 << 8,
            Self::AesCbcUnderAssertionSignature => 1 << 9,
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Departure {
    type Err = UnknownDeparture;

    /// The departure of that exact name.
    fn from_str(name: &str) -> Result<Self, UnknownDeparture> {
        let found = Self::ALL.into_iter().find(|departure| departure.name() == name);
        found.ok_or_else(|| UnknownDeparture { name: name.to_owned() })
    }
}

/// No departure has that name. The message lists those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDeparture {
    /// The name that was asked for.
    pub name: String,
}

impl fmt::Display for UnknownDeparture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no departure is named {:?}; the names are {}", self.name, Departure::ALL.map(Departure::name).join(", "))
    }
}

impl std::error::Error for UnknownDeparture {}

/// The departures that a connection allows.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Departures(u16);

impl Departures {
    #[must_use]
    pub(crate) const fn with(self, departure: Departure) -> Self {
        Self(self.0 | departure.bit())
    }

    pub(crate) const fn contains(self, departure: Departure) -> bool {
        self.0 & departure.bit() != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Departure> {
        Departure::ALL.into_iter().filter(move |departure| self.contains(*departure))
    }
}

impl fmt::Debug for Departures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_lead_back() {
        let names: Vec<_> = Departure::ALL.into_iter().map(Departure::name).collect();
        assert_eq!(
            names,
            [
                "sha1-signature",
                "sha1-digest",
                "inclusive-c14n",
                "signature-position",
                "confirmation-not-before",
                "issuer-format",
                "non-ncname-id",
                "whole-document-reference",
                "aes-cbc",
                "aes-cbc-under-assertion-signature"
            ]
        );
        for departure in Departure::ALL {
            assert_eq!(departure.name().parse(), Ok(departure));
            assert_eq!(departure.to_string(), departure.name());
        }
    }

    #[test]
    fn only_exact_names_count() {
        for name in ["", "sha1", "SHA1-SIGNATURE", " sha1-signature", "sha1-signature ", "sha1_signature", "all"] {
            assert_eq!(name.parse::<Departure>(), Err(UnknownDeparture { name: name.to_owned() }));
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let message = "sha1\n".parse::<Departure>().unwrap_err().to_string();
        let names = message.strip_prefix("no departure is named \"sha1\\n\"; the names are ").unwrap();
        assert_eq!(names.split(", ").collect::<Vec<_>>(), Departure::ALL.map(Departure::name));
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for allowed in Departure::ALL {
            let set = Departures::default().with(allowed).with(allowed);
            for departure in Departure::ALL {
                assert!(!Departures::default().contains(departure));
                assert_eq!(set.contains(departure), departure == allowed, "{allowed}, {departure}");
            }
        }
        let both = Departures::default().with(Departure::SignaturePosition).with(Departure::Sha1DigestForLegacyUseOnly);
        assert_eq!(format!("{both:?}"), "{Sha1DigestForLegacyUseOnly, SignaturePosition}");
    }
}
