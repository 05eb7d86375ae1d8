//! Move to front, and its zeros as runs: the block's last column becomes the symbols that are Huffman coded.
//!
//! A byte becomes its place in a list of the bytes used, and moves to the front of the list. Places from 1 on are
//! symbols from 2 on; a run of zeros is written as a number in digits one and two, the symbols 0 and 1; the
//! greatest symbol ends the block.

use super::bits::Bits;
use super::counts::Counts;
use wide::i8x16;

/// The bytes that a block uses.
pub struct Alphabet {
    used: [bool; 256],
}

impl Alphabet {
    /// Of a block with so many of each byte.
    pub fn of(counts: &Counts) -> Self {
        Self {
            used: counts.each().map(|count| count > 0),
        }
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        (0..=255).filter(|byte| self.used[usize::from(*byte)])
    }

    /// How many symbols there are: two for runs, the bytes less the one in front, and the end.
    pub fn symbols(&self) -> usize {
        self.bytes().count() + 2
    }

    /// Which of the sixteen ranges are used, and which bytes in each of these.
    pub fn put(&self, out: &mut Bits) {
        let bits =
            |flags: &mut dyn Iterator<Item = bool>| flags.fold(0, |bits, flag| bits << 1 | u64::from(flag));
        let (ranges, _) = self.used.as_chunks::<16>();
        out.put(bits(&mut ranges.iter().map(|range| range.contains(&true))), 16);
        for range in ranges.iter().filter(|range| range.contains(&true)) {
            out.put(bits(&mut range.iter().copied()), 16);
        }
    }
}

/// Replaces `symbols` by those of the block whose last column this is.
pub fn encode(last_column: &[u8], alphabet: &Alphabet, symbols: &mut Vec<u16>) {
    symbols.clear();
    symbols.reserve(last_column.len() + 1);
    let mut numbers = [0; 256];
    let mut end = 1;
    for (number, byte) in (0..=255).zip(alphabet.bytes()) {
        numbers[usize::from(byte)] = number;
        end += 1;
    }
    // The list costs its whole length for each byte: as short as possible.
    match end - 1 {
        0..=16 => places::<1>(last_column, &numbers, symbols),
        17..=32 => places::<2>(last_column, &numbers, symbols),
        33..=64 => places::<4>(last_column, &numbers, symbols),
        65..=96 => places::<6>(last_column, &numbers, symbols),
        97..=128 => places::<8>(last_column, &numbers, symbols),
        _ => places::<16>(last_column, &numbers, symbols),
    }
    symbols.push(end);
}

/// Instead of a list that is searched, each byte's place in it, all updated at once: a few vector instructions
/// and no branch, where a search is a loop of a length nobody foresees.
///
/// The places are less by 128, because SSE2 compares signed bytes alone. The vectors are written out: where the
/// program as a whole is optimised for size, the compiler makes none of a loop, and this one takes half the time.
fn places<const VECTORS: usize>(last_column: &[u8], numbers: &[u8; 256], symbols: &mut Vec<u16>) {
    let mut places = [i8x16::splat(0); VECTORS];
    let mut ascending = i8::MIN..=i8::MAX;
    for sixteen in &mut places {
        for place in sixteen.as_mut_array() {
            *place = ascending.next().unwrap_or(i8::MAX);
        }
    }
    let mut front = 0;
    let mut zeros = 0;
    for byte in last_column {
        let number = numbers[usize::from(*byte)];
        if number == front {
            zeros += 1;
            continue;
        }
        put_zeros(zeros, symbols);
        zeros = 0;
        front = number;
        let number = usize::from(number);
        let moved = places[number / 16].as_array()[number % 16];
        let (each, least) = (i8x16::splat(moved), i8x16::splat(i8::MIN));
        for sixteen in &mut places {
            // What a comparison holds for becomes -1: those before the moved one go one further.
            let behind = *sixteen - sixteen.simd_lt(each);
            *sixteen = sixteen.simd_eq(each).select(least, behind);
        }
        symbols.push(u16::from(moved.cast_unsigned() ^ 0x80) + 1);
    }
    put_zeros(zeros, symbols);
}

/// A number in digits one and two, the least first: what the bits of the number plus one are, below the highest.
#[inline]
fn put_zeros(zeros: usize, symbols: &mut Vec<u16>) {
    let mut rest = zeros + 1;
    while rest > 1 {
        symbols.push(u16::from(rest % 2 == 1));
        rest /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Dice, shapes};
    use super::*;

    /// With a list.
    fn slow(column: &[u8], alphabet: &Alphabet) -> Vec<u16> {
        let mut list: Vec<u8> = alphabet.bytes().collect();
        let mut symbols = Vec::new();
        let mut zeros = 0;
        let runs = |zeros: &mut usize, symbols: &mut Vec<u16>| {
            let mut digit = 1;
            while *zeros > 0 {
                let symbol = u16::from(*zeros & digit == 0);
                symbols.push(symbol);
                *zeros -= digit << symbol;
                digit *= 2;
            }
        };
        for byte in column {
            let place = list.iter().position(|other| other == byte).unwrap_or(0);
            list.remove(place);
            list.insert(0, *byte);
            if place == 0 {
                zeros += 1;
            } else {
                runs(&mut zeros, &mut symbols);
                symbols.extend(u16::try_from(place + 1));
            }
        }
        runs(&mut zeros, &mut symbols);
        symbols.extend(u16::try_from(list.len() + 1));
        symbols
    }

    #[test]
    fn agrees_with_a_list_for_alphabets_of_every_size() {
        let mut dice = Dice::new(4);
        let mut symbols = Vec::new();
        for bytes in [
            1, 2, 3, 15, 16, 17, 32, 33, 64, 65, 96, 97, 128, 129, 200, 255, 256,
        ] {
            let column: Vec<u8> = (0..3000).map(|_| dice.below(bytes).to_le_bytes()[0]).collect();
            let alphabet = Alphabet::of(&Counts::of(&column));
            encode(&column, &alphabet, &mut symbols);
            assert_eq!(symbols, slow(&column, &alphabet), "{bytes}");
        }
        for (name, column) in shapes() {
            let alphabet = Alphabet::of(&Counts::of(&column));
            encode(&column, &alphabet, &mut symbols);
            assert_eq!(symbols, slow(&column, &alphabet), "{name}");
        }
    }

    #[test]
    fn an_alphabet_is_two_levels_of_bits() {
        let mut bits = Bits::default();
        Alphabet::of(&Counts::of(b"0127")).put(&mut bits);
        assert_eq!(bits.finish(), [0b0001_0000, 0, 0b1110_0001, 0]);
    }
}
