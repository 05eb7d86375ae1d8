//! Where backups go.

use super::credentials::{self, Credentials};
use super::endpoint;
use super::env::{Given, ReadFile};
use super::object::{self, ObjectLockMode};
use super::problems::Report;
use super::show::quoted;
use super::values::Choices;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// Where backups go.
#[derive(Debug, Clone)]
pub struct S3 {
    /// `S3_BUCKET`.
    pub bucket: String,
    /// `S3_PREFIX` without slashes at its ends; empty for none.
    pub prefix: String,
    /// The endpoint as a URL; `None`: AWS.
    pub endpoint: Option<String>,
    /// The endpoint was given without `http://` or `https://`.
    pub endpoint_scheme_guessed: bool,
    /// The region; `None`: the SDK's own chain.
    pub region: Option<String>,
    /// Static keys; `None`: the credential chain.
    pub credentials: Option<Credentials>,
    /// `S3_PATH_STYLE`.
    pub path_style: bool,
    /// The content of `S3_CA_FILE` (PEM).
    pub ca_pem: Option<Vec<u8>>,
    /// `S3_STORAGE_CLASS`, for dumps.
    pub storage_class: Option<String>,
    /// `S3_SSE` (`AES256`, `aws:kms`).
    pub sse: Option<String>,
    /// `S3_SSE_KMS_KEY_ID`.
    pub sse_kms_key_id: Option<String>,
    /// `S3_TAGS`.
    pub tags: Vec<(String, String)>,
    /// `S3_OBJECT_LOCK_MODE` and `S3_OBJECT_LOCK_FOR`, always together.
    pub object_lock: Option<(ObjectLockMode, Duration)>,
    /// `S3_CHECKSUM`, `auto` resolved.
    pub checksum: Checksum,
    /// `S3_PART_SIZE` in bytes; `None`: auto.
    pub part_bytes: Option<u64>,
    /// `S3_CONCURRENCY`.
    pub concurrency: usize,
    /// Targets side by side, each with so many parts: they share the line.
    pub side_by_side: usize,
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

#[derive(Deserialize, Default)]
struct Raw {
    s3_bucket: Option<String>,
    s3_prefix: Option<String>,
    s3_endpoint: Option<String>,
    aws_region: Option<String>,
    s3_path_style: Option<String>,
    s3_ca_file: Option<String>,
    s3_checksum: Option<String>,
    s3_part_size: Option<String>,
    s3_concurrency: Option<String>,
}

const CHECKSUMS: Choices<Option<Checksum>> = Choices {
    offered: &[
        ("auto", None),
        ("crc32", Some(Checksum::Crc32)),
        ("crc32c", Some(Checksum::Crc32c)),
        ("crc64nvme", Some(Checksum::Crc64Nvme)),
        ("sha256", Some(Checksum::Sha256)),
        ("md5", Some(Checksum::Md5)),
        ("none", Some(Checksum::None)),
    ],
    not_yet: &[],
};

/// What the S3 API allows for a part.
const PART_BYTES: std::ops::RangeInclusive<u64> = (5 << 20)..=(5 << 30);

/// `side_by_side` is `TARGET_CONCURRENCY`.
pub(super) fn read(given: &Given, read_file: ReadFile<'_>, side_by_side: usize, report: &mut Report) -> S3 {
    let raw: Raw = given.part(report);
    let endpoint_given = raw.s3_endpoint.is_some();
    let endpoint = endpoint::read(raw.s3_endpoint.as_deref(), report);
    let bucket = bucket(raw.s3_bucket, report);
    if let Some(endpoint) = &endpoint
        && !bucket.is_empty()
        && !["s3", "minio", "storage"].contains(&bucket.as_str())
        && endpoint.host().starts_with(&format!("{bucket}."))
    {
        report.warn("S3_ENDPOINT begins with the bucket's name: it should be the address of the store alone");
    }
    let object = object::read(given, report);
    let checksum = report
        .choice("S3_CHECKSUM", raw.s3_checksum.as_deref(), &CHECKSUMS)
        .flatten();
    if checksum == Some(Checksum::None) && object.lock.is_some() {
        report.problem(
            "S3_CHECKSUM",
            "none does not go with S3_OBJECT_LOCK_MODE: stores refuse locked uploads without a checksum",
            "leave it unset, or write md5",
        );
    }
    S3 {
        bucket,
        prefix: prefix(raw.s3_prefix.as_deref(), report),
        endpoint_scheme_guessed: endpoint.as_ref().is_some_and(|endpoint| endpoint.scheme_guessed),
        endpoint: endpoint.map(|endpoint| endpoint.url),
        region: region(raw.aws_region, report).or(endpoint_given.then(|| "us-east-1".to_owned())),
        credentials: credentials::read(given, report),
        path_style: report
            .boolean("S3_PATH_STYLE", raw.s3_path_style.as_deref())
            .unwrap_or(endpoint_given),
        ca_pem: ca_pem(raw.s3_ca_file.as_deref(), read_file, report),
        storage_class: object.storage_class,
        sse: object.sse,
        sse_kms_key_id: object.sse_kms_key_id,
        tags: object.tags,
        object_lock: object.lock,
        checksum: checksum.unwrap_or(if endpoint_given {
            Checksum::Md5
        } else {
            Checksum::Sdk
        }),
        part_bytes: raw
            .s3_part_size
            .as_deref()
            .filter(|text| !text.eq_ignore_ascii_case("auto"))
            .and_then(|text| report.size("S3_PART_SIZE", Some(text), PART_BYTES)),
        concurrency: report
            .number("S3_CONCURRENCY", raw.s3_concurrency.as_deref(), 1..=64)
            .unwrap_or(2),
        side_by_side,
    }
}

fn bucket(text: Option<String>, report: &mut Report) -> String {
    const VARIABLE: &str = "S3_BUCKET";
    let Some(text) = text else {
        report.problem(VARIABLE, "is required", "set it to the bucket's name");
        return String::new();
    };
    let letters = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let (what, hint) = if text.starts_with("arn:") {
        (
            "is an ARN",
            "write the bucket's name, or the access point's alias",
        )
    } else if text.contains("://") || text.contains('/') {
        (
            "is more than a bucket's name",
            "write the name alone; a folder goes into S3_PREFIX, an address into S3_ENDPOINT",
        )
    } else if !(3..=255).contains(&text.len()) || !text.chars().all(letters) {
        (
            "is not a bucket's name",
            "write 3 to 63 lower-case letters, digits, dots and dashes",
        )
    } else {
        return text;
    };
    report.problem(VARIABLE, format!("{} {what}", quoted(&text)), hint);
    String::new()
}

fn prefix(text: Option<&str>, report: &mut Report) -> String {
    let prefix = text.unwrap_or_default().trim_matches('/');
    let what = if prefix.contains("://") {
        "is an address"
    } else if prefix.chars().any(char::is_control) {
        "has a line break or another control character"
    } else if prefix.contains("//") {
        "has an empty folder in it"
    } else if prefix.split('/').any(|folder| folder == "." || folder == "..") {
        "has a . or .. in it"
    } else if prefix.len() > 512 {
        "is longer than 512 bytes"
    } else {
        return prefix.to_owned();
    };
    let what = format!("{} {what}", quoted(prefix));
    report.problem("S3_PREFIX", what, "write folders such as backups/production");
    String::new()
}

fn region(text: Option<String>, report: &mut Report) -> Option<String> {
    let text = text?;
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.chars().all(letters) {
        let what = format!("{} is not a region", quoted(&text));
        report.problem("AWS_REGION", what, "write one such as eu-central-1");
        return None;
    }
    Some(text)
}

fn ca_pem(path: Option<&str>, read_file: ReadFile<'_>, report: &mut Report) -> Option<Vec<u8>> {
    let path = path?;
    let shown = quoted(path);
    let (what, hint) = match read_file(Path::new(path)) {
        Err(error) => (
            format!("{shown} cannot be read ({})", error.kind()),
            "check the path, the mount and its permissions",
        ),
        Ok(pem) if !contains(&pem, b"-----BEGIN CERTIFICATE-----") => (
            format!("{shown} holds no PEM certificate"),
            "write the path of a file that has -----BEGIN CERTIFICATE----- in it",
        ),
        Ok(pem) => return Some(pem),
    };
    report.problem("S3_CA_FILE", what, hint);
    None
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
