//! The verbs, one per file: sequence, report, exit code. Generic over runtime and store.

pub mod backup;
pub mod bucket;
pub mod check;
pub mod config;
pub mod delete;
mod first;
pub mod get;
pub mod iam_policy;
pub mod list;
pub mod ours;
pub mod prune;
pub mod restore;
pub mod run;
pub mod selection;
pub mod sweep;
pub mod target;
pub mod verify;
mod whose;

use crate::config::Config;
use crate::engine;
use crate::error::{Error, Result, Stage};
use crate::exit::Exit;
use crate::pipeline::compress::{self, Memory, Workers};
use crate::runtime::wholeness::WholenessError;
use crate::store::Store;
use bucket::Bucket;
use tokio_util::sync::CancellationToken;

/// What a verb that talks to a target works with.
#[derive(Clone)]
pub struct Context<R, S> {
    /// Where the targets run.
    pub runtime: R,
    /// Where the backups are.
    pub bucket: Bucket<S>,
    /// The id of this run, in every manifest it writes.
    pub run: String,
    /// What compresses, whatever is dumped side by side.
    pub workers: Workers,
    /// Ends everything, cleanly.
    pub cancel: Cancel,
}

/// A request to end, and with which exit code.
#[derive(Clone, Default)]
pub struct Cancel {
    token: CancellationToken,
    exit: std::sync::Arc<std::sync::OnceLock<Exit>>,
}

impl Cancel {
    /// Asks for the end; the first asker decides the exit code.
    pub fn cancel(&self, exit: Exit) {
        let _ = self.exit.set(exit);
        self.token.cancel();
    }

    /// Resolves once the end was asked for.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Whether it was.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// The exit code that was asked for.
    pub fn exit(&self) -> Exit {
        self.exit.get().copied().unwrap_or(Exit::Terminated)
    }

    /// Does `work`, or drops it halfway once the end is asked for: for what only looks.
    pub async fn or_interrupted<T>(&self, stage: Stage, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(self.interrupted(stage)),
            done = work => done,
        }
    }

    /// An error once the end was asked for: between two steps that may not be dropped halfway.
    pub fn check(&self, stage: Stage) -> Result<()> {
        if self.is_cancelled() {
            return Err(self.interrupted(stage));
        }
        Ok(())
    }

    /// The failure of a stage that was interrupted.
    pub fn interrupted(&self, stage: Stage) -> Error {
        let exit = self.exit();
        let signal = if exit == Exit::Interrupted {
            "SIGINT"
        } else {
            "SIGTERM"
        };
        Error::new(stage, exit, format!("interrupted by {signal}"))
    }
}

impl<R, S: Store> Context<R, S> {
    fn interrupted(&self, stage: Stage) -> Error {
        self.cancel.interrupted(stage)
    }
}

/// Threads for compressing, of all dumps together: as many as configured, else one per CPU, and fewer where this
/// container's memory is small: half of it is left to the parts in flight and the program.
pub fn workers(config: &Config) -> usize {
    config.stream.threads.unwrap_or_else(|| {
        let targets = config.docker.concurrency.max(1);
        targets * fitting(cpus() / targets, memory_limit(), targets, compressing(config))
    })
}

/// How many of the [`workers`] one dump is to keep busy, where targets are backed up side by side.
pub fn share(config: &Config) -> usize {
    (workers(config) / config.docker.concurrency.max(1)).max(1)
}

/// Threads for decompressing one dump: as many as configured, else one per CPU, and in both cases no more than fit into
/// this container's memory. What is configured is meant for today's compression, and a backup may be of another.
pub fn threads(config: &Config, limit: Option<u64>, takes: Memory) -> usize {
    let targets = config.docker.concurrency.max(1);
    let wanted = config.stream.threads.unwrap_or_else(|| cpus() / targets);
    fitting(wanted, limit, targets, takes)
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// So many threads for each of these targets, or as many as fit.
fn fitting(wanted: usize, limit: Option<u64>, targets: usize, takes: Memory) -> usize {
    let by_memory = limit.map_or(usize::MAX, |limit| {
        let each = (limit / 2 / targets as u64).saturating_sub(takes.beside);
        usize::try_from(each / takes.per_thread.max(1)).unwrap_or(usize::MAX)
    });
    wanted.min(by_memory).max(1)
}

/// The memory this container may use, in bytes (cgroup v2, else v1).
pub fn memory_limit() -> Option<u64> {
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
    // cgroup v1 says "no limit" with a number near 2^63.
    .filter(|limit| *limit < 1 << 50)
}

/// What compressing a dump takes, as configured.
pub fn compressing(config: &Config) -> Memory {
    compress::memory(config.stream.compression, config.stream.level)
}

/// Random hex digits from the system: two per byte.
pub fn random_hex<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::new(Stage::Config, Exit::Other, error))?;
    Ok(crate::runtime::wholeness::record::hex(&bytes))
}

