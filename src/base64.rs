//! Base64 in one strict form: from text to bytes.
//!
//! RFC 4648 section 4 with its section 3.5: the standard alphabet, padding that is there and nowhere but at the end, trailing
//! bits of zero. The one tolerance is white space (CR, LF, SP, TAB) between the characters, which Bindings 3.5.4 asks for in
//! messages and XML Schema's `base64Binary` in XML. So that each value has one text, up to white space.
//!
//! # Not supported
//!
//! The URL-safe alphabet, missing padding, a `+` that became a space: each is told apart and refused.

use ::base64::Engine;
use ::base64::engine::Simd;
use ::base64::engine::general_purpose::{PAD, URL_SAFE_NO_PAD};

/// Why a text is not canonical base64. Offsets count the bytes of the text, white space included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base64Fault {
    /// A character of no alphabet.
    InvalidCharacter { offset: usize, character: char },
    /// `-` or `_`.
    UrlSafeAlphabet { offset: usize },
    /// A character, or more padding than belongs there, behind padding.
    DataAfterPadding { offset: usize },
    /// A number of characters that could do with padding and has none, or too little.
    MissingPadding,
    /// A number of characters that no padding completes: one more than a multiple of four.
    Incomplete,
    /// The last character carries bits that stand for nothing.
    TrailingBits { offset: usize },
}

/// Decodes `text`, passing over white space. Linear in its length; what has no white space is read once.
///
/// # Errors
///
/// The first [`Base64Fault`] of the text.
pub(crate) fn decode_whitespace(text: &str) -> Result<Vec<u8>, Base64Fault> {
    let engine = Simd::standard(PAD);
    if let Ok(bytes) = engine.decode(text) {
        return Ok(bytes);
    }
    let mut kept = Vec::with_capacity(text.len());
    text.as_bytes().split(is_white_space).for_each(|run| kept.extend_from_slice(run));
    engine.decode(&kept).map_err(|_| fault_of(text))
}

/// The canonical text of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Simd::standard(PAD).encode(bytes)
}

/// The text of `bytes` in the URL-safe alphabet, without padding. RFC 4648 section 5.
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of which [`encode_url`] makes exactly this text.
pub(crate) fn decode_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// CR, LF, SP and TAB: the white space of XML, and of the line breaks that MIME puts into base64.
pub(crate) const fn is_white_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// What is wrong with a text that did not decode.
fn fault_of(text: &str) -> Base64Fault {
    let mut symbols: usize = 0;
    let mut padding: usize = 0;
    let mut last = 0;
    for (offset, character) in text.char_indices() {
        match character {
            ' ' | '\n' | '\r' | '\t' => continue,
            '=' if padding < padding_for(symbols) => padding = padding.saturating_add(1),
            '=' => return Base64Fault::DataAfterPadding { offset },
            '-' | '_' => return Base64Fault::UrlSafeAlphabet { offset },
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' if padding > 0 => return Base64Fault::DataAfterPadding { offset },
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => {
                symbols = symbols.saturating_add(1);
                last = offset;
            }
            _ => return Base64Fault::InvalidCharacter { offset, character },
        }
    }
    match symbols % 4 {
        1 => Base64Fault::Incomplete,
        _ if padding < padding_for(symbols) => Base64Fault::MissingPadding,
        _ => Base64Fault::TrailingBits { offset: last },
    }
}

/// How many `=` complete so many characters.
const fn padding_for(symbols: usize) -> usize {
    match symbols % 4 {
        2 => 2,
        3 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_decodes_whatever_white_space_it_has() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("QQ==", b"A"),
            ("QUI=", b"AB"),
            ("QUJD", b"ABC"),
            ("+/+/", &[0xFB, 0xFF, 0xBF]),
            (" Q\tU\r\nJ D\n", b"ABC"),
            ("QQ=\r\n=\r\n", b"A"),
            ("\n \t\r", b""),
        ] {
            assert_eq!(decode_whitespace(text).as_deref(), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn every_other_text_is_told_apart() {
        use Base64Fault::{DataAfterPadding, Incomplete, InvalidCharacter, MissingPadding, TrailingBits, UrlSafeAlphabet};
        for (text, fault) in [
            ("QUJD!", InvalidCharacter { offset: 4, character: '!' }),
            ("QU\u{00A0}JD", InvalidCharacter { offset: 2, character: '\u{00A0}' }),
            ("QU\0D", InvalidCharacter { offset: 2, character: '\0' }),
            ("QU\u{000B}JD", InvalidCharacter { offset: 2, character: '\u{000B}' }),
            ("\u{FEFF}QUJD", InvalidCharacter { offset: 0, character: '\u{FEFF}' }),
            ("QU-D", UrlSafeAlphabet { offset: 2 }),
            (" QUJ_", UrlSafeAlphabet { offset: 4 }),
            ("QQ==QUJD", DataAfterPadding { offset: 4 }),
            ("QUI=QUI=", DataAfterPadding { offset: 4 }),
            ("QQ=A", DataAfterPadding { offset: 3 }),
            ("QQ===", DataAfterPadding { offset: 4 }),
            ("QUI==", DataAfterPadding { offset: 4 }),
            ("QUJD=", DataAfterPadding { offset: 4 }),
            ("=", DataAfterPadding { offset: 0 }),
            ("====", DataAfterPadding { offset: 0 }),
            ("Q===", DataAfterPadding { offset: 1 }),
            ("QQ", MissingPadding),
            ("QQ=", MissingPadding),
            ("QUI", MissingPadding),
            ("QUJDQ", Incomplete),
            ("QR==", TrailingBits { offset: 1 }),
            ("QU J=", TrailingBits { offset: 3 }),
        ] {
            assert_eq!(decode_whitespace(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn the_url_safe_alphabet_is_read_as_it_is_written() {
        for (text, bytes) in [("", &b""[..]), ("QQ", b"A"), ("-_-_", &[0xFB, 0xFF, 0xBF])] {
            assert_eq!((encode_url(bytes).as_str(), decode_url(text).as_deref()), (text, Some(bytes)));
        }
        for text in ["QQ==", "QR", "Q", "+/+/", "Q Q", "QQ\n"] {
            assert_eq!(decode_url(text), None, "{text:?}");
        }
    }
}
