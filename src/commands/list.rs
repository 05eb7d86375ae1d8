//! `list`: the complete backups, newest first.

use super::bucket::{Bucket, Scope};
use super::{Cancel, print};
use crate::catalog::{Database, ListedBackup, table};
use crate::cli::ListArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::store::Store;

/// Runs the verb.
pub async fn run<S: Store>(bucket: &Bucket<S>, args: &ListArgs, cancel: &Cancel) -> Result<()> {
    let scope = Scope::new(&bucket.config, args.scope.target.as_deref());
    let catalog = cancel.or_interrupted(Stage::List, bucket.catalog(&scope)).await?;
    let database = args.scope.database.as_deref().map(Database::from_shown);
    let wanted = |of: &Database| database.as_ref().is_none_or(|database| database == of);
    let complete = || {
        catalog
            .complete()
            .iter()
            .filter(|backup| wanted(backup.key.database()))
    };
    let incomplete = || {
        catalog
            .incomplete()
            .iter()
            .filter(|half| wanted(half.key.database()))
    };
    let (now, zone) = (bucket.now(), &bucket.config.schedule.zone);
    let text = match (args.json, args.incomplete) {
        (false, false) => table::backups(complete(), now, zone),
        (false, true) => table::incomplete(incomplete(), now, zone),
        (true, false) => json(complete().map(ListedBackup::from))?,
        (true, true) => json(incomplete().map(ListedBackup::from))?,
    };
    print(&text);
    if catalog.foreign() > 0 {
        tracing::info!(
            objects = catalog.foreign(),
            "other objects stand under the prefix; they are not ours"
        );
    }
    Ok(())
}

fn json(rows: impl Iterator<Item = ListedBackup>) -> Result<String> {
    serde_json::to_string_pretty(&rows.collect::<Vec<_>>())
        .map(|json| json + "\n")
        .map_err(|error| Error::new(Stage::List, Exit::Other, error))
}
