//! `backup`: every target, every database, once; then prune. One failure stops nothing else.

pub mod dump;
pub mod plan;

use super::Context;
use crate::clock;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::{Container, Runtime};
use crate::store::Store;
use futures_util::{StreamExt, stream};
use std::time::Duration;
use tokio::time::Instant;

/// What a run came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Backups that exist now.
    pub made: usize,
    /// Bytes they take in the bucket.
    pub bytes: u64,
    /// Databases and targets that failed.
    pub failed: usize,
    /// The exit code of the first failure.
    pub first: Option<Exit>,
}

impl Summary {
    /// The exit code of the run.
    pub fn exit(&self) -> Exit {
        self.first.unwrap_or(Exit::Done)
    }

    fn add(&mut self, part: &Self) {
        self.made += part.made;
        self.bytes += part.bytes;
        self.failed += part.failed;
        self.first = self.first.or(part.first);
    }

    fn failed(&mut self, error: &Error) {
        self.failed += 1;
        self.first.get_or_insert(error.exit);
    }
}

/// Two random bytes: with the second in the key, enough that two runs never meet.
pub(super) fn random_id() -> Result<u16> {
    let hex = super::random_hex::<2>()?;
    u16::from_str_radix(&hex, 16).map_err(|error| Error::new(Stage::Config, Exit::Other, error))
}

/// Runs the verb, once.
///
/// A container that the engine starts again whenever it ends would back up in an endless loop. With SCHEDULE set,
/// this is somebody's `docker exec lifeboat backup` beside the process that stays.
pub async fn once<R: Runtime, S: Store>(context: &Context<R, S>) -> Result<Summary> {
    let stays = context.bucket.config.schedule.expression.is_some();
    if !stays && context.runtime.restarts_always().await == Some(true) {
        return Err(Error::new(
            Stage::Schedule,
            Exit::Usage,
            "this container is restarted whenever it ends, and SCHEDULE is not set",
        )
        .hint("set SCHEDULE (@daily), or take restart: always away for one run"));
    }
    Ok(run(context).await)
}

/// Backs up every target.
pub async fn run<R: Runtime, S: Store>(context: &Context<R, S>) -> Summary {
    let began = Instant::now();
    let mut summary = Summary::default();
    let mut targets = Vec::new();
    for entry in &context.bucket.config.targets {
        for found in context.runtime.find(entry).await {
            match found {
                Ok(container) => targets.push(container),
                Err(error) => {
                    let error = error.at(Stage::Target);
                    tracing::error!(target = entry.text, "{error}");
                    summary.failed(&error);
                }
            }
        }
    }
    if let Some(name) = twice(&targets) {
        let error = Error::new(
            Stage::Target,
            Exit::Usage,
            format!("two targets have the name {name:?} in the bucket"),
        )
        .hint("give one of them another lifeboat.name label");
        tracing::error!("{error}");
        summary.failed(&error);
        return summary;
    }
    // In order, so that the exit code is that of the first failing target, however fast the others are.
    let runs: Vec<_> = targets
        .iter()
        .map(|container| target(context, container))
        .collect();
    let mut done = stream::iter(runs).buffered(context.bucket.config.docker.concurrency);
    while let Some(part) = done.next().await {
        summary.add(&part);
    }
    if summary.first.is_none() && !context.cancel.is_cancelled() {
        sweep(context, &targets).await;
    }
    if summary.first.is_none() && context.cancel.is_cancelled() {
        summary.failed(&context.interrupted(Stage::Dump));
    }
    context.bucket.warn_of_clock();
    tracing::info!(
        backups = summary.made,
        failed = summary.failed,
        bytes = summary.bytes,
        seconds = began.elapsed().as_secs(),
        "run {} ended: {} backups made, {} failed",
        context.run,
        summary.made,
        summary.failed
    );
    summary
}

/// Leftovers cost money, and endanger nothing: that they stay is said, and no failure of the backups.
async fn sweep<R, S: Store>(context: &Context<R, S>, targets: &[Container]) {
    let names: Vec<_> = targets.iter().map(|container| container.target.clone()).collect();
    if let Err(error) = super::sweep::targets(&context.bucket, &names, &context.cancel).await {
        tracing::warn!("leftovers of interrupted runs are not swept: {error}");
    }
}

fn twice(targets: &[Container]) -> Option<&str> {
    let mut names: Vec<_> = targets
        .iter()
        .map(|container| container.target.as_str())
        .collect();
    names.sort_unstable();
    names
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
}

async fn target<R: Runtime, S: Store>(context: &Context<R, S>, container: &Container) -> Summary {
    let mut summary = Summary::default();
    if context.cancel.is_cancelled() {
        return summary;
    }
    let name = &container.target;
    let planned = tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(context.interrupted(Stage::Target)),
        planned = plan::plan(context, container) => planned,
    };
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => {
            tracing::error!(target = name, "{error}");
            summary.failed(&error);
            return summary;
        }
    };
    for job in plan.jobs {
        if context.cancel.is_cancelled() {
            break;
        }
        let database = match &job {
            Ok(job) => job.database.to_string(),
            Err((database, _)) => database.to_string(),
        };
        let began = clock::now();
        let made = match job {
            Ok(job) => dump::store(context, container, &plan.facts, &job)
                .await
                .map(|made| (job, made)),
            Err((_, error)) => Err(error),
        };
        match made {
            Ok((job, made)) => {
                summary.made += 1;
                summary.bytes += made.bytes;
                tracing::info!(
                    target = name,
                    database,
                    key = made.key.text(),
                    bytes = made.bytes,
                    seconds = elapsed(began).as_secs_f32(),
                    "backed up"
                );
                if let Err(error) = super::prune::after_backup(context, &plan.facts.origin, &made).await {
                    tracing::error!(target = name, database, "{error}");
                    summary.failed(&error);
                }
                drop(job);
            }
            Err(error) => {
                tracing::error!(target = name, database, "{error}");
                summary.failed(&error);
            }
        }
    }
    summary
}

fn elapsed(began: jiff::Timestamp) -> Duration {
    clock::now().duration_since(began).try_into().unwrap_or_default()
}
