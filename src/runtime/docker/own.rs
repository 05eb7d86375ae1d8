//! The container this process runs in itself.

use super::DockerRuntime;
use crate::runtime::COMPOSE_PROJECT;
use bollard::models::{ContainerInspectResponse, RestartPolicyNameEnum as Policy};

impl DockerRuntime {
    /// Whether the engine starts it again whenever it ends.
    pub(super) async fn restarts(&self) -> Option<bool> {
        let policy = self.own().await?.host_config?.restart_policy?.name;
        Some(matches!(policy, Some(Policy::ALWAYS | Policy::UNLESS_STOPPED)))
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

    pub(super) async fn own_project(&self) -> Option<String> {
        if let Some(project) = &self.compose_project {
            return Some(project.clone());
        }
        let labels = self.own().await?.config?.labels?;
        labels.get(COMPOSE_PROJECT).cloned()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_own_id_in_the_mounts() {
        let id = "0123456789abcdef".repeat(4);
        let line = format!("1 2 8:1 /var/lib/docker/containers/{id}/hostname /etc/hostname rw\n");
        assert_eq!(own_id(&line), Some(id));
        assert_eq!(own_id("1 2 8:1 / /containers/abc rw"), None);
    }
}
