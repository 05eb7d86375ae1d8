//! The program itself, by its environment.

use super::bucket::BUCKET;
use super::s3_server::{ACCESS_KEY, SECRET_KEY};
use super::{LONG, Store};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An environment to run it in.
#[derive(Clone)]
pub struct Lifeboat {
    env: BTreeMap<String, String>,
}

/// How a run of it ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; of one that was killed 128 and the signal.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Lifeboat {
    /// Backs `target` up into the store.
    pub fn new(store: &Store, target: &str) -> Self {
        Self::at(&store.server.endpoint, target)
    }

    /// Through another endpoint.
    pub fn at(endpoint: &str, target: &str) -> Self {
        let env = BTreeMap::new();
        Self { env }
            .with("TARGET", target)
            .with("S3_BUCKET", BUCKET)
            .with("S3_ENDPOINT", endpoint)
            .with("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .with("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    }

    /// With one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a command of the custom engine.
    #[must_use]
    pub fn custom(self, dump_command: &str) -> Self {
        self.with("ENGINE", "custom").with("DUMP_COMMAND", dump_command)
    }

    /// Its variables.
    pub fn env(&self) -> impl Iterator<Item = (&String, &String)> {
        self.env.iter()
    }

    /// Starts it.
    pub fn spawn(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        command.args(args).env_clear().envs(&self.env);
        if let (Some(host), None) = (std::env::var_os("DOCKER_HOST"), self.env.get("DOCKER_HOST")) {
            command.env("DOCKER_HOST", host);
        }
        Running::of(&mut command)
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.spawn(args).wait(LONG)
    }

    /// Runs it; it has to succeed.
    pub fn succeed(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "lifeboat {args:?}: {}", ran.stderr);
        ran
    }

    /// Runs it; it has to fail with this exit code, and to say this.
    pub fn fail(&self, args: &[&str], code: i32, says: &str) -> Ran {
        let ran = self.run(args);
        ran.assert_failed(code, says);
        ran
    }
}

impl Ran {
    /// Asserts the exit code, and words of the error.
    pub fn assert_failed(&self, code: i32, says: &str) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stderr.contains(says), "{says:?} is not in: {}", self.stderr);
    }

    /// What it printed, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// One that runs; killed when dropped.
pub struct Running {
    child: Child,
    stdout: Arc<Said>,
    stderr: Arc<Said>,
}

impl Running {
    /// Starts a command, and takes all it says.
    pub fn of(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = Said::by(child.stdout.take().unwrap());
        let stderr = Said::by(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", signal, &id]).status().unwrap().success());
    }

    /// Waits until it has said something on stderr.
    pub fn wait_for(&self, text: &str) {
        self.stderr.wait(LONG, |said| said.contains(text));
    }

    /// Waits until it has said something on stdout.
    pub fn wait_for_output(&self, text: &str) {
        self.stdout.wait(LONG, |said| said.contains(text));
    }

    /// Waits for its end.
    pub fn wait(mut self, bound: Duration) -> Ran {
        // Its output ends with it.
        self.stderr.wait_for_end(bound);
        self.stdout.wait_for_end(bound);
        let status = self.child.wait().unwrap();
        let signal = || 128 + status.signal().unwrap_or(0);
        Ran {
            code: status.code().unwrap_or_else(signal),
            stdout: std::mem::take(&mut self.stdout.lock().bytes),
            stderr: self.stderr.lock().text(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is said, as it is said.
#[derive(Default)]
struct Said {
    so_far: Mutex<SoFar>,
    more: Condvar,
}

#[derive(Default)]
struct SoFar {
    bytes: Vec<u8>,
    over: bool,
}

impl SoFar {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Said {
    fn by(mut from: impl Read + Send + 'static) -> Arc<Self> {
        let said = Arc::new(Self::default());
        let ours = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut piece = vec![0; 65536];
            loop {
                let read = from.read(&mut piece).unwrap_or(0);
                let mut so_far = ours.lock();
                so_far.bytes.extend_from_slice(&piece[..read]);
                so_far.over = read == 0;
                ours.more.notify_all();
                if so_far.over {
                    return;
                }
            }
        });
        said
    }

    fn lock(&self) -> MutexGuard<'_, SoFar> {
        // Whoever panicked while he looked has changed nothing.
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, bound: Duration, enough: impl Fn(&str) -> bool) {
        let waiting = |so_far: &mut SoFar| !so_far.over && !enough(&so_far.text());
        let (so_far, _) = self.more.wait_timeout_while(self.lock(), bound, waiting).unwrap();
        assert!(enough(&so_far.text()), "within {bound:?} only: {}", so_far.text());
    }

    fn wait_for_end(&self, bound: Duration) {
        let (so_far, _) = self
            .more
            .wait_timeout_while(self.lock(), bound, |so_far| !so_far.over)
            .unwrap();
        assert!(so_far.over, "it did not end within {bound:?}: {}", so_far.text());
    }
}
