//! Names: who a message speaks of, and who speaks. SAML Core 2.2.

use std::borrow::Cow;
use std::fmt;

use crate::error::StructureError;
use crate::xml::View;

/// The name of a user at the identity provider. SAML Core 2.2.2 and 2.2.3.
///
/// The value is exactly what was signed: nothing is trimmed, folded or judged by the format, which does not always say what the
/// value is (Auth0 sends `auth0|64f0…` and e-mail addresses as `unspecified`). A name is the same only where all five fields are.
/// Its debug form hides the value.
///
/// That of a login comes out of [`Login::name_id`](crate::Login::name_id). Whoever has to name a user by other means builds one; with
/// the feature `serde` it can be stored as a whole, fields that are absent left out.
///
/// ```
/// use saml_verify::NameId;
///
/// let name = NameId::new("auth0|64f0c2a1").with_format("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
/// assert_eq!(name.value, "auth0|64f0c2a1");
/// assert_eq!(name.name_qualifier, None);
/// ```
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NameId {
    /// The name itself. In a login it is never blank: it has a character that is neither white space nor invisible.
    pub value: String,
    /// The kind of name. SAML Core 8.3.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub format: Option<String>,
    /// The domain in which the name is unique.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub name_qualifier: Option<String>,
    /// The service provider or group of them for which the name was made.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub sp_name_qualifier: Option<String>,
    /// The name that the service provider gave to the user.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub sp_provided_id: Option<String>,
}

impl NameId {
    /// A name without format and qualifiers.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), format: None, name_qualifier: None, sp_name_qualifier: None, sp_provided_id: None }
    }

    /// With this kind of name.
    #[must_use]
    pub fn with_format(self, format: impl Into<String>) -> Self {
        Self { format: Some(format.into()), ..self }
    }

    /// With this domain in which the name is unique.
    #[must_use]
    pub fn with_name_qualifier(self, qualifier: impl Into<String>) -> Self {
        Self { name_qualifier: Some(qualifier.into()), ..self }
    }

    /// With this service provider or group of them for which the name was made.
    #[must_use]
    pub fn with_sp_name_qualifier(self, qualifier: impl Into<String>) -> Self {
        Self { sp_name_qualifier: Some(qualifier.into()), ..self }
    }

    /// With this name that the service provider gave to the user.
    #[must_use]
    pub fn with_sp_provided_id(self, id: impl Into<String>) -> Self {
        Self { sp_provided_id: Some(id.into()), ..self }
    }

    /// Reads a `saml:NameID`.
    ///
    /// # Errors
    ///
    /// [`StructureError::NotText`], or [`StructureError::EmptyNameId`] where it [is blank](is_blank).
    pub(crate) fn read<'d>(element: impl View<'d>) -> Result<Self, StructureError> {
        let value = element.text()?;
        if is_blank(&value) {
            return Err(StructureError::EmptyNameId);
        }
        let attributes = element.attributes(["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"]);
        let [format, name_qualifier, sp_name_qualifier, sp_provided_id] = attributes.map(|value| value.map(str::to_owned));
        Ok(Self { value: value.into_owned(), format, name_qualifier, sp_name_qualifier, sp_provided_id })
    }
}

impl From<&str> for NameId {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for NameId {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameId").field("format", &self.format).finish_non_exhaustive()
    }
}

/// Whether there is nothing to see in a name: white space alone, and characters that only say how others are set.
///
/// These are the soft hyphen, zero-width spaces and joiners, marks and overrides of direction, invisible operators, the byte order mark,
/// and tags. What has one other character is a name, with these in it.
pub(super) fn is_blank(name: &str) -> bool {
    let is_invisible = |c| {
        matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{E0001}' | '\u{E0020}'..='\u{E007F}')
    };
    name.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Who issued a message or assertion. SAML Core 2.2.5.
#[derive(Clone, Debug)]
pub(crate) struct Issuer<'d> {
    pub(crate) name: Cow<'d, str>,
    pub(crate) format: Option<&'d str>,
}

impl<'d> Issuer<'d> {
    /// Reads a `saml:Issuer`. An empty one is read: it equals no entity ID.
    ///
    /// # Errors
    ///
    /// [`StructureError::NotText`].
    pub(crate) fn read(element: impl View<'d>) -> Result<Self, StructureError> {
        Ok(Self { name: element.text()?, format: element.attribute("Format") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_what_it_was_given() {
        let built =
            NameId::new("v").with_format("f").with_name_qualifier("n").with_sp_name_qualifier("s").with_sp_provided_id("p");
        let fields = [&built.format, &built.name_qualifier, &built.sp_name_qualifier, &built.sp_provided_id];
        assert_eq!(built.value, "v");
        assert_eq!(fields.map(Option::as_deref), [Some("f"), Some("n"), Some("s"), Some("p")]);
        let plain = NameId::new("v");
        assert_eq!(format!("{built:?} {plain:?}"), "NameId { format: Some(\"f\"), .. } NameId { format: None, .. }");
        assert_eq!([plain.format, plain.name_qualifier, plain.sp_name_qualifier, plain.sp_provided_id], [const { None }; 4]);
    }

    #[test]
    fn a_name_of_invisible_characters_alone_is_blank() {
        for invisible in [
            "",
            " ",
            "\t\r\n",
            "\u{A0}",
            "\u{3000}",
            "\u{AD}",
            "\u{61C}",
            "\u{180E}",
            "\u{200B}",
            "\u{200F}",
            "\u{202A}",
            "\u{202E}",
            "\u{2060}",
            "\u{206F}",
            "\u{FEFF}",
            "\u{E0001}",
            "\u{E0020}",
            "\u{E007F}",
            "\u{200B} \u{FEFF}",
        ] {
            assert!(is_blank(invisible), "{invisible:?}");
            assert!(!is_blank(&format!("{invisible}a")) && !is_blank(&format!("a{invisible}")), "{invisible:?}");
        }
        for visible in ["a", ".", "\u{AC}", "\u{AE}", "\u{2010}", "\u{2027}", "\u{203F}", "\u{2070}", "\u{FFFD}", "\u{0}"] {
            assert!(!is_blank(visible), "{visible:?}");
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_name_is_stored_and_read_back() {
        let full = NameId::new("v").with_format("f").with_name_qualifier("").with_sp_name_qualifier("s").with_sp_provided_id("p");
        for (name, stored) in [
            (NameId::new("v"), r#"{"value":"v"}"#),
            (full, r#"{"value":"v","format":"f","name_qualifier":"","sp_name_qualifier":"s","sp_provided_id":"p"}"#),
        ] {
            assert_eq!(serde_json::to_string(&name).unwrap(), stored);
            assert!(serde_json::from_str::<NameId>(stored).unwrap() == name, "{stored}");
        }
        assert!(serde_json::from_str::<NameId>("{}").is_err(), "a name has a value");
    }
}