/// A failure of the wholeness protocol, with what to do next.
pub fn wholeness_failed(error: WholenessError, stage: Stage) -> Error {
    let hint = match &error {
        WholenessError::Exit { tool, stderr, .. } if engine::hint(tool, stderr).is_some() => {
            engine::hint(tool, stderr)
        }
        WholenessError::NoRecord { said } if said.contains("executable file not found") => {
            Some("the target has no sh: lifeboat needs a POSIX shell there")
        }
        WholenessError::NoRecord { .. } => Some(
            "was the target stopped, or the connection to the container runtime cut? nothing of it is kept",
        ),
        WholenessError::Exit { code: 126 | 127, .. } => {
            Some("the target lacks the tool: is ENGINE right, and is it the database's own container?")
        }
        WholenessError::Exit { code: 137, .. } => Some("it was killed: was the target short of memory?"),
        WholenessError::Stalled { .. } => {
            Some("is it waiting for a lock, or for a password? STALL_TIMEOUT is the limit")
        }
        _ => None,
    };
    let error = match error {
        WholenessError::Runtime(error) => error.at(stage),
        error => Error::new(stage, Exit::Tool, error),
    };
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Prints to stdout. A reader that went away (`| head`) is no failure.
pub fn print(text: &str) {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Compression;

    fn configured(env: &[(&str, &str)]) -> Config {
        let needed = [("TARGET", "db"), ("S3_BUCKET", "backups")];
        let pairs = needed.iter().chain(env);
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let loaded = crate::config::load(pairs, &|_| Err(std::io::ErrorKind::NotFound.into()));
        loaded.unwrap_or_else(|problems| panic!("{problems}")).config
    }

    #[test]
    fn targets_side_by_side_share_the_threads() {
        let of = |threads, targets| {
            let config = configured(&[("COMPRESSION_THREADS", threads), ("TARGET_CONCURRENCY", targets)]);
            (workers(&config), share(&config))
        };
        assert_eq!(of("4", "1"), (4, 4));
        assert_eq!(of("4", "2"), (4, 2));
        assert_eq!(of("7", "2"), (7, 3));
        assert_eq!(of("1", "64"), (1, 1));
        let config = configured(&[("TARGET_CONCURRENCY", "3")]);
        assert_eq!(workers(&config), 3 * share(&config));
    }

    #[test]
    fn reading_back_never_takes_more_threads_than_fit() {
        let config = configured(&[("COMPRESSION", "gzip"), ("COMPRESSION_THREADS", "16")]);
        let takes = crate::pipeline::decompress::memory(Compression::Xz, 6);
        let of = |limit| threads(&config, limit, takes);
        assert_eq!(of(None), 16);
        assert_eq!(of(Some(16 << 30)), 16);
        let few = of(Some(512 << 20));
        assert!(
            (1..16).contains(&few) && takes.with(few as u64, 1) <= 256 << 20,
            "{few}"
        );
        assert_eq!(of(Some(1 << 20)), 1);
    }

    #[test]
    fn memory_is_of_all_threads_and_of_each_dump() {
        let takes = Memory {
            per_thread: 100,
            beside: 10,
            waiting: 1,
        };
        assert_eq!(takes.with(4, 2), 420);
        assert_eq!(takes.with(1, 5), 154);
    }

    #[test]
    fn threads_fit_into_half_of_the_memory() {
        const MIB: u64 = 1024 * 1024;
        let of = |compression: Compression, limit: u64, targets| {
            let takes = compress::memory(compression, compression.default_level());
            fitting(8 / targets, Some(limit * MIB), targets, takes)
        };
        assert_eq!(of(Compression::Bzip2, 64, 1), 3);
        assert_eq!(of(Compression::Bzip2, 64, 3), 1);
        assert_eq!(of(Compression::Gzip, 64, 1), 8);
        assert_eq!(of(Compression::Zstd, 64, 1), 1);
        assert_eq!(of(Compression::Zstd, 256, 1), 8);
        assert_eq!(of(Compression::Xz, 64, 1), 1);
        assert_eq!(of(Compression::Xz, 1024, 1), 4);
        assert_eq!(of(Compression::None, 64, 2), 4);
        let takes = compress::memory(Compression::Xz, 6);
        assert_eq!(fitting(8, None, 1, takes), 8);
        assert_eq!(fitting(0, None, 4, takes), 1);
    }
}
