//! `run`: stay, and back up on SCHEDULE.

use super::ours::Ours;
use super::whose::{Said, said};
use super::{Context, backup};
use crate::catalog::{Catalog, Database};
use crate::clock;
use crate::config::{OnStart, Selector};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::schedule::Schedule;
use crate::store::Store;
use jiff::Timestamp;
use std::time::Duration;

/// Between two looks at the clock: a machine that sleeps, or whose clock is set, is noticed within this.
const LOOK: Duration = Duration::from_secs(20);

/// Runs the verb until it is told to end.
pub async fn run<R: Runtime, S: Store>(context: &Context<R, S>) -> Result<Exit> {
    let configured = &context.bucket.config.schedule;
    let Some(expression) = &configured.expression else {
        return Err(Error::new(Stage::Schedule, Exit::Usage, "SCHEDULE is not set")
            .hint("set it (@daily, 0 3 * * *), or use lifeboat backup for one run"));
    };
    let schedule = Schedule::parse(expression, configured.zone.clone())
        .map_err(|error| Error::new(Stage::Schedule, Exit::Usage, error))?;
    if due_at_start(context, &schedule).await {
        once(context).await;
    }
    while !context.cancel.is_cancelled() {
        let Some(next) = schedule.next_after(clock::now()) else {
            return Err(Error::new(
                Stage::Schedule,
                Exit::Usage,
                "SCHEDULE never fires again",
            ));
        };
        let due = next.saturating_add(jitter(configured.jitter)).unwrap_or(next);
        tracing::info!("next backup at {}", due.to_zoned(configured.zone.clone()));
        tokio::select! {
            biased;
            () = context.cancel.cancelled() => break,
            () = until(due) => once(context).await,
        }
    }
    Ok(context.cancel.exit())
}

/// A run of its own id. What failed has been said; the next firing tries again.
async fn once<R: Runtime, S: Store>(context: &Context<R, S>) {
    let mut context = context.clone();
    match super::random_hex::<8>() {
        Ok(run) => context.run = run,
        Err(error) => tracing::error!("{error}"),
    }
    backup::run(&context).await;
}

/// Waits by the wall clock, so that a machine that slept does not oversleep.
async fn until(due: Timestamp) {
    loop {
        let left: Duration = due.duration_since(clock::now()).try_into().unwrap_or_default();
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

fn jitter(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    if getrandom::fill(&mut bytes).is_err() {
        return Duration::ZERO;
    }
    most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

/// `RUN_ON_START`: whether a backup is due before the first firing.
///
/// What is stored is stamped by the store's time, and judged by it: the listing comes first, which tells it.
pub async fn due_at_start<R: Runtime, S: Store>(context: &Context<R, S>, schedule: &Schedule) -> bool {
    let bucket = &context.bucket;
    if bucket.config.schedule.on_start == OnStart::Never {
        return false;
    }
    let catalog = bucket
        .catalog(&super::bucket::Scope::new(&bucket.config, None))
        .await;
    bucket.warn_of_clock();
    let now = bucket.now();
    let limit = match bucket.config.schedule.on_start {
        OnStart::Never => return false,
        // Whole since the last firing: nothing was missed.
        OnStart::Missed => schedule.last_before_or_at(now),
        // A restart loop must not become a backup loop.
        OnStart::Always => schedule
            .interval_at(now)
            .and_then(|interval| now.checked_sub(interval / 2).ok()),
    };
    let Some(limit) = limit else {
        return context.bucket.config.schedule.on_start == OnStart::Always;
    };
    let newest = match catalog {
        Ok(catalog) => oldest_newest(context, &catalog, limit).await,
        Err(error) => Err(error),
    };
    match newest {
        Ok(Some(newest)) if newest >= limit => {
            tracing::info!("the newest backups are from {newest} or later: none is due at start");
            false
        }
        Ok(newest) => {
            let newest = newest.map_or_else(|| "there is none".to_owned(), |newest| newest.to_string());
            tracing::info!("a backup is due at start: the newest whole one: {newest}");
            true
        }
        Err(error) => {
            tracing::warn!("what is stored cannot be seen, so a backup is tried at start: {error}");
            true
        }
    }
}

/// Of each target's newest backup of this installation, the oldest; `None` when one has none. What is older than `limit` is
/// nobody's question.
async fn oldest_newest<R: Runtime, S: Store>(
    context: &Context<R, S>,
    catalog: &Catalog,
    limit: Timestamp,
) -> Result<Option<Timestamp>> {
    let ours = Ours::ask(&context.runtime, &context.bucket.config).await;
    let mut oldest: Option<Timestamp> = None;
    for entry in &context.bucket.config.targets {
        let names = match &entry.selector {
            Selector::Name(_) => vec![entry.text.clone()],
            Selector::Label { .. } => {
                let found = context.runtime.find(entry).await;
                found
                    .into_iter()
                    .flatten()
                    .map(|container| container.target)
                    .collect()
            }
        };
        for name in names {
            let Some(newest) = newest_of(context, catalog, &name, limit, &ours).await? else {
                return Ok(None);
            };
            oldest = Some(oldest.map_or(newest, |oldest| oldest.min(newest)));
        }
    }
    Ok(oldest)
}

/// When the newest backup of a target began, of those that another installation has not made.
async fn newest_of<R: Runtime, S: Store>(
    context: &Context<R, S>,
    catalog: &Catalog,
    target: &str,
    limit: Timestamp,
    ours: &Ours,
) -> Result<Option<Timestamp>> {
    let backups = catalog
        .of_target(target)
        .filter(|backup| !matches!(backup.key.database(), Database::Replaced(_)));
    let mut others = 0;
    for backup in backups {
        let started = backup.key.started();
        if started < limit || !ours.knows(target) {
            return Ok(Some(started));
        }
        match said(&context.bucket, backup).await? {
            (_, Said::Origin(origin)) if ours.is_anothers(target, &origin) => others += 1,
            _ => return Ok(Some(started)),
        }
        if others == 1 {
            tracing::warn!(
                key = backup.key.text(),
                hint = "set S3_PREFIX: each installation needs its own",
                "this backup was made by another installation: it is not counted"
            );
        }
    }
    Ok(None)
}
