//! Several requests whose answers have not come yet: a browser with several tabs.

use std::time::SystemTime;

use super::pending::PendingRequest;
use crate::Login;
use crate::compact::by_compact_text;
use crate::error::PendingRequestError;
#[cfg(feature = "registry")]
use crate::registry::Awaited;

/// The requests of one browser that are not answered yet: a user starts logins in several tabs, and ends them in any order.
///
/// Bounded: the oldest make room for the newest, so that its text stays short enough for a cookie. As with a single
/// [`PendingRequest`], the text is **not signed** by this crate.
///
/// ```
/// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
/// # let now = std::time::SystemTime::now();
/// use saml_verify::{AuthnRequest, Expect, IdentityProvider, PendingRequests, ServiceProvider, TrustedKeys};
///
/// # let idp = IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(pem)?)?
/// #     .single_sign_on_url("https://acme.us.auth0.com/samlp/CLIENT")?;
/// # let sp = ServiceProvider::new("urn:sp", "https://portal.example.com/saml/acs")?;
/// # let cookie = "";
/// let mut pending = PendingRequests::from_compact(cookie)?;
/// pending.add(AuthnRequest::new(&sp, &idp)?.redirect(now)?.pending);
/// pending.add(AuthnRequest::new(&sp, &idp)?.redirect(now)?.pending);
/// let cookie = pending.to_compact();
/// // When an answer comes, it may be one to any of them.
/// let open = pending.open_ids("urn:acme.us.auth0.com", now)?;
/// let expect = Expect::AnswerToAny(&open);
/// // After the verification: `pending.take_answered(&login)` takes the answered one out.
/// # assert_eq!(PendingRequests::from_compact(&cookie)?.iter().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingRequests {
    /// The oldest first.
    requests: Vec<PendingRequest>,
}

impl PendingRequests {
    /// The most requests that are kept.
    pub const MAX_REQUESTS: usize = 8;

    /// The longest text of all of them, in bytes: a cookie of 4,096 with its name, its attributes and a signature.
    pub const MAX_COMPACT_BYTES: usize = 3072;

    /// One more. Those that have expired by the time it was made are dropped, and the oldest until all fit.
    pub fn add(&mut self, request: PendingRequest) {
        self.requests.retain(|other| other.expires_at() > request.issued_at() && other.id() != request.id());
        self.requests.push(request);
        while self.requests.len() > Self::MAX_REQUESTS || self.to_compact().len() > Self::MAX_COMPACT_BYTES {
            self.requests.remove(0);
        }
    }

    /// The requests, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, PendingRequest> {
        self.requests.iter()
    }

    /// Whether none is pending.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// The IDs of those that this identity provider may answer at that time, for
    /// [`Expect::AnswerToAny`](crate::Expect::AnswerToAny).
    ///
    /// `identity_provider` is the entity ID, as for [`PendingRequest::expect`].
    ///
    /// # Errors
    ///
    /// [`PendingRequestError::NonePending`] where there is none.
    pub fn open_ids(&self, identity_provider: &str, now: SystemTime) -> Result<Vec<&str>, PendingRequestError> {
        let ids = self.open(identity_provider, now);
        if ids.is_empty() { Err(PendingRequestError::NonePending { of: self.requests.len() }) } else { Ok(ids) }
    }

    /// Verifies the form field `SAMLResponse` of a POST as an answer to one of these requests, with the connection of the identity
    /// provider that it names. Feature `registry`.
    ///
    /// It is [`Registry::verify_post`](crate::Registry::verify_post) with [`Expect::AnswerToAny`](crate::Expect::AnswerToAny) of the
    /// requests that were sent to that identity provider and are open at `now`. After the login was claimed,
    /// [`PendingRequests::take_answered`] takes its request out.
    ///
    /// # Errors
    ///
    /// As [`Registry::verify_post`](crate::Registry::verify_post): `in_response_to_mismatch` for an answer to no open request, and
    /// `in_response_to_missing` for a login that started at the identity provider.
    #[cfg(feature = "registry")]
    pub fn verify_post<K>(
        &self,
        registry: &crate::Registry<K>,
        saml_response: &str,
        now: SystemTime,
    ) -> Result<(std::sync::Arc<crate::Connection<K>>, crate::Verified), crate::Error> {
        registry.verify_awaited(saml_response, |issuer| Awaited::OneOf(self.open(issuer, now)), now)
    }

    /// Takes the request out that a login answers: the one of its `InResponseTo` that was sent to its issuer.
    ///
    /// `None` where there is no such request: the login answers something else, and is not to be accepted.
    #[must_use = "without a request that it answers, a login is not to be accepted"]
    pub fn take_answered(&mut self, login: &Login) -> Option<PendingRequest> {
        let id = login.in_response_to()?;
        self.take(|request| request.id() == id && request.identity_provider() == login.issuer())
    }

    fn open(&self, identity_provider: &str, now: SystemTime) -> Vec<&str> {
        let open = self.requests.iter().filter(|request| request.is_open(identity_provider, now));
        open.map(PendingRequest::id).collect()
    }

    fn take(&mut self, wanted: impl Fn(&PendingRequest) -> bool) -> Option<PendingRequest> {
        let index = self.requests.iter().position(wanted)?;
        Some(self.requests.remove(index))
    }

    /// Their text: that of each, with `~` between them; empty for none.
    pub fn to_compact(&self) -> String {
        let texts: Vec<String> = self.requests.iter().map(PendingRequest::to_compact).collect();
        texts.join(SEPARATOR)
    }

    /// Reads what [`PendingRequests::to_compact`] wrote, and no other text.
    ///
    /// # Errors
    ///
    /// [`PendingRequestError`], for the first request that is none.
    pub fn from_compact(text: &str) -> Result<Self, PendingRequestError> {
        if text.len() > Self::MAX_COMPACT_BYTES {
            return Err(PendingRequestError::TooLong { limit: Self::MAX_COMPACT_BYTES });
        }
        let texts = text.split(SEPARATOR).filter(|_| !text.is_empty());
        let requests: Vec<PendingRequest> = texts.map(PendingRequest::from_compact).collect::<Result<_, _>>()?;
        let twice = |request: &PendingRequest| requests.iter().filter(|other| other.id() == request.id()).count() > 1;
        if requests.len() > Self::MAX_REQUESTS || requests.iter().any(twice) {
            return Err(PendingRequestError::Malformed { part: "list" });
        }
        Ok(Self { requests })
    }
}

