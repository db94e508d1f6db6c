//! Many connections behind one assertion consumer service. Feature `registry`.
//!
//! A service adds, replaces and removes connections while it runs. A posted message goes in; the connection of the identity
//! provider that the message names comes out, with the login that this connection verified.
//!
//! The name in the message is anybody's claim. It only chooses the connection: the signature, and the check of the Issuer that
//! every verification makes, decide whether it is true. Two connections whose identity providers share a signing key cannot
//! speak for each other.
//!
//! Readers take no lock: they load one pointer to an index that never changes. Writers copy the index.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;

use crate::binding::mistaken::in_place_of_message;
use crate::binding::post::decode_post;
use crate::error::{ConfigError, ConstraintError, Error, Shown};
use crate::limits::Limits;
use crate::login::Verified;
use crate::saml::check::Expect;
use crate::saml::response::Response;
use crate::verifier::Verifier;
use crate::xml::Document;

/// The connections of a service, by a key of its own and by the identity provider's entity ID.
///
/// The key is whatever the service knows a customer by: a number, a name, part of a URL. Share the registry in an [`Arc`].
///
/// Finding a connection takes the same time however many there are. Adding, replacing or removing one copies the index, which
/// takes about a millisecond with 10,000 connections: load many at once with [`Registry::insert_all`].
///
/// ```
/// # use saml_verify::{IdentityProvider, ServiceProvider, TrustedKeys, Verifier};
/// use saml_verify::Registry;
/// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/auth0/keys/idp-rsa2048.pem"));
/// # let idp = IdentityProvider::new("urn:acme.us.auth0.com", TrustedKeys::from_pem(pem)?)?;
/// # let sp = ServiceProvider::new("urn:example:sp:portal", "https://portal.example.com/saml/acs")?;
///
/// let registry = Registry::default();
/// registry.insert("acme", Verifier::new(sp, idp))?;
///
/// assert_eq!(registry.by_entity_id("urn:acme.us.auth0.com").map(|connection| *connection.key()), Some("acme"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Registry<K = String> {
    current: ArcSwap<Index<K>>,
    /// Held by a writer from reading the index until the new one is in its place, so that no writer loses another's change.
    writing: Mutex<()>,
    limits: Limits,
}

/// One connection of a [`Registry`].
#[derive(Debug)]
pub struct Connection<K = String> {
    key: K,
    verifier: Verifier,
}

impl<K> Connection<K> {
    /// The key under which the service registered it.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// What verifies its logins.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

/// What an identity provider may answer.
pub(crate) enum Awaited<'e> {
    This(Expect<'e>),
    /// One of the requests with these IDs.
    OneOf(Vec<&'e str>),
}

impl Awaited<'_> {
    fn expect(&self) -> Expect<'_> {
        match self {
            Self::This(expect) => *expect,
            Self::OneOf(ids) => Expect::AnswerToAny(ids),
        }
    }
}

struct Index<K> {
    by_key: HashMap<K, Arc<Connection<K>>>,
    by_entity_id: HashMap<Arc<str>, Arc<Connection<K>>>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), by_entity_id: HashMap::new() }
    }
}

impl<K> Clone for Index<K>
where
    K: Clone,
{
    fn clone(&self) -> Self {
        Self { by_key: self.by_key.clone(), by_entity_id: self.by_entity_id.clone() }
    }
}

impl<K: Clone + Eq + Hash> Index<K> {
    fn insert(&mut self, key: K, verifier: Verifier) -> Result<Option<Arc<Connection<K>>>, ConfigError> {
        if let Some(taken) = verifier.entity_ids().find(|name| self.by_entity_id.get(*name).is_some_and(|one| one.key != key)) {
            return Err(ConfigError::DuplicateIdentityProvider { entity_id: taken.to_owned() });
        }
        let before = self.remove(&key);
        let connection = Arc::new(Connection { key: key.clone(), verifier });
        for name in connection.verifier.entity_ids() {
            self.by_entity_id.insert(name.into(), Arc::clone(&connection));
        }
        self.by_key.insert(key, connection);
        Ok(before)
    }

    fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<Arc<Connection<K>>>
    where
        K: Borrow<Q>,
    {
        let removed = self.by_key.remove(key)?;
        for name in removed.verifier.entity_ids() {
            self.by_entity_id.remove(name);
        }
        Some(removed)
    }
}

impl<K> Default for Registry<K> {
    /// Without connections, with [`Limits::DEFAULT`].
    fn default() -> Self {
        Self::new(Limits::DEFAULT)
    }
}

