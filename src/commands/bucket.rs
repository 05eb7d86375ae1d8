//! The bucket as the verbs see it: backups and manifests rather than keys and bytes.

use super::ours::Ours;
use crate::catalog::{Backup, CLOCK_TOLERANCE, Catalog, Database, Entry, Key, Listing, Manifest, key, table};
use crate::clock;
use crate::config::{Compression, Config, Selector};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::pipeline::decompress;
use crate::pipeline::read_back::{Expected, ReadBack, ReadBackError};
use crate::store::{Kind, Listed, Store, StoreErrorKind};
use jiff::Timestamp;
use std::sync::Arc;

/// Manifests are a few KiB, and a few MiB where thousands of roles have rights of their own. Nothing larger is written, for
/// nothing larger is read: whoever writes to the bucket could fill our memory with it.
pub const MANIFEST_BYTES: u64 = 16 * 1024 * 1024;

/// Which targets a verb looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every target under the prefix.
    All,
    /// These.
    Targets(Vec<String>),
}

impl Scope {
    /// `--target`, else TARGET. What a label means is known only where the containers run, so an entry of that
    /// kind widens the view to the whole prefix.
    pub fn new(config: &Config, target: Option<&str>) -> Self {
        match target {
            Some("*") => return Self::All,
            Some(target) => return Self::Targets(vec![target.to_owned()]),
            None => {}
        }
        let names: Option<Vec<_>> = config
            .targets
            .iter()
            .map(|entry| match &entry.selector {
                Selector::Name(_) => Some(entry.text.clone()),
                Selector::Label { .. } => None,
            })
            .collect();
        names.map_or(Self::All, Self::Targets)
    }

    fn holds(&self, target: &str) -> bool {
        match self {
            Self::All => true,
            Self::Targets(names) => names.iter().any(|name| name == target),
        }
    }
}

/// A store, and where in it our backups are.
#[derive(Clone)]
pub struct Bucket<S> {
    /// The store itself.
    pub store: S,
    /// Everything configured.
    pub config: Arc<Config>,
    /// Which of its backups are this installation's, as far as it is known: verbs that may overwrite ask for themselves.
    pub ours: Arc<Ours>,
}

impl<S: Store> Bucket<S> {
    /// `S3_PREFIX`.
    pub fn prefix(&self) -> &str {
        &self.config.s3.prefix
    }

    /// The time by the store's clock, as far as it has told.
    pub fn now(&self) -> Timestamp {
        let ahead = self.store.clock_ahead().unwrap_or_default();
        clock::now()
            .saturating_add(ahead)
            .unwrap_or_else(|_| clock::now())
    }

    /// Says, where it is so, that this machine's clock is not the store's. Stamps are by the store's, and so is all that is
    /// judged by them; SCHEDULE is by this machine's.
    pub fn warn_of_clock(&self) {
        let Some(ahead) = self
            .store
            .clock_ahead()
            .filter(|ahead| ahead.abs() > CLOCK_TOLERANCE)
        else {
            return;
        };
        tracing::warn!(
            hint = "set the clock of this host (NTP)",
            "the local clock is {} {} the store's, by which backups are stamped",
            table::age(ahead.abs()),
            if ahead.is_positive() { "behind" } else { "ahead of" }
        );
    }

    /// What is there of these targets. Backups from the future are set apart, and said.
    pub async fn catalog(&self, scope: &Scope) -> Result<Catalog> {
        let listed_prefixes = match scope {
            Scope::Targets(names) => names
                .iter()
                .map(|name| key::target_prefix(self.prefix(), name))
                .collect(),
            Scope::All if self.prefix().is_empty() => vec![String::new()],
            Scope::All => vec![format!("{}/", self.prefix())],
        };
        let mut catalog = self.list(&listed_prefixes).await?;
        catalog.retain_targets(|target| scope.holds(target));
        Ok(catalog)
    }

