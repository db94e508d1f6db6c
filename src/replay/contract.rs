//! What every replay store has to do, as a test that services run against stores of their own. Feature `test-idp`.
//!
//! In goes a store, empty or not; out comes the first rule that it breaks.

use std::fmt;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use super::{AsyncReplayStore, ReplayFuture, ReplayKey, ReplayStore};
use crate::error::ReplayError;

/// A rule of [`ReplayStore::claim`] that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenContract(String);

impl fmt::Display for BrokenContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BrokenContract {}

/// How many race for one key, and for how many keys in turn.
const RACERS: usize = 8;
const RACES: usize = 50;

/// Finds out whether a store keeps the contract of [`ReplayStore`], for a test.
///
/// It claims keys that no assertion has, for an hour at most, and changes nothing else. `name` sets the keys apart from those of
/// an earlier run against a store that remembers; `now` should be the present time, for stores with a clock of their own.
///
/// What one process cannot find out: whether two machines share the store, and what it forgets in a crash. A store that asks before it
/// claims is found out by races, and so with high probability only. It takes a tenth of a second and the time of some 400 claims.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use saml_verify::{InProcessReplayStore, test_idp};
///
/// # let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// let store = InProcessReplayStore::default();
/// test_idp::check_replay_store(&store, "run 1", now)?;
/// # Ok::<(), test_idp::BrokenContract>(())
/// ```
///
/// # Errors
///
/// The first rule that the store breaks.
pub fn check_replay_store(store: &(impl ReplayStore + Sync), name: &str, now: SystemTime) -> Result<(), BrokenContract> {
    for rule in rules(name, now) {
        rule.judge(&store.claim(&rule.key, rule.expires, rule.now))?;
    }
    let brief = key(name, "brief");
    first(&store.claim(&brief, now + BRIEF, now), SECONDS)?;
    std::thread::sleep(MOMENT);
    again(&store.claim(&brief, now + BRIEF, now), SECONDS)?;
    for race in 0..RACES {
        let key = key(name, &format!("race {race}"));
        let start = Barrier::new(RACERS);
        let claim = || {
            start.wait();
            store.claim(&key, now + HOUR, now)
        };
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(claim)).collect();
            racers.into_iter().filter_map(|racer| racer.join().ok()).collect()
        });
        one_winner(&outcomes)?;
    }
    Ok(())
}

/// [`check_replay_store`] for an [`AsyncReplayStore`].
///
/// # Errors
///
/// The first rule that the store breaks.
pub async fn check_async_replay_store(store: &impl AsyncReplayStore, name: &str, now: SystemTime) -> Result<(), BrokenContract> {
    for rule in rules(name, now) {
        rule.judge(&store.claim(&rule.key, rule.expires, rule.now).await)?;
    }
    let unpolled = key(name, "dropped before it was awaited");
    drop(store.claim(&unpolled, now + HOUR, now));
    first(&store.claim(&unpolled, now + HOUR, now).await, "a claim counts only once it is awaited")?;
    let brief = key(name, "brief");
    first(&store.claim(&brief, now + BRIEF, now).await, SECONDS)?;
    // This is a test: a thread that sleeps harms nobody, and needs no runtime of a kind.
    std::thread::sleep(MOMENT);
    again(&store.claim(&brief, now + BRIEF, now).await, SECONDS)?;
    for race in 0..RACES {
        let key = key(name, &format!("race {race}"));
        one_winner(&all((0..RACERS).map(|_| store.claim(&key, now + HOUR, now)).collect()).await)?;
    }
    Ok(())
}

const HOUR: Duration = Duration::from_secs(3600);
/// In milliseconds where seconds are meant, it is over before the moment is.
const BRIEF: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(100);
const SECONDS: &str = "a claim of half a minute is there after a tenth of a second";

/// One claim in a fixed order, and what must come of it.
struct Rule {
    text: &'static str,
    key: ReplayKey,
    expires: SystemTime,
    now: SystemTime,
    accepted: bool,
}

impl Rule {
    fn judge(&self, outcome: &Result<(), ReplayError>) -> Result<(), BrokenContract> {
        if self.accepted { first(outcome, self.text) } else { again(outcome, self.text) }
    }
}

