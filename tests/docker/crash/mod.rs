//! The crash matrix: lifeboat killed (SIGKILL) at hundreds of points of a backup, a restore and a prune.
//!
//! It talks to the store and to the engine through fronts that count what passes. A first run tells how much does; then a
//! run is killed at each request to the store before any of it is passed on, when its head has come, and when the store
//! has done it and nobody has heard of that; and at places of what is said to and by the engine. After each, the bucket,
//! the target and the database must be whole, and a new run must succeed.

mod backup;
mod prune;
mod restore;

#[path = "../../support/invariants.rs"]
mod invariants;

use crate::support::bucket::BUCKET;
use crate::support::front::{Request, Script, Verdict};
use crate::support::lifeboat::{Lifeboat, Ran};
use crate::support::s3_server::{ACCESS_KEY, REGION, SECRET_KEY};
use crate::support::{LONG, Store};
use invariants::Invariants;
use lifeboat::config;
use lifeboat::store::s3::S3Store;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// Where a run is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Request number so many has come, and is not passed on.
    Before(usize),
    /// The head of request number so many has come; what else of it is on its way may be passed on.
    Within(usize),
    /// The store has answered request number so many.
    After(usize),
    /// Piece number so many is on its way to the engine.
    Told(usize),
    /// So many bytes have come from the engine.
    Heard(usize),
}

/// Counts what passes, and kills.
#[derive(Clone, Default)]
pub struct Killer(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    point: Option<Point>,
    process: Option<u32>,
    killed: bool,
    requests: usize,
    replies: usize,
    told: usize,
    heard_bytes: usize,
}

/// How much passed in one run.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    pub requests: usize,
    pub told: usize,
    pub heard_bytes: usize,
}

impl Killer {
    /// Counts from zero, and kills at this point: the process that is told next.
    pub fn arm(&self, point: Option<Point>) {
        *self.0.0.lock().unwrap() = State {
            point,
            ..State::default()
        };
    }

    /// The process to kill.
    pub fn aim(&self, process: u32) {
        self.0.0.lock().unwrap().process = Some(process);
        self.0.1.notify_all();
    }

    /// Whether it has killed.
    pub fn has_killed(&self) -> bool {
        self.0.0.lock().unwrap().killed
    }

    /// What passed since it was armed.
    pub fn passed(&self) -> Passed {
        let state = self.0.0.lock().unwrap();
        Passed {
            requests: state.requests,
            told: state.told,
            heard_bytes: state.heard_bytes,
        }
    }

    /// Counts, and kills if this is the point; which it was.
    fn at(&self, is_here: impl FnOnce(&mut State) -> bool) -> Option<Point> {
        let (lock, told) = &*self.0;
        let mut state = lock.lock().unwrap();
        if !is_here(&mut state) {
            return None;
        }
        // What passes first may come before the process is known here.
        let mut state = told.wait_while(state, |state| state.process.is_none()).unwrap();
        let process = state.process.unwrap().to_string();
        let mut kill = std::process::Command::new("kill");
        // It may have ended by itself: the last bytes that it is sent it need not wait for.
        state.killed = kill.args(["-s", "KILL", &process]).status().unwrap().success();
        state.point.take()
    }
}

impl Script for Killer {
    fn request(&self, _: &Request) -> Verdict {
        let killed = self.at(|state| {
            state.requests += 1;
            matches!(state.point, Some(Point::Before(nth) | Point::Within(nth)) if nth == state.requests)
        });
        match killed {
            Some(Point::Before(_)) => Verdict::Reset(0),
            _ => Verdict::Pass,
        }
    }

    fn reply(&self, _: &Request) {
        self.at(|state| {
            state.replies += 1;
            state.point == Some(Point::After(state.replies))
        });
    }
}

/// A front before the engine's socket.
pub struct EngineFront {
    socket: PathBuf,
}

impl EngineFront {
    /// Tells the killer of each piece that passes.
    pub fn start(killer: &Killer) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lifeboat-test-{}-{next}-engine.sock", std::process::id());
        let socket = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let killer = killer.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, engine) = (client.unwrap(), UnixStream::connect(engine()).unwrap());
                for (from, to, tells) in [(&client, &engine, true), (&engine, &client, false)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let killer = killer.clone();
                    std::thread::spawn(move || pass(from, to, tells, &killer));
                }
            }
        });
        Self { socket }
    }

    /// As `DOCKER_HOST` has it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }
}

