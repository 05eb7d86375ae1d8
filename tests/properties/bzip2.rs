//! What the encoder writes is what a decoder reads, at every level.

use std::io::Read;

pub fn seeds() -> Vec<Vec<u8>> {
    [
        &[1][..],
        &[9, b'a', 0],
        &[5, b'a', 255, b'a', 255, b'b', 3],
        &[1, 0, 4, 1, 5, 0, 4, 255, 1],
        &[2, 7, 254, 7, 1, 8, 2, 8, 2],
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

/// The first byte is the level; then bytes, each with how often it is repeated; the squares of these, so that whole blocks
/// are filled.
pub fn holds(data: &[u8]) {
    let Some((level, recipe)) = data.split_first() else {
        return;
    };
    let mut dump = recipe.to_vec();
    for [byte, times] in recipe.as_chunks::<2>().0.iter().take(64) {
        let times = usize::from(*times);
        dump.extend(std::iter::repeat_n(*byte, times * times));
    }
    dump.extend(recipe);
    let stream = bzip2_encoder::Encoder::new((level % 9 + 1).into())
        .stream(&dump)
        .unwrap();
    let mut decoder = bzip2::read::BzDecoder::new(&stream[..]);
    let mut back = Vec::new();
    decoder.read_to_end(&mut back).unwrap();
    assert!(back == dump, "{} bytes became {}", dump.len(), back.len());
    assert_eq!(
        decoder.total_in(),
        stream.len() as u64,
        "and nothing stands behind it"
    );
}
