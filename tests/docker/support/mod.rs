//! What the tests of this folder share: containers, a PostgreSQL server, a store, and lifeboat itself.

pub mod bucket;
pub mod engine;
#[path = "../../support/front.rs"]
pub mod front;
pub mod lifeboat;
pub mod mongodb;
pub mod mysql;
pub mod postgres;
#[path = "../../support/s3_server.rs"]
pub mod s3_server;
#[path = "../../support/skip.rs"]
pub mod skip;

pub use bucket::Store;
pub use engine::Container;
pub use front::{Front, Request, Verdict};
pub use lifeboat::{Lifeboat, Ran};
pub use postgres::{MAJORS, Postgres};

use std::time::{Duration, Instant};

/// Far more than anything here takes, and still an end.
pub const LONG: Duration = Duration::from_mins(3);

/// What is told to end is given this long.
pub const SECONDS: Duration = Duration::from_secs(15);

/// Asks until the answer is yes. Each question starts a process, which is pause enough between two of them.
pub fn wait_until(what: &str, bound: Duration, mut yes: impl FnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !yes() {
        assert!(Instant::now() < deadline, "waited {bound:?} in vain: {what}");
    }
}

/// A store, when there is also an engine that has these images, all that the test starts; else the test is skipped by name.
pub fn start(images: &[&str]) -> Option<Store> {
    engine::has(images).then(Store::start)?
}
