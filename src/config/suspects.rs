//! Names that are no variable of lifeboat but look as if somebody meant one.
//!
//! A misspelt `SCHEDULE` or `KEEP_*` is an error: the one means no backups, the other deletes too little or, with
//! the rest of the rules, too much. Everything else is a warning. The ordinary environment of a container is left
//! alone: an alarm that is always false teaches to read over it.

use super::problems::Report;
use super::variables::{VARIABLES, Variable, with_name};

/// Names of other tools and of habit, with what they are here.
const ELSEWHERE: &[(&str, &[&str])] = &[
    (
        "SCHEDULE",
        &[
            "CRON",
            "CRON_SCHEDULE",
            "CRON_EXPRESSION",
            "CRON_TIME",
            "BACKUP_CRON",
            "BACKUP_CRON_SCHEDULE",
            "BACKUP_SCHEDULE",
            "BACKUP_INTERVAL",
            "BACKUP_FREQUENCY",
            "DB_DUMP_CRON",
            "DB_DUMP_FREQ",
            "DB_DUMP_INTERVAL",
        ],
    ),
    (
        "S3_BUCKET",
        &["S3_BUCKET_NAME", "AWS_BUCKET", "AWS_BUCKET_NAME", "AWS_S3_BUCKET"],
    ),
    ("S3_PREFIX", &["S3_PATH", "S3_FOLDER", "S3_DIR", "AWS_S3_PREFIX"]),
    (
        "S3_ENDPOINT",
        &[
            "S3_HOST",
            "S3_URL",
            "S3_ENDPOINT_URL",
            "AWS_S3_ENDPOINT",
            "AWS_S3_ENDPOINT_URL",
        ],
    ),
    (
        "AWS_ACCESS_KEY_ID",
        &["AWS_ACCESS_KEY", "S3_ACCESS_KEY", "S3_KEY_ID"],
    ),
    (
        "AWS_SECRET_ACCESS_KEY",
        &["AWS_SECRET_KEY", "S3_SECRET_KEY", "S3_SECRET"],
    ),
    ("S3_PATH_STYLE", &["S3_FORCE_PATH_STYLE", "S3_USE_PATH_STYLE"]),
    (
        "DUMP_OPTIONS",
        &["POSTGRES_EXTRA_OPTS", "PGDUMP_EXTRA_OPTS", "PG_DUMP_OPTIONS"],
    ),
];

/// Names of other tools' rules that [`is_a_rule`] does not know by their words.
const RULES: &[&str] = &[
    "DELETE_OLDER_THAN",
    "DB_CLEANUP_TIME",
    "DEFAULT_CLEANUP_TIME",
    "CLEANUP_TIME",
    "MAX_BACKUPS",
    "BACKUP_MAX_COUNT",
    "RESTIC_FORGET_ARGS",
];

/// What other tools encrypt with: who sets it believes that backups are encrypted.
const ENCRYPTION: &[&str] = &[
    "PASSPHRASE",
    "GPG_PASSPHRASE",
    "GPG_PUBLIC_KEY_RING",
    "ENCRYPTION_PASSWORD",
    "ENCRYPTION_PASSPHRASE",
    "BACKUP_PASSPHRASE",
    "AGE_PASSPHRASE",
    "AGE_PUBLIC_KEYS",
    "AGE_RECIPIENT",
    "AGE_RECIPIENTS",
];

/// Near enough to names of ours, and the SDK's own.
const ORDINARY: &[&str] = &[
    "AWS_ACCOUNT_ID",
    "AWS_CA_BUNDLE",
    "AWS_EXECUTION_ENV",
    "AWS_SECURITY_TOKEN",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_TLS",
    "DB_HOST",
    "DB_NAME",
    "DB_PORT",
];

/// No other program's variables begin so.
const PREFIXES: &[&str] = &[
    "S3_",
    "KEEP_",
    "SCHEDULE_",
    "DUMP_",
    "RESTORE_",
    "COMPRESSION_",
    "LIFEBOAT_",
];

