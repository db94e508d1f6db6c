//! What several machines share, in Redis or Valkey. Feature `redis`.
//!
//! In go a claim on an assertion, or a pending request; out comes what the server answered to one atomic command. A server that is
//! away, refuses writes, or may forget early is an error, and an error refuses the login.
//!
//! Deliberately absent: Redis Cluster (the commands ask one server), and any answer from memory while the server is away.

pub(crate) mod pending;
pub(crate) mod replay;
pub(crate) mod server;

use std::fmt;

/// Why a Redis server could not be relied upon. It is the [`source`](std::error::Error::source) of the error that refuses.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum RedisStoreError {
    /// The server did not answer as it should: it is away, slow, full, loading, or asks for a password.
    Failed {
        /// What the client says.
        reason: String,
    },
    /// The server is a replica, which takes no writes.
    ReadOnly,
    /// The server drops keys when its memory is full, and so could forget a used assertion: `maxmemory-policy` must be
    /// `noeviction`.
    MayEvict {
        /// The policy.
        policy: String,
    },
    /// The assertion has expired by this machine's clock since it was verified, so that the server may have forgotten it.
    ClaimedTooLate,
    /// Fewer replicas confirmed the write in time than were required.
    NotReplicated {
        /// How many were required.
        required: u32,
        /// How many confirmed.
        confirmed: u32,
    },
}

impl fmt::Display for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { reason } => write!(f, "Redis: {reason}"),
            Self::ReadOnly => f.write_str("Redis: the server is a replica and takes no writes; connect to the primary"),
            Self::MayEvict { policy } => {
                write!(f, "Redis: maxmemory-policy is {policy}, so the server may forget keys early; it must be noeviction")
            }
            Self::ClaimedTooLate => {
                f.write_str("Redis: the assertion expired before it was claimed; claim a login as soon as it is verified")
            }
            Self::NotReplicated { required, confirmed } => {
                write!(f, "Redis: {confirmed} of {required} required replicas confirmed the write in time")
            }
        }
    }
}

impl std::error::Error for RedisStoreError {}

impl From<redis::RedisError> for RedisStoreError {
    fn from(error: redis::RedisError) -> Self {
        let reason = error.to_string();
        let is_read_only = error
            .into_server_errors()
            .is_some_and(|errors| errors.iter().any(|(_, error)| error.kind() == Some(redis::ServerErrorKind::ReadOnly)));
        if is_read_only { Self::ReadOnly } else { Self::Failed { reason } }
    }
}
