//! Texts of others, as a person may be shown them: names come from servers, from labels and from the bucket, remarks from
//! tools. None of them may speak to the terminal, look like a line of ours, or turn the line around.

/// `text` without what moves a cursor: each such character is a `?`.
pub fn printable(text: &str) -> String {
    text.replace(is_unprintable, "?")
}

/// `text` as one line: its lines joined by `|`, without what moves a cursor.
pub fn one_line(text: &str) -> String {
    let lines = text.trim().lines().map(str::trim_end);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    printable(&lines.join(" | "))
}

/// Control characters, Unicode's own line breaks, and those that show what follows in another order.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\u{1b}[2J\r\n\t\u{9b}b"), "a?[2J????b");
        assert_eq!(printable("gr\u{202e}öße\u{2066}\u{2028}"), "gr?öße??");
        assert_eq!(one_line("\n one\n\n  two \r\n\u{7}\n"), "one |   two | ?");
        assert_eq!(one_line(" "), "");
    }
}
