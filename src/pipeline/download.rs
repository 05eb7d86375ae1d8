//! Download: the bytes of one object, in ranges, all of the same object.
//!
//! Never one long request: a store closes a body that is not read for a while, and a restore may pause for hours.

use crate::store::{Head, Store, StoreError};
use bytes::Bytes;
use tokio::task::JoinHandle;

/// Bytes of one request. Two stand in memory: the one in use and the one that comes.
pub const RANGE_BYTES: u64 = 4 * 1024 * 1024;

/// An object on its way here.
pub struct Download<S: Store> {
    store: S,
    key: String,
    head: Head,
    at: u64,
    coming: Option<JoinHandle<Result<Bytes, StoreError>>>,
}

impl<S: Store> Download<S> {
    /// Looks at the object; every range is then of that very entity tag.
    pub async fn open(store: S, key: &str) -> Result<Self, StoreError> {
        let head = store.head(key).await?;
        let mut download = Self {
            store,
            key: key.to_owned(),
            head,
            at: 0,
            coming: None,
        };
        download.ask();
        Ok(download)
    }

    /// What the store said of the object when it was opened.
    pub fn head(&self) -> &Head {
        &self.head
    }

    fn ask(&mut self) {
        let len = RANGE_BYTES.min(self.head.bytes - self.at);
        if len == 0 {
            return;
        }
        let (store, key, start) = (self.store.clone(), self.key.clone(), self.at);
        let etag = self.head.etag.clone();
        self.at += len;
        self.coming = Some(tokio::spawn(async move {
            store.get_range(&key, etag.as_deref(), start, len).await
        }));
    }

    /// The next range; `None` after the last byte.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some(coming) = self.coming.take() else {
            return Ok(None);
        };
        let range = coming.await.map_err(|error| StoreError {
            kind: crate::store::StoreErrorKind::Other,
            operation: "GetObject",
            subject: self.key.clone(),
            reason: "the request was lost".to_owned(),
            hint: None,
            source: Some(error.into()),
        })??;
        self.ask();
        Ok(Some(range))
    }
}

impl<S: Store> Drop for Download<S> {
    fn drop(&mut self) {
        if let Some(coming) = &self.coming {
            coming.abort();
        }
    }
}
