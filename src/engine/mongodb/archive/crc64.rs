//! CRC-64 with ECMA-182's polynomial, reflected, as the archive's EOF headers have it (the same as in `xz`).

const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

/// Eight bytes at a time: a dump passes through here once, beside SHA-256, and must not be slowed by it.
static TABLES: [[u64; 256]; 8] = tables();

const fn tables() -> [[u64; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ POLYNOMIAL
            } else {
                crc >> 1
            };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[table - 1][byte];
            tables[table][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// The sum of what had the sum `crc` (0: nothing yet), followed by `bytes`.
pub(super) fn update(crc: u64, bytes: &[u8]) -> u64 {
    let mut crc = !crc;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = (crc ^ u64::from_le_bytes(*word)).to_le_bytes();
        crc = word
            .iter()
            .zip(TABLES.iter().rev())
            .fold(0, |crc, (byte, table)| crc ^ table[usize::from(*byte)]);
    }
    for byte in rest {
        let [low, ..] = crc.to_le_bytes();
        crc = (crc >> 8) ^ TABLES[0][usize::from(low ^ byte)];
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value() {
        assert_eq!(update(0, b"123456789"), 0x995D_C9BB_DF19_39FA);
        assert_eq!(update(0, b""), 0);
    }

    #[test]
    fn pieces_make_the_same_sum() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let whole = update(0, &bytes);
        for cut in 0..bytes.len() {
            assert_eq!(update(update(0, &bytes[..cut]), &bytes[cut..]), whole);
        }
    }
}
