//! `check`: everything a backup needs, looked at one by one; one line each, with the mend.

use super::backup::plan::{self, NO_DATABASE};
use super::bucket::{Bucket, Scope};
use super::ours::Ours;
use super::target::Target;
use super::{Cancel, compressing, memory_limit, print, workers};
use crate::catalog::Catalog;
use crate::catalog::table::size;
use crate::clock;
use crate::config::{Config, EngineName};
use crate::engine::{custom, mongodb, mysql, postgres};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::retention::collapse;
use crate::runtime::docker::DockerRuntime;
use crate::runtime::{Container, Runtime};
use crate::schedule::Schedule;
use crate::shown::one_line;
use crate::store::s3::S3Store;
use crate::store::{Kind, Store, StoreErrorKind};
use std::sync::Arc;

/// The parts in flight and the one being filled, where `S3_PART_SIZE` does not say.
const PART_BYTES: u64 = 8 * 1024 * 1024;

/// Of a target whose entrypoint has not come to its end.
const SET_UP: &str = "the server is still being set up by its start script: a backup waits for it, some minutes at most; \
                      mend: check again when docker logs shows that it is ready";

/// Runs the verb; the exit code is that of the first failure.
pub async fn run(config: &Arc<Config>, cancel: &Cancel) -> Exit {
    tokio::select! {
        biased;
        () = cancel.cancelled() => cancel.interrupted(Stage::Config).exit,
        exit = all(config) => exit,
    }
}

fn ok(what: &str, says: &str) {
    print(&format!("ok    {what:<10} {}\n", one_line(says)));
}

fn warn(what: &str, says: &str) {
    print(&format!("warn  {what:<10} {}\n", one_line(says)));
}

/// The first failure so far.
#[derive(Default)]
struct Report {
    first: Option<Exit>,
}

impl Report {
    /// Says how it went; gives the value on.
    fn look<T>(&mut self, what: &str, outcome: Result<T>, says: impl FnOnce(&T) -> String) -> Option<T> {
        match outcome {
            Ok(value) => {
                ok(what, &says(&value));
                Some(value)
            }
            Err(error) => {
                let hint = error
                    .hint
                    .as_deref()
                    .map(|hint| format!("; mend: {hint}"))
                    .unwrap_or_default();
                print(&format!("FAIL  {what:<10} {}{hint}\n", error.chain()));
                self.first.get_or_insert(error.exit);
                None
            }
        }
    }
}

async fn all(config: &Arc<Config>) -> Exit {
    let mut report = Report::default();
    ok(
        "config",
        "every variable is understood; lifeboat config shows them",
    );
    let runtime = DockerRuntime::connect(&config.docker).map_err(|error| error.at(Stage::Target));
    let version = match &runtime {
        Ok(runtime) => runtime.version().await.map_err(|error| error.at(Stage::Target)),
        Err(_) => Ok(String::new()),
    };
    let mut ours = Ours::default();
    match runtime {
        Err(error) => {
            report.look::<()>("runtime", Err(error), |()| String::new());
        }
        Ok(runtime) => {
            if report
                .look("runtime", version, |version| {
                    format!("Docker API, engine {version}")
                })
                .is_some()
            {
                targets(config, &runtime, &mut report).await;
                ours = Ours::ask(&runtime, config).await;
            }
        }
    }
    store(config, ours, &mut report).await;
    schedule(config);
    memory(config);
    report.first.unwrap_or(Exit::Done)
}

async fn targets(config: &Config, runtime: &DockerRuntime, report: &mut Report) {
    for entry in &config.targets {
        for found in runtime.find(entry).await {
            let found = found.map_err(|error| error.at(Stage::Target));
            let says = |container: &Container| {
                format!("{} is container {}, running", container.target, container.name)
            };
            if let Some(container) = report.look("target", found, says) {
                // What can't be asked here can't be asked below, which reports why.
                if is_being_set_up(config, runtime, &container)
                    .await
                    .unwrap_or(false)
                {
                    warn("dump tool", SET_UP);
                    continue;
                }
                let outcome = tool(config, runtime, &container).await;
                if let Some(tool) = report.look("dump tool", outcome, |tool| tool.says.clone())
                    && tool.databases == Some(0)
                {
                    let mend = "DATABASES and EXCLUDE_DATABASES leave none, or the server has none";
                    warn(
                        "databases",
                        &format!("{NO_DATABASE} of {}; mend: {mend}", container.target),
                    );
                }
            }
        }
    }
}

