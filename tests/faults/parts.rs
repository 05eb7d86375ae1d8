//! Parts: equal ones, a single request when one is enough, and never one more than S3 takes.

use crate::scripted::{ScriptedRuntime, Step, noise};
use crate::world::{attempt, context};
use bytes::Bytes;
use lifeboat::config::PostgresFormat;
use lifeboat::engine::mysql::Mysql;
use lifeboat::engine::postgres::{Postgres, end_mark};
use lifeboat::engine::{EndMark, Words};
use lifeboat::exit::Exit;
use lifeboat::pipeline::capture::{Capture, CaptureError, DumpProof};
use lifeboat::pipeline::upload::{MOST_PARTS, PartWriter, UploadError, UploadOptions};
use lifeboat::runtime::Runtime;
use lifeboat::store::memory::{Manners, MemoryStore, Op};
use lifeboat::store::{Kind, Store};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PART: usize = 5 << 20;

async fn captured(dump: &'static [u8], end_mark: EndMark) -> Result<DumpProof, CaptureError> {
    let runtime = ScriptedRuntime::new([Step::Out(Bytes::from_static(dump)), Step::Record(0)]);
    let entry = lifeboat::config::TargetEntry {
        text: "db".to_owned(),
        selector: lifeboat::config::Selector::Name("db".to_owned()),
    };
    let container = runtime.find(&entry).await.remove(0).unwrap();
    let stall = Duration::from_mins(1);
    let mut capture = Capture::start(&runtime, &container, &Words::default(), end_mark, stall).await?;
    while capture.next().await?.is_some() {}
    capture.prove().await
}

async fn proof() -> DumpProof {
    captured(b"x", EndMark::None).await.unwrap()
}

/// The tool ended with exit code 0 and its record came; and yet its own last words did not.
#[tokio::test]
async fn a_dump_without_the_end_of_its_format_is_not_proven() {
    let plain = end_mark(PostgresFormat::Plain);
    let marks: [(EndMark, &'static [u8]); 3] = [
        (plain, b"SELECT 1;\n-- PostgreSQL database dump complete\n"),
        (
            Postgres::GLOBALS_END,
            b"SELECT 1;\n-- PostgreSQL database cluster dump complete\n",
        ),
        (Mysql::END, b"SELECT 1;\n-- Dump completed on 2026-11-21\n"),
    ];
    for (mark, whole) in marks {
        captured(whole, mark).await.unwrap();
        let cut = captured(&whole[..20], mark).await.unwrap_err();
        assert!(matches!(cut, CaptureError::Unended { .. }), "{cut}");
    }
    let cut = captured(b"no archive", EndMark::MongodbArchive)
        .await
        .unwrap_err();
    assert!(matches!(cut, CaptureError::Unended { .. }), "{cut}");
}

fn writer(store: &MemoryStore, part_bytes: usize) -> PartWriter<MemoryStore> {
    let options = UploadOptions {
        part_bytes: part_bytes as u64,
        concurrency: 2,
        stall: Duration::from_mins(1),
        deletes: true,
    };
    PartWriter::new(store.clone(), "key".to_owned(), options)
}

/// Two lifeboats that were given the same key: the same second, and the same id.
#[tokio::test]
async fn an_object_that_stands_at_the_key_is_not_overwritten_and_stays() {
    for size in [1, PART + 1] {
        let store = MemoryStore::new();
        let theirs = Bytes::from_static(b"another lifeboat's");
        store.put("key", Kind::Dump, theirs.clone()).await.unwrap();
        let mut writer = writer(&store, PART);
        writer.write(noise(size)).await.unwrap();
        writer.commit(proof().await).await.unwrap_err();
        writer.abort().await.unwrap();
        assert_eq!(store.objects(), [("key".to_owned(), theirs)], "{size} bytes");
        assert_eq!(store.open_uploads(), [], "{size} bytes");
    }
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

/// A whole backup in parts of one byte: S3 has no such parts, and a dump of 50 GB is nothing for a test.
#[tokio::test]
async fn a_backup_of_too_many_parts_fails_and_names_the_size_to_set() {
    let store = MemoryStore::with(Manners {
        min_part_bytes: 1,
        ..Manners::default()
    });
    let backup = async |bytes| {
        let runtime = ScriptedRuntime::new([Step::Noise(bytes), Step::Record(0)]);
        let mut context = context(runtime, &store, &[("COMPRESSION", "none")]);
        Arc::make_mut(&mut context.bucket.config).s3.part_bytes = Some(1);
        attempt(&context).await
    };
    let most = usize::try_from(MOST_PARTS).unwrap();
    backup(most).await.unwrap();
    let before = store.objects();
    let error = backup(most + 1).await.err().expect("one part too many");
    assert_eq!(error.exit, Exit::Storage);
    assert!(error.chain().contains("more than 10000 parts"), "{error}");
    assert!(
        error.hint.as_deref().unwrap().contains("S3_PART_SIZE"),
        "{error:?}"
    );
    assert_eq!((store.open_uploads().len(), store.objects()), (0, before));
}

#[tokio::test]
async fn a_part_size_that_will_not_do_is_told_before_the_first_byte() {
    let log = Log::default();
    let _guard = log.listen();
    let store = MemoryStore::with(Manners {
        min_part_bytes: 1,
        ..Manners::default()
    });
    let most = usize::try_from(MOST_PARTS).unwrap();
    for (part_bytes, bytes) in [(2, most + 1), (1, 1)] {
        assert!(!log.text().contains("S3_PART_SIZE"), "{}", log.text());
        let told = log.clone();
        let look = Step::Do(Arc::new(move || {
            assert_eq!(told.text().contains("S3_PART_SIZE holds"), part_bytes == 1);
        }));
        let runtime = ScriptedRuntime::new([look, Step::Noise(bytes), Step::Record(0)]);
        let mut context = context(runtime, &store, &[("COMPRESSION", "none")]);
        Arc::make_mut(&mut context.bucket.config).s3.part_bytes = Some(part_bytes);
        attempt(&context).await.unwrap();
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let writer = move || log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(writer).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
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
