//! Several steps of which each stands for itself: all are tried, and the first failure is told.

use crate::error::{Error, Result};
use crate::exit::Exit;
use crate::store::{StoreError, StoreErrorKind};

/// The first failure so far. What fails for good (an object lock, a policy) must not keep the others undone for ever.
#[derive(Default)]
pub struct First(Option<Error>);

impl First {
    /// Whether there is any use in the next step: where the store is not reached the rest would only fail slowly, and
    /// where the end was asked for nothing more is begun.
    pub fn goes_on(&mut self, done: Result<()>) -> bool {
        let Err(error) = done else { return true };
        let goes_on = !unreached(&error) && !matches!(error.exit, Exit::Interrupted | Exit::Terminated);
        self.0.get_or_insert(error);
        goes_on
    }

    /// The first failure, if there was any.
    pub fn end(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// Whether the store could not be asked.
pub fn unreached(error: &Error) -> bool {
    let store = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<StoreError>());
    store.is_some_and(|error| matches!(error.kind, StoreErrorKind::Unreachable | StoreErrorKind::TimedOut))
}
