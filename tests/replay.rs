//! The replay store in the memory of one process, against a plain one that never forgets, under histories in which the clock jumps.

#![cfg(feature = "test-idp")]

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use saml_verify::test_idp::TestIdp;
use saml_verify::time::parse_rfc3339;
use saml_verify::{
    Error, Expect, IdentityProvider, InProcessReplayStore, ReplayError, ReplayKey, ReplayStore, ServiceProvider, Verified,
    Verifier,
};

const SP: &str = "urn:test:sp";
const ACS: &str = "https://sp.example/acs";

fn start() -> SystemTime {
    parse_rfc3339("2027-03-03T10:00:00Z").expect("a time")
}

fn at(seconds: u64) -> SystemTime {
    start() + Duration::from_secs(seconds)
}

fn verifier(name: &str, skew: u64) -> Verifier {
    let idp = IdentityProvider::new(name, TestIdp::new(name).trusted_keys()).expect("an identity provider");
    let verifier = Verifier::new(ServiceProvider::new(SP, ACS).expect("a service provider"), idp);
    verifier.clock_skew(Duration::from_secs(skew)).expect("a skew within bounds")
}

/// A login of that provider, which gives each of its assertions the same ID.
fn verified(name: &str, issued: SystemTime, lifetime: u64, skew: u64, now: SystemTime) -> Result<Verified, Error> {
    let field = TestIdp::new(name).response(SP, ACS, issued).lifetime(Duration::from_secs(lifetime)).to_form_field();
    verifier(name, skew).verify_post(&field, Expect::Unsolicited, now)
}

fn keys(count: usize) -> Vec<ReplayKey> {
    let key = |number: usize| verified(&format!("urn:idp:{number}"), start(), 60, 0, start()).expect("a login").replay_key();
    (0..count).map(key).collect()
}

/// What happened so far, and nothing thrown away.
#[derive(Default)]
struct Plain {
    claims: Vec<Claim>,
}

/// A claim that succeeded.
struct Claim {
    key: ReplayKey,
    expires: SystemTime,
    /// A later claim came at a time at which this one had expired.
    forgotten: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Accepted,
    Replayed,
    Full,
    /// It may be one that was forgotten.
    Unknown,
}

impl Plain {
    /// What a store of that capacity must say: nobody twice, everybody else for whom there is room, unless what expires then was
    /// forgotten.
    fn claim(&mut self, key: &ReplayKey, expires: SystemTime, now: SystemTime, capacity: usize) -> Expected {
        if self.claims.iter().any(|claim| claim.key == *key && !claim.forgotten) {
            return Expected::Replayed;
        }
        self.claims.iter_mut().filter(|claim| claim.expires <= now).for_each(|claim| claim.forgotten = true);
        if self.claims.iter().any(|claim| claim.forgotten && claim.expires >= expires) {
            return Expected::Unknown;
        }
        if self.claims.iter().filter(|claim| !claim.forgotten).count() >= capacity {
            return Expected::Full;
        }
        self.claims.push(Claim { key: key.clone(), expires, forgotten: false });
        Expected::Accepted
    }

    /// Whether an assertion was let in twice: each has one expiry.
    fn lets_in_twice(&self) -> bool {
        let same = |(place, one): (usize, &Claim)| {
            self.claims.iter().skip(place + 1).any(|other| one.key == other.key && one.expires == other.expires)
        };
        self.claims.iter().enumerate().any(same)
    }
}

/// A claim: which key, how long after the clock it expires, and by how much the clock jumped before.
type Step = (usize, u64, i64);

fn history() -> impl Strategy<Value = (usize, Vec<Step>)> {
    let jump = prop_oneof![4 => 0..3_i64, 3 => -3..40_i64, 2 => -60..60_i64, 1 => -1000..1000_i64];
    let lifetime = prop_oneof![4 => 1..30_u64, 1 => 1..400_u64];
    (1..6_usize, vec((0..6_usize, lifetime, jump), 1..40))
}

