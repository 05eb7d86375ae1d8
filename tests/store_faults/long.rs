//! Uploads that take their time: progress counts, and not how long all of it takes.

use crate::bucket::Bucket;
use crate::front::Verdict;
use lifeboat::store::memory::Op;

/// A part takes 2.5 s of the 4 s that the store may be silent, and all of them more than that.
const BYTES_PER_SECOND: usize = 2 << 20;

#[tokio::test]
async fn a_slow_store_is_waited_for_as_long_as_parts_arrive() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket
        .faults
        .always(Op::UploadPart, Verdict::Throttle(BYTES_PER_SECOND));
    bucket.succeeds_with(&[("S3_CONCURRENCY", "1")]).await;
}
