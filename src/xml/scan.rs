//! Scanning and comparing many octets at a time, for the short strings of markup: a call into a library costs more than the
//! search through a name or a value.

use wide::u8x16;

/// How many octets are looked at together.
const WIDTH: usize = 16;

/// Where the first octet is, from `from` on, that text cannot have or that does not stand for itself: `<`, `&`, `>` or a carriage
/// return; the end of the text, where there is none.
#[inline(always)]
pub(super) fn text_end(text: &[u8], from: usize) -> usize {
    first(
        text,
        from,
        // `<` and `>` differ in one bit alone.
        |block| is(block & splat(!2), b'<') | is(block, b'&') | is(block, b'\r'),
        |octet| matches!(octet, b'<' | b'>' | b'&' | b'\r'),
    )
}

/// Where the first octet is, from `from` on, that ends an attribute value or does not stand for itself there: the quote, `&`, `<`
/// or anything below a space; the end of the text, where there is none.
#[inline(always)]
pub(super) fn value_end(text: &[u8], from: usize, quote: u8) -> usize {
    first(
        text,
        from,
        |block| is(block, quote) | is(block, b'&') | is(block, b'<') | up_to(block, b' ' - 1),
        |octet| octet == quote || matches!(octet, b'&' | b'<' | ..b' '),
    )
}

/// Where the first octet of a run of text is that does not stand for itself: `&`, `<` or a carriage return; the end of the run,
/// where there is none.
#[inline(always)]
pub(super) fn undecoded(run: &[u8]) -> usize {
    first(run, 0, |block| is(block, b'&') | is(block, b'<') | is(block, b'\r'), |octet| matches!(octet, b'&' | b'<' | b'\r'))
}

/// The first octet from `from` on that is marked; the two closures say the same.
#[inline(always)]
fn first(text: &[u8], from: usize, mark: impl Fn(u8x16) -> u8x16, marked: impl Fn(u8) -> bool) -> usize {
    let mut rest = text.get(from..).unwrap_or_default();
    while let Some((block, behind)) = rest.split_first_chunk() {
        let marks = mark(u8x16::new(*block)).to_bitmask();
        if marks != 0 {
            return text.len() - rest.len() + lowest(marks);
        }
        rest = behind;
    }
    match text.get(from..).and_then(<[u8]>::last_chunk) {
        // Those of the last sixteen that were looked at are not marked.
        Some(block) => text.len() - WIDTH + lowest(mark(u8x16::new(*block)).to_bitmask()).min(WIDTH),
        None => text.len() - rest.len() + rest.iter().position(|&octet| marked(octet)).unwrap_or(rest.len()),
    }
}

/// Whether there may be something that is no character of XML: an octet below a space, or beyond ASCII.
pub(super) fn has_suspects(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let (least, any) = blocks.iter().map(|block| u8x16::new(*block)).fold((splat(b' '), splat(0)), |(least, any), block| {
        (least.min(block), any | block) // so that the highest bit of `any` tells of the highest bits of all
    });
    (up_to(least, b' ' - 1) | any).to_bitmask() != 0 || rest.iter().any(|octet| !matches!(octet, b' '..=0x7F))
}

/// What looks like a name at the start of some text: all up to the first octet that ends one in a tag, which is `=`, `>`, `/`, `<`,
/// `?`, a space or anything below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Behind `len`, whatever follows in the text.
    first: u8x16,
    second: u8x16,
    len: usize,
}

impl Candidate {
    /// Like no other.
    pub(super) const NONE: Self = Self { first: u8x16::new([0; WIDTH]), second: u8x16::new([0; WIDTH]), len: usize::MAX };
    /// The length of all that have so many octets or more.
    const LONG: usize = 2 * WIDTH;

    #[inline(always)]
    pub(super) fn of(text: &[u8]) -> Self {
        let Some((start, behind)) = text.split_first_chunk() else { return Self::of_last(text) };
        let first = u8x16::new(*start);
        let ends = name_ends(first);
        if ends != 0 {
            return Self { first, second: first, len: lowest(ends) };
        }
        let Some(behind) = behind.first_chunk() else { return Self::of_last(text) };
        Self::of_both(first, u8x16::new(*behind))
    }

