//! Listings that end too early or never: nothing is deleted on their word.

use crate::bucket::Bucket;
use crate::front::Verdict;
use lifeboat::exit::Exit;
use lifeboat::store::memory::Op;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const KEEP_ONE: [(&str, &str); 1] = [("KEEP_LAST", "1")];

#[tokio::test]
async fn one_that_ends_early_prunes_nothing() {
    let Some(bucket) = Bucket::with_a_backup().await else {
        return;
    };
    bucket.backup(&[]).await;
    // What comes after these is not listed, and nothing says so.
    let known = bucket.keys().await;
    bucket.faults.always(
        Op::ListPage,
        Verdict::Change(Arc::new(move |reply| {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            for row in text.split_inclusive("</Contents>") {
                let row = &row[row.find("<Contents>").unwrap_or(row.len())..];
                if !row.is_empty() && !known.iter().any(|key| row.contains(&format!(">{key}<"))) {
                    reply.replace(row, "");
                }
            }
        })),
    );
    let summary = bucket.backup(&KEEP_ONE).await;
    assert_eq!((summary.made, summary.exit()), (1, Exit::Done));
    assert_eq!(bucket.whole().await, 3);
}

#[tokio::test]
async fn one_that_says_more_and_leads_nowhere_is_a_failure() {
    let endless = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&endless);
    for token in [
        None,
        Some(Arc::new(|| "A-the-same".to_owned()) as Arc<dyn Fn() -> String + Send + Sync>),
        // Two that take turns, and a new one each time, both for the same page.
        Some(Arc::new(move || {
            format!("A-turn-{}", count.fetch_add(1, Ordering::SeqCst) % 2)
        })),
        Some(Arc::new(move || {
            format!("A-new-{:09}", endless.fetch_add(1, Ordering::SeqCst))
        })),
    ] {
        let Some(bucket) = Bucket::with_a_backup().await else {
            return;
        };
        bucket.faults.always(
            Op::ListPage,
            Verdict::Change(Arc::new(move |reply| {
                let next = token.as_ref().map_or_else(String::new, |token| {
                    format!("<NextContinuationToken>{}</NextContinuationToken>", token())
                });
                let said = format!("<IsTruncated>true</IsTruncated>{next}");
                reply.replace("<IsTruncated>false</IsTruncated>", &said);
            })),
        );
        let ran = tokio::time::timeout(Duration::from_mins(1), bucket.backup(&KEEP_ONE)).await;
        let summary = ran.expect("an end");
        assert_eq!(summary.exit(), Exit::Storage);
        assert_eq!(bucket.whole().await, 1 + summary.made, "none was deleted");
    }
}
