//! What is stored in these tests, and the way a dump takes into a store.

use bytes::Bytes;
use lifeboat::store::{Head, Store, StoreError};

pub use crate::noise::noise as bytes;

pub const MIB: usize = 1 << 20;

/// The smallest part that S3 takes.
pub const PART: usize = 5 * MIB;

/// A whole multipart upload.
pub async fn upload<S: Store>(
    store: &S,
    key: &str,
    body: &Bytes,
    part_bytes: usize,
) -> Result<Head, StoreError> {
    let id = store.create_upload(key).await?;
    let mut parts = Vec::new();
    for (number, start) in (1..).zip((0..body.len()).step_by(part_bytes)) {
        let part = body.slice(start..body.len().min(start + part_bytes));
        parts.push(store.upload_part(key, &id, number, part).await?);
    }
    store.complete_upload(key, &id, &parts, body.len() as u64).await
}
