//! Storing a dump part by part.

use super::{Again, Failure, Head, Kind, Part, Shared, StoreError, StoreErrorKind, one_attempt};
use crate::store::etag::{self, Md5Sum};
use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use std::sync::OnceLock;
use std::time::Duration;

/// Putting thousands of parts together takes some stores minutes, and a second Complete does not make it faster.
const COMPLETE_TIMEOUT: Duration = Duration::from_mins(5);

impl Shared {
    pub(super) async fn create_upload(&self, key: &str) -> Result<String, StoreError> {
        self.settle(|| self.create_once(key)).await
    }

    async fn create_once(&self, key: &str) -> Result<String, Failure> {
        let given = self.attributes(Kind::Dump);
        let created = self
            .client
            .create_multipart_upload()
            .bucket(&self.config.bucket)
            .key(key)
            .set_checksum_algorithm(self.algorithm())
            .set_checksum_type(self.checksum_type())
            .set_storage_class(given.storage_class)
            .set_server_side_encryption(given.sse)
            .set_ssekms_key_id(given.kms_key)
            .set_tagging(given.tags)
            .set_object_lock_mode(given.lock)
            .set_object_lock_retain_until_date(given.locked_until)
            .send()
            .await
            .map_err(self.sdk("CreateMultipartUpload", key))?;
        created.upload_id.ok_or_else(|| {
            self.failure(
                "CreateMultipartUpload",
                key,
                Again::Few,
                "an answer without UploadId",
            )
        })
    }

    pub(super) async fn upload_part(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Bytes,
    ) -> Result<Part, StoreError> {
        let sum = etag::md5_of(&body).await;
        self.settle(|| self.part_once(key, upload, number, body.clone(), sum))
            .await
    }

    async fn part_once(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Bytes,
        sum: Md5Sum,
    ) -> Result<Part, Failure> {
        let timeout = self.transfer_timeout(body.len() as u64);
        let accepted = self
            .client
            .upload_part()
            .bucket(&self.config.bucket)
            .key(key)
            .upload_id(upload)
            .part_number(i32::from(number))
            .set_checksum_algorithm(self.algorithm())
            .set_content_md5(self.content_md5(sum))
            .body(ByteStream::from(body))
            .customize()
            .config_override(one_attempt(timeout))
            .send()
            .await
            .map_err(self.sdk("UploadPart", key))?;
        self.same_md5(
            "UploadPart",
            key,
            accepted.e_tag(),
            accepted.server_side_encryption(),
            sum,
        )?;
        let checksum = self.echoed(&accepted);
        let Some(etag) = accepted.e_tag else {
            return Err(self.failure("UploadPart", key, Again::Few, "an answer without ETag"));
        };
        Ok(Part {
            number,
            etag,
            checksum,
        })
    }

    /// The checksum the store computed, to be repeated at completion. A store that knows none sends none.
    fn echoed(&self, part: &UploadPartOutput) -> Option<String> {
        let checksum = match self.algorithm()? {
            ChecksumAlgorithm::Crc32 => part.checksum_crc32(),
            ChecksumAlgorithm::Crc32C => part.checksum_crc32_c(),
            ChecksumAlgorithm::Crc64Nvme => part.checksum_crc64_nvme(),
            ChecksumAlgorithm::Sha256 => part.checksum_sha256(),
            _ => None,
        };
        checksum.map(str::to_owned)
    }

    pub(super) async fn complete_upload(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        bytes: u64,
    ) -> Result<Head, StoreError> {
        // Once the store has said yes, only the HEAD is asked again: a second Complete would say NoSuchUpload.
        let tag = OnceLock::new();
        self.settle(|| async {
            let refused = match tag.get() {
                Some(_) => None,
                None => match self.complete_once(key, upload, parts, bytes).await {
                    Ok(said) => {
                        tag.get_or_init(|| said);
                        None
                    }
                    Err(failure) => Some(failure),
                },
            };
            let unproven = match self.head(key).await {
                Ok(head) if head.bytes == bytes => return Ok(head),
                Ok(head) => {
                    let reason = format!("the object has {} bytes instead of {bytes}", head.bytes);
                    return Err(self.failure("CompleteMultipartUpload", key, Again::Never, &reason));
                }
                Err(failure) => failure,
            };
            let whole = tag
                .get()
                .and_then(Option::as_deref)
                .filter(|tag| is_of(tag, parts));
            match (refused, unproven.error.kind) {
                // An account that may only write cannot ask; the tag of all parts' MD5s proves as much.
                (None, StoreErrorKind::Denied) if whole.is_some() => Ok(Head {
                    bytes,
                    etag: whole.map(str::to_owned),
                    version_id: None,
                }),
                (None, StoreErrorKind::NotFound) => {
                    let reason = "the store confirmed the object, and then did not have it";
                    Err(self.failure("CompleteMultipartUpload", key, Again::Few, reason))
                }
                (None, _) => Err(unproven),
                (Some(refused), StoreErrorKind::NotFound | StoreErrorKind::Denied) => Err(refused),
                // Whether it stands is open. NoSuchUpload may be the answer to our own success: ask again.
                (Some(refused), _) => Err(Failure {
                    again: refused.again.max(unproven.again),
                    ..refused
                }),
            }
        })
        .await
    }

    async fn complete_once(
        &self,
        key: &str,
        upload: &str,
        parts: &[Part],
        bytes: u64,
    ) -> Result<Option<String>, Failure> {
        let algorithm = self.algorithm();
        let parts = parts
            .iter()
            .map(|part| completed(part, algorithm.as_ref()))
            .collect();
        let done = self
            .client
            .complete_multipart_upload()
            .bucket(&self.config.bucket)
            .key(key)
            .upload_id(upload)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .set_checksum_type(self.checksum_type())
            // Stores that know checksums of objects know this one too: they refuse an object of another size.
            .set_mpu_object_size(algorithm.and_then(|_| i64::try_from(bytes).ok()))
            .customize()
            .config_override(one_attempt(COMPLETE_TIMEOUT))
            .send()
            .await
            .map_err(self.sdk("CompleteMultipartUpload", key))?;
        Ok(done.e_tag)
    }

    pub(super) async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), StoreError> {
        self.settle(|| async {
            let aborted = self
                .client
                .abort_multipart_upload()
                .bucket(&self.config.bucket)
                .key(key)
                .upload_id(upload)
                .send()
                .await;
            match aborted.map_err(self.sdk("AbortMultipartUpload", key)) {
                Ok(_) => Ok(()),
                Err(gone) if gone.gone => Ok(()),
                Err(failure) => Err(failure),
            }
        })
        .await
    }
}

fn completed(part: &Part, algorithm: Option<&ChecksumAlgorithm>) -> CompletedPart {
    let sum = part.checksum.clone();
    let completed = CompletedPart::builder()
        .part_number(i32::from(part.number))
        .e_tag(&part.etag);
    match algorithm {
        Some(ChecksumAlgorithm::Crc32) => completed.set_checksum_crc32(sum),
        Some(ChecksumAlgorithm::Crc32C) => completed.set_checksum_crc32_c(sum),
        Some(ChecksumAlgorithm::Crc64Nvme) => completed.set_checksum_crc64_nvme(sum),
        Some(ChecksumAlgorithm::Sha256) => completed.set_checksum_sha256(sum),
        _ => completed,
    }
    .build()
}

fn is_of(tag: &str, parts: &[Part]) -> bool {
    etag::is_of_parts(tag, parts.iter().map(|part| part.etag.as_str()))
}
