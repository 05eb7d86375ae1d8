//! `prune`.
use super::Context;
use super::backup::dump::Made;
use super::bucket::Bucket;
use crate::catalog::manifest::Origin;
use crate::cli::ScopeArgs;
use crate::error::Result;
use crate::store::Store;

/// x
pub async fn after_backup<R, S: Store>(_c: &Context<R, S>, _o: &Origin, _m: &Made) -> Result<()> {
    Ok(())
}
/// x
pub async fn run<S: Store>(_b: &Bucket<S>, _apply: bool, _s: &ScopeArgs) -> Result<()> {
    Ok(())
}
