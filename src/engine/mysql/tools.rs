//! Which tools the target has, and what they know.

use super::AnswerError;
use crate::config::EngineName;
use crate::engine::Words;

/// Whose tools, and whose server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Oracle's, and those that keep to it (Percona).
    Mysql,
    /// MariaDB.
    Mariadb,
}

impl Flavour {
    /// The engine of a server that says this to `SELECT VERSION()`, or of a tool that says it to `--version`.
    pub fn of_version(version: &str) -> Self {
        if version.contains("MariaDB") {
            Self::Mariadb
        } else {
            Self::Mysql
        }
    }

    /// Its name, as in `ENGINE`.
    pub fn engine(self) -> EngineName {
        match self {
            Self::Mysql => EngineName::Mysql,
            Self::Mariadb => EngineName::Mariadb,
        }
    }
}

/// The tools of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is known by itself")]
pub struct Tools {
    /// The dump tool's name.
    pub dump: String,
    /// What it says to `--version`.
    pub dump_version: String,
    /// The client's name.
    pub client: String,
    /// Where the server's socket is; `None`: where the tools look by themselves.
    pub socket: Option<String>,
    /// Whether the dump tool has `--init-command`. Oracle's got it in 8.4; `MariaDB`'s has none.
    pub init_command: bool,
    /// Whether the dump tool has `--dump-history`.
    pub history: bool,
    /// Whether the client shows a statement that failed, unless told not to.
    pub shows_failed: bool,
    /// Whether the client knows the line about its sandbox mode, with which newer dumps begin.
    pub sandbox: bool,
}

/// Looks. Not with `which`: not every image has it (docker-library/mysql #901).
///
/// The clients' option files are not read: `[mysqldump]` could leave tables out, and `[client]` name another account or
/// server.
const LOOK: &str = "\
first() { for tool; do command -v \"$tool\" >/dev/null 2>&1 && { echo \"$tool\"; return; }; done; }
client=$(first $LIFEBOAT_CLIENTS)
dump=$(first $LIFEBOAT_DUMPS)
[ -n \"$client\" ] && [ -n \"$dump\" ] || { echo 'neither mariadb-dump and mariadb nor mysqldump and mysql' >&2; exit 127; }
echo \"client $client\"
echo \"dump $dump\"
\"$dump\" --no-defaults --version 2>/dev/null | { IFS= read -r line; echo \"version $line\"; }
help=$(\"$dump\" --no-defaults --help 2>/dev/null)
case $help in *' --init-command='*) echo 'has init-command' ;; esac
case $help in *' --dump-history '*) echo 'has dump-history' ;; esac
help=$(\"$client\" --no-defaults --help 2>/dev/null)
case $help in *' --sandbox '*) echo 'has sandbox' ;; esac
case $help in *' --print-query-on-error '*) echo 'has print-query-on-error' ;; esac
:";

/// Asks what [`Tools`] holds. Those of `engine` come first where a target has both.
pub fn look(engine: EngineName) -> Words {
    let (clients, dumps) = match engine {
        EngineName::Mysql => ("mysql mariadb", "mysqldump mariadb-dump"),
        _ => ("mariadb mysql", "mariadb-dump mysqldump"),
    };
    let script = LOOK
        .replace("$LIFEBOAT_CLIENTS", clients)
        .replace("$LIFEBOAT_DUMPS", dumps);
    Words {
        argv: ["sh", "-c", &script, "lifeboat"].map(str::to_owned).to_vec(),
        env: Vec::new(),
    }
}

impl Tools {
    /// Reads the answer to [`look`].
    pub fn read(stdout: &[u8]) -> Result<Self, AnswerError> {
        let text = String::from_utf8_lossy(stdout);
        let said = |what: &str| {
            let mut lines = text
                .lines()
                .filter_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
            lines.next_back().map(str::to_owned)
        };
        let has = |what: &str| text.lines().any(|line| line.strip_prefix("has ") == Some(what));
        let needed = |what| {
            said(what).ok_or(AnswerError {
                about: "the tools of the target",
            })
        };
        Ok(Self {
            dump: needed("dump")?,
            dump_version: needed("version")?,
            client: needed("client")?,
            socket: None,
            init_command: has("init-command"),
            history: has("dump-history"),
            shows_failed: has("print-query-on-error"),
            sandbox: has("sandbox"),
        })
    }

    /// Whose the dump tool is.
    pub fn flavour(&self) -> Flavour {
        Flavour::of_version(&self.dump_version)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    pub fn mariadb() -> Tools {
        let read = Tools::read(
            b"client mariadb\ndump mariadb-dump\nversion mariadb-dump from 11.8.6-MariaDB\nhas dump-history\nhas \
              sandbox\n",
        );
        Tools {
            socket: Some("/run/x.sock".to_owned()),
            ..read.unwrap()
        }
    }

    pub fn mysql() -> Tools {
        Tools::read(b"client mysql\ndump mysqldump\nversion mysqldump  Ver 9.7.4\nhas init-command\n")
            .unwrap()
    }

    #[test]
    fn reads_an_answer() {
        let tools = mariadb();
        assert_eq!(
            (tools.dump.as_str(), tools.client.as_str()),
            ("mariadb-dump", "mariadb")
        );
        assert_eq!(
            (tools.init_command, tools.history, tools.sandbox),
            (false, true, true)
        );
        assert_eq!(tools.flavour(), Flavour::Mariadb);
        let tools = mysql();
        assert_eq!(
            (tools.init_command, tools.history, tools.sandbox),
            (true, false, false)
        );
        assert_eq!((tools.flavour(), tools.socket), (Flavour::Mysql, None));
        assert!(Tools::read(b"client mysql\n").is_err());
    }

    #[test]
    fn finds_them_in_the_path() {
        let place = std::env::temp_dir().join(format!("lifeboat-mysql-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let executable = |name: &str, body: &str| {
            let path = place.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&path, mode).unwrap();
        };
        let dump =
            "case $2 in --version) echo dumps 1; echo more;; --help) echo '  --init-command=name x';; esac";
        executable("mysqldump", dump);
        executable("mysql", "");
        let ask = |engine| {
            let words = look(engine);
            Command::new("/bin/sh")
                .args(&words.argv[1..])
                .env("PATH", &place)
                .output()
                .unwrap()
        };
        let found = Tools::read(&ask(EngineName::Mariadb).stdout).unwrap();
        executable("mariadb", "");
        let first = Tools::read(&ask(EngineName::Mysql).stdout).unwrap();
        std::fs::remove_file(place.join("mysqldump")).unwrap();
        let nothing = ask(EngineName::Mysql);
        std::fs::remove_dir_all(&place).unwrap();
        assert_eq!(
            found,
            Tools {
                dump: "mysqldump".into(),
                dump_version: "dumps 1".into(),
                client: "mysql".into(),
                socket: None,
                init_command: true,
                history: false,
                shows_failed: false,
                sandbox: false,
            }
        );
        assert_eq!(first.client, "mysql");
        assert_eq!(nothing.status.code(), Some(127));
    }
}
