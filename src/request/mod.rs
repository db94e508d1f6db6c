//! What is sent to start a login, and what is remembered until its answer comes.
//!
//! In go the two sides of a connection and what the request asks for; out come a URL or a page for the browser and a
//! [`PendingRequest`](pending::PendingRequest), from which the [`Expect`](crate::Expect) of the answer is made. No part of a
//! verification imports this room.

pub(crate) mod authn_request;
pub(crate) mod pending;
pub(crate) mod pending_list;
pub(crate) mod relay_state;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 128 bits in 32 lower-case hexadecimal digits.
pub(crate) fn token(random: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(random))
}

/// The ID of a message of ours: an NCName (SAML Core 1.3.4), so that it does not start with a digit.
pub(crate) fn request_id(random: [u8; 16]) -> String {
    format!("_{}", token(random))
}

/// SAML Core 1.3.3: nobody is to rely on more, and some readers take no more.
pub(crate) fn whole_milliseconds(now: SystemTime) -> SystemTime {
    let rest = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos() % 1_000_000);
    now.checked_sub(Duration::from_nanos(rest.into())).unwrap_or(now)
}

/// Base64 in either alphabet: what a Content-Security-Policy takes as a nonce.
pub(crate) fn is_nonce(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    digits.len() >= 16 && text.len() <= 256 && text.len().saturating_sub(digits.len()) <= 2 && digits.bytes().all(is_digit)
}
