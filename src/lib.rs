//! lifeboat: a backup sidecar. A backup exists only if it is whole, it is never deleted while it is the last,
//! and it can be put back.

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
pub mod store;
