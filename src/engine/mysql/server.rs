//! The server as a whole: its version, this account, and what it holds, asked once.

use super::rows::rows;
use super::{AnswerError, Flavour, Grants, Mysql};
use crate::engine::Words;

/// What a server says about itself and this account.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub struct Server {
    /// As printed, `11.8.6-MariaDB-ubu2404`.
    pub version: String,
    /// Whose it is.
    pub flavour: Flavour,
    /// The version's first three numbers.
    pub numbers: (u32, u32, u32),
    /// The account, as the server names it: `root@localhost`.
    pub account: String,
    /// `lower_case_table_names` is not 0: `App` and `app` are one database.
    pub folds_case: bool,
    /// A replica, or told so: it can be dumped, not restored to.
    pub read_only: bool,
    /// The longest statement it takes, in bytes.
    pub max_allowed_packet: u64,
    /// How many rows a question gets at most, in a session that sets nothing else.
    pub select_limit: u64,
    /// In a grant, `_` and `%` of a database's name mean themselves.
    pub partial_revokes: bool,
    /// Whether the account may read the accounts.
    pub reads_accounts: bool,
    /// What the account may do.
    pub grants: Grants,
    /// All databases it may see, in byte order of their names.
    pub databases: Vec<Database>,
}

/// A database, seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
}

impl Server {
    /// The database of this name.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases
            .iter()
            .find(|database| self.same(&database.name, name))
    }

    /// Whether two names mean one database here.
    pub fn same(&self, one: &str, other: &str) -> bool {
        one == other || self.folds_case && one.to_lowercase() == other.to_lowercase()
    }
}

impl Mysql {
    /// Asks what [`Server`] holds.
    pub fn server(&self) -> Words {
        self.ask(&[
            "SELECT 'server', HEX(VERSION()), HEX(CURRENT_USER()), @@lower_case_table_names, @@read_only, \
             @@max_allowed_packet, @@GLOBAL.sql_select_limit"
                .to_owned(),
            // Not every version has this variable.
            "SHOW VARIABLES LIKE 'partial_revokes'".to_owned(),
            "SELECT 'database', HEX(schema_name) FROM information_schema.schemata ORDER BY 2".to_owned(),
            "SHOW GRANTS".to_owned(),
        ])
    }

    /// Asks whether the account may read the accounts: succeeds when it may.
    pub fn may_read_accounts(&self) -> Words {
        self.ask(&["SELECT COUNT(*) FROM mysql.user".to_owned()])
    }

    /// Reads the answers to [`Mysql::server`]; `reads_accounts` is whether [`Mysql::may_read_accounts`] succeeded.
    pub fn read_server(stdout: &[u8], reads_accounts: bool) -> Result<Server, AnswerError> {
        let mut server = None;
        let mut databases = Vec::new();
        let mut partial_revokes = false;
        let mut grants = Grants::default();
        for mut row in rows("the server", stdout)? {
            match row.kind {
                "server" => {
                    let version = row.text()?;
                    server = Some(Server {
                        flavour: Flavour::of_version(&version),
                        numbers: numbers(&version),
                        version,
                        account: row.text()?,
                        folds_case: row.plain()? != "0",
                        // MariaDB 12 says it with words.
                        read_only: !matches!(row.plain()?, "0" | "OFF"),
                        max_allowed_packet: row.number()?,
                        select_limit: row.number()?,
                        partial_revokes: false,
                        reads_accounts,
                        grants: Grants::default(),
                        databases: Vec::new(),
                    });
                }
                "partial_revokes" => partial_revokes = row.plain()? == "ON",
                "database" => databases.push(Database { name: row.text()? }),
                line => grants.add(line),
            }
        }
        let server = server.ok_or(AnswerError { about: "the server" })?;
        Ok(Server {
            partial_revokes,
            grants,
            databases,
            ..server
        })
    }
}

fn numbers(version: &str) -> (u32, u32, u32) {
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub fn server(version: &str, databases: &[&str]) -> Server {
        let mut answer = format!(
            "server\t{}\t{}\t0\t0\t16777216\t18446744073709551615\n",
            super::super::sql::hex(version),
            super::super::sql::hex("root@localhost")
        );
        answer.extend(
            databases
                .iter()
                .map(|name| format!("database\t{}\n", super::super::sql::hex(name))),
        );
        answer += "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION\n";
        Mysql::read_server(answer.as_bytes(), true).unwrap()
    }

    #[test]
    fn reads_an_answer() {
        let mut read = server("11.8.6-MariaDB-ubu2404", &["App", "b`c"]);
        assert_eq!(read.flavour, Flavour::Mariadb);
        assert_eq!(read.numbers, (11, 8, 6));
        assert!(!read.read_only && !read.partial_revokes);
        assert_eq!(read.database("b`c").unwrap().name, "b`c");
        assert_eq!(read.database("app"), None);
        read.folds_case = true;
        assert_eq!(read.database("app").unwrap().name, "App");
        assert_eq!(server("26.7.0", &[]).flavour, Flavour::Mysql);
        let replica = b"server\t38\t61\t1\tON\t1\t1\npartial_revokes\tON\n";
        let replica = Mysql::read_server(replica, false).unwrap();
        assert!(replica.read_only && replica.partial_revokes && replica.folds_case);
        assert!(Mysql::read_server(b"ERROR 1045", true).is_err());
    }
}
