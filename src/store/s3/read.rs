//! Requests that read, list and delete. Each function is one attempt; the trait's methods retry it.

use super::{Again, Failure, Head, Listed, Page, Shared, StoreErrorKind, one_attempt, size, timestamp};
use crate::store::pages::leads_on;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use bytes::{Bytes, BytesMut};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Silence in the middle of a body.
const BODY_STALL: Duration = Duration::from_mins(1);

/// How much of a body is wanted.
#[derive(Clone, Copy)]
enum Want {
    /// A range: these bytes from the start of the object on, no more and no fewer.
    Range { start: u64, len: u64 },
    /// All of it, up to a limit.
    Whole { limit: u64 },
}

impl Shared {
    pub(super) async fn head(&self, key: &str) -> Result<Head, Failure> {
        let head = self
            .client
            .head_object()
            .bucket(&self.config.bucket)
            .key(key)
            .send()
            .await
            .map_err(self.sdk("HeadObject", key))?;
        let Some(bytes) = size(head.content_length()) else {
            return Err(self.failure("HeadObject", key, Again::Few, "an answer without Content-Length"));
        };
        Ok(Head {
            bytes,
            etag: head.e_tag,
            version_id: head.version_id,
        })
    }

    pub(super) async fn get_range(
        &self,
        key: &str,
        etag: Option<&str>,
        start: u64,
        len: u64,
    ) -> Result<Bytes, Failure> {
        let Some(last) = len.checked_sub(1).map(|more| start.saturating_add(more)) else {
            return Ok(Bytes::new());
        };
        let request = self
            .client
            .get_object()
            .range(format!("bytes={start}-{last}"))
            .set_if_match(etag.map(str::to_owned));
        self.fetch(key, request, Want::Range { start, len }).await
    }

    pub(super) async fn get(&self, key: &str, limit: u64) -> Result<Bytes, Failure> {
        self.fetch(key, self.client.get_object(), Want::Whole { limit })
            .await
    }

    async fn fetch(&self, key: &str, request: GetObjectFluentBuilder, want: Want) -> Result<Bytes, Failure> {
        // The head of an answer is as small as any; how long its body may take, it says itself.
        let begun = Instant::now();
        let head = match want {
            Want::Range { len, .. } => len,
            Want::Whole { .. } => 0,
        };
        let answer = request
            .bucket(&self.config.bucket)
            .key(key)
            .customize()
            .config_override(one_attempt(self.transfer_timeout(head)))
            .send()
            .await
            .map_err(self.sdk("GetObject", key))?;
        let body = match want {
            Want::Range { len, .. } => len,
            Want::Whole { limit } => size(answer.content_length()).unwrap_or(limit).min(limit),
        };
        let deadline = begun + self.transfer_timeout(body);
        self.collect(key, answer, want, deadline).await
    }

    /// Reads a body, and no further than what was asked for.
    async fn collect(
        &self,
        key: &str,
        answer: GetObjectOutput,
        want: Want,
        deadline: Instant,
    ) -> Result<Bytes, Failure> {
        let wrong = |again, reason: &str| self.failure("GetObject", key, again, reason);
        let announced = size(answer.content_length());
        let most = match want {
            Want::Whole { limit } => {
                if let Some(bytes) = announced.filter(|bytes| *bytes > limit) {
                    return Err(wrong(
                        Again::Never,
                        &format!("{bytes} bytes, {limit} at most were expected"),
                    ));
                }
                limit
            }
            Want::Range { start, len } => {
                // A server (or a cache before it) that does not know ranges sends everything from the start.
                let range = answer.content_range().unwrap_or_default();
                let whole = start == 0 && announced == Some(len);
                if !whole && !range.starts_with(&format!("bytes {start}-")) {
                    return Err(wrong(
                        Again::Never,
                        &format!("asked for bytes from {start}, got {range:?}"),
                    ));
                }
                len
            }
        };
        let room = usize::try_from(announced.unwrap_or(0).min(most)).unwrap_or(0);
        let mut body = BytesMut::with_capacity(room);
        let mut stream = answer.body;
        loop {
            let next = timeout(BODY_STALL, timeout_at(deadline, stream.next())).await;
            let (Ok(Ok(chunk)), received) = (next, body.len()) else {
                let reason = format!("the body stalled after {} bytes", body.len());
                let failure = self.context("GetObject", key).failure(
                    StoreErrorKind::TimedOut,
                    Again::Patiently,
                    &reason,
                );
                return Err(failure);
            };
            match chunk {
                None => break,
                Some(Ok(chunk)) if (received + chunk.len()) as u64 > most => {
                    return Err(wrong(
                        Again::Never,
                        &format!("more than the {most} bytes asked for"),
                    ));
                }
                Some(Ok(chunk)) => body.extend_from_slice(&chunk),
                Some(Err(error)) => {
                    let reason = format!(
                        "the body broke off after {received} bytes: {}",
                        super::errors::chain(&error)
                    );
                    return Err(wrong(Again::Patiently, &reason));
                }
            }
        }
        let received = body.len() as u64;
        let expected = match want {
            Want::Range { len, .. } => len,
            Want::Whole { .. } => announced.unwrap_or(received),
        };
        if received != expected {
            return Err(wrong(
                Again::Few,
                &format!("{received} bytes instead of {expected}"),
            ));
        }
        Ok(body.freeze())
    }

    pub(super) async fn list_page(
        &self,
        prefix: &str,
        next: Option<String>,
    ) -> Result<Page<Listed>, Failure> {
        let listing = self
            .client
            .list_objects_v2()
            .bucket(&self.config.bucket)
            .prefix(prefix)
            .set_continuation_token(next)
            .send()
            .await
            .map_err(self.sdk("ListObjectsV2", prefix))?;
        let wrong = |reason: &str| self.failure("ListObjectsV2", prefix, Again::Few, reason);
        let row = |object: &aws_sdk_s3::types::Object| {
            Some(Listed {
                key: object.key()?.to_owned(),
                bytes: size(object.size())?,
                modified: timestamp(object.last_modified())?,
            })
        };
        let Some(rows) = listing.contents().iter().map(row).collect() else {
            return Err(wrong("a row without key, size or time"));
        };
        let token = listing
            .next_continuation_token()
            .filter(|token| !token.is_empty());
        let lost = "the store says IsTruncated and sends no NextContinuationToken: the page is not the last and does not lead on";
        let next = leads_on(listing.is_truncated(), token.map(str::to_owned), lost).map_err(wrong)?;
        Ok(Page { rows, next })
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), Failure> {
        // One by one: DeleteObjects wants a checksum that many stores refuse, and some do not have it at all.
        let deleted = self
            .client
            .delete_object()
            .bucket(&self.config.bucket)
            .key(key)
            .send()
            .await;
        match deleted.map_err(self.sdk("DeleteObject", key)) {
            Ok(_) => Ok(()),
            Err(failure) if failure.gone => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}
