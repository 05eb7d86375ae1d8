//! Out of a target: every byte and the tool's own exit code, however slowly it is read.

use crate::local::{LocalRuntime, Shell, container, directory, processes, sh, until};
use lifeboat::engine::Words;
use lifeboat::runtime::wholeness::{self, Listen, WholenessError};
use std::path::Path;
use std::time::Duration;

pub const STALL: Duration = Duration::from_mins(2);

/// Everything a tool prints, and what it came to.
async fn listen(shell: &Shell, words: &Words) -> Result<(Vec<u8>, u8, String), WholenessError> {
    let runtime = LocalRuntime::new(shell);
    let mut listen = Listen::start(&runtime, &container("db"), words, STALL).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = listen.next().await? {
        bytes.extend_from_slice(&piece);
    }
    let (code, stderr) = listen.ended();
    runtime.all_gone(shell.name).await;
    assert_eq!(
        runtime.ended()[0].code(),
        Some(0),
        "{}: the script itself",
        shell.name
    );
    Ok((bytes, code, stderr))
}

fn bytes(length: usize) -> Vec<u8> {
    // Not periodic in any power of two, and with every byte value in it.
    (0..length)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()[0])
        .collect()
}

#[tokio::test]
async fn every_byte_arrives() {
    let place = directory("bytes");
    let nonce_like = [
        b"00112233445566778899aabbccddeeff 000\n".repeat(3),
        b"done \n".to_vec(),
    ]
    .concat();
    let mut contents = vec![nonce_like, vec![0; 70_000], b"\n\n\n".to_vec()];
    contents.extend([0, 1, 4095, 4096, 4097, 65_536, 1_000_003].map(bytes));
    for shell in Shell::all() {
        for (number, content) in contents.iter().enumerate() {
            let file = place.join(number.to_string());
            std::fs::write(&file, content).unwrap();
            let words = sh(&format!("cat {}", file.display()));
            let (got, code, stderr) = listen(&shell, &words).await.unwrap();
            assert!(
                got == *content,
                "{}: {} bytes, {} arrived",
                shell.name,
                content.len(),
                got.len()
            );
            assert_eq!((code, stderr.as_str()), (0, ""), "{}", shell.name);
        }
    }
}

#[tokio::test]
async fn the_exit_code_is_the_tools_own() {
    for shell in Shell::all() {
        for code in [0, 1, 2, 7, 100, 126, 127, 255] {
            let words = sh(&format!("echo data; echo what went wrong >&2; exit {code}"));
            let (bytes, got, stderr) = listen(&shell, &words).await.unwrap();
            assert_eq!((bytes.as_slice(), got), (&b"data\n"[..], code), "{}", shell.name);
            assert_eq!(stderr, "what went wrong", "{}", shell.name);
        }
    }
}

#[tokio::test]
async fn a_tool_that_is_missing_or_no_program_or_killed_is_told() {
    let place = directory("tools");
    let no_program = place.join("no-program");
    std::fs::write(&no_program, "x").unwrap();
    for shell in Shell::all() {
        let words = |argv: &[&str]| Words {
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
            env: Vec::new(),
        };
        let missing = listen(&shell, &words(&["lifeboat-no-such-tool", "-x"]))
            .await
            .unwrap();
        assert_eq!(missing.1, 127, "{}", shell.name);
        assert!(
            missing.2.contains("lifeboat-no-such-tool"),
            "{}: {}",
            shell.name,
            missing.2
        );
        let denied = listen(&shell, &words(&[no_program.to_str().unwrap()]))
            .await
            .unwrap();
        assert_eq!(denied.1, 126, "{}", shell.name);
        let killed = listen(&shell, &sh("printf half; kill -KILL $$")).await.unwrap();
        assert_eq!(
            (killed.0.as_slice(), killed.1),
            (&b"half"[..], 137),
            "{}",
            shell.name
        );
        let error = Listen::start(&LocalRuntime::new(&shell), &container("db"), &sh("exit 3"), STALL).await;
        let mut listen = error.unwrap();
        assert!(listen.next().await.unwrap().is_none());
        assert!(matches!(
            listen.succeeded(),
            Err(WholenessError::Exit { code: 3, .. })
        ));
    }
}

