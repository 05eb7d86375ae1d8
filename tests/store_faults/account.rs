//! Keys that expire, clocks that are wrong, a bucket that is gone: the mend is told, and nothing is deleted.

use crate::bucket::Bucket;
use crate::front::Verdict;
use jiff::SignedDuration;
use lifeboat::error::Error;
use lifeboat::exit::Exit;
use lifeboat::store::memory::Op;
use std::sync::Arc;

fn hints(error: &Error, at: &str) {
    let hint = error.hint.as_deref().unwrap_or_default();
    assert!(hint.contains(at), "{}: {hint}", error.chain());
}

/// The store says this to every part from the second on; then to everything, clean-up included.
async fn refused(status: u16, code: &'static str, hint: &str) {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    let (later, verdict) = (2..=usize::MAX, Verdict::Refuse(status, code));
    bucket.faults.add(Op::UploadPart, later.clone(), verdict.clone());
    hints(&bucket.fails().await, hint);
    bucket.assert_untouched().await;

    bucket.faults.add(Op::AbortUpload, 1..=usize::MAX, verdict);
    hints(&bucket.fails().await, hint);
    bucket.faults.heal();
    bucket.assert_nothing_new().await;
    assert_eq!(bucket.open_uploads().await, 1, "nobody may give it up");
    assert_eq!(bucket.verify().await, Exit::Done);
}

#[tokio::test]
async fn expired_credentials() {
    refused(400, "ExpiredToken", "AWS_SESSION_TOKEN").await;
}

#[tokio::test]
async fn a_clock_the_store_does_not_take() {
    refused(403, "RequestTimeTooSkewed", "the clock of this host is wrong").await;
}

#[tokio::test]
async fn a_bucket_that_vanishes() {
    refused(404, "NoSuchBucket", "create the bucket backups").await;
}

#[tokio::test]
async fn a_clock_far_from_the_store_s_prunes_nothing() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    for (whole, minutes) in [(2, 20), (3, -20)] {
        bucket.faults.heal();
        // The last answer before the decision, a manifest: the SDK signs what follows by the time it was told, and the
        // server, whose clock is right, would refuse that.
        let told = Verdict::Change(Arc::new(move |reply| {
            let date = lifeboat::clock::now() + SignedDuration::from_mins(minutes);
            reply.set("Date", &date.strftime("%a, %d %b %Y %T GMT").to_string());
        }));
        bucket.faults.always(Op::Get, told);
        let summary = bucket.backup(&[("KEEP_LAST", "1")]).await;
        assert_eq!((summary.made, summary.exit()), (1, Exit::Done));
        assert_eq!(bucket.whole().await, whole, "{minutes} minutes off: all stay");
    }
    bucket.faults.heal();
    bucket.backup(&[("KEEP_LAST", "1")]).await;
    assert_eq!(
        bucket.whole().await,
        1,
        "with the right time all but the newest go"
    );
}
