//! What PostgreSQL dumps: the roles and tablespaces, and each database.

use super::Plan;
use crate::catalog::{Database, manifest::Origin};
use crate::commands::backup::dump::{Facts, Job};
use crate::commands::target::{self, Target};
use crate::config::EngineName;
use crate::config::options::Tool;
use crate::engine::Words;
use crate::engine::postgres::{self, DumpForm, Postgres, Properties, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;

/// The roles, then each database by itself.
pub(super) async fn plan<R: Runtime>(target: &Target<'_, R>, origin: Origin) -> Result<Plan> {
    let dump = &target.dump;
    let (postgres, server) = target.postgres().await?;
    let chosen = choose(target, &postgres, &server).await?;
    let facts = Facts {
        engine: EngineName::Postgres.name(),
        server_version: Some(server.version.clone()),
        tool_version: target.version_of("pg_dump").await,
        origin: Origin {
            system_identifier: server.system_identifier.clone(),
            ..origin
        },
    };
    if chosen.is_empty() {
        super::no_database(&target.container.target);
    }
    let mut jobs = Vec::new();
    // First, so that a restore finds a run's roles at least as old as its databases.
    if dump.globals {
        if !server.reads_passwords {
            tracing::warn!(
                target = target.container.target,
                user = server.user,
                "this account may not read the roles' passwords: they are backed up without"
            );
        }
        jobs.push(Ok(globals(postgres.globals(server.reads_passwords))));
    }
    for name in chosen {
        let job = database(target, &postgres, &name).await;
        jobs.push(job.map_err(|error| (Database::Named(name), error)));
    }
    Ok(Plan { facts, jobs })
}

/// The databases to back up, as they are chosen for this target.
pub(in crate::commands) async fn choose<R: Runtime>(
    target: &Target<'_, R>,
    postgres: &Postgres,
    server: &Server,
) -> Result<Vec<String>> {
    let dump = &target.dump;
    let all = dump.databases.is_none();
    let open = server
        .database("postgres")
        .is_some_and(|database| database.connectable);
    let postgres_is_empty = all && open && {
        let stdout = target.answer(&postgres.contents("postgres")).await?;
        Postgres::read_contents(&stdout)
            .map_err(target::not_understood)?
            .nothing_to_lose()
    };
    postgres::choose(
        server,
        dump.databases.as_deref(),
        &dump.exclude,
        postgres_is_empty,
    )
    .map_err(|error| {
        Error::new(Stage::Target, Exit::Usage, error).hint("DATABASES and EXCLUDE_DATABASES say which")
    })
}

fn globals(words: Words) -> Job {
    Job {
        database: Database::Globals,
        command: Some(words.shown()),
        words,
        end_mark: Postgres::GLOBALS_END,
        lock: None,
        extension: "sql".to_owned(),
        command_sha256: None,
        options: Vec::new(),
        estimate: None,
        properties: None,
    }
}

async fn database<R: Runtime>(target: &Target<'_, R>, postgres: &Postgres, name: &str) -> Result<Job> {
    let dump = &target.dump;
    let options = target.dump_options(Tool::PgDump)?;
    let stdout = target.answer(&postgres.properties(name)).await?;
    let properties: Properties = Postgres::read_properties(&stdout).map_err(target::not_understood)?;
    let words = postgres.dump(
        name,
        &DumpForm {
            format: dump.postgres_format,
            encoding: properties.encoding.as_deref(),
            lock_wait: target.config.timeouts.lock_wait,
            options,
        },
    );
    Ok(Job {
        database: Database::Named(name.to_owned()),
        command: Some(words.shown()),
        words,
        end_mark: postgres::end_mark(dump.postgres_format),
        lock: None,
        extension: postgres::extension(dump.postgres_format).to_owned(),
        command_sha256: None,
        options: options.to_vec(),
        estimate: properties.bytes,
        properties: serde_json::to_value(&properties).ok(),
    })
}
