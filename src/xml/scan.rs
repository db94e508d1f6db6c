//! Scanning and comparing eight octets at a time, for the short strings of markup: a call into the C library costs more than the
//! comparison of a name.

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// `a == b`.
#[inline]
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // The last octets may overlap those before them.
    if let (Some(a_last), Some(b_last)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        let mut words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
        u64::from_ne_bytes(*a_last) == u64::from_ne_bytes(*b_last)
            && words.all(|(a, b)| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b))
    } else if let (Some(a_last), Some(b_last)) = (a.last_chunk::<4>(), b.last_chunk::<4>()) {
        u32::from_ne_bytes(*a_last) == u32::from_ne_bytes(*b_last) && a.first_chunk::<4>() == b.first_chunk::<4>()
    } else {
        a.iter().zip(b).all(|(a, b)| a == b)
    }
}

/// The first `len` octets of `text`, at most eight of them, as a little-endian number.
#[inline]
pub(super) fn head(text: &[u8], len: usize) -> u64 {
    match text.first_chunk::<8>() {
        Some(first) => lowest(u64::from_le_bytes(*first), len),
        None => text.iter().take(len).rev().fold(0, |word, &byte| (word << 8) | u64::from(byte)),
    }
}

/// The lowest `len` octets of a word.
#[inline]
pub(super) const fn lowest(word: u64, len: usize) -> u64 {
    if len >= 8 { word } else { word & !(u64::MAX << (8 * len)) }
}

/// The first octets as a number that orders as they do; a string of fewer than eight is filled up with zeros.
#[inline]
pub(super) fn key(text: &[u8], len: usize) -> u64 {
    head(text, len).swap_bytes()
}

/// Where the first octet is that ends a name in a tag: `=`, `>`, `/`, `<`, `?`, a space or anything below it.
#[inline]
pub(super) fn name_end(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        if let Some(at) = name_end_in(u64::from_le_bytes(*word)) {
            return index * 8 + at;
        }
    }
    let ends = |byte: &u8| matches!(byte, b'<'..=b'?' | b'/' | ..=b' ');
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

/// The same within a word.
#[inline]
pub(super) fn name_end_in(word: u64) -> Option<usize> {
    // `<`, `=`, `>` and `?` differ in the two lowest bits alone.
    let found = zero((word & repeat(0xFC)) ^ repeat(b'<')) | zero(word ^ repeat(b'/')) | below(word, b' ' + 1);
    (found != 0).then(|| place(found))
}

/// Where `wanted` starts, from `from` on.
///
/// Looks for its first octet, which suits strings that seldom begin without going on.
#[inline]
pub(super) fn find(text: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = from;
    loop {
        at += memchr::memchr(first, text.get(at..)?)?;
        if text.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks zero octets. What it marks above the lowest one may be wrong; the lowest is right.
const fn zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Marks octets below that ASCII one, with the same proviso.
const fn below(word: u64, octet: u8) -> u64 {
    word.wrapping_sub(repeat(octet)) & !word & HIGH
}

/// The octet of the lowest mark.
#[allow(clippy::as_conversions, reason = "at most 8, so that nothing is lost; `usize::from` is not const")]
const fn place(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// One of `slots` places, of which there are a power of two, for a number: a hash of it.
#[inline]
#[allow(clippy::as_conversions, reason = "only the lowest bits count")]
pub(super) const fn slot(number: u64, slots: usize) -> usize {
    // The highest bits of the product are the best mixed.
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize & (slots - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_is_comparing() {
        for (a, b) in [
            ("", ""),
            ("a", "b"),
            ("saml:Attribute", "saml:Attribute"),
            ("saml:Attribute", "saml:Attributf"),
            ("12345678", "12345678"),
            ("123456789", "12345678"),
        ] {
            assert_eq!(same(a.as_bytes(), b.as_bytes()), a == b, "{a} {b}");
        }
    }

    #[test]
    fn keys_order_as_their_strings() {
        let mut names = ["", "A", "ID", "IssueInstant", "Name", "NameFormat", "a", "é", "Version", "NameFormas"];
        names.sort_unstable();
        let of = |name: &str| key(name.as_bytes(), name.len());
        assert!(names.is_sorted_by_key(|name| of(name)));
        assert_ne!(of("ab"), of("ba"));
        assert_eq!(key(b"ID=\"abcdef\"", 2), of("ID"));
    }

    #[test]
    fn names_end_at_the_first_octet_that_ends_one() {
        for at in 0..40 {
            for end in ["=", ">", "/", "<", "?", " ", "\t", "\n", "\r", "\0"] {
                let text =
                    format!("{}{end}{}", "é:\u{7F}aZ09-._;@\"'".repeat(4).chars().take(at).collect::<String>(), "x".repeat(20));
                assert_eq!(name_end(text.as_bytes()), text.find(end).unwrap(), "{text:?}");
            }
        }
        assert_eq!(name_end(b"saml:Assertion"), 14);
    }

    #[test]
    fn strings_are_found_where_they_start() {
        for (text, from, wanted, at) in [
            ("a--b-->", 0, "-->", Some(4)),
            ("a--b-->", 5, "-->", None),
            ("]]]]>", 0, "]]>", Some(2)),
            ("]]]]>", 9, "]]>", None),
            ("?>", 0, "?>", Some(0)),
            ("?", 0, "?>", None),
        ] {
            assert_eq!(find(text.as_bytes(), from, wanted.as_bytes()), at, "{text} {from} {wanted}");
        }
    }
}
