//! Restoring by `RESTORE_COMMAND`. Nobody knows what it overwrites, and nothing undoes it: so the object is proven
//! whole first, and what is there now is backed up.

use super::{Chosen, load};
use crate::catalog::Database;
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::backup::{dump, plan};
use crate::commands::bucket::read_back_failed;
use crate::engine::custom;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::{Container, Runtime};
use crate::store::Store;

/// Restores them, one after the other.
pub async fn restore<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    container: &Container,
    chosen: &[Chosen],
) -> Result<()> {
    let dump = &context.bucket.config.dump;
    let Some(command) = &dump.restore_command else {
        return Err(
            Error::new(Stage::Config, Exit::Usage, "RESTORE_COMMAND is not set")
                .hint("the custom engine runs it in the target, with the dump on its standard input"),
        );
    };
    if args.name.is_some() {
        return Err(Error::new(
            Stage::Restore,
            Exit::Usage,
            "--as means nothing to a custom command",
        ));
    }
    if !args.overwrite {
        return Err(Error::refused(
            Stage::Restore,
            "lifeboat cannot know what a custom command overwrites",
        )
        .hint("--overwrite says that it may"));
    }
    for one in chosen {
        let proof = context
            .bucket
            .read_back(&one.backup.key, &one.manifest, Stage::Restore)
            .await?;
        proof
            .prove()
            .await
            .map_err(|error| read_back_failed(error, Stage::Restore, &one.backup.key))?;
    }
    if !args.discard {
        safety_backup(context, container).await?;
    }
    let words = custom::run(command, dump.user.as_deref(), dump.password.as_ref());
    for one in chosen {
        load::load(context, container, &words, &one.backup.key, &one.manifest).await?;
        tracing::info!(
            key = one.backup.key.text(),
            container = container.name,
            "restored"
        );
    }
    Ok(())
}

/// What is there now, under a name that is never the latest and that no rule deletes.
async fn safety_backup<R: Runtime, S: Store>(context: &Context<R, S>, container: &Container) -> Result<()> {
    let unsafe_now = |error: Error| {
        Error::refused(
            Stage::Restore,
            format!(
                "what is there now could not be backed up first: {}",
                error.chain()
            ),
        )
        .hint("--discard restores all the same, and what is replaced is gone")
    };
    let plan = plan::plan(context, container).await.map_err(unsafe_now)?;
    for job in plan.jobs {
        let mut job = job.map_err(|(_, error)| unsafe_now(error))?;
        job.database = Database::Replaced(job.database.to_string());
        let made = dump::store(context, container, &plan.facts, &job)
            .await
            .map_err(unsafe_now)?;
        tracing::info!(key = made.key.text(), "what is replaced was backed up first");
    }
    Ok(())
}
