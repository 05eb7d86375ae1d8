//! `latest` when it is not certainly what is meant: a volume was lost, the service came up empty, and a backup of that ran
//! by itself. It is whole, and the newest, and nobody who restores wants it.
//!
//! So a backup that nobody has named is compared with the ones before it: another server, or less than half of the bytes,
//! and both are named instead of one being restored.

use super::Chosen;
use crate::catalog::manifest::Origin;
use crate::catalog::table::size;
use crate::catalog::{Backup, Database};
use crate::commands::Context;
use crate::commands::whose;
use crate::error::{Error, Result, Stage};
use crate::retention::collapse::is_below_half;
use crate::runtime::Runtime;
use crate::store::Store;

/// Refuses what `latest` or a time has chosen beside one before it that is of another server, or more than twice as large.
/// `is_own` tells the backups of this installation.
pub async fn check<R: Runtime, S: Store>(
    context: &Context<R, S>,
    chosen: &[Chosen],
    is_own: impl Fn(&Origin) -> bool,
) -> Result<()> {
    let bucket = &context.bucket;
    for one in chosen {
        let key = &one.backup.key;
        if matches!(key.database(), Database::Replaced(_)) {
            continue;
        }
        let catalog = bucket.of_database(key.target(), key.database()).await?;
        let older: Vec<&Backup> = catalog
            .of(key.target(), key.database())
            .skip_while(|backup| **backup != one.backup)
            .skip(1)
            .collect();
        let Some(newest) = older.first() else { continue };
        let origin = &one.manifest.origin;
        let is_others = |other: &Origin| !other.is_of_installation(origin);
        let mut before = whose::first(bucket, older.iter().copied(), is_others).await?;
        if before.is_none() && is_own(origin) {
            // The first of this installation has none of its own before it: on a new host that is what came up empty.
            before = whose::first(bucket, [*newest], |_| false).await?;
        }
        let Some((before, made)) = before else { continue };
        if made
            .as_ref()
            .is_some_and(|made| made.is_of_another_server(origin))
        {
            let why = format!(
                "{}, the one before it, is of another database server",
                before.key.text()
            );
            return Err(doubtful(one, &why));
        }
        let larger = older
            .iter()
            .copied()
            .filter(|older| is_below_half(one.backup.bytes, older));
        let larger = if is_below_half(one.backup.bytes, before) {
            Some(before)
        } else {
            whose::first(bucket, larger, is_others)
                .await?
                .map(|(larger, _)| larger)
        };
        if let Some(larger) = larger {
            let why = format!(
                "it has less than half of the {} of {}",
                size(larger.bytes),
                larger.key.text()
            );
            return Err(doubtful(one, &why));
        }
    }
    Ok(())
}

fn doubtful(one: &Chosen, why: &str) -> Error {
    let what = format!(
        "{} ({}) may not be what you mean: {why}",
        one.backup.key.text(),
        size(one.backup.bytes)
    );
    Error::refused(Stage::Restore, what).hint("name the one you mean by its key; nothing was touched")
}
