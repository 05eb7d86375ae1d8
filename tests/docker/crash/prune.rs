//! `prune --apply`.

use super::{EngineFront, Killer, Look, points, run, say};
use crate::support::engine::SHELL;
use crate::support::front::Front;
use crate::support::{Container, Lifeboat, start};

/// Of which one is kept.
const BACKUPS: usize = 8;

#[test]
fn of_a_prune() {
    let Some(store) = start(&[SHELL]) else { return };
    let target = Container::shell();
    let killer = Killer::default();
    let front = Front::before(&store.server.endpoint, killer.clone());
    // It asks the engine which installation this is.
    let engine = EngineFront::start(&killer);
    let lifeboat = Lifeboat::at(&front.endpoint, &target.name)
        .custom("head -c 100000 /dev/urandom")
        .with("DOCKER_HOST", &engine.host());
    for _ in 0..BACKUPS {
        lifeboat.succeed(&["backup"]);
    }
    let mut look = Look::at(&store, "");
    let all = look.whole(BACKUPS, "before");
    let newest = all.iter().max().unwrap();
    let objects = look.snapshot();
    let lifeboat = lifeboat.with("KEEP_LAST", "1");
    let prune = ["prune", "--apply"];
    let (_, ran) = run(&killer, &lifeboat, &prune, None);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let passed = killer.passed();
    assert_eq!(look.whole(1, "pruned"), std::slice::from_ref(newest));
    let mut killed = 0;
    let points = points(passed, 4);
    for point in &points {
        look.put_back(&objects);
        let after = format!("killed {point:?}");
        let (hit, ran) = run(&killer, &lifeboat, &prune, Some(*point));
        killed += usize::from(hit);
        let now = look.whole(1, &after);
        assert!(now.contains(newest), "{after}: {now:?}");
        // What was said to be deleted is.
        let deleted = ran.stderr.matches("deleted").count();
        assert!(now.len() + deleted <= BACKUPS, "{after}: {now:?}: {}", ran.stderr);
        let (_, ran) = run(&killer, &lifeboat, &prune, None);
        assert_eq!(ran.code, 0, "{after}: {}", ran.stderr);
        assert_eq!(look.whole(1, &after), std::slice::from_ref(newest));
        look.swept(&after);
    }
    say(&format!(
        "crash matrix: prune ({passed:?}): {} points, {killed} runs killed there, no violation",
        points.len()
    ));
    assert!(killed >= 50, "{killed}");
}