impl Drop for EngineFront {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn engine() -> PathBuf {
    let host = std::env::var_os("DOCKER_HOST").and_then(|host| host.into_string().ok());
    let path = host.as_deref().and_then(|host| host.strip_prefix("unix://"));
    Path::new(path.unwrap_or("/var/run/docker.sock")).to_owned()
}

fn pass(mut from: UnixStream, mut to: UnixStream, tells: bool, killer: &Killer) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        killer.at(|state| {
            if tells {
                state.told += 1;
                state.point == Some(Point::Told(state.told))
            } else {
                state.heard_bytes += read;
                matches!(state.point, Some(Point::Heard(bytes)) if bytes <= state.heard_bytes)
            }
        });
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    // Who is gone is gone for the other side too.
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// Every point at the store; every piece that the engine is told, up to `most`; and as many of the bytes that are heard,
/// the first ones close together. How many come differs a little from run to run, so the last ones are left out: what is
/// told then, and asked of the store, stands for them.
pub fn points(passed: Passed, most: usize) -> Vec<Point> {
    let mut points = Vec::new();
    for request in 1..=passed.requests {
        points.extend([
            Point::Before(request),
            Point::Within(request),
            Point::After(request),
        ]);
    }
    points.extend((1..=passed.told.min(most)).map(Point::Told));
    let all = passed.heard_bytes * 9 / 10;
    points.extend((1..=most.min(all)).map(|nth| Point::Heard(1 + (all - 1) * nth.pow(2) / most.pow(2))));
    points
}

/// Says a line where the harness does not swallow it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The bucket past the fronts, and what must hold of it.
pub struct Look {
    runtime: tokio::runtime::Runtime,
    store: S3Store,
    invariants: Invariants<S3Store>,
}

impl Look {
    /// At the keys that begin with `prefix`.
    pub fn at(store: &Store, prefix: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let env = [
            ("TARGET", "db"),
            ("S3_BUCKET", BUCKET),
            ("S3_ENDPOINT", &store.server.endpoint),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = config::load(env, &|_| Err(std::io::ErrorKind::NotFound.into()));
        let config = config.unwrap_or_else(|problems| panic!("{problems}")).config;
        let store = runtime.block_on(S3Store::connect(&config.s3)).unwrap();
        Self {
            invariants: Invariants::new(store.clone(), prefix),
            runtime,
            store,
        }
    }

    /// The whole backups, of which there must be so many at least, and nothing else that looks like one.
    pub fn whole(&mut self, at_least: usize, after: &str) -> Vec<String> {
        let seen = self.runtime.block_on(self.invariants.see(at_least));
        assert!(seen.violations.is_empty(), "{after}: {:?}", seen.violations);
        seen.whole
    }

    /// The same while others back up and prune: what is wrong must still be wrong when looked at again.
    pub fn whole_meanwhile(&mut self, at_least: usize, after: &str) -> Vec<String> {
        for _ in 0..4 {
            let seen = self.runtime.block_on(self.invariants.see(at_least));
            if seen.violations.is_empty() {
                return seen.whole;
            }
        }
        self.whole(at_least, after)
    }

    /// After a run that ended well, nothing is left that it should have swept.
    pub fn swept(&self, after: &str) {
        let now = lifeboat::clock::now();
        let unswept = self.runtime.block_on(self.invariants.unswept(now));
        assert!(unswept.is_empty(), "{after}: {unswept:?}");
    }

    /// What there is, to be put back.
    pub fn snapshot(&self) -> Vec<(String, bytes::Bytes)> {
        self.runtime.block_on(invariants::snapshot(&self.store, ""))
    }

    /// Puts it back.
    pub fn put_back(&self, objects: &[(String, bytes::Bytes)]) {
        self.runtime.block_on(invariants::put_back(&self.store, objects));
    }
}

/// One run through the fronts, killed where the killer is told to; whether it was, and what it said.
pub fn run(killer: &Killer, lifeboat: &Lifeboat, args: &[&str], point: Option<Point>) -> (bool, Ran) {
    killer.arm(point);
    let running = lifeboat.spawn(args);
    killer.aim(running.id());
    let ran = running.wait(LONG);
    let killed = ran.code == 137;
    assert!(!killed || killer.has_killed(), "{point:?}: {}", ran.stderr);
    (killed, ran)
}
