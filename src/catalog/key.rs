//! The names of backups in the bucket: `{target}/{database}/{started}-{id}.{ext}[.{compression}][.age][.json]`.
//!
//! One backup has one name and one name means one backup: whatever does not come out of [`Key`] again, byte for
//! byte, when it is written anew is somebody else's object, and never ours to restore or to delete.

use super::database::{Database, decode, encode_target};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What a manifest's key has more than its dump's.
pub const MANIFEST_SUFFIX: &str = ".json";

/// The compressions a key can name: last part of the key, and the name as in COMPRESSION.
const COMPRESSIONS: [(&str, &str); 4] = [("bz2", "bzip2"), ("zst", "zstd"), ("gz", "gzip"), ("xz", "xz")];

const ENCRYPTED: &str = "age";

/// Parts that make no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A target or database without a name.
    #[error("a target and a database need a name")]
    Nameless,
    /// An extension outside [`is_extension`].
    #[error("{0:?} is no extension: 1 to 16 of A-Z a-z 0-9 _ -, and neither json, age nor a compression's")]
    Extension(String),
    /// A compression that is not known.
    #[error("{0:?} is no compression's extension")]
    Compression(String),
    /// A start outside the years 0 to 9999.
    #[error("{0} cannot be written in a key")]
    Started(Timestamp),
}

/// Whether `text` may stand as a dump's extension (`DUMP_EXTENSION`).
pub fn is_extension(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && text != "json"
        && text != ENCRYPTED
        && compression(text).is_none()
}

/// The identity of a backup, and the name of its dump in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    target: String,
    database: Database,
    started: Timestamp,
    id: u16,
    extension: String,
    compression: Option<&'static str>,
    encrypted: bool,
}

impl Key {
    /// A key from its parts. `started` is cut to the second; `compression` is a key's ending (`bz2`).
    pub fn new(
        target: &str,
        database: Database,
        started: Timestamp,
        id: u16,
        extension: &str,
        compression: Option<&str>,
    ) -> Result<Self, KeyError> {
        if target.is_empty() || database.is_nameless() {
            return Err(KeyError::Nameless);
        }
        if !is_extension(extension) {
            return Err(KeyError::Extension(extension.to_owned()));
        }
        let compression = match compression {
            None => None,
            Some(text) => match self::compression(text) {
                Some((ending, _)) => Some(ending),
                None => return Err(KeyError::Compression(text.to_owned())),
            },
        };
        let cut = started.as_second() - i64::from(started.subsec_nanosecond() < 0);
        let whole_second = Timestamp::from_second(cut)
            .ok()
            .filter(|second| TimeZone::UTC.to_datetime(*second).year() >= 0)
            .ok_or(KeyError::Started(started))?;
        Ok(Self {
            target: target.to_owned(),
            database,
            started: whole_second,
            id,
            extension: extension.to_owned(),
            compression,
            encrypted: false,
        })
    }

