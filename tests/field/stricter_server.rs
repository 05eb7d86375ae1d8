//! A server that lets in less at a restore than it held when it was backed up: what came out comes back, or is refused
//! before anything is emptied.

use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{Lifeboat, start};

/// What is made in `app`, and the setting that would keep it out.
type Case = (&'static str, &'static str, &'static str, &'static str);

const MARIADB: &[Case] = &[
    (
        "a row longer than a page may be",
        "SET SESSION innodb_strict_mode = OFF; SET @c = (SELECT GROUP_CONCAT('c', seq, ' VARCHAR(40) NOT NULL DEFAULT ''x''') FROM \
         seq_1_to_250); EXECUTE IMMEDIATE CONCAT('CREATE TABLE w (', @c, ', id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC CHARSET=latin1'); \
         INSERT INTO w (id) VALUES (1)",
        "SELECT 1",
        "SELECT 1",
    ),
    (
        "rows that a constraint would not take",
        "CREATE TABLE c (i INT, CONSTRAINT small CHECK (i < 5)); SET SESSION check_constraint_checks = OFF; INSERT INTO c VALUES (7)",
        "SELECT 1",
        "SELECT 1",
    ),
    (
        "sessions that do not commit by themselves",
        "CREATE TABLE a (i INT) ENGINE=InnoDB; INSERT INTO a VALUES (1), (2)",
        "SET GLOBAL autocommit = 0",
        "SET GLOBAL autocommit = 1",
    ),
    (
        "sessions that only read",
        "CREATE TABLE r (i INT); INSERT INTO r VALUES (1)",
        "SET GLOBAL tx_read_only = 1",
        "SET GLOBAL tx_read_only = 0",
    ),
    (
        "time stamps with values of their own",
        "SET SESSION explicit_defaults_for_timestamp = ON; CREATE TABLE s (id INT, at TIMESTAMP NOT NULL)",
        "SET GLOBAL explicit_defaults_for_timestamp = OFF",
        "SET GLOBAL explicit_defaults_for_timestamp = ON",
    ),
    (
        "a table in memory larger than new ones may be",
        "SET SESSION max_heap_table_size = 67108864; CREATE TABLE m (b CHAR(250)) ENGINE=MEMORY; INSERT INTO m SELECT seq FROM \
         seq_1_to_1000",
        "SET GLOBAL max_heap_table_size = 16384",
        "SET GLOBAL max_heap_table_size = 16777216",
    ),
    (
        "statements that may not take long",
        "CREATE TABLE l (i INT); INSERT INTO l SELECT seq FROM seq_1_to_1000",
        "SET GLOBAL max_statement_time = 0.001",
        "SET GLOBAL max_statement_time = 0",
    ),
];

const MYSQL: &[Case] = &[
    (
        "a foreign key to what is not unique",
        "SET SESSION restrict_fk_on_non_standard_key = OFF; CREATE TABLE p (id INT PRIMARY KEY, k INT, KEY (k)); \
         CREATE TABLE ch (k INT, FOREIGN KEY (k) REFERENCES p (k))",
        "SELECT 1",
        "SELECT 1",
    ),
    (
        "a table without a primary key",
        "CREATE TABLE a (a INT)",
        "SET GLOBAL sql_require_primary_key = ON",
        "SET GLOBAL sql_require_primary_key = OFF",
    ),
    (
        "a column more",
        "CREATE TABLE a (a INT)",
        "SET GLOBAL sql_generate_invisible_primary_key = ON",
        "SET GLOBAL sql_generate_invisible_primary_key = OFF",
    ),
    (
        "sessions that do not commit by themselves",
        "CREATE TABLE a (i INT); INSERT INTO a VALUES (1), (2)",
        "SET GLOBAL autocommit = 0",
        "SET GLOBAL autocommit = 1",
    ),
    (
        "sessions that read no more than this",
        "CREATE TABLE a (i INT); INSERT INTO a VALUES (1), (2), (3)",
        "SET GLOBAL sql_select_limit = 1",
        "SET GLOBAL sql_select_limit = 18446744073709551615",
    ),
];

