//! zstd frames (RFC 8878) as lifeboat writes them: their blocks tell their length.

use super::members::Found;
use bytes::Bytes;
use std::io::{Error, ErrorKind, Result};
use zstd_safe::DCtx;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const CHECKSUM_BYTES: usize = 4;

/// What a frame's header says.
struct Header {
    bytes: usize,
    window_bytes: u64,
    content_bytes: u64,
}

/// `Err`: no header as lifeboat writes it. `Ok(None)`: not all of it is there.
fn header(held: &[u8]) -> std::result::Result<Option<Header>, ()> {
    let known = held.len().min(MAGIC.len());
    if held[..known] != MAGIC[..known] {
        return Err(());
    }
    let Some(&descriptor) = held.get(MAGIC.len()) else {
        return Ok(None);
    };
    let single_segment = descriptor & 0x20 != 0;
    // No dictionary, nothing reserved, and a checksum.
    if descriptor & 0x1f != 0x04 {
        return Err(());
    }
    let size_bytes = match descriptor >> 6 {
        // Without the content's length: nobody could say what it takes to decompress it.
        0 if !single_segment => return Err(()),
        0 => 1,
        flag => 1 << flag,
    };
    let size_at = MAGIC.len() + 1 + usize::from(!single_segment);
    let Some(size) = held.get(size_at..size_at + size_bytes) else {
        return Ok(None);
    };
    let mut content_bytes = size
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte));
    if size_bytes == 2 {
        content_bytes += 256;
    }
    let window_bytes = if single_segment {
        content_bytes
    } else {
        let base = 1 << (10 + (held[MAGIC.len() + 1] >> 3));
        base + base / 8 * u64::from(held[MAGIC.len() + 1] & 7)
    };
    Ok(Some(Header {
        bytes: size_at + size_bytes,
        window_bytes,
        content_bytes,
    }))
}

/// How long the frame is that these bytes begin, if it asks for no more than `most_bytes` of memory.
pub fn find(held: &[u8], most_bytes: usize) -> Found {
    let header = match header(held) {
        Err(()) => return Found::Nothing,
        Ok(None) => return Found::Beginning,
        Ok(Some(header)) => header,
    };
    if header.window_bytes.max(header.content_bytes) > most_bytes as u64 {
        return Found::TooMuch;
    }
    let mut at = header.bytes;
    while let Some(&[a, b, c]) = held.get(at..).and_then(<[u8]>::first_chunk) {
        let block = u32::from_le_bytes([a, b, c, 0]);
        let block_bytes = match block >> 1 & 3 {
            // One byte that is repeated.
            1 => 1,
            0 | 2 => block as usize >> 3,
            _ => return Found::Nothing,
        };
        at += 3 + block_bytes;
        if block & 1 == 1 {
            return Found::Member(at + CHECKSUM_BYTES);
        }
    }
    Found::Beginning
}

/// What one frame holds.
pub fn decode(member: &[u8], most_bytes: usize) -> Result<Bytes> {
    let content_bytes = match header(member) {
        Ok(Some(header)) => usize::try_from(header.content_bytes).map_err(Error::other)?,
        _ => return Err(Error::other("it has no header")),
    };
    if content_bytes > most_bytes {
        return Err(Error::other("it holds far more than lifeboat puts into one"));
    }
    let mut dump = Vec::with_capacity(content_bytes);
    let mut decoder = DCtx::try_create().ok_or(ErrorKind::OutOfMemory)?;
    // Compares the checksum and the length, and leaves no byte of the frame unread.
    decoder.decompress(&mut dump, member).map_err(failed)?;
    Ok(dump.into())
}

/// By the numbers of `zstd_errors.h`.
fn failed(code: zstd_safe::ErrorCode) -> Error {
    match code.wrapping_neg() {
        64 => ErrorKind::OutOfMemory.into(),
        number => Error::other(format!("zstd's error {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_memory_is_told_as_that() {
        let kind = |number: usize| failed(number.wrapping_neg()).kind();
        assert_eq!(kind(64), ErrorKind::OutOfMemory);
        // Corruption, and a window that is too large.
        assert_eq!(kind(20), ErrorKind::Other);
        assert_eq!(kind(16), ErrorKind::Other);
    }
}
