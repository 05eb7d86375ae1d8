//! Parts: equal ones, a single request when one is enough, and never one more than S3 takes.

use crate::scripted::{ScriptedRuntime, Step, noise};
use bytes::Bytes;
use lifeboat::engine::{EndMark, Words};
use lifeboat::pipeline::capture::{Capture, DumpProof};
use lifeboat::pipeline::upload::{MOST_PARTS, PartWriter, UploadError, UploadOptions};
use lifeboat::runtime::Runtime;
use lifeboat::store::memory::{Manners, MemoryStore, Op};
use std::time::Duration;

const PART: usize = 5 << 20;

async fn proof() -> DumpProof {
    let runtime = ScriptedRuntime::new([Step::Out(Bytes::from_static(b"x")), Step::Record(0)]);
    let entry = lifeboat::config::TargetEntry {
        text: "db".to_owned(),
        selector: lifeboat::config::Selector::Name("db".to_owned()),
    };
    let container = runtime.find(&entry).await.remove(0).unwrap();
    let stall = Duration::from_mins(1);
    let mut capture = Capture::start(&runtime, &container, &Words::default(), EndMark::None, stall)
        .await
        .unwrap();
    while capture.next().await.unwrap().is_some() {}
    capture.prove().await.unwrap()
}

fn writer(store: &MemoryStore, part_bytes: usize) -> PartWriter<MemoryStore> {
    let options = UploadOptions {
        part_bytes: part_bytes as u64,
        concurrency: 2,
        stall: Duration::from_mins(1),
    };
    PartWriter::new(store.clone(), "key".to_owned(), options)
}

#[tokio::test]
async fn sizes_around_a_parts_edge() {
    // As on R2: all parts but the last are of one size.
    let manners = Manners {
        equal_parts: true,
        ..Manners::default()
    };
    for (size, parts) in [
        (1, 0),
        (PART - 1, 0),
        (PART, 0),
        (PART + 1, 2),
        (2 * PART, 2),
        (2 * PART + 1, 3),
    ] {
        for piece in [PART + 1, 899_981, 64 * 1024] {
            let store = MemoryStore::with(manners);
            let mut writer = writer(&store, PART);
            let content = noise(size);
            let mut rest = content.clone();
            while !rest.is_empty() {
                writer.write(rest.split_to(piece.min(rest.len()))).await.unwrap();
            }
            let committed = writer.commit(proof().await).await.unwrap();
            assert_eq!(
                (committed.object.parts, committed.object.bytes),
                (parts, size as u64),
                "{size}"
            );
            let calls = store.calls();
            let sent = calls.iter().filter(|(op, _)| *op == Op::UploadPart).count();
            assert_eq!(sent, usize::from(parts), "{size} bytes in pieces of {piece}");
            assert_eq!(calls.iter().any(|(op, _)| *op == Op::Put), parts == 0);
            assert!(
                store.objects()[0].1 == content,
                "{size} bytes in pieces of {piece}"
            );
        }
    }
}

#[tokio::test]
async fn the_part_that_is_one_too_many_fails_before_it_is_sent() {
    let store = MemoryStore::with(Manners {
        min_part_bytes: 1,
        ..Manners::default()
    });
    let mut writer = writer(&store, 1);
    let error = writer
        .write(noise(usize::try_from(MOST_PARTS).unwrap() + 2))
        .await
        .unwrap_err();
    assert!(
        matches!(error, UploadError::TooManyParts { part_bytes: 1 }),
        "{error}"
    );
    let sent = store
        .calls()
        .iter()
        .filter(|(op, _)| *op == Op::UploadPart)
        .count();
    assert!(sent as u64 <= MOST_PARTS, "{sent}");
    writer.abort().await.unwrap();
    assert_eq!((store.open_uploads().len(), store.objects().len()), (0, 0));
}

#[tokio::test]
async fn as_many_parts_as_s3_takes_are_taken() {
    let store = MemoryStore::with(Manners {
        min_part_bytes: 1,
        ..Manners::default()
    });
    let mut writer = writer(&store, 1);
    writer
        .write(noise(usize::try_from(MOST_PARTS).unwrap()))
        .await
        .unwrap();
    assert_eq!(
        u64::from(writer.commit(proof().await).await.unwrap().object.parts),
        MOST_PARTS
    );
}
