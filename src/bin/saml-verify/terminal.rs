//! Writing: to standard output what was asked for, to standard error what is worth knowing beside it.
//!
//! Text of a message reaches a person only through [`escaped`]: a terminal obeys control characters, and whoever wrote the
//! message may be hostile. A closed pipe ends the writing and nothing else.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// Text for people, under construction.
pub(crate) struct Screen {
    text: String,
    colours: bool,
}

/// What a colour stands for.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warning,
    Faint,
    Plain,
}

impl Screen {
    /// For standard output, in colour where that is welcome.
    pub(crate) fn new() -> Self {
        let variable = |name| std::env::var_os(name);
        Self::with_colours(colours(io::stdout().is_terminal(), variable("NO_COLOR").as_deref(), variable("TERM").as_deref()))
    }

    fn with_colours(colours: bool) -> Self {
        Self { text: String::new(), colours }
    }

    /// A line whose first word carries the tone.
    pub(crate) fn headline(&mut self, tone: Tone, word: &str, rest: &str) {
        self.paint(tone, word);
        self.push("  ");
        self.push(rest);
        self.end();
    }

    /// A line of text.
    pub(crate) fn line(&mut self, tone: Tone, text: &str) {
        self.paint(tone, text);
        self.end();
    }

    /// An empty line and a title.
    pub(crate) fn section(&mut self, title: &str) {
        self.end();
        self.line(Tone::Plain, title);
    }

    /// `  name           value`
    pub(crate) fn field(&mut self, name: &str, value: &str) {
        self.paint(Tone::Faint, &format!("  {name:<15}"));
        self.push(" ");
        self.push(value);
        self.end();
    }

    /// A field of the row above it.
    pub(crate) fn detail(&mut self, name: &str, value: &str) {
        self.paint(Tone::Faint, &format!("{:19}{name:<9}", ""));
        self.push(value);
        self.end();
    }

    /// Text in a tone, and the rest of the line.
    pub(crate) fn row(&mut self, tone: Tone, start: &str, rest: &str) {
        self.paint(tone, start);
        self.push(rest);
        self.end();
    }

    pub(crate) fn print(&self) -> Result<(), Failure> {
        print_bytes(self.text.as_bytes())
    }

    fn paint(&mut self, tone: Tone, text: &str) {
        match tone.code().filter(|_| self.colours) {
            None => self.push(text),
            Some(code) => {
                self.text.push_str(code);
                self.push(text);
                self.text.push_str("\x1b[0m");
            }
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(&escaped(text));
    }

    fn end(&mut self) {
        self.text.push('\n');
    }
}

impl Tone {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Good => Some("\x1b[1;32m"),
            Self::Bad => Some("\x1b[1;31m"),
            Self::Warning => Some("\x1b[33m"),
            Self::Faint => Some("\x1b[2m"),
            Self::Plain => None,
        }
    }
}

/// Writes one JSON object on one line.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = unobeyed(&serde_json::to_string(value).map_err(|error| Failure::of("cannot write JSON", error))?);
    text.push('\n');
    print_bytes(text.as_bytes())
}

/// JSON that says the same, with what [`escaped`] makes visible in the escapes of JSON: it stands in strings alone.
fn unobeyed(json: &str) -> String {
    let mut visible = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_control() || is_invisible(character) {
            visible.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            visible.push(character);
        }
    }
    visible
}

/// Writes to standard output. Whoever closed the pipe has seen enough.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::of("cannot write to standard output", error)),
        _ => Ok(()),
    }
}

/// Writes one line to standard error. That it cannot be read changes nothing.
pub(crate) fn diagnose(line: &str) {
    let _ = writeln!(io::stderr(), "{}", escaped(line));
}

/// The text with control characters, and those that hide or reorder others, as `\u{…}`.
pub(crate) fn escaped(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            visible.extend(character.escape_default());
        } else {
            visible.push(character);
        }
    }
    visible
}

/// Format characters: bidirectional controls, zero widths, line separators, tags.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// `NO_COLOR` counts unless it is empty (no-color.org).
fn colours(is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, visible) in [
            ("auth0|64f0 é 日本 \\ \"'", "auth0|64f0 é 日本 \\ \"'"),
            ("\x1b[2Ja\rb\n\tc", "\\u{1b}[2Ja\\rb\\n\\tc"),
            ("\u{9b}31m\u{7f}\0", "\\u{9b}31m\\u{7f}\\u{0}"),
            ("a\u{202e}nimda\u{2066}\u{200b}", "a\\u{202e}nimda\\u{2066}\\u{200b}"),
        ] {
            assert_eq!(escaped(text), visible);
        }
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let set = |value: &'static str| Some(OsStr::new(value));
        for (is_terminal, no_color, term, expected) in [
            (true, None, set("xterm"), true),
            (true, None, None, true),
            (true, set(""), None, true),
            (true, set("1"), None, false),
            (true, None, set("dumb"), false),
            (false, None, set("xterm"), false),
        ] {
            assert_eq!(colours(is_terminal, no_color, term), expected, "{is_terminal} {no_color:?} {term:?}");
        }
    }

    #[test]
    fn a_value_cannot_leave_its_field() {
        let mut screen = Screen::with_colours(true);
        screen.headline(Tone::Good, "ACCEPTED", "a\nREFUSED");
        screen.field("name", "\x1b[31m");
        assert_eq!(screen.text, "\x1b[1;32mACCEPTED\x1b[0m  a\\nREFUSED\n\x1b[2m  name           \x1b[0m \\u{1b}[31m\n");
        let mut plain = Screen::with_colours(false);
        plain.row(Tone::Bad, "FAIL", " x");
        assert_eq!(plain.text, "FAIL x\n");
    }
}
