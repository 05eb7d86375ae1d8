//! What a server may refuse of a dump that another one, or the same one with other settings, has held.
//!
//! One table of switches. Those of a session are off while a dump loads; those that no session can set, or not this
//! account's, count only where the dump has something that they refuse: then the restore is refused before anything is
//! emptied. Sources: the reference manuals of MySQL 5.7 to 9.x, "Server System Variables", "`InnoDB` Startup Options and
//! System Variables" and "System Variable Privileges"; the MariaDB Knowledge Base, "Server System Variables", "`InnoDB`
//! System Variables", "Galera Cluster System Variables"; Percona `XtraDB` Cluster, "`pxc_strict_mode`".

use super::demands::Demands;
use super::rows::rows;
use super::{AnswerError, Flavour, Mysql, Script, Server};

/// When a switch refuses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lax {
    /// At this value.
    Is(&'static str),
    /// At this number or above.
    AtLeast(u64),
    /// At any other value than those that begin so or hold that.
    Not(&'static [&'static str]),
}

/// Of what in a dump a switch keeps something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refuses {
    /// Of what can't be told from the dump: anything.
    Anything,
    /// Tables whose rows may be longer than a page takes, or are stored in a way that not every server knows.
    OddRows,
    /// Tables without `PRIMARY KEY`.
    NoPrimaryKey,
    /// Tables without any key that could be one.
    NoKey,
    /// Tables of the engines that the value names.
    NamedEngines,
    /// Tables of all engines but the one that the value names.
    OtherEngines,
    /// Tables of engines other than `InnoDB`, and without `PRIMARY KEY`.
    Cluster,
    /// Functions and triggers, while a binary log is kept.
    Programs,
    /// Tables told to be encrypted.
    Encrypted,
    /// Tables told not to be.
    Unencrypted,
    /// Tables with compressed rows.
    Compressed,
    /// Rows with a time of their own.
    History,
    /// Nothing that would be lost: set where it can be.
    Nothing,
}

/// One switch.
#[derive(Debug, Clone, Copy)]
struct Switch {
    name: &'static str,
    lax: Lax,
    /// What a session sets it to; `None`: it is the server's alone.
    set: Option<&'static str>,
    refuses: Refuses,
}

const fn session(name: &'static str, value: &'static str, refuses: Refuses) -> Switch {
    Switch {
        name,
        lax: Lax::Is(value),
        set: Some(value),
        refuses,
    }
}

const fn server(name: &'static str, lax: Lax, refuses: Refuses) -> Switch {
    Switch {
        name,
        lax,
        set: None,
        refuses,
    }
}

/// All of them; a server says which it knows.
const SWITCHES: &[Switch] = &[
    // Both.
    session("innodb_strict_mode", "OFF", Refuses::OddRows),
    session("foreign_key_checks", "OFF", Refuses::Anything),
    session("unique_checks", "OFF", Refuses::Nothing),
    // What is not committed at the end of the session is gone.
    session("autocommit", "ON", Refuses::Anything),
    session("sql_safe_updates", "OFF", Refuses::Nothing),
    // With them off, `TIMESTAMP NOT NULL` would get a default that it did not have.
    session("explicit_defaults_for_timestamp", "ON", Refuses::Nothing),
    session("transaction_read_only", "OFF", Refuses::Anything),
    session("tx_read_only", "OFF", Refuses::Anything),
    // Less of it and `binlog_format=STATEMENT` take no row of InnoDB.
    Switch {
        name: "transaction_isolation",
        lax: Lax::Is("REPEATABLE-READ"),
        set: Some("'REPEATABLE-READ'"),
        refuses: Refuses::Nothing,
    },
    Switch {
        name: "tx_isolation",
        lax: Lax::Is("REPEATABLE-READ"),
        set: Some("'REPEATABLE-READ'"),
        refuses: Refuses::Nothing,
    },
    // A table in memory may hold what this says when it is made.
    Switch {
        name: "max_heap_table_size",
        lax: Lax::AtLeast(1 << 40),
        set: Some("1099511627776"),
        refuses: Refuses::Nothing,
    },
    server(
        "log_bin_trust_function_creators",
        Lax::Is("ON"),
        Refuses::Programs,
    ),
    // MySQL.
    session("restrict_fk_on_non_standard_key", "OFF", Refuses::Anything),
    session("sql_require_primary_key", "OFF", Refuses::NoPrimaryKey),
    session("sql_generate_invisible_primary_key", "OFF", Refuses::NoPrimaryKey),
    session("require_row_format", "OFF", Refuses::Anything),
    server("disabled_storage_engines", Lax::Is(""), Refuses::NamedEngines),
    server(
        "table_encryption_privilege_check",
        Lax::Is("OFF"),
        Refuses::Encrypted,
    ),
    server(
        "pxc_strict_mode",
        Lax::Not(&["ENFORCING", "MASTER"]),
        Refuses::Cluster,
    ),
    // MariaDB.
    session("check_constraint_checks", "OFF", Refuses::Anything),
    Switch {
        name: "alter_algorithm",
        lax: Lax::Is("DEFAULT"),
        set: Some("'DEFAULT'"),
        refuses: Refuses::Nothing,
    },
    Switch {
        name: "enforce_storage_engine",
        lax: Lax::Is(""),
        set: Some("NULL"),
        refuses: Refuses::OtherEngines,
    },
    server("innodb_force_primary_key", Lax::Is("OFF"), Refuses::NoKey),
    server(
        "innodb_encrypt_tables",
        Lax::Not(&["FORCE"]),
        Refuses::Unencrypted,
    ),
    server("innodb_read_only_compressed", Lax::Is("OFF"), Refuses::Compressed),
    server(
        "wsrep_mode",
        Lax::Not(&["REQUIRED_PRIMARY_KEY"]),
        Refuses::NoPrimaryKey,
    ),
    server(
        "secure_timestamp",
        Lax::Not(&["YES", "REPLICATION"]),
        Refuses::History,
    ),
];

