//! Users and what they may do: the missing ones come back, with their passwords; the others stay as they are.

use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{Lifeboat, start};

fn the_missing_ones_come_back(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app; CREATE TABLE app.t AS SELECT 1 a");
    server.sql(
        "mysql",
        "CREATE USER lost@localhost IDENTIFIED BY 'lost''s'; GRANT SELECT ON app.t TO lost@localhost; \
         CREATE USER kept@localhost IDENTIFIED BY 'old'; GRANT SELECT ON app.* TO kept@localhost",
    );
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    server.sql(
        "mysql",
        "DROP USER lost@localhost; DROP DATABASE app; ALTER USER kept@localhost IDENTIFIED BY 'new'; \
         REVOKE SELECT ON app.* FROM kept@localhost",
    );
    let ran = lifeboat.succeed(&["restore", "latest"]);
    assert!(
        ran.stderr.contains("as they were backed up: lost@localhost"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("stay as they are: kept@localhost"),
        "{}",
        ran.stderr
    );
    let client = if server.is_mariadb() { "mariadb" } else { "mysql" };
    let login = |user: &str, password: &str, sql: &str| {
        server.succeeds(&[
            "env",
            &format!("MYSQL_PWD={password}"),
            client,
            &format!("--user={user}"),
            "--execute",
            sql,
        ])
    };
    assert!(login("lost", "lost's", "SELECT * FROM app.t"));
    assert!(login("kept", "new", "SELECT 1"));
    assert!(!login("kept", "new", "SELECT * FROM app.t"));
    // Alone, and with what they may do on a table that is not there.
    server.sql("mysql", "DROP USER lost@localhost; DROP DATABASE app");
    let ran = lifeboat.succeed(&["restore", "latest", "--database", "_globals"]);
    assert!(
        ran.stderr
            .contains("does not come back: a grant to lost@localhost"),
        "{}",
        ran.stderr
    );
    assert!(login("lost", "lost's", "SELECT 1"));
    // Without them.
    let count = store.backups("_globals").len();
    lifeboat.with("GLOBALS", "false").succeed(&["backup"]);
    assert_eq!(store.backups("_globals").len(), count);
}

#[test]
fn the_missing_ones_come_back_to_mariadb() {
    the_missing_ones_come_back(IMAGES[0]);
}

#[test]
fn the_missing_ones_come_back_to_mysql() {
    the_missing_ones_come_back(IMAGES[2]);
}
