//! The container this process runs in itself.
//!
//! With `--network container:X`, `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf` are X's, and so is the host's name.
//! They lead to a candidate; only what no other container can have makes it this one: its control group and the upper
//! layer of its root. Where the engine tells neither, whatever tells it apart from those that share X's network.

use super::{DockerRuntime, Kind};
use crate::runtime::COMPOSE_PROJECT;
use crate::runtime::RuntimeError;
use bollard::models::{ContainerInspectResponse, RestartPolicyNameEnum as Policy};
use std::collections::BTreeSet;

/// What this process knows about its own container.
#[derive(Debug, Default)]
struct Facts {
    /// The id in its control group's path.
    group: Option<String>,
    /// The upper layer of its root.
    layer: Option<String>,
    /// The id in the paths of `/etc/hostname` and its like; another container's where the network is.
    files: Option<String>,
    /// The host's name, if it may be an id.
    name: Option<String>,
    /// Where something is mounted.
    mounts: BTreeSet<String>,
    /// Its environment, as `NAME=value`.
    env: BTreeSet<String>,
}

impl DockerRuntime {
    /// Whether the engine starts it again whenever it ends.
    pub(super) async fn restarts(&self) -> Option<bool> {
        let policy = self
            .own()
            .await?
            .host_config
            .as_ref()?
            .restart_policy
            .as_ref()?
            .name;
        Some(matches!(policy, Some(Policy::ALWAYS | Policy::UNLESS_STOPPED)))
    }

    pub(super) async fn own_project(&self) -> Option<String> {
        if let Some(project) = &self.compose_project {
            return Some(project.clone());
        }
        let labels = self.own().await?.config.as_ref()?.labels.as_ref()?;
        labels.get(COMPOSE_PROJECT).cloned()
    }

    /// The container this process runs in, if it runs in one that the engine knows, and that is certain.
    async fn own(&self) -> Option<&ContainerInspectResponse> {
        let found = self.own.get_or_try_init(|| self.find_own(Facts::read())).await;
        found.ok()?.as_ref().map(Box::as_ref)
    }

    async fn find_own(&self, facts: Facts) -> Result<Option<Box<ContainerInspectResponse>>, RuntimeError> {
        if let Some(id) = &facts.group
            && let Some(own) = self.inspect_if_there(id).await?
        {
            return Ok(Some(Box::new(own)));
        }
        let Some(candidate) = facts.files.as_ref().or(facts.name.as_ref()) else {
            return Ok(None);
        };
        let Some(candidate) = self.inspect_if_there(candidate).await? else {
            // Another engine's.
            return Ok(None);
        };
        let mut candidates = vec![candidate];
        for other in self.containers().await? {
            let Some(id) = other.id.filter(|id| candidates[0].id.as_ref() != Some(id)) else {
                continue;
            };
            let mode = other.host_config.and_then(|config| config.network_mode);
            let may_share = mode.is_none_or(|mode| mode.is_empty() || mode.starts_with("container:"));
            if may_share && let Some(other) = self.inspect_if_there(&id).await? {
                candidates.push(other);
            }
        }
        let name = candidates[0].name.clone().unwrap_or_default();
        let own = facts.choose(candidates);
        if own.is_none() {
            tracing::warn!(
                "which container lifeboat itself runs in is not certain: its files name {}, whose network it may only \
                 share; so no compose project and no restart policy is taken from it: set COMPOSE_PROJECT_NAME",
                name.trim_start_matches('/')
            );
        }
        Ok(own.map(Box::new))
    }

