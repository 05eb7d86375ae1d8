//! Names that look like options, shell code, SQL, connection strings or paths, and manifests that hold code: they come back as
//! what they are, and nothing of them is run.

use crate::support::mysql::Mysql;
use crate::support::{Container, Lifeboat, Postgres, Store, start};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the code in the names would make, in the target or here.
const EVIL: &str = "/tmp/evil";

/// Names that any of these servers takes.
const NAMES: [&str; 11] = [
    "--help",
    "-d postgres",
    "a;touch /tmp/evil$(touch /tmp/evil)`touch /tmp/evil`",
    "\\! touch /tmp/evil\n\\! touch /tmp/evil",
    // Its neighbour, by a careless reader.
    "\\! touch /tmp/evil \\! touch /tmp/evil",
    "x\"'`; DROP DATABASE app; -- x",
    "host=evil dbname=app",
    "50%_%s%n%41*",
    "../../etc/passwd",
    "_replaced.app",
    "\u{1b}[2J\u{7}\u{202e}\t\r\nä日",
];

fn assert_nothing_was_run(server: &Container) {
    assert!(!server.succeeds(&["test", "-e", EVIL]), "in the target");
    assert!(!std::path::Path::new(EVIL).exists(), "beside lifeboat");
}

/// The databases that `list` shows, as it shows them; each line can be printed.
fn listed(lifeboat: &Lifeboat) -> usize {
    for args in [&["list"][..], &["verify"]] {
        let text = lifeboat.succeed(args).text();
        for line in text.lines() {
            assert_eq!(line, lifeboat::shown::printable(line), "{args:?}");
        }
    }
    let json: Value = serde_json::from_slice(&lifeboat.succeed(&["list", "--json"]).stdout).unwrap();
    let rows = json.as_array().unwrap();
    let names: BTreeSet<_> = rows.iter().map(|row| row["database"].as_str().unwrap()).collect();
    assert_eq!(
        names.len(),
        rows.len(),
        "no two databases share a name: {names:?}"
    );
    rows.len()
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[test]
fn names_of_postgresqls_databases_are_names() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    let names = [&NAMES[..], &["app"]].concat();
    for name in &names {
        server.sql("postgres", &format!("CREATE DATABASE {}", identifier(name)));
        let table = identifier(name);
        server.sql(
            name,
            &format!("CREATE TABLE {table} AS SELECT current_database()::text a"),
        );
    }
    let before: BTreeSet<_> = server.databases().into_iter().collect();
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    // And the server's roles.
    assert_eq!(listed(&lifeboat), names.len() + 1);
    for name in &names {
        server.sql("postgres", &format!("DROP DATABASE {}", identifier(name)));
    }
    lifeboat.succeed(&["restore", "latest"]);
    assert_eq!(server.databases().into_iter().collect::<BTreeSet<_>>(), before);
    // By another way, over what is there.
    let plain = lifeboat
        .with("POSTGRES_FORMAT", "plain")
        .with("S3_PREFIX", "plain");
    plain.succeed(&["backup"]);
    for name in [NAMES[0], NAMES[3]] {
        let database = format!("--database={name}");
        plain.succeed(&["restore", "latest", "--overwrite", "--discard", &database]);
    }
    assert_eq!(server.databases().into_iter().collect::<BTreeSet<_>>(), before);
    for name in &names {
        let rows = server.sql(name, &format!("SELECT to_json(a) FROM {}", identifier(name)));
        assert_eq!(serde_json::from_str::<String>(&rows).unwrap(), *name);
    }
    assert_nothing_was_run(&server);
}

