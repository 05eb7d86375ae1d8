//! What the scripts are told: the first lines of their stdin.

use super::record::Nonce;
use crate::engine::Words;
use std::fmt::Write;

/// Words that cannot be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No environment and no argument can hold NUL.
    #[error("{0} holds a NUL byte")]
    Nul(String),
    /// Not a name a shell accepts.
    #[error("{0:?} is not a name of an environment variable")]
    Name(String),
}

/// The lines: nonce; number of variables, each a name and a value; number of words, each a value.
/// A value is its number of lines, then the lines. A name that ends in `*` unsets.
pub fn lines(nonce: &Nonce, words: &Words) -> Result<String, HeaderError> {
    let mut text = format!("{}\n{}\n", nonce.as_str(), words.env.len());
    for (name, secret) in &words.env {
        let mut chars = name.strip_suffix('*').unwrap_or(name).chars();
        let first = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !first || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(HeaderError::Name(name.clone()));
        }
        text.push_str(name);
        text.push('\n');
        value(&mut text, name, secret.expose())?;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", words.argv.len());
    for word in &words.argv {
        value(&mut text, "an argument", word)?;
    }
    Ok(text)
}

fn value(text: &mut String, name: &str, value: &str) -> Result<(), HeaderError> {
    if value.contains('\0') {
        return Err(HeaderError::Nul(name.to_owned()));
    }
    let _ = writeln!(text, "{}", value.split('\n').count());
    text.push_str(value);
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn counts_lines_of_every_value() {
        let nonce = Nonce::random().unwrap();
        let words = Words {
            argv: vec!["sh".into(), "a\nb".into(), String::new()],
            env: vec![("PGPASSWORD".into(), Secret::new("x\n"))],
        };
        let text = lines(&nonce, &words).unwrap();
        assert_eq!(
            text.split_once('\n').unwrap().1,
            "1\nPGPASSWORD\n2\nx\n\n3\n1\nsh\n2\na\nb\n1\n\n"
        );
    }

    #[test]
    fn refuses_what_a_shell_cannot_take() {
        let nonce = Nonce::random().unwrap();
        for (name, value) in [
            ("A B", "x"),
            ("", "x"),
            ("1A", "x"),
            ("A;rm", "x"),
            ("*", "x"),
            ("A*B", "x"),
            ("A", "x\0"),
        ] {
            let words = Words {
                argv: vec![],
                env: vec![(name.into(), Secret::new(value))],
            };
            assert!(lines(&nonce, &words).is_err(), "{name:?}");
        }
    }
}
