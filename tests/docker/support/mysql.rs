//! A MySQL or MariaDB server in a container.

use super::engine::{Container, docker};
use super::{LONG, wait_until};
use std::collections::BTreeMap;
use std::ops::Deref;

/// Root's password, everywhere; a password may hold anything.
pub const PASSWORD: &str = "ro ot's \"pass\\word\"";

/// The images: MariaDB with both names for its tools, MariaDB with the new ones alone, and MySQL.
pub const IMAGES: [&str; 3] = ["mariadb:10.11", "mariadb:11.8", "mysql:9"];

/// A server that answers.
pub struct Mysql {
    container: Container,
    client: &'static str,
}

impl Mysql {
    /// Starts a server of one of [`IMAGES`].
    pub fn start(image: &str) -> Self {
        let password = format!("MYSQL_ROOT_PASSWORD={PASSWORD}");
        Self::start_with(image, PASSWORD, &["--env", &password], &[])
    }

    /// Starts one with options of `docker run` and of the server. It is up when root gets in with this password over
    /// TCP: while it is being set up, it listens on its socket alone.
    pub fn start_with(image: &str, password: &str, options: &[&str], server: &[&str]) -> Self {
        let this = Self::run(image, options, server);
        let client = this.client;
        let password = format!("MYSQL_PWD={password}");
        wait_until("the server", LONG, || {
            this.succeeds(&[
                "env",
                &password,
                client,
                "--protocol=tcp",
                "--host=127.0.0.1",
                "--user=root",
                "--execute=SELECT 1",
            ])
        });
        this
    }

    /// Starts one that nobody gets into; its log tells when it is up.
    pub fn start_unready(image: &str, options: &[&str]) -> Self {
        let this = Self::run(image, options, &[]);
        wait_until("the server", LONG, || {
            this.log().matches("ready for connections").count() >= 2
        });
        this
    }

    fn run(image: &str, options: &[&str], server: &[&str]) -> Self {
        let container = Container::run(image, options, server);
        let client = if image.starts_with("mysql") {
            "mysql"
        } else {
            "mariadb"
        };
        Self { container, client }
    }

