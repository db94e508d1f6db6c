//! One use for each assertion: the claim that a service stakes on it, and a store for services that run as one process.
//!
//! SAML Profiles 4.1.4.5: a bearer assertion is accepted once; its identifier is remembered until the assertion has expired. In
//! goes a [`ReplayKey`] and the time of that expiry; out comes leave to use the assertion, at most once for each key.
//!
//! There is no way to ask whether a key is known: between the question and the claim another request could slip in. Nor is
//! there a way to give a key back.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::crypto::{DigestAlgorithm, Digester, sha256_hex};
use crate::error::ReplayError;

/// What a store remembers of an assertion: 64 lower-case hexadecimal characters.
///
/// A SHA-256 digest over the issuer and the ID, each with its length in front: of fixed size whatever the message says, safe in
/// file names, Redis keys and SQL, and no two pairs of issuer and ID share one. It says nothing about the user.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplayKey(Arc<str>);

impl ReplayKey {
    /// The key of the assertion that `issuer` gave the ID `id`.
    pub(crate) fn new(issuer: &str, id: &str) -> Self {
        let mut digester = Digester::new(DigestAlgorithm::Sha256);
        for part in [issuer, id] {
            digester.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digester.update(part.as_bytes());
        }
        Self(sha256_hex(&digester.finish()).into())
    }

    /// The 64 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayKey({})", self.0)
    }
}

/// Remembers which assertions were used.
///
/// An implementation must make the claim in one step that no other claim can come between, for every process that serves the
/// same assertion consumer URL. With an SQL database that is an `INSERT` into a column with a unique constraint, whose failure
/// is [`ReplayError::Replayed`]; a `SELECT` before it proves nothing.
pub trait ReplayStore {
    /// Claims `key` until `expires`; of any number of claims of one key, exactly one succeeds.
    ///
    /// `expires` lies after `now`, and is the time from which the verifier refuses the assertion anyway. Before it, the key
    /// must not be forgotten. `now` is the time of the verification; a store with a clock of its own may go by that.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Replayed`] where the key was claimed before; any other where the store cannot tell. Each refuses the login.
    fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError>;
}

impl<S: ReplayStore + ?Sized> ReplayStore for &S {
    fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
        (**self).claim(key, expires, now)
    }
}

impl<S: ReplayStore + ?Sized> ReplayStore for Arc<S> {
    fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
        (**self).claim(key, expires, now)
    }
}

/// [`ReplayStore`] for stores across a network, where the claim waits for an answer.
///
/// With Redis or Valkey the claim is one command, `SET key 1 NX PX milliseconds`: it answers `OK` to the first and nothing to
/// every other, and forgets by itself. The server must not evict (`maxmemory-policy noeviction`), and a failover may forget
/// the last writes.
///
/// ```
/// use std::time::SystemTime;
/// use saml_verify::{AsyncReplayStore, ReplayError, ReplayKey};
///
/// # struct RedisClient;
/// # struct RedisError;
/// # impl std::fmt::Display for RedisError {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("connection refused") }
/// # }
/// # impl RedisClient {
/// #     async fn set_nx_px(&self, _key: &str, _value: &str, _milliseconds: u64) -> Result<bool, RedisError> { Ok(true) }
/// # }
/// struct RedisReplayStore {
///     client: RedisClient,
/// }
///
/// impl AsyncReplayStore for RedisReplayStore {
///     async fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
///         let lifetime = expires.duration_since(now).unwrap_or_default().as_millis();
///         let lifetime = u64::try_from(lifetime).unwrap_or(u64::MAX).max(1);
///         match self.client.set_nx_px(&format!("saml:{key}"), "1", lifetime).await {
///             Ok(true) => Ok(()),
///             Ok(false) => Err(ReplayError::Replayed),
///             Err(error) => Err(ReplayError::StoreUnavailable { reason: error.to_string() }),
///         }
///     }
/// }
/// ```
pub trait AsyncReplayStore {
    /// Claims `key` until `expires`; of any number of claims of one key, exactly one succeeds.
    ///
    /// See [`ReplayStore::claim`].
    ///
    /// # Errors
    ///
    /// [`ReplayError::Replayed`] where the key was claimed before; any other where the store cannot tell. Each refuses the login.
    fn claim(
        &self,
        key: &ReplayKey,
        expires: SystemTime,
        now: SystemTime,
    ) -> impl Future<Output = Result<(), ReplayError>> + Send;
}

