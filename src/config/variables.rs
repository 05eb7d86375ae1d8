//! Every variable that lifeboat reads: the one list that names, files, settings and suggestions come from.

use super::show::Show;

/// A variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Other names of the same thing: the same value twice is fine, two different ones are an error.
    pub aliases: &'static [&'static str],
    /// Names that count when none of the above is set, the first one that is.
    pub fallbacks: &'static [&'static str],
    /// What of its value may be shown.
    pub show: Show,
    /// What holds when it is unset; empty: nothing.
    pub default: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
}

impl Variable {
    const fn new(name: &'static str, default: &'static str, about: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            fallbacks: &[],
            show: Show::Plain,
            default,
            about,
        }
    }

    const fn show(mut self, show: Show) -> Self {
        self.show = show;
        self
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn else_from(mut self, fallbacks: &'static [&'static str]) -> Self {
        self.fallbacks = fallbacks;
        self
    }

    /// Whether it holds a secret, and therefore also reads `NAME_FILE`.
    pub fn is_secret(&self) -> bool {
        self.show == Show::Secret
    }

    /// All its names, without the `_FILE` forms.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name)
            .chain(self.aliases.iter().copied())
            .chain(self.fallbacks.iter().copied())
    }

    /// Whether `name` is one of its names or their `_FILE` forms.
    pub fn has_name(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
            || (self.is_secret()
                && name
                    .strip_suffix("_FILE")
                    .is_some_and(|name| self.names().any(|own| own == name)))
    }
}

/// A shorthand for the table.
const fn var(name: &'static str, default: &'static str, about: &'static str) -> Variable {
    Variable::new(name, default, about)
}

