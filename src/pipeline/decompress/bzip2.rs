//! bzip2 streams: where one may end, and what one holds.

use bytes::Bytes;
use bzip2::{Decompress, Status};
use memchr::memmem::Finder;
use std::io::{Error, ErrorKind, Result};

/// A stream as lifeboat writes it holds one block of at most 900 kB; even noise grows by no more than a few per cent.
pub const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Most streams hold no more than this: it is there before they are read.
const USUAL_BYTES: usize = 1024 * 1024;
/// The first block's magic, after `BZh` and the level.
const BLOCK: &[u8] = b"1AY&SY";
/// Bytes of a stream's beginning: `BZh`, level, block magic.
const START_BYTES: usize = 4 + BLOCK.len();

/// The search for where a stream may end, which is where bytes look like the beginning of the next one.
///
/// They need not be one: a block's bitmap of the characters in it may spell them, and whoever writes rows chooses
/// the characters. Only decoding tells, see [`Stream`].
pub struct Search {
    searched: usize,
    finder: Finder<'static>,
}

impl Search {
    /// At the beginning of a piece.
    pub fn new() -> Self {
        Self {
            searched: 0,
            finder: Finder::new(BLOCK),
        }
    }

    /// Where in `held`, which begins a piece, the next one begins.
    pub fn next_start(&mut self, held: &[u8]) -> Option<usize> {
        // From the second byte on: the first begins the piece that is held.
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
pub fn starts(piece: &[u8]) -> bool {
    piece.len() >= START_BYTES
        && matches!(piece[..4], [b'B', b'Z', b'h', b'1'..=b'9'])
        && piece[4..].starts_with(BLOCK)
}

/// What a piece has made of a stream.
pub enum Decoded {
    /// The stream ends where the piece does, and this is what it holds.
    Whole(Bytes),
    /// It goes on in the next piece.
    Open(Stream),
}

/// A stream whose end has not been seen.
pub struct Stream {
    decoder: Decompress,
    dump: Vec<u8>,
}

impl Stream {
    /// At its beginning.
    pub fn new() -> Self {
        Self {
            decoder: Decompress::new(false),
            dump: Vec::with_capacity(USUAL_BYTES),
        }
    }

    /// Goes on with the next piece, from where the one before it has ended.
    pub fn read(mut self, piece: &[u8], most_bytes: usize) -> Result<Decoded> {
        if self.decoder.total_in() + piece.len() as u64 > MOST_BYTES as u64 {
            return Err(Error::other("it is longer than lifeboat makes one"));
        }
        let before = self.decoder.total_in();
        loop {
            let taken = usize::try_from(self.decoder.total_in() - before).map_err(Error::other)?;
            self.dump.reserve(1);
            // Compares the CRC-32 of each block, and of them all.
            let status = self.decoder.decompress_vec(&piece[taken..], &mut self.dump)?;
            if self.dump.len() > most_bytes {
                return Err(Error::other("it holds far more than lifeboat puts into one"));
            }
            match status {
                Status::StreamEnd if self.decoder.total_in() - before < piece.len() as u64 => {
                    return Err(Error::other("bytes follow its end"));
                }
                Status::StreamEnd => return Ok(Decoded::Whole(self.dump.into())),
                Status::MemNeeded => return Err(ErrorKind::OutOfMemory.into()),
                // There was room for more: all of the piece is read.
                _ if self.dump.len() < self.dump.capacity() => return Ok(Decoded::Open(self)),
                _ => {}
            }
        }
    }
}
