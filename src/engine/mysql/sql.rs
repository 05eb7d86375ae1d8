//! Names and values as SQL text. Everything that ends up in a statement goes through here: names come from
//! catalogs and from the bucket, and may hold anything.

use std::fmt::Write;

/// `name` as an identifier, always quoted.
pub fn ident(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `value` as a string that means the same in every `sql_mode`: with or without backslashes, with `"` for names.
pub fn text(value: &str) -> String {
    format!("CONVERT(X'{}' USING utf8mb4)", hex(value))
}

/// `value` as a string literal, where the grammar takes no expression. Holds in a session without
/// `NO_BACKSLASH_ESCAPES`, which [`super::connect`] makes sure of.
pub fn literal(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('\'', "\\'")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\0', "\\0");
    format!("'{escaped}'")
}

/// The bytes of `value` in hexadecimal.
pub fn hex(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// A condition that the column `column` of the information schema is `name`, to the byte. Its collation is one
/// that takes `A` for `a`; the first half lets the server look at one database alone.
pub fn is(column: &str, name: &str) -> String {
    format!(
        "({column} = {} AND CAST({column} AS BINARY) = X'{}')",
        text(name),
        hex(name)
    )
}

/// Statements as one text for the client to read, each beginning a line. Line breaks in them stay: they are in names, and
/// with a blank there `a\nb` would be `a b`, another database.
pub fn script(statements: &[String]) -> String {
    statements
        .iter()
        .fold(String::new(), |text, statement| text + statement + ";\n")
}

/// Which quote is open behind `line`, where `open` was before it. In backticks nothing escapes.
pub fn open_quote(open: Option<char>, line: &str) -> Option<char> {
    let mut open = open;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (None, '`' | '\'' | '"') => open = Some(c),
            // One that is doubled closes and opens.
            (Some(quote), _) if c == quote => open = None,
            (Some('\'' | '"'), '\\') => drop(chars.next()),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_in_names_stay() {
        let statements = [format!("DROP DATABASE {}", ident("a\nb")), "SELECT 1".to_owned()];
        assert_eq!(script(&statements), "DROP DATABASE `a\nb`;\nSELECT 1;\n");
    }

    #[test]
    fn quotes_are_open_until_they_are_closed() {
        for (line, open) in [
            ("", None),
            ("GRANT ALL ON `a", Some('`')),
            ("`a``", Some('`')),
            ("`a``b`", None),
            ("`a\\`", None),
            ("'a\\'", Some('\'')),
            ("'it''s'", None),
            ("'`' \"'\" `", Some('`')),
        ] {
            assert_eq!(open_quote(None, line), open, "{line}");
        }
        assert_eq!(open_quote(Some('`'), "'` x"), None);
    }

    #[test]
    fn quotes_names_and_values() {
        assert_eq!(ident("a`b"), "`a``b`");
        assert_eq!(text("\u{fc}'"), "CONVERT(X'C3BC27' USING utf8mb4)");
        assert_eq!(literal("it's \\ \n"), "'it\\'s \\\\ \\n'");
        assert_eq!(
            is("schema_name", "a"),
            "(schema_name = CONVERT(X'61' USING utf8mb4) AND CAST(schema_name AS BINARY) = X'61')"
        );
    }
}