async fn is_being_set_up(config: &Config, runtime: &DockerRuntime, container: &Container) -> Result<bool> {
    let target = Target::new(runtime, container, config)?;
    target.is_being_set_up(target.engine().await?).await
}

/// What dumps a target.
struct Tool {
    says: String,
    /// How many databases would be backed up; a custom command does not tell.
    databases: Option<usize>,
}

async fn tool(config: &Config, runtime: &DockerRuntime, container: &Container) -> Result<Tool> {
    let target = Target::new(runtime, container, config)?;
    let (says, databases) = match target.engine().await? {
        EngineName::Custom => (custom(&target).await?, None),
        engine @ (EngineName::Mysql | EngineName::Mariadb) => {
            let (account, server) = target.mysql(engine).await?;
            let chosen = mysql::choose(&server, target.dump.databases.as_deref(), &target.dump.exclude)
                .map_err(|error| Error::new(Stage::Target, Exit::Usage, error))?;
            for name in &chosen {
                let lacks = server.grants.lacks(name, &target.dump.dump_options);
                if !lacks.is_empty() {
                    let what = format!("{} lacks {} on {name:?}", server.account, lacks.join(", "));
                    return Err(Error::new(Stage::Target, Exit::Tool, what).hint(
                        "use root (DB_USER, DB_PASSWORD), or grant it: what it may not see is left out",
                    ));
                }
            }
            let says = format!(
                "{}, server {}, {} databases, as {}{}",
                account.tools().dump_version,
                server.version,
                chosen.len(),
                server.account,
                if server.reads_accounts {
                    ""
                } else {
                    " (may not read mysql.user: no users and grants)"
                },
            );
            (says, Some(chosen.len()))
        }
        EngineName::Postgres => {
            let (account, server) = target.postgres().await?;
            let stale = postgres::stale(&server);
            let left = match stale[..] {
                [] => String::new(),
                _ => format!("; left by interrupted restores: {}", stale.join(", ")),
            };
            let tool = target.version_of("pg_dump").await.unwrap_or_default();
            let chosen = plan::postgres::choose(&target, &account, &server).await?;
            let says = format!(
                "{tool}, server {}, {} databases, as {}{}{left}",
                server.version,
                chosen.len(),
                account.user(),
                if server.superuser {
                    ""
                } else {
                    " (no superuser: what it may not read fails)"
                },
            );
            (says, Some(chosen.len()))
        }
        EngineName::Mongodb => mongodb(&target).await?,
    };
    Ok(Tool { says, databases })
}

async fn custom(target: &Target<'_, DockerRuntime>) -> Result<String> {
    let commands = [
        ("DUMP_COMMAND", &target.dump.dump_command),
        ("RESTORE_COMMAND", &target.dump.restore_command),
    ];
    let mut says = Vec::new();
    for (variable, command) in commands {
        let Some(command) = command else { continue };
        let shell = target.shell(variable, command).await?;
        says.push(if custom::has_pipe(command) {
            format!("{variable} has a pipe and is run by {shell}")
        } else {
            format!("{variable} is run by sh")
        });
    }
    says.push("what they print is not looked at".to_owned());
    Ok(says.join("; "))
}

