//! What a test can't have: it is skipped by name, and in CI only for what a registry refused.

use std::io::Write as _;

/// The images and programs that no registry has today, as `tests/run` found out; words.
const MISSING: &str = "LIFEBOAT_TEST_MISSING";

/// A file to which each skipped test is written, a line each.
const SKIPPED: &str = "LIFEBOAT_TEST_SKIPPED";

/// Skips the test that runs, for want of `what`: an image or a program. In CI this fails it, unless a registry refused that.
pub fn for_want_of(what: &str) {
    skip(
        what,
        &format!("no {what}: run tests/run, which says where it comes from"),
    );
}

/// The same for something that only its set-up can explain.
pub fn skip(what: &str, why: &str) {
    let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!ci || refused(what), "may not be skipped in CI: {why}");
    let thread = std::thread::current();
    let line = format!("{}: {why}\n", thread.name().unwrap_or("a test"));
    // Past the harness, which keeps what passing tests print to itself.
    let _ = write!(std::io::stderr().lock(), "skipped: {line}");
    if let Some(file) = std::env::var_os(SKIPPED) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        // One write, so that the lines of tests that run at once stay lines.
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// Whether no registry has it.
fn refused(what: &str) -> bool {
    let missing = std::env::var_os(MISSING).unwrap_or_default();
    let missing = missing.to_string_lossy();
    missing.split_whitespace().any(|one| one == what)
}
