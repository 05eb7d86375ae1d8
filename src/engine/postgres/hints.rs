//! What to do about what the tools say most often.

/// What an operator does next about `stderr`, when it is one of the usual failures.
pub fn hint(stderr: &str) -> Option<&'static str> {
    HINTS
        .iter()
        .find(|(says, _)| says.iter().all(|text| stderr.contains(text)))
        .map(|(_, hint)| *hint)
}

/// Whether a server that is only starting says `stderr`: worth asking again, for a while.
pub fn starting(stderr: &str) -> bool {
    [
        "the database system is starting up",
        "the database system is not yet accepting connections",
        "the database system is in recovery mode",
        "failed: No such file or directory",
        "failed: Connection refused",
    ]
    .iter()
    .any(|text| stderr.contains(text))
}

/// What has to be in stderr, all of it, and the hint. The first that fits counts, so the special ones come first.
const HINTS: &[(&[&str], &str)] = &[
    (
        &["password authentication failed"],
        "set DB_USER and DB_PASSWORD: POSTGRES_PASSWORD counts only when the data directory is first made, a later \
         change of it changes no password",
    ),
    (
        &["no password supplied"],
        "the server asks for a password on its own socket: set DB_PASSWORD or DB_PASSWORD_FILE",
    ),
    (
        &["authentication failed for user"],
        "the server's pg_hba.conf keeps this account out on the local socket: set DB_USER, or allow it there",
    ),
    (
        &["no pg_hba.conf entry"],
        "the server's pg_hba.conf has no line for this account on the local socket: set DB_USER, or add one",
    ),
    (
        &["FATAL:  role", "does not exist"],
        "set DB_USER to an account of this server, preferably a superuser",
    ),
    (
        &["FATAL:  database", "does not exist"],
        "it has been dropped or renamed meanwhile, or DATABASES misspells it",
    ),
    (
        &["the database system is starting up"],
        "wait until the server is ready: give it a healthcheck (pg_isready) and lifeboat a depends_on with \
         condition: service_healthy",
    ),
    (
        &["the database system is shutting down"],
        "try again when the server is up",
    ),
    (
        &["the database system is in recovery mode"],
        "the server is coming back from a crash: read its log, then try again",
    ),
    (
        &["failed: No such file or directory"],
        "no server listens on the socket: is it running, and if it uses another port or directory, are PGPORT and \
         PGHOST set in its container",
    ),
    (
        &["too many clients already"],
        "the server's max_connections is used up: raise it, or back up at a quieter time",
    ),
    (
        &["remaining connection slots are reserved"],
        "the server's max_connections is used up: raise it, or back up at a quieter time",
    ),
    (
        &["LOCK TABLE", "canceling statement"],
        "a session holds a lock on the table: end it, or raise LOCK_WAIT_TIMEOUT",
    ),
    (
        &["No space left on device"],
        "the target's disk is full: free some, and drop stale lifeboat_restore_ and lifeboat_replaced_ databases",
    ),
    (
        &["aborting because of server version mismatch"],
        "the pg_dump in this container is not the server's own: TARGET must be the container that the server runs in",
    ),
    (
        &["unsupported version (", "in file header"],
        "the backup was made by a newer pg_dump: restore into that version or a newer one",
    ),
    (
        &["unrecognized configuration parameter"],
        "the dump was made by a newer PostgreSQL: restore into that version or a newer one",
    ),
    (
        &["invalid command \\restrict"],
        "the psql of this container is older than what made the backup: use at least PostgreSQL 13.22, 14.19, \
         15.14, 16.10, 17.6 or 18",
    ),
    (
        &["would be affected by row-level security policy"],
        "the account sees only some of the rows: use a superuser, or ALTER ROLE … BYPASSRLS",
    ),
    (
        &["permission denied for", "pg_authid"],
        "reading passwords of roles takes a superuser; without one, roles are backed up without them",
    ),
    (
        &["permission denied for"],
        "the account may not read everything: use a superuser, or grant it pg_read_all_data",
    ),
    (
        &["permission denied to"],
        "a restore takes a superuser: set DB_USER and DB_PASSWORD",
    ),
    (
        &["must be superuser"],
        "a restore takes a superuser: set DB_USER and DB_PASSWORD",
    ),
    (
        &["is being accessed by other users", "prepared transaction"],
        "COMMIT PREPARED or ROLLBACK PREPARED what pg_prepared_xacts lists for this database",
    ),
    (
        &["is being accessed by other users"],
        "stop the clients of this database while it is replaced",
    ),
    (
        &["is not available", "extension"],
        "the image has not the extension the backup needs: restore into one that has",
    ),
    (
        &["ERROR:  role", "does not exist"],
        "the backup names a role this server has not: create it, or set RESTORE_OPTIONS=\"--no-owner --no-acl\"",
    ),
    (
        &["invalid", "locale name"],
        "the image has not the locale the backup was made with: restore into one that has",
    ),
    (
        &["default_tablespace", "does not exist"],
        "create the tablespace first: a dump in plain format cannot be loaded without it",
    ),
    (
        &["logical replication"],
        "drop the database's subscriptions and replication slots first",
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
                "psql: error: … FATAL:  password authentication failed for user \"x\"",
                "POSTGRES_PASSWORD",
            ),
            ("… fe_sendauth: no password supplied", "DB_PASSWORD_FILE"),
            (
                "FATAL:  Peer authentication failed for user \"postgres\"",
                "pg_hba.conf",
            ),
            ("FATAL:  role \"x\" does not exist", "DB_USER"),
            ("ERROR:  role \"x\" does not exist", "--no-owner"),
            ("FATAL:  the database system is starting up", "service_healthy"),
            (
                "pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout\npg_dump: detail: \
                 Query was: LOCK TABLE public.t IN ACCESS SHARE MODE",
                "LOCK_WAIT_TIMEOUT",
            ),
            (
                "ERROR:  could not extend file \"base/1\": No space left on device",
                "disk",
            ),
            (
                "pg_dump: error: aborting because of server version mismatch",
                "TARGET",
            ),
            ("ERROR:  permission denied for table pg_authid", "without them"),
            ("ERROR:  permission denied for table t", "pg_read_all_data"),
            ("ERROR:  extension \"postgis\" is not available", "image"),
        ] {
            assert!(
                hint(stderr).unwrap_or_else(|| panic!("{stderr}")).contains(word),
                "{stderr}"
            );
        }
        assert_eq!(hint("ERROR:  syntax error"), None);
    }
}
