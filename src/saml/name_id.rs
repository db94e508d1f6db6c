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
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NameId {
    /// The name itself; never blank.
    pub value: String,
    /// The kind of name. SAML Core 8.3.
    pub format: Option<String>,
    /// The domain in which the name is unique.
    pub name_qualifier: Option<String>,
    /// The service provider or group of them for which the name was made.
    pub sp_name_qualifier: Option<String>,
    /// The name that the service provider gave to the user.
    pub sp_provided_id: Option<String>,
}

impl NameId {
    /// Reads a `saml:NameID`.
    ///
    /// # Errors
    ///
    /// [`StructureError::NotText`], or [`StructureError::EmptyNameId`] where there is nothing but white space.
    pub(crate) fn read<'d>(element: impl View<'d>) -> Result<Self, StructureError> {
        let value = element.text()?;
        if value.trim().is_empty() {
            return Err(StructureError::EmptyNameId);
        }
        let attributes = element.attributes(["Format", "NameQualifier", "SPNameQualifier", "SPProvidedID"]);
        let [format, name_qualifier, sp_name_qualifier, sp_provided_id] = attributes.map(|value| value.map(str::to_owned));
        Ok(Self { value: value.into_owned(), format, name_qualifier, sp_name_qualifier, sp_provided_id })
    }
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameId").field("format", &self.format).finish_non_exhaustive()
    }
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
