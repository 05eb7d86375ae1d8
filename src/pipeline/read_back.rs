//! Read back: an object to the dump it holds, and the proof that it is the one its manifest states.

use super::decompress::{DecompressError, Decompressor};
use super::download::Download;
use crate::config::Compression;
use crate::runtime::wholeness::record::hex;
use crate::store::{Store, StoreError, StoreErrorKind};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What the manifest states.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Bytes stored.
    pub object_bytes: u64,
    /// Their SHA-256, lowercase hex.
    pub object_sha256: String,
    /// Bytes the tool printed.
    pub dump_bytes: u64,
    /// Their SHA-256, lowercase hex.
    pub dump_sha256: String,
    /// How the one became the other.
    pub compression: Compression,
}

/// The proof that a whole object was read and that it is what its manifest states.
#[derive(Debug)]
pub struct ReadProof(());

/// Why a stored backup was not read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The store did not give it out.
    #[error(transparent)]
    Store(StoreError),
    /// The store gave nothing for too long.
    #[error("the store sent nothing for {} s", .0.as_secs())]
    Stalled(Duration),
    /// The object is not there.
    #[error("the object of this manifest is gone")]
    Gone(#[source] StoreError),
    /// The object is not what the manifest states.
    #[error("{what} is {found}, its manifest says {stated}")]
    Altered {
        /// What was compared.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        stated: String,
    },
    /// The object is not even readable.
    #[error(transparent)]
    Unreadable(#[from] DecompressError),
}

impl ReadBackError {
    /// Whether the backup itself is at fault, and not the way to it.
    pub fn is_altered(&self) -> bool {
        !matches!(
            self,
            Self::Store(_) | Self::Stalled(_) | Self::Unreadable(DecompressError::Failed { .. })
        )
    }
}

/// An object being read back.
pub struct ReadBack<S: Store> {
    download: Download<S>,
    decompressor: Decompressor,
    expected: Expected,
    stall: Duration,
    object: (u64, Sha256),
    dump: (u64, Sha256),
    ended: bool,
}

impl<S: Store> ReadBack<S> {
    /// Opens the object. `stall`: how long the store may send nothing.
    pub async fn open(
        store: S,
        key: &str,
        expected: Expected,
        threads: usize,
        stall: Duration,
    ) -> Result<Self, ReadBackError> {
        let open = tokio::time::timeout(stall, Download::open(store, key));
        let download = match open.await.map_err(|_| ReadBackError::Stalled(stall))? {
            Ok(download) => download,
            Err(error) if error.kind == StoreErrorKind::NotFound => return Err(ReadBackError::Gone(error)),
            Err(error) => return Err(ReadBackError::Store(error)),
        };
        same(
            "the object's length",
            &download.head().bytes,
            &expected.object_bytes,
        )?;
        Ok(Self {
            download,
            decompressor: Decompressor::new(expected.compression, threads),
            expected,
            stall,
            object: (0, Sha256::new()),
            dump: (0, Sha256::new()),
            ended: false,
        })
    }

    /// The next bytes of the dump. `None` after the last, and only when all of it is as the manifest states.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReadBackError> {
        loop {
            if let Some(piece) = self.decompressor.next().await? {
                self.dump.0 += piece.len() as u64;
                // Nobody is given more than was ever dumped.
                if self.dump.0 > self.expected.dump_bytes {
                    same("the dump's length", &self.dump.0, &self.expected.dump_bytes)?;
                }
                self.dump.1.update(&piece);
                return Ok(Some(piece));
            }
            if self.ended {
                return self.compare().map(|()| None);
            }
            let range = tokio::time::timeout(self.stall, self.download.next());
            match range.await.map_err(|_| ReadBackError::Stalled(self.stall))? {
                Ok(Some(range)) => {
                    self.object.0 += range.len() as u64;
                    self.object.1.update(&range);
                    self.decompressor.push(range)?;
                }
                Ok(None) => {
                    self.ended = true;
                    self.decompressor.end()?;
                }
                Err(error) => return Err(ReadBackError::Store(error)),
            }
        }
    }

    fn compare(&self) -> Result<(), ReadBackError> {
        let stated = &self.expected;
        same("the object's length", &self.object.0, &stated.object_bytes)?;
        same(
            "the object's SHA-256",
            &sum(&self.object.1),
            &stated.object_sha256,
        )?;
        same("the dump's length", &self.dump.0, &stated.dump_bytes)?;
        same("the dump's SHA-256", &sum(&self.dump.1), &stated.dump_sha256)
    }

    /// Reads what is left and gives the proof.
    pub async fn prove(mut self) -> Result<ReadProof, ReadBackError> {
        while self.next().await?.is_some() {}
        Ok(ReadProof(()))
    }
}

fn sum(hash: &Sha256) -> String {
    hex(&hash.clone().finalize())
}

fn same<T: PartialEq + ToString + ?Sized>(
    what: &'static str,
    found: &T,
    stated: &T,
) -> Result<(), ReadBackError> {
    if found == stated {
        return Ok(());
    }
    Err(ReadBackError::Altered {
        what,
        found: found.to_string(),
        stated: stated.to_string(),
    })
}
