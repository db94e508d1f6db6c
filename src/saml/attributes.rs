//! What the identity provider says of the user: attributes, in order, with nothing merged and nothing dropped.
//!
//! `saml:AttributeStatement` elements go in, an owned multimap comes out. All text lies in one string, so that a login with
//! hundreds of groups costs a handful of allocations; of a value that is made of elements, that text is its canonical form, so that
//! nothing is parsed a second time here. Deliberately absent: types (`xsi:type` is no promise: Auth0 writes numbers
//! as `xs:double` and dates as they print), and any meaning of `FriendlyName`.

use std::fmt;
use std::ops::Range;

use super::name_id::NameId;
use super::{required, unexpected};
use crate::error::{Shown, StructureError};
use crate::xml::{Namespace, View};

/// The attributes of a login: an ordered multimap from name to values. SAML Core 2.7.3.
///
/// Attributes that occur twice are kept twice, with their values in order. Its debug form hides the values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    text: String,
    attributes: Vec<Entry>,
    values: Vec<Value>,
    /// Those of the values that are names.
    names: Vec<NameId>,
}

/// One `saml:Attribute`. SAML Core 2.7.3.1.
#[derive(Clone, Copy)]
pub struct Attribute<'a> {
    all: &'a Attributes,
    entry: &'a Entry,
}

/// One `saml:AttributeValue`. SAML Core 2.7.3.1.1. Its debug form hides the text.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AttributeValue<'a> {
    /// Text, perhaps empty, exactly as it was signed.
    Text(&'a str),
    /// `xsi:nil`: no value, which is not the empty one.
    Nil,
    /// A `saml:NameID` and nothing else, as in `eduPersonTargetedID`. A blank one, or one that holds elements, is [`Self::Xml`].
    NameId(&'a NameId),
    /// Other elements, perhaps with text between them: the exclusive canonical form, without comments, of what stands in the
    /// `AttributeValue`, each element as if it stood alone.
    Xml(&'a str),
}

/// There is not exactly one value where one was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSingle {
    /// How many there are, over all attributes of that name.
    pub values: usize,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    name: Span,
    name_format: Option<Span>,
    friendly_name: Option<Span>,
    values: Range<usize>,
}

#[derive(Clone, PartialEq, Eq)]
enum Value {
    Text(Span),
    Nil,
    /// Its place among the names.
    NameId(usize),
    Xml(Span),
}

/// A piece of [`Attributes::text`].
type Span = Range<usize>;

impl Attributes {
    /// The attributes, in the order of the message.
    pub fn iter(&self) -> AttributeIter<'_> {
        AttributeIter { all: self, entries: self.attributes.iter() }
    }

    /// How many attributes there are, those of the same name counted each.
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Every text value under that name, of all attributes that have it, in order.
    ///
    /// Names are compared exactly, whatever the name format.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values(name).filter_map(AttributeValue::as_str)
    }

    /// The first text value under that name.
    ///
    /// For display. Where it decides what a user may do, ask for [`Attributes::single`] or [`Attributes::all`].
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The only value under that name.
    ///
    /// # Errors
    ///
    /// [`NotSingle`] where there is none, more than one, or one that is not text.
    pub fn single(&self, name: &str) -> Result<&str, NotSingle> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (Some(AttributeValue::Text(text)), None) => Ok(text),
            _ => Err(NotSingle { values: self.values(name).count() }),
        }
    }

    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = AttributeValue<'_>> {
        self.iter().filter(move |attribute| attribute.name() == name).flat_map(Attribute::values)
    }

    fn text(&self, span: &Span) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = Attribute<'a>;
    type IntoIter = AttributeIter<'a>;

    fn into_iter(self) -> AttributeIter<'a> {
        self.iter()
    }
}

/// The attributes of a login, in the order of the message: [`Attributes::iter`].
#[derive(Clone)]
pub struct AttributeIter<'a> {
    all: &'a Attributes,
    entries: std::slice::Iter<'a, Entry>,
}

impl<'a> Iterator for AttributeIter<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        self.entries.next().map(|entry| Attribute { all: self.all, entry })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for AttributeIter<'_> {}