/// Reports each of `names`, none of which is a variable of lifeboat, that looks like one. Values are not known here.
pub(super) fn look_at(names: &[String], report: &mut Report) {
    for name in names {
        let upper = name.to_ascii_uppercase().replace('-', "_");
        if is_ordinary(&upper) {
            continue;
        }
        if let Some(suspicion) = suspect(name, &upper) {
            suspicion.tell(name, report);
        }
    }
}

enum Suspicion {
    /// Meant for this one.
    Meant(&'static str),
    /// Has no `_FILE` form.
    NoFile(&'static str),
    /// A rule of another tool, with the rule here.
    Rule(&'static str),
    Encryption,
    /// Begins like ours, resembles none.
    Stranger,
}

fn suspect(name: &str, upper: &str) -> Option<Suspicion> {
    if name != upper
        && let Some(meant) = own_name(upper)
    {
        return Some(Suspicion::Meant(meant));
    }
    if let Some(bare) = upper.strip_prefix("LIFEBOAT_")
        && let Some(meant) = own_name(bare)
    {
        return Some(Suspicion::Meant(meant));
    }
    if let Some((meant, _)) = ELSEWHERE.iter().find(|(_, names)| names.contains(&upper)) {
        return Some(Suspicion::Meant(meant));
    }
    if upper.starts_with("S3_OBJECT_LOCK") {
        return Some(Suspicion::Meant(
            nearest(upper, usize::MAX).unwrap_or("S3_OBJECT_LOCK_FOR"),
        ));
    }
    if let Some(variable) = upper.strip_suffix("_FILE").and_then(own_name) {
        return Some(Suspicion::NoFile(variable));
    }
    // Before the rules of others: KEEP_DAILLY is ours, KEEP_DAYS is not.
    if let Some(meant) = nearest(upper, tolerance(upper)) {
        return Some(Suspicion::Meant(meant));
    }
    if let Some(rule) = rule(upper) {
        return Some(Suspicion::Rule(rule));
    }
    if ENCRYPTION.contains(&upper) {
        return Some(Suspicion::Encryption);
    }
    if upper.starts_with("SCHEDULE_") {
        return Some(Suspicion::Meant("SCHEDULE"));
    }
    PREFIXES
        .iter()
        .any(|prefix| upper.starts_with(prefix))
        .then_some(Suspicion::Stranger)
}

impl Suspicion {
    fn tell(&self, name: &str, report: &mut Report) {
        // Names come from anywhere: bounded and one line, as values are.
        let name = super::show::Show::Plain.setting(name);
        let unknown = "is no variable of lifeboat";
        match self {
            Self::Meant(meant) if is_dangerous(meant) => {
                report.problem(&name, unknown, format!("did you mean {meant}?"));
            }
            Self::Meant(meant) => report.warn(format!("{name} {unknown}: did you mean {meant}?")),
            Self::NoFile(variable) if is_dangerous(variable) => report.problem(
                &name,
                unknown,
                format!("{variable} has no _FILE form: write its value into {variable}"),
            ),
            Self::NoFile(variable) => {
                report.warn(format!("{name} {unknown}: {variable} has no _FILE form"));
            }
            Self::Rule(rule) => report.problem(
                &name,
                "is another tool's rule for old backups",
                format!("{rule}; rules are never guessed, they delete"),
            ),
            Self::Encryption => report.warn(format!(
                "{name} {unknown}: this version does not encrypt backups itself (see S3_SSE)"
            )),
            Self::Stranger => report.warn(format!("{name} {unknown}, and has no effect")),
        }
    }
}

/// What must not go unnoticed: no backups, or other deletions than meant.
fn is_dangerous(variable: &str) -> bool {
    variable.starts_with("KEEP_")
        || variable.starts_with("SCHEDULE")
        || ["PRUNE", "BACKUP_CRON_EXPRESSION"].contains(&variable)
}

/// The table's own spelling of a name of ours.
fn own_name(name: &str) -> Option<&'static str> {
    let known = with_name(name)?;
    Some(known.names().find(|own| *own == name).unwrap_or(known.name))
}

fn tolerance(name: &str) -> usize {
    match name.len() {
        0..=4 => 0,
        5..=7 => 1,
        _ => 2,
    }
}

fn nearest(name: &str, tolerance: usize) -> Option<&'static str> {
    VARIABLES
        .iter()
        .flat_map(Variable::names)
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, known)| *distance <= tolerance && known.len() > 4)
        .min()
        .map(|(_, known)| known)
}

