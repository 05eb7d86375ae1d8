//! The words of `mysqldump` and `mysql`, or `mariadb-dump` and `mariadb`, run in the target over its own socket.
//!
//! First [`tools::look`] says which of them the target has and what they know, then [`Mysql::server`] what the
//! server is. A backup chooses with [`choose`] and asks [`Mysql::contents`] of each database before
//! [`Mysql::dump`]; once per server [`Mysql::accounts`].
//!
//! A restore goes over the live database, since no renaming makes it atomic here: [`Mysql::mark`],
//! [`Mysql::clear`], [`Mysql::load`], [`Mysql::finish`], whose last statement takes the mark away.

mod account;
mod accounts;
mod connect;
mod contents;
mod databases;
mod demands;
mod dump;
mod grants;
mod hints;
mod load;
mod place;
mod print;
mod rows;
mod server;
mod sql;
mod strictness;
pub mod tools;

pub use account::{VARIABLES, secrecy};
pub use accounts::{Account, Accounts, AccountsError};
pub use contents::{Contents, Object, Properties};
pub use databases::{ChoiceError, choose};
pub use demands::{Demands, DemandsReader};
pub use dump::{DumpForm, EXTENSION};
pub use grants::Grants;
pub use hints::{hint, starting};
pub use load::{CHANGED, DROPPING, LoadForm, MARK, Part};
pub use rows::AnswerError;
pub use server::{Database, Server};
pub use strictness::Strictness;
pub use tools::{Flavour, Tools};

use crate::engine::Words;
use crate::secret::Secret;

/// A server and the account that is used there. Knows the words; says none of them.
#[derive(Debug, Clone)]
pub struct Mysql {
    user: String,
    password: Option<Secret>,
    tools: Tools,
}

/// SQL that is told on standard input: it may hold secrets, and be longer than a word may be.
#[derive(Debug, Clone)]
pub struct Script {
    /// The client, reading.
    pub words: Words,
    /// What it reads.
    pub input: Secret,
}

impl Mysql {
    /// `user`'s account, with the tools the target has.
    pub fn new(user: impl Into<String>, password: Option<Secret>, tools: Tools) -> Self {
        Self {
            user: user.into(),
            password,
            tools,
        }
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The tools.
    pub fn tools(&self) -> &Tools {
        &self.tools
    }
}
