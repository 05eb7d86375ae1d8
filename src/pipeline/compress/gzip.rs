//! gzip members (RFC 1952), made by libdeflate: `gzip -d` reads them one after another as one file.
//!
//! Each tells its own length in a field of its header that every reader skips: a deflate stream has no length, and
//! without one its end is only found by decompressing it.

use bytes::Bytes;
use libdeflater::{CompressionLvl, Compressor, crc32};
use std::io::{Error, Result};

/// What a member holds. Deflate looks back 32 KiB: longer members gain less than 1 %.
pub const PIECE_BYTES: usize = 1024 * 1024;

/// What every header of ours begins with: deflate, an extra field, no time, no name; then the extra field of
/// 8 bytes, of which the subfield `lb` has 4.
pub const HEADER: [u8; 16] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, b'l', b'b', 4, 0];
/// [`HEADER`], and the member's length.
pub const HEADER_BYTES: usize = HEADER.len() + 4;
/// CRC-32 and length of what the member holds.
pub const TRAILER_BYTES: usize = 8;

/// One whole member.
pub fn member(piece: &[u8], level: u32) -> Result<Bytes> {
    let level = i32::try_from(level).ok().map(CompressionLvl::new);
    let Some(Ok(level)) = level else {
        return Err(Error::other("libdeflate has no such level"));
    };
    let mut compressor = Compressor::new(level);
    let bound = compressor.deflate_compress_bound(piece.len());
    let mut member = vec![0; HEADER_BYTES + bound + TRAILER_BYTES];
    let stream_bytes = compressor
        .deflate_compress(piece, &mut member[HEADER_BYTES..HEADER_BYTES + bound])
        .map_err(Error::other)?;
    member.truncate(HEADER_BYTES + stream_bytes);
    member.extend_from_slice(&crc32(piece).to_le_bytes());
    member.extend_from_slice(&length(piece.len())?);
    let member_bytes = length(member.len())?;
    member[..HEADER.len()].copy_from_slice(&HEADER);
    member[HEADER.len()..HEADER_BYTES].copy_from_slice(&member_bytes);
    member.shrink_to_fit();
    Ok(member.into())
}

fn length(bytes: usize) -> Result<[u8; 4]> {
    u32::try_from(bytes).map(u32::to_le_bytes).map_err(Error::other)
}
