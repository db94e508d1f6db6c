//! References and normalisation: from values as written to values as they are compared and digested.

use std::borrow::Cow;

use super::chars::is_char;
use super::scan::undecoded;

/// The character that a reference stands for whose `&` is right before the text, and the length of its name, which `;` follows:
/// one of the five predefined entities, or a legal character reference.
///
/// XML 1.0 section 4.1 and 4.6. No other name: not HTML's, not one that a document type declares.
#[inline(always)]
pub(super) fn resolve(text: &[u8]) -> Option<(char, usize)> {
    match text {
        [b'#', b'x', digits @ ..] => number::<16>(digits).map(|(c, len)| (c, len + "#x".len())),
        [b'#', digits @ ..] => number::<10>(digits).map(|(c, len)| (c, len + "#".len())),
        _ => PREDEFINED.iter().find(|(written, _)| text.starts_with(written)).map(|(written, c)| (*c, written.len() - 1)),
    }
}

/// XML 1.0 section 4.6, the most frequent first.
const PREDEFINED: [(&[u8], char); 5] = [(b"amp;", '&'), (b"lt;", '<'), (b"gt;", '>'), (b"quot;", '"'), (b"apos;", '\'')];

/// The character whose number stands at the start of the text before a `;`, and how many digits it has.
#[inline(never)]
fn number<const RADIX: u32>(text: &[u8]) -> Option<(char, usize)> {
    let mut value = 0;
    let mut len = 0;
    let end = loop {
        let octet = *text.get(len)?;
        let Some(digit) = char::from(octet).to_digit(RADIX) else { break octet };
        // From 2^24 on it stays as it is, which is no character: any number of digits is read without overflow.
        value = if value < 1 << 24 { value * RADIX + digit } else { value };
        len += 1;
    };
    // Without digits it is zero, which is no character.
    let c = char::from_u32(value).filter(|&c| is_char(c))?;
    (end == b';').then_some((c, len))
}

/// Whether Canonical XML writes the character in text exactly as `&name;`. Canonical XML 1.0 section 2.3.
#[inline]
pub(super) fn is_canonical_in_text(name: &[u8]) -> bool {
    matches!(name, b"amp" | b"lt" | b"gt" | b"#xD")
}

/// Whether Canonical XML writes the character in an attribute value exactly as `&name;`. Canonical XML 1.0 section 2.3.
fn is_canonical_in_value(name: &str) -> bool {
    matches!(name, "amp" | "lt" | "quot" | "#x9" | "#xA" | "#xD")
}

/// A broken rule in a value, and how far into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ValueFault {
    pub(super) rule: &'static str,
    pub(super) section: &'static str,
    pub(super) offset: usize,
}

