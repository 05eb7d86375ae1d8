//! What to keep. Nothing here may make a rule out of a mistake: rules delete.

use super::env::Given;
use super::problems::Report;
use super::show::quoted;
use serde::Deserialize;
use std::time::Duration;

/// The `KEEP_*` rules. All `None`: no whole backup is ever deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// `KEEP_LAST`.
    pub last: Option<u32>,
    /// `KEEP_HOURLY`.
    pub hourly: Option<u32>,
    /// `KEEP_DAILY`.
    pub daily: Option<u32>,
    /// `KEEP_WEEKLY`.
    pub weekly: Option<u32>,
    /// `KEEP_MONTHLY`.
    pub monthly: Option<u32>,
    /// `KEEP_YEARLY`.
    pub yearly: Option<u32>,
    /// `KEEP_WITHIN`, counted back from the newest backup.
    pub within: Option<Duration>,
}

impl Keep {
    /// No rule: nothing is ever deleted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Deserialize, Default)]
struct Raw {
    keep_last: Option<String>,
    keep_hourly: Option<String>,
    keep_daily: Option<String>,
    keep_weekly: Option<String>,
    keep_monthly: Option<String>,
    keep_yearly: Option<String>,
    keep_within: Option<String>,
    prune: Option<String>,
}

/// The rules, and `PRUNE`.
pub(super) fn read(given: &Given, report: &mut Report) -> (Keep, bool) {
    let raw: Raw = given.part(report);
    let keep = Keep {
        last: count("KEEP_LAST", raw.keep_last.as_deref(), report),
        hourly: count("KEEP_HOURLY", raw.keep_hourly.as_deref(), report),
        daily: count("KEEP_DAILY", raw.keep_daily.as_deref(), report),
        weekly: count("KEEP_WEEKLY", raw.keep_weekly.as_deref(), report),
        monthly: count("KEEP_MONTHLY", raw.keep_monthly.as_deref(), report),
        yearly: count("KEEP_YEARLY", raw.keep_yearly.as_deref(), report),
        within: within(raw.keep_within.as_deref(), report),
    };
    (
        keep,
        report.boolean("PRUNE", raw.prune.as_deref()).unwrap_or(true),
    )
}

fn count(name: &str, text: Option<&str>, report: &mut Report) -> Option<u32> {
    let text = text?;
    let (what, hint) = match text.parse() {
        Ok(0) => (
            "is 0, and would keep nothing by this rule".to_owned(),
            "leave it unset",
        ),
        Ok(count) => return Some(count),
        Err(_) => (
            format!("{} is not a count", quoted(text)),
            "write a number from 1 on, or leave it unset",
        ),
    };
    report.problem(name, what, hint);
    None
}

/// Refuses minutes: where restic says `6m`, it means six months, and the rule would delete all of them.
fn within(text: Option<&str>, report: &mut Report) -> Option<Duration> {
    const VARIABLE: &str = "KEEP_WITHIN";
    let within = report.lasting(VARIABLE, text)?;
    if text.is_some_and(|text| text.contains('m')) {
        report.problem(
            VARIABLE,
            format!(
                "{}: m means minutes, not months",
                quoted(text.unwrap_or_default())
            ),
            "write h, d or w: six months are 26w",
        );
        return None;
    }
    Some(within)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, problem, problems};
    use super::*;

    #[test]
    fn rules() {
        let unset = config(&[]);
        assert!(unset.keep.is_everything());
        assert!(unset.prune);
        let set = config(&[
            ("KEEP_LAST", "1"),
            ("KEEP_HOURLY", "2"),
            ("KEEP_DAILY", "3"),
            ("KEEP_WEEKLY", "4"),
            ("KEEP_MONTHLY", "5"),
            ("KEEP_YEARLY", "6"),
            ("KEEP_WITHIN", "7d"),
            ("PRUNE", "false"),
        ]);
        let rules = Keep {
            last: Some(1),
            hourly: Some(2),
            daily: Some(3),
            weekly: Some(4),
            monthly: Some(5),
            yearly: Some(6),
            within: Some(Duration::from_hours(7 * 24)),
        };
        assert_eq!(set.keep, rules);
        assert!(!set.prune);
    }

    #[test]
    fn wrong_rules() {
        for name in [
            "KEEP_LAST",
            "KEEP_HOURLY",
            "KEEP_DAILY",
            "KEEP_WEEKLY",
            "KEEP_MONTHLY",
            "KEEP_YEARLY",
        ] {
            assert_eq!(
                problem(&[(name, "0")]),
                format!("{name}: is 0, and would keep nothing by this rule; leave it unset")
            );
            assert_eq!(
                problem(&[(name, "7d")]),
                format!("{name}: \"7d\" is not a count; write a number from 1 on, or leave it unset")
            );
        }
        assert_eq!(
            problem(&[("KEEP_LAST", "-1")]),
            "KEEP_LAST: \"-1\" is not a count; write a number from 1 on, or leave it unset"
        );
        assert_eq!(
            problem(&[("KEEP_WITHIN", "30")]),
            "KEEP_WITHIN: \"30\" is not a duration; write numbers with s, m, h, d or w, such as 90s, 36h or 7d"
        );
        assert_eq!(
            problem(&[("KEEP_WITHIN", "6m")]),
            "KEEP_WITHIN: \"6m\": m means minutes, not months; write h, d or w: six months are 26w"
        );
        assert_eq!(
            problems(&[("KEEP_WITHIN", "0"), ("PRUNE", "never")]),
            "KEEP_WITHIN: is zero; write a longer time, or leave it unset\n\
             PRUNE: \"never\" is neither true nor false; write true or false"
        );
    }
}
