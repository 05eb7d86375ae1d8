//! SIGTERM at any step: the code of the signal, and nothing of the backup stays.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{context, keys};
use lifeboat::commands::{Cancel, backup};
use lifeboat::exit::Exit;
use lifeboat::store::memory::{Fault, MemoryStore, Op};
use std::sync::{Arc, Mutex};

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
