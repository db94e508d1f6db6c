//! A request whose answer has not come yet: what a service has to remember, and what it expects then.
//!
//! In goes a request that was built; out come a short text for a session or a signed cookie and, from that, the
//! [`Expect`] of the answer. Nothing here is signed or encrypted: whoever stores the text where a browser can change it signs it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::relay_state::RelayState;
use crate::base64::{decode_url, encode_url};
use crate::compact::by_compact_text;
use crate::error::{PendingRequestError, Shown};
use crate::saml::check::Expect;

/// A request that was sent and not yet answered.
///
/// Keep it where the same browser's answer finds it and no other browser's does: in a session on the server, or in a cookie that
/// the service **signs** (`SameSite=None; Secure; HttpOnly`, for the answer is posted from another site). [`to_compact`](Self::to_compact)
/// is its text. Whoever can change the text can choose which answer is taken: an unsigned cookie is no place for it.
///
/// ```
/// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
/// # let now = std::time::SystemTime::now();
/// use saml_verify::{AuthnRequest, Expect, IdentityProvider, PendingRequest, ServiceProvider, TrustedKeys};
///
/// # let idp = IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(pem)?)?
/// #     .single_sign_on_url("https://acme.us.auth0.com/samlp/CLIENT")?;
/// # let sp = ServiceProvider::new("urn:sp", "https://portal.example.com/saml/acs")?;
/// let login = AuthnRequest::new(&sp, &idp)?.return_to("/reports").redirect(now)?;
/// let cookie = login.pending.to_compact();
/// // The browser goes to `login.url`, and comes back with an answer and the cookie.
/// let pending = PendingRequest::from_compact(&cookie)?;
/// assert_eq!(pending.expect("urn:acme.us.auth0.com", now)?, Expect::AnswerTo(pending.id()));
/// assert_eq!(pending.return_to(), Some("/reports"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PendingRequest {
    id: String,
    identity_provider: String,
    /// Whole seconds since 1970.
    issued: u64,
    until: u64,
    return_to: Option<String>,
    relay_state: Option<String>,
}

impl PendingRequest {
    /// The longest text that [`PendingRequest::to_compact`] makes and [`PendingRequest::from_compact`] reads, in bytes.
    ///
    /// An entity ID of 1,024 bytes (SAML Core 8.3.6), a path of 512 and a RelayState of 80, in base64, and 64 for the rest.
    pub const MAX_COMPACT_BYTES: usize = 2304;

    /// `id` is one of ours. Values that a cookie could not hold are refused.
    pub(crate) fn new(
        id: String,
        identity_provider: &str,
        (issued, lifetime): (SystemTime, Duration),
        return_to: Option<&str>,
        relay_state: Option<&str>,
    ) -> Result<Self, (&'static str, &'static str)> {
        let issued = issued.duration_since(UNIX_EPOCH).map_err(|_| ("now", "it is before 1970"))?.as_secs();
        let until = issued.saturating_add(lifetime.as_secs());
        let owned = |value: Option<&str>| value.map(str::to_owned);
        let identity_provider = identity_provider.to_owned();
        let request = Self { id, identity_provider, issued, until, return_to: owned(return_to), relay_state: owned(relay_state) };
        match request.fault() {
            None => Ok(request),
            Some(fault) => Err(fault),
        }
    }

