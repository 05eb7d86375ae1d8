//! Cutting the stream into pieces that fill exactly one bzip2 block each.
//!
//! A bzip2 block holds `level` × 100,000 − 19 bytes, counted after the format's first run-length stage, so the
//! cutter counts as that stage does. Cutting at a flat 900,000 would make two blocks of each piece, the second
//! of 19 bytes.

use bytes::{Bytes, BytesMut};

/// A run of equal bytes longer than this becomes two.
const LONGEST_RUN: u8 = 255;

/// Cuts a stream into pieces.
pub struct Cutter {
    block: BytesMut,
    block_bytes: usize,
    raw_limit: usize,
    encoded: usize,
    last: Option<u8>,
    run: u8,
}

impl Cutter {
    /// For blocks of `level` (1 to 9).
    pub fn new(level: u32) -> Self {
        let hundred_thousands = level as usize * 100_000;
        Self {
            block: BytesMut::new(),
            block_bytes: hundred_thousands - 19,
            // Long runs shrink 50-fold before they reach the block: without a limit on what goes in, a dump
            // full of zeros would take 46 MB for each block.
            raw_limit: 2 * hundred_thousands,
            encoded: 0,
            last: None,
            run: 0,
        }
    }

    /// Takes from `piece` what still fits; gives out the block when it is full.
    pub fn take(&mut self, piece: &mut Bytes) -> Option<Bytes> {
        let room = self.raw_limit - self.block.len();
        let mut taken = 0;
        for &byte in piece.iter().take(room) {
            let same = self.last == Some(byte) && self.run < LONGEST_RUN;
            let run = if same { self.run + 1 } else { 1 };
            // The fourth of a run brings its count byte; those after it are only counted.
            let cost = match run {
                1..=3 => 1,
                4 => 2,
                _ => 0,
            };
            if self.encoded + cost > self.block_bytes {
                break;
            }
            self.encoded += cost;
            self.last = Some(byte);
            self.run = run;
            taken += 1;
        }
        if self.block.capacity() == 0 {
            self.block.reserve(self.block_bytes);
        }
        self.block.extend_from_slice(&piece.split_to(taken));
        let full = !piece.is_empty() || self.block.len() == self.raw_limit;
        full.then(|| self.cut())
    }

    /// What is left at the end of the stream.
    pub fn finish(&mut self) -> Option<Bytes> {
        (!self.block.is_empty()).then(|| self.cut())
    }

    fn cut(&mut self) -> Bytes {
        self.encoded = 0;
        self.last = None;
        self.run = 0;
        std::mem::take(&mut self.block).freeze()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pipeline::noise;
    use bzip2_encoder::Encoder;

    fn cut(data: &[u8], piece: usize) -> Vec<Bytes> {
        let mut cutter = Cutter::new(1);
        let mut blocks = Vec::new();
        for chunk in data.chunks(piece) {
            let mut chunk = Bytes::copy_from_slice(chunk);
            while !chunk.is_empty() {
                blocks.extend(cutter.take(&mut chunk));
            }
        }
        blocks.extend(cutter.finish());
        blocks
    }

    /// Blocks in a bzip2 stream: their 48-bit magic stands at any bit.
    fn count_blocks(stream: &[u8]) -> usize {
        let mut window = 0u64;
        let mut found = 0;
        for byte in stream {
            for bit in (0..8).rev() {
                window = (window << 1 | u64::from(byte >> bit & 1)) & 0xffff_ffff_ffff;
                found += usize::from(window == 0x3141_5926_5359);
            }
        }
        found
    }

    /// Every third stretch is a run, of every length around the steps of the run-length stage.
    fn runs(bytes: usize) -> Vec<u8> {
        let mut data = Vec::new();
        for (index, byte) in noise(bytes).into_iter().enumerate() {
            data.extend(std::iter::repeat_n(byte, [1, 2, 3, 4, 5, 255, 256, 7][index % 8]));
        }
        data
    }

    #[test]
    fn pieces_join_to_the_input_and_fill_one_block_each() {
        for data in [noise(450_000), runs(20_000), vec![7; 1_000_000]] {
            for piece in [1000, 32_768, 10_000_000] {
                let blocks = cut(&data, piece);
                assert_eq!(blocks.concat(), data);
                for block in &blocks {
                    assert_eq!(count_blocks(&Encoder::new(1).stream(block).unwrap()), 1);
                }
            }
        }
    }

    #[test]
    fn a_block_of_noise_is_filled_to_the_last_byte() {
        let blocks = cut(&noise(300_000), 32_768);
        assert!(blocks[0].len() >= 99_000, "{}", blocks[0].len());
        // One byte more would make two blocks.
        let data = noise(300_000);
        let one_more = &data[..=blocks[0].len()];
        assert_eq!(count_blocks(&Encoder::new(1).stream(one_more).unwrap()), 2);
    }
}
