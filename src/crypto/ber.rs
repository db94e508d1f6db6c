//! Elements of ASN.1 as certificates hold them, in BER (X.690): a tag, a length and a content.
//!
//! In go octets, out come slices of them. Laxer than DER, as OpenSSL is: lengths may have more octets than they need, or be
//! indefinite, and an object identifier is as long as it likes. None of that reaches a key: `public_key` wants DER.
//!
//! Deliberately absent: values. Whoever needs one reads it from the content.

/// An element: what it is called, what it holds, and all of its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// Why there is no element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The octets end before the element does.
    Truncated,
    /// They cannot be an element.
    Malformed,
}

/// The first element of `input`, and what stands behind it.
///
/// The work is linear in the length of the element: nothing inside of it is read, but for the elements of an indefinite length,
/// whose end is looked for.
pub(super) fn read(input: &[u8]) -> Result<(Element<'_>, &[u8]), Fault> {
    let (tag, length, behind) = header(input)?;
    let (content, rest) = match length {
        Length::Definite(length) => behind.split_at_checked(length).ok_or(Fault::Truncated)?,
        Length::Indefinite => until_end_of_contents(behind)?,
    };
    Ok((Element { tag, content, whole: before(input, rest) }, rest))
}

/// The elements of a content, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, which must have that tag.
    pub(super) fn tagged(&mut self, tag: u8) -> Option<Element<'a>> {
        let (element, rest) = read(self.0).ok().filter(|(element, _)| element.tag == tag)?;
        self.0 = rest;
        Some(element)
    }

    /// Passes over the next element if it has one of these tags.
    pub(super) fn pass(&mut self, tags: &[u8]) {
        if let Some(next) = self.clone().next().filter(|next| tags.contains(&next.tag)) {
            self.tagged(next.tag);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (element, rest) = read(self.0).ok()?;
        self.0 = rest;
        Some(element)
    }
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0C;
pub(super) const NUMERIC_STRING: u8 = 0x12;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const TELETEX_STRING: u8 = 0x14;
pub(super) const IA5_STRING: u8 = 0x16;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const VISIBLE_STRING: u8 = 0x1A;
pub(super) const UNIVERSAL_STRING: u8 = 0x1C;
pub(super) const BMP_STRING: u8 = 0x1E;
pub(super) const SEQUENCE: u8 = 0x30;

/// The context-specific tag of that number around other elements.
pub(super) const fn constructed(number: u8) -> u8 {
    0xA0 | number
}

/// The context-specific tag of that number in place of another.
pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

enum Length {
    Definite(usize),
    Indefinite,
}

/// Tag and length, and what stands behind them.
fn header(input: &[u8]) -> Result<(u8, Length, &[u8]), Fault> {
    let (&tag, mut rest) = input.split_first().ok_or(Fault::Truncated)?;
    if tag & 0x1F == 0x1F {
        // A tag of several octets: all but the last have their highest bit set. No certificate needs one.
        let more = rest.iter().position(|octet| octet & 0x80 == 0).ok_or(Fault::Truncated)?;
        rest = rest.get(more.saturating_add(1)..).unwrap_or_default();
    }
    let (&first, rest) = rest.split_first().ok_or(Fault::Truncated)?;
    match first {
        0..0x80 => Ok((tag, Length::Definite(first.into()), rest)),
        0x80 if tag & 0x20 != 0 => Ok((tag, Length::Indefinite, rest)),
        0x80 | 0xFF => Err(Fault::Malformed), // a primitive element has an end; X.690 8.1.3.5 reserves the other
        _ => {
            let (octets, rest) = rest.split_at_checked((first & 0x7F).into()).ok_or(Fault::Truncated)?;
            let grown = |length: usize, octet: &u8| length.checked_mul(256)?.checked_add((*octet).into());
            let length = octets.iter().try_fold(0, grown).ok_or(Fault::Malformed)?;
            Ok((tag, Length::Definite(length), rest))
        }
    }
}

/// What stands before the end-of-contents octets that belong to it, and what stands behind these. X.690 8.1.5.
fn until_end_of_contents(input: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let mut open = 1_usize;
    let mut rest = input;
    loop {
        let (tag, length, behind) = header(rest)?;
        let end = rest;
        rest = match length {
            Length::Definite(0) if tag == 0 => {
                open = open.saturating_sub(1);
                behind
            }
            Length::Definite(length) => behind.split_at_checked(length).ok_or(Fault::Truncated)?.1,
            Length::Indefinite => {
                open = open.saturating_add(1);
                behind
            }
        };
        if open == 0 {
            return Ok((before(input, end), rest));
        }
    }
}

/// The octets of `all` before its end `rest`.
fn before<'a>(all: &'a [u8], rest: &[u8]) -> &'a [u8] {
    all.get(..all.len().saturating_sub(rest.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_ends_where_its_length_says() {
        for (input, tag, content, behind) in [
            (&[2, 1, 7][..], 2, &[7][..], &[][..]),
            (&[2, 1, 7, 9], 2, &[7], &[9]),
            (&[5, 0], 5, &[], &[]),
            (&[4, 0x81, 1, 7], 4, &[7], &[]),
            (&[4, 0x83, 0, 0, 1, 7, 9], 4, &[7], &[9]),
            (&[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7], 4, &[7], &[]),
            (&[0xBF, 0x81, 0x01, 1, 7], 0xBF, &[7], &[]),
            (&[0x30, 0x80, 2, 1, 7, 0, 0, 9], 0x30, &[2, 1, 7], &[9]),
            (&[0x30, 0x80, 0x31, 0x80, 0, 0, 4, 2, 0, 0, 0, 0, 9], 0x30, &[0x31, 0x80, 0, 0, 4, 2, 0, 0], &[9]),
        ] {
            let whole = &input[..input.len() - behind.len()];
            assert_eq!(read(input), Ok((Element { tag, content, whole }, behind)), "{input:02X?}");
        }
    }

    #[test]
    fn what_is_no_element_is_cut_or_wrong() {
        use Fault::{Malformed, Truncated};
        for (input, fault) in [
            (&[][..], Truncated),
            (&[2], Truncated),
            (&[2, 2, 7], Truncated),
            (&[2, 0x82, 1], Truncated),
            (&[0xBF, 0x81], Truncated),
            (&[0x30, 0x80, 2, 1, 7, 0], Truncated),
            (&[0x30, 0x80, 0x30, 0x80, 0, 0], Truncated),
            (&[0x30, 0x80, 2, 3, 0, 0], Truncated),
            (&[4, 0x80, 0, 0], Malformed),
            (&[4, 0xFF, 0, 0], Malformed),
            (&[4, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7], Malformed),
            (&[0x30, 0x80, 4, 0x80, 0, 0, 0, 0], Malformed),
        ] {
            assert_eq!(read(input), Err(fault), "{input:02X?}");
        }
    }

    #[test]
    fn deep_nesting_needs_no_stack() {
        let deep = [[0x30, 0x80].repeat(100_000), vec![0; 200_000]].concat();
        let (element, behind) = read(&deep).unwrap();
        assert_eq!((element.whole.len(), behind.len()), (400_000, 0));
    }

    #[test]
    fn elements_are_read_by_their_tag() {
        let mut elements = Elements(&[2, 1, 7, 4, 1, 8]);
        assert_eq!(elements.tagged(4), None);
        assert_eq!(elements.tagged(2).map(|element| element.content), Some(&[7][..]));
        elements.pass(&[2, 5]);
        assert!(!elements.is_empty());
        elements.pass(&[2, 4]);
        assert!(elements.is_empty());
    }
}
