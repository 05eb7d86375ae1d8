//! Decompress: an object's members on blocking threads, given out in order.

mod members;

use crate::config::Compression;
use bytes::Bytes;
use members::Members;
pub use members::MembersError;
use std::collections::VecDeque;
use std::io::Read;
use tokio::task::JoinHandle;

/// What one member may become: far more than lifeboat ever puts into one.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The stored bytes do not decompress.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// They are not members.
    #[error(transparent)]
    Members(#[from] MembersError),
    /// A member is broken.
    #[error("a bzip2 stream in the object is broken")]
    Broken(#[source] std::io::Error),
}

/// An object on its way back to a dump.
pub struct Decompressor {
    members: Option<Members>,
    depth: usize,
    waiting: VecDeque<Bytes>,
    running: VecDeque<JoinHandle<std::io::Result<Bytes>>>,
}

impl Decompressor {
    /// Decompresses on up to `threads` threads at a time.
    pub fn new(compression: Compression, threads: usize) -> Self {
        Self {
            members: match compression {
                Compression::Bzip2 => Some(Members::new()),
                Compression::None => None,
            },
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
        if self.members.is_none() {
            return Ok(self.waiting.pop_front());
        }
        while self.running.len() < self.depth
            && let Some(member) = self.waiting.pop_front()
        {
            self.running
                .push_back(tokio::task::spawn_blocking(move || decode(&member)));
        }
        match self.running.pop_front() {
            None => Ok(None),
            Some(dump) => dump
                .await
                .map_err(std::io::Error::from)
                .flatten()
                .map(Some)
                .map_err(DecompressError::Broken),
        }
    }
}

/// One member, which must end where its bytes do.
fn decode(member: &[u8]) -> std::io::Result<Bytes> {
    let mut dump = Vec::with_capacity(1024 * 1024);
    let mut decoder = bzip2::read::BzDecoder::new(member);
    (&mut decoder).take(MOST_BYTES + 1).read_to_end(&mut dump)?;
    if dump.len() as u64 > MOST_BYTES {
        return Err(std::io::Error::other(
            "it holds far more than lifeboat puts into one",
        ));
    }
    if decoder.total_in() != member.len() as u64 {
        return Err(std::io::Error::other("bytes follow its end"));
    }
    Ok(dump.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pipeline::compress::Compressor;

    async fn decompress(object: &[u8], threads: usize) -> Result<Vec<u8>, DecompressError> {
        let mut decompressor = Decompressor::new(Compression::Bzip2, threads);
        let mut dump = Vec::new();
        for piece in object.chunks(100_000) {
            decompressor.push(Bytes::copy_from_slice(piece))?;
            while let Some(piece) = decompressor.next().await? {
                dump.extend_from_slice(&piece);
            }
        }
        decompressor.end()?;
        while let Some(piece) = decompressor.next().await? {
            dump.extend_from_slice(&piece);
        }
        Ok(dump)
    }

    #[tokio::test]
    async fn gives_back_what_was_compressed_and_nothing_of_what_was_broken() {
        let data: Vec<u8> = (0..300_000u32).flat_map(|n| (n / 3).to_le_bytes()).collect();
        let mut compressor = Compressor::new(Compression::Bzip2, 1, 2);
        let mut object: Vec<u8> = compressor.write(data.clone().into()).await.unwrap().concat();
        object.extend(compressor.finish().await.unwrap().concat());
        assert_eq!(decompress(&object, 2).await.unwrap(), data);

        // Cut inside the last member, a byte of it changed, bytes after it.
        assert!(decompress(&object[..object.len() - 1], 2).await.is_err());
        let mut flipped = object.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        assert!(decompress(&flipped, 2).await.is_err());
        object.push(0);
        assert!(decompress(&object, 2).await.is_err());
    }
}
