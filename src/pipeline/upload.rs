//! Upload: equal parts from memory, a few in flight, and an object only for who brings a proof.

use super::capture::DumpProof;
use crate::runtime::wholeness::record::hex;
use crate::store::{Head, Kind, Part, Store, StoreError, StoreErrorKind};
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long parts on their way may take to arrive once the upload is given up. Who was told to end has seconds.
const ARRIVE: Duration = Duration::from_secs(3);

/// S3's limit on the parts of one object.
pub const MOST_PARTS: u64 = 10_000;

/// Why an object did not come to be.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No part was accepted for too long.
    #[error("the store accepted no part for {} s", .0.as_secs())]
    Stalled(Duration),
    /// The object would need more parts than S3 allows.
    #[error("the dump needs more than {MOST_PARTS} parts of {part_bytes} bytes")]
    TooManyParts {
        /// The size of a part.
        part_bytes: u64,
    },
    /// Somebody else's object stands where this one was to be.
    #[error("another object stands at the key")]
    Taken,
    /// The task that uploaded a part was lost.
    #[error("a part's upload was lost")]
    Lost(#[source] tokio::task::JoinError),
}

/// How to upload.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// Bytes of each part but the last.
    pub part_bytes: u64,
    /// Parts in flight.
    pub concurrency: usize,
    /// How long the store may accept nothing.
    pub stall: Duration,
    /// Whether an object may be deleted that came to be and is not wanted.
    pub deletes: bool,
}

/// An object that stands in the store, and the proof of what it holds.
#[derive(Debug)]
pub struct Committed {
    /// Of the dump inside.
    pub proof: DumpProof,
    /// Of the object.
    pub object: StoredObject,
}

/// The bytes as stored.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, lowercase hex.
    pub sha256: String,
    /// What the store says of them.
    pub head: Head,
    /// How many parts they were sent in; 0: one request.
    pub parts: u16,
    /// The size of each part but the last.
    pub part_bytes: u64,
}

/// An object being written. It comes to be by [`PartWriter::commit`] alone; who holds a writer and no proof must
/// [`PartWriter::abort`] it, and then nothing of it stays.
pub struct PartWriter<S: Store> {
    store: S,
    key: String,
    options: UploadOptions,
    buffer: BytesMut,
    upload: Option<String>,
    in_flight: JoinSet<Result<Part, StoreError>>,
    parts: Vec<Part>,
    sent: u16,
    bytes: u64,
    hash: Sha256,
    completing: bool,
}

impl<S: Store> PartWriter<S> {
    /// Nothing is sent before the first part is full.
    pub fn new(store: S, key: String, options: UploadOptions) -> Self {
        Self {
            store,
            key,
            options,
            buffer: BytesMut::new(),
            upload: None,
            in_flight: JoinSet::new(),
            parts: Vec::new(),
            sent: 0,
            bytes: 0,
            hash: Sha256::new(),
            completing: false,
        }
    }

    /// Bytes taken so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the next bytes of the object; waits when enough parts are in flight.
    pub async fn write(&mut self, mut piece: Bytes) -> Result<(), UploadError> {
        self.hash.update(&piece);
        self.bytes += piece.len() as u64;
        let part_bytes = usize::try_from(self.options.part_bytes).unwrap_or(usize::MAX);
        while !piece.is_empty() {
            // A full part is sent only when more comes: what fits one part needs no multipart upload.
            if self.buffer.len() == part_bytes {
                self.send_part().await?;
            }
            if self.buffer.capacity() == 0 {
                self.buffer.reserve(part_bytes);
            }
            let room = part_bytes - self.buffer.len();
            self.buffer
                .extend_from_slice(&piece.split_to(room.min(piece.len())));
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), UploadError> {
        if u64::from(self.sent) >= MOST_PARTS {
            return Err(UploadError::TooManyParts {
                part_bytes: self.options.part_bytes,
            });
        }
        let upload = if let Some(upload) = &self.upload {
            upload.clone()
        } else {
            let begun = self.store.create_upload(&self.key);
            let upload = self.in_time(begun).await??;
            self.upload.insert(upload).clone()
        };
        while self.in_flight.len() >= self.options.concurrency {
            self.accept_one().await?;
        }
        self.sent += 1;
        let (store, key, number) = (self.store.clone(), self.key.clone(), self.sent);
        let body = std::mem::take(&mut self.buffer).freeze();
        self.in_flight
            .spawn(async move { store.upload_part(&key, &upload, number, body).await });
        Ok(())
    }

    async fn accept_one(&mut self) -> Result<(), UploadError> {
        let stall = self.options.stall;
        let next = tokio::time::timeout(stall, self.in_flight.join_next());
        if let Some(part) = next.await.map_err(|_| UploadError::Stalled(stall))? {
            self.parts.push(part.map_err(UploadError::Lost)??);
        }
        Ok(())
    }

    async fn in_time<T>(&self, request: impl Future<Output = T>) -> Result<T, UploadError> {
        let stall = self.options.stall;
        tokio::time::timeout(stall, request)
            .await
            .map_err(|_| UploadError::Stalled(stall))
    }

    /// Makes the object. The proof is the only key to this; it comes back with what was stored.
    /// On an error the object must be given up by [`PartWriter::abort`].
    pub async fn commit(&mut self, proof: DumpProof) -> Result<Committed, UploadError> {
        let head = match &self.upload {
            None => self.put().await?,
            Some(_) => self.complete().await?,
        };
        Ok(Committed {
            proof,
            object: StoredObject {
                bytes: self.bytes,
                sha256: hex(&std::mem::take(&mut self.hash).finalize()),
                head,
                parts: self.sent,
                part_bytes: self.options.part_bytes,
            },
        })
    }

    async fn put(&mut self) -> Result<Head, UploadError> {
        self.completing = true;
        let body = std::mem::take(&mut self.buffer).freeze();
        let put = self.store.put(&self.key, Kind::Dump, body);
        let put = self.in_time(put).await?;
        // What stands there is another's, and stays.
        self.completing = !matches!(&put, Err(error) if error.kind == StoreErrorKind::Precondition);
        Ok(put?)
    }

    async fn complete(&mut self) -> Result<Head, UploadError> {
        if !self.buffer.is_empty() {
            self.send_part().await?;
        }
        while !self.in_flight.is_empty() {
            self.accept_one().await?;
        }
        // Completing overwrites what stands at the key, and not every store knows a condition against it.
        if self.in_time(self.store.head(&self.key)).await?.is_ok() {
            return Err(UploadError::Taken);
        }
        self.completing = true;
        self.parts.sort_by_key(|part| part.number);
        let upload = self.upload.clone().unwrap_or_default();
        let complete = self
            .store
            .complete_upload(&self.key, &upload, &self.parts, self.bytes);
        let head = self.in_time(complete).await??;
        self.upload = None;
        Ok(head)
    }

    /// Gives everything up: nothing of it stays in the store, as far as the store can be reached.
    pub async fn abort(mut self) -> Result<(), StoreError> {
        // A part that the store is still writing when the upload is given up may be stored after that, and then
        // stands there: S3's documentation of AbortMultipartUpload says so, and versitygw did it in 1 of 3 tries.
        // So what is on its way may arrive; what takes longer is cut off.
        let arrive = async { while self.in_flight.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(ARRIVE, arrive).await;
        self.in_flight.shutdown().await;
        if let Some(upload) = &self.upload {
            self.store.abort_upload(&self.key, upload).await?;
        }
        if self.completing && self.options.deletes {
            // The store may have made the object and we have not heard of it.
            match self.store.delete(&self.key).await {
                Err(error) if error.kind != StoreErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