/// Beside the switches: in whose name only their like may make something. MariaDB has no such table.
const SYSTEM_USERS: &str = "SELECT 'system_user', HEX(CONCAT(user, '@', host)) FROM mysql.global_grants \
    WHERE priv = 'SYSTEM_USER' AND user <> 'root'";

/// Beside the switches: whether a binary log is kept.
const BINARY_LOG: &str = "log_bin";

/// The switches of a server, as a session of this account finds them and as it can have them.
#[derive(Debug, Clone, Default)]
pub struct Strictness {
    /// Switch, and its value at the session's beginning and after it was set.
    found: Vec<(&'static str, String, String)>,
    binary_log: bool,
    /// Accounts with MySQL's `SYSTEM_USER`, as far as this one may know them.
    system_users: Vec<String>,
}

impl Mysql {
    /// Asks for the switches, tries to set them, and asks again. Fails on every switch that is not there, and goes on.
    pub fn strictness(&self) -> Script {
        let names: Vec<_> = SWITCHES
            .iter()
            .map(|switch| switch.name)
            .chain([BINARY_LOG])
            .map(|name| format!("'{name}'"))
            .collect();
        let show = format!("SHOW VARIABLES WHERE variable_name IN ({})", names.join(", "));
        let mut queries = vec![show.clone(), "SELECT 'set'".to_owned()];
        queries.extend(SWITCHES.iter().filter_map(|switch| {
            let value = switch.set?;
            Some(format!("SET SESSION {} = {value}", switch.name))
        }));
        queries.push(SYSTEM_USERS.to_owned());
        queries.push(show);
        // Behind one that fails, the client goes on with the next line.
        self.whatever(&queries)
    }
}

impl Strictness {
    /// Reads the answer to [`Mysql::strictness`].
    pub fn read(stdout: &[u8]) -> Result<Self, AnswerError> {
        let mut strictness = Self::default();
        let mut before: Vec<(&str, String)> = Vec::new();
        let mut set = false;
        for mut row in rows("the settings", stdout)? {
            if row.kind == "set" {
                set = true;
                continue;
            }
            if row.kind == "system_user" {
                strictness.system_users.push(row.text()?);
                continue;
            }
            let value = row.plain()?.to_owned();
            if row.kind == BINARY_LOG {
                strictness.binary_log = value == "ON";
            } else if !set {
                before.push((row.kind, value));
            } else if let Some(switch) = SWITCHES.iter().find(|switch| switch.name == row.kind) {
                let first = before.iter().find(|(name, _)| *name == row.kind);
                let first = first.map_or_else(|| value.clone(), |(_, value)| value.clone());
                strictness.found.push((switch.name, first, value));
            }
        }
        if !set || strictness.found.is_empty() {
            return Err(AnswerError {
                about: "the settings",
            });
        }
        Ok(strictness)
    }

    /// What a session sets before it loads: what is not lax by itself, and can be made so.
    pub fn settings(&self) -> Vec<String> {
        let setting = |(name, first, after): &(&'static str, String, String)| {
            let switch = SWITCHES.iter().find(|switch| switch.name == *name)?;
            let value = switch.set?;
            (!switch.lax.holds(first) && first != after).then(|| format!("SESSION {name} = {value}"))
        };
        self.found.iter().filter_map(setting).collect()
    }

