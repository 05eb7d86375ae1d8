//! The least rotation: where to begin a block so that sorting its suffixes sorts its rotations.
//!
//! The transform of bzip2 sorts rotations, fast sorters sort suffixes. After its end, a rotation goes on at the
//! block's beginning; a suffix compares as if something less than all bytes stood there. In a block that is the
//! least of its own rotations both come to the same: nothing is less than its beginning.

/// The index at which the least rotation of `block` begins, the first such.
///
/// Linear: of two candidates compared, the one that loses takes with it all beginnings in the part that was
/// equal. (Y. Shiloach, "Fast canonization of circular strings", 1981.)
pub fn least(block: &[u8]) -> usize {
    let len = block.len();
    let byte = |index: usize| block[if index < len { index } else { index - len }];
    let (mut best, mut other) = (0, 1);
    while other < len {
        // Most candidates lose by their first byte.
        let first = block[best];
        match block[other..].iter().position(|candidate| *candidate <= first) {
            Some(skipped) => other += skipped,
            None => break,
        }
        let Some(equal) = (0..len).position(|step| byte(best + step) != byte(other + step)) else {
            // The block is a string repeated, and `best` begins one of its copies.
            break;
        };
        if byte(best + equal) < byte(other + equal) {
            other += equal + 1;
        } else {
            (best, other) = (other, other.max(best + equal) + 1);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::Dice;
    use super::*;

    #[test]
    fn agrees_with_trying_all() {
        let mut dice = Dice::new(1);
        for _ in 0..20_000 {
            let block = dice.string(24, 3);
            let rotation = |begin: usize| [&block[begin..], &block[..begin]].concat();
            let slow = (0..block.len()).min_by_key(|begin| rotation(*begin)).unwrap();
            assert_eq!(least(&block), slow, "{block:?}");
        }
    }
}
