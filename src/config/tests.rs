//! The configuration as a whole, and the short ways by which the parts' tests load one.

#![allow(clippy::unwrap_used)]
use super::*;
use std::path::Path;

/// Required variables; a test's own come after them, an empty one takes one away.
const REQUIRED: [(&str, &str); 2] = [("TARGET", "db"), ("S3_BUCKET", "backups")];

fn files(path: &Path) -> std::io::Result<Vec<u8>> {
    match path.to_str().unwrap() {
        "/key" => Ok(b"from a file\n".to_vec()),
        "/ca.pem" => Ok(b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n".to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    }
}

fn try_load(env: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let all: std::collections::BTreeMap<_, _> = REQUIRED
        .iter()
        .chain(env)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    load(all, &files)
}

pub(super) fn config(env: &[(&str, &str)]) -> Config {
    try_load(env).unwrap().config
}

pub(super) fn warnings(env: &[(&str, &str)]) -> Vec<String> {
    try_load(env).unwrap().warnings
}

/// All problems, as displayed, without the warnings behind them: those have tests of their own.
pub(super) fn problems(env: &[(&str, &str)]) -> String {
    let problems: Vec<_> = try_load(env)
        .unwrap_err()
        .0
        .iter()
        .map(ToString::to_string)
        .collect();
    problems.join("\n")
}

/// The only problem.
pub(super) fn problem(env: &[(&str, &str)]) -> String {
    let problems = try_load(env).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    problems.0[0].to_string()
}

#[test]
fn all_problems_are_told_at_once() {
    assert_eq!(
        problems(&[
            ("KEEP_DAILY", "0"),
            ("S3_BUCKET", "s3://backups"),
            ("TARGET", ""),
            ("S3_PART_SIZE", "1MiB"),
            ("BACKUP_KEEP_DAYS", "7"),
            ("COMPRESSION", "lz4"),
        ]),
        "TARGET: is required; set it to the name of the database's container or compose service\n\
         S3_BUCKET: \"s3://backups\" is more than a bucket's name; write the name alone; a folder goes into \
         S3_PREFIX, an address into S3_ENDPOINT\n\
         S3_PART_SIZE: \"1MiB\" is out of bounds; write 5MiB to 5GiB\n\
         KEEP_DAILY: is 0, and would keep nothing by this rule; leave it unset\n\
         COMPRESSION: \"lz4\" is not known; write bzip2, zstd, gzip, xz or none\n\
         BACKUP_KEEP_DAYS: is another tool's rule for old backups; use KEEP_DAILY (the newest of each of N days) or \
         KEEP_WITHIN=Nd (all of the last N days); rules are never guessed, they delete"
    );
}

/// Secret variables, and the others in which a secret could stand.
const PLACES: &[&str] = &[
    "DB_PASSWORD",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "DB_PASSWORD_FILE",
    "AWS_SECRET_ACCESS_KEY_FILE",
    "DUMP_COMMAND",
    "RESTORE_COMMAND",
    "S3_ENDPOINT",
    "AWS_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "DOCKER_HOST",
    "DUMP_OPTIONS",
    "RESTORE_OPTIONS",
    "DB_PASWORD",
    "BACKUP_KEEP_DAYS",
    "PASSPHRASE",
    "SCHEDULE_",
];

const SENTINEL: &str = "hunter2sentinel";

/// Forms in which a secret comes along, good and bad ones for each variable.
const FORMS: &[&str] = &[
    "https://u:S@host",
    "https://u:S/x@host:1/p?q=S#S",
    "tcp://S@h:1",
    "u:S@host",
    "ftp://S@x",
    "https://h/?key=S",
    "https://h#S",
    "S",
    "S\nx",
    "'S'",
    " S ",
    "--password=S",
    "--dbname=postgres://u:S@h/d",
    "-fS",
    "-W S",
    "-n 'S",
    "-cS",
    "/S",
    "/run/S",
];

/// Of [`FORMS`], what a variable that holds an address has as a secret: a bare host is none.
const ADDRESS_FORMS: usize = 7;

/// What is said about a configuration, good or bad.
fn said(env: &[(&str, &str)]) -> String {
    match try_load(env) {
        Err(problems) => format!(
            "{problems}\n{problems:?}\n{}",
            crate::error::Error::from(problems.clone())
        ),
        Ok(loaded) => format!("{:?}\n{:?}", loaded.settings, loaded.warnings),
    }
}

#[test]
fn secrets_are_never_said() {
    for place in PLACES {
        let is_address = place.contains("ENDPOINT") || place.contains("HOST");
        let forms = if is_address {
            &FORMS[..ADDRESS_FORMS]
        } else {
            FORMS
        };
        for form in forms {
            let value = form.replace('S', SENTINEL);
            let other = format!("tcp://u:{SENTINEL}@host");
            // Alone, next to a mistake elsewhere, and next to secrets in every other place.
            let alone = [(*place, value.as_str())];
            let with_mistake = [(*place, value.as_str()), ("KEEP_LAST", "0")];
            let mut everywhere: Vec<_> = PLACES.iter().map(|name| (*name, other.as_str())).collect();
            everywhere.push((place, &value));
            for env in [&alone[..], &with_mistake[..], &everywhere[..]] {
                let said = said(env);
                assert!(!said.contains(SENTINEL), "{place}={value:?}: {said}");
            }
        }
    }
}

#[test]
fn a_debugged_configuration_shows_no_secret() {
    let env: Vec<_> = [
        "DB_PASSWORD",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "DUMP_COMMAND",
    ]
    .iter()
    .map(|name| (*name, SENTINEL))
    .collect();
    let config = config(&env);
    assert!(!format!("{config:?}").contains(SENTINEL));
    assert_eq!(config.secrets().count(), 4);
    assert!(config.secrets().all(|secret| secret.expose() == SENTINEL));
}

#[test]
fn settings_say_where_each_value_came_from() {
    let settings = try_load(&[
        ("AWS_S3_PATH", "a"),
        ("DB_PASSWORD_FILE", "/key"),
        ("DUMP_COMMAND", "cat"),
        ("S3_ENDPOINT", "minio"),
    ])
    .unwrap()
    .settings;
    assert_eq!(settings.len(), VARIABLES.len());
    let of = |name| {
        let setting = settings.iter().find(|setting| setting.name == name).unwrap();
        format!("{} ({})", setting.value, setting.source)
    };
    assert_eq!(of("TARGET"), "db (TARGET)");
    assert_eq!(of("S3_PREFIX"), "a (AWS_S3_PATH)");
    assert_eq!(of("DB_PASSWORD"), "**** (/key)");
    assert_eq!(of("DUMP_COMMAND"), "(a command, 3 bytes) (DUMP_COMMAND)");
    assert_eq!(of("ENGINE"), "custom (default)");
    assert_eq!(of("AWS_REGION"), "us-east-1 (default)");
    assert_eq!(of("S3_PATH_STYLE"), "true (default)");
    assert_eq!(of("S3_CHECKSUM"), "auto (md5) (default)");
    assert_eq!(of("KEEP_LAST"), "(unset) (default)");
    assert_eq!(of("COMPRESSION_LEVEL"), "9 (default)");
}

#[test]
fn what_is_empty_is_not_there() {
    let empty: Vec<_> = VARIABLES
        .iter()
        .flat_map(Variable::names)
        .chain(["BACKUP_KEEP_DAYS", "SCHEDULES", "DB_PASSWORD_FILE"])
        .filter(|name| !["TARGET", "S3_BUCKET"].contains(name))
        .map(|name| (name, ""))
        .collect();
    let (loaded, unset) = (try_load(&empty).unwrap(), try_load(&[]).unwrap());
    assert_eq!(loaded.warnings, Vec::<String>::new());
    assert_eq!(loaded.settings, unset.settings);
}

#[test]
fn targets_are_found_as_written() {
    let config = config(&[("TARGET", "db,label:x")]);
    assert_eq!(config.target("label:x"), config.targets.get(1));
    assert_eq!(config.target("x"), None);
}

/// A variable that no part reads would be accepted and have no effect.
#[test]
fn every_variable_is_read_by_a_part() {
    let sources = [
        include_str!("target.rs"),
        include_str!("dump.rs"),
        include_str!("s3.rs"),
        include_str!("credentials.rs"),
        include_str!("object.rs"),
        include_str!("when.rs"),
        include_str!("keep.rs"),
        include_str!("stream.rs"),
        include_str!("timeouts.rs"),
        include_str!("telling.rs"),
    ];
    for variable in VARIABLES {
        let field = format!("    {}: Option<String>,", variable.name.to_lowercase());
        assert!(sources.iter().any(|source| source.contains(&field)), "{field}");
    }
}
