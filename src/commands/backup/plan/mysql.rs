//! What MySQL and MariaDB dump: the accounts, and each database.

use super::Plan;
use crate::catalog::{Database, manifest::Origin};
use crate::commands::backup::dump::{Facts, Job};
use crate::commands::target::{Target, not_understood};
use crate::config::EngineName;
use crate::config::options::Tool;
use crate::engine::Words;
use crate::engine::mysql::{self, Contents, DumpForm, Mysql, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;

/// The accounts, then each database by itself.
pub(super) async fn plan<R: Runtime>(
    target: &Target<'_, R>,
    engine: EngineName,
    origin: Origin,
) -> Result<Plan> {
    let dump = &target.dump;
    let (mysql, server) = target.mysql(engine).await?;
    let chosen = mysql::choose(&server, dump.databases.as_deref(), &dump.exclude).map_err(|error| {
        Error::new(Stage::Target, Exit::Usage, error).hint("DATABASES and EXCLUDE_DATABASES say which")
    })?;
    let options = target.dump_options(Tool::MysqlDump)?;
    if chosen.is_empty() {
        super::no_database(&target.container.target);
    }
    let mut jobs = Vec::new();
    // First, so that a restore finds a run's accounts at least as old as its databases.
    if dump.globals && server.reads_accounts {
        jobs.push(Ok(accounts(mysql.accounts(&server))));
    } else if dump.globals {
        tracing::warn!(
            target = target.container.target,
            account = server.account,
            "this account may not read mysql.user: users and grants are not backed up (GLOBALS=false says so)"
        );
    }
    for name in chosen {
        let job = checked(target, &mysql, &server, &name, options).await;
        jobs.push(job.map_err(|error| (Database::Named(name), error)));
    }
    Ok(Plan {
        facts: facts(&mysql, &server, engine, origin),
        jobs,
    })
}

/// What all dumps of a server share.
pub fn facts(mysql: &Mysql, server: &Server, engine: EngineName, origin: Origin) -> Facts {
    Facts {
        engine: engine.name(),
        server_version: Some(server.version.clone()),
        tool_version: Some(mysql.tools().dump_version.clone()),
        origin: Origin {
            system_identifier: server.system_identifier.clone(),
            ..origin
        },
    }
}

fn accounts(words: Words) -> Job {
    Job {
        database: Database::Globals,
        // The words are a script of lifeboat's own.
        command: Some("SHOW CREATE USER, SHOW GRANTS".to_owned()),
        words,
        end_mark: Mysql::END,
        lock: None,
        extension: mysql::EXTENSION.to_owned(),
        command_sha256: None,
        options: Vec::new(),
        estimate: None,
        properties: None,
    }
}

/// Refuses where the server gives a dump tool only the first rows of each table.
pub fn not_cut(mysql: &Mysql, server: &Server) -> Result<()> {
    if !mysql.cuts_dumps(server) {
        return Ok(());
    }
    let what = format!(
        "sql_select_limit is {} on this server, and {} would dump no more rows of any table",
        server.select_limit,
        mysql.tools().dump
    );
    Err(Error::new(Stage::Dump, Exit::Tool, what)
        .hint("SET GLOBAL sql_select_limit = DEFAULT, and take it out of the configuration"))
}

/// The dump of a database that can be had whole.
async fn checked<R: Runtime>(
    target: &Target<'_, R>,
    mysql: &Mysql,
    server: &Server,
    name: &str,
    options: &[String],
) -> Result<Job> {
    let failed = |what: String| Error::new(Stage::Dump, Exit::Tool, what);
    let lacks = server.grants.lacks(name, options);
    if !lacks.is_empty() {
        let account = &server.account;
        return Err(failed(format!(
            "the account {account} lacks {}: what it may not see the tool would leave out without a word",
            lacks.join(", ")
        ))
        .hint("use root (DB_USER, DB_PASSWORD), or grant it; DUMP_OPTIONS=\"--skip-routines\" and the like do without"));
    }
    not_cut(mysql, server)?;
    let stdout = target.answer(&mysql.contents(name, server)).await?;
    let contents = Mysql::read_contents(&stdout).map_err(not_understood)?;
    if contents.marked {
        return Err(failed(format!(
            "a restore into {name:?} did not come to its end: this is half a database"
        ))
        .hint(format!(
            "restore it again with --overwrite; if it is as it should be, drop the table {}",
            mysql::MARK
        )));
    }
    if !contents.unsteady.is_empty() {
        tracing::warn!(
            target = target.container.target,
            database = name,
            "these tables are not transactional: {}; each is dumped as it is when its turn comes, not all as of one \
             moment",
            contents.unsteady.join(", ")
        );
    }
    Ok(database(target, mysql, name, &contents, options))
}

/// The dump of a database, whatever is in it; without the mark of an unfinished restore.
pub fn database<R>(
    target: &Target<'_, R>,
    mysql: &Mysql,
    name: &str,
    contents: &Contents,
    options: &[String],
) -> Job {
    let form = DumpForm {
        lock_wait: target.config.timeouts.lock_wait,
        versioned: contents.versioned,
        unmarked: contents.marked,
        options,
    };
    Job {
        database: Database::Named(name.to_owned()),
        command: Some(shell_words::join(mysql.dump_tool(name, &form))),
        words: mysql.dump(name, &form),
        end_mark: Mysql::END,
        lock: None,
        extension: mysql::EXTENSION.to_owned(),
        command_sha256: None,
        options: options.to_vec(),
        estimate: contents.properties.bytes,
        properties: serde_json::to_value(&contents.properties).ok(),
    }
}