impl fmt::Debug for AttributeIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Reading.
impl Attributes {
    /// Adds what an `AttributeStatement` says, with what its encrypted attributes decrypted to; the result is how many more of those it
    /// has, which cannot be read.
    ///
    /// An empty statement is not schema-valid, and Auth0 sends it: it adds nothing.
    ///
    /// # Errors
    ///
    /// A [`StructureError`] where the statement is not as SAML Core 2.7.3 prescribes.
    pub(crate) fn read_statement<'d, V: View<'d>>(
        &mut self,
        statement: V,
        opened: &mut impl Iterator<Item = V>,
    ) -> Result<usize, StructureError> {
        let mut encrypted = 0;
        self.text.reserve(statement.extent());
        self.attributes.reserve(16);
        self.values.reserve(16);
        for child in statement.elements() {
            let child = child?;
            if child.is(Namespace::Assertion, "Attribute") {
                self.read_attribute(child)?;
            } else if child.is(Namespace::Assertion, "EncryptedAttribute") {
                match opened.next() {
                    Some(attribute) => self.read_attribute(attribute)?,
                    None => encrypted += 1,
                }
            } else {
                return Err(unexpected("AttributeStatement", child));
            }
        }
        Ok(encrypted)
    }

    /// The name may be empty: Auth0 sends what the profile says.
    fn read_attribute<'d>(&mut self, attribute: impl View<'d>) -> Result<(), StructureError> {
        let [name, name_format, friendly_name] = attribute.attributes(["Name", "NameFormat", "FriendlyName"]);
        let name = self.keep(required(name, "Attribute", "Name")?);
        let name_format = name_format.map(|format| self.keep_format(format));
        let friendly_name = friendly_name.map(|name| self.keep(name));
        let first = self.values.len();
        for value in attribute.elements() {
            let value = value?;
            if !value.is(Namespace::Assertion, "AttributeValue") {
                return Err(unexpected("Attribute", value));
            }
            let value = self.read_value(value)?;
            self.values.push(value);
        }
        self.attributes.push(Entry { name, name_format, friendly_name, values: first..self.values.len() });
        Ok(())
    }

    fn read_value<'d>(&mut self, value: impl View<'d>) -> Result<Value, StructureError> {
        if let Some(nil) = value.attribute_ns(Namespace::SchemaInstance, "nil")
            && is_nil(value, nil)?
        {
            return Ok(Value::Nil);
        }
        let start = self.text.len();
        match value.text_into(&mut self.text) {
            Ok(()) => Ok(Value::Text(start..self.text.len())),
            Err(_) if value.has_elements() => {
                self.text.truncate(start);
                self.read_elements(value)
            }
            Err(error) => Err(error),
        }
    }

    fn read_elements<'d>(&mut self, value: impl View<'d>) -> Result<Value, StructureError> {
        if let Some(name) = only_name_id(value) {
            self.names.push(name);
            return Ok(Value::NameId(self.names.len().saturating_sub(1)));
        }
        let start = self.text.len();
        value.content_into(&mut self.text)?;
        Ok(Value::Xml(start..self.text.len()))
    }

    fn keep(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Most attributes have the format of the one before.
    fn keep_format(&mut self, format: &str) -> Span {
        let before = self.attributes.last().and_then(|before| before.name_format.clone());
        before.filter(|before| self.text(before) == format).unwrap_or_else(|| self.keep(format))
    }
}

/// Whether the value of `xsi:nil` is true. XML Schema Part 1 section 3.3.4: an element that is nil is empty.
fn is_nil<'d>(value: impl View<'d>, nil: &str) -> Result<bool, StructureError> {
    match nil.trim_matches([' ', '\t', '\n', '\r']) {
        "true" | "1" if value.text().is_ok_and(|text| text.is_empty()) => Ok(true),
        "true" | "1" => Err(StructureError::NilWithContent),
        "false" | "0" => Ok(false),
        _ => {
            let received = Shown::new(nil);
            Err(StructureError::InvalidAttribute { element: "AttributeValue", attribute: "xsi:nil", received })
        }
    }
}

/// The name in an element that has nothing else in it.
fn only_name_id<'d>(value: impl View<'d>) -> Option<NameId> {
    let mut elements = value.elements();
    match (elements.next(), elements.next()) {
        (Some(Ok(name)), None) if name.is(Namespace::Assertion, "NameID") => NameId::read(name).ok(),
        _ => None,
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Attribute<'a> {
    /// The name.
    pub fn name(self) -> &'a str {
        self.all.text(&self.entry.name)
    }

    /// How the name is to be read. SAML Core 8.2.
    pub fn name_format(self) -> Option<&'a str> {
        self.entry.name_format.as_ref().map(|span| self.all.text(span))
    }

    /// A name for people. It decides nothing.
    pub fn friendly_name(self) -> Option<&'a str> {
        self.entry.friendly_name.as_ref().map(|span| self.all.text(span))
    }

    /// The values, in order.
    pub fn values(self) -> impl Iterator<Item = AttributeValue<'a>> {
        let values = self.all.values.get(self.entry.values.clone()).unwrap_or_default();
        values.iter().map(move |value| match value {
            Value::Text(span) => AttributeValue::Text(self.all.text(span)),
            Value::Nil => AttributeValue::Nil,
            Value::NameId(place) => self.all.names.get(*place).map_or(AttributeValue::Nil, AttributeValue::NameId),
            Value::Xml(span) => AttributeValue::Xml(self.all.text(span)),
        })
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute").field("name", &self.name()).field("values", &self.entry.values.len()).finish_non_exhaustive()
    }
}

