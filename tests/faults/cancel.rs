//! SIGTERM at any step: the code of the signal, and nothing of the backup stays.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, keys, whole};
use lifeboat::cli::{GetArgs, ListArgs, RestoreArgs, ScopeArgs, VerifyArgs};
use lifeboat::commands::bucket::Bucket;
use lifeboat::commands::{Cancel, Context, backup, delete, get, list, prune, restore, verify};
use lifeboat::error::Result;
use lifeboat::exit::Exit;
use lifeboat::pipeline::compress::Workers;
use lifeboat::store::memory::{Fault, MemoryStore, Op};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs a backup in which `script` may ask for the end by the handle it is given.
async fn interrupted(script: impl FnOnce(Step) -> Vec<Step>, store: &MemoryStore) -> Exit {
    let handle: Arc<Mutex<Option<Cancel>>> = Arc::default();
    let held = Arc::clone(&handle);
    let ask = Step::Do(Arc::new(move || {
        held.lock().unwrap().as_ref().unwrap().cancel(Exit::Terminated);
    }));
    let runtime = ScriptedRuntime::new(script(ask));
    let context = context(runtime, store, &[]);
    *handle.lock().unwrap() = Some(context.cancel.clone());
    backup::run(&context).await.exit()
}

fn nothing_is_left(store: &MemoryStore, what: &str) {
    assert_eq!(keys(store), Vec::<String>::new(), "{what}");
    assert_eq!(store.open_uploads(), [], "{what}");
}

#[tokio::test]
async fn before_it_begins() {
    let store = MemoryStore::new();
    let context = context(ScriptedRuntime::new([Step::Hang]), &store, &[]);
    context.cancel.cancel(Exit::Interrupted);
    assert_eq!(backup::run(&context).await.exit(), Exit::Interrupted);
    nothing_is_left(&store, "before");
}

#[tokio::test]
async fn while_the_tool_prints() {
    for megabytes in [0, 1, 6, 16] {
        let store = MemoryStore::new();
        let script = |ask| {
            let mut steps: Vec<_> = (0..megabytes).map(|_| Step::Noise(1 << 20)).collect();
            steps.extend([ask, Step::Hang]);
            steps
        };
        assert_eq!(interrupted(script, &store).await, Exit::Terminated);
        nothing_is_left(&store, "while it prints");
    }
}

#[tokio::test]
async fn while_the_store_is_waited_for() {
    for op in [Op::CreateUpload, Op::UploadPart, Op::CompleteUpload] {
        let store = MemoryStore::new();
        store.fail_all(op, Fault::Hang);
        let (runtime, seen) = (large(), store.clone());
        let context = context(runtime, &store, &[]);
        let cancel = context.cancel.clone();
        let run = tokio::spawn(async move { backup::run(&context).await.exit() });
        crate::local::until("the store is asked", || {
            seen.calls().iter().any(|(called, _)| *called == op)
        })
        .await;
        cancel.cancel(Exit::Terminated);
        assert_eq!(run.await.unwrap(), Exit::Terminated, "{op:?}");
        nothing_is_left(&store, &format!("{op:?}"));
    }
}

#[tokio::test]
async fn while_the_manifest_is_written() {
    let store = MemoryStore::new();
    // The dump is in parts, so the manifest is the only thing that is put.
    store.fail_all(Op::Put, Fault::Hang);
    let context = context(large(), &store, &[]);
    let (cancel, seen) = (context.cancel.clone(), store.clone());
    let run = tokio::spawn(async move { backup::run(&context).await.exit() });
    crate::local::until("the manifest is sent", || {
        seen.calls().iter().any(|(called, _)| *called == Op::Put)
    })
    .await;
    cancel.cancel(Exit::Interrupted);
    assert_eq!(run.await.unwrap(), Exit::Interrupted);
    nothing_is_left(&store, "manifest");
}

#[tokio::test]
async fn the_tool_is_killed_and_the_next_target_is_not_begun() {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([Step::Noise(10_000), Step::Hang]);
    let context = context(runtime.clone(), &store, &[("TARGET", "one,two")]);
    let cancel = context.cancel.clone();
    let seen = store.clone();
    let run = tokio::spawn(async move { backup::run(&context).await });
    crate::local::until("it has begun", || !seen.calls().is_empty()).await;
    cancel.cancel(Exit::Terminated);
    let summary = run.await.unwrap();
    assert_eq!((summary.made, summary.exit()), (0, Exit::Terminated));
    crate::local::until("the tool is killed", || runtime.killed() <= 1).await;
    assert!(store.calls().iter().all(|(_, key)| !key.starts_with("two")));
}

