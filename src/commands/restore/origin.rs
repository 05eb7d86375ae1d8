//! Whose backup: two installations may share a bucket without a prefix, and the latest of a database may be the other's.
//!
//! On a new machine every backup is of another installation, and that is what backups are for. So one is refused only when
//! this installation has backups of the same database too, and nobody has named the one that is meant.

use super::{Chosen, Context, doubt};
use crate::catalog::manifest::Origin;
use crate::catalog::which::Which;
use crate::cli::RestoreArgs;
use crate::commands::backup::plan;
use crate::commands::whose::Whose;
use crate::config::Config;
use crate::error::{Error, Result, Stage};
use crate::runtime::{Container, Runtime};
use crate::store::Store;

/// Refuses what `args` have chosen of another installation, while there is one of this. With `--into` any container
/// of this engine counts as this one.
pub async fn check<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    destination: &Container,
    chosen: &[Chosen],
) -> Result<()> {
    let bucket = &context.bucket;
    if names_one(&args.which, &bucket.config) {
        return Ok(());
    }
    // What the server is known by is left out: on a new one, the backups of the old one are ours.
    let own = plan::origin(&context.runtime, destination).await?;
    let is_own = |origin: &Origin| {
        origin.engine_id == own.engine_id && (args.into.is_some() || origin.project == own.project)
    };
    if let (Some(mine), Some(theirs)) = (
        chosen.iter().find(|one| is_own(&one.manifest.origin)),
        chosen.iter().find(|one| !is_own(&one.manifest.origin)),
    ) {
        let what = format!(
            "{} is of another installation ({}), and {} of this one",
            theirs.backup.key.text(),
            shown(&theirs.manifest.origin),
            mine.backup.key.text()
        );
        return Err(
            Error::refused(Stage::Restore, what).hint("add --database, or name the one you mean by its key")
        );
    }
    for one in chosen {
        let origin = &one.manifest.origin;
        if is_own(origin) {
            continue;
        }
        let (key, origin) = (&one.backup.key, shown(origin));
        let catalog = bucket.of_database(key.target(), key.database()).await?;
        let all = catalog.of(key.target(), key.database());
        let Whose { ours, unknown, .. } = Whose::ask(bucket, all, is_own).await?;
        let key = key.text();
        if ours.is_empty() && unknown > 0 {
            let what = format!(
                "{key} is of another installation ({origin}), and {unknown} more may be of this one: their manifests \
                 could not be read"
            );
            return Err(Error::refused(Stage::Restore, what).hint("name the one you mean by its key"));
        }
        if let Some(newest) = ours.first() {
            return Err(Error::refused(
                Stage::Restore,
                format!(
                    "{key} is of another installation ({origin}), and of this one there is {}",
                    newest.key.text()
                ),
            )
            .hint("name the one you mean by its key; and give each host an S3_PREFIX of its own"));
        }
        tracing::warn!(key, origin, "this backup was made by another installation");
    }
    doubt::check(context, chosen, is_own).await
}

fn names_one(which: &str, config: &Config) -> bool {
    matches!(Which::parse(which, &config.schedule.zone), Ok(Which::Key(_)))
}

/// Engine, and project if it has one.
fn shown(origin: &Origin) -> String {
    let project = origin
        .project
        .as_ref()
        .map(|project| format!(", project {project}"));
    format!("engine {}{}", origin.engine_id, project.unwrap_or_default())
}
