//! Collapse: the newest backup of a database is a fraction of one before it. A table was dropped, a volume lost, or it is as
//! it should be; nobody here can tell, so it is said for as long as it lasts.
//!
//! Stored sizes are compared, which a listing tells. What is below half was never the same data less a little.

use super::Decision;
use crate::catalog::{Backup, Database};
use std::collections::BTreeMap;

/// Whether so many bytes are below half of those of `before`. Rounded up: of 3 bytes, 1 is below half.
pub fn is_below_half(bytes: u64, before: &Backup) -> bool {
    bytes < before.bytes.div_ceil(2)
}

/// The last backup before the newest one shrank: of those that are more than twice its size, the newest. `backups` are
/// one database's, newest first.
pub fn last_before<'a>(backups: impl IntoIterator<Item = &'a Backup>) -> Option<&'a Backup> {
    let mut backups = backups.into_iter();
    let newest = backups.next()?;
    backups.find(|before| is_below_half(newest.bytes, before))
}

/// Every newest backup that has shrunk, with the last one before: of each database of each target, newest first within it.
pub fn of_each<'a>(backups: impl IntoIterator<Item = &'a Backup>) -> Vec<(&'a Backup, &'a Backup)> {
    let mut databases: BTreeMap<(&str, &Database), Vec<&Backup>> = BTreeMap::new();
    for backup in backups {
        let key = &backup.key;
        if !matches!(key.database(), Database::Replaced(_)) {
            databases
                .entry((key.target(), key.database()))
                .or_default()
                .push(backup);
        }
    }
    let shrunk = |backups: Vec<&'a Backup>| Some((*backups.first()?, last_before(backups)?));
    databases.into_values().filter_map(shrunk).collect()
}

/// Keeps the last backup before a collapse from being deleted: the rules would delete it for one that may hold nothing.
/// `decisions` are one database's, newest first.
pub fn spare(decisions: &mut [Decision<'_>]) {
    let last = last_before(decisions.iter().map(|decision| decision.backup)).map(|backup| &backup.object);
    let Some(decision) = decisions
        .iter_mut()
        .find(|decision| Some(&decision.backup.object) == last)
    else {
        return;
    };
    if !decision.keep {
        decision.keep = true;
        "the last before the newest shrank to less than half".clone_into(&mut decision.reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::backup;
    use crate::config::Keep;
    use crate::retention::plan;
    use jiff::tz::TimeZone;

    /// One database's backups of these sizes, newest first, a day apart.
    fn of(sizes: &[u64]) -> Vec<Backup> {
        let sized = |(days, bytes): (usize, &u64)| Backup {
            bytes: *bytes,
            ..backup("db", "app", &format!("2026-11-{:02}T03:00:00Z", 28 - days))
        };
        sizes.iter().enumerate().map(sized).collect()
    }

    #[test]
    fn the_last_before_is_the_newest_of_more_than_twice_the_size() {
        for (sizes, last) in [
            (&[][..], None),
            (&[100], None),
            (&[100, 100], None),
            (&[50, 100], None),
            (&[49, 100], Some(1)),
            (&[1, 3], Some(1)),
            (&[0, 1], Some(1)),
            (&[0, 0], None),
            // However many nights ago, and little by little too.
            (&[10, 9, 10, 11, 90, 100], Some(4)),
            (&[40, 60, 70, 100], Some(3)),
            // It is over when the size is what it was.
            (&[95, 10, 10, 100], None),
        ] {
            let backups = of(sizes);
            let found = last_before(&backups).map(|backup| backup.bytes);
            assert_eq!(found, last.map(|index: usize| sizes[index]), "{sizes:?}");
        }
    }

    #[test]
    fn databases_and_targets_are_each_by_themselves() {
        let mut backups = of(&[10, 100]);
        for other in [
            backup("db", "shop", "2026-11-20T03:00:00Z"),
            backup("other", "app", "2026-11-20T03:00:00Z"),
            backup("db", "_replaced.app", "2026-11-21T03:00:00Z"),
            backup("db", "_replaced.app", "2026-11-20T03:00:00Z"),
        ] {
            backups.push(other);
        }
        backups[4].bytes = 1;
        let shrunk: Vec<_> = of_each(&backups)
            .into_iter()
            .map(|(now, before)| (now.bytes, before.bytes))
            .collect();
        assert_eq!(shrunk, [(10, 100)]);
    }

    #[test]
    fn what_the_rules_would_delete_is_spared_and_nothing_else() {
        let keep = Keep {
            last: Some(2),
            ..Keep::default()
        };
        let kept = |sizes: &[u64]| -> Vec<u64> {
            let backups = of(sizes);
            let mut decisions = plan(&backups, &keep, &TimeZone::UTC);
            spare(&mut decisions);
            let kept: Vec<_> = decisions.iter().filter(|decision| decision.keep).collect();
            kept.iter().map(|decision| decision.backup.bytes).collect()
        };
        assert_eq!(kept(&[10, 11, 12, 101, 100]), [10, 11, 101]);
        assert_eq!(kept(&[10, 101, 102, 103]), [10, 101], "the rules keep it");
        assert_eq!(kept(&[100, 10, 10, 101]), [100, 10]);
        let backups = of(&[10, 11, 12, 101]);
        let mut decisions = plan(&backups, &keep, &TimeZone::UTC);
        spare(&mut decisions);
        assert_eq!(
            decisions[3].reason,
            "the last before the newest shrank to less than half"
        );
    }
}
