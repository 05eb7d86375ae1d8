//! The words of a dump, and how both tools are told where to connect.

use super::Mongodb;
use crate::engine::Words;
use crate::secret::Secret;

/// Runs the tool that `$0` names. Its password comes as a file that is only a descriptor: an argument could be read
/// by everybody in the target. The variable is not handed on.
const SCRIPT: &str = "lb_config=$LIFEBOAT_CONFIG_PASSWORD\n\
                      unset LIFEBOAT_CONFIG_PASSWORD\n\
                      exec \"$0\" \"$@\" 3<<END\n\
                      $lb_config\n\
                      END";

impl Mongodb {
    /// One of the tools, with these arguments, as the account.
    pub(super) fn tool(&self, tool: &str, arguments: Vec<String>) -> Words {
        let mut argv = vec![
            tool.to_owned(),
            format!("--host={}", self.host()),
            format!("--port={}", self.port()),
        ];
        if let Some(user) = &self.user {
            argv.push(format!("--username={user}"));
            argv.push("--authenticationDatabase=admin".to_owned());
        }
        if self.password.is_some() {
            argv.push("--config=/dev/fd/3".to_owned());
        }
        argv.extend(arguments);
        let Some(password) = &self.password else {
            return Words {
                argv,
                env: Vec::new(),
            };
        };
        // A JSON text is one in YAML too.
        let quoted = serde_json::Value::from(password.expose()).to_string();
        Words {
            argv: ["sh", "-c", SCRIPT]
                .map(str::to_owned)
                .into_iter()
                .chain(argv)
                .collect(),
            env: vec![(
                "LIFEBOAT_CONFIG_PASSWORD".to_owned(),
                Secret::new(format!("password: {quoted}")),
            )],
        }
    }

    fn mongodump(&self, options: &[String], what: &str) -> Words {
        let mut arguments = options.to_vec();
        arguments.push("--archive".to_owned());
        // Last, so that no option can mean another database.
        arguments.push(what.to_owned());
        self.tool("mongodump", arguments)
    }

    /// Dumps `database`.
    pub fn dump(&self, database: &str, options: &[String]) -> Words {
        self.mongodump(options, &format!("--db={database}"))
    }

    /// Dumps everything, users and roles included, and with `oplog` what is written meanwhile, so that it is the
    /// server's state at one moment.
    pub fn dump_all(&self, oplog: bool, options: &[String]) -> Words {
        if oplog {
            return self.mongodump(options, "--oplog");
        }
        let mut arguments = options.to_vec();
        arguments.push("--archive".to_owned());
        self.tool("mongodump", arguments)
    }

    /// Dumps the database that users and roles are in.
    pub fn globals(&self) -> Words {
        self.mongodump(&[], "--db=admin")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server_that_asks_nobody() {
        let words = Mongodb::new(None, None).dump("-x", &["--numParallelCollections=1".to_owned()]);
        assert_eq!(
            words.argv,
            [
                "mongodump",
                "--host=127.0.0.1",
                "--port=27017",
                "--numParallelCollections=1",
                "--archive",
                "--db=-x"
            ]
        );
        assert!(words.env.is_empty());
    }

    #[test]
    fn the_password_is_a_descriptor() {
        let secret = "hush \"'`$HOME\\ END\u{e4}";
        let mongodb = Mongodb::new(Some("me".to_owned()), Some(Secret::new(secret)));
        let words = mongodb.dump_all(true, &[]);
        assert_eq!(
            words.argv[3..],
            [
                "mongodump",
                "--host=127.0.0.1",
                "--port=27017",
                "--username=me",
                "--authenticationDatabase=admin",
                "--config=/dev/fd/3",
                "--archive",
                "--oplog"
            ]
        );
        assert!(words.argv.iter().all(|word| !word.contains("hush")));
        // What a tool finds there, whatever shell it is.
        for shell in ["sh", "bash"] {
            let mut command = std::process::Command::new(shell);
            command.args(["-c", SCRIPT, "sh", "-c", "cat <&3; env"]);
            command.envs(words.env.iter().map(|(name, value)| (name, value.expose())));
            let output = command.output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let (config, env) = text.split_once('\n').unwrap();
            let quoted = config.strip_prefix("password: ").unwrap();
            assert_eq!(serde_json::from_str::<String>(quoted).unwrap(), secret);
            assert!(!env.contains("hush"), "{env}");
        }
    }

    #[test]
    fn without_oplog_and_of_users_and_roles() {
        let mongodb = Mongodb::new(None, None);
        assert_eq!(mongodb.dump_all(false, &[]).argv[3..], ["--archive"]);
        assert_eq!(mongodb.globals().argv[3..], ["--archive", "--db=admin"]);
    }
}
