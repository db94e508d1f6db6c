//! Refusals of the XML stage.

use std::fmt;

use super::{Refusal, Shown};

/// Why the bytes are not the XML that this crate takes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlError {
    /// What is wrong.
    pub kind: XmlErrorKind,
    /// Where the offending construct starts.
    pub position: Position,
}

/// A place in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes from the start, from 0.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
}

/// What is wrong with the XML.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XmlErrorKind {
    /// Longer than the limit on the document's bytes.
    DocumentTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// One of the other limits of [`Limits`](crate::Limits).
    LimitExceeded {
        /// The name of the limit.
        limit: &'static str,
        /// Its value.
        maximum: usize,
    },
    /// Not UTF-8; only UTF-8 is read (XML 1.0 section 4.3.3 allows more).
    NotUtf8 {
        /// The encoding that the declaration names, if it names one.
        declared: Option<Shown>,
    },
    /// UTF-16 or UTF-32, recognised by its byte order mark or its zero bytes.
    WideEncoding,
    /// The declaration names another encoding than UTF-8. XML 1.0 section 4.3.3.
    EncodingMismatch {
        /// What it names.
        declared: Shown,
    },
    /// A document type declaration, which no SAML message needs and many attacks do.
    Doctype,
    /// A comment that starts with `>` or `->`: well-formed, but HTML readers take it to end at once, and see what it hides.
    /// Refused in messages, not in canonical XML on its own.
    AmbiguousComment,
    /// A character that XML does not allow. XML 1.0 section 2.2.
    ForbiddenCharacter,
    /// Not well-formed. XML 1.0.
    NotWellFormed {
        /// The broken rule.
        rule: &'static str,
        /// The section of XML 1.0 that states it.
        section: &'static str,
    },
    /// Not namespace-well-formed. Namespaces in XML 1.0.
    Namespace {
        /// The broken rule.
        rule: &'static str,
        /// The section of Namespaces in XML 1.0 that states it.
        section: &'static str,
    },
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} (byte {})", self.line, self.column, self.offset)
    }
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            XmlErrorKind::DocumentTooLarge { limit } => return write!(f, "the document is longer than {limit} bytes"),
            XmlErrorKind::LimitExceeded { limit, maximum } => write!(f, "more than {maximum} {limit}"),
            XmlErrorKind::NotUtf8 { declared: None } => f.write_str("not UTF-8"),
            XmlErrorKind::NotUtf8 { declared: Some(declared) } => write!(f, "not UTF-8 (the declaration names {declared})"),
            XmlErrorKind::WideEncoding => f.write_str("UTF-16 or UTF-32 instead of UTF-8"),
            XmlErrorKind::EncodingMismatch { declared } => write!(f, "the declaration names the encoding {declared}, not UTF-8"),
            XmlErrorKind::Doctype => f.write_str("a document type declaration"),
            XmlErrorKind::AmbiguousComment => f.write_str("a comment that starts with `>`"),
            XmlErrorKind::ForbiddenCharacter => f.write_str("a character that XML does not allow"),
            XmlErrorKind::NotWellFormed { rule, .. } | XmlErrorKind::Namespace { rule, .. } => f.write_str(rule),
        }?;
        write!(f, " at {}", self.position)
    }
}

impl Refusal for XmlError {
    fn code(&self) -> &'static str {
        match &self.kind {
            XmlErrorKind::DocumentTooLarge { .. } => "document_too_large",
            XmlErrorKind::LimitExceeded { .. } => "limit_exceeded",
            XmlErrorKind::NotUtf8 { .. } => "not_utf8",
            XmlErrorKind::WideEncoding => "wide_encoding",
            XmlErrorKind::EncodingMismatch { .. } => "encoding_mismatch",
            XmlErrorKind::Doctype => "doctype",
            XmlErrorKind::AmbiguousComment => "ambiguous_comment",
            XmlErrorKind::ForbiddenCharacter => "forbidden_character",
            XmlErrorKind::NotWellFormed { .. } => "not_well_formed",
            XmlErrorKind::Namespace { .. } => "not_namespace_well_formed",
        }
    }

    fn section(&self) -> &'static str {
        match &self.kind {
            XmlErrorKind::DocumentTooLarge { .. } | XmlErrorKind::LimitExceeded { .. } => "limits",
            XmlErrorKind::NotUtf8 { .. } | XmlErrorKind::WideEncoding | XmlErrorKind::EncodingMismatch { .. } => {
                "XML 1.0 section 4.3.3"
            }
            XmlErrorKind::Doctype => "SAML2Int SDP-G03",
            XmlErrorKind::AmbiguousComment => "XML 1.0 section 2.5",
            XmlErrorKind::ForbiddenCharacter => "XML 1.0 section 2.2",
            XmlErrorKind::NotWellFormed { section, .. } | XmlErrorKind::Namespace { section, .. } => section,
        }
    }

    fn expected(&self) -> Vec<String> {
        match &self.kind {
            XmlErrorKind::DocumentTooLarge { limit } => vec![format!("at most {limit} bytes")],
            XmlErrorKind::LimitExceeded { limit, maximum } => vec![format!("at most {maximum} {limit}")],
            XmlErrorKind::NotUtf8 { .. } | XmlErrorKind::WideEncoding | XmlErrorKind::EncodingMismatch { .. } => {
                vec!["UTF-8".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn received(&self) -> Vec<String> {
        match &self.kind {
            XmlErrorKind::EncodingMismatch { declared } => vec![declared.as_str().to_owned()],
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match &self.kind {
            XmlErrorKind::DocumentTooLarge { .. } | XmlErrorKind::LimitExceeded { .. } => {
                "if genuine messages are this large (many groups in the profile), send fewer attributes; a service can raise this limit"
            }
            XmlErrorKind::ForbiddenCharacter => {
                "if logins of one user fail, remove control characters from the user's profile: some identity providers write them as \
                 they are"
            }
            XmlErrorKind::NotUtf8 { declared: Some(declared) } if declared.as_str().eq_ignore_ascii_case("UTF-8") => {
                "the message says that it is UTF-8 and has octets that are not: look for whatever writes it in another encoding (the \
                 identity provider's template, or an editor that saved a copy)"
            }
            XmlErrorKind::NotUtf8 { .. } | XmlErrorKind::WideEncoding => {
                "let the identity provider send UTF-8; of a copy, check in which encoding it was saved"
            }
            XmlErrorKind::EncodingMismatch { .. } => {
                "let the identity provider send UTF-8 and declare that, or declare nothing; only UTF-8 is read"
            }
            _ => "no conforming identity provider sends this: check that nothing changed or cut the message on its way",
        }
        .to_owned()
    }
}
