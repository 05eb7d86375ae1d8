//! Compress: each block a bzip2 stream of its own, made on a blocking thread, given out in order.
//!
//! Streams one after another are a standard `.bz2`: `bzip2 -d` reads them as one.

mod blocks;

use crate::config::Compression;
use blocks::Cutter;
use bytes::Bytes;
use bzip2_encoder::Encoder;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The encoder failed, or its thread.
#[derive(Debug, thiserror::Error)]
#[error("compressing a block failed")]
pub struct CompressError(#[source] std::io::Error);

/// A stream on its way to its stored form.
pub struct Compressor {
    cutter: Option<Cutter>,
    level: u32,
    workers: Arc<Semaphore>,
    /// Those not at work. There are never more than workers.
    encoders: Arc<Mutex<Vec<Encoder>>>,
    depth: usize,
    queue: VecDeque<JoinHandle<std::io::Result<Bytes>>>,
    members: u64,
}

impl Compressor {
    /// Compresses on up to `threads` threads at a time.
    pub fn new(compression: Compression, level: u32, threads: usize) -> Self {
        let threads = threads.max(1);
        Self {
            cutter: match compression {
                Compression::Bzip2 => Some(Cutter::new(level)),
                Compression::None => None,
            },
            level,
            workers: Arc::new(Semaphore::new(threads)),
            encoders: Arc::default(),
            // One block waits ready, so that no worker waits for the next one to be read.
            depth: threads + 1,
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
        let (workers, encoders) = (Arc::clone(&self.workers), Arc::clone(&self.encoders));
        let level = self.level;
        self.members += 1;
        self.queue.push_back(tokio::spawn(async move {
            let _worker = workers.acquire_owned().await.map_err(std::io::Error::other)?;
            tokio::task::spawn_blocking(move || bzip2_member(&encoders, &block, level)).await?
        }));
        Ok(ready)
    }
}

async fn joined(member: JoinHandle<std::io::Result<Bytes>>) -> Result<Bytes, CompressError> {
    member
        .await
        .map_err(std::io::Error::from)
        .flatten()
        .map_err(CompressError)
}

/// One whole bzip2 stream, by an encoder whose memory is there already if possible.
fn bzip2_member(encoders: &Mutex<Vec<Encoder>>, block: &[u8], level: u32) -> std::io::Result<Bytes> {
    let idle = || encoders.lock().unwrap_or_else(PoisonError::into_inner);
    let encoder = idle().pop();
    let mut encoder = encoder.unwrap_or_else(|| Encoder::new(level));
    let member = encoder.stream(block)?;
    idle().push(encoder);
    Ok(member.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;

    async fn compress(compression: Compression, data: &[u8], threads: usize) -> (Vec<u8>, u64) {
        let mut compressor = Compressor::new(compression, 1, threads);
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
    async fn none_passes_through() {
        assert_eq!(
            compress(Compression::None, b"as it is", 2).await,
            (b"as it is".to_vec(), 0)
        );
    }
}
