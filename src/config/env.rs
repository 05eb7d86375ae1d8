//! The environment as text: aliases joined, `_FILE`s read, empty taken as unset. What a value means is not known
//! here.

use super::problems::Report;
use super::show::{Show, quoted, quoted_url};
use super::variables::{self, VARIABLES, Variable};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Reads a whole file.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>;

/// Nothing that belongs into a variable is longer; a path to something else should not fill the memory.
const LONGEST_FILE_BYTES: usize = 64 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// This variable: the setting's own name or another one of it.
    Variable(String),
    /// A file that a `_FILE` variable names.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A value that was set.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) text: String,
    /// The variable as written.
    pub(super) name: String,
    pub(super) source: Source,
}

/// The values that were set, by the name of [`VARIABLES`].
#[derive(Default)]
pub(super) struct Given {
    found: BTreeMap<&'static str, Found>,
    unusable: BTreeSet<&'static str>,
}

impl Given {
    /// What `name` was set to.
    pub(super) fn get(&self, name: &str) -> Option<&Found> {
        self.found.get(name)
    }

    /// Whether `name` was set, also when a problem with it left no value.
    pub(super) fn was_set(&self, name: &str) -> bool {
        self.found.contains_key(name) || self.unusable.contains(name)
    }

    /// A part of the values, as a struct of `Option<String>`s that are named as the variables are.
    pub(super) fn part<T: DeserializeOwned + Default>(&self, report: &mut Report) -> T {
        let values = self
            .found
            .iter()
            .map(|(name, found)| ((*name).to_owned(), found.text.clone()));
        envy::from_iter(values).unwrap_or_else(|_| {
            report.problem("the environment", "cannot be read", "please report this");
            T::default()
        })
    }
}

/// Looks up every variable. Returns the values and the names that are no variable of lifeboat.
pub(super) fn look_up(
    env: impl IntoIterator<Item = (String, String)>,
    read_file: ReadFile<'_>,
    report: &mut Report,
) -> (Given, Vec<String>) {
    let (ours, strange): (BTreeMap<_, _>, BTreeMap<_, _>) = env
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .partition(|(name, _)| variables::with_name(name).is_some());
    let mut lookup = Lookup {
        env: &ours,
        read_file,
        report,
    };
    let mut given = Given::default();
    for variable in VARIABLES {
        if let Some(found) = lookup.variable(variable) {
            // What the caller puts in the place of bytes that are no text.
            if found.text.contains(char::REPLACEMENT_CHARACTER) {
                lookup
                    .report
                    .problem(&found.name, "is not UTF-8 text", "write it as UTF-8");
            }
            if found.name != variable.name {
                lookup.report.is_written_as(variable.name, &found.name);
            }
            given.found.insert(variable.name, found);
        } else if variable.is_secret() && ours.keys().any(|name| variable.has_name(name)) {
            given.unusable.insert(variable.name);
        }
    }
    (given, strange.into_keys().collect())
}

struct Lookup<'a> {
    env: &'a BTreeMap<String, String>,
    read_file: ReadFile<'a>,
    report: &'a mut Report,
}

