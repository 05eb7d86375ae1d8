//! The way to the engine.

use super::{DockerRuntime, Kind, failed};
use crate::config;
use crate::runtime::RuntimeError;
use bollard::{API_DEFAULT_VERSION, Docker};
use std::path::{Path, PathBuf};

/// Bounds one request up to the head of its answer; the streams behind it have their own clocks.
const REQUEST_SECONDS: u64 = 60;
const SOCKET: &str = "/var/run/docker.sock";

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
            own: std::sync::Arc::default(),
            said: std::sync::Arc::default(),
        })
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_missing_socket_is_told_with_the_mend() {
        let error = look_at_socket(Path::new("/nonexistent/docker.sock")).unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
        assert!(error.hint.unwrap().contains("-v /var/run/docker.sock"));
    }
}
