//! Restoring PostgreSQL: nothing is overwritten by accident, and whatever happens on the way, the live database is
//! either the old one or the new one.

use crate::support::engine::SHELL;
use crate::support::{Container, Lifeboat, Postgres, Ran, SECONDS, Store, start, wait_until};

/// A server whose database `app` has pgbench's tables, and one whole backup of it.
fn backed_up(store: &Store, major: u32) -> (Postgres, Lifeboat) {
    let server = Postgres::start(major);
    server.sql("postgres", "CREATE DATABASE app");
    server.exec(&["pgbench", "--quiet", "-i", "-U", "postgres", "app"]);
    let lifeboat = Lifeboat::new(store, &server.name);
    lifeboat.succeed(&["backup"]);
    (server, lifeboat)
}

/// The databases that a restore has made beside those that were there.
fn of_lifeboat(server: &Postgres) -> Vec<String> {
    let mut names = server.databases();
    names.retain(|name| name.starts_with("lifeboat_"));
    names
}

#[test]
fn refusals_come_before_anything_is_changed() {
    let Some(store) = start(&["postgres:18", SHELL]) else {
        return;
    };
    let (server, lifeboat) = backed_up(&store, 18);
    server.sql("app", "DELETE FROM pgbench_accounts WHERE aid > 60000");
    server.sql("postgres", "CREATE DATABASE later");
    server.sql("later", "CREATE VIEW v AS SELECT 1");
    lifeboat.succeed(&["backup"]);
    server.sql("postgres", "DROP DATABASE app");
    server.sql("postgres", "CREATE DATABASE app");
    server.sql("postgres", "CREATE ROLE stays");
    let databases = server.databases();
    // `app` is empty and could be restored, but `later` is not: neither is.
    lifeboat.fail(&["restore", "latest"], 7, "not empty");
    assert_eq!(
        server.sql(
            "app",
            "SELECT count(*) FROM pg_class WHERE relname LIKE 'pgbench%'"
        ),
        "0"
    );
    for (args, code, says) in [
        (&["restore", "latest", "--as", "one"][..], 2, "--database"),
        (&["restore", "latest", "--database", "nowhere"], 1, "nowhere"),
        (&["restore", "no-such-key"], 1, ""),
        (
            &["restore", "latest", "--into", "no-such-container"],
            3,
            "no-such-container",
        ),
        (&["restore", "latest", "--target", "no-such-target"], 1, ""),
        (&["restore"], 2, "WHICH"),
    ] {
        lifeboat.fail(args, code, says);
    }
    let other = Container::shell();
    lifeboat.fail(&["restore", "latest", "--into", &other.name], 2, "");
    // What is a backup of another target goes only where it is told to.
    let elsewhere = lifeboat.clone().with("TARGET", &other.name);
    elsewhere.fail(&["restore", "latest", "--target", &server.name], 7, "--into");
    assert_eq!(server.databases(), databases);
    // Alone, and empty as it is, `app` comes back.
    lifeboat.succeed(&["restore", "latest", "--database", "app"]);
    assert_eq!(
        server.sql("app", "SELECT count(*) FROM pgbench_accounts"),
        "60000"
    );
    assert_eq!(
        of_lifeboat(&server).len(),
        1,
        "the empty one stays, under another name"
    );
    server.assert_never_restarted();
}

#[test]
fn under_another_name_and_into_another_container() {
    let Some(store) = start(&["postgres:17", "postgres:18"]) else {
        return;
    };
    let (server, lifeboat) = backed_up(&store, 17);
    let sum = server.pgbench_sum("app");
    server.sql("app", "TRUNCATE pgbench_accounts");
    let copy = "a copy's \"name\"";
    lifeboat.succeed(&["restore", "latest", "--database", "app", "--as", copy]);
    assert_eq!(server.pgbench_sum(copy), sum);
    assert_eq!(server.sql("app", "SELECT count(*) FROM pgbench_accounts"), "0");
    lifeboat.fail(
        &["restore", "latest", "--database", "app", "--as", copy],
        7,
        "not empty",
    );
    // A newer server, and one that nobody backs up.
    let other = Postgres::start(18);
    lifeboat.succeed(&["restore", "latest", "--database", "app", "--into", &other.name]);
    assert_eq!(other.pgbench_sum("app"), sum);
    assert_eq!(other.databases(), ["app", "postgres"]);
    assert_eq!(server.sql("app", "SELECT count(*) FROM pgbench_accounts"), "0");
}

