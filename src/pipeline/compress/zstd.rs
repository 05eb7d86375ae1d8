//! zstd frames: `zstd -d` reads them one after another as one file.

use bytes::Bytes;
use std::io::{Error, Result};
use zstd_safe::{CCtx, CParameter, compress_bound};

const MIB: usize = 1024 * 1024;

/// What a frame holds: at least twice the level's window, four times at the default level. A frame knows nothing
/// of the one before it.
pub fn piece_bytes(level: u32) -> usize {
    match level {
        ..=8 => 8 * MIB,
        _ => 16 * MIB,
    }
}

/// What the encoder takes, in bytes, beside what goes in and comes out: as measured for pieces of that size.
pub fn encoder_bytes(level: u32) -> usize {
    let mib = match level {
        ..=4 => 2,
        5..=8 => 6,
        9 => 11,
        10 | 11 => 21,
        12 | 13 => 41,
        14 => 50,
        15 => 66,
        16 => 34,
        17 | 18 => 51,
        _ => 83,
    };
    mib * MIB
}

/// One whole frame, which tells its length and has a checksum.
pub fn member(piece: &[u8], level: u32) -> Result<Bytes> {
    let mut encoder = CCtx::try_create().ok_or_else(|| Error::other("no memory for it"))?;
    let level = i32::try_from(level).map_err(Error::other)?;
    let mut set = |parameter| encoder.set_parameter(parameter).map_err(failed);
    set(CParameter::CompressionLevel(level))?;
    set(CParameter::ChecksumFlag(true))?;
    let mut member = Vec::with_capacity(compress_bound(piece.len()));
    encoder.compress2(&mut member, piece).map_err(failed)?;
    member.shrink_to_fit();
    Ok(member.into())
}

fn failed(code: zstd_safe::ErrorCode) -> Error {
    Error::other(format!("zstd's error {}", code.wrapping_neg()))
}
