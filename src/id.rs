//! Identifiers: the `ID` attributes of messages, the `InResponseTo` that point at them, and the characters of names.

/// Whether the value is an `xs:ID`: an NCName (Namespaces in XML 1.0 section 3), with no white space to be trimmed.
///
/// SAML Core 1.3.4 gives messages and assertions identifiers of this type.
pub(crate) fn is_nc_name(value: &str) -> bool {
    ncname_len(value) == Some(value.len())
}

/// Whether the value is an Nmtoken (XML 1.0 production 7): at least one character, each of which a name may have.
///
/// None of them is white space or means anything in a URI reference, a query or an XPointer.
pub(crate) fn is_nm_token(value: &str) -> bool {
    let ascii = ascii_name_len(value.as_bytes());
    let rest = value.get(ascii..).unwrap_or_default();
    !value.is_empty() && rest.chars().all(|c| c == ':' || is_name_character(c))
}

/// Whether somebody could take an attribute of that local name for an identifier: `ID`, `Id`, `id`, `xml:id`, `wsu:Id`, …
pub(crate) const fn is_identifier_name(local: &[u8]) -> bool {
    local.eq_ignore_ascii_case(b"id")
}

/// Bytes of the NCName that `text` starts with; `None` where it starts with none.
#[inline]
pub(crate) fn ncname_len(text: &str) -> Option<usize> {
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

/// `NameStartChar` of XML 1.0 (fifth edition) production 4, without the colon.
fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0 (fifth edition) production 4a, without the colon.
fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

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
    fn an_id_is_an_nc_name() {
        for (value, accepted) in [
            ("_26df328a65a4e1bdaac8328909ca72ec", true),
            ("a.b-c_d9", true),
            ("ünïcode", true),
            ("", false),
            ("9a", false),
            ("-a", false),
            (".a", false),
            (" _a", false),
            ("_a ", false),
            ("a:b", false),
            ("a'b", false),
            ("a b", false),
            ("a×b", false),
        ] {
            assert_eq!(is_nc_name(value), accepted, "{value:?}");
        }
    }

    #[test]
    fn a_token_has_name_characters_in_any_order() {
        for value in ["9a", "26df328a", "0", "-a", ".a", ":a", "a:b", "urn:uuid:1", "_a", "\u{B7}a", "ünïcode", "1\u{300}"] {
            assert!(is_nm_token(value), "{value:?}");
        }
        for value in [
            "",
            " ",
            " 9a",
            "9a ",
            "9 a",
            "9a\t",
            "#9a",
            "9#a",
            "%39a",
            "9'a",
            "9\"a",
            "9&a",
            "9<a",
            "9a/",
            "{9a}",
            "(9a)",
            "[9a]",
            "9a=",
            "9+a",
            "9,a",
            "9;a",
            "9a?",
            "9@a",
            "9a×",
            "9a\u{A0}",
            "9a\u{200B}",
            "9a\u{2028}",
        ] {
            assert!(!is_nm_token(value), "{value:?}");
        }
    }
}
