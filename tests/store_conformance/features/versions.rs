//! Versions and object lock: what lifeboat deletes is hidden, and what is locked stays.

use crate::bodies::{PART, bytes, upload};
use crate::outcome::Outcome;
use crate::subject::{Subject, Wire};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use lifeboat::config::ObjectLockMode;
use lifeboat::store::{Kind, Store, StoreError, StoreErrorKind};
use std::time::Duration;

const LOCKED_FOR: Duration = Duration::from_mins(10);

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let mut outcomes = [Some(Outcome::NotOffered); 3];
    if let Some(wire) = &subject.wire {
        outcomes = [None; 3];
        if let Some(bucket) = &wire.locking {
            let key = |name| subject.key(&format!("h/{name}"));
            outcomes = [
                Some(versioned(wire, bucket, &key("version")).await),
                Some(again(wire, bucket, &key("again")).await),
                Some(Outcome::of(locked(wire, bucket, &key("lock")).await)),
            ];
        }
    }
    let [versions, again, lock] = outcomes;
    subject.may("a bucket with versions", versions);
    subject.may("`If-None-Match` where a deleted version is", again);
    subject.may("`S3_OBJECT_LOCK_MODE=GOVERNANCE`", lock);
}

async fn of_version(wire: &Wire, bucket: &str, key: &str, version: Option<String>) -> HeadObjectOutput {
    let head = wire.client.head_object().bucket(bucket).key(key);
    head.set_version_id(version).send().await.unwrap()
}

/// What was deleted is gone for lifeboat, and its version is there.
async fn versioned(wire: &Wire, bucket: &str, key: &str) -> Outcome {
    let store = wire.with(|config| bucket.clone_into(&mut config.bucket)).await;
    let put = store.put(key, Kind::Manifest, bytes(100)).await.unwrap();
    store.delete(key).await.unwrap();
    assert_eq!(store.head(key).await.unwrap_err().kind, StoreErrorKind::NotFound);
    assert_eq!(store.list(key).await.unwrap(), []);
    if put.version_id.is_none() {
        return Outcome::NotOffered;
    }
    let kept = of_version(wire, bucket, key, put.version_id).await;
    assert_eq!(kept.content_length(), Some(100));
    Outcome::Works
}

/// What is deleted is no conflict for what comes after it.
async fn again(wire: &Wire, bucket: &str, key: &str) -> Outcome {
    let store = wire.with(|config| bucket.clone_into(&mut config.bucket)).await;
    let put = store.put(key, Kind::Manifest, bytes(100)).await.unwrap();
    if put.version_id.is_none() {
        return Outcome::NotOffered;
    }
    store.delete(key).await.unwrap();
    let again = store.put(key, Kind::Manifest, bytes(50)).await;
    if again.is_ok() {
        assert_eq!(store.get(key, 50).await.unwrap(), bytes(50));
    }
    Outcome::of(again.map(|_| Outcome::Works))
}

/// Locks arrive, with small objects and with large ones; a locked version is not deleted by who may not do that.
async fn locked(wire: &Wire, bucket: &str, key: &str) -> Result<Outcome, StoreError> {
    let store = wire
        .with(|config| {
            bucket.clone_into(&mut config.bucket);
            config.object_lock = Some((ObjectLockMode::Governance, LOCKED_FOR));
        })
        .await;
    let multi = format!("{key}-multi");
    upload(&store, &multi, &bytes(PART + 1), PART).await?;
    store.put(key, Kind::Manifest, bytes(100)).await?;
    for key in [key, &multi] {
        let head = of_version(wire, bucket, key, None).await;
        let Some(until) = head.object_lock_retain_until_date() else {
            return Ok(Outcome::NotOffered);
        };
        let expected = lifeboat::clock::now().as_second() + i64::try_from(LOCKED_FOR.as_secs()).unwrap();
        assert!(
            (until.secs() - expected).abs() < 60,
            "{until} instead of {expected}"
        );
        let version = head.version_id().expect("a bucket with locks has versions");
        let delete = wire.client.delete_object().bucket(bucket).key(key);
        let deleted = delete.version_id(version).send().await;
        assert!(deleted.is_err(), "{key}: a locked version was deleted");
        // What lifeboat sends is a delete marker: the version stays.
        store.delete(key).await.unwrap();
        assert_eq!(store.head(key).await.unwrap_err().kind, StoreErrorKind::NotFound);
        of_version(wire, bucket, key, head.version_id).await;
    }
    Ok(Outcome::Works)
}
