//! A process namespace of its own, with a process 1 that says how everybody ended whom it adopted.
//!
//! What a container adds to a process: when a process of an exec loses its parent, process 1 gets it. Where that is
//! the postmaster, an orphan that ends by a signal, or with a code above 1, restarts the whole server.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by tests that use parts of it"
)]

use super::local::{directory, installed, until};
use super::skip;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Buries its orphans and writes how each of them died: `PID SIGNAL CODE`.
const INIT: &str = r#"
use POSIX qw(:sys_wait_h :signal_h);
$0 = $ARGV[0];
open(my $log, ">>", $ARGV[1]) or die; $log->autoflush(1);
my $set = POSIX::SigSet->new(SIGCHLD); POSIX::sigprocmask(SIG_BLOCK, $set);
$SIG{CHLD} = sub {};
print $log "ready\n";
while (1) {
	while ((my $pid = waitpid(-1, WNOHANG)) > 0) { printf $log "%d %d %d\n", $pid, $? & 127, $? >> 8; }
	POSIX::sigsuspend(POSIX::SigSet->new());
}
"#;

/// The namespace. It and all that is in it end when it is dropped.
pub struct Namespace {
    child: Child,
    init: u32,
    log: PathBuf,
}

impl Namespace {
    /// One whose process 1 has this name; `None` where none may be made, which has been said.
    pub async fn start(name: &str) -> Option<Self> {
        for program in ["unshare", "nsenter", "setsid", "perl"] {
            if installed(program).is_none() {
                skip::for_want_of(program);
                return None;
            }
        }
        let allowed = Command::new("unshare")
            .args(["--pid", "--fork", "--mount-proc", "true"])
            .output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            skip::skip("unshare", "a namespace may not be made here");
            return None;
        }
        let log = directory("namespace").join("log");
        let child = Command::new("unshare")
            .args([
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "perl",
                "-MIO::Handle",
                "-e",
                INIT,
                name,
            ])
            .arg(&log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        until("process 1 is ready", || {
            std::fs::read_to_string(&log).is_ok_and(|text| text.contains("ready"))
        })
        .await;
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let init = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
        Some(Self { child, init, log })
    }

    /// The words that run what follows them in here, with a parent outside, as the engine does.
    pub fn entrance(&self) -> Vec<String> {
        let target = self.init.to_string();
        ["nsenter", "--target", &target, "--pid", "--mount", "--"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Waits until process 1 is alone.
    pub async fn alone(&self, what: &str) {
        let proc = PathBuf::from(format!("/proc/{}/root/proc", self.init));
        assert!(Path::new(&proc).exists());
        until(&format!("{what}: process 1 is alone"), || ids(&proc) == 1).await;
    }

    /// How many it has adopted and buried.
    pub fn adopted(&self) -> usize {
        std::fs::read_to_string(&self.log).unwrap().lines().count() - 1
    }

    /// Those it adopted whose end a postmaster takes for the crash of a server process.
    pub fn crashes(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap();
        let ends = log.lines().skip(1);
        ends.filter(|line| {
            let mut words = line.split(' ').skip(1);
            let (signal, code) = (words.next().unwrap(), words.next().unwrap());
            signal != "0" || !["0", "1"].contains(&code)
        })
        .map(str::to_owned)
        .collect()
    }
}

/// How many processes there are, dead ones that nobody has buried included.
fn ids(proc: &Path) -> usize {
    let names = std::fs::read_dir(proc)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name());
    names
        .filter(|name| name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .count()
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
