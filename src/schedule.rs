//! When the next backup is due: SCHEDULE in the zone of TZ, as a pure function of the time asked about.
//!
//! The expression itself is read and searched by croner, over civil (wall clock) times only. Turning those into
//! instants is done here, because that is where daylight saving skips and repeats backups:
//!
//! - A schedule with fixed hours fires at the first instant at which the clock shows that time *or a later one*.
//!   So 02:30 in a night that jumps from 02:00 to 03:00 fires at 03:00, and a 01:30 that comes twice fires once,
//!   the first time. croner's own rule (Vixie's) asks whether the minute is a `*` as well, which would skip all
//!   of `*/15 2 * * *` in such a night.
//! - A schedule of every hour fires whenever the clock shows that time: each real hour, repeated ones too.
//!
//! Knows no clock: the time comes from the caller.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Zones change their offset a handful of times a year; a search that crossed this many found nothing.
const MAX_TRANSITIONS: usize = 1_000;

/// A SCHEDULE that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// Quotes that a YAML list or an env file handed through.
    #[error("begins with a quote, which is part of the value here: write it without quotes")]
    Quoted,
    /// `TZ=… ` before the expression, as some crons have it.
    #[error("has a time zone in it: set TZ instead")]
    Zone,
    /// `@` and a word that means nothing.
    #[error("{0} is none of @hourly, @daily, @weekly, @monthly, @yearly, @every 6h")]
    Nickname(String),
    /// `@every` without a duration above zero.
    #[error("@every needs a duration such as 90s, 15m, 6h, 7d, not {0:?}")]
    Every(String),
    /// Neither five nor six fields.
    #[error("has {0} fields, not 5 (minute hour day month weekday) or 6 (with seconds first)")]
    Fields(usize),
    /// croner does not take it; its own words.
    #[error("{0}")]
    Expression(String),
    /// A date that no calendar has: 31 February.
    #[error("never comes: no year has such a day")]
    Never,
}

/// When to back up.
#[derive(Debug, Clone)]
pub struct Schedule {
    rule: Rule,
    zone: TimeZone,
}

#[derive(Debug, Clone)]
enum Rule {
    /// Multiples of so many seconds since 1970, so that a restart does not shift the next backup.
    Every(i64),
    /// The wall clock. Boxed: a parsed expression is a kilobyte.
    Cron(Box<Cron>),
}

impl Schedule {
    /// Reads a cron expression (five fields, or six with seconds first), a nickname, or `@every DURATION`.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let rule = if let Some(nickname) = text.strip_prefix('@') {
            parse_nickname(nickname)?
        } else {
            Rule::Cron(Box::new(parse_cron(text)?))
        };
        Ok(Self { rule, zone })
    }

    /// The first firing after `time`.
    pub fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Every(seconds) => {
                let next = time
                    .as_second()
                    .div_euclid(*seconds)
                    .checked_add(1)?
                    .checked_mul(*seconds)?;
                Timestamp::from_second(next).ok()
            }
            Rule::Cron(cron) if every_hour(cron) => next_shown(cron, &self.zone, time),
            Rule::Cron(cron) => {
                let next = cron
                    .find_next_occurrence(&self.furthest_shown(time), false)
                    .ok()?;
                self.first_instant_at_or_past(next)
            }
        }
    }

    /// The last firing at `time` or before it.
    pub fn last_before_or_at(&self, time: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Every(seconds) => {
                Timestamp::from_second(time.as_second().div_euclid(*seconds).checked_mul(*seconds)?).ok()
            }
            Rule::Cron(cron) if every_hour(cron) => last_shown(cron, &self.zone, time),
            Rule::Cron(cron) => {
                let last = cron
                    .find_previous_occurrence(&self.furthest_shown(time), true)
                    .ok()?;
                self.first_instant_at_or_past(last)
            }
        }
    }

    /// The time between the firings on both sides of `time`; `None` at the ends of time alone.
    pub fn interval_at(&self, time: Timestamp) -> Option<SignedDuration> {
        Some(
            self.next_after(time)?
                .duration_since(self.last_before_or_at(time)?),
        )
    }

    /// The furthest the clock had got at `time`. In an hour that is repeated this is the end of its first pass:
    /// everything in it has been shown, and has fired.
    fn furthest_shown(&self, time: Timestamp) -> DateTime {
        let shown = self.zone.to_datetime(time);
        let repeated = match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Fold { before, after } if self.zone.to_offset(time) == after => Some(before),
            _ => None,
        };
        let Some(before) = repeated else { return shown };
        // `preceding` is strict, and the transition's own instant belongs to the second pass.
        let just_past = time.checked_add(SignedDuration::from_nanos(1)).unwrap_or(time);
        let turned_back = self
            .zone
            .preceding(just_past)
            .next()
            .map(|transition| transition.timestamp());
        turned_back
            .and_then(|at| at.checked_sub(SignedDuration::from_nanos(1)).ok())
            .map_or(shown, |at| before.to_datetime(at))
    }

    /// The first instant at which the clock shows `civil` or later.
    fn first_instant_at_or_past(&self, civil: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        let AmbiguousOffset::Gap { before, .. } = ambiguous.offset() else {
            return ambiguous.earlier().ok();
        };
        // Read with the old offset the skipped time lies after the jump, which is the change just before it.
        let past_jump = before
            .to_timestamp(civil)
            .ok()?
            .checked_add(SignedDuration::from_nanos(1))
            .ok()?;
        self.zone.preceding(past_jump).next().map(|jump| jump.timestamp())
    }
}

