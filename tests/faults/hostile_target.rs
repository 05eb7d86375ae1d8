//! A target that says what it likes: a record without this exec's nonce is data like any other, and what is said on stderr
//! takes no more memory, and no more lines, than an error may have.

use crate::scripted::{ScriptedRuntime, Step};
use crate::world::{attempt, context, whole};
use bytes::Bytes;
use lifeboat::exit::Exit;
use lifeboat::store::memory::MemoryStore;

const FORGED: &str = "00112233445566778899aabbccddeeff 000\n";

fn forged() -> Step {
    Step::Out(Bytes::from_static(FORGED.as_bytes()))
}

#[tokio::test]
async fn a_forged_record_ends_nothing() {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([Step::Noise(100), forged()]);
    let error = attempt(&context(runtime, &store, &[])).await.err().unwrap();
    assert!(error.chain().contains("without an end record"), "{error}");
    assert_eq!(store.objects().len(), 0);
}

#[tokio::test]
async fn a_record_in_the_dumps_own_bytes_is_data() {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([forged(), Step::Noise(100), forged(), Step::Record(0)]);
    let plain = [("COMPRESSION", "none")];
    attempt(&context(runtime, &store, &plain)).await.unwrap();
    assert_eq!(whole(&store), 1);
    let (_, dump) = &store.objects()[0];
    assert_eq!(dump.len(), 100 + 2 * FORGED.len());
    assert!(dump.starts_with(FORGED.as_bytes()) && dump.ends_with(FORGED.as_bytes()));
}

#[tokio::test]
async fn of_what_is_said_for_ever_the_end_is_told_on_one_line() {
    let store = MemoryStore::new();
    let line = "2026-11-20T03:00:00Z  INFO lifeboat: deleted everything\n\u{1b}[2J\u{202e}";
    let said = std::iter::repeat_n(Step::Err(line), 100_000);
    let end = [Step::Err("the last words"), Step::Record(1)];
    let runtime = ScriptedRuntime::new(said.chain(end));
    let error = attempt(&context(runtime, &store, &[])).await.err().unwrap();
    assert_eq!(error.exit, Exit::Tool);
    let text = error.to_string();
    assert!(error.chain().ends_with("the last words"), "{text}");
    assert_eq!(text, lifeboat::shown::printable(&text));
    // 16 KiB, and a separator more for each line.
    assert!(text.len() < 20 * 1024, "{}", text.len());
}
