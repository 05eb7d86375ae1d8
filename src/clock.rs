//! The one place that reads the clock; everything that decides gets the time as a parameter.

use jiff::Timestamp;

/// The time by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
