//! Connections that break, replies that are lost, and answers that are wrong, while a dump is stored.

use crate::bucket::Bucket;
use crate::front::Verdict;
use lifeboat::store::memory::Op;
use std::sync::Arc;

#[tokio::test]
async fn a_connection_reset_in_a_body_is_tried_again() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.faults.add(Op::UploadPart, 2..=2, Verdict::Reset(100_000));
    bucket.faults.once(Op::Put, Verdict::Reset(10));
    bucket.succeeds().await;
    assert_eq!(bucket.faults.seen(Op::UploadPart), 4, "of three parts one twice");
    assert_eq!(bucket.faults.seen(Op::Put), 2);
}

#[tokio::test]
async fn a_lost_reply_is_settled_by_looking() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.faults.once(Op::CompleteUpload, Verdict::LoseReply);
    bucket.faults.add(Op::UploadPart, 2..=2, Verdict::LoseReply);
    bucket.faults.once(Op::Put, Verdict::LoseReply);
    bucket.succeeds().await;
    assert_eq!(bucket.faults.seen(Op::CompleteUpload), 1, "a HEAD told the rest");
}

#[tokio::test]
async fn an_error_inside_a_200_is_an_error() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    let refused = Verdict::Refuse(200, "InternalError");
    bucket.faults.once(Op::CompleteUpload, refused.clone());
    bucket.succeeds().await;
    assert_eq!(bucket.faults.seen(Op::CompleteUpload), 2);

    let Some(mut bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.stall = "4s";
    bucket.faults.always(Op::CompleteUpload, refused);
    bucket.fails().await;
    bucket.assert_untouched().await;
}

#[tokio::test]
async fn a_part_the_store_has_otherwise_is_not_believed() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    let wrong = Verdict::Change(Arc::new(|reply| {
        reply.set("ETag", "\"00000000000000000000000000000000\"");
    }));
    bucket.faults.once(Op::UploadPart, wrong.clone());
    bucket.succeeds().await;
    assert_eq!(bucket.faults.seen(Op::UploadPart), 4, "sent again");

    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.faults.always(Op::UploadPart, wrong);
    let error = bucket.fails().await;
    assert!(error.chain().contains("the store has MD5"), "{}", error.chain());
    bucket.assert_untouched().await;
}

async fn given_up(op: Op, verdict: Verdict) {
    let Some(mut bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.stall = "1s";
    bucket.faults.always(op, verdict);
    let error = bucket.fails().await;
    let said = ["for 1 s", "in time"]
        .iter()
        .any(|said| error.chain().contains(said));
    assert!(said, "{op:?}: {}", error.chain());
    bucket.assert_nothing_new().await;
    // An upload whose id never came cannot be given up: that is for the bucket's lifecycle rule.
    let nameless = usize::from(op == Op::CreateUpload);
    assert_eq!(bucket.open_uploads().await, nameless, "{op:?}");
}

#[tokio::test]
async fn a_store_that_stops_taking_or_answering_is_given_up() {
    tokio::join!(
        given_up(Op::UploadPart, Verdict::StallBody(100_000)),
        given_up(Op::UploadPart, Verdict::Silence),
        given_up(Op::CreateUpload, Verdict::Silence),
        given_up(Op::CompleteUpload, Verdict::Silence),
        given_up(Op::Put, Verdict::StallBody(10)),
    );
}

#[tokio::test]
async fn a_manifest_that_was_taken_without_a_word_makes_a_backup() {
    let Some(mut bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.stall = "1s";
    bucket.faults.always(Op::Put, Verdict::Silence);
    bucket.succeeds().await;
}
