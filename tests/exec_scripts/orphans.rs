//! Where the database is process 1 it adopts the orphans of an exec, and takes one that a signal ended for a crash of
//! its own: so none of ours may ever end like that.

use crate::dump::STALL;
use crate::end::{TOOLS, under_way};
use crate::local::{LocalRuntime, Shell, container, sh, until};
use crate::namespace::Namespace;
use lifeboat::engine::Words;
use lifeboat::runtime::wholeness::{Feed, Listen};

#[tokio::test]
async fn the_observer_sees_an_orphan_that_a_signal_ended() {
    let shell = Shell::any();
    let Some(namespace) = Namespace::start("postgres").await else {
        return;
    };
    let runtime = LocalRuntime::inside(&shell, namespace.entrance());
    let words = sh("sh -c 'sleep 1000 & echo $!' | { read -r pid; sleep 0.2; kill -KILL $pid; }");
    let mut listen = Listen::start(&runtime, &container("db"), &words, STALL)
        .await
        .unwrap();
    assert!(listen.next().await.unwrap().is_none());
    until("the orphan is buried", || namespace.adopted() == 1).await;
    assert_eq!(namespace.crashes().len(), 1);
}

#[tokio::test]
async fn no_orphan_of_a_dump_that_is_given_up_ends_by_a_signal() {
    for shell in Shell::all() {
        let tried: Vec<_> = TOOLS
            .iter()
            .map(|(name, command)| given_up(&shell, name, command))
            .collect();
        futures_util::future::join_all(tried).await;
    }
}

async fn given_up(shell: &Shell, name: &str, command: &str) {
    let Some(namespace) = Namespace::start("postgres").await else {
        return;
    };
    let what = format!("{}: {name}", shell.name);
    drop(under_way(&LocalRuntime::inside(shell, namespace.entrance()), command).await);
    namespace.alone(&what).await;
    assert_eq!(namespace.crashes(), Vec::<String>::new(), "{what}");
}

#[tokio::test]
async fn no_orphan_of_a_restore_that_is_given_up_ends_by_a_signal() {
    let tools = [
        ("a plain tool", "exec cat >/dev/null"),
        ("a pipeline", "cat | cat | cat >/dev/null"),
        (
            "a tool that ignores TERM",
            "trap '' TERM; cat >/dev/null; sleep 1000; :",
        ),
        ("a loop", "while read -r line; do sleep 1000; done"),
        ("a tool that does not read", "sleep 1000; :"),
    ];
    for shell in Shell::all() {
        let tried = tools.map(|(name, command)| {
            let shell = &shell;
            async move {
                for bytes in [0, 10, 300_000] {
                    if ["a tool that does not read", "a loop"].contains(&name) && bytes > 10 {
                        // The end of stdin stands behind bytes that nobody takes: it is seen once the tool reads.
                        continue;
                    }
                    let Some(namespace) = Namespace::start("postgres").await else {
                        return;
                    };
                    let what = format!("{}: {name} after {bytes} bytes", shell.name);
                    let runtime = LocalRuntime::inside(shell, namespace.entrance());
                    let mut feed = Feed::start(&runtime, &container("db"), &sh(command), 1_000_000)
                        .await
                        .unwrap();
                    // The loop reads one line only: the pipe is full, and the client is gone in mid-write.
                    let given = vec![b'\n'; bytes];
                    let write = feed.write(&given);
                    let _ = tokio::time::timeout(std::time::Duration::from_millis(200), write).await;
                    feed.abandon().await;
                    namespace.alone(&what).await;
                    assert_eq!(namespace.crashes(), Vec::<String>::new(), "{what}");
                }
            }
        });
        futures_util::future::join_all(tried).await;
    }
}

#[tokio::test]
async fn nothing_is_left_behind_by_what_ends_well() {
    for shell in Shell::all() {
        let Some(namespace) = Namespace::start("postgres").await else {
            return;
        };
        let runtime = LocalRuntime::inside(&shell, namespace.entrance());
        let container = container("db");
        for command in ["seq 100000 | cat | head -n 1", "sleep 0.1 & echo data", "exit 3"] {
            let mut listen = Listen::start(&runtime, &container, &sh(command), STALL)
                .await
                .unwrap();
            while listen.next().await.unwrap().is_some() {}
        }
        let words: [Words; 3] = [
            sh("cat >/dev/null"),
            sh("head -c 1 >/dev/null"),
            sh("read -r line; exit 3"),
        ];
        for words in words {
            let mut feed = Feed::start(&runtime, &container, &words, 200_000).await.unwrap();
            feed.write(&vec![b'x'; 200_000]).await;
            let _ = feed.commit().await;
        }
        namespace.alone(shell.name).await;
        assert_eq!(namespace.crashes(), Vec::<String>::new(), "{}", shell.name);
    }
}
