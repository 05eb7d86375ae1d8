//! A configuration, the verbs over a store, and a look at what is left in one in memory.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by tests that use parts of it"
)]

use lifeboat::commands::backup::{dump, plan};
use lifeboat::commands::bucket::Bucket;
use lifeboat::commands::{Cancel, Context, workers};
use lifeboat::config::{self, Config};
use lifeboat::error::Result;
use lifeboat::pipeline::compress::Workers;
use lifeboat::runtime::Runtime;
use lifeboat::store::Store;
use lifeboat::store::memory::MemoryStore;
use std::sync::Arc;

/// The one target's commands, and everything else by default.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("TARGET", "db"),
    ("ENGINE", "custom"),
    ("DUMP_COMMAND", "printf 'a dump'"),
    ("RESTORE_COMMAND", "cat >/dev/null"),
    ("S3_BUCKET", "backups"),
    ("S3_ENDPOINT", "http://127.0.0.1:1"),
    ("S3_PART_SIZE", "5MiB"),
    ("COMPRESSION_THREADS", "2"),
];

/// The configuration; `env` overrides.
pub fn config(env: &[(&str, &str)]) -> Config {
    let given = ENVIRONMENT
        .iter()
        .filter(|(name, _)| env.iter().all(|(other, _)| name != other));
    let pairs = given
        .chain(env)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let loaded = config::load(pairs, &|_| Err(std::io::ErrorKind::NotFound.into()));
    loaded.unwrap_or_else(|problems| panic!("{problems}")).config
}

/// What a verb works with; `env` overrides.
pub fn context<R: Runtime, S: Store>(runtime: R, store: &S, env: &[(&str, &str)]) -> Context<R, S> {
    let config = config(env);
    Context {
        runtime,
        workers: Workers::new(workers(&config)),
        bucket: Bucket {
            store: store.clone(),
            config: Arc::new(config),
            ours: Arc::default(),
        },
        run: "run-1".to_owned(),
        cancel: Cancel::default(),
    }
}

/// One backup of the first target, with its error as it is.
pub async fn attempt<R: Runtime, S: Store>(context: &Context<R, S>) -> Result<dump::Made> {
    let entry = &context.bucket.config.targets[0];
    let container = context.runtime.find(entry).await.remove(0).unwrap();
    let plan = plan::plan(context, &container).await?;
    let job = plan
        .jobs
        .into_iter()
        .next()
        .unwrap()
        .map_err(|(_, error)| error)?;
    dump::store(context, &container, &plan.facts, &job).await
}

/// The keys in the bucket.
pub fn keys(store: &MemoryStore) -> Vec<String> {
    store.objects().into_iter().map(|(key, _)| key).collect()
}

/// How many backups exist: each is a dump and its manifest.
pub fn whole(store: &MemoryStore) -> usize {
    let keys = keys(store);
    keys.iter()
        .filter(|key| keys.contains(&format!("{key}.json")))
        .count()
}
