//! Several targets: found by a label, configured by their own labels, one beside the other.

use crate::support::engine::SHELL;
use crate::support::{Container, LONG, Lifeboat, Postgres, engine, start};
use lifeboat::config;
use lifeboat::runtime::Runtime;
use lifeboat::runtime::docker::DockerRuntime;

/// A shell container that a test finds by `group`.
fn labelled(group: &str, labels: &[&str]) -> Container {
    let group = format!("test.lifeboat.group={group}");
    let mut options = vec!["--init", "--label", &group];
    options.extend(labels.iter().flat_map(|label| ["--label", label]));
    Container::run(SHELL, &options, &["sleep", "3600"])
}

#[test]
fn a_container_s_own_labels_say_what_to_do() {
    let Some(store) = start(&[SHELL]) else { return };
    let group = engine::unique("group");
    let _first = labelled(
        &group,
        &[
            "lifeboat.name=the first",
            "lifeboat.dump-command=printf '%s:' \"$DB_USER\"; printf '%s' \"$DB_PASSWORD\" | sha256sum",
            "lifeboat.dump-extension=txt",
            "lifeboat.user=somebody",
            "lifeboat.password-file=/etc/hostname",
        ],
    );
    let second = labelled(
        &group,
        &["lifeboat.engine=custom", "lifeboat.dump-command=echo two"],
    );
    let lifeboat = Lifeboat::new(&store, &format!("label:test.lifeboat.group={group}"));
    lifeboat.succeed(&["backup"]);
    let keys = store.keys();
    assert_eq!(keys.len(), 4, "{keys:?}");
    let of = |name: &str| keys.iter().find(|key| key.starts_with(name)).unwrap();
    assert!(of("the%20first/_all/").contains(".txt.bz2"), "{keys:?}");
    assert!(
        of(&format!("{}/_all/", second.name)).contains(".dump.bz2"),
        "{keys:?}"
    );
    // To read several back is no danger; to restore them has to be said.
    let verified = lifeboat.succeed(&["verify"]).stdout;
    assert_eq!(String::from_utf8(verified).unwrap().matches("whole ").count(), 2);
    lifeboat.fail(&["restore", "latest"], 2, "more than one target");
    let listed = lifeboat.succeed(&["get", "latest", "--target", "the first"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.starts_with("somebody:"), "{listed}");
    // Not DB_PASSWORD's hash, and not that of an empty one.
    let other = lifeboat.clone().with("DB_PASSWORD", "another account's");
    other.succeed(&["backup"]);
    let again = other.succeed(&["get", "latest", "--target", "the first"]);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), listed);
    assert!(!listed.contains("e3b0c44298fc1c149afbf4c8996fb924"), "{listed}");
}

#[test]
fn a_wrong_label_is_a_failure_of_its_target_alone() {
    let Some(store) = start(&[SHELL]) else { return };
    let group = engine::unique("group");
    let wrong = labelled(
        &group,
        &["lifeboat.engine=oracle", "lifeboat.dump-command=echo one"],
    );
    let good = labelled(&group, &["lifeboat.dump-command=echo two"]);
    let lifeboat = Lifeboat::new(&store, &format!("label:test.lifeboat.group={group}"));
    let ran = lifeboat.fail(&["backup"], 2, "lifeboat.engine: \"oracle\" is not known");
    assert!(ran.stderr.contains(&wrong.name), "{}", ran.stderr);
    assert_eq!(store.backups("_all").len(), 1);
    assert!(store.backups("_all")[0].starts_with(&good.name));
    let checked = lifeboat.run(&["check"]);
    assert_eq!(checked.code, 2);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(
        said.contains("lifeboat.engine: \"oracle\" is not known"),
        "{said}"
    );
}

#[test]
fn a_labelled_container_that_is_down_is_a_failure_unless_it_may_be() {
    let Some(store) = start(&[SHELL]) else { return };
    let group = engine::unique("group");
    let up = labelled(&group, &["lifeboat.dump-command=echo up"]);
    let optional = labelled(
        &group,
        &["lifeboat.dump-command=echo down", "lifeboat.optional=true"],
    );
    engine::docker(&["kill", &optional.name]);
    let lifeboat = Lifeboat::new(&store, &format!("label:test.lifeboat.group={group}"));
    let ran = lifeboat.succeed(&["backup"]);
    assert!(ran.stderr.contains("lifeboat.optional"), "{}", ran.stderr);
    assert_eq!(store.backups("_all").len(), 1);
    let down = labelled(&group, &["lifeboat.dump-command=echo down"]);
    engine::docker(&["kill", &down.name]);
    lifeboat.fail(&["backup"], 3, &down.name);
    let backups = store.backups("_all");
    assert_eq!(backups.len(), 2);
    assert!(backups.iter().all(|key| key.starts_with(&up.name)), "{backups:?}");
    Lifeboat::new(&store, &format!("label:test.lifeboat.group={group}.none")).fail(
        &["backup"],
        3,
        "no container has this label",
    );
}

