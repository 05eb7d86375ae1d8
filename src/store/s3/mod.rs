//! S3, and the stores that speak it.
//!
//! Retries have two layers. The SDK tries a request twice within a second. Around it, [`retry`] goes
//! on while the store is down: for two minutes once the store has answered this process, and for ten seconds
//! before that, because what never worked is a mistake in the configuration. What will not change (denied, no
//! such bucket, a certificate nobody knows) is reported at once. The caller's `STALL_TIMEOUT` bounds all of it.
//!
//! Bodies are always in memory: a retried part is the same bytes, and the SDK sends a checksum as a plain header
//! instead of the chunked trailer that many stores refuse or store as part of the object.

mod attributes;
mod client;
mod clock;
mod errors;
mod hints;
mod multipart;
mod put;
mod read;
mod redact;
mod retry;
#[cfg(test)]
mod scripted;
mod uploads;
#[cfg(test)]
mod wire_tests;

use super::{Head, Kind, Listed, OpenUpload, Page, Part, Store, StoreError, StoreErrorKind};
use crate::config;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::DateTime;
use bytes::Bytes;
use clock::Clock;
use errors::Context;
use jiff::{SignedDuration, Timestamp};
use redact::Redactor;
use retry::{Again, Failure, Patience};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long a store that never answered is tried.
const PATIENCE_BEFORE_THE_FIRST_ANSWER: Duration = Duration::from_secs(10);
/// How long a store that has answered before is tried again: the restart of a server, a failover.
const PATIENCE: Duration = Duration::from_mins(2);
/// The slowest way to a store that still works, all parts in flight together. Throttled ones grant 1 MB/s.
const SLOWEST_BYTES_PER_SECOND: u64 = 256 * 1024;
/// On top of the time the bytes take.
const TRANSFER_GRACE: Duration = Duration::from_secs(30);

/// A bucket. Cheap to clone; clones share connections and what is learnt of the store.
#[derive(Clone)]
pub struct S3Store(Arc<Shared>);

struct Shared {
    client: aws_sdk_s3::Client,
    config: config::S3,
    clock: Clock,
    redactor: Redactor,
    /// `If-None-Match` is sent until the store says that it does not know it.
    conditional_put: AtomicBool,
    /// The pause after a first failure; tests have a short one.
    first_pause: Duration,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Store({})", self.0.config.bucket)
    }
}

impl S3Store {
    /// Makes a client for the bucket of `config`. Sends nothing to the store; without static keys it asks the
    /// chain of credentials for some, so that none at all is an error here (`Denied`).
    pub async fn connect(config: &config::S3) -> Result<Self, StoreError> {
        let clock = Clock::new();
        let (client, redactor) = client::build(config, &clock).await?;
        Ok(Self(Arc::new(Shared {
            client,
            config: config.clone(),
            clock,
            redactor,
            conditional_put: AtomicBool::new(true),
            first_pause: Duration::from_secs(1),
        })))
    }
}

impl Shared {
    fn patience(&self) -> Patience {
        let answered = self.clock.ahead().is_some();
        Patience {
            total: if answered {
                PATIENCE
            } else {
                PATIENCE_BEFORE_THE_FIRST_ANSWER
            },
            answered,
            pause: self.first_pause,
        }
    }

    fn context<'a>(&'a self, operation: &'static str, key: &'a str) -> Context<'a> {
        Context {
            config: &self.config,
            redactor: &self.redactor,
            operation,
            key,
        }
    }

    /// For `map_err` on what the SDK returns.
    fn sdk<'a, E>(
        &'a self,
        operation: &'static str,
        key: &'a str,
    ) -> impl FnOnce(SdkError<E, HttpResponse>) -> Failure + 'a
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        move |error| self.context(operation, key).sdk(&error)
    }

    /// A failure in our own words.
    fn failure(&self, operation: &'static str, key: &str, again: Again, reason: &str) -> Failure {
        self.context(operation, key)
            .failure(StoreErrorKind::Other, again, reason)
    }

    /// Retries by [`retry::settle`], in the form the trait returns.
    async fn settle<T, F>(&self, attempt: impl FnMut() -> F + Send) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>> + Send,
        T: Send,
    {
        retry::settle(|| self.patience(), attempt)
            .await
            .map_err(|failure| failure.error)
    }

    /// How long one attempt to move this many bytes may take: every part in flight, of every target, shares the line.
    fn transfer_timeout(&self, bytes: u64) -> Duration {
        let in_flight = self.config.concurrency.max(1) * self.config.side_by_side.max(1);
        let in_flight = u64::try_from(in_flight).unwrap_or(1);
        TRANSFER_GRACE + Duration::from_secs(bytes.saturating_mul(in_flight) / SLOWEST_BYTES_PER_SECOND)
    }
}

/// One attempt of this length; another is the business of [`retry`], which bounds them together.
fn one_attempt(timeout: Duration) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder()
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(timeout)
                .build(),
        )
}

/// A size as S3 sends it; negative or missing is a server's fault.
fn size(bytes: Option<i64>) -> Option<u64> {
    bytes.and_then(|bytes| u64::try_from(bytes).ok())
}

fn timestamp(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

impl Store for S3Store {
    async fn put(&self, key: &str, kind: Kind, body: Bytes) -> Result<Head, StoreError> {
        self.0.put(key, kind, body).await
    }

    async fn create_upload(&self, key: &str) -> Result<String, StoreError> {
        self.0.create_upload(key).await
    }

    async fn upload_part(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Bytes,
    ) -> Result<Part, StoreError> {
        self.0.upload_part(key, upload, number, body).await
    }

    async fn complete_upload(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        bytes: u64,
    ) -> Result<Head, StoreError> {
        self.0.complete_upload(key, upload, parts, bytes).await
    }

    async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), StoreError> {
        self.0.abort_upload(key, upload).await
    }

    async fn head(&self, key: &str) -> Result<Head, StoreError> {
        self.0.settle(|| self.0.head(key)).await
    }

    async fn get_range(
        &self,
        key: &str,
        etag: Option<&str>,
        start: u64,
        len: u64,
    ) -> Result<Bytes, StoreError> {
        self.0.settle(|| self.0.get_range(key, etag, start, len)).await
    }

    async fn get(&self, key: &str, limit: u64) -> Result<Bytes, StoreError> {
        self.0.settle(|| self.0.get(key, limit)).await
    }

    async fn list_page(&self, prefix: &str, next: Option<String>) -> Result<Page<Listed>, StoreError> {
        self.0.settle(|| self.0.list_page(prefix, next.clone())).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.settle(|| self.0.delete(key)).await
    }

    async fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.0.list_uploads(prefix).await
    }

    async fn newest_part(&self, key: &str, upload: &str) -> Result<Option<Timestamp>, StoreError> {
        self.0.newest_part(key, upload).await
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.0.clock.ahead()
    }
}
