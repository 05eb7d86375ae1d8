//! Two compose projects of one compose file, one bucket, no prefix: the same keys, and two installations.

use crate::support::engine::{SHELL, unique};
use crate::support::s3_server::free_port;
use crate::support::{Container, Lifeboat, SECONDS, Store, start};

/// One of the two: its container of the service `db`, and its lifeboat.
struct Project {
    name: String,
    container: Container,
    lifeboat: Lifeboat,
}

impl Project {
    fn new(store: &Store, name: &str) -> Self {
        let name = unique(name);
        let project = format!("com.docker.compose.project={name}");
        let options = [
            "--init",
            "--label",
            &project,
            "--label",
            "com.docker.compose.service=db",
        ];
        let container = Container::run(SHELL, &options, &["sleep", "3600"]);
        let lifeboat = Lifeboat::new(store, "db")
            .custom(&format!("echo of {name}"))
            .with("RESTORE_COMMAND", "cat >/tmp/restored")
            .with("COMPOSE_PROJECT_NAME", &name)
            .with("COMPRESSION", "none");
        Self {
            name,
            container,
            lifeboat,
        }
    }

    /// A backup; its key.
    fn backup(&self, store: &Store) -> String {
        let before = store.backups("_all");
        self.lifeboat.succeed(&["backup"]);
        let mut new = store.backups("_all");
        new.retain(|key| !before.contains(key));
        assert_eq!(new.len(), 1);
        new.remove(0)
    }

    fn starts(&self) -> String {
        let port = format!("127.0.0.1:{}", free_port());
        let lifeboat = self
            .lifeboat
            .clone()
            .with("SCHEDULE", "0 0 1 1 *")
            .with("HEALTH_ADDR", &port);
        let running = lifeboat.spawn(&["run"]);
        running.wait_for("next backup at");
        running.signal("TERM");
        running.wait(SECONDS).stderr
    }
}

fn two() -> Option<(Store, Project, Project)> {
    let store = start(&[SHELL])?;
    let (one, two) = (Project::new(&store, "one"), Project::new(&store, "two"));
    Some((store, one, two))
}

#[test]
fn what_is_due_at_start_is_due_to_each() {
    let Some((store, one, two)) = two() else { return };
    one.backup(&store);
    let said = two.starts();
    assert_eq!(store.backups("_all").len(), 2, "{said}");
    for project in [&one, &two, &two] {
        let said = project.starts();
        assert_eq!(store.backups("_all").len(), 2, "{said}");
    }
}

#[test]
fn latest_and_a_time_are_of_the_own_ones_for_get_and_verify() {
    let Some((store, one, two)) = two() else { return };
    let of_two = two.backup(&store);
    let of_one = one.backup(&store);
    for which in ["latest", "2100-01-01"] {
        let text = two.lifeboat.succeed(&["get", which]).text();
        assert_eq!(text.trim(), format!("of {}", two.name), "{which}");
        let verified = two.lifeboat.succeed(&["verify", which]).text();
        assert!(
            verified.contains(&of_two) && !verified.contains(&of_one),
            "{verified}"
        );
    }
    let verified = two.lifeboat.succeed(&["verify"]).text();
    assert!(
        verified.contains(&of_two) && !verified.contains(&of_one),
        "{verified}"
    );
    // A key is a key.
    let text = two.lifeboat.succeed(&["get", &of_one]).text();
    assert_eq!(text.trim(), format!("of {}", one.name));
    // Nothing is overwritten before somebody has said by what.
    two.lifeboat
        .fail(&["restore", "latest", "--overwrite", "--discard"], 7, &of_two);
    assert!(!two.container.succeeds(&["test", "-e", "/tmp/restored"]));
}

#[test]
fn whoever_has_none_may_have_the_others_and_is_told() {
    let Some((store, one, two)) = two() else { return };
    let of_one = one.backup(&store);
    for args in [
        &["get", "latest"][..],
        &["verify", "latest"],
        &["restore", "latest", "--overwrite", "--discard"],
    ] {
        let ran = two.lifeboat.succeed(args);
        assert!(
            ran.stderr.contains("another installation"),
            "{args:?}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(&one.name), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(
        two.container.exec(&["cat", "/tmp/restored"]).trim(),
        format!("of {}", one.name)
    );
    assert_eq!(store.backups("_all"), [of_one]);
}

#[test]
fn list_marks_them_and_check_says_what_to_do() {
    let Some((store, one, two)) = two() else { return };
    let (of_one, of_two) = (one.backup(&store), two.backup(&store));
    let listed = two.lifeboat.succeed(&["list"]).text();
    let row = |key: &str| listed.lines().find(|line| line.contains(key)).unwrap();
    assert!(
        row(&of_one).contains(&format!("another installation (project {})", one.name)),
        "{listed}"
    );
    assert!(!row(&of_two).contains("installation"), "{listed}");
    let checked = two.lifeboat.succeed(&["check"]).text();
    let says = format!(
        "1 whole backups of another installation (project {}): set S3_PREFIX",
        one.name
    );
    assert!(
        checked
            .lines()
            .any(|line| line.starts_with("warn") && line.contains(&says)),
        "{checked}"
    );
    let alone = two.lifeboat.clone().with("S3_PREFIX", "two");
    alone.succeed(&["backup"]);
    assert!(!alone.succeed(&["check"]).text().contains("installation"));
}

#[test]
fn prune_and_delete_leave_the_others_alone() {
    let Some((store, one, two)) = two() else { return };
    let of_two = [two.backup(&store), two.backup(&store)];
    let of_one = one.backup(&store);
    // Each one's newest is the newest.
    two.lifeboat.fail(&["delete", &of_two[1]], 7, "newest");
    two.lifeboat.fail(&["delete", &of_one], 7, "another installation");
    let keep_one = two.lifeboat.clone().with("KEEP_LAST", "1");
    let shown = keep_one.succeed(&["prune", "--apply"]).text();
    assert!(
        shown.contains(&format!("another installation (project {})", one.name)),
        "{shown}"
    );
    let mut left = vec![of_two[1].clone(), of_one.clone()];
    left.sort();
    assert_eq!(store.backups("_all"), left);
    two.lifeboat.succeed(&["delete", "--force", &of_one]);
    assert_eq!(store.backups("_all"), [of_two[1].clone()]);
}