    /// What makes it none that [`AuthnRequest`](crate::AuthnRequest) could have made: the name of the part, and why.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.identity_provider.is_empty() || self.identity_provider.len() > MAX_ENTITY_ID_BYTES {
            return Some(("entity ID", "it is empty or longer than 1,024 bytes"));
        }
        if self.until <= self.issued || self.until > LAST_SECOND {
            return Some(("lifetime", "it is less than a second, or does not end"));
        }
        let return_to = self.return_to.as_deref().and_then(return_to_fault).map(|reason| ("return_to", reason));
        return_to.or_else(|| self.relay_state.as_deref().and_then(relay_state_fault).map(|reason| ("RelayState", reason)))
    }

    /// The ID of the request, which its answer names in `InResponseTo`. SAML Core 3.2.1.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The entity ID of the identity provider that it was sent to.
    pub fn identity_provider(&self) -> &str {
        &self.identity_provider
    }

    /// When it was made, in whole seconds.
    pub fn issued_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.issued)
    }

    /// From when on no answer is taken any more.
    pub fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.until)
    }

    /// Where in the service the user goes after the login: always a path of its own.
    pub fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }

    /// The RelayState that was sent along, for [`UntrustedRelayState::matches`](crate::UntrustedRelayState::matches).
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// What the answer must be: an answer to this request, from the identity provider that it was sent to.
    ///
    /// `identity_provider` is the entity ID of the one whose answer is about to be verified: the configured one, or what
    /// [`peek_issuer`](crate::peek_issuer) tells where there are several. An answer by another one is an answer to nothing.
    ///
    /// # Errors
    ///
    /// [`PendingRequestError::Expired`] from [`PendingRequest::expires_at`] on, and [`PendingRequestError::OtherIdentityProvider`].
    pub fn expect(&self, identity_provider: &str, now: SystemTime) -> Result<Expect<'_>, PendingRequestError> {
        if self.identity_provider != identity_provider {
            return Err(PendingRequestError::OtherIdentityProvider {
                expected: Shown::new(&self.identity_provider),
                received: Shown::new(identity_provider),
            });
        }
        if now >= self.expires_at() {
            return Err(PendingRequestError::Expired { until: self.expires_at(), now });
        }
        Ok(Expect::AnswerTo(&self.id))
    }

    /// Whether an answer from that identity provider would be one to this request at that time.
    pub(super) fn is_open(&self, identity_provider: &str, now: SystemTime) -> bool {
        self.expect(identity_provider, now).is_ok()
    }

    /// Its text: letters, digits, `.`, `_` and `-` alone, so that it can stand in a cookie or a URL as it is.
    ///
    /// A version, the ID, the two times, and the rest in base64. **It is not signed**: put it into a cookie that the service signs, or
    /// into a session on the server.
    pub fn to_compact(&self) -> String {
        let [idp, return_to, relay_state] = [Some(&self.identity_provider), self.return_to.as_ref(), self.relay_state.as_ref()]
            .map(|value| value.map(|value| encode_url(value.as_bytes())).unwrap_or_default());
        format!("{VERSION}.{}.{}.{}.{idp}.{return_to}.{relay_state}", self.id, self.issued, self.until)
    }

    /// Reads what [`PendingRequest::to_compact`] wrote, and no other text.
    ///
    /// # Errors
    ///
    /// [`PendingRequestError::TooLong`], [`PendingRequestError::UnknownVersion`], [`PendingRequestError::Malformed`].
    pub fn from_compact(text: &str) -> Result<Self, PendingRequestError> {
        if text.len() > Self::MAX_COMPACT_BYTES {
            return Err(PendingRequestError::TooLong { limit: Self::MAX_COMPACT_BYTES });
        }
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(malformed("number of parts"));
        let version = next()?;
        if version != VERSION {
            return Err(PendingRequestError::UnknownVersion { found: Shown::new(version), expected: VERSION });
        }
        let request = Self {
            id: Some(next()?).filter(|id| is_ours(id)).ok_or(malformed("ID"))?.to_owned(),
            issued: seconds(next()?).ok_or(malformed("time of issue"))?,
            until: seconds(next()?).ok_or(malformed("time of expiry"))?,
            identity_provider: value(next()?).ok_or(malformed("entity ID"))?.unwrap_or_default(),
            return_to: value(next()?).ok_or(malformed("return_to"))?,
            relay_state: value(next()?).ok_or(malformed("RelayState"))?,
        };
        match (next(), request.fault()) {
            (Ok(_), _) => Err(malformed("number of parts")),
            (_, Some((part, _))) => Err(malformed(part)),
            (Err(_), None) => Ok(request),
        }
    }
}

/// Shows neither where the user wanted to go nor the RelayState.
impl fmt::Debug for PendingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingRequest")
            .field("id", &self.id)
            .field("identity_provider", &self.identity_provider)
            .field("issued", &self.issued)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

by_compact_text!(PendingRequest, PendingRequestError);

