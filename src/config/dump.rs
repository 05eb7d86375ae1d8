//! What to dump, and with which words.

use super::credentials::secret;
use super::engine::{self, EngineName};
use super::env::Given;
use super::options;
use super::problems::Report;
use super::show::quoted;
use super::values::Choices;
use crate::secret::Secret;
use serde::Deserialize;

/// `POSTGRES_FORMAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostgresFormat {
    /// `pg_dump -Fc`.
    #[default]
    Custom,
    /// SQL text.
    Plain,
}

/// What to dump, and with which words.
#[derive(Debug, Clone)]
pub struct Dump {
    /// `ENGINE`, or what `DUMP_COMMAND` says; `None`: look at which tool the target has.
    pub engine: Option<EngineName>,
    /// `DATABASES`; `None`: all.
    pub databases: Option<Vec<String>>,
    /// `EXCLUDE_DATABASES`: patterns with `*` and `?`.
    pub exclude: Vec<String>,
    /// `DB_USER`.
    pub user: Option<String>,
    /// `DB_PASSWORD`.
    pub password: Option<Secret>,
    /// The label `lifeboat.password-file`: a path inside the target.
    pub password_file: Option<String>,
    /// `DUMP_OPTIONS`, split into words; [`options::check`] them for the tool that gets them.
    pub dump_options: Vec<String>,
    /// `RESTORE_OPTIONS`, likewise.
    pub restore_options: Vec<String>,
    /// `GLOBALS`.
    pub globals: bool,
    /// `POSTGRES_FORMAT`.
    pub postgres_format: PostgresFormat,
    /// `MONGO_OPLOG`; `None`: where there is one, and all databases are dumped.
    pub mongo_oplog: Option<bool>,
    /// `MONGO_FSYNC_LOCK`.
    pub mongo_fsync_lock: bool,
    /// `DUMP_PIPEFAIL`: a command with a pipe needs a shell in which every part of it can fail.
    pub pipefail: bool,
    /// `DUMP_COMMAND`: may hold a secret, the operator writes it.
    pub dump_command: Option<Secret>,
    /// `RESTORE_COMMAND`.
    pub restore_command: Option<Secret>,
    /// `DUMP_EXTENSION`.
    pub dump_extension: Option<String>,
}

impl Dump {
    /// The extension of a custom engine's backups.
    pub fn extension(&self) -> &str {
        self.dump_extension.as_deref().unwrap_or("dump")
    }
}

#[derive(Deserialize, Default)]
struct Raw {
    engine: Option<String>,
    databases: Option<String>,
    exclude_databases: Option<String>,
    db_user: Option<String>,
    db_password: Option<String>,
    dump_options: Option<String>,
    restore_options: Option<String>,
    globals: Option<String>,
    postgres_format: Option<String>,
    mongo_oplog: Option<String>,
    mongo_fsync_lock: Option<String>,
    dump_pipefail: Option<String>,
    dump_command: Option<String>,
    restore_command: Option<String>,
    dump_extension: Option<String>,
}

const FORMATS: Choices<PostgresFormat> = Choices {
    offered: &[
        ("custom", PostgresFormat::Custom),
        ("plain", PostgresFormat::Plain),
    ],
    not_yet: &[],
};

