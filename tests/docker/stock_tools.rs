//! What is stored is of use without lifeboat: `aws`, `bzip2` (or `zstd`, `gzip`, `xz`), `sha256sum` and the database's
//! own tools are enough.

use crate::support::skip;
use crate::support::{Lifeboat, Postgres, Store, bucket::BUCKET, start};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A database with pgbench's tables, and its sum.
fn filled(major: u32) -> (Postgres, String) {
    let server = Postgres::start(major);
    server.sql("postgres", "CREATE DATABASE app");
    server.exec(&["pgbench", "--quiet", "-i", "-U", "postgres", "app"]);
    let sum = server.pgbench_sum("app");
    (server, sum)
}

/// An object through the stock tool.
fn unpacked(store: &Store, key: &str, tool: &str) -> Vec<u8> {
    let packed = store.get(key);
    let mut unpack = Command::new(tool)
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = unpack.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(&packed).unwrap());
        let output = unpack.wait_with_output().unwrap();
        assert!(output.status.success());
        output.stdout
    })
}

#[test]
fn restore_the_custom_format() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let (server, sum) = filled(17);
    let lifeboat = Lifeboat::new(&store, &server.name);
    lifeboat.succeed(&["backup"]);
    let dump = unpacked(&store, &store.backups("app")[0], "bzip2");
    let fresh = Postgres::start(17);
    let list = fresh.exec_with(&["pg_restore", "-l"], &dump);
    assert!(list.status.success());
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains("TABLE DATA public pgbench_accounts postgres"),
        "{list}"
    );
    let restore = [
        "pg_restore",
        "-U",
        "postgres",
        "--exit-on-error",
        "--create",
        "-d",
        "postgres",
    ];
    let restored = fresh.exec_with(&restore, &dump);
    assert!(restored.status.success(), "{restored:?}");
    assert_eq!(fresh.pgbench_sum("app"), sum);
    // And what `get` gives is the very same.
    assert_eq!(
        lifeboat.succeed(&["get", "latest", "--database", "app"]).stdout,
        dump
    );
}

#[test]
fn restore_the_plain_format_and_the_roles() {
    let Some(store) = start(&["postgres:18"]) else {
        return;
    };
    let (server, sum) = filled(18);
    server.sql("postgres", "CREATE ROLE app_owner LOGIN PASSWORD 'secret'");
    let hash = "SELECT rolpassword FROM pg_authid WHERE rolname = 'app_owner'";
    Lifeboat::new(&store, &server.name)
        .with("POSTGRES_FORMAT", "plain")
        .succeed(&["backup"]);
    let fresh = Postgres::start(18);
    fresh.sql("postgres", "CREATE DATABASE app");
    for (kind, database) in [("_globals", "postgres"), ("app", "app")] {
        let text = unpacked(&store, &store.backups(kind)[0], "bzip2");
        let psql = fresh.exec_with(&["psql", "-Xq", "-U", "postgres", "-d", database], &text);
        assert!(psql.status.success(), "{psql:?}");
    }
    assert_eq!(fresh.pgbench_sum("app"), sum);
    assert_eq!(fresh.sql("postgres", hash), server.sql("postgres", hash));
}

/// The command line that the documentation gives to everyone.
#[test]
fn check_the_hashes_of_the_manifest() {
    let Some(store) = start(&["postgres:15"]) else {
        return;
    };
    let (server, _) = filled(15);
    Lifeboat::new(&store, &server.name).succeed(&["backup"]);
    for key in [&store.backups("app")[0], &store.backups("_globals")[0]] {
        let script = "set -o pipefail; exec 3>&1
            \"$@\" | tee >(sha256sum | sed 's/ .*/ object/' >&3) | bzip2 -d | sha256sum | sed 's/ .*/ dump/'";
        let aws = store.aws_command();
        let words = aws.get_args().map(std::ffi::OsStr::to_owned);
        let output = Command::new("bash")
            .args(["-c", script, "-"])
            .arg(aws.get_program())
            .args(words)
            .args(["s3", "cp", &format!("s3://{BUCKET}/{key}"), "-"])
            .envs(aws.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let manifest = store.manifest(key);
        for part in ["object", "dump"] {
            let expected = format!("{} {part}", manifest[part]["sha256"].as_str().unwrap());
            assert!(
                said.lines().any(|line| line == expected),
                "{expected} is not in: {said}"
            );
        }
        assert_eq!(
            manifest["object"]["bytes"].as_u64().unwrap(),
            store.get(key).len() as u64
        );
    }
}

/// Every compression, over a dump of several members.
#[test]
fn read_what_each_compression_stored() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    server.sql("postgres", "CREATE DATABASE app");
    server.exec(&["pgbench", "--quiet", "-i", "-s", "3", "-U", "postgres", "app"]);
    let sum = server.pgbench_sum("app");
    for (tool, level, ending) in [
        ("bzip2", 9, "bz2"),
        ("zstd", 3, "zst"),
        ("gzip", 6, "gz"),
        ("xz", 1, "xz"),
    ] {
        if Command::new(tool).arg("--version").output().is_err() {
            skip::for_want_of(tool);
            continue;
        }
        let lifeboat = Lifeboat::new(&store, &server.name)
            .with("COMPRESSION", tool)
            .with("COMPRESSION_LEVEL", &level.to_string());
        lifeboat.succeed(&["backup"]);
        let key = store.backups("app").pop().unwrap();
        assert!(key.ends_with(&format!(".pgdump.{ending}")), "{key}");
        let manifest = store.manifest(&key);
        assert_eq!(manifest["compression"]["name"], tool);
        assert_eq!(manifest["compression"]["level"], level);
        assert!(manifest["compression"]["members"].as_u64().unwrap() > 1);
        let dump = unpacked(&store, &key, tool);
        assert_eq!(manifest["dump"]["bytes"], dump.len());
        assert_eq!(manifest["dump"]["sha256"], sha256(&dump), "{tool}");
        assert!(lifeboat.succeed(&["get", &key]).stdout == dump, "{tool}");
        // Whatever is configured now: the manifest says how it is compressed.
        let lifeboat = Lifeboat::new(&store, &server.name);
        lifeboat.succeed(&["verify", &key]);
        lifeboat.succeed(&["restore", &key, "--as", tool]);
        assert_eq!(server.pgbench_sum(tool), sum, "{tool}");
        server.sql("postgres", &format!("DROP DATABASE \"{tool}\""));
        lifeboat.succeed(&["delete", "--force", &key]);
    }
}

fn sha256(bytes: &[u8]) -> String {
    let mut sum = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sum.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
    output.split(' ').next().unwrap().to_owned()
}
