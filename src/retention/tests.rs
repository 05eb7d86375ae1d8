//! Tables of cases, and properties over pseudo-random histories.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::catalog::samples::{at, backup};
use jiff::SignedDuration;
use std::collections::BTreeSet;

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn history(starts: &[&str]) -> Vec<Backup> {
    starts.iter().map(|start| backup("db", "app", start)).collect()
}

/// What stays, as starts; newest first.
fn kept_starts(backups: &[Backup], keep: &Keep) -> Vec<String> {
    let plan = plan(backups, keep, &berlin());
    assert_eq!(plan.len(), backups.len(), "every backup has its decision");
    plan.iter()
        .filter(|d| d.keep)
        .map(|d| d.backup.key.started().to_string())
        .collect()
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

#[test]
fn reasons_are_given_for_every_backup() {
    let backups = history(&[
        "2026-11-20T03:00:00Z",
        "2026-11-19T22:00:00Z",
        "2026-11-19T03:00:00Z",
        "2026-11-01T03:00:00Z",
        "2026-09-30T21:59:59Z",
    ]);
    let keep = Keep {
        last: Some(2),
        daily: Some(2),
        monthly: Some(5),
        within: Some(days(1)),
        ..Keep::default()
    };
    let plan = plan(&backups, &keep, &berlin());
    let told: Vec<(bool, &str)> = plan.iter().map(|d| (d.keep, d.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            (
                true,
                "last 2: 1st, daily 2: 1st (2026-11-20), monthly 5: 1st (2026-11), within 1d, newest: never deleted"
            ),
            (true, "last 2: 2nd, daily 2: 2nd (2026-11-19), within 1d"),
            (true, "within 1d"),
            (false, "no rule keeps it"),
            (true, "monthly 5: 2nd (2026-09)"),
        ]
    );
}

/// Rules, a history, and what stays of it; newest first.
type Case = (Keep, &'static [&'static str], &'static [&'static str]);

fn counting_cases() -> [Case; 7] {
    [
        (
            Keep {
                last: Some(2),
                ..Keep::default()
            },
            &[
                "2026-11-20T03:00:00Z",
                "2026-11-20T02:00:00Z",
                "2026-11-20T01:00:00Z",
            ],
            &["2026-11-20T03:00:00Z", "2026-11-20T02:00:00Z"],
        ),
        // Midnight is that of Berlin.
        (
            Keep {
                daily: Some(2),
                ..Keep::default()
            },
            &[
                "2026-11-20T22:59:00Z",
                "2026-11-19T23:01:00Z",
                "2026-11-19T22:59:00Z",
                "2026-11-18T23:00:00Z",
            ],
            &["2026-11-20T22:59:00Z", "2026-11-19T22:59:00Z"],
        ),
        // Days without a backup use up no count.
        (
            Keep {
                daily: Some(2),
                ..Keep::default()
            },
            &[
                "2026-11-20T03:00:00Z",
                "2026-01-02T03:00:00Z",
                "2026-01-01T03:00:00Z",
            ],
            &["2026-11-20T03:00:00Z", "2026-01-02T03:00:00Z"],
        ),
        // ISO weeks: 27 December 2026 is a Sunday; 1 January 2027 is in week 53 of 2026.
        (
            Keep {
                weekly: Some(2),
                ..Keep::default()
            },
            &[
                "2027-01-01T03:00:00Z",
                "2026-12-28T03:00:00Z",
                "2026-12-27T03:00:00Z",
                "2026-12-21T03:00:00Z",
            ],
            &["2027-01-01T03:00:00Z", "2026-12-27T03:00:00Z"],
        ),
        (
            Keep {
                monthly: Some(2),
                ..Keep::default()
            },
            &[
                "2026-11-20T03:00:00Z",
                "2026-10-31T23:30:00Z",
                "2026-10-31T22:30:00Z",
                "2026-09-01T03:00:00Z",
            ],
            &["2026-11-20T03:00:00Z", "2026-10-31T22:30:00Z"],
        ),
        (
            Keep {
                yearly: Some(9),
                ..Keep::default()
            },
            &[
                "2026-11-20T03:00:00Z",
                "2025-12-31T23:30:00Z",
                "2025-12-31T22:30:00Z",
                "2023-02-01T03:00:00Z",
            ],
            &[
                "2026-11-20T03:00:00Z",
                "2025-12-31T22:30:00Z",
                "2023-02-01T03:00:00Z",
            ],
        ),
        // The hour from 2 to 3 comes twice on 25 October, and is two hours.
        (
            Keep {
                hourly: Some(2),
                ..Keep::default()
            },
            &[
                "2026-10-25T01:30:00Z",
                "2026-10-25T00:45:00Z",
                "2026-10-25T00:15:00Z",
            ],
            &["2026-10-25T01:30:00Z", "2026-10-25T00:45:00Z"],
        ),
    ]
}

