//! Restoring MongoDB, where nothing can be renamed into place: every object is proven whole before anything is
//! touched, what is replaced is backed up, and while it loads a marker keeps the half of it from being backed up.

use super::{Chosen, Replaces, live, load, not_older, roles};
use crate::catalog::{Database, Key};
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::backup::dump::Facts;
use crate::commands::backup::plan::mongodb as plan;
use crate::commands::target::{Target, not_understood, succeeded};
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
            not_older(args, one, &server.version, false, replaces(&server, &what))?;
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

fn replaces(server: &Server, what: &What) -> Replaces {
    let half = |database: &mongodb::Database| match what {
        What::All => database.restoring,
        What::One { name, .. } => database.restoring && database.name == *name,
    };
    if server.of_users().any(half) {
        Replaces::HalfOfARestore
    } else if full(server, what).next().is_some() {
        Replaces::Data
    } else {
        Replaces::Nothing
    }
}

/// What came in since it was first looked at may only be replaced where it is kept.
fn refuse_what_came(args: &RestoreArgs, first: &Server, now: &Server, what: &What) -> Result<()> {
    refuse(args, now, what)?;
    let before: Vec<_> = full(first, what).map(|database| &database.name).collect();
    let mut later = full(now, what).filter(|database| !before.contains(&&database.name));
    match later.next().filter(|_| args.discard) {
        Some(database) => Err(came(&database.name, &database.collections)),
        None => Ok(()),
    }
}

fn came(name: &str, collections: &[String]) -> Error {
    let what = format!(
        "database {name:?} was empty when the restore began, and now has {}",
        collections.join(", ")
    );
    Error::refused(Stage::Restore, what)
        .hint("look at what that is, and restore again; --overwrite without --discard keeps it")
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
        facts,
        options,
        ..
    } = destination;
    // Since it was first looked at, all objects were read.
    let stdout = target.answer(&mongodb.server()).await.map_err(restoring)?;
    let server = &Mongodb::read_server(&stdout).map_err(not_understood)?;
    refuse_what_came(args, &destination.server, server, &job.what)?;
    let replaced: Vec<_> = full(server, &job.what)
        .map(|database| database.name.clone())
        .collect();
    let mut marked = match &job.what {
        What::All => job.contents.databases(),
        What::One { name, .. } => vec![name.clone()],
    };
    marked.extend(replaced.iter().cloned());
    marked.sort();
    marked.dedup();
    let (mut print, mut kept) = (None, None);
    if !replaced.is_empty() && !args.discard {
        // First the print, so that what comes in behind it is in the backup or is noticed.
        let stdout = target
            .answer(&mongodb.print(&marked))
            .await
            .map_err(live::not_kept)?;
        print = Some(Mongodb::read_print(&stdout).map_err(not_understood)?);
        // Whatever DUMP_OPTIONS say: of what is replaced nothing may be missing.
        let dump = match &job.what {
            What::All => plan::all(mongodb, server, server.has_oplog(), &[]),
            What::One { name, .. } => plan::database(mongodb, server, name, &[]),
        };
        kept = Some(live::keep(context, target.container, facts, dump).await?);
    }
    let left = |error: Error| error.left(state(args, job, &marked, kept.as_ref()));
    target
        .answer(&mongodb.mark(&marked))
        .await
        .map_err(restoring)
        .map_err(left)?;
    let empty: Vec<_> = marked
        .iter()
        .filter(|name| !replaced.contains(name))
        .cloned()
        .collect();
    let words = mongodb.clear(&marked, &empty, print.as_deref());
    let answer = target.ask(&words).await.map_err(restoring).map_err(left)?;
    if let Err(error) = succeeded(&words, &answer, Stage::Restore) {
        if String::from_utf8_lossy(&answer.stdout).contains(mongodb::DROPPING) {
            return Err(left(error));
        }
        return Err(unmark(
            destination,
            server,
            &marked,
            changed(&answer.stderr, &marked, error),
        )
        .await
        .map_or_else(left, |error| error.left("nothing was touched")));
    }
    let loaded = async {
        let words = match &job.what {
            What::All => mongodb.load_all(job.contents.has_oplog(), options),
            What::One { was, name } => mongodb.load(As { was, name }, options),
        };
        load(context, target, &words, job.chosen).await?;
        nothing_strange(destination, job, &marked).await?;
        target.answer(&mongodb.unmark(&marked)).await.map_err(restoring)
    };
    loaded.await.map_err(left)?;
    say(job);
    tracing::info!(
        key = job.chosen.backup.key.text(),
        database = marked.join(", "),
        "restored"
    );
    Ok(())
}