    /// What of the dump this server would refuse, and by which setting.
    pub fn refusals(&self, demands: &Demands, server: &Server) -> Vec<String> {
        let refusal = |(name, _, value): &(&'static str, String, String)| {
            let switch = SWITCHES.iter().find(|switch| switch.name == *name)?;
            if switch.lax.holds(value) {
                return None;
            }
            let what = switch.refuses.of(value, demands, server, self.binary_log)?;
            Some(format!("{name} = {value} refuses {what}"))
        };
        self.found.iter().filter_map(refusal).collect()
    }
}

impl Lax {
    fn holds(self, value: &str) -> bool {
        match self {
            // Some booleans are written as numbers.
            Self::Is("OFF") => ["OFF", "0", "NO"].contains(&value),
            Self::Is("ON") => ["ON", "1", "YES"].contains(&value),
            Self::Is("") => ["", "NULL"].contains(&value),
            Self::Is(lax) => value == lax,
            Self::AtLeast(least) => value.parse::<u64>().is_ok_and(|number| number >= least),
            Self::Not(strict) => !strict.iter().any(|strict| value.contains(strict)),
        }
    }
}

impl Refuses {
    fn of(self, value: &str, demands: &Demands, server: &Server, binary_log: bool) -> Option<String> {
        let some = |what: &str, names: &[String]| {
            let shown = names
                .iter()
                .take(3)
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            (!names.is_empty()).then(|| format!("{what} {shown}"))
        };
        let engines = |refused: &dyn Fn(&str) -> bool| {
            let names: Vec<_> = demands
                .engines
                .iter()
                .filter(|name| refused(name))
                .cloned()
                .collect();
            some("tables of the engine", &names)
        };
        let no_key = "tables without a primary key:";
        match self {
            Self::Anything => Some("what the backup may hold".to_owned()),
            Self::OddRows => some("long rows or options of tables:", &demands.odd_rows),
            Self::NoPrimaryKey => some(no_key, &demands.without_primary_key),
            Self::NoKey => some(no_key, &demands.without_any_key),
            Self::NamedEngines => {
                engines(&|name| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(name)))
            }
            Self::OtherEngines => engines(&|name| !value.eq_ignore_ascii_case(name)),
            Self::Cluster => {
                some(no_key, &demands.without_primary_key).or_else(|| engines(&|name| name != "innodb"))
            }
            Self::Programs if !binary_log => None,
            Self::Programs => {
                some("functions that may change data:", &demands.unsafe_functions).or_else(|| {
                    (demands.programs && !server.grants.may(&["SUPER"]))
                        .then(|| format!("functions and triggers of {}, which lacks SUPER", server.account))
                })
            }
            Self::Encrypted if server.grants.may(&["TABLE_ENCRYPTION_ADMIN", "SUPER"]) => None,
            Self::Encrypted => some("encrypted tables:", &demands.encrypted),
            Self::Unencrypted => some("unencrypted tables:", &demands.unencrypted),
            Self::Compressed => some("tables with compressed rows:", &demands.compressed),
            Self::History => demands
                .history
                .then(|| "the history of versioned tables".to_owned()),
            Self::Nothing => None,
        }
    }
}

