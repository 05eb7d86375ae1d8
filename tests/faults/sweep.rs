//! Leftovers of interrupted runs go after two days, and nothing else does.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{context, keys, whole};
use jiff::{SignedDuration, Timestamp};
use lifeboat::cli::ScopeArgs;
use lifeboat::clock;
use lifeboat::commands::{Cancel, Context, backup, prune};
use lifeboat::exit::Exit;
use lifeboat::store::memory::{Fault, Manners, MemoryStore, Op};
use lifeboat::store::{Store, StoreErrorKind};

const OLD: i64 = 49;
const YOUNG: i64 = 47;

fn ago(hours: i64) -> Timestamp {
    clock::now() - SignedDuration::from_hours(hours)
}

/// The key of a dump that began so many hours ago.
fn dump_of(target: &str, hours: i64) -> String {
    let started = ago(hours).strftime("%Y-%m-%dT%H-%M-%SZ");
    format!("{target}/_all/{started}-00ff.dump.bz2")
}

/// Half of a backup, of that age by its key and by the store's clock.
fn half(store: &MemoryStore, key: &str, modified: i64) -> String {
    store.insert(key, "half", ago(modified));
    key.to_owned()
}

/// An upload begun at one time, with a part that came at another.
async fn open(store: &MemoryStore, key: &str, begun: i64, part: Option<i64>) -> String {
    store.set_now(ago(begun));
    let id = store.create_upload(key).await.unwrap();
    if let Some(part) = part {
        store.set_now(ago(part));
        store.upload_part(key, &id, 1, "part".into()).await.unwrap();
    }
    store.set_now(clock::now());
    id
}

fn lifeboat(store: &MemoryStore, env: &[(&str, &str)]) -> Context<ScriptedRuntime, MemoryStore> {
    context(
        ScriptedRuntime::new([Step::Noise(1000), Step::Record(0)]),
        store,
        env,
    )
}

