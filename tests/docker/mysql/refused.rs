//! What is refused, before anything is changed, and why.

use crate::support::mysql::{IMAGES, Mysql, PASSWORD};
use crate::support::{Lifeboat, SECONDS, Store, start};

fn backed_up(store: &Store, image: &str) -> (Mysql, Lifeboat) {
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app");
    server.sql(
        "app",
        "CREATE TABLE t AS SELECT 1 a; CREATE VIEW v AS SELECT * FROM t",
    );
    let lifeboat = Lifeboat::new(store, &server.name);
    lifeboat.succeed(&["backup"]);
    (server, lifeboat)
}

#[test]
fn a_database_that_is_not_empty() {
    let Some(store) = start(&[IMAGES[2]]) else { return };
    let (server, lifeboat) = backed_up(&store, IMAGES[2]);
    for (sql, says) in [
        ("CREATE TABLE `x y` (a INT)", "1 table"),
        ("CREATE VIEW x AS SELECT 1", "1 view"),
        ("CREATE PROCEDURE x() SELECT 1", "1 procedure"),
        ("CREATE EVENT x ON SCHEDULE EVERY 1 DAY DO SELECT 1", "1 event"),
    ] {
        server.sql("mysql", "DROP DATABASE app; CREATE DATABASE app");
        server.sql("app", sql);
        let ran = lifeboat.fail(&["restore", "latest", "--database", "app"], 7, "not empty");
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    server.sql(
        "mysql",
        "DROP DATABASE app; CREATE DATABASE app CHARACTER SET latin1",
    );
    lifeboat.succeed(&["restore", "latest", "--database", "app"]);
    assert_eq!(server.sql("app", "SELECT a FROM v"), "1");
    assert!(server.told("app")["database"].contains("utf8mb4"));
    for (args, code, says) in [
        (
            &["restore", "latest", "--database", "app", "--as", "mysql"][..],
            7,
            "the server's own",
        ),
        (
            &[
                "restore",
                "latest",
                "--database",
                "app",
                "--as",
                "SYS",
                "--overwrite",
            ],
            7,
            "the server's own",
        ),
        (
            &["restore", "latest", "--as", "x", "--database", "nowhere"],
            1,
            "nowhere",
        ),
    ] {
        lifeboat.fail(args, code, says);
    }
    server.sql("mysql", "SET GLOBAL super_read_only = 1");
    lifeboat.fail(&["restore", "latest", "--overwrite"], 7, "read only");
}

#[test]
fn an_object_that_is_not_whole() {
    let Some(store) = start(&[IMAGES[1], IMAGES[2]]) else {
        return;
    };
    let (server, lifeboat) = backed_up(&store, IMAGES[1]);
    let lifeboat = lifeboat.with("COMPRESSION", "none");
    lifeboat.succeed(&["backup"]);
    let key = store.backups("app").pop().unwrap();
    let whole = store.get(&key);
    server.sql("app", "INSERT INTO t VALUES (2)");
    let before = server.told("app");
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| {
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
        },
        |bytes| bytes.extend(b"DROP TABLE t;\n"),
    ];
    for damage in damages {
        store.damage(&key, damage);
        lifeboat.fail(&["verify", &key], 6, "");
        lifeboat.fail(&["restore", &key, "--overwrite"], 6, "");
        lifeboat.fail(&["restore", &key, "--as", "copy"], 6, "");
        assert_eq!(server.told("app"), before);
        assert_eq!(server.databases(), ["app"]);
        store.damage(&key, |bytes| bytes.clone_from(&whole));
    }
    assert_eq!(store.backups("_replaced.app"), Vec::<String>::new());
    // Another kind of server.
    let other = Mysql::start(IMAGES[2]);
    lifeboat.fail(
        &["restore", &key, "--into", &other.name],
        7,
        "a backup of mariadb",
    );
}

#[test]
fn a_tool_that_fails_in_the_middle() {
    let Some(store) = start(&[IMAGES[0]]) else { return };
    let (server, lifeboat) = backed_up(&store, IMAGES[0]);
    let keys = store.keys();
    // A view that uses what is gone: everything before it is good, and the end mark is written all the same.
    server.sql(
        "app",
        "CREATE TABLE gone (a INT); CREATE VIEW w AS SELECT * FROM gone; DROP TABLE gone",
    );
    let lifeboat = lifeboat.with("GLOBALS", "false");
    let ran = lifeboat.fail(&["backup"], 4, "references invalid");
    assert!(ran.stderr.contains("mend or drop it"), "{}", ran.stderr);
    assert_eq!(store.keys(), keys);
    lifeboat
        .clone()
        .with("DUMP_OPTIONS", "--force")
        .fail(&["backup"], 2, "--force is refused");
    lifeboat
        .with("DUMP_OPTIONS", "--ignore-table=app.w")
        .succeed(&["backup"]);
    let key = store.backups("app").pop().unwrap();
    assert_eq!(store.manifest(&key)["options"][0], "--ignore-table=app.w");
}

