//! A database that was empty when a restore looked, and is not when it gets there: refused, or kept; never dropped and
//! never mixed with what comes back.

use crate::gate::Gate;
use crate::support::mongodb::{IMAGE, Mongodb};
use crate::support::mysql::{IMAGES, Mysql};
use crate::support::{LONG, Lifeboat, Postgres, Ran, Store, start, wait_until};

/// A server with a database `app`, as far as these rows need one.
trait Server {
    fn name(&self) -> String;
    /// Makes `app` anew, with nothing in it or with the one row that is backed up.
    fn anew(&self, with_row: bool);
    /// Puts something into a database, which is made where it is missing.
    fn fill(&self, database: &str);
    fn has_what_came(&self, database: &str) -> bool;
    fn has_what_was_backed_up(&self, database: &str) -> bool;
    fn drop(&self, database: &str);
}

impl Server for Mysql {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn anew(&self, with_row: bool) {
        self.sql("mysql", "DROP DATABASE IF EXISTS app; CREATE DATABASE app");
        if with_row {
            self.sql("app", "CREATE TABLE t AS SELECT 7 i");
        }
    }

    fn fill(&self, database: &str) {
        self.sql("mysql", &format!("CREATE DATABASE IF NOT EXISTS {database}"));
        self.sql(database, "CREATE TABLE came AS SELECT 42 i");
    }

    fn has_what_came(&self, database: &str) -> bool {
        self.sql(database, "SHOW TABLES LIKE 'came'") == "came"
            && self.sql(database, "SELECT i FROM came") == "42"
    }

    fn has_what_was_backed_up(&self, database: &str) -> bool {
        self.sql(database, "SHOW TABLES LIKE 't'") == "t" && self.sql(database, "SELECT i FROM t") == "7"
    }

    fn drop(&self, database: &str) {
        self.sql("mysql", &format!("DROP DATABASE IF EXISTS {database}"));
    }
}

impl Server for Mongodb {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn anew(&self, with_row: bool) {
        self.js("db.getSiblingDB('app').dropDatabase()");
        if with_row {
            self.js("db.getSiblingDB('app').t.insertOne({_id: 7})");
        }
    }

    fn fill(&self, database: &str) {
        self.js(&format!(
            "db.getSiblingDB({database:?}).came.insertOne({{_id: 42}})"
        ));
    }

    fn has_what_came(&self, database: &str) -> bool {
        self.js(&format!(
            "print(db.getSiblingDB({database:?}).came.countDocuments({{_id: 42}}))"
        )) == "1"
    }

    fn has_what_was_backed_up(&self, database: &str) -> bool {
        self.js(&format!(
            "print(db.getSiblingDB({database:?}).t.countDocuments({{_id: 7}}))"
        )) == "1"
    }

    fn drop(&self, database: &str) {
        self.js(&format!("db.getSiblingDB({database:?}).dropDatabase()"));
    }
}

fn restore(store: &Store, server: &impl Server, nth: usize, args: &[&str], meanwhile: impl FnOnce()) -> Ran {
    let mut gate = Gate::at(store, nth);
    let lifeboat = Lifeboat::at(gate.endpoint(), &server.name()).with("GLOBALS", "false");
    let running = lifeboat.spawn(&[&["restore", "latest", "--database", "app"], args].concat());
    gate.wait();
    meanwhile();
    gate.open();
    running.wait(LONG)
}

