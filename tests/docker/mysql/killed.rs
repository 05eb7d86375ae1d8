//! lifeboat, the tool or the target ended in the middle: nothing counts as a backup, and no dump goes on; a restore
//! that was ended half way leaves a database that nobody takes for a whole one.

use crate::support::engine::docker;
use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{LONG, Lifeboat, SECONDS, Store, start, wait_until};

fn wait_until_no_dump(server: &Mysql) {
    let ours = |line: &str| line.contains("--no-defaults") || line.contains("lb_");
    wait_until("the dump's end", SECONDS, || {
        !server.processes().lines().any(ours)
    });
}

fn assert_no_backup(store: &Store, lifeboat: &Lifeboat) {
    assert_eq!(store.keys(), Vec::<String>::new());
    assert_eq!(store.open_uploads(), 0);
    assert!(!lifeboat.succeed(&["list"]).text().contains(".sql"));
}

fn while_a_dump_waits(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app");
    server.hold("app");
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    for (signal, code) in [("KILL", 137), ("TERM", 143)] {
        let running = lifeboat.spawn(&["backup"]);
        server.wait_for_waiting_dump();
        running.signal(signal);
        let ran = running.wait(SECONDS);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        wait_until_no_dump(&server);
        assert_no_backup(&store, &lifeboat);
        server.end_waiting();
    }
    // The tool itself, then the whole target.
    let running = lifeboat.spawn(&["backup"]);
    server.wait_for_waiting_dump();
    // Not the session that holds the lock.
    let kill = "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in sh*) ;; *--no-defaults*) kill -9 ${p#/proc/} ;; \
                esac; done";
    server.exec(&["sh", "-c", kill]);
    running.wait(SECONDS).assert_failed(4, "");
    assert_no_backup(&store, &lifeboat);
    server.end_waiting();
    let running = lifeboat.spawn(&["backup"]);
    server.wait_for_waiting_dump();
    docker(&["kill", &server.name]);
    let ran = running.wait(SECONDS);
    assert!([3, 4].contains(&ran.code), "{ran:?}");
    assert_eq!(store.keys(), Vec::<String>::new());
}

#[test]
fn while_a_dump_of_mariadb_waits() {
    while_a_dump_waits(IMAGES[1]);
}

#[test]
fn while_a_dump_of_mysql_waits() {
    while_a_dump_waits(IMAGES[2]);
}

/// A dump ends by itself when nobody gives the table free.
fn a_lock_is_waited_for_no_longer_than_told(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app");
    let id = server.hold("app");
    let lifeboat = Lifeboat::new(&store, &server.name)
        .with("GLOBALS", "false")
        .with("LOCK_WAIT_TIMEOUT", "2s");
    let ran = lifeboat.fail(&["backup"], 4, "Lock wait timeout exceeded");
    assert!(ran.stderr.contains("LOCK_WAIT_TIMEOUT"), "{}", ran.stderr);
    assert_no_backup(&store, &lifeboat);
    server.end(&id);
    lifeboat.succeed(&["backup"]);
}

#[test]
fn a_lock_in_mariadb_is_waited_for_no_longer_than_told() {
    a_lock_is_waited_for_no_longer_than_told(IMAGES[0]);
}

#[test]
fn a_lock_in_mysql_is_waited_for_no_longer_than_told() {
    a_lock_is_waited_for_no_longer_than_told(IMAGES[2]);
}

/// A restore that stands before a table that somebody reads.
fn half_way(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app");
    server.sql(
        "app",
        "CREATE TABLE a AS SELECT 1 id; CREATE TABLE z AS SELECT 7 id",
    );
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    let good = store.backups("app").pop().unwrap();
    server.sql("app", "INSERT INTO a VALUES (2), (3); CREATE TABLE later (a INT)");
    for (signal, code) in [("KILL", 137), ("TERM", 143)] {
        let reader = server.hold_with("app", "LOCK TABLE z READ");
        let running = lifeboat.spawn(&["restore", &good, "--overwrite"]);
        wait_until("half way", LONG, || {
            let waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'LOCK TABLES%`z`%' AND state \
                           LIKE 'Waiting%'";
            server.sql("mysql", waiting) != "0"
        });
        running.signal(signal);
        let ran = running.wait(SECONDS);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        wait_until_no_dump(&server);
        server.end(&reader);
        // Nobody knows how much of it is gone, and everybody is told.
        lifeboat.fail(&["backup"], 4, "did not come to its end");
        assert_eq!(store.backups("app").len(), 1);
        lifeboat.fail(&["restore", &good], 7, "unfinished restore");
        // What was there before is kept, and is not the latest.
        let kept = store.backups("_replaced.app");
        let latest = lifeboat.run(&["restore", "latest", "--database", "app"]);
        assert!(!latest.text().contains("_replaced"), "{}", latest.text());
        lifeboat.succeed(&["restore", &kept[kept.len() - 1], "--overwrite"]);
        assert_eq!(server.sql("app", "SELECT SUM(id) FROM a"), "6");
        assert_eq!(server.sql("app", "SELECT id FROM z"), "7");
        assert_eq!(server.sql("app", "SELECT COUNT(*) FROM later"), "0");
        // What the half database held was kept as well.
        assert_eq!(store.backups("_replaced.app").len(), kept.len() + 1);
    }
    lifeboat.succeed(&["backup"]);
    assert_eq!(store.backups("app").len(), 2);
}

#[test]
fn half_way_through_a_restore_of_mariadb() {
    half_way(IMAGES[1]);
}

#[test]
fn half_way_through_a_restore_of_mysql() {
    half_way(IMAGES[2]);
}
