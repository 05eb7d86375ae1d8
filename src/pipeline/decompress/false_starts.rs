//! bzip2 streams in whose midst bytes look like the beginning of another one: whoever writes a table's rows can have
//! them there, by the characters that he uses.

#![allow(clippy::unwrap_used)]

use super::tests::{compress, decompress, stock};
use super::*;
use crate::pipeline::noise;

const START: &[u8] = b"BZh91AY&SY";

/// Text that has all of certain characters of 0x20 to 0x7f, and no other ones.
///
/// A block says in a bitmap which characters it has. In the first block of a stream the bits of these begin 7 bits
/// before a byte does.
fn text(bytes: usize) -> Vec<u8> {
    let bits = START
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let alphabet: Vec<u8> = (0x27..)
        .zip(bits)
        .filter(|(_, bit)| *bit == 1)
        .map(|(char, _)| char)
        .collect();
    let mut text = noise(bytes);
    for byte in &mut text {
        *byte = alphabet[usize::from(*byte) % alphabet.len()];
    }
    text
}

/// One stream of many blocks, as lifeboat does not write them, with a start here and there.
fn many_blocks(text: &[u8]) -> Vec<u8> {
    bzip2_encoder::Encoder::new(1).stream(text).unwrap()
}

fn starts(object: &[u8]) -> usize {
    object
        .windows(START.len())
        .filter(|bytes| bytes.starts_with(b"BZh") && bytes[4..] == START[4..])
        .count()
}

async fn is_read(object: &[u8], dump: &[u8]) {
    for range_bytes in [999, 1_000_003, usize::MAX] {
        assert!(decompress(Compression::Bzip2, object, range_bytes).await.unwrap() == dump);
    }
    assert!(stock(Compression::Bzip2, object).is_none_or(|back| back == dump));
}

async fn refusal(object: &[u8]) -> String {
    let back = decompress(Compression::Bzip2, object, 1_000_000).await;
    match back.map(|dump| dump.len()).unwrap_err() {
        DecompressError::Broken { source, .. } | DecompressError::Failed { source, .. } => source.to_string(),
        DecompressError::Members(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_lifeboat_writes_comes_back() {
    // The second is one stream, the first and the last one.
    for bytes in [350_000, 50_000] {
        let dump = text(bytes);
        let object = compress(Compression::Bzip2, 1, &dump, 2).await;
        assert_eq!(starts(&object), 2 * bytes.div_ceil(99_981));
        is_read(&object, &dump).await;
        // Among streams that have none.
        let other = noise(150_000);
        let ordinary = compress(Compression::Bzip2, 1, &other, 2).await;
        is_read(
            &[ordinary.as_slice(), &object, &ordinary].concat(),
            &[other.as_slice(), &dump, &other].concat(),
        )
        .await;
    }
}

#[tokio::test]
async fn several_in_one_stream() {
    let dump = text(3_000_000);
    let object = many_blocks(&dump);
    assert!(starts(&object) > 3);
    is_read(&object, &dump).await;
    is_read(&object.repeat(2), &dump.repeat(2)).await;
}

#[test]
fn each_piece_is_read_once_however_many_there_are() {
    let dump = text(20_000);
    let object = many_blocks(&dump);
    let mut stream = Stream::new();
    for (at, piece) in object.chunks(1).enumerate() {
        stream = match stream.read(piece, MOST_BYTES).unwrap() {
            Decoded::Open(stream) => stream,
            Decoded::Whole(back) => {
                assert_eq!((at + 1, back == dump), (object.len(), true));
                return;
            }
        };
    }
    panic!("no end");
}

#[tokio::test]
async fn what_is_cut_or_changed_is_found() {
    let dump = text(120_000);
    let object = compress(Compression::Bzip2, 1, &dump, 2).await;
    let second = 1 + object[1..].windows(4).position(|bytes| bytes == b"BZh1").unwrap();
    assert_eq!(
        (starts(&object[..60]), starts(&object[second..second + 60])),
        (2, 2)
    );
    let last = object.len() - 1;
    for cut in (1..60).chain(second - 30..second + 60).chain([last - 10, last]) {
        let part = decompress(Compression::Bzip2, &object[..cut], 1_000_000).await;
        assert_eq!(part.is_ok(), cut == second, "cut at {cut}");
    }
    assert_eq!(refusal(&object[..last]).await, "it has no end");
    for at in (0..60)
        .chain((60..object.len()).step_by(997))
        .chain(last - 12..=last)
    {
        let mut changed = object.clone();
        changed[at] ^= 0x10;
        // In the padding at the very end a bit means nothing.
        let back = decompress(Compression::Bzip2, &changed, 1_000_000).await;
        assert!(
            back.is_err() || at == last && back.unwrap() == dump,
            "changed at {at}"
        );
    }
    for more in [b"x".as_slice(), START] {
        let longer = [object.as_slice(), more].concat();
        assert!(decompress(Compression::Bzip2, &longer, 1_000_000).await.is_err());
    }
}

#[tokio::test]
async fn a_stream_in_pieces_has_the_limits_of_one() {
    let object = many_blocks(&text(7_500_000));
    assert!(object.len() > bzip2::MOST_BYTES && starts(&object) > 3);
    assert_eq!(refusal(&object).await, "it is longer than lifeboat makes one");

    let object = many_blocks(&[text(200_000), vec![0; MOST_BYTES]].concat());
    assert!(starts(&object) > 1);
    assert_eq!(
        refusal(&object).await,
        "it holds far more than lifeboat puts into one"
    );
}
