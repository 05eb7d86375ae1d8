//! The scratch database a restore loads into, and the load itself.

use super::connect::Session;
use super::{Postgres, Properties, Script, Server, sql};
use crate::config::PostgresFormat;
use crate::engine::Words;
use crate::secret::Secret;
use std::fmt::Write;

/// How the names of scratch databases begin.
pub const SCRATCH: &str = "lifeboat_restore_";

/// The name of a scratch database; `id` tells it from others.
pub fn scratch_name(id: &str) -> String {
    format!("{SCRATCH}{id}")
}

/// Scratch databases that an earlier restore has left.
pub fn stale(server: &Server) -> Vec<&str> {
    server
        .databases
        .iter()
        .map(|database| database.name.as_str())
        .filter(|name| name.starts_with(SCRATCH))
        .collect()
}

impl Postgres {
    /// Makes the scratch database as the one in the backup was made: from nothing, with its encoding and locale.
    /// A tablespace that is not among `tablespaces` is left out.
    pub fn create_scratch(&self, scratch: &str, properties: &Properties, tablespaces: &[String]) -> Words {
        let create = self.create_statement(scratch, properties, tablespaces);
        self.commands(self.home(), &[create])
    }

    /// As `pg_dump --create` writes it (`dumpDatabase`).
    fn create_statement(&self, scratch: &str, properties: &Properties, tablespaces: &[String]) -> String {
        let mut text = format!("CREATE DATABASE {} TEMPLATE template0", sql::ident(scratch));
        // Writing to a String cannot fail.
        let mut option = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                let _ = write!(text, " {name} {}", sql::literal(value));
            }
        };
        let provider = properties.locale_provider.as_deref().unwrap_or("c");
        option("ENCODING", properties.encoding.as_deref());
        if self.version_num >= 150_000 {
            // Without it, template0's own would be taken.
            let name = match provider {
                "i" => "icu",
                "b" => "builtin",
                _ => "libc",
            };
            option("LOCALE_PROVIDER", Some(name));
        }
        option("LC_COLLATE", properties.collate.as_deref());
        option("LC_CTYPE", properties.ctype.as_deref());
        let locale = properties.locale.as_deref();
        match provider {
            "i" => option("ICU_LOCALE", locale),
            "b" => option("BUILTIN_LOCALE", locale),
            _ => {}
        }
        option("ICU_RULES", properties.icu_rules.as_deref());
        if let Some(tablespace) = properties
            .tablespace
            .as_ref()
            .filter(|name| tablespaces.contains(name))
        {
            let _ = write!(text, " TABLESPACE {}", sql::ident(tablespace));
        }
        text
    }

    /// Loads a dump from standard input. Nothing of it is undone at a failure: the database is dropped then.
    ///
    /// `without_tablespaces` puts everything into the default one; only the archive format can.
    pub fn load(
        &self,
        scratch: &str,
        format: PostgresFormat,
        without_tablespaces: bool,
        options: &[String],
    ) -> Words {
        match format {
            PostgresFormat::Custom => {
                let mut argv = vec![
                    "pg_restore",
                    "--format=custom",
                    "--exit-on-error",
                    "--no-password",
                    // A subscription would begin to pull, and would keep its database from being dropped.
                    "--no-subscriptions",
                ];
                if without_tablespaces {
                    argv.push("--no-tablespaces");
                }
                let mut argv: Vec<_> = argv.into_iter().map(str::to_owned).collect();
                argv.extend_from_slice(options);
                argv.extend(["--dbname".to_owned(), self.conninfo(scratch)]);
                Words {
                    argv,
                    env: self.env(Session::Load),
                }
            }
            PostgresFormat::Plain => {
                let mut words = self.psql(scratch, Session::Load);
                // What the dump's own SELECTs say.
                words.argv.extend(["-o", "/dev/null"].map(str::to_owned));
                words.argv.extend_from_slice(options);
                words
            }
        }
    }

    /// As the last before the renaming, in the scratch database itself, so that it has been opened once with all its
    /// settings before it goes live: removes what a dump in plain format has made of subscriptions.
    pub fn tidy(&self, scratch: &str) -> Script {
        let body = "DECLARE name text; BEGIN \
             FOR name IN SELECT s.subname FROM pg_catalog.pg_subscription s \
               JOIN pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = pg_catalog.current_database() \
             LOOP \
               EXECUTE pg_catalog.format('ALTER SUBSCRIPTION %I DISABLE', name); \
               EXECUTE pg_catalog.format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', name); \
               EXECUTE pg_catalog.format('DROP SUBSCRIPTION %I', name); \
             END LOOP; END";
        self.script(scratch, &[format!("DO {}", sql::literal(body))])
    }

    /// Drops `database`, sessions or not.
    pub fn drop_database(&self, database: &str) -> Words {
        let name = sql::ident(database);
        let force = if self.version_num >= 130_000 {
            " WITH (FORCE)"
        } else {
            ""
        };
        // A template cannot be dropped, and one that is not there cannot be altered.
        let open = format!(
            "DO {}",
            sql::literal(&format!(
                "BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = {text} AND datistemplate) \
                 THEN EXECUTE {alter}; END IF; END",
                text = sql::literal(database),
                alter = sql::literal(&format!("ALTER DATABASE {name} IS_TEMPLATE false")),
            ))
        );
        self.commands(
            self.home(),
            &[open, format!("DROP DATABASE IF EXISTS {name}{force}")],
        )
    }

    /// Drops `database` unless somebody is in it.
    pub fn drop_idle(&self, database: &str) -> Words {
        self.commands(
            self.home(),
            &[format!("DROP DATABASE IF EXISTS {}", sql::ident(database))],
        )
    }

    /// What an operator would say to `psql` to drop `database`.
    pub fn drop_statement(database: &str) -> String {
        format!("DROP DATABASE {}", sql::printable_ident(database))
    }

    /// Asks how much room there is where the server's files are.
    pub fn room(data_directory: &str) -> Words {
        Words {
            argv: ["df", "-P", "-k", data_directory].map(str::to_owned).to_vec(),
            env: vec![("LC_ALL".to_owned(), Secret::new("C"))],
        }
    }
}

