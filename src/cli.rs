//! The command line: a verb and its few arguments. Everything else is configured by the environment.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Backups that exist only if they are whole: a database's own dump tool, streamed to S3.
///
/// Everything is configured by environment variables; `lifeboat config` shows them.
#[derive(Debug, Parser)]
#[command(name = "lifeboat", version, disable_help_subcommand = false, after_help = AFTER)]
pub struct Cli {
    /// What to do; without it `run` when SCHEDULE is set, else `backup`.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

const AFTER: &str = "Exit codes: 0 done, 1 anything else, 2 configuration or usage, 3 target or container runtime not \
reached, 4 dump or restore failed, 5 storage failed, 6 verification failed, 7 refused for safety, 130 SIGINT, 143 SIGTERM.";

/// A verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Back up every target and database once, then prune what the `KEEP_*` rules allow
    Backup,
    /// Stay, and do that on SCHEDULE
    Run,
    /// The complete backups, newest first
    List(ListArgs),
    /// Put a backup back
    Restore(RestoreArgs),
    /// Read backups back and prove them against their manifests
    Verify(VerifyArgs),
    /// Write a dump itself (decompressed, verified) to stdout
    Get(GetArgs),
    /// What the `KEEP_*` rules would delete, with the reason for each backup
    Prune {
        /// Delete it
        #[arg(long)]
        apply: bool,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take it for the help text")]
        scope: ScopeArgs,
    },
    /// Delete these backups
    Delete {
        /// Whole keys, as `list` shows them
        #[arg(required = true)]
        keys: Vec<String>,
        /// Also the newest backup of a database, and the last
        #[arg(long)]
        force: bool,
    },
    /// Look at everything a backup needs, one line each, with the mend
    Check,
    /// The effective configuration, secrets redacted, and where each value came from
    Config,
    /// The least-privilege S3 policy for this configuration, as JSON
    IamPolicy,
    /// The version
    Version,
}

/// Which targets and which database.
#[derive(Debug, Clone, Default, Args)]
pub struct ScopeArgs {
    /// Only this target, by its name in the bucket; `*`: every target there is
    #[arg(long)]
    pub target: Option<String>,
    /// Only this database
    #[arg(long)]
    pub database: Option<String>,
}

/// Arguments of `list`.
#[derive(Debug, Clone, Default, Args)]
pub struct ListArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the help text")]
    pub scope: ScopeArgs,
    /// What is there of backups that never came to be
    #[arg(long)]
    pub incomplete: bool,
    /// JSON for programs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Default, Args)]
pub struct VerifyArgs {
    /// latest, a time, or a key or part of one [default: latest]
    pub which: Option<String>,
    /// Every backup there is
    #[arg(long, conflicts_with = "which")]
    pub all: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the help text")]
    pub scope: ScopeArgs,
}

/// Arguments of `get`.
#[derive(Debug, Clone, Default, Args)]
pub struct GetArgs {
    /// latest, a time, or a key or part of one
    pub which: String,
    /// Write to this file: as FILE.part until it is proven
    #[arg(short)]
    pub output: Option<PathBuf>,
    /// The object as stored
    #[arg(long)]
    pub raw: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the help text")]
    pub scope: ScopeArgs,
}

/// Arguments of `restore`.
#[derive(Debug, Clone, Default, Args)]
pub struct RestoreArgs {
    /// latest, a time, or a key or part of one
    pub which: String,
    /// Restore into this container instead of the target's own
    #[arg(long, value_name = "CONTAINER")]
    pub into: Option<String>,
    /// Restore under this name
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Replace a database that is not empty
    #[arg(long)]
    pub overwrite: bool,
    /// Do not keep what is replaced
    #[arg(long)]
    pub discard: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take it for the help text")]
    pub scope: ScopeArgs,
}
