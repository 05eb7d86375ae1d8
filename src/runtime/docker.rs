//! The Docker Engine API (Docker, or Podman's socket that speaks it). The only place that names bollard.

use super::{Container, Exec, Frame, Runtime, RuntimeError, RuntimeErrorKind as Kind};
use crate::config::{self, Selector, TargetEntry, labels};
use crate::secret::Secret;
use bollard::container::LogOutput;
use bollard::errors::Error as Bollard;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{ContainerInspectResponse, ContainerSummary, HealthStatusEnum};
use bollard::query_parameters::ListContainersOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bounds one request up to the head of its answer; the streams behind it have their own clocks.
const REQUEST_SECONDS: u64 = 60;
/// dockerd's frames are at most 32 KiB; a buffer of a few saves regrowing it for each.
const READ_BUFFER_BYTES: usize = 128 * 1024;
/// How long a container whose health check is still starting is waited for.
const HEALTH_WAIT: Duration = Duration::from_mins(1);
const SOCKET: &str = "/var/run/docker.sock";

/// A Docker Engine.
#[derive(Clone)]
pub struct DockerRuntime {
    docker: Docker,
    compose_project: Option<String>,
    address: String,
}

impl DockerRuntime {
    /// Prepares the way to the engine; nothing is sent yet.
    pub fn connect(config: &config::Docker) -> Result<Self, RuntimeError> {
        let address = config.host.clone().unwrap_or_else(|| format!("unix://{SOCKET}"));
        let docker = match address.split_once("://") {
            Some(("unix", path)) => {
                look_at_socket(Path::new(path))?;
                Docker::connect_with_unix(path, REQUEST_SECONDS, API_DEFAULT_VERSION)
            }
            Some(("tcp" | "http" | "https", host)) if config.tls || address.starts_with("https") => {
                let certificates = certificates(config)?;
                Docker::connect_with_ssl(
                    &format!("tcp://{host}"),
                    &certificates.join("key.pem"),
                    &certificates.join("cert.pem"),
                    &certificates.join("ca.pem"),
                    REQUEST_SECONDS,
                    API_DEFAULT_VERSION,
                )
            }
            Some(("tcp" | "http", _)) => {
                Docker::connect_with_http(&address, REQUEST_SECONDS, API_DEFAULT_VERSION)
            }
            _ => {
                return Err(RuntimeError::new(
                    Kind::Other,
                    format!("DOCKER_HOST {address:?} has a scheme that is not offered"),
                )
                .hint("use unix://, tcp:// or https://"));
            }
        }
        .map_err(|error| failed("connecting to the engine", error))?;
        Ok(Self {
            docker,
            compose_project: config.compose_project.clone(),
            address,
        })
    }

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

    async fn containers(&self) -> Result<Vec<ContainerSummary>, RuntimeError> {
        let options = ListContainersOptionsBuilder::new().all(true).build();
        self.docker
            .list_containers(Some(options))
            .await
            .map_err(|error| self.failed("listing the containers", error))
    }

    async fn inspect(&self, id: &str) -> Result<ContainerInspectResponse, RuntimeError> {
        self.docker
            .inspect_container(id, None)
            .await
            .map_err(|error| self.failed("inspecting the container", error))
    }

    /// The container this process runs in, if it runs in one that the engine knows.
    async fn own(&self) -> Option<ContainerInspectResponse> {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let hostname = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        let id = own_id(&mounts).unwrap_or_else(|| hostname.trim().to_owned());
        if id.len() < 12 || !id.chars().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        self.inspect(&id).await.ok()
    }

    async fn own_project(&self) -> Option<String> {
        if let Some(project) = &self.compose_project {
            return Some(project.clone());
        }
        let labels = self.own().await?.config?.labels?;
        labels.get("com.docker.compose.project").cloned()
    }

