//! Another name, another server: what comes along, what does not, and that nothing reaches back.

use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{Lifeboat, start};

const SHOP: &str = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); CREATE TABLE log (a INT); \
    CREATE TRIGGER shop.g\nBEFORE INSERT\nON shop.t FOR EACH ROW SET NEW.a = NEW.a + 1; \
    CREATE USER author@nowhere; GRANT SELECT, INSERT, EXECUTE, SHOW VIEW ON *.* TO author@nowhere; CREATE DEFINER = author@nowhere VIEW v AS SELECT * FROM t; \
    CREATE DEFINER = author@nowhere PROCEDURE p() INSERT INTO shop.log VALUES (1); \
    CREATE EVENT ticks ON SCHEDULE EVERY 1 SECOND DO INSERT INTO log VALUES (2)";

fn elsewhere(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "SET GLOBAL event_scheduler = OFF; CREATE DATABASE shop");
    server.sql("shop", SHOP);
    if server.is_mariadb() {
        server.sql(
            "shop",
            "CREATE SEQUENCE s; CREATE TABLE counted (id INT DEFAULT NEXTVAL(s), a INT); INSERT INTO counted (a) VALUES (1)",
        );
    }
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    // The old trigger is gone: its copy must not come to stand there.
    server.sql("shop", "DROP TRIGGER g");
    let ran = lifeboat.succeed(&["restore", "latest", "--database", "shop", "--as", "co_py"]);
    assert!(ran.stderr.contains("its events are off"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("need rights in it: author@nowhere"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("still mean that one: procedure p"),
        "{}",
        ran.stderr
    );
    let count = |database: &str, what: &str| server.sql(database, &format!("SELECT COUNT(*) FROM {what}"));
    assert_eq!(
        server.sql("co_py", "INSERT INTO t VALUES (1); SELECT SUM(a) FROM v"),
        "3"
    );
    assert_eq!(
        count(
            "shop",
            "information_schema.triggers WHERE trigger_schema = 'shop'"
        ),
        "0"
    );
    let enabled = "information_schema.events WHERE status = 'ENABLED' AND event_schema = ";
    assert_eq!(count("shop", &format!("{enabled}'co_py'")), "0");
    assert_eq!(count("shop", &format!("{enabled}'shop'")), "1");
    if server.is_mariadb() {
        server.sql("mysql", "DROP SEQUENCE shop.s");
        server.sql("co_py", "INSERT INTO counted (a) VALUES (2)");
    }
    lifeboat.fail(
        &["restore", "latest", "--database", "shop", "--as", "co_py"],
        7,
        "not empty",
    );

    // A server that knows nothing of this one's accounts, and whose events run.
    let other = Mysql::start(image);
    other.sql("mysql", "SET GLOBAL event_scheduler = ON");
    let ran = lifeboat.succeed(&["restore", "latest", "--database", "shop", "--into", &other.name]);
    assert!(ran.stderr.contains("author@nowhere"), "{}", ran.stderr);
    assert_eq!(other.sql("shop", "SELECT COUNT(*) FROM log"), "0");
    assert_eq!(
        other.sql("shop", "CALL p(); SELECT SUM(a) FROM v; SELECT COUNT(*) FROM log"),
        "1\n1"
    );
    assert_eq!(
        other.sql("mysql", &format!("SELECT COUNT(*) FROM {enabled}'shop'")),
        "0"
    );
    let created = other.sql("mysql", "SHOW CREATE USER author@nowhere");
    assert!(created.contains("ACCOUNT LOCK"), "{created}");
    // On the way back over the original the events stay as they were.
    lifeboat.succeed(&["restore", "latest", "--database", "shop", "--overwrite"]);
    assert_eq!(count("shop", &format!("{enabled}'shop'")), "1");
    assert_eq!(store.backups("_replaced.shop").len(), 1);
}

#[test]
fn elsewhere_in_mariadb() {
    elsewhere(IMAGES[1]);
}

#[test]
fn elsewhere_in_mariadb_with_its_old_names() {
    elsewhere(IMAGES[0]);
}

#[test]
fn elsewhere_in_mysql() {
    elsewhere(IMAGES[2]);
}

/// A row that is longer in a dump than the server takes in one statement.
#[test]
fn a_row_that_is_longer_than_a_packet() {
    let Some(store) = start(&[IMAGES[1]]) else { return };
    let server = Mysql::start(IMAGES[1]);
    server.sql("mysql", "CREATE DATABASE app");
    server.sql(
        "app",
        "CREATE TABLE t AS SELECT REPEAT('x', 12000000) a; ALTER TABLE t MODIFY a LONGBLOB",
    );
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    let before = server.sql("app", "SELECT @@max_allowed_packet, LENGTH(a), MD5(a) FROM t");
    lifeboat.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(
        server.sql("app", "SELECT @@max_allowed_packet, LENGTH(a), MD5(a) FROM t"),
        before
    );
}