async fn mongodb(target: &Target<'_, DockerRuntime>) -> Result<(String, Option<usize>)> {
    let (_, server) = target.mongodb().await?;
    let dump = &target.dump;
    let chosen = mongodb::choose(&server, dump.databases.as_deref(), &dump.exclude)
        .map_err(|error| Error::new(Stage::Target, Exit::Usage, error))?;
    let tool = target.version_of("mongodump").await.unwrap_or_default();
    let account = match &server.user {
        Some(user) => format!("as {user} ({})", server.roles.join(", ")),
        None => "which asks nobody who he is".to_owned(),
    };
    let mut says = format!(
        "{tool}, server {}, {}, {account}, {} databases",
        server.version,
        server.kind(),
        chosen.len(),
    );
    if !server.reads_users {
        says.push_str("; users and roles it may not read");
    }
    if target.version_of("mongorestore").await.is_none() {
        says.push_str("; no mongorestore: nothing could be restored there");
    }
    if server.locked {
        says.push_str("; writes are locked: db.fsyncUnlock() unlocks them");
    }
    for database in server.of_users().filter(|database| database.restoring) {
        says.push_str("; half restored: ");
        says.push_str(&database.name);
    }
    Ok((says, Some(chosen.len())))
}

async fn store(config: &Arc<Config>, ours: Ours, report: &mut Report) {
    let store = S3Store::connect(&config.s3)
        .await
        .map_err(|error| error.at(Stage::Config));
    let Some(store) = report.look("store", store, |_| {
        config.s3.endpoint.clone().unwrap_or_else(|| "AWS".to_owned())
    }) else {
        return;
    };
    let bucket = Bucket {
        store,
        config: Arc::clone(config),
        ours: Arc::new(ours),
    };
    let listed = bucket.catalog(&Scope::new(config, None)).await;
    let listed = report.look("bucket", listed, |catalog| {
        format!(
            "{} can be listed, {} whole backups",
            config.s3.bucket,
            catalog.complete().len()
        )
    });
    if let Some(catalog) = listed {
        backups(&bucket, &catalog).await;
    }
    match probe(&bucket).await {
        Ok(Some(stays)) => warn(
            "write",
            &format!(
                "an object was written and read; {stays} stays, for these keys may not delete, as PRUNE=false allows; \
                 mend: delete it by other keys"
            ),
        ),
        probed => {
            report.look("write", probed, |_| {
                "an object was written, read and deleted".to_owned()
            });
        }
    }
    match bucket.store.clock_ahead() {
        Some(ahead) if ahead.abs() > crate::catalog::CLOCK_TOLERANCE => warn(
            "clock",
            &format!(
                "the store's clock is {ahead:#} ahead of ours: nothing is pruned; mend: set the clock (NTP)"
            ),
        ),
        Some(ahead) => ok("clock", &format!("{} s from the store's", ahead.abs().as_secs())),
        None => warn("clock", "the store does not tell its time: nothing is pruned"),
    }
}

/// What is there and not as it should be: others' backups under our names, and newest ones that are a fraction.
async fn backups<S: Store>(bucket: &Bucket<S>, catalog: &Catalog) {
    // What can't be read is said where it is needed.
    let others = bucket
        .ours
        .others(bucket, catalog.complete())
        .await
        .unwrap_or_default();
    for (name, count) in others.counts() {
        let says = format!("{count} whole backups of another installation ({name}): set S3_PREFIX");
        warn("backups", &says);
    }
    let mine = catalog
        .complete()
        .iter()
        .filter(|backup| others.name(backup).is_none());
    for (newest, before) in collapse::of_each(mine) {
        let says = format!(
            "{} has {}, less than half of the {} of {}; mend: look whether data is missing",
            newest.key.text(),
            size(newest.bytes),
            size(before.bytes),
            before.key.text()
        );
        warn("backups", &says);
    }
}

/// Writes, reads and deletes a small object outside the key grammar of backups. With `PRUNE=false` keys that may not
/// delete are as they should be: then it stays, and its key is returned.
async fn probe<S: Store>(bucket: &Bucket<S>) -> Result<Option<String>> {
    let name = format!("lifeboat-check-{}", super::random_hex::<8>()?);
    let key = match bucket.prefix() {
        "" => name,
        prefix => format!("{prefix}/{name}"),
    };
    let failed = |error: crate::store::StoreError| error.at(Stage::Upload);
    let store = &bucket.store;
    store
        .put(&key, Kind::Manifest, "lifeboat check\n".into())
        .await
        .map_err(failed)?;
    let read = store.get(&key, 1024).await;
    let deleted = store.delete(&key).await;
    let read = read.map_err(failed)?;
    if read.as_ref() != b"lifeboat check\n" {
        return Err(Error::new(
            Stage::Download,
            Exit::Storage,
            "the store gave back other bytes than it was given",
        ));
    }
    match deleted {
        Err(error) if error.kind == StoreErrorKind::Denied && !bucket.config.prune => return Ok(Some(key)),
        deleted => deleted.map_err(failed)?,
    }
    match store.head(&key).await {
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
        Ok(_) => Err(Error::new(
            Stage::Prune,
            Exit::Storage,
            format!("{key} is still there after its deletion"),
        )
        .hint("is the bucket locked? retention cannot delete there")),
    }
}

