//! The labels of a target's container: each overrides the variable of the same name, for that target alone.

use super::dump::{self, Dump};
use super::engine::{self, EngineName};
use super::problems::{Problems, Report};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// What every label of ours begins with.
const OURS: &str = "lifeboat.";
/// The target's name in the bucket, when `TARGET` finds the container by a label.
pub const NAME: &str = "lifeboat.name";
/// Whether the container may be down, when `TARGET` finds it by a label.
pub const OPTIONAL: &str = "lifeboat.optional";

/// Every label that means something.
pub const LABELS: [&str; 12] = [
    NAME,
    "lifeboat.engine",
    "lifeboat.databases",
    "lifeboat.exclude-databases",
    "lifeboat.dump-options",
    "lifeboat.dump-command",
    "lifeboat.restore-command",
    "lifeboat.dump-extension",
    "lifeboat.dump-pipefail",
    "lifeboat.user",
    "lifeboat.password-file",
    OPTIONAL,
];

/// Whether `labels` say that the container may be down.
pub fn optional(labels: &BTreeMap<String, String>) -> bool {
    labels
        .get(OPTIONAL)
        .is_some_and(|text| super::values::boolean(text) == Some(true))
}

impl Dump {
    /// These settings as `labels` change them, and what is odd about the labels. An empty label is as good as none.
    pub fn labelled(&self, labels: &BTreeMap<String, String>) -> Result<(Self, Vec<String>), Problems> {
        let mut report = Report::default();
        let label = |name: &str| {
            labels
                .get(name)
                .map(String::as_str)
                .filter(|text| !text.is_empty())
        };
        strangers(labels, &mut report);
        if let Some(text) = label(OPTIONAL) {
            report.boolean(OPTIONAL, Some(text));
        }
        let mut dump = self.clone();
        engine(&mut dump, &label, &mut report);
        let (dump_tools, _) = engine::tools(dump.engine, dump.postgres_format);
        if let Some(text) = label("lifeboat.databases") {
            dump.databases = dump::databases("lifeboat.databases", Some(text), &mut report);
        }
        if let Some(text) = label("lifeboat.exclude-databases") {
            let name = "lifeboat.exclude-databases";
            dump.exclude = report.list(name, Some(text)).unwrap_or_default();
        }
        if let Some(text) = label("lifeboat.dump-options") {
            dump.dump_options = dump::options("lifeboat.dump-options", &dump_tools, Some(text), &mut report);
        }
        if let Some(text) = label("lifeboat.dump-extension") {
            dump.dump_extension =
                dump::extension("lifeboat.dump-extension", Some(text.to_owned()), &mut report);
        }
        if let Some(pipefail) = report.boolean("lifeboat.dump-pipefail", label("lifeboat.dump-pipefail")) {
            dump.pipefail = pipefail;
        }
        if let Some(text) = label("lifeboat.user") {
            dump.user = report.line("lifeboat.user", Some(text.to_owned()));
            // DB_PASSWORD is another account's.
            if dump.user != self.user {
                dump.password = None;
            }
        }
        if let Some(text) = label("lifeboat.password-file") {
            dump.password_file = report.line("lifeboat.password-file", Some(text.to_owned()));
            dump.password = None;
        }
        Ok((dump, report.finish()?))
    }
}

/// The engine, and the commands that go with the custom one.
fn engine<'a>(dump: &mut Dump, label: &dyn Fn(&str) -> Option<&'a str>, report: &mut Report) {
    let commands = (label("lifeboat.dump-command"), label("lifeboat.restore-command"));
    let asked = label("lifeboat.engine");
    if let Some(engine) = report.choice("lifeboat.engine", asked, &engine::CHOICES) {
        dump.engine = engine;
    }
    if let Some(engine) = dump
        .engine
        .filter(|engine| *engine != EngineName::Custom && asked.is_some())
    {
        for (name, command) in [
            ("lifeboat.dump-command", commands.0),
            ("lifeboat.restore-command", commands.1),
        ] {
            if command.is_some() {
                let what = format!("does not go with lifeboat.engine={}", engine.name());
                report.problem(
                    name,
                    what,
                    "label it lifeboat.engine=custom, or leave the command out",
                );
            }
        }
    } else if commands.0.is_some() {
        dump.engine = Some(EngineName::Custom);
    }
    let (dumps, restores) = commands;
    if let Some(command) = dumps {
        dump.dump_command = Some(Secret::new(command));
        // RESTORE_COMMAND reads what DUMP_COMMAND writes, not what this one does.
        dump.restore_command = None;
    }
    if let Some(command) = restores {
        dump.restore_command = Some(Secret::new(command));
    }
    if dump.engine == Some(EngineName::Custom) && dump.dump_command.is_none() {
        let what = "is required with lifeboat.engine=custom";
        let hint = "set it to the command that writes the dump to standard output";
        report.problem("lifeboat.dump-command", what, hint);
    }
}