/// Every variable, in the order of the documentation.
pub const VARIABLES: &[Variable] = &[
    // Where the database runs.
    var(
        "TARGET",
        "required",
        "containers to back up: names, compose services, ids, label:KEY[=VALUE]; comma list",
    ),
    var("RUNTIME", "auto", "docker (Docker Engine or Podman)"),
    var(
        "DOCKER_HOST",
        "",
        "where the Docker API listens, as for the docker command",
    )
    .show(Show::Url),
    var(
        "DOCKER_TLS_VERIFY",
        "",
        "anything but empty: TLS, as for the docker command",
    ),
    var(
        "DOCKER_CERT_PATH",
        "",
        "the folder of ca.pem, cert.pem and key.pem, as for the docker command",
    ),
    var(
        "COMPOSE_PROJECT_NAME",
        "the own container's",
        "which compose project's services TARGET means",
    ),
    var("NAMESPACE", "the pod's own", "Kubernetes namespace"),
    var("TARGET_CONCURRENCY", "1", "targets side by side"),
    // What to dump.
    var(
        "ENGINE",
        "auto",
        "postgres, mysql, mariadb, mongodb or custom; auto looks at which dump tool the target has",
    ),
    var("DATABASES", "all", "databases to back up; comma list"),
    var(
        "EXCLUDE_DATABASES",
        "",
        "databases to leave out, * and ? allowed; comma list",
    ),
    var(
        "DB_USER",
        "from the target's environment",
        "the account that dumps",
    ),
    var("DB_PASSWORD", "from the target's environment", "its password").show(Show::Secret),
    var("DUMP_OPTIONS", "", "more arguments for the dump tool"),
    var("RESTORE_OPTIONS", "", "more arguments for the restore tool"),
    var(
        "GLOBALS",
        "true",
        "also back up roles and tablespaces (PostgreSQL), users and roles (MongoDB)",
    )
    .alias(&["POSTGRES_GLOBALS"]),
    var("POSTGRES_FORMAT", "custom", "custom (pg_dump -Fc) or plain (SQL)"),
    var(
        "MONGO_OPLOG",
        "auto",
        "MongoDB: all databases as one, with --oplog; auto: on a replica set when all are dumped",
    ),
    var(
        "MONGO_FSYNC_LOCK",
        "false",
        "MongoDB: lock writes on a standalone while each database is dumped",
    ),
    var(
        "DUMP_COMMAND",
        "",
        "custom: the command that dumps to standard output",
    )
    .show(Show::Command),
    var(
        "RESTORE_COMMAND",
        "",
        "custom: the command that restores from standard input",
    )
    .show(Show::Command),
    var(
        "DUMP_PIPEFAIL",
        "true",
        "custom: refuse a pipe that no shell there can watch",
    ),
    var("DUMP_EXTENSION", "dump", "custom: the extension of its backups"),
    // Where backups go.
    var("S3_BUCKET", "required", "the bucket").alias(&["AWS_S3_BUCKET_NAME"]),
    var("S3_PREFIX", "", "what every key begins with").alias(&["AWS_S3_PATH"]),
    var("S3_ENDPOINT", "AWS", "the store's URL or host")
        .show(Show::Url)
        .alias(&["AWS_ENDPOINT"])
        .else_from(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
    var(
        "AWS_REGION",
        "us-east-1 when an endpoint is set, else AWS's own lookup",
        "the bucket's region",
    )
    .else_from(&["AWS_DEFAULT_REGION", "S3_REGION"]),
    var("AWS_ACCESS_KEY_ID", "the AWS credential chain", "the key's id")
        .show(Show::Secret)
        .alias(&["S3_ACCESS_KEY_ID"]),
    var("AWS_SECRET_ACCESS_KEY", "the AWS credential chain", "the key")
        .show(Show::Secret)
        .alias(&["S3_SECRET_ACCESS_KEY"]),
    var(
        "AWS_SESSION_TOKEN",
        "the AWS credential chain",
        "the token of temporary keys",
    )
    .show(Show::Secret),
    var(
        "S3_PATH_STYLE",
        "true when an endpoint is set",
        "the bucket in the path, not in the host name",
    ),
    var(
        "S3_CA_FILE",
        "",
        "PEM file of certificates to trust besides the usual ones",
    ),
    var("S3_STORAGE_CLASS", "", "storage class of the dumps"),
    var("S3_SSE", "", "server-side encryption: AES256 or aws:kms"),
    var("S3_SSE_KMS_KEY_ID", "", "the KMS key of aws:kms"),
    var("S3_TAGS", "", "object tags k=v; comma list"),
    var("S3_OBJECT_LOCK_MODE", "", "GOVERNANCE or COMPLIANCE"),
    var("S3_OBJECT_LOCK_FOR", "", "how long each object stays locked"),
    var(
        "S3_CHECKSUM",
        "auto",
        "crc32, crc32c, crc64nvme, sha256, md5, none; auto: the SDK's own for AWS, else md5",
    ),
    var("S3_PART_SIZE", "auto", "size of an upload's parts, 5MiB to 5GiB"),
    var("S3_CONCURRENCY", "2", "parts in flight"),
    // When.
    var("SCHEDULE", "", "cron expression, @daily, @every 6h, …").alias(&["BACKUP_CRON_EXPRESSION"]),
    var("TZ", "UTC", "the schedule's and the rules' time zone"),
    var("SCHEDULE_JITTER", "0", "random delay up to this"),
    var("RUN_ON_START", "missed", "missed, true or false"),
    // What to keep.
    var("KEEP_LAST", "", "keep this many of the newest"),
    var("KEEP_HOURLY", "", "keep the newest of each of this many hours"),
    var("KEEP_DAILY", "", "keep the newest of each of this many days"),
    var("KEEP_WEEKLY", "", "keep the newest of each of this many weeks"),
    var("KEEP_MONTHLY", "", "keep the newest of each of this many months"),
    var("KEEP_YEARLY", "", "keep the newest of each of this many years"),
    var("KEEP_WITHIN", "", "keep all of this long before the newest"),
    var("PRUNE", "true", "false: never delete anything"),
    // The stream.
    var("COMPRESSION", "bzip2", "bzip2, zstd, gzip, xz or none"),
    var(
        "COMPRESSION_LEVEL",
        "the stock tool's",
        "bzip2 and gzip 1 to 9, zstd 1 to 19, xz 0 to 9",
    ),
    var(
        "COMPRESSION_THREADS",
        "the CPUs this container may use",
        "threads that compress",
    ),
    // Time-outs.
    var("STALL_TIMEOUT", "10m", "longest silence of the dump or the store"),
    var(
        "BACKUP_TIMEOUT",
        "24h",
        "longest backup of one database, at most 47h",
    ),
    var(
        "LOCK_WAIT_TIMEOUT",
        "5m",
        "how long the dump tool may wait for a table lock",
    ),
    // Telling.
    var(
        "LOG_LEVEL",
        "info",
        "error, warn, info, debug, trace, or a filter in tracing's syntax",
    ),
    var("LOG_FORMAT", "text", "text or json"),
    var(
        "HEALTH_ADDR",
        "127.0.0.1:9477",
        "where `run` answers `healthcheck`",
    ),
    var(
        "HEALTH_MAX_AGE",
        "two missed firings and the last run's length",
        "older than this without a whole backup: unhealthy",
    ),
];

/// The variable that has `name` among its names or their `_FILE` forms.
pub(super) fn with_name(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.has_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_means_two_things() {
        let names: Vec<_> = VARIABLES.iter().flat_map(Variable::names).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), unique.len());
    }

    #[test]
    fn secrets_also_have_file_names() {
        let of = |name| with_name(name).map(|variable| variable.name);
        assert_eq!(of("DB_PASSWORD_FILE"), Some("DB_PASSWORD"));
        assert_eq!(of("S3_SECRET_ACCESS_KEY_FILE"), Some("AWS_SECRET_ACCESS_KEY"));
        assert_eq!(of("S3_BUCKET_FILE"), None);
        assert_eq!(of("S3_CA_FILE"), Some("S3_CA_FILE"));
    }
}