impl<K> Registry<K> {
    /// Without connections. `limits` bounds every message, in place of the limits of the connections' verifiers: the message has
    /// been read before its connection is known.
    pub fn new(limits: Limits) -> Self {
        Self { current: ArcSwap::default(), writing: Mutex::new(()), limits }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.current.load().by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All connections, in no particular order, as they are at this moment.
    pub fn connections(&self) -> Vec<Arc<Connection<K>>> {
        self.current.load().by_key.values().cloned().collect()
    }

    /// The connection of the identity provider with that entity ID.
    pub fn by_entity_id(&self, entity_id: &str) -> Option<Arc<Connection<K>>> {
        self.current.load().by_entity_id.get(entity_id).cloned()
    }

    /// Verifies the form field `SAMLResponse` of a POST with the connection of the identity provider that it names.
    ///
    /// Use the key of the connection that comes back, and nothing that was known before, to say whose user logged in.
    ///
    /// `expect` does not say which identity provider is to answer: where requests are pending at several of them, one could answer
    /// what another was asked. [`PendingRequests::verify_post`](crate::PendingRequests::verify_post) expects of each only answers to
    /// the requests that it was sent.
    ///
    /// # Errors
    ///
    /// [`ConstraintError::UnknownIdentityProvider`] where no connection has the Issuer; else as [`Verifier::verify_post`].
    pub fn verify_post(
        &self,
        saml_response: &str,
        expect: Expect<'_>,
        now: SystemTime,
    ) -> Result<(Arc<Connection<K>>, Verified), Error> {
        self.verify_awaited(saml_response, |_| Awaited::This(expect), now)
    }

    /// As [`Registry::verify_post`], where what is expected depends on the Issuer that the message claims to have.
    pub(crate) fn verify_awaited<'e>(
        &self,
        saml_response: &str,
        awaited_from: impl FnOnce(&str) -> Awaited<'e>,
        now: SystemTime,
    ) -> Result<(Arc<Connection<K>>, Verified), Error> {
        let xml = decode_post(saml_response, &self.limits)?;
        let document = Document::parse_message(&xml, &self.limits).map_err(|error| in_place_of_message(&xml, error))?;
        let unverified = Response::read(document.root()).map_err(|error| in_place_of_message(&xml, error))?;
        let claimed = unverified.claimed_issuer();
        let name = claimed.as_ref().map_or("", |issuer| &issuer.name);
        let connection =
            self.by_entity_id(name).ok_or_else(|| ConstraintError::UnknownIdentityProvider { received: Shown::new(name) })?;
        let awaited = awaited_from(name);
        let verified = connection.verifier.verify_response(&document, unverified, awaited.expect(), now)?;
        Ok((connection, verified))
    }
}

impl<K: Clone + Eq + Hash> Registry<K> {
    /// The connection that was registered under that key.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Arc<Connection<K>>>
    where
        K: Borrow<Q>,
    {
        self.current.load().by_key.get(key).cloned()
    }

    /// Adds a connection, or replaces the one under that key, and returns that. Verifications that have begun end with the
    /// connection that they began with.
    ///
    /// # Errors
    ///
    /// [`ConfigError::DuplicateIdentityProvider`] where the connection of another key has an identity provider of that entity ID.
    pub fn insert(&self, key: K, verifier: Verifier) -> Result<Option<Arc<Connection<K>>>, ConfigError> {
        self.write(|index| index.insert(key, verifier))
    }

    /// Adds or replaces any number of connections in one step: all, or none where one of them is refused.
    ///
    /// # Errors
    ///
    /// As [`Registry::insert`].
    pub fn insert_all(&self, connections: impl IntoIterator<Item = (K, Verifier)>) -> Result<(), ConfigError> {
        self.write(|index| connections.into_iter().try_for_each(|(key, verifier)| index.insert(key, verifier).map(|_| ())))
    }

    /// Removes the connection under that key, and returns it.
    pub fn remove<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<Arc<Connection<K>>>
    where
        K: Borrow<Q>,
    {
        let removed: Result<_, ConfigError> = self.write(|index| Ok(index.remove(key)));
        removed.ok().flatten()
    }

    /// Puts a changed copy of the index in its place, unless the change is refused.
    fn write<T>(&self, change: impl FnOnce(&mut Index<K>) -> Result<T, ConfigError>) -> Result<T, ConfigError> {
        // What the lock protects is no data: a writer that panicked left the index as it was.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = Index::clone(&self.current.load());
        let result = change(&mut index)?;
        self.current.store(Arc::new(index));
        Ok(result)
    }
}

impl<K> fmt::Debug for Registry<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("connections", &self.len()).finish_non_exhaustive()
    }
}
