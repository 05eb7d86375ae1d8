//! The wholeness protocol: how bytes out of a container, and into it, are proven complete.
//!
//! No transport of exec can be trusted with that. The Docker daemon waits 2 s after the tool's exit for its
//! output to be read and drops the rest, with exit code 0 (moby #45689, #49655); a stream that is cut ends like
//! one that is whole; a failed start prints its error on stdout; a client that goes away leaves the tool
//! running. So the tool runs under a small POSIX script that
//!
//! * ends the output with a [`record`] that only this exec can know, with the tool's exit code in it;
//! * stays until the client acknowledges, so that there is no exit after which anything could be dropped;
//! * kills the tool and all it started when its stdin ends before that;
//! * on the way in, lets the tool see the end of its input only after the client has said `commit`.
//!
//! This module knows one way into a container ([`Runtime::exec`]) and nothing of databases.

mod feed;
mod header;
mod hold;
mod listen;
pub mod record;

pub use feed::Feed;
pub use hold::Hold;
pub use listen::Listen;

use crate::engine::Words;
use crate::runtime::{Container, Runtime, RuntimeError};
use record::{Nonce, RecordError};
use std::time::Duration;

/// How often each side shows the other, and every proxy between, that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long an exec may take to end once it has been told to, or told that it may.
const END: Duration = Duration::from_secs(15);
/// How much of what a tool says on stderr is kept for its error: the last bytes.
const STDERR_BYTES: usize = 16 * 1024;

/// What an engine prints instead of starting an exec is no longer than this.
const START_ERROR_BYTES: usize = 1024;

/// Why a stream is not believed, or the tool's own failure.
#[derive(Debug, thiserror::Error)]
pub enum WholenessError {
    /// The runtime did not do its part.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The stream ended and no end record had come.
    #[error("the stream ended without an end record{}", it_said(said))]
    NoRecord {
        /// The last that was printed: of a failed start, the reason.
        said: String,
    },
    /// The tool ended with an exit code other than 0.
    #[error("{tool} ended with exit code {code}{}", it_said(stderr))]
    Exit {
        /// The tool's name.
        tool: String,
        /// Its exit code.
        code: u8,
        /// The end of its stderr.
        stderr: String,
    },
    /// The end of the stream is not as it must be.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Nothing came for too long.
    #[error("{tool} printed nothing for {} s{}", after.as_secs(), it_said(stderr))]
    Stalled {
        /// The tool's name.
        tool: String,
        /// How long was waited.
        after: Duration,
        /// The end of its stderr.
        stderr: String,
    },
    /// More was printed than an answer may have.
    #[error("{tool} printed more than {limit} bytes")]
    TooMuch {
        /// The tool's name.
        tool: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The tool ended before it had been given everything.
    #[error("{tool} ended before it had read all its input{}", it_said(stderr))]
    EndedEarly {
        /// The tool's name.
        tool: String,
        /// The end of its stderr.
        stderr: String,
    },
    /// Less was written than was promised.
    #[error("{left} bytes of what {tool} was promised never came")]
    Short {
        /// The tool's name.
        tool: String,
        /// The bytes that are missing.
        left: u64,
    },
    /// What should be run cannot be sent.
    #[error("cannot be sent to the target: {0}")]
    Header(#[from] header::HeaderError),
    /// No random numbers: without them nothing can be proven.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl WholenessError {
    /// A stream that ended too soon. A failed start prints its reason on stdout: short text, and all there is.
    /// More than that is the tool's own output, and nothing to show.
    fn no_record(printed: &[u8], scanner: &record::Scanner, stderr: String) -> Self {
        let reason = match printed.len() {
            0..START_ERROR_BYTES => [printed, scanner.held()].concat(),
            _ => Vec::new(),
        };
        let reason = String::from_utf8_lossy(&reason).trim().to_owned();
        Self::NoRecord {
            said: if stderr.is_empty() { reason } else { stderr },
        }
    }
}

fn it_said(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("; it said: {text}")
    }
}

/// What a command that was run for its answer came to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it printed.
    pub stdout: Vec<u8>,
    /// The end of what it said on stderr.
    pub stderr: String,
    /// Its exit code.
    pub code: u8,
}

/// Runs `words` for their answer of at most `limit` bytes; no stdin.
pub async fn ask<R: Runtime>(
    runtime: &R,
    container: &Container,
    words: &Words,
    limit: usize,
    stall: Duration,
) -> Result<Answer, WholenessError> {
    let mut listen = Listen::start(runtime, container, words, stall).await?;
    let mut stdout = Vec::new();
    while let Some(piece) = listen.next().await? {
        stdout.extend_from_slice(&piece);
        if stdout.len() > limit {
            return Err(WholenessError::TooMuch {
                tool: tool(words),
                limit,
            });
        }
    }
    let (code, stderr) = listen.ended();
    Ok(Answer { stdout, stderr, code })
}

/// Runs `words` with `input` as their stdin, for their answer.
pub async fn tell<R: Runtime>(
    runtime: &R,
    container: &Container,
    words: &Words,
    input: &[u8],
) -> Result<Answer, WholenessError> {
    let mut feed = Feed::start(runtime, container, words, input.len() as u64).await?;
    for piece in input.chunks(64 * 1024) {
        if !feed.write(piece).await {
            break;
        }
    }
    feed.commit().await
}

/// The script for `sh -c`, without its comments: they are for the reader here, not for `docker events`.
fn script(body: &str) -> String {
    [include_str!("header.sh"), body]
        .concat()
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// Starts a script in the target and hands it its header.
async fn start<R: Runtime>(
    runtime: &R,
    container: &Container,
    words: &Words,
    body: &str,
    more: &str,
) -> Result<(crate::runtime::Exec, Nonce), WholenessError> {
    use tokio::io::AsyncWriteExt;
    let nonce = Nonce::random()?;
    let head = header::lines(&nonce, words)?;
    let mut exec = runtime
        .exec(container, &["sh", "-c", &script(body), "lifeboat"])
        .await?;
    // A failure to write shows again, with its reason, when the output is read.
    if exec.input.write_all((head + more).as_bytes()).await.is_ok() {
        let _ = exec.input.flush().await;
    }
    Ok((exec, nonce))
}

fn tool(words: &Words) -> String {
    words.tool().to_owned()
}

/// The last bytes of a stderr, for an error message.
struct Stderr {
    tail: Vec<u8>,
    secrets: Vec<String>,
}

impl Stderr {
    fn new(words: &Words) -> Self {
        Self {
            tail: Vec::new(),
            // A tool may print what it was given; short values would blank out ordinary words.
            secrets: words
                .env
                .iter()
                .filter(|(name, value)| {
                    (name.contains("PASS") || name == "MYSQL_PWD") && value.expose().len() >= 4
                })
                .map(|(_, value)| value.expose().to_owned())
                .collect(),
        }
    }

    fn push(&mut self, piece: &[u8]) {
        // NUL is the script's heartbeat.
        self.tail.extend(piece.iter().copied().filter(|byte| *byte != 0));
        if self.tail.len() > 2 * STDERR_BYTES {
            self.tail.drain(..self.tail.len() - STDERR_BYTES);
        }
    }

    fn text(&self) -> String {
        let tail = &self.tail[self.tail.len().saturating_sub(STDERR_BYTES)..];
        let text = String::from_utf8_lossy(tail);
        let text = self
            .secrets
            .iter()
            .fold(text.into_owned(), |text, secret| text.replace(secret, "****"));
        text.trim().to_owned()
    }
}
