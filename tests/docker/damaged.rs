//! An object that is no longer what its manifest says is found out, and does no harm.

use crate::support::engine::SHELL;
use crate::support::{Container, Lifeboat, Postgres, start};

type Damage = fn(&mut Vec<u8>);

const DAMAGES: [(&str, Damage); 4] = [
    ("a byte flipped", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
    }),
    ("the last byte missing", |bytes| bytes.truncate(bytes.len() - 1)),
    ("half of it missing", |bytes| bytes.truncate(bytes.len() / 2)),
    ("something after its end", |bytes| bytes.extend(b"more")),
];

#[test]
fn is_not_restored_and_the_live_database_is_not_touched() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    server.sql("postgres", "CREATE DATABASE app");
    server.exec(&["pgbench", "--quiet", "-i", "-U", "postgres", "app"]);
    for (format, compression) in [
        ("custom", "bzip2"),
        ("plain", "none"),
        ("plain", "bzip2"),
        ("custom", "zstd"),
        ("plain", "gzip"),
        ("custom", "xz"),
    ] {
        let lifeboat = Lifeboat::new(&store, &server.name)
            .with("POSTGRES_FORMAT", format)
            .with("COMPRESSION", compression);
        lifeboat.succeed(&["backup"]);
        let key = store.backups("app").pop().unwrap();
        let whole = store.get(&key);
        server.sql(
            "app",
            "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 7",
        );
        let live = server.pgbench_sum("app");
        let databases = server.databases();
        for (what, damage) in DAMAGES {
            store.damage(&key, damage);
            let which = key.as_str();
            let ran = lifeboat.fail(&["verify", which], 6, "");
            assert!(ran.text().contains("DAMAGED"), "{what}: {}", ran.text());
            lifeboat.fail(&["restore", which, "--overwrite"], 6, "");
            lifeboat.fail(&["restore", which, "--as", "other"], 6, "");
            // Those who get it as a file do not get one.
            let ran = lifeboat.fail(&["get", which], 6, "");
            let dump_bytes = store.manifest(&key)["dump"]["bytes"].as_u64().unwrap();
            assert!((ran.stdout.len() as u64) < dump_bytes, "{what}: get gave it all");
            assert_eq!(server.pgbench_sum("app"), live, "{what}");
            assert_eq!(server.databases(), databases, "{what}");
            store.damage(&key, |bytes| bytes.clone_from(&whole));
        }
        lifeboat.succeed(&["verify", &key]);
    }
    server.assert_never_restarted();
}

#[test]
fn is_not_given_to_a_custom_command_at_all() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name)
        .custom("head -c 3000000 /dev/urandom")
        .with("RESTORE_COMMAND", "touch /tmp/touched; cat >/tmp/restored");
    lifeboat.succeed(&["backup"]);
    let key = store.backups("_all").pop().unwrap();
    let whole = store.get(&key);
    for (what, damage) in DAMAGES {
        store.damage(&key, damage);
        lifeboat.fail(&["restore", &key, "--overwrite"], 6, "");
        assert!(!target.succeeds(&["test", "-e", "/tmp/touched"]), "{what}");
        store.damage(&key, |bytes| bytes.clone_from(&whole));
    }
    assert_eq!(
        store.keys().len(),
        2,
        "nothing was replaced, so nothing was backed up"
    );
    lifeboat.fail(&["restore", &key], 7, "overwrite");
    lifeboat.succeed(&["restore", &key, "--overwrite"]);
    let sum = target.exec(&["sha256sum", "/tmp/restored"]);
    assert!(
        sum.starts_with(store.manifest(&key)["dump"]["sha256"].as_str().unwrap()),
        "{sum}"
    );
    // What it replaced was backed up first, under a name that is never the latest.
    assert_eq!(store.backups("_replaced.%5Fall").len(), 1, "{:?}", store.keys());
    assert!(!lifeboat.succeed(&["verify"]).text().contains("_replaced"));
}
