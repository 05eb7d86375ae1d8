//! The words of `pg_dump`, `pg_restore` and `psql`, run in the target over its own socket.
//!
//! A backup asks [`Postgres::server`], chooses with [`choose`], then per database [`Postgres::properties`] and
//! [`Postgres::dump`]; once per server [`Postgres::globals`].
//!
//! A restore makes the roles that are missing ([`Postgres::create_roles`]), loads into a scratch database
//! ([`Postgres::create_scratch`], [`Postgres::prepare`], [`Postgres::load`], [`Postgres::finish`],
//! [`Postgres::tidy`]) and commits by [`Postgres::swap`]: nothing before that touches the live one.

mod account;
mod acl;
mod connect;
mod contents;
mod databases;
mod dump;
mod globals;
mod hints;
mod lexer;
mod place;
mod properties;
mod roles;
mod scratch;
mod server;
mod sql;
mod swap;

pub use account::VARIABLES;
pub use contents::Contents;
pub use databases::{ChoiceError, choose, matches};
pub use dump::{DumpForm, end_mark, extension};
pub use globals::{Globals, GlobalsError};
pub use hints::{hint, starting};
pub use properties::{AclItem, Label, Properties, Setting};
pub use scratch::{SCRATCH, available_bytes, scratch_name, stale};
pub use server::{Database, Server};
pub use swap::{REPLACED, busy, replaced_name};

use crate::engine::{Place, Words};
use crate::secret::Secret;
use serde::de::DeserializeOwned;

/// A server and the account that is used there. Knows the words; says none of them.
#[derive(Debug, Clone)]
pub struct Postgres {
    user: String,
    password: Option<Secret>,
    /// Where questions about the server as a whole are asked, the likeliest first.
    homes: Vec<String>,
    /// As in `server_version_num`; 0 as long as nobody has asked.
    version_num: u32,
    /// Where it listens.
    place: Place,
    /// Whether the account is known to be a superuser.
    superuser: bool,
}

/// SQL that is told on standard input: it may hold secrets, and be longer than a word may be.
#[derive(Debug, Clone)]
pub struct Script {
    /// `psql`, reading.
    pub words: Words,
    /// What it reads.
    pub input: Secret,
}

/// An answer that is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("psql's answer about {about} is not understood")]
pub struct AnswerError {
    about: &'static str,
    #[source]
    source: Option<serde_json::Error>,
}

impl Postgres {
    /// `user`'s account, as far as known without asking.
    pub fn new(user: impl Into<String>, password: Option<Secret>) -> Self {
        Self {
            user: user.into(),
            password,
            homes: vec!["postgres".to_owned(), "template1".to_owned()],
            version_num: 0,
            place: Place::default(),
            superuser: false,
        }
    }

    /// With the server's version: some words need it.
    #[must_use]
    pub fn knowing(mut self, version_num: u32) -> Self {
        self.version_num = version_num;
        self
    }

    /// With all that matters of what the server has said about itself and the account.
    #[must_use]
    pub fn at(mut self, server: &Server) -> Self {
        self.superuser = server.superuser;
        self.knowing(server.version_num)
    }

    /// Speaks to the server that is in this place.
    #[must_use]
    pub fn in_place(self, place: &Place) -> Self {
        Self {
            place: place.clone(),
            ..self
        }
    }

    /// Speaks to `database` when the server as a whole is meant.
    #[must_use]
    pub fn at_home_in(mut self, database: impl Into<String>) -> Self {
        let database = database.into();
        self.homes.retain(|home| *home != database);
        self.homes.insert(0, database);
        self
    }

    /// The databases in which questions about the server may be asked, the likeliest first. Any of them may be
    /// missing.
    pub fn homes(&self) -> &[String] {
        &self.homes
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    fn home(&self) -> &str {
        self.homes.first().map_or("postgres", String::as_str)
    }

    /// A script for `psql` in `database`.
    fn script(&self, database: &str, statements: &[String]) -> Script {
        Script {
            words: self.psql(database, connect::Session::Command),
            input: Secret::new(sql::transaction(
                &[&[sql::UNLOGGED.to_owned()], statements].concat(),
            )),
        }
    }
}

fn answer<T: DeserializeOwned>(about: &'static str, stdout: &[u8]) -> Result<T, AnswerError> {
    let [value] = answers(about, stdout)?;
    Ok(value)
}

/// Exactly `N` answers, one after the other.
fn answers<T: DeserializeOwned, const N: usize>(
    about: &'static str,
    stdout: &[u8],
) -> Result<[T; N], AnswerError> {
    let values: Result<Vec<T>, _> = serde_json::Deserializer::from_slice(stdout).into_iter().collect();
    let values = values.map_err(|source| AnswerError {
        about,
        source: Some(source),
    })?;
    values.try_into().map_err(|_| AnswerError { about, source: None })
}

/// Aggregates over no row are null.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}