/// The object is read once to prove it, and again to load it: the database is filled during either.
fn over_the_live_one<S: Server>(image: &str, server: impl FnOnce() -> S) {
    let Some(store) = start(&[image]) else { return };
    let server = &server();
    let lifeboat = Lifeboat::new(&store, &server.name()).with("GLOBALS", "false");
    server.anew(true);
    lifeboat.succeed(&["backup"]);
    let replaced = || store.backups("_replaced.app").len();

    server.anew(false);
    let ran = restore(&store, server, 1, &[], || server.fill("app"));
    ran.assert_failed(7, "not empty");
    assert!(server.has_what_came("app") && !server.has_what_was_backed_up("app"));
    // Nothing of the try is left in the way of a backup.
    lifeboat.succeed(&["backup"]);
    let latest = store.backups("app").pop().unwrap();
    lifeboat.succeed(&["delete", &latest, "--force"]);

    server.anew(false);
    let ran = restore(&store, server, 1, &["--overwrite"], || server.fill("app"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!server.has_what_came("app") && server.has_what_was_backed_up("app"));
    assert_eq!(replaced(), 1);
    let kept = store.backups("_replaced.app").pop().unwrap();
    lifeboat.succeed(&["restore", &kept, "--as", "kept"]);
    assert!(server.has_what_came("kept"));

    server.anew(false);
    let ran = restore(&store, server, 1, &["--overwrite", "--discard"], || {
        server.fill("app");
    });
    ran.assert_failed(7, "was empty");
    assert!(server.has_what_came("app") && !server.has_what_was_backed_up("app"));

    // It was not there at all.
    server.drop("app");
    let ran = restore(&store, server, 1, &[], || server.fill("app"));
    ran.assert_failed(7, "not empty");
    assert!(server.has_what_came("app"));
    let ran = restore(&store, server, 1, &["--as", "other"], || server.fill("other"));
    ran.assert_failed(7, "not empty");
    assert!(server.has_what_came("other"));

    // While it loads: whoever restores is told, and what came is still there.
    server.anew(false);
    let ran = restore(&store, server, 2, &[], || server.fill("app"));
    ran.assert_failed(4, "came");
    assert!(ran.stderr.contains("--overwrite"), "{}", ran.stderr);
    assert!(server.has_what_came("app"));
    lifeboat.fail(&["backup"], 4, "lifeboat_restoring");
}

/// A transaction that is open when the restore looks, and commits before it gets at the tables.
fn an_open_transaction(image: &str) {
    let Some(store) = start(&[image]) else { return };
    let server = Mysql::start(image);
    server.sql("mysql", "CREATE DATABASE app; CREATE DATABASE go");
    server.sql(
        "app",
        "CREATE TABLE t (i INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t VALUES (1)",
    );
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    lifeboat.succeed(&["backup"]);
    // The lock is what the transaction waits for before it commits.
    let holder = server.hold_with("go", "DO GET_LOCK('go', 3600)");
    let client = if server.is_mariadb() { "mariadb" } else { "mysql" };
    let password = format!("MYSQL_PWD={}", crate::support::mysql::PASSWORD);
    let work =
        "BEGIN; INSERT INTO t VALUES (2); UPDATE t SET i = 3 WHERE i = 1; DO GET_LOCK('go', 3600); COMMIT";
    crate::support::engine::docker(&[
        "exec",
        "--detach",
        "--env",
        &password,
        &server.name,
        client,
        "--user=root",
        "--database",
        "app",
        "--execute",
        work,
    ]);
    let waits = |what: &str| {
        let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE {what}");
        wait_until(what, LONG, || server.sql("mysql", &sql) != "0");
    };
    waits("info = 'DO GET_LOCK(''go'', 3600)'");
    let running = lifeboat.spawn(&["restore", "latest", "--database", "app", "--overwrite"]);
    waits("state LIKE 'Waiting for table%lock'");
    server.end(&holder);
    running.wait(LONG).assert_failed(7, "changed");
    assert_eq!(
        server.sql("app", "SELECT GROUP_CONCAT(i ORDER BY i) FROM t"),
        "2,3"
    );
    lifeboat.succeed(&["restore", "latest", "--database", "app", "--overwrite"]);
    assert_eq!(server.sql("app", "SELECT i FROM t"), "1");
}

/// Loaded beside the live one, and swapped.
fn beside_the_live_one() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    let lifeboat = Lifeboat::new(&store, &server.name).with("GLOBALS", "false");
    server.sql("postgres", "CREATE DATABASE app");
    server.sql("app", "CREATE TABLE t AS SELECT 7 i");
    lifeboat.succeed(&["backup"]);
    let anew = || {
        server.sql("postgres", "DROP DATABASE IF EXISTS app");
        server.sql("postgres", "CREATE DATABASE app");
    };
    let fill = |database: &str| drop(server.sql(database, "CREATE TABLE came AS SELECT 42 i"));
    let run = |args: &[&str], meanwhile: &dyn Fn()| {
        let mut gate = Gate::at(&store, 1);
        let lifeboat = Lifeboat::at(gate.endpoint(), &server.name).with("GLOBALS", "false");
        let running = lifeboat.spawn(&[&["restore", "latest", "--database", "app"], args].concat());
        gate.wait();
        meanwhile();
        gate.open();
        running.wait(LONG)
    };
    let of_lifeboat = || {
        let mut names = server.databases();
        names.retain(|name| name.starts_with("lifeboat_"));
        names
    };
    let came = |database: &str| server.sql(database, "SELECT i FROM came") == "42";
    anew();
    run(&[], &|| fill("app")).assert_failed(7, "not empty");
    assert!(came("app"));
    assert_eq!(of_lifeboat(), Vec::<String>::new());
    // A large object is something too.
    anew();
    run(&[], &|| drop(server.sql("app", "SELECT lo_create(7)"))).assert_failed(7, "not empty");
    anew();
    let ran = run(&["--overwrite"], &|| fill("app"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let [kept] = &of_lifeboat()[..] else {
        panic!("{:?}", server.databases())
    };
    assert!(came(kept));
    server.sql("postgres", &format!("DROP DATABASE \"{kept}\""));
    anew();
    let ran = run(&["--overwrite", "--discard"], &|| fill("app"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let [kept] = &of_lifeboat()[..] else {
        panic!("{:?}", server.databases())
    };
    assert!(came(kept) && ran.stderr.contains(kept), "{}", ran.stderr);
    server.sql("postgres", &format!("DROP DATABASE \"{kept}\""));
    // It was not there at all.
    server.sql("postgres", "DROP DATABASE app");
    run(&[], &|| {
        anew();
        fill("app");
    })
    .assert_failed(7, "not empty");
    assert!(came("app"));
    run(&["--as", "other"], &|| {
        server.sql("postgres", "CREATE DATABASE other");
        fill("other");
    })
    .assert_failed(7, "not empty");
    assert!(came("other"));
}

/// Nothing is dropped that nobody has said may be replaced.
fn discard_alone() {
    let Some(store) = start(&[]) else { return };
    let lifeboat = Lifeboat::new(&store, "nobody");
    lifeboat.fail(&["restore", "latest", "--discard"], 2, "--overwrite");
}

rows! {
    mariadb: over_the_live_one(IMAGES[1], || Mysql::start(IMAGES[1]));
    mysql: over_the_live_one(IMAGES[2], || Mysql::start(IMAGES[2]));
    mongodb: over_the_live_one(IMAGE, Mongodb::start);
    mariadb_in_an_open_transaction: an_open_transaction(IMAGES[0]);
    mysql_in_an_open_transaction: an_open_transaction(IMAGES[2]);
    postgres: beside_the_live_one();
    discard_without_overwrite: discard_alone();
}
