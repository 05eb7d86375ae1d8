//! A command of the operator's own: `DUMP_COMMAND` and `RESTORE_COMMAND`.
//!
//! Nothing is known about its format, so the end record alone proves it whole, and no output at all is a failure:
//! a pipeline whose first part was not found would look like an empty database.

use super::pipes::has_pipe as has_pipe_in;
use super::{EndMark, Words};
use crate::secret::Secret;

/// The command is in the environment: it may hold a secret, and words can be seen by anybody in the target.
const SCRIPT: &str = "lifeboat_command=$LIFEBOAT_COMMAND\n\
                      unset LIFEBOAT_COMMAND\n\
                      eval \"$lifeboat_command\"";
/// Before it: `pg_dump | sed` fails when `pg_dump` does. Tried in a subshell first, since a shell that does not know it
/// ends.
const PIPEFAIL: &str = "if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi\n";
/// The shells that know `pipefail` where `sh` does not, the likeliest first.
const SHELLS: [&str; 3] = ["bash", "ash", "busybox ash"];

/// The last part of a key when `DUMP_EXTENSION` does not say.
pub const EXTENSION: &str = "dump";

/// What stands at the end: nothing known.
pub const END_MARK: EndMark = EndMark::None;

/// What runs a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell {
    /// Its words: `sh`, or `busybox ash`.
    name: String,
    /// A pipeline in it fails with any of its parts, where it knows how.
    pipefail: bool,
}

impl Shell {
    /// The target's `sh`, for a command without a pipe: what it sources may have one.
    pub fn plain() -> Self {
        Self {
            name: "sh".to_owned(),
            pipefail: true,
        }
    }

    /// The target's `sh`, in which the last part of a pipeline alone can fail.
    pub fn without_pipefail() -> Self {
        Self {
            pipefail: false,
            ..Self::plain()
        }
    }

    /// Asks for a shell with `pipefail`.
    pub fn look() -> Words {
        let others = SHELLS.map(shell_words::quote).join(" ");
        let script = format!(
            "if (set -o pipefail) 2>/dev/null; then echo sh; exit 0; fi\n\
             for shell in {others}; do\n\
             $shell -c 'set -o pipefail' >/dev/null 2>&1 && {{ echo \"$shell\"; exit 0; }}\n\
             done\n\
             :"
        );
        Words {
            argv: ["sh", "-c", &script, "lifeboat"].map(str::to_owned).to_vec(),
            env: Vec::new(),
        }
    }

    /// Reads the answer to [`Shell::look`]; `None`: no shell there has it.
    pub fn read(stdout: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(stdout);
        let name = ["sh"]
            .into_iter()
            .chain(SHELLS)
            .find(|name| *name == text.trim())?;
        Some(Self {
            name: name.to_owned(),
            pipefail: true,
        })
    }
}

impl std::fmt::Display for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let with = if self.pipefail { "with" } else { "without" };
        write!(f, "{} {with} pipefail", self.name)
    }
}

/// Whether a command has a pipe, or may have one, so that it takes a shell with `pipefail`.
pub fn has_pipe(command: &Secret) -> bool {
    has_pipe_in(command.expose())
}

/// Runs `command` by `shell` in the target, with `DB_USER` and `DB_PASSWORD` in its environment when they are set.
/// A dump goes to standard output, a restore comes from standard input.
pub fn run(command: &Secret, shell: &Shell, user: Option<&str>, password: Option<&Secret>) -> Words {
    let mut env = vec![("LIFEBOAT_COMMAND".to_owned(), command.clone())];
    if let Some(user) = user {
        env.push(("DB_USER".to_owned(), Secret::new(user)));
    }
    if let Some(password) = password {
        env.push(("DB_PASSWORD".to_owned(), password.clone()));
    }
    let pipefail = if shell.pipefail { PIPEFAIL } else { "" };
    let script = [
        "-c".to_owned(),
        format!("{pipefail}{SCRIPT}"),
        "lifeboat".to_owned(),
    ];
    Words {
        argv: shell.name.split(' ').map(str::to_owned).chain(script).collect(),
        env,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::{Command, Output};

    fn say(shell: &str, command: &str) -> Output {
        let shell = Shell {
            name: shell.to_owned(),
            pipefail: true,
        };
        let words = run(
            &Secret::new(command),
            &shell,
            Some("u"),
            Some(&Secret::new("hush")),
        );
        assert!(
            words
                .argv
                .iter()
                .all(|word| !word.contains("hush") && !word.contains(command))
        );
        let mut child = Command::new(&words.argv[0]);
        child.args(&words.argv[1..]);
        child.envs(words.env.iter().map(|(name, value)| (name, value.expose())));
        child.output().unwrap()
    }

    #[test]
    fn a_pipeline_fails_with_its_first_part() {
        assert_eq!(say("bash", "false | cat").status.code(), Some(1));
    }

    #[test]
    fn the_command_is_run_as_written() {
        for shell in ["sh", "bash"] {
            let output = say(
                shell,
                "printf '%s' \"$DB_USER:$DB_PASSWORD:$LIFEBOAT_COMMAND\"\nexit 3",
            );
            assert_eq!(output.stdout, b"u:hush:");
            assert_eq!(output.status.code(), Some(3));
            assert_eq!(output.stderr, b"");
        }
    }

    #[test]
    fn a_shell_with_pipefail() {
        let words = Shell::look();
        let output = Command::new("bash").args(&words.argv[1..]).output().unwrap();
        assert_eq!(
            Shell::read(&output.stdout).unwrap().to_string(),
            "sh with pipefail"
        );
        let bash = Shell::read(b"bash\n").unwrap();
        let run = |shell: &Shell| run(&Secret::new("x"), shell, None, None).argv;
        assert_eq!(run(&bash)[..2], ["bash", "-c"]);
        assert_eq!(
            run(&Shell::read(b"busybox ash\n").unwrap())[..3],
            ["busybox", "ash", "-c"]
        );
        assert!(run(&Shell::plain())[2].contains("pipefail"));
        assert!(!run(&Shell::without_pipefail())[2].contains("pipefail"));
        assert_eq!(Shell::read(b""), None);
    }
}
