//! The form of the stored stream.

use super::env::Given;
use super::problems::Report;
use super::show::quoted;
use super::values::Choices;
use serde::Deserialize;
use std::ops::RangeInclusive;

/// The form of the stored stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// `COMPRESSION`.
    pub compression: Compression,
    /// `COMPRESSION_LEVEL`, the default resolved; 0 without compression.
    pub level: u32,
    /// `COMPRESSION_THREADS`; `None`: the CPUs this container may use, fewer where its memory is small.
    pub threads: Option<usize>,
}

/// `COMPRESSION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// bzip2, as independent streams.
    Bzip2,
    /// zstd, as independent frames.
    Zstd,
    /// gzip, as independent members.
    Gzip,
    /// xz, as independent streams.
    Xz,
    /// As the tool printed it.
    None,
}

impl Compression {
    /// Every one there is.
    pub const ALL: [Self; 5] = [Self::Bzip2, Self::Zstd, Self::Gzip, Self::Xz, Self::None];

    /// The name, as in `COMPRESSION` and in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::None => "none",
        }
    }

    /// The compression of that name, as a manifest has it; `None`: this version has none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|compression| compression.name() == name)
    }

    /// The last part of a key: `Some("bz2")`.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Bzip2 => Some("bz2"),
            Self::Zstd => Some("zst"),
            Self::Gzip => Some("gz"),
            Self::Xz => Some("xz"),
            Self::None => None,
        }
    }

    /// The levels there are: those of the stock tool without further options.
    pub fn levels(self) -> RangeInclusive<u32> {
        match self {
            Self::Bzip2 | Self::Gzip => 1..=9,
            Self::Zstd => 1..=19,
            Self::Xz => 0..=9,
            Self::None => 0..=0,
        }
    }

    /// The level without `COMPRESSION_LEVEL`: the stock tool's.
    pub fn default_level(self) -> u32 {
        match self {
            Self::Bzip2 => 9,
            Self::Zstd => 3,
            Self::Gzip | Self::Xz => 6,
            Self::None => 0,
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
    offered: &[
        ("bzip2", Compression::Bzip2),
        ("zstd", Compression::Zstd),
        ("gzip", Compression::Gzip),
        ("xz", Compression::Xz),
        ("none", Compression::None),
    ],
    not_yet: &[],
};

pub(super) fn read(given: &Given, report: &mut Report) -> Stream {
    let raw: Raw = given.part(report);
    let text = raw.compression.as_deref();
    let compression = match text {
        None => Some(Compression::Bzip2),
        Some(_) => report.choice("COMPRESSION", text, &COMPRESSIONS),
    };
    // Of an unknown compression nobody knows the levels.
    let level =
        compression.and_then(|compression| level(compression, raw.compression_level.as_deref(), report));
    let compression = compression.unwrap_or(Compression::Bzip2);
    Stream {
        compression,
        level: level.unwrap_or(compression.default_level()),
        threads: report.number("COMPRESSION_THREADS", raw.compression_threads.as_deref(), 1..=256),
    }
}

fn level(compression: Compression, text: Option<&str>, report: &mut Report) -> Option<u32> {
    let text = text?;
    if compression == Compression::None {
        report.warn("COMPRESSION_LEVEL has no effect with COMPRESSION=none");
        return None;
    }
    let levels = compression.levels();
    let level = text.parse().ok().filter(|level| levels.contains(level));
    if level.is_none() {
        let (least, most) = levels.into_inner();
        report.problem(
            "COMPRESSION_LEVEL",
            format!("{} is no level of {}", quoted(text), compression.name()),
            format!("write a number from {least} to {most}, or leave it unset"),
        );
    }
    level
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
        assert_eq!(of(&[("COMPRESSION", "zstd")]), (Compression::Zstd, 3, None));
        assert_eq!(of(&[("COMPRESSION", "gzip")]), (Compression::Gzip, 6, None));
        assert_eq!(of(&[("COMPRESSION", "xz")]), (Compression::Xz, 6, None));
        assert_eq!(
            of(&[("COMPRESSION", "xz"), ("COMPRESSION_LEVEL", "0")]),
            (Compression::Xz, 0, None)
        );
        assert_eq!(
            of(&[("COMPRESSION", "zstd"), ("COMPRESSION_LEVEL", "19")]),
            (Compression::Zstd, 19, None)
        );
    }

    #[test]
    fn names_are_those_of_keys_and_manifests() {
        assert_eq!(COMPRESSIONS.offered.len(), Compression::ALL.len());
        for (spelling, compression) in COMPRESSIONS.offered {
            assert_eq!(*spelling, compression.name());
            assert_eq!(Compression::from_name(spelling), Some(*compression));
            assert!(compression.levels().contains(&compression.default_level()));
            let ending = compression
                .extension()
                .map_or(String::new(), |ending| format!(".{ending}"));
            let key = format!("db/app/2026-11-20T03-00-00Z-9f3a.sql{ending}");
            let key = crate::catalog::Key::from_text(&key).map(|key| key.compression_name());
            assert_eq!(key, Some(*spelling));
        }
        assert_eq!(Compression::from_name("lz4"), None);
    }

    #[test]
    fn wrong_streams() {
        assert_eq!(
            problems(&[
                ("COMPRESSION", "zip"),
                ("COMPRESSION_LEVEL", "99"),
                ("COMPRESSION_THREADS", "0")
            ]),
            "COMPRESSION: \"zip\" is not known; write bzip2, zstd, gzip, xz or none\n\
             COMPRESSION_THREADS: \"0\" is not a number from 1 to 256; write such a number, or leave it unset"
        );
        for (compression, level, levels) in [
            ("bzip2", "10", "1 to 9"),
            ("zstd", "20", "1 to 19"),
            ("zstd", "-3", "1 to 19"),
            ("gzip", "0", "1 to 9"),
            ("xz", "10", "0 to 9"),
            ("xz", "6e", "0 to 9"),
        ] {
            assert_eq!(
                problem(&[("COMPRESSION", compression), ("COMPRESSION_LEVEL", level)]),
                format!(
                    "COMPRESSION_LEVEL: {level:?} is no level of {compression}; \
                     write a number from {levels}, or leave it unset"
                )
            );
        }
        assert_eq!(
            warnings(&[("COMPRESSION", "none"), ("COMPRESSION_LEVEL", "5")]),
            ["COMPRESSION_LEVEL has no effect with COMPRESSION=none"]
        );
    }
}