/// A [`ReplayStore`] in the memory of one process.
///
/// It protects a service that runs as one process, and forgets when that ends: restart within an assertion's lifetime, or run
/// a second instance, and the assertion can be used again there. Use a shared store for those.
///
/// What has expired makes room. What has not is never given up: a full store refuses logins ([`ReplayError::StoreFull`]), since
/// whoever could push an entry out could use it again. An entry takes some 200 bytes.
///
/// ```
/// use std::num::NonZeroUsize;
/// use saml_verify::InProcessReplayStore;
///
/// let capacity = NonZeroUsize::new(100_000).expect("not zero"); // 27 logins a second at an hour's lifetime, 20 MB
/// let store = InProcessReplayStore::new(capacity);
/// ```
pub struct InProcessReplayStore {
    capacity: NonZeroUsize,
    claims: Mutex<Claims>,
}

impl InProcessReplayStore {
    /// An empty store for `capacity` live assertions.
    ///
    /// Choose several times the number of logins that happen within one assertion's lifetime.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, claims: Mutex::default() }
    }
}

impl Default for InProcessReplayStore {
    /// For 100,000 live assertions: 27 logins a second at an hour's lifetime, in about 20 MB when full.
    fn default() -> Self {
        Self::new(NonZeroUsize::MIN.saturating_add(99_999))
    }
}

impl ReplayStore for InProcessReplayStore {
    fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
        let mut claims = self.claims.lock().map_err(|_| unavailable("another thread panicked while it held the store"))?;
        claims.claim(key, expires, now, self.capacity)
    }
}

impl fmt::Debug for InProcessReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessReplayStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

/// The live claims, and up to which expiry claims were forgotten.
#[derive(Default)]
struct Claims {
    live: HashSet<ReplayKey>,
    by_expiry: BinaryHeap<Reverse<(SystemTime, ReplayKey)>>,
    forgotten_through: Option<SystemTime>,
}

impl Claims {
    fn claim(
        &mut self,
        key: &ReplayKey,
        expires: SystemTime,
        now: SystemTime,
        capacity: NonZeroUsize,
    ) -> Result<(), ReplayError> {
        if self.live.contains(key) {
            return Err(ReplayError::Replayed);
        }
        self.forget_expired(now);
        if self.forgotten_through.is_some_and(|forgotten| expires <= forgotten) {
            // Only after the clock went back, or for an assertion that has expired: it may be among the forgotten.
            return Err(unavailable("assertions that expire at this time were already forgotten: the clock went back"));
        }
        if self.live.len() >= capacity.get() {
            return Err(ReplayError::StoreFull { capacity: capacity.get() });
        }
        self.live.insert(key.clone());
        self.by_expiry.push(Reverse((expires, key.clone())));
        Ok(())
    }

    /// Each claim is pushed once and popped once: logarithmic time for a claim, on average.
    fn forget_expired(&mut self, now: SystemTime) {
        while let Some(Reverse((expires, _))) = self.by_expiry.peek()
            && *expires <= now
        {
            let Some(Reverse((expires, key))) = self.by_expiry.pop() else {
                break;
            };
            self.live.remove(&key);
            self.forgotten_through = Some(expires); // never earlier than before: a claim up to there is refused
        }
    }
}

