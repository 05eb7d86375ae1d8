//! xz streams (the .xz file format, 1.2) as lifeboat writes them, of one block: the chunks of LZMA2 tell their
//! length.

use super::members::Found;
use bytes::Bytes;
use liblzma::stream::{Action, Status, Stream};
use std::io::{Error, ErrorKind, Result};

/// Magic, flags (CRC-64) and their CRC-32.
const STREAM_HEADER: [u8; 12] = [0xfd, b'7', b'z', b'X', b'Z', 0, 0, 4, 0xe6, 0xd6, 0xb4, 0x46];
const CHECK_BYTES: usize = 8;
const CRC32_BYTES: usize = 4;
const FOOTER_BYTES: usize = 12;
/// The dictionary's size as a byte: 64 MiB, the largest of xz's levels.
const MOST_DICTIONARY: u8 = 28;
/// What the decoder takes beside the dictionary.
const DECODER_BYTES: u64 = 1024 * 1024;

/// The lengths of a stream and of what it holds. `Err`: no stream as lifeboat writes it, or one that asks for too
/// much memory. `Ok(None)`: not all of it is there.
fn lengths(held: &[u8], most_bytes: usize) -> std::result::Result<Option<(usize, usize)>, Found> {
    let known = held.len().min(STREAM_HEADER.len());
    if held[..known] != STREAM_HEADER[..known] {
        return Err(Found::Nothing);
    }
    let block_at = STREAM_HEADER.len();
    let Some(&[size, flags, filter, properties, dictionary]) =
        held.get(block_at..).and_then(<[u8]>::first_chunk)
    else {
        return Ok(None);
    };
    // One filter, no lengths, LZMA2 with its one byte.
    if size == 0 || (flags, filter, properties) != (0, 0x21, 1) {
        return Err(Found::Nothing);
    }
    if dictionary > MOST_DICTIONARY {
        return Err(Found::TooMuch);
    }
    let header_bytes = (usize::from(size) + 1) * 4;
    let mut at = block_at + header_bytes;
    let mut dump_bytes = 0;
    loop {
        let Some(&control) = held.get(at) else {
            return Ok(None);
        };
        let (chunk_bytes, unpacked_bytes) = match (control, held.get(at + 1..)) {
            (0, _) => break,
            (1 | 2, Some([a, b, ..])) => {
                let bytes = usize::from(u16::from_be_bytes([*a, *b])) + 1;
                (3 + bytes, bytes)
            }
            (0x80.., Some([a, b, c, d, ..])) => {
                let high = usize::from(control & 0x1f) << 16;
                let unpacked = high + usize::from(u16::from_be_bytes([*a, *b])) + 1;
                let packed = usize::from(u16::from_be_bytes([*c, *d])) + 1;
                (5 + usize::from(control >= 0xc0) + packed, unpacked)
            }
            (3..0x80, _) => return Err(Found::Nothing),
            _ => return Ok(None),
        };
        at += chunk_bytes;
        dump_bytes += unpacked_bytes;
        if dump_bytes > most_bytes {
            return Err(Found::TooMuch);
        }
    }
    at += 1;
    let unpadded_bytes = at - block_at + CHECK_BYTES;
    let check_end = at.next_multiple_of(4) + CHECK_BYTES;
    let index_bytes = 2 + number_bytes(unpadded_bytes) + number_bytes(dump_bytes);
    let end = check_end + index_bytes.next_multiple_of(4) + CRC32_BYTES + FOOTER_BYTES;
    Ok(Some((end, dump_bytes)))
}

/// Bytes of a number in the index: 7 bits in each.
fn number_bytes(number: usize) -> usize {
    (number.max(1).ilog2() as usize) / 7 + 1
}

/// How long the stream is that these bytes begin, if it asks for no more than `most_bytes` of memory.
pub fn find(held: &[u8], most_bytes: usize) -> Found {
    match lengths(held, most_bytes) {
        Err(found) => found,
        Ok(None) => Found::Beginning,
        Ok(Some((bytes, _))) => Found::Member(bytes),
    }
}

/// What one stream holds, which must end where its bytes do.
pub fn decode(member: &[u8], most_bytes: usize) -> Result<Bytes> {
    let Ok(Some((_, dump_bytes))) = lengths(member, most_bytes) else {
        return Err(Error::other("it is not as lifeboat writes them"));
    };
    let mut dump = Vec::with_capacity(dump_bytes);
    let mut stream = Stream::new_stream_decoder(most_bytes as u64 + DECODER_BYTES, 0).map_err(failed)?;
    loop {
        let before = (stream.total_in(), stream.total_out());
        let taken = usize::try_from(before.0).map_err(Error::other)?;
        // Compares the CRC-64 and what the index says.
        let status = stream
            .process_vec(&member[taken..], &mut dump, Action::Finish)
            .map_err(failed)?;
        if status == Status::StreamEnd {
            break;
        }
        if before == (stream.total_in(), stream.total_out()) {
            return Err(Error::other("it has no end"));
        }
    }
    if stream.total_in() != member.len() as u64 {
        return Err(Error::other("bytes follow its end"));
    }
    Ok(dump.into())
}

/// A stream that wants more than it may is at fault itself; one that finds no memory is not.
fn failed(error: liblzma::stream::Error) -> Error {
    match error {
        liblzma::stream::Error::Mem => ErrorKind::OutOfMemory.into(),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use liblzma::stream::Error as Lzma;

    #[test]
    fn no_memory_is_told_as_that() {
        assert_eq!(failed(Lzma::Mem).kind(), ErrorKind::OutOfMemory);
        for of_the_stream in [Lzma::Data, Lzma::MemLimit, Lzma::Format] {
            assert_ne!(failed(of_the_stream).kind(), ErrorKind::OutOfMemory);
        }
    }
}