    /// Reads a whole key of the bucket. `None`: not ours, or not under `prefix` (`S3_PREFIX` without slashes at its
    /// ends).
    pub fn parse(prefix: &str, text: &str) -> Option<Parsed> {
        let relative = match prefix {
            "" => text,
            _ => text.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        let parsed = match relative.strip_suffix(MANIFEST_SUFFIX) {
            Some(dump) => Parsed::Manifest(Self::from_text(dump)?),
            None => Parsed::Dump(Self::from_text(relative)?),
        };
        Some(parsed)
    }

    /// Reads [`Key::text`].
    pub fn from_text(text: &str) -> Option<Self> {
        let mut segments = text.split('/');
        let (target, database, name) = (segments.next()?, segments.next()?, segments.next()?);
        let mut parts = name.split('.');
        let (stamp, extension) = (parts.next()?, parts.next()?);
        let mut rest = parts.next();
        let compression = rest.and_then(self::compression).map(|(ending, _)| ending);
        if compression.is_some() {
            rest = parts.next();
        }
        let encrypted = rest == Some(ENCRYPTED);
        let (started, id) = parse_stamp(stamp)?;
        let mut key = Self::new(
            &decode(target)?,
            Database::from_segment(database)?,
            started,
            id,
            extension,
            compression,
        )
        .ok()?;
        key.encrypted = encrypted;
        // The one rule that makes the grammar strict: only what we would have written is ours.
        (key.text() == text).then_some(key)
    }

    /// The key without `S3_PREFIX`, as in the manifest.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}/{}/{}-{:04x}.{}",
            encode_target(&self.target),
            self.database.segment(),
            TimeZone::UTC
                .to_datetime(self.started)
                .strftime("%Y-%m-%dT%H-%M-%SZ"),
            self.id,
            self.extension
        );
        if let Some(compression) = self.compression {
            text.push('.');
            text.push_str(compression);
        }
        if self.encrypted {
            text.push('.');
            text.push_str(ENCRYPTED);
        }
        text
    }

    /// The whole key of the dump.
    pub fn object(&self, prefix: &str) -> String {
        under(prefix, &self.text())
    }

    /// The whole key of the manifest.
    pub fn manifest(&self, prefix: &str) -> String {
        self.object(prefix) + MANIFEST_SUFFIX
    }

    /// The same backup, encrypted with age.
    #[must_use]
    pub fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// The target's name.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What was backed up.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// When the backup began, in whole seconds.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Tells backups apart that began in the same second.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// What the bytes are, once decrypted and decompressed: `pgdump`, `sql`.
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// The compression's ending: `bz2`.
    pub fn compression(&self) -> Option<&'static str> {
        self.compression
    }

    /// The compression's name, as in COMPRESSION and the manifest: `bzip2`, `none`.
    pub fn compression_name(&self) -> &'static str {
        self.compression
            .and_then(compression)
            .map_or("none", |(_, name)| name)
    }

    /// Whether the object is encrypted with age.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

/// What a key of our grammar names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// The dump of the backup.
    Dump(Key),
    /// The manifest of the backup.
    Manifest(Key),
}

impl Parsed {
    /// The backup.
    pub fn key(&self) -> &Key {
        match self {
            Self::Dump(key) | Self::Manifest(key) => key,
        }
    }
}

/// What every key of a target begins with; for listing.
pub fn target_prefix(prefix: &str, target: &str) -> String {
    under(prefix, &encode_target(target)) + "/"
}

/// What every key of a database begins with; for listing.
pub fn database_prefix(prefix: &str, target: &str, database: &Database) -> String {
    target_prefix(prefix, target) + &database.segment() + "/"
}

fn under(prefix: &str, relative: &str) -> String {
    match prefix {
        "" => relative.to_owned(),
        _ => format!("{prefix}/{relative}"),
    }
}

fn compression(ending: &str) -> Option<(&'static str, &'static str)> {
    COMPRESSIONS.into_iter().find(|(known, _)| *known == ending)
}

