//! xz streams, made by liblzma: `xz -d` reads them one after another as one file.

use bytes::Bytes;
use liblzma::stream::{Action, Check, Filters, LzmaOptions, Status, Stream};
use std::io::{Error, Result};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The dictionaries of xz's levels.
const DICTIONARY_BYTES: [usize; 10] = [
    256 * KIB,
    MIB,
    2 * MIB,
    4 * MIB,
    4 * MIB,
    8 * MIB,
    8 * MIB,
    16 * MIB,
    32 * MIB,
    64 * MIB,
];

/// What `xz -vv` says that the encoder takes at each level, in MiB.
const ENCODER_MIB: [usize; 10] = [3, 9, 17, 32, 48, 94, 94, 186, 370, 674];

/// The level's dictionary, in bytes.
pub fn dictionary_bytes(level: u32) -> usize {
    DICTIONARY_BYTES[(level as usize).min(9)]
}

/// What a stream holds. A stream knows nothing of the one before it, so it should be longer than the dictionary;
/// xz itself cuts at three times the dictionary when it has several threads.
pub fn piece_bytes(level: u32) -> usize {
    (2 * dictionary_bytes(level)).clamp(4 * MIB, 64 * MIB)
}

/// What the encoder takes, in bytes, beside what goes in and comes out.
pub fn encoder_bytes(level: u32) -> usize {
    ENCODER_MIB[(level as usize).min(9)] * MIB
}

/// One whole stream.
pub fn member(piece: &[u8], level: u32) -> Result<Bytes> {
    let mut options = LzmaOptions::new_preset(level)?;
    // A dictionary longer than what there is to compress is memory for nothing, here and where it is read.
    let enough = piece.len().next_power_of_two().max(4 * KIB);
    let dictionary_bytes = dictionary_bytes(level).min(enough);
    options.dict_size(u32::try_from(dictionary_bytes).map_err(Error::other)?);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    let mut stream = Stream::new_stream_encoder(&filters, Check::Crc64)?;
    let mut member = Vec::with_capacity(piece.len() / 4 + 1024);
    loop {
        let taken = usize::try_from(stream.total_in()).map_err(Error::other)?;
        match stream.process_vec(&piece[taken..], &mut member, Action::Finish)? {
            Status::StreamEnd => break,
            _ => member.reserve(piece.len() / 4 + 1024),
        }
    }
    member.shrink_to_fit();
    Ok(member.into())
}
