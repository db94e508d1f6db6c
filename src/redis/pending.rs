//! Pending requests in Redis: one `SET … NX PX …` for each request, one `GETDEL` for its answer.

use std::fmt;
use std::time::{Duration, SystemTime};

use redis::aio::ConnectionLike;
use redis::{Client, Cmd, Pipeline, Value};

use super::RedisStoreError;
use super::server::{Connections, Durability, lifetime, read, unexpected};
use crate::request::pending::PendingRequest;

/// Pending requests in Redis or Valkey, for services that run as several processes: whichever gets the answer finds the request. It
/// blocks.
///
/// [`put`](Self::put) stores a request until it expires, when the server forgets it by itself. [`take`](Self::take) hands it out once:
/// `GETDEL` is one atomic command (Redis 6.2, any Valkey).
///
/// **An ID is no secret of a browser.** The answer names it, and anybody can start a login and hand its answer to another browser. Keep
/// the IDs that a browser started in its session or in a cookie that the service signs, verify with
/// [`Expect::AnswerToAny`](crate::Expect::AnswerToAny) of those, and then take the one that
/// [`Login::in_response_to`](crate::Login::in_response_to) names.
///
/// ```no_run
/// # let (login, now): (saml_verify::Login, _) = unimplemented!();
/// # let started: saml_verify::LoginRedirect = unimplemented!();
/// use saml_verify::RedisPendingRequests;
///
/// let pending = RedisPendingRequests::new(redis::Client::open("redis://127.0.0.1/")?);
/// pending.put(&started.pending, now)?;
/// // The answer was verified.
/// let id = login.in_response_to().unwrap_or_default();
/// match pending.take(id)? {
///     Some(request) => assert!(request.expect(login.issuer(), now).is_ok()),
///     None => { /* it was answered before, or has expired: start the login anew */ }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedisPendingRequests {
    connections: Connections,
    requests: Requests,
}

/// Pending requests in Redis or Valkey. As [`RedisPendingRequests`], over a connection that many tasks share:
/// `redis::aio::ConnectionManager`, which connects again by itself, or `MultiplexedConnection`.
///
/// How long a call waits is the connection's setting: set a response timeout there.
pub struct AsyncRedisPendingRequests<C> {
    connection: C,
    requests: Requests,
}

/// How requests are written and read.
#[derive(Clone, Debug)]
struct Requests {
    prefix: String,
}

impl Default for Requests {
    fn default() -> Self {
        Self { prefix: "saml:pending:".to_owned() }
    }
}

impl Requests {
    /// A server that may drop keys would lose logins without a word, so that it is asked as for a claim.
    fn put(&self, request: &PendingRequest, now: SystemTime) -> Pipeline {
        let mut write = Cmd::new();
        write.arg("SET").arg(self.key(request.id())).arg(request.to_compact());
        write.arg("NX").arg("PX").arg(lifetime(request.expires_at(), now));
        Durability::default().commands(&write)
    }

    fn judge_put(answers: Vec<Value>) -> Result<(), RedisStoreError> {
        match Durability::default().judge(answers)? {
            Value::Okay => Ok(()),
            Value::Nil => Err(unexpected("a request of this ID is pending already")),
            _ => Err(unexpected("SET says neither OK nor nothing")),
        }
    }

    fn take(&self, id: &str) -> Pipeline {
        let mut take = redis::pipe();
        take.cmd("GETDEL").arg(self.key(id));
        take
    }

    fn judge_take(id: &str, answers: Vec<Value>) -> Result<Option<PendingRequest>, RedisStoreError> {
        let [answer] = <[Value; 1]>::try_from(answers).map_err(|_| unexpected("GETDEL has one answer"))?;
        let Some(text) = read::<Option<String>>(answer)? else { return Ok(None) };
        let request = PendingRequest::from_compact(&text).map_err(|error| unexpected(&error.to_string()))?;
        if request.id() == id { Ok(Some(request)) } else { Err(unexpected("the request of another ID")) }
    }

    fn key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix)
    }
}

impl RedisPendingRequests {
    /// How long each step waits for the server: to connect, to write, and to answer.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

    /// In the server of that client. It connects when the first request is stored, and again when a connection breaks.
    pub fn new(client: Client) -> Self {
        Self { connections: Connections::new(client, Self::DEFAULT_TIMEOUT), requests: Requests::default() }
    }

