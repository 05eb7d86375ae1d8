//! The manifest: what a backup is, in words and hashes, beside its dump. Written last, it is the commit mark.
//!
//! Readers ignore what they do not know, so fields can be added; a change that old readers would misread gets a
//! new `format` number, which they refuse. The hashes are the truth; entity tag and version are information, a
//! copied bucket has others.

use super::key::Key;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The `format` written here, and the newest one read.
pub const FORMAT: u64 = 1;

/// Everything known about one backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u64,
    /// The version of lifeboat that wrote it.
    pub lifeboat: String,
    /// The key of the dump, without `S3_PREFIX`.
    pub key: String,
    /// The target's name.
    pub target: String,
    /// The container the dump came from.
    pub container: Container,
    /// The installation the dump came from.
    pub origin: Origin,
    /// The engine's name: `postgres`.
    pub engine: String,
    /// The server's version, in its own words.
    #[serde(default)]
    pub server_version: Option<String>,
    /// The dump tool's version, in its own words.
    #[serde(default)]
    pub tool_version: Option<String>,
    /// The database, as [`super::Database`] is shown.
    pub database: String,
    /// When the backup began; whole seconds, as in the key.
    pub started: Timestamp,
    /// When the object was proven whole.
    pub finished: Timestamp,
    /// The run this backup is of: one id per run.
    pub run: String,
    /// The bytes the dump tool printed.
    pub dump: Dump,
    /// The bytes stored.
    pub object: Object,
    /// How the first became the second.
    pub compression: Compression,
    /// How the object is encrypted; `null`: it is not.
    #[serde(default)]
    pub encryption: Option<Value>,
    /// The `DUMP_OPTIONS` in effect.
    #[serde(default)]
    pub options: Vec<String>,
    /// What one engine alone has to say, in that engine's own form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Value>,
}

/// The container a dump came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its image, as it was asked for.
    #[serde(default)]
    pub image: Option<String>,
}

/// The installation a dump came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The id of the container engine, or the Kubernetes namespace.
    pub engine_id: String,
    /// The compose project of the container: several on one engine may give their services the same names.
    #[serde(default)]
    pub project: Option<String>,
    /// What the database server itself is known by, and whatever runs over a copy of its files: `PostgreSQL`'s system
    /// identifier, `MySQL`'s `server_uuid`, an id in a file of `MariaDB`'s, and of a collection of `MongoDB`'s.
    #[serde(default)]
    pub system_identifier: Option<String>,
}

impl Origin {
    /// Whether both are one installation's, and of one database server. An engine that has no id could be any.
    pub fn is(&self, other: &Self) -> bool {
        !self.engine_id.is_empty() && self == other
    }

    /// Whether both are one installation's, whatever server was there.
    pub fn is_of_installation(&self, other: &Self) -> bool {
        !self.engine_id.is_empty() && self.engine_id == other.engine_id && self.project == other.project
    }

    /// Whether they are certainly of two database servers. Of one that is not named nobody can tell: manifests of
    /// before lifeboat knew it have none.
    pub fn is_of_another_server(&self, other: &Self) -> bool {
        matches!((&self.system_identifier, &other.system_identifier), (Some(one), Some(other)) if one != other)
    }
}

/// The bytes the dump tool printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump {
    /// The command, without secrets; `None` for a custom one, which may hold some.
    #[serde(default)]
    pub command: Option<String>,
    /// SHA-256 of a custom command, in hex.
    #[serde(default)]
    pub command_sha256: Option<String>,
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, in hex.
    pub sha256: String,
}

/// The bytes stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, in hex.
    pub sha256: String,
    /// The entity tag the store gave.
    #[serde(default)]
    pub etag: Option<String>,
    /// The version, in a versioned bucket.
    #[serde(default)]
    pub version_id: Option<String>,
    /// In how many parts it was uploaded; `None`: in one request.
    #[serde(default)]
    pub parts: Option<u32>,
    /// The size of each part but the last.
    #[serde(default)]
    pub part_bytes: Option<u64>,
}

/// How the dump was compressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compression {
    /// As in COMPRESSION: `bzip2`, `none`.
    pub name: String,
    /// The level.
    #[serde(default)]
    pub level: Option<u32>,
    /// Of how many independent streams the object is made.
    #[serde(default)]
    pub members: Option<u64>,
}

