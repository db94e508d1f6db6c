//! Canonical XML on its own: the octets of a document, or of one element of it, that a digest is made over.
//!
//! | algorithm | namespaces | `xml:` attributes of ancestors | comments |
//! |---|---|---|---|
//! | [`Inclusive10`](Algorithm::Inclusive10) | all in scope | all inherited by the apex | no |
//! | [`Inclusive10WithComments`](Algorithm::Inclusive10WithComments) | all in scope | all inherited by the apex | yes |
//! | [`Inclusive11`](Algorithm::Inclusive11) | all in scope | `xml:lang`, `xml:space` inherited, `xml:base` joined | no |
//! | [`Inclusive11WithComments`](Algorithm::Inclusive11WithComments) | all in scope | `xml:lang`, `xml:space` inherited, `xml:base` joined | yes |
//! | [`Exclusive10`](Algorithm::Exclusive10) | visibly used, and the listed | none | no |
//! | [`Exclusive10WithComments`](Algorithm::Exclusive10WithComments) | visibly used, and the listed | none | yes |
//!
//! For a whole document without unused declarations the inclusive and the exclusive forms agree; they differ for an element
//! that is taken out of its context.
//!
//! One element of one document, in all six:
//!
//! ```
//! use saml_verify::canonical::{Algorithm, Canonicalizer};
//!
//! let xml = br#"<a:r xmlns:a="urn:a" xmlns:b="urn:b" xml:lang="en" xml:id="r"><a:e ID='x' ><!-- c --></a:e></a:r>"#;
//! for (algorithm, expected) in [
//!     (Algorithm::Inclusive10, r#"<a:e xmlns:a="urn:a" xmlns:b="urn:b" ID="x" xml:id="r" xml:lang="en"></a:e>"#),
//!     (Algorithm::Inclusive10WithComments, r#"<a:e xmlns:a="urn:a" xmlns:b="urn:b" ID="x" xml:id="r" xml:lang="en"><!-- c --></a:e>"#),
//!     (Algorithm::Inclusive11, r#"<a:e xmlns:a="urn:a" xmlns:b="urn:b" ID="x" xml:lang="en"></a:e>"#),
//!     (Algorithm::Inclusive11WithComments, r#"<a:e xmlns:a="urn:a" xmlns:b="urn:b" ID="x" xml:lang="en"><!-- c --></a:e>"#),
//!     (Algorithm::Exclusive10, r#"<a:e xmlns:a="urn:a" ID="x"></a:e>"#),
//!     (Algorithm::Exclusive10WithComments, r#"<a:e xmlns:a="urn:a" ID="x"><!-- c --></a:e>"#),
//! ] {
//!     let octets = Canonicalizer::new(algorithm).element("x").to_vec(xml)?;
//!     assert_eq!(String::from_utf8_lossy(&octets), expected, "{}", algorithm.name());
//! }
//! # Ok::<(), saml_verify::canonical::Error>(())
//! ```
//!
//! A whole document into a writer; and the PrefixList, with which an exclusive form keeps a declaration that only a value needs:
//!
//! ```
//! use saml_verify::canonical::{Algorithm, Canonicalizer};
//!
//! let xml = br#"<r xmlns:xs="urn:xs" type="xs:string" name='n'/>"#;
//!
//! let mut written = Vec::new();
//! Canonicalizer::new(Algorithm::Exclusive10).write(xml, &mut written)?;
//! assert_eq!(written, br#"<r name="n" type="xs:string"></r>"#);
//!
//! let listed = Canonicalizer::new(Algorithm::Exclusive10).inclusive_prefixes("xs #default").to_vec(xml)?;
//! assert_eq!(listed, br#"<r xmlns:xs="urn:xs" name="n" type="xs:string"></r>"#);
//! # Ok::<(), saml_verify::canonical::Error>(())
//! ```

use std::fmt;
use std::io;

use crate::error::XmlError;
use crate::limits::Limits;
use crate::xml::Document;
use crate::xml::canonical::{Selection, Sink, Unavailable, write_selection};

pub use crate::xml::canonical::Algorithm;