/// Of any history, the store says of each claim what a store that never forgets says. So nobody is let in twice, whatever the
/// clock does.
#[test]
fn the_store_says_what_a_plain_one_says_whatever_the_clock_does() {
    let keys = keys(6);
    let config = ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]));
    let result = runner.run(&history(), |(capacity, steps)| {
        let store = InProcessReplayStore::new(NonZeroUsize::new(capacity).expect("not zero"));
        let mut plain = Plain::default();
        let mut clock = 10_000_i64;
        for (step, (key, lifetime, jump)) in steps.into_iter().enumerate() {
            clock = (clock + jump).max(0);
            let now = at(u64::try_from(clock).expect("not negative"));
            let (key, expires) = (&keys[key], now + Duration::from_secs(lifetime));
            let expected = plain.claim(key, expires, now, capacity);
            let said = match store.claim(key, expires, now) {
                Ok(()) => Expected::Accepted,
                Err(ReplayError::Replayed) => Expected::Replayed,
                Err(ReplayError::StoreFull { capacity: told }) if told == capacity => Expected::Full,
                Err(ReplayError::StoreUnavailable { .. }) => Expected::Unknown,
                Err(other) => panic!("{other}"),
            };
            prop_assert_eq!(said, expected, "step {}, clock {}", step, clock);
            prop_assert!(!plain.lets_in_twice(), "step {}, clock {}", step, clock);
        }
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, history)) => panic!("{reason}\nof {history:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// Forgotten twice, and the clock goes back: what was forgotten first and what was forgotten last are both not let in again.
#[test]
fn what_was_forgotten_in_two_turns_stays_out_when_the_clock_goes_back() {
    let keys = keys(4);
    let store = InProcessReplayStore::new(NonZeroUsize::new(8).expect("not zero"));
    for (key, expires, now) in [(0, 100, 0), (1, 200, 150), (2, 300, 250), (3, 9_000, 350)] {
        assert_eq!(store.claim(&keys[key], at(expires), at(now)), Ok(()), "{key}");
    }
    for (key, expires) in [(0, 100), (1, 200), (2, 300)] {
        let again = store.claim(&keys[key], at(expires), at(10));
        assert!(matches!(again, Err(ReplayError::StoreUnavailable { .. })), "{key}: {again:?}");
    }
    assert_eq!(store.claim(&keys[0], at(301), at(10)), Ok(()), "nothing that expires then was forgotten");
}

/// A login is held as long as its holder likes. Whoever verified it again, with whatever skew, and claims first, has it; for the
/// other it is used, however late and whatever the clocks said in between.
#[test]
fn a_login_that_is_held_and_claimed_late_is_used_once() {
    let lifetime = 600;
    for held_skew in [0, 60, 300] {
        for other_skew in [0, 60, 300] {
            for between in [0, 100, lifetime + 1, lifetime + 299, lifetime + 300] {
                let store = InProcessReplayStore::default();
                let held = verified("urn:idp", start(), lifetime, held_skew, at(1)).expect("a login");
                let also_held = verified("urn:idp", start(), lifetime, other_skew, at(lifetime - 1)).expect("a login");
                assert!(also_held.clone().claim(&store).is_ok());
                // Somebody else's login tells the store the time.
                let somebody = verified("urn:somebody", at(between), 60, 0, at(between)).expect("a login");
                assert!(somebody.claim(&store).is_ok());
                for again in [held, also_held] {
                    let refused = again.claim(&store).map(|_| ()).expect_err("used");
                    let expected = if between < lifetime + 300 { "replayed" } else { "replay_store_unavailable" };
                    assert_eq!(refused.code(), expected, "{held_skew} {other_skew} {between}");
                }
                // And no verifier accepts it any more once the store may have forgotten it.
                let late = verified("urn:idp", start(), lifetime, 300, at(lifetime + 300));
                assert_eq!(late.map(|_| ()).map_err(|error| error.code()), Err("expired"));
            }
        }
    }
}

/// One ID, two identity providers: two assertions.
#[test]
fn assertions_of_two_providers_are_two() {
    let store = InProcessReplayStore::default();
    for name in ["urn:idp:a", "urn:idp:b"] {
        let login = || verified(name, start(), 600, 0, at(1)).expect("a login");
        assert!(login().claim(&store).is_ok(), "{name}");
        assert_eq!(login().claim(&store).map(|_| ()).expect_err("used").code(), "replayed");
    }
}
