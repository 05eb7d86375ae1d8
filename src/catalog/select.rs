//! The choice among backups by WHICH, `--target` and `--database`.
//!
//! Either the choice is certain or nothing is chosen: what is ambiguous comes back as an error with the candidates.

use super::key::MANIFEST_SUFFIX;
use super::which::Which;
use super::{Backup, Catalog, Database, Key, Missing};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The `--target` that stands for all of them.
pub const EVERY_TARGET: &str = "*";

/// An error lists this many candidates; more help nobody.
const SHOWN_CANDIDATES: usize = 20;

/// `--target` and `--database`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// A target's name, or [`EVERY_TARGET`]; `None`: the only one there is.
    pub target: Option<&'a str>,
    /// The database; `None`: every one.
    pub database: Option<&'a Database>,
}

impl Scope<'_> {
    fn holds(&self, key: &Key) -> bool {
        self.target
            .is_none_or(|target| target == EVERY_TARGET || target == key.target())
            && self.database.is_none_or(|database| database == key.database())
    }
}

/// No backup is certainly the one meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// More than one target, and none named: usage.
    #[error("the bucket has backups of more than one target: name one with --target: {}", .names.join(", "))]
    Targets {
        /// Their names.
        names: Vec<String>,
    },
    /// No backup fits.
    #[error("there is no {what}; there are {}", if .there.is_empty() { "none at all".to_owned() } else { list(.there) })]
    Nothing {
        /// What was looked for.
        what: String,
        /// What has backups instead: targets when the one asked for has none, else `target/database`.
        there: Vec<String>,
    },
    /// The backup named lacks one of its halves.
    #[error("{key} is incomplete: its {missing} is missing")]
    Incomplete {
        /// The half that is there.
        key: String,
        /// The one that is not.
        missing: Missing,
    },
    /// More than one key has this part in it.
    #[error("{text:?} fits {} backups: {}", .candidates.len(), list(.candidates))]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// All whole keys that fit, newest first.
        candidates: Vec<String>,
    },
}

