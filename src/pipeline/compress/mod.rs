//! Compress: the stream in pieces, each made a member of its own on a blocking thread, given out in order.
//!
//! Members are what the format calls streams (bzip2, xz), members (gzip) or frames (zstd): whole files in
//! themselves. One after another they are a standard file as well, which the stock tool reads as one.

mod blocks;
mod encoders;
pub mod gzip;
mod pieces;
mod workers;
pub mod xz;
pub mod zstd;

use crate::config::Compression;
use bytes::Bytes;
use encoders::Encoders;
use pieces::Pieces;
use std::collections::VecDeque;
use tokio::task::JoinHandle;
pub use workers::Workers;

/// The encoder failed, or its thread.
#[derive(Debug, thiserror::Error)]
#[error("compressing a block failed")]
pub struct CompressError(#[source] std::io::Error);

/// A stream on its way to its stored form.
pub struct Compressor {
    compression: Compression,
    cutter: Option<Cutter>,
    level: u32,
    workers: Workers,
    depth: usize,
    queue: VecDeque<JoinHandle<std::io::Result<Bytes>>>,
    members: u64,
}

impl Compressor {
    /// Gives these workers, which others may share, enough to do for `threads` of them.
    pub fn new(compression: Compression, level: u32, threads: usize, workers: &Workers) -> Self {
        Self {
            compression,
            cutter: Cutter::new(compression, level),
            level,
            workers: workers.clone(),
            // One block waits ready, so that no worker waits for the next one to be read.
            depth: threads.max(1) + 1,
            queue: VecDeque::new(),
            members: 0,
        }
    }

    /// Takes the next bytes of the dump; gives out what has become ready to store.
    pub async fn write(&mut self, mut piece: Bytes) -> Result<Vec<Bytes>, CompressError> {
        if self.cutter.is_none() {
            return Ok(vec![piece]);
        }
        let mut ready = Vec::new();
        while !piece.is_empty() {
            if let Some(block) = self.cutter.as_mut().and_then(|cutter| cutter.take(&mut piece)) {
                ready.extend(self.submit(block).await?);
            }
        }
        Ok(ready)
    }

    /// The rest.
    pub async fn finish(&mut self) -> Result<Vec<Bytes>, CompressError> {
        let mut ready = Vec::new();
        if let Some(block) = self.cutter.as_mut().and_then(Cutter::finish) {
            ready.extend(self.submit(block).await?);
        }
        while let Some(member) = self.queue.pop_front() {
            ready.push(joined(member).await?);
        }
        Ok(ready)
    }

    /// How many streams stand one after another in what was given out.
    pub fn members(&self) -> u64 {
        self.members
    }

    async fn submit(&mut self, block: Bytes) -> Result<Option<Bytes>, CompressError> {
        let full = self.queue.len() >= self.depth;
        let ready = match self.queue.pop_front_if(|_| full) {
            Some(member) => Some(joined(member).await?),
            None => None,
        };
        let (workers, encoders) = (self.workers.clone(), self.workers.encoders.clone());
        let (compression, level) = (self.compression, self.level);
        self.members += 1;
        self.queue.push_back(tokio::spawn(async move {
            workers
                .run(move || member(compression, &encoders, block, level))
                .await
        }));
        Ok(ready)
    }
}

impl Drop for Compressor {
    /// Of a dump that has failed nothing more is compressed; and a program that waits for its next run holds no
    /// encoders.
    fn drop(&mut self) {
        for member in &self.queue {
            member.abort();
        }
        self.workers.encoders.clear();
    }
}

async fn joined(member: JoinHandle<std::io::Result<Bytes>>) -> Result<Bytes, CompressError> {
    member
        .await
        .map_err(std::io::Error::from)
        .flatten()
        .map_err(CompressError)
}

/// What becomes one member.
enum Cutter {
    Blocks(blocks::Cutter),
    Pieces(Pieces),
}

impl Cutter {
    fn new(compression: Compression, level: u32) -> Option<Self> {
        match compression {
            Compression::Bzip2 => Some(Self::Blocks(blocks::Cutter::new(level))),
            _ => piece_bytes(compression, level).map(|bytes| Self::Pieces(Pieces::new(bytes))),
        }
    }

    fn take(&mut self, piece: &mut Bytes) -> Option<Bytes> {
        match self {
            Self::Blocks(cutter) => cutter.take(piece),
            Self::Pieces(cutter) => cutter.take(piece),
        }
    }

    fn finish(&mut self) -> Option<Bytes> {
        match self {
            Self::Blocks(cutter) => cutter.finish(),
            Self::Pieces(cutter) => cutter.finish(),
        }
    }
}

/// What a member holds, where that is a matter of choice.
fn piece_bytes(compression: Compression, level: u32) -> Option<usize> {
    match compression {
        Compression::Gzip => Some(gzip::PIECE_BYTES),
        Compression::Xz => Some(xz::piece_bytes(level)),
        Compression::Zstd => Some(zstd::piece_bytes(level)),
        Compression::Bzip2 | Compression::None => None,
    }
}

fn member(
    compression: Compression,
    bzip2_encoders: &Encoders,
    block: Bytes,
    level: u32,
) -> std::io::Result<Bytes> {
    match compression {
        Compression::Bzip2 => bzip2_encoders.member(&block, level),
        Compression::Gzip => gzip::member(&block, level),
        Compression::Xz => xz::member(&block, level),
        Compression::Zstd => zstd::member(&block, level),
        Compression::None => Ok(block),
    }
}

/// Memory that compressing or decompressing takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// For each thread.
    pub per_thread: u64,
    /// For each dump.
    pub beside: u64,
    /// For each dump beyond the threads: its pieces wait for one all the same.
    pub waiting: u64,
}

