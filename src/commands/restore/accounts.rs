//! Accounts: those a restore needs and the destination has not are created first. Those it has stay as they are.

use super::mysql::Job;
use super::{Chosen, roles};
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::target::{Target, not_understood};
use crate::engine::mysql::{Account, Accounts, Contents, Mysql, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::store::Store;

/// What is missing.
#[derive(Default)]
pub(super) struct Plan {
    /// All that were backed up.
    accounts: Accounts,
    /// Those of them to make, as they were.
    missing: Vec<Account>,
    /// Those to make without login, each with its database.
    locked: Vec<(String, Vec<Account>)>,
}

/// Finds what is missing.
pub(super) async fn plan<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    chosen: &[Chosen],
    jobs: &[Job<'_>],
    target: &Target<'_, R>,
    mysql: &Mysql,
    server: &Server,
) -> Result<Plan> {
    if !server.reads_accounts {
        tracing::warn!(
            account = server.account,
            "this account may not read mysql.user: no users are created"
        );
        return Ok(Plan::default());
    }
    let stdout = target.answer(&mysql.account_names(server)).await?;
    let there = Mysql::read_account_names(&stdout).map_err(not_understood)?;
    let told = |names: &[Account]| names.iter().map(Account::told).collect::<Vec<_>>().join(", ");
    if args.into.is_some() && !jobs.is_empty() {
        let mut created = there;
        let mut plan = Plan::default();
        for job in jobs {
            let definers = job
                .properties
                .definers
                .iter()
                .map(|text| Account::of_definer(text));
            let missing: Vec<_> = definers.filter(|definer| !created.contains(definer)).collect();
            if !missing.is_empty() {
                tracing::warn!(
                    database = job.name,
                    "accounts created without login and password, for views and routines that run in their name: {}",
                    told(&missing)
                );
                created.extend(missing.clone());
                plan.locked.push((job.name.clone(), missing));
            }
        }
        return Ok(plan);
    }
    let Some(text) = roles::newest(&context.bucket, chosen).await? else {
        return Ok(Plan::default());
    };
    let accounts =
        Accounts::parse(&text).map_err(|error| Error::new(Stage::Restore, Exit::Verification, error))?;
    let (kept, missing): (Vec<_>, Vec<_>) = accounts
        .names()
        .into_iter()
        .partition(|name| there.contains(name));
    if !missing.is_empty() {
        tracing::info!("accounts created, as they were backed up: {}", told(&missing));
    }
    if !kept.is_empty() {
        tracing::info!("accounts that are there stay as they are: {}", told(&kept));
    }
    Ok(Plan {
        accounts,
        missing,
        locked: Vec::new(),
    })
}

/// What the accounts may do with the routines of a database, which goes away with these, other than what they may do
/// with tables. Where a restore has not come to its end, it is gone already, and the newest backup of the accounts
/// tells.
pub(super) async fn on_routines<R: Runtime, S: Store>(
    context: &Context<R, S>,
    target: &Target<'_, R>,
    mysql: &Mysql,
    server: &Server,
    database: &str,
    live: &Contents,
) -> Result<Vec<String>> {
    let kinds = ["FUNCTION", "PROCEDURE", "PACKAGE"];
    let any = live.objects.iter().any(|object| kinds.contains(&object.kind));
    if !server.reads_accounts || !(any || live.marked) {
        return Ok(Vec::new());
    }
    let parse = |text: &[u8]| Accounts::parse(text).map_err(not_understood);
    let now = parse(&target.answer(&mysql.accounts(server)).await?)?;
    let there = now.names();
    let mut grants = now.on_routines(database, &there);
    if live.marked {
        match roles::newest_of(&context.bucket, &target.container.target).await {
            Ok(Some(text)) => grants.extend(parse(&text)?.on_routines(database, &there)),
            Ok(None) => {}
            Err(error) => tracing::warn!(
                database,
                "what accounts may do with its routines could not be read from the backup of the accounts: {}",
                error.chain()
            ),
        }
        grants.sort();
        grants.dedup();
    }
    Ok(grants)
}

impl Plan {
    /// Creates them.
    pub(super) async fn create<R: Runtime>(
        &self,
        target: &Target<'_, R>,
        mysql: &Mysql,
        server: &Server,
    ) -> Result<()> {
        if !self.missing.is_empty() {
            let script = mysql.create_accounts(&self.accounts, &self.missing);
            let answer = target.tell_whatever(&script.words, &script.input).await?;
            if answer.code != 0 {
                let refused = self
                    .accounts
                    .refused(&self.missing, true, &answer.stderr)
                    .join("; ");
                return Err(Error::new(
                    Stage::Restore,
                    Exit::Tool,
                    format!("accounts could not be created: {refused}"),
                )
                .hint("create them by hand, then restore again"));
            }
        }
        for (database, names) in &self.locked {
            let script = mysql.create_locked(names, database, server);
            target.tell(&script.words, &script.input).await?;
        }
        Ok(())
    }

    /// Gives those that were created what they may do, once the tables it is about are there.
    pub(super) async fn grant<R: Runtime>(&self, target: &Target<'_, R>, mysql: &Mysql) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let script = mysql.grant(&self.accounts, &self.missing);
        let answer = target.tell_whatever(&script.words, &script.input).await?;
        for refused in self.accounts.refused(&self.missing, false, &answer.stderr) {
            tracing::warn!("does not come back: {refused}");
        }
        Ok(())
    }
}
