//! Configuration: the environment, validated into one typed value, or every problem at once.
//!
//! Pure: the environment and the reading of `_FILE`s are handed in.

use crate::secret::Secret;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

/// Everything lifeboat was told.
#[derive(Debug, Clone)]
pub struct Config {
    /// TARGET, never empty.
    pub targets: Vec<TargetEntry>,
    /// How the container runtime is reached.
    pub docker: Docker,
    /// What to dump, and with which words.
    pub dump: Dump,
    /// Where backups go.
    pub s3: S3,
    /// When.
    pub schedule: Schedule,
    /// What to keep.
    pub keep: Keep,
    /// PRUNE: false means that nothing is ever deleted.
    pub prune: bool,
    /// The form of the stream.
    pub stream: Stream,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// The log.
    pub log: Log,
    /// HEALTH_ADDR.
    pub health_addr: std::net::SocketAddr,
    /// HEALTH_MAX_AGE; `None`: derived from the schedule.
    pub health_max_age: Option<Duration>,
}

/// One entry of TARGET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetEntry {
    /// As written.
    pub text: String,
    /// What it means.
    pub selector: Selector,
}

/// What an entry of TARGET selects by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A container's exact name; else a compose service of the own project; else an id of 12 hex digits or more.
    Name(String),
    /// `label:KEY[=VALUE]`: every container that has it.
    Label {
        /// The label.
        key: String,
        /// Its value, when one is asked for.
        value: Option<String>,
    },
}

/// How the Docker API is reached.
#[derive(Debug, Clone, Default)]
pub struct Docker {
    /// DOCKER_HOST.
    pub host: Option<String>,
    /// DOCKER_TLS_VERIFY; empty means off, as for the docker command.
    pub tls: bool,
    /// DOCKER_CERT_PATH.
    pub cert_path: Option<PathBuf>,
    /// COMPOSE_PROJECT_NAME; `None`: the own container's.
    pub compose_project: Option<String>,
    /// TARGET_CONCURRENCY.
    pub concurrency: usize,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EngineName {
    /// PostgreSQL.
    Postgres,
    /// A command of the operator's own.
    Custom,
}

/// POSTGRES_FORMAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostgresFormat {
    /// `pg_dump -Fc`.
    #[default]
    Custom,
    /// SQL text.
    Plain,
}

/// What to dump, and with which words.
#[derive(Debug, Clone)]
pub struct Dump {
    /// ENGINE; `None`: look at which tool the target has.
    pub engine: Option<EngineName>,
    /// DATABASES; `None`: all.
    pub databases: Option<Vec<String>>,
    /// EXCLUDE_DATABASES: patterns with `*` and `?`.
    pub exclude: Vec<String>,
    /// DB_USER.
    pub user: Option<String>,
    /// DB_PASSWORD.
    pub password: Option<Secret>,
    /// DUMP_OPTIONS, split into words, each checked.
    pub dump_options: Vec<String>,
    /// RESTORE_OPTIONS, split into words, each checked.
    pub restore_options: Vec<String>,
    /// GLOBALS.
    pub globals: bool,
    /// POSTGRES_FORMAT.
    pub postgres_format: PostgresFormat,
    /// DUMP_COMMAND: may hold a secret, the operator writes it.
    pub dump_command: Option<Secret>,
    /// RESTORE_COMMAND.
    pub restore_command: Option<Secret>,
    /// DUMP_EXTENSION.
    pub dump_extension: Option<String>,
}

