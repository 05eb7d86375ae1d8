//! bzip2 streams: where the next one begins, and what one holds.

use bytes::Bytes;
use memchr::memmem::Finder;
use std::io::{Error, Read, Result};

/// The first block's magic, after `BZh` and the level.
const BLOCK: &[u8] = b"1AY&SY";
/// Bytes of a stream's beginning: `BZh`, level, block magic.
const START_BYTES: usize = 4 + BLOCK.len();

/// The search for a stream's end, which is where the next one begins: no other bytes of a stream look like that.
pub struct Search {
    searched: usize,
    finder: Finder<'static>,
}

impl Search {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self {
            searched: 0,
            finder: Finder::new(BLOCK),
        }
    }

    /// Where in `held`, which begins a stream, the next one begins.
    pub fn next_start(&mut self, held: &[u8]) -> Option<usize> {
        // From the second byte on: the first begins the stream that is held.
        let mut from = self.searched.max(5);
        while let Some(found) = held.get(from..).and_then(|rest| self.finder.find(rest)) {
            let block = from + found;
            if matches!(held[block - 4..block], [b'B', b'Z', b'h', b'1'..=b'9']) {
                self.searched = 0;
                return Some(block - 4);
            }
            from = block + 1;
        }
        self.searched = held.len().saturating_sub(BLOCK.len() - 1);
        None
    }
}

/// Whether these bytes begin as a stream does.
pub fn starts(member: &[u8]) -> bool {
    member.len() >= START_BYTES
        && matches!(member[..4], [b'B', b'Z', b'h', b'1'..=b'9'])
        && member[4..].starts_with(BLOCK)
}

/// What one stream holds, which must end where its bytes do.
pub fn decode(member: &[u8], most_bytes: u64) -> Result<Bytes> {
    let mut dump = Vec::with_capacity(1024 * 1024);
    let mut decoder = bzip2::read::BzDecoder::new(member);
    (&mut decoder).take(most_bytes + 1).read_to_end(&mut dump)?;
    if dump.len() as u64 > most_bytes {
        return Err(Error::other("it holds far more than lifeboat puts into one"));
    }
    if decoder.total_in() != member.len() as u64 {
        return Err(Error::other("bytes follow its end"));
    }
    Ok(dump.into())
}
