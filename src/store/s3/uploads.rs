//! Listing what was begun and not ended: open uploads, and their parts.

use super::{Again, Failure, OpenUpload, Shared, StoreError, timestamp};
use jiff::Timestamp;
use std::collections::HashSet;

impl Shared {
    pub(super) async fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        let mut uploads = Vec::new();
        let mut marker = (None, None);
        let mut markers = HashSet::new();
        loop {
            let (found, next) = self
                .settle(|| self.list_uploads_page(prefix, marker.clone()))
                .await?;
            uploads.extend(found);
            if next == (None, None) {
                return Ok(uploads);
            }
            // One that was given out before leads in a circle.
            if !markers.insert(next.clone()) {
                let reason = "the store repeats a page of its listing";
                return Err(self
                    .failure("ListMultipartUploads", prefix, Again::Never, reason)
                    .error);
            }
            marker = next;
        }
    }

    async fn list_uploads_page(
        &self,
        prefix: &str,
        (key, id): Marker,
    ) -> Result<(Vec<OpenUpload>, Marker), Failure> {
        let listing = self
            .client
            .list_multipart_uploads()
            .bucket(&self.config.bucket)
            .prefix(prefix)
            .set_key_marker(key)
            .set_upload_id_marker(id)
            .send()
            .await
            .map_err(self.sdk("ListMultipartUploads", prefix))?;
        // A row that lacks its time or id cannot be swept by age: others may be.
        let row = |upload: &aws_sdk_s3::types::MultipartUpload| {
            Some(OpenUpload {
                key: upload.key()?.to_owned(),
                id: upload.upload_id()?.to_owned(),
                initiated: timestamp(upload.initiated())?,
            })
        };
        // MinIO takes the prefix for a whole key; where a store ignores it, foreign uploads must not get in.
        let found = listing
            .uploads()
            .iter()
            .filter_map(row)
            .filter(|upload| upload.key.starts_with(prefix))
            .collect();
        let next = match listing.is_truncated() {
            Some(true) => (listing.next_key_marker, listing.next_upload_id_marker),
            _ => (None, None),
        };
        Ok((found, next))
    }

    pub(super) async fn newest_part(&self, key: &str, upload: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut newest = None;
        let mut marker = None;
        let mut markers = HashSet::new();
        loop {
            let (found, next) = self
                .settle(|| self.newest_part_on_page(key, upload, marker.clone()))
                .await?;
            newest = newest.max(found);
            if next.is_none() {
                return Ok(newest);
            }
            if !markers.insert(next.clone()) {
                let reason = "the store repeats a page of its listing";
                return Err(self.failure("ListParts", key, Again::Never, reason).error);
            }
            marker = next;
        }
    }

    async fn newest_part_on_page(
        &self,
        key: &str,
        upload: &str,
        marker: Option<String>,
    ) -> Result<(Option<Timestamp>, Option<String>), Failure> {
        let listing = self
            .client
            .list_parts()
            .bucket(&self.config.bucket)
            .key(key)
            .upload_id(upload)
            .set_part_number_marker(marker)
            .send()
            .await
            .map_err(self.sdk("ListParts", key))?;
        let mut newest = None;
        for part in listing.parts() {
            // Of unknown age, it might be of this minute.
            let Some(at) = timestamp(part.last_modified()) else {
                return Err(self.failure("ListParts", key, Again::Never, "a part without its time"));
            };
            newest = newest.max(Some(at));
        }
        match (listing.is_truncated(), listing.next_part_number_marker) {
            (Some(true), None) => {
                let reason = "a page that is not the last and does not lead on";
                Err(self.failure("ListParts", key, Again::Never, reason))
            }
            (Some(true), next) => Ok((newest, next)),
            _ => Ok((newest, None)),
        }
    }
}

/// Where the next page of uploads begins: key and upload id.
type Marker = (Option<String>, Option<String>);
