#![allow(clippy::unwrap_used)]
use super::*;

/// A document with these fields, as BSON.
fn document(fields: &[(&str, Field)]) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    for (name, field) in fields {
        bytes.push(match field {
            Field::Text(_) => 0x02,
            Field::Bool(_) => 0x08,
            Field::Int(_) => 0x10,
            Field::Long(_) => 0x12,
        });
        bytes.extend(name.as_bytes());
        bytes.push(0);
        match field {
            Field::Text(text) => {
                bytes.extend(u32::try_from(text.len() + 1).unwrap().to_le_bytes());
                bytes.extend(text.as_bytes());
                bytes.push(0);
            }
            Field::Bool(value) => bytes.push(u8::from(*value)),
            Field::Int(value) => bytes.extend(value.to_le_bytes()),
            Field::Long(value) => bytes.extend(value.to_le_bytes()),
        }
    }
    bytes.push(0);
    let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    bytes[..4].copy_from_slice(&length);
    bytes
}

enum Field {
    Text(&'static str),
    Bool(bool),
    Int(i32),
    Long(u64),
}

use Field::{Bool, Int, Long, Text};

fn header() -> Vec<u8> {
    let fields = [("concurrent_collections", Int(4)), ("version", Text("0.1"))];
    [&MAGIC[..], &document(&fields)].concat()
}

fn described(db: &'static str, collection: &'static str, kind: &'static str) -> Vec<u8> {
    let metadata = if kind == "view" {
        r#"{"options":{"viewOn":"t","pipeline":[{"$merge":{"db":"app"}}]}}"#
    } else {
        "{}"
    };
    document(&[
        ("db", Text(db)),
        ("collection", Text(collection)),
        ("metadata", Text(metadata)),
        ("size", Int(0)),
        ("type", Text(kind)),
    ])
}

fn head(db: &'static str, collection: &'static str, end: bool, crc: u64) -> Vec<u8> {
    document(&[
        ("db", Text(db)),
        ("collection", Text(collection)),
        ("EOF", Bool(end)),
        ("CRC", Long(crc)),
    ])
}

fn block(db: &'static str, collection: &'static str, documents: &[&[u8]]) -> Vec<u8> {
    [
        &head(db, collection, false, 0),
        &documents.concat()[..],
        &TERMINATOR,
    ]
    .concat()
}

fn end(db: &'static str, collection: &'static str, documents: &[&[u8]]) -> Vec<u8> {
    let crc = crc64::update(0, &documents.concat());
    [&head(db, collection, true, crc)[..], &TERMINATOR].concat()
}

/// Prelude and blocks of an archive with every kind of thing.
fn parts() -> (Vec<u8>, Vec<Vec<u8>>) {
    let prelude = [
        header(),
        described("app", "t", ""),
        described("app", "view", "view"),
        described("app", "series", "timeseries"),
        described("", "oplog", ""),
        TERMINATOR.to_vec(),
    ]
    .concat();
    let (a, b, c) = (
        document(&[("a", Int(1))]),
        document(&[("b", Text("some text"))]),
        document(&[]),
    );
    let blocks = vec![
        block("app", "view", &[]),
        end("app", "view", &[]),
        block("app", "t", &[&a, &b]),
        block("app", "system.buckets.series", &[&b]),
        block("app", "t", &[&c]),
        end("app", "t", &[&a, &b, &c]),
        end("app", "system.buckets.series", &[&b]),
        block("", "oplog", &[&a]),
        end("", "oplog", &[&a]),
    ];
    (prelude, blocks)
}

fn whole() -> Vec<u8> {
    let (prelude, blocks) = parts();
    [prelude, blocks.concat()].concat()
}

fn check(archive: &[u8], piece: usize) -> Result<Contents, ArchiveError> {
    let mut checker = Checker::default();
    for piece in archive.chunks(piece) {
        checker.push(piece)?;
    }
    checker.finish()
}

#[test]
fn a_whole_one_is_believed_whatever_the_pieces() {
    let archive = whole();
    for piece in 1..=archive.len() {
        let contents = check(&archive, piece).unwrap();
        assert_eq!(contents.namespaces.len(), 4);
        assert_eq!(contents.databases(), ["app"]);
        assert_eq!(contents.views_that_name_a_database, ["app.view"]);
    }
}

#[test]
fn cut_anywhere_it_is_not() {
    let archive = whole();
    for cut in 0..archive.len() {
        assert!(check(&archive[..cut], 7).is_err(), "{cut} of {}", archive.len());
    }
}

#[test]
fn with_anything_after_its_end_it_is_not() {
    for more in [&b"x"[..], &TERMINATOR, &MAGIC, &document(&[]), &whole()] {
        let archive = [&whole()[..], more].concat();
        assert!(check(&archive, 64).is_err());
    }
    let (_, blocks) = parts();
    for block in blocks {
        assert!(check(&[whole(), block].concat(), 64).is_err());
    }
}

/// What is not under a checksum is the archive's own header, sizes and metadata of the prelude, and the sum field of
/// a block that is not the last. All the rest is found out, and nothing panics.
#[test]
fn a_flipped_bit_is_found_out_wherever_it_matters() {
    let (prelude, _) = parts();
    let archive = whole();
    let mut unnoticed = Vec::new();
    for at in 0..archive.len() {
        for bit in 0..8 {
            let mut other = archive.clone();
            other[at] ^= 1 << bit;
            if check(&other, 16).is_ok() && at >= prelude.len() {
                unnoticed.push(at);
            }
        }
    }
    unnoticed.dedup();
    // Eight bytes of a sum in each of the five blocks of documents, and the names of fields of nobody: none.
    for at in &unnoticed {
        let field = memchr::memmem::rfind(&archive[..*at], b"CRC\0").unwrap() + 4;
        assert!((field..field + 8).contains(at), "{at}");
        assert!(archive[..field].ends_with(b"\x08EOF\0\0\x12CRC\0"), "{at}");
    }
    assert_eq!(unnoticed.len(), 5 * 8);
}

#[test]
fn any_byte_anywhere_does_not_panic() {
    let archive = whole();
    for at in 0..archive.len() {
        for byte in [0, 1, 4, 5, 0x7f, 0x80, 0xfe, 0xff] {
            let mut other = archive.clone();
            other[at] = byte;
            let _ = check(&other, 11);
            other.truncate(at + 1);
            assert!(at + 1 == archive.len() || check(&other, 11).is_err());
        }
    }
}

/// Two blocks in each other's place: believed only where the order does not matter.
#[test]
fn reordered_blocks() {
    let (prelude, blocks) = parts();
    let sums = |blocks: &[Vec<u8>]| {
        let archive = [prelude.clone(), blocks.concat()].concat();
        check(&archive, 100)
    };
    for (first, second, fits) in [
        // Of different collections.
        (2, 3, true),
        (0, 8, false),
        // The documents of one collection.
        (2, 4, false),
        // The end before the documents.
        (4, 5, false),
        (0, 1, false),
        (5, 6, true),
    ] {
        let mut blocks = blocks.clone();
        blocks.swap(first, second);
        assert_eq!(sums(&blocks).is_ok(), fits, "{first} {second}");
    }
    for missing in 0..blocks.len() {
        let mut fewer = blocks.clone();
        fewer.remove(missing);
        // A block without documents may be missing, as in the documented form of it.
        assert_eq!(sums(&fewer).is_ok(), missing == 0, "{missing}");
        let mut twice = blocks.clone();
        twice.insert(missing, blocks[missing].clone());
        assert_eq!(sums(&twice).is_ok(), missing == 0, "{missing}");
    }
}

/// What is kept of an archive does not grow with the definitions of its views.
#[test]
fn beyond_a_bound_views_are_told_without_having_been_looked_into() {
    let definition: &'static str = Box::leak("x".repeat(4 << 20).into_boxed_str());
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut archive = header();
    for name in names {
        archive.extend(document(&[
            ("db", Text("app")),
            ("collection", Text(name)),
            ("metadata", Text(definition)),
            ("type", Text("view")),
        ]));
    }
    let mut checker = Checker::default();
    checker.push(&archive).unwrap();
    let kept: usize = checker.views.iter().map(|(_, metadata)| metadata.len()).sum();
    assert!(kept <= MOST_VIEWS_BYTES, "{kept}");
    let rest = names.map(|name| end("app", name, &[])).concat();
    checker.push(&[&TERMINATOR[..], &rest].concat()).unwrap();
    let contents = checker.finish().unwrap();
    assert_eq!(contents.views_that_name_a_database, ["app.e", "app.f"]);
    assert_eq!(contents.namespaces.len(), names.len());
}

#[test]
fn what_is_wrong_is_said() {
    let of = |parts: &[&[u8]]| check(&parts.concat(), 9).unwrap_err().to_string();
    let t = described("app", "t", "");
    assert_eq!(of(&[b"PGDMP"]), "it does not begin as an archive does");
    assert_eq!(of(&[]), "it does not begin as an archive does");
    assert_eq!(of(&[&header(), &t]), "it ends in the middle of its prelude");
    assert_eq!(of(&[&header(), &t, &TERMINATOR]), "it lacks the end of app.t");
    assert_eq!(
        of(&[&header(), &TERMINATOR]),
        "there is no collection in it: was the database dropped meanwhile?"
    );
    assert_eq!(
        of(&[
            &header(),
            &t,
            &TERMINATOR,
            &head("app", "t", true, 7),
            &TERMINATOR
        ]),
        "the checksum of app.t is wrong"
    );
    assert_eq!(of(&[&header(), &t, &t]), "its prelude names a collection twice");
    assert_eq!(
        of(&[&header(), &described("app", "lifeboat_restoring", "")]),
        "database \"app\" has the marker lifeboat_restoring: a restore into it has not ended"
    );
    assert_eq!(
        of(&[&header(), &t, &TERMINATOR, &block("app", "u", &[])]),
        "a block is of a collection that its prelude lacks"
    );
    assert_eq!(
        of(&[&header(), &[0x00, 0x00, 0x00, 0x70]]),
        "a document has no possible length"
    );
}
