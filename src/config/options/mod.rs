//! `DUMP_OPTIONS` and `RESTORE_OPTIONS`: split as a shell splits words, and refused where they would move the
//! output, hide an error, or point the tool at something that lifeboat has not checked.
//!
//! The tools read their arguments with `getopt_long`: `-fX`, `-vf X`, `--file=X` and `--fil=X` all mean `-f X`.
//! In doubt an option is refused: a backup that quietly went elsewhere is worse than a word too strict.
//! The texts name options out of the tables below, never the operator's words: those may hold a secret.

mod mongodb;
mod mysql;
mod postgres;

/// The tool that gets the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `pg_dump`.
    PgDump,
    /// `pg_restore`.
    PgRestore,
    /// `psql`.
    Psql,
    /// `mysqldump`, `mariadb-dump`.
    MysqlDump,
    /// `mysql`, `mariadb`.
    MysqlClient,
    /// `mongodump`.
    Mongodump,
    /// `mongorestore`.
    Mongorestore,
}

/// Why options are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {hint}")]
pub struct Refusal {
    /// What is wrong.
    pub what: String,
    /// What mends it.
    pub hint: String,
}

/// An option that is refused: its letter, its long name, why, and what to do.
struct Refused(Option<char>, &'static str, &'static str, &'static str);

const OUT: &str = "leave it out";

/// Of every tool.
const EVERYWHERE: &[Refused] = &[
    Refused(
        Some('h'),
        "host",
        "it would reach another server than the one in the target",
        OUT,
    ),
    Refused(
        Some('p'),
        "port",
        "it would reach another server than the one in the target",
        OUT,
    ),
    Refused(
        Some('U'),
        "username",
        "lifeboat asks the server with the same account",
        "set DB_USER",
    ),
    Refused(
        Some('d'),
        "dbname",
        "lifeboat names the database itself",
        "set DATABASES",
    ),
    Refused(
        Some('W'),
        "password",
        "it asks a person, and nobody is there",
        "set DB_PASSWORD",
    ),
    Refused(
        Some('?'),
        "help",
        "the tool would print its help and end well",
        OUT,
    ),
    Refused(
        Some('V'),
        "version",
        "the tool would print its version and end well",
        OUT,
    ),
    Refused(
        None,
        "result-file",
        "the dump must come out on standard output",
        OUT,
    ),
    Refused(None, "tab", "the dump must come out on standard output", OUT),
    Refused(None, "force", "it hides errors", OUT),
    Refused(
        None,
        "compact",
        "it leaves out the mark that ends a whole dump",
        OUT,
    ),
];

impl Tool {
    fn refused(self) -> impl Iterator<Item = &'static Refused> {
        let own = match self {
            Self::PgDump => postgres::DUMP,
            Self::PgRestore => postgres::RESTORE,
            Self::Psql => postgres::PSQL,
            Self::MysqlDump | Self::MysqlClient => &[],
            Self::Mongodump => mongodb::DUMP,
            Self::Mongorestore => mongodb::RESTORE,
        };
        own.iter().chain(EVERYWHERE)
    }

    /// Whether it is known to take this letter, where all its letters are known.
    fn knows(self, letter: char) -> bool {
        match self {
            Self::Mongodump => "vqj".contains(letter),
            Self::Mongorestore => "vj".contains(letter),
            Self::PgDump | Self::PgRestore | Self::Psql | Self::MysqlDump | Self::MysqlClient => true,
        }
    }

    /// Letters that take a value, joined or as the next word.
    fn takes_value(self, letter: char) -> bool {
        match self {
            Self::PgDump => "EeNnSTt",
            Self::PgRestore => "ILnNPSTt",
            Self::Psql => "FPRTv",
            Self::MysqlDump | Self::MysqlClient => "",
            Self::Mongodump => "qj",
            Self::Mongorestore => "j",
        }
        .contains(letter)
    }
}

/// Splits `text` into words, as a shell does, without expansion.
pub fn split(text: &str) -> Result<Vec<String>, Refusal> {
    shell_words::split(text).map_err(|_| Refusal {
        what: "has a quote or a backslash without its end".to_owned(),
        hint: "close it".to_owned(),
    })
}

/// Checks what one of several tools will get: refused when all of them refuse, with the reason of the first.
pub fn check_for_any(tools: &[Tool], words: &[String]) -> Result<(), Refusal> {
    let mut refusals = tools.iter().map(|tool| check(*tool, words));
    let Some(first) = refusals.next() else {
        return Ok(());
    };
    first.or_else(|refusal| {
        if refusals.any(|other| other.is_ok()) {
            Ok(())
        } else {
            Err(refusal)
        }
    })
}

