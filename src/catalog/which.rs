//! WHICH: how a person names a backup (`latest`, a time, or a key), and which one that is.

pub use super::select::{EVERY_TARGET, Row, Scope, SelectError, mark, select};

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// What a person wrote as WHICH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Latest,
    /// The newest that did not begin after this time.
    NotAfter(Timestamp),
    /// A key, or a part of one.
    Key(String),
}

/// A WHICH that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhichError {
    /// An empty word.
    #[error("WHICH is empty: latest, a time (2026-11-20T03:00Z), a date (2026-11-20), or a key")]
    Empty,
    /// It has a colon, or the form of a date, and is neither.
    #[error("{0:?} is no time: write 2026-11-20T03:00Z, 2026-11-20T03:00 (in TZ) or 2026-11-20")]
    Time(String),
}

impl Which {
    /// Reads `latest`, a time (it has a colon), a date, or anything else as a key or part of one. A time without
    /// a zone is one of `zone`, and a date means through the end of that day there.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, WhichError> {
        let text = text.trim();
        let no_time = || WhichError::Time(text.to_owned());
        if text.is_empty() {
            Err(WhichError::Empty)
        } else if text == "latest" {
            Ok(Self::Latest)
        } else if has_form_of_date(text) {
            last_instant(text, zone).map(Self::NotAfter).ok_or_else(no_time)
        } else if text.contains(':') {
            match parse_time(text, zone) {
                Some(time) => Ok(Self::NotAfter(time)),
                // Our own part of a key has no colon, but S3_PREFIX may.
                None if text.contains('/') => Ok(Self::Key(text.to_owned())),
                None => Err(no_time()),
            }
        } else {
            Ok(Self::Key(text.to_owned()))
        }
    }
}

fn has_form_of_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// The last instant of a day in `zone`, whatever the clocks do that night.
fn last_instant(date: &str, zone: &TimeZone) -> Option<Timestamp> {
    let next_day = date.parse::<Date>().ok()?.tomorrow().ok()?;
    let next_start = next_day.to_zoned(zone.clone()).ok()?.timestamp();
    next_start.checked_sub(SignedDuration::from_nanos(1)).ok()
}

/// With an offset, with a zone in brackets, or in `zone`. Of a time that comes twice, the first: who names the
/// moment before the damage must not get a backup from after it.
fn parse_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Zoned>() {
        return Some(time.timestamp());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    zone.to_ambiguous_timestamp(text.parse::<DateTime>().ok()?)
        .earlier()
        .ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn which(text: &str) -> Which {
        Which::parse(text, &TimeZone::get("Europe/Berlin").unwrap()).unwrap()
    }

    #[test]
    fn words_times_dates_and_keys() {
        assert_eq!(which(" latest "), Which::Latest);
        for (text, time) in [
            ("2026-11-20T03:00Z", "2026-11-20T03:00:00Z"),
            ("2026-11-20T03:00:05.5Z", "2026-11-20T03:00:05.5Z"),
            ("2026-11-20T03:00+05:30", "2026-11-19T21:30:00Z"),
            ("2026-11-20T03:00[America/New_York]", "2026-11-20T08:00:00Z"),
            // Without a zone: that of TZ.
            ("2026-11-20T03:00", "2026-11-20T02:00:00Z"),
            ("2026-11-20 03:00:00", "2026-11-20T02:00:00Z"),
            // It comes twice, and then not at all.
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30", "2026-03-29T00:30:00Z"),
            // Days of 24, 23 and 25 hours.
            ("2026-11-20", "2026-11-20T22:59:59.999999999Z"),
            ("2026-03-29", "2026-03-29T21:59:59.999999999Z"),
            ("2026-10-25", "2026-10-25T22:59:59.999999999Z"),
        ] {
            assert_eq!(which(text), Which::NotAfter(time.parse().unwrap()), "{text}");
        }
        for text in [
            "9f3a",
            "Latest",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql",
            "a:b/db/app",
            "2026-11-20T03",
            "2026-11",
        ] {
            assert_eq!(which(text), Which::Key(text.to_owned()));
        }
        let error = |text: &str| Which::parse(text, &TimeZone::UTC).unwrap_err();
        assert_eq!(error("  "), WhichError::Empty);
        for text in [
            "03:00",
            "2026-11-20T25:00Z",
            "2026-02-30",
            "2026-13-01",
            "yesterday 03:00",
        ] {
            assert_eq!(error(text), WhichError::Time(text.to_owned()));
        }
    }
}
