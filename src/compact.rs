//! What every value with a compact text has: [`FromStr`](std::str::FromStr) and, with the feature `serde`, that text in place of fields.

/// Implements the traits by the type's own `to_compact` and `from_compact`, whose errors are of the type named.
macro_rules! by_compact_text {
    ($value:ty, $error:ty) => {
        impl std::str::FromStr for $value {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_compact(text)
            }
        }

        /// As its compact text.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $value {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_compact())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $value {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::from_compact(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use by_compact_text;
