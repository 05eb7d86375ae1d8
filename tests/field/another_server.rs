//! A server of the same name that is not the same: its backups must not push out those of the one before it.

use crate::servers::{Engine, Service};
use crate::support::start;

rows! {
    postgres: replaced(Engine::Postgres);
    mysql: replaced(Engine::Mysql("mysql:9"));
    mariadb: replaced(Engine::Mysql("mariadb:11.8"));
    mariadb_10: replaced(Engine::Mysql("mariadb:10.11"));
    mongodb: replaced(Engine::Mongodb);
}

/// Made anew over its volume, a server is the same, and pruned as always; over an empty one it is another.
fn replaced(engine: Engine) {
    let Some(store) = start(&[&engine.image()]) else {
        return;
    };
    let service = Service::of(engine);
    let lifeboat = service.lifeboat(&store).with("KEEP_LAST", "2");
    let server = service.start();
    server.fill(20);
    lifeboat.succeed(&["backup"]);
    lifeboat.succeed(&["backup"]);
    drop(server);
    let server = service.start();
    lifeboat.succeed(&["backup"]);
    let of_the_first = store.backups("app");
    assert_eq!(of_the_first.len(), 2, "{of_the_first:?}");
    let server = service.start_emptied(server);
    server.fill(20);
    for night in 1..=3 {
        let ran = lifeboat.succeed(&["backup"]);
        let says = "of another database server";
        assert!(
            ran.stderr.contains(says) && ran.stderr.contains("WARN"),
            "{night}: {}",
            ran.stderr
        );
        let there = store.backups("app");
        assert!(
            of_the_first.iter().all(|key| there.contains(key)),
            "{night}: {there:?}"
        );
    }
    // The new one's own are pruned, and the old ones once somebody says so.
    assert_eq!(store.backups("app").len(), 4);
    lifeboat.succeed(&["prune", "--apply"]);
    let left = store.backups("app");
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(!left.iter().any(|key| of_the_first.contains(key)), "{left:?}");
}
