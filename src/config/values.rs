//! What a value may look like, whatever its variable: numbers, sizes, durations, booleans, choices, lists.
//!
//! Each returns `None` when the variable is unset or wrong; wrong is in the report then.

use super::problems::Report;
use super::show::quoted;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// Longer durations would overflow calendars.
const LONGEST_DAYS: u64 = 36_500;

/// A value of a closed set.
pub(super) struct Choices<T: 'static> {
    /// Each with its spelling.
    pub(super) offered: &'static [(&'static str, T)],
    /// Spellings that lifeboat will know one day.
    pub(super) not_yet: &'static [&'static str],
}

impl Report {
    /// `true/false/yes/no/1/0/on/off`, in any case.
    pub(super) fn boolean(&mut self, name: &str, text: Option<&str>) -> Option<bool> {
        let text = text?;
        let value = boolean(text);
        if value.is_none() {
            let what = format!("{} is neither true nor false", quoted(text));
            self.problem(name, what, "write true or false");
        }
        value
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&mut self, name: &str, text: Option<&str>, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let text = text?;
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (least, most) = range.into_inner();
                let what = format!("{} is not a number from {least} to {most}", quoted(text));
                self.problem(name, what, "write such a number, or leave it unset");
                None
            }
        }
    }

    /// A size in bytes.
    pub(super) fn size(&mut self, name: &str, text: Option<&str>, range: RangeInclusive<u64>) -> Option<u64> {
        let text = text?;
        match size(text) {
            Some(bytes) if range.contains(&bytes) => Some(bytes),
            Some(_) => {
                let what = format!("{} is out of bounds", quoted(text));
                let hint = format!("write {} to {}", in_units(*range.start()), in_units(*range.end()));
                self.problem(name, what, hint);
                None
            }
            None => {
                let what = format!("{} is not a size", quoted(text));
                self.problem(name, what, "write a number with K, M, G or T, such as 8MiB");
                None
            }
        }
    }

    /// A duration.
    pub(super) fn duration(&mut self, name: &str, text: Option<&str>) -> Option<Duration> {
        let text = text?;
        let value = duration(text);
        if value.is_none() {
            let what = format!("{} is not a duration", quoted(text));
            self.problem(
                name,
                what,
                "write numbers with s, m, h, d or w, such as 90s, 36h or 7d",
            );
        }
        value
    }

    /// A duration that is not zero.
    pub(super) fn lasting(&mut self, name: &str, text: Option<&str>) -> Option<Duration> {
        let value = self.duration(name, text)?;
        if value.is_zero() {
            self.problem(name, "is zero", "write a longer time, or leave it unset");
            return None;
        }
        Some(value)
    }

    /// One of a closed set, in any case.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &str,
        text: Option<&str>,
        choices: &Choices<T>,
    ) -> Option<T> {
        let text = text?;
        let spelled = |spelling: &&str| spelling.eq_ignore_ascii_case(text);
        if let Some((_, value)) = choices.offered.iter().find(|(spelling, _)| spelled(spelling)) {
            return Some(*value);
        }
        let what = if choices.not_yet.iter().any(spelled) {
            format!("{} is not offered by this version", quoted(text))
        } else {
            format!("{} is not known", quoted(text))
        };
        let spellings: Vec<_> = choices.offered.iter().map(|(spelling, _)| *spelling).collect();
        self.problem(name, what, format!("write {}", alternatives(&spellings)));
        None
    }

    /// A text of one line.
    pub(super) fn line(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let text = text?;
        if text.chars().any(char::is_control) {
            self.problem(
                name,
                "has a line break or another control character",
                "write one line",
            );
            return None;
        }
        Some(text)
    }

    /// The entries of a comma list, trimmed; `None` when there is none.
    pub(super) fn list(&mut self, name: &str, text: Option<&str>) -> Option<Vec<String>> {
        let text = text?;
        let entries = list(text);
        if entries.iter().any(|entry| entry.chars().any(char::is_control)) {
            self.problem(
                name,
                "has an entry with a line break or another control character",
                "separate entries by commas",
            );
            return None;
        }
        if entries.is_empty() {
            self.problem(
                name,
                "has commas and no entry",
                "write entries, or leave it unset",
            );
            return None;
        }
        Some(entries)
    }
}

/// `true/false/yes/no/1/0/on/off`, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "on" => Some(true),
        "false" | "no" | "0" | "off" => Some(false),
        _ => None,
    }
}

/// The entries of a comma list, trimmed, the empty ones left out.
pub fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `8MiB`, `8M`, `8388608`: units are powers of 1024.
fn size(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "ki" | "kib" => 1 << 10,
        "m" | "mb" | "mi" | "mib" => 1 << 20,
        "g" | "gb" | "gi" | "gib" => 1 << 30,
        "t" | "tb" | "ti" | "tib" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn in_units(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// `90s`, `36h`, `7d`, `4w`, `1h30m`. A bare number has no unit, except zero.
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..unit].parse().ok()?;
        let factor = match rest.as_bytes()[unit] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[unit + 1..];
    }
    (!text.is_empty() && seconds <= LONGEST_DAYS * 86_400).then(|| Duration::from_secs(seconds))
}

/// `a, b or c`.
pub(super) fn alternatives(spellings: &[&str]) -> String {
    match spellings {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans() {
        for text in ["true", "TRUE", "yes", "1", "On"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["false", "No", "0", "off"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        for text in ["", "2", "y", "truee"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for text in ["8MiB", "8M", "8388608", "8 MiB", "8mb", "8192k", "8388608B"] {
            assert_eq!(size(text), Some(8 << 20), "{text}");
        }
        assert_eq!(size("5G"), Some(5 << 30));
        assert_eq!(size("1T"), Some(1 << 40));
        for text in ["", "M", "8X", "8.5M", "-8M", "8M M", "99999999999T"] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(in_units(5 << 30), "5GiB");
        assert_eq!(in_units(1000), "1000");
    }

    #[test]
    fn durations() {
        let seconds = |text| duration(text).map(|value| value.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("36h"), Some(36 * 3600));
        assert_eq!(seconds("7d"), Some(7 * 86400));
        assert_eq!(seconds("4w"), Some(28 * 86400));
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("0"), Some(0));
        for text in [
            "",
            "5",
            "h",
            "1.5h",
            "-1h",
            "1H",
            "1y",
            "1h30",
            "5 m",
            "1é",
            "99999999999999999999s",
            "36501d",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn lists() {
        assert_eq!(list(" a, b ,,c\n"), ["a", "b", "c"]);
    }
}
