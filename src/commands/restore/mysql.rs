//! Restoring MySQL and MariaDB: over the live database, since nothing there renames one. So every object is proven
//! whole first, what is replaced is backed up, and a mark says that a load is under way until it is done.

use super::{Chosen, accounts, live, load};
use crate::catalog::{Database, Key};
use crate::cli::RestoreArgs;
use crate::commands::backup::plan;
use crate::commands::target::{Target, not_understood};
use crate::commands::{Cancel, Context};
use crate::config::EngineName;
use crate::config::options::Tool;
use crate::engine::mysql::{self, Accounts, Contents, LoadForm, Mysql, Part, Properties, Script, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::store::Store;

/// The longest statement a server can take: a row of a dump is one, twice as long as its bytes.
const PACKET_BYTES: u64 = 1024 * 1024 * 1024;

/// One database to put back, all questions answered.
pub(super) struct Job<'a> {
    chosen: &'a Chosen,
    /// The name it gets.
    pub(super) name: String,
    /// The name it had, where that is another.
    renamed_from: Option<String>,
    /// What no dump holds.
    pub(super) properties: Properties,
    /// What is there now; `None`: no such database.
    live: Option<Contents>,
}

impl Job<'_> {
    /// Beside the original, or in another place, its events would do their work twice.
    fn events_off(&self, args: &RestoreArgs) -> bool {
        self.properties.events && (args.into.is_some() || self.renamed_from.is_some())
    }

    fn failed(&self, error: Error, kept: Option<&Key>) -> Error {
        let old = kept.map_or_else(String::new, |key| {
            format!("; what was there before is {}", key.text())
        });
        error.hint(format!(
            "the database {:?} is not whole, and no backup is made of it until it is restored again{old}",
            self.name
        ))
    }
}

/// A server, and what is to be done there.
struct Place<'a, R> {
    target: &'a Target<'a, R>,
    cancel: &'a Cancel,
    engine: EngineName,
    mysql: Mysql,
    server: Server,
}

/// Restores them: accounts first, then each database by itself, then what the accounts may do. One that fails stops
/// the rest.
pub async fn restore<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    target: &Target<'_, R>,
    engine: EngineName,
    chosen: &[Chosen],
) -> Result<()> {
    let (mysql, server) = target.mysql(engine).await?;
    if server.read_only {
        return Err(
            Error::refused(Stage::Restore, "the destination is read only, as replicas are")
                .hint("restore into its primary (--into CONTAINER), or SET GLOBAL read_only = 0"),
        );
    }
    target.restore_options(Tool::MysqlClient)?;
    let place = Place {
        target,
        cancel: &context.cancel,
        engine,
        mysql,
        server,
    };
    let mut jobs = Vec::new();
    for one in chosen {
        if let Some(job) = place.job(args, one).await? {
            jobs.push(job);
        }
    }
    live::prove(context, chosen).await?;
    let accounts = accounts::plan(context, args, chosen, &jobs, target, &place.mysql, &place.server).await?;
    accounts.create(target, &place.mysql, &place.server).await?;
    let raised = place.allow_long_rows(PACKET_BYTES).await;
    let outcome = place.all(context, args, ordered(jobs)).await;
    if raised {
        place.allow_long_rows(place.server.max_allowed_packet).await;
    }
    outcome?;
    accounts.grant(target, &place.mysql).await
}

/// Those first that others look into, as far as that goes. With each, whether something it looks into comes later.
fn ordered(mut jobs: Vec<Job<'_>>) -> Vec<(Job<'_>, bool)> {
    let mut ordered = Vec::new();
    while !jobs.is_empty() {
        let waits = |job: &Job<'_>| {
            let mut others = jobs.iter().filter(|other| other.name != job.name);
            others.any(|other| job.properties.uses.contains(&other.name))
        };
        let next = jobs.iter().position(|job| !waits(job));
        let job = jobs.remove(next.unwrap_or(0));
        ordered.push((job, next.is_none()));
    }
    ordered
}

