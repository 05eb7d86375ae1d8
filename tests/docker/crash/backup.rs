//! A backup, and the prune behind it.

use super::{EngineFront, Killer, Look, Point, points, run, say};
use crate::support::engine::SHELL;
use crate::support::front::Front;
use crate::support::{Container, Lifeboat, SECONDS, Store, start, wait_until};
use std::sync::Mutex;

/// Three parts, and a tool that is still there when it is over.
const DUMP: &str = "head -c 11000000 /dev/urandom; echo";
const KEPT: usize = 2;
/// Points at the engine.
const PIECES: usize = 170;
/// Side by side, each with a target of its own.
const LANES: usize = 3;

struct Lane {
    target: Container,
    killer: Killer,
    lifeboat: Lifeboat,
    look: Look,
    _fronts: (Front, EngineFront),
}

impl Lane {
    fn new(store: &Store) -> Self {
        let target = Container::shell();
        let killer = Killer::default();
        let front = Front::before(&store.server.endpoint, killer.clone());
        let engine = EngineFront::start(&killer);
        let lifeboat = Lifeboat::at(&front.endpoint, &target.name)
            .custom(DUMP)
            .with("COMPRESSION", "none")
            .with("S3_PART_SIZE", "5MiB")
            .with("KEEP_LAST", &KEPT.to_string())
            .with("DOCKER_HOST", &engine.host());
        Self {
            look: Look::at(store, &format!("{}/", target.name)),
            target,
            killer,
            lifeboat,
            _fronts: (front, engine),
        }
    }

    /// A run that nobody disturbs: it makes one backup, prunes, and says so.
    fn fresh(&mut self, after: &str) {
        let before = self.look.whole(0, after);
        let (_, ran) = run(&self.killer, &self.lifeboat, &["backup"], None);
        assert_eq!(ran.code, 0, "{after}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("1 backups made, 0 failed"),
            "{after}: {}",
            ran.stderr
        );
        let now = self.look.whole(1, after);
        let new = now.iter().filter(|key| !before.contains(key)).count();
        assert_eq!(
            (new, now.len()),
            (1, KEPT.min(before.len() + 1)),
            "{after}: {now:?}"
        );
        self.look.swept(after);
    }

    fn kill(&mut self, point: Point) -> bool {
        let after = format!("killed {point:?}");
        let before = self.look.whole(KEPT, &after);
        let (killed, ran) = run(&self.killer, &self.lifeboat, &["backup"], Some(point));
        let ours = |line: &str| line.contains("lb_") || line.contains("urandom");
        wait_until("the end of what runs in the target", SECONDS, || {
            !self.target.processes().lines().any(ours)
        });
        let now = self.look.whole(KEPT, &after);
        // It may have been killed after its work was done, and says of nothing that is not so.
        let new = now.iter().filter(|key| !before.contains(key)).count();
        assert!(new <= 1, "{after}: {now:?}");
        if ran.stderr.contains("backed up") {
            assert_eq!(new, 1, "{after}: {}", ran.stderr);
        }
        self.fresh(&after);
        killed
    }
}

#[test]
fn of_a_backup() {
    let Some(store) = start(&[SHELL]) else { return };
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let mut lane = Lane::new(&store);
            for _ in 0..KEPT {
                lane.fresh("before");
            }
            lane
        })
        .collect();
    let (_, ran) = run(&lanes[0].killer, &lanes[0].lifeboat, &["backup"], None);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let passed = lanes[0].killer.passed();
    let points = points(passed, PIECES);
    assert!(points.len() >= 200, "{passed:?}");
    let (todo, done) = (Mutex::new(points), Mutex::new((0, 0)));
    std::thread::scope(|scope| {
        for mut lane in lanes {
            let (todo, done) = (&todo, &done);
            scope.spawn(move || {
                while let Some(point) = { todo.lock().unwrap().pop() } {
                    let killed = lane.kill(point);
                    let mut done = done.lock().unwrap();
                    done.0 += 1;
                    done.1 += usize::from(killed);
                }
            });
        }
    });
    let (points, killed) = *done.lock().unwrap();
    say(&format!(
        "crash matrix: backup ({passed:?}): {points} points, {killed} runs killed there, no violation"
    ));
    // Runs differ in how many pieces pass: few may end before theirs.
    assert!(killed >= 200, "{killed}");
}
