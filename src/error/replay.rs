//! Refusals of the replay stage.

use std::fmt;

use super::Refusal;

/// Why an assertion could not be claimed for its one use. SAML Profiles 4.1.4.5.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The assertion was used before.
    Replayed,
    /// The store holds as many live assertions as it may, and forgets none of them early.
    StoreFull {
        /// How many it holds.
        capacity: usize,
    },
    /// The store cannot tell whether the assertion was used before.
    StoreUnavailable {
        /// What the store says about it.
        reason: String,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("the assertion was used before"),
            Self::StoreFull { capacity } => {
                write!(f, "the replay store holds {capacity} live assertions and has no room for more")
            }
            Self::StoreUnavailable { reason } => write!(f, "the replay store is not available: {reason}"),
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
                "start a new login; if users meet this after a reload or the back button, answer the POST with a redirect (303)"
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
        let unavailable = ReplayError::StoreUnavailable { reason: "timed out".to_owned() };
        for (error, code, message) in [
            (ReplayError::Replayed, "replayed", "the assertion was used before"),
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
}
