//! What the operator does next after the usual first failures.

use crate::config::{self, Checksum};

/// A request the store refused.
pub(super) struct Refusal<'a> {
    pub(super) operation: &'static str,
    pub(super) status: u16,
    /// S3's error code; empty when there was none.
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    /// Where AWS says that the bucket is.
    pub(super) bucket_region: Option<&'a str>,
}

pub(super) fn refused(config: &config::S3, refusal: &Refusal) -> Option<String> {
    let Refusal {
        operation,
        status,
        code,
        message,
        bucket_region,
    } = *refusal;
    let lower = message.to_lowercase();
    let bucket = &config.bucket;
    Some(match (code, status) {
        ("NoSuchBucket", _) => no_such_bucket(config),
        ("NotFound" | "", 404) if operation.starts_with("List") => no_such_bucket(config),
        ("InvalidAccessKeyId" | "NotSignedUp" | "XAdminUserNotFound", _) => {
            "the store does not know AWS_ACCESS_KEY_ID: keys of another store or account, or deleted".to_owned()
        }
        ("InvalidToken", _) => {
            "the store does not know AWS_SESSION_TOKEN: of other keys than the two beside it, or the store takes none"
                .to_owned()
        }
        ("SignatureDoesNotMatch", _) => {
            "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID (a cut or quoted value?), or a proxy changes \
             the request"
                .to_owned()
        }
        ("ExpiredToken" | "TokenRefreshRequired", _) => {
            "AWS_SESSION_TOKEN has expired: give a role or keys that last longer than a backup".to_owned()
        }
        ("RequestTimeTooSkewed", _) => "the clock of this host is wrong: set it (NTP)".to_owned(),
        ("InvalidObjectState", _) => {
            "the object lies in an archive class: restore it in the store first; S3_STORAGE_CLASS decides for new ones"
                .to_owned()
        }
        ("InvalidStorageClass", _) => "the store does not know S3_STORAGE_CLASS".to_owned(),
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect" | "IllegalLocationConstraintException", _)
        | ("", 301 | 307) => match bucket_region {
            Some(region) => format!("the bucket {bucket} is in {region}: set AWS_REGION={region}"),
            None => wrong_region(config),
        },
        ("", 400) if bucket_region.is_some() => {
            let region = bucket_region.unwrap_or_default();
            format!("the bucket {bucket} is in {region}: set AWS_REGION={region}; or the credentials have expired")
        }
        _ if lower.contains("object lock") && config.checksum == Checksum::None => {
            "Object Lock needs a checksum: set S3_CHECKSUM=md5".to_owned()
        }
        ("XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" | "BadDigest" | "InvalidDigest" | "MissingContentMD5", _) => {
            checksum(config)
        }
        _ if status == 400 && (lower.contains("checksum") || lower.contains("content-md5") || lower.contains("trailer")) => {
            checksum(config)
        }
        ("NotImplemented", _) if matches!(operation, "PutObject" | "CreateMultipartUpload" | "UploadPart") => {
            "the store does not offer something that was asked for: S3_STORAGE_CLASS, S3_SSE, S3_TAGS, \
             S3_OBJECT_LOCK_MODE, or another S3_CHECKSUM"
                .to_owned()
        }
        ("EntityTooSmall", _) => "parts below the store's minimum: leave S3_PART_SIZE unset".to_owned(),
        ("AccessDenied" | "Forbidden" | "", 401 | 403) => denied(config, operation),
        ("InvalidBucketName" | "InvalidURI", _) => "look at S3_BUCKET: the name alone, without s3:// and path".to_owned(),
        _ => return None,
    })
}

fn no_such_bucket(config: &config::S3) -> String {
    let bucket = &config.bucket;
    match (&config.endpoint, config.path_style) {
        (Some(_), false) => format!(
            "create the bucket {bucket}, or correct S3_BUCKET; if the endpoint takes no bucket in its host name, set \
             S3_PATH_STYLE=true"
        ),
        (Some(_), true) => format!("create the bucket {bucket} on that endpoint, or correct S3_BUCKET"),
        (None, _) => format!("create the bucket {bucket}, or correct S3_BUCKET"),
    }
}

fn wrong_region(config: &config::S3) -> String {
    match &config.endpoint {
        Some(_) => "set AWS_REGION to the region the store names".to_owned(),
        None => "set AWS_REGION to the bucket's region".to_owned(),
    }
}

