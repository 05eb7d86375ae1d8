//! The block sort (M. Burrows, D. Wheeler, "A block-sorting lossless data compression algorithm", 1994): the
//! last column of the sorted rotations, and the row in which the block itself stands.

use super::counts::Counts;
use super::rotation;
use libsais::bwt::{AuxIndicesSamplingRate, BwtConstruction};
use std::io;

/// The sorter tells the rows of every so many-th suffix: of more would take memory, of fewer would take steps.
const SAMPLING: i32 = 16;
const STEP: usize = SAMPLING as usize;

/// What went wrong if a result can't be: nothing but a fault of the machine or the sorter.
fn contradiction() -> io::Error {
    io::Error::other("the block sorter contradicts itself")
}

/// The sorter's memory: less than five times the block.
#[derive(Default)]
pub struct Sorter {
    suffixes: Vec<i32>,
    rows: Vec<i32>,
}

impl Sorter {
    /// Replaces `block`, in which there are so many of each byte, by the last column; gives the row of the block.
    ///
    /// If the block is a string repeated, several rows are equal; it is one of them.
    pub fn transform(&mut self, block: &mut [u8], counts: &Counts) -> io::Result<u32> {
        let len = block.len();
        if len < 2 {
            return Ok(0);
        }
        let begin = rotation::least(block);
        block.rotate_left(begin);
        self.suffixes.resize(len, 0);
        self.rows.resize((len - 1) / STEP + 1, 0);
        BwtConstruction::replace_text(block)
            .with_borrowed_temporary_array_buffer(&mut self.suffixes)
            .single_threaded()
            .with_aux_indices_in_buffer(AuxIndicesSamplingRate::new(SAMPLING), &mut self.rows)
            .run()
            .map_err(io::Error::other)?;
        // A column holds the bytes of the block.
        if Counts::of(block) != *counts {
            return Err(contradiction());
        }
        self.row_of((len - begin) % len, block, counts)
    }

    /// The row of the rotation that begins at `wanted`: from the next suffix whose row is known, as a decoder
    /// goes, back.
    fn row_of(&self, wanted: usize, last_column: &[u8], counts: &Counts) -> io::Result<u32> {
        let len = last_column.len();
        let sample = wanted.div_ceil(STEP);
        // After the last comes the first.
        let (known, steps) = match self.rows.get(sample) {
            Some(row) => (row, sample * STEP - wanted),
            None => (&self.rows[0], len - wanted),
        };
        // Rows are counted from one: in row zero there would be the empty suffix.
        let known = usize::try_from(*known).ok().and_then(|row| row.checked_sub(1));
        let mut row = known.filter(|row| *row < len).ok_or_else(contradiction)?;
        for _ in 0..steps {
            let byte = last_column[row];
            row = counts.less(byte) + memchr::memchr_iter(byte, &last_column[..row]).count();
        }
        u32::try_from(row).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::Dice;
    use super::*;

    /// Sorts all rotations, and compares.
    fn check(sorter: &mut Sorter, block: &[u8]) {
        let mut rotations: Vec<Vec<u8>> = (0..block.len())
            .map(|begin| [&block[begin..], &block[..begin]].concat())
            .collect();
        rotations.sort();
        let column: Vec<u8> = rotations
            .iter()
            .map(|rotation| *rotation.last().unwrap())
            .collect();
        let mut sorted = block.to_vec();
        let row = sorter.transform(&mut sorted, &Counts::of(block)).unwrap();
        assert_eq!(sorted, column, "{block:?}");
        assert_eq!(rotations[row as usize], block, "{block:?}");
    }

    #[test]
    fn agrees_with_sorting_all_rotations() {
        let mut dice = Dice::new(2);
        let mut sorter = Sorter::default();
        for alphabet in 1..=4 {
            for _ in 0..3000 {
                let block = dice.string(40, alphabet);
                check(&mut sorter, &block);
                // Periodic, whole and cut.
                let mut repeated = block.repeat(3);
                check(&mut sorter, &repeated);
                repeated.pop();
                if !repeated.is_empty() {
                    check(&mut sorter, &repeated);
                }
            }
        }
    }

    #[test]
    fn bytes_sort_unsigned() {
        let mut sorter = Sorter::default();
        check(&mut sorter, &(0..=255).collect::<Vec<u8>>());
        check(&mut sorter, &(0..=255).rev().collect::<Vec<u8>>());
        check(&mut sorter, &[255, 0, 128, 127, 255, 0]);
        check(&mut sorter, &[7]);
    }

    #[test]
    fn a_row_that_cannot_be_is_an_error() {
        for row in [0, -1, 4] {
            let sorter = Sorter {
                suffixes: Vec::new(),
                rows: vec![row],
            };
            assert!(sorter.row_of(0, b"abc", &Counts::of(b"abc")).is_err(), "{row}");
        }
    }
}
