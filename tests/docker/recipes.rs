//! The README's recipes for the custom engine, each as it stands there: dumped, destroyed, restored.

use crate::support::{Container, LONG, Lifeboat, Postgres, Store, start, wait_until};
use std::collections::BTreeMap;

/// The variables of the recipe whose introduction begins with `words`, read as compose would read them.
fn recipe(words: &str) -> BTreeMap<String, String> {
    let readme = include_str!("../../README.md");
    let (_, after) = readme
        .split_once(&format!("\n\n{words}"))
        .expect("the recipe is in the README");
    let (_, block) = after.split_once("```yaml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in block.lines() {
        if let Some(folded) = line.strip_prefix("  ") {
            let value = found.get_mut(&last).unwrap();
            if !value.is_empty() {
                value.push(' ');
            }
            value.push_str(folded);
        } else {
            let (name, value) = line.split_once(": ").unwrap();
            name.clone_into(&mut last);
            found.insert(last.clone(), value.trim_start_matches(">-").to_owned());
        }
    }
    for value in found.values_mut() {
        *value = value.replace("$$", "$");
    }
    assert_eq!(found.len(), 3, "{found:?}");
    found
}

fn lifeboat(store: &Store, target: &Container, words: &str) -> Lifeboat {
    recipe(words).iter().fold(
        Lifeboat::new(store, &target.name).with("ENGINE", "custom"),
        |lifeboat, (name, value)| lifeboat.with(name, value),
    )
}

/// One that has Redis, `SQLite` and a shell.
fn workshop() -> Container {
    Container::run("lifeboat-test/recipes", &["--init"], &["sleep", "3600"])
}

fn sh(target: &Container, command: &str) -> String {
    target.exec(&["sh", "-c", command]).trim_end().to_owned()
}

#[test]
fn a_volume_by_tar() {
    let Some(store) = start(&["busybox:latest"]) else {
        return;
    };
    let target = Container::run("busybox:latest", &["--init"], &["sleep", "3600"]);
    let sum = "cd /files && find . -type f | sort | while read -r f; do sha256sum \"$f\"; done | sha256sum";
    sh(
        &target,
        "mkdir -p /files/a/b && head -c 3000000 /dev/urandom >/files/a/noise && echo x >'/files/a/b/odd name' \
         && : >/files/empty && echo hidden >/files/.hidden",
    );
    let before = sh(&target, sum);
    let lifeboat = lifeboat(&store, &target, "A volume, by tar");
    lifeboat.succeed(&["backup"]);
    sh(
        &target,
        "rm -r /files/a && echo new >/files/newer && echo y >/files/.hidden",
    );
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(sh(&target, sum), before);
}

#[test]
fn sqlite_with_a_writer() {
    let Some(store) = start(&["lifeboat-test/recipes"]) else {
        return;
    };
    let target = workshop();
    sh(
        &target,
        "sqlite3 /data/app.db 'PRAGMA journal_mode=WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB); \
         WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) \
         INSERT INTO t SELECT n, randomblob(100) FROM c; CREATE TABLE ticks (n INTEGER)'",
    );
    let sum = "sqlite3 /data/app.db 'SELECT n, hex(b) FROM t' | sha256sum";
    let before = sh(&target, sum);
    sh(
        &target,
        "(while [ ! -e /tmp/enough ]; do \
           sqlite3 -cmd '.timeout 5000' /data/app.db 'INSERT INTO ticks VALUES (1)'; done; touch /tmp/ended) >/dev/null 2>&1 &",
    );
    let lifeboat = lifeboat(&store, &target, "SQLite, with");
    lifeboat.succeed(&["backup"]);
    sh(&target, "touch /tmp/enough");
    target.wait_for_file("/tmp/ended");
    sh(
        &target,
        "sqlite3 -cmd '.timeout 5000' /data/app.db 'DELETE FROM t; DROP TABLE ticks'",
    );
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(sh(&target, sum), before);
    assert_eq!(sh(&target, "ls /tmp | grep -c '^tmp' || :"), "0");
}

