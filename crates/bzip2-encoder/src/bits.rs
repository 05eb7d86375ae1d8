//! Bits into bytes, the most significant first.

/// Collects bits.
#[derive(Default)]
pub struct Bits {
    bytes: Vec<u8>,
    /// The last bits, at the low end; those of them that fill no byte yet are `count`.
    recent: u64,
    count: u32,
}

impl Bits {
    /// Makes room for so many bits more.
    pub fn reserve(&mut self, bits: usize) {
        // Each `put` writes eight bytes and keeps those that are full.
        self.bytes.reserve(bits / 8 + 9);
    }

    /// Appends the low `width` bits of `value`, up to 56; those above must be zero.
    #[inline]
    pub fn put(&mut self, value: u64, width: u32) {
        debug_assert!(width <= 56 && value >> width == 0);
        self.recent = self.recent << width | value;
        self.count += width;
        let aligned = self.recent.checked_shl(64 - self.count).unwrap_or(0);
        let full = self.bytes.len() + self.count as usize / 8;
        // All eight, and back: how many are full would be a branch no processor foresees.
        self.bytes.extend_from_slice(&aligned.to_be_bytes());
        self.bytes.truncate(full);
        self.count %= 8;
    }

    /// All bytes, the last filled up with zeros.
    pub fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_every_width_stand_one_after_another() {
        let mut bits = Bits::default();
        let mut expected = Vec::new();
        for width in (0..=56).chain([56, 1, 7, 8, 56, 3]) {
            let value = 0x9e37_79b9_7f4a_7c15u64 & ((1 << width) - 1);
            bits.put(value, width);
            expected.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        }
        let bytes = bits.finish();
        let written = bytes
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        expected.resize(bytes.len() * 8, false);
        assert!(written.eq(expected));
    }
}