    /// The ids an entry means, with the name each target has in the bucket.
    async fn matches(&self, entry: &TargetEntry) -> Result<Vec<String>, RuntimeError> {
        let all = self.containers().await?;
        let ids = |keep: &dyn Fn(&ContainerSummary) -> bool| -> Vec<String> {
            all.iter()
                .filter(|c| keep(c))
                .filter_map(|c| c.id.clone())
                .collect()
        };
        let label = |c: &ContainerSummary, key: &str| c.labels.as_ref().and_then(|l| l.get(key).cloned());
        match &entry.selector {
            Selector::Label { key, value } => {
                let found = ids(&|c| match (label(c, key), value) {
                    (Some(has), Some(wanted)) => has == *wanted,
                    (has, None) => has.is_some(),
                    (None, Some(_)) => false,
                });
                if found.is_empty() {
                    return Err(not_found(entry, "no container has this label"));
                }
                Ok(found)
            }
            Selector::Name(name) => {
                let named = ids(&|c| {
                    c.names
                        .iter()
                        .flatten()
                        .any(|n| n.strip_prefix('/').unwrap_or(n) == name)
                });
                if !named.is_empty() {
                    return Ok(named);
                }
                let project = self.own_project().await;
                let service = ids(&|c| {
                    project.is_some()
                        && label(c, "com.docker.compose.project") == project
                        && label(c, "com.docker.compose.service").as_deref() == Some(name)
                        // `docker compose run` leaves one-off containers of the same service beside it.
                        && label(c, "com.docker.compose.oneoff").as_deref() != Some("True")
                });
                if !service.is_empty() {
                    return Ok(service);
                }
                let is_id = name.len() >= 12 && name.chars().all(|c| c.is_ascii_hexdigit());
                let by_id =
                    ids(&|c| is_id && c.id.as_deref().is_some_and(|id| id.starts_with(name.as_str())));
                if !by_id.is_empty() {
                    return Ok(by_id);
                }
                let project = project.map_or_else(
                    || "compose services are looked for only where COMPOSE_PROJECT_NAME is known".to_owned(),
                    |project| format!("looked in the compose project {project:?} too"),
                );
                Err(not_found(
                    entry,
                    &format!("no container has this name, service or id; {project}"),
                ))
            }
        }
    }

    /// Whether a container that was found by a label is labelled as one that may be down.
    async fn may_be_down(&self, entry: &TargetEntry, id: &str) -> bool {
        let by_label = matches!(entry.selector, Selector::Label { .. });
        let labels = match self.inspect(id).await {
            Ok(seen) => seen.config.and_then(|config| config.labels).unwrap_or_default(),
            Err(_) => return false,
        };
        by_label && labels::optional(&labels.into_iter().collect())
    }

    /// One container of an entry, if it can be talked to.
    async fn container(&self, entry: &TargetEntry, id: &str) -> Result<Container, RuntimeError> {
        let mut seen = self.inspect(id).await?;
        let name = seen
            .name
            .clone()
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned();
        let deadline = tokio::time::Instant::now() + HEALTH_WAIT;
        let mut poll = tokio::time::interval(Duration::from_secs(1));
        loop {
            match (running(&seen), health(&seen)) {
                (Err(state), _) => {
                    return Err(
                        RuntimeError::new(Kind::NotRunning, format!("container {name} is {state}"))
                            .hint(format!("start it: docker start {name}")),
                    );
                }
                (Ok(()), Some(HealthStatusEnum::STARTING)) if tokio::time::Instant::now() < deadline => {
                    poll.tick().await;
                    seen = self.inspect(id).await?;
                }
                (Ok(()), health) => {
                    if health == Some(HealthStatusEnum::UNHEALTHY) {
                        tracing::warn!(
                            container = name,
                            "its own health check says unhealthy: trying all the same"
                        );
                    }
                    break;
                }
            }
        }
        let config = seen.config.unwrap_or_default();
        let labelled: BTreeMap<_, _> = config.labels.unwrap_or_default().into_iter().collect();
        let target = match &entry.selector {
            Selector::Name(_) => entry.text.clone(),
            Selector::Label { .. } => labelled.get(labels::NAME).unwrap_or(&name).clone(),
        };
        Ok(Container {
            id: seen.id.unwrap_or_else(|| id.to_owned()),
            target,
            name,
            image: config.image.unwrap_or_default(),
            labels: labelled,
            env: config
                .env
                .unwrap_or_default()
                .iter()
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.to_owned(), Secret::new(value)))
                .collect(),
        })
    }
}

impl Runtime for DockerRuntime {
    async fn find(&self, entry: &TargetEntry) -> Vec<Result<Container, RuntimeError>> {
        let ids = match self.matches(entry).await {
            Ok(ids) => ids,
            Err(error) => return vec![Err(error)],
        };
        let mut found = Vec::new();
        for id in &ids {
            match self.container(entry, id).await {
                Err(error) if error.kind == Kind::NotRunning && self.may_be_down(entry, id).await => {
                    tracing::info!(
                        target = entry.text,
                        "left out, as its label lifeboat.optional allows: {error}"
                    );
                }
                other => found.push(other),
            }
        }
        if found.len() > 1 && matches!(entry.selector, Selector::Name(_)) {
            let names: Vec<_> = found
                .iter()
                .map(|container| match container {
                    Ok(container) => container.name.clone(),
                    Err(error) => error.to_string(),
                })
                .collect();
            return vec![Err(RuntimeError::new(
                Kind::Ambiguous,
                format!(
                    "TARGET {:?} means several containers: {}",
                    entry.text,
                    names.join(", ")
                ),
            )
            .hint("name one container, or use label:KEY=VALUE for all of them"))];
        }
        found
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
        // Podman has no engine id.
        Ok(info
            .id
            .filter(|id| !id.is_empty())
            .or(info.name)
            .unwrap_or_default())
    }

