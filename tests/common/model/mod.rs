//! A second model of the checks, to hold the crate against: a plain reading of the specifications that shares no code with it.
//!
//! [`generate`] makes a message and a connection, every part near an edge; [`judge`] says what must become of them; [`write`] turns
//! them into signed XML and a verifier. What a message and a connection say is described here, in terms of nothing but the standard library.

pub(crate) mod generate;
pub(crate) mod judge;
pub(crate) mod write;

/// Nanoseconds since 1970.
pub(crate) type Time = i64;

pub(crate) const MILLISECOND: Time = 1_000_000;
pub(crate) const SECOND: Time = 1_000 * MILLISECOND;

/// The keys of identity providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// P-256.
    One,
    /// P-256.
    Another,
    /// Ed25519.
    Edwards,
    /// RSA, with a certificate that ended in 2023.
    Expired,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) signature: Option<Signature>,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) destination: Option<String>,
    pub(crate) in_response_to: Option<String>,
    pub(crate) issue_instant: Time,
    /// The status codes, each below the one before.
    pub(crate) status: Vec<&'static str>,
    pub(crate) assertion: Option<Assertion>,
    /// The assertion is there a second time, under another ID.
    pub(crate) twice: bool,
    /// Beside or instead of the attributes that are compared there are some of the same names under this prefix, as they should be.
    pub(crate) decoys: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature {
    pub(crate) key: Key,
    /// What it signs was changed afterwards.
    pub(crate) broken: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    pub(crate) name: String,
    pub(crate) format: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Assertion {
    pub(crate) signature: Option<Signature>,
    pub(crate) issuer: Issuer,
    pub(crate) issue_instant: Time,
    pub(crate) subject: Option<Subject>,
    pub(crate) conditions: Option<Conditions>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) attributes: Vec<(&'static str, Vec<Value>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name_id: Option<String>,
    pub(crate) confirmations: Vec<Confirmation>,
}

#[derive(Clone, Debug)]
pub(crate) struct Confirmation {
    pub(crate) method: &'static str,
    pub(crate) data: Option<Data>,
}

#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) not_before: Option<Time>,
    pub(crate) not_on_or_after: Option<Time>,
    pub(crate) recipient: Option<String>,
    pub(crate) in_response_to: Option<String>,
    pub(crate) address: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    pub(crate) not_before: Option<Time>,
    pub(crate) not_on_or_after: Option<Time>,
    pub(crate) each: Vec<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Audiences(Vec<String>),
    OneTimeUse,
    ProxyRestriction,
    /// Its markup.
    Unknown(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) instant: Time,
    pub(crate) session_end: Option<Time>,
    pub(crate) class: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Text(&'static str),
    Nil,
    Element,
}

#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// One or two.
    pub(crate) providers: Vec<Provider>,
    pub(crate) audiences: Vec<String>,
    pub(crate) acs_urls: Vec<String>,
    pub(crate) expect: Expected,
    pub(crate) now: Time,
    pub(crate) skew: Time,
    pub(crate) required: Required,
    /// Empty where any is accepted.
    pub(crate) classes: Vec<&'static str>,
    pub(crate) max_age: Option<Time>,
    pub(crate) expired: Expired,
}

#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) entity_id: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) may_start_confirmations: bool,
    pub(crate) may_format_issuer: bool,
    pub(crate) identify_by: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Expected {
    One(String),
    Any(Vec<String>),
    Unsolicited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Required {
    Either,
    Response,
    Assertion,
    Both,
}

/// What becomes of a login whose certificate is outside its validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    Ignored,
    Warned,
    Refused,
}

pub(crate) const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
pub(crate) const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
pub(crate) const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
pub(crate) const ASSERTIONS: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
