//! A soak: one lifeboat that backs up and prunes again and again, and others that restore and verify, on a store of whose
//! requests one in twenty fails. Nothing that must hold is ever violated, and the one that stays does not grow.
//!
//! `LIFEBOAT_TEST_SOAK` says for how many seconds; a short while by default.

use crate::crash::{Look, say};
use crate::support::engine::SHELL;
use crate::support::front::{Front, Request, Script, Verdict};
use crate::support::{Container, LONG, Lifeboat, SECONDS, start};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Three parts.
const DUMP: &str = "cat /tmp/data";
const RESTORE: &str = "cat >/tmp/restored";
const KEPT: usize = 3;
/// Rounds that grow what is kept for later: connections, caches, the allocator's own memory.
const WARM: usize = 3;

/// One request in twenty fails, one way or another.
struct Flaky(Mutex<u64>);

impl Script for Flaky {
    fn request(&self, _: &Request) -> Verdict {
        let mut noise = self.0.lock().unwrap();
        *noise ^= *noise << 13;
        *noise ^= *noise >> 7;
        *noise ^= *noise << 17;
        if !noise.is_multiple_of(20) {
            return Verdict::Pass;
        }
        match noise.rotate_left(17) % 4 {
            0 => Verdict::Refuse(503, "SlowDown"),
            1 => Verdict::Refuse(500, "InternalError"),
            2 => Verdict::Reset(1000),
            _ => Verdict::LoseReply,
        }
    }
}

/// Resident memory in KiB, and open files.
fn taken(process: u32) -> (usize, usize) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    let digits: String = resident.chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap(), files)
}

#[test]
fn on_a_store_that_fails_now_and_then() {
    let Some(store) = start(&[SHELL]) else { return };
    let seconds = std::env::var_os("LIFEBOAT_TEST_SOAK").map(|text| text.into_string().unwrap());
    let seconds: u64 = seconds.map_or(20, |text| text.parse().unwrap());
    let target = Container::shell();
    target.exec(&["sh", "-c", "head -c 11000000 /dev/urandom >/tmp/data"]);
    let sum = |file: &str| target.exec(&["sha256sum", file])[..64].to_owned();
    let front = Front::before(&store.server.endpoint, Flaky(Mutex::new(0x2545_f491_4f6c_dd1d)));
    let lifeboat = Lifeboat::at(&front.endpoint, &target.name)
        .custom(DUMP)
        .with("RESTORE_COMMAND", RESTORE)
        .with("COMPRESSION", "none")
        .with("S3_PART_SIZE", "5MiB")
        .with("KEEP_LAST", &KEPT.to_string());
    let mut look = Look::at(&store, "");
    let stays = lifeboat.clone().with("SCHEDULE", "@every 1s").spawn(&["run"]);
    let (began, mut rounds, mut failed) = (Instant::now(), 0, 0);
    let mut warm = None;
    while began.elapsed() < Duration::from_secs(seconds) || rounds <= 2 * WARM {
        rounds += 1;
        let after = format!("round {rounds}");
        // There are as many as may be kept, or one more before the prune, once there were.
        let least = if rounds > WARM { KEPT } else { 0 };
        if look.whole_meanwhile(least, &after).is_empty() {
            stays.wait_for("backed up");
        }
        for args in [
            &["restore", "latest", "--overwrite", "--discard"][..],
            &["verify", "latest"],
        ] {
            let ran = lifeboat.spawn(args).wait(LONG);
            let said = ran.stderr.contains("ERROR");
            assert_eq!(
                ran.code != 0,
                said,
                "{after}: {args:?}: {}: {}",
                ran.code,
                ran.stderr
            );
            // What another one prunes meanwhile is missing, and what it replaces is another object.
            assert!([0, 1, 5].contains(&ran.code), "{after}: {args:?}: {}", ran.stderr);
            failed += usize::from(ran.code != 0);
            if ran.code == 0 && args[0] == "restore" {
                assert_eq!(sum("/tmp/restored"), sum("/tmp/data"), "{after}");
            }
        }
        if rounds == WARM {
            warm = Some(taken(stays.id()));
        }
    }
    let (memory, files) = taken(stays.id());
    stays.signal("TERM");
    let ran = stays.wait(SECONDS);
    assert!([0, 143].contains(&ran.code), "{}", ran.stderr);
    let backups = ran.stderr.matches("backed up").count();
    let (warm_memory, warm_files) = warm.unwrap();
    say(&format!(
        "soak: {rounds} rounds in {} s, {backups} backups, {failed} restores and verifications failed and said so; \
         memory {warm_memory} to {memory} KiB, open files {warm_files} to {files}",
        began.elapsed().as_secs()
    ));
    look.whole(KEPT, "the end");
    assert!(memory < warm_memory + 24 * 1024, "{warm_memory} to {memory} KiB");
    assert!(files <= warm_files + 8, "{warm_files} to {files} files");
}
