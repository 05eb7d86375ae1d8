//! `prune`: what the KEEP_* rules would delete, and after a backup the deleting itself.

use super::backup::dump::Made;
use super::bucket::{Bucket, Scope};
use super::first::First;
use super::ours::Others;
use super::whose::{self, Whose};
use super::{Cancel, Context, print};
use crate::catalog::table::size;
use crate::catalog::{Backup, Database, Key, manifest::Origin};
use crate::cli::ScopeArgs;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::retention::guard::{self, Own, PreviousOrigin};
use crate::retention::{self, Decision, collapse};
use crate::store::Store;
use std::collections::BTreeSet;

/// After a backup of one database: deletes what no rule keeps, if nothing speaks against it. A refusal is said, and
/// is no failure: the backup itself is not in question.
pub async fn after_backup<R, S: Store>(context: &Context<R, S>, origin: &Origin, made: &Made) -> Result<()> {
    let bucket = &context.bucket;
    let config = &bucket.config;
    collapse(context, origin, made).await;
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
    let whose = context.cancel.or_interrupted(Stage::Prune, asked).await?;
    left_alone(&made.key, origin, &whose);
    let mut decisions = retention::plan(whose.ours, &config.keep, &config.schedule.zone);
    collapse::spare(&mut decisions);
    delete(bucket, &decisions, &context.cancel).await
}

/// Says in every run that the new backup is a fraction of one before it, with rules or without.
async fn collapse<R, S: Store>(context: &Context<R, S>, origin: &Origin, made: &Made) {
    let bucket = &context.bucket;
    let larger = whose::first(bucket, &made.larger, |one| !one.is_of_installation(origin));
    // That nobody could be asked is said by what comes next, or by the next run.
    let Ok(Some((before, _))) = context.cancel.or_interrupted(Stage::Prune, larger).await else {
        return;
    };
    tracing::warn!(
        target = made.key.target(),
        database = %made.key.database(),
        hint = "look whether data is missing; no run deletes that one, only lifeboat prune --apply and delete do",
        "the new backup has {}, less than half of the {} of {}",
        size(made.bytes),
        size(before.bytes),
        before.key.text()
    );
}

/// Says what the rules are not applied to.
fn left_alone(key: &Key, origin: &Origin, whose: &Whose<'_>) {
    let (target, database) = (key.target(), key.database());
    let of = |wanted: &dyn Fn(&Origin) -> bool| whose.others.iter().filter(|(_, one)| wanted(one)).count();
    let installations = of(&|one| !one.is_of_installation(origin)) + whose.unknown;
    if installations > 0 {
        tracing::info!(
            target,
            database = %database,
            unknown = whose.unknown,
            "{installations} backups of other installations are left alone; lifeboat list shows whose they are"
        );
    }
    let hint = "was its volume lost, or the server replaced? lifeboat prune --apply prunes what the rules say of all";
    let servers = of(&|one| one.is_of_installation(origin) && one.is_of_another_server(origin));
    if servers > 0 {
        tracing::warn!(target, database = %database, hint, "{servers} backups of another database server are left alone");
    }
    let unnamed = of(&|one| one.is_of_installation(origin) && !one.is_of_another_server(origin));
    if unnamed > 0 {
        tracing::warn!(
            target,
            database = %database,
            hint,
            "{unnamed} backups are left alone: they may be of another database server, for their manifests name none"
        );
    }
}

fn dooms<R, S: Store>(context: &Context<R, S>, backups: &[&Backup]) -> bool {
    let config = &context.bucket.config;
    retention::plan(backups.to_vec(), &config.keep, &config.schedule.zone)
        .iter()
        .any(|decision| !decision.keep)
}

/// What the rules say of each. Manifests are read of databases of which the rules would delete anything: fewer backups to
/// count can only make them keep more.
async fn judge<'a, S: Store>(
    bucket: &Bucket<S>,
    backups: Vec<&'a Backup>,
    args: &ScopeArgs,
) -> Result<Vec<Decision<'a>>> {
    let config = &bucket.config;
    let plan = |backups: Vec<&'a Backup>| retention::plan(backups, &config.keep, &config.schedule.zone);
    let all = plan(backups.clone());
    if args.target.as_deref() == Some("*") {
        return Ok(all);
    }
    let of = |backup: &Backup| (backup.key.target().to_owned(), backup.key.database().clone());
    let doomed: BTreeSet<_> = all
        .iter()
        .filter(|one| !one.keep)
        .map(|one| of(one.backup))
        .collect();
    let asked = backups
        .iter()
        .copied()
        .filter(|backup| doomed.contains(&of(backup)));
    let others = bucket.ours.all_others(bucket, asked).await?;
    let (theirs, mine): (Vec<_>, Vec<_>) = backups
        .into_iter()
        .partition(|backup| others.name(backup).is_some() || others.may_be(backup));
    let mut decisions = plan(mine);
    decisions.extend(theirs.into_iter().map(|backup| anothers(backup, &others)));
    Ok(decisions)
}

fn anothers<'a>(backup: &'a Backup, others: &Others) -> Decision<'a> {
    let whose = match others.name(backup) {
        Some(name) => format!("of another installation ({name})"),
        None => "its manifest could not be read: it may be of another installation".to_owned(),
    };
    Decision {
        backup,
        keep: true,
        reason: format!("{whose}; only --target '*' judges it"),
    }
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
/// Another installation's backups are neither judged nor counted, unless `--target '*'` says that all are meant. Applied,
/// leftovers of TARGET's targets are swept too.
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
    bucket.warn_of_clock();
    let wanted = args.database.as_deref().map(Database::from_shown);
    let backups = catalog.complete().iter().filter(|backup| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted == backup.key.database())
    });
    let asked = judge(bucket, backups.collect(), args);
    let decisions = cancel.or_interrupted(Stage::Prune, asked).await?;
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
