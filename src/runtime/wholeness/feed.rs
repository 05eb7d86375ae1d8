//! Into a container: input for a tool, whose end it sees only when the client has said `commit`.

use super::record::Scanner;
use super::{Answer, END, Stderr, WholenessError, start, tool};
use crate::engine::Words;
use crate::runtime::{Container, Frame, Runtime, RuntimeError};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What a tool that is fed may print; more is an error, it would be kept in memory.
const STDOUT_BYTES: usize = 4 * 1024 * 1024;
/// How long the script may take to go by itself.
const HEARD: Duration = Duration::from_secs(3);
/// More newlines than any `head` reads ahead of what it was told to pass on (busybox's uses stdio).
const PADDING_BYTES: usize = 64 * 1024;

/// A tool that runs in a target and is fed. Dropping it kills the tool.
pub struct Feed {
    input: Pin<Box<dyn AsyncWrite + Send>>,
    reader: JoinHandle<Result<Answer, WholenessError>>,
    /// Resolves when the tool has ended, or can no longer be heard.
    ended: oneshot::Receiver<()>,
    early: bool,
    nonce: String,
    tool: String,
    left: u64,
}

impl Feed {
    /// Starts `words` in the container, to be given exactly `length` bytes.
    pub async fn start<R: Runtime>(
        runtime: &R,
        container: &Container,
        words: &Words,
        length: u64,
    ) -> Result<Self, WholenessError> {
        let length_line = format!("{length}\n");
        let body = include_str!("feed.sh");
        let (exec, nonce) = start(runtime, container, words, body, &length_line).await?;
        // Output is always drained while input is written, or both sides would wait for each other.
        let (tell_ended, ended) = oneshot::channel();
        let reader = tokio::spawn(read(
            exec.output,
            Scanner::new(&nonce),
            Stderr::new(words),
            tool(words),
            tell_ended,
        ));
        Ok(Self {
            input: exec.input,
            reader,
            ended,
            early: false,
            nonce: nonce.as_str().to_owned(),
            tool: tool(words),
            left: length,
        })
    }

    /// Gives the tool more. `false`: it has ended already, [`Feed::commit`] says how.
    /// There is no time-out: a tool that builds an index may be silent for hours.
    pub async fn write(&mut self, piece: &[u8]) -> bool {
        if !self.early {
            tokio::select! {
                biased;
                _ = &mut self.ended => self.early = true,
                written = self.input.write_all(piece) => match written {
                    Ok(()) => self.left = self.left.saturating_sub(piece.len() as u64),
                    Err(_) => self.early = true,
                },
            }
        }
        !self.early
    }

    /// Lets the tool see the end of its input, and waits for what it comes to. To be called only when all that
    /// was written has been proven; otherwise [`Feed::abandon`].
    pub async fn commit(mut self) -> Result<Answer, WholenessError> {
        if self.early {
            self.say(&format!("done {}\n", self.nonce)).await;
            let _ = self.input.shutdown().await;
            let answer = self.answer().await?;
            // A tool that ended well before it had everything has not done what it was asked to.
            return match answer.code {
                0 => Err(WholenessError::EndedEarly {
                    tool: self.tool.clone(),
                    stderr: answer.stderr,
                }),
                _ => Ok(answer),
            };
        }
        if self.left > 0 {
            let (tool, left) = (self.tool.clone(), self.left);
            self.abandon().await;
            return Err(WholenessError::Short { tool, left });
        }
        let commit = format!("commit {}\n", self.nonce);
        self.say(&("\n".repeat(PADDING_BYTES) + &commit)).await;
        let _ = (&mut self.ended).await;
        self.say(&format!("done {}\n", self.nonce)).await;
        self.answer().await
    }

    /// A broken connection shows again, with its reason, in what the reader says.
    async fn say(&mut self, line: &str) {
        if self.input.write_all(line.as_bytes()).await.is_ok() {
            let _ = self.input.flush().await;
        }
    }

    /// What the tool came to, once it has been told that it may go.
    async fn answer(&mut self) -> Result<Answer, WholenessError> {
        // The script goes by itself, unless the tool had ended before it took everything: then the rest is being
        // thrown away, up to the end of stdin. Not at once: some proxies take a half-close for a close.
        let mut heard = tokio::time::timeout(HEARD, &mut self.reader).await;
        if heard.is_err() {
            let _ = self.input.shutdown().await;
            heard = tokio::time::timeout(END, &mut self.reader).await;
        }
        match heard {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(WholenessError::NoRecord {
                said: format!("{} could not be heard to its end", self.tool),
            }),
        }
    }

    /// Kills the tool and waits until it is gone, so that what it held can be cleaned up.
    pub async fn abandon(mut self) {
        let _ = self.input.shutdown().await;
        if tokio::time::timeout(END, &mut self.reader).await.is_err() {
            tracing::warn!(
                "{} did not end within {} s after its stdin closed",
                self.tool,
                END.as_secs()
            );
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // The reader holds the other half of the connection: without it the tool's stdin stays open.
        self.reader.abort();
    }
}

/// Reads until the stream ends, which must be after the end record.
async fn read(
    mut output: BoxStream<'static, Result<Frame, RuntimeError>>,
    mut scanner: Scanner,
    mut stderr: Stderr,
    tool: String,
    ended: oneshot::Sender<()>,
) -> Result<Answer, WholenessError> {
    let mut ended = Some(ended);
    let mut stdout = Vec::new();
    while let Some(frame) = output.next().await {
        match frame? {
            // Stderr has no order with stdout: the last words may come after the record.
            Frame::Stderr(piece) => stderr.push(&piece),
            Frame::Stdout(piece) => {
                stdout.extend_from_slice(&scanner.push(&piece)?);
                if stdout.len() > STDOUT_BYTES {
                    return Err(WholenessError::TooMuch {
                        tool,
                        limit: STDOUT_BYTES,
                    });
                }
            }
        }
        if scanner.code().is_some()
            && let Some(ended) = ended.take()
        {
            let _ = ended.send(());
        }
    }
    let stderr = stderr.text();
    match scanner.code() {
        Some(code) => Ok(Answer { stdout, stderr, code }),
        None => Err(WholenessError::no_record(&stdout, &scanner, stderr)),
    }
}
