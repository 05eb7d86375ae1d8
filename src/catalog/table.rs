//! Backups as tables for people: one line each, and a line of totals.
//!
//! Names come from servers and from the bucket. Control characters in them would speak to the terminal, so they
//! are shown as `?`; the key column is percent-encoded and exact.

use super::which::Row;
use super::{Backup, Incomplete, Key, Totals};
use crate::shown::printable;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const HEAD: [&str; 6] = ["TARGET", "DATABASE", "STARTED", "AGE", "SIZE", "KEY"];

/// What a row of another run is marked with.
pub const OTHER_RUN: &str = "dropped or failed since?";

/// Complete backups, in the order given.
pub fn backups<'a>(rows: impl IntoIterator<Item = &'a Backup>, now: Timestamp, zone: &TimeZone) -> String {
    noted(rows, now, zone, &BTreeMap::new())
}

/// The same, with `notes` behind the rows of these dumps' whole keys.
pub fn noted<'a>(
    rows: impl IntoIterator<Item = &'a Backup>,
    now: Timestamp,
    zone: &TimeZone,
    notes: &BTreeMap<String, String>,
) -> String {
    let rows: Vec<&Backup> = rows.into_iter().collect();
    let cells = rows.iter().map(|backup| {
        let mut cells = cells(&backup.key, &backup.object, backup.bytes, now, zone).to_vec();
        cells.push(
            notes
                .get(&backup.object)
                .map(|note| printable(note))
                .unwrap_or_default(),
        );
        cells
    });
    let mut head = HEAD.map(str::to_owned).to_vec();
    head.push(String::new());
    let table = align(head, cells);
    let totals = Totals::of(rows);
    let plural = if totals.count == 1 { "" } else { "s" };
    format!("{table}{} backup{plural}, {}\n", totals.count, size(totals.bytes))
}

/// Halves of backups, with what is missing.
pub fn incomplete<'a>(
    rows: impl IntoIterator<Item = &'a Incomplete>,
    now: Timestamp,
    zone: &TimeZone,
) -> String {
    let mut head = HEAD.map(str::to_owned).to_vec();
    head.insert(5, "MISSING".to_owned());
    let cells = rows.into_iter().map(|half| {
        let mut cells = cells(&half.key, &half.object, half.bytes, now, zone).to_vec();
        cells.insert(5, half.missing.to_string());
        cells
    });
    align(head, cells)
}

/// The backups about to be used, with their run; one that is not of the newest run is marked.
pub fn selection(rows: &[Row], now: Timestamp, zone: &TimeZone) -> String {
    let mut head = HEAD.map(str::to_owned).to_vec();
    head.insert(5, "RUN".to_owned());
    head.push(String::new());
    let cells = rows.iter().map(|row| {
        let backup = &row.backup;
        let mut cells = cells(&backup.key, &backup.object, backup.bytes, now, zone).to_vec();
        cells.insert(5, row.run.as_deref().map_or_else(|| "?".to_owned(), printable));
        cells.push(if row.of_newest_run { "" } else { OTHER_RUN }.to_owned());
        cells
    });
    align(head, cells)
}

/// `12s`, `45m`, `3h`, `2d`: the largest whole unit; `in 5m` for what is yet to come.
pub fn age(age: SignedDuration) -> String {
    let seconds = age.as_secs().unsigned_abs();
    let text = match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    };
    if age.as_secs() < 0 {
        format!("in {text}")
    } else {
        text
    }
}

/// `512 B`, `1.5 KiB`, `12.0 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    // In tenths and whole numbers: no rounding ever shows 1024.0 of a unit.
    let (mut unit_bytes, mut unit) = (1_024_u64, UNITS[0]);
    for next in &UNITS[1..] {
        if bytes / unit_bytes < 1_024 {
            break;
        }
        (unit_bytes, unit) = (unit_bytes * 1_024, next);
    }
    let tenths = u128::from(bytes) * 10 / u128::from(unit_bytes);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

fn cells(key: &Key, object: &str, bytes: u64, now: Timestamp, zone: &TimeZone) -> [String; 6] {
    let started = key.started();
    [
        printable(key.target()),
        printable(&key.database().to_string()),
        started
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S %Z")
            .to_string(),
        age(now.duration_since(started)),
        size(bytes),
        printable(object),
    ]
}