/// What another tool's rule for old backups is here; `None`: it is none.
fn rule(name: &str) -> Option<&'static str> {
    if !is_a_rule(name) {
        return None;
    }
    let has = |words: &[&str]| name.split('_').any(|word| words.contains(&word));
    Some(if has(&["DAY", "DAYS", "DAILY"]) {
        "use KEEP_DAILY (the newest of each of N days) or KEEP_WITHIN=Nd (all of the last N days)"
    } else if has(&["WEEK", "WEEKS", "WEEKLY"]) {
        "use KEEP_WEEKLY (the newest of each of N weeks) or KEEP_WITHIN=Nw (all of the last N weeks)"
    } else if has(&["MONTH", "MONTHS", "MONTHLY"]) {
        "use KEEP_MONTHLY (the newest of each of N months)"
    } else if has(&["YEAR", "YEARS", "YEARLY"]) {
        "use KEEP_YEARLY (the newest of each of N years)"
    } else if has(&[
        "MIN", "MINS", "MINUTES", "HOUR", "HOURS", "TIME", "AGE", "OLDER", "PERIOD",
    ]) {
        "use KEEP_WITHIN (all of the last 36h, 7d or 4w)"
    } else if has(&["NUM", "NUMBER", "COUNT", "LAST", "MAX", "COPIES", "N"]) {
        "use KEEP_LAST (the newest N)"
    } else {
        "use KEEP_LAST (the newest N), KEEP_DAILY and its like, or KEEP_WITHIN (all of the last 7d)"
    })
}

/// A word for keeping or deleting, next to one for backups. Servers rotate and expire other things too.
fn is_a_rule(name: &str) -> bool {
    const KEEPING: &[&str] = &[
        "KEEP",
        "RETAIN",
        "RETENTION",
        "CLEANUP",
        "PRUNE",
        "PRUNING",
        "EXPIRE",
        "EXPIRY",
        "ROTATE",
        "ROTATION",
        "OLDER",
    ];
    const BACKUPS: &[&str] = &[
        "BACKUP",
        "BACKUPS",
        "DUMP",
        "DUMPS",
        "SNAPSHOT",
        "SNAPSHOTS",
        "S3",
        "DELETE",
    ];
    let words: Vec<&str> = name.split('_').collect();
    RULES.contains(&name)
        || name.ends_with("_CLEANUP_TIME")
        || ["KEEP", "RETAIN", "RETENTION"].contains(&words[0])
        || (words.iter().any(|word| KEEPING.contains(word))
            && words.iter().any(|word| BACKUPS.contains(word)))
}

