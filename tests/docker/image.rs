//! lifeboat's own image, run as the documentation says: read-only, without capabilities, at the engine's socket.

use crate::support::engine::{self, SHELL, docker, unique};
use crate::support::lifeboat::Running;
use crate::support::{Container, LONG, Lifeboat, Postgres, Ran, Store, skip, start, wait_until};
use std::process::Command;

/// The image, when there is one; else that has been said.
fn image() -> Option<String> {
    let Some(image) = std::env::var_os("LIFEBOAT_TEST_IMAGE") else {
        skip::skip(
            "lifeboat",
            "no image: run tests/run, which sets LIFEBOAT_TEST_IMAGE",
        );
        return None;
    };
    let image = image.into_string().unwrap();
    engine::has(&[&image]).then_some(image)
}

fn run(image: &str, lifeboat: &Lifeboat, options: &[&str], args: &[&str]) -> Ran {
    let mut command = Command::new("docker");
    command.args([
        "run",
        "--read-only",
        "--cap-drop",
        "ALL",
        "--network",
        "host",
        "--label",
        "test.lifeboat=1",
    ]);
    command.args(["--volume", "/var/run/docker.sock:/var/run/docker.sock"]);
    for (name, value) in lifeboat.env() {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.args(options).arg(image).args(args);
    Running::of(&mut command).wait(LONG)
}

fn both(images: &[&str]) -> Option<(Store, String)> {
    Some((start(images)?, image()?))
}

#[test]
fn backs_up_and_restores() {
    let Some((store, image)) = both(&["postgres:18"]) else {
        return;
    };
    let server = Postgres::start(18);
    server.sql("postgres", "CREATE DATABASE app");
    server.exec(&["pgbench", "--quiet", "-i", "-U", "postgres", "app"]);
    let sum = server.pgbench_sum("app");
    let lifeboat = Lifeboat::new(&store, &server.name);
    let backup = run(&image, &lifeboat, &["--rm"], &["backup"]);
    assert_eq!(backup.code, 0, "{}", backup.stderr);
    server.sql("postgres", "DROP DATABASE app");
    let verify = run(&image, &lifeboat, &["--rm"], &["verify"]);
    assert_eq!(verify.code, 0, "{}", verify.stderr);
    let restore = run(&image, &lifeboat, &["--rm"], &["restore", "latest"]);
    assert_eq!(restore.code, 0, "{}", restore.stderr);
    assert_eq!(server.pgbench_sum("app"), sum);
}

#[test]
fn finds_the_services_of_its_own_compose_project() {
    let Some((store, image)) = both(&[SHELL]) else {
        return;
    };
    let project = format!("com.docker.compose.project={}", unique("project"));
    let service = "com.docker.compose.service=db";
    let run_service = |project: &str, more: &[&str]| {
        let options = [&["--init", "--label", project, "--label", service][..], more].concat();
        Container::run(SHELL, &options, &["sleep", "3600"])
    };
    let database = run_service(&project, &[]);
    let _of_another = run_service("com.docker.compose.project=another", &[]);
    let _one_off = run_service(&project, &["--label", "com.docker.compose.oneoff=True"]);
    let lifeboat = Lifeboat::new(&store, "db").custom("cat /etc/hostname");
    let in_project = ["--rm", "--label", &project];
    let ran = run(&image, &lifeboat, &in_project, &["backup"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let keys = store.keys();
    assert!(keys.len() == 2 && keys[0].starts_with("db/_all/"), "{keys:?}");
    let dump = run(&image, &lifeboat, &in_project, &["get", "latest"]).text();
    assert_eq!(dump, database.exec(&["cat", "/etc/hostname"]));
    // Nobody's project: no such service.
    run(&image, &lifeboat, &["--rm"], &["backup"]).assert_failed(3, "db");
    // A service that was scaled up is not one target.
    let second = run_service(&project, &[]);
    let ran = run(&image, &lifeboat, &in_project, &["backup"]);
    ran.assert_failed(2, &second.name);
    assert_eq!(store.keys(), keys);
}

#[test]
fn refuses_to_back_up_in_an_endless_loop() {
    let Some((store, image)) = both(&[SHELL]) else {
        return;
    };
    let target = Container::shell();
    let lifeboat = Lifeboat::new(&store, &target.name).custom("echo bytes");
    let name = unique("restarted");
    let ran = run(
        &image,
        &lifeboat,
        &["--detach", "--restart", "always", "--name", &name],
        &[],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let restarted = Container { name };
    let said = || docker(&["logs", &restarted.name]) + &restarted.log();
    wait_until("its word", LONG, || said().contains("SCHEDULE"));
    let code = || docker(&["inspect", "--format", "{{.State.ExitCode}}", &restarted.name]);
    wait_until("exit code 2", LONG, || code().trim() == "2");
    assert_eq!(store.keys(), Vec::<String>::new());
}