impl<'a> AttributeValue<'a> {
    /// The text, if it is text.
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nil | Self::NameId(_) | Self::Xml(_) => None,
        }
    }
}

impl fmt::Debug for AttributeValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Nil => "Nil",
            Self::NameId(_) => "NameId(..)",
            Self::Xml(_) => "Xml(..)",
        })
    }
}

impl fmt::Display for NotSingle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the attribute has {} values instead of one text", self.values)
    }
}

impl std::error::Error for NotSingle {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::error::Shown;
    use crate::xml::Document;

    fn read(content: &str) -> Result<(Attributes, usize), StructureError> {
        let xml = format!(
            "<AttributeStatement xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{content}</AttributeStatement>"
        );
        let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
        let mut attributes = Attributes::default();
        let encrypted = attributes.read_statement(document.root(), &mut std::iter::empty())?;
        Ok((attributes, encrypted))
    }

    #[test]
    fn order_and_duplicates_are_kept() {
        let (attributes, _) = read(
            "<Attribute Name=\"role\" NameFormat=\"urn:f\" FriendlyName=\"Role\"><AttributeValue>a</AttributeValue>\
             <AttributeValue>b</AttributeValue></Attribute>\
             <Attribute Name=\"mail\"><AttributeValue>m</AttributeValue></Attribute>\
             <Attribute Name=\"role\"><AttributeValue>a</AttributeValue></Attribute>",
        )
        .unwrap();
        assert_eq!(attributes.iter().map(Attribute::name).collect::<Vec<_>>(), ["role", "mail", "role"]);
        assert_eq!(attributes.all("role").collect::<Vec<_>>(), ["a", "b", "a"]);
        assert_eq!(attributes.first("role"), Some("a"));
        assert_eq!(attributes.single("mail"), Ok("m"));
        assert_eq!(attributes.single("role"), Err(NotSingle { values: 3 }));
        assert_eq!(attributes.single("Mail"), Err(NotSingle { values: 0 }));
        assert_eq!((attributes.iter().len(), attributes.len()), (3, 3));
        assert!((&attributes).into_iter().map(Attribute::name).eq(attributes.iter().map(Attribute::name)));
        let first = attributes.iter().next().unwrap();
        assert_eq!((first.name_format(), first.friendly_name()), (Some("urn:f"), Some("Role")));
    }

    #[test]
    fn every_attribute_has_the_format_that_it_says() {
        let formats = ["a", "a", "b", "", "a", "a"];
        let said = formats.map(|format| format!("<Attribute Name=\"n\" NameFormat=\"{format}\"/>"));
        let (attributes, _) = read(&format!("{}<Attribute Name=\"n\"/>", said.concat())).unwrap();
        let read: Vec<_> = attributes.iter().map(Attribute::name_format).collect();
        assert_eq!(read, [Some("a"), Some("a"), Some("b"), Some(""), Some("a"), Some("a"), None]);
        assert_eq!((attributes.is_empty(), Attributes::default().is_empty()), (false, true));
    }

    /// The names of attributes are the configuration's, their values are the user's.
    #[test]
    fn debugging_shows_names_and_counts_and_no_values() {
        let (attributes, _) = read(
            "<Attribute Name=\"role\"><AttributeValue>secret</AttributeValue><AttributeValue/></Attribute><Attribute Name=\"n\"/>",
        )
        .unwrap();
        let shown = "[Attribute { name: \"role\", values: 2, .. }, Attribute { name: \"n\", values: 0, .. }]";
        assert_eq!(format!("{attributes:?}"), shown);
        assert_eq!(format!("{:?}", attributes.iter()), shown);
        let name = NameId::new("secret").with_format("urn:f");
        for (value, shown) in [
            (AttributeValue::Text("secret"), "Text(..)"),
            (AttributeValue::Nil, "Nil"),
            (AttributeValue::NameId(&name), "NameId(..)"),
            (AttributeValue::Xml("<secret/>"), "Xml(..)"),
        ] {
            assert_eq!(format!("{value:?}"), shown);
        }
        assert_eq!(NotSingle { values: 2 }.to_string(), "the attribute has 2 values instead of one text");
    }

