//! What a database holds: whether restoring over it would lose anything.

use super::{AnswerError, Postgres, answer, null_is_empty, sql};
use crate::engine::Words;
use serde::Deserialize;

/// The first few things users have made in a database.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Contents {
    /// At most five, as the server describes them: `table public.orders`.
    #[serde(deserialize_with = "null_is_empty")]
    pub objects: Vec<String>,
    /// Extensions that may hold rows of users in tables of their own.
    #[serde(deserialize_with = "null_is_empty")]
    pub extensions: Vec<String>,
}

impl Contents {
    /// No object of a user but extensions: a restore may replace it.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Not even an extension that could hold rows of a user: a backup may leave it out.
    pub fn nothing_to_lose(&self) -> bool {
        self.objects.is_empty() && self.extensions.is_empty()
    }
}

impl Postgres {
    /// Asks what `database` holds.
    pub fn contents(&self, database: &str) -> Words {
        self.commands(database, &[sql::query(include_str!("contents.sql"))])
    }

    /// Reads the answer to [`Postgres::contents`].
    pub fn read_contents(stdout: &[u8]) -> Result<Contents, AnswerError> {
        answer("a database's contents", stdout)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_extension_is_no_reason_to_refuse_but_one_to_back_up() {
        let contents = Postgres::read_contents(br#"{"objects":null,"extensions":["pg_cron"]}"#).unwrap();
        assert!(contents.is_empty() && !contents.nothing_to_lose());
        let contents = Postgres::read_contents(br#"{"objects":["table t"],"extensions":null}"#).unwrap();
        assert!(!contents.is_empty() && !contents.nothing_to_lose());
        assert!(Contents::default().nothing_to_lose());
    }
}