fn list(words: &[String]) -> String {
    let shown = words
        .iter()
        .take(SHOWN_CANDIDATES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match words.len().checked_sub(SHOWN_CANDIDATES) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// The backups meant: exactly one for a key; for `latest` and a time the newest of each database, in the order of
/// target and database. Never empty.
///
/// For `latest` and a time `_replaced.*` is passed over unless it is the database asked for, and without a database
/// one that is older than the newest `_all` (a whole server) is left out: the whole server has it, and newer.
pub fn select(catalog: &Catalog, which: &Which, scope: Scope<'_>) -> Result<Vec<Backup>, SelectError> {
    match which {
        Which::Key(text) => by_key(catalog, text, scope).map(|backup| vec![backup]),
        Which::Latest => newest_of_each(catalog, None, scope),
        Which::NotAfter(time) => newest_of_each(catalog, Some(*time), scope),
    }
}

fn by_key(catalog: &Catalog, text: &str, scope: Scope<'_>) -> Result<Backup, SelectError> {
    let all = catalog.complete().iter().chain(catalog.future());
    let in_scope: Vec<&Backup> = all.filter(|backup| scope.holds(&backup.key)).collect();
    // People copy whichever of the two keys they see.
    let of_dump = text.strip_suffix(MANIFEST_SUFFIX).unwrap_or(text);
    if let Some(whole) = in_scope
        .iter()
        .find(|b| b.object == of_dump || b.key.text() == of_dump)
    {
        return Ok((*whole).clone());
    }
    let fitting: Vec<&&Backup> = in_scope
        .iter()
        .filter(|b| b.manifest_object().contains(text))
        .collect();
    match fitting.as_slice() {
        [] => {}
        [backup] => return Ok((**backup).clone()),
        several => {
            return Err(SelectError::Ambiguous {
                text: text.to_owned(),
                candidates: several.iter().map(|backup| backup.object.clone()).collect(),
            });
        }
    }
    let mut halves = catalog.incomplete().iter().filter(|half| scope.holds(&half.key));
    match halves.find(|half| half.object.contains(of_dump)) {
        Some(half) => Err(SelectError::Incomplete {
            key: half.object.clone(),
            missing: half.missing,
        }),
        None => Err(nothing(
            catalog,
            format!("backup with {text:?} in its key"),
            scope,
        )),
    }
}

fn newest_of_each(
    catalog: &Catalog,
    not_after: Option<Timestamp>,
    scope: Scope<'_>,
) -> Result<Vec<Backup>, SelectError> {
    let by_rule = |backup: &&Backup| {
        scope.database.is_some() || !matches!(backup.key.database(), Database::Replaced(_))
    };
    if scope.target.is_none() {
        let backups = catalog.complete().iter().filter(by_rule);
        let targets: BTreeSet<&str> = backups.map(|backup| backup.key.target()).collect();
        if targets.len() > 1 {
            return Err(SelectError::Targets {
                names: targets.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    let mut newest: BTreeMap<(&str, &Database), &Backup> = BTreeMap::new();
    for backup in catalog.complete().iter().filter(by_rule) {
        let key = &backup.key;
        if scope.holds(key) && not_after.is_none_or(|time| key.started() <= time) {
            // Newest first: the first of each database is it.
            newest.entry((key.target(), key.database())).or_insert(backup);
        }
    }
    let whole_servers: BTreeMap<&str, Timestamp> = newest
        .iter()
        .filter(|((_, database), _)| **database == Database::All)
        .map(|((target, _), backup)| (*target, backup.key.started()))
        .collect();
    newest.retain(|(target, database), backup| {
        let overtaken = whole_servers
            .get(target)
            .is_some_and(|whole| backup.key.started() < *whole);
        !(overtaken && matches!(database, Database::Named(_)))
    });
    if newest.is_empty() {
        let what = match not_after {
            None => "backup".to_owned(),
            Some(time) => format!("backup from {time} or before"),
        };
        return Err(nothing(catalog, what, scope));
    }
    Ok(newest.into_values().cloned().collect())
}

/// The error that tells what there is instead: targets when the target is unknown, else its databases.
fn nothing(catalog: &Catalog, mut what: String, scope: Scope<'_>) -> SelectError {
    let named = scope.target.filter(|target| *target != EVERY_TARGET);
    // Writing to a `String` cannot fail.
    if let Some(database) = scope.database {
        let _ = write!(what, " of database {:?}", database.to_string());
    }
    if let Some(target) = named {
        let _ = write!(what, " of target {target:?}");
    }
    let known = named.is_none_or(|target| catalog.targets().contains(target));
    let there: BTreeSet<String> = catalog
        .databases()
        .into_iter()
        .filter(|(target, _)| !known || named.is_none_or(|named| named == *target))
        .map(|(target, database)| {
            if known {
                format!("{target}/{database}")
            } else {
                target.to_owned()
            }
        })
        .collect();
    SelectError::Nothing {
        what,
        there: there.into_iter().collect(),
    }
}

/// A chosen backup with the run it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The backup.
    pub backup: Backup,
    /// The run in its manifest; `None` when that could not be read.
    pub run: Option<String>,
    /// Whether it is of the newest run among the chosen ones of its target. If not, its database may have been
    /// dropped since, or its later backups failed.
    pub of_newest_run: bool,
}

impl Row {
    /// How long ago the backup began.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.backup.key.started())
    }
}

/// Marks each chosen backup with its run. `run_of` tells the run from the manifest; it is asked once per backup.
pub fn mark(chosen: Vec<Backup>, mut run_of: impl FnMut(&Backup) -> Option<String>) -> Vec<Row> {
    let mut rows: Vec<Row> = chosen
        .into_iter()
        .map(|backup| Row {
            run: run_of(&backup),
            of_newest_run: false,
            backup,
        })
        .collect();
    // Per target: the start and the run of its newest backup.
    let mut newest: BTreeMap<String, (Timestamp, Option<String>)> = BTreeMap::new();
    for row in &rows {
        let this = (row.backup.key.started(), row.run.clone());
        let known = newest
            .entry(row.backup.key.target().to_owned())
            .or_insert_with(|| this.clone());
        if this.0 > known.0 {
            *known = this;
        }
    }
    for row in &mut rows {
        let newest_run = newest
            .get(row.backup.key.target())
            .and_then(|(_, run)| run.as_ref());
        row.of_newest_run = row.run.is_some() && row.run.as_ref() == newest_run;
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::samples::{at, backup, catalog, keys};
    use super::*;
    use jiff::tz::TimeZone;

    fn which(text: &str) -> Which {
        Which::parse(text, &TimeZone::UTC).unwrap()
    }

    /// `target/database` and the start of what is chosen.
    fn choose(catalog: &Catalog, text: &str, scope: Scope<'_>) -> Result<Vec<String>, String> {
        match select(catalog, &which(text), scope) {
            Ok(chosen) => Ok(keys(&chosen)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn of<'a>(target: impl Into<Option<&'a str>>, database: impl Into<Option<&'a Database>>) -> Scope<'a> {
        Scope {
            target: target.into(),
            database: database.into(),
        }
    }

    #[test]
    fn the_newest_of_each_database() {
        let catalog = catalog(&[
            backup("db", "app", "2026-11-18T03:00:00Z"),
            backup("db", "app", "2026-11-20T03:00:00Z"),
            backup("db", "app", "2026-11-19T03:00:00Z"),
            backup("db", "shop", "2026-11-19T03:00:10Z"),
            backup("db", "_globals", "2026-11-20T02:59:00Z"),
            backup("db", "_replaced.app", "2026-11-21T03:00:00Z"),
        ]);
        let any = Scope::default();
        assert_eq!(
            choose(&catalog, "latest", any).unwrap(),
            [
                "db/app 2026-11-20T03:00:00Z",
                "db/shop 2026-11-19T03:00:10Z",
                "db/_globals 2026-11-20T02:59:00Z"
            ]
        );
        let at_three = choose(&catalog, "2026-11-19T03:00Z", any).unwrap();
        assert_eq!(at_three, ["db/app 2026-11-19T03:00:00Z"]);
        assert_eq!(
            choose(&catalog, "2026-11-19", any).unwrap(),
            ["db/app 2026-11-19T03:00:00Z", "db/shop 2026-11-19T03:00:10Z"]
        );
        let shop = Database::from_shown("shop");
        assert_eq!(
            choose(&catalog, "latest", of(None, &shop)).unwrap(),
            ["db/shop 2026-11-19T03:00:10Z"]
        );
        assert_eq!(
            choose(&catalog, "2026-11-18T12:00Z", of(None, &shop)).unwrap_err(),
            "there is no backup from 2026-11-18T12:00:00Z or before of database \"shop\"; \
             there are db/_globals, db/_replaced.app, db/app, db/shop"
        );
        // By its own name even what was replaced.
        let replaced = Database::from_shown("_replaced.app");
        assert_eq!(
            choose(&catalog, "latest", of(None, &replaced)).unwrap(),
            ["db/_replaced.app 2026-11-21T03:00:00Z"]
        );
    }

    #[test]
    fn a_whole_server_replaces_the_databases_before_it() {
        let catalog = catalog(&[
            backup("db", "old", "2026-11-18T03:00:00Z"),
            backup("db", "_globals", "2026-11-18T03:00:00Z"),
            backup("db", "_all", "2026-11-19T03:00:00Z"),
            backup("db", "new", "2026-11-20T03:00:00Z"),
            backup("other", "old", "2026-11-01T03:00:00Z"),
        ]);
        assert_eq!(
            choose(&catalog, "latest", of("db", None)).unwrap(),
            [
                "db/new 2026-11-20T03:00:00Z",
                "db/_globals 2026-11-18T03:00:00Z",
                "db/_all 2026-11-19T03:00:00Z"
            ]
        );
        // Before the whole server's backup there was none of it.
        assert_eq!(
            choose(&catalog, "2026-11-18", of("db", None)).unwrap(),
            ["db/old 2026-11-18T03:00:00Z", "db/_globals 2026-11-18T03:00:00Z"]
        );
        // Asked for by name, and on another target, it stays.
        let old = Database::from_shown("old");
        assert_eq!(
            choose(&catalog, "latest", of("*", &old)).unwrap(),
            ["db/old 2026-11-18T03:00:00Z", "other/old 2026-11-01T03:00:00Z"]
        );
        let all = choose(&catalog, "latest", of("*", None)).unwrap();
        assert!(
            all.contains(&"other/old 2026-11-01T03:00:00Z".to_owned()),
            "{all:?}"
        );
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn several_targets_need_a_name() {
        let catalog = catalog(&[
            backup("a", "app", "2026-11-20T03:00:00Z"),
            backup("b", "app", "2026-11-20T03:00:00Z"),
            backup("c", "_replaced.app", "2026-11-20T03:00:00Z"),
        ]);
        let names = vec!["a".to_owned(), "b".to_owned()];
        let unnamed = select(&catalog, &Which::Latest, Scope::default());
        assert_eq!(unnamed, Err(SelectError::Targets { names }));
        let of_b = choose(&catalog, "latest", of("b", None)).unwrap();
        assert_eq!(of_b, ["b/app 2026-11-20T03:00:00Z"]);
        assert_eq!(choose(&catalog, "latest", of("*", None)).unwrap().len(), 2);
        assert_eq!(
            choose(&catalog, "latest", of("x", None)).unwrap_err(),
            "there is no backup of target \"x\"; there are a, b, c"
        );
        assert_eq!(
            choose(&Catalog::default(), "latest", Scope::default()).unwrap_err(),
            "there is no backup; there are none at all"
        );
    }

    #[test]
    fn a_key_or_a_part_that_names_exactly_one() {
        let mut catalog = catalog(&[
            backup("a", "app", "2026-11-20T03:00:00Z"),
            backup("b", "app", "2026-11-20T03:00:00Z"),
            backup("b", "app", "2027-11-20T03:00:00Z"),
            backup("b", "_replaced.app", "2026-11-21T03:00:00Z"),
        ]);
        catalog.split_future(at("2026-11-22T00:00:00Z"));
        let any = Scope::default();
        let manifest = "p/a/app/2026-11-20T03-00-00Z-0000.sql.json";
        let dump = "p/a/app/2026-11-20T03-00-00Z-0000.sql";
        for text in [
            dump,
            manifest,
            &dump[2..],
            &manifest[2..],
            &manifest[1..],
            "a/app/2026",
            "p/a/",
        ] {
            let chosen = choose(&catalog, text, any).unwrap();
            assert_eq!(chosen, ["a/app 2026-11-20T03:00:00Z"], "{text}");
        }
        // What `latest` passes over has a key all the same.
        let replaced = choose(&catalog, "2026-11-21T", any).unwrap();
        assert_eq!(replaced, ["b/_replaced.app 2026-11-21T03:00:00Z"]);
        let future = choose(&catalog, "2027-", any).unwrap();
        assert_eq!(future, ["b/app 2027-11-20T03:00:00Z"]);
        let Err(SelectError::Ambiguous { candidates, .. }) = select(&catalog, &which("T03-00"), any) else {
            panic!("one of four was chosen");
        };
        assert_eq!(candidates.len(), 4);
        assert_eq!(
            choose(&catalog, "2026-11", of("b", None)).unwrap_err(),
            "\"2026-11\" fits 2 backups: p/b/_replaced.app/2026-11-21T03-00-00Z-0000.sql, \
             p/b/app/2026-11-20T03-00-00Z-0000.sql"
        );
        assert_eq!(
            choose(&catalog, "9f3a", of("b", None)).unwrap_err(),
            "there is no backup with \"9f3a\" in its key of target \"b\"; there are b/_replaced.app, b/app"
        );
    }

    /// A whole key is never ambiguous, even when it is a part of another one.
    #[test]
    fn a_whole_key_goes_before_a_part() {
        let short = backup("db", "app", "2026-11-20T03:00:00Z");
        let app = Database::from_shown("app");
        let key = Key::new("db", app, short.key.started(), 0, "sql", Some("bz2")).unwrap();
        let long = Backup {
            object: key.object("p"),
            key,
            ..short.clone()
        };
        let catalog = catalog(&[short.clone(), long.clone()]);
        for chosen in [short, long] {
            for text in [&chosen.object, &chosen.key.text()] {
                let found = select(&catalog, &which(text), Scope::default()).unwrap();
                assert_eq!(found, std::slice::from_ref(&chosen));
            }
        }
    }

    #[test]
    fn half_a_backup_is_said_and_not_chosen() {
        let whole = backup("a", "app", "2026-11-20T03:00:00Z");
        let entry = super::super::Entry {
            key: whole.object.clone(),
            bytes: 1,
            modified: whole.modified,
        };
        let dump_only = Catalog::from_listing("p", [entry]);
        for text in ["p/a/app", &whole.object, &whole.manifest_object()] {
            assert_eq!(
                choose(&dump_only, text, Scope::default()).unwrap_err(),
                "p/a/app/2026-11-20T03-00-00Z-0000.sql is incomplete: its manifest is missing"
            );
        }
        assert!(select(&dump_only, &Which::Latest, Scope::default()).is_err());
    }

    #[test]
    fn many_candidates_are_cut_in_the_text_and_kept_in_the_error() {
        let days = (1..=28).map(|day| backup("a", "app", &format!("2026-11-{day:02}T03:00:00Z")));
        let error = select(
            &catalog(&days.collect::<Vec<_>>()),
            &which("a/app"),
            Scope::default(),
        )
        .unwrap_err();
        assert!(error.to_string().ends_with("-0000.sql and 8 more"), "{error}");
        assert!(matches!(error, SelectError::Ambiguous { candidates, .. } if candidates.len() == 28));
    }

    #[test]
    fn rows_of_another_run_are_marked() {
        let chosen = vec![
            backup("a", "gone", "2026-11-19T03:00:00Z"),
            backup("a", "app", "2026-11-20T03:00:00Z"),
            backup("a", "unread", "2026-11-20T03:00:05Z"),
            backup("a", "shop", "2026-11-20T03:00:10Z"),
            backup("b", "app", "2026-01-01T03:00:00Z"),
        ];
        let rows = mark(chosen, |backup| {
            match backup.key.database().to_string().as_str() {
                "gone" => Some("one".to_owned()),
                "unread" => None,
                _ => Some("two".to_owned()),
            }
        });
        let marks: Vec<bool> = rows.iter().map(|row| row.of_newest_run).collect();
        assert_eq!(marks, [false, true, false, true, true]);
        // Nothing is known to be of the newest run when that run is not known.
        let rows = mark(vec![backup("a", "app", "2026-11-20T03:00:00Z")], |_| None);
        assert!(!rows[0].of_newest_run);
        assert_eq!(
            rows[0].age(at("2026-11-20T06:00:00Z")),
            SignedDuration::from_hours(3)
        );
    }
}