/// Reads the answer to [`Postgres::room`], in bytes. `None`: not known.
pub fn available_bytes(stdout: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(stdout);
    let fields: Vec<_> = text.lines().last()?.split_whitespace().collect();
    // Names of devices and of directories may have spaces: what is left of the percentage is looked for.
    let percent = fields.iter().position(|field| {
        field
            .strip_suffix('%')
            .is_some_and(|number| number.parse::<u32>().is_ok())
    })?;
    let kib: u64 = fields.get(percent.checked_sub(1)?)?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn made(version_num: u32, properties: &Properties) -> String {
        let words = Postgres::new("u", None).knowing(version_num).create_scratch(
            "lifeboat_restore_1",
            properties,
            &["fast".into()],
        );
        words.argv.last().unwrap().clone()
    }

    #[test]
    fn is_made_as_the_backed_up_one_was() {
        let mut properties = Properties {
            encoding: Some("UTF8".into()),
            collate: Some("C".into()),
            ctype: Some("de_DE.utf8".into()),
            locale_provider: Some("c".into()),
            tablespace: Some("fast".into()),
            ..Properties::default()
        };
        assert_eq!(
            made(140_000, &properties),
            "CREATE DATABASE \"lifeboat_restore_1\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE \
             'de_DE.utf8' TABLESPACE \"fast\""
        );
        properties.tablespace = Some("gone".into());
        properties.locale_provider = Some("i".into());
        properties.locale = Some("de-AT".into());
        properties.icu_rules = Some("&V << w".into());
        assert_eq!(
            made(160_000, &properties),
            "CREATE DATABASE \"lifeboat_restore_1\" TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER 'icu' LC_COLLATE \
             'C' LC_CTYPE 'de_DE.utf8' ICU_LOCALE 'de-AT' ICU_RULES '&V << w'"
        );
        properties = Properties {
            locale_provider: Some("b".into()),
            locale: Some("C.UTF-8".into()),
            ..Properties::default()
        };
        assert_eq!(
            made(170_000, &properties),
            "CREATE DATABASE \"lifeboat_restore_1\" TEMPLATE template0 LOCALE_PROVIDER 'builtin' BUILTIN_LOCALE \
             'C.UTF-8'"
        );
        assert!(made(150_000, &Properties::default()).ends_with("template0 LOCALE_PROVIDER 'libc'"));
    }

    #[test]
    fn the_load_stops_at_the_first_error() {
        let postgres = Postgres::new("u", None);
        let options = ["--no-owner".to_owned()];
        assert_eq!(
            postgres.load("s", PostgresFormat::Custom, true, &options).argv,
            [
                "pg_restore",
                "--format=custom",
                "--exit-on-error",
                "--no-password",
                "--no-subscriptions",
                "--no-tablespaces",
                "--no-owner",
                "--dbname",
                "dbname='s' user='u'"
            ]
        );
        let plain = postgres.load("s", PostgresFormat::Plain, true, &[]).argv;
        assert_eq!(
            plain[6..],
            [
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                "dbname='s' user='u'",
                "-o",
                "/dev/null"
            ]
        );
    }

    #[test]
    fn dropping_takes_sessions_and_templates() {
        let words = Postgres::new("u", None).knowing(130_000).drop_database("a\"b");
        assert_eq!(
            words.argv.last().unwrap(),
            "DROP DATABASE IF EXISTS \"a\"\"b\" WITH (FORCE)"
        );
        assert!(words.argv[words.argv.len() - 3].contains("ALTER DATABASE \"a\"\"b\" IS_TEMPLATE false"));
        let old = Postgres::new("u", None).knowing(120_000).drop_database("a");
        assert_eq!(old.argv.last().unwrap(), "DROP DATABASE IF EXISTS \"a\"");
        assert_eq!(Postgres::drop_statement("a\"b"), "DROP DATABASE \"a\"\"b\"");
        // It is copied from a terminal.
        let hostile = Postgres::drop_statement("a\u{1b}[2J\n\\\"ö\u{202e}");
        assert_eq!(hostile, r#"DROP DATABASE U&"a\+00001B[2J\+00000A\\""ö\+00202E""#);
    }

    #[test]
    fn room_is_read_from_df() {
        let answer = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
                      a b            263112768 17000000  78000000      18% /var/lib/post 5% gres\n";
        assert_eq!(available_bytes(answer.as_bytes()), Some(78_000_000 * 1024));
        assert_eq!(available_bytes(b""), None);
        assert_eq!(available_bytes(b"df: no\n"), None);
        assert_eq!(Postgres::room("/data").argv, ["df", "-P", "-k", "/data"]);
    }
}
