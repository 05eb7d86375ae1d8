//! The words of `mongodump`, `mongorestore` and `mongosh`, run in the target against the server on its own address.
//!
//! A backup asks [`Mongodb::server`], chooses with [`choose`], and dumps either the whole server with what is written
//! meanwhile ([`Mongodb::dump_all`]), or each database by itself ([`Mongodb::dump`]); users and roles are in
//! [`Mongodb::globals`]. What a dump prints is an [`archive`], which is followed to its end.
//!
//! A restore marks the databases ([`Mongodb::mark`]), drops what is there ([`Mongodb::clear`]), loads
//! ([`Mongodb::load`]) and takes the marker away ([`Mongodb::unmark`]). Users and roles are loaded beside those that
//! are there, and the missing ones moved in ([`Mongodb::load_users`], [`Mongodb::merge_users`]).

mod account;
pub mod archive;
mod databases;
mod dump;
mod hints;
mod load;
mod place;
mod server;
mod shell;

pub use account::VARIABLES;
pub use databases::{ChoiceError, choose};
pub use hints::{hint, remarks, starting};
pub use load::{As, failed_documents};
pub use server::{Database, MergedUsers, Server};
pub use shell::{AnswerError, CHANGED, DROPPING, LOCKED, Loaded, RELEASE};

use crate::engine::Place;
use crate::secret::Secret;

/// A dump's extension.
pub const EXTENSION: &str = "archive";

/// Whether a database is the server's own.
pub fn is_own(name: &str) -> bool {
    ["admin", "config", "local"].contains(&name)
}

/// A server and the account that is used there. Knows the words; says none of them.
#[derive(Debug, Clone)]
pub struct Mongodb {
    /// None: a server that asks nobody who he is.
    user: Option<String>,
    password: Option<Secret>,
    place: Place,
}

impl Mongodb {
    /// `user`'s account.
    pub fn new(user: Option<String>, password: Option<Secret>) -> Self {
        Self {
            user,
            password,
            place: Place::default(),
        }
    }

    /// The user's name.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}
