//! Capture: a dump tool's bytes, counted and hashed, and the proof that they are all of them.
//!
//! [`DumpProof`] can be made nowhere else, and no upload is completed without one: that an unproven dump becomes
//! a backup is not forbidden, it does not compile.

use crate::engine::{EndError, EndMark, EndWatch, Words};
use crate::runtime::wholeness::record::hex;
use crate::runtime::wholeness::{Listen, WholenessError};
use crate::runtime::{Container, Runtime};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The proof that a dump is whole: its tool ended with exit code 0, its end record came after its last byte, and
/// its bytes end as its format must.
#[derive(Debug)]
pub struct DumpProof {
    bytes: u64,
    sha256: String,
}

impl DumpProof {
    /// How many bytes the tool printed.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their SHA-256, lowercase hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// Why a dump is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The stream, or the tool itself.
    #[error(transparent)]
    Wholeness(#[from] WholenessError),
    /// The tool succeeded and printed nothing.
    #[error("{0} ended well and printed nothing at all")]
    Empty(String),
    /// The tool succeeded and somebody did not read its output to the end.
    #[error("{0} ended well and its output was not read to the end")]
    Unread(String),
    /// What came is not all, whatever the tool says.
    #[error("what {tool} printed {error}")]
    Unended {
        /// The tool's name.
        tool: String,
        /// What is missing.
        error: EndError,
    },
}

/// A dump on its way out of the target.
pub struct Capture {
    listen: Listen,
    tool: String,
    watch: EndWatch,
    wrong: Option<EndError>,
    hash: Sha256,
    bytes: u64,
}

impl Capture {
    /// Starts the dump. `stall`: how long the tool may print nothing.
    pub async fn start<R: Runtime>(
        runtime: &R,
        container: &Container,
        words: &Words,
        end_mark: EndMark,
        stall: Duration,
    ) -> Result<Self, CaptureError> {
        Ok(Self {
            listen: Listen::start(runtime, container, words, stall).await?,
            tool: words.tool().to_owned(),
            watch: end_mark.watch(),
            wrong: None,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// The next bytes; `None` when there are no more, and then [`Capture::prove`] says what they are worth.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CaptureError> {
        let piece = self.listen.next().await?;
        if let Some(piece) = &piece {
            self.hash.update(piece);
            self.bytes += piece.len() as u64;
            // Told only at the end: a tool that failed says itself what was wrong, and says it better.
            if self.wrong.is_none() {
                self.wrong = self.watch.push(piece).err();
            }
        }
        Ok(piece)
    }

    /// The proof, if this dump is whole.
    pub async fn prove(mut self) -> Result<DumpProof, CaptureError> {
        // Whoever stops reading too soon gets no proof of the rest.
        if self.next().await?.is_some() {
            return Err(CaptureError::Unread(self.tool));
        }
        self.listen.succeeded()?;
        if self.bytes == 0 {
            return Err(CaptureError::Empty(self.tool));
        }
        if let Some(error) = self.wrong.or_else(|| self.watch.finish().err()) {
            return Err(CaptureError::Unended {
                tool: self.tool,
                error,
            });
        }
        Ok(DumpProof {
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        })
    }

    /// What the tool said on stderr: a warning, where it succeeded.
    pub fn last_words(&self) -> String {
        self.listen.ended().1
    }
}
