//! The inside of a start tag, as written: names, and values between their quotes.

use super::chars::{ScannedName, is_space, scan_qname};
use super::scan::value_end;

/// One attribute as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawAttribute {
    /// Where the white space before it starts.
    pub(super) start: usize,
    /// Where its name starts.
    pub(super) name_start: usize,
    pub(super) name: ScannedName,
    /// Where its value starts, behind the quote.
    pub(super) value_start: usize,
    /// Where its value ends, before the quote.
    pub(super) value_end: usize,
    /// The value is its own normal form: no reference, no white space but spaces, no `<`.
    pub(super) plain: bool,
    /// Written as Canonical XML writes it: one space before, none around `=`, double quotes.
    pub(super) canonical_layout: bool,
}

/// A broken rule of XML 1.0 section 3.1, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TagFault {
    pub(super) rule: &'static str,
    pub(super) offset: usize,
}

/// Reads the attribute that follows at `from`; `None` where the tag ends there.
///
/// Offsets are of `text`, which ends where the tag's content ends.
#[inline]
pub(super) fn next_attribute(text: &str, from: usize) -> Result<Option<RawAttribute>, TagFault> {
    let name_start = skip_space(text, from);
    if name_start >= text.len() {
        return Ok(None);
    }
    if name_start == from {
        return Err(TagFault { rule: "no white space before an attribute", offset: from });
    }
    let name = text
        .get(name_start..)
        .and_then(scan_qname)
        .ok_or(TagFault { rule: "an attribute name that is no qualified name", offset: name_start })?;
    let name_end = name_start + name.len;
    let equals = skip_space(text, name_end);
    if text.as_bytes().get(equals) != Some(&b'=') {
        return Err(TagFault { rule: "an attribute without a value", offset: name_start });
    }
    let quote_at = skip_space(text, equals + 1);
    let Some(&quote @ (b'"' | b'\'')) = text.as_bytes().get(quote_at) else {
        return Err(TagFault { rule: "an attribute value without quotes", offset: quote_at });
    };
    let value_start = quote_at + 1;
    let value = text.as_bytes().get(value_start..).unwrap_or_default();
    let first = value_end(value, quote);
    let plain = first.is_some_and(|at| value.get(at) == Some(&quote));
    let value_end = if plain { first } else { memchr::memchr(quote, value) }
        .map(|len| value_start + len)
        .ok_or(TagFault { rule: "an attribute value without its closing quote", offset: quote_at })?;
    let one_space = name_start == from + 1 && text.as_bytes().get(from) == Some(&b' ');
    let canonical_layout = one_space && equals == name_end && quote_at == equals + 1 && quote == b'"';
    Ok(Some(RawAttribute { start: from, name_start, name, value_start, value_end, plain, canonical_layout }))
}

#[inline]
fn skip_space(text: &str, from: usize) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    from + rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(tag: &str) -> Result<Vec<(String, String, bool)>, &'static str> {
        let mut from = 1;
        let mut found = Vec::new();
        while let Some(raw) = next_attribute(tag, from).map_err(|fault| fault.rule)? {
            let name = tag[raw.name_start..raw.name_start + raw.name.len].to_owned();
            found.push((name, tag[raw.value_start..raw.value_end].to_owned(), raw.canonical_layout));
            from = raw.value_end + 1;
        }
        Ok(found)
    }

    #[test]
    fn attributes_as_written() {
        assert_eq!(all("a"), Ok(vec![]));
        assert_eq!(all("a \t\n"), Ok(vec![]));
        assert_eq!(all("a b=\"1\""), Ok(vec![("b".into(), "1".into(), true)]));
        for layout in ["a  b=\"1\"", "a\tb=\"1\"", "a b =\"1\"", "a b= \"1\"", "a b='1'"] {
            assert_eq!(all(layout), Ok(vec![("b".into(), "1".into(), false)]), "{layout}");
        }
        assert_eq!(all("a p:b=\"x>'y\" c=''"), Ok(vec![("p:b".into(), "x>'y".into(), true), ("c".into(), String::new(), false)]));
    }

    #[test]
    fn broken_attributes() {
        for (tag, rule) in [
            ("a b=\"1\"c=\"2\"", "no white space before an attribute"),
            ("a b", "an attribute without a value"),
            ("a b=1", "an attribute value without quotes"),
            ("a b=\"1", "an attribute value without its closing quote"),
            ("a =\"1\"", "an attribute name that is no qualified name"),
            ("a 1b=\"1\"", "an attribute name that is no qualified name"),
            ("a b:c:d=\"1\"", "an attribute name that is no qualified name"),
            ("a b==\"1\"", "an attribute value without quotes"),
            ("a b!=\"1\"", "an attribute without a value"),
            ("a\u{A0}b=\"1\"", "no white space before an attribute"),
        ] {
            assert_eq!(all(tag), Err(rule), "{tag}");
        }
    }
}