/// Canonicalizes documents, or elements of documents.
///
/// Takes UTF-8 documents without a document type declaration.
#[derive(Clone, Debug)]
pub struct Canonicalizer {
    algorithm: Algorithm,
    inclusive_prefixes: String,
    element: Option<String>,
    limits: Limits,
}

impl Canonicalizer {
    /// Of whole documents, with no inclusive prefixes.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, inclusive_prefixes: String::new(), element: None, limits: Limits::DEFAULT }
    }

    /// The PrefixList of exclusive canonicalization (section 4): prefixes and `#default`, separated by white space.
    ///
    /// Has no meaning for the inclusive forms.
    #[must_use]
    pub fn inclusive_prefixes(self, prefix_list: impl Into<String>) -> Self {
        Self { inclusive_prefixes: prefix_list.into(), ..self }
    }

    /// The element whose `ID`, `Id`, `id` or `xml:id` attribute has that value, with all below it.
    #[must_use]
    pub fn element(self, id: impl Into<String>) -> Self {
        Self { element: Some(id.into()), ..self }
    }

    /// Other limits on documents than [`Limits::DEFAULT`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The canonical octets.
    ///
    /// # Errors
    ///
    /// [`Error`], but not [`Error::Io`].
    pub fn to_vec(&self, xml: &[u8]) -> Result<Vec<u8>, Error> {
        let mut octets = Vec::with_capacity(xml.len());
        self.run(xml, &mut octets)?;
        Ok(octets)
    }

    /// Writes the canonical octets, in small pieces: give it a buffered writer.
    ///
    /// # Errors
    ///
    /// [`Error`]. Before [`Error::TooLong`] and [`Error::Io`] a part may have been written, else nothing.
    pub fn write(&self, xml: &[u8], to: &mut impl io::Write) -> Result<(), Error> {
        let mut writing = Writing { to, failed: None };
        self.run(xml, &mut writing)?;
        writing.failed.map_or(Ok(()), |kind| Err(Error::Io(kind)))
    }

    fn run(&self, xml: &[u8], sink: &mut impl Sink) -> Result<(), Error> {
        let document = Document::parse(xml, &self.limits)?;
        let names = &["ID", "Id", "id", "xml:id"];
        let selection = self.element.as_deref().map_or(Selection::Document, |value| Selection::Attribute { names, value });
        write_selection(&document, selection, None, self.algorithm, &self.inclusive_prefixes, sink).map_err(Into::into)
    }
}

/// Why there are no canonical octets.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not the XML that this crate takes.
    Xml(XmlError),
    /// No element has that identifier.
    NoSuchElement,
    /// Several elements have that identifier.
    SeveralElements,
    /// A namespace name is a relative reference, which has no canonical form. Canonical XML 1.0 section 1.3.
    RelativeNamespaceName,
    /// The canonical form is more than eight times as long as the document: a long namespace name, rendered on many elements.
    TooLong,
    /// The writer failed.
    Io(io::ErrorKind),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => error.fmt(f),
            Self::NoSuchElement => f.write_str("no element has that identifier"),
            Self::SeveralElements => f.write_str("several elements have that identifier"),
            Self::RelativeNamespaceName => f.write_str("a namespace name is a relative reference, which has no canonical form"),
            Self::TooLong => f.write_str("the canonical form is many times as long as the document"),
            Self::Io(kind) => write!(f, "the canonical form cannot be written: {kind}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<XmlError> for Error {
    fn from(error: XmlError) -> Self {
        Self::Xml(error)
    }
}

impl From<Unavailable> for Error {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::RelativeNamespaceName => Self::RelativeNamespaceName,
            Unavailable::TooLong => Self::TooLong,
            Unavailable::NoSuchElement => Self::NoSuchElement,
            Unavailable::SeveralElements => Self::SeveralElements,
        }
    }
}

/// A writer that remembers its first failure.
struct Writing<'w, W> {
    to: &'w mut W,
    failed: Option<io::ErrorKind>,
}

impl<W: io::Write> Sink for Writing<'_, W> {
    fn write(&mut self, octets: &[u8]) {
        if self.failed.is_none()
            && let Err(error) = self.to.write_all(octets)
        {
            self.failed = Some(error.kind());
        }
    }
}
