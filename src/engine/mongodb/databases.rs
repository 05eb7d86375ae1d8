//! Which databases to back up.

use super::{Server, is_own};
use crate::engine::postgres::matches;

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
    /// Named, but the server's own.
    #[error("{} is the server's own: its users and roles are backed up with GLOBALS", quoted(.0))]
    Own(Vec<String>),
}

/// The databases to back up, in the server's order: those `wanted`, or all of users; without those that a pattern of
/// `exclude` matches, and without those that hold nothing a dump would.
pub fn choose(
    server: &Server,
    wanted: Option<&[String]>,
    exclude: &[String],
) -> Result<Vec<String>, ChoiceError> {
    let excluded = |name: &str| exclude.iter().any(|pattern| matches(pattern, name));
    if let Some(wanted) = wanted {
        let own: Vec<_> = wanted.iter().filter(|name| is_own(name)).cloned().collect();
        if !own.is_empty() {
            return Err(ChoiceError::Own(own));
        }
        let missing = wanted.iter().filter(|name| server.database(name).is_none());
        let missing: Vec<_> = missing.cloned().collect();
        if !missing.is_empty() {
            let present = server.of_users().map(|database| database.name.clone());
            return Err(ChoiceError::Missing {
                missing,
                present: present.collect(),
            });
        }
    }
    Ok(server
        .of_users()
        .filter(|database| wanted.is_none_or(|wanted| wanted.contains(&database.name)))
        .filter(|database| !database.collections.is_empty() || database.restoring)
        .map(|database| database.name.clone())
        .filter(|name| !excluded(name))
        .collect())
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
    use super::super::Database;
    use super::*;

    fn server(names: &[&str]) -> Server {
        let databases = names.iter().map(|name| Database {
            name: name.trim_start_matches(['!', '+']).to_owned(),
            bytes: 0,
            collections: if name.starts_with(['!', '+']) {
                vec![]
            } else {
                vec!["c".to_owned()]
            },
            restoring: name.starts_with('+'),
        });
        Server {
            system_identifier: None,
            version: String::new(),
            set: None,
            router: false,
            writable: true,
            user: None,
            roles: vec![],
            reads_users: true,
            locked: false,
            databases: databases.collect(),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn all_means_those_of_users_that_hold_something() {
        let server = server(&["admin", "app", "config", "!empty", "local", "test_1", "+half"]);
        // One that is half restored and empty so far is no empty one: it must fail.
        assert_eq!(choose(&server, None, &[]).unwrap(), ["app", "test_1", "half"]);
        assert_eq!(
            choose(&server, None, &names(&["test_*", "half"])).unwrap(),
            ["app"]
        );
        assert_eq!(
            choose(&server, Some(&names(&["test_1", "app"])), &names(&["t*"])).unwrap(),
            ["app"]
        );
    }

    #[test]
    fn named_ones_must_be_there_and_be_of_users() {
        let server = server(&["admin", "a"]);
        let error = |wanted: &[&str]| {
            choose(&server, Some(&names(wanted)), &[])
                .unwrap_err()
                .to_string()
        };
        assert_eq!(error(&["x", "a"]), "there is no database \"x\"; there are \"a\"");
        assert_eq!(
            error(&["admin"]),
            "\"admin\" is the server's own: its users and roles are backed up with GLOBALS"
        );
    }
}
