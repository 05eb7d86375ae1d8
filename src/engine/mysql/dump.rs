//! The words of a dump.

use super::connect::{UNBOUNDED, lock_waits};
use super::{Flavour, MARK, Mysql, Server};
use crate::engine::{EndMark, Words};
use crate::secret::Secret;
use std::time::Duration;

/// The last part of a dump's key.
pub const EXTENSION: &str = "sql";

/// How a database is dumped.
#[derive(Debug, Clone, Copy)]
pub struct DumpForm<'a> {
    /// How long to wait for a table lock.
    pub lock_wait: Duration,
    /// Whether there are tables that keep their history.
    pub versioned: bool,
    /// Whether the mark of an unfinished restore is left out.
    pub unmarked: bool,
    /// `DUMP_OPTIONS`.
    pub options: &'a [String],
}

/// `MariaDB`'s tool cannot be told how long to wait for a lock, so each table is looked at first, in a session that
/// can. A lock that comes later is for `STALL_TIMEOUT`. What else goes wrong the tool will say itself.
const WAIT_FOR_LOCKS: &str = "\
tables=$(eval \"$LIFEBOAT_TABLES\") || exit
said=$(printf '%s\\n' \"$tables\" | eval \"$LIFEBOAT_CLIENT\" 2>&1 >/dev/null)
code=$?
[ \"$code\" -lt 126 ] || exit \"$code\"
case $said in *'ERROR 1205'*) printf '%s\\n' \"$said\" >&2; exit 2 ;; esac
unset LIFEBOAT_TABLES LIFEBOAT_CLIENT tables said code
exec \"$@\"";

impl Mysql {
    /// What stands at the end of a dump, with the date behind it. The tool may write it after an error too, so its
    /// exit code is needed as well.
    pub const END: EndMark = EndMark::Contains {
        mark: b"\n-- Dump completed",
        within: 256,
    };

    /// The dump tool's words for `database`, to be shown.
    ///
    /// * without `--databases`, so that a restore can give it another name;
    /// * without `LOCK TABLES` around the rows: a table whose default is the next value of a sequence could not be
    ///   filled under it;
    /// * `utf8mb4` whatever the server's default is: nothing less holds every character.
    pub fn dump_tool(&self, database: &str, form: &DumpForm) -> Vec<String> {
        let mut argv = vec![self.tools.dump.clone()];
        argv.extend(self.connection());
        argv.extend(
            [
                "--single-transaction",
                "--quick",
                "--routines",
                "--triggers",
                "--events",
                "--hex-blob",
                "--no-tablespaces",
                "--skip-add-locks",
                "--max-allowed-packet=1G",
            ]
            .map(str::to_owned),
        );
        if self.tools.flavour() == Flavour::Mysql {
            argv.push("--set-gtid-purged=OFF".to_owned());
        }
        if form.versioned && self.tools.history {
            argv.push("--dump-history".to_owned());
        }
        if self.tools.init_command {
            argv.push(format!(
                "--init-command=SET {}, {UNBOUNDED}",
                lock_waits(form.lock_wait)
            ));
        }
        if form.unmarked {
            argv.push(format!("--ignore-table={database}.{MARK}"));
        }
        argv.extend_from_slice(form.options);
        // Last, and as nothing but a name.
        argv.extend(["--".to_owned(), database.to_owned()]);
        argv
    }

    /// Whether the server's `sql_select_limit` would cut the dump, since this tool can't be told another.
    pub fn cuts_dumps(&self, server: &Server) -> bool {
        !self.tools.init_command && server.select_limit < u64::MAX
    }

    /// Dumps `database` to standard output.
    pub fn dump(&self, database: &str, form: &DumpForm) -> Words {
        let tool = self.dump_tool(database, form);
        let mut env = self.env();
        if self.tools.init_command {
            return Words { argv: tool, env };
        }
        let client = |more: Option<&str>| {
            let mut words = self.client(form.lock_wait).argv;
            words.push(format!("--database={database}"));
            words.extend(more.map(|query| format!("--execute={query}")));
            Secret::new(shell_words::join(words))
        };
        let tables = "SELECT CONCAT('SELECT 1 FROM `', REPLACE(table_name, '`', '``'), '` LIMIT 0;') \
                      FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'VIEW'";
        env.push(("LIFEBOAT_TABLES".to_owned(), client(Some(tables))));
        env.push(("LIFEBOAT_CLIENT".to_owned(), client(None)));
        let shell = ["sh", "-c", WAIT_FOR_LOCKS, "lifeboat"].map(str::to_owned);
        Words {
            argv: shell.into_iter().chain(tool).collect(),
            env,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tools::tests::{mariadb, mysql};
    use super::*;

    const FORM: DumpForm = DumpForm {
        lock_wait: Duration::from_mins(5),
        versioned: true,
        unmarked: false,
        options: &[],
    };

    #[test]
    fn oracles_tool() {
        let options = ["--where=1".to_owned()];
        let form = DumpForm {
            options: &options,
            unmarked: true,
            ..FORM
        };
        let words = Mysql::new("root", None, mysql()).dump("-x", &form);
        assert_eq!(
            words.argv,
            [
                "mysqldump",
                "--no-defaults",
                "--host=localhost",
                "--protocol=socket",
                "--user=root",
                "--default-character-set=utf8mb4",
                "--single-transaction",
                "--quick",
                "--routines",
                "--triggers",
                "--events",
                "--hex-blob",
                "--no-tablespaces",
                "--skip-add-locks",
                "--max-allowed-packet=1G",
                "--set-gtid-purged=OFF",
                &format!("--init-command=SET SESSION lock_wait_timeout = 300, {UNBOUNDED}"),
                "--ignore-table=-x.lifeboat_restoring",
                "--where=1",
                "--",
                "-x",
            ]
        );
    }

    #[test]
    fn mariadbs_tool_waits_for_locks_elsewhere() {
        let mysql = Mysql::new("root", Some(Secret::new("hush")), mariadb());
        let words = mysql.dump("a b", &FORM);
        assert_eq!(words.argv[..2], ["sh", "-c"]);
        assert_eq!(words.argv[4..], mysql.dump_tool("a b", &FORM));
        assert!(words.argv.contains(&"--dump-history".to_owned()));
        assert!(
            !words
                .argv
                .iter()
                .any(|word| word.contains("hush") || word.contains("gtid"))
        );
        let client = words.env.iter().find(|(name, _)| name == "LIFEBOAT_CLIENT");
        assert!(client.is_some_and(|(_, client)| client.expose().ends_with("'--database=a b'")));
    }

    #[test]
    fn a_limit_cuts_the_dump_of_a_tool_that_cannot_be_told() {
        let mut server = super::super::server::tests::server("11.8.6-MariaDB", &[]);
        let (oracle, maria) = (Mysql::new("u", None, mysql()), Mysql::new("u", None, mariadb()));
        assert!(!maria.cuts_dumps(&server));
        server.select_limit = 1;
        assert!(maria.cuts_dumps(&server) && !oracle.cuts_dumps(&server));
    }

    #[test]
    fn the_end() {
        let ends = |dump: &[u8]| {
            let mut watch = Mysql::END.watch();
            watch.push(dump).and_then(|()| watch.finish()).is_ok()
        };
        assert!(ends(b"*/;\n\n-- Dump completed on 2026-11-20  3:00:00\n"));
        assert!(ends(b"*/;\n\n-- Dump completed\n"));
        assert!(!ends(b"\n-- MySQL dump 10.13\n"));
    }
}
