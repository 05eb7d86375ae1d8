//! What goes wrong in a backup, a restore and a deletion, and what is left then: nothing, or what was there before.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod backup;
mod bucket;
mod cancel;
mod clock;
mod delete;
mod hostile_bucket;
mod hostile_target;
#[path = "../support/local.rs"]
mod local;
mod parts;
mod prune;
mod read;
mod restore;
#[path = "../support/scripted.rs"]
mod scripted;
#[path = "../support/skip.rs"]
mod skip;
mod sweep;
mod whose;
#[path = "../support/world.rs"]
mod world;
