//! A machine whose clock is not the store's: stamps are by the store's time, and so is all that is judged by them.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, whole};
use jiff::SignedDuration;
use lifeboat::catalog::CLOCK_TOLERANCE;
use lifeboat::cli::VerifyArgs;
use lifeboat::clock;
use lifeboat::commands::bucket::Scope;
use lifeboat::commands::run::due_at_start;
use lifeboat::commands::{Cancel, Context, backup, verify};
use lifeboat::exit::Exit;
use lifeboat::schedule::Schedule;
use lifeboat::store::memory::MemoryStore;

/// How far the store's clock is ahead of this machine's, in hours.
const OFF: [i64; 5] = [-2, 2, -24 * 365, 24 * 365, 0];

fn of(store: &MemoryStore, env: &[(&str, &str)]) -> Context<ScriptedRuntime, MemoryStore> {
    let runtime = ScriptedRuntime::new([Step::Noise(1000), Step::Record(0)]);
    let env = [&[("SCHEDULE", "@every 1h")], env].concat();
    context(runtime, store, &env)
}

fn store(hours: i64) -> (MemoryStore, SignedDuration) {
    let (store, ahead) = (MemoryStore::new(), SignedDuration::from_hours(hours));
    store.set_ahead(ahead);
    (store, ahead)
}

async fn is_due(context: &Context<ScriptedRuntime, MemoryStore>) -> bool {
    let configured = &context.bucket.config.schedule;
    let schedule = Schedule::parse(configured.expression.as_ref().unwrap(), configured.zone.clone()).unwrap();
    due_at_start(context, &schedule).await
}

#[tokio::test]
async fn a_backup_is_stamped_by_the_stores_time_and_seen_at_once() {
    for hours in OFF {
        let (store, ahead) = store(hours);
        let context = of(&store, &[]);
        let made = attempt(&context).await.unwrap();
        let stamped = made.key.started().duration_since(clock::now()) - ahead;
        assert!(stamped.abs() < CLOCK_TOLERANCE, "{hours}: {}", made.key.text());
        let catalog = context.bucket.catalog(&Scope::All).await.unwrap();
        assert_eq!(
            (catalog.complete().len(), catalog.future().len()),
            (1, 0),
            "{hours}"
        );
        let verified = verify::run(&context.bucket, &VerifyArgs::default(), &Cancel::default()).await;
        assert_eq!(verified.unwrap(), Exit::Done, "{hours}");
        let manifest = context.bucket.manifest(&made.key).await.unwrap();
        assert!(manifest.finished >= manifest.started, "{hours}");
    }
}

#[tokio::test]
async fn what_is_due_at_start_is_judged_by_it() {
    for hours in OFF {
        let (store, _) = store(hours);
        for on_start in ["missed", "true"] {
            let context = of(&store, &[("RUN_ON_START", on_start), ("SCHEDULE", "@every 520w")]);
            assert_eq!(is_due(&context).await, whole(&store) == 0, "{hours} {on_start}");
            if whole(&store) == 0 {
                attempt(&context).await.unwrap();
            }
        }
    }
}

/// One that was stamped by a clock that was wrong is counted by nobody, whatever this machine's clock says now.
#[tokio::test]
async fn what_the_store_calls_the_future_is_no_backup_of_today() {
    let (store, _) = store(2);
    attempt(&of(&store, &[])).await.unwrap();
    store.set_ahead(SignedDuration::ZERO);
    let context = of(&store, &[("RUN_ON_START", "missed"), ("SCHEDULE", "@every 520w")]);
    let catalog = context.bucket.catalog(&Scope::All).await.unwrap();
    assert_eq!((catalog.complete().len(), catalog.future().len()), (0, 1));
    assert!(is_due(&context).await);
}

/// Nothing is deleted by a clock that is wrong, and nothing is lost by it: once it is right, the rules go on.
#[tokio::test]
async fn the_rules_wait_for_a_clock_that_is_right() {
    let (store, _) = store(-2);
    for made in 1..=3 {
        let summary = backup::run(&of(&store, &[("KEEP_LAST", "1")])).await;
        assert_eq!((summary.exit(), whole(&store)), (Exit::Done, made));
    }
    store.set_ahead(SignedDuration::ZERO);
    let summary = backup::run(&of(&store, &[("KEEP_LAST", "1")])).await;
    assert_eq!((summary.exit(), whole(&store)), (Exit::Done, 1));
}

/// Minutes are forgiven, and still the one that was made last is the newest.
#[tokio::test]
async fn whatever_was_made_last_is_the_newest() {
    let store = MemoryStore::new();
    for minutes in [0, 10, 0, -10, 5] {
        store.set_ahead(SignedDuration::from_mins(minutes));
        let context = of(&store, &[]);
        let made = attempt(&context).await.unwrap();
        let catalog = context.bucket.catalog(&Scope::All).await.unwrap();
        assert_eq!(catalog.complete()[0].key, made.key, "{minutes}");
    }
}
