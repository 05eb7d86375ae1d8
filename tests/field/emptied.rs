//! A volume is lost, the service comes up empty, and a backup of nothing runs by itself: `latest` is no longer what anybody
//! means who restores.

use crate::servers::{Engine, Service};
use crate::support::start;
use std::process::Command;

rows! {
    postgres: emptied(Engine::Postgres, 300);
    postgres_of_like_size: emptied(Engine::Postgres, 1);
    mariadb: emptied(Engine::Mysql("mariadb:11.8"), 300);
    mysql_of_like_size: emptied(Engine::Mysql("mysql:9"), 1);
    mongodb: emptied(Engine::Mongodb, 300);
}

fn emptied(engine: Engine, rows: usize) {
    let Some(store) = start(&[&engine.image()]) else {
        return;
    };
    let service = Service::of(engine);
    let lifeboat = service.lifeboat(&store);
    let server = service.start();
    server.fill(rows);
    lifeboat.succeed(&["backup"]);
    let [full] = &store.backups("app")[..] else {
        panic!()
    };
    let server = service.start_emptied(server);
    server.fill(0);
    lifeboat.succeed(&["backup"]);
    let [_, empty] = &store.backups("app")[..] else {
        panic!()
    };
    let now = Command::new("date")
        .args(["-u", "+%FT%TZ"])
        .output()
        .unwrap()
        .stdout;
    let now = String::from_utf8(now).unwrap();
    for which in ["latest", now.trim()] {
        for more in [
            &[][..],
            &["--overwrite"],
            &["--overwrite", "--discard"],
            &["--as", "other"],
        ] {
            let args = [&["restore", which, "--database", "app"], more].concat();
            let ran = lifeboat.fail(&args, 7, full);
            assert!(ran.stderr.contains(empty.as_str()), "{}", ran.stderr);
        }
    }
    assert_eq!(server.rows(), "0");
    lifeboat.succeed(&["restore", full, "--overwrite"]);
    assert_eq!(server.rows(), rows.to_string());
}
