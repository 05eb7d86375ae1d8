//! gzip members as lifeboat writes them: their header tells their length.

use super::members::Found;
use crate::pipeline::compress::gzip::{HEADER, HEADER_BYTES, TRAILER_BYTES};
use bytes::Bytes;
use libdeflater::Decompressor;
use std::io::{Error, Result};

/// How long the member is that these bytes begin.
pub fn find(held: &[u8]) -> Found {
    let known = held.len().min(HEADER.len());
    if held[..known] != HEADER[..known] {
        return Found::Nothing;
    }
    match number(held, HEADER.len()) {
        None => Found::Beginning,
        Some(bytes) if bytes <= HEADER_BYTES + TRAILER_BYTES => Found::Nothing,
        Some(bytes) => Found::Member(bytes),
    }
}

/// What one member holds.
pub fn decode(member: &[u8], most_bytes: usize) -> Result<Bytes> {
    let dump_bytes = number(member, member.len().saturating_sub(4)).unwrap_or(usize::MAX);
    if dump_bytes > most_bytes {
        return Err(Error::other("it holds far more than lifeboat puts into one"));
    }
    let mut dump = vec![0; dump_bytes];
    // Compares the CRC-32 and the length.
    let decoded = Decompressor::new()
        .gzip_decompress(member, &mut dump)
        .map_err(Error::other)?;
    if decoded != dump_bytes {
        return Err(Error::other("bytes follow its end"));
    }
    Ok(dump.into())
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}
