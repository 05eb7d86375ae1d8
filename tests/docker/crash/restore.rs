//! A restore of PostgreSQL over a live database.

use super::{EngineFront, Killer, Look, Point, points, run, say};
use crate::support::front::Front;
use crate::support::{Lifeboat, Postgres, SECONDS, start, wait_until};

/// Points at the engine, of each kind.
const PIECES: usize = 24;

const CONTENT: &str = "SELECT count(*) || ' ' || min(state) || ' ' || max(state) FROM items";
const OLD: &str = "3000 old old";
const NEW: &str = "3000 new new";

#[test]
fn of_a_restore() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    let killer = Killer::default();
    let front = Front::before(&store.server.endpoint, killer.clone());
    let engine = EngineFront::start(&killer);
    let lifeboat = Lifeboat::at(&front.endpoint, &server.name)
        .with("GLOBALS", "false")
        .with("DOCKER_HOST", &engine.host());
    server.sql("postgres", "CREATE DATABASE app");
    server.sql(
        "app",
        "CREATE TABLE items AS SELECT id, 'new'::text AS state, md5(id::text) AS sum FROM generate_series(1, 3000) id;
         CREATE INDEX ON items (sum)",
    );
    lifeboat.succeed(&["backup"]);
    let age = "UPDATE items SET state = 'old'";
    let restore = ["restore", "latest", "--overwrite", "--discard"];
    let mut look = Look::at(&store, "");
    let fresh = |look: &mut Look, after: &str| {
        server.sql("app", age);
        let (_, ran) = run(&killer, &lifeboat, &restore, None);
        assert_eq!(ran.code, 0, "{after}: {}", ran.stderr);
        assert_eq!(server.sql("app", CONTENT), NEW, "{after}");
        // What a killed one has replaced and not yet discarded stays: it is an operator's to drop.
        let (replaced, others): (Vec<_>, Vec<_>) = server
            .databases()
            .into_iter()
            .partition(|name| name.starts_with("lifeboat_replaced_"));
        assert_eq!(others, ["app", "postgres"], "{after}");
        assert!(replaced.len() <= 1, "{after}: {replaced:?}");
        for name in replaced {
            server.sql("postgres", &format!("DROP DATABASE \"{name}\""));
        }
        look.whole(1, after);
    };
    fresh(&mut look, "before");
    let passed = killer.passed();
    let points = points(passed, PIECES);
    let mut killed = 0;
    for point in &points {
        let after = format!("killed {point:?}");
        server.sql("app", age);
        let (hit, ran) = run(&killer, &lifeboat, &restore, Some(*point));
        killed += usize::from(hit);
        let ours = |line: &str| line.contains("lb_") || line.contains("pg_restore");
        wait_until("the end of what runs in the target", SECONDS, || {
            !server.processes().lines().any(ours)
        });
        // The one or the other, and never a mixture; and what was said to be done is.
        let content = server.sql("app", CONTENT);
        assert!([OLD, NEW].contains(&content.as_str()), "{after}: {content}");
        if matches!(point, Point::Before(_) | Point::Within(_)) {
            // Nothing is asked of the store once the new database is in place.
            assert_eq!(content, OLD, "{after}");
        }
        if ran.stderr.contains("restored") {
            assert_eq!(content, NEW, "{after}: {}", ran.stderr);
        }
        fresh(&mut look, &after);
    }
    server.assert_never_restarted();
    say(&format!(
        "crash matrix: restore ({passed:?}): {} points, {killed} runs killed there, no violation",
        points.len()
    ));
    assert!(killed >= 50, "{killed}");
}
