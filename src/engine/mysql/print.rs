//! A print of a database: one text that is another as soon as something in it was changed.
//!
//! It takes the server's word for when a table was last changed, which is kept in whole seconds: so a print waits until
//! the second of the last change is over. Tables of which the server does not know it, as after a start, are counted.

use super::contents::FRESH;
use super::sql::{ident, is};
use super::{AnswerError, Contents, MARK, Mysql, Script};

/// What a session sets first: names of all tables are one text.
pub(super) const PREPARE: [&str; 2] = [FRESH, "SET SESSION group_concat_max_len = 1073741824"];

impl Mysql {
    /// Asks for the print of a database that holds this.
    pub fn print(&self, database: &str, contents: &Contents) -> Script {
        let mut statements = PREPARE.map(str::to_owned).to_vec();
        statements.push(format!(
            "DO SLEEP(IF(EXISTS (SELECT * FROM information_schema.tables WHERE {} AND update_time >= NOW()), 1.1, 0))",
            is("table_schema", database)
        ));
        statements.push(query(database, contents));
        self.script(&statements)
    }

    /// Reads the answer to [`Mysql::print`].
    pub fn read_print(stdout: &[u8]) -> Result<String, AnswerError> {
        let text = String::from_utf8_lossy(stdout).trim().to_owned();
        let is_print = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_print.then_some(text).ok_or(AnswerError {
            about: "what a database holds",
        })
    }
}

/// Its query, one value.
pub(super) fn query(database: &str, contents: &Contents) -> String {
    let mut parts: Vec<_> = [
        (
            format!(
                "tables WHERE {} AND table_name <> '{MARK}'",
                is("table_schema", database)
            ),
            "HEX(table_name), table_type, create_time, update_time, auto_increment",
        ),
        (
            format!("views WHERE {}", is("table_schema", database)),
            "HEX(table_name), SHA2(view_definition, 256)",
        ),
        (
            format!("routines WHERE {}", is("routine_schema", database)),
            "HEX(routine_name), routine_type, created, last_altered",
        ),
        (
            format!("events WHERE {}", is("event_schema", database)),
            "HEX(event_name), created, last_altered",
        ),
        (
            format!("triggers WHERE {}", is("trigger_schema", database)),
            "HEX(trigger_name), created, SHA2(action_statement, 256)",
        ),
    ]
    .into_iter()
    .map(|(from, columns)| {
        let row = format!("CONCAT_WS(' ', {columns})");
        format!("COALESCE((SELECT GROUP_CONCAT({row} ORDER BY 1) FROM information_schema.{from}), '')")
    })
    .collect();
    parts.extend(
        contents
            .timeless
            .iter()
            .map(|table| format!("(SELECT COUNT(*) FROM {}.{})", ident(database), ident(table))),
    );
    format!("SELECT SHA2(CONCAT_WS('|', {}), 256)", parts.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tables_without_a_time_are_counted() {
        let contents = Contents {
            timeless: vec!["a`b".into()],
            ..Contents::default()
        };
        let query = query("d", &contents);
        assert!(
            query.ends_with("(SELECT COUNT(*) FROM `d`.`a``b`)), 256)"),
            "{query}"
        );
        assert!(query.contains("table_name <> 'lifeboat_restoring'"));
    }

    #[test]
    fn a_print_is_a_hash() {
        let hash = "ab".repeat(32);
        assert_eq!(Mysql::read_print(format!("{hash}\n").as_bytes()).unwrap(), hash);
        for wrong in ["", "NULL", "ab", &"x".repeat(64)] {
            assert!(Mysql::read_print(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
