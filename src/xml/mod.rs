//! W3C: from bytes to elements that a trusted key signed. The only folder that can see an unsigned node.
//!
//! What leaves the folder: [`Document`] (opaque), [`Signed`] (minted in [`signature`] alone), and [`Unsigned`], the loudly named
//! view for what has to be read before or without trust.

#![cfg_attr(not(test), deny(clippy::too_many_lines))]

mod base;
pub(crate) mod canonical;
mod chars;
mod copied;
mod document;
#[cfg(feature = "decrypt")]
mod encryption;
mod enveloped;
mod names;
mod namespace;
mod parse;
mod reference;
mod scan;
mod signature;
mod span;
mod tag;
mod unsigned;
mod view;
mod write;

pub(crate) use chars::first_forbidden;
pub(crate) use document::Document;
#[cfg(feature = "decrypt")]
pub(crate) use encryption::{Carrier, Opened, Plaintext, Sealed};
pub(crate) use enveloped::{SignatureForm, enveloped_signature};
pub(crate) use namespace::Namespace;
pub(crate) use signature::{SignatureInfo, Signed, Trust};
pub(crate) use unsigned::Unsigned;
pub(crate) use view::View;
pub(crate) use write::Writer;
