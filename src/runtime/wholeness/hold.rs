//! A tool that holds something of the target's for a while: it says when it has it, gives it back when it is told to,
//! and also when lifeboat is gone, because its stdin ends then.

use super::record::Scanner;
use super::{END, HEARTBEAT, Stderr, WholenessError, start, tool};
use crate::engine::Words;
use crate::runtime::{Container, Exec, Frame, Runtime};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// A tool of which no more than a few lines are expected.
const STDOUT_BYTES: usize = 64 * 1024;

/// What is held. Dropping it gives it back, without waiting until that is done.
pub struct Hold {
    listen: Listening,
    release: oneshot::Sender<&'static str>,
    keeper: JoinHandle<()>,
}

struct Listening {
    output: BoxStream<'static, Result<Frame, crate::runtime::RuntimeError>>,
    scanner: Scanner,
    stderr: Stderr,
    stdout: Vec<u8>,
    tool: String,
}

impl Hold {
    /// Starts `words` and waits, for as long as `wait`, until they have printed a line `held`.
    pub async fn start<R: Runtime>(
        runtime: &R,
        container: &Container,
        words: &Words,
        held: &str,
        wait: Duration,
    ) -> Result<Self, WholenessError> {
        let (Exec { input, output }, nonce) =
            start(runtime, container, words, include_str!("hold.sh"), "").await?;
        let (release, released) = oneshot::channel();
        let keeper = tokio::spawn(keep(input, released));
        let mut listen = Listening {
            output,
            scanner: Scanner::new(&nonce),
            stderr: Stderr::new(words),
            stdout: Vec::new(),
            tool: tool(words),
        };
        let ready = async {
            loop {
                listen.next().await?;
                if listen.has_said(held) {
                    return Ok(None);
                }
                // Before it had anything to hold.
                if let Some(code) = listen.scanner.code() {
                    return Ok(Some(code));
                }
            }
        };
        let ready: Result<_, WholenessError> = match tokio::time::timeout(wait, ready).await {
            Ok(ready) => ready,
            Err(_) => Err(WholenessError::Stalled {
                tool: listen.tool.clone(),
                after: wait,
                stderr: listen.stderr.text(),
            }),
        };
        if let Some(code) = ready? {
            drop(release);
            let stderr = listen.last_words().await;
            let tool = listen.tool;
            return Err(WholenessError::Exit { tool, code, stderr });
        }
        Ok(Self {
            listen,
            release,
            keeper,
        })
    }

    /// Tells the tool, by `line`, to give it back, and waits until it has ended. It must not have ended before: then
    /// nothing was held any more.
    pub async fn release(self, line: &'static str) -> Result<(), WholenessError> {
        let Self {
            mut listen,
            release,
            keeper,
        } = self;
        while listen.scanner.code().is_none()
            && let Some(heard) = listen.next().now_or_never()
        {
            heard?;
        }
        if listen.scanner.code().is_some() {
            drop(release);
            let stderr = listen.last_words().await;
            let tool = listen.tool;
            return Err(WholenessError::EndedEarly { tool, stderr });
        }
        // A keeper who is gone could not write any more: that shows in what is heard.
        let _ = release.send(line);
        let ended = async {
            while listen.scanner.code().is_none() {
                listen.next().await?;
            }
            Ok(())
        };
        let ended = tokio::time::timeout(END, ended).await;
        keeper.abort();
        let stderr = listen.stderr.text();
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let (tool, after) = (listen.tool, END);
                return Err(WholenessError::Stalled { tool, after, stderr });
            }
        }
        match listen.scanner.code() {
            Some(0) => Ok(()),
            code => Err(WholenessError::Exit {
                tool: listen.tool,
                code: code.unwrap_or(u8::MAX),
                stderr,
            }),
        }
    }
}

impl Listening {
    /// Whether this line has come. It is shorter than what the scanner keeps back.
    fn has_said(&self, line: &str) -> bool {
        let heard = [&self.stdout, self.scanner.held()].concat();
        let mut lines: Vec<_> = heard.split(|byte| *byte == b'\n').collect();
        // What follows the last line break is not yet a line.
        lines.pop();
        lines.contains(&line.as_bytes())
    }

    /// What was said on stderr, which has no order with the record: all of it, once stdin has been closed.
    async fn last_words(&mut self) -> String {
        let end = async { while self.next().await.is_ok() {} };
        let _ = tokio::time::timeout(END, end).await;
        self.stderr.text()
    }

    async fn next(&mut self) -> Result<(), WholenessError> {
        match self.output.next().await {
            None => {
                let stderr = self.stderr.text();
                return Err(WholenessError::no_record(&self.stdout, &self.scanner, stderr));
            }
            Some(frame) => match frame? {
                Frame::Stderr(piece) => self.stderr.push(&piece),
                Frame::Stdout(piece) => self.stdout.extend_from_slice(&self.scanner.push(&piece)?),
            },
        }
        if self.stdout.len() > STDOUT_BYTES {
            return Err(WholenessError::TooMuch {
                tool: self.tool.clone(),
                limit: STDOUT_BYTES,
            });
        }
        Ok(())
    }
}

/// Holds the exec's stdin: a line now and then, the last one when it is told; its end when nobody is there to
/// tell.
async fn keep(mut input: Pin<Box<dyn AsyncWrite + Send>>, mut released: oneshot::Receiver<&'static str>) {
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            last = &mut released => {
                if let Ok(last) = last
                    && input.write_all(last.as_bytes()).await.is_ok()
                    && input.flush().await.is_ok()
                {
                    // Some proxies take a half-close for a close, and the tool's last words would be lost.
                    std::future::pending::<()>().await;
                }
                let _ = input.shutdown().await;
                return;
            }
            _ = beat.tick() => {
                if input.write_all(b"beat\n").await.is_err() || input.flush().await.is_err() {
                    return;
                }
            }
        }
    }
}
