//! Roles: those a restore needs and the destination has not are created first. Those it has stay as they are.

use super::Chosen;
use crate::catalog::{Backup, Database, Key, Manifest};
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::bucket::{Bucket, read_back_failed};
use crate::commands::target::Target;
use crate::engine::postgres::{Globals, Postgres, Properties, Script, Server};
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::store::Store;

/// More than any server's roles take; what is larger is not read into memory.
const GLOBALS_BYTES: u64 = 64 * 1024 * 1024;

/// What creates the missing roles. `None`: none is missing.
pub type Plan = Option<Script>;

/// Finds what is missing, and refuses where it cannot be had.
pub async fn plan<R: Runtime, S: Store>(
    context: &Context<R, S>,
    args: &RestoreArgs,
    chosen: &[Chosen],
    wanted: &[&Properties],
    postgres: &Postgres,
    server: &Server,
) -> Result<Plan> {
    let mut needed: Vec<String> = wanted
        .iter()
        .flat_map(|properties| properties.roles.clone())
        .collect();
    needed.sort();
    needed.dedup();
    needed.retain(|role| !server.roles.contains(role));
    if args.into.is_some() && !wanted.is_empty() {
        if !needed.is_empty() {
            tracing::warn!(
                "roles created without login and password, for owners and grants: {}",
                needed.join(", ")
            );
        }
        return Ok(postgres.create_bare_roles(&needed, &server.roles));
    }
    let Some(globals) = globals(&context.bucket, chosen).await? else {
        if needed.is_empty() {
            return Ok(None);
        }
        return Err(Error::refused(
            Stage::Restore,
            format!(
                "the destination lacks the roles {}, and no backup has them",
                needed.join(", ")
            ),
        )
        .hint("create them first (CREATE ROLE …), or back up with GLOBALS=true"));
    };
    let known = globals.roles();
    let unknown: Vec<_> = needed
        .iter()
        .filter(|role| !known.contains(&role.as_str()))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return Err(Error::refused(
            Stage::Restore,
            format!(
                "neither the destination nor the backup of the roles has {}",
                unknown.join(", ")
            ),
        )
        .hint("create them first (CREATE ROLE …)"));
    }
    let missing: Vec<_> = known
        .iter()
        .filter(|role| !server.roles.iter().any(|there| there == *role))
        .collect();
    if !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
        tracing::info!("roles created, as they were backed up: {}", names.join(", "));
    }
    for tablespace in globals.tablespaces() {
        if !server.tablespaces.iter().any(|there| there == tablespace) {
            tracing::warn!("does not come back: the tablespace {tablespace}; create it where it shall be");
        }
    }
    Ok(postgres.create_roles(&globals, &server.roles))
}

/// Creates them.
pub async fn create<R: Runtime>(target: &Target<'_, R>, plan: Plan) -> Result<()> {
    if let Some(script) = plan {
        let answer = target.tell(&script.words, &script.input).await?;
        for line in answer.stderr.lines() {
            tracing::warn!("{line}");
        }
    }
    Ok(())
}

async fn globals<S: Store>(bucket: &Bucket<S>, chosen: &[Chosen]) -> Result<Option<Globals>> {
    let Some(text) = newest(bucket, chosen).await? else {
        return Ok(None);
    };
    Globals::parse(&text)
        .map(Some)
        .map_err(|error| Error::new(Stage::Restore, Exit::Tool, error))
}

/// Its text.
pub(super) async fn newest<S: Store>(bucket: &Bucket<S>, chosen: &[Chosen]) -> Result<Option<Vec<u8>>> {
    match find(bucket, chosen).await? {
        Some(one) => read(bucket, &one.backup.key, &one.manifest).await.map(Some),
        None => Ok(None),
    }
}

/// The backup of the roles that belongs to what was chosen: chosen itself, else the newest one that is not younger
/// than the databases.
pub(super) async fn find<S: Store>(bucket: &Bucket<S>, chosen: &[Chosen]) -> Result<Option<Chosen>> {
    let is_globals = |backup: &Backup| backup.key.database() == &Database::Globals;
    if let Some(one) = chosen.iter().find(|one| is_globals(&one.backup)) {
        return Ok(Some(one.clone()));
    }
    let Some(newest) = chosen.iter().max_by_key(|one| one.backup.key.started()) else {
        return Ok(None);
    };
    let limit = newest.backup.key.started();
    newest_where(bucket, newest.backup.key.target(), |backup| {
        backup.key.started() <= limit
    })
    .await
}

/// The text of the newest there is of a target.
pub(super) async fn newest_of<S: Store>(bucket: &Bucket<S>, target: &str) -> Result<Option<Vec<u8>>> {
    match newest_where(bucket, target, |_| true).await? {
        Some(one) => read(bucket, &one.backup.key, &one.manifest).await.map(Some),
        None => Ok(None),
    }
}

async fn newest_where<S: Store>(
    bucket: &Bucket<S>,
    target: &str,
    fits: impl Fn(&Backup) -> bool,
) -> Result<Option<Chosen>> {
    let catalog = bucket.of_database(target, &Database::Globals).await?;
    let fitting = catalog
        .of(target, &Database::Globals)
        .filter(|backup| fits(backup))
        .max_by_key(|backup| backup.key.started());
    let Some(fitting) = fitting.cloned() else {
        return Ok(None);
    };
    let manifest = bucket.manifest(&fitting.key).await?;
    Ok(Some(Chosen {
        backup: fitting,
        manifest,
    }))
}

async fn read<S: Store>(bucket: &Bucket<S>, key: &Key, manifest: &Manifest) -> Result<Vec<u8>> {
    let failed = |error| read_back_failed(error, Stage::Restore, key);
    if manifest.dump.bytes > GLOBALS_BYTES {
        return Err(Error::new(
            Stage::Restore,
            Exit::Verification,
            format!(
                "{} holds {} bytes: no server has so many roles",
                key.text(),
                manifest.dump.bytes
            ),
        ));
    }
    let mut read = bucket.read_back(key, manifest, Stage::Restore).await?;
    let mut text = Vec::new();
    while let Some(piece) = read.next().await.map_err(failed)? {
        text.extend_from_slice(&piece);
    }
    read.prove().await.map_err(failed)?;
    Ok(text)
}
