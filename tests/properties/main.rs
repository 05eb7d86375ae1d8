//! What must hold for any bytes at all, tried with noise on every test run.
//!
//! Each property is a module with `holds`, which panics where it does not, and `seeds`, from which the noise is made. `fuzz/`
//! gives the same functions to a fuzzer that follows the code's branches. `LIFEBOAT_FUZZ_CASES` tries more here, and
//! `LIFEBOAT_FUZZ_SEEDS` names a folder into which the seeds are written for the fuzzer.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod archive;
mod bzip2;
mod environment;
mod globals;
mod key;
mod labels;
mod manifest;
mod members;
mod noise;
mod record;

use noise::Noise;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Tries `holds` with the seeds and with what becomes of them.
fn holds_for_noise(name: &str, cases: usize, seeds: &[Vec<u8>], holds: fn(&[u8])) {
    write_down(name, seeds);
    let asked = std::env::var_os("LIFEBOAT_FUZZ_CASES");
    let cases = asked.map_or(cases, |asked| asked.to_str().unwrap().parse().unwrap());
    let mut noise = Noise::new(name);
    for case in 0..seeds.len() + cases {
        let data = match seeds.get(case) {
            Some(seed) => seed.clone(),
            None => noise.mutant(seeds),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| holds(&data)));
        assert!(outcome.is_ok(), "{name}, case {case}: {}", data.escape_ascii());
    }
}

fn write_down(name: &str, seeds: &[Vec<u8>]) {
    let Some(folder) = std::env::var_os("LIFEBOAT_FUZZ_SEEDS") else {
        return;
    };
    let folder = std::path::Path::new(&folder).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
    }
}

/// A test of each property, with so many cases that all of them take seconds.
macro_rules! properties {
    ($($name:ident: $cases:literal,)*) => {$(
        #[test]
        fn $name() {
            holds_for_noise(stringify!($name), $cases, &$name::seeds(), $name::holds);
        }
    )*};
}

properties! {
    archive: 3_000,
    bzip2: 200,
    environment: 500,
    globals: 3_000,
    key: 20_000,
    labels: 2_000,
    manifest: 3_000,
    members: 300,
    record: 10_000,
}
