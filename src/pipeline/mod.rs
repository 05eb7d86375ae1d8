//! Bytes in motion. A backup: [`capture`] → [`compress`] → [`upload`]; and back: [`download`] → [`decompress`].
//!
//! Every stage is bounded: memory does not grow with the dump.

pub mod capture;
pub mod compress;
pub mod decompress;
pub mod download;
pub mod read_back;
pub mod upload;

/// Bytes that no compression makes smaller.
#[cfg(test)]
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(bytes)
    .collect()
}
