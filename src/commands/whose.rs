//! Whose a backup is: several installations may share a bucket without a prefix, and only its manifest tells.

use super::bucket::Bucket;
use crate::catalog::Backup;
use crate::catalog::manifest::Origin;
use crate::error::Result;
use crate::exit::Exit;
use crate::store::Store;
use futures_util::{StreamExt, TryStreamExt};

/// So many manifests are read side by side.
const AT_ONCE: usize = 16;

/// The backups of which `ours` says so, in their order.
pub async fn that_are<'a, S: Store>(
    bucket: &Bucket<S>,
    backups: impl IntoIterator<Item = &'a Backup>,
    ours: impl Fn(&Origin) -> bool,
) -> Result<Vec<&'a Backup>> {
    let asked: Vec<_> = backups.into_iter().map(|one| origin(bucket, one)).collect();
    let told: Vec<_> = futures_util::stream::iter(asked)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let is_ours = |origin: Option<Origin>| origin.is_some_and(|origin| ours(&origin));
    Ok(told
        .into_iter()
        .filter_map(|(backup, origin)| is_ours(origin).then_some(backup))
        .collect())
}

/// `None`: of a manifest that says nothing nobody knows whose it is. One that can't be had is an error: the next one
/// might be had, and the answer be another.
async fn origin<'a, S: Store>(
    bucket: &Bucket<S>,
    backup: &'a Backup,
) -> Result<(&'a Backup, Option<Origin>)> {
    match bucket.manifest(&backup.key).await {
        Ok(manifest) => Ok((backup, Some(manifest.origin))),
        Err(error) if error.exit == Exit::Verification => Ok((backup, None)),
        Err(error) => Err(error),
    }
}
