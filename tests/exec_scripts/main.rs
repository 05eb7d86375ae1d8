//! The scripts of the wholeness protocol under the shells that images have: no container, the real words.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod dump;
mod end;
mod feed;
mod header;
#[path = "../support/local.rs"]
mod local;
#[path = "../support/namespace.rs"]
mod namespace;
mod orphans;
#[path = "../support/skip.rs"]
mod skip;
