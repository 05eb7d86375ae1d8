//! When automatic pruning may happen at all.
//!
//! The KEEP_* rules trust the newest backup: they delete older ones because it is there. So before they are
//! applied after a backup, the listing has to show that very backup, it must not have shrunk to a fraction, nobody
//! else may be writing under the same names, and the clock that stamps the keys must be right.

use crate::catalog::manifest::Origin;
use crate::catalog::table::{age, size};
use crate::catalog::{Backup, CLOCK_TOLERANCE, Catalog, Key};
use crate::retention::collapse::is_below_half;
use jiff::SignedDuration;

/// The backup this run has just made of a database.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// Its key.
    pub key: &'a Key,
    /// The size stored, in bytes.
    pub bytes: u64,
    /// The installation it came from.
    pub origin: &'a Origin,
}

/// What the manifest of [`previous`] says about its origin.
#[derive(Debug, Clone, Copy)]
pub enum PreviousOrigin<'a> {
    /// There is no other backup of this database.
    None,
    /// The installation it came from.
    Known(&'a Origin),
    /// The manifest could not be read.
    Unreadable,
}

/// Why nothing is pruned. The backup itself is not in question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The store never told its time.
    #[error("the store does not tell its time, so the local clock cannot be checked")]
    ClockUnknown,
    /// The local clock is too far off.
    #[error("the local clock is {} {} the store's", age(.ahead.abs()), if .ahead.is_positive() { "behind" } else { "ahead of" })]
    Clock {
        /// How far the store's clock is ahead of ours.
        ahead: SignedDuration,
    },
    /// The listing lacks this run's backup, or half of it.
    #[error("the listing does not show this run's own backup {key} whole")]
    NotListed {
        /// Its key, without `S3_PREFIX`.
        key: String,
    },
    /// The listing shows this run's backup in another size.
    #[error("the listing shows {key} with {} bytes, and {} were stored", .listed, .stored)]
    Altered {
        /// Its key, without `S3_PREFIX`.
        key: String,
        /// Bytes, as listed.
        listed: u64,
        /// Bytes, as uploaded.
        stored: u64,
    },
    /// There is a newer one: the run that made it prunes, and knows of this one.
    #[error("there is a newer backup of this database, {key}")]
    NotNewest {
        /// Its key, without `S3_PREFIX`.
        key: String,
    },
    /// The backup is less than half as large as the one before it.
    #[error("the new backup has {}, less than half of the {} of the one before it", size(*.bytes), size(*.previous))]
    Shrunk {
        /// Bytes now.
        bytes: u64,
        /// Bytes before.
        previous: u64,
    },
    /// The other newest backup came from another installation.
    #[error("the newest other backup of this database, {key}, comes from another installation")]
    Foreign {
        /// Its key, without `S3_PREFIX`.
        key: String,
    },
    /// The other newest backup came from another server of this installation.
    #[error("the newest other backup of this database, {key}, is of another database server")]
    AnotherServer {
        /// Its key, without `S3_PREFIX`.
        key: String,
    },
    /// The manifest of the other newest backup names no server, as older ones did not.
    #[error(
        "the newest other backup of this database, {key}, may be of another database server: its manifest names none"
    )]
    ServerUnknown {
        /// Its key, without `S3_PREFIX`.
        key: String,
    },
    /// It cannot be told where the other newest backup came from.
    #[error("the manifest of the newest other backup, {key}, could not be read")]
    OriginUnknown {
        /// Its key, without `S3_PREFIX`.
        key: String,
    },
}

impl Refusal {
    /// What the operator does next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ClockUnknown => "a proxy may strip the Date header; lifeboat prune --apply prunes by hand",
            Self::Clock { .. } => "set the clock of this host (NTP)",
            Self::NotListed { .. } | Self::Altered { .. } => {
                "does the store list late, or does somebody else delete in this bucket?"
            }
            Self::Shrunk { .. } => {
                "look whether data is missing; if it is right, the next backup prunes, or lifeboat prune --apply does"
            }
            Self::NotNewest { .. } => "do two lifeboats back up the same target?",
            Self::Foreign { .. } => "set S3_PREFIX: each installation needs its own",
            Self::AnotherServer { .. } => {
                "was its volume lost, or the server replaced? what is of the old one stays until lifeboat prune --apply"
            }
            Self::ServerUnknown { .. } => "what was made before stays until lifeboat prune --apply",
            Self::OriginUnknown { .. } => "lifeboat verify tells more about it",
        }
    }
}

/// The newest complete backup of the same database besides the own one; its manifest tells [`PreviousOrigin`].
pub fn previous<'a>(catalog: &'a Catalog, own: &Key) -> Option<&'a Backup> {
    catalog
        .complete()
        .iter()
        .find(|b| b.key.target() == own.target() && b.key.database() == own.database() && b.key != *own)
}

