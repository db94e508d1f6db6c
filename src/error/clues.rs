//! What a refused message shows beside its fault, so that an error can name the likely cause. Hints, which anybody can write: nothing
//! is decided by them.

use std::fmt;

use super::Shown;

/// What a message shows beside the fault of its signature.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// The message claims to come from another identity provider than that of the connection.
    pub other_issuer: Option<OtherIssuer>,
    /// The subject of the trusted certificate, where a certificate in the message names it as its issuer: perhaps it is that of an
    /// authority. Names alone are compared, and anybody can write one.
    pub authority: Option<Shown>,
    /// A sign that the message is a copy which a program wrote anew.
    pub copy: Option<CopySign>,
    /// The signature is that of a query, in which a change looks like another key: there is no digest that would tell the two apart.
    pub in_query: bool,
}

/// Whom a message claims to come from, and whom the connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherIssuer {
    /// The Issuer that the message claims.
    pub claimed: Shown,
    /// The entity ID of the connection's identity provider.
    pub configured: String,
}

/// A sign that a message is a copy which a viewer, an editor or a log wrote anew.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopySign {
    /// White space stands between the elements of what is signed.
    Indented,
    /// White space stands in the DigestValue.
    WrappedValue,
    /// There are characters that only a mistaken encoding makes, U+FFFD among them.
    LostCharacters,
}

/// How an error names a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// The SHA-256 digest in upper-case hexadecimal with colons.
    pub sha256: String,
    /// The SHA-1 digest in the same form, for finding the certificate on pages that show nothing better.
    pub sha1: Option<String>,
}

impl Clues {
    /// What stands in front of a message.
    pub(super) fn lead(&self) -> impl fmt::Display {
        let said = |OtherIssuer { claimed, configured }: &OtherIssuer| {
            format!("it says it is from {claimed}, the connection is for {configured:?}: ")
        };
        self.other_issuer.as_ref().map(said).unwrap_or_default()
    }

    /// What stands behind a message.
    pub(super) fn tail(&self) -> impl fmt::Display {
        let authority = |subject| format!(" (it names the trusted certificate, of {subject}, as its issuer; not verified)");
        let copy = |sign| {
            let seen = match sign {
                CopySign::Indented => "white space stands between its elements, as in a copy that a viewer indented",
                CopySign::WrappedValue => "its DigestValue has white space in it, as in a copy that an editor wrapped",
                CopySign::LostCharacters => "it has characters of a mistaken encoding, as in a copy that an editor saved",
            };
            format!(" ({seen})")
        };
        let authority = self.authority.as_ref().map(authority).unwrap_or_default();
        authority + &self.copy.map(copy).unwrap_or_default()
    }

    /// What to do about a message of another issuer. Its certificate is nothing for this connection.
    pub(super) fn remedy_for_other_issuer(&self) -> Option<String> {
        let OtherIssuer { claimed, configured } = self.other_issuer.as_ref()?;
        Some(format!(
            "{}. If it is {claimed}, correct the entity ID of the connection, and take the certificate from that identity provider's own pages; if not, find out why \
             another identity provider, tenant or test system posts here, and add none of its certificates to this connection",
            which_is_meant(claimed, configured)
        ))
    }
}

/// What to do first about a message of another issuer: never to accept that one.
pub(super) fn which_is_meant(claimed: &Shown, configured: &str) -> String {
    format!("it says it is from {claimed}; the connection is for {configured:?}: find out which of the two is meant")
}

impl fmt::Display for Fingerprints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sha256)?;
        self.sha1.as_ref().map_or(Ok(()), |sha1| write!(f, " (SHA-1 {sha1})"))
    }
}

/// The first sentence on copies, wherever one may be at hand.
pub(super) const COPY: &str = "a copy that a viewer, an editor or a log re-formatted can never verify: take the form field `SAMLResponse` as \
                               the browser posted it";
