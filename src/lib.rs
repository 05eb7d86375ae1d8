//! lifeboat: a backup sidecar. A backup exists only if it is whole, it is never deleted while it is the last,
//! and it can be put back.
//!
//! ```text
//! exec stdout ─► capture ─► compress ─► upload ─► commit(proof) ─► manifest ─► prune
//!   (bounded)   hash, count  N members  k parts in    │           = the backup exists
//!      │        end record   in order   flight        └─ any error, time-out or signal: abort, keep the first error
//!      └─ stderr: its end is kept for the error message
//!
//! object ─► download ─► decompress ─► hash ─► feed ─► commit: only now does the tool see the end of its input
//! ```
//!
//! # Layers: imports point down only
//!
//! `tests/architecture.rs` reads the sources and holds them to this.
//!
//! | layer | modules | what they are |
//! | --- | --- | --- |
//! | 4 | `main`, `app`, `cli` | wiring: the only place that names the concrete runtime and store |
//! | 3 | `commands` | one verb per file: sequence, report, exit code |
//! | 2 | `pipeline` | bytes in motion, over any runtime and any store |
//! | 1 | `runtime`, `store` | the ports, each with its adapters; nothing else names bollard or the AWS SDK |
//! | 0 | all others | values and rules: no I/O, no clock, no async runtime |
//!
//! # Modules
//!
//! - `app`: from the command line and the environment to the verb, with its runtime and its store.
//! - `catalog`: keys, manifests, and what a listing of the bucket means.
//! - `cli`: the verbs and their arguments; `commands` takes them as plain values.
//! - `clock`: the one place that reads the clock; whoever decides is given the time.
//! - `commands`: the verbs.
//! - `config`: the environment, validated whole, with every problem at once.
//! - `engine`: which words to say to which database.
//! - `error`: which stage failed, the causes, what to do next.
//! - `exit`: the exit codes.
//! - `log`: the log, and which libraries may not speak in it.
//! - `pipeline`: capture, compress, upload; download, decompress, read back.
//! - `progress`: how far a stream has come; told to people, decides nothing.
//! - `retention`: which backups no rule keeps, and when nothing is deleted at all.
//! - `runtime`: where the words are said; `runtime::wholeness` proves that a stream was whole.
//! - `schedule`: when the next backup is due.
//! - `secret`: a value that must not be shown.
//! - `shown`: texts of others, as a person may be shown them.
//! - `store`: S3, and a store in memory for tests.

pub mod app;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod engine;
pub mod error;
pub mod exit;
pub mod log;
pub mod pipeline;
pub mod progress;
pub mod retention;
pub mod runtime;
pub mod schedule;
pub mod secret;
pub mod shown;
pub mod store;
