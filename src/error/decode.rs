//! Refusals of the decode stage.

use std::fmt;

use super::Refusal;
use crate::base64::Base64Fault;

/// Why the text that travelled is not what its binding prescribes. Offsets count bytes from 0.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Nothing but white space.
    Empty,
    /// Longer than base64 of the longest document that is read.
    TooLong {
        /// The limit, in bytes of text.
        limit: usize,
    },
    /// XML where base64 belongs.
    RawXml,
    /// A form body, a URL, or another text that has the value of the field in it.
    FormBody,
    /// A percent escape: the form was not decoded.
    PercentEncoded {
        /// Where the first one is.
        offset: usize,
    },
    /// Spaces where a `+` was: the form was decoded twice, or the text was pasted into a URL.
    SpaceForPlus {
        /// Where the first space is.
        offset: usize,
    },
    /// `-` or `_`: the URL-safe alphabet, which no SAML binding uses.
    UrlSafeAlphabet {
        /// Where the first one is.
        offset: usize,
    },
    /// A character that is not base64.
    InvalidCharacter {
        /// Where it is.
        offset: usize,
        /// The character.
        character: char,
    },
    /// Text behind the padding: two messages in one field, or padding in excess.
    DataAfterPadding {
        /// Where it starts.
        offset: usize,
    },
    /// The padding is missing: it was dropped, or the text was cut.
    MissingPadding,
    /// One character more than a multiple of four: the text was cut, or lost characters.
    Incomplete,
    /// The last character carries bits that stand for nothing: the text was changed or cut.
    TrailingBits {
        /// Where that character is.
        offset: usize,
    },
    /// The bytes are compressed, as in the redirect binding.
    Compressed {
        /// `DEFLATE`, `zlib` or `gzip`.
        format: &'static str,
    },
    /// The bytes are base64 once more.
    EncodedTwice,
}

impl From<Base64Fault> for DecodeError {
    fn from(fault: Base64Fault) -> Self {
        match fault {
            Base64Fault::InvalidCharacter { offset, character } => Self::InvalidCharacter { offset, character },
            Base64Fault::UrlSafeAlphabet { offset } => Self::UrlSafeAlphabet { offset },
            Base64Fault::DataAfterPadding { offset } => Self::DataAfterPadding { offset },
            Base64Fault::MissingPadding => Self::MissingPadding,
            Base64Fault::Incomplete => Self::Incomplete,
            Base64Fault::TrailingBits { offset } => Self::TrailingBits { offset },
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the message is empty"),
            Self::TooLong { limit } => write!(f, "the message is longer than {limit} bytes of base64"),
            Self::RawXml => f.write_str("XML instead of base64"),
            Self::FormBody => f.write_str("a form body or URL instead of the value of its field"),
            Self::PercentEncoded { offset } => write!(f, "a percent escape at byte {offset}: the form was not decoded"),
            Self::SpaceForPlus { offset } => write!(f, "a `+` was turned into a space, first at byte {offset}"),
            Self::UrlSafeAlphabet { offset } => write!(f, "the URL-safe base64 alphabet at byte {offset}"),
            Self::InvalidCharacter { offset, character } => {
                write!(f, "'{}' at byte {offset} is not base64", character.escape_debug())
            }
            Self::DataAfterPadding { offset } => write!(f, "text behind the base64 padding at byte {offset}"),
            Self::MissingPadding => f.write_str("the base64 padding is missing"),
            Self::Incomplete => f.write_str("the base64 text is cut: one character more than a multiple of four"),
            Self::TrailingBits { offset } => {
                write!(f, "the last base64 character, at byte {offset}, has bits that stand for nothing")
            }
            Self::Compressed { format } => write!(f, "the message is compressed ({format})"),
            Self::EncodedTwice => f.write_str("the message is base64 of base64"),
        }
    }
}

