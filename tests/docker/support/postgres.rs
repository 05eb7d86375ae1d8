//! A PostgreSQL server in its container.

use super::{Container, LONG, wait_until};
use std::ops::Deref;

/// The versions everything is tried with.
pub const MAJORS: [u32; 3] = [15, 17, 18];

/// The superuser's password.
pub const PASSWORD: &str = "pa$$ 'word' of-the-superuser";

/// A running server.
pub struct Postgres {
    container: Container,
}

impl Postgres {
    /// A new, empty server.
    pub fn start(major: u32) -> Self {
        let password = format!("POSTGRES_PASSWORD={PASSWORD}");
        Self::start_with(major, &["--env", &password])
    }

    /// One that is told its password in another way.
    pub fn start_with(major: u32, options: &[&str]) -> Self {
        let data = if major >= 18 {
            "/var/lib/postgresql"
        } else {
            "/var/lib/postgresql/data"
        };
        let mut all = vec!["--tmpfs", data, "--env", "POSTGRES_INITDB_ARGS=--no-sync"];
        all.extend(options);
        Self::ready(Container::run(
            &format!("postgres:{major}"),
            &all,
            &["postgres", "-c", "fsync=off"],
        ))
    }

    /// One that has PostgreSQL's own regression database.
    pub fn start_regression(major: u32) -> Self {
        let image = format!("lifeboat-test/postgres-regress:{major}");
        Self::ready(Container::run(&image, &[], &["postgres", "-c", "fsync=off"]))
    }

    /// While it is set up it listens on its socket alone: only TCP tells that it is ready.
    fn ready(container: Container) -> Self {
        wait_until("a PostgreSQL server", LONG, || {
            container.succeeds(&["pg_isready", "--quiet", "--host", "127.0.0.1"])
        });
        Self { container }
    }

    /// The answer to some SQL, unaligned, without headings.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let database = format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"));
        let argv = [
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            &database,
        ];
        let output = self.exec_with(&argv, sql.as_bytes());
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// A table `held` and a session that locks it for ever: a dump of that database waits until it is ended.
    /// Returns the session's process id.
    pub fn hold(&self, database: &str) -> String {
        self.sql(database, "CREATE TABLE IF NOT EXISTS held (a int)");
        let lock = "BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600)";
        let argv = [
            "exec",
            "--detach",
            "--env",
            "PGAPPNAME=holder",
            &self.name,
            "psql",
            "-U",
            "postgres",
        ];
        super::engine::docker(&[&argv[..], &["-d", database, "-c", lock]].concat());
        let locked = "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid) \
                      WHERE a.application_name = 'holder' AND l.mode = 'AccessExclusiveLock' AND l.granted";
        let mut pid = String::new();
        wait_until("the lock", LONG, || {
            pid = self.sql("postgres", locked);
            !pid.is_empty()
        });
        pid
    }

    /// Waits until a `pg_dump` stands before that lock.
    pub fn wait_for_waiting_dump(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        wait_until("a pg_dump that waits", LONG, || {
            self.sql("postgres", waiting) != "0"
        });
    }

    /// Databases but the templates.
    pub fn databases(&self) -> Vec<String> {
        let names = self.sql(
            "postgres",
            "SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database WHERE NOT datistemplate",
        );
        serde_json::from_str(&names).unwrap()
    }

    /// One number for everything that pgbench has made.
    pub fn pgbench_sum(&self, database: &str) -> String {
        self.sql(
            database,
            "SELECT count(*), sum(hashtext(a::text)::bigint) FROM pgbench_accounts a",
        )
    }

    /// Asserts that no process of the server has died since it started: it would have thrown out every client.
    pub fn assert_never_restarted(&self) {
        let log = self.log();
        for bad in [
            "terminated by signal",
            "reinitializing",
            "crash of another server process",
            "PANIC",
        ] {
            assert!(!log.contains(bad), "the server restarted: {log}");
        }
    }
}

impl Deref for Postgres {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.container
    }
}
