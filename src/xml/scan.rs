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
    let (a_words, a_rest) = a.as_chunks::<8>();
    let (b_words, b_rest) = b.as_chunks::<8>();
    a_words.iter().zip(b_words).all(|(a, b)| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b))
        && a_rest.iter().zip(b_rest).all(|(a, b)| a == b)
}

/// The first eight octets as a number that orders as they do; shorter strings are filled up with zeros.
#[inline]
pub(super) fn key(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => text.iter().zip((0..8).rev()).fold(0, |key, (&byte, place)| key | (u64::from(byte) << (8 * place))),
    }
}

/// Where the first octet is that ends an attribute value or makes it differ from what is written: the quote, `&`, `<`, or
/// anything below a space.
#[inline]
pub(super) fn value_end(text: &[u8], quote: u8) -> Option<usize> {
    let quotes = ONES.wrapping_mul(u64::from(quote));
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zero(word ^ quotes) | zero(word ^ repeat(b'&')) | zero(word ^ repeat(b'<')) | below_space(word);
        if found != 0 {
            return Some(index * 8 + place(found));
        }
    }
    let at = rest.iter().position(|&byte| byte == quote || byte == b'&' || byte == b'<' || byte < b' ')?;
    Some(words.len() * 8 + at)
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks zero octets. What it marks above the lowest one may be wrong; the lowest is right.
const fn zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

/// Marks octets below 0x20, with the same proviso.
const fn below_space(word: u64) -> u64 {
    word.wrapping_sub(repeat(b' ')) & !word & HIGH
}

/// The octet of the lowest mark.
const fn place(marks: u64) -> usize {
    // At most 63, so that the conversion loses nothing; `usize::from` is not const.
    #[allow(clippy::as_conversions, reason = "see above")]
    {
        (marks.trailing_zeros() / 8) as usize
    }
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
        assert!(names.is_sorted_by_key(|name| key(name.as_bytes())));
        assert_eq!(key(b"ab"), key(b"ab"));
        assert_ne!(key(b"ab"), key(b"ba"));
    }

    #[test]
    fn values_end_at_the_first_octet_that_matters() {
        for at in 0..40 {
            for special in ["\"", "&", "<", "\t", "\n", "\r", "\0", "\x1F"] {
                let mut text = "é'> =/azAZ09.-_~漢字€\u{7F}\u{80}..................................".to_owned();
                while !text.is_char_boundary(at) {
                    text.insert(0, 'x');
                }
                text.insert_str(at, special);
                assert_eq!(value_end(text.as_bytes(), b'"'), Some(at), "{special:?} at {at}");
            }
        }
        assert_eq!(value_end("é'> =/azAZ09.-_~漢字€\u{7F}\u{80}".as_bytes(), b'"'), None);
    }
}