    /// What is there of one database.
    pub async fn of_database(&self, target: &str, database: &Database) -> Result<Catalog> {
        self.list(&[key::database_prefix(self.prefix(), target, database)])
            .await
    }

    async fn list(&self, listed_prefixes: &[String]) -> Result<Catalog> {
        let mut listing = Listing::of(self.prefix());
        for listed_prefix in listed_prefixes {
            let add = |row: Listed| {
                listing.add(Entry {
                    key: row.key,
                    bytes: row.bytes,
                    modified: row.modified,
                });
            };
            let listed = self.store.list_each(listed_prefix, add).await;
            listed.map_err(|error| error.at(Stage::List))?;
        }
        let mut catalog = listing.into_catalog();
        catalog.split_future(self.now());
        for backup in catalog.future() {
            tracing::warn!(
                key = backup.key.text(),
                "this backup is stamped in the future: it is not counted, not deleted and never the latest; \
                 was the clock wrong?"
            );
        }
        Ok(catalog)
    }

    /// The manifest of a backup.
    pub async fn manifest(&self, key: &Key) -> Result<Manifest> {
        let name = key.manifest(self.prefix());
        let bytes = self
            .store
            .get(&name, MANIFEST_BYTES)
            .await
            .map_err(|error| error.at(Stage::Manifest))?;
        Manifest::parse(&bytes, key).map_err(|error| {
            Error::new(Stage::Manifest, Exit::Verification, error).hint(format!(
                "look at it: get {name} from the bucket; choose another backup from lifeboat list"
            ))
        })
    }

    /// Writes the manifest: from here on the backup exists.
    pub async fn put_manifest(&self, key: &Key, manifest: &Manifest) -> Result<()> {
        let json = manifest
            .to_json(key)
            .map_err(|error| Error::new(Stage::Manifest, Exit::Other, error))?;
        if json.len() as u64 > MANIFEST_BYTES {
            let reason = format!(
                "the manifest has {}, and more than {} could not be read back",
                table::size(json.len() as u64),
                table::size(MANIFEST_BYTES)
            );
            return Err(Error::new(Stage::Manifest, Exit::Other, reason).hint(
                "it holds the settings and privileges of the database: grant to a few roles, and these to the others",
            ));
        }
        let name = key.manifest(self.prefix());
        let put = self.store.put(&name, Kind::Manifest, json.into());
        tokio::time::timeout(self.config.timeouts.stall, put)
            .await
            .map_err(|_| {
                Error::new(
                    Stage::Manifest,
                    Exit::Storage,
                    "the store did not take it in time",
                )
            })?
            .map_err(|error| error.at(Stage::Manifest))?;
        Ok(())
    }

    /// Refuses where `PRUNE=false` says that nothing is ever deleted.
    pub fn deletes(&self) -> Result<()> {
        if self.config.prune {
            return Ok(());
        }
        let says = "PRUNE=false: this lifeboat never deletes anything";
        Err(Error::refused(Stage::Prune, says).hint("unset PRUNE to delete"))
    }

    /// After a manifest of which nobody knows whether the store took it: whether it stands, and the backup of `run`
    /// with it. Where none stands, the object goes. What another run has stored under the same key is not touched, and
    /// neither is what cannot be looked at: somebody may have counted on it by now.
    pub async fn stands_or_goes(&self, backup: &Key, run: &str) -> Result<bool> {
        let name = backup.manifest(self.prefix());
        match self.store.get(&name, MANIFEST_BYTES).await {
            Ok(bytes) => Ok(Manifest::parse(&bytes, backup).is_ok_and(|manifest| manifest.run == run)),
            Err(error) if error.kind == StoreErrorKind::NotFound && !self.config.prune => Ok(false),
            Err(error) if error.kind == StoreErrorKind::NotFound => {
                let gone = self.store.delete(&backup.object(self.prefix())).await;
                gone.map_err(|error| error.at(Stage::Manifest))?;
                Ok(false)
            }
            Err(error) => Err(error.at(Stage::Manifest)),
        }
    }

