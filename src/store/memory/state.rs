//! What the store in memory holds, and what S3 would say to it.

use super::{Fault, Op};
use crate::store::{Head, OpenUpload, Part, StoreErrorKind, etag};
use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The ways in which stores differ.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// The least size of a part that is not the last; S3: 5 MiB.
    pub min_part_bytes: usize,
    /// All parts but the last must be of one size, as on R2.
    pub equal_parts: bool,
    /// Keys on a page of a listing; S3: 1000.
    pub page_keys: usize,
    /// Answers carry the time; a proxy may take it out.
    pub tells_time: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            min_part_bytes: 5 << 20,
            equal_parts: false,
            page_keys: 1000,
            tells_time: true,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) manners: Manners,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) locked: BTreeSet<String>,
    pub(super) hidden: BTreeSet<String>,
    pub(super) uploads: BTreeMap<String, Upload>,
    /// Uploads ever begun: ids are never used twice.
    pub(super) begun: usize,
    pub(super) faults: Vec<(Op, Option<usize>, Fault)>,
    pub(super) counts: HashMap<Op, usize>,
    pub(super) calls: Vec<(Op, String)>,
    pub(super) now: Timestamp,
    pub(super) ahead: SignedDuration,
}

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) body: Bytes,
    pub(super) etag: String,
    pub(super) modified: Timestamp,
}

#[derive(Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) initiated: Timestamp,
    pub(super) newest_part: Option<Timestamp>,
    pub(super) parts: BTreeMap<u16, Bytes>,
}

/// Why the store says no.
pub(super) type Refusal = (StoreErrorKind, String);

pub(super) fn refused<T>(kind: StoreErrorKind, reason: impl Into<String>) -> Result<T, Refusal> {
    Err((kind, reason.into()))
}

impl State {
    pub(super) fn note(&mut self, op: Op, key: &str) -> Option<Fault> {
        self.calls.push((op, key.to_owned()));
        let count = self.counts.entry(op).or_default();
        *count += 1;
        let fits =
            |(of, nth, _): &&(Op, Option<usize>, Fault)| *of == op && nth.is_none_or(|nth| nth == *count);
        self.faults.iter().find(fits).map(|(_, _, fault)| *fault)
    }

    pub(super) fn object(&self, key: &str) -> Result<&Object, Refusal> {
        self.objects
            .get(key)
            .ok_or((StoreErrorKind::NotFound, "NoSuchKey".to_owned()))
    }

    pub(super) fn upload(&mut self, key: &str, id: &str) -> Result<&mut Upload, Refusal> {
        self.uploads
            .get_mut(id)
            .filter(|upload| upload.key == key)
            .ok_or((StoreErrorKind::NotFound, "NoSuchUpload".to_owned()))
    }

    pub(super) fn open_uploads(&self, prefix: &str) -> Vec<OpenUpload> {
        let open = self
            .uploads
            .iter()
            .filter(|(_, upload)| upload.key.starts_with(prefix));
        open.map(|(id, upload)| OpenUpload {
            key: upload.key.clone(),
            id: id.clone(),
            initiated: upload.initiated,
        })
        .collect()
    }

    /// The parts as one body and its entity tag, if S3 would take them.
    pub(super) fn assemble(&self, upload: &Upload, parts: &[Part]) -> Result<(Bytes, String), Refusal> {
        let (mut body, mut sums) = (BytesMut::new(), Vec::new());
        let Some(last) = parts.last() else {
            return refused(StoreErrorKind::Other, "MalformedXML: no parts");
        };
        let first_bytes = upload.parts.get(&parts[0].number).map(Bytes::len);
        let mut before = 0;
        for part in parts {
            let Some(bytes) = upload.parts.get(&part.number) else {
                return refused(StoreErrorKind::Other, format!("InvalidPart: {}", part.number));
            };
            let sum = etag::md5(bytes);
            if part.etag != quoted(&etag::hex(&sum)) {
                return refused(
                    StoreErrorKind::Other,
                    format!("InvalidPart: the tag of {}", part.number),
                );
            }
            if part.number <= before {
                return refused(StoreErrorKind::Other, "InvalidPartOrder");
            }
            if part.number != last.number && bytes.len() < self.manners.min_part_bytes {
                return refused(
                    StoreErrorKind::Other,
                    format!("EntityTooSmall: part {}", part.number),
                );
            }
            let odd = if part.number == last.number {
                first_bytes.is_some_and(|first| bytes.len() > first)
            } else {
                first_bytes != Some(bytes.len())
            };
            if self.manners.equal_parts && odd {
                return refused(
                    StoreErrorKind::Other,
                    "InvalidPart: all parts but the last must be of one size",
                );
            }
            before = part.number;
            sums.extend_from_slice(&sum);
            body.extend_from_slice(bytes);
        }
        let etag = quoted(&format!("{}-{}", etag::hex(&etag::md5(&sums)), parts.len()));
        Ok((body.freeze(), etag))
    }
}

impl Object {
    pub(super) fn head(&self) -> Head {
        Head {
            bytes: self.body.len() as u64,
            etag: Some(self.etag.clone()),
            version_id: None,
        }
    }
}

pub(super) fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}