/// The statement that drops what was replaced can be copied from a terminal.
#[test]
fn what_was_replaced_is_dropped_by_the_statement_that_was_printed() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    let name = "\u{1b}[2J\"\\\n\u{202e}ä";
    server.sql("postgres", &format!("CREATE DATABASE {}", identifier(name)));
    server.sql(name, "CREATE TABLE t AS SELECT 1 a");
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    let ran = lifeboat.succeed(&["restore", "latest", "--overwrite", "--database", name]);
    let text = ran.text();
    let last = text.lines().last().unwrap();
    assert_eq!(last, lifeboat::shown::printable(last));
    assert_eq!(server.databases().len(), 3);
    server.sql("postgres", last.split_once("to drop it: ").unwrap().1);
    assert_eq!(server.databases(), [name, "postgres"]);
}

#[test]
fn names_of_mariadbs_databases_are_names() {
    let Some(store) = start(&["mariadb:11.8"]) else {
        return;
    };
    let server = Mysql::start("mariadb:11.8");
    of_mysql(&store, &server);
}

#[test]
fn names_of_mysqls_databases_are_names() {
    let Some(store) = start(&["mysql:9"]) else { return };
    let server = Mysql::start("mysql:9");
    of_mysql(&store, &server);
}

fn of_mysql(store: &Store, server: &Mysql) {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let names = [&NAMES[..], &["app"]].concat();
    for name in &names {
        let made = format!(
            "CREATE DATABASE {0}; CREATE TABLE {0}.{0} AS SELECT HEX('{1}') a",
            quoted(name),
            hex(name)
        );
        server.sql("mysql", &made);
    }
    let own = "('mysql', 'information_schema', 'performance_schema', 'sys')";
    let all = format!(
        "SELECT HEX(schema_name) FROM information_schema.schemata WHERE schema_name NOT IN {own} ORDER BY 1"
    );
    let before = server.sql("mysql", &all);
    assert_eq!(before.lines().count(), names.len());
    let lifeboat = Lifeboat::new(store, &server.name);
    lifeboat.succeed(&["backup"]);
    assert_eq!(listed(&lifeboat), names.len() + 1);
    for name in &names {
        server.sql("mysql", &format!("DROP DATABASE {}", quoted(name)));
    }
    lifeboat.succeed(&["restore", "latest"]);
    // Over what is there, which is backed up first.
    for name in [NAMES[0], NAMES[2], NAMES[3], NAMES[5]] {
        let database = format!("--database={name}");
        lifeboat.succeed(&["restore", "latest", "--overwrite", &database]);
    }
    assert_eq!(server.sql("mysql", &all), before);
    for name in &names {
        let rows = server.sql("mysql", &format!("SELECT * FROM {0}.{0}", quoted(name)));
        assert_eq!(rows, hex(&hex(name)));
    }
    assert_nothing_was_run(server);
}

fn hex(text: &str) -> String {
    lifeboat::runtime::wholeness::record::hex(text.as_bytes()).to_uppercase()
}

/// Databases whose views look into each other are loaded in two parts. Where a dump is cut is found by a line that a trigger may
/// have in a text. Then the client sends the text without an end at the end of its input, the server refuses it, and the second
/// part, in which the rest of the text would be statements, never begins.
#[test]
fn a_text_that_looks_like_the_views_of_a_dump_is_a_text() {
    for image in ["mariadb:11.8", "mysql:9"] {
        let Some(store) = start(&["mariadb:11.8", "mysql:9"]) else {
            return;
        };
        let server = Mysql::start(image);
        cut_within_a_text(&store, &server);
    }
}

fn cut_within_a_text(store: &Store, server: &Mysql) {
    let pairs = [("one", "two"), ("two", "one")];
    for (name, _) in pairs {
        let trigger = "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 'x\n\
                       -- Final view structure for view `y`\nCREATE DATABASE evil;\n-- '";
        let made = format!("CREATE DATABASE {name}; USE {name}; CREATE TABLE t AS SELECT 1 a; {trigger}");
        server.sql("mysql", &made);
    }
    for (name, other) in pairs {
        server.sql(name, &format!("CREATE VIEW v AS SELECT a FROM {other}.t"));
    }
    let lifeboat = Lifeboat::new(store, &server.name);
    lifeboat.succeed(&["backup"]);
    server.sql("mysql", "DROP DATABASE one; DROP DATABASE two");
    lifeboat.fail(&["restore", "latest"], 4, "");
    assert!(!server.databases().contains(&"evil".to_owned()));
}

