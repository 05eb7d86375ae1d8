//! Names and values as SQL text. Everything that ends up in a statement goes through here: names come from
//! catalogs and from the bucket, and may hold anything.

use crate::shown::printable;
use std::fmt::Write;

/// `name` as an identifier, always quoted: no list of keywords to keep up with.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `name` as an identifier to be copied from a terminal: what would speak to it is escaped.
pub fn printable_ident(name: &str) -> String {
    if printable(name) == name {
        return ident(name);
    }
    let escaped = name.replace('\\', "\\\\").replace('"', "\"\"");
    let escaped = escaped.chars().fold(String::new(), |text, c| {
        let shown = printable(c.encode_utf8(&mut [0; 4])) != "?" || c == '?';
        if shown {
            text + c.encode_utf8(&mut [0; 4])
        } else {
            text + &format!("\\+{:06X}", u32::from(c))
        }
    });
    format!("U&\"{escaped}\"")
}

/// `value` as a string literal that means the same whatever `standard_conforming_strings` says.
pub fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// `value` as an argument of one of `psql`'s own commands, which end with their line.
pub fn argument(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{}'", escaped.replace('\n', "\\n").replace('\r', "\\r"))
}

/// A statement that may fail because the server does not know a name in it (a setting of an extension that is
/// not there, a parameter a newer version has dropped, a label's provider): then `what` is said as a warning
/// and the rest goes on. Every other failure stays one.
///
/// `what` is printed, the statement is not: settings hold secrets.
pub fn forgiving(statement: &str, what: &str) -> String {
    let body = format!(
        "BEGIN EXECUTE {statement}; \
         EXCEPTION WHEN undefined_object OR invalid_parameter_value OR feature_not_supported \
         THEN RAISE WARNING '%', {what} || ' did not come back: ' || SQLERRM; END",
        statement = literal(statement),
        what = literal(what),
    );
    format!("DO {}", literal(&body))
}

/// `name = value` of a setting as the words behind `SET`.
///
/// The values of some settings are lists whose elements the server has quoted by rules of its own: as one
/// literal they would be read back as one element. The list of these is in `PostgreSQL`'s
/// `variable_is_guc_list_quote` (`src/bin/pg_dump/dumputils.c`), which is fixed for extensions' settings too.
pub fn setting(name: &str, value: &str) -> String {
    let value = if LISTS.iter().any(|list| list.eq_ignore_ascii_case(name)) {
        let elements: Vec<_> = list(value).iter().map(|element| literal(element)).collect();
        if elements.is_empty() {
            literal("")
        } else {
            elements.join(", ")
        }
    } else {
        literal(value)
    };
    format!("{} TO {value}", ident(name))
}

/// Settings marked `GUC_LIST_QUOTE`.
const LISTS: [&str; 7] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
    "oauth_validator_libraries",
];

/// The elements of a list setting: separated by commas, each quoted by `"` when it has to be.
fn list(value: &str) -> Vec<String> {
    let mut elements = Vec::new();
    let mut element = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                element.push('"');
            }
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => {
                elements.push(std::mem::take(&mut element));
                was_quoted = false;
            }
            c if !quoted && c.is_ascii_whitespace() => {}
            c => element.push(c),
        }
    }
    if was_quoted || !element.is_empty() || !elements.is_empty() {
        elements.push(element);
    }
    elements
}

/// Keeps what follows in the transaction out of the server's log and statistics, where the account may: it holds
/// password hashes, and settings that are secrets.
pub const UNLOGGED: &str = "SELECT pg_catalog.set_config(name, value, true) FROM (VALUES \
    ('log_statement', 'none'), ('log_min_error_statement', 'panic'), ('log_min_duration_statement', '-1'), \
    ('log_min_duration_sample', '-1'), ('log_transaction_sample_rate', '0'), \
    ('pg_stat_statements.track_utility', 'off')) quiet (name, value) \
    WHERE pg_catalog.current_setting('is_superuser') = 'on'";

/// Statements as one text for `psql` to read: each ends, all or none happen.
pub fn transaction(statements: &[String]) -> String {
    let mut text = String::from("BEGIN;\n");
    for statement in statements {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{statement};");
    }
    text.push_str("COMMIT;\n");
    text
}

/// A query kept in a file, without the comments that are for the reader there.
pub fn query(file: &str) -> String {
    file.lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_names_and_values() {
        assert_eq!(ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(argument("a\\n'\nb\r"), r"'a\\n\'\nb\r'");
    }

    #[test]
    fn settings_that_are_lists_are_taken_apart() {
        assert_eq!(
            setting("search_path", "\"$user\", public, \"a, b\", \"q\"\"q\""),
            "\"search_path\" TO '$user', 'public', 'a, b', 'q\"q'"
        );
        assert_eq!(setting("Search_Path", "\"\""), "\"Search_Path\" TO ''");
        assert_eq!(setting("search_path", ""), "\"search_path\" TO ''");
        assert_eq!(setting("app.list", "\"a\", b"), "\"app.list\" TO '\"a\", b'");
    }

    #[test]
    fn a_forgiving_statement_is_one_statement_whatever_it_holds() {
        assert_eq!(
            forgiving("SET x TO 'a;b'", "x"),
            "DO 'BEGIN EXECUTE ''SET x TO ''''a;b''''''; EXCEPTION WHEN undefined_object OR \
             invalid_parameter_value OR feature_not_supported THEN RAISE WARNING ''%'', ''x'' || '' did not come \
             back: '' || SQLERRM; END'"
        );
    }

    #[test]
    fn a_query_loses_its_comments() {
        assert_eq!(query("-- why\nSELECT 1\n  -- and\n  , 2\n"), "SELECT 1\n  , 2");
    }
}
