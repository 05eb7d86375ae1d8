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

/// Statements as one text for the client to read, one a line.
pub fn script(statements: &[String]) -> String {
    statements.iter().fold(String::new(), |text, statement| {
        text + &statement.replace('\n', " ") + ";\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
