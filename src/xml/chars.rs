//! The character classes of XML 1.0 (fifth edition) and Namespaces in XML 1.0.

use crate::id::{is_name_character, is_name_start};

/// The characters of white space, XML 1.0 section 2.3 `S`.
pub(super) const XML_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// White space, XML 1.0 section 2.3 `S`.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether every byte is white space.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

/// XML 1.0 section 2.2 `Char`, for a character that is already a Unicode scalar value.
pub(super) const fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Which octets there are in a text, as far as the parser has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Octets {
    lowest: u8,
    highest: u8,
}

impl Octets {
    /// One pass without a branch in it, a few instructions per 16 octets.
    pub(super) fn of(text: &str) -> Self {
        let (mut lowest, mut highest) = (u8::MAX, 0);
        for &octet in text.as_bytes() {
            lowest = lowest.min(octet);
            highest = highest.max(octet);
        }
        Self { lowest, highest }
    }

    /// Whether there may be something below a space: a line end, a tab, or what is no `Char`.
    pub(super) const fn have_controls(self) -> bool {
        self.lowest < b' '
    }

    /// Whether there may be something that is no `Char`: a control character, or U+FFFE and its like, which start with 0xEF.
    pub(super) const fn have_suspects(self) -> bool {
        self.have_controls() || self.highest >= 0xEF
    }
}

/// The offset of the first character that is no `Char`.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    // Once more without a branch: most texts with a control character have just line ends.
    let suspect = text.as_bytes().iter().fold(false, |found, &byte| {
        let control = (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
        found | control | (byte == 0xEF)
    });
    if !suspect {
        return None;
    }
    text.char_indices().find(|&(_, c)| !is_char(c)).map(|(offset, _)| offset)
}

/// A name as it starts some text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScannedName {
    /// Bytes of the name.
    pub(super) len: usize,
    /// Where its colon is, if it has one.
    pub(super) colon: Option<usize>,
}

/// The QName (Namespaces in XML 1.0 section 4) that `text` starts with; `None` where there is none, or a broken one.
pub(super) fn scan_qname(text: &str) -> Option<ScannedName> {
    let first = ncname_len(text)?;
    let rest = text.get(first..)?;
    let Some(local) = rest.strip_prefix(':') else {
        return Some(ScannedName { len: first, colon: None });
    };
    let second = ncname_len(local)?;
    match local.as_bytes().get(second) {
        Some(b':') => None,
        _ => Some(ScannedName { len: first + 1 + second, colon: Some(first) }),
    }
}

/// Bytes of the NCName that `text` starts with; `None` where it starts with none.
#[inline]
pub(super) fn ncname_len(text: &str) -> Option<usize> {
    match text.as_bytes().first()? {
        b'A'..=b'Z' | b'_' | b'a'..=b'z' => {}
        0x80.. if text.chars().next().is_some_and(is_name_start) => {}
        _ => return None,
    }
    let ascii = ascii_name_len(text.as_bytes());
    match text.as_bytes().get(ascii) {
        Some(0x80..) => {
            let tail = text.get(ascii..)?;
            Some(ascii + tail.find(|c| !is_name_character(c)).unwrap_or(tail.len()))
        }
        _ => Some(ascii),
    }
}

/// How many octets at the start are ASCII characters of names.
#[inline]
fn ascii_name_len(bytes: &[u8]) -> usize {
    let ends = |byte: &u8| NAME_BYTES.get(usize::from(*byte)) != Some(&true);
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// The ASCII characters of names: a look-up per octet instead of a chain of comparisons.
const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &mut [bool] = &mut table;
    let mut byte = 0_u8;
    while let Some((first, behind)) = rest.split_first_mut() {
        *first = matches!(byte, b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'_' | b'a'..=b'z');
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_fifth_edition() {
        for (text, len) in [("a", 1), ("_a-1.b", 6), ("é·x", 5), ("a b", 1), ("漢字=", 6), ("\u{10000}x", 5)] {
            assert_eq!(ncname_len(text), Some(len), "{text}");
        }
        for text in ["", "1a", "-a", ".a", ":a", " a", "\u{300}a", "\u{B7}", "\u{F0000}", "\u{37E}"] {
            assert_eq!(ncname_len(text), None, "{text}");
        }
    }

    #[test]
    fn qualified_names_have_one_colon_between_two_names() {
        assert_eq!(scan_qname("a:b c"), Some(ScannedName { len: 3, colon: Some(1) }));
        assert_eq!(scan_qname("a"), Some(ScannedName { len: 1, colon: None }));
        for text in [":a", "a:", "a::b", "a:b:c", "a:1", "", ":"] {
            assert_eq!(scan_qname(text), None, "{text}");
        }
    }

    #[test]
    fn forbidden_characters_are_found_where_they_stand() {
        for (text, at) in [
            ("a\0", Some(1)),
            ("\u{FFFE}", Some(0)),
            ("é\u{FFFF}", Some(2)),
            ("\x0B", Some(0)),
            ("\x1F", Some(0)),
            ("\u{FFFD}\u{7F}\u{85}\t\r\n", None),
        ] {
            assert_eq!(first_forbidden(text), at, "{text:?}");
            assert!(at.is_none() || Octets::of(text).have_suspects(), "{text:?}");
        }
        for (text, controls, suspects) in [
            ("", false, false),
            ("aé漢~ ", false, false),
            ("\n", true, true),
            ("\u{FFFD}", false, true),
            ("\u{10000}", false, true),
        ] {
            let octets = Octets::of(text);
            assert_eq!((octets.have_controls(), octets.have_suspects()), (controls, suspects), "{text:?}");
        }
    }
}
