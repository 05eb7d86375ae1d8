//! A backup that fails leaves nothing that could be taken for one, and says why.

use crate::support::engine::SHELL;
use crate::support::{
    Container, Front, LONG, Lifeboat, Postgres, Request, SECONDS, Store, Verdict, engine, front::Script,
    start,
};

/// More than three parts, in whichever compression, with the dump still going on.
const FLOWS: &str = "head -c 30000000 /dev/urandom; touch /tmp/flowing; sleep 3600";

/// Everything that is stored of earlier backups, to be found unchanged later.
struct Before {
    objects: Vec<(String, String)>,
}

impl Before {
    fn of(store: &Store, good: &Lifeboat) -> Self {
        good.succeed(&["backup"]);
        let objects = store.objects();
        assert_eq!(objects.len() % 2, 0, "{objects:?}");
        assert!(!objects.is_empty());
        Self { objects }
    }

    /// No object, no manifest, no open upload, and all that was there is as it was.
    fn assert_unchanged(&self, store: &Store) {
        assert_eq!(store.objects(), self.objects);
        assert_eq!(store.open_uploads(), 0);
    }
}

#[test]
fn a_dump_command_that_fails_after_many_good_bytes() {
    let Some(store) = start(&[SHELL, "lifeboat-test/sh-bash"]) else {
        return;
    };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name);
    let before = Before::of(&store, &lifeboat.clone().custom("echo fine"));
    let command = "head -c 30000000 /dev/urandom; echo 'the tool says no' >&2; exit 7";
    for compression in ["bzip2", "none"] {
        let failing = lifeboat.clone().custom(command).with("COMPRESSION", compression);
        failing.fail(&["backup"], 4, "the tool says no");
        before.assert_unchanged(&store);
    }
    // One that is done before anything is sent, and one that prints nothing at all.
    lifeboat
        .clone()
        .custom("echo bytes; exit 7")
        .fail(&["backup"], 4, "7");
    before.assert_unchanged(&store);
    lifeboat.clone().custom("true").fail(&["backup"], 4, "");
    before.assert_unchanged(&store);
    // A pipe's first command, where the target's shell has pipefail.
    let target = Container::run("lifeboat-test/sh-bash", &["--init"], &["sleep", "3600"]);
    let lifeboat = Lifeboat::new(&store, &target.name).custom("(echo bytes; exit 3) | cat");
    lifeboat.fail(&["backup"], 4, "3");
    before.assert_unchanged(&store);
}

#[test]
fn a_target_that_is_killed() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name);
    let before = Before::of(&store, &lifeboat.clone().custom("echo fine"));
    let running = lifeboat.clone().custom(FLOWS).spawn(&["backup"]);
    target.wait_for_file("/tmp/flowing");
    engine::docker(&["kill", &target.name]);
    running.wait(LONG).assert_failed(4, "");
    before.assert_unchanged(&store);
    // And now there is none at all.
    lifeboat.custom("echo fine").fail(&["backup"], 3, &target.name);
    before.assert_unchanged(&store);
}

#[test]
fn lifeboat_told_to_end() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name);
    let before = Before::of(&store, &lifeboat.clone().custom("echo fine"));
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let running = lifeboat.clone().custom(FLOWS).spawn(&["backup"]);
        target.wait_for_file("/tmp/flowing");
        assert!(target.processes().contains("sleep 3600"));
        running.signal(signal);
        running.wait(SECONDS).assert_failed(code, "interrupted");
        before.assert_unchanged(&store);
        target.exec(&["rm", "/tmp/flowing"]);
        crate::support::wait_until("the dump's end", SECONDS, || {
            !target.processes().contains("urandom")
        });
    }
}

/// From the part of this number on the store denies; and, if so told, cleaning up as well.
struct Denies {
    from: u32,
    cleaning_up: bool,
}

impl Script for Denies {
    fn request(&self, request: &Request) -> Verdict {
        let denied = match request.part() {
            Some(part) => part >= self.from,
            None => self.cleaning_up && request.method == "DELETE",
        };
        if denied {
            Verdict::Refuse(403, "AccessDenied")
        } else {
            Verdict::Pass
        }
    }
}

#[test]
fn a_store_that_denies_from_the_second_part_on() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let before = Before::of(&store, &Lifeboat::new(&store, &target.name).custom("echo fine"));
    let front = |cleaning_up| Front::before(&store.server.endpoint, Denies { from: 2, cleaning_up });
    let command = "head -c 30000000 /dev/urandom";
    let denying = front(false);
    let lifeboat = Lifeboat::at(&denying.endpoint, &target.name).custom(command);
    lifeboat.fail(&["backup"], 5, "AccessDenied");
    before.assert_unchanged(&store);
    // Where the upload can't be given up either, it is still the first error that counts, and no backup.
    let denying = front(true);
    let lifeboat = Lifeboat::at(&denying.endpoint, &target.name).custom(command);
    lifeboat.fail(&["backup"], 5, "AccessDenied");
    assert_eq!(store.objects(), before.objects);
    assert_eq!(store.open_uploads(), 1);
}

#[test]
fn one_database_that_fails_does_not_keep_the_others_from_being_backed_up() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    server.sql("postgres", "CREATE DATABASE a");
    server.sql("postgres", "CREATE DATABASE b");
    server.sql("postgres", "CREATE DATABASE c");
    server.hold("b");
    let lifeboat = Lifeboat::new(&store, &server.name).with("LOCK_WAIT_TIMEOUT", "1s");
    lifeboat.fail(&["backup"], 4, "lock");
    let per_database = ["_globals", "a", "b", "c"].map(|database| store.backups(database).len());
    assert_eq!(per_database, [1, 1, 0, 1]);
    assert_eq!(store.keys().len(), 6);
    assert_eq!(store.open_uploads(), 0);
    server.assert_never_restarted();
}
