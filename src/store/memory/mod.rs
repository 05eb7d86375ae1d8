//! A store in memory, for tests: behaves as S3 does, fails on request, and can be looked into.
//!
//! Part of the library so that tests of every layer share one; nothing in the program makes one.

mod state;

pub use state::Manners;

use super::{Head, Kind, Listed, OpenUpload, Page, Part, Store, StoreError, StoreErrorKind, etag};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use state::{Object, Refusal, State, Upload, quoted, refused};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A request, for fault scripts and the log of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of `Store` of that name")]
pub enum Op {
    Put,
    CreateUpload,
    UploadPart,
    CompleteUpload,
    AbortUpload,
    Head,
    GetRange,
    Get,
    ListPage,
    Delete,
    ListUploads,
    ListParts,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and this error is returned.
    Error(StoreErrorKind),
    /// It happens, and the caller is told `Unreachable`.
    LoseReply,
    /// Nothing happens, and nothing is returned, ever.
    Hang,
    /// It happens once the faults are healed, and not before.
    Wait,
}

/// Object storage in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

impl MemoryStore {
    /// An empty store with S3's own limits, at the beginning of time.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store with other limits.
    pub fn with(manners: Manners) -> Self {
        let store = Self::new();
        store.state().manners = manners;
        store
    }

    /// Lets the `nth` call of `op` fail, counted from 1 since the store was made; further scripts add to this one.
    pub fn fail(&self, op: Op, nth: usize, fault: Fault) {
        self.state().faults.push((op, Some(nth), fault));
    }

    /// Lets every call of `op` fail from now on.
    pub fn fail_all(&self, op: Op, fault: Fault) {
        self.state().faults.push((op, None, fault));
    }

    /// Ends every fault.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Every object: key and bytes, in key order.
    pub fn objects(&self) -> Vec<(String, Bytes)> {
        let state = self.state();
        state
            .objects
            .iter()
            .map(|(key, object)| (key.clone(), object.body.clone()))
            .collect()
    }

    /// Every upload that was neither completed nor aborted.
    pub fn open_uploads(&self) -> Vec<OpenUpload> {
        self.state().open_uploads("")
    }

    /// Every call so far: the operation, and the key or prefix it was about. Calls that failed are in it.
    pub fn calls(&self) -> Vec<(Op, String)> {
        self.state().calls.clone()
    }

    /// Places an object, whatever stood there.
    pub fn insert(&self, key: &str, body: impl Into<Bytes>, modified: Timestamp) {
        let body = body.into();
        let etag = quoted(&etag::hex(&etag::md5(&body)));
        self.state()
            .objects
            .insert(key.to_owned(), Object { body, etag, modified });
    }

    /// Changes the bytes of an object behind its entity tag's back, as a failing disk does.
    ///
    /// Returns whether there was one.
    pub fn corrupt(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut state = self.state();
        let Some(object) = state.objects.get_mut(key) else {
            return false;
        };
        let mut body = object.body.to_vec();
        change(&mut body);
        object.body = body.into();
        true
    }

    /// From now on a deletion of `key` is answered as done, and the object is shown as before: an object lock.
    pub fn lock(&self, key: &str) {
        self.state().locked.insert(key.to_owned());
    }

    /// From now on `key` is missing in listings, as in those of a store that are late.
    pub fn hide(&self, key: &str) {
        self.state().hidden.insert(key.to_owned());
    }