/// As root, who may set anything for his session.
fn all_of(image: &str, cases: &[Case]) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    for (what, make, strict, lax) in cases {
        server.sql("mysql", "DROP DATABASE IF EXISTS app; CREATE DATABASE app");
        server.sql("app", make);
        let before = server.told("app");
        server.sql("mysql", strict);
        let ran = lifeboat.run(&["backup"]);
        assert_eq!(ran.code, 0, "{what}: {}", ran.stderr);
        let ran = lifeboat.run(&["restore", "latest", "--database", "app", "--overwrite"]);
        assert_eq!(ran.code, 0, "{what}: {}", ran.stderr);
        server.sql("mysql", lax);
        assert_eq!(server.told("app"), before, "{what}");
    }
}

/// What no session can set, and what this account may not: refused, and the live database is as it was.
fn refused(image: &str, make: &str, strict: &str, account: Option<&str>, says: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app");
    server.sql("app", make);
    let mut lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    if let Some(account) = account {
        server.sql("mysql", account);
        lifeboat = lifeboat.with("DB_USER", "op").with("DB_PASSWORD", "op");
    }
    lifeboat.succeed(&["backup"]);
    // As it is, nothing is missing.
    lifeboat.succeed(&["restore", "latest", "--database", "app", "--overwrite"]);
    let before = server.told("app");
    let kept = store.backups("_replaced.app").len();
    server.sql("mysql", strict);
    lifeboat.fail(
        &["restore", "latest", "--database", "app", "--overwrite"],
        7,
        says,
    );
    assert_eq!(server.told("app"), before);
    assert_eq!(store.backups("_replaced.app").len(), kept);
    lifeboat.fail(
        &["restore", "latest", "--database", "app", "--as", "other"],
        7,
        says,
    );
    assert_eq!(server.databases(), ["app"]);
}

/// May do everything a dump and a load need, and set nothing that is the administrator's.
const ACCOUNT: &str = "CREATE USER op@localhost IDENTIFIED BY 'op'; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, \
    INDEX, ALTER, LOCK TABLES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT, TRIGGER, RELOAD, PROCESS ON *.* \
    TO op@localhost";

const FUNCTION: &str = "SET GLOBAL log_bin_trust_function_creators = ON; CREATE TABLE n (i INT); \
    CREATE FUNCTION next_one() RETURNS INT RETURN (SELECT COUNT(*) FROM n)";

/// `mariadb-dump` can't be told, so a cut dump is none.
fn a_dump_that_would_be_cut(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app; SET GLOBAL sql_select_limit = 1");
    server.sql(
        "app",
        "CREATE TABLE a (i INT); INSERT INTO a VALUES (1), (2), (3)",
    );
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    lifeboat.fail(&["backup"], 4, "sql_select_limit");
    assert_eq!(store.keys(), Vec::<String>::new());
}

rows! {
    mariadb_lets_in_what_it_held: all_of(IMAGES[1], MARIADB);
    mysql_lets_in_what_it_held: all_of(IMAGES[2], MYSQL);
    mysql_without_the_right_to_set_it: refused(
        IMAGES[2],
        "CREATE TABLE a (a INT)",
        "SET GLOBAL sql_require_primary_key = ON",
        Some(ACCOUNT),
        "sql_require_primary_key",
    );
    mysql_and_a_function_the_binary_log_refuses: refused(
        IMAGES[2],
        FUNCTION,
        "SET GLOBAL log_bin_trust_function_creators = OFF",
        None,
        "log_bin_trust_function_creators",
    );
    mysql_and_definers_of_others: refused(
        IMAGES[2],
        "CREATE USER author@localhost; CREATE TABLE a (a INT PRIMARY KEY); CREATE DEFINER = author@localhost VIEW v AS SELECT 1 b",
        "REVOKE SET_ANY_DEFINER ON *.* FROM op@localhost",
        Some(&format!("{ACCOUNT}; GRANT SET_ANY_DEFINER ON *.* TO op@localhost")),
        "author@localhost",
    );
    mariadb_and_tables_without_a_key: refused(
        IMAGES[1],
        "CREATE TABLE a (a INT)",
        "SET GLOBAL innodb_force_primary_key = ON",
        None,
        "innodb_force_primary_key",
    );
    mariadb_reads_no_more_than_told: a_dump_that_would_be_cut(IMAGES[1]);
}
