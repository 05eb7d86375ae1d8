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

/// A plan for an engine of ours whose target answers every question with these processes.
async fn plan_with(engine: &str, processes: &'static str) -> lifeboat::error::Error {
    let store = MemoryStore::new();
    let runtime = ScriptedRuntime::new([
        Step::Out(Bytes::from_static(processes.as_bytes())),
        Step::Record(0),
    ]);
    let env = [("ENGINE", engine), ("DUMP_COMMAND", ""), ("RESTORE_COMMAND", "")];
    attempt(&context(runtime, &store, &env)).await.err().unwrap()
}

#[tokio::test(start_paused = true)]
async fn where_no_server_runs_no_other_containers_is_asked() {
    // Its address may be another container's, which shares the network.
    let error = plan_with("mongodb", "process 1 0\nword sleep\nword 3600\n").await;
    assert_eq!(error.exit, Exit::Target);
    assert!(
        error.chain().contains("no server runs in container db"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_script_is_not_waited_for_for_ever() {
    let processes = "process 1 0\nword bash\nword /usr/local/bin/docker-entrypoint.sh\nprocess 40 1\nword mongod\n\
                     word --bind_ip\nword 127.0.0.1\n";
    let error = plan_with("mongodb", processes).await;
    assert_eq!(error.exit, Exit::Target);
    assert!(error.chain().contains("still being set up"), "{error}");
}