    /// What stands before each key: `saml:pending:` if not said.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.requests.prefix = prefix.into();
        self
    }

    /// How long each step waits. What takes longer is an error.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        // Zero is no timeout that the system takes.
        self.connections = self.connections.with_patience(timeout.max(Duration::from_millis(1)));
        self
    }

    /// Stores a request until it expires.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError`] where it cannot be relied upon that it is stored: do not send the browser away then.
    pub fn put(&self, request: &PendingRequest, now: SystemTime) -> Result<(), RedisStoreError> {
        Requests::judge_put(self.connections.ask(&self.requests.put(request, now))?)
    }

    /// Takes the request of that ID out, for the one answer that it may have; `None` where none is pending.
    ///
    /// Of any number of calls for one ID, in any number of processes, one gets the request.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError`] where the server does not tell: nothing is known then, least of all that none is pending.
    pub fn take(&self, id: &str) -> Result<Option<PendingRequest>, RedisStoreError> {
        Requests::judge_take(id, self.connections.ask(&self.requests.take(id))?)
    }
}

impl<C> AsyncRedisPendingRequests<C> {
    /// Over that connection.
    pub fn new(connection: C) -> Self {
        Self { connection, requests: Requests::default() }
    }

    /// As [`RedisPendingRequests::prefix`].
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.requests.prefix = prefix.into();
        self
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> AsyncRedisPendingRequests<C> {
    /// As [`RedisPendingRequests::put`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn put(&self, request: &PendingRequest, now: SystemTime) -> Result<(), RedisStoreError> {
        Requests::judge_put(self.requests.put(request, now).query_async(&mut self.connection.clone()).await?)
    }

    /// As [`RedisPendingRequests::take`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn take(&self, id: &str) -> Result<Option<PendingRequest>, RedisStoreError> {
        Requests::judge_take(id, self.requests.take(id).query_async(&mut self.connection.clone()).await?)
    }
}

impl fmt::Debug for RedisPendingRequests {
    /// Without the server's address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPendingRequests").field("prefix", &self.requests.prefix).finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for AsyncRedisPendingRequests<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncRedisPendingRequests").field("prefix", &self.requests.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "_00112233445566778899aabbccddeeff";

    fn request() -> PendingRequest {
        let lifetime = (SystemTime::UNIX_EPOCH + Duration::from_secs(1000), Duration::from_secs(600));
        PendingRequest::new(ID.to_owned(), "urn:idp", lifetime, Some("/reports"), None).unwrap()
    }

    #[test]
    fn a_request_is_kept_until_it_expires_and_taken_in_one_command() {
        let words = |commands: Pipeline| {
            let sent = String::from_utf8(commands.get_packed_pipeline()).unwrap();
            sent.split("\r\n").filter(|word| !word.starts_with(['*', '$'])).map(str::to_owned).collect::<Vec<_>>()
        };
        let (requests, key) = (Requests::default(), format!("saml:pending:{ID}"));
        let put = words(requests.put(&request(), SystemTime::UNIX_EPOCH + Duration::from_secs(1001)));
        assert_eq!(put, ["INFO", "memory", "SET", &key, &request().to_compact(), "NX", "PX", "599000", ""]);
        assert_eq!(words(requests.take(ID)), ["GETDEL", &key, ""]);
    }

    #[test]
    fn only_what_was_put_is_taken() {
        let text = |text: &str| Value::BulkString(text.into());
        let other = request().to_compact().replace("aabb", "bbaa");
        assert_eq!(Requests::judge_take(ID, vec![text(&request().to_compact())]).unwrap(), Some(request()));
        assert_eq!(Requests::judge_take(ID, vec![Value::Nil]).unwrap(), None);
        for answers in [vec![text("1")], vec![text(&other)], vec![Value::Int(1)], vec![Value::Okay], vec![], vec![Value::Nil; 2]]
        {
            assert!(Requests::judge_take(ID, answers.clone()).is_err(), "{answers:?}");
        }
        let put = |answer| Requests::judge_put(vec![text("maxmemory:0\r\n"), answer]);
        assert!(put(Value::Okay).is_ok());
        for answer in [Value::Nil, Value::Int(1), text("OK")] {
            assert!(put(answer).is_err());
        }
        assert!(Requests::judge_put(vec![text("maxmemory:1\r\nmaxmemory_policy:allkeys-lru\r\n"), Value::Okay]).is_err());
    }
}
