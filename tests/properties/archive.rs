//! A MongoDB archive is judged in the same way however it arrives, and a part of one is never a whole.

use lifeboat::engine::mongodb::archive::{ArchiveError, Checker, Contents};

const MAGIC: [u8; 4] = [0x6d, 0xe2, 0x99, 0x81];
const TERMINATOR: [u8; 4] = [0xff; 4];

pub fn seeds() -> Vec<Vec<u8>> {
    let built = [
        &[0, 1, 7, 10, 0][..],
        &[0, 3, 200, 1, 1, 0, 0, 2, 1, 3, 2, 8, 0, 1, 2],
        &[0, 5, 33, 255, 255, 1, 9, 60, 2, 100, 3, 3, 4, 17, 0, 0, 0],
        &[1, 2, 99, 40, 7, 0, 30, 1, 30],
        &[2, 1, 99, 4, 4, 0],
    ];
    let raw = [&[3, 1, 2][..], &archive(2, &[0, 5, 1, 7]).0].concat();
    built.map(<[u8]>::to_vec).into_iter().chain([raw]).collect()
}

/// The first byte: 0, a valid archive; 1, one of which a byte is another; 2, one that is cut; else the rest are raw bytes. Then
/// the number of collections, the size of the pieces or the place of the damage, and what its blocks hold.
pub fn holds(data: &[u8]) {
    let [kind, first, second, rest @ ..] = data else {
        return;
    };
    let size = usize::from(*second) + 1;
    let collections = usize::from(*first % 6) + 1;
    match kind {
        0 => {
            let (archive, names) = archive(collections, rest);
            let contents = same_in_pieces(&archive, size).expect("a valid archive is taken");
            let found: Vec<_> = contents
                .namespaces
                .iter()
                .map(|one| one.collection.clone())
                .collect();
            assert_eq!(found, names);
        }
        1 => {
            let (mut archive, _) = archive(collections, rest);
            let at = usize::from(*second) * 251 % archive.len();
            archive[at] ^= first | 1;
            let _ = same_in_pieces(&archive, size);
        }
        2 => {
            let (archive, _) = archive(collections, rest);
            let cut = usize::from(*second) * 251 % archive.len();
            assert!(
                same_in_pieces(&archive[..cut], size).is_err(),
                "cut at {cut} of {}",
                archive.len()
            );
        }
        _ => {
            let whole = same_in_pieces(rest, size).is_ok();
            // What ends well does not end well a byte sooner.
            if whole {
                assert!(check(&rest[..rest.len() - 1], usize::MAX).is_err());
            }
        }
    }
}

fn check(archive: &[u8], size: usize) -> Result<Contents, ArchiveError> {
    let mut checker = Checker::default();
    for piece in archive.chunks(size) {
        checker.push(piece)?;
    }
    checker.finish()
}

fn same_in_pieces(archive: &[u8], size: usize) -> Result<Contents, ArchiveError> {
    let whole = check(archive, usize::MAX);
    assert_eq!(check(archive, size), whole, "in pieces of {size}");
    assert_eq!(check(archive, 1), whole, "byte by byte");
    whole
}

/// A valid archive of so many collections, whose blocks come in the order that the bytes say: each a collection, and a length.
fn archive(collections: usize, blocks: &[u8]) -> (Vec<u8>, Vec<String>) {
    let names: Vec<_> = (0..collections).map(|number| format!("c{number}")).collect();
    let mut bytes = [&MAGIC[..], &document(&[text("version", "0.1")])].concat();
    for name in &names {
        let fields = [
            text("db", "app"),
            text("collection", name),
            text("metadata", "{}"),
            text("type", ""),
        ];
        bytes.extend(document(&fields));
    }
    bytes.extend(TERMINATOR);
    let mut sums = vec![0; collections];
    for [collection, length] in blocks.as_chunks::<2>().0 {
        let number = usize::from(*collection) % collections;
        bytes.extend(head(&names[number], false, 0));
        for fill in 0..*collection % 3 {
            let one = document(&[text("x", &fill.to_string().repeat((*length).into()))]);
            sums[number] = crc64(sums[number], &one);
            bytes.extend(one);
        }
        bytes.extend(TERMINATOR);
    }
    for (name, sum) in names.iter().zip(sums) {
        bytes.extend(head(name, true, sum));
        bytes.extend(TERMINATOR);
    }
    (bytes, names)
}

fn head(name: &str, end: bool, sum: u64) -> Vec<u8> {
    document(&[
        text("db", "app"),
        text("collection", name),
        [&b"\x08EOF\0"[..], &[u8::from(end)]].concat(),
        [&b"\x12CRC\0"[..], &sum.to_le_bytes()].concat(),
    ])
}

fn text(name: &str, value: &str) -> Vec<u8> {
    let length = u32::try_from(value.len() + 1).unwrap().to_le_bytes();
    [
        b"\x02",
        name.as_bytes(),
        b"\0",
        &length[..],
        value.as_bytes(),
        b"\0",
    ]
    .concat()
}

fn document(fields: &[Vec<u8>]) -> Vec<u8> {
    let fields = fields.concat();
    let length = u32::try_from(fields.len() + 5).unwrap().to_le_bytes();
    [&length[..], &fields, b"\0"].concat()
}

/// ECMA-182's, reflected, bit by bit.
fn crc64(sum: u64, bytes: &[u8]) -> u64 {
    let mut crc = !sum;
    for byte in bytes {
        crc ^= u64::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xC96C_5795_D787_0F42 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
