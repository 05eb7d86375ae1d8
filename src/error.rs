//! What failed: the stage, the chain of causes, what the operator does next, and the exit code.
//!
//! Lower layers have error types of their own, shaped by what a caller does about them; this is the form in
//! which a failure reaches the log and the exit code.

use crate::exit::Exit;
use crate::shown::one_line;
use std::fmt;

/// Any error below, kept as the source.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The stage of a verb that failed; the first word of the error line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the configuration.
    Config,
    /// Finding and asking the target.
    Target,
    /// Running the dump tool and reading what it prints.
    Dump,
    /// Compressing or decompressing.
    Compression,
    /// Storing the object.
    Upload,
    /// Writing or reading the manifest.
    Manifest,
    /// Listing what is stored.
    List,
    /// Reading a stored object back.
    Download,
    /// Comparing a stored object with its manifest.
    Verify,
    /// Putting a backup back.
    Restore,
    /// Deleting old backups.
    Prune,
    /// Waiting for the schedule.
    Schedule,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "config",
            Self::Target => "target",
            Self::Dump => "dump",
            Self::Compression => "compression",
            Self::Upload => "upload",
            Self::Manifest => "manifest",
            Self::List => "list",
            Self::Download => "download",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Prune => "prune",
            Self::Schedule => "schedule",
        })
    }
}

/// A failure on its way to the log and the exit code.
#[derive(Debug)]
pub struct Error {
    /// Which stage failed.
    pub stage: Stage,
    /// The exit code this failure asks for.
    pub exit: Exit,
    /// What the operator does next.
    pub hint: Option<String>,
    cause: Cause,
}

/// The result of everything that can end a verb.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure of `stage` that ends the process with `exit`.
    pub fn new(stage: Stage, exit: Exit, cause: impl Into<Cause>) -> Self {
        Self {
            stage,
            exit,
            hint: None,
            cause: cause.into(),
        }
    }

    /// Adds what the operator does next; a hint already there stays, it was nearer to the cause.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds how things are left, and what is to be done about it: also where the cause has a hint of its own.
    #[must_use]
    pub fn left(mut self, state: impl fmt::Display) -> Self {
        self.hint = Some(match self.hint.take() {
            Some(hint) => format!("{hint}; {state}"),
            None => state.to_string(),
        });
        self
    }

    /// A refusal for safety (exit 7).
    pub fn refused(stage: Stage, cause: impl Into<Cause>) -> Self {
        Self::new(stage, Exit::Refused, cause)
    }

    /// The causes, outermost first, joined by `: `; a cause whose text its parent already ends with is left out.
    pub fn chain(&self) -> String {
        let mut text = self.cause.to_string();
        let mut next = self.cause.source();
        while let Some(cause) = next {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            next = cause.source();
        }
        // Texts of tools and servers: the log is of lines.
        one_line(&text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.stage, self.chain())?;
        match &self.hint {
            Some(hint) => write!(f, " hint={hint:?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_one_line_with_stage_causes_and_hint() {
        let error = Error::new(Stage::Dump, Exit::Tool, "exit 1\n  pg_dump: error:\u{7} no\n\n").hint("look");
        assert_eq!(
            error.to_string(),
            "dump failed: exit 1 |   pg_dump: error:? no hint=\"look\""
        );
        let error = error.hint("second");
        assert_eq!(error.hint.as_deref(), Some("look"));
        assert_eq!(error.left("half done").hint.as_deref(), Some("look; half done"));
        let bare = Error::new(Stage::Dump, Exit::Tool, "x").left("half done");
        assert_eq!(bare.hint.as_deref(), Some("half done"));
    }
}
