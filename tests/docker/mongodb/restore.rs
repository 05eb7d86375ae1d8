//! Restoring: nothing is overwritten by accident, and what is replaced can be had back.

use super::ready;
use crate::support::mongodb::Mongodb;
use crate::support::{Front, LONG, Lifeboat, Request, SECONDS, front::Script, wait_until};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

fn count(server: &Mongodb, namespace: &str) -> String {
    let (database, collection) = namespace.split_once('.').unwrap();
    server.js(&format!(
        "print(db.getSiblingDB({database:?}).getCollection({collection:?}).countDocuments({{}}))"
    ))
}

#[test]
fn over_what_is_there_only_when_it_is_told_to() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start();
    server.js(
        "db.getSiblingDB('app').c.insertMany([{_id: 1}, {_id: 2}]); db.getSiblingDB('other').o.insertOne({});
         db.getSiblingDB('app').createView('names it', 'c', [{$addFields: {from: 'app'}}])",
    );
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    server.js("db.getSiblingDB('app').c.insertOne({_id: 3}); db.getSiblingDB('other').dropDatabase()");
    // `other` could be restored, but `app` is not empty: neither is.
    lifeboat.fail(&["restore", "latest"], 7, "not empty");
    assert_eq!(server.databases(), ["app"]);
    assert_eq!(count(&server, "app.c"), "3");
    // A view alone is something too.
    server.js("db.getSiblingDB('seen').createView('v', 'nothing', [])");
    lifeboat.fail(
        &["restore", "latest", "--database", "app", "--as", "seen"],
        7,
        "not empty",
    );
    lifeboat.fail(
        &["restore", "latest", "--database", "app", "--as", "admin"],
        7,
        "own",
    );
    // Under another name, beside it.
    let copy = "a-cöpy%*'";
    let ran = lifeboat.succeed(&["restore", "latest", "--database", "app", "--as", copy]);
    assert!(
        ran.stderr.contains("app.names it names the database app"),
        "{}",
        ran.stderr
    );
    assert_eq!(count(&server, &format!("{copy}.c")), "2");
    assert_eq!(count(&server, "app.c"), "3");
    // Over it; what it replaced is kept, is never the latest, and comes back.
    lifeboat.succeed(&["restore", "latest", "--database", "app", "--overwrite"]);
    assert_eq!(count(&server, "app.c"), "2");
    assert_eq!(store.backups("_replaced.app").len(), 1, "{:?}", store.keys());
    let ran = lifeboat.succeed(&["verify"]);
    assert!(!ran.text().contains("_replaced"), "{}", ran.text());
    lifeboat
        .clone()
        .with("KEEP_LAST", "1")
        .succeed(&["prune", "--apply"]);
    lifeboat.succeed(&[
        "restore",
        "latest",
        "--database",
        "_replaced.app",
        "--overwrite",
        "--discard",
    ]);
    assert_eq!(count(&server, "app.c"), "3");
    assert_eq!(store.backups("_replaced.app").len(), 1);
    // No marker has stayed anywhere.
    let left = server.json(
        "db.adminCommand({listDatabases: 1}).databases.filter(d =>
         db.getSiblingDB(d.name).getCollectionNames().some(c => c.startsWith('lifeboat'))).map(d => d.name)",
    );
    assert_eq!(left, serde_json::json!([]));
    // DUMP_OPTIONS leave nothing out of what is replaced.
    let less = lifeboat.clone().with("DUMP_OPTIONS", "--excludeCollection=c");
    less.succeed(&["restore", "latest", "--database", "app", "--overwrite"]);
    let key = store.backups("_replaced.app").pop().unwrap();
    assert_eq!(store.manifest(&key)["options"].as_array().map_or(0, Vec::len), 0);
    lifeboat.succeed(&["restore", &key, "--overwrite", "--discard"]);
    assert_eq!(count(&server, "app.c"), "3");
}

