//! Into a target: every byte, and the end of them only after the client's word.

use crate::local::{LocalRuntime, Shell, container, directory, sh, until};
use lifeboat::runtime::wholeness::{Feed, WholenessError};
use sha2::{Digest, Sha256};

fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 9).to_le_bytes()[0])
        .collect()
}

#[tokio::test]
async fn every_length_arrives() {
    let place = directory("lengths");
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        for length in [0, 1, 4095, 4096, 4097, 65_536, 1 << 20, 50_000_001] {
            let content = bytes(length);
            let file = place.join("arrived");
            let words = sh(&format!("cat >{}; echo taken; echo a word >&2", file.display()));
            let mut feed = Feed::start(&runtime, &container("db"), &words, length as u64)
                .await
                .unwrap();
            for piece in content.chunks(70_001) {
                assert!(feed.write(piece).await);
            }
            let answer = feed.commit().await.unwrap();
            assert_eq!(
                (answer.code, answer.stdout.as_slice()),
                (0, &b"taken\n"[..]),
                "{}",
                shell.name
            );
            // The heartbeat's NUL is not the tool's word.
            assert_eq!(answer.stderr, "a word", "{}", shell.name);
            let arrived = std::fs::read(&file).unwrap();
            assert_eq!(arrived.len(), length, "{}", shell.name);
            assert_eq!(
                Sha256::digest(&arrived),
                Sha256::digest(&content),
                "{}: {length}",
                shell.name
            );
        }
        runtime.all_gone(shell.name).await;
        assert!(
            runtime.ended().iter().all(std::process::ExitStatus::success),
            "{}",
            shell.name
        );
    }
}

/// A tool that commits as soon as it sees the end of its input, which it says by a file.
struct Committer {
    shell: Shell,
    runtime: LocalRuntime,
    got: std::path::PathBuf,
    committed: std::path::PathBuf,
}

impl Committer {
    fn new(shell: &Shell) -> Self {
        let place = directory("commit");
        Self {
            shell: shell.clone(),
            runtime: LocalRuntime::new(shell),
            got: place.join("got"),
            committed: place.join("committed"),
        }
    }

    async fn feed(&self, before: &str, length: usize) -> Feed {
        let command = format!(
            "{before} cat >{}; echo yes >{}",
            self.got.display(),
            self.committed.display()
        );
        Feed::start(&self.runtime, &container("db"), &sh(&command), length as u64)
            .await
            .unwrap()
    }

    async fn arrived(&self, length: u64) {
        until("the tool has all of it", || {
            std::fs::metadata(&self.got).is_ok_and(|file| file.len() == length)
        })
        .await;
    }

    async fn never_committed(&self, what: &str) {
        self.runtime
            .all_gone(&format!("{}: {what}", self.shell.name))
            .await;
        assert!(
            !self.committed.exists(),
            "{}: {what}: the tool has seen an end",
            self.shell.name
        );
    }
}

#[tokio::test]
async fn a_tool_that_has_everything_still_waits_for_the_word() {
    for shell in Shell::all() {
        for before in ["", "trap '' TERM;"] {
            let tool = Committer::new(&shell);
            let mut feed = tool.feed(before, 5000).await;
            assert!(feed.write(&bytes(5000)).await);
            if shell.name != "busybox ash" {
                // Its `head` passes the last buffer on only when it has seen what follows.
                tool.arrived(5000).await;
            }
            feed.abandon().await;
            tool.never_committed("everything is there, the word is not").await;
        }
    }
}

#[tokio::test]
async fn a_client_that_is_gone_half_way_is_no_end_of_input() {
    for shell in Shell::all() {
        for (given, length) in [(0, 1), (1, 2), (70_000, 200_000), (199_999, 200_000)] {
            let tool = Committer::new(&shell);
            let mut feed = tool.feed("", length).await;
            assert!(feed.write(&bytes(given)).await);
            drop(feed);
            tool.never_committed("half of it").await;
        }
    }
}

#[tokio::test]
async fn a_commit_of_too_little_is_refused() {
    for shell in Shell::all() {
        let tool = Committer::new(&shell);
        let mut feed = tool.feed("", 100_000).await;
        assert!(feed.write(&bytes(99_999)).await);
        let short = feed.commit().await;
        assert!(
            matches!(short, Err(WholenessError::Short { left: 1, .. })),
            "{}",
            shell.name
        );
        tool.never_committed("one byte is missing").await;
    }
}

#[tokio::test]
async fn a_tool_that_ends_early_is_heard() {
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        for (command, code) in [
            ("head -c 10 >/dev/null", 0),
            ("exit 3", 3),
            ("echo no >&2; kill -KILL $$", 137),
        ] {
            let length = 3_000_000;
            let mut feed = Feed::start(&runtime, &container("db"), &sh(command), length)
                .await
                .unwrap();
            let mut taken = true;
            for piece in bytes(3_000_000).chunks(65_536) {
                taken = taken && feed.write(piece).await;
            }
            match feed.commit().await {
                Err(WholenessError::EndedEarly { .. }) => assert_eq!(code, 0, "{}", shell.name),
                Ok(answer) => {
                    assert_eq!(answer.code, code, "{}: {command}", shell.name);
                    assert!(code != 0 || taken, "{}: {command}", shell.name);
                }
                Err(error) => panic!("{}: {command}: {error}", shell.name),
            }
        }
        runtime.all_gone(shell.name).await;
    }
}

#[tokio::test]
async fn a_tool_that_prints_while_it_reads_blocks_nobody() {
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        let words = sh("tee /dev/stderr");
        let content = vec![b'x'; 2_000_000];
        let mut feed = Feed::start(&runtime, &container("db"), &words, 2_000_000)
            .await
            .unwrap();
        for piece in content.chunks(65_536) {
            assert!(feed.write(piece).await);
        }
        let answer = feed.commit().await.unwrap();
        assert_eq!(
            (answer.code, answer.stdout.len()),
            (0, 2_000_000),
            "{}",
            shell.name
        );
        assert_eq!(answer.stderr.len(), 16 * 1024, "{}", shell.name);
        runtime.all_gone(shell.name).await;
    }
}

#[tokio::test]
async fn lines_that_look_like_the_protocol_are_only_data() {
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        let content = b"commit 00112233445566778899aabbccddeeff\ndone\nbeat\n".repeat(500);
        let file = directory("data").join("arrived");
        let words = sh(&format!("cat >{}", file.display()));
        let mut feed = Feed::start(&runtime, &container("db"), &words, content.len() as u64)
            .await
            .unwrap();
        assert!(feed.write(&content).await);
        assert_eq!(feed.commit().await.unwrap().code, 0);
        assert!(std::fs::read(&file).unwrap() == content, "{}", shell.name);
    }
}
