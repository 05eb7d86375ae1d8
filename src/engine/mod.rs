//! Engines: which words to say to which database. Pure: no I/O, no clock.

pub mod custom;
pub mod detect;
pub mod files;
pub mod mongodb;
pub mod mysql;
mod pipes;
pub mod postgres;
mod processes;
pub mod series;

pub use processes::Place;

use crate::secret::Secret;

/// Words to run in a target. The words may be seen by anybody there; the environment may not.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Program and arguments. Holds no secret.
    pub argv: Vec<String>,
    /// What is set in its environment before it starts. A name that ends in `*` unsets all variables that begin so.
    pub env: Vec<(String, Secret)>,
}

/// Unsets what is set in the target for other clients: all variables whose names begin with one of these.
fn unset(begins: &[&str]) -> Vec<(String, Secret)> {
    let each = begins.iter().map(|begin| (format!("{begin}*"), Secret::new("")));
    each.collect()
}

/// Something of the target's that is held while a dump is made.
#[derive(Debug, Clone)]
pub struct Lock {
    /// Takes it, and keeps it as long as they run.
    pub hold: Words,
    /// The line they print once they have it.
    pub held: &'static str,
    /// The line that tells them to give it back.
    pub release: &'static str,
    /// Gives back what they could not.
    pub undo: Words,
}

impl Words {
    /// The tool's name, for people: of a script that runs a tool, the tool's.
    pub fn tool(&self) -> &str {
        let words: Vec<_> = self.argv.iter().map(String::as_str).collect();
        match words[..] {
            ["sh", "-c", _, tool, ..] if tool != "lifeboat" => tool,
            [tool, ..] => tool,
            [] => "",
        }
    }

    /// The words as they may be shown: they hold no secret, and the environment is left out. A script that only hands
    /// its tool a password is left out too.
    pub fn shown(&self) -> String {
        match self.argv.as_slice() {
            [shell, option, _, tool @ ..] if shell == "sh" && option == "-c" => shell_words::join(tool),
            words => shell_words::join(words),
        }
    }
}

/// How a dump's own bytes show that they are all there, where its format can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndMark {
    /// The format has none: the end record alone proves.
    None,
    /// These bytes must occur within the last `within` bytes.
    Contains {
        /// The mark.
        mark: &'static [u8],
        /// How near to the end, in bytes; at most [`MOST_TAIL`].
        within: usize,
    },
    /// An archive of `mongodump`: its structure says it.
    MongodbArchive,
}

/// How much of the end of a dump is kept to look for its end mark.
const MOST_TAIL: usize = 1024;

/// Follows a dump to its end.
#[derive(Debug)]
pub struct EndWatch(Watch);

#[derive(Debug)]
enum Watch {
    Nothing,
    Tail {
        mark: &'static [u8],
        within: usize,
        tail: Vec<u8>,
    },
    Archive(Box<mongodb::archive::Checker>),
}

/// Why a dump's bytes are not all there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndError {
    /// Nothing stands where the mark must.
    #[error("lacks the end mark of its format")]
    NoMark,
    /// It is no whole archive.
    #[error("is no whole archive: {0}")]
    Archive(#[from] mongodb::archive::ArchiveError),
}

impl EndMark {
    /// Begins to follow a dump.
    pub fn watch(self) -> EndWatch {
        EndWatch(match self {
            Self::None => Watch::Nothing,
            Self::Contains { mark, within } => Watch::Tail {
                mark,
                within,
                tail: Vec::new(),
            },
            Self::MongodbArchive => Watch::Archive(Box::default()),
        })
    }
}

impl EndWatch {
    /// The dump's next bytes. An error may also come before the end: nothing can mend such a dump.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), EndError> {
        match &mut self.0 {
            Watch::Nothing => {}
            Watch::Tail { tail, .. } => {
                tail.extend_from_slice(&piece[piece.len().saturating_sub(MOST_TAIL)..]);
                let surplus = tail.len().saturating_sub(MOST_TAIL);
                tail.drain(..surplus);
            }
            Watch::Archive(checker) => checker.push(piece)?,
        }
        Ok(())
    }

    /// Whether it was all.
    pub fn finish(self) -> Result<(), EndError> {
        match self.0 {
            Watch::Nothing => Ok(()),
            Watch::Tail { mark, within, tail } => {
                let tail = &tail[tail.len().saturating_sub(within)..];
                let found = memchr::memmem::find(tail, mark);
                found.map(|_| ()).ok_or(EndError::NoMark)
            }
            Watch::Archive(checker) => checker.finish().map(|_| ()).map_err(EndError::from),
        }
    }
}

/// What of a dump or restore tool's words is worth telling when it has ended well.
pub fn remarks(engine: &str, stderr: &str) -> String {
    match engine {
        "mongodb" => mongodb::remarks(stderr),
        _ => stderr.to_owned(),
    }
}

/// What to do about what `tool` says on stderr, where that is known.
pub fn hint(tool: &str, stderr: &str) -> Option<&'static str> {
    if tool.starts_with("mongo") {
        mongodb::hint(stderr)
    } else {
        postgres::hint(stderr).or_else(|| mysql::hint(stderr))
    }
}
