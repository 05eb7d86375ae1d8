//! A command of the operator's own with a pipe, of which the first part fails: never a whole backup, whatever the shell.

use crate::support::{Container, Lifeboat, Store, start};

/// What is in the target besides its `sh`.
enum Besides {
    /// Debian 12's `dash`, which knows no `pipefail`, and nothing else.
    Alone,
    /// The same, and bash.
    Bash,
    /// The same, and busybox.
    Busybox,
}

/// Its `dash` knows no `pipefail`; Debian's newest does.
const IMAGE: &str = "mariadb:10.11";
const BUSYBOX: &str = "busybox:latest";

const BROKEN: &str = "(echo part; exit 3) | cat";

fn target(shells: &Besides) -> Container {
    let container = Container::run(IMAGE, &["--init", "--entrypoint", "sleep"], &["3600"]);
    assert!(!container.succeeds(&["sh", "-c", "set -o pipefail"]));
    if !matches!(shells, Besides::Bash) {
        container.exec(&["rm", "/bin/bash"]);
    }
    if matches!(shells, Besides::Busybox) {
        let busybox = docker_cp(BUSYBOX, "/bin/busybox");
        let made = container.exec_with(
            &["sh", "-c", "cat >/bin/busybox && chmod 755 /bin/busybox"],
            &busybox,
        );
        assert!(made.status.success(), "{made:?}");
    }
    container
}

/// A file of an image.
fn docker_cp(image: &str, path: &str) -> Vec<u8> {
    let output = std::process::Command::new("docker")
        .args(["run", "--rm", "--network", "none", image, "cat", path])
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

fn set_up(shells: &Besides) -> Option<(Store, Container)> {
    let store = start(&[IMAGE, BUSYBOX])?;
    Some((store, target(shells)))
}

/// Nothing can see the first part fail: the command is not run.
fn is_refused(command: &str) {
    let Some((store, target)) = set_up(&Besides::Alone) else {
        return;
    };
    let lifeboat = Lifeboat::new(&store, &target.name).custom(command);
    lifeboat.fail(&["backup"], 2, "pipefail");
    let checked = lifeboat.run(&["check"]);
    assert_eq!(checked.code, 2, "{}", checked.text());
    assert!(
        checked.text().contains("DUMP_PIPEFAIL=false"),
        "{}",
        checked.text()
    );
    assert_eq!(store.keys(), Vec::<String>::new());
    lifeboat
        .clone()
        .with("DUMP_PIPEFAIL", "false")
        .succeed(&["backup"]);
    assert_eq!(store.backups("_all").len(), 1);
}

/// Another shell there runs it, and it fails.
fn is_run_by(shells: &Besides, name: &str) {
    let Some((store, target)) = set_up(shells) else {
        return;
    };
    let lifeboat = Lifeboat::new(&store, &target.name).custom(BROKEN);
    lifeboat.fail(&["backup"], 4, "exit code 3");
    assert_eq!(store.keys(), Vec::<String>::new());
    let said = lifeboat.succeed(&["check"]).text();
    assert!(said.contains(&format!("{name} with pipefail")), "{said}");
    lifeboat.custom("echo whole | cat").succeed(&["backup"]);
    assert_eq!(store.backups("_all").len(), 1);
}

/// A restore is refused before anything is done.
fn restore_is_refused() {
    let Some((store, target)) = set_up(&Besides::Alone) else {
        return;
    };
    let lifeboat = Lifeboat::new(&store, &target.name).custom("echo whole");
    lifeboat.succeed(&["backup"]);
    let restores = lifeboat.with("RESTORE_COMMAND", "tee /srv/back | (cat; exit 3) | cat");
    restores.fail(
        &["restore", "latest", "--overwrite"],
        2,
        "RESTORE_COMMAND has a pipe",
    );
    assert!(!target.succeeds(&["test", "-e", "/srv/back"]));
    assert_eq!(
        store.keys().len(),
        2,
        "not even a safety backup: {:?}",
        store.keys()
    );
    let accepted = restores.with("DUMP_PIPEFAIL", "false");
    accepted.succeed(&["restore", "latest", "--overwrite"]);
    assert_eq!(target.exec(&["cat", "/srv/back"]), "whole\n");
}

/// Without a pipe any shell will do, whatever looks like one.
fn is_run_by_any_shell() {
    let Some((store, target)) = set_up(&Besides::Alone) else {
        return;
    };
    let lifeboat = Lifeboat::new(&store, &target.name).custom("echo 'a|b' || echo c # d | e");
    lifeboat.succeed(&["check"]);
    lifeboat.succeed(&["backup"]);
    assert_eq!(store.backups("_all").len(), 1);
}

rows! {
    no_shell_with_pipefail: is_refused(BROKEN);
    no_shell_with_pipefail_for_a_pipe_after_a_comment: is_refused("# don't\n(echo part; exit 3) | cat");
    bash_beside_dash: is_run_by(&Besides::Bash, "bash");
    busybox_beside_dash: is_run_by(&Besides::Busybox, "busybox ash");
    no_shell_with_pipefail_at_a_restore: restore_is_refused();
    no_pipe: is_run_by_any_shell();
}
