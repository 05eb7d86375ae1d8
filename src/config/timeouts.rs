//! How long lifeboat waits.

use super::env::Given;
use super::problems::Report;
use serde::Deserialize;
use std::time::Duration;

/// Time-outs.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// `STALL_TIMEOUT`.
    pub stall: Duration,
    /// `BACKUP_TIMEOUT`.
    pub backup: Duration,
    /// `LOCK_WAIT_TIMEOUT`.
    pub lock_wait: Duration,
}

#[derive(Deserialize, Default)]
#[expect(clippy::struct_field_names, reason = "they are the variables' names")]
struct Raw {
    stall_timeout: Option<String>,
    backup_timeout: Option<String>,
    lock_wait_timeout: Option<String>,
}

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// What is incomplete is swept after 48 hours: a backup that ran longer could be swept under its own hands.
const LONGEST_BACKUP: Duration = Duration::from_hours(47);

pub(super) fn read(given: &Given, report: &mut Report) -> Timeouts {
    let raw: Raw = given.part(report);
    let backup = report
        .lasting("BACKUP_TIMEOUT", raw.backup_timeout.as_deref())
        .unwrap_or(24 * HOUR);
    if backup > LONGEST_BACKUP {
        report.problem(
            "BACKUP_TIMEOUT",
            "is longer than 47h",
            "write at most 47h: what is incomplete for 48h is deleted",
        );
    }
    let timeouts = Timeouts {
        stall: report
            .lasting("STALL_TIMEOUT", raw.stall_timeout.as_deref())
            .unwrap_or(10 * MINUTE),
        backup,
        lock_wait: report
            .lasting("LOCK_WAIT_TIMEOUT", raw.lock_wait_timeout.as_deref())
            .unwrap_or(5 * MINUTE),
    };
    if timeouts.lock_wait >= timeouts.stall {
        report.warn(
            "LOCK_WAIT_TIMEOUT is not shorter than STALL_TIMEOUT: a dump that waits for a lock is silent, and ends \
             as stalled",
        );
    }
    timeouts
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, problem, problems, warnings};
    use super::*;

    #[test]
    fn timeouts() {
        let unset = config(&[]).timeouts;
        assert_eq!(
            (unset.stall, unset.backup, unset.lock_wait),
            (10 * MINUTE, 24 * HOUR, 5 * MINUTE)
        );
        let set = config(&[
            ("STALL_TIMEOUT", "1h"),
            ("BACKUP_TIMEOUT", "47h"),
            ("LOCK_WAIT_TIMEOUT", "30s"),
        ])
        .timeouts;
        assert_eq!(
            (set.stall, set.backup, set.lock_wait),
            (HOUR, 47 * HOUR, MINUTE / 2)
        );
        assert_eq!(
            warnings(&[("LOCK_WAIT_TIMEOUT", "10m")]),
            [
                "LOCK_WAIT_TIMEOUT is not shorter than STALL_TIMEOUT: a dump that waits for a lock is silent, and \
                 ends as stalled"
            ]
        );
    }

    #[test]
    fn wrong_timeouts() {
        assert_eq!(
            problem(&[("BACKUP_TIMEOUT", "2d")]),
            "BACKUP_TIMEOUT: is longer than 47h; write at most 47h: what is incomplete for 48h is deleted"
        );
        assert_eq!(
            problems(&[("STALL_TIMEOUT", "0s"), ("LOCK_WAIT_TIMEOUT", "forever")]),
            "STALL_TIMEOUT: is zero; write a longer time, or leave it unset\n\
             LOCK_WAIT_TIMEOUT: \"forever\" is not a duration; write numbers with s, m, h, d or w, such as 90s, 36h \
             or 7d"
        );
    }
}