/// Appends the normal form of an attribute value (XML 1.0 section 3.3.3); tells whether `raw` is also the canonical form.
pub(super) fn normalize_value(raw: &str, out: &mut String) -> Result<bool, ValueFault> {
    let mut canonical = true;
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
        let offset = raw.len() - rest.len() + at;
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        if let Some(reference) = rest.strip_prefix('&') {
            let (c, len) = resolve(reference.as_bytes()).ok_or_else(|| wrong_reference(reference, offset))?;
            out.push(c);
            let (name, behind) = reference.split_at_checked(len).unwrap_or_default();
            canonical &= is_canonical_in_value(name);
            rest = behind.get(1..).unwrap_or_default();
        } else if rest.starts_with('<') {
            return Err(ValueFault { rule: "a `<` in an attribute value", section: "XML 1.0 section 3.1", offset });
        } else {
            out.push(' ');
            canonical = false;
            rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(canonical)
}

/// What is wrong behind a `&` in a value. Unlike in text, where it stops at the next `&` or `<`, its name goes on to the next `;`.
#[cold]
fn wrong_reference(reference: &str, offset: usize) -> ValueFault {
    if reference.contains(';') {
        ValueFault { rule: UNKNOWN_REFERENCE, section: "XML 1.0 section 4.1", offset }
    } else {
        ValueFault { rule: "a `&` that starts no reference", section: "XML 1.0 section 3.1", offset }
    }
}

pub(super) const UNKNOWN_REFERENCE: &str = "a reference to something that is no character and no predefined entity";

/// Appends the characters that a run of character data, references and CDATA sections stands for. XML 1.0 sections 2.4, 2.7,
/// 2.11 and 4.1.
///
/// The run is one that the parser has taken: each reference resolves, each section ends.
pub(super) fn decode_text(run: &str, out: &mut String) {
    let mut rest = run;
    while let Some((before, from)) = rest.split_at_checked(undecoded(rest.as_bytes())).filter(|(_, from)| !from.is_empty()) {
        out.push_str(before);
        rest = if let Some(reference) = from.strip_prefix('&') {
            // The parser has taken none that does not resolve.
            let Some((c, len)) = resolve(reference.as_bytes()) else { return };
            out.push(c);
            reference.get(len + 1..).unwrap_or_default()
        } else if let Some(section) = from.strip_prefix("<![CDATA[") {
            let (inner, behind) = section.split_once("]]>").unwrap_or_default();
            normalize_line_ends(inner, out);
            behind
        } else if from.starts_with('\r') {
            let mut behind = from;
            while let Some(next) = behind.strip_prefix('\r') {
                out.push('\n');
                behind = next.strip_prefix('\n').unwrap_or(next);
            }
            behind
        } else {
            // The parser has taken no other `<`.
            return;
        };
    }
    out.push_str(rest);
}

/// Text with its line ends normalised. XML 1.0 section 2.11.
pub(super) fn with_line_ends(raw: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    normalize_line_ends(raw, &mut out);
    Cow::Owned(out)
}

fn normalize_line_ends(raw: &str, out: &mut String) {
    let mut pieces = raw.split('\r');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.push('\n');
        out.push_str(piece.strip_prefix('\n').unwrap_or(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_to_characters_or_not_at_all() {
        for (name, c) in [
            ("amp", '&'),
            ("lt", '<'),
            ("gt", '>'),
            ("quot", '"'),
            ("apos", '\''),
            ("#65", 'A'),
            ("#x41", 'A'),
            ("#x00000000000000041", 'A'),
            ("#xD", '\r'),
            ("#x10FFFF", '\u{10FFFF}'),
        ] {
            assert_eq!(resolve(format!("{name};").as_bytes()), Some((c, name.len())), "{name}");
            assert_eq!(resolve(name.as_bytes()), None, "{name}");
            assert_eq!(resolve(format!("{name} ;").as_bytes()), None, "{name}");
        }
        for name in [
            "",
            "nbsp",
            "AMP",
            " lt",
            "1x",
            "#",
            "#x",
            "#X41",
            "#-65",
            "#+65",
            "# 65",
            "#65 ",
            "#0",
            "#1",
            "#x1F",
            "#xFFFE",
            "#xFFFF",
            "#xD800",
            "#x110000",
            "#4294967361",
            "#99999999999999999999",
            "#x4 1",
            "#６５",
        ] {
            assert_eq!(resolve(format!("{name};").as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn values_are_normalised_and_know_whether_they_were_canonical() {
        for (raw, normal, canonical) in [
            ("a", "a", true),
            ("a&amp;b", "a&b", true),
            ("&#x9;&#xA;&#xD;&lt;&quot;", "\t\n\r<\"", true),
            ("&gt;", ">", false),
            ("&#xd;", "\r", false),
            ("a\tb\nc\r\nd\re", "a b c d e", false),
        ] {
            let mut out = String::new();
            assert_eq!(normalize_value(raw, &mut out), Ok(canonical), "{raw}");
            assert_eq!(out, normal);
        }
        for (raw, rule, offset) in [
            ("ab<", "a `<` in an attribute value", 2),
            ("a&b", "a `&` that starts no reference", 1),
            ("&amp;&x;", UNKNOWN_REFERENCE, 5),
        ] {
            let fault = normalize_value(raw, &mut String::new()).unwrap_err();
            assert_eq!((fault.rule, fault.offset), (rule, offset));
        }
    }

    #[test]
    fn line_ends_become_one_line_feed() {
        assert_eq!(with_line_ends("a\r\nb\rc\nd\r\r\n"), "a\nb\nc\nd\n\n");
        assert!(matches!(with_line_ends("a\nb"), Cow::Borrowed("a\nb")));
    }

    #[test]
    fn a_run_of_text_stands_for_its_characters() {
        for (run, characters) in [
            ("", ""),
            ("a", "a"),
            ("a&amp;b&#13;\n", "a&b\r\n"),
            ("\r\n\r\r\n\n", "\n\n\n\n"),
            ("&#13;\r\n&#10;", "\r\n\n"),
            ("<![CDATA[]]>", ""),
            ("<![CDATA[&amp;\r\n]]]]><![CDATA[>]]>&lt;é", "&amp;\n]]><é"),
            ("\r<![CDATA[\n]]>", "\n\n"),
            // No run that the parser takes: it ends, with what stands before.
            ("a<b", "a"),
            ("a<![CDATA[b", "a"),
            ("a&b;c", "a"),
        ] {
            let mut out = String::from("x");
            decode_text(run, &mut out);
            assert_eq!(out, format!("x{characters}"), "{run:?}");
        }
    }
}
