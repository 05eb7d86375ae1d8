//! The Docker Engine API (Docker, or Podman's socket that speaks it). The only folder that names bollard.

mod connect;
mod find;
mod own;
mod projects;

use super::{Container, Exec, Frame, Runtime, RuntimeError, RuntimeErrorKind as Kind};
use crate::config::TargetEntry;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error as Bollard;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{ContainerInspectResponse, SystemVersionComponents};
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// dockerd's frames are at most 32 KiB; a buffer of a few saves regrowing it for each.
const READ_BUFFER_BYTES: usize = 128 * 1024;
/// A Docker Engine.
#[derive(Clone)]
pub struct DockerRuntime {
    docker: Docker,
    compose_project: Option<String>,
    address: String,
    /// The container this process runs in, once that has been found out.
    own: Arc<OnceCell<Option<Box<ContainerInspectResponse>>>>,
    /// The entries of TARGET of which it has been said that another container bears the name.
    said: Arc<Mutex<BTreeSet<String>>>,
}

impl DockerRuntime {
    /// The engine's version, as proof that it answers.
    pub async fn version(&self) -> Result<String, RuntimeError> {
        let version = self
            .docker
            .version()
            .await
            .map_err(|error| self.failed("asking the engine for its version", error))?;
        Ok(version.version.unwrap_or_else(|| "unknown".to_owned()))
    }

    fn failed(&self, doing: &str, error: Bollard) -> RuntimeError {
        let error = failed(doing, error);
        if error.kind == Kind::Unreachable && error.hint.is_none() {
            let hint = format!(
                "is an engine listening at {}? DOCKER_HOST says where",
                self.address
            );
            return error.hint(hint);
        }
        error
    }

    async fn inspect(&self, id: &str) -> Result<ContainerInspectResponse, RuntimeError> {
        self.docker
            .inspect_container(id, None)
            .await
            .map_err(|error| self.failed("inspecting the container", error))
    }
}

impl Runtime for DockerRuntime {
    async fn find(&self, entry: &TargetEntry) -> Vec<Result<Container, RuntimeError>> {
        self.targets(entry).await
    }

    async fn projects(&self, entry: &TargetEntry) -> Vec<(String, Option<String>)> {
        self.projects_of(entry).await
    }

    async fn exec(&self, container: &Container, argv: &[&str]) -> Result<Exec, RuntimeError> {
        let doing = format!("starting an exec in {}", container.name);
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            cmd: Some(argv.to_vec()),
            ..Default::default()
        };
        let created = self
            .docker
            .create_exec(&container.id, options)
            .await
            .map_err(|error| self.failed(&doing, error))?;
        let start = StartExecOptions {
            output_capacity: Some(READ_BUFFER_BYTES),
            ..Default::default()
        };
        match self.docker.start_exec(&created.id, Some(start)).await {
            Ok(StartExecResults::Attached { output, input }) => Ok(Exec {
                input,
                output: output.map(frame).boxed(),
            }),
            Ok(StartExecResults::Detached) => Err(RuntimeError::new(
                Kind::Broken,
                format!("{doing}: the engine detached it"),
            )),
            Err(error) => Err(self.failed(&doing, error)),
        }
    }

    async fn origin(&self) -> Result<String, RuntimeError> {
        let info = self
            .docker
            .info()
            .await
            .map_err(|error| self.failed("asking the engine for its id", error))?;
        let version = self
            .docker
            .version()
            .await
            .map_err(|error| self.failed("asking the engine for its version", error))?;
        // Podman has no id: it makes up another for each answer.
        let is_podman = |part: &SystemVersionComponents| part.name.contains("Podman");
        let id = info.id.filter(|id| !id.is_empty());
        let id = id.filter(|_| !version.components.iter().flatten().any(is_podman));
        Ok(id.or(info.name).unwrap_or_default())
    }

    async fn restarts_always(&self) -> Option<bool> {
        self.restarts().await
    }
}

/// The daemon's frames. Anything that is neither stdout nor stderr means that the stream is out of step or was
/// cut: bollard hands out the rest of a broken frame as `Console`, without an error.
fn frame(item: Result<LogOutput, Bollard>) -> Result<Frame, RuntimeError> {
    match item {
        Ok(LogOutput::StdOut { message }) => Ok(Frame::Stdout(message)),
        Ok(LogOutput::StdErr { message }) => Ok(Frame::Stderr(message)),
        Ok(LogOutput::Console { .. } | LogOutput::StdIn { .. }) => Err(RuntimeError::new(
            Kind::Broken,
            "the engine's stream was cut inside a frame",
        )),
        Err(error) => Err(RuntimeError::new(Kind::Broken, "the connection to the exec broke").because(error)),
    }
}

fn failed(doing: &str, error: Bollard) -> RuntimeError {
    let kind = match &error {
        Bollard::DockerResponseServerError { status_code, .. } => match status_code {
            401 | 403 => Kind::Denied,
            404 => Kind::NotFound,
            409 => Kind::NotRunning,
            _ => Kind::Other,
        },
        Bollard::SocketNotFoundError(_)
        | Bollard::RequestTimeoutError
        | Bollard::IOError { .. }
        | Bollard::HyperResponseError { .. }
        | Bollard::HyperLegacyError { .. } => Kind::Unreachable,
        _ => Kind::Other,
    };
    let error_hint = match kind {
        Kind::Denied => Some("a socket proxy needs CONTAINERS=1, EXEC=1, INFO=1, VERSION=1 and POST=1"),
        _ => None,
    };
    let error = RuntimeError::new(kind, doing).because(error);
    match error_hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_rest_of_a_broken_frame_is_never_output() {
        let message = Bytes::from_static(b"half a frame");
        assert_eq!(
            frame(Ok(LogOutput::Console {
                message: message.clone()
            }))
            .unwrap_err()
            .kind,
            Kind::Broken
        );
        assert!(
            frame(Ok(LogOutput::StdIn {
                message: message.clone()
            }))
            .is_err()
        );
        assert_eq!(
            frame(Ok(LogOutput::StdOut {
                message: message.clone()
            }))
            .unwrap(),
            Frame::Stdout(message)
        );
    }
}