/// A manifest that proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No JSON, or none with our fields in it.
    #[error("the manifest cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Written by a later lifeboat.
    #[error("the manifest has format {found}, and this lifeboat knows format {FORMAT}: use a newer one")]
    Format {
        /// Its `format`.
        found: u64,
    },
    /// It describes another backup than the one it stands beside.
    #[error("the manifest says {field} {found:?}, and its key says {expected:?}")]
    Mismatch {
        /// The field that differs.
        field: &'static str,
        /// What the manifest says.
        found: String,
        /// What its key says.
        expected: String,
    },
    /// A hash that is none.
    #[error("the manifest's {field} is not the 64 lowercase hex digits of a SHA-256")]
    Hash {
        /// The field.
        field: &'static str,
    },
}

impl Manifest {
    /// Reads the manifest that stands beside `expected`, and refuses one that describes something else. How many
    /// bytes are read is bounded by the caller.
    pub fn parse(bytes: &[u8], expected: &Key) -> Result<Self, ManifestError> {
        // First the number alone: in another format the other fields may be of other types.
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(ManifestError::Unreadable)?;
        if format != FORMAT {
            return Err(ManifestError::Format { found: format });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(ManifestError::Unreadable)?;
        manifest.check(expected)?;
        Ok(manifest)
    }

    /// The JSON to store. Checked as a reader would: a manifest that cannot be read back is worth nothing.
    pub fn to_json(&self, expected: &Key) -> Result<Vec<u8>, ManifestError> {
        self.check(expected)?;
        let mut json = serde_json::to_vec_pretty(self).map_err(ManifestError::Unreadable)?;
        json.push(b'\n');
        Ok(json)
    }

    fn check(&self, expected: &Key) -> Result<(), ManifestError> {
        let encrypted = |yes: bool| if yes { "age" } else { "none" }.to_owned();
        for (field, found, expected) in [
            ("key", self.key.clone(), expected.text()),
            ("target", self.target.clone(), expected.target().to_owned()),
            ("database", self.database.clone(), expected.database().to_string()),
            (
                "started",
                self.started.to_string(),
                expected.started().to_string(),
            ),
            (
                "compression",
                self.compression.name.clone(),
                expected.compression_name().to_owned(),
            ),
            (
                "encryption",
                encrypted(self.encryption.is_some()),
                encrypted(expected.is_encrypted()),
            ),
        ] {
            if found != expected {
                return Err(ManifestError::Mismatch {
                    field,
                    found,
                    expected,
                });
            }
        }
        for (field, hash) in [
            ("dump.sha256", Some(&self.dump.sha256)),
            ("object.sha256", Some(&self.object.sha256)),
            ("dump.command_sha256", self.dump.command_sha256.as_ref()),
        ] {
            if hash.is_some_and(|hash| !is_sha256(hash)) {
                return Err(ManifestError::Hash { field });
            }
        }
        Ok(())
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::database::Database;
    use super::*;
    use serde_json::json;

    fn key() -> Key {
        let started = "2026-11-20T03:00:00Z".parse().unwrap();
        Key::new(
            "db",
            Database::Named("app".to_owned()),
            started,
            0x9f3a,
            "pgdump",
            Some("bz2"),
        )
        .unwrap()
    }

    fn sample() -> Value {
        json!({
            "format": 1,
            "lifeboat": "0.1.0",
            "key": "db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2",
            "target": "db",
            "container": {"name": "shop-db-1", "id": "0f3c", "image": "postgres:18"},
            "origin": {"engine_id": "ABCD", "project": "shop", "system_identifier": "7312"},
            "engine": "postgres",
            "server_version": "18.1",
            "tool_version": "pg_dump (PostgreSQL) 18.1",
            "database": "app",
            "started": "2026-11-20T03:00:00Z",
            "finished": "2026-11-20T03:00:09.5Z",
            "run": "5e1f",
            "dump": {"command": "pg_dump -Fc app", "command_sha256": null, "bytes": 10, "sha256": "a".repeat(64)},
            "object": {"bytes": 7, "sha256": "0".repeat(64), "etag": "\"x\"", "version_id": null, "parts": 1,
                "part_bytes": 8_388_608},
            "compression": {"name": "bzip2", "level": 9, "members": 1},
            "encryption": null,
            "options": ["--no-owner"],
        })
    }

    fn parse(value: &Value) -> Result<Manifest, ManifestError> {
        Manifest::parse(value.to_string().as_bytes(), &key())
    }

    /// The sample with the value at a JSON pointer replaced.
    fn with(pointer: &str, new: Value) -> Value {
        let mut value = sample();
        *value.pointer_mut(pointer).unwrap() = new;
        value
    }

    #[test]
    fn what_is_written_is_read_back() {
        let manifest = parse(&sample()).unwrap();
        let json = manifest.to_json(&key()).unwrap();
        assert_eq!(json.last(), Some(&b'\n'));
        assert_eq!(Manifest::parse(&json, &key()).unwrap(), manifest);
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), sample());
        let mut wrong = manifest;
        wrong.object.sha256.clear();
        assert!(wrong.to_json(&key()).is_err());
    }

