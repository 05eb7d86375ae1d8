//! A catalog in the making: rows of a listing go in as they come.
//!
//! A bucket may hold a million objects of others. Of what is not ours only the number is kept, so that memory grows with
//! our own backups alone.

use super::key::Parsed;
use super::{Backup, Catalog, Entry, Incomplete, Key, Missing};
use std::collections::BTreeMap;

/// The rows so far.
#[derive(Debug)]
pub struct Listing {
    prefix: String,
    /// By the dump's whole key: the entry of the dump, and that of the manifest.
    halves: BTreeMap<String, (Key, Option<Entry>, Option<Entry>)>,
    foreign: usize,
}

impl Listing {
    /// Nothing yet of what is under `prefix` (`S3_PREFIX` without slashes at its ends).
    pub fn of(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            halves: BTreeMap::new(),
            foreign: 0,
        }
    }

    /// Takes a row; in any order.
    pub fn add(&mut self, entry: Entry) {
        let Some(parsed) = Key::parse(&self.prefix, &entry.key) else {
            self.foreign += 1;
            return;
        };
        let key = parsed.key().clone();
        let (_, dump, manifest) = self
            .halves
            .entry(key.object(&self.prefix))
            .or_insert_with(|| (key, None, None));
        match parsed {
            Parsed::Dump(_) => *dump = Some(entry),
            Parsed::Manifest(_) => *manifest = Some(entry),
        }
    }

    /// The rows, grouped into backups.
    pub fn into_catalog(self) -> Catalog {
        let mut catalog = Catalog {
            foreign: self.foreign,
            ..Catalog::default()
        };
        for (object, (key, dump, manifest)) in self.halves {
            let (half, missing) = match (dump, manifest) {
                (Some(dump), Some(_)) => {
                    catalog.complete.push(Backup {
                        key,
                        object,
                        bytes: dump.bytes,
                        modified: dump.modified,
                    });
                    continue;
                }
                (Some(dump), None) => (dump, Missing::Manifest),
                (None, Some(manifest)) => (manifest, Missing::Dump),
                (None, None) => continue,
            };
            catalog.incomplete.push(Incomplete {
                key,
                object: half.key,
                missing,
                bytes: half.bytes,
                modified: half.modified,
            });
        }
        catalog.complete.sort_by_cached_key(Backup::newest_first);
        catalog.incomplete.sort_by(|a, b| {
            (b.key.started(), b.key.id(), &b.object).cmp(&(a.key.started(), a.key.id(), &a.object))
        });
        catalog
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::samples::{backup, listing};
    use super::*;

    #[test]
    fn nothing_is_held_of_what_is_not_ours() {
        let ours = listing(&[backup("db", "app", "2026-11-20T03:00:00Z")]);
        let mut listing = Listing::of("p");
        for number in 0..1_000 {
            listing.add(Entry {
                key: format!("p/photos/{number}.jpg"),
                ..ours[0].clone()
            });
        }
        assert!(listing.halves.is_empty());
        for entry in ours {
            listing.add(entry);
        }
        let catalog = listing.into_catalog();
        assert_eq!((catalog.complete().len(), catalog.foreign()), (1, 1_000));
    }
}
