//! Bodies that are cut or stand still while a backup is read: tried again, and never taken for a damaged backup.

use crate::bucket::Bucket;
use crate::front::Verdict;
use lifeboat::exit::Exit;
use lifeboat::store::memory::Op;
use std::sync::Arc;

/// The head announces all of it, and half of it comes.
fn cut() -> Verdict {
    Verdict::Change(Arc::new(|reply| reply.body.truncate(reply.body.len() / 2)))
}

/// Half of it comes, and is announced as all: a proxy's doing.
fn shortened() -> Verdict {
    Verdict::Change(Arc::new(|reply| {
        reply.body.truncate(reply.body.len() / 2);
        reply.announce();
    }))
}

#[tokio::test]
async fn a_cut_body_is_asked_for_again() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    for fault in [cut(), shortened()] {
        bucket.faults.heal();
        bucket.faults.add(Op::GetRange, 2..=2, fault.clone());
        bucket.faults.once(Op::Get, cut());
        assert_eq!(bucket.verify().await, Exit::Done);
        bucket.faults.heal();
        bucket.faults.add(Op::GetRange, 2..=2, fault);
        bucket.restore().await.unwrap();
        assert!(bucket.is_restored());
    }
}

async fn unread(fault: Verdict) {
    let Some(mut bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.stall = "4s";
    bucket.faults.add(Op::GetRange, 2..=usize::MAX, fault);
    assert_eq!(bucket.verify().await, Exit::Storage);
    assert_eq!(bucket.restore().await.unwrap_err().exit, Exit::Storage);
    assert!(!bucket.is_restored(), "the command was not even started");
    bucket.faults.heal();
    bucket.stall = "2m";
    assert_eq!(bucket.verify().await, Exit::Done);
    bucket.assert_untouched().await;
}

#[tokio::test]
async fn a_store_that_sends_nothing_whole_is_not_a_damaged_backup() {
    tokio::join!(
        unread(cut()),
        unread(shortened()),
        unread(Verdict::StallReply(1000)),
        unread(Verdict::Silence),
    );
}
