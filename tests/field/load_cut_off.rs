//! A load that is cut off after the first change: whatever ended it, the error says how the database is left and with
//! which command the old state comes back; and what the restore took away on its way is given back by the next one.

use crate::gate::Gate;
use crate::support::engine::{SHELL, docker};
use crate::support::mongodb::{IMAGE, Mongodb};
use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{LONG, Lifeboat, Ran, Store, start};

/// The command that brings the old state back is named, with the key of the safety backup.
fn names_the_way_back(store: &Store, ran: &Ran) {
    let kept = store.backups("_replaced.app").pop().unwrap();
    let command = format!("lifeboat restore {kept} --overwrite");
    assert!(ran.stderr.contains(&command), "{command}: {}", ran.stderr);
    assert!(ran.stderr.contains("not whole"), "{}", ran.stderr);
}

fn target_killed(store: &Store, name: &str) -> Ran {
    let mut gate = Gate::at(store, 2);
    let lifeboat = Lifeboat::at(gate.endpoint(), name).with("GLOBALS", "false");
    let running = lifeboat.spawn(&["restore", "latest", "--database", "app", "--overwrite"]);
    gate.wait();
    docker(&["kill", name]);
    gate.open();
    running.wait(LONG)
}

fn mysql_target_killed(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app; CREATE TABLE app.t AS SELECT 1 i");
    Lifeboat::new(&store, &server.name)
        .with("GLOBALS", "false")
        .succeed(&["backup"]);
    let ran = target_killed(&store, &server.name);
    assert_ne!(ran.code, 0);
    names_the_way_back(&store, &ran);
}

fn mongodb_target_killed() {
    let Some(store) = start(&[IMAGE]) else { return };
    let server = Mongodb::start();
    server.js("db.getSiblingDB('app').c.insertOne({_id: 1})");
    Lifeboat::new(&store, &server.name)
        .with("GLOBALS", "false")
        .succeed(&["backup"]);
    let ran = target_killed(&store, &server.name);
    assert_ne!(ran.code, 0);
    names_the_way_back(&store, &ran);
}

/// A load that fails by itself, is told to end, or whose store fails; and what accounts may do with routines.
fn mysql_load(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql(
        "mysql",
        "CREATE DATABASE app; CREATE USER user@localhost IDENTIFIED BY 'x'",
    );
    server.sql("app", "CREATE TABLE t (i INT); INSERT INTO t VALUES (1); CREATE PROCEDURE p() SELECT 1; GRANT EXECUTE ON PROCEDURE p TO user@localhost");
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    let may = || {
        server
            .sql("mysql", "SHOW GRANTS FOR user@localhost")
            .contains("EXECUTE ON PROCEDURE `app`.`p`")
    };
    assert!(may());
    // By itself: the client doesn't know this.
    let restore = ["restore", "latest", "--database", "app", "--overwrite"];
    let failing = lifeboat.clone().with("RESTORE_OPTIONS", "--no-such-option");
    let ran = failing.run(&restore);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    names_the_way_back(&store, &ran);
    assert!(
        ran.stderr.contains("RESTORE_OPTIONS"),
        "its own hint: {}",
        ran.stderr
    );
    // Again, as it says.
    lifeboat.succeed(&[&restore[..], &["--discard"]].concat());
    assert!(may(), "{}", server.sql("mysql", "SHOW GRANTS FOR user@localhost"));
    assert_eq!(server.sql("app", "SELECT i FROM t"), "1");
    // Told to end while it loads; the accounts are read from the bucket too.
    let mut gate = Gate::at(&store, 3);
    let slow = Lifeboat::at(gate.endpoint(), &server.name);
    let running = slow.spawn(&restore);
    gate.wait();
    running.signal("TERM");
    let ran = running.wait(LONG);
    gate.open();
    assert_eq!(ran.code, 143, "{}", ran.stderr);
    names_the_way_back(&store, &ran);
    // Whoever has it open could write into what is loading.
    server.hold_with("app", "SELECT 1");
    let ran = lifeboat.succeed(&[&restore[..], &["--discard"]].concat());
    assert!(
        ran.stderr.contains("1 clients have the database open"),
        "{}",
        ran.stderr
    );
    assert!(may());
}

/// What a custom command has begun nobody can undo either.
fn custom() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = crate::support::Container::shell();
    target.exec(&["sh", "-c", "echo old > /data"]);
    let lifeboat = Lifeboat::new(&store, &target.name)
        .custom("cat /data")
        .with("RESTORE_COMMAND", "cat > /data; exit 9");
    lifeboat.succeed(&["backup"]);
    let ran = lifeboat.fail(&["restore", "latest", "--overwrite"], 4, "exit code 9");
    let kept = store.backups("_replaced.%5Fall").pop().unwrap();
    assert!(
        ran.stderr
            .contains(&format!("lifeboat restore {kept} --overwrite")),
        "{}",
        ran.stderr
    );
}

rows! {
    mariadb_target_killed: mysql_target_killed(IMAGES[1]);
    mongodb_killed: mongodb_target_killed();
    mariadb_load: mysql_load(IMAGES[0]);
    mysql_load_cut_off: mysql_load(IMAGES[2]);
    custom_command: custom();
}
