//! Restoring over live data, where no renaming makes it atomic: the object is proven whole before anything is
//! touched, and what is replaced is backed up first.

use super::Chosen;
use crate::catalog::{Database, Key};
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::backup::dump::{self, Facts, Job};
use crate::commands::bucket::read_back_failed;
use crate::error::{Error, Result, Stage};
use crate::runtime::{Container, Runtime};
use crate::store::Store;

/// Reads every object once, against its manifest.
pub(super) async fn prove<R: Runtime, S: Store>(context: &Context<R, S>, chosen: &[Chosen]) -> Result<()> {
    for one in chosen {
        read(context, one, |_| ()).await?;
    }
    Ok(())
}

/// Reads an object once, against its manifest, and shows the dump it holds to `look`: what that has seen is to be
/// believed only when this has ended well.
pub(super) async fn read<R: Runtime, S: Store>(
    context: &Context<R, S>,
    one: &Chosen,
    mut look: impl FnMut(&[u8]),
) -> Result<()> {
    let key = &one.backup.key;
    let failed = |error| read_back_failed(error, Stage::Restore, key);
    let proven = async {
        let mut read = context
            .bucket
            .read_back(key, &one.manifest, Stage::Restore)
            .await?;
        while let Some(piece) = read.next().await.map_err(failed)? {
            look(&piece);
        }
        read.prove().await.map_err(failed)
    };
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(context.cancel.interrupted(Stage::Restore)),
        proven = proven => proven.map(|_| ()),
    }
}

/// The command that puts back what a failed restore has touched: the safety backup, or else the same backup again.
pub(super) fn way_back(args: &RestoreArgs, key: &Key, kept: Option<&Key>) -> String {
    let mut command = format!("lifeboat restore {}", kept.unwrap_or(key).text());
    // A safety backup bears the name that was restored to.
    for (option, value) in [
        ("--as", args.name.as_ref().filter(|_| kept.is_none())),
        ("--into", args.into.as_ref()),
    ] {
        if let Some(value) = value {
            command = format!("{command} {option} {}", shell_words::quote(value));
        }
    }
    match kept {
        Some(_) => format!("{command} --overwrite brings back what was there before"),
        None => format!("{command} --overwrite --discard restores it again"),
    }
}

/// Backs up what `job` dumps, under a name that is never the latest and that no rule deletes.
pub(super) async fn keep<R: Runtime, S: Store>(
    context: &Context<R, S>,
    container: &Container,
    facts: &Facts,
    mut job: Job,
) -> Result<Key> {
    job.database = Database::Replaced(job.database.to_string());
    let made = dump::store(context, container, facts, &job)
        .await
        .map_err(not_kept)?;
    tracing::info!(key = made.key.text(), "what is replaced was backed up first");
    Ok(made.key)
}

/// A safety backup that could not be made.
pub(super) fn not_kept(error: Error) -> Error {
    // Somebody's wish to end is no refusal.
    if matches!(
        error.exit,
        crate::exit::Exit::Terminated | crate::exit::Exit::Interrupted
    ) {
        return error;
    }
    Error::refused(
        Stage::Restore,
        format!(
            "what is there now could not be backed up first: {}",
            error.chain()
        ),
    )
    .hint("--discard restores all the same, and what is replaced is gone")
}
