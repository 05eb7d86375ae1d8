//! What is damaged in the bucket is found by whoever reads it, and nobody is given a dump that looks whole.

use crate::local::directory;
use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context};
use lifeboat::cli::{GetArgs, VerifyArgs};
use lifeboat::commands::{Cancel, Context, get, verify};
use lifeboat::exit::Exit;
use lifeboat::store::memory::MemoryStore;

/// More than two blocks of bzip2, so that damage at the end is behind good bytes.
const DUMP_BYTES: usize = 2_500_000;

type Damage = (&'static str, fn(&MemoryStore, &str));

pub const DAMAGES: [Damage; 7] = [
    ("cut short by a byte", |store, key| {
        assert!(store.corrupt(key, |bytes| bytes.truncate(bytes.len() - 1)));
    }),
    ("empty", |store, key| assert!(store.corrupt(key, Vec::clear))),
    ("a byte more", |store, key| {
        assert!(store.corrupt(key, |bytes| bytes.push(0)));
    }),
    ("a bit flipped at the front", |store, key| {
        assert!(store.corrupt(key, |bytes| bytes[100] ^= 1));
    }),
    ("a bit flipped at the end", |store, key| {
        assert!(store.corrupt(key, |bytes| {
            let last = bytes.len() - 20;
            bytes[last] ^= 1;
        }));
    }),
    ("another manifest's hash", |store, key| {
        assert!(store.corrupt(&format!("{key}.json"), |json| {
            let text = String::from_utf8(json.clone()).unwrap();
            let at = text.rfind("\"sha256\"").unwrap() + 15;
            let other = if json[at] == b'0' { b'1' } else { b'0' };
            json[at] = other;
        }));
    }),
    ("another backup's manifest", |store, key| {
        assert!(store.corrupt(&format!("{key}.json"), |json| {
            let text = String::from_utf8(json.clone()).unwrap();
            *json = text.replace("db/_all/", "db/other/").into_bytes();
        }));
    }),
];

/// A bucket with one backup, and its key.
pub async fn one_backup() -> (Context<ScriptedRuntime, MemoryStore>, String) {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([Step::Noise(DUMP_BYTES), Step::Record(0)]);
    let context = context(runtime, &store, &[]);
    let key = attempt(&context).await.unwrap().key.object("");
    (context, key)
}

async fn verified(context: &Context<ScriptedRuntime, MemoryStore>) -> Exit {
    let args = VerifyArgs {
        all: true,
        ..VerifyArgs::default()
    };
    verify::run(&context.bucket, &args, &Cancel::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn verify_finds_every_damage() {
    let (context, _) = one_backup().await;
    assert_eq!(verified(&context).await, Exit::Done);
    for (name, damage) in DAMAGES {
        let (context, key) = one_backup().await;
        damage(&context.bucket.store, &key);
        assert_eq!(verified(&context).await, Exit::Verification, "{name}");
    }
}

async fn got(
    context: &Context<ScriptedRuntime, MemoryStore>,
    raw: bool,
) -> (Result<(), Exit>, Vec<u8>, Vec<u8>) {
    let file = directory("get").join("dump");
    let args = GetArgs {
        which: "latest".to_owned(),
        output: Some(file.clone()),
        raw,
        ..GetArgs::default()
    };
    let outcome = get::run(&context.bucket, &args, &Cancel::default())
        .await
        .map_err(|error| error.exit);
    let part = std::fs::read(format!("{}.part", file.display())).unwrap_or_default();
    (outcome, std::fs::read(&file).unwrap_or_default(), part)
}

#[tokio::test]
async fn get_gives_the_dump_and_raw_the_object() {
    let (context, _) = one_backup().await;
    let (outcome, file, part) = got(&context, false).await;
    assert_eq!((outcome, part.len()), (Ok(()), 0));
    assert!(file == crate::scripted::noise(DUMP_BYTES));
    let (outcome, file, part) = got(&context, true).await;
    assert_eq!((outcome, part.len()), (Ok(()), 0));
    assert!(file == context.bucket.store.objects()[0].1);
}

#[tokio::test]
async fn get_names_a_file_only_when_the_disk_has_it() {
    let (context, _) = one_backup().await;
    let file = directory("get-unsynced").join("dump");
    // It takes every byte and keeps none.
    std::os::unix::fs::symlink("/dev/null", format!("{}.part", file.display())).unwrap();
    let args = GetArgs {
        which: "latest".to_owned(),
        output: Some(file.clone()),
        ..GetArgs::default()
    };
    let outcome = get::run(&context.bucket, &args, &Cancel::default()).await;
    assert_eq!(outcome.unwrap_err().exit, Exit::Other);
    assert!(file.symlink_metadata().is_err());
}

#[tokio::test]
async fn get_never_hands_out_the_end_of_what_is_damaged() {
    for raw in [false, true] {
        for (name, damage) in DAMAGES {
            let (context, key) = one_backup().await;
            damage(&context.bucket.store, &key);
            let (outcome, file, part) = got(&context, raw).await;
            if raw && name == "another manifest's hash" {
                // The last hash there is that of the object, or of the dump, which --raw does not look at.
                assert!(outcome.is_ok() || outcome == Err(Exit::Verification));
                continue;
            }
            assert_eq!(outcome, Err(Exit::Verification), "{name}, raw: {raw}");
            assert_eq!(file.len(), 0, "{name}: nothing has the file's own name");
            let whole = if raw {
                context.bucket.store.objects()[0].1.len()
            } else {
                DUMP_BYTES
            };
            assert!(
                part.len() <= whole.saturating_sub(64 * 1024),
                "{name}, raw: {raw}: {} written",
                part.len()
            );
        }
    }
}
