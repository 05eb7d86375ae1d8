//! A database, seen from inside: what a restore would replace, and what a dump of it cannot carry by itself.

use super::rows::rows;
use super::sql::is;
use super::{AnswerError, Flavour, MARK, Mysql, Server};
use crate::engine::Words;
use serde::{Deserialize, Serialize};

/// What is in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Whether there is such a database.
    pub exists: bool,
    /// Everything but triggers, which go with their tables, and the mark.
    pub objects: Vec<Object>,
    /// Whether the mark of a restore is there that did not come to its end.
    pub marked: bool,
    /// Tables that are not read as they were at one moment: `name (engine)`.
    pub unsteady: Vec<String>,
    /// Tables of which the server does not tell when they were last changed.
    pub timeless: Vec<String>,
    /// Tables that keep their history.
    pub versioned: bool,
    /// Events that are not off.
    pub running_events: Vec<String>,
    /// What the manifest carries.
    pub properties: Properties,
}

/// A thing that can be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// `TABLE`, `VIEW`, `SEQUENCE`, `PROCEDURE`, `FUNCTION`, `PACKAGE`, `PACKAGE BODY` or `EVENT`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

/// What belongs to a database and is in no dump of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// Its character set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_set: Option<String>,
    /// Its collation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Its comment (`MariaDB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether new tables in it are encrypted (MySQL).
    #[serde(default)]
    pub encrypted: bool,
    /// Whether it may be written to (MySQL).
    #[serde(default)]
    pub read_only: bool,
    /// The accounts in whose name its views, routines, triggers and events run: `user@host`.
    #[serde(default)]
    pub definers: Vec<String>,
    /// Whether it has events.
    #[serde(default)]
    pub events: bool,
    /// Other databases that its views look into: they have to be there before the views are.
    #[serde(default)]
    pub uses: Vec<String>,
    /// The data's size on the server, in bytes, as the server estimates it.
    #[serde(default)]
    pub bytes: Option<u64>,
}

/// Engines whose tables are read as they were when the dump began.
const STEADY: [&str; 4] = ["InnoDB", "ROCKSDB", "TokuDB", "ndbcluster"];

impl Contents {
    /// Whether a restore replaces nothing.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && !self.marked
    }

    /// How many of what, for people: `3 tables, 1 view`.
    pub fn told(&self) -> String {
        let mut kinds: Vec<&str> = self.objects.iter().map(|object| object.kind).collect();
        kinds.dedup();
        let count = |kind: &str| self.objects.iter().filter(|object| object.kind == kind).count();
        let told = kinds.iter().map(|kind| match count(kind) {
            1 => format!("1 {}", kind.to_lowercase()),
            many => format!("{many} {}s", kind.to_lowercase()),
        });
        let mark = self.marked.then(|| "what an unfinished restore left".to_owned());
        told.chain(mark).collect::<Vec<_>>().join(", ")
    }
}

impl Mysql {
    /// Asks what [`Contents`] holds.
    pub fn contents(&self, database: &str, server: &Server) -> Words {
        let (major, minor, patch) = server.numbers;
        let mysql = server.flavour == Flavour::Mysql;
        let comment = !mysql && (major, minor) >= (10, 5);
        let encryption = mysql && (major, minor, patch) >= (8, 0, 16);
        let options = mysql && (major, minor, patch) >= (8, 0, 22);
        let mut queries = vec![FRESH.to_owned()];
        queries.push(format!(
            "SELECT 'schema', HEX(default_character_set_name), HEX(default_collation_name), {}, {} \
             FROM information_schema.schemata WHERE {}",
            if comment { "HEX(schema_comment)" } else { "NULL" },
            if encryption { "default_encryption" } else { "'NO'" },
            is("schema_name", database)
        ));
        if options {
            queries.push(format!(
                "SELECT 'options', HEX(options) FROM information_schema.schemata_extensions WHERE {}",
                is("schema_name", database)
            ));
        }
        for (columns, table, schema) in [
            (
                "'table', HEX(table_name), table_type, HEX(engine), data_length, update_time IS NULL",
                "tables",
                "table_schema",
            ),
            ("'view', HEX(definer)", "views", "table_schema"),
            ("'trigger', HEX(definer)", "triggers", "trigger_schema"),
            (
                "'routine', HEX(routine_name), routine_type, HEX(definer)",
                "routines",
                "routine_schema",
            ),
            (
                "'event', HEX(event_name), status, HEX(definer)",
                "events",
                "event_schema",
            ),
        ] {
            queries.push(format!(
                "SELECT {columns} FROM information_schema.{table} WHERE {} ORDER BY 2",
                is(schema, database)
            ));
        }
        // A view's definition names every database, in quotes.
        queries.push(format!(
            "SELECT DISTINCT 'uses', HEX(schema_name) FROM information_schema.views JOIN information_schema.schemata \
             ON LOCATE(CONCAT('`', REPLACE(schema_name, '`', '``'), '`.'), view_definition) > 0 WHERE {} AND NOT {} \
             ORDER BY 2",
            is("table_schema", database),
            is("schema_name", database)
        ));
        self.ask(&queries)
    }

