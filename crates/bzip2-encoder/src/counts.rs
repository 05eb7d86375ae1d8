//! How often each byte occurs.

/// So many of each byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts([u32; 256]);

impl Counts {
    /// Of a block.
    pub fn of(block: &[u8]) -> Self {
        // Four counters for each byte, in turn: in a run of equal bytes, each addition would wait for the one before.
        let mut turns = [[0u32; 256]; 4];
        let (fours, rest) = block.as_chunks::<4>();
        for four in fours {
            for (counts, byte) in turns.iter_mut().zip(four) {
                counts[usize::from(*byte)] += 1;
            }
        }
        let mut counts = [0; 256];
        for (byte, count) in counts.iter_mut().enumerate() {
            *count = turns.iter().map(|turn| turn[byte]).sum();
        }
        for byte in rest {
            counts[usize::from(*byte)] += 1;
        }
        Self(counts)
    }

    /// Of each byte, from 0 to 255.
    pub fn each(&self) -> [u32; 256] {
        self.0
    }

    /// How many bytes are less than this one.
    pub fn less(&self, byte: u8) -> usize {
        let less = &self.0[..usize::from(byte)];
        less.iter().map(|count| *count as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Dice;
    use super::*;

    #[test]
    fn agrees_with_counting_one_by_one() {
        let mut dice = Dice::new(6);
        for len in (0..20).chain([1000, 1001, 1003]) {
            let block: Vec<u8> = (0..len).map(|_| dice.below(256).to_le_bytes()[0]).collect();
            let counts = Counts::of(&block);
            for byte in 0..=255 {
                let equal = memchr::memchr_iter(byte, &block).count();
                assert_eq!(counts.each()[usize::from(byte)] as usize, equal);
                let less = block.iter().filter(|other| **other < byte).count();
                assert_eq!(counts.less(byte), less);
            }
        }
    }
}
