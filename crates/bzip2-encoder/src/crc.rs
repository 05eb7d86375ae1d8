//! The checksum of the format: CRC-32 with the polynomial 0x04c11db7, most significant bit first.
//!
//! Eight bytes a step, each through a table of its own: a byte at a time, each step would wait for the one
//! before.

const POLYNOMIAL: u32 = 0x04c1_1db7;

/// `TABLES[d][byte]` is what `byte` adds to the checksum once `d` more bytes have gone by.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        // Bytes are indices, and a constant function knows no `try_from`.
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let mut crc = (byte as u32) << 24;
        let mut depth = 0;
        while depth < 8 {
            let mut bit = 0;
            while bit < 8 {
                let out = crc >> 31;
                crc <<= 1;
                if out == 1 {
                    crc ^= POLYNOMIAL;
                }
                bit += 1;
            }
            tables[depth][byte] = crc;
            depth += 1;
        }
        byte += 1;
    }
    tables
}

/// Of the bytes of one block, before any coding.
pub fn of_block(bytes: &[u8]) -> u32 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut crc = u32::MAX;
    for eight in eights {
        let [a, b, c, d] = crc.to_be_bytes();
        crc = TABLES[7][usize::from(eight[0] ^ a)]
            ^ TABLES[6][usize::from(eight[1] ^ b)]
            ^ TABLES[5][usize::from(eight[2] ^ c)]
            ^ TABLES[4][usize::from(eight[3] ^ d)]
            ^ TABLES[3][usize::from(eight[4])]
            ^ TABLES[2][usize::from(eight[5])]
            ^ TABLES[1][usize::from(eight[6])]
            ^ TABLES[0][usize::from(eight[7])];
    }
    for byte in rest {
        let [top, ..] = crc.to_be_bytes();
        crc = crc << 8 ^ TABLES[0][usize::from(byte ^ top)];
    }
    !crc
}

/// The checksum of a stream, from those of its blocks in turn.
pub fn combine(stream: u32, block: u32) -> u32 {
    stream.rotate_left(1) ^ block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition, a bit at a time.
    fn slow(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            for bit in (0..8).rev() {
                let out = crc >> 31 ^ u32::from(byte >> bit & 1);
                crc = (crc << 1) ^ (out * POLYNOMIAL);
            }
        }
        !crc
    }

    #[test]
    fn check_value_of_the_catalogue() {
        // CRC-32/BZIP2 in the catalogue of parametrised CRC algorithms.
        assert_eq!(of_block(b"123456789"), 0xfc89_1918);
        assert_eq!(of_block(b""), 0);
    }

    #[test]
    fn every_length_agrees_with_the_definition() {
        let bytes: Vec<u8> = (0..100u8).map(|n| n.wrapping_mul(151).wrapping_add(7)).collect();
        for end in 0..bytes.len() {
            assert_eq!(of_block(&bytes[..end]), slow(&bytes[..end]), "{end}");
        }
    }

    #[test]
    fn combining_depends_on_the_order() {
        assert_eq!(combine(0, 7), 7);
        assert_eq!(combine(0x8000_0001, 0), 3);
        assert_ne!(combine(combine(0, 1), 2), combine(combine(0, 2), 1));
    }
}
