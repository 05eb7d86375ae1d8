//! The log: to stderr, one line an event, as text or JSON.

use crate::config::Log;
use crate::shown::one_line;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{DefaultFields, Format, Writer};
use tracing_subscriber::fmt::{self, FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The name all our modules begin with.
const OURS: &str = "lifeboat";

/// Starts the log.
pub fn start(config: &Log) {
    let registry = tracing_subscriber::registry();
    // A second start (in tests) keeps the first log.
    let _ = if config.json {
        let layer = layer(std::io::stderr).json().flatten_event(true);
        registry.with(layer.with_filter(filter(&config.level))).try_init()
    } else {
        let layer = text_layer(std::io::stderr);
        registry.with(layer.with_filter(filter(&config.level))).try_init()
    };
}

fn layer<S, W>(writer: W) -> fmt::Layer<S, DefaultFields, Format, W>
where
    W: for<'a> MakeWriter<'a> + 'static,
{
    fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_writer(writer)
}

fn text_layer<S, W>(writer: W) -> fmt::Layer<S, DefaultFields, OneLine<Format>, W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    layer(writer).map_event_format(OneLine)
}

/// One line an event, whatever is in it: what a tool says, or a database is called, may have line breaks, and behind one of
/// them could stand a line that looks like ours.
struct OneLine<F>(F);

impl<S, N, F> FormatEvent<S, N> for OneLine<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut text = String::new();
        self.0.format_event(context, Writer::new(&mut text), event)?;
        writeln!(writer, "{}", one_line(&text))
    }
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
    use std::sync::{Arc, Mutex};
    use tracing::Level;

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let log = text_layer({
            let said = Arc::clone(&said);
            move || Shared(Arc::clone(&said))
        });
        let registry = tracing_subscriber::registry().with(log);
        tracing::subscriber::with_default(registry, || {
            let hostile = "one\r\n2026-11-20T03:00:00Z  INFO deleted\u{1b}[2J\u{85}\u{2028}";
            tracing::warn!(database = %hostile, key = hostile, "the dump tool said: {hostile}");
            tracing::info!("second");
        });
        let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert!(
            lines[0].contains("the dump tool said: one | 2026-11-20"),
            "{said}"
        );
        assert!(lines[0].contains("key="), "{said}");
        for line in lines {
            assert_eq!(line, crate::shown::printable(line));
        }
    }

    /// What is written to it.
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

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