#[test]
fn redis_as_a_snapshot() {
    let Some(store) = start(&["lifeboat-test/recipes"]) else {
        return;
    };
    let target = Container::run(
        "lifeboat-test/recipes",
        &[],
        &[
            "redis-server",
            "--requirepass",
            "hunter 2's",
            "--dir",
            "/data",
            "--save",
            "3600 1",
        ],
    );
    let cli = |command: &str| {
        sh(
            &target,
            &format!("REDISCLI_AUTH=\"hunter 2's\" redis-cli {command}"),
        )
    };
    let ready = || wait_until("Redis", LONG, || target.succeeds(&["redis-cli", "ping"]));
    ready();
    cli("SET greeting hello");
    cli("EVAL \"for n=1,5000 do redis.call('HSET', 'h' .. n % 50, n, string.rep('x', n % 300)) end\" 0");
    let digest = "EVAL \"local all = {} for i = 0, 49 do local h = redis.call('HGETALL', 'h' .. i) table.sort(h) \
                  all[#all + 1] = table.concat(h, ',') end return redis.sha1hex(table.concat(all, ';'))\" 0";
    let before = cli(digest);
    let lifeboat = lifeboat(&store, &target, "Redis, as").with("DB_PASSWORD", "hunter 2's");
    lifeboat.succeed(&["backup"]);
    cli("FLUSHALL");
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    crate::support::engine::docker(&["restart", &target.name]);
    ready();
    assert_eq!((cli("GET greeting"), cli(digest)), ("hello".to_owned(), before));
    // Without the password nothing that could be taken for a backup.
    lifeboat.with("DB_PASSWORD", "").fail(&["backup"], 4, "");
    assert_eq!(store.backups("_all").len(), 1);
}

#[test]
fn a_whole_postgresql_server() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    server.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'x'");
    server.sql("postgres", "CREATE DATABASE app OWNER app");
    server.sql(
        "app",
        "CREATE TABLE t AS SELECT n, md5(n::text) AS m FROM generate_series(1, 5000) AS n",
    );
    let sum = "SELECT md5(string_agg(m, ',' ORDER BY n)) FROM t";
    let before = server.sql("app", sum);
    let lifeboat = recipe("A whole PostgreSQL server").iter().fold(
        Lifeboat::new(&store, &server.name).with("ENGINE", "custom"),
        |lifeboat, (name, value)| lifeboat.with(name, value),
    );
    lifeboat.succeed(&["backup"]);
    server.sql("app", "DROP TABLE t");
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(server.sql("app", sum), before);
    server.sql("postgres", "DROP DATABASE app");
    server.sql("postgres", "DROP ROLE app");
    // The newest is what the restore above replaced, were it not for its name.
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(server.sql("app", sum), before);
}

#[test]
fn a_script_that_writes_a_file() {
    let Some(store) = start(&["lifeboat-test/recipes"]) else {
        return;
    };
    let target = workshop();
    sh(
        &target,
        "cat >/usr/local/bin/export.sh <<'END'\n#!/bin/sh\necho exporting\nsort /data/numbers >\"$1\"\nEND\n\
         cat >/usr/local/bin/import.sh <<'END'\n#!/bin/sh\necho importing\ncp \"$1\" /data/numbers\nEND\n\
         chmod +x /usr/local/bin/*.sh; seq 100000 | sort >/data/numbers",
    );
    let before = sh(&target, "sha256sum /data/numbers");
    let lifeboat = lifeboat(&store, &target, "Any script that");
    lifeboat.succeed(&["backup"]);
    sh(&target, "echo gone >/data/numbers");
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(sh(&target, "sha256sum /data/numbers"), before);
    // A script that fails is a dump that fails, whatever it has written.
    sh(&target, "echo 'exit 3' >>/usr/local/bin/export.sh");
    lifeboat.fail(&["backup"], 4, "3");
}
