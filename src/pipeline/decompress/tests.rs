#![allow(clippy::unwrap_used)]

use super::*;
use crate::pipeline::compress::{Compressor, Workers};
use crate::pipeline::noise;
use std::io::Write;
use std::process::{Command, Stdio};

const CODECS: [Compression; 4] = [
    Compression::Bzip2,
    Compression::Zstd,
    Compression::Gzip,
    Compression::Xz,
];

/// Small pieces and little work, so that a few MB are several members.
fn fast(compression: Compression) -> u32 {
    *compression.levels().start()
}

pub async fn compress(compression: Compression, level: u32, data: &[u8], threads: usize) -> Vec<u8> {
    let mut compressor = Compressor::new(compression, level, threads, &Workers::new(threads));
    let mut object = Vec::new();
    for piece in data.chunks(65_536) {
        for ready in compressor.write(Bytes::copy_from_slice(piece)).await.unwrap() {
            object.extend_from_slice(&ready);
        }
    }
    for ready in compressor.finish().await.unwrap() {
        object.extend_from_slice(&ready);
    }
    object
}

pub async fn decompress(
    compression: Compression,
    object: &[u8],
    range_bytes: usize,
) -> Result<Vec<u8>, DecompressError> {
    let mut decompressor = Decompressor::new(compression, 2);
    let mut dump = Vec::new();
    for range in object.chunks(range_bytes) {
        decompressor.push(Bytes::copy_from_slice(range))?;
        while let Some(piece) = decompressor.next().await? {
            dump.extend_from_slice(&piece);
        }
    }
    decompressor.end()?;
    while let Some(piece) = decompressor.next().await? {
        dump.extend_from_slice(&piece);
    }
    Ok(dump)
}

/// The object through the stock tool, or `None` when there is no such program here.
pub fn stock(compression: Compression, object: &[u8]) -> Option<Vec<u8>> {
    let tool = compression.name();
    let mut child = match Command::new(tool)
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
            assert!(!ci, "may not be skipped in CI: {tool}: {error}");
            let _ = writeln!(std::io::stderr(), "skipped: {tool} is not here");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(object).unwrap());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{tool}: {output:?}");
        Some(output.stdout)
    })
}

/// Rows as a dump has them.
fn rows(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 100);
    let mut state = 7u32;
    for number in 0.. {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let street = state % 900;
        writeln!(
            text,
            "{number}\t{state:08x}\tpaid\tdeliver to street {street}, ring twice"
        )
        .unwrap();
        if text.len() >= bytes {
            text.truncate(bytes);
            break;
        }
    }
    text
}

#[tokio::test]
async fn every_shape_comes_back_and_the_stock_tool_reads_it() {
    let mut shapes = vec![vec![0; 5_000_000], noise(5_000_000), rows(9_000_000)];
    // Sparse, and noise that repeats from farther away than some windows reach.
    shapes.push([vec![0; 1_000_000], noise(100_000), vec![0; 4_000_000]].concat());
    shapes.push(noise(3_000_000).repeat(2));
    shapes.extend([1, 2, 255, 65_535, 65_536, 65_537, 1_048_575, 1_048_576, 1_048_577].map(rows));
    for compression in CODECS {
        for shape in &shapes {
            let object = compress(compression, fast(compression), shape, 2).await;
            for range_bytes in [1_000_003, 4 * 1024 * 1024] {
                let back = decompress(compression, &object, range_bytes).await.unwrap();
                assert!(back == *shape, "{compression:?} {}", shape.len());
            }
            if let Some(back) = stock(compression, &object) {
                assert!(back == *shape, "{compression:?} {}", shape.len());
            }
        }
    }
}

#[tokio::test]
async fn every_level_comes_back_and_threads_change_no_byte() {
    let data = rows(150_000);
    for compression in CODECS {
        for level in compression.levels() {
            let object = compress(compression, level, &data, 1).await;
            assert_eq!(decompress(compression, &object, 100_000).await.unwrap(), data);
            assert!(object.len() < data.len() / 2);
        }
    }
    let data = rows(9_000_000);
    for compression in CODECS {
        let level = fast(compression);
        let one = compress(compression, level, &data, 1).await;
        assert!(
            compress(compression, level, &data, 3).await == one,
            "{compression:?}"
        );
    }
}

/// A few members, each small: what [`Compressor`] makes of little data, one after another.
async fn members(compression: Compression) -> (Vec<u8>, Vec<u8>) {
    let (mut object, mut dump) = (Vec::new(), Vec::new());
    for part in [rows(3000), noise(200), vec![b'x'; 2000]] {
        object.extend(compress(compression, fast(compression), &part, 1).await);
        dump.extend(part);
    }
    (object, dump)
}

#[tokio::test]
async fn what_is_cut_is_an_error_or_ends_between_two_members() {
    for compression in CODECS {
        let (object, dump) = members(compression).await;
        assert_eq!(decompress(compression, &object, 7).await.unwrap(), dump);
        let mut whole = Vec::new();
        for cut in 0..object.len() {
            if let Ok(part) = decompress(compression, &object[..cut], 10_000).await {
                assert!(dump.starts_with(&part));
                whole.push(part.len());
            }
        }
        // The manifest's lengths and hashes tell these.
        assert_eq!(whole, [0, 3000, 3200], "{compression:?}");
    }
}