fn other_cases() -> [Case; 2] {
    [
        // Within counts from the newest backup; the limit itself is within.
        (
            Keep {
                within: Some(days(1)),
                ..Keep::default()
            },
            &[
                "2020-01-02T03:00:00Z",
                "2020-01-01T03:00:00Z",
                "2020-01-01T02:59:59Z",
            ],
            &["2020-01-02T03:00:00Z", "2020-01-01T03:00:00Z"],
        ),
        // A rule with 0 is none; with others it changes nothing.
        (
            Keep {
                last: Some(1),
                daily: Some(0),
                within: Some(days(0)),
                ..Keep::default()
            },
            &["2026-11-20T03:00:00Z", "2026-11-19T03:00:00Z"],
            &["2026-11-20T03:00:00Z"],
        ),
    ]
}

#[test]
fn the_newest_of_each_period_in_tz_is_kept() {
    for (keep, starts, expected) in counting_cases().into_iter().chain(other_cases()) {
        let mut backups = history(starts);
        for _ in 0..2 {
            assert_eq!(kept_starts(&backups, &keep), expected, "{keep:?}");
            // The order of the listing does not matter.
            backups.reverse();
        }
    }
}

/// Two backups of one second, as a rule of 0 would keep them.
#[test]
fn a_rule_of_zero_keeps_nothing() {
    let (mut twin, newest) = (
        backup("db", "app", "2026-11-20T03:00:00Z"),
        backup("db", "app", "2026-11-20T03:00:00Z"),
    );
    twin.object.insert(0, 'a');
    let keep = Keep {
        last: Some(1),
        within: Some(days(0)),
        ..Keep::default()
    };
    let plan = plan([&twin, &newest], &keep, &berlin());
    let kept: Vec<_> = plan.iter().map(|d| (d.keep, d.reason.as_str())).collect();
    assert_eq!(
        kept,
        [
            (true, "last 1: 1st, newest: never deleted"),
            (false, "no rule keeps it")
        ]
    );
}

#[test]
fn without_a_rule_everything_stays() {
    let backups = history(&["2026-11-20T03:00:00Z", "2001-11-19T03:00:00Z"]);
    let zeros = Keep {
        last: Some(0),
        hourly: Some(0),
        daily: Some(0),
        weekly: Some(0),
        monthly: Some(0),
        yearly: Some(0),
        within: Some(days(0)),
    };
    for keep in [Keep::default(), zeros] {
        let plan = plan(&backups, &keep, &berlin());
        assert!(plan.iter().all(|d| d.keep && d.reason == "no KEEP_* rule is set"));
        assert_eq!(plan.len(), 2);
    }
    assert_eq!(plan([], &Keep::default(), &berlin()), []);
}

#[test]
fn each_database_and_target_has_its_own_counts_and_replaced_ones_have_none() {
    let starts = ["2026-11-20T03:00:00Z", "2026-11-19T03:00:00Z"];
    let all = ["app", "shop", "_globals", "_all", "_replaced.app"];
    let mut backups = Vec::new();
    for target in ["a", "b"] {
        for database in all {
            backups.extend(starts.map(|start| backup(target, database, start)));
        }
    }
    let keep = Keep {
        last: Some(1),
        ..Keep::default()
    };
    let plan = plan(&backups, &keep, &berlin());
    assert_eq!(plan.len(), 20);
    for decision in &plan {
        let key = &decision.backup.key;
        let replaced = matches!(key.database(), Database::Replaced(_));
        let newest = key.started() == at(starts[0]);
        assert_eq!(decision.keep, replaced || newest, "{}", key.text());
        if replaced {
            assert_eq!(decision.reason, "replaced by a restore: under no KEEP_* rule");
        }
    }
}

