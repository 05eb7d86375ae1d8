//! The log: to stderr, one line an event, as text or JSON.

use crate::config::Log;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Libraries that print what they send at finer levels: request headers, exec environments, whole answers of
/// `inspect` with every variable of a container. Whatever LOG_LEVEL says, they stay at `warn`.
const TALKATIVE: [&str; 12] = [
    "bollard", "hyper", "hyper_util", "h2", "rustls", "aws_config", "aws_sdk_s3", "aws_sdk_sts", "aws_sigv4",
    "aws_smithy_runtime", "aws_smithy_http_client", "aws_runtime",
];

/// Starts the log.
pub fn start(config: &Log) {
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .with_env_filter(filter(&config.level));
    // A second start (in tests) keeps the first log.
    let _ = match config.json {
        true => builder.json().flatten_event(true).try_init(),
        false => builder.try_init(),
    };
}

/// LOG_LEVEL, with the talkative capped: directives added later win over those of the same target.
fn filter(level: &str) -> EnvFilter {
    let ours = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    // A filter of the operator's own could name a module below; only lifeboat's own directives are taken then.
    let ours = if TALKATIVE.iter().any(|name| level.contains(name)) {
        EnvFilter::new("info")
    } else {
        ours
    };
    TALKATIVE
        .iter()
        .filter_map(|name| format!("{name}=warn").parse::<Directive>().ok())
        .fold(ours, EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_print_secrets_are_capped() {
        for level in ["trace", "lifeboat=trace,debug", "bollard::read=trace", "bollard=trace", "hyper::client=debug"] {
            let shown = filter(level).to_string();
            assert!(shown.contains("bollard=warn"), "{level}: {shown}");
            assert!(!shown.contains("bollard=trace") && !shown.contains("bollard::read=trace"), "{level}: {shown}");
        }
        assert!(filter("debug").to_string().contains("debug"));
    }
}
