#![allow(clippy::unwrap_used)]
use super::*;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// Numbers that look random, the same in every run (G. Steele et al., `SplitMix64`).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed >> 32) as usize * end) >> 32
    }

    pub fn byte(&mut self) -> u8 {
        self.below(256).to_le_bytes()[0]
    }

    /// Of 1 to `longest` bytes, of `alphabet` different ones.
    pub fn string(&mut self, longest: usize, alphabet: usize) -> Vec<u8> {
        let len = 1 + self.below(longest);
        (0..len).map(|_| self.below(alphabet).to_le_bytes()[0]).collect()
    }
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(6);
    std::iter::repeat_with(|| dice.byte()).take(bytes).collect()
}

/// Rows as `pgbench` fills them: much alike, with a field of blanks.
fn accounts(rows: usize) -> Vec<u8> {
    (1..=rows)
        .flat_map(|row| format!("{row}\t{}\t0\t{:84}\n", row / 100_000 + 1, "").into_bytes())
        .collect()
}

/// Rows of numbers, words and tokens without a pattern.
fn orders(rows: usize) -> Vec<u8> {
    let mut dice = Dice::new(7);
    (1..=rows)
        .flat_map(|row| {
            let [high, low] = [dice.below(1 << 32), dice.below(1 << 32)];
            let state = ["new", "paid", "packed", "sent", "returned"][dice.below(5)];
            let (customer, street) = (dice.below(1_000_000), dice.below(900));
            format!(
                "{row}\t{high:08x}{low:08x}\t{customer}\t{state}\tdeliver to street {street}, ring twice\n"
            )
            .into_bytes()
        })
        .collect()
}

/// Inputs of all kinds, up to 10,000 bytes each.
pub fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let mut dice = Dice::new(8);
    let runs = (0..200).flat_map(|index: usize| {
        std::iter::repeat_n(
            dice.byte(),
            [1, 2, 3, 4, 5, 6, 254, 255, 256, 257, 259, 260][index % 12],
        )
    });
    vec![
        ("one byte", vec![0]),
        ("two bytes", b"ab".to_vec()),
        ("two equal bytes", vec![255; 2]),
        ("three equal bytes", vec![1; 3]),
        ("four equal bytes", vec![1; 4]),
        ("a run of 255", vec![1; 255]),
        ("a run of 256", vec![1; 256]),
        ("a run of 259", vec![1; 259]),
        ("zeros", vec![0; 10_000]),
        ("ones", vec![0xff; 10_000]),
        ("all bytes", (0..=255).collect()),
        ("all bytes, falling", (0..=255).rev().collect()),
        ("period 2", b"ab".repeat(5000)),
        ("period 2, cut", b"ab".repeat(5000)[1..].to_vec()),
        ("period 7", b"periods".repeat(1000)),
        ("period 256", (0..=255).collect::<Vec<u8>>().repeat(30)),
        ("runs in a period", b"aaaaab".repeat(1000)),
        ("runs", runs.collect::<Vec<u8>>()[..10_000].to_vec()),
        ("noise", noise(10_000)),
        ("accounts", accounts(80)),
        ("orders", orders(90)),
    ]
}

fn decode(stream: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    bzip2::read::MultiBzDecoder::new(stream)
        .read_to_end(&mut data)
        .unwrap();
    data
}

/// By the program that a host has; none where there is no such program.
fn stock(program: &str, stream: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new(program)
        .arg("-dc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!ci, "{program} is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(stream));
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{program}: {}", output.status);
    Some(output.stdout)
}

fn encode(level: u32, data: &[u8]) -> Vec<u8> {
    Encoder::new(level).stream(data).unwrap()
}

fn library(level: u32, data: &[u8]) -> usize {
    let mut stream = Vec::new();
    bzip2::read::BzEncoder::new(data, bzip2::Compression::new(level))
        .read_to_end(&mut stream)
        .unwrap();
    stream.len()
}

