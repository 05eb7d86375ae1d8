//! What there is to dump in a target: asks the server, and turns its answers into jobs. One file per engine.

mod custom;
pub(in crate::commands) mod mongodb;
mod mysql;
pub(in crate::commands) mod postgres;

pub use mysql::{database as mysql_database, facts as mysql_facts, not_cut as mysql_not_cut};

use super::dump::{Facts, Job};
use crate::catalog::Database;
use crate::catalog::manifest::Origin;
use crate::commands::Context;
use crate::commands::target::Target;
use crate::config::EngineName;
use crate::error::{Error, Result, Stage};
use crate::runtime::{Container, Runtime};
use crate::store::Store;

/// The dumps of one target. One that cannot even begin is an error in its place.
pub struct Plan {
    /// What they share.
    pub facts: Facts,
    /// In the order in which they are made.
    pub jobs: Vec<Result<Job, (Database, Error)>>,
}

/// Plans a target's backup.
pub async fn plan<R: Runtime, S: Store>(context: &Context<R, S>, container: &Container) -> Result<Plan> {
    let config = &context.bucket.config;
    let target = Target::new(&context.runtime, container, config)?;
    let origin = origin(&context.runtime, container).await?;
    match target.engine().await? {
        EngineName::Custom => custom::plan(&target, origin).await,
        EngineName::Postgres => postgres::plan(&target, origin).await,
        EngineName::Mongodb => mongodb::plan(&target, origin).await,
        engine @ (EngineName::Mysql | EngineName::Mariadb) => mysql::plan(&target, engine, origin).await,
    }
}

/// What a target is without a database that would be backed up, for people.
pub const NO_DATABASE: &str = "no database is backed up";

/// Says that none is, which is no failure: there may be none yet.
fn no_database(target: &str) {
    tracing::warn!(
        target,
        hint = "the server has none, or DATABASES and EXCLUDE_DATABASES leave none",
        "{NO_DATABASE} of this target"
    );
}

/// The installation that `container` is of, as far as the runtime knows it.
pub async fn origin<R: Runtime>(runtime: &R, container: &Container) -> Result<Origin> {
    let engine_id = runtime.origin().await;
    Ok(Origin {
        engine_id: engine_id.map_err(|error| error.at(Stage::Target))?,
        project: container.project().map(str::to_owned),
        system_identifier: None,
    })
}
