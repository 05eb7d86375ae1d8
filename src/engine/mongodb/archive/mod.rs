//! The archive that `mongodump` writes: whether it is whole, and what is in it.
//!
//! An archive is a magic number; a prelude that names every collection; and blocks. A block is a header, which
//! names a collection, then documents, then four bytes 0xFF; those of several collections come in any order. The
//! last block of each collection has a header that says so, with a checksum over all its documents.
//!
//! There is no mark at its end: whole is an archive in which every collection of the prelude has had its last block.
//! [`Checker`] finds that out while the bytes pass by. It keeps no documents, only names and sums.

mod bson;
mod crc64;

use bson::Value;
use std::collections::{BTreeMap, HashMap};

const MAGIC: [u8; 4] = [0x6d, 0xe2, 0x99, 0x81];
const TERMINATOR: [u8; 4] = [0xff; 4];
/// The shortest document there is: its length and its end.
const LEAST_DOCUMENT: u32 = 5;
/// The largest: a server takes 16 MiB from users, and a little more from itself.
const MOST_DOCUMENT: u32 = (16 + 1) * 1024 * 1024;
/// A block's header names a database and a collection, of which neither can be longer than a few hundred bytes.
const MOST_HEADER: u32 = 64 * 1024;
/// More names than any server holds: they are what is kept.
const MOST_NAMES_BYTES: usize = 512 * 1024 * 1024;
/// Definitions of views are kept until all databases are known. Those beyond this are not looked into.
const MOST_VIEWS_BYTES: usize = MOST_DOCUMENT as usize;
/// Where the data of a time series lies, on servers before 8.3.
const BUCKETS: &[u8] = b"system.buckets.";
/// The marker of a restore that has not ended.
pub const MARKER: &str = "lifeboat_restoring";

/// Why an archive is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The first bytes are others.
    #[error("it does not begin as an archive does")]
    Magic,
    /// Structure that is none.
    #[error("{0}")]
    Malformed(&'static str),
    /// The end came too soon.
    #[error("it ends in the middle of {0}")]
    Cut(&'static str),
    /// Never closed.
    #[error("it lacks the end of {0}")]
    Unclosed(String),
    /// The documents are not those that were written.
    #[error("the checksum of {0} is wrong")]
    Checksum(String),
    /// A dump of no collection.
    #[error("there is no collection in it: was the database dropped meanwhile?")]
    Empty,
    /// A database into which a restore has not ended.
    #[error("database {0:?} has the marker {MARKER}: a restore into it has not ended")]
    Restoring(String),
}

/// A collection or view of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its database; the oplog has none.
    pub database: String,
    /// Its name.
    pub collection: String,
    /// Whether it is a view.
    pub view: bool,
}

/// What an archive holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// In the prelude's order.
    pub namespaces: Vec<Namespace>,
    /// How many documents each collection has, by `database.collection`.
    pub documents: BTreeMap<String, u64>,
    /// Views whose definition names one of the databases as a text: it will go on naming it under another name.
    pub views_that_name_a_database: Vec<String>,
}

impl Contents {
    /// Whether it holds what was written while it was made.
    pub fn has_oplog(&self) -> bool {
        let is = |namespace: &Namespace| namespace.database.is_empty() && namespace.collection == "oplog";
        self.namespaces.iter().any(is)
    }

    /// The databases of users in it, each once, in order.
    pub fn databases(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .namespaces
            .iter()
            .map(|namespace| namespace.database.clone())
            .filter(|name| !name.is_empty() && !super::is_own(name))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// What the next four bytes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Magic,
    /// The archive's own header.
    Header,
    /// A collection's description, or the end of the prelude.
    Prelude,
    /// A block's header, or the end of the archive.
    Block,
    /// A document, or the end of the block.
    Body,
    /// The end of a block whose header was an EOF header.
    Close,
}

/// One collection's progress.
#[derive(Debug)]
struct Progress {
    crc: u64,
    documents: u64,
    closed: bool,
}

/// Follows an archive that arrives in pieces of any size.
#[derive(Debug)]
pub struct Checker {
    place: Place,
    /// Up to four bytes that are not yet a length.
    word: Vec<u8>,
    /// What is left of the current document.
    left: usize,
    /// Of a header, what has come of it.
    document: Vec<u8>,
    /// The last byte of the current document.
    last: u8,
    /// The key of the current block's collection.
    current: Vec<u8>,
    crc: u64,
    /// Of the current block.
    documents: u64,
    /// By database, NUL, collection.
    expected: HashMap<Vec<u8>, Progress>,
    names_bytes: usize,
    views: Vec<(String, Vec<u8>)>,
    views_bytes: usize,
    contents: Contents,
}

impl Default for Checker {
    fn default() -> Self {
        Self {
            place: Place::Magic,
            word: Vec::with_capacity(4),
            left: 0,
            document: Vec::new(),
            last: 0,
            current: Vec::new(),
            crc: 0,
            documents: 0,
            expected: HashMap::new(),
            names_bytes: 0,
            views: Vec::new(),
            views_bytes: 0,
            contents: Contents::default(),
        }
    }
}

impl Checker {
    /// Takes the next piece.
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), ArchiveError> {
        while !piece.is_empty() {
            if self.left > 0 {
                let (now, later) = piece.split_at(self.left.min(piece.len()));
                piece = later;
                self.within(now)?;
                continue;
            }
            let (now, later) = piece.split_at((4 - self.word.len()).min(piece.len()));
            piece = later;
            self.word.extend_from_slice(now);
            if let Ok(word) = <[u8; 4]>::try_from(self.word.as_slice()) {
                self.word.clear();
                self.begin(word)?;
            }
        }
        Ok(())
    }

