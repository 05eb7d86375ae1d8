//! Where backups go: what is read and what is refused.

#![allow(clippy::unwrap_used)]
use super::super::tests::{config, problem, problems, warnings};
use super::*;
use crate::secret::Secret;

#[test]
fn defaults_are_those_of_aws() {
    let s3 = config(&[]).s3;
    assert_eq!(s3.bucket, "backups");
    assert_eq!(s3.prefix, "");
    assert_eq!(s3.endpoint, None);
    assert!(!s3.endpoint_scheme_guessed);
    assert_eq!(s3.region, None);
    assert!(s3.credentials.is_none());
    assert!(!s3.path_style);
    assert_eq!(s3.checksum, Checksum::Sdk);
    assert_eq!(s3.part_bytes, None);
    assert_eq!(s3.concurrency, 2);
}

#[test]
fn an_endpoint_changes_the_defaults() {
    let s3 = config(&[("S3_ENDPOINT", "minio:9000")]).s3;
    assert_eq!(s3.endpoint.as_deref(), Some("https://minio:9000"));
    assert!(s3.endpoint_scheme_guessed);
    assert_eq!(s3.region.as_deref(), Some("us-east-1"));
    assert!(s3.path_style);
    assert_eq!(s3.checksum, Checksum::Md5);
}

#[test]
fn everything_set() {
    let s3 = config(&[
        ("AWS_S3_PATH", "/a/b/"),
        ("AWS_ENDPOINT_URL", "http://minio:9000"),
        ("S3_REGION", "eu"),
        ("S3_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY_FILE", "/key"),
        ("AWS_SESSION_TOKEN", "token"),
        ("S3_PATH_STYLE", "off"),
        ("S3_CA_FILE", "/ca.pem"),
        ("S3_STORAGE_CLASS", "STANDARD_IA"),
        ("S3_SSE", "AWS:KMS"),
        ("S3_SSE_KMS_KEY_ID", "arn:aws:kms:x"),
        ("S3_TAGS", "a=b, team=data base,empty="),
        ("S3_OBJECT_LOCK_MODE", "governance"),
        ("S3_OBJECT_LOCK_FOR", "30d"),
        ("S3_CHECKSUM", "sha256"),
        ("S3_PART_SIZE", "16MiB"),
        ("S3_CONCURRENCY", "8"),
    ])
    .s3;
    assert_eq!(s3.prefix, "a/b");
    assert_eq!(s3.endpoint.as_deref(), Some("http://minio:9000"));
    assert!(!s3.endpoint_scheme_guessed);
    assert_eq!(s3.region.as_deref(), Some("eu"));
    let credentials = s3.credentials.unwrap();
    assert_eq!(credentials.access_key_id.expose(), "id");
    assert_eq!(credentials.secret_access_key.expose(), "from a file");
    assert_eq!(credentials.session_token, Some(Secret::new("token")));
    assert!(!s3.path_style);
    assert!(s3.ca_pem.unwrap().starts_with(b"-----BEGIN CERTIFICATE-----"));
    assert_eq!(s3.storage_class.as_deref(), Some("STANDARD_IA"));
    assert_eq!(s3.sse.as_deref(), Some("aws:kms"));
    assert_eq!(s3.sse_kms_key_id.as_deref(), Some("arn:aws:kms:x"));
    let tags: Vec<_> = s3.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(tags, [("a", "b"), ("team", "data base"), ("empty", "")]);
    assert_eq!(
        s3.object_lock,
        Some((ObjectLockMode::Governance, Duration::from_hours(30 * 24)))
    );
    assert_eq!(s3.checksum, Checksum::Sha256);
    assert_eq!(s3.part_bytes, Some(16 << 20));
    assert_eq!(s3.concurrency, 8);
}

#[test]
fn wrong_buckets() {
    assert_eq!(
        problem(&[("S3_BUCKET", "")]),
        "S3_BUCKET: is required; set it to the bucket's name"
    );
    for text in ["s3://backups", "backups/db"] {
        assert_eq!(
            problem(&[("S3_BUCKET", text)]),
            format!(
                "S3_BUCKET: {text:?} is more than a bucket's name; write the name alone; a folder goes into \
                 S3_PREFIX, an address into S3_ENDPOINT"
            )
        );
    }
    assert_eq!(
        problem(&[("S3_BUCKET", "arn:aws:s3:::b")]),
        "S3_BUCKET: \"arn:aws:s3:::b\" is an ARN; write the bucket's name, or the access point's alias"
    );
    assert_eq!(
        problem(&[("S3_BUCKET", ""), ("AWS_S3_BUCKET_NAME", "my bucket")]),
        "AWS_S3_BUCKET_NAME: \"my bucket\" is not a bucket's name; write 3 to 63 lower-case letters, digits, dots \
         and dashes"
    );
}

