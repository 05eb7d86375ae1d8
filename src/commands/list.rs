//! `list`: the complete backups, newest first.

use super::bucket::{Bucket, Scope};
use super::ours::Others;
use super::{Cancel, print};
use crate::catalog::{Backup, Database, ListedBackup, table};
use crate::cli::ListArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::retention::collapse;
use crate::store::Store;
use std::collections::BTreeMap;

/// Runs the verb.
pub async fn run<S: Store>(bucket: &Bucket<S>, args: &ListArgs, cancel: &Cancel) -> Result<()> {
    let scope = Scope::new(&bucket.config, args.scope.target.as_deref());
    let catalog = cancel.or_interrupted(Stage::List, bucket.catalog(&scope)).await?;
    bucket.warn_of_clock();
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
        (false, false) => {
            let notes = cancel
                .or_interrupted(Stage::List, notes(bucket, complete()))
                .await?;
            table::noted(complete(), now, zone, &notes)
        }
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

/// What is behind a row: whose it is, when another installation's, and that it is a fraction of one before.
async fn notes<S: Store>(
    bucket: &Bucket<S>,
    complete: impl Iterator<Item = &Backup> + Clone,
) -> Result<BTreeMap<String, String>> {
    let others = match bucket.ours.others(bucket, complete.clone()).await {
        Ok(others) => others,
        // The listing itself was had.
        Err(error) => {
            tracing::warn!("whose the backups are is not known: {error}");
            Others::default()
        }
    };
    if others.left_out > 0 {
        tracing::info!(
            "whose the {} oldest of these are was not looked at",
            others.left_out
        );
    }
    let theirs = complete.clone().filter_map(|backup| {
        let name = others.name(backup)?;
        Some((backup.object.clone(), format!("another installation ({name})")))
    });
    let mut notes: BTreeMap<_, _> = theirs.collect();
    for (newest, before) in collapse::of_each(complete.filter(|backup| others.name(backup).is_none())) {
        let says = format!("less than half of {}", before.key.text());
        notes.insert(newest.object.clone(), says);
    }
    Ok(notes)
}

fn json(rows: impl Iterator<Item = ListedBackup>) -> Result<String> {
    serde_json::to_string_pretty(&rows.collect::<Vec<_>>())
        .map(|json| json + "\n")
        .map_err(|error| Error::new(Stage::List, Exit::Other, error))
}
