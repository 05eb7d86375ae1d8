//! Restoring PostgreSQL: into a scratch database, and then one transaction of two renames. Whatever happens
//! before that, the live database is not touched.

use super::{Chosen, load, roles};
use crate::catalog::Database;
use crate::catalog::table::size;
use crate::cli::RestoreArgs;
use crate::clock;
use crate::commands::target::{self, Target, not_understood};
use crate::commands::{Context, random_hex};
use crate::config::PostgresFormat;
use crate::config::options::Tool;
use crate::engine::postgres::{self, Contents, Postgres, Properties, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::shown::printable;
use crate::store::Store;
use std::time::Duration;

/// How often the renaming is tried: each try sends the other sessions away for 5 s.
const SWAP_TRIES: usize = 5;

/// How long the renaming is left to itself before the other sessions are sent away.
const SWAP_ALONE: Duration = Duration::from_millis(700);

/// One database to put back, all questions answered.
struct Job<'a> {
    chosen: &'a Chosen,
    /// The name it gets.
    name: String,
    format: PostgresFormat,
    properties: Properties,
    /// Whether nothing of somebody's was there when it was first looked at; asked only where `--discard` would drop it.
    was_empty: bool,
}

/// Restores them: roles first, then each database by itself. One that fails stops the rest.
pub async fn restore<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    target: &Target<'_, R>,
    chosen: &[Chosen],
) -> Result<()> {
    let (postgres, server) = target.postgres().await?;
    if server.in_recovery {
        return Err(Error::refused(Stage::Restore, "the destination is a standby")
            .hint("restore into its primary: --into CONTAINER"));
    }
    let mut jobs = Vec::new();
    for one in chosen {
        if let Some(mut job) = job(args, one)? {
            refuse(target, args, &postgres, &server, &job).await?;
            job.was_empty = args.discard && is_empty(target, &postgres, &server, &job.name).await?;
            jobs.push(job);
        }
    }
    room(target, &server, &jobs).await?;
    let wanted: Vec<&Properties> = jobs.iter().map(|job| &job.properties).collect();
    let roles = roles::plan(context, args, chosen, &wanted, &postgres, &server).await?;

    drop_stale(target, &postgres, &server).await;
    roles::create(target, roles).await?;
    for job in &jobs {
        if context.cancel.is_cancelled() {
            return Err(context.cancel.interrupted(Stage::Restore));
        }
        one(context, args, target, &postgres, &server, job).await?;
    }
    Ok(())
}

fn job<'a>(args: &RestoreArgs, chosen: &'a Chosen) -> Result<Option<Job<'a>>> {
    let name = match (chosen.backup.key.database(), &args.name) {
        (Database::Globals, _) => return Ok(None),
        (_, Some(name)) | (Database::Named(name) | Database::Replaced(name), None) => name.clone(),
        (Database::All, None) => {
            return Err(Error::refused(
                Stage::Restore,
                "this is no backup of a PostgreSQL database",
            ));
        }
    };
    let format = match chosen.backup.key.extension() {
        "pgdump" => PostgresFormat::Custom,
        "sql" => PostgresFormat::Plain,
        other => {
            return Err(Error::refused(
                Stage::Restore,
                format!("a dump with the extension {other:?} is not one of PostgreSQL's"),
            ));
        }
    };
    let properties = match chosen.manifest.properties.clone() {
        None => Properties::default(),
        Some(value) => serde_json::from_value(value).map_err(|error| {
            Error::new(Stage::Manifest, Exit::Verification, error).hint("its manifest was altered")
        })?,
    };
    Ok(Some(Job {
        chosen,
        name,
        format,
        properties,
        was_empty: false,
    }))
}

/// What speaks against putting this database back, before anything is done.
async fn refuse<R: Runtime>(
    target: &Target<'_, R>,
    args: &RestoreArgs,
    postgres: &Postgres,
    server: &Server,
    job: &Job<'_>,
) -> Result<()> {
    let name = &job.name;
    let refuse = |why: String, hint: &str| Err(Error::refused(Stage::Restore, why).hint(hint));
    target.restore_options(tool(job.format))?;
    let missing = job.properties.missing_tablespaces(&server.tablespaces);
    if job.format == PostgresFormat::Plain && !missing.is_empty() {
        return refuse(
            format!(
                "the destination has no tablespace {}, and a dump in plain format cannot do without",
                missing.join(", ")
            ),
            "create it first: CREATE TABLESPACE … LOCATION …",
        );
    }
    let Some(live) = server.database(name) else {
        return Ok(());
    };
    if live.prepared_transactions > 0 {
        return refuse(
            format!("database {name:?} has prepared transactions, and cannot be renamed"),
            "COMMIT PREPARED or ROLLBACK PREPARED them: pg_prepared_xacts lists them",
        );
    }
    if live.template && !args.overwrite {
        return refuse(
            format!("database {name:?} is a template"),
            "--overwrite replaces it",
        );
    }
    if postgres.away_from(name, server).is_none() {
        return refuse(
            format!("{name:?} is the only database that takes connections, and cannot be renamed"),
            "create another one first: createdb postgres",
        );
    }
    refuse_what_is_there(target, args, postgres, server, name).await
}

