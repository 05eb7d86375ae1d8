//! Pruning after a backup: what the rules say, and nothing at all when something is odd.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, keys, whole};
use jiff::SignedDuration;
use lifeboat::catalog::Key;
use lifeboat::catalog::manifest::Origin;
use lifeboat::cli::ScopeArgs;
use lifeboat::commands::{Cancel, backup, prune};
use lifeboat::exit::Exit;
use lifeboat::store::StoreErrorKind;
use lifeboat::store::memory::{Fault, MemoryStore, Op};

const KEEP_ONE: [(&str, &str); 1] = [("KEEP_LAST", "1")];

fn dump(bytes: usize) -> ScriptedRuntime {
    ScriptedRuntime::new([Step::Noise(bytes), Step::Record(0)])
}

#[tokio::test]
async fn keep_last_leaves_exactly_that_many() {
    let store = MemoryStore::new();
    for run in 1..=5 {
        let summary = backup::run(&context(dump(1000), &store, &[("KEEP_LAST", "2")])).await;
        assert_eq!(summary.exit(), Exit::Done);
        assert_eq!((whole(&store), keys(&store).len()), (run.min(2), 2 * run.min(2)));
    }
}

/// A bucket with two backups made without rules; then one with a rule under these circumstances.
async fn kept(runtime: ScriptedRuntime, spoil: impl FnOnce(&MemoryStore), env: &[(&str, &str)]) -> usize {
    let store = MemoryStore::new();
    for _ in 0..2 {
        attempt(&context(dump(100_000), &store, &[])).await.unwrap();
    }
    spoil(&store);
    let env = [&KEEP_ONE[..], env].concat();
    let summary = backup::run(&context(runtime, &store, &env)).await;
    assert_eq!(summary.made, 1, "the backup itself is not in question");
    whole(&store)
}

#[tokio::test]
async fn what_is_odd_keeps_everything() {
    assert_eq!(kept(dump(100_000), |_| {}, &[]).await, 1, "nothing is odd");
    assert_eq!(kept(dump(1000), |_| {}, &[]).await, 3, "shrunk");
    assert_eq!(
        kept(dump(100_000), |_| {}, &[("PRUNE", "false")]).await,
        3,
        "PRUNE=false"
    );
    let behind = |store: &MemoryStore| store.set_ahead(SignedDuration::from_mins(16));
    assert_eq!(kept(dump(100_000), behind, &[]).await, 3, "the clock is behind");
    let foreign = |store: &MemoryStore| change_manifests(store, "engine-1", "engine-2");
    assert_eq!(
        kept(dump(100_000), foreign, &[]).await,
        3,
        "of another installation"
    );
    let unreadable = |store: &MemoryStore| change_manifests(store, "{", "[");
    assert_eq!(
        kept(dump(100_000), unreadable, &[]).await,
        3,
        "manifests that say nothing"
    );
}

fn change_manifests(store: &MemoryStore, from: &str, to: &str) {
    for key in keys(store).iter().filter(|key| key.ends_with(".json")) {
        store.corrupt(key, |bytes| {
            *bytes = String::from_utf8_lossy(bytes).replace(from, to).into_bytes();
        });
    }
}

#[tokio::test]
async fn of_another_installation_nothing_goes_however_many_are_made_here() {
    let store = MemoryStore::new();
    let theirs = dump(100_000).on("engine-2");
    attempt(&context(theirs, &store, &[])).await.unwrap();
    let other = keys(&store);
    for run in 1..=4 {
        let summary = backup::run(&context(dump(100_000), &store, &KEEP_ONE)).await;
        assert_eq!(summary.exit(), Exit::Done);
        // The first is only warned of the other; from then on its own are one.
        assert_eq!(whole(&store), 2, "run {run}");
        assert!(other.iter().all(|key| keys(&store).contains(key)), "run {run}");
    }
}

#[tokio::test]
async fn another_installation_s_backup_does_not_stand_for_one_of_ours() {
    let store = MemoryStore::new();
    for engine in ["engine-1", "engine-2", "engine-1"] {
        let runtime = dump(100_000).on(engine);
        attempt(&context(runtime, &store, &[])).await.unwrap();
    }
    // The two newest of all are one of ours and the new one; of ours, the first is the second newest.
    let summary = backup::run(&context(dump(100_000), &store, &[("KEEP_LAST", "3")])).await;
    assert_eq!((summary.exit(), whole(&store)), (Exit::Done, 4));
}

