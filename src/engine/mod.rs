//! Engines: which words to say to which database. Pure: no I/O, no clock.

pub mod custom;
pub mod detect;
pub mod files;
pub mod mysql;
pub mod postgres;

use crate::secret::Secret;

/// Words to run in a target. The words may be seen by anybody there; the environment may not.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Program and arguments. Holds no secret.
    pub argv: Vec<String>,
    /// What is set in its environment before it starts.
    pub env: Vec<(String, Secret)>,
}

/// What must stand at the end of a dump's own bytes, where its format has an end mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndMark {
    /// The format has none: the end record alone proves.
    None,
    /// These bytes must occur within the last `within` bytes.
    Contains {
        /// The mark.
        mark: &'static [u8],
        /// How near to the end, in bytes.
        within: usize,
    },
}

impl EndMark {
    /// Whether `tail`, the last bytes of the dump, has the mark.
    pub fn stands_in(self, tail: &[u8]) -> bool {
        match self {
            Self::None => true,
            Self::Contains { mark, within } => {
                let tail = &tail[tail.len().saturating_sub(within)..];
                memchr::memmem::find(tail, mark).is_some()
            }
        }
    }
}