fn open_ids(store: &MemoryStore) -> Vec<String> {
    let mut ids: Vec<_> = store.open_uploads().into_iter().map(|open| open.id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn after_a_backup_the_old_ones_are_gone_and_nothing_else() {
    let store = MemoryStore::new();
    half(&store, &dump_of("db", OLD), OLD);
    half(&store, &format!("{}.json", dump_of("db", OLD + 1)), OLD);
    let mut stay = vec![
        half(&store, &dump_of("db", YOUNG), YOUNG),
        // Old by the one and young by the other: copied, or stamped by a store with the begin of its upload.
        half(&store, &dump_of("db", OLD + 2), YOUNG),
        half(&store, &dump_of("db", YOUNG - 1), OLD),
        // Not ours, or of no grammar of ours.
        half(&store, &dump_of("other", OLD), OLD),
        half(&store, &dump_of("dbx", OLD), OLD),
        half(&store, "db/notes.txt", OLD),
        half(&store, "db/_all/old.dump.bz2", OLD),
    ];
    open(&store, &dump_of("db", OLD), OLD, None).await;
    open(&store, &dump_of("db", OLD), OLD, Some(OLD)).await;
    let mut open_still = vec![
        open(&store, &dump_of("db", YOUNG), YOUNG, None).await,
        open(&store, &dump_of("db", OLD), OLD, Some(YOUNG)).await,
        open(&store, &dump_of("other", OLD), OLD, None).await,
        open(&store, "db/film.mkv", OLD, None).await,
        open(&store, &format!("{}.json", dump_of("db", OLD)), OLD, None).await,
    ];
    let summary = backup::run(&lifeboat(&store, &[])).await;
    assert_eq!((summary.exit(), summary.made, whole(&store)), (Exit::Done, 1, 1));
    stay.sort();
    open_still.sort();
    let mut left = keys(&store);
    left.retain(|key| !key.contains(&clock::now().strftime("%Y-%m-%d").to_string()));
    assert_eq!(left, stay);
    assert_eq!(open_ids(&store), open_still);
}

#[tokio::test]
async fn not_after_a_failure_and_not_where_nothing_is_deleted() {
    let store = MemoryStore::new();
    let old = half(&store, &dump_of("db", OLD), OLD);
    let id = open(&store, &dump_of("db", OLD), OLD, None).await;
    let failing = ScriptedRuntime::new([Step::Noise(1000), Step::Record(1)]);
    assert_ne!(
        backup::run(&context(failing, &store, &[])).await.exit(),
        Exit::Done
    );
    backup::run(&lifeboat(&store, &[("PRUNE", "false")])).await;
    assert!(keys(&store).contains(&old));
    assert_eq!(open_ids(&store), [id]);
}

#[tokio::test]
async fn by_prune_too_once_it_is_applied() {
    let store = MemoryStore::new();
    half(&store, &dump_of("db", OLD), OLD);
    open(&store, &dump_of("db", OLD), OLD, None).await;
    let bucket = lifeboat(&store, &[]).bucket;
    let prune = async |apply| {
        let scope = ScopeArgs::default();
        prune::run(&bucket, apply, &scope, &Cancel::default())
            .await
            .unwrap();
        (keys(&store).len(), store.open_uploads().len())
    };
    assert_eq!(prune(false).await, (1, 1));
    assert_eq!(prune(true).await, (0, 0));
}

#[tokio::test]
async fn of_a_store_that_lists_poorly_what_is_not_told_stays() {
    for (op, kind) in [
        (Op::ListUploads, StoreErrorKind::Unsupported),
        (Op::ListUploads, StoreErrorKind::Denied),
        (Op::ListParts, StoreErrorKind::Unsupported),
        (Op::ListParts, StoreErrorKind::NotFound),
        (Op::AbortUpload, StoreErrorKind::Other),
    ] {
        let store = MemoryStore::new();
        let id = open(&store, &dump_of("db", OLD), OLD, Some(OLD)).await;
        store.fail_all(op, Fault::Error(kind));
        let summary = backup::run(&lifeboat(&store, &[])).await;
        assert_eq!((summary.exit(), summary.made), (Exit::Done, 1), "{op:?} {kind:?}");
        assert_eq!(open_ids(&store), [id], "{op:?} {kind:?}");
    }
}

/// A listing may be older than what it lists.
#[tokio::test]
async fn half_a_backup_that_is_whole_after_all_stays() {
    for suffix in ["", ".json"] {
        let store = MemoryStore::new();
        let other = if suffix.is_empty() { ".json" } else { "" };
        let old = half(&store, &format!("{}{suffix}", dump_of("db", OLD)), OLD);
        store.hide(&half(&store, &format!("{}{other}", dump_of("db", OLD)), OLD));
        backup::run(&lifeboat(&store, &[])).await;
        assert!(keys(&store).contains(&old), "{old}");
    }
}

/// Our own clock may be days ahead.
#[tokio::test]
async fn without_the_store_s_time_everything_stays() {
    let store = MemoryStore::with(Manners {
        tells_time: false,
        ..Manners::default()
    });
    let old = half(&store, &dump_of("db", OLD), OLD);
    let id = open(&store, &dump_of("db", OLD), OLD, None).await;
    let summary = backup::run(&lifeboat(&store, &[])).await;
    assert_eq!((summary.exit(), summary.made), (Exit::Done, 1));
    assert!(keys(&store).contains(&old));
    assert_eq!(open_ids(&store), [id]);
}

#[tokio::test]
async fn what_cannot_be_deleted_or_told_keeps_nothing_else() {
    let denied = || Fault::Error(StoreErrorKind::Denied);
    for (op, left) in [
        (Op::Delete, 1),
        (Op::ListUploads, 0),
        (Op::ListParts, 0),
        (Op::AbortUpload, 0),
    ] {
        let store = MemoryStore::new();
        for age in 0..2 {
            half(&store, &dump_of("db", OLD + age), OLD);
            open(&store, &dump_of("db", OLD + age), OLD, None).await;
        }
        store.fail(op, 1, denied());
        let bucket = lifeboat(&store, &[]).bucket;
        let ended = prune::run(&bucket, true, &ScopeArgs::default(), &Cancel::default()).await;
        assert_eq!(ended.unwrap_err().exit, Exit::Storage, "{op:?}");
        assert_eq!(keys(&store).len(), left, "{op:?}");
        let open = match op {
            Op::Delete => 0,
            // Nothing is known of any.
            Op::ListUploads => 2,
            _ => 1,
        };
        assert_eq!(store.open_uploads().len(), open, "{op:?}");
    }
}
