//! The names of tags: read once, and known again where they come again.
//!
//! A message has some thirty names and uses each many times. What one is made of is kept for the names seen last, by the octets
//! at both ends of each, so that most are neither checked nor taken apart again.

use super::chars::scan_qname;
use super::document::PrefixId;
use super::scan::{head, lowest, name_end, name_end_in, same, slot};
use super::span::{narrow, wide};

/// A qualified name as it stands somewhere in the document. Namespaces in XML 1.0 section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Bytes of the name.
    pub(super) len: u32,
    /// How many of them are before the local part.
    pub(super) local: u32,
    /// The prefix; of a namespace declaration, the one that it declares.
    pub(super) prefix: PrefixId,
    /// It is `xmlns` or starts with `xmlns:`.
    pub(super) declares: bool,
}

impl Name {
    pub(super) const fn len(self) -> usize {
        wide(self.len)
    }

    /// Whether it starts with `xmlns:`.
    pub(super) fn has_prefix_xmlns(self) -> bool {
        self.declares && self.local > 0
    }
}

/// Why there is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameFault {
    NoQualifiedName,
    TooManyPrefixes,
}

/// The prefixes of a document, and the names seen last.
pub(super) struct Names<'i> {
    /// By [`PrefixId`].
    prefixes: Vec<&'i str>,
    limit: usize,
    recent: [Recent; SLOTS],
}

const SLOTS: usize = 64;

/// A name seen before, at `start`; none, where it has no length.
#[derive(Clone, Copy)]
struct Recent {
    ends: Ends,
    start: u32,
    name: Name,
}

/// The first sixteen octets of a name, and the last eight of one that is longer: together with its length all of it, if it has
/// no more than 24.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ends {
    first: u64,
    second: u64,
    last: u64,
}

/// How much of a name its [`Ends`] tell.
const TOLD: usize = 24;

impl Ends {
    const NONE: Self = Self { first: 0, second: 0, last: 0 };

    /// The ends of what looks like a name at the start of `text`, and its length.
    #[inline(always)]
    fn of(text: &[u8]) -> (Self, usize) {
        let Some([first, second]) = text.first_chunk::<16>().map(|start| start.as_chunks::<8>().0) else {
            return Self::of_last(text);
        };
        let (first, second) = (u64::from_le_bytes(*first), u64::from_le_bytes(*second));
        if let Some(len) = name_end_in(first) {
            return (Self { first: lowest(first, len), ..Self::NONE }, len);
        }
        if let Some(len) = name_end_in(second) {
            return (Self { first, second: lowest(second, len), last: 0 }, 8 + len);
        }
        let len = 16 + name_end(text.get(16..).unwrap_or_default());
        let last = text.get(len - 8..len).and_then(<[u8]>::first_chunk);
        (Self { first, second, last: last.map_or(0, |last| u64::from_le_bytes(*last)) }, len)
    }

    /// The same where the document has no sixteen octets left.
    #[cold]
    fn of_last(text: &[u8]) -> (Self, usize) {
        let len = name_end(text);
        (Self { first: head(text, len), second: head(text.get(8..).unwrap_or_default(), len.saturating_sub(8)), last: 0 }, len)
    }

    #[inline]
    fn slot(self, len: usize) -> usize {
        slot(self.first ^ self.second.rotate_left(23) ^ u64::from(narrow(len)), SLOTS)
    }
}

impl<'i> Names<'i> {
    pub(super) fn new(limit: usize) -> Self {
        let mut prefixes = Vec::with_capacity(8);
        prefixes.extend(["", "xml"]);
        let name = Name { len: 0, local: 0, prefix: PrefixId::DEFAULT, declares: false };
        let none = Recent { ends: Ends::NONE, start: 0, name };
        Self { prefixes, limit, recent: [none; SLOTS] }
    }