fn large() -> ScriptedRuntime {
    let mut steps: Vec<_> = (0..16).map(|_| Step::Noise(1 << 20)).collect();
    steps.push(Step::Record(0));
    ScriptedRuntime::new(steps)
}

/// A verb over the bucket that is told to end at its first request of this kind.
async fn ended_at(
    op: Op,
    store: &MemoryStore,
    verb: impl AsyncFnOnce(Bucket<MemoryStore>, Cancel) -> Result<()>,
) -> Result<(), Exit> {
    let bucket = context(small(), store, &[("KEEP_LAST", "1")]).bucket;
    let (cancel, before) = (Cancel::default(), store.calls().len());
    let ask = async {
        let calls = || store.calls()[before..].to_vec();
        crate::local::until("the store is asked", || {
            calls().iter().any(|(called, _)| *called == op)
        })
        .await;
        cancel.cancel(Exit::Interrupted);
        store.heal();
    };
    let both = async { tokio::join!(verb(bucket, cancel.clone()), ask) };
    let both = tokio::time::timeout(Duration::from_mins(1), both).await;
    let (ended, ()) = both.expect("an end");
    ended.map_err(|error| error.exit)
}

#[tokio::test]
async fn while_a_listing_is_waited_for() {
    let scope = ScopeArgs::default;
    for verb in ["list", "prune", "delete", "verify", "get", "restore"] {
        let store = MemoryStore::new();
        store.fail_all(Op::ListPage, Fault::Hang);
        let ended = ended_at(Op::ListPage, &store, async |bucket, cancel| match verb {
            "list" => list::run(&bucket, &ListArgs::default(), &cancel).await,
            "prune" => prune::run(&bucket, true, &scope(), &cancel).await,
            "delete" => delete::run(&bucket, &["db/_all/x".to_owned()], true, &cancel).await,
            "verify" => verify::run(&bucket, &VerifyArgs::default(), &cancel)
                .await
                .map(|_| ()),
            "restore" => {
                let args = RestoreArgs {
                    which: "latest".to_owned(),
                    overwrite: true,
                    discard: true,
                    scope: scope(),
                    ..RestoreArgs::default()
                };
                let context = Context {
                    runtime: small(),
                    bucket,
                    run: "run-1".to_owned(),
                    cancel,
                    workers: Workers::new(1),
                };
                restore::run(&context, &args).await
            }
            _ => {
                let args = GetArgs {
                    which: "latest".to_owned(),
                    scope: scope(),
                    ..GetArgs::default()
                };
                get::run(&bucket, &args, &cancel).await
            }
        });
        assert_eq!(ended.await, Err(Exit::Interrupted), "{verb}");
    }
}

/// The deletion that was begun comes to its end, and no other begins.
#[tokio::test]
async fn between_two_deletions() {
    for verb in ["prune", "delete"] {
        let store = MemoryStore::new();
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(attempt(&context(small(), &store, &[])).await.unwrap().key.text());
        }
        store.fail_all(Op::Delete, Fault::Wait);
        let ended = ended_at(Op::Delete, &store, async |bucket, cancel| match verb {
            "prune" => prune::run(&bucket, true, &ScopeArgs::default(), &cancel).await,
            _ => delete::run(&bucket, &made, true, &cancel).await,
        });
        assert_eq!(ended.await, Err(Exit::Interrupted), "{verb}");
        assert_eq!((whole(&store), keys(&store).len()), (3, 6), "{verb}");
    }
}

#[tokio::test]
async fn between_two_leftovers() {
    let store = MemoryStore::new();
    let old = lifeboat::clock::now() - jiff::SignedDuration::from_hours(49);
    for id in 1..=3 {
        let started = old.strftime("%Y-%m-%dT%H-%M-%SZ");
        store.insert(&format!("db/_all/{started}-000{id}.dump"), "half", old);
    }
    store.fail_all(Op::Delete, Fault::Wait);
    let ended = ended_at(Op::Delete, &store, async |bucket, cancel| {
        prune::run(&bucket, true, &ScopeArgs::default(), &cancel).await
    });
    assert_eq!(ended.await, Err(Exit::Interrupted));
    assert_eq!(keys(&store).len(), 2);
}

fn small() -> ScriptedRuntime {
    ScriptedRuntime::new([Step::Noise(1000), Step::Record(0)])
}
