//! A backup that fails leaves nothing of itself, touches nothing else, and tells the first error.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, keys, whole};
use bytes::Bytes;
use lifeboat::catalog::Key;
use lifeboat::catalog::key::Parsed;
use lifeboat::commands::backup;
use lifeboat::error::Error;
use lifeboat::exit::Exit;
use lifeboat::store::StoreErrorKind;
use lifeboat::store::memory::{Fault, MemoryStore, Op};

/// Three parts of 5 MiB, then some.
fn large() -> Vec<Step> {
    (0..16).map(|_| Step::Noise(1 << 20)).collect()
}

fn then(mut steps: Vec<Step>, more: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps.extend(more);
    steps
}

fn text(text: &'static str) -> Step {
    Step::Out(Bytes::from_static(text.as_bytes()))
}

/// A bucket in which one backup stands, made by the real thing.
async fn bucket_with_a_backup() -> MemoryStore {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([text("an earlier dump"), Step::Record(0)]);
    attempt(&context(runtime, &store, &[])).await.unwrap();
    assert_eq!(whole(&store), 1);
    store
}

/// Runs a backup that must fail, and looks at what is left.
async fn fails(script: Vec<Step>, spoil: impl FnOnce(&MemoryStore), env: &[(&str, &str)]) -> Error {
    let store = bucket_with_a_backup().await;
    let before = store.objects();
    spoil(&store);
    let runtime = ScriptedRuntime::new(script);
    let error = attempt(&context(runtime, &store, env))
        .await
        .err()
        .expect("the backup fails");
    store.heal();
    assert_eq!(store.objects(), before, "after {error}");
    assert_eq!(store.open_uploads(), [], "after {error}");
    error
}

#[tokio::test]
async fn a_tool_that_fails_after_good_bytes() {
    let steps = [
        Step::Err("pg_dump: error: "),
        Step::Err("query failed\n"),
        Step::Record(7),
    ];
    let error = fails(then(large(), steps), |_| {}, &[]).await;
    assert_eq!(error.exit, Exit::Tool);
    assert!(error.chain().contains("exit code 7"), "{error}");
    assert!(error.chain().contains("pg_dump: error: query failed"), "{error}");
}