    /// Reads the answer to [`Mysql::contents`].
    pub fn read_contents(stdout: &[u8]) -> Result<Contents, AnswerError> {
        let mut contents = Contents::default();
        let mut bytes = 0_u64;
        let mut definers = Vec::new();
        for mut row in rows("a database", stdout)? {
            let properties = &mut contents.properties;
            match row.kind {
                "schema" => {
                    contents.exists = true;
                    properties.character_set = row.maybe_text()?;
                    properties.collation = row.maybe_text()?;
                    properties.comment = row.maybe_text()?.filter(|comment| !comment.is_empty());
                    properties.encrypted = row.plain()? == "YES";
                }
                "options" => {
                    properties.read_only = row.maybe_text()?.is_some_and(|text| text.contains("READ ONLY=1"));
                }
                "table" => {
                    let name = row.text()?;
                    let kind = row.plain()?;
                    let engine = row.maybe_text()?;
                    bytes = bytes.saturating_add(row.number()?);
                    let timeless = row.plain()? == "1";
                    table(&mut contents, name, kind, engine, timeless);
                }
                "uses" => properties.uses.push(row.text()?),
                "view" | "trigger" => definers.push(row.text()?),
                "routine" => {
                    let name = row.text()?;
                    let kind = match row.plain()? {
                        "PROCEDURE" => "PROCEDURE",
                        "FUNCTION" => "FUNCTION",
                        "PACKAGE" => "PACKAGE",
                        "PACKAGE BODY" => "PACKAGE BODY",
                        _ => return Err(row.wrong()),
                    };
                    contents.objects.push(Object { kind, name });
                    definers.push(row.text()?);
                }
                "event" => {
                    let name = row.text()?;
                    if row.plain()? == "ENABLED" {
                        contents.running_events.push(name.clone());
                    }
                    contents.objects.push(Object { kind: "EVENT", name });
                    properties.events = true;
                    definers.push(row.text()?);
                }
                _ => return Err(row.wrong()),
            }
        }
        definers.sort();
        definers.dedup();
        contents.properties.definers = definers;
        contents.properties.bytes = Some(bytes);
        Ok(contents)
    }
}

impl Mysql {
    /// Asks how many others have `database` open.
    pub fn clients(&self, database: &str) -> Words {
        self.ask(&[format!(
            "SELECT 'clients', COUNT(*) FROM information_schema.processlist WHERE db = {} AND id <> CONNECTION_ID()",
            super::sql::text(database)
        )])
    }

    /// Reads the answer to [`Mysql::clients`].
    pub fn read_clients(stdout: &[u8]) -> Result<u64, AnswerError> {
        let mut rows = rows("clients", stdout)?;
        let row = rows.first_mut().ok_or(AnswerError { about: "clients" })?;
        row.number()
    }

    /// Asks what in `database` names the database `old` in what it does.
    pub fn naming(&self, old: &str, database: &str) -> Words {
        let named = |text: &str| {
            [format!("`{}`.", old.replace('`', "``")), format!("{old}.")]
                .iter()
                .map(|name| format!("LOCATE({}, {text}) > 0", super::sql::text(name)))
                .collect::<Vec<_>>()
                .join(" OR ")
        };
        let queries = [
            ("'view'", "table_name", "views", "table_schema", "view_definition"),
            (
                "LOWER(routine_type)",
                "routine_name",
                "routines",
                "routine_schema",
                "routine_definition",
            ),
            (
                "'trigger'",
                "trigger_name",
                "triggers",
                "trigger_schema",
                "action_statement",
            ),
            (
                "'event'",
                "event_name",
                "events",
                "event_schema",
                "event_definition",
            ),
        ]
        .map(|(kind, name, table, schema, text)| {
            format!(
                "SELECT {kind}, HEX({name}) FROM information_schema.{table} WHERE {} AND ({})",
                is(schema, database),
                named(text)
            )
        });
        self.ask(&queries)
    }