/// Whether the rules may be applied to the database of `own`. `catalog` is listed after the backup was made, with the
/// future split off; `clock_ahead` is how far the store's clock is ahead of ours.
pub fn guard(
    catalog: &Catalog,
    own: Own<'_>,
    previous_origin: PreviousOrigin<'_>,
    clock_ahead: Option<SignedDuration>,
) -> Result<(), Refusal> {
    let ahead = clock_ahead.ok_or(Refusal::ClockUnknown)?;
    if ahead > CLOCK_TOLERANCE || ahead < -CLOCK_TOLERANCE {
        return Err(Refusal::Clock { ahead });
    }
    let key = || own.key.text();
    let listed = catalog.complete().iter().find(|backup| backup.key == *own.key);
    let listed = listed.ok_or_else(|| Refusal::NotListed { key: key() })?;
    if listed.bytes != own.bytes {
        return Err(Refusal::Altered {
            key: key(),
            listed: listed.bytes,
            stored: own.bytes,
        });
    }
    let Some(previous) = previous(catalog, own.key) else {
        return Ok(());
    };
    // What is to be trusted in the place of those that go is this run's own: of another's nothing is known.
    if catalog.newest(own.key.target(), own.key.database()) != Some(listed) {
        return Err(Refusal::NotNewest {
            key: previous.key.text(),
        });
    }
    if is_below_half(own.bytes, previous) {
        return Err(Refusal::Shrunk {
            bytes: own.bytes,
            previous: previous.bytes,
        });
    }
    match previous_origin {
        PreviousOrigin::Known(origin) if origin.is(own.origin) => Ok(()),
        PreviousOrigin::Known(origin) => {
            let key = previous.key.text();
            Err(if !origin.is_of_installation(own.origin) {
                Refusal::Foreign { key }
            } else if origin.is_of_another_server(own.origin) {
                Refusal::AnotherServer { key }
            } else {
                Refusal::ServerUnknown { key }
            })
        }
        // `None` beside a previous backup: the caller did not look.
        PreviousOrigin::None | PreviousOrigin::Unreadable => Err(Refusal::OriginUnknown {
            key: previous.key.text(),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::samples::{at, backup, catalog, listing};

    fn origin(engine_id: &str) -> Origin {
        Origin {
            engine_id: engine_id.to_owned(),
            project: None,
            system_identifier: Some("7312".to_owned()),
        }
    }

    /// The own backup of 1000 bytes, one before it of `previous_bytes`, and others that do not matter.
    fn world(previous_bytes: u64) -> (Vec<Backup>, Key) {
        let own = backup("db", "app", "2026-11-20T03:00:00Z");
        let mut before = backup("db", "app", "2026-11-19T03:00:00Z");
        before.bytes = previous_bytes;
        let mut large = backup("db", "shop", "2026-11-20T02:00:00Z");
        large.bytes = 1 << 40;
        let key = own.key.clone();
        (
            vec![own, before, large, backup("db2", "app", "2026-11-19T04:00:00Z")],
            key,
        )
    }

    fn judge(
        catalog: &Catalog,
        key: &Key,
        previous: PreviousOrigin<'_>,
        ahead: Option<i64>,
    ) -> Result<(), Refusal> {
        let origin = origin("ours");
        let own = Own {
            key,
            bytes: 1_000,
            origin: &origin,
        };
        guard(catalog, own, previous, ahead.map(SignedDuration::from_secs))
    }

    #[test]
    fn allowed_when_everything_is_as_it_should_be() {
        let ours = origin("ours");
        for previous_bytes in [0, 1, 1_000, 1_999, 2_000] {
            let (backups, key) = world(previous_bytes);
            for ahead in [0, 900, -900] {
                let judged = judge(
                    &catalog(&backups),
                    &key,
                    PreviousOrigin::Known(&ours),
                    Some(ahead),
                );
                assert_eq!(judged, Ok(()), "{previous_bytes} {ahead}");
            }
        }
        // The first backup of a database has nothing to be compared with.
        let (backups, key) = world(1);
        let first: Vec<Backup> = backups.into_iter().filter(|b| b.key == key).collect();
        assert_eq!(
            judge(&catalog(&first), &key, PreviousOrigin::None, Some(0)),
            Ok(())
        );
    }

    #[test]
    fn the_clock_must_be_known_and_near() {
        let (backups, key) = world(1_000);
        let (catalog, ours) = (catalog(&backups), origin("ours"));
        let judged = |ahead| judge(&catalog, &key, PreviousOrigin::Known(&ours), ahead).unwrap_err();
        assert_eq!(judged(None), Refusal::ClockUnknown);
        assert_eq!(
            judged(Some(901)).to_string(),
            "the local clock is 15m behind the store's"
        );
        assert_eq!(
            judged(Some(-7_200)).to_string(),
            "the local clock is 2h ahead of the store's"
        );
    }

    #[test]
    fn the_own_backup_must_be_listed_whole() {
        let (backups, key) = world(1_000);
        let ours = origin("ours");
        for half in [backups[0].object.clone(), backups[0].manifest_object()] {
            let mut entries = listing(&backups);
            entries.retain(|entry| entry.key != half);
            let catalog = Catalog::from_listing("p", entries);
            let refusal = judge(&catalog, &key, PreviousOrigin::Known(&ours), Some(0)).unwrap_err();
            assert_eq!(refusal, Refusal::NotListed { key: key.text() });
        }
        // Of another database or target it is no proof.
        for other in [
            backup("db", "shop", "2026-11-20T03:00:00Z"),
            backup("x", "app", "2026-11-20T03:00:00Z"),
        ] {
            let others: Vec<Backup> = backups[1..].iter().cloned().chain([other]).collect();
            let refusal = judge(&catalog(&others), &key, PreviousOrigin::Known(&ours), Some(0)).unwrap_err();
            assert_eq!(refusal, Refusal::NotListed { key: key.text() });
        }
        let mut altered = backups.clone();
        altered[0].bytes = 999;
        let refusal = judge(&catalog(&altered), &key, PreviousOrigin::Known(&ours), Some(0)).unwrap_err();
        assert!(matches!(
            refusal,
            Refusal::Altered {
                listed: 999,
                stored: 1_000,
                ..
            }
        ));
        // Set aside as one from the future, it is not counted either.
        let mut future = catalog(&backups);
        future.split_future(at("2026-11-20T02:00:00Z"));
        let refusal = judge(&future, &key, PreviousOrigin::Known(&ours), Some(0)).unwrap_err();
        assert_eq!(refusal, Refusal::NotListed { key: key.text() });
    }

    #[test]
    fn a_backup_below_half_of_the_one_before_prunes_nothing() {
        let ours = origin("ours");
        for previous_bytes in [2_001, 2_002, u64::MAX] {
            let (backups, key) = world(previous_bytes);
            let refusal = judge(&catalog(&backups), &key, PreviousOrigin::Known(&ours), Some(0)).unwrap_err();
            assert_eq!(
                refusal,
                Refusal::Shrunk {
                    bytes: 1_000,
                    previous: previous_bytes
                }
            );
        }
        let (backups, key) = world(3 << 20);
        let refusal = judge(&catalog(&backups), &key, PreviousOrigin::Known(&ours), Some(0)).unwrap_err();
        let text = "the new backup has 1000 B, less than half of the 3.0 MiB of the one before it";
        assert_eq!(refusal.to_string(), text);
    }

    #[test]
    fn the_newest_other_backup_must_be_our_own() {
        let (mut backups, key) = world(1_000);
        let theirs = origin("theirs");
        let refusal = judge(&catalog(&backups), &key, PreviousOrigin::Known(&theirs), Some(0)).unwrap_err();
        assert!(matches!(&refusal, Refusal::Foreign { key } if key.contains("2026-11-19T03-00-00Z")));
        assert!(refusal.hint().contains("set S3_PREFIX"));
        let server = |id: Option<&str>| Origin {
            system_identifier: id.map(str::to_owned),
            ..origin("ours")
        };
        let another = server(Some("7313"));
        let refusal = judge(&catalog(&backups), &key, PreviousOrigin::Known(&another), Some(0)).unwrap_err();
        assert!(matches!(refusal, Refusal::AnotherServer { .. }));
        let unnamed = server(None);
        let refusal = judge(&catalog(&backups), &key, PreviousOrigin::Known(&unnamed), Some(0)).unwrap_err();
        assert!(matches!(refusal, Refusal::ServerUnknown { .. }));
        for unknown in [PreviousOrigin::Unreadable, PreviousOrigin::None] {
            let refusal = judge(&catalog(&backups), &key, unknown, Some(0)).unwrap_err();
            assert!(matches!(refusal, Refusal::OriginUnknown { .. }));
        }
        // One that came in meanwhile is the newest other one, though it is newer than the own.
        backups.push(backup("db", "app", "2026-11-20T03:00:30Z"));
        let newest = catalog(&backups);
        let started = previous(&newest, &key).map(|b| b.key.started());
        assert_eq!(started, Some(at("2026-11-20T03:00:30Z")));
    }
}
