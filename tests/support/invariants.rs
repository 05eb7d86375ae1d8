//! What must hold of a bucket at any moment, whatever has just happened to lifeboat.
//!
//! (a) Every backup that is listed decodes to the bytes its manifest states. (b) No manifest without its object.
//! (c) There are never fewer whole backups than the rules allow. (e) After a successful run no upload is open that is
//! older than what is swept. The others, no process left in the target (d) and an exit code that agrees with the log (f),
//! are seen where the runs are.
//!
//! Nothing of lifeboat's own reading is used here but the port to the store.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by tests that use parts of it"
)]

use jiff::{SignedDuration, Timestamp};
use lifeboat::store::{Kind, Store};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Read as _;

/// The age of what is swept, as the contract says it.
const SWEPT: SignedDuration = SignedDuration::from_hours(48);

/// Looks at the keys that begin with `prefix`, again and again.
pub struct Invariants<S> {
    store: S,
    prefix: String,
    /// Objects that were proven, by key and entity tag.
    proven: HashSet<(String, Option<String>)>,
}

/// What is there.
#[derive(Debug, Default)]
pub struct Seen {
    /// The objects of whole backups.
    pub whole: Vec<String>,
    /// What must not be.
    pub violations: Vec<String>,
}

impl<S: Store> Invariants<S> {
    /// Of these keys.
    pub fn new(store: S, prefix: &str) -> Self {
        Self {
            store,
            prefix: prefix.to_owned(),
            proven: HashSet::new(),
        }
    }

    /// What is there, of which at least so many must be whole backups.
    pub async fn see(&mut self, at_least: usize) -> Seen {
        let listed = self.store.list(&self.prefix).await.unwrap();
        let bytes: HashMap<&str, u64> = listed
            .iter()
            .map(|object| (object.key.as_str(), object.bytes))
            .collect();
        let mut seen = Seen::default();
        for key in bytes.keys().filter_map(|key| key.strip_suffix(".json")) {
            let outcome = match bytes.get(key) {
                None => Err("a manifest without its object".to_owned()),
                Some(bytes) => self.prove(key, *bytes).await,
            };
            match outcome {
                Ok(()) => seen.whole.push(key.to_owned()),
                Err(why) => seen.violations.push(format!("{key}: {why}")),
            }
        }
        if seen.whole.len() < at_least {
            let count = seen.whole.len();
            seen.violations
                .push(format!("{count} whole backups, {at_least} must be there"));
        }
        seen
    }

    /// Uploads that should have been swept by a run that ended well; stores that list none have none.
    pub async fn unswept(&self, now: Timestamp) -> Vec<String> {
        let open = self.store.list_uploads(&self.prefix).await.unwrap_or_default();
        let old = open
            .into_iter()
            .filter(|upload| now.duration_since(upload.initiated) > SWEPT);
        old.map(|upload| format!("{}: open since {}", upload.key, upload.initiated))
            .collect()
    }

    async fn prove(&mut self, key: &str, bytes: u64) -> Result<(), String> {
        let head = self.store.head(key).await.map_err(|error| error.to_string())?;
        let id = (key.to_owned(), head.etag);
        if self.proven.contains(&id) {
            return Ok(());
        }
        let text = self.store.get(&format!("{key}.json"), 1 << 20).await;
        let text = text.map_err(|error| error.to_string())?;
        let manifest: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        let object = self.store.get_range(key, None, 0, bytes).await;
        let object = object.map_err(|error| error.to_string())?;
        if manifest["key"] != key {
            return Err(format!("its manifest is of {}", manifest["key"]));
        }
        agrees("object", &manifest["object"], &object)?;
        agrees("dump", &manifest["dump"], &decoded(&manifest, &object)?)?;
        self.proven.insert(id);
        Ok(())
    }
}

fn decoded(manifest: &Value, object: &[u8]) -> Result<Vec<u8>, String> {
    match manifest["compression"]["name"].as_str() {
        Some("none") => Ok(object.to_vec()),
        Some("bzip2") => {
            let mut dump = Vec::new();
            let read = bzip2::read::MultiBzDecoder::new(object).read_to_end(&mut dump);
            read.map(|_| dump).map_err(|error| error.to_string())
        }
        other => Err(format!("compression {other:?}")),
    }
}

fn agrees(what: &str, stated: &Value, bytes: &[u8]) -> Result<(), String> {
    let mut sum = String::new();
    for byte in Sha256::digest(bytes) {
        write!(sum, "{byte:02x}").unwrap();
    }
    if stated["bytes"] == bytes.len() && stated["sha256"] == sum {
        return Ok(());
    }
    Err(format!("its {what} is not what the manifest states: {stated}"))
}

/// Every object under a prefix, to be put back later.
pub async fn snapshot<S: Store>(store: &S, prefix: &str) -> Vec<(String, bytes::Bytes)> {
    let mut objects = Vec::new();
    for object in store.list(prefix).await.unwrap() {
        let body = store.get(&object.key, object.bytes).await.unwrap();
        objects.push((object.key, body));
    }
    objects
}

/// Puts back what of a snapshot is missing: objects first, manifests last.
pub async fn put_back<S: Store>(store: &S, objects: &[(String, bytes::Bytes)]) {
    let manifest = |key: &str| key.ends_with(".json");
    let mut objects: Vec<_> = objects.iter().collect();
    objects.sort_by_key(|(key, _)| manifest(key));
    for (key, body) in objects {
        if store.head(key).await.is_err() {
            store.put(key, Kind::Manifest, body.clone()).await.unwrap();
        }
    }
}
