//! How every tool is told where to connect, and with which settings.
//!
//! * A database's name is given as `dbname='…'`: by itself, a name with `=` in it or one that begins like a URI
//!   would be taken for a connection string.
//! * Settings of the database or the role (`ALTER DATABASE … SET`) that would change what is read or break what
//!   is written are overridden by `PGOPTIONS`, which has precedence over both.
//! * The server is the one in the target, where it listens by its own account. `PGHOST`, `PGSERVICE` and whatever else
//!   begins with `PG` is unset there: it may mean another server, or ask for what this one can't give.
//! * The password goes into the environment, never into the words.

use super::Postgres;
use crate::engine::{Words, unset};
use crate::secret::Secret;

/// For what a session is used; decides its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    /// Asking and telling the server: names are those of the system, whatever users have put in the way.
    Command,
    /// A dump: the tool makes its own settings.
    Dump,
    /// A load into a scratch database.
    Load,
}

impl Postgres {
    /// A `libpq` connection string for `database`.
    pub(super) fn conninfo(&self, database: &str) -> String {
        let mut parts = vec![("dbname", database.to_owned())];
        parts.extend(self.place.host.clone().map(|host| ("host", host)));
        parts.extend(self.place.port.map(|port| ("port", port.to_string())));
        parts.push(("user", self.user.clone()));
        let parts = parts.iter().map(|(name, text)| format!("{name}={}", value(text)));
        parts.collect::<Vec<_>>().join(" ")
    }

    /// `psql`, connected to `database`, that stops at the first error and prints bare values.
    pub(super) fn psql(&self, database: &str, session: Session) -> Words {
        let argv = [
            "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-w",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            &self.conninfo(database),
        ];
        Words {
            argv: argv.map(str::to_owned).to_vec(),
            env: self.env(session),
        }
    }

    /// `psql` that runs each of `commands` by itself, in a session of its own.
    pub(super) fn commands<S: AsRef<str>>(&self, database: &str, commands: &[S]) -> Words {
        let mut words = self.psql(database, Session::Command);
        for command in commands {
            words.argv.push("-c".to_owned());
            words.argv.push(command.as_ref().to_owned());
        }
        words
    }

    /// The environment of every tool.
    pub(super) fn env(&self, session: Session) -> Vec<(String, Secret)> {
        // A dump keeps the encoding of its database.
        let encoding = if session == Session::Command { "UTF8" } else { "" };
        let mut env = vec![
            ("PGAPPNAME", "lifeboat".to_owned()),
            ("PGCONNECT_TIMEOUT", "30".to_owned()),
            ("PGCLIENTENCODING", encoding.to_owned()),
            ("PGOPTIONS", self.options(session)),
            // Messages in the language the hints are looked up in.
            ("LC_ALL", "C".to_owned()),
        ];
        if let Some(password) = &self.password {
            env.push(("PGPASSWORD", password.expose().to_owned()));
        }
        let set = env
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Secret::new(value)));
        unset(&["PG"]).into_iter().chain(set).collect()
    }

    fn options(&self, session: Session) -> String {
        let mut options = vec![
            "statement_timeout=0",
            "lock_timeout=0",
            "idle_in_transaction_session_timeout=0",
            "standard_conforming_strings=on",
        ];
        // A server refuses a session that sets what it does not know.
        if self.version_num >= 140_000 {
            options.push("idle_session_timeout=0");
            // A statement whose client is gone would go on, for hours when it waits for a lock or builds an index,
            // and hold its locks and its scratch database that long.
            options.push("client_connection_check_interval=5s");
        }
        if self.version_num >= 170_000 {
            options.push("transaction_timeout=0");
        }
        // `ALTER DATABASE … SET role` would take a superuser's rights away. An account with fewer may have been
        // given its rights just so (Vault does).
        if self.superuser {
            options.push("role=none");
        }
        match session {
            Session::Command => options.extend([
                "search_path=pg_catalog",
                "default_transaction_read_only=off",
                "default_transaction_isolation=read\\ committed",
                // "skipping" is nothing to say.
                "client_min_messages=warning",
            ]),
            Session::Dump => {}
            // The scratch database is worth nothing until it is renamed, and the commit of the renaming, which is
            // synchronous, flushes everything before it.
            Session::Load => options.extend(["default_transaction_read_only=off", "synchronous_commit=off"]),
        }
        options
            .iter()
            .map(|option| format!("-c {option}"))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A value of a connection string.
fn value(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Place;

    #[test]
    fn a_name_is_never_taken_for_a_connection_string() {
        let postgres = Postgres::new("o'neil\\", None);
        assert_eq!(
            postgres.conninfo("host=evil 'x'\n"),
            "dbname='host=evil \\'x\\'\n' user='o\\'neil\\\\'"
        );
    }

    #[test]
    fn the_place_is_said_and_nothing_else_counts() {
        let place = Place {
            host: Some("/srv/it's".to_owned()),
            port: Some(5433),
            ..Place::default()
        };
        let postgres = Postgres::new("u", None).in_place(&place);
        assert_eq!(
            postgres.conninfo("d"),
            "dbname='d' host='/srv/it\\'s' port='5433' user='u'"
        );
        assert_eq!(postgres.env(Session::Dump)[0].0, "PG*");
    }

    #[test]
    fn the_password_is_in_the_environment_alone() {
        let words = Postgres::new("u", Some(Secret::new("hush"))).commands("d", &["SELECT 1"]);
        assert_eq!(
            words.argv,
            [
                "psql",
                "-X",
                "-q",
                "-A",
                "-t",
                "-w",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                "dbname='d' user='u'",
                "-c",
                "SELECT 1"
            ]
        );
        let password = words
            .env
            .iter()
            .find(|(name, _)| name == "PGPASSWORD")
            .map(|(_, value)| value.expose());
        assert_eq!(password, Some("hush"));
    }

    #[test]
    fn newer_settings_are_for_newer_servers() {
        let old = Postgres::new("u", None).knowing(130_000).options(Session::Load);
        assert_eq!(
            old,
            "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 \
             -c standard_conforming_strings=on -c default_transaction_read_only=off -c synchronous_commit=off"
        );
        let new = Postgres::new("u", None).knowing(180_000).options(Session::Load);
        assert!(
            new.contains(
                "-c idle_session_timeout=0 -c client_connection_check_interval=5s -c transaction_timeout=0"
            ),
            "{new}"
        );
    }
}
