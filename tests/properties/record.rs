//! The end record is found, or refused, in the same way however the stream is cut, and only this exec's nonce counts.

use lifeboat::runtime::wholeness::record::{Nonce, RecordError, Scanner};
use std::sync::OnceLock;

/// What a stream comes to.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// All of it is output, or may still become a record.
    Open,
    /// Output of this length, then the tool's exit code, then nothing.
    Ended(usize, u8),
    Malformed,
    Trailing,
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        &b"\x00\x01\x05data\n\xff"[..],
        b"\x03\x02ab\xff 000\n",
        b"\x07\x40x\xfe\xff 255\n",
        b"\x01\x10\xfd 000\n\xff 007\n",
        b"\x20\x03x\xff 999\n",
        b"\x05\x01x\xff 001\ny",
        b"\x00\x21\xff\xff 001\n",
        b"\x00\x09\xfc\xff 010\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

/// The bytes are two sizes of pieces and a stream in which `FF` stands for the nonce, `FE` for all of it but its end, `FD` for
/// another exec's and `FC` for all of it but its beginning.
pub fn holds(data: &[u8]) {
    static NONCE: OnceLock<Nonce> = OnceLock::new();
    let nonce = NONCE.get_or_init(|| Nonce::random().unwrap());
    let [first, second, recipe @ ..] = data else {
        return;
    };
    let word = nonce.as_str().as_bytes();
    let mut other = word.to_vec();
    other[31] ^= 1;
    let mut stream = Vec::new();
    for byte in recipe {
        match byte {
            0xFF => stream.extend(word),
            0xFE => stream.extend(&word[..31]),
            0xFD => stream.extend(&other),
            0xFC => stream.extend(&word[1..]),
            byte => stream.push(*byte),
        }
    }
    let expected = look(&stream, word);
    for sizes in [
        [usize::MAX, 1],
        [1, 1],
        [usize::from(*first), usize::from(*second)],
    ] {
        assert_eq!(scan(&stream, nonce, sizes), expected, "in pieces of {sizes:?}");
    }
}

/// The same answer, found with the whole stream at hand.
fn look(stream: &[u8], word: &[u8]) -> Outcome {
    let Some(at) = stream.windows(word.len()).position(|window| window == word) else {
        return Outcome::Open;
    };
    let Some(record) = stream[at + word.len()..].first_chunk::<5>() else {
        return Outcome::Open;
    };
    let code = match record {
        [b' ', digits @ .., b'\n'] if digits.iter().all(u8::is_ascii_digit) => digits
            .iter()
            .fold(0, |code, digit| code * 10 + u32::from(digit - b'0')),
        _ => return Outcome::Malformed,
    };
    match u8::try_from(code) {
        Err(_) => Outcome::Malformed,
        Ok(_) if stream.len() > at + word.len() + record.len() => Outcome::Trailing,
        Ok(code) => Outcome::Ended(at, code),
    }
}

/// In pieces whose sizes take turns. A size of 0 is a piece without bytes, and then one of a byte.
fn scan(stream: &[u8], nonce: &Nonce, sizes: [usize; 2]) -> Outcome {
    let mut scanner = Scanner::new(nonce);
    let mut output = Vec::new();
    let (mut rest, mut turn) = (stream, 0);
    while !rest.is_empty() {
        let size = sizes[turn % 2].min(rest.len());
        turn += 1;
        if size == 0 {
            push(&mut scanner, &[], &mut output).expect("no bytes change nothing");
        }
        let (piece, later) = rest.split_at(size.max(1));
        rest = later;
        let outcome = push(&mut scanner, piece, &mut output);
        assert!(stream.starts_with(&output), "what is given out is the stream's");
        match outcome {
            Ok(()) => {}
            Err(RecordError::Malformed) => return Outcome::Malformed,
            Err(RecordError::Trailing(_)) => return Outcome::Trailing,
        }
    }
    push(&mut scanner, &[], &mut output).expect("no bytes change nothing");
    if let Some(code) = scanner.code() {
        return Outcome::Ended(output.len(), code);
    }
    assert_eq!(stream, [&output, scanner.held()].concat(), "nothing is lost");
    Outcome::Open
}

fn push(scanner: &mut Scanner, piece: &[u8], output: &mut Vec<u8>) -> Result<(), RecordError> {
    output.extend_from_slice(&scanner.push(piece)?);
    Ok(())
}