#[test]
fn a_password_that_nobody_knows() {
    let Some(store) = start(&[IMAGES[1]]) else { return };
    let random = Mysql::start_unready(IMAGES[1], &["--env", "MARIADB_RANDOM_ROOT_PASSWORD=yes"]);
    Lifeboat::new(&store, &random.name).fail(&["backup"], 4, "random root password");
    // With a user of its own, that one's database is backed up.
    let hash = "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19";
    let options = [
        "--env",
        &format!("MARIADB_ROOT_PASSWORD_HASH={hash}"),
        "--env",
        "MARIADB_DATABASE=my_app",
        "--env",
        "MARIADB_USER=app",
        "--env",
        &format!("MARIADB_PASSWORD={PASSWORD}"),
    ];
    let server = Mysql::start_with(IMAGES[1], "password", &options, &[]);
    let lifeboat = Lifeboat::new(&store, &server.name);
    let ran = lifeboat.succeed(&["backup"]);
    assert!(ran.stderr.contains("may not read mysql.user"), "{}", ran.stderr);
    assert_eq!(store.backups("my_app").len(), 1);
    lifeboat.succeed(&["check"]);
    let ran = lifeboat
        .clone()
        .with("DB_USER", "root")
        .fail(&["backup"], 4, "Access denied");
    assert!(ran.stderr.contains("hash of root's password"), "{}", ran.stderr);
    let wrong = lifeboat.with("DB_USER", "root").with("DB_PASSWORD", "wrong");
    let ran = wrong.run(&["check"]);
    assert!(
        ran.text().contains("Access denied") && ran.code == 4,
        "{}",
        ran.text()
    );
}

#[test]
fn an_account_that_would_see_only_some_of_it() {
    let Some(store) = start(&[IMAGES[2]]) else { return };
    let (server, lifeboat) = backed_up(&store, IMAGES[2]);
    server.sql(
        "app",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE USER half@localhost IDENTIFIED BY 'half'; \
         GRANT SELECT, SHOW VIEW ON app.* TO half@localhost",
    );
    let lifeboat = lifeboat.with("DB_USER", "half").with("DB_PASSWORD", "half");
    let count = store.backups("app").len();
    lifeboat.fail(&["backup"], 4, "lacks TRIGGER, EVENT, EXECUTE");
    let ran = lifeboat.run(&["check"]);
    assert!(
        ran.code == 4 && ran.text().contains("lacks TRIGGER"),
        "{}",
        ran.text()
    );
    assert_eq!(store.backups("app").len(), count);
    let without = "--skip-triggers --skip-events --skip-routines";
    lifeboat
        .clone()
        .with("DUMP_OPTIONS", without)
        .succeed(&["backup"]);
    server.sql(
        "mysql",
        "GRANT TRIGGER, EVENT, EXECUTE ON app.* TO half@localhost",
    );
    lifeboat.succeed(&["backup"]);
    let dump = lifeboat.succeed(&["get", &store.backups("app").pop().unwrap()]);
    assert!(dump.text().contains("TRIGGER `g`"), "{}", dump.text());
}

/// A server that has only just been started is waited for.
#[test]
fn nobody_who_is_merely_late() {
    let Some(store) = start(&[IMAGES[1]]) else { return };
    let server = Mysql::start(IMAGES[1]);
    server.sql("mysql", "CREATE DATABASE app");
    server.exec(&["mv", "/run/mysqld/mysqld.sock", "/run/mysqld/away"]);
    let lifeboat = Lifeboat::new(&store, &server.name).with("LOG_LEVEL", "debug");
    let running = lifeboat.spawn(&["backup"]);
    running.wait_for("the server is starting");
    server.exec(&["mv", "/run/mysqld/away", "/run/mysqld/mysqld.sock"]);
    let ran = running.wait(SECONDS);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(store.backups("app").len(), 1);
}
