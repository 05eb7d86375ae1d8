//! A runtime that says what it is told to, so that a stream can go wrong at any byte and the clock can stand still.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by tests that use parts of it"
)]

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::unfold;
use lifeboat::config::TargetEntry;
use lifeboat::runtime::{COMPOSE_PROJECT, Container, Exec, Frame, Runtime, RuntimeError, RuntimeErrorKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, Lines};
use tokio::sync::mpsc;

/// What an exec does next.
#[derive(Clone)]
pub enum Step {
    /// Prints these bytes.
    Out(Bytes),
    /// Prints so many bytes that compress badly.
    Noise(usize),
    /// Says this on stderr.
    Err(&'static str),
    /// Prints the end record with this exit code, and waits for the acknowledgement.
    Record(u8),
    /// Prints the end record with this text behind it in the same frame.
    RecordAnd(&'static str),
    /// The connection breaks.
    Break,
    /// Nothing more happens, ever.
    Hang,
    /// Something happens beside the stream.
    Do(Arc<dyn Fn() + Send + Sync>),
}

/// A runtime whose every exec follows the script.
#[derive(Clone)]
pub struct ScriptedRuntime {
    script: Arc<Vec<Step>>,
    /// Those whose stdin ended before the acknowledgement, which kills the tool.
    killed: Arc<Mutex<usize>>,
    engine: &'static str,
    labels: BTreeMap<String, String>,
}

impl ScriptedRuntime {
    /// Every exec does this, then its stream ends.
    pub fn new(script: impl IntoIterator<Item = Step>) -> Self {
        Self {
            script: Arc::new(script.into_iter().collect()),
            killed: Arc::default(),
            engine: "engine-1",
            labels: BTreeMap::new(),
        }
    }

    /// The same under another engine.
    #[must_use]
    pub fn on(self, engine: &'static str) -> Self {
        Self { engine, ..self }
    }

    /// The same in this compose project.
    #[must_use]
    pub fn in_project(mut self, name: &str) -> Self {
        self.labels.insert(COMPOSE_PROJECT.to_owned(), name.to_owned());
        self
    }

    /// How many tools were killed by the end of their stdin.
    pub fn killed(&self) -> usize {
        *self.killed.lock().unwrap()
    }
}

/// Bytes that compress badly; the same for the same length. They repeat after 1 MiB, which is more than a block of bzip2.
pub fn noise(length: usize) -> Bytes {
    static MEBIBYTE: OnceLock<Bytes> = OnceLock::new();
    let once = MEBIBYTE.get_or_init(|| {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..1 << 20).map(|_| next()).collect::<Vec<u8>>().into()
    });
    if length <= once.len() {
        once.slice(..length)
    } else {
        once.repeat(length.div_ceil(once.len()))[..length].to_vec().into()
    }
}

impl Runtime for ScriptedRuntime {
    async fn find(&self, entry: &TargetEntry) -> Vec<Result<Container, RuntimeError>> {
        if entry.text.starts_with("missing") {
            return vec![Err(RuntimeError::new(
                RuntimeErrorKind::NotFound,
                "no such container",
            ))];
        }
        vec![Ok(Container {
            id: "0123456789ab".to_owned(),
            name: entry.text.clone(),
            // Two entries that end in the same letter mean targets of the same name.
            target: entry.text.split('-').next().unwrap().to_owned(),
            image: "postgres:18".to_owned(),
            labels: self.labels.clone(),
            env: BTreeMap::new(),
        })]
    }

    async fn exec(&self, _container: &Container, _argv: &[&str]) -> Result<Exec, RuntimeError> {
        let (input, stdin) = tokio::io::duplex(1 << 20);
        let (say, said) = mpsc::channel(4);
        let mut stdin = BufReader::new(stdin).lines();
        let (script, killed) = (Arc::clone(&self.script), Arc::clone(&self.killed));
        tokio::spawn(async move {
            let nonce = stdin.next_line().await.ok().flatten().unwrap_or_default();
            let done = format!("done {nonce}");
            for step in script.iter() {
                let frame = match step.clone() {
                    Step::Out(bytes) => Ok(Frame::Stdout(bytes)),
                    Step::Noise(length) => Ok(Frame::Stdout(noise(length))),
                    Step::Err(text) => Ok(Frame::Stderr(text.into())),
                    Step::Record(code) => Ok(Frame::Stdout(format!("{nonce} {code:03}\n").into())),
                    Step::RecordAnd(text) => Ok(Frame::Stdout(format!("{nonce} 000\n{text}").into())),
                    Step::Break => Err(RuntimeError::new(
                        RuntimeErrorKind::Broken,
                        "the connection broke",
                    )),
                    Step::Hang => {
                        let _open = say;
                        *killed.lock().unwrap() += usize::from(!acknowledged(&mut stdin, &done).await);
                        return;
                    }
                    Step::Do(work) => {
                        work();
                        continue;
                    }
                };
                if say.send(frame).await.is_err() {
                    break;
                }
                if matches!(step, Step::Record(_)) && !acknowledged(&mut stdin, &done).await {
                    *killed.lock().unwrap() += 1;
                }
            }
        });
        let output = unfold(said, |mut said| async move {
            said.recv().await.map(|frame| (frame, said))
        });
        Ok(Exec {
            input: Box::pin(input),
            output: output.boxed(),
        })
    }

    async fn origin(&self) -> Result<String, RuntimeError> {
        Ok(self.engine.to_owned())
    }

    async fn restarts_always(&self) -> Option<bool> {
        None
    }
}

async fn acknowledged(stdin: &mut Lines<BufReader<DuplexStream>>, done: &str) -> bool {
    while let Ok(Some(line)) = stdin.next_line().await {
        if line == done {
            return true;
        }
    }
    false
}