#[tokio::test]
async fn a_manifest_that_cannot_be_had_saves_its_backup_and_no_other() {
    let store = MemoryStore::new();
    for _ in 0..3 {
        attempt(&context(dump(100_000), &store, &[])).await.unwrap();
    }
    // The first that is read is that of the newest other one; then come all of them, the newest first.
    store.fail(Op::Get, 5, Fault::Error(StoreErrorKind::Denied));
    let summary = backup::run(&context(dump(100_000), &store, &KEEP_ONE)).await;
    assert_eq!((summary.exit(), whole(&store)), (Exit::Done, 2));
}

#[tokio::test]
async fn two_projects_of_one_engine_are_two_installations() {
    let store = MemoryStore::new();
    for (project, left) in [("one", 1), ("two", 2), ("two", 2), ("one", 3), ("one", 2)] {
        let runtime = dump(100_000).in_project(project);
        let summary = backup::run(&context(runtime, &store, &KEEP_ONE)).await;
        assert_eq!((summary.exit(), whole(&store)), (Exit::Done, left), "{project}");
    }
}

#[tokio::test]
async fn beside_a_newer_backup_nothing_is_pruned() {
    let store = MemoryStore::new();
    let context = context(dump(1000), &store, &KEEP_ONE);
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(attempt(&context).await.unwrap());
    }
    let origin = origin();
    prune::after_backup(&context, &origin, &made[1]).await.unwrap();
    assert_eq!(
        whole(&store),
        3,
        "two lifeboats: the newest of these is the other's"
    );
    prune::after_backup(&context, &origin, &made[2]).await.unwrap();
    assert_eq!(whole(&store), 1);
}

fn origin() -> Origin {
    Origin {
        engine_id: "engine-1".to_owned(),
        project: None,
        system_identifier: None,
    }
}

#[tokio::test]
async fn an_own_backup_that_is_not_listed_whole_deletes_nothing() {
    let store = MemoryStore::new();
    for _ in 0..2 {
        attempt(&context(dump(1000), &store, &[])).await.unwrap();
    }
    let context = context(dump(1000), &store, &KEEP_ONE);
    let made = attempt(&context).await.unwrap();
    lifeboat::store::Store::delete(&store, &made.key.manifest(""))
        .await
        .unwrap();
    prune::after_backup(&context, &origin(), &made).await.unwrap();
    assert_eq!(whole(&store), 2);
}

#[tokio::test]
async fn a_listing_that_fails_is_a_failure_and_deletes_nothing() {
    let store = MemoryStore::new();
    attempt(&context(dump(1000), &store, &[])).await.unwrap();
    store.fail(Op::ListPage, 3, Fault::Error(StoreErrorKind::Denied));
    let summary = backup::run(&context(dump(1000), &store, &KEEP_ONE)).await;
    assert_eq!(
        (summary.made, summary.exit(), whole(&store)),
        (1, Exit::Storage, 2)
    );
}

#[tokio::test]
async fn the_verb_only_shows_unless_told_to_apply() {
    let store = MemoryStore::new();
    for _ in 0..3 {
        attempt(&context(dump(1000), &store, &[])).await.unwrap();
    }
    let bucket = context(dump(0), &store, &KEEP_ONE).bucket;
    prune::run(&bucket, false, &ScopeArgs::default(), &Cancel::default())
        .await
        .unwrap();
    assert_eq!(whole(&store), 3);
    let never = context(dump(0), &store, &[("KEEP_LAST", "1"), ("PRUNE", "false")]).bucket;
    assert_eq!(
        prune::run(&never, true, &ScopeArgs::default(), &Cancel::default())
            .await
            .unwrap_err()
            .exit,
        Exit::Refused
    );
    assert_eq!(whole(&store), 3);
    prune::run(&bucket, true, &ScopeArgs::default(), &Cancel::default())
        .await
        .unwrap();
    assert_eq!(whole(&store), 1);
}