    /// What it held, if it was whole.
    pub fn finish(mut self) -> Result<Contents, ArchiveError> {
        let within = match self.place {
            Place::Magic => return Err(ArchiveError::Magic),
            Place::Header | Place::Prelude => Some("its prelude"),
            Place::Body => Some("a block"),
            Place::Close => Some("the end of a collection"),
            Place::Block if self.left > 0 || !self.word.is_empty() => Some("a block's header"),
            Place::Block => None,
        };
        if let Some(within) = within {
            return Err(ArchiveError::Cut(within));
        }
        let unclosed = self.expected.iter().filter(|(_, progress)| !progress.closed);
        // Of several always the same one.
        if let Some((key, _)) = unclosed.min_by_key(|(key, _)| *key) {
            return Err(ArchiveError::Unclosed(shown(key)));
        }
        if self.expected.is_empty() {
            return Err(ArchiveError::Empty);
        }
        let documents = self
            .expected
            .iter()
            .map(|(key, progress)| (shown(key), progress.documents));
        self.contents.documents = documents.collect();
        Ok(self.contents)
    }

    /// Four bytes with which something begins or ends.
    fn begin(&mut self, word: [u8; 4]) -> Result<(), ArchiveError> {
        let malformed = |what| Err(ArchiveError::Malformed(what));
        match self.place {
            Place::Magic if word == MAGIC => {
                self.place = Place::Header;
                return Ok(());
            }
            Place::Magic => return Err(ArchiveError::Magic),
            Place::Prelude if word == TERMINATOR => {
                self.place = Place::Block;
                self.find_views();
                return Ok(());
            }
            Place::Body if word == TERMINATOR => {
                if let Some(progress) = self.expected.get_mut(&self.current) {
                    progress.crc = self.crc;
                    progress.documents += self.documents;
                }
                self.documents = 0;
                self.place = Place::Block;
                return Ok(());
            }
            Place::Close if word == TERMINATOR => {
                self.place = Place::Block;
                return Ok(());
            }
            Place::Close => return malformed("documents come after the end of their collection"),
            Place::Header | Place::Block if word == TERMINATOR => {
                return malformed("a block has no header");
            }
            _ => {}
        }
        let most = if self.place == Place::Block {
            MOST_HEADER
        } else {
            MOST_DOCUMENT
        };
        let length = u32::from_le_bytes(word);
        if !(LEAST_DOCUMENT..=most).contains(&length) {
            return malformed("a document has no possible length");
        }
        self.left = length as usize - word.len();
        if self.place == Place::Body {
            self.crc = crc64::update(self.crc, &word);
            self.documents += 1;
        } else {
            self.document.clear();
            self.document.extend_from_slice(&word);
        }
        Ok(())
    }

    /// Bytes of a document.
    fn within(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.left -= bytes.len();
        if let Some(last) = bytes.last() {
            self.last = *last;
        }
        if self.place == Place::Body {
            self.crc = crc64::update(self.crc, bytes);
            if self.left == 0 && self.last != 0 {
                return Err(ArchiveError::Malformed("a document does not end as it must"));
            }
            return Ok(());
        }
        self.document.extend_from_slice(bytes);
        if self.left > 0 {
            return Ok(());
        }
        let document = std::mem::take(&mut self.document);
        match self.place {
            Place::Header => {
                bson::fields(&document).ok_or(ArchiveError::Malformed("its header is no document"))?;
                self.place = Place::Prelude;
                Ok(())
            }
            Place::Prelude => self.describe(&document),
            _ => self.open(&document),
        }?;
        // Kept for the next header, unless one was unusually long.
        if document.capacity() <= MOST_HEADER as usize {
            self.document = document;
        }
        Ok(())
    }

