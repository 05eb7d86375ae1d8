//! Uploads that take their time: progress counts, and not how long all of it takes.

use crate::bucket::Bucket;
use crate::front::Verdict;
use lifeboat::store::memory::Op;

/// A part takes 3.3 s of the 7 s that the store may be silent, and all of them 7.6 s.
const BYTES_PER_SECOND: usize = 3 << 19;

#[tokio::test]
async fn a_slow_store_is_waited_for_as_long_as_parts_arrive() {
    let Some(mut bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.stall = "7s";
    bucket
        .faults
        .always(Op::UploadPart, Verdict::Throttle(BYTES_PER_SECOND));
    bucket.succeeds_with(&[("S3_CONCURRENCY", "1")]).await;
}
