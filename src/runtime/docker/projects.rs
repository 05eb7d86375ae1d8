//! Which compose project a target is of, whether its container runs or not.

use super::DockerRuntime;
use crate::config::{Selector, TargetEntry, labels};
use crate::runtime::COMPOSE_PROJECT;

impl DockerRuntime {
    /// The targets of an entry with their projects. Where there is no container, a name is a service of lifeboat's own.
    pub(super) async fn projects_of(&self, entry: &TargetEntry) -> Vec<(String, Option<String>)> {
        let mut projects = Vec::new();
        for id in self.matches(entry).await.unwrap_or_default() {
            let Ok(seen) = self.inspect(&id).await else {
                continue;
            };
            let labelled = seen.config.and_then(|config| config.labels).unwrap_or_default();
            let target = match &entry.selector {
                Selector::Name(_) => entry.text.clone(),
                Selector::Label { .. } => labelled.get(labels::NAME).cloned().unwrap_or_else(|| {
                    let name = seen.name.unwrap_or_default();
                    name.trim_start_matches('/').to_owned()
                }),
            };
            projects.push((target, labelled.get(COMPOSE_PROJECT).cloned()));
        }
        if projects.is_empty()
            && matches!(entry.selector, Selector::Name(_))
            && let Some(project) = self.own_project().await
        {
            projects.push((entry.text.clone(), Some(project)));
        }
        projects
    }
}
