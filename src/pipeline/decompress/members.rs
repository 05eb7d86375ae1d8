//! Finding the streams in a file of many: what was compressed side by side can be decompressed side by side.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

/// The first block's magic, after `BZh` and the level.
const BLOCK: &[u8] = b"1AY&SY";
/// Bytes of a stream's beginning: `BZh`, level, block magic.
const START_BYTES: usize = 4 + BLOCK.len();
/// A member holds one block of at most 900 kB; even noise grows by no more than a few per cent.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The bytes are not streams as lifeboat writes them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembersError {
    /// No stream begins here.
    #[error("byte {0} of the object begins no bzip2 stream")]
    NoStart(u64),
    /// A stream without an end in sight.
    #[error("a bzip2 stream of more than {MOST_BYTES} bytes begins at byte {0} of the object")]
    TooLong(u64),
}

/// Cuts an object into its members.
pub struct Members {
    held: BytesMut,
    at: u64,
    searched: usize,
    finder: Finder<'static>,
}

impl Members {
    /// At the beginning of an object.
    pub fn new() -> Self {
        Self {
            held: BytesMut::new(),
            at: 0,
            searched: 0,
            finder: Finder::new(BLOCK),
        }
    }

    /// Takes the next bytes; gives out the members that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Bytes>, MembersError> {
        self.held.extend_from_slice(bytes);
        let mut members = Vec::new();
        while let Some(at) = self.next_start() {
            members.push(self.cut(at)?);
        }
        if self.held.len() > MOST_BYTES {
            return Err(MembersError::TooLong(self.at));
        }
        Ok(members)
    }

    /// The last member, at the end of the object.
    pub fn finish(&mut self) -> Result<Option<Bytes>, MembersError> {
        match self.held.len() {
            0 => Ok(None),
            all => self.cut(all).map(Some),
        }
    }

    /// Where the next member begins in what is held.
    fn next_start(&mut self) -> Option<usize> {
        // From the second byte on: the first begins the member that is held.
        let mut from = self.searched.max(5);
        while let Some(found) = self.held.get(from..).and_then(|rest| self.finder.find(rest)) {
            let block = from + found;
            if matches!(self.held[block - 4..block], [b'B', b'Z', b'h', b'1'..=b'9']) {
                self.searched = 0;
                return Some(block - 4);
            }
            from = block + 1;
        }
        self.searched = self.held.len().saturating_sub(BLOCK.len() - 1);
        None
    }

    fn cut(&mut self, at: usize) -> Result<Bytes, MembersError> {
        let member = self.held.split_to(at).freeze();
        let starts = member.len() >= START_BYTES
            && matches!(member[..4], [b'B', b'Z', b'h', b'1'..=b'9'])
            && member[4..].starts_with(BLOCK);
        if !starts {
            return Err(MembersError::NoStart(self.at));
        }
        self.at += member.len() as u64;
        Ok(member)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn split(object: &[u8], piece: usize) -> Result<Vec<Bytes>, MembersError> {
        let mut members = Members::new();
        let mut all = Vec::new();
        for piece in object.chunks(piece) {
            all.extend(members.push(piece)?);
        }
        all.extend(members.finish()?);
        Ok(all)
    }

    #[test]
    fn cuts_at_every_stream_whatever_the_pieces() {
        let one = b"BZh91AY&SYone1AY&SYBZh0".as_slice();
        let two = b"BZh11AY&SY".as_slice();
        let object = [one, two, one].concat();
        for piece in 1..=object.len() {
            assert_eq!(split(&object, piece).unwrap(), [one, two, one]);
        }
    }

    #[test]
    fn refuses_what_begins_no_stream() {
        assert_eq!(split(b"hello BZh91AY&SY", 4), Err(MembersError::NoStart(0)));
        assert_eq!(split(b"BZh91AY", 4), Err(MembersError::NoStart(0)));
        assert_eq!(
            split(&[b"BZh91AY&SY".as_slice(), &vec![0; MOST_BYTES]].concat(), 65_536),
            Err(MembersError::TooLong(0))
        );
    }
}