    /// Sets the store's clock; it stands still otherwise.
    pub fn set_now(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// Sets how far the store's clock is said to be ahead of ours; nothing is known of it before the first call.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.state().ahead = ahead;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere has said what is wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs the call, then does `work`, or what the script says instead.
    async fn call<T>(
        &self,
        op: Op,
        key: &str,
        work: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> Result<T, StoreError> {
        let error = |(kind, reason): Refusal| StoreError {
            kind,
            operation: name(op),
            subject: key.to_owned(),
            reason,
            hint: None,
            source: None,
        };
        let fault = self.state().note(op, key);
        match fault {
            None => work(&mut self.state()).map_err(error),
            Some(Fault::Error(kind)) => Err(error((kind, "a scripted fault".to_owned()))),
            Some(Fault::LoseReply) => {
                work(&mut self.state()).map_err(error)?;
                Err(error((
                    StoreErrorKind::Unreachable,
                    "a scripted loss of the reply".to_owned(),
                )))
            }
            Some(Fault::Hang) => pending().await,
            Some(Fault::Wait) => {
                while !self.state().faults.is_empty() {
                    tokio::task::yield_now().await;
                }
                work(&mut self.state()).map_err(error)
            }
        }
    }
}

fn name(op: Op) -> &'static str {
    match op {
        Op::Put => "PutObject",
        Op::CreateUpload => "CreateMultipartUpload",
        Op::UploadPart => "UploadPart",
        Op::CompleteUpload => "CompleteMultipartUpload",
        Op::AbortUpload => "AbortMultipartUpload",
        Op::Head => "HeadObject",
        Op::GetRange | Op::Get => "GetObject",
        Op::ListPage => "ListObjectsV2",
        Op::Delete => "DeleteObject",
        Op::ListUploads => "ListMultipartUploads",
        Op::ListParts => "ListParts",
    }
}

impl Store for MemoryStore {
    async fn put(&self, key: &str, _kind: Kind, body: Bytes) -> Result<Head, StoreError> {
        self.call(Op::Put, key, |state| {
            let object = Object {
                etag: quoted(&etag::hex(&etag::md5(&body))),
                modified: state.now,
                body,
            };
            if state
                .objects
                .get(key)
                .is_some_and(|there| there.body != object.body)
            {
                return refused(StoreErrorKind::Precondition, "another object stands there");
            }
            let head = object.head();
            state.objects.insert(key.to_owned(), object);
            Ok(head)
        })
        .await
    }

    async fn create_upload(&self, key: &str) -> Result<String, StoreError> {
        self.call(Op::CreateUpload, key, |state| {
            state.begun += 1;
            let id = format!("upload-{}", state.begun);
            let upload = Upload {
                key: key.to_owned(),
                initiated: state.now,
                newest_part: None,
                parts: BTreeMap::new(),
            };
            state.uploads.insert(id.clone(), upload);
            Ok(id)
        })
        .await
    }

    async fn upload_part(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Bytes,
    ) -> Result<Part, StoreError> {
        self.call(Op::UploadPart, key, |state| {
            if !(1..=10_000).contains(&number) {
                return refused(StoreErrorKind::Other, format!("InvalidArgument: part {number}"));
            }
            let etag = quoted(&etag::hex(&etag::md5(&body)));
            let now = state.now;
            let open = state.upload(key, upload)?;
            open.newest_part = Some(now);
            open.parts.insert(number, body);
            Ok(Part {
                number,
                etag,
                checksum: None,
            })
        })
        .await
    }

    async fn complete_upload(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        bytes: u64,
    ) -> Result<Head, StoreError> {
        self.call(Op::CompleteUpload, key, |state| {
            state.upload(key, upload)?;
            let Some(begun) = state.uploads.get(upload) else {
                return refused(StoreErrorKind::NotFound, "NoSuchUpload");
            };
            let (body, etag) = state.assemble(begun, parts)?;
            let object = Object {
                modified: begun.initiated,
                body,
                etag,
            };
            let head = object.head();
            state.uploads.remove(upload);
            state.objects.insert(key.to_owned(), object);
            if head.bytes != bytes {
                let reason = format!("the object has {} bytes instead of {bytes}", head.bytes);
                return refused(StoreErrorKind::Other, reason);
            }
            Ok(head)
        })
        .await
    }

    async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), StoreError> {
        self.call(Op::AbortUpload, key, |state| {
            state.uploads.remove(upload);
            Ok(())
        })
        .await
    }

    async fn head(&self, key: &str) -> Result<Head, StoreError> {
        self.call(Op::Head, key, |state| state.object(key).map(Object::head))
            .await
    }

    async fn get_range(
        &self,
        key: &str,
        etag: Option<&str>,
        start: u64,
        len: u64,
    ) -> Result<Bytes, StoreError> {
        self.call(Op::GetRange, key, |state| {
            let object = state.object(key)?;
            if etag.is_some_and(|etag| etag != object.etag) {
                return refused(StoreErrorKind::Precondition, "PreconditionFailed");
            }
            let end = start
                .checked_add(len)
                .filter(|end| *end <= object.body.len() as u64);
            let range = usize::try_from(start)
                .ok()
                .zip(end.and_then(|end| usize::try_from(end).ok()));
            match range {
                Some((start, end)) => Ok(object.body.slice(start..end)),
                None => refused(StoreErrorKind::Other, "the object ends before the range does"),
            }
        })
        .await
    }

