//! Deterministic noise, so that a failure can be repeated: seeds, damaged as a fuzzer damages them.

/// xorshift64*.
pub struct Noise(u64);

impl Noise {
    /// Its own sequence for each name.
    pub fn new(name: &str) -> Self {
        let start = name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        });
        Self(start | 1)
    }

    /// 0 to `bound` - 1.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % bound.max(1)
    }

    /// One of the seeds after a few damages; the more of them, the rarer.
    pub fn mutant(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut data = self.one_of(seeds);
        loop {
            self.damage(&mut data, seeds);
            if self.below(3) == 0 {
                return data;
            }
        }
    }

    fn one_of(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        seeds[self.below(seeds.len())].clone()
    }

    /// A range of `length` things.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        from..from + self.below((length - from).min(40) + 1)
    }

    fn damage(&mut self, data: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        const TELLING: [u8; 16] = *b"\0\x01\x7f\x80\xff\"'\\/%.-_{\n\x1b";
        let at = self.below(data.len());
        let byte = u8::try_from(self.below(256)).unwrap();
        match self.below(8) {
            _ if data.is_empty() => data.push(byte),
            0 => data[at] ^= 1 << self.below(8),
            1 => data[at] = byte,
            2 => data[at] = TELLING[self.below(TELLING.len())],
            3 => data.insert(at, TELLING[self.below(TELLING.len())]),
            4 => data.insert(at, byte),
            5 => {
                let range = self.range(data.len());
                data.drain(range);
            }
            6 => {
                let range = self.range(data.len());
                let again = data[range].to_vec();
                data.splice(at..at, again);
            }
            _ => {
                let other = self.one_of(seeds);
                let range = self.range(other.len());
                data.splice(at..at, other[range].iter().copied());
            }
        }
    }
}
