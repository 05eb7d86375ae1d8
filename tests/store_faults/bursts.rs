//! A store that is busy or down for a moment: the backup waits, and succeeds.

use crate::bucket::Bucket;
use crate::front::Verdict;
use lifeboat::store::memory::Op;

/// Every request of an upload is refused at first.
async fn passes(status: u16, code: &'static str) {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    let ops = [
        Op::CreateUpload,
        Op::UploadPart,
        Op::CompleteUpload,
        Op::Head,
        Op::Put,
        Op::ListPage,
    ];
    for op in ops {
        bucket.faults.add(op, 1..=2, Verdict::Refuse(status, code));
    }
    bucket.succeeds().await;
    for op in ops {
        assert!(bucket.faults.seen(op) > 2, "{op:?} was refused and asked again");
    }
}

#[tokio::test]
async fn of_500() {
    passes(500, "InternalError").await;
}

#[tokio::test]
async fn of_503() {
    passes(503, "ServiceUnavailable").await;
}

#[tokio::test]
async fn of_slow_down() {
    passes(503, "SlowDown").await;
}

async fn given_up(op: Op) {
    let Some(mut bucket) = Bucket::with_a_backup().await else {
        return;
    };
    // Longer than the first few attempts take together.
    bucket.stall = "4s";
    bucket.faults.always(op, Verdict::Refuse(503, "SlowDown"));
    bucket.fails().await;
    bucket.faults.heal();
    bucket.assert_untouched().await;
}

#[tokio::test]
async fn one_that_does_not_end_fails_the_backup() {
    tokio::join!(
        given_up(Op::CreateUpload),
        given_up(Op::UploadPart),
        given_up(Op::CompleteUpload),
        given_up(Op::Put),
    );
}
