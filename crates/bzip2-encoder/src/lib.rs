//! An encoder of bzip2: one stream of whole blocks, as every `bzip2 -d` reads it.
//!
//! The format is that of `bzip2` 1.0, described by its manual and source and, bit by bit, in Joe Tsai's "bzip2:
//! Format Specification" (2016). What differs is how the blocks are made: the sorter is libsais, and each stage
//! is written for today's processors, about twice as fast as the library's own.
//!
//! Of each block: [`run_length`], [`sort`] (on the [`rotation`] that makes it possible), [`move_to_front`],
//! [`tables`] of [`huffman`] codes, and [`bits`], with a [`crc`] over what went in.

mod bits;
mod counts;
mod crc;
mod huffman;
mod move_to_front;
mod rotation;
mod run_length;
mod sort;
mod tables;

use bits::Bits;
use counts::Counts;
use move_to_front::Alphabet;
use sort::Sorter;
use std::io;
use tables::Tables;

/// `BZh`, and the level as a digit.
const STREAM_MAGIC: u64 = 0x42_5a68;
const BLOCK_MAGIC: u64 = 0x3141_5926_5359;
const END_MAGIC: u64 = 0x1772_4538_5090;

/// Makes streams, one after another, in the same memory: at most 8 MB at level 9, the stream included.
pub struct Encoder {
    level: u32,
    block: Vec<u8>,
    symbols: Vec<u16>,
    sorter: Sorter,
    tables: Tables,
}

impl Encoder {
    /// For blocks of `level` (1 to 9) times 100,000 bytes.
    pub fn new(level: u32) -> Self {
        Self {
            level: level.clamp(1, 9),
            block: Vec::new(),
            symbols: Vec::new(),
            sorter: Sorter::default(),
            tables: Tables::default(),
        }
    }

    /// One whole stream.
    ///
    /// # Errors
    ///
    /// Memory has run out, or the sorter contradicts itself.
    pub fn stream(&mut self, mut input: &[u8]) -> io::Result<Vec<u8>> {
        let block_bytes = self.level as usize * 100_000 - 19;
        let mut out = Bits::default();
        out.put(STREAM_MAGIC, 24);
        out.put(u64::from(b'0') + u64::from(self.level), 8);
        let mut checksum = 0;
        while !input.is_empty() {
            self.block.clear();
            self.block.reserve(block_bytes.min(input.len() + input.len() / 4));
            let taken = run_length::fill(&mut self.block, block_bytes, input);
            let (now, later) = input.split_at(taken);
            let crc = crc::of_block(now);
            checksum = crc::combine(checksum, crc);
            self.put_block(&mut out, crc)?;
            input = later;
        }
        out.put(END_MAGIC, 48);
        out.put(u64::from(checksum), 32);
        Ok(out.finish())
    }

    fn put_block(&mut self, out: &mut Bits, crc: u32) -> io::Result<()> {
        let counts = Counts::of(&self.block);
        let row = self.sorter.transform(&mut self.block, &counts)?;
        let alphabet = Alphabet::of(&counts);
        move_to_front::encode(&self.block, &alphabet, &mut self.symbols);
        self.tables.fit(&self.symbols, alphabet.symbols());

        out.reserve(self.tables.coded_bits());
        out.put(BLOCK_MAGIC, 48);
        out.put(u64::from(crc), 32);
        // Bit: whether the block is "randomised", as no encoder has done since 1997.
        out.put(0, 1);
        out.put(row.into(), 24);
        alphabet.put(out);
        self.tables.put(out);
        self.tables.put_coded(&self.symbols, out);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