impl<R: Runtime> Place<'_, R> {
    /// One after the other; then the views that had to wait.
    async fn all<S: Store>(
        &self,
        context: &Context<R, S>,
        args: &RestoreArgs,
        jobs: Vec<(Job<'_>, bool)>,
    ) -> Result<()> {
        let mut waiting = Vec::new();
        for (job, waits) in &jobs {
            if context.cancel.is_cancelled() {
                return Err(context.cancel.interrupted(Stage::Restore));
            }
            let kept = match &job.live {
                Some(live) if !live.is_empty() && !args.discard => Some(self.keep(context, job, live).await?),
                _ => None,
            };
            let part = if *waits { Part::BeforeViews } else { Part::All };
            let told = |error| job.failed(error, kept.as_ref());
            let grants = self.routine_grants(job).await?;
            self.empty(job).await.map_err(told)?;
            self.load(context, args, job, part).await.map_err(told)?;
            if *waits {
                waiting.push((job, kept, grants));
            } else {
                self.finish(args, job, &grants).await.map_err(told)?;
            }
        }
        for (job, kept, grants) in waiting {
            let told = |error| job.failed(error, kept.as_ref());
            self.load(context, args, job, Part::Views).await.map_err(told)?;
            self.finish(args, job, &grants).await.map_err(told)?;
        }
        Ok(())
    }

    /// Looks at what one backup would replace, and refuses where it must.
    async fn job<'a>(&self, args: &RestoreArgs, chosen: &'a Chosen) -> Result<Option<Job<'a>>> {
        let (old, name) = match (chosen.backup.key.database(), &args.name) {
            (Database::Globals, _) => return Ok(None),
            (Database::Named(old) | Database::Replaced(old), name) => (old, name.as_ref().unwrap_or(old)),
            (Database::All, _) => {
                return Err(Error::refused(
                    Stage::Restore,
                    "this is no backup of a MySQL or MariaDB database",
                ));
            }
        };
        if Mysql::untouchable(name) {
            return Err(Error::refused(
                Stage::Restore,
                format!("{name:?} is the server's own"),
            ));
        }
        if chosen.backup.key.extension() != mysql::EXTENSION {
            return Err(Error::refused(
                Stage::Restore,
                format!(
                    "a dump with the extension {:?} is not one of MySQL's or MariaDB's",
                    chosen.backup.key.extension()
                ),
            ));
        }
        let properties = match chosen.manifest.properties.clone() {
            None => Properties::default(),
            Some(value) => serde_json::from_value(value).map_err(|error| {
                Error::new(Stage::Manifest, Exit::Verification, error).hint("its manifest was altered")
            })?,
        };
        // As the server writes it, where it takes two ways for one.
        let there = self.server.database(name).map(|database| database.name.clone());
        let live = match &there {
            Some(name) => Some(self.contents(name).await?),
            None => None,
        };
        let name = there.unwrap_or_else(|| name.clone());
        if let Some(live) = live.as_ref().filter(|live| !live.is_empty() && !args.overwrite) {
            return Err(Error::refused(
                Stage::Restore,
                format!("database {name:?} is not empty: it has {}", live.told()),
            )
            .hint("--overwrite replaces it, --as NAME restores beside it"));
        }
        Ok(Some(Job {
            chosen,
            renamed_from: (!self.server.same(old, &name)).then(|| old.clone()),
            name,
            properties,
            live,
        }))
    }

    async fn contents(&self, name: &str) -> Result<Contents> {
        let stdout = self
            .target
            .answer(&self.mysql.contents(name, &self.server))
            .await?;
        Mysql::read_contents(&stdout).map_err(not_understood)
    }

    /// A statement may stand before a lock for minutes: who is told to end does not wait for it.
    async fn tell(&self, script: &Script) -> Result<()> {
        let answer = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(self.cancel.interrupted(Stage::Restore)),
            answer = self.target.tell(&script.words, &script.input) => answer?,
        };
        for line in answer.stderr.lines() {
            tracing::warn!("{line}");
        }
        Ok(())
    }

    /// Whether the server now takes statements of this length, and did not before. An account that may not say so
    /// loads what fits.
    async fn allow_long_rows(&self, bytes: u64) -> bool {
        let words = self.mysql.allow_packets(bytes);
        self.server.max_allowed_packet < PACKET_BYTES
            && self.target.ask(&words).await.is_ok_and(|answer| answer.code == 0)
    }

    /// Backs up what is there now, all of it, whatever `DUMP_OPTIONS` leave out.
    async fn keep<S: Store>(&self, context: &Context<R, S>, job: &Job<'_>, live: &Contents) -> Result<Key> {
        let name = &job.name;
        let lacks = self.server.grants.lacks(name, &[]);
        if !lacks.is_empty() {
            let what = format!("the account {} lacks {}", self.server.account, lacks.join(", "));
            return Err(live::not_kept(Error::new(Stage::Dump, Exit::Tool, what)));
        }
        if live.marked {
            tracing::warn!(
                database = name,
                "what is there is what an unfinished restore left: it is backed up as it is"
            );
        }
        let origin = plan::origin(&context.runtime, self.target.container).await;
        let origin = origin.map_err(live::not_kept)?;
        let facts = plan::mysql_facts(&self.mysql, &self.server, self.engine, origin);
        let dump = plan::mysql_database(self.target, &self.mysql, name, live, &[]);
        live::keep(context, self.target.container, &facts, dump).await
    }

    /// What accounts may do with routines goes away with these, other than what they may do with tables.
    async fn routine_grants(&self, job: &Job<'_>) -> Result<Vec<String>> {
        let kinds = ["FUNCTION", "PROCEDURE", "PACKAGE"];
        let any = |live: &Contents| live.objects.iter().any(|object| kinds.contains(&object.kind));
        if !self.server.reads_accounts || !job.live.as_ref().is_some_and(any) {
            return Ok(Vec::new());
        }
        let stdout = self.target.answer(&self.mysql.accounts(&self.server)).await?;
        Ok(Accounts::parse(&stdout)
            .map_err(not_understood)?
            .on_routines(&job.name))
    }

    /// The first change: the mark. Then everything else goes.
    async fn empty(&self, job: &Job<'_>) -> Result<()> {
        let (mysql, name) = (&self.mysql, &job.name);
        let wait = self.target.config.timeouts.lock_wait;
        let key = job.chosen.backup.key.text();
        if job.live.is_none() {
            self.tell(&mysql.create(name, &job.properties)).await?;
        }
        let live = job.live.as_ref().map_or(&job.properties, |live| &live.properties);
        self.tell(&mysql.mark(name, &key, &job.properties, live, wait))
            .await?;
        // What came in since is replaced too.
        let now = self.contents(name).await?;
        self.tell(&mysql.clear(name, &now, wait)).await
    }

    async fn load<S: Store>(
        &self,
        context: &Context<R, S>,
        args: &RestoreArgs,
        job: &Job<'_>,
        part: Part,
    ) -> Result<()> {
        let form = LoadForm {
            part,
            renamed_from: job.renamed_from.as_deref(),
            events_off: job.events_off(args),
            sandboxed: self.engine == EngineName::Mariadb,
            lock_wait: self.target.config.timeouts.lock_wait,
            options: self.target.restore_options(Tool::MysqlClient)?,
        };
        let words = self.mysql.load(&job.name, &form);
        let one = job.chosen;
        load::load(
            context,
            self.target.container,
            &words,
            &one.backup.key,
            &one.manifest,
        )
        .await
    }

    /// The last change: the mark goes.
    async fn finish(&self, args: &RestoreArgs, job: &Job<'_>, grants: &[String]) -> Result<()> {
        let name = &job.name;
        let loaded = self.contents(name).await?;
        if !loaded.marked {
            return Err(Error::new(
                Stage::Restore,
                Exit::Tool,
                "somebody else has changed the database while it was loaded",
            ));
        }
        if !grants.is_empty() {
            let script = self.mysql.grant_again(grants);
            let answer = self.target.tell_whatever(&script.words, &script.input).await?;
            if !answer.stderr.is_empty() {
                tracing::warn!(
                    database = name,
                    "grants on routines that did not come back: {}",
                    answer.stderr
                );
            }
        }
        let off = job.events_off(args);
        let events = if off { &loaded.running_events[..] } else { &[] };
        self.tell(&self.mysql.finish(name, events, &job.properties))
            .await?;
        if off {
            tracing::warn!(
                database = name,
                "its events are off, so that nothing runs twice: ALTER EVENT … ENABLE turns one on"
            );
        }
        if let Some(old) = &job.renamed_from {
            self.say_what_still_means(old, job).await?;
        }
        tracing::info!(database = name, key = job.chosen.backup.key.text(), "restored");
        Ok(())
    }

    /// Views and routines can name a database, and then mean the old one.
    async fn say_what_still_means(&self, old: &str, job: &Job<'_>) -> Result<()> {
        let name = &job.name;
        let stdout = self.target.answer(&self.mysql.naming(old, name)).await?;
        let objects = Mysql::read_naming(&stdout).map_err(not_understood)?;
        if !objects.is_empty() {
            tracing::warn!(
                database = name,
                "these name the database {old} in what they do, and still mean that one: {}",
                objects.join(", ")
            );
        }
        let root = |definer: &&String| !definer.starts_with("root@");
        let definers: Vec<_> = job.properties.definers.iter().filter(root).cloned().collect();
        if !definers.is_empty() {
            tracing::warn!(
                database = name,
                "its views, routines and triggers run in the name of accounts that may do something in {old}, and need \
                 rights in it: {}",
                definers.join(", ")
            );
        }
        Ok(())
    }
}