    #[test]
    fn values_are_text_nil_or_elements() {
        for (value, expected) in [
            ("<AttributeValue>a<!-- -->b</AttributeValue>", AttributeValue::Text("ab")),
            ("<AttributeValue/>", AttributeValue::Text("")),
            ("<AttributeValue xsi:nil=\"true\"/>", AttributeValue::Nil),
            ("<AttributeValue xsi:nil=\"1\"/>", AttributeValue::Nil),
            ("<AttributeValue xsi:nil=\"false\"/>", AttributeValue::Text("")),
            ("<AttributeValue nil=\"true\"/>", AttributeValue::Text("")),
            ("<AttributeValue xsi:nil=\" true\n\"><!-- --></AttributeValue>", AttributeValue::Nil),
            ("<AttributeValue xsi:nil=\"0\">a</AttributeValue>", AttributeValue::Text("a")),
            ("<AttributeValue><NameID>x</NameID></AttributeValue>", AttributeValue::NameId(&NameId::new("x"))),
        ] {
            let (attributes, _) = read(&format!("<Attribute Name=\"\">{value}</Attribute>")).unwrap();
            let values: Vec<_> = attributes.iter().flat_map(Attribute::values).collect();
            assert!(values == [expected], "{value}");
        }
        assert_eq!(read("<Attribute Name=\"n\"/>").unwrap().0.single("n"), Err(NotSingle { values: 0 }));
    }

    #[test]
    fn nil_is_said_in_one_way_and_has_no_content() {
        for (value, error) in [
            ("<AttributeValue xsi:nil=\"true\">a</AttributeValue>", StructureError::NilWithContent),
            ("<AttributeValue xsi:nil=\"1\"> </AttributeValue>", StructureError::NilWithContent),
            ("<AttributeValue xsi:nil=\"true\"><NameID>x</NameID></AttributeValue>", StructureError::NilWithContent),
            ("<AttributeValue xsi:nil=\"true\"><?p?></AttributeValue>", StructureError::NilWithContent),
            ("<AttributeValue xsi:nil=\"TRUE\"/>", invalid_nil("TRUE")),
            ("<AttributeValue xsi:nil=\"\"/>", invalid_nil("")),
            ("<AttributeValue xsi:nil=\"true false\">a</AttributeValue>", invalid_nil("true false")),
        ] {
            assert_eq!(read(&format!("<Attribute Name=\"n\">{value}</Attribute>")), Err(error), "{value}");
        }
    }

    fn invalid_nil(received: &str) -> StructureError {
        StructureError::InvalidAttribute { element: "AttributeValue", attribute: "xsi:nil", received: Shown::new(received) }
    }

    /// `eduPersonTargetedID`: all five fields make the name.
    #[test]
    fn a_name_in_a_value_is_a_name() {
        let full =
            NameId::new("v").with_format("f").with_name_qualifier("n").with_sp_name_qualifier("s").with_sp_provided_id("p");
        for (value, name) in [
            ("<NameID Format=\"f\" NameQualifier=\"n\" SPNameQualifier=\"s\" SPProvidedID=\"p\">v</NameID>", full),
            (" \n<!-- --><NameID> x&amp;<!-- -->y </NameID>\t", NameId::new(" x&y ")),
        ] {
            let (attributes, _) =
                read(&format!("<Attribute Name=\"n\"><AttributeValue>{value}</AttributeValue></Attribute>")).unwrap();
            let values: Vec<_> = attributes.iter().flat_map(Attribute::values).collect();
            assert!(values == [AttributeValue::NameId(&name)], "{value}");
            assert_eq!((values[0].as_str(), attributes.first("n")), (None, None));
            assert_eq!(attributes.single("n"), Err(NotSingle { values: 1 }));
        }
    }

