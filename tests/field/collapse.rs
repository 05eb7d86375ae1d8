//! A backup that is suddenly a fraction of the ones before it, night after night.

use crate::support::engine::SHELL;
use crate::support::{Container, Lifeboat, Ran, Store, start};

/// Prints as many bytes as the file says.
const DUMP: &str = "head -c \"$(cat /tmp/bytes)\" /dev/urandom";
const SAYS: &str = "less than half";

struct Night {
    store: Store,
    target: Container,
    lifeboat: Lifeboat,
}

impl Night {
    fn with(keep_last: &str) -> Option<Self> {
        let store = start(&[SHELL])?;
        let target = Container::shell();
        let lifeboat = Lifeboat::new(&store, &target.name).custom(DUMP);
        let lifeboat = lifeboat.with("COMPRESSION", "none").with("KEEP_LAST", keep_last);
        Some(Self {
            store,
            target,
            lifeboat,
        })
    }

    fn backup(&self, bytes: &str) -> Ran {
        self.target
            .exec(&["sh", "-c", &format!("echo {bytes} >/tmp/bytes")]);
        self.lifeboat.succeed(&["backup"])
    }

    fn backups(&self) -> Vec<String> {
        self.store.backups("_all")
    }
}

rows! {
    without_a_rule_it_is_said_every_night: said("");
    with_a_rule_it_is_said_every_night: said("2");
    with_a_rule_of_one_it_is_said_every_night: said("1");
}

fn said(keep_last: &str) {
    let Some(night) = Night::with(keep_last) else {
        return;
    };
    for bytes in ["8000", "8100"] {
        assert!(!night.backup(bytes).stderr.contains(SAYS));
    }
    let good = night.backups().pop().unwrap();
    for nights in 1..=4 {
        let ran = night.backup("900");
        assert!(
            ran.stderr.contains(SAYS) && ran.stderr.contains(&good),
            "{nights}: {}",
            ran.stderr
        );
        assert!(night.backups().contains(&good), "{nights}: {:?}", night.backups());
    }
    let newest = night.backups().pop().unwrap();
    let listed = night.lifeboat.succeed(&["list"]).text();
    let row = listed.lines().find(|line| line.contains(&newest)).unwrap();
    assert!(row.contains(SAYS), "{listed}");
    assert_eq!(listed.matches(SAYS).count(), 1, "{listed}");
    let checked = night.lifeboat.succeed(&["check"]).text();
    assert!(
        checked
            .lines()
            .any(|line| line.starts_with("warn") && line.contains(SAYS)),
        "{checked}"
    );
    if keep_last.is_empty() {
        assert_eq!(night.backups().len(), 6);
    } else {
        let kept: usize = keep_last.parse().unwrap();
        assert_eq!(
            night.backups().len(),
            kept + 1,
            "of the others the rules are true"
        );
        night.lifeboat.succeed(&["prune", "--apply"]);
        assert!(!night.backups().contains(&good), "somebody has said so");
        assert!(!night.backup("900").stderr.contains(SAYS));
    }
    // It is over when the size is what it was.
    assert!(!night.backup("8000").stderr.contains(SAYS));
}
