//! Restoring MongoDB, where nothing can be renamed into place: every object is proven whole before anything is
//! touched, what is replaced is backed up, and while it loads a marker keeps the half of it from being backed up.

use super::{Chosen, live, load, roles};
use crate::catalog::Database;
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::backup::dump::Facts;
use crate::commands::backup::plan::mongodb as plan;
use crate::commands::target::{Target, not_understood};
use crate::config::options::Tool;
use crate::engine::mongodb::archive::{Checker, Contents};
use crate::engine::mongodb::{self, As, Mongodb, Server, failed_documents};
use crate::engine::{EndError, Words, remarks};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::store::Store;

/// What is put back from one backup.
enum What {
    /// A database, from its name in the archive to the one it gets.
    One { was: String, name: String },
    /// Everything the archive holds.
    All,
}

/// Where it goes.
struct Destination<'a, R> {
    target: &'a Target<'a, R>,
    mongodb: Mongodb,
    server: Server,
    /// What a backup of what is replaced says of the server.
    facts: Facts,
    /// `RESTORE_OPTIONS`.
    options: &'a [String],
}

struct Job<'a> {
    chosen: &'a Chosen,
    what: What,
    contents: Contents,
}

/// Restores them: users and roles first, then each database. One that fails stops the rest.
pub async fn restore<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    target: &Target<'_, R>,
    chosen: &[Chosen],
) -> Result<()> {
    let (mongodb, server) = target.mongodb().await?;
    let options = target.restore_options(Tool::Mongorestore)?;
    if !server.writable {
        let what = format!("the destination is a {}", server.kind());
        return Err(Error::refused(Stage::Restore, what).hint("restore into its primary: --into CONTAINER"));
    }
    if server.locked {
        return Err(
            Error::refused(Stage::Restore, "writes to the destination are locked")
                .hint("db.fsyncUnlock() unlocks them"),
        );
    }
    let mut jobs = Vec::new();
    for one in chosen {
        if let Some(what) = what(args, one)? {
            refuse(args, &server, &what)?;
            jobs.push(Job {
                chosen: one,
                what,
                contents: Contents::default(),
            });
        }
    }
    for job in &mut jobs {
        job.contents = prove(context, job.chosen).await?;
        fits(job)?;
    }
    let users = users(context, args, target, chosen, &jobs).await?;
    if let Some(users) = &users {
        prove(context, users).await?;
    }
    // Nothing was touched up to here.
    let origin = crate::commands::backup::plan::origin(&context.runtime, target.container).await?;
    let destination = Destination {
        target,
        facts: plan::facts(target, &server, origin).await,
        mongodb,
        server,
        options,
    };
    if let Some(users) = &users {
        load_users(context, target, &destination.mongodb, users).await?;
    }
    for job in &jobs {
        if context.cancel.is_cancelled() {
            return Err(context.cancel.interrupted(Stage::Restore));
        }
        one(context, args, &destination, job).await?;
    }
    Ok(())
}

fn what(args: &RestoreArgs, chosen: &Chosen) -> Result<Option<What>> {
    let key = &chosen.backup.key;
    if key.extension() != mongodb::EXTENSION {
        let what = format!(
            "a dump with the extension {:?} is not one of MongoDB's",
            key.extension()
        );
        return Err(Error::refused(Stage::Restore, what));
    }
    let database = match key.database() {
        // What was replaced is told by its name as it is shown.
        Database::Replaced(shown) => Database::from_shown(shown),
        other => other.clone(),
    };
    match (database, &args.name) {
        (Database::Globals, _) => Ok(None),
        (Database::All, None) => Ok(Some(What::All)),
        (Database::All, Some(_)) => Err(Error::new(
            Stage::Restore,
            Exit::Usage,
            "--as gives one database a name, and this is a backup of a whole server",
        )
        .hint(
            "lifeboat get gives out the archive: mongorestore --archive --nsFrom --nsTo takes one out of it",
        )),
        (Database::Named(was) | Database::Replaced(was), name) => {
            let name = name.clone().unwrap_or_else(|| was.clone());
            if mongodb::is_own(&name) {
                let what = format!("{name:?} is the server's own database");
                return Err(Error::refused(Stage::Restore, what).hint("--as gives it another name"));
            }
            Ok(Some(What::One { was, name }))
        }
    }
}

/// The databases that something would be lost of.
fn full<'a>(server: &'a Server, what: &'a What) -> impl Iterator<Item = &'a mongodb::Database> {
    server
        .of_users()
        .filter(move |database| match what {
            What::All => true,
            What::One { name, .. } => database.name == *name,
        })
        .filter(|database| !database.collections.is_empty())
}

fn refuse(args: &RestoreArgs, server: &Server, what: &What) -> Result<()> {
    let Some(database) = full(server, what).next().filter(|_| !args.overwrite) else {
        return Ok(());
    };
    let why = format!(
        "database {:?} is not empty: it has {}",
        database.name,
        database.collections.join(", ")
    );
    Err(Error::refused(Stage::Restore, why).hint(match what {
        What::All => "--overwrite replaces all databases of the destination",
        What::One { .. } => "--overwrite replaces it, --as NAME restores beside it",
    }))
}

/// Reads it all, against its manifest and as an archive.
async fn prove<R: Runtime, S: Store>(context: &Context<R, S>, chosen: &Chosen) -> Result<Contents> {
    let mut checker = Checker::default();
    let mut wrong = None;
    live::read(context, chosen, |piece| {
        if wrong.is_none() {
            wrong = checker.push(piece).err();
        }
    })
    .await?;
    let checked = wrong.map_or_else(|| checker.finish(), Err);
    checked.map_err(|error| {
        let what = format!("{} {}", chosen.backup.key.text(), EndError::Archive(error));
        Error::new(Stage::Restore, Exit::Verification, what)
    })
}

