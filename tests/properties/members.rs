//! A stored object comes back as it was, however it arrives; a damaged one comes back not at all, or as it was.

use bytes::Bytes;
use lifeboat::config::Compression;
use lifeboat::pipeline::compress::{Compressor, Workers};
use lifeboat::pipeline::decompress::Decompressor;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

const ALL: [Compression; 4] = [
    Compression::Bzip2,
    Compression::Gzip,
    Compression::Xz,
    Compression::Zstd,
];

pub fn seeds() -> Vec<Vec<u8>> {
    let dump = b"some text, some text, and then \0\xff more of it".repeat(3);
    let mut seeds = Vec::new();
    for which in 0..4 {
        let stored = runtime().block_on(compressed(ALL[usize::from(which)], dump.clone()));
        for place in [0, 17, 90, 255] {
            seeds.push([&[which, 0, place][..], &dump].concat());
            seeds.push([&[which, 1, place][..], &dump].concat());
            seeds.push([&[which, 2, place][..], &stored].concat());
        }
        seeds.push([&[which, 2, 33][..], &stored, &stored].concat());
    }
    seeds
}

/// The first byte chooses the compression. The second: 0, what is stored of the rest is cut; 1, one of its bytes is another;
/// else the rest is what is stored. The third: where, or the size of the pieces.
pub fn holds(data: &[u8]) {
    let [which, kind, place, rest @ ..] = data else {
        return;
    };
    let compression = ALL[usize::from(which % 4)];
    let place = usize::from(*place);
    runtime().block_on(async {
        if *kind > 1 {
            return drop(in_pieces(compression, rest, place + 1).await);
        }
        let mut stored = compressed(compression, rest.to_vec()).await;
        let back = in_pieces(compression, &stored, place + 1).await;
        assert!(back.as_deref() == Some(rest), "{} bytes", rest.len());
        if stored.is_empty() {
            return;
        }
        let at = place * stored.len() / 256;
        if *kind == 0 {
            // One member: nothing but the whole of it is one. An object without bytes holds none, and is a whole one.
            let cut = in_pieces(compression, &stored[..at], place + 1).await;
            assert!(
                cut.is_none_or(|cut| at == 0 && cut.is_empty()),
                "cut at {at} of {}",
                stored.len()
            );
        } else {
            stored[at] ^= u8::try_from(rest.len() % 255).unwrap() + 1;
            let back = in_pieces(compression, &stored, place + 1).await;
            assert!(
                back.is_none_or(|back| back == rest),
                "damaged at {at} of {}",
                stored.len()
            );
        }
    });
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_current_thread()
            .max_blocking_threads(2)
            .build()
            .unwrap()
    })
}

async fn compressed(compression: Compression, dump: Vec<u8>) -> Vec<u8> {
    let mut compressor = Compressor::new(compression, 1, 1, &Workers::new(1));
    let mut stored = compressor.write(dump.into()).await.unwrap();
    stored.extend(compressor.finish().await.unwrap());
    stored.concat()
}

/// What the object holds; `None` where it is refused.
async fn in_pieces(compression: Compression, object: &[u8], size: usize) -> Option<Vec<u8>> {
    let whole = decompressed(compression, object, usize::MAX).await;
    assert!(
        decompressed(compression, object, size).await == whole,
        "in pieces of {size}"
    );
    whole
}

async fn decompressed(compression: Compression, object: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut decompressor = Decompressor::new(compression, 1);
    let mut dump = Vec::new();
    for piece in object.chunks(size) {
        decompressor.push(Bytes::copy_from_slice(piece)).ok()?;
        while let Some(bytes) = decompressor.next().await.ok()? {
            dump.extend(bytes);
        }
    }
    decompressor.end().ok()?;
    while let Some(bytes) = decompressor.next().await.ok()? {
        dump.extend(bytes);
    }
    Some(dump)
}
