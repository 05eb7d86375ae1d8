//! What an account may do, as `SHOW GRANTS` says it. The tools leave out what they may not see, and some of it
//! without a word: a trigger without `TRIGGER`, a table or a routine without any privilege on it.

use std::collections::BTreeSet;

/// Privileges on everything, and on databases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    everywhere: BTreeSet<String>,
    databases: Vec<(String, BTreeSet<String>)>,
    revoked: Vec<(String, BTreeSet<String>)>,
    /// Whether it has roles, whose privileges are not told with its own.
    roles: bool,
}

/// Any of these lets routines be seen. Whether their bodies may be read as well, the tool says itself.
const ROUTINES: [&str; 3] = ["EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE"];

impl Grants {
    /// Takes a line of `SHOW GRANTS`. What it does not understand gives nothing.
    pub(super) fn add(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or_default();
        let Some((privileges, rest)) = rest.split_once(" ON ") else {
            self.roles |= verb == "GRANT";
            return;
        };
        let privileges = privileges.split(',').map(|one| one.trim().to_owned()).collect();
        if rest.starts_with("*.* ") && verb == "GRANT" {
            self.everywhere.extend(privileges);
        } else if let Some(database) = database(rest) {
            match verb {
                "GRANT" => self.databases.push((database, privileges)),
                "REVOKE" => self.revoked.push((database, privileges)),
                _ => {}
            }
        }
    }

    fn has_everywhere(&self, privilege: &str) -> bool {
        holds(&self.everywhere, privilege)
    }

    /// Whether it has one of these everywhere, or may have it by a role.
    pub fn may(&self, privileges: &[&str]) -> bool {
        self.roles || privileges.iter().any(|privilege| self.has_everywhere(privilege))
    }

    /// Whether it may do this in the database.
    pub fn has(&self, database: &str, privilege: &str) -> bool {
        let revoked = self
            .revoked
            .iter()
            .any(|(name, privileges)| name == database && holds(privileges, privilege));
        self.has_everywhere(privilege) && !revoked
            || self
                .databases
                .iter()
                .any(|(pattern, privileges)| like(pattern, database) && holds(privileges, privilege))
    }

    /// What it lacks to see all of a database, where `options` do not leave that out.
    pub fn lacks(&self, database: &str, options: &[String]) -> Vec<&'static str> {
        let left_out = |what: &str| {
            options
                .iter()
                .any(|option| option.strip_prefix("--skip-") == Some(what))
        };
        let mut lacks: Vec<_> = [
            ("SELECT", ""),
            ("SHOW VIEW", ""),
            ("TRIGGER", "triggers"),
            ("EVENT", "events"),
        ]
        .into_iter()
        .filter(|(privilege, what)| !self.has(database, privilege) && !left_out(what))
        .map(|(privilege, _)| privilege)
        .collect();
        let everywhere = ["SELECT", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"];
        let sees = everywhere.iter().any(|privilege| self.has_everywhere(privilege))
            || ROUTINES
                .iter()
                .chain(&["SHOW CREATE ROUTINE"])
                .any(|privilege| self.has(database, privilege));
        if !sees && !left_out("routines") {
            lacks.push("EXECUTE");
        }
        lacks
    }
}

fn holds(privileges: &BTreeSet<String>, privilege: &str) -> bool {
    privileges.contains(privilege) || privileges.contains("ALL PRIVILEGES") || privileges.contains("ALL")
}

/// The name of a whole database, `` `x`.* ``.
fn database(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut chars = text.strip_prefix('`')?.chars();
    loop {
        match chars.next()? {
            '`' => match chars.next()? {
                '`' => name.push('`'),
                '.' => return chars.as_str().starts_with("* ").then_some(name),
                _ => return None,
            },
            c => name.push(c),
        }
    }
}

/// As in a grant: `%` is any text, `_` one character, `\` before either takes that away.
fn like(pattern: &str, name: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => name.is_empty(),
        Some('%') => {
            let mut rest = name.chars();
            loop {
                if like(chars.as_str(), rest.as_str()) {
                    return true;
                }
                if rest.next().is_none() {
                    return false;
                }
            }
        }
        Some(c) => {
            let mut left = name.chars();
            let Some(first) = left.next() else {
                return false;
            };
            let c = match (c, chars.clone().next()) {
                ('_', _) => first,
                ('\\', Some(escaped @ ('_' | '%' | '\\'))) => {
                    chars.next();
                    escaped
                }
                (c, _) => c,
            };
            c == first && like(chars.as_str(), left.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        let mut grants = Grants::default();
        for line in lines {
            grants.add(line);
        }
        grants
    }

    #[test]
    fn root_lacks_nothing() {
        let root = grants(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"]);
        assert!(root.lacks("x", &[]).is_empty());
        let eight = grants(&["GRANT SELECT, INSERT, SHOW VIEW, EVENT, TRIGGER ON *.* TO `root`@`%`"]);
        assert!(eight.lacks("x", &[]).is_empty());
    }

    #[test]
    fn an_account_of_one_database() {
        let own = grants(&[
            "GRANT USAGE ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*X'",
            "GRANT ALL PRIVILEGES ON `my\\_app`.* TO `app`@`%`",
            "GRANT SELECT ON `odd``ly`.* TO `app`@`%`",
            "GRANT SELECT (`a ON b`) ON `other`.`t` TO `app`@`%`",
            "GRANT PROXY ON ''@'%' TO 'app'@'%'",
            "GRANT `reader`@`%` TO `app`@`%`",
        ]);
        assert!(own.lacks("my_app", &[]).is_empty());
        assert_eq!(own.lacks("my-app", &[]).len(), 5);
        assert_eq!(
            own.lacks("odd`ly", &[]),
            ["SHOW VIEW", "TRIGGER", "EVENT", "EXECUTE"]
        );
        let without = ["--skip-triggers", "--skip-events", "--skip-routines"].map(str::to_owned);
        assert_eq!(own.lacks("odd`ly", &without), ["SHOW VIEW"]);
        assert_eq!(own.lacks("other", &without), ["SELECT", "SHOW VIEW"]);
    }

    #[test]
    fn what_was_taken_away_again() {
        let partial = grants(&[
            "GRANT SELECT ON *.* TO `u`@`%`",
            "REVOKE SELECT ON `secret`.* FROM `u`@`%`",
        ]);
        assert!(partial.has("x", "SELECT"));
        assert!(!partial.has("secret", "SELECT"));
    }

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("a", "a", true),
            ("a_c", "abc", true),
            ("a\\_c", "abc", false),
            ("a\\_c", "a_c", true),
            ("%", "", true),
            ("a%c", "abbc", true),
            ("a%c", "abbcd", false),
            ("a\\b", "a\\b", true),
            ("_", "\u{fc}", true),
            ("", "a", false),
        ] {
            assert_eq!(like(pattern, name), fits, "{pattern} {name}");
        }
    }
}
