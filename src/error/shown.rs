//! Text of a message, made fit for a log line.

use std::fmt;

/// A value of the message as an error may carry it: at most 256 characters; its display form escapes control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// Longest value that is kept: an entity ID may have 1,024 characters (SAML Core 8.3.6), a readable one never has 256.
    const CHARACTERS: usize = 256;

    pub(crate) fn new(value: &str) -> Self {
        match value.char_indices().nth(Self::CHARACTERS) {
            None => Self(value.to_owned()),
            Some((end, _)) => Self(format!("{}…", value.get(..end).unwrap_or_default())),
        }
    }

    /// As much of the value as is kept, without the mark of what is left out.
    pub(super) fn kept(&self) -> &str {
        self.0.char_indices().nth(Self::CHARACTERS).and_then(|(end, _)| self.0.get(..end)).unwrap_or(&self.0)
    }

    /// The value, not escaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_debug())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&str> for Shown {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_alike_in_messages_and_in_debug_forms() {
        let shown = Shown::new("a\n\"b\"");
        assert_eq!(shown.to_string(), r#""a\n\"b\"""#);
        assert_eq!(format!("{shown:?}"), shown.to_string());
    }

    /// The bound is one of characters, whatever octets they have.
    #[test]
    fn a_long_value_is_cut_behind_as_many_characters() {
        for character in ["a", "\u{E9}", "\u{1F511}"] {
            let longest = character.repeat(256);
            assert_eq!(Shown::new(&longest).as_str(), longest);
            let cut = Shown::new(&format!("{longest}{character}"));
            assert_eq!((cut.as_str(), cut.kept()), (format!("{longest}…").as_str(), longest.as_str()));
        }
    }
}
