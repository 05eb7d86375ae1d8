//! Out of a container: a tool's output, believed only when its end record has come.

use super::record::Scanner;
use super::{END, HEARTBEAT, START_ERROR_BYTES, Stderr, WholenessError, start, tool};
use crate::engine::Words;
use crate::runtime::{Container, Frame, Runtime, RuntimeError, RuntimeErrorKind};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior};

/// A tool that runs in a target and is listened to. Dropping it before the end kills the tool.
pub struct Listen {
    output: BoxStream<'static, Result<Frame, RuntimeError>>,
    scanner: Scanner,
    /// The first of what was given out, for the reason of a failed start.
    printed: Vec<u8>,
    stderr: Stderr,
    tool: String,
    stall: Duration,
    acknowledge: Option<oneshot::Sender<()>>,
    ended: bool,
}

impl Listen {
    /// Starts `words` in the container. `stall`: how long the tool may print nothing.
    pub async fn start<R: Runtime>(
        runtime: &R,
        container: &Container,
        words: &Words,
        stall: Duration,
    ) -> Result<Self, WholenessError> {
        let (exec, nonce) = start(runtime, container, words, include_str!("dump.sh"), "").await?;
        let (acknowledge, acknowledged) = oneshot::channel();
        let done = format!("done {}\n", nonce.as_str());
        tokio::spawn(keep_alive(exec.input, done, acknowledged));
        Ok(Self {
            output: exec.output,
            scanner: Scanner::new(&nonce),
            printed: Vec::new(),
            stderr: Stderr::new(words),
            tool: tool(words),
            stall,
            acknowledge: Some(acknowledge),
            ended: false,
        })
    }

    /// The next piece of output; `None` once the end record has come and the exec has ended.
    pub async fn next(&mut self) -> Result<Option<Bytes>, WholenessError> {
        // The clock runs only while something is waited for, and a word on stderr does not stop it.
        let deadline = Instant::now() + self.stall;
        while !self.ended {
            let piece = match tokio::time::timeout_at(deadline, self.output.next()).await {
                Err(_) => {
                    return Err(WholenessError::Stalled {
                        tool: self.tool.clone(),
                        after: self.stall,
                        stderr: self.stderr.text(),
                    });
                }
                Ok(None) => {
                    let stderr = self.stderr.text();
                    return Err(WholenessError::no_record(&self.printed, &self.scanner, stderr));
                }
                Ok(Some(Err(error))) => return Err(error.into()),
                Ok(Some(Ok(Frame::Stderr(piece)))) => {
                    self.stderr.push(&piece);
                    continue;
                }
                Ok(Some(Ok(Frame::Stdout(piece)))) => self.scanner.push(&piece)?,
            };
            if self.scanner.code().is_some() {
                self.let_it_end().await?;
            }
            if !piece.is_empty() {
                let room = START_ERROR_BYTES - self.printed.len();
                self.printed.extend_from_slice(&piece[..room.min(piece.len())]);
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Everything up to the record is here: acknowledge, and see that nothing follows.
    async fn let_it_end(&mut self) -> Result<(), WholenessError> {
        if let Some(acknowledge) = self.acknowledge.take() {
            let _ = acknowledge.send(());
        }
        let end = async {
            while let Some(frame) = self.output.next().await {
                match frame? {
                    Frame::Stdout(piece) => {
                        self.scanner.push(&piece)?;
                    }
                    Frame::Stderr(piece) => self.stderr.push(&piece),
                }
            }
            Ok::<_, WholenessError>(())
        };
        match tokio::time::timeout(END, end).await {
            Ok(outcome) => outcome?,
            Err(_) => {
                return Err(RuntimeError::new(
                    RuntimeErrorKind::Broken,
                    format!("the exec of {} did not end after its end record", self.tool),
                )
                .into());
            }
        }
        self.ended = true;
        Ok(())
    }

    /// Exit code and last words of the tool; after [`Listen::next`] has said `None`.
    pub fn ended(&self) -> (u8, String) {
        (self.scanner.code().unwrap_or(u8::MAX), self.stderr.text())
    }

    /// The same, as an error when the tool failed.
    pub fn succeeded(&self) -> Result<(), WholenessError> {
        match self.ended() {
            (0, _) => Ok(()),
            (code, stderr) => Err(WholenessError::Exit {
                tool: self.tool.clone(),
                code,
                stderr,
            }),
        }
    }
}

/// Holds the exec's stdin: a line now and then, the acknowledgement at the end. When nobody listens any more
/// (the sender is dropped), stdin is closed, which kills the tool.
async fn keep_alive(
    mut input: Pin<Box<dyn AsyncWrite + Send>>,
    done: String,
    mut acknowledged: oneshot::Receiver<()>,
) {
    let mut beat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let line = tokio::select! {
            said = &mut acknowledged => {
                if said.is_err() {
                    let _ = input.shutdown().await;
                    return;
                }
                done.as_str()
            }
            _ = beat.tick() => "beat\n",
        };
        let written = input.write_all(line.as_bytes()).await.is_ok() && input.flush().await.is_ok();
        // After the acknowledgement stdin stays open: some proxies take a half-close for a close.
        if !written || line == done {
            return;
        }
    }
}