/// Where a login may return to: a path of the service itself, for everything else is an open redirect. CWE-601.
///
/// `//host` and `/\host` are other hosts to a browser, and white space and control characters are skipped by it.
fn return_to_fault(path: &str) -> Option<&'static str> {
    let mut start = path.bytes();
    match (start.next(), start.next()) {
        (Some(b'/'), Some(b'/' | b'\\')) => Some("it starts with two slashes, which browsers take for another host"),
        (Some(b'/'), _) if !path.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Some("it has white space, control characters or characters outside ASCII, which are percent-encoded in a path")
        }
        (Some(b'/'), _) if path.len() > MAX_RETURN_TO_BYTES => Some("it is longer than 512 bytes"),
        (Some(b'/'), _) => None,
        _ => Some("it is not a path of the service, which starts with a slash"),
    }
}

/// SAML Bindings 3.4.3 and 3.5.3; a form would change line ends in it.
fn relay_state_fault(value: &str) -> Option<&'static str> {
    if value.len() > RelayState::MAX_BYTES {
        return Some("it is longer than 80 bytes");
    }
    value.chars().any(char::is_control).then_some("it has control characters")
}

/// Whether the ID is one that this crate makes.
fn is_ours(id: &str) -> bool {
    let digits = id.strip_prefix('_').unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Digits as they are written, without leading zeros or signs.
fn seconds(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| *number <= LAST_SECOND && number.to_string() == text)
}

/// UTF-8 in base64; nothing for an absent one. `None` where it is neither.
fn value(text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    decode_url(text).and_then(|bytes| String::from_utf8(bytes).ok()).map(Some)
}

const fn malformed(part: &'static str) -> PendingRequestError {
    PendingRequestError::Malformed { part }
}