/// Whether every hour of a day is one of the schedule's.
fn every_hour(cron: &Cron) -> bool {
    cron.pattern.hours.values().len() == 24
}

/// The first instant after `time` at which the clock shows a time of the schedule.
fn next_shown(cron: &Cron, zone: &TimeZone, time: Timestamp) -> Option<Timestamp> {
    // Between two changes of offset the clock runs evenly, so the search goes from change to change.
    let (mut from, mut inclusive) = (time, false);
    for _ in 0..MAX_TRANSITIONS {
        let offset = zone.to_offset(from);
        let end = zone
            .following(from)
            .next()
            .map(|transition| transition.timestamp());
        let found = search(cron, offset, from, inclusive, Cron::find_next_occurrence)?;
        match end {
            Some(end) if found >= end => (from, inclusive) = (end, true),
            _ => return Some(found),
        }
    }
    None
}

/// The last instant at `time` or before it at which the clock shows a time of the schedule.
fn last_shown(cron: &Cron, zone: &TimeZone, time: Timestamp) -> Option<Timestamp> {
    let mut from = time;
    for _ in 0..MAX_TRANSITIONS {
        let offset = zone.to_offset(from);
        let just_past = from.checked_add(SignedDuration::from_nanos(1)).unwrap_or(from);
        let start = zone
            .preceding(just_past)
            .next()
            .map(|transition| transition.timestamp());
        let found = search(cron, offset, from, true, Cron::find_previous_occurrence)?;
        match start {
            Some(start) if found < start => from = start.checked_sub(SignedDuration::from_nanos(1)).ok()?,
            _ => return Some(found),
        }
    }
    None
}

/// A search of croner's over civil times, with instants on both sides.
fn search(
    cron: &Cron,
    offset: Offset,
    from: Timestamp,
    inclusive: bool,
    find: fn(&Cron, &DateTime, bool) -> Result<DateTime, croner::errors::CronError>,
) -> Option<Timestamp> {
    offset
        .to_timestamp(find(cron, &offset.to_datetime(from), inclusive).ok()?)
        .ok()
}

fn parse_cron(text: &str) -> Result<Cron, ScheduleError> {
    if text.starts_with(['"', '\'']) {
        return Err(ScheduleError::Quoted);
    }
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        return Err(ScheduleError::Zone);
    }
    match text.split_whitespace().count() {
        0 => return Err(ScheduleError::Empty),
        5 | 6 => {}
        other => return Err(ScheduleError::Fields(other)),
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build();
    let cron = parser
        .parse(text)
        .map_err(|e| ScheduleError::Expression(e.to_string()))?;
    // Any start does: the calendar repeats every 400 years, and croner searches longer than that.
    let start = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);
    match cron.find_next_occurrence(&start, true) {
        Ok(_) => Ok(cron),
        Err(_) => Err(ScheduleError::Never),
    }
}

