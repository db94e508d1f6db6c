//! `xs:duration`, as `cacheDuration` is written: `PT1H30M`. XML Schema Part 2 section 3.2.6.

use std::time::Duration;

/// Reads a duration that is not negative. A year counts as 365 days and a month as 28, their shortest: nothing is kept for longer
/// than it may be.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text.get(1..)?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let (time, seconds) = split_seconds(time)?;
    let date = whole(date, [('Y', 365 * DAY), ('M', 28 * DAY), ('D', DAY)])?;
    date.checked_add(whole(&time, [('H', 3600), ('M', 60), ('S', 1)])?)?.checked_add(seconds)
}

/// Whole numbers of those units, in their order, each at most once.
fn whole<const N: usize>(text: &str, units: [(char, u64); N]) -> Option<Duration> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    for (unit, length) in units {
        let Some((number, behind)) = rest.split_once(unit) else { continue };
        seconds = seconds.checked_add(digits(number)?.parse::<u64>().ok()?.checked_mul(length)?)?;
        rest = behind;
    }
    rest.is_empty().then(|| Duration::from_secs(seconds))
}

/// Takes the decimals of the seconds away, cut behind the nanosecond.
fn split_seconds(time: &str) -> Option<(String, Duration)> {
    let Some((whole, decimals)) = time.split_once('.') else { return Some((time.to_owned(), Duration::ZERO)) };
    let decimals = digits(decimals.strip_suffix('S')?)?;
    let nanoseconds = format!("{:0<9}", decimals.get(..9).unwrap_or(decimals)).parse().ok()?;
    whole.ends_with(|last: char| last.is_ascii_digit()).then(|| (format!("{whole}S"), Duration::from_nanos(nanoseconds)))
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

const DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_xs_duration_allows() {
        for (text, milliseconds) in [
            ("PT0S", 0),
            ("PT1S", 1000),
            ("PT1440M", 86_400_000),
            ("PT6H", 21_600_000),
            ("P1D", 86_400_000),
            ("P1DT1H1M1S", 90_061_000),
            ("P1M", 28 * 86_400_000),
            ("P1Y2M3D", (365 + 56 + 3) * 86_400_000),
            ("P0Y0M0DT5H0M0.000S", 18_000_000),
            ("PT604800S", 604_800_000),
            ("PT0.5S", 500),
            ("PT1M0.001999S", 60_001),
            ("PT0.0019999999999S", 1),
        ] {
            assert_eq!(parse(text).map(|duration| duration.as_millis()), Some(milliseconds), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "P",
            "PT",
            "T1S",
            "1D",
            "-P1D",
            "+P1D",
            "P-1D",
            "P1DT",
            "PT1D",
            "P1H",
            "P1S",
            "PT1H1H",
            "PT1M1H",
            "P1D1M",
            "P1.5D",
            "PT1.5M",
            "PT.5S",
            "PT1.S",
            "PT1.5",
            "P1",
            "P1DT1",
            "p1d",
            "P1D ",
            " P1D",
            "P1W",
            "PT1.5S1M",
            "PTT1S",
            "PT1.5.5S",
            "PT99999999999999999999S",
            "P9999999999999999Y",
            "PT1\u{0663}S",
            "PT1H.5S",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
