//! What is sent to start a login, and what is remembered until its answer comes.
//!
//! In go the two sides of a connection and what the request asks for; out come a URL or a page for the browser and a
//! [`PendingRequest`](pending::PendingRequest), from which the [`Expect`](crate::Expect) of the answer is made. No part of a
//! verification imports this room.

pub(crate) mod authn_request;
pub(crate) mod pending;
pub(crate) mod pending_list;
pub(crate) mod relay_state;

/// 128 bits in 32 lower-case hexadecimal digits.
fn token(random: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(random))
}

/// The ID of a request: an NCName (SAML Core 1.3.4), so that it does not start with a digit.
fn request_id(random: [u8; 16]) -> String {
    format!("_{}", token(random))
}
