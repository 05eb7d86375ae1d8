//! One suite over the `Store` trait: on the store in memory, on every S3 server at hand, and on one that is given.
//!
//! `cargo test --test store_conformance`; the servers come from `tests/setup/s3-servers`. What is seen of each store is
//! compared with docs/stores.md, which tells how to run this against a store of one's own.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod bodies;
mod connecting;
mod features;
#[path = "../support/noise.rs"]
mod noise;
mod outcome;
mod refusals;
#[path = "../support/s3_server.rs"]
mod s3_server;
#[path = "../support/skip.rs"]
mod skip;
mod subject;
mod table;

use lifeboat::store::memory::MemoryStore;
use s3_server::S3Server;
use subject::Subject;

/// Tried on servers of our own only: elsewhere the name could be somebody's.
const ABSENT_BUCKET: &str = "a bucket that is not there is refused";

/// The suite on a server of our own.
async fn real(name: &str) {
    let Some(server) = S3Server::start(name).await else {
        return;
    };
    let mut subject = subject::own(&server).await;
    features::try_all(&mut subject).await;
    let config = &subject.wire.as_ref().unwrap().config;
    refusals::of_strangers(config).await;
    let absent = refusals::of_absent_buckets(config).await;
    subject.may(ABSENT_BUCKET, absent);
    table::settle(name, &subject.seen());
}

#[tokio::test]
async fn memory() {
    let mut subject = Subject::new(MemoryStore::new(), None, "");
    features::try_all(&mut subject).await;
    subject.may(ABSENT_BUCKET, None);
    table::settle("memory (for tests)", &subject.seen());
}

#[tokio::test]
async fn s3s() {
    real("s3s-fs").await;
}

#[tokio::test]
async fn versitygw() {
    real("versitygw").await;
}

#[tokio::test]
async fn minio() {
    real("minio").await;
}

#[tokio::test]
async fn given() {
    // Nobody needs to name one: without it there is nothing to skip.
    let Some((name, mut subject)) = subject::given().await else {
        return;
    };
    features::try_all(&mut subject).await;
    subject.may(ABSENT_BUCKET, None);
    subject.clean_up().await;
    table::settle(&name, &subject.seen());
}
