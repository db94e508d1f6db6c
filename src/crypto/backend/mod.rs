//! The seam to the library that does the arithmetic: digests, signature values, signing, randomness. The only folder that names
//! ring and aws-lc-rs.
//!
//! In go keys that the rest of `crypto` has read and judged; out come verdicts, values and random bytes. Both modules have the
//! same items, and the same keys and values pass in both: what one library would take and the other would not is refused
//! before it gets here, with one exception that has a name, [`VERIFIES_P521`]. Where both features are on, aws-lc-rs is used.
//!
//! # Not supported
//!
//! Choosing while the program runs: one build has one backend.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
// Beside the other one, only to be compared with it.
#[cfg(all(feature = "ring", any(not(feature = "aws-lc-rs"), feature = "internals")))]
#[cfg_attr(feature = "aws-lc-rs", allow(dead_code, reason = "only what can be compared is used then"))]
mod ring;

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!(
    "saml-verify needs something to verify signatures with: turn on the feature `ring` (on by default) or `aws-lc-rs`"
);

#[cfg(all(feature = "ring", feature = "aws-lc-rs", feature = "internals"))]
mod both;
#[cfg(all(feature = "ring", feature = "aws-lc-rs", feature = "internals"))]
pub(crate) use both::{digest as digest_by_both, verify as verify_by_both};

#[cfg(feature = "aws-lc-rs")]
pub(super) use self::aws_lc_rs::*;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(super) use self::ring::*;

/// The feature whose backend verifies with keys on P-521.
pub(crate) const P521_FEATURE: &str = "aws-lc-rs";
