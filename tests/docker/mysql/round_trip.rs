//! Dump, drop, restore: what every object is made by and what every table holds is the same afterwards.

use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{Lifeboat, start};
use std::collections::BTreeMap;

/// Names that a shell, an option parser or a quoting rule could stumble over.
const ODD: [&str; 4] = ["-x", "o`d d \"q' ünï-1_%", "_globals", "a.b$c"];

/// Everything about a server, by database, and the accounts.
fn told(server: &Mysql) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    for database in server.databases() {
        for (what, text) in server.told(&database) {
            told.insert(format!("{database}: {what}"), text);
        }
    }
    let hex = if server.is_mariadb() {
        ""
    } else {
        "SET SESSION print_identified_with_as_hex = ON; "
    };
    let role = if server.is_mariadb() { "is_role" } else { "'N'" };
    let names = format!(
        "SELECT {role}, QUOTE(user), QUOTE(host) FROM mysql.user WHERE user NOT LIKE 'mysql.%' AND user <> 'mariadb.sys' \
         ORDER BY 1, 2, 3"
    );
    for line in server.sql("mysql", &names).lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [role, user, host] = fields[..] else {
            panic!("{line}")
        };
        let shown = match (role, user) {
            ("Y", "'PUBLIC'") => "SHOW GRANTS FOR PUBLIC".to_owned(),
            ("Y", _) => format!("SHOW GRANTS FOR {user}"),
            _ => format!("{hex}SHOW CREATE USER {user}@{host}; SHOW GRANTS FOR {user}@{host}"),
        };
        told.insert(format!("account {user}@{host}"), server.sql("mysql", &shown));
    }
    told
}

fn assert_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    for (what, text) in before {
        assert_eq!(text, &after[what], "{what}");
    }
}

fn fill(server: &Mysql) {
    let encoding = if server.is_mariadb() {
        "COMMENT 'it''s a shop'"
    } else {
        ""
    };
    server.sql(
        "mysql",
        &format!("CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci {encoding}"),
    );
    server.sql("shop", include_str!("common.sql"));
    let own = if server.is_mariadb() {
        include_str!("mariadb.sql")
    } else {
        include_str!("mysql.sql")
    };
    server.sql("shop", own);
    server.sql(
        "mysql",
        "CREATE DATABASE `empty` CHARACTER SET latin1 COLLATE latin1_german2_ci",
    );
    for name in ODD {
        let quoted = name.replace('`', "``");
        server.sql(
            "mysql",
            &format!("CREATE DATABASE `{quoted}`; CREATE TABLE `{quoted}`.t AS SELECT 1 a; CREATE VIEW `{quoted}`.v AS \
                      SELECT t.a, hen.egg FROM `{quoted}`.t JOIN shop.hen"),
        );
    }
    // Views that look into each other's databases.
    server.sql(
        "shop",
        "CREATE VIEW `into another` AS SELECT * FROM `-x`.t; CREATE VIEW `-x`.back AS SELECT egg FROM shop.hen",
    );
    server.sql("shop", include_str!("accounts.sql"));
    let default = if server.is_mariadb() { "FOR" } else { "TO" };
    server.sql(
        "mysql",
        &format!("SET DEFAULT ROLE reader {default} 'o''neil\\\\ ü'@'%'"),
    );
}

/// All but root.
fn drop_everything(server: &Mysql) {
    for name in server.databases() {
        server.sql("mysql", &format!("DROP DATABASE `{}`", name.replace('`', "``")));
    }
    let role = if server.is_mariadb() {
        "IF(is_role = 'Y', 'ROLE', 'USER')"
    } else {
        "'USER'"
    };
    let host = if server.is_mariadb() {
        "IF(is_role = 'Y', '', CONCAT('@', QUOTE(host)))"
    } else {
        "CONCAT('@', QUOTE(host))"
    };
    let drops = format!(
        "SELECT CONCAT('DROP ', {role}, ' ', QUOTE(user), {host}, ';') FROM mysql.user WHERE user <> 'root' AND user NOT \
         LIKE 'mysql.%' AND user <> 'mariadb.sys' AND user <> 'PUBLIC'"
    );
    server.sql("mysql", &server.sql("mysql", &drops));
    assert_eq!(server.databases(), Vec::<String>::new());
}

fn round_trips(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    fill(&server);
    let before = told(&server);
    let lifeboat = Lifeboat::new(&store, &server.name);
    let ran = lifeboat.succeed(&["backup"]);
    assert!(ran.stderr.contains("old_engine (MyISAM)"), "{}", ran.stderr);
    drop_everything(&server);
    let ran = lifeboat.succeed(&["restore", "latest"]);
    assert!(!ran.stderr.contains("does not come back"), "{}", ran.stderr);
    assert_same(&before, &told(&server));
    // Over what is there, once more.
    server.sql(
        "shop",
        "DELETE FROM audit; DROP VIEW simple; CREATE TABLE later (a INT)",
    );
    lifeboat.succeed(&["restore", "latest", "--overwrite", "--discard"]);
    assert_same(&before, &told(&server));
}

#[test]
fn of_mariadb_with_its_old_names() {
    round_trips(IMAGES[0]);
}

#[test]
fn of_mariadb() {
    round_trips(IMAGES[1]);
}

#[test]
fn of_mysql() {
    round_trips(IMAGES[2]);
}
