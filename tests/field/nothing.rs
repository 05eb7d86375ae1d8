//! Set-ups in which no database is backed up at all: no failure, and said every time.

use crate::servers::{Engine, Service};
use crate::support::{Lifeboat, start};

rows! {
    postgres: nothing(Engine::Postgres);
    mariadb: nothing(Engine::Mysql("mariadb:11.8"));
    mongodb: nothing(Engine::Mongodb);
}

const SAYS: &str = "no database is backed up";

fn nothing(engine: Engine) {
    let Some(store) = start(&[&engine.image()]) else {
        return;
    };
    let service = Service::of(engine);
    let lifeboat = service.lifeboat(&store);
    let server = service.start();
    is_said(&lifeboat);
    server.fill(1);
    is_said(&lifeboat.clone().with("EXCLUDE_DATABASES", "*"));
    is_said(
        &lifeboat
            .clone()
            .with("DATABASES", "app")
            .with("EXCLUDE_DATABASES", "a*"),
    );
    assert!(store.backups("app").is_empty());
    let ran = lifeboat.succeed(&["backup"]);
    assert!(!ran.stderr.contains(SAYS), "{}", ran.stderr);
    let checked = lifeboat.succeed(&["check"]).text();
    assert!(!checked.contains(SAYS), "{checked}");
}

fn is_said(lifeboat: &Lifeboat) {
    let ran = lifeboat.succeed(&["backup"]);
    let warned = |line: &str| line.contains("WARN") && line.contains(SAYS);
    assert!(ran.stderr.lines().any(warned), "{}", ran.stderr);
    let checked = lifeboat.succeed(&["check"]).text();
    let warned = |line: &str| line.starts_with("warn") && line.contains(SAYS);
    assert!(checked.lines().any(warned), "{checked}");
}
