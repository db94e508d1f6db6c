//! Identifiers: the `ID` attributes of messages, the `InResponseTo` that point at them, and the characters of names.

/// Whether the value is an `xs:ID`: an NCName (Namespaces in XML 1.0 section 3), with no white space to be trimmed.
///
/// SAML Core 1.3.4 gives messages and assertions identifiers of this type.
pub(crate) fn is_nc_name(value: &str) -> bool {
    let mut characters = value.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_character)
}

/// `NameStartChar` of XML 1.0 (fifth edition) production 4, without the colon.
pub(crate) fn is_name_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` of XML 1.0 (fifth edition) production 4a, without the colon.
pub(crate) fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
