//! Deleting: the manifest first, then proof that it is gone, then the dump; and never the newest by accident.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, keys, whole};
use lifeboat::catalog::Key;
use lifeboat::commands::bucket::Bucket;
use lifeboat::commands::{Cancel, delete};
use lifeboat::exit::Exit;
use lifeboat::store::StoreErrorKind;
use lifeboat::store::memory::{Fault, MemoryStore, Op};

async fn two_backups() -> (MemoryStore, Bucket<MemoryStore>, Vec<Key>) {
    let store = MemoryStore::new();
    let context = context(
        ScriptedRuntime::new([Step::Noise(100), Step::Record(0)]),
        &store,
        &[],
    );
    let mut made = vec![
        attempt(&context).await.unwrap().key,
        attempt(&context).await.unwrap().key,
    ];
    made.sort_by_key(Key::text);
    (store, context.bucket, made)
}

#[tokio::test]
async fn in_the_one_safe_order() {
    let (store, bucket, made) = two_backups().await;
    let before = store.calls().len();
    bucket.delete(&made[0]).await.unwrap();
    let (manifest, object) = (made[0].manifest(""), made[0].object(""));
    let order = [
        (Op::Delete, manifest.clone()),
        (Op::Head, manifest),
        (Op::Delete, object),
    ];
    assert_eq!(store.calls()[before..], order);
    assert_eq!((whole(&store), keys(&store).len()), (1, 2));
}

#[tokio::test]
async fn an_unconfirmed_deletion_leaves_the_dump() {
    for (op, fault) in [
        (Op::Delete, Fault::Error(StoreErrorKind::Denied)),
        (Op::Head, Fault::Error(StoreErrorKind::Unreachable)),
    ] {
        let (store, bucket, made) = two_backups().await;
        store.fail_all(op, fault);
        assert_eq!(bucket.delete(&made[0]).await.unwrap_err().exit, Exit::Storage);
        assert!(keys(&store).contains(&made[0].object("")), "{op:?} {fault:?}");
    }
}

#[tokio::test]
async fn a_manifest_that_is_still_shown_keeps_its_dump() {
    let (store, bucket, made) = two_backups().await;
    store.lock(&made[0].manifest(""));
    let error = bucket.delete(&made[0]).await.unwrap_err();
    assert!(
        error.exit == Exit::Storage && error.chain().contains("still shows"),
        "{error}"
    );
    assert_eq!(whole(&store), 2);
}

#[tokio::test]
async fn a_deletion_whose_reply_is_lost_leaves_the_dump_beside_no_manifest() {
    let (store, bucket, made) = two_backups().await;
    store.fail_all(Op::Delete, Fault::LoseReply);
    assert!(bucket.delete(&made[0]).await.is_err());
    assert!(keys(&store).contains(&made[0].object("")));
}

#[tokio::test]
async fn the_newest_goes_only_by_force() {
    let (store, bucket, made) = two_backups().await;
    let all: Vec<String> = made.iter().map(Key::text).collect();
    for wanted in [&all[1..], &all[..]] {
        let refused = delete::run(&bucket, wanted, false, &Cancel::default())
            .await
            .unwrap_err();
        assert_eq!(refused.exit, Exit::Refused, "{refused}");
        assert_eq!(whole(&store), 2, "one refusal keeps all of them");
    }
    assert_eq!(
        delete::run(&bucket, &["db/_all/no-such".to_owned()], true, &Cancel::default())
            .await
            .unwrap_err()
            .exit,
        Exit::Usage
    );
    delete::run(&bucket, &all[..1], false, &Cancel::default())
        .await
        .unwrap();
    assert_eq!(whole(&store), 1);
    delete::run(&bucket, &all[1..], true, &Cancel::default())
        .await
        .unwrap();
    assert_eq!(keys(&store), Vec::<String>::new());
}

/// Made while the clock was wrong: none of them is the newest that counts, and all there is.
#[tokio::test]
async fn the_last_ones_go_only_by_force_whatever_their_stamp() {
    let store = MemoryStore::new();
    let ahead = "db/_all/2999-01-01T00-00-00Z-000";
    let keys_of = |ids: &[u8]| -> Vec<String> {
        let key = |id: &u8| format!("{ahead}{id}.dump.bz2");
        ids.iter().map(key).collect()
    };
    for key in keys_of(&[1, 2]) {
        store.insert(&key, "dump", lifeboat::clock::now());
        store.insert(&format!("{key}.json"), "{}", lifeboat::clock::now());
    }
    let bucket = context(ScriptedRuntime::new([Step::Hang]), &store, &[]).bucket;
    let delete = async |ids: &[u8], force| {
        let ended = delete::run(&bucket, &keys_of(ids), force, &Cancel::default()).await;
        (ended.map_err(|error| error.exit), whole(&store))
    };
    assert_eq!(delete(&[1, 2], false).await, (Err(Exit::Refused), 2));
    assert_eq!(delete(&[1], false).await, (Ok(()), 1));
    assert_eq!(delete(&[2], false).await, (Err(Exit::Refused), 1));
    assert_eq!(delete(&[2], true).await, (Ok(()), 0));
}

#[tokio::test]
async fn where_nothing_is_ever_deleted_it_is_refused() {
    let (store, _, made) = two_backups().await;
    let bucket = context(ScriptedRuntime::new([]), &store, &[("PRUNE", "false")]).bucket;
    let keys = [made[0].text()];
    let refused = delete::run(&bucket, &keys, true, &Cancel::default())
        .await
        .unwrap_err();
    assert_eq!((refused.exit, whole(&store)), (Exit::Refused, 2), "{refused}");
}