/// As an identifier, as a text, for a shell, and for `psql`.
const CODE: &str = "x\"';CREATE ROLE evil SUPERUSER;DROP TABLE public.t;\n\\! touch /tmp/evil\n\
                    --$(touch /tmp/evil)`touch /tmp/evil`";

/// Whoever can write a manifest can write a dump, which is SQL. But the manifest is data: none of its words is run.
#[test]
fn words_of_a_manifest_are_not_run_by_postgresql() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    server.sql("postgres", "CREATE DATABASE app");
    server.sql("app", "CREATE TABLE t AS SELECT 1 a");
    let lifeboat = Lifeboat::new(&store, &server.name)
        .with("DATABASES", "app")
        .with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    let key = store.backups("app").remove(0);
    let whole = store.get(&format!("{key}.json"));
    let settings = json!([
        {"role": null, "config": [format!("{CODE}=x"), format!("search_path={CODE}"), format!("work_mem={CODE}")]},
        {"role": CODE, "config": [format!("my.custom={CODE}")]},
    ]);
    let acl = json!([
        {"grantor": "postgres", "grantee": CODE, "privilege": "CONNECT", "grantable": true},
        {"grantor": CODE, "grantee": CODE, "privilege": CODE, "grantable": false},
    ]);
    let mut hostile: Vec<_> = [
        "owner",
        "encoding",
        "collate",
        "ctype",
        "locale_provider",
        "locale",
        "icu_rules",
    ]
    .iter()
    .chain(&["tablespace", "comment"])
    .map(|field| (*field, json!(CODE)))
    .collect();
    hostile.extend([
        ("labels", json!([{"provider": CODE, "label": CODE}])),
        ("settings", settings),
        ("acl", acl),
        ("roles", json!([CODE, "--help"])),
        ("tablespaces", json!([CODE])),
        ("subscriptions", json!([CODE])),
        ("slots", json!([CODE])),
        ("connection_limit", json!(i32::MIN)),
        ("bytes", json!(0)),
    ]);
    let mut succeeded = BTreeSet::new();
    for (field, value) in hostile {
        store.damage(&format!("{key}.json"), |bytes| {
            let mut manifest: Value = serde_json::from_slice(&whole).unwrap();
            manifest["properties"][field] = value;
            manifest["options"] = json!([CODE, "--help"]);
            *bytes = serde_json::to_vec(&manifest).unwrap();
        });
        let ran = lifeboat.run(&["restore", "latest", "--overwrite", "--discard"]);
        let lines = ran
            .stderr
            .lines()
            .chain(std::str::from_utf8(&ran.stdout).unwrap().lines());
        for line in lines {
            assert_eq!(line, lifeboat::shown::printable(line), "{field}");
        }
        assert!(!ran.stderr.contains("panicked"), "{field}: {}", ran.stderr);
        if ran.code == 0 {
            succeeded.insert(field);
        } else {
            assert!([2, 4, 6, 7].contains(&ran.code), "{field}: {}", ran.stderr);
        }
        let evil = server.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'evil'");
        assert_eq!(evil, "0", "{field}");
        assert_eq!(
            server.sql("app", "TABLE public.t"),
            "1",
            "{field}: {}",
            ran.stderr
        );
        assert_eq!(server.databases(), ["app", "postgres"], "{field}");
        assert_nothing_was_run(&server);
    }
    // Otherwise nothing of it would have been tried.
    for field in ["comment", "slots", "tablespaces"] {
        assert!(succeeded.contains(field), "{field}: {succeeded:?}");
    }
    assert_eq!(
        server.sql(
            "postgres",
            "SELECT to_json(shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname = 'app'"
        ),
        ""
    );
}
