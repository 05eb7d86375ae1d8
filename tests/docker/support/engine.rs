//! Containers, by the `docker` command; gone when dropped.

use super::{LONG, skip, wait_until};
use std::cell::RefCell;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// An image with `dash`, and little else.
pub const SHELL: &str = "lifeboat-test/sh-dash";

thread_local! {
    /// What the test has said it starts.
    static NAMED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Whether there is an engine that has these images; else the test is skipped by name.
pub fn has(images: &[&str]) -> bool {
    if std::env::var_os("LIFEBOAT_TEST_DOCKER").is_none_or(|one| one != "1") {
        skip::skip(
            "docker",
            "no container engine: run tests/run, which sets LIFEBOAT_TEST_DOCKER=1",
        );
        return false;
    }
    NAMED.with_borrow_mut(|named| named.extend(images.iter().map(|&image| image.to_owned())));
    let missing = images.iter().find(|image| !is_there(image));
    missing.inspect(|image| skip::for_want_of(image)).is_none()
}

fn is_there(image: &str) -> bool {
    let mut inspect = Command::new("docker");
    inspect.args(["image", "inspect", image]);
    inspect.output().unwrap().status.success()
}

/// An image that a test starts without naming it would cost the test, where there is none, instead of skipping it.
fn assert_named(image: &str) {
    // A thread that a test has started knows not what the test has named.
    if std::thread::current().name().is_some() {
        let named = NAMED.with_borrow(|named| named.iter().any(|one| one == image));
        assert!(
            named,
            "{image} is started, but not among those that the test has named"
        );
    }
}

/// A name nobody else uses.
pub fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("lifeboat-test-{}-{count}-{what}", std::process::id())
}

/// What `docker` printed; it has to succeed.
pub fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A running container.
pub struct Container {
    pub name: String,
}

impl Container {
    /// Starts one without a network.
    pub fn run(image: &str, options: &[&str], command: &[&str]) -> Self {
        assert_named(image);
        let name = unique("target");
        let mut args = vec![
            "run",
            "--detach",
            "--network",
            "none",
            "--label",
            "test.lifeboat=1",
            "--name",
            &name,
        ];
        args.extend(options);
        args.push(image);
        args.extend(command);
        docker(&args);
        Self { name }
    }

    /// A container that has a shell and waits: the target of a custom command.
    pub fn shell() -> Self {
        Self::run(SHELL, &["--init"], &["sleep", "3600"])
    }

    /// Runs a command in it, with `input` as its stdin.
    pub fn exec_with(&self, argv: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("docker")
            .args(["exec", "--interactive", &self.name])
            .args(argv)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // Who ends early does not read it all; his exit code tells.
                let _ = stdin.write_all(input);
            });
            child.wait_with_output().unwrap()
        })
    }

    /// Runs a command in it; it has to succeed.
    pub fn exec(&self, argv: &[&str]) -> String {
        let output = self.exec_with(argv, b"");
        assert!(
            output.status.success(),
            "{argv:?}: {output:?}; the container ({}): {}",
            self.state(),
            self.log()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether a command in it succeeds.
    pub fn succeeds(&self, argv: &[&str]) -> bool {
        self.exec_with(argv, b"").status.success()
    }

    /// Waits until a file is there, which a command in it makes when it is that far.
    pub fn wait_for_file(&self, path: &str) {
        wait_until(path, LONG, || self.succeeds(&["test", "-e", path]));
    }

    /// The command lines of all its processes, read in the container: Podman's `top` wants a `ps` there.
    pub fn processes(&self) -> String {
        let each = "for one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <\"$one\"; echo; done 2>/dev/null";
        self.exec(&["sh", "-c", each])
    }

    /// Whether it runs, else how it ended.
    fn state(&self) -> String {
        let mut inspect = Command::new("docker");
        inspect.args(["inspect", "--format", "{{json .State}}", &self.name]);
        String::from_utf8_lossy(&inspect.output().unwrap().stdout).into_owned()
    }

    /// What it printed.
    pub fn log(&self) -> String {
        let output = Command::new("docker")
            .args(["logs", &self.name])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", "--volumes", &self.name])
            .output();
    }
}
