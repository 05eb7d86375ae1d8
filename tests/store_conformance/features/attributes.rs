//! What goes with an object: tags, and encryption by the store.

use crate::bodies::{PART, bytes, upload};
use crate::outcome::Outcome;
use crate::subject::{Subject, Wire};
use aws_sdk_s3::types::ServerSideEncryption;
use lifeboat::store::s3::S3Store;
use lifeboat::store::{Kind, Store, StoreError};

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    let mut outcomes = [Outcome::NotOffered; 3];
    if let Some(wire) = &subject.wire {
        outcomes = [
            Outcome::of(tagged(wire, &subject.key("i/tags")).await),
            Outcome::of(encrypted(wire, &subject.key("i/aes"), "AES256").await),
            Outcome::of(encrypted(wire, &subject.key("i/kms"), "aws:kms").await),
        ];
    }
    let [tags, aes, kms] = outcomes;
    subject.may("`S3_TAGS`", tags);
    subject.may("`S3_SSE=AES256`", aes);
    subject.may("`S3_SSE=aws:kms`", kms);
}

/// One of each kind: in one request, and in parts.
async fn both(store: &S3Store, key: &str) -> Result<[String; 2], StoreError> {
    let multi = format!("{key}-multi");
    upload(store, &multi, &bytes(PART + 1), PART).await?;
    store.put(key, Kind::Manifest, bytes(100)).await?;
    assert_eq!(store.get(key, 100).await.unwrap(), bytes(100));
    assert!(store.get(&multi, PART as u64 + 1).await.unwrap() == bytes(PART + 1));
    Ok([key.to_owned(), multi])
}

async fn tagged(wire: &Wire, key: &str) -> Result<Outcome, StoreError> {
    let tag = ("team", "a b/+");
    let store = wire
        .with(|config| config.tags = vec![(tag.0.to_owned(), tag.1.to_owned())])
        .await;
    let mut there = true;
    for key in both(&store, key).await? {
        let tags = wire.client.get_object_tagging().bucket(&wire.config.bucket);
        // A store without tags may not know the question either.
        let Ok(tags) = tags.key(key).send().await else {
            return Ok(Outcome::NotOffered);
        };
        match tags.tag_set() {
            [] => there = false,
            [one] => assert_eq!((one.key(), one.value()), tag),
            more => panic!("{more:?}"),
        }
    }
    Ok(Outcome::honoured(there))
}

async fn encrypted(wire: &Wire, key: &str, sse: &str) -> Result<Outcome, StoreError> {
    let store = wire.with(|config| config.sse = Some(sse.to_owned())).await;
    let mut there = true;
    for key in both(&store, key).await? {
        let head = wire.client.head_object().bucket(&wire.config.bucket);
        let head = head.key(key).send().await.unwrap();
        there &= head.server_side_encryption() == Some(&ServerSideEncryption::from(sse));
    }
    Ok(Outcome::honoured(there))
}