#[test]
fn users_and_roles_come_back_where_they_are_missing() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start();
    server.js(
        "const app = db.getSiblingDB('app'); app.c.insertOne({_id: 1});
         app.createRole({role: 'r', privileges: [], roles: ['read']});
         app.createUser({user: 'gone', pwd: 'old', roles: ['r']}); app.createUser({user: 'stays', pwd: 'old', roles: ['read']});",
    );
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    server.js(
        "const app = db.getSiblingDB('app'); app.dropUser('gone'); app.dropRole('r');
         app.changeUserPassword('stays', 'new'); app.c.drop();",
    );
    let logs_in = |server: &Mongodb, user: &str, password: &str| {
        let uri = format!("mongodb://{user}:{password}@127.0.0.1:27017/app?directConnection=true");
        server
            .try_js(&format!("new Mongo({uri:?}).getDB('app').c.findOne()"))
            .is_ok()
    };
    assert!(!logs_in(&server, "gone", "old"));
    let ran = lifeboat.succeed(&["restore", "latest"]);
    assert!(
        ran.stderr.contains("app.gone") && ran.stderr.contains("app.r"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("app.stays"), "{}", ran.stderr);
    assert!(logs_in(&server, "gone", "old"));
    assert!(logs_in(&server, "stays", "new") && !logs_in(&server, "stays", "old"));
    // Into another server only when they are asked for.
    let other = Mongodb::start_open();
    lifeboat.succeed(&["restore", "latest", "--database", "app", "--into", &other.name]);
    assert_eq!(count(&other, "admin.system.users"), "0");
    lifeboat.succeed(&[
        "restore",
        "latest",
        "--database",
        "_globals",
        "--into",
        &other.name,
    ]);
    assert_eq!(count(&other, "admin.system.users"), "3");
    assert_eq!(
        other.json("db.getSiblingDB('admin').getCollectionNames().filter(c => c.startsWith('lifeboat'))"),
        serde_json::json!([])
    );
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn an_altered_object_is_not_loaded() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_open();
    server
        .js("for (let i = 0; i < 1000; i++) db.getSiblingDB('app').c.insertOne({_id: i, x: 'x'.repeat(i)})");
    for compression in ["none", "bzip2"] {
        let lifeboat = Lifeboat::new(&store, &server.name).with("COMPRESSION", compression);
        lifeboat.succeed(&["backup"]);
        let key = store.backups("app").pop().unwrap();
        let whole = store.get(&key);
        server.js("db.getSiblingDB('app').c.updateMany({}, {$inc: {n: 1}})");
        let live = server.told();
        let damages: [Damage; 4] = [
            |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x10;
            },
            |bytes| bytes.truncate(bytes.len() - 1),
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| bytes.extend(b"more"),
        ];
        for damage in damages {
            store.damage(&key, damage);
            lifeboat.fail(&["restore", &key, "--overwrite"], 6, "");
            lifeboat.fail(&["restore", &key, "--as", "other"], 6, "");
            super::assert_same(&live, &server.told());
            store.damage(&key, |bytes| bytes.clone_from(&whole));
        }
        assert_eq!(store.backups("_replaced.app"), Vec::<String>::new());
        lifeboat.succeed(&["restore", &key, "--overwrite", "--discard"]);
    }
}

/// Lets the first readings of an object pass, and keeps back the reply to the one after.
struct Holds {
    passes: usize,
    seen: AtomicUsize,
    arrived: SyncSender<()>,
    over: Mutex<Receiver<()>>,
}

impl Script for Holds {
    fn reply(&self, request: &Request) {
        let path = request.path.split('?').next().unwrap_or_default();
        if request.method == "GET" && path.ends_with(".archive") && path.contains("/big/") {
            let seen = self.seen.fetch_add(1, Ordering::SeqCst);
            if seen == self.passes {
                let _ = self.arrived.try_send(());
                let _ = self.over.lock().unwrap().recv_timeout(LONG);
            }
        }
    }
}

#[test]
fn killed_half_way_the_half_is_never_backed_up() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_open();
    server.fill_with_noise("big");
    let plain = Lifeboat::new(&store, &server.name).with("COMPRESSION", "none");
    plain.succeed(&["backup"]);
    let before = server.told();
    // 81 MiB in pieces of 4 MiB: all of them once to prove it, and half of them again.
    for (signal, code) in [("KILL", 137), ("TERM", 143)] {
        let (arrived, arrival) = sync_channel(1);
        let (_over, until) = sync_channel(1);
        let front = Front::before(
            &store.server.endpoint,
            Holds {
                passes: 21 + 15,
                seen: AtomicUsize::new(0),
                arrived,
                over: Mutex::new(until),
            },
        );
        let lifeboat = Lifeboat::at(&front.endpoint, &server.name).with("COMPRESSION", "none");
        let running = lifeboat.spawn(&[
            "restore",
            "latest",
            "--database",
            "big",
            "--overwrite",
            "--discard",
        ]);
        arrival.recv_timeout(LONG).unwrap();
        wait_until("some documents", LONG, || {
            let there: u32 = count(&server, "big.noise").parse().unwrap();
            (1..80).contains(&there)
        });
        running.signal(signal);
        let ran = running.wait(SECONDS);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        wait_until("the restore tool's end", SECONDS, || {
            !server.processes().contains("mongorestore")
        });
        let number = store.keys().len();
        plain.fail(&["backup"], 4, "lifeboat_restoring");
        let ran = plain.fail(&["backup"], 4, "--overwrite --discard");
        assert!(ran.stderr.contains("\"big\""), "{}", ran.stderr);
        // Users and roles have nothing to do with it.
        assert_eq!(store.backups("big").len(), 1);
        assert_eq!(store.keys().len() - number, 4, "{:?}", store.keys());
        plain.fail(
            &["restore", "latest", "--database", "big", "--overwrite"],
            7,
            "--discard",
        );
        plain.succeed(&[
            "restore",
            "latest",
            "--database",
            "big",
            "--overwrite",
            "--discard",
        ]);
        super::assert_same(&before, &server.told());
    }
    plain.succeed(&["backup"]);
    assert_eq!(store.backups("big").len(), 2);
}