fn rules(name: &str, now: SystemTime) -> Vec<Rule> {
    let rule = |text, id: &str, expires, now, accepted| Rule { text, key: key(name, id), expires, now, accepted };
    let second = Duration::from_secs(1);
    vec![
        rule("the first claim of a key succeeds", "a", now + HOUR, now, true),
        rule("the second claim of a key is Replayed", "a", now + HOUR, now, false),
        rule("a claim of another key succeeds", "b", now + HOUR, now, true),
        rule("a key stays claimed while other keys are claimed", "a", now + HOUR, now, false),
        rule("a key stays claimed until it expires", "a", now + HOUR, now + HOUR - second, false),
        rule("a key stays claimed where the clock goes back", "a", now + HOUR, now - HOUR, false),
        rule("a second claim does not shorten the first one", "b", now + second, now, false),
        rule("a second claim does not shorten the first one", "b", now + HOUR, now + 2 * second, false),
        rule("a claim of many years succeeds", "d", now + 100_000 * HOUR, now, true),
        rule("a claim of many years stays", "d", now + HOUR, now, false),
    ]
}

fn key(name: &str, id: &str) -> ReplayKey {
    // No issuer is named so: an entity ID has no white space around it.
    ReplayKey::new(" contract ", &format!("{name}/{id}"))
}

fn first(outcome: &Result<(), ReplayError>, rule: &str) -> Result<(), BrokenContract> {
    match outcome {
        Ok(()) => Ok(()),
        Err(error) => Err(BrokenContract(format!("{rule}; this one does not: {error}"))),
    }
}

fn again(outcome: &Result<(), ReplayError>, rule: &str) -> Result<(), BrokenContract> {
    match outcome {
        Err(ReplayError::Replayed) => Ok(()),
        Ok(()) => Err(BrokenContract(format!("{rule}; this one was accepted"))),
        Err(error) => Err(BrokenContract(format!("{rule}; this one is another error: {error}"))),
    }
}

fn one_winner(outcomes: &[Result<(), ReplayError>]) -> Result<(), BrokenContract> {
    let winners = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    if outcomes.len() != RACERS || winners != 1 {
        return Err(BrokenContract(format!("of {RACERS} claims at once exactly one succeeds; of these {winners} did")));
    }
    outcomes.iter().filter(|outcome| outcome.is_err()).try_for_each(|outcome| again(outcome, "the others are Replayed"))
}

