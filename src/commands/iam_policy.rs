//! `iam-policy`: the least that this configuration needs to be allowed, as an S3 policy.

use crate::config::Config;
use serde_json::{Value, json};

/// The policy as JSON. Actions and resources are those of AWS's service authorization reference for S3.
#[must_use]
pub fn policy(config: &Config) -> Value {
    let s3 = &config.s3;
    let bucket = format!("arn:aws:s3:::{}", s3.bucket);
    let (listed, objects) = match s3.prefix.as_str() {
        "" => ("*".to_owned(), format!("{bucket}/*")),
        prefix => (format!("{prefix}/*"), format!("{bucket}/{prefix}/*")),
    };
    let mut on_objects = vec!["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"];
    if config.prune {
        on_objects.extend(["s3:DeleteObject", "s3:ListMultipartUploadParts"]);
    }
    if !s3.tags.is_empty() {
        on_objects.push("s3:PutObjectTagging");
    }
    if s3.object_lock.is_some() {
        on_objects.push("s3:PutObjectRetention");
    }
    let mut statements = vec![
        json!({
            "Sid": "List", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket],
            "Condition": {"StringLike": {"s3:prefix": [listed]}},
        }),
        json!({"Sid": "Objects", "Effect": "Allow", "Action": on_objects, "Resource": [objects]}),
    ];
    if config.prune {
        // For the sweep. AWS knows no condition on the prefix here.
        statements.push(json!({
            "Sid": "Uploads", "Effect": "Allow", "Action": ["s3:ListBucketMultipartUploads"], "Resource": [bucket],
        }));
    }
    if let Some(key) = &s3.sse_kms_key_id {
        // A key's ARN is the resource itself; an id or alias is one of the account that runs this.
        let resource = if key.starts_with("arn:") {
            key.clone()
        } else {
            format!("arn:aws:kms:*:*:key/{key}")
        };
        statements.push(json!({
            "Sid": "Key", "Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": [resource],
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Runs the verb.
pub fn run(config: &Config) {
    super::print(&format!("{:#}\n", policy(config)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(more: &[(&str, &str)]) -> Value {
        let base = [("TARGET", "db"), ("S3_BUCKET", "backups")];
        let env = base
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        policy(
            &crate::config::load(env, &|_| Err(std::io::ErrorKind::NotFound.into()))
                .unwrap()
                .config,
        )
    }

    #[test]
    fn allows_the_prefix_alone_and_no_deleting_where_nothing_is_deleted() {
        let policy = of(&[("S3_PREFIX", "host/a"), ("PRUNE", "false")]);
        assert_eq!(
            policy["Statement"][0]["Condition"]["StringLike"]["s3:prefix"][0],
            "host/a/*"
        );
        assert_eq!(
            policy["Statement"][1]["Resource"][0],
            "arn:aws:s3:::backups/host/a/*"
        );
        assert!(!policy.to_string().contains("Delete") && !policy.to_string().contains("Uploads"));
        assert!(of(&[]).to_string().contains("s3:DeleteObject"));
        assert!(of(&[]).to_string().contains("s3:ListBucketMultipartUploads"));
    }

    #[test]
    fn names_the_key_and_the_tags() {
        let policy = of(&[
            ("S3_SSE", "aws:kms"),
            ("S3_SSE_KMS_KEY_ID", "1234"),
            ("S3_TAGS", "a=b"),
        ])
        .to_string();
        assert!(policy.contains("kms:GenerateDataKey") && policy.contains("s3:PutObjectTagging"));
    }
}
