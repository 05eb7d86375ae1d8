//! What users run into: set-ups in which a backup tool takes the wrong data, or loses the right one, and ends with 0.
//!
//! A module is one kind of fault, a row one input of it: name, set-up, what is done, right outcome. The next fault of a kind
//! is a row. Real engines, servers and tools, as in `tests/docker`, whose support this shares.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

#[macro_use]
mod rows;
mod elsewhere;
mod filled_meanwhile;
mod first_start;
mod gate;
mod load_cut_off;
mod names;
mod older_server;
mod own_container;
mod pipes;
mod stricter_server;
#[allow(dead_code, unused_imports, reason = "tests/docker uses the rest")]
#[path = "../docker/support/mod.rs"]
mod support;

mod another_server;
mod collapse;
mod emptied;
mod listing;
mod nothing;
mod servers;
mod shared_bucket;
