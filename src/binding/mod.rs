//! How messages travel: from what a browser delivered to the bytes of a document.
//!
//! In goes the text of a form field, or a query; out come bytes, bounded in number and not looked at any further, or a [`DecodeError`] that
//! names what happened to the text on its way. Nothing here is repaired: two texts that differ in more than white space never
//! decode to the same message.
//!
//! [`DecodeError`]: crate::error::DecodeError

pub(crate) mod mistaken;
pub(crate) mod post;
pub(crate) mod redirect;
pub(crate) mod send;