    async fn inspect_if_there(&self, id: &str) -> Result<Option<ContainerInspectResponse>, RuntimeError> {
        match self.inspect(id).await {
            Ok(seen) => Ok(Some(seen)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Facts {
    fn read() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let name = read("/proc/sys/kernel/hostname").trim().to_owned();
        // As this process was started.
        let env = read("/proc/self/environ");
        Self {
            group: group(&read("/proc/self/cgroup")),
            name: (name.len() == 12 && is_hex(&name)).then_some(name),
            env: env.split('\0').map(str::to_owned).collect(),
            ..Self::of_mounts(&read("/proc/self/mountinfo"))
        }
    }

    fn of_mounts(text: &str) -> Self {
        let mut facts = Self::default();
        for line in text.lines() {
            let fields: Vec<_> = line.split(' ').collect();
            let [_, _, _, root, place, ..] = fields[..] else {
                continue;
            };
            if place == "/" {
                facts.layer = upper_layer(line);
            }
            if ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"].contains(&place) {
                let id = root
                    .split("/containers/")
                    .nth(1)
                    .and_then(|rest| rest.split('/').next());
                facts.files = facts
                    .files
                    .or_else(|| id.filter(|id| is_id(id)).map(str::to_owned));
            }
            facts.mounts.insert(place.to_owned());
        }
        facts
    }

    /// The one of the candidates that this process runs in. The first is the one that its files name.
    fn choose(&self, candidates: Vec<ContainerInspectResponse>) -> Option<ContainerInspectResponse> {
        let alone = candidates.len() == 1 && self.files.is_some();
        let mut left = Vec::new();
        for candidate in candidates {
            match (&self.layer, layer(&candidate)) {
                (Some(own), Some(other)) if is_same_path(own, &other) => return Some(candidate),
                // Another one's root.
                (Some(_), Some(_)) => {}
                _ if self.may_be(&candidate, alone) => left.push(candidate),
                _ => {}
            }
        }
        let only = left.len() == 1;
        left.pop().filter(|_| only)
    }

    /// Whether nothing speaks against it: all that it mounts is mounted here, and what its environment is made with is set.
    fn may_be(&self, candidate: &ContainerInspectResponse, alone: bool) -> bool {
        let mounts = candidate.mounts.iter().flatten();
        let mounted = mounts
            .filter_map(|mount| mount.destination.as_deref())
            .all(|place| {
                let real = std::fs::canonicalize(place).ok();
                let real = real.as_deref().and_then(std::path::Path::to_str).unwrap_or(place);
                self.mounts.contains(real)
            });
        let env = candidate.config.as_ref().and_then(|config| config.env.as_ref());
        // A script before this process may have changed its environment, which matters only where others share the network.
        mounted && (alone || env.into_iter().flatten().all(|pair| self.env.contains(pair)))
    }
}

fn is_hex(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_hexdigit())
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

/// The last id in the paths of `/proc/self/cgroup`: `/docker/ID`, `docker-ID.scope`, `libpod-ID.scope/container`.
fn group(text: &str) -> Option<String> {
    let ids = |line: &str| {
        let mut ids = line
            .split(|c: char| !c.is_ascii_hexdigit())
            .filter(|part| is_id(part));
        ids.next_back().map(str::to_owned)
    };
    text.lines().find_map(ids)
}

/// The upper layer of an overlay, of its line in mountinfo.
fn upper_layer(line: &str) -> Option<String> {
    let (_, options) = line.split_once("upperdir=")?;
    let end = options.find([',', ' ']).unwrap_or(options.len());
    Some(options[..end].to_owned())
}

/// Whether both mean one path: an overlay with many layers is mounted with paths relative to the engine's folder.
fn is_same_path(mounted: &str, whole: &str) -> bool {
    whole == mounted
        || whole
            .strip_suffix(mounted)
            .is_some_and(|folder| folder.ends_with('/'))
}

/// The upper layer as the engine tells it.
fn layer(seen: &ContainerInspectResponse) -> Option<String> {
    seen.graph_driver.as_ref()?.data.get("UpperDir").cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bollard::models::{ContainerConfig, DriverData, MountPoint};

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn the_mounts() {
        let mounts = format!(
            "240 162 0:83 / / rw - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/o/own/diff,workdir=/o/own/work\n\
             257 240 254:0 /var/lib/docker/containers/{ID}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda rw\n\
             258 240 254:0 /logs/containers/{other}/x.log /logs rw - ext4 /dev/vda rw\n",
            other = ID.replace('0', "f"),
        );
        let facts = Facts::of_mounts(&mounts);
        assert_eq!(facts.layer.as_deref(), Some("/o/own/diff"));
        assert_eq!(facts.files.as_deref(), Some(ID));
        assert!(facts.mounts.contains("/logs"));
        assert_eq!(
            Facts::of_mounts("1 2 8:1 / / rw - ext4 /dev/sda rw\n").layer,
            None
        );
    }

    #[test]
    fn the_control_group() {
        assert_eq!(
            group(&format!("9:name=systemd:/docker/{ID}\n0::/\n")).as_deref(),
            Some(ID)
        );
        assert_eq!(
            group(&format!("0::/system.slice/docker-{ID}.scope\n")).as_deref(),
            Some(ID)
        );
        let inner = ID.replace('0', "f");
        assert_eq!(group(&format!("0::/docker/{ID}/docker/{inner}\n")), Some(inner));
        assert_eq!(group("0::/\n"), None);
    }

    fn candidate(name: &str, upper: Option<&str>, mount: &str, env: &str) -> ContainerInspectResponse {
        ContainerInspectResponse {
            name: Some(name.to_owned()),
            graph_driver: upper.map(|upper| DriverData {
                name: "overlay2".to_owned(),
                data: [("UpperDir".to_owned(), upper.to_owned())].into(),
            }),
            mounts: Some(vec![MountPoint {
                destination: Some(mount.to_owned()),
                ..MountPoint::default()
            }]),
            config: Some(ContainerConfig {
                env: Some(vec![env.to_owned()]),
                ..ContainerConfig::default()
            }),
            ..ContainerInspectResponse::default()
        }
    }

    fn chosen(facts: &Facts, candidates: Vec<ContainerInspectResponse>) -> Option<String> {
        facts.choose(candidates).and_then(|own| own.name)
    }

    #[test]
    fn the_one_with_the_same_layer() {
        let facts = Facts {
            layer: Some("/own".to_owned()),
            files: Some(ID.to_owned()),
            ..Facts::default()
        };
        let x = || candidate("x", Some("/other"), "/no-such", "A=1");
        let own = candidate("own", Some("/own"), "/no-such", "A=2");
        assert_eq!(chosen(&facts, vec![x(), own]).as_deref(), Some("own"));
        assert_eq!(chosen(&facts, vec![x()]), None, "its network alone");
        assert!(is_same_path("own/diff", "/o/own/diff") && !is_same_path("own/diff", "/o/unknown/diff"));
    }

    #[test]
    fn else_the_only_one_that_fits() {
        let facts = Facts {
            files: Some(ID.to_owned()),
            mounts: ["/no-such".to_owned()].into(),
            env: ["A=1".to_owned(), "B=2".to_owned()].into(),
            ..Facts::default()
        };
        let of = |name: &str, mount: &str, env: &str| candidate(name, None, mount, env);
        assert_eq!(
            chosen(&facts, vec![of("x", "/no-such", "A=9")]).as_deref(),
            Some("x")
        );
        assert_eq!(chosen(&facts, vec![of("x", "/data", "A=1")]), None);
        let both = |x: ContainerInspectResponse| chosen(&facts, vec![x, of("own", "/no-such", "B=2")]);
        assert_eq!(both(of("x", "/data", "A=1")).as_deref(), Some("own"));
        assert_eq!(both(of("x", "/no-such", "A=9")).as_deref(), Some("own"));
        assert_eq!(both(of("x", "/no-such", "A=1")), None, "nothing tells them apart");
    }
}
