//! Exit codes: the contract between lifeboat and whatever started it.

/// How a process of lifeboat ends. With several failures the first one decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// A failure that has no code of its own.
    Other = 1,
    /// Configuration or usage.
    Usage = 2,
    /// The target or the container runtime was not reached.
    Target = 3,
    /// The dump or the restore failed.
    Tool = 4,
    /// Storage failed.
    Storage = 5,
    /// A backup is not what its manifest says.
    Verification = 6,
    /// Refused for safety: would overwrite, would delete the last, no room.
    Refused = 7,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
