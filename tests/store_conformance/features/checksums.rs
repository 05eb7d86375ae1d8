//! Each value of `S3_CHECKSUM`: taken, and kept with the object where it is one that S3 keeps.

use crate::bodies::{PART, bytes, upload};
use crate::outcome::Outcome;
use crate::subject::{Subject, Wire};
use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use lifeboat::config::Checksum;
use lifeboat::store::{Kind, Store, StoreError};

const ALL: [(Checksum, &str); 7] = [
    (Checksum::Sdk, "`S3_CHECKSUM=auto` as on AWS"),
    (Checksum::Crc32, "`S3_CHECKSUM=crc32`"),
    (Checksum::Crc32c, "`S3_CHECKSUM=crc32c`"),
    (Checksum::Crc64Nvme, "`S3_CHECKSUM=crc64nvme`"),
    (Checksum::Sha256, "`S3_CHECKSUM=sha256`"),
    (Checksum::Md5, "`S3_CHECKSUM=md5`"),
    (Checksum::None, "`S3_CHECKSUM=none`"),
];

pub async fn try_out<S: Store>(subject: &mut Subject<S>) {
    for (checksum, feature) in ALL {
        let outcome = match &subject.wire {
            None => Outcome::NotOffered,
            Some(wire) => {
                let key = subject.key(&format!("g/{checksum:?}"));
                Outcome::of(one(wire, checksum, &key).await)
            }
        };
        subject.may(feature, outcome);
    }
}

async fn one(wire: &Wire, checksum: Checksum, key: &str) -> Result<Outcome, StoreError> {
    let store = wire.with(|config| config.checksum = checksum).await;
    let body = bytes(PART + 1);
    let head = upload(&store, key, &body, PART).await?;
    assert_eq!(head.bytes, body.len() as u64);
    assert!(store.get(key, head.bytes).await.unwrap() == body, "{checksum:?}");
    let (small, manifest) = (format!("{key}.json"), Bytes::from_static(b"{}"));
    store.put(&small, Kind::Manifest, manifest).await?;
    let mut kept = true;
    for key in [key, &small] {
        let head = wire.client.head_object().bucket(&wire.config.bucket).key(key);
        let head = head.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
        kept &= match checksum {
            Checksum::Sdk | Checksum::Crc32 => head.checksum_crc32().is_some(),
            Checksum::Crc32c => head.checksum_crc32_c().is_some(),
            Checksum::Crc64Nvme => head.checksum_crc64_nvme().is_some(),
            Checksum::Sha256 => head.checksum_sha256().is_some(),
            Checksum::Md5 | Checksum::None => true,
        };
    }
    Ok(Outcome::honoured(kept))
}
