//! Bytes in which no two parts are alike; the same for the same length. No compression makes them smaller.

use bytes::Bytes;

pub fn noise(len: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(byte).take(len).collect::<Vec<u8>>().into()
}