impl Lookup<'_> {
    fn variable(&mut self, variable: &Variable) -> Option<Found> {
        let mut found: Vec<Found> = Vec::new();
        for name in std::iter::once(variable.name).chain(variable.aliases.iter().copied()) {
            found.extend(self.name(variable.show, name));
        }
        if let [first, others @ ..] = found.as_slice()
            && let Some(other) = others.iter().find(|other| other.text != first.text)
        {
            self.two_values(variable.show, first, other);
        }
        let mut first = found.into_iter().next();
        for name in variable.fallbacks {
            let Some(fallback) = self.name(variable.show, name) else {
                continue;
            };
            match &first {
                None => first = Some(fallback),
                // A name of our own that loses was meant; AWS's own names are often set for everybody.
                Some(winner) if !name.starts_with("AWS_") && winner.text != fallback.text => {
                    self.report
                        .warn(format!("{name} is not used: {} goes before it", winner.name));
                }
                Some(_) => {}
            }
        }
        first
    }

    fn two_values(&mut self, show: Show, first: &Found, other: &Found) {
        let what = match show {
            Show::Plain => format!(
                "is {}, but {} is {}",
                quoted(&first.text),
                other.name,
                quoted(&other.text)
            ),
            Show::Url => format!(
                "is {}, but {} is {}",
                quoted_url(&first.text),
                other.name,
                quoted_url(&other.text)
            ),
            Show::Secret | Show::Command => format!("has another value than {}", other.name),
        };
        self.report
            .problem(&first.name, what, "they mean the same: set one of them");
    }

    /// The value under one name, from the variable or its file.
    fn name(&mut self, show: Show, name: &str) -> Option<Found> {
        let direct = self.env.get(name).and_then(|value| trimmed(show, value));
        if show != Show::Secret {
            return direct.map(|text| Found {
                text,
                name: name.to_owned(),
                source: Source::Variable(name.to_owned()),
            });
        }
        let file_name = format!("{name}_FILE");
        let path = self.env.get(&file_name);
        match (direct, path) {
            (Some(_), Some(_)) => {
                let what = format!("is set, and {file_name} too");
                self.report.problem(name, what, "set one of them");
                None
            }
            (Some(text), None) => Some(Found {
                text,
                name: name.to_owned(),
                source: Source::Variable(name.to_owned()),
            }),
            (None, Some(path)) => {
                let text = self.file(&file_name, Path::new(path))?;
                Some(Found {
                    text,
                    name: file_name,
                    source: Source::File(PathBuf::from(path)),
                })
            }
            (None, None) => None,
        }
    }

    /// The path is not echoed: who mistakes `_FILE` for the value itself has put a secret there.
    fn file(&mut self, name: &str, path: &Path) -> Option<String> {
        const HINT: &str = "it takes the path of a file inside lifeboat's container, not the value itself: \
                            check the path, the mount and its permissions";
        let (what, hint) = match (self.read_file)(path) {
            Err(error) => (format!("its file cannot be read ({})", error.kind()), HINT),
            Ok(bytes) if bytes.len() > LONGEST_FILE_BYTES => (
                format!("its file has {} bytes, more than a secret needs", bytes.len()),
                HINT,
            ),
            Ok(bytes) => match String::from_utf8(bytes) {
                Err(_) => ("its file is not UTF-8 text".to_owned(), "store it as UTF-8"),
                Ok(text) => match without_newline(&text) {
                    "" => (
                        "its file is empty".to_owned(),
                        "write the value into it, or leave the variable unset",
                    ),
                    text => return Some(text.to_owned()),
                },
            },
        };
        self.report.problem(name, what, hint);
        None
    }
}

/// `None` when nothing is left. Secrets are taken as they are: a space may belong to one.
fn trimmed(show: Show, value: &str) -> Option<String> {
    let text = match show {
        Show::Command if value.trim().is_empty() => "",
        Show::Command | Show::Secret => value,
        Show::Plain | Show::Url => value.trim(),
    };
    (!text.is_empty()).then(|| text.to_owned())
}

