//! Who logs in: the one name by which a connection tells its users apart.
//!
//! What an Assertion says of its subject goes in, with what the connection identifies users by; an [`Identity`] comes out, which is
//! never blank. Deliberately absent: a second choice. Where the connection asks for an attribute, no NameID makes up for it.

use super::assertion::Content;
use super::attributes::{AttributeValue, Attributes};
use super::name_id::{self, NameId};
use crate::error::{IdentifierFault, Shown, StructureError};

/// Who logs in.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    name: NameId,
    by_attribute: Option<ByAttribute>,
}

/// Of a user whom an attribute identifies.
#[derive(Clone, Debug)]
struct ByAttribute {
    /// Its name.
    attribute: String,
    /// The NameID that the message has all the same.
    name_id: Option<NameId>,
}

impl Identity {
    /// Takes the identity out of an Assertion: its NameID or, where one is named, the only value of that attribute.
    ///
    /// # Errors
    ///
    /// [`StructureError::MissingElement`] without a NameID, [`StructureError::Identifier`] without such a value.
    pub(crate) fn take(content: &mut Content<'_>, attribute: Option<&str>) -> Result<Self, StructureError> {
        let name_id = content.name_id.take();
        let Some(attribute) = attribute else {
            let missing = StructureError::MissingElement { parent: "Subject", element: "NameID" };
            return Ok(Self { name: name_id.ok_or(missing)?, by_attribute: None });
        };
        let value = identifier(&content.attributes, attribute)
            .map_err(|fault| StructureError::Identifier { attribute: Shown::new(attribute), fault })?;
        let by_attribute = Some(ByAttribute { attribute: attribute.to_owned(), name_id });
        Ok(Self { name: NameId::new(value).with_format(attribute), by_attribute })
    }

    /// What identifies the user, as a name.
    pub(crate) fn name(&self) -> &NameId {
        &self.name
    }

    /// The name of the attribute that identifies the user.
    pub(crate) fn attribute(&self) -> Option<&str> {
        self.by_attribute.as_ref().map(|by| by.attribute.as_str())
    }

    /// The NameID of the message.
    pub(crate) fn name_id(&self) -> Option<&NameId> {
        match &self.by_attribute {
            None => Some(&self.name),
            Some(by) => by.name_id.as_ref(),
        }
    }
}

/// The only value under that name, over all attributes that have it: text that is not blank.
fn identifier<'a>(attributes: &'a Attributes, name: &str) -> Result<&'a str, IdentifierFault> {
    let mut values = attributes.values(name);
    match (values.next(), values.next()) {
        (None, _) => Err(IdentifierFault::Missing),
        (Some(_), Some(_)) => Err(IdentifierFault::Several { values: attributes.values(name).count() }),
        (Some(AttributeValue::Text(text)), None) if name_id::is_blank(text) => Err(IdentifierFault::Blank),
        (Some(AttributeValue::Text(text)), None) => Ok(text),
        (Some(_), None) => Err(IdentifierFault::NotText),
    }
}
