//! What is in the bucket: keys grouped into backups, and the choice among them.
//!
//! **A backup exists only when both of its keys do**, dump and manifest. Anything else of our grammar is
//! incomplete: shown on request, swept after two days, never restored and never counted. Keys of another grammar
//! are somebody else's and are not looked at.
//!
//! Pure: a listing goes in. Knows no store and no clock.

pub mod database;
pub mod key;
mod listing;
pub mod manifest;
mod select;
pub mod table;
pub mod which;

pub use database::Database;
pub use key::Key;
pub use listing::Listing;
pub use manifest::Manifest;
pub use which::Which;

use jiff::{SignedDuration, Timestamp};
use key::MANIFEST_SUFFIX;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How far two clocks may be apart before what one of them stamped is not believed.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(15);

/// One row of a store's listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Last change, by the store's clock.
    pub modified: Timestamp,
}

/// A whole backup: dump and manifest are both there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its identity.
    pub key: Key,
    /// The whole key of the dump, `S3_PREFIX` included.
    pub object: String,
    /// The size of the stored dump in bytes.
    pub bytes: u64,
    /// The last change of the dump, by the store's clock.
    pub modified: Timestamp,
}

impl Backup {
    /// The whole key of the manifest.
    pub fn manifest_object(&self) -> String {
        format!("{}{MANIFEST_SUFFIX}", self.object)
    }

    /// Newest first: by start, then id, then key.
    fn newest_first(&self) -> impl Ord + use<> {
        Reverse((self.key.started(), self.key.id(), self.object.clone()))
    }
}

/// Which half of an incomplete backup is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The dump is there without its manifest.
    Manifest,
    /// The manifest is there without its dump.
    Dump,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Manifest => "manifest",
            Self::Dump => "dump",
        })
    }
}

/// Half of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// The identity the backup would have.
    pub key: Key,
    /// The whole key of the object that is there.
    pub object: String,
    /// What is not there.
    pub missing: Missing,
    /// The size of what is there, in bytes.
    pub bytes: u64,
    /// Its last change, by the store's clock.
    pub modified: Timestamp,
}

impl Incomplete {
    /// Since when nothing has happened to it, as far as anybody can tell: the younger of key and last change.
    /// A store stamps a multipart object with the begin of its upload, and a copied bucket with the time of
    /// the copy.
    pub fn since(&self) -> Timestamp {
        self.key.started().max(self.modified)
    }
}

/// Count and size of some backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many.
    pub count: usize,
    /// Their stored dumps, in bytes.
    pub bytes: u64,
}

impl Totals {
    /// Of these backups.
    pub fn of<'a>(backups: impl IntoIterator<Item = &'a Backup>) -> Self {
        backups.into_iter().fold(Self::default(), |sum, backup| Self {
            count: sum.count + 1,
            bytes: sum.bytes.saturating_add(backup.bytes),
        })
    }
}

/// A listing, grouped into backups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    complete: Vec<Backup>,
    incomplete: Vec<Incomplete>,
    future: Vec<Backup>,
    foreign: usize,
}

impl Catalog {
    /// Groups a listing of what is under `prefix` (`S3_PREFIX` without slashes at its ends).
    pub fn from_listing(prefix: &str, entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut listing = Listing::of(prefix);
        for entry in entries {
            listing.add(entry);
        }
        listing.into_catalog()
    }

    /// Sets backups aside that are stamped more than [`CLOCK_TOLERANCE`] ahead of the store's clock. A wrong clock
    /// made them: counted as the newest they would have KEEP rules delete the real ones, so they are never
    /// counted, never deleted and never `latest`. The caller says so.
    pub fn split_future(&mut self, store_now: Timestamp) {
        let limit = store_now.checked_add(CLOCK_TOLERANCE).unwrap_or(Timestamp::MAX);
        let (future, complete) = std::mem::take(&mut self.complete)
            .into_iter()
            .partition(|b| b.key.started() > limit);
        self.complete = complete;
        self.future.extend::<Vec<_>>(future);
    }

