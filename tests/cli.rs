//! The program as people start it: exit codes, what stands on which stream, and that no secret does.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::process::{Command, Output};

/// Values that nobody may see.
const SECRETS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIATOPSECRETKEY"),
    ("AWS_SECRET_ACCESS_KEY", "Secret/Access/Key+of+forty+characters=="),
    ("AWS_SESSION_TOKEN", "TokenThatNobodyMaySee"),
    ("DB_PASSWORD", "hunter2-and-more"),
];

const WHOLE: [(&str, &str); 3] = [
    ("TARGET", "db"),
    ("S3_BUCKET", "backups"),
    // Nobody listens on port 1.
    ("S3_ENDPOINT", "http://127.0.0.1:1"),
];

fn lifeboat(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.env_clear().envs(env.iter().copied()).args(args);
    command.output().unwrap()
}

fn text(output: &Output) -> (i32, String, String) {
    let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        read(&output.stdout),
        read(&output.stderr),
    )
}

fn no_secret(output: &Output, what: &str) {
    let (_, stdout, stderr) = text(output);
    for (name, secret) in SECRETS {
        assert!(!stdout.contains(secret), "{what}: {name} on stdout");
        assert!(!stderr.contains(secret), "{what}: {name} on stderr:\n{stderr}");
    }
}

#[test]
fn without_a_configuration_it_says_what_is_missing() {
    for args in [
        &[][..],
        &["backup"],
        &["run"],
        &["list"],
        &["check"],
        &["restore", "latest"],
    ] {
        let (code, stdout, stderr) = text(&lifeboat(args, &[]));
        assert_eq!(code, 2, "{args:?}: {stderr}");
        assert_eq!(stdout, "");
        for name in ["TARGET", "S3_BUCKET"] {
            assert!(stderr.contains(name), "{args:?}: {stderr}");
        }
    }
}

#[test]
fn five_mistakes_are_told_at_once_with_their_mend() {
    let mut env = SECRETS.to_vec();
    env.extend([
        ("TARGET", "db"),
        ("S3_BUCKET", "a/b"),
        ("STALL_TIMEOUT", "soon"),
        ("S3_PART_SIZE", "1MiB"),
        ("KEEP_LAST", "many"),
        ("SCHEDULE", "whenever"),
    ]);
    let output = lifeboat(&["backup"], &env);
    let (code, _, stderr) = text(&output);
    assert_eq!(code, 2, "{stderr}");
    for name in [
        "S3_BUCKET",
        "STALL_TIMEOUT",
        "S3_PART_SIZE",
        "KEEP_LAST",
        "SCHEDULE",
    ] {
        let line = stderr.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not named: {stderr}"));
        assert!(line.contains("; "), "{name} lacks its mend: {line}");
    }
    no_secret(&output, "five mistakes");
}

#[test]
fn a_deletion_is_never_switched_on_by_accident() {
    let env = [&WHOLE[..], &[("BACKUP_KEEP_DAYS", "7")]].concat();
    let (code, _, stderr) = text(&lifeboat(&["list"], &env));
    assert_eq!(code, 2);
    assert!(
        stderr.contains("BACKUP_KEEP_DAYS") && stderr.contains("KEEP_"),
        "{stderr}"
    );
}

#[test]
fn usage() {
    let (code, stdout, _) = text(&lifeboat(&["--help"], &[]));
    assert_eq!(code, 0);
    for verb in [
        "backup", "run", "list", "restore", "verify", "get", "prune", "delete", "check", "config",
    ] {
        assert!(stdout.contains(&format!("\n  {verb}")), "{verb}: {stdout}");
    }
    for args in [["version"], ["--version"]] {
        let (code, stdout, _) = text(&lifeboat(&args, &[]));
        assert_eq!(
            (code, stdout.trim()),
            (0, concat!("lifeboat ", env!("CARGO_PKG_VERSION")))
        );
    }
    for args in [
        &["bakcup"][..],
        &["--nonsense"],
        &["restore"],
        &["delete"],
        &["verify", "--all", "latest"],
    ] {
        let (code, stdout, stderr) = text(&lifeboat(args, &WHOLE));
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains("sage"), "{args:?}: {stderr}");
    }
}

#[test]
fn config_shows_everything_but_secrets() {
    let env = [&WHOLE[..], &SECRETS[..], &[("STALL_TIMEOUT", "90s")]].concat();
    let output = lifeboat(&["config"], &env);
    let (code, stdout, stderr) = text(&output);
    assert_eq!(code, 0, "{stderr}");
    for shown in [
        "TARGET",
        "S3_BUCKET",
        "backups",
        "STALL_TIMEOUT",
        "90s",
        "DB_PASSWORD",
        "KEEP_LAST",
    ] {
        assert!(stdout.contains(shown), "{shown}: {stdout}");
    }
    no_secret(&output, "config");
}

#[test]
fn no_secret_is_logged_at_any_level() {
    for level in [
        "trace",
        "lifeboat=trace,aws_sdk_s3=trace",
        "bollard=trace,hyper=trace",
    ] {
        for args in [&["list"][..], &["backup"], &["check"], &["verify"], &["prune"]] {
            let docker = [
                ("DOCKER_HOST", "unix:///nonexistent/docker.sock"),
                ("LOG_LEVEL", level),
            ];
            let env = [&WHOLE[..], &SECRETS[..], &docker[..]].concat();
            let output = lifeboat(args, &env);
            assert_ne!(output.status.code(), Some(0), "{args:?}");
            no_secret(&output, &format!("{args:?} at {level}"));
        }
    }
}

#[test]
fn what_is_not_reached_has_its_exit_code_and_a_hint() {
    let (code, stdout, stderr) = text(&lifeboat(&["list"], &[&WHOLE[..], &SECRETS[..]].concat()));
    assert_eq!((code, stdout.as_str()), (5, ""), "{stderr}");
    assert!(stderr.contains("hint="), "{stderr}");
    let docker = [("DOCKER_HOST", "unix:///nonexistent/docker.sock")];
    let (code, _, stderr) = text(&lifeboat(
        &["backup"],
        &[&WHOLE[..], &SECRETS[..], &docker[..]].concat(),
    ));
    assert_eq!(code, 3, "{stderr}");
    assert!(
        stderr.contains("/nonexistent/docker.sock") && stderr.contains("hint="),
        "{stderr}"
    );
}

/// A store that takes the connection and says nothing.
#[test]
fn a_signal_ends_a_verb_that_waits_for_the_store() {
    let store = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", store.local_addr().unwrap());
    let env = [&WHOLE[..2], &SECRETS[..], &[("S3_ENDPOINT", endpoint.as_str())]].concat();
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        for args in [&["list"][..], &["prune", "--apply"], &["delete", "a-key"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
            command.env_clear().envs(env.iter().copied()).args(args);
            let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
            let _connection = store.accept().unwrap();
            let sent = Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status();
            assert!(sent.unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(code), "{args:?}");
        }
    }
}
