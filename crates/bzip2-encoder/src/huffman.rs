//! Huffman codes no longer than the format's encoders make them.

/// The most symbols there can be: two for runs, 255 places, the end.
pub const SYMBOLS: usize = 258;

/// `bzip2` decodes 20, but has made no more than 17 since version 1.0.3.
pub const LONGEST: u8 = 17;

/// The lengths of a code for symbols that occur so often. Every symbol gets a code: the format knows no others.
pub fn lengths(counts: &[u32]) -> [u8; SYMBOLS] {
    let symbols = counts.len().min(SYMBOLS);
    let mut weights = [0; SYMBOLS];
    for (weight, count) in weights.iter_mut().zip(counts) {
        *weight = (*count).max(1);
    }
    loop {
        let lengths = optimal(&weights[..symbols]);
        if lengths.iter().all(|length| *length <= LONGEST) {
            return lengths;
        }
        // Flatter weights make a shallower tree; it ends where all are alike.
        for weight in &mut weights {
            *weight = *weight / 2 + 1;
        }
    }
}

/// Without a limit: the two lightest nodes join, until one is left. Leaves are sorted once, and joined nodes come
/// in ascending order by themselves (J. van Leeuwen, "On the construction of Huffman trees", 1976).
fn optimal(weights: &[u32]) -> [u8; SYMBOLS] {
    let leaves = weights.len();
    let mut lengths = [0; SYMBOLS];
    if leaves < 2 {
        return lengths;
    }
    let mut order = [(0, 0u16); SYMBOLS];
    for ((slot, weight), symbol) in order.iter_mut().zip(weights).zip(0..) {
        *slot = (*weight, symbol);
    }
    let order = &mut order[..leaves];
    order.sort_unstable();

    let root = 2 * leaves - 2;
    let mut weight = [0; 2 * SYMBOLS];
    let mut parent = [0; 2 * SYMBOLS];
    for (slot, (leaf, _)) in weight.iter_mut().zip(&*order) {
        *slot = *leaf;
    }
    let (mut leaf, mut joined) = (0, leaves);
    for new in leaves..=root {
        for _ in 0..2 {
            let next = if leaf < leaves && (joined == new || weight[leaf] <= weight[joined]) {
                &mut leaf
            } else {
                &mut joined
            };
            weight[new] += weight[*next];
            parent[*next] = new;
            *next += 1;
        }
    }
    let mut depth = [0; 2 * SYMBOLS];
    for node in (0..root).rev() {
        depth[node] = depth[parent[node]] + 1;
    }
    for ((_, symbol), depth) in order.iter().zip(depth) {
        lengths[usize::from(*symbol)] = depth;
    }
    lengths
}

/// A symbol's code.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Code {
    pub bits: u32,
    pub length: u32,
}

/// The codes of these lengths: in the order of length and symbol, numbers counted up.
pub fn codes(lengths: &[u8]) -> [Code; SYMBOLS] {
    let mut codes = [Code::default(); SYMBOLS];
    let mut bits = 0;
    for length in 1..=LONGEST {
        for (code, _) in codes
            .iter_mut()
            .zip(lengths)
            .filter(|(_, other)| **other == length)
        {
            *code = Code {
                bits,
                length: length.into(),
            };
            bits += 1;
        }
        bits *= 2;
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::super::tests::Dice;
    use super::*;

    /// A complete code: each bit string is one of its words or begins with one.
    fn complete(lengths: &[u8]) -> bool {
        lengths.iter().map(|length| 1u64 << (40 - length)).sum::<u64>() == 1 << 40
    }

    #[test]
    fn codes_are_complete_and_short_enough() {
        let mut dice = Dice::new(5);
        for _ in 0..300 {
            let symbols = 3 + dice.below(256);
            let shift = dice.below(20);
            let counts: Vec<u32> = (0..symbols)
                .flat_map(|_| u32::try_from(dice.below(900_000) >> shift))
                .collect();
            let lengths = &lengths(&counts)[..counts.len()];
            assert!(complete(lengths) && lengths.iter().all(|length| (1..=LONGEST).contains(length)));
        }
    }

    #[test]
    fn counts_that_would_make_a_code_of_26_bits() {
        let mut counts = vec![1, 1];
        while counts.len() < 27 {
            counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
        }
        assert_eq!(optimal(&counts)[0], 26);
        let lengths = &lengths(&counts)[..counts.len()];
        assert!(complete(lengths) && lengths.iter().all(|length| *length <= LONGEST));
    }

    #[test]
    fn the_code_of_a_textbook() {
        // Weights of Huffman's own paper of 1952, in hundredths.
        let counts = [20, 18, 10, 10, 10, 6, 6, 4, 4, 4, 4, 3, 1];
        let lengths = lengths(&counts);
        let bits: u32 = counts
            .iter()
            .zip(lengths)
            .map(|(count, length)| count * u32::from(length))
            .sum();
        assert_eq!(bits, 342);
    }

    #[test]
    fn codes_count_up() {
        let codes = codes(&[2, 1, 3, 3]);
        let words: Vec<(u32, u32)> = codes[..4].iter().map(|code| (code.bits, code.length)).collect();
        assert_eq!(words, [(0b10, 2), (0b0, 1), (0b110, 3), (0b111, 3)]);
    }
}
