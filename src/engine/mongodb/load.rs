//! The words of a load.

use super::Mongodb;
use super::shell::FRESH;
use crate::engine::Words;

/// Under which name a database comes back.
#[derive(Debug, Clone, Copy)]
pub struct As<'a> {
    /// Its name in the archive.
    pub was: &'a str,
    /// The name it gets.
    pub name: &'a str,
}

impl Mongodb {
    /// Loads an archive of one database.
    pub fn load(&self, database: As, options: &[String]) -> Words {
        let mut arguments = vec![format!("--nsInclude={}.*", pattern(database.was))];
        if database.was != database.name {
            arguments.push(format!("--nsFrom={}.*", pattern(database.was)));
            arguments.push(format!("--nsTo={}.*", pattern(database.name)));
        }
        self.mongorestore(options, &arguments)
    }

    /// Loads an archive of everything; with `oplog`, what was written meanwhile is replayed.
    pub fn load_all(&self, oplog: bool, options: &[String]) -> Words {
        // It takes no other choice of namespaces beside this one.
        let arguments = if oplog {
            vec!["--oplogReplay".to_owned()]
        } else {
            vec![]
        };
        self.mongorestore(options, &arguments)
    }

    /// Loads users and roles beside those that are there.
    pub fn load_users(&self) -> Words {
        let mut arguments = Vec::new();
        for (of, fresh) in ["users", "roles"].into_iter().zip(FRESH) {
            arguments.push(format!("--nsInclude=admin.system.{of}"));
            arguments.push(format!("--nsFrom=admin.system.{of}"));
            arguments.push(format!("--nsTo=admin.{fresh}"));
        }
        // What a killed restore has left there.
        arguments.push("--drop".to_owned());
        self.mongorestore(&[], &arguments)
    }

    fn mongorestore(&self, options: &[String], arguments: &[String]) -> Words {
        // What was in the database comes back into it, also where its own validator would not take it any more.
        let own = ["--archive", "--stopOnError", "--bypassDocumentValidation"].map(str::to_owned);
        self.tool("mongorestore", [options, &own, arguments].concat())
    }
}

/// A name as a pattern that means it alone.
fn pattern(name: &str) -> String {
    name.replace('\\', "\\\\").replace('*', "\\*").replace('$', "\\$")
}

/// How many documents `mongorestore` says have failed. It goes on past some errors, and ends well.
pub fn failed_documents(stderr: &str) -> u64 {
    let counts = stderr
        .match_indices(" document(s) failed to restore")
        .filter_map(|(at, _)| {
            let digits = stderr[..at].rsplit(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse::<u64>().ok()
        });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_its_own_and_under_another_name() {
        let mongodb = Mongodb::new(None, None);
        let own = mongodb.load(
            As {
                was: "a*",
                name: "a*",
            },
            &["--noIndexRestore".to_owned()],
        );
        assert_eq!(
            own.argv[3..],
            [
                "--noIndexRestore",
                "--archive",
                "--stopOnError",
                "--bypassDocumentValidation",
                "--nsInclude=a\\*.*"
            ]
        );
        let other = mongodb.load(As { was: "a", name: "b" }, &[]);
        assert_eq!(other.argv[6..], ["--nsInclude=a.*", "--nsFrom=a.*", "--nsTo=b.*"]);
    }

    #[test]
    fn all_of_it_with_what_was_written_meanwhile() {
        let mongodb = Mongodb::new(None, None);
        assert_eq!(
            mongodb.load_all(true, &[]).argv[3..],
            [
                "--archive",
                "--stopOnError",
                "--bypassDocumentValidation",
                "--oplogReplay"
            ]
        );
        assert_eq!(
            mongodb.load_all(false, &[]).argv[3..],
            ["--archive", "--stopOnError", "--bypassDocumentValidation"]
        );
    }

    #[test]
    fn failures_are_counted() {
        let said = "2026-11-21T12:00:00.000+0000\t7 document(s) restored successfully. 3 document(s) failed to restore.";
        assert_eq!(failed_documents(said), 3);
        assert_eq!(failed_documents(&said.replace('3', "0")), 0);
        assert_eq!(failed_documents("done"), 0);
    }
}
