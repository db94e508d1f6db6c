//! The replay store in Redis: one `SET … NX PX …` for each claim.

use std::fmt;
use std::time::{Duration, SystemTime};

use redis::aio::ConnectionLike;
use redis::{Client, Cmd, Pipeline, Value};

use super::RedisStoreError;
use super::server::{Connections, Durability, lifetime, unexpected};
use crate::Verifier;
use crate::error::ReplayError;
use crate::replay::{AsyncReplayStore, ReplayFuture, ReplayKey, ReplayStore};

/// A [`ReplayStore`] in Redis or Valkey, for services that run as several processes. It blocks.
///
/// A claim is one atomic command, `SET prefix+key 1 NX PX milliseconds`; the server forgets the key by itself some minutes after the
/// assertion has expired. It goes by the clock of this machine as well: an assertion that has expired by it is not claimed any more. With each claim the server is asked whether it may drop keys early, and refused if so.
///
/// What a server can lose, it can accept twice: after a crash without `appendfsync always`, or a failover before the write reached
/// the new primary, an assertion that was used in the last moments can be used again until it expires.
/// [`RedisReplayStore::require_replicas`] closes the second gap as far as replicas confirm in time.
///
/// ```no_run
/// use saml_verify::RedisReplayStore;
///
/// let store = RedisReplayStore::new(redis::Client::open("redis://127.0.0.1/")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedisReplayStore {
    connections: Connections,
    claims: Claims,
}

/// An [`AsyncReplayStore`] in Redis or Valkey. As [`RedisReplayStore`], over a connection that many tasks share:
/// `redis::aio::ConnectionManager`, which connects again by itself, or `MultiplexedConnection`.
///
/// How long a claim waits is the connection's setting: set a response timeout there.
pub struct AsyncRedisReplayStore<C> {
    connection: C,
    claims: Claims,
}

/// How claims are written.
#[derive(Clone, Debug)]
struct Claims {
    prefix: String,
    durability: Durability,
}

impl Default for Claims {
    fn default() -> Self {
        Self { prefix: "saml:used:".to_owned(), durability: Durability::default() }
    }
}

impl Claims {
    /// Kept longer than until the assertion expires by `now`, which may be ahead of the clock of another machine.
    fn commands(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Pipeline {
        let lifetime = lifetime(expires.checked_add(Verifier::MAX_CLOCK_SKEW).unwrap_or(expires), now);
        let mut write = Cmd::new();
        write.arg("SET").arg(format!("{}{key}", self.prefix)).arg("1").arg("NX").arg("PX").arg(lifetime);
        self.durability.commands(&write)
    }

    /// The server forgets by the clock, so that what was verified long ago and is claimed only now may be among the forgotten.
    fn is_live(expires: SystemTime, clock: SystemTime) -> Result<(), ReplayError> {
        if clock < expires {
            return Ok(());
        }
        Err(ReplayError::unavailable(RedisStoreError::ClaimedTooLate))
    }

    fn judge(&self, answers: Vec<Value>) -> Result<(), ReplayError> {
        match self.durability.judge(answers).map_err(ReplayError::unavailable)? {
            Value::Okay => Ok(()),
            Value::Nil => Err(ReplayError::Replayed),
            _ => Err(ReplayError::unavailable(unexpected("SET says neither OK nor nothing"))),
        }
    }
}

impl RedisReplayStore {
    /// How long a claim waits for the server: to connect, to write, and to answer.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

    /// In the server of that client. It connects when the first claim is made, and again when a connection breaks.
    pub fn new(client: Client) -> Self {
        Self { connections: Connections::new(client, Self::DEFAULT_TIMEOUT), claims: Claims::default() }
    }

    /// What stands before each key: `saml:used:` if not said. All services that share an assertion consumer URL use the same.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.claims.prefix = prefix.into();
        self
    }

    /// How long each step of a claim waits. A claim that takes longer is refused.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        // Zero is no timeout that the system takes.
        self.connections = self.connections.with_patience(timeout.max(Duration::from_millis(1)));
        self
    }

    /// Refuses a login unless so many replicas confirm the claim within that time (`WAIT`), at most a minute.
    #[must_use]
    pub fn require_replicas(mut self, replicas: u32, within: Duration) -> Self {
        self.claims.durability.replicas = Some((replicas, within));
        self
    }
}

impl ReplayStore for RedisReplayStore {
    fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
        Claims::is_live(expires, SystemTime::now())?;
        let answers = self.connections.ask(&self.claims.commands(key, expires, now)).map_err(ReplayError::unavailable)?;
        self.claims.judge(answers)
    }
}