/// What containers, AWS and Kubernetes set by themselves; a service called `s3` makes `S3_PORT_9000_TCP`.
fn is_ordinary(name: &str) -> bool {
    let service_link = name.ends_with("_SERVICE_HOST")
        || name.ends_with("_PORT")
        || name.contains("_SERVICE_PORT")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| {
            rest.starts_with(|c: char| c.is_ascii_digit()) && (rest.contains("_TCP") || rest.contains("_UDP"))
        });
    // AWS_ENDPOINT_URL_SNS is as near to AWS_ENDPOINT_URL_S3 as a slip of the finger.
    let other_service = name.starts_with("AWS_ENDPOINT_URL_");
    service_link || other_service || ORDINARY.contains(&name) || name.contains("KEEP_ALIVE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(name: &str) -> Result<Vec<String>, String> {
        let mut report = Report::default();
        look_at(&[name.to_owned()], &mut report);
        report.finish().map_err(|problems| problems.to_string())
    }

    fn meant(name: &str, meant: &str) {
        let warning = format!("{name} is no variable of lifeboat: did you mean {meant}?");
        assert_eq!(look(name), Ok(vec![warning]));
    }

    fn refused(name: &str, meant: &str) {
        let error = format!("{name}: is no variable of lifeboat; did you mean {meant}?");
        assert_eq!(look(name), Err(error));
    }

    #[test]
    fn misspelt_names_are_said() {
        meant("S3_BUKCET", "S3_BUCKET");
        meant("s3_bucket", "S3_BUCKET");
        meant("s3-bucket", "S3_BUCKET");
        meant("LIFEBOAT_TARGET", "TARGET");
        meant("aws_s3_path", "AWS_S3_PATH");
        meant("LIFEBOAT_S3_REGION", "S3_REGION");
        meant("TARGETS", "TARGET");
        meant("DATABASE", "DATABASES");
        meant("AWS_ACCES_KEY_ID", "AWS_ACCESS_KEY_ID");
        meant("AWS_S3_BUCKET", "S3_BUCKET");
        meant("S3_ENDPOINT_URL", "S3_ENDPOINT");
        meant("S3_SECRET_KEY", "AWS_SECRET_ACCESS_KEY");
        meant("S3_OBJECT_LOCK_MODUS", "S3_OBJECT_LOCK_MODE");
        meant("COMPRESSION_LEVELS", "COMPRESSION_LEVEL");
        assert_eq!(
            look("S3_BUCKET_FILE"),
            Ok(vec![
                "S3_BUCKET_FILE is no variable of lifeboat: S3_BUCKET has no _FILE form".to_owned()
            ])
        );
        assert_eq!(
            look("S3_COLOUR"),
            Ok(vec![
                "S3_COLOUR is no variable of lifeboat, and has no effect".to_owned()
            ])
        );
        assert_eq!(
            look("GPG_PASSPHRASE"),
            Ok(vec![
                "GPG_PASSPHRASE is no variable of lifeboat: this version does not encrypt backups itself (see \
                 S3_SSE)"
                    .to_owned()
            ])
        );
    }

    #[test]
    fn near_schedules_and_rules_it_is_an_error() {
        refused("SCHEDULES", "SCHEDULE");
        refused("SHEDULE", "SCHEDULE");
        refused("schedule", "SCHEDULE");
        refused("SCHEDULE_CRON", "SCHEDULE");
        refused("BACKUP_SCHEDULE", "SCHEDULE");
        refused("SCHEDULE_JITER", "SCHEDULE_JITTER");
        refused("KEEP_DAILLY", "KEEP_DAILY");
        refused("KEEP_WEEKLEY", "KEEP_WEEKLY");
        refused("LIFEBOAT_KEEP_LAST", "KEEP_LAST");
        refused("KEEP_YEARS", "KEEP_YEARLY");
        refused("PRUNES", "PRUNE");
        assert_eq!(
            look("SCHEDULE_FILE"),
            Err(
                "SCHEDULE_FILE: is no variable of lifeboat; SCHEDULE has no _FILE form: write its value into \
                 SCHEDULE"
                    .to_owned()
            )
        );
    }

    #[test]
    fn rules_of_other_tools_are_errors_that_name_ours() {
        for (name, rule) in [
            ("BACKUP_KEEP_DAYS", "KEEP_DAILY"),
            ("BACKUP_RETENTION_DAYS", "KEEP_WITHIN=Nd"),
            ("RETENTION_DAYS", "KEEP_WITHIN=Nd"),
            ("KEEP_DAYS", "KEEP_DAILY"),
            ("BACKUP_KEEP_WEEKS", "KEEP_WEEKLY"),
            ("BACKUP_KEEP_MONTHS", "KEEP_MONTHLY"),
            ("KEEP_FOR_YEARS", "KEEP_YEARLY"),
            ("BACKUP_KEEP_MINS", "KEEP_WITHIN"),
            ("BACKUP_NUM_KEEP", "KEEP_LAST"),
            ("DELETE_OLDER_THAN", "KEEP_WITHIN"),
            ("DB_CLEANUP_TIME", "KEEP_WITHIN"),
            ("DB01_CLEANUP_TIME", "KEEP_WITHIN"),
            ("MAX_BACKUPS", "KEEP_LAST"),
            ("BACKUP_RETENTION", "KEEP_LAST"),
            ("S3_RETENTION_DAYS", "KEEP_DAILY"),
            ("BACKUP_PRUNING_PREFIX", "KEEP_LAST"),
            ("KEEP", "KEEP_LAST"),
        ] {
            let error = look(name).err().unwrap_or_default();
            assert!(
                error.starts_with(&format!(
                    "{name}: is another tool's rule for old backups; use KEEP_"
                )),
                "{name}: {error}"
            );
            assert!(error.contains(rule), "{name}: {error}");
        }
        assert_eq!(
            look("BACKUP_KEEP_DAYS"),
            Err(
                "BACKUP_KEEP_DAYS: is another tool's rule for old backups; use KEEP_DAILY (the newest of each of N \
                 days) or KEEP_WITHIN=Nd (all of the last N days); rules are never guessed, they delete"
                    .to_owned()
            )
        );
    }

    #[test]
    fn an_ordinary_environment_is_left_alone() {
        for name in [
            "PATH HOME HOSTNAME TERM PWD SHLVL LANG LC_ALL USER SHELL _ EDITOR HTTP_PROXY https_proxy NO_PROXY",
            "AWS_PROFILE AWS_ROLE_ARN AWS_ROLE_SESSION_NAME AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_EC2_METADATA_DISABLED AWS_STS_REGIONAL_ENDPOINTS AWS_CA_BUNDLE AWS_RETRY_MODE AWS_MAX_ATTEMPTS",
            "AWS_REQUEST_CHECKSUM_CALCULATION AWS_ENDPOINT_URL_SNS AWS_ACCOUNT_ID AWS_SECURITY_TOKEN",
            "KUBERNETES_SERVICE_HOST KUBERNETES_PORT_443_TCP_ADDR S3_SERVICE_HOST S3_PORT S3_PORT_9000_TCP",
            "S3_SERVICE_PORT_HTTP LIFEBOAT_SERVICE_HOST LIFEBOAT_PORT_9477_TCP_PROTO TARGET_PORT",
            "POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_HOST PGDATA PGHOST PGUSER PGPASSWORD PG_VERSION",
            "MYSQL_ROOT_PASSWORD MYSQL_BINLOG_EXPIRE_LOGS_SECONDS MONGO_INITDB_ROOT_USERNAME DB_HOST DB_NAME DB_PORT",
            "DATABASE_URL REDIS_URL RUST_LOG RUST_BACKTRACE SSL_CERT_FILE SSL_CERT_DIR TZDIR DEBUG PORT NODE_ENV",
            "DOCKER_API_VERSION DOCKER_CONFIG DOCKER_CONTEXT COMPOSE_FILE COMPOSE_PROFILES INVOCATION_ID",
            "HTTP_KEEP_ALIVE KEEP_ALIVE PG_KEEPALIVES_IDLE LOG_DIR LOG_FILE LOGNAME POD_NAME POD_NAMESPACE NODE_NAME",
            "container",
        ]
        .iter()
        .flat_map(|line| line.split(' '))
        {
            assert_eq!(look(name), Ok(vec![]), "{name}");
        }
    }
}
