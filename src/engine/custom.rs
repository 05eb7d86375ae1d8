//! A command of the operator's own: `DUMP_COMMAND` and `RESTORE_COMMAND`.
//!
//! Nothing is known about its format, so the end record alone proves it whole, and no output at all is a failure:
//! a pipeline whose first part was not found would look like an empty database.

use super::{EndMark, Words};
use crate::secret::Secret;

/// The command is in the environment: it may hold a secret, and words can be seen by anybody in the target.
/// `pipefail`, where the shell has it, so that `pg_dump | sed` fails when `pg_dump` does; tried in a subshell
/// first, since a shell that does not know it ends.
const SCRIPT: &str = "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi\n\
                      lifeboat_command=$LIFEBOAT_COMMAND\n\
                      unset LIFEBOAT_COMMAND\n\
                      eval \"$lifeboat_command\"";

/// The last part of a key when `DUMP_EXTENSION` does not say.
pub const EXTENSION: &str = "dump";

/// What stands at the end: nothing known.
pub const END_MARK: EndMark = EndMark::None;

/// Runs `command` by `sh` in the target, with `DB_USER` and `DB_PASSWORD` in its environment when they are set.
/// A dump goes to standard output, a restore comes from standard input.
pub fn run(command: &Secret, user: Option<&str>, password: Option<&Secret>) -> Words {
    let mut env = vec![("LIFEBOAT_COMMAND".to_owned(), command.clone())];
    if let Some(user) = user {
        env.push(("DB_USER".to_owned(), Secret::new(user)));
    }
    if let Some(password) = password {
        env.push(("DB_PASSWORD".to_owned(), password.clone()));
    }
    Words {
        argv: ["sh", "-c", SCRIPT, "lifeboat"].map(str::to_owned).to_vec(),
        env,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::{Command, Output};

    fn say(shell: &str, command: &str) -> Option<Output> {
        let words = run(&Secret::new(command), Some("u"), Some(&Secret::new("hush")));
        assert!(
            words
                .argv
                .iter()
                .all(|word| !word.contains("hush") && !word.contains(command))
        );
        let mut child = Command::new(shell);
        child.args(&words.argv[1..]);
        child.envs(words.env.iter().map(|(name, value)| (name, value.expose())));
        child.output().ok()
    }

    #[test]
    fn a_pipeline_fails_with_its_first_part() {
        let output = say("bash", "false | cat").unwrap();
        assert_eq!(output.status.code(), Some(1));
    }

    #[test]
    fn the_command_is_run_as_written() {
        for shell in ["sh", "bash"] {
            let output = say(
                shell,
                "printf '%s' \"$DB_USER:$DB_PASSWORD:$LIFEBOAT_COMMAND\"\nexit 3",
            )
            .unwrap();
            assert_eq!(output.stdout, b"u:hush:");
            assert_eq!(output.status.code(), Some(3));
            assert_eq!(output.stderr, b"");
        }
    }
}