#[test]
fn durations_and_ordinals() {
    for (seconds, text) in [
        (86_400 * 30, "30d"),
        (36 * 3_600, "36h"),
        (90, "90s"),
        (120, "2m"),
        (604_800, "7d"),
    ] {
        assert_eq!(duration(Duration::from_secs(seconds)), text);
    }
    for (number, text) in [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (112, "112th"),
        (21, "21st"),
    ] {
        assert_eq!(ordinal(number), text);
    }
}

/// Deterministic noise (xorshift64*), so that a failure can be repeated.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn count(&mut self) -> Option<u32> {
        let count = u32::try_from(self.below(8)).unwrap();
        (self.below(3) == 0).then_some(count)
    }

    fn keep(&mut self) -> Keep {
        Keep {
            last: self.count(),
            hourly: self.count(),
            daily: self.count(),
            weekly: self.count(),
            monthly: self.count(),
            yearly: self.count(),
            within: (self.below(4) == 0).then(|| Duration::from_secs(self.below(90 * 86_400))),
        }
    }

    /// Backups minutes to weeks apart, of three databases.
    fn backups(&mut self) -> Vec<Backup> {
        let mut time = at("2026-11-20T03:00:00Z");
        let spread = [3_600, 86_400, 20 * 86_400][usize::try_from(self.below(3)).unwrap()];
        let mut backups = Vec::new();
        for _ in 0..self.below(60) {
            time -= SignedDuration::from_secs(i64::try_from(self.below(spread)).unwrap());
            let database = ["app", "shop", "_replaced.app"][usize::try_from(self.below(3)).unwrap()];
            backups.push(backup("db", database, &time.to_string()));
        }
        backups
    }
}

fn objects(backups: &[Backup], keep: &Keep, kept: bool) -> BTreeSet<String> {
    let plan = plan(backups, keep, &berlin());
    plan.iter()
        .filter(|d| d.keep == kept)
        .map(|d| d.backup.object.clone())
        .collect()
}

fn more(count: Option<u32>, noise: &mut Noise) -> Option<u32> {
    let extra = u32::try_from(noise.below(3)).unwrap();
    match count {
        // From no rule at all to one is a step the other way, unless there are other rules.
        None | Some(0) => count,
        Some(count) => Some(count + extra),
    }
}

#[test]
fn whatever_the_rules_and_the_history() {
    let mut noise = Noise(3);
    let mut deleted_in_all = 0;
    for _ in 0..800 {
        let (backups, keep) = (noise.backups(), noise.keep());
        let deleted = objects(&backups, &keep, false);
        let kept = objects(&backups, &keep, true);
        deleted_in_all += deleted.len();

        // Nothing is lost sight of.
        let all: BTreeSet<String> = backups.iter().map(|b| b.object.clone()).collect();
        assert_eq!(&deleted | &kept, all);

        // The newest of a database stays, and so does what was replaced.
        for database in ["app", "shop"].map(Database::from_shown) {
            let of_it = backups.iter().filter(|b| *b.key.database() == database);
            if let Some(newest) = of_it.max_by_key(|b| b.key.started()) {
                assert!(kept.contains(&newest.object), "{keep:?}");
            }
        }
        assert!(deleted.iter().all(|object| !object.contains("_replaced.")));

        // Another database's backups make no difference.
        let app = Database::from_shown("app");
        let alone: Vec<Backup> = backups
            .iter()
            .filter(|b| *b.key.database() == app)
            .cloned()
            .collect();
        let of_app: BTreeSet<String> = deleted
            .iter()
            .filter(|object| object.starts_with("p/db/app/"))
            .cloned()
            .collect();
        assert_eq!(objects(&alone, &keep, false), of_app);

        // Done once, it is done.
        let rest: Vec<Backup> = backups
            .iter()
            .filter(|b| kept.contains(&b.object))
            .cloned()
            .collect();
        assert_eq!(objects(&rest, &keep, false), BTreeSet::new(), "{keep:?}");

        // Who asks for more keeps no less.
        let wider = Keep {
            last: more(keep.last, &mut noise),
            hourly: more(keep.hourly, &mut noise),
            daily: more(keep.daily, &mut noise),
            weekly: more(keep.weekly, &mut noise),
            monthly: more(keep.monthly, &mut noise),
            yearly: more(keep.yearly, &mut noise),
            within: keep.within.map(|within| within * 2),
        };
        assert!(
            objects(&backups, &wider, true).is_superset(&kept),
            "{keep:?} {wider:?}"
        );
    }
    assert!(
        deleted_in_all > 3_000,
        "too little was deleted to prove anything: {deleted_in_all}"
    );
}
