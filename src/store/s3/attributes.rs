//! What goes with a new object: class, encryption, tags, lock, and the checksum that the store can check it by.

use super::{Again, Failure, Kind, Shared};
use crate::config::{Checksum, ObjectLockMode};
use crate::store::etag::{self, Md5Sum};
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, ObjectLockMode as LockMode, ServerSideEncryption, StorageClass,
};
use aws_smithy_types::base64;

/// What every new object is given, by configuration.
pub(super) struct Attributes {
    pub(super) storage_class: Option<StorageClass>,
    pub(super) sse: Option<ServerSideEncryption>,
    pub(super) kms_key: Option<String>,
    pub(super) tags: Option<String>,
    pub(super) lock: Option<LockMode>,
    pub(super) locked_until: Option<DateTime>,
}

impl Shared {
    pub(super) fn attributes(&self, kind: Kind) -> Attributes {
        let config = &self.config;
        let tags: Vec<String> = config
            .tags
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        Attributes {
            storage_class: config
                .storage_class
                .as_deref()
                .filter(|_| kind == Kind::Dump)
                .map(StorageClass::from),
            sse: config.sse.as_deref().map(ServerSideEncryption::from),
            kms_key: config.sse_kms_key_id.clone(),
            tags: Some(tags.join("&")).filter(|tags| !tags.is_empty()),
            lock: config.object_lock.map(|(mode, _)| match mode {
                ObjectLockMode::Governance => LockMode::Governance,
                ObjectLockMode::Compliance => LockMode::Compliance,
            }),
            locked_until: config.object_lock.map(|(_, length)| {
                let until = self
                    .clock
                    .now()
                    .as_second()
                    .saturating_add_unsigned(length.as_secs());
                DateTime::from_secs(until)
            }),
        }
    }

    /// The algorithm named in every request of an upload. AWS refuses parts whose checksum was not announced when
    /// the upload was begun, so the SDK's own choice is announced as well.
    pub(super) fn algorithm(&self) -> Option<ChecksumAlgorithm> {
        match self.config.checksum {
            Checksum::Sdk | Checksum::Crc32 => Some(ChecksumAlgorithm::Crc32),
            Checksum::Crc32c => Some(ChecksumAlgorithm::Crc32C),
            Checksum::Crc64Nvme => Some(ChecksumAlgorithm::Crc64Nvme),
            Checksum::Sha256 => Some(ChecksumAlgorithm::Sha256),
            Checksum::Md5 | Checksum::None => None,
        }
    }

    /// CRC64NVME exists for whole objects only, the others for parts.
    pub(super) fn checksum_type(&self) -> Option<ChecksumType> {
        (self.config.checksum == Checksum::Crc64Nvme).then_some(ChecksumType::FullObject)
    }

    pub(super) fn content_md5(&self, sum: Md5Sum) -> Option<String> {
        (self.config.checksum == Checksum::Md5).then(|| base64::encode(sum))
    }

    /// Compares the store's tag with what was sent, where the tag is an MD5: S3 says so for plain objects and those
    /// it encrypts with its own keys (SSE-S3), and a key of KMS makes it something else of the same form.
    pub(super) fn same_md5(
        &self,
        operation: &'static str,
        key: &str,
        etag: Option<&str>,
        sse: Option<&ServerSideEncryption>,
        sum: Md5Sum,
    ) -> Result<(), Failure> {
        let comparable = matches!(sse, None | Some(ServerSideEncryption::Aes256));
        match etag.and_then(etag::as_md5).filter(|_| comparable) {
            Some(stored) if stored != sum => {
                let (stored, sent) = (etag::hex(&stored), etag::hex(&sum));
                let reason = format!("the store has MD5 {stored} where {sent} was sent");
                Err(self.failure(operation, key, Again::Few, &reason))
            }
            _ => Ok(()),
        }
    }
}

/// For the tagging header, which has the form of a query.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_encoded_as_a_query() {
        assert_eq!(encoded("team a/b=c&d+ü~"), "team%20a%2Fb%3Dc%26d%2B%C3%BC~");
    }
}