/// Where backups go.
#[derive(Debug, Clone)]
pub struct S3 {
    /// S3_BUCKET.
    pub bucket: String,
    /// S3_PREFIX without slashes at its ends; empty for none.
    pub prefix: String,
    /// The endpoint as a URL; `None`: AWS.
    pub endpoint: Option<String>,
    /// The endpoint was given without `http://` or `https://`.
    pub endpoint_scheme_guessed: bool,
    /// The region; `None`: the SDK's own chain.
    pub region: Option<String>,
    /// Static keys; `None`: the credential chain.
    pub credentials: Option<Credentials>,
    /// S3_PATH_STYLE.
    pub path_style: bool,
    /// S3_CA_FILE's content (PEM).
    pub ca_pem: Option<Vec<u8>>,
    /// S3_STORAGE_CLASS, for dumps.
    pub storage_class: Option<String>,
    /// S3_SSE (`AES256`, `aws:kms`).
    pub sse: Option<String>,
    /// S3_SSE_KMS_KEY_ID.
    pub sse_kms_key_id: Option<String>,
    /// S3_TAGS.
    pub tags: Vec<(String, String)>,
    /// S3_OBJECT_LOCK_MODE and S3_OBJECT_LOCK_FOR, always together.
    pub object_lock: Option<(ObjectLockMode, Duration)>,
    /// S3_CHECKSUM, `auto` resolved.
    pub checksum: Checksum,
    /// S3_PART_SIZE in bytes; `None`: auto.
    pub part_bytes: Option<u64>,
    /// S3_CONCURRENCY.
    pub concurrency: usize,
}

/// Keys of an account at the store.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// AWS_ACCESS_KEY_ID.
    pub access_key_id: Secret,
    /// AWS_SECRET_ACCESS_KEY.
    pub secret_access_key: Secret,
    /// AWS_SESSION_TOKEN.
    pub session_token: Option<Secret>,
}

/// S3_OBJECT_LOCK_MODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectLockMode {
    /// Can be lifted with a permission of its own.
    Governance,
    /// Cannot be lifted by anybody.
    Compliance,
}

/// What goes with an upload so that the store can check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// The SDK's own choice: for AWS.
    Sdk,
    /// `x-amz-checksum-crc32`.
    Crc32,
    /// `x-amz-checksum-crc32c`.
    Crc32c,
    /// `x-amz-checksum-crc64nvme`.
    Crc64Nvme,
    /// `x-amz-checksum-sha256`.
    Sha256,
    /// `Content-MD5`, which nearly every store knows.
    Md5,
    /// Nothing.
    None,
}

/// When to back up.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// SCHEDULE as written, checked to be one; `None`: one run.
    pub expression: Option<String>,
    /// TZ.
    pub zone: TimeZone,
    /// SCHEDULE_JITTER.
    pub jitter: Duration,
    /// RUN_ON_START.
    pub on_start: OnStart,
}

/// RUN_ON_START.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnStart {
    /// When no whole backup is younger than the schedule's last firing.
    #[default]
    Missed,
    /// Also at start, unless one is younger than half the interval.
    Always,
    /// Never.
    Never,
}

/// The KEEP_* rules. All `None`: no whole backup is ever deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// KEEP_LAST.
    pub last: Option<u32>,
    /// KEEP_HOURLY.
    pub hourly: Option<u32>,
    /// KEEP_DAILY.
    pub daily: Option<u32>,
    /// KEEP_WEEKLY.
    pub weekly: Option<u32>,
    /// KEEP_MONTHLY.
    pub monthly: Option<u32>,
    /// KEEP_YEARLY.
    pub yearly: Option<u32>,
    /// KEEP_WITHIN, counted back from the newest backup.
    pub within: Option<Duration>,
}

/// The form of the stored stream.
#[derive(Debug, Clone)]
pub struct Stream {
    /// COMPRESSION.
    pub compression: Compression,
    /// COMPRESSION_LEVEL, `auto` resolved.
    pub level: u32,
    /// COMPRESSION_THREADS; `None`: the CPUs this container may use, fewer where its memory is small.
    pub threads: Option<usize>,
}

/// COMPRESSION.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// bzip2, as independent streams.
    Bzip2,
    /// As the tool printed it.
    None,
}

impl Compression {
    /// The name, as in COMPRESSION and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bzip2 => "bzip2",
            Self::None => "none",
        }
    }

    /// The last part of a key: `Some("bz2")`.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Bzip2 => Some("bz2"),
            Self::None => None,
        }
    }
}

/// Time-outs.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// STALL_TIMEOUT.
    pub stall: Duration,
    /// BACKUP_TIMEOUT.
    pub backup: Duration,
    /// LOCK_WAIT_TIMEOUT.
    pub lock_wait: Duration,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    /// LOG_LEVEL: a level or a filter.
    pub level: String,
    /// LOG_FORMAT=json.
    pub json: bool,
}
