//! Cutting the stream into pieces of equal length, for the formats whose members may be of any size.

use bytes::{Bytes, BytesMut};

/// Cuts a stream into pieces.
pub struct Pieces {
    piece: BytesMut,
    piece_bytes: usize,
}

impl Pieces {
    /// For pieces of so many bytes; the last may be shorter.
    pub fn new(piece_bytes: usize) -> Self {
        Self {
            piece: BytesMut::new(),
            piece_bytes,
        }
    }

    /// Takes from `bytes` what still fits; gives out the piece when it is full.
    pub fn take(&mut self, bytes: &mut Bytes) -> Option<Bytes> {
        if self.piece.capacity() == 0 {
            self.piece.reserve(self.piece_bytes);
        }
        let room = self.piece_bytes - self.piece.len();
        self.piece
            .extend_from_slice(&bytes.split_to(room.min(bytes.len())));
        (self.piece.len() == self.piece_bytes).then(|| self.cut())
    }

    /// What is left at the end of the stream.
    pub fn finish(&mut self) -> Option<Bytes> {
        (!self.piece.is_empty()).then(|| self.cut())
    }

    fn cut(&mut self) -> Bytes {
        std::mem::take(&mut self.piece).freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_full_but_the_last() {
        let data: Vec<u8> = (0..=255).cycle().take(10_007).collect();
        for step in [1, 7, 1000, 1001, 20_000] {
            let mut pieces = Pieces::new(1000);
            let mut cut = Vec::new();
            for chunk in data.chunks(step) {
                let mut chunk = Bytes::copy_from_slice(chunk);
                while !chunk.is_empty() {
                    cut.extend(pieces.take(&mut chunk));
                }
            }
            cut.extend(pieces.finish());
            assert_eq!(cut.concat(), data);
            assert!(cut[..10].iter().all(|piece| piece.len() == 1000));
            assert_eq!((cut.len(), cut[10].len()), (11, 7));
            assert!(pieces.finish().is_none());
        }
    }
}
