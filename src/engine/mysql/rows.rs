//! Answers as rows of tabs and line ends, in which every text is in hexadecimal: a name may hold either.

use std::collections::VecDeque;

/// An answer that is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the client's answer about {about} is not understood")]
pub struct AnswerError {
    pub(super) about: &'static str,
}

/// One row: its kind, and the fields behind it, read from the left.
pub(super) struct Row<'a> {
    about: &'static str,
    /// The first field.
    pub kind: &'a str,
    fields: VecDeque<&'a str>,
}

/// The rows of an answer.
pub(super) fn rows<'a>(about: &'static str, stdout: &'a [u8]) -> Result<Vec<Row<'a>>, AnswerError> {
    let text = std::str::from_utf8(stdout).map_err(|_| AnswerError { about })?;
    let row = |line: &'a str| {
        let mut fields: VecDeque<_> = line.split('\t').collect();
        let kind = fields.pop_front().unwrap_or_default();
        Row { about, kind, fields }
    };
    Ok(text.lines().map(row).collect())
}

impl<'a> Row<'a> {
    pub fn wrong(&self) -> AnswerError {
        AnswerError { about: self.about }
    }

    /// The next field as it stands.
    pub fn plain(&mut self) -> Result<&'a str, AnswerError> {
        self.fields.pop_front().ok_or_else(|| self.wrong())
    }

    /// The next field, a text in hexadecimal; NULL is `None`.
    pub fn maybe_text(&mut self) -> Result<Option<String>, AnswerError> {
        let field = self.plain()?;
        if field == "NULL" {
            return Ok(None);
        }
        let bytes = unhex(field).ok_or_else(|| self.wrong())?;
        String::from_utf8(bytes).map(Some).map_err(|_| self.wrong())
    }

    /// The next field, a text that is not NULL.
    pub fn text(&mut self) -> Result<String, AnswerError> {
        self.maybe_text()?.ok_or_else(|| self.wrong())
    }

    /// The next field, a number; NULL is 0.
    pub fn number(&mut self) -> Result<u64, AnswerError> {
        match self.plain()? {
            "NULL" => Ok(0),
            field => field.parse().map_err(|_| self.wrong()),
        }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fields_from_the_left() {
        let mut rows = rows("x", b"table\t61C3BC09\t12\tNULL\tON\n\n").unwrap();
        let row = &mut rows[0];
        assert_eq!(row.kind, "table");
        assert_eq!(row.text().unwrap(), "a\u{fc}\t");
        assert_eq!(row.number().unwrap(), 12);
        assert_eq!(row.maybe_text().unwrap(), None);
        assert_eq!(row.plain().unwrap(), "ON");
        assert!(row.plain().is_err());
    }

    #[test]
    fn what_is_no_row_is_no_answer() {
        assert!(super::rows("x", b"\xff").is_err());
        for line in [&b"a\t6"[..], b"a\txy", b"a\tff", b"a"] {
            assert!(rows("x", line).unwrap()[0].text().is_err(), "{line:?}");
        }
    }
}