impl Strictness {
    /// Of `definers`, those in whose name this account may make nothing.
    pub fn foreign_definers<'a>(&self, definers: &'a [String], server: &Server) -> Vec<&'a str> {
        // MariaDB has it as SET USER since 10.5, MySQL as SET_USER_ID, and as SET_ANY_DEFINER since 8.2.
        let (any, system_users) = match server.flavour {
            Flavour::Mysql => (
                &["SET_USER_ID", "SET_ANY_DEFINER", "SUPER"][..],
                server.numbers >= (8, 0, 16),
            ),
            Flavour::Mariadb => (&["SET USER", "SUPER"][..], false),
        };
        let may_any = server.grants.may(any);
        let may_system = !system_users || server.grants.may(&["SYSTEM_USER"]);
        let is_system = |definer: &str| {
            definer.starts_with("root@") || self.system_users.iter().any(|one| one == definer)
        };
        definers
            .iter()
            .map(String::as_str)
            .filter(|definer| *definer != server.account)
            .filter(|definer| !may_any || !may_system && is_system(definer))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::server::tests::server;
    use super::super::tools::tests::mysql;
    use super::*;

    fn read(before: &str, after: &str) -> Strictness {
        Strictness::read(format!("{before}set\n{after}").as_bytes()).unwrap()
    }

    fn demands() -> Demands {
        Demands {
            without_primary_key: vec!["t".into(), "u".into()],
            without_any_key: vec!["u".into()],
            engines: ["innodb".into(), "myisam".into()].into(),
            unsafe_functions: vec!["f".into()],
            programs: true,
            ..Demands::default()
        }
    }

    #[test]
    fn asks_in_one_session() {
        let script = Mysql::new("u", None, mysql()).strictness();
        let text = script.input.expose();
        assert!(script.words.argv.contains(&"--force".to_owned()));
        assert_eq!(text.matches("SHOW VARIABLES").count(), 2);
        assert!(text.contains("SET SESSION sql_require_primary_key = OFF;\n"));
        assert!(!text.contains("SET SESSION innodb_force_primary_key"));
    }

    #[test]
    fn what_can_be_set_is_set_and_what_is_lax_is_left() {
        let found = read(
            "innodb_strict_mode\tON\nautocommit\tON\nsql_require_primary_key\tON\nmax_heap_table_size\t16384\n",
            "innodb_strict_mode\tOFF\nautocommit\tON\nsql_require_primary_key\tON\nmax_heap_table_size\t1099511627776\n",
        );
        assert_eq!(
            found.settings(),
            [
                "SESSION innodb_strict_mode = OFF",
                "SESSION max_heap_table_size = 1099511627776"
            ]
        );
        let root = server("9.7.0", &[]);
        assert_eq!(
            found.refusals(&demands(), &root),
            ["sql_require_primary_key = ON refuses tables without a primary key: t, u"]
        );
        assert!(found.refusals(&Demands::default(), &root).is_empty());
        assert!(Strictness::read(b"autocommit\tON\n").is_err());
    }

    #[test]
    fn what_is_the_servers_alone_counts_where_the_dump_has_it() {
        let root = server("11.8.6-MariaDB", &[]);
        let refusals = |line: &str| read(line, line).refusals(&demands(), &root);
        for (line, says) in [
            ("innodb_force_primary_key\tON\n", "primary key: u"),
            ("disabled_storage_engines\tFEDERATED,MyISAM\n", "engine myisam"),
            ("enforce_storage_engine\tInnoDB\n", "engine myisam"),
            ("pxc_strict_mode\tENFORCING\n", "primary key: t, u"),
            (
                "wsrep_mode\tSTRICT_REPLICATION,REQUIRED_PRIMARY_KEY\n",
                "primary key: t, u",
            ),
            (
                "log_bin\tON\nlog_bin_trust_function_creators\tOFF\n",
                "change data: f",
            ),
            ("check_constraint_checks\tON\n", "may hold"),
        ] {
            let found = refusals(line);
            assert!(found.len() == 1 && found[0].contains(says), "{line}: {found:?}");
        }
        for line in [
            "innodb_force_primary_key\tOFF\n",
            "disabled_storage_engines\t\n",
            "disabled_storage_engines\tFEDERATED\n",
            "enforce_storage_engine\t\n",
            "log_bin\tOFF\nlog_bin_trust_function_creators\tOFF\n",
            "log_bin\tON\nlog_bin_trust_function_creators\tON\n",
            "secure_timestamp\tYES\n",
            "innodb_encrypt_tables\tFORCE\n",
            "innodb_read_only_compressed\tON\n",
            "table_encryption_privilege_check\tON\n",
            "max_heap_table_size\t16384\n",
        ] {
            assert_eq!(refusals(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn in_whose_name_an_account_may_make_something() {
        let definers = ["root@localhost", "boss@%", "other@%"].map(str::to_owned);
        let boss = format!("system_user\t{}\n", super::super::sql::hex("boss@%"));
        let strictness = read("autocommit\tON\n", &format!("{boss}autocommit\tON\n"));
        assert!(
            strictness
                .foreign_definers(&definers, &server("9.7.0", &[]))
                .is_empty()
        );
        let with = |version: &str, grant: &str| {
            let hex = super::super::sql::hex;
            let answer = format!(
                "server\t{}\t{}\t0\t0\t1\t1\nGRANT {grant} ON *.* TO `other`@`%`\n",
                hex(version),
                hex("other@%")
            );
            let server = Mysql::read_server(answer.as_bytes(), false).unwrap();
            strictness
                .foreign_definers(&definers, &server)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let all = ["root@localhost", "boss@%"];
        assert_eq!(with("9.7.0", "SELECT"), all);
        assert_eq!(with("9.7.0", "SET_ANY_DEFINER"), all);
        assert!(with("9.7.0", "SET_ANY_DEFINER, SYSTEM_USER").is_empty());
        assert!(with("5.7.44", "SUPER").is_empty());
        assert!(with("11.8.6-MariaDB", "SET USER").is_empty());
        assert_eq!(with("11.8.6-MariaDB", "SELECT"), all);
    }
}
