//! How long a document may be used: `validUntil` and `cacheDuration`. SAML Metadata 2.3.1, 2.3.2, 2.4.1.

use std::time::{Duration, SystemTime};

use super::duration;
use super::entity::invalid;
use crate::error::{MetadataError, MetadataErrorKind, Position};
use crate::time::{format_rfc3339, parse_rfc3339};
use crate::xml::View;

/// What the elements around a role, and the role itself, say together: the earliest end and the shortest duration count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Validity {
    pub(super) until: Option<(SystemTime, Position)>,
    pub(super) cache_duration: Option<Duration>,
}

impl Validity {
    /// Takes what one more element says into account.
    pub(super) fn narrow<'d>(&mut self, element: impl View<'d>, name: &'static str) -> Result<(), MetadataError> {
        if let Some(value) = element.attribute("validUntil") {
            let until = parse_rfc3339(value.trim()).ok_or_else(|| {
                invalid(element, name, "validUntil", value, "a time in UTC such as 2026-01-31T12:00:00Z (xs:dateTime)")
            })?;
            if self.until.is_none_or(|(earliest, _)| until < earliest) {
                self.until = Some((until, element.position()));
            }
        }
        if let Some(value) = element.attribute("cacheDuration") {
            let duration = duration::parse(value.trim())
                .ok_or_else(|| invalid(element, name, "cacheDuration", value, "a duration such as PT6H (xs:duration)"))?;
            self.cache_duration = Some(self.cache_duration.map_or(duration, |shortest| shortest.min(duration)));
        }
        Ok(())
    }

    /// `validUntil` is the first moment at which the document must not be used any more.
    pub(super) fn require(&self, now: SystemTime) -> Result<(), MetadataError> {
        match self.until {
            Some((until, position)) if now >= until => {
                let (valid_until, now) = (format_rfc3339(until), format_rfc3339(now));
                Err(MetadataError::new(MetadataErrorKind::Expired { valid_until, now }, position))
            }
            _ => Ok(()),
        }
    }
}
