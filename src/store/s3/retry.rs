//! Trying again: what is worth it, and for how long.

use crate::store::StoreError;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// Whether a failed attempt is worth another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Again {
    /// The answer will not change: no such bucket, denied, a certificate nobody knows.
    Never,
    /// It may have been the line, it may be the store's way: three attempts.
    Few,
    /// The store or the way to it is down: as long as the patience lasts.
    Patiently,
}

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    pub(super) again: Again,
    /// The status of the answer, when there was one.
    pub(super) status: Option<u16>,
    /// The very key or upload is not there: nothing is left to be removed. A bucket that is not there is a mistake,
    /// and so is a 404 from whatever else answers on that port.
    pub(super) gone: bool,
}

/// For how long to try again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) total: Duration,
    /// The total counts from the first failure, so that a large part that timed out gets a second chance; not so
    /// for a store that never answered, where a time-out is an answer.
    pub(super) answered: bool,
    /// The pause after the first failure; doubled each time up to [`LONGEST_PAUSE`].
    pub(super) pause: Duration,
}

/// Attempts in all for [`Again::Few`].
const FEW: u32 = 3;
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

impl Patience {
    /// Before the `n`th retry, from 1: half of the step is certain, half is chance, lest parts that failed
    /// together come back together.
    fn pause_before(self, n: u32) -> Duration {
        let step = self
            .pause
            .saturating_mul(1 << n.saturating_sub(1).min(16))
            .min(LONGEST_PAUSE);
        let chance = getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX));
        step.mul_f64(0.5 + chance / 2.0)
    }
}

/// Runs `attempt` until it succeeds or is not worth another; `patience` is asked after each failure, because an
/// answer from the store changes it.
pub(super) async fn settle<T, F>(
    patience: impl Fn() -> Patience + Send,
    mut attempt: impl FnMut() -> F + Send,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
    T: Send,
{
    let begun = Instant::now();
    let mut first_failure = None;
    let mut attempts = 0;
    loop {
        let mut failure = match attempt().await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        attempts += 1;
        let since = *first_failure.get_or_insert_with(Instant::now);
        let patience = patience();
        let pause = patience.pause_before(attempts);
        let worth_it = match failure.again {
            Again::Never => false,
            Again::Few => attempts < FEW,
            Again::Patiently => {
                let counted = if patience.answered { since } else { begun };
                counted.elapsed() + pause <= patience.total
            }
        };
        if !worth_it {
            if attempts > 1 {
                let seconds = since.elapsed().as_secs();
                let reason = &mut failure.error.reason;
                *reason = format!("{reason} ({attempts} attempts, failing for {seconds} s)");
            }
            return Err(failure);
        }
        tracing::debug!(attempts, reason = %failure.error, "trying again in {pause:?}");
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn failure(again: Again) -> Failure {
        Failure {
            error: StoreError {
                kind: StoreErrorKind::Other,
                operation: "UploadPart",
                subject: "b/k".to_owned(),
                reason: "no".to_owned(),
                hint: None,
                source: None,
            },
            again,
            status: None,
            gone: false,
        }
    }

    async fn run(again: Again) -> (u32, u64, String) {
        let count = AtomicU32::new(0);
        let patience = || Patience {
            total: Duration::from_mins(2),
            answered: true,
            pause: Duration::from_secs(1),
        };
        let begun = Instant::now();
        let failed = settle(patience, || async {
            count.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(failure(again))
        })
        .await
        .unwrap_err();
        (count.into_inner(), begun.elapsed().as_secs(), failed.error.reason)
    }

    #[tokio::test(start_paused = true)]
    async fn stops_when_it_is_not_worth_it() {
        assert_eq!(run(Again::Never).await, (1, 0, "no".to_owned()));
        let (attempts, seconds, reason) = run(Again::Few).await;
        assert_eq!(attempts, 3);
        assert!(seconds <= 3, "{seconds}");
        assert!(reason.starts_with("no (3 attempts"), "{reason}");
        let (attempts, seconds, _) = run(Again::Patiently).await;
        assert!(attempts > 8, "{attempts}");
        assert!((90..=120).contains(&seconds), "{seconds}");
    }
}
