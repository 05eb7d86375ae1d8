//! A runtime without containers: an exec is a local process that leads a session, as the engine's are.
//!
//! So the real scripts run under real shells. [`Shell::all`] are those of the images people have; each brings its own
//! programs where they differ (busybox). The namespace beside it adds what a container adds: a process 1 that adopts orphans.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "shared by tests that use parts of it"
)]

use super::skip;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use lifeboat::config::TargetEntry;
use lifeboat::engine::Words;
use lifeboat::runtime::{COMPOSE_PROJECT, Container, Exec, Frame, Runtime, RuntimeError, RuntimeErrorKind};
use lifeboat::secret::Secret;
use std::collections::BTreeMap;
use std::io::Error as IoError;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};

/// A shell that is the `sh` of an image, and the programs beside it.
#[derive(Debug, Clone)]
pub struct Shell {
    /// For messages.
    pub name: &'static str,
    argv: Vec<String>,
    /// First in the PATH: `sh` there is this shell.
    programs: PathBuf,
}

impl Shell {
    /// Every shell under test. One that is not installed is skipped, by name.
    pub fn all() -> Vec<Self> {
        ["dash", "bash", "bash --posix", "busybox ash"]
            .into_iter()
            .filter_map(Self::named)
            .collect()
    }

    /// The first there is.
    pub fn any() -> Self {
        Self::all().into_iter().next().expect("a shell")
    }

    fn named(name: &'static str) -> Option<Self> {
        let mut words = name.split(' ');
        let program = words.next().unwrap();
        let Some(found) = installed(program) else {
            skip::for_want_of(program);
            return None;
        };
        let programs = directory(&name.replace(' ', "-"));
        std::os::unix::fs::symlink(&found, programs.join("sh")).unwrap();
        let mut argv = vec![found.display().to_string()];
        if program == "busybox" {
            // Its `head` reads ahead, and its `sleep` and `cat` are others too.
            let made = Command::new(&found)
                .args(["--install", "-s"])
                .arg(&programs)
                .output();
            assert!(made.unwrap().status.success() || programs.join("head").exists());
        }
        argv.extend(words.map(str::to_owned));
        Some(Self { name, argv, programs })
    }
}

/// Where a program is.
pub fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|place| place.join(program))
        .find(|path| path.is_file())
}

