//! `delete`: these backups, and only these.

use super::Cancel;
use super::bucket::{Bucket, Scope};
use super::whose::{Said, said};
use crate::catalog::{Backup, Catalog, Database};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::store::Store;

/// Runs the verb. Every refusal is found before anything is deleted.
pub async fn run<S: Store>(bucket: &Bucket<S>, keys: &[String], force: bool, cancel: &Cancel) -> Result<()> {
    bucket.deletes()?;
    let scope = Scope::new(&bucket.config, None);
    let catalog = cancel.or_interrupted(Stage::List, bucket.catalog(&scope)).await?;
    bucket.warn_of_clock();
    let chosen = keys
        .iter()
        .map(|text| find(&catalog, text))
        .collect::<Result<Vec<_>>>()?;
    for backup in chosen.iter().filter(|_| !force) {
        let asked = protected(bucket, &catalog, backup, &chosen);
        if let Some(reason) = cancel.or_interrupted(Stage::Prune, asked).await? {
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

/// Why this backup goes only by force. Of each installation the newest is the newest: another's, however new, is no backup of
/// what this one has.
async fn protected<S: Store>(
    bucket: &Bucket<S>,
    catalog: &Catalog,
    backup: &Backup,
    chosen: &[&Backup],
) -> Result<Option<String>> {
    let (target, database) = (backup.key.target(), backup.key.database());
    let (_, made) = said(bucket, backup).await?;
    if let Said::Origin(origin) = &made
        && bucket.ours.is_anothers(target, origin)
    {
        return Ok(Some(format!(
            "of another installation ({})",
            bucket.ours.name(origin)
        )));
    }
    if matches!(database, Database::Replaced(_)) {
        return Ok(None);
    }
    let newest = Some("the newest backup of its database".to_owned());
    if catalog.newest(target, database) == Some(backup) {
        return Ok(newest);
    }
    // The newest that counts is none of those from the future, but one of these may be all there is.
    let stays = |other: &Backup| {
        other.key.target() == target && other.key.database() == database && !chosen.contains(&other)
    };
    if !whole(catalog).any(stays) {
        return Ok(Some("one of the last backups of its database".to_owned()));
    }
    let newer = catalog.of(target, database).take_while(|other| *other != backup);
    if let Said::Origin(origin) = made {
        for other in newer {
            match said(bucket, other).await? {
                (_, Said::Origin(other)) if !other.is_of_installation(&origin) => {}
                _ => return Ok(None),
            }
        }
        return Ok(newest);
    }
    Ok(None)
}
