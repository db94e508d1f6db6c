//! The HTTP POST binding: from the value of a form field to the bytes of a document.
//!
//! SAML Bindings 3.5.4: the message is base64 in the field `SAMLResponse` or `SAMLRequest`. It is never compressed, so nothing
//! is inflated here, whatever the bytes look like. The form itself was parsed, once, by the service's web framework.

use super::mistaken::{html_entity, is_labelled, known_document};
use crate::base64::{decode_whitespace, is_white_space};
use crate::error::DecodeError;
use crate::limits::Limits;

/// Decodes the value of a form field `SAMLResponse`, as [`Verifier::verify_post`](crate::Verifier::verify_post) does first.
///
/// What comes out is a document that nobody vouches for. The cost is bounded by `limits` and linear in the text.
///
/// # Errors
///
/// [`DecodeError::TooLong`] before anything else is looked at; else what is wrong with the text, or with bytes that cannot
/// be XML for a reason that is known by name.
pub fn decode_post(text: &str, limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    let limit = text_limit(limits);
    if text.len() > limit {
        return Err(DecodeError::TooLong { limit });
    }
    let bytes = decode_whitespace(text).map_err(|fault| known_mistake(text).unwrap_or_else(|| fault.into()))?;
    if let Some(offset) = misplaced_space(text, &bytes) {
        return Err(if is_labelled(text) { DecodeError::FieldName } else { DecodeError::SpaceForPlus { offset } });
    }
    if bytes.first() == Some(&b'<') { Ok(bytes) } else { other_than_xml(text, bytes) }
}

/// Base64 of the longest document, and a quarter for white space: a line break after every 76 characters is a fortieth.
pub(super) fn text_limit(limits: &Limits) -> usize {
    let base64 = limits.document_bytes.div_ceil(3).saturating_mul(4);
    base64.saturating_add(base64 / 4)
}

/// What was handed over, where that is no base64 for a reason that says more than the first wrong character.
fn known_mistake(text: &str) -> Option<DecodeError> {
    if let Some(document) = known_document(text) {
        return Some(document);
    }
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    if start.starts_with('<') {
        return Some(DecodeError::RawXml);
    }
    if ["SAMLResponse=", "SAMLRequest=", "RelayState="].into_iter().any(|field| text.contains(field)) {
        return Some(DecodeError::FormBody);
    }
    if is_labelled(text) {
        return Some(DecodeError::FieldName);
    }
    if let Some(offset) = percent_escape(text) {
        return Some(DecodeError::PercentEncoded { offset });
    }
    if let Some(offset) = html_entity(text) {
        return Some(DecodeError::HtmlEntity { offset });
    }
    let only_base64 = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/= \r\n\t".contains(&byte));
    let quartets = text.bytes().filter(|byte| !is_white_space(byte)).count() % 4 == 0;
    if only_base64 && !quartets { space_inside(text).map(|offset| DecodeError::SpaceForPlus { offset }) } else { None }
}

/// Where the first space is of a text that decoded, but to what no document has in it.
///
/// Four lost `+` leave a text of a possible length, whose bytes are shifted and therefore no UTF-8. The first question is
/// whether there is white space at all: to most texts none of this applies.
fn misplaced_space(text: &str, bytes: &[u8]) -> Option<usize> {
    let without_white_space = bytes.len().div_ceil(3).saturating_mul(4) == text.len();
    if without_white_space || std::str::from_utf8(bytes).is_ok() { None } else { space_inside(text) }
}