    #[test]
    fn fields_of_later_versions_are_ignored_and_ours_may_be_missing() {
        let mut value = sample();
        value["new"] = json!({"deep": [1]});
        value["dump"]["new"] = json!(1);
        value["properties"] = json!({"owner": "app"});
        for gone in ["server_version", "tool_version", "encryption", "options"] {
            value.as_object_mut().unwrap().remove(gone);
        }
        let manifest = parse(&value).unwrap();
        assert_eq!(manifest.options, Vec::<String>::new());
        assert_eq!(manifest.properties, Some(json!({"owner": "app"})));
    }

    #[test]
    fn another_format_is_refused_before_its_fields_are_looked_at() {
        let error = parse(&json!({"format": 2, "dump": "elsewhere"})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the manifest has format 2, and this lifeboat knows format 1: use a newer one"
        );
        assert!(matches!(
            parse(&with("/format", json!(0))),
            Err(ManifestError::Format { found: 0 })
        ));
    }

    #[test]
    fn a_manifest_of_another_backup_is_refused() {
        for (pointer, wrong) in [
            ("/key", json!("db/app/2026-11-20T03-00-00Z-9f3b.pgdump.bz2")),
            ("/key", json!("p/db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2")),
            ("/target", json!("other")),
            ("/database", json!("other")),
            ("/started", json!("2026-11-20T03:00:00.1Z")),
            ("/compression/name", json!("none")),
            ("/encryption", json!({"name": "age"})),
        ] {
            let error = parse(&with(pointer, wrong)).unwrap_err();
            assert!(
                matches!(error, ManifestError::Mismatch { .. }),
                "{pointer}: {error}"
            );
        }
        let error = parse(&with("/database", json!("x"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the manifest says database \"x\", and its key says \"app\""
        );
    }

    #[test]
    fn hashes_and_types_are_checked() {
        for pointer in ["/dump/sha256", "/object/sha256", "/dump/command_sha256"] {
            for wrong in [
                String::new(),
                "a".repeat(63),
                "a".repeat(65),
                "A".repeat(64),
                "g".repeat(64),
            ] {
                let error = parse(&with(pointer, json!(wrong))).unwrap_err();
                assert!(matches!(error, ManifestError::Hash { .. }), "{pointer}");
            }
        }
        for (pointer, wrong) in [
            ("/format", json!("1")),
            ("/format", json!(-1)),
            ("/object/bytes", json!(-1)),
            ("/object/bytes", json!(1.5)),
            ("/dump/bytes", json!("10")),
            ("/dump", json!(null)),
            ("/origin", json!("ABCD")),
            ("/started", json!("yesterday")),
            ("/options", json!("--no-owner")),
        ] {
            let error = parse(&with(pointer, wrong)).unwrap_err();
            assert!(
                matches!(error, ManifestError::Unreadable(_)),
                "{pointer}: {error}"
            );
        }
        for bytes in [&b""[..], b"{", b"[]", b"null", b"{}", b"\xff", b"{\"format\":1}"] {
            assert!(matches!(
                Manifest::parse(bytes, &key()),
                Err(ManifestError::Unreadable(_))
            ));
        }
    }

    #[test]
    fn the_same_origin_is_equal_in_all_of_it() {
        let is = |one: (&str, Option<&str>, Option<&str>), other| {
            let [one, other] = [one, other].map(|(engine_id, project, system)| Origin {
                engine_id: engine_id.to_owned(),
                project: project.map(str::to_owned),
                system_identifier: system.map(str::to_owned),
            });
            one.is(&other)
        };
        let one = ("a", Some("p"), Some("1"));
        assert!(is(one, one));
        assert!(is(("a", None, None), ("a", None, None)));
        assert!(!is(one, ("b", Some("p"), Some("1"))));
        assert!(!is(one, ("a", Some("q"), Some("1"))));
        assert!(!is(one, ("a", None, Some("1"))));
        assert!(!is(one, ("a", Some("p"), Some("2"))));
        assert!(!is(one, ("a", Some("p"), None)));
        assert!(!is(("", None, None), ("", None, None)), "two that are unknown");
    }
}