    async fn get(&self, key: &str, limit: u64) -> Result<Bytes, StoreError> {
        self.call(Op::Get, key, |state| {
            let body = &state.object(key)?.body;
            if body.len() as u64 > limit {
                let reason = format!("{} bytes, {limit} at most were expected", body.len());
                return refused(StoreErrorKind::Other, reason);
            }
            Ok(body.clone())
        })
        .await
    }

    async fn list_page(&self, prefix: &str, next: Option<String>) -> Result<Page<Listed>, StoreError> {
        self.call(Op::ListPage, prefix, |state| {
            let after = next.unwrap_or_default();
            let mut rest = state
                .objects
                .iter()
                .filter(|(key, _)| key.starts_with(prefix) && (after.is_empty() || **key > after))
                .filter(|(key, _)| !state.hidden.contains(*key))
                .map(|(key, object)| Listed {
                    key: key.clone(),
                    bytes: object.body.len() as u64,
                    modified: object.modified,
                });
            let rows: Vec<Listed> = rest.by_ref().take(state.manners.page_keys.max(1)).collect();
            let next = rest.next().and(rows.last()).map(|row| row.key.clone());
            Ok(Page { rows, next })
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.call(Op::Delete, key, |state| {
            if !state.locked.contains(key) {
                state.objects.remove(key);
            }
            Ok(())
        })
        .await
    }

    async fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.call(Op::ListUploads, prefix, |state| Ok(state.open_uploads(prefix)))
            .await
    }

    async fn newest_part(&self, key: &str, upload: &str) -> Result<Option<Timestamp>, StoreError> {
        self.call(Op::ListParts, key, |state| {
            Ok(state.upload(key, upload)?.newest_part)
        })
        .await
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        let state = self.state();
        (state.manners.tells_time && !state.calls.is_empty()).then_some(state.ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn scripted_faults_come_when_they_should() {
        let store = MemoryStore::new();
        store.fail(Op::Put, 2, Fault::Error(StoreErrorKind::Denied));
        store.fail(Op::Put, 3, Fault::LoseReply);
        store.fail(Op::Head, 1, Fault::Hang);
        let put = async |key| store.put(key, Kind::Manifest, Bytes::from_static(b"x")).await;
        assert!(put("a").await.is_ok());
        assert_eq!(put("b").await.unwrap_err().kind, StoreErrorKind::Denied);
        assert_eq!(put("c").await.unwrap_err().kind, StoreErrorKind::Unreachable);
        let head = store.head("a");
        assert!(
            tokio::time::timeout(std::time::Duration::ZERO, head)
                .await
                .is_err(),
            "hangs"
        );
        let keys: Vec<String> = store.objects().into_iter().map(|(key, _)| key).collect();
        assert_eq!(
            keys,
            ["a", "c"],
            "the lost reply's effect stands, the error's does not"
        );
        assert_eq!(store.calls().len(), 4);
    }

    #[tokio::test]
    async fn parts_are_as_particular_as_on_s3_and_r2() {
        let store = MemoryStore::with(Manners {
            min_part_bytes: 4,
            equal_parts: true,
            ..Manners::default()
        });
        let complete = async |sizes: &[usize]| {
            let id = store.create_upload("k").await?;
            let mut parts = Vec::new();
            for (number, size) in (1..).zip(sizes) {
                parts.push(store.upload_part("k", &id, number, vec![0; *size].into()).await?);
            }
            store
                .complete_upload("k", &id, &parts, sizes.iter().sum::<usize>() as u64)
                .await
        };
        assert!(complete(&[4, 4, 1]).await.is_ok());
        assert!(complete(&[1]).await.is_ok());
        for sizes in [&[3, 4][..], &[4, 5, 1], &[4, 6], &[]] {
            assert_eq!(
                complete(sizes).await.unwrap_err().kind,
                StoreErrorKind::Other,
                "{sizes:?}"
            );
        }
        assert_eq!(store.open_uploads().len(), 4, "what was refused stays open");
    }
}