pub(super) fn read(given: &Given, report: &mut Report) -> Dump {
    let raw: Raw = given.part(report);
    let engine = engine(&raw, report);
    let postgres_format = report
        .choice("POSTGRES_FORMAT", raw.postgres_format.as_deref(), &FORMATS)
        .unwrap_or_default();
    let mongo_oplog = oplog(&raw, report);
    let (dump_tools, restore_tools) = engine::tools(engine, postgres_format);
    Dump {
        engine,
        databases: databases("DATABASES", raw.databases.as_deref(), report),
        exclude: report
            .list("EXCLUDE_DATABASES", raw.exclude_databases.as_deref())
            .unwrap_or_default(),
        user: report.line("DB_USER", raw.db_user),
        password: secret("DB_PASSWORD", raw.db_password, report),
        password_file: None,
        dump_options: options("DUMP_OPTIONS", &dump_tools, raw.dump_options.as_deref(), report),
        restore_options: options(
            "RESTORE_OPTIONS",
            &restore_tools,
            raw.restore_options.as_deref(),
            report,
        ),
        globals: report.boolean("GLOBALS", raw.globals.as_deref()).unwrap_or(true),
        postgres_format,
        mongo_oplog,
        mongo_fsync_lock: report
            .boolean("MONGO_FSYNC_LOCK", raw.mongo_fsync_lock.as_deref())
            .unwrap_or(false),
        pipefail: report
            .boolean("DUMP_PIPEFAIL", raw.dump_pipefail.as_deref())
            .unwrap_or(true),
        dump_command: raw.dump_command.map(Secret::new),
        restore_command: raw.restore_command.map(Secret::new),
        dump_extension: extension("DUMP_EXTENSION", raw.dump_extension, report),
    }
}

/// `MONGO_OPLOG`; `None` is `auto`.
fn oplog(raw: &Raw, report: &mut Report) -> Option<bool> {
    let text = raw.mongo_oplog.as_deref();
    let oplog = report.boolean(
        "MONGO_OPLOG",
        text.filter(|text| !text.eq_ignore_ascii_case("auto")),
    )?;
    if oplog && (raw.databases.is_some() || raw.exclude_databases.is_some()) {
        report.problem(
            "MONGO_OPLOG",
            "goes only with all databases",
            "leave out DATABASES and EXCLUDE_DATABASES, or set it to auto",
        );
    }
    Some(oplog)
}

fn engine(raw: &Raw, report: &mut Report) -> Option<EngineName> {
    let asked = raw.engine.as_deref();
    let named = report.choice("ENGINE", asked, &engine::CHOICES);
    if asked.is_some() && named.is_none() {
        return None;
    }
    let engine = named.flatten();
    let custom_ones = [
        ("DUMP_COMMAND", raw.dump_command.is_some()),
        ("RESTORE_COMMAND", raw.restore_command.is_some()),
    ];
    match engine {
        Some(EngineName::Custom) if raw.dump_command.is_none() => report.problem(
            "DUMP_COMMAND",
            "is required with ENGINE=custom",
            "set it to the command that writes the dump to standard output",
        ),
        Some(other) if other != EngineName::Custom => {
            for (name, _) in custom_ones.iter().filter(|(_, set)| *set) {
                report.problem(
                    name,
                    format!("does not go with ENGINE={}", other.name()),
                    "set ENGINE=custom, or leave the command unset",
                );
            }
        }
        None if raw.dump_command.is_none() && raw.restore_command.is_some() => report.problem(
            "RESTORE_COMMAND",
            "is set without DUMP_COMMAND",
            "both belong to ENGINE=custom: set DUMP_COMMAND too",
        ),
        _ => {}
    }
    let engine = engine.or(raw.dump_command.as_ref().map(|_| EngineName::Custom));
    if engine == Some(EngineName::Custom) {
        for (name, set) in [
            ("DUMP_OPTIONS", raw.dump_options.is_some()),
            ("RESTORE_OPTIONS", raw.restore_options.is_some()),
        ] {
            if set {
                report.warn(format!(
                    "{name} has no effect on the custom engine: write the options into its command"
                ));
            }
        }
    } else {
        for (name, set) in [
            ("DUMP_EXTENSION", raw.dump_extension.is_some()),
            ("DUMP_PIPEFAIL", raw.dump_pipefail.is_some()),
        ] {
            if set {
                report.warn(format!("{name} has no effect without the custom engine"));
            }
        }
    }
    engine
}

