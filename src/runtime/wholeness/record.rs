//! The end record: how a stream says of itself that it is whole.
//!
//! When the tool has ended, the script prints `NONCE CODE\n` (32 hex digits, a space, three digits) behind its
//! output. The scanner holds back what could be the beginning of that record, and gives out the rest.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

/// Hex digits of a nonce: 128 bits nobody can guess.
const NONCE_CHARS: usize = 32;
/// Bytes of a record: nonce, space, three digits, newline.
const RECORD_BYTES: usize = NONCE_CHARS + 5;

/// The word that only this exec knows.
#[derive(Clone)]
pub struct Nonce(String);

impl Nonce {
    /// A fresh one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; NONCE_CHARS / 2];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex(&bytes)))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lowercase hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// What keeps a stream from being believed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The nonce stands there, a record does not.
    #[error("the stream holds a malformed end record")]
    Malformed,
    /// Something was printed after the tool had ended.
    #[error("{0} bytes came after the end record: something the tool started was still printing")]
    Trailing(usize),
}

/// Finds the end record in a stream that arrives in pieces of any size.
pub struct Scanner {
    finder: Finder<'static>,
    held: BytesMut,
    code: Option<u8>,
}

impl Scanner {
    /// A scanner for one stream.
    pub fn new(nonce: &Nonce) -> Self {
        Self {
            finder: Finder::new(nonce.0.as_bytes()).into_owned(),
            held: BytesMut::new(),
            code: None,
        }
    }

    /// The tool's exit code, once the record has been seen.
    pub fn code(&self) -> Option<u8> {
        self.code
    }

    /// Takes the next piece; gives out what certainly belongs to the tool's output (may be empty).
    pub fn push(&mut self, piece: &[u8]) -> Result<Bytes, RecordError> {
        // A frame may hold nothing. That is not a byte behind the record.
        if piece.is_empty() {
            return Ok(Bytes::new());
        }
        if self.code.is_some() {
            return Err(RecordError::Trailing(piece.len()));
        }
        self.held.extend_from_slice(piece);
        let Some(at) = self.finder.find(&self.held) else {
            let certain = self.held.len().saturating_sub(NONCE_CHARS - 1);
            return Ok(self.held.split_to(certain).freeze());
        };
        let output = self.held.split_to(at).freeze();
        if self.held.len() >= RECORD_BYTES {
            self.code = Some(parse(&self.held[NONCE_CHARS..RECORD_BYTES])?);
            if self.held.len() > RECORD_BYTES {
                return Err(RecordError::Trailing(self.held.len() - RECORD_BYTES));
            }
        }
        Ok(output)
    }

    /// What is held back: the beginning of a start error when a stream ends without a record.
    pub fn held(&self) -> &[u8] {
        &self.held
    }
}

/// ` 007\n` to 7.
fn parse(rest: &[u8]) -> Result<u8, RecordError> {
    match rest {
        [b' ', digits @ .., b'\n'] if digits.iter().all(u8::is_ascii_digit) => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or(RecordError::Malformed),
        _ => Err(RecordError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NONCE: &str = "00112233445566778899aabbccddeeff";

    fn scan(stream: &[u8], piece: usize) -> Result<(Vec<u8>, Option<u8>), RecordError> {
        let mut scanner = Scanner::new(&Nonce(NONCE.into()));
        let mut output = Vec::new();
        for piece in stream.chunks(piece) {
            output.extend_from_slice(&scanner.push(piece)?);
        }
        Ok((output, scanner.code()))
    }

    #[test]
    fn strips_the_record_whatever_the_pieces() {
        for payload in [&b""[..], b"x", b"data\n", &[0; 100], &NONCE.as_bytes()[..31]] {
            let stream = [payload, NONCE.as_bytes(), b" 007\n"].concat();
            for piece in 1..=stream.len() {
                assert_eq!(scan(&stream, piece).unwrap(), (payload.to_vec(), Some(7)));
            }
        }
    }

    #[test]
    fn a_stream_without_a_whole_record_has_no_code() {
        let stream = [b"data", NONCE.as_bytes(), b" 000"].concat();
        for cut in 0..=stream.len() {
            assert_eq!(scan(&stream[..cut], 7).unwrap().1, None);
        }
    }

    #[test]
    fn refuses_bytes_after_the_record_in_the_same_piece_or_the_next() {
        let stream = [NONCE.as_bytes(), b" 000\n!"].concat();
        for piece in 1..=stream.len() {
            assert_eq!(scan(&stream, piece), Err(RecordError::Trailing(1)));
        }
    }

    #[test]
    fn a_piece_without_bytes_is_nothing_behind_the_record_either() {
        let mut scanner = Scanner::new(&Nonce(NONCE.into()));
        for piece in ["", NONCE, "", " 000\n", ""] {
            assert_eq!(scanner.push(piece.as_bytes()), Ok(Bytes::new()));
        }
        assert_eq!(scanner.code(), Some(0));
    }

    #[test]
    fn refuses_a_malformed_record() {
        for rest in [" 0x0\n", "0000\n", " 000 ", " 999\n", " -01\n"] {
            let stream = [NONCE.as_bytes(), rest.as_bytes()].concat();
            assert_eq!(scan(&stream, 64), Err(RecordError::Malformed), "{rest:?}");
        }
    }

    #[test]
    fn a_foreign_nonce_is_only_output() {
        let foreign = "ffeeddccbbaa99887766554433221100 000\n";
        assert_eq!(scan(foreign.as_bytes(), 5).unwrap().1, None);
    }

    #[test]
    fn nonces_differ() {
        assert_ne!(
            Nonce::random().unwrap().as_str(),
            Nonce::random().unwrap().as_str()
        );
    }
}