by_compact_text!(PendingRequests, PendingRequestError);

impl<'a> IntoIterator for &'a PendingRequests {
    type Item = &'a PendingRequest;
    type IntoIter = std::slice::Iter<'a, PendingRequest>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

const SEPARATOR: &str = "~";

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::pending::tests::request;
    use super::*;

    fn list(requests: impl IntoIterator<Item = PendingRequest>) -> PendingRequests {
        let mut list = PendingRequests::default();
        requests.into_iter().for_each(|request| list.add(request));
        list
    }

    fn ids(list: &PendingRequests) -> Vec<&str> {
        list.iter().map(|request| request.id().trim_start_matches(['_', '0'])).collect()
    }

    #[test]
    fn the_oldest_make_room() {
        let list = list((1..=9).map(|digit| request(digit, "urn:idp", 100)));
        assert_eq!(ids(&list), ["2", "3", "4", "5", "6", "7", "8", "9"]);
        let long = |digit| request(digit, &"i".repeat(1000), 100);
        let list = self::list([request(1, "urn:idp", 100), long(2), long(3), long(4)]);
        assert_eq!(ids(&list), ["3", "4"]);
        assert!(list.to_compact().len() <= PendingRequests::MAX_COMPACT_BYTES);
    }

    #[test]
    fn the_expired_and_the_same_are_dropped_when_one_is_added() {
        let list = list([request(1, "urn:idp", 100), request(2, "urn:idp", 101), request(3, "urn:idp", 160)]);
        assert_eq!(ids(&list), ["2", "3"]);
        let list = self::list([request(1, "urn:a", 100), request(2, "urn:a", 100), request(1, "urn:b", 100)]);
        assert_eq!(ids(&list), ["2", "1"]);
    }

    #[test]
    fn only_those_that_were_sent_to_the_one_who_answers_are_open() {
        let list = list([request(1, "urn:a", 100), request(2, "urn:b", 110), request(3, "urn:a", 120)]);
        let open = |idp, second| list.open_ids(idp, UNIX_EPOCH + Duration::from_secs(second)).map(|ids| ids.len());
        for (idp, second, expected) in [
            ("urn:a", 120, Ok(2)),
            ("urn:b", 120, Ok(1)),
            ("urn:c", 120, Err(PendingRequestError::NonePending { of: 3 })),
            ("urn:a", 160, Ok(1)),
            ("urn:b", 170, Err(PendingRequestError::NonePending { of: 3 })),
            ("urn:a", 180, Err(PendingRequestError::NonePending { of: 3 })),
        ] {
            assert_eq!(open(idp, second), expected, "{idp} {second}");
        }
        let none = PendingRequests::default();
        assert_eq!(none.open_ids("urn:a", UNIX_EPOCH), Err(PendingRequestError::NonePending { of: 0 }));
    }

    #[test]
    fn a_list_is_a_text_and_back() {
        let list = list([request(1, "urn:a", 100), request(2, "urn:b", 110)]);
        let text = list.to_compact();
        assert_eq!(PendingRequests::from_compact(&text), Ok(list.clone()));
        assert_eq!(PendingRequests::from_compact(""), Ok(PendingRequests::default()));
        assert_eq!((PendingRequests::default().to_compact().as_str(), PendingRequests::default().is_empty()), ("", true));
        assert_eq!(text.parse(), Ok(list.clone()));

        let first = text.split('~').next().unwrap();
        let malformed = Err(PendingRequestError::Malformed { part: "list" });
        assert_eq!(PendingRequests::from_compact(&format!("{first}~{first}")), malformed);
        let many: Vec<String> = (1..=9).map(|digit| request(digit, "urn:a", 100).to_compact()).collect();
        assert_eq!(PendingRequests::from_compact(&many.join("~")), malformed);
        assert_eq!(PendingRequests::from_compact(&many[..8].join("~")).map(|list| list.iter().count()), Ok(8));
        assert!(matches!(PendingRequests::from_compact(&format!("{first}~")), Err(PendingRequestError::UnknownVersion { .. })));
        let long = "~".repeat(PendingRequests::MAX_COMPACT_BYTES + 1);
        let limit = PendingRequests::MAX_COMPACT_BYTES;
        assert_eq!(PendingRequests::from_compact(&long), Err(PendingRequestError::TooLong { limit }));
    }
}