    /// Forgets the targets that `wanted` does not want; they are no longer counted at all.
    pub fn retain_targets(&mut self, wanted: impl Fn(&str) -> bool) {
        self.complete.retain(|backup| wanted(backup.key.target()));
        self.future.retain(|backup| wanted(backup.key.target()));
        self.incomplete.retain(|half| wanted(half.key.target()));
    }

    /// Forgets complete backups that `wanted` does not want.
    pub fn retain(&mut self, wanted: impl Fn(&Backup) -> bool) {
        self.complete.retain(|backup| wanted(backup));
    }

    /// The complete backups, newest first; those from the future are not among them once they are split off.
    pub fn complete(&self) -> &[Backup] {
        &self.complete
    }

    /// The halves of backups, newest first.
    pub fn incomplete(&self) -> &[Incomplete] {
        &self.incomplete
    }

    /// The complete backups that [`Catalog::split_future`] set aside, newest first.
    pub fn future(&self) -> &[Backup] {
        &self.future
    }

    /// How many keys were not ours.
    pub fn foreign(&self) -> usize {
        self.foreign
    }

    /// The complete backups of one target, newest first.
    pub fn of_target<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Backup> {
        self.complete
            .iter()
            .filter(move |backup| backup.key.target() == target)
    }

    /// The complete backups of one database of one target, newest first.
    pub fn of<'a>(&'a self, target: &'a str, database: &'a Database) -> impl Iterator<Item = &'a Backup> {
        self.of_target(target)
            .filter(move |backup| backup.key.database() == database)
    }

    /// The newest complete backup of one database.
    pub fn newest(&self, target: &str, database: &Database) -> Option<&Backup> {
        self.complete
            .iter()
            .find(|backup| backup.key.target() == target && backup.key.database() == database)
    }

    /// The targets that have complete backups.
    pub fn targets(&self) -> BTreeSet<&str> {
        self.complete.iter().map(|backup| backup.key.target()).collect()
    }

    /// Target and database of every complete backup, each pair once.
    pub fn databases(&self) -> BTreeSet<(&str, &Database)> {
        self.complete
            .iter()
            .map(|backup| (backup.key.target(), backup.key.database()))
            .collect()
    }
}

/// A row of `list --json`. Fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedBackup {
    /// The whole key; of an incomplete backup, that of the half that is there.
    pub key: String,
    /// The target's name.
    pub target: String,
    /// The database, as shown to people.
    pub database: String,
    /// When it began.
    pub started: Timestamp,
    /// `pgdump`, `sql`.
    pub extension: String,
    /// As in COMPRESSION: `bzip2`, `none`.
    pub compression: &'static str,
    /// The size of the stored object.
    pub bytes: u64,
    /// Whether both halves are there.
    pub complete: bool,
}

impl ListedBackup {
    fn new(key: &Key, object: &str, bytes: u64, complete: bool) -> Self {
        Self {
            key: object.to_owned(),
            target: key.target().to_owned(),
            database: key.database().to_string(),
            started: key.started(),
            extension: key.extension().to_owned(),
            compression: key.compression_name(),
            bytes,
            complete,
        }
    }
}

impl From<&Backup> for ListedBackup {
    fn from(backup: &Backup) -> Self {
        Self::new(&backup.key, &backup.object, backup.bytes, true)
    }
}

impl From<&Incomplete> for ListedBackup {
    fn from(half: &Incomplete) -> Self {
        Self::new(&half.key, &half.object, half.bytes, false)
    }
}