/// A database that is not empty is replaced only where that was said. Asked again before the renaming: it may have been
/// filled, or made, while the dump was loaded.
async fn refuse_what_is_there<R: Runtime>(
    target: &Target<'_, R>,
    args: &RestoreArgs,
    postgres: &Postgres,
    server: &Server,
    name: &str,
) -> Result<()> {
    let Some(live) = server.database(name).filter(|_| !args.overwrite) else {
        return Ok(());
    };
    let refuse = |why: String, hint: &str| Err(Error::refused(Stage::Restore, why).hint(hint));
    if !live.connectable || live.invalid {
        return refuse(
            format!("database {name:?} takes no connections, so nobody can say whether it is empty"),
            "--overwrite replaces it",
        );
    }
    let contents = contents(target, postgres, name).await?;
    if !contents.is_empty() {
        return refuse(
            format!(
                "database {name:?} is not empty: it has {}",
                contents.objects.join(", ")
            ),
            "--overwrite replaces it, --as NAME restores beside it",
        );
    }
    Ok(())
}

async fn contents<R: Runtime>(target: &Target<'_, R>, postgres: &Postgres, name: &str) -> Result<Contents> {
    let stdout = target.answer(&postgres.contents(name)).await?;
    Postgres::read_contents(&stdout).map_err(not_understood)
}

/// Whether there is no such database, or nothing in it. One that takes no connections is as if it were full.
async fn is_empty<R: Runtime>(
    target: &Target<'_, R>,
    postgres: &Postgres,
    server: &Server,
    name: &str,
) -> Result<bool> {
    match server.database(name) {
        None => Ok(true),
        Some(live) if !live.connectable || live.invalid => Ok(false),
        Some(_) => Ok(contents(target, postgres, name).await?.is_empty()),
    }
}

/// What loads a dump of that format.
fn tool(format: PostgresFormat) -> Tool {
    match format {
        PostgresFormat::Custom => Tool::PgRestore,
        PostgresFormat::Plain => Tool::Psql,
    }
}

/// Scratch and live stand side by side for a while.
async fn room<R: Runtime>(target: &Target<'_, R>, server: &Server, jobs: &[Job<'_>]) -> Result<()> {
    let Some(directory) = &server.data_directory else {
        return Ok(());
    };
    let answer = target.ask(&Postgres::room(directory)).await?;
    let Some(available) = postgres::available_bytes(&answer.stdout).filter(|_| answer.code == 0) else {
        return Ok(());
    };
    let needed: u64 = jobs.iter().filter_map(|job| job.properties.bytes).sum();
    if needed > available {
        return Err(Error::refused(
            Stage::Restore,
            format!(
                "the databases took {} when they were backed up, and {directory} in the target has {} left",
                size(needed),
                size(available)
            ),
        )
        .hint("make room; the live databases stay until the new ones are in"));
    }
    Ok(())
}

/// What interrupted restores left. Another restore may be running: its scratch database is in use, and stays.
async fn drop_stale<R: Runtime>(target: &Target<'_, R>, postgres: &Postgres, server: &Server) {
    for name in postgres::stale(server) {
        match target.answer(&postgres.drop_idle(name)).await {
            Ok(_) => tracing::info!("dropped {name}, which an interrupted restore had left"),
            Err(error) => tracing::warn!("{name}, which another restore made, stays: {}", error.chain()),
        }
    }
}

async fn one<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    target: &Target<'_, R>,
    postgres: &Postgres,
    server: &Server,
    job: &Job<'_>,
) -> Result<()> {
    let scratch = postgres::scratch_name(&random_hex::<4>()?);
    if let Err(error) = fill(context, target, postgres, server, job, &scratch).await {
        if let Err(left) = target.answer(&postgres.drop_database(&scratch)).await {
            tracing::warn!("the scratch database {scratch} stays: {}", left.chain());
        }
        return Err(error.hint("the live database was not touched"));
    }
    let replaced = match commit(target, args, postgres, server, job, &scratch).await {
        Ok(replaced) => replaced,
        Err(error) if error.exit == Exit::Refused => {
            if let Err(left) = target.answer(&postgres.drop_database(&scratch)).await {
                tracing::warn!("the scratch database {scratch} stays: {}", left.chain());
            }
            return Err(error);
        }
        Err(error) => {
            return Err(error.hint(format!(
                "the live database was not touched; the restored one is complete and stays as {scratch}"
            )));
        }
    };
    say(job);
    let name = &job.name;
    tracing::info!(database = name, key = job.chosen.backup.key.text(), "restored");
    let Some(replaced) = replaced else {
        return Ok(());
    };
    let came = came(target, args, postgres, job, &replaced).await;
    if args.discard && !came {
        target.answer(&postgres.drop_database(&replaced)).await?;
        tracing::info!("the database that was replaced was dropped, as --discard says");
        return Ok(());
    }
    if came {
        tracing::warn!(
            database = name,
            "it was empty when the restore began, and something has come in since: that stays as {}",
            printable(&replaced)
        );
    }
    crate::commands::print(&format!(
        "what was replaced stays as {}; to drop it: {}\n",
        printable(&replaced),
        Postgres::drop_statement(&replaced)
    ));
    Ok(())
}