/// `2026-11-20T03-00-00Z-9f3a`. Signs, blanks and missing zeros are left to the comparison in [`Key::from_text`].
fn parse_stamp(stamp: &str) -> Option<(Timestamp, u16)> {
    let (time, id) = stamp.split_once("Z-")?;
    let (date, clock) = time.split_once('T')?;
    let mut fields = date.split('-').chain(clock.split('-')).map(str::parse::<i16>);
    let mut next = || fields.next()?.ok();
    let (year, month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let small = |field: i16| i8::try_from(field).ok();
    let civil = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    let started = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some((started, u16::from_str_radix(id, 16).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Deterministic noise (xorshift64*), so that a failure can be repeated.
    struct Noise(u64);

    impl Noise {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
            usize::try_from(high).unwrap() % bound
        }

        fn pick<T: Copy>(&mut self, from: &[T]) -> T {
            from[self.below(from.len())]
        }

        fn name(&mut self) -> String {
            const PIECES: [&str; 19] = [
                "a",
                "Z",
                "0",
                ".",
                "..",
                "_",
                "-",
                "%",
                "%41",
                "/",
                " ",
                "\u{1b}[2J",
                "ä",
                "日",
                "_globals",
                "_all",
                "_replaced.",
                ".json",
                "\0",
            ];
            (0..=self.below(5)).map(|_| self.pick(&PIECES)).collect()
        }

        fn key(&mut self) -> Key {
            let database = match self.below(6) {
                0 => Database::Globals,
                1 => Database::All,
                2 => Database::Replaced(self.name()),
                _ => Database::Named(self.name()),
            };
            // All of the years 0 to 9999, in seconds and fractions of them.
            let start = -62_167_219_200_i64;
            let offset = i64::try_from(self.below(1 << 30) * 293).unwrap();
            let nanosecond = i32::try_from(self.below(1_000_000_000)).unwrap();
            let started = Timestamp::from_second(start + offset).unwrap()
                + jiff::SignedDuration::from_nanos(i64::from(nanosecond));
            let extension = self.pick(&[
                "pgdump",
                "sql",
                "archive",
                "x",
                "A_-9",
                "JSON",
                "0123456789abcdef",
            ]);
            let compression = self.pick(&[None, Some("bz2"), Some("zst"), Some("gz"), Some("xz")]);
            let id = u16::try_from(self.below(1 << 16)).unwrap();
            let key = Key::new(&self.name(), database, started, id, extension, compression).unwrap();
            if self.below(2) == 0 { key.encrypted() } else { key }
        }
    }

    fn sample() -> Key {
        let started = "2026-11-20T03:00:00.9Z".parse().unwrap();
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

    #[test]
    fn writes_the_documented_form() {
        assert_eq!(sample().text(), "db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2");
        assert_eq!(
            sample().object("a/b"),
            "a/b/db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2"
        );
        assert_eq!(
            sample().encrypted().manifest(""),
            "db/app/2026-11-20T03-00-00Z-9f3a.pgdump.bz2.age.json"
        );
        assert_eq!(target_prefix("p", "my db"), "p/my%20db/");
        assert_eq!(database_prefix("", "db", &Database::All), "db/_all/");
        assert_eq!(sample().compression_name(), "bzip2");
    }

    #[test]
    fn every_key_comes_back_from_its_text() {
        let mut noise = Noise(7);
        for _ in 0..5_000 {
            let key = noise.key();
            let prefix = noise.pick(&["", "p", "a/b"]);
            assert_eq!(
                Key::parse(prefix, &key.object(prefix)),
                Some(Parsed::Dump(key.clone()))
            );
            assert_eq!(
                Key::parse(prefix, &key.manifest(prefix)),
                Some(Parsed::Manifest(key.clone()))
            );
            let database = key.database().clone();
            assert!(
                key.object(prefix)
                    .starts_with(&database_prefix(prefix, key.target(), &database))
            );
            assert_eq!(Database::from_shown(&database.to_string()), database);
            assert!(key.text().is_ascii());
            assert_eq!(
                key.text().split('/').filter(|s| [".", ".."].contains(s)).count(),
                0
            );
        }
    }

    /// Most of these do not parse; what does must be written the same way again.
    #[test]
    fn a_damaged_key_is_another_key_or_none() {
        let mut noise = Noise(11);
        let mut parsed = 0;
        for _ in 0..20_000 {
            let key = noise.key();
            let mut text = key.object("p").into_bytes();
            for _ in 0..=noise.below(2) {
                let at = noise.below(text.len());
                match noise.below(3) {
                    0 => text[at] = noise.pick(b"0129aAfFzZ%._-/+ :T"),
                    1 => text.insert(at, noise.pick(b"0129aAfFzZ%._-/+ :T")),
                    _ => drop(text.remove(at)),
                }
            }
            let text = String::from_utf8(text).unwrap();
            if let Some(Parsed::Dump(other)) = Key::parse("p", &text) {
                parsed += 1;
                assert_eq!(other.object("p"), text);
                assert_eq!(other == key, text == key.object("p"));
            }
        }
        assert!(parsed > 500, "the damage leaves too little to look at: {parsed}");
    }

    #[test]
    fn foreign_keys_do_not_parse() {
        assert!(Key::from_text("db/app/2026-11-20T03-00-00Z-9f3a.sql").is_some());
        for foreign in [
            "",
            "/",
            "//",
            "db/app",
            "db/app/",
            "/app/2026-11-20T03-00-00Z-9f3a.sql",
            "db//2026-11-20T03-00-00Z-9f3a.sql",
            "x/db/app/2026-11-20T03-00-00Z-9f3a.sql",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql/",
            "db/app/2026-11-20T03-00-00Z-9f3a",
            "db/app/2026-11-20T03-00-00Z-9f3a.",
            "db/app/2026-11-20T03-00-00Z-9F3A.sql",
            "db/app/2026-11-20T03-00-00Z-9f3.sql",
            "db/app/2026-11-20T03-00-00Z-09f3a.sql",
            "db/app/2026-11-20T03-00-00Z-+9f3.sql",
            "db/app/2026-11-20T03:00:00Z-9f3a.sql",
            "db/app/2026-11-20T03-00-60Z-9f3a.sql",
            "db/app/2026-11-20T24-00-00Z-9f3a.sql",
            "db/app/2026-02-29T03-00-00Z-9f3a.sql",
            "db/app/2026-2-09T03-00-00Z-9f3a.sql",
            "db/app/+2026-11-20T03-00-00Z-9f3a.sql",
            "db/app/-026-11-20T03-00-00Z-9f3a.sql",
            "db/app/02026-11-20T03-00-00Z-9f3a.sql",
            "db/app/2026-11-20T03-00-00-00Z-9f3a.sql",
            "db/app/2026-11-20t03-00-00z-9f3a.sql",
            "db/app/2026-11-20T03-00-00+01-9f3a.sql",
            "db/app/2026-11-20T03-00-00Z-9f3a.json",
            "db/app/2026-11-20T03-00-00Z-9f3a.bz2",
            "db/app/2026-11-20T03-00-00Z-9f3a.age",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql.json",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql.json.json",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql.age.bz2",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql.bz2.bz2",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql.age.age",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql.lz4",
            "db/app/2026-11-20T03-00-00Z-9f3a.sq.l",
            "db/app/2026-11-20T03-00-00Z-9f3a.s%71l",
            "db/app/2026-11-20T03-00-00Z-9f3a.abcdefghijklmnopq",
            "d%62/app/2026-11-20T03-00-00Z-9f3a.sql",
            "db/_other/2026-11-20T03-00-00Z-9f3a.sql",
            "../app/2026-11-20T03-00-00Z-9f3a.sql",
            "db/app/2026-11-20T03-00-00Z-9f3a.sql\n",
            "db/app/2026-11-20T03-00-00Z-9f3ä.sql",
        ] {
            assert_eq!(Key::from_text(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_prefix_is_a_whole_path() {
        let text = sample().object("backups");
        assert!(Key::parse("backups", &text).is_some());
        for other in ["backup", "backups/", "", "s", "backups/db"] {
            assert_eq!(Key::parse(other, &text), None, "{other}");
        }
        assert_eq!(
            Key::parse("backups", "backupsdb/app/2026-11-20T03-00-00Z-9f3a.sql"),
            None
        );
    }

    #[test]
    fn parts_that_make_no_key_are_refused() {
        let started: Timestamp = "2026-11-20T03:00:00Z".parse().unwrap();
        let new = |target, database, extension, compression| {
            Key::new(target, database, started, 0, extension, compression).unwrap_err()
        };
        let app = || Database::Named("app".to_owned());
        assert_eq!(new("", app(), "sql", None), KeyError::Nameless);
        assert_eq!(
            new("db", Database::Named(String::new()), "sql", None),
            KeyError::Nameless
        );
        assert_eq!(
            new("db", Database::Replaced(String::new()), "sql", None),
            KeyError::Nameless
        );
        for extension in [
            "",
            "json",
            "age",
            "bz2",
            "xz",
            "a.b",
            "a/b",
            "ä",
            "12345678901234567",
        ] {
            assert_eq!(
                new("db", app(), extension, None),
                KeyError::Extension(extension.to_owned())
            );
        }
        assert_eq!(
            new("db", app(), "sql", Some("lz4")),
            KeyError::Compression("lz4".to_owned())
        );
        for started in [Timestamp::MIN, "-000001-12-31T23:59:59.5Z".parse().unwrap()] {
            assert_eq!(
                Key::new("db", app(), started, 0, "sql", None),
                Err(KeyError::Started(started))
            );
        }
    }
}