#[test]
fn wrong_prefixes() {
    let of = |text| problem(&[("S3_PREFIX", text)]);
    let hint = "write folders such as backups/production";
    assert_eq!(
        of("a//b"),
        format!("S3_PREFIX: \"a//b\" has an empty folder in it; {hint}")
    );
    assert_eq!(
        of("a/../b"),
        format!("S3_PREFIX: \"a/../b\" has a . or .. in it; {hint}")
    );
    assert_eq!(
        of("s3://b/a"),
        format!("S3_PREFIX: \"s3://b/a\" is an address; {hint}")
    );
    assert_eq!(
        of("a\tb"),
        format!("S3_PREFIX: \"a b\" has a line break or another control character; {hint}")
    );
    let long = "x".repeat(513);
    assert!(of(&long).ends_with(&format!("…\" is longer than 512 bytes; {hint}")));
}

#[test]
fn wrong_addresses() {
    assert_eq!(
        problem(&[("AWS_ENDPOINT_URL_S3", "https://s3.example.com/backups")]),
        "AWS_ENDPOINT_URL_S3: \"https://s3.example.com/backups\" has a path; the bucket goes into S3_BUCKET, a \
         folder in it into S3_PREFIX: write the address alone"
    );
    assert_eq!(
        problem(&[("AWS_DEFAULT_REGION", "eu central")]),
        "AWS_DEFAULT_REGION: \"eu central\" is not a region; write one such as eu-central-1"
    );
    assert_eq!(
        warnings(&[("S3_ENDPOINT", "https://backups.fra1.example.com")]),
        ["S3_ENDPOINT begins with the bucket's name: it should be the address of the store alone"]
    );
}

#[test]
fn wrong_credentials() {
    let both = "set both, or neither for the AWS credential chain";
    assert_eq!(
        problem(&[("AWS_ACCESS_KEY_ID", "id")]),
        format!("AWS_SECRET_ACCESS_KEY: is missing: AWS_ACCESS_KEY_ID is set; {both}")
    );
    assert_eq!(
        problem(&[("S3_SECRET_ACCESS_KEY", "key")]),
        format!("AWS_ACCESS_KEY_ID: is missing: AWS_SECRET_ACCESS_KEY is set; {both}")
    );
    assert_eq!(
        problem(&[("AWS_SESSION_TOKEN", "token")]),
        "AWS_SESSION_TOKEN: is set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; it belongs to a pair of \
         temporary keys: set all three, or none"
    );
    assert_eq!(
        problem(&[("S3_ACCESS_KEY_ID", "id"), ("S3_SECRET_ACCESS_KEY", "hunter2\nx")]),
        "S3_SECRET_ACCESS_KEY: has a line break or another control character; store the value alone, with at most \
         one newline after it"
    );
}

/// A key that is there and wrong is not missing as well.
#[test]
fn one_mistake_is_one_problem() {
    assert_eq!(
        problem(&[
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("AWS_SECRET_ACCESS_KEY_FILE", "/key")
        ]),
        "AWS_SECRET_ACCESS_KEY: is set, and AWS_SECRET_ACCESS_KEY_FILE too; set one of them"
    );
}

#[test]
fn wrong_certificates() {
    assert_eq!(
        problem(&[("S3_CA_FILE", "/nowhere")]),
        "S3_CA_FILE: \"/nowhere\" cannot be read (entity not found); check the path, the mount and its permissions"
    );
    assert_eq!(
        problem(&[("S3_CA_FILE", "/key")]),
        "S3_CA_FILE: \"/key\" holds no PEM certificate; write the path of a file that has -----BEGIN \
         CERTIFICATE----- in it"
    );
}

