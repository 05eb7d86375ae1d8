//! A destination that is older than the server a backup was made on: found before anything is touched.

use crate::support::mongodb::{IMAGE, Mongodb};
use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{Lifeboat, Store, start};

fn older_mariadb() {
    let Some(store) = start(&[IMAGES[0], IMAGES[1]]) else {
        return;
    };
    let (new, old) = (Mysql::start(IMAGES[1]), Mysql::start(IMAGES[0]));
    for server in [&new, &old] {
        server.sql("mysql", "CREATE DATABASE app; CREATE TABLE app.t AS SELECT 1 i");
    }
    old.sql("app", "UPDATE t SET i = 2");
    let lifeboat = Lifeboat::new(&store, &new.name).with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    let into = ["restore", "latest", "--into", &old.name];
    for more in [&["--overwrite"][..], &["--overwrite", "--discard"]] {
        let ran = lifeboat.fail(&[&into[..], more].concat(), 7, "10.11");
        assert!(ran.stderr.contains("11.8"), "{}", ran.stderr);
    }
    assert_eq!(old.sql("app", "SELECT i FROM t"), "2");
    assert_eq!(store.backups("_replaced.app").len(), 0);
    // Beside it, nothing can be lost.
    lifeboat.succeed(&[&into[..], &["--as", "beside"]].concat());
    assert_eq!(old.sql("beside", "SELECT i FROM t"), "1");
    lifeboat.fail(
        &[&into[..], &["--as", "beside", "--overwrite"]].concat(),
        7,
        "10.11",
    );
    // What a restore has left half done there may be done again.
    old.sql(
        "beside",
        "CREATE TABLE lifeboat_restoring (unfinished INT PRIMARY KEY)",
    );
    lifeboat.succeed(&[&into[..], &["--as", "beside", "--overwrite", "--discard"]].concat());
    // The other way round it is newer.
    let newer = Lifeboat::new(&store, &old.name).with("GLOBALS", "false");
    newer.succeed(&["backup"]);
    newer.succeed(&[
        "restore",
        "latest",
        "--target",
        &old.name,
        "--database",
        "app",
        "--into",
        &new.name,
        "--overwrite",
    ]);
    assert_eq!(new.sql("app", "SELECT i FROM t"), "2");
}

/// Says in a manifest that the backup was made on another version.
fn made_on(store: &Store, key: &str, version: &str) {
    store.damage(&format!("{key}.json"), |bytes| {
        let mut manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        manifest["server_version"] = version.into();
        *bytes = serde_json::to_vec(&manifest).unwrap();
    });
}

fn older_mongodb() {
    let Some(store) = start(&[IMAGE]) else { return };
    let server = Mongodb::start_open();
    server.js("db.getSiblingDB('app').c.insertOne({_id: 1})");
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    let key = store.backups("app").pop().unwrap();
    server.js("db.getSiblingDB('app').c.insertOne({_id: 2})");
    made_on(&store, &key, "8.0.4");
    for more in [&["--overwrite"][..], &["--overwrite", "--discard"]] {
        let ran = lifeboat.fail(&[&["restore", &key][..], more].concat(), 7, "8.0.4");
        assert!(ran.stderr.contains("6.0"), "{}", ran.stderr);
    }
    assert_eq!(
        server.js("print(db.getSiblingDB('app').c.countDocuments({}))"),
        "2"
    );
    lifeboat.succeed(&["restore", &key, "--as", "beside"]);
    // A manifest that says nothing of it, as old ones do.
    made_on(&store, &key, "");
    lifeboat.succeed(&["restore", &key, "--overwrite"]);
}

fn mysql_of_another_make() {
    let Some(store) = start(&[IMAGES[2]]) else { return };
    let server = Mysql::start(IMAGES[2]);
    server.sql("mysql", "CREATE DATABASE app; CREATE TABLE app.t AS SELECT 1 i");
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    let key = store.backups("app").pop().unwrap();
    server.sql("app", "UPDATE t SET i = 2");
    // A year and a month come after every number.
    for version in ["26.7.0", "11.8.6-MariaDB-ubu2404", "9.999.0"] {
        made_on(&store, &key, version);
        lifeboat.fail(&["restore", &key, "--overwrite"], 7, version);
    }
    assert_eq!(server.sql("app", "SELECT i FROM t"), "2");
    made_on(&store, &key, "8.0.36");
    lifeboat.succeed(&["restore", &key, "--overwrite"]);
}

rows! {
    mariadb: older_mariadb();
    mongodb: older_mongodb();
    mysql: mysql_of_another_make();
}