const VERSION: &str = "1";
const MAX_ENTITY_ID_BYTES: usize = 1024;
const MAX_RETURN_TO_BYTES: usize = 512;
/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::time::parse_rfc3339;

    const ID: &str = "_00112233445566778899aabbccddeeff";

    fn time(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// A request with this last digit of its ID, issued at this second, for a minute.
    pub(in crate::request) fn request(digit: u8, idp: &str, issued: u64) -> PendingRequest {
        let id = format!("_{digit:032x}");
        PendingRequest::new(id, idp, (time(issued), Duration::from_secs(60)), Some("/r?a=b"), Some("s~.é")).unwrap()
    }

    fn full() -> PendingRequest {
        let times = (parse_rfc3339("2025-03-03T10:00:00.999Z").unwrap(), Duration::from_millis(60_999));
        PendingRequest::new(ID.to_owned(), "urn:idp", times, Some("/reports?a=b"), Some("state")).unwrap()
    }

    const FULL: &str = "1._00112233445566778899aabbccddeeff.1740996000.1740996060.dXJuOmlkcA.L3JlcG9ydHM_YT1i.c3RhdGU";

    #[test]
    fn a_pending_request_is_a_short_text_and_back() {
        let request = full();
        assert_eq!(request.to_compact(), FULL);
        assert_eq!(PendingRequest::from_compact(FULL), Ok(request.clone()));
        assert_eq!(FULL.parse(), Ok(request.clone()));
        assert_eq!((request.id(), request.identity_provider()), (ID, "urn:idp"));
        assert_eq!((request.issued_at(), request.expires_at()), (time(1_740_996_000), time(1_740_996_060)));
        assert_eq!((request.return_to(), request.relay_state()), (Some("/reports?a=b"), Some("state")));

        let plain = PendingRequest::from_compact(&format!("1.{ID}.0.1.dXJuOmlkcA..")).unwrap();
        assert_eq!((plain.return_to(), plain.relay_state()), (None, None));
        let shown = format!("{request:?}");
        assert!(shown.contains(ID) && !shown.contains("reports") && !shown.contains("state"), "{shown}");
    }

    #[test]
    fn the_longest_fits() {
        let times = (time(LAST_SECOND - 1), Duration::from_secs(1));
        let (idp, path, state) = ("i".repeat(1024), format!("/{}", "p".repeat(511)), "s".repeat(80));
        let new = |idp: &str| PendingRequest::new(ID.to_owned(), idp, times, Some(&path), Some(&state));
        let text = new(&idp).unwrap().to_compact();
        assert!(text.len() <= PendingRequest::MAX_COMPACT_BYTES, "{}", text.len());
        assert_eq!(PendingRequest::from_compact(&text), new(&idp).map_err(|_| malformed("")));
        let fault = ("entity ID", "it is empty or longer than 1,024 bytes");
        assert_eq!((new(&format!("{idp}i")), new("")), (Err(fault), Err(fault)));
        // A text of the greatest length is read, and one of a byte more is not.
        let of_length = |length: usize| format!("{text}{}", "A".repeat(length - text.len()));
        let most = PendingRequest::MAX_COMPACT_BYTES;
        assert_eq!(PendingRequest::from_compact(&of_length(most)), Err(malformed("RelayState")));
        assert_eq!(PendingRequest::from_compact(&of_length(most + 1)), Err(PendingRequestError::TooLong { limit: most }));
    }

    #[test]
    fn no_other_text_is_read() {
        let version = |found: &str| PendingRequestError::UnknownVersion { found: Shown::new(found), expected: "1" };
        for (from, to, error) in [
            ("1.", "2.", version("2")),
            ("1.", "01.", version("01")),
            ("1._0", "_0", version("_00112233445566778899aabbccddeeff")),
            ("._0", "._0_", malformed("ID")),
            ("._0", ".00", malformed("ID")),
            ("eff.", "eFf.", malformed("ID")),
            ("eff.", "ef.", malformed("ID")),
            ("eff.", "efff.", malformed("ID")),
            ("1740996000", "01740996000", malformed("time of issue")),
            ("1740996000", "+740996000", malformed("time of issue")),
            ("1740996000", "", malformed("time of issue")),
            ("1740996060", "253402300800", malformed("time of expiry")),
            ("1740996060", "99999999999999999999", malformed("time of expiry")),
            ("1740996060", "1740996000", malformed("lifetime")),
            ("dXJuOmlkcA", "", malformed("entity ID")),
            ("dXJuOmlkcA", "dXJuOmlkcA==", malformed("entity ID")),
            ("dXJuOmlkcA", "dXJuOmlkcB", malformed("entity ID")),
            ("dXJuOmlkcA", "_w", malformed("entity ID")),
            ("L3JlcG9ydHM_YT1i", "Ly9ldmls", malformed("return_to")),
            ("L3JlcG9ydHM_YT1i", "aHR0cHM6Ly9ldmls", malformed("return_to")),
            ("L3JlcG9ydHM_YT1i", "L3JlcG9ydHM/YT1i", malformed("return_to")),
            ("c3RhdGU", "Cg", malformed("RelayState")),
            ("c3RhdGU", "c3RhdGU.", malformed("number of parts")),
            (".c3RhdGU", "", malformed("number of parts")),
            ("c3RhdGU", "c3RhdGU ", malformed("RelayState")),
        ] {
            let text = FULL.replacen(from, to, 1);
            assert_ne!(text, FULL);
            assert_eq!(PendingRequest::from_compact(&text), Err(error), "{text}");
        }
        assert_eq!(PendingRequest::from_compact(""), Err(version("")));
    }

    #[test]
    fn an_answer_comes_in_time_and_from_whom_was_asked() {
        let request = full();
        let until = request.expires_at();
        let before = until - Duration::from_nanos(1);
        assert_eq!(request.expect("urn:idp", before), Ok(Expect::AnswerTo(ID)));
        assert_eq!(request.expect("urn:idp", until), Err(PendingRequestError::Expired { until, now: until }));
        let (expected, received) = (Shown::new("urn:idp"), Shown::new("urn:idp/"));
        let error = PendingRequestError::OtherIdentityProvider { expected, received };
        assert_eq!(request.expect("urn:idp/", before), Err(error));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_writes_the_same_text() {
        let json = serde_json::to_string(&full()).unwrap();
        assert_eq!(json, format!("\"{FULL}\""));
        assert_eq!(serde_json::from_str::<PendingRequest>(&json).unwrap(), full());
        let error = serde_json::from_str::<PendingRequest>("\"2.a\"").unwrap_err().to_string();
        assert!(error.contains("the text of a pending request has the version \"2\", not \"1\""), "{error}");
    }
}
