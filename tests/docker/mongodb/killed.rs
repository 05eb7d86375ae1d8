//! Ended in the middle of a dump: nothing counts as a backup, no dump goes on, and no lock stays.

use super::ready;
use crate::support::mongodb::Mongodb;
use crate::support::{Front, LONG, Lifeboat, Request, SECONDS, Store, front::Script, wait_until};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Keeps the replies to all parts back, and tells that one is there.
struct Holds {
    arrived: SyncSender<()>,
    over: Mutex<Receiver<()>>,
}

impl Script for Holds {
    fn reply(&self, request: &Request) {
        if request.part().is_some() {
            let _ = self.arrived.try_send(());
            // Until the test is over.
            let _ = self.over.lock().unwrap().recv_timeout(LONG);
        }
    }
}

/// A front whose parts are never answered, what tells of the first, and what ends it.
fn holding(store: &Store) -> (Front, Receiver<()>, SyncSender<()>) {
    let (arrived, arrival) = sync_channel(1);
    let (over, until) = sync_channel(1);
    let holds = Holds {
        arrived,
        over: Mutex::new(until),
    };
    (Front::before(&store.server.endpoint, holds), arrival, over)
}

fn at(front: &Front, server: &Mongodb) -> Lifeboat {
    Lifeboat::at(&front.endpoint, &server.name)
        .with("GLOBALS", "false")
        .with("S3_PART_SIZE", "5MiB")
        .with("COMPRESSION", "none")
}

fn assert_nothing(store: &Store, server: &Mongodb) {
    wait_until("the dump's end", SECONDS, || {
        let processes = server.processes();
        !["mongodump", "mongosh", "lb_"]
            .iter()
            .any(|word| processes.contains(word))
    });
    assert_eq!(store.keys(), Vec::<String>::new());
}

#[test]
fn lifeboat_while_it_dumps() {
    let Some(store) = ready() else { return };
    for server in [Mongodb::start_open(), Mongodb::start_set()] {
        server.fill_with_noise("big");
        for (signal, code) in [("KILL", 137), ("TERM", 143)] {
            let (front, arrival, _over) = holding(&store);
            let running = at(&front, &server).spawn(&["backup"]);
            arrival.recv_timeout(LONG).unwrap();
            assert!(server.processes().contains("mongodump"));
            running.signal(signal);
            let ran = running.wait(SECONDS);
            assert_eq!(ran.code, code, "{}", ran.stderr);
            assert_nothing(&store, &server);
        }
    }
}

#[test]
fn lifeboat_while_it_holds_the_lock() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start();
    server.fill_with_noise("big");
    server.js("db.getSiblingDB('small').c.insertOne({})");
    for (signal, code) in [("KILL", 137), ("TERM", 143)] {
        let (front, arrival, _over) = holding(&store);
        let lifeboat = at(&front, &server).with("MONGO_FSYNC_LOCK", "true");
        let running = lifeboat.spawn(&["backup"]);
        arrival.recv_timeout(LONG).unwrap();
        assert!(server.locked());
        assert!(server.processes().contains("mongodump"));
        running.signal(signal);
        wait_until("the lock's end", SECONDS, || !server.locked());
        let ran = running.wait(SECONDS);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        server.js("db.getSiblingDB('small').c.insertOne({})");
        assert_nothing(&store, &server);
    }
    // A dump that fails, and one that succeeds.
    let lifeboat = Lifeboat::new(&store, &server.name)
        .with("MONGO_FSYNC_LOCK", "true")
        .with("COMPRESSION", "none");
    lifeboat
        .clone()
        .with("DUMP_OPTIONS", "--readPreference=nonsense")
        .fail(&["backup"], 4, "mongodump ended with exit code 1");
    assert!(!server.locked());
    lifeboat.succeed(&["backup"]);
    assert!(!server.locked());
    assert_eq!(store.backups("big").len(), 1);
}

/// Who holds the lock is killed: the dump may be of two moments, and is none.
#[test]
fn the_holder_of_the_lock() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_open();
    server.fill_with_noise("big");
    let (front, arrival, over) = holding(&store);
    let lifeboat = at(&front, &server).with("MONGO_FSYNC_LOCK", "true");
    let running = lifeboat.spawn(&["backup"]);
    arrival.recv_timeout(LONG).unwrap();
    // It is the only mongosh there.
    let kill = "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in mongosh*) kill -9 ${p#/proc/} ;; esac; done";
    server.exec_with(&["bash", "-c", kill], b"");
    assert!(server.locked(), "it unlocked: who was killed?");
    drop(over);
    let ran = running.wait(LONG);
    ran.assert_failed(4, "the lock was not held to the end");
    assert!(ran.stderr.contains("given back"), "{}", ran.stderr);
    assert!(!server.locked());
    assert_nothing(&store, &server);
}

#[test]
fn the_tool_and_the_target() {
    let Some(store) = ready() else { return };
    let server = Mongodb::start_open();
    server.fill_with_noise("big");
    let kill = "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" = mongodump ] || tr '\\0' ' ' <$p/cmdline | grep -q '^[^ ]*node [^ ]*mongodump' || continue; kill -9 ${p#/proc/}; done";
    let (front, arrival, over) = holding(&store);
    let running = at(&front, &server).spawn(&["backup"]);
    arrival.recv_timeout(LONG).unwrap();
    server.exec_with(&["bash", "-c", kill], b"");
    drop(over);
    running.wait(LONG).assert_failed(4, "exit code 137");
    assert_nothing(&store, &server);

    let (front, arrival, over) = holding(&store);
    let running = at(&front, &server).spawn(&["backup"]);
    arrival.recv_timeout(LONG).unwrap();
    crate::support::engine::docker(&["kill", &server.name]);
    drop(over);
    running.wait(LONG).assert_failed(4, "stopped");
    assert_eq!(store.keys(), Vec::<String>::new());
}