/// Waits for all of them, which wait at the same time.
async fn all(mut claims: Vec<ReplayFuture<'_>>) -> Vec<Result<(), ReplayError>> {
    let mut outcomes = Vec::new();
    let poll = |context: &mut Context<'_>| {
        claims.retain_mut(|claim| match claim.as_mut().poll(context) {
            Poll::Ready(outcome) => {
                outcomes.push(outcome);
                false
            }
            Poll::Pending => true,
        });
        if claims.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    };
    pin!(std::future::poll_fn(poll)).await;
    outcomes
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;
    use crate::replay::in_process::InProcessReplayStore;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    #[test]
    fn the_store_in_process_keeps_the_contract() {
        let store = InProcessReplayStore::default();
        assert_eq!(check_replay_store(&store, "one", now()), Ok(()));
        assert_eq!(check_replay_store(&store, "two", now()), Ok(()));
        // The same keys again.
        assert!(check_replay_store(&store, "two", now()).is_err());
    }

    /// A store that makes one mistake.
    struct Faulty {
        claims: Mutex<HashMap<ReplayKey, SystemTime>>,
        ends: Mutex<HashMap<ReplayKey, Instant>>,
        mistake: Mistake,
    }

    impl Faulty {
        fn new(mistake: Mistake) -> Self {
            Self { claims: Mutex::default(), ends: Mutex::default(), mistake }
        }
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Mistake {
        None,
        ForgetsOthers,
        ForgetsWhenTheClockGoesBack,
        Overwrites,
        AsksBeforeItClaims,
        AcceptsAll,
        Unavailable,
        SecondsAsMilliseconds,
    }

    impl ReplayStore for Faulty {
        fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
            assert!(expires > now, "nobody is asked for a claim that is over");
            let mut claims = self.claims.lock().unwrap();
            if self.mistake == Mistake::SecondsAsMilliseconds {
                // By a clock of its own, as a server does: the thousandth part of what was meant.
                let mut ends = self.ends.lock().unwrap();
                let end = Instant::now() + expires.duration_since(now).unwrap_or_default() / 1000;
                return match ends.insert(key.clone(), end) {
                    Some(before) if before > Instant::now() => {
                        ends.insert(key.clone(), before);
                        Err(ReplayError::Replayed)
                    }
                    _ => Ok(()),
                };
            }
            let known = claims.get(key).copied();
            let live = known
                .is_some_and(|end| end > now && (self.mistake != Mistake::ForgetsWhenTheClockGoesBack || end < now + HOUR * 2));
            if self.mistake == Mistake::Overwrites && known.is_some() {
                claims.insert(key.clone(), expires);
            }
            if self.mistake == Mistake::AsksBeforeItClaims {
                drop(claims);
                std::thread::sleep(Duration::from_millis(1));
                claims = self.claims.lock().unwrap();
            }
            match self.mistake {
                Mistake::Unavailable => return Err(ReplayError::unavailable("away")),
                Mistake::ForgetsOthers => claims.retain(|one, _| one == key),
                _ => {}
            }
            if live && self.mistake != Mistake::AcceptsAll {
                return Err(ReplayError::Replayed);
            }
            claims.insert(key.clone(), expires);
            Ok(())
        }
    }

    #[test]
    fn each_mistake_breaks_its_rule() {
        for (mistake, rule) in [
            (Mistake::ForgetsOthers, "a key stays claimed while other keys are claimed; this one was accepted"),
            (Mistake::ForgetsWhenTheClockGoesBack, "a key stays claimed where the clock goes back; this one was accepted"),
            (Mistake::Overwrites, "a second claim does not shorten the first one; this one was accepted"),
            (
                Mistake::SecondsAsMilliseconds,
                "a claim of half a minute is there after a tenth of a second; this one was accepted",
            ),
            (Mistake::AcceptsAll, "the second claim of a key is Replayed; this one was accepted"),
            (
                Mistake::Unavailable,
                "the first claim of a key succeeds; this one does not: the replay store is not available: away",
            ),
        ] {
            let store = Faulty::new(mistake);
            assert_eq!(check_replay_store(&store, "", now()), Err(BrokenContract(rule.to_owned())));
        }
        let store = Faulty::new(Mistake::AsksBeforeItClaims);
        let broken = check_replay_store(&store, "", now()).unwrap_err().to_string();
        assert!(broken.starts_with("of 8 claims at once exactly one succeeds; of these "), "{broken}");
        let store = Faulty::new(Mistake::None);
        assert_eq!(check_replay_store(&store, "", now()), Ok(()));
    }

    /// A store across a network: each claim waits once before it is answered.
    struct Distant {
        store: Faulty,
        mistake: DistantMistake,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum DistantMistake {
        None,
        ClaimsBeforeItIsAwaited,
        AsksBeforeItClaims,
        LosesAnswers,
    }

    impl AsyncReplayStore for Distant {
        fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
            let early = (self.mistake == DistantMistake::ClaimsBeforeItIsAwaited).then(|| self.store.claim(key, expires, now));
            Box::pin(async move {
                let asked = self.store.claims.lock().unwrap().contains_key(key);
                wait_once().await;
                match self.mistake {
                    DistantMistake::AsksBeforeItClaims if !asked => self.store.claim(key, expires, now).or(Ok(())),
                    DistantMistake::LosesAnswers if asked => Err(ReplayError::unavailable("no answer")),
                    _ => early.unwrap_or_else(|| self.store.claim(key, expires, now)),
                }
            })
        }
    }

    async fn wait_once() {
        let mut waited = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn awaited<T>(future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(outcome) = future.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())) {
                return outcome;
            }
        }
    }

    #[test]
    fn each_mistake_across_a_network_breaks_its_rule() {
        let check = |store: Faulty, mistake| {
            let store = Distant { store, mistake };
            awaited(check_async_replay_store(&store, "", now())).map_err(|broken| broken.to_string())
        };
        for (mistake, rule) in [
            (Mistake::ForgetsOthers, "a key stays claimed while other keys are claimed; this one was accepted"),
            (
                Mistake::SecondsAsMilliseconds,
                "a claim of half a minute is there after a tenth of a second; this one was accepted",
            ),
        ] {
            assert_eq!(check(Faulty::new(mistake), DistantMistake::None), Err(rule.to_owned()));
        }
        for (mistake, rule) in [
            (
                DistantMistake::ClaimsBeforeItIsAwaited,
                "a claim counts only once it is awaited; this one does not: the message was used before",
            ),
            (DistantMistake::AsksBeforeItClaims, "of 8 claims at once exactly one succeeds; of these 8 did"),
            (
                DistantMistake::LosesAnswers,
                "the second claim of a key is Replayed; this one is another error: the replay store is not available: no answer",
            ),
        ] {
            assert_eq!(check(Faulty::new(Mistake::None), mistake), Err(rule.to_owned()));
        }
        assert_eq!(check(Faulty::new(Mistake::None), DistantMistake::None), Ok(()));
    }
}
