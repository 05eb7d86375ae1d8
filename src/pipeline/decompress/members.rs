//! Finding the members in a file of many: what was compressed side by side can be decompressed side by side.
//!
//! Of bzip2 it is pieces: where a stream ends shows only when it is decoded, and it may have more than one.

use super::{MOST_BYTES, bzip2, gzip, xz, zstd};
use crate::config::Compression;
use bytes::{Bytes, BytesMut};

/// All but bzip2's may hold up to [`MOST_BYTES`], and noise grows by less than this.
const MOST_MEMBER_BYTES: usize = MOST_BYTES + MOST_BYTES / 64;

/// The bytes are not members as lifeboat writes them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembersError {
    /// No member begins here.
    #[error("byte {at} of the object begins no {name} stream")]
    NoStart {
        /// Where.
        at: u64,
        /// The compression.
        name: &'static str,
    },
    /// A member without an end in sight.
    #[error("a {name} stream of more than {most_bytes} bytes begins at byte {at} of the object")]
    TooLong {
        /// Where.
        at: u64,
        /// The compression.
        name: &'static str,
        /// The limit.
        most_bytes: usize,
    },
    /// A member that holds more than lifeboat ever puts into one, or wants as much memory.
    #[error(
        "the {name} stream that begins at byte {at} of the object takes more than {MOST_BYTES} bytes of memory"
    )]
    TooMuch {
        /// Where.
        at: u64,
        /// The compression.
        name: &'static str,
    },
    /// A member whose end is not there.
    #[error("the object ends within the {name} stream that begins at byte {at}")]
    Cut {
        /// Where.
        at: u64,
        /// The compression.
        name: &'static str,
    },
}

/// What bytes begin.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A member of this length, of which all may not yet be there.
    Member(usize),
    /// A member, of which more is needed to say its length.
    Beginning,
    /// No member as lifeboat writes it.
    Nothing,
    /// A member that wants too much memory.
    TooMuch,
}

/// Cuts an object into its members.
pub struct Members {
    compression: Compression,
    held: BytesMut,
    at: u64,
    search: bzip2::Search,
}

impl Members {
    /// At the beginning of an object.
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            held: BytesMut::new(),
            at: 0,
            search: bzip2::Search::new(),
        }
    }

    /// Takes the next bytes; gives out the members that are complete, of bzip2 the pieces.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Bytes>, MembersError> {
        self.held.extend_from_slice(bytes);
        let mut members = Vec::new();
        while let Some(bytes) = self.member_bytes()? {
            members.push(self.cut(bytes)?);
        }
        let most_bytes = self.most_bytes();
        if self.held.len() > most_bytes {
            return Err(self.too_long());
        }
        Ok(members)
    }

    /// The last member, at the end of the object.
    pub fn finish(&mut self) -> Result<Option<Bytes>, MembersError> {
        match (self.held.len(), self.compression) {
            (0, _) => Ok(None),
            (all, Compression::Bzip2) => self.cut(all).map(Some),
            _ => Err(MembersError::Cut {
                at: self.at,
                name: self.compression.name(),
            }),
        }
    }

    fn most_bytes(&self) -> usize {
        match self.compression {
            Compression::Bzip2 => bzip2::MOST_BYTES,
            _ => MOST_MEMBER_BYTES,
        }
    }

    /// The length of the first member that is held, if it is there to its end.
    fn member_bytes(&mut self) -> Result<Option<usize>, MembersError> {
        if self.held.is_empty() {
            return Ok(None);
        }
        let (at, name) = (self.at, self.compression.name());
        let found = match self.compression {
            Compression::Bzip2 => return Ok(self.search.next_start(&self.held)),
            Compression::Gzip => gzip::find(&self.held),
            Compression::Xz => xz::find(&self.held, MOST_BYTES),
            Compression::Zstd => zstd::find(&self.held, MOST_BYTES),
            Compression::None => Found::Member(self.held.len()),
        };
        match found {
            Found::Member(bytes) if bytes > self.most_bytes() => Err(self.too_long()),
            Found::Member(bytes) => Ok((bytes <= self.held.len()).then_some(bytes)),
            Found::Beginning => Ok(None),
            Found::Nothing => Err(MembersError::NoStart { at, name }),
            Found::TooMuch => Err(MembersError::TooMuch { at, name }),
        }
    }

    fn too_long(&self) -> MembersError {
        MembersError::TooLong {
            at: self.at,
            name: self.compression.name(),
            most_bytes: self.most_bytes(),
        }
    }

    fn cut(&mut self, bytes: usize) -> Result<Bytes, MembersError> {
        let member = self.held.split_to(bytes).freeze();
        if self.compression == Compression::Bzip2 && !bzip2::starts(&member) {
            return Err(MembersError::NoStart {
                at: self.at,
                name: self.compression.name(),
            });
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
        let mut members = Members::new(Compression::Bzip2);
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
        let no_start = Err(MembersError::NoStart { at: 0, name: "bzip2" });
        assert_eq!(split(b"hello BZh91AY&SY", 4), no_start);
        assert_eq!(split(b"BZh91AY", 4), no_start);
        assert_eq!(
            split(
                &[b"BZh91AY&SY".as_slice(), &vec![0; bzip2::MOST_BYTES]].concat(),
                65_536
            ),
            Err(MembersError::TooLong {
                at: 0,
                name: "bzip2",
                most_bytes: bzip2::MOST_BYTES
            })
        );
    }
}