/// Checks each word.
pub fn check(tool: Tool, words: &[String]) -> Result<(), Refusal> {
    if matches!(tool, Tool::MysqlDump | Tool::MysqlClient) {
        return mysql::check(tool, words);
    }
    let mut names = Vec::new();
    // Whether a word that is no option is the value of the one before it.
    let mut value_expected = false;
    let mut words_left = words.iter();
    while let Some(word) = words_left.next() {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            check_long(tool, name)?;
            if tool == Tool::Psql && (is_short_for(name, "set") || is_short_for(name, "variable")) {
                let next = || words_left.as_slice().first().map(String::as_str);
                check_psql_variable(value.or_else(next))?;
            }
            names.push(name);
            value_expected = value.is_none();
        } else if word.len() > 1 && word.starts_with('-') {
            let next = words_left.as_slice().first().map(String::as_str);
            value_expected = check_letters(tool, &word[1..], next)?;
        } else if value_expected {
            value_expected = false;
        } else {
            return Err(Refusal {
                what: "has a word that belongs to no option".to_owned(),
                hint: "the tools take it for a database or a file: lifeboat names those itself".to_owned(),
            });
        }
    }
    check_clean(tool, words, &names)
}

/// A long name, whole or shortened as `getopt_long` allows.
fn check_long(tool: Tool, name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal {
            what: "-- is refused: what follows it is no option any more".to_owned(),
            hint: OUT.to_owned(),
        });
    }
    match tool.refused().find(|refused| is_short_for(name, refused.1)) {
        Some(refused) => Err(refused.refusal()),
        None => Ok(()),
    }
}

fn is_short_for(name: &str, whole: &str) -> bool {
    !name.is_empty() && whole.starts_with(name)
}

/// Letters after one dash. Returns whether the last one may take the next word as its value.
fn check_letters(tool: Tool, letters: &str, next: Option<&str>) -> Result<bool, Refusal> {
    for (index, letter) in letters.char_indices() {
        if let Some(refused) = tool.refused().find(|refused| refused.0 == Some(letter)) {
            return Err(refused.refusal());
        }
        if !tool.knows(letter) {
            return Err(Refusal {
                what: "has a letter that is no option of the tool".to_owned(),
                hint: OUT.to_owned(),
            });
        }
        if tool.takes_value(letter) {
            let joined = &letters[index + letter.len_utf8()..];
            let value = if joined.is_empty() { next } else { Some(joined) };
            if tool == Tool::Psql && letter == 'v' {
                check_psql_variable(value)?;
            }
            return Ok(joined.is_empty());
        }
    }
    Ok(false)
}

fn check_psql_variable(assignment: Option<&str>) -> Result<(), Refusal> {
    let name = assignment
        .unwrap_or_default()
        .split('=')
        .next()
        .unwrap_or_default();
    match postgres::PSQL_VARIABLES
        .iter()
        .find(|variable| name.trim() == **variable)
    {
        None => Ok(()),
        Some(variable) => Err(Refusal {
            what: format!("-v {variable} is refused: lifeboat decides what an error does"),
            hint: OUT.to_owned(),
        }),
    }
}

/// The restore goes into an empty database: `DROP` without `IF EXISTS` would fail there.
fn check_clean(tool: Tool, words: &[String], long: &[&str]) -> Result<(), Refusal> {
    let letter = |word: &String| {
        word.len() > 1
            && word.starts_with('-')
            && !word.starts_with("--")
            && word[1..]
                .chars()
                .take_while(|letter| !tool.takes_value(*letter))
                .any(|letter| letter == 'c')
    };
    let has = |whole| long.iter().any(|name| is_short_for(name, whole));
    if matches!(tool, Tool::PgDump | Tool::PgRestore)
        && (has("clean") || words.iter().any(letter))
        && !has("if-exists")
    {
        return Err(Refusal {
            what:
                "-c (--clean) without --if-exists is refused: a restore goes into an empty database, where \
                   there is nothing to drop"
                    .to_owned(),
            hint: "leave it out, or add --if-exists".to_owned(),
        });
    }
    Ok(())
}

