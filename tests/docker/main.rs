//! lifeboat against the real thing: a container engine, PostgreSQL's own images and tools, an S3 server nobody here
//! wrote, and the stock command line tools. The program itself is run, as a user runs it: by its environment.
//!
//! `tests/run` sets all of it up and says so in `LIFEBOAT_TEST_DOCKER`; without it each test is skipped, visibly.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod crash;
mod damaged;
mod failures;
mod hostile;
mod image;
mod killed;
mod mongodb;
mod mysql;
mod recipes;
mod restore;
mod round_trip;
mod schedule;
mod secrets;
mod soak;
mod stall;
mod stock_tools;
mod support;
mod target_list;
mod targets;
