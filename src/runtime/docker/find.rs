//! From an entry of TARGET to the containers it means.

use super::{DockerRuntime, Kind};
use crate::config::{Selector, TargetEntry, labels};
use crate::runtime::{COMPOSE_PROJECT, Container, RuntimeError};
use crate::secret::Secret;
use bollard::models::{ContainerInspectResponse, ContainerSummary, HealthStatusEnum};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a container whose health check is still starting is waited for.
const HEALTH_WAIT: Duration = Duration::from_mins(1);

/// While a container ends, Podman tells a state ("stopped") that Docker's API does not have, and nothing of the list can be
/// read. It lasts for a moment: how often the list is asked for, and how long apart.
const LIST_TRIES: u32 = 20;
const LIST_POLL: Duration = Duration::from_millis(250);

impl DockerRuntime {
    /// The containers an entry means, or why it means none.
    pub(super) async fn targets(&self, entry: &TargetEntry) -> Vec<Result<Container, RuntimeError>> {
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

    pub(super) async fn containers(&self) -> Result<Vec<ContainerSummary>, RuntimeError> {
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let mut poll = tokio::time::interval(LIST_POLL);
        let mut left = LIST_TRIES;
        loop {
            poll.tick().await;
            left -= 1;
            match self.docker.list_containers(Some(options.clone())).await {
                Err(bollard::errors::Error::JsonDataError { .. }) if left > 0 => {}
                other => return other.map_err(|error| self.failed("listing the containers", error)),
            }
        }
    }

    /// The ids an entry means, with the name each target has in the bucket.
    pub(super) async fn matches(&self, entry: &TargetEntry) -> Result<Vec<String>, RuntimeError> {
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
                let project = self.own_project().await;
                let service = ids(&|c| {
                    project.is_some()
                        && label(c, COMPOSE_PROJECT) == project
                        && label(c, "com.docker.compose.service").as_deref() == Some(name)
                        // `docker compose run` leaves one-off containers of the same service beside it.
                        && label(c, "com.docker.compose.oneoff").as_deref() != Some("True")
                });
                if !service.is_empty() {
                    let strangers = named.iter().any(|id| !service.contains(id));
                    if strangers && self.is_first_word_of(name) {
                        tracing::warn!(
                            target = entry.text,
                            "another container has exactly the name {name:?}; the entry means the service of \
                             lifeboat's own project {}",
                            project.unwrap_or_default()
                        );
                    }
                    return Ok(service);
                }
                if !named.is_empty() {
                    return Ok(named);
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

    /// Whether nothing has been said of this entry yet.
    fn is_first_word_of(&self, name: &str) -> bool {
        let mut said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        said.insert(name.to_owned())
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

fn not_found(entry: &TargetEntry, why: &str) -> RuntimeError {
    RuntimeError::new(
        Kind::NotFound,
        format!("TARGET {:?} was not found: {why}", entry.text),
    )
    .hint("docker ps -a shows the names; TARGET takes one of them")
}
