//! What to do about what the tools say most often.

/// What an operator does next about `stderr`, when it is one of the usual failures.
pub fn hint(stderr: &str) -> Option<&'static str> {
    HINTS
        .iter()
        .find(|(says, _)| says.iter().all(|text| stderr.contains(text)))
        .map(|(_, hint)| *hint)
}

/// Whether a client says that no server listens yet: asked again, it will answer.
pub fn starting(stderr: &str) -> bool {
    stderr.contains("ERROR 2002 ") && stderr.contains("Can't connect to local")
}

/// What has to be in stderr, all of it, and the hint. The first that fits counts, so the special ones come first.
const HINTS: &[(&[&str], &str)] = &[
    (
        &["Access denied for user", "to database"],
        "the account may not see this database: use root, or GRANT it SELECT, SHOW VIEW, TRIGGER, EVENT and EXECUTE there",
    ),
    (
        &["Access denied for user", "(using password: NO)"],
        "no password is known: set DB_USER and DB_PASSWORD, or give the target's container MYSQL_ROOT_PASSWORD",
    ),
    (
        &["Access denied for user"],
        "set DB_USER and DB_PASSWORD: MYSQL_ROOT_PASSWORD and its like count only when the data directory is first made, \
         a later change of them changes no password",
    ),
    (
        &["Access denied; you need"],
        "the account may not do this: use root, or grant it what the message names",
    ),
    (
        &["Can't connect to local"],
        "no server listens on the socket: is it running? give it a healthcheck and lifeboat a depends_on with condition: \
         service_healthy",
    ),
    (
        &["SHOW CREATE", "privileg"],
        "the account may not read routines of others: use root, or GRANT SELECT ON *.* to it (MySQL: SHOW_ROUTINE)",
    ),
    (
        &["command denied to user"],
        "the account may not do this: use root, or grant it what the message names",
    ),
    (
        &["Lock wait timeout exceeded"],
        "a session holds a lock on the table (SHOW PROCESSLIST): end it, or raise LOCK_WAIT_TIMEOUT",
    ),
    (
        &["Table definition has changed"],
        "somebody changed a table while it was dumped: back up again, at a time without migrations",
    ),
    (
        &["references invalid table"],
        "a view uses what is not there any more: mend or drop it (SHOW CREATE VIEW)",
    ),
    (
        &["The user specified as a definer", "does not exist"],
        "create that account, or mend the view: it cannot be read as it is",
    ),
    (
        &["ERROR 1062"],
        "a row is there already: did a client write into the database while it was loaded? stop the clients and restore again",
    ),
    (
        &["max_allowed_packet"],
        "a row is longer than the server takes in one statement: raise max_allowed_packet there (1G is the most)",
    ),
    (
        &["Lost connection"],
        "did the server end, or was the store slow? a server gives a dump that nobody reads up after net_write_timeout, \
         60 s if not set",
    ),
    (
        &["server has gone away"],
        "did the server end, or was a row longer than its max_allowed_packet?",
    ),
    (
        &["CHECK OPTION on non-updatable view"],
        "the dump tools write views by name, and this one checks another that comes later: rename one of them, or restore \
         with RESTORE_OPTIONS unset and create the view again by hand",
    ),
    (
        &["Unknown collation"],
        "the backup was made on a newer or another server: restore into that version",
    ),
    (
        &["Unknown character set"],
        "the backup was made on a newer or another server: restore into that version",
    ),
    (
        &["Unknown storage engine"],
        "the server has not the storage engine the backup needs: restore into one that has",
    ),
    (
        &["log_bin_trust_function_creators"],
        "the server keeps a binary log and the account is no SUPER: set DB_USER to root",
    ),
    (
        &["No space left on device"],
        "the target's disk is full: free some",
    ),
    (
        &["is full"],
        "the target's disk is full, or the table may not grow: free some room",
    ),
    (
        &["Too many connections"],
        "the server's max_connections is used up: raise it, or back up at a quieter time",
    ),
    (
        &["unknown option"],
        "the tool of this version does not know it: is it in DUMP_OPTIONS or RESTORE_OPTIONS?",
    ),
    (
        &["unknown variable"],
        "the tool of this version does not know it: is it in DUMP_OPTIONS or RESTORE_OPTIONS?",
    ),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn usual_failures_have_hints() {
        for (stderr, word) in [
            (
                "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
                "first made",
            ),
            (
                "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: NO)",
                "DB_PASSWORD",
            ),
            (
                "mysqldump: Got error: 1044: Access denied for user 'u'@'%' to database 'x' when selecting the database",
                "GRANT",
            ),
            (
                "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
                "service_healthy",
            ),
            (
                "mariadb-dump: app has insufficent privileges to SHOW CREATE PROCEDURE `p`!",
                "SELECT ON *.*",
            ),
            (
                "ERROR 1205 (HY000) at line 1: Lock wait timeout exceeded; try restarting transaction",
                "LOCK_WAIT_TIMEOUT",
            ),
            (
                "mysqldump: Error 2013: Lost connection to MySQL server during query when dumping table `t` at row: 1",
                "net_write_timeout",
            ),
            (
                "ERROR 1153 (08S01) at line 7: Got a packet bigger than 'max_allowed_packet' bytes",
                "max_allowed_packet",
            ),
            (
                "ERROR 1273 (HY000) at line 1: Unknown collation: 'utf8mb4_0900_ai_ci'",
                "newer",
            ),
            (
                "ERROR 1368 (HY000) at line 763: CHECK OPTION on non-updatable view 'copy.a'",
                "by name",
            ),
            (
                "ERROR 1062 (23000) at line 44: Duplicate entry '7' for key 't.PRIMARY'",
                "stop the clients",
            ),
            (
                "mariadb-dump: unknown option '--column-statistics'",
                "DUMP_OPTIONS",
            ),
        ] {
            assert!(
                hint(stderr).unwrap_or_else(|| panic!("{stderr}")).contains(word),
                "{stderr}"
            );
        }
        assert_eq!(
            hint("ERROR 1064 (42000): You have an error in your SQL syntax"),
            None
        );
    }

    #[test]
    fn a_server_that_starts() {
        assert!(starting(
            "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/x' (111)"
        ));
        assert!(!starting("ERROR 1045 (28000): Access denied for user"));
    }
}