pub(super) fn databases(variable: &str, text: Option<&str>, report: &mut Report) -> Option<Vec<String>> {
    let mut names = report.list(variable, text)?;
    if let Some(pattern) = names.iter().find(|name| name.contains(['*', '?'])) {
        let what = format!("{} is a pattern", quoted(pattern));
        let hint = "write whole names; unset means all, EXCLUDE_DATABASES takes patterns";
        report.problem(variable, what, hint);
        return None;
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Some(names)
}

pub(super) fn options(
    variable: &str,
    tools: &[options::Tool],
    text: Option<&str>,
    report: &mut Report,
) -> Vec<String> {
    let checked = options::split(text.unwrap_or_default())
        .and_then(|words| options::check_for_any(tools, &words).map(|()| words));
    checked.unwrap_or_else(|refusal| {
        report.problem(variable, refusal.what, refusal.hint);
        Vec::new()
    })
}

/// Why `extension` cannot be that of a custom engine's backups: keys would mean something else.
pub fn extension_problem(extension: &str) -> Option<&'static str> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=16).contains(&extension.len()) || !extension.chars().all(letters) {
        return Some("is not 1 to 16 letters, digits, dashes and underscores");
    }
    match extension.to_ascii_lowercase().as_str() {
        "json" => Some("is what manifests end with"),
        "bz2" | "zst" | "gz" | "xz" => Some("is a compression's"),
        "age" => Some("is an encryption's"),
        _ => None,
    }
}

