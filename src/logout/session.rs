//! What a service keeps of a login so that it can be ended: whom the identity provider knows, and which session.

use std::fmt;

use crate::base64::{decode_url, encode_url};
use crate::compact::by_compact_text;
use crate::error::{SessionError, Shown};
use crate::{Login, NameId};

/// A login, as messages of logout speak of it: the identity provider, the NameID with all its fields, and the session's index.
///
/// Keep it with the local session, as its text ([`to_compact`](Self::to_compact)), which is also its `serde` form. The text names the
/// user: it is no secret, and it is personal data.
///
/// ```
/// use saml_verify::NameId;
/// use saml_verify::logout::Session;
///
/// let session = Session::new("urn:acme.us.auth0.com", NameId::new("auth0|64f0c2a1"), Some("_s1".to_owned()));
/// let stored = session.to_compact();
/// assert_eq!(Session::from_compact(&stored)?, session);
/// # Ok::<(), saml_verify::logout::SessionError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Session {
    issuer: String,
    name_id: NameId,
    session_index: Option<String>,
}

impl Session {
    /// That of a login; none where the message had no NameID, which happens only where an attribute identifies the user.
    pub fn of(login: &Login) -> Option<Self> {
        let name_id = login.subject_name_id()?.clone();
        Some(Self::new(login.issuer(), name_id, login.session_index().map(str::to_owned)))
    }

    /// One whose parts were stored each by itself: the entity ID of the identity provider, the NameID of the message
    /// ([`Login::subject_name_id`]), and [`Login::session_index`].
    pub fn new(issuer: impl Into<String>, name_id: NameId, session_index: Option<String>) -> Self {
        Self { issuer: issuer.into(), name_id, session_index }
    }

    /// The entity ID of the identity provider.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name of the user there.
    pub fn name_id(&self) -> &NameId {
        &self.name_id
    }

    /// The session there.
    pub fn session_index(&self) -> Option<&str> {
        self.session_index.as_deref()
    }

    /// As one text of letters, digits, `.`, `-` and `_`.
    pub fn to_compact(&self) -> String {
        let NameId { value, format, name_qualifier, sp_name_qualifier, sp_provided_id } = &self.name_id;
        let optional = [format, name_qualifier, sp_name_qualifier, sp_provided_id, &self.session_index];
        let required = [&self.issuer, value].map(|text| encode_url(text.as_bytes()));
        let optional = optional.map(|text| text.as_ref().map_or_else(|| ABSENT.to_owned(), |text| encode_url(text.as_bytes())));
        let parts: Vec<String> = required.into_iter().chain(optional).collect();
        format!("{VERSION}.{}", parts.join("."))
    }

    /// Reads what [`Session::to_compact`] wrote, and no other text.
    ///
    /// # Errors
    ///
    /// [`SessionError`].
    pub fn from_compact(text: &str) -> Result<Self, SessionError> {
        let (version, rest) = text.split_once('.').unwrap_or((text, ""));
        if version != VERSION {
            return Err(SessionError::UnknownVersion { found: Shown::new(version), expected: VERSION });
        }
        let parts: Vec<&str> = rest.split('.').collect();
        let [issuer, value, format, name_qualifier, sp_name_qualifier, sp_provided_id, session_index] = parts.as_slice() else {
            return Err(malformed("number of parts"));
        };
        let name_id = NameId {
            value: required(value, "name")?,
            format: optional(format, "Format")?,
            name_qualifier: optional(name_qualifier, "NameQualifier")?,
            sp_name_qualifier: optional(sp_name_qualifier, "SPNameQualifier")?,
            sp_provided_id: optional(sp_provided_id, "SPProvidedID")?,
        };
        Ok(Self { issuer: required(issuer, "entity ID")?, name_id, session_index: optional(session_index, "session index")? })
    }
}

fn required(part: &str, name: &'static str) -> Result<String, SessionError> {
    let decoded = decode_url(part).and_then(|octets| String::from_utf8(octets).ok());
    decoded.filter(|text| !text.trim().is_empty()).ok_or(malformed(name))
}

fn optional(part: &str, name: &'static str) -> Result<Option<String>, SessionError> {
    if part == ABSENT {
        return Ok(None);
    }
    let decoded = decode_url(part).and_then(|octets| String::from_utf8(octets).ok());
    decoded.map(Some).ok_or(malformed(name))
}

const fn malformed(part: &'static str) -> SessionError {
    SessionError::Malformed { part }
}

/// Shows the issuer alone.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

by_compact_text!(Session, SessionError);

const VERSION: &str = "1";
/// A value that is not there: base64 of nothing is the empty text, and no base64 has one character.
const ABSENT: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Session {
        let name =
            NameId::new("ada").with_format("f").with_name_qualifier("").with_sp_name_qualifier("s").with_sp_provided_id("é");
        Session::new("urn:idp", name, Some("_1".to_owned()))
    }

    const FULL: &str = "1.dXJuOmlkcA.YWRh.Zg..cw.w6k.XzE";

    #[test]
    fn a_session_is_a_text_and_back() {
        assert_eq!(full().to_compact(), FULL);
        assert_eq!(Session::from_compact(FULL), Ok(full()));
        assert_eq!(FULL.parse(), Ok(full()));
        let plain = Session::new("urn:idp", NameId::new("ada"), None);
        assert_eq!(plain.to_compact(), "1.dXJuOmlkcA.YWRh.-.-.-.-.-");
        assert_eq!(Session::from_compact(&plain.to_compact()), Ok(plain));
        assert_eq!(format!("{:?}", full()), "Session { issuer: \"urn:idp\", .. }");
    }

    #[test]
    fn no_other_text_is_read() {
        for (from, to, error) in [
            ("1.", "2.", SessionError::UnknownVersion { found: Shown::new("2"), expected: "1" }),
            ("dXJuOmlkcA", "", malformed("entity ID")),
            ("dXJuOmlkcA", "dXJuOmlkcA=", malformed("entity ID")),
            ("YWRh", "-", malformed("name")),
            ("YWRh", "", malformed("name")),
            ("Zg", "Zh", malformed("Format")),
            ("w6k", "w6", malformed("SPProvidedID")),
            ("XzE", "XzE.", malformed("number of parts")),
            (".XzE", "", malformed("number of parts")),
        ] {
            let text = FULL.replacen(from, to, 1);
            assert_ne!(text, FULL);
            assert_eq!(Session::from_compact(&text), Err(error), "{text}");
        }
        assert_eq!(malformed("x").code(), "stored_session_malformed");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_writes_the_same_text() {
        let json = serde_json::to_string(&full()).unwrap();
        assert_eq!(json, format!("\"{FULL}\""));
        assert_eq!(serde_json::from_str::<Session>(&json).unwrap(), full());
        assert!(serde_json::from_str::<Session>("\"1.a\"").is_err());
    }
}
