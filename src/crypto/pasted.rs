//! Text as somebody pasted it, with what happened to it on the way undone.
//!
//! In goes the content of a file, of a variable or of a form; out comes the same text without the marks of what carried it:
//! byte order marks, no-break and zero-width spaces (web pages), escapes (`\n` and `\u002B` of JSON, `%0A` of URLs, `&#10;` of
//! XML), and `> ` at the start of lines (mails). None of these characters can stand in base64, so that none of this can make one
//! certificate look like another. Each character remembers where it was, for errors, and how often it was quoted.
//!
//! Deliberately absent: guessing. Dashes that a word processor made of hyphens are found, and not replaced.

use std::iter;

use memchr::memmem;

/// Text, and for each of its octets where it was in the input.
#[derive(Debug, Default)]
pub(super) struct Text {
    octets: Vec<u8>,
    origins: Vec<usize>,
    /// Whether nothing but white space and quote marks was read on this line.
    at_line_start: bool,
    /// From where on how many `>` stand before the text of a line, where that changes.
    quoting: Vec<(usize, usize)>,
}

/// It may be that of a private key.
#[cfg(feature = "decrypt")]
impl Drop for Text {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.octets);
    }
}

impl Text {
    pub(super) fn new(input: &[u8]) -> Self {
        let mut text = Self {
            octets: Vec::with_capacity(input.len()),
            origins: Vec::with_capacity(input.len()),
            at_line_start: true,
            quoting: Vec::new(),
        };
        let form = Form::of(input);
        let mut offset = 0_usize;
        for chunk in input.utf8_chunks() {
            offset = text.read(chunk.valid(), offset, form);
            for octet in chunk.invalid() {
                // The no-break space of Latin-1.
                text.push(if *octet == 0xA0 { b' ' } else { *octet }, offset);
                offset = offset.saturating_add(1);
            }
        }
        text
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Where in the input the octet at `position` was; of the end, behind the last.
    pub(super) fn origin(&self, position: usize) -> usize {
        let behind_last = || self.origins.last().map_or(0, |last| last.saturating_add(1));
        self.origins.get(position).copied().unwrap_or_else(behind_last)
    }

    /// How many `>` stand at the start of the line of the octet at `position`: how often a mail quotes it.
    pub(super) fn quoting(&self, position: usize) -> usize {
        let until = self.quoting.partition_point(|(start, _)| *start <= position);
        until.checked_sub(1).and_then(|last| self.quoting.get(last)).map_or(0, |(_, marks)| *marks)
    }

    /// Reads `valid`, which stands at `offset`, and answers with the offset behind it.
    fn read(&mut self, valid: &str, offset: usize, form: Form) -> usize {
        let mut rest = valid;
        while let Some(character) = rest.chars().next() {
            let at = offset.saturating_add(valid.len().saturating_sub(rest.len()));
            let (length, meant) = match form.escape(rest.as_bytes()) {
                Some(escape) => escape,
                None => (character.len_utf8(), Meant::of(character, form)),
            };
            match meant {
                Meant::Nothing => {}
                Meant::Octet(octet) => self.push(octet, at),
                Meant::Character(character) => {
                    for octet in character.encode_utf8(&mut [0; 4]).bytes() {
                        self.push(octet, at);
                    }
                }
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        offset.saturating_add(valid.len())
    }

    fn push(&mut self, octet: u8, origin: usize) {
        let marks = self.quoting.last().map_or(0, |(_, marks)| *marks);
        if self.at_line_start && octet == b'>' {
            self.quoting.push((self.octets.len(), marks.saturating_add(1)));
            return;
        }
        if matches!(octet, b'\n' | b'\r') && marks > 0 {
            self.quoting.push((self.octets.len().saturating_add(1), 0));
        }
        self.at_line_start = matches!(octet, b'\n' | b'\r') || (self.at_line_start && matches!(octet, b' ' | b'\t'));
        self.octets.push(octet);
        self.origins.push(origin);
    }
}

/// How a text is escaped.
#[derive(Clone, Copy)]
struct Form {
    /// For URLs: `%2B`.
    percent: bool,
    /// As in a form, where a space is `+`.
    plus: bool,
}

impl Form {
    fn of(input: &[u8]) -> Self {
        let upper = input.to_ascii_uppercase();
        let has = |escape: &str| memmem::find(&upper, escape.as_bytes()).is_some();
        let percent = ["%0A", "%0D", "%20", "%2B", "%2D", "%2F", "%3D"].into_iter().any(has);
        Self { percent, plus: percent && has("BEGIN+") }
    }

    /// The escape with which `text` starts: its length and what it means.
    fn escape(self, text: &[u8]) -> Option<(usize, Meant)> {
        match text {
            [b'\\', b'u', a, b, c, d, ..] => Some((6, Meant::character(number(&[*a, *b, *c, *d], 16)?))),
            [b'\\', b'n', ..] => Some((2, Meant::Octet(b'\n'))),
            [b'\\', b'r', ..] => Some((2, Meant::Octet(b'\r'))),
            [b'\\', b't', ..] => Some((2, Meant::Octet(b'\t'))),
            [b'%', high, low, ..] if self.percent => Some((3, Meant::Octet(u8::try_from(number(&[*high, *low], 16)?).ok()?))),
            [b'&', b'#', reference @ ..] => {
                let (digits, radix, before) = match reference {
                    [b'x' | b'X', digits @ ..] => (digits, 16, 3_usize),
                    digits => (digits, 10, 2),
                };
                let length = digits.iter().take(8).position(|octet| *octet == b';')?;
                let meant = Meant::character(number(digits.get(..length)?, radix)?);
                Some((before.saturating_add(length).saturating_add(1), meant))
            }
            _ => None,
        }
    }
}

/// What a character or an escape stands for.
enum Meant {
    Nothing,
    Octet(u8),
    Character(char),
}

impl Meant {
    fn of(character: char, form: Form) -> Self {
        match character {
            '+' if form.plus => Self::Octet(b' '),
            // A backslash that no letter makes an escape: of `\/`, of `\"`, of an escaped escape, or at the end of a line.
            '\\' => Self::Nothing,
            // No-break, narrow, wide and other typographic spaces, and the separators of lines and paragraphs.
            '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Self::Octet(b' '),
            '\u{85}' | '\u{2028}' | '\u{2029}' => Self::Octet(b'\n'),
            // Soft hyphens, zero-width spaces and joiners, marks of direction, and the byte order mark.
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' => Self::Nothing,
            '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{AB}' | '\u{BB}' => Self::Octet(b'"'),
            '\u{2018}' | '\u{2019}' | '\u{201A}' => Self::Octet(b'\''),
            other => Self::Character(other),
        }
    }

    fn character(number: u32) -> Self {
        let no_form = Form { percent: false, plus: false };
        char::from_u32(number).map_or(Self::Nothing, |character| Self::of(character, no_form))
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let value = |octet: &u8| char::from(*octet).to_digit(radix);
    (!digits.is_empty()).then_some(())?;
    digits.iter().try_fold(0_u32, |number, digit| number.checked_mul(radix)?.checked_add(value(digit)?))
}

/// Where a line of PEM armor has dashes that a word processor or a web page made of its hyphens.
pub(super) fn typographic_dashes(text: &[u8]) -> Option<usize> {
    [&b"BEGIN"[..], b"END"].into_iter().filter_map(|word| beside(text, word)).min()
}

/// Where the first dash is that stands before or behind an armor's `word` and its label.
fn beside(text: &[u8], word: &[u8]) -> Option<usize> {
    memmem::find_iter(text, word).find_map(|start| {
        let (before, rest) = text.split_at_checked(start)?;
        // No label is as long as that. Without a bound, a text of nothing but such words would cost its square.
        let label = rest.iter().take(LONGEST_LABEL);
        let length = label.take_while(|octet| octet.is_ascii_uppercase() || **octet == b' ').count();
        let (label, behind) = rest.split_at_checked(length)?;
        if ![&b"CERTIFICATE"[..], b"KEY"].into_iter().any(|kind| label.trim_ascii_end().ends_with(kind)) {
            return None;
        }
        dashes_at_end(before.trim_ascii_end()).or_else(|| dash_at_start(behind).then_some(start))
    })
}

/// Where the dashes and hyphens at the end of `text` begin, if one of them is no hyphen.
fn dashes_at_end(text: &[u8]) -> Option<usize> {
    let mut typographic = false;
    let lengths = iter::successors(Some(text), |rest| {
        let dash = DASHES.into_iter().find_map(|dash| rest.strip_suffix(dash.as_bytes()));
        typographic |= dash.is_some();
        dash.or_else(|| rest.strip_suffix(b"-"))
    });
    let first = lengths.last().map(<[u8]>::len);
    first.filter(|_| typographic)
}

fn dash_at_start(text: &[u8]) -> bool {
    let behind_hyphens = text.iter().position(|octet| *octet != b'-').and_then(|end| text.get(end..)).unwrap_or_default();
    DASHES.into_iter().any(|dash| behind_hyphens.starts_with(dash.as_bytes()))
}

/// `BEGIN` or `END` and what the armor says of its content.
const LONGEST_LABEL: usize = 64;

/// Hyphens, dashes, the minus sign, and their small and wide forms.
const DASHES: [&str; 11] = [
    "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}", "\u{2212}", "\u{2500}", "\u{FE58}", "\u{FE63}",
    "\u{FF0D}",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(input: &[u8]) -> String {
        String::from_utf8(Text::new(input).octets().to_vec()).unwrap()
    }

    #[test]
    fn marks_of_what_carried_the_text_are_undone() {
        for (input, text) in [
            ("\u{FEFF}MIID", "MIID"),
            ("BEGIN\u{A0}X", "BEGIN X"),
            ("M\u{200B}I\u{2060}I\u{AD}D", "MIID"),
            ("M\u{3000}I\u{2028}D", "M I\nD"),
            ("M\\nI\\r\\nI\\tD", "M\nI\r\nI\tD"),
            ("M\\\\nI", "M\nI"),
            ("M\\/I\\\n", "M/I\n"),
            ("M\\u002bI\\u003D\\u000A", "M+I=\n"),
            ("M\\u00", "Mu00"),
            ("M%0AI%2b+%3D", "M\nI++="),
            ("M%I%ZZ%0A", "M%I%ZZ\n"),
            ("100%25 of it", "100%25 of it"),
            ("BEGIN+A%0AMI%2B+B", "BEGIN A\nMI+ B"),
            ("M&#10;I&#xD;I&#x2B;D", "M\nI\rI+D"),
            ("M&#xA0;I&#8203;D", "M ID"),
            ("&#;&#x;&#12345678901;&amp;&#xZ;", "&#;&#x;&#12345678901;&amp;&#xZ;"),
            ("> MI\n>> ID\n > > E>F", " MI\n ID\n   E>F"),
            ("“M‘I«", "\"M'I\""),
            ("Zürich —", "Zürich —"),
            ("", ""),
        ] {
            assert_eq!(undone(input.as_bytes()), text, "{input}");
        }
        assert_eq!(undone(b"M\xA0I"), "M I");
        assert_eq!(Text::new(b"M\xFC").octets(), b"M\xFC");
    }

    #[test]
    fn every_line_knows_how_often_it_was_quoted() {
        let text = Text::new(b"a\n> b>\r\n > > c\\n>>>\nd\n>e");
        let quoting: Vec<(char, usize)> =
            text.octets().iter().zip(0..).map(|(octet, at)| ((*octet).into(), text.quoting(at))).collect();
        let letters: Vec<_> = quoting.into_iter().filter(|(octet, _)| octet.is_ascii_alphabetic()).collect();
        assert_eq!(letters, [('a', 0), ('b', 1), ('c', 2), ('d', 0), ('e', 1)]);
        assert_eq!(Text::new(b"").quoting(0), 0);
    }

    #[test]
    fn every_octet_knows_where_it_was() {
        let text = Text::new("\u{FEFF}M\\nI%2Bü\u{200B}&#43;x".as_bytes());
        assert_eq!(text.octets(), "M\nI+ü+x".as_bytes());
        let origins: Vec<usize> = (0..9).map(|position| text.origin(position)).collect();
        assert_eq!(origins, [3, 4, 6, 7, 10, 10, 15, 20, 21]);
        assert_eq!(Text::new(b"").origin(3), 0);
    }

    #[test]
    fn typographic_dashes_are_found_beside_the_words_of_armor() {
        for (text, place) in [
            ("-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----", None),
            ("—–BEGIN CERTIFICATE—–", Some(0)),
            ("text -\u{2014}BEGIN CERTIFICATE-----", Some(5)),
            ("\u{2013}\u{2013} BEGIN PUBLIC KEY", Some(0)),
            ("-----BEGIN CERTIFICATE-\u{2014}-", Some(5)),
            ("-----BEGIN CERTIFICATE-----\nMIID\n\u{2011}----END CERTIFICATE-----", Some(33)),
            ("— END OF FILE —", None),
            ("the end — of it", None),
            ("the END of it —", None),
            ("— the BEGIN", None),
        ] {
            assert_eq!(typographic_dashes(text.as_bytes()), place, "{text}");
        }
        // However long a text of such words is, each is looked at as far as a label goes.
        for (spaces, place) in [(LONGEST_LABEL - "BEGIN CERTIFICATE".len(), Some(0)), (LONGEST_LABEL, None)] {
            let text = format!("\u{2014}BEGIN {}CERTIFICATE", " ".repeat(spaces));
            assert_eq!(typographic_dashes(text.as_bytes()), place, "{spaces}");
        }
    }
}
