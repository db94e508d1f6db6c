//! Instants as SAML writes them: `xs:dateTime` with a time zone, which is RFC 3339 but for a few corners.
//!
//! Text in, [`SystemTime`] out, and back. Deliberately absent: the clock, times without a zone (SAML Core 1.3.3 requires UTC),
//! years beyond four digits and before the year 1 (no message has them, and RFC 3339 cannot write them), leap seconds
//! (`xs:dateTime` has none), white space around the value.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads an instant: `2025-03-03T10:00:00.123Z`, or with an offset of at most 14 hours.
///
/// XML Schema Part 2 section 3.2.7. Digits beyond the nanosecond are dropped.
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let (start, rest) = text.as_bytes().split_first_chunk()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2] = *start else { return None };
    let (year, month, day) = (number([y1, y2])? * 100 + number([y3, y4])?, number([m1, m2])?, number([d1, d2])?);
    let (hour, minute, second) = (number([h1, h2])?, number([i1, i2])?, number([s1, s2])?);
    let mut rest = Cursor(rest);
    let nanoseconds = rest.fraction()?;
    let offset_minutes = rest.zone()?;
    let date_exists = year >= 1 && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    let end_of_day = hour == 24 && minute == 0 && second == 0 && nanoseconds == 0;
    if !rest.0.is_empty() || !date_exists || !(hour <= 23 || end_of_day) || minute > 59 || second > 59 {
        return None;
    }
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    let seconds = minutes * 60 + second;
    // An offset must not lead out of the years that can be written.
    let writable = (FIRST_DAY * DAY..BEHIND_LAST_DAY * DAY).contains(&seconds);
    if writable { instant(seconds, nanoseconds) } else { None }
}

/// Writes an instant in UTC with three, six or nine decimals: as few as keep its value to the nanosecond.
pub fn format_rfc3339(time: SystemTime) -> String {
    let (seconds, nanoseconds) = since_epoch(time);
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second_of_day = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    let fraction = match nanoseconds {
        n if n % 1_000_000 == 0 => format!("{:03}", n / 1_000_000),
        n if n % 1_000 == 0 => format!("{:06}", n / 1_000),
        n => format!("{n:09}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction}Z")
}

/// Writes an instant for people: as [`format_rfc3339`] does, without what is below the millisecond.
pub(crate) fn to_the_millisecond(time: SystemTime) -> String {
    let below = since_epoch(time).1 % 1_000_000;
    format_rfc3339(time.checked_sub(Duration::from_nanos(below.into())).unwrap_or(time))
}

/// How long between two instants, in words: `58 min 3 s`, in the two largest units that are there.
pub(crate) fn in_words(span: Duration) -> String {
    let (seconds, days) = (span.as_secs(), span.as_secs() / 86_400);
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    let units = match seconds {
        0 => return format!("{} ms", span.as_millis()),
        1..60 => return format!("{seconds} s"),
        60..3600 => [(minutes, "min"), (seconds % 60, "s")],
        3600..86_400 => [(hours, "h"), (minutes, "min")],
        _ => [(days, if days == 1 { "day" } else { "days" }), (hours, "h")],
    };
    let named = units.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}"));
    named.collect::<Vec<_>>().join(" ")
}

/// Of two digits.
fn number([tens, units]: [u8; 2]) -> Option<i64> {
    let (tens, units) = (tens.wrapping_sub(b'0'), units.wrapping_sub(b'0'));
    (tens <= 9 && units <= 9).then(|| i64::from(tens * 10 + units))
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn after(&mut self, separator: u8) -> Option<&mut Self> {
        (self.next()? == separator).then_some(self)
    }

    fn number(&mut self) -> Option<i64> {
        number([self.next()?, self.next()?])
    }

    /// Nanoseconds; a decimal point must be followed by a digit.
    fn fraction(&mut self) -> Option<u32> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        self.next();
        let mut nanoseconds = 0;
        let mut unit = 100_000_000;
        let mut any = false;
        while let Some(digit) = self.0.first().filter(|byte| byte.is_ascii_digit()) {
            nanoseconds += u32::from(digit - b'0') * unit;
            unit /= 10;
            any = true;
            self.next();
        }
        any.then_some(nanoseconds)
    }

    /// Minutes east of UTC.
    fn zone(&mut self) -> Option<i64> {
        let sign = match self.next()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = (self.number()?, self.after(b':')?.number()?);
        (minutes <= 59 && hours * 60 + minutes <= 14 * 60).then_some(sign * (hours * 60 + minutes))
    }
}

fn instant(seconds: i64, nanoseconds: u32) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let whole = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    whole?.checked_add(Duration::from_nanos(nanoseconds.into()))
}

/// Whole seconds, rounded down, and the nanoseconds that remain.
fn since_epoch(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).map_or(i64::MIN, |seconds| -seconds);
            match before.subsec_nanos() {
                0 => (seconds, 0),
                nanoseconds => (seconds.saturating_sub(1), 1_000_000_000 - nanoseconds),
            }
        }
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. A year is counted from March, so that a leap day ends it.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * DAYS_OF_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_IN_ERA
}

