//! lifeboat ended in the middle of a dump of PostgreSQL: the dump is gone within seconds, nothing counts as a
//! backup, and the server did not notice.
//!
//! In the official image process 1 is PostgreSQL itself: it inherits every orphan, and takes one that died of a
//! signal for a crashed process of its own. It would then throw out all its clients.

use crate::support::{
    Front, LONG, Lifeboat, MAJORS, Postgres, Request, SECONDS, Store, front::Script, start, wait_until,
};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const PIPE: &str = "pg_dumpall --username=postgres | cat | cat";

/// What the server's clients would notice.
struct Canary {
    session: String,
    started: String,
}

impl Canary {
    fn of(server: &Postgres) -> Self {
        Self {
            session: server.hold("postgres"),
            started: Self::started(server),
        }
    }

    fn started(server: &Postgres) -> String {
        server.sql("postgres", "SELECT pg_postmaster_start_time()")
    }

    fn assert_alive(&self, server: &Postgres) {
        assert_eq!(Self::started(server), self.started);
        let session = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = {}",
            self.session
        );
        assert_eq!(server.sql("postgres", &session), "1");
        server.assert_never_restarted();
    }
}

fn wait_until_no_dump(server: &Postgres) {
    // The dump, a pipeline's other commands, and the shell around them.
    let ours = |line: &str| line.trim() == "cat" || line.contains("pg_dump") || line.contains("lb_");
    wait_until("the dump's end", SECONDS, || {
        !server.processes().lines().any(ours)
    });
}

fn assert_no_backup(store: &Store, lifeboat: &Lifeboat) {
    assert_eq!(store.keys(), Vec::<String>::new());
    assert!(!lifeboat.succeed(&["list"]).text().contains("pgdump"));
    lifeboat.fail(&["verify"], 1, "no backup");
}

/// A dump that waits for a lock, and its pipeline.
fn while_it_waits(major: u32) {
    let Some(store) = start(&[&format!("postgres:{major}")]) else {
        return;
    };
    let server = Postgres::start(major);
    let canary = Canary::of(&server);
    let plain = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    let pipe = plain.clone().custom(PIPE);
    for lifeboat in [plain, pipe] {
        for (signal, code) in [("KILL", 137), ("TERM", 143)] {
            let running = lifeboat.spawn(&["backup"]);
            server.wait_for_waiting_dump();
            running.signal(signal);
            let ran = running.wait(SECONDS);
            assert_eq!(ran.code, code, "{}", ran.stderr);
            wait_until_no_dump(&server);
            assert_no_backup(&store, &lifeboat);
            canary.assert_alive(&server);
            assert_eq!(store.open_uploads(), 0);
        }
    }
}

#[test]
fn while_a_dump_of_15_waits() {
    while_it_waits(MAJORS[0]);
}

#[test]
fn while_a_dump_of_17_waits() {
    while_it_waits(MAJORS[1]);
}

#[test]
fn while_a_dump_of_18_waits() {
    while_it_waits(MAJORS[2]);
}

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

#[test]
fn while_a_dump_is_on_its_way_into_a_store_that_does_not_answer() {
    let Some(store) = start(&["postgres:18"]) else {
        return;
    };
    let server = Postgres::start(18);
    server.sql("postgres", "CREATE DATABASE big");
    let rows = "CREATE TABLE noise AS SELECT i, gen_random_uuid() a, gen_random_uuid() b \
                FROM generate_series(1, 1500000) i";
    server.sql("big", rows);
    let canary = Canary::of(&server);
    for (signal, code) in [("KILL", 137), ("TERM", 143)] {
        let (arrived, arrival) = sync_channel(1);
        let (_over, until) = sync_channel(1);
        let front = Front::before(
            &store.server.endpoint,
            Holds {
                arrived,
                over: Mutex::new(until),
            },
        );
        let lifeboat = Lifeboat::at(&front.endpoint, &server.name)
            .with("GLOBALS", "false")
            .with("DATABASES", "big")
            .with("S3_PART_SIZE", "5MiB")
            .with("COMPRESSION", "none");
        let running = lifeboat.spawn(&["backup"]);
        arrival.recv_timeout(LONG).unwrap();
        assert!(server.processes().contains("pg_dump"));
        running.signal(signal);
        let ran = running.wait(SECONDS);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        wait_until_no_dump(&server);
        assert_no_backup(&store, &lifeboat);
        canary.assert_alive(&server);
        if signal == "TERM" {
            // The one that nobody could give up is still there; this one was given up.
            assert_eq!(store.open_uploads(), 1);
        }
    }
}
