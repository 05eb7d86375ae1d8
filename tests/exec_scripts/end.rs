//! The dead-man switch: when stdin ends before the acknowledgement, the tool and all it started are gone.

use crate::dump::STALL;
use crate::local::{LocalRuntime, Shell, container, sh};
use lifeboat::runtime::wholeness::Listen;

/// Tools as people write them, each of which prints `ready` once it is what its name says.
pub const TOOLS: [(&str, &str); 12] = [
    ("a plain tool", "echo ready; exec sleep 1000"),
    ("a shell that waits for its child", "echo ready; sleep 1000; :"),
    (
        "a tool that ignores TERM",
        "trap '' TERM; echo ready; sleep 1000; :",
    ),
    (
        "a tool that answers TERM and stays",
        "trap 'echo no >&2' TERM; echo ready; while :; do sleep 1000; done",
    ),
    ("a pipeline", "echo ready; sleep 1000 | cat | cat; :"),
    (
        "a child that ignores TERM inside a pipeline",
        "(trap '' TERM; echo ready; exec sleep 1000) | cat | cat",
    ),
    (
        "a loop whose child is long",
        "echo ready; while :; do sleep 1000; done",
    ),
    (
        "a loop that keeps forking",
        "echo ready; while :; do (:); sleep 0.01; done",
    ),
    (
        "a loop that ignores TERM",
        "trap '' TERM; echo ready; while :; do sleep 1000; done",
    ),
    (
        "children in the background",
        "sleep 1000 & (sleep 1000 & wait) & echo ready; wait; :",
    ),
    (
        "deep shells",
        "sh -c 'sh -c \"sh -c \\\"echo ready; sleep 1000; :\\\"; :\"; :'; :",
    ),
    (
        "a tool that prints without end",
        "echo ready; while :; do echo data; done",
    ),
];

/// Starts the tool and waits until it is under way.
pub async fn under_way(runtime: &LocalRuntime, command: &str) -> Listen {
    // The last bytes are held back until more comes: the word is long enough to be seen all the same.
    let command = command.replace("ready", &"ready".repeat(10));
    let mut listen = Listen::start(runtime, &container("db"), &sh(&command), STALL)
        .await
        .unwrap();
    assert!(
        listen
            .next()
            .await
            .unwrap()
            .is_some_and(|said| said.starts_with(b"r"))
    );
    listen
}

#[tokio::test]
async fn nothing_is_left_of_a_tool_nobody_reads() {
    for shell in Shell::all() {
        let started: Vec<_> = TOOLS
            .iter()
            .map(|(name, command)| gone(&shell, name, command))
            .collect();
        futures_util::future::join_all(started).await;
    }
}

async fn gone(shell: &Shell, name: &str, command: &str) {
    let runtime = LocalRuntime::new(shell);
    let listen = under_way(&runtime, command).await;
    drop(listen);
    runtime.all_gone(&format!("{}: {name}", shell.name)).await;
}