impl Refusal for DecodeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::RawXml => "raw_xml",
            Self::FormBody => "form_body",
            Self::PercentEncoded { .. } => "percent_encoded",
            Self::SpaceForPlus { .. } => "space_for_plus",
            Self::UrlSafeAlphabet { .. } => "url_safe_alphabet",
            Self::InvalidCharacter { .. } => "invalid_base64",
            Self::DataAfterPadding { .. } => "data_after_padding",
            Self::MissingPadding => "missing_padding",
            Self::Incomplete => "incomplete_base64",
            Self::TrailingBits { .. } => "trailing_bits",
            Self::Compressed { .. } => "compressed",
            Self::EncodedTwice => "encoded_twice",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "limits",
            Self::Empty
            | Self::RawXml
            | Self::FormBody
            | Self::PercentEncoded { .. }
            | Self::SpaceForPlus { .. }
            | Self::Compressed { .. }
            | Self::EncodedTwice => "SAML Bindings 3.5.4",
            Self::UrlSafeAlphabet { .. } => "RFC 4648 section 4",
            Self::InvalidCharacter { .. } | Self::DataAfterPadding { .. } | Self::MissingPadding | Self::Incomplete => {
                "RFC 4648 section 3"
            }
            Self::TrailingBits { .. } => "RFC 4648 section 3.5",
        }
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::TooLong { limit } => vec![format!("at most {limit} bytes")],
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Empty => "hand over the value of the form field `SAMLResponse`; the assertion consumer URL takes POST only",
            Self::TooLong { .. } => {
                "if genuine messages are this large (many groups in the profile), send fewer attributes; a service can raise the limit on the document's bytes"
            }
            Self::RawXml => "hand over the value of the form field as it is; the identity provider posts base64",
            Self::FormBody => "parse the form and hand over the value of its field `SAMLResponse` alone",
            Self::PercentEncoded { .. } => "decode the form (`application/x-www-form-urlencoded`) once, then hand over the value",
            Self::SpaceForPlus { .. } => {
                "decode the form exactly once, and write `+` as `%2B` wherever the message is put into a form or a URL by hand"
            }
            Self::UrlSafeAlphabet { .. } => "the identity provider must use the standard base64 alphabet",
            Self::Compressed { .. } => {
                "a Response by POST is never compressed; was a message of the redirect binding posted here? Let the identity provider \
                 answer by POST"
            }
            Self::EncodedTwice => "do not encode the form field again",
            Self::InvalidCharacter { .. }
            | Self::DataAfterPadding { .. }
            | Self::MissingPadding
            | Self::Incomplete
            | Self::TrailingBits { .. } => {
                "hand over the form field unchanged; look for whatever cuts or changes it on its way (size limits of a proxy, a \
                 log, a terminal)"
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_message() {
        for (error, code, message) in [
            (DecodeError::Empty, "empty", "the message is empty"),
            (DecodeError::TooLong { limit: 9 }, "too_long", "the message is longer than 9 bytes of base64"),
            (DecodeError::RawXml, "raw_xml", "XML instead of base64"),
            (DecodeError::FormBody, "form_body", "a form body or URL instead of the value of its field"),
            (
                DecodeError::PercentEncoded { offset: 3 },
                "percent_encoded",
                "a percent escape at byte 3: the form was not decoded",
            ),
            (DecodeError::SpaceForPlus { offset: 3 }, "space_for_plus", "a `+` was turned into a space, first at byte 3"),
            (DecodeError::UrlSafeAlphabet { offset: 3 }, "url_safe_alphabet", "the URL-safe base64 alphabet at byte 3"),
            (DecodeError::InvalidCharacter { offset: 3, character: '\n' }, "invalid_base64", "'\\n' at byte 3 is not base64"),
            (DecodeError::DataAfterPadding { offset: 3 }, "data_after_padding", "text behind the base64 padding at byte 3"),
            (DecodeError::MissingPadding, "missing_padding", "the base64 padding is missing"),
            (DecodeError::Incomplete, "incomplete_base64", "the base64 text is cut: one character more than a multiple of four"),
            (
                DecodeError::TrailingBits { offset: 3 },
                "trailing_bits",
                "the last base64 character, at byte 3, has bits that stand for nothing",
            ),
            (DecodeError::Compressed { format: "gzip" }, "compressed", "the message is compressed (gzip)"),
            (DecodeError::EncodedTwice, "encoded_twice", "the message is base64 of base64"),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
            assert!(!error.section().is_empty() && !error.remedy().is_empty(), "{code}");
        }
        assert_eq!(DecodeError::TooLong { limit: 9 }.expected(), ["at most 9 bytes"]);
        assert_eq!(
            DecodeError::Compressed { format: "gzip" }.remedy(),
            "a Response by POST is never compressed; was a message of the redirect binding posted here? Let the identity provider \
             answer by POST"
        );
        assert_eq!(
            DecodeError::TooLong { limit: 9 }.remedy(),
            "if genuine messages are this large (many groups in the profile), send fewer attributes; a service can raise the limit on \
             the document's bytes"
        );
    }
}
