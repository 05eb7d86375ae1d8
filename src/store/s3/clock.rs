//! The store's clock, read off the `Date` header of its answers.

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// No answer yet.
const UNKNOWN: i64 = i64::MIN;

/// How far the store's clock is ahead of ours, in milliseconds, from its latest answer. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(UNKNOWN)))
    }

    /// `None` before the first answer that carried a date.
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => None,
            millis => Some(SignedDuration::from_millis(millis)),
        }
    }

    /// The store's time as far as we know it, ours otherwise: what "retain until" is counted from.
    pub(super) fn now(&self) -> Timestamp {
        let ours = crate::clock::now();
        self.ahead()
            .and_then(|ahead| ours.checked_add(ahead).ok())
            .unwrap_or(ours)
    }

    /// Compares a `Date` header with the moment its answer's head arrived: a server writes it when it answers, so
    /// the time a request took to send (minutes, for a large part) does not count.
    fn observe(&self, date: &str, received: SystemTime) {
        let Ok(date) = DateTime::from_str(date.trim(), DateTimeFormat::HttpDate) else {
            return;
        };
        let Ok(millis) = date.to_millis() else { return };
        let received = DateTime::from(received).to_millis().unwrap_or(millis);
        self.0.store(millis.saturating_sub(received), Ordering::Relaxed);
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(date), Some(time)) = (context.response().headers().get("date"), components.time_source())
        {
            self.observe(date, time.now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn tells_how_far_the_store_is_ahead() {
        let clock = Clock::new();
        assert_eq!(clock.ahead(), None);
        clock.observe(
            "Thu, 01 Jan 1970 00:10:00 GMT",
            UNIX_EPOCH + Duration::from_millis(540_500),
        );
        assert_eq!(clock.ahead(), Some(SignedDuration::from_millis(59_500)));
        clock.observe("yesterday", UNIX_EPOCH);
        assert_eq!(
            clock.ahead(),
            Some(SignedDuration::from_millis(59_500)),
            "nonsense is passed over"
        );
        clock.observe(
            "Thu, 01 Jan 1970 00:00:00 GMT",
            UNIX_EPOCH + Duration::from_secs(90),
        );
        assert_eq!(clock.ahead(), Some(SignedDuration::from_secs(-90)));
    }
}