    /// What is no name and no text is handed on as it was signed, without what is around it.
    #[test]
    fn other_elements_come_out_as_canonical_xml() {
        const NAMESPACE: &str = "xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
        for (value, xml) in [
            ("<e:a xmlns:e='urn:e' e:c='2' b=\"1\"/>".to_owned(), "<e:a xmlns:e=\"urn:e\" b=\"1\" e:c=\"2\"></e:a>".to_owned()),
            ("<a/><b/>".to_owned(), format!("<a {NAMESPACE}></a><b {NAMESPACE}></b>")),
            ("1 &lt; 2<!-- --><![CDATA[&]]>\r\n<a/>3".to_owned(), format!("1 &lt; 2&amp;\n<a {NAMESPACE}></a>3")),
            ("<?p d?><a><?q?></a>".to_owned(), format!("<?p d?><a {NAMESPACE}><?q?></a>")),
            (
                "<NameID>x</NameID><NameID>y</NameID>".to_owned(),
                format!("<NameID {NAMESPACE}>x</NameID><NameID {NAMESPACE}>y</NameID>"),
            ),
            ("<NameID>x</NameID>y".to_owned(), format!("<NameID {NAMESPACE}>x</NameID>y")),
            ("<NameID> </NameID>".to_owned(), format!("<NameID {NAMESPACE}> </NameID>")),
            ("<NameID>x<a/></NameID>".to_owned(), format!("<NameID {NAMESPACE}>x<a></a></NameID>")),
            ("<e:NameID xmlns:e='urn:e'>x</e:NameID>".to_owned(), "<e:NameID xmlns:e=\"urn:e\">x</e:NameID>".to_owned()),
        ] {
            let statement = format!(
                "<Attribute Name=\"n\"><AttributeValue>{value}</AttributeValue><AttributeValue>t</AttributeValue></Attribute>"
            );
            let (attributes, _) = read(&statement).unwrap();
            let values: Vec<_> = attributes.iter().flat_map(Attribute::values).collect();
            assert!(values == [AttributeValue::Xml(&xml), AttributeValue::Text("t")], "{value}");
            assert_eq!(values[0].as_str(), None);
        }
        let not_text = StructureError::NotText { element: Shown::new("AttributeValue") };
        assert_eq!(read("<Attribute Name=\"n\"><AttributeValue>a<?p?></AttributeValue></Attribute>"), Err(not_text));
    }

    /// A namespace name of 1,000 octets on the statement, rendered for each of so many elements.
    #[test]
    fn the_forms_of_all_values_together_are_bounded() {
        let with = |elements: usize| {
            let xml = format!(
                "<AttributeStatement xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:e=\"urn:{}\">{}</AttributeStatement>",
                "e".repeat(1000),
                "<Attribute Name=\"n\"><AttributeValue><e:a/></AttributeValue></Attribute>".repeat(elements)
            );
            let document = Document::parse(xml.as_bytes(), &Limits::DEFAULT).unwrap();
            Attributes::default().read_statement(document.root(), &mut std::iter::empty())
        };
        assert_eq!(with(100), Ok(0));
        let reason = "it would be many times as long as the document";
        assert_eq!(with(200), Err(StructureError::ValueNotCanonicalizable { reason }));
        let relative = "<Attribute Name=\"n\"><AttributeValue><e:a xmlns:e=\"e\"/></AttributeValue></Attribute>";
        let reason = "a namespace name in the document is a relative reference";
        assert_eq!(read(relative), Err(StructureError::ValueNotCanonicalizable { reason }));
    }

    #[test]
    fn a_statement_holds_attributes_alone() {
        assert_eq!(read("").unwrap(), (Attributes::default(), 0));
        assert_eq!(read("<EncryptedAttribute/><EncryptedAttribute/>").unwrap().1, 2);
        for (content, error) in [
            ("<Attribute/>", StructureError::MissingAttribute { element: "Attribute", attribute: "Name" }),
            ("<NameID/>", StructureError::UnexpectedElement { parent: "AttributeStatement", element: Shown::new("NameID") }),
            (
                "<Attribute Name=\"n\"><Value/></Attribute>",
                StructureError::UnexpectedElement { parent: "Attribute", element: Shown::new("Value") },
            ),
        ] {
            assert_eq!(read(content), Err(error), "{content}");
        }
    }

    #[test]
    fn debug_hides_values() {
        let (attributes, _) = read(
            "<Attribute Name=\"mail\"><AttributeValue>secret</AttributeValue><AttributeValue><NameID>secret</NameID></AttributeValue>\
             <AttributeValue><secret/></AttributeValue></Attribute>",
        )
        .unwrap();
        let values: Vec<_> = attributes.iter().flat_map(Attribute::values).collect();
        assert_eq!(
            format!("{attributes:?} {values:?}"),
            "[Attribute { name: \"mail\", values: 3, .. }] [Text(..), NameId(..), Xml(..)]"
        );
    }
}