    /// Reads the answer to [`Mysql::naming`]: `view x`.
    pub fn read_naming(stdout: &[u8]) -> Result<Vec<String>, AnswerError> {
        rows("what names a database", stdout)?
            .into_iter()
            .map(|mut row| row.text().map(|name| format!("{} {name}", row.kind)))
            .collect()
    }
}

/// MySQL 8 keeps what it says of tables for a day, unless it is asked for it anew.
pub(super) const FRESH: &str = "/*!80003 SET SESSION information_schema_stats_expiry = 0 */";

fn table(contents: &mut Contents, name: String, kind: &str, engine: Option<String>, timeless: bool) {
    if name == MARK {
        contents.marked = true;
        return;
    }
    contents.versioned |= kind == "SYSTEM VERSIONED";
    let kind = match kind {
        "VIEW" => "VIEW",
        "SEQUENCE" => "SEQUENCE",
        _ => "TABLE",
    };
    let steady = |engine: &str| STEADY.iter().any(|steady| steady.eq_ignore_ascii_case(engine));
    if let Some(engine) = engine.filter(|engine| kind == "TABLE" && !steady(engine)) {
        contents.unsteady.push(format!("{name} ({engine})"));
    }
    if timeless && kind == "TABLE" {
        contents.timeless.push(name.clone());
    }
    contents.objects.push(Object { kind, name });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::server::tests::server;
    use super::super::sql::hex;
    use super::super::tools::tests::{mariadb, mysql};
    use super::*;

    #[test]
    fn asks_each_flavour_for_what_it_has() {
        let ask = |tools, version| {
            let words = Mysql::new("u", None, tools).contents("d", &server(version, &[]));
            words.argv.last().unwrap().clone()
        };
        let new = ask(mysql(), "9.7.4");
        assert!(
            new.contains("default_encryption")
                && new.contains("schemata_extensions")
                && !new.contains("schema_comment")
        );
        let other = ask(mariadb(), "11.8.6-MariaDB");
        assert!(other.contains("HEX(schema_comment)") && !other.contains("default_encryption"));
        assert!(!ask(mariadb(), "10.4.1-MariaDB").contains("schema_comment"));
        assert!(!ask(mysql(), "5.7.44").contains("default_encryption"));
    }

    #[test]
    fn reads_an_answer() {
        let h = |text: &str| hex(text);
        let answer = format!(
            "schema\t{}\t{}\t{}\tYES\noptions\t{}\ntable\t{}\tBASE TABLE\t{}\t100\t0\ntable\t{}\tSYSTEM VERSIONED\t{}\t20\t1\n\
             table\t{}\tVIEW\tNULL\tNULL\t1\ntable\t{}\tBASE TABLE\t{}\t0\t1\nview\t{}\nroutine\t{}\tPACKAGE BODY\t{}\nevent\t{}\tENABLED\t{}\nuses\t{}\n",
            h("utf8mb4"),
            h("utf8mb4_bin"),
            h("it's"),
            h("READ ONLY=1"),
            h("old"),
            h("MyISAM"),
            h("t"),
            h("InnoDB"),
            h("v"),
            h(MARK),
            h("InnoDB"),
            h("a@b"),
            h("p"),
            h("a@b"),
            h("e"),
            h("c@d"),
            h("other"),
        );
        let contents = Mysql::read_contents(answer.as_bytes()).unwrap();
        assert_eq!(
            contents.told(),
            "2 tables, 1 view, 1 package body, 1 event, what an unfinished restore left"
        );
        assert!(contents.marked && contents.versioned && !contents.is_empty());
        assert!(contents.exists);
        assert_eq!(contents.unsteady, ["old (MyISAM)"]);
        assert_eq!(contents.timeless, ["t"]);
        assert_eq!(contents.running_events, ["e"]);
        assert_eq!(
            contents.properties,
            Properties {
                character_set: Some("utf8mb4".into()),
                collation: Some("utf8mb4_bin".into()),
                comment: Some("it's".into()),
                encrypted: true,
                read_only: true,
                definers: vec!["a@b".into(), "c@d".into()],
                events: true,
                uses: vec!["other".into()],
                bytes: Some(120),
            }
        );
        assert!(Mysql::read_contents(b"").unwrap().is_empty());
        assert!(Mysql::read_contents(b"ERROR\n").is_err());
    }
}
