//! The inside of a start tag, as written: names, and values between their quotes.

use super::chars::is_space;
use super::names::{Name, NameFault, Names};
use super::scan::value_end;

/// What comes next in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Attribute(RawAttribute),
    /// `>` or `/>` there, or the end of the text.
    End(usize),
}

/// One attribute as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawAttribute {
    /// Where the white space before it starts.
    pub(super) start: usize,
    /// Where its name starts.
    pub(super) name_start: usize,
    pub(super) name: Name,
    /// Where its value starts, behind the quote.
    pub(super) value_start: usize,
    /// Where its value ends, before the quote.
    pub(super) value_end: usize,
    /// The value is its own normal form: no reference, no white space but spaces, no `<`.
    pub(super) plain: bool,
    /// Written as Canonical XML writes it: one space before, none around `=`, double quotes.
    pub(super) canonical_layout: bool,
}

/// What is wrong in a tag, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagFault {
    /// A broken rule of XML 1.0 section 3.1.
    Rule(&'static str, usize),
    TooManyPrefixes(usize),
}

/// Reads what follows at `from`, directly behind a name or a value.
#[inline(always)]
pub(super) fn next<'i>(text: &'i str, from: usize, names: &mut Names<'i>) -> Result<Next, TagFault> {
    let bytes = text.as_bytes();
    // Usual layouts first: one space, then a name; `="` behind it.
    let one_space = matches!(bytes.get(from..), Some([b' ', next, ..]) if *next > b'/' && *next != b'>');
    let name_start = if one_space { from + 1 } else { skip_space(bytes, from) };
    if !one_space {
        match bytes.get(name_start..) {
            None | Some([] | [b'>', ..] | [b'/', b'>', ..]) => return Ok(Next::End(name_start)),
            Some(_) if name_start == from => return Err(TagFault::Rule("no white space before an attribute", from)),
            Some(_) => {}
        }
    }
    let name = *names.read(text, name_start).map_err(|fault| match fault {
        NameFault::NoQualifiedName => TagFault::Rule("an attribute name that is no qualified name", name_start),
        NameFault::TooManyPrefixes => TagFault::TooManyPrefixes(name_start),
    })?;
    let name_end = name_start + name.len();
    let close = matches!(bytes.get(name_end..), Some([b'=', b'"', ..]));
    let (quote, value_start, first) =
        if close { (b'"', name_end + 2, value_end(bytes, name_end + 2, b'"')) } else { far_value(bytes, name_start, name_end)? };
    let plain = bytes.get(first) == Some(&quote);
    let value_end = if plain { first } else { closing_quote(bytes, first, quote, value_start - 1)? };
    let canonical_layout = one_space && close;
    Ok(Next::Attribute(RawAttribute { start: from, name_start, name, value_start, value_end, plain, canonical_layout }))
}

/// The quote, where the value starts behind it, and where the value ends or has something that does not stand for itself.
#[inline(never)]
fn far_value(bytes: &[u8], name_start: usize, name_end: usize) -> Result<(u8, usize, usize), TagFault> {
    let equals = skip_space(bytes, name_end);
    if bytes.get(equals) != Some(&b'=') {
        return Err(TagFault::Rule("an attribute without a value", name_start));
    }
    let quote_at = skip_space(bytes, equals + 1);
    match bytes.get(quote_at) {
        Some(&quote @ (b'"' | b'\'')) => Ok((quote, quote_at + 1, value_end(bytes, quote_at + 1, quote))),
        _ => Err(TagFault::Rule("an attribute value without quotes", quote_at)),
    }
}

#[inline(never)]
fn closing_quote(bytes: &[u8], from: usize, quote: u8, quote_at: usize) -> Result<usize, TagFault> {
    let len = bytes.get(from..).and_then(|rest| memchr::memchr(quote, rest));
    len.map(|len| from + len).ok_or(TagFault::Rule("an attribute value without its closing quote", quote_at))
}

#[inline]
fn skip_space(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    // Nothing above a space is white space.
    while bytes.get(at).is_some_and(|&byte| byte <= b' ' && is_space(byte)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, value, and whether the layout is the canonical one.
    type Found = Vec<(String, String, bool)>;

    /// The attributes of a tag whose name has one letter, and what is left of it.
    fn all(tag: &str) -> Result<(Found, &str), (&'static str, usize)> {
        let mut names = Names::new(64);
        let mut from = 1;
        let mut found = Vec::new();
        loop {
            let raw = match next(tag, from, &mut names) {
                Ok(Next::Attribute(raw)) => raw,
                Ok(Next::End(at)) => return Ok((found, &tag[at..])),
                Err(TagFault::Rule(rule, at)) => return Err((rule, at)),
                Err(TagFault::TooManyPrefixes(at)) => return Err(("too many prefixes", at)),
            };
            let name = tag[raw.name_start..raw.name_start + raw.name.len()].to_owned();
            found.push((name, tag[raw.value_start..raw.value_end].to_owned(), raw.canonical_layout));
            from = raw.value_end + 1;
        }
    }

    #[test]
    fn attributes_as_written() {
        for end in ["", ">", "/>", "> b='1'"] {
            assert_eq!(all(&format!("a{end}")), Ok((vec![], end)));
            assert_eq!(all(&format!("a \t\n{end}")), Ok((vec![], end)));
            assert_eq!(all(&format!("a b=\"1\"{end}")), Ok((vec![("b".into(), "1".into(), true)], end)));
        }
        for layout in ["a  b=\"1\"", "a\tb=\"1\"", "a b =\"1\"", "a b= \"1\"", "a b='1'"] {
            assert_eq!(all(layout), Ok((vec![("b".into(), "1".into(), false)], "")), "{layout}");
        }
        assert_eq!(
            all("a p:b=\"x>'y\" c=''"),
            Ok((vec![("p:b".into(), "x>'y".into(), true), ("c".into(), String::new(), false)], ""))
        );
    }

    #[test]
    fn broken_attributes() {
        for (tag, rule, at) in [
            ("a b=\"1\"c=\"2\"", "no white space before an attribute", 7),
            ("a b", "an attribute without a value", 2),
            ("a b=1", "an attribute value without quotes", 4),
            ("a b=\"1", "an attribute value without its closing quote", 4),
            ("a b=\"1&2", "an attribute value without its closing quote", 4),
            ("a b = '1", "an attribute value without its closing quote", 6),
            ("a =\"1\"", "an attribute name that is no qualified name", 2),
            ("a 1b=\"1\"", "an attribute name that is no qualified name", 2),
            ("a b:c:d=\"1\"", "an attribute name that is no qualified name", 2),
            ("a b==\"1\"", "an attribute value without quotes", 4),
            ("a b!=\"1\"", "an attribute without a value", 2),
            ("a\u{A0}b=\"1\"", "no white space before an attribute", 1),
            ("a/ >", "no white space before an attribute", 1),
            ("a / >", "an attribute name that is no qualified name", 2),
            // Below a space, and no white space.
            ("a \u{1}b=\"1\"", "an attribute name that is no qualified name", 2),
        ] {
            assert_eq!(all(tag), Err((rule, at)), "{tag}");
        }
    }
}