impl<C> AsyncRedisReplayStore<C> {
    /// Over that connection.
    pub fn new(connection: C) -> Self {
        Self { connection, claims: Claims::default() }
    }

    /// As [`RedisReplayStore::prefix`].
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.claims.prefix = prefix.into();
        self
    }

    /// As [`RedisReplayStore::require_replicas`].
    #[must_use]
    pub fn require_replicas(mut self, replicas: u32, within: Duration) -> Self {
        self.claims.durability.replicas = Some((replicas, within));
        self
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> AsyncReplayStore for AsyncRedisReplayStore<C> {
    fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
        Box::pin(async move {
            Claims::is_live(expires, SystemTime::now())?;
            let commands = self.claims.commands(key, expires, now);
            let answers = commands.query_async(&mut self.connection.clone()).await;
            self.claims.judge(answers.map_err(|error| ReplayError::unavailable(RedisStoreError::from(error)))?)
        })
    }
}

impl fmt::Debug for RedisReplayStore {
    /// Without the server's address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisReplayStore").field("prefix", &self.claims.prefix).finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for AsyncRedisReplayStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncRedisReplayStore").field("prefix", &self.claims.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_one_atomic_command_between_two_questions() {
        let now = SystemTime::UNIX_EPOCH;
        let store = Claims { prefix: "p:".to_owned(), durability: Durability { replicas: Some((1, Duration::from_millis(50))) } };
        let sent = store.commands(&ReplayKey::new("urn:idp", "_1"), now + Duration::from_secs(1), now).get_packed_pipeline();
        let words: Vec<&str> =
            std::str::from_utf8(&sent).unwrap().split("\r\n").filter(|word| !word.starts_with(['*', '$'])).collect();
        let key = format!("p:{}", ReplayKey::new("urn:idp", "_1"));
        assert_eq!(words, ["INFO", "memory", "SET", &key, "1", "NX", "PX", "301000", "WAIT", "1", "50", ""]);
    }

    #[test]
    fn what_expired_while_it_was_held_is_not_claimed() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let expires = now + Duration::from_secs(1);
        assert_eq!(Claims::is_live(expires, now), Ok(()));
        assert_eq!(Claims::is_live(expires, expires), Err(ReplayError::unavailable(RedisStoreError::ClaimedTooLate)));
    }

    /// Both stores ask the clock of the machine, not that of a verification which may be long ago, and they do so before the server.
    #[test]
    fn neither_store_asks_the_server_about_what_expired_while_it_was_held() {
        #[derive(Clone)]
        struct Nobody;
        impl ConnectionLike for Nobody {
            fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> redis::RedisFuture<'a, Value> {
                Box::pin(async { Ok(Value::Nil) })
            }
            fn req_packed_commands<'a>(&'a mut self, _: &'a Pipeline, _: usize, _: usize) -> redis::RedisFuture<'a, Vec<Value>> {
                Box::pin(async { Ok(vec![Value::BulkString("maxmemory:0\r\n".into()), Value::Okay]) })
            }
            fn get_db(&self) -> i64 {
                0
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let distant = AsyncRedisReplayStore::new(Nobody);
        let near = RedisReplayStore::new(Client::open("redis://127.0.0.1:1/").unwrap());
        let key = ReplayKey::new("urn:idp", "_1");
        let late = Err(ReplayError::unavailable(RedisStoreError::ClaimedTooLate));
        let (expires, verified) = (SystemTime::UNIX_EPOCH + Duration::from_secs(60), SystemTime::UNIX_EPOCH);
        assert_eq!(near.claim(&key, expires, verified), late);
        assert_eq!(runtime.block_on(distant.claim(&key, expires, verified)), late);
        // Nobody is there to ask, or says yes, about what has not.
        let (expires, verified) = (SystemTime::now() + Duration::from_secs(3600), SystemTime::UNIX_EPOCH);
        assert_ne!(near.claim(&key, expires, verified), late);
        assert_eq!(runtime.block_on(distant.claim(&key, expires, verified)), Ok(()));
    }

    #[test]
    fn only_ok_is_a_claim() {
        let claims = Claims::default();
        let judged = |answer| claims.judge(vec![Value::BulkString("maxmemory:0\r\n".into()), answer]);
        assert_eq!(judged(Value::Okay), Ok(()));
        assert_eq!(judged(Value::Nil), Err(ReplayError::Replayed));
        for answer in
            [Value::Int(1), Value::BulkString("OK".into()), Value::BulkString("QUEUED".into()), Value::Array(Vec::new())]
        {
            assert!(matches!(judged(answer), Err(ReplayError::StoreUnavailable { .. })));
        }
    }
}
