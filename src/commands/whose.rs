//! Whose a backup is: several installations may share a bucket without a prefix, and only its manifest tells.

use super::bucket::Bucket;
use super::first::unreached;
use crate::catalog::Backup;
use crate::catalog::manifest::Origin;
use crate::error::Result;
use crate::exit::Exit;
use crate::store::Store;
use futures_util::{StreamExt, TryStreamExt};

/// So many manifests are read side by side. Those of servers with thousands of roles have megabytes.
pub const AT_ONCE: usize = 4;

/// What the manifests say.
pub struct Whose<'a> {
    /// Ours, in their order.
    pub ours: Vec<&'a Backup>,
    /// Others', in their order.
    pub others: Vec<(&'a Backup, Origin)>,
    /// So many could not be read: archived, denied, gone by now.
    pub unknown: usize,
}

impl<'a> Whose<'a> {
    /// Asks the manifests; `is_ours` judges what they say. An error only where the store is not reached.
    pub async fn ask<S: Store>(
        bucket: &Bucket<S>,
        backups: impl IntoIterator<Item = &'a Backup>,
        is_ours: impl Fn(&Origin) -> bool,
    ) -> Result<Self> {
        let asked: Vec<_> = backups.into_iter().map(|one| said(bucket, one)).collect();
        let mut told = futures_util::stream::iter(asked).buffered(AT_ONCE);
        let mut whose = Self {
            ours: Vec::new(),
            others: Vec::new(),
            unknown: 0,
        };
        while let Some((backup, said)) = told.try_next().await? {
            match said {
                Said::Origin(origin) if is_ours(&origin) => whose.ours.push(backup),
                Said::Origin(origin) => whose.others.push((backup, origin)),
                Said::Nothing => {}
                Said::NotRead => {
                    tracing::warn!(key = backup.key.text(), "nobody knows whose this backup is");
                    whose.unknown += 1;
                }
            }
        }
        Ok(whose)
    }
}

/// What one manifest says.
pub enum Said {
    /// Who made the backup.
    Origin(Origin),
    /// It is no manifest: nobody can restore from it, whose it may be.
    Nothing,
    /// It could not be read.
    NotRead,
}

/// Asks one manifest. An error only where the store is not reached.
pub async fn said<'a, S: Store>(bucket: &Bucket<S>, backup: &'a Backup) -> Result<(&'a Backup, Said)> {
    let said = match bucket.manifest(&backup.key).await {
        Ok(manifest) => Said::Origin(manifest.origin),
        Err(error) if error.exit == Exit::Verification => Said::Nothing,
        Err(error) if unreached(&error) => return Err(error),
        Err(error) => {
            tracing::debug!(key = backup.key.text(), "its manifest was not read: {error}");
            Said::NotRead
        }
    };
    Ok((backup, said))
}

/// The first of `backups` that `is_others` does not say to be others', with what its manifest says: one that can't be read
/// may be ours. No more than so many are asked, one after the other: what is looked for is near.
pub async fn first<'a, S: Store>(
    bucket: &Bucket<S>,
    backups: impl IntoIterator<Item = &'a Backup>,
    is_others: impl Fn(&Origin) -> bool,
) -> Result<Option<(&'a Backup, Option<Origin>)>> {
    const MOST: usize = 16;
    for backup in backups.into_iter().take(MOST) {
        match said(bucket, backup).await? {
            (_, Said::Origin(origin)) if is_others(&origin) => {}
            (backup, Said::Origin(origin)) => return Ok(Some((backup, Some(origin)))),
            (backup, Said::Nothing | Said::NotRead) => return Ok(Some((backup, None))),
        }
    }
    Ok(None)
}