impl Memory {
    /// With so many threads for so many dumps side by side.
    pub fn with(self, threads: u64, dumps: u64) -> u64 {
        threads * self.per_thread + dumps * self.beside + dumps.saturating_sub(threads) * self.waiting
    }
}

/// What compressing takes: for each thread an encoder, the piece that goes in and what comes out; and the two
/// pieces that are being read or wait.
pub fn memory(compression: Compression, level: u32) -> Memory {
    const MIB: usize = 1024 * 1024;
    let piece = piece_bytes(compression, level).unwrap_or(0);
    let encoder = match compression {
        // Pieces included.
        Compression::Bzip2 => 9 * MIB,
        Compression::Gzip => MIB,
        Compression::Xz => xz::encoder_bytes(level),
        Compression::Zstd => zstd::encoder_bytes(level),
        Compression::None => 0,
    };
    Memory {
        per_thread: (encoder + piece + piece / 2) as u64,
        beside: 2 * piece as u64,
        waiting: match compression {
            Compression::Bzip2 => 3 * MIB,
            _ => piece,
        } as u64,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pipeline::noise;
    use std::io::Read;

    async fn compress(compression: Compression, data: &[u8], threads: usize) -> (Vec<u8>, u64) {
        compress_with(compression, data, threads, &Workers::new(threads)).await
    }

    async fn compress_with(
        compression: Compression,
        data: &[u8],
        threads: usize,
        workers: &Workers,
    ) -> (Vec<u8>, u64) {
        let mut compressor = Compressor::new(compression, 1, threads, workers);
        let mut out = Vec::new();
        for piece in data.chunks(32_768) {
            for ready in compressor.write(Bytes::copy_from_slice(piece)).await.unwrap() {
                out.extend_from_slice(&ready);
            }
        }
        for ready in compressor.finish().await.unwrap() {
            out.extend_from_slice(&ready);
        }
        (out, compressor.members())
    }

    #[tokio::test]
    async fn members_come_in_order_and_decode_to_the_input() {
        let data: Vec<u8> = (0..400_000u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        let (one, members) = compress(Compression::Bzip2, &data, 1).await;
        let (four, _) = compress(Compression::Bzip2, &data, 4).await;
        assert_eq!(one, four);
        assert!(members >= 16);
        let mut back = Vec::new();
        bzip2::read::MultiBzDecoder::new(one.as_slice())
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, data);
    }

    #[tokio::test]
    async fn two_dumps_share_the_workers_and_leave_no_encoder() {
        let data = noise(1_000_000);
        for threads in 1..=2 {
            let workers = Workers::new(threads);
            let one = || compress_with(Compression::Bzip2, &data, 2, &workers);
            let (first, second) = tokio::join!(one(), one());
            assert_eq!(first, second);
            assert!((1..=threads).contains(&workers.seen.most()));
            assert_eq!(workers.encoders.idle_count(), 0);
        }
    }

    #[tokio::test]
    async fn a_dump_that_is_given_up_takes_its_waiting_pieces_along() {
        let workers = Workers::new(1);
        let mut compressor = Compressor::new(Compression::Gzip, 1, 3, &workers);
        // No other task has run yet: all of them wait.
        compressor
            .write(noise(3 * gzip::PIECE_BYTES).into())
            .await
            .unwrap();
        drop(compressor);
        tokio::task::yield_now().await;
        assert_eq!(workers.run(|| Ok("next".into())).await.unwrap(), "next");
        assert_eq!(workers.seen.begun(), 1);
    }

    #[tokio::test]
    async fn none_passes_through() {
        assert_eq!(
            compress(Compression::None, b"as it is", 2).await,
            (b"as it is".to_vec(), 0)
        );
    }
}
