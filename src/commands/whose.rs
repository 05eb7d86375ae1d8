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
const AT_ONCE: usize = 4;

/// What the manifests say.
pub struct Whose<'a> {
    /// Ours, in their order.
    pub ours: Vec<&'a Backup>,
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
        let asked: Vec<_> = backups.into_iter().map(|one| origin(bucket, one)).collect();
        let mut told = futures_util::stream::iter(asked).buffered(AT_ONCE);
        let mut whose = Self {
            ours: Vec::new(),
            unknown: 0,
        };
        while let Some((backup, said)) = told.try_next().await? {
            match said {
                Said::Origin(origin) if is_ours(&origin) => whose.ours.push(backup),
                Said::Origin(_) | Said::Nothing => {}
                Said::NotRead => whose.unknown += 1,
            }
        }
        Ok(whose)
    }
}

enum Said {
    Origin(Origin),
    /// It is no manifest: nobody can restore from it, whose it may be.
    Nothing,
    NotRead,
}

async fn origin<'a, S: Store>(bucket: &Bucket<S>, backup: &'a Backup) -> Result<(&'a Backup, Said)> {
    let said = match bucket.manifest(&backup.key).await {
        Ok(manifest) => Said::Origin(manifest.origin),
        Err(error) if error.exit == Exit::Verification => Said::Nothing,
        Err(error) if unreached(&error) => return Err(error),
        Err(error) => {
            tracing::warn!(
                key = backup.key.text(),
                "nobody knows whose this backup is: {error}"
            );
            Said::NotRead
        }
    };
    Ok((backup, said))
}
