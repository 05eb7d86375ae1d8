//! `delete`: these backups, and only these.

use super::Cancel;
use super::bucket::{Bucket, Scope};
use crate::catalog::{Backup, Catalog, Database};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::store::Store;

/// Runs the verb. Every refusal is found before anything is deleted.
pub async fn run<S: Store>(bucket: &Bucket<S>, keys: &[String], force: bool, cancel: &Cancel) -> Result<()> {
    bucket.deletes()?;
    let scope = Scope::new(&bucket.config, None);
    let catalog = cancel.or_interrupted(Stage::List, bucket.catalog(&scope)).await?;
    let chosen = keys
        .iter()
        .map(|text| find(&catalog, text))
        .collect::<Result<Vec<_>>>()?;
    for backup in chosen.iter().filter(|_| !force) {
        if let Some(reason) = protected(&catalog, backup, &chosen) {
            return Err(
                Error::refused(Stage::Prune, format!("{} is {reason}", backup.key.text()))
                    .hint("--force deletes it all the same; nothing was deleted"),
            );
        }
    }
    for backup in &chosen {
        // Not halfway: a manifest that is gone leaves its dump to be paid for.
        cancel.check(Stage::Prune)?;
        bucket.delete(&backup.key).await?;
        tracing::info!(key = backup.key.text(), "deleted");
    }
    Ok(())
}

/// Every whole backup, those from the future too: they are as good as any, but for their stamp.
fn whole(catalog: &Catalog) -> impl Iterator<Item = &Backup> {
    catalog.complete().iter().chain(catalog.future())
}

fn find<'a>(catalog: &'a Catalog, text: &str) -> Result<&'a Backup> {
    whole(catalog)
        .find(|backup| backup.key.text() == text || backup.object == text)
        .ok_or_else(|| {
            let reason = format!("{text} is no whole backup of TARGET's targets");
            Error::new(Stage::Prune, Exit::Usage, reason).hint(
                "lifeboat list shows their keys; for one of another target, name that in TARGET; nothing was deleted",
            )
        })
}

/// Why this backup goes only by force.
fn protected(catalog: &Catalog, backup: &Backup, chosen: &[&Backup]) -> Option<&'static str> {
    let (target, database) = (backup.key.target(), backup.key.database());
    if matches!(database, Database::Replaced(_)) {
        return None;
    }
    if catalog.newest(target, database) == Some(backup) {
        return Some("the newest backup of its database");
    }
    // The newest that counts is none of those from the future, but one of these may be all there is.
    let stays = |other: &Backup| {
        other.key.target() == target && other.key.database() == database && !chosen.contains(&other)
    };
    (!whole(catalog).any(stays)).then_some("one of the last backups of its database")
}
