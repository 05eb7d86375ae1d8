//! bzip2's encoders. Each takes 8 MB, so the next block finds that memory where the one before has left it.

use bytes::Bytes;
use bzip2_encoder::Encoder;
use std::io::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Those not at work, with their levels. Only a worker takes one: there are never more than workers.
#[derive(Clone, Default)]
pub struct Encoders(Arc<Mutex<Vec<(u32, Encoder)>>>);

impl Encoders {
    /// One whole stream.
    pub fn member(&self, block: &[u8], level: u32) -> Result<Bytes> {
        let idle = self.idle().pop().filter(|(of, _)| *of == level);
        let mut encoder = idle.map_or_else(|| Encoder::new(level), |(_, encoder)| encoder);
        let member = encoder.stream(block)?;
        self.idle().push((level, encoder));
        Ok(member.into())
    }

    /// Gives back the memory of those not at work.
    pub fn clear(&self) {
        self.idle().clear();
    }

    #[cfg(test)]
    pub fn idle_count(&self) -> usize {
        self.idle().len()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(u32, Encoder)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