fn unavailable(reason: &str) -> ReplayError {
    ReplayError::StoreUnavailable { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn key(id: &str) -> ReplayKey {
        ReplayKey::new("urn:idp", id)
    }

    fn store(capacity: usize) -> InProcessReplayStore {
        InProcessReplayStore::new(NonZeroUsize::new(capacity).unwrap())
    }

    const FULL: Result<(), ReplayError> = Err(ReplayError::StoreFull { capacity: 2 });

    #[test]
    fn keys_are_fixed_in_form_and_distinct() {
        // SHA-256 of 00 00 00 00 00 00 00 07 "urn:idp" 00 00 00 00 00 00 00 02 "_1"
        assert_eq!(key("_1").as_str(), "0f35e72b0bc5e0b2bef6e2a7c43443e3ebb13005e80fa62c71ac26580e37ce53");
        assert_eq!(key("_1"), key("_1"));
        let keys: HashSet<_> = [("a", "b"), ("ab", ""), ("", "ab"), ("b", "a"), ("a", "B"), ("a", "b ")]
            .into_iter()
            .map(|(issuer, id)| ReplayKey::new(issuer, id))
            .collect();
        assert_eq!(keys.len(), 6);
        assert_eq!(key("_1").to_string(), key("_1").as_str());
        assert_eq!(format!("{:?}", key("_1")), format!("ReplayKey({})", key("_1")));
    }

    #[test]
    fn the_second_claim_is_refused_until_expiry() {
        let store = store(2);
        assert_eq!(store.claim(&key("_1"), at(100), at(0)), Ok(()));
        assert_eq!(store.claim(&key("_1"), at(100), at(0)), Err(ReplayError::Replayed));
        assert_eq!(store.claim(&key("_1"), at(100), at(99)), Err(ReplayError::Replayed));
        assert_eq!(store.claim(&key("_1"), at(900), at(99)), Err(ReplayError::Replayed));
        assert_eq!(store.claim(&key("_2"), at(100), at(99)), Ok(()));
    }

    #[test]
    fn a_full_store_gives_up_nothing_that_lives() {
        let store = store(2);
        assert_eq!(store.claim(&key("_1"), at(100), at(0)), Ok(()));
        assert_eq!(store.claim(&key("_2"), at(200), at(0)), Ok(()));
        assert_eq!(store.claim(&key("_3"), at(300), at(99)), FULL);
        assert_eq!(store.claim(&key("_1"), at(100), at(99)), Err(ReplayError::Replayed));
        assert_eq!(store.claim(&key("_3"), at(300), at(100)), Ok(()), "the first has expired");
        assert_eq!(store.claim(&key("_4"), at(300), at(100)), FULL);
        assert_eq!(store.claim(&key("_2"), at(200), at(100)), Err(ReplayError::Replayed));
    }

    #[test]
    fn a_clock_that_goes_back_lets_nobody_in_twice() {
        let store = store(2);
        assert_eq!(store.claim(&key("_1"), at(100), at(0)), Ok(()));
        assert_eq!(store.claim(&key("_2"), at(90_000), at(80_000)), Ok(()), "the clock is wrong, and the first is forgotten");
        assert!(matches!(store.claim(&key("_1"), at(100), at(1)), Err(ReplayError::StoreUnavailable { .. })));
        assert_eq!(store.claim(&key("_3"), at(101), at(2)), Ok(()), "what was never forgotten is as good as ever");
        assert_eq!(store.claim(&key("_2"), at(90_000), at(2)), Err(ReplayError::Replayed));
    }

    #[test]
    fn an_expired_assertion_is_not_claimed_twice_either() {
        let store = store(2);
        assert_eq!(store.claim(&key("_1"), at(100), at(100)), Ok(()));
        assert_eq!(store.claim(&key("_1"), at(100), at(100)), Err(ReplayError::Replayed));
        assert_eq!(store.claim(&key("_2"), at(300), at(200)), Ok(()));
        assert!(matches!(store.claim(&key("_1"), at(100), at(200)), Err(ReplayError::StoreUnavailable { .. })));
    }

    #[test]
    fn memory_follows_the_live_entries() {
        let store = store(10);
        for second in 0..1_000 {
            assert_eq!(store.claim(&key(&second.to_string()), at(second + 5), at(second)), Ok(()));
        }
        let claims = store.claims.lock().unwrap();
        assert_eq!((claims.live.len(), claims.by_expiry.len()), (5, 5));
    }

    #[test]
    fn of_many_threads_one_wins_each_key() {
        const THREADS: usize = 8;
        let store: Arc<dyn ReplayStore + Send + Sync> = Arc::new(store(1_000));
        let start = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (store, start) = (Arc::clone(&store), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    let outcomes = (0..500).map(|id| store.claim(&key(&id.to_string()), at(100), at(0)));
                    outcomes.filter(|outcome| outcome.is_ok()).count()
                })
            })
            .collect();
        let wins: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(wins, 500);
    }

    #[test]
    fn a_poisoned_store_refuses_and_does_not_panic() {
        let store = Arc::new(store(2));
        let poisoned = Arc::clone(&store);
        let outcome = thread::spawn(move || {
            let _held = poisoned.claims.lock();
            panic!("expected by the test");
        })
        .join();
        assert!(outcome.is_err());
        assert!(matches!(store.claim(&key("_1"), at(100), at(0)), Err(ReplayError::StoreUnavailable { .. })));
    }

    #[test]
    fn debug_tells_no_keys() {
        let store = store(2);
        store.claim(&key("_1"), at(100), at(0)).unwrap();
        assert_eq!(format!("{store:?}"), "InProcessReplayStore { capacity: 2, .. }");
    }
}