impl Refused {
    fn refusal(&self) -> Refusal {
        let Self(letter, long, why, hint) = self;
        let option = match letter {
            Some(letter) => format!("-{letter} (--{long})"),
            None => format!("--{long}"),
        };
        Refusal {
            what: format!("{option} is refused: {why}"),
            hint: (*hint).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(tool: Tool, text: &str) -> Result<Vec<String>, Refusal> {
        let words = split(text)?;
        super::check(tool, &words)?;
        Ok(words)
    }

    #[test]
    fn harmless_options_pass() {
        for (tool, text) in [
            (Tool::PgDump, ""),
            (
                Tool::PgDump,
                "--no-owner -Ox --schema=public -t 'my table' -nfile -T foo*",
            ),
            (
                Tool::PgDump,
                "--exclude-table-data audit --verbose -vn x --lock-wait-timeout=1s",
            ),
            (Tool::PgDump, "--clean --if-exists --no-password -w"),
            (
                Tool::PgRestore,
                "--no-acl -1 --role app -L /list --use-list=/list --section=data",
            ),
            (
                Tool::PgRestore,
                "--single-transaction --transaction-size=100 --strict-names",
            ),
            (Tool::Psql, "-q -X -1 -v schema=app --set x=ON_ERROR_STOP -a"),
        ] {
            assert_eq!(check(tool, text), Ok(shell_words::split(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_refused_option_is_refused() {
        for text in [
            "-f x",
            "-fx",
            "-vf x",
            "-vfx",
            "--file x",
            "--file=x",
            "--fil=x",
            "-f",
            "--fi x",
            "-n x -f y",
            "--verbose -f x",
            "-F c",
            "-Fd",
            "--format=d",
            "-j4",
            "--jobs 4",
            "-d x",
            "--dbname=x",
            "-Z9",
            "--compress=9",
            "-C",
            "--create",
            "-OC",
            "-W",
            "--password",
            "-h x",
            "-p 1",
            "-U x",
            "--user=x",
            "-V",
            "--help",
            "-?",
            "--result-file=x",
            "--tab=/x",
            "--force",
            "--compact",
            "--",
            "-- x",
            "x",
            "-v x",
            "--schema=a b",
            "-c",
            "--clean",
            "-xc",
            "--cl",
            "-",
        ] {
            assert!(check(Tool::PgDump, text).is_err(), "{text}");
        }
        for text in [
            "-l", "--list", "-f x", "-j 2", "-C", "-c", "-Fc", "-d x", "-1f x", "--li", "-h x",
        ] {
            assert!(check(Tool::PgRestore, text).is_err(), "{text}");
        }
        for text in [
            "-c x",
            "-qc x",
            "--command=x",
            "-f x",
            "-o x",
            "-L x",
            "-l",
            "-s",
            "-S",
            "-v ON_ERROR_STOP=0",
            "-vON_ERROR_STOP=0",
            "-qv ON_ERROR_STOP",
            "--set ON_ERROR_STOP=0",
            "--set=ON_ERROR_STOP=0",
            "--variable=AUTOCOMMIT=off",
            "--var AUTOCOMMIT=off",
            "-v ON_ERROR_ROLLBACK=on",
        ] {
            assert!(check(Tool::Psql, text).is_err(), "{text}");
        }
    }

    #[test]
    fn refusals_say_why() {
        let of = |tool, text| check(tool, text).unwrap_err().to_string();
        assert_eq!(
            of(Tool::PgDump, "--dbname=postgres://u:hunter2@h/d"),
            "-d (--dbname) is refused: lifeboat names the database itself; set DATABASES"
        );
        assert_eq!(
            of(Tool::PgDump, "--force"),
            "--force is refused: it hides errors; leave it out"
        );
        assert_eq!(
            of(Tool::PgDump, "hunter2"),
            "has a word that belongs to no option; the tools take it for a database or a file: lifeboat names \
             those itself"
        );
        assert_eq!(
            of(Tool::PgDump, "-n 'x"),
            "has a quote or a backslash without its end; close it"
        );
        assert_eq!(
            of(Tool::PgDump, "--"),
            "-- is refused: what follows it is no option any more; leave it out"
        );
        assert_eq!(
            of(Tool::PgDump, "-c"),
            "-c (--clean) without --if-exists is refused: a restore goes into an empty database, where there is \
             nothing to drop; leave it out, or add --if-exists"
        );
        assert_eq!(
            of(Tool::Psql, "-vON_ERROR_STOP=0"),
            "-v ON_ERROR_STOP is refused: lifeboat decides what an error does; leave it out"
        );
    }
}
