//! The little SQL that `pg_dumpall --globals-only` prints, cut into statements.
//!
//! Names, comments and settings hold any text, `;` and whole statements among it. Only what is known to occur is
//! accepted: what is not would be a guess about where a statement ends.

use std::ops::Range;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A keyword, or a name without quotes.
    Word(String),
    /// A name in quotes, these removed.
    Name(String),
    /// A string, its quotes and escapes removed.
    Text(String),
    /// Digits, with or without a point.
    Number(String),
    /// One of `, ( ) = + - .`
    Sign(char),
}

/// One statement, without its semicolon.
#[derive(Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// As printed.
    pub text: &'a str,
    /// Its tokens, each with its place in `text`.
    pub tokens: Vec<(Token, Range<usize>)>,
}

/// What cannot be cut safely.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LexError {
    /// A quote that is never closed: the text was cut.
    #[error("line {0}: a quote is not closed")]
    Open(usize),
    /// A character with a meaning that is not expected here.
    #[error("line {0}: unexpected {1:?}")]
    Unexpected(usize, char),
    /// A statement without its semicolon: the text was cut.
    #[error("the last statement is not complete")]
    Incomplete,
}

/// Cuts `sql` into its statements.
pub fn statements(sql: &str) -> Result<Vec<Raw<'_>>, LexError> {
    let mut lexer = Lexer { sql, at: 0 };
    let mut statements = Vec::new();
    let mut tokens: Vec<(Token, Range<usize>)> = Vec::new();
    while let Some(start) = lexer.skip_blank(tokens.is_empty()) {
        if lexer.peek() == Some(';') {
            lexer.at += 1;
            if let (Some(first), Some(last)) = (tokens.first(), tokens.last()) {
                let (from, to) = (first.1.start, last.1.end);
                let text = &sql[from..to];
                let tokens = std::mem::take(&mut tokens);
                let tokens = tokens
                    .into_iter()
                    .map(|(token, at)| (token, at.start - from..at.end - from));
                statements.push(Raw {
                    text,
                    tokens: tokens.collect(),
                });
            }
            continue;
        }
        let token = lexer.token()?;
        tokens.push((token, start..lexer.at));
    }
    if tokens.is_empty() {
        Ok(statements)
    } else {
        Err(LexError::Incomplete)
    }
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.sql[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn line(&self, at: usize) -> usize {
        self.sql[..at].matches('\n').count() + 1
    }

    /// Goes to the next token, past white space, comments and, between statements, lines of `\restrict` and
    /// `\unrestrict`. `None`: the end.
    fn skip_blank(&mut self, between: bool) -> Option<usize> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            let at_line_start = self.at == 0 || self.sql.as_bytes()[self.at - 1] == b'\n';
            let command = at_line_start && between && {
                let word = rest.split([' ', '\n']).next().unwrap_or_default();
                word == "\\restrict" || word == "\\unrestrict"
            };
            if rest.starts_with("--") || command {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if first.is_ascii_whitespace() {
                self.at += 1;
            } else {
                return Some(self.at);
            }
        }
    }

    fn token(&mut self) -> Result<Token, LexError> {
        let start = self.at;
        let first = self.peek().unwrap_or('\0');
        match first {
            '\'' => self.quoted('\'', false).map(Token::Text),
            '"' => self.quoted('"', false).map(Token::Name),
            'E' if self.rest()[1..].starts_with('\'') => {
                self.at += 1;
                self.quoted('\'', true).map(Token::Text)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
                // U&'…' and its like have rules of their own.
                match self.peek() {
                    Some(c @ ('\'' | '&' | '"')) => Err(LexError::Unexpected(self.line(start), c)),
                    _ => Ok(Token::Word(word)),
                }
            }
            c if c.is_ascii_digit() => Ok(Token::Number(self.take_while(|c| c.is_ascii_digit() || c == '.'))),
            ',' | '(' | ')' | '=' | '+' | '-' | '.' => {
                self.at += 1;
                Ok(Token::Sign(first))
            }
            c => Err(LexError::Unexpected(self.line(start), c)),
        }
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let text = rest[..end].to_owned();
        self.at += end;
        text
    }

    /// What stands between `quote`s, of which two mean one.
    fn quoted(&mut self, quote: char, escapes: bool) -> Result<String, LexError> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                if chars.next_if(|(_, next)| *next == quote).is_none() {
                    self.at = start + at + 1;
                    return Ok(text);
                }
                text.push(quote);
            } else if c == '\\' && escapes {
                // The tools escape the backslash alone.
                match chars.next() {
                    Some((_, '\\')) => text.push('\\'),
                    Some((_, other)) => return Err(LexError::Unexpected(self.line(start + at), other)),
                    None => break,
                }
            } else {
                text.push(c);
            }
        }
        Err(LexError::Open(self.line(start)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        statements(sql).unwrap().iter().map(|raw| raw.text).collect()
    }

    #[test]
    fn text_that_looks_like_statements_stays_text() {
        let sql = "-- it's; a comment\n\\restrict k'ey;\nCOMMENT ON ROLE \"a;\"\"--b\" IS 'x;\n\\! rm\n-- CREATE ROLE evil;\n''';\n\
                   COMMENT ON ROLE b IS E'\\\\'';\nCREATE ROLE evil;';\nCREATE ROLE c;\n\\unrestrict key\n";
        assert_eq!(
            texts(sql),
            [
                "COMMENT ON ROLE \"a;\"\"--b\" IS 'x;\n\\! rm\n-- CREATE ROLE evil;\n'''",
                "COMMENT ON ROLE b IS E'\\\\'';\nCREATE ROLE evil;'",
                "CREATE ROLE c"
            ]
        );
        let raw = &statements(sql).unwrap()[1];
        assert_eq!(raw.tokens[5].0, Token::Text("\\';\nCREATE ROLE evil;".into()));
        assert_eq!(&raw.text[raw.tokens[3].1.clone()], "b");
    }

    #[test]
    fn a_backslash_in_an_ordinary_string_escapes_nothing() {
        assert_eq!(texts("A 'x\\'; B 'y';"), ["A 'x\\'", "B 'y'"]);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (sql, error) in [
            ("A;\nB 'x", LexError::Open(2)),
            ("A \"x;", LexError::Open(1)),
            ("A; B", LexError::Incomplete),
            ("A $$;$$;", LexError::Unexpected(1, '$')),
            ("A;\n\\! rm\n", LexError::Unexpected(2, '\\')),
            ("A; \\restrict k\n", LexError::Unexpected(1, '\\')),
            ("A\n\\restrict k\n;", LexError::Unexpected(2, '\\')),
            ("\\restricted k\n", LexError::Unexpected(1, '\\')),
            ("A /* ; */;", LexError::Unexpected(1, '/')),
            ("A :x;", LexError::Unexpected(1, ':')),
            ("A E'\\'';", LexError::Unexpected(1, '\'')),
            ("A U&'x';", LexError::Unexpected(1, '&')),
            ("A B'1';", LexError::Unexpected(1, '\'')),
            ("A e'\\';", LexError::Unexpected(1, '\'')),
            ("A ä;", LexError::Unexpected(1, 'ä')),
        ] {
            assert_eq!(statements(sql).unwrap_err(), error, "{sql}");
        }
    }
}
