//! A store that does not answer while the dump ends: every byte is there all the same.
//!
//! When an exec'd process has ended, the engine waits 2 s for its output to be read, drops the rest, and reports
//! exit code 0 (moby issue 49655). An unprotected `docker exec … | bzip2 | aws s3 cp -` loses the tail whenever the
//! store is silent for that long at the end. To make it happen on demand, the dump ends at the moment when nobody
//! has read its output for 1 s, and the store's reply is kept back until 3.5 s later. One container a run: with
//! many in one the loss is rare.

use crate::support::engine::SHELL;
use crate::support::s3_server::temporary_directory;
use crate::support::{Container, Front, LONG, Lifeboat, Request, Store, front::Script, start};
use ::lifeboat::runtime::wholeness::record::hex;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// One run: where parts end and how the dump is written decide where in all the buffers its end lies.
#[derive(Debug, Clone, Copy)]
struct Case {
    part_bytes: usize,
    /// More than half of a page, so that each write takes a page of the pipe for itself; and less than one by more
    /// than the end record, which then fits behind it although the pipe is full.
    write_bytes: usize,
    concurrency: usize,
    compression: &'static str,
}

fn cases() -> Vec<Case> {
    let around = [0, 1, 4095, 4096, 32767, 32768, 32769, 65535, 65536, 65537];
    let mut cases = Vec::new();
    for (index, more) in around.into_iter().enumerate() {
        let compression = if index % 5 == 4 { "bzip2" } else { "none" };
        let case = Case {
            part_bytes: 5 * MIB + more,
            write_bytes: 4000 - index,
            concurrency: 1,
            compression,
        };
        let write_bytes = 2900 + 100 * index;
        let concurrency = 1 + index % 3;
        cases.extend([
            case,
            Case {
                write_bytes,
                concurrency,
                compression: "none",
                ..case
            },
        ]);
    }
    cases
}

/// What the dump repeats. It can't be compressed, so that compressors fill parts as well.
fn block() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..MIB - 7).map(|_| next()).collect()
}

/// Writes the block again and again, until nobody has read for a second; then says how much was written, and ends.
/// A pipe that `select` calls writable takes a page without blocking.
const DUMP: &str = r#"perl -e '
  open my $file, "<", "/tmp/block" or die; local $/; my $block = <$file>;
  my ($size, $at, $written) = ($ENV{WRITE_BYTES}, 0, 0);
  my $pipe = ""; vec($pipe, fileno(STDOUT), 1) = 1;
  while (select(undef, my $ready = $pipe, undef, 1)) {
    my $done = syswrite(STDOUT, substr($block, $at, $size)) or die;
    $written += $done; $at = ($at + $done) % length $block;
  }
  open my $end, ">", "/shared/written.part" or die; print $end $written; close $end;
  rename "/shared/written.part", "/shared/written"'"#;

/// Keeps the replies to parts back until 3.5 s after the dump's end, as long as the dump goes on.
struct Stalls {
    /// The file that the dump makes at its end.
    written: PathBuf,
    over: AtomicBool,
}

impl Script for Stalls {
    fn reply(&self, request: &Request) {
        if request.part().is_none() || self.over.load(Ordering::SeqCst) {
            return;
        }
        // Not by the engine: while an exec's output is stuck, it may start no other in that container.
        let ended = || {
            let mut test = std::process::Command::new("test");
            test.arg("-e").arg(&self.written).status().unwrap().success()
        };
        crate::support::wait_until("the dump's end", LONG, ended);
        // The store's own silence: nothing is ever sent here.
        let (_sender, silence) = sync_channel::<()>(0);
        let _ = silence.recv_timeout(Duration::from_millis(3500));
        self.over.store(true, Ordering::SeqCst);
    }
}

/// Every byte that the dump wrote is stored, proven and read back; else what is missing.
fn try_one(store: &Store, block: &[u8], case: Case) -> Result<(), String> {
    let shared = temporary_directory("stall");
    let volume = format!("{}:/shared", shared.display());
    let options = ["--init", "--volume", &volume];
    let target = Container::run(SHELL, &options, &["sleep", "3600"]);
    target.exec_with(&["sh", "-c", "cat >/tmp/block"], block);
    let written = shared.join("written");
    let script = Stalls {
        written: written.clone(),
        over: AtomicBool::new(false),
    };
    let front = Front::before(&store.server.endpoint, script);
    let command = format!("export WRITE_BYTES={}; {DUMP}", case.write_bytes);
    let lifeboat = Lifeboat::at(&front.endpoint, &target.name)
        .custom(&command)
        .with("S3_PART_SIZE", &case.part_bytes.to_string())
        .with("S3_CONCURRENCY", &case.concurrency.to_string())
        .with("COMPRESSION", case.compression)
        .with("COMPRESSION_THREADS", "1")
        // Where the tail is lost, nothing comes any more.
        .with("STALL_TIMEOUT", "1m");
    let ran = lifeboat.run(&["backup"]);
    let written = std::fs::read_to_string(&written);
    std::fs::remove_dir_all(&shared).unwrap();
    let written: usize = match written {
        Ok(written) => written.parse().unwrap(),
        Err(_) => return Err(format!("the dump did not come to its end: {}", ran.stderr)),
    };
    if ran.code != 0 {
        return Err(format!("{written} bytes written: {}", ran.stderr));
    }
    let mut hash = Sha256::new();
    for _ in 0..written / block.len() {
        hash.update(block);
    }
    hash.update(&block[..written % block.len()]);
    let hash = hex(&hash.finalize());

    let key = lifeboat.succeed(&["list", "--json"]).text();
    let listed: serde_json::Value = serde_json::from_str(&key).unwrap();
    let manifest = store.manifest(listed[0]["key"].as_str().unwrap());
    let dump = &manifest["dump"];
    if (dump["bytes"].as_u64(), dump["sha256"].as_str()) != (Some(written as u64), Some(&hash)) {
        return Err(format!("{written} bytes written, and called whole: {dump}"));
    }
    let read_back = Lifeboat::new(store, &target.name)
        .succeed(&["get", "latest"])
        .stdout;
    let read_back = hex(&Sha256::digest(&read_back));
    if read_back == hash {
        Ok(())
    } else {
        Err(format!("read back: {read_back}, written: {hash}"))
    }
}

#[test]
fn at_the_end_of_the_dump_loses_nothing() {
    let Some(store) = start(&[SHELL]) else { return };
    let (block, cases) = (block(), cases());
    let next = AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(why) = try_one(&store, &block, *case) {
                        failures.lock().unwrap().push(format!("{case:?}: {why}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}
