//! The server as a whole: its version and what it holds, asked once.

use super::{AnswerError, Postgres, answer, null_is_empty, sql};
use crate::engine::Words;
use serde::Deserialize;

/// What a server says about itself and this account.
#[derive(Debug, Clone, Deserialize)]
pub struct Server {
    /// As printed, `17.11 (Debian 17.11-0+deb13u1)`.
    pub version: String,
    /// As a number, 170011.
    pub version_num: u32,
    /// The cluster's own identity; a copy of its files has the same.
    #[serde(default)]
    pub system_identifier: Option<String>,
    /// The account, as the server names it.
    pub user: String,
    /// Whether the account may do everything.
    pub superuser: bool,
    /// A standby: it can be dumped, not restored to.
    pub in_recovery: bool,
    /// Whether the account may read the roles' passwords.
    pub reads_passwords: bool,
    /// Where its files are, in the target; `None` when the account may not know.
    #[serde(default)]
    pub data_directory: Option<String>,
    /// All roles, the system's own (`pg_…`) among them.
    #[serde(deserialize_with = "null_is_empty")]
    pub roles: Vec<String>,
    /// All tablespaces.
    #[serde(deserialize_with = "null_is_empty")]
    pub tablespaces: Vec<String>,
    /// All databases, in byte order of their names.
    #[serde(deserialize_with = "null_is_empty")]
    pub databases: Vec<Database>,
}

/// A database, seen from outside.
#[derive(Debug, Clone, Deserialize)]
pub struct Database {
    /// Its name: any text.
    pub name: String,
    /// Its id, which stays when it is renamed.
    pub oid: u32,
    /// A template: no user's data, by convention.
    pub template: bool,
    /// Whether it takes connections.
    pub connectable: bool,
    /// What an interrupted `DROP DATABASE` left: good for being dropped alone.
    pub invalid: bool,
    /// How many prepared transactions it has. With any it cannot be renamed or dropped.
    pub prepared_transactions: u32,
}

impl Server {
    /// The database of this name.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.iter().find(|database| database.name == name)
    }
}

impl Postgres {
    /// Asks what [`Server`] holds. Try it with each of [`Postgres::homes`] until one answers.
    pub fn server(&self) -> Words {
        self.commands(self.home(), &[sql::query(include_str!("server.sql"))])
    }

    /// Reads the answer to [`Postgres::server`].
    pub fn read_server(stdout: &[u8]) -> Result<Server, AnswerError> {
        answer("the server", stdout)
    }

    /// Speaks to another database than `name`, which is to be renamed or dropped: nobody may be connected to it.
    /// `None` when the server has no other that takes connections.
    #[must_use]
    pub fn away_from(&self, name: &str, server: &Server) -> Option<Self> {
        let open = |home: &&String| {
            *home != name
                && server
                    .database(home)
                    .is_some_and(|database| database.connectable && !database.invalid)
        };
        let home = self.homes.iter().find(open).or_else(|| {
            server
                .databases
                .iter()
                .map(|database| &database.name)
                .filter(|other| !other.starts_with("lifeboat_"))
                .find(open)
        })?;
        Some(self.clone().at_home_in(home.clone()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ANSWER: &str = r#"{"version":"17.11","version_num":170011,"system_identifier":"77","user":"app",
      "superuser":true,"in_recovery":false,"reads_passwords":true,"data_directory":null,"roles":["app"],
      "tablespaces":null,"databases":[
      {"name":"a=b","oid":16384,"template":false,"connectable":true,"invalid":false,"prepared_transactions":0},
      {"name":"postgres","oid":5,"template":false,"connectable":true,"invalid":false,"prepared_transactions":0},
      {"name":"template1","oid":1,"template":true,"connectable":false,"invalid":false,"prepared_transactions":0}]}"#;

    #[test]
    fn reads_an_answer() {
        let server = Postgres::read_server(ANSWER.as_bytes()).unwrap();
        assert_eq!(server.version_num, 170_011);
        assert!(server.tablespaces.is_empty());
        assert_eq!(server.database("a=b").unwrap().oid, 16384);
        assert!(Postgres::read_server(b"psql: error").is_err());
    }

    #[test]
    fn asks_no_comment() {
        let words = Postgres::new("u", None).server();
        assert!(
            words
                .argv
                .last()
                .unwrap()
                .starts_with("SELECT pg_catalog.json_build_object(")
        );
        assert!(!words.argv.last().unwrap().contains("--"));
    }

    #[test]
    fn stays_away_from_what_is_to_be_renamed() {
        let server = Postgres::read_server(ANSWER.as_bytes()).unwrap();
        let postgres = Postgres::new("u", None);
        assert_eq!(postgres.away_from("x", &server).unwrap().home(), "postgres");
        // template1 takes no connections here.
        assert_eq!(postgres.away_from("postgres", &server).unwrap().home(), "a=b");
        let mut alone = server.clone();
        alone.databases.remove(0);
        assert!(postgres.away_from("postgres", &alone).is_none());
    }
}