    #[inline(always)]
    fn of_both(first: u8x16, second: u8x16) -> Self {
        // Without any end there are 32 zeros.
        let ends = name_ends(first) | name_ends(second) << WIDTH;
        Self { first, second, len: lowest(ends) }
    }

    /// The same where the text ends soon: as if it went on with zeros.
    #[cold]
    fn of_last(text: &[u8]) -> Self {
        let mut blocks = [[0; WIDTH]; 2];
        blocks.as_flattened_mut().iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        let [first, second] = blocks.map(u8x16::new);
        Self::of_both(first, second)
    }

    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether both have the same octets; never of long ones.
    #[inline(always)]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        if self.len != other.len {
            return false;
        }
        let mut same = self.first.simd_eq(other.first).to_bitmask();
        if self.len > WIDTH {
            same |= self.second.simd_eq(other.second).to_bitmask() << WIDTH;
        }
        // Only the first ones count.
        self.len < Self::LONG && !same << (31 - self.len) << 1 == 0
    }

    /// One of 256 places, for the first sixteen octets and the length.
    #[inline(always)]
    #[allow(clippy::as_conversions, reason = "the halves; and of the product only the highest bits count")]
    pub(super) fn slot(&self) -> u8 {
        let mask = KEPT.as_flattened().get(WIDTH - self.len.min(WIDTH)..).and_then(<[u8]>::first_chunk);
        let kept = u128::from_le_bytes(self.first.to_array()) & mask.map_or(0, |mask| u128::from_le_bytes(*mask));
        let number = (kept as u64) ^ ((kept >> 64) as u64).rotate_left(44) ^ self.len as u64;
        // No other bits depend on all of the octets. With this factor the names of messages, however prefixed, seldom share a place.
        (number.wrapping_mul(0x232F_58A5_1F95_A4D5) >> 56) as u8
    }

    /// Where the colon of a qualified name of fewer than 32 ASCII characters is; `None` where this is none: Namespaces in XML 1.0
    /// section 4, with the characters of XML 1.0 production 4.
    #[inline]
    pub(super) fn colon(&self) -> Option<Option<usize>> {
        if self.len >= Self::LONG {
            return None;
        }
        let all = !(u32::MAX << self.len);
        let mut characters = Characters::of(self.first);
        if self.len > WIDTH {
            characters = characters.and(Characters::of(self.second));
        }
        let (starts, others, colons) = (characters.starts & all, characters.others & all, characters.colons & all);
        // The first octet of each part; that of a part without any is behind the last one of all.
        let parts = 1 | colons << 1;
        let is_name = starts | others | colons == all && starts & parts == parts && colons & colons.wrapping_sub(1) == 0;
        is_name.then(|| (colons != 0).then(|| lowest(colons)))
    }
}

/// Sixteen octets of it, from `n` before its middle on, are a mask that keeps the first `n` of sixteen.
const KEPT: [[u8; WIDTH]; 2] = [[0xFF; WIDTH], [0; WIDTH]];

/// Which octets may start a name, go on with it, or divide it.
#[derive(Clone, Copy)]
struct Characters {
    starts: u32,
    others: u32,
    colons: u32,
}

impl Characters {
    #[inline(always)]
    fn of(block: u8x16) -> Self {
        let letters = within(block | splat(0x20), b'a', b'z');
        let digits = within(block, b'0', b'9');
        Self {
            starts: (letters | is(block, b'_')).to_bitmask(),
            others: (digits | is(block, b'-') | is(block, b'.')).to_bitmask(),
            colons: is(block, b':').to_bitmask(),
        }
    }

    /// With those of the next sixteen.
    #[inline]
    const fn and(self, next: Self) -> Self {
        Self {
            starts: self.starts | next.starts << WIDTH,
            others: self.others | next.others << WIDTH,
            colons: self.colons | next.colons << WIDTH,
        }
    }
}

/// The octets at which a name ends.
#[inline(always)]
fn name_ends(block: u8x16) -> u32 {
    // `<`, `=`, `>` and `?` differ in the two lowest bits alone.
    (is(block & splat(!3), b'<') | is(block, b'/') | up_to(block, b' ')).to_bitmask()
}

#[inline(always)]
fn splat(octet: u8) -> u8x16 {
    u8x16::splat(octet)
}

