//! The threads that compress: one set for the process, whatever is dumped side by side.

use super::encoders::Encoders;
use bytes::Bytes;
use std::io::{Error, Result};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// So many pieces are at work at a time, of all dumps together.
#[derive(Clone)]
pub struct Workers {
    threads: Arc<Semaphore>,
    /// What bzip2 works with.
    pub encoders: Encoders,
    /// For tests: how it went.
    #[cfg(test)]
    pub seen: tests::Seen,
}

impl Workers {
    /// With so many threads.
    pub fn new(threads: usize) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(threads.max(1))),
            encoders: Encoders::default(),
            #[cfg(test)]
            seen: tests::Seen::default(),
        }
    }

    /// Runs this on a blocking thread once a worker is free.
    ///
    /// Who no longer waits for it gives up a piece that has not begun. One at work can't be stopped: it holds its
    /// worker to its end, so that what comes next does not take its memory beside it.
    pub async fn run(&self, work: impl FnOnce() -> Result<Bytes> + Send + 'static) -> Result<Bytes> {
        let worker = Arc::clone(&self.threads)
            .acquire_owned()
            .await
            .map_err(Error::other)?;
        #[cfg(test)]
        let work = self.seen.counted(work);
        let working = move || {
            let done = work();
            drop(worker);
            done
        };
        tokio::task::spawn_blocking(working).await?
    }
}

#[cfg(test)]
pub mod tests {
    #![allow(missing_docs, clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    /// How many were at work at a time.
    #[derive(Clone, Default)]
    pub struct Seen {
        now: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
        begun: Arc<AtomicUsize>,
    }

    impl Seen {
        pub fn most(&self) -> usize {
            self.most.load(Ordering::SeqCst)
        }

        /// How many have been at work.
        pub fn begun(&self) -> usize {
            self.begun.load(Ordering::SeqCst)
        }

        pub fn counted<T, W: FnOnce() -> T>(&self, work: W) -> impl FnOnce() -> T + use<T, W> {
            let seen = self.clone();
            move || {
                seen.begun.fetch_add(1, Ordering::SeqCst);
                let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most.fetch_max(now, Ordering::SeqCst);
                let done = work();
                seen.now.fetch_sub(1, Ordering::SeqCst);
                done
            }
        }
    }

    #[tokio::test]
    async fn a_piece_at_work_holds_its_worker_though_nobody_waits_for_it() {
        let workers = Workers::new(1);
        let (began, begun) = tokio::sync::oneshot::channel();
        let (end, ended) = mpsc::sync_channel::<()>(1);
        let dropped = tokio::spawn({
            let workers = workers.clone();
            async move {
                let work = move || {
                    began.send(()).unwrap();
                    ended.recv().unwrap();
                    Ok(Bytes::new())
                };
                workers.run(work).await
            }
        });
        begun.await.unwrap();
        dropped.abort();
        assert!(dropped.await.unwrap_err().is_cancelled());
        assert_eq!(workers.threads.available_permits(), 0);
        end.send(()).unwrap();
        let next = workers.run(|| Ok("next".into())).await.unwrap();
        assert_eq!(next, "next");
    }
}
