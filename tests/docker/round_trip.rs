//! Dump, drop, restore: what `pg_dump --create` of each database and `pg_dumpall --globals-only` say is the same
//! afterwards, to the byte.

use crate::support::{Lifeboat, MAJORS, Postgres, start};
use std::collections::BTreeMap;

/// Everything the stock tools say about a server.
fn told(server: &Postgres) -> BTreeMap<String, String> {
    let globals = server.exec(&["pg_dumpall", "--globals-only", "-U", "postgres"]);
    let mut told = BTreeMap::from([("globals".to_owned(), masked(&globals))]);
    for database in server.databases() {
        told.insert(format!("database {database:?}"), dumped(server, &database));
    }
    told
}

/// A database in `pg_dump`'s words.
fn dumped(server: &Postgres, database: &str) -> String {
    let connection = format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"));
    // A time-out that is set for the database would end pg_dump as well.
    let mut argv = vec![
        "env",
        "PGOPTIONS=-c statement_timeout=0",
        "pg_dump",
        "-U",
        "postgres",
        "-d",
        &connection,
    ];
    if !database.contains('\n') {
        // With --create it refuses such a name.
        argv.push("--create");
    }
    let output = server.exec_with(&argv, b"");
    assert!(output.status.success(), "{database:?}: {output:?}");
    // A database may be in another encoding.
    masked(&String::from_utf8_lossy(&output.stdout))
}

/// Without the random key of each dump.
fn masked(text: &str) -> String {
    let random = |line: &&str| !line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict ");
    text.lines().filter(random).collect::<Vec<_>>().join("\n")
}

/// Says where two texts part, rather than showing all of both.
fn assert_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (what, before) in before {
        assert_same_text(what, before, &after[what]);
    }
}

fn assert_same_text(what: &str, before: &str, after: &str) {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let first = (0..before.len().max(after.len())).find(|&line| before.get(line) != after.get(line));
    if let Some(line) = first {
        let around = |lines: &[&str]| lines[line.saturating_sub(6)..lines.len().min(line + 6)].join("\n");
        panic!(
            "{what} differs:\n{}\n--- and after:\n{}",
            around(&before),
            around(&after)
        );
    }
}

fn fill(server: &Postgres, major: u32) {
    server.sql("postgres", include_str!("round_trip.sql"));
    if major >= 17 {
        let builtin =
            "CREATE DATABASE builtin TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'";
        server.sql("postgres", builtin);
        server.sql(
            "postgres",
            "GRANT grantor TO member WITH INHERIT FALSE, SET FALSE",
        );
    }
    server.sql("with space", include_str!("round_trip_contents.sql"));
    server.sql(
        "icu",
        "CREATE TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('Ärger'), ('Zorn')",
    );
    server.sql("latin1", "CREATE TABLE t AS SELECT 'Ärger' a");
    server.sql("new\nline", "CREATE TABLE t AS SELECT 1 a");
    server.sql("_globals", "CREATE TABLE t AS SELECT 1 a");
    server.exec(&[
        "pgbench",
        "--quiet",
        "-i",
        "-U",
        "postgres",
        "dbname='quo\"te\\'s'",
    ]);
}

/// All but the superuser and his database.
fn drop_everything(server: &Postgres) {
    let databases = "SELECT format('DROP DATABASE %I', datname) FROM pg_database \
                     WHERE NOT datistemplate AND datname <> 'postgres' \\gexec\n";
    server.sql("postgres", databases);
    let roles = "SELECT format('DROP OWNED BY %I; DROP ROLE %I', rolname, rolname) FROM pg_roles \
                 WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY rolname DESC \\gexec\n";
    server.sql("postgres", roles);
    assert_eq!(server.databases(), ["postgres"]);
    assert_eq!(
        server.sql(
            "postgres",
            "SELECT count(*) FROM pg_roles WHERE rolname !~ '^pg_'"
        ),
        "1"
    );
}

fn round_trips(major: u32) {
    let Some(store) = start(&[&format!("postgres:{major}")]) else {
        return;
    };
    let server = Postgres::start(major);
    fill(&server, major);
    let before = told(&server);
    for format in ["custom", "plain"] {
        let lifeboat = Lifeboat::new(&store, &server.name).with("POSTGRES_FORMAT", format);
        lifeboat.succeed(&["backup"]);
        drop_everything(&server);
        lifeboat.succeed(&["restore", "latest"]);
        assert_same(&before, &told(&server));
    }
    // Over what is there, with all its settings and sessions, once more.
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["restore", "latest", "--overwrite", "--discard"]);
    assert_same(&before, &told(&server));
    server.assert_never_restarted();
}

#[test]
fn of_15() {
    round_trips(MAJORS[0]);
}

#[test]
fn of_17() {
    round_trips(MAJORS[1]);
}

#[test]
fn of_18() {
    round_trips(MAJORS[2]);
}

/// PostgreSQL's own regression database has an object of every kind there is.
///
/// It also has columns whose order nobody can dump: those of a table that was given a parent later come in the
/// parent's order (`gtestxx_4`; PostgreSQL's own test of this, `AdjustDump.pm`, rewrites them). So one cycle of the
/// stock tools comes first, and what is compared is the text after it.
fn regression(major: u32) {
    let Some(store) = start(&[&format!("lifeboat-test/postgres-regress:{major}")]) else {
        return;
    };
    let server = Postgres::start_regression(major);
    let stock = "set -e; pg_dump -U postgres -Fc -Z0 regression >/tmp/dump; dropdb -U postgres regression; \
                 pg_restore -U postgres --exit-on-error --create -d postgres /tmp/dump; rm /tmp/dump";
    server.exec(&["sh", "-c", stock]);
    let before = dumped(&server, "regression");
    for format in ["custom", "plain"] {
        let lifeboat = Lifeboat::new(&store, &server.name)
            .with("POSTGRES_FORMAT", format)
            .with("DATABASES", "regression");
        lifeboat.succeed(&["backup"]);
        server.sql("postgres", "DROP DATABASE regression");
        lifeboat.succeed(&["restore", "latest"]);
        assert_same_text(format, &before, &dumped(&server, "regression"));
    }
    server.assert_never_restarted();
}

#[test]
fn of_the_regression_database_of_15() {
    regression(MAJORS[0]);
}

#[test]
fn of_the_regression_database_of_17() {
    regression(MAJORS[1]);
}

#[test]
fn of_the_regression_database_of_18() {
    regression(MAJORS[2]);
}
