//! The form of the stored stream.

use super::env::Given;
use super::problems::Report;
use super::values::Choices;
use serde::Deserialize;

/// The form of the stored stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// `COMPRESSION`.
    pub compression: Compression,
    /// `COMPRESSION_LEVEL`, `auto` resolved; 0 without compression.
    pub level: u32,
    /// `COMPRESSION_THREADS`; `None`: the CPUs this container may use, fewer where its memory is small.
    pub threads: Option<usize>,
}

/// `COMPRESSION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// bzip2, as independent streams.
    Bzip2,
    /// As the tool printed it.
    None,
}

impl Compression {
    /// The name, as in `COMPRESSION` and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bzip2 => "bzip2",
            Self::None => "none",
        }
    }

    /// The compression of that name, as a manifest has it; `None`: this version has none.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Bzip2, Self::None]
            .into_iter()
            .find(|compression| compression.name() == name)
    }

    /// The last part of a key: `Some("bz2")`.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Bzip2 => Some("bz2"),
            Self::None => None,
        }
    }
}

#[derive(Deserialize, Default)]
struct Raw {
    compression: Option<String>,
    compression_level: Option<String>,
    compression_threads: Option<String>,
}

const COMPRESSIONS: Choices<Compression> = Choices {
    offered: &[("bzip2", Compression::Bzip2), ("none", Compression::None)],
    not_yet: &["zstd", "gzip", "xz"],
};

pub(super) fn read(given: &Given, report: &mut Report) -> Stream {
    let raw: Raw = given.part(report);
    let compression = report
        .choice("COMPRESSION", raw.compression.as_deref(), &COMPRESSIONS)
        .unwrap_or(Compression::Bzip2);
    let level = report.number("COMPRESSION_LEVEL", raw.compression_level.as_deref(), 1..=9);
    if level.is_some() && compression == Compression::None {
        report.warn("COMPRESSION_LEVEL has no effect with COMPRESSION=none");
    }
    Stream {
        compression,
        level: match compression {
            Compression::Bzip2 => level.unwrap_or(9),
            Compression::None => 0,
        },
        threads: report.number("COMPRESSION_THREADS", raw.compression_threads.as_deref(), 1..=256),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{config, problem, problems, warnings};
    use super::*;

    #[test]
    fn streams() {
        let of = |env: &[(&str, &str)]| {
            let stream = config(env).stream;
            (stream.compression, stream.level, stream.threads)
        };
        assert_eq!(of(&[]), (Compression::Bzip2, 9, None));
        assert_eq!(
            of(&[("COMPRESSION_LEVEL", "1"), ("COMPRESSION_THREADS", "2")]),
            (Compression::Bzip2, 1, Some(2))
        );
        assert_eq!(of(&[("COMPRESSION", "None")]), (Compression::None, 0, None));
        assert_eq!(Compression::from_name("bzip2"), Some(Compression::Bzip2));
        assert_eq!(Compression::from_name("zstd"), None);
    }

    #[test]
    fn wrong_streams() {
        for text in ["zstd", "gzip", "xz"] {
            assert_eq!(
                problem(&[("COMPRESSION", text)]),
                format!("COMPRESSION: {text:?} is not offered by this version; write bzip2 or none")
            );
        }
        assert_eq!(
            problems(&[
                ("COMPRESSION", "zip"),
                ("COMPRESSION_LEVEL", "10"),
                ("COMPRESSION_THREADS", "0")
            ]),
            "COMPRESSION: \"zip\" is not known; write bzip2 or none\n\
             COMPRESSION_LEVEL: \"10\" is not a number from 1 to 9; write such a number, or leave it unset\n\
             COMPRESSION_THREADS: \"0\" is not a number from 1 to 256; write such a number, or leave it unset"
        );
        assert_eq!(
            warnings(&[("COMPRESSION", "none"), ("COMPRESSION_LEVEL", "5")]),
            ["COMPRESSION_LEVEL has no effect with COMPRESSION=none"]
        );
    }
}
