//! Decompress: an object's members on blocking threads, given out in order.

mod bzip2;
mod gzip;
mod members;
mod xz;
mod zstd;

use super::compress::{self, Memory};
use crate::config::Compression;
use bytes::Bytes;
use bzip2::{Decoded, Stream};
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
    /// There was no memory for it, or its thread was lost: that says nothing of the object.
    #[error("a {name} stream could not be decompressed here")]
    Failed {
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
    ended: bool,
    waiting: VecDeque<Bytes>,
    running: VecDeque<Running>,
    /// A bzip2 stream that goes on in the next piece.
    open: Option<Stream>,
}

/// A member, and its decoding as if nothing came before it.
struct Running {
    member: Bytes,
    decoded: JoinHandle<std::io::Result<Decoded>>,
}

impl Decompressor {
    /// Decompresses on up to `threads` threads at a time.
    pub fn new(compression: Compression, threads: usize) -> Self {
        Self {
            compression,
            members: (compression != Compression::None).then(|| Members::new(compression)),
            depth: threads.max(1) + 1,
            ended: false,
            waiting: VecDeque::new(),
            running: VecDeque::new(),
            open: None,
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
        self.ended = true;
        if let Some(members) = &mut self.members {
            self.waiting.extend(members.finish()?);
        }
        Ok(())
    }

    /// The next bytes of the dump; `None`: more of the object is needed, or it has ended.
    pub async fn next(&mut self) -> Result<Option<Bytes>, DecompressError> {
        if self.members.is_none() {
            return Ok(self.waiting.pop_front());
        }
        loop {
            self.start();
            let Some(Running { member, decoded }) = self.running.pop_front() else {
                return match self.open {
                    Some(_) if self.ended => Err(self.broken(std::io::Error::other("it has no end"))),
                    _ => Ok(None),
                };
            };
            let decoded = match self.open.take() {
                None => decoded.await,
                Some(stream) => {
                    // It is no beginning, so what was made of it is nothing. Waited for: one more at work would
                    // take memory that nobody has reckoned with.
                    decoded.abort();
                    let _ = decoded.await;
                    tokio::task::spawn_blocking(move || stream.read(&member, MOST_BYTES)).await
                }
            };
            let decoded = decoded.map_err(|lost| self.failed(lost.into()))?;
            match decoded.map_err(|error| self.broken(error))? {
                Decoded::Whole(dump) => return Ok(Some(dump)),
                Decoded::Open(stream) => self.open = Some(stream),
            }
        }
    }

    fn start(&mut self) {
        let compression = self.compression;
        while self.running.len() < self.depth
            && let Some(member) = self.waiting.pop_front()
        {
            let bytes = member.clone();
            let decoded = tokio::task::spawn_blocking(move || decode(compression, bytes));
            self.running.push_back(Running { member, decoded });
        }
    }

    fn broken(&self, source: std::io::Error) -> DecompressError {
        if source.kind() == std::io::ErrorKind::OutOfMemory {
            return self.failed(source);
        }
        DecompressError::Broken {
            name: self.compression.name(),
            source,
        }
    }

    fn failed(&self, source: std::io::Error) -> DecompressError {
        DecompressError::Failed {
            name: self.compression.name(),
            source,
        }
    }
}

/// What one member holds; `OutOfMemory` where that could not be found out. Its bytes must be all of it, and nothing
/// else; of bzip2 they may be its beginning.
fn decode(compression: Compression, member: Bytes) -> std::io::Result<Decoded> {
    match compression {
        Compression::Bzip2 => return Stream::new().read(&member, MOST_BYTES),
        Compression::Gzip => gzip::decode(&member, MOST_BYTES),
        Compression::Xz => xz::decode(&member, MOST_BYTES),
        Compression::Zstd => zstd::decode(&member, MOST_BYTES),
        Compression::None => Ok(member),
    }
    .map(Decoded::Whole)
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
        waiting: 0,
    }
}

#[cfg(test)]
mod false_starts;
#[cfg(test)]
mod tests;
