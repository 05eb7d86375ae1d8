//! Leftovers: halves of backups and uploads never completed, once nothing can still be happening to them.
//!
//! 48 hours after the younger of the key's time and the last change: one database's backup takes 47 at most
//! (`BACKUP_TIMEOUT`), so nothing that is still being made is ever swept.

use crate::catalog::Incomplete;
use crate::catalog::key::{Key, Parsed};
use jiff::{SignedDuration, Timestamp};

/// How long a leftover is left alone.
pub const SWEEP_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// An upload begun and neither completed nor given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The whole key it would become.
    pub key: String,
    /// The store's id of it.
    pub id: String,
    /// When it was begun, by the store's clock.
    pub initiated: Timestamp,
    /// When its newest part came in; `None`: none has.
    pub newest_part: Option<Timestamp>,
}

/// What may be removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sweep<'a> {
    /// Halves of backups.
    pub halves: Vec<&'a Incomplete>,
    /// Uploads.
    pub uploads: Vec<&'a Upload>,
}

/// The leftovers of the targets that `ours` accepts, of our key grammar under `prefix`, untouched for
/// [`SWEEP_AFTER`] at `now` (by the store's clock, which stamps the changes).
pub fn sweep<'a>(
    prefix: &str,
    halves: &'a [Incomplete],
    uploads: &'a [Upload],
    ours: impl Fn(&str) -> bool,
    now: Timestamp,
) -> Sweep<'a> {
    let is_old = |since: Timestamp| now.duration_since(since) > SWEEP_AFTER;
    let is_swept = |upload: &Upload| {
        // Manifests are stored in one request: an upload to a manifest's key is not ours.
        let Some(Parsed::Dump(key)) = Key::parse(prefix, &upload.key) else {
            return false;
        };
        let touched = upload
            .newest_part
            .map_or(upload.initiated, |part| part.max(upload.initiated));
        ours(key.target()) && is_old(touched.max(key.started()))
    };
    Sweep {
        halves: halves
            .iter()
            .filter(|half| ours(half.key.target()) && is_old(half.since()))
            .collect(),
        uploads: uploads.iter().filter(|upload| is_swept(upload)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::samples::{at, backup};
    use crate::catalog::{Catalog, Entry};

    const NOW: &str = "2026-11-20T03:00:00Z";
    const YOUNG: &str = "2026-11-18T03:00:00Z";
    const OLD: &str = "2026-11-18T02:59:59Z";

    fn half(target: &str, started: &str, modified: &str) -> Incomplete {
        let entry = Entry {
            key: backup(target, "app", started).object,
            bytes: 1,
            modified: at(modified),
        };
        Catalog::from_listing("p", [entry]).incomplete()[0].clone()
    }

    fn upload(key: String, initiated: &str, newest_part: Option<&str>) -> Upload {
        Upload {
            key,
            id: "u".to_owned(),
            initiated: at(initiated),
            newest_part: newest_part.map(at),
        }
    }

    #[test]
    fn the_younger_stamp_of_a_half_counts() {
        for (target, started, modified, swept) in [
            ("db", OLD, OLD, true),
            ("db", OLD, YOUNG, false),
            ("db", YOUNG, OLD, false),
            ("db", "2027-01-01T00:00:00Z", OLD, false),
            ("db", OLD, "2027-01-01T00:00:00Z", false),
            ("other", OLD, OLD, false),
        ] {
            let halves = [half(target, started, modified)];
            let found = sweep("p", &halves, &[], |target| target == "db", at(NOW));
            assert_eq!(found.halves.len() == 1, swept, "{target} {started} {modified}");
        }
    }

    #[test]
    fn the_newest_stamp_of_an_upload_counts() {
        for (started, initiated, newest_part, swept) in [
            (OLD, OLD, None, true),
            (OLD, OLD, Some(OLD), true),
            (OLD, OLD, Some(YOUNG), false),
            (OLD, YOUNG, Some(OLD), false),
            (OLD, YOUNG, None, false),
            (YOUNG, OLD, Some(OLD), false),
        ] {
            let uploads = [upload(
                backup("db", "app", started).object,
                initiated,
                newest_part,
            )];
            let found = sweep("p", &[], &uploads, |_| true, at(NOW));
            assert_eq!(
                found.uploads.len() == 1,
                swept,
                "{started} {initiated} {newest_part:?}"
            );
        }
    }

    #[test]
    fn uploads_of_others_are_left_alone() {
        let ours = backup("db", "app", OLD);
        let others = [
            "p/photos/2020.zip".to_owned(),
            ours.manifest_object(),
            ours.key.text(),
            format!("x/{}", ours.object),
            backup("other", "app", OLD).object,
        ];
        let uploads: Vec<Upload> = others.map(|key| upload(key, OLD, None)).into();
        assert_eq!(
            sweep("p", &[], &uploads, |target| target == "db", at(NOW)),
            Sweep::default()
        );
    }
}
