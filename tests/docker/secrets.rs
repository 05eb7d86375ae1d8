//! Passwords and keys are nowhere to be seen: not in what lifeboat says, however much it is asked to say, nor in the
//! engine's events, the target's process list, the server's log, or what is stored beside a dump.

use crate::support::lifeboat::Running;
use crate::support::postgres::PASSWORD;
use crate::support::s3_server::{SECRET_KEY, temporary_directory};
use crate::support::{Lifeboat, Postgres, SECONDS, Store, start};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// How a password's verifier begins, as roles are dumped with it.
const VERIFIER: &str = "SCRAM-SHA-256$";

/// A server that asks the superuser for his password as soon as he wants to see `app`; its table is locked.
fn guarded(server: &Postgres) -> String {
    server.sql("postgres", "CREATE DATABASE app");
    let holder = server.hold("app");
    let hba = server.sql("postgres", "SHOW hba_file");
    let guard =
        "printf 'local app postgres scram-sha-256\\n' | cat - \"$1\" >/tmp/hba && cat /tmp/hba >\"$1\"";
    server.exec(&["sh", "-c", guard, "-", &hba]);
    server.sql("postgres", "ALTER SYSTEM SET log_statement = 'all'");
    server.sql("postgres", "SELECT pg_reload_conf()");
    let refused = server.exec_with(
        &["psql", "-w", "-U", "postgres", "-d", "app", "-c", "SELECT 1"],
        b"",
    );
    assert!(!refused.status.success(), "it is let in without a password");
    holder
}

/// Backs up and restores, and looks everywhere meanwhile.
fn nowhere(store: &Store, server: &Postgres, lifeboat: &Lifeboat, passwords: &[&str]) {
    let holder = guarded(server);
    // Their password is in the dump of the roles, which nobody else may see on its way back.
    server.sql("postgres", "CREATE ROLE somebody");
    server.sql(
        "postgres",
        "SET password_encryption = 'scram-sha-256'; ALTER ROLE somebody PASSWORD 'of no use'",
    );
    let verifier = || {
        server.sql(
            "postgres",
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'somebody'",
        )
    };
    let before = verifier();
    assert!(before.starts_with(VERIFIER), "{before}");
    let already = server.log().matches(VERIFIER).count();
    let mut command = Command::new("docker");
    command.args([
        "events",
        "--filter",
        &format!("container={}", server.name),
        "--format",
        "{{json .}}",
    ]);
    let events = Running::of(&mut command);

    let lifeboat = lifeboat.clone().with("LOG_LEVEL", "trace");
    let running = lifeboat.spawn(&["backup"]);
    server.wait_for_waiting_dump();
    let processes = server.exec(&["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
    assert!(processes.contains("pg_dump"), "{processes}");
    server.sql("postgres", &format!("SELECT pg_terminate_backend({holder})"));
    let backup = running.wait(crate::support::LONG);
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    server.sql("postgres", "DROP ROLE somebody");
    let restore = lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(verifier(), before);
    let shown = [&["config"][..], &["check"], &["list"]].map(|args| lifeboat.run(args));

    let ended = "lifeboat test: the events up to here";
    server.exec(&["echo", ended]);
    events.wait_for_output(ended);
    events.signal("TERM");
    let events = events.wait(SECONDS);
    assert!(events.text().contains("exec_start"), "{events:?}");
    let keys = store.keys();
    let manifests: Vec<_> = keys.iter().filter(|key| key.ends_with(".bz2.json")).collect();
    assert_eq!(manifests.len() * 2, keys.len(), "{keys:?}");

    let mut places = vec![
        ("the process list", processes),
        ("the events", events.text()),
        (
            "what backup says",
            backup.stderr + &String::from_utf8_lossy(&backup.stdout),
        ),
        ("what restore says", restore.stderr.clone() + &restore.text()),
    ];
    places.extend(
        shown
            .iter()
            .map(|ran| ("what it shows", ran.stderr.clone() + &ran.text())),
    );
    places.extend(
        manifests
            .iter()
            .map(|key| ("a manifest", String::from_utf8(store.get(key)).unwrap())),
    );
    for (place, text) in places {
        for secret in passwords.iter().chain(&[SECRET_KEY, VERIFIER]) {
            assert!(!text.contains(secret), "{secret:?} is in {place}: {text}");
        }
    }
    let log = server.log();
    assert_eq!(log.matches(VERIFIER).count(), already, "{log}");
    for password in passwords {
        assert!(!log.contains(password), "{log}");
    }
}

#[test]
fn of_a_server_that_has_its_password_from_a_file() {
    let Some(store) = start(&["postgres:18"]) else {
        return;
    };
    let directory = temporary_directory("secret");
    let file = directory.join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let volume = format!("{}:/run/secrets/password:ro", file.display());
    let options = [
        "--env",
        "POSTGRES_PASSWORD_FILE=/run/secrets/password",
        "--volume",
        &volume,
    ];
    let server = Postgres::start_with(18, &options);
    nowhere(&store, &server, &Lifeboat::new(&store, &server.name), &[PASSWORD]);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn of_a_server_whose_password_is_not_the_one_it_was_started_with() {
    let Some(store) = start(&["postgres:15"]) else {
        return;
    };
    let server = Postgres::start(15);
    let new = "the new 'one'";
    let quoted = new.replace('\'', "''");
    server.sql(
        "postgres",
        &format!("SET password_encryption = 'scram-sha-256'; ALTER ROLE postgres PASSWORD '{quoted}'"),
    );
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat
        .clone()
        .with("DB_PASSWORD", new)
        .with("DATABASES", "postgres")
        .succeed(&["backup"]);
    nowhere(
        &store,
        &server,
        &lifeboat.with("DB_PASSWORD", new),
        &[PASSWORD, new],
    );
}
