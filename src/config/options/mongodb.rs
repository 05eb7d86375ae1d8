//! What of MongoDB's tools is refused. They read arguments in a way of their own, but none that `getopt_long` would
//! not also take.

use super::{OUT, Refused};

const ELSEWHERE: &str = "it would reach another server than the one in the target";
const ACCOUNT: &str = "lifeboat asks the server with the same account";
const NAMES: &str = "lifeboat names what is restored itself";

pub(super) const DUMP: &[Refused] = &[
    Refused(Some('o'), "out", "the dump must come out on standard output", OUT),
    Refused(None, "archive", "the dump must come out on standard output", OUT),
    Refused(
        None,
        "gzip",
        "lifeboat compresses the dump itself",
        "set COMPRESSION",
    ),
    Refused(
        Some('d'),
        "db",
        "lifeboat names the database itself",
        "set DATABASES",
    ),
    Refused(
        Some('c'),
        "collection",
        "one collection is no backup of its database",
        "leave collections out by --excludeCollection",
    ),
    Refused(
        None,
        "oplog",
        "lifeboat decides when it can be had",
        "set MONGO_OPLOG",
    ),
    Refused(
        None,
        "dumpDbUsersAndRoles",
        "users and roles are backed up by themselves",
        "set GLOBALS",
    ),
    Refused(None, "uri", ELSEWHERE, OUT),
    Refused(None, "host", ELSEWHERE, OUT),
    Refused(Some('u'), "username", ACCOUNT, "set DB_USER"),
    Refused(
        Some('p'),
        "password",
        "it can be read by everybody in the target",
        "set DB_PASSWORD",
    ),
    Refused(None, "authenticationDatabase", ACCOUNT, "use an account of admin"),
    Refused(None, "authenticationMechanism", ACCOUNT, OUT),
    Refused(None, "awsSessionToken", ACCOUNT, OUT),
    Refused(
        None,
        "config",
        "lifeboat hands the password over by it",
        "set DB_PASSWORD",
    ),
    Refused(None, "quiet", "it hides errors", OUT),
    Refused(None, "failpoints", "it is for testing the tool itself", OUT),
];

pub(super) const RESTORE: &[Refused] = &[
    Refused(None, "archive", "the backup comes on standard input", OUT),
    Refused(None, "dir", "the backup comes on standard input", OUT),
    Refused(None, "gzip", "the backup comes decompressed", OUT),
    Refused(None, "dryRun", "nothing would be restored", OUT),
    Refused(
        None,
        "drop",
        "lifeboat drops what is replaced, all of it, after it has backed it up",
        "restore with --overwrite",
    ),
    Refused(None, "preserveUUID", "it needs --drop", OUT),
    Refused(Some('d'), "db", NAMES, "restore with --as"),
    Refused(
        Some('c'),
        "collection",
        NAMES,
        "use lifeboat get and mongorestore",
    ),
    Refused(None, "nsInclude", NAMES, "use lifeboat get and mongorestore"),
    Refused(None, "nsExclude", NAMES, "use lifeboat get and mongorestore"),
    Refused(None, "nsFrom", NAMES, "restore with --as"),
    Refused(None, "nsTo", NAMES, "restore with --as"),
    Refused(
        None,
        "excludeCollection",
        NAMES,
        "use lifeboat get and mongorestore",
    ),
    Refused(
        None,
        "excludeCollectionsWithPrefix",
        NAMES,
        "use lifeboat get and mongorestore",
    ),
    Refused(
        None,
        "oplogReplay",
        "lifeboat knows whether the backup has one",
        OUT,
    ),
    Refused(None, "oplogFile", "the oplog is in the backup", OUT),
    Refused(
        None,
        "restoreDbUsersAndRoles",
        "users and roles are restored from their own backup",
        OUT,
    ),
    Refused(None, "uri", ELSEWHERE, OUT),
    Refused(None, "host", ELSEWHERE, OUT),
    Refused(Some('u'), "username", ACCOUNT, "set DB_USER"),
    Refused(
        Some('p'),
        "password",
        "it can be read by everybody in the target",
        "set DB_PASSWORD",
    ),
    Refused(None, "authenticationDatabase", ACCOUNT, "use an account of admin"),
    Refused(None, "authenticationMechanism", ACCOUNT, OUT),
    Refused(None, "awsSessionToken", ACCOUNT, OUT),
    Refused(
        None,
        "config",
        "lifeboat hands the password over by it",
        "set DB_PASSWORD",
    ),
    Refused(None, "quiet", "it hides errors", OUT),
    Refused(None, "failpoints", "it is for testing the tool itself", OUT),
];