#[test]
fn wrong_encryption_and_class() {
    assert_eq!(
        problem(&[("S3_SSE", "aws:kms:dsse"), ("S3_SSE_KMS_KEY_ID", "k")]),
        "S3_SSE: \"aws:kms:dsse\" is not known; write AES256 or aws:kms"
    );
    for env in [
        &[("S3_SSE_KMS_KEY_ID", "k")][..],
        &[("S3_SSE_KMS_KEY_ID", "k"), ("S3_SSE", "AES256")],
    ] {
        assert_eq!(
            problem(env),
            "S3_SSE_KMS_KEY_ID: is set without S3_SSE=aws:kms; set S3_SSE=aws:kms, or leave the key unset"
        );
    }
    assert_eq!(
        problem(&[("S3_STORAGE_CLASS", "STANDARD IA")]),
        "S3_STORAGE_CLASS: \"STANDARD IA\" is not a storage class; write one such as STANDARD_IA"
    );
    assert_eq!(
        warnings(&[("S3_STORAGE_CLASS", "GLACIER")]),
        [
            "S3_STORAGE_CLASS=GLACIER: a backup must be thawed by the store, which takes hours, before it can be \
          restored"
        ]
    );
}

#[test]
fn wrong_tags() {
    let of = |text| problem(&[("S3_TAGS", text)]);
    let hint = "write at most 10 tags as k=v,k=v, of letters, digits, spaces and + - = . _ : / @";
    assert_eq!(of("a"), format!("S3_TAGS: \"a\" is not k=v; {hint}"));
    assert_eq!(of("=a"), format!("S3_TAGS: \"=a\" is not k=v; {hint}"));
    assert_eq!(
        of("aws:a=b"),
        format!("S3_TAGS: \"aws:a=b\" begins with aws:, which is AWS's own; {hint}")
    );
    assert_eq!(
        of("a=b,a=c"),
        format!("S3_TAGS: \"a=c\" names its key a second time; {hint}")
    );
    assert_eq!(
        of("a=b&c"),
        format!("S3_TAGS: \"a=b&c\" has characters that a tag cannot have; {hint}")
    );
    assert_eq!(
        of("a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1"),
        format!("S3_TAGS: has 11 tags; {hint}")
    );
    let long = format!("{}=v", "k".repeat(129));
    assert!(of(&long).ends_with(&format!(
        "…\" is longer than the 128 and 256 characters of a tag; {hint}"
    )));
}

#[test]
fn wrong_locks_and_sizes() {
    assert_eq!(
        problem(&[("S3_OBJECT_LOCK_MODE", "GOVERNANCE")]),
        "S3_OBJECT_LOCK_FOR: is missing: S3_OBJECT_LOCK_MODE is set; say for how long, such as 30d"
    );
    assert_eq!(
        problem(&[("S3_OBJECT_LOCK_FOR", "30d")]),
        "S3_OBJECT_LOCK_MODE: is missing: S3_OBJECT_LOCK_FOR is set; write GOVERNANCE or COMPLIANCE"
    );
    assert_eq!(
        problems(&[("S3_OBJECT_LOCK_MODE", "FOREVER"), ("S3_OBJECT_LOCK_FOR", "0d")]),
        "S3_OBJECT_LOCK_MODE: \"FOREVER\" is not known; write GOVERNANCE or COMPLIANCE\n\
         S3_OBJECT_LOCK_FOR: is zero; write a longer time, or leave it unset"
    );
    assert_eq!(
        problem(&[
            ("S3_OBJECT_LOCK_MODE", "GOVERNANCE"),
            ("S3_OBJECT_LOCK_FOR", "30d"),
            ("S3_CHECKSUM", "none")
        ]),
        "S3_CHECKSUM: none does not go with S3_OBJECT_LOCK_MODE: stores refuse locked uploads without a checksum; \
         leave it unset, or write md5"
    );
    assert_eq!(
        problem(&[("S3_CHECKSUM", "md4")]),
        "S3_CHECKSUM: \"md4\" is not known; write auto, crc32, crc32c, crc64nvme, sha256, md5 or none"
    );
    assert_eq!(
        problem(&[("S3_PART_SIZE", "4MiB")]),
        "S3_PART_SIZE: \"4MiB\" is out of bounds; write 5MiB to 5GiB"
    );
    assert_eq!(
        problem(&[("S3_PART_SIZE", "big")]),
        "S3_PART_SIZE: \"big\" is not a size; write a number with K, M, G or T, such as 8MiB"
    );
    assert_eq!(
        problem(&[("S3_PATH_STYLE", "virtual")]),
        "S3_PATH_STYLE: \"virtual\" is neither true nor false; write true or false"
    );
    assert_eq!(
        problem(&[("S3_CONCURRENCY", "65")]),
        "S3_CONCURRENCY: \"65\" is not a number from 1 to 64; write such a number, or leave it unset"
    );
}
