//! The port to what runs the containers: find a target, and run words in it.
//!
//! An implementation moves bytes and proves nothing: that a stream was whole is for [`wholeness`] to say.

pub mod docker;
pub mod wholeness;

use crate::config::TargetEntry;
use crate::error::{Cause, Error, Stage};
use crate::exit::Exit;
use crate::secret::Secret;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use tokio::io::AsyncWrite;

/// The label that compose gives the containers of a project.
pub const COMPOSE_PROJECT: &str = "com.docker.compose.project";

/// A container that can be asked to run something.
#[derive(Debug, Clone)]
pub struct Container {
    /// The runtime's own id.
    pub id: String,
    /// Its name, without a leading slash.
    pub name: String,
    /// The name of this target in the bucket (not percent-encoded).
    pub target: String,
    /// The image it was made from.
    pub image: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment as configured; any of it may be a secret.
    pub env: BTreeMap<String, Secret>,
}

impl Container {
    /// The compose project it belongs to.
    pub fn project(&self) -> Option<&str> {
        self.labels.get(COMPOSE_PROJECT).map(String::as_str)
    }
}

/// A piece of what an exec printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Bytes of its standard output.
    Stdout(Bytes),
    /// Bytes of its standard error.
    Stderr(Bytes),
}

/// A running exec. Dropping both halves closes the connection; what runs then sees its stdin end.
pub struct Exec {
    /// Its standard input.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it prints, in order per stream. An end of this stream proves nothing.
    pub output: BoxStream<'static, Result<Frame, RuntimeError>>,
}

/// Why the runtime could not do it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct RuntimeError {
    /// The outcome.
    pub kind: RuntimeErrorKind,
    /// One fragment: what was tried and what came of it.
    pub what: String,
    /// What the operator does next.
    pub hint: Option<String>,
    /// The error below.
    #[source]
    pub source: Option<Cause>,
}

/// The outcome of a request to the runtime, as far as a caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeErrorKind {
    /// The runtime itself was not reached.
    Unreachable,
    /// The runtime says no.
    Denied,
    /// No such target.
    NotFound,
    /// The target is there but not running, paused, restarting or unhealthy.
    NotRunning,
    /// An entry of TARGET means several containers.
    Ambiguous,
    /// The connection broke, or what came over it is not the protocol.
    Broken,
    /// Anything else.
    Other,
}

impl RuntimeError {
    /// An error without a source.
    pub fn new(kind: RuntimeErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            hint: None,
            source: None,
        }
    }

    /// Adds the error below.
    #[must_use]
    pub fn because(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds what the operator does next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// This error as a failure of `stage`.
    pub fn at(self, stage: Stage) -> Error {
        let exit = match self.kind {
            RuntimeErrorKind::Ambiguous => Exit::Usage,
            RuntimeErrorKind::Broken => Exit::Tool,
            _ => Exit::Target,
        };
        let hint = self.hint.clone();
        let error = Error::new(stage, exit, self);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What runs the containers. Cheap to clone.
pub trait Runtime: Clone + Send + Sync + 'static {
    /// The containers one entry of TARGET means; more than one only for a label, and none only where a label
    /// finds containers that may be down. Each is running. A stopped one is an error of its own, beside the ones
    /// that run.
    fn find(&self, entry: &TargetEntry) -> impl Future<Output = Vec<Result<Container, RuntimeError>>> + Send;

    /// The names in the bucket of the targets that one entry of TARGET means, each with its compose project. They need not
    /// run, and nothing is waited for.
    fn projects(&self, entry: &TargetEntry) -> impl Future<Output = Vec<(String, Option<String>)>> + Send {
        async {
            let found = self.find(entry).await.into_iter().flatten();
            let project =
                |container: Container| (container.target.clone(), container.project().map(str::to_owned));
            found.map(project).collect()
        }
    }

    /// Runs `argv` in the container, stdin attached, no TTY.
    fn exec(
        &self,
        container: &Container,
        argv: &[&str],
    ) -> impl Future<Output = Result<Exec, RuntimeError>> + Send;

    /// An id of this runtime that no other has: it tells one host's backups from another's.
    fn origin(&self) -> impl Future<Output = Result<String, RuntimeError>> + Send;

    /// Whether the container lifeboat runs in is started again whenever it ends; `None` when not known.
    fn restarts_always(&self) -> impl Future<Output = Option<bool>> + Send;
}
