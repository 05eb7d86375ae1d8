//! Progress: a bar where a person looks, a log line every 30 s where nobody does.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;
use tokio::time::Instant;

/// Between two lines of the log.
const EVERY: Duration = Duration::from_secs(30);

/// How far a stream of bytes has come.
pub struct Progress {
    bar: ProgressBar,
    what: String,
    terminal: bool,
    began: Instant,
    next_line: Instant,
    bytes: u64,
}

impl Progress {
    /// `total`: the number of bytes to come, where it is known.
    pub fn new(what: impl Into<String>, total: Option<u64>) -> Self {
        let what = what.into();
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            total,
            if terminal {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        let template = match total {
            Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {elapsed} eta {eta}",
            None => "{msg} {spinner} {bytes} {bytes_per_sec} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.clone());
        let began = Instant::now();
        Self {
            bar,
            what,
            terminal,
            began,
            next_line: began + EVERY,
            bytes: 0,
        }
    }

    /// So many bytes more.
    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.bar.set_position(self.bytes);
        let now = Instant::now();
        if !self.terminal && now >= self.next_line {
            self.next_line = now + EVERY;
            let elapsed = now.duration_since(self.began);
            tracing::info!(
                bytes = self.bytes,
                seconds = elapsed.as_secs(),
                bytes_per_second = self.bytes / elapsed.as_secs().max(1),
                "{}: under way",
                self.what
            );
        }
    }

    /// How long it has been, in seconds.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
