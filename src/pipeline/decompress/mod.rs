//! Decompress: an object's members on blocking threads, given out in order.

mod bzip2;
mod gzip;
mod members;
mod xz;
mod zstd;

use super::compress::{self, Memory};
use crate::config::Compression;
use bytes::Bytes;
use members::Members;
pub use members::MembersError;
use std::collections::VecDeque;
use tokio::task::JoinHandle;

/// What one member may become: no less than lifeboat ever puts into one.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The stored bytes do not decompress.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// They are not members.
    #[error(transparent)]
    Members(#[from] MembersError),
    /// A member is broken.
    #[error("a {name} stream in the object is broken")]
    Broken {
        /// The compression.
        name: &'static str,
        /// How.
        #[source]
        source: std::io::Error,
    },
}

/// An object on its way back to a dump.
pub struct Decompressor {
    compression: Compression,
    members: Option<Members>,
    depth: usize,
    waiting: VecDeque<Bytes>,
    running: VecDeque<JoinHandle<std::io::Result<Bytes>>>,
}

impl Decompressor {
    /// Decompresses on up to `threads` threads at a time.
    pub fn new(compression: Compression, threads: usize) -> Self {
        Self {
            compression,
            members: (compression != Compression::None).then(|| Members::new(compression)),
            depth: threads.max(1) + 1,
            waiting: VecDeque::new(),
            running: VecDeque::new(),
        }
    }

    /// Takes the next bytes of the object.
    pub fn push(&mut self, bytes: Bytes) -> Result<(), DecompressError> {
        match &mut self.members {
            Some(members) => self.waiting.extend(members.push(&bytes)?),
            None => self.waiting.push_back(bytes),
        }
        Ok(())
    }

    /// Says that the object has ended.
    pub fn end(&mut self) -> Result<(), DecompressError> {
        if let Some(members) = &mut self.members {
            self.waiting.extend(members.finish()?);
        }
        Ok(())
    }

    /// The next bytes of the dump; `None`: more of the object is needed, or it has ended.
    pub async fn next(&mut self) -> Result<Option<Bytes>, DecompressError> {
        let compression = self.compression;
        if self.members.is_none() {
            return Ok(self.waiting.pop_front());
        }
        while self.running.len() < self.depth
            && let Some(member) = self.waiting.pop_front()
        {
            self.running
                .push_back(tokio::task::spawn_blocking(move || decode(compression, member)));
        }
        match self.running.pop_front() {
            None => Ok(None),
            Some(dump) => dump
                .await
                .map_err(std::io::Error::from)
                .flatten()
                .map(Some)
                .map_err(|source| DecompressError::Broken {
                    name: compression.name(),
                    source,
                }),
        }
    }
}

/// What one member holds. Its bytes must be all of it, and nothing else.
fn decode(compression: Compression, member: Bytes) -> std::io::Result<Bytes> {
    match compression {
        Compression::Bzip2 => bzip2::decode(&member, MOST_BYTES as u64),
        Compression::Gzip => gzip::decode(&member, MOST_BYTES),
        Compression::Xz => xz::decode(&member, MOST_BYTES),
        Compression::Zstd => zstd::decode(&member, MOST_BYTES),
        Compression::None => Ok(member),
    }
}

/// What decompressing takes: for each thread, and for the member that waits, what goes in and what comes out, and
/// xz's dictionary.
pub fn memory(compression: Compression, level: u32) -> Memory {
    let per_thread = match compression {
        Compression::Bzip2 => return compress::memory(compression, level),
        Compression::Xz => compress::xz::dictionary_bytes(level) + 2 * compress::xz::piece_bytes(level),
        Compression::Zstd => 2 * compress::zstd::piece_bytes(level),
        Compression::Gzip => 2 * compress::gzip::PIECE_BYTES,
        Compression::None => 0,
    } as u64;
    Memory {
        per_thread,
        beside: per_thread,
    }
}

#[cfg(test)]
mod tests;
