//! WHICH, for the verbs that take one: from words to backups, or an error that lists the candidates.

use super::bucket::{Bucket, Scope};
use crate::catalog::which::{self, EVERY_TARGET, SelectError, Which};
use crate::catalog::{Backup, Database};
use crate::cli::ScopeArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::store::Store;

/// The backups that WHICH means.
pub async fn choose<S: Store>(bucket: &Bucket<S>, text: &str, args: &ScopeArgs) -> Result<Vec<Backup>> {
    select(bucket, text, args, args.target.as_deref()).await
}

/// The latest of each database, of every target that `args` means: where nothing is overwritten, several are no danger.
pub async fn latest_of_each<S: Store>(bucket: &Bucket<S>, args: &ScopeArgs) -> Result<Vec<Backup>> {
    let target = args.target.as_deref().unwrap_or(EVERY_TARGET);
    select(bucket, "latest", args, Some(target)).await
}

async fn select<S: Store>(
    bucket: &Bucket<S>,
    text: &str,
    args: &ScopeArgs,
    target: Option<&str>,
) -> Result<Vec<Backup>> {
    let which = Which::parse(text, &bucket.config.schedule.zone)
        .map_err(|error| Error::new(Stage::Config, Exit::Usage, error))?;
    // A key of another target of the prefix is found too: what may be done with it is for the verb to say.
    let scope = match (&which, &args.target) {
        (Which::Key(_), None) => Scope::All,
        (_, target) => Scope::new(&bucket.config, target.as_deref()),
    };
    let catalog = bucket.catalog(&scope).await?;
    let database = args.database.as_deref().map(Database::from_shown);
    let asked = which::Scope {
        target,
        database: database.as_ref(),
    };
    which::select(&catalog, &which, asked).map_err(|error| {
        let usage = matches!(error, SelectError::Targets { .. });
        let exit = if usage { Exit::Usage } else { Exit::Other };
        Error::new(Stage::List, exit, error)
            .hint("lifeboat list shows the backups; --target '*' those of every target")
    })
}