#[test]
fn the_replaced_database_stays_unless_told_otherwise() {
    let Some(store) = start(&["postgres:15"]) else {
        return;
    };
    let (server, lifeboat) = backed_up(&store, 15);
    let sum = server.pgbench_sum("app");
    server.sql("app", "DELETE FROM pgbench_accounts WHERE aid > 7");
    let ran = lifeboat.succeed(&["restore", "latest", "--database", "app", "--overwrite"]);
    assert_eq!(server.pgbench_sum("app"), sum);
    let [replaced] = &of_lifeboat(&server)[..] else {
        panic!("{:?}", server.databases())
    };
    assert_eq!(server.sql(replaced, "SELECT count(*) FROM pgbench_accounts"), "7");
    // The command that is printed is the one that drops it.
    let command = drop_statement(&ran);
    assert!(command.contains(replaced), "{command}");
    server.sql("postgres", &command);
    lifeboat.succeed(&[
        "restore",
        "latest",
        "--database",
        "app",
        "--overwrite",
        "--discard",
    ]);
    assert_eq!(server.pgbench_sum("app"), sum);
    assert_eq!(server.databases(), ["app", "postgres"]);
}

fn drop_statement(ran: &Ran) -> String {
    let text = ran.text();
    text[text.find("DROP DATABASE").unwrap()..]
        .lines()
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn under_clients_that_reconnect_for_ever() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let (server, lifeboat) = backed_up(&store, 17);
    let sum = server.pgbench_sum("app");
    server.sql("app", "DELETE FROM pgbench_accounts WHERE aid > 7");
    let client = "while :; do psql -XAtq -U postgres -d app -c 'SELECT 1' -c 'SELECT pg_sleep(0.3)'; done";
    let clients = format!("({client}) & ({client}) & ({client}) & wait");
    crate::support::engine::docker(&["exec", "--detach", &server.name, "sh", "-c", &clients]);
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'app'";
    wait_until("the clients", SECONDS, || server.sql("postgres", sessions) != "0");
    for _ in 0..3 {
        lifeboat.succeed(&[
            "restore",
            "latest",
            "--database",
            "app",
            "--overwrite",
            "--discard",
        ]);
        assert_eq!(server.pgbench_sum("app"), sum);
        server.sql("app", "DELETE FROM pgbench_accounts WHERE aid > 7");
    }
    assert_eq!(server.databases(), ["app", "postgres"]);
    wait_until("the clients are served again", SECONDS, || {
        server.sql("postgres", sessions) != "0"
    });
    server.assert_never_restarted();
}

/// A database whose load does not come to its end, except under its own name.
const SLOW: &str = "CREATE FUNCTION slow(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN \
     IF pg_catalog.current_database() <> 'slow' THEN PERFORM pg_catalog.pg_sleep(3600); END IF; RETURN a; END $$; \
     CREATE TABLE t AS SELECT a FROM generate_series(1, 1000) a; CREATE INDEX ON t (public.slow(a))";

#[test]
fn killed_or_told_to_end_half_way_it_leaves_the_live_database_alone() {
    let Some(store) = start(&["postgres:18"]) else {
        return;
    };
    let server = Postgres::start(18);
    server.sql("postgres", "CREATE DATABASE slow");
    server.sql("slow", SLOW);
    server.sql("postgres", "CREATE DATABASE quick");
    server.sql("quick", "CREATE TABLE q AS SELECT 7 a");
    for format in ["custom", "plain"] {
        let lifeboat = Lifeboat::new(&store, &server.name).with("POSTGRES_FORMAT", format);
        lifeboat.succeed(&["backup"]);
        let canary = server.hold("postgres");
        for (signal, code) in [("KILL", 137), ("TERM", 143)] {
            let running = lifeboat.spawn(&["restore", "latest", "--database", "slow", "--overwrite"]);
            let building = "SELECT count(*) FROM pg_stat_activity \
                            WHERE datname LIKE 'lifeboat_restore_%' AND query LIKE 'CREATE INDEX%'";
            wait_until("half way", crate::support::LONG, || {
                server.sql("postgres", building) != "0"
            });
            running.signal(signal);
            let ran = running.wait(SECONDS);
            assert_eq!(ran.code, code, "{}", ran.stderr);
            wait_until("the restore tool's end", SECONDS, || {
                let processes = server.processes();
                !["pg_restore", "psql -X", "lb_"]
                    .iter()
                    .any(|word| processes.contains(word))
            });
            assert_eq!(server.sql("slow", "SELECT sum(a) FROM t"), "500500");
            let left = of_lifeboat(&server);
            assert_eq!(left.len(), usize::from(signal == "KILL"), "{left:?}");
            // Its session notices within seconds that nobody is there any more.
            wait_until("the session's end", SECONDS, || {
                server.sql("postgres", building) == "0"
            });
            // The next restore, of whatever, clears up.
            lifeboat.succeed(&[
                "restore",
                "latest",
                "--database",
                "quick",
                "--overwrite",
                "--discard",
            ]);
            assert_eq!(of_lifeboat(&server), Vec::<String>::new());
            assert_eq!(server.sql("quick", "SELECT a FROM q"), "7");
        }
        let alive = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {canary}");
        assert_eq!(server.sql("postgres", &alive), "1");
        server.sql("postgres", &format!("SELECT pg_terminate_backend({canary})"));
        server.assert_never_restarted();
    }
}
