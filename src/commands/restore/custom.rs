//! Restoring by `RESTORE_COMMAND`. Nobody knows what it overwrites, and nothing undoes it: so the object is proven
//! whole first, and what is there now is backed up.

use super::{Chosen, live, load};
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::backup::plan;
use crate::commands::target::Target;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::store::Store;

/// Restores them, one after the other.
pub async fn restore<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    target: &Target<'_, R>,
    chosen: &[Chosen],
) -> Result<()> {
    let dump = &target.dump;
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
    let words = target.custom("RESTORE_COMMAND", command).await?;
    live::prove(context, chosen).await?;
    let mut kept = Vec::new();
    if !args.discard {
        let plan = plan::plan(context, target.container)
            .await
            .map_err(live::not_kept)?;
        for job in plan.jobs {
            let job = job.map_err(|(_, error)| live::not_kept(error))?;
            kept.push(live::keep(context, target.container, &plan.facts, job).await?);
        }
    }
    for one in chosen {
        let loaded = load::load(context, target.container, &words, &one.backup.key, &one.manifest).await;
        loaded.map_err(|error| {
            error.left(format!(
                "RESTORE_COMMAND did not come to its end, and what it writes to may not be whole: {}",
                live::way_back(args, &one.backup.key, kept.first())
            ))
        })?;
        tracing::info!(
            key = one.backup.key.text(),
            container = target.container.name,
            "restored"
        );
    }
    Ok(())
}
