//! The commit of a restore: the live database is renamed away and the scratch one takes its name, in one
//! transaction.
//!
//! A database with sessions cannot be renamed, and clients come back as fast as they are sent away. The renaming
//! takes a lock that keeps new sessions waiting and gives those that are in 5 s to leave; so a second session
//! sends them away meanwhile. Nothing is switched off that a crash could leave switched off.

use super::{Postgres, Server, sql};
use crate::engine::Words;
use crate::secret::Secret;
use std::fmt::Write;

/// How the names of replaced databases begin.
pub const REPLACED: &str = "lifeboat_replaced_";

/// A name is at most this many bytes long; the server would cut it, and say so as a notice alone.
const NAME_BYTES: usize = 63;

/// The name under which `live` stays: `lifeboat_replaced_STAMP_NAME`, cut to what a name may be, and unlike every
/// name the server has.
pub fn replaced_name(stamp: &str, live: &str, server: &Server) -> String {
    let whole = format!("{REPLACED}{stamp}_{live}");
    let name = cut(&whole, NAME_BYTES).to_owned();
    if server.database(&name).is_none() {
        return name;
    }
    (2..=server.databases.len() + 2)
        .map(|number| {
            let end = format!("_{number}");
            format!("{}{end}", cut(&whole, NAME_BYTES - end.len()))
        })
        .find(|name| server.database(name).is_none())
        .unwrap_or(name)
}

/// The first `bytes` of `text`, or fewer where a character would be cut.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Whether a renaming failed because somebody was in the database: worth another try. Prepared transactions do
/// not go away.
pub fn busy(stderr: &str) -> bool {
    stderr.contains("is being accessed by other users") && !stderr.contains("prepared transaction")
}

impl Postgres {
    /// Renames `live` to `replaced` and `scratch` to `live`, both or neither. Must not be connected to either: see
    /// [`Postgres::away_from`].
    pub fn swap(&self, live: &str, scratch: &str, replaced: &str) -> Words {
        self.renaming(scratch, &[(live, replaced), (scratch, live)])
    }

    /// Renames `scratch` to `live`, where no `live` exists.
    pub fn take_name(&self, scratch: &str, live: &str) -> Words {
        self.renaming(scratch, &[(scratch, live)])
    }

    fn renaming(&self, scratch: &str, renames: &[(&str, &str)]) -> Words {
        let mut text = String::from("BEGIN; SET LOCAL synchronous_commit = on;");
        for (from, to) in renames {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                " ALTER DATABASE {} RENAME TO {};",
                sql::ident(from),
                sql::ident(to)
            );
        }
        text.push_str(" COMMIT");
        let mut words = self.commands(self.home(), &[text]);
        words.env.retain(|(name, _)| name != "PGAPPNAME");
        words
            .env
            .push(("PGAPPNAME".to_owned(), Secret::new(renamer(scratch))));
        words
    }

    /// Sends every session of the databases `oids` (live and scratch) away, again and again, for the time of
    /// [`Postgres::swap`].
    ///
    /// It ends by itself: when no database is called `scratch` any more, when the renaming session has come and
    /// gone, when none comes for 1 s, at the latest after 60 s. It must not depend on the end of its client, and
    /// may begin after the renaming is done: then the sessions it would hit are those of the new live one.
    pub fn send_away(&self, scratch: &str, oids: &[u32]) -> Words {
        let oids = oids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let body = format!(
            "DECLARE began timestamptz := pg_catalog.clock_timestamp(); seen boolean := false; here boolean; \
             BEGIN LOOP \
             EXIT WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = {scratch}); \
             PERFORM pg_catalog.pg_stat_clear_snapshot(); \
             PERFORM pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
               WHERE a.datid IN ({oids}) AND a.pid <> pg_catalog.pg_backend_pid(); \
             here := EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.application_name = {renamer}); \
             seen := seen OR here; \
             EXIT WHEN seen AND NOT here; \
             EXIT WHEN NOT seen AND pg_catalog.clock_timestamp() > began + '1 s'::interval; \
             EXIT WHEN pg_catalog.clock_timestamp() > began + '60 s'::interval; \
             PERFORM pg_catalog.pg_sleep(0.05); \
             END LOOP; END",
            scratch = sql::literal(scratch),
            renamer = sql::literal(&renamer(scratch)),
        );
        self.commands(self.home(), &[format!("DO {}", sql::literal(&body))])
    }
}

/// What the renaming session calls itself. A scratch name is ASCII and short, so the server keeps it as it is.
fn renamer(scratch: &str) -> String {
    format!("swap {scratch}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Database;
    use super::*;

    fn server(names: &[&str]) -> Server {
        let mut server = Postgres::read_server(
            br#"{"version":"17","version_num":170000,"user":"u","superuser":true,"in_recovery":false,
            "reads_passwords":true,"roles":null,"tablespaces":null,"databases":null}"#,
        )
        .unwrap();
        server.databases = names
            .iter()
            .map(|name| Database {
                name: (*name).to_owned(),
                oid: 1,
                template: false,
                connectable: true,
                invalid: false,
                prepared_transactions: 0,
            })
            .collect();
        server
    }

    #[test]
    fn a_replaced_name_fits_and_is_new() {
        let stamp = "20261120T030000Z";
        assert_eq!(
            replaced_name(stamp, "app", &server(&[])),
            "lifeboat_replaced_20261120T030000Z_app"
        );
        let long = "ä".repeat(31);
        let name = replaced_name(stamp, &long, &server(&[]));
        assert_eq!(
            name,
            format!("lifeboat_replaced_20261120T030000Z_{}", "ä".repeat(14))
        );
        assert_eq!(name.len(), 63);
        let odd = replaced_name(stamp, &format!("x{long}"), &server(&[]));
        assert_eq!(odd.len(), 62);
        let second = replaced_name(stamp, &long, &server(&[&name]));
        assert_eq!(
            second,
            format!("lifeboat_replaced_20261120T030000Z_{}_2", "ä".repeat(13))
        );
    }

    #[test]
    fn both_renamings_or_none() {
        let words = Postgres::new("u", None).swap("li\"ve", "lifeboat_restore_1", "old");
        assert_eq!(
            words.argv.last().unwrap(),
            "BEGIN; SET LOCAL synchronous_commit = on; ALTER DATABASE \"li\"\"ve\" RENAME TO \"old\"; \
             ALTER DATABASE \"lifeboat_restore_1\" RENAME TO \"li\"\"ve\"; COMMIT"
        );
        let names: Vec<_> = words.env.iter().filter(|(name, _)| name == "PGAPPNAME").collect();
        assert_eq!(names.len(), 1);
        assert_eq!(names[0].1.expose(), "swap lifeboat_restore_1");
    }

    #[test]
    fn sessions_are_sent_away_only_before_the_renaming() {
        let words = Postgres::new("u", None).send_away("lifeboat_restore_1", &[7, 16384]);
        let text = words.argv.last().unwrap();
        let look = text.find("d.datname = ''lifeboat_restore_1''").unwrap();
        assert!(look < text.find("a.datid IN (7, 16384)").unwrap());
    }

    #[test]
    fn a_busy_database_is_worth_another_try() {
        assert!(busy(
            "ERROR:  database \"a\" is being accessed by other users\nDETAIL: …"
        ));
        assert!(!busy("ERROR:  database \"a\" does not exist"));
        let prepared = "DETAIL:  There is 1 prepared transaction using the database.";
        assert!(!busy(&format!(
            "ERROR:  database \"a\" is being accessed by other users\n{prepared}"
        )));
    }
}
