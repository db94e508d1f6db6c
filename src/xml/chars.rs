//! The character classes of XML 1.0 (fifth edition) and Namespaces in XML 1.0.

use super::scan::has_suspects;
use crate::id::ncname_len;

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

/// The offset of the first character that is no `Char`.
pub(crate) fn first_forbidden(text: &str) -> Option<usize> {
    if !has_suspects(text.as_bytes()) {
        return None;
    }
    // Without a branch: most texts with a control character have just line ends.
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

#[cfg(test)]
mod tests {
    use super::*;

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
        }
    }

    /// The two looks at octets only save the third one at characters.
    #[test]
    fn whatever_stands_beside_it_a_forbidden_character_is_found() {
        let characters = ['a', ' ', '\t', '\r', '\u{1}', '\u{1F}', '\u{FFFD}', '\u{FFFE}', '\u{FFFF}', '\u{F000}'];
        let mut texts = vec![String::new()];
        for _ in 0..3 {
            let longer: Vec<_> = texts.iter().flat_map(|text| characters.map(|c| format!("{text}{c}"))).collect();
            texts.extend(longer);
        }
        for text in texts {
            // In front of it a whole block of octets, and not.
            for text in [format!("{}{text}", "\n".repeat(16)), text] {
                assert_eq!(first_forbidden(&text), text.find(|c| !is_char(c)), "{text:?}");
            }
        }
    }
}