/// Backups for tests, all under the prefix `p`.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod samples {
    use super::{Backup, Catalog, Database, Entry, Key};
    use jiff::Timestamp;

    pub(crate) fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A backup of 1000 bytes, last changed when it began.
    pub(crate) fn backup(target: &str, database: &str, started: &str) -> Backup {
        let key = Key::new(
            target,
            Database::from_shown(database),
            at(started),
            0,
            "sql",
            None,
        )
        .unwrap();
        Backup {
            object: key.object("p"),
            bytes: 1_000,
            modified: key.started(),
            key,
        }
    }

    /// What a store lists for these backups.
    pub(crate) fn listing(backups: &[Backup]) -> Vec<Entry> {
        let entry = |key: String, backup: &Backup, bytes| Entry {
            key,
            bytes,
            modified: backup.modified,
        };
        backups
            .iter()
            .flat_map(|b| {
                [
                    entry(b.object.clone(), b, b.bytes),
                    entry(b.manifest_object(), b, 700),
                ]
            })
            .collect()
    }

    pub(crate) fn catalog(backups: &[Backup]) -> Catalog {
        Catalog::from_listing("p", listing(backups))
    }

    /// `target/database start` of each.
    pub(crate) fn keys<'a>(backups: impl IntoIterator<Item = &'a Backup>) -> Vec<String> {
        backups
            .into_iter()
            .map(|b| format!("{}/{} {}", b.key.target(), b.key.database(), b.key.started()))
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::samples::{at, backup, catalog, keys, listing};
    use super::*;

    #[test]
    fn both_halves_make_a_backup_and_one_makes_none() {
        let whole = backup("db", "app", "2026-11-20T03:00:00Z");
        let dump_only = backup("db", "app", "2026-11-19T03:00:00Z");
        let manifest_only = backup("db", "app", "2026-11-18T03:00:00Z");
        let mut entries = listing(&[whole.clone(), dump_only.clone(), manifest_only.clone()]);
        entries.retain(|e| e.key != dump_only.manifest_object() && e.key != manifest_only.object);
        let foreign = [
            "p/readme.txt",
            "db/app/2026-11-20T03-00-00Z-0000.sql",
            "p/",
            "p/db/app/x.sql",
            "q",
        ];
        entries.extend(foreign.map(|key| Entry {
            key: key.to_owned(),
            bytes: 5,
            modified: whole.modified,
        }));
        // A store need not list in order.
        entries.reverse();
        let catalog = Catalog::from_listing("p", entries);
        assert_eq!(catalog.complete(), std::slice::from_ref(&whole));
        assert_eq!(catalog.foreign(), foreign.len());
        let halves: Vec<_> = catalog
            .incomplete()
            .iter()
            .map(|half| (half.object.clone(), half.missing, half.bytes))
            .collect();
        assert_eq!(
            halves,
            [
                (dump_only.object.clone(), Missing::Manifest, 1_000),
                (manifest_only.manifest_object(), Missing::Dump, 700)
            ]
        );
        // The same backup in other clothes is another backup: half of each is no whole.
        let key = Key::new(
            "db",
            Database::from_shown("app"),
            whole.key.started(),
            0,
            "sql",
            Some("bz2"),
        )
        .unwrap();
        let other = Backup {
            object: key.object("p"),
            key,
            ..whole.clone()
        };
        let entries = [listing(&[whole])[0].clone(), listing(&[other])[1].clone()];
        let mixed = Catalog::from_listing("p", entries);
        assert_eq!((mixed.complete().len(), mixed.incomplete().len()), (0, 2));
    }

    #[test]
    fn newest_first_by_start_then_id_then_key() {
        let with_id = |id, extension, database: &str| {
            let started = at("2026-11-20T03:00:00Z");
            let key = Key::new("db", Database::from_shown(database), started, id, extension, None).unwrap();
            Backup {
                object: key.object("p"),
                key,
                ..backup("db", "app", "2026-11-20T03:00:00Z")
            }
        };
        let ordered = vec![
            backup("db", "a", "2026-11-20T03:00:01Z"),
            with_id(9, "sql", "a"),
            with_id(8, "sql", "b"),
            with_id(8, "sql", "a"),
            with_id(8, "pgdump", "a"),
            backup("db", "z", "2026-11-20T02:59:59Z"),
        ];
        for turn in 0..ordered.len() {
            let mut turned = ordered.clone();
            turned.rotate_left(turn);
            assert_eq!(catalog(&turned).complete(), ordered);
        }
    }

    #[test]
    fn by_target_and_database() {
        let mut catalog = catalog(&[
            backup("a", "app", "2026-11-20T03:00:00Z"),
            backup("a", "app", "2026-11-21T03:00:00Z"),
            backup("a", "_all", "2026-11-22T03:00:00Z"),
            backup("b", "app", "2026-11-23T03:00:00Z"),
        ]);
        let app = Database::from_shown("app");
        assert_eq!(
            keys(catalog.of("a", &app)),
            ["a/app 2026-11-21T03:00:00Z", "a/app 2026-11-20T03:00:00Z"]
        );
        assert_eq!(catalog.of_target("a").count(), 3);
        assert_eq!(keys(catalog.newest("a", &app)), ["a/app 2026-11-21T03:00:00Z"]);
        assert_eq!(catalog.newest("b", &Database::All), None);
        assert_eq!(catalog.targets().into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(catalog.databases().len(), 3);
        assert_eq!(
            Totals::of(catalog.complete()),
            Totals {
                count: 4,
                bytes: 4_000
            }
        );
        catalog.retain_targets(|target| target == "b");
        assert_eq!(keys(catalog.complete()), ["b/app 2026-11-23T03:00:00Z"]);
        catalog.split_future(at("2026-11-22T03:00:00Z"));
        assert_eq!(catalog.future().len(), 1);
        catalog.retain_targets(|target| target == "a");
        assert_eq!(catalog.future(), []);
        let mut halves = Catalog::from_listing(
            "p",
            [listing(&[backup("a", "app", "2026-11-20T03:00:00Z")])[0].clone()],
        );
        halves.retain_targets(|target| target == "b");
        assert_eq!(halves.incomplete(), []);
    }

    #[test]
    fn what_is_stamped_ahead_of_the_store_does_not_count() {
        let mut catalog = catalog(&[
            backup("a", "app", "2026-11-20T03:00:00Z"),
            backup("a", "app", "2026-11-20T03:15:00Z"),
            backup("a", "app", "2026-11-20T03:15:01Z"),
            backup("a", "app", "2099-01-01T00:00:00Z"),
        ]);
        catalog.split_future(at("2026-11-20T03:00:00Z"));
        let app = Database::from_shown("app");
        assert_eq!(keys(catalog.newest("a", &app)), ["a/app 2026-11-20T03:15:00Z"]);
        assert_eq!(catalog.complete().len(), 2);
        assert_eq!(
            keys(catalog.future()),
            ["a/app 2099-01-01T00:00:00Z", "a/app 2026-11-20T03:15:01Z"]
        );
        catalog.split_future(Timestamp::MAX);
        assert_eq!(catalog.complete().len(), 2);
    }

    #[test]
    fn a_half_is_as_old_as_its_younger_stamp() {
        let whole = backup("a", "app", "2026-11-20T03:00:00Z");
        let entry = |modified: &str| Entry {
            key: whole.object.clone(),
            bytes: 1,
            modified: at(modified),
        };
        for (modified, since) in [
            ("2026-11-20T05:00:00Z", "2026-11-20T05:00:00Z"),
            ("2026-11-20T02:00:00Z", "2026-11-20T03:00:00Z"),
        ] {
            let catalog = Catalog::from_listing("p", [entry(modified)]);
            assert_eq!(catalog.incomplete()[0].since(), at(since));
        }
    }

    #[test]
    fn a_json_row_has_exactly_the_promised_fields() {
        let key = Key::new(
            "db",
            Database::All,
            at("2026-11-20T03:00:00Z"),
            0x9f3a,
            "archive",
            Some("bz2"),
        )
        .unwrap();
        let whole = Backup {
            object: key.object("p"),
            bytes: 7,
            modified: key.started(),
            key,
        };
        assert_eq!(
            serde_json::to_value(ListedBackup::from(&whole)).unwrap(),
            serde_json::json!({
                "key": "p/db/_all/2026-11-20T03-00-00Z-9f3a.archive.bz2",
                "target": "db",
                "database": "_all",
                "started": "2026-11-20T03:00:00Z",
                "extension": "archive",
                "compression": "bzip2",
                "bytes": 7,
                "complete": true,
            })
        );
        let half = Catalog::from_listing("p", [listing(&[whole])[1].clone()]);
        let row = ListedBackup::from(&half.incomplete()[0]);
        assert!(!row.complete && row.key.ends_with(".bz2.json") && row.bytes == 700);
    }
}
