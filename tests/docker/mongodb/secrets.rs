//! The password is nowhere to be seen.

use super::ready;
use crate::support::lifeboat::Running;
use crate::support::mongodb::{Mongodb, PASSWORD, USER};
use crate::support::s3_server::temporary_directory;
use crate::support::{Lifeboat, SECONDS, wait_until};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn of_a_server_that_has_it_from_a_file() {
    let Some(store) = ready() else { return };
    let directory = temporary_directory("secret");
    let file = directory.join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let volume = format!("{}:/run/secrets/password:ro", file.display());
    let user = format!("MONGO_INITDB_ROOT_USERNAME={USER}");
    let options = [
        "--env",
        &user,
        "--env",
        "MONGO_INITDB_ROOT_PASSWORD_FILE=/run/secrets/password",
        "--volume",
        &volume,
    ];
    let server = Mongodb::start_with(&options, &[], Some(PASSWORD));
    server.fill_with_noise("big");
    let mut command = Command::new("docker");
    command.args([
        "events",
        "--filter",
        &format!("container={}", server.name),
        "--format",
        "{{json .}}",
    ]);
    let events = Running::of(&mut command);

    let lifeboat = Lifeboat::new(&store, &server.name)
        .with("LOG_LEVEL", "trace")
        .with("COMPRESSION", "none")
        .with("MONGO_FSYNC_LOCK", "true");
    // All the time, whatever runs: the arguments of every process.
    let over = AtomicBool::new(false);
    let (backup, restore, processes) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut seen = String::new();
            while !over.load(Ordering::SeqCst) {
                seen += &server.exec(&[
                    "sh",
                    "-c",
                    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; :",
                ]);
            }
            seen
        });
        // Whoever watches must be told before anything may panic.
        let backup = lifeboat.run(&["backup"]);
        let restore = lifeboat.run(&["restore", "latest", "--overwrite"]);
        over.store(true, Ordering::SeqCst);
        (backup, restore, watch.join().unwrap())
    });
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    assert_eq!(restore.code, 0, "{}", restore.stderr);
    assert!(
        processes.contains("mongodump") && processes.contains("mongorestore"),
        "{processes}"
    );
    let shown = [&["config"][..], &["check"], &["list"]].map(|args| lifeboat.run(args));
    let ended = "lifeboat test: the events up to here";
    server.exec(&["echo", ended]);
    events.wait_for_output(ended);
    events.signal("TERM");
    let events = events.wait(SECONDS);
    assert!(events.text().contains("exec_start"), "{events:?}");

    let mut places = vec![
        ("the process list", processes),
        ("the events", events.text()),
        ("what backup says", backup.stderr.clone() + &backup.text()),
        ("what restore says", restore.stderr.clone() + &restore.text()),
        ("the server's log", server.log()),
    ];
    places.extend(
        shown
            .iter()
            .map(|ran| ("what it shows", ran.stderr.clone() + &ran.text())),
    );
    for key in store.keys().iter().filter(|key| key.ends_with(".json")) {
        places.push(("a manifest", String::from_utf8(store.get(key)).unwrap()));
    }
    // Whole, and in the ways it is written where it may stand.
    let quoted = serde_json::Value::from(PASSWORD).to_string();
    for (place, text) in places {
        for secret in [PASSWORD, quoted.trim_matches('"'), "word%22", "of-the%3A"] {
            assert!(!text.contains(secret), "{secret:?} is in {place}: {text}");
        }
    }
    // No script's log, and none of the tools' files.
    wait_until("no file of ours", SECONDS, || {
        !server.succeeds(&[
            "sh",
            "-c",
            "ls -d /root/.mongodb /data/db/.mongodb /tmp/lifeboat* 2>/dev/null",
        ])
    });
    std::fs::remove_dir_all(directory).unwrap();
}
