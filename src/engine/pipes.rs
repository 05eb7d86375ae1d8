//! Whether a command of the operator's own has a pipe: only then does it matter whether its shell knows `pipefail`.
//!
//! Shells differ in how they read some quotes. Where they do, any `|` counts: to ask for a better shell without need
//! costs a setting, to miss a pipe costs a backup.

/// Whether `command` has a pipe, or may have one.
pub(super) fn has_pipe(command: &str) -> bool {
    let mut reader = Reader {
        text: command.chars().collect(),
        at: 0,
    };
    match reader.code(None) {
        _ if has_word(command, &["case", "eval"]) => anywhere(command),
        Ok(()) => false,
        Err(Stop::Pipe) => true,
        Err(Stop::Unsure) => anywhere(command),
    }
}

/// Whether a `|` that is none of `||` stands anywhere.
fn anywhere(command: &str) -> bool {
    command.replace("||", "").contains('|')
}

/// Whether one of these words is there: the patterns of `case` have brackets without partners, and what `eval` is given
/// is a command.
fn has_word(command: &str, words: &[&str]) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    command.split(|c| !of_word(c)).any(|word| words.contains(&word))
}

/// Why reading ended before the end.
enum Stop {
    /// A pipe.
    Pipe,
    /// What shells read in different ways, or what has no end.
    Unsure,
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        let c = self.text.get(self.at).copied();
        self.at += 1;
        c
    }

    /// Goes on past the next character, if it is this one.
    fn skip(&mut self, wanted: char) -> bool {
        let is = self.text.get(self.at) == Some(&wanted);
        self.at += usize::from(is);
        is
    }

    /// Commands, up to `end`.
    fn code(&mut self, end: Option<char>) -> Result<(), Stop> {
        let mut word_begins = true;
        while let Some(c) = self.next() {
            if Some(c) == end {
                return Ok(());
            }
            match c {
                '\\' => {
                    self.next();
                }
                '\'' => self.single()?,
                '"' => self.double()?,
                '`' => self.backticks()?,
                '$' => self.dollar(false)?,
                '(' => self.code(Some(')'))?,
                '#' if word_begins => while self.next().is_some_and(|c| c != '\n') {},
                '>' => {
                    self.skip('|');
                }
                // A here-document is text in which quotes mean nothing; a here-string is none.
                '<' if self.skip('<') && !self.skip('<') => return Err(Stop::Unsure),
                '|' if !self.skip('|') => return Err(Stop::Pipe),
                _ => {}
            }
            word_begins = c.is_whitespace() || "();&|<>#".contains(c);
        }
        end.map_or(Ok(()), |_| Err(Stop::Unsure))
    }

    /// To the end of `'…'`.
    fn single(&mut self) -> Result<(), Stop> {
        while let Some(c) = self.next() {
            if c == '\'' {
                return Ok(());
            }
        }
        Err(Stop::Unsure)
    }

    /// To the end of `"…"`.
    fn double(&mut self) -> Result<(), Stop> {
        while let Some(c) = self.next() {
            match c {
                '"' => return Ok(()),
                '\\' => {
                    self.next();
                }
                '`' => self.backticks()?,
                '$' => self.dollar(true)?,
                _ => {}
            }
        }
        Err(Stop::Unsure)
    }

    /// To the end of a substitution in backticks, whose quotes have rules of their own.
    fn backticks(&mut self) -> Result<(), Stop> {
        while let Some(c) = self.next() {
            match c {
                '`' => return Ok(()),
                '|' => return Err(Stop::Pipe),
                '\\' | '\'' | '"' | '#' => return Err(Stop::Unsure),
                _ => {}
            }
        }
        Err(Stop::Unsure)
    }

    /// What stands behind a `$`.
    fn dollar(&mut self, quoted: bool) -> Result<(), Stop> {
        if self.skip('(') {
            self.code(Some(')'))
        } else if self.skip('{') {
            self.parameter(quoted)
        } else if !quoted && self.skip('\'') {
            // With a backslash in it, it ends in one shell where it goes on in another.
            let begin = self.at;
            self.single()?;
            let plain = !self.text[begin..self.at].contains(&'\\');
            if plain { Ok(()) } else { Err(Stop::Unsure) }
        } else {
            Ok(())
        }
    }

    /// To the end of `${…}`.
    fn parameter(&mut self, quoted: bool) -> Result<(), Stop> {
        while let Some(c) = self.next() {
            match c {
                '}' => return Ok(()),
                '\\' => {
                    self.next();
                }
                '\'' | '"' | '`' if quoted => return Err(Stop::Unsure),
                '\'' => self.single()?,
                '"' => self.double()?,
                '`' => self.backticks()?,
                '$' => self.dollar(quoted)?,
                _ => {}
            }
        }
        Err(Stop::Unsure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes() {
        for command in [
            "a | b",
            "a|b",
            "a |& b",
            "(a; b) | c",
            "a || b | c",
            "a \\|| b",
            "x=$(a | b)",
            "echo \"$(a | b)\"",
            "echo \"`a | b`\"",
            "echo \"x $(echo ')' ; a | b)\"",
            "# don't\na | b",
            "a # don't\nb | c",
            "a;# it's\nb | c",
            "echo x#'y' | b",
            "echo $#'' | b",
            "echo \"${x:-it's}\" | b",
            "echo \"${x#'}'}\" | b",
            "echo $'it\\'s' | b",
            "cat <<E\nit's\nE\na | b",
            "cat <<-'E' | b\nx\nE",
            "echo '\\' | b",
            "echo \"\\\"\" | b",
            "echo \"$(case x in x) a | b;; esac)\"",
            "eval 'a | b'",
            "case $x in a|b) c;; esac",
            "echo 'never closed | b",
            "a \\\n| b",
            "a <<< \"it's\" | b",
            "cat <(a | b)",
        ] {
            assert!(has_pipe(command), "{command}");
        }
    }

    #[test]
    fn no_pipes() {
        for command in [
            "",
            "pg_dump app",
            "a || b",
            "a||b",
            "grep 'a|b' c",
            "grep \"a|b\" c",
            "grep a\\|b c",
            "a # b | c",
            "# b | c\na",
            "a >| b",
            "echo ${x//|/,}",
            "echo \"${x:-a|b}\"",
            "echo $'a|b'",
            "tar -c --ignore-case 'a|b'",
            "cat <<E\nit's\nE",
            "a && b; c & d",
            "echo \"$(a 'b|c')\"",
        ] {
            assert!(!has_pipe(command), "{command}");
        }
    }
}
