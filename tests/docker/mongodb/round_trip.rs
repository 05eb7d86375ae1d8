//! Dump, drop, restore: what the server tells of itself is the same afterwards.

use super::{assert_same, ready};
use crate::support::Lifeboat;
use crate::support::mongodb::Mongodb;

const FILL: &str = include_str!("fill.js");

#[test]
fn of_a_server_by_itself() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start();
    server.js(FILL);
    let before = server.told();
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    for database in [
        "app",
        "many",
        "%5Fod-d%C3%A4%C3%B6%C3%BC%25%2A",
        "only-empty",
        "_globals",
    ] {
        let keys = store.backups(database);
        assert_eq!(keys.len(), 1, "{database}: {:?}", store.keys());
        assert!(keys[0].ends_with(".archive.bz2"), "{keys:?}");
    }
    lifeboat.succeed(&["verify"]);
    server.drop_everything();
    lifeboat.succeed(&["restore", "latest"]);
    assert_same(&before, &server.told());
    // Over what is there, once more: nothing of the old stays.
    server.js("db.getSiblingDB('app').later.insertOne({}); db.getSiblingDB('app').plain.updateMany({}, {$set: {x: 1}})");
    lifeboat.succeed(&["restore", "latest", "--overwrite", "--discard"]);
    assert_same(&before, &server.told());
    // A collection whose time series has data can be used as before.
    server.js("db.getSiblingDB('app').series.insertOne({t: new Date(), m: {s: 1}, v: 1})");
}

#[test]
fn of_a_replica_set_with_everything_as_one() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_set();
    server.js(FILL);
    let before = server.told();
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    let keys: Vec<_> = store
        .keys()
        .into_iter()
        .filter(|key| !key.ends_with(".json"))
        .collect();
    assert_eq!((keys.len(), store.backups("_all").len()), (1, 1), "{keys:?}");
    let command = store.manifest(&keys[0])["dump"]["command"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(command.contains("--oplog"), "{command}");
    server.drop_everything();
    lifeboat.succeed(&["restore", "latest"]);
    assert_same(&before, &server.told());
    server.js("db.getSiblingDB('app').later.insertOne({}); db.getSiblingDB('later').a.insertOne({})");
    lifeboat.fail(&["restore", "latest"], 7, "not empty");
    lifeboat.fail(
        &["restore", "latest", "--as", "x", "--overwrite"],
        2,
        "whole server",
    );
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_same(&before, &server.told());
    // What was replaced, and comes back as one too.
    lifeboat.succeed(&[
        "restore",
        "latest",
        "--database",
        "_replaced._all",
        "--overwrite",
        "--discard",
    ]);
    assert_eq!(
        server.js("print(db.getSiblingDB('later').a.countDocuments({}))"),
        "1"
    );
    // Into a server by itself.
    let other = Mongodb::start_open();
    lifeboat.succeed(&["restore", "latest", "--into", &other.name]);
    assert_same(&before, &other.told());
    // Each by itself, on demand.
    lifeboat.clone().with("MONGO_OPLOG", "false").succeed(&["backup"]);
    assert_eq!(store.backups("many").len(), 1);
    lifeboat.with("DATABASES", "app").succeed(&["backup"]);
    assert_eq!((store.backups("app").len(), store.backups("_all").len()), (2, 1));
}

/// Two collections that are written in turn: at no moment has the second more than the first, nor more than one less.
const WRITER: &str = "
    const a = db.getSiblingDB('first').a, b = db.getSiblingDB('second').b;
    for (let i = 0; !db.getSiblingDB('over').over.findOne(); i++) {
      a.insertOne({_id: i, pad: 'x'.repeat(2000)}); b.insertOne({_id: i, pad: 'x'.repeat(2000)});
      a.updateOne({_id: i}, {$inc: {n: 1}});
    }";

#[test]
fn while_somebody_writes_it_is_of_one_moment() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_set();
    let other = Mongodb::start_open();
    // Enough to be dumped before them that some writes happen meanwhile.
    server.fill_with_noise("before");
    let lifeboat = Lifeboat::new(&store, &server.name).with("COMPRESSION", "none");
    std::thread::scope(|scope| {
        scope.spawn(|| server.js(WRITER));
        crate::support::wait_until("the writer", crate::support::LONG, || {
            server.js("print(db.getSiblingDB('second').b.countDocuments({}))") != "0"
        });
        lifeboat.succeed(&["backup"]);
        server.js("db.getSiblingDB('over').over.insertOne({})");
    });
    lifeboat.succeed(&["restore", "latest", "--into", &other.name]);
    let count =
        |server: &Mongodb, what: &str| -> i64 { server.js(&format!("print({what})")).parse().unwrap() };
    let a = count(&other, "db.getSiblingDB('first').a.countDocuments({})");
    let b = count(&other, "db.getSiblingDB('second').b.countDocuments({})");
    let last = count(&other, "db.getSiblingDB('first').a.countDocuments({n: 1})");
    assert!(a == b || a == b + 1, "{a} and {b}");
    assert!(last == b || last == b - 1, "{last} of {b}");
    assert!(b > 0 && b <= count(&server, "db.getSiblingDB('second').b.countDocuments({})"));
}

/// What is in the bucket needs no lifeboat.
#[test]
fn with_the_stock_tools_alone() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_open();
    server.js("db.getSiblingDB('app').c.insertMany([{_id: 1}, {_id: 2}])");
    Lifeboat::new(&store, &server.name).succeed(&["backup"]);
    let key = store.backups("app").pop().unwrap();
    let object = store.get(&key);
    let decompressed = std::process::Command::new("bzip2")
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .map(|mut child| {
            use std::io::Write as _;
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(&object).unwrap();
            drop(stdin);
            child.wait_with_output().unwrap().stdout
        });
    let Ok(archive) = decompressed else {
        crate::support::skip::for_want_of("bzip2");
        return;
    };
    server.js("db.getSiblingDB('app').dropDatabase()");
    let restored = server.exec_with(&["mongorestore", "--archive"], &archive);
    assert!(restored.status.success(), "{restored:?}");
    assert_eq!(
        server.js("print(db.getSiblingDB('app').c.countDocuments({}))"),
        "2"
    );
}
