//! A list of targets of which most can't be backed up: the good ones are, and of each other one it is said what to do.

use crate::support::engine::SHELL;
use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{Container, Lifeboat, Postgres, engine, start};

#[test]
fn of_five_the_good_two_are_backed_up() {
    let Some(store) = start(&["postgres:17", IMAGES[1], SHELL]) else {
        return;
    };
    let postgres = Postgres::start(17);
    postgres.sql("postgres", "CREATE DATABASE app");
    postgres.sql("app", "CREATE TABLE t AS SELECT 1 AS a");
    let mariadb = Mysql::start(IMAGES[1]);
    mariadb.sql("mysql", "CREATE DATABASE shop");
    mariadb.sql("shop", "CREATE TABLE t AS SELECT 1 AS a");
    let stopped = Container::shell();
    engine::docker(&["kill", &stopped.name]);
    let password = "MYSQL_ROOT_PASSWORD=right";
    let wrong = [
        "--env",
        password,
        "--label",
        "lifeboat.password-file=/etc/hostname",
    ];
    let denied = Mysql::start_with(IMAGES[1], "right", &wrong, &[]);
    let unknown = Container::shell();
    let names = [
        &postgres.name,
        &denied.name,
        &stopped.name,
        &unknown.name,
        &mariadb.name,
    ];
    let list = names.map(String::as_str).join(",");
    let lifeboat = Lifeboat::new(&store, &list).with("GLOBALS", "false");
    // The code is that of the first failure: who is down is found out before anything is dumped.
    let ran = lifeboat.fail(&["backup"], 3, "2 backups made, 3 failed");
    for (target, said, mend) in [
        (&denied.name, "Access denied", "DB_PASSWORD"),
        (&stopped.name, "is exited", "docker start"),
        (&unknown.name, "has none of the dump tools", "DUMP_COMMAND"),
    ] {
        let line = ran
            .stderr
            .lines()
            .find(|line| line.contains("ERROR") && line.contains(target.as_str()))
            .unwrap_or_else(|| panic!("nothing of {target}: {}", ran.stderr));
        assert!(line.contains(said) && line.contains(mend), "{line}");
    }
    for (target, database) in [(&postgres.name, "app"), (&mariadb.name, "shop")] {
        let backups = store.backups(database);
        assert_eq!(backups.len(), 1, "{backups:?}");
        assert!(backups[0].starts_with(target.as_str()), "{backups:?}");
        lifeboat.succeed(&["verify", &backups[0]]);
    }
    assert_eq!(store.keys().len(), 4, "{:?}", store.keys());
    assert_eq!(store.open_uploads(), 0);
    // `check` says the same before anything is dumped.
    let checked = lifeboat.run(&["check"]);
    let said = checked.text() + &checked.stderr;
    for (target, why) in [(&denied.name, "Access denied"), (&stopped.name, "is exited")] {
        assert!(said.contains(target.as_str()) && said.contains(why), "{said}");
    }
    assert_ne!(checked.code, 0);
}
