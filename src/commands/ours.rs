//! Which installation this is, target by target: for the verbs that look at the bucket and ask no server.
//!
//! Several installations may share a bucket without a prefix, two compose projects of one file above all: then the keys are
//! the same, and only manifests say who made a backup. An installation is a container engine and a compose project. What
//! can't be asked is not known, and then nobody's backup is taken for another's.

use super::bucket::Bucket;
use super::whose::{AT_ONCE, Said, said};
use crate::catalog::Backup;
use crate::catalog::manifest::Origin;
use crate::config::Config;
use crate::error::Result;
use crate::runtime::Runtime;
use crate::store::Store;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An engine that says nothing must not keep anybody from his backups.
const WAIT: Duration = Duration::from_secs(10);

/// The manifests that are read for a table; those of older backups are left out, however many there are.
const SHOWN: usize = 100;

/// The engine here, and the projects of the targets here.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    engine_id: String,
    /// By the target's name in the bucket.
    projects: BTreeMap<String, Option<String>>,
}

impl Ours {
    /// Asks the engine, as far as it answers.
    pub async fn ask<R: Runtime>(runtime: &R, config: &Config) -> Self {
        let ask = async {
            let engine_id = runtime.origin().await?;
            let mut projects = BTreeMap::new();
            for entry in &config.targets {
                projects.extend(runtime.projects(entry).await);
            }
            Ok::<_, crate::runtime::RuntimeError>(Self { engine_id, projects })
        };
        match tokio::time::timeout(WAIT, ask).await {
            Ok(Ok(ours)) => ours,
            Ok(Err(error)) => {
                tracing::debug!("which backups are another installation's is not known: {error}");
                Self::default()
            }
            Err(_) => Self::default(),
        }
    }

    /// Whether anything is known of this target.
    pub fn knows(&self, target: &str) -> bool {
        !self.engine_id.is_empty() && self.projects.contains_key(target)
    }

    /// Whether another installation has made this backup of `target`. Only what is known of both is said.
    pub fn is_anothers(&self, target: &str, origin: &Origin) -> bool {
        let project = self.projects.get(target);
        let is_here =
            project.is_none_or(|project| origin.engine_id == self.engine_id && origin.project == *project);
        self.knows(target) && !is_here
    }

    /// Which installation, for people: by what tells it from this one.
    pub fn name(&self, origin: &Origin) -> String {
        let engine = (origin.engine_id != self.engine_id).then(|| format!("engine {}", origin.engine_id));
        let project = origin
            .project
            .as_ref()
            .map(|project| format!("project {project}"));
        let words: Vec<_> = engine.into_iter().chain(project).collect();
        if words.is_empty() {
            return "no project".to_owned();
        }
        words.join(", ")
    }

    /// Which of the newest of `backups` another installation has made.
    pub async fn others<'a, S: Store>(
        &self,
        bucket: &Bucket<S>,
        backups: impl IntoIterator<Item = &'a Backup>,
    ) -> Result<Others> {
        self.most_others(bucket, backups, SHOWN).await
    }

    /// Which of all `backups` another installation has made: for what deletes.
    pub async fn all_others<'a, S: Store>(
        &self,
        bucket: &Bucket<S>,
        backups: impl IntoIterator<Item = &'a Backup>,
    ) -> Result<Others> {
        self.most_others(bucket, backups, usize::MAX).await
    }

    async fn most_others<'a, S: Store>(
        &self,
        bucket: &Bucket<S>,
        backups: impl IntoIterator<Item = &'a Backup>,
        most: usize,
    ) -> Result<Others> {
        let known = |backup: &&Backup| self.knows(backup.key.target());
        let mut known = backups.into_iter().filter(known);
        let asked: Vec<_> = known.by_ref().take(most).map(|one| said(bucket, one)).collect();
        let mut others = Others {
            left_out: known.count(),
            ..Others::default()
        };
        let mut told = stream::iter(asked).buffered(AT_ONCE);
        while let Some((backup, said)) = told.try_next().await? {
            match said {
                Said::Origin(origin) if self.is_anothers(backup.key.target(), &origin) => {
                    others.names.insert(backup.object.clone(), self.name(&origin));
                }
                Said::NotRead => drop(others.unread.insert(backup.object.clone())),
                Said::Origin(_) | Said::Nothing => {}
            }
        }
        Ok(others)
    }
}

/// Backups of other installations.
#[derive(Debug, Default)]
pub struct Others {
    names: BTreeMap<String, String>,
    unread: BTreeSet<String>,
    /// So many older backups were not looked at.
    pub left_out: usize,
}

impl Others {
    /// Which installation made this backup, when it is another.
    pub fn name(&self, backup: &Backup) -> Option<&str> {
        self.names.get(&backup.object).map(String::as_str)
    }

    /// Whether nobody knows whose this backup is: its manifest could not be read.
    pub fn may_be(&self, backup: &Backup) -> bool {
        self.unread.contains(&backup.object)
    }

    /// The other installations, and how many backups each has.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for name in self.names.values() {
            *counts.entry(name.as_str()).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(engine_id: &str, project: Option<&str>) -> Origin {
        Origin {
            engine_id: engine_id.to_owned(),
            project: project.map(str::to_owned),
            system_identifier: None,
        }
    }

    #[test]
    fn only_what_is_known_is_anothers() {
        let ours = Ours {
            engine_id: "here".to_owned(),
            projects: [
                ("db".to_owned(), Some("shop".to_owned())),
                ("plain".to_owned(), None),
            ]
            .into(),
        };
        for (target, engine, project, anothers) in [
            ("db", "here", Some("shop"), false),
            ("db", "here", Some("blog"), true),
            ("db", "here", None, true),
            ("db", "there", Some("shop"), true),
            ("plain", "here", None, false),
            ("plain", "here", Some("shop"), true),
            ("unknown", "there", Some("blog"), false),
        ] {
            let made = origin(engine, project);
            assert_eq!(ours.is_anothers(target, &made), anothers, "{target} {made:?}");
            assert!(!Ours::default().is_anothers(target, &made));
        }
        assert_eq!(ours.name(&origin("here", Some("blog"))), "project blog");
        assert_eq!(
            ours.name(&origin("there", Some("shop"))),
            "engine there, project shop"
        );
        assert_eq!(ours.name(&origin("here", None)), "no project");
    }
}
