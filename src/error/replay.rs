//! Refusals of the replay stage.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::Refusal;

/// Why an assertion, or a request for a logout, could not be claimed for its one use. SAML Profiles 4.1.4.5.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum ReplayError {
    /// It was used before.
    Replayed,
    /// The store holds as many live assertions as it may, and forgets none of them early.
    StoreFull {
        /// How many it holds.
        capacity: usize,
    },
    /// The store cannot tell whether it was used before.
    StoreUnavailable {
        /// The error of the store, which is also the [`source`](std::error::Error::source) of this one.
        source: Arc<dyn StdError + Send + Sync>,
    },
}

impl ReplayError {
    /// [`ReplayError::StoreUnavailable`] for that error of a store, or for a text that says why.
    ///
    /// The text of the error is part of the message, which is for the log: it must not tell a password.
    ///
    /// ```
    /// use saml_verify::ReplayError;
    ///
    /// let error = ReplayError::unavailable(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
    /// assert_eq!(error.to_string(), "the replay store is not available: connection refused");
    /// ```
    pub fn unavailable(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::StoreUnavailable { source: error.into().into() }
    }
}

/// Errors of stores are equal where they say the same.
impl PartialEq for ReplayError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Replayed, Self::Replayed) => true,
            (Self::StoreFull { capacity }, Self::StoreFull { capacity: other }) => capacity == other,
            (Self::StoreUnavailable { source }, Self::StoreUnavailable { source: other }) => {
                source.to_string() == other.to_string()
            }
            (Self::Replayed | Self::StoreFull { .. } | Self::StoreUnavailable { .. }, _) => false,
        }
    }
}

impl Eq for ReplayError {}

impl StdError for ReplayError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::StoreUnavailable { source } => Some(&**source),
            Self::Replayed | Self::StoreFull { .. } => None,
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("the message was used before"),
            Self::StoreFull { capacity } => {
                write!(f, "the replay store holds {capacity} live assertions and has no room for more")
            }
            Self::StoreUnavailable { source } => write!(f, "the replay store is not available: {source}"),
        }
    }
}

impl Refusal for ReplayError {
    fn code(&self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::StoreFull { .. } => "replay_store_full",
            Self::StoreUnavailable { .. } => "replay_store_unavailable",
        }
    }

    fn section(&self) -> &'static str {
        "SAML Profiles 4.1.4.5"
    }

    fn expected(&self) -> Vec<String> {
        match self {
            Self::StoreFull { capacity } => vec![format!("fewer than {capacity} live assertions")],
            Self::Replayed | Self::StoreUnavailable { .. } => Vec::new(),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Replayed => {
                "start the login or the logout again; if users meet this after a reload or the back button, answer the POST with a redirect (303)"
            }
            Self::StoreFull { .. } => {
                "raise the capacity above the number of logins within one assertion's lifetime, or shorten that lifetime at the \
                 identity provider (Auth0: the addon's `lifetimeInSeconds`)"
            }
            Self::StoreUnavailable { .. } => "repair the store; until then no login is accepted, as any of them may be a replay",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_message() {
        let unavailable = ReplayError::unavailable("timed out");
        for (error, code, message) in [
            (ReplayError::Replayed, "replayed", "the message was used before"),
            (
                ReplayError::StoreFull { capacity: 2 },
                "replay_store_full",
                "the replay store holds 2 live assertions and has no room for more",
            ),
            (unavailable, "replay_store_unavailable", "the replay store is not available: timed out"),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
            assert_eq!(error.section(), "SAML Profiles 4.1.4.5");
            assert!(!error.remedy().is_empty(), "{code}");
        }
        assert_eq!(ReplayError::StoreFull { capacity: 2 }.expected(), ["fewer than 2 live assertions"]);
    }

    #[test]
    fn refusals_are_equal_where_they_say_the_same() {
        let all = || {
            let full = [2, 3].map(|capacity| ReplayError::StoreFull { capacity });
            let unavailable = ["timed out", "refused"].map(ReplayError::unavailable);
            [ReplayError::Replayed].into_iter().chain(full).chain(unavailable).enumerate()
        };
        for (one, error) in all() {
            for (other, another) in all() {
                assert_eq!(error == another, one == other, "{error:?}, {another:?}");
            }
        }
    }

    #[test]
    fn the_error_of_the_store_is_kept_as_it_is() {
        let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let errors: [Box<dyn StdError>; 2] = [
            Box::new(ReplayError::unavailable(refused())),
            Box::new(super::super::Error::from(ReplayError::unavailable(refused()))),
        ];
        for error in errors {
            let source = error.source().expect("a source").downcast_ref::<std::io::Error>().expect("the store's own error");
            assert_eq!(source.kind(), std::io::ErrorKind::ConnectionRefused);
        }
        for error in [ReplayError::Replayed, ReplayError::StoreFull { capacity: 2 }] {
            assert!(error.source().is_none());
            assert!(super::super::Error::from(error).source().is_none());
        }
    }
}
