//! What the verbs ask of a bucket: no listing wider than it has to be, and no manifest that could not be read again.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context};
use lifeboat::cli::ListArgs;
use lifeboat::commands::bucket::{MANIFEST_BYTES, Scope};
use lifeboat::commands::{Cancel, list};
use lifeboat::exit::Exit;
use lifeboat::store::Store as _;
use lifeboat::store::memory::{MemoryStore, Op};

fn small() -> ScriptedRuntime {
    ScriptedRuntime::new([Step::Noise(1000), Step::Record(0)])
}

/// Without a prefix the bucket may hold a million objects of others.
#[tokio::test]
async fn each_named_target_is_listed_by_itself() {
    let store = MemoryStore::new();
    for target in ["a", "b", "c"] {
        attempt(&context(small(), &store, &[("TARGET", target)]))
            .await
            .unwrap();
    }
    let bucket = context(small(), &store, &[("TARGET", "a,b")]).bucket;
    let before = store.calls().len();
    list::run(&bucket, &ListArgs::default(), &Cancel::default())
        .await
        .unwrap();
    let listed = ["a/", "b/"].map(|prefix| (Op::ListPage, prefix.to_owned()));
    assert_eq!(store.calls()[before..], listed);
    let catalog = bucket.catalog(&Scope::new(&bucket.config, None)).await.unwrap();
    assert_eq!(catalog.targets().into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn what_is_written_of_a_manifest_can_be_read() {
    for (more, fits) in [(0, true), (1, false)] {
        let store = MemoryStore::new();
        let context = context(small(), &store, &[]);
        let (bucket, key) = (&context.bucket, attempt(&context).await.unwrap().key);
        let mut manifest = bucket.manifest(&key).await.unwrap();
        store.delete(&key.manifest("")).await.unwrap();
        manifest.properties = Some("".into());
        let empty = manifest.to_json(&key).unwrap().len();
        let rest = usize::try_from(MANIFEST_BYTES).unwrap() - empty + more;
        manifest.properties = Some("x".repeat(rest).into());
        let written = bucket.put_manifest(&key, &manifest).await;
        if fits {
            written.unwrap();
            assert_eq!(bucket.manifest(&key).await.unwrap(), manifest);
        } else {
            let error = written.unwrap_err();
            assert!(error.exit == Exit::Other && error.hint.is_some(), "{error}");
            let there = store.head(&key.manifest("")).await;
            assert!(there.is_err(), "it is not even sent");
        }
    }
}
