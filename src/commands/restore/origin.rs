//! Whose backup: two installations may share a bucket without a prefix, and the latest of a database may be the other's.
//!
//! On a new machine every backup is of another installation, and that is what backups are for. So one is refused only when
//! this installation has backups of the same database too, and nobody has named the one that is meant.

use super::{Chosen, Context};
use crate::catalog::Backup;
use crate::catalog::which::Which;
use crate::config::Config;
use crate::error::{Error, Result, Stage};
use crate::runtime::Runtime;
use crate::store::Store;

/// So many backups of a database are asked whose they are.
const LOOKED_AT: usize = 32;

/// Refuses what `which` has chosen of another installation, while there is one of this.
pub async fn check<R: Runtime, S: Store>(
    context: &Context<R, S>,
    which: &str,
    chosen: &[Chosen],
) -> Result<()> {
    if names_one(which, &context.bucket.config) {
        return Ok(());
    }
    let own = context
        .runtime
        .origin()
        .await
        .map_err(|error| error.at(Stage::Target))?;
    for one in chosen {
        let origin = &one.manifest.origin.engine_id;
        if *origin == own {
            continue;
        }
        let key = one.backup.key.text();
        if let Some(other) = newest_of(context, &one.backup, &own).await? {
            return Err(Error::refused(
                Stage::Restore,
                format!(
                    "{key} is of another installation ({origin}), and of this one there is {}",
                    other.key.text()
                ),
            )
            .hint("name the one you mean by its key; and give each host an S3_PREFIX of its own"));
        }
        tracing::warn!(key, origin, "this backup was made by another installation");
    }
    Ok(())
}

fn names_one(which: &str, config: &Config) -> bool {
    matches!(Which::parse(which, &config.schedule.zone), Ok(Which::Key(_)))
}

/// The newest backup of the same database that this installation made.
async fn newest_of<R, S: Store>(context: &Context<R, S>, of: &Backup, own: &str) -> Result<Option<Backup>> {
    let bucket = &context.bucket;
    let catalog = bucket.of_database(of.key.target(), of.key.database()).await?;
    let newest_first = catalog.of(of.key.target(), of.key.database());
    for backup in newest_first.take(LOOKED_AT) {
        // Of what can't be read nobody knows whose it is.
        let manifest = bucket.manifest(&backup.key).await;
        if manifest.is_ok_and(|manifest| manifest.origin.engine_id == own) {
            return Ok(Some(backup.clone()));
        }
    }
    Ok(None)
}
