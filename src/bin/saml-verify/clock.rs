//! Times on the command line and in what people read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use saml_verify::time::{format_rfc3339, parse_rfc3339};

/// The value of `--now`.
///
/// # Errors
///
/// What such a value looks like.
pub(crate) fn parse(text: &str) -> Result<SystemTime, String> {
    parse_rfc3339(text).ok_or_else(|| "not an instant with a time zone, such as 2025-03-03T10:00:00Z".to_owned())
}

/// An instant for people: nobody reads what is below the millisecond.
pub(crate) fn shown(instant: SystemTime) -> String {
    let below = instant.duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos() % 1_000_000);
    format_rfc3339(instant.checked_sub(Duration::from_nanos(below.into())).unwrap_or(instant))
}

/// `in 59 min` or `3 days ago`, in the largest unit that is there at all.
pub(crate) fn relative(instant: SystemTime, now: SystemTime) -> String {
    match instant.duration_since(now) {
        Ok(ahead) => format!("in {}", rough(ahead)),
        Err(behind) => format!("{} ago", rough(behind.duration())),
    }
}

/// Whole days until `instant`, rounded down, so that it is negative from the moment on at which it is past.
pub(crate) fn days_until(instant: SystemTime, now: SystemTime) -> i64 {
    match instant.duration_since(now) {
        Ok(ahead) => i64::try_from(ahead.as_secs() / DAY).unwrap_or(i64::MAX),
        Err(behind) => {
            let seconds = behind.duration().as_secs().saturating_add(u64::from(behind.duration().subsec_nanos() > 0));
            i64::try_from(seconds.div_ceil(DAY)).map_or(i64::MIN, |days| -days)
        }
    }
}

fn rough(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 2 * 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 2 * DAY => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / DAY),
    }
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reads_nanoseconds() {
        for (instant, text) in
            [("2025-03-03T10:00:00.123456789Z", "2025-03-03T10:00:00.123Z"), ("2025-03-03T10:00:00Z", "2025-03-03T10:00:00.000Z")]
        {
            assert_eq!(shown(parse(instant).unwrap()), text);
        }
    }

    #[test]
    fn distances_are_told_roughly() {
        let now = parse("2025-03-03T10:00:00Z").unwrap();
        for (instant, text, days) in [
            ("2025-03-03T10:00:00Z", "in 0 s", 0),
            ("2025-03-03T10:01:59.9Z", "in 119 s", 0),
            ("2025-03-03T09:59:59.9Z", "0 s ago", -1),
            ("2025-03-03T11:00:00Z", "in 60 min", 0),
            ("2025-03-04T10:00:00Z", "in 24 h", 1),
            ("2025-03-02T10:00:00Z", "24 h ago", -1),
            ("2025-03-02T09:59:59Z", "24 h ago", -2),
            ("2026-03-03T10:00:00Z", "in 365 days", 365),
        ] {
            let instant = parse(instant).unwrap();
            assert_eq!((relative(instant, now).as_str(), days_until(instant, now)), (text, days));
        }
    }
}
