//! Refusals: their kind, the hint that helps, and no secret in them.

use crate::bodies::bytes;
use crate::outcome::Outcome;
use crate::s3_server::ACCESS_KEY;
use lifeboat::config::{Credentials, S3};
use lifeboat::secret::Secret;
use lifeboat::store::s3::S3Store;
use lifeboat::store::{Kind, Store as _, StoreError, StoreErrorKind};
use std::time::{Duration, Instant};

/// On a server of our own, whose account is known.
pub async fn of_strangers(config: &S3) {
    let begun = Instant::now();
    let keys = |id: &str, secret: &str| {
        Some(Credentials {
            access_key_id: Secret::new(id),
            secret_access_key: Secret::new(secret),
            session_token: None,
        })
    };
    for (credentials, hint) in [
        (keys("AKIANOBODYKNOWS12345", "whatever"), "AWS_ACCESS_KEY_ID"),
        (keys(ACCESS_KEY, "not-the-secret"), "AWS_SECRET_ACCESS_KEY"),
    ] {
        let config = S3 {
            credentials,
            ..config.clone()
        };
        let store = S3Store::connect(&config).await.unwrap();
        for error in [
            store.list_page("", None).await.unwrap_err(),
            store.put("g/x", Kind::Manifest, bytes(10)).await.unwrap_err(),
            store.create_upload("g/x").await.unwrap_err(),
        ] {
            assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
            assert!(
                error.hint.as_deref().unwrap_or_default().contains(hint),
                "{error:?}"
            );
            assert!(!format!("{error:?}").contains("AKIANOBODY"), "{error:?}");
        }
        // To a HEAD with an unknown key versitygw says 404 and no more: not to be told from an absent object.
        let head = store.head("g/x").await.unwrap_err();
        assert!(
            head.kind == StoreErrorKind::Denied || hint == "AWS_ACCESS_KEY_ID",
            "{head}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "refusals took {:?}",
        begun.elapsed()
    );
}

/// Of a bucket that is not there; a store may make it instead, which hides a slip of the pen in `S3_BUCKET`.
pub async fn of_absent_buckets(config: &S3) -> Outcome {
    let nowhere = S3 {
        bucket: "no-such-bucket".to_owned(),
        ..config.clone()
    };
    let store = S3Store::connect(&nowhere).await.unwrap();
    let refused = |error: StoreError| {
        assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("create the bucket no-such-bucket"), "{error:?}");
    };
    refused(store.list_page("", None).await.unwrap_err());
    let put = store.put("g/x", Kind::Manifest, bytes(10)).await.map(|_| ());
    let upload = store.create_upload("g/x").await.map(|_| ());
    let all_refused = put.is_err() && upload.is_err();
    [put, upload]
        .into_iter()
        .filter_map(Result::err)
        .for_each(refused);
    Outcome::honoured(all_refused)
}
