//! How errors tell both sides of a comparison: alternatives, and how far apart two instants are.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::Shown;
use crate::time::{in_words, to_the_millisecond};

/// `"a" or "b"`.
pub(super) struct Alternatives<'a, T>(pub(super) &'a [T]);

impl fmt::Display for Alternatives<'_, String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.0.iter().map(|value| format!("\"{value}\"")).collect();
        f.write_str(&quoted.join(" or "))
    }
}

impl fmt::Display for Alternatives<'_, Shown> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.0.iter().map(Shown::to_string).collect();
        f.write_str(&quoted.join(" or "))
    }
}

/// `58 min 3 s too early`, and what that suggests.
pub(super) struct Early(pub(super) Duration);

impl fmt::Display for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Clocks that show different zones differ by so much more or less.
        const SLACK: u64 = 300;
        /// The largest offset of a zone, in hours.
        const WIDEST: u64 = 14;
        write!(f, "{} too early", in_words(self.0))?;
        let hours = self.0.as_secs().saturating_add(1800) / 3600;
        let off = self.0.as_secs().abs_diff(hours.saturating_mul(3600));
        match (1..=WIDEST).contains(&hours) && off <= SLACK {
            true => f.write_str(", about a whole number of hours, which suggests a wrong time zone"),
            false => Ok(()),
        }
    }
}

/// `58 min 3 s too late`.
pub(super) struct Late(pub(super) Duration);

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} too late", in_words(self.0))
    }
}

/// ` (clock skew of 180 s allowed)`.
pub(super) struct Skew(pub(super) Duration);

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " (clock skew of {} s allowed)", self.0.as_secs())
    }
}

/// An instant of the message and that of the verification, for people, and how far apart they are.
pub(super) fn told(instant: SystemTime, now: SystemTime) -> (String, String, Duration) {
    let difference = instant.duration_since(now).unwrap_or_else(|behind| behind.duration());
    (to_the_millisecond(instant), to_the_millisecond(now), difference)
}