#[tokio::test]
async fn a_stream_that_is_not_to_be_believed() {
    let trailing = vec![text("data"), Step::RecordAnd("!")];
    let later = vec![text("data"), Step::Record(0), text("!")];
    let twice = vec![text("data"), Step::Record(0), Step::Record(0)];
    let cases = [
        ("no record", then(large(), []), "without an end record"),
        ("no byte at all", vec![], "without an end record"),
        (
            "a start error",
            vec![text("OCI runtime exec failed: sh: not found")],
            "OCI runtime exec failed",
        ),
        (
            "a stray byte in the record's frame",
            trailing,
            "1 bytes came after",
        ),
        ("a stray byte in a later frame", later, "1 bytes came after"),
        ("a second record", twice, "bytes came after"),
        (
            "a broken connection",
            then(large(), [Step::Break]),
            "the connection broke",
        ),
        (
            "broken behind the record",
            vec![text("data"), Step::Record(0), Step::Break],
            "the connection broke",
        ),
        ("an empty dump", vec![Step::Record(0)], "printed nothing at all"),
    ];
    for (name, script, said) in cases {
        let error = fails(script, |_| {}, &[]).await;
        assert_eq!(error.exit, Exit::Tool, "{name}: {error}");
        assert!(error.chain().contains(said), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_store_that_fails() {
    let error = |op, nth| {
        move |store: &MemoryStore| {
            // Counted since the store was made, in which a first backup was put already.
            store.fail(op, nth, Fault::Error(StoreErrorKind::Denied));
        }
    };
    let good = || then(large(), [Step::Record(0)]);
    for (name, spoil) in [
        ("the upload is not begun", error(Op::CreateUpload, 1)),
        ("the first part", error(Op::UploadPart, 1)),
        ("a part in the middle", error(Op::UploadPart, 2)),
        ("the last part", error(Op::UploadPart, 4)),
        ("the completion", error(Op::CompleteUpload, 1)),
        ("the manifest", error(Op::Put, 3)),
    ] {
        let error = fails(good(), spoil, &[]).await;
        assert_eq!(error.exit, Exit::Storage, "{name}: {error}");
        assert!(error.chain().contains("a scripted fault"), "{name}: {error}");
    }
    // One request for the whole object.
    let small = vec![text("data"), Step::Record(0)];
    assert_eq!(fails(small, error(Op::Put, 3), &[]).await.exit, Exit::Storage);
}

#[tokio::test]
async fn the_first_error_is_told_when_giving_up_fails_too() {
    let store = MemoryStore::new();
    store.fail_all(Op::AbortUpload, Fault::Error(StoreErrorKind::Unreachable));
    let steps = then(large(), [Step::Err("disk full"), Step::Record(1)]);
    let error = attempt(&context(ScriptedRuntime::new(steps), &store, &[]))
        .await
        .err()
        .unwrap();
    assert!(error.chain().contains("disk full"), "{error}");
    assert_eq!(error.exit, Exit::Tool);
    assert_eq!(keys(&store), Vec::<String>::new());
}

#[tokio::test]
async fn an_object_whose_completion_was_not_heard_of_does_not_stay() {
    // Whether it stands is settled inside the store by a HEAD; an error that gets out is final.
    let lose = |store: &MemoryStore| store.fail(Op::CompleteUpload, 1, Fault::LoseReply);
    let error = fails(then(large(), [Step::Record(0)]), lose, &[]).await;
    assert_eq!(error.exit, Exit::Storage);
    let lose = |store: &MemoryStore| store.fail(Op::Put, 3, Fault::LoseReply);
    fails(vec![text("data"), Step::Record(0)], lose, &[]).await;
}

#[tokio::test]
async fn a_manifest_that_stands_is_a_backup_whatever_was_heard_of_it() {
    let store = bucket_with_a_backup().await;
    store.fail(Op::Put, 4, Fault::LoseReply);
    let runtime = ScriptedRuntime::new([text("data"), Step::Record(0)]);
    attempt(&context(runtime, &store, &[])).await.unwrap();
    assert_eq!(whole(&store), 2);
}

#[tokio::test]
async fn a_manifest_that_cannot_be_looked_at_may_have_been_counted_on() {
    let store = bucket_with_a_backup().await;
    store.fail(Op::Put, 4, Fault::LoseReply);
    store.fail(Op::Get, 1, Fault::Error(StoreErrorKind::Denied));
    let runtime = ScriptedRuntime::new([text("data"), Step::Record(0)]);
    assert!(attempt(&context(runtime, &store, &[])).await.is_err());
    assert_eq!(whole(&store), 2);
}

#[tokio::test]
async fn what_fails_deletes_nothing_either_where_nothing_is_ever_deleted() {
    for (op, nth, script) in [
        (Op::Put, 3, vec![text("data"), Step::Record(0)]),
        (Op::Put, 4, vec![text("data"), Step::Record(0)]),
        (Op::CompleteUpload, 1, then(large(), [Step::Record(0)])),
    ] {
        let store = bucket_with_a_backup().await;
        store.fail(op, nth, Fault::Error(StoreErrorKind::Denied));
        let context = context(ScriptedRuntime::new(script), &store, &[("PRUNE", "false")]);
        assert!(attempt(&context).await.is_err());
        let deleted = store.calls().iter().any(|(op, _)| *op == Op::Delete);
        assert!(!deleted, "{op:?} {nth}");
        assert_eq!(
            (whole(&store), store.open_uploads().len()),
            (1, 0),
            "{op:?} {nth}"
        );
    }
}

/// Two runs that were given the same key: the same second, and the same id.
#[tokio::test]
async fn what_another_run_stored_under_the_same_key_stays() {
    let store = bucket_with_a_backup().await;
    let before = store.objects();
    let context = context(ScriptedRuntime::new([]), &store, &[]);
    let Some(Parsed::Dump(key)) = Key::parse("", &before[0].0) else {
        panic!("{}", before[0].0)
    };
    assert!(!context.bucket.stands_or_goes(&key, "another run").await.unwrap());
    assert_eq!(store.objects(), before);
}

#[tokio::test]
async fn nothing_is_stored_under_the_key_before_the_record() {
    let store = MemoryStore::new();
    let seen = store.clone();
    let look = Step::Do(std::sync::Arc::new(move || assert_eq!(seen.objects().len(), 0)));
    let runtime = ScriptedRuntime::new(then(large(), [look, Step::Record(0)]));
    attempt(&context(runtime.clone(), &store, &[])).await.unwrap();
    assert_eq!(whole(&store), 1);
    assert_eq!(runtime.killed(), 0, "it was acknowledged");
    let order: Vec<_> = store
        .calls()
        .into_iter()
        .filter(|(op, _)| *op != Op::ListPage)
        .collect();
    assert_eq!(order.last().unwrap().0, Op::Put);
    assert!(
        order.last().unwrap().1.ends_with(".json"),
        "the manifest comes last"
    );
}

#[tokio::test(start_paused = true)]
async fn what_stands_still_is_given_up() {
    let hang = |op| move |store: &MemoryStore| store.fail_all(op, Fault::Hang);
    let silent = then(large(), [Step::Err("waiting for a lock"), Step::Hang]);
    let error = fails(silent.clone(), |_| {}, &[("STALL_TIMEOUT", "90s")]).await;
    assert_eq!(error.exit, Exit::Tool);
    assert!(
        error.chain().contains("nothing for 90 s") && error.chain().contains("a lock"),
        "{error}"
    );
    let good = || then(large(), [Step::Record(0)]);
    for op in [Op::CreateUpload, Op::UploadPart, Op::CompleteUpload] {
        let error = fails(good(), hang(op), &[("STALL_TIMEOUT", "90s")]).await;
        assert_eq!(error.exit, Exit::Storage, "{op:?}: {error}");
        assert!(error.chain().contains("90 s"), "{op:?}: {error}");
    }
    let error = fails(silent, |_| {}, &[("BACKUP_TIMEOUT", "60s")]).await;
    assert_eq!(error.exit, Exit::Tool);
    assert!(error.chain().contains("60 s") && error.hint.unwrap().contains("BACKUP_TIMEOUT"));
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_is_not_taken_in_time_takes_the_object_with_it() {
    let hang = |store: &MemoryStore| store.fail(Op::Put, 4, Fault::Hang);
    let error = fails(vec![text("data"), Step::Record(0)], hang, &[]).await;
    assert_eq!(error.exit, Exit::Storage);
}

#[tokio::test]
async fn one_failure_stops_nothing_else() {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([text("data"), Step::Record(0)]);
    let context = context(runtime, &store, &[("TARGET", "one,missing,two")]);
    let summary = backup::run(&context).await;
    assert_eq!(
        (summary.made, summary.failed, summary.exit()),
        (2, 1, Exit::Target)
    );
    assert_eq!(whole(&store), 2);
}

#[tokio::test]
async fn two_targets_of_one_name_are_refused() {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([text("data"), Step::Record(0)]);
    let context = context(runtime, &store, &[("TARGET", "db-1,db-2")]);
    assert_eq!(backup::run(&context).await.exit(), Exit::Usage);
    assert_eq!(keys(&store), Vec::<String>::new());
}

/// The newest is told by the second and then by the id, and it is what is restored, and never deleted.
#[tokio::test]
async fn of_several_in_one_second_the_last_is_the_newest() {
    let store = MemoryStore::new();
    let mut made = Vec::new();
    for _ in 0..8 {
        let runtime = ScriptedRuntime::new([Step::Noise(100), Step::Record(0)]);
        made.push(attempt(&context(runtime, &store, &[])).await.unwrap().key.text());
    }
    assert!(made.is_sorted(), "{made:?}");
}
