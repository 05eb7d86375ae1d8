//! `prune`: what the KEEP_* rules would delete, and after a backup the deleting itself.

use super::backup::dump::Made;
use super::bucket::{Bucket, Scope};
use super::first::First;
use super::whose::Whose;
use super::{Cancel, Context, print};
use crate::catalog::{Backup, Database, manifest::Origin};
use crate::cli::ScopeArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::retention::guard::{self, Own, PreviousOrigin};
use crate::retention::{self, Decision};
use crate::store::Store;

/// After a backup of one database: deletes what no rule keeps, if nothing speaks against it. A refusal is said, and
/// is no failure: the backup itself is not in question.
pub async fn after_backup<R, S: Store>(context: &Context<R, S>, origin: &Origin, made: &Made) -> Result<()> {
    let bucket = &context.bucket;
    let config = &bucket.config;
    if !config.prune || config.keep.is_everything() {
        return Ok(());
    }
    let (target, database) = (made.key.target(), made.key.database());
    let listing = bucket.of_database(target, database);
    let catalog = context.cancel.or_interrupted(Stage::Prune, listing).await?;
    let own = Own {
        key: &made.key,
        bytes: made.bytes,
        origin,
    };
    let previous = match guard::previous(&catalog, &made.key) {
        None => None,
        Some(previous) => {
            let asked = bucket.manifest(&previous.key);
            let asked = context.cancel.or_interrupted(Stage::Prune, asked).await;
            Some(asked.ok().map(|manifest| manifest.origin))
        }
    };
    let previous = match &previous {
        None => PreviousOrigin::None,
        Some(None) => PreviousOrigin::Unreadable,
        Some(Some(origin)) => PreviousOrigin::Known(origin),
    };
    if let Err(refusal) = guard::guard(&catalog, own, previous, bucket.store.clock_ahead()) {
        tracing::warn!(target, database = %database, hint = refusal.hint(), "nothing is pruned: {refusal}");
        return Ok(());
    }
    let all: Vec<&Backup> = catalog.of(target, database).collect();
    if !dooms(context, &all) {
        return Ok(());
    }
    // Only these are deleted without being asked, and only these are counted: another's newest of the day must not
    // stand for ours.
    let asked = Whose::ask(bucket, all.iter().copied(), |one| one.is(origin));
    let Whose { ours, unknown } = context.cancel.or_interrupted(Stage::Prune, asked).await?;
    if ours.len() < all.len() {
        tracing::info!(
            target,
            database = %database,
            unknown,
            "{} backups of other installations are left alone; lifeboat prune shows what the rules say of all",
            all.len() - ours.len()
        );
    }
    let decisions = retention::plan(ours, &config.keep, &config.schedule.zone);
    delete(bucket, &decisions, &context.cancel).await
}

fn dooms<R, S: Store>(context: &Context<R, S>, backups: &[&Backup]) -> bool {
    let config = &context.bucket.config;
    retention::plan(backups.to_vec(), &config.keep, &config.schedule.zone)
        .iter()
        .any(|decision| !decision.keep)
}

/// Deletes what is not kept. One that can't be deleted (an object lock, a policy) must not keep all the others for ever:
/// the first failure is returned at the end.
async fn delete<S: Store>(bucket: &Bucket<S>, decisions: &[Decision<'_>], cancel: &Cancel) -> Result<()> {
    let mut first = First::default();
    for decision in decisions.iter().filter(|decision| !decision.keep) {
        // Not halfway: a manifest that is gone leaves its dump to be paid for.
        cancel.check(Stage::Prune)?;
        let key = decision.backup.key.text();
        let deleted = bucket.delete(&decision.backup.key).await;
        match &deleted {
            Ok(()) => tracing::info!(key, reason = decision.reason, "deleted"),
            Err(error) => tracing::warn!(key, "not deleted: {error}"),
        }
        if !first.goes_on(deleted) {
            break;
        }
    }
    first.end()
}

/// Runs the verb: every backup with what happens to it and why; `apply` does it.
///
/// Applied, leftovers of TARGET's targets are swept too.
pub async fn run<S: Store>(bucket: &Bucket<S>, apply: bool, args: &ScopeArgs, cancel: &Cancel) -> Result<()> {
    let scope = Scope::new(&bucket.config, args.target.as_deref());
    // A wide view is harmless, a wide deletion is not: the prefix may hold other hosts' targets, kept by other rules.
    if apply && args.target.is_none() && scope == Scope::All {
        return Err(Error::new(
            Stage::Prune,
            Exit::Usage,
            "which targets a label in TARGET means is known to the container engine only, and prune does not ask it",
        )
        .hint("--target NAME prunes one target, --target '*' all under the prefix; nothing was deleted"));
    }
    let catalog = cancel.or_interrupted(Stage::List, bucket.catalog(&scope)).await?;
    let wanted = args.database.as_deref().map(Database::from_shown);
    let backups = catalog.complete().iter().filter(|backup| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted == backup.key.database())
    });
    let decisions = retention::plan(backups, &bucket.config.keep, &bucket.config.schedule.zone);
    for decision in &decisions {
        let word = if decision.keep { "keep  " } else { "delete" };
        print(&format!(
            "{word}  {}  {}\n",
            decision.backup.key.text(),
            decision.reason
        ));
    }
    let doomed = decisions.iter().filter(|decision| !decision.keep).count();
    if !apply {
        print(&format!(
            "{doomed} of {} would be deleted; --apply deletes them\n",
            decisions.len()
        ));
        return Ok(());
    }
    bucket.deletes()?;
    let deleted = delete(bucket, &decisions, cancel).await;
    if deleted.is_ok() {
        print(&format!("{doomed} of {} deleted\n", decisions.len()));
    }
    let swept = super::sweep::targets(bucket, &super::sweep::named(&bucket.config), cancel).await;
    deleted.and(swept)
}
