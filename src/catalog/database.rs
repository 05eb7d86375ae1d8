//! What was backed up, and how its name and the target's are written in a key.
//!
//! Special backups (`_globals`, `_all`, `_replaced.NAME`) begin with an underscore, and a real database never
//! does: its leading `_` or `.` is percent-encoded. So no name on a server can pass for one of them.

use std::fmt::{self, Write as _};

const GLOBALS: &str = "_globals";
const ALL: &str = "_all";
const REPLACED: &str = "_replaced.";

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Database {
    /// A database, by its name on the server.
    Named(String),
    /// Roles, users, grants: what belongs to the server as a whole.
    Globals,
    /// A whole server in one archive.
    All,
    /// What a restore replaced, kept for the case that the restore was a mistake.
    Replaced(String),
}

impl Database {
    /// Reads what [`Database`]'s `Display` writes, and with it what people pass as `--database`.
    pub fn from_shown(text: &str) -> Self {
        match text {
            GLOBALS => return Self::Globals,
            ALL => return Self::All,
            _ => {}
        }
        if let Some(name) = text.strip_prefix(REPLACED).filter(|name| !name.is_empty()) {
            return Self::Replaced(name.to_owned());
        }
        match Self::from_segment(text) {
            Some(escaped @ Self::Named(_)) if text.starts_with('%') => escaped,
            _ => Self::Named(text.to_owned()),
        }
    }

    /// The part of a key that says which database.
    pub(super) fn segment(&self) -> String {
        match self {
            Self::Named(name) => encode_name(name),
            Self::Globals => GLOBALS.to_owned(),
            Self::All => ALL.to_owned(),
            Self::Replaced(name) => format!("{REPLACED}{}", encode_name(name)),
        }
    }

    pub(super) fn from_segment(segment: &str) -> Option<Self> {
        let database = match segment {
            GLOBALS => Self::Globals,
            ALL => Self::All,
            _ => match segment.strip_prefix(REPLACED) {
                Some(name) => Self::Replaced(decode(name)?),
                None => Self::Named(decode(segment)?),
            },
        };
        // Canonical or nothing: this is also what refuses `%5f`, `%41` and a bare leading `_`.
        (database.segment() == segment && !database.is_nameless()).then_some(database)
    }

    pub(super) fn is_nameless(&self) -> bool {
        matches!(self, Self::Named(name) | Self::Replaced(name) if name.is_empty())
    }
}

/// As shown to people: the plain name; a real database that is called like one of the special ones is shown with
/// its first character encoded, as in its key.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) if Self::from_shown(name) == *self => f.write_str(name),
            Self::Named(name) => f.write_str(&encode_name(name)),
            Self::Globals => f.write_str(GLOBALS),
            Self::All => f.write_str(ALL),
            Self::Replaced(name) => write!(f, "{REPLACED}{name}"),
        }
    }
}

/// A real database's name: its leading `_` or `.` is encoded too, so that it is none of the special ones and no
/// `.` or `..`, which some stores and most clients resolve.
fn encode_name(name: &str) -> String {
    let encoded = encode(name);
    match encoded.strip_prefix(['_', '.']) {
        Some(rest) => format!(
            "%{:02X}{rest}",
            encoded.as_bytes().first().copied().unwrap_or_default()
        ),
        None => encoded,
    }
}

/// A target's name. Only `.` and `..` as a whole are dangerous here.
pub(super) fn encode_target(target: &str) -> String {
    match target {
        "." | ".." => target.replace('.', "%2E"),
        _ => encode(target),
    }
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn segments_and_what_people_see() {
        for (database, segment, shown) in [
            (Database::Named("app".to_owned()), "app", "app"),
            (Database::Named("My DB".to_owned()), "My%20DB", "My DB"),
            (Database::Named("größe".to_owned()), "gr%C3%B6%C3%9Fe", "größe"),
            (Database::Named("a/../b".to_owned()), "a%2F..%2Fb", "a/../b"),
            (Database::Named("..".to_owned()), "%2E.", ".."),
            (Database::Named("_x_".to_owned()), "%5Fx_", "_x_"),
            (Database::Named("%41".to_owned()), "%2541", "%41"),
            (Database::Named("50%".to_owned()), "50%25", "50%"),
            (Database::Named("_globals".to_owned()), "%5Fglobals", "%5Fglobals"),
            (Database::Named("_all".to_owned()), "%5Fall", "%5Fall"),
            (
                Database::Named("_replaced.a".to_owned()),
                "%5Freplaced.a",
                "%5Freplaced.a",
            ),
            (Database::Named("%5Fall".to_owned()), "%255Fall", "%255Fall"),
            (
                Database::Named("_replaced.".to_owned()),
                "%5Freplaced.",
                "_replaced.",
            ),
            (Database::Globals, "_globals", "_globals"),
            (Database::All, "_all", "_all"),
            (
                Database::Replaced("app".to_owned()),
                "_replaced.app",
                "_replaced.app",
            ),
            (
                Database::Replaced("_a b".to_owned()),
                "_replaced.%5Fa%20b",
                "_replaced._a b",
            ),
        ] {
            assert_eq!(database.segment(), segment);
            assert_eq!(
                Database::from_segment(segment).as_ref(),
                Some(&database),
                "{segment}"
            );
            assert_eq!(database.to_string(), shown);
            assert_eq!(Database::from_shown(shown), database, "{shown}");
        }
    }

    #[test]
    fn only_the_canonical_form_is_a_segment() {
        for foreign in [
            "",
            "_",
            "_x",
            ".",
            "..",
            ".x",
            "%5f",
            "%5Fx%",
            "%4",
            "%",
            "%41",
            "a b",
            "a%2fb",
            "%FF",
            "%C3",
            "größe",
            "_replaced.",
            "_replaced",
            "_replaced._x",
            "_Globals",
            "_globals2",
            "a%+1",
            "%00%",
        ] {
            assert_eq!(Database::from_segment(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_target_that_is_only_dots_is_encoded() {
        assert_eq!(encode_target(".."), "%2E%2E");
        assert_eq!(encode_target(".a"), ".a");
        assert_eq!(encode_target("db/main"), "db%2Fmain");
        assert_eq!(decode("%2E%2E").unwrap(), "..");
    }
}
