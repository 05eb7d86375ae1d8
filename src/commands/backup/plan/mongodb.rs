//! What MongoDB dumps: the whole server as one, where its oplog makes that consistent; else users and roles, and each
//! database by itself.

use super::Plan;
use crate::catalog::{Database, manifest::Origin};
use crate::commands::backup::dump::{Facts, Job};
use crate::commands::target::Target;
use crate::config::EngineName;
use crate::config::options::Tool;
use crate::engine::mongodb::{self, Mongodb, Server, archive};
use crate::engine::{EndMark, Lock, Words};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;

/// The whole server, or what there is of it.
pub(super) async fn plan<R: Runtime>(target: &Target<'_, R>, origin: Origin) -> Result<Plan> {
    let dump = &target.dump;
    let (mongodb, server) = target.mongodb().await?;
    let options = target.dump_options(Tool::Mongodump)?;
    let facts = facts(target, &server, origin).await;
    let lock = lock(target, &mongodb, &server);
    let name = &target.container.target;
    if server.locked {
        tracing::warn!(
            target = name,
            "writes to this server are locked, not by this backup: db.fsyncUnlock() unlocks them"
        );
    }
    let mut jobs = Vec::new();
    if as_one(target, &server)? {
        if mongodb::choose(&server, None, &[]).is_ok_and(|chosen| chosen.is_empty()) {
            super::no_database(name);
        }
        let restoring = server.of_users().find(|database| database.restoring);
        jobs.push(match restoring {
            Some(database) => Err((Database::All, half_restored(&database.name))),
            None => Ok(all(&mongodb, &server, true, options)),
        });
        return Ok(Plan { facts, jobs });
    }
    let chosen = mongodb::choose(&server, dump.databases.as_deref(), &dump.exclude).map_err(|error| {
        Error::new(Stage::Target, Exit::Usage, error).hint("DATABASES and EXCLUDE_DATABASES say which")
    })?;
    if chosen.is_empty() {
        super::no_database(name);
    }
    // First, so that a restore finds a run's users at least as old as its databases.
    if dump.globals && server.reads_users {
        jobs.push(Ok(job(Database::Globals, mongodb.globals())));
    } else if dump.globals {
        tracing::warn!(
            target = name,
            user = server.user,
            "this account may not read users and roles: they are not backed up"
        );
    }
    for name in chosen {
        let there = server.database(&name);
        jobs.push(if there.is_some_and(|database| database.restoring) {
            let error = half_restored(&name);
            Err((Database::Named(name), error))
        } else {
            let mut job = database(&mongodb, &server, &name, options);
            job.lock.clone_from(&lock);
            Ok(job)
        });
    }
    Ok(Plan { facts, jobs })
}

/// What all dumps of this server share.
pub(in crate::commands) async fn facts<R: Runtime>(
    target: &Target<'_, R>,
    server: &Server,
    origin: Origin,
) -> Facts {
    Facts {
        engine: EngineName::Mongodb.name(),
        server_version: Some(server.version.clone()),
        tool_version: target.version_of("mongodump").await,
        origin: Origin {
            system_identifier: server.system_identifier.clone(),
            ..origin
        },
    }
}

/// A dump of everything.
pub(in crate::commands) fn all(mongodb: &Mongodb, server: &Server, oplog: bool, options: &[String]) -> Job {
    let estimate = server.databases.iter().map(|database| database.bytes).sum();
    Job {
        options: options.to_vec(),
        estimate: Some(estimate),
        ..job(Database::All, mongodb.dump_all(oplog, options))
    }
}

/// A dump of one database.
pub(in crate::commands) fn database(
    mongodb: &Mongodb,
    server: &Server,
    name: &str,
    options: &[String],
) -> Job {
    Job {
        options: options.to_vec(),
        estimate: server.database(name).map(|database| database.bytes),
        ..job(Database::Named(name.to_owned()), mongodb.dump(name, options))
    }
}

fn job(database: Database, words: Words) -> Job {
    Job {
        database,
        command: Some(words.shown()),
        words,
        end_mark: EndMark::MongodbArchive,
        lock: None,
        extension: mongodb::EXTENSION.to_owned(),
        command_sha256: None,
        options: Vec::new(),
        estimate: None,
        properties: None,
    }
}

/// Whether everything is dumped as one.
fn as_one<R: Runtime>(target: &Target<'_, R>, server: &Server) -> Result<bool> {
    let dump = &target.dump;
    let everything = dump.databases.is_none() && dump.exclude.is_empty();
    let why_not = match dump.mongo_oplog {
        Some(false) => return Ok(false),
        None => return Ok(everything && server.has_oplog()),
        Some(true) if !server.has_oplog() => format!("this server is a {}, and has none", server.kind()),
        Some(true) if !everything => "it goes only with all databases, and some are chosen".to_owned(),
        Some(true) => return Ok(true),
    };
    Err(Error::new(
        Stage::Target,
        Exit::Usage,
        format!("MONGO_OPLOG is true, and {why_not}"),
    )
    .hint("MONGO_OPLOG=auto takes it where it can be had"))
}

/// The lock that every dump of a database by itself is made under, when it is asked for.
fn lock<R: Runtime>(target: &Target<'_, R>, mongodb: &Mongodb, server: &Server) -> Option<Lock> {
    if !target.dump.mongo_fsync_lock {
        return None;
    }
    if server.set.is_some() || server.router {
        tracing::warn!(
            target = target.container.target,
            "MONGO_FSYNC_LOCK has no effect on a {}: the oplog makes a dump consistent without stopping anybody",
            server.kind()
        );
        return None;
    }
    Some(Lock {
        hold: mongodb.lock(),
        held: mongodb::LOCKED,
        release: mongodb::RELEASE,
        undo: mongodb.unlock(),
    })
}

fn half_restored(name: &str) -> Error {
    let error = archive::ArchiveError::Restoring(name.to_owned());
    Error::new(Stage::Dump, Exit::Tool, error).hint(
        "restore it again, with --overwrite --discard; if its data is right as it is, drop the collection \
         lifeboat_restoring",
    )
}
