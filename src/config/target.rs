//! Which containers to back up, and how their runtime is reached.

use super::env::Given;
use super::problems::Report;
use super::show::{quoted, quoted_url};
use super::values::Choices;
use serde::Deserialize;
use std::path::PathBuf;

/// One entry of `TARGET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetEntry {
    /// As written, without a leading slash: what its backups are stored under.
    pub text: String,
    /// What it means.
    pub selector: Selector,
}

/// What an entry of `TARGET` selects by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A container's exact name; else a compose service of the own project; else an id of 12 hex digits or more.
    Name(String),
    /// `label:KEY[=VALUE]`: every container that has it.
    Label {
        /// The label.
        key: String,
        /// Its value, when one is asked for.
        value: Option<String>,
    },
}

/// How the Docker API is reached.
#[derive(Debug, Clone, Default)]
pub struct Docker {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_TLS_VERIFY`; empty means off, as for the docker command.
    pub tls: bool,
    /// `DOCKER_CERT_PATH`.
    pub cert_path: Option<PathBuf>,
    /// `COMPOSE_PROJECT_NAME`; `None`: the own container's.
    pub compose_project: Option<String>,
    /// `TARGET_CONCURRENCY`.
    pub concurrency: usize,
}

#[derive(Deserialize, Default)]
struct Raw {
    target: Option<String>,
    runtime: Option<String>,
    docker_host: Option<String>,
    docker_tls_verify: Option<String>,
    docker_cert_path: Option<String>,
    compose_project_name: Option<String>,
    namespace: Option<String>,
    target_concurrency: Option<String>,
}

const RUNTIMES: Choices<()> = Choices {
    offered: &[("auto", ()), ("docker", ())],
    not_yet: &["kubernetes"],
};

pub(super) fn read(given: &Given, report: &mut Report) -> (Vec<TargetEntry>, Docker) {
    let raw: Raw = given.part(report);
    report.choice("RUNTIME", raw.runtime.as_deref(), &RUNTIMES);
    if raw.namespace.is_some() {
        report.warn("NAMESPACE has no effect: this version does not offer Kubernetes");
    }
    let tls = raw.docker_tls_verify;
    if let Some(text) = tls.as_deref()
        && super::values::boolean(text) == Some(false)
    {
        report.warn(format!(
            "DOCKER_TLS_VERIFY={text} switches TLS on, as for the docker command: leave it empty to switch it off"
        ));
    }
    let docker = Docker {
        host: raw.docker_host.filter(|host| docker_host(host, report)),
        tls: tls.is_some(),
        cert_path: raw.docker_cert_path.map(PathBuf::from),
        compose_project: report.line("COMPOSE_PROJECT_NAME", raw.compose_project_name),
        concurrency: report
            .number("TARGET_CONCURRENCY", raw.target_concurrency.as_deref(), 1..=64)
            .unwrap_or(1),
    };
    (targets(raw.target.as_deref(), report), docker)
}

fn docker_host(host: &str, report: &mut Report) -> bool {
    const VARIABLE: &str = "DOCKER_HOST";
    let shown = quoted_url(host);
    let hint = "write unix:///var/run/docker.sock or tcp://HOST:PORT";
    let Some((scheme, rest)) = host.split_once("://") else {
        report.problem(VARIABLE, format!("{shown} has no scheme"), hint);
        return false;
    };
    let (what, hint) = match scheme {
        "ssh" => (
            "has ssh://, which is not offered by this version".to_owned(),
            "mount the socket, or use tcp:// with TLS",
        ),
        "unix" | "tcp" | "http" | "https" if rest.is_empty() => (format!("{shown} names no host"), hint),
        "tcp" | "http" | "https" if rest.contains('@') => (
            format!("{shown} has a user name or a password"),
            "the Docker API knows none: leave them out",
        ),
        "unix" | "tcp" | "http" | "https" => return true,
        _ => (format!("{shown} has an unknown scheme"), hint),
    };
    report.problem(VARIABLE, what, hint);
    false
}

fn targets(text: Option<&str>, report: &mut Report) -> Vec<TargetEntry> {
    const VARIABLE: &str = "TARGET";
    let Some(text) = text else {
        report.problem(
            VARIABLE,
            "is required",
            "set it to the name of the database's container or compose service",
        );
        return Vec::new();
    };
    let mut entries: Vec<TargetEntry> = Vec::new();
    for text in report.list(VARIABLE, Some(text)).unwrap_or_default() {
        match entry(&text) {
            Err((what, hint)) => report.problem(VARIABLE, format!("{} {what}", quoted(&text)), hint),
            Ok(entry) if entries.contains(&entry) => report.problem(
                VARIABLE,
                format!("{} stands there twice", quoted(&entry.text)),
                "name each target once",
            ),
            Ok(entry) => entries.push(entry),
        }
    }
    entries
}

/// What one entry of `TARGET` means; else what is wrong with it and the mend.
fn entry(text: &str) -> Result<TargetEntry, (&'static str, &'static str)> {
    if let Some(label) = text.strip_prefix("label:") {
        let (key, value) = match label.split_once('=') {
            Some((key, value)) => (key.trim_end(), Some(value.to_owned())),
            None => (label, None),
        };
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(("has no label", "write label:KEY or label:KEY=VALUE"));
        }
        let selector = Selector::Label {
            key: key.to_owned(),
            value,
        };
        return Ok(TargetEntry {
            text: text.to_owned(),
            selector,
        });
    }
    if ["pod/", "statefulset/", "deployment/"]
        .iter()
        .any(|kind| text.starts_with(kind))
    {
        return Err((
            "is of Kubernetes, which is not offered by this version",
            "name a container, a compose service or label:KEY[=VALUE]",
        ));
    }
    // Docker's own listings write names with a slash before them.
    let name = text.strip_prefix('/').unwrap_or(text);
    let mut chars = name.chars();
    let named = chars.next().is_some_and(|c| c.is_ascii_alphanumeric())
        && chars.all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if !named {
        return Err((
            "is not a container's name",
            "write letters, digits, dots, dashes and underscores; patterns do not exist, label:KEY[=VALUE] does",
        ));
    }
    Ok(TargetEntry {
        text: name.to_owned(),
        selector: Selector::Name(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{config, problem, warnings};
    use super::*;

    #[test]
    fn entries() {
        let config = config(&[("TARGET", "/db, db.2 ,label:backup,label:app=x=y,label:empty=")]);
        let label = |text: &str, key: &str, value: Option<&str>| TargetEntry {
            text: text.to_owned(),
            selector: Selector::Label {
                key: key.to_owned(),
                value: value.map(str::to_owned),
            },
        };
        let name = |name: &str| TargetEntry {
            text: name.to_owned(),
            selector: Selector::Name(name.to_owned()),
        };
        assert_eq!(
            config.targets,
            [
                name("db"),
                name("db.2"),
                label("label:backup", "backup", None),
                label("label:app=x=y", "app", Some("x=y")),
                label("label:empty=", "empty", Some("")),
            ]
        );
    }

    #[test]
    fn wrong_entries() {
        assert_eq!(
            problem(&[("TARGET", "")]),
            "TARGET: is required; set it to the name of the database's container or compose service"
        );
        assert_eq!(
            problem(&[("TARGET", ",")]),
            "TARGET: has commas and no entry; write entries, or leave it unset"
        );
        assert_eq!(
            problem(&[("TARGET", "a\nb")]),
            "TARGET: has an entry with a line break or another control character; separate entries by commas"
        );
        assert_eq!(
            problem(&[("TARGET", "db,/db")]),
            "TARGET: \"db\" stands there twice; name each target once"
        );
        assert_eq!(
            problem(&[("TARGET", "statefulset/db")]),
            "TARGET: \"statefulset/db\" is of Kubernetes, which is not offered by this version; name a container, \
             a compose service or label:KEY[=VALUE]"
        );
        assert_eq!(
            problem(&[("TARGET", "db*")]),
            "TARGET: \"db*\" is not a container's name; write letters, digits, dots, dashes and underscores; \
             patterns do not exist, label:KEY[=VALUE] does"
        );
        assert_eq!(
            problem(&[("TARGET", "label:=x")]),
            "TARGET: \"label:=x\" has no label; write label:KEY or label:KEY=VALUE"
        );
    }

    #[test]
    fn docker() {
        let docker = config(&[
            ("DOCKER_HOST", "tcp://proxy:2375"),
            ("DOCKER_CERT_PATH", "/certs"),
            ("COMPOSE_PROJECT_NAME", "shop"),
            ("TARGET_CONCURRENCY", "4"),
        ])
        .docker;
        assert_eq!(docker.host.as_deref(), Some("tcp://proxy:2375"));
        assert!(!docker.tls);
        assert_eq!(docker.cert_path, Some(PathBuf::from("/certs")));
        assert_eq!(docker.compose_project.as_deref(), Some("shop"));
        assert_eq!(docker.concurrency, 4);
        assert!(!config(&[("DOCKER_TLS_VERIFY", "")]).docker.tls);
        assert!(config(&[("DOCKER_TLS_VERIFY", "1")]).docker.tls);
        assert!(config(&[("DOCKER_TLS_VERIFY", "0")]).docker.tls);
    }

    #[test]
    fn wrong_docker() {
        assert_eq!(
            problem(&[("DOCKER_HOST", "/var/run/docker.sock")]),
            "DOCKER_HOST: \"/var/run/docker.sock\" has no scheme; write unix:///var/run/docker.sock or \
             tcp://HOST:PORT"
        );
        assert_eq!(
            problem(&[("DOCKER_HOST", "tcp://u:hunter2@h:1")]),
            "DOCKER_HOST: \"tcp://****@h:1\" has a user name or a password; the Docker API knows none: leave them \
             out"
        );
        assert_eq!(
            problem(&[("DOCKER_HOST", "ssh://me@host")]),
            "DOCKER_HOST: has ssh://, which is not offered by this version; mount the socket, or use tcp:// with TLS"
        );
        assert_eq!(
            problem(&[("DOCKER_HOST", "npipe://x")]),
            "DOCKER_HOST: \"npipe://x\" has an unknown scheme; write unix:///var/run/docker.sock or \
             tcp://HOST:PORT"
        );
        assert_eq!(
            problem(&[("DOCKER_HOST", "tcp://")]),
            "DOCKER_HOST: \"tcp://\" names no host; write unix:///var/run/docker.sock or tcp://HOST:PORT"
        );
        assert_eq!(
            problem(&[("RUNTIME", "kubernetes")]),
            "RUNTIME: \"kubernetes\" is not offered by this version; write auto or docker"
        );
        assert_eq!(
            problem(&[("TARGET_CONCURRENCY", "0")]),
            "TARGET_CONCURRENCY: \"0\" is not a number from 1 to 64; write such a number, or leave it unset"
        );
        assert_eq!(
            problem(&[("COMPOSE_PROJECT_NAME", "a\nb")]),
            "COMPOSE_PROJECT_NAME: has a line break or another control character; write one line"
        );
        assert_eq!(
            warnings(&[("DOCKER_TLS_VERIFY", "0"), ("NAMESPACE", "x")]),
            [
                "NAMESPACE has no effect: this version does not offer Kubernetes",
                "DOCKER_TLS_VERIFY=0 switches TLS on, as for the docker command: leave it empty to switch it off",
            ]
        );
    }
}