    /// The prefixes, once there are no more names to read.
    pub(super) fn take_prefixes(&mut self) -> Vec<&'i str> {
        std::mem::take(&mut self.prefixes)
    }

    pub(super) fn prefixes(&self) -> &[&'i str] {
        &self.prefixes
    }

    /// The name that starts at `at`. What stands behind it is for the caller to judge.
    ///
    /// # Errors
    ///
    /// Where no name starts there, or one whose prefix is one too many.
    #[inline(always)]
    pub(super) fn read(&mut self, text: &'i str, at: usize) -> Result<Name, NameFault> {
        let written = text.as_bytes().get(at..).unwrap_or_default();
        let (ends, len) = Ends::of(written);
        match self.recent.get(ends.slot(len)) {
            Some(recent) if len > 0 && recent.ends == ends && recent.name.len() == len && recent.is_in(text, written) => {
                Ok(recent.name)
            }
            _ => self.read_new(text, at, ends, len),
        }
    }

    #[inline(never)]
    fn read_new(&mut self, text: &'i str, at: usize, ends: Ends, len: usize) -> Result<Name, NameFault> {
        let scanned = text.get(at..).and_then(scan_qname).ok_or(NameFault::NoQualifiedName)?;
        let qualified = text.get(at..at + scanned.len).unwrap_or_default();
        let (prefix, local) = scanned.colon.and_then(|colon| qualified.split_at_checked(colon)).unwrap_or_default();
        let local = local.strip_prefix(':').unwrap_or(qualified);
        let (prefix, declares) = match (prefix, local) {
            ("", "xmlns") => ("", true),
            ("xmlns", declared) => (declared, true),
            (prefix, _) => (prefix, false),
        };
        let prefix = if prefix.is_empty() { PrefixId::DEFAULT } else { self.intern(prefix)? };
        let name = Name { len: narrow(qualified.len()), local: narrow(qualified.len() - local.len()), prefix, declares };
        if scanned.len == len
            && let Some(slot) = self.recent.get_mut(ends.slot(len))
        {
            *slot = Recent { ends, start: narrow(at), name };
        }
        Ok(name)
    }

    fn intern(&mut self, prefix: &'i str) -> Result<PrefixId, NameFault> {
        let known = self.prefixes.iter().position(|known| same(known.as_bytes(), prefix.as_bytes()));
        let index = match known {
            Some(index) => index,
            None if self.prefixes.len() >= self.limit => return Err(NameFault::TooManyPrefixes),
            None => {
                self.prefixes.push(prefix);
                self.prefixes.len() - 1
            }
        };
        u16::try_from(index).map(PrefixId).map_err(|_| NameFault::TooManyPrefixes)
    }
}

impl Recent {
    /// Whether `written` starts with the name, given that their ends and lengths are the same.
    #[inline]
    fn is_in(&self, text: &str, written: &[u8]) -> bool {
        let len = self.name.len();
        len <= TOLD || text.as_bytes().get(wide(self.start)..).is_some_and(|before| before.get(..len) == written.get(..len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &mut Names<'static>, text: &'static str) -> Result<(usize, usize, u16, bool), NameFault> {
        names.read(text, 0).map(|name| (name.len(), wide(name.local), name.prefix.0, name.declares))
    }

    /// Twice, so that the second answer is the remembered one.
    #[test]
    fn names_are_taken_apart_once_and_known_again() {
        const TEXT: &str =
            "a ID xmlns='' xmlns:p p:ID p:x> xml:lang xml:id é abcdefghijklmnopqrstu abcdefghIjklmnopqrstu p:abcdefghijklmno";
        let mut names = Names::new(64);
        for _ in 0..2 {
            let mut from = 0;
            let mut found = Vec::new();
            for word in TEXT.split(' ') {
                let name = names.read(TEXT, from).unwrap();
                found.push((&TEXT[from..from + name.len()], wide(name.local), name.prefix.0, name.declares));
                from += word.len() + 1;
            }
            let expected = [
                ("a", 0, 0, false),
                ("ID", 0, 0, false),
                ("xmlns", 0, 0, true),
                ("xmlns:p", 6, 2, true),
                ("p:ID", 2, 2, false),
                ("p:x", 2, 2, false),
                ("xml:lang", 4, 1, false),
                ("xml:id", 4, 1, false),
                ("é", 0, 0, false),
                ("abcdefghijklmnopqrstu", 0, 0, false),
                ("abcdefghIjklmnopqrstu", 0, 0, false),
                ("p:abcdefghijklmno", 2, 2, false),
            ];
            assert_eq!(found, expected);
        }
        assert_eq!(names.take_prefixes(), ["", "xml", "p"]);
    }

    #[test]
    fn what_is_no_name_stays_none() {
        let mut names = Names::new(64);
        for text in ["", "=", "1a", ":a", "a:", "a:b:c", "a:1>", "\"a", "a:\"b\""] {
            for _ in 0..2 {
                assert_eq!(read(&mut names, text), Err(NameFault::NoQualifiedName), "{text}");
            }
        }
        // A name that goes on differently is not the remembered one.
        for _ in 0..2 {
            assert_eq!(read(&mut names, "a\"b"), Ok((1, 0, 0, false)));
            assert_eq!(read(&mut names, "a\u{A0}b"), Ok((1, 0, 0, false)));
        }
    }

    #[test]
    fn prefixes_are_counted_where_they_are_new() {
        let mut names = Names::new(3);
        assert_eq!(read(&mut names, "p:a").map(|name| name.2), Ok(2));
        assert_eq!(read(&mut names, "q:a"), Err(NameFault::TooManyPrefixes));
        assert_eq!(read(&mut names, "p:b").map(|name| name.2), Ok(2));
        assert_eq!(read(&mut names, "xmlns:q"), Err(NameFault::TooManyPrefixes));
    }
}