    /// A collection's description in the prelude.
    fn describe(&mut self, document: &[u8]) -> Result<(), ArchiveError> {
        let malformed = ArchiveError::Malformed("its prelude describes a collection wrongly");
        let fields = bson::fields(document).ok_or(malformed.clone())?;
        let (database, collection) = names(&fields).ok_or(malformed)?;
        let kind = text(&fields, b"type").unwrap_or_default();
        if collection == MARKER.as_bytes() {
            return Err(ArchiveError::Restoring(lossy(database)));
        }
        let key = key(database, collection);
        self.names_bytes += key.len() + 128;
        if self.names_bytes > MOST_NAMES_BYTES {
            return Err(ArchiveError::Malformed("it has more collections than any server"));
        }
        let progress = Progress {
            crc: 0,
            documents: 0,
            closed: false,
        };
        if self.expected.insert(key, progress).is_some() {
            return Err(ArchiveError::Malformed("its prelude names a collection twice"));
        }
        let view = kind == b"view";
        if let Some(metadata) = text(&fields, b"metadata").filter(|_| view) {
            let name = format!("{}.{}", lossy(database), lossy(collection));
            self.views_bytes += metadata.len();
            if self.views_bytes > MOST_VIEWS_BYTES {
                // It may name one: rather said once too often.
                self.contents.views_that_name_a_database.push(name);
            } else {
                self.views.push((name, metadata.to_vec()));
            }
        }
        self.contents.namespaces.push(Namespace {
            database: lossy(database),
            collection: lossy(collection),
            view,
        });
        Ok(())
    }

    fn find_views(&mut self) {
        let databases = self.contents.databases();
        for (name, metadata) in std::mem::take(&mut self.views) {
            let names_one = databases.iter().any(|database| {
                // As a JSON text of its own; `serde_json` writes no text that cannot be written.
                let quoted = serde_json::to_string(database).unwrap_or_default();
                memchr::memmem::find(&metadata, quoted.as_bytes()).is_some()
            });
            if names_one {
                self.contents.views_that_name_a_database.push(name);
            }
        }
    }

    /// A block's header.
    fn open(&mut self, document: &[u8]) -> Result<(), ArchiveError> {
        let malformed = ArchiveError::Malformed("a block's header names no collection");
        let fields = bson::fields(document).ok_or(malformed.clone())?;
        let (database, collection) = names(&fields).ok_or(malformed.clone())?;
        let field = |name: &[u8]| {
            fields
                .iter()
                .find(|(field, _)| *field == name)
                .map(|(_, value)| *value)
        };
        let (Some(Value::Bool(end)), Some(Value::Long(crc))) = (field(b"EOF"), field(b"CRC")) else {
            return Err(malformed);
        };
        let mut key = key(database, collection);
        if !self.expected.contains_key(&key) {
            // A time series stands in the prelude under its own name.
            let Some(series) = collection.strip_prefix(BUCKETS) else {
                return Err(ArchiveError::Malformed(
                    "a block is of a collection that its prelude lacks",
                ));
            };
            key = self::key(database, series);
        }
        let Some(progress) = self.expected.get_mut(&key) else {
            return Err(ArchiveError::Malformed(
                "a block is of a collection that its prelude lacks",
            ));
        };
        if progress.closed {
            return Err(ArchiveError::Malformed(
                "a block comes after the end of its collection",
            ));
        }
        if end {
            if progress.crc != crc.cast_unsigned() {
                return Err(ArchiveError::Checksum(shown(&key)));
            }
            progress.closed = true;
            self.place = Place::Close;
        } else {
            self.crc = progress.crc;
            self.place = Place::Body;
        }
        self.current = key;
        Ok(())
    }
}

type Fields<'a> = [(&'a [u8], Value<'a>)];

fn text<'a>(fields: &Fields<'a>, name: &[u8]) -> Option<&'a [u8]> {
    let (_, value) = fields.iter().find(|(field, _)| *field == name)?;
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Database and collection.
fn names<'a>(fields: &Fields<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let database = text(fields, b"db")?;
    let collection = text(fields, b"collection").filter(|name| !name.is_empty())?;
    Some((database, collection))
}

fn key(database: &[u8], collection: &[u8]) -> Vec<u8> {
    [database, &[0], collection].concat()
}

fn shown(key: &[u8]) -> String {
    lossy(key).replace('\0', ".")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