    async fn restarts_always(&self) -> Option<bool> {
        use bollard::models::RestartPolicyNameEnum as Policy;
        let policy = self.own().await?.host_config?.restart_policy?.name;
        Some(matches!(policy, Some(Policy::ALWAYS | Policy::UNLESS_STOPPED)))
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

fn running(seen: &ContainerInspectResponse) -> Result<(), String> {
    let Some(state) = &seen.state else {
        return Err("in an unknown state".to_owned());
    };
    if state.paused == Some(true) {
        return Err("paused".to_owned());
    }
    if state.restarting == Some(true) {
        return Err("restarting".to_owned());
    }
    if state.running == Some(true) {
        return Ok(());
    }
    let status = state
        .status
        .as_ref()
        .map_or_else(|| "not running".to_owned(), ToString::to_string);
    Err(if state.oom_killed == Some(true) {
        format!("{status} (killed for want of memory)")
    } else {
        status
    })
}

fn health(seen: &ContainerInspectResponse) -> Option<HealthStatusEnum> {
    seen.state.as_ref()?.health.as_ref()?.status
}

/// The folder with `key.pem`, `cert.pem` and `ca.pem`.
fn certificates(config: &config::Docker) -> Result<PathBuf, RuntimeError> {
    let folder = config.cert_path.clone().ok_or_else(|| {
        RuntimeError::new(Kind::Other, "TLS is asked for, and DOCKER_CERT_PATH is not set")
            .hint("mount key.pem, cert.pem and ca.pem, and set DOCKER_CERT_PATH to their folder")
    })?;
    for name in ["key.pem", "cert.pem", "ca.pem"] {
        let file = folder.join(name);
        if let Err(error) = std::fs::File::open(&file) {
            return Err(
                RuntimeError::new(Kind::Denied, format!("{} cannot be read", file.display()))
                    .because(error)
                    .hint("DOCKER_CERT_PATH names a folder with key.pem, cert.pem and ca.pem"),
            );
        }
    }
    Ok(folder)
}

/// The 64 hex digits after `/containers/` in a mount of this process.
fn own_id(mounts: &str) -> Option<String> {
    let ids = mounts.split("/containers/").skip(1);
    ids.map(|rest| {
        rest.chars()
            .take_while(char::is_ascii_hexdigit)
            .collect::<String>()
    })
    .find(|id| id.len() == 64)
}

fn not_found(entry: &TargetEntry, why: &str) -> RuntimeError {
    RuntimeError::new(
        Kind::NotFound,
        format!("TARGET {:?} was not found: {why}", entry.text),
    )
    .hint("docker ps -a shows the names; TARGET takes one of them")
}

/// The socket's usual first failures, told before the client library says something general.
fn look_at_socket(path: &Path) -> Result<(), RuntimeError> {
    let shown = path.display();
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let (kind, hint) = match error.kind() {
                std::io::ErrorKind::NotFound => (
                    Kind::Unreachable,
                    format!("mount it into this container: -v {SOCKET}:{shown}, or set DOCKER_HOST"),
                ),
                std::io::ErrorKind::PermissionDenied => (
                    Kind::Denied,
                    "run as root or with the socket's group (group_add); on SELinux add \
                     --security-opt label=disable"
                        .to_owned(),
                ),
                _ => (
                    Kind::Unreachable,
                    "is the engine running? docker info tells".to_owned(),
                ),
            };
            Err(
                RuntimeError::new(kind, format!("the engine's socket {shown} cannot be opened"))
                    .because(error)
                    .hint(hint),
            )
        }
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

    #[test]
    fn finds_the_own_id_in_the_mounts() {
        let id = "0123456789abcdef".repeat(4);
        let line = format!("1 2 8:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw\n");
        assert_eq!(own_id(&line), Some(id));
        assert_eq!(own_id("1 2 8:1 / /containers/abc rw"), None);
    }

    #[test]
    fn a_missing_socket_is_told_with_the_mend() {
        let error = look_at_socket(Path::new("/nonexistent/docker.sock")).unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
        assert!(error.hint.unwrap().contains("-v /var/run/docker.sock"));
    }
}