#[tokio::test]
async fn a_reader_slower_than_the_tool_loses_nothing() {
    for shell in Shell::all() {
        let runtime = LocalRuntime::new(&shell);
        let place = directory("slow");
        let ended = place.join("ended");
        // The tool's last bytes still fit the pipe: it ends while most of them are unread.
        let words = sh(&format!(
            "printf first; head -c 40000 /dev/zero; : >{}",
            ended.display()
        ));
        let mut listen = Listen::start(&runtime, &container("db"), &words, STALL)
            .await
            .unwrap();
        let mut bytes = listen.next().await.unwrap().unwrap().len();
        until("the tool has ended", || ended.exists()).await;
        // Nobody has acknowledged, so the exec stays, or the engine would drop what is on its way.
        let session = runtime.sessions()[0];
        until("the script waits for the word", || {
            let left: Vec<_> = processes(Path::new("/proc"))
                .into_iter()
                .filter(|one| one.session == session)
                .collect();
            !runtime.ended().is_empty() || (left.len() == 1 && left[0].asleep)
        })
        .await;
        assert!(runtime.ended().is_empty(), "{}", shell.name);
        while let Some(piece) = listen.next().await.unwrap() {
            bytes += piece.len();
        }
        assert_eq!(bytes, 40_005, "{}", shell.name);
        runtime.all_gone(shell.name).await;
    }
}

#[tokio::test]
async fn the_tool_has_no_stdin_and_cannot_eat_the_acknowledgement() {
    for shell in Shell::all() {
        let (bytes, code, _) = listen(&shell, &sh("cat; echo end")).await.unwrap();
        assert_eq!((bytes.as_slice(), code), (&b"end\n"[..], 0), "{}", shell.name);
    }
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let runtime = LocalRuntime::new(&Shell::any());
    let answer = wholeness::ask(&runtime, &container("db"), &sh("echo yes; exit 4"), 100, STALL)
        .await
        .unwrap();
    assert_eq!((answer.stdout.as_slice(), answer.code), (&b"yes\n"[..], 4));
    let endless = wholeness::ask(&runtime, &container("db"), &sh("cat /dev/zero"), 100_000, STALL).await;
    assert!(matches!(
        endless,
        Err(WholenessError::TooMuch { limit: 100_000, .. })
    ));
    runtime.all_gone("an answer without end").await;
}

#[tokio::test]
async fn of_a_long_stderr_the_end_is_kept() {
    for shell in Shell::all() {
        let command =
            "i=0; while [ $i -lt 3000 ]; do echo \"line $i of what it says\" >&2; i=$((i+1)); done; exit 9";
        let (_, code, stderr) = listen(&shell, &sh(command)).await.unwrap();
        assert_eq!(code, 9);
        assert!(stderr.ends_with("line 2999 of what it says"), "{}", shell.name);
        assert!(stderr.len() <= 16 * 1024);
    }
}

/// As Node.js does: the pipe that the tool leaves is full, and a write to it does not wait.
#[tokio::test]
async fn a_tool_that_leaves_a_pipe_that_does_not_wait() {
    let tool = "use Fcntl; fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK); 1 while defined syswrite(STDOUT, 'x' x 4096)";
    for shell in Shell::all() {
        let full = directory("full").join("full");
        let words = sh(&format!("perl -e \"{tool}\"; touch {}", full.display()));
        let runtime = LocalRuntime::new(&shell);
        let mut listen = Listen::start(&runtime, &container("db"), &words, STALL)
            .await
            .unwrap();
        // Nobody reads before the pipe is full.
        until("the pipe is full", || full.exists()).await;
        let mut bytes = 0;
        while let Some(piece) = listen.next().await.unwrap() {
            bytes += piece.len();
        }
        assert_eq!(listen.ended().0, 0, "{}", shell.name);
        assert!(bytes >= 4096 && bytes % 4096 == 0, "{}: {bytes}", shell.name);
    }
}
