//! A store of claims for services that run as one process.
//!
//! In goes a claim; out comes whether it is the first, from a set in memory. Deliberately absent: a clock (claims bring the time),
//! and forgetting early.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::SystemTime;

use super::{ReplayFuture, ReplayKey, ReplayStore};
use crate::error::ReplayError;

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
        let mut claims =
            self.claims.lock().map_err(|_| ReplayError::unavailable("another thread panicked while it held the store"))?;
        claims.claim(key, expires, now, self.capacity)
    }
}

/// The answer is there at once.
impl super::AsyncReplayStore for InProcessReplayStore {
    fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
        Box::pin(async move { ReplayStore::claim(self, key, expires, now) })
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
            return Err(ReplayError::unavailable(
                "assertions that expire at this time were already forgotten: the clock went back",
            ));
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
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
    fn a_claim_that_is_awaited_is_the_same_claim() {
        use std::task::{Context, Poll, Waker};

        let store = store(2);
        let claim = |id| {
            let key = key(id);
            let mut answer = crate::AsyncReplayStore::claim(&store, &key, at(100), at(0));
            match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => panic!("a store in memory has nothing to wait for"),
            }
        };
        assert_eq!((claim("_1"), claim("_1")), (Ok(()), Err(ReplayError::Replayed)));
        assert_eq!(store.claim(&key("_1"), at(100), at(0)), Err(ReplayError::Replayed));
        assert_eq!((store.claim(&key("_2"), at(100), at(0)), claim("_2")), (Ok(()), Err(ReplayError::Replayed)));
        assert_eq!(claim("_3"), FULL);
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