#[inline(always)]
fn is(block: u8x16, octet: u8) -> u8x16 {
    block.simd_eq(splat(octet))
}

#[inline(always)]
fn up_to(block: u8x16, octet: u8) -> u8x16 {
    block.min(splat(octet)).simd_eq(block)
}

#[inline(always)]
fn within(block: u8x16, from: u8, to: u8) -> u8x16 {
    up_to(block - splat(from), to - from)
}

/// The place of the lowest bit.
#[inline(always)]
#[allow(clippy::as_conversions, reason = "at most 32, so that nothing is lost; `usize::try_from` is not const")]
const fn lowest(marks: u32) -> usize {
    marks.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Lengths around one and two blocks, ends in every place, and little or much behind them.
    fn texts(ends: &[&str], stuffing: &str, mut test: impl FnMut(&str, usize)) {
        for at in 0..40 {
            for end in ends {
                for behind in [0, 1, 15, 40] {
                    let before: String = stuffing.chars().cycle().take(at).collect();
                    test(&format!("{before}{end}{}", "x<".repeat(behind)), before.len());
                }
            }
        }
    }

    #[test]
    fn candidates_end_at_the_first_octet_that_ends_a_name() {
        texts(&["=", ">", "/", "<", "?", " ", "\t", "\n", "\r", "\0"], "é:\u{7F}aZ09-._;@\"'!{}", |text, at| {
            let candidate = Candidate::of(text.as_bytes());
            assert_eq!(candidate.len(), at.min(Candidate::LONG), "{text:?}");
            assert_eq!(candidate.is_same(&Candidate::of(format!("{} ", &text[..at]).as_bytes())), at < 32, "{text:?}");
        });
        assert_eq!(Candidate::of(b"saml:Assertion").len(), 14);
    }

    #[test]
    fn a_candidate_is_like_itself_alone() {
        let name = "abcdefghijklmnopqrstuvwxyzABCDE";
        for len in 1..=name.len() {
            let candidate =
                |text: &str| Candidate::of(format!("{text}=\"0123456789abcdef\" ABCDEFGHIJKLMNOPQRSTUVWXYZ").as_bytes());
            let this = candidate(&name[..len]);
            assert!(this.is_same(&candidate(&name[..len])), "{len}");
            assert!(!this.is_same(&candidate(&name[..len - 1])) && !candidate(&name[..len - 1]).is_same(&this), "{len}");
            for at in 0..len {
                let other = format!("{}0{}", &name[..at], &name[at + 1..len]);
                assert!(!this.is_same(&candidate(&other)), "{other}");
            }
        }
        assert!(!Candidate::NONE.is_same(&Candidate::NONE));
        let long = Candidate::of("a".repeat(40).as_bytes());
        assert!(!long.is_same(&long));
    }

    /// A name is looked for where it was put, whatever stands behind it; and few names of a message are put in one place.
    #[test]
    fn the_slot_of_a_candidate_is_that_of_its_name() {
        let slot = |name: &str, behind: &str| Candidate::of(format!("{name}{behind}").as_bytes()).slot();
        let behind =
            [">", "=\"1\"", " ID=\"_0123456789abcdef0123456789abcdef\"", " ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ"];
        let name = "abcdefghijklmnopqrstuvwxyzABCDE";
        for len in 1..=name.len() {
            let slots = behind.map(|behind| slot(&name[..len], behind));
            assert!(slots.iter().all(|slot| *slot == slots[0]), "{len}: {slots:?}");
        }
        let numbered: Vec<String> = (0..50).map(|number| format!("xmlns:p{number}")).collect();
        let taken: BTreeSet<u8> = numbered.iter().map(|name| slot(name, "=")).collect();
        assert!(taken.len() > 35, "{} slots for 50 names", taken.len());
        let taken: BTreeSet<u8> = NAMES.split_whitespace().map(|name| slot(name, "=")).collect();
        let names = NAMES.split_whitespace().count();
        assert!(taken.len() + 3 >= names, "{} slots for {names} names", taken.len());
    }

    const NAMES: &str = "Algorithm AuthnInstant Destination Format ID InResponseTo IssueInstant Method Name NameFormat NotBefore \
         NotOnOrAfter Recipient SessionIndex URI Value Version ds:CanonicalizationMethod ds:DigestMethod ds:DigestValue ds:KeyInfo \
         ds:Reference ds:Signature ds:SignatureMethod ds:SignatureValue ds:SignedInfo ds:Transform ds:Transforms \
         ds:X509Certificate ds:X509Data saml:Assertion saml:Attribute saml:AttributeStatement saml:AttributeValue saml:Audience \
         saml:AudienceRestriction saml:AuthnContext saml:AuthnContextClassRef saml:AuthnStatement saml:Conditions saml:Issuer \
         saml:NameID saml:Subject saml:SubjectConfirmation saml:SubjectConfirmationData samlp:Response samlp:Status \
         samlp:StatusCode xmlns:ds xmlns:saml xmlns:samlp xmlns:xs xmlns:xsi xsi:type";

    #[test]
    fn the_colon_of_a_qualified_name_is_found() {
        for (name, colon) in [
            ("a", Some(None)),
            ("_", Some(None)),
            ("Zz-9._", Some(None)),
            ("a:b", Some(Some(1))),
            ("ds:X509Certificate", Some(Some(2))),
            ("abcdefghijklmno:p", Some(Some(15))),
            ("abcdefghijklmnop:q", Some(Some(16))),
            ("abcdefghijklmnopqrstuvwxyz-1234", Some(None)),
            ("abcdefghijklmnopqrstuvwxyz-12345", None), // long
            ("", None),
            ("1a", None),
            ("-a", None),
            (".a", None),
            (":a", None),
            ("a:", None),
            ("a::b", None),
            ("a:b:c", None),
            ("a:1", None),
            ("abcdefghijklmnop:", None),
            ("abcdefghijklmnop:1", None),
            ("é", None), // not ASCII
            ("aé", None),
            ("a@", None),
            ("a[", None),
            ("a`", None),
            ("a{", None),
            ("a;", None),
            ("a,", None),
            ("a^", None),
            ("a\u{7F}", None),
        ] {
            for behind in ["", " :x 1234567890123456789012345678901234567890"] {
                assert_eq!(Candidate::of(format!("{name}{behind}").as_bytes()).colon(), colon, "{name}{behind}");
            }
        }
    }

    #[test]
    fn texts_and_values_end_at_the_first_octet_that_means_something() {
        texts(&["<", "&", ">", "\r"], "é\u{7F}a:;=?\"'\t\n ", |text, at| {
            assert_eq!(text_end(text.as_bytes(), 0), at, "{text:?}")
        });
        texts(&["<", "&", "\r"], "é\u{7F}a:;=?>\"'\t\n ", |text, at| assert_eq!(undecoded(text.as_bytes()), at, "{text:?}"));
        for quote in ["\"", "'"] {
            let stuffing = if quote == "'" { "é\u{7F}a:;=?>\" " } else { "é\u{7F}a:;=?>' " };
            texts(&["<", "&", "\t", "\n", "\r", "\0", quote], stuffing, |text, at| {
                assert_eq!(value_end(text.as_bytes(), 0, quote.as_bytes()[0]), at, "{text:?}");
            });
        }
        assert_eq!((text_end(b"abc", 1), text_end(b"abc", 9), value_end(b"abc", 0, b'"'), undecoded(b"")), (3, 3, 3, 0));
        assert_eq!(text_end(b"<abcdefghijklmnopqrstuvwxyz<", 1), 27);
    }

    #[test]
    fn suspects_are_what_may_be_forbidden() {
        for (text, suspect) in [
            ("", false),
            ("a\u{7F}~ ", false),
            ("aé", true),
            ("漢", true),
            ("\n", true),
            ("\u{FFFD}", true),
            ("\u{10000}", true),
            ("\u{FFFF}", true),
            // In one place of two blocks, of either kind and of both.
            ("\n0123456789abcde\n", true),
            ("\u{FFFF}0123456789abc\u{FFFF}0123456789abc", true),
            ("\n\n0123456789abcdé0123456789abcd", true),
        ] {
            for padding in [0, 1, 15, 16, 40] {
                let text = format!("{}{text}{}", " ".repeat(padding), "x".repeat(padding));
                assert_eq!(has_suspects(text.as_bytes()), suspect, "{text:?}");
            }
        }
    }
}
