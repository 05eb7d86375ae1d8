//! What each stored object carries besides its bytes: storage class, encryption, tags, lock.

use super::env::Given;
use super::problems::Report;
use super::show::quoted;
use super::values::{Choices, list};
use serde::Deserialize;
use std::time::Duration;

/// `S3_OBJECT_LOCK_MODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectLockMode {
    /// Can be lifted with a permission of its own.
    Governance,
    /// Cannot be lifted by anybody.
    Compliance,
}

/// What goes into [`super::S3`].
pub(super) struct Object {
    pub(super) storage_class: Option<String>,
    pub(super) sse: Option<String>,
    pub(super) sse_kms_key_id: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) lock: Option<(ObjectLockMode, Duration)>,
}

#[derive(Deserialize, Default)]
#[expect(clippy::struct_field_names, reason = "they are the variables' names")]
struct Raw {
    s3_storage_class: Option<String>,
    s3_sse: Option<String>,
    s3_sse_kms_key_id: Option<String>,
    s3_tags: Option<String>,
    s3_object_lock_mode: Option<String>,
    s3_object_lock_for: Option<String>,
}

const SSES: Choices<&str> = Choices {
    offered: &[("AES256", "AES256"), ("aws:kms", "aws:kms")],
    not_yet: &[],
};

const LOCK_MODES: Choices<ObjectLockMode> = Choices {
    offered: &[
        ("GOVERNANCE", ObjectLockMode::Governance),
        ("COMPLIANCE", ObjectLockMode::Compliance),
    ],
    not_yet: &[],
};

pub(super) fn read(given: &Given, report: &mut Report) -> Object {
    let raw: Raw = given.part(report);
    let sse = report.choice("S3_SSE", raw.s3_sse.as_deref(), &SSES);
    let sse_kms_key_id = report.line("S3_SSE_KMS_KEY_ID", raw.s3_sse_kms_key_id);
    // A wrong S3_SSE is a problem of its own.
    let sse_is_wrong = sse.is_none() && raw.s3_sse.is_some();
    if sse_kms_key_id.is_some() && sse != Some("aws:kms") && !sse_is_wrong {
        report.problem(
            "S3_SSE_KMS_KEY_ID",
            "is set without S3_SSE=aws:kms",
            "set S3_SSE=aws:kms, or leave the key unset",
        );
    }
    Object {
        storage_class: storage_class(raw.s3_storage_class, report),
        sse: sse.map(str::to_owned),
        sse_kms_key_id,
        tags: tags(raw.s3_tags.as_deref(), report),
        lock: lock(
            raw.s3_object_lock_mode.as_deref(),
            raw.s3_object_lock_for.as_deref(),
            report,
        ),
    }
}

fn storage_class(text: Option<String>, report: &mut Report) -> Option<String> {
    let text = text?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.len() > 64 || !text.chars().all(letters) {
        let what = format!("{} is not a storage class", quoted(&text));
        report.problem("S3_STORAGE_CLASS", what, "write one such as STANDARD_IA");
        return None;
    }
    if ["GLACIER", "DEEP_ARCHIVE"].contains(&text.as_str()) {
        report.warn(format!(
            "S3_STORAGE_CLASS={text}: a backup must be thawed by the store, which takes hours, before it can be \
             restored"
        ));
    }
    Some(text)
}

fn tags(text: Option<&str>, report: &mut Report) -> Vec<(String, String)> {
    const VARIABLE: &str = "S3_TAGS";
    const HINT: &str = "write at most 10 tags as k=v,k=v, of letters, digits, spaces and + - = . _ : / @";
    let mut tags: Vec<(String, String)> = Vec::new();
    for entry in list(text.unwrap_or_default()) {
        let (key, value) = match entry.split_once('=') {
            Some((key, value)) => (key.trim(), value.trim()),
            None => ("", ""),
        };
        let letters = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
        let what = if key.is_empty() {
            "is not k=v"
        } else if key.starts_with("aws:") {
            "begins with aws:, which is AWS's own"
        } else if key.chars().count() > 128 || value.chars().count() > 256 {
            "is longer than the 128 and 256 characters of a tag"
        } else if !entry.chars().all(letters) {
            "has characters that a tag cannot have"
        } else if tags.iter().any(|(known, _)| known == key) {
            "names its key a second time"
        } else {
            tags.push((key.to_owned(), value.to_owned()));
            continue;
        };
        report.problem(VARIABLE, format!("{} {what}", quoted(&entry)), HINT);
    }
    if tags.len() > 10 {
        report.problem(VARIABLE, format!("has {} tags", tags.len()), HINT);
    }
    tags
}

fn lock(
    mode: Option<&str>,
    keep_for: Option<&str>,
    report: &mut Report,
) -> Option<(ObjectLockMode, Duration)> {
    match (mode, keep_for) {
        (Some(_), None) => report.problem(
            "S3_OBJECT_LOCK_FOR",
            "is missing: S3_OBJECT_LOCK_MODE is set",
            "say for how long, such as 30d",
        ),
        (None, Some(_)) => report.problem(
            "S3_OBJECT_LOCK_MODE",
            "is missing: S3_OBJECT_LOCK_FOR is set",
            "write GOVERNANCE or COMPLIANCE",
        ),
        _ => {}
    }
    let mode = report.choice("S3_OBJECT_LOCK_MODE", mode, &LOCK_MODES);
    let keep_for = report.lasting("S3_OBJECT_LOCK_FOR", keep_for);
    Some((mode?, keep_for?))
}
