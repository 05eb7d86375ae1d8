//! `mongosh`: questions, and the few things it is told to do.

use super::Mongodb;
use super::archive::MARKER;
use crate::engine::{Words, unset};
use crate::secret::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What every answer begins with: mongosh prints warnings of its own beside it.
const ANSWER: &str = "lifeboat ";
/// What the holder of the lock says once he has it.
pub const LOCKED: &str = "lifeboat {\"locked\":true}";
/// What he is told to give it back.
pub const RELEASE: &str = "release\n";
/// What [`Mongodb::clear`] prints before it drops anything.
pub const DROPPING: &str = "lifeboat {\"dropping\":true}";
/// What it says where something was changed.
pub const CHANGED: &str = "lifeboat_changed";
/// Where users and roles that were loaded wait to be moved in.
pub(super) const FRESH: [&str; 2] = ["lifeboat_users", "lifeboat_roles"];

/// An answer that is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("mongosh's answer about {about} is not understood")]
pub struct AnswerError {
    about: &'static str,
    #[source]
    source: Option<serde_json::Error>,
}

impl Mongodb {
    fn shell(&self, script: &str, asked: &Value) -> Words {
        let script = [include_str!("connect.js"), script].concat();
        // Comments are for the reader there.
        let script: Vec<_> = script
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let argv = [
            "mongosh",
            "--nodb",
            "--quiet",
            "--norc",
            "--eval",
            &script.join("\n"),
        ];
        // What is set there for Node.js could run anything first, and a proxy is another server.
        let mut env = unset(&[
            "NODE_",
            "MONGOSH_",
            "MONGODB_",
            "mongodb_",
            "ALL_PROXY",
            "all_proxy",
        ]);
        env.extend([
            // It would keep a log of every script in the home of whoever runs it, and tell its makers of its use.
            ("HOME".to_owned(), Secret::new("/dev/null")),
            (
                "MONGOSH_FORCE_DISABLE_TELEMETRY_FOR_TESTING".to_owned(),
                Secret::new("1"),
            ),
            // Instead of /etc/mongosh.conf, whose time limit would hold for these scripts too.
            (
                "MONGOSH_GLOBAL_CONFIG_FILE_FOR_TESTING".to_owned(),
                Secret::new("/dev/null"),
            ),
            ("LIFEBOAT_ASKED".to_owned(), Secret::new(asked.to_string())),
            (
                "LIFEBOAT_ADDRESS".to_owned(),
                Secret::new(format!("{}:{}", self.host(), self.port())),
            ),
        ]);
        if let Some(user) = &self.user {
            env.push(("LIFEBOAT_USER".to_owned(), Secret::new(user.clone())));
        }
        if let Some(password) = &self.password {
            env.push(("LIFEBOAT_PASSWORD".to_owned(), password.clone()));
        }
        Words {
            argv: argv.map(str::to_owned).to_vec(),
            env,
        }
    }

    /// Asks what there is: [`Server`](super::Server).
    pub fn server(&self) -> Words {
        self.shell(include_str!("server.js"), &json!({ "marker": MARKER }))
    }

    /// Marks `databases` as not restored yet.
    pub fn mark(&self, databases: &[String]) -> Words {
        self.shell(include_str!("mark.js"), &of(databases))
    }

    /// Asks for a print of `databases`: another one as soon as something in them was changed.
    pub fn print(&self, databases: &[String]) -> Words {
        let script = concat!(include_str!("print_of.js"), include_str!("print.js"));
        self.shell(script, &of(databases))
    }

    /// Reads the answer to [`Mongodb::print`].
    pub fn read_print(stdout: &[u8]) -> Result<String, AnswerError> {
        let print: Print = answer("what is in the databases", stdout)?;
        Ok(print.print)
    }

    /// Drops all that a dump of `databases` would hold; the marker stays. Not when their print is not `print`, nor when
    /// there is something in one of `empty`: then it says [`CHANGED`]. Prints [`DROPPING`] before the first drop.
    pub fn clear(&self, databases: &[String], empty: &[String], print: Option<&str>) -> Words {
        let script = concat!(include_str!("print_of.js"), include_str!("clear.js"));
        let asked = json!({ "marker": MARKER, "databases": databases, "empty": empty, "print": print });
        self.shell(script, &asked)
    }

    /// Asks what is in `databases` after a load: of each collection how many documents, as far as that can be had.
    pub fn loaded(&self, databases: &[String], router: bool) -> Words {
        let asked = json!({ "marker": MARKER, "databases": databases, "router": router });
        self.shell(include_str!("loaded.js"), &asked)
    }

    /// Reads the answer to [`Mongodb::loaded`].
    pub fn read_loaded(stdout: &[u8]) -> Result<Loaded, AnswerError> {
        answer("what was loaded", stdout)
    }

