//! The log: to stderr, one line an event, as text or JSON.

use crate::config::Log;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The name all our modules begin with.
const OURS: &str = "lifeboat";

/// Starts the log.
pub fn start(config: &Log) {
    let format = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    let registry = tracing_subscriber::registry();
    // A second start (in tests) keeps the first log.
    let _ = if config.json {
        registry
            .with(
                format
                    .json()
                    .flatten_event(true)
                    .with_filter(filter(&config.level)),
            )
            .try_init()
    } else {
        registry
            .with(format.with_filter(filter(&config.level)))
            .try_init()
    };
}

/// `LOG_LEVEL` for lifeboat's own modules. Libraries print what they send at finer levels: request headers, whole
/// answers of `inspect` with every variable of a container. They stay at `warn`, whatever `LOG_LEVEL` says.
fn filter(level: &str) -> Targets {
    let asked: Targets = level
        .parse()
        .unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let default = asked.default_level().unwrap_or(LevelFilter::OFF);
    let ours = asked
        .iter()
        .filter(|(target, _)| target.split("::").next() == Some(OURS));
    Targets::new()
        .with_default(default.min(LevelFilter::WARN))
        .with_target(OURS, default)
        .with_targets(ours.map(|(target, level)| (target.to_owned(), level)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_that_print_secrets_are_capped() {
        for level in [
            "trace",
            "lifeboat=trace,debug",
            "bollard::read=trace",
            "bollard=trace,hyper::client=debug",
            "nonsense===",
        ] {
            let filter = filter(level);
            for target in [
                "bollard",
                "bollard::read",
                "hyper::client",
                "aws_smithy_runtime::client",
                "aws_sigv4",
            ] {
                assert!(!filter.would_enable(target, &Level::INFO), "{level} {target}");
            }
        }
        assert!(filter("debug").would_enable("lifeboat::commands", &Level::DEBUG));
        assert!(filter("lifeboat=trace").would_enable("lifeboat", &Level::TRACE));
        assert!(!filter("info").would_enable("lifeboat", &Level::DEBUG));
    }
}
