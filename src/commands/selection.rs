//! WHICH, for the verbs that take one: from words to backups, or an error that lists the candidates.

use super::bucket::{Bucket, Scope};
use super::whose::{Said, Whose, said};
use crate::catalog::which::{self, EVERY_TARGET, SelectError, Which};
use crate::catalog::{Backup, Catalog, Database};
use crate::cli::ScopeArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::store::Store;
use std::collections::BTreeSet;

/// The backups that WHICH means. `latest` and a time mean this
/// installation's, where it has made any.
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
    bucket.warn_of_clock();
    let database = args.database.as_deref().map(Database::from_shown);
    let asked = which::Scope {
        target,
        database: database.as_ref(),
    };
    let select = |catalog: &Catalog| which::select(catalog, &which, asked);
    let chosen = select(&catalog).map_err(|error| {
        let usage = matches!(error, SelectError::Targets { .. });
        let exit = if usage { Exit::Usage } else { Exit::Other };
        Error::new(Stage::List, exit, error)
            .hint("lifeboat list shows the backups; --target '*' those of every target")
    })?;
    match which {
        Which::Key(_) => Ok(chosen),
        Which::Latest | Which::NotAfter(_) => of_ours(bucket, &catalog, chosen, select).await,
    }
}

/// What is chosen once others' backups are passed over: they may be newer. A target of which this installation has
/// none that could be meant is chosen as it was, which is said: on a new host, that is what backups are for.
async fn of_ours<S: Store>(
    bucket: &Bucket<S>,
    catalog: &Catalog,
    first: Vec<Backup>,
    select: impl Fn(&Catalog) -> std::result::Result<Vec<Backup>, SelectError>,
) -> Result<Vec<Backup>> {
    let ours = &bucket.ours;
    let targets = |chosen: &[Backup]| -> BTreeSet<String> {
        chosen
            .iter()
            .map(|backup| backup.key.target().to_owned())
            .collect()
    };
    let (mut others, mut looked_at) = (BTreeSet::new(), BTreeSet::new());
    let mut foreign = BTreeSet::new();
    let mut chosen = first.clone();
    loop {
        let next = chosen.iter().find(|backup| {
            let target = backup.key.target();
            ours.knows(target) && !foreign.contains(target) && !looked_at.contains(&backup.object)
        });
        let Some(next) = next.cloned() else { break };
        looked_at.insert(next.object.clone());
        let (_, made) = said(bucket, &next).await?;
        let target = next.key.target();
        let Said::Origin(origin) = made else { continue };
        if !ours.is_anothers(target, &origin) {
            continue;
        }
        // Then most are: all of this database are asked at once.
        let of_database = catalog.of(target, next.key.database());
        let whose = Whose::ask(bucket, of_database, |origin| !ours.is_anothers(target, origin)).await?;
        others.extend(whose.others.iter().map(|(backup, _)| backup.object.clone()));
        let mut rest = catalog.clone();
        rest.retain(|backup| !others.contains(&backup.object) || foreign.contains(backup.key.target()));
        chosen = select(&rest).unwrap_or_default();
        let gone: Vec<_> = targets(&first).difference(&targets(&chosen)).cloned().collect();
        if gone.is_empty() {
            continue;
        }
        foreign.extend(gone);
        let mut rest = catalog.clone();
        rest.retain(|backup| !others.contains(&backup.object) || foreign.contains(backup.key.target()));
        chosen = select(&rest).unwrap_or_else(|_| first.clone());
    }
    for backup in chosen
        .iter()
        .filter(|backup| foreign.contains(backup.key.target()))
    {
        if let (_, Said::Origin(origin)) = said(bucket, backup).await? {
            tracing::warn!(
                key = backup.key.text(),
                "this backup was made by another installation ({}): there is none of this one",
                ours.name(&origin)
            );
        }
    }
    Ok(chosen)
}