#[test]
fn targets_side_by_side() {
    let Some(store) = start(&[SHELL]) else { return };
    let targets = [Container::shell(), Container::shell(), Container::shell()];
    let names: Vec<_> = targets.iter().map(|target| target.name.as_str()).collect();
    // None ends before the test has seen all of them under way.
    let command = "touch /tmp/begun; until [ -e /tmp/go ]; do sleep 0.1; done; echo done";
    let lifeboat = Lifeboat::new(&store, &names.join(","))
        .custom(command)
        .with("TARGET_CONCURRENCY", "3");
    let running = lifeboat.spawn(&["backup"]);
    for target in &targets {
        target.wait_for_file("/tmp/begun");
    }
    for target in &targets {
        target.exec(&["touch", "/tmp/go"]);
    }
    let ran = running.wait(LONG);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert!(ran.stderr.contains("3 backups made, 0 failed"), "{}", ran.stderr);
    assert_eq!(store.backups("_all").len(), 3);
}

#[test]
fn a_server_that_is_only_starting_is_waited_for() {
    let Some(store) = start(&["postgres:17"]) else {
        return;
    };
    let server = Postgres::start(17);
    server.sql("postgres", "CREATE DATABASE app");
    server.sql("app", "CREATE TABLE t AS SELECT 1");
    // The server stays, and nobody finds its socket until it is put back.
    let socket = "/var/run/postgresql/.s.PGSQL.5432";
    server.exec(&["mv", socket, "/tmp/away"]);
    let running = Lifeboat::new(&store, &server.name)
        .with("LOG_LEVEL", "debug")
        .spawn(&["backup"]);
    running.wait_for("the server is starting");
    server.exec(&["mv", "/tmp/away", socket]);
    let ran = running.wait(LONG);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert_eq!(store.backups("app").len(), 1);
}

#[test]
fn what_a_target_is_must_be_plain() {
    let Some(store) = start(&[SHELL, "versity/versitygw"]) else {
        return;
    };
    let bare = Container::shell();
    let lifeboat = Lifeboat::new(&store, &bare.name);
    let ran = lifeboat.fail(&["backup"], 2, "has none of the dump tools lifeboat knows");
    assert!(ran.stderr.contains("DUMP_COMMAND"), "{}", ran.stderr);
    let install = "for tool; do printf '#!/bin/sh\\n' >/usr/bin/$tool; chmod +x /usr/bin/$tool; done";
    let tools = |tools: &[&str]| bare.exec(&[&["sh", "-c", install, "sh"], tools].concat());
    tools(&["psql"]);
    lifeboat.fail(&["backup"], 2, "has psql and not what goes with it");
    tools(&["pg_dump", "pg_restore", "mongodump", "mongorestore"]);
    let ran = lifeboat.fail(&["backup"], 2, "has the tools of postgres and mongodb");
    assert!(ran.stderr.contains("lifeboat.engine"), "{}", ran.stderr);
    // An image that holds one program, and no shell to run anything with.
    let shell_less = Container::run(
        "versity/versitygw",
        &["--env", "ROOT_ACCESS_KEY=x", "--env", "ROOT_SECRET_KEY=y"],
        &["--port", ":7070", "posix", "/tmp"],
    );
    let lifeboat = Lifeboat::new(&store, &shell_less.name);
    lifeboat.fail(&["backup"], 4, "lifeboat needs a POSIX shell there");
    assert!(store.objects().is_empty());
}

/// By its engine an installation knows its own backups. Podman's has another id for everybody who asks.
#[test]
fn an_engine_is_known_again() {
    if !engine::has(&[]) {
        return;
    }
    let host = std::env::var_os("DOCKER_HOST").and_then(|host| host.into_string().ok());
    let env = [("TARGET", "db"), ("S3_BUCKET", "bucket")].into_iter();
    let env = env.chain(host.as_deref().map(|host| ("DOCKER_HOST", host)));
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = config::load(env, &|_| Err(std::io::ErrorKind::NotFound.into()));
    let config = config.unwrap_or_else(|problems| panic!("{problems}")).config;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let origins = runtime.unwrap().block_on(async {
        let engine = DockerRuntime::connect(&config.docker).unwrap();
        [engine.origin().await.unwrap(), engine.origin().await.unwrap()]
    });
    assert!(!origins[0].is_empty());
    assert_eq!(origins[0], origins[1]);
}