/// An archive of a database must hold that one, or what is loaded would be something else.
fn fits(job: &Job<'_>) -> Result<()> {
    let What::One { was, .. } = &job.what else {
        return Ok(());
    };
    let held = job.contents.databases();
    if held == [was.clone()] {
        return Ok(());
    }
    let what = format!(
        "{} holds {}, and not {was}",
        job.chosen.backup.key.text(),
        held.join(", ")
    );
    Err(Error::new(Stage::Restore, Exit::Verification, what))
}

async fn one<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    destination: &Destination<'_, R>,
    job: &Job<'_>,
) -> Result<()> {
    let Destination {
        target,
        mongodb,
        server,
        facts,
        options,
    } = destination;
    let replaced: Vec<_> = full(server, &job.what)
        .map(|database| database.name.clone())
        .collect();
    if !replaced.is_empty() && !args.discard {
        // Whatever DUMP_OPTIONS say: of what is replaced nothing may be missing.
        let kept = match &job.what {
            What::All => plan::all(mongodb, server, server.has_oplog(), &[]),
            What::One { name, .. } => plan::database(mongodb, server, name, &[]),
        };
        live::keep(context, target.container, facts, kept).await?;
    }
    let mut marked = match &job.what {
        What::All => job.contents.databases(),
        What::One { name, .. } => vec![name.clone()],
    };
    marked.extend(replaced.iter().cloned());
    marked.sort();
    marked.dedup();
    target.answer(&mongodb.mark(&marked)).await.map_err(restoring)?;
    let loaded = async {
        if !replaced.is_empty() {
            target
                .answer(&mongodb.clear(&replaced))
                .await
                .map_err(restoring)?;
        }
        let words = match &job.what {
            What::All => mongodb.load_all(job.contents.has_oplog(), options),
            What::One { was, name } => mongodb.load(As { was, name }, options),
        };
        load(context, target, &words, job.chosen).await?;
        target.answer(&mongodb.unmark(&marked)).await.map_err(restoring)
    };
    loaded.await.map_err(|error| {
        error.hint(format!(
            "{} may be half restored, and no backup of it succeeds before it is: restore again, with --overwrite \
             --discard",
            marked.join(", ")
        ))
    })?;
    say(job);
    tracing::info!(
        key = job.chosen.backup.key.text(),
        database = marked.join(", "),
        "restored"
    );
    Ok(())
}

/// A question that is part of a restore.
fn restoring(mut error: Error) -> Error {
    error.stage = Stage::Restore;
    error
}

/// Feeds the dump to `mongorestore`, and looks at what it says: some failures it only counts.
async fn load<R: Runtime, S: Store>(
    context: &Context<R, S>,
    target: &Target<'_, R>,
    words: &Words,
    chosen: &Chosen,
) -> Result<()> {
    let key = &chosen.backup.key;
    let said = load::feed(context, target.container, words, key, &chosen.manifest).await?;
    let failed = failed_documents(&said);
    let said = remarks("mongodb", &said);
    if failed > 0 {
        let what = format!("{failed} documents could not be restored; it said: {said}");
        return Err(Error::new(Stage::Restore, Exit::Tool, what));
    }
    if !said.is_empty() {
        tracing::warn!(key = key.text(), "the restore tool said: {said}");
    }
    Ok(())
}

/// What does not come back as it was.
fn say(job: &Job<'_>) {
    match &job.what {
        What::One { was, name } if was != name => {
            for view in &job.contents.views_that_name_a_database {
                tracing::warn!(
                    "the view {view} names the database {was} in its definition, and goes on reading it"
                );
            }
        }
        What::One { .. } => {}
        What::All => tracing::info!("users and roles of the backup have replaced those of the same name"),
    }
}

/// The backup of users and roles that goes with what was chosen. A whole server's has them itself; into another
/// container they come only when they are asked for.
async fn users<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    target: &Target<'_, R>,
    chosen: &[Chosen],
    jobs: &[Job<'_>],
) -> Result<Option<Chosen>> {
    let asked = jobs.is_empty();
    let of_all = jobs.iter().any(|job| matches!(job.what, What::All));
    if of_all || !target.dump.globals || (args.into.is_some() && !asked) {
        return Ok(None);
    }
    roles::find(&context.bucket, chosen).await
}

/// Creates the users and roles that are missing.
async fn load_users<R: Runtime, S: Store>(
    context: &Context<R, S>,
    target: &Target<'_, R>,
    mongodb: &Mongodb,
    users: &Chosen,
) -> Result<()> {
    let merged = async {
        load(context, target, &mongodb.load_users(), users).await?;
        target.answer(&mongodb.merge_users()).await.map_err(restoring)
    };
    let stdout = match merged.await {
        Ok(stdout) => stdout,
        Err(error) => {
            // Hashes of passwords do not stay where they are not looked after.
            if let Err(left) = target.answer(&mongodb.drop_users()).await {
                tracing::warn!(
                    "users and roles that were not restored stay in admin: {}",
                    left.chain()
                );
            }
            return Err(error.hint("GLOBALS=false restores databases without users and roles"));
        }
    };
    let merged = Mongodb::read_merged_users(&stdout).map_err(not_understood)?;
    for (what, names) in [("users", merged.users), ("roles", merged.roles)] {
        if !names.is_empty() {
            tracing::info!("{what} created, as they were backed up: {}", names.join(", "));
        }
    }
    Ok(())
}
