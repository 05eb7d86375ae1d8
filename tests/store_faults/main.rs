//! A real store on bad days: what becomes of a backup, a read and a deletion when its answers come late, cut, wrong or
//! not at all. The whole way: the real client, a front that follows a script, and versitygw behind it.
//!
//! Single requests are in `src/store/s3/wire_tests.rs`; the store in memory has its own days in `tests/faults`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod account;
mod bucket;
mod bursts;
#[path = "../support/faults.rs"]
mod faults;
#[path = "../support/front.rs"]
mod front;
mod listing;
#[path = "../support/local.rs"]
mod local;
mod long;
#[path = "../support/noise.rs"]
mod noise;
mod reads;
mod renewal;
#[path = "../support/s3_server.rs"]
mod s3_server;
#[path = "../support/skip.rs"]
mod skip;
mod uploads;
#[path = "../support/world.rs"]
mod world;
