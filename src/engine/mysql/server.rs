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
    /// What the server itself is known by, and a copy of its files with it; `None` where nothing of that can be asked.
    pub system_identifier: Option<String>,
    /// Where `MariaDB` has a file that knows what it knows no variable for: see [`Mysql::control_file`].
    pub aria_folder: Option<String>,
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
            // Not every version has each of these variables.
            "SHOW VARIABLES WHERE Variable_name IN ('partial_revokes', 'server_uuid', 'aria_log_dir_path')"
                .to_owned(),
            "SELECT 'database', HEX(schema_name) FROM information_schema.schemata ORDER BY 2".to_owned(),
            "SHOW GRANTS".to_owned(),
        ])
    }

    /// Prints the head of a file that `MariaDB` makes once, with its folder of data: it begins with an id that is made up
    /// then, and stays whatever restarts or upgrades come. No variable has anything like it: `server_id` is 1 everywhere,
    /// and `server_uid` is made of the network card.
    pub fn control_file(folder: &str) -> Words {
        let file = format!("{}/aria_log_control", folder.trim_end_matches('/'));
        Words {
            argv: ["od", "-An", "-v", "-tx1", "-N20", &file]
                .map(str::to_owned)
                .to_vec(),
            env: Vec::new(),
        }
    }

    /// Reads what [`Mysql::control_file`] printed: four bytes of magic and version, and sixteen of the id.
    pub fn read_control_file(stdout: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(stdout).ok()?;
        let hex: String = text.split_whitespace().collect();
        let id = hex.strip_prefix("fefe0c")?.get(2..)?;
        let is_id = id.len() == 32 && id.bytes().any(|digit| digit != b'0');
        is_id.then(|| format!("aria-{id}"))
    }

    /// Asks when the oldest of the server's own tables was made: what is left where that file can't be read.
    pub fn oldest_table(&self) -> Words {
        let query =
            "SELECT 'oldest', MIN(create_time) FROM information_schema.tables WHERE table_schema = 'mysql'";
        self.ask(&[query.to_owned()])
    }

    /// Reads the answer to [`Mysql::oldest_table`].
    pub fn read_oldest_table(stdout: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(stdout).ok()?;
        let time = text.trim().strip_prefix("oldest\t")?;
        (time != "NULL" && !time.contains(['\t', '\n'])).then(|| format!("since-{}", time.replace(' ', "T")))
    }

    /// Asks whether the account may read the accounts: succeeds when it may.
    pub fn may_read_accounts(&self) -> Words {
        self.ask(&["SELECT COUNT(*) FROM mysql.user".to_owned()])
    }

    /// Reads the answers to [`Mysql::server`]; `reads_accounts` is whether [`Mysql::may_read_accounts`] succeeded.
    pub fn read_server(stdout: &[u8], reads_accounts: bool) -> Result<Server, AnswerError> {
        let mut server = None;
        let mut databases = Vec::new();
        let (mut system_identifier, mut aria_folder) = (None, None);
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
                        system_identifier: None,
                        aria_folder: None,
                        databases: Vec::new(),
                    });
                }
                "partial_revokes" => partial_revokes = row.plain()? == "ON",
                "server_uuid" => {
                    system_identifier = Some(row.plain()?.to_owned()).filter(|uuid| !uuid.is_empty());
                }
                "aria_log_dir_path" => {
                    aria_folder = Some(row.plain()?.to_owned()).filter(|path| !path.is_empty());
                }
                "database" => databases.push(Database { name: row.text()? }),
                line => grants.add(line),
            }
        }
        let server = server.ok_or(AnswerError { about: "the server" })?;
        Ok(Server {
            partial_revokes,
            grants,
            system_identifier,
            aria_folder,
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
        let replica = b"server\t38\t61\t1\tON\t1\t1\npartial_revokes\tON\nserver_uuid\t0-1\n";
        let replica = Mysql::read_server(replica, false).unwrap();
        assert!(replica.read_only && replica.partial_revokes && replica.folds_case);
        assert_eq!(replica.system_identifier.as_deref(), Some("0-1"));
        assert!(Mysql::read_server(b"ERROR 1045", true).is_err());
    }

    #[test]
    fn mariadb_is_known_by_its_control_file() {
        let words = Mysql::control_file("/var/lib/mysql/");
        assert_eq!(words.argv.last().unwrap(), "/var/lib/mysql/aria_log_control");
        let head = b" fe fe 0c 01 79 eb dc ca eb a0 11 f1 aa 96 03 10\n 48 3b 50 e0\n";
        let id = Mysql::read_control_file(head).unwrap();
        assert_eq!(id, "aria-79ebdccaeba011f1aa960310483b50e0");
        for none in [
            &b""[..],
            b" fe fe 0c 01 79\n",
            b" fe fe 0d 01 79 eb dc ca eb a0 11 f1 aa 96 03 10\n 48 3b 50 e0\n",
        ] {
            assert_eq!(Mysql::read_control_file(none), None);
        }
        let oldest = Mysql::read_oldest_table(b"oldest\t2026-11-29 02:56:29\n");
        assert_eq!(oldest.as_deref(), Some("since-2026-11-29T02:56:29"));
        assert_eq!(Mysql::read_oldest_table(b"oldest\tNULL\n"), None);
    }
}
