//! One use for each assertion: the claim that a service stakes on it, and what a store has to do for that.
//!
//! SAML Profiles 4.1.4.5: a bearer assertion is accepted once; its identifier is remembered until the assertion has expired. In
//! goes a [`ReplayKey`] and the time of that expiry; out comes leave to use the assertion, at most once for each key.
//!
//! There is no way to ask whether a key is known: between the question and the claim another request could slip in. Nor is
//! there a way to give a key back.

#[cfg(feature = "test-idp")]
pub(crate) mod contract;
pub(crate) mod in_process;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
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
        Self::of([issuer, id])
    }

    /// The key of the LogoutRequest that `issuer` gave the ID `id`: never that of an assertion, for it is over three parts.
    pub(crate) fn of_logout_request(issuer: &str, id: &str) -> Self {
        Self::of(["LogoutRequest", issuer, id])
    }

    fn of<const N: usize>(parts: [&str; N]) -> Self {
        let mut digester = Digester::new(DigestAlgorithm::Sha256);
        for part in parts {
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

/// The answer of an [`AsyncReplayStore`], which comes later: `Box::pin(async move { … })`.
pub type ReplayFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send + 'a>>;

/// [`ReplayStore`] for stores across a network, where the claim waits for an answer.
///
/// With Redis or Valkey the claim is one command, `SET key 1 NX PX milliseconds`: it answers `OK` to the first and nothing to
/// every other, and forgets by itself. The server must not evict (`maxmemory-policy noeviction`), and a failover may forget
/// the last writes.
///
/// ```
/// use std::time::SystemTime;
/// use saml_verify::{AsyncReplayStore, ReplayError, ReplayFuture, ReplayKey};
///
/// # struct RedisClient;
/// # impl RedisClient {
/// #     async fn set_nx_px(&self, _key: &str, _value: &str, _milliseconds: u64) -> std::io::Result<bool> { Ok(true) }
/// # }
/// struct RedisReplayStore {
///     client: RedisClient,
/// }
///
/// impl AsyncReplayStore for RedisReplayStore {
///     fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
///         Box::pin(async move {
///             let lifetime = expires.duration_since(now).unwrap_or_default().as_millis();
///             let lifetime = u64::try_from(lifetime).unwrap_or(u64::MAX).max(1);
///             match self.client.set_nx_px(&format!("saml:{key}"), "1", lifetime).await {
///                 Ok(true) => Ok(()),
///                 Ok(false) => Err(ReplayError::Replayed),
///                 Err(error) => Err(ReplayError::unavailable(error)),
///             }
///         })
///     }
/// }
///
/// // Which store it is can be chosen when the service starts.
/// let store: Box<dyn AsyncReplayStore> = Box::new(RedisReplayStore { client: RedisClient });
/// ```
///
/// The future is boxed, so that a store can be a trait object: one allocation beside a journey over the network.
pub trait AsyncReplayStore: Send + Sync {
    /// Claims `key` until `expires`; of any number of claims of one key, exactly one succeeds.
    ///
    /// See [`ReplayStore::claim`]. Nothing is claimed before the future is awaited.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Replayed`] where the key was claimed before; any other where the store cannot tell. Each refuses the login.
    fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a>;
}

macro_rules! stores_behind {
    ($($pointer:ty),+) => {
        $(impl<S: ReplayStore + ?Sized> ReplayStore for $pointer {
            fn claim(&self, key: &ReplayKey, expires: SystemTime, now: SystemTime) -> Result<(), ReplayError> {
                (**self).claim(key, expires, now)
            }
        }

        impl<S: AsyncReplayStore + ?Sized> AsyncReplayStore for $pointer {
            fn claim<'a>(&'a self, key: &'a ReplayKey, expires: SystemTime, now: SystemTime) -> ReplayFuture<'a> {
                (**self).claim(key, expires, now)
            }
        })+
    };
}

stores_behind!(&S, Arc<S>, Box<S>);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn key(id: &str) -> ReplayKey {
        ReplayKey::new("urn:idp", id)
    }

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
}
