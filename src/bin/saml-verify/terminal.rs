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
    /// The line that is being written.
    line: Vec<(char, Tone)>,
    colours: bool,
    /// Columns of a line, where longer ones continue below.
    width: Option<usize>,
}

/// What a colour stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
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
        Self { text: String::new(), line: Vec::new(), colours, width: None }
    }

    /// With lines of at most 80 columns.
    pub(crate) fn wrapped(self) -> Self {
        Self { width: Some(80), ..self }
    }

    /// A line whose first word carries the tone.
    pub(crate) fn headline(&mut self, tone: Tone, word: &str, rest: &str) {
        self.paint(tone, word);
        self.push("  ");
        self.push(rest);
        self.end(word.len().saturating_add(2));
    }

    /// A line of text.
    pub(crate) fn line(&mut self, tone: Tone, text: &str) {
        let indent = text.chars().take_while(|character| *character == ' ').count();
        self.paint(tone, text);
        self.end(indent.saturating_add(2));
    }

    /// An empty line and a title.
    pub(crate) fn section(&mut self, title: &str) {
        self.end(0);
        self.line(Tone::Plain, title);
    }

    /// `  name           value`
    pub(crate) fn field(&mut self, name: &str, value: &str) {
        self.paint(Tone::Faint, &format!("  {name:<15}"));
        self.push(" ");
        self.push(value);
        self.end(18);
    }

    /// A field of the row above it.
    pub(crate) fn detail(&mut self, name: &str, value: &str) {
        self.paint(Tone::Faint, &format!("{:19}{name:<9}", ""));
        self.push(value);
        self.end(28);
    }

    /// Text in a tone, and the rest of the line, which continues at that column.
    pub(crate) fn row(&mut self, tone: Tone, start: &str, rest: &str, column: usize) {
        self.paint(tone, start);
        self.push(rest);
        self.end(column);
    }

    pub(crate) fn print(&self) -> Result<(), Failure> {
        print_bytes(self.text.as_bytes())
    }

    fn paint(&mut self, tone: Tone, text: &str) {
        self.line.extend(escaped(text).chars().map(|character| (character, tone)));
    }

    fn push(&mut self, text: &str) {
        self.paint(Tone::Plain, text);
    }

    /// Ends the line, which continues at that column below where it is too long.
    fn end(&mut self, column: usize) {
        let line = std::mem::take(&mut self.line);
        let mut rest = line.as_slice();
        let mut indent = 0;
        while let Some(width) = self.width.map(|width| width.saturating_sub(indent)).filter(|width| rest.len() > *width) {
            let (now, later) = rest.split_at(break_of(rest, width, if indent == 0 { column } else { 0 }));
            self.write(indent, trimmed(now));
            (rest, indent) = (later, column);
        }
        self.write(indent, rest);
    }

    fn write(&mut self, indent: usize, line: &[(char, Tone)]) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        for part in line.chunk_by(|one, other| one.1 == other.1) {
            let code = part.first().and_then(|(_, tone)| tone.code()).filter(|_| self.colours);
            self.text.extend(code);
            self.text.extend(part.iter().map(|(character, _)| character));
            self.text.extend(code.map(|_| "\x1b[0m"));
        }
        self.text.push('\n');
    }
}

/// Without the spaces at its end.
fn trimmed(line: &[(char, Tone)]) -> &[(char, Tone)] {
    let end = line.iter().rposition(|(character, _)| *character != ' ').map_or(0, |last| last.saturating_add(1));
    line.get(..end).unwrap_or(line)
}

/// Where a line that is too long is cut: behind a space or what separates the parts of a long value, else at the width.
fn break_of(line: &[(char, Tone)], width: usize, start: usize) -> usize {
    /// A value is cut at one of its separators only where that leaves most of the line filled.
    const TAIL: usize = 24;
    let fits = line.get(..width).unwrap_or(line);
    let last = |from: usize, separators: &[char]| {
        let place = fits.iter().rposition(|(character, _)| separators.contains(character)).filter(|place| *place > from);
        place.map(|place| place.saturating_add(1))
    };
    let behind_space = line.get(width).filter(|(character, _)| *character == ' ').map(|_| width.saturating_add(1));
    behind_space
        .or_else(|| last(start, &[' ']))
        .or_else(|| last(width.saturating_sub(TAIL).max(start), &['/', '?', '&', ':', ',', ';', '=']))
        .unwrap_or(width.max(1))
        .min(line.len())
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
    let mut text = unobeyed(&serde_json::to_string(value).map_err(Failure::unwritable)?);
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
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unwritable(error)),
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
        plain.row(Tone::Bad, "FAIL", " x", 0);
        assert_eq!(plain.text, "FAIL x\n");
    }

    #[test]
    fn long_lines_continue_below_in_their_column() {
        let told = |colours, value: &str| {
            let mut screen = Screen::with_colours(colours).wrapped();
            screen.field("name", value);
            screen.text
        };
        let indent = " ".repeat(18);
        let exact = "x".repeat(62);
        assert_eq!(told(false, &exact), format!("  name            {exact}\n"));
        assert_eq!(told(false, &format!("{exact}yz")), format!("  name            {exact}\n{indent}yz\n"));
        assert_eq!(told(false, &format!("{exact} yz")), format!("  name            {exact}\n{indent}yz\n"));
        let words = format!("{} {}", "a".repeat(40), "b".repeat(30));
        assert_eq!(told(false, &words), format!("  name            {}\n{indent}{}\n", "a".repeat(40), "b".repeat(30)));
        let url = format!("https://{}/{}", "a".repeat(50), "b".repeat(100));
        let lines = [format!("https://{}/", "a".repeat(50)), "b".repeat(62), "b".repeat(38)].join(&format!("\n{indent}"));
        assert_eq!(told(false, &url), format!("  name            {lines}\n"));
        assert_eq!(told(true, &format!("{exact}yz")), format!("\x1b[2m  name           \x1b[0m {exact}\n{indent}yz\n"));
        let mut unbroken = Screen::with_colours(false);
        unbroken.field("name", &url);
        assert_eq!(unbroken.text, format!("  name            {url}\n"));
    }
}