/// Columns two blanks apart, each as wide as its widest cell; no blanks at the end of a line.
fn align(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut table = String::new();
    for line in &lines {
        let padded: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        table.push_str(padded.join("  ").trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::samples::{at, backup};
    use super::super::{Database, Entry, which};
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    #[test]
    fn complete_backups_and_their_totals() {
        let mut large = backup("shop-db", "app", "2026-11-20T03:00:00Z");
        large.bytes = 3 << 29;
        let rows = [large, backup("db", "größe", "2026-07-19T03:00:00Z")];
        assert_eq!(
            super::backups(&rows, at("2026-11-20T06:10:00Z"), &berlin()),
            "\
TARGET   DATABASE  STARTED                   AGE   SIZE     KEY
shop-db  app       2026-11-20 04:00:00 CET   3h    1.5 GiB  p/shop-db/app/2026-11-20T03-00-00Z-0000.sql
db       größe     2026-07-19 05:00:00 CEST  124d  1000 B   p/db/gr%C3%B6%C3%9Fe/2026-07-19T03-00-00Z-0000.sql
2 backups, 1.5 GiB
"
        );
        assert_eq!(
            super::backups([], at("2026-11-20T06:10:00Z"), &berlin()),
            "TARGET  DATABASE  STARTED  AGE  SIZE  KEY\n0 backups, 0 B\n"
        );
    }

    #[test]
    fn notes_stand_behind_their_rows() {
        let rows = [
            backup("db", "a", "2026-11-20T03:00:00Z"),
            backup("db", "b", "2026-11-20T03:00:00Z"),
        ];
        let notes = [(rows[1].object.clone(), "of whoever\u{1b}".to_owned())].into();
        let table = noted(&rows, at("2026-11-20T03:45:00Z"), &TimeZone::UTC, &notes);
        let lines: Vec<_> = table.lines().collect();
        assert!(
            lines[1].ends_with(".sql") && lines[2].ends_with(".sql  of whoever?"),
            "{table}"
        );
    }

    #[test]
    fn halves_say_what_is_missing() {
        let whole = backup("db", "app", "2026-11-20T03:00:00Z");
        let entry = Entry {
            key: whole.manifest_object(),
            bytes: 700,
            modified: whole.modified,
        };
        let catalog = super::super::Catalog::from_listing("p", [entry]);
        assert_eq!(
            incomplete(catalog.incomplete(), at("2026-11-20T03:00:12Z"), &TimeZone::UTC),
            "\
TARGET  DATABASE  STARTED                  AGE  SIZE   MISSING  KEY
db      app       2026-11-20 03:00:00 UTC  12s  700 B  dump     p/db/app/2026-11-20T03-00-00Z-0000.sql.json
"
        );
    }

    #[test]
    fn a_selection_shows_runs_and_marks_other_ones() {
        let chosen = vec![
            backup("db", "app", "2026-11-20T03:00:00Z"),
            backup("db", "o", "2026-11-01T03:00:00Z"),
        ];
        let rows = which::mark(chosen, |b| {
            (b.key.started() > at("2026-11-10T00:00:00Z")).then(|| "5e1f".to_owned())
        });
        assert_eq!(
            selection(&rows, at("2026-11-20T03:45:00Z"), &TimeZone::UTC),
            "\
TARGET  DATABASE  STARTED                  AGE  SIZE    RUN   KEY
db      app       2026-11-20 03:00:00 UTC  45m  1000 B  5e1f  p/db/app/2026-11-20T03-00-00Z-0000.sql
db      o         2026-11-01 03:00:00 UTC  19d  1000 B  ?     p/db/o/2026-11-01T03-00-00Z-0000.sql    \
             dropped or failed since?
"
        );
    }

    #[test]
    fn nothing_in_a_name_reaches_the_terminal() {
        let hostile = backup("db", "a\u{1b}[2J\n", "2026-11-20T03:00:00Z");
        assert_eq!(
            *hostile.key.database(),
            Database::Named("a\u{1b}[2J\n".to_owned())
        );
        let table = super::backups(&[hostile], at("2026-11-20T03:45:00Z"), &TimeZone::UTC);
        assert!(table.contains("db      a?[2J?    2026"), "{table}");
        assert_eq!(table.chars().filter(|c| c.is_control()).count(), 3);
    }

    #[test]
    fn ages_and_sizes() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (-300, "in 5m"),
        ] {
            assert_eq!(age(SignedDuration::from_secs(seconds)), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_535, "1.4 KiB"),
            (1_048_575, "1023.9 KiB"),
            (1_048_576, "1.0 MiB"),
            (12 << 20, "12.0 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