#[tokio::test]
async fn what_is_changed_or_added_is_never_the_same_dump() {
    for compression in CODECS {
        let (object, dump) = members(compression).await;
        let mut unnoticed = 0;
        for at in 0..object.len() {
            for bit in [0x01, 0x80] {
                let mut changed = object.clone();
                changed[at] ^= bit;
                if let Ok(other) = decompress(compression, &changed, 10_000).await {
                    // A bit that means nothing, such as bzip2's padding: the object's hash tells.
                    assert_eq!(other, dump, "{compression:?}: a changed dump at byte {at}");
                    unnoticed += 1;
                }
            }
        }
        assert!(unnoticed < 20, "{compression:?}: {unnoticed}");
        for more in [b"\0".as_slice(), b"garbage", &[0; 512]] {
            let longer = [object.as_slice(), more].concat();
            assert!(
                decompress(compression, &longer, 10_000).await.is_err(),
                "{compression:?}"
            );
        }
        // Of another format.
        for other in CODECS.into_iter().filter(|other| *other != compression) {
            assert!(decompress(other, &object, 10_000).await.is_err());
        }
    }
}

fn too_much(compression: Compression) -> String {
    let name = compression.name();
    format!("the {name} stream that begins at byte 0 of the object takes more than 67108864 bytes of memory")
}

#[tokio::test]
async fn members_that_want_too_much_memory_are_refused_before_they_get_it() {
    let refused = async |compression, object: &[u8]| {
        let error = decompress(compression, object, 1_000_000).await.unwrap_err();
        match error {
            DecompressError::Broken { source, .. } | DecompressError::Failed { source, .. } => {
                source.to_string()
            }
            DecompressError::Members(error) => error.to_string(),
        }
    };
    let far_more = "it holds far more than lifeboat puts into one";

    // A window of 128 MiB, and contents of as much.
    let window = [
        0x28,
        0xb5,
        0x2f,
        0xfd,
        0x84,
        17 << 3,
        1,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    assert_eq!(
        refused(Compression::Zstd, &window).await,
        too_much(Compression::Zstd)
    );
    let contents = [0x28, 0xb5, 0x2f, 0xfd, 0xa4, 0, 0, 0, 8, 1, 0, 0, 0, 0, 0, 0];
    assert_eq!(
        refused(Compression::Zstd, &contents).await,
        too_much(Compression::Zstd)
    );
    // Blocks that hold more than the header says.
    let mut more = vec![0x28, 0xb5, 0x2f, 0xfd, 0x24, 1];
    more.extend([0x03, 0x00, 0x10, b'x', 0, 0, 0, 0]);
    refused(Compression::Zstd, &more).await;

    // A dictionary of 4 GiB, and zeros beyond the limit.
    let mut object = compress(Compression::Xz, 0, b"x", 1).await;
    object[16] = 40;
    assert_eq!(refused(Compression::Xz, &object).await, too_much(Compression::Xz));
    let zeros = vec![0; MOST_BYTES + 1];
    let object = compress::xz::member(&zeros, 0).unwrap();
    assert_eq!(refused(Compression::Xz, &object).await, too_much(Compression::Xz));

    let object = compress::gzip::member(&zeros, 1).unwrap();
    assert_eq!(refused(Compression::Gzip, &object).await, far_more);
    // A length that is not so, and one that no member has.
    let object = compress(Compression::Gzip, 1, b"x", 1).await;
    for length in [u32::MAX, 0, 28] {
        let mut object = object.clone();
        object[16..20].copy_from_slice(&length.to_le_bytes());
        assert!(decompress(Compression::Gzip, &object, 100).await.is_err());
    }
    let mut said = object.clone();
    let at = said.len() - 4;
    said[at..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(refused(Compression::Gzip, &said).await, far_more);
}

#[tokio::test]
async fn no_memory_and_a_lost_thread_are_not_told_as_damage() {
    let told = async |decoded: JoinHandle<std::io::Result<Decoded>>| {
        let mut decompressor = Decompressor::new(Compression::Xz, 1);
        let member = Bytes::new();
        decompressor.running.push_back(Running { member, decoded });
        decompressor.next().await.unwrap_err()
    };
    let fails = |kind: std::io::ErrorKind| tokio::spawn(async move { Err(kind.into()) });
    let short = told(fails(std::io::ErrorKind::OutOfMemory)).await;
    assert!(matches!(short, DecompressError::Failed { .. }), "{short:?}");
    let lost = fails(std::io::ErrorKind::Other);
    lost.abort();
    let lost = told(lost).await;
    assert!(matches!(lost, DecompressError::Failed { .. }), "{lost:?}");
    let broken = told(fails(std::io::ErrorKind::InvalidData)).await;
    assert!(matches!(broken, DecompressError::Broken { .. }), "{broken:?}");
}