pub(super) fn extension(variable: &str, text: Option<String>, report: &mut Report) -> Option<String> {
    let text = text?;
    if let Some(why) = extension_problem(&text) {
        let what = format!("{} {why}", quoted(&text));
        report.problem(variable, what, "write another one, such as dump");
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, problem, warnings};
    use super::*;

    #[test]
    fn what_to_dump() {
        let dump = config(&[
            ("ENGINE", "Postgres"),
            ("DATABASES", "a,b,a"),
            ("EXCLUDE_DATABASES", "test_*,x?"),
            ("DB_USER", "me"),
            ("DB_PASSWORD", "hunter2"),
            ("DUMP_OPTIONS", "--no-owner -n 'my schema'"),
            ("RESTORE_OPTIONS", "--no-acl"),
            ("POSTGRES_GLOBALS", "no"),
            ("POSTGRES_FORMAT", "plain"),
        ])
        .dump;
        assert_eq!(dump.engine, Some(EngineName::Postgres));
        assert_eq!(dump.databases, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(dump.exclude, ["test_*", "x?"]);
        assert_eq!(dump.user.as_deref(), Some("me"));
        assert_eq!(dump.password, Some(Secret::new("hunter2")));
        assert_eq!(dump.dump_options, ["--no-owner", "-n", "my schema"]);
        assert_eq!(dump.restore_options, ["--no-acl"]);
        assert!(!dump.globals);
        assert_eq!(dump.postgres_format, PostgresFormat::Plain);
        assert_eq!(dump.extension(), "dump");
        assert!(dump.pipefail);
        assert!(
            !config(&[("DUMP_COMMAND", "a | b"), ("DUMP_PIPEFAIL", "no")])
                .dump
                .pipefail
        );
    }

    #[test]
    fn a_dump_command_means_custom() {
        let engine = |env: &[(&str, &str)]| config(env).dump.engine;
        assert_eq!(engine(&[]), None);
        assert_eq!(engine(&[("DUMP_COMMAND", "cat")]), Some(EngineName::Custom));
        assert_eq!(
            engine(&[("DUMP_COMMAND", "cat"), ("ENGINE", "auto")]),
            Some(EngineName::Custom)
        );
        let dump = config(&[("DUMP_COMMAND", "cat\ncat"), ("DUMP_EXTENSION", "rdb")]).dump;
        assert_eq!(dump.dump_command, Some(Secret::new("cat\ncat")));
        assert_eq!(dump.extension(), "rdb");
    }

    #[test]
    fn wrong_engines() {
        assert_eq!(
            problem(&[("ENGINE", "sqlite")]),
            "ENGINE: \"sqlite\" is not known; write auto, postgres, mysql, mariadb, mongodb or custom"
        );
        assert_eq!(
            problem(&[("ENGINE", "postgresql")]),
            "ENGINE: \"postgresql\" is not known; write auto, postgres, mysql, mariadb, mongodb or custom"
        );
        assert_eq!(
            problem(&[("ENGINE", "custom")]),
            "DUMP_COMMAND: is required with ENGINE=custom; set it to the command that writes the dump to standard \
             output"
        );
        assert_eq!(
            problem(&[("ENGINE", "postgres"), ("DUMP_COMMAND", "cat hunter2")]),
            "DUMP_COMMAND: does not go with ENGINE=postgres; set ENGINE=custom, or leave the command unset"
        );
        assert_eq!(
            problem(&[("ENGINE", "postgres"), ("RESTORE_COMMAND", "cat")]),
            "RESTORE_COMMAND: does not go with ENGINE=postgres; set ENGINE=custom, or leave the command unset"
        );
        assert_eq!(
            problem(&[("RESTORE_COMMAND", "cat")]),
            "RESTORE_COMMAND: is set without DUMP_COMMAND; both belong to ENGINE=custom: set DUMP_COMMAND too"
        );
    }

    #[test]
    fn wrong_words() {
        assert_eq!(
            problem(&[("DATABASES", "app_*")]),
            "DATABASES: \"app_*\" is a pattern; write whole names; unset means all, EXCLUDE_DATABASES takes \
             patterns"
        );
        assert_eq!(
            problem(&[("DB_PASSWORD", "hunter2\nx")]),
            "DB_PASSWORD: has a line break or another control character; store the value alone, with at most one \
             newline after it"
        );
        assert_eq!(
            problem(&[("GLOBALS", "maybe")]),
            "GLOBALS: \"maybe\" is neither true nor false; write true or false"
        );
        assert_eq!(
            problem(&[("POSTGRES_GLOBALS", "maybe")]),
            "POSTGRES_GLOBALS: \"maybe\" is neither true nor false; write true or false"
        );
        assert_eq!(
            problem(&[("POSTGRES_FORMAT", "directory")]),
            "POSTGRES_FORMAT: \"directory\" is not known; write custom or plain"
        );
        assert_eq!(
            problem(&[("MONGO_OPLOG", "perhaps")]),
            "MONGO_OPLOG: \"perhaps\" is neither true nor false; write true or false"
        );
        assert_eq!(
            problem(&[("DUMP_OPTIONS", "-v -f x")]),
            "DUMP_OPTIONS: -f (--file) is refused: the dump must come out on standard output; leave it out"
        );
        assert_eq!(
            problem(&[("ENGINE", "postgres"), ("RESTORE_OPTIONS", "-C")]),
            "RESTORE_OPTIONS: -C (--create) is refused: it would replace the live database before the new one is \
             whole; leave it out"
        );
    }

    #[test]
    fn wrong_extensions() {
        let of = |text| problem(&[("DUMP_COMMAND", "cat"), ("DUMP_EXTENSION", text)]);
        assert_eq!(
            of("json"),
            "DUMP_EXTENSION: \"json\" is what manifests end with; write another one, such as dump"
        );
        assert_eq!(
            of("GZ"),
            "DUMP_EXTENSION: \"GZ\" is a compression's; write another one, such as dump"
        );
        assert_eq!(
            of("age"),
            "DUMP_EXTENSION: \"age\" is an encryption's; write another one, such as dump"
        );
        for text in ["tar.x", "seventeen_letters", "ä"] {
            assert_eq!(
                of(text),
                format!(
                    "DUMP_EXTENSION: {text:?} is not 1 to 16 letters, digits, dashes and underscores; write \
                     another one, such as dump"
                )
            );
        }
    }

    #[test]
    fn what_has_no_effect_is_said() {
        assert_eq!(
            warnings(&[
                ("MONGO_OPLOG", "auto"),
                ("DUMP_COMMAND", "cat"),
                ("DUMP_OPTIONS", "-v")
            ]),
            ["DUMP_OPTIONS has no effect on the custom engine: write the options into its command"]
        );
        assert_eq!(
            warnings(&[
                ("DUMP_EXTENSION", "x"),
                ("DUMP_PIPEFAIL", "0"),
                ("DB_PASSWORD", "'hunter2'")
            ]),
            [
                "DUMP_EXTENSION has no effect without the custom engine",
                "DUMP_PIPEFAIL has no effect without the custom engine",
                "DB_PASSWORD begins or ends with a quote: it is taken as part of the value"
            ]
        );
    }
}