/// Cuts exactly one newline: editors and `echo` add one, a second one was meant.
fn without_newline(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(text) => text.strip_suffix('\r').unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Error, ErrorKind};

    fn files(path: &Path) -> std::io::Result<Vec<u8>> {
        match path.to_str().unwrap() {
            "/key" => Ok(b"k\n".to_vec()),
            "/crlf" => Ok(b"k\r\n".to_vec()),
            "/two" => Ok(b"k\n\n".to_vec()),
            "/empty" => Ok(b"\n".to_vec()),
            "/big" => Ok(vec![b'x'; LONGEST_FILE_BYTES + 1]),
            "/binary" => Ok(vec![0xff]),
            _ => Err(Error::from(ErrorKind::NotFound)),
        }
    }

    fn look(env: &[(&str, &str)]) -> (Given, Result<Vec<String>, String>) {
        let mut report = Report::default();
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (given, _) = look_up(env, &files, &mut report);
        (given, report.finish().map_err(|problems| problems.to_string()))
    }

    fn value(env: &[(&str, &str)], name: &str) -> Option<(String, String)> {
        let (given, report) = look(env);
        assert_eq!(report, Ok(vec![]));
        given
            .get(name)
            .map(|found| (found.text.clone(), found.source.to_string()))
    }

    fn problem(env: &[(&str, &str)]) -> String {
        look(env).1.unwrap_err()
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with options")]
    fn pair(text: &str, source: &str) -> Option<(String, String)> {
        Some((text.to_owned(), source.to_owned()))
    }

    #[test]
    fn empty_means_unset() {
        assert_eq!(value(&[("S3_BUCKET", "")], "S3_BUCKET"), None);
        assert_eq!(value(&[("S3_BUCKET", "  ")], "S3_BUCKET"), None);
        assert_eq!(
            value(&[("S3_BUCKET", ""), ("AWS_S3_BUCKET_NAME", "b")], "S3_BUCKET"),
            pair("b", "AWS_S3_BUCKET_NAME")
        );
        assert_eq!(
            value(
                &[("DB_PASSWORD", ""), ("DB_PASSWORD_FILE", "/key")],
                "DB_PASSWORD"
            ),
            pair("k", "/key")
        );
    }

    #[test]
    fn one_newline_is_cut_from_a_file() {
        let of = |path| value(&[("DB_PASSWORD_FILE", path)], "DB_PASSWORD");
        assert_eq!(of("/key"), pair("k", "/key"));
        assert_eq!(of("/crlf"), pair("k", "/crlf"));
        assert_eq!(of("/two"), pair("k\n", "/two"));
    }

    #[test]
    fn files_that_do_not_serve_are_problems() {
        let of = |path| problem(&[("DB_PASSWORD_FILE", path)]);
        assert_eq!(
            of("hunter2"),
            "DB_PASSWORD_FILE: its file cannot be read (entity not found); it takes the path of a file inside \
             lifeboat's container, not the value itself: check the path, the mount and its permissions"
        );
        assert_eq!(
            of("/empty"),
            "DB_PASSWORD_FILE: its file is empty; write the value into it, or leave the variable unset"
        );
        assert!(
            of("/big")
                .starts_with("DB_PASSWORD_FILE: its file has 65537 bytes, more than a secret needs; it")
        );
        assert_eq!(
            of("/binary"),
            "DB_PASSWORD_FILE: its file is not UTF-8 text; store it as UTF-8"
        );
        assert_eq!(
            problem(&[("DB_PASSWORD_FILE", "/key"), ("DB_PASSWORD", "k")]),
            "DB_PASSWORD: is set, and DB_PASSWORD_FILE too; set one of them"
        );
    }

    #[test]
    fn aliases_must_agree() {
        let same = [("S3_BUCKET", "b"), ("AWS_S3_BUCKET_NAME", "b")];
        assert_eq!(value(&same, "S3_BUCKET"), pair("b", "S3_BUCKET"));
        assert_eq!(
            problem(&[("S3_BUCKET", "b"), ("AWS_S3_BUCKET_NAME", "c")]),
            "S3_BUCKET: is \"b\", but AWS_S3_BUCKET_NAME is \"c\"; they mean the same: set one of them"
        );
        assert_eq!(
            problem(&[("S3_ENDPOINT", "https://u:p@a"), ("AWS_ENDPOINT", "b")]),
            "S3_ENDPOINT: is \"https://****@a\", but AWS_ENDPOINT is \"b\"; they mean the same: set one of them"
        );
        assert_eq!(
            problem(&[("AWS_ACCESS_KEY_ID_FILE", "/key"), ("S3_ACCESS_KEY_ID", "l")]),
            "AWS_ACCESS_KEY_ID_FILE: has another value than S3_ACCESS_KEY_ID; they mean the same: set one of them"
        );
    }

    #[test]
    fn what_is_no_text_is_a_problem() {
        assert_eq!(
            problem(&[("DB_PASSWORD", "a\u{fffd}b")]),
            "DB_PASSWORD: is not UTF-8 text; write it as UTF-8"
        );
    }

    #[test]
    fn aws_names_keep_their_precedence() {
        let endpoints = [
            ("AWS_ENDPOINT_URL", "c"),
            ("AWS_ENDPOINT_URL_S3", "b"),
            ("S3_ENDPOINT", "a"),
        ];
        assert_eq!(value(&endpoints, "S3_ENDPOINT"), pair("a", "S3_ENDPOINT"));
        assert_eq!(
            value(&endpoints[..2], "S3_ENDPOINT"),
            pair("b", "AWS_ENDPOINT_URL_S3")
        );
        assert_eq!(
            value(&endpoints[..1], "S3_ENDPOINT"),
            pair("c", "AWS_ENDPOINT_URL")
        );
        let regions = [("AWS_DEFAULT_REGION", "b"), ("AWS_REGION", "a")];
        assert_eq!(value(&regions, "AWS_REGION"), pair("a", "AWS_REGION"));
        assert_eq!(value(&[("S3_REGION", "c")], "AWS_REGION"), pair("c", "S3_REGION"));
    }

    #[test]
    fn a_region_of_ours_that_loses_is_said() {
        let (given, report) = look(&[("S3_REGION", "b"), ("AWS_REGION", "a")]);
        assert_eq!(given.get("AWS_REGION").unwrap().text, "a");
        assert_eq!(
            report.unwrap(),
            ["S3_REGION is not used: AWS_REGION goes before it"]
        );
    }
}
