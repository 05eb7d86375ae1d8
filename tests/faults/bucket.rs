//! What the verbs ask of a bucket: no listing wider than it has to be.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context};
use lifeboat::cli::ListArgs;
use lifeboat::commands::bucket::Scope;
use lifeboat::commands::{Cancel, list};
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
