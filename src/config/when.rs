//! When to back up.

use super::env::Given;
use super::problems::Report;
use super::show::quoted;
use super::values::boolean;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::time::Duration;

/// When to back up.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// `SCHEDULE` as written, checked to be one; `None`: one run.
    pub expression: Option<String>,
    /// `TZ`.
    pub zone: TimeZone,
    /// `SCHEDULE_JITTER`.
    pub jitter: Duration,
    /// `RUN_ON_START`.
    pub on_start: OnStart,
}

/// `RUN_ON_START`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnStart {
    /// When no whole backup is younger than the schedule's last firing.
    #[default]
    Missed,
    /// Also at start, unless one is younger than half the interval.
    Always,
    /// Never.
    Never,
}

#[derive(Deserialize, Default)]
struct Raw {
    schedule: Option<String>,
    tz: Option<String>,
    schedule_jitter: Option<String>,
    run_on_start: Option<String>,
}

pub(super) fn read(given: &Given, report: &mut Report) -> Schedule {
    let raw: Raw = given.part(report);
    let zone = zone(raw.tz.as_deref(), report);
    Schedule {
        expression: raw
            .schedule
            .filter(|text| is_schedule(text, zone.clone(), report)),
        zone,
        jitter: report
            .duration("SCHEDULE_JITTER", raw.schedule_jitter.as_deref())
            .unwrap_or_default(),
        on_start: on_start(raw.run_on_start.as_deref(), report),
    }
}

fn is_schedule(text: &str, zone: TimeZone, report: &mut Report) -> bool {
    match crate::schedule::Schedule::parse(text, zone) {
        Ok(_) => true,
        Err(error) => {
            let what = format!("{} is not a schedule: {error}", quoted(text));
            let hint = "write cron fields such as 0 3 * * *, @daily, or @every 6h";
            report.problem("SCHEDULE", what, hint);
            false
        }
    }
}

fn zone(text: Option<&str>, report: &mut Report) -> TimeZone {
    // POSIX allows a colon before the name.
    let Some(name) = text.map(|text| text.trim_start_matches(':')) else {
        return TimeZone::UTC;
    };
    TimeZone::get(name).unwrap_or_else(|_| {
        let what = format!("{} is not a time zone", quoted(name));
        report.problem("TZ", what, "write an IANA name such as Europe/Berlin, or UTC");
        TimeZone::UTC
    })
}

fn on_start(text: Option<&str>, report: &mut Report) -> OnStart {
    let Some(text) = text else {
        return OnStart::default();
    };
    match boolean(text) {
        Some(true) => OnStart::Always,
        Some(false) => OnStart::Never,
        None if text.eq_ignore_ascii_case("missed") => OnStart::Missed,
        None => {
            let what = format!("{} is not known", quoted(text));
            report.problem("RUN_ON_START", what, "write missed, true or false");
            OnStart::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, problem, problems};
    use super::*;

    #[test]
    fn schedules() {
        let schedule = config(&[
            ("BACKUP_CRON_EXPRESSION", "0 3 * * *"),
            ("TZ", "Europe/Berlin"),
            ("SCHEDULE_JITTER", "5m"),
            ("RUN_ON_START", "yes"),
        ])
        .schedule;
        assert_eq!(schedule.expression.as_deref(), Some("0 3 * * *"));
        assert_eq!(schedule.zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(schedule.jitter, Duration::from_mins(5));
        assert_eq!(schedule.on_start, OnStart::Always);
        let zone = |text| config(&[("TZ", text)]).schedule.zone;
        assert_eq!(zone(":Europe/Berlin").iana_name(), Some("Europe/Berlin"));
        assert_eq!(zone("UTC"), TimeZone::UTC);
        let on_start = |text| config(&[("RUN_ON_START", text)]).schedule.on_start;
        assert_eq!(on_start("False"), OnStart::Never);
        assert_eq!(on_start("Missed"), OnStart::Missed);
    }

    #[test]
    fn wrong_schedules() {
        let wrong = problem(&[("SCHEDULE", "every night")]);
        assert!(
            wrong.starts_with("SCHEDULE: \"every night\" is not a schedule: "),
            "{wrong}"
        );
        assert!(
            wrong.ends_with("; write cron fields such as 0 3 * * *, @daily, or @every 6h"),
            "{wrong}"
        );
        assert_eq!(
            problems(&[
                ("TZ", "Mars/Olympus"),
                ("SCHEDULE_JITTER", "5"),
                ("RUN_ON_START", "never")
            ]),
            "TZ: \"Mars/Olympus\" is not a time zone; write an IANA name such as Europe/Berlin, or UTC\n\
             SCHEDULE_JITTER: \"5\" is not a duration; write numbers with s, m, h, d or w, such as 90s, 36h or 7d\n\
             RUN_ON_START: \"never\" is not known; write missed, true or false"
        );
    }
}
