//! How a Redis server is asked: the commands of a claim, their answers, and connections for callers that block.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use redis::{Client, Connection, FromRedisValue, Pipeline, Value};

use super::RedisStoreError;

/// What is required of the server beside the write itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Durability {
    /// How many replicas must confirm, and how long to wait for them.
    pub(crate) replicas: Option<(u32, Duration)>,
}

impl Durability {
    /// The commands: what the server does when it is full, the write, and the confirmation of replicas.
    ///
    /// The write alone changes anything, in one atomic step. The first one makes sure that what it wrote is not forgotten.
    pub(crate) fn commands(self, write: &redis::Cmd) -> Pipeline {
        let mut commands = redis::pipe();
        commands.cmd("INFO").arg("memory").add_command(write.clone());
        if let Some((replicas, patience)) = self.replicas {
            // 0 would wait for ever.
            commands.cmd("WAIT").arg(replicas).arg(patience.as_millis().clamp(1, 60_000).to_string());
        }
        commands
    }

    /// What the write answered, where the answers of the other commands allow to rely on it.
    pub(crate) fn judge(self, answers: Vec<Value>) -> Result<Value, RedisStoreError> {
        let mut answers = answers.into_iter();
        let mut next = || answers.next().ok_or_else(|| unexpected("too few answers"));
        let memory: String = read(next()?)?;
        let written = next()?;
        keeps_keys(&memory)?;
        if let Some((required, _)) = self.replicas {
            let confirmed: u32 = read(next()?)?;
            if confirmed < required {
                return Err(RedisStoreError::NotReplicated { required, confirmed });
            }
        }
        Ok(written)
    }
}

/// A server with a bound on its memory must not make room by dropping keys.
fn keeps_keys(memory: &str) -> Result<(), RedisStoreError> {
    let field = |name: &str| memory.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    match (field("maxmemory"), field("maxmemory_policy")) {
        (Some("0"), _) | (_, Some("noeviction")) => Ok(()),
        (_, Some(policy)) => Err(RedisStoreError::MayEvict { policy: policy.to_owned() }),
        (_, None) => Err(unexpected("INFO does not tell the maxmemory_policy")),
    }
}

/// In whole milliseconds, rounded up: never forgotten early. Redis takes no more than fits.
pub(crate) fn lifetime(expires: SystemTime, now: SystemTime) -> u64 {
    const LONGEST: u64 = 1 << 50;
    let rounded_up = expires.duration_since(now).unwrap_or_default().saturating_add(Duration::from_nanos(999_999));
    u64::try_from(rounded_up.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST)
}

pub(crate) fn read<T: FromRedisValue>(value: Value) -> Result<T, RedisStoreError> {
    T::from_redis_value(value).map_err(|error| unexpected(&error.to_string()))
}

pub(crate) fn unexpected(reason: &str) -> RedisStoreError {
    RedisStoreError::Failed { reason: format!("an answer that was not expected: {reason}") }
}

/// Connections for callers that block, each used by one at a time.
pub(crate) struct Connections {
    client: Client,
    patience: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    /// How many idle connections are kept.
    const IDLE: usize = 16;

    pub(crate) fn new(client: Client, patience: Duration) -> Self {
        Self { client, patience, idle: Mutex::default() }
    }

    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sends the commands. Where a connection that lay idle turns out to be closed, once more over a new one: a write that was
    /// made although its answer was lost is found made the second time, which refuses.
    pub(crate) fn ask(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisStoreError> {
        // The lock ends with this statement: it is taken again below.
        let reused = self.idle().pop();
        if let Some(mut connection) = reused {
            match commands.query(&mut connection) {
                Ok(answers) => return Ok(self.keep(connection, answers)),
                Err(error) if error.is_connection_dropped() => self.idle().clear(),
                Err(error) => return Err(error.into()),
            }
        }
        let mut connection = self.client.get_connection_with_timeout(self.patience)?;
        connection.set_read_timeout(Some(self.patience))?;
        connection.set_write_timeout(Some(self.patience))?;
        let answers = commands.query(&mut connection)?;
        Ok(self.keep(connection, answers))
    }

    /// Only a connection whose answers were all read goes back.
    fn keep(&self, connection: Connection, answers: Vec<Value>) -> Vec<Value> {
        let mut idle = self.idle();
        if idle.len() < Self::IDLE {
            idle.push(connection);
        }
        answers
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(maxmemory: &str, policy: &str) -> String {
        format!("# Memory\r\nused_memory:1000\r\nmaxmemory:{maxmemory}\r\nmaxmemory_human:1K\r\nmaxmemory_policy:{policy}\r\n")
    }

    #[test]
    fn a_server_that_may_forget_is_refused() {
        for (maxmemory, policy, accepted) in [
            ("0", "noeviction", true),
            ("1000", "noeviction", true),
            ("0", "allkeys-lru", true),
            ("1000", "allkeys-lru", false),
            ("1000", "volatile-ttl", false),
        ] {
            let judged = keeps_keys(&memory(maxmemory, policy)).map_err(|error| error.to_string());
            let refused =
                || format!("Redis: maxmemory-policy is {policy}, so the server may forget keys early; it must be noeviction");
            assert_eq!(judged, if accepted { Ok(()) } else { Err(refused()) }, "{maxmemory} {policy}");
        }
        assert!(keeps_keys("# Memory\r\nused_memory:1000\r\n").is_err());
    }

    #[test]
    fn a_key_is_kept_at_least_until_it_expires() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (after, milliseconds) in [
            (Duration::from_secs(3600), 3_600_000),
            (Duration::from_nanos(1), 1),
            (Duration::from_micros(1_000_001), 1001),
            (Duration::ZERO, 1),
            (Duration::from_secs(1 << 50), 1 << 50),
        ] {
            assert_eq!(lifetime(now + after, now), milliseconds, "{after:?}");
        }
        assert_eq!(lifetime(now - Duration::from_secs(1), now), 1);
    }

    #[test]
    fn every_answer_is_needed() {
        let text = |text: &str| Value::BulkString(text.into());
        let durability = Durability { replicas: Some((2, Duration::from_millis(50))) };
        let answers = |confirmed| vec![text(&memory("0", "noeviction")), Value::Okay, Value::Int(confirmed)];
        assert_eq!(durability.judge(answers(2)).unwrap(), Value::Okay);
        assert_eq!(
            durability.judge(answers(1)).unwrap_err().to_string(),
            "Redis: 1 of 2 required replicas confirmed the write in time"
        );
        let short = vec![text(&memory("0", "noeviction")), Value::Okay];
        assert!(durability.judge(short.clone()).is_err());
        assert_eq!(Durability::default().judge(short).unwrap(), Value::Okay);
        assert!(Durability::default().judge(vec![Value::Nil, Value::Okay]).is_err());
        assert!(Durability::default().judge(Vec::new()).is_err());
    }
}
