//! The code tables of a block: two to six, and for each group of fifty symbols the one it is coded with.
//!
//! Which symbols go with which is found by turns: each group takes the table cheapest for it, then each table is
//! made for its groups.

use super::bits::Bits;
use super::huffman::{self, LONGEST, SYMBOLS};

const GROUP: usize = 50;
const MOST: usize = 6;
/// More make a block less than a thousandth smaller.
const TURNS: usize = 4;

/// So many bits hold the cost of a group under one table: six of them fit in a word, and one addition a symbol
/// counts the costs under all tables.
const FIELD: u32 = 10;
const _: () = assert!(GROUP * (LONGEST as usize) < 1 << FIELD && MOST * (FIELD as usize) <= 64);

/// Slots for symbols, a power of two: masking an index is cheaper than checking it.
const SLOTS: usize = SYMBOLS.next_power_of_two();
type Slots<T> = [T; SLOTS];

const fn slot(symbol: u16) -> usize {
    symbol as usize % SLOTS
}

/// What a block is coded with.
#[derive(Default)]
pub struct Tables {
    /// For each table, the code length of each symbol.
    lengths: Vec<[u8; SYMBOLS]>,
    /// For each group, its table.
    selectors: Vec<u8>,
    symbols: usize,
    coded_bits: usize,
}

impl Tables {
    /// Makes them for the symbols of a block, `symbols` different ones.
    pub fn fit(&mut self, block: &[u16], symbols: usize) {
        // The numbers are those of `bzip2`: a table must earn the bits that describe it.
        let tables = match block.len() {
            0..200 => 2,
            200..600 => 3,
            600..1200 => 4,
            1200..2400 => 5,
            _ => MOST,
        };
        self.symbols = symbols;
        self.divide(block, tables);
        let mut counts = Vec::new();
        for _ in 0..TURNS {
            self.select(block);
            counts = self.count(block);
            self.lengths.clear();
            self.lengths
                .extend(counts.iter().map(|counts| huffman::lengths(&counts[..symbols])));
        }
        let bits = counts.iter().zip(&self.lengths).flat_map(|(counts, lengths)| {
            let each = counts.iter().zip(lengths);
            each.map(|(count, length)| *count as usize * usize::from(*length))
        });
        self.coded_bits = bits.sum();
    }

    /// To begin as `bzip2` does: each table cheap for a part of the alphabet, the first for the rarest symbols;
    /// all parts occur about as often.
    fn divide(&mut self, block: &[u16], tables: usize) {
        const CHEAP: u8 = 0;
        const DEAR: u8 = 15;
        self.selectors.clear();
        self.selectors.resize(block.len().div_ceil(GROUP), 0);
        self.lengths.clear();
        self.lengths.resize(1, [DEAR; SYMBOLS]);
        let counts = self.count(block);
        let counts = &counts[0][..self.symbols];
        self.lengths.resize(tables, [DEAR; SYMBOLS]);
        let (mut start, mut left) = (0, block.len());
        for (part, lengths) in self.lengths.iter_mut().rev().enumerate() {
            let share = left / (tables - part);
            let (mut end, mut occurring) = (start, 0);
            while end < counts.len() && (occurring < share || end == start) {
                occurring += counts[end] as usize;
                end += 1;
            }
            // A part reaches its share with a symbol too many: every second one leaves it to the next.
            if part % 2 == 1 && part + 1 < tables && end > start + 1 {
                end -= 1;
                occurring -= counts[end] as usize;
            }
            lengths[start..end].fill(CHEAP);
            (start, left) = (end, left - occurring);
        }
    }

    /// For each group, the table cheapest for it.
    fn select(&mut self, block: &[u16]) {
        let mut costs: Slots<u64> = [0; SLOTS];
        for (table, lengths) in (0..).zip(&self.lengths) {
            for (cost, length) in costs.iter_mut().zip(lengths) {
                *cost |= u64::from(*length) << (FIELD * table);
            }
        }
        for (selector, group) in self.selectors.iter_mut().zip(block.chunks(GROUP)) {
            let sums: u64 = group.iter().map(|symbol| costs[slot(*symbol)]).sum();
            let mut least = u64::MAX;
            for table in 0..self.lengths.len() {
                // The cost, and which table's it is.
                let cost = sums >> (FIELD as usize * table) & ((1 << FIELD) - 1);
                least = least.min(cost << 8 | table as u64);
            }
            *selector = least.to_le_bytes()[0];
        }
    }

    /// How often each symbol occurs in the groups of each table.
    fn count(&self, block: &[u16]) -> Vec<Slots<u32>> {
        let mut counts = vec![[0; SLOTS]; self.lengths.len()];
        for (selector, group) in self.selectors.iter().zip(block.chunks(GROUP)) {
            if let Some(counts) = counts.get_mut(usize::from(*selector)) {
                for symbol in group {
                    counts[slot(*symbol)] += 1;
                }
            }
        }
        counts
    }

    /// A bound on the bits of all that is put.
    pub fn coded_bits(&self) -> usize {
        let alphabet = 17 * 16;
        let lengths = self.lengths.len() * (5 + self.symbols * (2 * usize::from(LONGEST) + 1));
        self.coded_bits + self.selectors.len() * MOST + lengths + alphabet + 200
    }

    /// Puts the tables, and which group takes which.
    pub fn put(&self, out: &mut Bits) {
        out.put(self.lengths.len() as u64, 3);
        out.put(self.selectors.len() as u64, 15);
        let mut recent: [u8; MOST] = std::array::from_fn(|table| table.to_le_bytes()[0]);
        for selector in &self.selectors {
            // Its place among the tables used last, as so many ones and a zero.
            let mut next = *selector;
            for table in &mut recent {
                std::mem::swap(table, &mut next);
                if next == *selector {
                    break;
                }
                out.put(1, 1);
            }
            out.put(0, 1);
        }
        for lengths in &self.lengths {
            let mut length = lengths[0];
            out.put(length.into(), 5);
            for next in &lengths[..self.symbols] {
                // One up: 10. One down: 11. This is it: 0.
                let step = if *next > length { 0b10 } else { 0b11 };
                for _ in 0..next.abs_diff(length) {
                    out.put(step, 2);
                }
                out.put(0, 1);
                length = *next;
            }
        }
    }

    /// Puts the block.
    pub fn put_coded(&self, block: &[u16], out: &mut Bits) {
        let codes: Vec<Slots<u32>> = self
            .lengths
            .iter()
            .map(|lengths| packed(&lengths[..self.symbols]))
            .collect();
        for (selector, group) in self.selectors.iter().zip(block.chunks(GROUP)) {
            let Some(codes) = codes.get(usize::from(*selector)) else {
                continue;
            };
            let put = |symbols: &[u16], out: &mut Bits| {
                let (mut bits, mut length) = (0, 0);
                for symbol in symbols {
                    let code = codes[slot(*symbol)];
                    bits = bits << (code & 0xff) | u64::from(code >> 8);
                    length += code & 0xff;
                }
                out.put(bits, length);
            };
            // Three codes are at most 51 bits: one step of the writer.
            let (threes, rest) = group.as_chunks::<3>();
            for three in threes {
                put(three, out);
            }
            put(rest, out);
        }
    }
}

/// Each code, with its length in the low eight bits.
fn packed(lengths: &[u8]) -> Slots<u32> {
    let mut packed = [0; SLOTS];
    for (slot, code) in packed.iter_mut().zip(huffman::codes(lengths)) {
        *slot = code.bits << 8 | code.length;
    }
    packed
}
