//! What goes wrong, and what is said then.

use super::ready;
use crate::support::mongodb::{Mongodb, USER};
use crate::support::{Container, Lifeboat};

#[test]
fn are_told_with_the_mend() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start();
    server.js("db.getSiblingDB('app').c.insertOne({_id: 1}); db.getSiblingDB('app').createUser({user: 'u', pwd: 'p', roles: []});
               db.getSiblingDB('admin').createUser({user: 'reader', pwd: 'p', roles: ['readAnyDatabase']})");
    let lifeboat = Lifeboat::new(&store, &server.name);
    let with = |name: &str, value: &str| lifeboat.clone().with(name, value);
    with("DB_PASSWORD", "wrong").fail(&["backup"], 4, "set DB_USER and DB_PASSWORD");
    with("DB_USER", "nobody").fail(&["backup"], 4, "Authentication failed");
    with("DATABASES", "app,nowhere").fail(
        &["backup"],
        2,
        "there is no database \"nowhere\"; there are \"app\"",
    );
    with("DATABASES", "admin").fail(&["backup"], 2, "GLOBALS");
    with("MONGO_OPLOG", "true").fail(&["backup"], 2, "standalone");
    with("MONGO_OPLOG", "true")
        .with("DATABASES", "app")
        .fail(&["backup"], 2, "goes only with all databases");
    for options in [
        "--out=x",
        "-o x",
        "--gzip",
        "--archive=x",
        "-d x",
        "--host=x",
        "--uri x",
        "-px",
        "--quiet",
        "--config=x",
    ] {
        with("DUMP_OPTIONS", options)
            .with("ENGINE", "mongodb")
            .fail(&["backup"], 2, "DUMP_OPTIONS");
    }
    for options in ["--dryRun", "--drop", "--nsExclude=*", "--dir=x", "-u x", "--db x"] {
        with("RESTORE_OPTIONS", options)
            .with("ENGINE", "mongodb")
            .fail(&["backup"], 2, "RESTORE_OPTIONS");
    }
    assert_eq!(store.keys(), Vec::<String>::new());
    // The whole of what is said: the tool's account of its progress is no warning.
    let ran = lifeboat.succeed(&["backup"]);
    assert!(
        !ran.stderr.contains("the dump tool said") && !ran.stderr.contains("dumping"),
        "{}",
        ran.stderr
    );
    // An account that may read the data, and not the users.
    let ran = with("DB_USER", "reader")
        .with("DB_PASSWORD", "p")
        .succeed(&["backup"]);
    assert!(
        ran.stderr.contains("may not read users and roles"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        (store.backups("_globals").len(), store.backups("app").len()),
        (1, 2)
    );
    with("DB_USER", "reader")
        .with("DB_PASSWORD", "p")
        .with("MONGO_FSYNC_LOCK", "true")
        .fail(&["backup"], 4, "MONGO_FSYNC_LOCK=false");
    let check = lifeboat.run(&["check"]).text();
    for words in ["mongodump", "standalone", USER, "1 databases", "server 6."] {
        assert!(check.contains(words), "{words}: {check}");
    }
    with("DUMP_OPTIONS", "--excludeCollection=c").fail(&["backup"], 4, "there is no collection in it");
}

#[test]
fn of_a_server_that_is_only_starting_there_are_none() {
    let Some(store) = ready() else { return };
    // The server starts when it is told to.
    let script = "until [ -e /tmp/go ]; do sleep 0.1; done; exec docker-entrypoint.sh mongod --bind_ip_all";
    let server = Container::run(
        crate::support::mongodb::IMAGE,
        &["--tmpfs", "/data/db", "--entrypoint", "bash"],
        &["-c", script],
    );
    let lifeboat = Lifeboat::new(&store, &server.name)
        .with("LOG_LEVEL", "debug")
        .with("ENGINE", "mongodb");
    let running = lifeboat.spawn(&["backup"]);
    running.wait_for("the server is starting");
    server.exec(&["touch", "/tmp/go"]);
    let ran = running.wait(crate::support::LONG);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(store.backups("_globals").len(), 1);
}

#[test]
fn without_mongosh_it_is_said_what_is_needed() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_open();
    server.exec(&["sh", "-c", "rm -f \"$(command -v mongosh)\""]);
    Lifeboat::new(&store, &server.name).fail(&["backup"], 4, "has no mongosh");
}
