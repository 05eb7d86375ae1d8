//! Restoring MySQL and MariaDB: over the live database, since nothing there renames one. So every object is proven
//! whole first, what is replaced is backed up, and a mark says that a load is under way until it is done.

use super::{Chosen, Replaces, accounts, live, load, not_older};
use crate::catalog::{Database, Key};
use crate::cli::RestoreArgs;
use crate::commands::backup::plan;
use crate::commands::target::{Target, not_understood, succeeded};
use crate::commands::{Cancel, Context};
use crate::config::EngineName;
use crate::config::options::Tool;
use crate::engine::mysql::{
    self, Contents, Demands, DemandsReader, Flavour, LoadForm, Mysql, Part, Properties, Script, Server,
    Strictness,
};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::runtime::wholeness::Answer;
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
    /// What was there when it was first looked at; `None`: no such database.
    live: Option<Contents>,
    /// What the dump needs of the server, once it has been read.
    demands: Demands,
}

impl Job<'_> {
    /// Beside the original, or in another place, its events would do their work twice.
    fn events_off(&self, args: &RestoreArgs) -> bool {
        self.properties.events && (args.into.is_some() || self.renamed_from.is_some())
    }

    /// How a database is left that was touched, and what is to be done.
    fn state(&self, args: &RestoreArgs, kept: Option<&Key>) -> String {
        format!(
            "the database {:?} is not whole (the table {} says so), and no backup is made of it until it is restored again: {}",
            self.name,
            mysql::MARK,
            live::way_back(args, &self.chosen.backup.key, kept)
        )
    }
}

/// A database that is being restored, behind its load.
struct Begun {
    /// The safety backup.
    kept: Option<Key>,
    /// What accounts could do with its routines.
    grants: Vec<String>,
}

/// Why a database was not emptied.
enum NotCleared {
    /// Nothing in it was touched.
    Untouched(Error),
    /// Something may have been.
    Touched(Error),
}

