//! What of the options of PostgreSQL's tools is refused.

use super::{OUT, Refused};

pub(super) const DUMP: &[Refused] = &[
    Refused(
        Some('f'),
        "file",
        "the dump must come out on standard output",
        OUT,
    ),
    Refused(
        Some('F'),
        "format",
        "lifeboat must know the format",
        "set POSTGRES_FORMAT",
    ),
    Refused(Some('j'), "jobs", "it needs a folder to write to", OUT),
    Refused(
        Some('Z'),
        "compress",
        "lifeboat compresses the dump itself",
        "set COMPRESSION",
    ),
    Refused(
        Some('C'),
        "create",
        "a restore would follow it into the database's old name",
        OUT,
    ),
];

pub(super) const RESTORE: &[Refused] = &[
    Refused(
        Some('f'),
        "file",
        "it would write SQL to a file in the place of restoring",
        OUT,
    ),
    Refused(Some('F'), "format", "lifeboat knows the backup's format", OUT),
    Refused(Some('j'), "jobs", "it cannot read from standard input", OUT),
    Refused(
        Some('l'),
        "list",
        "it would list the backup in the place of restoring",
        OUT,
    ),
    Refused(
        Some('C'),
        "create",
        "it would replace the live database before the new one is whole",
        OUT,
    ),
];

pub(super) const PSQL: &[Refused] = &[
    Refused(
        Some('c'),
        "command",
        "it would be run in the place of the backup",
        OUT,
    ),
    Refused(
        Some('f'),
        "file",
        "it would be run in the place of the backup",
        OUT,
    ),
    Refused(
        Some('l'),
        "list",
        "it would list databases in the place of restoring",
        OUT,
    ),
    Refused(
        Some('o'),
        "output",
        "it moves what the tool says to a file in the target",
        OUT,
    ),
    Refused(
        Some('L'),
        "log-file",
        "it writes what is restored to a file in the target",
        OUT,
    ),
    Refused(
        Some('s'),
        "single-step",
        "it asks a person, and nobody is there",
        OUT,
    ),
    Refused(
        Some('S'),
        "single-line",
        "it cuts statements at the end of a line",
        OUT,
    ),
];

/// Variables of psql that decide whether an error ends it and whether what was done stays.
pub(super) const PSQL_VARIABLES: &[&str] = &[
    "ON_ERROR_STOP",
    "ON_ERROR_ROLLBACK",
    "AUTOCOMMIT",
    "SINGLELINE",
    "SINGLESTEP",
];