    /// Whether it is MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.client == "mariadb"
    }

    fn try_sql(&self, database: &str, sql: &str) -> std::process::Output {
        let password = format!("MYSQL_PWD={PASSWORD}");
        let argv = [
            "env",
            &password,
            self.client,
            "--user=root",
            "--batch",
            "--raw",
            "--skip-column-names",
            "--comments",
            "--default-character-set=utf8mb4",
            "--database",
            database,
        ];
        self.exec_with(&argv, sql.as_bytes())
    }

    /// The answer to some SQL, one row a line.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.try_sql(database, sql);
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The databases of users, in order.
    pub fn databases(&self) -> Vec<String> {
        self.sql("mysql", "SHOW DATABASES")
            .lines()
            .filter(|name| !["mysql", "information_schema", "performance_schema", "sys"].contains(name))
            .map(str::to_owned)
            .collect()
    }

    /// Everything about a database: what each object is made by, and a hash of every table's rows.
    pub fn told(&self, database: &str) -> BTreeMap<String, String> {
        let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
        let mut told = BTreeMap::new();
        let mut tell = |what: String, sql: &str| {
            // MySQL writes the character set of a collation down, or not, by how it was told it once.
            let text = self.sql(database, sql);
            told.insert(what, text.replace(" CHARACTER SET utf8mb4 COLLATE ", " COLLATE "));
        };
        tell(
            "database".to_owned(),
            &format!("SHOW CREATE DATABASE {}", quoted(database)),
        );
        let list = |sql: &str| -> Vec<(String, String)> {
            self.sql(database, sql)
                .lines()
                .map(|line| {
                    let (kind, name) = line.split_once('\t').unwrap();
                    (kind.to_owned(), name.to_owned())
                })
                .collect()
        };
        for (kind, name) in list(
            "SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 2",
        ) {
            let show = if kind == "VIEW" { "VIEW" } else { "TABLE" };
            tell(
                format!("{kind} {name}"),
                &format!("SHOW CREATE {show} {}", quoted(&name)),
            );
            if kind != "VIEW" {
                let rows = self.rows(database, &name, &kind);
                tell(format!("rows of {name}"), &rows);
            }
        }
        for (kind, name) in list(
            "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() \
             ORDER BY 1, 2",
        ) {
            tell(
                format!("{kind} {name}"),
                &format!("SHOW CREATE {kind} {}", quoted(&name)),
            );
        }
        for (_, name) in list(
            "SELECT 1, trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 2",
        ) {
            // When it was made is no part of it.
            let sql = "SELECT action_order, action_timing, event_manipulation, event_object_table, action_statement, sql_mode, \
                       definer, character_set_client, collation_connection, database_collation \
                       FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name = ";
            tell(format!("TRIGGER {name}"), &format!("{sql}'{name}'"));
        }
        for (_, name) in list(
            "SELECT 1, event_name FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY 2",
        ) {
            tell(
                format!("EVENT {name}"),
                &format!("SHOW CREATE EVENT {}", quoted(&name)),
            );
        }
        told
    }

    /// A query for a hash over all rows, whatever their order, generated and hidden columns included.
    fn rows(&self, database: &str, table: &str, kind: &str) -> String {
        let columns = self.sql(
            database,
            &format!(
                "SET SESSION group_concat_max_len = 1000000; SELECT GROUP_CONCAT(CONCAT('COALESCE(HEX(CAST(`', REPLACE(column_name, '`', '``'), '` AS BINARY)), ''-'')') \
                 ORDER BY ordinal_position SEPARATOR ', ''|'', ') FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = '{}'",
                table.replace('\'', "''")
            ),
        );
        let history = if kind == "SYSTEM VERSIONED" {
            "FOR SYSTEM_TIME ALL"
        } else {
            ""
        };
        format!(
            "SET SESSION group_concat_max_len = 100000000; SELECT COUNT(*), SHA2(GROUP_CONCAT(h ORDER BY h), 256) FROM \
             (SELECT SHA2(CONCAT({columns}), 256) h FROM `{}` {history}) r",
            table.replace('`', "``")
        )
    }

    /// A table `held` and a session that locks it for ever: a dump of that database waits until it is ended. Returns
    /// the session's id.
    pub fn hold(&self, database: &str) -> String {
        self.sql(database, "CREATE TABLE IF NOT EXISTS held (a INT)");
        self.hold_with(database, "LOCK TABLE held WRITE")
    }

    /// A session that runs a statement and stays. Returns its id.
    pub fn hold_with(&self, database: &str, statement: &str) -> String {
        let lock = format!("{statement}; SELECT SLEEP(3600)");
        let password = format!("MYSQL_PWD={PASSWORD}");
        docker(&[
            "exec",
            "--detach",
            "--env",
            &password,
            &self.name,
            self.client,
            "--user=root",
            "--database",
            database,
            "--execute",
            &lock,
        ]);
        let holds = "SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(3600)'";
        let mut id = String::new();
        wait_until("the lock", LONG, || {
            id = self.sql("mysql", holds);
            !id.is_empty()
        });
        id
    }

    /// Waits until somebody stands before that lock.
    pub fn wait_for_waiting_dump(&self) {
        let waiting =
            "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table%lock'";
        wait_until("a dump that waits", LONG, || self.sql("mysql", waiting) != "0");
    }

    /// Ends all that stand before that lock. A server does not notice at once that somebody who waits is gone.
    pub fn end_waiting(&self) {
        let waiting =
            "SELECT id FROM information_schema.processlist WHERE state LIKE 'Waiting for table%lock'";
        wait_until("nobody waits", LONG, || {
            let ids = self.sql("mysql", waiting);
            for id in ids.lines() {
                // It may have gone by itself.
                let _ = self.try_sql("mysql", &format!("KILL {id}"));
            }
            ids.is_empty()
        });
    }

    /// Ends a session.
    pub fn end(&self, id: &str) {
        self.sql("mysql", &format!("KILL {id}"));
    }
}

impl Deref for Mysql {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.container
    }
}