fn denied(config: &config::S3, operation: &str) -> String {
    let bucket = &config.bucket;
    let mut needs = match operation {
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => {
            "s3:PutObject".to_owned()
        }
        "HeadObject" => {
            format!("s3:GetObject, and s3:ListBucket on {bucket} (without it an absent key is forbidden too)")
        }
        "GetObject" => "s3:GetObject".to_owned(),
        "ListObjectsV2" => "s3:ListBucket".to_owned(),
        "ListMultipartUploads" => "s3:ListBucketMultipartUploads".to_owned(),
        "DeleteObject" => "s3:DeleteObject".to_owned(),
        "AbortMultipartUpload" => "s3:AbortMultipartUpload".to_owned(),
        _ => "access".to_owned(),
    };
    if matches!(operation, "PutObject" | "CreateMultipartUpload") {
        for (wanted, permission) in [
            (!config.tags.is_empty(), "s3:PutObjectTagging"),
            (config.object_lock.is_some(), "s3:PutObjectRetention"),
            (
                config.sse.as_deref().is_some_and(|sse| sse.contains("kms")),
                "kms:GenerateDataKey and kms:Decrypt",
            ),
        ] {
            if wanted {
                needs += ", ";
                needs += permission;
            }
        }
    }
    format!("the account needs {needs}; `lifeboat iam-policy` prints the whole policy")
}

fn checksum(config: &config::S3) -> String {
    match config.checksum {
        Checksum::Md5 => "the store takes no Content-MD5 here: try S3_CHECKSUM=crc32, or none".to_owned(),
        Checksum::None => "the store wants a checksum: try S3_CHECKSUM=md5, or crc32".to_owned(),
        _ => "the store takes no checksum of this kind: try S3_CHECKSUM=md5, or none".to_owned(),
    }
}

/// An answer that no S3 server gives.
pub(super) fn not_s3(config: &config::S3) -> String {
    match &config.endpoint {
        Some(endpoint) => format!("does {endpoint} speak S3? (a console's or a proxy's port?)"),
        None => "something between here and AWS answers in its place (a proxy?)".to_owned(),
    }
}

/// Nothing answered; `text` is the error in lower case.
pub(super) fn unreached(config: &config::S3, text: &str) -> Option<String> {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let endpoint = config.endpoint.as_deref().unwrap_or("AWS");
    if has(&["credential", "identity"]) {
        Some(NO_CREDENTIALS.to_owned())
    } else if has(&["corrupt message", "invalidcontenttype", "wrong version"])
        || config.endpoint_scheme_guessed && has(&["tls"])
    {
        Some(match endpoint.strip_prefix("https://") {
            Some(host) => format!("the endpoint does not speak TLS: try S3_ENDPOINT=http://{host}"),
            None => "the endpoint does not speak TLS: try http://".to_owned(),
        })
    } else if has(&["unknownissuer", "unknown issuer"]) {
        Some(if config.ca_pem.is_some() {
            "S3_CA_FILE does not hold the authority that signed the server's certificate".to_owned()
        } else {
            "set S3_CA_FILE to the PEM of the authority that signed the server's certificate".to_owned()
        })
    } else if has(&["notvalidforname", "not valid for name"]) {
        Some("the certificate is for another host name: use that name in S3_ENDPOINT".to_owned())
    } else if has(&["certificate", "tls"]) {
        Some(
            "look at the server's certificate: expired, for another name, or of an authority nobody knows"
                .to_owned(),
        )
    } else if has(&["dns error", "lookup"]) {
        Some(if config.endpoint.is_some() && !config.path_style {
            "the host name is not known: look at S3_ENDPOINT; if only the name with the bucket in front is unknown, set \
             S3_PATH_STYLE=true"
                .to_owned()
        } else {
            format!(
                "the host name of {endpoint} is not known here: look at S3_ENDPOINT, and at networks and DNS of this container"
            )
        })
    } else if has(&["tunnel"]) {
        Some("the proxy refuses the way there: look at HTTPS_PROXY and NO_PROXY".to_owned())
    } else if has(&["refused"]) {
        Some(
            if has(&["127.0.0.1", "[::1]", "localhost"]) || has_local(config) {
                "nothing listens there; in a container, localhost is the container itself: use the service's name".to_owned()
            } else {
                format!("nothing listens at {endpoint}: is the store up, and the port right?")
            },
        )
    } else if has(&["timeout", "timed out"]) {
        Some(format!(
            "{endpoint} says nothing: a firewall or a proxy between, or a port of something else?"
        ))
    } else {
        None
    }
}

fn has_local(config: &config::S3) -> bool {
    config.endpoint.as_deref().is_some_and(|endpoint| {
        ["//localhost", "//127.", "//[::1]"]
            .iter()
            .any(|local| endpoint.contains(local))
    })
}

/// The chain of credentials ended without any.
pub(super) const NO_CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this container a role \
     (profile, web identity, Pod Identity, ECS, or IMDSv2 with a hop limit of 2)";
