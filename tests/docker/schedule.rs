//! Staying, and backing up when it is time; and what is kept.

use crate::support::engine::SHELL;
use crate::support::s3_server::free_port;
use crate::support::{Container, LONG, Lifeboat, SECONDS, start, wait_until};
use std::process::Command;

/// A dump that takes longer than the interval, and tells when two of them run side by side.
const LONG_DUMP: &str =
    "mkdir /tmp/busy || { touch /tmp/twice; exit 9; }; sleep 4; rmdir /tmp/busy; echo done";

#[test]
fn backs_up_again_and_again_but_never_twice_at_once() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name)
        .custom(LONG_DUMP)
        .with("SCHEDULE", "@every 3s")
        .with("HEALTH_ADDR", &format!("127.0.0.1:{}", free_port()));
    // A schedule alone is enough to stay.
    let running = lifeboat.spawn(&[]);
    wait_until("two backups", LONG, || store.backups("_all").len() >= 2);
    running.signal("TERM");
    let ran = running.wait(SECONDS);
    assert!([0, 143].contains(&ran.code), "{ran:?}");
    assert!(!target.succeeds(&["test", "-e", "/tmp/twice"]), "{}", ran.stderr);
    assert_eq!(store.open_uploads(), 0);
}

#[test]
fn a_missed_backup_is_made_at_the_start_and_only_that() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name)
        .custom("echo bytes")
        .with("SCHEDULE", "0 0 1 1 *")
        .with("HEALTH_ADDR", &format!("127.0.0.1:{}", free_port()));
    for (on_start, backups) in [
        ("false", 0),
        ("missed", 1),
        ("missed", 1),
        ("true", 1),
        ("false", 1),
    ] {
        let running = lifeboat.clone().with("RUN_ON_START", on_start).spawn(&["run"]);
        running.wait_for("next backup at");
        running.signal("TERM");
        let ran = running.wait(SECONDS);
        assert!([0, 143].contains(&ran.code), "{ran:?}");
        assert_eq!(store.backups("_all").len(), backups, "{on_start}: {}", ran.stderr);
    }
}

#[test]
fn keep_last_leaves_the_newest() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name).with("KEEP_LAST", "2");
    let second = || Command::new("date").arg("+%s").output().unwrap().stdout;
    for round in 1..=4 {
        let began = second();
        lifeboat
            .clone()
            .custom(&format!("echo {round}"))
            .succeed(&["backup"]);
        // Within one second nobody could say which is newer.
        wait_until("the next second", SECONDS, || second() != began);
    }
    let kept = store.backups("_all");
    assert_eq!(store.keys().len(), 4, "{:?}", store.keys());
    let lifeboat = lifeboat.custom("true");
    let contents: Vec<_> = kept
        .iter()
        .map(|key| lifeboat.succeed(&["get", key]).text())
        .collect();
    assert_eq!(contents, ["3\n", "4\n"]);
    assert_eq!(lifeboat.succeed(&["get", "latest"]).text(), "4\n");
    // A failure deletes nothing.
    lifeboat.custom("echo 5; exit 1").fail(&["backup"], 4, "");
    assert_eq!(store.backups("_all"), kept);
}