/// A server, and what is to be done there.
struct Place<'a, R> {
    target: &'a Target<'a, R>,
    cancel: &'a Cancel,
    engine: EngineName,
    mysql: Mysql,
    server: Server,
    /// What a session that loads sets, so that the server takes what another one held.
    settings: Vec<String>,
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
    let asked = mysql.strictness();
    let strictness = target.tell_whatever(&asked.words, &asked.input).await?;
    let strictness = Strictness::read(&strictness.stdout).map_err(not_understood)?;
    let place = Place {
        target,
        cancel: &context.cancel,
        engine,
        mysql,
        server,
        settings: strictness.settings(),
    };
    let mut jobs = Vec::new();
    for one in chosen {
        if let Some(job) = place.job(args, one).await? {
            jobs.push(job);
        }
    }
    for one in chosen {
        let mut reader = DemandsReader::default();
        live::read(context, one, |piece| reader.push(piece)).await?;
        let key = &one.backup.key;
        if let Some(job) = jobs.iter_mut().find(|job| job.chosen.backup.key == *key) {
            job.demands = reader.finish();
            place.takes(job, &strictness)?;
        }
    }
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
        let mut waiting: Vec<(&Job<'_>, Begun)> = Vec::new();
        // Those that wait for their views are not whole either.
        let not_whole = |error: Error, waiting: &[(&Job<'_>, Begun)]| {
            waiting.iter().fold(error, |error, (job, begun)| {
                error.left(job.state(args, begun.kept.as_ref()))
            })
        };
        for (job, waits) in &jobs {
            let done = self.one(context, args, job, *waits).await;
            let begun = done.map_err(|error| not_whole(error, &waiting))?;
            if *waits {
                waiting.push((job, begun));
            }
        }
        while !waiting.is_empty() {
            let (job, begun) = &waiting[0];
            let views = async {
                self.load(context, args, job, Part::Views).await?;
                self.finish(args, job, &begun.grants).await
            };
            if let Err(error) = views.await {
                return Err(not_whole(error, &waiting));
            }
            waiting.remove(0);
        }
        Ok(())
    }

    /// One database, all of it or all but its views.
    async fn one<S: Store>(
        &self,
        context: &Context<R, S>,
        args: &RestoreArgs,
        job: &Job<'_>,
        waits: bool,
    ) -> Result<Begun> {
        self.cancel.check(Stage::Restore)?;
        // Since it was first looked at, all objects were read.
        let now = self.contents(&job.name).await?;
        refuse_what_came(args, job, &now)?;
        let (mut print, mut kept) = (None, None);
        if !now.is_empty() && !args.discard {
            // First the print, so that what comes in behind it is in the backup or is noticed.
            print = Some(self.print(job, &now).await.map_err(live::not_kept)?);
            kept = Some(self.keep(context, job, &now).await?);
        }
        let grants =
            accounts::on_routines(context, self.target, &self.mysql, &self.server, &job.name, &now).await?;
        self.mark(args, job, &now).await?;
        match self.clear(job, &now, print.as_deref()).await {
            Ok(()) => {}
            Err(NotCleared::Untouched(error)) => return Err(self.unmark(args, job, &now, error).await),
            Err(NotCleared::Touched(error)) => return Err(error.left(job.state(args, kept.as_ref()))),
        }
        let loaded = async {
            let live = if now.exists {
                &now.properties
            } else {
                &job.properties
            };
            if let Some(script) = self.mysql.redefine(&job.name, &job.properties, live) {
                self.tell(&script).await?;
            }
            self.warn_of_clients(job).await?;
            let part = if waits { Part::BeforeViews } else { Part::All };
            self.load(context, args, job, part).await?;
            if !waits {
                self.finish(args, job, &grants).await?;
            }
            Ok(())
        };
        let loaded: Result<()> = loaded.await;
        loaded.map_err(|error| error.left(job.state(args, kept.as_ref())))?;
        Ok(Begun { kept, grants })
    }

    /// Whether the server, and this account there, take everything a dump has.
    fn takes(&self, job: &Job<'_>, strictness: &Strictness) -> Result<()> {
        let key = job.chosen.backup.key.text();
        let refuse = |why: String, hint: &str| Err(Error::refused(Stage::Restore, why).hint(hint));
        let refusals = strictness.refusals(&job.demands, &self.server);
        if !refusals.is_empty() {
            return refuse(
                format!(
                    "the destination would not take all of {key}: {}",
                    refusals.join("; ")
                ),
                "SET GLOBAL it to a value that does, for the time of the restore; or set DB_USER to an account that may set it \
                 for its session",
            );
        }
        if let Some((one, other)) = job.demands.folded_names().filter(|_| self.server.folds_case) {
            return refuse(
                format!(
                    "{key} holds {one:?} and {other:?}, which are one name on the destination (lower_case_table_names)"
                ),
                "restore into a server with lower_case_table_names=0, as the source has it",
            );
        }
        let foreign = strictness.foreign_definers(&job.properties.definers, &self.server);
        if !foreign.is_empty() {
            return refuse(
                format!(
                    "{key} has views, routines, triggers or events in the name of {}, and {} may not make such",
                    foreign.join(", "),
                    self.server.account
                ),
                "set DB_USER to root, or GRANT SET_ANY_DEFINER, SYSTEM_USER (MySQL before 8.2: SET_USER_ID; MariaDB: SET USER) ON *.* to it",
            );
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
        if let Some(live) = &live {
            refuse_what_is_there(args, &name, live)?;
        }
        let replaces = match &live {
            None => Replaces::Nothing,
            Some(live) if live.is_empty() => Replaces::Nothing,
            Some(live) if live.marked => Replaces::HalfOfARestore,
            Some(_) => Replaces::Data,
        };
        let source = chosen.manifest.server_version.as_deref().unwrap_or_default();
        let another = Flavour::of_version(source) != self.server.flavour;
        not_older(args, chosen, &self.server.version, another, replaces)?;
        Ok(Some(Job {
            chosen,
            demands: Demands::default(),
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
    async fn run(&self, script: &Script) -> Result<Answer> {
        let told = self.target.tell_whatever(&script.words, &script.input);
        self.cancel.or_interrupted(Stage::Restore, told).await
    }

    async fn tell(&self, script: &Script) -> Result<()> {
        let answer = self.run(script).await?;
        succeeded(&script.words, &answer, Stage::Restore)?;
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
        plan::mysql_not_cut(&self.mysql, &self.server).map_err(live::not_kept)?;
        let mut lacks = self.server.grants.lacks(name, &[]);
        // They are looked at once more before they are dropped, and kept as they are meanwhile.
        if !self.server.grants.has(name, "LOCK TABLES") {
            lacks.push("LOCK TABLES");
        }
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

    /// A print of what a database holds.
    async fn print(&self, job: &Job<'_>, contents: &Contents) -> Result<String> {
        let script = self.mysql.print(&job.name, contents);
        let answer = self.run(&script).await?;
        succeeded(&script.words, &answer, Stage::Restore)?;
        Mysql::read_print(&answer.stdout).map_err(not_understood)
    }

    /// The first change: the mark.
    async fn mark(&self, args: &RestoreArgs, job: &Job<'_>, now: &Contents) -> Result<()> {
        let (mysql, name) = (&self.mysql, &job.name);
        let key = &job.chosen.backup.key;
        let marked = async {
            if !now.exists {
                self.tell(&mysql.create(name, &job.properties)).await?;
            }
            let live = if now.exists {
                &now.properties
            } else {
                &job.properties
            };
            let wait = self.target.config.timeouts.lock_wait;
            self.tell(&mysql.mark(name, &key.text(), live, wait)).await
        };
        marked.await.map_err(|error| {
            error.left(format!(
                "nothing in the database {name:?} was touched; if the table {} is in it, drop that, or {}",
                mysql::MARK,
                live::way_back(args, key, None)
            ))
        })
    }

    /// Drops everything but the mark: what was looked at, and not if it has changed since.
    async fn clear(&self, job: &Job<'_>, now: &Contents, print: Option<&str>) -> Result<(), NotCleared> {
        let (mysql, name) = (&self.mysql, &job.name);
        let untouched = NotCleared::Untouched;
        let there = match print {
            Some(_) => now.clone(),
            None => self.contents(name).await.map_err(untouched)?,
        };
        if now.is_empty() && !there.objects.is_empty() {
            return Err(untouched(came(name, &there)));
        }
        let script = mysql.clear(name, &there, print, self.target.config.timeouts.lock_wait);
        let answer = self.run(&script).await.map_err(NotCleared::Touched)?;
        if let Err(error) = succeeded(&script.words, &answer, Stage::Restore) {
            let dropping = String::from_utf8_lossy(&answer.stdout).contains(mysql::DROPPING);
            return Err(if dropping {
                NotCleared::Touched(error)
            } else if answer.stderr.contains(mysql::CHANGED) {
                let what = format!("the database {name:?} has changed since its safety backup began");
                untouched(Error::refused(Stage::Restore, what).hint(
                    "stop the clients that write into it and restore again; --discard restores all the same, and what is \
                     replaced is gone",
                ))
            } else {
                untouched(error)
            });
        }
        for line in answer.stderr.lines() {
            tracing::warn!("{line}");
        }
        let left = self.contents(name).await.map_err(NotCleared::Touched)?;
        if !left.objects.is_empty() || !left.marked {
            let what = format!(
                "somebody else changes the database {name:?} while it is restored: it has {}",
                left.told()
            );
            let error = Error::new(Stage::Restore, Exit::Tool, what);
            return Err(NotCleared::Touched(
                error.hint("stop the clients that write into it"),
            ));
        }
        Ok(())
    }

    /// Takes the mark away again, where it is this restore's.
    async fn unmark(&self, args: &RestoreArgs, job: &Job<'_>, now: &Contents, error: Error) -> Error {
        if now.marked {
            return error;
        }
        match self.tell(&self.mysql.unmark(&job.name, &now.properties)).await {
            Ok(()) => error.left("nothing was touched"),
            Err(left) => {
                tracing::warn!("the mark was not taken away: {}", left.chain());
                error.left(format!(
                    "nothing was touched; drop the table {} from the database {:?}, or {}",
                    mysql::MARK,
                    job.name,
                    live::way_back(args, &job.chosen.backup.key, None)
                ))
            }
        }
    }

    /// Nothing here keeps them from writing into what is loading.
    async fn warn_of_clients(&self, job: &Job<'_>) -> Result<()> {
        let stdout = self.target.answer(&self.mysql.clients(&job.name)).await?;
        let clients = Mysql::read_clients(&stdout).map_err(not_understood)?;
        if clients > 0 {
            tracing::warn!(
                database = job.name,
                "{clients} clients have the database open: what they write while it loads stays among what is restored, or \
                 makes the restore fail; stop them"
            );
        }
        Ok(())
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
            settings: &self.settings,
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
        let strange = self.strange(job, &loaded);
        if !strange.is_empty() {
            let what = format!(
                "somebody has made {} in the database {name:?} while it was loaded, which the backup does not hold",
                strange.join(", ")
            );
            return Err(Error::new(Stage::Restore, Exit::Tool, what)
                .hint("stop the clients that write into it, and take away what shall be kept of that"));
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

    /// Tables and views that are in no dump.
    fn strange(&self, job: &Job<'_>, loaded: &Contents) -> Vec<String> {
        if job.demands.incomplete {
            return Vec::new();
        }
        let kinds = ["TABLE", "SEQUENCE", "VIEW"];
        let held = |name: &str| {
            let mut names = job.demands.tables.iter().chain(&job.demands.views);
            names.any(|held| self.server.same(held, name))
        };
        let objects = loaded
            .objects
            .iter()
            .filter(|object| kinds.contains(&object.kind));
        objects
            .filter(|object| !held(&object.name))
            .map(|object| format!("{} {}", object.kind.to_lowercase(), object.name))
            .collect()
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

/// What may not be replaced.
fn refuse_what_is_there(args: &RestoreArgs, name: &str, live: &Contents) -> Result<()> {
    if live.is_empty() || args.overwrite {
        return Ok(());
    }
    Err(Error::refused(
        Stage::Restore,
        format!("database {name:?} is not empty: it has {}", live.told()),
    )
    .hint("--overwrite replaces it, --as NAME restores beside it"))
}

/// What came in since it was first looked at may only be replaced where it is kept.
fn refuse_what_came(args: &RestoreArgs, job: &Job<'_>, now: &Contents) -> Result<()> {
    refuse_what_is_there(args, &job.name, now)?;
    let was_empty = job.live.as_ref().is_none_or(Contents::is_empty);
    if args.discard && was_empty && !now.is_empty() {
        return Err(came(&job.name, now));
    }
    Ok(())
}

fn came(name: &str, now: &Contents) -> Error {
    let what = format!(
        "database {name:?} was empty when the restore began, and now has {}",
        now.told()
    );
    Error::refused(Stage::Restore, what)
        .hint("look at what that is, and restore again; --overwrite without --discard keeps it")
}
