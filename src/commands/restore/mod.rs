//! `restore`: put backups back. Everything that could be refused is looked at before the first byte is written.

mod accounts;
mod custom;
mod doubt;
mod live;
mod load;
mod mongodb;
mod mysql;
mod origin;
mod postgres;
mod roles;

use super::bucket::names;
use super::target::Target;
use super::{Context, print, selection};
use crate::catalog::{Backup, Database, Manifest, table, which};
use crate::cli::RestoreArgs;
use crate::config::{EngineName, Selector, TargetEntry};
use crate::engine::series;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::{Container, Runtime};
use crate::store::Store;

/// A backup that was chosen, with its manifest.
#[derive(Clone)]
pub struct Chosen {
    /// The backup.
    pub backup: Backup,
    /// What is known of it.
    pub manifest: Manifest,
}

/// Runs the verb.
pub async fn run<R: Runtime, S: Store>(context: &Context<R, S>, args: &RestoreArgs) -> Result<()> {
    if args.discard && !args.overwrite {
        return Err(Error::new(
            Stage::Restore,
            Exit::Usage,
            "--discard says that what is replaced is not kept, and nothing is replaced without --overwrite",
        )
        .hint("add --overwrite, or leave --discard out"));
    }
    // Nothing is touched yet.
    let decide = async {
        let chosen = choose(context, args).await?;
        let container = destination(context, args, &chosen).await?;
        origin::check(context, args, &container, &chosen).await?;
        Ok((chosen, container))
    };
    let (chosen, container) = context.cancel.or_interrupted(Stage::Restore, decide).await?;
    let target = Target::new(&context.runtime, &container, &context.bucket.config)?;
    let engine = engine_of(&target, &chosen).await?;
    match engine {
        EngineName::Postgres => postgres::restore(context, args, &target, &chosen).await,
        EngineName::Mongodb => mongodb::restore(context, args, &target, &chosen).await,
        EngineName::Custom => custom::restore(context, args, &target, &chosen).await,
        EngineName::Mysql | EngineName::Mariadb => {
            mysql::restore(context, args, &target, engine, &chosen).await
        }
    }
}

/// The backups meant, printed as a table before anything is done with them.
async fn choose<R: Runtime, S: Store>(context: &Context<R, S>, args: &RestoreArgs) -> Result<Vec<Chosen>> {
    let bucket = &context.bucket;
    // Another installation's newer one is not passed over, as where nothing is overwritten: it is refused.
    let backups = selection::choose(bucket, &args.which, &args.scope).await?;
    let mut chosen = Vec::new();
    for backup in backups {
        let manifest = bucket.manifest(&backup.key).await?;
        chosen.push(Chosen { backup, manifest });
    }
    let runs: std::collections::BTreeMap<_, _> = chosen
        .iter()
        .map(|one| (one.backup.object.clone(), one.manifest.run.clone()))
        .collect();
    let rows = which::mark(chosen.iter().map(|one| one.backup.clone()).collect(), |backup| {
        runs.get(&backup.object).cloned()
    });
    print(&table::selection(
        &rows,
        bucket.now(),
        &bucket.config.schedule.zone,
    ));
    let databases = chosen
        .iter()
        .filter(|one| *one.backup.key.database() != Database::Globals)
        .count();
    if args.name.is_some() && databases != 1 {
        return Err(Error::new(
            Stage::Restore,
            Exit::Usage,
            format!("--as gives one database a name, and this means {databases}"),
        )
        .hint("add --database"));
    }
    Ok(chosen)
}

/// Where to: `--into`, else the target the backups are of, when it is one of TARGET's.
async fn destination<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    chosen: &[Chosen],
) -> Result<Container> {
    let mut sources: Vec<_> = chosen.iter().map(|one| one.backup.key.target()).collect();
    sources.dedup();
    let [source] = sources[..] else {
        let all: Vec<_> = chosen.iter().map(|one| &one.backup).collect();
        return Err(Error::new(
            Stage::Restore,
            Exit::Usage,
            format!(
                "this means backups of several targets: {}",
                names(&all).join(", ")
            ),
        )
        .hint("add --target NAME"));
    };
    if let Some(into) = &args.into {
        let entry = TargetEntry {
            text: into.clone(),
            selector: Selector::Name(into.clone()),
        };
        return one(context.runtime.find(&entry).await);
    }
    for entry in &context.bucket.config.targets {
        let named = match &entry.selector {
            Selector::Name(_) => entry.text == source,
            Selector::Label { .. } => true,
        };
        if !named {
            continue;
        }
        let found = context.runtime.find(entry).await;
        if matches!(entry.selector, Selector::Name(_)) {
            return one(found);
        }
        if let Some(container) = found
            .into_iter()
            .flatten()
            .find(|container| container.target == source)
        {
            return Ok(container);
        }
    }
    Err(Error::refused(
        Stage::Restore,
        format!("these backups are of the target {source:?}, which is not one of TARGET's"),
    )
    .hint("say where to: --into CONTAINER"))
}

fn one(found: Vec<Result<Container, crate::runtime::RuntimeError>>) -> Result<Container> {
    found
        .into_iter()
        .next()
        .unwrap_or_else(|| {
            Err(crate::runtime::RuntimeError::new(
                crate::runtime::RuntimeErrorKind::NotFound,
                "no container was found",
            ))
        })
        .map_err(|error| error.at(Stage::Target))
}

/// Refuses where the destination is of an older release series than the server that was backed up, or of `another`
/// make: what it can't load would be found out only after everything was emptied. Not where nothing can be lost.
fn not_older(
    args: &RestoreArgs,
    chosen: &Chosen,
    version: &str,
    another: bool,
    replaces: Replaces,
) -> Result<()> {
    let source = chosen.manifest.server_version.as_deref().unwrap_or_default();
    if source.is_empty() || !(another || series::older(version, source)) {
        return Ok(());
    }
    let nothing_to_lose = match replaces {
        Replaces::Nothing => args.name.is_some(),
        Replaces::HalfOfARestore => args.overwrite && args.discard,
        Replaces::Data => false,
    };
    let what = format!(
        "{} was made on version {source}, and the destination has {version}",
        chosen.backup.key.text()
    );
    if nothing_to_lose {
        tracing::warn!("{what}: it may not take everything");
        return Ok(());
    }
    Err(Error::refused(Stage::Restore, what).hint(
        "restore into a server of that version or a newer one; --as NAME tries it under a name that is not taken",
    ))
}

/// What a restore finds under the name it restores to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replaces {
    /// No such database, or an empty one.
    Nothing,
    /// What a restore has left that did not come to its end.
    HalfOfARestore,
    /// Something of somebody.
    Data,
}

/// The destination's engine, which must be that of every backup.
async fn engine_of<R: Runtime>(target: &Target<'_, R>, chosen: &[Chosen]) -> Result<EngineName> {
    let engine = target.engine().await?;
    for one in chosen {
        if one.manifest.engine != engine.name() {
            return Err(Error::refused(
                Stage::Restore,
                format!(
                    "{} is a backup of {}, and the destination is {}",
                    one.backup.key.text(),
                    one.manifest.engine,
                    engine.name()
                ),
            )
            .hint("is --into, or ENGINE, right?"));
        }
        if !one.manifest.options.is_empty() {
            tracing::warn!(
                key = one.backup.key.text(),
                "this dump was made with DUMP_OPTIONS {}: it may hold less than the whole database",
                shell_words::join(&one.manifest.options)
            );
        }
    }
    Ok(engine)
}