/// Where the first `%` and two hexadecimal digits are.
fn percent_escape(text: &str) -> Option<usize> {
    text.as_bytes().windows(3).position(|escape| matches!(escape, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// Where the first space between characters is. Those at the ends are nobody's `+`.
fn space_inside(text: &str) -> Option<usize> {
    let indentation = text.len().saturating_sub(text.trim_start().len());
    text.trim().find(' ').map(|offset| offset.saturating_add(indentation))
}

/// Passes on bytes that do not start with `<`: white space, a byte order mark and other encodings are the parser's to judge.
fn other_than_xml(text: &str, bytes: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if is_labelled(text) {
        return Err(DecodeError::FieldName);
    }
    if let Some(document) = std::str::from_utf8(&bytes).ok().and_then(known_document) {
        return Err(document);
    }
    if let Some(format) = compression(&bytes) {
        return Err(DecodeError::Compressed { format });
    }
    if is_base64_of_xml(&bytes) {
        return Err(DecodeError::EncodedTwice);
    }
    Ok(bytes)
}

/// The compressed format that the bytes start like, if any.
fn compression(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x1F, 0x8B, 8, ..] => Some("gzip"),
        [0x78, 0x01 | 0x5E | 0x9C | 0xDA, ..] => Some("zlib"),
        _ if starts_like_deflate(bytes) => Some("DEFLATE"),
        _ => None,
    }
}

/// Whether the bytes start as a DEFLATE stream of XML does (RFC 1951 section 3.2.3).
///
/// Either a block of fixed codes whose first literal is `<`, or one of dynamic codes whose code lengths describe a complete
/// Huffman code: one random text in some hundred does.
fn starts_like_deflate(bytes: &[u8]) -> bool {
    let Some(start) = bytes.first_chunk::<16>() else {
        return false;
    };
    let bits = u128::from_le_bytes(*start); // the order of RFC 1951 section 3.1.1: the first bit is the lowest
    let field = |position: u128, width: u32| (bits >> position) & ((1 << width) - 1);
    match field(1, 2) {
        1 => field(3, 8) == 0b0011_0110, // 0x30 + '<', sent from its highest bit
        2 => {
            let lengths = (0..field(13, 4) + 4).map(|index| field(17 + 3 * index, 3)).filter(|length| *length > 0);
            field(3, 5) <= 29 && field(8, 5) <= 29 && lengths.map(|length| 128_u128 >> length).sum::<u128>() == 128
        }
        _ => false,
    }
}

/// Whether the bytes start as base64 of `<` does.
fn is_base64_of_xml(bytes: &[u8]) -> bool {
    matches!(bytes, [b'P', b'A'..=b'P', a, b, ..] if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>, DecodeError> {
        decode_post(text, &Limits::DEFAULT)
    }

    #[test]
    fn the_form_field_becomes_bytes() {
        for (text, document) in [
            ("PGEvPg==", "<a/>"),
            ("PGEv\r\nPg==\r\n", "<a/>"),
            ("  PGEv Pg == ", "<a/>"),
            ("\tPGEvPg==\n\n", "<a/>"),
            ("PGE+Pj8/PC9hPg==", "<a>>??</a>"),
            ("77u/PGEvPg==", "\u{FEFF}<a/>"),
            ("Cjxh Lz4=", "\n<a/>"),
            ("aGVsbG8=", "hello"),
        ] {
            assert_eq!(decode(text).as_deref(), Ok(document.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn bytes_of_other_encodings_reach_the_parser() {
        assert_eq!(decode("//48AGEALwA+AA==").as_deref(), Ok(&b"\xFF\xFE<\0a\0/\0>\0"[..]));
        assert_eq!(decode("iVBORw0KGgoAAAANSUhEUgAAAAE=").map(|bytes| bytes.len()), Ok(20));
    }

    #[test]
    fn what_was_handed_over_instead_has_a_name() {
        for (text, error) in [
            ("", DecodeError::Empty),
            (" \r\n\t", DecodeError::Empty),
            ("<a/>", DecodeError::RawXml),
            ("\u{FEFF}\n<a/>", DecodeError::RawXml),
            ("<samlp:Response SAMLResponse=\"%2B\"/>", DecodeError::RawXml),
            ("SAMLResponse=PGEvPg%3D%3D", DecodeError::FormBody),
            ("PGEvPg==&RelayState=x", DecodeError::FormBody),
            ("https://sp.example.com/acs?SAMLResponse=PGEvPg==", DecodeError::FormBody),
            ("SAMLResponse: PGEvPg==", DecodeError::FieldName),
            ("SAMLResponse\tPGEvPg==", DecodeError::FieldName),
            ("SAMLResponse PGEvPg==", DecodeError::FieldName),
            ("PGEvPg&#61;&#61;", DecodeError::HtmlEntity { offset: 6 }),
            ("&lt;a/&gt;", DecodeError::EscapedXml { offset: 0 }),
            ("<html><form><input name=\"SAMLResponse\" value=\"PGEvPg==\"></form>", DecodeError::HtmlPage { form_field: true }),
            ("{\"SAMLResponse\":\"PGEvPg==\"}", DecodeError::Json { form_field: true }),
            ("eyJhbGciOiJub25lIn0.e30.c2ln", DecodeError::JsonWebToken),
            ("eyJlcnJvciI6MX0=", DecodeError::Json { form_field: false }), // {"error":1}
            ("ZXlKaGJHY2lPaUp1YjI1bEluMC5lMzAu", DecodeError::JsonWebToken),
            ("IDwhZG9jdHlwZSBodG1sPjxodG1sPg==", DecodeError::HtmlPage { form_field: false }), //  <!doctype html><html>
            ("PGEvPg%3D%3D", DecodeError::PercentEncoded { offset: 6 }),
            ("PGE%2bPj8/PC9hPg==", DecodeError::PercentEncoded { offset: 3 }),
            ("PGEvPg%", DecodeError::InvalidCharacter { offset: 6, character: '%' }),
            ("PGE Pj8/PC9hPg==", DecodeError::SpaceForPlus { offset: 3 }),
            (" PGE Pj8/PC9hPg== ", DecodeError::SpaceForPlus { offset: 4 }),
            ("PGE-Pj8_PC9hPg==", DecodeError::UrlSafeAlphabet { offset: 3 }),
            ("PGE Pj8_PC9hPg==", DecodeError::UrlSafeAlphabet { offset: 7 }),
            ("PGEvPg", DecodeError::MissingPadding),
            ("PGEvPg=", DecodeError::MissingPadding),
            (" PGEvPg ", DecodeError::MissingPadding),
            ("PGEvP", DecodeError::Incomplete),
            ("PGEvPh==", DecodeError::TrailingBits { offset: 5 }),
            ("PGEv Ph==", DecodeError::TrailingBits { offset: 6 }),
            ("PGEvPg==PGEvPg==", DecodeError::DataAfterPadding { offset: 8 }),
            ("PGE#vPg==", DecodeError::InvalidCharacter { offset: 3, character: '#' }),
            ("UEdFdlBnPT0=", DecodeError::EncodedTwice),
        ] {
            assert_eq!(decode(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn four_lost_plus_signs_are_seen_in_the_bytes() {
        let sent = "PGE+Pj4+Pj4+Pj4+Pj4+PC9hPg=="; // <a>>>>>>>>>>>>></a>
        assert!(decode(sent).is_ok());
        let lost = sent.replacen('+', " ", 4);
        assert_eq!(decode(&lost), Err(DecodeError::SpaceForPlus { offset: 3 }));
    }

    #[test]
    fn compressed_messages_are_told_by_their_first_bytes() {
        let short = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" Version=\"2.0\"/>";
        for (text, format) in [
            // `short`, in a block of fixed codes
            (
                "sylOzM0psApKLS7IzytOVajIzckrtgIL2iqVFuVZ5ScWZxZb5SXmphZblSRbBTv6+lgZ6RlYFRTll+Qn5+coKXi62CrFGyophKUWFWfm59kq\
                 AaWV9O0A",
                "DEFLATE",
            ),
            // a longer message, in a block of dynamic codes
            ("fZHBasMwEER/xegeW7JlyRZ2SiGlBNIE2tBDL0GRV8RgS8KrQD6/TtrS9FLYyw68mWW2QT0O", "DEFLATE"),
            ("eNqzKU7MzSmwCkotLsjPK05VqMjNySu2AgvaKpUW5VnlJxZnFlvl", "zlib"),
            ("H4sIAAAAAAACA7MpTszNKbAKSi0uyM8rTlWoyM3JK7YC", "gzip"),
        ] {
            assert_eq!(decode(text), Err(DecodeError::Compressed { format }), "{text}");
        }
        assert!(!starts_like_deflate(short.as_bytes()));
        assert!(!starts_like_deflate(&[]));
    }

    #[test]
    fn the_header_of_a_block_must_make_sense() {
        const FIXED: u128 = 1 << 1;
        const DYNAMIC: u128 = 2 << 1;
        const HALVES: u128 = 1 << 17 | 1 << 20; // two codes of one bit
        for (header, expected) in [
            (FIXED | 0b0011_0110 << 3, true),
            (FIXED | 0b0011_0111 << 3, false),
            (DYNAMIC | HALVES, true),
            (DYNAMIC | HALVES | 29 << 3 | 29 << 8, true),
            (DYNAMIC | HALVES | 30 << 3, false),
            (DYNAMIC | HALVES | 30 << 8, false),
            (DYNAMIC | 1 << 17, false),                    // half a code
            (DYNAMIC | HALVES | 7 << 23, false),           // more than a code
            (DYNAMIC | HALVES | 7 << 29, true),            // behind the four lengths that there are
            (DYNAMIC | HALVES | 7 << 29 | 1 << 13, false), // there are five
            (HALVES, false),
        ] {
            assert_eq!(starts_like_deflate(&header.to_le_bytes()), expected, "{header:#b}");
        }
    }

    #[test]
    fn length_is_judged_first_and_includes_white_space() {
        let limits = Limits { document_bytes: 6, ..Limits::DEFAULT }; // 8 characters, and 2 for white space
        assert_eq!(decode_post("PGFhYS8+\r\n", &limits).as_deref(), Ok(&b"<aaa/>"[..]));
        for text in ["PGFhYS8+\r\n\n", "<not base64>"] {
            assert_eq!(decode_post(text, &limits), Err(DecodeError::TooLong { limit: 10 }), "{text:?}");
        }
        let boundless = Limits { document_bytes: usize::MAX, ..Limits::DEFAULT };
        assert_eq!(decode_post("PGEvPg==", &boundless).as_deref(), Ok(&b"<a/>"[..]));
    }
}
