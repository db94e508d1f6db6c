//! The names of tags: read once, and known again where they come again.
//!
//! A message has some thirty names and uses each many times. What one is made of is kept by its octets, so that most are neither
//! checked nor taken apart again.

use std::collections::BTreeMap;

use super::chars::scan_qname;
use super::document::PrefixId;
use super::scan::Candidate;
use super::span::{narrow, wide};
use crate::id::is_identifier_name;

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
    /// Which of the names known so far it is; zero where that is not kept.
    pub(super) place: u8,
    /// See [`is_identifier_name`].
    pub(super) identifies: bool,
}

impl Name {
    const NONE: Self = Self { len: 0, local: 0, prefix: PrefixId::DEFAULT, declares: false, place: 0, identifies: false };

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

/// The prefixes of a document, and the names known so far.
pub(super) struct Names<'i> {
    /// By [`PrefixId`].
    prefixes: Vec<&'i str>,
    /// Those behind the [`first_few`], by name: however many there are, one is found at once.
    more: BTreeMap<&'i str, PrefixId>,
    limit: usize,
    /// Where in `known` a name is, by its hash, or behind that; zero in those that are free.
    slots: [u8; SLOTS],
    /// The first one is the last that cannot be known again, for its length or its characters.
    known: Vec<(Candidate, Name)>,
}

/// As many as [`Candidate::slot`] chooses from: enough that few names share one.
const SLOTS: usize = 256;

/// So many slots are looked at for a name, from that of its hash on.
const NEIGHBOURS: usize = 8;

/// So many prefixes, or namespace names, are looked through one by one: genuine messages have no more.
const FEW: usize = 16;

/// Those that are looked through one by one; all others are found by name.
pub(super) fn first_few<T>(all: &[T]) -> &[T] {
    all.get(..FEW).unwrap_or(all)
}

/// Whether one that comes behind so many is none of [`first_few`].
pub(super) const fn is_one_of_many(place: usize) -> bool {
    place >= FEW
}

impl<'i> Names<'i> {
    pub(super) fn new(limit: usize) -> Self {
        let mut prefixes = Vec::with_capacity(8);
        prefixes.extend(["", "xml"]);
        let mut known = Vec::with_capacity(64);
        known.push((Candidate::NONE, Name::NONE));
        Self { prefixes, more: BTreeMap::new(), limit, slots: [0; SLOTS], known }
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
    pub(super) fn read(&mut self, text: &'i str, at: usize) -> Result<&Name, NameFault> {
        let written = text.as_bytes().get(at..).unwrap_or_default();
        let candidate = Candidate::of(written);
        let mut place = self.place_in(candidate.slot());
        if !self.known.get(place).is_some_and(|(known, _)| candidate.is_same(known)) {
            place = self.read_new(text, at, candidate)?;
        }
        Ok(self.known.get(place).map_or(&Name::NONE, |(_, name)| name))
    }

    #[inline(always)]
    fn place_in(&self, slot: u8) -> usize {
        self.slots.get(usize::from(slot)).map_or(0, |&place| usize::from(place))
    }

    /// Answers where the name is in `known`.
    #[inline(never)]
    fn read_new(&mut self, text: &'i str, at: usize, candidate: Candidate) -> Result<usize, NameFault> {
        let mut slot = candidate.slot();
        for _ in 0..NEIGHBOURS {
            let place = self.place_in(slot);
            if place == 0 {
                return self.keep(text, at, candidate, slot);
            }
            if self.known.get(place).is_some_and(|(known, _)| candidate.is_same(known)) {
                return Ok(place);
            }
            slot = slot.wrapping_add(1);
        }
        self.read_once(text, at)
    }

    /// Takes a name apart and keeps it in a free slot.
    fn keep(&mut self, text: &'i str, at: usize, candidate: Candidate, slot: u8) -> Result<usize, NameFault> {
        let (Some(colon), Ok(place)) = (candidate.colon(), u8::try_from(self.known.len())) else {
            return self.read_once(text, at);
        };
        let name = self.take_apart(text, at, candidate.len(), colon, place)?;
        self.known.push((candidate, name));
        if let Some(slot) = self.slots.get_mut(usize::from(slot)) {
            *slot = place;
        }
        Ok(usize::from(place))
    }

    /// The same of a name that is long, has other than ASCII characters, is one of very many, or is none.
    #[cold]
    fn read_once(&mut self, text: &'i str, at: usize) -> Result<usize, NameFault> {
        let scanned = text.get(at..).and_then(scan_qname).ok_or(NameFault::NoQualifiedName)?;
        let name = self.take_apart(text, at, scanned.len, scanned.colon, 0)?;
        if let Some(first) = self.known.first_mut() {
            first.1 = name;
        }
        Ok(0)
    }

    /// The qualified name of `len` octets at `at` with its colon there, which is kept at that place.
    #[inline(always)]
    fn take_apart(&mut self, text: &'i str, at: usize, len: usize, colon: Option<usize>, place: u8) -> Result<Name, NameFault> {
        let local = colon.map_or(0, |colon| colon + 1);
        let local_octets = text.as_bytes().get(at + local..).unwrap_or_default();
        let local_len = len - local;
        let is_local = |name: &[u8]| local_len == name.len() && local_octets.starts_with(name);
        let prefix = colon.and_then(|colon| text.get(at..at + colon)).unwrap_or_default();
        let declares = if colon.is_some() { prefix == "xmlns" } else { is_local(b"xmlns") };
        let bound = if colon.is_some() && declares { text.get(at + local..at + len).unwrap_or_default() } else { prefix };
        Ok(Name {
            len: narrow(len),
            local: narrow(local),
            prefix: if bound.is_empty() { PrefixId::DEFAULT } else { self.intern(bound)? },
            declares,
            place,
            identifies: local_octets.get(..local_len).is_some_and(is_identifier_name),
        })
    }

    fn intern(&mut self, prefix: &'i str) -> Result<PrefixId, NameFault> {
        let number = |index: usize| u16::try_from(index).map(PrefixId).map_err(|_| NameFault::TooManyPrefixes);
        if let Some(index) = first_few(&self.prefixes).iter().position(|known| *known == prefix) {
            return number(index);
        }
        if let Some(&known) = self.more.get(prefix) {
            return Ok(known);
        }
        if self.prefixes.len() >= self.limit {
            return Err(NameFault::TooManyPrefixes);
        }
        let new = number(self.prefixes.len())?;
        if is_one_of_many(self.prefixes.len()) {
            self.more.insert(prefix, new);
        }
        self.prefixes.push(prefix);
        Ok(new)
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

    #[test]
    fn a_name_that_is_known_again_has_a_place() {
        let mut names = Names::new(64);
        let places = ["a", "p:a", "a", "\u{E9}", "p:a"].map(|text| names.read(text, 0).unwrap().place);
        assert_eq!(places, [1, 2, 1, 0, 2]);
    }
}
