//! Positions in a document, 32 bits wide: they make up most of the arena.

#![allow(clippy::as_conversions, reason = "the two conversions that the arena needs, in the one place that has them")]

use std::ops::Range;

/// A range of the document's characters: of the input, or, from the input's length on, of the values that
/// normalisation changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// The longest document that can be addressed; both halves of the address space fit into 32 bits.
    pub(super) const MAX_DOCUMENT: usize = (u32::MAX / 4) as usize;

    pub(super) fn new(range: Range<usize>) -> Self {
        Self { start: narrow(range.start), end: narrow(range.end) }
    }

    pub(super) fn range(self) -> Range<usize> {
        wide(self.start)..wide(self.end)
    }

    pub(super) fn len(self) -> usize {
        wide(self.end.saturating_sub(self.start))
    }
}

/// Never truncates: [`Span::MAX_DOCUMENT`] bounds every position and count of a document.
pub(super) const fn narrow(position: usize) -> u32 {
    debug_assert!(position <= u32::MAX as usize);
    position as u32
}

pub(super) const fn wide(position: u32) -> usize {
    position as usize
}
