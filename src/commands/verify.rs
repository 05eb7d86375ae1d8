//! `verify`: read a backup back and prove it against its manifest.

use super::bucket::{Bucket, Scope, read_back_failed};
use super::{Cancel, print, selection};
use crate::catalog::{Backup, table};
use crate::cli::VerifyArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::progress::Progress;
use crate::store::Store;

/// Runs the verb: one line for each backup; the exit code is that of the first failure.
pub async fn run<S: Store>(bucket: &Bucket<S>, args: &VerifyArgs, cancel: &Cancel) -> Result<Exit> {
    let chosen = cancel.or_interrupted(Stage::List, choose(bucket, args)).await?;
    if chosen.is_empty() {
        return Err(
            Error::new(Stage::Verify, Exit::Other, "there is no backup to verify")
                .hint("lifeboat list --target '*' shows every backup under the prefix"),
        );
    }
    let mut exit = Exit::Done;
    for backup in &chosen {
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancel.interrupted(Stage::Verify)),
            outcome = one(bucket, backup) => outcome,
        };
        match outcome {
            Ok(dump_bytes) => print(&format!(
                "whole    {}  {} stored, {} dumped\n",
                backup.key.text(),
                table::size(backup.bytes),
                table::size(dump_bytes)
            )),
            Err(error) => {
                let word = if error.exit == Exit::Verification {
                    "DAMAGED"
                } else {
                    "unread "
                };
                print(&format!("{word}  {}  {}\n", backup.key.text(), error.chain()));
                tracing::error!(key = backup.key.text(), "{error}");
                if exit == Exit::Done {
                    exit = error.exit;
                }
            }
        }
    }
    Ok(exit)
}

/// The backups meant: those of WHICH, all, or the latest of each database.
async fn choose<S: Store>(bucket: &Bucket<S>, args: &VerifyArgs) -> Result<Vec<Backup>> {
    if !args.all {
        return match &args.which {
            Some(which) => selection::choose(bucket, which, &args.scope).await,
            None => selection::latest_of_each(bucket, &args.scope).await,
        };
    }
    let scope = Scope::new(&bucket.config, args.scope.target.as_deref());
    let catalog = bucket.catalog(&scope).await?;
    let database = args
        .scope
        .database
        .as_deref()
        .map(crate::catalog::Database::from_shown);
    let wanted = |backup: &&Backup| {
        database
            .as_ref()
            .is_none_or(|database| backup.key.database() == database)
    };
    Ok(catalog.complete().iter().filter(wanted).cloned().collect())
}

async fn one<S: Store>(bucket: &Bucket<S>, backup: &Backup) -> Result<u64> {
    let manifest = bucket.manifest(&backup.key).await?;
    let mut progress = Progress::new(format!("verify {}", backup.key.text()), Some(manifest.dump.bytes));
    let mut read = bucket.read_back(&backup.key, &manifest, Stage::Verify).await?;
    let failed = |error| read_back_failed(error, Stage::Verify, &backup.key);
    while let Some(piece) = read.next().await.map_err(failed)? {
        progress.add(piece.len());
    }
    read.prove().await.map_err(failed)?;
    Ok(manifest.dump.bytes)
}
