//! `delete`: these backups, and only these.

use super::Cancel;
use super::bucket::{Bucket, Scope};
use crate::catalog::Database;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::store::Store;

/// Runs the verb. Every refusal is found before anything is deleted.
pub async fn run<S: Store>(bucket: &Bucket<S>, keys: &[String], force: bool, cancel: &Cancel) -> Result<()> {
    let scope = Scope::new(&bucket.config, None);
    let catalog = cancel.or_interrupted(Stage::List, bucket.catalog(&scope)).await?;
    let mut chosen = Vec::new();
    for text in keys {
        let backup = catalog
            .complete()
            .iter()
            .chain(catalog.future())
            .find(|backup| backup.key.text() == *text || backup.object == *text)
            .ok_or_else(|| {
                Error::new(
                    Stage::Prune,
                    Exit::Usage,
                    format!("{text} is no whole backup here"),
                )
                .hint("lifeboat list --target '*' shows the keys; nothing was deleted")
            })?;
        let newest = catalog.newest(backup.key.target(), backup.key.database());
        let protected = !matches!(backup.key.database(), Database::Replaced(_));
        if protected && newest.is_some_and(|newest| newest.key == backup.key) && !force {
            return Err(Error::refused(
                Stage::Prune,
                format!("{text} is the newest backup of its database"),
            )
            .hint("--force deletes it all the same; nothing was deleted"));
        }
        chosen.push(backup.key.clone());
    }
    for key in &chosen {
        // Not halfway: a manifest that is gone leaves its dump to be paid for.
        cancel.check(Stage::Prune)?;
        bucket.delete(key).await?;
        tracing::info!(key = key.text(), "deleted");
    }
    Ok(())
}
