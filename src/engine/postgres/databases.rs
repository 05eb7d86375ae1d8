//! Which databases to back up.

use super::Server;

/// Databases were asked for that cannot be backed up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Named, but not there.
    #[error("there is no database {}; there are {}", quoted(.missing), quoted(.present))]
    Missing {
        /// Those that are not there.
        missing: Vec<String>,
        /// Those that are.
        present: Vec<String>,
    },
    /// Named, but closed.
    #[error("{} takes no connections", quoted(.0))]
    Closed(Vec<String>),
}

/// The databases to back up, in the server's order: those `wanted`, or all but templates, closed ones,
/// lifeboat's own and an empty `postgres`; without those that a pattern of `exclude` matches.
///
/// `postgres_is_empty` is what [`Contents::nothing_to_lose`](super::Contents::nothing_to_lose) said of `postgres`.
pub fn choose(
    server: &Server,
    wanted: Option<&[String]>,
    exclude: &[String],
    postgres_is_empty: bool,
) -> Result<Vec<String>, ChoiceError> {
    let excluded = |name: &str| exclude.iter().any(|pattern| matches(pattern, name));
    let Some(wanted) = wanted else {
        return Ok(server
            .databases
            .iter()
            .filter(|database| !database.template && database.connectable && !database.invalid)
            .map(|database| database.name.clone())
            .filter(|name| !name.starts_with("lifeboat_") && !excluded(name))
            .filter(|name| name != "postgres" || !postgres_is_empty)
            .collect());
    };
    let missing: Vec<_> = wanted
        .iter()
        .filter(|name| server.database(name).is_none())
        .cloned()
        .collect();
    if !missing.is_empty() {
        let present = server.databases.iter().filter(|database| !database.template);
        return Err(ChoiceError::Missing {
            missing,
            present: present.map(|database| database.name.clone()).collect(),
        });
    }
    let chosen: Vec<_> = server
        .databases
        .iter()
        .filter(|database| wanted.contains(&database.name) && !excluded(&database.name))
        .collect();
    let closed: Vec<_> = chosen
        .iter()
        .filter(|database| !database.connectable || database.invalid)
        .map(|database| database.name.clone())
        .collect();
    if !closed.is_empty() {
        return Err(ChoiceError::Closed(closed));
    }
    Ok(chosen.iter().map(|database| database.name.clone()).collect())
}

/// Whether `name` is what `pattern` says: `*` is any text, `?` one character, all else itself.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last `*` does not fit: one character further.
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star_p, star_n)) = star else {
                    return false;
                };
                star = Some((star_p, star_n + 1));
                p = star_p + 1;
                n = star_n + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Database, Server};
    use super::*;

    fn server(names: &[&str]) -> Server {
        let databases = names.iter().map(|name| Database {
            name: (*name).trim_start_matches(['!', '#']).to_owned(),
            oid: 1,
            template: name.starts_with("template") || name.starts_with('#'),
            connectable: !name.starts_with('!'),
            invalid: false,
            prepared_transactions: 0,
        });
        Server {
            version: String::new(),
            version_num: 0,
            system_identifier: None,
            user: String::new(),
            superuser: true,
            in_recovery: false,
            reads_passwords: true,
            data_directory: None,
            roles: vec![],
            tablespaces: vec![],
            databases: databases.collect(),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn all_means_those_with_data_of_users() {
        let server = server(&[
            "a",
            "b c",
            "!closed",
            "lifeboat_restore_1",
            "postgres",
            "template0",
            "template1",
            "test_1",
        ]);
        assert_eq!(choose(&server, None, &[], true).unwrap(), ["a", "b c", "test_1"]);
        assert_eq!(
            choose(&server, None, &names(&["test_*", "?"]), false).unwrap(),
            ["b c", "postgres"]
        );
    }

    #[test]
    fn named_ones_must_be_there_and_open() {
        let server = server(&["a", "!b", "postgres", "#t"]);
        assert_eq!(
            choose(&server, Some(&names(&["postgres", "a", "t"])), &[], true).unwrap(),
            ["a", "postgres", "t"]
        );
        assert_eq!(
            choose(&server, Some(&names(&["x", "a"])), &[], true)
                .unwrap_err()
                .to_string(),
            "there is no database \"x\"; there are \"a\", \"b\", \"postgres\""
        );
        assert_eq!(
            choose(&server, Some(&names(&["b"])), &[], true)
                .unwrap_err()
                .to_string(),
            "\"b\" takes no connections"
        );
        assert!(
            choose(&server, Some(&names(&["b"])), &names(&["b"]), true)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*ab*ab", "ababab", true),
            ("?", "ä", true),
            ("?", "", false),
            ("test_?", "test_1", true),
            ("[a]", "a", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