/// A new directory of this test process.
pub fn directory(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("lifeboat-test-{}-{next}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Containers that are this machine.
#[derive(Clone)]
pub struct LocalRuntime {
    shell: Shell,
    /// What the exec's argv is handed to: nothing, or the way into a namespace.
    entrance: Vec<String>,
    leads: bool,
    targets: Vec<Container>,
    origin: Arc<Mutex<String>>,
    started: Arc<Mutex<Vec<u32>>>,
    ended: Arc<Mutex<Vec<ExitStatus>>>,
}

impl LocalRuntime {
    /// Execs run under this shell.
    pub fn new(shell: &Shell) -> Self {
        Self {
            shell: shell.clone(),
            entrance: Vec::new(),
            leads: true,
            targets: vec![container("db")],
            origin: Arc::new(Mutex::new("engine-1".to_owned())),
            started: Arc::default(),
            ended: Arc::default(),
        }
    }

    /// Execs run in that namespace.
    pub fn inside(shell: &Shell, entrance: Vec<String>) -> Self {
        Self {
            entrance,
            ..Self::new(shell)
        }
    }

    /// As under an engine that gives an exec no session of its own.
    #[must_use]
    pub fn leading_no_session(mut self) -> Self {
        self.leads = false;
        self
    }

    /// These are what `find` finds, by their name.
    #[must_use]
    pub fn with_targets(mut self, names: &[&str]) -> Self {
        self.targets = names.iter().map(|name| container(name)).collect();
        self
    }

    /// They belong to this compose project.
    #[must_use]
    pub fn in_project(mut self, name: &str) -> Self {
        for target in &mut self.targets {
            target.labels.insert(COMPOSE_PROJECT.to_owned(), name.to_owned());
        }
        self
    }

    /// What `origin` says from now on.
    pub fn set_origin(&self, origin: &str) {
        origin.clone_into(&mut self.origin.lock().unwrap());
    }

    /// The sessions of the execs so far.
    pub fn sessions(&self) -> Vec<u32> {
        self.started.lock().unwrap().clone()
    }

    /// How the execs ended that have.
    pub fn ended(&self) -> Vec<ExitStatus> {
        self.ended.lock().unwrap().clone()
    }

    /// Waits until no process of any exec is left.
    pub async fn all_gone(&self, what: &str) {
        let sessions = self.sessions();
        until(&format!("{what}: every process is gone"), || {
            self.ended().len() == sessions.len()
                && processes(Path::new("/proc"))
                    .iter()
                    .all(|process| !sessions.contains(&process.session))
        })
        .await;
    }
}

/// A target of that name, which is nothing but a name here.
pub fn container(name: &str) -> Container {
    Container {
        id: format!("{name}-0123456789ab"),
        name: name.to_owned(),
        target: name.to_owned(),
        image: "postgres:18".to_owned(),
        labels: BTreeMap::new(),
        env: BTreeMap::new(),
    }
}

/// `sh -c COMMAND`.
pub fn sh(command: &str) -> Words {
    Words {
        argv: ["sh", "-c", command].map(str::to_owned).to_vec(),
        env: Vec::new(),
    }
}

/// The same with an environment.
pub fn sh_with(command: &str, env: &[(&str, &str)]) -> Words {
    Words {
        env: env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect(),
        ..sh(command)
    }
}

/// A process as /proc shows it.
#[derive(Debug)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its session.
    pub session: u32,
    /// It waits for something.
    pub asleep: bool,
}

/// Those that have not ended.
pub fn processes(proc: &Path) -> Vec<Process> {
    let entries = std::fs::read_dir(proc).unwrap().flatten();
    let stats = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    stats
        .filter_map(|stat| {
            let (pid, rest) = (stat.split(' ').next()?.parse().ok()?, stat.rsplit_once(") ")?.1);
            let mut words = rest.split(' ');
            let state = words.next()?;
            let session = words.nth(2)?.parse().ok()?;
            (state != "Z").then_some(Process {
                pid,
                session,
                asleep: state == "S",
            })
        })
        .collect()
}

/// Waits for a condition, never for ever.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let waited = tokio::time::timeout(Duration::from_mins(2), async {
        while !holds() {
            look.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain for: {what}");
}

impl Runtime for LocalRuntime {
    async fn find(&self, entry: &TargetEntry) -> Vec<Result<Container, RuntimeError>> {
        let found: Vec<_> = self
            .targets
            .iter()
            .filter(|target| target.name == entry.text)
            .cloned()
            .map(Ok)
            .collect();
        if found.is_empty() {
            let what = format!("TARGET {:?} was not found", entry.text);
            return vec![Err(RuntimeError::new(RuntimeErrorKind::NotFound, what))];
        }
        found
    }

    async fn exec(&self, _container: &Container, argv: &[&str]) -> Result<Exec, RuntimeError> {
        let failed = |error: IoError| RuntimeError::new(RuntimeErrorKind::Other, "spawning").because(error);
        assert_eq!(argv[0], "sh");
        let path = format!("{}:/usr/bin:/bin", self.shell.programs.display());
        let mut words = self.entrance.clone();
        words.extend(self.leads.then(|| "setsid".to_owned()));
        words.extend(self.shell.argv.iter().cloned());
        words.extend(argv[1..].iter().map(|word| (*word).to_owned()));
        let mut child = tokio::process::Command::new(&words[0])
            .args(&words[1..])
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        self.started.lock().unwrap().extend(child.id());
        let stdin = child.stdin.take();
        let output = Output {
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
        };
        Ok(Exec {
            input: Box::pin(Input(stdin)),
            output: output.stream(child, Arc::clone(&self.ended)),
        })
    }

    async fn origin(&self) -> Result<String, RuntimeError> {
        Ok(self.origin.lock().unwrap().clone())
    }

    async fn restarts_always(&self) -> Option<bool> {
        None
    }
}

/// A pipe that a shutdown closes, as it half-closes a socket.
struct Input(Option<ChildStdin>);

impl AsyncWrite for Input {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, IoError>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_write(cx, bytes),
            None => Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), IoError>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), IoError>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

struct Output {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl Output {
    /// Frames until both pipes end, or 2 s after the process has: the daemon waits no longer either. When nobody
    /// listens any more it goes on reading, so that no tool hears of it by a broken pipe.
    fn stream(
        mut self,
        mut child: Child,
        ended: Arc<Mutex<Vec<ExitStatus>>>,
    ) -> BoxStream<'static, Result<Frame, RuntimeError>> {
        let (say, said) = tokio::sync::mpsc::channel(1);
        let mut gone = tokio::spawn(async move {
            let status = child.wait().await;
            ended.lock().unwrap().extend(status);
            let over = tokio::time::Instant::now() + Duration::from_secs(2);
            tokio::time::sleep_until(over).await;
        });
        tokio::spawn(async move {
            loop {
                let frame = tokio::select! {
                    biased;
                    frame = self.next() => frame,
                    _ = &mut gone => None,
                };
                let Some(frame) = frame else { return };
                let _ = say.send(Ok(frame)).await;
            }
        });
        unfold(said, |mut said| async move {
            said.recv().await.map(|frame| (frame, said))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Frame> {
        while self.stdout.is_some() || self.stderr.is_some() {
            let (mut out, mut err) = (vec![0; 32 * 1024], vec![0; 32 * 1024]);
            let frame = tokio::select! {
                read = piece(&mut self.stdout, &mut out) => read.map(Frame::Stdout),
                read = piece(&mut self.stderr, &mut err) => read.map(Frame::Stderr),
                else => return None,
            };
            if frame.is_some() {
                return frame;
            }
        }
        None
    }
}

/// What comes next from a pipe; `None`, and the pipe with it, at its end.
async fn piece(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> Option<Bytes> {
    let Some(open) = pipe else {
        return std::future::pending().await;
    };
    match open.read(buffer).await {
        Ok(0) | Err(_) => {
            *pipe = None;
            None
        }
        Ok(read) => Some(Bytes::copy_from_slice(&buffer[..read])),
    }
}
