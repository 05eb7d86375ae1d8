//! The words of a dump.

use super::Postgres;
use super::connect::Session;
use crate::config::PostgresFormat;
use crate::engine::{EndMark, Words};
use std::time::Duration;

/// How a database is dumped.
#[derive(Debug, Clone, Copy)]
pub struct DumpForm<'a> {
    /// Archive or SQL text.
    pub format: PostgresFormat,
    /// The database's own encoding, from its properties; else `pg_dump` takes the session's.
    pub encoding: Option<&'a str>,
    /// How long to wait for a table lock.
    pub lock_wait: Duration,
    /// `DUMP_OPTIONS`.
    pub options: &'a [String],
}

/// The last part of a dump's key.
pub fn extension(format: PostgresFormat) -> &'static str {
    match format {
        PostgresFormat::Custom => "pgdump",
        PostgresFormat::Plain => "sql",
    }
}

/// What stands at the end of a dump. After it come at most a few lines, of which `\unrestrict KEY` (63 letters)
/// is the longest. The archive format has no mark.
pub fn end_mark(format: PostgresFormat) -> EndMark {
    match format {
        PostgresFormat::Custom => EndMark::None,
        PostgresFormat::Plain => EndMark::Contains {
            mark: b"\n-- PostgreSQL database dump complete\n",
            within: 512,
        },
    }
}

impl Postgres {
    /// What stands at the end of [`Postgres::globals`].
    pub const GLOBALS_END: EndMark = EndMark::Contains {
        mark: b"\n-- PostgreSQL database cluster dump complete\n",
        within: 512,
    };

    /// Dumps `database` to standard output.
    pub fn dump(&self, database: &str, form: &DumpForm) -> Words {
        let mut argv = vec!["pg_dump".to_owned()];
        match form.format {
            // Compressed once, outside, where it does not slow the database's own container.
            PostgresFormat::Custom => argv.extend(["--format=custom", "--compress=0"].map(str::to_owned)),
            PostgresFormat::Plain => argv.push("--format=plain".to_owned()),
        }
        argv.push("--no-password".to_owned());
        // Milliseconds: the one form that every server version takes.
        argv.push(format!(
            "--lock-wait-timeout={}",
            form.lock_wait.as_millis().max(1)
        ));
        if let Some(encoding) = form.encoding {
            argv.push(format!("--encoding={encoding}"));
        }
        argv.extend_from_slice(form.options);
        // Last, so that no option can mean another database.
        argv.extend(["--dbname".to_owned(), self.conninfo(database)]);
        Words {
            argv,
            env: self.env(Session::Dump),
        }
    }

    /// Prints roles, memberships and tablespaces as SQL. Without `passwords` it needs no access to `pg_authid`.
    pub fn globals(&self, passwords: bool) -> Words {
        let mut argv = ["pg_dumpall", "--globals-only", "--no-password"]
            .map(str::to_owned)
            .to_vec();
        if !passwords {
            argv.push("--no-role-passwords".to_owned());
        }
        argv.extend(["--database".to_owned(), self.conninfo(self.home())]);
        Words {
            argv,
            env: self.env(Session::Command),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EndError;

    #[test]
    fn the_archive() {
        let options = ["--exclude-table=x".to_owned()];
        let form = DumpForm {
            format: PostgresFormat::Custom,
            encoding: Some("LATIN1"),
            lock_wait: Duration::from_mins(5),
            options: &options,
        };
        let words = Postgres::new("app", None).dump("-x", &form);
        assert_eq!(
            words.argv,
            [
                "pg_dump",
                "--format=custom",
                "--compress=0",
                "--no-password",
                "--lock-wait-timeout=300000",
                "--encoding=LATIN1",
                "--exclude-table=x",
                "--dbname",
                "dbname='-x' user='app'"
            ]
        );
        let encoding = words.env.iter().find(|(name, _)| name == "PGCLIENTENCODING");
        assert_eq!(encoding.map(|(_, value)| value.expose()), Some(""));
        assert_eq!(extension(form.format), "pgdump");
    }

    #[test]
    fn plain_text_and_its_end() {
        let form = DumpForm {
            format: PostgresFormat::Plain,
            encoding: None,
            lock_wait: Duration::ZERO,
            options: &[],
        };
        let words = Postgres::new("app", None).dump("d", &form);
        assert_eq!(
            words.argv[..4],
            [
                "pg_dump",
                "--format=plain",
                "--no-password",
                "--lock-wait-timeout=1"
            ]
        );
        let key = "k".repeat(63);
        let end = format!("\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict {key}\n\n");
        let watched = |text: &str| {
            let mut watch = end_mark(form.format).watch();
            watch.push(&[b'x'; 4096])?;
            watch.push(text.as_bytes())?;
            watch.finish()
        };
        assert_eq!(watched(&end), Ok(()));
        assert_eq!(watched("-- PostgreSQL database dump\n"), Err(EndError::NoMark));
        assert_eq!(extension(form.format), "sql");
    }

    #[test]
    fn globals_with_and_without_passwords() {
        let postgres = Postgres::new("app", None);
        assert_eq!(
            postgres.globals(true).argv,
            [
                "pg_dumpall",
                "--globals-only",
                "--no-password",
                "--database",
                "dbname='postgres' user='app'"
            ]
        );
        assert!(
            postgres
                .globals(false)
                .argv
                .contains(&"--no-role-passwords".to_owned())
        );
    }
}