#[test]
fn nothing_is_a_stream_of_14_bytes() {
    let stream = encode(9, b"");
    assert_eq!(stream[..], *b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0");
    assert_eq!(decode(&stream), b"");
}

#[test]
fn every_shape_decodes() {
    let mut encoder = Encoder::new(9);
    for (name, data) in shapes() {
        let stream = encoder.stream(&data).unwrap();
        assert!(decode(&stream) == data, "{name}");
        assert_eq!(
            stream,
            encode(9, &data),
            "{name}: what was encoded before is forgotten"
        );
    }
}

#[test]
fn every_shape_decodes_by_stock_programs() {
    let (name, data): (Vec<_>, Vec<_>) = shapes().into_iter().unzip();
    let mut encoder = Encoder::new(1);
    let large = [noise(300_000), orders(5000), accounts(5000), vec![0; 30_000_000]];
    // Streams one after another, as a backup is stored.
    let data = [data, large.to_vec()].concat();
    let streams: Vec<Vec<u8>> = data.iter().map(|data| encoder.stream(data).unwrap()).collect();
    for program in ["bzip2", "lbzip2", "pbzip2"] {
        match stock(program, &streams.concat()) {
            Some(back) => assert!(back == data.concat(), "{program}: {name:?}"),
            // Past the harness's capture.
            None => _ = writeln!(std::io::stderr(), "skipped: {program} is not installed"),
        }
    }
}

#[test]
fn random_strings_decode() {
    let mut dice = Dice::new(9);
    let mut encoder = Encoder::new(1);
    for _ in 0..2000 {
        let alphabet = 1 + dice.below(5);
        let times = 1 + dice.below(4);
        let data = dice.string(500, alphabet).repeat(times);
        assert_eq!(decode(&encoder.stream(&data).unwrap()), data);
    }
}

#[test]
fn blocks_are_filled_to_the_limit_and_never_beyond() {
    // Noise without runs: each byte takes one of the block.
    let mut data = noise(1_000_000);
    data.dedup();
    for level in [1, 9] {
        let full = level as usize * 100_000 - 19;
        for (bytes, blocks) in [(full - 1, 1), (full, 1), (full + 1, 2), (full + 19, 2)] {
            let stream = encode(level, &data[..bytes]);
            assert_eq!(count_blocks(&stream), blocks, "{level} {bytes}");
            assert!(decode(&stream) == data[..bytes]);
        }
    }
    // A run that ends at the limit, before it, after it.
    for bytes in 99_970..99_982 {
        for run in [3, 4, 5, 255, 600] {
            let data = [&data[..bytes], &vec![7; run], &data[..50]].concat();
            assert!(decode(&encode(1, &data)) == data, "{bytes} {run}");
        }
    }
}

/// Blocks in a stream: their magic stands at any bit.
pub fn count_blocks(stream: &[u8]) -> usize {
    let mut window = 0u64;
    let mut found = 0;
    for byte in stream {
        for bit in (0..8).rev() {
            window = (window << 1 | u64::from(byte >> bit & 1)) & 0xffff_ffff_ffff;
            found += usize::from(window == BLOCK_MAGIC);
        }
    }
    found
}

#[test]
fn as_small_as_the_library_makes_it() {
    let samples = [
        ("accounts", accounts(15_000)),
        ("orders", orders(10_000)),
        ("noise", noise(900_000)),
        ("zeros", vec![0; 900_000]),
        ("sources", include_str!("../../../Cargo.lock").into()),
        ("short", include_str!("tests.rs").into()),
    ];
    for (name, data) in samples {
        let (ours, theirs) = (encode(9, &data).len(), library(9, &data));
        assert!(ours <= theirs + theirs / 200, "{name}: {ours} and {theirs}");
    }
}

#[test]
fn worst_cases_take_no_longer_than_others() {
    // Not timed: what is quadratic in any of these would not end.
    let fibonacci = {
        let (mut word, mut next) = (b"a".to_vec(), b"ab".to_vec());
        while next.len() < 899_000 {
            let joined = [next.as_slice(), &word].concat();
            word = std::mem::replace(&mut next, joined);
        }
        next.truncate(899_000);
        next
    };
    let once_different = [b"ab".repeat(449_000), b"aa".to_vec()].concat();
    for data in [
        fibonacci,
        once_different,
        b"abc".repeat(299_000),
        vec![0xff; 20_000_000],
    ] {
        assert!(decode(&encode(9, &data)) == data);
    }
}