/// The inverse of [`days_since_epoch`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_IN_ERA;
    let (era, day_of_era) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

const DAY: i64 = 86_400;
/// Days of 400 years, after which the calendar repeats.
const DAYS_OF_ERA: i64 = 146_097;
/// The days of the years that can be written.
const FIRST_DAY: i64 = days_since_epoch(1, 1, 1);
const BEHIND_LAST_DAY: i64 = days_since_epoch(10_000, 1, 1);
/// Days from 0000-03-01, where an era starts, to 1970-01-01.
const EPOCH_IN_ERA: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_xs_date_time_allows() {
        for (text, same_as) in [
            ("2025-03-03T10:00:00Z", "2025-03-03T10:00:00.000Z"),
            ("2025-03-03T10:00:00.1Z", "2025-03-03T10:00:00.100Z"),
            ("2025-03-03T10:00:00.123456Z", "2025-03-03T10:00:00.123456Z"),
            ("2025-03-03T10:00:00.123456789999Z", "2025-03-03T10:00:00.123456789Z"),
            ("2025-03-03T12:00:00+02:00", "2025-03-03T10:00:00.000Z"),
            ("2025-03-03T00:00:00-14:00", "2025-03-03T14:00:00.000Z"),
            ("2025-03-03T00:30:00+14:00", "2025-03-02T10:30:00.000Z"),
            ("2025-03-03T10:00:00-00:00", "2025-03-03T10:00:00.000Z"),
            ("2024-12-31T24:00:00.0Z", "2025-01-01T00:00:00.000Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
            ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(parse_rfc3339(text).map(format_rfc3339).as_deref(), Some(same_as), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "2025-03-03",
            "2025-03-03T10:00:00",
            "2025-03-03T10:00Z",
            "2025-03-03t10:00:00z",
            "2025-03-03 10:00:00Z",
            " 2025-03-03T10:00:00Z",
            "2025-03-03T10:00:00Z ",
            "2025-03-03T10:00:00Zjunk",
            "2025-03-03T10:00:00.Z",
            "2025-03-03T10:00:00,5Z",
            "2025-03-03T24:00:01Z",
            "2025-03-03T24:00:00.001Z",
            "2025-03-03T25:00:00Z",
            "2025-03-03T10:60:00Z",
            "2025-03-03T10:00:60Z",
            "2025-13-03T10:00:00Z",
            "2025-00-03T10:00:00Z",
            "2025-02-29T10:00:00Z",
            "1900-02-29T10:00:00Z",
            "2025-04-31T10:00:00Z",
            "2025-03-00T10:00:00Z",
            "2025-03-03T10:00:00+14:01",
            "2025-03-03T10:00:00+02:60",
            "2025-03-03T10:00:00+0200",
            "2025-03-03T10:00:00+2:00",
            "+2025-03-03T10:00:00Z",
            "-2099-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "02025-03-03T10:00:00Z",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T24:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "99999999999999999999-01-01T00:00:00Z",
            "2025-+3-03T10:00:00Z",
            "２025-03-03T10:00:00Z",
            "1741000000",
            "Mon, 03 Mar 2025 10:00:00 GMT",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text:?}");
        }
    }

    #[test]
    fn known_instants_agree_with_their_unix_time() {
        for (text, seconds) in
            [("2025-03-03T10:00:00Z", 1_740_996_000), ("2001-09-09T01:46:40Z", 1_000_000_000), ("2038-01-19T03:14:08Z", 1 << 31)]
        {
            assert_eq!(parse_rfc3339(text), Some(UNIX_EPOCH + Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn people_get_milliseconds_and_words() {
        for (text, shown) in [
            ("2025-03-03T10:00:00.123456789Z", "2025-03-03T10:00:00.123Z"),
            ("2025-03-03T10:00:00.999999Z", "2025-03-03T10:00:00.999Z"),
            ("2025-03-03T10:00:00Z", "2025-03-03T10:00:00.000Z"),
            ("1969-12-31T23:59:59.000001Z", "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(parse_rfc3339(text).map(to_the_millisecond).as_deref(), Some(shown));
        }
        for (milliseconds, words) in [
            (0, "0 ms"),
            (31, "31 ms"),
            (1_999, "1 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_483_000, "58 min 3 s"),
            (3_600_000, "1 h"),
            (7_260_000, "2 h 1 min"),
            (86_400_000, "1 day"),
            (176_400_000, "2 days 1 h"),
        ] {
            assert_eq!(in_words(Duration::from_millis(milliseconds)), words);
        }
    }

    #[test]
    fn every_day_of_an_era_survives_the_round_trip() {
        for days in -DAYS_OF_ERA..DAYS_OF_ERA {
            let (year, month, day) = civil(days);
            assert_eq!(days_since_epoch(year, month, day), days);
            assert!((1..=days_in_month(year, month)).contains(&day), "{year}-{month}-{day}");
        }
    }
}
