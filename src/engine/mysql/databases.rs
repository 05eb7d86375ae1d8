//! Which databases to back up.

use super::Server;
use crate::engine::postgres::matches;

/// Databases were asked for that cannot be backed up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Named, but not there, or not to be seen.
    #[error("there is no database {}, or this account may not see it; there are {}", quoted(.missing), quoted(.present))]
    Missing {
        /// Those that are not there.
        missing: Vec<String>,
        /// Those that are.
        present: Vec<String>,
    },
    /// Named, but the server's own.
    #[error("{} is the server's own: its accounts are backed up by GLOBALS, and the rest belongs to its version", quoted(.0))]
    Own(Vec<String>),
}

/// The server's own schemas, whatever case they are written in.
const OWN: [&str; 5] = [
    "mysql",
    "information_schema",
    "performance_schema",
    "sys",
    "ndbinfo",
];

/// Whether a database is the server's own.
pub(super) fn own(name: &str) -> bool {
    // `#mysql50#` stands before the name of a folder that is no database, such as `lost+found`.
    OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) || name.starts_with("#mysql50#")
}

/// The databases to back up, in the server's order: those `wanted`, or all but the server's own and lifeboat's;
/// without those that a pattern of `exclude` matches.
pub fn choose(
    server: &Server,
    wanted: Option<&[String]>,
    exclude: &[String],
) -> Result<Vec<String>, ChoiceError> {
    let excluded = |name: &str| exclude.iter().any(|pattern| matches(pattern, name));
    let names = || server.databases.iter().map(|database| database.name.clone());
    let Some(wanted) = wanted else {
        return Ok(names()
            .filter(|name| !own(name) && !name.starts_with("lifeboat_") && !excluded(name))
            .collect());
    };
    let missing: Vec<_> = wanted
        .iter()
        .filter(|name| server.database(name).is_none())
        .cloned()
        .collect();
    if !missing.is_empty() {
        let present = names().filter(|name| !own(name)).collect();
        return Err(ChoiceError::Missing { missing, present });
    }
    let chosen = |name: &String| wanted.iter().any(|wanted| server.same(wanted, name)) && !excluded(name);
    let chosen: Vec<_> = names().filter(chosen).collect();
    let own: Vec<_> = chosen.iter().filter(|name| own(name)).cloned().collect();
    if !own.is_empty() {
        return Err(ChoiceError::Own(own));
    }
    Ok(chosen)
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
    use super::super::server::tests::server;
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn all_means_those_of_users() {
        let server = server(
            "9.7.4",
            &[
                "#mysql50#lost+found",
                "app",
                "information_schema",
                "lifeboat_x",
                "mysql",
                "performance_schema",
                "sys",
                "test_1",
            ],
        );
        assert_eq!(choose(&server, None, &[]).unwrap(), ["app", "test_1"]);
        assert_eq!(choose(&server, None, &names(&["test_*"])).unwrap(), ["app"]);
    }

    #[test]
    fn named_ones_must_be_there_and_nobody_elses() {
        let mut server = server("9.7.4", &["App", "mysql"]);
        assert_eq!(choose(&server, Some(&names(&["App"])), &[]).unwrap(), ["App"]);
        assert_eq!(
            choose(&server, Some(&names(&["app"])), &[])
                .unwrap_err()
                .to_string(),
            "there is no database \"app\", or this account may not see it; there are \"App\""
        );
        assert_eq!(
            choose(&server, Some(&names(&["mysql"])), &[]).unwrap_err(),
            ChoiceError::Own(names(&["mysql"]))
        );
        server.folds_case = true;
        assert_eq!(choose(&server, Some(&names(&["app"])), &[]).unwrap(), ["App"]);
        assert!(
            choose(&server, Some(&names(&["app"])), &names(&["A*"]))
                .unwrap()
                .is_empty()
        );
    }
}
