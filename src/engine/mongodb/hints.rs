//! What to do about the usual failures of the tools, and what of their words is worth telling.

/// What to do about what a tool says on stderr, where that is known.
pub fn hint(stderr: &str) -> Option<&'static str> {
    HINTS
        .iter()
        .find(|(says, _)| says.iter().all(|text| stderr.contains(text)))
        .map(|(_, hint)| *hint)
}

/// Whether a server that is only starting says `stderr`: worth asking again, for a while.
pub fn starting(stderr: &str) -> bool {
    [
        "ECONNREFUSED ",
        "NotYetInitialized",
        "node is recovering",
        "ShutdownInProgress",
    ]
    .iter()
    .any(|text| stderr.contains(text))
}

/// What of a tool's words is more than the account of its progress. Both tools tell that on stderr, and have no way
/// to keep quiet about it that would not hide errors too.
pub fn remarks(stderr: &str) -> String {
    let progress = |line: &&str| {
        let said = line.split_once('\t').map_or(*line, |(_, said)| said);
        let all_well = said.ends_with(" 0 document(s) failed to restore.");
        !said.trim().is_empty() && !all_well && !PROGRESS.iter().any(|begin| said.starts_with(begin))
    };
    // Of a long account only the end is kept, and that begins anywhere in a line.
    let cut = usize::from(stderr.len() > LONG_BYTES);
    stderr
        .lines()
        .skip(cut)
        .filter(progress)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What is longer may have lost its beginning.
const LONG_BYTES: usize = 8 * 1024;

/// How lines begin that say nothing but how far it has come.
const PROGRESS: &[&str] = &[
    "writing ",
    "done dumping ",
    "dumping up to ",
    "dumping users and roles",
    "\tdumped ",
    "dumped ",
    "[",
    "  ",
    "preparing collections to restore from",
    "setting number of parallel collections to number of parallel collections in archive",
    "reading metadata for ",
    "restoring ",
    "finished restoring ",
    "no indexes to restore for collection ",
    "index: ",
    "replaying oplog",
    "applied ",
    "oplog ",
    "skipping applying the config.system.sessions",
];

/// What has to be in stderr, all of it, and the hint. The first that fits counts, so the special ones come first.
const HINTS: &[(&[&str], &str)] = &[
    (
        &["uthentication failed"],
        "set DB_USER and DB_PASSWORD: MONGO_INITDB_ROOT_PASSWORD counts only when the data directory is first made, a \
         later change of it changes no password",
    ),
    (
        &["requires authentication"],
        "the server asks who it is: set DB_USER and DB_PASSWORD, or MONGO_INITDB_ROOT_USERNAME and its password in \
         its container",
    ),
    (
        &["not authorized on admin to execute command", "fsync"],
        "locking takes the role hostManager, clusterManager or root; MONGO_FSYNC_LOCK=false does without",
    ),
    (
        &["not authorized on local"],
        "a dump with the oplog takes the role backup or root; MONGO_OPLOG=false does without",
    ),
    (
        &["ot authorized"],
        "a backup takes the role backup, a restore the role restore; root has both",
    ),
    (
        &["ECONNREFUSED"],
        "no server listens there in the target: is it running, and does bind_ip \
         include 127.0.0.1",
    ),
    (
        &["connection refused"],
        "no server listens there in the target: is it running, and does bind_ip \
         include 127.0.0.1",
    ),
    (
        &["error getting oplog start"],
        "only the member of a replica set has an oplog: MONGO_OPLOG=false",
    ),
    (
        &["--db is required when"],
        "these DUMP_OPTIONS are for one database: MONGO_OPLOG=false dumps each by itself",
    ),
    (
        &["--oplog mode only supported on full dumps"],
        "these DUMP_OPTIONS are for one database: MONGO_OPLOG=false dumps each by itself",
    ),
    (
        &["cannot dump a collection without a specified database"],
        "these DUMP_OPTIONS are for one database: MONGO_OPLOG=false dumps each by itself",
    ),
    (
        &["oplog overflow"],
        "more was written meanwhile than the oplog holds: raise its size (replSetResizeOplog), or back up at a \
         quieter time",
    ),
    (
        &["renameCollection", "oplog"],
        "a collection was renamed while it was dumped: back up again",
    ),
    (
        &["duplicate key error"],
        "something else writes to the database while it is restored: stop its clients",
    ),
    (
        &["No space left on device"],
        "the target's disk is full: free some",
    ),
    (
        &["not primary"],
        "restore into the primary of the replica set: --into CONTAINER",
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
                "MongoServerError: Authentication failed.",
                "MONGO_INITDB_ROOT_PASSWORD",
            ),
            (
                "Failed: … unable to authenticate using mechanism \"SCRAM-SHA-256\": (AuthenticationFailed) \
                 Authentication failed.",
                "DB_USER",
            ),
            (
                "MongoServerError: command listDatabases requires authentication",
                "DB_PASSWORD",
            ),
            (
                "MongoServerError: not authorized on app to execute command { find: …",
                "role backup",
            ),
            (
                "MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017",
                "bind_ip",
            ),
            ("Failed: error getting oplog start: …", "MONGO_OPLOG=false"),
            (
                "Failed: app.c: … E11000 duplicate key error collection",
                "clients",
            ),
        ] {
            assert!(
                hint(stderr).unwrap_or_else(|| panic!("{stderr}")).contains(word),
                "{stderr}"
            );
        }
        assert_eq!(hint("Failed: something else"), None);
        assert!(starting(
            "MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017"
        ));
        assert!(!starting("MongoServerError: Authentication failed."));
    }

    #[test]
    fn progress_is_no_remark() {
        let said = "2026-11-21T12:11:20.218+0000\twriting `app.v` to `archive on stdout`\n\
                    2026-11-21T12:11:20.218+0000\tdone dumping `app.v` (0 documents)\n\
                    2026-11-21T12:11:20.218+0000\t\tdumped 1 oplog entry\n\
                    2026-11-21T12:11:20.218+0000\t[########........]  app.v  1/2  (50.0%)\n\
                    2026-11-21T12:11:20.218+0000\tWARNING: something";
        assert_eq!(remarks(said), "2026-11-21T12:11:20.218+0000\tWARNING: something");
        assert_eq!(remarks(""), "");
    }
}