fn schedule(config: &Config) {
    let Some(expression) = &config.schedule.expression else {
        return ok("schedule", "none: one run and exit");
    };
    let next = Schedule::parse(expression, config.schedule.zone.clone())
        .ok()
        .and_then(|schedule| schedule.next_after(clock::now()));
    match next {
        Some(next) => ok(
            "schedule",
            &format!(
                "{expression}, next at {}",
                next.to_zoned(config.schedule.zone.clone())
            ),
        ),
        None => warn("schedule", &format!("{expression} never fires")),
    }
}

fn memory(config: &Config) {
    let takes = compressing(config);
    let threads = workers(config) as u64;
    let parts = config.s3.concurrency as u64 + 1;
    let part = config.s3.part_bytes.unwrap_or(PART_BYTES);
    let targets = config.docker.concurrency as u64;
    let needed = takes.with(threads, targets) + targets * parts * part;
    let each = match targets {
        1 => String::new(),
        _ => format!("for each of {targets} targets "),
    };
    let compression = config.stream.compression.name();
    let beside = match takes.beside {
        0 => String::new(),
        bytes => format!("{} that wait, ", size(bytes)),
    };
    let says = format!(
        "{threads} threads of {compression} of {}, {each}{beside}{parts} parts of {}: about {} beside the program \
         itself",
        size(takes.per_thread),
        size(part),
        size(needed)
    );
    match memory_limit() {
        Some(limit) if needed > limit => warn(
            "memory",
            &format!(
                "{says}, and this container may use {}; mend: raise it, or lower COMPRESSION_THREADS, COMPRESSION_LEVEL, S3_CONCURRENCY, TARGET_CONCURRENCY",
                size(limit)
            ),
        ),
        _ => ok("memory", &says),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::memory::{Fault, MemoryStore, Op};

    /// The probe of a store that fails every deletion in this way, and what is left in it.
    async fn probed(
        prune: &str,
        fault: Option<StoreErrorKind>,
    ) -> (Result<Option<String>, Exit>, Vec<String>) {
        let env = [("TARGET", "db"), ("S3_BUCKET", "backups"), ("PRUNE", prune)];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let loaded = crate::config::load(env, &|_| Err(std::io::ErrorKind::NotFound.into())).unwrap();
        let bucket = Bucket {
            store: MemoryStore::new(),
            config: Arc::new(loaded.config),
            ours: Arc::default(),
        };
        if let Some(kind) = fault {
            bucket.store.fail_all(Op::Delete, Fault::Error(kind));
        }
        let outcome = probe(&bucket).await.map_err(|error| error.exit);
        let left = bucket.store.objects().into_iter().map(|(key, _)| key).collect();
        (outcome, left)
    }

    #[tokio::test]
    async fn keys_that_may_not_delete_are_right_only_where_nothing_is_pruned() {
        for prune in ["true", "false"] {
            assert_eq!(probed(prune, None).await, (Ok(None), Vec::new()), "{prune}");
            let (lost, _) = probed(prune, Some(StoreErrorKind::Unreachable)).await;
            assert_eq!(lost, Err(Exit::Storage), "{prune}");
        }
        let denied = Some(StoreErrorKind::Denied);
        assert_eq!(probed("true", denied).await.0, Err(Exit::Storage));
        let (outcome, left) = probed("false", denied).await;
        assert_eq!(outcome, Ok(left.first().cloned()), "it is named: {left:?}");
        assert_eq!(left.len(), 1);
    }
}