/// Whether what was replaced was taken for empty and is not: clients may have been quicker than the renaming.
async fn came<R: Runtime>(
    target: &Target<'_, R>,
    args: &RestoreArgs,
    postgres: &Postgres,
    job: &Job<'_>,
    replaced: &str,
) -> bool {
    if args.overwrite && !job.was_empty {
        return false;
    }
    match contents(target, postgres, replaced).await {
        Ok(contents) => !contents.is_empty(),
        // Rather one too many is kept.
        Err(error) => {
            tracing::warn!("nobody could look into what was replaced: {}", error.chain());
            true
        }
    }
}

/// Makes the scratch database whole: the dump, proven, and everything around it.
async fn fill<R: Runtime, S: Store>(
    context: &Context<R, S>,
    target: &Target<'_, R>,
    postgres: &Postgres,
    server: &Server,
    job: &Job<'_>,
    scratch: &str,
) -> Result<()> {
    let properties = &job.properties;
    target
        .answer(&postgres.create_scratch(scratch, properties, &server.tablespaces))
        .await?;
    let prepare = postgres.prepare(scratch, properties);
    warn_of(&target.tell(&prepare.words, &prepare.input).await?.stderr);
    let missing = properties.missing_tablespaces(&server.tablespaces);
    if !missing.is_empty() {
        tracing::warn!(
            "the destination has no tablespace {}: what was there goes into the default one",
            missing.join(", ")
        );
    }
    let options = target.restore_options(tool(job.format))?;
    let words = postgres.load(scratch, job.format, !missing.is_empty(), options);
    let chosen = job.chosen;
    load::load(
        context,
        target.container,
        &words,
        &chosen.backup.key,
        &chosen.manifest,
    )
    .await?;
    let finish = postgres.finish(scratch, properties);
    warn_of(&target.tell(&finish.words, &finish.input).await?.stderr);
    // Opens the database once with all its settings, before it goes live.
    let tidy = postgres.tidy(scratch);
    warn_of(&target.tell(&tidy.words, &tidy.input).await?.stderr);
    Ok(())
}

fn warn_of(stderr: &str) {
    for line in stderr.lines() {
        tracing::warn!("{line}");
    }
}

/// The renaming, which is the only commit. Returns the name of what was replaced.
async fn commit<R: Runtime>(
    target: &Target<'_, R>,
    args: &RestoreArgs,
    postgres: &Postgres,
    server: &Server,
    job: &Job<'_>,
    scratch: &str,
) -> Result<Option<String>> {
    let name = &job.name;
    let away = postgres
        .away_from(name, server)
        .unwrap_or_else(|| postgres.clone());
    let stdout = target.answer(&away.server()).await?;
    let now = Postgres::read_server(&stdout).map_err(not_understood)?;
    let oid = |name: &str| now.database(name).map(|database| database.oid);
    let oids: Vec<u32> = oid(name).into_iter().chain(oid(scratch)).collect();
    let (words, replaced) = if oid(name).is_none() {
        (away.take_name(scratch, name), None)
    } else {
        let stamp = clock::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let replaced = postgres::replaced_name(&stamp, name, &now);
        (away.swap(name, scratch, &replaced), Some(replaced))
    };
    refuse_what_is_there(target, args, postgres, &now, name).await?;
    let send_away = away.send_away(scratch, &oids);
    let mut last = None;
    for _ in 0..SWAP_TRIES {
        let mut swap = std::pin::pin!(target.ask(&words));
        // Where nobody is in the way, nobody needs to be sent away.
        let answer = match tokio::time::timeout(SWAP_ALONE, &mut swap).await {
            Ok(answer) => answer?,
            Err(_) => tokio::join!(swap, target.ask(&send_away)).0?,
        };
        match target::succeeded(&words, &answer, Stage::Restore) {
            Ok(()) => return Ok(replaced),
            Err(error) if postgres::busy(&answer.stderr) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Stage::Restore, Exit::Tool, "the renaming was never tried")))
}

/// What does not come back.
fn say(job: &Job<'_>) {
    for lost in job.properties.lost() {
        tracing::warn!(database = job.name, "does not come back: {lost}");
    }
}
