//! What KEEP_* keeps: every whole backup with the decision and its reason, as a pure function.
//!
//! A backup goes only when no rule keeps it, per target and database, and these never go: the newest of a
//! database, and what a restore replaced (`_replaced.*`, which only `delete` removes). Without a rule everything
//! stays. Backups from the future have to be set aside before ([`Catalog::split_future`]): counted, one of them
//! would be the newest.
//!
//! The rules are restic's: of each hour, day, ISO week, month and year in TZ the newest backup is kept, for as many
//! of these periods as the count says, periods without a backup not counted; `KEEP_WITHIN` counts back from the
//! newest backup and not from now, so that a long failure deletes nothing.
//!
//! [`Catalog::split_future`]: crate::catalog::Catalog::split_future

pub mod collapse;
pub mod guard;
pub mod sweep;

use crate::catalog::{Backup, Database};
use crate::config::Keep;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// What happens to one backup, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The backup.
    pub backup: &'a Backup,
    /// Whether it stays.
    pub keep: bool,
    /// Every rule that keeps it, or that none does.
    pub reason: String,
}

/// Decides on each of these backups, all of them complete: newest first within each database, the databases in the
/// order of their targets and names.
pub fn plan<'a>(
    backups: impl IntoIterator<Item = &'a Backup>,
    keep: &Keep,
    zone: &TimeZone,
) -> Vec<Decision<'a>> {
    // Grouped here and not by the caller: mixed up, one database's backups would use up another's counts.
    let mut databases: BTreeMap<(&str, &Database), Vec<&Backup>> = BTreeMap::new();
    for backup in backups {
        databases
            .entry((backup.key.target(), backup.key.database()))
            .or_default()
            .push(backup);
    }
    let mut decisions = Vec::new();
    for ((_, database), mut backups) in databases {
        backups.sort_by_key(|backup| Reverse((backup.key.started(), backup.key.id(), &backup.object)));
        if matches!(database, Database::Replaced(_)) {
            decisions.extend(kept(&backups, "replaced by a restore: under no KEEP_* rule"));
        } else if is_empty(keep) {
            decisions.extend(kept(&backups, "no KEEP_* rule is set"));
        } else {
            decisions.extend(by_rules(&backups, keep, zone));
        }
    }
    decisions
}

/// A count of 0 is no rule, as in restic: were it one, `KEEP_DAILY=0` alone would delete everything but the newest.
fn is_empty(keep: &Keep) -> bool {
    let counts = [
        keep.last,
        keep.hourly,
        keep.daily,
        keep.weekly,
        keep.monthly,
        keep.yearly,
    ];
    counts.into_iter().all(|count| count.unwrap_or_default() == 0)
        && keep.within.unwrap_or_default().is_zero()
}

fn kept<'a>(backups: &[&'a Backup], reason: &str) -> Vec<Decision<'a>> {
    let keep = |backup: &&'a Backup| Decision {
        backup,
        keep: true,
        reason: reason.to_owned(),
    };
    backups.iter().map(keep).collect()
}

/// The backups of one database, newest first.
fn by_rules<'a>(backups: &[&'a Backup], keep: &Keep, zone: &TimeZone) -> Vec<Decision<'a>> {
    let Some(newest) = backups.first().map(|backup| backup.key.started()) else {
        return Vec::new();
    };
    let mut rules = [
        Rule::new("last", keep.last, |_| None),
        Rule::new("hourly", keep.hourly, |at| Some(hour(at))),
        Rule::new("daily", keep.daily, |at| {
            Some(at.strftime("%Y-%m-%d").to_string())
        }),
        Rule::new("weekly", keep.weekly, |at| {
            Some(at.strftime("%G-W%V").to_string())
        }),
        Rule::new("monthly", keep.monthly, |at| {
            Some(at.strftime("%Y-%m").to_string())
        }),
        Rule::new("yearly", keep.yearly, |at| Some(at.strftime("%Y").to_string())),
    ];
    let mut decisions = Vec::new();
    for (index, backup) in backups.iter().enumerate() {
        let started = backup.key.started();
        let zoned = started.to_zoned(zone.clone());
        let mut reasons: Vec<String> = rules.iter_mut().filter_map(|rule| rule.keeps(&zoned)).collect();
        reasons.extend(within(keep.within, newest, started));
        if index == 0 {
            reasons.push("newest: never deleted".to_owned());
        }
        let keep = !reasons.is_empty();
        decisions.push(Decision {
            backup,
            keep,
            reason: if keep {
                reasons.join(", ")
            } else {
                "no rule keeps it".to_owned()
            },
        });
    }
    decisions
}

/// One of the counting rules, on its way from the newest backup to the oldest.
struct Rule {
    name: &'static str,
    count: u32,
    used: u32,
    /// The period of a time; `None`: each backup is one of its own.
    period: fn(&Zoned) -> Option<String>,
    last_period: Option<String>,
}

impl Rule {
    fn new(name: &'static str, count: Option<u32>, period: fn(&Zoned) -> Option<String>) -> Self {
        Self {
            name,
            count: count.unwrap_or_default(),
            used: 0,
            period,
            last_period: None,
        }
    }

    /// The reason, when this rule keeps the backup that began then.
    fn keeps(&mut self, started: &Zoned) -> Option<String> {
        if self.used == self.count {
            return None;
        }
        let period = (self.period)(started);
        if period.is_some() && period == self.last_period {
            return None;
        }
        self.used += 1;
        let nth = ordinal(self.used);
        let reason = match &period {
            Some(period) => format!("{} {}: {nth} ({period})", self.name, self.count),
            None => format!("{} {}: {nth}", self.name, self.count),
        };
        self.last_period = period;
        Some(reason)
    }
}

/// The hour that the clock shows, with its offset: an hour that comes twice is two.
fn hour(at: &Zoned) -> String {
    at.strftime("%Y-%m-%dT%H%:z").to_string()
}

fn within(limit: Option<Duration>, newest: Timestamp, started: Timestamp) -> Option<String> {
    let limit = limit.filter(|limit| !limit.is_zero())?;
    // Not later than the newest by construction; a span too long for the type keeps everything.
    let behind = Duration::try_from(newest.duration_since(started)).unwrap_or_default();
    (behind <= limit).then(|| format!("within {}", duration(limit)))
}

/// In the largest unit that it is a whole number of, as `KEEP_WITHIN` is written.
fn duration(of: Duration) -> String {
    let seconds = of.as_secs();
    for (unit_seconds, unit) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
        if seconds >= unit_seconds && seconds.is_multiple_of(unit_seconds) {
            return format!("{}{unit}", seconds / unit_seconds);
        }
    }
    format!("{seconds}s")
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests;