    /// Takes the marker away.
    pub fn unmark(&self, databases: &[String]) -> Words {
        self.shell(include_str!("unmark.js"), &of(databases))
    }

    /// Moves in, of the users and roles that [`Mongodb::load_users`] has loaded, those that are missing.
    pub fn merge_users(&self) -> Words {
        self.shell(include_str!("merge_users.js"), &fresh())
    }

    /// Drops what [`Mongodb::load_users`] has loaded.
    pub fn drop_users(&self) -> Words {
        self.shell(include_str!("drop_users.js"), &fresh())
    }

    /// Keeps all writes waiting as long as it runs: says [`LOCKED`], ends when it reads [`RELEASE`], or nothing more.
    pub fn lock(&self) -> Words {
        self.shell(include_str!("lock.js"), &json!({}))
    }

    /// Gives back one lock that somebody left.
    pub fn unlock(&self) -> Words {
        self.shell(include_str!("unlock.js"), &json!({}))
    }
}

/// By database and collection, the number of documents.
pub type Loaded = BTreeMap<String, BTreeMap<String, u64>>;

#[derive(Deserialize)]
struct Print {
    print: String,
}

fn of(databases: &[String]) -> Value {
    json!({ "marker": MARKER, "databases": databases })
}

fn fresh() -> Value {
    let [users, roles] = FRESH;
    json!({ "users": users, "roles": roles })
}

/// Reads an answer.
pub(super) fn answer<T: DeserializeOwned>(about: &'static str, stdout: &[u8]) -> Result<T, AnswerError> {
    let text = String::from_utf8_lossy(stdout);
    let line = text.lines().rev().find_map(|line| line.strip_prefix(ANSWER));
    let Some(line) = line else {
        return Err(AnswerError { about, source: None });
    };
    serde_json::from_str(line).map_err(|source| AnswerError {
        about,
        source: Some(source),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_password_is_in_the_environment_alone() {
        let mongodb = Mongodb::new(Some("me".to_owned()), Some(Secret::new("hush")));
        for words in [mongodb.server(), mongodb.lock(), mongodb.mark(&["d".to_owned()])] {
            assert_eq!(
                words.argv[..5],
                ["mongosh", "--nodb", "--quiet", "--norc", "--eval"]
            );
            assert_eq!(words.argv.len(), 6);
            assert!(!words.argv[5].contains("hush"), "{words:?}");
            assert!(
                !words.argv[5]
                    .lines()
                    .any(|line| line.trim_start().starts_with("//"))
            );
            let password = words.env.iter().find(|(name, _)| name == "LIFEBOAT_PASSWORD");
            assert_eq!(password.unwrap().1.expose(), "hush");
        }
        let open = Mongodb::new(None, None).server();
        assert!(!open.env.iter().any(|(name, _)| name == "LIFEBOAT_USER"));
    }

    #[test]
    fn names_are_handed_on_whatever_is_in_them() {
        let name = "a\"b\\'`${1}\u{2028}ä".to_owned();
        let words = Mongodb::new(None, None).clear(std::slice::from_ref(&name), &[], None);
        let asked = words
            .env
            .iter()
            .find(|(name, _)| name == "LIFEBOAT_ASKED")
            .unwrap();
        let asked: Value = serde_json::from_str(asked.1.expose()).unwrap();
        assert_eq!(asked["databases"][0], name.as_str());
        assert_eq!(asked["marker"], MARKER);
    }

    #[test]
    fn what_is_asked_about_databases() {
        let mongodb = Mongodb::new(None, None);
        let words = mongodb.clear(&["d".to_owned()], &["e".to_owned()], Some("abc"));
        let asked = words.env.iter().find(|(name, _)| name == "LIFEBOAT_ASKED");
        let asked: Value = serde_json::from_str(asked.unwrap().1.expose()).unwrap();
        assert_eq!(
            (&asked["empty"][0], &asked["print"]),
            (&json!("e"), &json!("abc"))
        );
        assert!(words.argv[5].contains("printOf"));
        assert_eq!(
            Mongodb::read_print(b"lifeboat {\"print\":\"ab\"}\n").unwrap(),
            "ab"
        );
        let loaded = Mongodb::read_loaded(b"lifeboat {\"d\":{\"c\":3}}\n").unwrap();
        assert_eq!(loaded["d"]["c"], 3);
    }

    #[test]
    fn an_answer_stands_among_warnings() {
        let stdout = b"Warning: Could not access file\nlifeboat {\"left\":0}\n";
        assert_eq!(answer::<Value>("a lock", stdout).unwrap()["left"], 0);
        let error = answer::<Value>("a lock", b"left: 0").unwrap_err();
        assert_eq!(
            error.to_string(),
            "mongosh's answer about a lock is not understood"
        );
    }
}