/// How databases are left that were touched, and what is to be done.
fn state(args: &RestoreArgs, job: &Job<'_>, marked: &[String], kept: Option<&Key>) -> String {
    format!(
        "{} may be half restored, and is not whole (the collection {} says so), and no backup of it succeeds before it is: {}",
        marked.join(", "),
        mongodb::archive::MARKER,
        live::way_back(args, &job.chosen.backup.key, kept)
    )
}

/// Why nothing was dropped.
fn changed(stderr: &str, marked: &[String], error: Error) -> Error {
    if !stderr.contains(mongodb::CHANGED) {
        return error;
    }
    let what = format!("{} has changed since the last look at it", marked.join(", "));
    Error::refused(Stage::Restore, what).hint("stop the clients that write into it, and restore again")
}

/// Takes the marker away from what nothing was touched in; gives the error back, `Err` where it stays.
async fn unmark<R: Runtime>(
    destination: &Destination<'_, R>,
    before: &Server,
    marked: &[String],
    error: Error,
) -> Result<Error> {
    let was = |name: &&String| before.database(name).is_some_and(|database| database.restoring);
    let ours: Vec<_> = marked.iter().filter(|name| !was(name)).cloned().collect();
    let words = destination.mongodb.unmark(&ours);
    match destination.target.answer(&words).await {
        Ok(_) => Ok(error),
        Err(left) => {
            tracing::warn!("the marker was not taken away: {}", left.chain());
            Err(error)
        }
    }
}

/// Nothing keeps clients from writing into what is loading: what they have put there is found.
async fn nothing_strange<R: Runtime>(
    destination: &Destination<'_, R>,
    job: &Job<'_>,
    marked: &[String],
) -> Result<()> {
    let words = destination.mongodb.loaded(marked, destination.server.router);
    let stdout = destination.target.answer(&words).await.map_err(restoring)?;
    let loaded = Mongodb::read_loaded(&stdout).map_err(not_understood)?;
    let strange = strange(&job.what, &job.contents, &loaded);
    if strange.is_empty() {
        return Ok(());
    }
    let what = format!(
        "somebody has written while it was loaded, and the backup does not hold {}",
        strange.join(", ")
    );
    Err(Error::new(Stage::Restore, Exit::Tool, what)
        .hint("stop the clients that write into it, and take away what shall be kept of that"))
}

/// What is there and not in the archive.
fn strange(what: &What, contents: &Contents, loaded: &mongodb::Loaded) -> Vec<String> {
    let mut strange = Vec::new();
    for (database, collections) in loaded {
        let was = match what {
            What::All => database,
            What::One { was, .. } => was,
        };
        for (collection, documents) in collections {
            match contents.documents.get(&format!("{was}.{collection}")) {
                None => strange.push(format!("the collection {database}.{collection}")),
                // The oplog adds to them; and where they are fewer, they may have been meant to go by themselves.
                Some(held) if !contents.has_oplog() && documents > held => strange.push(format!(
                    "{} of the documents in {database}.{collection}",
                    documents - held
                )),
                Some(_) => {}
            }
        }
    }
    strange
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_archive() {
        let documents = [("app.a", 2), ("app.b", 5)].map(|(name, count)| (name.to_owned(), count));
        let mut contents = Contents {
            documents: documents.into(),
            ..Contents::default()
        };
        let loaded = |collections: &[(&str, u64)]| -> mongodb::Loaded {
            let collections = collections
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count));
            [("copy".to_owned(), collections.collect())].into()
        };
        let what = What::One {
            was: "app".to_owned(),
            name: "copy".to_owned(),
        };
        assert!(strange(&what, &contents, &loaded(&[("a", 2), ("b", 4)])).is_empty());
        assert_eq!(
            strange(&what, &contents, &loaded(&[("a", 3), ("b", 5), ("c", 0)])),
            ["1 of the documents in copy.a", "the collection copy.c"]
        );
        contents.namespaces.push(mongodb::archive::Namespace {
            database: String::new(),
            collection: "oplog".to_owned(),
            view: false,
        });
        assert!(strange(&what, &contents, &loaded(&[("a", 3)])).is_empty());
    }
}
