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
    /// A page of HTML, or a piece of one.
    HtmlPage {
        /// Whether it has a form field `SAMLResponse`. What that holds was not looked at.
        form_field: bool,
    },
    /// A JSON document.
    Json {
        /// Whether it has a member `SAMLResponse`. What that holds was not looked at.
        form_field: bool,
    },
    /// A JSON Web Token, as OpenID Connect has it.
    JsonWebToken,
    /// A form body, a URL, or another text that has the value of the field in it.
    FormBody,
    /// The name of the field, and then its value: `SAMLResponse: …`.
    FieldName,
    /// A character that is written as an HTML entity: `&#x2b;`.
    HtmlEntity {
        /// Where the first one is.
        offset: usize,
    },
    /// XML that is escaped for a page: `&lt;samlp:Response …`.
    EscapedXml {
        /// Where it starts.
        offset: usize,
    },
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
    /// A parameter that a message of the redirect binding needs is not in the query.
    MissingParameter {
        /// The names of which one is needed.
        names: &'static [&'static str],
    },
    /// A parameter of the redirect binding occurs twice.
    DuplicateParameter {
        /// Its name.
        name: &'static str,
    },
    /// `SAMLRequest` and `SAMLResponse` in one query.
    RequestAndResponse,
    /// The name of a parameter of the redirect binding is written with escapes.
    EscapedName {
        /// The name.
        name: &'static str,
    },
    /// The name of a parameter of the redirect binding is written in other letters: `samlresponse`. A reader that ignores case would
    /// take that parameter for the genuine one.
    NameInOtherCase {
        /// The name, as the binding has it.
        name: &'static str,
    },
    /// A `%` without two hexadecimal digits.
    InvalidEscape {
        /// The parameter.
        name: &'static str,
        /// Where the `%` is in its raw value.
        offset: usize,
    },
    /// White space, or a `+` that was not escaped, in a base64 value of the redirect binding.
    WhiteSpace {
        /// The parameter.
        name: &'static str,
        /// Where it is in the decoded value.
        offset: usize,
    },
    /// `SAMLEncoding` names another encoding than DEFLATE.
    UnknownEncoding,
    /// The bytes are no DEFLATE stream.
    NotDeflate,
    /// The DEFLATE stream has no end.
    DeflateCut,
    /// Bytes behind the end of the DEFLATE stream.
    DataAfterDeflate {
        /// How many.
        bytes: usize,
    },
    /// What was compressed is longer than the longest document that is read.
    InflatedTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
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
            Self::HtmlPage { form_field: false } => f.write_str("an HTML page instead of a SAML message"),
            Self::HtmlPage { form_field: true } => {
                f.write_str("an HTML page instead of a SAML message; it has a form field SAMLResponse")
            }
            Self::Json { form_field: false } => f.write_str("JSON instead of a SAML message"),
            Self::Json { form_field: true } => f.write_str("JSON instead of a SAML message; it has a member SAMLResponse"),
            Self::JsonWebToken => f.write_str("a JSON Web Token instead of a SAML message"),
            Self::FormBody => f.write_str("a form body or URL instead of the value of its field"),
            Self::FieldName => f.write_str("the name of the form field stands in front of its value"),
            Self::HtmlEntity { offset } => write!(f, "an HTML entity at byte {offset}: copied from the source of a page"),
            Self::EscapedXml { offset } => write!(f, "XML with `&lt;` in place of `<`, from byte {offset}, instead of base64"),
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
            Self::MissingParameter { names } => write!(f, "the query has no parameter {}", names.join(" or ")),
            Self::DuplicateParameter { name } => write!(f, "the query has the parameter {name} twice"),
            Self::RequestAndResponse => f.write_str("the query has a SAMLRequest and a SAMLResponse"),
            Self::EscapedName { name } => write!(f, "the query has the name {name} written with escapes"),
            Self::NameInOtherCase { name } => write!(f, "the query has the name {name} in other upper and lower case"),
            Self::InvalidEscape { name, offset } => write!(f, "a `%` without two hexadecimal digits at byte {offset} of {name}"),
            Self::WhiteSpace { name, offset } => write!(f, "white space or an unescaped `+` at byte {offset} of {name}"),
            Self::UnknownEncoding => f.write_str("SAMLEncoding is not DEFLATE"),
            Self::NotDeflate => f.write_str("the message is not compressed with DEFLATE"),
            Self::DeflateCut => f.write_str("the compressed message is cut"),
            Self::DataAfterDeflate { bytes } => write!(f, "{bytes} bytes behind the compressed message"),
            Self::InflatedTooLong { limit } => write!(f, "the message is longer than {limit} bytes when inflated"),
        }
    }
}