/// Labels that look like ours and mean nothing.
fn strangers(labels: &BTreeMap<String, String>, report: &mut Report) {
    for name in labels.keys().filter(|name| name.starts_with(OURS)) {
        if LABELS.contains(&name.as_str()) {
            continue;
        }
        let nearest = LABELS
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let nearest = nearest.map(|label| format!("; did you mean {label}?"));
        report.warn(format!(
            "the label {name} means nothing{}",
            nearest.unwrap_or_default()
        ));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::config;
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn labelled(env: &[(&str, &str)], pairs: &[(&str, &str)]) -> Dump {
        config(env).dump.labelled(&labels(pairs)).unwrap().0
    }

    fn problem(env: &[(&str, &str)], pairs: &[(&str, &str)]) -> String {
        let problems = config(env).dump.labelled(&labels(pairs)).unwrap_err();
        problems.to_string()
    }

    #[test]
    fn labels_override_variables() {
        let env = [
            ("ENGINE", "postgres"),
            ("DATABASES", "a"),
            ("EXCLUDE_DATABASES", "x*"),
            ("DUMP_OPTIONS", "--no-owner"),
            ("DB_USER", "me"),
            ("DB_PASSWORD", "hunter2"),
        ];
        let dump = labelled(&env, &[("com.example", "x"), ("lifeboat.engine", "")]);
        assert_eq!(format!("{dump:?}"), format!("{:?}", config(&env).dump));
        let dump = labelled(
            &env,
            &[
                ("lifeboat.engine", "auto"),
                ("lifeboat.databases", "b, c"),
                ("lifeboat.exclude-databases", "y*"),
                ("lifeboat.dump-options", "--no-acl"),
                ("lifeboat.user", "you"),
                ("lifeboat.password-file", "/run/secrets/p"),
            ],
        );
        assert_eq!(dump.engine, None);
        assert_eq!(dump.databases.unwrap(), ["b", "c"]);
        assert_eq!(dump.exclude, ["y*"]);
        assert_eq!(dump.dump_options, ["--no-acl"]);
        assert_eq!(dump.user.as_deref(), Some("you"));
        assert_eq!(dump.password, None);
        assert_eq!(dump.password_file.as_deref(), Some("/run/secrets/p"));
    }

    #[test]
    fn a_password_is_of_its_account() {
        let env = [("DB_USER", "me"), ("DB_PASSWORD", "hunter2")];
        assert_eq!(labelled(&env, &[("lifeboat.user", "you")]).password, None);
        assert!(labelled(&env, &[("lifeboat.user", "me")]).password.is_some());
        let by_file = labelled(&env, &[("lifeboat.password-file", "/p")]);
        assert_eq!((by_file.password, by_file.user.as_deref()), (None, Some("me")));
    }

    #[test]
    fn a_dump_command_means_custom() {
        let env = [("DUMP_COMMAND", "cat"), ("RESTORE_COMMAND", "tac")];
        let dump = labelled(&env, &[("lifeboat.dump-command", "ls")]);
        assert_eq!(dump.engine, Some(EngineName::Custom));
        assert_eq!(dump.dump_command, Some(Secret::new("ls")));
        assert_eq!(dump.restore_command, None);
        let dump = labelled(
            &[("ENGINE", "postgres")],
            &[
                ("lifeboat.dump-command", "ls"),
                ("lifeboat.restore-command", "rm"),
                ("lifeboat.dump-extension", "rdb"),
                ("lifeboat.dump-pipefail", "false"),
            ],
        );
        assert!(!dump.pipefail);
        assert_eq!(dump.engine, Some(EngineName::Custom));
        assert_eq!(dump.restore_command, Some(Secret::new("rm")));
        assert_eq!(dump.extension(), "rdb");
        assert_eq!(
            labelled(&env, &[("lifeboat.engine", "postgres")]).engine,
            Some(EngineName::Postgres)
        );
    }

    #[test]
    fn wrong_labels() {
        assert_eq!(
            problem(&[], &[("lifeboat.engine", "oracle")]),
            "lifeboat.engine: \"oracle\" is not known; write auto, postgres, mysql, mariadb, mongodb or custom"
        );
        assert_eq!(
            problem(&[], &[("lifeboat.engine", "custom")]),
            "lifeboat.dump-command: is required with lifeboat.engine=custom; set it to the command that writes the \
             dump to standard output"
        );
        assert_eq!(
            problem(
                &[],
                &[
                    ("lifeboat.engine", "mysql"),
                    ("lifeboat.dump-command", "cat hunter2")
                ]
            ),
            "lifeboat.dump-command: does not go with lifeboat.engine=mysql; label it lifeboat.engine=custom, or \
             leave the command out"
        );
        assert_eq!(
            problem(&[], &[("lifeboat.databases", "a*")]),
            "lifeboat.databases: \"a*\" is a pattern; write whole names; unset means all, EXCLUDE_DATABASES takes \
             patterns"
        );
        assert_eq!(
            problem(&[], &[("lifeboat.optional", "perhaps")]),
            "lifeboat.optional: \"perhaps\" is neither true nor false; write true or false"
        );
        assert!(
            problem(
                &[("ENGINE", "postgres")],
                &[
                    ("lifeboat.dump-options", "-f x"),
                    ("lifeboat.dump-extension", "gz")
                ]
            )
            .contains("\nlifeboat.dump-extension")
        );
    }

    #[test]
    fn a_label_with_a_slip_is_said() {
        let (_, warnings) = config(&[])
            .dump
            .labelled(&labels(&[("lifeboat.database", "x"), ("other.engine", "y")]))
            .unwrap();
        assert_eq!(
            warnings,
            ["the label lifeboat.database means nothing; did you mean lifeboat.databases?"]
        );
    }

    #[test]
    fn optional_containers() {
        assert!(optional(&labels(&[(OPTIONAL, "Yes")])));
        assert!(!optional(&labels(&[(OPTIONAL, "no")])));
        assert!(!optional(&labels(&[])));
    }
}
