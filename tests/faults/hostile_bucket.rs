//! Somebody else writes into the bucket: keys that look like ours, and manifests that say what they like. Nothing that is not
//! ours is touched, nothing is run, and every verb ends with an error that can be shown.

use crate::local::directory;
use crate::read::one_backup;
use crate::restore::{Database, RESTORE};
use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, keys, whole};
use jiff::Timestamp;
use lifeboat::cli::{GetArgs, ListArgs, ScopeArgs, VerifyArgs};
use lifeboat::commands::{Cancel, backup, delete, get, list, prune, verify};
use lifeboat::exit::Exit;
use lifeboat::store::memory::MemoryStore;
use serde_json::{Value, json};

/// Keys that are none of ours, each with its manifest.
const FOREIGN: [&str; 16] = [
    "db/../db/2020-01-01T00-00-00Z-0000.dump",
    "db/_all/../../2020-01-01T00-00-00Z-0000.dump",
    "../db/_all/2020-01-01T00-00-00Z-0000.dump",
    "/db/_all/2020-01-01T00-00-00Z-0000.dump",
    "db//2020-01-01T00-00-00Z-0000.dump",
    "db/_all//2020-01-01T00-00-00Z-0000.dump",
    "db/%5fall/2020-01-01T00-00-00Z-0000.dump",
    "db/%5F%61ll/2020-01-01T00-00-00Z-0000.dump",
    "d%62/_all/2020-01-01T00-00-00Z-0000.dump",
    "db/a%2fb/2020-01-01T00-00-00Z-0000.dump",
    "db/%FF/2020-01-01T00-00-00Z-0000.dump",
    "db/\u{1b}[2J/2020-01-01T00-00-00Z-0000.dump",
    "db/_all/2020-01-01T00-00-00Z-0000.dump\n",
    "db/_all/2020-01-01T00-00-00Z-0000.DUMP.bz2.bz2",
    "db/_all/2020-1-01T00-00-00Z-0000.dump",
    "db/_all/2020-01-01T00-00-00Z-000G.dump",
];

fn old() -> Timestamp {
    "2020-01-01T00:00:00Z".parse().unwrap()
}

fn dump() -> ScriptedRuntime {
    ScriptedRuntime::new([Step::Noise(1_000), Step::Record(0)])
}

