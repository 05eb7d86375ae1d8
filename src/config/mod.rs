//! Configuration: the environment, validated into one typed value, or every problem at once.
//!
//! Pure: the environment and the reading of files are handed in. No text that leaves this module holds a secret.
//!
//! ```text
//! environment ─► env (aliases, _FILEs) ─► envy: one struct of strings per part ─► Config
//!      │                    │                                │
//!      └─► suspects         └────────────► problems ◄────────┘
//! ```
//! [`VARIABLES`] is the one list of what exists; each part (target, dump, s3, …) knows what its variables mean.

mod credentials;
mod dump;
mod endpoint;
mod engine;
mod env;
mod keep;
pub mod labels;
mod object;
pub mod options;
mod problems;
mod s3;
mod settings;
mod show;
mod stream;
mod suspects;
mod target;
mod telling;
mod timeouts;
mod values;
mod variables;
mod when;

#[cfg(test)]
mod tests;

pub use credentials::Credentials;
pub use dump::{Dump, PostgresFormat, extension_problem};
pub use engine::EngineName;
pub use env::{ReadFile, Source};
pub use keep::Keep;
pub use object::ObjectLockMode;
pub use problems::{Problem, Problems};
pub use s3::{Checksum, S3};
pub use settings::Setting;
pub use show::Show;
pub use stream::{Compression, Stream};
pub use target::{Docker, Selector, TargetEntry};
pub use telling::Log;
pub use timeouts::Timeouts;
pub use values::{boolean, list};
pub use variables::{VARIABLES, Variable};
pub use when::{OnStart, Schedule};

use crate::secret::Secret;
use std::time::Duration;

/// Everything lifeboat was told.
#[derive(Debug, Clone)]
pub struct Config {
    /// `TARGET`, never empty.
    pub targets: Vec<TargetEntry>,
    /// How the container runtime is reached.
    pub docker: Docker,
    /// What to dump, and with which words.
    pub dump: Dump,
    /// Where backups go.
    pub s3: S3,
    /// When.
    pub schedule: Schedule,
    /// What to keep.
    pub keep: Keep,
    /// `PRUNE`: false means that nothing is ever deleted.
    pub prune: bool,
    /// The form of the stream.
    pub stream: Stream,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// The log.
    pub log: Log,
    /// `HEALTH_ADDR`.
    pub health_addr: std::net::SocketAddr,
    /// `HEALTH_MAX_AGE`; `None`: derived from the schedule.
    pub health_max_age: Option<Duration>,
}

impl Config {
    /// The entry of `TARGET` written as `text`.
    pub fn target(&self, text: &str) -> Option<&TargetEntry> {
        self.targets.iter().find(|entry| entry.text == text)
    }

    /// Every password and key, for masking them in what tools and servers say. Commands are not among them: they
    /// hold ordinary words too.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let keys = self.s3.credentials.iter().flat_map(|credentials| {
            [&credentials.access_key_id, &credentials.secret_access_key]
                .into_iter()
                .chain(&credentials.session_token)
        });
        self.dump.password.iter().chain(keys)
    }
}

/// A configuration without problems.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The same as text, for people.
    pub settings: Vec<Setting>,
    /// What is odd about it.
    pub warnings: Vec<String>,
}

/// Reads the whole configuration, or says everything that is wrong with it.
///
/// `env` is the environment of the process, `read_file` reads what `_FILE` variables and `S3_CA_FILE` name.
pub fn load(
    env: impl IntoIterator<Item = (String, String)>,
    read_file: ReadFile<'_>,
) -> Result<Loaded, Problems> {
    let mut report = problems::Report::default();
    let (given, strangers) = env::look_up(env, read_file, &mut report);
    suspects::look_at(&strangers, &mut report);
    let (targets, docker) = target::read(&given, &mut report);
    let (keep, prune) = keep::read(&given, &mut report);
    let (log, health) = telling::read(&given, &mut report);
    let side_by_side = docker.concurrency;
    let config = Config {
        targets,
        docker,
        dump: dump::read(&given, &mut report),
        s3: s3::read(&given, read_file, side_by_side, &mut report),
        schedule: when::read(&given, &mut report),
        keep,
        prune,
        stream: stream::read(&given, &mut report),
        timeouts: timeouts::read(&given, &mut report),
        log,
        health_addr: health.addr,
        health_max_age: health.max_age,
    };
    let warnings = report.finish()?;
    Ok(Loaded {
        settings: settings::list(&given, &config),
        config,
        warnings,
    })
}
