//! Listing what was begun and not ended: open uploads, and their parts.

use super::{Again, Failure, OpenUpload, Page, Shared, StoreError, timestamp};
use crate::store::pages::{Row, follow, leads_on};
use jiff::Timestamp;
use std::hash::Hash;

impl Shared {
    pub(super) async fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        let mut all = Vec::new();
        follow(
            |marker: Option<UploadMarker>| async move {
                self.settle(|| self.list_uploads_page(prefix, marker.clone()))
                    .await
            },
            |reason| self.wandering("ListMultipartUploads", prefix, reason).error,
            |upload| all.push(upload),
        )
        .await?;
        Ok(all)
    }

    async fn list_uploads_page(
        &self,
        prefix: &str,
        marker: Option<UploadMarker>,
    ) -> Result<Page<OpenUpload, UploadMarker>, Failure> {
        let (key, id) = marker.unwrap_or_default();
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
        let rows = listing
            .uploads()
            .iter()
            .filter_map(row)
            .filter(|upload| upload.key.starts_with(prefix))
            .collect();
        let filled = |marker: Option<String>| marker.filter(|marker| !marker.is_empty());
        let marker = (
            filled(listing.next_key_marker),
            filled(listing.next_upload_id_marker),
        );
        let marker = Some(marker).filter(|marker| *marker != (None, None));
        let lost = "the store says IsTruncated and sends no NextKeyMarker: the page is not the last and does not lead on";
        let next = leads_on(listing.is_truncated, marker, lost)
            .map_err(|reason| self.wandering("ListMultipartUploads", prefix, reason))?;
        Ok(Page { rows, next })
    }

    pub(super) async fn newest_part(&self, key: &str, upload: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut newest = None;
        follow(
            |marker: Option<String>| async move {
                self.settle(|| self.list_parts_page(key, upload, marker.clone()))
                    .await
            },
            |reason| self.wandering("ListParts", key, reason).error,
            |part: ListedPart| newest = newest.max(Some(part.at)),
        )
        .await?;
        Ok(newest)
    }

    async fn list_parts_page(
        &self,
        key: &str,
        upload: &str,
        marker: Option<String>,
    ) -> Result<Page<ListedPart>, Failure> {
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
        let row = |part: &aws_sdk_s3::types::Part| {
            Some(ListedPart {
                number: part.part_number(),
                at: timestamp(part.last_modified())?,
            })
        };
        let Some(rows) = listing.parts().iter().map(row).collect() else {
            // Of unknown age, it might be of this minute.
            return Err(self.wandering("ListParts", key, "a part without its time"));
        };
        // Before the first part stands part 0.
        let marker = listing
            .next_part_number_marker
            .filter(|marker| !matches!(marker.as_str(), "" | "0"));
        let lost = "the store says IsTruncated and sends no NextPartNumberMarker: the page is not the last and does not lead on";
        let next = leads_on(listing.is_truncated, marker, lost)
            .map_err(|reason| self.wandering("ListParts", key, reason))?;
        Ok(Page { rows, next })
    }

    fn wandering(&self, operation: &'static str, subject: &str, reason: &str) -> Failure {
        self.failure(operation, subject, Again::Never, reason)
    }
}

/// A part of an open upload.
struct ListedPart {
    number: Option<i32>,
    at: Timestamp,
}

impl Row for ListedPart {
    fn identity(&self) -> impl Hash {
        // Not every store numbers them.
        (self.number, self.at)
    }
}

/// Where the next page of uploads begins: key and upload id.
type UploadMarker = (Option<String>, Option<String>);