#[tokio::test]
async fn keys_that_only_look_like_ours_are_neither_shown_nor_counted_nor_deleted() {
    let store = MemoryStore::new();
    attempt(&context(dump(), &store, &[])).await.unwrap();
    for key in FOREIGN {
        store.insert(key, "not ours", old());
        store.insert(&format!("{key}.json"), "{}", old());
    }
    let context = context(dump(), &store, &[("KEEP_LAST", "1")]);
    let bucket = &context.bucket;
    assert_eq!(backup::run(&context).await.exit(), Exit::Done);
    prune::run(bucket, true, &ScopeArgs::default(), &Cancel::default())
        .await
        .unwrap();
    for key in FOREIGN {
        let error = delete::run(bucket, &[key.to_owned()], true, &Cancel::default())
            .await
            .unwrap_err();
        assert_eq!(error.exit, Exit::Usage, "{key:?}");
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    let args = VerifyArgs {
        all: true,
        ..VerifyArgs::default()
    };
    assert_eq!(
        verify::run(bucket, &args, &Cancel::default()).await.unwrap(),
        Exit::Done
    );
    list::run(bucket, &ListArgs::default(), &Cancel::default())
        .await
        .unwrap();
    let left = keys(&store);
    for key in FOREIGN {
        assert!(
            left.contains(&key.to_owned()) && left.contains(&format!("{key}.json")),
            "{key:?}"
        );
    }
    assert_eq!(
        (whole(&store), left.len()),
        (FOREIGN.len() + 1, 2 * FOREIGN.len() + 2)
    );
}

/// What a name may be, a key says exactly, and a terminal is not spoken to.
#[tokio::test]
async fn names_of_the_bucket_do_not_speak_to_the_terminal() {
    let store = MemoryStore::new();
    attempt(&context(dump(), &store, &[])).await.unwrap();
    let hostile = "%1B%5D0;x%07/%1B%5B2J%0A%E2%80%AE/2020-01-01T00-00-00Z-0000.sql".replace(';', "%3B");
    store.insert(&hostile, "x", old());
    store.insert(&format!("{hostile}.json"), "{}", old());
    let bucket = context(dump(), &store, &[]).bucket;
    let every = lifeboat::commands::bucket::Scope::All;
    let catalog = bucket.catalog(&every).await.unwrap();
    assert_eq!(catalog.complete().len(), 2, "it is a key of ours");
    let zone = &bucket.config.schedule.zone;
    let table = lifeboat::catalog::table::backups(catalog.complete(), bucket.now(), zone);
    assert_eq!(table.lines().count(), 4, "{table:?}");
    assert!(
        table.lines().all(|line| lifeboat::shown::printable(line) == line),
        "{table:?}"
    );
}

/// A manifest as hostile as can be: how, and what is made of it.
type Manifest = (&'static str, fn(&mut Value) -> String);

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// The same, with `more` as one more field.
fn with(manifest: &Value, more: &str) -> String {
    format!("{},{more}}}", manifest.to_string().strip_suffix('}').unwrap())
}

const HOSTILE: [Manifest; 16] = [
    ("nothing", |_| String::new()),
    ("no JSON", |_| "\u{1b}[2J".to_owned()),
    ("another type", |_| "[]".to_owned()),
    ("nested for ever", |_| nested(100_000)),
    ("nested for ever in a field of ours", |manifest| {
        with(manifest, &format!("\"properties\":{}", nested(100_000)))
    }),
    ("huge", |manifest| manifest.to_string() + &" ".repeat(100_000_000)),
    ("a field twice", |manifest| {
        with(manifest, &format!("\"key\":{}", manifest["key"]))
    }),
    ("a hash twice", |manifest| {
        with(manifest, &format!("\"object\":{}", manifest["object"]))
    }),
    ("a size below zero", |manifest| {
        manifest["object"]["bytes"] = json!(-1);
        manifest.to_string()
    }),
    ("a size beyond numbers", |manifest| {
        let bytes = format!("\"bytes\":{}", manifest["dump"]["bytes"]);
        manifest
            .to_string()
            .replace(&bytes, "\"bytes\":18446744073709551616")
    }),
    ("the largest size there is", |manifest| {
        manifest["object"]["bytes"] = json!(u64::MAX);
        manifest["dump"]["bytes"] = json!(u64::MAX);
        manifest.to_string()
    }),
    ("a shorter dump", |manifest| {
        manifest["dump"]["bytes"] = json!(1);
        manifest.to_string()
    }),
    ("a longer dump", |manifest| {
        manifest["dump"]["bytes"] = json!(manifest["dump"]["bytes"].as_u64().unwrap() + 1);
        manifest.to_string()
    }),
    ("another object", |manifest| {
        let key = manifest["key"].as_str().unwrap();
        manifest["key"] = json!(format!("../{key}"));
        manifest.to_string()
    }),
    ("another database, with a line of its own", |manifest| {
        manifest["database"] = json!("x\n2026-11-20T03:00:00Z  INFO whole\u{1b}[2J");
        manifest.to_string()
    }),
    ("another compression", |manifest| {
        manifest["compression"]["name"] = json!("gzip");
        manifest.to_string()
    }),
];

fn rewrite(store: &MemoryStore, key: &str, hostile: impl FnOnce(&mut Value) -> String) {
    assert!(store.corrupt(&format!("{key}.json"), |bytes| {
        let mut manifest = serde_json::from_slice(bytes).unwrap();
        *bytes = hostile(&mut manifest).into_bytes();
    }));
}

#[tokio::test]
async fn a_hostile_manifest_is_damage_to_whoever_reads_it() {
    for (name, hostile) in HOSTILE {
        let (context, key) = one_backup().await;
        rewrite(&context.bucket.store, &key, hostile);
        let args = VerifyArgs {
            all: true,
            ..VerifyArgs::default()
        };
        let verified = verify::run(&context.bucket, &args, &Cancel::default())
            .await
            .unwrap();
        // One that is too long to be read is the store's trouble.
        let expected = if name == "huge" {
            Exit::Storage
        } else {
            Exit::Verification
        };
        assert_eq!(verified, expected, "{name}");
        let file = directory("get").join("dump");
        let args = GetArgs {
            which: "latest".to_owned(),
            output: Some(file.clone()),
            ..GetArgs::default()
        };
        let error = get::run(&context.bucket, &args, &Cancel::default())
            .await
            .unwrap_err();
        assert_eq!(error.exit, expected, "{name}: {error}");
        assert!(!file.exists(), "{name}");
        let text = error.to_string();
        assert_eq!(text, lifeboat::shown::printable(&text), "{name}");
        // What is already there was not chosen by the manifest.
        assert_eq!(backup::run(&context).await.exit(), Exit::Done, "{name}");
    }
}

#[tokio::test]
async fn a_hostile_manifest_restores_nothing() {
    for (name, hostile) in HOSTILE {
        let database = Database::new(RESTORE).await;
        rewrite(database.store(), &database.key, hostile);
        database.restore(true, true).await.expect_err(name);
        assert!(database.is_untouched(), "{name}");
    }
}

/// Every text of a manifest that lifeboat does not compare with the key.
const TEXTS: [&str; 12] = [
    "/server_version",
    "/tool_version",
    "/run",
    "/lifeboat",
    "/container/name",
    "/container/id",
    "/container/image",
    "/origin/engine_id",
    "/origin/system_identifier",
    "/dump/command",
    "/object/etag",
    "/object/version_id",
];

/// None of these words reaches a shell or a tool: the commands are those of the environment.
#[tokio::test]
async fn words_of_a_manifest_are_not_run() {
    let evil = directory("evil").join("was-here");
    let code = format!("';touch {0};\"$(touch {0})`touch {0}`\n--help", evil.display());
    for as_engine in [false, true] {
        let database = Database::new(RESTORE).await;
        rewrite(database.store(), &database.key, |manifest| {
            for pointer in TEXTS {
                *manifest.pointer_mut(pointer).unwrap() = json!(code);
            }
            manifest["options"] = json!([code, "--help", "-f", evil]);
            manifest["properties"] = json!({"owner": code, "restore_command": code});
            if as_engine {
                manifest["engine"] = json!(code);
            }
            manifest.to_string()
        });
        let outcome = database.restore(true, true).await;
        if as_engine {
            let error = outcome.unwrap_err();
            assert_eq!(error.exit, Exit::Refused, "{error}");
            let text = error.to_string();
            assert_eq!(text, lifeboat::shown::printable(&text));
            assert!(database.is_untouched());
        } else {
            outcome.unwrap();
        }
        assert!(!evil.exists());
    }
}

/// Numbers that are information only change nothing.
#[tokio::test]
async fn sizes_of_parts_and_a_level_may_lie() {
    let (context, key) = one_backup().await;
    rewrite(&context.bucket.store, &key, |manifest| {
        manifest["object"]["parts"] = json!(u32::MAX);
        manifest["object"]["part_bytes"] = json!(u64::MAX);
        manifest["compression"]["level"] = json!(u32::MAX);
        manifest["compression"]["members"] = json!(u64::MAX);
        manifest.to_string()
    });
    let args = VerifyArgs::default();
    let outcome = verify::run(&context.bucket, &args, &Cancel::default())
        .await
        .unwrap();
    assert_eq!(outcome, Exit::Done);
}