fn parse_nickname(nickname: &str) -> Result<Rule, ScheduleError> {
    let (word, rest) = nickname.split_once(char::is_whitespace).unwrap_or((nickname, ""));
    let cron = match (word.to_ascii_lowercase().as_str(), rest.trim()) {
        ("every", duration) => {
            return match seconds(duration) {
                Some(seconds) if seconds > 0 => Ok(Rule::Every(seconds)),
                _ => Err(ScheduleError::Every(duration.to_owned())),
            };
        }
        ("hourly", "") => "0 * * * *",
        ("daily" | "midnight", "") => "0 0 * * *",
        ("weekly", "") => "0 0 * * SUN",
        ("monthly", "") => "0 0 1 * *",
        ("yearly" | "annually", "") => "0 0 1 1 *",
        _ => return Err(ScheduleError::Nickname(format!("@{nickname}"))),
    };
    parse_cron(cron).map(|cron| Rule::Cron(Box::new(cron)))
}

/// `6h`, or a sum as other crons have it: `1h30m`.
fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut sum: i64 = 0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at(unit_at);
        let unit = tail.chars().next()?;
        let unit_seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        sum = sum.checked_add(count.parse::<i64>().ok()?.checked_mul(unit_seconds)?)?;
        rest = tail.get(unit.len_utf8()..)?;
    }
    Some(sum)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(text: &str, name: &str) -> Schedule {
        Schedule::parse(text, zone(name)).unwrap()
    }

    /// The firings after `from` and before `to`; each must also be what `last_before_or_at` says.
    fn firings(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
        let (mut time, to) = (at(from), at(to));
        let mut all = Vec::new();
        while let Some(next) = schedule.next_after(time).filter(|next| *next < to) {
            assert!(next > time);
            assert_eq!(schedule.last_before_or_at(next), Some(next));
            let just_before = next - SignedDuration::from_nanos(1);
            assert_eq!(schedule.next_after(just_before), Some(next));
            if !all.is_empty() {
                assert_eq!(schedule.last_before_or_at(just_before), Some(time));
            }
            all.push(next.to_string());
            time = next;
        }
        all
    }

    #[test]
    fn spring_neither_skips_nor_moves_the_other_days() {
        assert_eq!(
            firings(
                &schedule("30 2 * * *", "Europe/Berlin"),
                "2026-03-27T12:00Z",
                "2026-03-31T00:00Z"
            ),
            [
                "2026-03-28T01:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
        assert_eq!(
            firings(
                &schedule("30 2 * * *", "America/New_York"),
                "2026-03-07T12:00Z",
                "2026-03-10T00:00Z"
            ),
            ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
        );
        // The gap's ends are ordinary times.
        assert_eq!(
            firings(
                &schedule("0 3 * * *", "Europe/Berlin"),
                "2026-03-28T12:00Z",
                "2026-03-30T00:00Z"
            ),
            ["2026-03-29T01:00:00Z"]
        );
        assert_eq!(
            firings(
                &schedule("59 1 * * *", "Europe/Berlin"),
                "2026-03-28T12:00Z",
                "2026-03-30T00:00Z"
            ),
            ["2026-03-29T00:59:00Z", "2026-03-29T23:59:00Z"]
        );
        // All of the hour is skipped: one firing at its end, not four and not none.
        assert_eq!(
            firings(
                &schedule("*/15 2 * * *", "Europe/Berlin"),
                "2026-03-28T12:00Z",
                "2026-03-30T00:00Z"
            ),
            ["2026-03-29T01:00:00Z"]
        );
    }

    #[test]
    fn autumn_does_not_repeat_a_daily_backup() {
        assert_eq!(
            firings(
                &schedule("30 2 * * *", "Europe/Berlin"),
                "2026-10-24T12:00Z",
                "2026-10-27T00:00Z"
            ),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            firings(
                &schedule("30 1 * * *", "America/New_York"),
                "2026-10-31T12:00Z",
                "2026-11-03T00:00Z"
            ),
            ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
        );
        // In the second pass the last firing is the one of the first pass.
        let daily = schedule("30 1 * * *", "America/New_York");
        for time in [
            // The very instant at which the clock goes back is of the second pass.
            "2026-11-01T06:00:00Z",
            "2026-11-01T06:10:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-01T06:59:59Z",
        ] {
            assert_eq!(
                daily.last_before_or_at(at(time)),
                Some(at("2026-11-01T05:30:00Z")),
                "{time}"
            );
            assert_eq!(
                daily.next_after(at(time)),
                Some(at("2026-11-02T06:30:00Z")),
                "{time}"
            );
        }
    }

    #[test]
    fn a_midnight_that_is_skipped_fires_too() {
        // Cairo goes from 24 April 00:00 to 01:00.
        assert_eq!(
            firings(
                &schedule("@daily", "Africa/Cairo"),
                "2026-04-22T22:30Z",
                "2026-04-25T12:00Z"
            ),
            ["2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"]
        );
        // Samoa left out 30 December 2011.
        assert_eq!(
            firings(
                &schedule("30 2 * * *", "Pacific/Apia"),
                "2011-12-29T00:00Z",
                "2012-01-01T00:00Z"
            ),
            [
                "2011-12-29T12:30:00Z",
                "2011-12-30T10:00:00Z",
                "2011-12-30T12:30:00Z",
                "2011-12-31T12:30:00Z"
            ]
        );
    }

    #[test]
    fn every_real_hour_has_its_firing() {
        for text in ["30 * * * *", "30 */1 * * *", "30 0-23 * * *", "0 30 * * * *"] {
            let hourly = schedule(text, "Europe/Berlin");
            for (from, to) in [
                ("2026-03-28T20:00Z", "2026-03-29T10:00Z"),
                ("2026-10-24T20:00Z", "2026-10-25T10:00Z"),
            ] {
                assert_eq!(firings(&hourly, from, to).len(), 14, "{text}");
            }
        }
        assert_eq!(
            firings(
                &schedule("30 * * * *", "America/New_York"),
                "2026-11-01T05:00Z",
                "2026-11-01T08:00Z"
            ),
            [
                "2026-11-01T05:30:00Z",
                "2026-11-01T06:30:00Z",
                "2026-11-01T07:30:00Z"
            ]
        );
    }

    /// What the module promises, minute by minute and without any search.
    fn oracle(schedule: &Schedule, from: Timestamp, minutes: i64) -> Vec<Timestamp> {
        let Rule::Cron(cron) = &schedule.rule else {
            panic!("no cron expression")
        };
        let due = |civil: DateTime| cron.is_time_matching(&civil).unwrap();
        let mut furthest = schedule.zone.to_datetime(from);
        let mut all = Vec::new();
        for minute in 1..=minutes {
            let time = from + SignedDuration::from_mins(minute);
            let shown = schedule.zone.to_datetime(time);
            let mut passed = false;
            while furthest < shown {
                furthest += SignedDuration::from_mins(1);
                passed |= due(furthest);
            }
            if if every_hour(cron) { due(shown) } else { passed } {
                all.push(time);
            }
        }
        all
    }

    #[test]
    fn agrees_with_a_walk_over_every_minute() {
        let expressions = [
            "30 2 * * *",
            "0 2,3 * * *",
            "*/20 1-2 * * *",
            "0 */2 * * *",
            "0 * * * *",
            "17 * * * *",
            "*/30 * * * *",
            "0 0 * * *",
            "59 23 * * *",
            "0 1 * * SUN",
            "45 2 29 3 *",
            "15 */1 25 10 *",
            "0 0 1 * MON",
        ];
        let nights = [
            ("Europe/Berlin", "2026-03-28T12:00Z"),
            ("Europe/Berlin", "2026-10-24T12:00Z"),
            ("America/New_York", "2026-03-07T20:00Z"),
            ("America/New_York", "2026-10-31T20:00Z"),
            ("Australia/Lord_Howe", "2026-04-04T00:00Z"),
            ("Australia/Lord_Howe", "2026-10-03T00:00Z"),
            ("Pacific/Apia", "2011-12-29T12:00Z"),
            ("Asia/Kathmandu", "2026-01-01T00:00Z"),
            ("UTC", "2028-02-28T12:00Z"),
        ];
        for (name, from) in nights {
            for text in expressions {
                let schedule = schedule(text, name);
                let expected = oracle(&schedule, at(from), 3 * 1_440);
                let (mut time, end) = (at(from), at(from) + SignedDuration::from_hours(72));
                let mut found = Vec::new();
                while let Some(next) = schedule.next_after(time).filter(|next| *next <= end) {
                    found.push(next);
                    time = next;
                }
                assert_eq!(found, expected, "{text} in {name}");
                for minute in (0..3 * 1_440).step_by(37) {
                    let time = at(from) + SignedDuration::from_mins(minute) + SignedDuration::from_secs(7);
                    let last = expected.iter().rev().find(|firing| **firing <= time);
                    if let Some(last) = last {
                        assert_eq!(
                            schedule.last_before_or_at(time),
                            Some(*last),
                            "{text} in {name} at {time}"
                        );
                    }
                    if let Some(next) = expected.iter().find(|firing| **firing > time) {
                        assert_eq!(
                            schedule.next_after(time),
                            Some(*next),
                            "{text} in {name} at {time}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn calendar_rules() {
        let days = |text: &str, from: &str, count: usize| -> Vec<String> {
            let schedule = schedule(text, "UTC");
            let mut time = at(from);
            (0..count)
                .map(|_| {
                    time = schedule.next_after(time).unwrap();
                    time.strftime("%F %a").to_string()
                })
                .collect()
        };
        assert_eq!(
            days("0 0 29 2 *", "2026-01-01T00:00Z", 2),
            ["2028-02-29 Tue", "2032-02-29 Sun"]
        );
        assert_eq!(
            days("0 0 31 * *", "2026-01-31T00:00Z", 3),
            ["2026-03-31 Tue", "2026-05-31 Sun", "2026-07-31 Fri"]
        );
        // Both days restricted: either matches (Vixie).
        assert_eq!(
            days("0 0 13 * FRI", "2026-03-06T00:00Z", 3),
            ["2026-03-13 Fri", "2026-03-20 Fri", "2026-03-27 Fri"]
        );
        assert_eq!(
            days("0 0 13 * FRI", "2026-04-10T00:00Z", 2),
            ["2026-04-13 Mon", "2026-04-17 Fri"]
        );
        // Names, in any case; ranges; both Sundays.
        assert_eq!(
            days("0 0 * jan mon-tue", "2026-01-01T00:00Z", 2),
            ["2026-01-05 Mon", "2026-01-06 Tue"]
        );
        for sunday in ["0", "7", "SUN", "sun"] {
            assert_eq!(
                days(&format!("0 0 * * {sunday}"), "2026-01-01T00:00Z", 1),
                ["2026-01-04 Sun"]
            );
        }
        assert_eq!(
            days("0 0 * * 5-7", "2026-01-01T00:00Z", 3),
            ["2026-01-02 Fri", "2026-01-03 Sat", "2026-01-04 Sun"]
        );
        assert_eq!(
            days("0 0 1-10/3 * *", "2026-01-01T00:00Z", 2),
            ["2026-01-04 Sun", "2026-01-07 Wed"]
        );
        assert_eq!(days("0 0 3 ? * MON", "2026-01-01T00:00Z", 1), ["2026-01-05 Mon"]);
    }

    #[test]
    fn seconds_are_a_sixth_field_in_front() {
        let schedule = schedule("*/20 5 3 * * *", "UTC");
        assert_eq!(
            firings(&schedule, "2026-01-01T00:00Z", "2026-01-02T00:00Z"),
            [
                "2026-01-01T03:05:00Z",
                "2026-01-01T03:05:20Z",
                "2026-01-01T03:05:40Z"
            ]
        );
    }

    #[test]
    fn nicknames() {
        for (nickname, plain) in [
            ("@hourly", "0 * * * *"),
            ("@daily", "0 0 * * *"),
            ("@midnight", "0 0 * * *"),
            ("@Weekly", "0 0 * * 0"),
            ("@monthly", "0 0 1 * *"),
            ("@yearly", "0 0 1 1 *"),
        ] {
            let (nickname, plain) = (
                schedule(nickname, "Europe/Berlin"),
                schedule(plain, "Europe/Berlin"),
            );
            let mut time = at("2026-01-15T10:20:30Z");
            for _ in 0..30 {
                let next = nickname.next_after(time).unwrap();
                assert_eq!(Some(next), plain.next_after(time));
                time = next;
            }
        }
    }

    #[test]
    fn every_is_anchored_to_the_epoch() {
        let schedule = schedule("@every 6h", "Europe/Berlin");
        assert_eq!(
            firings(&schedule, "2026-03-28T23:59Z", "2026-03-29T13:00Z"),
            [
                "2026-03-29T00:00:00Z",
                "2026-03-29T06:00:00Z",
                "2026-03-29T12:00:00Z"
            ]
        );
        assert_eq!(
            schedule.interval_at(at("2026-03-29T01:00Z")),
            Some(SignedDuration::from_hours(6))
        );
        // Before 1970 as after it.
        assert_eq!(
            schedule.next_after(at("1969-12-31T17:00Z")),
            Some(at("1969-12-31T18:00Z"))
        );
        assert_eq!(
            schedule.last_before_or_at(at("1969-12-31T23:00Z")),
            Some(at("1969-12-31T18:00Z"))
        );
        for (text, seconds) in [
            ("90s", 90),
            ("1h30m", 5_400),
            ("7d", 604_800),
            ("4w", 2_419_200),
            (" 15m ", 900),
        ] {
            let schedule = Schedule::parse(&format!("@every {text}"), TimeZone::UTC).unwrap();
            let interval = schedule.interval_at(at("2026-03-29T01:00Z"));
            assert_eq!(interval, Some(SignedDuration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn intervals_tell_the_real_time_between_firings() {
        let daily = schedule("30 2 * * *", "Europe/Berlin");
        let hours = |time: &str| daily.interval_at(at(time)).unwrap().as_mins();
        assert_eq!(hours("2026-01-10T12:00Z"), 24 * 60);
        assert_eq!(hours("2026-03-28T12:00Z"), 23 * 60 + 30);
        assert_eq!(hours("2026-10-25T12:00Z"), 25 * 60);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_reason() {
        let error = |text: &str| Schedule::parse(text, TimeZone::UTC).map(|_| ()).unwrap_err();
        assert_eq!(error(""), ScheduleError::Empty);
        assert_eq!(error("\"0 3 * * *\""), ScheduleError::Quoted);
        assert_eq!(error("TZ=Europe/Berlin 0 3 * * *"), ScheduleError::Zone);
        assert_eq!(error("CRON_TZ=UTC 0 3 * * *"), ScheduleError::Zone);
        assert_eq!(error("3am"), ScheduleError::Fields(1));
        assert_eq!(error("0 0 3 * * * 2026"), ScheduleError::Fields(7));
        assert_eq!(
            error("@fortnightly"),
            ScheduleError::Nickname("@fortnightly".to_owned())
        );
        assert_eq!(error("@daily 3"), ScheduleError::Nickname("@daily 3".to_owned()));
        for every in [
            "",
            "6",
            "h",
            "0s",
            "-6h",
            "1.5h",
            "6 h",
            "6x",
            "99999999999999999999w",
            "1ä",
        ] {
            assert!(
                matches!(error(&format!("@every {every}")), ScheduleError::Every(_)),
                "{every}"
            );
        }
        for never in ["0 0 31 2 *", "0 0 30 FEB *", "0 0 31 4,6,9,11 *"] {
            assert_eq!(error(never), ScheduleError::Never, "{never}");
        }
        for wrong in [
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "* * * * MOON",
            "@ * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "a b c d e",
            "@every @every * * *",
        ] {
            assert!(Schedule::parse(wrong, TimeZone::UTC).is_err(), "{wrong}");
        }
        // A date that comes once in 28 years is still one.
        assert!(Schedule::parse("0 0 29 2 +MON", TimeZone::UTC).is_ok());
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        for text in ["* * * * *", "0 3 * * *", "@every 7d"] {
            let schedule = schedule(text, "Europe/Berlin");
            assert_eq!(schedule.next_after(Timestamp::MAX), None);
            let _ = (
                schedule.last_before_or_at(Timestamp::MIN),
                schedule.next_after(Timestamp::MIN),
            );
        }
    }
}