impl Refusal for DecodeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::RawXml => "raw_xml",
            Self::HtmlPage { .. } => "html_page",
            Self::Json { .. } => "json",
            Self::JsonWebToken => "json_web_token",
            Self::FormBody => "form_body",
            Self::FieldName => "field_name",
            Self::PercentEncoded { .. } => "percent_encoded",
            Self::SpaceForPlus { .. } => "space_for_plus",
            Self::UrlSafeAlphabet { .. } => "url_safe_alphabet",
            Self::InvalidCharacter { .. } | Self::HtmlEntity { .. } | Self::EscapedXml { .. } => "invalid_base64",
            Self::DataAfterPadding { .. } => "data_after_padding",
            Self::MissingPadding => "missing_padding",
            Self::Incomplete => "incomplete_base64",
            Self::TrailingBits { .. } => "trailing_bits",
            Self::Compressed { .. } => "compressed",
            Self::EncodedTwice => "encoded_twice",
            Self::MissingParameter { .. } => "missing_parameter",
            Self::DuplicateParameter { .. } => "duplicate_parameter",
            Self::RequestAndResponse => "request_and_response",
            Self::EscapedName { .. } => "escaped_name",
            Self::NameInOtherCase { .. } => "name_in_other_case",
            Self::InvalidEscape { .. } => "invalid_escape",
            Self::WhiteSpace { .. } => "white_space",
            Self::UnknownEncoding => "unknown_encoding",
            Self::NotDeflate => "not_deflate",
            Self::DeflateCut => "deflate_cut",
            Self::DataAfterDeflate { .. } => "data_after_deflate",
            Self::InflatedTooLong { .. } => "inflated_too_long",
        }
    }

    fn section(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::InflatedTooLong { .. } => "limits",
            Self::MissingParameter { .. }
            | Self::DuplicateParameter { .. }
            | Self::RequestAndResponse
            | Self::EscapedName { .. }
            | Self::NameInOtherCase { .. }
            | Self::InvalidEscape { .. }
            | Self::WhiteSpace { .. }
            | Self::UnknownEncoding
            | Self::NotDeflate
            | Self::DeflateCut
            | Self::DataAfterDeflate { .. } => "SAML Bindings 3.4.4.1",
            Self::Empty
            | Self::RawXml
            | Self::HtmlPage { .. }
            | Self::Json { .. }
            | Self::JsonWebToken
            | Self::FormBody
            | Self::FieldName
            | Self::HtmlEntity { .. }
            | Self::EscapedXml { .. }
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
            Self::TooLong { limit } | Self::InflatedTooLong { limit } => vec![format!("at most {limit} bytes")],
            Self::MissingParameter { names } => names.iter().map(|&name| name.to_owned()).collect(),
            _ => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Empty => "hand over the value of the form field `SAMLResponse`; the assertion consumer URL takes POST only",
            Self::TooLong { .. } | Self::InflatedTooLong { .. } => {
                "if genuine messages are this large (many groups in the profile), send fewer attributes; a service can raise the limit on the document's bytes"
            }
            Self::RawXml => "hand over the value of the form field as it is; the identity provider posts base64",
            Self::HtmlPage { form_field: false } => {
                return format!(
                    "this is what a browser shows, such as the identity provider's login or error page: read it for the reason, and hand over \
                     {}",
                    where_it_is()
                );
            }
            Self::HtmlPage { form_field: true } => {
                return format!(
                    "hand over the value of that field alone, with HTML entities such as `&#x2b;` turned back into characters; surer is {}",
                    where_it_is()
                );
            }
            Self::Json { form_field: true } => {
                "hand over the value of that member alone, with JSON's escapes (`\\/`, `\\u002b`) turned back into characters"
            }
            Self::Json { form_field: false } => {
                return format!("read it for the reason: identity providers report errors so. Hand over {}", where_it_is());
            }
            Self::JsonWebToken => {
                "this is a token of OpenID Connect or OAuth: let the identity provider speak SAML to this endpoint (Auth0: enable the addon \
                 SAML2 Web App, and start logins at its Identity Provider Login URL)"
            }
            Self::FieldName => "hand over the value alone, what is behind the name",
            Self::HtmlEntity { .. } => {
                return format!(
                    "the source of a page writes `+`, `/` and `=` as HTML entities (`&#x2b;`, `&#x2f;`, `&#61;`): hand over {}",
                    where_it_is()
                );
            }
            Self::EscapedXml { .. } => {
                return format!("this is XML that was escaped to be shown in a page, a log or a ticket: hand over {}", where_it_is());
            }
            Self::FormBody => "parse the form and hand over the value of its field `SAMLResponse` alone",
            Self::PercentEncoded { .. } => "decode the form (`application/x-www-form-urlencoded`) once, then hand over the value",
            Self::SpaceForPlus { .. } => {
                "decode the form exactly once, and write `+` as `%2B` wherever the message is put into a form or a URL by hand"
            }
            Self::UrlSafeAlphabet { .. } => "the identity provider must use the standard base64 alphabet",
            Self::Compressed { .. } => {
                "a message by POST is never compressed, one by redirect is: hand over the whole raw query of a logout by redirect, for its \
                 signature stands beside the message (`Delivered::Redirect`); let the identity provider answer a login by POST"
            }
            Self::EncodedTwice => "do not encode the form field again",
            Self::MissingParameter { .. } => {
                "hand over the raw query of the URL, what is between `?` and `#`; the identity provider must sign its redirects"
            }
            Self::DuplicateParameter { .. } | Self::RequestAndResponse | Self::EscapedName { .. } => {
                "no identity provider sends such a query: treat it as an attack"
            }
            Self::NameInOtherCase { .. } => {
                "the names are those of the binding, to the letter. If the URL that the identity provider was given has such a parameter of its own, \
                 rename that; otherwise treat the query as an attack"
            }
            Self::InvalidEscape { .. } | Self::WhiteSpace { .. } => {
                "hand over the query as it arrived, not decoded and encoded again; the identity provider must escape base64 and break no lines"
            }
            Self::UnknownEncoding | Self::NotDeflate | Self::DeflateCut | Self::DataAfterDeflate { .. } => {
                "the identity provider must compress its redirects with raw DEFLATE, or post its messages"
            }
            Self::InvalidCharacter { character: '\\', .. } => {
                "the value was copied from JSON or source code: turn its escapes (`\\/`, `\\n`, `\\u002b`) back into characters"
            }
            Self::InvalidCharacter { character: '"' | '\'' | '`' | '\u{201C}' | '\u{201D}' | '\u{2018}' | '\u{2019}', .. } => {
                "hand over the value without the quotation marks around it"
            }
            Self::InvalidCharacter { character: '.' | '\u{2026}', .. } => {
                "the value was shortened where it was copied: hand over all of it"
            }
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

/// Where the value is to be had that a login consists of.
fn where_it_is() -> &'static str {
    "the form field `SAMLResponse` as the browser posts it to the assertion consumer URL (developer tools, Network, that POST, form data)"
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
            (DecodeError::HtmlPage { form_field: false }, "html_page", "an HTML page instead of a SAML message"),
            (
                DecodeError::HtmlPage { form_field: true },
                "html_page",
                "an HTML page instead of a SAML message; it has a form field SAMLResponse",
            ),
            (DecodeError::Json { form_field: false }, "json", "JSON instead of a SAML message"),
            (DecodeError::Json { form_field: true }, "json", "JSON instead of a SAML message; it has a member SAMLResponse"),
            (DecodeError::JsonWebToken, "json_web_token", "a JSON Web Token instead of a SAML message"),
            (DecodeError::FieldName, "field_name", "the name of the form field stands in front of its value"),
            (
                DecodeError::HtmlEntity { offset: 3 },
                "invalid_base64",
                "an HTML entity at byte 3: copied from the source of a page",
            ),
            (
                DecodeError::EscapedXml { offset: 3 },
                "invalid_base64",
                "XML with `&lt;` in place of `<`, from byte 3, instead of base64",
            ),
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
            (
                DecodeError::MissingParameter { names: &["SAMLRequest", "SAMLResponse"] },
                "missing_parameter",
                "the query has no parameter SAMLRequest or SAMLResponse",
            ),
            (
                DecodeError::DuplicateParameter { name: "SigAlg" },
                "duplicate_parameter",
                "the query has the parameter SigAlg twice",
            ),
            (DecodeError::RequestAndResponse, "request_and_response", "the query has a SAMLRequest and a SAMLResponse"),
            (DecodeError::EscapedName { name: "SigAlg" }, "escaped_name", "the query has the name SigAlg written with escapes"),
            (
                DecodeError::NameInOtherCase { name: "SigAlg" },
                "name_in_other_case",
                "the query has the name SigAlg in other upper and lower case",
            ),
            (
                DecodeError::InvalidEscape { name: "SigAlg", offset: 3 },
                "invalid_escape",
                "a `%` without two hexadecimal digits at byte 3 of SigAlg",
            ),
            (
                DecodeError::WhiteSpace { name: "Signature", offset: 3 },
                "white_space",
                "white space or an unescaped `+` at byte 3 of Signature",
            ),
            (DecodeError::UnknownEncoding, "unknown_encoding", "SAMLEncoding is not DEFLATE"),
            (DecodeError::NotDeflate, "not_deflate", "the message is not compressed with DEFLATE"),
            (DecodeError::DeflateCut, "deflate_cut", "the compressed message is cut"),
            (DecodeError::DataAfterDeflate { bytes: 3 }, "data_after_deflate", "3 bytes behind the compressed message"),
            (DecodeError::InflatedTooLong { limit: 9 }, "inflated_too_long", "the message is longer than 9 bytes when inflated"),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
            assert!(!error.section().is_empty() && !error.remedy().is_empty(), "{code}");
        }
        assert_eq!(DecodeError::TooLong { limit: 9 }.expected(), ["at most 9 bytes"]);
        assert_eq!(DecodeError::InflatedTooLong { limit: 9 }.expected(), ["at most 9 bytes"]);
        assert_eq!(DecodeError::MissingParameter { names: &["a", "b"] }.expected(), ["a", "b"]);
        assert_eq!(
            DecodeError::Compressed { format: "gzip" }.remedy(),
            "a message by POST is never compressed, one by redirect is: hand over the whole raw query of a logout by redirect, for its \
             signature stands beside the message (`Delivered::Redirect`); let the identity provider answer a login by POST"
        );
        for (error, remedy) in [
            (
                DecodeError::HtmlPage { form_field: false },
                "this is what a browser shows, such as the identity provider's login or error page: read it for the reason, and hand over \
                 the form field `SAMLResponse` as the browser posts it to the assertion consumer URL (developer tools, Network, that \
                 POST, form data)",
            ),
            (
                DecodeError::HtmlPage { form_field: true },
                "hand over the value of that field alone, with HTML entities such as `&#x2b;` turned back into characters; surer is the \
                 form field `SAMLResponse` as the browser posts it to the assertion consumer URL (developer tools, Network, that POST, \
                 form data)",
            ),
            (
                DecodeError::HtmlEntity { offset: 0 },
                "the source of a page writes `+`, `/` and `=` as HTML entities (`&#x2b;`, `&#x2f;`, `&#61;`): hand over the form field \
                 `SAMLResponse` as the browser posts it to the assertion consumer URL (developer tools, Network, that POST, form data)",
            ),
            (
                DecodeError::EscapedXml { offset: 0 },
                "this is XML that was escaped to be shown in a page, a log or a ticket: hand over the form field `SAMLResponse` as the \
                 browser posts it to the assertion consumer URL (developer tools, Network, that POST, form data)",
            ),
            (
                DecodeError::Json { form_field: true },
                "hand over the value of that member alone, with JSON's escapes (`\\/`, `\\u002b`) turned back into characters",
            ),
            (DecodeError::FieldName, "hand over the value alone, what is behind the name"),
            (
                DecodeError::InvalidCharacter { offset: 0, character: '\\' },
                "the value was copied from JSON or source code: turn its escapes (`\\/`, `\\n`, `\\u002b`) back into characters",
            ),
            (
                DecodeError::InvalidCharacter { offset: 0, character: '"' },
                "hand over the value without the quotation marks around it",
            ),
            (
                DecodeError::InvalidCharacter { offset: 0, character: '…' },
                "the value was shortened where it was copied: hand over all of it",
            ),
        ] {
            assert_eq!(error.remedy(), remedy);
        }
        assert!(DecodeError::JsonWebToken.remedy().starts_with("this is a token of OpenID Connect"));
        assert!(DecodeError::Json { form_field: false }.remedy().starts_with("read it for the reason"));
        assert_eq!(
            DecodeError::TooLong { limit: 9 }.remedy(),
            "if genuine messages are this large (many groups in the profile), send fewer attributes; a service can raise the limit on \
             the document's bytes"
        );
    }
}
