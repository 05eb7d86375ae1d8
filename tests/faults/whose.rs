//! Two installations, one bucket, no prefix: `latest` and a time mean the own backups, whatever the other has made since.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context};
use lifeboat::catalog::Backup;
use lifeboat::cli::ScopeArgs;
use lifeboat::commands::bucket::Bucket;
use lifeboat::commands::ours::Ours;
use lifeboat::commands::selection;
use lifeboat::store::StoreErrorKind;
use lifeboat::store::memory::{Fault, MemoryStore, Op};
use std::sync::Arc;

fn runtime(engine: &'static str) -> ScriptedRuntime {
    ScriptedRuntime::new([Step::Noise(1000), Step::Record(0)]).on(engine)
}

/// The key of a backup that is made of an engine.
async fn made(store: &MemoryStore, engine: &'static str) -> String {
    attempt(&context(runtime(engine), store, &[]))
        .await
        .unwrap()
        .key
        .text()
}

/// The bucket as an installation on an engine sees it.
async fn seen(store: &MemoryStore, engine: &'static str) -> Bucket<MemoryStore> {
    let context = context(runtime(engine), store, &[]);
    let ours = Ours::ask(&context.runtime, &context.bucket.config).await;
    Bucket {
        ours: Arc::new(ours),
        ..context.bucket
    }
}

async fn chosen(bucket: &Bucket<MemoryStore>, which: &str, database: Option<&str>) -> Vec<String> {
    let args = ScopeArgs {
        target: None,
        database: database.map(str::to_owned),
    };
    let chosen = selection::choose(bucket, which, &args).await.unwrap();
    chosen.iter().map(|backup: &Backup| backup.key.text()).collect()
}

/// The same backup under the name of another database.
fn as_database(store: &MemoryStore, key: &str, database: &str) -> String {
    let renamed = key.replace("/_all/", &format!("/{database}/"));
    for (name, body) in store
        .objects()
        .into_iter()
        .filter(|(name, _)| name.starts_with(key))
    {
        let body = match std::str::from_utf8(&body) {
            Ok(text) => text
                .replace(key, &renamed)
                .replace("\"_all\"", &format!("{database:?}"))
                .into(),
            Err(_) => body,
        };
        store.insert(&name.replace(key, &renamed), body, lifeboat::clock::now());
    }
    renamed
}

#[tokio::test]
async fn however_many_the_other_has_made_since() {
    let store = MemoryStore::new();
    let own = [made(&store, "engine-1").await, made(&store, "engine-1").await];
    let mut others = Vec::new();
    for _ in 0..30 {
        others.push(made(&store, "engine-2").await);
    }
    let bucket = seen(&store, "engine-1").await;
    for which in ["latest", "2100-01-01"] {
        assert_eq!(chosen(&bucket, which, None).await, [own[1].clone()], "{which}");
    }
    // A key is a key.
    assert_eq!(chosen(&bucket, &others[3], None).await, [others[3].clone()]);
    let bucket = seen(&store, "engine-2").await;
    let before = store.calls().len();
    assert_eq!(chosen(&bucket, "latest", None).await, [others[29].clone()]);
    assert_eq!(store.calls().len() - before, 2, "a listing and one manifest");
    // One that has none takes what there is, and so does one that nobody could tell which it is.
    let bucket = seen(&store, "engine-3").await;
    assert_eq!(chosen(&bucket, "latest", None).await, [others[29].clone()]);
    let unknown = context(runtime("engine-1"), &store, &[]).bucket;
    assert_eq!(chosen(&unknown, "latest", None).await, [others[29].clone()]);
}

#[tokio::test]
async fn a_database_that_only_the_other_has_is_not_one_of_ours() {
    let store = MemoryStore::new();
    let theirs = made(&store, "engine-2").await;
    let reports = as_database(&store, &theirs, "reports");
    let own = made(&store, "engine-1").await;
    let shop = as_database(&store, &own, "shop");
    for key in [&theirs, &own] {
        for name in [key.clone(), format!("{key}.json")] {
            lifeboat::store::Store::delete(&store, &name).await.unwrap();
        }
    }
    let (ours, theirs) = (vec![shop], vec![reports]);
    let bucket = seen(&store, "engine-1").await;
    assert_eq!(chosen(&bucket, "latest", None).await, ours);
    let named = chosen(&bucket, "latest", Some("reports")).await;
    assert_eq!(named, theirs, "by name it is meant");
    let bucket = seen(&store, "engine-2").await;
    assert_eq!(chosen(&bucket, "latest", None).await, theirs);
    let bucket = seen(&store, "engine-3").await;
    assert_eq!(chosen(&bucket, "latest", None).await, [theirs, ours].concat());
}

/// Keys that may not read manifests: what can't be told is not another's.
#[tokio::test]
async fn a_manifest_that_cannot_be_had_is_not_anothers() {
    let store = MemoryStore::new();
    made(&store, "engine-1").await;
    let newest = made(&store, "engine-2").await;
    let bucket = seen(&store, "engine-1").await;
    store.fail_all(Op::Get, Fault::Error(StoreErrorKind::Denied));
    assert_eq!(chosen(&bucket, "latest", None).await, [newest]);
}
