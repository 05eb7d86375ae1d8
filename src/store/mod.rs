//! The port to object storage: what lifeboat needs of S3, no more.
//!
//! Errors are shaped by what a caller does about them. Implementations retry by themselves what is worth
//! retrying; an error that gets out is final for that request. Knows nothing of backups, keys or manifests.

mod etag;
pub mod memory;
mod pages;
pub mod s3;

use crate::error::{Cause, Error, Stage};
use crate::exit::Exit;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use std::future::Future;
use std::hash::Hash;

pub use pages::{Page, Row};

/// What an object is, which decides how it is stored: the storage class is for dumps only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The bytes of a dump.
    Dump,
    /// A small object that must be readable at once: a manifest, a probe.
    Manifest,
}

/// One row of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The whole key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Last change by the store's clock. For a multipart object on AWS this is when the upload began.
    pub modified: Timestamp,
}

impl Row for Listed {
    fn identity(&self) -> impl Hash {
        &self.key
    }
}

/// What the store says of a stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Size in bytes.
    pub bytes: u64,
    /// The entity tag as sent, quotes included.
    pub etag: Option<String>,
    /// The version, in a versioned bucket.
    pub version_id: Option<String>,
}

/// A part the store accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: u16,
    /// The entity tag of the part as sent.
    pub etag: String,
    /// The part's checksum in the form the store wants it repeated at completion, if one was sent.
    pub checksum: Option<String>,
}

/// An upload begun and neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUpload {
    /// The key it would become.
    pub key: String,
    /// The store's id of the upload.
    pub id: String,
    /// When it was begun, by the store's clock.
    pub initiated: Timestamp,
}

impl Row for OpenUpload {
    fn identity(&self) -> impl Hash {
        (&self.key, &self.id)
    }
}

/// The outcome of a request, as far as a caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// No such key, upload or bucket.
    NotFound,
    /// The store knows who asks and says no, or does not know who asks.
    Denied,
    /// A condition of the request (`If-Match`, `If-None-Match`) did not hold.
    Precondition,
    /// The store could not be reached.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The store does not offer this.
    Unsupported,
    /// Anything else.
    Other,
}

/// A request that failed for good.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {subject}: {reason}")]
pub struct StoreError {
    /// The outcome.
    pub kind: StoreErrorKind,
    /// The S3 operation, as S3 names it (`UploadPart`).
    pub operation: &'static str,
    /// Bucket and key.
    pub subject: String,
    /// The store's own words, or what kept it from saying any.
    pub reason: String,
    /// What the operator does next.
    pub hint: Option<String>,
    /// The error below.
    #[source]
    pub source: Option<Cause>,
}

impl StoreError {
    /// This error as a failure of `stage` (exit 5).
    pub fn at(self, stage: Stage) -> Error {
        let hint = self.hint.clone();
        let error = Error::new(stage, Exit::Storage, self);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Object storage with S3's semantics. Cheap to clone.
///
/// All keys are whole keys, the prefix included: the store adds nothing.
pub trait Store: Clone + Send + Sync + 'static {
    /// Stores a small object in one request; overwrites only when the store does not know `If-None-Match`.
    fn put(
        &self,
        key: &str,
        kind: Kind,
        body: Bytes,
    ) -> impl Future<Output = Result<Head, StoreError>> + Send;

    /// Begins a multipart upload of a dump and returns its id.
    fn create_upload(&self, key: &str) -> impl Future<Output = Result<String, StoreError>> + Send;

    /// Uploads one part, with retries; the same bytes each time.
    fn upload_part(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Bytes,
    ) -> impl Future<Output = Result<Part, StoreError>> + Send;

    /// Turns the parts into the object, and proves by a HEAD that an object of `bytes` stands at `key`.
    /// A lost reply is settled by that HEAD: the key is unique, so an object of that size there is ours.
    fn complete_upload(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        bytes: u64,
    ) -> impl Future<Output = Result<Head, StoreError>> + Send;

    /// Gives an upload up. An upload that is gone already is a success.
    fn abort_upload(&self, key: &str, upload: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What stands at `key`.
    fn head(&self, key: &str) -> impl Future<Output = Result<Head, StoreError>> + Send;

    /// `len` bytes from `start`, of the object with this entity tag and no other (`Precondition` otherwise).
    /// Never fewer bytes than asked for: a short body is retried, then an error.
    fn get_range(
        &self,
        key: &str,
        etag: Option<&str>,
        start: u64,
        len: u64,
    ) -> impl Future<Output = Result<Bytes, StoreError>> + Send;

    /// A whole small object; an error when it is larger than `limit` bytes.
    fn get(&self, key: &str, limit: u64) -> impl Future<Output = Result<Bytes, StoreError>> + Send;

    /// One page of the keys that begin with `prefix`, in key order.
    fn list_page(
        &self,
        prefix: &str,
        next: Option<String>,
    ) -> impl Future<Output = Result<Page<Listed>, StoreError>> + Send;

    /// Deletes `key`; absent is a success.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The open uploads whose key begins with `prefix`. `Unsupported` where the store lists none.
    fn list_uploads(&self, prefix: &str) -> impl Future<Output = Result<Vec<OpenUpload>, StoreError>> + Send;

    /// When the newest part of an open upload came in, by the store's clock; `None`: none has. `NotFound` when the
    /// upload is no longer open, `Unsupported` where the store lists no parts.
    fn newest_part(
        &self,
        key: &str,
        upload: &str,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// How far the store's clock is ahead of ours, from its latest answer; `None` before the first.
    fn clock_ahead(&self) -> Option<SignedDuration>;

    /// Every key that begins with `prefix`.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send {
        async move {
            let mut all = Vec::new();
            self.list_each(prefix, |row| all.push(row)).await?;
            Ok(all)
        }
    }

    /// Gives `each` every key that begins with `prefix`, page by page: nothing is held here, however many there are.
    fn list_each(
        &self,
        prefix: &str,
        each: impl FnMut(Listed) + Send,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        pages::follow(
            |next| self.list_page(prefix, next),
            |reason| StoreError {
                kind: StoreErrorKind::Other,
                operation: "ListObjectsV2",
                subject: prefix.to_owned(),
                reason: reason.to_owned(),
                hint: None,
                source: None,
            },
            each,
        )
    }
}
