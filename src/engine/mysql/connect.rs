//! How every tool is told where to connect.
//!
//! * The server is the one in the target, on its own socket. Option files are not read ([`tools`](super::tools) says
//!   why), nor login paths, which the tools read in spite of `--no-defaults`; `MYSQL_HOST`, `MYSQL_PWD` and their like are
//!   unset: users set them for other containers.
//! * The password goes into the environment, never into the words.
//! * Names are sent in `utf8mb4` whatever the locale: an exec has none, and the tools would take latin1.

use super::Mysql;
use crate::engine::{Words, unset};
use crate::secret::Secret;
use std::time::Duration;

impl Mysql {
    /// The arguments that every tool gets first.
    pub(super) fn connection(&self) -> Vec<String> {
        let mut words = vec![
            "--no-defaults".to_owned(),
            "--host=localhost".to_owned(),
            "--protocol=socket".to_owned(),
        ];
        words.extend(self.tools.socket.iter().map(|path| format!("--socket={path}")));
        words.push(format!("--user={}", self.user));
        words.push("--default-character-set=utf8mb4".to_owned());
        words
    }

    /// What keeps the client from showing rows and hashes: a statement that fails is in the log otherwise.
    pub(super) fn discreet(&self) -> Option<String> {
        self.tools
            .shows_failed
            .then(|| "--skip-print-query-on-error".to_owned())
    }

    /// The environment of every tool.
    pub(super) fn env(&self) -> Vec<(String, Secret)> {
        let mut env = unset(&["MYSQL_", "MARIADB_", "LIBMYSQL_"]);
        // No version but the newest has an option for it.
        env.push(("MYSQL_TEST_LOGIN_FILE".to_owned(), Secret::new("/dev/null/none")));
        // Messages in the language the hints are looked up in.
        env.push(("LC_ALL".to_owned(), Secret::new("C")));
        if let Some(password) = &self.password {
            env.push(("MYSQL_PWD".to_owned(), password.clone()));
        }
        env
    }

    /// The client, reading statements; bare values, one row a line; ends at the first error.
    pub(super) fn client(&self, lock_wait: Duration) -> Words {
        let mut argv = vec![self.tools.client.clone()];
        argv.extend(self.connection());
        argv.extend(self.discreet());
        // Names are read as they are, and what follows a backslash is none of the client's own commands.
        argv.push("--binary-mode".to_owned());
        argv.extend(["--batch", "--raw", "--skip-column-names", "--connect-timeout=30"].map(str::to_owned));
        argv.push(format!(
            "--init-command=SET SESSION sql_mode = '', {}, {UNBOUNDED}",
            lock_waits(lock_wait)
        ));
        Words {
            argv,
            env: self.env(),
        }
    }

    /// Asks `queries`. A lock on a table that a question would look at is waited for as long as for an answer.
    pub(super) fn ask(&self, queries: &[String]) -> Words {
        let mut words = self.client(Duration::from_mins(1));
        words.argv.push(format!("--execute={}", queries.join("; ")));
        words
    }
}

/// A server may be told to answer no question with more than so many rows, or none that takes long: what is asked here is
/// asked for all of it. Each flavour takes the other's for a comment.
pub(super) const UNBOUNDED: &str = "SESSION sql_select_limit = 18446744073709551615\
    /*!50708 , SESSION max_execution_time = 0 *//*M!100101 , SESSION max_statement_time = 0 */";

/// How long a session waits for a lock on a table, and for one on a row.
pub(super) fn lock_waits(wait: Duration) -> String {
    // The server takes whole seconds, 1 at least and a year at most.
    let seconds = wait.as_secs().clamp(1, 31_536_000);
    format!("SESSION lock_wait_timeout = {seconds}")
}

#[cfg(test)]
mod tests {
    use super::super::tools::tests::mariadb;
    use super::*;

    #[test]
    fn the_password_is_in_the_environment_alone() {
        let words = Mysql::new("u", Some(Secret::new("hush")), mariadb())
            .ask(&["SELECT 1".into(), "SELECT 2".into()]);
        assert_eq!(
            words.argv,
            [
                "mariadb",
                "--no-defaults",
                "--host=localhost",
                "--protocol=socket",
                "--socket=/run/x.sock",
                "--user=u",
                "--default-character-set=utf8mb4",
                "--binary-mode",
                "--batch",
                "--raw",
                "--skip-column-names",
                "--connect-timeout=30",
                &format!(
                    "--init-command=SET SESSION sql_mode = '', SESSION lock_wait_timeout = 60, {UNBOUNDED}"
                ),
                "--execute=SELECT 1; SELECT 2",
            ]
        );
        let password = words.env.iter().find(|(name, _)| name == "MYSQL_PWD");
        assert_eq!(password.map(|(_, value)| value.expose()), Some("hush"));
    }

    #[test]
    fn a_lock_is_waited_for_in_whole_seconds() {
        assert_eq!(lock_waits(Duration::ZERO), "SESSION lock_wait_timeout = 1");
        assert_eq!(lock_waits(Duration::MAX), "SESSION lock_wait_timeout = 31536000");
    }
}