/// Under the prefix may be targets of other hosts, with other rules.
#[tokio::test]
async fn a_label_among_the_targets_prunes_only_what_is_named() {
    let store = MemoryStore::new();
    for target in ["db", "other"] {
        for _ in 0..2 {
            attempt(&context(dump(1000), &store, &[("TARGET", target)]))
                .await
                .unwrap();
        }
    }
    let label = [("KEEP_LAST", "1"), ("TARGET", "db,label:backup")];
    let bucket = context(dump(0), &store, &label).bucket;
    let prune = async |apply, target: Option<&str>| {
        let scope = ScopeArgs {
            target: target.map(str::to_owned),
            database: None,
        };
        let ended = prune::run(&bucket, apply, &scope, &Cancel::default()).await;
        (ended.map_err(|error| error.exit), whole(&store))
    };
    assert_eq!(prune(false, None).await, (Ok(()), 4), "the view may be wide");
    assert_eq!(prune(true, None).await, (Err(Exit::Usage), 4));
    assert_eq!(prune(true, Some("db")).await, (Ok(()), 3));
    assert_eq!(prune(true, Some("*")).await, (Ok(()), 2));
}

/// Three backups, the newest of which stays.
async fn three() -> (MemoryStore, Vec<Key>) {
    let store = MemoryStore::new();
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(attempt(&context(dump(1000), &store, &[])).await.unwrap().key);
    }
    made.sort_by_key(|key| (key.started(), key.id()));
    (store, made)
}

async fn apply(store: &MemoryStore) -> Result<(), Exit> {
    let bucket = context(dump(0), store, &KEEP_ONE).bucket;
    let ended = prune::run(&bucket, true, &ScopeArgs::default(), &Cancel::default()).await;
    ended.map_err(|error| error.exit)
}

#[tokio::test]
async fn one_that_cannot_be_deleted_keeps_no_other() {
    for locked in [0, 1] {
        let (store, made) = three().await;
        store.lock(&made[locked].manifest(""));
        assert_eq!(apply(&store).await, Err(Exit::Storage), "and it is said");
        let left = keys(&store);
        assert!(left.contains(&made[locked].manifest("")), "{left:?}");
        assert_eq!(whole(&store), 2, "the other one went: {left:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_gone_is_not_asked_for_every_backup() {
    let (store, _) = three().await;
    store.fail_all(Op::Delete, Fault::Error(StoreErrorKind::Unreachable));
    assert_eq!(apply(&store).await, Err(Exit::Storage));
    let asked = store.calls().iter().filter(|(op, _)| *op == Op::Delete).count();
    assert_eq!(asked, 1);
}

/// The rules would delete it for ones that may hold nothing; with no rule there is nothing to spare.
#[tokio::test]
async fn the_last_before_a_collapse_is_deleted_by_nobody_but_the_verb() {
    let store = MemoryStore::new();
    for _ in 0..3 {
        attempt(&context(dump(100_000), &store, &[])).await.unwrap();
    }
    let large = |store: &MemoryStore| {
        let objects = store.objects();
        objects.iter().filter(|(_, body)| body.len() > 50_000).count()
    };
    assert_eq!(large(&store), 3);
    for (night, left) in [(1, 3), (2, 1), (3, 1), (4, 1)] {
        let summary = backup::run(&context(dump(1000), &store, &[("KEEP_LAST", "2")])).await;
        assert_eq!((summary.exit(), large(&store)), (Exit::Done, left), "{night}");
    }
    assert_eq!(whole(&store), 3);
    // Grown again, the rules are true as always.
    let grown = store.objects();
    let summary = backup::run(&context(dump(90_000), &store, &[("KEEP_LAST", "2")])).await;
    assert_eq!((summary.exit(), whole(&store), large(&store)), (Exit::Done, 2, 1));
    let again = MemoryStore::new();
    for (key, body) in grown {
        again.insert(&key, body, lifeboat::clock::now());
    }
    let bucket = context(dump(0), &again, &[("KEEP_LAST", "2")]).bucket;
    prune::run(&bucket, true, &ScopeArgs::default(), &Cancel::default())
        .await
        .unwrap();
    assert_eq!((whole(&again), large(&again)), (2, 0));
}

/// Without a rule, and with no other backup of twice the size, no manifest is read.
#[tokio::test]
async fn a_night_without_a_collapse_reads_no_manifest_for_it() {
    let store = MemoryStore::new();
    for _ in 0..5 {
        backup::run(&context(dump(1000), &store, &[])).await;
    }
    let read = store.calls().iter().filter(|(op, _)| *op == Op::Get).count();
    assert_eq!(read, 0);
    backup::run(&context(dump(100), &store, &[])).await;
    let read = store.calls().iter().filter(|(op, _)| *op == Op::Get).count();
    assert_eq!(read, 1);
}
