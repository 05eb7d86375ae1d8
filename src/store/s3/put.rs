//! Storing a small object in one request.

use super::{Again, Failure, Head, Kind, Shared, StoreError, StoreErrorKind, hints, one_attempt};
use crate::store::etag::{self, Md5Sum};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use std::sync::atomic::{AtomicBool, Ordering};

impl Shared {
    pub(super) async fn put(&self, key: &str, kind: Kind, body: Bytes) -> Result<Head, StoreError> {
        let sum = etag::md5_of(&body).await;
        // An answer to an earlier attempt that got lost makes a later one find our own object.
        let settled = AtomicBool::new(false);
        self.settle(|| async {
            if settled.load(Ordering::Relaxed) {
                return self.is_ours(key, &body, sum).await;
            }
            match self.put_once(key, kind, &body, sum).await {
                Err(failure) if failure.error.kind == StoreErrorKind::Precondition => {
                    settled.store(true, Ordering::Relaxed);
                    self.is_ours(key, &body, sum).await
                }
                Err(failure)
                    if self.conditional_put.load(Ordering::Relaxed) && knows_no_condition(&failure) =>
                {
                    self.conditional_put.store(false, Ordering::Relaxed);
                    self.put_once(key, kind, &body, sum).await
                }
                other => other,
            }
        })
        .await
    }

    async fn put_once(&self, key: &str, kind: Kind, body: &Bytes, sum: Md5Sum) -> Result<Head, Failure> {
        let given = self.attributes(kind);
        let condition = self
            .conditional_put
            .load(Ordering::Relaxed)
            .then(|| "*".to_owned());
        let bytes = body.len() as u64;
        let put = self
            .client
            .put_object()
            .bucket(&self.config.bucket)
            .key(key)
            .set_if_none_match(condition)
            .set_checksum_algorithm(self.algorithm())
            .set_content_md5(self.content_md5(sum))
            .set_storage_class(given.storage_class)
            .set_server_side_encryption(given.sse)
            .set_ssekms_key_id(given.kms_key)
            .set_tagging(given.tags)
            .set_object_lock_mode(given.lock)
            .set_object_lock_retain_until_date(given.locked_until)
            .body(ByteStream::from(body.clone()))
            .customize()
            .config_override(one_attempt(self.transfer_timeout(bytes)))
            .send()
            .await
            .map_err(self.sdk("PutObject", key))?;
        if put.e_tag().is_none() {
            // A proxy that says 200 to everything; the object is nowhere.
            let mut failure = self.failure("PutObject", key, Again::Few, "an answer without ETag");
            failure.error.hint = Some(hints::not_s3(&self.config));
            return Err(failure);
        }
        self.same_md5("PutObject", key, put.e_tag(), put.server_side_encryption(), sum)?;
        Ok(Head {
            bytes,
            etag: put.e_tag,
            version_id: put.version_id,
        })
    }

    /// Whether what stands at `key` is this very body: by size and MD5, or by reading it where the store's tag is
    /// no MD5.
    async fn is_ours(&self, key: &str, body: &Bytes, sum: Md5Sum) -> Result<Head, Failure> {
        let head = self.head(key).await?;
        let bytes = body.len() as u64;
        let same = head.bytes == bytes
            && (head.etag.as_deref().and_then(etag::as_md5) == Some(sum)
                || self.get(key, bytes).await? == *body);
        if same {
            return Ok(head);
        }
        let reason = format!("another object stands there ({} bytes)", head.bytes);
        Err(self
            .context("PutObject", key)
            .failure(StoreErrorKind::Precondition, Again::Never, &reason))
    }
}

/// 501 from stores that say so; 400 with the header's name, or a word of it, from those that do not.
fn knows_no_condition(failure: &Failure) -> bool {
    let reason = failure.error.reason.to_lowercase();
    match failure.status {
        Some(501) => true,
        Some(400) => [
            "if-none-match",
            "not implemented",
            "notimplemented",
            "unsupported header",
            "conditional",
        ]
        .iter()
        .any(|words| reason.contains(words)),
        _ => failure.error.kind == StoreErrorKind::Unsupported,
    }
}
