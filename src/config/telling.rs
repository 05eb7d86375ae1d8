//! What lifeboat tells: the log, and whether it is healthy.

use super::env::Given;
use super::problems::Report;
use super::show::quoted;
use super::values::Choices;
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    /// `LOG_LEVEL`: a level or a filter.
    pub level: String,
    /// `LOG_FORMAT=json`.
    pub json: bool,
}

/// `HEALTH_ADDR` and `HEALTH_MAX_AGE`.
pub(super) struct Health {
    pub(super) addr: SocketAddr,
    pub(super) max_age: Option<Duration>,
}

#[derive(Deserialize, Default)]
struct Raw {
    log_level: Option<String>,
    log_format: Option<String>,
    health_addr: Option<String>,
    health_max_age: Option<String>,
}

const FORMATS: Choices<bool> = Choices {
    offered: &[("text", false), ("json", true)],
    not_yet: &[],
};

const LEVELS: &[&str] = &[
    "error", "warn", "info", "debug", "trace", "off", "0", "1", "2", "3", "4", "5",
];

pub(super) fn read(given: &Given, report: &mut Report) -> (Log, Health) {
    let raw: Raw = given.part(report);
    let log = Log {
        level: raw
            .log_level
            .filter(|text| is_filter(text, report))
            .unwrap_or_else(|| "info".to_owned()),
        json: report
            .choice("LOG_FORMAT", raw.log_format.as_deref(), &FORMATS)
            .unwrap_or(false),
    };
    if raw.health_addr.is_some() || raw.health_max_age.is_some() {
        report
            .warn("HEALTH_ADDR and HEALTH_MAX_AGE have no effect: this version does not offer health checks");
    }
    let health = Health {
        addr: raw
            .health_addr
            .and_then(|text| addr(&text, report))
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 9477))),
        max_age: report.lasting("HEALTH_MAX_AGE", raw.health_max_age.as_deref()),
    };
    (log, health)
}

/// tracing takes any bare word for a module's name: `LOG_LEVEL=verbose` would silence everything.
fn is_filter(text: &str, report: &mut Report) -> bool {
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let is_good = |part: &str| {
        let part = part.trim();
        match part.rsplit_once('=') {
            Some((module, level)) => !module.is_empty() && is_level(level),
            None => is_level(part) || part.contains("::"),
        }
    };
    // Span filters have a grammar of their own, commas included.
    if text.contains('[') || text.split(',').all(is_good) {
        return true;
    }
    let what = format!("{} is no level and no filter", quoted(text));
    report.problem(
        "LOG_LEVEL",
        what,
        "write error, warn, info, debug or trace, or a filter such as info,lifeboat=debug",
    );
    false
}

fn addr(text: &str, report: &mut Report) -> Option<SocketAddr> {
    let addr = text.parse::<SocketAddr>().ok().filter(|addr| addr.port() > 0);
    if addr.is_none() {
        let what = format!("{} is not an IP address with a port", quoted(text));
        report.problem(
            "HEALTH_ADDR",
            what,
            "write one such as 127.0.0.1:9477 or 0.0.0.0:9477",
        );
    }
    addr
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, problem, problems};
    use super::*;

    #[test]
    fn telling() {
        let unset = config(&[]);
        assert_eq!((unset.log.level.as_str(), unset.log.json), ("info", false));
        assert_eq!(unset.health_addr.to_string(), "127.0.0.1:9477");
        assert_eq!(unset.health_max_age, None);
        let set = config(&[
            ("LOG_LEVEL", "warn,lifeboat::store=debug"),
            ("LOG_FORMAT", "JSON"),
            ("HEALTH_ADDR", "[::]:80"),
            ("HEALTH_MAX_AGE", "2d"),
        ]);
        assert_eq!(
            (set.log.level.as_str(), set.log.json),
            ("warn,lifeboat::store=debug", true)
        );
        assert_eq!(set.health_addr.to_string(), "[::]:80");
        assert_eq!(set.health_max_age, Some(Duration::from_hours(48)));
        for text in [
            "DEBUG",
            "5",
            "off",
            "lifeboat::store",
            "lifeboat[span{a=1,b=2}]=trace",
        ] {
            assert_eq!(config(&[("LOG_LEVEL", text)]).log.level, text);
        }
    }

    #[test]
    fn wrong_telling() {
        for text in ["verbose", "info,lifeboat=loud", "warning", "=info"] {
            assert_eq!(
                problem(&[("LOG_LEVEL", text)]),
                format!(
                    "LOG_LEVEL: {text:?} is no level and no filter; write error, warn, info, debug or trace, or a \
                     filter such as info,lifeboat=debug"
                )
            );
        }
        for text in ["localhost:9477", ":9477", "127.0.0.1", "127.0.0.1:0"] {
            assert_eq!(
                problem(&[("HEALTH_ADDR", text)]),
                format!(
                    "HEALTH_ADDR: {text:?} is not an IP address with a port; write one such as 127.0.0.1:9477 or \
                     0.0.0.0:9477"
                )
            );
        }
        assert_eq!(
            problems(&[("LOG_FORMAT", "logfmt"), ("HEALTH_MAX_AGE", "0")]),
            "LOG_FORMAT: \"logfmt\" is not known; write text or json\n\
             HEALTH_MAX_AGE: is zero; write a longer time, or leave it unset"
        );
    }
}
