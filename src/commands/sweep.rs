//! Sweeping: leftovers of runs that were interrupted, once nothing can still be happening to them.
//!
//! What is old enough is decided by [`retention::sweep`](crate::retention::sweep); here it is looked at once more
//! right before it goes. Stores list open uploads poorly, or not at all: what can't be seen, or can't be told to be
//! old, stays.

use super::Cancel;
use super::bucket::{Bucket, Scope};
use super::first::First;
use crate::catalog::key::target_prefix;
use crate::catalog::{Incomplete, Missing};
use crate::config::{Config, Selector};
use crate::error::{Result, Stage};
use crate::retention::sweep::{Upload, sweep};
use crate::store::{OpenUpload, Store, StoreError, StoreErrorKind};

/// Sweeps the leftovers of these targets, until the end is asked for. What was swept is said.
pub async fn targets<S: Store>(bucket: &Bucket<S>, targets: &[String], cancel: &Cancel) -> Result<()> {
    if !bucket.config.prune {
        return Ok(());
    }
    let mut first = First::default();
    for target in targets {
        if !first.goes_on(of(bucket, target, cancel).await) {
            break;
        }
    }
    first.end()
}

/// The names of TARGET's targets, as far as they are known without asking the engine: those of a label are not.
pub fn named(config: &Config) -> Vec<String> {
    let is_name = |selector: &Selector| matches!(selector, Selector::Name(_));
    config
        .targets
        .iter()
        .filter(|entry| is_name(&entry.selector))
        .map(|entry| entry.text.clone())
        .collect()
}

async fn of<S: Store>(bucket: &Bucket<S>, target: &str, cancel: &Cancel) -> Result<()> {
    let scope = Scope::Targets(vec![target.to_owned()]);
    let ours = |of: &str| of == target;
    let catalog = cancel
        .or_interrupted(Stage::Prune, bucket.catalog(&scope))
        .await?;
    // By our own clock, which nobody has checked, everything may look old.
    if bucket.store.clock_ahead().is_none() {
        tracing::info!(
            target,
            "leftovers of interrupted runs are not swept: the store does not tell its time"
        );
        return Ok(());
    }
    let mut first = First::default();
    let halves = catalog.incomplete();
    for half in sweep(bucket.prefix(), halves, &[], ours, bucket.now()).halves {
        cancel.check(Stage::Prune)?;
        if !first.goes_on(remove(bucket, half).await) {
            return first.end();
        }
    }
    let look = async {
        let open = open_uploads(bucket, target).await?;
        Ok(dated(bucket, &open, ours, &mut first).await)
    };
    let uploads = match cancel.or_interrupted(Stage::Prune, look).await {
        Ok(uploads) => uploads,
        Err(error) => {
            first.goes_on(Err(error));
            return first.end();
        }
    };
    for upload in sweep(bucket.prefix(), &[], &uploads, ours, bucket.now()).uploads {
        cancel.check(Stage::Prune)?;
        let aborted = bucket.store.abort_upload(&upload.key, &upload.id).await;
        if aborted.is_ok() {
            tracing::info!(key = upload.key, begun = %upload.initiated, "swept: an upload that was never completed");
        }
        if !first.goes_on(aborted.map_err(|error| error.at(Stage::Prune))) {
            break;
        }
    }
    first.end()
}

/// The open uploads; none where the store does not tell.
async fn open_uploads<S: Store>(bucket: &Bucket<S>, target: &str) -> Result<Vec<OpenUpload>> {
    let listed = bucket
        .store
        .list_uploads(&target_prefix(bucket.prefix(), target))
        .await;
    known(listed).map(Option::unwrap_or_default)
}

/// Those that are old by their begin, with the time of their newest part. One that no longer is open, or whose parts
/// the store does not tell, is none of them.
async fn dated<S: Store>(
    bucket: &Bucket<S>,
    open: &[OpenUpload],
    ours: impl Fn(&str) -> bool,
    first: &mut First,
) -> Vec<Upload> {
    let begun: Vec<Upload> = open.iter().map(without_parts).collect();
    let mut dated = Vec::new();
    for old in sweep(bucket.prefix(), &[], &begun, ours, bucket.now()).uploads {
        match known(bucket.store.newest_part(&old.key, &old.id).await) {
            Ok(newest_part) => dated.extend(newest_part.map(|newest_part| Upload {
                newest_part,
                ..old.clone()
            })),
            Err(error) => {
                if !first.goes_on(Err(error)) {
                    break;
                }
            }
        }
    }
    dated
}

fn without_parts(open: &OpenUpload) -> Upload {
    Upload {
        key: open.key.clone(),
        id: open.id.clone(),
        initiated: open.initiated,
        newest_part: None,
    }
}

/// An answer; `None` where the store has none to give.
fn known<T>(answer: std::result::Result<T, StoreError>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.kind, StoreErrorKind::Unsupported | StoreErrorKind::NotFound) => {
            Ok(None)
        }
        Err(error) => Err(error.at(Stage::Prune)),
    }
}

/// Removes half of a backup, if the other half is not there after all: the listing may be older than it.
async fn remove<S: Store>(bucket: &Bucket<S>, half: &Incomplete) -> Result<()> {
    let other = match half.missing {
        Missing::Manifest => half.key.manifest(bucket.prefix()),
        Missing::Dump => half.key.object(bucket.prefix()),
    };
    match bucket.store.head(&other).await {
        Err(error) if error.kind == StoreErrorKind::NotFound => {}
        Err(error) => return Err(error.at(Stage::Prune).hint("nothing of this backup was touched")),
        Ok(_) => {
            tracing::warn!(
                key = half.object,
                "left alone: its {} is there after all",
                half.missing
            );
            return Ok(());
        }
    }
    let deleted = bucket.store.delete(&half.object).await;
    deleted.map_err(|error| error.at(Stage::Prune))?;
    tracing::info!(
        key = half.object,
        "swept: half of a backup, its {} is not there",
        half.missing
    );
    Ok(())
}