    /// Deletes a backup in the one safe order: the manifest, then a HEAD that says it is gone, then the object.
    /// Unconfirmed, the object stays: a dump without a manifest is a leftover, the reverse would be a lie.
    pub async fn delete(&self, backup: &Key) -> Result<()> {
        let stage = Stage::Prune;
        let manifest = backup.manifest(self.prefix());
        self.store
            .delete(&manifest)
            .await
            .map_err(|error| error.at(stage))?;
        match self.store.head(&manifest).await {
            Err(error) if error.kind == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.at(stage).hint("nothing else of this backup was touched")),
            Ok(_) => {
                return Err(Error::new(
                    stage,
                    Exit::Storage,
                    format!("the store still shows {manifest} after its deletion"),
                )
                .hint("the dump stays; is the manifest locked (object lock, legal hold)?"));
            }
        }
        let object = backup.object(self.prefix());
        self.store.delete(&object).await.map_err(|error| error.at(stage))
    }

    /// Opens a backup to be read back against its manifest.
    pub async fn read_back(&self, key: &Key, manifest: &Manifest, stage: Stage) -> Result<ReadBack<S>> {
        let compression = Compression::from_name(&manifest.compression.name);
        let Some(compression) = compression else {
            return Err(Error::new(
                stage,
                Exit::Verification,
                format!(
                    "its compression {:?} is not known to this version",
                    manifest.compression.name
                ),
            ));
        };
        let expected = Expected {
            object_bytes: manifest.object.bytes,
            object_sha256: manifest.object.sha256.clone(),
            dump_bytes: manifest.dump.bytes,
            dump_sha256: manifest.dump.sha256.clone(),
            compression,
        };
        let level = manifest.compression.level.unwrap_or(compression.default_level());
        let threads = super::threads(
            &self.config,
            super::memory_limit(),
            decompress::memory(compression, level),
        );
        let name = key.object(self.prefix());
        ReadBack::open(
            self.store.clone(),
            &name,
            expected,
            threads,
            self.config.timeouts.stall,
        )
        .await
        .map_err(|error| read_back_failed(error, stage, key))
    }
}

/// A backup that is not what its manifest says is a matter of its own (6), whatever verb finds it.
pub fn read_back_failed(error: ReadBackError, stage: Stage, key: &Key) -> Error {
    if error.is_altered() {
        return Error::new(stage, Exit::Verification, error).hint(format!(
            "{} is damaged: do not rely on it; lifeboat verify --all tells which others are whole",
            key.text()
        ));
    }
    match error {
        ReadBackError::Store(error) => error.at(stage),
        ReadBackError::Unreadable(error) => Error::new(stage, Exit::Other, error).hint(
            "this says nothing of the backup; is lifeboat short of memory? raise its limit, or lower \
             COMPRESSION_THREADS",
        ),
        error => {
            Error::new(stage, Exit::Storage, error).hint("is the store slow? STALL_TIMEOUT is the limit")
        }
    }
}

/// The newest first; for messages.
pub fn names(backups: &[&Backup]) -> Vec<String> {
    backups.iter().map(|backup| backup.key.text()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pipeline::decompress::DecompressError;

    #[test]
    fn who_has_no_memory_calls_no_backup_damaged() {
        let database = Database::from_shown("app");
        let key = Key::new("db", database, Timestamp::UNIX_EPOCH, 1, "sql", None).unwrap();
        let exit = |error| read_back_failed(ReadBackError::Unreadable(error), Stage::Verify, &key).exit;
        let source = || std::io::ErrorKind::OutOfMemory.into();
        let name = "xz";
        let failed = DecompressError::Failed {
            name,
            source: source(),
        };
        assert_eq!(exit(failed), Exit::Other);
        let broken = DecompressError::Broken {
            name,
            source: source(),
        };
        assert_eq!(exit(broken), Exit::Verification);
    }
}
