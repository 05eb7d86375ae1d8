//! The first run-length stage: a run of four to 255 equal bytes becomes four of them and a byte that counts the
//! rest.
//!
//! It decides what a block holds: the format's limit counts what comes out of here.

const SHORTEST: usize = 4;
const LONGEST: usize = 255;

/// Appends the coded form of the beginning of `input` until `block` holds `limit` bytes or no more of the next
/// run fits; tells how many bytes of `input` that took.
pub fn fill(block: &mut Vec<u8>, limit: usize, input: &[u8]) -> usize {
    let mut rest = input;
    loop {
        let room = limit.saturating_sub(block.len());
        let plain = before_first_run(&rest[..rest.len().min(room)]);
        block.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let room = room - plain;
        let Some(&byte) = rest.first() else { break };
        let run = rest
            .iter()
            .take(LONGEST)
            .take_while(|&&next| next == byte)
            .count();
        if run < SHORTEST {
            // Not a run, and yet it was not taken: there is no room for all of it.
            block.extend_from_slice(&rest[..run.min(room)]);
            rest = &rest[run.min(room)..];
            break;
        }
        if room <= SHORTEST {
            // Four would need their count byte. What remains of the run begins the next block.
            let few = room.min(SHORTEST - 1);
            block.extend_from_slice(&rest[..few]);
            rest = &rest[few..];
            break;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a run is at most 255 long")]
        block.extend_from_slice(&[byte, byte, byte, byte, (run - SHORTEST) as u8]);
        rest = &rest[run..];
    }
    input.len() - rest.len()
}

/// How many bytes stand before the first four equal ones.
fn before_first_run(bytes: &[u8]) -> usize {
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = LOW << 7;
    let word = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let mut at = 0;
    while let (Some(first), Some(second), Some(third), Some(fourth)) =
        (word(at), word(at + 1), word(at + 2), word(at + 3))
    {
        // Eight places at once: a byte of `unlike` is zero where four equal ones begin.
        let unlike = (first ^ second) | (second ^ third) | (third ^ fourth);
        let found = unlike.wrapping_sub(LOW) & !unlike & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let tail = &bytes[at..];
    let found = tail
        .windows(SHORTEST)
        .position(|four| four.iter().all(|byte| *byte == four[0]));
    at + found.unwrap_or(tail.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{Dice, shapes};
    use super::*;

    /// As a decoder does it.
    fn decode(coded: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut same = 0;
        let mut coded = coded.iter();
        while let Some(&byte) = coded.next() {
            same = if same > 0 && out.last() == Some(&byte) {
                same + 1
            } else {
                1
            };
            out.push(byte);
            if same == SHORTEST {
                let more = usize::from(*coded.next().unwrap());
                out.extend(std::iter::repeat_n(byte, more));
                same = 0;
            }
        }
        out
    }

    #[test]
    fn blocks_of_every_size_decode_to_what_they_took() {
        for (name, data) in shapes() {
            for limit in [1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 5000] {
                let mut rest = data.as_slice();
                while !rest.is_empty() {
                    let mut block = Vec::new();
                    let taken = fill(&mut block, limit, rest);
                    assert!(taken > 0 && block.len() <= limit, "{name} {limit}");
                    assert!(
                        taken == rest.len() || block.len() + SHORTEST >= limit,
                        "{name} {limit}"
                    );
                    assert_eq!(decode(&block), rest[..taken], "{name} {limit}");
                    rest = &rest[taken..];
                }
            }
        }
    }

    #[test]
    fn runs_of_every_length_at_every_place() {
        for run in 1..20 {
            for place in 0..20 {
                let mut data: Vec<u8> = (1..=place).collect();
                data.extend(vec![0; run]);
                data.extend(100..120);
                let mut block = Vec::new();
                assert_eq!(fill(&mut block, usize::MAX, &data), data.len());
                assert_eq!(decode(&block), data);
                assert_eq!(
                    block.len(),
                    if run < 4 { data.len() } else { data.len() - run + 5 }
                );
            }
        }
    }

    #[test]
    fn the_search_finds_the_first_of_any() {
        let mut dice = Dice::new(3);
        for _ in 0..3000 {
            let data = dice.string(60, 2);
            let slow = data
                .windows(4)
                .position(|four| four.iter().all(|byte| *byte == four[0]));
            assert_eq!(before_first_run(&data), slow.unwrap_or(data.len()), "{data:?}");
        }
    }
}
